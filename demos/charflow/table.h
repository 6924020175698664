/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Rows of words whose columns stand below each other. */
typedef struct _Table Table;

Table *table_new (void);
void table_free (Table *table);
/* One cell for each column, then NULL. Each is escaped. */
void table_add_row (Table      *table,
                    const char *first,
                    ...) G_GNUC_NULL_TERMINATED;
void table_print (Table *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Table, table_free)

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One "key=value" of a spec. */
typedef struct
{
  char *name;
  char *value;
} CharflowSpecItem;

/* The items of a spec in either syntax, in their order. The kind is the value of "backend"; whether
 * it exists and has these options is not looked at. */
GPtrArray *charflow_spec_parse (const char *spec,
                                GError    **error);

/* For the older syntax, which becomes the same items. */
gboolean charflow_spec_parse_into (GPtrArray  *items,
                                   const char *spec,
                                   GError    **error);
void charflow_spec_add_item (GPtrArray  *items,
                             const char *name,
                             const char *value);
/* Takes the text up to a comma, in which two of them are one, and the comma. */
char *charflow_spec_take_value (const char **cursor);
/* Takes "key=value,flag,noflag" to its end. */
void charflow_spec_take_items (GPtrArray  *items,
                               const char *text);

G_END_DECLS

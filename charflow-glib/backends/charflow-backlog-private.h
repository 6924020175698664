/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-enums.h"

G_BEGIN_DECLS

/* Bytes that nobody takes yet, up to so many of them. Of more than that the policy says what becomes. */
typedef struct _CharflowBacklog CharflowBacklog;

/* Memory is taken when it is first needed. */
CharflowBacklog *charflow_backlog_new (gsize                   max_size,
                                       CharflowBackendOverflow overflow);
void charflow_backlog_free (CharflowBacklog *self);

/* Adds bytes behind those that are there. Returns how many the writer is rid of, kept or lost: all of them, but for
 * CHARFLOW_BACKEND_OVERFLOW_BLOCK. */
gsize charflow_backlog_add (CharflowBacklog *self,
                            const guint8    *data,
                            gsize            size);

/* Copies the oldest bytes, at most @size of them, and leaves them; returns how many. */
gsize charflow_backlog_peek (CharflowBacklog *self,
                             guint8          *buffer,
                             gsize            size);
/* Forgets that many of the oldest bytes, which are there. */
void charflow_backlog_skip (CharflowBacklog *self,
                            gsize            size);

gsize charflow_backlog_get_stored (CharflowBacklog *self);
/* How many bytes were thrown away. */
guint64 charflow_backlog_get_lost_bytes (CharflowBacklog *self);
/* Whether a writer is rid of bytes although nobody takes them. */
gboolean charflow_backlog_takes_bytes (CharflowBacklog *self);

/* Forgets all bytes, and how many were lost. */
void charflow_backlog_clear (CharflowBacklog *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowBacklog, charflow_backlog_free)

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* No more output: the peer reads an end, and may still send. */
void charflow_stream_shutdown_output (GIOStream *stream);

/* Takes leave of a peer that broke the rules: sends the last words, if any, and closes once it has read them,
 * or after a short while. A close with unread input would make the kernel throw the words away. */
void charflow_stream_linger (GIOStream *stream,
                             GBytes    *last_words);

/* A deadline for an operation: cancels @deadline when the time is up, or when @cancellable is. */
typedef struct _CharflowDeadline CharflowDeadline;

CharflowDeadline *charflow_deadline_new (guint         timeout_ms,
                                         GCancellable *cancellable);
GCancellable *charflow_deadline_get_cancellable (CharflowDeadline *deadline);
gboolean charflow_deadline_has_passed (CharflowDeadline *deadline);
void charflow_deadline_free (CharflowDeadline *deadline);

/* Reads exactly @size bytes into @buffer, which the caller keeps; fewer are an error. */
void charflow_stream_read_async (GIOStream          *stream,
                                 guint8             *buffer,
                                 gsize               size,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data);

/* Writes all of @bytes. */
void charflow_stream_write_async (GIOStream          *stream,
                                  GBytes             *bytes,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data);

/* Ends either. */
gboolean charflow_stream_finish (GIOStream    *stream,
                                 GAsyncResult *result,
                                 GError      **error);

G_END_DECLS

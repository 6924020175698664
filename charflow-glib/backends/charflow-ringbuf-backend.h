/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_RINGBUF_BACKEND (charflow_ringbuf_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowRingbufBackend, charflow_ringbuf_backend, CHARFLOW, RINGBUF_BACKEND,
                      CharflowBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowRingbufBackend *charflow_ringbuf_backend_new (guint64 size) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_ringbuf_backend_get_size (CharflowRingbufBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_ringbuf_backend_get_stored (CharflowRingbufBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_ringbuf_backend_get_lost_bytes (CharflowRingbufBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_ringbuf_backend_take_bytes (CharflowRingbufBackend *self,
                                             gsize                   max_size);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_ringbuf_backend_peek_bytes (CharflowRingbufBackend *self,
                                             gsize                   max_size);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_ringbuf_backend_feed_bytes (CharflowRingbufBackend *self,
                                              GBytes                 *bytes,
                                              GError                **error);

CHARFLOW_AVAILABLE_IN_ALL
char *charflow_ringbuf_backend_take_base64 (CharflowRingbufBackend *self,
                                            gsize                   max_size);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_ringbuf_backend_feed_base64 (CharflowRingbufBackend *self,
                                               const char             *text,
                                               GError                **error);

G_END_DECLS

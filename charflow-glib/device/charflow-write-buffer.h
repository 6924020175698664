/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-device-types.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_WRITE_BUFFER (charflow_write_buffer_get_type ())

CHARFLOW_AVAILABLE_IN_ALL
GType charflow_write_buffer_get_type (void) G_GNUC_CONST;

CHARFLOW_AVAILABLE_IN_ALL
CharflowWriteBuffer *charflow_write_buffer_ref (CharflowWriteBuffer *buffer);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_write_buffer_unref (CharflowWriteBuffer *buffer);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_write_buffer_append (CharflowWriteBuffer *buffer,
                                       const guint8        *data,
                                       gsize                len,
                                       GError             **error);
CHARFLOW_AVAILABLE_IN_ALL
guint8 *charflow_write_buffer_peek (CharflowWriteBuffer *buffer,
                                    gsize               *room);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_write_buffer_commit (CharflowWriteBuffer *buffer,
                                   gsize                len);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_write_buffer_copy_bytes (CharflowWriteBuffer *buffer);

CHARFLOW_AVAILABLE_IN_ALL
CharflowWriteOrigin charflow_write_buffer_get_origin (CharflowWriteBuffer *buffer);
CHARFLOW_AVAILABLE_IN_ALL
CharflowClient *charflow_write_buffer_get_client (CharflowWriteBuffer *buffer);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_write_buffer_get_token_price (CharflowWriteBuffer *buffer);
CHARFLOW_AVAILABLE_IN_ALL
gsize charflow_write_buffer_get_capacity (CharflowWriteBuffer *buffer);
CHARFLOW_AVAILABLE_IN_ALL
gsize charflow_write_buffer_get_size (CharflowWriteBuffer *buffer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowWriteBuffer, charflow_write_buffer_unref)

G_END_DECLS

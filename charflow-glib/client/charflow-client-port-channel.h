/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-client-channel.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CLIENT_PORT_CHANNEL (charflow_client_port_channel_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowClientPortChannel, charflow_client_port_channel, CHARFLOW, CLIENT_PORT_CHANNEL, CharflowClientChannel)

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_client_port_channel_get_port_name (CharflowClientPortChannel *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_port_channel_get_port_opened (CharflowClientPortChannel *self);
CHARFLOW_AVAILABLE_IN_ALL
GIOStream *charflow_client_port_channel_get_stream (CharflowClientPortChannel *self);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_client_port_channel_write_bytes_async (CharflowClientPortChannel *self,
                                                     GBytes                    *bytes,
                                                     GCancellable              *cancellable,
                                                     GAsyncReadyCallback        callback,
                                                     gpointer                   user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_port_channel_write_bytes_finish (CharflowClientPortChannel *self,
                                                          GAsyncResult              *result,
                                                          GError                   **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_client_port_channel_read_bytes_async (CharflowClientPortChannel *self,
                                                    gsize                      max_size,
                                                    GCancellable              *cancellable,
                                                    GAsyncReadyCallback        callback,
                                                    gpointer                   user_data);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_client_port_channel_read_bytes_finish (CharflowClientPortChannel *self,
                                                        GAsyncResult              *result,
                                                        GError                   **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_client_port_channel_unread_bytes (CharflowClientPortChannel *self,
                                                GBytes                    *bytes);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_port_channel_send_event (CharflowClientPortChannel *self,
                                                  CharflowEvent              event,
                                                  GError                   **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-server-types.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CHANNEL_CLIENT (charflow_channel_client_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowChannelClient, charflow_channel_client, CHARFLOW, CHANNEL_CLIENT, GObject)

CHARFLOW_AVAILABLE_IN_ALL
CharflowServerChannel *charflow_channel_client_get_channel (CharflowChannelClient *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowServerClient *charflow_channel_client_get_session (CharflowChannelClient *self);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_channel_client_get_peer (CharflowChannelClient *self);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_channel_client_has_capability (CharflowChannelClient *self,
                                                 guint                  capability);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_channel_client_get_queued_bytes (CharflowChannelClient *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_channel_client_send_message (CharflowChannelClient *self,
                                           guint                  type,
                                           GBytes                *body);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_channel_client_close (CharflowChannelClient *self);

G_END_DECLS

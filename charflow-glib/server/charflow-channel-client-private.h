/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-channel-client.h"

#include "charflow-connection-private.h"
#include "charflow-link-private.h"

G_BEGIN_DECLS

CharflowChannelClient *charflow_channel_client_new (CharflowServerChannel     *channel,
                                                    CharflowServerClient      *session,
                                                    GIOStream                 *stream,
                                                    const char                *peer,
                                                    const CharflowLinkRequest *request);

/* Registers it with its channel and session, and begins to read. */
void charflow_channel_client_start (CharflowChannelClient *self);

/* What the channel has for this connection. */
gpointer charflow_channel_client_get_companion (CharflowChannelClient *self);
void charflow_channel_client_set_companion (CharflowChannelClient *self,
                                            gpointer               companion);

CharflowConnection *charflow_channel_client_get_connection (CharflowChannelClient *self);

/* Ends it because of what the peer did; the server tells. */
void charflow_channel_client_fail (CharflowChannelClient *self,
                                   const GError          *error);

G_END_DECLS

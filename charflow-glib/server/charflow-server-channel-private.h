/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-channel-client.h"
#include "charflow-channel-private.h"
#include "charflow-server-channel.h"

G_BEGIN_DECLS

/* What a channel of the library itself may do beyond the virtual functions: take bodies in pieces, straight
 * into their place, and follow its output. Any may be NULL. */
typedef struct
{
  gboolean (*takes_pieces) (CharflowServerChannel *self,
                            guint                  type);
  guint8 *(*begin_piece) (CharflowServerChannel *self,
                          CharflowChannelClient *client,
                          gsize                  wanted,
                          gsize                  available,
                          gsize                 *capacity);
  void (*end_piece) (CharflowServerChannel *self,
                     CharflowChannelClient *client,
                     gsize                  filled);
  void (*end_batch) (CharflowServerChannel *self,
                     CharflowChannelClient *client);
  void (*sent) (CharflowServerChannel *self,
                CharflowChannelClient *client);
  gboolean (*hold) (CharflowServerChannel *self,
                    CharflowChannelClient *client);
} CharflowServerChannelHooks;

static inline const CharflowServerChannelHooks *
charflow_server_channel_get_hooks (CharflowServerChannel *self)
{
  return CHARFLOW_SERVER_CHANNEL_GET_CLASS (self)->hooks;
}

/* The server is not owned: it removes the channel when it goes. */
void charflow_server_channel_set_server (CharflowServerChannel *self,
                                         CharflowServer        *server);

/* The connection is made, or has ended. */
void charflow_server_channel_attach (CharflowServerChannel *self,
                                     CharflowChannelClient *client);
void charflow_server_channel_detach (CharflowServerChannel *self,
                                     CharflowChannelClient *client);

G_END_DECLS

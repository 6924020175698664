/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-channel-private.h"
#include "charflow-client-channel.h"
#include "charflow-connection-private.h"

G_BEGIN_DECLS

/* What a channel of the library itself may do beyond the virtual functions. Any may be NULL. */
typedef struct
{
  gboolean (*takes_pieces) (CharflowClientChannel *self,
                            guint                  type);
  guint8 *(*begin_piece) (CharflowClientChannel *self,
                          gsize                  wanted,
                          gsize                 *capacity);
  void (*end_piece) (CharflowClientChannel *self,
                     gsize                  filled);
  void (*closed) (CharflowClientChannel *self,
                  const GError          *error);
  /* Whether the channel is open only once it says so, after the server's first message. */
  gboolean waits_for_init;
} CharflowClientChannelHooks;

/* NULL unless it is open. */
CharflowConnection *charflow_client_channel_get_connection (CharflowClientChannel *self);

/* The server's first message has come: the channel is open. */
void charflow_client_channel_note_init (CharflowClientChannel *self);

/* The session lets go of it. */
void charflow_client_channel_forget_session (CharflowClientChannel *self);

/* Fails the channel, as what the server does wrong. */
void charflow_client_channel_fail (CharflowClientChannel *self,
                                   const GError          *error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-channel.h"
#include "charflow-server-types.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_SERVER_CHANNEL (charflow_server_channel_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CharflowServerChannel, charflow_server_channel, CHARFLOW, SERVER_CHANNEL, CharflowChannel)

/**
 * CharflowServerChannelClass:
 * @parent_class: the parent class
 * @client_attached: a client has linked to the channel; the first messages may be sent to it
 * @client_detached: the connection of a client has ended
 * @message_limit: how many bytes a message of a type may have, 0 for a type that is not known; the default
 *   knows none
 * @handle_message: a client sent a message; %FALSE with an error ends its connection
 *
 * The virtual functions of a channel at the server's end.
 *
 * Since: 1.0
 */
struct _CharflowServerChannelClass
{
  CharflowChannelClass parent_class;

  void (*client_attached) (CharflowServerChannel *self,
                           CharflowChannelClient *client);
  void (*client_detached) (CharflowServerChannel *self,
                           CharflowChannelClient *client);
  guint (*message_limit) (CharflowServerChannel *self,
                          CharflowChannelClient *client,
                          guint                  type);
  gboolean (*handle_message) (CharflowServerChannel *self,
                              CharflowChannelClient *client,
                              guint                  type,
                              GBytes                *body,
                              GError               **error);

  /*< private >*/
  gconstpointer hooks;
  gpointer padding[11];
};

CHARFLOW_AVAILABLE_IN_ALL
CharflowServer *charflow_server_channel_get_server (CharflowServerChannel *self);
CHARFLOW_AVAILABLE_IN_ALL
GListModel *charflow_server_channel_get_clients (CharflowServerChannel *self);

G_END_DECLS

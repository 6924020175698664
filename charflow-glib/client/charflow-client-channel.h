/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-channel.h"
#include "charflow-client-types.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CLIENT_CHANNEL (charflow_client_channel_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CharflowClientChannel, charflow_client_channel, CHARFLOW, CLIENT_CHANNEL, CharflowChannel)

/**
 * CharflowClientChannelClass:
 * @parent_class: the parent class
 * @message_limit: how many bytes a message of a type may have, 0 for a type that is not known, which is passed
 *   over; the default knows none
 * @handle_message: the server sent a message; %FALSE with an error ends the channel
 *
 * The virtual functions of a channel at the client's end.
 *
 * Since: 1.0
 */
struct _CharflowClientChannelClass
{
  CharflowChannelClass parent_class;

  guint (*message_limit) (CharflowClientChannel *self,
                          guint                  type);
  gboolean (*handle_message) (CharflowClientChannel *self,
                              guint                  type,
                              GBytes                *body,
                              GError               **error);

  /*< private >*/
  gconstpointer hooks;
  gpointer padding[13];
};

CHARFLOW_AVAILABLE_IN_ALL
CharflowSession *charflow_client_channel_get_session (CharflowClientChannel *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowClientState charflow_client_channel_get_state (CharflowClientChannel *self);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_client_channel_open_async (CharflowClientChannel *self,
                                         GCancellable          *cancellable,
                                         GAsyncReadyCallback    callback,
                                         gpointer               user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_channel_open_finish (CharflowClientChannel *self,
                                              GAsyncResult          *result,
                                              GError               **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_client_channel_close_async (CharflowClientChannel *self,
                                          GCancellable          *cancellable,
                                          GAsyncReadyCallback    callback,
                                          gpointer               user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_channel_close_finish (CharflowClientChannel *self,
                                               GAsyncResult          *result,
                                               GError               **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_client_channel_close (CharflowClientChannel *self);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_channel_send_message (CharflowClientChannel *self,
                                               guint                  type,
                                               GBytes                *body,
                                               GError               **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-client.h"

G_BEGIN_DECLS

/* The device's side of a client. The device calls these, and the client asks its device for removal
 * through charflow_char_device_request_removal(). */

void charflow_client_bind (CharflowClient     *self,
                           CharflowCharDevice *device,
                           GMainContext       *context);
/* Drops what is queued, and all timers. The caller tells removed() afterwards. */
void charflow_client_unbind (CharflowClient *self);
/* charflow_client_get_device() for the data path, where the type is known. */
CharflowCharDevice *charflow_client_peek_device (CharflowClient *self);
/* Grows with each attachment, so that a buffer of an earlier one returns its token to nobody. */
guint charflow_client_get_attachment (CharflowClient *self);

/* From the device to the client. */
gboolean charflow_client_wants_data (CharflowClient *self);
gboolean charflow_client_paces_device (CharflowClient *self);
void charflow_client_offer (CharflowClient *self,
                            GBytes         *message);
void charflow_client_flush (CharflowClient *self);
void charflow_client_drop_queue (CharflowClient *self);
gboolean charflow_client_grant_send_tokens (CharflowClient *self,
                                            guint           n_tokens);
void charflow_client_replace_send_tokens (CharflowClient *self,
                                          guint           n_tokens);

/* From the client to the device. */
gboolean charflow_client_reserve (CharflowClient *self,
                                  gsize           size,
                                  GError        **error);
/* Gives a reserved message back: its token is owed from now on. */
void charflow_client_unreserve (CharflowClient *self,
                                gsize           size);
/* What is owed, if that is at least @interval; it is the client's from now on. */
guint charflow_client_take_owed (CharflowClient *self,
                                 guint           interval);
/* Whether a write was refused for lack of room, and there is room again; asked once. */
gboolean charflow_client_take_writable (CharflowClient *self);
/* Has writable() called once nothing of the client waits for the device any more. */
void charflow_client_await_drain (CharflowClient *self);

G_END_DECLS

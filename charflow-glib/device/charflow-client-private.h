/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-client.h"

G_BEGIN_DECLS

/* The class itself is in charflow-client.c, its flow control in charflow-client-flow.c. */
typedef struct
{
  gboolean flow_control;
  guint initial_client_tokens;
  guint initial_send_tokens;
  guint max_queue_messages;
  guint64 max_queue_bytes;
  guint64 max_waiting_bytes;
  CharflowOverflow overflow;
  guint stall_time_ms;
  guint wait_time_ms;
  gboolean read_only;
  gboolean wait_for_state;

  CharflowCharDevice *device; /* not owned; NULL while detached */
  GMainContext *context;
  guint attachment;

  guint64 client_tokens;
  guint64 owed_tokens;
  guint64 waiting_bytes;
  guint waiting_messages;
  gboolean write_refused;
  gboolean draining; /* not just room is awaited, but that nothing waits */

  gboolean ready;
  guint64 send_tokens;
  GQueue queue; /* GBytes */
  guint64 queued_bytes;
  guint64 n_unqueued; /* messages that have left the queue, delivered or dropped */
  guint64 missed_bytes;
  gboolean moving; /* the queue is on its way to the client */
  gboolean delivered; /* since the last flush */

  GSource *stall_timer;
  GSource *wait_timer;
  gint64 last_progress;
} CharflowClientPrivate;

CharflowClientPrivate *charflow_client_get_private (CharflowClient *self);

/* Hands over what waits, as far as the client takes it. */
void charflow_client_move_queue (CharflowClient *self);

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
/* The places of the queue's first message, or of the one that is being delivered, and of the next to come: for what
 * has to keep its place among them. */
guint64 charflow_client_get_queue_start (CharflowClient *self);
guint64 charflow_client_get_queue_end (CharflowClient *self);
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-blocked-time-private.h"
#include "charflow-client.h"

G_BEGIN_DECLS

/* What a client means to the reading of its device. */
typedef enum
{
  CHARFLOW_DEMAND_NONE, /* it takes nothing now, and nobody waits for it */
  CHARFLOW_DEMAND_WANTS, /* it takes what comes */
  CHARFLOW_DEMAND_HOLDS, /* the device is to wait for it */
  CHARFLOW_DEMAND_STATE, /* the device is to be still until its saved state was restored */
  CHARFLOW_N_DEMANDS,
} CharflowDemand;

/* What happened since it was attached. */
typedef struct
{
  guint64 delivered_messages;
  guint64 delivered_bytes;
  guint64 written_messages;
  guint64 written_bytes;
  guint64 missed_messages;
  guint64 missed_bytes;
  guint queued_messages_peak;
  guint64 queued_bytes_peak;
  CharflowBlockedTime blocked; /* while something waits for it */
} CharflowClientFigures;

/* The class itself is in charflow-client.c, its flow control in charflow-client-flow.c. */
typedef struct
{
  char *name;
  char *peer;
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
  GSequenceIter *place; /* in the list of its device, and the slot there */
  guint slot;
  CharflowDemand demand;
  gboolean leaving; /* the request is under way, for this reason */
  CharflowRemoveReason leaving_reason;
  gboolean is_awaiting_state;
  CharflowClientFigures figures;

  guint64 client_tokens;
  guint64 owed_tokens;
  GQueue buffers; /* CharflowWriteBuffer: those of it that wait for the device */
  gboolean message_is_cut; /* the device has had the beginning of its message, and not the end */
  guint64 waiting_bytes;
  guint waiting_messages;
  gboolean write_refused;
  gboolean draining; /* not just room is awaited, but that nothing waits */

  gboolean ready;
  guint64 send_tokens;
  GQueue queue; /* CharflowQueuedMessage */
  guint64 queued_bytes;
  guint64 n_unqueued; /* messages that have left the queue, delivered or dropped */
  guint64 missed_bytes; /* that it was not told of yet */
  gboolean skipping; /* until the next message begins */
  gboolean moving; /* the queue is on its way to the client */
  gboolean delivered; /* since the last flush */

  GSource *stall_timer;
  GSource *wait_timer;
  gint64 last_progress;
} CharflowClientPrivate;

/* One delivery, which is a whole message or, where a subclass of the device cuts these, a part of one. */
typedef struct
{
  GBytes *bytes;
  gboolean begins; /* it is no later part */
} CharflowQueuedMessage;

CharflowClientPrivate *charflow_client_get_private (CharflowClient *self);

/* After whatever changed its tokens, its queue or its readiness. */
void charflow_client_update_state (CharflowClient *self);
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
void charflow_client_offer (CharflowClient *self,
                            GBytes         *bytes,
                            gboolean        begins);
void charflow_client_flush (CharflowClient *self);
/* Drops what is queued, and makes what is owed the client's again. Nobody is told. */
void charflow_client_reset (CharflowClient *self);
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
/* Gives what a buffer reserved back: its tokens are owed from now on. */
void charflow_client_unreserve (CharflowClient            *self,
                                const CharflowWriteBuffer *buffer);
void charflow_client_count_written (CharflowClient            *self,
                                    const CharflowWriteBuffer *buffer);
/* What is owed, if that is at least @interval; it is the client's from now on. */
guint charflow_client_take_owed (CharflowClient *self,
                                 guint           interval);
/* Whether a write was refused for lack of room, and there is room again; asked once. */
gboolean charflow_client_take_writable (CharflowClient *self);
/* Has writable() called once nothing of the client waits for the device any more. */
void charflow_client_await_drain (CharflowClient *self);

/* Saved state. */
gboolean charflow_client_is_awaiting_state (CharflowClient *self);
/* It waits no longer. Where it tried to write meanwhile, charflow_client_take_writable() says so. */
void charflow_client_end_wait (CharflowClient *self);
void charflow_client_restore_tokens (CharflowClient *self,
                                     guint64         client_tokens,
                                     guint64         owed_tokens,
                                     guint64         send_tokens);
/* Takes the messages out of a queue of CharflowQueuedMessage. */
void charflow_client_restore_queue (CharflowClient *self,
                                    GQueue         *queue,
                                    guint64         missed_bytes,
                                    gboolean        skipping);
/* One of its buffers waits for the device again; what that cost is among its tokens already. */
void charflow_client_take_restored (CharflowClient            *self,
                                    const CharflowWriteBuffer *buffer);
void charflow_queued_message_free (CharflowQueuedMessage *message);
CharflowQueuedMessage *charflow_queued_message_new (GBytes  *bytes,
                                                    gboolean begins);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-client-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

#include "charflow-char-device-private.h"
#include "charflow-source-private.h"

/* The flow control of a client: its tokens, its queue, and for how long it may keep others waiting. */

/* However small they are: each costs memory besides its bytes. */
#define MAX_WAITING_MESSAGES 1024

static gboolean
queue_is_full (CharflowClientPrivate *priv)
{
  return priv->queue.length >= priv->max_queue_messages || priv->queued_bytes >= priv->max_queue_bytes;
}

CharflowQueuedMessage *
charflow_queued_message_new (GBytes  *bytes,
                             gboolean begins)
{
  CharflowQueuedMessage *message = g_new (CharflowQueuedMessage, 1);

  message->bytes = g_bytes_ref (bytes);
  message->begins = begins;

  return message;
}

void
charflow_queued_message_free (CharflowQueuedMessage *message)
{
  g_bytes_unref (message->bytes);
  g_free (message);
}

/* Takes the first one out, whose bytes are the caller's. */
static GBytes *
pop_bytes (CharflowClientPrivate *priv)
{
  CharflowQueuedMessage *message = g_queue_pop_head (&priv->queue);
  GBytes *bytes = g_bytes_ref (message->bytes);

  priv->queued_bytes -= g_bytes_get_size (bytes);
  charflow_queued_message_free (message);

  return bytes;
}

static void
push_message (CharflowClientPrivate *priv,
              CharflowQueuedMessage *message)
{
  g_queue_push_tail (&priv->queue, message);
  priv->queued_bytes += g_bytes_get_size (message->bytes);
  priv->figures.queued_messages_peak = MAX (priv->figures.queued_messages_peak, priv->queue.length);
  priv->figures.queued_bytes_peak = MAX (priv->figures.queued_bytes_peak, priv->queued_bytes);
}

static gboolean
may_deliver (CharflowClientPrivate *priv)
{
  return priv->ready && !priv->is_awaiting_state && charflow_char_device_is_running (priv->device) &&
         (!priv->flow_control || priv->send_tokens > 0);
}

/* One that waits for tokens is no reason to read. Any other is until its queue is full, ready or not: then its policy, or
 * its stall time, finds out that it takes nothing. */
static CharflowDemand
find_demand (CharflowClientPrivate *priv)
{
  if (priv->is_awaiting_state)
    return CHARFLOW_DEMAND_STATE;
  if (priv->overflow == CHARFLOW_OVERFLOW_PACE && queue_is_full (priv))
    return CHARFLOW_DEMAND_HOLDS;

  return !priv->flow_control || priv->send_tokens > priv->queue.length ? CHARFLOW_DEMAND_WANTS : CHARFLOW_DEMAND_NONE;
}

/* The device counts the demands of its clients, so that it need not ask them all at each message. */
static void
set_demand (CharflowClientPrivate *priv,
            CharflowDemand         demand)
{
  if (priv->demand != demand)
    charflow_char_device_shift_demand (priv->device, priv->demand, demand);
  priv->demand = demand;
}

static GSource *
add_timer (CharflowClient *self,
           guint           delay_ms,
           GSourceFunc     callback)
{
  GSource *timer = g_timeout_source_new (delay_ms);

  g_source_set_callback (timer, callback, self, NULL);
  g_source_attach (timer, charflow_client_get_private (self)->context);

  return timer;
}

/* Milliseconds until @since is @time_ms ago, rounded up; 0 when it is. */
static guint
remaining_ms (gint64 since,
              guint  time_ms)
{
  gint64 end = since + (gint64) time_ms * G_TIME_SPAN_MILLISECOND;
  gint64 now = g_get_monotonic_time ();

  return end <= now ? 0 : (end - now + G_TIME_SPAN_MILLISECOND - 1) / G_TIME_SPAN_MILLISECOND;
}

static gboolean
stall_timer_cb (gpointer user_data)
{
  CharflowClient *self = user_data;
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  guint left = remaining_ms (priv->last_progress, priv->stall_time_ms);

  charflow_clear_source (&priv->stall_timer);
  if (left > 0)
    priv->stall_timer = add_timer (self, left, stall_timer_cb);
  else
    charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_STALLED);

  return G_SOURCE_REMOVE;
}

static gboolean
wait_timer_cb (gpointer user_data)
{
  CharflowClient *self = user_data;
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  charflow_clear_source (&priv->wait_timer);
  charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT);

  return G_SOURCE_REMOVE;
}

/* The stall timer runs while a pacing client's queue is full; it is not moved at each bit of progress, but
 * looks at the last one when it fires. The wait timer runs from the first message that waits for a token. Neither runs
 * while the device is stopped: then it is not the client that takes nothing. */
static void
update_timers (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  gboolean running = charflow_char_device_is_running (priv->device);
  gboolean stalled = running && priv->overflow == CHARFLOW_OVERFLOW_PACE && queue_is_full (priv);
  gboolean starved = running && priv->flow_control && priv->queue.length > 0 && priv->send_tokens == 0;

  if (!stalled)
    {
      charflow_clear_source (&priv->stall_timer);
    }
  else if (priv->stall_timer == NULL)
    {
      priv->last_progress = g_get_monotonic_time ();
      priv->stall_timer = add_timer (self, priv->stall_time_ms, stall_timer_cb);
    }

  if (!starved)
    charflow_clear_source (&priv->wait_timer);
  else if (priv->wait_timer == NULL)
    priv->wait_timer = add_timer (self, priv->wait_time_ms, wait_timer_cb);
}

/* After whatever changed its tokens, its queue or its readiness. */
void
charflow_client_update_state (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  set_demand (priv, find_demand (priv));
  update_timers (self);
  charflow_blocked_time_set (&priv->figures.blocked, priv->queue.length > 0);
}

static void
count_delivery (CharflowClientPrivate *priv,
                GBytes                *bytes)
{
  if (priv->flow_control)
    priv->send_tokens--;
  priv->figures.delivered_messages++;
  priv->figures.delivered_bytes += g_bytes_get_size (bytes);
}

static void
deliver (CharflowClient *self,
         GBytes         *bytes)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  count_delivery (priv, bytes);
  set_demand (priv, find_demand (priv));
  /* Whoever moves the queue flushes it. */
  if (!priv->delivered && !priv->moving)
    charflow_char_device_note_delivered (priv->device, self);
  priv->delivered = TRUE;

  CHARFLOW_CLIENT_GET_CLASS (self)->deliver (self, priv->device, bytes);
}

static void
tell_missed (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  guint64 missed = priv->missed_bytes;

  if (missed == 0)
    return;

  priv->missed_bytes = 0;
  CHARFLOW_CLIENT_GET_CLASS (self)->missed (self, priv->device, missed);
}

/* Hands over what waits, as far as the client takes it. A handler may detach the client, or even attach it
 * elsewhere, so everything is looked at again after each call. */
void
charflow_client_move_queue (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  guint attachment = priv->attachment;
  g_autoptr (CharflowClient) guard = NULL;
  g_autoptr (CharflowCharDevice) device_guard = NULL;

  charflow_client_update_state (self);
  if (priv->moving || priv->queue.length == 0 || !may_deliver (priv))
    return;

  guard = g_object_ref (self);
  device_guard = g_object_ref (priv->device);
  priv->moving = TRUE;
  while (priv->attachment == attachment && may_deliver (priv) && priv->queue.length > 0)
    {
      g_autoptr (GBytes) bytes = NULL;

      if (priv->missed_bytes > 0)
        {
          tell_missed (self);
          continue;
        }

      bytes = pop_bytes (priv);
      priv->last_progress = g_get_monotonic_time ();
      deliver (self, bytes);
      priv->n_unqueued++;
    }
  if (priv->attachment != attachment)
    return;

  priv->moving = FALSE;
  charflow_client_update_state (self);
  charflow_client_flush (self);
}

/* A delivery that is no call. */
static GBytes *
take_message (CharflowClientPrivate *priv)
{
  GBytes *bytes = pop_bytes (priv);

  priv->n_unqueued++;
  count_delivery (priv, bytes);

  return bytes;
}

/**
 * charflow_client_take_messages:
 * @self: a client
 * @max_messages: how many messages at most
 *
 * Takes messages that wait for the client, many at once instead of one by one: for languages in which a call for each is
 * what costs most.
 *
 * A client that is not #CharflowClient:ready has what it is to get in its queue, from where this takes it. Each message
 * costs what a delivery costs, and counts as one. One that is ready again once nothing waits is told by
 * #CharflowClient::deliver that there is more.
 *
 * Returns: (transfer container) (element-type GLib.Bytes): the oldest messages; none when none wait, when it has no send
 *   token, or when its device is stopped
 *
 * Since: 1.0
 */
GPtrArray *
charflow_client_take_messages (CharflowClient *self,
                               guint           max_messages)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (CharflowClient) guard = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), NULL);

  if (priv->device == NULL || !charflow_char_device_is_running (priv->device) || priv->is_awaiting_state)
    return g_steal_pointer (&messages);

  guard = g_object_ref (self);
  tell_missed (self);
  if (priv->device == NULL)
    return g_steal_pointer (&messages);

  while (messages->len < max_messages && priv->queue.length > 0 && (!priv->flow_control || priv->send_tokens > 0))
    g_ptr_array_add (messages, take_message (priv));
  if (messages->len == 0)
    return g_steal_pointer (&messages);

  priv->last_progress = g_get_monotonic_time ();
  charflow_client_update_state (self);
  charflow_char_device_pump_reads (priv->device);

  return g_steal_pointer (&messages);
}

void
charflow_client_bind (CharflowClient     *self,
                      CharflowCharDevice *device,
                      GMainContext       *context)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  g_assert (priv->device == NULL);

  priv->device = device;
  priv->attachment++;
  priv->context = g_main_context_ref (context);
  priv->client_tokens = priv->initial_client_tokens;
  priv->owed_tokens = 0;
  priv->send_tokens = priv->initial_send_tokens;
  priv->waiting_bytes = 0;
  priv->waiting_messages = 0;
  priv->message_is_cut = FALSE;
  priv->write_refused = FALSE;
  priv->draining = FALSE;
  priv->missed_bytes = 0;
  priv->skipping = charflow_char_device_is_in_message (device);
  priv->leaving = FALSE;
  priv->is_awaiting_state = priv->wait_for_state;
  priv->moving = FALSE;
  priv->delivered = FALSE;
  memset (&priv->figures, 0, sizeof priv->figures);
  priv->demand = CHARFLOW_DEMAND_NONE;
  set_demand (priv, find_demand (priv));
  g_object_notify (G_OBJECT (self), "device");
}

static void
clear_queue (CharflowClientPrivate *priv)
{
  g_queue_clear_full (&priv->queue, (GDestroyNotify) charflow_queued_message_free);
  priv->queued_bytes = 0;
}

void
charflow_client_unbind (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  charflow_clear_source (&priv->stall_timer);
  charflow_clear_source (&priv->wait_timer);
  clear_queue (priv);
  charflow_blocked_time_set (&priv->figures.blocked, priv->queue.length > 0);
  set_demand (priv, CHARFLOW_DEMAND_NONE);
  priv->is_awaiting_state = FALSE;
  priv->device = NULL;
  priv->attachment++;
  g_clear_pointer (&priv->context, g_main_context_unref);
  g_object_notify (G_OBJECT (self), "device");
}

guint
charflow_client_get_attachment (CharflowClient *self)
{
  return charflow_client_get_private (self)->attachment;
}

/* Oldest first; and where a message is cut, what is left of it is of no use. */
static void
drop_oldest (CharflowClientPrivate *priv)
{
  while (priv->queue.length > 0 &&
         (queue_is_full (priv) || !((CharflowQueuedMessage *) priv->queue.head->data)->begins))
    {
      g_autoptr (GBytes) oldest = pop_bytes (priv);

      priv->n_unqueued++;
      priv->missed_bytes += g_bytes_get_size (oldest);
      priv->figures.missed_messages++;
      priv->figures.missed_bytes += g_bytes_get_size (oldest);
    }
  if (priv->queue.length == 0)
    priv->skipping = TRUE;
}

/* Whether it is for this client: one that came, or lost something, in the middle of a message waits for the next. */
static gboolean
is_wanted (CharflowClientPrivate *priv,
           GBytes                *bytes,
           gboolean               begins)
{
  if (begins)
    priv->skipping = FALSE;
  if (priv->skipping && priv->missed_bytes > 0)
    {
      priv->missed_bytes += g_bytes_get_size (bytes);
      priv->figures.missed_messages++;
      priv->figures.missed_bytes += g_bytes_get_size (bytes);
    }

  return !priv->skipping;
}

void
charflow_client_offer (CharflowClient *self,
                       GBytes         *bytes,
                       gboolean        begins)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  if (!is_wanted (priv, bytes, begins))
    return;

  if (priv->queue.length == 0 && !priv->moving && may_deliver (priv))
    {
      guint attachment = priv->attachment;

      tell_missed (self);
      if (priv->attachment != attachment)
        return;
      if (priv->queue.length == 0 && may_deliver (priv))
        {
          deliver (self, bytes);
          return;
        }
    }

  if (queue_is_full (priv) && priv->overflow == CHARFLOW_OVERFLOW_REMOVE)
    {
      charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_OVERFLOW);
      return;
    }
  if (queue_is_full (priv) && priv->overflow == CHARFLOW_OVERFLOW_DROP)
    {
      drop_oldest (priv);
      if (!is_wanted (priv, bytes, begins))
        {
          charflow_client_update_state (self);
          return;
        }
    }

  push_message (priv, charflow_queued_message_new (bytes, begins));
  charflow_client_update_state (self);
}

void
charflow_client_flush (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  if (!priv->delivered)
    return;

  priv->delivered = FALSE;
  CHARFLOW_CLIENT_GET_CLASS (self)->flush (self, priv->device);
}

void
charflow_client_reset (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  /* The rest of a message is of no use without what is dropped of it. */
  if (priv->queue.length > 0 && charflow_char_device_is_in_message (priv->device))
    priv->skipping = TRUE;
  priv->n_unqueued += priv->queue.length;
  clear_queue (priv);
  priv->message_is_cut = FALSE;
  /* What was owed is the client's again, unannounced: the agent protocol tells all counts at reconnect. */
  priv->client_tokens += priv->owed_tokens;
  priv->owed_tokens = 0;
  priv->is_awaiting_state = FALSE;
  charflow_client_update_state (self);
}

guint64
charflow_client_get_queue_start (CharflowClient *self)
{
  return charflow_client_get_private (self)->n_unqueued;
}

guint64
charflow_client_get_queue_end (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  return priv->n_unqueued + priv->queue.length;
}

gboolean
charflow_client_grant_send_tokens (CharflowClient *self,
                                   guint           n_tokens)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  if (!g_uint64_checked_add (&priv->send_tokens, priv->send_tokens, n_tokens))
    {
      charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_TOKEN_OVERFLOW);
      return FALSE;
    }

  charflow_client_move_queue (self);
  return TRUE;
}

void
charflow_client_replace_send_tokens (CharflowClient *self,
                                     guint           n_tokens)
{
  charflow_client_get_private (self)->send_tokens = n_tokens;
  charflow_client_move_queue (self);
}

static gboolean
has_no_room (CharflowClientPrivate *priv)
{
  return !priv->flow_control &&
         (priv->waiting_bytes >= priv->max_waiting_bytes || priv->waiting_messages >= MAX_WAITING_MESSAGES);
}

gboolean
charflow_client_reserve (CharflowClient *self,
                         gsize           size,
                         GError        **error)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  if (priv->read_only)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_READ_ONLY,
                           _("The client may only read"));
      return FALSE;
    }
  if (priv->is_awaiting_state)
    {
      priv->write_refused = TRUE;
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("The saved state of the client's device is still to come"));
      return FALSE;
    }
  if (priv->flow_control && priv->client_tokens == 0)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NO_TOKENS,
                           _("The client has no token left to write with"));
      return FALSE;
    }
  if (has_no_room (priv))
    {
      priv->write_refused = TRUE;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                   _("%" PRIu64 " bytes of the client wait for the device already"),
                   priv->waiting_bytes);
      return FALSE;
    }

  if (priv->flow_control)
    priv->client_tokens--;
  priv->waiting_bytes += size;
  priv->waiting_messages++;

  return TRUE;
}

void
charflow_client_unreserve (CharflowClient            *self,
                           const CharflowWriteBuffer *buffer)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  priv->waiting_bytes -= buffer->capacity;
  priv->waiting_messages -= buffer->n_messages;
  priv->owed_tokens += buffer->price;
}

void
charflow_client_count_written (CharflowClient            *self,
                               const CharflowWriteBuffer *buffer)
{
  CharflowClientFigures *figures = &charflow_client_get_private (self)->figures;

  figures->written_messages += buffer->n_messages;
  figures->written_bytes += buffer->size;
}

guint
charflow_client_take_owed (CharflowClient *self,
                           guint           interval)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  guint n_tokens = MIN (priv->owed_tokens, G_MAXUINT);

  if (n_tokens == 0 || n_tokens < interval)
    return 0;

  priv->owed_tokens -= n_tokens;
  priv->client_tokens += n_tokens;

  return n_tokens;
}

gboolean
charflow_client_take_writable (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  /* Told only at half of the bounds, so that a writer is not woken for each small message. */
  if (!priv->write_refused || priv->is_awaiting_state ||
      priv->waiting_bytes > (priv->draining ? 0 : priv->max_waiting_bytes / 2) ||
      priv->waiting_messages > (priv->draining ? 0 : MAX_WAITING_MESSAGES / 2))
    return FALSE;

  priv->write_refused = FALSE;
  return TRUE;
}

void
charflow_client_await_drain (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  priv->write_refused = TRUE;
  priv->draining = TRUE;
}

CharflowCharDevice *
charflow_client_peek_device (CharflowClient *self)
{
  return charflow_client_get_private (self)->device;
}

gboolean
charflow_client_is_awaiting_state (CharflowClient *self)
{
  return charflow_client_get_private (self)->is_awaiting_state;
}

void
charflow_client_end_wait (CharflowClient *self)
{
  charflow_client_get_private (self)->is_awaiting_state = FALSE;
  charflow_client_update_state (self);
}

void
charflow_client_restore_tokens (CharflowClient *self,
                                guint64         client_tokens,
                                guint64         owed_tokens,
                                guint64         send_tokens)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  priv->client_tokens = client_tokens;
  priv->owed_tokens = owed_tokens;
  priv->send_tokens = send_tokens;
}

void
charflow_client_restore_queue (CharflowClient *self,
                               GQueue         *queue,
                               guint64         missed_bytes,
                               gboolean        skipping)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  CharflowQueuedMessage *message;

  priv->missed_bytes = missed_bytes;
  priv->skipping = skipping;
  while ((message = g_queue_pop_head (queue)) != NULL)
    push_message (priv, message);
}

void
charflow_client_take_restored (CharflowClient            *self,
                               const CharflowWriteBuffer *buffer)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  priv->waiting_bytes += buffer->capacity;
  priv->waiting_messages += buffer->n_messages;
}

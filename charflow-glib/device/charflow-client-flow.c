/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-client-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

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

static gboolean
may_deliver (CharflowClientPrivate *priv)
{
  return priv->ready && (!priv->flow_control || priv->send_tokens > 0);
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
 * looks at the last one when it fires. The wait timer runs from the first message that waits for a token. */
static void
update_timers (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  gboolean stalled = priv->overflow == CHARFLOW_OVERFLOW_PACE && queue_is_full (priv);
  gboolean starved = priv->flow_control && priv->queue.length > 0 && priv->send_tokens == 0;

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

static void
deliver (CharflowClient *self,
         GBytes         *message)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  if (priv->flow_control)
    priv->send_tokens--;
  priv->delivered = TRUE;

  CHARFLOW_CLIENT_GET_CLASS (self)->deliver (self, priv->device, message);
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

  if (priv->moving || priv->queue.length == 0 || !may_deliver (priv))
    return;

  guard = g_object_ref (self);
  device_guard = g_object_ref (priv->device);
  priv->moving = TRUE;
  while (priv->attachment == attachment && may_deliver (priv) && priv->queue.length > 0)
    {
      g_autoptr (GBytes) message = NULL;

      if (priv->missed_bytes > 0)
        {
          tell_missed (self);
          continue;
        }

      message = g_queue_pop_head (&priv->queue);
      priv->queued_bytes -= g_bytes_get_size (message);
      priv->last_progress = g_get_monotonic_time ();
      deliver (self, message);
      priv->n_unqueued++;
    }
  if (priv->attachment != attachment)
    return;

  priv->moving = FALSE;
  update_timers (self);
  charflow_client_flush (self);
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
  priv->write_refused = FALSE;
  priv->draining = FALSE;
  priv->missed_bytes = 0;
  priv->moving = FALSE;
  priv->delivered = FALSE;
  g_object_notify (G_OBJECT (self), "device");
}

void
charflow_client_unbind (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  charflow_clear_source (&priv->stall_timer);
  charflow_clear_source (&priv->wait_timer);
  g_queue_clear_full (&priv->queue, (GDestroyNotify) g_bytes_unref);
  priv->queued_bytes = 0;
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

/* Whether the device may be read for the sake of this client. One that waits for tokens is no reason to
 * read; one that paces is a reason until its queue is full, so that it is found out when it stalls. */
gboolean
charflow_client_wants_data (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  if (priv->flow_control)
    return priv->ready && priv->send_tokens > priv->queue.length;
  if (priv->overflow == CHARFLOW_OVERFLOW_PACE)
    return !queue_is_full (priv);

  return priv->ready;
}

gboolean
charflow_client_paces_device (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  return priv->overflow == CHARFLOW_OVERFLOW_PACE && queue_is_full (priv);
}

static void
drop_oldest (CharflowClientPrivate *priv)
{
  while (priv->queue.length > 0 && queue_is_full (priv))
    {
      g_autoptr (GBytes) oldest = g_queue_pop_head (&priv->queue);

      priv->queued_bytes -= g_bytes_get_size (oldest);
      priv->n_unqueued++;
      priv->missed_bytes += g_bytes_get_size (oldest);
    }
}

void
charflow_client_offer (CharflowClient *self,
                       GBytes         *message)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  if (priv->queue.length == 0 && !priv->moving && may_deliver (priv))
    {
      guint attachment = priv->attachment;

      tell_missed (self);
      if (priv->attachment != attachment)
        return;
      if (priv->queue.length == 0 && may_deliver (priv))
        {
          deliver (self, message);
          return;
        }
    }

  if (queue_is_full (priv) && priv->overflow == CHARFLOW_OVERFLOW_REMOVE)
    {
      charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_OVERFLOW);
      return;
    }
  if (priv->overflow == CHARFLOW_OVERFLOW_DROP)
    drop_oldest (priv);

  g_queue_push_tail (&priv->queue, g_bytes_ref (message));
  priv->queued_bytes += g_bytes_get_size (message);
  update_timers (self);
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
charflow_client_drop_queue (CharflowClient *self)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  priv->n_unqueued += priv->queue.length;
  g_queue_clear_full (&priv->queue, (GDestroyNotify) g_bytes_unref);
  priv->queued_bytes = 0;
  /* What was owed is the client's again, unannounced: the agent protocol tells all counts at reconnect. */
  priv->client_tokens += priv->owed_tokens;
  priv->owed_tokens = 0;
  update_timers (self);
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

  /* It is not without tokens now, whether it is ready or not. */
  update_timers (self);
  charflow_client_move_queue (self);
  return TRUE;
}

void
charflow_client_replace_send_tokens (CharflowClient *self,
                                     guint           n_tokens)
{
  charflow_client_get_private (self)->send_tokens = n_tokens;
  update_timers (self);
  charflow_client_move_queue (self);
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
  if (priv->flow_control && priv->client_tokens == 0)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NO_TOKENS,
                           _("The client has no token left to write with"));
      return FALSE;
    }
  if (!priv->flow_control &&
      (priv->waiting_bytes >= priv->max_waiting_bytes || priv->waiting_messages >= MAX_WAITING_MESSAGES))
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
charflow_client_unreserve (CharflowClient *self,
                           gsize           size)
{
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  priv->waiting_bytes -= size;
  priv->waiting_messages--;
  if (priv->flow_control)
    priv->owed_tokens++;
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
  if (!priv->write_refused ||
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

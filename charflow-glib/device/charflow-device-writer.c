/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-source-private.h"

/* How buffers come to be, and are written to the device. */

/* So many messages are written before other sources of the main context get their turn. */
#define MAX_MESSAGES_PER_TURN 16
/* The largest message that may be written; more is no message but a stream, and is to be cut. */
#define MAX_WRITE_SIZE (16 * 1024 * 1024)

void
charflow_char_device_repay_client (CharflowCharDevice *self,
                                   CharflowClient     *client)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowClient) guard = g_object_ref (client);
  guint n_tokens = charflow_client_take_owed (client, priv->tokens_interval);

  if (n_tokens > 0)
    {
      CHARFLOW_CLIENT_GET_CLASS (client)->tokens (client, self, n_tokens);
      if (g_signal_has_handler_pending (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_TOKENS_SENT], 0, TRUE))
        g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_TOKENS_SENT], 0, client, n_tokens);
    }
  if (charflow_char_device_has_client (self, client) && charflow_client_take_writable (client))
    CHARFLOW_CLIENT_GET_CLASS (client)->writable (client, self);
}

/* What a buffer cost goes back to where it came from, without telling anybody. */
gboolean
charflow_char_device_settle_silently (CharflowCharDevice  *self,
                                      CharflowWriteBuffer *buffer)
{
  CharflowClient *client = charflow_write_buffer_get_client (buffer);

  if (!charflow_write_buffer_settle (buffer, self))
    return FALSE;

  if (client != NULL)
    charflow_client_unreserve (client, buffer);
  else if (charflow_write_buffer_get_origin (buffer) == CHARFLOW_WRITE_ORIGIN_SERVER)
    charflow_char_device_get_private (self)->self_tokens += buffer->price;

  return TRUE;
}

void
charflow_char_device_settle_write_buffer (CharflowCharDevice  *self,
                                          CharflowWriteBuffer *buffer)
{
  g_autoptr (CharflowCharDevice) guard = g_object_ref (self);

  if (!charflow_char_device_settle_silently (self, buffer))
    return;

  if (charflow_write_buffer_get_client (buffer) != NULL)
    charflow_char_device_repay_client (self, charflow_write_buffer_get_client (buffer));
  else if (charflow_write_buffer_get_origin (buffer) == CHARFLOW_WRITE_ORIGIN_SERVER)
    g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_SELF_TOKEN_FREED], 0);
}

static void
count_consumed (CharflowCharDevice  *self,
                CharflowWriteBuffer *buffer)
{
  charflow_char_device_get_private (self)->figures.written_messages += buffer->n_messages;
  if (charflow_write_buffer_is_valid (buffer, self) && buffer->client != NULL)
    charflow_client_count_written (buffer->client, buffer);
}

/* A back end may take what is written although its other side is not there, or has told that it sends nothing more. */
static gboolean
is_writable (CharflowCharDevicePrivate *priv)
{
  return priv->backend != NULL && charflow_backend_takes_output (priv->backend);
}

static gboolean
may_write (CharflowCharDevicePrivate *priv)
{
  return priv->running && !priv->writes_end && !charflow_char_device_is_awaiting_state (priv) && is_writable (priv);
}

static void write_turn (CharflowCharDevice *self);

static gboolean
out_source_cb (gpointer user_data)
{
  g_autoptr (CharflowCharDevice) self = g_object_ref (user_data);
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  GSource *source = priv->out_source;

  /* A handler runs the main context from within a turn, which looks for room again at its end. */
  if (priv->writing)
    {
      charflow_clear_source (&priv->out_source);
      return G_SOURCE_REMOVE;
    }

  write_turn (self);
  return priv->out_source == source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* While something is queued one source stays, since the main context is woken for each that comes or goes. */
static void
update_out_source (CharflowCharDevice *self,
                   gboolean            has_room)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  gboolean is_wanted = priv->write_queue.buffers.length > 0 && may_write (priv);

  if (is_wanted && priv->out_source != NULL && !g_source_is_destroyed (priv->out_source) &&
      (has_room || !priv->out_source_is_idle))
    return;

  charflow_clear_source (&priv->out_source);
  if (!is_wanted)
    return;

  priv->out_source_is_idle = has_room;
  priv->out_source = has_room ? g_idle_source_new () : charflow_backend_create_source (priv->backend, G_IO_OUT);
  if (priv->out_source == NULL)
    return;

  g_source_set_priority (priv->out_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (priv->out_source, out_source_cb, self, NULL);
  g_source_attach (priv->out_source, priv->context);
}

/* A disk that is full fails for each message; it is told once, until something can be written again. */
static void
tell_lost_message (CharflowCharDevice *self,
                   const GError       *error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (priv->write_failure != NULL && g_error_matches (error, priv->write_failure->domain, priv->write_failure->code))
    {
      g_debug ("Another message is lost: %s", error->message);
      return;
    }

  g_clear_error (&priv->write_failure);
  priv->write_failure = g_error_copy (error);
  charflow_char_device_tell_error (self, error);
}

/* A peer that has gone leaves what is queued to the next one, whose coming is told. A back end that fails while it stays open
 * loses the message that it failed on, and no more. */
static void
take_failed_write (CharflowCharDevice *self,
                   guint               peer,
                   const GError       *error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  /* The one that failed may have gone meanwhile, and with it what its failure means to the queue. */
  if (priv->peer != peer)
    {
      charflow_char_device_tell_error (self, error);
      return;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    {
      priv->writes_end = TRUE;
      charflow_char_device_tell_error (self, error);
      return;
    }

  if (is_writable (priv))
    {
      g_autoptr (CharflowWriteBuffer) buffer = charflow_write_queue_pop (&priv->write_queue);

      if (buffer != NULL)
        charflow_char_device_settle_write_buffer (self, buffer);
    }
  tell_lost_message (self, error);
}

static CharflowWriteStatus
write_first (CharflowCharDevice   *self,
             CharflowWriteBuffer **consumed,
             GError              **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowBackend) backend = g_object_ref (priv->backend);
  gsize progress = 0;
  CharflowWriteStatus status = charflow_write_queue_write (&priv->write_queue, backend, &progress, consumed, error);

  if (progress > 0)
    {
      priv->active = TRUE;
      g_clear_error (&priv->write_failure);
    }
  priv->figures.written_bytes += progress;
  if (status == CHARFLOW_WRITE_STATUS_CONSUMED)
    count_consumed (self, *consumed);

  return status;
}

static gboolean
waits_for_room (CharflowCharDevice *self)
{
  update_out_source (self, FALSE);
  return charflow_char_device_get_private (self)->out_source != NULL;
}

/* So much as other sources of the main context may wait for. */
static void
write_turn (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = g_object_ref (self);
  CharflowWriteStatus status = CHARFLOW_WRITE_STATUS_EMPTY;
  gboolean is_blocked;
  guint n = 0;

  priv->writing = TRUE;
  while (n < MAX_MESSAGES_PER_TURN && may_write (priv))
    {
      g_autoptr (CharflowWriteBuffer) consumed = NULL;
      g_autoptr (GError) error = NULL;
      guint peer = priv->peer;

      status = write_first (self, &consumed, &error);
      /* A back end that took a part, and never says when it has room, is asked until it takes nothing. */
      if (status == CHARFLOW_WRITE_STATUS_PARTIAL && !waits_for_room (self))
        continue;
      if (status == CHARFLOW_WRITE_STATUS_CONSUMED)
        charflow_char_device_settle_write_buffer (self, consumed);
      else if (status == CHARFLOW_WRITE_STATUS_FAILED)
        take_failed_write (self, peer, error);
      else
        break;
      n++;
    }
  priv->writing = FALSE;

  is_blocked = status == CHARFLOW_WRITE_STATUS_BLOCKED || status == CHARFLOW_WRITE_STATUS_PARTIAL;
  charflow_blocked_time_set (&priv->write_blocked, is_blocked && may_write (priv));
  if (priv->write_queue.held.length > 0)
    charflow_char_device_update_speaker (self);
  update_out_source (self, n == MAX_MESSAGES_PER_TURN);
}

void
charflow_char_device_pump_writes (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  /* What is queued behind what waits has to wait as well. */
  if (!priv->writing && (priv->out_source == NULL || priv->write_queue.buffers.length == 0))
    write_turn (self);
}

GPtrArray *
charflow_char_device_take_writes (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  GPtrArray *buffers = g_ptr_array_new_with_free_func ((GDestroyNotify) charflow_write_buffer_unref);
  CharflowWriteBuffer *buffer;

  charflow_clear_source (&priv->out_source);
  while ((buffer = charflow_write_queue_pop (&priv->write_queue)) != NULL)
    g_ptr_array_add (buffers, buffer);
  priv->write_queue.speaker = NULL;
  charflow_char_device_update_speaker (self);

  return buffers;
}

void
charflow_char_device_drop_writes (CharflowCharDevice *self)
{
  g_autoptr (CharflowCharDevice) guard = g_object_ref (self);
  g_autoptr (GPtrArray) dropped = charflow_char_device_take_writes (self);

  for (guint i = 0; i < dropped->len; i++)
    charflow_char_device_settle_write_buffer (self, g_ptr_array_index (dropped, i));
}

static gboolean
check_size (gsize    size,
            GError **error)
{
  if (size <= MAX_WRITE_SIZE)
    return TRUE;

  g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_TOO_BIG,
               _("A message of %zu bytes is too big: at most %d can be written"),
               size, MAX_WRITE_SIZE);
  return FALSE;
}

static CharflowWriteBuffer *
new_buffer (CharflowCharDevice *self,
            CharflowClient     *client,
            CharflowWriteOrigin origin,
            gsize               size,
            GBytes             *bytes,
            GError            **error)
{
  CharflowWriteBuffer *buffer = charflow_write_buffer_new (self, client, origin, size, bytes);

  if (buffer == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 _("No memory for a message of %zu bytes"), size);

  return buffer;
}

static CharflowWriteBuffer *
take_client_buffer (CharflowCharDevice *self,
                    CharflowClient     *client,
                    gsize               size,
                    GBytes             *bytes,
                    GError            **error)
{
  g_autoptr (GError) refusal = NULL;
  CharflowWriteBuffer *buffer;

  if (!charflow_char_device_check_attached (self, client, error))
    return NULL;

  /* Made first, so that nothing is spent when there is no memory. */
  buffer = new_buffer (self, client, CHARFLOW_WRITE_ORIGIN_CLIENT, size, bytes, error);
  if (buffer == NULL || charflow_client_reserve (client, size, &refusal))
    return buffer;

  charflow_write_buffer_orphan (buffer);
  charflow_write_buffer_unref (buffer);
  if (g_error_matches (refusal, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NO_TOKENS))
    charflow_char_device_request_removal (self, client, CHARFLOW_REMOVE_REASON_NO_TOKENS);
  g_propagate_error (error, g_steal_pointer (&refusal));

  return NULL;
}

static CharflowWriteBuffer *
take_server_buffer (CharflowCharDevice *self,
                    gboolean            take_token,
                    gsize               size,
                    GBytes             *bytes,
                    GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  CharflowWriteBuffer *buffer;

  if (!charflow_char_device_check_alive (self, error))
    return NULL;
  if (!take_token)
    return new_buffer (self, NULL, CHARFLOW_WRITE_ORIGIN_SERVER_NO_TOKEN, size, bytes, error);

  if (priv->self_tokens == 0)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NO_TOKENS,
                           _("The device has no self token left to write with"));
      return NULL;
    }

  buffer = new_buffer (self, NULL, CHARFLOW_WRITE_ORIGIN_SERVER, size, bytes, error);
  if (buffer != NULL)
    priv->self_tokens--;

  return buffer;
}

/**
 * charflow_char_device_get_write_buffer:
 * @self: a device
 * @client: (nullable): the client that writes, or %NULL for the program itself, which pays a self token
 * @size: how many bytes it is to have room for
 * @error: return location for a #GError
 *
 * Gets a buffer for one message to the device; it costs one token.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_NO_TOKENS, which removes a client that ought to have known;
 * %CHARFLOW_DEVICE_ERROR_NOT_ATTACHED, %CHARFLOW_DEVICE_ERROR_READ_ONLY, %CHARFLOW_DEVICE_ERROR_TOO_BIG (at
 * most 16 MiB), %G_IO_ERROR_WOULD_BLOCK when a client without flow control has
 * #CharflowClient:max-waiting-bytes on the way or one waits for its saved state, or, for the program itself,
 * %CHARFLOW_DEVICE_ERROR_FAILED while the device is being destroyed.
 *
 * Returns: (transfer full): a buffer
 *
 * Since: 1.0
 */
CharflowWriteBuffer *
charflow_char_device_get_write_buffer (CharflowCharDevice *self,
                                       CharflowClient     *client,
                                       gsize               size,
                                       GError            **error)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);
  g_return_val_if_fail (client == NULL || CHARFLOW_IS_CLIENT (client), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_size (size, error))
    return NULL;
  if (client == NULL)
    return take_server_buffer (self, TRUE, size, NULL, error);

  return take_client_buffer (self, client, size, NULL, error);
}

/**
 * charflow_char_device_get_server_write_buffer:
 * @self: a device
 * @size: how many bytes it is to have room for
 * @take_token: whether to pay a self token
 * @error: return location for a #GError
 *
 * Gets a buffer for one message of the program itself.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_NO_TOKENS when a self token is to be paid and none is left, and with
 * %CHARFLOW_DEVICE_ERROR_TOO_BIG.
 *
 * Returns: (transfer full): a buffer
 *
 * Since: 1.0
 */
CharflowWriteBuffer *
charflow_char_device_get_server_write_buffer (CharflowCharDevice *self,
                                              gsize               size,
                                              gboolean            take_token,
                                              GError            **error)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_size (size, error))
    return NULL;

  return take_server_buffer (self, take_token, size, NULL, error);
}

static gboolean
speaker_timer_cb (gpointer user_data)
{
  g_autoptr (CharflowCharDevice) self = g_object_ref (user_data);
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  CharflowClient *speaker = charflow_write_queue_get_blocker (&priv->write_queue);

  charflow_clear_source (&priv->speaker_timer);
  if (speaker != NULL)
    charflow_char_device_request_removal (self, speaker, CHARFLOW_REMOVE_REASON_STALLED);
  charflow_char_device_update_speaker (self);

  return G_SOURCE_REMOVE;
}

/* Who has begun a message, and does not go on, may keep the others waiting only so long. */
void
charflow_char_device_update_speaker (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  CharflowClient *speaker = charflow_write_queue_get_blocker (&priv->write_queue);

  /* As long as something of its message waits for the device, it is the device that is slow. */
  if (speaker == NULL || priv->disposed || charflow_client_get_private (speaker)->buffers.length > 0)
    {
      charflow_clear_source (&priv->speaker_timer);
      return;
    }
  if (priv->speaker_timer != NULL)
    return;

  priv->speaker_timer = g_timeout_source_new (charflow_client_get_private (speaker)->stall_time_ms);
  g_source_set_callback (priv->speaker_timer, speaker_timer_cb, self, NULL);
  g_source_attach (priv->speaker_timer, priv->context);
}

gboolean
charflow_char_device_frames_messages (CharflowCharDevice *self)
{
  CharflowCharDeviceClass *base = g_type_class_peek (CHARFLOW_TYPE_CHAR_DEVICE);

  return CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->frame_message != base->frame_message;
}

/* FALSE when there is nothing to be written of it, or an error. A part that nothing is written of has its place all the
 * same, since it may be the one that ends the message. */
static gboolean
frame_buffer (CharflowCharDevice  *self,
              CharflowWriteBuffer *buffer,
              GError             **error)
{
  CharflowWriteQueue *queue = &charflow_char_device_get_private (self)->write_queue;
  g_autoptr (GBytes) message = NULL;
  GBytes *framed;

  if (!charflow_char_device_frames_messages (self))
    return TRUE;

  message = charflow_write_buffer_copy_bytes (buffer);
  framed = CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->frame_message (self, buffer->client, message, &buffer->continues, error);
  if (framed == NULL && *error == NULL && charflow_write_queue_is_in_message (queue, buffer->client))
    framed = g_bytes_new (NULL, 0);
  if (framed != NULL)
    charflow_write_buffer_set_framed (buffer, framed);

  return framed != NULL;
}

/* Takes the buffer over. A message that is not one removes its client. */
static gboolean
enqueue_buffer (CharflowCharDevice  *self,
                CharflowWriteBuffer *buffer,
                GError             **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = g_object_ref (self);
  g_autoptr (CharflowClient) client = buffer->client == NULL ? NULL : g_object_ref (buffer->client);
  g_autoptr (GError) refusal = NULL;

  if (frame_buffer (self, buffer, &refusal) && !priv->disposed &&
      (client == NULL || charflow_write_buffer_is_valid (buffer, self)))
    {
      /* The speaker has gone on. */
      if (client != NULL && client == charflow_write_queue_get_blocker (&priv->write_queue))
        charflow_clear_source (&priv->speaker_timer);
      charflow_write_queue_push (&priv->write_queue, buffer);
      charflow_char_device_pump_writes (self);
      charflow_char_device_update_speaker (self);
      return TRUE;
    }

  charflow_char_device_settle_write_buffer (self, buffer);
  charflow_write_buffer_unref (buffer);
  if (refusal == NULL)
    return TRUE;

  g_debug ("Message to the device: %s", refusal->message);
  if (client != NULL && charflow_char_device_has_client (self, client))
    charflow_char_device_request_removal (self, client, CHARFLOW_REMOVE_REASON_BAD_MESSAGE);
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

/**
 * charflow_char_device_add_write_buffer:
 * @self: a device
 * @buffer: (transfer full): a filled buffer of this device
 *
 * Writes a buffer to the device, after all that waits already; what cannot be written now waits.
 *
 * The buffer of a client that has gone meanwhile is released. Where a subclass frames messages, one that breaks the
 * rules removes its client, with %CHARFLOW_REMOVE_REASON_BAD_MESSAGE.
 *
 * Since: 1.0
 */
void
charflow_char_device_add_write_buffer (CharflowCharDevice  *self,
                                       CharflowWriteBuffer *buffer)
{
  CharflowClient *client;

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));
  g_return_if_fail (buffer != NULL);
  g_return_if_fail (!buffer->is_queued);

  client = charflow_write_buffer_get_client (buffer);
  if (client != NULL && !charflow_write_buffer_is_valid (buffer, self))
    {
      charflow_write_buffer_unref (buffer);
      return;
    }

  enqueue_buffer (self, buffer, NULL);
}

/**
 * charflow_char_device_release_write_buffer:
 * @self: a device
 * @buffer: (transfer full): a buffer of this device
 *
 * Gives a buffer back unused. The token of a client is owed to it then, as that of a message that was consumed; one of
 * the program itself is free at once.
 *
 * Since: 1.0
 */
void
charflow_char_device_release_write_buffer (CharflowCharDevice  *self,
                                           CharflowWriteBuffer *buffer)
{
  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));
  g_return_if_fail (buffer != NULL);

  charflow_char_device_settle_write_buffer (self, buffer);
  charflow_write_buffer_unref (buffer);
}

/**
 * charflow_char_device_write_bytes:
 * @self: a device
 * @client: (nullable): the client that writes, or %NULL for the program itself
 * @bytes: one message
 * @error: return location for a #GError
 *
 * Writes one message to the device, without copying it; what cannot be written now waits.
 *
 * It is charflow_char_device_get_write_buffer() and charflow_char_device_add_write_buffer() in one, and
 * fails as the first of these, or, where a subclass frames messages, with %CHARFLOW_DEVICE_ERROR_BAD_MESSAGE.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_write_bytes (CharflowCharDevice *self,
                                  CharflowClient     *client,
                                  GBytes             *bytes,
                                  GError            **error)
{
  CharflowWriteBuffer *buffer;
  gsize size;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (client == NULL || CHARFLOW_IS_CLIENT (client), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  size = g_bytes_get_size (bytes);
  if (!check_size (size, error))
    return FALSE;

  buffer = client == NULL ? take_server_buffer (self, TRUE, size, bytes, error)
                          : take_client_buffer (self, client, size, bytes, error);
  if (buffer == NULL)
    return FALSE;

  return enqueue_buffer (self, buffer, error);
}

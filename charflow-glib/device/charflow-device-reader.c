/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include "charflow-chunk-private.h"
#include "charflow-client-private.h"
#include "charflow-source-private.h"

/* How a device is read, and its messages go to the clients. */

/* One read of the back end, and so the longest message of an unframed device. */
#define READ_SIZE CHARFLOW_CHUNK_SIZE
/* So many messages are read before other sources of the main context get their turn, and before the clients are
 * flushed: they take these while the next are read. */
#define MAX_MESSAGES_PER_TURN 4
/* A read that brings less than this has emptied the back end: a pty gives at most 4,095 bytes at once, all
 * others as much as they have. It saves the read that would only say so. */
#define SHORT_READ 2048

/* The device is read while somebody may take what comes and nobody holds it up, or nobody is there. */
static gboolean
wants_data (CharflowCharDevicePrivate *priv)
{
  gboolean somebody = FALSE;

  if (!priv->running || priv->reads_end || !charflow_char_device_is_open (priv))
    return FALSE;
  if (priv->n_clients == 0)
    return !priv->keep_unread;

  for (guint i = 0; i < priv->ring->len; i++)
    {
      CharflowClient *client = g_ptr_array_index (priv->ring, i);

      if (client == NULL)
        continue;
      if (charflow_client_paces_device (client))
        return FALSE;
      somebody = somebody || charflow_client_wants_data (client);
    }

  return somebody;
}

static gboolean
in_source_cb (gpointer user_data)
{
  g_autoptr (CharflowCharDevice) self = g_object_ref (user_data);

  charflow_char_device_pump_reads (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
more_source_cb (gpointer user_data)
{
  g_autoptr (CharflowCharDevice) self = g_object_ref (user_data);

  charflow_clear_source (&charflow_char_device_get_private (self)->more_source);
  charflow_char_device_pump_reads (self);
  return G_SOURCE_REMOVE;
}

static void
update_in_source (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (!wants_data (priv))
    {
      charflow_clear_source (&priv->in_source);
      charflow_clear_source (&priv->more_source);
      return;
    }

  if (priv->in_source == NULL)
    {
      priv->in_source = charflow_backend_create_source (priv->backend, G_IO_IN);
      if (priv->in_source != NULL)
        {
          g_source_set_callback (priv->in_source, in_source_cb, self, NULL);
          g_source_attach (priv->in_source, priv->context);
        }
    }

  /* A turn that ended early may have left whole messages with the subclass, which no source tells. */
  if (!priv->source_has_ended && priv->more_source == NULL)
    {
      priv->more_source = g_idle_source_new ();
      g_source_set_priority (priv->more_source, G_PRIORITY_DEFAULT);
      g_source_set_callback (priv->more_source, more_source_cb, self, NULL);
      g_source_attach (priv->more_source, priv->context);
    }
}

static void
flush_clients (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  charflow_char_device_begin_walk (priv);
  for (guint i = 0; i < priv->ring->len; i++)
    {
      CharflowClient *client = g_ptr_array_index (priv->ring, i);

      if (client != NULL)
        charflow_client_flush (client);
    }
  charflow_char_device_end_walk (priv);
}

static void
hand_to_all (CharflowCharDevice *self,
             GBytes             *message)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  guint n_clients = priv->ring->len;

  charflow_char_device_begin_walk (priv);
  for (guint i = 0; i < n_clients; i++)
    {
      CharflowClient *client = g_ptr_array_index (priv->ring, i);

      if (client != NULL)
        charflow_client_offer (client, message);
    }
  charflow_char_device_end_walk (priv);
}

static void
dispatch_message (CharflowCharDevice *self,
                  GBytes             *message)
{
  CharflowClient *target = CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->message_target (self, message);
  g_autoptr (CharflowClient) guard = target == NULL ? NULL : g_object_ref (target);

  if (g_signal_has_handler_pending (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_MESSAGE], 0, TRUE))
    g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_MESSAGE], 0, target, message);

  if (target == NULL)
    hand_to_all (self, message);
  else if (charflow_char_device_has_client (self, target))
    charflow_client_offer (target, message);
}

void
charflow_char_device_read_ready_default (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  for (guint n = 0; n < MAX_MESSAGES_PER_TURN && !priv->source_has_ended && wants_data (priv); n++)
    {
      g_autoptr (GBytes) message = CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->read_message (self);

      if (message == NULL)
        {
          priv->source_has_ended = TRUE;
          return;
        }
      dispatch_message (self, message);
    }
}

/* Reads one turn. When a handler asks for another from within, it only notes that there is more. */
void
charflow_char_device_pump_reads (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;

  if (priv->reading)
    {
      priv->read_again = TRUE;
      return;
    }
  if (!wants_data (priv))
    {
      update_in_source (self);
      return;
    }

  guard = g_object_ref (self);
  priv->reading = TRUE;
  do
    {
      priv->read_again = FALSE;
      priv->source_has_ended = FALSE;
      if (g_signal_has_handler_pending (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_READ_READY], 0, TRUE))
        g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_READ_READY], 0);
      else
        CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->read_ready (self);
      flush_clients (self);
    }
  while (priv->read_again && !priv->source_has_ended && wants_data (priv));
  priv->reading = FALSE;
  g_clear_pointer (&priv->chunk, charflow_chunk_free);

  update_in_source (self);
}

GBytes *
charflow_char_device_read_message_default (CharflowCharDevice *self)
{
  GBytes *message = charflow_char_device_read_bytes (self, READ_SIZE);

  if (message != NULL && g_bytes_get_size (message) < SHORT_READ)
    charflow_char_device_get_private (self)->source_has_ended = TRUE;

  return message;
}

static GBytes *
bytes_from_chunk (CharflowCharDevicePrivate *priv,
                  gsize                      size)
{
  /* A chunk that is mostly full becomes the message itself; of one that is not, the bytes are copied, so
   * that what waits in a queue never holds more than twice what it counts. */
  if (size < READ_SIZE / 2)
    return g_bytes_new (priv->chunk, size);

  return charflow_chunk_to_bytes (g_steal_pointer (&priv->chunk), size);
}

/**
 * charflow_char_device_read_bytes:
 * @self: a device
 * @max_size: how many bytes at most
 *
 * Takes what has come from the back end, at most 64 KiB; for #CharflowCharDeviceClass.read_message().
 *
 * Returns: (transfer full) (nullable): some bytes, or %NULL when there are none now
 *
 * Since: 1.0
 */
GBytes *
charflow_char_device_read_bytes (CharflowCharDevice *self,
                                 gsize               max_size)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = NULL;
  gssize size;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);

  if (!charflow_char_device_is_open (priv))
    return NULL;

  if (priv->chunk == NULL)
    priv->chunk = charflow_chunk_new ();
  backend = g_object_ref (priv->backend);
  size = charflow_backend_read (backend, priv->chunk, MIN (max_size, READ_SIZE), &error);
  if (size > 0)
    return bytes_from_chunk (priv, size);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return NULL;

  /* Its source would stay ready for ever. */
  if (priv->backend == backend && charflow_char_device_is_open (priv))
    priv->reads_end = TRUE;
  if (error != NULL)
    charflow_char_device_tell_error (self, error);

  return NULL;
}

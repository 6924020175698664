/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include "charflow-chunk-private.h"
#include "charflow-source-private.h"

/* How a device is read, and its messages go to the clients. */

/* One read of the back end, and so the longest message of an unframed device. */
#define READ_SIZE CHARFLOW_CHUNK_SIZE
/* So many messages are read before other sources of the main context get their turn, and before the clients are
 * flushed: they take these while the next are read. */
#define MAX_MESSAGES_PER_TURN 4
/* What a subclass may ask for before it makes a message of it; as much as a message to the device may have. */
#define MAX_AVAILABLE (16 * 1024 * 1024)
/* A read that brings less than this has emptied the back end. It saves the read that would only say so. */
#define SHORT_READ 2048

static gsize
get_available (const CharflowUnread *unread)
{
  return unread->bytes == NULL ? 0 : unread->bytes->len - unread->offset;
}

static gboolean
has_source (CharflowCharDevicePrivate *priv)
{
  return get_available (&priv->unread) > 0 || priv->unread.has_end ||
         (!priv->reads_end && charflow_char_device_is_open (priv));
}

/* The device is read while somebody may take what comes and nobody holds it up, or nobody is there. */
static gboolean
wants_data (CharflowCharDevicePrivate *priv)
{
  if (!priv->running || charflow_char_device_is_awaiting_state (priv) || !has_source (priv))
    return FALSE;
  if (charflow_client_list_get_n_clients (priv->clients) == 0)
    return !priv->keep_unread;

  return priv->n_demands[CHARFLOW_DEMAND_HOLDS] == 0 && priv->n_demands[CHARFLOW_DEMAND_WANTS] > 0;
}

/* There is something that may be read, and the clients are what keeps it from that. */
static gboolean
is_held_up (CharflowCharDevicePrivate *priv)
{
  return priv->running && has_source (priv) && !charflow_char_device_is_awaiting_state (priv) &&
         charflow_client_list_get_n_clients (priv->clients) > 0 && !wants_data (priv);
}

gboolean
charflow_char_device_is_in_message (CharflowCharDevice *self)
{
  return charflow_char_device_get_private (self)->in_message;
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

  charflow_blocked_time_set (&priv->read_blocked, is_held_up (priv));
  if (!wants_data (priv))
    {
      charflow_clear_source (&priv->in_source);
      charflow_clear_source (&priv->more_source);
      return;
    }

  if (priv->in_source == NULL && !priv->reads_end && charflow_char_device_is_open (priv))
    {
      priv->in_source = charflow_backend_create_source (priv->backend, G_IO_IN);
      if (priv->in_source != NULL)
        {
          g_source_set_callback (priv->in_source, in_source_cb, self, NULL);
          g_source_attach (priv->in_source, priv->context);
        }
    }

  /* A turn that ended early may have left whole messages with the subclass, or the end of what its peer sent, which no
   * source tells. */
  if ((!priv->source_has_ended || priv->unread.has_end) && priv->more_source == NULL)
    {
      priv->more_source = g_idle_source_new ();
      g_source_set_priority (priv->more_source, G_PRIORITY_DEFAULT);
      g_source_set_callback (priv->more_source, more_source_cb, self, NULL);
      g_source_attach (priv->more_source, priv->context);
    }
}

void
charflow_char_device_note_delivered (CharflowCharDevice *self,
                                     CharflowClient     *client)
{
  g_ptr_array_add (charflow_char_device_get_private (self)->to_flush, g_object_ref (client));
}

/* Those that were handed something, and not all of them. */
static void
flush_clients (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  for (guint i = 0; i < priv->to_flush->len; i++)
    {
      CharflowClient *client = g_ptr_array_index (priv->to_flush, i);

      if (charflow_char_device_has_client (self, client))
        charflow_client_flush (client);
    }
  g_ptr_array_set_size (priv->to_flush, 0);
}

static void
hand_to_all (CharflowCharDevicePrivate *priv,
             GBytes                    *bytes,
             gboolean                   begins)
{
  guint n_slots = charflow_client_list_begin_walk (priv->clients);

  for (guint i = 0; i < n_slots; i++)
    {
      CharflowClient *client = charflow_client_list_get_slot (priv->clients, i);

      if (client != NULL)
        charflow_client_offer (client, bytes, begins);
    }
  charflow_client_list_end_walk (priv->clients);
}

static void
count_message (CharflowCharDevicePrivate *priv,
               GBytes                    *bytes)
{
  gsize size = g_bytes_get_size (bytes);

  priv->active = TRUE;
  priv->figures.read_messages++;
  priv->figures.read_bytes += size;
  if (charflow_client_list_get_n_clients (priv->clients) > 0)
    return;

  priv->figures.discarded_messages++;
  priv->figures.discarded_bytes += size;
}

static void
dispatch_message (CharflowCharDevice *self,
                  GBytes             *message)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  gboolean continues = priv->message_continues;
  CharflowClient *target = CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->message_target (self, message);
  g_autoptr (CharflowClient) guard = target == NULL ? NULL : g_object_ref (target);
  gboolean begins = !priv->in_message;

  count_message (priv, message);
  /* Whoever comes while it is handed on comes in the middle of it, unless it is whole. */
  priv->in_message = continues || !begins;
  priv->handing = TRUE;
  if (g_signal_has_handler_pending (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_MESSAGE], 0, TRUE))
    g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_MESSAGE], 0, target, message);

  if (target == NULL)
    hand_to_all (priv, message, begins);
  else if (charflow_char_device_has_client (self, target))
    charflow_client_offer (target, message, begins);
  priv->handing = FALSE;
  priv->in_message = continues;
}

gboolean
charflow_char_device_drop_unread_end (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (!priv->unread.has_end)
    return FALSE;

  charflow_unread_clear (&priv->unread);
  priv->in_message = FALSE;
  CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->peer_left (self);
  return TRUE;
}

void
charflow_char_device_read_ready_default (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  for (guint n = 0; n < MAX_MESSAGES_PER_TURN && !priv->source_has_ended && wants_data (priv); n++)
    {
      g_autoptr (GBytes) message = NULL;

      priv->message_continues = FALSE;
      priv->took_bytes = FALSE;
      message = CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->read_message (self);
      if (message != NULL)
        dispatch_message (self, message);
      else if (!priv->took_bytes)
        priv->source_has_ended = !charflow_char_device_drop_unread_end (self);
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
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  GBytes *message = charflow_char_device_read_bytes (self, READ_SIZE);

  /* A back end that makes no source is read to the end: nobody would tell of what comes meanwhile. */
  if (message != NULL && g_bytes_get_size (message) < SHORT_READ && priv->in_source != NULL)
    priv->source_has_ended = TRUE;

  return message;
}

/* While the back end fills it, a chunk is out of reach of its handlers, which may run a turn themselves. */
static guint8 *
take_chunk (CharflowCharDevicePrivate *priv)
{
  return priv->chunk != NULL ? g_steal_pointer (&priv->chunk) : charflow_chunk_new ();
}

static void
keep_chunk (CharflowCharDevicePrivate *priv,
            guint8                    *chunk)
{
  if (priv->chunk == NULL)
    priv->chunk = chunk;
  else
    charflow_chunk_free (chunk);
}

static GBytes *
bytes_from_chunk (CharflowCharDevicePrivate *priv,
                  guint8                    *chunk,
                  gsize                      size)
{
  GBytes *bytes;

  /* A chunk that is mostly full becomes the message itself; of one that is not, the bytes are copied, so
   * that what waits in a queue never holds more than twice what it counts. */
  if (size >= READ_SIZE / 2)
    return charflow_chunk_to_bytes (chunk, size);

  bytes = size == 0 ? NULL : g_bytes_new (chunk, size);
  keep_chunk (priv, chunk);
  return bytes;
}

static gssize
read_backend (CharflowCharDevice *self,
              guint8             *memory,
              gsize               size)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowBackend) backend = g_object_ref (priv->backend);
  guint peer = priv->peer;
  g_autoptr (GError) error = NULL;
  gssize n = charflow_backend_read (backend, memory, size, &error);

  if (n > 0 || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return n;

  /* Its source would stay ready for ever. */
  if (priv->peer == peer)
    priv->reads_end = TRUE;
  if (error != NULL)
    charflow_char_device_tell_error (self, error);

  return n;
}

static gboolean
can_read_backend (CharflowCharDevicePrivate *priv)
{
  return !priv->unread.has_end && !priv->reads_end && charflow_char_device_is_open (priv);
}

void
charflow_unread_clear (CharflowUnread *unread)
{
  g_clear_pointer (&unread->bytes, g_byte_array_unref);
  unread->offset = 0;
  unread->has_end = FALSE;
}

void
charflow_unread_add (CharflowUnread *unread,
                     const guint8   *data,
                     gsize           size)
{
  if (unread->bytes == NULL)
    unread->bytes = g_byte_array_new ();
  if (unread->offset > 0 && unread->offset >= unread->bytes->len / 2)
    {
      g_byte_array_remove_range (unread->bytes, 0, unread->offset);
      unread->offset = 0;
    }
  g_byte_array_append (unread->bytes, data, size);
}

const guint8 *
charflow_unread_peek (const CharflowUnread *unread,
                      gsize                *size)
{
  *size = get_available (unread);
  return *size == 0 ? NULL : unread->bytes->data + unread->offset;
}

void
charflow_char_device_mark_unread_end (CharflowCharDevice *self)
{
  charflow_char_device_get_private (self)->unread.has_end = TRUE;
}

/* Not in the middle of a turn, where the subclass may be at work: the turn itself comes to the end. */
void
charflow_char_device_settle_unread_end (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (!priv->reading && get_available (&priv->unread) == 0)
    charflow_char_device_drop_unread_end (self);
}

/**
 * charflow_char_device_fill:
 * @self: a device
 * @size: how many bytes are asked for, at most 16 MiB
 *
 * Reads from the back end until so many bytes are available, or until it has no more now; for
 * #CharflowCharDeviceClass.read_message().
 *
 * More than were asked for may become available. They stay until charflow_char_device_read_bytes() takes them, also
 * through a change of the back end, and they are part of the saved state. When the other side of the back end goes away,
 * or the back end is changed, what is available then is all that comes of it: what
 * #CharflowCharDeviceClass.read_message() does not make a message of is thrown away, before anything of the next one is
 * read.
 *
 * Returns: how many bytes are available
 *
 * Since: 1.0
 */
gsize
charflow_char_device_fill (CharflowCharDevice *self,
                           gsize               size)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), 0);

  guard = g_object_ref (self);
  size = MIN (size, MAX_AVAILABLE);
  while (get_available (&priv->unread) < size && can_read_backend (priv))
    {
      guint8 *chunk = take_chunk (priv);
      gssize n = read_backend (self, chunk, READ_SIZE);

      if (n > 0)
        {
          priv->active = TRUE;
          charflow_unread_add (&priv->unread, chunk, n);
        }
      keep_chunk (priv, chunk);
      if (n <= 0)
        break;
    }

  return get_available (&priv->unread);
}

/**
 * charflow_char_device_peek: (skip)
 * @self: a device
 * @available: (out): how many bytes are available
 *
 * Looks at the bytes that are available, without taking them.
 *
 * Only C can use it; elsewhere it is charflow_char_device_peek_bytes().
 *
 * Returns: (transfer none) (nullable): the bytes, until the next call of the device; %NULL when there are none
 *
 * Since: 1.0
 */
const guint8 *
charflow_char_device_peek (CharflowCharDevice *self,
                           gsize              *available)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);
  g_return_val_if_fail (available != NULL, NULL);

  return charflow_unread_peek (&charflow_char_device_get_private (self)->unread, available);
}

/**
 * charflow_char_device_peek_bytes:
 * @self: a device
 *
 * Copies the bytes that are available, without taking them; charflow_char_device_fill() makes them available.
 *
 * Returns: (transfer full): the bytes, which may be none
 *
 * Since: 1.0
 */
GBytes *
charflow_char_device_peek_bytes (CharflowCharDevice *self)
{
  const guint8 *data;
  gsize size;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);

  data = charflow_char_device_peek (self, &size);
  return g_bytes_new (data, size);
}

/**
 * charflow_char_device_is_at_end:
 * @self: a device
 *
 * Tells whether the bytes that are available are all that there is, because the other side that sent them has gone.
 *
 * Returns: %TRUE if nothing is to come after them
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_is_at_end (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);

  return charflow_char_device_get_private (self)->unread.has_end;
}

/**
 * charflow_char_device_set_message_continues:
 * @self: a device
 * @continues: whether it goes on
 *
 * Says, from within #CharflowCharDeviceClass.read_message(), that the message it returns goes on in the next one.
 * A client that comes meanwhile, or that loses something by %CHARFLOW_OVERFLOW_DROP or by a reset, gets nothing until
 * another begins.
 *
 * Since: 1.0
 */
void
charflow_char_device_set_message_continues (CharflowCharDevice *self,
                                            gboolean            continues)
{
  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  charflow_char_device_get_private (self)->message_continues = continues;
}

static GBytes *
take_available (CharflowUnread *unread,
                gsize           max_size)
{
  gsize size = MIN (max_size, get_available (unread));
  GBytes *bytes = g_bytes_new (unread->bytes->data + unread->offset, size);

  unread->offset += size;
  if (get_available (unread) == 0 && !unread->has_end)
    charflow_unread_clear (unread);

  return bytes;
}

/**
 * charflow_char_device_read_bytes:
 * @self: a device
 * @max_size: how many bytes at most
 *
 * Takes what is available, or else what has come from the back end, then at most 64 KiB; for
 * #CharflowCharDeviceClass.read_message().
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
  guint8 *chunk;
  gssize size;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);

  if (max_size == 0)
    return NULL;
  if (get_available (&priv->unread) > 0)
    {
      priv->took_bytes = TRUE;
      return take_available (&priv->unread, max_size);
    }
  if (!can_read_backend (priv))
    return NULL;

  chunk = take_chunk (priv);
  size = read_backend (self, chunk, MIN (max_size, READ_SIZE));
  priv->took_bytes = priv->took_bytes || size > 0;

  return bytes_from_chunk (priv, chunk, MAX (size, 0));
}

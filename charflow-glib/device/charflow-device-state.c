/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-saved-state-private.h"
#include "charflow-source-private.h"

/* The state of a device: what of it is saved, and how a saved one takes its place. The two layouts are in
 * charflow-saved-state.c. */

/* What a device can be asked to hold in memory besides its own. */
#define MAX_STATE_SIZE G_MAXINT32
/* As many bytes as charflow_char_device_fill() makes available, with all of its last read. */
#define MAX_UNREAD (16 * 1024 * 1024 + 64 * 1024)

static void
save_buffers (CharflowSavedState *state,
              GQueue             *queue,
              gsize               offset,
              GPtrArray          *clients)
{
  for (GList *link = queue->head; link != NULL; link = link->next)
    {
      CharflowWriteBuffer *buffer = link->data;
      CharflowSavedBuffer *saved = g_new0 (CharflowSavedBuffer, 1);
      guint index = CHARFLOW_SAVED_NOBODY;

      if (buffer->client != NULL)
        g_ptr_array_find (clients, buffer->client, &index);
      saved->origin = buffer->origin;
      saved->client = index;
      saved->price = buffer->price;
      /* Several messages in one that have lost their client are one that nobody paid for. */
      saved->n_messages = MAX (buffer->price, 1);
      saved->is_held = buffer->is_held && state->speaker != CHARFLOW_SAVED_NOBODY;
      saved->continues = buffer->continues;
      saved->was_begun = buffer->was_begun || offset > 0;
      saved->bytes = charflow_write_buffer_share_contents (buffer, offset);
      g_ptr_array_add (state->buffers, saved);
      offset = 0;
    }
}

static void
save_client (CharflowSavedState *state,
             CharflowClient     *client)
{
  CharflowClientPrivate *priv = charflow_client_get_private (client);
  CharflowSavedClient *saved = charflow_saved_client_new ();

  saved->name = g_strdup (priv->name);
  saved->flow_control = priv->flow_control;
  saved->client_tokens = priv->client_tokens;
  saved->send_tokens = priv->send_tokens;
  saved->missed_bytes = priv->missed_bytes;
  saved->skipping = priv->skipping;
  saved->message_is_cut = priv->message_is_cut;
  for (GList *link = priv->queue.head; link != NULL; link = link->next)
    {
      CharflowQueuedMessage *message = link->data;

      g_queue_push_tail (&saved->queue, charflow_queued_message_new (message->bytes, message->begins));
    }
  g_ptr_array_add (state->clients, saved);
}

static GPtrArray *
list_clients (CharflowCharDevicePrivate *priv,
              gboolean                   awaiting_only)
{
  GListModel *model = G_LIST_MODEL (priv->clients);
  guint n_clients = g_list_model_get_n_items (model);
  GPtrArray *clients = g_ptr_array_new_full (n_clients, g_object_unref);

  for (guint i = 0; i < n_clients; i++)
    {
      g_autoptr (CharflowClient) client = g_list_model_get_item (model, i);

      if (!awaiting_only || charflow_client_is_awaiting_state (client))
        g_ptr_array_add (clients, g_steal_pointer (&client));
    }

  return clients;
}

static guint
find_speaker (const CharflowWriteQueue *queue,
              GPtrArray                *clients)
{
  guint index;

  if (charflow_write_queue_is_program_speaking (queue))
    return CHARFLOW_SAVED_PROGRAM;

  /* The one that has just gone has left the word to whoever comes next. */
  return g_ptr_array_find (clients, queue->speaker, &index) ? index : CHARFLOW_SAVED_NOBODY;
}

static CharflowSavedState *
take_state (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  CharflowSavedState *state = charflow_saved_state_new ();
  g_autoptr (GPtrArray) clients = NULL;
  const guint8 *unread;
  gsize n_unread;

  /* First, since a subclass may do anything there; from here on nobody does. */
  state->framing = CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->save_framing (self);

  clients = list_clients (priv, FALSE);
  state->speaker = find_speaker (&priv->write_queue, clients);
  for (guint i = 0; i < clients->len; i++)
    save_client (state, g_ptr_array_index (clients, i));
  save_buffers (state, &priv->write_queue.buffers, priv->write_queue.offset, clients);
  save_buffers (state, &priv->write_queue.held, 0, clients);
  state->in_message = priv->in_message;
  state->unread_has_end = priv->unread.has_end;
  unread = charflow_unread_peek (&priv->unread, &n_unread);
  state->unread = g_bytes_new (unread, n_unread);

  return state;
}

static gboolean
check_may_save (CharflowCharDevice *self,
                GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (charflow_char_device_is_awaiting_state (priv))
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_WAITING,
                           _("There is no state to be saved: the device waits for one itself"));
      return FALSE;
    }
  if (priv->handing)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _("A message is on its way to the clients, and would be lost to those that do not have it yet"));
      return FALSE;
    }

  return TRUE;
}

/**
 * charflow_char_device_save_state_parts:
 * @self: a device
 * @error: return location for a #GError
 *
 * Saves the state, as charflow_char_device_save_state() does, in parts that need no copy of what waits: they refer to
 * the messages themselves, and outlive the device.
 *
 * Fails as charflow_char_device_save_state() does.
 *
 * Returns: (transfer container) (element-type GLib.Bytes): the parts, which are the state one after the other
 *
 * Since: 1.0
 */
GPtrArray *
charflow_char_device_save_state_parts (CharflowCharDevice *self,
                                       GError            **error)
{
  g_autoptr (CharflowSavedState) state = NULL;
  g_autoptr (GPtrArray) parts = NULL;
  g_autoptr (CharflowCharDevice) guard = NULL;
  guint64 size = 0;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_may_save (self, error))
    return NULL;

  guard = g_object_ref (self);
  state = take_state (self);
  size = charflow_saved_state_get_size (state);
  if (size > MAX_STATE_SIZE)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_TOO_BIG,
                   _("The state has %" PRIu64 " bytes; at most %d can be saved"), size, MAX_STATE_SIZE);
      return NULL;
    }

  return charflow_saved_state_build (state);
}

/**
 * charflow_char_device_save_state:
 * @self: a device
 * @error: return location for a #GError
 *
 * Saves what the device holds for its clients: their tokens, what waits for them, and what waits for the device, with what
 * is left of a message that was written in part. It is for charflow_char_device_restore_state(), in this process or
 * another one. The device itself stays as it is; stop it before, so that nothing that was saved is written or
 * delivered, too.
 *
 * Where SPICE's own layout for a character device can hold it, the state is that: 25 bytes, and what waits for the
 * device, with the offset of these counted from 8 bytes before the state, where the header of a SPICE channel's migration
 * data begins. It can where there is no client at all and nothing waits, or just one, nothing waits for that, and
 * the device is in no message; and where all that waits for the device is more than empty messages. Everything else is
 * in a layout of Charflow's own.
 *
 * Tokens that a buffer was got for which was never given to the device count as free again.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_WAITING when the device waits for its own saved state, with %G_IO_ERROR_PENDING from
 * within a handler that is told a message of the device, since that message is nowhere then for those that do not have it
 * yet, and with %CHARFLOW_DEVICE_ERROR_TOO_BIG when it would be more than 2 GiB.
 *
 * Returns: (transfer full): the state
 *
 * Since: 1.0
 */
GBytes *
charflow_char_device_save_state (CharflowCharDevice *self,
                                 GError            **error)
{
  g_autoptr (GPtrArray) parts = NULL;
  guint8 *data, *end;
  gsize size = 0;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  parts = charflow_char_device_save_state_parts (self, error);
  if (parts == NULL)
    return NULL;

  for (guint i = 0; i < parts->len; i++)
    size += g_bytes_get_size (g_ptr_array_index (parts, i));
  data = end = g_try_malloc (size);
  if (data == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, _("No memory for a state of %zu bytes"), size);
      return NULL;
    }

  for (guint i = 0; i < parts->len; i++)
    {
      gsize part_size;
      gconstpointer part = g_bytes_get_data (g_ptr_array_index (parts, i), &part_size);

      if (part_size > 0)
        memcpy (end, part, part_size);
      end += part_size;
    }

  return g_bytes_new_take (data, size);
}

/* Restoring. */

static gboolean
check_idle (CharflowCharDevice *self,
            GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  CharflowWriteBuffer *first = g_queue_peek_head (&priv->write_queue.buffers);
  gsize n_unread;

  if (!charflow_char_device_check_alive (self, error))
    return FALSE;

  charflow_unread_peek (&priv->unread, &n_unread);
  if (!priv->active && !priv->handing && priv->write_queue.offset == 0 && (first == NULL || !first->was_begun) &&
      n_unread == 0)
    return TRUE;

  g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_ACTIVE,
                       _("The device has been active, so that no saved state can be restored to it"));
  return FALSE;
}

/* Clients with a name are found by it, and those without take the places that are left, in order. */
static GPtrArray *
match_clients (CharflowSavedState *state,
               GPtrArray          *waiting,
               GError            **error)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new ();
  g_autoptr (GPtrArray) clients = g_ptr_array_new ();

  for (guint i = 0; i < waiting->len; i++)
    g_ptr_array_add (left, waiting->pdata[i]);
  g_ptr_array_set_size (clients, state->clients->len);
  for (guint i = 0; i < state->clients->len; i++)
    {
      CharflowSavedClient *saved = g_ptr_array_index (state->clients, i);

      for (guint j = 0; saved->name != NULL && j < left->len && clients->pdata[i] == NULL; j++)
        if (g_strcmp0 (charflow_client_get_private (left->pdata[j])->name, saved->name) == 0)
          clients->pdata[i] = g_ptr_array_remove_index (left, j);
      if (saved->name != NULL && clients->pdata[i] == NULL)
        return charflow_saved_state_refuse (error, _("no client with the name '%s' waits for it"), saved->name), NULL;
    }
  for (guint i = 0; i < clients->len; i++)
    if (clients->pdata[i] == NULL)
      clients->pdata[i] = g_ptr_array_remove_index (left, 0);

  /* Only now, since it minds places that are empty. */
  g_ptr_array_foreach (clients, (GFunc) (GCallback) g_object_ref, NULL);
  g_ptr_array_set_free_func (clients, g_object_unref);
  return g_steal_pointer (&clients);
}

/* The price of what it wrote, in tokens. */
static guint64
sum_prices (CharflowSavedState *state,
            guint               client)
{
  guint64 sum = 0;

  for (guint i = 0; i < state->buffers->len; i++)
    {
      CharflowSavedBuffer *buffer = g_ptr_array_index (state->buffers, i);

      if (buffer->client == client)
        sum += buffer->price;
    }

  return sum;
}

static gboolean
check_queue (CharflowSavedClient   *saved,
             guint                  index,
             CharflowClientPrivate *priv,
             GError               **error)
{
  guint64 n_bytes = 0;

  if (saved->queue.length > priv->max_queue_messages)
    return charflow_saved_state_refuse (error, _("%u messages wait for client %u, and its queue takes %u"),
                                        saved->queue.length, index, priv->max_queue_messages);

  for (GList *link = saved->queue.head; link != NULL; link = link->next)
    {
      /* The message that reaches the bound is still queued. */
      if (n_bytes >= priv->max_queue_bytes)
        return charflow_saved_state_refuse (error,
                                            _("More than the %" PRIu64 " bytes that its queue takes wait for client %u"),
                                            priv->max_queue_bytes, index);
      n_bytes += g_bytes_get_size (((CharflowQueuedMessage *) link->data)->bytes);
    }

  return TRUE;
}

static gboolean
check_client (CharflowSavedState *state,
              guint               index,
              CharflowClient     *client,
              GError            **error)
{
  CharflowSavedClient *saved = g_ptr_array_index (state->clients, index);
  CharflowClientPrivate *priv = charflow_client_get_private (client);
  guint64 window = priv->initial_client_tokens;
  guint64 waiting;

  if (saved->flow_control != priv->flow_control)
    return charflow_saved_state_refuse (error,
                                        saved->flow_control ? _("client %u has flow control, and the one that waits has none")
                                                            : _("client %u has no flow control, and the one that waits has"),
                                        index);
  if (saved->missed_bytes > 0 && priv->overflow != CHARFLOW_OVERFLOW_DROP)
    return charflow_saved_state_refuse (error, _("client %u has missed bytes, and the one that waits drops nothing"), index);

  if (saved->flow_control)
    {
      waiting = sum_prices (state, index);
      if (saved->client_tokens > window || waiting > window - saved->client_tokens)
        return charflow_saved_state_refuse (error,
                                            _("client %u holds %" PRIu64 " tokens and has %" PRIu64
                                              " under way, and its window is %" PRIu64),
                                            index, saved->client_tokens, waiting, window);
      saved->owed_tokens = window - saved->client_tokens - waiting;
    }

  return check_queue (saved, index, priv, error);
}

static gboolean
check_self_tokens (CharflowCharDevicePrivate *priv,
                   CharflowSavedState        *state,
                   GError                   **error)
{
  guint64 n_tokens = 0;

  for (guint i = 0; i < state->buffers->len; i++)
    {
      CharflowSavedBuffer *buffer = g_ptr_array_index (state->buffers, i);

      if (buffer->origin == CHARFLOW_WRITE_ORIGIN_SERVER)
        n_tokens += buffer->price;
    }
  if (n_tokens <= priv->self_tokens)
    return TRUE;

  return charflow_saved_state_refuse (error,
                                      _("%" PRIu64 " self tokens are under way, and the device has %" PRIu64),
                                      n_tokens, priv->self_tokens);
}

/* Each buffer is made before anything changes. */
static gboolean
make_buffers (CharflowCharDevice *self,
              CharflowSavedState *state,
              GPtrArray          *clients,
              GPtrArray          *buffers,
              GError            **error)
{
  for (guint i = 0; i < state->buffers->len; i++)
    {
      CharflowSavedBuffer *saved = g_ptr_array_index (state->buffers, i);
      CharflowClient *client = saved->client == CHARFLOW_SAVED_NOBODY ? NULL : g_ptr_array_index (clients, saved->client);
      gsize size = g_bytes_get_size (saved->bytes);
      CharflowWriteBuffer *buffer = charflow_write_buffer_new (self, client, saved->origin, size, saved->bytes);

      if (buffer == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, _("No memory for a message of %zu bytes"), size);
          return FALSE;
        }
      /* Until it is in the queue, to drop it gives nothing back. */
      buffer->settled = TRUE;
      buffer->price = saved->price;
      buffer->n_messages = saved->n_messages;
      buffer->continues = saved->continues;
      buffer->was_begun = saved->was_begun;
      buffer->is_held = saved->is_held;
      g_ptr_array_add (buffers, buffer);
    }

  return TRUE;
}

/* What the program wrote in the meantime comes after what is restored. */
static void
restore_queue (CharflowCharDevicePrivate *priv,
               CharflowSavedState        *state,
               GPtrArray                 *clients,
               GPtrArray                 *buffers)
{
  GQueue later = G_QUEUE_INIT;
  CharflowWriteBuffer *buffer;

  while ((buffer = charflow_write_queue_pop (&priv->write_queue)) != NULL)
    g_queue_push_tail (&later, buffer);

  for (guint i = 0; i < buffers->len; i++)
    {
      buffer = g_ptr_array_index (buffers, i);
      buffer->settled = FALSE;
      if (buffer->client != NULL)
        charflow_client_take_restored (buffer->client, buffer);
      else if (buffer->origin == CHARFLOW_WRITE_ORIGIN_SERVER)
        priv->self_tokens -= buffer->price;
      charflow_write_queue_restore (&priv->write_queue, charflow_write_buffer_ref (buffer));
    }
  charflow_write_queue_set_speaker (&priv->write_queue,
                                    state->speaker < clients->len ? g_ptr_array_index (clients, state->speaker) : NULL,
                                    state->speaker == CHARFLOW_SAVED_PROGRAM);

  while ((buffer = g_queue_pop_head (&later)) != NULL)
    charflow_write_queue_push (&priv->write_queue, buffer);
}

static void
restore_clients (CharflowSavedState *state,
                 GPtrArray          *clients)
{
  for (guint i = 0; i < clients->len; i++)
    {
      CharflowSavedClient *saved = g_ptr_array_index (state->clients, i);
      CharflowClient *client = g_ptr_array_index (clients, i);

      charflow_client_get_private (client)->message_is_cut = saved->message_is_cut;
      if (saved->flow_control)
        charflow_client_restore_tokens (client, saved->client_tokens, saved->owed_tokens, saved->send_tokens);
      charflow_client_restore_queue (client, &saved->queue, saved->missed_bytes, saved->skipping);
    }
}

/* From here on handlers are called, and may do anything. */
static void
resume (CharflowCharDevice *self,
        GPtrArray          *waiting)
{
  for (guint i = 0; i < waiting->len; i++)
    {
      CharflowClient *client = g_ptr_array_index (waiting, i);

      if (charflow_char_device_has_client (self, client))
        charflow_client_end_wait (client);
    }
  for (guint i = 0; i < waiting->len; i++)
    {
      CharflowClient *client = g_ptr_array_index (waiting, i);

      if (charflow_char_device_has_client (self, client))
        charflow_client_move_queue (client);
      if (charflow_char_device_has_client (self, client))
        charflow_char_device_repay_client (self, client);
    }
  charflow_char_device_wakeup (self);
}

/* An attachment only grows: with the same sum, nobody has gone and come again. */
static guint64
sum_attachments (GPtrArray *clients)
{
  guint64 sum = 0;

  for (guint i = 0; i < clients->len; i++)
    sum += charflow_client_get_attachment (clients->pdata[i]);

  return sum;
}

static gboolean
check_still_waiting (CharflowCharDevice *self,
                     GPtrArray          *waiting,
                     guint64             attachments,
                     GError            **error)
{
  gboolean all = sum_attachments (waiting) == attachments;

  for (guint i = 0; all && i < waiting->len; i++)
    all = charflow_client_is_awaiting_state (waiting->pdata[i]);

  return all || charflow_saved_state_refuse (error, _("a client that waited for it has gone"));
}

/* By the subclass, and by what it may have done meanwhile. */
static gboolean
check_framing (CharflowCharDevice *self,
               CharflowSavedState *state,
               GPtrArray          *waiting,
               GPtrArray          *clients,
               GError            **error)
{
  guint64 attachments = sum_attachments (waiting);

  return CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->restore_framing (self, state->framing, clients, error) &&
         check_idle (self, error) &&
         check_still_waiting (self, waiting, attachments, error) &&
         check_self_tokens (charflow_char_device_get_private (self), state, error);
}

/* Others would wait for ever for the end of a message which that device knows nothing of. */
static gboolean
check_fits_device (CharflowCharDevice *self,
                   CharflowSavedState *state,
                   GError            **error)
{
  if (state->speaker != CHARFLOW_SAVED_NOBODY && !charflow_char_device_frames_messages (self))
    /* Translators: the name of a class. */
    return charflow_saved_state_refuse (error, _("somebody has the word, and a %s has no messages in parts"),
                                        G_OBJECT_TYPE_NAME (self));
  if (g_bytes_get_size (state->unread) > MAX_UNREAD)
    return charflow_saved_state_refuse (error, _("there are %zu unread bytes, and at most %d can be"),
                                        g_bytes_get_size (state->unread), MAX_UNREAD);

  return TRUE;
}

static gboolean
prepare (CharflowCharDevice *self,
         CharflowSavedState *state,
         GPtrArray          *waiting,
         GPtrArray          *buffers,
         GPtrArray         **clients,
         GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (!check_fits_device (self, state, error))
    return FALSE;
  if (state->clients->len > 0 && state->clients->len != waiting->len)
    return charflow_saved_state_refuse (error, _("it has %u clients, and %u wait for it"), state->clients->len, waiting->len);

  *clients = match_clients (state, waiting, error);
  if (*clients == NULL)
    return FALSE;
  for (guint i = 0; i < (*clients)->len; i++)
    if (!check_client (state, i, g_ptr_array_index (*clients, i), error))
      return FALSE;

  return check_self_tokens (priv, state, error) &&
         make_buffers (self, state, *clients, buffers, error) &&
         check_framing (self, state, waiting, *clients, error);
}

/**
 * charflow_char_device_restore_state:
 * @self: a device that has not been active since it was started or reset
 * @state: what charflow_char_device_save_state() saved, or the part of SPICE's migration data that is a character device
 * @error: return location for a #GError
 *
 * Takes over what another device held: tokens, what waits for clients, and what waits for the device. Its clients have
 * to be attached with #CharflowClient:wait-for-state, as many as there were; those with a #CharflowClient:name take the place of
 * the one with that name, the others in the order in which they were attached. A state without clients ends the wait of
 * all of them. Nothing is read or written until then. What the program wrote meanwhile comes after what is restored.
 *
 * What stands in SPICE's layout between those 25 bytes and what waits for the device, and behind that, is not looked at: there
 * the channel has what is its own.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_ACTIVE when the device has read, written or restored something already, and with
 * %CHARFLOW_DEVICE_ERROR_BAD_STATE, which says what is wrong, when the state is damaged or does not fit: then nothing was
 * changed.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_restore_state (CharflowCharDevice *self,
                                    GBytes             *state,
                                    GError            **error)
{
  g_autoptr (CharflowCharDevice) guard = NULL;
  g_autoptr (CharflowSavedState) saved = NULL;
  g_autoptr (GPtrArray) waiting = NULL;
  g_autoptr (GPtrArray) clients = NULL;
  g_autoptr (GPtrArray) buffers = NULL;
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  const guint8 *unread;
  gsize n_unread;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (state != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_idle (self, error))
    return FALSE;
  saved = charflow_saved_state_parse (state, error);
  if (saved == NULL)
    return FALSE;

  guard = g_object_ref (self);
  waiting = list_clients (priv, TRUE);
  buffers = g_ptr_array_new_with_free_func ((GDestroyNotify) charflow_write_buffer_unref);
  if (!prepare (self, saved, waiting, buffers, &clients, error))
    return FALSE;

  restore_clients (saved, clients);
  restore_queue (priv, saved, clients, buffers);
  priv->in_message = saved->in_message;
  unread = g_bytes_get_data (saved->unread, &n_unread);
  if (n_unread > 0)
    charflow_unread_add (&priv->unread, unread, n_unread);
  priv->unread.has_end = saved->unread_has_end;
  priv->active = TRUE;
  charflow_clear_source (&priv->speaker_timer);
  charflow_char_device_update_speaker (self);
  resume (self, waiting);

  return TRUE;
}

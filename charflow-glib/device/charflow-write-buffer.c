/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-write-buffer-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charflow-char-device-private.h"
#include "charflow-chunk-private.h"
#include "charflow-client-private.h"

/**
 * SECTION:charflow-write-buffer
 * @title: CharflowWriteBuffer
 * @short_description: one message on its way to a device
 *
 * A #CharflowWriteBuffer is got from a device, where it may cost a token, filled, and given back to be
 * written: charflow_char_device_get_write_buffer(), charflow_write_buffer_append(),
 * charflow_char_device_add_write_buffer(). The token returns once the device has consumed it, or once it is
 * released, or its last reference is dropped, unused.
 *
 * It is atomically reference-counted, and may outlive its device.
 *
 * |[<!-- language="C" -->
 * CharflowWriteBuffer *buffer = charflow_char_device_get_write_buffer (device, client, 5, &error);
 *
 * if (buffer != NULL)
 *   {
 *     gsize room;
 *
 *     memcpy (charflow_write_buffer_peek (buffer, &room), "hello", 5); // filled in its place
 *     charflow_write_buffer_commit (buffer, 5);
 *     charflow_char_device_add_write_buffer (device, buffer); // which takes the reference
 *   }
 * ]|
 */

/**
 * CharflowWriteBuffer:
 *
 * One message on its way to a device.
 *
 * Since: 1.0
 */

G_DEFINE_BOXED_TYPE (CharflowWriteBuffer,
                     charflow_write_buffer,
                     charflow_write_buffer_ref,
                     charflow_write_buffer_unref)

CharflowWriteBuffer *
charflow_write_buffer_new (CharflowCharDevice *device,
                           CharflowClient     *client,
                           CharflowWriteOrigin origin,
                           gsize               capacity,
                           GBytes             *bytes)
{
  CharflowWriteBuffer *buffer;
  gboolean in_chunk = bytes == NULL && capacity > CHARFLOW_CHUNK_SIZE / 2 && capacity <= CHARFLOW_CHUNK_SIZE;
  gsize total;

  if (!g_size_checked_add (&total, sizeof *buffer, bytes == NULL && !in_chunk ? capacity : 0))
    return NULL;

  buffer = g_try_malloc (total);
  if (buffer == NULL)
    return NULL;

  memset (buffer, 0, sizeof *buffer);
  g_atomic_ref_count_init (&buffer->ref_count);
  buffer->origin = origin;
  buffer->price = client != NULL ? charflow_client_get_flow_control (client) : origin == CHARFLOW_WRITE_ORIGIN_SERVER;
  buffer->n_messages = 1;
  buffer->queue_link.data = buffer;
  buffer->client_link.data = buffer;
  buffer->has_client = client != NULL;
  buffer->client = client == NULL ? NULL : g_object_ref (client);
  buffer->attachment = client == NULL ? 0 : charflow_client_get_attachment (client);
  if (client == NULL)
    g_weak_ref_init (&buffer->device, device);
  buffer->bytes = bytes == NULL ? NULL : g_bytes_ref (bytes);
  buffer->chunk = in_chunk ? charflow_chunk_new () : NULL;
  buffer->capacity = capacity;
  buffer->size = bytes == NULL ? 0 : capacity;

  return buffer;
}

/**
 * charflow_write_buffer_ref:
 * @buffer: a buffer
 *
 * Takes a reference.
 *
 * Returns: (transfer full): the same buffer
 *
 * Since: 1.0
 */
CharflowWriteBuffer *
charflow_write_buffer_ref (CharflowWriteBuffer *buffer)
{
  g_return_val_if_fail (buffer != NULL, NULL);

  g_atomic_ref_count_inc (&buffer->ref_count);
  return buffer;
}

/* A buffer's token goes back through its client, as long as that is attached as it was, or through the
 * device itself. */
static CharflowCharDevice *
find_device (CharflowWriteBuffer *buffer)
{
  CharflowCharDevice *device;

  if (buffer->client == NULL)
    return g_weak_ref_get (&buffer->device);

  device = charflow_client_peek_device (buffer->client);
  return device == NULL ? NULL : g_object_ref (device);
}

/**
 * charflow_write_buffer_unref:
 * @buffer: (transfer full): a buffer
 *
 * Drops a reference. With the last one, a buffer that was never given to its device is released.
 *
 * Since: 1.0
 */
void
charflow_write_buffer_unref (CharflowWriteBuffer *buffer)
{
  g_return_if_fail (buffer != NULL);

  if (!g_atomic_ref_count_dec (&buffer->ref_count))
    return;

  if (!buffer->settled)
    {
      g_autoptr (CharflowCharDevice) device = find_device (buffer);

      if (device != NULL)
        charflow_char_device_settle_write_buffer (device, buffer);
    }
  if (!buffer->has_client)
    g_weak_ref_clear (&buffer->device);
  g_clear_object (&buffer->client);
  g_clear_pointer (&buffer->bytes, g_bytes_unref);
  g_clear_pointer (&buffer->framed, g_bytes_unref);
  g_clear_pointer (&buffer->chunk, charflow_chunk_free);
  g_free (buffer);
}

static guint8 *
get_memory (CharflowWriteBuffer *buffer)
{
  return buffer->chunk != NULL ? buffer->chunk : buffer->memory;
}

/**
 * charflow_write_buffer_append:
 * @buffer: a buffer
 * @data: (array length=len) (element-type guint8): bytes to copy into it
 * @len: the number of bytes
 * @error: return location for a #GError
 *
 * Appends bytes to what the buffer holds.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_FULL when there is no room for all of them, or the buffer was given to its device;
 * then none is appended.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_write_buffer_append (CharflowWriteBuffer *buffer,
                              const guint8        *data,
                              gsize                len,
                              GError             **error)
{
  g_return_val_if_fail (buffer != NULL, FALSE);
  g_return_val_if_fail (data != NULL || len == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (buffer->is_queued)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FULL,
                           _("The buffer was given to its device already"));
      return FALSE;
    }
  if (len > buffer->capacity - buffer->size)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FULL,
                   _("The buffer has room for %zu bytes more, not for %zu"),
                   buffer->capacity - buffer->size, len);
      return FALSE;
    }

  if (len > 0)
    memcpy (get_memory (buffer) + buffer->size, data, len);
  buffer->size += len;

  return TRUE;
}

/**
 * charflow_write_buffer_peek: (skip)
 * @buffer: a buffer
 * @room: (out) (optional): how many bytes have room there
 *
 * Gets the place of the next byte, to fill it and then call charflow_write_buffer_commit().
 *
 * Only C can use it; elsewhere it is charflow_write_buffer_append().
 *
 * Returns: (transfer none): the place after the last byte
 *
 * Since: 1.0
 */
guint8 *
charflow_write_buffer_peek (CharflowWriteBuffer *buffer,
                            gsize               *room)
{
  g_return_val_if_fail (buffer != NULL, NULL);
  g_return_val_if_fail (buffer->bytes == NULL, NULL);

  if (room != NULL)
    *room = buffer->capacity - buffer->size;

  return get_memory (buffer) + buffer->size;
}

/**
 * charflow_write_buffer_commit: (skip)
 * @buffer: a buffer
 * @len: how many bytes were filled in
 *
 * Makes what was filled in after charflow_write_buffer_peek() part of the message.
 *
 * Since: 1.0
 */
void
charflow_write_buffer_commit (CharflowWriteBuffer *buffer,
                              gsize                len)
{
  g_return_if_fail (buffer != NULL);
  g_return_if_fail (len <= buffer->capacity - buffer->size);

  buffer->size += len;
}

/**
 * charflow_write_buffer_copy_bytes:
 * @buffer: a buffer
 *
 * Copies what the buffer holds.
 *
 * Returns: (transfer full): its bytes
 *
 * Since: 1.0
 */
GBytes *
charflow_write_buffer_copy_bytes (CharflowWriteBuffer *buffer)
{
  g_return_val_if_fail (buffer != NULL, NULL);

  if (buffer->bytes != NULL)
    return g_bytes_ref (buffer->bytes);

  return g_bytes_new (get_memory (buffer), buffer->size);
}

/**
 * charflow_write_buffer_get_origin:
 * @buffer: a buffer
 *
 * Tells where the buffer comes from. One whose client has gone while it was half written is the server's,
 * without a token.
 *
 * Returns: its origin
 *
 * Since: 1.0
 */
CharflowWriteOrigin
charflow_write_buffer_get_origin (CharflowWriteBuffer *buffer)
{
  g_return_val_if_fail (buffer != NULL, CHARFLOW_WRITE_ORIGIN_SERVER_NO_TOKEN);

  return buffer->origin;
}

/**
 * charflow_write_buffer_get_client:
 * @buffer: a buffer
 *
 * Gets the client that the buffer was got for.
 *
 * Returns: (transfer none) (nullable): the client, or %NULL for one of the server's own
 *
 * Since: 1.0
 */
CharflowClient *
charflow_write_buffer_get_client (CharflowWriteBuffer *buffer)
{
  g_return_val_if_fail (buffer != NULL, NULL);

  return buffer->client;
}

/**
 * charflow_write_buffer_get_token_price:
 * @buffer: a buffer
 *
 * Tells how many tokens the buffer cost.
 *
 * Returns: 1; 0 where there is no flow control; more for one that holds several messages, from a saved state
 *
 * Since: 1.0
 */
guint
charflow_write_buffer_get_token_price (CharflowWriteBuffer *buffer)
{
  g_return_val_if_fail (buffer != NULL, 0);

  return buffer->price;
}

/**
 * charflow_write_buffer_get_capacity:
 * @buffer: a buffer
 *
 * Tells how many bytes the buffer can hold.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
charflow_write_buffer_get_capacity (CharflowWriteBuffer *buffer)
{
  g_return_val_if_fail (buffer != NULL, 0);

  return buffer->capacity;
}

/**
 * charflow_write_buffer_get_size:
 * @buffer: a buffer
 *
 * Tells how many bytes the buffer holds.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
charflow_write_buffer_get_size (CharflowWriteBuffer *buffer)
{
  g_return_val_if_fail (buffer != NULL, 0);

  return buffer->size;
}

const guint8 *
charflow_write_buffer_get_contents (CharflowWriteBuffer *buffer)
{
  if (buffer->framed != NULL)
    return g_bytes_get_data (buffer->framed, NULL);

  return buffer->bytes != NULL ? g_bytes_get_data (buffer->bytes, NULL) : get_memory (buffer);
}

gsize
charflow_write_buffer_get_contents_size (CharflowWriteBuffer *buffer)
{
  return buffer->framed != NULL ? g_bytes_get_size (buffer->framed) : buffer->size;
}

void
charflow_write_buffer_set_framed (CharflowWriteBuffer *buffer,
                                  GBytes              *framed)
{
  g_clear_pointer (&buffer->framed, g_bytes_unref);
  buffer->framed = framed;
}

GBytes *
charflow_write_buffer_share_contents (CharflowWriteBuffer *buffer,
                                      gsize                offset)
{
  GBytes *bytes = buffer->framed != NULL ? buffer->framed : buffer->bytes;

  /* They keep no more than the bytes where that is possible: not the buffer, and with it its client. */
  if (bytes != NULL)
    return g_bytes_new_from_bytes (bytes, offset, g_bytes_get_size (bytes) - offset);

  return g_bytes_new_with_free_func (get_memory (buffer) + offset, buffer->size - offset,
                                     (GDestroyNotify) charflow_write_buffer_unref,
                                     charflow_write_buffer_ref (buffer));
}

gboolean
charflow_write_buffer_is_valid (CharflowWriteBuffer *buffer,
                                CharflowCharDevice  *device)
{
  if (buffer->settled)
    return FALSE;
  if (buffer->client == NULL)
    return TRUE;

  return charflow_client_peek_device (buffer->client) == device &&
         charflow_client_get_attachment (buffer->client) == buffer->attachment;
}

gboolean
charflow_write_buffer_settle (CharflowWriteBuffer *buffer,
                              CharflowCharDevice  *device)
{
  gboolean valid = charflow_write_buffer_is_valid (buffer, device);

  buffer->settled = TRUE;
  return valid;
}

void
charflow_write_buffer_orphan (CharflowWriteBuffer *buffer)
{
  buffer->settled = TRUE;
  buffer->origin = CHARFLOW_WRITE_ORIGIN_SERVER_NO_TOKEN;
  buffer->price = 0;
  buffer->continues = FALSE;
  g_clear_object (&buffer->client);
}

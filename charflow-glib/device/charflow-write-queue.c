/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-write-queue-private.h"

#include "charflow-client-private.h"

/* Stands for the program itself, which writes without a client; and for a writer that has gone in the middle of a message. */
static char program, departed;

static gpointer
get_writer (CharflowWriteBuffer *buffer)
{
  return buffer->client != NULL ? (gpointer) buffer->client : &program;
}

guint
charflow_write_queue_get_length (const CharflowWriteQueue *queue)
{
  return queue->buffers.length + queue->held.length;
}

static void
put (CharflowWriteQueue  *queue,
     CharflowWriteBuffer *buffer)
{
  gboolean is_held = queue->speaker != NULL && queue->speaker != get_writer (buffer);

  buffer->is_held = is_held;
  g_queue_push_tail_link (is_held ? &queue->held : &queue->buffers, &buffer->queue_link);
  if (!is_held)
    queue->speaker = buffer->continues ? get_writer (buffer) : NULL;
}

void
charflow_write_queue_release_held (CharflowWriteQueue *queue)
{
  GList *link = queue->held.head;

  while (link != NULL)
    {
      CharflowWriteBuffer *buffer = link->data;
      GList *next = link->next;

      if (queue->speaker == NULL || queue->speaker == get_writer (buffer))
        {
          g_queue_unlink (&queue->held, link);
          put (queue, buffer);
          /* Where it ended a message, those that were passed over come first. */
          if (queue->speaker == NULL)
            next = queue->held.head;
        }
      link = next;
    }
}

static void
count_in (CharflowWriteQueue  *queue,
          CharflowWriteBuffer *buffer)
{
  buffer->is_queued = TRUE;
  if (buffer->client != NULL)
    g_queue_push_tail_link (&charflow_client_get_private (buffer->client)->buffers, &buffer->client_link);

  queue->n_bytes += charflow_write_buffer_get_contents_size (buffer);
  queue->peak_buffers = MAX (queue->peak_buffers, charflow_write_queue_get_length (queue));
  queue->peak_bytes = MAX (queue->peak_bytes, queue->n_bytes);
}

void
charflow_write_queue_push (CharflowWriteQueue  *queue,
                           CharflowWriteBuffer *buffer)
{
  put (queue, buffer);
  count_in (queue, buffer);
  if (queue->speaker == NULL)
    charflow_write_queue_release_held (queue);
}

void
charflow_write_queue_restore (CharflowWriteQueue  *queue,
                              CharflowWriteBuffer *buffer)
{
  g_queue_push_tail_link (buffer->is_held ? &queue->held : &queue->buffers, &buffer->queue_link);
  count_in (queue, buffer);
}

void
charflow_write_queue_set_speaker (CharflowWriteQueue *queue,
                                  CharflowClient     *client,
                                  gboolean            is_program)
{
  queue->speaker = is_program ? (gpointer) &program : (gpointer) client;
}

CharflowClient *
charflow_write_queue_get_blocker (const CharflowWriteQueue *queue)
{
  if (queue->held.length == 0 || queue->speaker == &program || queue->speaker == &departed)
    return NULL;

  return queue->speaker;
}

gboolean
charflow_write_queue_is_program_speaking (const CharflowWriteQueue *queue)
{
  return queue->speaker == &program;
}

gboolean
charflow_write_queue_is_in_message (const CharflowWriteQueue *queue,
                                    CharflowClient           *client)
{
  gpointer writer = client != NULL ? (gpointer) client : &program;

  if (queue->speaker == writer)
    return TRUE;

  for (GList *link = queue->held.tail; link != NULL; link = link->prev)
    if (get_writer (link->data) == writer)
      return ((CharflowWriteBuffer *) link->data)->continues;

  return FALSE;
}

void
charflow_write_queue_end_cut (CharflowWriteQueue *queue)
{
  if (queue->speaker == &departed)
    queue->speaker = NULL;
}

CharflowWriteStatus
charflow_write_queue_write (CharflowWriteQueue   *queue,
                            CharflowBackend      *backend,
                            gsize                *progress,
                            CharflowWriteBuffer **consumed,
                            GError              **error)
{
  g_autoptr (CharflowWriteBuffer) first = NULL;
  g_autoptr (GError) local_error = NULL;
  const guint8 *contents;
  gsize size;

  if (queue->buffers.length == 0)
    return CHARFLOW_WRITE_STATUS_EMPTY;

  /* Writing may emit an event, and its handler may empty the queue: this one is held meanwhile. */
  first = charflow_write_buffer_ref (queue->buffers.head->data);
  contents = charflow_write_buffer_get_contents (first);
  size = charflow_write_buffer_get_contents_size (first);
  if (queue->offset < size)
    {
      gssize n = charflow_backend_write (backend, contents + queue->offset, size - queue->offset, &local_error);

      if (n > 0)
        *progress += n;
      if (queue->buffers.length == 0 || queue->buffers.head->data != first)
        return CHARFLOW_WRITE_STATUS_BLOCKED;
      if (n < 0 && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return CHARFLOW_WRITE_STATUS_FAILED;
        }
      if (n <= 0)
        return CHARFLOW_WRITE_STATUS_BLOCKED;

      queue->offset += n;
      queue->n_bytes -= n;
      if (queue->offset < size)
        return CHARFLOW_WRITE_STATUS_PARTIAL;
    }

  *consumed = charflow_write_queue_pop (queue);
  if (first->client != NULL)
    charflow_client_get_private (first->client)->message_is_cut = first->continues;
  return CHARFLOW_WRITE_STATUS_CONSUMED;
}

static void
take_out (CharflowWriteQueue  *queue,
          CharflowWriteBuffer *buffer)
{
  gboolean is_first = queue->buffers.head == &buffer->queue_link;
  gsize written = is_first ? queue->offset : 0;

  if (is_first)
    queue->offset = 0;
  g_queue_unlink (buffer->is_held ? &queue->held : &queue->buffers, &buffer->queue_link);
  queue->n_bytes -= charflow_write_buffer_get_contents_size (buffer) - written;

  buffer->is_queued = FALSE;
  if (buffer->client != NULL)
    g_queue_unlink (&charflow_client_get_private (buffer->client)->buffers, &buffer->client_link);
}

CharflowWriteBuffer *
charflow_write_queue_pop (CharflowWriteQueue *queue)
{
  CharflowWriteBuffer *buffer = NULL;

  if (queue->buffers.length > 0)
    buffer = queue->buffers.head->data;
  else if (queue->held.length > 0)
    buffer = queue->held.head->data;
  if (buffer != NULL)
    take_out (queue, buffer);

  return buffer;
}

gboolean
charflow_write_queue_drop_client (CharflowWriteQueue *queue,
                                  CharflowClient     *client)
{
  CharflowClientPrivate *priv = charflow_client_get_private (client);
  gboolean was_begun = priv->message_is_cut;
  GList *link = priv->buffers.head;

  priv->message_is_cut = FALSE;
  while (link != NULL)
    {
      CharflowWriteBuffer *buffer = link->data;
      GList *next = link->next;

      was_begun = was_begun || buffer->was_begun ||
                  (queue->buffers.head == &buffer->queue_link && queue->offset > 0);
      if (was_begun)
        {
          g_queue_unlink (&priv->buffers, link);
          was_begun = buffer->continues;
          charflow_write_buffer_orphan (buffer);
        }
      else
        {
          take_out (queue, buffer);
          charflow_write_buffer_unref (buffer);
        }
      link = next;
    }

  if (queue->speaker == client)
    queue->speaker = was_begun ? &departed : NULL;
  return was_begun;
}

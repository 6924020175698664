/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-write-queue-private.h"

void
charflow_write_queue_push (CharflowWriteQueue  *queue,
                           CharflowWriteBuffer *buffer)
{
  g_queue_push_tail (&queue->buffers, buffer);
}

CharflowWriteStatus
charflow_write_queue_write (CharflowWriteQueue   *queue,
                            CharflowBackend      *backend,
                            CharflowWriteBuffer **consumed,
                            GError              **error)
{
  g_autoptr (CharflowWriteBuffer) first = NULL;
  g_autoptr (GError) local_error = NULL;
  gsize size;

  if (queue->buffers.length == 0)
    return CHARFLOW_WRITE_STATUS_EMPTY;

  /* Writing may emit an event, and its handler may empty the queue: this one is held meanwhile. */
  first = charflow_write_buffer_ref (queue->buffers.head->data);
  size = charflow_write_buffer_get_size (first);
  while (queue->offset < size)
    {
      gssize n = charflow_backend_write (backend,
                                         charflow_write_buffer_get_contents (first) + queue->offset,
                                         size - queue->offset,
                                         &local_error);

      if (queue->buffers.length == 0 || queue->buffers.head->data != first)
        return CHARFLOW_WRITE_STATUS_BLOCKED;
      if (n > 0)
        {
          queue->offset += n;
          continue;
        }
      if (n == 0 || g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return CHARFLOW_WRITE_STATUS_BLOCKED;

      g_propagate_error (error, g_steal_pointer (&local_error));
      return CHARFLOW_WRITE_STATUS_FAILED;
    }

  *consumed = charflow_write_queue_pop (queue);
  return CHARFLOW_WRITE_STATUS_CONSUMED;
}

CharflowWriteBuffer *
charflow_write_queue_pop (CharflowWriteQueue *queue)
{
  queue->offset = 0;
  return g_queue_pop_head (&queue->buffers);
}

void
charflow_write_queue_drop_client (CharflowWriteQueue *queue,
                                  CharflowClient     *client)
{
  GList *link = queue->buffers.head;

  while (link != NULL)
    {
      CharflowWriteBuffer *buffer = link->data;
      GList *next = link->next;

      if (charflow_write_buffer_get_client (buffer) == client)
        {
          if (link == queue->buffers.head && queue->offset > 0)
            {
              charflow_write_buffer_orphan (buffer);
            }
          else
            {
              g_queue_delete_link (&queue->buffers, link);
              charflow_write_buffer_unref (buffer);
            }
        }
      link = next;
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-write-buffer-private.h"

#include "charflow-backend.h"

G_BEGIN_DECLS

/* What waits for a back end, in order. The first buffer may be half written.
 *
 * Where a message is longer than a buffer, the messages of several writers may not be mixed: once the last buffer
 * goes on in another, its writer has the word, and the buffers of the others are held back until it has ended. */
typedef struct
{
  GQueue buffers; /* CharflowWriteBuffer, linked by themselves */
  gsize offset; /* written bytes of the first */
  GQueue held; /* the same, held back */
  gpointer speaker; /* who has the word, only to be compared; NULL when nobody has */

  guint64 n_bytes; /* unwritten, in both */
  guint peak_buffers;
  guint64 peak_bytes;
} CharflowWriteQueue;

typedef enum
{
  CHARFLOW_WRITE_STATUS_CONSUMED, /* the first buffer is through; it was popped */
  CHARFLOW_WRITE_STATUS_PARTIAL, /* the back end took a part of it, and has no more room */
  CHARFLOW_WRITE_STATUS_BLOCKED, /* the back end takes no more now */
  CHARFLOW_WRITE_STATUS_FAILED, /* the error says why; nothing was popped */
  CHARFLOW_WRITE_STATUS_EMPTY,
} CharflowWriteStatus;

/* All of them, held back or not. */
guint charflow_write_queue_get_length (const CharflowWriteQueue *queue);

/* Takes the buffer over. */
void charflow_write_queue_push (CharflowWriteQueue  *queue,
                                CharflowWriteBuffer *buffer);
/* The same for one of a saved state, which knows by itself whether it is held back; and who had the word then. */
void charflow_write_queue_restore (CharflowWriteQueue  *queue,
                                   CharflowWriteBuffer *buffer);
void charflow_write_queue_set_speaker (CharflowWriteQueue *queue,
                                       CharflowClient     *client,
                                       gboolean            is_program);
/* The client whose message the others wait for, or NULL. */
CharflowClient *charflow_write_queue_get_blocker (const CharflowWriteQueue *queue);
gboolean charflow_write_queue_is_program_speaking (const CharflowWriteQueue *queue);
/* Whether this writer, NULL for the program, has begun a message here, or is about to, and not ended it. */
gboolean charflow_write_queue_is_in_message (const CharflowWriteQueue *queue,
                                             CharflowClient           *client);
/* After the speaker has gone: the others go on. */
void charflow_write_queue_release_held (CharflowWriteQueue *queue);
/* After charflow_write_queue_drop_client() left a message without its end: from now on something may be written again. */
void charflow_write_queue_end_cut (CharflowWriteQueue *queue);

/* Has the back end write of the first buffer once; @progress grows by what it took. The consumed one is the caller's. */
CharflowWriteStatus charflow_write_queue_write (CharflowWriteQueue   *queue,
                                                CharflowBackend      *backend,
                                                gsize                *progress,
                                                CharflowWriteBuffer **consumed,
                                                GError              **error);

/* Takes the first buffer out, half written or not, and when there is none the first of those held back; NULL when there
 * is none at all. */
CharflowWriteBuffer *charflow_write_queue_pop (CharflowWriteQueue *queue);

/* Drops the buffers of a client that the device has seen nothing of. The rest of a message that it has seen the
 * beginning of goes on as nobody's. TRUE when the end of that message is not there, and never comes: then all others are
 * held back until charflow_write_queue_end_cut(), so that something may be put in its place. */
gboolean charflow_write_queue_drop_client (CharflowWriteQueue *queue,
                                           CharflowClient     *client);

G_END_DECLS

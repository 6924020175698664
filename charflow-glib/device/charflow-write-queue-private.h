/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-write-buffer-private.h"

#include "charflow-backend.h"

G_BEGIN_DECLS

/* What waits for a back end, in order. The first buffer may be half written. */
typedef struct
{
  GQueue buffers; /* CharflowWriteBuffer */
  gsize offset; /* written bytes of the first */
} CharflowWriteQueue;

typedef enum
{
  CHARFLOW_WRITE_STATUS_CONSUMED, /* the first buffer is through; it was popped */
  CHARFLOW_WRITE_STATUS_BLOCKED, /* the back end takes no more now */
  CHARFLOW_WRITE_STATUS_FAILED, /* the error says why; nothing was popped */
  CHARFLOW_WRITE_STATUS_EMPTY,
} CharflowWriteStatus;

/* Takes the buffer over. */
void charflow_write_queue_push (CharflowWriteQueue  *queue,
                                CharflowWriteBuffer *buffer);

/* Writes the first buffer as far as the back end takes it. The consumed one is the caller's. */
CharflowWriteStatus charflow_write_queue_write (CharflowWriteQueue   *queue,
                                                CharflowBackend      *backend,
                                                CharflowWriteBuffer **consumed,
                                                GError              **error);

/* Takes the first buffer out, half written or not; NULL when there is none. */
CharflowWriteBuffer *charflow_write_queue_pop (CharflowWriteQueue *queue);

/* Drops the unstarted buffers of a client; a half-written one goes on as nobody's. */
void charflow_write_queue_drop_client (CharflowWriteQueue *queue,
                                       CharflowClient     *client);

G_END_DECLS

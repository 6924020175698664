/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-write-buffer.h"

G_BEGIN_DECLS

struct _CharflowWriteBuffer
{
  gatomicrefcount ref_count;
  CharflowWriteOrigin origin;
  guint price; /* in tokens */
  guint n_messages; /* several in one that was restored, where SPICE's layout has them in one piece */

  gboolean settled;
  gboolean has_client; /* or had one, when it was got */
  guint attachment; /* of the client, when it was got */
  CharflowClient *client;
  GWeakRef device; /* used where there is no client */

  GBytes *bytes; /* what it was made around, or NULL */
  GBytes *framed; /* what the device gets in its place, or NULL */
  guint8 *chunk; /* where a large one is filled, or NULL */
  gsize capacity;
  gsize size;

  /* In a queue. */
  gboolean is_queued;
  gboolean is_held;
  gboolean continues; /* its message goes on in the writer's next buffer */
  gboolean was_begun; /* the device has had what comes before it in its message */
  GList queue_link;
  GList client_link; /* among those of its client */

  guint8 memory[]; /* where a small one is filled */
};

/* Makes a buffer with room for @capacity bytes, or, when @bytes is given, around these with no copy.
 * NULL when there is no memory: a peer may have asked for it. */
CharflowWriteBuffer *charflow_write_buffer_new (CharflowCharDevice *device,
                                                CharflowClient     *client,
                                                CharflowWriteOrigin origin,
                                                gsize               capacity,
                                                GBytes             *bytes);

/* What the device gets, and how much that is. */
const guint8 *charflow_write_buffer_get_contents (CharflowWriteBuffer *buffer);
gsize charflow_write_buffer_get_contents_size (CharflowWriteBuffer *buffer);

/* Takes over what the device gets in place of what the buffer holds. */
void charflow_write_buffer_set_framed (CharflowWriteBuffer *buffer,
                                       GBytes              *framed);

/* What the device gets from @offset on, without a copy: it may keep the buffer. */
GBytes *charflow_write_buffer_share_contents (CharflowWriteBuffer *buffer,
                                              gsize                offset);

/* Whether it still counts: it was not settled, and its client is attached as it was when it was got. */
gboolean charflow_write_buffer_is_valid (CharflowWriteBuffer *buffer,
                                         CharflowCharDevice  *device);

/* Whether what it cost is to go back now. Asked once; afterwards nobody is owed anything. */
gboolean charflow_write_buffer_settle (CharflowWriteBuffer *buffer,
                                       CharflowCharDevice  *device);

/* Makes it nobody's: its client has gone, and it goes on to the device by itself. */
void charflow_write_buffer_orphan (CharflowWriteBuffer *buffer);

G_END_DECLS

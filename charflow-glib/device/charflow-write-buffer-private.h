/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-write-buffer.h"

G_BEGIN_DECLS

/* Makes a buffer with room for @capacity bytes, or, when @bytes is given, around these with no copy.
 * NULL when there is no memory: a peer may have asked for it. */
CharflowWriteBuffer *charflow_write_buffer_new (CharflowCharDevice *device,
                                                CharflowClient     *client,
                                                CharflowWriteOrigin origin,
                                                gsize               capacity,
                                                GBytes             *bytes);

const guint8 *charflow_write_buffer_get_contents (CharflowWriteBuffer *buffer);

/* Whether it still counts: it was not settled, and its client is attached as it was when it was got. */
gboolean charflow_write_buffer_is_valid (CharflowWriteBuffer *buffer,
                                         CharflowCharDevice  *device);

/* Whether what it cost is to go back now. Asked once; afterwards nobody is owed anything. */
gboolean charflow_write_buffer_settle (CharflowWriteBuffer *buffer,
                                       CharflowCharDevice  *device);

/* Makes it nobody's: its client has gone, and it goes on to the device by itself. */
void charflow_write_buffer_orphan (CharflowWriteBuffer *buffer);

G_END_DECLS

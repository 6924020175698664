/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Memory for one read, which may become a message without being copied. A few free chunks are kept for the
 * next reads: otherwise each message would give its memory back to the system, and the next one fault it in
 * again, which costs more than the read itself. */
#define CHARFLOW_CHUNK_SIZE (64 * 1024)

guint8 *charflow_chunk_new (void);
void charflow_chunk_free (gpointer chunk);

/* The first @size bytes of a chunk as a message; the chunk goes with it. */
GBytes *charflow_chunk_to_bytes (guint8 *chunk,
                                 gsize   size);

G_END_DECLS

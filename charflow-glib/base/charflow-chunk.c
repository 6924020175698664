/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-chunk-private.h"

/* 512 KiB at most for the whole process. */
#define MAX_FREE_CHUNKS 8

/* Messages may be dropped in any thread. */
static GMutex mutex;
static gpointer free_chunks[MAX_FREE_CHUNKS];
static guint n_free_chunks;

guint8 *
charflow_chunk_new (void)
{
  guint8 *chunk = NULL;

  g_mutex_lock (&mutex);
  if (n_free_chunks > 0)
    chunk = free_chunks[--n_free_chunks];
  g_mutex_unlock (&mutex);

  return chunk != NULL ? chunk : g_malloc (CHARFLOW_CHUNK_SIZE);
}

void
charflow_chunk_free (gpointer chunk)
{
  if (chunk == NULL)
    return;

  g_mutex_lock (&mutex);
  if (n_free_chunks < MAX_FREE_CHUNKS)
    free_chunks[n_free_chunks++] = g_steal_pointer (&chunk);
  g_mutex_unlock (&mutex);

  g_free (chunk);
}

GBytes *
charflow_chunk_to_bytes (guint8 *chunk,
                         gsize   size)
{
  return g_bytes_new_with_free_func (chunk, size, charflow_chunk_free, chunk);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backlog-private.h"

#include <string.h>

struct _CharflowBacklog
{
  gsize max_size;
  CharflowBackendOverflow overflow;
  guint8 *ring; /* of max_size bytes; NULL while it was not needed */
  gsize start; /* of the oldest byte */
  gsize stored;
  guint64 lost_bytes;
};

CharflowBacklog *
charflow_backlog_new (gsize                   max_size,
                      CharflowBackendOverflow overflow)
{
  CharflowBacklog *self = g_new0 (CharflowBacklog, 1);

  self->max_size = max_size;
  self->overflow = overflow;

  return self;
}

void
charflow_backlog_free (CharflowBacklog *self)
{
  g_free (self->ring);
  g_free (self);
}

/* Where there is no memory for it, it is one that keeps nothing. */
static gsize
get_capacity (CharflowBacklog *self)
{
  if (self->ring == NULL && self->max_size > 0)
    self->ring = g_try_malloc (self->max_size);

  return self->ring == NULL ? 0 : self->max_size;
}

/* Of at most so many bytes as there is room for; those that wrap are in two pieces. */
static void
store (CharflowBacklog *self,
       const guint8    *data,
       gsize            size)
{
  gsize to_edge;
  gsize end;
  gsize first;

  if (size == 0)
    return;

  to_edge = self->max_size - self->start;
  end = self->stored < to_edge ? self->start + self->stored : self->stored - to_edge;
  first = MIN (size, self->max_size - end);
  memcpy (self->ring + end, data, first);
  memcpy (self->ring, data + first, size - first);
  self->stored += size;
}

/* Of more than there may be, only the end stays. */
static void
replace_oldest (CharflowBacklog *self,
                const guint8    *data,
                gsize            size)
{
  gsize capacity = get_capacity (self);
  gsize kept = MIN (size, capacity);
  gsize room = capacity - self->stored;

  self->lost_bytes += size - kept;
  if (kept > room)
    {
      self->lost_bytes += kept - room;
      charflow_backlog_skip (self, kept - room);
    }
  store (self, data + (size - kept), kept);
}

gsize
charflow_backlog_add (CharflowBacklog *self,
                      const guint8    *data,
                      gsize            size)
{
  gsize kept;

  if (self->overflow == CHARFLOW_BACKEND_OVERFLOW_DROP_OLD)
    {
      replace_oldest (self, data, size);
      return size;
    }

  kept = MIN (size, get_capacity (self) - self->stored);
  store (self, data, kept);
  if (self->overflow == CHARFLOW_BACKEND_OVERFLOW_BLOCK)
    return kept;

  self->lost_bytes += size - kept;
  return size;
}

const guint8 *
charflow_backlog_peek (CharflowBacklog *self,
                       gsize           *size)
{
  *size = MIN (self->stored, self->max_size - self->start);
  return self->stored == 0 ? NULL : self->ring + self->start;
}

void
charflow_backlog_skip (CharflowBacklog *self,
                       gsize            size)
{
  gsize to_edge = self->max_size - self->start;

  g_assert (size <= self->stored);

  self->start = size < to_edge ? self->start + size : size - to_edge;
  self->stored -= size;
}

gsize
charflow_backlog_get_stored (CharflowBacklog *self)
{
  return self->stored;
}

guint64
charflow_backlog_get_lost_bytes (CharflowBacklog *self)
{
  return self->lost_bytes;
}

gboolean
charflow_backlog_takes_bytes (CharflowBacklog *self)
{
  return self->max_size > 0 || self->overflow != CHARFLOW_BACKEND_OVERFLOW_BLOCK;
}

void
charflow_backlog_clear (CharflowBacklog *self)
{
  self->start = 0;
  self->stored = 0;
  self->lost_bytes = 0;
}

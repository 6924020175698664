/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backlog-private.h"

#include "charflow-ring-private.h"

struct _CharflowBacklog
{
  gsize max_size;
  CharflowBackendOverflow overflow;
  CharflowRing *ring; /* NULL while it was not needed */
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
  g_clear_pointer (&self->ring, charflow_ring_free);
  g_free (self);
}

/* Without memory for it, nothing is kept. */
static gboolean
ensure_ring (CharflowBacklog *self)
{
  if (self->ring == NULL && self->max_size > 0)
    self->ring = charflow_ring_new (self->max_size);

  return self->ring != NULL;
}

/* Of more than there may be, only the end stays. */
static void
replace_oldest (CharflowBacklog *self,
                const guint8    *data,
                gsize            size)
{
  gsize kept = MIN (size, self->max_size);
  gsize room = charflow_ring_get_room (self->ring);

  self->lost_bytes += size - kept;
  if (kept > room)
    {
      self->lost_bytes += kept - room;
      charflow_ring_drop (self->ring, kept - room);
    }
  charflow_ring_put (self->ring, data + (size - kept), kept);
}

gsize
charflow_backlog_add (CharflowBacklog *self,
                      const guint8    *data,
                      gsize            size)
{
  gboolean has_ring = ensure_ring (self);
  gsize kept = 0;

  if (has_ring && self->overflow == CHARFLOW_BACKEND_OVERFLOW_DROP_OLD)
    {
      replace_oldest (self, data, size);
      return size;
    }

  if (has_ring)
    {
      kept = MIN (size, charflow_ring_get_room (self->ring));
      charflow_ring_put (self->ring, data, kept);
    }
  if (self->overflow == CHARFLOW_BACKEND_OVERFLOW_BLOCK)
    return kept;

  self->lost_bytes += size - kept;
  return size;
}

gsize
charflow_backlog_peek (CharflowBacklog *self,
                       guint8          *buffer,
                       gsize            size)
{
  gsize len = MIN (size, charflow_backlog_get_stored (self));

  if (len > 0)
    charflow_ring_peek (self->ring, buffer, len);

  return len;
}

void
charflow_backlog_skip (CharflowBacklog *self,
                       gsize            size)
{
  if (size > 0)
    charflow_ring_drop (self->ring, size);
}

gsize
charflow_backlog_get_stored (CharflowBacklog *self)
{
  return self->ring == NULL ? 0 : charflow_ring_get_stored (self->ring);
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
  g_clear_pointer (&self->ring, charflow_ring_free);
  self->lost_bytes = 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-ring-private.h"

#include <string.h>

struct _CharflowRing
{
  guint8 *data;
  gsize size;
  gsize start; /* of the oldest byte */
  gsize stored;
};

CharflowRing *
charflow_ring_new (gsize size)
{
  guint8 *data = g_try_malloc (size);
  CharflowRing *self;

  if (data == NULL)
    return NULL;

  self = g_new0 (CharflowRing, 1);
  self->data = data;
  self->size = size;

  return self;
}

void
charflow_ring_free (CharflowRing *self)
{
  g_free (self->data);
  g_free (self);
}

gsize
charflow_ring_get_stored (const CharflowRing *self)
{
  return self->stored;
}

gsize
charflow_ring_get_room (const CharflowRing *self)
{
  return self->size - self->stored;
}

/* The place @len bytes after the oldest one; @len is at most the size. */
static gsize
get_place (const CharflowRing *self,
           gsize               len)
{
  gsize left = self->size - self->start;

  return len < left ? self->start + len : len - left;
}

/* Bytes that wrap are in two pieces. */
void
charflow_ring_put (CharflowRing *self,
                   const guint8 *data,
                   gsize         len)
{
  gsize end = get_place (self, self->stored);
  gsize first = MIN (len, self->size - end);

  g_assert (len <= charflow_ring_get_room (self));

  memcpy (self->data + end, data, first);
  memcpy (self->data, data + first, len - first);
  self->stored += len;
}

void
charflow_ring_peek (const CharflowRing *self,
                    guint8             *buffer,
                    gsize               len)
{
  gsize first = MIN (len, self->size - self->start);

  g_assert (len <= self->stored);

  memcpy (buffer, self->data + self->start, first);
  memcpy (buffer + first, self->data, len - first);
}

void
charflow_ring_drop (CharflowRing *self,
                    gsize         len)
{
  g_assert (len <= self->stored);

  self->start = get_place (self, len);
  self->stored -= len;
}

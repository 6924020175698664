/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes in the order they came, at most a fixed number of them. */
typedef struct _CharflowRing CharflowRing;

/* NULL when there is no memory for @size bytes, of which there is at least 1. */
CharflowRing *charflow_ring_new (gsize size);
void charflow_ring_free (CharflowRing *self);

gsize charflow_ring_get_stored (const CharflowRing *self);
gsize charflow_ring_get_room (const CharflowRing *self);

/* Adds @len bytes, for which there is room. */
void charflow_ring_put (CharflowRing *self,
                        const guint8 *data,
                        gsize         len);
/* Copies the oldest @len bytes, which are there, and leaves them. */
void charflow_ring_peek (const CharflowRing *self,
                         guint8             *buffer,
                         gsize               len);
/* Forgets the oldest @len bytes, which are there. */
void charflow_ring_drop (CharflowRing *self,
                         gsize         len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowRing, charflow_ring_free)

G_END_DECLS

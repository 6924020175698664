/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-mux-backend.h"

G_BEGIN_DECLS

/* The back end that one front end of a multiplexer has. */
#define CHARFLOW_TYPE_MUX_SLOT (charflow_mux_slot_get_type ())
G_DECLARE_FINAL_TYPE (CharflowMuxSlot, charflow_mux_slot, CHARFLOW, MUX_SLOT, CharflowBackend)

/* Holds at most @size bytes that its front end has not read; NULL when there is no memory for them. */
CharflowMuxSlot *charflow_mux_slot_new (CharflowMuxBackend *mux,
                                        gsize               size);

/* Ends the opening that is under way, if there is one: successfully, unless there is @error. */
void charflow_mux_slot_end_opening (CharflowMuxSlot *self,
                                    const GError    *error);

/* Only who listens can have the focus, and holds up the others' input; there may be none. */
gboolean charflow_mux_slot_is_listening (CharflowMuxSlot *self);

/* For how many bytes there is room, and what has come for its front end; there is room for it. */
gsize charflow_mux_slot_get_room (CharflowMuxSlot *self);
void charflow_mux_slot_put (CharflowMuxSlot *self,
                            const guint8    *data,
                            gsize            len);
/* Forgets what its front end has not read. */
void charflow_mux_slot_discard (CharflowMuxSlot *self);

/* Whether the other side is there. The front end is told that it has gone after it has read what came before. */
void charflow_mux_slot_set_opened (CharflowMuxSlot *self,
                                   gboolean         opened);

/* Wakes who waits to write, or lets them wait. */
void charflow_mux_slot_set_writable (CharflowMuxSlot *self,
                                     gboolean         writable);

gboolean charflow_mux_slot_get_front_end_open (CharflowMuxSlot *self);

G_END_DECLS

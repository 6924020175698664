/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-backend.h"

G_BEGIN_DECLS

/* What a multiplexer writes to its base: what the front ends write, with a stamp before each line where that is wanted, and
 * text of its own in between. */
typedef struct _CharflowMuxOutput CharflowMuxOutput;

CharflowMuxOutput *charflow_mux_output_new (void);
void charflow_mux_output_free (CharflowMuxOutput *self);

/* For another other side: forgets the text that waits, and is in no line. */
void charflow_mux_output_reset (CharflowMuxOutput *self);

/* The first stamp after they are switched on is the zero of those to come. */
void charflow_mux_output_set_timestamps (CharflowMuxOutput *self,
                                         gboolean           timestamps);

/* Text that is written before all that the front ends write from now on. Nothing is added while much waits already. */
void charflow_mux_output_add_text (CharflowMuxOutput *self,
                                   const char        *text);
gboolean charflow_mux_output_has_text (CharflowMuxOutput *self);

/* Whether the base is being written to, so that nobody else can write now. */
gboolean charflow_mux_output_is_writing (CharflowMuxOutput *self);

/* Writes the text that waits; FALSE with an error when some still does. */
gboolean charflow_mux_output_flush (CharflowMuxOutput *self,
                                    CharflowBackend   *base,
                                    GError           **error);

/* Writes as charflow_backend_write() does; only bytes of @data count. */
gssize charflow_mux_output_write (CharflowMuxOutput *self,
                                  CharflowBackend   *base,
                                  const guint8      *data,
                                  gsize              size,
                                  GError           **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowMuxOutput, charflow_mux_output_free)

G_END_DECLS

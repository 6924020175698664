/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-codec-private.h"

G_BEGIN_DECLS

/* What the two halves of a CharflowLayerStream have in common: the base, the codec, and what waits between them. */
typedef struct _CharflowLayer CharflowLayer;

typedef enum
{
  CHARFLOW_LAYER_READABLE,
  CHARFLOW_LAYER_WRITABLE,
  CHARFLOW_LAYER_FLUSHED,
} CharflowLayerCondition;

CharflowLayer *charflow_layer_new (GIOStream     *base,
                                   CharflowCodec *codec);
CharflowLayer *charflow_layer_ref (CharflowLayer *self);
void charflow_layer_unref (CharflowLayer *self);

GIOStream *charflow_layer_get_base (CharflowLayer *self);
CharflowCodec *charflow_layer_get_codec (CharflowLayer *self);

/* As those of a pollable stream. */
gssize charflow_layer_read (CharflowLayer *self,
                            void          *buffer,
                            gsize          size,
                            GError       **error);
gssize charflow_layer_write (CharflowLayer *self,
                             const void    *buffer,
                             gsize          size,
                             GError       **error);
gboolean charflow_layer_send (CharflowLayer *self,
                              const guint8  *data,
                              gsize          size,
                              GError       **error);

/* Fails with G_IO_ERROR_WOULD_BLOCK while something waits to be sent. */
gboolean charflow_layer_flush (CharflowLayer *self,
                               GError       **error);

gboolean charflow_layer_check (CharflowLayer         *self,
                               CharflowLayerCondition condition);
/* Is ready while the condition holds, and now and then when it does not; dispatched to a GSourceFunc. */
GSource *charflow_layer_create_source (CharflowLayer         *self,
                                       CharflowLayerCondition condition);

/* Sends the last words, and forgets the rest; the base is still open. */
void charflow_layer_close (CharflowLayer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowLayer, charflow_layer_unref)

/* The halves. */
#define CHARFLOW_TYPE_LAYER_INPUT_STREAM (charflow_layer_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (CharflowLayerInputStream, charflow_layer_input_stream, CHARFLOW, LAYER_INPUT_STREAM, GInputStream)

#define CHARFLOW_TYPE_LAYER_OUTPUT_STREAM (charflow_layer_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (CharflowLayerOutputStream, charflow_layer_output_stream, CHARFLOW, LAYER_OUTPUT_STREAM, GOutputStream)

GInputStream *charflow_layer_input_stream_new (CharflowLayer *layer);
GOutputStream *charflow_layer_output_stream_new (CharflowLayer *layer);

G_END_DECLS

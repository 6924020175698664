/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-layer-private.h"

struct _CharflowLayerInputStream
{
  GInputStream parent_instance;

  CharflowLayer *layer;
};

static void charflow_layer_input_stream_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CharflowLayerInputStream, charflow_layer_input_stream, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      charflow_layer_input_stream_pollable_init))

/* Waiting would have to run the context that sends the replies. */
static gssize
charflow_layer_input_stream_read (GInputStream *stream,
                                  void         *buffer,
                                  gsize         count,
                                  GCancellable *cancellable,
                                  GError      **error)
{
  return charflow_layer_read (CHARFLOW_LAYER_INPUT_STREAM (stream)->layer, buffer, count, error);
}

static gboolean
charflow_layer_input_stream_is_readable (GPollableInputStream *stream)
{
  return charflow_layer_check (CHARFLOW_LAYER_INPUT_STREAM (stream)->layer, CHARFLOW_LAYER_READABLE);
}

static GSource *
charflow_layer_input_stream_create_source (GPollableInputStream *stream,
                                           GCancellable         *cancellable)
{
  g_autoptr (GSource) child =
    charflow_layer_create_source (CHARFLOW_LAYER_INPUT_STREAM (stream)->layer, CHARFLOW_LAYER_READABLE);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static gssize
charflow_layer_input_stream_read_nonblocking (GPollableInputStream *stream,
                                              void                 *buffer,
                                              gsize                 count,
                                              GError              **error)
{
  return charflow_layer_read (CHARFLOW_LAYER_INPUT_STREAM (stream)->layer, buffer, count, error);
}

static void
charflow_layer_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = charflow_layer_input_stream_is_readable;
  iface->create_source = charflow_layer_input_stream_create_source;
  iface->read_nonblocking = charflow_layer_input_stream_read_nonblocking;
}

static void
charflow_layer_input_stream_finalize (GObject *object)
{
  g_clear_pointer (&CHARFLOW_LAYER_INPUT_STREAM (object)->layer, charflow_layer_unref);
  G_OBJECT_CLASS (charflow_layer_input_stream_parent_class)->finalize (object);
}

static void
charflow_layer_input_stream_class_init (CharflowLayerInputStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = charflow_layer_input_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = charflow_layer_input_stream_read;
}

static void
charflow_layer_input_stream_init (CharflowLayerInputStream *self)
{
}

GInputStream *
charflow_layer_input_stream_new (CharflowLayer *layer)
{
  CharflowLayerInputStream *self = g_object_new (CHARFLOW_TYPE_LAYER_INPUT_STREAM, NULL);

  self->layer = charflow_layer_ref (layer);
  return G_INPUT_STREAM (self);
}

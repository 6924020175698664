/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-layer-stream-private.h"

#include "charflow-layer-private.h"

struct _CharflowLayerStream
{
  GIOStream parent_instance;

  CharflowLayer *layer;
  GInputStream *input;
  GOutputStream *output;
};

G_DEFINE_FINAL_TYPE (CharflowLayerStream, charflow_layer_stream, G_TYPE_IO_STREAM)

static GInputStream *
charflow_layer_stream_get_input_stream (GIOStream *stream)
{
  return CHARFLOW_LAYER_STREAM (stream)->input;
}

static GOutputStream *
charflow_layer_stream_get_output_stream (GIOStream *stream)
{
  return CHARFLOW_LAYER_STREAM (stream)->output;
}

static gboolean
charflow_layer_stream_close (GIOStream    *stream,
                             GCancellable *cancellable,
                             GError      **error)
{
  CharflowLayerStream *self = CHARFLOW_LAYER_STREAM (stream);

  charflow_layer_close (self->layer);
  return g_io_stream_close (charflow_layer_get_base (self->layer), cancellable, error);
}

static void
closed_cb (GObject      *base,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_io_stream_close_finish (G_IO_STREAM (base), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
charflow_layer_stream_close_async (GIOStream          *stream,
                                   int                 io_priority,
                                   GCancellable       *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer            user_data)
{
  CharflowLayerStream *self = CHARFLOW_LAYER_STREAM (stream);
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, charflow_layer_stream_close_async);
  g_task_set_priority (task, io_priority);
  charflow_layer_close (self->layer);
  g_io_stream_close_async (charflow_layer_get_base (self->layer), io_priority, cancellable, closed_cb, task);
}

static gboolean
charflow_layer_stream_close_finish (GIOStream    *stream,
                                    GAsyncResult *result,
                                    GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
charflow_layer_stream_finalize (GObject *object)
{
  CharflowLayerStream *self = CHARFLOW_LAYER_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_pointer (&self->layer, charflow_layer_unref);
  G_OBJECT_CLASS (charflow_layer_stream_parent_class)->finalize (object);
}

static void
charflow_layer_stream_class_init (CharflowLayerStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = charflow_layer_stream_finalize;
  stream_class->get_input_stream = charflow_layer_stream_get_input_stream;
  stream_class->get_output_stream = charflow_layer_stream_get_output_stream;
  stream_class->close_fn = charflow_layer_stream_close;
  stream_class->close_async = charflow_layer_stream_close_async;
  stream_class->close_finish = charflow_layer_stream_close_finish;
}

static void
charflow_layer_stream_init (CharflowLayerStream *self)
{
}

CharflowLayerStream *
charflow_layer_stream_new (GIOStream     *base,
                           CharflowCodec *codec)
{
  CharflowLayerStream *self = g_object_new (CHARFLOW_TYPE_LAYER_STREAM, NULL);

  self->layer = charflow_layer_new (base, codec);
  self->input = charflow_layer_input_stream_new (self->layer);
  self->output = charflow_layer_output_stream_new (self->layer);

  return self;
}

GIOStream *
charflow_layer_stream_get_base (CharflowLayerStream *self)
{
  return charflow_layer_get_base (self->layer);
}

CharflowCodec *
charflow_layer_stream_get_codec (CharflowLayerStream *self)
{
  return charflow_layer_get_codec (self->layer);
}

gboolean
charflow_layer_stream_send (CharflowLayerStream *self,
                            const guint8        *data,
                            gsize                size,
                            GError             **error)
{
  return charflow_layer_send (self->layer, data, size, error);
}

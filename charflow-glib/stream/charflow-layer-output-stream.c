/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-layer-private.h"

struct _CharflowLayerOutputStream
{
  GOutputStream parent_instance;

  CharflowLayer *layer;
};

static void charflow_layer_output_stream_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CharflowLayerOutputStream, charflow_layer_output_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      charflow_layer_output_stream_pollable_init))

static gssize
charflow_layer_output_stream_write (GOutputStream *stream,
                                    const void    *buffer,
                                    gsize          count,
                                    GCancellable  *cancellable,
                                    GError       **error)
{
  return charflow_layer_write (CHARFLOW_LAYER_OUTPUT_STREAM (stream)->layer, buffer, count, error);
}

static gboolean
flush_cb (GObject *stream,
          gpointer user_data)
{
  GTask *task = user_data;
  g_autoptr (GError) error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;

  if (charflow_layer_flush (CHARFLOW_LAYER_OUTPUT_STREAM (stream)->layer, &error))
    g_task_return_boolean (task, TRUE);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  else
    g_task_return_error (task, g_steal_pointer (&error));

  return G_SOURCE_REMOVE;
}

static void
charflow_layer_output_stream_flush_async (GOutputStream      *stream,
                                          int                 io_priority,
                                          GCancellable       *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  g_autoptr (GSource) child =
    charflow_layer_create_source (CHARFLOW_LAYER_OUTPUT_STREAM (stream)->layer, CHARFLOW_LAYER_FLUSHED);
  g_autoptr (GSource) source = g_pollable_source_new_full (stream, child, cancellable);

  g_task_set_source_tag (task, charflow_layer_output_stream_flush_async);
  g_task_set_priority (task, io_priority);
  g_task_attach_source (task, source, G_SOURCE_FUNC (flush_cb));
}

static gboolean
charflow_layer_output_stream_flush_finish (GOutputStream *stream,
                                           GAsyncResult  *result,
                                           GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
charflow_layer_output_stream_is_writable (GPollableOutputStream *stream)
{
  return charflow_layer_check (CHARFLOW_LAYER_OUTPUT_STREAM (stream)->layer, CHARFLOW_LAYER_WRITABLE);
}

static GSource *
charflow_layer_output_stream_create_source (GPollableOutputStream *stream,
                                            GCancellable          *cancellable)
{
  g_autoptr (GSource) child =
    charflow_layer_create_source (CHARFLOW_LAYER_OUTPUT_STREAM (stream)->layer, CHARFLOW_LAYER_WRITABLE);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static gssize
charflow_layer_output_stream_write_nonblocking (GPollableOutputStream *stream,
                                                const void            *buffer,
                                                gsize                  count,
                                                GError               **error)
{
  return charflow_layer_write (CHARFLOW_LAYER_OUTPUT_STREAM (stream)->layer, buffer, count, error);
}

static void
charflow_layer_output_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = charflow_layer_output_stream_is_writable;
  iface->create_source = charflow_layer_output_stream_create_source;
  iface->write_nonblocking = charflow_layer_output_stream_write_nonblocking;
}

static void
charflow_layer_output_stream_finalize (GObject *object)
{
  g_clear_pointer (&CHARFLOW_LAYER_OUTPUT_STREAM (object)->layer, charflow_layer_unref);
  G_OBJECT_CLASS (charflow_layer_output_stream_parent_class)->finalize (object);
}

static void
charflow_layer_output_stream_class_init (CharflowLayerOutputStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = charflow_layer_output_stream_finalize;
  stream_class->write_fn = charflow_layer_output_stream_write;
  stream_class->flush_async = charflow_layer_output_stream_flush_async;
  stream_class->flush_finish = charflow_layer_output_stream_flush_finish;
}

static void
charflow_layer_output_stream_init (CharflowLayerOutputStream *self)
{
}

GOutputStream *
charflow_layer_output_stream_new (CharflowLayer *layer)
{
  CharflowLayerOutputStream *self = g_object_new (CHARFLOW_TYPE_LAYER_OUTPUT_STREAM, NULL);

  self->layer = charflow_layer_ref (layer);
  return G_OUTPUT_STREAM (self);
}

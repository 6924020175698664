/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-port-stream-private.h"

#include "charflow-client-channel.h"

struct _CharflowPortStream
{
  GIOStream parent_instance;

  CharflowClientPortChannel *port;
  GInputStream *input;
  GOutputStream *output;
  gboolean disposing;
};

G_DEFINE_FINAL_TYPE (CharflowPortStream, charflow_port_stream, G_TYPE_IO_STREAM)

static GInputStream *
charflow_port_stream_get_input_stream (GIOStream *stream)
{
  return CHARFLOW_PORT_STREAM (stream)->input;
}

static GOutputStream *
charflow_port_stream_get_output_stream (GIOStream *stream)
{
  return CHARFLOW_PORT_STREAM (stream)->output;
}

static gboolean
charflow_port_stream_close (GIOStream    *stream,
                            GCancellable *cancellable,
                            GError      **error)
{
  CharflowPortStream *self = CHARFLOW_PORT_STREAM (stream);

  if (!self->disposing)
    charflow_client_channel_close (CHARFLOW_CLIENT_CHANNEL (self->port));
  return TRUE;
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (charflow_client_channel_close_finish (CHARFLOW_CLIENT_CHANNEL (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
charflow_port_stream_close_async (GIOStream          *stream,
                                  int                 io_priority,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, charflow_port_stream_close_async);
  g_task_set_priority (task, io_priority);
  charflow_client_channel_close_async (CHARFLOW_CLIENT_CHANNEL (CHARFLOW_PORT_STREAM (stream)->port), cancellable,
                                       closed_cb, task);
}

static gboolean
charflow_port_stream_close_finish (GIOStream    *stream,
                                   GAsyncResult *result,
                                   GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* A stream that is just dropped is closed by its base class; the channel stays open, and its stream can be
 * got again. */
static void
charflow_port_stream_dispose (GObject *object)
{
  CHARFLOW_PORT_STREAM (object)->disposing = TRUE;
  G_OBJECT_CLASS (charflow_port_stream_parent_class)->dispose (object);
}

static void
charflow_port_stream_finalize (GObject *object)
{
  CharflowPortStream *self = CHARFLOW_PORT_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_object (&self->port);
  G_OBJECT_CLASS (charflow_port_stream_parent_class)->finalize (object);
}

static void
charflow_port_stream_class_init (CharflowPortStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = charflow_port_stream_dispose;
  G_OBJECT_CLASS (klass)->finalize = charflow_port_stream_finalize;
  stream_class->get_input_stream = charflow_port_stream_get_input_stream;
  stream_class->get_output_stream = charflow_port_stream_get_output_stream;
  stream_class->close_fn = charflow_port_stream_close;
  stream_class->close_async = charflow_port_stream_close_async;
  stream_class->close_finish = charflow_port_stream_close_finish;
}

static void
charflow_port_stream_init (CharflowPortStream *self)
{
}

GIOStream *
charflow_port_stream_new (CharflowClientPortChannel *port)
{
  CharflowPortStream *self = g_object_new (CHARFLOW_TYPE_PORT_STREAM, NULL);

  self->port = g_object_ref (port);
  self->input = charflow_port_input_stream_new (port);
  self->output = charflow_port_output_stream_new (port);

  return G_IO_STREAM (self);
}

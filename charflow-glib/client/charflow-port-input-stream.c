/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-port-stream-private.h"

#include "charflow-client-port-channel-private.h"

struct _CharflowPortInputStream
{
  GInputStream parent_instance;

  CharflowClientPortChannel *port;
};

static void charflow_port_input_stream_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CharflowPortInputStream, charflow_port_input_stream, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      charflow_port_input_stream_pollable_init))

/* A blocking read would have to run the very loop that feeds it; it gets what is there. */
static gssize
charflow_port_input_stream_read (GInputStream *stream,
                                 void         *buffer,
                                 gsize         count,
                                 GCancellable *cancellable,
                                 GError      **error)
{
  return charflow_client_port_channel_read (CHARFLOW_PORT_INPUT_STREAM (stream)->port, buffer, count, error);
}

static gboolean
charflow_port_input_stream_is_readable (GPollableInputStream *stream)
{
  return charflow_client_port_channel_is_readable (CHARFLOW_PORT_INPUT_STREAM (stream)->port);
}

static GSource *
charflow_port_input_stream_create_source (GPollableInputStream *stream,
                                          GCancellable         *cancellable)
{
  g_autoptr (GSource) child =
    charflow_client_port_channel_create_source (CHARFLOW_PORT_INPUT_STREAM (stream)->port, FALSE);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static gssize
charflow_port_input_stream_read_nonblocking (GPollableInputStream *stream,
                                             void                 *buffer,
                                             gsize                 count,
                                             GError              **error)
{
  return charflow_client_port_channel_read (CHARFLOW_PORT_INPUT_STREAM (stream)->port, buffer, count, error);
}

static void
charflow_port_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = charflow_port_input_stream_is_readable;
  iface->create_source = charflow_port_input_stream_create_source;
  iface->read_nonblocking = charflow_port_input_stream_read_nonblocking;
}

static void
charflow_port_input_stream_finalize (GObject *object)
{
  g_clear_object (&CHARFLOW_PORT_INPUT_STREAM (object)->port);
  G_OBJECT_CLASS (charflow_port_input_stream_parent_class)->finalize (object);
}

static void
charflow_port_input_stream_class_init (CharflowPortInputStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = charflow_port_input_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = charflow_port_input_stream_read;
}

static void
charflow_port_input_stream_init (CharflowPortInputStream *self)
{
}

GInputStream *
charflow_port_input_stream_new (CharflowClientPortChannel *port)
{
  CharflowPortInputStream *self = g_object_new (CHARFLOW_TYPE_PORT_INPUT_STREAM, NULL);

  self->port = g_object_ref (port);
  return G_INPUT_STREAM (self);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-port-stream-private.h"

#include "charflow-client-port-channel-private.h"

struct _CharflowPortOutputStream
{
  GOutputStream parent_instance;

  CharflowClientPortChannel *port;
};

static void charflow_port_output_stream_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CharflowPortOutputStream, charflow_port_output_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      charflow_port_output_stream_pollable_init))

static gssize
charflow_port_output_stream_write (GOutputStream *stream,
                                   const void    *buffer,
                                   gsize          count,
                                   GCancellable  *cancellable,
                                   GError       **error)
{
  return charflow_client_port_channel_write (CHARFLOW_PORT_OUTPUT_STREAM (stream)->port, buffer, count, error);
}

static gboolean
charflow_port_output_stream_is_writable (GPollableOutputStream *stream)
{
  return charflow_client_port_channel_is_writable (CHARFLOW_PORT_OUTPUT_STREAM (stream)->port);
}

static GSource *
charflow_port_output_stream_create_source (GPollableOutputStream *stream,
                                           GCancellable          *cancellable)
{
  g_autoptr (GSource) child =
    charflow_client_port_channel_create_source (CHARFLOW_PORT_OUTPUT_STREAM (stream)->port, TRUE);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static gssize
charflow_port_output_stream_write_nonblocking (GPollableOutputStream *stream,
                                               const void            *buffer,
                                               gsize                  count,
                                               GError               **error)
{
  return charflow_client_port_channel_write (CHARFLOW_PORT_OUTPUT_STREAM (stream)->port, buffer, count, error);
}

static void
charflow_port_output_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = charflow_port_output_stream_is_writable;
  iface->create_source = charflow_port_output_stream_create_source;
  iface->write_nonblocking = charflow_port_output_stream_write_nonblocking;
}

static void
charflow_port_output_stream_finalize (GObject *object)
{
  g_clear_object (&CHARFLOW_PORT_OUTPUT_STREAM (object)->port);
  G_OBJECT_CLASS (charflow_port_output_stream_parent_class)->finalize (object);
}

static void
charflow_port_output_stream_class_init (CharflowPortOutputStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = charflow_port_output_stream_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = charflow_port_output_stream_write;
}

static void
charflow_port_output_stream_init (CharflowPortOutputStream *self)
{
}

GOutputStream *
charflow_port_output_stream_new (CharflowClientPortChannel *port)
{
  CharflowPortOutputStream *self = g_object_new (CHARFLOW_TYPE_PORT_OUTPUT_STREAM, NULL);

  self->port = g_object_ref (port);
  return G_OUTPUT_STREAM (self);
}

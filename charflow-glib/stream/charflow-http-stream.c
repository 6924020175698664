/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-http-stream-private.h"

#include <string.h>

#include "charflow-stream-util-private.h"

struct _CharflowHttpStream
{
  GIOStream parent_instance;

  GIOStream *base;
  CharflowHttpInputStream *checked;
  GInputStream *input; /* that, or the base's own once that has nothing to add */
  GBytes *last_words;
};

G_DEFINE_FINAL_TYPE (CharflowHttpStream, charflow_http_stream, G_TYPE_IO_STREAM)

static GInputStream *
charflow_http_stream_get_input_stream (GIOStream *stream)
{
  return CHARFLOW_HTTP_STREAM (stream)->input;
}

static GOutputStream *
charflow_http_stream_get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (CHARFLOW_HTTP_STREAM (stream)->base);
}

static gboolean
charflow_http_stream_close (GIOStream    *stream,
                            GCancellable *cancellable,
                            GError      **error)
{
  CharflowHttpStream *self = CHARFLOW_HTTP_STREAM (stream);

  const GError *fault = charflow_http_stream_get_fault (self);

  if (g_error_matches (fault, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE))
    charflow_http_stream_set_last_words (self, "431 Request Header Fields Too Large");
  else if (g_error_matches (fault, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    charflow_http_stream_set_last_words (self, "400 Bad Request");
  charflow_stream_linger (self->base, self->last_words);
  return TRUE;
}

/* The one of the base class would close in a thread. */
static void
charflow_http_stream_close_async (GIOStream          *stream,
                                  int                 io_priority,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, charflow_http_stream_close_async);
  g_task_set_priority (task, io_priority);
  g_task_return_boolean (task, charflow_http_stream_close (stream, cancellable, NULL));
}

static gboolean
charflow_http_stream_close_finish (GIOStream    *stream,
                                   GAsyncResult *result,
                                   GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
charflow_http_stream_finalize (GObject *object)
{
  CharflowHttpStream *self = CHARFLOW_HTTP_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->checked);
  g_clear_object (&self->base);
  g_clear_pointer (&self->last_words, g_bytes_unref);
  G_OBJECT_CLASS (charflow_http_stream_parent_class)->finalize (object);
}

static void
charflow_http_stream_class_init (CharflowHttpStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = charflow_http_stream_finalize;
  stream_class->get_input_stream = charflow_http_stream_get_input_stream;
  stream_class->get_output_stream = charflow_http_stream_get_output_stream;
  stream_class->close_fn = charflow_http_stream_close;
  stream_class->close_async = charflow_http_stream_close_async;
  stream_class->close_finish = charflow_http_stream_close_finish;
}

static void
charflow_http_stream_init (CharflowHttpStream *self)
{
}

CharflowHttpStream *
charflow_http_stream_new (GIOStream *base)
{
  CharflowHttpStream *self = g_object_new (CHARFLOW_TYPE_HTTP_STREAM, NULL);

  self->base = g_object_ref (base);
  self->input = charflow_http_input_stream_new (g_io_stream_get_input_stream (base));
  self->checked = g_object_ref (CHARFLOW_HTTP_INPUT_STREAM (self->input));
  return self;
}

const GError *
charflow_http_stream_get_fault (CharflowHttpStream *self)
{
  return charflow_http_input_stream_get_fault (self->checked);
}

void
charflow_http_stream_set_last_words (CharflowHttpStream *self,
                                     const char         *status)
{
  g_autofree char *words = g_strdup_printf ("HTTP/1.1 %s\r\n"
                                            "Connection: close\r\n"
                                            "Content-Length: 0\r\n"
                                            "\r\n",
                                            status);

  g_clear_pointer (&self->last_words, g_bytes_unref);
  self->last_words = g_bytes_new (words, strlen (words));
}

void
charflow_http_stream_upgrade (CharflowHttpStream *self)
{
  if (!charflow_http_input_stream_upgrade (self->checked))
    g_set_object (&self->input, g_io_stream_get_input_stream (self->base));
}

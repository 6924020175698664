/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-stream-util-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-enums.h"

/* For so long a peer may go on sending after the last words. */
#define LINGER_MS 1000
#define LINGER_READ_SIZE 4096

void
charflow_stream_shutdown_output (GIOStream *stream)
{
  if (G_IS_SOCKET_CONNECTION (stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), FALSE, TRUE, NULL);
}

struct _CharflowDeadline
{
  GCancellable *inner;
  GCancellable *outer;
  gulong outer_handler;
  GSource *timer;
  gboolean has_passed;
};

static gboolean
deadline_cb (gpointer user_data)
{
  CharflowDeadline *deadline = user_data;

  deadline->has_passed = TRUE;
  g_cancellable_cancel (deadline->inner);
  return G_SOURCE_REMOVE;
}

/* A callback of its own: g_cancellable_connect() passes the outer one first. */
static void
outer_cancelled_cb (GCancellable *outer,
                    GCancellable *inner)
{
  g_cancellable_cancel (inner);
}

CharflowDeadline *
charflow_deadline_new (guint         timeout_ms,
                       GCancellable *cancellable)
{
  CharflowDeadline *deadline = g_new0 (CharflowDeadline, 1);

  deadline->inner = g_cancellable_new ();
  deadline->timer = g_timeout_source_new (timeout_ms);
  g_source_set_callback (deadline->timer, deadline_cb, deadline, NULL);
  g_source_attach (deadline->timer, g_main_context_get_thread_default ());
  if (cancellable != NULL)
    {
      deadline->outer = g_object_ref (cancellable);
      deadline->outer_handler = g_cancellable_connect (cancellable, G_CALLBACK (outer_cancelled_cb),
                                                       g_object_ref (deadline->inner), g_object_unref);
    }

  return deadline;
}

GCancellable *
charflow_deadline_get_cancellable (CharflowDeadline *deadline)
{
  return deadline->inner;
}

gboolean
charflow_deadline_has_passed (CharflowDeadline *deadline)
{
  return deadline->has_passed;
}

void
charflow_deadline_free (CharflowDeadline *deadline)
{
  /* There is no handler when it was cancelled from the start. */
  if (deadline->outer_handler != 0)
    g_signal_handler_disconnect (deadline->outer, deadline->outer_handler);
  g_clear_object (&deadline->outer);
  g_source_destroy (deadline->timer);
  g_source_unref (deadline->timer);
  g_object_unref (deadline->inner);
  g_free (deadline);
}

static void
read_all_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  gsize wanted = GPOINTER_TO_SIZE (g_task_get_task_data (task));
  gsize size;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &size, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (size < wanted)
    g_task_return_new_error (task, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CLOSED,
                             _("The peer closed the connection after %zu of %zu bytes"),
                             size, wanted);
  else
    g_task_return_boolean (task, TRUE);
}

void
charflow_stream_read_async (GIOStream          *stream,
                            guint8             *buffer,
                            gsize               size,
                            GCancellable       *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, charflow_stream_read_async);
  g_task_set_task_data (task, GSIZE_TO_POINTER (size), NULL);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (stream), buffer, size,
                                 G_PRIORITY_DEFAULT, cancellable, read_all_cb, task);
}

static void
write_all_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
charflow_stream_write_async (GIOStream          *stream,
                             GBytes             *bytes,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_task_set_source_tag (task, charflow_stream_write_async);
  g_task_set_task_data (task, g_bytes_ref (bytes), (GDestroyNotify) g_bytes_unref);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream), data, size,
                                   G_PRIORITY_DEFAULT, cancellable, write_all_cb, task);
}

gboolean
charflow_stream_finish (GIOStream    *stream,
                        GAsyncResult *result,
                        GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

typedef struct
{
  GIOStream *stream;
  CharflowDeadline *deadline;
  guint8 waste[LINGER_READ_SIZE];
} Lingering;

static void
end_lingering (Lingering *lingering)
{
  g_io_stream_close (lingering->stream, NULL, NULL);
  g_object_unref (lingering->stream);
  charflow_deadline_free (lingering->deadline);
  g_free (lingering);
}

static void
lingering_read_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Lingering *lingering = user_data;
  gssize size = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (size <= 0)
    {
      end_lingering (lingering);
      return;
    }

  g_input_stream_read_async (G_INPUT_STREAM (source), lingering->waste, sizeof lingering->waste,
                             G_PRIORITY_LOW, charflow_deadline_get_cancellable (lingering->deadline),
                             lingering_read_cb, lingering);
}

static void
linger (Lingering *lingering)
{
  charflow_stream_shutdown_output (lingering->stream);
  g_input_stream_read_async (g_io_stream_get_input_stream (lingering->stream),
                             lingering->waste, sizeof lingering->waste,
                             G_PRIORITY_LOW, charflow_deadline_get_cancellable (lingering->deadline),
                             lingering_read_cb, lingering);
}

static void
output_closed_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, NULL);
  linger (user_data);
}

static void
last_words_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Lingering *lingering = user_data;

  if (!charflow_stream_finish (lingering->stream, result, NULL))
    {
      end_lingering (lingering);
      return;
    }

  /* TLS has an end of its own to tell. */
  if (G_IS_TLS_CONNECTION (lingering->stream))
    g_output_stream_close_async (g_io_stream_get_output_stream (lingering->stream), G_PRIORITY_DEFAULT,
                                 charflow_deadline_get_cancellable (lingering->deadline), output_closed_cb, lingering);
  else
    linger (lingering);
}

void
charflow_stream_linger (GIOStream *stream,
                        GBytes    *last_words)
{
  Lingering *lingering = g_new0 (Lingering, 1);
  g_autoptr (GBytes) words = last_words == NULL ? g_bytes_new (NULL, 0) : g_bytes_ref (last_words);

  lingering->stream = g_object_ref (stream);
  lingering->deadline = charflow_deadline_new (LINGER_MS, NULL);
  charflow_stream_write_async (stream, words, charflow_deadline_get_cancellable (lingering->deadline),
                               last_words_cb, lingering);
}

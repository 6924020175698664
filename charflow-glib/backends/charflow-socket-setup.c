/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-setup-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-layer-stream-private.h"
#include "charflow-plain-codec-private.h"
#include "charflow-stream-util-private.h"
#include "charflow-websocket-handshake-private.h"

typedef struct
{
  GSocket *socket;
  CharflowSocketTls *tls;
  CharflowSocketLine *line;
  gboolean websocket;
  char *ws_path;
  guint timeout_ms;
  gint64 end_time;
  CharflowDeadline *deadline;
  GIOStream *stream; /* the layers so far */
} Setup;

static void
setup_free (Setup *setup)
{
  g_object_unref (setup->socket);
  g_clear_pointer (&setup->tls, charflow_socket_tls_unref);
  g_free (setup->ws_path);
  charflow_deadline_free (setup->deadline);
  g_clear_object (&setup->stream);
  g_free (setup);
}

/* What runs the loop need not have made our context the default of its thread. */
static void
linger (GTask *task)
{
  Setup *setup = g_task_get_task_data (task);
  GMainContext *context = g_task_get_context (task);

  g_main_context_push_thread_default (context);
  charflow_stream_linger (setup->stream, NULL);
  g_main_context_pop_thread_default (context);
}

/* Ends with @error, which it takes; the task too. */
static void
fail (GTask  *task,
      GError *error)
{
  Setup *setup = g_task_get_task_data (task);
  gboolean cancelled = g_task_return_error_if_cancelled (task);

  if (!cancelled && charflow_deadline_has_passed (setup->deadline))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                             _("The peer was not ready after %u ms"), setup->timeout_ms);
  else if (!cancelled)
    g_task_return_error (task, g_steal_pointer (&error));

  g_clear_error (&error);
  g_object_unref (task);
}

/* Begins the next step. Whoever cancelled may be gone, and the line with them. */
static void
go_on (GTask *task,
       void (*step) (GTask *task))
{
  GMainContext *context = g_task_get_context (task);

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      fail (task, NULL);
      return;
    }

  g_main_context_push_thread_default (context);
  step (task);
  g_main_context_pop_thread_default (context);
}

static void
succeed (GTask *task)
{
  Setup *setup = g_task_get_task_data (task);

  /* TLS alone does not say what it has decrypted. */
  if (!CHARFLOW_IS_LAYER_STREAM (setup->stream))
    {
      g_autoptr (GIOStream) base = g_steal_pointer (&setup->stream);

      setup->stream = G_IO_STREAM (charflow_layer_stream_new (base, charflow_plain_codec_new ()));
    }

  g_task_return_pointer (task, g_steal_pointer (&setup->stream), g_object_unref);
  g_object_unref (task);
}

static void
flushed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  if (g_output_stream_flush_finish (G_OUTPUT_STREAM (source), result, &error))
    go_on (task, succeed);
  else
    fail (task, error);
}

static void
start_telnet (GTask *task)
{
  Setup *setup = g_task_get_task_data (task);
  g_autoptr (GIOStream) base = NULL;

  if (setup->line == NULL)
    {
      succeed (task);
      return;
    }

  base = g_steal_pointer (&setup->stream);
  setup->stream = G_IO_STREAM (charflow_socket_line_start (setup->line, base));
  g_output_stream_flush_async (g_io_stream_get_output_stream (setup->stream), G_PRIORITY_DEFAULT,
                               charflow_deadline_get_cancellable (setup->deadline), flushed_cb, task);
}

static void
upgraded_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GTask *task = user_data;
  Setup *setup = g_task_get_task_data (task);
  GError *error = NULL;
  GIOStream *websocket = charflow_websocket_accept_finish (G_IO_STREAM (source), result, &error);

  g_clear_object (&setup->stream);
  setup->stream = websocket;
  if (websocket != NULL)
    go_on (task, start_telnet);
  else
    fail (task, error);
}

static void
start_websocket (GTask *task)
{
  Setup *setup = g_task_get_task_data (task);
  gint64 left_ms = (setup->end_time - g_get_monotonic_time ()) / 1000;
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GSocketAddress) remote = NULL;

  if (!setup->websocket)
    {
      start_telnet (task);
      return;
    }

  /* Not by the deadline: this one tells the peer that its time is over. */
  local = g_socket_get_local_address (setup->socket, NULL);
  remote = g_socket_get_remote_address (setup->socket, NULL);
  charflow_websocket_accept_async (setup->stream, local, remote, setup->ws_path, NULL, (guint) MAX (left_ms, 1),
                                   g_task_get_cancellable (task), upgraded_cb, task);
}

static void
shaken_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  Setup *setup = g_task_get_task_data (task);
  GTlsConnection *connection = G_TLS_CONNECTION (source);
  GError *error = NULL;

  if (g_tls_connection_handshake_finish (connection, result, &error) &&
      charflow_socket_tls_check_peer (setup->tls, connection, &error))
    {
      go_on (task, start_websocket);
      return;
    }

  charflow_socket_tls_explain (connection, &error);
  /* The peer is to read the alert, or that this is the end. */
  if (!g_cancellable_is_cancelled (charflow_deadline_get_cancellable (setup->deadline)))
    linger (task);
  fail (task, error);
}

static void
start_tls (GTask *task)
{
  Setup *setup = g_task_get_task_data (task);
  g_autoptr (GIOStream) base = NULL;
  GError *error = NULL;

  if (setup->tls == NULL)
    {
      start_websocket (task);
      return;
    }

  base = g_steal_pointer (&setup->stream);
  setup->stream = charflow_socket_tls_wrap (setup->tls, base, &error);
  if (setup->stream == NULL)
    fail (task, error);
  else
    g_tls_connection_handshake_async (G_TLS_CONNECTION (setup->stream), G_PRIORITY_DEFAULT,
                                      charflow_deadline_get_cancellable (setup->deadline), shaken_cb, task);
}

void
charflow_socket_setup_async (GSocket                    *socket,
                             const CharflowSocketConfig *config,
                             CharflowSocketTls          *tls,
                             CharflowSocketLine         *line,
                             GCancellable               *cancellable,
                             GAsyncReadyCallback         callback,
                             gpointer                    user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Setup *setup = g_new0 (Setup, 1);

  g_task_set_source_tag (task, charflow_socket_setup_async);
  g_task_set_task_data (task, setup, (GDestroyNotify) setup_free);
  setup->socket = g_object_ref (socket);
  setup->tls = tls != NULL ? charflow_socket_tls_ref (tls) : NULL;
  setup->line = line;
  setup->websocket = config->websocket;
  setup->ws_path = g_strdup (config->ws_path);
  setup->timeout_ms = config->handshake_timeout_ms;
  setup->end_time = g_get_monotonic_time () + (gint64) setup->timeout_ms * 1000;
  setup->deadline = charflow_deadline_new (setup->timeout_ms, cancellable);
  setup->stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));

  start_tls (task);
}

GIOStream *
charflow_socket_setup_finish (GAsyncResult *result,
                              GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

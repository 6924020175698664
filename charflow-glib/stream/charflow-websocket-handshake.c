/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-websocket-handshake-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charflow-layer-stream-private.h"
#include "charflow-source-private.h"
#include "charflow-stream-util-private.h"
#include "charflow-text-private.h"
#include "charflow-websocket-codec-private.h"

/* RFC 6455, section 4.4. */
#define VERSION "13"

typedef struct
{
  CharflowHttpStream *connection;
  CharflowWebsocketUpgraded upgraded;
  gpointer user_data;
  GDestroyNotify destroy;
} Upgrade;

static void
upgrade_free (Upgrade *upgrade)
{
  if (upgrade->destroy != NULL)
    upgrade->destroy (upgrade->user_data);
  g_object_unref (upgrade->connection);
  g_free (upgrade);
}

static void
wrote_informational_cb (SoupServerMessage *message,
                        Upgrade           *upgrade)
{
  g_autoptr (SoupServerMessage) guard = g_object_ref (message);
  g_autoptr (GIOStream) stolen = soup_server_message_steal_connection (message);
  g_autoptr (CharflowLayerStream) stream = NULL;

  if (stolen == NULL)
    return;

  /* What libsoup made of the connection holds nothing that came on it: it was shown the request only. */
  g_clear_object (&stolen);
  charflow_http_stream_upgrade (upgrade->connection);
  stream = charflow_layer_stream_new (G_IO_STREAM (upgrade->connection),
                                      charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_SERVER));
  upgrade->upgraded (G_IO_STREAM (stream), upgrade->user_data);
}

static void
refuse (SoupServerMessage *message,
        guint              status)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_server_message_set_status (message, status, NULL);
  soup_message_headers_replace (headers, "Connection", "close");
  if (status == SOUP_STATUS_BAD_REQUEST)
    soup_message_headers_replace (headers, "Sec-WebSocket-Version", VERSION);
}

static gboolean
check_request (SoupServerMessage *message,
               const char *const *protocols,
               GError           **error)
{
  g_autoptr (GError) fault = NULL;

  if (soup_server_message_get_http_version (message) != SOUP_HTTP_1_1)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("The WebSocket request is not of HTTP 1.1"));
      return FALSE;
    }

  if (!soup_websocket_server_check_handshake (message, NULL, (char **) protocols, NULL, &fault))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("The WebSocket request is not right: %s"), fault->message);
      return FALSE;
    }

  return TRUE;
}

gboolean
charflow_websocket_upgrade (SoupServerMessage        *message,
                            CharflowHttpStream       *connection,
                            const char *const        *protocols,
                            CharflowWebsocketUpgraded upgraded,
                            gpointer                  user_data,
                            GDestroyNotify            destroy,
                            GError                  **error)
{
  Upgrade *upgrade = g_new0 (Upgrade, 1);

  upgrade->connection = g_object_ref (connection);
  upgrade->upgraded = upgraded;
  upgrade->user_data = user_data;
  upgrade->destroy = destroy;

  if (!check_request (message, protocols, error))
    {
      refuse (message, SOUP_STATUS_BAD_REQUEST);
      upgrade_free (upgrade);
      return FALSE;
    }

  /* No extensions: a message that is inflated would have no bound. */
  soup_websocket_server_process_handshake (message, NULL, (char **) protocols, NULL, NULL);
  g_signal_connect_data (message, "wrote-informational", G_CALLBACK (wrote_informational_cb), upgrade,
                         (GClosureNotify) (GCallback) upgrade_free, 0);
  return TRUE;
}

typedef struct
{
  char *path;
  char **protocols;
  CharflowHttpStream *connection;
  SoupServer *server;
  gulong started_handler;
  SoupServerMessage *message;
  gulong disconnected_handler;
  CharflowDeadline *deadline;
  GSource *interruption; /* by the deadline, or who asked for all this */
  GSource *end;
  GIOStream *websocket; /* the success */
  GError *error;
} Accept;

static void
accept_free (Accept *accept)
{
  charflow_clear_source (&accept->interruption);
  charflow_clear_source (&accept->end);
  if (accept->message != NULL)
    g_clear_signal_handler (&accept->disconnected_handler, accept->message);
  g_clear_signal_handler (&accept->started_handler, accept->server);
  g_clear_object (&accept->message);
  g_clear_object (&accept->server);
  g_clear_object (&accept->connection);
  g_clear_object (&accept->websocket);
  g_clear_error (&accept->error);
  charflow_deadline_free (accept->deadline);
  g_strfreev (accept->protocols);
  g_free (accept->path);
  g_free (accept);
}

static gboolean
has_answered (Accept *accept)
{
  return accept->message != NULL && soup_server_message_get_status (accept->message) != SOUP_STATUS_NONE;
}

static GError *
build_error (Accept *accept)
{
  const GError *fault = charflow_http_stream_get_fault (accept->connection);
  guint status;

  if (accept->error != NULL)
    return g_steal_pointer (&accept->error);
  if (charflow_deadline_has_passed (accept->deadline))
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The WebSocket request did not come in time"));
  if (fault != NULL)
    return g_error_copy (fault);

  /* libsoup has its own opinion of a request that it cannot parse, and of a connection that it cannot write to. */
  status = soup_server_message_get_status (accept->message);
  if (status == SOUP_STATUS_INTERNAL_SERVER_ERROR)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _("Could not answer the WebSocket request: %s"),
                        soup_server_message_get_reason_phrase (accept->message));
  return g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("The HTTP request was refused: %u %s"), status,
                      soup_status_get_phrase (status));
}

static gboolean
end_cb (gpointer user_data)
{
  GTask *task = user_data;
  Accept *accept = g_task_get_task_data (task);

  charflow_clear_source (&accept->end);
  if (accept->websocket != NULL)
    g_task_return_pointer (task, g_steal_pointer (&accept->websocket), g_object_unref);
  else if (!g_task_return_error_if_cancelled (task))
    g_task_return_error (task, build_error (accept));
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

/* Not from within libsoup, whose server goes with the task. */
static void
end_later (GTask *task)
{
  Accept *accept = g_task_get_task_data (task);

  if (accept->end != NULL)
    return;

  accept->end = g_timeout_source_new (0);
  g_source_set_callback (accept->end, end_cb, task, NULL);
  g_source_attach (accept->end, g_task_get_context (task));
}

static void
request_started_cb (SoupServer        *server,
                    SoupServerMessage *message,
                    GTask             *task)
{
  Accept *accept = g_task_get_task_data (task);

  if (accept->message != NULL)
    return;

  accept->message = g_object_ref (message);
  accept->disconnected_handler = g_signal_connect_swapped (message, "disconnected", G_CALLBACK (end_later), task);
}

static void
upgraded_cb (GIOStream *stream,
             gpointer   user_data)
{
  Accept *accept = g_task_get_task_data (user_data);

  accept->websocket = g_object_ref (stream);
  end_later (user_data);
}

static void
request_cb (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  Accept *accept = g_task_get_task_data (user_data);

  if (strcmp (path, accept->path) != 0)
    {
      g_autofree char *excerpt = charflow_text_excerpt (path);

      refuse (message, SOUP_STATUS_NOT_FOUND);
      g_set_error (&accept->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("The WebSocket request is for '%s' and not for '%s'"),
                   excerpt, accept->path);
      return;
    }

  charflow_websocket_upgrade (message, accept->connection, (const char *const *) accept->protocols, upgraded_cb, user_data,
                              NULL, &accept->error);
}

static gboolean
interrupted_cb (GCancellable *cancellable,
                gpointer      user_data)
{
  GTask *task = user_data;
  Accept *accept = g_task_get_task_data (task);

  if (charflow_deadline_has_passed (accept->deadline) && !has_answered (accept))
    charflow_http_stream_set_last_words (accept->connection, "408 Request Timeout");
  soup_server_disconnect (accept->server);
  end_later (task);
  return G_SOURCE_REMOVE;
}

/* libsoup takes any address for one of the Internet, when a request names no host. */
static GSocketAddress *
get_inet_address (GSocketAddress *address)
{
  if (G_IS_INET_SOCKET_ADDRESS (address))
    return g_object_ref (address);
  return g_inet_socket_address_new_from_string ("127.0.0.1", 0);
}

static Accept *
accept_new (GIOStream         *stream,
            const char        *path,
            const char *const *protocols,
            guint              timeout_ms,
            GCancellable      *cancellable)
{
  static const char *const binary[] = { "binary", NULL };
  Accept *accept = g_new0 (Accept, 1);

  accept->path = g_strdup (path != NULL ? path : "/");
  accept->protocols = g_strdupv ((char **) (protocols != NULL ? protocols : binary));
  accept->connection = charflow_http_stream_new (stream);
  accept->server = g_object_new (SOUP_TYPE_SERVER, NULL);
  accept->deadline = charflow_deadline_new (timeout_ms, cancellable);
  accept->interruption = g_cancellable_source_new (charflow_deadline_get_cancellable (accept->deadline));
  return accept;
}

void
charflow_websocket_accept_async (GIOStream          *stream,
                                 GSocketAddress     *local_address,
                                 GSocketAddress     *remote_address,
                                 const char         *path,
                                 const char *const  *protocols,
                                 guint               timeout_ms,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);
  Accept *accept = accept_new (stream, path, protocols, timeout_ms, cancellable);
  g_autoptr (GSocketAddress) local = get_inet_address (local_address);
  g_autoptr (GSocketAddress) remote = get_inet_address (remote_address);

  g_task_set_source_tag (task, charflow_websocket_accept_async);
  g_task_set_task_data (task, accept, (GDestroyNotify) accept_free);
  g_source_set_callback (accept->interruption, G_SOURCE_FUNC (interrupted_cb), task, NULL);
  g_source_attach (accept->interruption, g_task_get_context (task));

  accept->started_handler = g_signal_connect (accept->server, "request-started", G_CALLBACK (request_started_cb), task);
  soup_server_add_handler (accept->server, NULL, request_cb, task, NULL);
  /* It reads at once what is there, so the end may be on its way now. */
  soup_server_accept_iostream (accept->server, G_IO_STREAM (accept->connection), local, remote, NULL);
}

GIOStream *
charflow_websocket_accept_finish (GIOStream    *stream,
                                  GAsyncResult *result,
                                  GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

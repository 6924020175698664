/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-listener-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-socket-util-private.h"
#include "charflow-source-private.h"

/* Enough for a crowd that comes at once: what does not fit has to try again. */
#define BACKLOG 128
/* So many peers are taken before other sources of the main context get their turn. */
#define MAX_ACCEPTS_PER_TURN 16
/* A process without a free descriptor looks again after this time, in case somebody else freed one. */
#define RETRY_MS 1000

struct _CharflowListener
{
  GSocket *socket;
  CharflowUnixPath *unix_path;
  GMainContext *context;
  GSource *source;
  GSource *retry;
  char *uri;
  CharflowListenerFunc callback;
  gpointer user_data;
};

static gboolean
retry_cb (gpointer user_data)
{
  charflow_listener_resume (user_data);
  return G_SOURCE_REMOVE;
}

/* Without a free descriptor the socket stays readable for ever: it is left alone until there may be one. */
static void
pause_listening (CharflowListener *listener)
{
  charflow_clear_source (&listener->source);
  charflow_clear_source (&listener->retry);
  listener->retry = g_timeout_source_new (RETRY_MS);
  g_source_set_callback (listener->retry, retry_cb, listener, NULL);
  g_source_attach (listener->retry, listener->context);
}

static gboolean
accept_cb (GSocket     *socket,
           GIOCondition condition,
           gpointer     user_data)
{
  CharflowListener *listener = user_data;

  for (guint i = 0; i < MAX_ACCEPTS_PER_TURN; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocket) peer = g_socket_accept (socket, NULL, &error);

      if (peer != NULL)
        {
          g_socket_set_blocking (peer, FALSE);
          listener->callback (listener, peer, listener->user_data);
          /* The callback may have ended the listener. */
          if (g_source_is_destroyed (g_main_current_source ()))
            return G_SOURCE_REMOVE;
          continue;
        }
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES) ||
          g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
        {
          pause_listening (listener);
          return G_SOURCE_REMOVE;
        }
      /* Others are of one peer that has gone already, or mean that none is left. */
      return G_SOURCE_CONTINUE;
    }

  return G_SOURCE_CONTINUE;
}

void
charflow_listener_resume (CharflowListener *listener)
{
  if (listener->source != NULL)
    return;

  charflow_clear_source (&listener->retry);
  listener->source = g_socket_create_source (listener->socket, G_IO_IN, NULL);
  g_source_set_callback (listener->source, G_SOURCE_FUNC (accept_cb), listener, NULL);
  g_source_attach (listener->source, listener->context);
}

static GSocket *
listen_tcp (const CharflowUri *uri,
            GError           **error)
{
  g_autoptr (GInetAddress) host = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  const char *text = g_strcmp0 (uri->host, "localhost") == 0 ? "127.0.0.1" : uri->host;

  /* A name would have to be looked up, and may mean several addresses: a listener is given exactly one. */
  host = g_inet_address_new_from_string (text);
  if (host == NULL)
    {
      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_HOST,
                   _("'%s' is no address to listen on; give one such as 127.0.0.1, 0.0.0.0 or [::1]"), text);
      return NULL;
    }

  address = g_inet_socket_address_new (host, uri->port);
  return charflow_socket_listen (address, CHARFLOW_SOCKET_BOTH_FAMILIES, BACKLOG, error);
}

static gboolean
name_listener (CharflowListener  *listener,
               const CharflowUri *uri,
               GError           **error)
{
  CharflowUri real = *uri;

  if (uri->transport == CHARFLOW_TRANSPORT_TCP)
    {
      g_autoptr (GSocketAddress) address = g_socket_get_local_address (listener->socket, error);

      if (address == NULL)
        return FALSE;
      real.port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
    }

  listener->uri = charflow_uri_to_string (&real);
  return TRUE;
}

CharflowListener *
charflow_listener_new (const CharflowUri   *uri,
                       CharflowListenerFunc callback,
                       gpointer             user_data,
                       GError             **error)
{
  g_autoptr (CharflowListener) listener = g_new0 (CharflowListener, 1);

  listener->context = g_main_context_ref_thread_default ();
  listener->callback = callback;
  listener->user_data = user_data;
  switch (uri->transport)
    {
    case CHARFLOW_TRANSPORT_TCP:
      listener->socket = listen_tcp (uri, error);
      break;
    case CHARFLOW_TRANSPORT_UNIX:
      listener->socket = charflow_socket_listen_unix (uri->path, CHARFLOW_SOCKET_MODE_BY_UMASK, BACKLOG, &listener->unix_path, error);
      break;
    case CHARFLOW_TRANSPORT_TLS:
    default:
      g_set_error_literal (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_SCHEME,
                           _("TLS listeners (spice+tls) are not supported yet"));
      break;
    }
  if (listener->socket == NULL || !name_listener (listener, uri, error))
    return NULL;

  charflow_listener_resume (listener);
  return g_steal_pointer (&listener);
}

void
charflow_listener_free (CharflowListener *listener)
{
  charflow_clear_source (&listener->source);
  charflow_clear_source (&listener->retry);
  if (listener->socket != NULL)
    g_socket_close (listener->socket, NULL);
  g_clear_object (&listener->socket);
  g_clear_pointer (&listener->unix_path, charflow_unix_path_free);
  g_clear_pointer (&listener->context, g_main_context_unref);
  g_free (listener->uri);
  g_free (listener);
}

const char *
charflow_listener_get_uri (CharflowListener *listener)
{
  return listener->uri;
}

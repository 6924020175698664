/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-backend-private.h"

#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "charflow-backend-private.h"
#include "charflow-socket-setup-private.h"
#include "charflow-socket-util-private.h"
#include "charflow-source-private.h"

/* How a socket back end gets from one peer to the next: resolving, listening, connecting, setting up, and again. */

/* A dead peer is noticed after KEEPALIVE_IDLE_S + KEEPALIVE_PROBES * KEEPALIVE_INTERVAL_S. */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_PROBES 4

static void start_connecting (CharflowSocketBackend *self);
static void came_cb (GSocket *socket,
                     gpointer user_data);

static GMainContext *
get_context (CharflowSocketBackend *self)
{
  return charflow_backend_get_context (CHARFLOW_BACKEND (self));
}

/* One operation. It outlives neither the wish for it nor the back end. */
typedef struct
{
  GWeakRef backend;
  GCancellable *cancellable;
} Work;

static Work *
begin_work (CharflowSocketBackend *self)
{
  Work *work = g_new0 (Work, 1);

  g_weak_ref_init (&work->backend, self);
  work->cancellable = g_cancellable_new ();
  self->work = g_object_ref (work->cancellable);

  return work;
}

/* A new reference, or NULL when its result does not matter any more. */
static CharflowSocketBackend *
end_work (gpointer user_data)
{
  Work *work = user_data;
  CharflowSocketBackend *self = g_weak_ref_get (&work->backend);

  if (self != NULL && self->work == work->cancellable)
    g_clear_object (&self->work);
  else
    g_clear_object (&self);

  g_weak_ref_clear (&work->backend);
  g_object_unref (work->cancellable);
  g_free (work);
  return self;
}

static void
cancel_work (CharflowSocketBackend *self)
{
  g_autoptr (GCancellable) work = g_steal_pointer (&self->work);

  g_cancellable_cancel (work);
}

/* What runs the loop need not have made our context the default of its thread. */
static void
run_in_context (CharflowSocketBackend *self,
                void (*function) (CharflowSocketBackend *self))
{
  GMainContext *context = g_main_context_ref (get_context (self));

  g_main_context_push_thread_default (context);
  function (self);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
}

static char *
describe_address (CharflowSocketBackend *self)
{
  return charflow_socket_config_to_string (&self->config, charflow_socket_backend_get_port (self));
}

static char *
describe_peer (CharflowSocketBackend *self,
               const char            *flags)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (self->socket, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_get_remote_address (self->socket, NULL);
  g_autofree char *local_text = local != NULL ? charflow_socket_address_to_string (local) : NULL;
  g_autofree char *remote_text = remote != NULL ? charflow_socket_address_to_string (remote) : NULL;
  gboolean inet = g_socket_get_family (self->socket) != G_SOCKET_FAMILY_UNIX;

  return g_strdup_printf ("%s%s%s%s <-> %s",
                          inet ? charflow_socket_config_get_protocol (&self->config) : "", inet ? ":" : "",
                          local_text != NULL ? local_text : "?", flags, remote_text != NULL ? remote_text : "?");
}

static void
update_uri (CharflowSocketBackend *self)
{
  const char *flags = self->config.server ? ",server=on" : "";
  g_autofree char *address = describe_address (self);
  g_autofree char *uri = self->peer != NULL ? describe_peer (self, flags)
                                            : g_strconcat ("disconnected:", address, flags, NULL);

  charflow_backend_set_uri (CHARFLOW_BACKEND (self), uri);
}

static void
set_bound_port (CharflowSocketBackend *self,
                guint                  port)
{
  if (self->bound_port == port)
    return;

  self->bound_port = port;
  g_object_notify (G_OBJECT (self), "port");
}

static GTask *
take_opening (CharflowSocketBackend *self)
{
  if (self->opening != NULL)
    g_clear_signal_handler (&self->cancelled_id, g_task_get_cancellable (self->opening));

  return g_steal_pointer (&self->opening);
}

static void
complete_opening (CharflowSocketBackend *self)
{
  g_autoptr (GTask) task = take_opening (self);

  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

void
charflow_socket_backend_stop (CharflowSocketBackend *self)
{
  CharflowBackend *backend = CHARFLOW_BACKEND (self);

  g_object_freeze_notify (G_OBJECT (self));
  charflow_clear_source (&self->timer);
  cancel_work (self);
  if (self->line != NULL)
    charflow_socket_line_stop (self->line);
  g_clear_pointer (&self->peer, charflow_peer_free);
  g_clear_object (&self->socket);
  g_clear_pointer (&self->server, charflow_socket_server_free);
  g_clear_pointer (&self->tls, charflow_socket_tls_unref);
  self->failure_told = FALSE;

  set_bound_port (self, 0);
  charflow_backend_drop_features (backend, CHARFLOW_FEATURE_FD_PASS);
  charflow_backend_set_uri (backend, NULL);
  g_object_thaw_notify (G_OBJECT (self));
}

/* Takes the error. */
static void
fail_opening (CharflowSocketBackend *self,
              GError                *error)
{
  g_autoptr (GTask) task = take_opening (self);

  charflow_socket_backend_stop (self);
  g_task_return_error (task, error);
}

/* The cancellable is the base class's, which cancels it in our thread only. */
static void
cancelled_cb (GCancellable          *cancellable,
              CharflowSocketBackend *self)
{
  fail_opening (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Opening was cancelled")));
}

static gboolean
timer_cb (gpointer user_data)
{
  g_autoptr (CharflowSocketBackend) self = g_object_ref (user_data);

  charflow_clear_source (&self->timer);
  run_in_context (self, start_connecting);
  return G_SOURCE_REMOVE;
}

static void
start_timer (CharflowSocketBackend *self)
{
  charflow_clear_source (&self->timer);
  self->timer = g_timeout_source_new (MIN (self->interval_s, G_MAXINT32 / 1000) * 1000);
  g_source_set_callback (self->timer, timer_cb, self, NULL);
  g_source_attach (self->timer, get_context (self));
}

/* There is no peer: goes on to the next one. */
static void
look_for_peer (CharflowSocketBackend *self)
{
  if (self->server != NULL)
    charflow_socket_server_start_watching (self->server, get_context (self), came_cb, self);
  else if (self->config.reconnect_interval_s > 0)
    start_timer (self);
}

static void
forget_peer (CharflowSocketBackend *self)
{
  g_autoptr (CharflowPeer) peer = g_steal_pointer (&self->peer);

  cancel_work (self);
  if (self->line != NULL)
    charflow_socket_line_stop (self->line);
  g_clear_object (&self->socket);
  charflow_backend_drop_features (CHARFLOW_BACKEND (self), CHARFLOW_FEATURE_FD_PASS);
  update_uri (self);
  look_for_peer (self);
}

static void
peer_gone_cb (gpointer user_data)
{
  CharflowSocketBackend *self = user_data;
  g_autoptr (CharflowSocketBackend) guard = g_object_ref (self);

  /* Whoever looks at a property sees all of it; whoever hears of the event comes first. */
  g_object_freeze_notify (G_OBJECT (self));
  forget_peer (self);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_CLOSED);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
take_peer (CharflowSocketBackend *self,
           CharflowPeer          *peer)
{
  g_autoptr (CharflowSocketBackend) guard = g_object_ref (self);

  self->peer = peer;
  self->failure_told = FALSE;
  self->interval_s = self->config.reconnect_interval_s;

  g_object_freeze_notify (G_OBJECT (self));
  if (peer->klass->queue_fds != NULL)
    charflow_backend_add_features (CHARFLOW_BACKEND (self), CHARFLOW_FEATURE_FD_PASS);
  update_uri (self);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
  complete_opening (self);
  g_object_thaw_notify (G_OBJECT (self));
}

/* A client tries less and less often. */
static void
grow_interval (CharflowSocketBackend *self)
{
  if (self->config.reconnect_max_s > self->interval_s)
    self->interval_s = MIN (self->config.reconnect_max_s, self->interval_s > G_MAXUINT / 2 ? G_MAXUINT : self->interval_s * 2);
}

/* Nobody has come, or it could not be set up. Takes the error. */
static void
peer_failed (CharflowSocketBackend *self,
             GError                *error)
{
  g_autoptr (CharflowSocketBackend) guard = g_object_ref (self);
  g_autoptr (GError) failure = error;
  gboolean tell = self->config.server || !self->failure_told;

  if (self->opening != NULL && !self->config.server)
    {
      fail_opening (self, g_steal_pointer (&failure));
      return;
    }

  self->failure_told = TRUE;
  g_object_freeze_notify (G_OBJECT (self));
  forget_peer (self);
  g_object_thaw_notify (G_OBJECT (self));
  grow_interval (self);

  g_debug ("The back end '%s' has no peer: %s", charflow_backend_get_name (CHARFLOW_BACKEND (self)), failure->message);
  if (tell)
    charflow_socket_backend_emit_peer_error (self, failure);
}

static void
set_up_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (CharflowSocketBackend) self = end_work (user_data);
  GError *error = NULL;
  g_autoptr (GIOStream) stream = charflow_socket_setup_finish (result, &error);

  if (self == NULL)
    {
      g_clear_error (&error);
      return;
    }

  if (stream != NULL)
    {
      take_peer (self, charflow_stream_peer_new (stream, get_context (self), peer_gone_cb, self));
      return;
    }

  if (self->config.server)
    g_prefix_error (&error, _("A peer was sent away: "));
  else
    g_prefix_error (&error, _("Could not set up the connection: "));
  peer_failed (self, error);
}

static void
start_set_up (CharflowSocketBackend *self)
{
  Work *work = begin_work (self);

  charflow_socket_setup_async (self->socket, &self->config, self->tls, self->line, work->cancellable, set_up_cb, work);
}

static void
tune_socket (CharflowSocketBackend *self)
{
  if (g_socket_get_family (self->socket) == G_SOCKET_FAMILY_UNIX)
    return;

  if (self->config.nodelay)
    g_socket_set_option (self->socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  if (!self->config.keepalive)
    return;

  g_socket_set_keepalive (self->socket, TRUE);
  g_socket_set_option (self->socket, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S, NULL);
  g_socket_set_option (self->socket, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S, NULL);
  g_socket_set_option (self->socket, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES, NULL);
}

/* Somebody is connected. */
static void
take_socket (CharflowSocketBackend *self,
             GSocket               *socket)
{
  charflow_clear_source (&self->timer);
  if (self->server != NULL)
    charflow_socket_server_stop_watching (self->server);

  self->socket = g_object_ref (socket);
  tune_socket (self);
  if (charflow_socket_config_has_layers (&self->config))
    run_in_context (self, start_set_up);
  else
    take_peer (self, charflow_raw_peer_new (socket, get_context (self), peer_gone_cb, self));
}

static void
came_cb (GSocket *socket,
         gpointer user_data)
{
  take_socket (user_data, socket);
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (CharflowSocketBackend) self = end_work (user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree char *address = NULL;

  connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (self == NULL)
    return;

  if (connection != NULL)
    {
      take_socket (self, g_socket_connection_get_socket (connection));
      return;
    }

  address = describe_address (self);
  g_prefix_error (&error, _("Could not connect to '%s': "), address);
  peer_failed (self, g_steal_pointer (&error));
}

static void
start_connecting (CharflowSocketBackend *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = NULL;
  Work *work = begin_work (self);

  if (self->config.path != NULL)
    address = G_SOCKET_CONNECTABLE (charflow_socket_config_new_unix_address (&self->config));
  else
    address = g_network_address_new (charflow_socket_config_get_host (&self->config), (guint16) self->config.port);

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_family (client,
                              self->config.path != NULL ? G_SOCKET_FAMILY_INVALID : self->config.family);
  g_socket_client_connect_async (client, address, work->cancellable, connected_cb, work);
}

static void
listen_on (CharflowSocketBackend *self,
           GList                 *addresses)
{
  GError *error = NULL;

  self->server = charflow_socket_server_new (&self->config, addresses, &error);
  if (self->server == NULL)
    {
      fail_opening (self, error);
      return;
    }

  self->fd_used = self->config.fd >= 0;
  set_bound_port (self, charflow_socket_server_get_port (self->server));
  update_uri (self);
  look_for_peer (self);
  if (!self->config.wait)
    complete_opening (self);
}

static void
resolved_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (CharflowSocketBackend) self = end_work (user_data);
  g_autoptr (GError) error = NULL;
  GList *addresses = charflow_socket_server_resolve_finish (source, result, &error);

  if (self != NULL && addresses != NULL)
    listen_on (self, addresses);
  else if (self != NULL)
    fail_opening (self, g_steal_pointer (&error));

  g_resolver_free_addresses (addresses);
}

static void
start_server (CharflowSocketBackend *self)
{
  Work *work;

  if (!charflow_socket_server_needs_addresses (&self->config))
    {
      listen_on (self, NULL);
      return;
    }

  work = begin_work (self);
  charflow_socket_server_resolve_async (&self->config, work->cancellable, resolved_cb, work);
}

static void
start_with_fd (CharflowSocketBackend *self)
{
  GError *error = NULL;
  g_autoptr (GSocket) socket = charflow_socket_adopt_peer (self->config.fd, "fd", &error);

  if (socket == NULL)
    {
      fail_opening (self, error);
      return;
    }

  self->fd_used = TRUE;
  take_socket (self, socket);
}

static void
start_client (CharflowSocketBackend *self)
{
  update_uri (self);
  if (self->config.fd >= 0)
    {
      start_with_fd (self);
      return;
    }

  if (self->config.reconnect_interval_s > 0)
    complete_opening (self);
  start_connecting (self);
}

static void
start (CharflowSocketBackend *self)
{
  if (self->config.server)
    start_server (self);
  else
    start_client (self);
}

static void
loaded_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (CharflowSocketBackend) self = end_work (user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowSocketTls) tls = charflow_socket_tls_load_finish (result, &error);

  if (self == NULL)
    return;

  if (tls == NULL)
    {
      fail_opening (self, g_steal_pointer (&error));
      return;
    }

  self->tls = g_steal_pointer (&tls);
  run_in_context (self, start);
}

static void
load (CharflowSocketBackend *self)
{
  Work *work = begin_work (self);

  charflow_socket_tls_load_async (&self->config, work->cancellable, loaded_cb, work);
}

void
charflow_socket_backend_start (CharflowSocketBackend *self,
                               GTask                 *task)
{
  self->interval_s = self->config.reconnect_interval_s;
  self->opening = g_object_ref (task);
  self->cancelled_id = g_signal_connect (g_task_get_cancellable (task), "cancelled", G_CALLBACK (cancelled_cb), self);
  run_in_context (self, self->config.tls_creds != NULL ? load : start);
}

void
charflow_socket_backend_lose_peer (CharflowSocketBackend *self)
{
  peer_gone_cb (self);
}

void
charflow_socket_backend_take_fd_peer (CharflowSocketBackend *self,
                                      GSocket               *socket)
{
  /* It comes before the one that a client was connecting to. */
  cancel_work (self);
  take_socket (self, socket);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-backend.h"

#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "charflow-backend-private.h"
#include "charflow-socket-backend-private.h"
#include "charflow-socket-peer-private.h"
#include "charflow-socket-util-private.h"
#include "charflow-source-private.h"

/**
 * SECTION:charflow-socket-backend
 * @title: CharflowSocketBackend
 * @short_description: a back end behind a TCP or UNIX socket
 *
 * A server listens and serves one peer at a time: while one is there, others wait in the backlog of
 * the kernel, and when it goes the next one is taken. A client connects, and where
 * #CharflowSocketBackend:reconnect-interval is set it goes on trying. %CHARFLOW_EVENT_OPENED and
 * %CHARFLOW_EVENT_CLOSED tell when a peer has come and gone; all that a peer had sent can be read
 * before the latter.
 *
 * A server replaces the UNIX socket that a dead server has left behind, and refuses to replace
 * anything else; it removes its own again.
 *
 * In a spec it is `socket`, with the options `path` and `abstract`, or `host`, `port`, `to`,
 * `ipv4`, `ipv6` and `nodelay`, and with `server`, `wait` and `reconnect`. There a server waits for
 * its first peer by default, as in QEMU; #CharflowSocketBackend:wait is %FALSE by default.
 */

/* Others are to wait for their turn, but not many of them. */
#define BACKLOG 1
/* After an accept that failed for want of descriptors or memory, since the kernel would report it
 * again at once. */
#define ACCEPT_RETRY_S 1

/**
 * CharflowSocketBackend:
 *
 * A back end behind a TCP or UNIX socket.
 *
 * Since: 1.0
 */
struct _CharflowSocketBackend
{
  CharflowBackend parent_instance;

  CharflowSocketConfig config;
  GTask *opening; /* what the first peer, or the first failure, will answer */
  gulong cancelled_id;
  GSocket *listener;
  guint bound_port;
  CharflowUnixPath *made_path;
  GSource *accept_source;
  GCancellable *connecting;
  GSource *timer;
  CharflowSocketPeer *peer;
};

G_DEFINE_FINAL_TYPE (CharflowSocketBackend, charflow_socket_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_HOST = 1,
  PROP_PORT,
  PROP_TO,
  PROP_PATH,
  PROP_IS_ABSTRACT,
  PROP_SERVER,
  PROP_WAIT,
  PROP_RECONNECT_INTERVAL,
  PROP_NODELAY,
  PROP_FAMILY,
} CharflowSocketBackendProperty;

static GParamSpec *props[PROP_FAMILY + 1];

static void watch_for_peers (CharflowSocketBackend *self);
static void start_connecting (CharflowSocketBackend *self);

static GMainContext *
get_context (CharflowSocketBackend *self)
{
  return charflow_backend_get_context (CHARFLOW_BACKEND (self));
}

static const char *
get_host (CharflowSocketBackend *self)
{
  if (self->config.host != NULL && *self->config.host != '\0')
    return self->config.host;

  return self->config.family == G_SOCKET_FAMILY_IPV6 ? "::1" : "127.0.0.1";
}

/* The address as it was asked for: "tcp:HOST:PORT" or "unix:PATH". */
static char *
describe_address (CharflowSocketBackend *self)
{
  const char *host = get_host (self);
  gboolean ipv6 = strchr (host, ':') != NULL;

  if (self->config.path != NULL)
    return g_strconcat ("unix:", self->config.path,
                        self->config.is_abstract ? ",abstract=on" : NULL, NULL);

  return g_strdup_printf ("tcp:%s%s%s:%u", ipv6 ? "[" : "", host, ipv6 ? "]" : "",
                          charflow_socket_backend_get_port (self));
}

static void
update_uri (CharflowSocketBackend *self)
{
  const char *flags = self->config.server ? ",server=on" : "";
  g_autofree char *address = describe_address (self);
  g_autofree char *uri = self->peer != NULL ? charflow_socket_peer_to_string (self->peer, flags)
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
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PORT]);
}

static GTask *
take_opening (CharflowSocketBackend *self)
{
  if (self->opening != NULL)
    g_clear_signal_handler (&self->cancelled_id, g_task_get_cancellable (self->opening));

  return g_steal_pointer (&self->opening);
}

static gboolean
timer_cb (gpointer user_data)
{
  g_autoptr (CharflowSocketBackend) self = g_object_ref (user_data);

  charflow_clear_source (&self->timer);
  if (self->config.server)
    {
      watch_for_peers (self);
      return G_SOURCE_REMOVE;
    }

  /* What runs the loop need not have made our context the default of its thread. */
  g_main_context_push_thread_default (get_context (self));
  start_connecting (self);
  g_main_context_pop_thread_default (get_context (self));

  return G_SOURCE_REMOVE;
}

static void
start_timer (CharflowSocketBackend *self,
             guint                  interval_s)
{
  charflow_clear_source (&self->timer);
  self->timer = g_timeout_source_new (MIN (interval_s, G_MAXINT32 / 1000) * 1000);
  g_source_set_callback (self->timer, timer_cb, self, NULL);
  g_source_attach (self->timer, get_context (self));
}

static void
peer_gone_cb (gpointer user_data)
{
  CharflowSocketBackend *self = user_data;
  g_autoptr (CharflowSocketBackend) guard = g_object_ref (self);
  g_autoptr (CharflowSocketPeer) peer = g_steal_pointer (&self->peer);

  update_uri (self);
  if (self->config.server)
    watch_for_peers (self);
  else if (self->config.reconnect_interval_s > 0)
    start_timer (self, self->config.reconnect_interval_s);

  /* What this destroys may run code of others. */
  g_clear_pointer (&peer, charflow_socket_peer_free);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_CLOSED);
}

static void
take_peer (CharflowSocketBackend *self,
           GSocket               *socket)
{
  g_autoptr (GTask) task = take_opening (self);

  g_socket_set_blocking (socket, FALSE);
  if (self->config.nodelay && g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);

  self->peer = charflow_socket_peer_new (socket, get_context (self), peer_gone_cb, self);
  update_uri (self);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static gboolean
accept_cb (GSocket     *listener,
           GIOCondition condition,
           gpointer     user_data)
{
  CharflowSocketBackend *self = user_data;
  g_autoptr (CharflowSocketBackend) guard = g_object_ref (self);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, &error);

  /* The one that knocked may be gone again. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;

  charflow_clear_source (&self->accept_source);
  if (socket != NULL)
    take_peer (self, socket);
  else
    start_timer (self, ACCEPT_RETRY_S);

  return G_SOURCE_REMOVE;
}

static void
watch_for_peers (CharflowSocketBackend *self)
{
  self->accept_source = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (self->accept_source, G_SOURCE_FUNC (accept_cb), self, NULL);
  g_source_attach (self->accept_source, get_context (self));
}

static void
charflow_socket_backend_close (CharflowBackend *backend)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  charflow_clear_source (&self->timer);
  charflow_clear_source (&self->accept_source);
  g_cancellable_cancel (self->connecting);
  g_clear_object (&self->connecting);
  g_clear_pointer (&self->peer, charflow_socket_peer_free);
  g_clear_pointer (&self->made_path, charflow_unix_path_free);
  if (self->listener != NULL)
    g_socket_close (self->listener, NULL);
  g_clear_object (&self->listener);

  g_object_freeze_notify (G_OBJECT (self));
  set_bound_port (self, 0);
  charflow_backend_set_uri (backend, NULL);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
fail_opening (CharflowSocketBackend *self,
              GTask                 *task,
              GError                *error)
{
  charflow_socket_backend_close (CHARFLOW_BACKEND (self));
  g_task_return_error (task, error);
}

/* The cancellable is the base class's, which cancels it in our thread only. */
static void
cancelled_cb (GCancellable          *cancellable,
              CharflowSocketBackend *self)
{
  g_autoptr (GTask) task = take_opening (self);

  fail_opening (self, task, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                 _("Opening was cancelled")));
}

static void
wait_for_first_peer (CharflowSocketBackend *self,
                     GTask                 *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->opening = g_object_ref (task);
  self->cancelled_id = g_signal_connect (cancellable, "cancelled", G_CALLBACK (cancelled_cb), self);
}

static void
listening (CharflowSocketBackend *self,
           GTask                 *task)
{
  update_uri (self);
  watch_for_peers (self);
  if (self->config.wait)
    wait_for_first_peer (self, task);
  else
    g_task_return_boolean (task, TRUE);
}

/* The first of the ports that is free. */
static GSocket *
listen_on_ports (CharflowSocketBackend *self,
                 GInetAddress          *ip,
                 GError               **error)
{
  guint last = MAX (self->config.to, self->config.port);
  g_autoptr (GError) last_error = NULL;

  for (guint port = self->config.port; port <= last; port++)
    {
      g_autoptr (GSocketAddress) address = g_inet_socket_address_new (ip, port);
      GSocket *socket;

      g_clear_error (&last_error);
      socket = charflow_socket_listen (address, BACKLOG, &last_error);
      if (socket != NULL)
        return socket;
      if (!g_error_matches (last_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        break;
    }

  g_propagate_error (error, g_steal_pointer (&last_error));
  return NULL;
}

static void
listen_on_address (CharflowSocketBackend *self,
                   GTask                 *task,
                   GInetAddress          *ip)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  self->listener = listen_on_ports (self, ip, &error);
  if (self->listener == NULL)
    {
      fail_opening (self, task, g_steal_pointer (&error));
      return;
    }

  address = g_socket_get_local_address (self->listener, NULL);
  if (address != NULL)
    set_bound_port (self, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  listening (self, task);
}

static void
resolved_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  CharflowSocketBackend *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result,
                                                                  &error);

  if (addresses == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  listen_on_address (self, task, addresses->data);
  g_resolver_free_addresses (addresses);
}

static gboolean
matches_family (CharflowSocketBackend *self,
                GInetAddress          *ip)
{
  return self->config.family == G_SOCKET_FAMILY_INVALID || self->config.family == g_inet_address_get_family (ip);
}

static void
listen_on_host (CharflowSocketBackend *self,
                GTask                 *task)
{
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (get_host (self));
  g_autoptr (GResolver) resolver = NULL;
  GResolverNameLookupFlags flags = G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT;

  if (ip != NULL && !matches_family (self, ip))
    {
      g_task_return_new_error (task, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
                               _("Option 'host' is '%s', but options 'ipv4' and 'ipv6' exclude such addresses"),
                               get_host (self));
      return;
    }

  if (ip != NULL)
    {
      listen_on_address (self, task, ip);
      return;
    }

  if (self->config.family == G_SOCKET_FAMILY_IPV4)
    flags = G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY;
  else if (self->config.family == G_SOCKET_FAMILY_IPV6)
    flags = G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY;
  resolver = g_resolver_get_default ();
  g_resolver_lookup_by_name_with_flags_async (resolver, get_host (self), flags,
                                              g_task_get_cancellable (task),
                                              resolved_cb, g_object_ref (task));
}

static GSocketAddress *
new_unix_address (CharflowSocketBackend *self)
{
  return g_unix_socket_address_new_with_type (self->config.path, -1,
                                              self->config.is_abstract ? G_UNIX_SOCKET_ADDRESS_ABSTRACT
                                                                       : G_UNIX_SOCKET_ADDRESS_PATH);
}

static void
listen_on_path (CharflowSocketBackend *self,
                GTask                 *task)
{
  g_autoptr (GError) error = NULL;

  if (self->config.is_abstract)
    {
      g_autoptr (GSocketAddress) address = new_unix_address (self);

      self->listener = charflow_socket_listen (address, BACKLOG, &error);
    }
  else
    {
      self->listener = charflow_socket_listen_unix (self->config.path, BACKLOG, &self->made_path,
                                                    &error);
    }

  if (self->listener != NULL)
    listening (self, task);
  else
    fail_opening (self, task, g_steal_pointer (&error));
}

static void
connection_failed (CharflowSocketBackend *self,
                   GError                *error)
{
  g_autofree char *address = describe_address (self);
  g_autoptr (GTask) task = take_opening (self);

  g_prefix_error (&error, _("Could not connect to '%s': "), address);
  if (task != NULL)
    {
      fail_opening (self, task, error);
      return;
    }

  g_debug ("%s; trying again in %u s", error->message, self->config.reconnect_interval_s);
  g_error_free (error);
  start_timer (self, self->config.reconnect_interval_s);
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (CharflowSocketBackend) self = g_weak_ref_get (weak);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection = NULL;

  g_weak_ref_clear (weak);
  g_free (weak);

  /* After a cancellation there is nothing left to do, and maybe another attempt under way. */
  connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (self == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  g_clear_object (&self->connecting);
  if (connection == NULL)
    connection_failed (self, g_steal_pointer (&error));
  else
    take_peer (self, g_socket_connection_get_socket (connection));
}

static void
start_connecting (CharflowSocketBackend *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) address = NULL;
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  if (self->config.path != NULL)
    address = G_SOCKET_CONNECTABLE (new_unix_address (self));
  else
    address = g_network_address_new (get_host (self), (guint16) self->config.port);

  g_weak_ref_init (weak, self);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_family (client,
                              self->config.path != NULL ? G_SOCKET_FAMILY_INVALID : self->config.family);
  self->connecting = g_cancellable_new ();
  g_socket_client_connect_async (client, address, self->connecting, connected_cb, weak);
}

static void
charflow_socket_backend_open_async (CharflowBackend    *backend,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, charflow_socket_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (!charflow_socket_config_check (&self->config, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  if (self->config.server && self->config.path != NULL)
    {
      listen_on_path (self, task);
      return;
    }

  if (self->config.server)
    {
      listen_on_host (self, task);
      return;
    }

  update_uri (self);
  start_connecting (self);
  if (self->config.reconnect_interval_s > 0)
    g_task_return_boolean (task, TRUE);
  else
    wait_for_first_peer (self, task);
}

static gboolean
set_no_peer (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("There is no peer"));
  return FALSE;
}

static gssize
charflow_socket_backend_read (CharflowBackend *backend,
                              void            *buffer,
                              gsize            size,
                              GError         **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  if (self->peer == NULL && !set_no_peer (error))
    return -1;

  return charflow_socket_peer_read (self->peer, buffer, size, error);
}

static gssize
charflow_socket_backend_write (CharflowBackend *backend,
                               const guint8    *data,
                               gsize            size,
                               GError         **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  if (self->peer == NULL && !set_no_peer (error))
    return -1;

  return charflow_socket_peer_write (self->peer, data, size, error);
}

static GSource *
charflow_socket_backend_create_source (CharflowBackend *backend,
                                       GIOCondition     condition)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  return self->peer != NULL ? charflow_socket_peer_create_source (self->peer, condition) : NULL;
}

static void
charflow_socket_backend_finalize (GObject *object)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (object);

  g_free (self->config.host);
  g_free (self->config.path);

  G_OBJECT_CLASS (charflow_socket_backend_parent_class)->finalize (object);
}

static void
charflow_socket_backend_constructed (GObject *object)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (object);

  if (self->config.server || self->config.reconnect_interval_s > 0)
    charflow_backend_add_features (CHARFLOW_BACKEND (self), CHARFLOW_FEATURE_RECONNECTABLE);

  G_OBJECT_CLASS (charflow_socket_backend_parent_class)->constructed (object);
}

static void
charflow_socket_backend_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (object);

  switch ((CharflowSocketBackendProperty) prop_id)
    {
    case PROP_HOST:
      g_value_set_string (value, self->config.host);
      break;
    case PROP_PORT:
      g_value_set_uint (value, charflow_socket_backend_get_port (self));
      break;
    case PROP_TO:
      g_value_set_uint (value, self->config.to);
      break;
    case PROP_PATH:
      g_value_set_string (value, self->config.path);
      break;
    case PROP_IS_ABSTRACT:
      g_value_set_boolean (value, self->config.is_abstract);
      break;
    case PROP_SERVER:
      g_value_set_boolean (value, self->config.server);
      break;
    case PROP_WAIT:
      g_value_set_boolean (value, self->config.wait);
      break;
    case PROP_RECONNECT_INTERVAL:
      g_value_set_uint (value, self->config.reconnect_interval_s);
      break;
    case PROP_NODELAY:
      g_value_set_boolean (value, self->config.nodelay);
      break;
    case PROP_FAMILY:
      g_value_set_enum (value, self->config.family);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_socket_backend_set_property (GObject      *object,
                                      guint         prop_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (object);

  switch ((CharflowSocketBackendProperty) prop_id)
    {
    case PROP_HOST:
      self->config.host = g_value_dup_string (value);
      break;
    case PROP_PORT:
      self->config.port = g_value_get_uint (value);
      break;
    case PROP_TO:
      self->config.to = g_value_get_uint (value);
      break;
    case PROP_PATH:
      self->config.path = g_value_dup_string (value);
      break;
    case PROP_IS_ABSTRACT:
      self->config.is_abstract = g_value_get_boolean (value);
      break;
    case PROP_SERVER:
      self->config.server = g_value_get_boolean (value);
      break;
    case PROP_WAIT:
      self->config.wait = g_value_get_boolean (value);
      break;
    case PROP_RECONNECT_INTERVAL:
      self->config.reconnect_interval_s = g_value_get_uint (value);
      break;
    case PROP_NODELAY:
      self->config.nodelay = g_value_get_boolean (value);
      break;
    case PROP_FAMILY:
      self->config.family = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowSocketBackend:host:
   *
   * The name or address of a TCP server, or the one to listen on; %NULL for the loopback address.
   *
   * Since: 1.0
   */
  props[PROP_HOST] =
    g_param_spec_string ("host", NULL, "The name or address", NULL, flags);

  /**
   * CharflowSocketBackend:port:
   *
   * The TCP port. A server may be given 0 for a free one, and this is its real port while it is
   * open.
   *
   * Since: 1.0
   */
  props[PROP_PORT] =
    g_param_spec_uint ("port", NULL, "The TCP port", 0, G_MAXUINT16, 0,
                       flags | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CharflowSocketBackend:to:
   *
   * The last port that a server tries where those from #CharflowSocketBackend:port on are in use; 0
   * to try only one.
   *
   * Since: 1.0
   */
  props[PROP_TO] =
    g_param_spec_uint ("to", NULL, "The last port that a server tries", 0, G_MAXUINT16, 0, flags);

  /**
   * CharflowSocketBackend:path:
   *
   * The path of a UNIX socket; %NULL for TCP.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "The path of a UNIX socket", NULL, flags);

  /**
   * CharflowSocketBackend:is-abstract:
   *
   * Whether #CharflowSocketBackend:path is a name outside of the file system.
   *
   * Since: 1.0
   */
  props[PROP_IS_ABSTRACT] =
    g_param_spec_boolean ("is-abstract", NULL, "Whether the path is outside of the file system",
                          FALSE, flags);

  /**
   * CharflowSocketBackend:server:
   *
   * Whether it listens; otherwise it connects.
   *
   * Since: 1.0
   */
  props[PROP_SERVER] =
    g_param_spec_boolean ("server", NULL, "Whether it listens", FALSE, flags);

  /**
   * CharflowSocketBackend:wait:
   *
   * Whether opening a server ends when its first peer has come, and not as soon as it listens.
   *
   * Since: 1.0
   */
  props[PROP_WAIT] =
    g_param_spec_boolean ("wait", NULL, "Whether opening ends with the first peer", FALSE, flags);

  /**
   * CharflowSocketBackend:reconnect-interval:
   *
   * After how many seconds a client without a peer connects again; 0 for never. With it, opening
   * always succeeds.
   *
   * Since: 1.0
   */
  props[PROP_RECONNECT_INTERVAL] =
    g_param_spec_uint ("reconnect-interval", NULL, "Seconds until a client connects again", 0,
                       G_MAXINT32, 0, flags);

  /**
   * CharflowSocketBackend:nodelay:
   *
   * Whether TCP sends small pieces at once.
   *
   * Since: 1.0
   */
  props[PROP_NODELAY] =
    g_param_spec_boolean ("nodelay", NULL, "Whether TCP sends small pieces at once", FALSE, flags);

  /**
   * CharflowSocketBackend:family:
   *
   * The kind of addresses that TCP may use; %G_SOCKET_FAMILY_INVALID for both kinds.
   *
   * Since: 1.0
   */
  props[PROP_FAMILY] =
    g_param_spec_enum ("family", NULL, "The kind of addresses that TCP may use",
                       G_TYPE_SOCKET_FAMILY, G_SOCKET_FAMILY_INVALID, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_socket_backend_class_init (CharflowSocketBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  object_class->constructed = charflow_socket_backend_constructed;
  object_class->finalize = charflow_socket_backend_finalize;
  object_class->get_property = charflow_socket_backend_get_property;
  object_class->set_property = charflow_socket_backend_set_property;

  backend_class->open_async = charflow_socket_backend_open_async;
  backend_class->close = charflow_socket_backend_close;
  backend_class->read = charflow_socket_backend_read;
  backend_class->write = charflow_socket_backend_write;
  backend_class->create_source = charflow_socket_backend_create_source;

  install_properties (object_class);
}

static void
charflow_socket_backend_init (CharflowSocketBackend *self)
{
}

/**
 * charflow_socket_backend_new_for_tcp:
 * @host: (nullable): the name or address, or %NULL for the loopback address
 * @port: the port; a server may be given 0 for a free one
 * @server: whether it listens
 *
 * Makes a back end behind a TCP socket.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowSocketBackend *
charflow_socket_backend_new_for_tcp (const char *host,
                                     guint16     port,
                                     gboolean    server)
{
  return g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND, "host", host, "port", port, "server", server,
                       NULL);
}

/**
 * charflow_socket_backend_new_for_unix:
 * @path: the path of the socket
 * @server: whether it listens
 *
 * Makes a back end behind a UNIX socket.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowSocketBackend *
charflow_socket_backend_new_for_unix (const char *path,
                                      gboolean    server)
{
  g_return_val_if_fail (path != NULL, NULL);

  return g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND, "path", path, "server", server, NULL);
}

/**
 * charflow_socket_backend_get_host:
 * @self: a socket
 *
 * Gets the name or address of a TCP server, or the one to listen on.
 *
 * Returns: (nullable): the host, or %NULL for the loopback address
 *
 * Since: 1.0
 */
const char *
charflow_socket_backend_get_host (CharflowSocketBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SOCKET_BACKEND (self), NULL);

  return self->config.host;
}

/**
 * charflow_socket_backend_get_port:
 * @self: a socket
 *
 * Gets the TCP port: of a server that is open, its real one.
 *
 * Returns: the port
 *
 * Since: 1.0
 */
guint
charflow_socket_backend_get_port (CharflowSocketBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SOCKET_BACKEND (self), 0);

  return self->bound_port != 0 ? self->bound_port : self->config.port;
}

/**
 * charflow_socket_backend_get_path:
 * @self: a socket
 *
 * Gets the path of a UNIX socket.
 *
 * Returns: (nullable): the path, or %NULL for TCP
 *
 * Since: 1.0
 */
const char *
charflow_socket_backend_get_path (CharflowSocketBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SOCKET_BACKEND (self), NULL);

  return self->config.path;
}

/**
 * charflow_socket_backend_get_server:
 * @self: a socket
 *
 * Tells whether it listens; otherwise it connects.
 *
 * Returns: %TRUE if it listens
 *
 * Since: 1.0
 */
gboolean
charflow_socket_backend_get_server (CharflowSocketBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SOCKET_BACKEND (self), FALSE);

  return self->config.server;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-udp-backend.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "charflow-address-options-private.h"
#include "charflow-backend-private.h"
#include "charflow-chunk-private.h"
#include "charflow-fd-source-private.h"
#include "charflow-host-private.h"
#include "charflow-socket-util-private.h"
#include "charflow-source-private.h"

/**
 * SECTION:charflow-udp-backend
 * @title: CharflowUdpBackend
 * @short_description: a back end that exchanges datagrams
 *
 * Each write is one datagram, taken whole or not at all; one that is longer than UDP carries fails.
 * A read gives at most one datagram: what of it the reader has no room for is given first to the next
 * ones. Datagrams may be lost or come in another order, as they may anywhere.
 *
 * Only the datagrams of the named peer are read. Whether somebody is there cannot be known, so the other
 * side counts as there while the back end is open; empty datagrams, and that the network says nobody
 * listens, mean nothing.
 *
 * With #CharflowUdpBackend:reply-to-sender it reads the datagrams of everybody who can reach it, and
 * what is written goes to whom it heard last. Then the peer need not be named: the other side is there
 * once somebody was heard.
 *
 * In a spec it is `udp`, with the options `host`, `port`, `localaddr`, `localport`, `ipv4`, `ipv6` and
 * `reply-to-sender`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowUdpBackend) udp = charflow_udp_backend_new ("127.0.0.1", 9);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (udp));
 * g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
 *
 * charflow_char_device_start (device);
 * charflow_char_device_write_bytes (device, NULL, bytes, NULL); // one datagram
 * ]|
 */

/* How many empty datagrams and errors of the network one call passes over, so that nobody can keep us
 * in it. */
#define MAX_IGNORED 16
/* How many datagrams a socket that has just been connected is emptied of at most. */
#define MAX_QUEUED 4096

/* What the options say, whether a spec or properties gave them. */
typedef struct
{
  char *host; /* NULL for the loopback address */
  char *local_address; /* NULL for any */
  guint port; /* 0 for none, which only reply_to_sender allows */
  guint local_port; /* 0 for a free one */
  GSocketFamily family; /* G_SOCKET_FAMILY_INVALID for either */
  gboolean reply_to_sender;
} Config;

/**
 * CharflowUdpBackend:
 *
 * A back end that exchanges datagrams.
 *
 * Since: 1.0
 */
struct _CharflowUdpBackend
{
  CharflowBackend parent_instance;

  Config config;
  GSocket *socket; /* NULL unless it is open */
  guint bound_port;
  CharflowFdSources *sources;
  GSource *first_source; /* waits for the first datagram of all, or NULL */

  /* Where datagrams go; unset while nobody was heard, and where the socket is connected. */
  struct sockaddr_storage remote;
  socklen_t remote_len;

  guint8 *rest; /* a chunk with the end of a datagram, or NULL */
  gsize rest_start;
  gsize rest_len;
};

G_DEFINE_FINAL_TYPE (CharflowUdpBackend, charflow_udp_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_HOST = 1,
  PROP_PORT,
  PROP_LOCAL_ADDRESS,
  PROP_LOCAL_PORT,
  PROP_FAMILY,
  PROP_REPLY_TO_SENDER,
} CharflowUdpBackendProperty;

static GParamSpec *props[PROP_REPLY_TO_SENDER + 1];

static gboolean
check_config (const Config *config,
              GError      **error)
{
  if (config->port != 0 || (config->reply_to_sender && config->host == NULL))
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
               _("Option '%s' is missing"), "port");
  return FALSE;
}

static int
get_fd (CharflowUdpBackend *self)
{
  return g_socket_get_fd (self->socket);
}

static gboolean
is_connected (CharflowUdpBackend *self)
{
  return !self->config.reply_to_sender;
}

static gboolean
has_remote (CharflowUdpBackend *self)
{
  return is_connected (self) || self->remote_len > 0;
}

static GSocketAddress *
get_remote_address (CharflowUdpBackend *self)
{
  if (is_connected (self))
    return g_socket_get_remote_address (self->socket, NULL);
  if (self->remote_len == 0)
    return NULL;

  return g_socket_address_new_from_native (&self->remote, self->remote_len);
}

static char *
describe_address (GSocketAddress *address)
{
  return address != NULL ? charflow_socket_address_to_string (address) : g_strdup ("?");
}

static void
update_uri (CharflowUdpBackend *self)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (self->socket, NULL);
  g_autoptr (GSocketAddress) remote = get_remote_address (self);
  g_autofree char *local_text = describe_address (local);
  g_autofree char *remote_text = describe_address (remote);
  g_autofree char *uri = g_strdup_printf ("udp:%s <-> %s", local_text, remote_text);

  charflow_backend_set_uri (CHARFLOW_BACKEND (self), uri);
}

static void
set_bound_port (CharflowUdpBackend *self,
                guint               port)
{
  if (self->bound_port == port)
    return;

  self->bound_port = port;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOCAL_PORT]);
}

/* What routers and hosts on the way have to say. It is reported once, by whatever call comes next, and
 * about a datagram that went long ago. */
static gboolean
is_network_news (int saved_errno)
{
  switch (saved_errno)
    {
    case ECONNREFUSED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EMSGSIZE:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
    case EACCES:
      return TRUE;
    default:
      return FALSE;
    }
}

/* Remembers who is to be answered. A handler of the property may do anything. */
static void
note_sender (CharflowUdpBackend            *self,
             const struct sockaddr_storage *sender,
             socklen_t                      len)
{
  if (len > sizeof *sender || len == 0)
    return;
  if (len == self->remote_len && memcmp (&self->remote, sender, len) == 0)
    return;

  self->remote = *sender;
  self->remote_len = len;
  update_uri (self);
}

static void
forget_rest (CharflowUdpBackend *self)
{
  g_clear_pointer (&self->rest, charflow_chunk_free);
  charflow_fd_sources_set_ready (self->sources, 0);
}

static gsize
take_rest (CharflowUdpBackend *self,
           void               *buffer,
           gsize               size)
{
  gsize len = MIN (size, self->rest_len);

  memcpy (buffer, self->rest + self->rest_start, len);
  self->rest_start += len;
  self->rest_len -= len;
  if (self->rest_len == 0)
    forget_rest (self);

  return len;
}

/* Receives one datagram: its beginning into @buffer, and where there is no more room the rest into a
 * chunk, which is longer than every datagram. Returns as recvmsg() does. */
static gssize
receive (CharflowUdpBackend *self,
         void               *buffer,
         gsize               size)
{
  guint8 *chunk = size < CHARFLOW_CHUNK_SIZE ? charflow_chunk_new () : NULL;
  struct sockaddr_storage sender = { 0 };
  struct iovec parts[] = {
    { .iov_base = buffer, .iov_len = size },
    { .iov_base = chunk, .iov_len = chunk != NULL ? CHARFLOW_CHUNK_SIZE : 0 },
  };
  struct msghdr message = {
    .msg_name = &sender,
    .msg_namelen = sizeof sender,
    .msg_iov = parts,
    .msg_iovlen = G_N_ELEMENTS (parts),
  };
  int saved_errno;
  gssize len;

  do
    len = recvmsg (get_fd (self), &message, MSG_DONTWAIT);
  while (len < 0 && errno == EINTR);
  saved_errno = errno;

  if (len > 0 && (gsize) len > size)
    {
      self->rest = g_steal_pointer (&chunk);
      self->rest_start = 0;
      self->rest_len = len - size;
      charflow_fd_sources_set_ready (self->sources, G_IO_IN);
    }
  charflow_chunk_free (chunk);

  if (len > 0 && !is_connected (self))
    note_sender (self, &sender, message.msg_namelen);

  errno = saved_errno;
  return len;
}

static gssize
charflow_udp_backend_read (CharflowBackend *backend,
                           void            *buffer,
                           gsize            size,
                           GError         **error)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (backend);
  int saved_errno = EAGAIN;

  if (self->rest != NULL)
    return (gssize) take_rest (self, buffer, size);

  /* More than so many of no use are left to the next call, as if there were none. */
  for (guint i = 0; i < MAX_IGNORED; i++)
    {
      gssize len = receive (self, buffer, size);

      if (len > 0)
        return MIN (len, (gssize) size);
      if (len < 0 && !is_network_news (errno))
        {
          saved_errno = errno;
          break;
        }
    }

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               _("Could not receive a datagram: %s"), g_strerror (saved_errno));
  return -1;
}

static gssize
charflow_udp_backend_write (CharflowBackend *backend,
                            const guint8    *data,
                            gsize            size,
                            GError         **error)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (backend);
  const struct sockaddr *remote = self->remote_len > 0 ? (struct sockaddr *) &self->remote : NULL;
  int saved_errno = 0;

  if (!has_remote (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("Nobody was heard who could be answered"));
      return -1;
    }

  /* News of an earlier datagram is no reason not to send this one. */
  for (guint i = 0; i < MAX_IGNORED; i++)
    {
      gssize len = sendto (get_fd (self), data, size, MSG_DONTWAIT | MSG_NOSIGNAL, remote, self->remote_len);

      if (len >= 0)
        return len;

      saved_errno = errno;
      if (saved_errno != EINTR && !is_network_news (saved_errno))
        break;
    }

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               _("Could not send a datagram of %zu bytes: %s"), size,
               g_strerror (saved_errno));
  return -1;
}

static GSource *
charflow_udp_backend_create_source (CharflowBackend *backend,
                                    GIOCondition     condition)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (backend);

  return has_remote (self) ? charflow_fd_sources_create (self->sources, get_fd (self), condition) : NULL;
}

/* Looks who it is and leaves the datagram to the reader; an empty one is nobody's. */
static gboolean
first_heard_cb (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  CharflowUdpBackend *self = user_data;
  g_autoptr (CharflowUdpBackend) guard = g_object_ref (self);
  struct sockaddr_storage sender = { 0 };
  socklen_t len = sizeof sender;
  char byte;
  gssize n = recvfrom (fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK, (struct sockaddr *) &sender, &len);

  if (n == 0)
    n = recv (fd, &byte, 1, MSG_DONTWAIT);
  if (n <= 0)
    return G_SOURCE_CONTINUE;

  charflow_clear_source (&self->first_source);
  note_sender (self, &sender, len);
  if (has_remote (self))
    charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);

  return G_SOURCE_REMOVE;
}

static void
watch_for_first (CharflowUdpBackend *self)
{
  self->first_source = g_unix_fd_source_new (get_fd (self), G_IO_IN);
  g_source_set_callback (self->first_source, G_SOURCE_FUNC (first_heard_cb), self, NULL);
  g_source_attach (self->first_source, charflow_backend_get_context (CHARFLOW_BACKEND (self)));
}

static void
charflow_udp_backend_close (CharflowBackend *backend)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (backend);
  g_autoptr (GSocket) socket = g_steal_pointer (&self->socket);

  charflow_clear_source (&self->first_source);
  charflow_fd_sources_destroy (self->sources);
  forget_rest (self);
  self->remote_len = 0;
  if (socket != NULL)
    g_socket_close (socket, NULL);

  g_object_freeze_notify (G_OBJECT (self));
  set_bound_port (self, 0);
  charflow_backend_set_uri (backend, NULL);
  g_object_thaw_notify (G_OBJECT (self));
}

/* What came before the socket was connected may be a stranger's. */
static void
drop_strangers (GSocket *socket)
{
  char byte;

  for (guint i = 0; i < MAX_QUEUED; i++)
    {
      if (recv (g_socket_get_fd (socket), &byte, 1, MSG_DONTWAIT) < 0)
        return;
    }
}

static gboolean
connect_socket (GSocket        *socket,
                GSocketAddress *remote,
                GError        **error)
{
  g_autofree char *text = NULL;

  if (g_socket_connect (socket, remote, NULL, error))
    {
      drop_strangers (socket);
      return TRUE;
    }

  text = charflow_socket_address_to_string (remote);
  g_prefix_error (error, _("Could not connect to '%s': "), text);
  return FALSE;
}

/* Nobody else may have the port meanwhile: the two would not know whose the datagrams are. */
static GSocket *
make_socket (GSocketAddress *local,
             GError        **error)
{
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (local), G_SOCKET_TYPE_DATAGRAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);
  g_autofree char *text = NULL;

  if (socket == NULL)
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  if (g_socket_bind (socket, local, FALSE, error))
    return g_steal_pointer (&socket);

  text = charflow_socket_address_to_string (local);
  g_prefix_error (error, _("Could not bind to '%s': "), text);
  return NULL;
}

static gboolean
set_remote (CharflowUdpBackend *self,
            GSocketAddress     *remote,
            GError            **error)
{
  if (is_connected (self))
    return connect_socket (self->socket, remote, error);
  if (remote == NULL)
    return TRUE;

  if (!g_socket_address_to_native (remote, &self->remote, sizeof self->remote, error))
    return FALSE;

  self->remote_len = (socklen_t) g_socket_address_get_native_size (remote);
  return TRUE;
}

/* The peer's address, where one is named, is the data of @task. */
static void
open_socket (CharflowUdpBackend *self,
             GTask              *task,
             GSocketAddress     *local)
{
  GSocketAddress *remote = g_task_get_task_data (task);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  self->socket = make_socket (local, &error);
  if (self->socket == NULL || !set_remote (self, remote, &error))
    {
      charflow_udp_backend_close (CHARFLOW_BACKEND (self));
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  bound = g_socket_get_local_address (self->socket, NULL);
  g_object_freeze_notify (G_OBJECT (self));
  if (bound != NULL)
    set_bound_port (self, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  update_uri (self);
  if (has_remote (self))
    charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
  else
    watch_for_first (self);
  g_task_return_boolean (task, TRUE);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
local_resolved_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) local = charflow_host_resolve_finish (result, &error);

  if (local != NULL)
    open_socket (g_task_get_source_object (task), task, local);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* Whoever is not named may be a stranger: to be heard from outside of this machine is to be asked for. */
static void
resolve_local (CharflowUdpBackend *self,
               GTask              *task,
               GSocketFamily       family)
{
  GSocketFamily default_family = family != G_SOCKET_FAMILY_INVALID ? family : G_SOCKET_FAMILY_IPV4;
  g_autoptr (GInetAddress) ip = NULL;
  g_autoptr (GSocketAddress) local = NULL;

  if (self->config.local_address != NULL)
    {
      charflow_host_resolve_async (self->config.local_address, (guint16) self->config.local_port, family,
                                   g_task_get_cancellable (task), local_resolved_cb, g_object_ref (task));
      return;
    }

  ip = g_task_get_task_data (task) != NULL ? g_inet_address_new_any (default_family)
                                           : g_inet_address_new_loopback (default_family);
  local = g_inet_socket_address_new (ip, (guint16) self->config.local_port);
  open_socket (self, task, local);
}

static void
remote_resolved_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  GSocketAddress *remote = charflow_host_resolve_finish (result, &error);

  if (remote == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  g_task_set_task_data (task, remote, g_object_unref);
  resolve_local (g_task_get_source_object (task), task, g_socket_address_get_family (remote));
}

static const char *
get_remote_host (CharflowUdpBackend *self)
{
  if (self->config.host != NULL)
    return self->config.host;

  return self->config.family == G_SOCKET_FAMILY_IPV6 ? "::1" : "127.0.0.1";
}

static void
charflow_udp_backend_open_async (CharflowBackend    *backend,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, charflow_udp_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (!check_config (&self->config, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (self->config.port == 0)
    resolve_local (self, task, self->config.family);
  else
    charflow_host_resolve_async (get_remote_host (self), (guint16) self->config.port, self->config.family,
                                 cancellable, remote_resolved_cb, g_object_ref (task));
}

static char *
charflow_udp_backend_get_resource (CharflowBackend *backend)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (backend);
  const char *address = self->config.local_address;

  if (self->config.local_port == 0)
    return NULL;

  return g_strdup_printf ("udp:%s:%u", address != NULL ? address : "", self->config.local_port);
}

static void
charflow_udp_backend_finalize (GObject *object)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (object);

  charflow_fd_sources_free (self->sources);
  g_free (self->config.host);
  g_free (self->config.local_address);

  G_OBJECT_CLASS (charflow_udp_backend_parent_class)->finalize (object);
}

static void
charflow_udp_backend_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (object);

  switch ((CharflowUdpBackendProperty) prop_id)
    {
    case PROP_HOST:
      g_value_set_string (value, charflow_udp_backend_get_host (self));
      break;
    case PROP_PORT:
      g_value_set_uint (value, charflow_udp_backend_get_port (self));
      break;
    case PROP_LOCAL_ADDRESS:
      g_value_set_string (value, charflow_udp_backend_get_local_address (self));
      break;
    case PROP_LOCAL_PORT:
      g_value_set_uint (value, charflow_udp_backend_get_local_port (self));
      break;
    case PROP_FAMILY:
      g_value_set_enum (value, self->config.family);
      break;
    case PROP_REPLY_TO_SENDER:
      g_value_set_boolean (value, charflow_udp_backend_get_reply_to_sender (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static char *
dup_non_empty (const GValue *value)
{
  const char *text = g_value_get_string (value);

  return text != NULL && *text != '\0' ? g_strdup (text) : NULL;
}

static void
charflow_udp_backend_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  CharflowUdpBackend *self = CHARFLOW_UDP_BACKEND (object);

  switch ((CharflowUdpBackendProperty) prop_id)
    {
    case PROP_HOST:
      self->config.host = dup_non_empty (value);
      break;
    case PROP_PORT:
      self->config.port = g_value_get_uint (value);
      break;
    case PROP_LOCAL_ADDRESS:
      self->config.local_address = dup_non_empty (value);
      break;
    case PROP_LOCAL_PORT:
      self->config.local_port = g_value_get_uint (value);
      break;
    case PROP_FAMILY:
      self->config.family = g_value_get_enum (value);
      break;
    case PROP_REPLY_TO_SENDER:
      self->config.reply_to_sender = g_value_get_boolean (value);
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
   * CharflowUdpBackend:host:
   *
   * The name or address of the peer; %NULL for the loopback address.
   *
   * Since: 1.0
   */
  props[PROP_HOST] =
    g_param_spec_string ("host", NULL, "The name or address of the peer", NULL, flags);

  /**
   * CharflowUdpBackend:port:
   *
   * The port of the peer. It may be 0 only with #CharflowUdpBackend:reply-to-sender, where it means that
   * no peer is known yet.
   *
   * Since: 1.0
   */
  props[PROP_PORT] =
    g_param_spec_uint ("port", NULL, "The port of the peer", 0, G_MAXUINT16, 0, flags);

  /**
   * CharflowUdpBackend:local-address:
   *
   * The name or address to listen on; %NULL for any address where a peer is named, and for the loopback
   * address otherwise.
   *
   * Since: 1.0
   */
  props[PROP_LOCAL_ADDRESS] =
    g_param_spec_string ("local-address", NULL, "The name or address to listen on", NULL, flags);

  /**
   * CharflowUdpBackend:local-port:
   *
   * The port to listen on; 0 for a free one. This is the real one while the back end is open.
   *
   * Since: 1.0
   */
  props[PROP_LOCAL_PORT] =
    g_param_spec_uint ("local-port", NULL, "The port to listen on", 0, G_MAXUINT16, 0,
                       flags | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CharflowUdpBackend:family:
   *
   * The kind of addresses that may be used; %G_SOCKET_FAMILY_INVALID for both kinds.
   *
   * Since: 1.0
   */
  props[PROP_FAMILY] =
    g_param_spec_enum ("family", NULL, "The kind of addresses that may be used",
                       G_TYPE_SOCKET_FAMILY, G_SOCKET_FAMILY_INVALID, flags);

  /**
   * CharflowUdpBackend:reply-to-sender:
   *
   * Whether everybody is heard, and what is written goes to whom was heard last. Whoever can reach the
   * port can take the place of the peer then.
   *
   * Since: 1.0
   */
  props[PROP_REPLY_TO_SENDER] =
    g_param_spec_boolean ("reply-to-sender", NULL, "Whether answers go to whom was heard last",
                          FALSE, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_udp_backend_class_init (CharflowUdpBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  object_class->finalize = charflow_udp_backend_finalize;
  object_class->get_property = charflow_udp_backend_get_property;
  object_class->set_property = charflow_udp_backend_set_property;

  backend_class->open_async = charflow_udp_backend_open_async;
  backend_class->close = charflow_udp_backend_close;
  backend_class->read = charflow_udp_backend_read;
  backend_class->write = charflow_udp_backend_write;
  backend_class->create_source = charflow_udp_backend_create_source;
  backend_class->get_resource = charflow_udp_backend_get_resource;

  install_properties (object_class);
}

static void
charflow_udp_backend_init (CharflowUdpBackend *self)
{
  self->sources = charflow_fd_sources_new ();
}

/**
 * charflow_udp_backend_new:
 * @host: (nullable): the name or address of the peer, or %NULL for the loopback address
 * @port: its port
 *
 * Makes a back end that exchanges datagrams with one peer. What else there is to set are properties.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowUdpBackend *
charflow_udp_backend_new (const char *host,
                          guint16     port)
{
  return g_object_new (CHARFLOW_TYPE_UDP_BACKEND, "host", host, "port", port, NULL);
}

/**
 * charflow_udp_backend_get_host:
 * @self: a UDP back end
 *
 * Gets the name or address of the peer.
 *
 * Returns: (nullable): the host, or %NULL for the loopback address
 *
 * Since: 1.0
 */
const char *
charflow_udp_backend_get_host (CharflowUdpBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_UDP_BACKEND (self), NULL);

  return self->config.host;
}

/**
 * charflow_udp_backend_get_port:
 * @self: a UDP back end
 *
 * Gets the port of the peer.
 *
 * Returns: the port, or 0 where no peer was named
 *
 * Since: 1.0
 */
guint
charflow_udp_backend_get_port (CharflowUdpBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_UDP_BACKEND (self), 0);

  return self->config.port;
}

/**
 * charflow_udp_backend_get_local_address:
 * @self: a UDP back end
 *
 * Gets the name or address to listen on.
 *
 * Returns: (nullable): the address, or %NULL where none was given
 *
 * Since: 1.0
 */
const char *
charflow_udp_backend_get_local_address (CharflowUdpBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_UDP_BACKEND (self), NULL);

  return self->config.local_address;
}

/**
 * charflow_udp_backend_get_local_port:
 * @self: a UDP back end
 *
 * Gets the port to listen on: while it is open, its real one.
 *
 * Returns: the port
 *
 * Since: 1.0
 */
guint
charflow_udp_backend_get_local_port (CharflowUdpBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_UDP_BACKEND (self), 0);

  return self->bound_port != 0 ? self->bound_port : self->config.local_port;
}

/**
 * charflow_udp_backend_get_reply_to_sender:
 * @self: a UDP back end
 *
 * Tells whether everybody is heard, and what is written goes to whom was heard last.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
charflow_udp_backend_get_reply_to_sender (CharflowUdpBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_UDP_BACKEND (self), FALSE);

  return self->config.reply_to_sender;
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  guint64 port = charflow_backend_options_get_number (options, "port");
  guint64 local_port = charflow_backend_options_get_number (options, "localport");
  const char *host = charflow_backend_options_get_string (options, "host");
  Config config = { 0 };

  if (charflow_backend_options_has (options, "port") &&
      !charflow_address_options_check_port ("port", port, 1, error))
    return NULL;
  if (!charflow_address_options_check_port ("localport", local_port, 0, error) ||
      !charflow_address_options_get_family (options, &config.family, error))
    return NULL;

  config.host = (char *) (host != NULL && *host != '\0' ? host : NULL);
  config.port = (guint) port;
  config.reply_to_sender = charflow_backend_options_get_boolean (options, "reply-to-sender");
  if (!check_config (&config, error))
    return NULL;

  return g_object_new (CHARFLOW_TYPE_UDP_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "host", config.host,
                       "port", config.port,
                       "local-address", charflow_backend_options_get_string (options, "localaddr"),
                       "local-port", (guint) local_port,
                       "family", config.family,
                       "reply-to-sender", config.reply_to_sender,
                       NULL);
}

static const CharflowBackendOption udp_options[] = {
  { "host", CHARFLOW_OPTION_TYPE_STRING, NULL,
    N_("The name or address of the peer, the loopback address by default") },
  { "ipv4", CHARFLOW_OPTION_TYPE_BOOLEAN, NULL, N_("Whether IPv4 may be used") },
  { "ipv6", CHARFLOW_OPTION_TYPE_BOOLEAN, NULL, N_("Whether IPv6 may be used") },
  { "localaddr", CHARFLOW_OPTION_TYPE_STRING, NULL,
    N_("The name or address to listen on, any by default") },
  { "localport", CHARFLOW_OPTION_TYPE_NUMBER, "0", N_("The port to listen on, 0 for a free one") },
  { "port", CHARFLOW_OPTION_TYPE_NUMBER, NULL, N_("The port of the peer") },
  { "reply-to-sender", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether everybody is heard and the last one answered") },
  { NULL },
};

const CharflowBackendKind charflow_udp_backend_kind = {
  .name = "udp",
  .description = N_("Exchanges datagrams, each write being one"),
  .options = udp_options,
  .create = create_from_options,
};

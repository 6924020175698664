/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-backend.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-socket-backend-private.h"

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
 * Between the socket and the data there may be TLS, WebSocket and telnet, in this order. A peer is there only when all of
 * them are ready, which has to be within #CharflowSocketBackend:handshake-timeout; one that fails is sent away, and
 * #CharflowSocketBackend::peer-error says why. With plain UNIX sockets, file descriptors can be passed: then the back end
 * has %CHARFLOW_FEATURE_FD_PASS while a peer is there.
 *
 * With telnet, a break of the peer is %CHARFLOW_EVENT_BREAK, and charflow_backend_send_break() sends one. With
 * #CharflowSocketBackend:rfc2217 there is a serial line. A client sets the one of its server by
 * charflow_backend_set_serial_settings() and charflow_backend_set_modem_lines(), and is told what holds by
 * #CharflowSocketBackend:peer-settings and #CharflowBackend:modem-lines. A server is asked by
 * #CharflowSocketBackend::settings-requested; its modem lines are those of a null modem cable: the peer's DTR is its DSR and
 * DCD, the peer's RTS its CTS, and the other way round.
 *
 * In a spec it is `socket`, with the options that charflow_backend_list_options() describes. There a server waits for
 * its first peer by default, as in QEMU; #CharflowSocketBackend:wait is %FALSE by default.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowSocketBackend) server = charflow_socket_backend_new_for_unix ("line.sock", TRUE);
 * g_autoptr (CharflowSocketBackend) caller = charflow_socket_backend_new_for_unix ("line.sock", FALSE);
 * g_autoptr (CharflowCharDevice) here = charflow_char_device_new (CHARFLOW_BACKEND (server));
 * g_autoptr (CharflowCharDevice) there = charflow_char_device_new (CHARFLOW_BACKEND (caller));
 * g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
 *
 * charflow_char_device_start (here); // listens
 * charflow_char_device_start (there); // connects
 * charflow_char_device_write_bytes (there, NULL, bytes, NULL); // waits until it has
 * ]|
 */

/**
 * CharflowSocketBackend:
 *
 * A back end behind a TCP or UNIX socket.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (CharflowSocketBackend, charflow_socket_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_PEER_SETTINGS = CHARFLOW_SOCKET_FIRST_OTHER_PROPERTY,
} CharflowSocketBackendProperty;

typedef enum
{
  SIGNAL_PEER_ERROR,
  SIGNAL_SETTINGS_REQUESTED,
} CharflowSocketBackendSignal;

static guint signals[SIGNAL_SETTINGS_REQUESTED + 1];

static gboolean
check_fd_unused (CharflowSocketBackend *self,
                 GError               **error)
{
  if (!self->fd_used)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option 'fd' is %d, which an earlier opening has taken over"), self->config.fd);
  return FALSE;
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

  if (!charflow_socket_config_check (&self->config, &error) || !check_fd_unused (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  charflow_socket_backend_start (self, task);
}

static void
charflow_socket_backend_close (CharflowBackend *backend)
{
  charflow_socket_backend_stop (CHARFLOW_SOCKET_BACKEND (backend));
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

  return self->peer->klass->read (self->peer, buffer, size, error);
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

  return self->peer->klass->write (self->peer, data, size, error);
}

static GSource *
charflow_socket_backend_create_source (CharflowBackend *backend,
                                       GIOCondition     condition)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  return self->peer != NULL ? self->peer->klass->create_source (self->peer, condition) : NULL;
}

static char *
charflow_socket_backend_get_resource (CharflowBackend *backend)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);
  guint port = charflow_socket_backend_get_port (self);

  if (!self->config.server || (self->config.path == NULL && port == 0))
    return NULL;
  if (self->config.path != NULL)
    return charflow_socket_config_to_string (&self->config, port);

  return g_strdup_printf ("tcp:%s:%u", charflow_socket_config_get_host (&self->config), port);
}

static gboolean
charflow_socket_backend_drop_peer (CharflowBackend *backend,
                                   GError         **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  if (self->socket != NULL)
    charflow_socket_backend_lose_peer (self);

  return TRUE;
}

static gboolean
charflow_socket_backend_accept_fd (CharflowBackend *backend,
                                   int              fd,
                                   GError         **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);
  g_autoptr (GSocket) socket = NULL;

  if (self->socket != NULL)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY,
                   _("The back end '%s' has a peer already"), charflow_backend_get_name (backend));
      return FALSE;
    }

  socket = charflow_socket_adopt_peer (fd, "fd", error);
  if (socket == NULL)
    return FALSE;

  charflow_socket_backend_take_fd_peer (self, socket);
  return TRUE;
}

static gboolean
charflow_socket_backend_queue_fds (CharflowBackend *backend,
                                   GUnixFDList     *fds,
                                   GError         **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  return self->peer->klass->queue_fds (self->peer, fds, error);
}

static GUnixFDList *
charflow_socket_backend_steal_fds (CharflowBackend *backend)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  if (self->peer == NULL || self->peer->klass->steal_fds == NULL)
    return NULL;

  return self->peer->klass->steal_fds (self->peer);
}

static gboolean
check_line (CharflowSocketBackend *self,
            GError               **error)
{
  if (self->line != NULL)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
               _("The back end '%s' has no serial line without the options 'telnet' and 'rfc2217'"),
               charflow_backend_get_name (CHARFLOW_BACKEND (self)));
  return FALSE;
}

static gboolean
charflow_socket_backend_set_serial_settings (CharflowBackend        *backend,
                                             CharflowSerialSettings *settings,
                                             GError                **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  return check_line (self, error) && charflow_socket_line_set_settings (self->line, settings, error);
}

static gboolean
charflow_socket_backend_set_break (CharflowBackend *backend,
                                   gboolean         on,
                                   GError         **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  return check_line (self, error) && charflow_socket_line_set_break (self->line, on, error);
}

static gboolean
charflow_socket_backend_query_modem_lines (CharflowBackend    *backend,
                                           CharflowModemLines *lines,
                                           GError            **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  return check_line (self, error) && charflow_socket_line_query_modem_lines (self->line, lines, error);
}

static gboolean
charflow_socket_backend_set_modem_lines (CharflowBackend   *backend,
                                         CharflowModemLines lines,
                                         GError           **error)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (backend);

  return check_line (self, error) && charflow_socket_line_set_modem_lines (self->line, lines, error);
}

void
charflow_socket_backend_emit_peer_error (CharflowSocketBackend *self,
                                         GError                *error)
{
  g_signal_emit (self, signals[SIGNAL_PEER_ERROR], 0, error);
}

gboolean
charflow_socket_backend_emit_settings_requested (CharflowSocketBackend  *self,
                                                 CharflowSerialSettings *settings)
{
  gboolean accepted = FALSE;

  g_signal_emit (self, signals[SIGNAL_SETTINGS_REQUESTED], 0, settings, &accepted);
  return accepted;
}

void
charflow_socket_backend_notify_peer_settings (CharflowSocketBackend *self)
{
  g_object_notify (G_OBJECT (self), "peer-settings");
}

static gboolean
charflow_socket_backend_real_settings_requested (CharflowSocketBackend  *self,
                                                 CharflowSerialSettings *settings)
{
  return TRUE;
}

static void
charflow_socket_backend_finalize (GObject *object)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (object);

  g_clear_pointer (&self->line, charflow_socket_line_free);
  charflow_socket_config_clear (&self->config);

  G_OBJECT_CLASS (charflow_socket_backend_parent_class)->finalize (object);
}

static void
charflow_socket_backend_constructed (GObject *object)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (object);

  if (self->config.server || self->config.reconnect_interval_s > 0)
    charflow_backend_add_features (CHARFLOW_BACKEND (self), CHARFLOW_FEATURE_RECONNECTABLE);
  if (charflow_socket_config_has_telnet (&self->config))
    self->line = charflow_socket_line_new (self, &self->config);

  G_OBJECT_CLASS (charflow_socket_backend_parent_class)->constructed (object);
}

static void
charflow_socket_backend_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (object);

  if (prop_id == PROP_PEER_SETTINGS)
    g_value_set_boxed (value, charflow_socket_backend_get_peer_settings (self));
  else if (!charflow_socket_config_get_property (&self->config, charflow_socket_backend_get_port (self), prop_id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
charflow_socket_backend_set_property (GObject      *object,
                                      guint         prop_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  CharflowSocketBackend *self = CHARFLOW_SOCKET_BACKEND (object);

  if (!charflow_socket_config_set_property (&self->config, prop_id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
install_signals (GObjectClass *object_class)
{
  /**
   * CharflowSocketBackend::peer-error:
   * @self: a socket
   * @error: what was wrong
   *
   * Emitted when a peer was sent away before it was there, because TLS, WebSocket or telnet failed or took too long, and
   * when a client that connects again could not: then only for the first time, until it succeeds once. The one failure
   * of a client that does not connect again is the error of its opening.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PEER_ERROR] =
    g_signal_new ("peer-error", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);

  /**
   * CharflowSocketBackend::settings-requested:
   * @self: a socket
   * @settings: how the line would be set
   *
   * Emitted when the client of a server with #CharflowSocketBackend:rfc2217 sets the serial line, one item at a time; the
   * others are as they were. If nobody handles it, the line is set.
   *
   * Returns: %TRUE to set it, %FALSE to leave it as it is
   *
   * Since: 1.0
   */
  signals[SIGNAL_SETTINGS_REQUESTED] =
    g_signal_new_class_handler ("settings-requested", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST,
                                G_CALLBACK (charflow_socket_backend_real_settings_requested),
                                g_signal_accumulator_first_wins, NULL, NULL,
                                G_TYPE_BOOLEAN, 1, CHARFLOW_TYPE_SERIAL_SETTINGS);
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
  backend_class->get_resource = charflow_socket_backend_get_resource;
  backend_class->set_serial_settings = charflow_socket_backend_set_serial_settings;
  backend_class->set_break = charflow_socket_backend_set_break;
  backend_class->query_modem_lines = charflow_socket_backend_query_modem_lines;
  backend_class->set_modem_lines = charflow_socket_backend_set_modem_lines;
  backend_class->drop_peer = charflow_socket_backend_drop_peer;
  backend_class->accept_fd = charflow_socket_backend_accept_fd;
  backend_class->queue_fds = charflow_socket_backend_queue_fds;
  backend_class->steal_fds = charflow_socket_backend_steal_fds;

  charflow_socket_config_install_properties (object_class);

  /**
   * CharflowSocketBackend:peer-settings:
   *
   * How the serial line is set that there is with #CharflowSocketBackend:rfc2217: for a client, as far as its server has
   * told. %NULL as long as that is not known.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_PEER_SETTINGS,
                                   g_param_spec_boxed ("peer-settings", NULL, "How the serial line is set",
                                                       CHARFLOW_TYPE_SERIAL_SETTINGS,
                                                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));
  install_signals (object_class);
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
 * charflow_socket_backend_new_for_fd:
 * @fd: the number of a stream socket
 * @server: whether it listens, or is bound and can; otherwise it is connected
 *
 * Makes a back end behind a socket that is there already. It takes the socket over when it has been opened, and can be
 * opened only once.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowSocketBackend *
charflow_socket_backend_new_for_fd (int      fd,
                                    gboolean server)
{
  g_return_val_if_fail (fd >= 0, NULL);

  return g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND, "fd", fd, "server", server, NULL);
}

/**
 * charflow_socket_backend_new_unbound:
 *
 * Makes a server that listens nowhere: it has those peers that charflow_backend_accept_fd() gives to it.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowSocketBackend *
charflow_socket_backend_new_unbound (void)
{
  return g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND, "server", TRUE, "is-unbound", TRUE, NULL);
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

/**
 * charflow_socket_backend_get_peer_settings:
 * @self: a socket
 *
 * Gets how the serial line is set that there is with #CharflowSocketBackend:rfc2217.
 *
 * Returns: (nullable) (transfer none): the settings, or %NULL as long as they are not known
 *
 * Since: 1.0
 */
CharflowSerialSettings *
charflow_socket_backend_get_peer_settings (CharflowSocketBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SOCKET_BACKEND (self), NULL);

  return self->line != NULL ? charflow_socket_line_get_settings (self->line) : NULL;
}

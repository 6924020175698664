/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-config-private.h"

typedef enum
{
  PROP_HOST = 1,
  PROP_PORT,
  PROP_TO,
  PROP_PATH,
  PROP_IS_ABSTRACT,
  PROP_TIGHT,
  PROP_MODE,
  PROP_FD,
  PROP_UNBOUND,
  PROP_SERVER,
  PROP_WAIT,
  PROP_RECONNECT_INTERVAL,
  PROP_RECONNECT_MAX,
  PROP_NODELAY,
  PROP_KEEPALIVE,
  PROP_FAMILY,
  PROP_HANDSHAKE_TIMEOUT,
  PROP_TELNET,
  PROP_TN3270,
  PROP_RFC2217,
  PROP_WEBSOCKET,
  PROP_WS_PATH,
  PROP_TLS_CREDS,
  PROP_TLS_VERIFY,
  PROP_TLS_HOSTNAME,
  PROP_TLS_AUTHZ,
} CharflowSocketConfigProperty;

gboolean
charflow_socket_config_get_property (const CharflowSocketConfig *config,
                                     guint                       port,
                                     guint                       prop_id,
                                     GValue                     *value)
{
  switch ((CharflowSocketConfigProperty) prop_id)
    {
    case PROP_HOST:
      g_value_set_string (value, config->host);
      return TRUE;
    case PROP_PORT:
      g_value_set_uint (value, port);
      return TRUE;
    case PROP_TO:
      g_value_set_uint (value, config->to);
      return TRUE;
    case PROP_PATH:
      g_value_set_string (value, config->path);
      return TRUE;
    case PROP_IS_ABSTRACT:
      g_value_set_boolean (value, config->is_abstract);
      return TRUE;
    case PROP_TIGHT:
      g_value_set_boolean (value, config->tight);
      return TRUE;
    case PROP_MODE:
      g_value_set_int (value, config->mode);
      return TRUE;
    case PROP_FD:
      g_value_set_int (value, config->fd);
      return TRUE;
    case PROP_UNBOUND:
      g_value_set_boolean (value, config->unbound);
      return TRUE;
    case PROP_SERVER:
      g_value_set_boolean (value, config->server);
      return TRUE;
    case PROP_WAIT:
      g_value_set_boolean (value, config->wait);
      return TRUE;
    case PROP_RECONNECT_INTERVAL:
      g_value_set_uint (value, config->reconnect_interval_s);
      return TRUE;
    case PROP_RECONNECT_MAX:
      g_value_set_uint (value, config->reconnect_max_s);
      return TRUE;
    case PROP_NODELAY:
      g_value_set_boolean (value, config->nodelay);
      return TRUE;
    case PROP_KEEPALIVE:
      g_value_set_boolean (value, config->keepalive);
      return TRUE;
    case PROP_FAMILY:
      g_value_set_enum (value, config->family);
      return TRUE;
    case PROP_HANDSHAKE_TIMEOUT:
      g_value_set_uint (value, config->handshake_timeout_ms);
      return TRUE;
    case PROP_TELNET:
      g_value_set_boolean (value, config->telnet);
      return TRUE;
    case PROP_TN3270:
      g_value_set_boolean (value, config->tn3270);
      return TRUE;
    case PROP_RFC2217:
      g_value_set_boolean (value, config->rfc2217);
      return TRUE;
    case PROP_WEBSOCKET:
      g_value_set_boolean (value, config->websocket);
      return TRUE;
    case PROP_WS_PATH:
      g_value_set_string (value, config->ws_path);
      return TRUE;
    case PROP_TLS_CREDS:
      g_value_set_string (value, config->tls_creds);
      return TRUE;
    case PROP_TLS_VERIFY:
      g_value_set_boolean (value, config->tls_verify);
      return TRUE;
    case PROP_TLS_HOSTNAME:
      g_value_set_string (value, config->tls_hostname);
      return TRUE;
    case PROP_TLS_AUTHZ:
      g_value_set_string (value, config->tls_authz);
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
charflow_socket_config_set_property (CharflowSocketConfig *config,
                                     guint                 prop_id,
                                     const GValue         *value)
{
  switch ((CharflowSocketConfigProperty) prop_id)
    {
    case PROP_HOST:
      config->host = g_value_dup_string (value);
      return TRUE;
    case PROP_PORT:
      config->port = g_value_get_uint (value);
      return TRUE;
    case PROP_TO:
      config->to = g_value_get_uint (value);
      return TRUE;
    case PROP_PATH:
      config->path = g_value_dup_string (value);
      return TRUE;
    case PROP_IS_ABSTRACT:
      config->is_abstract = g_value_get_boolean (value);
      return TRUE;
    case PROP_TIGHT:
      config->tight = g_value_get_boolean (value);
      return TRUE;
    case PROP_MODE:
      config->mode = g_value_get_int (value);
      return TRUE;
    case PROP_FD:
      config->fd = g_value_get_int (value);
      return TRUE;
    case PROP_UNBOUND:
      config->unbound = g_value_get_boolean (value);
      return TRUE;
    case PROP_SERVER:
      config->server = g_value_get_boolean (value);
      return TRUE;
    case PROP_WAIT:
      config->wait = g_value_get_boolean (value);
      return TRUE;
    case PROP_RECONNECT_INTERVAL:
      config->reconnect_interval_s = g_value_get_uint (value);
      return TRUE;
    case PROP_RECONNECT_MAX:
      config->reconnect_max_s = g_value_get_uint (value);
      return TRUE;
    case PROP_NODELAY:
      config->nodelay = g_value_get_boolean (value);
      return TRUE;
    case PROP_KEEPALIVE:
      config->keepalive = g_value_get_boolean (value);
      return TRUE;
    case PROP_FAMILY:
      config->family = g_value_get_enum (value);
      return TRUE;
    case PROP_HANDSHAKE_TIMEOUT:
      config->handshake_timeout_ms = g_value_get_uint (value);
      return TRUE;
    case PROP_TELNET:
      config->telnet = g_value_get_boolean (value);
      return TRUE;
    case PROP_TN3270:
      config->tn3270 = g_value_get_boolean (value);
      return TRUE;
    case PROP_RFC2217:
      config->rfc2217 = g_value_get_boolean (value);
      return TRUE;
    case PROP_WEBSOCKET:
      config->websocket = g_value_get_boolean (value);
      return TRUE;
    case PROP_WS_PATH:
      config->ws_path = g_value_dup_string (value);
      return TRUE;
    case PROP_TLS_CREDS:
      config->tls_creds = g_value_dup_string (value);
      return TRUE;
    case PROP_TLS_VERIFY:
      config->tls_verify = g_value_get_boolean (value);
      return TRUE;
    case PROP_TLS_HOSTNAME:
      config->tls_hostname = g_value_dup_string (value);
      return TRUE;
    case PROP_TLS_AUTHZ:
      config->tls_authz = g_value_dup_string (value);
      return TRUE;
    default:
      return FALSE;
    }
}

void
charflow_socket_config_install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowSocketBackend:host:
   *
   * The name or address of a TCP server, or the one to listen on; %NULL for the loopback address. A server listens on all
   * the addresses of a name.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_HOST,
                                   g_param_spec_string ("host", NULL, "The name or address", NULL,
                                                        flags));

  /**
   * CharflowSocketBackend:port:
   *
   * The TCP port. A server may be given 0 for a free one, and this is its real port while it is
   * open.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_PORT,
                                   g_param_spec_uint ("port", NULL, "The TCP port", 0, G_MAXUINT16, 0,
                                                      flags | G_PARAM_EXPLICIT_NOTIFY));

  /**
   * CharflowSocketBackend:to:
   *
   * The last port that a server tries where those from #CharflowSocketBackend:port on are in use; 0
   * to try only one.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_TO,
                                   g_param_spec_uint ("to", NULL, "The last port that a server tries", 0, G_MAXUINT16, 0,
                                                      flags));

  /**
   * CharflowSocketBackend:path:
   *
   * The path of a UNIX socket; %NULL for TCP.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_PATH,
                                   g_param_spec_string ("path", NULL, "The path of a UNIX socket", NULL,
                                                        flags));

  /**
   * CharflowSocketBackend:is-abstract:
   *
   * Whether #CharflowSocketBackend:path is a name outside of the file system.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_IS_ABSTRACT,
                                   g_param_spec_boolean ("is-abstract", NULL, "Whether the path is outside of the file system", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:tight:
   *
   * Whether an abstract name is as long as it is; otherwise zeros fill it up to the length of the field, and both ends have
   * to do the same.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_TIGHT,
                                   g_param_spec_boolean ("tight", NULL, "Whether an abstract name ends where it ends", TRUE,
                                                         flags));

  /**
   * CharflowSocketBackend:mode:
   *
   * The permissions that a server gives to #CharflowSocketBackend:path, such as 0660; -1 for those that the umask of the
   * process says.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_MODE,
                                   g_param_spec_int ("mode", NULL, "The permissions of a UNIX socket", -1, G_MAXINT, -1,
                                                     flags));

  /**
   * CharflowSocketBackend:fd:
   *
   * The number of a socket that is there already, a listening one for a server and a connected one for a client; -1 for
   * none. Opening takes it over when it succeeds, and only once.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_FD,
                                   g_param_spec_int ("fd", NULL, "A socket that is there already", -1, G_MAXINT, -1,
                                                     flags));

  /**
   * CharflowSocketBackend:unbound:
   *
   * Whether a server listens nowhere, and has only those peers that charflow_backend_accept_fd() gives to it.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_UNBOUND,
                                   g_param_spec_boolean ("unbound", NULL, "Whether a server listens nowhere", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:server:
   *
   * Whether it listens; otherwise it connects.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_SERVER,
                                   g_param_spec_boolean ("server", NULL, "Whether it listens", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:wait:
   *
   * Whether opening a server ends when its first peer has come, and not as soon as it listens.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_WAIT,
                                   g_param_spec_boolean ("wait", NULL, "Whether opening ends with the first peer", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:reconnect-interval:
   *
   * After how many seconds a client without a peer connects again; 0 for never. With it, opening
   * always succeeds.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_RECONNECT_INTERVAL,
                                   g_param_spec_uint ("reconnect-interval", NULL, "Seconds until a client connects again", 0, G_MAXINT32, 0,
                                                      flags));

  /**
   * CharflowSocketBackend:reconnect-max:
   *
   * Up to how many seconds #CharflowSocketBackend:reconnect-interval is doubled with each attempt that fails; 0 to keep
   * it as it is.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_RECONNECT_MAX,
                                   g_param_spec_uint ("reconnect-max", NULL, "Seconds up to which the interval grows", 0, G_MAXINT32, 0,
                                                      flags));

  /**
   * CharflowSocketBackend:nodelay:
   *
   * Whether TCP sends small pieces at once.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_NODELAY,
                                   g_param_spec_boolean ("nodelay", NULL, "Whether TCP sends small pieces at once", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:keepalive:
   *
   * Whether TCP asks a silent peer now and then whether it is still there, so that a dead one is noticed after about two
   * minutes.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_KEEPALIVE,
                                   g_param_spec_boolean ("keepalive", NULL, "Whether TCP looks after a silent peer", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:family:
   *
   * The kind of addresses that TCP may use; %G_SOCKET_FAMILY_INVALID for both kinds.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_FAMILY,
                                   g_param_spec_enum ("family", NULL, "The kind of addresses that TCP may use", G_TYPE_SOCKET_FAMILY, G_SOCKET_FAMILY_INVALID,
                                                      flags));

  /**
   * CharflowSocketBackend:handshake-timeout:
   *
   * How many milliseconds TLS, WebSocket and telnet together may take before %CHARFLOW_EVENT_OPENED. After that the peer is
   * sent away.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_HANDSHAKE_TIMEOUT,
                                   g_param_spec_uint ("handshake-timeout", NULL, "Milliseconds that a connection may take to be set up", 0, G_MAXUINT, CHARFLOW_SOCKET_DEFAULT_TIMEOUT_MS,
                                                      flags));

  /**
   * CharflowSocketBackend:telnet:
   *
   * Whether the peer speaks telnet, as the server or as the client.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_TELNET,
                                   g_param_spec_boolean ("telnet", NULL, "Whether the peer speaks telnet", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:tn3270:
   *
   * Whether the peer speaks telnet with the records of a terminal of the family IBM 3270. A record is read and written as
   * a whole.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_TN3270,
                                   g_param_spec_boolean ("tn3270", NULL, "Whether the peer speaks telnet for IBM 3270", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:rfc2217:
   *
   * Whether the peer speaks telnet, with the option by which a client sets the server's serial line (RFC 2217).
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_RFC2217,
                                   g_param_spec_boolean ("rfc2217", NULL, "Whether telnet sets a serial line", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:websocket:
   *
   * Whether the peers of a server speak WebSocket.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_WEBSOCKET,
                                   g_param_spec_boolean ("websocket", NULL, "Whether the peer speaks WebSocket", FALSE,
                                                         flags));

  /**
   * CharflowSocketBackend:ws-path:
   *
   * The path that WebSocket requests have to ask for; %NULL for `/`.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_WS_PATH,
                                   g_param_spec_string ("ws-path", NULL, "The path of WebSocket requests", NULL,
                                                        flags));

  /**
   * CharflowSocketBackend:tls-creds:
   *
   * The folder with what TLS needs, named as for QEMU: `ca-cert.pem`, `server-cert.pem` and `server-key.pem`, or
   * `client-cert.pem` and `client-key.pem`, which a client may do without. %NULL for no TLS.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_TLS_CREDS,
                                   g_param_spec_string ("tls-creds", NULL, "A folder with certificates for TLS", NULL,
                                                        flags));

  /**
   * CharflowSocketBackend:tls-verify:
   *
   * Whether the peer's certificate has to be good: one that `ca-cert.pem` stands for, and, for a server, the one of its name.
   * A server asks for one then.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_TLS_VERIFY,
                                   g_param_spec_boolean ("tls-verify", NULL, "Whether the peer's certificate is checked", TRUE,
                                                         flags));

  /**
   * CharflowSocketBackend:tls-hostname:
   *
   * The name or address that the certificate of the server has to be for; %NULL for #CharflowSocketBackend:host.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_TLS_HOSTNAME,
                                   g_param_spec_string ("tls-hostname", NULL, "The name in the certificate of the server", NULL,
                                                        flags));

  /**
   * CharflowSocketBackend:tls-authz:
   *
   * A pattern with `*` and `?` for the subject of the certificate of a client, such as `*CN=laptop*`: others are sent away.
   * %NULL for everybody with a good certificate.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_TLS_AUTHZ,
                                   g_param_spec_string ("tls-authz", NULL, "A pattern for the subjects of certificates", NULL,
                                                        flags));
}

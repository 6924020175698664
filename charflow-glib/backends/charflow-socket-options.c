/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "charflow-address-options-private.h"
#include "charflow-backend-options-private.h"
#include "charflow-socket-backend.h"
#include "charflow-socket-config-private.h"
#include "charflow-text-private.h"

static const char *const addresses[] = { "fd", "path", "port" };

static gboolean
has_address (const CharflowBackendOptions *options)
{
  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      if (charflow_backend_options_has (options, addresses[i]))
        return TRUE;
    }

  return FALSE;
}

static gboolean
check_pairs (const CharflowBackendOptions *options,
             GError                      **error)
{
  static const char *const pairs[][2] = {
    { "path", "host" },
    { "path", "port" },
    { "path", "to" },
    { "path", "ipv4" },
    { "path", "ipv6" },
    { "path", "nodelay" },
    { "path", "delay" },
    { "path", "keepalive" },
    { "path", "tls-creds" },
    { "fd", "host" },
    { "fd", "port" },
    { "fd", "path" },
    { "fd", "to" },
    { "fd", "ipv4" },
    { "fd", "ipv6" },
    { "fd", "abstract" },
    { "fd", "mode" },
    { "fd", "reconnect" },
    { "abstract", "host" },
    { "abstract", "port" },
    { "delay", "nodelay" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      if (charflow_backend_options_has (options, pairs[i][0]) && charflow_backend_options_has (options, pairs[i][1]))
        return charflow_socket_config_refuse_pair (pairs[i][0], pairs[i][1], error);
    }

  return TRUE;
}

static gboolean
check_needs (const CharflowBackendOptions *options,
             GError                      **error)
{
  static const char *const pairs[][2] = {
    { "tls-authz", "tls-creds" },
    { "tls-hostname", "tls-creds" },
    { "tls-verify", "tls-creds" },
    { "ws-path", "websocket" },
    { "reconnect-max", "reconnect" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      if (charflow_backend_options_has (options, pairs[i][0]) && !charflow_backend_options_has (options, pairs[i][1]))
        return charflow_socket_config_refuse_alone (pairs[i][0], pairs[i][1], error);
    }

  return TRUE;
}

static gboolean
check_role (const CharflowBackendOptions *options,
            GError                      **error)
{
  static const char *const of_servers[] = { "mode", "to", "wait" };

  if (charflow_backend_options_get_boolean (options, "server"))
    return !charflow_backend_options_has (options, "reconnect") ||
           charflow_socket_config_refuse_pair ("reconnect", "server", error);

  for (gsize i = 0; i < G_N_ELEMENTS (of_servers); i++)
    {
      if (charflow_backend_options_has (options, of_servers[i]))
        return charflow_socket_config_refuse_pair (of_servers[i], "server=off", error);
    }

  return TRUE;
}

/* Without an address, a server waits for the sockets that it is given; whatever says more about one needs the rest. */
static gboolean
check_address (const CharflowBackendOptions *options,
               GError                      **error)
{
  static const char *const of_ports[] = { "host", "to", "ipv4", "ipv6" };
  static const char *const of_paths[] = { "abstract", "mode" };

  if (has_address (options))
    return TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (of_paths); i++)
    {
      if (charflow_backend_options_has (options, of_paths[i]))
        return charflow_socket_config_refuse_missing ("path", error);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (of_ports); i++)
    {
      if (charflow_backend_options_has (options, of_ports[i]))
        return charflow_socket_config_refuse_missing ("port", error);
    }

  /* Nobody could come before it is open. */
  if (charflow_backend_options_has (options, "wait") && charflow_backend_options_get_boolean (options, "wait"))
    return charflow_socket_config_refuse_alone ("wait", "port", error);
  if (charflow_backend_options_get_boolean (options, "server"))
    return TRUE;

  g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                       _("Option 'path', option 'port' or option 'fd' is missing"));
  return FALSE;
}

/* Which options there are decides here, not what they say: "reconnect=0" on a server is a mistake
 * too. */
static gboolean
check_presence (const CharflowBackendOptions *options,
                GError                      **error)
{
  return check_pairs (options, error) && check_needs (options, error) && check_role (options, error) &&
         check_address (options, error);
}

static gboolean
check_number (const CharflowBackendOptions *options,
              const char                   *name,
              guint64                       max,
              GError                      **error)
{
  guint64 number = charflow_backend_options_get_number (options, name);

  if (number <= max)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option '%s' expects up to %" PRIu64 ", not %" PRIu64), name, max, number);
  return FALSE;
}

/* The properties are of type guint, so each number is checked before it becomes one. */
static gboolean
check_numbers (const CharflowBackendOptions *options,
               GError                      **error)
{
  return charflow_address_options_check_port ("port", charflow_backend_options_get_number (options, "port"), 0, error) &&
         charflow_address_options_check_port ("to", charflow_backend_options_get_number (options, "to"), 0, error) &&
         check_number (options, "reconnect", G_MAXINT32, error) &&
         check_number (options, "reconnect-max", G_MAXINT32, error) &&
         check_number (options, "handshake-timeout", G_MAXINT32, error) &&
         check_number (options, "fd", G_MAXINT32, error);
}

static gboolean
parse_mode (const CharflowBackendOptions *options,
            int                          *mode,
            GError                      **error)
{
  const char *text = charflow_backend_options_get_string (options, "mode");
  guint64 value;
  g_autofree char *excerpt = NULL;

  *mode = -1;
  if (text == NULL)
    return TRUE;

  if (g_ascii_string_to_unsigned (text, 8, 0, 0777, &value, NULL))
    {
      *mode = (int) value;
      return TRUE;
    }

  excerpt = charflow_text_excerpt (text);
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option '%s' expects octal permissions up to 777, not '%s'"), "mode", excerpt);
  return FALSE;
}

static gboolean
get_nodelay (const CharflowBackendOptions *options)
{
  if (charflow_backend_options_has (options, "delay"))
    return !charflow_backend_options_get_boolean (options, "delay");

  return charflow_backend_options_get_boolean (options, "nodelay");
}

/* The text of an option that may be left empty. */
static char *
get_text (const CharflowBackendOptions *options,
          const char                   *name)
{
  const char *text = charflow_backend_options_get_string (options, name);

  return (char *) (text != NULL && *text != '\0' ? text : NULL);
}

static void
read_addresses (const CharflowBackendOptions *options,
                CharflowSocketConfig         *config)
{
  config->host = get_text (options, "host");
  config->path = (char *) charflow_backend_options_get_string (options, "path");
  config->fd = charflow_backend_options_has (options, "fd") ? (int) charflow_backend_options_get_number (options, "fd") : -1;
  config->port = (guint) charflow_backend_options_get_number (options, "port");
  config->to = (guint) charflow_backend_options_get_number (options, "to");
  config->is_abstract = charflow_backend_options_get_boolean (options, "abstract");
  config->tight = charflow_backend_options_get_boolean (options, "tight");
  config->server = charflow_backend_options_get_boolean (options, "server");
  config->unbound = config->server && !has_address (options);
}

static void
read_behaviour (const CharflowBackendOptions *options,
                CharflowSocketConfig         *config)
{
  config->wait = config->server && !config->unbound && charflow_backend_options_get_boolean (options, "wait");
  config->reconnect_interval_s = (guint) charflow_backend_options_get_number (options, "reconnect");
  config->reconnect_max_s = (guint) charflow_backend_options_get_number (options, "reconnect-max");
  config->nodelay = get_nodelay (options);
  config->keepalive = charflow_backend_options_get_boolean (options, "keepalive");
  config->handshake_timeout_ms = (guint) charflow_backend_options_get_number (options, "handshake-timeout");
  config->telnet = charflow_backend_options_get_boolean (options, "telnet");
  config->tn3270 = charflow_backend_options_get_boolean (options, "tn3270");
  config->rfc2217 = charflow_backend_options_get_boolean (options, "rfc2217");
  config->websocket = charflow_backend_options_get_boolean (options, "websocket");
  config->ws_path = (char *) charflow_backend_options_get_string (options, "ws-path");
  config->tls_creds = get_text (options, "tls-creds");
  config->tls_verify = charflow_backend_options_get_boolean (options, "tls-verify");
  config->tls_hostname = get_text (options, "tls-hostname");
  config->tls_authz = get_text (options, "tls-authz");
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  CharflowSocketConfig config = { 0 };

  if (!check_presence (options, error) || !check_numbers (options, error) ||
      !charflow_address_options_get_family (options, &config.family, error) || !parse_mode (options, &config.mode, error))
    return NULL;

  /* The texts are the options' own. */
  read_addresses (options, &config);
  read_behaviour (options, &config);
  if (!charflow_socket_config_check (&config, error))
    return NULL;

  return g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "host", config.host,
                       "port", config.port,
                       "to", config.to,
                       "path", config.path,
                       "is-abstract", config.is_abstract,
                       "tight", config.tight,
                       "mode", config.mode,
                       "fd", config.fd,
                       "unbound", config.unbound,
                       "server", config.server,
                       "wait", config.wait,
                       "reconnect-interval", config.reconnect_interval_s,
                       "reconnect-max", config.reconnect_max_s,
                       "nodelay", config.nodelay,
                       "keepalive", config.keepalive,
                       "family", config.family,
                       "handshake-timeout", config.handshake_timeout_ms,
                       "telnet", config.telnet,
                       "tn3270", config.tn3270,
                       "rfc2217", config.rfc2217,
                       "websocket", config.websocket,
                       "ws-path", config.ws_path,
                       "tls-creds", config.tls_creds,
                       "tls-verify", config.tls_verify,
                       "tls-hostname", config.tls_hostname,
                       "tls-authz", config.tls_authz,
                       NULL);
}

static const CharflowBackendOption socket_options[] = {
  { "abstract", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether the path is a name outside of the file system") },
  { "delay", CHARFLOW_OPTION_TYPE_BOOLEAN, NULL, N_("The opposite of nodelay") },
  { "fd", CHARFLOW_OPTION_TYPE_NUMBER, NULL,
    N_("A socket that is there already, which is taken over") },
  { "handshake-timeout", CHARFLOW_OPTION_TYPE_NUMBER, CHARFLOW_SOCKET_DEFAULT_TIMEOUT,
    N_("After how many milliseconds a peer that does not finish TLS, WebSocket or telnet is sent away") },
  { "host", CHARFLOW_OPTION_TYPE_STRING, NULL,
    N_("The name or address, the loopback address by default") },
  { "ipv4", CHARFLOW_OPTION_TYPE_BOOLEAN, NULL, N_("Whether IPv4 may be used") },
  { "ipv6", CHARFLOW_OPTION_TYPE_BOOLEAN, NULL, N_("Whether IPv6 may be used") },
  { "keepalive", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether a silent peer is asked now and then if it is still there") },
  { "mode", CHARFLOW_OPTION_TYPE_STRING, NULL,
    N_("The permissions of a server's path, in octal; by default what the umask says") },
  { "nodelay", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether small pieces are sent at once (TCP_NODELAY)") },
  { "path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The path of a UNIX socket") },
  { "port", CHARFLOW_OPTION_TYPE_NUMBER, NULL,
    N_("The TCP port; a server may say 0 for a free one") },
  { "reconnect", CHARFLOW_OPTION_TYPE_NUMBER, "0",
    N_("After how many seconds a client connects again, 0 for never") },
  { "reconnect-max", CHARFLOW_OPTION_TYPE_NUMBER, "0",
    N_("Up to how many seconds that is doubled with each failure, 0 for not at all") },
  { "rfc2217", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether telnet sets a serial line (RFC 2217)") },
  { "server", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether to listen and not to connect") },
  { "telnet", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether the peer speaks telnet") },
  { "tight", CHARFLOW_OPTION_TYPE_BOOLEAN, "on",
    N_("Whether an abstract name is as long as it is, and not as its field") },
  { "tls-authz", CHARFLOW_OPTION_TYPE_STRING, NULL,
    N_("A pattern for the subject of a client's certificate") },
  { "tls-creds", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("A folder with certificates for TLS") },
  { "tls-hostname", CHARFLOW_OPTION_TYPE_STRING, NULL,
    N_("The name in the server's certificate, the host by default") },
  { "tls-verify", CHARFLOW_OPTION_TYPE_BOOLEAN, "on",
    N_("Whether the peer's certificate is checked") },
  { "tn3270", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether the peer speaks telnet with the records of an IBM 3270") },
  { "to", CHARFLOW_OPTION_TYPE_NUMBER, NULL, N_("The last port that a server tries") },
  { "wait", CHARFLOW_OPTION_TYPE_BOOLEAN, "on",
    N_("Whether opening a server ends with its first client") },
  { "websocket", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether the peer speaks WebSocket") },
  { "ws-path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The path of WebSocket requests") },
  { NULL },
};

const CharflowBackendKind charflow_socket_backend_kind = {
  .name = "socket",
  .description = N_("A TCP or UNIX socket, as a server or as a client"),
  .options = socket_options,
  .create = create_from_options,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-config-private.h"

#include <string.h>
#include <sys/un.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>

#include "charflow-address-options-private.h"
#include "charflow-enums.h"
#include "charflow-text-private.h"

/* The last byte of the field is for the terminator that other programs expect. */
#define MAX_UNIX_PATH (sizeof (((struct sockaddr_un *) NULL)->sun_path) - 1)
#define MAX_MODE 0777
/* A day. */
#define MAX_TIMEOUT_MS 86400000

gboolean
charflow_socket_config_refuse_pair (const char *one,
                                    const char *other,
                                    GError    **error)
{
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
               _("Options '%s' and '%s' exclude each other"), one, other);
  return FALSE;
}

gboolean
charflow_socket_config_refuse_alone (const char *name,
                                     const char *needed,
                                     GError    **error)
{
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
               _("Option '%s' needs option '%s'"), name, needed);
  return FALSE;
}

gboolean
charflow_socket_config_refuse_missing (const char *name,
                                       GError    **error)
{
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
               _("Option '%s' is missing"), name);
  return FALSE;
}

static gboolean
check_path (const char *path,
            GError    **error)
{
  g_autofree char *excerpt = NULL;
  gsize len = strlen (path);

  if (len > 0 && len <= MAX_UNIX_PATH)
    return TRUE;

  excerpt = charflow_text_excerpt (path);
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option 'path' expects a path of 1 to %u bytes, not '%s'"), (guint) MAX_UNIX_PATH, excerpt);
  return FALSE;
}

/* One row: these two are not both to be. */
typedef struct
{
  gboolean one_given;
  gboolean other_given;
  const char *one;
  const char *other;
} Pair;

static gboolean
check_pairs (const Pair *pairs,
             gsize       n_pairs,
             GError    **error)
{
  for (gsize i = 0; i < n_pairs; i++)
    {
      if (pairs[i].one_given && pairs[i].other_given)
        return charflow_socket_config_refuse_pair (pairs[i].one, pairs[i].other, error);
    }

  return TRUE;
}

static gboolean
check_combinations (const CharflowSocketConfig *config,
                    GError                    **error)
{
  gboolean has_path = config->path != NULL;
  gboolean has_fd = config->fd >= 0;
  gboolean is_client = !config->server;
  const Pair pairs[] = {
    { has_path, config->host != NULL, "path", "host" },
    { has_path, config->port != 0, "path", "port" },
    { has_path, has_fd, "path", "fd" },
    { has_path, config->tls_creds != NULL, "path", "tls-creds" },
    { has_path, config->keepalive, "path", "keepalive" },
    { has_fd, config->host != NULL, "fd", "host" },
    { has_fd, config->port != 0, "fd", "port" },
    { has_fd, config->reconnect_interval_s > 0, "fd", "reconnect" },
    { config->unbound, has_path, "unbound", "path" },
    { config->unbound, has_fd, "unbound", "fd" },
    { config->unbound, config->host != NULL, "unbound", "host" },
    { config->unbound, config->port != 0, "unbound", "port" },
    { config->unbound, config->wait, "unbound", "wait=on" },
    { config->unbound, is_client, "unbound", "server=off" },
    { config->reconnect_interval_s > 0, config->server, "reconnect", "server" },
    { config->wait, is_client, "wait=on", "server=off" },
    { config->to > 0, is_client, "to", "server=off" },
    { config->mode >= 0, is_client, "mode", "server=off" },
    { config->mode >= 0, config->is_abstract, "mode", "abstract" },
    { config->websocket, is_client, "websocket", "server=off" },
    { config->telnet, config->tn3270, "telnet", "tn3270" },
    { config->rfc2217, config->tn3270, "rfc2217", "tn3270" },
    { config->tls_authz != NULL, is_client, "tls-authz", "server=off" },
    { config->tls_authz != NULL, !config->tls_verify, "tls-authz", "tls-verify=off" },
    { config->tls_hostname != NULL, config->server, "tls-hostname", "server" },
    { config->tls_hostname != NULL, !config->tls_verify, "tls-hostname", "tls-verify=off" },
  };

  return check_pairs (pairs, G_N_ELEMENTS (pairs), error);
}

static gboolean
check_needs (const CharflowSocketConfig *config,
             GError                    **error)
{
  if (config->tls_creds == NULL && config->tls_authz != NULL)
    return charflow_socket_config_refuse_alone ("tls-authz", "tls-creds", error);
  if (config->tls_creds == NULL && config->tls_hostname != NULL)
    return charflow_socket_config_refuse_alone ("tls-hostname", "tls-creds", error);
  if (!config->websocket && config->ws_path != NULL)
    return charflow_socket_config_refuse_alone ("ws-path", "websocket", error);
  if (config->reconnect_max_s > 0 && config->reconnect_interval_s == 0)
    return charflow_socket_config_refuse_alone ("reconnect-max", "reconnect", error);
  if (config->is_abstract && config->path == NULL)
    return charflow_socket_config_refuse_missing ("path", error);
  if (config->mode >= 0 && config->path == NULL)
    return charflow_socket_config_refuse_missing ("path", error);

  /* Nothing else says whose certificate it has to be. */
  if (config->tls_creds != NULL && !config->server && config->tls_verify && config->fd >= 0 && config->tls_hostname == NULL)
    return charflow_socket_config_refuse_missing ("tls-hostname", error);

  return TRUE;
}

static gboolean
check_values (const CharflowSocketConfig *config,
              GError                    **error)
{
  if (config->mode > MAX_MODE)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option 'mode' expects permissions up to 0%o, not 0%o"), MAX_MODE, (guint) config->mode);
      return FALSE;
    }

  if (config->reconnect_max_s > 0 && config->reconnect_max_s < config->reconnect_interval_s)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option 'reconnect-max' expects at least the %u seconds of 'reconnect', not %u"),
                   config->reconnect_interval_s, config->reconnect_max_s);
      return FALSE;
    }

  if (config->handshake_timeout_ms == 0 || config->handshake_timeout_ms > MAX_TIMEOUT_MS)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option 'handshake-timeout' expects from 1 to %u ms, not %u"), MAX_TIMEOUT_MS,
                   config->handshake_timeout_ms);
      return FALSE;
    }

  if (config->ws_path != NULL && *config->ws_path != '/')
    {
      g_autofree char *excerpt = charflow_text_excerpt (config->ws_path);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option 'ws-path' expects a path that begins with '/', not '%s'"), excerpt);
      return FALSE;
    }

  return TRUE;
}

gboolean
charflow_socket_config_check (const CharflowSocketConfig *config,
                              GError                    **error)
{
  if (!check_combinations (config, error) || !check_needs (config, error) || !check_values (config, error))
    return FALSE;

  if (config->path != NULL)
    return check_path (config->path, error);
  if (config->fd >= 0 || config->unbound)
    return TRUE;
  if (!charflow_address_options_check_port ("port", config->port, config->server ? 0 : 1, error))
    return FALSE;

  return config->to == 0 || charflow_address_options_check_port ("to", config->to, config->port, error);
}

void
charflow_socket_config_clear (CharflowSocketConfig *config)
{
  g_free (config->host);
  g_free (config->path);
  g_free (config->ws_path);
  g_free (config->tls_creds);
  g_free (config->tls_hostname);
  g_free (config->tls_authz);
}

gboolean
charflow_socket_config_has_telnet (const CharflowSocketConfig *config)
{
  return config->telnet || config->tn3270 || config->rfc2217;
}

gboolean
charflow_socket_config_has_layers (const CharflowSocketConfig *config)
{
  return config->tls_creds != NULL || config->websocket || charflow_socket_config_has_telnet (config);
}

const char *
charflow_socket_config_get_host (const CharflowSocketConfig *config)
{
  if (config->host != NULL && *config->host != '\0')
    return config->host;

  return config->family == G_SOCKET_FAMILY_IPV6 ? "::1" : "127.0.0.1";
}

GSocketAddress *
charflow_socket_config_new_unix_address (const CharflowSocketConfig *config)
{
  GUnixSocketAddressType type = G_UNIX_SOCKET_ADDRESS_PATH;

  if (config->is_abstract)
    type = config->tight ? G_UNIX_SOCKET_ADDRESS_ABSTRACT : G_UNIX_SOCKET_ADDRESS_ABSTRACT_PADDED;

  return g_unix_socket_address_new_with_type (config->path, -1, type);
}

const char *
charflow_socket_config_get_protocol (const CharflowSocketConfig *config)
{
  if (config->websocket)
    return "websocket";
  if (config->tn3270)
    return "tn3270";

  return config->telnet || config->rfc2217 ? "telnet" : "tcp";
}

char *
charflow_socket_config_to_string (const CharflowSocketConfig *config,
                                  guint                       port)
{
  const char *host = charflow_socket_config_get_host (config);
  gboolean ipv6 = strchr (host, ':') != NULL;

  if (config->path != NULL)
    return g_strconcat ("unix:", config->path, config->is_abstract ? ",abstract=on" : "",
                        config->is_abstract && !config->tight ? ",tight=off" : NULL, NULL);
  if (config->fd >= 0)
    return g_strdup_printf ("fd:%d", config->fd);
  if (config->unbound)
    return g_strdup ("fd:");

  return g_strdup_printf ("%s:%s%s%s:%u", charflow_socket_config_get_protocol (config), ipv6 ? "[" : "", host,
                          ipv6 ? "]" : "", port);
}

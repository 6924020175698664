/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <sys/un.h>

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "charflow-address-options-private.h"
#include "charflow-backend-options-private.h"
#include "charflow-socket-backend-private.h"
#include "charflow-text-private.h"

/* The last byte of the field is for the terminator that other programs expect. */
#define MAX_UNIX_PATH (sizeof (((struct sockaddr_un *) NULL)->sun_path) - 1)

static gboolean
refuse_pair (const char *one,
             const char *other,
             GError    **error)
{
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
               _("Options '%s' and '%s' exclude each other"), one, other);
  return FALSE;
}

static gboolean
refuse_missing (const char *name,
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

gboolean
charflow_socket_config_check (const CharflowSocketConfig *config,
                              GError                    **error)
{
  if (config->path != NULL && config->host != NULL)
    return refuse_pair ("path", "host", error);
  if (config->path != NULL && config->port != 0)
    return refuse_pair ("path", "port", error);
  if (config->wait && !config->server)
    return refuse_pair ("wait=on", "server=off", error);
  if (config->reconnect_interval_s > 0 && config->server)
    return refuse_pair ("reconnect", "server", error);
  if (config->is_abstract && config->path == NULL)
    return refuse_missing ("path", error);

  if (config->path != NULL)
    return check_path (config->path, error);
  if (config->to > 0 && !config->server)
    return refuse_pair ("to", "server=off", error);
  if (!charflow_address_options_check_port ("port", config->port, config->server ? 0 : 1, error))
    return FALSE;

  return config->to == 0 || charflow_address_options_check_port ("to", config->to, config->port, error);
}

/* Which options there are decides here, not what they say: "reconnect=0" on a server is a mistake
 * too. */
static gboolean
check_presence (const CharflowBackendOptions *options,
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
    { "abstract", "host" },
    { "abstract", "port" },
    { "delay", "nodelay" },
  };
  gboolean server = charflow_backend_options_get_boolean (options, "server");

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      if (charflow_backend_options_has (options, pairs[i][0]) &&
          charflow_backend_options_has (options, pairs[i][1]))
        return refuse_pair (pairs[i][0], pairs[i][1], error);
    }

  if (server && charflow_backend_options_has (options, "reconnect"))
    return refuse_pair ("reconnect", "server", error);
  if (!server && charflow_backend_options_has (options, "wait"))
    return refuse_pair ("wait", "server=off", error);
  if (!server && charflow_backend_options_has (options, "to"))
    return refuse_pair ("to", "server=off", error);

  if (charflow_backend_options_has (options, "path") || charflow_backend_options_has (options, "port"))
    return TRUE;
  if (charflow_backend_options_has (options, "abstract"))
    return refuse_missing ("path", error);
  if (charflow_backend_options_has (options, "host"))
    return refuse_missing ("port", error);

  g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                       _("Option 'path' or option 'port' is missing"));
  return FALSE;
}

/* The properties are of type guint, so each number is checked before it becomes one. */
static gboolean
check_numbers (const CharflowBackendOptions *options,
               GError                      **error)
{
  guint64 interval_s = charflow_backend_options_get_number (options, "reconnect");
  guint64 port = charflow_backend_options_get_number (options, "port");
  guint64 to = charflow_backend_options_get_number (options, "to");

  if (!charflow_address_options_check_port ("port", port, 0, error) ||
      !charflow_address_options_check_port ("to", to, 0, error))
    return FALSE;

  if (interval_s <= G_MAXINT32)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option '%s' expects up to %d seconds, not %" PRIu64), "reconnect", G_MAXINT32, interval_s);
  return FALSE;
}

static gboolean
get_nodelay (const CharflowBackendOptions *options)
{
  if (charflow_backend_options_has (options, "delay"))
    return !charflow_backend_options_get_boolean (options, "delay");

  return charflow_backend_options_get_boolean (options, "nodelay");
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  gboolean server = charflow_backend_options_get_boolean (options, "server");
  const char *host = charflow_backend_options_get_string (options, "host");
  const char *path = charflow_backend_options_get_string (options, "path");
  CharflowSocketConfig config = { 0 };

  if (!check_presence (options, error) || !check_numbers (options, error) ||
      !charflow_address_options_get_family (options, &config.family, error))
    return NULL;

  config.host = (char *) (host != NULL && *host != '\0' ? host : NULL);
  config.path = (char *) path;
  config.port = (guint) charflow_backend_options_get_number (options, "port");
  config.to = (guint) charflow_backend_options_get_number (options, "to");
  config.reconnect_interval_s = (guint) charflow_backend_options_get_number (options, "reconnect");
  config.is_abstract = charflow_backend_options_get_boolean (options, "abstract");
  config.server = server;
  config.wait = server && charflow_backend_options_get_boolean (options, "wait");
  config.nodelay = get_nodelay (options);
  if (!charflow_socket_config_check (&config, error))
    return NULL;

  return g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "host", config.host,
                       "port", config.port,
                       "to", config.to,
                       "path", config.path,
                       "is-abstract", config.is_abstract,
                       "server", config.server,
                       "wait", config.wait,
                       "reconnect-interval", config.reconnect_interval_s,
                       "nodelay", config.nodelay,
                       "family", config.family,
                       NULL);
}

static const CharflowBackendOption socket_options[] = {
  { "abstract", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether the path is a name outside of the file system") },
  { "delay", CHARFLOW_OPTION_TYPE_BOOLEAN, NULL, N_("The opposite of nodelay") },
  { "host", CHARFLOW_OPTION_TYPE_STRING, NULL,
    N_("The name or address, the loopback address by default") },
  { "ipv4", CHARFLOW_OPTION_TYPE_BOOLEAN, NULL, N_("Whether IPv4 may be used") },
  { "ipv6", CHARFLOW_OPTION_TYPE_BOOLEAN, NULL, N_("Whether IPv6 may be used") },
  { "nodelay", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether small pieces are sent at once (TCP_NODELAY)") },
  { "path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The path of a UNIX socket") },
  { "port", CHARFLOW_OPTION_TYPE_NUMBER, NULL,
    N_("The TCP port; a server may say 0 for a free one") },
  { "reconnect", CHARFLOW_OPTION_TYPE_NUMBER, "0",
    N_("After how many seconds a client connects again, 0 for never") },
  { "server", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether to listen and not to connect") },
  { "to", CHARFLOW_OPTION_TYPE_NUMBER, NULL, N_("The last port that a server tries") },
  { "wait", CHARFLOW_OPTION_TYPE_BOOLEAN, "on",
    N_("Whether opening a server ends with its first client") },
  { NULL },
};

const CharflowBackendKind charflow_socket_backend_kind = {
  .name = "socket",
  .description = N_("A TCP or UNIX socket, as a server or as a client"),
  .options = socket_options,
  .create = create_from_options,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What the options of a socket say, whether a spec or properties gave them. */
typedef struct
{
  char *host; /* NULL for the loopback address */
  char *path; /* NULL for TCP */
  char *ws_path; /* NULL for "/" */
  char *tls_creds; /* a folder, or NULL for no TLS */
  char *tls_hostname; /* NULL for the host */
  char *tls_authz; /* NULL for everybody with a good certificate */
  int fd; /* -1 for none */
  int mode; /* of a path, -1 for what the umask says */
  guint port;
  guint to; /* the last port that a server tries, or 0 */
  guint reconnect_interval_s;
  guint reconnect_max_s; /* up to which the interval grows, or 0 for never */
  guint handshake_timeout_ms;
  GSocketFamily family; /* G_SOCKET_FAMILY_INVALID for either */
  gboolean unbound; /* a server that listens nowhere */
  gboolean is_abstract;
  gboolean tight;
  gboolean server;
  gboolean wait;
  gboolean nodelay;
  gboolean keepalive;
  gboolean telnet;
  gboolean tn3270;
  gboolean rfc2217;
  gboolean websocket;
  gboolean tls_verify;
} CharflowSocketConfig;

#define CHARFLOW_SOCKET_DEFAULT_TIMEOUT_MS 10000
#define CHARFLOW_SOCKET_DEFAULT_TIMEOUT "10000"

/* Whether there is something between the socket and the data. */
gboolean charflow_socket_config_has_layers (const CharflowSocketConfig *config);
gboolean charflow_socket_config_has_telnet (const CharflowSocketConfig *config);
const char *charflow_socket_config_get_host (const CharflowSocketConfig *config);
/* Of a UNIX socket. */
GSocketAddress *charflow_socket_config_new_unix_address (const CharflowSocketConfig *config);
/* The address as it was asked for: "tcp:HOST:PORT", "telnet:HOST:PORT", "unix:PATH", "fd:N". */
char *charflow_socket_config_to_string (const CharflowSocketConfig *config,
                                        guint                       port);
/* "tcp", or the protocol over it. */
const char *charflow_socket_config_get_protocol (const CharflowSocketConfig *config);

/* Tells what is wrong with them, as far as that can be told without trying. */
gboolean charflow_socket_config_check (const CharflowSocketConfig *config,
                                       GError                    **error);
void charflow_socket_config_clear (CharflowSocketConfig *config);

/* CHARFLOW_BACKEND_ERROR_INCOMPATIBLE, in one wording; they return FALSE. */
gboolean charflow_socket_config_refuse_pair (const char *one,
                                             const char *other,
                                             GError    **error);
gboolean charflow_socket_config_refuse_alone (const char *name,
                                              const char *needed,
                                              GError    **error);
/* CHARFLOW_BACKEND_ERROR_MISSING_OPTION. */
gboolean charflow_socket_config_refuse_missing (const char *name,
                                                GError    **error);

/* The properties of the class are the config. */
void charflow_socket_config_install_properties (GObjectClass *object_class);
/* FALSE for a property that is none of these. The port is the one to tell. */
gboolean charflow_socket_config_get_property (const CharflowSocketConfig *config,
                                              guint                       port,
                                              guint                       prop_id,
                                              GValue                     *value);
gboolean charflow_socket_config_set_property (CharflowSocketConfig *config,
                                              guint                 prop_id,
                                              const GValue         *value);
/* The ids of the class's other properties begin here. */
#define CHARFLOW_SOCKET_FIRST_OTHER_PROPERTY 100

G_END_DECLS

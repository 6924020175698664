/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-socket-backend.h"

G_BEGIN_DECLS

/* What the options of a socket say, whether a spec or properties gave them. */
typedef struct
{
  char *host; /* NULL for the loopback address */
  char *path; /* NULL for TCP */
  guint port;
  guint to; /* the last port that a server tries, or 0 */
  guint reconnect_interval_s;
  GSocketFamily family; /* G_SOCKET_FAMILY_INVALID for either */
  gboolean is_abstract;
  gboolean server;
  gboolean wait;
  gboolean nodelay;
} CharflowSocketConfig;

/* Tells what is wrong with them, as far as that can be told without trying. */
gboolean charflow_socket_config_check (const CharflowSocketConfig *config,
                                       GError                    **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_SOCKET_BACKEND (charflow_socket_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowSocketBackend, charflow_socket_backend, CHARFLOW, SOCKET_BACKEND,
                      CharflowBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowSocketBackend *charflow_socket_backend_new_for_tcp (const char *host,
                                                            guint16     port,
                                                            gboolean    server) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
CharflowSocketBackend *charflow_socket_backend_new_for_unix (const char *path,
                                                             gboolean    server) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
CharflowSocketBackend *charflow_socket_backend_new_for_fd (int      fd,
                                                           gboolean server) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
CharflowSocketBackend *charflow_socket_backend_new_unbound (void) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_socket_backend_get_host (CharflowSocketBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_socket_backend_get_port (CharflowSocketBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_socket_backend_get_path (CharflowSocketBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_socket_backend_get_server (CharflowSocketBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialSettings *charflow_socket_backend_get_peer_settings (CharflowSocketBackend *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-server-types.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_SERVER_CLIENT (charflow_server_client_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowServerClient, charflow_server_client, CHARFLOW, SERVER_CLIENT, GObject)

CHARFLOW_AVAILABLE_IN_ALL
guint charflow_server_client_get_session_id (CharflowServerClient *self);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_server_client_get_peer (CharflowServerClient *self);
CHARFLOW_AVAILABLE_IN_ALL
GListModel *charflow_server_client_get_channels (CharflowServerClient *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_server_client_close (CharflowServerClient *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-server-client.h"

G_BEGIN_DECLS

CharflowServerClient *charflow_server_client_new (CharflowServer *server,
                                                  guint32         session_id,
                                                  const char     *peer);

void charflow_server_client_add (CharflowServerClient  *self,
                                 CharflowChannelClient *connection);
/* A connection has ended; when it was the main channel's, the session ends. */
void charflow_server_client_remove (CharflowServerClient  *self,
                                    CharflowChannelClient *connection);
/* Whether the session has a connection on the channel already. */
gboolean charflow_server_client_has_channel (CharflowServerClient  *self,
                                             CharflowServerChannel *channel);

G_END_DECLS

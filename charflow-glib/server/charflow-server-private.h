/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-server.h"

G_BEGIN_DECLS

/* Something that a peer did ended its connection: the program is told, and may log it. */
void charflow_server_tell_peer_error (CharflowServer *self,
                                      const char     *peer,
                                      const GError   *error);

/* A session has ended. */
void charflow_server_remove_client (CharflowServer       *self,
                                    CharflowServerClient *client);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-socket-config-private.h"
#include "charflow-socket-line-private.h"
#include "charflow-socket-tls-private.h"

G_BEGIN_DECLS

/* Puts what the config wants over a connected socket: TLS, WebSocket, telnet, in this order and all of it within the
 * handshake timeout. @tls and @line are NULL without TLS and without telnet. What fails is closed; a peer that can be
 * told is told why. */
void charflow_socket_setup_async (GSocket                    *socket,
                                  const CharflowSocketConfig *config,
                                  CharflowSocketTls          *tls,
                                  CharflowSocketLine         *line,
                                  GCancellable               *cancellable,
                                  GAsyncReadyCallback         callback,
                                  gpointer                    user_data);

/* A stream for charflow_stream_peer_new(), a new reference. */
GIOStream *charflow_socket_setup_finish (GAsyncResult *result,
                                         GError      **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "charflow-http-stream-private.h"

G_BEGIN_DECLS

/* The server's end of the upgrade from HTTP to WebSocket. What comes of it is a CharflowLayerStream. */

/* Called when the answer has been written. */
typedef void (*CharflowWebsocketUpgraded) (GIOStream *stream,
                                           gpointer   user_data);

/* Answers @message, the request that libsoup read from @connection: from within the handler of a path, which may be on a
 * server that has others as well. A peer that offers sub-protocols has to offer one of @protocols, which end with NULL;
 * one that offers none is taken too. FALSE when it has been refused, and then the error says why. @upgraded is not called
 * when the connection ends before; @destroy always is. */
gboolean charflow_websocket_upgrade (SoupServerMessage        *message,
                                     CharflowHttpStream       *connection,
                                     const char *const        *protocols,
                                     CharflowWebsocketUpgraded upgraded,
                                     gpointer                  user_data,
                                     GDestroyNotify            destroy,
                                     GError                  **error);

/* Does all of it on @stream, a connection that has just been accepted, with both halves pollable: it is not to be used
 * any more, whatever comes of it. The addresses are those of its ends, if they are known. @path is "/" when NULL, and
 * @protocols is "binary". The peer has to have said its request after @timeout_ms.
 *
 * The error is of G_IO_ERROR: INVALID_DATA when this was no upgrade as it should be, NOT_FOUND for another path,
 * MESSAGE_TOO_LARGE, CONNECTION_CLOSED, TIMED_OUT or CANCELLED. The peer has been told, except in the last case. */
void charflow_websocket_accept_async (GIOStream          *stream,
                                      GSocketAddress     *local_address,
                                      GSocketAddress     *remote_address,
                                      const char         *path,
                                      const char *const  *protocols,
                                      guint               timeout_ms,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data);

/* The stream of the payload, a new reference. */
GIOStream *charflow_websocket_accept_finish (GIOStream    *stream,
                                             GAsyncResult *result,
                                             GError      **error);

G_END_DECLS

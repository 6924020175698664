/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-socket-config-private.h"

G_BEGIN_DECLS

/* The listening sockets of a back end: one for each address of a name. */
typedef struct _CharflowSocketServer CharflowSocketServer;

/* Somebody has come, whose socket is only lent. It is called while the server is watching, and may do anything. */
typedef void (*CharflowSocketServerCame) (GSocket *socket,
                                          gpointer user_data);

/* Listens where the config says: on a path, on a socket that was handed over, on an address, or on all the @addresses of a
 * name, which are NULL otherwise. It is not watching yet. */
CharflowSocketServer *charflow_socket_server_new (const CharflowSocketConfig *config,
                                                  GList                      *addresses,
                                                  GError                    **error);
void charflow_socket_server_free (CharflowSocketServer *self);

/* Whether the host is a name; then its addresses, for g_resolver_free_addresses(), are to be looked up first. */
gboolean charflow_socket_server_needs_addresses (const CharflowSocketConfig *config);
void charflow_socket_server_resolve_async (const CharflowSocketConfig *config,
                                           GCancellable               *cancellable,
                                           GAsyncReadyCallback         callback,
                                           gpointer                    user_data);
GList *charflow_socket_server_resolve_finish (GObject      *source,
                                              GAsyncResult *result,
                                              GError      **error);

/* The real port, or 0 where there is none. */
guint charflow_socket_server_get_port (CharflowSocketServer *self);

/* Until it stops watching, those who come are told of; the others wait in the backlog of the kernel. */
void charflow_socket_server_start_watching (CharflowSocketServer    *self,
                                            GMainContext            *context,
                                            CharflowSocketServerCame came,
                                            gpointer                 user_data);
void charflow_socket_server_stop_watching (CharflowSocketServer *self);

/* Takes over a socket by its number: a stream socket that listens, or can, or one that is connected. Only when that
 * succeeded is @fd no longer the caller's. @what names it in the error. */
GSocket *charflow_socket_adopt_listener (int         fd,
                                         const char *what,
                                         GError    **error);
GSocket *charflow_socket_adopt_peer (int         fd,
                                     const char *what,
                                     GError    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowSocketServer, charflow_socket_server_free)

G_END_DECLS

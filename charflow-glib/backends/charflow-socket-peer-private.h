/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The other side of a stream socket: reads and writes without blocking, and notices its end, but never before all
 * that it sent has been read. */
typedef struct _CharflowSocketPeer CharflowSocketPeer;

/* Called once, when the end has been reached. It is to free the peer. */
typedef void (*CharflowSocketPeerGone) (gpointer user_data);

CharflowSocketPeer *charflow_socket_peer_new (GSocket               *socket,
                                              GMainContext          *context,
                                              CharflowSocketPeerGone gone,
                                              gpointer               user_data);
void charflow_socket_peer_free (CharflowSocketPeer *self);

/* As charflow_backend_read(), charflow_backend_write() and charflow_backend_create_source(). */
gssize charflow_socket_peer_read (CharflowSocketPeer *self,
                                  void               *buffer,
                                  gsize               size,
                                  GError            **error);
gssize charflow_socket_peer_write (CharflowSocketPeer *self,
                                   const guint8       *data,
                                   gsize               size,
                                   GError            **error);
GSource *charflow_socket_peer_create_source (CharflowSocketPeer *self,
                                             GIOCondition        condition);

/* "LOCAL <-> REMOTE" for people; @flags stands after the local end. */
char *charflow_socket_peer_to_string (CharflowSocketPeer *self,
                                      const char         *flags);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowSocketPeer, charflow_socket_peer_free)

G_END_DECLS

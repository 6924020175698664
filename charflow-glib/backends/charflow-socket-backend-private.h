/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-peer-private.h"
#include "charflow-socket-backend.h"
#include "charflow-socket-config-private.h"
#include "charflow-socket-line-private.h"
#include "charflow-socket-server-private.h"
#include "charflow-socket-tls-private.h"

G_BEGIN_DECLS

struct _CharflowSocketBackend
{
  CharflowBackend parent_instance;

  CharflowSocketConfig config;
  gboolean fd_used; /* the config's fd is ours since an earlier opening, or gone */
  CharflowSocketLine *line; /* NULL without telnet */
  CharflowSocketTls *tls;
  GTask *opening; /* what the first peer, or the first failure, will answer */
  gulong cancelled_id;
  GCancellable *work; /* of the one operation that is under way: resolving, connecting, setting up, … */
  CharflowSocketServer *server;
  guint bound_port;
  GSource *timer; /* until a client connects again */
  guint interval_s; /* what comes after the next failure */
  gboolean failure_told; /* a client's failures are told of once, until one succeeds */
  GSocket *socket; /* of the peer, or of the one that is being set up */
  CharflowPeer *peer;
};

/* Opens it, which @task is told of in the end; and closes it. */
void charflow_socket_backend_start (CharflowSocketBackend *self,
                                    GTask                 *task);
void charflow_socket_backend_stop (CharflowSocketBackend *self);

/* Sends away the peer that is there or being set up, and goes on to the next. */
void charflow_socket_backend_lose_peer (CharflowSocketBackend *self);
/* Where there is none, this is the next one. */
void charflow_socket_backend_take_fd_peer (CharflowSocketBackend *self,
                                           GSocket               *socket);

void charflow_socket_backend_emit_peer_error (CharflowSocketBackend *self,
                                              GError                *error);
/* For the line: asks whether the peer may set it so, and tells that it has changed. */
gboolean charflow_socket_backend_emit_settings_requested (CharflowSocketBackend  *self,
                                                          CharflowSerialSettings *settings);
void charflow_socket_backend_notify_peer_settings (CharflowSocketBackend *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "charflow-socket-config-private.h"

G_BEGIN_DECLS

/* What TLS needs, read from a folder. */
typedef struct _CharflowSocketTls CharflowSocketTls;

/* Reads the files, not in this thread. The errors name the file. */
void charflow_socket_tls_load_async (const CharflowSocketConfig *config,
                                     GCancellable               *cancellable,
                                     GAsyncReadyCallback         callback,
                                     gpointer                    user_data);
CharflowSocketTls *charflow_socket_tls_load_finish (GAsyncResult *result,
                                                    GError      **error);
CharflowSocketTls *charflow_socket_tls_ref (CharflowSocketTls *self);
void charflow_socket_tls_unref (CharflowSocketTls *self);

/* TLS over @base; the handshake is still to come. */
GIOStream *charflow_socket_tls_wrap (CharflowSocketTls *self,
                                     GIOStream         *base,
                                     GError           **error);

/* After the handshake: whether this peer may come in. */
gboolean charflow_socket_tls_check_peer (CharflowSocketTls *self,
                                         GTlsConnection    *connection,
                                         GError           **error);

/* Says what was wrong with the certificate, where a handshake failed for that. */
void charflow_socket_tls_explain (GTlsConnection *connection,
                                  GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowSocketTls, charflow_socket_tls_unref)

G_END_DECLS

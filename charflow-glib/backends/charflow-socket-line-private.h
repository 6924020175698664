/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-layer-stream-private.h"
#include "charflow-socket-backend.h"
#include "charflow-socket-config-private.h"

G_BEGIN_DECLS

/* What a socket back end says by telnet besides data, over all of its connections: breaks, and with RFC 2217 the serial
 * line. As the client, the line is the server's. As the server, it is a null modem cable: what the one end puts out comes
 * in at the other. */
typedef struct _CharflowSocketLine CharflowSocketLine;

/* @backend owns it. */
CharflowSocketLine *charflow_socket_line_new (CharflowSocketBackend      *backend,
                                              const CharflowSocketConfig *config);
void charflow_socket_line_free (CharflowSocketLine *self);

/* A connection begins: telnet over @base. */
CharflowLayerStream *charflow_socket_line_start (CharflowSocketLine *self,
                                                 GIOStream          *base);
/* It has ended. */
void charflow_socket_line_stop (CharflowSocketLine *self);

/* The settings that hold, or NULL. */
CharflowSerialSettings *charflow_socket_line_get_settings (CharflowSocketLine *self);

/* As the functions of CharflowBackend. */
gboolean charflow_socket_line_set_settings (CharflowSocketLine     *self,
                                            CharflowSerialSettings *settings,
                                            GError                **error);
gboolean charflow_socket_line_set_break (CharflowSocketLine *self,
                                         gboolean            on,
                                         GError            **error);
gboolean charflow_socket_line_query_modem_lines (CharflowSocketLine *self,
                                                 CharflowModemLines *lines,
                                                 GError            **error);
gboolean charflow_socket_line_set_modem_lines (CharflowSocketLine *self,
                                               CharflowModemLines  lines,
                                               GError            **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowSocketLine, charflow_socket_line_free)

G_END_DECLS

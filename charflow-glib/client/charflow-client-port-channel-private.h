/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-client-port-channel.h"

G_BEGIN_DECLS

/* The two directions of a port, as its stream's halves use them. */

/* Takes bytes that have come: their number, 0 at the end, or -1 with WOULD_BLOCK or what ended the channel. */
gssize charflow_client_port_channel_read (CharflowClientPortChannel *self,
                                          void                      *buffer,
                                          gsize                      size,
                                          GError                   **error);
/* Sends as many bytes as there is room for: their number, or -1 with WOULD_BLOCK or CLOSED. */
gssize charflow_client_port_channel_write (CharflowClientPortChannel *self,
                                           const void                *buffer,
                                           gsize                      size,
                                           GError                   **error);
gboolean charflow_client_port_channel_is_readable (CharflowClientPortChannel *self);
gboolean charflow_client_port_channel_is_writable (CharflowClientPortChannel *self);

/* A source that is ready when the port is readable, or writable; for a pollable stream. */
GSource *charflow_client_port_channel_create_source (CharflowClientPortChannel *self,
                                                     gboolean                   for_output);

G_END_DECLS

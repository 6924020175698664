/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-channel-client.h"
#include "charflow-client.h"
#include "charflow-write-buffer.h"

G_BEGIN_DECLS

/* A device's client whose messages go out over a connection of a port channel, and whose writes come from it. */
#define CHARFLOW_TYPE_PORT_CLIENT (charflow_port_client_get_type ())
G_DECLARE_FINAL_TYPE (CharflowPortClient, charflow_port_client, CHARFLOW, PORT_CLIENT, CharflowClient)

CharflowPortClient *charflow_port_client_new (CharflowChannelClient *connection,
                                              CharflowOverflow       overflow,
                                              guint                  stall_time_ms,
                                              gboolean               read_only);

/* Sends an event after all that the device said before it. */
void charflow_port_client_send_event (CharflowPortClient *self,
                                      guint8              event);

/* The pieces of the connection's data, gathered into buffers for the device. */
guint8 *charflow_port_client_begin_piece (CharflowPortClient *self,
                                          gsize               wanted,
                                          gsize               available,
                                          gsize              *capacity);
void charflow_port_client_end_piece (CharflowPortClient *self,
                                     gsize               filled);
void charflow_port_client_end_batch (CharflowPortClient *self);

/* The connection has sent some. */
void charflow_port_client_note_sent (CharflowPortClient *self);

/* The peer left and wants its data to be dealt with: TRUE when some is still on its way to the device; the
 * connection is closed once it is there. */
gboolean charflow_port_client_hold (CharflowPortClient *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-client-port-channel.h"

G_BEGIN_DECLS

/* A port as a GIOStream, and its halves. */

#define CHARFLOW_TYPE_PORT_STREAM (charflow_port_stream_get_type ())
G_DECLARE_FINAL_TYPE (CharflowPortStream, charflow_port_stream, CHARFLOW, PORT_STREAM, GIOStream)

#define CHARFLOW_TYPE_PORT_INPUT_STREAM (charflow_port_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (CharflowPortInputStream, charflow_port_input_stream, CHARFLOW, PORT_INPUT_STREAM, GInputStream)

#define CHARFLOW_TYPE_PORT_OUTPUT_STREAM (charflow_port_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (CharflowPortOutputStream, charflow_port_output_stream, CHARFLOW, PORT_OUTPUT_STREAM, GOutputStream)

GIOStream *charflow_port_stream_new (CharflowClientPortChannel *port);
GInputStream *charflow_port_input_stream_new (CharflowClientPortChannel *port);
GOutputStream *charflow_port_output_stream_new (CharflowClientPortChannel *port);

G_END_DECLS

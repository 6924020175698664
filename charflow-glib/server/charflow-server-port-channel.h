/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-char-device.h"
#include "charflow-server-channel.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_SERVER_PORT_CHANNEL (charflow_server_port_channel_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowServerPortChannel, charflow_server_port_channel, CHARFLOW, SERVER_PORT_CHANNEL, CharflowServerChannel)

CHARFLOW_AVAILABLE_IN_ALL
CharflowServerPortChannel *charflow_server_port_channel_new (const char         *port_name,
                                                             CharflowCharDevice *device) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_server_port_channel_get_port_name (CharflowServerPortChannel *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowCharDevice *charflow_server_port_channel_get_device (CharflowServerPortChannel *self);

G_END_DECLS

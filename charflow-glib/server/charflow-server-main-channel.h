/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-server-channel.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_SERVER_MAIN_CHANNEL (charflow_server_main_channel_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowServerMainChannel, charflow_server_main_channel, CHARFLOW, SERVER_MAIN_CHANNEL, CharflowServerChannel)

G_END_DECLS

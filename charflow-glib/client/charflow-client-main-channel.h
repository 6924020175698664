/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-client-channel.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CLIENT_MAIN_CHANNEL (charflow_client_main_channel_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowClientMainChannel, charflow_client_main_channel, CHARFLOW, CLIENT_MAIN_CHANNEL, CharflowClientChannel)

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_UDP_BACKEND (charflow_udp_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowUdpBackend, charflow_udp_backend, CHARFLOW, UDP_BACKEND, CharflowBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowUdpBackend *charflow_udp_backend_new (const char *host,
                                              guint16     port) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_udp_backend_get_host (CharflowUdpBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_udp_backend_get_port (CharflowUdpBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_udp_backend_get_local_address (CharflowUdpBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_udp_backend_get_local_port (CharflowUdpBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_udp_backend_get_reply_to_sender (CharflowUdpBackend *self);

G_END_DECLS

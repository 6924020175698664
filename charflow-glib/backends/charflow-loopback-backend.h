/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_LOOPBACK_BACKEND (charflow_loopback_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowLoopbackBackend, charflow_loopback_backend, CHARFLOW, LOOPBACK_BACKEND,
                      CharflowBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowLoopbackBackend *charflow_loopback_backend_new (guint64 size) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_loopback_backend_get_size (CharflowLoopbackBackend *self);

G_END_DECLS

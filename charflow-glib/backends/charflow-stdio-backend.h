/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-fd-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_STDIO_BACKEND (charflow_stdio_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowStdioBackend, charflow_stdio_backend, CHARFLOW, STDIO_BACKEND,
                      CharflowFdBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowStdioBackend *charflow_stdio_backend_new (gboolean signal_keys) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_stdio_backend_get_signal_keys (CharflowStdioBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_stdio_backend_resume (void);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_stdio_backend_restore (void);

G_END_DECLS

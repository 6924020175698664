/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-fd-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CONSOLE_BACKEND (charflow_console_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowConsoleBackend, charflow_console_backend, CHARFLOW, CONSOLE_BACKEND,
                      CharflowFdBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowConsoleBackend *charflow_console_backend_new (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

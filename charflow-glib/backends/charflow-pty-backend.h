/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_PTY_BACKEND (charflow_pty_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowPtyBackend, charflow_pty_backend, CHARFLOW, PTY_BACKEND,
                      CharflowBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowPtyBackend *charflow_pty_backend_new (const char *path) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_pty_backend_get_path (CharflowPtyBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_pty_backend_get_slave_path (CharflowPtyBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_pty_backend_get_keep_unsent (CharflowPtyBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowBackendOverflow charflow_pty_backend_get_overflow (CharflowPtyBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_pty_backend_get_lost_bytes (CharflowPtyBackend *self);

G_END_DECLS

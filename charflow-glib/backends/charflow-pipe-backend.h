/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-fd-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_PIPE_BACKEND (charflow_pipe_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowPipeBackend, charflow_pipe_backend, CHARFLOW, PIPE_BACKEND,
                      CharflowFdBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowPipeBackend *charflow_pipe_backend_new (const char *path,
                                                gboolean    create) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_pipe_backend_get_path (CharflowPipeBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_pipe_backend_get_create (CharflowPipeBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_pipe_backend_get_duplex (CharflowPipeBackend *self);

G_END_DECLS

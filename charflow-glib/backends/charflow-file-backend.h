/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-fd-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_FILE_BACKEND (charflow_file_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowFileBackend, charflow_file_backend, CHARFLOW, FILE_BACKEND,
                      CharflowFdBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowFileBackend *charflow_file_backend_new (const char *path,
                                                gboolean    append) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_file_backend_get_path (CharflowFileBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_file_backend_get_append (CharflowFileBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_file_backend_get_input_path (CharflowFileBackend *self);

G_END_DECLS

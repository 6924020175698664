/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-fd-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_PARALLEL_BACKEND (charflow_parallel_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowParallelBackend, charflow_parallel_backend, CHARFLOW, PARALLEL_BACKEND,
                      CharflowFdBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowParallelBackend *charflow_parallel_backend_new (const char *path) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_parallel_backend_get_path (CharflowParallelBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_get_input (CharflowParallelBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_read_data (CharflowParallelBackend *self,
                                              guint8                  *value,
                                              GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_write_data (CharflowParallelBackend *self,
                                               guint8                   value,
                                               GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_read_control (CharflowParallelBackend *self,
                                                 guint8                  *value,
                                                 GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_write_control (CharflowParallelBackend *self,
                                                  guint8                   value,
                                                  GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_read_status (CharflowParallelBackend *self,
                                                guint8                  *value,
                                                GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_set_direction (CharflowParallelBackend *self,
                                                  gboolean                 reverse,
                                                  GError                 **error);

CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_parallel_backend_read_epp_address (CharflowParallelBackend *self,
                                                    gsize                    size,
                                                    GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_parallel_backend_read_epp_data (CharflowParallelBackend *self,
                                                 gsize                    size,
                                                 GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_write_epp_address (CharflowParallelBackend *self,
                                                      GBytes                  *bytes,
                                                      GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_parallel_backend_write_epp_data (CharflowParallelBackend *self,
                                                   GBytes                  *bytes,
                                                   GError                 **error);

G_END_DECLS

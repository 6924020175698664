/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"
#include "charflow-version.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_MUX_BACKEND (charflow_mux_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowMuxBackend, charflow_mux_backend, CHARFLOW, MUX_BACKEND, CharflowBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowMuxBackend *charflow_mux_backend_new (CharflowBackend *backend) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
CharflowBackend *charflow_mux_backend_get_backend (CharflowMuxBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_mux_backend_set_backend (CharflowMuxBackend *self,
                                           CharflowBackend    *backend,
                                           GError            **error);

CHARFLOW_AVAILABLE_IN_ALL
guint charflow_mux_backend_get_max_front_ends (CharflowMuxBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_mux_backend_get_n_front_ends (CharflowMuxBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_mux_backend_get_ring_size (CharflowMuxBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_mux_backend_get_look_ahead (CharflowMuxBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
guint charflow_mux_backend_get_escape_char (CharflowMuxBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_mux_backend_set_escape_char (CharflowMuxBackend *self,
                                           guint               escape_char);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_mux_backend_get_timestamps (CharflowMuxBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_mux_backend_set_timestamps (CharflowMuxBackend *self,
                                          gboolean            timestamps);

CHARFLOW_AVAILABLE_IN_ALL
int charflow_mux_backend_get_focus (CharflowMuxBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
int charflow_mux_backend_lookup_front_end (CharflowMuxBackend *self,
                                           GObject            *front_end);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_mux_backend_focus_front_end (CharflowMuxBackend *self,
                                               guint               index,
                                               GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_mux_backend_focus_next (CharflowMuxBackend *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"
#include "charflow-version.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_BACKEND_REGISTRY (charflow_backend_registry_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowBackendRegistry, charflow_backend_registry, CHARFLOW, BACKEND_REGISTRY, GObject)

CHARFLOW_AVAILABLE_IN_ALL
CharflowBackendRegistry *charflow_backend_registry_new (void) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_registry_add (CharflowBackendRegistry *self,
                                        CharflowBackend         *backend,
                                        GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
CharflowBackend *charflow_backend_registry_create (CharflowBackendRegistry *self,
                                                   const char              *spec,
                                                   GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
CharflowBackend *charflow_backend_registry_lookup (CharflowBackendRegistry *self,
                                                   const char              *label);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_registry_remove (CharflowBackendRegistry *self,
                                           const char              *label,
                                           GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_registry_change (CharflowBackendRegistry *self,
                                           const char              *label,
                                           const char              *spec,
                                           GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_registry_send_break (CharflowBackendRegistry *self,
                                               const char              *label,
                                               GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_backend_registry_take_ring_bytes (CharflowBackendRegistry *self,
                                                   const char              *label,
                                                   gsize                    max_size,
                                                   GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_registry_feed_ring_bytes (CharflowBackendRegistry *self,
                                                    const char              *label,
                                                    GBytes                  *bytes,
                                                    GError                 **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_registry_close_all (CharflowBackendRegistry *self);

G_END_DECLS

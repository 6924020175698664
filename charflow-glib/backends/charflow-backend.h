/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <gio/gio.h>

#include "charflow-backend-option.h"
#include "charflow-enums.h"
#include "charflow-version.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_BACKEND (charflow_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CharflowBackend, charflow_backend, CHARFLOW, BACKEND, GObject)

/**
 * CharflowBackendClass:
 * @parent_class: the parent class
 * @open_async: acquires what the back end needs (makes the pty, listens, connects); the default
 *   succeeds at once
 * @open_finish: ends @open_async
 * @close: gives back all that was acquired; called once for each successful opening
 * @read: fills the caller's memory, for C; the default calls @read_bytes
 * @read_bytes: takes what has come, for languages in which memory cannot be filled; the default
 *   calls @read
 * @write: takes as much of the data as it can
 * @create_source: makes a source for readiness; the default returns %NULL
 *
 * The virtual functions of a back end. None may block; one of @read and @read_bytes is enough, and
 * a back end that never has input needs neither.
 *
 * Since: 1.0
 */
struct _CharflowBackendClass
{
  GObjectClass parent_class;

  void (*open_async) (CharflowBackend    *self,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data);
  gboolean (*open_finish) (CharflowBackend *self,
                           GAsyncResult    *result,
                           GError         **error);
  void (*close) (CharflowBackend *self);

  gssize (*read) (CharflowBackend *self,
                  void            *buffer,
                  gsize            size,
                  GError         **error);
  GBytes *(*read_bytes) (CharflowBackend *self,
                         gsize            max_size,
                         GError         **error);
  gssize (*write) (CharflowBackend *self,
                   const guint8    *data,
                   gsize            size,
                   GError         **error);
  GSource *(*create_source) (CharflowBackend *self,
                             GIOCondition     condition);

  /*< private >*/
  gpointer padding[16];
};

CHARFLOW_AVAILABLE_IN_ALL
CharflowBackend *charflow_backend_new_from_spec (const char *spec,
                                                 GError    **error) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
CharflowBackend *charflow_backend_create_from_spec (const char *spec,
                                                    GError    **error) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
char **charflow_backend_list_kinds (void);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_backend_describe_kind (const char *kind);
CHARFLOW_AVAILABLE_IN_ALL
GPtrArray *charflow_backend_list_options (const char *kind,
                                          GError    **error);

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_backend_get_label (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowFeatures charflow_backend_get_features (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_has_feature (CharflowBackend *self,
                                       CharflowFeatures feature);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_get_active (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_get_opened (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
char *charflow_backend_get_uri (CharflowBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_open_async (CharflowBackend    *self,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_open_finish (CharflowBackend *self,
                                       GAsyncResult    *result,
                                       GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_close (CharflowBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
gssize charflow_backend_read (CharflowBackend *self,
                              void            *buffer,
                              gsize            size,
                              GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_backend_read_bytes (CharflowBackend *self,
                                     gsize            max_size,
                                     GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
gssize charflow_backend_write (CharflowBackend *self,
                               const guint8    *data,
                               gsize            size,
                               GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
GSource *charflow_backend_create_source (CharflowBackend *self,
                                         GIOCondition     condition);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_emit_event (CharflowBackend *self,
                                  CharflowEvent    event);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_set_uri (CharflowBackend *self,
                               const char      *uri);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_add_features (CharflowBackend *self,
                                    CharflowFeatures features);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_drop_features (CharflowBackend *self,
                                     CharflowFeatures features);

G_END_DECLS

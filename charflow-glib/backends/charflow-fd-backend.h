/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_FD_BACKEND (charflow_fd_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CharflowFdBackend, charflow_fd_backend, CHARFLOW, FD_BACKEND,
                          CharflowBackend)

/**
 * CharflowFdBackendClass:
 * @parent_class: the parent class
 * @open_fds: opens an input, an output or both, without blocking; what is not to be is -1, and both
 *   may be one descriptor. They belong to the back end from then on, which makes them non-blocking.
 *   The default makes copies of #CharflowFdBackend:in-fd and #CharflowFdBackend:out-fd
 * @release_fds: undoes what @open_fds did besides opening, just before the descriptors are closed;
 *   the default does nothing
 * @input_ended: the input came to its end or failed; the default announces %CHARFLOW_EVENT_CLOSED,
 *   and lets the output go on
 *
 * The virtual functions of a back end of descriptors. None may block.
 *
 * Since: 1.0
 */
struct _CharflowFdBackendClass
{
  CharflowBackendClass parent_class;

  gboolean (*open_fds) (CharflowFdBackend *self,
                        int               *in_fd,
                        int               *out_fd,
                        GError           **error);
  void (*release_fds) (CharflowFdBackend *self);
  void (*input_ended) (CharflowFdBackend *self);

  /*< private >*/
  gpointer padding[8];
};

CHARFLOW_AVAILABLE_IN_ALL
CharflowFdBackend *charflow_fd_backend_new (int in_fd,
                                            int out_fd) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
int charflow_fd_backend_get_in_fd (CharflowFdBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
int charflow_fd_backend_get_out_fd (CharflowFdBackend *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-backend.h"

G_BEGIN_DECLS

/* A back end serves one front end: claims it for @owner, or fails with CHARFLOW_BACKEND_ERROR_BUSY.
 * @owner is only compared, never used. */
gboolean charflow_backend_claim (CharflowBackend *self,
                                 gpointer         owner,
                                 GError         **error);
void charflow_backend_release (CharflowBackend *self,
                               gpointer         owner);

/* charflow_backend_get_opened() for the data path, where the type is known. */
gboolean charflow_backend_is_opened (CharflowBackend *self);

/* Announces CHARFLOW_EVENT_CLOSED, since nothing more comes, while what is written still gets there. */
void charflow_backend_end_input (CharflowBackend *self);

/* Whether what is written gets there: the other side is there, or only the input has ended. */
gboolean charflow_backend_takes_output (CharflowBackend *self);

/* The context that the back end was made in, and where all of its sources belong. */
GMainContext *charflow_backend_get_context (CharflowBackend *self);

G_END_DECLS

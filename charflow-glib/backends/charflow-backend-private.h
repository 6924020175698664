/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-backend.h"

G_BEGIN_DECLS

/* A back end serves one front end: claims it for @owner, or fails with CHARFLOW_BACKEND_ERROR_BUSY. Returns what the owner
 * is to use and to release: the back end itself, or, of one that serves several, a back end of the owner's own. @owner is
 * only compared, never used. */
CharflowBackend *charflow_backend_claim (CharflowBackend *self,
                                         gpointer         owner,
                                         GError         **error) G_GNUC_WARN_UNUSED_RESULT;
void charflow_backend_release (CharflowBackend *self,
                               gpointer         owner);

/* charflow_backend_get_opened() for the data path, where the type is known. */
gboolean charflow_backend_is_opened (CharflowBackend *self);

/* What messages call it: its label, or else its type. */
const char *charflow_backend_get_name (CharflowBackend *self);

/* Whether it is active; otherwise fails with CHARFLOW_BACKEND_ERROR_NOT_OPEN. */
gboolean charflow_backend_check_active (CharflowBackend *self,
                                        GError         **error);

/* What a virtual function failed with, or that it did not say. */
void charflow_backend_fail_with (CharflowBackend *self,
                                 GError          *failure,
                                 GError         **error);

/* What the serial line is known to be. */
typedef struct
{
  GSource *break_timer; /* ends the break that send_break began, or NULL */
  CharflowModemLines modem_lines;
} CharflowBackendLine;

CharflowBackendLine *charflow_backend_get_line (CharflowBackend *self);
/* When the back end is closed: there is no line any more. */
void charflow_backend_reset_line (CharflowBackend *self);

/* The context that the back end was made in, and where all of its sources belong. */
GMainContext *charflow_backend_get_context (CharflowBackend *self);

G_END_DECLS

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
/* Calls back once, when whoever has claimed it releases it; @data is freed then, or with the back end, or by the next call. */
typedef void (*CharflowBackendReleasedFunc) (CharflowBackend *self,
                                             gpointer         data);
void charflow_backend_await_release (CharflowBackend            *self,
                                     CharflowBackendReleasedFunc callback,
                                     gpointer                    data,
                                     GDestroyNotify              free_data);
/* For one that serves several, when one of these has released its part. */
void charflow_backend_tell_release (CharflowBackend *self);
/* Who has claimed it, to be compared, or NULL. */
gpointer charflow_backend_get_owner (CharflowBackend *self);

/* charflow_backend_get_opened() for the data path, where the type is known. */
gboolean charflow_backend_is_opened (CharflowBackend *self);

/* Whether there is a point in writing while the other side is not there, until the back end is closed: its input has ended and
 * its output has not, or it keeps for later what it is given. */
void charflow_backend_set_takes_output (CharflowBackend *self,
                                        gboolean         takes_output);

/* Whether there is a point in writing now. */
gboolean charflow_backend_takes_output (CharflowBackend *self);

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

/* Who looks on at what passes. */
typedef struct
{
  CharflowLog *log; /* or NULL */
  CharflowRecorder *recorder; /* or NULL */
  gboolean holds_log;
} CharflowBackendTap;

/* Where it is; NULL while nobody looks on. */
CharflowBackendTap **charflow_backend_get_tap (CharflowBackend *self);
/* Whether it is open or being opened. */
gboolean charflow_backend_is_in_use (CharflowBackend *self);

/* Before the back end opens anything, and once it is closed or could not be opened. */
gboolean charflow_backend_tap_open (CharflowBackend *self,
                                    GError         **error);
void charflow_backend_tap_close (CharflowBackend *self);
void charflow_backend_tap_clear (CharflowBackend *self);

/* When @part takes the place of @old, before @old is closed: it logs, and is recorded, as that was, unless it has a log or
 * recorder of its own, or @given has, of which it is a part. Fail as charflow_backend_set_log() and
 * charflow_backend_set_recorder() do. */
gboolean charflow_backend_tap_hand_over_log (CharflowBackend *old,
                                             CharflowBackend *given,
                                             CharflowBackend *part,
                                             GError         **error);
gboolean charflow_backend_tap_hand_over_recorder (CharflowBackend *old,
                                                  CharflowBackend *given,
                                                  CharflowBackend *part,
                                                  GError         **error);

/* What has passed. They call nobody else. */
void charflow_backend_tap_input (CharflowBackend    *self,
                                 CharflowBackendTap *tap,
                                 const guint8       *data,
                                 gsize               size);
void charflow_backend_tap_output (CharflowBackend    *self,
                                  CharflowBackendTap *tap,
                                  const guint8       *data,
                                  gsize               size);
void charflow_backend_tap_event (CharflowBackend    *self,
                                 CharflowBackendTap *tap,
                                 CharflowEvent       event);

/* The setters of the properties, which tell a failure another way. */
void charflow_backend_tap_set_log_property (CharflowBackend *self,
                                            CharflowLog     *log);
void charflow_backend_tap_set_recorder_property (CharflowBackend  *self,
                                                 CharflowRecorder *recorder);

/* The context that the back end was made in, and where all of its sources belong. */
GMainContext *charflow_backend_get_context (CharflowBackend *self);

G_END_DECLS

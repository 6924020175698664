/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <glib-object.h>

#include "charflow-version.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_RECORDER (charflow_recorder_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowRecorder, charflow_recorder, CHARFLOW, RECORDER, GObject)

CHARFLOW_AVAILABLE_IN_ALL
CharflowRecorder *charflow_recorder_new (const char *path) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_recorder_get_path (CharflowRecorder *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_recorder_get_recording (CharflowRecorder *self);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_recorder_open (CharflowRecorder *self,
                                 GError          **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_recorder_close (CharflowRecorder *self,
                                  GError          **error);

G_END_DECLS

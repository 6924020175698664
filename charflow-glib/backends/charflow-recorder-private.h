/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-enums.h"
#include "charflow-record-private.h"
#include "charflow-recorder.h"

G_BEGIN_DECLS

/* Opens it for a back end, unless it has been open before: one that was closed or has failed stays so. */
gboolean charflow_recorder_ensure_open (CharflowRecorder *self,
                                        GError          **error);

/* Records what has passed through the back end of that label; tells nobody anything before the main context runs. */
void charflow_recorder_add_bytes (CharflowRecorder  *self,
                                  const char        *label,
                                  CharflowRecordKind kind,
                                  const guint8      *data,
                                  gsize              size);
void charflow_recorder_add_event (CharflowRecorder *self,
                                  const char       *label,
                                  CharflowEvent     event);

/* Writes what is still in the buffer. */
void charflow_recorder_flush (CharflowRecorder *self);

/* Has the main context tell of a failure. */
void charflow_recorder_tell (CharflowRecorder *self,
                             GError           *error);

G_END_DECLS

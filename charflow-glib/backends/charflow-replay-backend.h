/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"

G_BEGIN_DECLS

/**
 * CharflowReplaySpeed:
 * @CHARFLOW_REPLAY_SPEED_REAL: at the times of the record
 * @CHARFLOW_REPLAY_SPEED_FULL: as fast as it is read
 *
 * When a #CharflowReplayBackend gives what is recorded.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_REPLAY_SPEED_REAL,
  CHARFLOW_REPLAY_SPEED_FULL,
} CharflowReplaySpeed;

#define CHARFLOW_TYPE_REPLAY_BACKEND (charflow_replay_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowReplayBackend, charflow_replay_backend, CHARFLOW, REPLAY_BACKEND,
                      CharflowBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowReplayBackend *charflow_replay_backend_new (const char         *path,
                                                    CharflowReplaySpeed speed) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_replay_backend_get_path (CharflowReplayBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_replay_backend_get_source_label (CharflowReplayBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowReplaySpeed charflow_replay_backend_get_speed (CharflowReplayBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_replay_backend_get_diverged (CharflowReplayBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_replay_backend_get_diverged_bytes (CharflowReplayBackend *self);

G_END_DECLS

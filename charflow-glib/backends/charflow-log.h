/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <glib-object.h>

#include "charflow-version.h"

G_BEGIN_DECLS

/**
 * CharflowLogDirections:
 * @CHARFLOW_LOG_DIRECTIONS_NONE: nothing
 * @CHARFLOW_LOG_DIRECTIONS_OUTPUT: what is written to the back end
 * @CHARFLOW_LOG_DIRECTIONS_INPUT: what is read from the back end
 *
 * Which bytes a #CharflowLog gets.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  CHARFLOW_LOG_DIRECTIONS_NONE = 0,
  CHARFLOW_LOG_DIRECTIONS_OUTPUT = 1 << 0,
  CHARFLOW_LOG_DIRECTIONS_INPUT = 1 << 1,
} CharflowLogDirections;

/**
 * CharflowLogTimestamps:
 * @CHARFLOW_LOG_TIMESTAMPS_NONE: no times, only the bytes
 * @CHARFLOW_LOG_TIMESTAMPS_UTC: `2026-01-31T23:59:59.123456Z`
 * @CHARFLOW_LOG_TIMESTAMPS_LOCAL: `2026-02-01T00:59:59.123456+01:00`
 *
 * What stands in front of each line of a #CharflowLog.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_LOG_TIMESTAMPS_NONE,
  CHARFLOW_LOG_TIMESTAMPS_UTC,
  CHARFLOW_LOG_TIMESTAMPS_LOCAL,
} CharflowLogTimestamps;

#define CHARFLOW_TYPE_LOG (charflow_log_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowLog, charflow_log, CHARFLOW, LOG, GObject)

CHARFLOW_AVAILABLE_IN_ALL
CharflowLog *charflow_log_new (const char *path,
                               gboolean    append) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_log_get_path (CharflowLog *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_log_get_append (CharflowLog *self);

CHARFLOW_AVAILABLE_IN_ALL
CharflowLogDirections charflow_log_get_directions (CharflowLog *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_log_set_directions (CharflowLog          *self,
                                  CharflowLogDirections directions);

CHARFLOW_AVAILABLE_IN_ALL
CharflowLogTimestamps charflow_log_get_timestamps (CharflowLog *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_log_set_timestamps (CharflowLog          *self,
                                  CharflowLogTimestamps timestamps);

CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_log_get_rotate_size (CharflowLog *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_log_set_rotate_size (CharflowLog *self,
                                   guint64      rotate_size);

CHARFLOW_AVAILABLE_IN_ALL
guint charflow_log_get_rotate_count (CharflowLog *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_log_set_rotate_count (CharflowLog *self,
                                    guint        rotate_count);

CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_log_get_lost_bytes (CharflowLog *self);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_log_reopen (CharflowLog *self,
                              GError     **error);

G_END_DECLS

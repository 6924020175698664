/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-log.h"

G_BEGIN_DECLS

/* A log is open while somebody uses it: each successful hold has one release. */
gboolean charflow_log_hold (CharflowLog *self,
                            GError     **error);
void charflow_log_release (CharflowLog *self);

/* Logs bytes that have passed, if their direction is logged; tells nobody anything before the main context runs. */
void charflow_log_write (CharflowLog          *self,
                         CharflowLogDirections direction,
                         const guint8         *data,
                         gsize                 size);

/* Has the main context tell of a failure. */
void charflow_log_tell (CharflowLog *self,
                        GError      *error);

G_END_DECLS

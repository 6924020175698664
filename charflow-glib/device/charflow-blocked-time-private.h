/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Microseconds in which something was blocked. */
typedef struct
{
  guint64 total; /* but for the span that has not ended */
  gint64 since; /* 0 while nothing is blocked */
} CharflowBlockedTime;

/* With the span that has not ended. */
static inline guint64
charflow_blocked_time_get (const CharflowBlockedTime *time)
{
  return time->since == 0 ? time->total : time->total + (g_get_monotonic_time () - time->since);
}

static inline void
charflow_blocked_time_set (CharflowBlockedTime *time,
                           gboolean             is_blocked)
{
  if (is_blocked == (time->since > 0))
    return;

  if (is_blocked)
    {
      time->since = g_get_monotonic_time ();
      return;
    }
  time->total = charflow_blocked_time_get (time);
  time->since = 0;
}

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <charflow-glib/charflow.h>

G_BEGIN_DECLS

/* Prints the figures of devices and of their clients: a line of JSON now and then, on standard
 * output. */
typedef struct _Stats Stats;

/* What --stats says, as milliseconds. */
gboolean stats_parse_interval (const char *text,
                               guint      *interval_ms,
                               GError    **error);

Stats *stats_new (guint interval_ms);
/* Prints nothing more. */
void stats_free (Stats *stats);

void stats_add_device (Stats              *stats,
                       CharflowCharDevice *device,
                       const char         *id,
                       const char         *port_name);
/* From now on there are lines, in the default main context. */
void stats_start (Stats *stats);
/* The last line, where there were to be any. */
void stats_finish (Stats *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stats, stats_free)

G_END_DECLS

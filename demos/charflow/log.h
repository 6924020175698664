/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A copy that is safe to print: control characters and what is no UTF-8 are escaped, and it is cut
 * at 1 KiB. */
char *log_escape (const char *text);

/* One line on standard error, after the name of the program, escaped. */
void log_error (const char *format,
                ...) G_GNUC_PRINTF (1, 2);
/* One line on standard error for the person at the terminal, escaped, without the name of the
 * program. */
void log_notice (const char *format,
                 ...) G_GNUC_PRINTF (1, 2);

/* The same as log_error() for what others can cause as often as they like: at most 20 lines a
 * second, then one that says how many were left out. Needs the default main context to run. */
void log_limited (const char *format,
                  ...) G_GNUC_PRINTF (1, 2);
/* Says what is still left out. */
void log_limited_flush (void);

/* Whether the terminal is raw, so that lines need their carriage returns. */
void log_set_raw (gboolean raw);

/* Whether standard output took all that was printed; says so if not. */
gboolean log_check_output (void);

G_END_DECLS

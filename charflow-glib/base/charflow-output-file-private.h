/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Opens what is written to for somebody to look at later: made with 0666 minus the umask, never waits for anybody, never
 * raises SIGPIPE. @flags are O_APPEND and O_TRUNC, or none. Returns -1 with errno set. */
int charflow_output_file_open (const char *path,
                               int         flags);

/* Writes until all is taken, or something is wrong, which errno then says. Returns how much was taken. */
gsize charflow_output_file_write (int           fd,
                                  const guint8 *data,
                                  gsize         size);

G_END_DECLS

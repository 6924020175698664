/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes lines to standard output from a thread of its own, so that a reader who takes nothing keeps
 * nobody waiting. There is one line under way at most. */
typedef struct _LineWriter LineWriter;

LineWriter *line_writer_new (void);
/* A line that is stuck is left to the end of the program. */
void line_writer_free (LineWriter *writer);

/* Waits for so long at most until the last line is written. G_IO_ERROR_TIMED_OUT says that it still
 * is not, all else that it never will be. */
gboolean line_writer_wait (LineWriter *writer,
                           guint64     timeout_us,
                           GError    **error);
/* Takes the text, with the end of its line. The last one has to be written. */
void line_writer_write (LineWriter *writer,
                        char       *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LineWriter, line_writer_free)

G_END_DECLS

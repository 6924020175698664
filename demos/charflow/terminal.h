/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The terminal on standard input, changed for a while. However the program ends, short of SIGKILL,
 * it is as before. */

gboolean terminal_is_there (void);
/* Every key goes to the program as it is, and every byte to the screen. */
gboolean terminal_make_raw (GError **error);
gboolean terminal_hide_input (GError **error);
void terminal_restore (void);
/* The same for a back end on the standard input and output, which is set up again after the program was stopped. */
void terminal_guard_backends (void);

G_END_DECLS

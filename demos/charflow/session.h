/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <charflow-glib/charflow.h>

G_BEGIN_DECLS

/* Opens a session and runs the default main context until that is done. Asks for a password when
 * the server wants one, none was given, and somebody is there to be asked. */
CharflowSession *session_open (const char *uri,
                               const char *password_file,
                               GError    **error);
/* Takes leave, so that all that was written arrives. */
void session_take_leave (CharflowSession *session);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Passwords are never arguments, because every user of a machine can see those. */

/* From the file, or else from the environment. NULL without an error means that there is none. */
char *password_find (const char *file,
                     GError    **error);
/* From the person at the terminal. NULL without an error means that there is nobody. */
char *password_ask (GError **error);
/* A new one that nobody can guess. */
char *password_generate (GError **error);

/* Whether a URI carries a password; says so in one line. */
gboolean password_is_in_uri (const char *uri);

G_END_DECLS

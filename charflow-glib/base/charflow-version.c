/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-version.h"

#include <glib/gi18n-lib.h>

/**
 * SECTION:charflow-version
 * @title: Version
 * @short_description: which Charflow this is
 *
 * What a program was compiled against is known from the macros; what it runs with, from
 * charflow_check_version().
 */

/* Messages are looked up in our own domain, so it has to be bound before the first one is made. */
__attribute__ ((constructor)) static void
bind_messages (void)
{
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}

/**
 * charflow_check_version:
 * @major: the major version that is needed
 * @minor: the minor version that is needed
 * @micro: the micro version that is needed
 *
 * Tells whether the library that the program runs with is new enough.
 *
 * Returns: %TRUE if it is of this version or a later one of the same major version
 *
 * Since: 1.0
 */
gboolean
charflow_check_version (guint major,
                        guint minor,
                        guint micro)
{
  if (major != CHARFLOW_MAJOR_VERSION)
    return FALSE;

  return CHARFLOW_CHECK_VERSION (major, minor, micro);
}

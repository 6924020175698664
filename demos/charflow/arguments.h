/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a sub-command takes besides its options. */
typedef struct
{
  const char *parameters; /* as its usage line has them, or NULL */
  const char *summary;
  const GOptionEntry *entries; /* or NULL */
  int min_arguments;
  int max_arguments;
} ArgumentsForm;

/* Parses; what is left in argv[1…] are as many arguments as the form says. Otherwise one line has
 * been printed. */
gboolean arguments_parse (const ArgumentsForm *form,
                          int                 *argc,
                          char              ***argv);

G_END_DECLS

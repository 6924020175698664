/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "arguments.h"

#include <glib/gi18n.h>

#include "log.h"

static gboolean
check_count (const ArgumentsForm *form,
             int                  argc,
             char               **argv)
{
  int n_arguments = argc - 1;

  if (n_arguments > form->max_arguments)
    {
      log_error (_("Unexpected argument '%s'"), argv[1 + form->max_arguments]);
      return FALSE;
    }

  if (n_arguments < form->min_arguments)
    {
      /* Translators: a command, such as "charflow list", and its arguments. */
      log_error (_("Usage: %s %s"), g_get_prgname (), _(form->parameters));
      return FALSE;
    }

  return TRUE;
}

/* "--" only parts options from arguments. */
static void
drop_separator (int   *argc,
                char **argv)
{
  for (int i = 1; i < *argc; i++)
    {
      if (!g_str_equal (argv[i], "--"))
        continue;

      for (int j = i; j < *argc; j++)
        argv[j] = argv[j + 1];
      *argc -= 1;
      return;
    }
}

gboolean
arguments_parse (const ArgumentsForm *form,
                 int                 *argc,
                 char              ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (form->parameters);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context, form->summary);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (form->entries != NULL)
    g_option_context_add_main_entries (context, form->entries, GETTEXT_PACKAGE);

  if (!g_option_context_parse (context, argc, argv, &error))
    {
      log_error ("%s", error->message);
      return FALSE;
    }

  drop_separator (argc, *argv);

  return check_count (form, *argc, *argv);
}

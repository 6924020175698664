/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "commands.h"
#include "log.h"
#include "table.h"

typedef struct
{
  const char *name;
  const char *summary;
  int (*run) (int    argc,
              char **argv);
} Command;

static const Command commands[] = {
  { "serve", N_("serve character devices"), command_serve },
  { "list", N_("list what a server has"), command_list },
  { "connect", N_("be the console of a port"), command_connect },
  { "backends", N_("list the kinds of devices, or the options of one"), command_backends },
};

static const Command *
lookup_command (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_str_equal (commands[i].name, name))
        return &commands[i];
    }

  return NULL;
}

/* How many letters have to be put in, taken out or exchanged to make one word of the other
 * (Levenshtein). */
static guint
count_edits (const char *a,
             const char *b)
{
  gsize len = strlen (b);
  g_autofree guint *row = g_new (guint, len + 1);

  for (gsize j = 0; j <= len; j++)
    row[j] = j;

  for (gsize i = 0; a[i] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = i + 1;
      for (gsize j = 0; j < len; j++)
        {
          guint exchanged = diagonal + (a[i] != b[j]);

          diagonal = row[j + 1];
          row[j + 1] = MIN (exchanged, MIN (row[j], row[j + 1]) + 1);
        }
    }

  return row[len];
}

static const Command *
find_nearest (const char *name)
{
  const Command *nearest = NULL;
  guint least = 3; /* from here on it is another word, not a slip */

  /* Nobody mistypes a whole line. */
  if (strlen (name) > 32)
    return NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      guint n_edits = count_edits (name, commands[i].name);

      if (n_edits < least || g_str_has_prefix (commands[i].name, name))
        {
          least = MIN (least, n_edits);
          nearest = &commands[i];
        }
    }

  return nearest;
}

static int
refuse_command (const char *name)
{
  const Command *nearest = find_nearest (name);

  if (nearest != NULL)
    log_error (_("There is no command '%s'; did you mean '%s'?"), name, nearest->name);
  else
    log_error (_("There is no command '%s'; 'charflow help' lists what there is"), name);

  return STATUS_USAGE;
}

static int
print_help (void)
{
  g_autoptr (Table) table = table_new ();

  g_print ("%s\n\n%s\n\n", _("Usage: charflow COMMAND [OPTION…]"),
           _("Character devices behind flow-controlled SPICE channels."));

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    table_add_row (table, "", commands[i].name, _(commands[i].summary), NULL);
  table_add_row (table, "", "help", _("show this, or the options of a command"), NULL);
  table_print (table);

  g_print ("\n%s\n",
           _("“charflow COMMAND --help” has the options of a command; “charflow --version” the version."));

  return log_check_output () ? STATUS_OK : STATUS_FAILED;
}

static int
print_version (void)
{
  g_print ("charflow %s\n", PACKAGE_VERSION);

  return log_check_output () ? STATUS_OK : STATUS_FAILED;
}

static int
run_command (const char *name,
             int         argc,
             char      **argv)
{
  const Command *command = lookup_command (name);
  g_autofree char *program = NULL;

  if (command == NULL)
    return refuse_command (name);

  program = g_strconcat ("charflow ", name, NULL);
  g_set_prgname (program);

  return command->run (argc, argv);
}

/* "help COMMAND" is "COMMAND --help". */
static int
run_help (int    argc,
          char **argv)
{
  char help[] = "--help";
  char *help_argv[] = { argv[0], help, NULL };

  if (argc < 2)
    return print_help ();

  if (argc > 2)
    {
      log_error (_("Unexpected argument '%s'"), argv[2]);
      return STATUS_USAGE;
    }

  return run_command (argv[1], 2, help_argv);
}

/* The variable is the one that the programs of gettext read; it serves a build that is not
 * installed. The library's messages are in the same domain, so it holds for them as well. */
static void
bind_messages (void)
{
  const char *folder = g_getenv ("TEXTDOMAINDIR");

  bindtextdomain (GETTEXT_PACKAGE, folder != NULL && *folder != '\0' ? folder : LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

/* A descriptor that was closed would become a connection, and what is printed would go there. */
static void
occupy_standard_fds (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2);

  if (fd > 2)
    g_close (fd, NULL);
}

int
main (int    argc,
      char **argv)
{
  const char *name;

  occupy_standard_fds ();
  /* A reader that goes is an error of the write, for which there is a better line. */
  signal (SIGPIPE, SIG_IGN);

  setlocale (LC_ALL, "");
  bind_messages ();
  g_set_prgname ("charflow");

  if (argc < 2)
    {
      log_error (_("Which command? 'charflow help' lists what there is"));
      return STATUS_USAGE;
    }

  name = argv[1];
  if (g_str_equal (name, "--help") || g_str_equal (name, "-h"))
    return print_help ();
  if (g_str_equal (name, "--version"))
    return print_version ();
  if (g_str_equal (name, "help"))
    return run_help (argc - 1, argv + 1);

  if (*name == '-')
    {
      log_error (_("Unknown option %s"), name);
      return STATUS_USAGE;
    }

  return run_command (name, argc - 1, argv + 1);
}

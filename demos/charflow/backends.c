/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "commands.h"

#include <charflow-glib/charflow.h>
#include <glib/gi18n.h>

#include "arguments.h"
#include "log.h"
#include "table.h"

static char *
describe_type (const CharflowBackendOption *option)
{
  switch (charflow_backend_option_get_value_type (option))
    {
    case CHARFLOW_OPTION_TYPE_STRING:
      return g_strdup (_("text"));
    case CHARFLOW_OPTION_TYPE_BOOLEAN:
      return g_strdup (_("on or off"));
    case CHARFLOW_OPTION_TYPE_NUMBER:
      return g_strdup (_("number"));
    case CHARFLOW_OPTION_TYPE_SIZE:
      return g_strdup (_("size"));
    case CHARFLOW_OPTION_TYPE_CHOICE:
      return g_strjoinv ("|", (char **) charflow_backend_option_get_choices (option));
    default:
      g_return_val_if_reached (g_strdup (""));
    }
}

static void
list_kinds (void)
{
  g_auto (GStrv) kinds = charflow_backend_list_kinds ();
  g_autoptr (Table) table = table_new ();

  for (guint i = 0; kinds[i] != NULL; i++)
    table_add_row (table, kinds[i], charflow_backend_describe_kind (kinds[i]), NULL);

  table_print (table);
}

static void
list_options (GPtrArray *options)
{
  g_autoptr (Table) table = table_new ();

  /* Every back end has it, and so it stands in no list of a kind. */
  table_add_row (table, "id", _("text"), "-",
                 _("The name of the back end, by which --channel finds it"), NULL);

  for (guint i = 0; i < options->len; i++)
    {
      const CharflowBackendOption *option = g_ptr_array_index (options, i);
      const char *default_value = charflow_backend_option_get_default_value (option);
      g_autofree char *type = describe_type (option);

      table_add_row (table,
                     charflow_backend_option_get_name (option),
                     type,
                     default_value != NULL && *default_value != '\0' ? default_value : "-",
                     charflow_backend_option_get_description (option),
                     NULL);
    }

  table_print (table);
}

int
command_backends (int    argc,
                  char **argv)
{
  static const ArgumentsForm form = {
    .parameters = N_("[NAME]"),
    .summary = N_("Lists the back ends that --chardev of “charflow serve” takes, or the options of\n"
                  "one: name, type, default value and meaning."),
    .max_arguments = 1,
  };
  g_autoptr (GPtrArray) options = NULL;

  if (!arguments_parse (&form, &argc, &argv))
    return STATUS_USAGE;

  if (argc == 1)
    {
      list_kinds ();
      return log_check_output () ? STATUS_OK : STATUS_FAILED;
    }

  options = charflow_backend_list_options (argv[1], NULL);
  if (options == NULL)
    {
      g_auto (GStrv) kinds = charflow_backend_list_kinds ();
      g_autofree char *names = g_strjoinv (", ", kinds);

      log_error (_("There is no back end '%s', only %s"), argv[1], names);
      return STATUS_USAGE;
    }

  list_options (options);
  return log_check_output () ? STATUS_OK : STATUS_FAILED;
}

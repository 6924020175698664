/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backend-option.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"

/**
 * SECTION:charflow-backend-option
 * @title: CharflowBackendOption
 * @short_description: what the spec of a back end may say
 *
 * charflow_backend_list_options() describes the options of a kind of back end, from the same table
 * that the parser of charflow_backend_new_from_spec() uses.
 *
 * |[<!-- language="C" -->
 * g_autoptr (GPtrArray) options = charflow_backend_list_options ("ringbuf", NULL);
 * CharflowBackendOption *option = options->pdata[1];
 *
 * g_print ("%s: %s\n", charflow_backend_option_get_name (option), charflow_backend_option_get_default_value (option));
 * ]|
 */

/* Every option is a row of a static table, so copies are the row itself. */
static CharflowBackendOption *
option_copy (CharflowBackendOption *option)
{
  return option;
}

static void
option_free (CharflowBackendOption *option)
{
}

/* clang-format off */
G_DEFINE_BOXED_TYPE (CharflowBackendOption, charflow_backend_option, option_copy, option_free)
/* clang-format on */

/**
 * charflow_backend_option_get_name:
 * @option: an option
 *
 * Gets the key that stands before the `=`.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
charflow_backend_option_get_name (const CharflowBackendOption *option)
{
  g_return_val_if_fail (option != NULL, NULL);

  return option->name;
}

/**
 * charflow_backend_option_get_value_type:
 * @option: an option
 *
 * Gets what its value may be.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
CharflowOptionType
charflow_backend_option_get_value_type (const CharflowBackendOption *option)
{
  g_return_val_if_fail (option != NULL, CHARFLOW_OPTION_TYPE_STRING);

  return option->type;
}

/**
 * charflow_backend_option_get_default_value:
 * @option: an option
 *
 * Gets the value that it has when a spec does not name it, as one would write it.
 *
 * Returns: (nullable): the default, or %NULL where there is none
 *
 * Since: 1.0
 */
const char *
charflow_backend_option_get_default_value (const CharflowBackendOption *option)
{
  g_return_val_if_fail (option != NULL, NULL);

  return option->default_value;
}

/**
 * charflow_backend_option_get_choices:
 * @option: an option
 *
 * Gets the words that its value is one of, where it is of the type %CHARFLOW_OPTION_TYPE_CHOICE.
 *
 * Returns: (nullable) (transfer none) (array zero-terminated=1): the words, or %NULL for another
 *   type
 *
 * Since: 1.0
 */
const char *const *
charflow_backend_option_get_choices (const CharflowBackendOption *option)
{
  g_return_val_if_fail (option != NULL, NULL);

  return option->choices;
}

/**
 * charflow_backend_option_get_description:
 * @option: an option
 *
 * Gets what the option is good for, in the language of the user.
 *
 * Returns: the description
 *
 * Since: 1.0
 */
const char *
charflow_backend_option_get_description (const CharflowBackendOption *option)
{
  g_return_val_if_fail (option != NULL, NULL);

  return _(option->description);
}

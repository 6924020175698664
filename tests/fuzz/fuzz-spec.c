/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charflow-backend-options-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

static void
get_value (const CharflowBackendOptions *options,
           const CharflowBackendOption  *option)
{
  switch (option->type)
    {
    case CHARFLOW_OPTION_TYPE_BOOLEAN:
      charflow_backend_options_get_boolean (options, option->name);
      break;
    case CHARFLOW_OPTION_TYPE_NUMBER:
    case CHARFLOW_OPTION_TYPE_SIZE:
      charflow_backend_options_get_number (options, option->name);
      break;
    case CHARFLOW_OPTION_TYPE_CHOICE:
      charflow_backend_options_get_choice (options, option->name);
      break;
    case CHARFLOW_OPTION_TYPE_STRING:
    default:
      charflow_backend_options_get_string (options, option->name);
    }
}

static void
get_values (const CharflowBackendOptions *options,
            const CharflowBackendOption  *rows)
{
  for (gsize i = 0; rows[i].name != NULL; i++)
    get_value (options, &rows[i]);
}

/* Only the options, in either syntax: making a back end would open what the spec names. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  const CharflowBackendKind *kind = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackendOptions) options = charflow_backend_options_new (text, &kind, &error);

  g_assert ((options == NULL) == (error != NULL));
  if (options == NULL)
    return 0;

  charflow_backend_options_get_id (options);
  get_values (options, kind->options);
  get_values (options, charflow_backend_options_get_common ());
  return 0;
}

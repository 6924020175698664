/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charflow-backend-options-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* Only the options: making a back end would open what the spec names. */
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
  for (gsize i = 0; kind->options != NULL && kind->options[i].name != NULL; i++)
    charflow_backend_options_has (options, kind->options[i].name);
  return 0;
}

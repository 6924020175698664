/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charflow-uri-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* What parses is written in a way that parses again, to the same. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowUri) uri = charflow_uri_parse (text, &error);
  g_autoptr (CharflowUri) again = NULL;
  g_autofree char *written = NULL;

  g_assert ((uri == NULL) == (error != NULL));
  if (uri == NULL)
    return 0;

  written = charflow_uri_to_string (uri);
  again = charflow_uri_parse (written, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again->host, ==, uri->host);
  g_assert_cmpstr (again->path, ==, uri->path);
  g_assert_cmpint (again->port, ==, uri->port);
  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_S 60

static GString *seen;

void
example_begin (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("charflow-example-XXXXXX", &error);

  if (folder == NULL || g_chdir (folder) < 0)
    g_error ("There is no folder for the examples");
  /* One that waits for ever is a failure. */
  alarm (LIMIT_S);
  seen = g_string_new (NULL);
}

void
example_run_all (const Example *examples,
                 gsize          n_examples)
{
  example_begin ();
  for (gsize i = 0; i < n_examples; i++)
    {
      g_string_truncate (seen, 0);
      g_print ("%s\n", examples[i].name);
      /* Some write to the descriptor itself. */
      fflush (stdout);
      examples[i].run ();
      fflush (stdout);
    }
}

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes)
{
  g_string_append_len (seen, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

CharflowClient *
example_attach (CharflowCharDevice *device)
{
  CharflowClient *client = charflow_client_new ();
  g_autoptr (GError) error = NULL;

  g_signal_connect (client, "deliver", G_CALLBACK (deliver_cb), NULL);
  if (!charflow_char_device_attach_client (device, client, &error))
    g_error ("%s", error->message);
  return client;
}

void
example_wait_for (const char *text)
{
  while (strstr (seen->str, text) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_print ("  %s\n", g_strchomp (seen->str));
  g_string_truncate (seen, 0);
  fflush (stdout);
}

void
example_wait_written (CharflowCharDevice *device,
                      guint64             n_bytes)
{
  guint64 n_written = 0;

  while (n_written < n_bytes)
    {
      g_main_context_iteration (NULL, TRUE);
      g_object_get (device, "bytes-written", &n_written, NULL);
    }
}

void
example_wait (gboolean *flag)
{
  while (!*flag)
    g_main_context_iteration (NULL, TRUE);
}

void
example_write (CharflowCharDevice *device,
               const char         *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  if (!charflow_char_device_write_bytes (device, NULL, bytes, &error))
    g_error ("%s", error->message);
}

CharflowBackend *
example_make (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  if (backend == NULL)
    g_error ("%s", error->message);
  return backend;
}

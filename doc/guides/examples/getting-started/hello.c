/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <charflow-glib/charflow.h>

static void
serve (GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("loopback,id=echo", error);
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (CharflowServerPortChannel) port = NULL;
  g_autofree char *uri = NULL;

  if (backend == NULL)
    return;

  device = charflow_char_device_new (backend);
  charflow_char_device_start (device);

  port = charflow_server_port_channel_new ("org.example.echo.0", device);
  charflow_server_set_password (server, "open sesame");
  if (!charflow_server_add_channel (server, CHARFLOW_SERVER_CHANNEL (port), error))
    return;

  uri = charflow_server_listen (server, "spice://127.0.0.1:5931", error);
  if (uri == NULL)
    return;

  g_print ("listening on %s\n", uri);
  g_main_loop_run (loop);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;

  serve (&error);
  if (error != NULL)
    g_printerr ("%s\n", error->message);

  return error == NULL ? 0 : 1;
}

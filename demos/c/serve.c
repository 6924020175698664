/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serves a device as a port: CHARFLOW_PASSWORD=… serve [BACKEND,id=ID,…] [URI]
 *
 * The back end is a new pseudo terminal if none is named, and the URI a free port of this machine:
 *
 *   CHARFLOW_PASSWORD=… serve serial,id=line,path=/dev/ttyUSB0 spice://127.0.0.1:5930
 */
#include <charflow-glib/charflow.h>

static void
backend_error_cb (CharflowCharDevice *device,
                  const GError       *error)
{
  g_printerr ("%s\n", error->message);
}

static void
active_cb (CharflowBackend *backend)
{
  g_autofree char *uri = charflow_backend_get_uri (backend);

  if (charflow_backend_get_active (backend))
    g_print ("device at %s\n", uri != NULL ? uri : charflow_backend_get_label (backend));
}

static void
peer_error_cb (CharflowServer *server,
               const char     *peer,
               const GError   *error)
{
  g_printerr ("%s: %s\n", peer, error->message);
}

static gboolean
serve (const char *spec,
       const char *uri,
       GError    **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autoptr (CharflowServerPortChannel) port = NULL;
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, error);
  g_autofree char *real_uri = NULL;

  if (backend == NULL)
    return FALSE;

  device = charflow_char_device_new (backend);
  g_signal_connect (device, "backend-error", G_CALLBACK (backend_error_cb), NULL);
  g_signal_connect (backend, "notify::active", G_CALLBACK (active_cb), NULL);
  charflow_char_device_start (device);

  g_signal_connect (server, "peer-error", G_CALLBACK (peer_error_cb), NULL);
  port = charflow_server_port_channel_new ("org.charflow.c.0", device);
  charflow_server_set_password (server, g_getenv ("CHARFLOW_PASSWORD"));
  if (!charflow_server_add_channel (server, CHARFLOW_SERVER_CHANNEL (port), error))
    return FALSE;

  real_uri = charflow_server_listen (server, uri, error);
  if (real_uri == NULL)
    return FALSE;

  g_print ("listening on %s\n", real_uri);
  g_main_loop_run (loop);

  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc > 3 || g_getenv ("CHARFLOW_PASSWORD") == NULL)
    {
      g_printerr ("Usage: CHARFLOW_PASSWORD=… serve [BACKEND,id=ID,…] [URI]\n");
      return 2;
    }
  if (!serve (argc > 1 ? argv[1] : "pty,id=console", argc > 2 ? argv[2] : "spice://127.0.0.1:0", &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  return 0;
}

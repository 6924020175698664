/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a line to a port and prints what comes from it: CHARFLOW_PASSWORD=… console URI PORT [LINE]
 *
 * It ends when the server closes the port. The names of ports are what `charflow list URI` shows:
 *
 *   CHARFLOW_PASSWORD=… console spice://127.0.0.1:5930 org.charflow.c.0 "hello"
 */
#include <stdio.h>
#include <string.h>

#include <charflow-glib/charflow.h>

typedef struct
{
  GMainLoop *loop;
  const char *port_name;
  const char *line;
  int status;
} Console;

static void
fail (Console    *console,
      const char *message)
{
  g_printerr ("%s\n", message);
  console->status = 1;
  g_main_loop_quit (console->loop);
}

static void
read_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  CharflowClientPortChannel *port = CHARFLOW_CLIENT_PORT_CHANNEL (object);
  Console *console = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = charflow_client_port_channel_read_bytes_finish (port, result, &error);

  if (bytes == NULL)
    {
      fail (console, error->message);
      return;
    }
  if (g_bytes_get_size (bytes) == 0)
    {
      g_main_loop_quit (console->loop);
      return;
    }

  fwrite (g_bytes_get_data (bytes, NULL), 1, g_bytes_get_size (bytes), stdout);
  fflush (stdout);
  charflow_client_port_channel_read_bytes_async (port, 65536, NULL, read_cb, console);
}

static void
written_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  if (!charflow_client_port_channel_write_bytes_finish (CHARFLOW_CLIENT_PORT_CHANNEL (object), result, &error))
    fail (user_data, error->message);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  CharflowSession *session = CHARFLOW_SESSION (object);
  Console *console = user_data;
  CharflowClientPortChannel *port;
  g_autoptr (GError) error = NULL;

  if (!charflow_session_open_finish (session, result, &error))
    {
      fail (console, error->message);
      return;
    }

  port = charflow_session_lookup_port (session, console->port_name);
  if (port == NULL)
    {
      g_autofree char *message = g_strdup_printf ("There is no port '%s'", console->port_name);

      fail (console, message);
      return;
    }

  if (console->line != NULL)
    {
      g_autofree char *line = g_strconcat (console->line, "\n", NULL);
      g_autoptr (GBytes) bytes = g_bytes_new (line, strlen (line));

      charflow_client_port_channel_write_bytes_async (port, bytes, NULL, written_cb, console);
    }
  charflow_client_port_channel_read_bytes_async (port, 65536, NULL, read_cb, console);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (CharflowSession) session = NULL;
  Console console = { NULL };

  if (argc < 3 || argc > 4)
    {
      g_printerr ("Usage: CHARFLOW_PASSWORD=… console URI PORT [LINE]\n");
      return 2;
    }

  console.loop = g_main_loop_new (NULL, FALSE);
  console.port_name = argv[2];
  console.line = argc > 3 ? argv[3] : NULL;

  session = charflow_session_new (argv[1]);
  charflow_session_set_password (session, g_getenv ("CHARFLOW_PASSWORD"));
  charflow_session_open_async (session, NULL, opened_cb, &console);
  g_main_loop_run (console.loop);
  g_main_loop_unref (console.loop);

  return console.status;
}

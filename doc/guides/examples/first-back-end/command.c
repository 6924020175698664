/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A back end that is a program: what is written is its input, and what is read its output. */
#include <charflow-glib/charflow.h>
#include <signal.h>

#define COMMAND_TYPE_BACKEND (command_backend_get_type ())
G_DECLARE_FINAL_TYPE (CommandBackend, command_backend, COMMAND, BACKEND, CharflowFdBackend)

struct _CommandBackend
{
  CharflowFdBackend parent_instance;

  char **argv;
  GPid pid;
};

G_DEFINE_FINAL_TYPE (CommandBackend, command_backend, CHARFLOW_TYPE_FD_BACKEND)

static void
reap_cb (GPid     pid,
         int      status,
         gpointer user_data)
{
  g_spawn_close_pid (pid);
}

static gboolean
command_backend_open_fds (CharflowFdBackend *backend,
                          int               *in_fd,
                          int               *out_fd,
                          GError           **error)
{
  CommandBackend *self = COMMAND_BACKEND (backend);

  /* What the back end reads is what the program writes. */
  if (!g_spawn_async_with_pipes (NULL, self->argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                 &self->pid, out_fd, in_fd, NULL, error))
    return FALSE;

  g_child_watch_add (self->pid, reap_cb, NULL);
  charflow_backend_set_uri (CHARFLOW_BACKEND (self), self->argv[0]);
  return TRUE;
}

static void
command_backend_release_fds (CharflowFdBackend *backend)
{
  kill (COMMAND_BACKEND (backend)->pid, SIGTERM);
}

static void
command_backend_finalize (GObject *object)
{
  g_strfreev (COMMAND_BACKEND (object)->argv);
  G_OBJECT_CLASS (command_backend_parent_class)->finalize (object);
}

static void
command_backend_class_init (CommandBackendClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = command_backend_finalize;
  CHARFLOW_FD_BACKEND_CLASS (klass)->open_fds = command_backend_open_fds;
  CHARFLOW_FD_BACKEND_CLASS (klass)->release_fds = command_backend_release_fds;
}

static void
command_backend_init (CommandBackend *self)
{
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CommandBackend) backend = g_object_new (COMMAND_TYPE_BACKEND, "label", "command", NULL);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autoptr (CharflowServerPortChannel) port = charflow_server_port_channel_new ("org.example.command.0", device);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *uri = NULL;

  backend->argv = g_strdupv (argv + 1);
  charflow_char_device_start (device);

  charflow_server_set_password (server, "open sesame");
  if (charflow_server_add_channel (server, CHARFLOW_SERVER_CHANNEL (port), &error))
    uri = charflow_server_listen (server, "spice://127.0.0.1:5931", &error);
  if (error != NULL)
    g_error ("%s", error->message);

  g_print ("listening on %s\n", uri);
  g_main_loop_run (loop);
  return 0;
}

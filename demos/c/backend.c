/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A back end of one's own, served as a port: CHARFLOW_PASSWORD=… backend [URI]
 *
 * It is a clock. The line "time" is answered with the time, any other with "unknown: " and the line:
 *
 *   echo time | CHARFLOW_PASSWORD=… charflow connect URI --port=org.charflow.c.clock
 */
#include <charflow-glib/charflow.h>

/* A longer line is cut. */
#define MAX_LINE 200
/* Nothing more is taken while this much waits to be read. */
#define MAX_ANSWERS 4096

#define CLOCK_TYPE_BACKEND (clock_backend_get_type ())
G_DECLARE_FINAL_TYPE (ClockBackend, clock_backend, CLOCK, BACKEND, CharflowBackend)

struct _ClockBackend
{
  CharflowBackend parent_instance;

  GString *line;
  GString *answers;
  gboolean listening;
};

G_DEFINE_FINAL_TYPE (ClockBackend, clock_backend, CHARFLOW_TYPE_BACKEND)

static GIOCondition
get_ready (ClockBackend *self)
{
  return (self->answers->len > 0 ? G_IO_IN : 0) | (self->answers->len < MAX_ANSWERS ? G_IO_OUT : 0);
}

/* Tells the device when it can go on: the main loop asks it before it sleeps. */
typedef struct
{
  GSource parent_instance;
  ClockBackend *clock;
  GIOCondition condition;
} ClockSource;

static gboolean
clock_source_prepare (GSource *source,
                      int     *timeout)
{
  ClockSource *self = (ClockSource *) source;

  *timeout = -1;
  return (get_ready (self->clock) & self->condition) != 0;
}

static gboolean
clock_source_dispatch (GSource    *source,
                       GSourceFunc callback,
                       gpointer    user_data)
{
  return callback (user_data);
}

static void
clock_source_finalize (GSource *source)
{
  g_object_unref (((ClockSource *) source)->clock);
}

static GSource *
clock_backend_create_source (CharflowBackend *backend,
                             GIOCondition     condition)
{
  static GSourceFuncs funcs = {
    .prepare = clock_source_prepare,
    .dispatch = clock_source_dispatch,
    .finalize = clock_source_finalize,
  };
  GSource *source = g_source_new (&funcs, sizeof (ClockSource));

  ((ClockSource *) source)->clock = g_object_ref (CLOCK_BACKEND (backend));
  ((ClockSource *) source)->condition = condition;
  return source;
}

static void
answer (ClockBackend *self)
{
  if (self->listening && g_str_equal (self->line->str, "time"))
    {
      g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
      g_autofree char *text = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");

      g_string_append_printf (self->answers, "%s\n", text);
    }
  else if (self->listening)
    g_string_append_printf (self->answers, "unknown: %s\n", self->line->str);

  g_string_truncate (self->line, 0);
}

static gssize
clock_backend_write (CharflowBackend *backend,
                     const guint8    *data,
                     gsize            size,
                     GError         **error)
{
  ClockBackend *self = CLOCK_BACKEND (backend);
  gsize n;

  for (n = 0; n < size && self->answers->len < MAX_ANSWERS; n++)
    {
      if (data[n] == '\n')
        answer (self);
      else if (self->line->len < MAX_LINE)
        g_string_append_c (self->line, data[n]);
    }

  if (n > 0 || size == 0)
    return n;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "The answers have to be read first");
  return -1;
}

static GBytes *
clock_backend_read_bytes (CharflowBackend *backend,
                          gsize            max_size,
                          GError         **error)
{
  ClockBackend *self = CLOCK_BACKEND (backend);
  gsize size = MIN (max_size, self->answers->len);
  GBytes *bytes;

  if (size == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing was asked");
      return NULL;
    }

  bytes = g_bytes_new (self->answers->str, size);
  g_string_erase (self->answers, 0, size);
  return bytes;
}

/* Who listens next does not get the answers of who listened before. */
static void
clock_backend_set_front_end_open (CharflowBackend *backend,
                                  gboolean         open)
{
  ClockBackend *self = CLOCK_BACKEND (backend);

  self->listening = open;
  g_string_truncate (self->line, 0);
  g_string_truncate (self->answers, 0);
}

/* Its other side is there as soon as it is open. */
static void
active_cb (CharflowBackend *backend)
{
  if (charflow_backend_get_active (backend))
    charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
}

static void
clock_backend_finalize (GObject *object)
{
  ClockBackend *self = CLOCK_BACKEND (object);

  g_string_free (self->line, TRUE);
  g_string_free (self->answers, TRUE);
  G_OBJECT_CLASS (clock_backend_parent_class)->finalize (object);
}

static void
clock_backend_class_init (ClockBackendClass *klass)
{
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = clock_backend_finalize;
  backend_class->create_source = clock_backend_create_source;
  backend_class->read_bytes = clock_backend_read_bytes;
  backend_class->set_front_end_open = clock_backend_set_front_end_open;
  backend_class->write = clock_backend_write;
}

static void
clock_backend_init (ClockBackend *self)
{
  self->line = g_string_new (NULL);
  self->answers = g_string_new (NULL);
  g_signal_connect (self, "notify::active", G_CALLBACK (active_cb), NULL);
}

static gboolean
serve (const char *uri,
       GError    **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (ClockBackend) backend = g_object_new (CLOCK_TYPE_BACKEND, "label", "clock", NULL);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));
  g_autoptr (CharflowServerPortChannel) port = charflow_server_port_channel_new ("org.charflow.c.clock", device);
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autofree char *real_uri = NULL;

  charflow_char_device_start (device);
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

  if (argc > 2 || g_getenv ("CHARFLOW_PASSWORD") == NULL)
    {
      g_printerr ("Usage: CHARFLOW_PASSWORD=… backend [URI]\n");
      return 2;
    }
  if (!serve (argc > 1 ? argv[1] : "spice://127.0.0.1:0", &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  return 0;
}

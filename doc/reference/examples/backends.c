/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Each function has one example of the reference, whose comments fit into another one, and what shows what became of it. */

static void
backend (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("ringbuf,id=r0,size=4096", &error);

  if (backend == NULL)
    g_printerr ("%s\n", error->message);
  else
    g_print ("%s is a %s\n", charflow_backend_get_label (backend), G_OBJECT_TYPE_NAME (backend));
}

static void
backend_option (void)
{
  g_autoptr (GPtrArray) options = charflow_backend_list_options ("ringbuf", NULL);
  CharflowBackendOption *option = options->pdata[1];

  g_print ("%s: %s\n", charflow_backend_option_get_name (option), charflow_backend_option_get_default_value (option));
}

static void
registry (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (GError) error = NULL;

  if (charflow_backend_registry_create (registry, "loopback,id=c0", &error) == NULL ||
      charflow_backend_registry_create (registry, "mux,id=m0,chardev=c0", &error) == NULL)
    g_printerr ("%s\n", error->message);

  g_print ("m0 is a %s\n", G_OBJECT_TYPE_NAME (charflow_backend_registry_lookup (registry, "m0")));
}

static void
loopback (void)
{
  g_autoptr (CharflowLoopbackBackend) backend = charflow_loopback_backend_new (4096);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);

  charflow_char_device_start (device);
  charflow_char_device_write_bytes (device, NULL, bytes, NULL); // and it comes back to all clients

  g_autoptr (CharflowClient) client = example_attach (device);
  example_wait_for ("hello");
}

static void
null (void)
{
  g_autoptr (CharflowNullBackend) backend = charflow_null_backend_new ();
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));

  charflow_char_device_start (device); // it takes all, and says nothing

  example_write (device, "hello");
  example_wait_written (device, 5);
}

static void
ringbuf (void)
{
  g_autoptr (CharflowRingbufBackend) ring = charflow_ringbuf_backend_new (4);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (ring));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);

  charflow_char_device_start (device);
  charflow_char_device_write_bytes (device, NULL, bytes, NULL);
  // charflow_ringbuf_backend_take_bytes (ring, 4) has the last 4 bytes of it.

  g_autoptr (GBytes) last = NULL;
  example_wait_written (device, 5);
  last = charflow_ringbuf_backend_take_bytes (ring, 4);
  g_print ("the last 4 bytes: %.4s\n", (const char *) g_bytes_get_data (last, NULL));
}

static void
pty (void)
{
  g_autoptr (CharflowPtyBackend) pty = charflow_pty_backend_new (NULL);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (pty));

  charflow_char_device_start (device);
  while (!charflow_backend_get_active (CHARFLOW_BACKEND (pty)))
    g_main_context_iteration (NULL, TRUE);

  g_print ("a terminal%s\n", g_str_has_prefix (charflow_pty_backend_get_slave_path (pty), "/dev/pts/") ? "" : "?");
}

static void
serial (void)
{
  g_autoptr (CharflowPtyBackend) pty = charflow_pty_backend_new (NULL);
  g_autoptr (CharflowCharDevice) far_end = charflow_char_device_new (CHARFLOW_BACKEND (pty));
  const char *path;

  charflow_char_device_start (far_end);
  while (!charflow_backend_get_active (CHARFLOW_BACKEND (pty)))
    g_main_context_iteration (NULL, TRUE);
  path = charflow_pty_backend_get_slave_path (pty);

  g_autoptr (CharflowSerialBackend) line = charflow_serial_backend_new (path);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (line));
  g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new_from_string ("115200,8n1", NULL);

  charflow_char_device_set_serial_settings (device, settings, NULL); // also of a back end that comes later
  charflow_char_device_start (device);

  g_autoptr (CharflowClient) client = example_attach (device);
  example_write (far_end, "from the line");
  example_wait_for ("from the line");
}

static void
serial_settings (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new (9600, 7, CHARFLOW_SERIAL_PARITY_EVEN,
                                                                              CHARFLOW_SERIAL_STOP_ONE,
                                                                              CHARFLOW_SERIAL_FLOW_RTSCTS);
  g_autofree char *text = charflow_serial_settings_to_string (settings);
  g_autoptr (CharflowSerialSettings) same = charflow_serial_settings_new_from_string (text, &error);

  g_print ("%s: %s\n", text, charflow_serial_settings_equal (settings, same) ? "the same" : "another");
}

static void
file (void)
{
  g_autoptr (CharflowFileBackend) file = charflow_file_backend_new ("log.txt", TRUE);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (file));
  g_autoptr (GBytes) line = g_bytes_new_static ("hello\n", 6);

  charflow_char_device_start (device);
  charflow_char_device_write_bytes (device, NULL, line, NULL); // appended to the file

  g_autofree char *text = NULL;
  example_wait_written (device, 6);
  g_file_get_contents ("log.txt", &text, NULL, NULL);
  g_print ("  %s", text);
}

static void
pipe_pair (void)
{
  g_autoptr (CharflowPipeBackend) pipes = charflow_pipe_backend_new ("line", TRUE); // makes line.in and line.out
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (pipes));

  charflow_char_device_start (device);

  g_autoptr (CharflowClient) client = example_attach (device);
  while (!charflow_backend_get_active (CHARFLOW_BACKEND (pipes)))
    g_main_context_iteration (NULL, TRUE);
  int in = open ("line.in", O_WRONLY | O_CLOEXEC);
  if (write (in, "hello", 5) != 5)
    g_error ("The pipe takes nothing");
  example_wait_for ("hello");
  close (in);
}

static void
fd (void)
{
  int ends[2];

  if (pipe (ends) < 0)
    g_error ("There is no pipe");

  g_autoptr (CharflowFdBackend) backend = charflow_fd_backend_new (ends[0], -1); // it works with a copy
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));

  charflow_char_device_start (device);

  g_autoptr (CharflowClient) client = example_attach (device);
  if (write (ends[1], "hello", 5) != 5)
    g_error ("The pipe takes nothing");
  example_wait_for ("hello");
  close (ends[0]);
  close (ends[1]);
}

static void
stdio (void)
{
  g_autoptr (CharflowStdioBackend) terminal = charflow_stdio_backend_new (TRUE); // Ctrl-C still ends the program
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (terminal));
  g_autoptr (GBytes) line = g_bytes_new_static ("hello\n", 6);

  charflow_char_device_start (device);
  charflow_char_device_write_bytes (device, NULL, line, NULL);

  example_wait_written (device, 6);
}

static void
console (void)
{
  g_autoptr (CharflowConsoleBackend) console = charflow_console_backend_new (); // standard output alone
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (console));
  g_autoptr (GBytes) line = g_bytes_new_static ("hello\n", 6);

  charflow_char_device_start (device);
  charflow_char_device_write_bytes (device, NULL, line, NULL);

  example_wait_written (device, 6);
}

static void
parallel (void)
{
  g_autoptr (CharflowParallelBackend) printer = charflow_parallel_backend_new ("/dev/parport0");
  g_autoptr (GError) error = NULL;
  guint8 status;

  if (charflow_parallel_backend_read_status (printer, &status, &error))
    g_print ("status 0x%02x\n", status);
  else
    g_print ("%s\n", error->message); // it has to be opened first
}

static void
socket_pair (void)
{
  g_autoptr (CharflowSocketBackend) server = charflow_socket_backend_new_for_unix ("line.sock", TRUE);
  g_autoptr (CharflowSocketBackend) caller = charflow_socket_backend_new_for_unix ("line.sock", FALSE);
  g_autoptr (CharflowCharDevice) here = charflow_char_device_new (CHARFLOW_BACKEND (server));
  g_autoptr (CharflowCharDevice) there = charflow_char_device_new (CHARFLOW_BACKEND (caller));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);

  charflow_char_device_start (here); // listens
  charflow_char_device_start (there); // connects
  charflow_char_device_write_bytes (there, NULL, bytes, NULL); // waits until it has

  g_autoptr (CharflowClient) client = example_attach (here);
  example_wait_for ("hello");
}

static void
udp (void)
{
  g_autoptr (CharflowUdpBackend) udp = charflow_udp_backend_new ("127.0.0.1", 9);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (udp));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);

  charflow_char_device_start (device);
  charflow_char_device_write_bytes (device, NULL, bytes, NULL); // one datagram

  example_wait_written (device, 5);
}

static void
mux (void)
{
  g_autoptr (CharflowBackend) keyboard = example_make ("ringbuf,size=4096");
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (keyboard);
  g_autoptr (CharflowCharDevice) guest = charflow_char_device_new (CHARFLOW_BACKEND (mux));
  g_autoptr (CharflowCharDevice) monitor = charflow_char_device_new (CHARFLOW_BACKEND (mux));

  charflow_char_device_start (guest);
  charflow_char_device_start (monitor);
  g_print ("Ctrl-a c goes around %u devices\n", charflow_mux_backend_get_n_front_ends (mux));
}

static void
log_file (void)
{
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("loopback,id=echo", NULL);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
  g_autoptr (CharflowLog) log = charflow_log_new ("echo.log", FALSE);
  g_autoptr (GError) error = NULL;

  charflow_log_set_directions (log, CHARFLOW_LOG_DIRECTIONS_OUTPUT | CHARFLOW_LOG_DIRECTIONS_INPUT);
  if (!charflow_backend_set_log (backend, log, &error))
    g_printerr ("%s\n", error->message);

  g_autoptr (CharflowClient) client = example_attach (device);
  g_autofree char *text = NULL;
  charflow_char_device_start (device);
  example_write (device, "hello");
  example_wait_for ("hello");
  g_file_get_contents ("echo.log", &text, NULL, NULL);
  g_print ("  logged: %s\n", text);
}

static void
recorder (void)
{
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("loopback,id=echo", NULL);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
  g_autoptr (CharflowRecorder) recorder = charflow_recorder_new ("echo.record");
  g_autoptr (GError) error = NULL;

  if (!charflow_recorder_open (recorder, &error) || !charflow_backend_set_recorder (backend, recorder, &error))
    g_printerr ("%s\n", error->message);

  g_autoptr (CharflowClient) client = example_attach (device);
  charflow_char_device_start (device);
  example_write (device, "hello");
  example_wait_for ("hello");
  charflow_recorder_close (recorder, NULL);
}

/* What the one before has recorded. */
static void
replay (void)
{
  g_autoptr (CharflowReplayBackend) replay = charflow_replay_backend_new ("echo.record", CHARFLOW_REPLAY_SPEED_FULL);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (replay));

  charflow_char_device_set_keep_unread (device, TRUE); // nothing is missed by the first client
  charflow_char_device_start (device);

  g_autoptr (CharflowClient) client = example_attach (device);
  example_write (device, "hello");
  example_wait_for ("hello");
}

int
main (void)
{
  static const Example examples[] = {
    { "CharflowBackend", backend },
    { "CharflowBackendOption", backend_option },
    { "CharflowBackendRegistry", registry },
    { "CharflowLoopbackBackend", loopback },
    { "CharflowNullBackend", null },
    { "CharflowRingbufBackend", ringbuf },
    { "CharflowPtyBackend", pty },
    { "CharflowSerialBackend", serial },
    { "CharflowSerialSettings", serial_settings },
    { "CharflowFileBackend", file },
    { "CharflowPipeBackend", pipe_pair },
    { "CharflowFdBackend", fd },
    { "CharflowStdioBackend", stdio },
    { "CharflowConsoleBackend", console },
    { "CharflowParallelBackend", parallel },
    { "CharflowSocketBackend", socket_pair },
    { "CharflowUdpBackend", udp },
    { "CharflowMuxBackend", mux },
    { "CharflowLog", log_file },
    { "CharflowRecorder", recorder },
    { "CharflowReplayBackend", replay },
  };

  example_run_all (examples, G_N_ELEMENTS (examples));

  return 0;
}

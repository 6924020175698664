/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-serial.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* So long nobody waits in a test: what comes earlier comes because something told of it. */
#define NEVER_S 3600

static void
test_null_device (void)
{
  g_autoptr (CharflowBackend) backend = test_serial_open_path ("/dev/null");
  g_autoptr (CharflowBackend) other = test_serial_open_path ("/dev/null");
  g_autofree char *uri = charflow_backend_get_uri (backend);

  g_assert_cmpstr (uri, ==, "serial:/dev/null");
  g_assert_cmpint (test_write_text (backend, "into nothing", NULL), ==, 12);
}

/* What it has not, it says when it is asked for. */
static void
test_null_device_has_no_line (void)
{
  g_autoptr (CharflowBackend) backend = test_serial_open_path ("/dev/null");
  g_autoptr (GError) error = NULL;
  CharflowModemLines lines;

  g_assert_false (test_serial_set (backend, "9600", &error));
  g_assert_nonnull (strstr (error->message, "'/dev/null'"));
  g_assert_nonnull (strstr (error->message, g_strerror (ENOTTY)));
  g_assert_cmpint (error->domain, ==, G_IO_ERROR);
  test_serial_expect_settings (backend, "115200 8N1");

  g_clear_error (&error);
  g_assert_false (charflow_backend_set_break (backend, TRUE, &error));
  g_assert_cmpint (error->domain, ==, G_IO_ERROR);
  g_clear_error (&error);
  g_assert_false (charflow_backend_query_modem_lines (backend, &lines, &error));
  g_assert_cmpint (error->domain, ==, G_IO_ERROR);
  g_clear_error (&error);
  g_assert_false (charflow_backend_set_modem_lines (backend, CHARFLOW_MODEM_LINES_DTR, &error));
  g_assert_cmpint (error->domain, ==, G_IO_ERROR);
}

/* It is at its end at once, which is no reason not to write to it. */
static void
test_null_device_ends (void)
{
  g_autoptr (CharflowBackend) backend = test_serial_open_path ("/dev/null");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 16);

  test_front_end_expect (front_end, "<C>");
  g_assert_cmpint (test_write_text (backend, "on", NULL), ==, 2);
  test_expect_rest ();
}

static void
test_all_bytes (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_path (pty->path);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 4096);
  guint8 bytes[256];
  guint8 received[512];

  for (gsize i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) i;

  g_assert_cmpint (charflow_backend_write (backend, bytes, sizeof bytes, NULL), ==, sizeof bytes);
  g_assert_cmpint (read (pty->master, received, sizeof received), ==, sizeof bytes);
  g_assert_cmpmem (received, sizeof bytes, bytes, sizeof bytes);

  g_assert_cmpint (write (pty->master, bytes, sizeof bytes), ==, sizeof bytes);
  test_wait_until (front_end->log->len >= sizeof bytes);
  g_assert_cmpmem (front_end->log->str, front_end->log->len, bytes, sizeof bytes);
}

/* The kernel doubles FF while it marks breaks. */
static void
test_all_bytes_marked (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_new (pty->path);
  g_autoptr (TestFrontEnd) front_end = NULL;
  guint8 bytes[512];

  for (gsize i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) ~(i / 2);
  test_driver_reset ();
  charflow_serial_backend_set_ioctl (CHARFLOW_SERIAL_BACKEND (backend), test_wired_ioctl);
  test_serial_open (backend);
  g_assert_cmpuint (test_get_modes (pty->keeper).c_iflag, ==, PARMRK);

  for (gsize credit = 1; credit < 6; credit++)
    {
      front_end = test_front_end_new (backend, credit);
      g_assert_cmpint (write (pty->master, bytes, sizeof bytes), ==, sizeof bytes);
      test_wait_until (front_end->log->len >= sizeof bytes);
      g_assert_cmpmem (front_end->log->str, front_end->log->len, bytes, sizeof bytes);
      g_clear_pointer (&front_end, test_front_end_free);
    }
}

static void
test_restores (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = NULL;
  struct termios2 before = test_get_modes (pty->keeper);
  struct termios2 after;

  backend = test_serial_open_path (pty->path);
  g_assert_true (test_serial_set (backend, "9600 8N2", NULL));
  charflow_backend_close (backend);
  after = test_get_modes (pty->keeper);
  g_assert_cmpmem (&after, sizeof after, &before, sizeof before);

  /* Also when it goes without having been closed. */
  test_serial_open (backend);
  g_assert_finalize_object (g_steal_pointer (&backend));
  after = test_get_modes (pty->keeper);
  g_assert_cmpmem (&after, sizeof after, &before, sizeof before);
}

static void
test_restores_not (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autofree char *spec = g_strdup_printf ("serial,path=%s,baud=4800,restore=off", pty->path);
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, NULL);

  test_serial_open (backend);
  charflow_backend_close (backend);
  g_assert_cmpuint (test_get_modes (pty->keeper).c_ospeed, ==, 4800);
  g_assert_cmpuint (test_get_modes (pty->keeper).c_lflag, ==, 0);
}

static void
test_exclusive (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_path (pty->path);
  g_autoptr (CharflowBackend) other = test_serial_new (pty->path);
  g_autoptr (CharflowBackend) careless = NULL;
  g_autofree char *spec = g_strdup_printf ("serial,path=%s,exclusive=off", pty->path);
  g_autoptr (GError) error = NULL;
  guint n_fds = test_count_fds ();
  int is_exclusive = 0;

  g_assert_true (test_serial_set (backend, "9600", NULL));
  g_assert_false (test_open_backend (other, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, pty->path));
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  g_assert_cmpuint (test_get_modes (pty->keeper).c_ospeed, ==, 9600);
  g_assert_cmpint (ioctl (pty->keeper, TIOCGEXCL, &is_exclusive), ==, 0);
  g_assert_cmpint (is_exclusive, ==, 1);

  charflow_backend_close (backend);
  g_assert_cmpint (ioctl (pty->keeper, TIOCGEXCL, &is_exclusive), ==, 0);
  g_assert_cmpint (is_exclusive, ==, 0);
  test_serial_open (other);
  charflow_backend_close (other);

  /* Who does not ask for it does not get in the way of others. */
  careless = charflow_backend_new_from_spec (spec, NULL);
  test_serial_open (careless);
  test_serial_open (other);
}

static void
test_hang_up (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_path (pty->path);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 16);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (write (pty->master, "hi", 2), ==, 2);
  test_front_end_expect (front_end, "hi");
  test_pty_hang_up (pty);
  test_front_end_expect (front_end, "<C>");
  g_assert_true (charflow_backend_get_active (backend));
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN | G_IO_OUT));
  g_assert_cmpint (test_write_text (backend, "x", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  g_clear_error (&error);
  g_assert_false (charflow_backend_set_break (backend, TRUE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  g_clear_error (&error);
  g_assert_false (charflow_backend_set_modem_lines (backend, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  test_expect_rest ();
}

/* Nobody reads, and it is noticed all the same. */
static void
test_hang_up_unread (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_path (pty->path);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 0);

  g_assert_cmpint (write (pty->master, "hi", 2), ==, 2);
  test_pty_hang_up (pty);
  test_front_end_expect (front_end, "<C>");
}

static void
test_hang_up_written (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_path (pty->path);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 0);
  g_autoptr (GError) error = NULL;

  test_pty_hang_up (pty);
  g_assert_cmpint (test_write_text (backend, "x", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  test_front_end_expect (front_end, "<C>");
  g_assert_cmpuint (front_end->n_events, ==, 1);
}

static CharflowBackend *
new_reconnecting (const char *path,
                  guint       interval_s)
{
  CharflowBackend *backend =
    g_object_new (CHARFLOW_TYPE_SERIAL_BACKEND, "path", path, "reconnect-interval", interval_s, NULL);

  g_assert_true (charflow_backend_has_feature (backend, CHARFLOW_FEATURE_RECONNECTABLE));

  return backend;
}

static void
link_to (TestPty        *pty,
         const char *path)
{
  g_assert_cmpint (symlink (pty->path, path), ==, 0);
}

static void
test_returns (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "tty");
  g_autoptr (CharflowBackend) backend = new_reconnecting (path, NEVER_S);
  g_autoptr (TestPty) first = test_pty_new ();
  g_autoptr (TestFrontEnd) front_end = NULL;

  link_to (first, path);
  test_serial_open (backend);
  front_end = test_front_end_new (backend, 16);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TestPty) next = test_pty_new ();

      g_assert_cmpint (g_unlink (path), ==, 0);
      test_pty_hang_up (first);
      test_front_end_expect (front_end, "<C>");

      /* Settings are kept for it. */
      g_assert_true (test_serial_set (backend, i == 1 ? "4800 8N1" : "2400 8N1", NULL));
      link_to (next, path);
      test_front_end_expect (front_end, "<O>");
      g_assert_cmpuint (test_get_modes (next->keeper).c_ospeed, ==, i == 1 ? 4800 : 2400);
      g_assert_cmpint (write (next->master, "back", 4), ==, 4);
      test_front_end_expect (front_end, "back");
      g_assert_cmpint (test_write_text (backend, "x", NULL), ==, 1);

      g_clear_pointer (&first, test_pty_free);
      first = g_steal_pointer (&next);
    }
  test_expect_rest ();
}

/* It need not be there to begin with; other names in its folder do not matter. */
static void
test_comes_later (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "tty");
  g_autofree char *other_path = test_folder_path (folder, "tty2");
  g_autoptr (CharflowBackend) backend = new_reconnecting (path, NEVER_S);
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (TestPty) pty = test_pty_new ();

  test_serial_open (backend);
  g_assert_false (charflow_backend_get_opened (backend));
  front_end = test_front_end_new (backend, 16);
  link_to (pty, other_path);
  test_expect_rest ();
  g_assert_cmpuint (front_end->n_events, ==, 0);

  g_assert_cmpint (g_rename (other_path, path), ==, 0);
  test_front_end_expect (front_end, "<O>");
}

/* Where nobody tells of its folder, the time does. */
static void
test_comes_by_timer (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *subfolder = test_folder_path (folder, "by-id");
  g_autofree char *path = g_build_filename (subfolder, "tty", NULL);
  g_autoptr (CharflowBackend) backend = new_reconnecting (path, 1);
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (TestPty) pty = test_pty_new ();

  test_serial_open (backend);
  front_end = test_front_end_new (backend, 16);
  g_assert_cmpint (g_mkdir (subfolder, 0700), ==, 0);
  link_to (pty, path);
  test_front_end_expect (front_end, "<O>");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* Options that are wrong do not get right by waiting. */
static void
test_waits_for_no_option (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_new_on_driver (pty, ",reconnect=1,baud=1000");
  g_autoptr (GError) error = NULL;

  test_driver.only_baud = 9600;
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
}

static void
test_close_while_gone (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "tty");
  CharflowBackend *backend = new_reconnecting (path, NEVER_S);
  g_autoptr (TestPty) pty = test_pty_new ();
  guint n_fds = test_count_fds ();

  test_serial_open (backend);
  charflow_backend_close (backend);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  link_to (pty, path);
  test_expect_rest ();
  g_assert_false (charflow_backend_get_opened (backend));
  test_serial_open (backend);
  g_assert_true (charflow_backend_get_opened (backend));
  g_assert_finalize_object (backend);
}

static void
close_cb (CharflowBackend *backend)
{
  charflow_backend_close (backend);
}

static void
test_close_in_closed (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = new_reconnecting (pty->path, 1);
  g_autoptr (TestFrontEnd) front_end = NULL;

  test_serial_open (backend);
  front_end = test_front_end_new (backend, 16);
  g_signal_connect (backend, "event", G_CALLBACK (close_cb), NULL);
  test_pty_hang_up (pty);
  test_front_end_expect (front_end, "<C>");
  g_assert_false (charflow_backend_get_active (backend));
  test_expect_rest ();
}

static void
unref_cb (CharflowBackend  *backend,
          CharflowEvent     event,
          CharflowBackend **reference)
{
  g_clear_object (reference);
}

static void
test_unref_in_closed (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  CharflowBackend *backend = new_reconnecting (pty->path, 1);
  gpointer watched = backend;

  test_serial_open (backend);
  g_object_add_weak_pointer (G_OBJECT (backend), &watched);
  g_signal_connect (backend, "event", G_CALLBACK (unref_cb), &backend);
  test_pty_hang_up (pty);
  test_wait_until (watched == NULL);
}

static void
test_close_in_opened (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "tty");
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = new_reconnecting (path, NEVER_S);

  test_serial_open (backend);
  g_signal_connect (backend, "event", G_CALLBACK (close_cb), NULL);
  link_to (pty, path);
  test_wait_until (!charflow_backend_get_active (backend));
  test_expect_rest ();
}

static void
expect_bad_spec (const char          *spec,
                 CharflowBackendError code,
                 const char          *option,
                 const char          *value)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_new_from_spec (spec, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, option));
  g_assert_nonnull (strstr (error->message, value));
}

static void
test_bad_options (void)
{
  expect_bad_spec ("serial", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'path'", "'serial'");
  expect_bad_spec ("tty", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'path'", "'tty'");
  expect_bad_spec ("serial,path=", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'path'", "''");
  expect_bad_spec ("serial,path=x,baud=0", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'baud'", "'0'");
  expect_bad_spec ("serial,path=x,baud=12345678901", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'baud'", "'12345678901'");
  expect_bad_spec ("serial,path=x,baud=fast", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'baud'", "'fast'");
  expect_bad_spec ("serial,path=x,baud=-9600", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'baud'", "'-9600'");
  expect_bad_spec ("serial,path=x,data-bits=9", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'data-bits'", "'9'");
  expect_bad_spec ("serial,path=x,parity=strange", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'parity'", "'strange'");
  expect_bad_spec ("serial,path=x,stop-bits=3", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'stop-bits'", "'3'");
  expect_bad_spec ("serial,path=x,stop-bits=1.5", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'stop-bits'", "'1.5'");
  expect_bad_spec ("serial,path=x,flow=hard", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'flow'", "'hard'");
  expect_bad_spec ("serial,path=x,dtr=up", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'dtr'", "'up'");
  expect_bad_spec ("serial,path=x,reconnect=9999999999", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'reconnect'",
                   "'9999999999'");
  expect_bad_spec ("serial,path=x,watch-modem-lines=9999999999", CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   "'watch-modem-lines'", "'9999999999'");
  expect_bad_spec ("serial,path=x,colour=red", CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION, "'colour'", "'serial'");
}

static void
test_cannot_open (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "missing");
  g_autoptr (CharflowBackend) backend = test_serial_new (path);
  g_autoptr (CharflowBackend) pathless = g_object_new (CHARFLOW_TYPE_SERIAL_BACKEND, "reconnect-interval", 1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));

  g_clear_error (&error);
  g_assert_null (charflow_backend_get_resource (pathless));
  g_assert_false (test_open_backend (pathless, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
}

static void
test_spec (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend =
    charflow_backend_new_from_spec ("tty,id=s,path=/dev/../dev/nothing,baud=0x2580,data-bits=7,parity=even,stop-bits=2,"
                                    "flow=rtscts,exclusive=off,restore=off,hangup=on,dtr=off,rts=on,low-latency=on,"
                                    "break-events=off,reconnect=3,watch-modem-lines=250",
                                    &error);
  g_autofree char *resource = NULL;
  gboolean exclusive;
  gboolean restore;
  gboolean hangup;
  gboolean low_latency;
  gboolean break_events;
  CharflowSerialOutput dtr;
  CharflowSerialOutput rts;
  CharflowSerialParity parity;
  CharflowSerialFlow flow;
  guint interval_s;
  guint watch_ms;
  g_autoptr (CharflowSerialSettings) settings = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (charflow_serial_backend_get_path (CHARFLOW_SERIAL_BACKEND (backend)), ==, "/dev/../dev/nothing");
  test_serial_expect_settings (backend, "9600 7E2 rtscts");
  g_object_get (backend, "exclusive", &exclusive, "restore", &restore, "hangup", &hangup, "low-latency", &low_latency,
                "break-events", &break_events, "dtr", &dtr, "rts", &rts, "parity", &parity, "flow", &flow,
                "reconnect-interval", &interval_s, "watch-modem-lines", &watch_ms, "settings", &settings, NULL);
  g_assert_false (exclusive);
  g_assert_false (restore);
  g_assert_true (hangup);
  g_assert_true (low_latency);
  g_assert_false (break_events);
  g_assert_cmpint (dtr, ==, CHARFLOW_SERIAL_OUTPUT_OFF);
  g_assert_cmpint (rts, ==, CHARFLOW_SERIAL_OUTPUT_ON);
  g_assert_cmpint (parity, ==, CHARFLOW_SERIAL_PARITY_EVEN);
  g_assert_cmpint (flow, ==, CHARFLOW_SERIAL_FLOW_RTSCTS);
  g_assert_cmpuint (interval_s, ==, 3);
  g_assert_cmpuint (watch_ms, ==, 250);
  g_assert_true (settings == charflow_serial_backend_get_settings (CHARFLOW_SERIAL_BACKEND (backend)));
  resource = charflow_backend_get_resource (backend);
  g_assert_cmpstr (resource, ==, "/dev/nothing");
}

/* Whichever link leads there, it is the same device. */
static void
test_resource (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "tty");
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_new (path);
  g_autofree char *resource = NULL;

  link_to (pty, path);
  resource = charflow_backend_get_resource (backend);
  g_assert_cmpstr (resource, ==, pty->path);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/serial-backend/SR1/null-device", test_null_device);
  g_test_add_func ("/serial-backend/SR1/null-device-has-no-line", test_null_device_has_no_line);
  g_test_add_func ("/serial-backend/SR1/null-device-ends", test_null_device_ends);
  g_test_add_func ("/serial-backend/SR3/all-bytes", test_all_bytes);
  g_test_add_func ("/serial-backend/SR3/all-bytes-marked", test_all_bytes_marked);
  g_test_add_func ("/serial-backend/SR3/restores", test_restores);
  g_test_add_func ("/serial-backend/SR3/restores-not", test_restores_not);
  g_test_add_func ("/serial-backend/SR4/exclusive", test_exclusive);
  g_test_add_func ("/serial-backend/SR4/hang-up", test_hang_up);
  g_test_add_func ("/serial-backend/SR4/hang-up-unread", test_hang_up_unread);
  g_test_add_func ("/serial-backend/SR4/hang-up-written", test_hang_up_written);
  g_test_add_func ("/serial-backend/SR4/returns", test_returns);
  g_test_add_func ("/serial-backend/SR4/comes-later", test_comes_later);
  g_test_add_func ("/serial-backend/SR4/comes-by-timer", test_comes_by_timer);
  g_test_add_func ("/serial-backend/SR4/waits-for-no-option", test_waits_for_no_option);
  g_test_add_func ("/serial-backend/SR4/close-while-gone", test_close_while_gone);
  g_test_add_func ("/serial-backend/reentrancy/close-in-closed", test_close_in_closed);
  g_test_add_func ("/serial-backend/reentrancy/unref-in-closed", test_unref_in_closed);
  g_test_add_func ("/serial-backend/reentrancy/close-in-opened", test_close_in_opened);
  g_test_add_func ("/serial-backend/errors/bad-options", test_bad_options);
  g_test_add_func ("/serial-backend/errors/cannot-open", test_cannot_open);
  g_test_add_func ("/serial-backend/spec", test_spec);
  g_test_add_func ("/serial-backend/resource", test_resource);

  return g_test_run ();
}

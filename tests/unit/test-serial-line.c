/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-serial.h"

#include <errno.h>
#include <linux/serial.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FRAME (CSIZE | PARENB | PARODD | CMSPAR | CSTOPB | CRTSCTS)

static void
test_pty_modes (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_path (pty->path);
  struct termios2 modes = test_get_modes (pty->keeper);

  g_assert_cmpuint (modes.c_ospeed, ==, 115200);
  g_assert_cmpuint (modes.c_cflag & CBAUD, ==, B115200);
  g_assert_cmpuint (modes.c_cflag & (CSIZE | PARENB | CSTOPB | CLOCAL | CREAD | HUPCL), ==, CS8 | CLOCAL | CREAD);
  g_assert_cmpuint (modes.c_iflag, ==, 0);
  g_assert_cmpuint (modes.c_oflag, ==, 0);
  g_assert_cmpuint (modes.c_lflag, ==, 0);
  g_assert_cmpuint (modes.c_cc[VMIN], ==, 1);
  g_assert_cmpuint (modes.c_cc[VTIME], ==, 0);

  /* A pseudo terminal always has 8 bits and no parity. */
  g_assert_true (test_serial_set (backend, "9600 7E2", NULL));
  modes = test_get_modes (pty->keeper);
  g_assert_cmpuint (modes.c_ospeed, ==, 9600);
  g_assert_cmpuint (modes.c_cflag & CSTOPB, ==, CSTOPB);

  g_assert_true (test_serial_set (backend, "12345 8N1 xonxoff", NULL));
  modes = test_get_modes (pty->keeper);
  g_assert_cmpuint (modes.c_ospeed, ==, 12345);
  g_assert_cmpuint (modes.c_cflag & CSTOPB, ==, 0);
  g_assert_cmpuint (modes.c_iflag & (IXON | IXOFF | IXANY), ==, IXON | IXOFF);
  test_serial_expect_settings (backend, "12345 8N1 xonxoff");
}

static void
test_line_modes (void)
{
  static const struct
  {
    const char *settings;
    tcflag_t frame;
    tcflag_t speed;
    tcflag_t flow;
  } rows[] = {
    { "9600 7E2", CS7 | PARENB | CSTOPB, B9600, 0 },
    { "115200 8N1", CS8, B115200, 0 },
    { "12345 8N1", CS8, BOTHER, 0 },
    { "300 6O1", CS6 | PARENB | PARODD, B300, 0 },
    { "4000000 8M1", CS8 | PARENB | PARODD | CMSPAR, B4000000, 0 },
    { "50 8S2 rtscts", CS8 | PARENB | CMSPAR | CSTOPB | CRTSCTS, B50, 0 },
    { "1200 5N1.5 xonxoff", CS5 | CSTOPB, B1200, IXON | IXOFF },
  };
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (test_serial_set (backend, rows[i].settings, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (test_driver.modes.c_cflag & FRAME, ==, rows[i].frame);
      g_assert_cmpuint (test_driver.modes.c_cflag & CBAUD, ==, rows[i].speed);
      g_assert_cmpuint (test_driver.modes.c_ospeed, ==, strtoul (rows[i].settings, NULL, 10));
      g_assert_cmpuint (test_driver.modes.c_iflag, ==, rows[i].flow | PARMRK);
      test_serial_expect_settings (backend, rows[i].settings);
    }
}

static void
test_settings_notify (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_path (pty->path);
  guint n_settings = 0;
  guint n_baud = 0;
  guint baud;
  guint data_bits;
  CharflowSerialStop stop;

  g_signal_connect_swapped (backend, "notify::settings", G_CALLBACK (test_count_cb), &n_settings);
  g_signal_connect_swapped (backend, "notify::baud", G_CALLBACK (test_count_cb), &n_baud);
  g_assert_true (test_serial_set (backend, "115200 8N1", NULL));
  g_assert_cmpuint (n_settings, ==, 0);
  g_assert_true (test_serial_set (backend, "19200 8N2", NULL));
  g_assert_cmpuint (n_settings, ==, 1);
  g_assert_cmpuint (n_baud, ==, 1);
  g_object_get (backend, "baud", &baud, "data-bits", &data_bits, "stop-bits", &stop, NULL);
  g_assert_cmpuint (baud, ==, 19200);
  g_assert_cmpuint (data_bits, ==, 8);
  g_assert_cmpint (stop, ==, CHARFLOW_SERIAL_STOP_TWO);

  /* They are for the next time as well. */
  charflow_backend_close (backend);
  test_serial_open (backend);
  g_assert_cmpuint (test_get_modes (pty->keeper).c_ospeed, ==, 19200);
}

static void
test_rate_is_off (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_new_on_driver (pty, ",baud=1000");
  g_autoptr (GError) error = NULL;

  /* 3 % are not too much, more are. */
  test_driver.only_baud = 970;
  test_serial_open (backend);
  charflow_backend_close (backend);
  test_driver.only_baud = 1031;
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "'baud'"));
  g_assert_nonnull (strstr (error->message, "'1000'"));
  g_assert_nonnull (strstr (error->message, pty->path));

  /* One that is open stays as it was. */
  test_driver.only_baud = 1000;
  test_serial_open (backend);
  test_driver.only_baud = 4800;
  g_clear_error (&error);
  g_assert_false (test_serial_set (backend, "9600 7E1", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  test_serial_expect_settings (backend, "1000 8N1");
  g_assert_cmpuint (test_driver.modes.c_cflag & FRAME, ==, CS8);
}

static void
test_frame_is_refused (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");
  g_autoptr (GError) error = NULL;

  test_driver.cannot = CMSPAR;
  g_assert_false (test_serial_set (backend, "9600 8M1", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "'9600 8M1'"));
  test_serial_expect_settings (backend, "115200 8N1");
  g_assert_cmpuint (test_driver.modes.c_ospeed, ==, 115200);

  g_clear_error (&error);
  g_assert_false (test_serial_set (backend, "9600 8N1.5", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "'stop-bits'"));
}

/* Closing does not drop the lines, so that a board at the other end does not restart, unless it is to. */
static void
test_hangup (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");
  g_autoptr (CharflowBackend) modem = NULL;

  g_assert_cmpuint (test_driver.modes.c_cflag & HUPCL, ==, 0);
  charflow_backend_close (backend);
  g_assert_cmpuint (test_driver.modes.c_cflag, ==, B9600 | CS8 | CREAD);

  modem = test_serial_open_on_driver (pty, ",hangup,restore=off");
  charflow_backend_close (modem);
  g_assert_cmpuint (test_driver.modes.c_cflag, ==, B115200 | CS8 | CREAD | CLOCAL | HUPCL);
}

static gboolean
has_rate (guint baud)
{
  gboolean has;

  g_mutex_lock (&test_driver.lock);
  has = test_driver.modes.c_ospeed == baud;
  g_mutex_unlock (&test_driver.lock);

  return has;
}

/* With output on its way, its modes are put back later, and nobody waits. */
static void
expect_drained_later (int      queued,
                      gboolean is_idle)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");
  g_autoptr (CharflowBackend) other = test_serial_new (pty->path);
  g_autoptr (GError) error = NULL;

  test_driver.queued = queued;
  test_driver.is_idle = is_idle;
  charflow_backend_close (backend);
  test_expect_rest ();
  g_assert_true (has_rate (115200));

  /* So long it is in use. */
  g_assert_false (test_open_backend (other, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);

  g_mutex_lock (&test_driver.lock);
  test_driver.queued = 0;
  test_driver.is_idle = TRUE;
  g_mutex_unlock (&test_driver.lock);
  test_wait_until (has_rate (9600));
  test_wait_until (test_open_backend (other, NULL));
}

static void
test_output_goes_first (void)
{
  expect_drained_later (7, TRUE);
  expect_drained_later (0, FALSE);
}

static void
test_break_out (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");

  test_driver_expect ("");
  g_assert_true (charflow_backend_set_break (backend, TRUE, NULL));
  test_driver_expect ("break ");
  g_assert_true (charflow_backend_set_break (backend, FALSE, NULL));
  test_driver_expect ("no-break ");

  g_assert_true (charflow_backend_send_break (backend, 30, NULL));
  test_driver_expect ("break ");
  test_wait_until (test_driver.log->len > 0);
  test_driver_expect ("no-break ");

  /* One that is held ends with it. */
  g_assert_true (charflow_backend_set_break (backend, TRUE, NULL));
  charflow_backend_close (backend);
  test_driver_expect ("break no-break ");
}

static void
test_break_fails (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");
  g_autoptr (GError) error = NULL;

  test_driver.broken = TIOCSBRK;
  g_assert_false (charflow_backend_send_break (backend, 30, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, pty->path));
  g_assert_nonnull (strstr (error->message, g_strerror (EIO)));
}

static void
test_lines_in (void)
{
  static const int bits[] = { TIOCM_DTR, TIOCM_RTS, TIOCM_CTS, TIOCM_CAR, TIOCM_RNG, TIOCM_DSR };
  static const CharflowModemLines names[] = {
    CHARFLOW_MODEM_LINES_DTR, CHARFLOW_MODEM_LINES_RTS, CHARFLOW_MODEM_LINES_CTS,
    CHARFLOW_MODEM_LINES_DCD, CHARFLOW_MODEM_LINES_RI, CHARFLOW_MODEM_LINES_DSR,
  };
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");
  g_autoptr (GError) error = NULL;
  CharflowModemLines lines;

  for (gsize i = 0; i < G_N_ELEMENTS (bits); i++)
    {
      test_driver.lines = bits[i];
      g_assert_true (charflow_backend_query_modem_lines (backend, &lines, NULL));
      g_assert_cmpuint (lines, ==, names[i]);
      g_assert_cmpuint (charflow_backend_get_modem_lines (backend), ==, names[i]);
    }

  test_driver.broken = TIOCMGET;
  g_assert_false (charflow_backend_query_modem_lines (backend, &lines, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
}

static void
test_lines_out (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");

  /* Only the two outputs are ours to set, and other bits stay. */
  g_assert_true (charflow_backend_set_modem_lines (backend, CHARFLOW_MODEM_LINES_DTR | CHARFLOW_MODEM_LINES_CTS, NULL));
  test_driver_expect ("on:2 off:4 ");
  g_assert_cmpuint (charflow_backend_get_modem_lines (backend), ==, CHARFLOW_MODEM_LINES_DTR | CHARFLOW_MODEM_LINES_CTS);
  g_assert_true (charflow_backend_set_modem_lines (backend, CHARFLOW_MODEM_LINES_RTS, NULL));
  test_driver_expect ("on:4 off:2 ");
  g_assert_true (charflow_backend_set_modem_lines (backend, CHARFLOW_MODEM_LINES_NONE, NULL));
  test_driver_expect ("off:6 ");
  g_assert_true (charflow_backend_set_modem_lines (backend, CHARFLOW_MODEM_LINES_DTR | CHARFLOW_MODEM_LINES_RTS, NULL));
  test_driver_expect ("on:6 ");
}

static void
expect_first_requests (const char *options,
                       const char *expected)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, options);

  test_driver_expect (expected);
}

static void
test_lines_at_first (void)
{
  expect_first_requests ("", "");
  expect_first_requests (",dtr=keep,rts=keep", "");
  expect_first_requests (",dtr=off", "off:2 ");
  expect_first_requests (",dtr=off,rts=off", "off:6 ");
  expect_first_requests (",dtr,rts=off", "off:4 on:2 ");
}

static void
test_lines_watched (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_new_on_driver (pty, ",watch-modem-lines=5");
  guint n_changes = 0;

  g_signal_connect_swapped (backend, "notify::modem-lines", G_CALLBACK (test_count_cb), &n_changes);
  test_serial_open (backend);
  test_wait_until (n_changes == 1);
  g_assert_cmpuint (charflow_backend_get_modem_lines (backend), ==,
                    CHARFLOW_MODEM_LINES_DTR | CHARFLOW_MODEM_LINES_RTS | CHARFLOW_MODEM_LINES_CTS);
  test_driver.lines |= TIOCM_RNG;
  test_wait_until (n_changes == 2);
  g_assert_cmpuint (charflow_backend_get_modem_lines (backend) & CHARFLOW_MODEM_LINES_RI, !=, 0);

  /* A driver that fails is not asked again. */
  test_driver.broken = TIOCMGET;
  test_expect_rest ();
  test_driver.broken = 0;
  test_driver.lines = 0;
  test_expect_rest ();
  g_assert_cmpuint (n_changes, ==, 2);

  charflow_backend_close (backend);
  g_assert_cmpuint (n_changes, ==, 3);
  g_assert_cmpuint (charflow_backend_get_modem_lines (backend), ==, CHARFLOW_MODEM_LINES_NONE);
}

static void
test_low_latency (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, ",low-latency");

  g_assert_cmpint (test_driver.flags, ==, ASYNC_SPD_VHI | ASYNC_LOW_LATENCY);
  charflow_backend_close (backend);
  g_assert_cmpint (test_driver.flags, ==, ASYNC_SPD_VHI);

  /* Not every driver has it. */
  test_driver.broken = TIOCSSERIAL;
  test_serial_open (backend);
}

/* Marks as the kernel makes them, at any place and in any pieces. */
static void
test_break_in (void)
{
  static const char text[] = "abc\377\0\0h\377\377\377\0\0\377\0\0i";

  for (gsize credit = 1; credit < sizeof text; credit++)
    {
      g_autoptr (TestPty) pty = test_pty_new ();
      g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");
      g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, credit);

      test_pty_make_raw (pty);
      g_assert_cmpint (write (pty->master, text, sizeof text - 1), ==, sizeof text - 1);
      test_front_end_expect (front_end, "abc<B>h\377<B><B>i");
      if (credit == 5)
        test_expect_rest ();

      /* One that nothing follows is told, too. */
      g_assert_cmpint (write (pty->master, "j\377\0", 3), ==, 3);
      test_front_end_expect (front_end, "j");
      g_assert_cmpint (write (pty->master, "", 1), ==, 1);
      test_front_end_expect (front_end, "<B>");
    }
}

static void
test_break_off (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, ",break-events=off");

  g_assert_cmpuint (test_driver.modes.c_iflag & (PARMRK | IGNBRK | BRKINT), ==, 0);
}

static void
close_cb (CharflowBackend *backend)
{
  charflow_backend_close (backend);
}

static void
test_close_in_break (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 16);

  test_pty_make_raw (pty);
  g_signal_connect (backend, "event", G_CALLBACK (close_cb), NULL);
  g_assert_cmpint (write (pty->master, "a\377\0\0bc", 6), ==, 6);
  test_front_end_expect (front_end, "a<B><C>");
  g_assert_false (charflow_backend_get_active (backend));
  test_expect_rest ();

  /* Nothing of that time is left. */
  g_signal_handlers_disconnect_by_func (backend, close_cb, NULL);
  test_serial_open (backend);
  test_expect_rest ();
  test_front_end_expect (front_end, "<O>");
}

/* A handler that reads itself gets what comes next, in order. */
static void
read_in_break_cb (CharflowBackend *backend,
                  CharflowEvent    event,
                  GString         *log)
{
  g_autoptr (GBytes) bytes = NULL;

  if (event != CHARFLOW_EVENT_BREAK)
    return;

  g_string_append_c (log, '|');
  bytes = charflow_backend_read_bytes (backend, 16, NULL);
  if (bytes != NULL)
    g_string_append_len (log, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
test_read_in_break (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, "");
  g_autoptr (TestFrontEnd) front_end = NULL;
  GString *log = g_string_new (NULL);

  test_pty_make_raw (pty);
  g_signal_connect (backend, "event", G_CALLBACK (read_in_break_cb), log);
  front_end = test_front_end_new (backend, 16);
  g_assert_cmpint (write (pty->master, "a\377\0\0b\377\0\0c\377\0\0d", 13), ==, 13);
  test_front_end_expect (front_end, "a<B><B><B>");
  g_assert_cmpstr (log->str, ==, "|b|c|d");
  g_string_free (log, TRUE);
}

static void
test_close_in_lines (void)
{
  g_autoptr (TestPty) pty = test_pty_new ();
  g_autoptr (CharflowBackend) backend = test_serial_open_on_driver (pty, ",watch-modem-lines=5");

  test_driver.lines = TIOCM_RNG;
  g_signal_connect (backend, "notify::modem-lines", G_CALLBACK (close_cb), NULL);
  test_wait_until (!charflow_backend_get_active (backend));
  test_expect_rest ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/serial-line/SR2/pty-modes", test_pty_modes);
  g_test_add_func ("/serial-line/SR2/line-modes", test_line_modes);
  g_test_add_func ("/serial-line/SR2/settings-notify", test_settings_notify);
  g_test_add_func ("/serial-line/SR2/rate-is-off", test_rate_is_off);
  g_test_add_func ("/serial-line/SR2/frame-is-refused", test_frame_is_refused);
  g_test_add_func ("/serial-line/SR3/hangup", test_hangup);
  g_test_add_func ("/serial-line/SR3/output-goes-first", test_output_goes_first);
  g_test_add_func ("/serial-line/SR5/break-out", test_break_out);
  g_test_add_func ("/serial-line/SR5/break-fails", test_break_fails);
  g_test_add_func ("/serial-line/SR5/lines-in", test_lines_in);
  g_test_add_func ("/serial-line/SR5/lines-out", test_lines_out);
  g_test_add_func ("/serial-line/SR5/lines-at-first", test_lines_at_first);
  g_test_add_func ("/serial-line/SR5/lines-watched", test_lines_watched);
  g_test_add_func ("/serial-line/SR5/low-latency", test_low_latency);
  g_test_add_func ("/serial-line/SR5/break-in", test_break_in);
  g_test_add_func ("/serial-line/SR5/break-off", test_break_off);
  g_test_add_func ("/serial-line/reentrancy/close-in-break", test_close_in_break);
  g_test_add_func ("/serial-line/reentrancy/read-in-break", test_read_in_break);
  g_test_add_func ("/serial-line/reentrancy/close-in-lines", test_close_in_lines);

  return g_test_run ();
}

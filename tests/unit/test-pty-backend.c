/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-fd.h"
#include "test-front-end.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

static CharflowBackend *
open_pty (const char *path)
{
  CharflowBackend *backend = CHARFLOW_BACKEND (charflow_pty_backend_new (path));
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_false (charflow_backend_get_opened (backend));

  return backend;
}

static const char *
slave_of (CharflowBackend *backend)
{
  return charflow_pty_backend_get_slave_path (CHARFLOW_PTY_BACKEND (backend));
}

static int
open_slave (CharflowBackend *backend)
{
  int fd = open (slave_of (backend), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

static void
test_modes (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autofree char *uri = charflow_backend_get_uri (backend);
  g_autofree char *expected = g_strconcat ("pty:", slave_of (backend), NULL);
  int fd = open_slave (backend);
  struct termios modes;
  struct stat info;

  g_assert_cmpstr (uri, ==, expected);
  g_assert_cmpint (tcgetattr (fd, &modes), ==, 0);
  g_assert_cmpint (modes.c_lflag & (ECHO | ICANON | ISIG | IEXTEN), ==, 0);
  g_assert_cmpint (modes.c_iflag & (ICRNL | IXON | ISTRIP), ==, 0);
  g_assert_cmpint (modes.c_oflag & OPOST, ==, 0);
  g_assert_cmpint (modes.c_cflag & (CSIZE | PARENB | CSTOPB), ==, CS8);
  g_assert_cmpint (modes.c_cc[VMIN], ==, 1);
  g_assert_cmpint (fstat (fd, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0620);
  close (fd);
}

/* Each descriptor of the process but those of the test itself is closed on exec. */
static void
test_close_on_exec (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  guint n_masters = 0;

  for (int fd = 3; fd < 256; fd++)
    {
      g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
      g_autofree char *target = g_file_read_link (link, NULL);

      if (target == NULL || !g_str_has_suffix (target, "ptmx"))
        continue;

      n_masters++;
      g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
      g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, ==, O_NONBLOCK);
    }

  g_assert_cmpuint (n_masters, ==, 1);
}

static void
test_link (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "tty");
  g_autoptr (CharflowBackend) backend = open_pty (path);
  g_autoptr (CharflowBackend) other = CHARFLOW_BACKEND (charflow_pty_backend_new (path));
  g_autofree char *target = g_file_read_link (path, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (charflow_pty_backend_get_path (CHARFLOW_PTY_BACKEND (backend)), ==, path);
  g_assert_cmpstr (target, ==, slave_of (backend));

  g_assert_false (test_open_backend (other, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_null (slave_of (other));
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_SYMLINK));

  charflow_backend_close (backend);
  g_assert_false (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
  g_assert_null (slave_of (backend));
}

static void
test_link_of_another (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "tty");
  g_autoptr (CharflowBackend) backend = open_pty (path);

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  g_clear_object (&backend);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
}

static void
test_write_while_closed (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN));
  g_assert_null (charflow_backend_create_source (backend, G_IO_OUT));
}

static CharflowBackend *
open_spec (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);

  return backend;
}

static void
expect_to_read (int         fd,
                const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[256];

  while (text->len < strlen (expected))
    {
      gssize len = read (fd, buffer, sizeof buffer);

      if (len > 0)
        g_string_append_len (text, buffer, len);
      else
        g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* Nobody has it open: what is written is kept and lost by the policy, and never stalls where that says so. */
static void
test_overflow_while_closed (void)
{
  static const struct
  {
    const char *spec;
    gssize taken;
    guint64 lost;
    const char *kept;
  } rows[] = {
    { "pty,overflow=block", -1, 0, "" },
    { "pty,overflow=block,keep-unsent=4", 4, 0, "0123" },
    { "pty,overflow=drop-new", 800, 800, "" },
    { "pty,overflow=drop-new,keep-unsent=4", 800, 796, "0123" },
    { "pty,overflow=drop-old,keep-unsent=4", 800, 796, "6789" },
    { "pty,overflow=drop-old,keep-unsent=1K", 800, 0, NULL },
  };
  g_autoptr (GString) data = g_string_new (NULL);

  for (guint i = 0; i < 80; i++)
    g_string_append (data, "0123456789");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (CharflowBackend) backend = open_spec (rows[i].spec);
      g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 4096);
      g_autoptr (GError) error = NULL;
      int fd;

      g_assert_cmpint (test_write_text (backend, data->str, &error), ==, rows[i].taken);
      if (rows[i].taken < 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      g_assert_false (charflow_backend_get_opened (backend));
      g_assert_cmpuint (charflow_pty_backend_get_lost_bytes (CHARFLOW_PTY_BACKEND (backend)), ==, rows[i].lost);
      test_expect_rest ();

      /* Whoever comes gets it first, then what is new. */
      fd = open_slave (backend);
      test_front_end_expect (front_end, "<O>");
      expect_to_read (fd, rows[i].kept != NULL ? rows[i].kept : data->str);
      g_assert_cmpint (test_write_text (backend, "new", NULL), ==, 3);
      expect_to_read (fd, "new");
      close (fd);
      test_front_end_expect (front_end, "<C>");
    }
}

/* More than the terminal takes at once is kept, and written as it is read. */
static void
test_long_history (void)
{
  g_autoptr (CharflowBackend) backend = open_spec ("pty,keep-unsent=64K");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 4096);
  g_autoptr (GString) data = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  int fd;

  for (guint i = 0; data->len < 65536; i++)
    g_string_append_printf (data, "%x,", i);
  g_string_truncate (data, 65536);
  g_assert_cmpint (test_write_text (backend, data->str, NULL), ==, 65536);
  g_assert_cmpint (test_write_text (backend, "x", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  fd = open_slave (backend);
  test_front_end_expect (front_end, "<O>");
  test_expect_rest ();
  expect_to_read (fd, data->str);
  close (fd);
}

/* One that has it open and does not read stalls nobody either. */
static void
test_overflow_while_stuck (void)
{
  g_autoptr (CharflowBackend) backend = open_spec ("pty,overflow=drop-old,keep-unsent=8");
  CharflowPtyBackend *pty = CHARFLOW_PTY_BACKEND (backend);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 4096);
  g_autofree char *data = g_strnfill (65536, 'x');
  g_autoptr (GString) text = g_string_new (NULL);
  int fd = open_slave (backend);
  guint64 lost;

  test_front_end_expect (front_end, "<O>");
  g_assert_cmpint (test_write_text (backend, data, NULL), ==, 65536);
  g_assert_cmpint (test_write_text (backend, "the end.", NULL), ==, 8);
  lost = charflow_pty_backend_get_lost_bytes (pty);
  g_assert_cmpuint (lost, >, 0);
  test_expect_rest ();

  while (!g_str_has_suffix (text->str, "the end."))
    {
      g_autofree char *some = test_read_text (fd);

      g_string_append (text, some);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (text->len, ==, 65536 + 8 - lost);
  close (fd);
  test_front_end_expect (front_end, "<C>");
}

/* What was not read before the reader went is its own; what was written while it was away is there when it returns. */
static void
test_reader_returns (void)
{
  g_autoptr (CharflowBackend) backend = open_spec ("pty,keep-unsent=64");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 4096);

  for (guint i = 0; i < 3; i++)
    {
      int fd;

      g_assert_cmpint (test_write_text (backend, "meanwhile", NULL), ==, 9);
      fd = open_slave (backend);
      test_front_end_expect (front_end, "<O>");
      expect_to_read (fd, "meanwhile");
      close (fd);
      test_front_end_expect (front_end, "<C>");
    }
}

/* A device writes to what keeps, although nobody is there. */
static void
test_device_while_closed (void)
{
  g_autoptr (CharflowBackend) backend = open_spec ("pty,overflow=drop-old,keep-unsent=16");
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
  int fd;

  charflow_char_device_start (device);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *text = g_strdup_printf ("%08u", i);
      g_autoptr (GBytes) bytes = g_bytes_new (text, 8);

      g_assert_true (charflow_char_device_write_bytes (device, NULL, bytes, NULL));
    }
  g_assert_false (charflow_char_device_get_opened (device));
  fd = open_slave (backend);
  expect_to_read (fd, "0000009800000099");
  close (fd);
}

static void
test_spec (void)
{
  static const struct
  {
    const char *spec;
    const char *culprit;
  } bad[] = {
    { "pty,path=", "'path'" },
    { "pty,overflow=perhaps", "'perhaps'" },
    { "pty,keep-unsent=some", "'some'" },
    { "pty,keep-unsent=2G", "2147483648" },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend =
    charflow_backend_new_from_spec ("pty,path=/tmp/./tty,overflow=drop-new,keep-unsent=1G", &error);
  CharflowPtyBackend *pty = CHARFLOW_PTY_BACKEND (backend);
  g_autofree char *resource = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (charflow_pty_backend_get_overflow (pty), ==, CHARFLOW_BACKEND_OVERFLOW_DROP_NEW);
  g_assert_cmpuint (charflow_pty_backend_get_keep_unsent (pty), ==, 1 << 30);
  resource = charflow_backend_get_resource (backend);
  g_assert_cmpstr (resource, ==, "/tmp/tty");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) refusal = NULL;

      g_assert_null (charflow_backend_new_from_spec (bad[i].spec, &refusal));
      g_assert_error (refusal, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      g_assert_nonnull (strstr (refusal->message, bad[i].culprit));
    }
}

static void
test_cannot_link (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "missing/tty");
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_pty_backend_new (path));
  g_autoptr (GError) error = NULL;
  guint n_fds = test_count_fds ();

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_opened_at_once (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 4096);
  g_autoptr (GError) error = NULL;
  gint64 before = g_get_monotonic_time ();
  int fd = open_slave (backend);
  char buffer[8];

  test_front_end_expect (front_end, "<O>");
  g_assert_cmpint (g_get_monotonic_time () - before, <, 500 * G_TIME_SPAN_MILLISECOND);

  g_assert_cmpint (write (fd, "a", 1), ==, 1);
  test_front_end_expect (front_end, "a");
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "\n\377", 2, &error), ==, 2);
  test_wait_until (read (fd, buffer, sizeof buffer) == 2);
  g_assert_cmpmem (buffer, 2, "\n\377", 2);
  close (fd);
  test_front_end_expect (front_end, "<C>");
}

static void
test_closes_and_reopens (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 1);

  for (guint i = 0; i < 5; i++)
    {
      int fd = open_slave (backend);

      g_assert_cmpint (write (fd, "hi", 2), ==, 2);
      close (fd);
      test_front_end_expect (front_end, "<O>hi<C>");
    }
}

/* While nobody reads, the end is noticed too, and data that is left is there for the one who
 * reads at last. */
static void
test_nobody_reads (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 0);
  int fd = open_slave (backend);

  test_front_end_expect (front_end, "<O>");
  close (fd);
  test_front_end_expect (front_end, "<C>");

  fd = open_slave (backend);
  g_assert_cmpint (write (fd, "left", 4), ==, 4);
  close (fd);
  test_front_end_expect (front_end, "<O>");
  test_front_end_set_credit (front_end, 2);
  test_front_end_expect (front_end, "left<C>");
}

static gint64
cpu_time_us (void)
{
  struct timespec used;

  g_assert_cmpint (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &used), ==, 0);

  return (gint64) used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

static gboolean
set_true_cb (gpointer user_data)
{
  gboolean *flag = user_data;

  *flag = TRUE;

  return G_SOURCE_REMOVE;
}

/* Data that nobody takes, behind a hang-up, is what makes a poll loop spin. */
static void
test_no_spin (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 0);
  gboolean over = FALSE;
  guint n_turns = 0;
  gint64 before;
  int fd = open_slave (backend);

  g_assert_cmpint (write (fd, "x", 1), ==, 1);
  close (fd);
  test_front_end_expect (front_end, "<O>");

  before = cpu_time_us ();
  g_timeout_add (300, set_true_cb, &over);
  while (!over)
    {
      g_main_context_iteration (NULL, TRUE);
      n_turns++;
    }
  g_assert_cmpuint (n_turns, <, 10);
  g_assert_cmpint (cpu_time_us () - before, <, 200 * 1000);
}

static gboolean
count_cb (gpointer user_data)
{
  guint *n = user_data;

  (*n)++;

  return G_SOURCE_REMOVE;
}

static void
test_slow_peer (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 4096);
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autofree guint8 *data = g_malloc (65536);
  gsize sent = 0;
  gboolean blocked = FALSE;
  int fd = open_slave (backend);

  for (gsize i = 0; i < 65536; i++)
    data[i] = (guint8) (i * 31 >> 3);
  test_front_end_expect (front_end, "<O>");

  while (received->len < 65536)
    {
      g_autoptr (GError) error = NULL;
      guint8 buffer[4096];
      gssize len = sent < 65536 ? charflow_backend_write (backend, data + sent, 65536 - sent,
                                                          &error) : 0;

      if (len > 0)
        {
          sent += len;
          continue;
        }

      if (len < 0)
        {
          g_autoptr (GSource) source = charflow_backend_create_source (backend, G_IO_OUT);
          guint n_ready = 0;

          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          blocked = TRUE;
          g_source_set_callback (source, count_cb, &n_ready, NULL);
          g_source_attach (source, NULL);
          while (n_ready == 0)
            {
              len = read (fd, buffer, sizeof buffer);
              if (len > 0)
                g_byte_array_append (received, buffer, len);
              g_main_context_iteration (NULL, FALSE);
            }
          g_source_destroy (source);
          continue;
        }

      len = read (fd, buffer, sizeof buffer);
      if (len > 0)
        g_byte_array_append (received, buffer, len);
    }

  g_assert_true (blocked);
  g_assert_cmpmem (received->data, received->len, data, 65536);
  close (fd);
}

/* The reader goes while we write: an error, CLOSED, and the process lives. */
static void
test_reader_goes (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 0);
  g_autoptr (GError) error = NULL;
  int fd = open_slave (backend);

  test_front_end_expect (front_end, "<O>");
  close (fd);
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  test_front_end_expect (front_end, "<C>");

  fd = open_slave (backend);
  g_assert_cmpint (write (fd, "y", 1), ==, 1);
  test_front_end_expect (front_end, "<O>");
  close (fd);
  g_clear_error (&error);
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  test_front_end_set_credit (front_end, 16);
  test_front_end_expect (front_end, "y<C>");
}

static void
test_close_while_open (void)
{
  g_autoptr (CharflowBackend) backend = open_pty (NULL);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 16);
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;
  int fd = open_slave (backend);

  test_front_end_expect (front_end, "<O>");
  source = charflow_backend_create_source (backend, G_IO_IN | G_IO_OUT);
  charflow_backend_close (backend);
  test_front_end_expect (front_end, "<C>");
  g_assert_true (g_source_is_destroyed (source));
  close (fd);

  g_assert_true (test_open_backend (backend, &error));
  fd = open_slave (backend);
  test_front_end_expect (front_end, "<O>");
  close (fd);
  test_front_end_expect (front_end, "<C>");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/pty-backend/P1/raw-modes", test_modes);
  g_test_add_func ("/pty-backend/P1/close-on-exec", test_close_on_exec);
  g_test_add_func ("/pty-backend/P1/link", test_link);
  g_test_add_func ("/pty-backend/P1/link-of-another-stays", test_link_of_another);
  g_test_add_func ("/pty-backend/P1/cannot-link", test_cannot_link);
  g_test_add_func ("/pty-backend/P2/write-while-closed", test_write_while_closed);
  g_test_add_func ("/pty-backend/P2/overflow", test_overflow_while_closed);
  g_test_add_func ("/pty-backend/P2/long-history", test_long_history);
  g_test_add_func ("/pty-backend/P2/device-while-closed", test_device_while_closed);
  g_test_add_func ("/pty-backend/P3/opened-at-once", test_opened_at_once);
  g_test_add_func ("/pty-backend/P4/data-before-closed", test_closes_and_reopens);
  g_test_add_func ("/pty-backend/P4/nobody-reads", test_nobody_reads);
  g_test_add_func ("/pty-backend/P4/no-spin", test_no_spin);
  g_test_add_func ("/pty-backend/P4/reader-returns", test_reader_returns);
  g_test_add_func ("/pty-backend/P5/overflow", test_overflow_while_stuck);
  g_test_add_func ("/pty-backend/P5/slow-peer-loses-nothing", test_slow_peer);
  g_test_add_func ("/pty-backend/T65/reader-goes", test_reader_goes);
  g_test_add_func ("/pty-backend/spec", test_spec);
  g_test_add_func ("/pty-backend/close-while-open", test_close_while_open);

  return g_test_run ();
}

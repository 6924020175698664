/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "test-store.h"

#define BOTH (CHARFLOW_LOG_DIRECTIONS_OUTPUT | CHARFLOW_LOG_DIRECTIONS_INPUT)
/* Of a line of the log, so that the figures and the zone may be any. */
#define UTC_PATTERN "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z "
#define LOCAL_PATTERN "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}[+-][0-9]{2}:[0-9]{2} "

typedef struct
{
  TestFolder *folder;
  char *path;
  CharflowLog *log;
  CharflowBackend *backend; /* a TestStore */
  guint n_failures;
  GError *failure; /* the last one */
} Fixture;

static void
failed_cb (CharflowLog *log,
           GError      *error,
           Fixture     *fixture)
{
  fixture->n_failures++;
  g_clear_error (&fixture->failure);
  fixture->failure = g_error_copy (error);
}

static void
use_log (Fixture    *fixture,
         const char *path,
         gboolean    append)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->log);
  fixture->log = charflow_log_new (path, append);
  g_signal_connect (fixture->log, "failed", G_CALLBACK (failed_cb), fixture);
  g_assert_true (charflow_backend_set_log (fixture->backend, fixture->log, &error));
  g_assert_no_error (error);
}

static void
set_up (Fixture      *fixture,
        gconstpointer unused)
{
  fixture->folder = test_folder_new ();
  fixture->path = test_folder_path (fixture->folder, "log");
  fixture->backend = CHARFLOW_BACKEND (test_store_new (G_MAXSIZE));
  use_log (fixture, fixture->path, FALSE);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer unused)
{
  g_clear_object (&fixture->backend);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->log);
  g_clear_error (&fixture->failure);
  g_free (fixture->path);
  test_folder_free (fixture->folder);
}

static void
open_backend (CharflowBackend *backend)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
}

static void
write_text (CharflowBackend *backend,
            const char      *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) text, strlen (text), &error), ==, strlen (text));
  g_assert_no_error (error);
}

/* In pieces, through both ways to read. */
static void
read_text (CharflowBackend *backend,
           const char      *text)
{
  g_autoptr (GBytes) bytes = NULL;
  char first;

  test_store_put (TEST_STORE (backend), text, strlen (text));
  g_assert_cmpint (charflow_backend_read (backend, &first, 1, NULL), ==, 1);
  bytes = charflow_backend_read_bytes (backend, strlen (text), NULL);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, strlen (text) - 1);
}

static void
expect_file (const char *path,
             const char *text)
{
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &contents, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (contents, ==, text);
}

static void
expect_pattern (const char *path,
                const char *pattern)
{
  g_autofree char *contents = NULL;
  g_autofree char *anchored = g_strdup_printf ("^%s$", pattern);

  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  if (!g_regex_match_simple (anchored, contents, G_REGEX_DOLLAR_ENDONLY, 0))
    g_error ("'%s' is not like '%s'", contents, pattern);
}

static guint
mode_of_new_log (Fixture *fixture,
                 mode_t   mask)
{
  mode_t old_mask = umask (mask);
  struct stat info;

  g_unlink (fixture->path);
  open_backend (fixture->backend);
  umask (old_mask);
  charflow_backend_close (fixture->backend);
  g_assert_cmpint (stat (fixture->path, &info), ==, 0);

  return info.st_mode & 07777;
}

static void
test_mode (Fixture      *fixture,
           gconstpointer unused)
{
  g_assert_cmpuint (mode_of_new_log (fixture, 077), ==, 0600);
  g_assert_cmpuint (mode_of_new_log (fixture, 0), ==, 0666);
}

static void
test_truncates (Fixture      *fixture,
                gconstpointer unused)
{
  g_assert_true (g_file_set_contents (fixture->path, "old", -1, NULL));
  g_assert_false (charflow_log_get_append (fixture->log));
  open_backend (fixture->backend);
  expect_file (fixture->path, "");
  write_text (fixture->backend, "new");
  expect_file (fixture->path, "new");

  /* It is the same log all the while. */
  charflow_backend_close (fixture->backend);
  open_backend (fixture->backend);
  write_text (fixture->backend, ", again");
  expect_file (fixture->path, "new, again");
}

static void
test_appends (Fixture      *fixture,
              gconstpointer unused)
{
  g_assert_true (g_file_set_contents (fixture->path, "old", -1, NULL));
  use_log (fixture, fixture->path, TRUE);
  g_assert_true (charflow_log_get_append (fixture->log));
  open_backend (fixture->backend);
  write_text (fixture->backend, ", new");
  expect_file (fixture->path, "old, new");
}

static void
test_directions (Fixture      *fixture,
                 gconstpointer unused)
{
  guint n_notified = 0;

  g_signal_connect_swapped (fixture->log, "notify::directions", G_CALLBACK (test_count_cb), &n_notified);
  open_backend (fixture->backend);
  read_text (fixture->backend, "in");
  write_text (fixture->backend, "out");
  expect_file (fixture->path, "out");

  charflow_log_set_directions (fixture->log, BOTH);
  charflow_log_set_directions (fixture->log, BOTH);
  g_assert_cmpuint (n_notified, ==, 1);
  read_text (fixture->backend, "in");
  write_text (fixture->backend, "out");
  expect_file (fixture->path, "outinout");

  charflow_log_set_directions (fixture->log, CHARFLOW_LOG_DIRECTIONS_INPUT);
  read_text (fixture->backend, "more");
  write_text (fixture->backend, "out");
  expect_file (fixture->path, "outinoutmore");

  charflow_log_set_directions (fixture->log, CHARFLOW_LOG_DIRECTIONS_NONE);
  read_text (fixture->backend, "in");
  write_text (fixture->backend, "out");
  expect_file (fixture->path, "outinoutmore");
}

/* The pty would have left its link. */
static void
test_error_first (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autofree char *missing = test_folder_path (fixture->folder, "missing/log");
  g_autofree char *link = test_folder_path (fixture->folder, "tty");
  g_autofree char *spec = g_strdup_printf ("pty,id=a,path=%s,logfile=%s", link, missing);
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, missing));
  g_assert_false (charflow_backend_get_active (backend));
  g_assert_false (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
}

/* What is there is a folder. */
static void
test_error_of_folder (Fixture      *fixture,
                      gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  g_assert_false (test_open_backend (fixture->backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_assert_nonnull (strstr (error->message, fixture->path));
}

static guint
count_descriptors_of (const char *path)
{
  guint n = 0;

  for (int fd = 3; fd < 256; fd++)
    {
      g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
      g_autofree char *target = g_file_read_link (link, NULL);

      if (g_strcmp0 (target, path) != 0)
        continue;

      n++;
      g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    }

  return n;
}

static void
test_closed_with_backend (Fixture      *fixture,
                          gconstpointer unused)
{
  g_autofree char *missing = test_folder_path (fixture->folder, "missing/tty");
  g_autoptr (CharflowBackend) other = CHARFLOW_BACKEND (charflow_pty_backend_new (missing));
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (count_descriptors_of (fixture->path), ==, 0);
  open_backend (fixture->backend);
  g_assert_cmpuint (count_descriptors_of (fixture->path), ==, 1);

  /* One that cannot be opened gives it back as well. */
  g_assert_true (charflow_backend_set_log (other, fixture->log, NULL));
  g_assert_false (test_open_backend (other, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (count_descriptors_of (fixture->path), ==, 1);
  charflow_backend_close (fixture->backend);
  g_assert_cmpuint (count_descriptors_of (fixture->path), ==, 0);

  /* Neither does one that is closed meanwhile, or goes. */
  charflow_backend_open_async (fixture->backend, NULL, NULL, NULL);
  g_assert_cmpuint (count_descriptors_of (fixture->path), ==, 1);
  charflow_backend_close (fixture->backend);
  g_assert_cmpuint (count_descriptors_of (fixture->path), ==, 0);
  open_backend (fixture->backend);
  g_clear_object (&fixture->backend);
  g_assert_cmpuint (count_descriptors_of (fixture->path), ==, 0);
}

static void
test_spec (Fixture      *fixture,
           gconstpointer unused)
{
  g_autofree char *spec = g_strdup_printf ("ringbuf,logfile=%s,logappend=on", fixture->path);
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, NULL);
  CharflowLog *log = charflow_backend_get_log (backend);

  g_assert_cmpstr (charflow_log_get_path (log), ==, fixture->path);
  g_assert_true (charflow_log_get_append (log));
  g_assert_true (g_file_set_contents (fixture->path, "old, ", -1, NULL));
  open_backend (backend);
  write_text (backend, "nobody is there");
  expect_file (fixture->path, "old, nobody is there");
}

static void
test_bad_specs (void)
{
  const char *const specs[] = { "null,logappend=on", "null,logfile=", "null,logfile=,logappend=on" };

  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (charflow_backend_new_from_spec (specs[i], &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
      g_assert_nonnull (strstr (error->message, "logfile"));
    }
}

static void
test_no_path (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (CharflowLog) log = g_object_new (CHARFLOW_TYPE_LOG, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_backend_set_log (backend, log, NULL));
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
}

static GSocket *
join (const char *path)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_connect (socket, address, NULL, &error));
  g_socket_set_blocking (socket, FALSE);

  return socket;
}

static void
drain (GSocket    *peer,
       GByteArray *received)
{
  char buffer[4096];
  gssize len;

  while ((len = g_socket_receive (peer, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_byte_array_append (received, (const guint8 *) buffer, len);
}

/* A front end that tries again and again, at a peer that reads only now and then. */
static void
test_accepted_once (Fixture      *fixture,
                    gconstpointer unused)
{
  const gsize size = 1024 * 1024;
  g_autofree char *socket_path = test_folder_path (fixture->folder, "socket");
  g_autofree char *spec = g_strdup_printf ("socket,path=%s,server=on,wait=off,logfile=%s", socket_path, fixture->path);
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autofree guint8 *data = g_malloc (size);
  g_autofree char *logged = NULL;
  g_autoptr (GSocket) peer = NULL;
  guint n_blocked = 0;
  gsize n_logged;

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 31 >> 3);
  open_backend (backend);
  peer = join (socket_path);
  test_wait_until (charflow_backend_get_opened (backend));

  for (gsize sent = 0; sent < size;)
    {
      g_autoptr (GError) error = NULL;
      gssize len = charflow_backend_write (backend, data + sent, size - sent, &error);

      if (len > 0)
        {
          sent += len;
          continue;
        }

      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      if (++n_blocked % 5 == 0)
        drain (peer, received);
    }
  drain (peer, received);

  g_assert_cmpuint (n_blocked, >=, 5);
  g_assert_cmpmem (received->data, received->len, data, size);
  g_assert_true (g_file_get_contents (fixture->path, &logged, &n_logged, NULL));
  g_assert_cmpmem (logged, n_logged, data, size);
}

static void
test_not_accepted (Fixture      *fixture,
                   gconstpointer unused)
{
  g_autoptr (CharflowBackend) pty = CHARFLOW_BACKEND (charflow_pty_backend_new (NULL));
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_backend_set_log (pty, fixture->log, NULL));
  open_backend (pty);
  g_assert_cmpint (charflow_backend_write (pty, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  expect_file (fixture->path, "");
}

static void
test_timestamps (Fixture      *fixture,
                 gconstpointer unused)
{
  charflow_log_set_timestamps (fixture->log, CHARFLOW_LOG_TIMESTAMPS_UTC);
  open_backend (fixture->backend);
  write_text (fixture->backend, "one\r\ntw");
  write_text (fixture->backend, "o");
  write_text (fixture->backend, "\n\nfour\n");
  expect_pattern (fixture->path, UTC_PATTERN "one\r\n" UTC_PATTERN "two\n" UTC_PATTERN "\n" UTC_PATTERN "four\n");

  g_unlink (fixture->path);
  g_assert_true (charflow_log_reopen (fixture->log, NULL));
  charflow_log_set_timestamps (fixture->log, CHARFLOW_LOG_TIMESTAMPS_LOCAL);
  write_text (fixture->backend, "five\n");
  expect_pattern (fixture->path, LOCAL_PATTERN "five\n");
}

static void
test_two_way_lines (Fixture      *fixture,
                    gconstpointer unused)
{
  charflow_log_set_timestamps (fixture->log, CHARFLOW_LOG_TIMESTAMPS_UTC);
  charflow_log_set_directions (fixture->log, BOTH);
  open_backend (fixture->backend);
  write_text (fixture->backend, "login: ");
  read_text (fixture->backend, "ro");
  read_text (fixture->backend, "ot\n");
  write_text (fixture->backend, "password: ");
  expect_pattern (fixture->path, UTC_PATTERN "> login: \n" UTC_PATTERN "< root\n" UTC_PATTERN "> password: ");
}

/* Each byte is a line, and there are more than are dealt with at once. */
static void
test_many_lines (Fixture      *fixture,
                 gconstpointer unused)
{
  const gsize size = 10000;
  g_autofree char *text = g_strnfill (size, '\n');
  g_autofree char *contents = NULL;
  g_auto (GStrv) lines = NULL;

  charflow_log_set_timestamps (fixture->log, CHARFLOW_LOG_TIMESTAMPS_UTC);
  open_backend (fixture->backend);
  write_text (fixture->backend, text);
  g_assert_true (g_file_get_contents (fixture->path, &contents, NULL, NULL));
  lines = g_strsplit (contents, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, size + 1);
}

static void
test_rotates (Fixture      *fixture,
              gconstpointer unused)
{
  g_autofree char *first = g_strconcat (fixture->path, ".1", NULL);
  g_autofree char *second = g_strconcat (fixture->path, ".2", NULL);
  g_autofree char *third = g_strconcat (fixture->path, ".3", NULL);

  charflow_log_set_rotate_size (fixture->log, 4);
  charflow_log_set_rotate_count (fixture->log, 2);
  open_backend (fixture->backend);
  write_text (fixture->backend, "12");
  write_text (fixture->backend, "34");
  expect_file (fixture->path, "1234");
  write_text (fixture->backend, "long enough");
  write_text (fixture->backend, "5");
  expect_file (fixture->path, "5");
  expect_file (first, "long enough");
  expect_file (second, "1234");
  write_text (fixture->backend, "6789");
  expect_file (fixture->path, "6789");
  expect_file (first, "5");
  expect_file (second, "long enough");
  g_assert_false (g_file_test (third, G_FILE_TEST_EXISTS));

  charflow_log_set_rotate_count (fixture->log, 0);
  write_text (fixture->backend, "ab");
  expect_file (fixture->path, "ab");
  expect_file (first, "5");
}

/* A folder that is not empty is in the way. */
static void
test_rotation_fails (Fixture      *fixture,
                     gconstpointer unused)
{
  g_autofree char *first = g_strconcat (fixture->path, ".1", NULL);
  g_autofree char *inside = g_build_filename (first, "inside", NULL);

  g_assert_cmpint (g_mkdir_with_parents (inside, 0700), ==, 0);
  charflow_log_set_rotate_size (fixture->log, 4);
  charflow_log_set_rotate_count (fixture->log, 1);
  open_backend (fixture->backend);
  write_text (fixture->backend, "1234");
  write_text (fixture->backend, "5");
  write_text (fixture->backend, "6");
  test_wait_until (fixture->failure != NULL);
  g_assert_nonnull (strstr (fixture->failure->message, fixture->path));
  g_assert_cmpuint (fixture->n_failures, ==, 1);
  g_assert_cmpuint (charflow_log_get_lost_bytes (fixture->log), ==, 0);
  expect_file (fixture->path, "123456");

  /* Later it is tried again. */
  g_assert_cmpint (g_rmdir (inside), ==, 0);
  g_assert_cmpint (g_rmdir (first), ==, 0);
  write_text (fixture->backend, "78");
  write_text (fixture->backend, "9");
  expect_file (first, "12345678");
  expect_file (fixture->path, "9");
}

static void
test_reopen (Fixture      *fixture,
             gconstpointer unused)
{
  g_autofree char *moved = test_folder_path (fixture->folder, "moved");
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_log_reopen (fixture->log, &error));
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  open_backend (fixture->backend);
  write_text (fixture->backend, "before");
  g_assert_cmpint (g_rename (fixture->path, moved), ==, 0);
  write_text (fixture->backend, ", still");
  g_assert_true (charflow_log_reopen (fixture->log, &error));
  write_text (fixture->backend, "after");
  expect_file (moved, "before, still");
  expect_file (fixture->path, "after");

  /* What is there is not lost. */
  g_assert_true (charflow_log_reopen (fixture->log, &error));
  write_text (fixture->backend, " all");
  expect_file (fixture->path, "after all");

  g_unlink (fixture->path);
  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  g_assert_false (charflow_log_reopen (fixture->log, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  write_text (fixture->backend, "goes on");
  g_assert_cmpuint (charflow_log_get_lost_bytes (fixture->log), ==, 0);
}

static void
test_disk_full (Fixture      *fixture,
                gconstpointer unused)
{
  guint n_notified = 0;

  use_log (fixture, "/dev/full", FALSE);
  g_signal_connect_swapped (fixture->log, "notify::lost-bytes", G_CALLBACK (test_count_cb), &n_notified);
  open_backend (fixture->backend);
  write_text (fixture->backend, "one");
  write_text (fixture->backend, "two");
  g_assert_cmpuint (charflow_log_get_lost_bytes (fixture->log), ==, 6);
  g_assert_cmpuint (fixture->n_failures, ==, 0);
  test_wait_until (fixture->failure != NULL);
  g_assert_error (fixture->failure, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (fixture->failure->message, "/dev/full"));
  g_assert_cmpuint (n_notified, ==, 1);

  write_text (fixture->backend, "three");
  test_wait_until (n_notified == 2);
  g_assert_cmpuint (fixture->n_failures, ==, 1);
  g_assert_cmpmem (test_store_get_written (TEST_STORE (fixture->backend))->data, 11, "onetwothree", 11);
}

/* Nobody waits for the reader of a fifo, whether there is one or not. */
static void
test_fifo (Fixture      *fixture,
           gconstpointer unused)
{
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  g_autofree char *buffer = g_malloc (1024 * 1024);
  gssize len;
  int fd;

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  open_backend (fixture->backend);
  write_text (fixture->backend, text);
  g_assert_cmpuint (charflow_log_get_lost_bytes (fixture->log), >, 0);
  test_wait_until (fixture->n_failures == 1);
  g_assert_error (fixture->failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  fd = open (fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  len = read (fd, buffer, 1024 * 1024);
  g_assert_cmpint (len, ==, 1024 * 1024 - charflow_log_get_lost_bytes (fixture->log));
  write_text (fixture->backend, "seen");
  g_assert_cmpint (read (fd, buffer, 16), ==, 4);
  g_assert_cmpmem (buffer, 4, "seen", 4);
  close (fd);

  /* It has been well meanwhile. */
  write_text (fixture->backend, text);
  test_wait_until (fixture->n_failures == 2);
}

static void
test_live (Fixture      *fixture,
           gconstpointer unused)
{
  g_autofree char *path = test_folder_path (fixture->folder, "other");
  g_autoptr (CharflowLog) log = charflow_log_new (path, FALSE);
  guint n_notified = 0;

  g_assert_true (charflow_backend_set_log (fixture->backend, NULL, NULL));
  open_backend (fixture->backend);
  g_signal_connect_swapped (fixture->backend, "notify::log", G_CALLBACK (test_count_cb), &n_notified);
  write_text (fixture->backend, "unseen");
  g_assert_true (charflow_backend_set_log (fixture->backend, fixture->log, NULL));
  g_assert_true (charflow_backend_set_log (fixture->backend, fixture->log, NULL));
  g_assert_cmpuint (n_notified, ==, 1);
  write_text (fixture->backend, "one");
  g_assert_true (charflow_backend_set_log (fixture->backend, log, NULL));
  write_text (fixture->backend, "two");
  g_assert_true (charflow_backend_set_log (fixture->backend, NULL, NULL));
  write_text (fixture->backend, "unseen");
  g_assert_cmpuint (n_notified, ==, 3);
  g_assert_null (charflow_backend_get_log (fixture->backend));
  expect_file (fixture->path, "one");
  expect_file (path, "two");
  g_assert_cmpuint (count_descriptors_of (path), ==, 0);
}

/* As when the back end of a device is changed: first both have it, then the new one alone. */
static void
test_moves (Fixture      *fixture,
            gconstpointer unused)
{
  g_autoptr (CharflowBackend) other = CHARFLOW_BACKEND (charflow_null_backend_new ());

  open_backend (fixture->backend);
  write_text (fixture->backend, "old");
  open_backend (other);
  g_assert_true (charflow_backend_set_log (other, fixture->log, NULL));
  write_text (other, ", new");
  charflow_backend_close (fixture->backend);
  write_text (other, ", and on");
  expect_file (fixture->path, "old, new, and on");

  g_assert_true (charflow_backend_set_log (other, NULL, NULL));
  open_backend (fixture->backend);
  write_text (fixture->backend, ", and back");
  expect_file (fixture->path, "old, new, and on, and back");
}

static void
test_live_failure (Fixture      *fixture,
                   gconstpointer unused)
{
  g_autofree char *missing = test_folder_path (fixture->folder, "missing/log");
  g_autoptr (CharflowLog) log = charflow_log_new (missing, FALSE);
  g_autoptr (GError) error = NULL;

  open_backend (fixture->backend);
  g_assert_false (charflow_backend_set_log (fixture->backend, log, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (charflow_backend_get_log (fixture->backend) == fixture->log);
  write_text (fixture->backend, "still here");
  expect_file (fixture->path, "still here");

  g_signal_connect (log, "failed", G_CALLBACK (failed_cb), fixture);
  g_object_set (fixture->backend, "log", log, NULL);
  test_wait_until (fixture->failure != NULL);
  g_assert_error (fixture->failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (charflow_backend_get_log (fixture->backend) == fixture->log);
}

static void
let_go_cb (CharflowLog *log,
           GError      *error,
           Fixture     *fixture)
{
  charflow_backend_close (fixture->backend);
  g_clear_object (&fixture->backend);
}

static void
test_handler_lets_go (Fixture      *fixture,
                      gconstpointer unused)
{
  use_log (fixture, "/dev/full", FALSE);
  g_signal_connect (fixture->log, "failed", G_CALLBACK (let_go_cb), fixture);
  open_backend (fixture->backend);
  write_text (fixture->backend, "lost");
  test_wait_until (fixture->backend == NULL);
}

#define add(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/log/G7/mode", test_mode);
  add ("/log/G7/truncates-once", test_truncates);
  add ("/log/G7/appends", test_appends);
  add ("/log/G7/output-unless-asked", test_directions);
  add ("/log/G7/error-before-anything-opens", test_error_first);
  add ("/log/G7/error-of-a-folder", test_error_of_folder);
  add ("/log/G7/spec", test_spec);
  g_test_add_func ("/log/G7/bad-specs", test_bad_specs);
  g_test_add_func ("/log/no-path", test_no_path);
  add ("/log/closed-with-the-backend", test_closed_with_backend);
  add ("/log/G8/accepted-once", test_accepted_once);
  add ("/log/G8/not-accepted-not-logged", test_not_accepted);
  add ("/log/timestamps", test_timestamps);
  add ("/log/two-way-lines", test_two_way_lines);
  add ("/log/many-lines", test_many_lines);
  add ("/log/rotates", test_rotates);
  add ("/log/rotation-fails", test_rotation_fails);
  add ("/log/reopen", test_reopen);
  add ("/log/disk-full", test_disk_full);
  add ("/log/fifo", test_fifo);
  add ("/log/live", test_live);
  add ("/log/moves-to-another-backend", test_moves);
  add ("/log/live-failure", test_live_failure);
  add ("/log/handler-lets-go", test_handler_lets_go);

  return g_test_run ();
}

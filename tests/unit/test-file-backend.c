/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-fd.h"
#include "test-front-end.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define THIRTY "thirty bytes, neither more nor less"

static CharflowBackend *
new_file (const char *path,
          gboolean    append,
          const char *input_path)
{
  return g_object_new (CHARFLOW_TYPE_FILE_BACKEND,
                       "path", path,
                       "append", append,
                       "input-path", input_path,
                       NULL);
}

static CharflowBackend *
open_file (const char *path,
           gboolean    append,
           const char *input_path)
{
  CharflowBackend *backend = new_file (path, append, input_path);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_opened (backend));

  return backend;
}

static void
expect_contents (const char *path,
                 const char *expected)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_write (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_file_backend_new (path, FALSE));
  g_autofree char *uri = charflow_backend_get_uri (backend);
  g_autofree char *expected_uri = g_strconcat ("file:", path, NULL);

  g_assert_cmpstr (uri, ==, expected_uri);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (test_open_backend (backend, NULL));
      g_assert_cmpint (test_write_text (backend, "hello!", NULL), ==, 6);
      expect_contents (path, "hello!");
      charflow_backend_close (backend);
    }
  expect_contents (path, "hello!");
}

static void
test_append (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_file_backend_new (path, TRUE));

  g_assert_true (charflow_file_backend_get_append (CHARFLOW_FILE_BACKEND (backend)));
  g_assert_true (g_file_set_contents (path, "there ", -1, NULL));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (test_open_backend (backend, NULL));
      g_assert_cmpint (test_write_text (backend, "hello!", NULL), ==, 6);
      charflow_backend_close (backend);
    }
  expect_contents (path, "there hello!hello!");
}

static void
test_new_file_mode (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  mode_t old_mask = umask (027);
  g_autoptr (CharflowBackend) backend = open_file (path, FALSE, NULL);
  struct stat info;

  umask (old_mask);
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0640);
}

static void
make_fifo (const char *path)
{
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
}

static void
test_input_fifo (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  g_autofree char *input = test_folder_path (folder, "in");
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  int writer;

  make_fifo (input);
  writer = open (input, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (write (writer, "8 bytes.", 8), ==, 8);
  backend = open_file (path, FALSE, input);
  front_end = test_front_end_new (backend, 4096);
  test_front_end_expect (front_end, "8 bytes.");

  charflow_backend_emit_event (backend, CHARFLOW_EVENT_BREAK);
  test_front_end_expect (front_end, "<B>");
  close (writer);
  test_front_end_expect (front_end, "<C>");
}

static void
test_input_file (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  g_autofree char *input = test_folder_path (folder, "in");
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;

  g_assert_true (g_file_set_contents (input, THIRTY, 30, NULL));
  backend = open_file (path, FALSE, input);
  g_assert_cmpstr (charflow_file_backend_get_input_path (CHARFLOW_FILE_BACKEND (backend)), ==, input);
  front_end = test_front_end_new (backend, 7);
  test_front_end_expect (front_end, "thirty bytes, neither more nor<C>");

  g_assert_cmpint (test_write_text (backend, "still", NULL), ==, 5);
  expect_contents (path, "still");
  test_expect_rest ();
  g_assert_cmpuint (front_end->n_events, ==, 1);
}

/* The same as a device sees it, which takes from it what it likes. */
static void
test_input_file_of_device (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  g_autofree char *input = test_folder_path (folder, "in");
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("still", 5);
  guint n_events = 0;

  g_assert_true (g_file_set_contents (input, THIRTY, 30, NULL));
  backend = new_file (path, FALSE, input);
  device = charflow_char_device_new (backend);
  g_signal_connect_swapped (device, "event", G_CALLBACK (test_count_cb), &n_events);
  charflow_char_device_start (device);
  test_wait_until (n_events == 2);
  g_assert_false (charflow_char_device_get_opened (device));

  g_assert_true (charflow_char_device_write_bytes (device, NULL, bytes, NULL));
  expect_contents (path, "still");
  test_expect_rest ();
  g_assert_cmpuint (n_events, ==, 2);
}

static void
test_fifo_without_writer (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  g_autofree char *input = test_folder_path (folder, "in");
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GError) error = NULL;
  char byte;
  int writer;

  make_fifo (input);
  backend = open_file (path, FALSE, input);
  front_end = test_front_end_new (backend, 4096);
  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_expect_rest ();
  g_assert_true (charflow_backend_get_opened (backend));

  writer = open (input, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (write (writer, "late", 4), ==, 4);
  close (writer);
  test_front_end_expect (front_end, "late<C>");
}

static void
test_bad_input (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  g_autofree char *input = test_folder_path (folder, "missing");
  g_autoptr (CharflowBackend) backend = new_file (path, FALSE, input);
  g_autoptr (GError) error = NULL;
  guint n_fds = test_count_fds ();

  g_assert_true (g_file_set_contents (path, "precious", -1, NULL));
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, input));
  expect_contents (path, "precious");
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_bad_output (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *input = test_folder_path (folder, "in");
  g_autofree char *missing = test_folder_path (folder, "missing/out");
  g_autofree char *here = test_folder_path (folder, ".");
  g_autofree char *fifo = test_folder_path (folder, "fifo");
  const struct
  {
    const char *path;
    int code;
  } bad[] = {
    { missing, G_IO_ERROR_NOT_FOUND },
    { here, G_IO_ERROR_IS_DIRECTORY },
    { fifo, G_IO_ERROR_FAILED },
    { "", G_IO_ERROR_NOT_FOUND },
  };
  guint n_fds;

  make_fifo (fifo);
  g_assert_true (g_file_set_contents (input, "in", -1, NULL));
  n_fds = test_count_fds ();
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (CharflowBackend) backend = new_file (bad[i].path, FALSE, input);
      g_autoptr (GError) error = NULL;

      g_assert_false (test_open_backend (backend, &error));
      if (bad[i].path == fifo)
        g_assert_true (error->domain == G_IO_ERROR);
      else
        g_assert_error (error, G_IO_ERROR, bad[i].code);
      g_assert_nonnull (strstr (error->message, bad[i].path));
      g_assert_false (charflow_backend_get_active (backend));
      g_assert_cmpuint (test_count_fds (), ==, n_fds);
    }
}

static void
test_no_path (void)
{
  g_autoptr (CharflowBackend) backend = g_object_new (CHARFLOW_TYPE_FILE_BACKEND, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_get_resource (backend));
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
}

static void
count_error_cb (CharflowCharDevice *device,
                const GError       *error,
                guint              *n)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  (*n)++;
}

static void
test_full_disk (void)
{
  g_autoptr (CharflowBackend) backend = open_file ("/dev/full", FALSE, NULL);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("lost", 4);
  g_autoptr (GError) error = NULL;
  guint n_errors = 0;

  g_assert_cmpint (test_write_text (backend, "lost", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "file:/dev/full"));

  /* A device is told once for what it wrote, and does not try for ever. */
  g_signal_connect (device, "backend-error", G_CALLBACK (count_error_cb), &n_errors);
  charflow_char_device_start (device);
  g_assert_true (charflow_char_device_write_bytes (device, NULL, bytes, NULL));
  test_wait_until (n_errors > 0);
  test_expect_rest ();
  g_assert_cmpuint (n_errors, ==, 1);
}

/* Nothing keeps the superuser from writing to a file that is read-only, but a file system that is. */
static void
test_read_only (void)
{
  g_autoptr (CharflowBackend) backend = new_file ("/proc/version", FALSE, NULL);
  g_autoptr (GError) error = NULL;

  if (test_open_backend (backend, &error))
    g_assert_cmpint (test_write_text (backend, "x", &error), ==, -1);
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
}

static void
test_resource (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  g_autofree char *link = test_folder_path (folder, "link");
  g_autoptr (CharflowBackend) one = new_file (path, FALSE, NULL);
  g_autoptr (CharflowBackend) other = new_file (link, FALSE, NULL);
  g_autofree char *before = charflow_backend_get_resource (one);
  g_autofree char *resource = NULL;
  g_autofree char *other_resource = NULL;

  g_assert_cmpstr (before, ==, path);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_cmpint (symlink ("out", link), ==, 0);
  resource = charflow_backend_get_resource (one);
  other_resource = charflow_backend_get_resource (other);
  g_assert_cmpstr (resource, ==, other_resource);
}

static void
test_spec (void)
{
  static const struct
  {
    const char *spec;
    CharflowBackendError code;
    const char *culprit;
  } bad[] = {
    { "file", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'path'" },
    { "file,path=", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'path'" },
    { "file,path=a,input-path=", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'input-path'" },
    { "file,path=a,append=maybe", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'maybe'" },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend =
    charflow_backend_new_from_spec ("file,id=log,path=/tmp/a,,b,append=on,input-path=/tmp/in", &error);
  CharflowFileBackend *file = CHARFLOW_FILE_BACKEND (backend);

  g_assert_no_error (error);
  g_assert_cmpstr (charflow_backend_get_label (backend), ==, "log");
  g_assert_cmpstr (charflow_file_backend_get_path (file), ==, "/tmp/a,b");
  g_assert_cmpstr (charflow_file_backend_get_input_path (file), ==, "/tmp/in");
  g_assert_true (charflow_file_backend_get_append (file));

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) refusal = NULL;

      g_assert_null (charflow_backend_new_from_spec (bad[i].spec, &refusal));
      g_assert_error (refusal, CHARFLOW_BACKEND_ERROR, (int) bad[i].code);
      g_assert_nonnull (strstr (refusal->message, bad[i].culprit));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/file-backend/F4/cuts", test_write);
  g_test_add_func ("/file-backend/F4/appends", test_append);
  g_test_add_func ("/file-backend/F4/mode-of-new-file", test_new_file_mode);
  g_test_add_func ("/file-backend/F5/input-fifo", test_input_fifo);
  g_test_add_func ("/file-backend/F6/input-file", test_input_file);
  g_test_add_func ("/file-backend/F6/input-file-of-device", test_input_file_of_device);
  g_test_add_func ("/file-backend/F7/fifo-without-writer", test_fifo_without_writer);
  g_test_add_func ("/file-backend/F7/bad-input-cuts-nothing", test_bad_input);
  g_test_add_func ("/file-backend/bad-output", test_bad_output);
  g_test_add_func ("/file-backend/no-path", test_no_path);
  g_test_add_func ("/file-backend/full-disk", test_full_disk);
  g_test_add_func ("/file-backend/read-only", test_read_only);
  g_test_add_func ("/file-backend/resource", test_resource);
  g_test_add_func ("/file-backend/spec", test_spec);

  return g_test_run ();
}

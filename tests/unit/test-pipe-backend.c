/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-fd.h"
#include "test-front-end.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define MIB (1024 * 1024)

typedef struct
{
  TestFolder *folder;
  char *path;
  char *in_path;
  char *out_path;
} Fifos;

static void
fifos_free (Fifos *fifos)
{
  test_folder_free (fifos->folder);
  g_free (fifos->path);
  g_free (fifos->in_path);
  g_free (fifos->out_path);
  g_free (fifos);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fifos, fifos_free)

/* The names of fifos, which are not there yet. */
static Fifos *
fifos_new (void)
{
  Fifos *fifos = g_new0 (Fifos, 1);

  fifos->folder = test_folder_new ();
  fifos->path = test_folder_path (fifos->folder, "x");
  fifos->in_path = test_folder_path (fifos->folder, "x.in");
  fifos->out_path = test_folder_path (fifos->folder, "x.out");

  return fifos;
}

static void
make_fifo (const char *path)
{
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
}

static CharflowBackend *
open_pipe (Fifos   *fifos,
           gboolean create)
{
  CharflowBackend *backend = CHARFLOW_BACKEND (charflow_pipe_backend_new (fifos->path, create));
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_opened (backend));

  return backend;
}

static void
test_both_directions (void)
{
  g_autoptr (Fifos) fifos = fifos_new ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autofree char *uri = NULL;
  g_autofree char *expected_uri = g_strconcat ("pipe:", fifos->path, NULL);
  g_autofree char *text = NULL;
  int writer;
  int reader;

  make_fifo (fifos->in_path);
  make_fifo (fifos->out_path);
  backend = open_pipe (fifos, FALSE);
  front_end = test_front_end_new (backend, 4096);
  uri = charflow_backend_get_uri (backend);
  g_assert_cmpstr (uri, ==, expected_uri);

  reader = open (fifos->out_path, O_RDONLY | O_CLOEXEC);
  writer = open (fifos->in_path, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (test_write_text (backend, "nine byte", NULL), ==, 9);
  text = test_read_text (reader);
  g_assert_cmpstr (text, ==, "nine byte");
  g_assert_cmpint (write (writer, "8 bytes.", 8), ==, 8);
  test_front_end_expect (front_end, "8 bytes.");
  close (writer);
  close (reader);

  /* What was there before stays. */
  charflow_backend_close (backend);
  test_front_end_expect (front_end, "<C>");
  g_assert_true (g_file_test (fifos->in_path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (fifos->out_path, G_FILE_TEST_EXISTS));
}

static void
test_writer_returns (void)
{
  g_autoptr (Fifos) fifos = fifos_new ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;

  backend = open_pipe (fifos, TRUE);
  front_end = test_front_end_new (backend, 4096);
  for (guint i = 0; i < 3; i++)
    {
      int writer = open (fifos->in_path, O_WRONLY | O_CLOEXEC);

      g_assert_cmpint (write (writer, "again", 5), ==, 5);
      close (writer);
      test_front_end_expect (front_end, "again");
      test_expect_rest ();
    }
  g_assert_cmpuint (front_end->n_events, ==, 0);
}

static void
expect_failure (Fifos      *fifos,
                int         code,
                const char *culprit)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_pipe_backend_new (fifos->path, FALSE));
  g_autoptr (GError) error = NULL;
  g_autofree char *quoted = g_strdup_printf ("'%s'", culprit);
  guint n_fds = test_count_fds ();

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, quoted));
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_names_the_one_that_fails (void)
{
  g_autoptr (Fifos) fifos = fifos_new ();

  make_fifo (fifos->out_path);
  expect_failure (fifos, G_IO_ERROR_NOT_FOUND, fifos->in_path);
  g_assert_cmpint (g_rename (fifos->out_path, fifos->in_path), ==, 0);
  expect_failure (fifos, G_IO_ERROR_NOT_FOUND, fifos->out_path);
  g_assert_true (g_file_set_contents (fifos->out_path, "", 0, NULL));
  expect_failure (fifos, G_IO_ERROR_NOT_SUPPORTED, fifos->out_path);
}

/* One fifo for both is a surprise unless it was asked for. */
static void
test_no_lone_fifo (void)
{
  g_autoptr (Fifos) fifos = fifos_new ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GError) error = NULL;

  make_fifo (fifos->path);
  expect_failure (fifos, G_IO_ERROR_NOT_FOUND, fifos->in_path);

  backend = g_object_new (CHARFLOW_TYPE_PIPE_BACKEND, "path", fifos->path, "duplex", TRUE, NULL);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  front_end = test_front_end_new (backend, 16);
  g_assert_cmpint (test_write_text (backend, "round", NULL), ==, 5);
  test_front_end_expect (front_end, "round");
}

static gboolean
set_true_cb (gpointer user_data)
{
  gboolean *flag = user_data;

  *flag = TRUE;

  return G_SOURCE_REMOVE;
}

/* Writes what is taken at once, and says whether there is more. */
static gboolean
write_on (CharflowBackend *backend,
          const guint8    *data,
          gsize           *sent)
{
  while (*sent < MIB)
    {
      g_autoptr (GError) error = NULL;
      gssize len = charflow_backend_write (backend, data + *sent, MIB - *sent, &error);

      if (len < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          return TRUE;
        }
      *sent += len;
    }

  return FALSE;
}

static void
read_on (int         reader,
         GByteArray *received)
{
  guint8 buffer[16384];
  gssize len;

  while ((len = read (reader, buffer, sizeof buffer)) > 0)
    g_byte_array_append (received, buffer, len);
}

/* Nobody reads a MiB; then somebody does, and gets all of it in order. */
static void
test_nobody_reads (void)
{
  g_autoptr (Fifos) fifos = fifos_new ();
  g_autoptr (CharflowBackend) backend = open_pipe (fifos, TRUE);
  g_autofree guint8 *data = g_malloc (MIB);
  g_autoptr (GByteArray) received = g_byte_array_new ();
  gsize sent = 0;
  int reader;

  for (gsize i = 0; i < MIB; i++)
    data[i] = (guint8) (i * 131 >> 4);
  g_assert_true (write_on (backend, data, &sent));
  reader = open (fifos->out_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  while (write_on (backend, data, &sent))
    {
      g_autoptr (GSource) source = charflow_backend_create_source (backend, G_IO_OUT);
      gboolean is_ready = FALSE;

      g_source_set_callback (source, set_true_cb, &is_ready, NULL);
      g_source_attach (source, NULL);
      while (g_main_context_iteration (NULL, FALSE))
        continue;
      g_assert_false (is_ready);

      read_on (reader, received);
      test_wait_until (is_ready);
      g_source_destroy (source);
    }
  read_on (reader, received);
  g_assert_cmpmem (received->data, received->len, data, MIB);
  close (reader);
}

static void
test_create (void)
{
  g_autoptr (Fifos) fifos = fifos_new ();
  g_autoptr (CharflowBackend) backend = open_pipe (fifos, TRUE);
  const char *paths[] = { fifos->in_path, fifos->out_path };

  for (gsize i = 0; i < 2; i++)
    {
      struct stat info;

      g_assert_cmpint (stat (paths[i], &info), ==, 0);
      g_assert_true (S_ISFIFO (info.st_mode));
      g_assert_cmpint (info.st_mode & 0777, ==, 0600);
    }

  charflow_backend_close (backend);
  for (gsize i = 0; i < 2; i++)
    g_assert_false (g_file_test (paths[i], G_FILE_TEST_EXISTS));

  g_assert_true (test_open_backend (backend, NULL));
  for (gsize i = 0; i < 2; i++)
    g_assert_true (g_file_test (paths[i], G_FILE_TEST_EXISTS));
}

/* Only what it made, and what still is that, goes away. */
static void
test_removes_only_its_own (void)
{
  g_autoptr (Fifos) fifos = fifos_new ();
  g_autoptr (CharflowBackend) backend = NULL;

  make_fifo (fifos->in_path);
  backend = open_pipe (fifos, TRUE);
  g_assert_cmpint (g_unlink (fifos->out_path), ==, 0);
  g_assert_true (g_file_set_contents (fifos->out_path, "mine", -1, NULL));
  charflow_backend_close (backend);
  g_assert_true (g_file_test (fifos->in_path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (fifos->out_path, G_FILE_TEST_IS_REGULAR));
}

static void
test_failure_removes (void)
{
  g_autoptr (Fifos) fifos = fifos_new ();
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_pipe_backend_new (fifos->path, TRUE));
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (fifos->out_path, "mine", -1, NULL));
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (g_file_test (fifos->in_path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (fifos->out_path, G_FILE_TEST_IS_REGULAR));
}

static void
test_cannot_create (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "missing/x");
  g_autofree char *in_path = g_strconcat (path, ".in", NULL);
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_pipe_backend_new (path, TRUE));
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, in_path));
}

static void
test_no_path (void)
{
  g_autoptr (CharflowBackend) backend = g_object_new (CHARFLOW_TYPE_PIPE_BACKEND, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_get_resource (backend));
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
}

static void
test_spec (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend =
    charflow_backend_new_from_spec ("pipe,id=p,path=/tmp/../tmp/x,create,duplex=on", &error);
  CharflowPipeBackend *pipe = CHARFLOW_PIPE_BACKEND (backend);
  g_autofree char *resource = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (charflow_pipe_backend_get_path (pipe), ==, "/tmp/../tmp/x");
  g_assert_true (charflow_pipe_backend_get_create (pipe));
  g_assert_true (charflow_pipe_backend_get_duplex (pipe));
  resource = charflow_backend_get_resource (backend);
  g_assert_cmpstr (resource, ==, "/tmp/x");

  g_assert_null (charflow_backend_new_from_spec ("pipe", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
  g_assert_nonnull (strstr (error->message, "'path'"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/pipe-backend/F1/both-directions", test_both_directions);
  g_test_add_func ("/pipe-backend/F2/writer-returns", test_writer_returns);
  g_test_add_func ("/pipe-backend/F3/names-the-one-that-fails", test_names_the_one_that_fails);
  g_test_add_func ("/pipe-backend/F3/no-lone-fifo", test_no_lone_fifo);
  g_test_add_func ("/pipe-backend/F3/nobody-reads", test_nobody_reads);
  g_test_add_func ("/pipe-backend/create/makes-and-removes", test_create);
  g_test_add_func ("/pipe-backend/create/removes-only-its-own", test_removes_only_its_own);
  g_test_add_func ("/pipe-backend/create/failure-removes", test_failure_removes);
  g_test_add_func ("/pipe-backend/create/fails", test_cannot_create);
  g_test_add_func ("/pipe-backend/no-path", test_no_path);
  g_test_add_func ("/pipe-backend/spec", test_spec);

  return g_test_run ();
}

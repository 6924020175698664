/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-fd.h"
#include "test-front-end.h"

#include <stdio.h>
#include <unistd.h>

#include <glib-unix.h>

static CharflowBackend *
open_console (void)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec ("console,id=c", &error);

  g_assert_no_error (error);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_opened (backend));

  return backend;
}

/* Gives the test a standard output of its own, which it can read. */
static int
replace_output (int *saved)
{
  int pipe_fds[2];

  fflush (stdout);
  *saved = dup (STDOUT_FILENO);
  g_assert_true (g_unix_open_pipe (pipe_fds, FD_CLOEXEC, NULL));
  g_assert_cmpint (dup2 (pipe_fds[1], STDOUT_FILENO), ==, STDOUT_FILENO);
  close (pipe_fds[1]);

  return pipe_fds[0];
}

static void
put_output_back (int saved)
{
  g_assert_cmpint (dup2 (saved, STDOUT_FILENO), ==, STDOUT_FILENO);
  close (saved);
}

static void
test_write (void)
{
  int saved;
  int reader = replace_output (&saved);
  g_autoptr (CharflowBackend) backend = open_console ();
  g_autofree char *uri = charflow_backend_get_uri (backend);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_blocking = !test_fd_is_non_blocking (STDOUT_FILENO);
  gssize len = test_write_text (backend, "buf", NULL);
  char byte;

  text = test_read_text (reader);
  charflow_backend_close (backend);
  put_output_back (saved);

  g_assert_cmpint (len, ==, 3);
  g_assert_cmpstr (text, ==, "buf");
  g_assert_cmpstr (uri, ==, "console");
  g_assert_true (is_blocking);
  g_assert_true (test_fd_is_open (STDOUT_FILENO));
  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, &error), ==, -1);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
  close (reader);
}

/* Several write to the same output, and a full one blocks none of them. */
static void
test_several (void)
{
  int saved;
  int reader = replace_output (&saved);
  g_autoptr (CharflowBackend) one = open_console ();
  g_autoptr (CharflowBackend) other = open_console ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  char byte;

  put_output_back (saved);
  g_assert_cmpint (test_write_text (one, "one ", NULL), ==, 4);
  g_assert_cmpint (test_write_text (other, "other", NULL), ==, 5);
  text = test_read_text (reader);
  g_assert_cmpstr (text, ==, "one other");

  g_assert_cmpint (charflow_backend_read (one, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_null (charflow_backend_create_source (one, G_IO_IN));

  g_assert_cmpuint (test_fill (one), >=, 4096);
  g_assert_cmpint (test_write_text (other, "x", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  close (reader);
}

/* The reader goes: an error, CLOSED, and the process lives. */
static void
test_reader_goes (void)
{
  int saved;
  int reader = replace_output (&saved);
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_console_backend_new ());
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, NULL));
  put_output_back (saved);
  front_end = test_front_end_new (backend, 16);
  close (reader);
  g_assert_cmpint (test_write_text (backend, "x", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  test_front_end_expect (front_end, "<C>");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/console-backend/S1/writes", test_write);
  g_test_add_func ("/console-backend/S1/several", test_several);
  g_test_add_func ("/console-backend/reader-goes", test_reader_goes);

  return g_test_run ();
}

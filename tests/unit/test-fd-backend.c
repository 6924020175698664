/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-fd.h"
#include "test-front-end.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

static CharflowBackend *
open_fds (int in_fd,
          int out_fd)
{
  CharflowBackend *backend = CHARFLOW_BACKEND (charflow_fd_backend_new (in_fd, out_fd));
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_opened (backend));

  return backend;
}

static void
make_pipe (int fds[2])
{
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
}

static void
make_pair (int fds[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
}

static int
open_terminal (int *slave)
{
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

  g_assert_cmpint (master, >=, 0);
  g_assert_cmpint (unlockpt (master), ==, 0);
  *slave = open (ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (*slave, >=, 0);

  return master;
}

static void
test_both_directions (void)
{
  int in[2];
  int out[2];
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autofree char *uri = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *text = NULL;

  make_pipe (in);
  make_pipe (out);
  backend = open_fds (in[0], out[1]);
  front_end = test_front_end_new (backend, 4096);
  uri = charflow_backend_get_uri (backend);
  expected = g_strdup_printf ("fd:in=%d,out=%d", in[0], out[1]);
  g_assert_cmpstr (uri, ==, expected);
  g_assert_cmpint (charflow_fd_backend_get_in_fd (CHARFLOW_FD_BACKEND (backend)), ==, in[0]);
  g_assert_cmpint (charflow_fd_backend_get_out_fd (CHARFLOW_FD_BACKEND (backend)), ==, out[1]);

  g_assert_cmpint (write (in[1], "in", 2), ==, 2);
  test_front_end_expect (front_end, "in");
  g_assert_cmpint (test_write_text (backend, "out", NULL), ==, 3);
  text = test_read_text (out[0]);
  g_assert_cmpstr (text, ==, "out");

  charflow_backend_close (backend);
  test_front_end_expect (front_end, "<C>");
  for (gsize i = 0; i < 2; i++)
    {
      g_assert_true (test_fd_is_open (in[i]));
      g_assert_true (test_fd_is_open (out[i]));
      close (in[i]);
      close (out[i]);
    }
}

/* Opened and closed time and again, it leaves nothing behind. */
static void
test_leaves_no_descriptor (void)
{
  int pair[2];
  g_autoptr (CharflowBackend) backend = NULL;
  guint n_fds;

  make_pair (pair);
  n_fds = test_count_fds ();
  backend = CHARFLOW_BACKEND (charflow_fd_backend_new (pair[0], pair[0]));
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (test_open_backend (backend, NULL));
      g_assert_cmpuint (test_count_fds (), ==, n_fds + 1);
      charflow_backend_close (backend);
      g_assert_cmpuint (test_count_fds (), ==, n_fds);
    }
  close (pair[0]);
  close (pair[1]);
}

/* The copies are not for the programs that we start. */
static void
test_close_on_exec (void)
{
  int pipe_fds[2];
  gboolean was_open[64];
  guint n_new = 0;
  g_autoptr (CharflowBackend) backend = NULL;

  make_pipe (pipe_fds);
  for (int fd = 0; fd < 64; fd++)
    was_open[fd] = test_fd_is_open (fd);
  backend = open_fds (pipe_fds[0], pipe_fds[1]);
  for (int fd = 0; fd < 64; fd++)
    {
      if (was_open[fd] || !test_fd_is_open (fd))
        continue;

      n_new++;
      g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    }
  g_assert_cmpuint (n_new, ==, 2);
  close (pipe_fds[0]);
  close (pipe_fds[1]);
}

static void
test_end_of_input (void)
{
  int in[2];
  int out[2];
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  char byte;

  make_pipe (in);
  make_pipe (out);
  backend = open_fds (in[0], out[1]);
  front_end = test_front_end_new (backend, 2);
  source = charflow_backend_create_source (backend, G_IO_IN | G_IO_OUT);

  g_assert_cmpint (write (in[1], "last", 4), ==, 4);
  close (in[1]);
  test_front_end_expect (front_end, "last<C>");
  g_assert_false (charflow_backend_get_opened (backend));
  g_assert_true (charflow_backend_get_active (backend));
  g_assert_true (g_source_is_destroyed (source));
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN));
  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  g_clear_pointer (&source, g_source_unref);
  source = charflow_backend_create_source (backend, G_IO_OUT);
  g_assert_nonnull (source);
  g_assert_cmpint (test_write_text (backend, "still", NULL), ==, 5);
  text = test_read_text (out[0]);
  g_assert_cmpstr (text, ==, "still");

  /* Nothing is announced twice. */
  test_expect_rest ();
  charflow_backend_close (backend);
  g_assert_true (g_source_is_destroyed (source));
  g_assert_cmpuint (front_end->n_events, ==, 1);
  close (in[0]);
  close (out[0]);
  close (out[1]);
}

/* A device goes on writing to what has only no more input. */
static void
test_device_writes_on (void)
{
  int in[2];
  int out[2];
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autofree char *text = NULL;

  make_pipe (in);
  make_pipe (out);
  backend = open_fds (in[0], out[1]);
  device = charflow_char_device_new (backend);
  charflow_char_device_start (device);
  close (in[1]);
  test_wait_until (!charflow_char_device_get_opened (device));

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static ("more", 4);

      g_assert_true (charflow_char_device_write_bytes (device, NULL, bytes, NULL));
    }
  text = test_read_text (out[0]);
  g_assert_cmpstr (text, ==, "moremoremore");
  close (in[0]);
  close (out[0]);
  close (out[1]);
}

/* A folder can be opened, and not be read. */
static void
test_read_error (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, ".");
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (CharflowBackend) backend = open_fds (fd, -1);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 0);
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  test_front_end_expect (front_end, "<C>");
  g_clear_error (&error);
  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN | G_IO_OUT));
  close (fd);
}

static void
block_pipe_signal (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGPIPE);
  g_assert_cmpint (pthread_sigmask (SIG_BLOCK, &set, NULL), ==, 0);
}

static gboolean
is_pipe_signal_pending (void)
{
  sigset_t set;

  g_assert_cmpint (sigpending (&set), ==, 0);

  return sigismember (&set, SIGPIPE) == 1;
}

static void
expect_broken (CharflowBackend *backend)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (test_write_text (backend, "x", &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
    }
  g_assert_null (charflow_backend_create_source (backend, G_IO_OUT));
}

/* The signal is at its default here, so that this would end the process. */
static void
test_broken_pipe (void)
{
  int in[2];
  int out[2];
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  struct sigaction action;

  make_pipe (in);
  make_pipe (out);
  backend = open_fds (in[0], out[1]);
  front_end = test_front_end_new (backend, 16);
  close (out[0]);
  expect_broken (backend);
  g_assert_cmpint (sigaction (SIGPIPE, NULL, &action), ==, 0);
  g_assert_true (action.sa_handler == SIG_DFL);
  g_assert_false (is_pipe_signal_pending ());

  /* The input is not concerned, and its end is the end of all. */
  g_assert_cmpint (write (in[1], "in", 2), ==, 2);
  test_front_end_expect (front_end, "in");
  close (in[1]);
  test_front_end_expect (front_end, "<C>");
  close (in[0]);
  close (out[1]);
}

/* One that the program blocks and waits for stays pending, whatever we write meanwhile. */
static gpointer
keep_signal_thread (gpointer user_data)
{
  CharflowBackend *backend = user_data;

  block_pipe_signal ();
  expect_broken (backend);
  g_assert_false (is_pipe_signal_pending ());

  g_assert_cmpint (pthread_kill (pthread_self (), SIGPIPE), ==, 0);
  expect_broken (backend);
  g_assert_true (is_pipe_signal_pending ());

  return NULL;
}

static void
test_broken_pipe_keeps_signal (void)
{
  int out[2];
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;

  make_pipe (out);
  backend = open_fds (-1, out[1]);
  front_end = test_front_end_new (backend, 0);
  close (out[0]);
  g_thread_join (g_thread_new ("signals", keep_signal_thread, backend));
  test_front_end_expect (front_end, "<C>");
  close (out[1]);
}

static void
test_broken_socket (void)
{
  int pair[2];
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GError) error = NULL;

  make_pair (pair);
  backend = open_fds (pair[0], pair[0]);
  front_end = test_front_end_new (backend, 0);
  g_assert_false (test_fd_is_non_blocking (pair[0]));
  g_assert_cmpint (write (pair[1], "bye", 3), ==, 3);
  close (pair[1]);
  expect_broken (backend);

  /* What it sent before is not lost. */
  test_front_end_set_credit (front_end, 2);
  test_front_end_expect (front_end, "bye<C>");
  close (pair[0]);
}

static void
test_full (void)
{
  int out[2];
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (GSource) source = NULL;
  gboolean is_ready = FALSE;
  gsize n_left;

  make_pipe (out);
  backend = open_fds (-1, out[1]);
  n_left = test_fill (backend);
  g_assert_cmpuint (n_left, >=, 65536);

  source = charflow_backend_create_source (backend, G_IO_OUT);
  g_source_set_callback (source, G_SOURCE_FUNC (g_atomic_int_inc), &is_ready, NULL);
  g_source_attach (source, NULL);
  test_expect_rest ();
  g_assert_false (is_ready);
  while (n_left > 0)
    {
      char buffer[4096];

      n_left -= read (out[0], buffer, MIN (n_left, sizeof buffer));
    }
  test_wait_until (is_ready);
  g_source_destroy (source);
  close (out[0]);
  close (out[1]);
}

static void
expect_flags_kept (int      in_fd,
                   int      out_fd,
                   gboolean has_own)
{
  g_autoptr (CharflowBackend) backend = open_fds (in_fd, out_fd);
  g_autoptr (GError) error = NULL;
  char byte;

  if (has_own)
    {
      g_assert_false (test_fd_is_non_blocking (in_fd));
      g_assert_false (test_fd_is_non_blocking (out_fd));
    }
  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  charflow_backend_close (backend);
  g_assert_false (test_fd_is_non_blocking (in_fd));
  g_assert_false (test_fd_is_non_blocking (out_fd));
}

static void
test_flags_of_pipe (void)
{
  int in[2];
  int out[2];

  make_pipe (in);
  make_pipe (out);
  expect_flags_kept (in[0], out[1], TRUE);
  for (gsize i = 0; i < 2; i++)
    {
      close (in[i]);
      close (out[i]);
    }
}

static void
test_flags_of_terminal (void)
{
  int slave;
  int master = open_terminal (&slave);

  expect_flags_kept (slave, slave, TRUE);
  /* Another opening of a master would be another terminal. */
  expect_flags_kept (master, master, FALSE);
  close (slave);
  close (master);
}

static void
test_flags_of_fifo (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "fifo");
  int fd;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  fd = open (path, O_RDWR | O_CLOEXEC);
  expect_flags_kept (fd, fd, FALSE);
  close (fd);
}

/* A file that is open stays where it is. */
static void
test_file_goes_on (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "file");
  g_autoptr (CharflowBackend) backend = NULL;
  g_autofree char *text = NULL;
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  g_assert_cmpint (write (fd, "begin ", 6), ==, 6);
  backend = open_fds (-1, fd);
  g_assert_cmpint (test_write_text (backend, "end", NULL), ==, 3);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "begin end");
  g_assert_false (test_fd_is_non_blocking (fd));
  close (fd);
}

static void
test_refused (void)
{
  int pipe_fds[2];
  guint n_fds;

  make_pipe (pipe_fds);
  n_fds = test_count_fds ();
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (CharflowBackend) backend = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *culprit = NULL;
      const int ends[][2] = {
        { 1000, -1 },
        { pipe_fds[0], 1000 },
        { pipe_fds[1], -1 },
        { pipe_fds[0], pipe_fds[0] },
      };

      backend = CHARFLOW_BACKEND (charflow_fd_backend_new (ends[i][0], ends[i][1]));
      g_assert_false (test_open_backend (backend, &error));
      if (i < 2)
        g_assert_error (error, G_IO_ERROR, (int) g_io_error_from_errno (EBADF));
      else
        g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      culprit = g_strdup_printf ("descriptor %d", i < 2 ? 1000 : i == 2 ? pipe_fds[1] : pipe_fds[0]);
      g_assert_nonnull (strstr (error->message, culprit));
      g_assert_false (charflow_backend_get_active (backend));
      g_assert_cmpuint (test_count_fds (), ==, n_fds);
    }
  g_assert_false (test_fd_is_non_blocking (pipe_fds[0]));
  close (pipe_fds[0]);
  close (pipe_fds[1]);
}

static void
test_one_direction (void)
{
  int pipe_fds[2];
  g_autoptr (CharflowBackend) reader = NULL;
  g_autoptr (CharflowBackend) writer = NULL;
  g_autoptr (GError) error = NULL;
  char byte;

  make_pipe (pipe_fds);
  reader = open_fds (pipe_fds[0], -1);
  writer = open_fds (-1, pipe_fds[1]);
  g_assert_cmpint (test_write_text (reader, "x", &error), ==, -1);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_cmpint (charflow_backend_read (writer, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (charflow_backend_create_source (reader, G_IO_OUT));
  g_assert_null (charflow_backend_create_source (writer, G_IO_IN));
  close (pipe_fds[0]);
  close (pipe_fds[1]);
}

static void
close_cb (CharflowBackend *backend,
          CharflowEvent    event)
{
  if (event == CHARFLOW_EVENT_CLOSED)
    charflow_backend_close (backend);
}

static void
unref_cb (CharflowBackend  *backend,
          CharflowEvent     event,
          CharflowBackend **reference)
{
  if (event == CHARFLOW_EVENT_CLOSED)
    g_clear_object (reference);
}

static void
test_handler_closes (void)
{
  int pipe_fds[2];
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;

  make_pipe (pipe_fds);
  backend = open_fds (pipe_fds[0], -1);
  front_end = test_front_end_new (backend, 16);
  g_signal_connect (backend, "event", G_CALLBACK (close_cb), NULL);
  close (pipe_fds[1]);
  test_front_end_expect (front_end, "<C>");
  g_assert_false (charflow_backend_get_active (backend));
  close (pipe_fds[0]);
}

static void
test_handler_drops_last_reference (void)
{
  int pipe_fds[2];
  CharflowBackend *backend;
  gpointer weak;
  char byte;

  make_pipe (pipe_fds);
  backend = open_fds (pipe_fds[0], -1);
  weak = backend;
  g_object_add_weak_pointer (G_OBJECT (backend), &weak);
  g_signal_connect (backend, "event", G_CALLBACK (unref_cb), &backend);
  close (pipe_fds[1]);
  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, NULL), ==, 0);
  g_assert_null (weak);
  close (pipe_fds[0]);
}

static void
test_spec (void)
{
  static const struct
  {
    const char *spec;
    int in_fd;
    int out_fd;
  } good[] = {
    { "fd,fd=7", 7, 7 },
    { "fd,in=0,out=1", 0, 1 },
    { "fd,in=3", 3, -1 },
    { "fd,out=4", -1, 4 },
  };
  static const struct
  {
    const char *spec;
    CharflowBackendError code;
    const char *culprit;
  } bad[] = {
    { "fd", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'fd'" },
    { "fd,fd=7,in=1", CHARFLOW_BACKEND_ERROR_INCOMPATIBLE, "'in'" },
    { "fd,fd=7,out=1", CHARFLOW_BACKEND_ERROR_INCOMPATIBLE, "'out'" },
    { "fd,fd=-1", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'-1'" },
    { "fd,in=4294967296", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'4294967296'" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (good[i].spec, &error);

      g_assert_no_error (error);
      g_assert_cmpint (charflow_fd_backend_get_in_fd (CHARFLOW_FD_BACKEND (backend)), ==, good[i].in_fd);
      g_assert_cmpint (charflow_fd_backend_get_out_fd (CHARFLOW_FD_BACKEND (backend)), ==, good[i].out_fd);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (charflow_backend_new_from_spec (bad[i].spec, &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, (int) bad[i].code);
      g_assert_nonnull (strstr (error->message, bad[i].culprit));
    }
}

/* A subclass opens what it likes; the back end makes it non-blocking, and closes it. */
typedef struct
{
  CharflowFdBackend parent_instance;

  int ends[2];
  guint n_released;
} TestDuct;

typedef CharflowFdBackendClass TestDuctClass;

GType test_duct_get_type (void);
G_DEFINE_TYPE (TestDuct, test_duct, CHARFLOW_TYPE_FD_BACKEND)

static gboolean
test_duct_open_fds (CharflowFdBackend *backend,
                    int               *in_fd,
                    int               *out_fd,
                    GError           **error)
{
  TestDuct *self = (TestDuct *) backend;

  if (!g_unix_open_pipe (self->ends, 0, error))
    return FALSE;

  *in_fd = self->ends[0];
  *out_fd = self->ends[1];
  return TRUE;
}

static void
test_duct_release_fds (CharflowFdBackend *backend)
{
  TestDuct *self = (TestDuct *) backend;

  g_assert_true (test_fd_is_open (self->ends[0]));
  self->n_released++;
}

static void
test_duct_class_init (TestDuctClass *klass)
{
  klass->open_fds = test_duct_open_fds;
  klass->release_fds = test_duct_release_fds;
}

static void
test_duct_init (TestDuct *self)
{
}

static void
test_subclass (void)
{
  TestDuct *duct = g_object_new (test_duct_get_type (), NULL);
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (duct);
  g_autoptr (TestFrontEnd) front_end = NULL;

  g_assert_true (test_open_backend (backend, NULL));
  for (gsize i = 0; i < 2; i++)
    {
      g_assert_true (test_fd_is_non_blocking (duct->ends[i]));
      g_assert_cmpint (fcntl (duct->ends[i], F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    }
  front_end = test_front_end_new (backend, 16);
  g_assert_cmpint (test_write_text (backend, "round", NULL), ==, 5);
  test_front_end_expect (front_end, "round");

  charflow_backend_close (backend);
  g_assert_cmpuint (duct->n_released, ==, 1);
  g_assert_false (test_fd_is_open (duct->ends[0]));
  g_assert_false (test_fd_is_open (duct->ends[1]));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/fd-backend/both-directions", test_both_directions);
  g_test_add_func ("/fd-backend/one-direction", test_one_direction);
  g_test_add_func ("/fd-backend/leaves-no-descriptor", test_leaves_no_descriptor);
  g_test_add_func ("/fd-backend/close-on-exec", test_close_on_exec);
  g_test_add_func ("/fd-backend/S2/end-of-input", test_end_of_input);
  g_test_add_func ("/fd-backend/S2/device-writes-on", test_device_writes_on);
  g_test_add_func ("/fd-backend/read-error-ends-input", test_read_error);
  g_test_add_func ("/fd-backend/broken/pipe", test_broken_pipe);
  g_test_add_func ("/fd-backend/broken/pipe-keeps-pending-signal", test_broken_pipe_keeps_signal);
  g_test_add_func ("/fd-backend/broken/socket", test_broken_socket);
  g_test_add_func ("/fd-backend/full-pipe", test_full);
  g_test_add_func ("/fd-backend/S5/flags-of-pipe", test_flags_of_pipe);
  g_test_add_func ("/fd-backend/S5/flags-of-terminal", test_flags_of_terminal);
  g_test_add_func ("/fd-backend/S5/flags-of-fifo", test_flags_of_fifo);
  g_test_add_func ("/fd-backend/file-goes-on", test_file_goes_on);
  g_test_add_func ("/fd-backend/refused", test_refused);
  g_test_add_func ("/fd-backend/handler-closes", test_handler_closes);
  g_test_add_func ("/fd-backend/handler-drops-last-reference", test_handler_drops_last_reference);
  g_test_add_func ("/fd-backend/spec", test_spec);
  g_test_add_func ("/fd-backend/subclass", test_subclass);

  return g_test_run ();
}

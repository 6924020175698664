/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-fd.h"
#include "test-front-end.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/parport.h>
#include <linux/ppdev.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "charflow-parallel-backend-private.h"


/* A driver of a port. What it is asked for is logged. Its bytes go through a fifo, which reads what was written. */
static struct
{
  GMutex lock; /* it is claimed in a thread */
  GCond changed;
  GString *log;
  guint8 data;
  guint8 control;
  guint8 status;
  int direction;
  unsigned int broken; /* a request that fails */
  gboolean is_taken; /* by another program */
  guint n_claims;
} driver;

static void
driver_reset (void)
{
  if (driver.log == NULL)
    driver.log = g_string_new (NULL);
  g_string_truncate (driver.log, 0);
  driver.data = 0;
  driver.control = 0;
  driver.status = 0;
  driver.direction = -1;
  driver.broken = 0;
  driver.is_taken = FALSE;
  driver.n_claims = 0;
}

static void
driver_claim (void)
{
  driver.n_claims++;
  g_cond_broadcast (&driver.changed);
  while (driver.is_taken)
    g_cond_wait (&driver.changed, &driver.lock);
  g_string_append (driver.log, "claim ");
}

static void
driver_set_mode (int mode)
{
  switch (mode)
    {
    case IEEE1284_MODE_COMPAT:
      g_string_append (driver.log, "compat ");
      break;
    case IEEE1284_MODE_EPP | IEEE1284_DATA:
      g_string_append (driver.log, "epp-data ");
      break;
    case IEEE1284_MODE_EPP | IEEE1284_ADDR:
      g_string_append (driver.log, "epp-address ");
      break;
    default:
      g_assert_not_reached ();
    }
}

static int
driver_take (unsigned int request,
             gpointer     argument)
{
  guint8 *byte = argument;
  int *number = argument;

  if (request == driver.broken)
    {
      errno = EIO;
      return -1;
    }

  switch (request)
    {
    case PPCLAIM:
      driver_claim ();
      return 0;
    case PPRELEASE:
      g_string_append (driver.log, "release ");
      return 0;
    case PPSETMODE:
      driver_set_mode (*number);
      return 0;
    case PPCLRIRQ:
      *number = 1;
      g_string_append (driver.log, "interrupt ");
      return 0;
    case PPRDATA:
      *byte = driver.data;
      return 0;
    case PPWDATA:
      driver.data = *byte;
      return 0;
    case PPRCONTROL:
      *byte = driver.control;
      return 0;
    case PPWCONTROL:
      driver.control = *byte;
      return 0;
    case PPRSTATUS:
      *byte = driver.status;
      return 0;
    case PPDATADIR:
      driver.direction = *number;
      return 0;
    default:
      errno = ENOTTY;
      return -1;
    }
}

static int
driver_ioctl (int          fd,
              unsigned int request,
              gpointer     argument)
{
  int result;

  g_mutex_lock (&driver.lock);
  result = driver_take (request, argument);
  g_mutex_unlock (&driver.lock);

  return result;
}

static void
expect_requests (const char *expected)
{
  g_mutex_lock (&driver.lock);
  g_assert_cmpstr (driver.log->str, ==, expected);
  g_string_truncate (driver.log, 0);
  g_mutex_unlock (&driver.lock);
}

typedef struct
{
  TestFolder *folder;
  char *path;
  int fd; /* the far end */
} Port;

static Port *
port_new (void)
{
  Port *port = g_new0 (Port, 1);

  driver_reset ();
  port->folder = test_folder_new ();
  port->path = test_folder_path (port->folder, "parport0");
  g_assert_cmpint (mkfifo (port->path, 0600), ==, 0);
  port->fd = open (port->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (port->fd, >=, 0);

  return port;
}

static void
port_free (Port *port)
{
  close (port->fd);
  test_folder_free (port->folder);
  g_free (port->path);
  g_free (port);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Port, port_free)

static CharflowBackend *
new_on_port (Port    *port,
             gboolean input)
{
  CharflowBackend *backend =
    g_object_new (CHARFLOW_TYPE_PARALLEL_BACKEND, "path", port->path, "input", input, NULL);

  charflow_parallel_backend_set_ioctl (CHARFLOW_PARALLEL_BACKEND (backend), driver_ioctl);

  return backend;
}

static CharflowBackend *
open_port (Port    *port,
           gboolean input)
{
  CharflowBackend *backend = new_on_port (port, input);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_opened (backend));
  expect_requests ("claim compat ");

  return backend;
}

static void
test_null_device (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_parallel_backend_new ("/dev/null"));
  g_autoptr (GError) error = NULL;
  guint n_fds = test_count_fds ();
  gboolean has_stdin = test_fd_is_open (STDIN_FILENO);

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "'/dev/null' is not a parallel port"));
  g_assert_nonnull (strstr (error->message, g_strerror (ENOTTY)));
  g_assert_false (charflow_backend_get_active (backend));
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  g_assert_true (test_fd_is_open (STDIN_FILENO) == has_stdin);
}

static void
test_stdin_stays (void)
{
  int saved = dup (STDIN_FILENO);
  int ends[2];
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_parallel_backend_new ("/dev/null"));
  struct stat before;
  struct stat after;

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (dup2 (ends[0], STDIN_FILENO), ==, STDIN_FILENO);
  g_assert_cmpint (fstat (STDIN_FILENO, &before), ==, 0);
  g_assert_false (test_open_backend (backend, NULL));
  g_assert_cmpint (fstat (STDIN_FILENO, &after), ==, 0);
  g_assert_cmpuint (after.st_ino, ==, before.st_ino);

  if (saved >= 0)
    dup2 (saved, STDIN_FILENO);
  close (saved);
  close (ends[0]);
  close (ends[1]);
}

static void
test_bytes (void)
{
  g_autoptr (Port) port = port_new ();
  g_autoptr (CharflowBackend) backend = open_port (port, FALSE);
  g_autofree char *uri = charflow_backend_get_uri (backend);
  g_autofree char *expected_uri = g_strconcat ("parallel:", port->path, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (uri, ==, expected_uri);
  g_assert_cmpint (test_write_text (backend, "a page\f", NULL), ==, 7);
  text = test_read_text (port->fd);
  g_assert_cmpstr (text, ==, "a page\f");
  expect_requests ("");

  /* It is not read. */
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN));
  g_assert_null (charflow_backend_read_bytes (backend, 16, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  charflow_backend_close (backend);
  expect_requests ("release ");
}

static gboolean
set_true_cb (gpointer user_data)
{
  gboolean *flag = user_data;

  *flag = TRUE;

  return G_SOURCE_REMOVE;
}

/* Nobody says when a port takes more: the fifo, which would, is full until the end. */
static void
test_would_block (void)
{
  g_autoptr (Port) port = port_new ();
  g_autoptr (CharflowBackend) backend = open_port (port, FALSE);
  g_autoptr (GSource) source = NULL;
  g_autoptr (GSource) last = NULL;
  gboolean is_ready = FALSE;

  test_fill (backend);
  source = charflow_backend_create_source (backend, G_IO_OUT);
  g_source_set_callback (source, set_true_cb, &is_ready, NULL);
  g_source_attach (source, NULL);
  test_wait_until (is_ready);

  last = charflow_backend_create_source (backend, G_IO_OUT);
  g_source_attach (last, NULL);
  charflow_backend_close (backend);
  g_assert_true (g_source_is_destroyed (last));
  test_expect_rest ();
}

static void
test_input (void)
{
  g_autoptr (Port) port = port_new ();
  g_autoptr (CharflowBackend) backend = open_port (port, TRUE);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 16);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (write (port->fd, "ink is low", 10), ==, 10);
  test_front_end_expect (front_end, "ink is low");
  expect_requests ("interrupt ");
  g_assert_null (charflow_backend_read_bytes (backend, 16, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
test_registers (void)
{
  g_autoptr (Port) port = port_new ();
  g_autoptr (CharflowBackend) backend = open_port (port, FALSE);
  CharflowParallelBackend *parallel = CHARFLOW_PARALLEL_BACKEND (backend);
  guint8 value;

  g_assert_true (charflow_parallel_backend_write_data (parallel, 0x5A, NULL));
  g_assert_cmpuint (driver.data, ==, 0x5A);
  driver.data = 0xA5;
  g_assert_true (charflow_parallel_backend_read_data (parallel, &value, NULL));
  g_assert_cmpuint (value, ==, 0xA5);

  g_assert_true (charflow_parallel_backend_write_control (parallel, 0x0C, NULL));
  g_assert_cmpuint (driver.control, ==, 0x0C);
  g_assert_true (charflow_parallel_backend_read_control (parallel, &value, NULL));
  g_assert_cmpuint (value, ==, 0xCC);

  driver.status = 0xD8;
  g_assert_true (charflow_parallel_backend_read_status (parallel, &value, NULL));
  g_assert_cmpuint (value, ==, 0xD8);

  g_assert_true (charflow_parallel_backend_set_direction (parallel, TRUE, NULL));
  g_assert_cmpint (driver.direction, ==, 1);
  g_assert_true (charflow_parallel_backend_set_direction (parallel, FALSE, NULL));
  g_assert_cmpint (driver.direction, ==, 0);
}

static gboolean
read_status_of (CharflowBackend *backend,
                GError         **error)
{
  guint8 value;

  return charflow_parallel_backend_read_status (CHARFLOW_PARALLEL_BACKEND (backend), &value, error);
}

static void
test_registers_fail (void)
{
  g_autoptr (Port) port = port_new ();
  g_autoptr (CharflowBackend) backend = open_port (port, FALSE);
  g_autoptr (GError) error = NULL;

  driver.broken = PPRSTATUS;
  g_assert_false (read_status_of (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, port->path));

  charflow_backend_close (backend);
  g_clear_error (&error);
  g_assert_false (read_status_of (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
}

static void
test_epp (void)
{
  g_autoptr (Port) port = port_new ();
  g_autoptr (CharflowBackend) backend = open_port (port, FALSE);
  CharflowParallelBackend *parallel = CHARFLOW_PARALLEL_BACKEND (backend);
  g_autoptr (GBytes) address = g_bytes_new_static ("\1\2", 2);
  g_autoptr (GBytes) data = g_bytes_new_static ("data", 4);
  g_autoptr (GBytes) address_read = NULL;
  g_autoptr (GBytes) data_read = NULL;
  g_autofree char *text = NULL;

  g_assert_true (charflow_parallel_backend_write_epp_address (parallel, address, NULL));
  expect_requests ("epp-address ");
  address_read = charflow_parallel_backend_read_epp_address (parallel, 2, NULL);
  g_assert_true (g_bytes_equal (address_read, address));
  expect_requests ("");

  g_assert_true (charflow_parallel_backend_write_epp_data (parallel, data, NULL));
  data_read = charflow_parallel_backend_read_epp_data (parallel, 4, NULL);
  g_assert_true (g_bytes_equal (data_read, data));
  expect_requests ("epp-data ");

  /* What is just written is for the printer. */
  g_assert_cmpint (test_write_text (backend, "page", NULL), ==, 4);
  text = test_read_text (port->fd);
  g_assert_cmpstr (text, ==, "page");
  expect_requests ("compat ");

  g_assert_true (charflow_parallel_backend_write_epp_data (parallel, data, NULL));
  charflow_backend_close (backend);
  expect_requests ("epp-data compat release ");
}

static void
test_epp_fails (void)
{
  g_autoptr (Port) port = port_new ();
  g_autoptr (CharflowBackend) backend = open_port (port, FALSE);
  CharflowParallelBackend *parallel = CHARFLOW_PARALLEL_BACKEND (backend);
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) data = g_bytes_new_static ("data", 4);
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_parallel_backend_write_epp_data (parallel, nothing, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  g_assert_null (charflow_parallel_backend_read_epp_data (parallel, 4097, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "4097"));
  expect_requests ("");

  /* Less than asked for, and nothing at all. */
  g_assert_cmpint (write (port->fd, "abc", 3), ==, 3);
  g_clear_error (&error);
  g_assert_null (charflow_parallel_backend_read_epp_data (parallel, 4, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  g_clear_error (&error);
  g_assert_null (charflow_parallel_backend_read_epp_data (parallel, 4, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  test_fill (backend);
  g_clear_error (&error);
  g_assert_false (charflow_parallel_backend_write_epp_address (parallel, data, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  /* The kernel may refuse the mode: then nothing is moved. */
  driver.broken = PPSETMODE;
  g_clear_error (&error);
  g_assert_null (charflow_parallel_backend_read_epp_data (parallel, 4, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_cmpint (test_write_text (backend, "page", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);

  driver.broken = 0;
  charflow_backend_close (backend);
  g_clear_error (&error);
  g_assert_false (charflow_parallel_backend_write_epp_data (parallel, data, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
}

static void
test_mode_refused (void)
{
  g_autoptr (Port) port = port_new ();
  g_autoptr (CharflowBackend) backend = new_on_port (port, FALSE);
  g_autoptr (GError) error = NULL;
  guint n_fds = test_count_fds ();

  driver.broken = PPSETMODE;
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, port->path));
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GError **error = user_data;

  g_assert_false (charflow_backend_open_finish (CHARFLOW_BACKEND (source), result, error));
}

static void
wait_for_claim (guint n)
{
  g_mutex_lock (&driver.lock);
  while (driver.n_claims < n)
    g_cond_wait (&driver.changed, &driver.lock);
  g_mutex_unlock (&driver.lock);
}

static void
let_go (void)
{
  g_mutex_lock (&driver.lock);
  driver.is_taken = FALSE;
  g_cond_broadcast (&driver.changed);
  g_mutex_unlock (&driver.lock);
}

/* Another program has the port: the context goes on, and who does not want to wait need not. */
static void
test_taken (void)
{
  g_autoptr (Port) port = port_new ();
  CharflowBackend *backend = new_on_port (port, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) cancelled = NULL;
  g_autoptr (GError) closed = NULL;
  g_autoptr (GError) error = NULL;
  guint n_fds = test_count_fds ();

  driver.is_taken = TRUE;
  charflow_backend_open_async (backend, cancellable, opened_cb, &cancelled);
  wait_for_claim (1);
  test_expect_rest ();
  g_assert_null (cancelled);
  g_cancellable_cancel (cancellable);
  test_wait_until (cancelled != NULL);
  g_assert_error (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  charflow_backend_open_async (backend, NULL, opened_cb, &closed);
  wait_for_claim (2);
  charflow_backend_close (backend);
  test_wait_until (closed != NULL);
  g_assert_error (closed, G_IO_ERROR, G_IO_ERROR_CLOSED);

  let_go ();
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  charflow_backend_close (backend);
  test_wait_until (test_count_fds () == n_fds);
  g_assert_finalize_object (backend);
}

static void
close_cb (CharflowBackend *backend)
{
  charflow_backend_close (backend);
}

static void
test_close_in_opened (void)
{
  g_autoptr (Port) port = port_new ();
  CharflowBackend *backend = new_on_port (port, TRUE);

  g_signal_connect (backend, "event", G_CALLBACK (close_cb), NULL);
  g_assert_false (test_open_backend (backend, NULL));
  g_assert_false (charflow_backend_get_active (backend));
  expect_requests ("claim compat release ");
  g_assert_finalize_object (backend);
}

static void
test_cannot_open (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "missing");
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_parallel_backend_new (path));
  g_autoptr (CharflowBackend) pathless = g_object_new (CHARFLOW_TYPE_PARALLEL_BACKEND, NULL);
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
    charflow_backend_new_from_spec ("parport,id=p,path=/dev/../dev/parport7,input=on", &error);
  g_autofree char *resource = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (charflow_parallel_backend_get_path (CHARFLOW_PARALLEL_BACKEND (backend)), ==,
                   "/dev/../dev/parport7");
  g_assert_true (charflow_parallel_backend_get_input (CHARFLOW_PARALLEL_BACKEND (backend)));
  resource = charflow_backend_get_resource (backend);
  g_assert_cmpstr (resource, ==, "/dev/parport7");

  g_assert_null (charflow_backend_new_from_spec ("parallel", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
  g_assert_nonnull (strstr (error->message, "'path'"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/parallel-backend/SR6/null-device", test_null_device);
  g_test_add_func ("/parallel-backend/SR6/stdin-stays", test_stdin_stays);
  g_test_add_func ("/parallel-backend/SR6/mode-refused", test_mode_refused);
  g_test_add_func ("/parallel-backend/bytes", test_bytes);
  g_test_add_func ("/parallel-backend/would-block", test_would_block);
  g_test_add_func ("/parallel-backend/input", test_input);
  g_test_add_func ("/parallel-backend/SR5/registers", test_registers);
  g_test_add_func ("/parallel-backend/SR5/registers-fail", test_registers_fail);
  g_test_add_func ("/parallel-backend/SR5/epp", test_epp);
  g_test_add_func ("/parallel-backend/SR5/epp-fails", test_epp_fails);
  g_test_add_func ("/parallel-backend/taken", test_taken);
  g_test_add_func ("/parallel-backend/reentrancy/close-in-opened", test_close_in_opened);
  g_test_add_func ("/parallel-backend/errors/cannot-open", test_cannot_open);
  g_test_add_func ("/parallel-backend/spec", test_spec);

  return g_test_run ();
}

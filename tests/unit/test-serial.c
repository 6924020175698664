/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-serial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

TestDriver test_driver;

struct termios2
test_get_modes (int fd)
{
  struct termios2 modes;

  g_assert_cmpint (ioctl (fd, TCGETS2, &modes), ==, 0);

  return modes;
}

static int
open_slave (const char *path)
{
  int fd = open (path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

TestPty *
test_pty_new (void)
{
  TestPty *pty = g_new0 (TestPty, 1);

  pty->master = posix_openpt (O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (pty->master, >=, 0);
  g_assert_cmpint (grantpt (pty->master), ==, 0);
  g_assert_cmpint (unlockpt (pty->master), ==, 0);
  pty->path = g_strdup (ptsname (pty->master));
  pty->keeper = open_slave (pty->path);

  return pty;
}

/* What the terminal is while another one is the driver of its line. */
void
test_pty_make_raw (TestPty *pty)
{
  struct termios2 modes = test_get_modes (pty->keeper);

  modes.c_iflag = 0;
  modes.c_oflag = 0;
  modes.c_lflag = 0;
  modes.c_cc[VMIN] = 1;
  g_assert_cmpint (ioctl (pty->keeper, TCSETS2, &modes), ==, 0);
}

void
test_pty_hang_up (TestPty *pty)
{
  close (pty->master);
  pty->master = -1;
}

void
test_pty_free (TestPty *pty)
{
  if (pty->master >= 0)
    close (pty->master);
  close (pty->keeper);
  g_free (pty->path);
  g_free (pty);
}

void
test_driver_reset (void)
{
  if (test_driver.log == NULL)
    test_driver.log = g_string_new (NULL);
  g_string_truncate (test_driver.log, 0);
  test_driver.modes = (struct termios2){ .c_cflag = B9600 | CS8 | CREAD | HUPCL, .c_ispeed = 9600, .c_ospeed = 9600 };
  test_driver.lines = TIOCM_DTR | TIOCM_RTS | TIOCM_CTS;
  test_driver.queued = 0;
  test_driver.is_idle = TRUE;
  test_driver.flags = ASYNC_SPD_VHI;
  test_driver.only_baud = 0;
  test_driver.cannot = 0;
  test_driver.broken = 0;
}

void
test_driver_set_modes (const struct termios2 *modes)
{
  test_driver.modes = *modes;
  test_driver.modes.c_cflag &= ~test_driver.cannot;
  if (test_driver.only_baud != 0)
    test_driver.modes.c_ospeed = test_driver.only_baud;
}

static int
driver_take (unsigned int request,
             gpointer     argument)
{
  struct serial_struct *serial = argument;
  int *number = argument;

  if (request == test_driver.broken)
    {
      errno = EIO;
      return -1;
    }

  switch (request)
    {
    case TCGETS2:
      *(struct termios2 *) argument = test_driver.modes;
      return 0;
    case TCSETS2:
      test_driver_set_modes (argument);
      return 0;
    case TIOCMGET:
      *number = test_driver.lines | TIOCM_ST;
      return 0;
    case TIOCMBIS:
      g_string_append_printf (test_driver.log, "on:%x ", *number);
      test_driver.lines |= *number;
      return 0;
    case TIOCMBIC:
      g_string_append_printf (test_driver.log, "off:%x ", *number);
      test_driver.lines &= ~*number;
      return 0;
    case TIOCSBRK:
      g_string_append (test_driver.log, "break ");
      return 0;
    case TIOCCBRK:
      g_string_append (test_driver.log, "no-break ");
      return 0;
    case TIOCOUTQ:
      *number = test_driver.queued;
      return 0;
    case TIOCSERGETLSR:
      *number = test_driver.is_idle ? TIOCSER_TEMT : 0;
      return 0;
    case TCFLSH:
      g_string_append (test_driver.log, "flush ");
      return 0;
    case TIOCGSERIAL:
      *serial = (struct serial_struct){ .flags = test_driver.flags };
      return 0;
    case TIOCSSERIAL:
      test_driver.flags = serial->flags;
      return 0;
    case TIOCEXCL:
    case TIOCNXCL:
      return 0;
    default:
      errno = ENOTTY;
      return -1;
    }
}

int
test_driver_ioctl (int          fd,
                   unsigned int request,
                   gpointer     argument)
{
  int result;

  if (request == FIONREAD)
    return charflow_ioctl (fd, request, argument);

  g_mutex_lock (&test_driver.lock);
  result = driver_take (request, argument);
  g_mutex_unlock (&test_driver.lock);

  return result;
}

/* The kernel's terminal, with modem lines that it has not. */
int
test_wired_ioctl (int          fd,
                  unsigned int request,
                  gpointer     argument)
{
  return request == TIOCMGET ? test_driver_ioctl (fd, request, argument) : charflow_ioctl (fd, request, argument);
}

/* What was asked for since the last time. */
void
test_driver_expect (const char *expected)
{
  g_mutex_lock (&test_driver.lock);
  g_assert_cmpstr (test_driver.log->str, ==, expected);
  g_string_truncate (test_driver.log, 0);
  g_mutex_unlock (&test_driver.lock);
}

void
test_serial_open (CharflowBackend *backend)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
}

CharflowBackend *
test_serial_new (const char *path)
{
  return CHARFLOW_BACKEND (charflow_serial_backend_new (path));
}

CharflowBackend *
test_serial_open_path (const char *path)
{
  CharflowBackend *backend = test_serial_new (path);

  test_serial_open (backend);
  g_assert_true (charflow_backend_get_opened (backend));

  return backend;
}

/* On a line of the driver's; the properties are those after its path. */
CharflowBackend *
test_serial_new_on_driver (TestPty        *pty,
                           const char *options)
{
  g_autofree char *spec = g_strdup_printf ("serial,path=%s%s", pty->path, options);
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  test_driver_reset ();
  charflow_serial_backend_set_ioctl (CHARFLOW_SERIAL_BACKEND (backend), test_driver_ioctl);

  return backend;
}

CharflowBackend *
test_serial_open_on_driver (TestPty        *pty,
                            const char *options)
{
  CharflowBackend *backend = test_serial_new_on_driver (pty, options);

  test_serial_open (backend);

  return backend;
}

gboolean
test_serial_set (CharflowBackend *backend,
                 const char      *text,
                 GError         **error)
{
  g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new_from_string (text, NULL);

  return charflow_backend_set_serial_settings (backend, settings, error);
}

void
test_serial_expect_settings (CharflowBackend *backend,
                             const char      *expected)
{
  g_autofree char *text =
    charflow_serial_settings_to_string (charflow_serial_backend_get_settings (CHARFLOW_SERIAL_BACKEND (backend)));

  g_assert_cmpstr (text, ==, expected);
}

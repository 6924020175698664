/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-serial-line-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend.h"
#include "charflow-fd-io-private.h"
#include "charflow-text-private.h"

/* A receiver looks at the middle of each bit; when the last one of a byte is off by half a bit, it reads another. */
#define MAX_OFF_PERCENT 3

/* How long output may take that waits when the line is closed, and how often a look is taken at it. */
#define DRAIN_LIMIT_MS 30000
#define DRAIN_STEP_MS 20

#define OUTPUTS (CHARFLOW_MODEM_LINES_DTR | CHARFLOW_MODEM_LINES_RTS)
#define ALL_LINES                                                                                              \
  (OUTPUTS | CHARFLOW_MODEM_LINES_CTS | CHARFLOW_MODEM_LINES_DCD | CHARFLOW_MODEM_LINES_RI | CHARFLOW_MODEM_LINES_DSR)

/* The public values are those of the kernel. */
G_STATIC_ASSERT (CHARFLOW_MODEM_LINES_DTR == TIOCM_DTR);
G_STATIC_ASSERT (CHARFLOW_MODEM_LINES_RTS == TIOCM_RTS);
G_STATIC_ASSERT (CHARFLOW_MODEM_LINES_CTS == TIOCM_CTS);
G_STATIC_ASSERT (CHARFLOW_MODEM_LINES_DCD == TIOCM_CAR);
G_STATIC_ASSERT (CHARFLOW_MODEM_LINES_RI == TIOCM_RNG);
G_STATIC_ASSERT (CHARFLOW_MODEM_LINES_DSR == TIOCM_DSR);

static gboolean
fail_with_errno (const CharflowSerialConfig *config,
                 GError                    **error)
{
  int saved_errno = errno;
  g_autofree char *excerpt = charflow_text_excerpt (config->path);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               _("Could not control the serial line '%s': %s"), excerpt, g_strerror (saved_errno));
  return FALSE;
}

static void
fail_with_busy (const CharflowSerialConfig *config,
                GError                    **error)
{
  g_autofree char *excerpt = charflow_text_excerpt (config->path);

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY,
               _("The serial line '%s' is in use"), excerpt);
}

static int
open_device (const CharflowSerialConfig *config,
             GError                    **error)
{
  g_autoptr (GError) failure = NULL;
  int fd = charflow_fd_io_open (config->path, O_RDWR, 0, &failure);

  if (fd >= 0)
    return fd;

  /* Somebody else made it exclusive. */
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_BUSY))
    fail_with_busy (config, error);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return -1;
}

/* TIOCEXCL keeps those out that open it later, but not root; flock() all that ask for it. */
static gboolean
claim (CharflowSerialLine         *self,
       const CharflowSerialConfig *config,
       GError                    **error)
{
  if (!config->exclusive)
    return TRUE;

  if (flock (self->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
    {
      fail_with_busy (config, error);
      return FALSE;
    }

  if (self->control (self->fd, TIOCEXCL, NULL) < 0)
    g_debug ("Others can open '%s': %s", config->path, g_strerror (errno));
  return TRUE;
}

gboolean
charflow_serial_line_check_settings (const CharflowSerialSettings *settings,
                                     GError                      **error)
{
  guint data_bits = charflow_serial_settings_get_data_bits (settings);

  if (charflow_serial_settings_get_stop (settings) != CHARFLOW_SERIAL_STOP_ONE_AND_HALF || data_bits == 5)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option '%s' expects 1 or 2 with %u data bits, not '%s'"), "stop-bits", data_bits, "1.5");
  return FALSE;
}

static gboolean
is_off (guint asked,
        guint got)
{
  guint difference = asked > got ? asked - got : got - asked;

  return (guint64) difference * 100 > (guint64) asked * MAX_OFF_PERCENT;
}

/* A driver does what it can, and does not say that this is something else. */
static gboolean
check_result (CharflowSerialLine           *self,
              const CharflowSerialConfig   *config,
              const CharflowSerialSettings *settings,
              const CharflowTermios        *wanted,
              GError                      **error)
{
  g_autoptr (CharflowTermios) got = charflow_termios_get (self->control, self->fd);
  guint baud = charflow_serial_settings_get_baud (settings);
  g_autofree char *excerpt = NULL;

  if (got == NULL)
    return fail_with_errno (config, error);

  self->has_marks = charflow_termios_get_marks (got);
  /* Where there is no wire, nothing depends on it: a pseudo terminal has always 8 bits, others any speed. */
  if (!self->is_wired)
    return TRUE;

  excerpt = charflow_text_excerpt (config->path);
  if (is_off (baud, charflow_termios_get_baud (got)))
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option '%s' expects a rate that '%s' can do, not '%u'"), "baud", excerpt, baud);
      return FALSE;
    }
  if (!charflow_termios_has_frame_of (got, wanted))
    {
      g_autofree char *text = charflow_serial_settings_to_string (settings);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("The serial line '%s' cannot be set to '%s'"), excerpt, text);
      return FALSE;
    }

  return TRUE;
}

gboolean
charflow_serial_line_set (CharflowSerialLine           *self,
                          const CharflowSerialConfig   *config,
                          const CharflowSerialSettings *settings,
                          GError                      **error)
{
  g_autoptr (CharflowTermios) before = NULL;
  g_autoptr (CharflowTermios) wanted = NULL;

  if (!charflow_serial_line_check_settings (settings, error))
    return FALSE;

  before = charflow_termios_get (self->control, self->fd);
  if (before == NULL)
    return fail_with_errno (config, error);

  wanted = charflow_termios_copy (before);
  charflow_termios_make_raw (wanted, settings);
  charflow_termios_set_marks (wanted, config->break_events && self->is_wired);
  charflow_termios_set_hangup (wanted, config->hangup);
  if (!charflow_termios_set (wanted, self->control, self->fd))
    return fail_with_errno (config, error);

  if (check_result (self, config, settings, wanted, error))
    return TRUE;

  charflow_termios_set (before, self->control, self->fd);
  self->has_marks = charflow_termios_get_marks (before);
  return FALSE;
}

static gboolean
set_lines (CharflowSerialLine         *self,
           const CharflowSerialConfig *config,
           unsigned int                request,
           int                         lines,
           GError                    **error)
{
  if (lines == 0 || self->control (self->fd, request, &lines) == 0)
    return TRUE;

  return fail_with_errno (config, error);
}

gboolean
charflow_serial_line_set_modem_lines (CharflowSerialLine         *self,
                                      const CharflowSerialConfig *config,
                                      CharflowModemLines          lines,
                                      GError                    **error)
{
  /* TIOCMSET would set lines as well that are none of ours. */
  return set_lines (self, config, TIOCMBIS, lines & OUTPUTS, error) &&
         set_lines (self, config, TIOCMBIC, ~lines & OUTPUTS, error);
}

gboolean
charflow_serial_line_query_modem_lines (CharflowSerialLine         *self,
                                        const CharflowSerialConfig *config,
                                        CharflowModemLines         *lines,
                                        GError                    **error)
{
  int found = 0;

  if (self->control (self->fd, TIOCMGET, &found) < 0)
    return fail_with_errno (config, error);

  *lines = found & ALL_LINES;
  return TRUE;
}

/* The kernel put both lines on when it opened the device; one that is to be off is put off at once. */
static gboolean
set_first_lines (CharflowSerialLine         *self,
                 const CharflowSerialConfig *config,
                 GError                    **error)
{
  int on = (config->dtr == CHARFLOW_SERIAL_OUTPUT_ON ? TIOCM_DTR : 0) |
           (config->rts == CHARFLOW_SERIAL_OUTPUT_ON ? TIOCM_RTS : 0);
  int off = (config->dtr == CHARFLOW_SERIAL_OUTPUT_OFF ? TIOCM_DTR : 0) |
            (config->rts == CHARFLOW_SERIAL_OUTPUT_OFF ? TIOCM_RTS : 0);

  return set_lines (self, config, TIOCMBIC, off, error) && set_lines (self, config, TIOCMBIS, on, error);
}

/* Many drivers have nothing to choose here, and are as quick as they can be. */
static void
set_low_latency (CharflowSerialLine         *self,
                 const CharflowSerialConfig *config)
{
  struct serial_struct driver = { 0 };
  int found_flags;

  self->found_flags = -1;
  if (!config->low_latency)
    return;

  if (self->control (self->fd, TIOCGSERIAL, &driver) == 0)
    {
      found_flags = driver.flags;
      driver.flags |= ASYNC_LOW_LATENCY;
      if (self->control (self->fd, TIOCSSERIAL, &driver) == 0)
        {
          self->found_flags = found_flags;
          return;
        }
    }

  g_debug ("The driver of '%s' has no low latency: %s", config->path, g_strerror (errno));
}

static void
restore_latency (CharflowSerialLine *self)
{
  struct serial_struct driver = { 0 };

  if (self->found_flags < 0 || self->control (self->fd, TIOCGSERIAL, &driver) < 0)
    return;

  driver.flags = self->found_flags;
  self->control (self->fd, TIOCSSERIAL, &driver);
}

static gboolean
set_up (CharflowSerialLine           *self,
        const CharflowSerialConfig   *config,
        const CharflowSerialSettings *settings,
        GError                      **error)
{
  int lines;

  self->found = charflow_termios_get (self->control, self->fd);
  if (self->found == NULL)
    {
      g_debug ("'%s' is no serial line: %s", config->path, g_strerror (errno));
      return TRUE;
    }

  if (!claim (self, config, error))
    {
      /* It is another one's, and so are its modes. */
      g_clear_pointer (&self->found, charflow_termios_free);
      return FALSE;
    }

  self->is_wired = self->control (self->fd, TIOCMGET, &lines) == 0;
  if (!charflow_serial_line_set (self, config, settings, error) || !set_first_lines (self, config, error))
    return FALSE;

  set_low_latency (self, config);
  return TRUE;
}

int
charflow_serial_line_open (CharflowSerialLine           *self,
                           const CharflowSerialConfig   *config,
                           const CharflowSerialSettings *settings,
                           GError                      **error)
{
  int fd = open_device (config, error);

  self->fd = fd;
  self->found_flags = -1;
  self->is_wired = FALSE;
  self->has_marks = FALSE;
  self->holds_break = FALSE;
  if (fd < 0 || set_up (self, config, settings, error))
    return fd;

  charflow_serial_line_release (self, config);
  close (fd);
  return -1;
}

/* What is left to do when the output has gone. */
typedef struct
{
  CharflowIoctlFunc control;
  int fd; /* its own */
  CharflowTermios *modes;
} Ending;

static void
ending_free (Ending *ending)
{
  close (ending->fd);
  charflow_termios_free (ending->modes);
  g_free (ending);
}

/* Bytes wait in the driver, or, where that tells, in the port itself. */
static gboolean
is_sending (CharflowIoctlFunc control,
            int               fd)
{
  int n_queued = 0;
  int status = 0;

  if (control (fd, TIOCOUTQ, &n_queued) == 0 && n_queued > 0)
    return TRUE;

  return control (fd, TIOCSERGETLSR, &status) == 0 && (status & TIOCSER_TEMT) == 0;
}

static gpointer
drain_in_thread (gpointer user_data)
{
  Ending *ending = user_data;

  for (int waited_ms = 0; waited_ms < DRAIN_LIMIT_MS && is_sending (ending->control, ending->fd); waited_ms += DRAIN_STEP_MS)
    g_usleep (DRAIN_STEP_MS * 1000);

  /* Where the other end holds it up, that may be for ever. */
  ending->control (ending->fd, TCFLSH, GINT_TO_POINTER (TCOFLUSH));
  charflow_termios_set (ending->modes, ending->control, ending->fd);
  ending_free (ending);
  return NULL;
}

/* Closing a terminal waits until its output has gone, and other modes would garble that: a thread can wait. */
static gboolean
drain_later (CharflowSerialLine    *self,
             const CharflowTermios *modes)
{
  int fd = fcntl (self->fd, F_DUPFD_CLOEXEC, 0);
  Ending *ending;
  GThread *thread;

  if (fd < 0)
    return FALSE;

  ending = g_new0 (Ending, 1);
  ending->control = self->control;
  ending->fd = fd;
  ending->modes = charflow_termios_copy (modes);
  thread = g_thread_try_new ("charflow-serial", drain_in_thread, ending, NULL);
  if (thread == NULL)
    {
      ending_free (ending);
      return FALSE;
    }

  g_thread_unref (thread);
  return TRUE;
}

static void
restore_modes (CharflowSerialLine    *self,
               const CharflowTermios *modes)
{
  if (!is_sending (self->control, self->fd) || !drain_later (self, modes))
    charflow_termios_set (modes, self->control, self->fd);
}

void
charflow_serial_line_release (CharflowSerialLine         *self,
                              const CharflowSerialConfig *config)
{
  g_autoptr (CharflowTermios) found = g_steal_pointer (&self->found);
  g_autoptr (CharflowTermios) modes = NULL;

  /* Where the device has gone, all of it fails. */
  if (found != NULL)
    {
      if (self->holds_break)
        self->control (self->fd, TIOCCBRK, NULL);
      if (config->exclusive)
        self->control (self->fd, TIOCNXCL, NULL);
      if (config->restore)
        restore_latency (self);

      modes = config->restore ? g_steal_pointer (&found) : charflow_termios_get (self->control, self->fd);
    }

  if (modes != NULL)
    {
      charflow_termios_set_hangup (modes, config->hangup);
      restore_modes (self, modes);
    }
  self->fd = -1;
}

gboolean
charflow_serial_line_set_break (CharflowSerialLine         *self,
                                const CharflowSerialConfig *config,
                                gboolean                    on,
                                GError                    **error)
{
  if (self->control (self->fd, on ? TIOCSBRK : TIOCCBRK, NULL) < 0)
    return fail_with_errno (config, error);

  self->holds_break = on;
  return TRUE;
}

gboolean
charflow_serial_line_has_hung_up (CharflowSerialLine *self)
{
  struct pollfd pfd = { .fd = self->fd, .events = POLLIN };
  int n_unread = 0;

  if (poll (&pfd, 1, 0) <= 0 || (pfd.revents & (POLLHUP | POLLERR)) == 0)
    return FALSE;

  return self->control (self->fd, FIONREAD, &n_unread) < 0 || n_unread <= 0;
}

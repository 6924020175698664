/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-stdio-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-fd-backend-private.h"

/**
 * SECTION:charflow-stdio-backend
 * @title: CharflowStdioBackend
 * @short_description: a back end on the standard input and output
 *
 * It reads the standard input of the process and writes to its standard output. A process has these
 * once, so that only one can be open at a time; any number of #CharflowConsoleBackend may write beside
 * it.
 *
 * Where the input is a terminal, keys come as they are typed, without echo, until the back end is
 * closed; then the terminal is as it was. charflow_backend_set_echo() shows them, and gives the
 * terminal its editing of lines back meanwhile. A process that is not in the foreground leaves the
 * terminal alone.
 *
 * The library handles no signals. A program that may be stopped and continued calls
 * charflow_stdio_backend_resume() when `SIGCONT` arrives, and one that may die calls
 * charflow_stdio_backend_restore() before; both may be called from a signal handler.
 *
 * In a spec it is `stdio`, with the option `signal`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowStdioBackend) terminal = charflow_stdio_backend_new (TRUE); // Ctrl-C still ends the program
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (terminal));
 * g_autoptr (GBytes) line = g_bytes_new_static ("hello\n", 6);
 *
 * charflow_char_device_start (device);
 * charflow_char_device_write_bytes (device, NULL, line, NULL);
 * ]|
 */

/**
 * CharflowStdioBackend:
 *
 * A back end on the standard input and output.
 *
 * Since: 1.0
 */
struct _CharflowStdioBackend
{
  CharflowFdBackend parent_instance;

  gboolean signal_keys;
  gboolean echo;
};

G_DEFINE_FINAL_TYPE (CharflowStdioBackend, charflow_stdio_backend, CHARFLOW_TYPE_FD_BACKEND)

typedef enum
{
  PROP_SIGNAL_KEYS = 1,
} CharflowStdioBackendProperty;

static GParamSpec *props[PROP_SIGNAL_KEYS + 1];

typedef enum
{
  MODES_FOUND,
  MODES_QUIET,
  MODES_ECHO,
} Modes;

/* What the process has once. Signal handlers read it, so that a flag is set after what it stands for, and cleared before. */
static struct
{
  int is_claimed; /* atomic */
  volatile sig_atomic_t has_terminal;
  volatile sig_atomic_t applied; /* Modes */
  int terminal;
  struct termios modes[MODES_ECHO + 1];
  volatile sig_atomic_t changed[2]; /* the descriptors whose shared flags were changed, plus 1; or 0 */
} process;

/* To change the terminal of others would stop the process, or confuse the shell. */
static gboolean
is_ours (int terminal)
{
  pid_t foreground = tcgetpgrp (terminal);

  return foreground < 0 || foreground == getpgrp ();
}

/* TCSADRAIN would wait for a terminal that nobody reads any more. */
static gboolean
set_modes (Modes modes)
{
  int status;

  if (!is_ours (process.terminal))
    return TRUE;

  do
    status = tcsetattr (process.terminal, TCSANOW, &process.modes[modes]);
  while (status < 0 && errno == EINTR);

  return status == 0;
}

static void
set_non_blocking (gboolean non_blocking)
{
  for (gsize i = 0; i < G_N_ELEMENTS (process.changed); i++)
    {
      int fd = process.changed[i] - 1;
      int flags;

      if (fd < 0)
        continue;

      flags = fcntl (fd, F_GETFL);
      fcntl (fd, F_SETFL, non_blocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
    }
}

/* All but the output, where a new line goes on returning the carriage: many programs share a terminal. */
static void
make_quiet (struct termios *modes)
{
  modes->c_iflag &= ~(tcflag_t) (IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  modes->c_oflag |= OPOST;
  modes->c_lflag &= ~(tcflag_t) (ECHO | ECHONL | ICANON | IEXTEN);
  modes->c_cflag &= ~(tcflag_t) (CSIZE | PARENB);
  modes->c_cflag |= CS8;
  modes->c_cc[VMIN] = 1;
  modes->c_cc[VTIME] = 0;
}

static gboolean
take_terminal (CharflowStdioBackend *self,
               int                   fd,
               GError              **error)
{
  struct termios *modes = process.modes;
  int saved_errno;

  if (!isatty (fd))
    return TRUE;

  if (tcgetattr (fd, &modes[MODES_FOUND]) == 0)
    {
      modes[MODES_ECHO] = modes[MODES_FOUND];
      if (!self->signal_keys)
        modes[MODES_ECHO].c_lflag &= ~(tcflag_t) ISIG;
      modes[MODES_QUIET] = modes[MODES_ECHO];
      make_quiet (&modes[MODES_QUIET]);

      process.terminal = fd;
      process.applied = self->echo ? MODES_ECHO : MODES_QUIET;
      process.has_terminal = TRUE;
      if (set_modes (process.applied))
        return TRUE;
    }

  saved_errno = errno;
  process.has_terminal = FALSE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               _("Could not set up the terminal at the standard input: %s"), g_strerror (saved_errno));
  return FALSE;
}

static gboolean
open_ends (CharflowStdioBackend *self,
           int                  *in_fd,
           int                  *out_fd,
           GError              **error)
{
  CharflowFdBackend *backend = CHARFLOW_FD_BACKEND (self);

  *in_fd = charflow_fd_backend_borrow (backend, STDIN_FILENO, O_RDONLY, error);
  if (*in_fd < 0)
    return FALSE;

  *out_fd = charflow_fd_backend_borrow (backend, STDOUT_FILENO, O_WRONLY, error);
  if (*out_fd >= 0 && take_terminal (self, *in_fd, error))
    return TRUE;

  charflow_fd_backend_give_back (backend, *in_fd);
  charflow_fd_backend_give_back (backend, *out_fd);
  return FALSE;
}

static gboolean
charflow_stdio_backend_open_fds (CharflowFdBackend *backend,
                                 int               *in_fd,
                                 int               *out_fd,
                                 GError           **error)
{
  if (!g_atomic_int_compare_and_exchange (&process.is_claimed, FALSE, TRUE))
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY,
                           _("Another back end has the standard input and output"));
      return FALSE;
    }

  if (!open_ends (CHARFLOW_STDIO_BACKEND (backend), in_fd, out_fd, error))
    {
      g_atomic_int_set (&process.is_claimed, FALSE);
      return FALSE;
    }

  process.changed[0] = charflow_fd_backend_is_changed (backend, *in_fd) ? *in_fd + 1 : 0;
  process.changed[1] = charflow_fd_backend_is_changed (backend, *out_fd) ? *out_fd + 1 : 0;
  return TRUE;
}

static void
charflow_stdio_backend_release_fds (CharflowFdBackend *backend)
{
  if (process.has_terminal)
    set_modes (MODES_FOUND);

  process.has_terminal = FALSE;
  process.changed[0] = 0;
  process.changed[1] = 0;
  g_atomic_int_set (&process.is_claimed, FALSE);
}

static void
charflow_stdio_backend_set_echo (CharflowBackend *backend,
                                 gboolean         echo)
{
  CharflowStdioBackend *self = CHARFLOW_STDIO_BACKEND (backend);

  self->echo = echo;
  if (charflow_fd_backend_get_input (CHARFLOW_FD_BACKEND (self)) < 0 || !process.has_terminal)
    return;

  process.applied = echo ? MODES_ECHO : MODES_QUIET;
  set_modes (process.applied);
}

static char *
charflow_stdio_backend_get_resource (CharflowBackend *backend)
{
  return g_strdup ("stdio");
}

static void
charflow_stdio_backend_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  CharflowStdioBackend *self = CHARFLOW_STDIO_BACKEND (object);

  switch ((CharflowStdioBackendProperty) prop_id)
    {
    case PROP_SIGNAL_KEYS:
      g_value_set_boolean (value, charflow_stdio_backend_get_signal_keys (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_stdio_backend_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  CharflowStdioBackend *self = CHARFLOW_STDIO_BACKEND (object);

  switch ((CharflowStdioBackendProperty) prop_id)
    {
    case PROP_SIGNAL_KEYS:
      self->signal_keys = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_stdio_backend_class_init (CharflowStdioBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);
  CharflowFdBackendClass *fd_class = CHARFLOW_FD_BACKEND_CLASS (klass);

  object_class->get_property = charflow_stdio_backend_get_property;
  object_class->set_property = charflow_stdio_backend_set_property;

  backend_class->get_resource = charflow_stdio_backend_get_resource;
  backend_class->set_echo = charflow_stdio_backend_set_echo;

  fd_class->open_fds = charflow_stdio_backend_open_fds;
  fd_class->release_fds = charflow_stdio_backend_release_fds;

  /**
   * CharflowStdioBackend:signal-keys:
   *
   * Whether the keys of a terminal that send signals, such as Ctrl-C, do so; otherwise they are data.
   *
   * Since: 1.0
   */
  props[PROP_SIGNAL_KEYS] =
    g_param_spec_boolean ("signal-keys", NULL, "Whether keys such as Ctrl-C send signals",
                          TRUE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_stdio_backend_init (CharflowStdioBackend *self)
{
  charflow_backend_set_uri (CHARFLOW_BACKEND (self), "stdio");
}

/**
 * charflow_stdio_backend_new:
 * @signal_keys: whether keys such as Ctrl-C send signals; otherwise they are data
 *
 * Makes a back end on the standard input and output. Nothing is done to them until it is opened;
 * that fails with %CHARFLOW_BACKEND_ERROR_BUSY while another one has them.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowStdioBackend *
charflow_stdio_backend_new (gboolean signal_keys)
{
  return g_object_new (CHARFLOW_TYPE_STDIO_BACKEND, "signal-keys", signal_keys, NULL);
}

/**
 * charflow_stdio_backend_get_signal_keys:
 * @self: a back end
 *
 * Gets whether the keys of a terminal that send signals, such as Ctrl-C, do so.
 *
 * Returns: %TRUE if they do, %FALSE if they are data
 *
 * Since: 1.0
 */
gboolean
charflow_stdio_backend_get_signal_keys (CharflowStdioBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_STDIO_BACKEND (self), FALSE);

  return self->signal_keys;
}

/**
 * charflow_stdio_backend_resume:
 *
 * Sets the terminal up once more, after the process was stopped and somebody else had it. Does
 * nothing unless a back end on the standard input and output is open.
 *
 * It may be called from a signal handler.
 *
 * Since: 1.0
 */
void
charflow_stdio_backend_resume (void)
{
  int saved_errno = errno;

  if (process.has_terminal)
    set_modes (process.applied);
  set_non_blocking (TRUE);
  errno = saved_errno;
}

/**
 * charflow_stdio_backend_restore:
 *
 * Leaves the standard input and output as they were found, for a process that is about to end
 * without closing its back ends. Does nothing unless a back end on them is open; where it goes on
 * being used, charflow_stdio_backend_resume() takes this back.
 *
 * It may be called from a signal handler.
 *
 * Since: 1.0
 */
void
charflow_stdio_backend_restore (void)
{
  int saved_errno = errno;

  if (process.has_terminal)
    set_modes (MODES_FOUND);
  set_non_blocking (FALSE);
  errno = saved_errno;
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  return g_object_new (CHARFLOW_TYPE_STDIO_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "signal-keys", charflow_backend_options_get_boolean (options, "signal"),
                       NULL);
}

static const CharflowBackendOption stdio_options[] = {
  { "signal", CHARFLOW_OPTION_TYPE_BOOLEAN, "on", N_("Whether keys such as Ctrl-C send signals") },
  { NULL },
};

const CharflowBackendKind charflow_stdio_backend_kind = {
  .name = "stdio",
  .description = N_("The standard input and output"),
  .options = stdio_options,
  .create = create_from_options,
};

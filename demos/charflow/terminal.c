/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <charflow-glib/charflow.h>
#include <glib/gi18n.h>

#include "log.h"

static struct termios saved;
static volatile sig_atomic_t is_changed;

/* What ends a program by default. Those that the main loop handles are taken over by it afterwards.
 * */
static const int deadly_signals[] = {
  SIGABRT, SIGBUS, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGQUIT, SIGSEGV, SIGTERM,
};

/* Also called from signal handlers: tcsetattr() may be. */
static void
restore_settings (void)
{
  charflow_stdio_backend_restore ();
  if (!is_changed)
    return;

  is_changed = FALSE;
  /* TCSADRAIN would wait for a terminal that nobody reads any more. */
  tcsetattr (STDIN_FILENO, TCSANOW, &saved);
}

/* SA_RESETHAND has put the default back, so that the signal ends the program once it is raised
 * again. */
static void
deadly_signal_cb (int signum)
{
  restore_settings ();
  raise (signum);
}

static void
continued_cb (int signum)
{
  charflow_stdio_backend_resume ();
}

static void
watch_ways_out (void)
{
  static gsize once = 0;
  struct sigaction action = { .sa_handler = deadly_signal_cb, .sa_flags = SA_RESETHAND | SA_NODEFER };

  if (!g_once_init_enter (&once))
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (deadly_signals); i++)
    {
      struct sigaction old;

      /* What is ignored (nohup) stays so, and what the main loop handles restores by itself. */
      if (sigaction (deadly_signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
        sigaction (deadly_signals[i], &action, NULL);
    }

  atexit (terminal_restore);
  g_once_init_leave (&once, 1);
}

static gboolean
change_settings (const struct termios *settings,
                 GError              **error)
{
  is_changed = TRUE;
  if (tcsetattr (STDIN_FILENO, TCSADRAIN, settings) == 0)
    return TRUE;

  is_changed = FALSE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _("Could not change the terminal: %s"), g_strerror (errno));
  return FALSE;
}

static gboolean
save_settings (GError **error)
{
  if (tcgetattr (STDIN_FILENO, &saved) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _("Could not read the settings of the terminal: %s"), g_strerror (errno));
  return FALSE;
}

gboolean
terminal_is_there (void)
{
  return isatty (STDIN_FILENO);
}

gboolean
terminal_make_raw (GError **error)
{
  struct termios raw;

  if (!save_settings (error))
    return FALSE;

  raw = saved;
  cfmakeraw (&raw);
  watch_ways_out ();
  if (!change_settings (&raw, error))
    return FALSE;

  log_set_raw (TRUE);
  return TRUE;
}

gboolean
terminal_hide_input (GError **error)
{
  struct termios hidden;

  if (!save_settings (error))
    return FALSE;

  hidden = saved;
  hidden.c_lflag &= ~(tcflag_t) ECHO;
  hidden.c_lflag |= ECHONL;
  watch_ways_out ();

  return change_settings (&hidden, error);
}

void
terminal_restore (void)
{
  restore_settings ();
  log_set_raw (FALSE);
}

void
terminal_guard_backends (void)
{
  struct sigaction action = { .sa_handler = continued_cb, .sa_flags = SA_RESTART };

  watch_ways_out ();
  sigaction (SIGCONT, &action, NULL);
}

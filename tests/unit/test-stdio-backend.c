/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-fd.h"
#include "test-front-end.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <glib-unix.h>

/* The back end is in a process of its own, whose standard input and output are what the test gave it. It does as it is told
 * over this descriptor, line by line, and answers each line with one. */
#define CONTROL_FD 3

static CharflowBackend *child_backend;
static TestFrontEnd *child_front_end;
static volatile sig_atomic_t n_continued;

/* The child. */

static char *
child_open (const char *spec)
{
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (GError) error = NULL;

  if (!test_open_backend (backend, &error))
    return g_strdup_printf ("%s %d", g_quark_to_string (error->domain), error->code);

  g_assert_null (child_backend);
  child_front_end = test_front_end_new (backend, 4096);
  child_backend = g_steal_pointer (&backend);
  return g_strdup ("ok");
}

static char *
child_close (const char *unused)
{
  g_clear_pointer (&child_front_end, test_front_end_free);
  g_clear_object (&child_backend);
  return g_strdup ("ok");
}

static char *
child_write (const char *text)
{
  g_autoptr (GError) error = NULL;
  gssize len = test_write_text (child_backend, text, &error);

  return len < 0 ? g_strdup (error->message) : g_strdup_printf ("%d", (int) len);
}

/* What has come, once it is as long as what is expected. */
static char *
child_expect (const char *text)
{
  char *log;

  test_wait_until (child_front_end->log->len >= strlen (text));
  log = g_strdup (child_front_end->log->str);
  g_string_truncate (child_front_end->log, 0);
  return log;
}

static char *
child_echo (const char *text)
{
  charflow_backend_set_echo (child_backend, g_str_equal (text, "on"));
  return g_strdup ("ok");
}

static char *
child_fds (const char *unused)
{
  return g_strdup_printf ("%d %d", test_fd_is_open (STDIN_FILENO), test_fd_is_open (STDOUT_FILENO));
}

/* Has a standard output that nothing can be written to. */
static char *
child_spoil (const char *unused)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (dup2 (fd, STDOUT_FILENO), ==, STDOUT_FILENO);
  close (fd);
  return g_strdup ("ok");
}

static char *
child_restore (const char *unused)
{
  charflow_stdio_backend_restore ();
  return g_strdup ("ok");
}

static char *
child_resume (const char *unused)
{
  charflow_stdio_backend_resume ();
  return g_strdup ("ok");
}

static char *
child_exit (const char *unused)
{
  exit (0);
}

static char *
child_abort (const char *unused)
{
  abort ();
}

static char *
child_continued (const char *unused)
{
  return g_strdup_printf ("%d", (int) n_continued);
}

static void
continued_cb (int signum)
{
  n_continued++;
  charflow_stdio_backend_resume ();
}

static void
abort_cb (int signum)
{
  charflow_stdio_backend_restore ();
}

/* Another process group gets the terminal, as when a shell puts a program into the background. */
static char *
child_background (const char *unused)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      setpgid (0, 0);
      while (TRUE)
        pause ();
    }

  setpgid (pid, pid);
  return g_strdup (tcsetpgrp (STDIN_FILENO, pid) == 0 ? "ok" : g_strerror (errno));
}

static char *
child_foreground (const char *unused)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGTTOU);
  sigprocmask (SIG_BLOCK, &set, NULL);
  g_assert_cmpint (tcsetpgrp (STDIN_FILENO, getpgrp ()), ==, 0);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
  return g_strdup ("ok");
}

static const struct
{
  const char *name;
  char *(*run) (const char *argument);
} orders[] = {
  { "abort", child_abort },
  { "background", child_background },
  { "close", child_close },
  { "continued", child_continued },
  { "echo", child_echo },
  { "exit", child_exit },
  { "expect", child_expect },
  { "fds", child_fds },
  { "foreground", child_foreground },
  { "open", child_open },
  { "restore", child_restore },
  { "resume", child_resume },
  { "spoil", child_spoil },
  { "write", child_write },
};

static void
obey (char *line)
{
  char *argument = strchr (line, ' ');

  if (argument != NULL)
    *argument++ = '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      if (g_str_equal (orders[i].name, line))
        {
          g_autofree char *answer = orders[i].run (argument);

          g_assert_cmpint (write (CONTROL_FD, answer, strlen (answer) + 1), >, 0);
          return;
        }
    }
  g_assert_not_reached ();
}

static gboolean
order_cb (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  char line[256];
  gssize len = recv (fd, line, sizeof line - 1, 0);

  if (len <= 0)
    exit (0);

  line[len] = '\0';
  obey (line);
  return G_SOURCE_CONTINUE;
}

static int
run_child (void)
{
  struct sigaction continued = { .sa_handler = continued_cb };
  struct sigaction aborted = { .sa_handler = abort_cb };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  sigaction (SIGCONT, &continued, NULL);
  sigaction (SIGABRT, &aborted, NULL);
  atexit (charflow_stdio_backend_restore);
  g_unix_fd_add (CONTROL_FD, G_IO_IN | G_IO_HUP, order_cb, NULL);
  g_main_loop_run (loop);

  return 0;
}

/* The test. */

static const char *program; /* /proc/self/exe would be valgrind */

typedef struct
{
  pid_t pid;
  int control;
} Child;

static void
set_up_child (gpointer user_data)
{
  gboolean *is_session = user_data;

  if (*is_session)
    {
      setsid ();
      ioctl (STDIN_FILENO, TIOCSCTTY, 0);
    }
}

/* Starts one with these as its standard input and output, which stay the test's own. In a session it controls the terminal. */
static Child *
child_start (int      in_fd,
             int      out_fd,
             gboolean in_session)
{
  const char *argv[] = { program, "--child", NULL };
  const struct timeval limit = { .tv_sec = 30 };
  const int target = CONTROL_FD;
  Child *child = g_new0 (Child, 1);
  g_autoptr (GError) error = NULL;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_cmpint (setsockopt (pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), ==, 0);
  g_assert_true (g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                                   set_up_child, &in_session, in_fd, out_fd, -1,
                                                   &pair[1], &target, 1, &child->pid, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  close (pair[1]);
  child->control = pair[0];

  return child;
}

static void
child_free (Child *child)
{
  close (child->control);
  if (child->pid != 0)
    {
      kill (child->pid, SIGKILL);
      waitpid (child->pid, NULL, 0);
    }
  g_free (child);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)

static void
tell (Child      *child,
      const char *order)
{
  g_assert_cmpint (send (child->control, order, strlen (order), MSG_NOSIGNAL), ==, strlen (order));
}

static void
expect_answer (Child      *child,
               const char *order,
               const char *expected)
{
  char answer[256];

  tell (child, order);
  g_assert_cmpint (recv (child->control, answer, sizeof answer, 0), >, 0);
  g_assert_cmpstr (answer, ==, expected);
}

/* Tells it to end, and waits until it has. */
static int
expect_end (Child      *child,
            const char *order)
{
  int status = 0;

  tell (child, order);
  g_assert_cmpint (waitpid (child->pid, &status, 0), ==, child->pid);
  child->pid = 0;

  return status;
}

static char *
describe_error (CharflowBackendError code)
{
  return g_strdup_printf ("%s %d", g_quark_to_string (CHARFLOW_BACKEND_ERROR), (int) code);
}

static void
test_pipes (void)
{
  int in[2];
  int out[2];
  g_autoptr (Child) child = NULL;
  g_autofree char *text = NULL;

  g_assert_true (g_unix_open_pipe (in, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_open_pipe (out, FD_CLOEXEC, NULL));
  child = child_start (in[0], out[1], FALSE);
  expect_answer (child, "open stdio", "ok");
  expect_answer (child, "write buf", "3");
  text = test_read_text (out[0]);
  g_assert_cmpstr (text, ==, "buf");
  g_assert_cmpint (write (in[1], "typed", 5), ==, 5);
  expect_answer (child, "expect typed", "typed");
  for (gsize i = 0; i < 2; i++)
    {
      close (in[i]);
      close (out[i]);
    }
}

static void
test_end_of_input (void)
{
  int in = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  int out[2];
  g_autoptr (Child) child = NULL;
  g_autofree char *text = NULL;

  g_assert_true (g_unix_open_pipe (out, FD_CLOEXEC, NULL));
  child = child_start (in, out[1], FALSE);
  expect_answer (child, "open stdio", "ok");
  expect_answer (child, "expect <C>", "<C>");
  expect_answer (child, "write still", "5");
  text = test_read_text (out[0]);
  g_assert_cmpstr (text, ==, "still");
  expect_answer (child, "expect ", "");
  g_assert_true (test_fd_is_non_blocking (in));
  expect_answer (child, "close", "ok");
  g_assert_false (test_fd_is_non_blocking (in));
  close (in);
  close (out[0]);
  close (out[1]);
}

static void
test_one_at_a_time (void)
{
  int pair[2];
  g_autoptr (Child) child = NULL;
  g_autofree char *refusal = describe_error (CHARFLOW_BACKEND_ERROR_BUSY);

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  child = child_start (pair[0], pair[0], FALSE);
  expect_answer (child, "open stdio", "ok");
  expect_answer (child, "open stdio", refusal);
  expect_answer (child, "write first", "5");
  expect_answer (child, "close", "ok");
  expect_answer (child, "fds", "1 1");
  expect_answer (child, "open stdio", "ok");
  expect_answer (child, "write again", "5");
  close (pair[0]);
  close (pair[1]);
}

static void
test_failed_start (void)
{
  int pair[2];
  g_autoptr (Child) child = NULL;
  g_autofree char *refusal = describe_error (CHARFLOW_BACKEND_ERROR_INVALID_VALUE);

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  child = child_start (pair[0], pair[0], FALSE);
  expect_answer (child, "spoil", "ok");
  expect_answer (child, "open stdio", refusal);
  /* It is not taken for one that is in use. */
  expect_answer (child, "open stdio", refusal);
  close (pair[0]);
  close (pair[1]);
}

/* A terminal; what the test has of it shares its flags with the child. */
typedef struct
{
  int master;
  int slave;
  struct termios found;
} Terminal;

static Terminal *
terminal_new (void)
{
  Terminal *terminal = g_new0 (Terminal, 1);

  terminal->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (terminal->master, >=, 0);
  g_assert_cmpint (unlockpt (terminal->master), ==, 0);
  terminal->slave = open (ptsname (terminal->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (terminal->slave, >=, 0);
  g_assert_cmpint (tcgetattr (terminal->slave, &terminal->found), ==, 0);
  g_assert_cmpint (terminal->found.c_lflag & (ECHO | ICANON | ISIG), ==, ECHO | ICANON | ISIG);

  return terminal;
}

static void
terminal_free (Terminal *terminal)
{
  close (terminal->master);
  close (terminal->slave);
  g_free (terminal);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Terminal, terminal_free)

static void
expect_quiet (Terminal *terminal,
              gboolean  signal_keys)
{
  struct termios modes;

  g_assert_cmpint (tcgetattr (terminal->master, &modes), ==, 0);
  g_assert_cmpint (modes.c_lflag & (ECHO | ICANON | IEXTEN), ==, 0);
  g_assert_cmpint (modes.c_lflag & ISIG, ==, signal_keys ? ISIG : 0);
  g_assert_cmpint (modes.c_iflag & (ICRNL | INLCR | IGNCR | IXON | ISTRIP), ==, 0);
  g_assert_cmpint (modes.c_oflag & OPOST, ==, OPOST);
  g_assert_cmpint (modes.c_cflag & (CSIZE | PARENB), ==, CS8);
  g_assert_cmpint (modes.c_cc[VMIN], ==, 1);
  g_assert_cmpint (modes.c_cc[VTIME], ==, 0);
}

static void
expect_found (Terminal *terminal)
{
  struct termios modes;

  g_assert_cmpint (tcgetattr (terminal->master, &modes), ==, 0);
  g_assert_cmpint (modes.c_iflag, ==, terminal->found.c_iflag);
  g_assert_cmpint (modes.c_oflag, ==, terminal->found.c_oflag);
  g_assert_cmpint (modes.c_cflag, ==, terminal->found.c_cflag);
  g_assert_cmpint (modes.c_lflag, ==, terminal->found.c_lflag);
  g_assert_cmpmem (modes.c_cc, sizeof modes.c_cc, terminal->found.c_cc, sizeof terminal->found.c_cc);
  g_assert_false (test_fd_is_non_blocking (terminal->slave));
}

static void
test_terminal (void)
{
  g_autoptr (Terminal) terminal = terminal_new ();
  g_autoptr (Child) child = child_start (terminal->slave, terminal->slave, FALSE);
  char buffer[8];

  expect_answer (child, "open stdio", "ok");
  expect_quiet (terminal, TRUE);
  g_assert_false (test_fd_is_non_blocking (terminal->slave));

  /* A key comes as it is, without a new line behind it, and is not shown. */
  g_assert_cmpint (write (terminal->master, "\r", 1), ==, 1);
  expect_answer (child, "expect \r", "\r");
  expect_answer (child, "write \n", "1");
  g_assert_cmpint (read (terminal->master, buffer, sizeof buffer), ==, 2);
  g_assert_cmpmem (buffer, 2, "\r\n", 2);

  expect_answer (child, "echo on", "ok");
  expect_found (terminal);
  expect_answer (child, "echo off", "ok");
  expect_quiet (terminal, TRUE);
}

static void
test_signal_keys_off (void)
{
  g_autoptr (Terminal) terminal = terminal_new ();
  g_autoptr (Child) child = child_start (terminal->slave, terminal->slave, FALSE);
  struct termios modes;

  expect_answer (child, "open stdio,signal=off", "ok");
  expect_quiet (terminal, FALSE);
  g_assert_cmpint (write (terminal->master, "\003", 1), ==, 1);
  expect_answer (child, "expect \003", "\003");

  expect_answer (child, "echo on", "ok");
  g_assert_cmpint (tcgetattr (terminal->master, &modes), ==, 0);
  g_assert_cmpint (modes.c_lflag & (ECHO | ICANON | ISIG), ==, ECHO | ICANON);
}

static void
test_close_restores (void)
{
  g_autoptr (Terminal) terminal = terminal_new ();
  g_autoptr (Child) child = child_start (terminal->slave, terminal->slave, FALSE);

  for (guint i = 0; i < 2; i++)
    {
      expect_answer (child, "open stdio,signal=off", "ok");
      expect_quiet (terminal, FALSE);
      expect_answer (child, "close", "ok");
      expect_found (terminal);
    }

  /* And then there is nothing to do any more. */
  expect_answer (child, "resume", "ok");
  expect_found (terminal);
}

static void
test_exit_restores (void)
{
  g_autoptr (Terminal) terminal = terminal_new ();
  g_autoptr (Child) child = child_start (terminal->slave, terminal->slave, FALSE);

  expect_answer (child, "open stdio", "ok");
  expect_quiet (terminal, TRUE);
  g_assert_true (WIFEXITED (expect_end (child, "exit")));
  expect_found (terminal);
}

static void
test_crash_restores (void)
{
  g_autoptr (Terminal) terminal = terminal_new ();
  g_autoptr (Child) child = child_start (terminal->slave, terminal->slave, FALSE);

  expect_answer (child, "open stdio", "ok");
  expect_quiet (terminal, TRUE);
  g_assert_true (WIFSIGNALED (expect_end (child, "abort")));
  expect_found (terminal);
}

static void
test_failed_start_restores (void)
{
  g_autoptr (Terminal) terminal = terminal_new ();
  g_autoptr (Child) child = child_start (terminal->slave, terminal->slave, FALSE);
  g_autofree char *refusal = describe_error (CHARFLOW_BACKEND_ERROR_INVALID_VALUE);

  expect_answer (child, "spoil", "ok");
  expect_answer (child, "open stdio", refusal);
  expect_found (terminal);
}

/* A fifo cannot be opened anew, so that the flags are changed that others see too. */
static void
test_flags_restored (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "fifo");
  g_autoptr (Child) child = NULL;
  int fd;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  fd = open (path, O_RDWR | O_CLOEXEC);
  child = child_start (fd, fd, FALSE);
  expect_answer (child, "open stdio", "ok");
  g_assert_true (test_fd_is_non_blocking (fd));
  expect_answer (child, "restore", "ok");
  g_assert_false (test_fd_is_non_blocking (fd));
  expect_answer (child, "resume", "ok");
  g_assert_true (test_fd_is_non_blocking (fd));
  expect_answer (child, "close", "ok");
  g_assert_false (test_fd_is_non_blocking (fd));
  expect_answer (child, "resume", "ok");
  g_assert_false (test_fd_is_non_blocking (fd));
  close (fd);
}

static void
test_stop_and_continue (void)
{
  g_autoptr (Terminal) terminal = terminal_new ();
  g_autoptr (Child) child = child_start (terminal->slave, terminal->slave, FALSE);
  int status;

  expect_answer (child, "open stdio", "ok");
  g_assert_cmpint (kill (child->pid, SIGSTOP), ==, 0);
  g_assert_cmpint (waitpid (child->pid, &status, WUNTRACED), ==, child->pid);
  g_assert_true (WIFSTOPPED (status));

  /* What a shell does meanwhile. */
  g_assert_cmpint (tcsetattr (terminal->slave, TCSANOW, &terminal->found), ==, 0);
  g_assert_cmpint (kill (child->pid, SIGCONT), ==, 0);
  expect_answer (child, "continued", "1");
  expect_quiet (terminal, TRUE);
  expect_answer (child, "close", "ok");
  expect_found (terminal);
}

static void
test_background (void)
{
  g_autoptr (Terminal) terminal = terminal_new ();
  g_autoptr (Child) child = child_start (terminal->slave, terminal->slave, TRUE);

  expect_answer (child, "background", "ok");
  expect_answer (child, "open stdio", "ok");
  expect_found (terminal);
  expect_answer (child, "foreground", "ok");
  expect_answer (child, "resume", "ok");
  expect_quiet (terminal, TRUE);
  expect_answer (child, "close", "ok");
  expect_found (terminal);
}

static void
test_properties (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_stdio_backend_new (FALSE));
  g_autofree char *resource = charflow_backend_get_resource (backend);
  g_autofree char *uri = charflow_backend_get_uri (backend);
  gboolean signal_keys = TRUE;

  g_object_get (backend, "signal-keys", &signal_keys, NULL);
  g_assert_false (signal_keys);
  g_assert_cmpstr (resource, ==, "stdio");
  g_assert_cmpstr (uri, ==, "stdio");

  /* Without one that is open there is nothing to set or to restore. */
  charflow_backend_set_echo (backend, TRUE);
  charflow_stdio_backend_resume ();
  charflow_stdio_backend_restore ();
}

int
main (int    argc,
      char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "--child"))
    return run_child ();

  program = argv[0];
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stdio-backend/properties", test_properties);
  g_test_add_func ("/stdio-backend/S1/pipes", test_pipes);
  g_test_add_func ("/stdio-backend/S2/end-of-input", test_end_of_input);
  g_test_add_func ("/stdio-backend/S3/one-at-a-time", test_one_at_a_time);
  g_test_add_func ("/stdio-backend/S3/failed-start", test_failed_start);
  g_test_add_func ("/stdio-backend/S4/terminal", test_terminal);
  g_test_add_func ("/stdio-backend/S4/signal-keys-off", test_signal_keys_off);
  g_test_add_func ("/stdio-backend/S5/close-restores", test_close_restores);
  g_test_add_func ("/stdio-backend/S5/exit-restores", test_exit_restores);
  g_test_add_func ("/stdio-backend/S5/crash-restores", test_crash_restores);
  g_test_add_func ("/stdio-backend/S5/failed-start-restores", test_failed_start_restores);
  g_test_add_func ("/stdio-backend/S5/flags-restored", test_flags_restored);
  g_test_add_func ("/stdio-backend/S5/stop-and-continue", test_stop_and_continue);
  g_test_add_func ("/stdio-backend/S5/background", test_background);

  return g_test_run ();
}

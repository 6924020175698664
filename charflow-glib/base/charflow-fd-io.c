/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-fd-io-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-text-private.h"

/* A terminal gives at most 4,095 bytes at once (N_TTY_BUF_SIZE - 1), so that less than this is all it has. */
#define FULL_TERMINAL_READ 2048
/* So often it is asked whether there is more by now: a few microseconds in all. */
#define MAX_TERMINAL_LOOKS 4

static gboolean
is_raw_terminal (int fd)
{
  struct termios modes;

  return tcgetattr (fd, &modes) == 0 && (modes.c_lflag & ICANON) == 0;
}

CharflowFdType
charflow_fd_io_find_type (int fd)
{
  struct stat info;

  if (fstat (fd, &info) < 0)
    return CHARFLOW_FD_PLAIN;
  if (S_ISSOCK (info.st_mode))
    return CHARFLOW_FD_SOCKET;
  if (S_ISCHR (info.st_mode))
    return is_raw_terminal (fd) ? CHARFLOW_FD_TERMINAL : CHARFLOW_FD_PLAIN;

  /* Who has a pipe open for both is a reader and a writer of it, so that it never breaks or ends. */
  if (S_ISFIFO (info.st_mode) && (fcntl (fd, F_GETFL) & O_ACCMODE) != O_RDWR)
    return CHARFLOW_FD_PIPE;

  return CHARFLOW_FD_PLAIN;
}

int
charflow_fd_io_open (const char *path,
                     int         flags,
                     mode_t      mode,
                     GError    **error)
{
  int fd;

  do
    fd = open (path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);

  if (fd < 0)
    {
      int saved_errno = errno;
      g_autofree char *excerpt = charflow_text_excerpt (path);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   _("Could not open '%s': %s"), excerpt, g_strerror (saved_errno));
    }

  return fd;
}

/* Before its first writer comes, a fifo reads as if the last one had left, but does not hang up. */
static gboolean
has_pipe_ended (int fd)
{
  struct pollfd pfd = { .fd = fd, .events = POLLIN };

  return poll (&pfd, 1, 0) > 0 && (pfd.revents & POLLIN) == 0;
}

static gssize
read_once (int            fd,
           CharflowFdType type,
           void          *buffer,
           gsize          size)
{
  gssize len;

  do
    len = type == CHARFLOW_FD_SOCKET ? recv (fd, buffer, size, MSG_DONTWAIT) : read (fd, buffer, size);
  while (len < 0 && errno == EINTR);

  return len;
}

/* Looks without waiting, which read(2) and poll(2) do not: they sleep until the kernel's worker has handed on what was
 * written meanwhile, and to wake up takes longer than the few looks after which it mostly has. */
static gboolean
has_terminal_more (int fd)
{
  for (guint n = 0; n < MAX_TERMINAL_LOOKS; n++)
    {
      int available = 0;

      if (ioctl (fd, FIONREAD, &available) < 0)
        return FALSE;
      if (available >= FULL_TERMINAL_READ)
        return TRUE;
    }

  return FALSE;
}

/* What is wrong after some were read, and the end, are left to the next time. */
static gssize
read_terminal (int     fd,
               guint8 *buffer,
               gsize   size)
{
  gsize taken = 0;
  gssize len;

  do
    {
      len = read_once (fd, CHARFLOW_FD_TERMINAL, buffer + taken, size - taken);
      taken += MAX (len, 0);
    }
  while (len >= FULL_TERMINAL_READ && taken < size && has_terminal_more (fd));

  return taken > 0 ? (gssize) taken : len;
}

gssize
charflow_fd_io_read (int            fd,
                     CharflowFdType type,
                     void          *buffer,
                     gsize          size)
{
  gssize len;

  if (type == CHARFLOW_FD_TERMINAL)
    return read_terminal (fd, buffer, size);

  len = read_once (fd, type, buffer, size);
  if (len == 0 && type == CHARFLOW_FD_PIPE && !has_pipe_ended (fd))
    {
      errno = EAGAIN;
      return -1;
    }

  return len;
}

/* Only this thread is shielded, and only from the signal of this write: one that was pending before stays. */
static gssize
write_pipe (int           fd,
            const guint8 *data,
            gsize         size)
{
  const struct timespec now = { 0 };
  sigset_t broken_pipe;
  sigset_t pending;
  sigset_t old_mask;
  gssize len;
  int saved_errno;

  sigemptyset (&broken_pipe);
  sigaddset (&broken_pipe, SIGPIPE);
  sigemptyset (&pending);
  sigpending (&pending);
  if (sigismember (&pending, SIGPIPE) == 1)
    return write (fd, data, size);

  pthread_sigmask (SIG_BLOCK, &broken_pipe, &old_mask);
  len = write (fd, data, size);
  saved_errno = errno;
  if (len < 0 && saved_errno == EPIPE)
    {
      while (sigtimedwait (&broken_pipe, NULL, &now) < 0 && errno == EINTR)
        continue;
    }
  pthread_sigmask (SIG_SETMASK, &old_mask, NULL);
  errno = saved_errno;

  return len;
}

static gssize
write_once (int            fd,
            CharflowFdType type,
            const guint8  *data,
            gsize          size)
{
  switch (type)
    {
    case CHARFLOW_FD_SOCKET:
      return send (fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    case CHARFLOW_FD_PIPE:
      return write_pipe (fd, data, size);
    case CHARFLOW_FD_TERMINAL:
    case CHARFLOW_FD_PLAIN:
    default:
      return write (fd, data, size);
    }
}

gssize
charflow_fd_io_write (int            fd,
                      CharflowFdType type,
                      const guint8  *data,
                      gsize          size)
{
  gssize len;

  do
    len = write_once (fd, type, data, size);
  while (len < 0 && errno == EINTR);

  /* A terminal says 0 where a pipe would say EAGAIN. */
  if (len == 0 && size > 0)
    {
      errno = EAGAIN;
      return -1;
    }

  return len;
}

/* Another opening of an unnamed pipe or of a terminal is the same thing. With others it is not: a file is at its beginning
 * again, a fifo without a writer is not seen to have ended, and the master of a terminal is another terminal. */
static gboolean
can_reopen (int fd)
{
  struct statfs info;
  unsigned int number;

  if (isatty (fd))
    return ioctl (fd, TIOCGPTN, &number) < 0;

  return fstatfs (fd, &info) == 0 && info.f_type == PIPEFS_MAGIC;
}

static int
reopen (int fd)
{
  char path[64];
  int flags = fcntl (fd, F_GETFL);

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);

  return open (path, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

gboolean
charflow_fd_io_make_non_blocking (int       fd,
                                  gboolean *is_changed)
{
  struct stat info;
  int flags = fcntl (fd, F_GETFL);

  if (is_changed != NULL)
    *is_changed = FALSE;
  if (flags < 0 || fstat (fd, &info) < 0)
    return FALSE;
  if (S_ISREG (info.st_mode) || S_ISSOCK (info.st_mode) || (flags & O_NONBLOCK) != 0)
    return TRUE;

  if (is_changed != NULL)
    *is_changed = TRUE;
  return fcntl (fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

int
charflow_fd_io_borrow (int       fd,
                       gboolean *is_changed)
{
  int copy = can_reopen (fd) ? reopen (fd) : -1;

  *is_changed = FALSE;
  if (copy >= 0)
    return copy;

  copy = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (copy >= 0 && !charflow_fd_io_make_non_blocking (copy, is_changed))
    {
      int saved_errno = errno;

      close (copy);
      errno = saved_errno;
      return -1;
    }

  return copy;
}

void
charflow_fd_io_give_back (int      fd,
                          gboolean is_changed)
{
  if (is_changed)
    fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
  close (fd);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-output-file-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
is_fifo (int fd)
{
  struct stat info;

  return fstat (fd, &info) == 0 && S_ISFIFO (info.st_mode);
}

int
charflow_output_file_open (const char *path,
                           int         flags)
{
  int fd;

  flags |= O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  fd = open (path, O_WRONLY | flags, 0666);
  if (fd >= 0 && !is_fifo (fd))
    return fd;
  if (fd < 0 && errno != ENXIO)
    return -1;

  /* A fifo has a reader as long as we are one ourselves: others may come and go, and no write raises SIGPIPE. */
  if (fd >= 0)
    close (fd);
  return open (path, O_RDWR | flags, 0666);
}

gsize
charflow_output_file_write (int           fd,
                            const guint8 *data,
                            gsize         size)
{
  gsize taken = 0;

  while (taken < size)
    {
      gssize len = write (fd, data + taken, size - taken);

      if (len > 0)
        taken += len;
      else if (len == 0)
        errno = ENOSPC;
      if (len == 0 || (len < 0 && errno != EINTR))
        break;
    }

  return taken;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-ioctl-private.h"

#include <errno.h>
#include <sys/ioctl.h>

int
charflow_ioctl (int          fd,
                unsigned int request,
                gpointer     argument)
{
  int result;

  do
    result = ioctl (fd, request, argument);
  while (result < 0 && errno == EINTR);

  return result;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-fd-passing-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-enums.h"

#define CONTROL_SIZE CMSG_SPACE (CHARFLOW_MAX_PASSED_FDS * sizeof (int))

/* Aligned for the headers in it. */
typedef union
{
  char bytes[CONTROL_SIZE];
  struct cmsghdr header;
} Control;

static void
close_fd (gpointer fd)
{
  close (*(int *) fd);
}

static GArray *
new_fds (void)
{
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));

  g_array_set_clear_func (fds, close_fd);
  return fds;
}

gboolean
charflow_fd_passing_queue (CharflowFdPassing *self,
                           GUnixFDList       *fds,
                           GError           **error)
{
  int n = g_unix_fd_list_get_length (fds);
  g_autoptr (GArray) queued = new_fds ();

  if (n > CHARFLOW_MAX_PASSED_FDS)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Up to %d file descriptors can be sent at once, not %d"), CHARFLOW_MAX_PASSED_FDS, n);
      return FALSE;
    }

  for (int i = 0; i < n; i++)
    {
      int fd = g_unix_fd_list_get (fds, i, error);

      if (fd < 0)
        return FALSE;
      g_array_append_val (queued, fd);
    }

  g_clear_pointer (&self->queued, g_array_unref);
  if (n > 0)
    self->queued = g_steal_pointer (&queued);
  return TRUE;
}

GUnixFDList *
charflow_fd_passing_steal (CharflowFdPassing *self)
{
  g_autoptr (GArray) received = g_steal_pointer (&self->received);

  if (received == NULL)
    return NULL;

  g_array_set_clear_func (received, NULL);
  return g_unix_fd_list_new_from_array ((const int *) received->data, (int) received->len);
}

void
charflow_fd_passing_clear (CharflowFdPassing *self)
{
  g_clear_pointer (&self->queued, g_array_unref);
  g_clear_pointer (&self->received, g_array_unref);
}

static void
take_fds (CharflowFdPassing *self,
          struct msghdr     *message)
{
  g_autoptr (GArray) fds = new_fds ();

  for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header != NULL; header = CMSG_NXTHDR (message, header))
    {
      if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        g_array_append_vals (fds, CMSG_DATA (header), (header->cmsg_len - CMSG_LEN (0)) / sizeof (int));
    }

  /* Those that nobody wanted make room. */
  if (fds->len == 0)
    return;
  g_clear_pointer (&self->received, g_array_unref);
  self->received = g_steal_pointer (&fds);
}

gssize
charflow_fd_passing_receive (CharflowFdPassing *self,
                             int                fd,
                             void              *buffer,
                             gsize              size)
{
  struct iovec vector = { .iov_base = buffer, .iov_len = size };
  Control control;
  struct msghdr message = {
    .msg_iov = &vector,
    .msg_iovlen = 1,
    .msg_control = &control,
    .msg_controllen = sizeof control,
  };
  gssize len = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

  if (len >= 0 && message.msg_controllen > 0)
    take_fds (self, &message);
  if (len >= 0 && (message.msg_flags & MSG_CTRUNC) != 0)
    g_debug ("A peer sent more than %d file descriptors with one message", CHARFLOW_MAX_PASSED_FDS);

  return len;
}

gssize
charflow_fd_passing_send (CharflowFdPassing *self,
                          int                fd,
                          const guint8      *data,
                          gsize              size)
{
  struct iovec vector = { .iov_base = (void *) data, .iov_len = size };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  struct cmsghdr *header;
  Control control;
  gsize fds_size;
  gssize len;

  if (self->queued == NULL)
    return send (fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

  fds_size = self->queued->len * sizeof (int);
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE (fds_size);
  memset (&control, 0, sizeof control);
  header = CMSG_FIRSTHDR (&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (fds_size);
  memcpy (CMSG_DATA (header), self->queued->data, fds_size);

  len = sendmsg (fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (len > 0)
    g_clear_pointer (&self->queued, g_array_unref);

  return len;
}

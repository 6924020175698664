/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-server-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-enums.h"

static GSocket *
refuse (const char *what,
        int         fd,
        const char *reason,
        GError    **error)
{
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               /* Translators: the name of an option or of an argument, a number, why it is not right. */
               _("'%s' expects the number of a socket, not %d: %s"), what, fd, reason);
  return NULL;
}

static gboolean
get_option (int  fd,
            int  name,
            int *value)
{
  socklen_t size = sizeof *value;

  return getsockopt (fd, SOL_SOCKET, name, value, &size) == 0;
}

/* GSocket takes the number of something else for a bug of the program, and ends it. */
static gboolean
check_stream (const char *what,
              int         fd,
              GError    **error)
{
  int type;

  if (!get_option (fd, SO_TYPE, &type))
    {
      refuse (what, fd, g_strerror (errno), error);
      return FALSE;
    }

  if (type != SOCK_STREAM)
    {
      refuse (what, fd, _("it is not of the kind SOCK_STREAM"), error);
      return FALSE;
    }

  return TRUE;
}

static gboolean
is_connected (int fd)
{
  struct sockaddr_storage address;
  socklen_t size = sizeof address;

  return getpeername (fd, (struct sockaddr *) &address, &size) == 0;
}

/* The caller's number stays valid as long as something may still fail. */
static GSocket *
adopt (const char *what,
       int         fd,
       GError    **error)
{
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  GSocket *socket;

  if (copy < 0)
    return refuse (what, fd, g_strerror (errno), error);

  socket = g_socket_new_from_fd (copy, error);
  if (socket == NULL)
    {
      close (copy);
      return NULL;
    }

  close (fd);
  return socket;
}

GSocket *
charflow_socket_adopt_listener (int         fd,
                                const char *what,
                                GError    **error)
{
  GSocket *socket;
  int is_listening = 0;

  if (!check_stream (what, fd, error))
    return NULL;
  if (is_connected (fd))
    return refuse (what, fd, _("it is connected"), error);

  /* One that is bound only can listen now. */
  get_option (fd, SO_ACCEPTCONN, &is_listening);
  if (!is_listening && listen (fd, 1) < 0)
    return refuse (what, fd, g_strerror (errno), error);

  socket = adopt (what, fd, error);
  if (socket != NULL)
    g_socket_set_blocking (socket, FALSE);
  return socket;
}

GSocket *
charflow_socket_adopt_peer (int         fd,
                            const char *what,
                            GError    **error)
{
  if (!check_stream (what, fd, error))
    return NULL;
  if (!is_connected (fd))
    return refuse (what, fd, _("it is not connected"), error);

  return adopt (what, fd, error);
}

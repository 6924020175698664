/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-util-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "charflow-text-private.h"

/* SPICE's server has the same. */
#define KEEPALIVE_IDLE_S 600

/* The last byte of the field is for the terminator that other programs expect. */
#define MAX_UNIX_PATH (sizeof (((struct sockaddr_un *) NULL)->sun_path) - 1)

/* All of an address that can be done before it is in use by this. */
static GSocket *
new_listening_socket (GSocketAddress        *address,
                      CharflowSocketFamilies families,
                      int                    backlog,
                      GError               **error)
{
  GSocketFamily family = g_socket_address_get_family (address);
  g_autoptr (GSocket) socket = g_socket_new (family, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, backlog);

  if (family == G_SOCKET_FAMILY_IPV6)
    {
      GInetAddress *ip = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
      gboolean only = families == CHARFLOW_SOCKET_ONE_FAMILY || !g_inet_address_get_is_any (ip);

      if (!g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, only, error))
        return NULL;
    }

  return g_steal_pointer (&socket);
}

GSocket *
charflow_socket_listen (GSocketAddress        *address,
                        CharflowSocketFamilies families,
                        int                    backlog,
                        GError               **error)
{
  g_autoptr (GSocket) socket = new_listening_socket (address, families, backlog, error);
  gboolean inet = g_socket_address_get_family (address) != G_SOCKET_FAMILY_UNIX;

  if (socket == NULL || !g_socket_bind (socket, address, inet, error) || !g_socket_listen (socket, error))
    {
      g_autofree char *text = charflow_socket_address_to_string (address);

      g_prefix_error (error, _("Could not listen on '%s': "), text);
      return NULL;
    }

  return g_steal_pointer (&socket);
}

/* Tells by connecting whether somebody serves @path; returns 0 if so, or the errno. */
static int
try_path (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int saved_errno = 0;

  if (fd < 0)
    return errno;

  memcpy (address.sun_path, path, strlen (path));
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    saved_errno = errno;
  close (fd);

  return saved_errno;
}

/* Only a socket that nobody serves is removed. */
static gboolean
make_way (const char *path,
          GError    **error)
{
  struct stat info;
  int problem;

  if (lstat (path, &info) < 0)
    return TRUE; /* bind() says it if this was not ENOENT */

  if (!S_ISSOCK (info.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                   _("Could not listen on '%s': it exists and is no socket"), path);
      return FALSE;
    }

  problem = try_path (path);
  if (problem == ENOENT)
    return TRUE;

  /* EAGAIN: a server with a full backlog; EPROTOTYPE: a socket of another type. */
  if (problem == 0 || problem == EAGAIN || problem == EPROTOTYPE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                   _("Could not listen on '%s': a server is using it"), path);
      return FALSE;
    }

  if (problem != ECONNREFUSED || (g_unlink (path) < 0 && (problem = errno) != ENOENT))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (problem),
                   _("Could not listen on '%s': %s"), path, g_strerror (problem));
      return FALSE;
    }

  return TRUE;
}

static gboolean
set_mode (const char *path,
          int         mode,
          GError    **error)
{
  int saved_errno;

  if (mode == CHARFLOW_SOCKET_MODE_BY_UMASK || g_chmod (path, mode) == 0)
    return TRUE;

  saved_errno = errno;
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), g_strerror (saved_errno));
  return FALSE;
}

GSocket *
charflow_socket_listen_unix (const char        *path,
                             int                mode,
                             int                backlog,
                             CharflowUnixPath **made,
                             GError           **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (CharflowUnixPath) bound = NULL;

  if (*path == '\0' || strlen (path) > MAX_UNIX_PATH)
    {
      g_autofree char *excerpt = charflow_text_excerpt (path);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
                   _("Could not listen on '%s': the path has to be of 1 to %u bytes"),
                   excerpt, (guint) MAX_UNIX_PATH);
      return NULL;
    }

  if (!make_way (path, error))
    return NULL;

  address = g_unix_socket_address_new (path);
  socket = new_listening_socket (address, CHARFLOW_SOCKET_ONE_FAMILY, backlog, error);
  if (socket != NULL && g_socket_bind (socket, address, FALSE, error))
    bound = charflow_unix_path_new (path);
  if (bound == NULL || !set_mode (path, mode, error) || !g_socket_listen (socket, error))
    {
      g_prefix_error (error, _("Could not listen on '%s': "), path);
      return NULL;
    }

  *made = g_steal_pointer (&bound);
  return g_steal_pointer (&socket);
}

CharflowUnixPath *
charflow_unix_path_new (const char *path)
{
  CharflowUnixPath *made = g_new0 (CharflowUnixPath, 1);

  made->path = g_strdup (path);
  made->fd = open (path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

  return made;
}

static gboolean
is_still_there (CharflowUnixPath *made)
{
  struct stat now;
  struct stat then;

  return made->fd >= 0 && fstat (made->fd, &then) == 0 && lstat (made->path, &now) == 0 &&
         now.st_dev == then.st_dev && now.st_ino == then.st_ino;
}

void
charflow_unix_path_free (CharflowUnixPath *made)
{
  if (is_still_there (made))
    g_unlink (made->path);

  if (made->fd >= 0)
    close (made->fd);
  g_free (made->path);
  g_free (made);
}

static char *
unix_address_to_string (GUnixSocketAddress *address)
{
  g_autofree char *path = g_utf8_make_valid (g_unix_socket_address_get_path (address), -1);
  gboolean abstract = g_unix_socket_address_get_address_type (address) == G_UNIX_SOCKET_ADDRESS_ABSTRACT;

  return g_strconcat ("unix:", path, abstract ? ",abstract=on" : NULL, NULL);
}

char *
charflow_socket_address_to_string (GSocketAddress *address)
{
  GInetSocketAddress *inet;
  g_autofree char *host = NULL;
  guint port;

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return unix_address_to_string (G_UNIX_SOCKET_ADDRESS (address));
  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return g_strdup (G_OBJECT_TYPE_NAME (address));

  inet = G_INET_SOCKET_ADDRESS (address);
  host = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  port = g_inet_socket_address_get_port (inet);
  if (strchr (host, ':') != NULL)
    return g_strdup_printf ("[%s]:%u", host, port);

  return g_strdup_printf ("%s:%u", host, port);
}

void
charflow_socket_tune (GSocket *socket)
{
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX)
    return;

  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
}

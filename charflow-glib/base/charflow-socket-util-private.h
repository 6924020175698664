/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What was made at a path, so that only that is removed again. */
typedef struct
{
  char *path;
  int fd; /* of the thing itself: while it is held, its inode number means nothing else */
} CharflowUnixPath;

/* Remembers what is at @path now. */
CharflowUnixPath *charflow_unix_path_new (const char *path);

/* What listening on the address of any interface in IPv6 means. */
typedef enum
{
  CHARFLOW_SOCKET_BOTH_FAMILIES,
  CHARFLOW_SOCKET_ONE_FAMILY,
} CharflowSocketFamilies;

/* Listens on @address; @backlog as listen(2) has it. Never blocks. */
GSocket *charflow_socket_listen (GSocketAddress        *address,
                                 CharflowSocketFamilies families,
                                 int                    backlog,
                                 GError               **error);

/* What the permissions of a socket are by default. */
#define CHARFLOW_SOCKET_MODE_BY_UMASK (-1)

/* Listens on @path, which gets the permissions @mode before anybody can connect: what a dead server left there is
 * replaced, anything else is refused. */
GSocket *charflow_socket_listen_unix (const char        *path,
                                      int                mode,
                                      int                backlog,
                                      CharflowUnixPath **made,
                                      GError           **error);

/* Removes the path, if it still is what was made. */
void charflow_unix_path_free (CharflowUnixPath *made);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowUnixPath, charflow_unix_path_free)

/* Has a TCP connection send small messages at once, and notice in the end when its peer is gone. */
void charflow_socket_tune (GSocket *socket);

/* The peer or the local end of @socket for people: "127.0.0.1:5930", "[::1]:5930", "unix:PATH". */
char *charflow_socket_address_to_string (GSocketAddress *address);

G_END_DECLS

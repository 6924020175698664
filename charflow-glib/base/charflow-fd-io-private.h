/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a descriptor needs so that it neither blocks nor kills. */
typedef enum
{
  CHARFLOW_FD_PLAIN, /* non-blocking by its flags, or a file that never blocks */
  CHARFLOW_FD_PIPE, /* a write may raise SIGPIPE, and a read find no writer that has come yet */
  CHARFLOW_FD_SOCKET, /* its calls take flags of their own */
  CHARFLOW_FD_TERMINAL, /* in raw mode; a read(2) brings little of what waits, and may sleep for it */
} CharflowFdType;

CharflowFdType charflow_fd_io_find_type (int fd);

/* Opens without blocking, closed on exec, and never as the terminal that controls the process; @flags and @mode as open(2) has
 * them. Fails with "Could not open '…': …". */
int charflow_fd_io_open (const char *path,
                         int         flags,
                         mode_t      mode,
                         GError    **error);

/* Reads what there is now. As read(2), and never interrupted. A fifo that nobody has written to yet is not at its end. */
gssize charflow_fd_io_read (int            fd,
                            CharflowFdType type,
                            void          *buffer,
                            gsize          size);

/* Writes once. As write(2), and never interrupted. Less than all means that there is no more room. Raises no SIGPIPE. */
gssize charflow_fd_io_write (int            fd,
                             CharflowFdType type,
                             const guint8  *data,
                             gsize          size);

/* Makes what could block non-blocking: a regular file never does, and a socket has the flags of its calls. Tells whether that
 * changed anything. Returns FALSE with errno set. */
gboolean charflow_fd_io_make_non_blocking (int       fd,
                                           gboolean *is_changed);

/* Makes a descriptor of our own of one that others may share, with flags of its own where the system lets us. Where it does
 * not, the shared ones are made non-blocking, and @is_changed is set. Returns -1 with errno set where that fails. */
int charflow_fd_io_borrow (int       fd,
                           gboolean *is_changed);

/* Closes what was borrowed; where that was changed, the shared flags are as they were. */
void charflow_fd_io_give_back (int      fd,
                               gboolean is_changed);

G_END_DECLS

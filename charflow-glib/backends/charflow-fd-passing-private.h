/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/* More than this in one message are not sent, and not received. */
#define CHARFLOW_MAX_PASSED_FDS 16

/* The descriptors that travel with the bytes of a UNIX socket. */
typedef struct
{
  GArray *queued; /* to go with the next byte, or NULL */
  GArray *received; /* that nobody took yet, or NULL */
} CharflowFdPassing;

/* Duplicates them, and replaces what was queued before. */
gboolean charflow_fd_passing_queue (CharflowFdPassing *self,
                                    GUnixFDList       *fds,
                                    GError           **error);
/* NULL when there are none. */
GUnixFDList *charflow_fd_passing_steal (CharflowFdPassing *self);
void charflow_fd_passing_clear (CharflowFdPassing *self);

/* As recv() and send() without waiting. What was queued goes with the first byte that is taken, once. */
gssize charflow_fd_passing_receive (CharflowFdPassing *self,
                                    int                fd,
                                    void              *buffer,
                                    gsize              size);
gssize charflow_fd_passing_send (CharflowFdPassing *self,
                                 int                fd,
                                 const guint8      *data,
                                 gsize              size);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-fd-backend.h"

G_BEGIN_DECLS

/* The descriptors that are open, or -1. */
int charflow_fd_backend_get_input (CharflowFdBackend *self);
int charflow_fd_backend_get_output (CharflowFdBackend *self);

/* For open_fds: a copy of a descriptor that others may share. It can be read where @access is O_RDONLY, written to where it
 * is O_WRONLY. Its flags are as they were once the copy is closed. Returns -1 with an error. */
int charflow_fd_backend_borrow (CharflowFdBackend *self,
                                int                fd,
                                int                access,
                                GError           **error);
/* Whether the flags that it shares were changed for it. */
gboolean charflow_fd_backend_is_changed (CharflowFdBackend *self,
                                         int                fd);
/* Closes one that open_fds does not hand out after all. */
void charflow_fd_backend_give_back (CharflowFdBackend *self,
                                    int                fd);

/* For a subclass that keeps some of what it read for later: there is something to read, whatever the descriptor says. */
void charflow_fd_backend_set_readable (CharflowFdBackend *self,
                                       gboolean           readable);

/* For an active back end that loses its descriptors and gets new ones: neither announces anything. */
void charflow_fd_backend_drop_fds (CharflowFdBackend *self);
gboolean charflow_fd_backend_acquire_fds (CharflowFdBackend *self,
                                          GError           **error);

G_END_DECLS

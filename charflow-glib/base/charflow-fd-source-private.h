/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The live sources of one file descriptor, or of an input and an output, so that none outlives them: the number would soon
 * mean another file. */
typedef struct _CharflowFdSources CharflowFdSources;

CharflowFdSources *charflow_fd_sources_new (void);
void charflow_fd_sources_free (CharflowFdSources *self);

/* A source for @condition, G_IO_HUP or G_IO_ERR on @fd, dispatched to a GSourceFunc. With -1 for @fd
 * only charflow_fd_sources_set_ready() makes it ready. */
GSource *charflow_fd_sources_create (CharflowFdSources *self,
                                     int                fd,
                                     GIOCondition       condition);

/* G_IO_IN, G_IO_OUT, both or none: what is so whatever the descriptor says, such as that there is something
 * to read in a buffer. Holds for the sources there are and those to come. */
void charflow_fd_sources_set_ready (CharflowFdSources *self,
                                    GIOCondition       ready);
/* The same with an input and an output, which may be one, or -1 for none: G_IO_IN is that of the former, G_IO_OUT that of the
 * latter. Returns NULL when there is nothing to wait for. */
GSource *charflow_fd_sources_create_pair (CharflowFdSources *self,
                                          int                in_fd,
                                          int                out_fd,
                                          GIOCondition       condition);

/* Destroys all of them. To be called before the descriptor is closed. */
void charflow_fd_sources_destroy (CharflowFdSources *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowFdSources, charflow_fd_sources_free)

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The live sources of one file descriptor, so that none outlives it: the number would soon mean
 * another file. */
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

/* Destroys all of them. To be called before the descriptor is closed. */
void charflow_fd_sources_destroy (CharflowFdSources *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowFdSources, charflow_fd_sources_free)

G_END_DECLS

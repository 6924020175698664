/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The live sources of one file descriptor, or of an input and an output, so that none outlives them: the number would soon
 * mean another file. */
typedef struct _CharflowFdSources CharflowFdSources;

CharflowFdSources *charflow_fd_sources_new (void);
void charflow_fd_sources_free (CharflowFdSources *self);

/* A source for @condition, G_IO_HUP or G_IO_ERR on @fd, dispatched to a GSourceFunc. */
GSource *charflow_fd_sources_create (CharflowFdSources *self,
                                     int                fd,
                                     GIOCondition       condition);

/* The same with an input and an output, which may be one, or -1 for none: G_IO_IN is that of the former, G_IO_OUT that of the
 * latter. Returns NULL when there is nothing to wait for. */
GSource *charflow_fd_sources_create_pair (CharflowFdSources *self,
                                          int                in_fd,
                                          int                out_fd,
                                          GIOCondition       condition);

/* Whether more can be read than what the descriptor has: those that wait for input are ready then, the later ones too. */
void charflow_fd_sources_set_readable (CharflowFdSources *self,
                                       gboolean           readable);

/* Destroys all of them. To be called before the descriptor is closed. */
void charflow_fd_sources_destroy (CharflowFdSources *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowFdSources, charflow_fd_sources_free)

G_END_DECLS

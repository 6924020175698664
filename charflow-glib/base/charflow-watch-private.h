/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Waits for one file descriptor, of which a context may have thousands. A GSource for each costs at every turn of the
 * context, whichever of them is ready; all the watches of a context share one, and what is idle costs nothing. */
typedef struct _CharflowWatch CharflowWatch;

/* What of the wanted is ready; G_IO_HUP and G_IO_ERR also come unasked, while anything is wanted. The watch may be
 * freed meanwhile. */
typedef void (*CharflowWatchFunc) (GIOCondition condition,
                                   gpointer     user_data);

CharflowWatch *charflow_watch_new (GMainContext     *context,
                                   int               fd,
                                   CharflowWatchFunc callback,
                                   gpointer          user_data);
/* To be called before the descriptor is closed. */
void charflow_watch_free (CharflowWatch *self);

/* G_IO_IN, G_IO_OUT, both or none; none at first. */
void charflow_watch_want (CharflowWatch *self,
                          GIOCondition   condition);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowWatch, charflow_watch_free)

G_END_DECLS

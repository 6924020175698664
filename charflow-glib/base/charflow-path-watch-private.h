/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tells when it may be worth to open a path that could not be opened: something of that name came to its folder or was changed
 * there, or, since not every system tells that of every folder, some time has passed. */
typedef struct _CharflowPathWatch CharflowPathWatch;

/* May free the watch. */
typedef void (*CharflowPathWatchFunc) (gpointer user_data);

CharflowPathWatch *charflow_path_watch_new (GMainContext         *context,
                                            const char           *path,
                                            guint                 interval_s,
                                            CharflowPathWatchFunc callback,
                                            gpointer              user_data);
void charflow_path_watch_free (CharflowPathWatch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowPathWatch, charflow_path_watch_free)

G_END_DECLS

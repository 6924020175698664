/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "charflow-uri-private.h"

G_BEGIN_DECLS

/* A place where a server listens. */
typedef struct _CharflowListener CharflowListener;

/* A peer came; the callback takes no reference. */
typedef void (*CharflowListenerFunc) (CharflowListener *listener,
                                      GSocket          *socket,
                                      gpointer          user_data);

CharflowListener *charflow_listener_new (const CharflowUri   *uri,
                                         CharflowListenerFunc callback,
                                         gpointer             user_data,
                                         GError             **error);
void charflow_listener_free (CharflowListener *listener);

/* Its URI, with the port that it really has. */
const char *charflow_listener_get_uri (CharflowListener *listener);

/* A connection has gone: one that ran out of file descriptors accepts again. */
void charflow_listener_resume (CharflowListener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowListener, charflow_listener_free)

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Finds the address of a host that is given by name or by number, in one family or, with
 * G_SOCKET_FAMILY_INVALID, in any. Its errors name the host. */
void charflow_host_resolve_async (const char         *host,
                                  guint16             port,
                                  GSocketFamily       family,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data);
GSocketAddress *charflow_host_resolve_finish (GAsyncResult *result,
                                              GError      **error);

G_END_DECLS

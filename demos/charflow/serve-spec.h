/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <charflow-glib/charflow.h>

G_BEGIN_DECLS

/* What --channel says. */
typedef struct
{
  char *name;
  char *chardev;
  CharflowOverflow overflow;
  guint stall_time; /* ms */
  gboolean keep_unread;
  gboolean read_only;
  CharflowBackend *backend; /* the one that @chardev names */
} ServeChannel;

void serve_channel_free (ServeChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ServeChannel, serve_channel_free)

/* Makes the back ends of --chardev, and the channels of --channel with a back end each; both may be
 * NULL, and the channels that go without saying are added. Nothing is opened. */
GPtrArray *serve_spec_parse (const char *const *chardevs,
                             const char *const *channels,
                             GError           **error);

G_END_DECLS

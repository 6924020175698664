/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Says which clients of a device miss data, for as long as the list of them lives: at once, then at
 * most every ten seconds for each, and what is left when it goes. */
void missed_watch (GListModel *clients);

G_END_DECLS

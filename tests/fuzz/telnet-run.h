/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-telnet-codec-private.h"

G_BEGIN_DECLS

/* Has a peer say @prelude and then @data, in pieces of several sizes and with rooms of several sizes, and checks
 * that all of that comes to the same: data, events and replies in the same order; that nothing grows; and that each
 * call gets somewhere. With records, their bounds have to be the same, too. */
void telnet_run_splits (CharflowTelnetRole  role,
                        CharflowTelnetFlags flags,
                        GBytes             *prelude,
                        const guint8       *data,
                        gsize               size);

/* Checks that what one end encodes is what the other one decodes. */
void telnet_run_both_ends (CharflowTelnetFlags flags,
                           gboolean            is_binary,
                           const guint8       *data,
                           gsize               size);

G_END_DECLS

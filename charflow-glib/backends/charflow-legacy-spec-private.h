/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-spec-private.h"

G_BEGIN_DECLS

/* The syntax of QEMU's -serial and -monitor, in which one string says it all: "tcp:HOST:PORT". */

/* Whether @spec is in this syntax; what is a kind alone is the same in both. */
gboolean charflow_legacy_spec_is_one (const char *spec);

/* Turns a spec in this syntax into the items that say the same. */
gboolean charflow_legacy_spec_parse (GPtrArray  *items,
                                     const char *spec,
                                     GError    **error);

/* The label in "chardev:LABEL", which stands for a back end that there is already; NULL for any other
 * spec. */
const char *charflow_legacy_spec_get_reference (const char *spec);

G_END_DECLS

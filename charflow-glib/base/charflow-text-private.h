/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The beginning of what an outsider gave, fit to be repeated in a message: short, in UTF-8, on
 * one line. */
char *charflow_text_excerpt (const char *text);

G_END_DECLS

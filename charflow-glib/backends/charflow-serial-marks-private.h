/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Undoes how a terminal marks a break in what is read from it: termios(3), PARMRK. A break reads as FF 00 00, a byte that came
 * with an error as FF 00 and the byte, and FF as FF FF. */
typedef struct
{
  guint n_seen; /* bytes of a mark that has not come to its end */
} CharflowSerialMarks;

/* Decodes in place, up to the first break: @is_break, and then what follows is left as it is. Returns how many of the bytes
 * were used, and puts in @n_decoded how many that makes, at the beginning of the data. A mark may be in pieces. */
gsize charflow_serial_marks_decode (CharflowSerialMarks *self,
                                    guint8              *data,
                                    gsize                size,
                                    gsize               *n_decoded,
                                    gboolean            *is_break);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-serial-marks-private.h"

#include <string.h>

#define MARK 0xFF

/* How many bytes have no mark among them. */
static gsize
find_mark (const guint8 *data,
           gsize         size)
{
  const guint8 *found = memchr (data, MARK, size);

  return found != NULL ? (gsize) (found - data) : size;
}

/* Takes the next byte of a mark. Returns whether it is data. */
static gboolean
take_byte (CharflowSerialMarks *self,
           guint8               byte,
           gboolean            *is_break)
{
  switch (self->n_seen)
    {
    case 0:
      self->n_seen = 1;
      return FALSE;
    case 1:
      self->n_seen = byte == 0 ? 2 : 0;
      return byte != 0;
    default:
      self->n_seen = 0;
      *is_break = byte == 0;
      return byte != 0;
    }
}

gsize
charflow_serial_marks_decode (CharflowSerialMarks *self,
                              guint8              *data,
                              gsize                size,
                              gsize               *n_decoded,
                              gboolean            *is_break)
{
  gsize from = 0;
  gsize to = 0;

  *is_break = FALSE;
  while (from < size && !*is_break)
    {
      gsize plain = self->n_seen == 0 ? find_mark (data + from, size - from) : 0;

      if (plain > 0 && to != from)
        memmove (data + to, data + from, plain);
      from += plain;
      to += plain;
      if (from == size)
        break;

      if (take_byte (self, data[from], is_break))
        data[to++] = data[from];
      from++;
    }

  *n_decoded = to;
  return from;
}

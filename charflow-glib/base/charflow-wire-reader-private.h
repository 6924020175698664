/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads little-endian values out of bytes from a peer. Whoever reads past the end gets zeros, and the
 * reader remembers that: a parser reads all it needs and then asks once. */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize offset;
  gboolean failed;
} CharflowWireReader;

void charflow_wire_reader_init (CharflowWireReader *reader,
                                const guint8       *data,
                                gsize               size);

guint8 charflow_wire_reader_u8 (CharflowWireReader *reader);
guint16 charflow_wire_reader_u16 (CharflowWireReader *reader);
guint32 charflow_wire_reader_u32 (CharflowWireReader *reader);
guint64 charflow_wire_reader_u64 (CharflowWireReader *reader);

/* The next @size bytes, still the peer's memory; NULL past the end. */
const guint8 *charflow_wire_reader_bytes (CharflowWireReader *reader,
                                          gsize               size);

/* Goes on at an offset that the peer gave, counted from the start. */
void charflow_wire_reader_seek (CharflowWireReader *reader,
                                guint64             offset);

gsize charflow_wire_reader_get_left (const CharflowWireReader *reader);

G_END_DECLS

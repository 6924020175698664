/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Builds the little-endian body of a message. */
typedef GByteArray CharflowWireWriter;

CharflowWireWriter *charflow_wire_writer_new (void);
void charflow_wire_writer_u8 (CharflowWireWriter *writer,
                              guint8              value);
void charflow_wire_writer_u16 (CharflowWireWriter *writer,
                               guint16             value);
void charflow_wire_writer_u32 (CharflowWireWriter *writer,
                               guint32             value);
void charflow_wire_writer_u64 (CharflowWireWriter *writer,
                               guint64             value);
void charflow_wire_writer_bytes (CharflowWireWriter *writer,
                                 const void         *data,
                                 gsize               size);

/* Ends it; the writer is gone. */
GBytes *charflow_wire_writer_finish (CharflowWireWriter *writer);

G_END_DECLS

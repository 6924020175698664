/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-wire-writer-private.h"

CharflowWireWriter *
charflow_wire_writer_new (void)
{
  return g_byte_array_new ();
}

void
charflow_wire_writer_u8 (CharflowWireWriter *writer,
                         guint8              value)
{
  g_byte_array_append (writer, &value, sizeof value);
}

void
charflow_wire_writer_u16 (CharflowWireWriter *writer,
                          guint16             value)
{
  value = GUINT16_TO_LE (value);
  g_byte_array_append (writer, (const guint8 *) &value, sizeof value);
}

void
charflow_wire_writer_u32 (CharflowWireWriter *writer,
                          guint32             value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (writer, (const guint8 *) &value, sizeof value);
}

void
charflow_wire_writer_u64 (CharflowWireWriter *writer,
                          guint64             value)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (writer, (const guint8 *) &value, sizeof value);
}

void
charflow_wire_writer_bytes (CharflowWireWriter *writer,
                            const void         *data,
                            gsize               size)
{
  g_byte_array_append (writer, data, size);
}

GBytes *
charflow_wire_writer_finish (CharflowWireWriter *writer)
{
  return g_byte_array_free_to_bytes (writer);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-wire-reader-private.h"

#include <string.h>

void
charflow_wire_reader_init (CharflowWireReader *reader,
                           const guint8       *data,
                           gsize               size)
{
  reader->data = data;
  reader->size = size;
  reader->offset = 0;
  reader->failed = FALSE;
}

const guint8 *
charflow_wire_reader_bytes (CharflowWireReader *reader,
                            gsize               size)
{
  const guint8 *start;

  if (reader->failed || size > reader->size - reader->offset)
    {
      reader->failed = TRUE;
      return NULL;
    }

  start = reader->data + reader->offset;
  reader->offset += size;
  return start;
}

guint8
charflow_wire_reader_u8 (CharflowWireReader *reader)
{
  const guint8 *bytes = charflow_wire_reader_bytes (reader, 1);

  return bytes == NULL ? 0 : bytes[0];
}

guint16
charflow_wire_reader_u16 (CharflowWireReader *reader)
{
  const guint8 *bytes = charflow_wire_reader_bytes (reader, sizeof (guint16));
  guint16 value = 0;

  if (bytes != NULL)
    memcpy (&value, bytes, sizeof value);

  return GUINT16_FROM_LE (value);
}

guint32
charflow_wire_reader_u32 (CharflowWireReader *reader)
{
  const guint8 *bytes = charflow_wire_reader_bytes (reader, sizeof (guint32));
  guint32 value = 0;

  if (bytes != NULL)
    memcpy (&value, bytes, sizeof value);

  return GUINT32_FROM_LE (value);
}

guint64
charflow_wire_reader_u64 (CharflowWireReader *reader)
{
  const guint8 *bytes = charflow_wire_reader_bytes (reader, sizeof (guint64));
  guint64 value = 0;

  if (bytes != NULL)
    memcpy (&value, bytes, sizeof value);

  return GUINT64_FROM_LE (value);
}

void
charflow_wire_reader_seek (CharflowWireReader *reader,
                           guint64             offset)
{
  if (reader->failed || offset > reader->size)
    {
      reader->failed = TRUE;
      return;
    }

  reader->offset = offset;
}

gsize
charflow_wire_reader_get_left (const CharflowWireReader *reader)
{
  return reader->size - reader->offset;
}

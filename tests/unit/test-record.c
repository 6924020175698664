/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-record.h"

#include <string.h>

#define HEADER_SIZE 20
#define ENTRY_SIZE 16

static void
add_number (GByteArray *record,
            guint64     value,
            guint       size)
{
  for (guint i = 0; i < size; i++)
    {
      guint8 byte = value >> (8 * i);

      g_byte_array_append (record, &byte, 1);
    }
}

static guint64
get_number (const guint8 *data,
            guint         size)
{
  guint64 value = 0;

  for (guint i = 0; i < size; i++)
    value |= (guint64) data[i] << (8 * i);

  return value;
}

GByteArray *
test_record_new (void)
{
  GByteArray *record = g_byte_array_new ();

  g_byte_array_append (record, (const guint8 *) "CFRECORD", 8);
  add_number (record, 1, 4);
  add_number (record, 1700000000000000, 8);

  return record;
}

void
test_record_add (GByteArray *record,
                 guint64     time_us,
                 guint       backend,
                 guint       kind,
                 guint       event,
                 const char *bytes)
{
  add_number (record, time_us, 8);
  add_number (record, strlen (bytes), 4);
  add_number (record, backend, 2);
  add_number (record, kind, 1);
  add_number (record, event, 1);
  g_byte_array_append (record, (const guint8 *) bytes, strlen (bytes));
}

static gsize
add_entry_as_text (GString      *text,
                   const guint8 *data,
                   gsize         left)
{
  static const char marks[] = "+<>!.";
  gsize size = left < ENTRY_SIZE ? left : get_number (data + 8, 4);
  guint kind = left < ENTRY_SIZE ? G_MAXUINT : data[14];

  if (kind > TEST_RECORD_END || size > left - ENTRY_SIZE)
    {
      g_string_append (text, "? ");
      return left;
    }

  if (kind != TEST_RECORD_END)
    g_string_append_printf (text, "%u", (guint) get_number (data + 12, 2));
  g_string_append_c (text, marks[kind]);
  if (kind == TEST_RECORD_EVENT)
    g_string_append_printf (text, "%u", data[15]);
  g_string_append_len (text, (const char *) data + ENTRY_SIZE, size);
  g_string_append_c (text, ' ');

  return ENTRY_SIZE + size;
}

char *
test_record_to_text (const char *path)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *contents = NULL;
  gsize offset = HEADER_SIZE;
  gsize size;

  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_cmpuint (size, >=, HEADER_SIZE);
  g_assert_cmpmem (contents, 12, "CFRECORD\1\0\0\0", 12);
  while (offset < size)
    offset += add_entry_as_text (text, (const guint8 *) contents + offset, size - offset);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include "charflow-wire-reader-private.h"

static const guint8 bytes[] = { 1, 2, 3, 4, 5, 6, 7, 0x88 };

/* Every getter as a number, so that a table can name them. */
static guint64
get (CharflowWireReader *reader,
     gsize               width)
{
  switch (width)
    {
    case 1:
      return charflow_wire_reader_u8 (reader);
    case 2:
      return charflow_wire_reader_u16 (reader);
    case 4:
      return charflow_wire_reader_u32 (reader);
    default:
      return charflow_wire_reader_u64 (reader);
    }
}

static void
test_getters (void)
{
  static const struct
  {
    gsize width;
    guint64 first;
    guint64 last;
  } rows[] = {
    { 1, 0x01, 0x88 },
    { 2, 0x0201, 0x8807 },
    { 4, 0x04030201, 0x88070605 },
    { 8, G_GUINT64_CONSTANT (0x8807060504030201), G_GUINT64_CONSTANT (0x8807060504030201) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const gsize width = rows[i].width;
      CharflowWireReader reader;

      charflow_wire_reader_init (&reader, bytes, sizeof bytes);
      g_assert_cmphex (get (&reader, width), ==, rows[i].first);
      g_assert_cmpuint (reader.offset, ==, width);

      charflow_wire_reader_seek (&reader, sizeof bytes - width);
      g_assert_cmphex (get (&reader, width), ==, rows[i].last);
      g_assert_false (reader.failed);
      g_assert_cmpuint (charflow_wire_reader_get_left (&reader), ==, 0);

      /* At the end, and one byte short of enough. */
      g_assert_cmphex (get (&reader, width), ==, 0);
      g_assert_true (reader.failed);
      charflow_wire_reader_init (&reader, bytes, width - 1);
      g_assert_cmphex (get (&reader, width), ==, 0);
      g_assert_true (reader.failed);
      g_assert_cmpuint (reader.offset, ==, 0);
    }
}

static void
test_failure_stays (void)
{
  CharflowWireReader reader;

  charflow_wire_reader_init (&reader, bytes, 3);
  g_assert_cmphex (charflow_wire_reader_u32 (&reader), ==, 0);
  g_assert_cmphex (charflow_wire_reader_u8 (&reader), ==, 0);
  g_assert_null (charflow_wire_reader_bytes (&reader, 0));
  charflow_wire_reader_seek (&reader, 0);
  g_assert_true (reader.failed);
  g_assert_cmphex (charflow_wire_reader_u8 (&reader), ==, 0);
}

static void
test_bytes (void)
{
  CharflowWireReader reader;

  charflow_wire_reader_init (&reader, bytes, sizeof bytes);
  g_assert_true (charflow_wire_reader_bytes (&reader, 3) == bytes);
  g_assert_true (charflow_wire_reader_bytes (&reader, 5) == bytes + 3);
  g_assert_true (charflow_wire_reader_bytes (&reader, 0) == bytes + sizeof bytes);
  g_assert_false (reader.failed);
  g_assert_null (charflow_wire_reader_bytes (&reader, 1));
  g_assert_true (reader.failed);
}

static void
test_seek (void)
{
  CharflowWireReader reader;

  charflow_wire_reader_init (&reader, bytes, sizeof bytes);
  charflow_wire_reader_seek (&reader, 5);
  g_assert_cmphex (charflow_wire_reader_u8 (&reader), ==, 6);
  charflow_wire_reader_seek (&reader, 0);
  g_assert_cmphex (charflow_wire_reader_u8 (&reader), ==, 1);
  charflow_wire_reader_seek (&reader, sizeof bytes);
  g_assert_false (reader.failed);
  charflow_wire_reader_seek (&reader, sizeof bytes + 1);
  g_assert_true (reader.failed);

  charflow_wire_reader_init (&reader, bytes, sizeof bytes);
  charflow_wire_reader_seek (&reader, G_MAXUINT64);
  g_assert_true (reader.failed);
}

/* Sums with these sizes would wrap. */
static void
test_huge (void)
{
  static const gsize sizes[] = { G_MAXSIZE, G_MAXSIZE - 1, G_MAXSIZE - 7, G_MAXUINT32, 9 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      CharflowWireReader reader;

      charflow_wire_reader_init (&reader, bytes, sizeof bytes);
      charflow_wire_reader_u8 (&reader);
      g_assert_null (charflow_wire_reader_bytes (&reader, sizes[i]));
      g_assert_true (reader.failed);
      g_assert_cmpuint (reader.offset, ==, 1);
    }
}

static void
test_empty (void)
{
  CharflowWireReader reader;

  charflow_wire_reader_init (&reader, NULL, 0);
  charflow_wire_reader_seek (&reader, 0);
  g_assert_false (reader.failed);
  g_assert_cmpuint (charflow_wire_reader_get_left (&reader), ==, 0);
  g_assert_cmphex (charflow_wire_reader_u64 (&reader), ==, 0);
  g_assert_true (reader.failed);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire-reader/getters", test_getters);
  g_test_add_func ("/wire-reader/failure-stays", test_failure_stays);
  g_test_add_func ("/wire-reader/bytes", test_bytes);
  g_test_add_func ("/wire-reader/seek", test_seek);
  g_test_add_func ("/wire-reader/huge-sizes", test_huge);
  g_test_add_func ("/wire-reader/empty", test_empty);
  return g_test_run ();
}

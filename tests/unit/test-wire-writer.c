/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include "charflow-wire-writer-private.h"

static void
test_little_endian (void)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  g_autoptr (GBytes) expected = test_wire_from_hex ("01 0302 07060504 0f0e0d0c0b0a0908 6162 00");
  g_autoptr (GBytes) bytes = NULL;

  charflow_wire_writer_u8 (writer, 0x01);
  charflow_wire_writer_u16 (writer, 0x0203);
  charflow_wire_writer_u32 (writer, 0x04050607);
  charflow_wire_writer_u64 (writer, G_GUINT64_CONSTANT (0x08090a0b0c0d0e0f));
  charflow_wire_writer_bytes (writer, "ab", 2);
  charflow_wire_writer_u8 (writer, 0);
  bytes = charflow_wire_writer_finish (writer);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));
}

static void
test_empty (void)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  g_autoptr (GBytes) bytes = NULL;

  charflow_wire_writer_bytes (writer, NULL, 0);
  bytes = charflow_wire_writer_finish (writer);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
}

static void
test_large (void)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *data;

  for (guint i = 0; i < 100000; i++)
    charflow_wire_writer_u32 (writer, i);
  bytes = charflow_wire_writer_finish (writer);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 400000);
  data = g_bytes_get_data (bytes, NULL);
  for (guint i = 0; i < 100000; i++)
    g_assert_cmphex (data[4 * i] | data[4 * i + 1] << 8 | data[4 * i + 2] << 16, ==, i);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire-writer/little-endian", test_little_endian);
  g_test_add_func ("/wire-writer/empty", test_empty);
  g_test_add_func ("/wire-writer/large", test_large);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include "charflow-sub-messages-private.h"

static GArray *
parse (const char *hex,
       guint32     offset,
       GError    **error)
{
  /* It stays until the end of the test: the messages point into it. */
  GBytes *bytes = test_wire_from_hex (hex);

  g_test_queue_destroy ((GDestroyNotify) g_bytes_unref, bytes);
  return charflow_sub_messages_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), offset, error);
}

static void
refuse (const char *hex,
        guint32     offset)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (hex, offset, &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA);
}

static void
test_two (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) messages = parse ("eeee 0200 0c000000 14000000  0400 02000000 6162  6500 00000000", 2, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (messages->len, ==, 2);
  g_assert_cmpuint (g_array_index (messages, CharflowSubMessage, 0).type, ==, 4);
  g_assert_cmpmem (g_array_index (messages, CharflowSubMessage, 0).body,
                   g_array_index (messages, CharflowSubMessage, 0).size, "ab", 2);
  g_assert_cmpuint (g_array_index (messages, CharflowSubMessage, 1).type, ==, 0x65);
  g_assert_cmpuint (g_array_index (messages, CharflowSubMessage, 1).size, ==, 0);
}

static void
test_none (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) messages = parse ("0000", 0, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (messages->len, ==, 0);
}

static void
test_short (void)
{
  refuse ("", 0);
  refuse ("00", 0);
  refuse ("0000", 1);
  refuse ("0000", 2);
  refuse ("0000", 0xfffffff0);
  refuse ("0100", 0);
  refuse ("0100 000000", 0);
  refuse ("ffff 00000000", 0);
}

static void
test_offsets (void)
{
  refuse ("0100 07000000 6500 00000000", 0); /* one past where it fits */
  refuse ("0100 0c000000 6500 00000000", 0); /* the very end */
  refuse ("0100 0d000000 6500 00000000", 0);
  refuse ("0100 ffffffff 6500 00000000", 0);
  refuse ("0100 06000000 6500 01000000", 0); /* a body past the end */
  refuse ("0100 06000000 6500 ffffffff", 0);
}

/* Bodies that are used many times over would make a small message cost much. */
static void
test_overlap (void)
{
  refuse ("0200 0a000000 0a000000  6500 00000000", 0);
  refuse ("0200 0a000000 0b000000  6500 06000000 6500 00000000", 0);
  refuse ("0200 10000000 0a000000  6500 00000000 6500 00000000", 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sub-messages/two", test_two);
  g_test_add_func ("/sub-messages/none", test_none);
  g_test_add_func ("/sub-messages/short", test_short);
  g_test_add_func ("/sub-messages/offsets", test_offsets);
  g_test_add_func ("/sub-messages/overlap", test_overlap);
  return g_test_run ();
}

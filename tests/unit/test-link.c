/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include <string.h>

#include "charflow-link-private.h"

#define CLIENT_MAIN \
  "52454451 02000000 02000000 1a000000  00000000 01 00 01000000 01000000 12000000  0d000000 0f000000"

static void
assert_bytes (GBytes     *bytes,
              const char *hex)
{
  g_autoptr (GBytes) expected = test_wire_from_hex (hex);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));
}

static void
test_vector_request (void)
{
  g_autoptr (GBytes) bytes = test_wire_from_hex (CLIENT_MAIN);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  CharflowLinkRequest request;
  g_autoptr (GBytes) built = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_assert_true (charflow_link_parse_header (data, sizeof (SpiceLinkMess), &size, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 26);
  g_assert_true (charflow_link_parse_request (data + 16, size, &request, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (request.connection_id, ==, 0);
  g_assert_cmpuint (request.channel_type, ==, 1);
  g_assert_cmpuint (request.channel_id, ==, 0);
  g_assert_cmphex (request.common_caps.words[0], ==, 0x0d);
  g_assert_cmphex (request.channel_caps.words[0], ==, 0x0f);
  g_assert_cmphex (request.common_caps.words[1], ==, 0);

  built = charflow_link_build_request (&request);
  assert_bytes (built, CLIENT_MAIN);
}

static void
test_vector_error (void)
{
  CharflowLinkAnswer answer = { .error = SPICE_LINK_ERR_NEED_SECURED };
  g_autoptr (GBytes) built = NULL;
  g_autoptr (GError) error = NULL;
  CharflowLinkAnswer parsed;
  const guint8 *data;
  gsize size;

  /* Capabilities have no place in it. */
  charflow_link_init_common_caps (&answer.common_caps);
  built = charflow_link_build_answer (&answer);
  g_assert_cmpuint (g_bytes_get_size (built), ==, 194);
  data = g_bytes_get_data (built, &size);
  g_assert_cmpint (memcmp (data, "REDQ\2\0\0\0\2\0\0\0\xb2\0\0\0\5\0\0\0", 20), ==, 0);
  for (gsize i = 20; i < size - 4; i++)
    g_assert_cmpuint (data[i], ==, 0);

  g_assert_true (charflow_link_parse_header (data, sizeof (SpiceLinkReply), &size, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 178);
  g_assert_true (charflow_link_parse_answer (data + 16, size, &parsed, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (parsed.error, ==, 5);
}

static void
test_vector_error_zeros (void)
{
  guint8 reply[178] = { 5 };
  CharflowLinkAnswer parsed;
  g_autoptr (GError) error = NULL;

  /* SPICE's server leaves even the offset at 0. */
  g_assert_true (charflow_link_parse_answer (reply, sizeof reply, &parsed, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (parsed.error, ==, 5);
}

static void
test_answer (void)
{
  CharflowLinkAnswer answer = { .error = SPICE_LINK_ERR_OK };
  CharflowLinkAnswer parsed;
  g_autoptr (GBytes) built = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *data;

  memset (answer.public_key, 0x5a, sizeof answer.public_key);
  charflow_link_init_common_caps (&answer.common_caps);
  charflow_caps_add (&answer.channel_caps, 32);
  built = charflow_link_build_answer (&answer);
  data = g_bytes_get_data (built, NULL);
  g_assert_cmpuint (g_bytes_get_size (built), ==, 16 + 178 + 3 * 4);
  g_assert_cmphex (answer.common_caps.words[0], ==, 0x0b); /* as SPICE's server has it */

  g_assert_true (charflow_link_parse_answer (data + 16, g_bytes_get_size (built) - 16, &parsed, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (parsed.public_key, 162, answer.public_key, 162);
  g_assert_cmphex (parsed.common_caps.words[0], ==, 0x0b);
  g_assert_cmphex (parsed.channel_caps.words[0], ==, 0);
  g_assert_true (charflow_caps_has (&parsed.channel_caps, 32));
}

static void
parse_header (const char *magic,
              guint32     major,
              guint32     minor,
              guint32     size,
              int         code)
{
  guint8 data[16];
  guint32 words[] = { GUINT32_TO_LE (major), GUINT32_TO_LE (minor), GUINT32_TO_LE (size) };
  gsize found = 0;
  g_autoptr (GError) error = NULL;

  memcpy (data, magic, 4);
  memcpy (data + 4, words, sizeof words);
  if (code == 0)
    {
      g_assert_true (charflow_link_parse_header (data, 18, &found, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (found, ==, size);
      return;
    }

  g_assert_false (charflow_link_parse_header (data, 18, &found, &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, code);
  g_assert_cmpuint (found, ==, 0);
}

static void
test_header (void)
{
  parse_header ("REDQ", 2, 2, 18, 0);
  parse_header ("REDQ", 2, 2, 4096, 0);
  parse_header ("REDQ", 2, 0, 18, 0);
  parse_header ("REDQ", 2, 99, 18, 0);
  parse_header ("REDQ", 2, G_MAXUINT32, 18, 0);
  parse_header ("REDQ", 2, 2, 0, CHARFLOW_LINK_ERROR_INVALID_DATA);
  parse_header ("REDQ", 2, 2, 17, CHARFLOW_LINK_ERROR_INVALID_DATA);
  parse_header ("REDQ", 2, 2, 4097, CHARFLOW_LINK_ERROR_INVALID_DATA);
  parse_header ("REDQ", 2, 2, G_MAXUINT32, CHARFLOW_LINK_ERROR_INVALID_DATA);
  parse_header ("REDQ", 0, 2, 18, CHARFLOW_LINK_ERROR_VERSION_MISMATCH);
  parse_header ("REDQ", 1, 2, 18, CHARFLOW_LINK_ERROR_VERSION_MISMATCH);
  parse_header ("REDQ", 3, 2, 18, CHARFLOW_LINK_ERROR_VERSION_MISMATCH);
  parse_header ("REDq", 2, 2, 18, CHARFLOW_LINK_ERROR_INVALID_MAGIC);
  parse_header ("GET ", 2, 2, 18, CHARFLOW_LINK_ERROR_INVALID_MAGIC);
  parse_header ("\0\0\0\0", 0, 0, 0, CHARFLOW_LINK_ERROR_INVALID_MAGIC);
}

/* A request of @size bytes in all; memory that is no larger lets the sanitizers see further reads. */
static gboolean
parse_caps (gsize                size,
            guint32              n_common,
            guint32              n_channel,
            guint32              offset,
            CharflowLinkRequest *request)
{
  g_autofree guint8 *data = g_malloc0 (size);
  guint32 words[] = { GUINT32_TO_LE (n_common), GUINT32_TO_LE (n_channel), GUINT32_TO_LE (offset) };
  g_autoptr (GError) error = NULL;

  memcpy (data + 6, words, sizeof words);
  if (size > 18)
    memset (data + 18, 0xff, size - 18);
  if (charflow_link_parse_request (data, size, request, &error))
    {
      g_assert_no_error (error);
      return TRUE;
    }

  g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA);
  return FALSE;
}

static void
test_caps_counts (void)
{
  CharflowLinkRequest request;

  g_assert_true (parse_caps (18, 0, 0, 18, &request));
  g_assert_true (parse_caps (22, 1, 0, 18, &request));
  g_assert_true (parse_caps (18 + 4 * 1019, 1000, 19, 18, &request)); /* the largest message */
  g_assert_false (parse_caps (22, 2, 0, 18, &request));
  g_assert_false (parse_caps (22, 1, 1, 18, &request));
  g_assert_true (parse_caps (18 + 4096, 1024, 0, 18, &request));
  g_assert_true (parse_caps (18 + 4096, 0, 1024, 18, &request));
  g_assert_false (parse_caps (18 + 4100, 1025, 0, 18, &request));
  g_assert_false (parse_caps (18 + 4100, 0, 1025, 18, &request));
  /* Sums, and sums times four, that wrap. */
  g_assert_false (parse_caps (18, 0xffffffff, 1, 18, &request));
  g_assert_false (parse_caps (18, 0x80000000, 0x80000000, 18, &request));
  g_assert_false (parse_caps (18, 0x40000000, 0, 18, &request));
  g_assert_false (parse_caps (18, 0x20000000, 0x20000000, 18, &request));
}

static void
test_caps_offset (void)
{
  CharflowLinkRequest request;

  g_assert_false (parse_caps (30, 1, 0, 0, &request));
  g_assert_false (parse_caps (30, 1, 0, 17, &request));
  g_assert_true (parse_caps (30, 1, 0, 18, &request));
  g_assert_true (parse_caps (30, 1, 0, 26, &request));
  g_assert_false (parse_caps (30, 1, 0, 27, &request));
  g_assert_false (parse_caps (30, 1, 0, 29, &request));
  g_assert_false (parse_caps (30, 1, 0, 30, &request));
  g_assert_false (parse_caps (30, 1, 0, 31, &request));
  g_assert_false (parse_caps (30, 1, 0, 0xfffffff0, &request));

  /* Without words it does not matter. */
  g_assert_true (parse_caps (18, 0, 0, 0, &request));
  g_assert_true (parse_caps (18, 0, 0, 17, &request));
  g_assert_true (parse_caps (18, 0, 0, 0xfffffff0, &request));
}

/* Words past those that are kept are read over, and those of the channel still come after them. */
static void
test_caps_many (void)
{
  CharflowLinkRequest request;

  g_assert_true (parse_caps (18 + 4 * 11, 10, 1, 18, &request));
  for (guint i = 0; i < CHARFLOW_CAPS_WORDS; i++)
    g_assert_cmphex (request.common_caps.words[i], ==, 0xffffffff);
  g_assert_cmphex (request.channel_caps.words[0], ==, 0xffffffff);
  g_assert_cmphex (request.channel_caps.words[1], ==, 0);
}

static void
test_short (void)
{
  g_autoptr (GBytes) bytes = test_wire_from_hex (CLIENT_MAIN);

  for (gsize size = 0; size < 26; size++)
    {
      g_autofree guint8 *data = g_memdup2 ((const guint8 *) g_bytes_get_data (bytes, NULL) + 16, size);
      CharflowLinkRequest request;
      CharflowLinkAnswer answer;
      g_autoptr (GError) error = NULL;

      g_assert_false (charflow_link_parse_request (data, size, &request, &error));
      g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA);
      g_clear_error (&error);
      g_assert_false (charflow_link_parse_answer (data, size, &answer, &error));
      g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA);
    }
}

static void
test_caps_bits (void)
{
  CharflowCaps caps = { 0 };

  charflow_caps_add (&caps, 0);
  charflow_caps_add (&caps, 31);
  charflow_caps_add (&caps, 127);
  g_assert_true (charflow_caps_has (&caps, 0));
  g_assert_true (charflow_caps_has (&caps, 31));
  g_assert_true (charflow_caps_has (&caps, 127));
  g_assert_false (charflow_caps_has (&caps, 1));
  g_assert_false (charflow_caps_has (&caps, 32));
  g_assert_false (charflow_caps_has (&caps, 128));
  g_assert_false (charflow_caps_has (&caps, G_MAXUINT));
}

static void
test_error_codes (void)
{
  g_autoptr (GError) other = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "other");
  g_autoptr (GError) late = g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT, "late");

  for (guint32 code = 1; code <= 9; code++)
    {
      g_autoptr (GError) error = charflow_link_error_from_code (code);

      g_assert_error (error, CHARFLOW_LINK_ERROR, (int) code);
      g_assert_cmpuint (charflow_link_error_to_code (error), ==, code);
    }

  g_assert_cmpuint (charflow_link_error_to_code (other), ==, SPICE_LINK_ERR_ERROR);
  g_assert_cmpuint (charflow_link_error_to_code (late), ==, SPICE_LINK_ERR_ERROR);
  {
    g_autoptr (GError) ten = charflow_link_error_from_code (10);
    g_autoptr (GError) redq = charflow_link_error_from_code (0x51444552);

    g_assert_error (ten, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED);
    g_assert_error (redq, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED);
  }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/link/vector/request", test_vector_request);
  g_test_add_func ("/link/vector/error", test_vector_error);
  g_test_add_func ("/link/vector/error-of-zeros", test_vector_error_zeros);
  g_test_add_func ("/link/answer", test_answer);
  g_test_add_func ("/link/header", test_header);
  g_test_add_func ("/link/caps/counts", test_caps_counts);
  g_test_add_func ("/link/caps/offset", test_caps_offset);
  g_test_add_func ("/link/caps/many", test_caps_many);
  g_test_add_func ("/link/caps/bits", test_caps_bits);
  g_test_add_func ("/link/short", test_short);
  g_test_add_func ("/link/error-codes", test_error_codes);
  return g_test_run ();
}

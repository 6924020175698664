/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charflow-serial-marks-private.h"

#include <string.h>

/* Decodes pieces of some size, and logs breaks as "|". */
static GString *
decode (const char *text,
        gsize       size,
        gsize       piece)
{
  CharflowSerialMarks marks = { 0 };
  GString *log = g_string_new (NULL);

  for (gsize at = 0; at < size;)
    {
      gsize n = MIN (piece, size - at);
      g_autofree guint8 *data = g_memdup2 (text + at, n);
      gboolean is_break;
      gsize n_decoded;
      gsize used = charflow_serial_marks_decode (&marks, data, n, &n_decoded, &is_break);

      g_assert_cmpuint (used, >, 0);
      g_assert_cmpuint (n_decoded, <=, used);
      g_assert_true (used == n || is_break);
      g_assert_cmpmem (data + used, n - used, text + at + used, n - used);
      g_string_append_len (log, (const char *) data, n_decoded);
      if (is_break)
        g_string_append_c (log, '|');
      at += used;
    }

  g_assert_cmpuint (marks.n_seen, ==, 0);
  return log;
}

/* However it is split, it means the same. */
static void
expect (const char *text,
        gsize       size,
        const char *expected,
        gsize       expected_size)
{
  for (gsize piece = 1; piece <= size; piece++)
    {
      GString *log = decode (text, size, piece);

      g_assert_cmpmem (log->str, log->len, expected, expected_size);
      g_string_free (log, TRUE);
    }
}

#define EXPECT(text, expected) expect (text, sizeof (text) - 1, expected, sizeof (expected) - 1)

static void
test_plain (void)
{
  EXPECT ("plain \0 text", "plain \0 text");
}

static void
test_doubled (void)
{
  EXPECT ("\377\377", "\377");
  EXPECT ("a\377\377b\377\377\377\377c", "a\377b\377\377c");
  EXPECT ("\377\377\0\0", "\377\0\0");
}

static void
test_break (void)
{
  EXPECT ("\377\0\0", "|");
  EXPECT ("abc\377\0\0def", "abc|def");
  EXPECT ("\377\377\377\0\0\0\377\0\0\377\0\0\377\377", "\377|\0||\377");
}

/* Nothing asks for these, but a byte that came with an error is one all the same. */
static void
test_error (void)
{
  EXPECT ("a\377\0bc", "abc");
  EXPECT ("\377\0\377x", "\377x");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/serial-marks/plain", test_plain);
  g_test_add_func ("/serial-marks/doubled", test_doubled);
  g_test_add_func ("/serial-marks/break", test_break);
  g_test_add_func ("/serial-marks/error", test_error);

  return g_test_run ();
}

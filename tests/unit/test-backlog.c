/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charflow-backlog-private.h"

#include <string.h>

#include <glib.h>

static char *
take_all (CharflowBacklog *backlog)
{
  GString *text = g_string_new (NULL);
  guint8 piece[3];
  gsize size;

  while ((size = charflow_backlog_peek (backlog, piece, sizeof piece)) > 0)
    {
      g_string_append_len (text, (const char *) piece, size);
      charflow_backlog_skip (backlog, size);
    }
  g_assert_cmpuint (charflow_backlog_get_stored (backlog), ==, 0);

  return g_string_free (text, FALSE);
}

static gsize
add (CharflowBacklog *backlog,
     const char      *text)
{
  return charflow_backlog_add (backlog, (const guint8 *) text, strlen (text));
}

static void
expect (CharflowBacklog *backlog,
        const char      *expected,
        guint64          lost_bytes)
{
  g_autofree char *text = take_all (backlog);

  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpuint (charflow_backlog_get_lost_bytes (backlog), ==, lost_bytes);
}

static void
test_block (void)
{
  g_autoptr (CharflowBacklog) backlog = charflow_backlog_new (8, CHARFLOW_BACKEND_OVERFLOW_BLOCK);

  g_assert_true (charflow_backlog_takes_bytes (backlog));
  g_assert_cmpuint (add (backlog, "12345"), ==, 5);
  g_assert_cmpuint (add (backlog, "6789"), ==, 3);
  g_assert_cmpuint (add (backlog, "9"), ==, 0);
  expect (backlog, "12345678", 0);
}

static void
test_drop_new (void)
{
  g_autoptr (CharflowBacklog) backlog = charflow_backlog_new (8, CHARFLOW_BACKEND_OVERFLOW_DROP_NEW);

  g_assert_cmpuint (add (backlog, "12345"), ==, 5);
  g_assert_cmpuint (add (backlog, "6789"), ==, 4);
  g_assert_cmpuint (add (backlog, "9"), ==, 1);
  expect (backlog, "12345678", 2);
}

static void
test_drop_old (void)
{
  g_autoptr (CharflowBacklog) backlog = charflow_backlog_new (8, CHARFLOW_BACKEND_OVERFLOW_DROP_OLD);

  g_assert_cmpuint (add (backlog, "12345"), ==, 5);
  g_assert_cmpuint (add (backlog, "6789"), ==, 4);
  expect (backlog, "23456789", 1);
  g_assert_cmpuint (add (backlog, "abcdefghijkl"), ==, 12);
  expect (backlog, "efghijkl", 5);
}

/* What keeps nothing has to say what becomes of it all the same. */
static void
test_nothing (void)
{
  for (guint i = CHARFLOW_BACKEND_OVERFLOW_BLOCK; i <= CHARFLOW_BACKEND_OVERFLOW_DROP_OLD; i++)
    {
      g_autoptr (CharflowBacklog) backlog = charflow_backlog_new (0, i);
      gboolean takes = i != CHARFLOW_BACKEND_OVERFLOW_BLOCK;

      g_assert_true (charflow_backlog_takes_bytes (backlog) == takes);
      g_assert_cmpuint (add (backlog, "123"), ==, takes ? 3 : 0);
      expect (backlog, "", takes ? 3 : 0);
      charflow_backlog_clear (backlog);
      expect (backlog, "", 0);
    }
}

/* More than any machine has. */
static void
test_no_memory (void)
{
  g_autoptr (CharflowBacklog) backlog = charflow_backlog_new (G_MAXSSIZE, CHARFLOW_BACKEND_OVERFLOW_DROP_OLD);

  g_assert_cmpuint (add (backlog, "123"), ==, 3);
  expect (backlog, "", 3);
}

/* Against text that is cut at its ends. */
static void
test_random (void)
{
  for (guint round = 0; round < 300; round++)
    {
      guint overflow = round % 3;
      gsize max_size = g_test_rand_int_range (1, 20);
      g_autoptr (CharflowBacklog) backlog = charflow_backlog_new (max_size, overflow);
      g_autoptr (GString) model = g_string_new (NULL);
      guint64 lost = 0;

      for (guint step = 0; step < 100; step++)
        {
          g_autofree char *text = g_strnfill (g_test_rand_int_range (1, 30), 'a' + step % 26);
          gsize len = strlen (text);
          guint8 piece[32];
          gsize size;

          if (g_test_rand_bit ())
            {
              gsize n = g_test_rand_int_range (0, model->len + 1);

              charflow_backlog_skip (backlog, n);
              g_string_erase (model, 0, n);
            }
          else
            {
              gsize room = max_size - model->len;
              gsize taken = add (backlog, text);

              g_string_append (model, text);
              if (overflow == CHARFLOW_BACKEND_OVERFLOW_DROP_OLD)
                g_string_erase (model, 0, model->len - MIN (model->len, max_size));
              else
                g_string_truncate (model, MIN (model->len, max_size));
              g_assert_cmpuint (taken, ==, overflow == CHARFLOW_BACKEND_OVERFLOW_BLOCK ? MIN (len, room) : len);
              if (overflow != CHARFLOW_BACKEND_OVERFLOW_BLOCK)
                lost += len - MIN (len, room);
            }

          g_assert_cmpuint (charflow_backlog_get_stored (backlog), ==, model->len);
          size = charflow_backlog_peek (backlog, piece, sizeof piece);
          g_assert_cmpmem (piece, size, model->str, model->len);
        }
      expect (backlog, model->str, lost);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backlog/block", test_block);
  g_test_add_func ("/backlog/drop-new", test_drop_new);
  g_test_add_func ("/backlog/drop-old", test_drop_old);
  g_test_add_func ("/backlog/keeps-nothing", test_nothing);
  g_test_add_func ("/backlog/no-memory", test_no_memory);
  g_test_add_func ("/backlog/random", test_random);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-endpoint.h"
#include "test-front-end.h"

#include <string.h>

#include "charflow-backend-private.h"

/* What a device does with a back end, with all that it was told in a log. */
typedef struct
{
  CharflowBackend *slot;
  TestFrontEnd *front_end;
} Seat;

static void
seat_leave (Seat *seat)
{
  if (seat->slot == NULL)
    return;

  g_clear_pointer (&seat->front_end, test_front_end_free);
  charflow_backend_release (seat->slot, seat);
  charflow_backend_close (seat->slot);
  g_clear_object (&seat->slot);
}

static void
seat_free (Seat *seat)
{
  seat_leave (seat);
  g_free (seat);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Seat, seat_free)

/* Claims a place and looks on, without being open yet. */
static Seat *
seat_take (CharflowMuxBackend *mux,
           gsize               credit)
{
  g_autoptr (GError) error = NULL;
  Seat *seat = g_new0 (Seat, 1);

  seat->slot = charflow_backend_claim (CHARFLOW_BACKEND (mux), seat, &error);
  g_assert_no_error (error);
  seat->front_end = test_front_end_new (seat->slot, credit);

  return seat;
}

static Seat *
seat_new (CharflowMuxBackend *mux,
          gsize               credit)
{
  Seat *seat = seat_take (mux, credit);
  g_autoptr (GError) error = NULL;

  test_open_backend (seat->slot, &error);
  g_assert_no_error (error);

  return seat;
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

/* It was told exactly this, and is told no more now. */
#define seat_expect(seat, text) \
  G_STMT_START \
  { \
    settle (); \
    g_assert_cmpstr ((seat)->front_end->log->str, ==, (text)); \
    g_string_truncate ((seat)->front_end->log, 0); \
  } \
  G_STMT_END

static void
seat_writes (Seat       *seat,
             const char *text,
             gssize      expected)
{
  g_autoptr (GError) error = NULL;
  gssize len = charflow_backend_write (seat->slot, (const guint8 *) text, strlen (text), &error);

  g_assert_cmpint (len, ==, expected);
  if (expected < 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  else
    g_assert_no_error (error);
}

static CharflowMuxBackend *
mux_new (TestEndpoint *base,
         const char   *property,
         ...)
{
  CharflowMuxBackend *mux;
  va_list args;

  va_start (args, property);
  mux = CHARFLOW_MUX_BACKEND (g_object_new_valist (CHARFLOW_TYPE_MUX_BACKEND, property, args));
  va_end (args);
  g_object_set (mux, "backend", base, NULL);

  return mux;
}

static CharflowBackend *
as_backend (gpointer object)
{
  return CHARFLOW_BACKEND (object);
}

static guint
count_left (TestEndpoint *base)
{
  guint n = 0;

  for (GList *link = base->input.head; link != NULL; link = link->next)
    n += g_bytes_get_size (link->data);

  return n;
}

/* Routing. */

static void
test_last_one_gets_input (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) second = NULL;

  seat_expect (first, "<O><I>");
  second = seat_new (mux, 128);
  seat_expect (first, "<U>");
  seat_expect (second, "<O><I>");

  test_endpoint_feed (base, "hello");
  seat_expect (first, "");
  seat_expect (second, "hello");
  g_assert_cmpuint (count_left (base), ==, 0);
  g_assert_cmpint (charflow_mux_backend_get_focus (mux), ==, 1);
}

static void
test_events (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) second = seat_new (mux, 128);

  seat_expect (first, "<O><I><U>");
  seat_expect (second, "<O><I>");

  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_BREAK);
  seat_expect (first, "<B>");
  seat_expect (second, "<B>");

  charflow_backend_emit_event (as_backend (mux), CHARFLOW_EVENT_BREAK);
  seat_expect (first, "");
  seat_expect (second, "<B>");

  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_CLOSED);
  g_assert_false (charflow_backend_get_opened (as_backend (mux)));
  seat_expect (first, "<C>");
  seat_expect (second, "<C>");

  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_OPENED);
  g_assert_true (charflow_backend_get_opened (as_backend (mux)));
  seat_expect (first, "<O>");
  seat_expect (second, "<O>");
}

static void
test_escapes (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) second = seat_new (mux, 128);

  seat_expect (first, "<O><I><U>");
  seat_expect (second, "<O><I>");

  test_endpoint_feed (base, "a\001bz");
  seat_expect (second, "<B>az");
  seat_expect (first, "");

  test_endpoint_feed (base, "x\001cy");
  seat_expect (second, "<U>x");
  seat_expect (first, "<I>y");

  /* Also when it comes in two. */
  test_endpoint_feed (base, "\001");
  settle ();
  test_endpoint_feed (base, "cz");
  seat_expect (first, "<U>");
  seat_expect (second, "<I>z");
}

static void
test_help (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) seat = seat_new (mux, 128);
  gsize len;

  seat_expect (seat, "<O><I>");
  test_endpoint_feed (base, "\001?");
  seat_expect (seat, "");
  g_assert_nonnull (strstr (base->written->str, "\r\nC-a c  "));
  g_assert_nonnull (strstr (base->written->str, "\r\nC-a C-a  "));
  g_assert_null (strstr (base->written->str, "C-a x"));
  len = base->written->len;

  g_string_truncate (base->written, 0);
  charflow_mux_backend_set_escape_char (mux, 0x1e);
  g_signal_connect (mux, "escape-command", G_CALLBACK (test_tick_cb), NULL);
  test_endpoint_feed (base, "\036h");
  settle ();
  g_assert_nonnull (strstr (base->written->str, "0x1e x  "));
  g_assert_cmpuint (base->written->len, >, len);
}

/* Asked for again and again and not taken, it does not grow; and it is not put into what is being written. */
static void
test_help_waits (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) seat = seat_new (mux, 128);

  base->room = 2;
  seat_writes (seat, "abc", 2);
  for (guint i = 0; i < 1000; i++)
    test_endpoint_feed (base, "\001h");
  settle ();
  g_assert_cmpstr (base->written->str, ==, "ab");

  base->room = G_MAXSIZE;
  settle ();
  g_assert_cmpuint (base->written->len, >, 100);
  g_assert_cmpuint (base->written->len, <, 8192);
  seat_writes (seat, "c", 1);
  g_assert_true (g_str_has_suffix (base->written->str, "\r\nc"));
}

static void
test_nobody_listens (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) seat = seat_take (mux, 0);
  g_autoptr (Seat) other = NULL;
  g_autoptr (GError) error = NULL;

  test_open_backend (as_backend (mux), &error);
  g_assert_no_error (error);
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_CLOSED);
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_OPENED);
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_BREAK);
  test_endpoint_feed (base, "kept");
  seat_expect (seat, "");
  g_assert_cmpuint (base->n_reads, ==, 0);
  g_assert_cmpint (charflow_mux_backend_get_focus (mux), ==, -1);
  g_assert_false (charflow_mux_backend_focus_front_end (mux, 0, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
  g_clear_error (&error);

  test_open_backend (seat->slot, &error);
  g_assert_no_error (error);
  seat_expect (seat, "<O><I>");

  /* It does not read, but is told of events, each once. */
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_CLOSED);
  seat_expect (seat, "");
  test_front_end_set_credit (seat->front_end, 128);
  seat_expect (seat, "kept<C>");
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_OPENED);
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_CLOSED);
  seat_expect (seat, "<O><C>");

  other = seat_new (mux, 128);
  seat_expect (other, "<I>");
}

static void
test_focus_leaves (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) second = seat_new (mux, 128);
  guint n_notified = 0;

  g_signal_connect_swapped (mux, "notify::focus", G_CALLBACK (test_count_cb), &n_notified);
  seat_expect (first, "<O><I><U>");
  seat_leave (second);
  g_assert_cmpint (charflow_mux_backend_get_focus (mux), ==, -1);
  test_endpoint_feed (base, "nowhere");
  seat_expect (first, "");
  g_assert_cmpuint (count_left (base), ==, 0);
  g_assert_cmpuint (n_notified, ==, 1);

  test_endpoint_feed (base, "\001cthere");
  seat_expect (first, "<I>there");
  g_assert_cmpint (charflow_mux_backend_get_focus (mux), ==, 0);
}

static void
feed_pattern (TestEndpoint *base,
              GString      *model,
              guint         n)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_c (text, '!' + (model->len + i) % 90);
  g_string_append (model, text->str);
  test_endpoint_feed (base, text->str);
}

static void
test_full_in_order (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, "ring-size", 32u, "look-ahead", 1u, NULL);
  g_autoptr (Seat) seat = seat_new (mux, 0);
  g_autoptr (GString) model = g_string_new (NULL);

  seat_expect (seat, "<O><I>");
  feed_pattern (base, model, 33);
  settle ();
  g_assert_cmpuint (count_left (base), ==, 0);
  feed_pattern (base, model, 10);
  settle ();
  g_assert_cmpuint (count_left (base), ==, 10);

  test_front_end_set_credit (seat->front_end, 1);
  seat_expect (seat, model->str);
  g_assert_cmpuint (count_left (base), ==, 0);
}

static void
test_rescue (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, "ring-size", 32u, NULL);
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) stuck = seat_new (mux, 0);
  g_autoptr (GString) model = g_string_new (NULL);

  seat_expect (first, "<O><I><U>");
  seat_expect (stuck, "<O><I>");
  feed_pattern (base, model, 1032);
  test_endpoint_feed (base, "\001c");
  test_endpoint_feed (base, "rescued");
  seat_expect (first, "<I>rescued");

  test_front_end_set_credit (stuck->front_end, 7);
  g_string_prepend (model, "<U>");
  seat_expect (stuck, model->str);
}

/* One that is full to the brim does not keep the others from theirs, nor loses anything. */
static void
test_full_beside_others (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, "ring-size", 8u, "look-ahead", 0u, NULL);
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) full = seat_new (mux, 0);

  seat_expect (first, "<O><I><U>");
  test_endpoint_feed (base, "12345678");
  settle ();
  charflow_mux_backend_focus_next (mux);
  test_endpoint_feed (base, "for the first one");
  seat_expect (first, "<I>for the first one");
  test_endpoint_feed (base, "\001c9\001cnever");
  seat_expect (first, "<U>");
  g_assert_cmpuint (count_left (base), ==, strlen ("9\001cnever"));
  g_assert_cmpint (charflow_mux_backend_get_focus (mux), ==, 1);

  charflow_mux_backend_focus_next (mux);
  seat_expect (first, "<I><U>9");
  test_front_end_set_credit (full->front_end, 3);
  seat_expect (full, "<O><I><U><I><U><I>12345678never");
}

/* What a mux of three does, said once more in a few lines. */
static void
play_model (const char *input,
            GString   **outputs)
{
  gboolean is_after_escape = FALSE;
  guint focus = 2;

  for (const char *p = input; *p != '\0'; p++)
    {
      if (is_after_escape && *p == 'c')
        focus = (focus + 1) % 3;
      if ((is_after_escape && *p == '\001') || (!is_after_escape && *p != '\001'))
        g_string_append_c (outputs[focus], *p);
      is_after_escape = !is_after_escape && *p == '\001';
    }
}

static char *
random_input (void)
{
  static const char letters[] = "abcdefgh\001\001cccccc";
  GString *input = g_string_new (NULL);
  guint n = g_test_rand_int_range (1, 60);

  for (guint i = 0; i < n; i++)
    g_string_append_c (input, letters[g_test_rand_int_range (0, sizeof letters - 1)]);

  return g_string_free (input, FALSE);
}

/* However slow each of them is, and however it is cut, each byte gets to where it belongs. */
static void
test_model (void)
{
  for (guint run = 0; run < 100; run++)
    {
      g_autoptr (TestEndpoint) base = test_endpoint_new ();
      g_autoptr (CharflowMuxBackend) mux = mux_new (base, "ring-size", g_test_rand_int_range (1, 20),
                                                    "look-ahead", g_test_rand_int_range (0, 5), NULL);
      g_autoptr (GString) input = g_string_new (NULL);
      Seat *seats[3];
      GString *models[3];

      for (guint i = 0; i < 3; i++)
        {
          seats[i] = seat_new (mux, 0);
          models[i] = g_string_new (NULL);
        }

      for (guint step = 0; step < 30; step++)
        {
          g_autofree char *text = random_input ();

          g_string_append (input, text);
          test_endpoint_feed (base, text);
          test_front_end_set_credit (seats[step % 3]->front_end, g_test_rand_int_range (0, 6));
          for (gint n = g_test_rand_int_range (0, 10); n > 0; n--)
            g_main_context_iteration (NULL, FALSE);
        }
      for (guint i = 0; i < 3; i++)
        test_front_end_set_credit (seats[i]->front_end, 64);
      settle ();

      play_model (input->str, models);
      for (guint i = 0; i < 3; i++)
        {
          g_autoptr (GRegex) event = g_regex_new ("<.>", 0, 0, NULL);
          g_autofree char *data = g_regex_replace_literal (event, seats[i]->front_end->log->str, -1, 0, "", 0, NULL);

          g_assert_cmpstr (data, ==, models[i]->str);
          g_string_free (models[i], TRUE);
          seat_free (seats[i]);
        }
      g_assert_cmpuint (count_left (base), ==, 0);
    }
}

static void
command_cb (CharflowMuxBackend *mux,
            guint               key,
            GString            *keys)
{
  g_string_append_c (keys, key);
}

static void
test_literal_and_unknown (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) seat = seat_new (mux, 128);
  g_autoptr (GString) keys = g_string_new (NULL);

  g_signal_connect (mux, "escape-command", G_CALLBACK (command_cb), keys);
  seat_expect (seat, "<O><I>");
  test_endpoint_feed (base, "\001\001");
  seat_expect (seat, "\001");
  test_endpoint_feed (base, "\001z!\001x\001s");
  seat_expect (seat, "!");
  g_assert_cmpstr (keys->str, ==, "zxs");

  charflow_mux_backend_set_escape_char (mux, 0x1d);
  g_assert_cmpuint (charflow_mux_backend_get_escape_char (mux), ==, 0x1d);
  test_endpoint_feed (base, "\001z\035z\035\035\035b");
  seat_expect (seat, "<B>\001z\035");
  g_assert_cmpstr (keys->str, ==, "zxsz");
}

/* Writing. */

static void
assert_stamped (const char *written,
                const char *pattern)
{
  g_assert_true (g_regex_match_simple (pattern, written, 0, 0));
}

#define STAMP "\\[\\d\\d:\\d\\d:\\d\\d\\.\\d\\d\\d\\] "

static void
test_timestamps (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) seat = seat_new (mux, 128);

  test_endpoint_feed (base, "\001t");
  settle ();
  g_assert_true (charflow_mux_backend_get_timestamps (mux));

  /* It blocks in the middle of the first stamp, and again in the middle of the second line. */
  base->room = 7;
  seat_writes (seat, "a\nb\nc", 2);
  seat_writes (seat, "b\nc", -1);
  g_assert_cmpstr (base->written->str, ==, "a\n[00:0");
  base->room = 11;
  seat_writes (seat, "b\nc", 1);
  seat_writes (seat, "\nc", -1);
  base->room = G_MAXSIZE;
  seat_writes (seat, "\nc", 2);
  seat_writes (seat, "d\n", 2);
  assert_stamped (base->written->str, "^a\\n\\[00:00:00\\.000\\] b\\n" STAMP "cd\\n$");

  /* The line that has begun is left alone, and the zero is a new one. */
  g_string_truncate (base->written, 0);
  charflow_mux_backend_set_timestamps (mux, FALSE);
  seat_writes (seat, "e\nf", 3);
  charflow_mux_backend_set_timestamps (mux, TRUE);
  seat_writes (seat, "g\nh", 3);
  assert_stamped (base->written->str, "^e\\nfg\\n\\[00:00:00\\.000\\] h$");
}

static void
test_timestamps_of_several (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, "timestamps", TRUE, NULL);
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) second = seat_new (mux, 128);

  seat_writes (first, "1\n", 2);
  seat_writes (second, "2", 1);
  seat_writes (first, "3\n", 2);
  assert_stamped (base->written->str, "^1\\n" STAMP "23\\n$");
}

static gboolean
write_again_cb (gpointer user_data)
{
  Seat *seat = user_data;
  g_autoptr (GError) error = NULL;

  /* What it writes is its own letter, by the piece. */
  charflow_backend_write (seat->slot, (const guint8 *) g_object_get_data (G_OBJECT (seat->slot), "text"), 4, &error);
  return G_SOURCE_CONTINUE;
}

static void
test_fair (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  static const char *const texts[] = { "aaaa", "bbbb", "cccc" };
  Seat *seats[3];
  GSource *sources[3];
  guint counts[3] = { 0, 0, 0 };

  for (guint i = 0; i < 3; i++)
    seats[i] = seat_new (mux, 128);
  base->room = 0;
  base->refill = 3; /* never a whole write */
  for (guint i = 0; i < 3; i++)
    {
      g_object_set_data (G_OBJECT (seats[i]->slot), "text", (gpointer) texts[i]);
      sources[i] = charflow_backend_create_source (seats[i]->slot, G_IO_OUT);
      g_assert_nonnull (sources[i]);
      g_source_set_callback (sources[i], write_again_cb, seats[i], NULL);
      g_source_attach (sources[i], NULL);
    }

  test_wait_until (base->written->len >= 900);
  for (gsize i = 0; i < base->written->len; i++)
    counts[base->written->str[i] - 'a']++;
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (counts[i], >=, 250);
      g_source_destroy (sources[i]);
      g_source_unref (sources[i]);
    }

  /* One that waits no more does not hold up the others. */
  base->refill = G_MAXSIZE;
  seat_free (seats[0]);
  settle ();
  seat_writes (seats[1], "x", 1);
  seat_free (seats[1]);
  seat_free (seats[2]);
}

static void
test_write_error (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (Seat) seat = seat_new (mux, 128);
  g_autoptr (GError) error = NULL;

  base->write_error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Full");
  g_assert_cmpint (charflow_backend_write (seat->slot, (const guint8 *) "a", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  seat_writes (seat, "b", 1);

  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_CLOSED);
  seat_writes (seat, "c", -1);
  g_assert_null (charflow_backend_create_source (seat->slot, G_IO_OUT));
  g_assert_cmpstr (base->written->str, ==, "b");
}

/* Places. */

static void
test_places (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = mux_new (base, NULL);
  g_autoptr (GError) error = NULL;
  Seat *seats[4];
  Seat *late;
  guint n_notified = 0;

  g_signal_connect_swapped (mux, "notify::n-front-ends", G_CALLBACK (test_count_cb), &n_notified);
  for (guint i = 0; i < 4; i++)
    seats[i] = seat_new (mux, 128);
  g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (mux), ==, 4);
  g_assert_null (charflow_backend_claim (as_backend (mux), &error, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  g_clear_error (&error);

  seat_leave (seats[1]);
  g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (mux), ==, 3);
  settle ();
  g_assert_cmpuint (n_notified, ==, 5);
  g_assert_false (charflow_mux_backend_focus_front_end (mux, 1, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (charflow_mux_backend_focus_front_end (mux, 4000000, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_FOUND);
  g_clear_error (&error);

  g_assert_true (charflow_mux_backend_focus_front_end (mux, 0, &error));
  g_assert_no_error (error);
  test_endpoint_feed (base, "\001c");
  settle ();
  g_assert_cmpint (charflow_mux_backend_get_focus (mux), ==, 2);

  late = seat_new (mux, 128);
  g_assert_cmpint (charflow_mux_backend_get_focus (mux), ==, 1);
  test_endpoint_feed (base, "late");
  seat_expect (late, "<O><I>late");
  for (guint round = 0; round < 20; round++)
    {
      seat_free (late);
      late = seat_new (mux, 128);
    }

  seat_free (late);
  for (guint i = 0; i < 4; i++)
    seat_free (seats[i]);
  g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (mux), ==, 0);
  charflow_mux_backend_focus_next (mux);
  g_assert_cmpint (charflow_mux_backend_get_focus (mux), ==, -1);
}

/* The base. */

static void
test_owns_base (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  g_autoptr (CharflowMuxBackend) other = charflow_mux_backend_new (as_backend (base));
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_mux_backend_get_backend (mux) == as_backend (base));
  g_assert_null (charflow_backend_claim (as_backend (base), &error, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_false (charflow_mux_backend_set_backend (other, as_backend (base), &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_false (test_open_backend (as_backend (other), &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  g_clear_error (&error);

  g_clear_object (&mux);
  g_assert_true (test_open_backend (as_backend (other), &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_opened (as_backend (other)));
  g_clear_object (&other);
  g_assert_false (charflow_backend_get_active (as_backend (base)));
  g_assert_cmpuint (base->n_closed, ==, 1);
}

static void
test_no_base (void)
{
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (NULL);
  g_autoptr (Seat) seat = seat_take (mux, 128);
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (seat->slot, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
  g_clear_error (&error);
  g_assert_false (charflow_backend_get_active (as_backend (mux)));

  g_assert_true (charflow_mux_backend_set_backend (mux, as_backend (base), &error));
  g_assert_true (test_open_backend (seat->slot, &error));
  g_assert_no_error (error);
  seat_expect (seat, "<O><I>");

  g_assert_true (charflow_mux_backend_set_backend (mux, NULL, &error));
  seat_expect (seat, "<C>");
  g_assert_false (charflow_backend_get_active (as_backend (base)));
  g_assert_false (charflow_backend_send_break (seat->slot, 10, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
}

static void
test_circle (void)
{
  g_autoptr (CharflowMuxBackend) inner = charflow_mux_backend_new (NULL);
  g_autoptr (CharflowMuxBackend) outer = charflow_mux_backend_new (as_backend (inner));
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_mux_backend_set_backend (inner, as_backend (inner), &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  g_clear_error (&error);
  g_assert_false (charflow_mux_backend_set_backend (inner, as_backend (outer), &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (inner), ==, 1);
}

static void
test_mux_over_mux (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) inner = charflow_mux_backend_new (as_backend (base));
  g_autoptr (CharflowMuxBackend) outer = mux_new (NULL, "escape-char", 2u, NULL);
  g_autoptr (Seat) first = NULL;
  g_autoptr (Seat) second = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_mux_backend_set_backend (outer, as_backend (inner), &error));
  g_assert_cmpint (charflow_mux_backend_lookup_front_end (inner, G_OBJECT (outer)), ==, 0);
  g_assert_cmpint (charflow_mux_backend_lookup_front_end (inner, G_OBJECT (inner)), ==, -1);
  first = seat_new (outer, 128);
  second = seat_new (inner, 128);
  seat_expect (first, "<O><I>");
  test_endpoint_feed (base, "in\001cout\002b");
  seat_expect (first, "<B>out");
  seat_expect (second, "<O><I><U>in");
  seat_writes (first, "deep", 4);
  g_assert_cmpstr (base->written->str, ==, "deep");
}

static void
test_swap (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) new = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (old));
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) second = seat_new (mux, 128);
  g_autoptr (GError) error = NULL;

  seat_expect (first, "<O><I><U>");
  seat_expect (second, "<O><I>");
  test_endpoint_feed (old, "\001");
  settle ();
  g_assert_true (charflow_mux_backend_set_backend (mux, as_backend (new), &error));
  g_assert_no_error (error);
  g_assert_false (charflow_backend_get_active (as_backend (old)));
  test_endpoint_feed (new, "c");
  seat_expect (first, "<C><O>");
  seat_expect (second, "<C><O>c");
  seat_writes (first, "to the new one", 14);
  g_assert_cmpstr (new->written->str, ==, "to the new one");
  g_assert_cmpstr (old->written->str, ==, "");

  /* The old one is free. */
  g_assert_true (charflow_backend_claim (as_backend (old), &error, &error) != NULL);
  g_object_unref (old);
  charflow_backend_release (as_backend (old), &error);
}

static void
error_cb (CharflowMuxBackend *mux,
          const GError       *error,
          GError            **out)
{
  *out = g_error_copy (error);
}

static void
test_swap_fails (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) new = test_endpoint_new ();
  g_autoptr (TestEndpoint) third = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (old));
  g_autoptr (Seat) seat = seat_new (mux, 128);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) told = NULL;

  g_signal_connect (mux, "backend-error", G_CALLBACK (error_cb), &told);
  new->fail_opening = TRUE;
  g_assert_true (charflow_mux_backend_set_backend (mux, as_backend (new), &error));
  test_wait_until (told != NULL);
  g_assert_error (told, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  seat_expect (seat, "<O><I><C>");

  /* One that opens late is given up for another. */
  new->fail_opening = FALSE;
  g_assert_true (charflow_mux_backend_set_backend (mux, as_backend (third), &error));
  seat_expect (seat, "<O>");
  new->hold_opening = TRUE;
  g_assert_true (charflow_mux_backend_set_backend (mux, as_backend (new), &error));
  g_assert_true (charflow_mux_backend_set_backend (mux, as_backend (third), &error));
  test_endpoint_answer (new);
  test_endpoint_feed (third, "third");
  seat_expect (seat, "<C><O>third");
  g_assert_false (charflow_backend_get_active (as_backend (new)));
}

/* Opening and closing. */

static void
test_first_opens_last_closes (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  Seat *first = seat_new (mux, 128);
  Seat *second = seat_new (mux, 128);

  g_assert_cmpuint (base->n_opened, ==, 1);
  seat_free (first);
  g_assert_true (charflow_backend_get_active (as_backend (mux)));
  seat_free (second);
  g_assert_false (charflow_backend_get_active (as_backend (mux)));
  g_assert_false (charflow_backend_get_active (as_backend (base)));

  first = seat_new (mux, 128);
  g_assert_cmpuint (base->n_opened, ==, 2);
  seat_expect (first, "<O><I>");
  seat_free (first);
}

static void
test_opened_by_program (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  g_autoptr (GError) error = NULL;
  Seat *seat;

  test_open_backend (as_backend (base), &error);
  test_open_backend (as_backend (mux), &error);
  g_assert_no_error (error);
  seat = seat_new (mux, 128);
  seat_expect (seat, "<O><I>");

  charflow_backend_close (as_backend (mux));
  seat_expect (seat, "<C>");
  g_assert_true (charflow_backend_get_active (as_backend (base)));
  test_open_backend (as_backend (mux), &error);
  g_assert_no_error (error);
  seat_expect (seat, "<O>");

  seat_free (seat);
  g_assert_true (charflow_backend_get_active (as_backend (mux)));
  charflow_backend_close (as_backend (mux));
  g_assert_true (charflow_backend_get_active (as_backend (base)));
}

static void
answer_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
test_two_wait (gconstpointer fails)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  Seat *seats[2] = { seat_take (mux, 128), seat_take (mux, 128) };
  GAsyncResult *results[2] = { NULL, NULL };

  base->hold_opening = TRUE;
  for (guint i = 0; i < 2; i++)
    charflow_backend_open_async (seats[i]->slot, NULL, answer_cb, &results[i]);
  settle ();
  g_assert_null (results[0]);

  base->fail_opening = fails != NULL;
  test_endpoint_answer (base);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      test_wait_until (results[i] != NULL);
      g_assert_true (charflow_backend_open_finish (seats[i]->slot, results[i], &error) == (fails == NULL));
      if (fails != NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_object_unref (results[i]);
    }
  g_assert_true (charflow_backend_get_active (as_backend (mux)) == (fails == NULL));
  for (guint i = 0; i < 2; i++)
    seat_free (seats[i]);
}

static void
test_cancelled (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  g_autoptr (Seat) first = seat_take (mux, 128);
  g_autoptr (Seat) second = seat_take (mux, 128);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  base->hold_opening = TRUE;
  charflow_backend_open_async (first->slot, cancellable, answer_cb, &result);
  settle ();
  g_cancellable_cancel (cancellable);
  test_wait_until (result != NULL);
  g_assert_false (charflow_backend_open_finish (first->slot, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* The next one does not get the end of that one. */
  g_clear_object (&result);
  g_clear_error (&error);
  charflow_backend_open_async (second->slot, NULL, answer_cb, &result);
  test_endpoint_answer (base);
  base->hold_opening = FALSE;
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_open_finish (second->slot, result, &error));
  g_assert_no_error (error);
  seat_expect (second, "<O><I>");
  seat_expect (first, "");
}

static void
test_leaves_while_opening (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  g_autoptr (Seat) seat = seat_take (mux, 128);
  g_autoptr (GAsyncResult) result = NULL;

  base->hold_opening = TRUE;
  charflow_backend_open_async (seat->slot, NULL, answer_cb, &result);
  seat_leave (seat);
  test_wait_until (result != NULL);
  g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (mux), ==, 0);
  test_endpoint_answer (base);
  settle ();
  g_assert_false (charflow_backend_get_active (as_backend (mux)));
  g_assert_false (charflow_backend_get_active (as_backend (base)));
  g_clear_object (&result);
  g_assert_finalize_object (g_steal_pointer (&mux));
}

static void
test_both_open (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  g_autoptr (Seat) seat = seat_take (mux, 128);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  /* The program opens the base, and the multiplexer, and the front end all at once. */
  base->hold_opening = TRUE;
  charflow_backend_open_async (as_backend (base), NULL, NULL, NULL);
  charflow_backend_open_async (as_backend (mux), NULL, NULL, NULL);
  charflow_backend_open_async (seat->slot, NULL, answer_cb, &result);
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_open_finish (seat->slot, result, &error));
  seat_expect (seat, "<I>");
  test_endpoint_answer (base);
  test_endpoint_feed (base, "all");
  seat_expect (seat, "<O>all");
}

static void
test_end_comes_last (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  g_autoptr (Seat) idle = seat_new (mux, 128);
  g_autoptr (Seat) slow = seat_new (mux, 0);

  seat_expect (idle, "<O><I><U>");
  test_endpoint_feed (base, "the rest");
  seat_expect (slow, "<O><I>");
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_CLOSED);
  seat_expect (idle, "<C>");
  g_assert_true (charflow_backend_get_opened (slow->slot));
  seat_writes (slow, "a", -1);
  test_front_end_set_credit (slow->front_end, 3);
  seat_expect (slow, "the rest<C>");

  /* Not past the next one. */
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_OPENED);
  seat_expect (slow, "<O>");
  test_front_end_set_credit (slow->front_end, 0);
  test_endpoint_feed (base, "lost");
  settle ();
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_CLOSED);
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_OPENED);
  test_front_end_set_credit (slow->front_end, 10);
  test_endpoint_feed (base, "new");
  seat_expect (slow, "<C><O>new");
}

/* A base without sources is read when somebody asks. */
static void
test_base_without_sources (void)
{
  g_autoptr (CharflowBackend) base = charflow_backend_new_from_spec ("ringbuf,size=64", NULL);
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (base);
  g_autoptr (Seat) seat = seat_new (mux, 128);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  seat_expect (seat, "<O><I>");
  g_assert_null (charflow_backend_read_bytes (seat->slot, 10, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (charflow_backend_create_source (seat->slot, G_IO_OUT));
  seat_writes (seat, "stored", 6);
  bytes = charflow_ringbuf_backend_peek_bytes (CHARFLOW_RINGBUF_BACKEND (base), 64);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "stored", 6);
}

typedef struct
{
  Seat *seat;
  GSource *source;
} Interrupter;

static gboolean
write_once_cb (gpointer user_data)
{
  seat_writes (((Interrupter *) user_data)->seat, "later", 5);
  return G_SOURCE_REMOVE;
}

static void
interrupt_cb (Interrupter *self)
{
  if (self->source != NULL)
    return;

  seat_writes (self->seat, "later", -1);
  self->source = charflow_backend_create_source (self->seat->slot, G_IO_OUT);
  g_assert_nonnull (self->source);
  g_source_set_callback (self->source, write_once_cb, self, NULL);
  g_source_attach (self->source, NULL);
}

/* Who writes from a handler of what another one writes waits until that is done. */
static void
test_write_within_write (void)
{
  g_autoptr (CharflowBackend) base = charflow_backend_new_from_spec ("ringbuf,size=64", NULL);
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (base);
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) second = seat_new (mux, 128);
  g_autoptr (GBytes) bytes = NULL;
  Interrupter interrupter = { .seat = second };

  charflow_mux_backend_set_timestamps (mux, TRUE);
  g_signal_connect_swapped (base, "changed", G_CALLBACK (interrupt_cb), &interrupter);
  seat_writes (first, "a\nb ", 4);
  settle ();
  bytes = charflow_ringbuf_backend_peek_bytes (CHARFLOW_RINGBUF_BACKEND (base), 64);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "a\n[00:00:00.000] b later", 24);
  g_source_unref (interrupter.source);
}

/* What passes through. */

#define TEST_TYPE_LINE (test_line_get_type ())
G_DECLARE_FINAL_TYPE (TestLine, test_line, TEST, LINE, CharflowBackend)

struct _TestLine
{
  CharflowBackend parent_instance;

  GString *log;
};

G_DEFINE_FINAL_TYPE (TestLine, test_line, CHARFLOW_TYPE_BACKEND)

static char *
test_line_get_resource (CharflowBackend *backend)
{
  return g_strdup ("line");
}

static void
test_line_set_front_end_open (CharflowBackend *backend,
                              gboolean         open)
{
  g_string_append (TEST_LINE (backend)->log, open ? "<listens>" : "<silent>");
}

static void
test_line_set_echo (CharflowBackend *backend,
                    gboolean         echo)
{
  g_string_append (TEST_LINE (backend)->log, echo ? "<echo>" : "<no echo>");
}

static gboolean
test_line_set_serial_settings (CharflowBackend        *backend,
                               CharflowSerialSettings *settings,
                               GError                **error)
{
  g_string_append (TEST_LINE (backend)->log, "<settings>");
  return TRUE;
}

static gboolean
test_line_set_break (CharflowBackend *backend,
                     gboolean         on,
                     GError         **error)
{
  g_string_append (TEST_LINE (backend)->log, on ? "<break>" : "<no break>");
  return TRUE;
}

static gboolean
test_line_query_modem_lines (CharflowBackend    *backend,
                             CharflowModemLines *lines,
                             GError            **error)
{
  *lines = CHARFLOW_MODEM_LINES_CTS;
  return TRUE;
}

static gboolean
test_line_set_modem_lines (CharflowBackend   *backend,
                           CharflowModemLines lines,
                           GError           **error)
{
  g_string_append_printf (TEST_LINE (backend)->log, "<lines %u>", lines);
  return TRUE;
}

static gboolean
test_line_drop_peer (CharflowBackend *backend,
                     GError         **error)
{
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_CLOSED);
  return TRUE;
}

static void
test_line_finalize (GObject *object)
{
  g_string_free (TEST_LINE (object)->log, TRUE);
  G_OBJECT_CLASS (test_line_parent_class)->finalize (object);
}

static void
test_line_class_init (TestLineClass *klass)
{
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_line_finalize;
  backend_class->get_resource = test_line_get_resource;
  backend_class->set_front_end_open = test_line_set_front_end_open;
  backend_class->set_echo = test_line_set_echo;
  backend_class->set_serial_settings = test_line_set_serial_settings;
  backend_class->set_break = test_line_set_break;
  backend_class->query_modem_lines = test_line_query_modem_lines;
  backend_class->set_modem_lines = test_line_set_modem_lines;
  backend_class->drop_peer = test_line_drop_peer;
}

static void
test_line_init (TestLine *self)
{
  self->log = g_string_new (NULL);
  charflow_backend_set_uri (CHARFLOW_BACKEND (self), "line:1");
  charflow_backend_add_features (CHARFLOW_BACKEND (self), CHARFLOW_FEATURE_RECONNECTABLE | CHARFLOW_FEATURE_FD_PASS);
}

static void
test_passes_duties (void)
{
  g_autoptr (TestLine) line = g_object_new (TEST_TYPE_LINE, NULL);
  g_autoptr (TestLine) other = g_object_new (TEST_TYPE_LINE, NULL);
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (line));
  g_autoptr (Seat) first = seat_new (mux, 128);
  g_autoptr (Seat) second = seat_new (mux, 128);
  g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new_from_string ("9600 8N1", NULL);
  g_autofree char *resource = charflow_backend_get_resource (first->slot);
  g_autofree char *uri = charflow_backend_get_uri (first->slot);
  g_autoptr (GError) error = NULL;
  CharflowModemLines lines;

  g_assert_cmpstr (resource, ==, "line");
  g_assert_cmpstr (uri, ==, "line:1");
  g_assert_true (charflow_backend_get_features (first->slot) == CHARFLOW_FEATURE_RECONNECTABLE);
  charflow_backend_set_front_end_open (first->slot, TRUE);
  charflow_backend_set_front_end_open (second->slot, TRUE);
  charflow_backend_set_front_end_open (first->slot, FALSE);
  charflow_backend_set_echo (first->slot, FALSE);
  g_assert_true (charflow_backend_set_serial_settings (first->slot, settings, &error));
  g_assert_true (charflow_backend_set_break (first->slot, TRUE, &error));
  g_assert_true (charflow_backend_set_break (first->slot, FALSE, &error));
  g_assert_true (charflow_backend_set_modem_lines (first->slot, CHARFLOW_MODEM_LINES_DTR, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (line->log->str, ==,
                   "<listens><no echo><settings><break><no break><lines 2>");

  g_assert_true (charflow_backend_query_modem_lines (first->slot, &lines, &error));
  g_assert_true (lines == CHARFLOW_MODEM_LINES_CTS);
  g_assert_true (charflow_backend_get_modem_lines (second->slot) == CHARFLOW_MODEM_LINES_CTS);

  /* Another base is set like this one. */
  g_assert_true (charflow_mux_backend_set_backend (mux, as_backend (other), &error));
  settle ();
  g_assert_cmpstr (other->log->str, ==, "<listens><no echo><settings>");
  g_assert_true (g_str_has_suffix (line->log->str, "<silent>"));
  g_assert_true (charflow_backend_get_modem_lines (second->slot) == CHARFLOW_MODEM_LINES_NONE);
  g_assert_true (charflow_mux_backend_set_backend (mux, as_backend (line), &error));
  settle ();

  /* It ends by itself. */
  g_string_truncate (line->log, 0);
  g_assert_true (charflow_backend_send_break (second->slot, 1, &error));
  test_wait_until (g_str_has_suffix (line->log->str, "<no break>"));
  g_assert_cmpstr (line->log->str, ==, "<break><no break>");

  charflow_backend_emit_event (as_backend (line), CHARFLOW_EVENT_OPENED);
  g_assert_true (charflow_backend_drop_peer (second->slot, &error));
  seat_expect (first, "<I><U><O><C>");
  g_string_truncate (line->log, 0);
  seat_leave (second);
  g_assert_cmpstr (line->log->str, ==, "<silent>");
}

/* Re-entrancy. */

typedef struct
{
  CharflowMuxBackend *mux; /* a reference that a handler may drop */
  TestEndpoint *other;
  Seat *seats[2];
  CharflowEvent event; /* to be acted on */
  guint action;
  guint n_acted;
} Scene;

static void
act (Scene *scene)
{
  g_autoptr (GError) error = NULL;

  if (scene->n_acted++ > 0)
    return;

  switch (scene->action)
    {
    case 0:
      g_assert_true (charflow_mux_backend_set_backend (scene->mux, as_backend (scene->other), &error));
      break;
    case 1:
      charflow_backend_close (as_backend (scene->mux));
      break;
    case 2:
      seat_leave (scene->seats[0]);
      break;
    case 3:
      seat_leave (scene->seats[1]);
      break;
    case 4:
      seat_leave (scene->seats[0]);
      seat_leave (scene->seats[1]);
      g_clear_object (&scene->mux);
      break;
    case 5:
      g_assert_true (charflow_mux_backend_set_backend (scene->mux, NULL, &error));
      break;
    default:
      charflow_mux_backend_focus_next (scene->mux);
      break;
    }
}

static void
act_on_event_cb (CharflowBackend *slot,
                 CharflowEvent    event,
                 Scene           *scene)
{
  if (event == scene->event)
    act (scene);
}

static void
act_on_command_cb (CharflowMuxBackend *mux,
                   guint               key,
                   Scene              *scene)
{
  act (scene);
}

static void
act_on_notify_cb (CharflowMuxBackend *mux,
                  GParamSpec         *pspec,
                  Scene              *scene)
{
  act (scene);
}

static void
act_in_write (gpointer data)
{
  act (data);
}

/* Everything that calls a handler, once; some of it after the actor has changed what it is about. */
static void
play (Scene        *scene,
      TestEndpoint *base)
{
  g_autoptr (CharflowMuxBackend) mux = g_object_ref (scene->mux);

  test_endpoint_feed (base, "1\001c2\001b3\001h4\001t5\001q6\001c7");
  settle ();
  if (scene->seats[0]->slot != NULL)
    charflow_backend_write (scene->seats[0]->slot, (const guint8 *) "a\nb", 3, NULL);
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_BREAK);
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_CLOSED);
  charflow_backend_emit_event (as_backend (base), CHARFLOW_EVENT_OPENED);
  charflow_backend_emit_event (as_backend (mux), CHARFLOW_EVENT_BREAK);
  settle ();
}

static void
test_reentrancy (void)
{
  for (guint action = 0; action < 7; action++)
    for (guint cause = 0; cause < 9; cause++)
      {
        TestEndpoint *base = test_endpoint_new ();
        Scene scene = { .action = action, .event = cause };
        gpointer weak;

        scene.other = test_endpoint_new ();
        scene.mux = charflow_mux_backend_new (as_backend (base));
        weak = scene.mux;
        g_object_add_weak_pointer (G_OBJECT (scene.mux), &weak);
        for (guint i = 0; i < 2; i++)
          scene.seats[i] = seat_new (scene.mux, 128);
        for (guint i = 0; cause <= CHARFLOW_EVENT_MUX_OUT && i < 2; i++)
          g_signal_connect (scene.seats[i]->slot, "event", G_CALLBACK (act_on_event_cb), &scene);
        if (cause == CHARFLOW_EVENT_MUX_OUT + 1)
          g_signal_connect (scene.mux, "escape-command", G_CALLBACK (act_on_command_cb), &scene);
        if (cause == CHARFLOW_EVENT_MUX_OUT + 2)
          g_signal_connect (scene.mux, "notify::focus", G_CALLBACK (act_on_notify_cb), &scene);
        if (cause == CHARFLOW_EVENT_MUX_OUT + 3)
          g_signal_connect (scene.mux, "notify::timestamps", G_CALLBACK (act_on_notify_cb), &scene);
        if (cause == CHARFLOW_EVENT_MUX_OUT + 4)
          {
            base->hook = act_in_write;
            base->hook_data = &scene;
          }

        play (&scene, base);
        g_assert_cmpuint (scene.n_acted, >, 0);
        base->hook = NULL;
        for (guint i = 0; i < 2; i++)
          seat_free (scene.seats[i]);
        g_clear_object (&scene.mux);
        settle ();
        g_assert_null (weak);
        g_assert_false (charflow_backend_get_active (as_backend (base)));
        g_assert_finalize_object (base);
        g_assert_finalize_object (scene.other);
      }
}

/* With devices. */

static void
message_cb (CharflowCharDevice *device,
            CharflowClient     *target,
            GBytes             *message,
            GString            *log)
{
  g_string_append_len (log, g_bytes_get_data (message, NULL), g_bytes_get_size (message));
}

static void
device_writes (CharflowCharDevice *device,
               const char         *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  charflow_char_device_write_bytes (device, NULL, bytes, &error);
  g_assert_no_error (error);
}

static void
test_devices (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  CharflowCharDevice *devices[4];
  GString *logs[4];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 4; i++)
    {
      devices[i] = charflow_char_device_new (as_backend (mux));
      g_assert_true (charflow_char_device_get_backend (devices[i]) == as_backend (mux));
      logs[i] = g_string_new (NULL);
      g_signal_connect (devices[i], "message", G_CALLBACK (message_cb), logs[i]);
    }
  for (guint i = 0; i < 4; i++)
    charflow_char_device_start (devices[i]);
  test_wait_until (charflow_char_device_get_opened (devices[3]));
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (charflow_mux_backend_lookup_front_end (mux, G_OBJECT (devices[i])), ==, (int) i);

  g_assert_true (charflow_mux_backend_focus_front_end (mux, 0, &error));
  test_endpoint_feed (base, "0\001c1\001c2\001c3");
  test_wait_until (logs[3]->len == 1);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      g_assert_cmpstr (logs[i]->str, ==, text);
      device_writes (devices[i], text);
    }
  settle ();
  g_assert_cmpstr (base->written->str, ==, "0123");

  for (guint i = 0; i < 4; i++)
    {
      g_assert_true (charflow_char_device_set_backend (devices[i], NULL, &error));
      g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (mux), ==, 3 - i);
      g_assert_finalize_object (devices[i]);
      g_string_free (logs[i], TRUE);
    }
  g_assert_false (charflow_backend_get_active (as_backend (mux)));
}

static gboolean
refuse_cb (CharflowCharDevice *device,
           CharflowBackend    *backend,
           gpointer            user_data)
{
  return FALSE;
}

static void
test_device_refuses (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (NULL);
  g_autoptr (GError) error = NULL;

  g_signal_connect (device, "backend-changed", G_CALLBACK (refuse_cb), NULL);
  g_assert_false (charflow_char_device_set_backend (device, as_backend (mux), &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_REFUSED);
  g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (mux), ==, 0);
}

/* A device whose peer does not read waits for the base, and goes on when that has room. */
static void
test_device_waits (void)
{
  g_autoptr (TestEndpoint) base = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (as_backend (base));
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (as_backend (mux));
  g_autoptr (Seat) other = seat_new (mux, 128);

  charflow_char_device_start (device);
  test_wait_until (charflow_char_device_get_opened (device));
  base->room = 3;
  device_writes (device, "abcdef");
  settle ();
  g_assert_cmpstr (base->written->str, ==, "abc");
  seat_writes (other, "x", -1);
  base->room = G_MAXSIZE;
  test_wait_until (base->written->len == 6);
  g_assert_cmpstr (base->written->str, ==, "abcdef");
}

/* Specs. */

static void
assert_refused (const char *spec,
                int         code,
                const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_new_from_spec (spec, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
}

static void
test_specs (void)
{
  g_autoptr (CharflowBackend) mux = charflow_backend_new_from_spec ("loopback,id=l,mux=on", NULL);
  CharflowBackend *base = charflow_mux_backend_get_backend (CHARFLOW_MUX_BACKEND (mux));

  g_assert_cmpstr (charflow_backend_get_label (mux), ==, "l");
  g_assert_cmpstr (charflow_backend_get_label (base), ==, "l-base");
  g_assert_true (CHARFLOW_IS_LOOPBACK_BACKEND (base));

  assert_refused ("mux,id=m", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "chardev");
  assert_refused ("mux,id=m,chardev=c", CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED, "chardev=c");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/mux-backend/M1/the-last-one-gets-input", test_last_one_gets_input);
  g_test_add_func ("/mux-backend/M2/events-of-the-base-and-of-the-mux", test_events);
  g_test_add_func ("/mux-backend/M3/break-and-next", test_escapes);
  g_test_add_func ("/mux-backend/M3/help", test_help);
  g_test_add_func ("/mux-backend/M3/help-waits", test_help_waits);
  g_test_add_func ("/mux-backend/M4/nobody-listens", test_nobody_listens);
  g_test_add_func ("/mux-backend/M5/focus-leaves", test_focus_leaves);
  g_test_add_func ("/mux-backend/M6/full-in-order", test_full_in_order);
  g_test_add_func ("/mux-backend/M6/escape-from-one-that-is-stuck", test_rescue);
  g_test_add_func ("/mux-backend/M6/full-beside-others", test_full_beside_others);
  g_test_add_func ("/mux-backend/M6/as-a-model", test_model);
  g_test_add_func ("/mux-backend/M7/literal-and-unknown", test_literal_and_unknown);
  g_test_add_func ("/mux-backend/M8/timestamps", test_timestamps);
  g_test_add_func ("/mux-backend/M8/timestamps-of-several", test_timestamps_of_several);
  g_test_add_func ("/mux-backend/M9/places", test_places);
  g_test_add_func ("/mux-backend/writing/fair", test_fair);
  g_test_add_func ("/mux-backend/writing/errors", test_write_error);
  g_test_add_func ("/mux-backend/base/is-owned", test_owns_base);
  g_test_add_func ("/mux-backend/base/none", test_no_base);
  g_test_add_func ("/mux-backend/base/no-circle", test_circle);
  g_test_add_func ("/mux-backend/base/is-a-mux", test_mux_over_mux);
  g_test_add_func ("/mux-backend/base/is-changed", test_swap);
  g_test_add_func ("/mux-backend/base/change-fails", test_swap_fails);
  g_test_add_func ("/mux-backend/base/without-sources", test_base_without_sources);
  g_test_add_func ("/mux-backend/writing/within-a-write", test_write_within_write);
  g_test_add_func ("/mux-backend/base/has-the-duties", test_passes_duties);
  g_test_add_func ("/mux-backend/opening/first-opens-last-closes", test_first_opens_last_closes);
  g_test_add_func ("/mux-backend/opening/by-the-program", test_opened_by_program);
  g_test_add_data_func ("/mux-backend/opening/two-wait", NULL, test_two_wait);
  g_test_add_data_func ("/mux-backend/opening/two-wait-in-vain", "fails", test_two_wait);
  g_test_add_func ("/mux-backend/opening/cancelled", test_cancelled);
  g_test_add_func ("/mux-backend/opening/left", test_leaves_while_opening);
  g_test_add_func ("/mux-backend/opening/by-both", test_both_open);
  g_test_add_func ("/mux-backend/end-comes-last", test_end_comes_last);
  g_test_add_func ("/mux-backend/reentrancy", test_reentrancy);
  g_test_add_func ("/mux-backend/devices/four", test_devices);
  g_test_add_func ("/mux-backend/devices/refused", test_device_refuses);
  g_test_add_func ("/mux-backend/devices/wait-for-room", test_device_waits);
  g_test_add_func ("/mux-backend/specs", test_specs);

  return g_test_run ();
}

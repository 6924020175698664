/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-framer.h"

#include <string.h>

/* Devices whose messages have a form: how their parts are read and written. */

typedef struct
{
  TestEndpoint *endpoint;
  TestFramer *framer;
  CharflowCharDevice *device; /* the same */
  TestConsumer *a;
  TestConsumer *b;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->endpoint = test_endpoint_new ();
  fixture->framer = test_framer_new (fixture->endpoint);
  fixture->device = CHARFLOW_CHAR_DEVICE (fixture->framer);
  fixture->a = test_consumer_new ("stall-time", 30, NULL);
  fixture->b = test_consumer_new ("ready", TRUE, NULL);
  test_consumer_attach (fixture->a, fixture->device);
  test_consumer_attach (fixture->b, fixture->device);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_clear_pointer (&fixture->a, test_consumer_free);
  g_clear_pointer (&fixture->b, test_consumer_free);
  test_settle ();
  if (fixture->framer != NULL)
    g_assert_finalize_object (fixture->framer);
  g_assert_finalize_object (fixture->endpoint);
}

static void
feed (Fixture    *fixture,
      const char *text)
{
  test_endpoint_feed (fixture->endpoint, text);
  test_settle ();
}

static void
write_own (Fixture    *fixture,
           const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  charflow_char_device_write_bytes (fixture->device, NULL, bytes, &error);
  g_assert_no_error (error);
}

static void
assert_bytes (GBytes     *bytes,
              const char *text)
{
  g_autoptr (GBytes) owned = bytes;

  g_assert_nonnull (owned);
  g_assert_cmpmem (g_bytes_get_data (owned, NULL), g_bytes_get_size (owned), text, strlen (text));
}

static void
set_room (Fixture *fixture,
          gsize    room)
{
  fixture->endpoint->room = room;
  test_settle ();
}

static void
test_fill (Fixture      *fixture,
           gconstpointer data)
{
  CharflowCharDevice *device = fixture->device;
  const guint8 *peeked;
  gsize available;
  guint n_reads;

  charflow_char_device_stop (device);
  test_endpoint_feed (fixture->endpoint, "abcd");
  test_endpoint_feed (fixture->endpoint, "ef");
  g_assert_null (charflow_char_device_peek (device, &available));
  g_assert_cmpuint (available, ==, 0);
  assert_bytes (charflow_char_device_peek_bytes (device), "");

  g_assert_cmpuint (charflow_char_device_fill (device, 3), ==, 4);
  n_reads = fixture->endpoint->n_reads;
  g_assert_cmpuint (charflow_char_device_fill (device, 4), ==, 4);
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads);
  g_assert_cmpuint (charflow_char_device_fill (device, 5), ==, 6);
  g_assert_cmpuint (charflow_char_device_fill (device, G_MAXSIZE), ==, 6);

  peeked = charflow_char_device_peek (device, &available);
  g_assert_cmpmem (peeked, available, "abcdef", 6);
  assert_bytes (charflow_char_device_peek_bytes (device), "abcdef");
  g_assert_null (charflow_char_device_read_bytes (device, 0));
  assert_bytes (charflow_char_device_read_bytes (device, 2), "ab");
  assert_bytes (charflow_char_device_peek_bytes (device), "cdef");
  assert_bytes (charflow_char_device_read_bytes (device, 3), "cde");
  test_endpoint_feed (fixture->endpoint, "gh");
  assert_bytes (charflow_char_device_read_bytes (device, 3), "f");
  assert_bytes (charflow_char_device_read_bytes (device, 1), "g");
  g_assert_false (charflow_char_device_is_at_end (device));
  assert_bytes (charflow_char_device_read_bytes (device, 3), "h");
  g_assert_null (charflow_char_device_read_bytes (device, 3));
}

static void
test_fill_is_bounded (Fixture      *fixture,
                      gconstpointer data)
{
  gsize available;

  charflow_char_device_stop (fixture->device);
  fixture->endpoint->endless = 50000;
  available = charflow_char_device_fill (fixture->device, G_MAXSIZE);
  g_assert_cmpuint (available, >=, 16 * 1024 * 1024);
  g_assert_cmpuint (available, <=, 16 * 1024 * 1024 + 64 * 1024);
  fixture->endpoint->endless = 0;
}

static void
wake_up_cb (gpointer data)
{
  charflow_char_device_wakeup (data);
}

/* What it reads itself is as good as what the turn in between read. */
static void
test_turn_inside_of_fill (Fixture      *fixture,
                          gconstpointer data)
{
  charflow_client_set_ready (fixture->a->client, FALSE);
  test_endpoint_feed (fixture->endpoint, "a.");
  test_endpoint_feed (fixture->endpoint, "b.");
  fixture->endpoint->hook = wake_up_cb;
  fixture->endpoint->hook_data = fixture->device;
  charflow_char_device_fill (fixture->device, 2);
  test_settle ();
  charflow_client_set_ready (fixture->a->client, TRUE);
  test_consumer_expect (fixture->a, "a.b.");
  test_consumer_expect (fixture->b, "a.b.");
}

static void
test_end_throws_half_away (Fixture      *fixture,
                           gconstpointer data)
{
  CharflowBackend *backend = CHARFLOW_BACKEND (fixture->endpoint);

  feed (fixture, "a.b");
  charflow_client_set_ready (fixture->a->client, FALSE);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_CLOSED);
  test_settle ();
  test_framer_expect (fixture->framer, "<peer>");
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  feed (fixture, "c.");
  test_consumer_expect (fixture->b, "a.c.");
}

/* What is left unread waits, and nothing of the next one mixes with it. */
static void
test_end_while_stopped (Fixture      *fixture,
                        gconstpointer data)
{
  CharflowBackend *backend = CHARFLOW_BACKEND (fixture->endpoint);

  charflow_char_device_stop (fixture->device);
  test_endpoint_feed (fixture->endpoint, "a.b.c");
  charflow_char_device_fill (fixture->device, 5);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_CLOSED);
  g_assert_true (charflow_char_device_is_at_end (fixture->device));
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  test_endpoint_feed (fixture->endpoint, "d.");
  g_assert_cmpuint (charflow_char_device_fill (fixture->device, 100), ==, 5);
  test_framer_expect (fixture->framer, "");

  charflow_char_device_start (fixture->device);
  test_settle ();
  g_assert_false (charflow_char_device_is_at_end (fixture->device));
  test_framer_expect (fixture->framer, "<peer>");
  test_consumer_expect (fixture->a, "a.b.d.");
}

/* The first part is taken, and its end does not wait for the next peer. */
static void
test_end_of_taken_part (Fixture      *fixture,
                        gconstpointer data)
{
  charflow_char_device_stop (fixture->device);
  test_endpoint_feed (fixture->endpoint, "ab");
  charflow_char_device_fill (fixture->device, 2);
  charflow_backend_emit_event (CHARFLOW_BACKEND (fixture->endpoint), CHARFLOW_EVENT_CLOSED);
  charflow_char_device_start (fixture->device);
  test_settle ();
  test_consumer_expect (fixture->a, "ab");
  test_framer_expect (fixture->framer, "<peer>");
}

static void
close_cb (gpointer data)
{
  charflow_backend_emit_event (data, CHARFLOW_EVENT_CLOSED);
}

static void
test_end_while_reading (Fixture      *fixture,
                        gconstpointer data)
{
  feed (fixture, "ab");
  fixture->endpoint->hook = close_cb;
  fixture->endpoint->hook_data = fixture->endpoint;
  feed (fixture, "c.d");
  test_framer_expect (fixture->framer, "<peer>");
  test_consumer_expect (fixture->a, "abc.");
}

static TestEndpoint *
new_open_endpoint (void)
{
  TestEndpoint *endpoint = test_endpoint_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (CHARFLOW_BACKEND (endpoint), &error));
  g_assert_no_error (error);

  return endpoint;
}

static void
test_swap_of_open_back_ends (Fixture      *fixture,
                             gconstpointer data)
{
  g_autoptr (TestEndpoint) other = new_open_endpoint ();
  TestConsumer *late = test_consumer_new ("ready", TRUE, NULL);

  feed (fixture, "a.bcd");
  charflow_char_device_set_backend (fixture->device, CHARFLOW_BACKEND (other), NULL);
  test_framer_expect (fixture->framer, "<peer>");
  test_consumer_attach (late, fixture->device);
  test_endpoint_feed (other, "e.");
  test_settle ();
  test_consumer_expect (fixture->a, "a.bce.");
  test_consumer_expect (late, "e.");
  test_consumer_free (late);
  charflow_char_device_set_backend (fixture->device, NULL, NULL);
}

/* The idle source that reads what is left has no back end to go with. */
static void
test_dropped_with_unread (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  TestFramer *framer = test_framer_new (endpoint);

  charflow_char_device_stop (CHARFLOW_CHAR_DEVICE (framer));
  test_endpoint_feed (endpoint, "a.b.c.d.e.f.g.h.");
  charflow_char_device_fill (CHARFLOW_CHAR_DEVICE (framer), 16);
  charflow_char_device_set_backend (CHARFLOW_CHAR_DEVICE (framer), NULL, NULL);
  charflow_char_device_start (CHARFLOW_CHAR_DEVICE (framer));
  g_assert_finalize_object (framer);
  test_settle ();
}

static void
test_late_joiner (Fixture      *fixture,
                  gconstpointer data)
{
  TestConsumer *late = test_consumer_new ("ready", TRUE, NULL);

  feed (fixture, "ab");
  test_consumer_attach (late, fixture->device);
  feed (fixture, "cd");
  feed (fixture, "e.f.");
  test_consumer_expect (fixture->a, "abcde.f.");
  test_consumer_expect (late, "f.");
  g_assert_cmpuint (late->n_messages, ==, 1);
  test_consumer_free (late);
}

typedef struct
{
  CharflowCharDevice *device;
  TestConsumer *late;
  const char *at; /* a message */
} Joining;

static void
join_cb (CharflowCharDevice *device,
         CharflowClient     *client,
         GBytes             *message,
         Joining            *joining)
{
  if (memcmp (g_bytes_get_data (message, NULL), joining->at, 2) == 0)
    test_consumer_attach (joining->late, joining->device);
}

static void
rejoin_cb (CharflowClient     *client,
           CharflowCharDevice *device,
           GBytes             *message,
           Joining            *joining)
{
  if (memcmp (g_bytes_get_data (message, NULL), joining->at, 2) != 0)
    return;

  charflow_char_device_detach_client (device, client);
  g_assert_true (charflow_char_device_attach_client (device, client, NULL));
}

static void
test_joiner_in_handler (Fixture      *fixture,
                        gconstpointer data)
{
  static const struct
  {
    const char *at;
    const char *got;
  } cases[] = { { "ab", "abcde.f." }, { "cd", "f." }, { "e.", "f." }, { "f.", "f." } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      TestConsumer *late = test_consumer_new ("ready", TRUE, NULL);
      Joining joining = { fixture->device, late, cases[i].at };
      gulong id = g_signal_connect (fixture->device, "message", G_CALLBACK (join_cb), &joining);

      feed (fixture, "abcde.f.");
      test_consumer_expect (late, cases[i].got);
      g_signal_handler_disconnect (fixture->device, id);
      test_consumer_free (late);
    }
}

static void
test_rejoins_in_handler (Fixture      *fixture,
                         gconstpointer data)
{
  static const struct
  {
    const char *at;
    const char *got;
  } cases[] = { { "ab", "ab<removed detached>f." },
                { "cd", "abcd<removed detached>f." },
                { "e.", "abcde.<removed detached>f." },
                { "f.", "abcde.f.<removed detached>" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Joining joining = { fixture->device, NULL, cases[i].at };
      gulong id = g_signal_connect (fixture->a->client, "deliver", G_CALLBACK (rejoin_cb), &joining);

      feed (fixture, "abcde.f.");
      test_consumer_expect (fixture->a, cases[i].got);
      test_consumer_expect (fixture->b, "abcde.f.");
      g_signal_handler_disconnect (fixture->a->client, id);
    }
}

static void
test_reset_in_message (Fixture      *fixture,
                       gconstpointer data)
{
  charflow_client_set_ready (fixture->a->client, FALSE);
  feed (fixture, "ab");
  charflow_char_device_reset (fixture->device);
  test_framer_expect (fixture->framer, "<reset>");
  feed (fixture, "cde.f.");
  charflow_client_set_ready (fixture->a->client, TRUE);
  test_consumer_expect (fixture->a, "f.");
  test_consumer_expect (fixture->b, "abcde.f.");
}

static void
test_drop_in_parts (Fixture      *fixture,
                    gconstpointer data)
{
  TestConsumer *lossy = test_consumer_new ("overflow", CHARFLOW_OVERFLOW_DROP, "max-queue-messages", 2, "ready", FALSE, NULL);

  test_consumer_attach (lossy, fixture->device);
  feed (fixture, "abcde.fgh.");
  charflow_client_set_ready (lossy->client, TRUE);
  test_consumer_expect (lossy, "<missed 6>fgh.");

  charflow_client_set_ready (lossy->client, FALSE);
  feed (fixture, "1.2.34");
  feed (fixture, "5.6.");
  charflow_client_set_ready (lossy->client, TRUE);
  test_consumer_expect (lossy, "<missed 8>6.");
  test_consumer_free (lossy);
}

static void
test_others_are_held_back (Fixture      *fixture,
                           gconstpointer data)
{
  test_consumer_write (fixture->a, "1+");
  test_consumer_write (fixture->b, "x+");
  write_own (fixture, "p");
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "1");
  test_consumer_write (fixture->b, "y");
  test_consumer_write (fixture->a, "2+");
  test_consumer_write (fixture->a, "3");
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "123xyp");
}

#define N_WRITERS 4

/* Whatever the order: each message is in one piece, and those of one writer are in order. */
static void
test_any_order (void)
{
  for (guint run = 0; run < 200; run++)
    {
      g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
      TestFramer *framer = test_framer_new (endpoint);
      TestConsumer *writers[N_WRITERS];
      guint n_parts[N_WRITERS] = { 0 };
      char in_message[N_WRITERS] = { 0 };
      char speaker = 0;

      for (guint i = 0; i < N_WRITERS; i++)
        {
          writers[i] = test_consumer_new ("ready", TRUE, NULL);
          test_consumer_attach (writers[i], CHARFLOW_CHAR_DEVICE (framer));
        }
      for (guint n = 0; n < 60; n++)
        {
          guint i = g_test_rand_int_range (0, N_WRITERS);
          char text[3] = { 'A' + i, '+', 0 };

          endpoint->room = g_test_rand_int_range (0, 4);
          in_message[i] = n < 40 && g_test_rand_bit ();
          /* The last part is a small letter, whether or not something is written of it. */
          if (!in_message[i])
            text[0] = 'a' + i, text[1] = 0;
          n_parts[i]++;
          test_consumer_write (writers[i], text);
          if (g_test_rand_bit ())
            test_settle ();
        }
      endpoint->room = G_MAXSIZE;
      for (guint i = 0; i < N_WRITERS; i++)
        if (in_message[i])
          {
            char text[2] = { 'a' + i, 0 };

            n_parts[i]++;
            test_consumer_write (writers[i], text);
          }
      test_settle ();

      for (const char *at = endpoint->written->str; *at != 0; at++)
        {
          guint i = g_ascii_tolower (*at) - 'a';

          g_assert_cmpuint (i, <, N_WRITERS);
          n_parts[i]--;
          g_assert_true (speaker == 0 || speaker == g_ascii_toupper (*at));
          speaker = g_ascii_isupper (*at) ? *at : 0;
        }
      for (guint i = 0; i < N_WRITERS; i++)
        {
          g_assert_cmpuint (n_parts[i], ==, 0);
          test_consumer_free (writers[i]);
        }
      g_assert_finalize_object (framer);
    }
}

static void
test_end_of_nothing (Fixture      *fixture,
                     gconstpointer data)
{
  test_consumer_write (fixture->a, "-+");
  test_consumer_write (fixture->b, "w");
  test_consumer_write (fixture->a, "1+");
  test_consumer_write (fixture->b, "x+");
  test_consumer_write (fixture->b, "-");
  write_own (fixture, "p");
  test_consumer_write (fixture->a, "-");
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "w1xp");
  charflow_char_device_detach_client (fixture->device, fixture->a->client);
  test_framer_expect (fixture->framer, "<left>");
}

static void
test_speaker_leaves (Fixture      *fixture,
                     gconstpointer data)
{
  fixture->framer->ends_cut = TRUE;
  test_consumer_write (fixture->a, "1+");
  test_consumer_write (fixture->b, "x");
  charflow_char_device_detach_client (fixture->device, fixture->a->client);
  test_framer_expect (fixture->framer, "<left cut>");
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "1#x");
}

static void
test_speaker_leaves_unwritten (Fixture      *fixture,
                               gconstpointer data)
{
  fixture->framer->ends_cut = TRUE;
  set_room (fixture, 0);
  test_consumer_write (fixture->a, "1+");
  test_consumer_write (fixture->b, "x");
  charflow_char_device_detach_client (fixture->device, fixture->a->client);
  test_framer_expect (fixture->framer, "<left>");
  set_room (fixture, G_MAXSIZE);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "x");
}

static void
test_speaker_leaves_half_written (Fixture      *fixture,
                                  gconstpointer data)
{
  fixture->framer->ends_cut = TRUE;
  set_room (fixture, 1);
  test_consumer_write (fixture->a, "12+");
  test_consumer_write (fixture->a, "34+");
  test_consumer_write (fixture->b, "x");
  charflow_char_device_detach_client (fixture->device, fixture->a->client);
  test_framer_expect (fixture->framer, "<left cut>");
  set_room (fixture, G_MAXSIZE);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "1234#x");
}

/* The message is there as a whole, and the next one has not begun. */
static void
test_leaves_after_its_end (Fixture      *fixture,
                           gconstpointer data)
{
  set_room (fixture, 1);
  test_consumer_write (fixture->a, "1+");
  test_consumer_write (fixture->a, "2");
  test_consumer_write (fixture->a, "3+");
  test_consumer_write (fixture->b, "x");
  charflow_char_device_detach_client (fixture->device, fixture->a->client);
  test_framer_expect (fixture->framer, "<left>");
  set_room (fixture, G_MAXSIZE);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "12x");
}

static void
write_in_gap_cb (GListModel *list,
                 guint       position,
                 guint       n_removed,
                 guint       n_added,
                 Fixture    *fixture)
{
  test_consumer_write (fixture->b, "early");
}

static void
test_nothing_before_the_end (Fixture      *fixture,
                             gconstpointer data)
{
  fixture->framer->ends_cut = TRUE;
  test_consumer_write (fixture->a, "1+");
  g_signal_connect (charflow_char_device_get_clients (fixture->device), "items-changed", G_CALLBACK (write_in_gap_cb), fixture);
  charflow_char_device_detach_client (fixture->device, fixture->a->client);
  g_signal_handlers_disconnect_by_data (charflow_char_device_get_clients (fixture->device), fixture);
  test_framer_expect (fixture->framer, "<left cut>");
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "1#early");
}

static gboolean
write_on_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  test_consumer_write (fixture->b, "x");
  return G_SOURCE_CONTINUE;
}

/* Those that wait do not keep it. */
static void
test_speaker_stalls (Fixture      *fixture,
                     gconstpointer data)
{
  guint id = g_timeout_add (5, write_on_cb, fixture);

  test_consumer_write (fixture->a, "1+");
  test_wait_until (fixture->a->is_removed);
  g_source_remove (id);
  test_consumer_expect (fixture->a, "<removed stalled>");
  test_framer_expect (fixture->framer, "<left cut>");
  g_assert_true (g_str_has_prefix (fixture->endpoint->written->str, "1x"));
  g_assert_cmpuint (charflow_char_device_get_removals (fixture->device, CHARFLOW_REMOVE_REASON_STALLED), ==, 1);
}

/* It is slow, but it goes on; and what waits for the device is not its fault. */
static void
test_slow_speaker_stays (Fixture      *fixture,
                         gconstpointer data)
{
  gint64 end = g_get_monotonic_time () + 120 * G_TIME_SPAN_MILLISECOND;

  set_room (fixture, 0);
  test_consumer_write (fixture->a, "1+");
  test_consumer_write (fixture->b, "x");
  test_wait_until (g_get_monotonic_time () > end);
  g_assert_false (fixture->a->is_removed);
  set_room (fixture, G_MAXSIZE);
  test_consumer_write (fixture->a, "2");
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "12x");
}

static void
test_violation (Fixture      *fixture,
                gconstpointer data)
{
  g_autoptr (GBytes) bad = g_bytes_new_static ("!", 1);
  g_autoptr (GError) error = NULL;
  CharflowWriteBuffer *buffer;
  guint64 n_tokens = charflow_char_device_get_self_tokens_held (fixture->device);

  test_consumer_write (fixture->a, "1+");
  test_consumer_write_refused (fixture->a, "!", CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE);
  test_consumer_expect (fixture->a, "<removed bad-message>");
  test_framer_expect (fixture->framer, "<left cut>");

  g_assert_false (charflow_char_device_write_bytes (fixture->device, NULL, bad, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, n_tokens);

  buffer = charflow_char_device_get_write_buffer (fixture->device, fixture->b->client, 1, NULL);
  charflow_write_buffer_append (buffer, (const guint8 *) "!", 1, NULL);
  charflow_char_device_add_write_buffer (fixture->device, buffer);
  test_consumer_expect (fixture->b, "<removed bad-message>");
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "1");
}

static void
detach_a_cb (gpointer data)
{
  Fixture *fixture = data;

  charflow_char_device_detach_client (fixture->device, fixture->a->client);
}

static void
rejoin_a_cb (gpointer data)
{
  Fixture *fixture = data;

  detach_a_cb (fixture);
  test_consumer_attach (fixture->a, fixture->device);
}

static void
write_before_cb (gpointer data)
{
  test_consumer_write (((Fixture *) data)->b, "0");
}

static void
reset_cb (gpointer data)
{
  charflow_char_device_reset (((Fixture *) data)->device);
}

static void
dispose_cb (gpointer data)
{
  g_object_run_dispose (G_OBJECT (((Fixture *) data)->device));
}

static void
drop_cb (gpointer data)
{
  Fixture *fixture = data;

  g_clear_object (&fixture->framer);
}

static void
test_handler_in_frame_message (void)
{
  static const struct
  {
    void (*hook) (gpointer data);
    const char *written;
  } cases[] = { { detach_a_cb, "" }, { rejoin_a_cb, "" }, { write_before_cb, "012" },
                { reset_cb, "12" }, { dispose_cb, "" }, { drop_cb, "12" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Fixture fixture;

      set_up (&fixture, NULL);
      fixture.framer->hook = cases[i].hook;
      fixture.framer->hook_data = &fixture;
      test_consumer_write (fixture.a, "12");
      test_settle ();
      g_assert_cmpstr (fixture.endpoint->written->str, ==, cases[i].written);
      tear_down (&fixture, NULL);
    }
}

/* A handler that always has something to say does not keep the device. */
static void
write_again_cb (CharflowCharDevice *device)
{
  g_autoptr (GBytes) more = g_bytes_new_static ("more", 4);

  charflow_char_device_write_bytes (device, NULL, more, NULL);
}

static void
test_dispose_ends (Fixture      *fixture,
                   gconstpointer data)
{
  set_room (fixture, 0);
  write_own (fixture, "first");
  g_signal_connect (fixture->device, "self-token-freed", G_CALLBACK (write_again_cb), NULL);
  g_object_run_dispose (G_OBJECT (fixture->device));
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "");
}

typedef struct
{
  CharflowCharDevice *device;
  TestEndpoint *endpoint;
  TestEndpoint *other;
} Swap;

static void
swap_cb (gpointer data)
{
  Swap *swap = data;

  charflow_char_device_set_backend (swap->device, CHARFLOW_BACKEND (swap->other), NULL);
}

static void
come_back_cb (gpointer data)
{
  Swap *swap = data;

  charflow_backend_emit_event (CHARFLOW_BACKEND (swap->endpoint), CHARFLOW_EVENT_CLOSED);
  charflow_backend_emit_event (CHARFLOW_BACKEND (swap->endpoint), CHARFLOW_EVENT_OPENED);
}

/* The failure is that of the one before. */
static void
test_failed_write_and_another_peer (void)
{
  static const int codes[] = { G_IO_ERROR_BROKEN_PIPE, G_IO_ERROR_FAILED };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (codes); i++)
    {
      g_autoptr (TestEndpoint) other = new_open_endpoint ();
      Fixture fixture;
      Swap swap;

      set_up (&fixture, NULL);
      swap = (Swap){ fixture.device, fixture.endpoint, other };
      fixture.endpoint->hook = i < 2 ? swap_cb : come_back_cb;
      fixture.endpoint->hook_data = &swap;
      fixture.endpoint->write_error = g_error_new_literal (G_IO_ERROR, codes[i % 2], "Broken");
      test_consumer_write (fixture.a, "1");
      test_consumer_write (fixture.b, "2");
      test_settle ();
      g_assert_cmpstr (fixture.endpoint->written->str, ==, i < 2 ? "" : "12");
      g_assert_cmpstr (other->written->str, ==, i < 2 ? "12" : "");
      charflow_char_device_set_backend (fixture.device, NULL, NULL);
      tear_down (&fixture, NULL);
    }
}

static void
stop_cb (gpointer data)
{
  charflow_char_device_stop (data);
}

/* Not a byte is written after the piece that was under way. */
static void
test_stop_in_message (Fixture      *fixture,
                      gconstpointer data)
{
  fixture->endpoint->max_write = 1;
  fixture->endpoint->hook = stop_cb;
  fixture->endpoint->hook_data = fixture->device;
  test_consumer_write (fixture->a, "123");
  test_settle ();
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "1");
  charflow_char_device_start (fixture->device);
  test_settle ();
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "123");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) g_test_add ("/char-device/framing/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("fill-peek-and-read", test_fill);
  ADD ("fill-is-bounded", test_fill_is_bounded);
  ADD ("turn-inside-of-fill", test_turn_inside_of_fill);
  ADD ("end-throws-half-away", test_end_throws_half_away);
  ADD ("end-while-stopped", test_end_while_stopped);
  ADD ("end-of-taken-part", test_end_of_taken_part);
  ADD ("end-while-reading", test_end_while_reading);
  ADD ("swap-of-open-back-ends", test_swap_of_open_back_ends);
  g_test_add_func ("/char-device/framing/dropped-with-unread", test_dropped_with_unread);
  ADD ("late-joiner-waits", test_late_joiner);
  ADD ("joiner-in-handler", test_joiner_in_handler);
  ADD ("rejoins-in-handler", test_rejoins_in_handler);
  ADD ("reset-in-message", test_reset_in_message);
  ADD ("drop-in-parts", test_drop_in_parts);
  ADD ("others-are-held-back", test_others_are_held_back);
  g_test_add_func ("/char-device/framing/any-order", test_any_order);
  ADD ("end-of-nothing", test_end_of_nothing);
  ADD ("speaker-leaves", test_speaker_leaves);
  ADD ("speaker-leaves-unwritten", test_speaker_leaves_unwritten);
  ADD ("speaker-leaves-half-written", test_speaker_leaves_half_written);
  ADD ("leaves-after-its-end", test_leaves_after_its_end);
  ADD ("nothing-before-the-end", test_nothing_before_the_end);
  ADD ("speaker-stalls", test_speaker_stalls);
  ADD ("slow-speaker-stays", test_slow_speaker_stays);
  ADD ("violation", test_violation);
  g_test_add_func ("/char-device/framing/handler-in-frame-message", test_handler_in_frame_message);
  ADD ("dispose-ends", test_dispose_ends);
  g_test_add_func ("/char-device/framing/failed-write-and-another-peer", test_failed_write_and_another_peer);
  ADD ("stop-in-message", test_stop_in_message);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

/* What a client is told, what waits for it, and when it has to go. */

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestConsumer *reader; /* takes everything, so that the device is read */
} Fixture;

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer unused)
{
  fixture->endpoint = test_endpoint_new ();
  fixture->device = test_device_new (fixture->endpoint, 1);
  fixture->reader = test_consumer_new (NULL, NULL);
  test_consumer_attach (fixture->reader, fixture->device);
}

static void
fixture_tear_down (Fixture      *fixture,
                   gconstpointer unused)
{
  test_consumer_free (fixture->reader);
  g_assert_finalize_object (fixture->device);
  test_settle ();
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
grant (Fixture      *fixture,
       TestConsumer *consumer,
       guint         n_tokens)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_char_device_add_send_tokens (fixture->device, consumer->client, n_tokens, &error));
  g_assert_no_error (error);
}

static void
set_tokens (Fixture      *fixture,
            TestConsumer *consumer,
            guint         n_tokens)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_char_device_set_send_tokens (fixture->device, consumer->client, n_tokens, &error));
  g_assert_no_error (error);
}

static void
assert_queue (TestConsumer *consumer,
              guint         n_messages,
              guint64       n_bytes,
              guint64       n_tokens)
{
  g_assert_cmpuint (charflow_client_get_queued_messages (consumer->client), ==, n_messages);
  g_assert_cmpuint (charflow_client_get_queued_bytes (consumer->client), ==, n_bytes);
  g_assert_cmpuint (charflow_client_get_send_tokens_held (consumer->client), ==, n_tokens);
}

static void
test_send_tokens (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "send-tokens", 2, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  assert_queue (consumer, 0, 0, 1);
  feed (fixture, "b");
  assert_queue (consumer, 0, 0, 0);
  feed (fixture, "cc");
  feed (fixture, "ddd");
  test_consumer_expect (consumer, "ab");
  assert_queue (consumer, 2, 5, 0);
  grant (fixture, consumer, 1);
  test_consumer_expect (consumer, "cc");
  assert_queue (consumer, 1, 3, 0);
  grant (fixture, consumer, 3);
  test_consumer_expect (consumer, "ddd");
  assert_queue (consumer, 0, 0, 2);
  set_tokens (fixture, consumer, 1);
  assert_queue (consumer, 0, 0, 1);
  set_tokens (fixture, consumer, 0);
  feed (fixture, "e");
  assert_queue (consumer, 1, 1, 0);
  set_tokens (fixture, consumer, 5);
  test_consumer_expect (consumer, "e");
  assert_queue (consumer, 0, 0, 4);
}

static void
test_tokens_at_attachment (Fixture      *fixture,
                           gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "send-tokens", 1,
                                                         "client-tokens", 3, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "b");
  assert_queue (consumer, 1, 1, 0);
  fixture->endpoint->room = 0;
  test_consumer_write (consumer, "w");
  g_assert_cmpuint (charflow_client_get_client_tokens_held (consumer->client), ==, 2);
  charflow_char_device_detach_client (fixture->device, consumer->client);
  g_assert_cmpuint (charflow_client_get_queued_messages (consumer->client), ==, 0);
  test_consumer_expect (consumer, "a<removed detached>");

  test_consumer_attach (consumer, fixture->device);
  assert_queue (consumer, 0, 0, 1);
  g_assert_cmpuint (charflow_client_get_client_tokens_held (consumer->client), ==, 3);
  g_assert_cmpuint (charflow_client_get_client_tokens_owed (consumer->client), ==, 0);
  g_assert_cmpuint (charflow_client_get_waiting_bytes (consumer->client), ==, 0);
}

static void
test_grant_overflow (Fixture      *fixture,
                     gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "send-tokens", G_MAXUINT, NULL);

  /* The count has 64 bits: a grant of 32 cannot overflow it, however often it comes. */
  test_consumer_attach (consumer, fixture->device);
  for (guint i = 0; i < 1000; i++)
    grant (fixture, consumer, G_MAXUINT);
  g_assert_cmpuint (charflow_client_get_send_tokens_held (consumer->client), ==, 1001 * (guint64) G_MAXUINT);
}

static void
test_tokens_of_others (Fixture      *fixture,
                       gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_char_device_add_send_tokens (fixture->device, consumer->client, 1, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NOT_ATTACHED);
  g_clear_error (&error);
  g_assert_false (charflow_char_device_set_send_tokens (fixture->device, consumer->client, 1, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NOT_ATTACHED);
  g_assert_cmpuint (charflow_client_get_send_tokens_held (consumer->client), ==, 0);
}

static void
test_not_ready (Fixture      *fixture,
                gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, NULL);
  guint n_notified = 0;

  g_signal_connect_swapped (consumer->client, "notify::ready", G_CALLBACK (test_count_cb), &n_notified);
  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "b");
  test_consumer_expect (consumer, "");
  test_consumer_expect (fixture->reader, "ab");
  charflow_client_set_ready (consumer->client, TRUE);
  charflow_client_set_ready (consumer->client, TRUE);
  test_consumer_expect (consumer, "ab");
  g_assert_cmpuint (n_notified, ==, 1);
}

static void
unready_cb (CharflowClient *client)
{
  charflow_client_set_ready (client, FALSE);
}

static void
test_not_ready_while_moving (Fixture      *fixture,
                             gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "b");
  feed (fixture, "c");
  g_signal_connect (consumer->client, "deliver", G_CALLBACK (unready_cb), NULL);
  charflow_client_set_ready (consumer->client, TRUE);
  test_consumer_expect (consumer, "a");
  g_assert_cmpuint (charflow_client_get_queued_messages (consumer->client), ==, 2);
  charflow_client_set_ready (consumer->client, TRUE);
  test_consumer_expect (consumer, "b");
}

static void
remember_cb (CharflowCharDevice  *device,
             CharflowClient      *client,
             CharflowRemoveReason reason,
             int                 *out)
{
  g_assert_true (charflow_char_device_has_client (device, client));
  g_assert_cmpint (*out, ==, -1);
  *out = reason;
}

static void
test_overflow_remove (Fixture      *fixture,
                      gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "max-queue-messages", 2,
                                                         "overflow", CHARFLOW_OVERFLOW_REMOVE, NULL);
  int reason = -1;

  g_signal_connect (fixture->device, "remove-client", G_CALLBACK (remember_cb), &reason);
  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "b");
  assert_queue (consumer, 2, 2, 0);
  g_assert_cmpint (reason, ==, -1);
  feed (fixture, "c");
  g_assert_cmpint (reason, ==, CHARFLOW_REMOVE_REASON_OVERFLOW);
  test_consumer_expect (consumer, "<removed overflow>");
  test_consumer_expect (fixture->reader, "abc");
  g_assert_false (charflow_char_device_has_client (fixture->device, consumer->client));
}

static void
test_overflow_remove_bytes (Fixture      *fixture,
                            gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "max-queue-bytes", (guint64) 4,
                                                         "overflow", CHARFLOW_OVERFLOW_REMOVE, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "aaa");
  feed (fixture, "bbbbbb");
  assert_queue (consumer, 2, 9, 0);
  feed (fixture, "c");
  test_consumer_expect (consumer, "<removed overflow>");
}

static void
test_overflow_drop (Fixture      *fixture,
                    gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-messages", 2,
                                                         "overflow", CHARFLOW_OVERFLOW_DROP, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "bb");
  feed (fixture, "ccc");
  feed (fixture, "dddd");
  assert_queue (consumer, 2, 7, 0);
  test_consumer_expect (consumer, "");
  charflow_client_set_ready (consumer->client, TRUE);
  test_consumer_expect (consumer, "<missed 3>cccdddd");
  feed (fixture, "e");
  test_consumer_expect (consumer, "e");
}

static void
test_overflow_drop_bytes (Fixture      *fixture,
                          gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "max-queue-bytes", (guint64) 3,
                                                         "overflow", CHARFLOW_OVERFLOW_DROP, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "bb");
  feed (fixture, "cc");
  assert_queue (consumer, 2, 4, 0);
  feed (fixture, "dddddd");
  assert_queue (consumer, 2, 8, 0);
  grant (fixture, consumer, 1);
  test_consumer_expect (consumer, "<missed 3>cc");
  feed (fixture, "e");
  assert_queue (consumer, 1, 1, 0);
  grant (fixture, consumer, 9);
  test_consumer_expect (consumer, "<missed 6>e");
}

static void
read_more_cb (CharflowClient     *client,
              CharflowCharDevice *device,
              GBytes             *bytes,
              TestEndpoint       *endpoint)
{
  while (endpoint->input.length > 0)
    charflow_char_device_wakeup (device);
}

static void
test_dropped_while_moving (Fixture      *fixture,
                           gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-messages", 1,
                                                         "overflow", CHARFLOW_OVERFLOW_DROP, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  test_endpoint_feed (fixture->endpoint, "b");
  test_endpoint_feed (fixture->endpoint, "c");
  test_endpoint_feed (fixture->endpoint, "d");
  g_signal_connect (consumer->client, "deliver", G_CALLBACK (read_more_cb), fixture->endpoint);
  charflow_client_set_ready (consumer->client, TRUE);
  test_settle ();
  test_consumer_expect (consumer, "a<missed 2>d");
}

static void
test_missed_then_not_ready (Fixture      *fixture,
                            gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-messages", 1,
                                                         "overflow", CHARFLOW_OVERFLOW_DROP, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "b");
  g_signal_connect (consumer->client, "missed", G_CALLBACK (unready_cb), NULL);
  charflow_client_set_ready (consumer->client, TRUE);
  test_consumer_expect (consumer, "<missed 1>");
  g_assert_cmpuint (charflow_client_get_queued_messages (consumer->client), ==, 1);

  /* What a reset drops is not missed; what was dropped before it is, even with nothing queued any more. */
  feed (fixture, "c");
  charflow_char_device_reset (fixture->device);
  charflow_client_set_ready (consumer->client, TRUE);
  feed (fixture, "d");
  test_consumer_expect (consumer, "<missed 1>");
  g_assert_cmpuint (charflow_client_get_queued_messages (consumer->client), ==, 1);
  charflow_client_set_ready (consumer->client, TRUE);
  test_consumer_expect (consumer, "d");
}

static void
assert_taken (TestConsumer *consumer,
              guint         max_messages,
              const char   *expected)
{
  g_autoptr (GPtrArray) messages = charflow_client_take_messages (consumer->client, max_messages);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < messages->len; i++)
    {
      gsize size;
      const char *data = g_bytes_get_data (g_ptr_array_index (messages, i), &size);

      g_string_append_len (text, data, size);
      g_string_append_c (text, '|');
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_taken_at_once (Fixture      *fixture,
                    gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-messages", 2, NULL);
  guint64 n_delivered;

  assert_taken (consumer, 9, "");
  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "bb");
  test_endpoint_feed (fixture->endpoint, "ccc");
  assert_queue (consumer, 2, 3, 0);
  charflow_char_device_stop (fixture->device);
  assert_taken (consumer, 9, "");
  charflow_char_device_start (fixture->device);
  assert_taken (consumer, 0, "");
  assert_taken (consumer, 1, "a|");
  /* There is room again, so the device was read. */
  assert_taken (consumer, 9, "bb|ccc|");
  assert_queue (consumer, 0, 0, 0);
  g_object_get (consumer->client, "messages-delivered", &n_delivered, NULL);
  g_assert_cmpuint (n_delivered, ==, 3);
  test_consumer_expect (consumer, "");
  charflow_client_set_ready (consumer->client, TRUE);
  feed (fixture, "d");
  test_consumer_expect (consumer, "d");
}

static void
test_taken_for_tokens (Fixture      *fixture,
                       gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "flow-control", TRUE, "max-queue-messages", 2,
                                                         "overflow", CHARFLOW_OVERFLOW_DROP, "send-tokens", 9, NULL);

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "bb");
  feed (fixture, "c");
  charflow_char_device_set_send_tokens (fixture->device, consumer->client, 1, NULL);
  assert_taken (consumer, 9, "bb|");
  test_consumer_expect (consumer, "<missed 1>");
  assert_taken (consumer, 9, "");
  g_assert_cmpuint (charflow_client_get_send_tokens_held (consumer->client), ==, 0);
  grant (fixture, consumer, 1);
  assert_taken (consumer, 9, "c|");
}

static void
test_pace (Fixture      *fixture,
           gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-messages", 2,
                                                         "stall-time", 50, NULL);
  int reason = -1;

  g_signal_connect (fixture->device, "remove-client", G_CALLBACK (remember_cb), &reason);
  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "b");
  feed (fixture, "c");
  feed (fixture, "d");
  assert_queue (consumer, 2, 2, 0);
  test_consumer_expect (fixture->reader, "ab");
  test_wait_until (consumer->is_removed);
  test_settle ();
  g_assert_cmpint (reason, ==, CHARFLOW_REMOVE_REASON_STALLED);
  test_consumer_expect (consumer, "<removed stalled>");
  test_consumer_expect (fixture->reader, "cd");
}

static void
test_pace_bounds (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-bytes", (guint64) 100000,
                                                         NULL);
  guint n_reads;

  fixture->endpoint->endless = 30000;
  test_consumer_attach (consumer, fixture->device);
  test_wait_until (charflow_client_get_queued_bytes (consumer->client) >= 100000);
  test_settle ();
  assert_queue (consumer, 4, 120000, 0);
  n_reads = fixture->endpoint->n_reads;
  charflow_char_device_wakeup (fixture->device);
  test_settle ();
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads);
  fixture->endpoint->endless = 0;
  charflow_client_set_ready (consumer->client, TRUE);
  g_assert_cmpuint (consumer->n_bytes, ==, 120000);
}

static gboolean
note_progress_cb (gpointer client)
{
  charflow_client_note_progress (client);
  return G_SOURCE_CONTINUE;
}

static gboolean
passed_cb (gpointer passed)
{
  *(gboolean *) passed = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_progress (Fixture      *fixture,
               gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-messages", 1,
                                                         "stall-time", 500, NULL);
  guint progress = g_timeout_add (10, note_progress_cb, consumer->client);
  gboolean passed = FALSE;

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  g_timeout_add (800, passed_cb, &passed);
  test_wait_until (passed);
  test_consumer_expect (consumer, "");
  g_source_remove (progress);
  test_wait_until (consumer->is_removed);
  test_consumer_expect (consumer, "<removed stalled>");
}

static gboolean
take_one_cb (gpointer client)
{
  charflow_client_set_ready (client, TRUE);
  return G_SOURCE_CONTINUE;
}

static void
test_slow_taking (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-messages", 1,
                                                         "stall-time", 500, NULL);
  guint taking = g_timeout_add (20, take_one_cb, consumer->client);

  fixture->endpoint->endless = 3000;
  g_signal_connect (consumer->client, "deliver", G_CALLBACK (unready_cb), NULL);
  test_consumer_attach (consumer, fixture->device);
  test_wait_until (consumer->n_messages == 30);
  g_assert_false (consumer->is_removed);
  g_assert_cmpuint (charflow_client_get_queued_messages (consumer->client), <=, 1);
  g_assert_cmpuint (fixture->reader->n_messages, <=, 31);
  fixture->endpoint->endless = 0;
  g_source_remove (taking);
}

static void
test_wait_time (Fixture      *fixture,
                gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "wait-time", 50, NULL);
  int reason = -1;

  g_signal_connect (fixture->device, "remove-client", G_CALLBACK (remember_cb), &reason);
  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  test_wait_until (consumer->is_removed);
  g_assert_cmpint (reason, ==, CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT);
  test_consumer_expect (consumer, "<removed token-timeout>");
}

static void
test_wait_time_idle (Fixture      *fixture,
                     gconstpointer unused)
{
  g_autoptr (TestConsumer) idle = test_consumer_new ("flow-control", TRUE, "wait-time", 50, NULL);
  g_autoptr (TestConsumer) unready = test_consumer_new ("flow-control", TRUE, "wait-time", 50, "ready", FALSE,
                                                        NULL);
  gboolean passed = FALSE;

  /* Nothing waits for one, and the other one granted a token after all, though it is not ready. */
  test_consumer_attach (unready, fixture->device);
  feed (fixture, "a");
  grant (fixture, unready, 1);
  test_consumer_attach (idle, fixture->device);
  g_timeout_add (200, passed_cb, &passed);
  test_wait_until (passed);
  test_consumer_expect (idle, "");
  test_consumer_expect (unready, "");
}

typedef struct
{
  Fixture *fixture;
  TestConsumer *consumer;
} Granting;

static gboolean
grant_one_cb (gpointer user_data)
{
  Granting *granting = user_data;

  if (charflow_client_get_device (granting->consumer->client) != NULL)
    grant (granting->fixture, granting->consumer, 1);
  return G_SOURCE_CONTINUE;
}

static void
test_wait_time_slow (Fixture      *fixture,
                     gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "wait-time", 500, NULL);
  Granting granting = { fixture, consumer };
  guint granting_id;

  test_consumer_attach (consumer, fixture->device);
  for (guint i = 0; i < 40; i++)
    feed (fixture, "a");
  granting_id = g_timeout_add (20, grant_one_cb, &granting);
  test_wait_until (consumer->n_messages == 30 || consumer->is_removed);
  g_assert_false (consumer->is_removed);
  g_source_remove (granting_id);
  test_wait_until (consumer->is_removed);
}

static void
attach_again_cb (CharflowCharDevice  *device,
                 CharflowClient      *client,
                 CharflowRemoveReason reason,
                 TestConsumer        *consumer)
{
  g_assert_true (charflow_char_device_detach_client (device, client));
  test_consumer_attach (consumer, device);
}

static void
test_attached_anew (Fixture      *fixture,
                    gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "client-tokens", 0, NULL);

  g_signal_connect (fixture->device, "remove-client", G_CALLBACK (attach_again_cb), consumer);
  test_consumer_attach (consumer, fixture->device);
  test_consumer_write_refused (consumer, "a", CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NO_TOKENS);
  test_consumer_expect (consumer, "<removed no-tokens>");
  g_assert_true (charflow_char_device_has_client (fixture->device, consumer->client));
  g_signal_handlers_disconnect_by_data (fixture->device, consumer);
}

static void
add (const char *path,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/client/send-tokens/one-a-message", test_send_tokens);
  add ("/client/send-tokens/as-at-first-with-each-attachment", test_tokens_at_attachment);
  add ("/client/send-tokens/counted-in-64-bits", test_grant_overflow);
  add ("/client/send-tokens/only-while-attached", test_tokens_of_others);
  add ("/client/ready/what-waited-comes-first", test_not_ready);
  add ("/client/ready/stops-in-the-middle-of-the-queue", test_not_ready_while_moving);
  add ("/client/overflow/remove-past-messages", test_overflow_remove);
  add ("/client/overflow/remove-past-bytes", test_overflow_remove_bytes);
  add ("/client/overflow/drop-oldest-past-messages", test_overflow_drop);
  add ("/client/overflow/drop-oldest-past-bytes", test_overflow_drop_bytes);
  add ("/client/overflow/missed-is-told-in-the-middle-of-the-queue", test_dropped_while_moving);
  add ("/client/overflow/missed-handler-loses-nothing", test_missed_then_not_ready);
  add ("/client/take/many-at-once", test_taken_at_once);
  add ("/client/take/each-costs-a-token", test_taken_for_tokens);
  add ("/client/overflow/pace-until-stalled", test_pace);
  add ("/client/overflow/pace-bounds-reading", test_pace_bounds);
  add ("/client/stall-time/noted-progress-keeps-it", test_progress);
  add ("/client/stall-time/slow-taking-keeps-it", test_slow_taking);
  add ("/client/wait-time/removed-without-tokens", test_wait_time);
  add ("/client/wait-time/not-while-nothing-waits-for-a-token", test_wait_time_idle);
  add ("/client/wait-time/starts-again-with-each-token", test_wait_time_slow);
  add ("/client/removal/handler-may-attach-it-anew", test_attached_anew);

  return g_test_run ();
}

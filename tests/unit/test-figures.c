/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

#include <string.h>

/* What a device and its clients count. */

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestConsumer *client;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->endpoint = test_endpoint_new ();
  fixture->device = test_device_new (fixture->endpoint, 0);
  fixture->client = test_consumer_new ("max-queue-messages", 2, "overflow", CHARFLOW_OVERFLOW_DROP, NULL);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  test_consumer_free (fixture->client);
  g_assert_finalize_object (fixture->device);
  g_assert_finalize_object (fixture->endpoint);
}

static guint64
get_figure (gpointer    object,
            const char *name)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_object_get_property (object, name, &value);
  return G_VALUE_HOLDS_UINT (&value) ? g_value_get_uint (&value) : g_value_get_uint64 (&value);
}

#define expect_figure(object, name, value) g_assert_cmpuint (get_figure ((object), (name)), ==, (value))

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

  g_assert_true (charflow_char_device_write_bytes (fixture->device, NULL, bytes, NULL));
}

static void
test_reading (Fixture      *fixture,
              gconstpointer data)
{
  feed (fixture, "nobody");
  expect_figure (fixture->device, "messages-read", 1);
  expect_figure (fixture->device, "bytes-read", 6);
  expect_figure (fixture->device, "messages-discarded", 1);
  expect_figure (fixture->device, "bytes-discarded", 6);

  test_consumer_attach (fixture->client, fixture->device);
  feed (fixture, "some");
  feed (fixture, "body");
  expect_figure (fixture->device, "messages-read", 3);
  expect_figure (fixture->device, "bytes-read", 14);
  expect_figure (fixture->device, "messages-discarded", 1);
  expect_figure (fixture->device, "bytes-discarded", 6);
  expect_figure (fixture->client->client, "messages-delivered", 2);
  expect_figure (fixture->client->client, "bytes-delivered", 8);
}

static void
test_queue_of_client (Fixture      *fixture,
                      gconstpointer data)
{
  TestConsumer *other = test_consumer_new ("ready", TRUE, NULL);
  CharflowClient *client = fixture->client->client;

  test_consumer_attach (fixture->client, fixture->device);
  test_consumer_attach (other, fixture->device);
  charflow_client_set_ready (client, FALSE);
  feed (fixture, "one");
  feed (fixture, "two");
  expect_figure (client, "queued-messages", 2);
  expect_figure (client, "queued-bytes", 6);
  expect_figure (client, "queued-messages-peak", 2);
  expect_figure (client, "queued-bytes-peak", 6);
  expect_figure (client, "messages-missed", 0);
  feed (fixture, "three");
  expect_figure (client, "messages-missed", 1);
  expect_figure (client, "bytes-missed", 3);
  expect_figure (client, "queued-bytes-peak", 8);

  charflow_client_set_ready (client, TRUE);
  expect_figure (client, "queued-messages", 0);
  expect_figure (client, "queued-bytes", 0);
  expect_figure (client, "queued-messages-peak", 2);
  expect_figure (client, "queued-bytes-peak", 8);
  expect_figure (client, "messages-delivered", 2);
  expect_figure (client, "bytes-missed", 3);
  expect_figure (other->client, "queued-messages-peak", 0);
  test_consumer_free (other);
}

static void
test_writing (Fixture      *fixture,
              gconstpointer data)
{
  CharflowClient *client = fixture->client->client;

  test_consumer_attach (fixture->client, fixture->device);
  fixture->endpoint->room = 4;
  test_consumer_write (fixture->client, "one");
  test_consumer_write (fixture->client, "three");
  write_own (fixture, "mine");
  expect_figure (fixture->device, "messages-written", 1);
  expect_figure (fixture->device, "bytes-written", 4);
  expect_figure (fixture->device, "waiting-messages", 2);
  expect_figure (fixture->device, "waiting-bytes", 8);
  expect_figure (fixture->device, "waiting-messages-peak", 2);
  expect_figure (fixture->device, "waiting-bytes-peak", 8);
  expect_figure (client, "messages-written", 1);
  expect_figure (client, "bytes-written", 3);
  expect_figure (client, "waiting-messages", 1);
  expect_figure (client, "waiting-bytes", 5);

  fixture->endpoint->room = G_MAXSIZE;
  test_settle ();
  expect_figure (fixture->device, "messages-written", 3);
  expect_figure (fixture->device, "bytes-written", 12);
  expect_figure (fixture->device, "waiting-messages", 0);
  expect_figure (fixture->device, "waiting-bytes", 0);
  expect_figure (fixture->device, "waiting-messages-peak", 2);
  expect_figure (fixture->device, "waiting-bytes-peak", 8);
  expect_figure (client, "messages-written", 2);
  expect_figure (client, "bytes-written", 8);
  expect_figure (client, "waiting-bytes", 0);
}

/* One that has left in the middle of a message still had the device written. */
static void
test_writing_of_nobody (Fixture      *fixture,
                        gconstpointer data)
{
  test_consumer_attach (fixture->client, fixture->device);
  fixture->endpoint->room = 1;
  test_consumer_write (fixture->client, "one");
  test_consumer_write (fixture->client, "two");
  charflow_char_device_detach_client (fixture->device, fixture->client->client);
  expect_figure (fixture->device, "waiting-messages", 1);
  expect_figure (fixture->device, "waiting-bytes", 2);
  fixture->endpoint->room = G_MAXSIZE;
  test_settle ();
  expect_figure (fixture->device, "messages-written", 1);
  expect_figure (fixture->device, "bytes-written", 3);
  expect_figure (fixture->client->client, "messages-written", 0);
}

static void
test_attached_anew (Fixture      *fixture,
                    gconstpointer data)
{
  static const char *const names[] = { "messages-delivered", "bytes-delivered", "messages-written", "bytes-written",
                                       "messages-missed", "bytes-missed", "queued-messages-peak", "queued-bytes-peak",
                                       "blocked-time" };
  CharflowClient *client = fixture->client->client;
  TestConsumer *other = test_consumer_new ("ready", TRUE, NULL);

  test_consumer_attach (other, fixture->device);
  test_consumer_attach (fixture->client, fixture->device);
  feed (fixture, "0");
  test_consumer_write (fixture->client, "mine");
  charflow_client_set_ready (client, FALSE);
  feed (fixture, "1");
  feed (fixture, "2");
  feed (fixture, "3");
  test_wait_until (get_figure (client, "blocked-time") > 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpuint (get_figure (client, names[i]), >, 0);

  charflow_char_device_detach_client (fixture->device, client);
  /* They are still there to be read. */
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpuint (get_figure (client, names[i]), >, 0);
  test_consumer_attach (fixture->client, fixture->device);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpuint (get_figure (client, names[i]), ==, 0);
  test_consumer_free (other);
}

static void
assert_grows (gpointer    object,
              const char *name)
{
  guint64 before = get_figure (object, name);

  test_wait_until (get_figure (object, name) > before);
}

static void
assert_stands (gpointer    object,
               const char *name)
{
  guint64 before = get_figure (object, name);
  gint64 now = g_get_monotonic_time ();

  test_wait_until (g_get_monotonic_time () > now + 2 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (get_figure (object, name), ==, before);
}

static void
test_client_blocked (Fixture      *fixture,
                     gconstpointer data)
{
  CharflowClient *client = fixture->client->client;
  TestConsumer *other = test_consumer_new ("ready", TRUE, NULL);

  test_consumer_attach (other, fixture->device);
  test_consumer_attach (fixture->client, fixture->device);
  charflow_client_set_ready (client, FALSE);
  expect_figure (client, "blocked-time", 0);
  feed (fixture, "one");
  assert_grows (client, "blocked-time");
  charflow_client_set_ready (client, TRUE);
  assert_stands (client, "blocked-time");
  charflow_client_set_ready (client, FALSE);
  feed (fixture, "two");
  assert_grows (client, "blocked-time");
  charflow_char_device_reset (fixture->device);
  assert_stands (client, "blocked-time");
  expect_figure (other->client, "blocked-time", 0);
  test_consumer_free (other);
}

static void
test_read_blocked (Fixture      *fixture,
                   gconstpointer data)
{
  g_autoptr (TestConsumer) pacing = test_consumer_new ("max-queue-messages", 1, NULL);

  test_consumer_attach (pacing, fixture->device);
  expect_figure (fixture->device, "read-blocked-time", 0);
  charflow_client_set_ready (pacing->client, FALSE);
  feed (fixture, "waits");
  assert_grows (fixture->device, "read-blocked-time");
  charflow_client_set_ready (pacing->client, TRUE);
  test_settle ();
  assert_stands (fixture->device, "read-blocked-time");

  charflow_client_set_ready (pacing->client, FALSE);
  feed (fixture, "waits");
  assert_grows (fixture->device, "read-blocked-time");
  charflow_char_device_detach_client (fixture->device, pacing->client);
  assert_stands (fixture->device, "read-blocked-time");
}

static void
test_write_blocked (Fixture      *fixture,
                    gconstpointer data)
{
  test_consumer_attach (fixture->client, fixture->device);
  test_consumer_write (fixture->client, "taken");
  expect_figure (fixture->device, "write-blocked-time", 0);

  fixture->endpoint->room = 0;
  test_consumer_write (fixture->client, "one");
  assert_grows (fixture->device, "write-blocked-time");
  fixture->endpoint->room = G_MAXSIZE;
  test_settle ();
  assert_stands (fixture->device, "write-blocked-time");

  fixture->endpoint->room = 0;
  test_consumer_write (fixture->client, "two");
  assert_grows (fixture->device, "write-blocked-time");
  charflow_char_device_stop (fixture->device);
  assert_stands (fixture->device, "write-blocked-time");
  charflow_char_device_start (fixture->device);
  assert_grows (fixture->device, "write-blocked-time");
  charflow_char_device_reset (fixture->device);
  assert_stands (fixture->device, "write-blocked-time");

  /* With its client, all that waits has gone. */
  test_consumer_write (fixture->client, "three");
  assert_grows (fixture->device, "write-blocked-time");
  charflow_char_device_detach_client (fixture->device, fixture->client->client);
  assert_stands (fixture->device, "write-blocked-time");

  test_consumer_attach (fixture->client, fixture->device);
  test_consumer_write (fixture->client, "four");
  assert_grows (fixture->device, "write-blocked-time");
  charflow_backend_emit_event (CHARFLOW_BACKEND (fixture->endpoint), CHARFLOW_EVENT_CLOSED);
  assert_stands (fixture->device, "write-blocked-time");
}

static void
remove_one (Fixture             *fixture,
            CharflowRemoveReason reason,
            CharflowClient      *client)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  guint64 before = charflow_char_device_get_removals (fixture->device, reason);

  g_assert_true (charflow_char_device_attach_client (fixture->device, client, NULL));
  if (reason == CHARFLOW_REMOVE_REASON_DETACHED)
    charflow_char_device_detach_client (fixture->device, client);
  else if (reason == CHARFLOW_REMOVE_REASON_NO_TOKENS)
    charflow_char_device_write_bytes (fixture->device, client, bytes, NULL);
  for (guint i = 0; i < 3 && charflow_client_get_device (client) != NULL; i++)
    feed (fixture, "x");
  test_wait_until (charflow_client_get_device (client) == NULL);
  g_assert_cmpuint (charflow_char_device_get_removals (fixture->device, reason), ==, before + 1);
  g_object_unref (client);
}

static void
test_removals (Fixture      *fixture,
               gconstpointer data)
{
  g_autoptr (GVariant) removals = NULL;
  guint64 n = 0, sum = 0;
  GVariantIter iter;
  GVariant *value;
  const char *nick;

  test_consumer_attach (fixture->client, fixture->device);
  remove_one (fixture, CHARFLOW_REMOVE_REASON_DETACHED, charflow_client_new ());
  remove_one (fixture, CHARFLOW_REMOVE_REASON_NO_TOKENS,
              g_object_new (CHARFLOW_TYPE_CLIENT, "flow-control", TRUE, "client-tokens", 0, NULL));
  remove_one (fixture, CHARFLOW_REMOVE_REASON_OVERFLOW,
              g_object_new (CHARFLOW_TYPE_CLIENT, "ready", FALSE, "max-queue-messages", 1,
                            "overflow", CHARFLOW_OVERFLOW_REMOVE, NULL));
  remove_one (fixture, CHARFLOW_REMOVE_REASON_STALLED,
              g_object_new (CHARFLOW_TYPE_CLIENT, "ready", FALSE, "max-queue-messages", 1, "stall-time", 1, NULL));
  remove_one (fixture, CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT,
              g_object_new (CHARFLOW_TYPE_CLIENT, "flow-control", TRUE, "wait-time", 1, NULL));

  g_object_get (fixture->device, "removals", &removals, NULL);
  g_variant_iter_init (&iter, removals);
  while (g_variant_iter_loop (&iter, "{&sv}", &nick, &value))
    {
      n++;
      sum += g_variant_get_uint64 (value);
    }
  g_assert_cmpuint (n, ==, CHARFLOW_REMOVE_REASON_BAD_MESSAGE + 1);
  g_assert_cmpuint (sum, ==, 5);
  g_assert_true (g_variant_lookup (removals, "token-timeout", "t", &n));
  g_assert_cmpuint (n, ==, 1);
  g_assert_true (g_variant_lookup (removals, "bad-message", "t", &n));
  g_assert_cmpuint (n, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) g_test_add ("/figures/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("reading", test_reading);
  ADD ("queue-of-client", test_queue_of_client);
  ADD ("writing", test_writing);
  ADD ("writing-of-nobody", test_writing_of_nobody);
  ADD ("attached-anew", test_attached_anew);
  ADD ("client-blocked", test_client_blocked);
  ADD ("read-blocked", test_read_blocked);
  ADD ("write-blocked", test_write_blocked);
  ADD ("removals", test_removals);

  return g_test_run ();
}

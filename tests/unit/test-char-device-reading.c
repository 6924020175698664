/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

#include <string.h>

/* From the back end to the clients: only while somebody may take what comes. */

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
} Fixture;

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer unused)
{
  fixture->endpoint = test_endpoint_new ();
  fixture->device = test_device_new (fixture->endpoint, 1);
}

static void
fixture_tear_down (Fixture      *fixture,
                   gconstpointer unused)
{
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
test_discarded (Fixture      *fixture,
                gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new (NULL, NULL);

  feed (fixture, "nobody");
  g_assert_cmpuint (fixture->endpoint->input.length, ==, 0);
  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "somebody");
  test_consumer_expect (consumer, "somebody");
}

static void
test_kept (Fixture      *fixture,
           gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new (NULL, NULL);
  guint n_reads = fixture->endpoint->n_reads;

  charflow_char_device_set_keep_unread (fixture->device, TRUE);
  feed (fixture, "kept");
  charflow_char_device_wakeup (fixture->device);
  test_settle ();
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads);
  test_consumer_attach (consumer, fixture->device);
  test_settle ();
  test_consumer_expect (consumer, "kept");

  charflow_char_device_detach_client (fixture->device, consumer->client);
  feed (fixture, "kept again");
  g_assert_cmpuint (fixture->endpoint->input.length, ==, 1);
  charflow_char_device_set_keep_unread (fixture->device, FALSE);
  test_settle ();
  g_assert_cmpuint (fixture->endpoint->input.length, ==, 0);
}

static void
test_stopped (Fixture      *fixture,
              gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new (NULL, NULL);

  test_consumer_attach (consumer, fixture->device);
  charflow_char_device_stop (fixture->device);
  feed (fixture, "later");
  test_consumer_expect (consumer, "");
  charflow_char_device_start (fixture->device);
  test_settle ();
  test_consumer_expect (consumer, "later");
}

static void
test_without_tokens (Fixture      *fixture,
                     gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, NULL);
  guint n_reads;

  test_consumer_attach (consumer, fixture->device);
  n_reads = fixture->endpoint->n_reads;
  fixture->endpoint->endless = 10;
  charflow_char_device_wakeup (fixture->device);
  test_settle ();
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads);

  /* Nothing but the tokens wakes it. */
  g_assert_true (charflow_char_device_add_send_tokens (fixture->device, consumer->client, 3, NULL));
  test_wait_until (consumer->n_messages == 3);
  test_settle ();
  g_assert_cmpuint (consumer->n_messages, ==, 3);
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads + 3);
  g_assert_true (charflow_char_device_set_send_tokens (fixture->device, consumer->client, 2, NULL));
  test_settle ();
  g_assert_cmpuint (consumer->n_messages, ==, 5);
  g_assert_cmpuint (charflow_client_get_queued_messages (consumer->client), ==, 0);
}

static void
test_richest (Fixture      *fixture,
              gconstpointer unused)
{
  g_autoptr (TestConsumer) rich = test_consumer_new ("flow-control", TRUE, "send-tokens", 40, NULL);
  g_autoptr (TestConsumer) poor = test_consumer_new ("flow-control", TRUE, "send-tokens", 2, NULL);

  test_consumer_attach (poor, fixture->device);
  test_consumer_attach (rich, fixture->device);
  fixture->endpoint->endless = 5000;
  test_settle ();
  g_assert_cmpuint (rich->n_messages, ==, 40);
  g_assert_cmpuint (poor->n_messages, ==, 2);
  g_assert_cmpuint (charflow_client_get_queued_messages (poor->client), ==, 38);

  /* What waits is covered first, so 38 tokens more let nothing more be read. */
  g_assert_true (charflow_char_device_add_send_tokens (fixture->device, poor->client, 38, NULL));
  test_settle ();
  g_assert_cmpuint (poor->n_messages, ==, 40);
  g_assert_cmpuint (rich->n_messages, ==, 40);
  g_assert_cmpuint (charflow_client_get_queued_messages (rich->client), ==, 0);
}

/* A lone client that takes nothing meets its policy, and does not hold the device up in silence. */
static void
test_nobody_ready (Fixture      *fixture,
                   gconstpointer unused)
{
  g_autoptr (TestConsumer) lossy = test_consumer_new ("overflow", CHARFLOW_OVERFLOW_DROP, "max-queue-messages", 2,
                                                      "ready", FALSE, NULL);
  g_autoptr (TestConsumer) strict = test_consumer_new ("overflow", CHARFLOW_OVERFLOW_REMOVE, "max-queue-messages", 2,
                                                       "ready", FALSE, NULL);

  test_consumer_attach (lossy, fixture->device);
  for (guint i = 0; i < 5; i++)
    feed (fixture, "ab");
  g_assert_cmpuint (charflow_client_get_queued_messages (lossy->client), ==, 2);
  charflow_client_set_ready (lossy->client, TRUE);
  test_consumer_expect (lossy, "<missed 6>abab");
  charflow_char_device_detach_client (fixture->device, lossy->client);

  test_consumer_attach (strict, fixture->device);
  for (guint i = 0; i < 3; i++)
    feed (fixture, "ab");
  test_consumer_expect (strict, "<removed overflow>");
}

/* One with flow control takes as much as it has granted, and no more is read for it. */
static void
test_nobody_ready_with_tokens (Fixture      *fixture,
                               gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", TRUE, "send-tokens", 2, "ready", FALSE, NULL);
  guint n_reads;

  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "a");
  feed (fixture, "b");
  n_reads = fixture->endpoint->n_reads;
  feed (fixture, "c");
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads);
  charflow_client_set_ready (consumer->client, TRUE);
  test_consumer_expect (consumer, "ab");
}

/* What waits for a client belongs to the state of a device that was stopped, so it waits on. */
static void
test_stopped_delivers_nothing (Fixture      *fixture,
                               gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("ready", FALSE, "max-queue-messages", 1, "stall-time", 0, NULL);

  test_consumer_attach (consumer, fixture->device);
  charflow_char_device_stop (fixture->device);
  test_endpoint_feed (fixture->endpoint, "a");
  charflow_char_device_start (fixture->device);
  charflow_char_device_stop (fixture->device);
  g_assert_cmpuint (charflow_client_get_queued_messages (consumer->client), ==, 1);
  charflow_client_set_ready (consumer->client, TRUE);
  test_settle ();
  test_consumer_expect (consumer, "");
  charflow_char_device_start (fixture->device);
  test_consumer_expect (consumer, "a");
}

static void
test_no_polling (Fixture      *fixture,
                 gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new (NULL, NULL);
  guint n_reads;

  test_consumer_attach (consumer, fixture->device);
  test_settle ();
  n_reads = fixture->endpoint->n_reads;
  for (guint i = 0; i < 50; i++)
    feed (fixture, "short");
  g_assert_cmpuint (consumer->n_messages, ==, 50);
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads + 50);
}

static void
test_large (Fixture      *fixture,
            gconstpointer unused)
{
  const gsize size = 200000;
  g_autoptr (TestConsumer) consumer = test_consumer_new (NULL, NULL);
  guint8 *data = g_malloc (size);
  g_autoptr (GBytes) bytes = NULL;

  for (gsize i = 0; i < size; i++)
    data[i] = g_test_rand_int ();
  bytes = g_bytes_new_take (data, size);
  test_consumer_attach (consumer, fixture->device);
  test_endpoint_feed_bytes (fixture->endpoint, bytes);
  test_settle ();
  g_assert_cmpuint (consumer->n_messages, ==, 4);
  g_assert_cmpmem (consumer->log->str, consumer->log->len, data, size);
}

static void
test_fan_out (Fixture      *fixture,
              gconstpointer unused)
{
  TestConsumer *consumers[1000];

  for (guint i = 0; i < G_N_ELEMENTS (consumers); i++)
    {
      consumers[i] = test_consumer_new (NULL, NULL);
      test_consumer_attach (consumers[i], fixture->device);
    }
  feed (fixture, "to all");
  for (guint i = 0; i < G_N_ELEMENTS (consumers); i++)
    {
      test_consumer_expect (consumers[i], "to all");
      g_assert_true (consumers[i]->last == consumers[0]->last);
    }
  for (guint i = 0; i < G_N_ELEMENTS (consumers); i++)
    test_consumer_free (consumers[i]);
}

static void
count_message_cb (CharflowCharDevice *device,
                  CharflowClient     *client,
                  GBytes             *message,
                  guint              *n)
{
  g_assert_null (client);
  (*n)++;
}

static void
test_message (Fixture      *fixture,
              gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new (NULL, NULL);
  guint n = 0;

  g_signal_connect (fixture->device, "message", G_CALLBACK (count_message_cb), &n);
  feed (fixture, "nobody");
  g_assert_cmpuint (n, ==, 1);
  test_consumer_attach (consumer, fixture->device);
  feed (fixture, "somebody");
  g_assert_cmpuint (n, ==, 2);
  test_consumer_expect (consumer, "somebody");
}

#define TEST_TYPE_FLUSHER (test_flusher_get_type ())
G_DECLARE_FINAL_TYPE (TestFlusher, test_flusher, TEST, FLUSHER, CharflowClient)

/* It counts what it was delivered, and how much of that was flushed. */
struct _TestFlusher
{
  CharflowClient parent_instance;
  guint n_held;
  guint n_flushed;
};

G_DEFINE_FINAL_TYPE (TestFlusher, test_flusher, CHARFLOW_TYPE_CLIENT)

static void
test_flusher_deliver (CharflowClient     *client,
                      CharflowCharDevice *device,
                      GBytes             *bytes)
{
  TEST_FLUSHER (client)->n_held++;
}

static void
test_flusher_flush (CharflowClient     *client,
                    CharflowCharDevice *device)
{
  TestFlusher *self = TEST_FLUSHER (client);

  g_assert_cmpuint (self->n_held, >, 0);
  self->n_flushed += self->n_held;
  self->n_held = 0;
}

static void
test_flusher_class_init (TestFlusherClass *klass)
{
  CHARFLOW_CLIENT_CLASS (klass)->deliver = test_flusher_deliver;
  CHARFLOW_CLIENT_CLASS (klass)->flush = test_flusher_flush;
}

static void
test_flusher_init (TestFlusher *self)
{
}

static void
test_flush (Fixture      *fixture,
            gconstpointer unused)
{
  TestFlusher *flusher = g_object_new (TEST_TYPE_FLUSHER, "flow-control", TRUE, "send-tokens", 1, NULL);
  CharflowClient *client = CHARFLOW_CLIENT (flusher);
  g_autoptr (TestConsumer) consumer = test_consumer_new (NULL, NULL);

  test_consumer_attach (consumer, fixture->device);
  g_assert_true (charflow_char_device_attach_client (fixture->device, client, NULL));
  feed (fixture, "a");
  g_assert_cmpuint (flusher->n_flushed, ==, 1);
  feed (fixture, "b");
  feed (fixture, "c");
  g_assert_cmpuint (flusher->n_flushed, ==, 1);
  g_assert_true (charflow_char_device_add_send_tokens (fixture->device, client, 1, NULL));
  g_assert_cmpuint (flusher->n_flushed, ==, 2);
  charflow_client_set_ready (client, FALSE);
  g_assert_true (charflow_char_device_add_send_tokens (fixture->device, client, 1, NULL));
  charflow_client_set_ready (client, TRUE);
  g_assert_cmpuint (flusher->n_flushed, ==, 3);
  charflow_char_device_detach_client (fixture->device, client);
  g_assert_finalize_object (flusher);
}

/* A device whose messages end with a dot and are for its first client when they begin with '1'. */
#define TEST_TYPE_DOTTED_DEVICE (test_dotted_device_get_type ())
G_DECLARE_FINAL_TYPE (TestDottedDevice, test_dotted_device, TEST, DOTTED_DEVICE, CharflowCharDevice)

struct _TestDottedDevice
{
  CharflowCharDevice parent_instance;
  GString *held;
};

G_DEFINE_FINAL_TYPE (TestDottedDevice, test_dotted_device, CHARFLOW_TYPE_CHAR_DEVICE)

static GBytes *
test_dotted_device_read_message (CharflowCharDevice *device)
{
  TestDottedDevice *self = TEST_DOTTED_DEVICE (device);
  const char *dot;
  GBytes *message;

  while ((dot = strchr (self->held->str, '.')) == NULL)
    {
      g_autoptr (GBytes) bytes = charflow_char_device_read_bytes (device, 5);

      if (bytes == NULL)
        return NULL;
      g_string_append_len (self->held, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    }

  message = g_bytes_new (self->held->str, dot + 1 - self->held->str);
  g_string_erase (self->held, 0, dot + 1 - self->held->str);
  return message;
}

static CharflowClient *
test_dotted_device_message_target (CharflowCharDevice *device,
                                   GBytes             *message)
{
  g_autoptr (CharflowClient) first = g_list_model_get_item (charflow_char_device_get_clients (device), 0);

  return ((const char *) g_bytes_get_data (message, NULL))[0] == '1' ? first : NULL;
}

static void
test_dotted_device_finalize (GObject *object)
{
  g_string_free (TEST_DOTTED_DEVICE (object)->held, TRUE);
  G_OBJECT_CLASS (test_dotted_device_parent_class)->finalize (object);
}

static void
test_dotted_device_class_init (TestDottedDeviceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_dotted_device_finalize;
  CHARFLOW_CHAR_DEVICE_CLASS (klass)->read_message = test_dotted_device_read_message;
  CHARFLOW_CHAR_DEVICE_CLASS (klass)->message_target = test_dotted_device_message_target;
}

static void
test_dotted_device_init (TestDottedDevice *self)
{
  self->held = g_string_new (NULL);
}

static void
test_framed (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (TestConsumer) first = test_consumer_new ("flow-control", TRUE, "send-tokens", 2, NULL);
  g_autoptr (TestConsumer) second = test_consumer_new ("flow-control", TRUE, "send-tokens", 1, NULL);
  CharflowCharDevice *device = g_object_new (TEST_TYPE_DOTTED_DEVICE, "backend", endpoint, NULL);

  test_consumer_attach (first, device);
  test_consumer_attach (second, device);
  charflow_char_device_start (device);
  test_endpoint_feed (endpoint, "1one.all.1.x.y.z.half");
  test_settle ();
  test_consumer_expect (first, "1one.all.");
  test_consumer_expect (second, "all.");

  /* What the device holds already needs no readiness of the back end. */
  g_assert_true (charflow_char_device_add_send_tokens (device, first->client, 20, NULL));
  test_settle ();
  test_consumer_expect (first, "1.x.y.z.");
  test_endpoint_feed (endpoint, "half.");
  test_settle ();
  test_consumer_expect (first, "halfhalf.");
  g_assert_true (charflow_char_device_add_send_tokens (device, second->client, 20, NULL));
  test_consumer_expect (second, "x.y.z.halfhalf.");
  g_assert_finalize_object (device);
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

  add ("/char-device/reading/discarded-without-clients", test_discarded);
  add ("/char-device/reading/kept-unread-without-clients", test_kept);
  add ("/char-device/reading/not-while-stopped", test_stopped);
  add ("/char-device/reading/not-without-tokens", test_without_tokens);
  add ("/char-device/reading/as-much-as-the-richest-has-tokens", test_richest);
  add ("/char-device/reading/nobody-ready", test_nobody_ready);
  add ("/char-device/reading/nobody-ready-with-tokens", test_nobody_ready_with_tokens);
  add ("/char-device/reading/stopped-delivers-nothing", test_stopped_delivers_nothing);
  add ("/char-device/reading/once-a-message", test_no_polling);
  add ("/char-device/reading/whole-and-in-order", test_large);
  add ("/char-device/reading/one-payload-for-1000-clients", test_fan_out);
  add ("/char-device/reading/message-is-told", test_message);
  add ("/char-device/reading/flushed-after-each-delivery", test_flush);
  g_test_add_func ("/char-device/reading/framed-and-for-one", test_framed);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

#include <string.h>

/* The messages of a smartcard reader, big-endian at the device and little-endian at the clients. */

#define HEADER_SIZE 12
#define MAX_PAYLOAD 65536

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestConsumer *consumer;
  GByteArray *transcript; /* of each message its size, and its bytes */
  GString *errors;
} Fixture;

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes,
            GByteArray         *transcript)
{
  guint32 size = g_bytes_get_size (bytes);

  g_byte_array_append (transcript, (const guint8 *) &size, sizeof size);
  g_byte_array_append (transcript, g_bytes_get_data (bytes, NULL), size);
}

static void
error_cb (CharflowCharDevice *device,
          GError             *error,
          GString            *errors)
{
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE);
  g_string_append (errors, error->message);
}

static CharflowCharDevice *
new_device (TestEndpoint *endpoint)
{
  CharflowCharDevice *device = CHARFLOW_CHAR_DEVICE (charflow_smartcard_device_new (CHARFLOW_BACKEND (endpoint)));

  charflow_char_device_start (device);
  test_settle ();
  g_assert_true (charflow_char_device_get_opened (device));
  return device;
}

static void
fixture_set_up (Fixture      *self,
                gconstpointer unused)
{
  self->endpoint = test_endpoint_new ();
  self->device = new_device (self->endpoint);
  self->transcript = g_byte_array_new ();
  self->errors = g_string_new (NULL);
  self->consumer = test_consumer_new ("max-queue-bytes", G_GUINT64_CONSTANT (1000000), NULL);
  g_signal_connect (self->consumer->client, "deliver", G_CALLBACK (deliver_cb), self->transcript);
  g_signal_connect (self->device, "backend-error", G_CALLBACK (error_cb), self->errors);
  test_consumer_attach (self->consumer, self->device);
}

static void
fixture_tear_down (Fixture      *self,
                   gconstpointer unused)
{
  g_assert_cmpstr (self->errors->str, ==, "");
  test_consumer_free (self->consumer);
  g_assert_finalize_object (self->device);
  test_settle ();
  g_assert_finalize_object (self->endpoint);
  g_byte_array_unref (self->transcript);
  g_string_free (self->errors, TRUE);
}

static void
add_message (GByteArray *bytes,
             gboolean    is_big_endian,
             guint32     type,
             guint32     reader,
             guint32     length,
             gsize       size)
{
  const guint32 words[] = { type, reader, length };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      guint32 word = is_big_endian ? GUINT32_TO_BE (words[i]) : GUINT32_TO_LE (words[i]);

      g_byte_array_append (bytes, (const guint8 *) &word, sizeof word);
    }
  for (gsize i = 0; i < size; i++)
    g_byte_array_append (bytes, &(guint8){ type + i * 3 }, 1);
}

/* What the device says, and the clients get. */
static void
make_stream (GByteArray *stream,
             GByteArray *transcript)
{
  static const struct
  {
    guint32 type, reader;
    gsize size;
  } messages[] = { { 2, 0, 4 }, { 7, 0xffffffff, 0 }, { 7, 9, 270 }, { 8, 1, 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      guint32 size = HEADER_SIZE + messages[i].size;

      add_message (stream, TRUE, messages[i].type, messages[i].reader, messages[i].size, messages[i].size);
      g_byte_array_append (transcript, (const guint8 *) &size, sizeof size);
      add_message (transcript, FALSE, messages[i].type, messages[i].reader, messages[i].size, messages[i].size);
    }
}

static void
expect_transcript (Fixture    *self,
                   GByteArray *expected)
{
  g_assert_cmpmem (self->transcript->data, self->transcript->len, expected->data, expected->len);
  g_byte_array_set_size (self->transcript, 0);
}

static void
test_reading (Fixture      *self,
              gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();

  make_stream (stream, transcript);
  for (gsize cut = 0; cut <= stream->len; cut++)
    {
      test_feed (self->endpoint, stream->data, cut);
      test_feed (self->endpoint, stream->data + cut, stream->len - cut);
      expect_transcript (self, transcript);
    }
  for (gsize i = 0; i < stream->len; i++)
    test_feed (self->endpoint, stream->data + i, 1);
  expect_transcript (self, transcript);
}

static void
test_largest (Fixture      *self,
              gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  add_message (stream, TRUE, 7, 0, MAX_PAYLOAD, MAX_PAYLOAD);
  test_feed (self->endpoint, stream->data, stream->len);
  g_assert_cmpuint (self->consumer->n_bytes, ==, HEADER_SIZE + MAX_PAYLOAD);
  g_assert_cmpuint (self->consumer->n_messages, ==, 1);
}

static void
test_broken (Fixture      *self,
             gconstpointer unused)
{
  const guint32 lengths[] = { MAX_PAYLOAD + 1, 0x80000000, 0xffffffff };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GByteArray) stream = g_byte_array_new ();
      g_autoptr (GByteArray) transcript = g_byte_array_new ();
      g_autofree char *number = g_strdup_printf ("%u bytes", lengths[i]);
      g_autoptr (TestEndpoint) old = self->endpoint;

      add_message (stream, TRUE, 7, 0, lengths[i], 300);
      test_feed (self->endpoint, stream->data, stream->len);
      g_assert_nonnull (strstr (self->errors->str, number));
      g_string_truncate (self->errors, 0);
      g_assert_null (charflow_char_device_get_backend (self->device));
      g_assert_cmpuint (self->transcript->len, ==, 0);

      self->endpoint = test_endpoint_new ();
      g_assert_true (charflow_char_device_set_backend (self->device, CHARFLOW_BACKEND (self->endpoint), NULL));
      g_byte_array_set_size (stream, 0);
      make_stream (stream, transcript);
      test_feed (self->endpoint, stream->data, stream->len);
      expect_transcript (self, transcript);
    }
}

static gboolean
refuse_cb (CharflowCharDevice *device,
           CharflowBackend    *backend)
{
  return FALSE;
}

/* Its messages would be read as rubbish for ever. */
static void
test_broken_is_not_refused (Fixture      *self,
                            gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  g_signal_connect (self->device, "backend-changed", G_CALLBACK (refuse_cb), NULL);
  add_message (stream, TRUE, 7, 0, 0xffffffff, 0);
  test_feed (self->endpoint, stream->data, stream->len);
  g_assert_null (charflow_char_device_get_backend (self->device));
  g_string_truncate (self->errors, 0);
}

static gboolean
write_bytes (Fixture      *self,
             const guint8 *data,
             gsize         size,
             GError      **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  return charflow_char_device_write_bytes (self->device, self->consumer->client, bytes, error);
}

static void
test_writing (Fixture      *self,
              gconstpointer unused)
{
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  self->endpoint->max_write = 5;
  for (gsize excess = 0; excess < 3; excess++)
    {
      g_autoptr (GByteArray) message = g_byte_array_new ();

      add_message (message, FALSE, 5, 1, 20, 20 + excess);
      g_assert_true (write_bytes (self, message->data, message->len, NULL));
      add_message (expected, TRUE, 5, 1, 20, 20);
    }
  test_settle ();
  g_assert_cmpmem (self->endpoint->written->str, self->endpoint->written->len, expected->data, expected->len);
}

static void
test_breaches (Fixture      *self,
               gconstpointer unused)
{
  g_autoptr (GByteArray) short_one = g_byte_array_new ();
  g_autoptr (GByteArray) hostile = g_byte_array_new ();
  g_autoptr (GByteArray) too_long = g_byte_array_new ();
  const struct
  {
    GByteArray *bytes;
    gsize size;
  } cases[] = { { short_one, 0 }, { short_one, 11 }, { short_one, 31 }, { hostile, 32 }, { too_long, HEADER_SIZE + MAX_PAYLOAD + 1 } };

  add_message (short_one, FALSE, 5, 1, 20, 20);
  add_message (hostile, FALSE, 5, 1, 0xffffffff, 20);
  add_message (too_long, FALSE, 5, 1, MAX_PAYLOAD + 1, MAX_PAYLOAD + 1);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (write_bytes (self, cases[i].bytes->data, cases[i].size, &error));
      g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE);
      g_assert_true (self->consumer->is_removed);
      test_consumer_attach (self->consumer, self->device);
    }
  g_assert_cmpuint (self->endpoint->written->len, ==, 0);
}

static void
test_reconnect (Fixture      *self,
                gconstpointer unused)
{
  g_autoptr (GByteArray) first = g_byte_array_new ();
  g_autoptr (GByteArray) second = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  add_message (first, FALSE, 5, 1, 20, 20);
  add_message (second, FALSE, 7, 1, 9, 9);
  add_message (expected, TRUE, 7, 1, 9, 9);
  self->endpoint->room = 15;
  g_assert_true (write_bytes (self, first->data, first->len, NULL));
  g_assert_true (write_bytes (self, first->data, first->len, NULL));
  charflow_backend_emit_event (CHARFLOW_BACKEND (self->endpoint), CHARFLOW_EVENT_CLOSED);
  test_settle ();
  g_assert_cmpuint (charflow_client_get_waiting_bytes (self->consumer->client), ==, 0);
  g_assert_cmpuint (self->endpoint->written->len, ==, 15);
  g_assert_true (write_bytes (self, second->data, second->len, NULL));

  g_string_truncate (self->endpoint->written, 0);
  self->endpoint->room = G_MAXSIZE;
  charflow_backend_emit_event (CHARFLOW_BACKEND (self->endpoint), CHARFLOW_EVENT_OPENED);
  test_settle ();
  g_assert_cmpmem (self->endpoint->written->str, self->endpoint->written->len, expected->data, expected->len);
}

static void
test_saved (Fixture      *self,
            gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();

  make_stream (stream, transcript);
  for (gsize cut = 0; cut <= stream->len; cut++)
    {
      g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
      g_autoptr (CharflowCharDevice) device = new_device (endpoint);
      g_autoptr (TestConsumer) consumer = test_consumer_new ("wait-for-state", TRUE, NULL);
      g_autoptr (GBytes) rest = g_bytes_new (stream->data + cut, stream->len - cut);
      g_autoptr (GBytes) state = NULL;
      g_autoptr (GError) error = NULL;

      test_feed (self->endpoint, stream->data, cut);
      state = charflow_char_device_save_state (self->device, NULL);
      g_signal_connect (consumer->client, "deliver", G_CALLBACK (deliver_cb), self->transcript);
      test_consumer_attach (consumer, device);
      charflow_char_device_restore_state (device, state, &error);
      g_assert_no_error (error);
      if (g_bytes_get_size (rest) > 0)
        test_endpoint_feed_bytes (endpoint, rest);
      test_settle ();
      expect_transcript (self, transcript);

      test_feed (self->endpoint, stream->data + cut, stream->len - cut);
      g_byte_array_set_size (self->transcript, 0);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) \
  g_test_add ("/smartcard-device/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

  ADD ("reading/header-is-turned", test_reading);
  ADD ("reading/the-largest-message", test_largest);
  ADD ("reading/a-broken-reader-is-let-go-of", test_broken);
  ADD ("reading/nobody-may-keep-it", test_broken_is_not_refused);
  ADD ("writing/header-is-turned-and-excess-cut", test_writing);
  ADD ("writing/a-breach-removes", test_breaches);
  ADD ("writing/the-next-reader-gets-whole-messages", test_reconnect);
  ADD ("state/saved-anywhere", test_saved);

  return g_test_run ();
}

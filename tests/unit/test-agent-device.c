/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

#include <string.h>

/* The chunks of an agent and the pieces of clients. */

#define CHUNK_HEADER_SIZE 8
#define HEADER_SIZE 20
#define MAX_PIECE 2048

enum
{
  TYPE_MONITORS = 2,
  TYPE_CLIPBOARD = 4,
  TYPE_CAPABILITIES = 6,
  TYPE_FILE_START = 10,
  TYPE_UNKNOWN = 99,
};

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestConsumer *consumer; /* with flow control */
  TestConsumer *other; /* the same, not attached */
  GByteArray *transcript; /* what consumer was handed: of each piece its size, and its bytes */
  GString *errors; /* codes of backend-error, and the messages to the program as "<n>" */
} Fixture;

static void
add_u32 (GByteArray *bytes,
         guint32     value)
{
  guint32 word = GUINT32_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) &word, sizeof word);
}

static void
add_header (GByteArray *bytes,
            guint32     type,
            guint32     size)
{
  add_u32 (bytes, 1);
  add_u32 (bytes, type);
  add_u32 (bytes, 0);
  add_u32 (bytes, 0);
  add_u32 (bytes, size);
}

static GByteArray *
new_message (guint32 type,
             gsize   size)
{
  GByteArray *message = g_byte_array_new ();

  add_header (message, type, size);
  for (gsize i = 0; i < size; i++)
    g_byte_array_append (message, &(guint8){ type + i * 7 }, 1);

  return message;
}

static void
add_chunk (GByteArray   *bytes,
           guint32       port,
           const guint8 *data,
           gsize         size)
{
  add_u32 (bytes, port);
  add_u32 (bytes, size);
  g_byte_array_append (bytes, data, size);
}

static void
add_piece (GByteArray   *transcript,
           const guint8 *data,
           gsize         size)
{
  add_u32 (transcript, size);
  g_byte_array_append (transcript, data, size);
}

/* The whole of a message as one chunk, and what clients get of it. */
static void
add_message (GByteArray *stream,
             GByteArray *transcript,
             guint32     type,
             gsize       size)
{
  g_autoptr (GByteArray) message = new_message (type, size);

  add_chunk (stream, 1, message->data, message->len);
  for (gsize offset = 0; offset < message->len; offset += MAX_PIECE)
    add_piece (transcript, message->data + offset, MIN (message->len - offset, MAX_PIECE));
}

/* Everything that an agent may do. */
static void
make_stream (GByteArray *stream,
             GByteArray *transcript)
{
  g_autoptr (GByteArray) cut = new_message (TYPE_UNKNOWN, 40);
  g_autoptr (GByteArray) first = new_message (TYPE_MONITORS, 60);
  g_autoptr (GByteArray) second = new_message (TYPE_MONITORS, 0);
  g_autoptr (GByteArray) both = g_byte_array_new ();

  add_message (stream, transcript, TYPE_MONITORS, 5);
  add_chunk (stream, 2, (const guint8 *) "for the program", 15);
  add_message (stream, transcript, TYPE_CLIPBOARD, 2100);

  /* One message in two chunks. */
  add_chunk (stream, 1, cut->data, 30);
  add_chunk (stream, 1, cut->data + 30, cut->len - 30);
  add_piece (transcript, cut->data, 30);
  add_piece (transcript, cut->data + 30, cut->len - 30);

  /* The end of one and the beginning of another in one chunk. */
  g_byte_array_append (both, first->data + 50, first->len - 50);
  g_byte_array_append (both, second->data, second->len);
  add_chunk (stream, 1, first->data, 50);
  add_chunk (stream, 1, both->data, both->len);
  add_piece (transcript, first->data, 50);
  add_piece (transcript, first->data + 50, first->len - 50);
  add_piece (transcript, second->data, second->len);
}

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes,
            GByteArray         *transcript)
{
  add_piece (transcript, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
error_cb (CharflowCharDevice *device,
          GError             *error,
          GString            *errors)
{
  g_assert_true (error->domain == CHARFLOW_DEVICE_ERROR);
  g_assert_null (charflow_char_device_get_backend (device));
  g_string_append_printf (errors, "%s\n", error->message);
}

static void
server_message_cb (CharflowAgentDevice *device,
                   GBytes              *contents,
                   GString             *errors)
{
  g_string_append_printf (errors, "<%zu>", g_bytes_get_size (contents));
}

static void
tokens_reset_cb (CharflowClient     *client,
                 CharflowCharDevice *device,
                 guint64             n_tokens,
                 TestConsumer       *consumer)
{
  g_string_append_printf (consumer->log, "<reset %" G_GUINT64_FORMAT ">", n_tokens);
}

static TestConsumer *
new_consumer (gboolean waits)
{
  TestConsumer *consumer = test_consumer_new ("flow-control", TRUE, "client-tokens", 10, "send-tokens", 1000000,
                                              "max-queue-messages", 100000, "wait-for-state", waits, NULL);

  g_signal_connect (consumer->client, "tokens-reset", G_CALLBACK (tokens_reset_cb), consumer);
  return consumer;
}

static CharflowCharDevice *
new_device (TestEndpoint *endpoint)
{
  CharflowCharDevice *device = g_object_new (CHARFLOW_TYPE_AGENT_DEVICE,
                                             "backend", endpoint,
                                             "client-tokens-interval", 1,
                                             NULL);

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
  self->consumer = new_consumer (FALSE);
  self->other = new_consumer (FALSE);
  g_signal_connect (self->consumer->client, "deliver", G_CALLBACK (deliver_cb), self->transcript);
  g_signal_connect (self->device, "backend-error", G_CALLBACK (error_cb), self->errors);
  g_signal_connect (self->device, "server-message", G_CALLBACK (server_message_cb), self->errors);
  test_consumer_attach (self->consumer, self->device);
}

static void
fixture_tear_down (Fixture      *self,
                   gconstpointer unused)
{
  g_assert_cmpstr (self->errors->str, ==, "");
  test_consumer_free (self->other);
  test_consumer_free (self->consumer);
  g_assert_finalize_object (self->device);
  test_settle ();
  g_assert_finalize_object (self->endpoint);
  g_byte_array_unref (self->transcript);
  g_string_free (self->errors, TRUE);
}

static void
expect_errors (Fixture    *self,
               const char *text)
{
  g_assert_cmpstr (self->errors->str, ==, text);
  g_string_truncate (self->errors, 0);
}

#define expect_bytes(array, expected) \
  g_assert_cmpmem ((array)->data, (array)->len, (expected)->data, (expected)->len)

static void
forget (Fixture *self)
{
  g_byte_array_set_size (self->transcript, 0);
  g_string_truncate (self->consumer->log, 0);
  g_string_truncate (self->other->log, 0);
  g_string_truncate (self->errors, 0);
  g_string_truncate (self->endpoint->written, 0);
}

static void
test_pieces (Fixture      *self,
             gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();

  make_stream (stream, transcript);
  test_feed (self->endpoint, stream->data, stream->len);
  expect_bytes (self->transcript, transcript);
  expect_errors (self, "<15>");

  forget (self);
  for (gsize i = 0; i < stream->len; i++)
    test_feed (self->endpoint, stream->data + i, 1);
  expect_bytes (self->transcript, transcript);
  expect_errors (self, "<15>");

  for (gsize cut = 1; cut < stream->len; cut++)
    {
      forget (self);
      test_feed (self->endpoint, stream->data, cut);
      test_feed (self->endpoint, stream->data + cut, stream->len - cut);
      expect_bytes (self->transcript, transcript);
      expect_errors (self, "<15>");
    }
}

/* It is not kept: each piece comes as soon as it is whole. */
static void
test_large (Fixture      *self,
            gconstpointer unused)
{
  g_autoptr (GByteArray) begin = g_byte_array_new ();
  g_autofree guint8 *rest = g_malloc0 (1 << 20);

  add_u32 (begin, 1);
  add_u32 (begin, HEADER_SIZE + (100 << 20));
  add_header (begin, TYPE_CLIPBOARD, 100 << 20);
  test_feed (self->endpoint, begin->data, begin->len);
  g_assert_cmpuint (self->consumer->n_messages, ==, 0);
  for (guint i = 0; i < 100; i++)
    {
      g_byte_array_set_size (self->transcript, 0);
      g_string_truncate (self->consumer->log, 0);
      test_feed (self->endpoint, rest, 1 << 20);
      g_assert_cmpuint (self->consumer->n_bytes, >=, (i + 1) << 20);
    }
  g_assert_cmpuint (self->consumer->n_bytes, ==, HEADER_SIZE + (100 << 20));
  g_assert_cmpuint (g_bytes_get_size (self->consumer->last), ==, HEADER_SIZE);
}

static void
test_late_joiner (Fixture      *self,
                  gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();

  add_message (stream, transcript, TYPE_CLIPBOARD, 5000);
  test_feed (self->endpoint, stream->data, 3000);
  test_consumer_attach (self->other, self->device);
  test_feed (self->endpoint, stream->data + 3000, stream->len - 3000);
  g_assert_cmpuint (self->consumer->n_bytes, ==, 5020);
  g_assert_cmpuint (self->other->n_bytes, ==, 0);

  g_byte_array_set_size (stream, 0);
  add_message (stream, transcript, TYPE_MONITORS, 10);
  test_feed (self->endpoint, stream->data, stream->len);
  g_assert_cmpuint (self->other->n_bytes, ==, 30);
  expect_bytes (self->transcript, transcript);
}

/* It is read as well, so that a client that comes gets whole messages. */
static void
test_nobody (Fixture      *self,
             gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();

  g_assert_true (charflow_char_device_detach_client (self->device, self->consumer->client));
  add_message (stream, transcript, TYPE_CLIPBOARD, 5000);
  test_feed (self->endpoint, stream->data, 4000);
  test_consumer_attach (self->consumer, self->device);
  test_feed (self->endpoint, stream->data + 4000, stream->len - 4000);
  g_assert_cmpuint (self->transcript->len, ==, 0);
}

static void
test_broken (Fixture      *self,
             gconstpointer unused)
{
  static const struct
  {
    guint32 port, size, protocol, message_size;
    const char *words;
  } cases[] = {
    { 3, 20, 1, 0, "port 3" },
    { 0, 20, 1, 0, "port 0" },
    { 0xffffffff, 20, 1, 0, "port 4294967295" },
    { 1, 0, 1, 0, "chunk of 0 bytes" },
    { 2, 0, 1, 0, "chunk of 0 bytes" },
    { 1, 0xffffffff, 1, 0, "chunk of 4294967295 bytes" },
    { 2, 65537, 1, 0, "chunk of 65537 bytes" },
    { 1, 20, 2, 0, "protocol 2" },
    { 1, 20, 1, 0xffffffff, "4294967295 bytes" },
    { 1, 19, 1, 0, "begins with 19 bytes" },
    { 1, 1, 1, 0, "begins with 1 bytes" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (TestEndpoint) old = self->endpoint;

      add_u32 (bytes, cases[i].port);
      add_u32 (bytes, cases[i].size);
      add_u32 (bytes, cases[i].protocol);
      add_u32 (bytes, TYPE_MONITORS);
      add_u32 (bytes, 0);
      add_u32 (bytes, 0);
      add_u32 (bytes, cases[i].message_size);
      test_feed (self->endpoint, bytes->data, bytes->len);
      g_assert_nonnull (strstr (self->errors->str, cases[i].words));
      g_assert_null (charflow_char_device_get_backend (self->device));
      g_assert_cmpuint (self->endpoint->n_closed, ==, 1);
      g_assert_cmpuint (self->transcript->len, ==, 0);

      /* The next agent begins anew. */
      forget (self);
      self->endpoint = test_endpoint_new ();
      g_assert_true (charflow_char_device_set_backend (self->device, CHARFLOW_BACKEND (self->endpoint), NULL));
      g_byte_array_set_size (bytes, 0);
      add_message (bytes, self->transcript, TYPE_MONITORS, 3);
      g_byte_array_set_size (self->transcript, 0);
      test_feed (self->endpoint, bytes->data, bytes->len);
      g_assert_cmpuint (self->transcript->len, ==, 4 + 23);
      forget (self);
    }
}

/* Writing. */

static gboolean
write_bytes (Fixture      *self,
             TestConsumer *consumer,
             const guint8 *data,
             gsize         size,
             GError      **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  return charflow_char_device_write_bytes (self->device, consumer == NULL ? NULL : consumer->client, bytes, error);
}

static void
write_piece (Fixture      *self,
             TestConsumer *consumer,
             const guint8 *data,
             gsize         size)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (write_bytes (self, consumer, data, size, &error));
  g_assert_no_error (error);
}

static void
expect_written (Fixture    *self,
                GByteArray *expected)
{
  test_settle ();
  g_assert_cmpmem (self->endpoint->written->str, self->endpoint->written->len, expected->data, expected->len);
  g_string_truncate (self->endpoint->written, 0);
  g_byte_array_set_size (expected, 0);
}

static void
add_disconnected (GByteArray *expected)
{
  static const guint8 chunk[] = {
    0x02, 0, 0, 0, 0x14, 0, 0, 0, 0x01, 0, 0, 0, 0x0d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  };

  g_byte_array_append (expected, chunk, sizeof chunk);
}

static guint64
get_tokens (TestConsumer *consumer)
{
  return charflow_client_get_client_tokens_held (consumer->client);
}

static void
test_chunks (Fixture      *self,
             gconstpointer unused)
{
  g_autoptr (GByteArray) message = new_message (TYPE_CLIPBOARD, 3000);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  self->endpoint->max_write = 7;
  write_piece (self, self->consumer, message->data, MAX_PIECE);
  write_piece (self, self->consumer, message->data + MAX_PIECE, 1);
  write_piece (self, self->consumer, message->data + MAX_PIECE + 1, message->len - MAX_PIECE - 1);
  add_chunk (expected, 1, message->data, MAX_PIECE);
  add_chunk (expected, 1, message->data + MAX_PIECE, 1);
  add_chunk (expected, 1, message->data + MAX_PIECE + 1, message->len - MAX_PIECE - 1);
  expect_written (self, expected);
  g_assert_cmpuint (get_tokens (self->consumer), ==, 10);

  /* Cut anywhere behind the header. */
  for (gsize cut = HEADER_SIZE; cut < 100; cut++)
    {
      g_autoptr (GByteArray) small = new_message (TYPE_MONITORS, 80);

      write_piece (self, self->consumer, small->data, cut);
      write_piece (self, self->consumer, small->data + cut, small->len - cut);
      add_chunk (expected, 1, small->data, cut);
      add_chunk (expected, 1, small->data + cut, small->len - cut);
      expect_written (self, expected);
    }
}

static void
test_breaches (Fixture      *self,
               gconstpointer unused)
{
  g_autoptr (GByteArray) good = new_message (TYPE_MONITORS, 3000);
  g_autoptr (GByteArray) other_protocol = new_message (TYPE_MONITORS, 5);
  g_autoptr (GByteArray) past_end = new_message (TYPE_MONITORS, 5);
  g_autoptr (GByteArray) hostile = g_byte_array_new ();
  g_autoptr (GByteArray) disconnected = g_byte_array_new ();
  const struct
  {
    GByteArray *bytes;
    gsize size;
  } cases[] = {
    { good, MAX_PIECE + 1 }, { good, HEADER_SIZE - 1 }, { good, 0 }, { other_protocol, 25 }, { past_end, 26 }, { hostile, 20 },
  };

  other_protocol->data[0] = 2;
  g_byte_array_append (past_end, good->data, 1);
  add_header (hostile, TYPE_MONITORS, 0xffffffff);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (write_bytes (self, self->consumer, cases[i].bytes->data, cases[i].size, &error));
      g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE);
      g_assert_true (self->consumer->is_removed);
      /* It was the last one. */
      add_disconnected (disconnected);
      expect_written (self, disconnected);
      test_consumer_attach (self->consumer, self->device);
    }
}

static void
test_past_end_of_a_later_piece (Fixture      *self,
                                gconstpointer unused)
{
  g_autoptr (GByteArray) message = new_message (TYPE_MONITORS, 30);
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  test_consumer_attach (self->other, self->device);
  write_piece (self, self->consumer, message->data, 40);
  g_byte_array_append (message, message->data, 1);
  g_assert_false (write_bytes (self, self->consumer, message->data + 40, 11, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE);
  add_chunk (expected, 1, message->data, 40);
  add_disconnected (expected);
  expect_written (self, expected);
}

static void
test_interleaved (Fixture      *self,
                  gconstpointer unused)
{
  g_autoptr (GByteArray) one = new_message (TYPE_CLIPBOARD, 100);
  g_autoptr (GByteArray) two = new_message (TYPE_MONITORS, 50);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  test_consumer_attach (self->other, self->device);
  write_piece (self, self->consumer, one->data, 60);
  write_piece (self, self->other, two->data, 30);
  write_piece (self, self->other, two->data + 30, 40);
  write_piece (self, NULL, two->data, two->len);
  add_chunk (expected, 1, one->data, 60);
  expect_written (self, expected);
  g_assert_cmpuint (get_tokens (self->other), ==, 8);

  write_piece (self, self->consumer, one->data + 60, 60);
  add_chunk (expected, 1, one->data + 60, 60);
  add_chunk (expected, 1, two->data, 30);
  add_chunk (expected, 1, two->data + 30, 40);
  add_chunk (expected, 2, two->data, two->len);
  expect_written (self, expected);
  g_assert_cmpuint (get_tokens (self->other), ==, 10);
}

static void
test_leaving (Fixture      *self,
              gconstpointer unused)
{
  g_autoptr (GByteArray) one = new_message (TYPE_CLIPBOARD, 100);
  g_autoptr (GByteArray) two = new_message (TYPE_MONITORS, 10);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  test_consumer_attach (self->other, self->device);
  write_piece (self, self->consumer, one->data, 60);
  write_piece (self, self->other, two->data, two->len);
  charflow_char_device_detach_client (self->device, self->consumer->client);
  add_chunk (expected, 1, one->data, 60);
  add_disconnected (expected);
  add_chunk (expected, 1, two->data, two->len);
  expect_written (self, expected);

  /* Between two messages only the last one counts; and one that comes again begins anew. */
  test_consumer_attach (self->consumer, self->device);
  write_piece (self, self->consumer, two->data, two->len);
  charflow_char_device_detach_client (self->device, self->consumer->client);
  add_chunk (expected, 1, two->data, two->len);
  expect_written (self, expected);
  charflow_char_device_detach_client (self->device, self->other->client);
  add_disconnected (expected);
  expect_written (self, expected);
}

static void
test_own_messages (Fixture      *self,
                   gconstpointer unused)
{
  g_autoptr (GByteArray) message = new_message (TYPE_MONITORS, 5000);
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  write_piece (self, NULL, message->data, message->len);
  add_chunk (expected, 2, message->data, MAX_PIECE);
  add_chunk (expected, 2, message->data + MAX_PIECE, MAX_PIECE);
  add_chunk (expected, 2, message->data + 2 * MAX_PIECE, message->len - 2 * MAX_PIECE);
  expect_written (self, expected);

  for (gsize size = 0; size < message->len; size += 1255)
    {
      g_assert_false (write_bytes (self, NULL, message->data, size, &error));
      g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE);
      g_clear_error (&error);
    }
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (self->device), ==, 1);
  expect_written (self, expected);
}

/* Filters. */

static void
set_filters (Fixture *self,
             gboolean copy_paste,
             gboolean file_transfer)
{
  g_object_set (self->device, "copy-paste", copy_paste, "file-transfer", file_transfer, NULL);
}

static void
test_filters (Fixture      *self,
              gconstpointer unused)
{
  const guint32 types[] = { 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, TYPE_UNKNOWN };

  for (guint filter = 0; filter < 4; filter++)
    for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
      {
        guint32 type = types[i];
        gboolean is_clipboard = type == 4 || (type >= 7 && type <= 9);
        gboolean is_file = type >= 10 && type <= 12;
        gboolean passes = !(is_clipboard && (filter & 1) != 0) && !(is_file && (filter & 2) != 0);
        g_autoptr (GByteArray) stream = g_byte_array_new ();
        g_autoptr (GByteArray) transcript = g_byte_array_new ();
        g_autoptr (GByteArray) message = new_message (type, 2100);
        g_autoptr (GByteArray) expected = g_byte_array_new ();

        set_filters (self, (filter & 1) == 0, (filter & 2) == 0);
        for (guint j = 0; j < 10; j++)
          add_message (stream, transcript, type, 2100);
        if (!passes)
          g_byte_array_set_size (transcript, 0);
        /* One that passes comes last, to show that those before were swallowed to their ends. */
        add_message (stream, transcript, TYPE_MONITORS, 9);
        forget (self);
        test_feed (self->endpoint, stream->data, stream->len);
        expect_bytes (self->transcript, transcript);

        write_piece (self, self->consumer, message->data, MAX_PIECE);
        write_piece (self, self->consumer, message->data + MAX_PIECE, message->len - MAX_PIECE);
        if (passes)
          {
            add_chunk (expected, 1, message->data, MAX_PIECE);
            add_chunk (expected, 1, message->data + MAX_PIECE, message->len - MAX_PIECE);
          }
        expect_written (self, expected);
        g_assert_cmpuint (get_tokens (self->consumer), ==, 10);
      }
}

/* A message that is under way is not touched by a change. */
static void
test_filter_changes (Fixture      *self,
                     gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();
  g_autoptr (GByteArray) message = new_message (TYPE_CLIPBOARD, 10);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  add_message (stream, transcript, TYPE_CLIPBOARD, 4000);
  write_piece (self, self->consumer, message->data, 25);
  test_feed (self->endpoint, stream->data, 3000);
  set_filters (self, FALSE, TRUE);
  write_piece (self, self->consumer, message->data + 25, 5);
  test_feed (self->endpoint, stream->data + 3000, stream->len - 3000);
  expect_bytes (self->transcript, transcript);
  add_chunk (expected, 1, message->data, 25);
  add_chunk (expected, 1, message->data + 25, 5);
  expect_written (self, expected);

  write_piece (self, self->consumer, message->data, 25);
  set_filters (self, TRUE, TRUE);
  write_piece (self, self->consumer, message->data + 25, 5);
  expect_written (self, expected);
}

static void
test_capabilities (Fixture      *self,
                   gconstpointer unused)
{
  static const struct
  {
    guint32 filter, before, after;
  } cases[] = {
    { 0, 0xffffffff, 0xffffffff },
    { 1, 0xffffffff, 0xffffff97 },
    { 2, 0x00035077, 0x00037077 },
    { 3, 0x00035077, 0x00037017 },
    { 3, 0x00000000, 0x00002000 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) before = g_byte_array_new ();
      g_autoptr (GByteArray) after = g_byte_array_new ();

      add_header (before, TYPE_CAPABILITIES, 12);
      add_u32 (before, 1);
      g_byte_array_append (after, before->data, before->len);
      add_u32 (before, cases[i].before);
      add_u32 (after, cases[i].after);
      add_u32 (before, 0xffffffff);
      add_u32 (after, 0xffffffff);
      set_filters (self, (cases[i].filter & 1) == 0, (cases[i].filter & 2) == 0);

      /* Cut anywhere behind the header, too, and not at all. */
      for (gsize cut = HEADER_SIZE; cut <= before->len; cut++)
        {
          g_autoptr (GByteArray) stream = g_byte_array_new ();
          g_autoptr (GByteArray) transcript = g_byte_array_new ();

          add_chunk (stream, 1, before->data, cut);
          add_piece (transcript, after->data, cut);
          if (cut < before->len)
            {
              add_chunk (stream, 1, before->data + cut, before->len - cut);
              add_piece (transcript, after->data + cut, before->len - cut);
            }
          forget (self);
          test_feed (self->endpoint, stream->data, stream->len);
          expect_bytes (self->transcript, transcript);
        }
    }

  /* Fewer words than there might be. */
  for (gsize size = 0; size < 8; size++)
    {
      g_autoptr (GByteArray) stream = g_byte_array_new ();
      g_autoptr (GByteArray) transcript = g_byte_array_new ();

      add_message (stream, transcript, TYPE_CAPABILITIES, size);
      forget (self);
      test_feed (self->endpoint, stream->data, stream->len);
      g_assert_cmpuint (self->transcript->len, ==, transcript->len);
    }
}

/* Agents that come and go. */

static void
let_agent (Fixture      *self,
           CharflowEvent event)
{
  charflow_backend_emit_event (CHARFLOW_BACKEND (self->endpoint), event);
  test_settle ();
}

static void
test_absent (Fixture      *self,
             gconstpointer unused)
{
  g_autoptr (GByteArray) message = new_message (TYPE_CLIPBOARD, 100);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  let_agent (self, CHARFLOW_EVENT_CLOSED);
  for (guint i = 0; i < 30; i++)
    write_piece (self, self->consumer, message->data, message->len);
  write_piece (self, NULL, message->data, message->len);
  write_piece (self, NULL, message->data, message->len);
  g_assert_cmpuint (get_tokens (self->consumer), ==, 10);
  write_piece (self, self->consumer, message->data, 50);
  let_agent (self, CHARFLOW_EVENT_OPENED);
  /* Begun while nobody was there. */
  write_piece (self, self->consumer, message->data + 50, 70);
  expect_written (self, expected);

  write_piece (self, self->consumer, message->data, message->len);
  add_chunk (expected, 1, message->data, message->len);
  expect_written (self, expected);
}

static void
test_reconnect (Fixture      *self,
                gconstpointer unused)
{
  g_autoptr (GByteArray) message = new_message (TYPE_CLIPBOARD, 100);
  g_autoptr (GByteArray) other = new_message (TYPE_MONITORS, 0);
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  test_consumer_attach (self->other, self->device);
  add_message (stream, transcript, TYPE_CLIPBOARD, 5000);
  test_feed (self->endpoint, stream->data, 3000);

  /* No tokens, half a message, the agent takes nothing but the first bytes, and the other waits for its turn. */
  self->endpoint->room = 3;
  for (guint i = 0; i < 10; i++)
    write_piece (self, self->consumer, message->data + (i == 0 ? 0 : 15 + i * 5), i == 0 ? 20 : 5);
  write_piece (self, self->other, other->data, other->len);
  g_assert_cmpuint (get_tokens (self->consumer), ==, 0);
  let_agent (self, CHARFLOW_EVENT_CLOSED);
  self->endpoint->room = G_MAXSIZE;
  forget (self);

  let_agent (self, CHARFLOW_EVENT_OPENED);
  test_consumer_expect (self->consumer, "<reset 10>");
  test_consumer_expect (self->other, "<reset 10>");
  expect_written (self, expected);

  /* The rest of 55 bytes is swallowed, and does not keep the other from writing. */
  write_piece (self, self->consumer, message->data + 65, 50);
  write_piece (self, self->other, other->data, other->len);
  add_chunk (expected, 1, other->data, other->len);
  expect_written (self, expected);
  write_piece (self, self->consumer, message->data + 115, 5);
  g_assert_cmpuint (get_tokens (self->consumer), ==, 10);
  expect_written (self, expected);
  write_piece (self, self->consumer, message->data, message->len);
  add_chunk (expected, 1, message->data, message->len);
  expect_written (self, expected);

  /* Nor does the new agent go on with the message of the old one. */
  g_byte_array_set_size (stream, 0);
  g_byte_array_set_size (transcript, 0);
  add_message (stream, transcript, TYPE_MONITORS, 10);
  test_feed (self->endpoint, stream->data, stream->len);
  expect_bytes (self->transcript, transcript);
}

/* Bytes of the old agent that no client took before the new one came. */
static void
test_reconnect_unread (Fixture      *self,
                       gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();

  charflow_char_device_set_send_tokens (self->device, self->consumer->client, 1, NULL);
  add_message (stream, transcript, TYPE_CLIPBOARD, 8000);
  test_feed (self->endpoint, stream->data, 7000);
  let_agent (self, CHARFLOW_EVENT_CLOSED);
  let_agent (self, CHARFLOW_EVENT_OPENED);
  forget (self);
  g_byte_array_set_size (stream, 0);
  g_byte_array_set_size (transcript, 0);
  add_message (stream, transcript, TYPE_MONITORS, 10);
  test_feed (self->endpoint, stream->data, stream->len);
  charflow_char_device_set_send_tokens (self->device, self->consumer->client, 100, NULL);
  test_settle ();
  expect_bytes (self->transcript, transcript);
}

static void
test_program_resets (Fixture      *self,
                     gconstpointer unused)
{
  g_autoptr (GByteArray) message = new_message (TYPE_CLIPBOARD, 100);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  write_piece (self, self->consumer, message->data, 50);
  add_chunk (expected, 1, message->data, 50);
  expect_written (self, expected);
  charflow_char_device_reset (self->device);
  write_piece (self, self->consumer, message->data + 50, 70);
  expect_written (self, expected);
  write_piece (self, self->consumer, message->data, message->len);
  add_chunk (expected, 1, message->data, message->len);
  expect_written (self, expected);
}

/* What it lost was the middle of a message; who lost nothing gets the end. */
static void
test_reset_while_queued (Fixture      *self,
                         gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();

  test_consumer_attach (self->other, self->device);
  charflow_char_device_set_send_tokens (self->device, self->consumer->client, 1, NULL);
  add_message (stream, transcript, TYPE_CLIPBOARD, 8000);
  test_feed (self->endpoint, stream->data, 5000);
  charflow_char_device_reset (self->device);
  charflow_char_device_set_send_tokens (self->device, self->consumer->client, 100, NULL);
  forget (self);
  test_feed (self->endpoint, stream->data + 5000, stream->len - 5000);
  g_assert_cmpuint (self->transcript->len, ==, 0);
  g_assert_cmpuint (self->other->n_bytes, ==, 8020);

  g_byte_array_set_size (stream, 0);
  g_byte_array_set_size (transcript, 0);
  add_message (stream, transcript, TYPE_MONITORS, 10);
  test_feed (self->endpoint, stream->data, stream->len);
  expect_bytes (self->transcript, transcript);
}

/* Saved state. */

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestConsumer *consumers[2]; /* the second only where there are two */
} Target;

static Target *
target_new (Fixture *self,
            GBytes  *state,
            guint    n_clients)
{
  Target *target = g_new0 (Target, 1);
  g_autoptr (GError) error = NULL;

  target->endpoint = test_endpoint_new ();
  target->device = new_device (target->endpoint);
  for (guint i = 0; i < n_clients; i++)
    {
      target->consumers[i] = new_consumer (TRUE);
      test_consumer_attach (target->consumers[i], target->device);
    }
  g_signal_connect (target->consumers[0]->client, "deliver", G_CALLBACK (deliver_cb), self->transcript);
  charflow_char_device_restore_state (target->device, state, &error);
  g_assert_no_error (error);

  return target;
}

static void
target_free (Target *target)
{
  for (guint i = 0; i < 2; i++)
    g_clear_pointer (&target->consumers[i], test_consumer_free);
  g_assert_finalize_object (target->device);
  test_settle ();
  g_assert_finalize_object (target->endpoint);
  g_free (target);
}

static void
test_saved_reading (Fixture      *self,
                    gconstpointer unused)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();

  make_stream (stream, transcript);
  for (gsize cut = 0; cut < stream->len; cut++)
    {
      g_autoptr (GBytes) rest = g_bytes_new (stream->data + cut, stream->len - cut);
      g_autoptr (GBytes) state = NULL;
      Target *target;

      forget (self);
      test_feed (self->endpoint, stream->data, cut);
      state = charflow_char_device_save_state (self->device, NULL);
      target = target_new (self, state, 1);
      test_endpoint_feed_bytes (target->endpoint, rest);
      test_settle ();
      expect_bytes (self->transcript, transcript);
      target_free (target);

      let_agent (self, CHARFLOW_EVENT_CLOSED);
      let_agent (self, CHARFLOW_EVENT_OPENED);
    }
  forget (self);
}

static void
write_target (Target       *target,
              guint         index,
              const guint8 *data,
              gsize         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;

  charflow_char_device_write_bytes (target->device, target->consumers[index]->client, bytes, &error);
  g_assert_no_error (error);
}

/* One in the middle of a message, the other held back; and the agent has any part of what was written. */
static void
test_saved_writing (Fixture      *self,
                    gconstpointer unused)
{
  g_autoptr (GByteArray) one = new_message (TYPE_UNKNOWN, 30);
  g_autoptr (GByteArray) two = new_message (TYPE_MONITORS, 40);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  add_chunk (expected, 1, one->data, 25);
  add_chunk (expected, 1, one->data + 25, 25);
  add_chunk (expected, 1, two->data, 20);
  add_chunk (expected, 1, two->data + 20, 40);
  test_consumer_attach (self->other, self->device);
  for (gsize room = 0; room <= 33; room++)
    {
      g_autoptr (GBytes) state = NULL;
      Target *target;

      forget (self);
      self->endpoint->room = room;
      write_piece (self, self->consumer, one->data, 25);
      write_piece (self, self->other, two->data, 20);
      state = charflow_char_device_save_state (self->device, NULL);
      target = target_new (self, state, 2);
      write_target (target, 1, two->data + 20, 40);
      write_target (target, 0, one->data + 25, 25);
      test_settle ();
      g_string_append_len (self->endpoint->written, target->endpoint->written->str, target->endpoint->written->len);
      g_assert_cmpmem (self->endpoint->written->str, self->endpoint->written->len, expected->data, expected->len);
      for (guint i = 0; i < 2; i++)
        g_assert_cmpuint (get_tokens (target->consumers[i]), ==, 10);
      target_free (target);

      /* Both write the rest of what they began, for the next time. */
      self->endpoint->room = G_MAXSIZE;
      charflow_char_device_reset (self->device);
      write_piece (self, self->consumer, one->data + 25, 25);
      write_piece (self, self->other, two->data + 20, 40);
    }
}

static void
refuse_state (GBytes     *state,
              const char *words)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = new_device (endpoint);
  TestConsumer *consumer = new_consumer (TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) still_waits = NULL;

  test_consumer_attach (consumer, device);
  g_assert_false (charflow_char_device_restore_state (device, state, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_STATE);
  if (words != NULL && strstr (error->message, words) == NULL)
    g_error ("'%s' is not in '%s'", words, error->message);
  /* Nothing was changed: it is still to come. */
  g_assert_null (charflow_char_device_save_state (device, &still_waits));
  g_assert_error (still_waits, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_WAITING);
  test_consumer_free (consumer);
}

/* The framing comes last in the state: u32 version, u32 chunk, message (u8, u32 type, u32 size, u32 left), u32 clients,
 * message. */
static void
test_damaged_state (Fixture      *self,
                    gconstpointer unused)
{
  static const struct
  {
    gsize offset;
    guint32 value;
    const char *words;
  } cases[] = {
    { 0, 2, "of version 2" },
    { 4, 0xffffffff, "4294967295 bytes are left of the agent's chunk" },
    { 8, 3, "the state of the message of the agent is 3" },
    { 8, 0, "the agent has no message, and that has the type 4" },
    { 13, 0xffffffff, "the size of the message of the agent is 4294967295" },
    { 17, 0, "0 of 5000 bytes are left of the message of the agent" },
    { 17, 5001, "5001 of 5000 bytes are left of the message of the agent" },
    { 21, 2, "messages of 2 clients, and 1 clients" },
    { 25, 9, "the state of the message of client 0 is 9" },
    { 34, 101, "101 of 100 bytes are left of the message of client 0" },
  };
  const gsize framing_size = 38;
  g_autoptr (GByteArray) message = new_message (TYPE_CLIPBOARD, 100);
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GByteArray) transcript = g_byte_array_new ();
  g_autoptr (GBytes) state = NULL;
  gsize size;
  const guint8 *data;

  add_message (stream, transcript, TYPE_CLIPBOARD, 5000);
  test_feed (self->endpoint, stream->data, CHUNK_HEADER_SIZE + MAX_PIECE);
  write_piece (self, self->consumer, message->data, 50);
  state = charflow_char_device_save_state (self->device, NULL);
  data = g_bytes_get_data (state, &size);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize offset = size - framing_size + cases[i].offset;
      g_autofree guint8 *damaged = g_memdup2 (data, size);
      g_autoptr (GBytes) bytes = NULL;
      guint32 value = GUINT32_TO_LE (cases[i].value);
      gboolean is_byte = cases[i].offset == 8 || cases[i].offset == 25;

      memcpy (damaged + offset, &value, is_byte ? 1 : sizeof value);
      bytes = g_bytes_new (damaged, size);
      refuse_state (bytes, cases[i].words);
    }
  for (gsize i = 0; i < size; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (data, i);

      refuse_state (bytes, NULL);
    }
}

static void
test_defaults (void)
{
  g_autoptr (CharflowAgentDevice) device = charflow_agent_device_new (NULL);
  guint n = 0;

  g_assert_cmpuint (charflow_char_device_get_client_tokens_interval (CHARFLOW_CHAR_DEVICE (device)), ==, 5);
  g_assert_cmpuint (charflow_char_device_get_self_tokens (CHARFLOW_CHAR_DEVICE (device)), ==, 1);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (CHARFLOW_CHAR_DEVICE (device)), ==, 1);

  g_signal_connect_swapped (device, "notify", G_CALLBACK (test_count_cb), &n);
  g_assert_true (charflow_agent_device_get_copy_paste (device));
  g_assert_true (charflow_agent_device_get_file_transfer (device));
  for (guint i = 0; i < 2; i++)
    {
      charflow_agent_device_set_copy_paste (device, FALSE);
      charflow_agent_device_set_file_transfer (device, FALSE);
    }
  g_assert_cmpuint (n, ==, 2);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) \
  g_test_add ("/agent-device/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

  g_test_add_func ("/agent-device/defaults", test_defaults);
  ADD ("reading/pieces-do-not-depend-on-reads", test_pieces);
  ADD ("reading/a-large-message-is-not-kept", test_large);
  ADD ("reading/a-late-client-gets-the-next-message", test_late_joiner);
  ADD ("reading/goes-on-with-nobody-there", test_nobody);
  ADD ("reading/a-broken-agent-is-let-go-of", test_broken);
  ADD ("writing/a-piece-is-a-chunk", test_chunks);
  ADD ("writing/a-breach-removes", test_breaches);
  ADD ("writing/a-later-piece-past-the-end-removes", test_past_end_of_a_later_piece);
  ADD ("writing/messages-are-not-mixed", test_interleaved);
  ADD ("writing/the-agent-learns-who-leaves", test_leaving);
  ADD ("writing/the-program-has-another-port", test_own_messages);
  ADD ("filters/both-ways", test_filters);
  ADD ("filters/a-change-waits-for-the-next-message", test_filter_changes);
  ADD ("filters/capabilities-are-hidden", test_capabilities);
  ADD ("reconnect/nobody-is-written-to", test_absent);
  ADD ("reconnect/in-the-middle-of-messages", test_reconnect);
  ADD ("reconnect/old-bytes-are-dropped", test_reconnect_unread);
  ADD ("reconnect/the-program-resets", test_program_resets);
  ADD ("reconnect/a-reset-cuts-what-is-queued", test_reset_while_queued);
  ADD ("state/reading-goes-on-anywhere", test_saved_reading);
  ADD ("state/writing-goes-on-anywhere", test_saved_writing);
  ADD ("state/damaged-is-refused", test_damaged_state);

  return g_test_run ();
}

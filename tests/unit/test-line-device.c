/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

#include <string.h>

/* Lines, however they come. */

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestConsumer *consumer;
  GString *lines; /* what consumer was handed, each message in brackets */
} Fixture;

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes,
            GString            *lines)
{
  g_string_append_c (lines, '[');
  g_string_append_len (lines, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_string_append_c (lines, ']');
}

static CharflowCharDevice *
new_device (TestEndpoint *endpoint)
{
  CharflowCharDevice *device = g_object_new (CHARFLOW_TYPE_LINE_DEVICE, "backend", endpoint, "max-length", 8, NULL);

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
  self->lines = g_string_new (NULL);
  self->consumer = test_consumer_new ("flow-control", FALSE, NULL);
  g_signal_connect (self->consumer->client, "deliver", G_CALLBACK (deliver_cb), self->lines);
  test_consumer_attach (self->consumer, self->device);
}

static void
fixture_tear_down (Fixture      *self,
                   gconstpointer unused)
{
  test_consumer_free (self->consumer);
  g_assert_finalize_object (self->device);
  test_settle ();
  g_assert_finalize_object (self->endpoint);
  g_string_free (self->lines, TRUE);
}

static void
expect_lines (Fixture    *self,
              const char *text)
{
  g_assert_cmpstr (self->lines->str, ==, text);
  g_string_truncate (self->lines, 0);
}

#define STREAM "one\n\n1234567\n12345678\n12345678901234567890\nx\n"
#define LINES "[one\n][\n][1234567\n][12345678][\n][12345678][90123456][7890\n][x\n]"

static void
test_cuts (Fixture      *self,
           gconstpointer unused)
{
  const gsize size = strlen (STREAM);

  for (gsize cut = 0; cut <= size; cut++)
    {
      test_feed (self->endpoint, STREAM, cut);
      test_feed (self->endpoint, STREAM + cut, size - cut);
      expect_lines (self, LINES);
    }
  for (gsize i = 0; i < size; i++)
    test_feed (self->endpoint, STREAM + i, 1);
  expect_lines (self, LINES);
}

static void
test_end (Fixture      *self,
          gconstpointer unused)
{
  test_feed (self->endpoint, "whole\nhalf", 10);
  expect_lines (self, "[whole\n]");
  charflow_backend_emit_event (CHARFLOW_BACKEND (self->endpoint), CHARFLOW_EVENT_CLOSED);
  test_settle ();
  expect_lines (self, "[half]");

  charflow_backend_emit_event (CHARFLOW_BACKEND (self->endpoint), CHARFLOW_EVENT_OPENED);
  test_feed (self->endpoint, "new\n", 4);
  expect_lines (self, "[new\n]");
}

static void
test_late_joiner (Fixture      *self,
                  gconstpointer unused)
{
  g_autoptr (TestConsumer) late = test_consumer_new ("flow-control", FALSE, NULL);

  test_feed (self->endpoint, "123456789", 9);
  expect_lines (self, "[12345678]");
  test_consumer_attach (late, self->device);
  test_feed (self->endpoint, "0\nnext\n", 7);
  expect_lines (self, "[90\n][next\n]");
  test_consumer_expect (late, "next\n");
}

static void
test_separator (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (CharflowLineDevice) device = g_object_new (CHARFLOW_TYPE_LINE_DEVICE,
                                                        "backend", endpoint, "separator", 0, NULL);
  g_autoptr (CharflowLineDevice) plain = charflow_line_device_new (NULL);
  g_autoptr (GBytes) bytes = g_bytes_new ("a\nb\0c\0d", 7);
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", FALSE, NULL);

  g_assert_cmpuint (charflow_line_device_get_separator (plain), ==, '\n');
  g_assert_cmpuint (charflow_line_device_get_max_length (plain), ==, 65536);
  g_assert_cmpuint (charflow_line_device_get_separator (device), ==, 0);
  charflow_char_device_start (CHARFLOW_CHAR_DEVICE (device));
  test_consumer_attach (consumer, CHARFLOW_CHAR_DEVICE (device));
  test_endpoint_feed_bytes (endpoint, bytes);
  test_settle ();
  g_assert_cmpuint (consumer->n_messages, ==, 2);
  g_assert_cmpmem (consumer->log->str, consumer->log->len, "a\nb\0c", 6);
}

/* Scanned from its beginning for each byte, this would take hours. */
static void
test_long_line (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (CharflowLineDevice) device = g_object_new (CHARFLOW_TYPE_LINE_DEVICE,
                                                        "backend", endpoint, "max-length", 1 << 20, NULL);
  g_autoptr (GBytes) byte = g_bytes_new ("x", 1);
  g_autoptr (TestConsumer) consumer = test_consumer_new ("flow-control", FALSE, NULL);

  charflow_char_device_start (CHARFLOW_CHAR_DEVICE (device));
  test_consumer_attach (consumer, CHARFLOW_CHAR_DEVICE (device));
  for (guint i = 0; i < 1 << 20; i++)
    test_endpoint_feed_bytes (endpoint, byte);
  test_settle ();
  g_assert_cmpuint (consumer->n_messages, ==, 1);
  g_assert_cmpuint (consumer->n_bytes, ==, 1 << 20);
}

static void
test_saved (Fixture      *self,
            gconstpointer unused)
{
  for (gsize cut = 0; cut <= strlen (STREAM); cut++)
    {
      g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
      g_autoptr (CharflowCharDevice) device = new_device (endpoint);
      g_autoptr (TestConsumer) consumer = test_consumer_new ("wait-for-state", TRUE, NULL);
      g_autoptr (GBytes) state = NULL;
      g_autoptr (GError) error = NULL;

      test_feed (self->endpoint, STREAM, cut);
      state = charflow_char_device_save_state (self->device, NULL);
      g_signal_connect (consumer->client, "deliver", G_CALLBACK (deliver_cb), self->lines);
      test_consumer_attach (consumer, device);
      charflow_char_device_restore_state (device, state, &error);
      g_assert_no_error (error);
      test_endpoint_feed (endpoint, STREAM + cut);
      test_settle ();
      expect_lines (self, LINES);

      test_feed (self->endpoint, STREAM + cut, strlen (STREAM + cut));
      g_string_truncate (self->lines, 0);
    }
}

static void
test_writing (Fixture      *self,
              gconstpointer unused)
{
  test_consumer_write (self->consumer, "no line, ");
  test_consumer_write (self->consumer, "and\ntwo\n");
  test_settle ();
  g_assert_cmpstr (self->endpoint->written->str, ==, "no line, and\ntwo\n");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) \
  g_test_add ("/line-device/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

  ADD ("lines-do-not-depend-on-reads", test_cuts);
  ADD ("an-unfinished-line-ends-with-its-sender", test_end);
  ADD ("a-late-client-gets-the-next-line", test_late_joiner);
  ADD ("saved-anywhere", test_saved);
  ADD ("writing-changes-nothing", test_writing);
  g_test_add_func ("/line-device/any-byte-separates", test_separator);
  g_test_add_func ("/line-device/a-long-line-is-scanned-once", test_long_line);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

#include <string.h>

/* A buffer, and the token that it cost. */

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestConsumer *consumer; /* with 10 tokens */
} Fixture;

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer interval)
{
  fixture->endpoint = test_endpoint_new ();
  fixture->device = test_device_new (fixture->endpoint, GPOINTER_TO_UINT (interval));
  fixture->consumer = test_consumer_new ("flow-control", TRUE, "client-tokens", 10, NULL);
  test_consumer_attach (fixture->consumer, fixture->device);
}

static void
fixture_tear_down (Fixture      *fixture,
                   gconstpointer unused)
{
  test_consumer_free (fixture->consumer);
  g_assert_finalize_object (fixture->device);
  test_settle ();
  g_assert_finalize_object (fixture->endpoint);
}

static CharflowWriteBuffer *
get_buffer (Fixture    *fixture,
            const char *text)
{
  g_autoptr (GError) error = NULL;
  CharflowWriteBuffer *buffer = charflow_char_device_get_write_buffer (fixture->device, fixture->consumer->client,
                                                                       strlen (text), &error);

  g_assert_no_error (error);
  g_assert_true (charflow_write_buffer_append (buffer, (const guint8 *) text, strlen (text), &error));
  g_assert_no_error (error);

  return buffer;
}

static void
assert_tokens (Fixture *fixture,
               guint64  held,
               guint64  owed)
{
  g_assert_cmpuint (charflow_client_get_client_tokens_held (fixture->consumer->client), ==, held);
  g_assert_cmpuint (charflow_client_get_client_tokens_owed (fixture->consumer->client), ==, owed);
}

static void
test_fill (Fixture      *fixture,
           gconstpointer unused)
{
  g_autoptr (CharflowWriteBuffer) buffer = charflow_char_device_get_write_buffer (fixture->device,
                                                                                  fixture->consumer->client, 6, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize room;

  g_assert_cmpuint (charflow_write_buffer_get_capacity (buffer), ==, 6);
  g_assert_cmpuint (charflow_write_buffer_get_size (buffer), ==, 0);
  g_assert_cmpint (charflow_write_buffer_get_origin (buffer), ==, CHARFLOW_WRITE_ORIGIN_CLIENT);
  g_assert_true (charflow_write_buffer_get_client (buffer) == fixture->consumer->client);
  g_assert_cmpuint (charflow_write_buffer_get_token_price (buffer), ==, 1);

  g_assert_true (charflow_write_buffer_append (buffer, (const guint8 *) "abc", 3, &error));
  g_assert_true (charflow_write_buffer_append (buffer, NULL, 0, &error));
  memcpy (charflow_write_buffer_peek (buffer, &room), "de", 2);
  g_assert_cmpuint (room, ==, 3);
  charflow_write_buffer_commit (buffer, 2);
  g_assert_no_error (error);
  g_assert_false (charflow_write_buffer_append (buffer, (const guint8 *) "fg", 2, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FULL);
  bytes = charflow_write_buffer_copy_bytes (buffer);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "abcde", 5);
}

static void
test_origins (Fixture      *fixture,
              gconstpointer unused)
{
  g_autoptr (CharflowWriteBuffer) paid = charflow_char_device_get_write_buffer (fixture->device, NULL, 1, NULL);
  g_autoptr (CharflowWriteBuffer) free_one =
    charflow_char_device_get_server_write_buffer (fixture->device, 1, FALSE, NULL);

  g_assert_cmpint (charflow_write_buffer_get_origin (paid), ==, CHARFLOW_WRITE_ORIGIN_SERVER);
  g_assert_cmpuint (charflow_write_buffer_get_token_price (paid), ==, 1);
  g_assert_null (charflow_write_buffer_get_client (paid));
  g_assert_cmpint (charflow_write_buffer_get_origin (free_one), ==, CHARFLOW_WRITE_ORIGIN_SERVER_NO_TOKEN);
  g_assert_cmpuint (charflow_write_buffer_get_token_price (free_one), ==, 0);
}

static void
test_exactness (Fixture      *fixture,
                gconstpointer unused)
{
  CharflowWriteBuffer *first = get_buffer (fixture, "first");
  CharflowWriteBuffer *second = get_buffer (fixture, "second");
  CharflowWriteBuffer *third = get_buffer (fixture, "third");
  CharflowWriteBuffer *fourth = get_buffer (fixture, "fourth");

  assert_tokens (fixture, 6, 0);
  g_assert_cmpuint (charflow_client_get_waiting_bytes (fixture->consumer->client), ==, 22);
  charflow_char_device_release_write_buffer (fixture->device, first);
  assert_tokens (fixture, 6, 1);
  charflow_write_buffer_unref (second);
  assert_tokens (fixture, 6, 2);
  charflow_char_device_add_write_buffer (fixture->device, third);
  test_consumer_expect (fixture->consumer, "<tokens 3>");
  assert_tokens (fixture, 9, 0);
  fixture->endpoint->room = 3;
  charflow_char_device_add_write_buffer (fixture->device, fourth);
  assert_tokens (fixture, 9, 0);
  g_assert_cmpuint (charflow_client_get_waiting_bytes (fixture->consumer->client), ==, 6);
  fixture->endpoint->room = G_MAXSIZE;
  test_settle ();
  assert_tokens (fixture, 9, 1);
  g_assert_cmpuint (charflow_client_get_waiting_bytes (fixture->consumer->client), ==, 0);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "thirdfourth");
}

static void
test_interval (Fixture      *fixture,
               gconstpointer unused)
{
  for (guint i = 0; i < 3; i++)
    {
      assert_tokens (fixture, 10, 0);
      test_consumer_write (fixture->consumer, "a");
      test_consumer_expect (fixture->consumer, "<tokens 1>");
    }
  fixture->endpoint->room = 0;
  test_consumer_write (fixture->consumer, "b");
  assert_tokens (fixture, 9, 0);
  test_consumer_expect (fixture->consumer, "");
}

static void
test_tokens_sent (Fixture      *fixture,
                  gconstpointer unused)
{
  guint n = 0;

  g_signal_connect_swapped (fixture->device, "tokens-sent", G_CALLBACK (test_count_cb), &n);
  for (guint i = 0; i < 7; i++)
    test_consumer_write (fixture->consumer, "a");
  g_assert_cmpuint (n, ==, 2);
  test_consumer_expect (fixture->consumer, "<tokens 3><tokens 3>");
  assert_tokens (fixture, 9, 1);
}

static void
test_without_token (Fixture      *fixture,
                    gconstpointer unused)
{
  fixture->endpoint->room = 0;
  for (guint i = 0; i < 10; i++)
    test_consumer_write (fixture->consumer, "a");
  assert_tokens (fixture, 0, 0);
  test_consumer_write_refused (fixture->consumer, "b", CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NO_TOKENS);
  test_consumer_expect (fixture->consumer, "<removed no-tokens>");
  g_assert_false (charflow_char_device_has_client (fixture->device, fixture->consumer->client));
  fixture->endpoint->room = G_MAXSIZE;
  test_settle ();
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "");
}

static void
test_earlier_attachment (Fixture      *fixture,
                         gconstpointer unused)
{
  CharflowWriteBuffer *released = get_buffer (fixture, "released");
  CharflowWriteBuffer *added = get_buffer (fixture, "added");
  CharflowWriteBuffer *dropped = get_buffer (fixture, "dropped");

  charflow_char_device_detach_client (fixture->device, fixture->consumer->client);
  test_consumer_attach (fixture->consumer, fixture->device);
  assert_tokens (fixture, 10, 0);
  charflow_char_device_release_write_buffer (fixture->device, released);
  charflow_char_device_add_write_buffer (fixture->device, added);
  charflow_write_buffer_unref (dropped);
  assert_tokens (fixture, 10, 0);
  g_assert_cmpuint (charflow_client_get_waiting_bytes (fixture->consumer->client), ==, 0);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "");
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, 2);
}

static void
test_detached (Fixture      *fixture,
               gconstpointer unused)
{
  CharflowWriteBuffer *buffer = get_buffer (fixture, "added");

  charflow_char_device_detach_client (fixture->device, fixture->consumer->client);
  charflow_char_device_add_write_buffer (fixture->device, buffer);
  test_settle ();
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "");
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, 2);
}

static void
test_self_tokens (Fixture      *fixture,
                  gconstpointer unused)
{
  CharflowWriteBuffer *one = charflow_char_device_get_write_buffer (fixture->device, NULL, 1, NULL);
  CharflowWriteBuffer *other = charflow_char_device_get_server_write_buffer (fixture->device, 1, TRUE, NULL);
  CharflowWriteBuffer *free_one = charflow_char_device_get_server_write_buffer (fixture->device, 1, FALSE, NULL);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_signal_connect_swapped (fixture->device, "self-token-freed", G_CALLBACK (test_count_cb), &n);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, 0);
  g_assert_null (charflow_char_device_get_write_buffer (fixture->device, NULL, 1, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NO_TOKENS);

  g_assert_true (charflow_write_buffer_append (one, (const guint8 *) "1", 1, NULL));
  g_assert_true (charflow_write_buffer_append (free_one, (const guint8 *) "0", 1, NULL));
  fixture->endpoint->room = 0;
  charflow_char_device_add_write_buffer (fixture->device, one);
  charflow_char_device_add_write_buffer (fixture->device, free_one);
  g_assert_cmpuint (n, ==, 0);
  fixture->endpoint->room = G_MAXSIZE;
  test_settle ();
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "10");
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, 1);
  charflow_write_buffer_unref (other);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, 2);
  g_assert_cmpuint (charflow_char_device_get_self_tokens (fixture->device), ==, 2);
}

static void
test_refused (Fixture      *fixture,
              gconstpointer unused)
{
  const gsize too_big = 16 * 1024 * 1024 + 1;
  g_autoptr (TestConsumer) reader = test_consumer_new ("read-only", TRUE, "flow-control", TRUE, NULL);
  g_autoptr (CharflowClient) stranger = charflow_client_new ();
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *memory = g_malloc0 (too_big);
  g_autoptr (GBytes) bytes = g_bytes_new_static (memory, too_big);

  test_consumer_attach (reader, fixture->device);
  test_consumer_write_refused (reader, "a", CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_READ_ONLY);
  g_assert_cmpuint (charflow_client_get_client_tokens_held (reader->client), ==, 10);
  g_assert_true (charflow_char_device_has_client (fixture->device, reader->client));

  g_assert_null (charflow_char_device_get_write_buffer (fixture->device, stranger, 1, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NOT_ATTACHED);
  g_clear_error (&error);

  g_assert_null (charflow_char_device_get_write_buffer (fixture->device, fixture->consumer->client, too_big, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_TOO_BIG);
  g_clear_error (&error);
  g_assert_null (charflow_char_device_get_server_write_buffer (fixture->device, too_big, FALSE, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_TOO_BIG);
  g_clear_error (&error);
  g_assert_false (charflow_char_device_write_bytes (fixture->device, NULL, bytes, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_TOO_BIG);
  assert_tokens (fixture, 10, 0);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, 2);
}

static void
test_reset (Fixture      *fixture,
            gconstpointer unused)
{
  CharflowWriteBuffer *got = get_buffer (fixture, "got");

  test_consumer_write (fixture->consumer, "a");
  assert_tokens (fixture, 8, 1);
  fixture->endpoint->room = 2;
  test_consumer_write (fixture->consumer, "bbbb");
  test_consumer_write (fixture->consumer, "cccc");
  assert_tokens (fixture, 6, 1);
  charflow_char_device_reset (fixture->device);
  assert_tokens (fixture, 9, 0);
  fixture->endpoint->room = G_MAXSIZE;
  charflow_char_device_add_write_buffer (fixture->device, got);
  test_settle ();
  assert_tokens (fixture, 9, 1);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "abbgot");
  test_consumer_expect (fixture->consumer, "");
}

static void
test_outlives (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (CharflowClient) client = charflow_client_new ();
  CharflowCharDevice *device = test_device_new (endpoint, 0);
  g_autoptr (CharflowWriteBuffer) own = charflow_char_device_get_write_buffer (device, NULL, 3, NULL);
  g_autoptr (CharflowWriteBuffer) buffer = NULL;

  g_assert_true (charflow_char_device_attach_client (device, client, NULL));
  buffer = charflow_char_device_get_write_buffer (device, client, 3, NULL);
  g_assert_cmpuint (charflow_write_buffer_get_token_price (buffer), ==, 0);
  g_assert_finalize_object (device);
  g_assert_null (charflow_client_get_device (client));
  g_assert_true (charflow_write_buffer_append (buffer, (const guint8 *) "abc", 3, NULL));
  g_assert_true (charflow_write_buffer_append (own, (const guint8 *) "abc", 3, NULL));
  test_settle ();
}

/* Whatever is done, in whatever order: what the client holds, is owed and has under way is what it got. */
static void
test_random (Fixture      *fixture,
             gconstpointer unused)
{
  GPtrArray *buffers = g_ptr_array_new ();
  CharflowClient *client = fixture->consumer->client;
  gsize base = 0; /* where the first message of the client begins in what was written */
  guint n_added = 0;

  for (guint i = 0; i < 20000; i++)
    {
      gsize written = fixture->endpoint->written->len;
      guint n_consumed = written <= base ? 0 : (written - base) / 4;
      guint choice = g_test_rand_int_range (0, 100);

      g_assert_cmpuint (charflow_client_get_client_tokens_held (client) +
                          charflow_client_get_client_tokens_owed (client) + buffers->len + n_added - n_consumed,
                        ==, 10);
      g_assert_cmpuint (charflow_client_get_waiting_bytes (client), ==, 4 * (buffers->len + n_added - n_consumed));

      if (choice < 40 && charflow_client_get_client_tokens_held (client) > 0)
        {
          g_ptr_array_add (buffers, get_buffer (fixture, "data"));
        }
      else if (choice < 60 && buffers->len > 0)
        {
          n_added++;
          charflow_char_device_add_write_buffer (fixture->device, g_ptr_array_steal_index (buffers, 0));
        }
      else if (choice < 65 && buffers->len > 0)
        {
          charflow_char_device_release_write_buffer (fixture->device, g_ptr_array_steal_index (buffers, 0));
        }
      else if (choice < 70 && buffers->len > 0)
        {
          charflow_write_buffer_unref (g_ptr_array_steal_index (buffers, 0));
        }
      else if (choice < 95)
        {
          fixture->endpoint->room = g_test_rand_int_range (0, 12);
          test_settle ();
        }
      else if (choice < 97)
        {
          charflow_char_device_reset (fixture->device);
          base = fixture->endpoint->written->len;
          n_added = 0;
        }
      else if (choice < 99)
        {
          gsize rest = written < base ? base - written : n_added > n_consumed ? (4 - (written - base) % 4) % 4 : 0;

          charflow_char_device_detach_client (fixture->device, client);
          test_consumer_attach (fixture->consumer, fixture->device);
          while (buffers->len > 0)
            charflow_write_buffer_unref (g_ptr_array_steal_index (buffers, 0));
          base = written + rest;
          n_added = 0;
        }
      else
        {
          charflow_char_device_stop (fixture->device);
          charflow_char_device_start (fixture->device);
        }
    }

  while (buffers->len > 0)
    charflow_write_buffer_unref (g_ptr_array_steal_index (buffers, 0));
  g_ptr_array_unref (buffers);
}

static void
add (const char *path,
     guint       interval,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, GUINT_TO_POINTER (interval), fixture_set_up, test, fixture_tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/write-buffer/filled-up-to-its-capacity", 1, test_fill);
  add ("/write-buffer/origin-and-price", 1, test_origins);
  g_test_add_func ("/write-buffer/outlives-its-device", test_outlives);
  add ("/write-buffer/tokens/exact-at-each-step", 3, test_exactness);
  add ("/write-buffer/tokens/at-once-with-interval-0", 0, test_interval);
  add ("/write-buffer/tokens/at-once-with-interval-1", 1, test_interval);
  add ("/write-buffer/tokens/in-lumps-of-the-interval", 3, test_tokens_sent);
  add ("/write-buffer/tokens/none-left-removes-and-serves-nothing", 1, test_without_token);
  add ("/write-buffer/tokens/earlier-attachment-returns-to-nobody", 1, test_earlier_attachment);
  add ("/write-buffer/tokens/added-after-detachment-is-released", 1, test_detached);
  add ("/write-buffer/tokens/self-tokens", 1, test_self_tokens);
  add ("/write-buffer/tokens/refusals-spend-none", 1, test_refused);
  add ("/write-buffer/tokens/reset-returns-them-unannounced", 5, test_reset);
  add ("/write-buffer/tokens/exact-in-any-order", 3, test_random);

  return g_test_run ();
}

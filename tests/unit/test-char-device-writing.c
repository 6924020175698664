/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

/* From the clients to the back end: each message whole, in order and once. */

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestConsumer *consumer; /* with flow control */
} Fixture;

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer unused)
{
  fixture->endpoint = test_endpoint_new ();
  fixture->device = test_device_new (fixture->endpoint, 1);
  fixture->consumer = test_consumer_new ("flow-control", TRUE, NULL);
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

static void
make_room (Fixture *fixture,
           gsize    room)
{
  fixture->endpoint->room = room;
  test_settle ();
}

static void
test_byte_by_byte (Fixture      *fixture,
                   gconstpointer unused)
{
  fixture->endpoint->max_write = 1;
  fixture->endpoint->room = 0;
  test_consumer_write (fixture->consumer, "hello ");
  test_consumer_write (fixture->consumer, "world");
  for (guint i = 1; i <= 11; i++)
    {
      make_room (fixture, 1);
      g_assert_cmpuint (fixture->endpoint->written->len, ==, i);
      g_assert_cmpuint (charflow_client_get_client_tokens_held (fixture->consumer->client), ==,
                        i < 6 ? 8 : i < 11 ? 9 : 10);
    }
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "hello world");
  g_assert_cmpuint (fixture->endpoint->n_wakeups, ==, 11);
  test_consumer_expect (fixture->consumer, "<tokens 1><tokens 1>");
}

static void
test_no_polling (Fixture      *fixture,
                 gconstpointer unused)
{
  guint n_writes;

  fixture->endpoint->room = 0;
  test_consumer_write (fixture->consumer, "a");
  n_writes = fixture->endpoint->n_writes;
  for (guint i = 0; i < 5; i++)
    test_consumer_write (fixture->consumer, "b");
  charflow_char_device_wakeup (fixture->device);
  test_settle ();
  g_assert_cmpuint (fixture->endpoint->n_writes, ==, n_writes);
  g_assert_cmpuint (fixture->endpoint->n_wakeups, ==, 0);
  make_room (fixture, G_MAXSIZE);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "abbbbb");
  g_assert_cmpuint (fixture->endpoint->n_wakeups, ==, 1);
  g_assert_cmpuint (fixture->endpoint->n_writes, ==, n_writes + 6);
}

/* 16 MiB in one message and in pieces, through a back end that takes 4,093 bytes at a time and blocks after
 * each 60,000. */
static void
test_sixteen_mebibytes (Fixture      *fixture,
                        gconstpointer data)
{
  const gsize size = 16 * 1024 * 1024;
  const gsize piece = GPOINTER_TO_SIZE (data);
  const guint n_refills = (size + 59999) / 60000;
  const guint n_messages = (size + piece - 1) / piece;
  guint32 *numbers = g_malloc (size);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *written = NULL;
  gsize sent = 0;

  for (gsize i = 0; i < size / sizeof *numbers; i++)
    numbers[i] = i * 2654435761u;
  bytes = g_bytes_new_take (numbers, size);
  fixture->endpoint->max_write = 4093;
  fixture->endpoint->room = 0;
  fixture->endpoint->refill = 60000;
  while (sent < size)
    {
      g_autoptr (GBytes) message = g_bytes_new_from_bytes (bytes, sent, MIN (piece, size - sent));
      g_autoptr (GError) error = NULL;

      test_wait_until (charflow_client_get_client_tokens_held (fixture->consumer->client) > 0);
      g_assert_true (charflow_char_device_write_bytes (fixture->device, fixture->consumer->client, message, &error));
      g_assert_no_error (error);
      sent += g_bytes_get_size (message);
    }
  test_wait_until (fixture->endpoint->written->len == size);
  test_settle ();

  expected = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  written = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) fixture->endpoint->written->str, size);
  g_assert_cmpstr (written, ==, expected);
  /* It is tried again only when it has told that it has room. */
  g_assert_cmpuint (fixture->endpoint->n_wakeups, >=, n_refills);
  g_assert_cmpuint (fixture->endpoint->n_wakeups, <=, size / fixture->endpoint->max_write + n_refills + n_messages);
  g_assert_cmpuint (fixture->endpoint->n_refused, <=, n_refills);
  g_assert_cmpuint (charflow_client_get_waiting_bytes (fixture->consumer->client), ==, 0);
}

static void
test_stopped (Fixture      *fixture,
              gconstpointer unused)
{
  fixture->endpoint->room = 2;
  test_consumer_write (fixture->consumer, "half");
  charflow_char_device_stop (fixture->device);
  test_consumer_write (fixture->consumer, "whole");
  make_room (fixture, G_MAXSIZE);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "ha");
  charflow_char_device_start (fixture->device);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "halfwhole");
}

static void
test_leaving (Fixture      *fixture,
              gconstpointer unused)
{
  g_autoptr (TestConsumer) other = test_consumer_new (NULL, NULL);

  test_consumer_attach (other, fixture->device);
  fixture->endpoint->room = 2;
  test_consumer_write (fixture->consumer, "half");
  test_consumer_write (fixture->consumer, "unstarted");
  test_consumer_write (other, "other");
  charflow_char_device_detach_client (fixture->device, fixture->consumer->client);
  test_consumer_attach (fixture->consumer, fixture->device);
  g_assert_cmpuint (charflow_client_get_waiting_bytes (fixture->consumer->client), ==, 0);
  make_room (fixture, G_MAXSIZE);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "halfother");
  g_assert_cmpuint (charflow_client_get_client_tokens_held (fixture->consumer->client), ==, 10);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, 2);
  test_consumer_expect (fixture->consumer, "<removed detached>");
}

static void
test_leaving_unstarted (Fixture      *fixture,
                        gconstpointer unused)
{
  fixture->endpoint->room = 0;
  test_consumer_write (fixture->consumer, "unstarted");
  charflow_char_device_detach_client (fixture->device, fixture->consumer->client);
  make_room (fixture, G_MAXSIZE);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "");
}

static void
test_closed (Fixture      *fixture,
             gconstpointer unused)
{
  CharflowBackend *backend = CHARFLOW_BACKEND (fixture->endpoint);
  guint n_writes;

  fixture->endpoint->room = 2;
  test_consumer_write (fixture->consumer, "half");
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_CLOSED);
  g_assert_false (charflow_char_device_get_opened (fixture->device));
  n_writes = fixture->endpoint->n_writes;
  test_consumer_write (fixture->consumer, "whole");
  make_room (fixture, G_MAXSIZE);
  g_assert_cmpuint (fixture->endpoint->n_writes, ==, n_writes);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "halfwhole");
  g_assert_cmpuint (charflow_client_get_client_tokens_held (fixture->consumer->client), ==, 10);
}

static void
test_would_block (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("max-waiting-bytes", (guint64) 10, NULL);

  test_consumer_attach (consumer, fixture->device);
  fixture->endpoint->room = 0;
  test_consumer_write (consumer, "1234567");
  test_consumer_write (consumer, "89");
  test_consumer_write (consumer, "reaches the bound");
  g_assert_cmpuint (charflow_client_get_waiting_bytes (consumer->client), ==, 26);
  test_consumer_write_refused (consumer, "no", G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (charflow_client_get_waiting_bytes (consumer->client), ==, 26);
  make_room (fixture, 9);
  test_consumer_expect (consumer, "");
  make_room (fixture, G_MAXSIZE);
  test_consumer_expect (consumer, "<writable>");
  test_consumer_write (consumer, "again");
  test_consumer_expect (consumer, "");
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "123456789reaches the boundagain");
}

static void
test_would_block_reset (Fixture      *fixture,
                        gconstpointer unused)
{
  g_autoptr (TestConsumer) consumer = test_consumer_new ("max-waiting-bytes", (guint64) 10, NULL);

  test_consumer_attach (consumer, fixture->device);
  fixture->endpoint->room = 0;
  test_consumer_write (consumer, "reaches the bound");
  test_consumer_write_refused (consumer, "no", G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  charflow_char_device_reset (fixture->device);
  test_consumer_expect (consumer, "<writable>");
  g_assert_cmpuint (charflow_client_get_waiting_bytes (consumer->client), ==, 0);
}

static void
remember_error_cb (CharflowCharDevice *device,
                   const GError       *error,
                   GError            **out)
{
  g_assert_null (*out);
  *out = g_error_copy (error);
}

static void
test_failed (Fixture      *fixture,
             gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_signal_connect (fixture->device, "backend-error", G_CALLBACK (remember_error_cb), &error);
  fixture->endpoint->room = 0;
  test_consumer_write (fixture->consumer, "lost");
  test_consumer_write (fixture->consumer, "kept");
  fixture->endpoint->write_error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "Broken");
  make_room (fixture, G_MAXSIZE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "kept");
  g_assert_cmpuint (charflow_client_get_client_tokens_held (fixture->consumer->client), ==, 10);
}

static void
count_error_cb (CharflowCharDevice *device,
                const GError       *error,
                guint              *n)
{
  (*n)++;
}

static void
fail_write (Fixture *fixture,
            int      code)
{
  fixture->endpoint->write_error = g_error_new_literal (G_IO_ERROR, code, "Broken");
  test_consumer_write (fixture->consumer, "lost");
  test_settle ();
}

static void
test_failing (Fixture      *fixture,
              gconstpointer unused)
{
  guint n_told = 0;

  g_signal_connect (fixture->device, "backend-error", G_CALLBACK (count_error_cb), &n_told);
  for (guint i = 0; i < 3; i++)
    fail_write (fixture, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (n_told, ==, 1);
  fail_write (fixture, G_IO_ERROR_READ_ONLY);
  g_assert_cmpuint (n_told, ==, 2);
  test_consumer_write (fixture->consumer, "written");
  fail_write (fixture, G_IO_ERROR_READ_ONLY);
  g_assert_cmpuint (n_told, ==, 3);
  g_assert_cmpstr (fixture->endpoint->written->str, ==, "written");
  g_assert_cmpuint (charflow_client_get_client_tokens_held (fixture->consumer->client), ==, 10);

  /* What is told of one peer is not told of the next. */
  charflow_backend_emit_event (CHARFLOW_BACKEND (fixture->endpoint), CHARFLOW_EVENT_CLOSED);
  charflow_backend_emit_event (CHARFLOW_BACKEND (fixture->endpoint), CHARFLOW_EVENT_OPENED);
  fail_write (fixture, G_IO_ERROR_READ_ONLY);
  g_assert_cmpuint (n_told, ==, 4);
}

static void
test_empty (Fixture      *fixture,
            gconstpointer unused)
{
  fixture->endpoint->room = 0;
  test_consumer_write (fixture->consumer, "");
  g_assert_cmpuint (fixture->endpoint->n_writes, ==, 0);
  test_consumer_expect (fixture->consumer, "<tokens 1>");
}

static void
write_again_cb (CharflowCharDevice *device,
                TestEndpoint       *endpoint)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("again", 5);

  g_assert_true (charflow_char_device_write_bytes (device, NULL, bytes, NULL));
}

static gboolean
passed_cb (gpointer passed)
{
  *(gboolean *) passed = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_fair (Fixture      *fixture,
           gconstpointer unused)
{
  gboolean passed = FALSE;
  gulong id = g_signal_connect (fixture->device, "self-token-freed", G_CALLBACK (write_again_cb), fixture->endpoint);

  write_again_cb (fixture->device, fixture->endpoint);
  g_idle_add (passed_cb, &passed);
  g_idle_add_full (G_PRIORITY_DEFAULT, passed_cb, &passed, NULL);
  test_wait_until (passed);
  g_signal_handler_disconnect (fixture->device, id);
  test_settle ();
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (fixture->device), ==, 2);
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

  add ("/char-device/writing/resumes-byte-by-byte", test_byte_by_byte);
  add ("/char-device/writing/waits-without-polling", test_no_polling);
  g_test_add ("/char-device/writing/16-MiB-in-one-message", Fixture, GSIZE_TO_POINTER (16 * 1024 * 1024),
              fixture_set_up, test_sixteen_mebibytes, fixture_tear_down);
  g_test_add ("/char-device/writing/16-MiB-in-many-messages", Fixture, GSIZE_TO_POINTER (49999),
              fixture_set_up, test_sixteen_mebibytes, fixture_tear_down);
  add ("/char-device/writing/stopped-half-way", test_stopped);
  add ("/char-device/writing/half-written-goes-on-as-nobodys", test_leaving);
  add ("/char-device/writing/unstarted-leaves-with-its-client", test_leaving_unstarted);
  add ("/char-device/writing/other-side-leaves-half-way", test_closed);
  add ("/char-device/writing/bounded-in-bytes-then-writable", test_would_block);
  add ("/char-device/writing/writable-after-reset", test_would_block_reset);
  add ("/char-device/writing/failure-loses-one-message", test_failed);
  add ("/char-device/writing/same-failure-is-told-once", test_failing);
  add ("/char-device/writing/empty-message-is-consumed", test_empty);
  add ("/char-device/writing/writing-in-handlers-starves-nobody", test_fair);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-socket.h"

#include <string.h>

/* The key is the one of RFC 6455, section 1.3. */
#define HEAD(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define REQUEST(path) HEAD (path) "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

/* Of a client; masked with zeros, so that the payload can be read. */
#define MASK "\0\0\0\0"

typedef struct
{
  CharflowBackend *backend;
  TestFrontEnd *front_end;
  GSocket *peer;
  GError *error;
} Fixture;

static void
error_cb (CharflowSocketBackend *backend,
          GError                *error,
          Fixture               *fixture)
{
  g_clear_error (&fixture->error);
  fixture->error = g_error_copy (error);
}

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer options)
{
  g_autofree char *spec = g_strdup_printf ("socket,port=0,server=on,wait=off,websocket=on,%s", (const char *) options);

  fixture->backend = test_socket_make_open (spec);
  fixture->front_end = test_front_end_new (fixture->backend, 4096);
  fixture->peer = test_socket_join (fixture->backend);
  g_signal_connect (fixture->backend, "peer-error", G_CALLBACK (error_cb), fixture);
}

static void
fixture_tear_down (Fixture      *fixture,
                   gconstpointer options)
{
  g_clear_object (&fixture->peer);
  test_front_end_free (fixture->front_end);
  g_assert_finalize_object (fixture->backend);
  g_clear_error (&fixture->error);
}

static void
say (Fixture    *fixture,
     const char *data,
     gsize       size)
{
  g_assert_cmpint (g_socket_send (fixture->peer, data, size, NULL, NULL), ==, size);
}

#define SAY(fixture, text) say (fixture, text, sizeof text - 1)

/* All until the end of a header, or of the connection. */
static char *
hear_header (Fixture *fixture)
{
  GString *heard = g_string_new (NULL);
  char byte;
  gssize len;

  do
    {
      test_wait_until ((len = g_socket_receive (fixture->peer, &byte, 1, NULL, NULL)) >= 0);
      g_string_append_len (heard, &byte, len);
    }
  while (len > 0 && !g_str_has_suffix (heard->str, "\r\n\r\n"));

  return g_string_free (heard, FALSE);
}

static void
upgrade (Fixture *fixture)
{
  g_autofree char *header = NULL;

  SAY (fixture, REQUEST ("/"));
  header = hear_header (fixture);
  g_assert_true (g_str_has_prefix (header, "HTTP/1.1 101 "));
  g_assert_nonnull (strstr (header, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  test_front_end_expect (fixture->front_end, "<O>");
}

static void
test_frames (Fixture      *fixture,
             gconstpointer options)
{
  g_assert_true (test_socket_uri_has (fixture->backend, "disconnected:websocket:"));
  upgrade (fixture);
  SAY (fixture, "\x82\x85" MASK "hello");
  test_front_end_expect (fixture->front_end, "hello");
  test_socket_write (fixture->backend, "answer");
  test_socket_hear (fixture->peer, "\x82\x06" "answer");

  /* Five bytes for one that takes one at a time, and nothing after them. */
  test_front_end_set_credit (fixture->front_end, 1);
  SAY (fixture, "\x82\x85" MASK "again");
  test_front_end_expect (fixture->front_end, "again");

  SAY (fixture, "\x88\x80" MASK);
  test_front_end_expect (fixture->front_end, "<C>");
}

/* While nobody reads, a question is answered and the end is noticed. */
static void
test_nobody_reads (Fixture      *fixture,
                   gconstpointer options)
{
  upgrade (fixture);
  test_front_end_set_credit (fixture->front_end, 0);
  SAY (fixture, "\x89\x82" MASK "hi");
  test_socket_hear (fixture->peer, "\x8a\x02" "hi");
  SAY (fixture, "\x88\x80" MASK);
  test_front_end_expect (fixture->front_end, "<C>");
}

static void
test_telnet_over_websocket (Fixture      *fixture,
                            gconstpointer options)
{
  char opening[14];

  upgrade (fixture);
  test_wait_until (g_socket_receive (fixture->peer, opening, sizeof opening, NULL, NULL) == sizeof opening);
  g_assert_cmpmem (opening, sizeof opening, "\x82\x0c\377\373\1\377\373\3\377\373\0\377\375\0", 14);
  SAY (fixture, "\x82\x84" MASK "a\377\363b");
  test_front_end_expect (fixture->front_end, "a<B>b");
}

static void
assert_next_is_served (Fixture *fixture)
{
  g_clear_object (&fixture->peer);
  fixture->peer = test_socket_join (fixture->backend);
  upgrade (fixture);
}

static void
test_refused (Fixture      *fixture,
              gconstpointer options)
{
  g_autofree char *header = NULL;

  SAY (fixture, REQUEST ("/elsewhere"));
  header = hear_header (fixture);
  g_assert_true (g_str_has_prefix (header, "HTTP/1.1 404 "));
  test_wait_until (fixture->error != NULL);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (fixture->front_end->n_events, ==, 0);
  assert_next_is_served (fixture);
}

static void
test_path (Fixture      *fixture,
           gconstpointer options)
{
  g_autofree char *header = NULL;

  SAY (fixture, REQUEST ("/console"));
  header = hear_header (fixture);
  g_assert_true (g_str_has_prefix (header, "HTTP/1.1 101 "));
  test_front_end_expect (fixture->front_end, "<O>");
}

static void
test_silent_peer (Fixture      *fixture,
                  gconstpointer options)
{
  g_autofree char *header = NULL;

  SAY (fixture, HEAD ("/"));
  header = hear_header (fixture);
  g_assert_true (g_str_has_prefix (header, "HTTP/1.1 408 "));
  test_wait_until (fixture->error != NULL);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_next_is_served (fixture);
}

static void
test_dropped_in_set_up (Fixture      *fixture,
                        gconstpointer options)
{
  g_autofree char *header = NULL;

  SAY (fixture, HEAD ("/"));
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_true (charflow_backend_drop_peer (fixture->backend, NULL));
  header = hear_header (fixture);
  g_assert_cmpstr (header, ==, "");
  g_assert_null (fixture->error);
  assert_next_is_served (fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/socket-websocket/W1/frames", Fixture, "", fixture_set_up, test_frames, fixture_tear_down);
  g_test_add ("/socket-websocket/W1/nobody-reads", Fixture, "", fixture_set_up, test_nobody_reads, fixture_tear_down);
  g_test_add ("/socket-websocket/W1/telnet-over-it", Fixture, "telnet=on", fixture_set_up, test_telnet_over_websocket,
              fixture_tear_down);
  g_test_add ("/socket-websocket/W2/other-path", Fixture, "", fixture_set_up, test_refused, fixture_tear_down);
  g_test_add ("/socket-websocket/W2/own-path", Fixture, "ws-path=/console", fixture_set_up, test_path, fixture_tear_down);
  g_test_add ("/socket-websocket/X3/silent-peer", Fixture, "handshake-timeout=300", fixture_set_up, test_silent_peer,
              fixture_tear_down);
  g_test_add ("/socket-websocket/X3/dropped-in-set-up", Fixture, "", fixture_set_up, test_dropped_in_set_up,
              fixture_tear_down);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-connection-end.h"

#include <string.h>

/* How a connection paces what comes and goes; with mini headers, the kind does not matter here. */

static TestEnd *
new_end (CharflowConnectionRole role,
         GIOStream            **raw)
{
  g_autoptr (GIOStream) stream = NULL;

  test_wire_pair (&stream, raw);
  return test_end_new (stream, role, TRUE);
}

static void
write_message (GIOStream  *raw,
               guint16     type,
               const void *body,
               gsize       size)
{
  g_autoptr (GBytes) bytes = test_wire_message (TRUE, type, body, size);

  test_wire_write_bytes (raw, bytes);
}

/* 4 GiB are announced; no more than a piece is ever asked for. */
static void
test_endless (void)
{
  g_autofree char *large = g_strnfill (1024 * 1024, 'x');
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);

  test_wire_write_hex (raw, "6700 ffffffff");
  test_wire_write (raw, large, 1024 * 1024);
  test_wait_until (end->streamed->len == 1024 * 1024);
  g_assert_cmpuint (end->largest_piece, <=, CHARFLOW_CONNECTION_MAX_PIECE);
  g_io_stream_close (raw, NULL, NULL);
  test_end_expect_closed (end, CHARFLOW_LINK_ERROR_CLOSED);
}

static void
test_no_room (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);

  end->room = 3;
  write_message (raw, TYPE_STREAM, "abcdef", 6);
  write_message (raw, TYPE_WHOLE, "next", 4);
  test_wait_until (end->room == 0);
  test_wire_settle ();
  g_assert_cmpmem (end->streamed->data, end->streamed->len, "abc", 3);

  /* It is not read, not even for more of it. */
  write_message (raw, TYPE_WHOLE, "more", 4);
  test_wire_settle ();
  g_assert_cmpuint (end->log->len, ==, 0);
  charflow_connection_resume (end->connection); /* without room, still nothing */
  test_wire_settle ();
  g_assert_cmpuint (end->streamed->len, ==, 3);

  end->room = 100;
  charflow_connection_resume (end->connection);
  test_end_expect (end, "101:next 101:more ");
  g_assert_cmpmem (end->streamed->data, end->streamed->len, "abcdef", 6);
}

/* Pieces go straight to their place; there, too, the peer is held up by the kernel. */
static void
test_no_room_large (void)
{
  g_autofree char *large = g_strnfill (4 * 1024 * 1024, 'x');
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (raw));
  gsize written = 0;

  end->room = 100000;
  test_wire_write_hex (raw, "6700 00004000");
  while (g_pollable_output_stream_is_writable (output))
    {
      gssize n = g_pollable_output_stream_write_nonblocking (output, large, 4 * 1024 * 1024 - written, NULL, NULL);

      written += MAX (n, 0);
      test_wire_settle ();
    }
  g_assert_cmpuint (end->streamed->len, ==, 100000);
  g_assert_cmpuint (written, <, 4 * 1024 * 1024);

  end->room = G_MAXSIZE;
  charflow_connection_resume (end->connection);
  test_wire_write (raw, large, 4 * 1024 * 1024 - written);
  test_wait_until (end->streamed->len == 4 * 1024 * 1024);
}

/* Room that is made while the batch ends: what is buffered has no other occasion. */
static void
test_room_at_end_of_batch (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);

  end->room = 0;
  end->room_at_end_batch = TRUE;
  write_message (raw, TYPE_STREAM, "abcdef", 6);
  test_wait_until (end->streamed->len == 6);
  g_assert_cmpmem (end->streamed->data, end->streamed->len, "abcdef", 6);
}

static void
test_slow_reader (void)
{
  g_autofree char *large = g_strnfill (64 * 1024, 'x');
  g_autoptr (GBytes) body = g_bytes_new (large, 64 * 1024);
  const gsize total = 100 * (64 * 1024 + 6);
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);
  g_autoptr (GBytes) found = NULL;
  gsize queued;

  for (guint i = 0; i < 100; i++)
    charflow_connection_send (end->connection, TYPE_WHOLE, body);
  test_wire_settle ();
  queued = charflow_connection_get_queued_bytes (end->connection);
  g_assert_cmpuint (queued, >, 0);
  g_assert_cmpuint (queued, <, total);
  test_wire_settle ();
  g_assert_cmpuint (charflow_connection_get_queued_bytes (end->connection), ==, queued);

  found = test_wire_read (raw, total);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (memcmp ((const guint8 *) g_bytes_get_data (found, NULL) + i * (64 * 1024 + 6),
                             "\x65\0\0\0\1\0xxxx", 10), ==, 0);
  g_assert_cmpuint (charflow_connection_get_queued_bytes (end->connection), ==, 0);
}

/* Messages with and without bodies fill a batch's vectors in all ways. */
/* Whoever asks and does not read the answers is not heard any more, and is heard again once it reads. */
static void
test_unread_answers (void)
{
  g_autofree char *large = g_strnfill (64 * 1024, 'x');
  g_autoptr (GBytes) body = g_bytes_new (large, 64 * 1024);
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (raw));

  while (charflow_connection_get_queued_bytes (end->connection) <= 4 * CHARFLOW_CONNECTION_HIGH_WATER)
    charflow_connection_send (end->connection, TYPE_WHOLE, body);
  g_assert_true (charflow_connection_is_full (end->connection));
  write_message (raw, TYPE_WHOLE, "heard", 5);
  test_wire_settle ();
  g_assert_cmpuint (end->log->len, ==, 0);

  while (end->log->len == 0)
    {
      g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, large, 64 * 1024, NULL, NULL), !=, 0);
      test_wire_settle ();
    }
  g_assert_true (charflow_connection_has_room (end->connection));
  test_end_expect (end, "101:heard ");
}

static void
test_batches (void)
{
  for (guint n_empty = 0; n_empty <= 130; n_empty++)
    {
      g_autoptr (GIOStream) raw = NULL;
      g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);
      g_autoptr (GBytes) body = g_bytes_new_static ("x", 1);
      g_autoptr (GBytes) found = NULL;

      for (guint i = 0; i < n_empty; i++)
        charflow_connection_queue (end->connection, TYPE_WHOLE, NULL);
      for (guint i = 0; i < 70; i++)
        charflow_connection_queue (end->connection, TYPE_WHOLE, body);
      charflow_connection_flush (end->connection);
      found = test_wire_read (raw, n_empty * 6 + 70 * 7);
      g_assert_cmpint (((const guint8 *) g_bytes_get_data (found, NULL))[n_empty * 6 + 2], ==, 1);
    }
}

/* Reads what has come, and counts messages of TYPE_WHOLE without a body. */
static guint
count_messages (GIOStream *raw)
{
  g_autoptr (GBytes) found = test_wire_read_ready (raw);
  const guint8 *data = g_bytes_get_data (found, NULL);
  guint n = 0;

  for (gsize i = 0; i < g_bytes_get_size (found); i += 6)
    {
      g_assert_cmpint (memcmp (data + i, "\x65\0\0\0\0\0", 6), ==, 0);
      n++;
    }

  return n;
}

/* 41 messages at a window of 20, the request for acknowledgements included, as SPICE's server does it. */
static void
test_ack_window (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);

  charflow_connection_start_acks (end->connection, 20);
  for (guint i = 0; i < 200; i++)
    charflow_connection_queue (end->connection, TYPE_WHOLE, NULL);
  charflow_connection_flush (end->connection);
  test_wire_expect_hex (raw, "0300 08000000 01000000 14000000");
  g_assert_cmpuint (count_messages (raw), ==, 40);

  /* Before the generation is known, and with a wrong one, nothing counts. */
  write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  g_assert_cmpuint (count_messages (raw), ==, 0);
  write_message (raw, SPICE_MSGC_ACK_SYNC, "\2\0\0\0", 4);
  write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  g_assert_cmpuint (count_messages (raw), ==, 0);

  write_message (raw, SPICE_MSGC_ACK_SYNC, "\1\0\0\0", 4);
  g_assert_cmpuint (count_messages (raw), ==, 0);
  write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  g_assert_cmpuint (count_messages (raw), ==, 20);
  write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  g_assert_cmpuint (count_messages (raw), ==, 20);

  /* What nobody owes is not saved up: 120 are left, of which two windows and one go. */
  for (guint i = 0; i < 3; i++)
    write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  g_assert_cmpuint (count_messages (raw), ==, 60);
  for (guint i = 0; i < 10; i++)
    write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  g_assert_cmpuint (count_messages (raw), ==, 60);
  for (guint i = 0; i < 10; i++)
    write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  g_assert_cmpuint (count_messages (raw), ==, 0);
  for (guint i = 0; i < 60; i++)
    charflow_connection_queue (end->connection, TYPE_WHOLE, NULL);
  charflow_connection_flush (end->connection);
  g_assert_cmpuint (count_messages (raw), ==, 41);
  g_assert_cmpuint (end->n_closed, ==, 0);
}

static void
test_stray_acks (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);

  write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  write_message (raw, SPICE_MSGC_ACK_SYNC, "\1\0\0\0", 4);
  write_message (raw, SPICE_MSGC_ACK, NULL, 0);
  write_message (raw, TYPE_WHOLE, "fine", 4);
  test_end_expect (end, "101:fine ");
}

static void
expect_nothing (GIOStream *raw)
{
  g_autoptr (GBytes) found = test_wire_read_ready (raw);

  g_assert_cmpuint (g_bytes_get_size (found), ==, 0);
}

/* The client's half: one ACK after each window of messages that follow the SET_ACK. */
static void
test_client_acks (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_CLIENT, &raw);

  test_wire_write_hex (raw, "0300 08000000 01000000 03000000");
  test_wire_expect_hex (raw, "0100 04000000 01000000");
  for (guint i = 0; i < 2; i++)
    {
      write_message (raw, TYPE_WHOLE, NULL, 0);
      write_message (raw, TYPE_STREAM, "x", 1);
      expect_nothing (raw);
      write_message (raw, 999, "xyz", 3); /* what is passed over counts as well */
      test_wire_expect_hex (raw, "0200 00000000");
    }

  /* A new window begins anew; none ends it. */
  write_message (raw, TYPE_WHOLE, NULL, 0);
  test_wire_write_hex (raw, "0300 08000000 02000000 01000000");
  test_wire_expect_hex (raw, "0100 04000000 02000000");
  expect_nothing (raw);
  write_message (raw, TYPE_WHOLE, NULL, 0);
  test_wire_expect_hex (raw, "0200 00000000");
  test_wire_write_hex (raw, "0300 08000000 03000000 00000000");
  test_wire_expect_hex (raw, "0100 04000000 03000000");
  for (guint i = 0; i < 10; i++)
    write_message (raw, TYPE_WHOLE, NULL, 0);
  expect_nothing (raw);
}

static void
test_ping (void)
{
  g_autofree guint8 *body = g_malloc0 (256012);
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_CLIENT, &raw);

  test_wire_write_hex (raw, "0400 0c000000 01000000 df2a185d00000000");
  test_wire_expect_hex (raw, "0300 0c000000 01000000 df2a185d00000000");
  memcpy (body, "\3\0\0\0abcdefgh", 12);
  write_message (raw, SPICE_MSG_PING, body, 256012); /* the net test of SPICE's server */
  test_wire_expect_hex (raw, "0300 0c000000 03000000 6162636465666768");
  write_message (raw, TYPE_WHOLE, "next", 4);
  test_end_expect (end, "101:next ");

  /* A limit that no padding needs. */
  test_wire_write_hex (raw, "0400 01000001");
  test_end_expect_closed (end, CHARFLOW_LINK_ERROR_INVALID_DATA);
}

static void
test_pong (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);
  g_autoptr (GBytes) ping = NULL;
  guint8 pong[12];

  g_assert_false (charflow_connection_get_ping_pending (end->connection));
  charflow_connection_ping (end->connection);
  g_assert_true (charflow_connection_get_ping_pending (end->connection));
  ping = test_wire_read (raw, 18);
  memcpy (pong, (const guint8 *) g_bytes_get_data (ping, NULL) + 6, 12);
  pong[0] ^= 0xff;
  write_message (raw, SPICE_MSGC_PONG, pong, 12);
  test_wire_settle ();
  g_assert_true (charflow_connection_get_ping_pending (end->connection));
  pong[0] ^= 0xff;
  write_message (raw, SPICE_MSGC_PONG, pong, 12);
  test_wait_until (!charflow_connection_get_ping_pending (end->connection));
}

static void
test_list (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_CLIENT, &raw);

  /* Three messages: a PING, one that is whole, and one that is streamed. */
  test_wire_write_hex (raw, "0800 34000000  0300 0e000000 20000000 29000000"
                            "0400 0c000000 01000000 0000000000000000"
                            "6500 03000000 616263  6700 05000000 6465666768");
  test_wire_expect_hex (raw, "0300 0c000000 01000000 0000000000000000");
  test_end_expect (end, "101:abc ");
  g_assert_cmpmem (end->streamed->data, end->streamed->len, "defgh", 5);

  /* A list within a list. */
  test_wire_write_hex (raw, "0800 0c000000 0100 06000000 0800 00000000");
  test_end_expect_closed (end, CHARFLOW_LINK_ERROR_INVALID_DATA);
}

static void
test_list_without_room (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_CLIENT, &raw);

  end->room = 2;
  test_wire_write_hex (raw, "0800 0f000000 0100 06000000 6700 03000000 616263");
  test_end_expect_closed (end, CHARFLOW_LINK_ERROR_INVALID_DATA);
}

/* With full headers the list lies within the body of another message, and comes before it. */
static void
test_sub_list (void)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = NULL;

  test_wire_pair (&stream, &raw);
  end = test_end_new (stream, CHARFLOW_CONNECTION_CLIENT, FALSE);
  test_wire_write_hex (raw, "0100000000000000 6600 13000000 04000000"
                            "6d61696e 0100 0a000000 6500 03000000 616263");
  test_end_expect (end, "101:abc 102:main ");

  test_wire_write_hex (raw, "0200000000000000 6600 04000000 04000000 6d61696e");
  test_end_expect_closed (end, CHARFLOW_LINK_ERROR_INVALID_DATA);
}

static void
test_sub_list_of_stream (void)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = NULL;

  test_wire_pair (&stream, &raw);
  end = test_end_new (stream, CHARFLOW_CONNECTION_SERVER, FALSE);
  test_wire_write_hex (raw, "0100000000000000 6700 04000000 01000000 00000000");
  test_end_expect_closed (end, CHARFLOW_LINK_ERROR_INVALID_DATA);
}

/* Handlers that close it from within a list. */
static void
test_list_closed (void)
{
  static const TestCall calls[] = { CALL_BEGIN_MESSAGE, CALL_TAKE_MESSAGE, CALL_BEGIN_PIECE, CALL_END_PIECE };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GIOStream) raw = NULL;
      g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_CLIENT, &raw);

      end->trigger = calls[i / 2];
      end->act = i % 2 == 0 ? ACT_CLOSE : ACT_DROP;
      test_wire_write_hex (raw, "0800 1f000000  0200 0a000000 14000000"
                                "6500 04000000 61626364  6700 05000000 6465666768");
      test_wait_until (end->is_over);
      test_wire_settle ();
    }
}

/* What is queued goes out first, and nothing that comes later. */
static void
test_leave (void)
{
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (CHARFLOW_CONNECTION_SERVER, &raw);
  g_autoptr (GBytes) found = NULL;

  charflow_connection_queue (end->connection, TYPE_WHOLE, NULL);
  charflow_connection_leave (end->connection);
  charflow_connection_leave (end->connection);
  test_end_send (end, TYPE_WHOLE, "late");
  found = test_wire_read_to_end (raw);
  g_assert_cmpuint (g_bytes_get_size (found), ==, 6 + 18);
  g_assert_cmpint (memcmp (g_bytes_get_data (found, NULL), "\x65\0\0\0\0\0\6\0\x0c\0\0\0", 12), ==, 0);
  g_assert_cmpuint (end->n_closed, ==, 0);
  g_io_stream_close (raw, NULL, NULL);
  test_end_expect_closed (end, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection/pieces/endless", test_endless);
  g_test_add_func ("/connection/pieces/no-room", test_no_room);
  g_test_add_func ("/connection/pieces/no-room-large", test_no_room_large);
  g_test_add_func ("/connection/pieces/room-at-end-of-batch", test_room_at_end_of_batch);
  g_test_add_func ("/connection/output/slow-reader", test_slow_reader);
  g_test_add_func ("/connection/output/unread-answers", test_unread_answers);
  g_test_add_func ("/connection/output/batches", test_batches);
  g_test_add_func ("/connection/output/leave", test_leave);
  g_test_add_func ("/connection/acks/window", test_ack_window);
  g_test_add_func ("/connection/acks/stray", test_stray_acks);
  g_test_add_func ("/connection/acks/client", test_client_acks);
  g_test_add_func ("/connection/ping", test_ping);
  g_test_add_func ("/connection/pong", test_pong);
  g_test_add_func ("/connection/list", test_list);
  g_test_add_func ("/connection/list/without-room", test_list_without_room);
  g_test_add_func ("/connection/list/closed", test_list_closed);
  g_test_add_func ("/connection/sub-list", test_sub_list);
  g_test_add_func ("/connection/sub-list/stream", test_sub_list_of_stream);
  return g_test_run ();
}

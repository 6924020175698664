/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-connection-end.h"

#include <string.h>

/* Both roles, and both kinds of header. */
typedef struct
{
  CharflowConnectionRole role;
  gboolean mini;
} Kind;

static const Kind kinds[] = {
  { CHARFLOW_CONNECTION_SERVER, TRUE },
  { CHARFLOW_CONNECTION_SERVER, FALSE },
  { CHARFLOW_CONNECTION_CLIENT, TRUE },
  { CHARFLOW_CONNECTION_CLIENT, FALSE },
};

static TestEnd *
new_end (gconstpointer data,
         GIOStream   **raw)
{
  const Kind *kind = data;
  g_autoptr (GIOStream) stream = NULL;

  test_wire_pair (&stream, raw);
  return test_end_new (stream, kind->role, kind->mini);
}

static void
write_message (gconstpointer data,
               GIOStream    *raw,
               guint16       type,
               const void   *body,
               gsize         size)
{
  g_autoptr (GBytes) bytes = test_wire_message (((const Kind *) data)->mini, type, body, size);

  test_wire_write_bytes (raw, bytes);
}

static void
test_both_ends (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (GIOStream) one = NULL;
  g_autoptr (GIOStream) other = NULL;
  g_autoptr (TestEnd) server = NULL;
  g_autoptr (TestEnd) client = NULL;

  test_wire_pair (&one, &other);
  server = test_end_new (one, CHARFLOW_CONNECTION_SERVER, kind->mini);
  client = test_end_new (other, CHARFLOW_CONNECTION_CLIENT, kind->mini);
  test_end_send (server, TYPE_WHOLE, "hello");
  test_end_send (server, TYPE_WHOLE, NULL);
  test_end_send (client, TYPE_HEAD, "12345678");
  test_end_send (client, TYPE_WHOLE, "bye");
  test_end_expect (client, "101:hello 101: ");
  test_end_expect (server, "102:1234 101:bye ");

  charflow_connection_leave (client->connection);
  test_end_expect_closed (server, 0);
  test_end_expect_closed (client, 0);
  g_assert_cmpuint (server->n_holds, ==, 1);
}

static void
test_headers (void)
{
  static const char *const expected[] = { "6500 02000000 6869 6500 00000000",
                                          "0100000000000000 6500 02000000 00000000 6869 "
                                          "0200000000000000 6500 00000000 00000000" };

  for (guint i = 0; i < 2; i++)
    {
      Kind kind = { CHARFLOW_CONNECTION_SERVER, i == 0 };
      g_autoptr (GIOStream) raw = NULL;
      g_autoptr (TestEnd) end = new_end (&kind, &raw);

      test_end_send (end, TYPE_WHOLE, "hi");
      test_end_send (end, TYPE_WHOLE, NULL);
      test_wire_expect_hex (raw, expected[i]);
    }
}

static void
test_byte_by_byte (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (kind, &raw);
  g_autoptr (GBytes) one = test_wire_message (kind->mini, TYPE_WHOLE, "abc", 3);
  g_autoptr (GBytes) other = test_wire_message (kind->mini, TYPE_STREAM, "def", 3);

  for (gsize i = 0; i < g_bytes_get_size (one); i++)
    {
      test_wire_write (raw, (const guint8 *) g_bytes_get_data (one, NULL) + i, 1);
      test_wire_settle ();
    }
  for (gsize i = 0; i < g_bytes_get_size (other); i++)
    {
      test_wire_write (raw, (const guint8 *) g_bytes_get_data (other, NULL) + i, 1);
      test_wire_settle ();
    }
  test_end_expect (end, "101:abc ");
  g_assert_cmpmem (end->streamed->data, end->streamed->len, "def", 3);
}

/* More bytes than are needed, short or long, are passed over. */
static void
test_excess (gconstpointer data)
{
  static const gsize sizes[] = { 4, 5, 6, 100, 8191, 8192, 16384, 65536, 1024 * 1024 };
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (data, &raw);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *body = g_strnfill (sizes[i], 'x');

      write_message (data, raw, TYPE_HEAD, body, sizes[i]);
      write_message (data, raw, 999, body, sizes[i]);
      write_message (data, raw, TYPE_WHOLE, "next", 4);
      test_end_expect (end, "102:xxxx 999: 101:next ");
    }
}

static void
test_whole_sizes (gconstpointer data)
{
  static const gsize sizes[] = { 0, 1, 8191, 8192, 8193, 16378, 16384, 40000, 65536 };
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (data, &raw);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *body = g_strnfill (sizes[i], 'x');

      write_message (data, raw, TYPE_WHOLE, body, sizes[i]);
      test_wait_until (end->log->len > 0);
      g_assert_true (g_str_has_prefix (end->log->str, "101:"));
      g_assert_cmpuint (end->log->len, ==, 5 + MIN (sizes[i], 32));
      g_string_truncate (end->log, 0);
    }

  write_message (data, raw, TYPE_WHOLE, NULL, 65537);
  test_end_expect_closed (end, CHARFLOW_LINK_ERROR_INVALID_DATA);
}

static void
test_refused (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (kind, &raw);
  g_autoptr (GBytes) words = NULL;
  const guint8 *bytes;

  write_message (kind, raw, TYPE_REFUSED, "x", 1);
  test_end_expect_closed (end, CHARFLOW_LINK_ERROR_LIMIT);

  /* The peer is told: a time, and the reason. */
  words = test_wire_read_to_end (raw);
  g_assert_cmpuint (g_bytes_get_size (words), ==, (kind->mini ? 6 : 18) + 12);
  bytes = g_bytes_get_data (words, NULL);
  g_assert_cmpuint (bytes[kind->mini ? 0 : 8], ==, 6);
  g_assert_cmpuint (bytes[g_bytes_get_size (words) - 4], ==, SPICE_LINK_ERR_ERROR);
}

static void
test_unknown_common (gconstpointer data)
{
  static const guint16 types[] = { 0, 9, 50, 100 };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GIOStream) raw = NULL;
      g_autoptr (TestEnd) end = new_end (data, &raw);

      write_message (data, raw, types[i], "x", 1);
      test_end_expect_closed (end, CHARFLOW_LINK_ERROR_INVALID_DATA);
    }
}

static void
test_short_common (gconstpointer data)
{
  static const guint16 of_server[] = { SPICE_MSG_SET_ACK, SPICE_MSG_PING, SPICE_MSG_LIST };
  static const guint16 of_client[] = { SPICE_MSGC_ACK_SYNC, SPICE_MSGC_PONG };
  const gboolean is_client = ((const Kind *) data)->role == CHARFLOW_CONNECTION_CLIENT;
  const gsize n_types = is_client ? G_N_ELEMENTS (of_server) : G_N_ELEMENTS (of_client);

  for (gsize i = 0; i < n_types; i++)
    {
      g_autoptr (GIOStream) raw = NULL;
      g_autoptr (TestEnd) end = new_end (data, &raw);

      write_message (data, raw, is_client ? of_server[i] : of_client[i], "x", 1);
      test_end_expect_closed (end, CHARFLOW_LINK_ERROR_INVALID_DATA);
    }
}

static void
test_close (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (GBytes) message = test_wire_message (kind->mini, TYPE_WHOLE, "abc", 3);
  const gsize size = g_bytes_get_size (message);

  for (gsize n = 0; n <= size; n++)
    {
      g_autoptr (GIOStream) raw = NULL;
      g_autoptr (TestEnd) end = new_end (kind, &raw);

      test_wire_write (raw, g_bytes_get_data (message, NULL), n);
      g_io_stream_close (raw, NULL, NULL);
      test_end_expect_closed (end, n == 0 || n == size ? 0 : CHARFLOW_LINK_ERROR_CLOSED);
      g_assert_cmpuint (end->n_holds, ==, 0);
    }
}

/* The peer takes its leave and ends its output; the owner still deals with what it sent. */
static void
test_hold (gconstpointer data)
{
  const Kind *kind = data;
  const gboolean is_client = kind->role == CHARFLOW_CONNECTION_CLIENT;
  const guint8 body[12] = { 0 };
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (kind, &raw);

  end->holds = TRUE;
  write_message (kind, raw, TYPE_WHOLE, "last", 4);
  write_message (kind, raw, is_client ? SPICE_MSG_DISCONNECTING : SPICE_MSGC_DISCONNECTING, body, sizeof body);
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (raw)), FALSE, TRUE, NULL);
  test_wait_until (end->n_holds == 1);
  test_wire_settle ();
  g_assert_cmpuint (end->n_holds, ==, 1);
  g_assert_cmpuint (end->n_closed, ==, 0);

  /* The way back is open for as long as the owner likes. */
  test_end_send (end, TYPE_WHOLE, "answer");
  charflow_connection_resume (end->connection);
  test_wire_settle ();
  g_assert_cmpuint (end->n_closed, ==, 0);
  charflow_connection_close (end->connection);
  {
    g_autoptr (GBytes) answer = test_wire_read_to_end (raw);

    g_assert_cmpuint (g_bytes_get_size (answer), ==, (kind->mini ? 6 : 18) + 6);
  }
  g_assert_cmpuint (end->n_closed, ==, 0);
}

/* Something goes on at the trigger; then nothing may be called any more. */
static void
act_at (gconstpointer data,
        TestCall      trigger,
        TestAct       act)
{
  const Kind *kind = data;
  const gboolean is_client = kind->role == CHARFLOW_CONNECTION_CLIENT;
  g_autofree char *large = g_strnfill (200000, 'x');
  const guint8 body[12] = { 0 };
  g_autoptr (GIOStream) raw = NULL;
  g_autoptr (TestEnd) end = new_end (kind, &raw);

  end->trigger = trigger;
  end->act = act;
  test_end_send (end, TYPE_WHOLE, "out");
  if (end->connection != NULL && !end->is_over)
    {
      g_autoptr (GBytes) stream = test_wire_message (kind->mini, TYPE_STREAM, large, 200000);

      write_message (kind, raw, TYPE_WHOLE, "in", 2);
      write_message (kind, raw, TYPE_WHOLE, "in", 2);
      write_message (kind, raw, TYPE_STREAM, "in", 2);
      test_wire_settle ();
      for (gsize i = 0; i < g_bytes_get_size (stream) && !end->is_over && end->n_closed == 0; i += 20000)
        test_wire_write (raw, (const guint8 *) g_bytes_get_data (stream, NULL) + i,
                         MIN (20000, g_bytes_get_size (stream) - i));
    }
  if (!end->is_over && end->n_closed == 0)
    write_message (kind, raw, is_client ? SPICE_MSG_DISCONNECTING : SPICE_MSGC_DISCONNECTING, body, sizeof body);
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (raw)), FALSE, TRUE, NULL);
  test_wait_until (end->is_over || end->n_closed == 1);
  test_wire_settle ();
  g_assert_cmpint (end->trigger, ==, CALL_NONE);
}

static void
test_reentrant (gconstpointer data)
{
  for (TestCall trigger = CALL_BEGIN_MESSAGE; trigger <= CALL_CLOSED; trigger++)
    for (TestAct act = ACT_CLOSE; act <= ACT_SEND; act++)
      if (act <= ACT_DROP || trigger != CALL_SENT) /* or it would be sent from within what it sends */
        act_at (data, trigger, act);
}

/* The same when the first read finds the whole of a large body, or the body goes straight to its place. */
static void
test_reentrant_straight (gconstpointer data)
{
  static const TestCall calls[] = { CALL_BEGIN_PIECE, CALL_END_PIECE, CALL_END_BATCH };
  const Kind *kind = data;
  g_autofree char *large = g_strnfill (100000, 'x');

  for (guint i = 0; i < 2 * G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GIOStream) raw = NULL;
      g_autoptr (TestEnd) end = new_end (kind, &raw);
      g_autoptr (GBytes) begin = test_wire_message (kind->mini, TYPE_STREAM, NULL, 100000);

      test_wire_write_bytes (raw, begin);
      test_wire_settle ();
      end->trigger = calls[i / 2];
      end->act = i % 2 == 0 ? ACT_CLOSE : ACT_DROP;
      test_wire_write (raw, large, 50000);
      test_wait_until (end->is_over);
      test_wire_settle ();
    }
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *name;
    GTestDataFunc function;
  } tests[] = {
    { "both-ends", test_both_ends },
    { "byte-by-byte", test_byte_by_byte },
    { "excess", test_excess },
    { "whole-sizes", test_whole_sizes },
    { "refused", test_refused },
    { "unknown-common", test_unknown_common },
    { "short-common", test_short_common },
    { "close", test_close },
    { "hold", test_hold },
    { "reentrant", test_reentrant },
    { "reentrant-straight", test_reentrant_straight },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection/headers", test_headers);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (tests); j++)
      {
        g_autofree char *path = g_strdup_printf ("/connection/%s-%s/%s",
                                                 kinds[i].role == CHARFLOW_CONNECTION_SERVER ? "server" : "client",
                                                 kinds[i].mini ? "mini" : "full", tests[j].name);

        g_test_add_data_func (path, &kinds[i], tests[j].function);
      }
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "charflow-telnet-stream-private.h"
#include "test-stream-pair.h"
#include "test-util.h"

#define SERVER_OPENING "\xff\xfb\x01\xff\xfb\x03\xff\xfb\x00\xff\xfd\x00"
#define RECORDS_OPENING "\xff\xfd\x19\xff\xfb\x19\xff\xfd\x00\xff\xfb\x00\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0"
#define CLIENT_OPENING "\xff\xfd\x03\xff\xfb\x00\xff\xfd\x00"
/* What a peer says to have both sides binary. */
#define GO_BINARY "\xff\xfb\x00\xff\xfd\x00"

/* The size of a literal that may have NULs. */
#define BYTES(literal) literal, sizeof (literal) - 1

typedef struct
{
  TestStreamPair *pair;
  CharflowLayerStream *stream;
  GString *got; /* data and events in their order */
  void (*called) (gpointer fixture);
} Fixture;

static void
event_cb (CharflowTelnetEvent event,
          gpointer            user_data)
{
  static const char *const names[] = { "BREAK", "INTERRUPT", "TYPE", "WINDOW" };
  Fixture *fixture = user_data;

  g_assert_cmpuint (event, <, G_N_ELEMENTS (names));
  g_string_append_printf (fixture->got, "<%s>", names[event]);
  if (fixture->called != NULL)
    fixture->called (fixture);
}

static const CharflowTelnetCallbacks callbacks = { .event = event_cb };

static void
fixture_start (Fixture            *fixture,
               CharflowTelnetRole  role,
               CharflowTelnetFlags flags)
{
  fixture->pair = test_stream_pair_new ();
  fixture->got = g_string_new (NULL);
  fixture->stream = charflow_telnet_stream_new (fixture->pair->stream, role, flags, &callbacks, fixture);
}

static void
fixture_tear_down (Fixture      *fixture,
                   gconstpointer unused)
{
  if (fixture->stream != NULL)
    g_assert_finalize_object (fixture->stream);
  test_stream_pair_free (fixture->pair);
  g_string_free (fixture->got, TRUE);
}

static void
hear (Fixture    *fixture,
      const char *data,
      gsize       size)
{
  test_stream_pair_hear (fixture->pair, data, size);
}

static void
hear_nothing (Fixture *fixture)
{
  test_stream_pair_listen (fixture->pair);
  g_assert_cmpuint (fixture->pair->heard->len, ==, 0);
}

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer flags)
{
  fixture_start (fixture, CHARFLOW_TELNET_ROLE_SERVER, GPOINTER_TO_UINT (flags));
  if (flags != NULL)
    hear (fixture, BYTES (RECORDS_OPENING));
  else
    hear (fixture, BYTES (SERVER_OPENING));
}

static GPollableInputStream *
get_input (Fixture *fixture)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (fixture->stream)));
}

static void
append_data (GString      *got,
             const guint8 *data,
             gsize         size)
{
  for (gsize i = 0; i < size; i++)
    if (g_ascii_isgraph (data[i]) && data[i] != '<')
      g_string_append_c (got, data[i]);
    else
      g_string_append_printf (got, "<%02x>", data[i]);
}

/* Reads all there is; with @mark, each read is ended by it. */
static void
read_all (Fixture    *fixture,
          gsize       room,
          const char *mark)
{
  g_autofree guint8 *buffer = g_malloc (room);

  while (fixture->stream != NULL && g_pollable_input_stream_is_readable (get_input (fixture)))
    {
      g_autoptr (GError) error = NULL;
      gssize len = g_pollable_input_stream_read_nonblocking (get_input (fixture), buffer, room, NULL, &error);

      if (len < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        continue;
      g_assert_no_error (error);
      if (len == 0)
        return;
      append_data (fixture->got, buffer, len);
      if (mark != NULL)
        g_string_append (fixture->got, mark);
    }
}

static void
assert_got (Fixture    *fixture,
            const char *text)
{
  g_assert_cmpstr (fixture->got->str, ==, text);
  g_string_truncate (fixture->got, 0);
}

static void
exchange (Fixture    *fixture,
          const char *said,
          gsize       size,
          const char *got)
{
  test_stream_pair_say (fixture->pair, said, size);
  read_all (fixture, 4096, NULL);
  assert_got (fixture, got);
}

static void
write_bytes (Fixture    *fixture,
             const char *data,
             gsize       size)
{
  GPollableOutputStream *output =
    G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (fixture->stream)));
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (output, data, size, NULL, &error), ==, size);
  g_assert_no_error (error);
}

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static void
check_opening (CharflowTelnetRole  role,
               CharflowTelnetFlags flags,
               const char         *opening,
               gsize               size)
{
  Fixture fixture = { 0 };
  g_autoptr (GAsyncResult) flushed = NULL;
  GOutputStream *output;

  fixture_start (&fixture, role, flags);
  output = g_io_stream_get_output_stream (G_IO_STREAM (fixture.stream));
  g_output_stream_flush_async (output, 0, NULL, result_cb, &flushed);
  test_wait_until (flushed != NULL);
  g_assert_true (g_output_stream_flush_finish (output, flushed, NULL));
  write_bytes (&fixture, "", 0);
  test_stream_pair_listen (fixture.pair);
  g_assert_cmpmem (fixture.pair->heard->data, fixture.pair->heard->len, opening, size);
  fixture_tear_down (&fixture, NULL);
}

static void
test_opening (void)
{
  check_opening (CHARFLOW_TELNET_ROLE_SERVER, CHARFLOW_TELNET_FLAGS_NONE, BYTES (SERVER_OPENING));
  check_opening (CHARFLOW_TELNET_ROLE_SERVER, CHARFLOW_TELNET_FLAGS_COM_PORT, BYTES (SERVER_OPENING));
  check_opening (CHARFLOW_TELNET_ROLE_SERVER, CHARFLOW_TELNET_FLAGS_RECORDS, BYTES (RECORDS_OPENING));
  check_opening (CHARFLOW_TELNET_ROLE_CLIENT, CHARFLOW_TELNET_FLAGS_NONE, BYTES (CLIENT_OPENING));
  check_opening (CHARFLOW_TELNET_ROLE_CLIENT, CHARFLOW_TELNET_FLAGS_COM_PORT, BYTES (CLIENT_OPENING "\xff\xfb\x2c"));
  check_opening (CHARFLOW_TELNET_ROLE_CLIENT, CHARFLOW_TELNET_FLAGS_RECORDS, "", 0);
}

static void
test_commands (Fixture      *fixture,
               gconstpointer unused)
{
  exchange (fixture, BYTES ("a\xff\xff" "b"), "a<ff>b");
  exchange (fixture, BYTES ("x\xff\xf1y"), "xy");
  hear_nothing (fixture);
  exchange (fixture, BYTES ("x\xff\xf6y"), "xy");
  hear (fixture, BYTES ("\r\n[Yes]\r\n"));
  exchange (fixture, BYTES ("\xff\xf3"), "<BREAK>");
  exchange (fixture, BYTES ("a\xff\xf4" "b\xff\xf3" "c"), "a<INTERRUPT>b<BREAK>c");
  /* The data mark, the end of a record, go ahead, abort output, erase character and line, a stray end, and no
   * command. */
  exchange (fixture, BYTES ("1\xff\xf2" "2\xff\xef" "3\xff\xf9" "4\xff\xf5" "5\xff\xf7" "6\xff\xf8" "7\xff\xf0" "8\xff" "A9"),
            "123456789");
  hear_nothing (fixture);
}

static const char *
get_type (Fixture *fixture)
{
  return charflow_telnet_codec_get_terminal_type (charflow_telnet_stream_get_codec (fixture->stream));
}

static void
test_sub_negotiation (Fixture      *fixture,
                      gconstpointer unused)
{
  g_assert_null (get_type (fixture));
  exchange (fixture, BYTES ("\xff\xfa\x18\x00" "A\xff\xff" "B\xff\xf0Q"), "<TYPE>Q");
  g_assert_cmpstr (get_type (fixture), ==, "A\xff" "B");
  exchange (fixture, BYTES ("\xff\xfa\xff\xf0Q"), "Q");
  /* Not ours to take, empty, or unknown. */
  exchange (fixture, BYTES ("\xff\xfa\x18\x01\xff\xf0\xff\xfa\xff\xf0\xff\xfa\x18\xff\xf0\xff\xfa\x63zz\xff\xf0Q"), "Q");
  exchange (fixture, BYTES ("\xff\xfa\x1f\x00\x50\x00\x19\xff\xf0Q\xff\xfa\x1f\x00\x50\x00\xff\xf0R"), "<WINDOW>QR");
  hear_nothing (fixture);
}

static void
test_window_size (Fixture      *fixture,
                  gconstpointer unused)
{
  CharflowTelnetCodec *codec = charflow_telnet_stream_get_codec (fixture->stream);
  guint columns, rows;

  charflow_telnet_codec_get_window_size (codec, &columns, &rows);
  g_assert_cmpuint (columns + rows, ==, 0);
  exchange (fixture, BYTES ("\xff\xfb\x1f\xff\xfa\x1f\x01\xff\xff\x00\x19\xff\xf0Q"), "<WINDOW>Q");
  charflow_telnet_codec_get_window_size (codec, &columns, &rows);
  g_assert_cmpuint (columns, ==, 511);
  g_assert_cmpuint (rows, ==, 25);
  hear (fixture, BYTES ("\xff\xfd\x1f"));
}

/* 512 bytes are the most; a longer one is thrown away as a whole, and what comes after it is read. */
static void
test_long_sub (Fixture      *fixture,
               gconstpointer unused)
{
  g_autofree char *name = g_strnfill (510, 'n');
  g_autofree char *whole = g_strconcat ("\xff\xfa\x18", "?", name, "\xff\xf0Q", NULL);
  g_autofree char *long_name = g_strnfill (100000, 'n');
  g_autofree char *too_long = g_strconcat ("\xff\xfa\x18", "?", long_name, "\xff\xf0R", NULL);

  whole[3] = '\0';
  exchange (fixture, whole, 4 + 510 + 3, "<TYPE>Q");
  g_assert_cmpstr (get_type (fixture), ==, name);
  too_long[3] = '\0';
  exchange (fixture, too_long, 4 + 100000 + 3, "R");
  g_assert_cmpstr (get_type (fixture), ==, name);
  exchange (fixture, BYTES ("\xff\xfa\x18\x00" "A\xff\xf0S"), "<TYPE>S");
}

static void
test_unended_sub (Fixture      *fixture,
                  gconstpointer unused)
{
  exchange (fixture, BYTES ("\xff\xfa\x18\x00" "A\xff\xf3Q"), "<BREAK>Q");
  exchange (fixture, BYTES ("\xff\xfa\x18\x00" "A\xff\xfa\x18\x00" "B\xff\xf0Q"), "<TYPE>Q");
  g_assert_cmpstr (get_type (fixture), ==, "B");
}

static void
check_split (const char *said,
             gsize       size,
             const char *got,
             const char *heard,
             gsize       heard_size)
{
  static const gsize rooms[] = { 1, 2, 4096 };

  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++)
    for (gsize split = 0; split <= size; split++)
      {
        Fixture fixture = { 0 };

        fixture_set_up (&fixture, NULL);
        if (split > 0)
          test_stream_pair_say (fixture.pair, said, split);
        read_all (&fixture, rooms[i], NULL);
        if (split < size)
          test_stream_pair_say (fixture.pair, said + split, size - split);
        read_all (&fixture, rooms[i], NULL);
        assert_got (&fixture, got);
        hear (&fixture, heard, heard_size);
        fixture_tear_down (&fixture, NULL);
      }
}

static void
test_splits (void)
{
  check_split (BYTES ("a\xff\xff" "b"), "a<ff>b", "", 0);
  check_split (BYTES ("x\xff\xf1y"), "xy", "", 0);
  check_split (BYTES ("x\xff\xf6y"), "xy", BYTES ("\r\n[Yes]\r\n"));
  check_split (BYTES ("\xff\xf3"), "<BREAK>", "", 0);
  check_split (BYTES ("\xff\xfa\x18\x00" "A\xff\xff" "B\xff\xf0Q"), "<TYPE>Q", "", 0);
  check_split (BYTES ("one\r\0two\r\nthree\xff\xff\r\r\0\xff\xf3zz\xff\xff"),
               "one<0d>two<0d><0a>three<ff><0d><0d><BREAK>zz<ff>", "", 0);
  check_split (BYTES ("\xff\xfb\x18\xff\xfd\x06\xff\xfd\x63\xff\xfd\x63ok"), "ok",
               BYTES ("\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0\xff\xfb\x06\xff\xfc\x63"));
}

static void
test_escape (Fixture      *fixture,
             gconstpointer unused)
{
  write_bytes (fixture, BYTES ("A\xff" "B"));
  hear (fixture, BYTES ("A\xff\xff" "B"));
  write_bytes (fixture, BYTES ("\xff\xff"));
  hear (fixture, BYTES ("\xff\xff\xff\xff"));
}

/* Until the peer agrees to binary, each way has its line ends; then it has none. */
static void
test_line_ends (Fixture      *fixture,
                gconstpointer unused)
{
  write_bytes (fixture, BYTES ("a\rb\r\nc\r"));
  hear (fixture, BYTES ("a\r\0b\r\nc\r\0"));
  write_bytes (fixture, BYTES ("\n\r\r\xff\r\0"));
  hear (fixture, BYTES ("\n\r\0\r\0\xff\xff\r\0\0"));
  write_bytes (fixture, "a\r\n", 2);
  hear (fixture, BYTES ("a\r\0"));
  exchange (fixture, BYTES ("a\r\0b\r\n\r\r\0\0"), "a<0d>b<0d><0a><0d><0d><00>");

  exchange (fixture, BYTES ("\xff\xfd\x00"), "");
  write_bytes (fixture, BYTES ("a\rb\r"));
  hear (fixture, BYTES ("a\rb\r"));
  exchange (fixture, BYTES ("a\r\0b\xff\xfb\x00" "a\r\0b"), "a<0d>ba<0d><00>b");

  exchange (fixture, BYTES ("\xff\xfe\x00\xff\xfc\x00" "a\r\0b"), "a<0d>b");
  hear (fixture, BYTES ("\xff\xfc\x00\xff\xfe\x00"));
  write_bytes (fixture, BYTES ("a\rb"));
  hear (fixture, BYTES ("a\r\0b"));
}

static void
test_fresh_state (void)
{
  Fixture first = { 0 };
  Fixture second = { 0 };

  fixture_set_up (&first, NULL);
  test_stream_pair_say (first.pair, BYTES (GO_BINARY "\xff\xfa\x18\x00x\xff"));
  test_stream_pair_leave (first.pair);
  read_all (&first, 16, NULL);
  assert_got (&first, "");
  fixture_tear_down (&first, NULL);

  fixture_set_up (&second, NULL);
  exchange (&second, BYTES ("X\r\0"), "X<0d>");
  fixture_tear_down (&second, NULL);
}

static void
test_refuses_once (Fixture      *fixture,
                   gconstpointer unused)
{
  exchange (fixture, BYTES ("\xff\xfd\x63\xff\xfd\x63"), "");
  hear (fixture, BYTES ("\xff\xfc\x63"));
  exchange (fixture, BYTES ("\xff\xfd\x63\xff\xfb\x63\xff\xfb\x63\xff\xfb\x63"), "");
  hear (fixture, BYTES ("\xff\xfe\x63"));
  /* It changes its mind, twice. */
  exchange (fixture, BYTES ("\xff\xfe\x63\xff\xfe\x63\xff\xfd\x63\xff\xfd\x63"), "");
  hear (fixture, BYTES ("\xff\xfc\x63"));
}

/* Agrees to what it asked for without a word, and to what it knows with one. */
static void
test_negotiation (Fixture      *fixture,
                  gconstpointer unused)
{
  exchange (fixture, BYTES (GO_BINARY "\xff\xfd\x01\xff\xfd\x03" GO_BINARY), "");
  hear_nothing (fixture);
  exchange (fixture, BYTES ("\xff\xfb\x03\xff\xfb\x03"), "");
  hear (fixture, BYTES ("\xff\xfd\x03"));
  /* The peer's echo, its records and its serial port are not wanted, nor what nobody knows. */
  exchange (fixture, BYTES ("\xff\xfb\x01\xff\xfb\x19\xff\xfb\x2c\xff\xfd\x18\xff\xfd\x1f"), "");
  hear (fixture, BYTES ("\xff\xfe\x01\xff\xfe\x19\xff\xfe\x2c\xff\xfc\x18\xff\xfc\x1f"));
  exchange (fixture, BYTES ("\xff\xfd\x06\xff\xfd\x06\xff\xfb\x06\xff\xfc\x06\xff\xfe\x06"), "");
  hear (fixture, BYTES ("\xff\xfb\x06\xff\xfb\x06"));
  exchange (fixture, BYTES ("\xff\xfe\x01\xff\xfe\x01\xff\xfd\x01"), "");
  hear (fixture, BYTES ("\xff\xfc\x01\xff\xfb\x01"));
}

static void
test_client (void)
{
  Fixture fixture = { 0 };

  fixture_start (&fixture, CHARFLOW_TELNET_ROLE_CLIENT, CHARFLOW_TELNET_FLAGS_NONE);
  hear (&fixture, BYTES (CLIENT_OPENING));
  exchange (&fixture, BYTES (SERVER_OPENING "a\r\0\xff\xff"), "a<0d><00><ff>");
  hear (&fixture, BYTES ("\xff\xfd\x01"));
  write_bytes (&fixture, BYTES ("\r\xff"));
  hear (&fixture, BYTES ("\r\xff\xff"));
  /* It has no terminal, and does not echo. */
  exchange (&fixture, BYTES ("\xff\xfd\x18\xff\xfd\x01\xff\xfa\x18\x01\xff\xf0\xff\xfa\x1f\0\0\0\0\xff\xf0"
                             "\xff\xfa\x18\0x\xff\xf0"), "");
  hear (&fixture, BYTES ("\xff\xfc\x18\xff\xfc\x01"));
  fixture_tear_down (&fixture, NULL);
}

static void
test_break_out (Fixture      *fixture,
                gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  write_bytes (fixture, BYTES ("a"));
  g_assert_true (charflow_telnet_stream_send_break (fixture->stream, &error));
  write_bytes (fixture, BYTES ("b"));
  hear (fixture, BYTES ("a\xff\xf3" "b"));

  g_io_stream_close (G_IO_STREAM (fixture->stream), NULL, NULL);
  g_assert_false (charflow_telnet_stream_send_break (fixture->stream, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_bulk (Fixture      *fixture,
           gconstpointer unused)
{
  g_autoptr (GByteArray) escaped = g_byte_array_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  static const guint8 specials[] = { '\r', '\n', 0xff, 0 };
  guint8 data[60000];
  guint8 got[sizeof data];
  gsize n = 0;

  for (gsize i = 0; i < sizeof data; i++)
    data[i] = g_rand_boolean (rand) ? g_rand_int (rand) : specials[g_rand_int_range (rand, 0, 4)];
  for (gsize i = 0; i < sizeof data; i++)
    {
      g_byte_array_append (escaped, &data[i], 1);
      if (data[i] == 0xff)
        g_byte_array_append (escaped, &data[i], 1);
    }

  exchange (fixture, BYTES (GO_BINARY), "");
  write_bytes (fixture, (const char *) data, sizeof data);
  hear (fixture, (const char *) escaped->data, escaped->len);
  test_stream_pair_say (fixture->pair, escaped->data, escaped->len);
  while (n < sizeof data)
    {
      gssize len = g_pollable_input_stream_read_nonblocking (get_input (fixture), got + n, sizeof data - n, NULL, NULL);

      g_assert_cmpint (len, >, 0);
      n += len;
    }
  g_assert_cmpmem (got, n, data, sizeof data);
}

/* Two streams of ours come to an agreement, and understand each other then. What was written before is in the line
 * ends of then, and may be read with those of now: the protocol has no mark for the change. */
static void
test_both_ends (void)
{
  Fixture server = { 0 };
  Fixture client = { 0 };

  fixture_start (&server, CHARFLOW_TELNET_ROLE_SERVER, CHARFLOW_TELNET_FLAGS_NONE);
  client.got = g_string_new (NULL);
  client.pair = server.pair;
  client.stream = charflow_telnet_stream_new (
    G_IO_STREAM (g_socket_connection_factory_create_connection (server.pair->peer)), CHARFLOW_TELNET_ROLE_CLIENT,
    CHARFLOW_TELNET_FLAGS_NONE, &callbacks, &client);
  g_object_unref (charflow_layer_stream_get_base (client.stream));

  write_bytes (&client, BYTES ("a\r\n\xff"));
  write_bytes (&server, BYTES ("b\r\n\xff"));
  for (guint i = 0; i < 2; i++)
    {
      read_all (&server, 1, NULL);
      read_all (&client, 1, NULL);
    }
  assert_got (&server, "a<0d><0a><ff>");
  assert_got (&client, "b<0d><0a><ff>");

  write_bytes (&client, BYTES ("1\r2\r\n3\r\0\r\xff"));
  write_bytes (&server, BYTES ("4\r5\r\n6\r\0\r\xff"));
  read_all (&server, 1, NULL);
  read_all (&client, 5, NULL);
  assert_got (&server, "1<0d>2<0d><0a>3<0d><00><0d><ff>");
  assert_got (&client, "4<0d>5<0d><0a>6<0d><00><0d><ff>");

  g_assert_finalize_object (g_steal_pointer (&client.stream));
  g_string_free (client.got, TRUE);
  fixture_tear_down (&server, NULL);
}

static void
test_record (Fixture      *fixture,
             gconstpointer unused)
{
  static const char said[] = "\xff\xfd\x19" "a\xff\xff\r\0\xff\xef" "\xff\xef" "b\xff\xf1" "c\xff\xef";

  for (gsize i = 0; i < sizeof said - 1; i++)
    {
      test_stream_pair_say (fixture->pair, said + i, 1);
      read_all (fixture, 4096, "|");
      if (i == 8)
        assert_got (fixture, "");
    }
  assert_got (fixture, "a<ff><0d><00>|bc|");
  hear_nothing (fixture);

  test_stream_pair_say (fixture->pair, said, sizeof said - 1);
  read_all (fixture, 4096, "|");
  assert_got (fixture, "a<ff><0d><00>|bc|");
  test_stream_pair_say (fixture->pair, said, sizeof said - 1);
  read_all (fixture, 3, "|");
  assert_got (fixture, "a<ff><0d>|<00>|bc|");
}

/* A record that its sender did not end is none. */
static void
test_unended_record (Fixture      *fixture,
                     gconstpointer unused)
{
  test_stream_pair_say (fixture->pair, BYTES ("a\xff\xef" "b"));
  test_stream_pair_leave (fixture->pair);
  read_all (fixture, 16, "|");
  assert_got (fixture, "a|");
}

static void
test_record_commands (Fixture      *fixture,
                      gconstpointer unused)
{
  exchange (fixture, BYTES ("a\xff\xf3\xff\xf6\xff\xf4" "b\xff\xef"), "<BREAK><INTERRUPT>ab");
  hear (fixture, BYTES ("\xff\xf1"));
  exchange (fixture, BYTES ("\xff\xfb\x18\xff\xfa\x18\x00IBM-3278-2\xff\xf0"), "<TYPE>");
  g_assert_cmpstr (get_type (fixture), ==, "IBM-3278-2");
  hear_nothing (fixture);
}

static void
test_record_out (Fixture      *fixture,
                 gconstpointer unused)
{
  write_bytes (fixture, BYTES ("a\xff\r"));
  hear (fixture, BYTES ("a\xff\xff\r\xff\xef"));
}

static void
test_long_record (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autofree char *record = g_strnfill (65536, 'r');
  g_autofree char *got = g_malloc (65537);
  g_autoptr (GError) error = NULL;

  test_stream_pair_say (fixture->pair, record, 65536);
  read_all (fixture, 65537, "|");
  test_stream_pair_say (fixture->pair, BYTES ("\xff\xef"));
  while (g_pollable_input_stream_read_nonblocking (get_input (fixture), got, 65537, NULL, NULL) != 65536)
    g_assert_true (g_pollable_input_stream_is_readable (get_input (fixture)));
  g_assert_cmpmem (got, 65536, record, 65536);

  test_stream_pair_say (fixture->pair, record, 65536);
  read_all (fixture, 65537, "|");
  test_stream_pair_say (fixture->pair, BYTES ("\xff\xff"));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (get_input (fixture), got, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static void
test_record_client (void)
{
  Fixture fixture = { 0 };

  fixture_start (&fixture, CHARFLOW_TELNET_ROLE_CLIENT, CHARFLOW_TELNET_FLAGS_RECORDS);
  exchange (&fixture, BYTES (RECORDS_OPENING "a\xff\xef"), "a");
  hear (&fixture, BYTES ("\xff\xfb\x19\xff\xfd\x19\xff\xfb\x00\xff\xfd\x00\xff\xfb\x18"
                         "\xff\xfa\x18\x00IBM-3278-2\xff\xf0"));
  fixture_tear_down (&fixture, NULL);
}

static void
close_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_io_stream_close (G_IO_STREAM (fixture->stream), NULL, NULL);
}

static void
drop_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_clear_object (&fixture->stream);
}

static void
test_reentrancy (Fixture      *fixture,
                 gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  char buffer[16];

  fixture->called = close_cb;
  test_stream_pair_say (fixture->pair, BYTES ("\xff\xfa\x18\x00x\xff\xf0zz"));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (get_input (fixture), buffer, sizeof buffer, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_got (fixture, "<TYPE>");
}

static void
test_drop_inside (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  char buffer[16];

  fixture->called = drop_cb;
  test_stream_pair_say (fixture->pair, BYTES ("\xff\xf3zz"));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (get_input (fixture), buffer, sizeof buffer, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_got (fixture, "<BREAK>");
  g_assert_null (fixture->stream);
}

static void
add (const char *path,
     gboolean    has_records,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, GUINT_TO_POINTER (has_records ? CHARFLOW_TELNET_FLAGS_RECORDS : 0), fixture_set_up, test,
              fixture_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/telnet/L1/opening", test_opening);
  add ("/telnet/L2/commands", FALSE, test_commands);
  add ("/telnet/L3/sub-negotiation", FALSE, test_sub_negotiation);
  add ("/telnet/L3/window-size", FALSE, test_window_size);
  add ("/telnet/L3/too-long", FALSE, test_long_sub);
  add ("/telnet/L3/without-end", FALSE, test_unended_sub);
  g_test_add_func ("/telnet/L4/any-split-any-room", test_splits);
  add ("/telnet/L5/escaped", FALSE, test_escape);
  add ("/telnet/L5/line-ends", FALSE, test_line_ends);
  add ("/telnet/L5/bulk", FALSE, test_bulk);
  g_test_add_func ("/telnet/L6/new-connection-new-state", test_fresh_state);
  add ("/telnet/L7/refuses-once", FALSE, test_refuses_once);
  add ("/telnet/L7/negotiates", FALSE, test_negotiation);
  add ("/telnet/L8/records-in-pieces", TRUE, test_record);
  add ("/telnet/L8/without-end", TRUE, test_unended_record);
  add ("/telnet/L8/commands", TRUE, test_record_commands);
  add ("/telnet/L8/written", TRUE, test_record_out);
  add ("/telnet/L8/too-long", TRUE, test_long_record);
  g_test_add_func ("/telnet/L8/client", test_record_client);
  g_test_add_func ("/telnet/client/negotiates", test_client);
  g_test_add_func ("/telnet/client/with-our-server", test_both_ends);
  add ("/telnet/break/sent-in-its-place", FALSE, test_break_out);
  add ("/telnet/reentrancy/close", FALSE, test_reentrancy);
  add ("/telnet/reentrancy/drop", FALSE, test_drop_inside);

  return g_test_run ();
}

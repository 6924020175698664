/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "charflow-telnet-stream-private.h"
#include "test-stream-pair.h"
#include "test-util.h"

#define BYTES(literal) literal, sizeof (literal) - 1
/* A sub-negotiation of the option. */
#define SUB(body) "\xff\xfa\x2c" body "\xff\xf0"

/* One end of the connection. */
typedef struct
{
  CharflowLayerStream *stream;
  GString *log; /* what was told, asked and read */
  guint real_value; /* that a server answers with, unless it is 0: then it does as it is asked */
  gboolean closes;
} End;

static void
event_cb (CharflowTelnetEvent event,
          gpointer            user_data)
{
  End *end = user_data;

  g_string_append_printf (end->log, "<%d>", event - CHARFLOW_TELNET_EVENT_COM_PORT_OPENED);
  if (end->closes)
    g_io_stream_close (G_IO_STREAM (end->stream), NULL, NULL);
}

#define OPENED "<0>"
#define REFUSED "<1>"
#define CHANGED "<2>"
#define LINE "<3>"
#define MODEM "<4>"

static guint
set_cb (CharflowComPortItem item,
        guint               value,
        gpointer            user_data)
{
  End *end = user_data;

  g_string_append_printf (end->log, "[%d=%u]", item, value);
  if (end->closes)
    g_io_stream_close (G_IO_STREAM (end->stream), NULL, NULL);

  return end->real_value != 0 ? end->real_value : value;
}

static void
purge_cb (guint    what,
          gpointer user_data)
{
  End *end = user_data;

  g_string_append_printf (end->log, "[purge %u]", what);
}

static const CharflowTelnetCallbacks callbacks = {
  .event = event_cb,
  .com_port = { .set = set_cb, .purge = purge_cb },
};

static void
end_start (End                *end,
           GIOStream          *base,
           CharflowTelnetRole  role,
           CharflowTelnetFlags flags)
{
  end->log = g_string_new (NULL);
  end->stream = charflow_telnet_stream_new (base, role, flags, &callbacks, end);
}

static void
end_stop (End *end)
{
  g_assert_finalize_object (g_steal_pointer (&end->stream));
  g_string_free (end->log, TRUE);
}

static CharflowComPort *
port_of (End *end)
{
  return charflow_telnet_codec_get_com_port (charflow_telnet_stream_get_codec (end->stream));
}

static void
read_all (End *end)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (end->stream)));

  while (g_pollable_input_stream_is_readable (input))
    {
      char buffer[64];
      g_autoptr (GError) error = NULL;
      gssize len = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL, &error);

      if (len >= 0)
        g_string_append_len (end->log, buffer, len);
      else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
    }
}

static void
assert_log (End        *end,
            const char *text)
{
  g_assert_cmpstr (end->log->str, ==, text);
  g_string_truncate (end->log, 0);
}

/* Both ends are ours. */
typedef struct
{
  TestStreamPair *pair;
  End server;
  End client;
} Fixture;

static void
settle (Fixture *fixture)
{
  for (guint i = 0; i < 3; i++)
    {
      read_all (&fixture->server);
      read_all (&fixture->client);
    }
}

static void
fixture_start (Fixture            *fixture,
               CharflowTelnetFlags server_flags)
{
  g_autoptr (GSocketConnection) far = NULL;

  fixture->pair = test_stream_pair_new ();
  far = g_socket_connection_factory_create_connection (fixture->pair->peer);
  end_start (&fixture->server, fixture->pair->stream, CHARFLOW_TELNET_ROLE_SERVER, server_flags);
  end_start (&fixture->client, G_IO_STREAM (far), CHARFLOW_TELNET_ROLE_CLIENT, CHARFLOW_TELNET_FLAGS_COM_PORT);
}

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer unused)
{
  fixture_start (fixture, CHARFLOW_TELNET_FLAGS_COM_PORT);
  settle (fixture);
  assert_log (&fixture->server, OPENED);
  assert_log (&fixture->client, OPENED);
}

static void
fixture_tear_down (Fixture      *fixture,
                   gconstpointer unused)
{
  end_stop (&fixture->server);
  end_stop (&fixture->client);
  test_stream_pair_free (fixture->pair);
}

static void
ask (Fixture            *fixture,
     CharflowComPortItem item,
     guint               value)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_telnet_stream_set_com_port (fixture->client.stream, item, value, &error));
  g_assert_no_error (error);
  settle (fixture);
}

static void
test_set (Fixture      *fixture,
          gconstpointer unused)
{
  static const guint values[CHARFLOW_COM_PORT_N_ITEMS] = { 4294967295, 8, 5, 3, 3, 2, 2, 2 };

  for (guint item = 0; item < CHARFLOW_COM_PORT_N_ITEMS; item++)
    {
      g_autofree char *asked = g_strdup_printf ("[%u=%u]", item, values[item]);

      g_assert_cmpuint (charflow_com_port_get (port_of (&fixture->client), item), ==, 0);
      ask (fixture, item, values[item]);
      assert_log (&fixture->server, asked);
      assert_log (&fixture->client, CHANGED);
      g_assert_cmpuint (charflow_com_port_get (port_of (&fixture->client), item), ==, values[item]);
      g_assert_cmpuint (charflow_com_port_get (port_of (&fixture->server), item), ==, values[item]);

      ask (fixture, item, values[item]);
      assert_log (&fixture->server, asked);
      assert_log (&fixture->client, "");
    }
}

static void
test_real_value (Fixture      *fixture,
                 gconstpointer unused)
{
  fixture->server.real_value = 115200;
  ask (fixture, CHARFLOW_COM_PORT_BAUD, 115201);
  assert_log (&fixture->server, "[0=115201]");
  g_assert_cmpuint (charflow_com_port_get (port_of (&fixture->client), CHARFLOW_COM_PORT_BAUD), ==, 115200);

  fixture->server.real_value = CHARFLOW_COM_PORT_FLOW_NONE;
  ask (fixture, CHARFLOW_COM_PORT_FLOW, CHARFLOW_COM_PORT_FLOW_RTS_CTS);
  g_assert_cmpuint (charflow_com_port_get (port_of (&fixture->client), CHARFLOW_COM_PORT_FLOW), ==,
                    CHARFLOW_COM_PORT_FLOW_NONE);
  ask (fixture, CHARFLOW_COM_PORT_FLOW, 0);
  assert_log (&fixture->server, "[4=3][4=0]");
}

static void
test_states (Fixture      *fixture,
             gconstpointer unused)
{
  CharflowComPort *port = port_of (&fixture->client);

  g_assert_true (charflow_telnet_stream_tell_modem_state (
    fixture->server.stream, CHARFLOW_COM_PORT_MODEM_CTS | CHARFLOW_COM_PORT_MODEM_RING, NULL));
  settle (fixture);
  assert_log (&fixture->client, MODEM);
  g_assert_cmphex (charflow_com_port_get_modem_state (port), ==, 0x51);
  g_assert_true (charflow_telnet_stream_tell_modem_state (
    fixture->server.stream, CHARFLOW_COM_PORT_MODEM_CTS | CHARFLOW_COM_PORT_MODEM_RING, NULL));
  g_assert_true (charflow_telnet_stream_tell_line_state (fixture->server.stream, CHARFLOW_COM_PORT_LINE_BREAK, NULL));
  settle (fixture);
  assert_log (&fixture->client, "");

  /* The state is told again as it is asked for; nothing of it is a change then. */
  g_assert_true (charflow_telnet_stream_set_com_port_masks (fixture->client.stream, 0, 0xff, NULL));
  settle (fixture);
  assert_log (&fixture->client, MODEM);
  g_assert_cmphex (charflow_com_port_get_modem_state (port), ==, 0x50);

  g_assert_true (charflow_telnet_stream_set_com_port_masks (fixture->client.stream, CHARFLOW_COM_PORT_LINE_BREAK,
                                                            CHARFLOW_COM_PORT_MODEM_CARRIER, NULL));
  settle (fixture);
  assert_log (&fixture->client, MODEM);
  g_assert_cmphex (charflow_com_port_get_modem_state (port), ==, 0);
  g_assert_true (charflow_telnet_stream_tell_modem_state (fixture->server.stream, 0, NULL));
  g_assert_true (charflow_telnet_stream_tell_line_state (fixture->server.stream, CHARFLOW_COM_PORT_LINE_PARITY, NULL));
  settle (fixture);
  assert_log (&fixture->client, "");
  g_assert_true (charflow_telnet_stream_tell_line_state (
    fixture->server.stream, CHARFLOW_COM_PORT_LINE_PARITY | CHARFLOW_COM_PORT_LINE_BREAK, NULL));
  g_assert_true (charflow_telnet_stream_tell_modem_state (fixture->server.stream, CHARFLOW_COM_PORT_MODEM_CARRIER, NULL));
  settle (fixture);
  assert_log (&fixture->client, LINE MODEM);
  g_assert_cmphex (charflow_com_port_get_line_state (port), ==, CHARFLOW_COM_PORT_LINE_BREAK);
  g_assert_cmphex (charflow_com_port_get_modem_state (port), ==, CHARFLOW_COM_PORT_MODEM_CARRIER);
}

static gssize
write_text (End        *end,
            const char *text)
{
  g_autoptr (GError) error = NULL;
  gssize len = g_pollable_output_stream_write_nonblocking (
    G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (end->stream))), text, strlen (text), NULL,
    &error);

  if (len < 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  return len;
}

static gboolean
count_cb (GObject *stream,
          gpointer user_data)
{
  guint *n = user_data;

  ++*n;
  return G_SOURCE_CONTINUE;
}

static void
check_suspension (Fixture *fixture,
                  End     *suspending,
                  End     *suspended)
{
  guint n = 0;
  g_autoptr (GSource) source = g_pollable_output_stream_create_source (
    G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (suspended->stream))), NULL);

  g_assert_true (charflow_telnet_stream_suspend_peer (suspending->stream, TRUE, NULL));
  settle (fixture);
  g_assert_cmpint (write_text (suspended, "x"), ==, -1);
  g_assert_cmpint (write_text (suspending, "y"), ==, 1);

  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n, NULL);
  g_source_attach (source, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (n, ==, 0);

  g_assert_true (charflow_telnet_stream_suspend_peer (suspending->stream, FALSE, NULL));
  settle (fixture);
  assert_log (suspended, "y");
  test_wait_until (n > 0);
  g_assert_cmpint (write_text (suspended, "x"), ==, 1);
  settle (fixture);
  assert_log (suspending, "x");
  g_source_destroy (source);
}

static void
test_suspend (Fixture      *fixture,
              gconstpointer unused)
{
  check_suspension (fixture, &fixture->server, &fixture->client);
  check_suspension (fixture, &fixture->client, &fixture->server);
}

static void
test_purge (Fixture      *fixture,
            gconstpointer unused)
{
  g_assert_true (charflow_telnet_stream_purge_com_port (fixture->client.stream, CHARFLOW_COM_PORT_PURGE_SENT, NULL));
  g_assert_true (charflow_telnet_stream_purge_com_port (fixture->client.stream, CHARFLOW_COM_PORT_PURGE_BOTH, NULL));
  settle (fixture);
  assert_log (&fixture->server, "[purge 2][purge 3]");
}

static void
test_signature (Fixture      *fixture,
                gconstpointer unused)
{
  g_assert_null (charflow_com_port_get_signature (port_of (&fixture->client)));
  g_assert_true (charflow_telnet_stream_ask_signature (fixture->client.stream, NULL));
  g_assert_true (charflow_telnet_stream_ask_signature (fixture->server.stream, NULL));
  settle (fixture);
  g_assert_true (g_str_has_prefix (charflow_com_port_get_signature (port_of (&fixture->client)), "Charflow "));
  g_assert_true (g_str_has_prefix (charflow_com_port_get_signature (port_of (&fixture->server)), "Charflow "));
}

static void
assert_no_port (End         *end,
                GIOErrorEnum code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_telnet_stream_set_com_port (end->stream, CHARFLOW_COM_PORT_BAUD, 9600, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_clear_error (&error);
  g_assert_false (charflow_telnet_stream_set_com_port_masks (end->stream, 0, 0, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_clear_error (&error);
  g_assert_false (charflow_telnet_stream_purge_com_port (end->stream, CHARFLOW_COM_PORT_PURGE_BOTH, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_clear_error (&error);
  g_assert_false (charflow_telnet_stream_tell_modem_state (end->stream, 0, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_clear_error (&error);
  g_assert_false (charflow_telnet_stream_tell_line_state (end->stream, 0, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_clear_error (&error);
  g_assert_false (charflow_telnet_stream_suspend_peer (end->stream, TRUE, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_clear_error (&error);
  g_assert_false (charflow_telnet_stream_ask_signature (end->stream, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
}

static void
test_refused (void)
{
  Fixture fixture = { 0 };

  fixture_start (&fixture, CHARFLOW_TELNET_FLAGS_NONE);
  assert_no_port (&fixture.client, G_IO_ERROR_WOULD_BLOCK);
  assert_no_port (&fixture.server, G_IO_ERROR_NOT_SUPPORTED);
  settle (&fixture);
  assert_log (&fixture.client, REFUSED);
  assert_no_port (&fixture.client, G_IO_ERROR_NOT_SUPPORTED);
  fixture_tear_down (&fixture, NULL);
}

/* One of the ends is not ours. */
typedef struct
{
  TestStreamPair *pair;
  End end;
} Half;

static void
half_start (Half              *half,
            CharflowTelnetRole role)
{
  half->pair = test_stream_pair_new ();
  end_start (&half->end, half->pair->stream, role, CHARFLOW_TELNET_FLAGS_COM_PORT);
  if (role == CHARFLOW_TELNET_ROLE_CLIENT)
    test_stream_pair_say (half->pair, BYTES ("\xff\xfd\x2c"));
  else
    test_stream_pair_say (half->pair, BYTES ("\xff\xfb\x2c"));
  read_all (&half->end);
  assert_log (&half->end, OPENED);
  test_stream_pair_listen (half->pair);
  g_byte_array_set_size (half->pair->heard, 0);
}

static void
half_stop (Half *half)
{
  end_stop (&half->end);
  test_stream_pair_free (half->pair);
}

static void
exchange (Half       *half,
          const char *said,
          gsize       said_size,
          const char *heard,
          gsize       heard_size,
          const char *log)
{
  test_stream_pair_say (half->pair, said, said_size);
  read_all (&half->end);
  assert_log (&half->end, log);
  test_stream_pair_hear (half->pair, heard, heard_size);
}

static void
test_server_wire (void)
{
  Half half = { 0 };

  half_start (&half, CHARFLOW_TELNET_ROLE_SERVER);
  exchange (&half, BYTES (SUB ("\x01\0\0\xff\xff\x01")), BYTES (SUB ("\x65\0\0\xff\xff\x01")), "[0=65281]");
  exchange (&half, BYTES (SUB ("\x02\x07") SUB ("\x03\x03") SUB ("\x04\x02")),
            BYTES (SUB ("\x66\x07") SUB ("\x67\x03") SUB ("\x68\x02")), "[1=7][2=3][3=2]");
  exchange (&half, BYTES (SUB ("\x05\x03") SUB ("\x05\x05") SUB ("\x05\x06") SUB ("\x05\x09") SUB ("\x05\x0b")),
            BYTES (SUB ("\x69\x03") SUB ("\x69\x05") SUB ("\x69\x06") SUB ("\x69\x09") SUB ("\x69\x0b")),
            "[4=3][5=1][5=2][6=2][7=1]");
  /* The flow control of one direction is that of both, and that by other lines there is none. */
  exchange (&half, BYTES (SUB ("\x05\x0d") SUB ("\x05\x0e") SUB ("\x05\x11") SUB ("\x05\x14")),
            BYTES (SUB ("\x69\x10") SUB ("\x69\x10") SUB ("\x69\x03")), "");
  exchange (&half, BYTES (SUB ("\x0a\x10") SUB ("\x0b\xff\xff")),
            BYTES (SUB ("\x6e\x10") SUB ("\x6f\xff\xff") SUB ("\x6b\0")), "");
  exchange (&half, BYTES (SUB ("\x0c\x03")), BYTES (SUB ("\x70\x03")), "[purge 3]");
  exchange (&half, BYTES (SUB ("\0minicom")), "", 0, "");
  g_assert_cmpstr (charflow_com_port_get_signature (port_of (&half.end)), ==, "minicom");
  half_stop (&half);
}

static void
test_client_wire (void)
{
  Half half = { 0 };

  half_start (&half, CHARFLOW_TELNET_ROLE_CLIENT);
  g_assert_true (charflow_telnet_stream_set_com_port (half.end.stream, CHARFLOW_COM_PORT_BAUD, 9600, NULL));
  g_assert_true (charflow_telnet_stream_set_com_port (half.end.stream, CHARFLOW_COM_PORT_BREAK, CHARFLOW_COM_PORT_ON, NULL));
  g_assert_true (charflow_telnet_stream_set_com_port (half.end.stream, CHARFLOW_COM_PORT_RTS, 0, NULL));
  test_stream_pair_hear (half.pair, BYTES (SUB ("\x01\0\0\x25\x80") SUB ("\x05\x05") SUB ("\x05\x0a")));

  exchange (&half, BYTES (SUB ("\x65\0\0\x25\x80") SUB ("\x69\x05") SUB ("\x69\x0b")), "", 0, CHANGED CHANGED CHANGED);
  g_assert_cmpuint (charflow_com_port_get (port_of (&half.end), CHARFLOW_COM_PORT_BAUD), ==, 9600);
  g_assert_cmpuint (charflow_com_port_get (port_of (&half.end), CHARFLOW_COM_PORT_BREAK), ==, CHARFLOW_COM_PORT_ON);
  g_assert_cmpuint (charflow_com_port_get (port_of (&half.end), CHARFLOW_COM_PORT_RTS), ==, CHARFLOW_COM_PORT_ON);
  exchange (&half, BYTES ("a" SUB ("\x6b\x31") "b" SUB ("\x6a\xff\xff") "c"), "", 0, "a" MODEM "b" LINE "c");
  g_assert_cmphex (charflow_com_port_get_line_state (port_of (&half.end)), ==, 0xff);
  half_stop (&half);
}

/* What a server cannot make sense of is left alone, and what cannot be set is answered with what is. */
static void
test_malformed (void)
{
  Half half = { 0 };

  half_start (&half, CHARFLOW_TELNET_ROLE_SERVER);
  exchange (&half,
            BYTES (SUB ("") SUB ("\x01") SUB ("\x01\0\0\0") SUB ("\x01\0\0\0\0\0") SUB ("\x02") SUB ("\x02\x08\x08") SUB (
              "\x08x") SUB ("\x0c") SUB ("\x0c\0") SUB ("\x0c\x04") SUB ("\x0d\x01") SUB ("\x65\0\0\x25\x80") SUB (
              "\x66\x08") SUB ("\x6c") SUB ("\xff\xff\x01") SUB ("\x06\x01") SUB ("\x07\x01") SUB ("\x05\xff\xff") "ok"),
            "", 0, "ok");
  g_assert_cmpint (write_text (&half.end, "still"), ==, 5);
  test_stream_pair_hear (half.pair, BYTES ("still"));

  half.end.real_value = 8;
  exchange (&half, BYTES (SUB ("\x02\x04") SUB ("\x02\x09") SUB ("\x01\0\0\0\0")),
            BYTES (SUB ("\x66\x08") SUB ("\x66\x08") SUB ("\x65\0\0\0\x08")), "[1=0][1=0][0=0]");
  half_stop (&half);
}

static void
test_malformed_answers (void)
{
  Half half = { 0 };

  half_start (&half, CHARFLOW_TELNET_ROLE_CLIENT);
  exchange (&half,
            BYTES (SUB ("\x65\0\0\0") SUB ("\x65\0\0\0\0") SUB ("\x66\x04") SUB ("\x66\x09") SUB ("\x67\0") SUB (
              "\x67\x06") SUB ("\x68\x04") SUB ("\x69\x0d") SUB ("\x69\xff\xff") SUB ("\x6a") SUB ("\x6a\x01\x02") SUB (
              "\x02\x08") SUB ("\x6d\x6d") SUB ("\x08") SUB ("\x70\x01") "ok"),
            "", 0, "ok");
  for (guint item = 0; item < CHARFLOW_COM_PORT_N_ITEMS; item++)
    g_assert_cmpuint (charflow_com_port_get (port_of (&half.end), item), ==, 0);
  g_assert_cmpint (write_text (&half.end, "still"), ==, 5);
  half_stop (&half);
}

/* Nothing of it counts before the other side agreed. */
static void
test_not_agreed (void)
{
  g_autoptr (TestStreamPair) pair = test_stream_pair_new ();
  End end = { 0 };

  end_start (&end, pair->stream, CHARFLOW_TELNET_ROLE_SERVER, CHARFLOW_TELNET_FLAGS_COM_PORT);
  test_stream_pair_say (pair, BYTES (SUB ("\x08") SUB ("\x02\x08") "ok"));
  read_all (&end);
  assert_log (&end, "ok");
  g_assert_cmpint (write_text (&end, "x"), ==, 1);
  end_stop (&end);
}

/* A change that could not be told for want of room is told later. */
static void
test_no_room (void)
{
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  Half half = { 0 };

  half_start (&half, CHARFLOW_TELNET_ROLE_SERVER);
  test_stream_pair_narrow (half.pair);
  while (charflow_telnet_stream_send_break (half.end.stream, &error))
    g_byte_array_append (expected, (const guint8 *) "\xff\xf3", 2);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_false (charflow_telnet_stream_tell_modem_state (half.end.stream, CHARFLOW_COM_PORT_MODEM_CTS, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_stream_pair_hear (half.pair, expected->data, expected->len);

  g_assert_true (charflow_telnet_stream_tell_modem_state (half.end.stream, CHARFLOW_COM_PORT_MODEM_CTS, NULL));
  test_stream_pair_hear (half.pair, BYTES (SUB ("\x6b\x11")));
  half_stop (&half);
}

/* One way it is not there; the other way is still asked for. */
static void
test_half_refused (void)
{
  g_autoptr (TestStreamPair) pair = test_stream_pair_new ();
  End end = { 0 };

  end_start (&end, pair->stream, CHARFLOW_TELNET_ROLE_CLIENT, CHARFLOW_TELNET_FLAGS_COM_PORT);
  test_stream_pair_say (pair, BYTES ("\xff\xfc\x2c"));
  read_all (&end);
  assert_log (&end, "");
  test_stream_pair_say (pair, BYTES ("\xff\xfd\x2c"));
  read_all (&end);
  assert_log (&end, OPENED);
  end_stop (&end);
}

static void
test_end_of_suspension (void)
{
  Half half = { 0 };

  half_start (&half, CHARFLOW_TELNET_ROLE_SERVER);
  exchange (&half, BYTES (SUB ("\x08")), "", 0, "");
  g_assert_cmpint (write_text (&half.end, "x"), ==, -1);
  exchange (&half, BYTES ("\xff\xfc\x2c"), BYTES ("\xff\xfe\x2c"), REFUSED);
  g_assert_cmpint (write_text (&half.end, "x"), ==, 1);
  half_stop (&half);
}

/* A server that cannot set anything says so by what it answers. */
static void
test_no_callbacks (void)
{
  g_autoptr (CharflowComPort) port = charflow_com_port_new (CHARFLOW_TELNET_ROLE_SERVER, NULL, NULL);
  g_autoptr (GByteArray) replies = g_byte_array_new ();
  CharflowTelnetEvent event;

  charflow_com_port_remember (port, CHARFLOW_COM_PORT_BITS, 8);
  g_assert_false (charflow_com_port_receive (port, (const guint8 *) "\x02\x07", 2, replies, &event));
  g_assert_false (charflow_com_port_receive (port, (const guint8 *) "\x0c\x01", 2, replies, &event));
  g_assert_cmpmem (replies->data, replies->len, SUB ("\x66\x08") SUB ("\x70\x01"), 14);
}

static void
test_reentrancy (void)
{
  Half server = { 0 };
  Half client = { 0 };

  half_start (&server, CHARFLOW_TELNET_ROLE_SERVER);
  server.end.closes = TRUE;
  exchange (&server, BYTES (SUB ("\x02\x08") SUB ("\x02\x07")), "", 0, "[1=8]");
  half_stop (&server);

  half_start (&client, CHARFLOW_TELNET_ROLE_CLIENT);
  client.end.closes = TRUE;
  exchange (&client, BYTES (SUB ("\x66\x08") SUB ("\x66\x07")), "", 0, CHANGED);
  half_stop (&client);
}

static void
add (const char *path,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("/com-port/both-ends/set", test_set);
  add ("/com-port/both-ends/real-value", test_real_value);
  add ("/com-port/both-ends/states", test_states);
  add ("/com-port/both-ends/suspend", test_suspend);
  add ("/com-port/both-ends/purge", test_purge);
  add ("/com-port/both-ends/signature", test_signature);
  g_test_add_func ("/com-port/both-ends/refused", test_refused);
  g_test_add_func ("/com-port/server/wire", test_server_wire);
  g_test_add_func ("/com-port/server/malformed", test_malformed);
  g_test_add_func ("/com-port/server/not-agreed", test_not_agreed);
  g_test_add_func ("/com-port/server/end-of-suspension", test_end_of_suspension);
  g_test_add_func ("/com-port/server/no-callbacks", test_no_callbacks);
  g_test_add_func ("/com-port/server/no-room", test_no_room);
  g_test_add_func ("/com-port/client/half-refused", test_half_refused);
  g_test_add_func ("/com-port/client/wire", test_client_wire);
  g_test_add_func ("/com-port/client/malformed", test_malformed_answers);
  g_test_add_func ("/com-port/reentrancy/close", test_reentrancy);

  return g_test_run ();
}

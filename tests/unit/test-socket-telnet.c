/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-socket.h"

#include <string.h>

/* The bytes of a literal. */
#define BYTES(text) text, sizeof text - 1

#define SERVER_OPENING "\377\373\1\377\373\3\377\373\0\377\375\0"
#define RECORDS_OPENING "\377\375\31\377\373\31\377\375\0\377\373\0\377\375\30\377\372\30\1\377\360"

static void
say (GSocket    *peer,
     const char *data,
     gsize       size)
{
  g_assert_cmpint (g_socket_send (peer, data, size, NULL, NULL), ==, size);
}

static void
hear (GSocket    *peer,
      const char *data,
      gsize       size)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  char buffer[256];

  while (heard->len < size)
    {
      gssize len;

      test_wait_until ((len = g_socket_receive (peer, buffer, MIN (sizeof buffer, size - heard->len), NULL, NULL)) >= 0);
      g_assert_cmpint (len, >, 0);
      g_string_append_len (heard, buffer, len);
    }
  g_assert_cmpmem (heard->str, heard->len, data, size);
}

static CharflowBackend *
make_server (const char *more)
{
  g_autofree char *spec = g_strdup_printf ("socket,port=0,server=on,wait=off,%s", more);

  return test_socket_make_open (spec);
}

static void
test_opening (void)
{
  g_autoptr (CharflowBackend) telnet = make_server ("telnet=on");
  g_autoptr (CharflowBackend) tn3270 = make_server ("tn3270=on");
  g_autoptr (TestFrontEnd) at_telnet = test_front_end_new (telnet, 16);
  g_autoptr (TestFrontEnd) at_tn3270 = test_front_end_new (tn3270, 16);
  g_autoptr (GSocket) peer = test_socket_join (telnet);
  g_autoptr (GSocket) terminal = test_socket_join (tn3270);

  g_assert_true (test_socket_uri_has (telnet, "disconnected:telnet:"));
  g_assert_true (test_socket_uri_has (tn3270, "disconnected:tn3270:"));
  test_front_end_expect (at_telnet, "<O>");
  test_front_end_expect (at_tn3270, "<O>");
  g_assert_true (test_socket_uri_has (telnet, "telnet:127.0.0.1:"));
  hear (peer, BYTES (SERVER_OPENING));
  hear (terminal, BYTES (RECORDS_OPENING));
}

static void
test_data (void)
{
  g_autoptr (CharflowBackend) server = make_server ("telnet=on");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (server, 1);
  g_autoptr (GSocket) peer = test_socket_join (server);
  g_autoptr (GError) error = NULL;

  test_front_end_expect (front_end, "<O>");
  hear (peer, BYTES (SERVER_OPENING));
  say (peer, BYTES ("a\377\377b\377\361c\377\363d"));
  test_front_end_expect (front_end, "a\377bc<B>d");
  test_socket_write (server, "a\377b");
  hear (peer, BYTES ("a\377\377b"));
  g_assert_true (charflow_backend_send_break (server, 10, &error));
  g_assert_no_error (error);
  hear (peer, BYTES ("\377\363"));
}

/* One dies in the middle of a command: the next one starts anew. */
static void
test_next_peer (void)
{
  g_autoptr (CharflowBackend) server = make_server ("telnet=on");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (server, 16);
  g_autoptr (GSocket) first = test_socket_join (server);
  g_autoptr (GSocket) second = NULL;

  say (first, BYTES ("\377"));
  test_socket_leave (&first);
  test_front_end_expect (front_end, "<O><C>");
  second = test_socket_join (server);
  say (second, BYTES ("X"));
  test_front_end_expect (front_end, "<O>X");
}

static void
test_data_before_closed (void)
{
  g_autoptr (CharflowBackend) server = make_server ("telnet=on");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (server, 0);
  g_autoptr (GSocket) peer = test_socket_join (server);
  g_autofree char *data = g_strnfill (30000, 'x');
  g_autofree char *expected = g_strconcat (data, "<B><C>", NULL);

  test_front_end_expect (front_end, "<O>");
  hear (peer, BYTES (SERVER_OPENING));
  say (peer, data, strlen (data));
  say (peer, BYTES ("\377\363"));
  test_socket_leave (&peer);
  test_front_end_set_credit (front_end, 9);
  test_front_end_expect (front_end, expected);
}

/* While nobody reads: questions are answered, and the end is noticed. */
static void
test_nobody_reads (void)
{
  g_autoptr (CharflowBackend) server = make_server ("telnet=on");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (server, 0);
  g_autoptr (GSocket) peer = test_socket_join (server);

  test_front_end_expect (front_end, "<O>");
  hear (peer, BYTES (SERVER_OPENING));
  say (peer, BYTES ("\377\375\143"));
  hear (peer, BYTES ("\377\374\143"));
  test_socket_leave (&peer);
  test_front_end_expect (front_end, "<C>");
}

static void
test_records (void)
{
  g_autoptr (CharflowBackend) server = make_server ("tn3270=on");
  g_autoptr (GSocket) peer = test_socket_join (server);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) next = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) more = NULL;

  test_wait_until (charflow_backend_get_opened (server));
  hear (peer, BYTES (RECORDS_OPENING));
  say (peer, BYTES ("\377\373\31\377\375\31\377\373\0\377\375\0\377\373\30\377\372\30\0IBM-3278-2\377\360"));
  say (peer, BYTES ("re\377\377cord\377\357next\377\357"));
  charflow_backend_read_bytes_async (server, 65536, NULL, test_result_cb, &result);
  test_wait_until (result != NULL);
  bytes = charflow_backend_read_bytes_finish (server, result, NULL);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "re\377cord", 7);
  charflow_backend_read_bytes_async (server, 65536, NULL, test_result_cb, &next);
  test_wait_until (next != NULL);
  more = charflow_backend_read_bytes_finish (server, next, NULL);
  g_assert_cmpmem (g_bytes_get_data (more, NULL), g_bytes_get_size (more), "next", 4);
  test_socket_write (server, "o\377k");
  hear (peer, BYTES ("o\377\377k\377\357"));
}

/* A server with a serial line, and a client that sets it. */
typedef struct
{
  CharflowBackend *server;
  CharflowBackend *client;
  TestFrontEnd *at_server;
  TestFrontEnd *at_client;
  GString *requests;
  gboolean accepts;
} Line;

static char *
get_settings (CharflowBackend *backend)
{
  CharflowSerialSettings *settings = charflow_socket_backend_get_peer_settings (CHARFLOW_SOCKET_BACKEND (backend));

  return settings != NULL ? charflow_serial_settings_to_string (settings) : NULL;
}

static gboolean
has_settings (CharflowBackend *backend,
              const char      *text)
{
  g_autofree char *settings = get_settings (backend);

  return g_strcmp0 (settings, text) == 0;
}

static gboolean
requested_cb (CharflowSocketBackend  *backend,
              CharflowSerialSettings *settings,
              Line                   *line)
{
  g_autofree char *text = charflow_serial_settings_to_string (settings);

  g_string_append_printf (line->requests, "%s;", text);
  return line->accepts;
}

static void
line_set_up (Line         *line,
             gconstpointer unused)
{
  line->server = make_server ("rfc2217=on");
  line->client = test_socket_make_client (test_socket_get_port (line->server), ",rfc2217=on,reconnect=1");
  line->at_server = test_front_end_new (line->server, 4096);
  line->at_client = test_front_end_new (line->client, 4096);
  line->requests = g_string_new (NULL);
  line->accepts = TRUE;
  g_signal_connect (line->server, "settings-requested", G_CALLBACK (requested_cb), line);
}

static void
line_open (Line *line)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (line->client, &error));
  g_assert_no_error (error);
  test_front_end_expect (line->at_client, "<O>");
  test_front_end_expect (line->at_server, "<O>");
}

static void
line_tear_down (Line         *line,
                gconstpointer unused)
{
  test_front_end_free (line->at_client);
  test_front_end_free (line->at_server);
  g_assert_finalize_object (line->client);
  g_assert_finalize_object (line->server);
  g_string_free (line->requests, TRUE);
}

static CharflowSerialSettings *
new_settings (const char *text)
{
  g_autoptr (GError) error = NULL;
  CharflowSerialSettings *settings = charflow_serial_settings_new_from_string (text, &error);

  g_assert_no_error (error);
  return settings;
}

static void
set_settings (CharflowBackend *backend,
              const char      *text)
{
  g_autoptr (CharflowSerialSettings) settings = new_settings (text);
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_backend_set_serial_settings (backend, settings, &error));
  g_assert_no_error (error);
}

static void
test_settings (Line         *line,
               gconstpointer unused)
{
  g_autoptr (CharflowSerialSettings) first = new_settings ("9600 8N1");
  g_autoptr (CharflowSerialSettings) wanted = new_settings ("115200 7E2");
  g_autofree char *first_text = charflow_serial_settings_to_string (first);
  g_autofree char *wanted_text = charflow_serial_settings_to_string (wanted);

  line_open (line);
  test_wait_until (has_settings (line->client, first_text));
  g_assert_cmpstr (line->requests->str, ==, "");
  set_settings (line->client, "115200 7E2");
  test_wait_until (has_settings (line->client, wanted_text));
  g_assert_true (has_settings (line->server, wanted_text));
  g_assert_nonnull (strstr (line->requests->str, wanted_text));

  /* What is refused is told as it was. */
  line->accepts = FALSE;
  g_string_truncate (line->requests, 0);
  set_settings (line->client, "300 8N1");
  test_wait_until (line->requests->len > 0);
  test_socket_write (line->client, "x");
  test_front_end_expect (line->at_server, "x");
  test_socket_write (line->server, "y");
  test_front_end_expect (line->at_client, "y");
  g_assert_true (has_settings (line->server, wanted_text));
  g_assert_true (has_settings (line->client, wanted_text));

  charflow_backend_close (line->server);
  test_front_end_expect (line->at_client, "<C>");
  g_assert_null (charflow_socket_backend_get_peer_settings (CHARFLOW_SOCKET_BACKEND (line->client)));
}

/* What was wanted before there was a line holds on every one. */
static void
test_settings_return (Line         *line,
                      gconstpointer unused)
{
  g_autoptr (CharflowSerialSettings) wanted = new_settings ("19200 7E2");
  g_autofree char *text = charflow_serial_settings_to_string (wanted);

  g_assert_true (test_open_backend (line->client, NULL));
  set_settings (line->client, "19200 7E2");
  for (guint i = 0; i < 2; i++)
    {
      test_front_end_expect (line->at_client, "<O>");
      test_wait_until (has_settings (line->client, text));
      g_assert_true (has_settings (line->server, text));
      charflow_backend_drop_peer (line->server, NULL);
      test_front_end_expect (line->at_client, "<C>");
    }
}

static void
test_breaks (Line         *line,
             gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  line_open (line);
  test_wait_until (charflow_socket_backend_get_peer_settings (CHARFLOW_SOCKET_BACKEND (line->client)) != NULL);
  g_assert_true (charflow_backend_send_break (line->client, 20, &error));
  g_assert_no_error (error);
  test_front_end_expect (line->at_server, "<B>");
  g_assert_true (charflow_backend_send_break (line->server, 20, &error));
  test_front_end_expect (line->at_client, "<B>");
}

static void
test_modem_lines (Line         *line,
                  gconstpointer unused)
{
  const CharflowModemLines all_inputs = CHARFLOW_MODEM_LINES_CTS | CHARFLOW_MODEM_LINES_DSR | CHARFLOW_MODEM_LINES_DCD;
  const CharflowModemLines outputs = CHARFLOW_MODEM_LINES_DTR | CHARFLOW_MODEM_LINES_RTS;
  CharflowModemLines lines;
  g_autoptr (GError) error = NULL;

  line_open (line);
  test_wait_until (charflow_backend_get_modem_lines (line->client) == (all_inputs | outputs));
  g_assert_cmpuint (charflow_backend_get_modem_lines (line->server), ==, all_inputs | outputs);

  g_assert_true (charflow_backend_set_modem_lines (line->client, CHARFLOW_MODEM_LINES_RTS, &error));
  test_wait_until (charflow_backend_get_modem_lines (line->server) == (CHARFLOW_MODEM_LINES_CTS | outputs));
  test_wait_until (charflow_backend_get_modem_lines (line->client) == (all_inputs | CHARFLOW_MODEM_LINES_RTS));

  g_assert_true (charflow_backend_set_modem_lines (line->server, CHARFLOW_MODEM_LINES_DTR, &error));
  test_wait_until (charflow_backend_get_modem_lines (line->client) ==
                   (CHARFLOW_MODEM_LINES_DSR | CHARFLOW_MODEM_LINES_DCD | CHARFLOW_MODEM_LINES_RTS));
  g_assert_true (charflow_backend_query_modem_lines (line->server, &lines, &error));
  g_assert_cmpuint (lines, ==, CHARFLOW_MODEM_LINES_CTS | CHARFLOW_MODEM_LINES_DTR);
  charflow_backend_drop_peer (line->server, NULL);
  g_assert_cmpuint (charflow_backend_get_modem_lines (line->server), ==, 0);
}

static gboolean
close_cb (CharflowSocketBackend  *backend,
          CharflowSerialSettings *settings,
          gpointer                unused)
{
  charflow_backend_close (CHARFLOW_BACKEND (backend));
  return TRUE;
}

static void
test_close_in_request (Line         *line,
                       gconstpointer unused)
{
  g_signal_handlers_disconnect_by_data (line->server, line);
  g_signal_connect (line->server, "settings-requested", G_CALLBACK (close_cb), NULL);
  line_open (line);
  set_settings (line->client, "115200 7E2");
  test_front_end_expect (line->at_client, "<C>");
  g_assert_false (charflow_backend_get_active (line->server));
}

static void
drop_last_cb (CharflowBackend  *backend,
              CharflowEvent     event,
              CharflowBackend **last)
{
  if (event == CHARFLOW_EVENT_BREAK)
    g_clear_object (last);
}

/* From within the reading of the protocol, with nobody else about. */
static void
test_last_reference (void)
{
  CharflowBackend *server = make_server ("rfc2217=on");
  g_autoptr (GSocket) peer = test_socket_join (server);
  GWeakRef weak;

  g_weak_ref_init (&weak, server);
  g_signal_connect (server, "event", G_CALLBACK (drop_last_cb), &server);
  say (peer, BYTES ("\377\363data"));
  test_wait_until (server == NULL);
  g_assert_null (g_weak_ref_get (&weak));
  g_weak_ref_clear (&weak);
}

static void
test_no_line (void)
{
  g_autoptr (CharflowBackend) plain = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) telnet = make_server ("telnet=on");
  g_autoptr (CharflowSerialSettings) settings = new_settings ("9600 8N1");
  CharflowModemLines lines;
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_backend_set_serial_settings (plain, settings, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (charflow_backend_send_break (plain, 10, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (charflow_backend_set_serial_settings (telnet, settings, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (charflow_backend_query_modem_lines (telnet, &lines, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (charflow_backend_set_modem_lines (telnet, 0, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (charflow_backend_send_break (telnet, 10, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
}

/* The peer says that it has none. */
static void
test_line_refused (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), ",rfc2217=on");
  g_autoptr (CharflowSerialSettings) settings = new_settings ("9600 8N1");
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (client, &error));
  g_assert_true (charflow_backend_set_serial_settings (client, settings, &error));
  test_wait_until (charflow_backend_get_opened (server));
  g_assert_cmpint (charflow_backend_write (server, (const guint8 *) "\377\376\54", 3, NULL), ==, 3);
  test_wait_until (!charflow_backend_set_serial_settings (client, settings, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/socket-telnet/L1/opening", test_opening);
  g_test_add_func ("/socket-telnet/L2/data", test_data);
  g_test_add_func ("/socket-telnet/L6/next-peer-starts-anew", test_next_peer);
  g_test_add_func ("/socket-telnet/L8/records", test_records);
  g_test_add_func ("/socket-telnet/SV6/data-before-closed", test_data_before_closed);
  g_test_add_func ("/socket-telnet/SV7/nobody-reads", test_nobody_reads);
  g_test_add ("/socket-telnet/rfc2217/settings", Line, NULL, line_set_up, test_settings, line_tear_down);
  g_test_add ("/socket-telnet/rfc2217/settings-return", Line, NULL, line_set_up, test_settings_return, line_tear_down);
  g_test_add ("/socket-telnet/rfc2217/breaks", Line, NULL, line_set_up, test_breaks, line_tear_down);
  g_test_add ("/socket-telnet/rfc2217/modem-lines", Line, NULL, line_set_up, test_modem_lines, line_tear_down);
  g_test_add ("/socket-telnet/rfc2217/close-in-request", Line, NULL, line_set_up, test_close_in_request, line_tear_down);
  g_test_add_func ("/socket-telnet/rfc2217/last-reference", test_last_reference);
  g_test_add_func ("/socket-telnet/rfc2217/no-line", test_no_line);
  g_test_add_func ("/socket-telnet/rfc2217/refused", test_line_refused);

  return g_test_run ();
}

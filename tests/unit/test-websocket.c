/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charflow-websocket-handshake-private.h"
#include "test-certificate.h"
#include "test-wire.h"

#include <string.h>
#include <sys/socket.h>

/* A server that upgrades whoever comes, and clients of raw bytes or of libsoup. */

/* The key and its answer are those of RFC 6455, section 1.3. */
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ACCEPT "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define HOST "Host: localhost\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: binary\r\n"
#define REQUEST "GET / HTTP/1.1\r\n" HOST UPGRADE KEY VERSION PROTOCOL "\r\n"

/* Masked with zeros, so that the payload can be read; but the last one with 01 02 03 04. */
#define PING_HI "\x89\x82\0\0\0\0hi"
#define HELLO "\x82\x85\0\0\0\0hello"
#define CLOSE_1001 "\x88\x82\1\2\3\4\2\353"

#define TIMEOUT_MS 20000
#define MEBIBYTE (1024 * 1024)

typedef struct
{
  GSocketService *service;
  char *uri;
  guint timeout_ms;
  GCancellable *cancellable;

  /* The last connection, whose handshake is done when there is a websocket or an error. */
  GIOStream *connection;
  GIOStream *websocket;
  GError *error;
} Fixture;

static void
accepted_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Fixture *self = user_data;

  self->websocket = charflow_websocket_accept_finish (G_IO_STREAM (source), result, &self->error);
  g_assert_true ((self->websocket == NULL) != (self->error == NULL));
}

static void
accept_on (Fixture   *self,
           GIOStream *connection)
{
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GSocketAddress) remote = NULL;

  g_clear_object (&self->websocket);
  g_clear_error (&self->error);
  g_set_object (&self->connection, connection);
  if (G_IS_SOCKET_CONNECTION (connection))
    {
      local = g_socket_connection_get_local_address (G_SOCKET_CONNECTION (connection), NULL);
      remote = g_socket_connection_get_remote_address (G_SOCKET_CONNECTION (connection), NULL);
    }
  charflow_websocket_accept_async (connection, local, remote, NULL, NULL, self->timeout_ms, self->cancellable, accepted_cb,
                                   self);
}

static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             Fixture           *self)
{
  accept_on (self, G_IO_STREAM (connection));
  return TRUE;
}

static void
set_up (Fixture      *self,
        gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  guint16 port;

  self->service = g_socket_service_new ();
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (self->service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), self);
  self->uri = g_strdup_printf ("spice://127.0.0.1:%u", port);
  self->timeout_ms = TIMEOUT_MS;
}

/* The connection ends when nobody has it any more, after it was given time for its last words. */
static void
tear_down (Fixture      *self,
           gconstpointer unused)
{
  gpointer connection = self->connection;

  if (connection != NULL)
    g_object_add_weak_pointer (connection, &connection);
  g_clear_object (&self->websocket);
  g_clear_object (&self->connection);
  test_wait_until (connection == NULL);
  g_clear_error (&self->error);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  test_wire_settle ();
  g_object_unref (self->service);
  g_clear_object (&self->cancellable);
  g_free (self->uri);
}

static GIOStream *
start_client (Fixture    *self,
              const char *request,
              gsize       size)
{
  GIOStream *client = test_wire_connect (self->uri);

  g_clear_object (&self->connection);
  test_wait_until (self->connection != NULL);
  test_wire_write (client, request, size);
  return client;
}

static void
wait_for_end (Fixture *self)
{
  test_wait_until (self->websocket != NULL || self->error != NULL);
}

/* The head of what the server answers, with the empty line that ends it. */
static char *
read_head (GIOStream *client)
{
  g_autoptr (GString) head = g_string_new (NULL);

  while (strstr (head->str, "\r\n\r\n") == NULL)
    {
      g_autoptr (GBytes) byte = test_wire_read (client, 1);

      g_string_append_len (head, g_bytes_get_data (byte, NULL), 1);
    }

  return g_string_free (g_steal_pointer (&head), FALSE);
}

static void
expect_head (GIOStream  *client,
             const char *status)
{
  g_autofree char *head = read_head (client);
  g_autofree char *line = g_strdup_printf ("HTTP/1.1 %s\r\n", status);

  g_assert_true (g_str_has_prefix (head, line));
}

static void
assert_bytes (GBytes     *bytes,
              const char *wanted,
              gsize       size)
{
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), wanted, size);
}

static void
expect_bytes (GIOStream  *stream,
              const char *wanted,
              gsize       size)
{
  g_autoptr (GBytes) found = test_wire_read (stream, size);

  assert_bytes (found, wanted, size);
}

static void
expect_end (GIOStream *stream)
{
  g_autoptr (GBytes) rest = test_wire_read_to_end (stream);

  g_assert_cmpuint (g_bytes_get_size (rest), ==, 0);
}

/* An upgraded connection, from the client's side. */
static GIOStream *
upgrade (Fixture *self)
{
  GIOStream *client = start_client (self, REQUEST, strlen (REQUEST));

  expect_head (client, "101 Switching Protocols");
  wait_for_end (self);
  g_assert_no_error (self->error);
  return client;
}

static void
test_session (Fixture      *self,
              gconstpointer unused)
{
  g_autoptr (GIOStream) client = start_client (self, REQUEST, strlen (REQUEST));
  g_autofree char *head = read_head (client);

  g_assert_true (g_str_has_prefix (head, "HTTP/1.1 101 Switching Protocols\r\n"));
  g_assert_nonnull (strstr (head, ACCEPT));
  g_assert_nonnull (strstr (head, "\r\nUpgrade: websocket\r\n"));
  g_assert_nonnull (strstr (head, "\r\nConnection: Upgrade\r\n"));
  g_assert_nonnull (strstr (head, "\r\n" PROTOCOL));
  wait_for_end (self);
  g_assert_no_error (self->error);

  test_wire_write (client, PING_HI, sizeof PING_HI - 1);
  test_wire_write (client, HELLO, sizeof HELLO - 1);
  expect_bytes (self->websocket, "hello", 5);
  expect_bytes (client, "\x8a\2hi", 4);
  test_wire_write (self->websocket, "world", 5);
  expect_bytes (client, "\x82\5world", 7);

  test_wire_write (client, CLOSE_1001, sizeof CLOSE_1001 - 1);
  expect_end (self->websocket);
  expect_bytes (client, "\x88\2\3\351", 4);
  g_io_stream_close (self->websocket, NULL, NULL);
  expect_end (client);
}

typedef struct
{
  const char *name;
  const char *request;
  const char *status;
  GIOErrorEnum code;
  const char *message; /* a part of it */
} Refusal;

#define GET "GET / HTTP/1.1\r\n"

static const Refusal refusals[] = {
  { "path", "GET /other HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n", "404", G_IO_ERROR_NOT_FOUND,
    "'/other' and not for '/'" },
  { "key-missing", GET HOST UPGRADE VERSION "\r\n", "400", G_IO_ERROR_INVALID_DATA, "key" },
  { "key-short", GET HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n", "400",
    G_IO_ERROR_INVALID_DATA, "key" },
  { "version-8", GET HOST UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", "400", G_IO_ERROR_INVALID_DATA, "version" },
  { "version-missing", GET HOST UPGRADE KEY "\r\n", "400", G_IO_ERROR_INVALID_DATA, "version" },
  { "no-upgrade", GET HOST "Connection: close\r\n\r\n", "400", G_IO_ERROR_INVALID_DATA, "WebSocket" },
  { "method", "POST / HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n", "400", G_IO_ERROR_INVALID_DATA, "WebSocket" },
  { "http-1.0", "GET / HTTP/1.0\r\n" HOST UPGRADE KEY VERSION "\r\n", "400", G_IO_ERROR_INVALID_DATA, "HTTP 1.1" },
  { "http-1.0-without-host", "GET / HTTP/1.0\r\n\r\n", "400", G_IO_ERROR_INVALID_DATA, "HTTP 1.1" },
  { "host-missing", GET UPGRADE KEY VERSION "\r\n", "400", G_IO_ERROR_INVALID_DATA, "400" },
  { "http-2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", G_IO_ERROR_INVALID_DATA, "505" },
  { "empty-line-first", "\r\n\r\n", "400", G_IO_ERROR_INVALID_DATA, "Byte 0 " },
  { "tls", "\x16\3\1", "400", G_IO_ERROR_INVALID_DATA, "Byte 0 " },
  { "line-feed-alone", GET HOST "X: x\n\r\n", "400", G_IO_ERROR_INVALID_DATA, "Byte 37 " },
  { "carriage-return-alone", GET "X: x\rHost: a\r\n\r\n", "400", G_IO_ERROR_INVALID_DATA, "Byte 21 " },
  { "control-character", GET "X: \1\r\n\r\n", "400", G_IO_ERROR_INVALID_DATA, "Byte 19 " },
  { "length", GET HOST UPGRADE KEY VERSION "content-length: 5\r\n\r\nhello", "400",
    G_IO_ERROR_INVALID_DATA, "body" },
  { "chunked", GET HOST UPGRADE KEY VERSION "Transfer-Encoding: chunked\r\n\r\n", "400",
    G_IO_ERROR_INVALID_DATA, "body" },
  { "no-http", "REDQ\r\n\r\n", "400", G_IO_ERROR_INVALID_DATA, "400" },
  { "protocol-other", GET HOST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: base64\r\n\r\n", "400",
    G_IO_ERROR_INVALID_DATA, "subprotocol" },
  { "protocol-part-of-name", GET HOST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: binary2, xbinary\r\n\r\n", "400",
    G_IO_ERROR_INVALID_DATA, "subprotocol" },
};

static void
test_refusal (Fixture      *self,
              gconstpointer data)
{
  const Refusal *refusal = data;
  g_autoptr (GIOStream) client = start_client (self, refusal->request, strlen (refusal->request));
  g_autofree char *head = read_head (client);
  g_autoptr (GBytes) body = NULL;

  g_assert_true (g_str_has_prefix (strchr (head, ' ') + 1, refusal->status));
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, (int) refusal->code);
  g_assert_nonnull (strstr (self->error->message, refusal->message));
  if (strstr (self->error->message, "WebSocket request is not right") != NULL)
    g_assert_nonnull (strstr (head, "\r\nSec-WebSocket-Version: 13\r\n"));
  body = test_wire_read_to_end (client);
}

/* The server reads no more than so much. */
static void
test_size (Fixture      *self,
           gconstpointer data)
{
  gsize size = GPOINTER_TO_SIZE (data);
  const char *begin = GET HOST UPGRADE KEY VERSION "X-Filler: ";
  g_autoptr (GString) request = g_string_new (begin);
  g_autoptr (GIOStream) client = NULL;

  while (request->len < size - 4)
    g_string_append_c (request, 'x');
  g_string_append (request, "\r\n\r\n");
  client = start_client (self, request->str, request->len);
  if (size <= 4096)
    {
      expect_head (client, "101 Switching Protocols");
      wait_for_end (self);
      g_assert_no_error (self->error);
      return;
    }

  expect_head (client, "431 Request Header Fields Too Large");
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  expect_end (client);
}

/* The rest of it, which is not read, does not keep the peer from its answer. */
static void
test_endless (Fixture      *self,
              gconstpointer data)
{
  const char *begin = data;
  g_autoptr (GString) request = g_string_new (begin);
  g_autoptr (GIOStream) client = NULL;

  while (request->len < 100000)
    g_string_append_c (request, 'y');
  client = start_client (self, request->str, request->len);
  expect_head (client, "431 Request Header Fields Too Large");
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
}

static void
test_no_protocol (Fixture      *self,
                  gconstpointer unused)
{
  const char *request = GET HOST UPGRADE KEY VERSION "\r\n";
  g_autoptr (GIOStream) client = start_client (self, request, strlen (request));
  g_autofree char *head = read_head (client);

  g_assert_null (strstr (head, "Sec-WebSocket-Protocol"));
  wait_for_end (self);
  g_assert_no_error (self->error);
}

static void
test_protocol_list (Fixture      *self,
                    gconstpointer unused)
{
  const char *request = GET HOST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: base64, binary\r\n"
                        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
  g_autoptr (GIOStream) client = start_client (self, request, strlen (request));
  g_autofree char *head = read_head (client);

  g_assert_nonnull (strstr (head, "\r\n" PROTOCOL));
  g_assert_null (strstr (head, "Extensions"));
  wait_for_end (self);
  g_assert_no_error (self->error);
}

static void
test_splits (Fixture      *self,
             gconstpointer unused)
{
  const char all[] = REQUEST PING_HI HELLO;
  const gsize size = sizeof all - 1;

  for (gsize i = 1; i < size; i++)
    {
      g_autoptr (GIOStream) client = start_client (self, all, i);

      test_wire_settle ();
      test_wire_write (client, all + i, size - i);
      expect_head (client, "101 Switching Protocols");
      wait_for_end (self);
      expect_bytes (self->websocket, "hello", 5);
      expect_bytes (client, "\x8a\2hi", 4);
    }
}

static void
test_single_bytes (Fixture      *self,
                   gconstpointer unused)
{
  const char all[] = REQUEST HELLO;
  g_autoptr (GIOStream) client = start_client (self, all, 1);

  for (gsize i = 1; i < sizeof all - 1; i++)
    {
      test_wire_settle ();
      test_wire_write (client, all + i, 1);
    }
  wait_for_end (self);
  expect_bytes (self->websocket, "hello", 5);
}

/* A peer need not wait for the answer. */
static void
test_early_frames (Fixture      *self,
                   gconstpointer unused)
{
  g_autoptr (GString) all = g_string_new (REQUEST);
  g_autoptr (GIOStream) client = NULL;

  for (guint i = 0; i < 3000; i++)
    g_string_append_len (all, HELLO, sizeof HELLO - 1);
  client = start_client (self, all->str, all->len);
  wait_for_end (self);
  g_assert_no_error (self->error);
  for (guint i = 0; i < 3000; i++)
    expect_bytes (self->websocket, "hello", 5);
}

/* A peer that goes in the middle of it leaves nothing behind, which tear_down() would wait for. */
static void
test_leaves (Fixture      *self,
             gconstpointer is_reset)
{
  for (gsize i = 0; i < strlen (REQUEST); i++)
    {
      g_autoptr (GIOStream) client = start_client (self, REQUEST, i);
      const struct linger now = { .l_onoff = 1 };

      test_wire_settle ();
      if (is_reset != NULL)
        setsockopt (g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (client))), SOL_SOCKET, SO_LINGER,
                    &now, sizeof now);
      g_io_stream_close (client, NULL, NULL);
      wait_for_end (self);
      if (is_reset == NULL)
        g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      g_assert_nonnull (self->error);
    }
}

static void
test_half_request (Fixture      *self,
                   gconstpointer unused)
{
  const char *request = GET HOST UPGRADE KEY VERSION;
  g_autoptr (GIOStream) client = start_client (self, request, strlen (request));

  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (client)), FALSE, TRUE, NULL);
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  expect_end (client);
}

/* The connection ends between the request and its answer. */
static void
test_deaf (Fixture      *self,
           gconstpointer unused)
{
  g_autoptr (GIOStream) client = NULL;
  g_autoptr (GIOStream) server = NULL;

  test_wire_pair (&client, &server);
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (client)), TRUE, FALSE, NULL);
  accept_on (self, server);
  test_wire_write (client, REQUEST, strlen (REQUEST));
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
test_silent (Fixture      *self,
             gconstpointer unused)
{
  g_autoptr (GIOStream) client = NULL;

  self->timeout_ms = 50;
  client = start_client (self, "", 0);
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  expect_head (client, "408 Request Timeout");
  expect_end (client);
}

static gboolean
drip_cb (gpointer client)
{
  g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (client)), "x", 1,
                                              NULL, NULL);
  return G_SOURCE_CONTINUE;
}

/* The time counts from the first byte, and not from the last one. */
static void
test_slow (Fixture      *self,
           gconstpointer unused)
{
  g_autoptr (GIOStream) client = NULL;
  guint drip;

  self->timeout_ms = 200;
  client = start_client (self, GET "X: ", strlen (GET "X: "));
  drip = g_timeout_add (20, drip_cb, client);
  wait_for_end (self);
  g_source_remove (drip);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  expect_head (client, "408 Request Timeout");
}

static void
test_cancelled (Fixture      *self,
                gconstpointer unused)
{
  g_autoptr (GIOStream) client = NULL;

  self->cancellable = g_cancellable_new ();
  client = start_client (self, GET, strlen (GET));
  test_wire_settle ();
  g_cancellable_cancel (self->cancellable);
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  expect_end (client);
}

static void
test_cancelled_before (Fixture      *self,
                       gconstpointer unused)
{
  g_autoptr (GIOStream) client = NULL;

  self->cancellable = g_cancellable_new ();
  g_cancellable_cancel (self->cancellable);
  client = start_client (self, REQUEST, strlen (REQUEST));
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Its context is the thread's default one at the call, and no other. */
static void
test_context (Fixture      *self,
              gconstpointer unused)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GIOStream) client = NULL;
  g_autoptr (GIOStream) server = NULL;

  test_wire_pair (&client, &server);
  g_main_context_push_thread_default (context);
  accept_on (self, server);
  g_main_context_pop_thread_default (context);
  test_wire_write (client, REQUEST HELLO, sizeof REQUEST + sizeof HELLO - 2);
  test_wire_settle ();
  g_assert_null (self->websocket);

  while (self->websocket == NULL)
    g_main_context_iteration (context, TRUE);
  expect_head (client, "101 Switching Protocols");
  expect_bytes (self->websocket, "hello", 5);

  g_main_context_push_thread_default (context);
  g_io_stream_close (self->websocket, NULL, NULL);
  g_clear_object (&client);
  while (!g_io_stream_is_closed (server))
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
}

/* libsoup asks the address of a connection for its host when a request names none. */
static void
test_unix_socket (Fixture      *self,
                  gconstpointer unused)
{
  const char *request = "GET / HTTP/1.0\r\n\r\n";
  g_autoptr (GIOStream) client = NULL;
  g_autoptr (GIOStream) server = NULL;

  test_wire_pair (&client, &server);
  accept_on (self, server);
  test_wire_write (client, request, strlen (request));
  wait_for_end (self);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static GBytes *
make_frame (const char *header_hex,
            gsize       size)
{
  g_autoptr (GBytes) header = test_wire_from_hex (header_hex);
  GByteArray *frame = g_byte_array_new ();
  gsize header_size;
  const guint8 *data = g_bytes_get_data (header, &header_size);

  g_byte_array_append (frame, data, (guint) header_size);
  g_byte_array_set_size (frame, (guint) (header_size + size));
  for (gsize i = 0; i < size; i++)
    frame->data[header_size + i] = (guint8) (i * 7 + i / 256);
  return g_byte_array_free_to_bytes (frame);
}

/* Writes the frame over and over as long as any of it is taken. Returns how much was. */
static gsize
write_until_blocked (GIOStream *client,
                     GBytes    *frame)
{
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (client));
  gsize size;
  const guint8 *data = g_bytes_get_data (frame, &size);
  gsize total = 0;
  guint n_blocked = 0;

  /* What is in the kernel has had its time when nothing moved in many turns. */
  while (n_blocked < 100)
    {
      g_autoptr (GError) error = NULL;
      gsize offset = total % size;
      gssize n = g_pollable_output_stream_write_nonblocking (output, data + offset, size - offset, NULL, &error);

      g_assert_cmpuint (total, <, 64 * MEBIBYTE);
      test_wire_settle ();
      if (n > 0)
        total += n;
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      n_blocked = n > 0 ? 0 : n_blocked + 1;
    }

  return total;
}

static void
test_pause_input (Fixture      *self,
                  gconstpointer unused)
{
  g_autoptr (GIOStream) client = upgrade (self);
  g_autoptr (GBytes) frame = make_frame ("82 fe ffff 00000000", 65535);
  const guint8 *payload = (const guint8 *) g_bytes_get_data (frame, NULL) + 8;
  gsize taken = write_until_blocked (client, frame);
  gsize n_whole = taken / g_bytes_get_size (frame);

  /* All of it is there when it is read at last. */
  g_assert_cmpuint (n_whole, >, 0);
  for (gsize i = 0; i < n_whole; i++)
    expect_bytes (self->websocket, (const char *) payload, 65535);
}

static void
test_pause_output (Fixture      *self,
                   gconstpointer unused)
{
  g_autoptr (GIOStream) client = upgrade (self);
  g_autoptr (GBytes) data = make_frame ("", 65536);
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->websocket));
  guint n_written = 0;

  while (g_pollable_output_stream_write_nonblocking (output, g_bytes_get_data (data, NULL), 65536, NULL,
                                                     &self->error) == 65536)
    {
      n_written++;
      g_assert_cmpuint (n_written, <, 1024);
      test_wire_settle ();
    }
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_false (g_pollable_output_stream_is_writable (output));

  /* And goes on where it stopped. */
  for (guint i = 0; i < n_written; i++)
    {
      expect_bytes (client, "\x82\x7f\0\0\0\0\0\1\0\0", 10);
      expect_bytes (client, g_bytes_get_data (data, NULL), 65536);
    }
  test_wait_until (g_pollable_output_stream_is_writable (output));
}

static gboolean
discard_cb (GObject *input,
            gpointer unused)
{
  char buffer[1000];

  g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer, sizeof buffer, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

/* Has the kernel hold little of what the server sends. */
static void
narrow (Fixture   *self,
        GIOStream *client)
{
  g_socket_set_option (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->connection)), SOL_SOCKET, SO_SNDBUF, 4096,
                       NULL);
  g_socket_set_option (g_socket_connection_get_socket (G_SOCKET_CONNECTION (client)), SOL_SOCKET, SO_RCVBUF, 4096, NULL);
}

static GBytes *
repeat (const char *text,
        gsize       size,
        guint       n)
{
  GByteArray *bytes = g_byte_array_new ();

  while (n-- > 0)
    g_byte_array_append (bytes, (const guint8 *) text, (guint) size);
  return g_byte_array_free_to_bytes (bytes);
}

/* Who reads no pongs is not read either, even where everything is. */
static void
test_ping_flood (Fixture      *self,
                 gconstpointer unused)
{
  g_autoptr (GIOStream) client = upgrade (self);
  g_autoptr (GBytes) pings = repeat (PING_HI, sizeof PING_HI - 1, 1024);
  g_autoptr (GBytes) pongs = repeat ("\x8a\2hi", 4, 1024);
  g_autoptr (GSource) source =
    g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->websocket)), NULL);
  gsize taken;

  narrow (self, client);
  g_source_set_callback (source, G_SOURCE_FUNC (discard_cb), NULL, NULL);
  g_source_attach (source, NULL);
  taken = write_until_blocked (client, pings);
  g_assert_cmpuint (taken, >=, g_bytes_get_size (pings));
  expect_bytes (client, g_bytes_get_data (pongs, NULL), g_bytes_get_size (pongs));
  g_source_destroy (source);
}

static void
test_one_byte_reads (Fixture      *self,
                     gconstpointer unused)
{
  g_autoptr (GIOStream) client = upgrade (self);

  test_wire_write (client, HELLO, sizeof HELLO - 1);
  test_wire_settle ();
  for (guint i = 0; i < 5; i++)
    expect_bytes (self->websocket, &"hello"[i], 1);
}

/* The peer is told what it did wrong, even while it goes on sending. */
static void
test_fault_told (Fixture      *self,
                 gconstpointer unused)
{
  g_autoptr (GIOStream) client = upgrade (self);
  g_autoptr (GBytes) said = NULL;
  char buffer[10];
  const guint8 *data;

  test_wire_write (client, HELLO "\x81\x85\0\0\0\0hello" HELLO HELLO, 4 * (sizeof HELLO - 1));
  expect_bytes (self->websocket, "hello", 5);
  test_wait_until (g_pollable_input_stream_read_nonblocking (
                     G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->websocket)), buffer, sizeof buffer, NULL,
                     self->error == NULL ? &self->error : NULL) < 0 &&
                   self->error != NULL);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  test_wire_write (client, HELLO, sizeof HELLO - 1);
  g_io_stream_close (self->websocket, NULL, NULL);

  said = test_wire_read_to_end (client);
  data = g_bytes_get_data (said, NULL);
  g_assert_cmpuint (data[0], ==, 0x88);
  g_assert_cmpuint (g_bytes_get_size (said), ==, 2u + data[1]);
  g_assert_cmpuint (data[2] << 8 | data[3], ==, 1003);
}

/* A peer that does not answer our close does not keep the connection. */
static void
test_close_unanswered (Fixture      *self,
                       gconstpointer unused)
{
  g_autoptr (GIOStream) client = upgrade (self);

  g_io_stream_close (self->websocket, NULL, NULL);
  expect_bytes (client, "\x88\x08\3\350closed", 10);
  test_wait_until (g_io_stream_is_closed (self->connection));
}

static gboolean
accept_certificate_cb (GTlsConnection      *connection,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       gpointer             unused)
{
  return TRUE;
}

/* A client whose connection is within TLS, as the server's is. */
static GIOStream *
start_tls_client (Fixture    *self,
                  const char *request,
                  gsize       size)
{
  g_autoptr (GTlsCertificate) certificate = test_certificate_new ();
  g_autoptr (GIOStream) client_base = NULL;
  g_autoptr (GIOStream) server_base = NULL;
  g_autoptr (GIOStream) server = NULL;
  g_autoptr (GError) error = NULL;
  GIOStream *client;

  test_wire_pair (&client_base, &server_base);
  server = g_tls_server_connection_new (server_base, certificate, &error);
  g_assert_no_error (error);
  client = g_tls_client_connection_new (client_base, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (client, "accept-certificate", G_CALLBACK (accept_certificate_cb), NULL);
  accept_on (self, server);
  test_wire_write (client, request, size);
  return client;
}

static void
test_tls_session (Fixture      *self,
                  gconstpointer unused)
{
  g_autoptr (GIOStream) client = start_tls_client (self, REQUEST HELLO, sizeof REQUEST + sizeof HELLO - 2);

  expect_head (client, "101 Switching Protocols");
  wait_for_end (self);
  g_assert_no_error (self->error);
  expect_bytes (self->websocket, "hello", 5);
  test_wire_write (self->websocket, "world", 5);
  expect_bytes (client, "\x82\5world", 7);

  /* The client is not kept waiting for the end. */
  g_io_stream_close (self->websocket, NULL, NULL);
  expect_bytes (client, "\x88\x08\3\350closed", 10);
  expect_end (client);
  g_assert_false (g_io_stream_is_closed (self->connection));
}

static void
test_tls_refusal (Fixture      *self,
                  gconstpointer unused)
{
  const char *request = "GET /other HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n";
  g_autoptr (GIOStream) client = start_tls_client (self, request, strlen (request));
  g_autoptr (GBytes) body = NULL;

  expect_head (client, "404 Not Found");
  body = test_wire_read_to_end (client);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* libsoup as the client, which is what a browser is to us. */

typedef struct
{
  SoupWebsocketConnection *connection;
  GByteArray *received;
  gboolean is_closed;
} Browser;

static void
message_cb (SoupWebsocketConnection *connection,
            int                      type,
            GBytes                  *message,
            Browser                 *browser)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);

  g_assert_cmpint (type, ==, SOUP_WEBSOCKET_DATA_BINARY);
  g_byte_array_append (browser->received, data, (guint) size);
}

static void
closed_cb (SoupWebsocketConnection *connection,
           Browser                 *browser)
{
  browser->is_closed = TRUE;
}

static void
browser_open (Browser *browser,
              Fixture *self)
{
  g_autoptr (SoupSession) session = soup_session_new_with_options ("proxy-resolver", NULL, NULL);
  g_autofree char *uri = g_strconcat ("ws", strchr (self->uri, ':'), "/", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  const char *protocols[] = { "binary", NULL };

  soup_session_websocket_connect_async (session, message, NULL, (char **) protocols, G_PRIORITY_DEFAULT, NULL,
                                        test_wire_result_cb, &result);
  test_wait_until (result != NULL);
  browser->connection = soup_session_websocket_connect_finish (session, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (soup_websocket_connection_get_protocol (browser->connection), ==, "binary");
  browser->received = g_byte_array_new ();
  g_signal_connect (browser->connection, "message", G_CALLBACK (message_cb), browser);
  g_signal_connect (browser->connection, "closed", G_CALLBACK (closed_cb), browser);
  wait_for_end (self);
  g_assert_no_error (self->error);
}

static void
browser_clear (Browser *browser)
{
  g_signal_handlers_disconnect_by_data (browser->connection, browser);
  g_clear_object (&browser->connection);
  g_byte_array_unref (browser->received);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Browser, browser_clear)

static void
test_browser_echo (Fixture      *self,
                   gconstpointer unused)
{
  g_autoptr (GBytes) data = make_frame ("", MEBIBYTE);
  g_auto (Browser) browser = { NULL };
  g_autoptr (GBytes) heard = NULL;

  browser_open (&browser, self);
  soup_websocket_connection_send_message (browser.connection, SOUP_WEBSOCKET_DATA_BINARY, data);
  heard = test_wire_read (self->websocket, MEBIBYTE);
  g_assert_true (g_bytes_equal (heard, data));

  test_wire_write_bytes (self->websocket, heard);
  test_wait_until (browser.received->len == MEBIBYTE);
  assert_bytes (data, (const char *) browser.received->data, MEBIBYTE);
}

static void
test_browser_closes (Fixture      *self,
                     gconstpointer unused)
{
  g_auto (Browser) browser = { NULL };

  browser_open (&browser, self);
  soup_websocket_connection_send_binary (browser.connection, "bye", 3);
  soup_websocket_connection_close (browser.connection, 4321, "done");
  expect_bytes (self->websocket, "bye", 3);
  expect_end (self->websocket);
  g_io_stream_close (self->websocket, NULL, NULL);
  test_wait_until (browser.is_closed);
  g_assert_cmpuint (soup_websocket_connection_get_close_code (browser.connection), ==, 4321);
}

static void
test_browser_is_closed (Fixture      *self,
                        gconstpointer unused)
{
  g_auto (Browser) browser = { NULL };

  browser_open (&browser, self);
  test_wire_write (self->websocket, "bye", 3);
  g_io_stream_close (self->websocket, NULL, NULL);
  test_wait_until (browser.is_closed);
  g_assert_cmpuint (soup_websocket_connection_get_close_code (browser.connection), ==, 1000);
  g_assert_cmpstr (soup_websocket_connection_get_close_data (browser.connection), ==, "closed");
  g_assert_cmpmem (browser.received->data, browser.received->len, "bye", 3);
}

static void
test_browser_text (Fixture      *self,
                   gconstpointer unused)
{
  g_auto (Browser) browser = { NULL };
  char buffer[10];
  GPollableInputStream *input;

  browser_open (&browser, self);
  input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->websocket));
  soup_websocket_connection_send_text (browser.connection, "hello");
  test_wait_until (g_pollable_input_stream_is_readable (input));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL, &self->error), ==, -1);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_io_stream_close (self->websocket, NULL, NULL);
  test_wait_until (browser.is_closed);
  g_assert_cmpuint (soup_websocket_connection_get_close_code (browser.connection), ==, 1003);
}

/* A server of libsoup's own, with a page beside the WebSocket. */

static void
page_cb (SoupServer        *server,
         SoupServerMessage *message,
         const char        *path,
         GHashTable        *query,
         gpointer           unused)
{
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, "a page", 6);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

typedef struct
{
  Fixture *fixture;
  CharflowHttpStream *connection;
  guint n_destroyed;
} Shared;

static void
destroyed_cb (gpointer user_data)
{
  Shared *shared = user_data;

  shared->n_destroyed++;
}

static void
keep_cb (GIOStream *stream,
                gpointer   user_data)
{
  Shared *shared = user_data;

  shared->fixture->websocket = g_object_ref (stream);
}

static void
socket_cb (SoupServer        *server,
           SoupServerMessage *message,
           const char        *path,
           GHashTable        *query,
           gpointer           user_data)
{
  Shared *shared = user_data;
  static const char *const protocols[] = { "binary", NULL };

  charflow_websocket_upgrade (message, shared->connection, protocols, keep_cb, shared, destroyed_cb,
                              &shared->fixture->error);
}

static GIOStream *
visit (Shared     *shared,
       SoupServer *server,
       const char *request,
       gsize       size)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GIOStream) end = NULL;
  GIOStream *client;

  test_wire_pair (&client, &end);
  g_clear_object (&shared->connection);
  shared->connection = charflow_http_stream_new (end);
  test_wire_write (client, request, size);
  g_assert_true (soup_server_accept_iostream (server, G_IO_STREAM (shared->connection), address, address, NULL));
  return client;
}

static void
test_shared_server (Fixture      *self,
                    gconstpointer unused)
{
  const char page[] = "GET /page HTTP/1.1\r\n" HOST "\r\n";
  const char wrong[] = "GET /socket HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n";
  const char right[] = "GET /socket HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n" HELLO;
  Shared shared = { .fixture = self };
  g_autoptr (SoupServer) server = g_object_new (SOUP_TYPE_SERVER, NULL);
  g_autoptr (GIOStream) reader = NULL;
  g_autoptr (GIOStream) fool = NULL;
  g_autoptr (GIOStream) client = NULL;

  soup_server_add_handler (server, "/page", page_cb, NULL, NULL);
  soup_server_add_handler (server, "/socket", socket_cb, &shared, NULL);

  reader = visit (&shared, server, page, sizeof page - 1);
  expect_head (reader, "200 OK");
  expect_bytes (reader, "a page", 6);

  fool = visit (&shared, server, wrong, sizeof wrong - 1);
  expect_head (fool, "400 Bad Request");
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&self->error);
  g_assert_cmpuint (shared.n_destroyed, ==, 1);

  client = visit (&shared, server, right, sizeof right - 1);
  expect_head (client, "101 Switching Protocols");
  test_wait_until (self->websocket != NULL);
  g_clear_object (&shared.connection);
  g_clear_object (&server);
  expect_bytes (self->websocket, "hello", 5);
  test_wire_write (self->websocket, "world", 5);
  expect_bytes (client, "\x82\5world", 7);
  g_assert_cmpuint (shared.n_destroyed, ==, 2);
}

#define ADD(path, function, data) g_test_add ("/websocket/" path, Fixture, data, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("W1/handshake-ping-binary-close", test_session, NULL);
  ADD ("W1/splits", test_splits, NULL);
  ADD ("W1/single-bytes", test_single_bytes, NULL);
  ADD ("W1/early-frames", test_early_frames, NULL);
  ADD ("W1/protocol/none", test_no_protocol, NULL);
  ADD ("W1/protocol/in-list-and-no-extension", test_protocol_list, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strconcat ("/websocket/W2/", refusals[i].name, NULL);

      g_test_add (path, Fixture, &refusals[i], set_up, test_refusal, tear_down);
    }
  ADD ("W2/4096-bytes", test_size, GSIZE_TO_POINTER (4096));
  ADD ("W2/4097-bytes", test_size, GSIZE_TO_POINTER (4097));
  ADD ("W2/5000-bytes", test_size, GSIZE_TO_POINTER (5000));
  ADD ("W2/endless-line", test_endless, "GET /");
  ADD ("W2/endless-head", test_endless, GET HOST UPGRADE KEY VERSION "X: ");
  ADD ("W2/half-a-request", test_half_request, NULL);
  ADD ("W2/unix-socket", test_unix_socket, NULL);
  ADD ("W3/peer-is-told", test_fault_told, NULL);
  ADD ("W4/one-byte-reads", test_one_byte_reads, NULL);
  ADD ("X3/silent", test_silent, NULL);
  ADD ("X3/slow", test_slow, NULL);
  ADD ("leaves/ends", test_leaves, NULL);
  ADD ("leaves/resets", test_leaves, "");
  ADD ("leaves/before-answer", test_deaf, NULL);
  ADD ("cancel/under-way", test_cancelled, NULL);
  ADD ("cancel/before", test_cancelled_before, NULL);
  ADD ("context", test_context, NULL);
  ADD ("pause/input", test_pause_input, NULL);
  ADD ("pause/output", test_pause_output, NULL);
  ADD ("pause/pings", test_ping_flood, NULL);
  ADD ("close/unanswered", test_close_unanswered, NULL);
  ADD ("tls/session", test_tls_session, NULL);
  ADD ("tls/refusal", test_tls_refusal, NULL);
  ADD ("browser/echo", test_browser_echo, NULL);
  ADD ("browser/closes", test_browser_closes, NULL);
  ADD ("browser/is-closed", test_browser_is_closed, NULL);
  ADD ("browser/text", test_browser_text, NULL);
  ADD ("shared-server", test_shared_server, NULL);

  return g_test_run ();
}

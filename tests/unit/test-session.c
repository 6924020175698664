/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-store.h"
#include "test-wire.h"

#include <string.h>

#include "charflow-session-private.h"

#define LARGE (4 * 1024 * 1024)

typedef struct
{
  CharflowServer *server;
  TestStore *store;
  CharflowCharDevice *device;
  CharflowServerPortChannel *server_port;
  char *uri;
  CharflowSession *session;
} Fixture;

static void
set_up_with (Fixture *self,
             gsize    max_write)
{
  g_autoptr (GError) error = NULL;

  self->store = test_store_new (max_write);
  self->device = charflow_char_device_new (CHARFLOW_BACKEND (self->store));
  charflow_char_device_start (self->device);
  self->server = charflow_server_new ();
  charflow_server_set_password (self->server, "secret");
  self->server_port = charflow_server_port_channel_new ("org.test.port.0", self->device);
  g_assert_true (charflow_server_add_channel (self->server, CHARFLOW_SERVER_CHANNEL (self->server_port), &error));
  self->uri = charflow_server_listen (self->server, "spice://127.0.0.1:0", &error);
  g_assert_no_error (error);
  self->session = charflow_session_new (self->uri);
  charflow_session_set_password (self->session, "secret");
}

static void
set_up (Fixture      *self,
        gconstpointer unused)
{
  set_up_with (self, G_MAXSIZE);
}

static void
set_up_slow (Fixture      *self,
             gconstpointer unused)
{
  set_up_with (self, 1);
}

static void
tear_down (Fixture      *self,
           gconstpointer unused)
{
  charflow_session_close (self->session);
  charflow_server_close (self->server);
  test_wire_settle ();
  g_assert_finalize_object (self->session);
  g_assert_finalize_object (self->server);
  g_assert_finalize_object (self->server_port);
  charflow_char_device_stop (self->device);
  g_assert_finalize_object (self->device);
  g_assert_finalize_object (self->store);
  g_free (self->uri);
}

static gboolean
open_session (Fixture *self,
              GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  charflow_session_open_async (self->session, NULL, test_wire_result_cb, &result);
  test_wait_until (result != NULL);
  return charflow_session_open_finish (self->session, result, error);
}

static CharflowClientPortChannel *
open_port (Fixture *self)
{
  CharflowClientPortChannel *port;
  g_autoptr (GError) error = NULL;

  open_session (self, &error);
  g_assert_no_error (error);
  port = charflow_session_lookup_port (self->session, "org.test.port.0");
  g_assert_nonnull (port);
  return port;
}

static void
close_session (Fixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_session_close_async (self->session, NULL, test_wire_result_cb, &result);
  test_wait_until (result != NULL);
  g_assert_true (charflow_session_close_finish (self->session, result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_CLOSED);
  g_assert_cmpuint (g_list_model_get_n_items (charflow_session_get_channels (self->session)), ==, 0);
}

static void
test_open (Fixture      *self,
           gconstpointer unused)
{
  guint n_closed = 0;
  g_autoptr (GError) error = NULL;

  g_signal_connect_swapped (self->session, "closed", G_CALLBACK (test_count_cb), &n_closed);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_nonnull (open_port (self));
      g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_OPEN);
      g_assert_cmpuint (charflow_session_get_session_id (self->session), !=, 0);
      g_assert_cmpuint (g_list_model_get_n_items (charflow_session_get_channels (self->session)), ==, 2);
      g_assert_false (open_session (self, &error));
      g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED);
      g_clear_error (&error);
      if (i == 1)
        charflow_session_close (self->session);
      else
        close_session (self);
      g_assert_cmpuint (n_closed, ==, i + 1);
      test_wait_until (g_list_model_get_n_items (charflow_server_get_clients (self->server)) == 0);
    }
  close_session (self); /* nothing to do */
  g_assert_cmpuint (n_closed, ==, 3);
}

static void
test_wrong_password (Fixture      *self,
                     gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  charflow_session_set_password (self->session, "wrong");
  g_assert_false (open_session (self, &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_CLOSED);
  charflow_session_set_password (self->session, "secret");
  g_assert_nonnull (open_port (self));
}

static void
test_no_server (Fixture      *self,
                gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  charflow_server_close (self->server);
  g_assert_false (open_session (self, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

/* A listener whose queue is full lets others wait. */
static void
test_no_answer (Fixture      *self,
                gconstpointer unused)
{
  g_autoptr (GInetAddress) host = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (host, 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) listener = NULL;
  g_autoptr (GPtrArray) waiting = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *uri = NULL;
  g_autoptr (GError) error = NULL;

  listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_socket_set_listen_backlog (listener, 0);
  g_assert_true (g_socket_bind (listener, any, FALSE, &error) && g_socket_listen (listener, &error));
  address = g_socket_get_local_address (listener, &error);
  for (guint i = 0; i < 4; i++)
    {
      GSocket *socket =
        g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);

      g_socket_set_blocking (socket, FALSE);
      g_socket_connect (socket, address, NULL, NULL);
      g_ptr_array_add (waiting, socket);
    }

  uri = g_strdup_printf ("spice://127.0.0.1:%u", g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  charflow_session_set_uri (self->session, uri);
  charflow_session_set_link_timeout (self->session, 50);
  g_assert_false (open_session (self, &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT);
}

static void
test_cancel (Fixture      *self,
             gconstpointer unused)
{
  for (guint n_turns = 0; n_turns <= 50; n_turns++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      gboolean was_open;

      charflow_session_open_async (self->session, cancellable, test_wire_result_cb, &result);
      for (guint i = 0; i < n_turns; i++)
        g_main_context_iteration (NULL, FALSE);
      was_open = charflow_session_get_state (self->session) == CHARFLOW_CLIENT_STATE_OPEN;
      g_cancellable_cancel (cancellable);
      test_wait_until (result != NULL);
      if (was_open) /* then it is too late to cancel */
        g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_OPEN);
      else
        g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_CLOSED);
      if (!charflow_session_open_finish (self->session, result, &error))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

      /* Opened again in the same turn, it is not disturbed by what was under way. */
      charflow_session_close (self->session);
      g_assert_nonnull (open_port (self));
      charflow_session_close (self->session);
      test_wait_until (g_list_model_get_n_items (charflow_server_get_clients (self->server)) == 0);
    }
}

static void
test_cancelled_before (Fixture      *self,
                       gconstpointer unused)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  charflow_session_open_async (self->session, cancellable, test_wire_result_cb, &result);
  g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_CLOSED);
  test_wait_until (result != NULL);
  g_assert_false (charflow_session_open_finish (self->session, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_server_goes (Fixture      *self,
                  gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GIOStream) stream = charflow_client_port_channel_get_stream (port);
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  char byte;
  g_autoptr (GError) error = NULL;

  charflow_server_close (self->server);
  test_wait_until (charflow_session_get_state (self->session) == CHARFLOW_CLIENT_STATE_CLOSED);
  g_assert_true (g_pollable_input_stream_is_readable (input));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, &byte, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

static void
test_stream (Fixture      *self,
             gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GIOStream) stream = charflow_client_port_channel_get_stream (port);
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  g_autoptr (GError) error = NULL;
  char buffer[8];

  test_wait_until (charflow_client_port_channel_get_port_opened (port));
  g_assert_false (g_pollable_input_stream_is_readable (input));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, buffer, 8, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  test_store_put (self->store, "hello", 5);
  test_wait_until (g_pollable_input_stream_is_readable (input));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, buffer, 2, NULL, &error), ==, 2);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, buffer + 2, 6, NULL, &error), ==, 3);
  g_assert_cmpmem (buffer, 5, "hello", 5);

  g_assert_true (g_pollable_output_stream_is_writable (output));
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (output, "bye", 3, NULL, &error), ==, 3);
  test_wait_until (test_store_get_written (self->store)->len == 3);
  g_assert_cmpmem (test_store_get_written (self->store)->data, 3, "bye", 3);

  g_assert_true (g_io_stream_close (stream, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (charflow_client_channel_get_state (CHARFLOW_CLIENT_CHANNEL (port)), ==,
                   CHARFLOW_CLIENT_STATE_CLOSED);
}

static void
test_pending (Fixture      *self,
              gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  charflow_client_port_channel_read_bytes_async (port, 100, NULL, test_wire_result_cb, &first);
  charflow_client_port_channel_read_bytes_async (port, 100, NULL, test_wire_result_cb, &second);
  test_wait_until (second != NULL);
  g_assert_null (charflow_client_port_channel_read_bytes_finish (port, second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  test_store_put (self->store, "x", 1);
  test_wait_until (first != NULL);
  bytes = charflow_client_port_channel_read_bytes_finish (port, first, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1);
}

static void
begin_read (CharflowClientPortChannel *port,
            GCancellable              *cancellable,
            GAsyncResult             **result)
{
  charflow_client_port_channel_read_bytes_async (port, 100, cancellable, test_wire_result_cb, result);
}

static void
assert_read (CharflowClientPortChannel *port,
             GAsyncResult             **result,
             const char                *expected)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *data;

  test_wait_until (*result != NULL);
  bytes = charflow_client_port_channel_read_bytes_finish (port, *result, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpmem (data, size, expected, strlen (expected));
  g_clear_object (result);
}

static void
unread (CharflowClientPortChannel *port,
        const char                *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  charflow_client_port_channel_unread_bytes (port, bytes);
}

static void
test_unread (Fixture      *self,
             gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GAsyncResult) result = NULL;

  test_store_put (self->store, "login: later", 12);
  begin_read (port, NULL, &result);
  assert_read (port, &result, "login: later");
  unread (port, "");
  unread (port, "later");
  unread (port, "much ");
  begin_read (port, NULL, &result);
  assert_read (port, &result, "much later");

  /* One that is under way gets it as well. */
  begin_read (port, NULL, &result);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_null (result);
  unread (port, "later");
  assert_read (port, &result, "later");
}

static void
test_cancelled_read (Fixture      *self,
                     gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  begin_read (port, cancellable, &result);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  test_wait_until (result != NULL);
  bytes = charflow_client_port_channel_read_bytes_finish (port, result, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);

  /* What was taken before is told all the same. */
  g_cancellable_reset (cancellable);
  unread (port, "taken");
  begin_read (port, cancellable, &result);
  g_cancellable_cancel (cancellable);
  assert_read (port, &result, "taken");
}

static GBytes *
make_data (gsize size)
{
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) g_test_rand_int ();
  return g_bytes_new_take (data, size);
}

static void
assert_same (GBytes     *bytes,
             GByteArray *found)
{
  g_autofree char *one = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  g_autofree char *other = g_compute_checksum_for_data (G_CHECKSUM_SHA256, found->data, found->len);

  g_assert_cmpuint (found->len, ==, g_bytes_get_size (bytes));
  g_assert_cmpstr (one, ==, other);
}

static void
test_bulk (Fixture      *self,
           gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GBytes) out = make_data (LARGE);
  g_autoptr (GBytes) in = make_data (LARGE);
  g_autoptr (GByteArray) found = g_byte_array_new ();
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GError) error = NULL;

  test_store_put (self->store, g_bytes_get_data (in, NULL), LARGE);
  charflow_client_port_channel_write_bytes_async (port, out, NULL, test_wire_result_cb, &written);
  while (found->len < LARGE)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GBytes) bytes = NULL;

      charflow_client_port_channel_read_bytes_async (port, 100000, NULL, test_wire_result_cb, &result);
      test_wait_until (result != NULL);
      bytes = charflow_client_port_channel_read_bytes_finish (port, result, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (bytes), >, 0);
      g_byte_array_append (found, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    }
  assert_same (in, found);
  test_wait_until (written != NULL && test_store_get_written (self->store)->len == LARGE);
  g_assert_true (charflow_client_port_channel_write_bytes_finish (port, written, &error));
  assert_same (out, test_store_get_written (self->store));
}

static guint64
get_queued_bytes (Fixture *self)
{
  g_autoptr (CharflowClient) client = g_list_model_get_item (charflow_char_device_get_clients (self->device), 0);
  guint64 queued_bytes;

  g_object_get (client, "queued-bytes", &queued_bytes, NULL);
  return queued_bytes;
}

typedef struct
{
  GPollableInputStream *input;
  GByteArray *found;
  gboolean closed;
} Reader;

static void
read_what_is_there (Reader *reader)
{
  guint8 buffer[4096];
  gssize n;

  while ((n = g_pollable_input_stream_read_nonblocking (reader->input, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_byte_array_append (reader->found, buffer, n);
}

static void
read_until_closed_cb (CharflowClientPortChannel *port,
                      CharflowEvent              event,
                      Reader                    *reader)
{
  g_assert_cmpint (event, ==, CHARFLOW_EVENT_CLOSED);
  read_what_is_there (reader);
  reader->closed = TRUE;
}

/* The client reads nothing until something waits for it in the device, and then the device closes. */
static void
test_event_after_data (Fixture      *self,
                       gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GIOStream) stream = charflow_client_port_channel_get_stream (port);
  g_autoptr (GByteArray) found = g_byte_array_new ();
  Reader reader = { G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream)), found };
  g_autoptr (GBytes) data = make_data (4 * LARGE);
  const guint8 *bytes = g_bytes_get_data (data, NULL);
  g_autoptr (GBytes) put = NULL;
  gsize n_put = 0;

  test_wait_until (charflow_client_port_channel_get_port_opened (port));
  while (get_queued_bytes (self) == 0)
    {
      g_assert_cmpuint (n_put, <, 4 * LARGE);
      test_store_put (self->store, (const char *) bytes + n_put, 16384);
      n_put += 16384;
      test_wire_settle ();
    }

  g_signal_connect (port, "event", G_CALLBACK (read_until_closed_cb), &reader);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self->store), CHARFLOW_EVENT_CLOSED);
  while (!reader.closed)
    {
      read_what_is_there (&reader);
      g_main_context_iteration (NULL, TRUE);
    }

  put = g_bytes_new_from_bytes (data, 0, n_put);
  assert_same (put, found);
  g_signal_handlers_disconnect_by_data (port, &reader);
}

/* The device takes a byte at a time; leaving waits until it has all. */
static void
test_delivers_all (Fixture      *self,
                   gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GBytes) out = make_data (20000);
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GAsyncResult) late = NULL;
  g_autoptr (CharflowClientPortChannel) kept = g_object_ref (port);
  g_autoptr (GError) error = NULL;

  charflow_client_port_channel_write_bytes_async (port, out, NULL, test_wire_result_cb, &written);
  test_wait_until (written != NULL);
  charflow_session_close_async (self->session, NULL, test_wire_result_cb, &closed);

  /* What would be lost is refused. */
  charflow_client_port_channel_write_bytes_async (port, out, NULL, test_wire_result_cb, &late);
  test_wait_until (late != NULL);
  g_assert_false (charflow_client_port_channel_write_bytes_finish (port, late, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);

  test_wait_until (closed != NULL);
  g_assert_true (charflow_session_close_finish (self->session, closed, &error));
  g_assert_no_error (error);
  assert_same (out, test_store_get_written (self->store));
}

static void
test_close_cancelled (Fixture      *self,
                      gconstpointer unused)
{
  CharflowClientPortChannel *port = open_port (self);
  g_autoptr (GBytes) out = make_data (20000);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GError) error = NULL;

  charflow_client_port_channel_write_bytes_async (port, out, NULL, test_wire_result_cb, &written);
  test_wait_until (written != NULL);
  charflow_session_close_async (self->session, cancellable, test_wire_result_cb, &closed);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_CLOSED);
  test_wait_until (closed != NULL);
  g_assert_false (charflow_session_close_finish (self->session, closed, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add ("/session/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("open", test_open);
  ADD ("wrong-password", test_wrong_password);
  ADD ("no-server", test_no_server);
  ADD ("no-answer", test_no_answer);
  ADD ("cancel", test_cancel);
  ADD ("cancelled-before", test_cancelled_before);
  ADD ("server-goes", test_server_goes);
  ADD ("stream", test_stream);
  ADD ("pending", test_pending);
  ADD ("port/puts-back-what-was-read", test_unread);
  ADD ("port/a-cancelled-read-loses-nothing", test_cancelled_read);
  ADD ("bulk", test_bulk);
  ADD ("event-after-data", test_event_after_data);
#define ADD_SLOW(path, function) g_test_add ("/session/" path, Fixture, NULL, set_up_slow, function, tear_down)
  ADD_SLOW ("delivers-all", test_delivers_all);
  ADD_SLOW ("close-cancelled", test_close_cancelled);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>

#include "test-consumer.h"

/* The change of the back end of a device that is in use. */

static void
log_event_cb (CharflowCharDevice *device,
              CharflowEvent       event,
              GString            *log)
{
  g_string_append (log, event == CHARFLOW_EVENT_OPENED ? "<O>" : event == CHARFLOW_EVENT_CLOSED ? "<C>" : "<?>");
}

static void
note_error_cb (CharflowCharDevice *device,
               const GError       *error,
               GError            **noted)
{
  g_clear_error (noted);
  *noted = g_error_copy (error);
}

static gboolean
refuse_cb (CharflowCharDevice *device,
           CharflowBackend    *backend,
           gpointer            user_data)
{
  return FALSE;
}

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **slot = user_data;

  g_assert_null (*slot);
  *slot = g_object_ref (result);
}

static CharflowCharDevice *
start_device (CharflowBackend *backend)
{
  CharflowCharDevice *device = charflow_char_device_new (backend);

  charflow_char_device_start (device);
  test_wait_until (charflow_backend_get_active (backend));
  test_settle ();
  return device;
}

static gboolean
change (CharflowCharDevice *device,
        gpointer            backend,
        GError            **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  charflow_char_device_change_backend_async (device, backend, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  return charflow_char_device_change_backend_finish (device, result, error);
}

static void
set_backend (CharflowCharDevice *device,
             gpointer            backend)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_char_device_set_backend (device, backend, &error));
  g_assert_no_error (error);
}

static void
write_text (CharflowCharDevice *device,
            const char         *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  charflow_char_device_write_bytes (device, NULL, bytes, &error);
  g_assert_no_error (error);
}

static void
assert_file (const char *path,
             const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

/* H1: a real back end, a handler that refuses and one that does not. */

static GSocket *
bind_udp (guint16 *port)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);

  g_assert_true (g_socket_bind (socket, any, FALSE, NULL));
  g_socket_set_blocking (socket, FALSE);
  bound = g_socket_get_local_address (socket, NULL);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return socket;
}

static void
expect_datagram (GSocket    *socket,
                 const char *text)
{
  char buffer[64];
  gssize len = -1;

  test_wait_until ((len = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL)) >= 0);
  g_assert_cmpmem (buffer, len, text, strlen (text));
}

static void
test_udp_to_file (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "out");
  guint16 port;
  g_autoptr (GSocket) peer = bind_udp (&port);
  g_autoptr (CharflowUdpBackend) udp = charflow_udp_backend_new ("127.0.0.1", port);
  g_autoptr (CharflowFileBackend) file = charflow_file_backend_new (path, FALSE);
  g_autoptr (CharflowCharDevice) device = start_device (CHARFLOW_BACKEND (udp));
  g_autoptr (GError) error = NULL;
  gulong handler = g_signal_connect (device, "backend-changed", G_CALLBACK (refuse_cb), NULL);

  g_assert_false (charflow_char_device_set_backend (device, CHARFLOW_BACKEND (file), &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_REFUSED);
  g_clear_error (&error);
  g_assert_false (change (device, file, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_REFUSED);
  g_clear_error (&error);
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (udp));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  write_text (device, "still");
  expect_datagram (peer, "still");

  g_signal_handler_disconnect (device, handler);
  g_assert_true (change (device, file, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (file));
  g_assert_false (charflow_backend_get_active (CHARFLOW_BACKEND (udp)));
  write_text (device, "filed");
  test_settle ();
  assert_file (path, "filed");
}

/* H2: null and socket. */

static void
test_null_and_socket (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "s");
  g_autofree char *spec = g_strdup_printf ("socket,path=%s,server=on,wait=off", path);
  g_autoptr (CharflowBackend) null = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (CharflowBackend) socket = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (CharflowCharDevice) device = start_device (null);
  g_autoptr (GError) error = NULL;

  g_assert_true (change (device, socket, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_char_device_get_backend (device) == socket);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_false (charflow_char_device_get_opened (device));

  g_assert_true (change (device, null, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_char_device_get_opened (device));
  g_assert_false (charflow_backend_get_active (socket));
}

static void
test_failing_keeps_the_old (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (CharflowBackend) bad = charflow_backend_new_from_spec ("socket,path=/nonexistent/socket", NULL);
  g_autoptr (CharflowCharDevice) device = test_device_new (old, 1);
  g_autoptr (TestConsumer) reader = test_consumer_new (NULL, NULL);
  g_autoptr (GString) events = g_string_new (NULL);
  g_autoptr (GError) told = NULL;
  g_autoptr (GError) error = NULL;

  test_consumer_attach (reader, device);
  g_signal_connect (device, "event", G_CALLBACK (log_event_cb), events);
  g_signal_connect (device, "backend-error", G_CALLBACK (note_error_cb), &told);
  g_string_truncate (old->duties, 0);

  g_assert_false (change (device, bad, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_no_error (told); /* by one way only */
  set_backend (device, bad);
  test_wait_until (told != NULL);
  g_assert_error (told, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (old));
  g_assert_cmpuint (old->n_opened, ==, 1);
  g_assert_cmpuint (old->n_closed, ==, 0);
  g_assert_cmpstr (events->str, ==, "");
  g_assert_cmpstr (old->duties->str, ==, "");
  test_feed (old, "works", 5);
  test_consumer_expect (reader, "works");
  /* It was let go of. */
  g_assert_true (charflow_char_device_set_backend (device, NULL, &error));
  g_assert_true (charflow_char_device_set_backend (device, bad, &error));
}

/* H3: what the device tells. */

static void
test_events_once (gconstpointer data)
{
  const char *expected = data;
  gboolean from_open = g_str_has_prefix (expected, "<C>");
  gboolean to_open = g_str_has_suffix (expected, "<O>");
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (GString) events = g_string_new (NULL);
  guint n_opened = 0;
  g_autoptr (GError) error = NULL;

  old->absent = !from_open;
  next->absent = !to_open;
  device = test_device_new (old, 1);
  g_signal_connect (device, "event", G_CALLBACK (log_event_cb), events);
  g_signal_connect_swapped (device, "notify::opened", G_CALLBACK (test_count_cb), &n_opened);
  g_assert_true (change (device, next, &error));
  test_settle ();
  g_assert_cmpstr (events->str, ==, expected);
  g_assert_cmpuint (n_opened, ==, from_open != to_open);
  g_assert_true (charflow_char_device_get_opened (device) == to_open);
}

/* H4: what both of them hold. */

static void
test_same_path (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "s");
  g_autofree char *spec = g_strdup_printf ("socket,path=%s,server=on,wait=off", path);
  g_autoptr (CharflowBackend) old = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (CharflowBackend) next = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (CharflowCharDevice) device = start_device (old);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;

  change (device, next, &error);
  g_assert_no_error (error);
  g_assert_false (charflow_backend_get_active (old));
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_assert_no_error (error);
  test_wait_until (charflow_char_device_get_opened (device));
}

static guint16
port_of (CharflowBackend *backend)
{
  g_autofree char *uri = charflow_backend_get_uri (backend);

  return (guint16) g_ascii_strtoull (strrchr (uri, ':') + 1, NULL, 10);
}

static void
test_same_port (void)
{
  g_autoptr (CharflowBackend) old =
    charflow_backend_new_from_spec ("socket,host=127.0.0.1,port=0,server=on,wait=off", NULL);
  g_autoptr (CharflowCharDevice) device = start_device (old);
  guint16 port = port_of (old);
  g_autofree char *spec = g_strdup_printf ("socket,host=127.0.0.1,port=%u,server=on,wait=off", port);
  g_autoptr (CharflowBackend) next = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;

  change (device, next, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (port_of (next), ==, port);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  test_wait_until (charflow_char_device_get_opened (device));
}

/* The old one was closed for it, and is opened again. */
static void
test_same_resource_fails (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (old, 1);
  g_autoptr (GString) events = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  old->resource = next->resource = "the port";
  next->fail_opening = TRUE;
  g_signal_connect (device, "event", G_CALLBACK (log_event_cb), events);
  g_assert_false (change (device, next, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  test_wait_until (charflow_char_device_get_opened (device));
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (old));
  g_assert_cmpuint (old->n_closed, ==, 1);
  g_assert_cmpuint (old->n_opened, ==, 2);
  g_assert_cmpstr (events->str, ==, "<C><O>");
}

static void
test_registry_keeps_the_old (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  CharflowBackend *old = charflow_backend_registry_create (registry, "null,id=n", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (old, &error));
  g_assert_false (charflow_backend_registry_change (registry, "n", "socket,port=1,path=/x", &error));
  g_assert_nonnull (error);
  g_assert_true (charflow_backend_registry_lookup (registry, "n") == old);
  g_assert_true (charflow_backend_get_active (old));
}

/* H5: what was asked of the old one is asked of the new one. */

static void
test_line_is_applied_again (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (TestEndpoint) failing = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (old, 1);
  g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new (9600, 8, CHARFLOW_SERIAL_PARITY_NONE,
                                                                              CHARFLOW_SERIAL_STOP_ONE,
                                                                              CHARFLOW_SERIAL_FLOW_NONE);
  g_autoptr (GError) told = NULL;
  g_autoptr (GError) error = NULL;

  charflow_char_device_set_echo (device, TRUE);
  g_assert_true (charflow_char_device_set_serial_settings (device, settings, &error));
  g_assert_true (charflow_char_device_set_modem_lines (device, CHARFLOW_MODEM_LINES_DTR, &error));
  g_assert_true (charflow_char_device_set_break (device, TRUE, &error));
  g_string_truncate (old->duties, 0);

  g_assert_true (change (device, next, &error));
  g_assert_cmpstr (old->duties->str, ==, "<fe 0>");
  g_assert_cmpstr (next->duties->str, ==, "<fe 1><echo 1><baud 9600><lines 2><break 1>");

  g_signal_connect (device, "backend-error", G_CALLBACK (note_error_cb), &told);
  failing->line_error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "No such speed");
  g_assert_true (change (device, failing, &error));
  g_assert_error (told, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpstr (failing->duties->str, ==, "<fe 1><echo 1>");
}

static void
test_line_without_one (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (CharflowNullBackend) null = charflow_null_backend_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (old, 1);
  g_autoptr (GError) told = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_char_device_set_break (device, TRUE, &error));
  g_signal_connect (device, "backend-error", G_CALLBACK (note_error_cb), &told);
  g_assert_true (change (device, null, &error));
  g_assert_no_error (told); /* a back end without a serial line is no failure */
  g_assert_true (change (device, old, &error));
  g_assert_nonnull (strstr (old->duties->str, "<fe 1><break 1>"));
}

static void
count_tokens_cb (CharflowCharDevice *device,
                 CharflowClient     *client,
                 guint               n_tokens,
                 guint              *n_sent)
{
  *n_sent += n_tokens;
}

static void
test_what_waits (gconstpointer data)
{
  gboolean keep = GPOINTER_TO_INT (data);
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (old, 1);
  g_autoptr (TestConsumer) writer = test_consumer_new ("flow-control", TRUE, "client-tokens", 3, NULL);
  g_autoptr (GError) error = NULL;
  guint n_sent = 0;

  charflow_char_device_set_keep_unwritten (device, keep);
  g_signal_connect (device, "tokens-sent", G_CALLBACK (count_tokens_cb), &n_sent);
  test_consumer_attach (writer, device);
  old->room = 0;
  g_assert_true (test_consumer_write (writer, "one"));
  g_assert_true (test_consumer_write (writer, "two"));
  write_text (device, "own");
  g_assert_cmpuint (charflow_client_get_client_tokens_held (writer->client), ==, 1);

  g_assert_true (change (device, next, &error));
  test_settle ();
  g_assert_cmpstr (next->written->str, ==, keep ? "onetwoown" : "");
  g_assert_cmpuint (charflow_client_get_client_tokens_held (writer->client), ==, 3);
  g_assert_cmpuint (n_sent, ==, 2);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (device), ==, 2);
  g_assert_true (test_consumer_write (writer, "three"));
  g_assert_true (g_str_has_suffix (next->written->str, "three"));
}

/* H6: changes and drops from within handlers. */

typedef struct
{
  CharflowCharDevice *device;
  CharflowBackend *next;
  gboolean drops;
  guint n_runs;
} Act;

static void
act (Act *self)
{
  if (self->n_runs++ > 0)
    return;

  charflow_char_device_set_backend (self->device, self->next, NULL);
  if (self->drops)
    g_clear_object (&self->device);
}

static gboolean
act_and_accept (Act *self)
{
  act (self);
  return TRUE;
}

static const char *const emissions[] = { "event", "read-ready", "message", "backend-changed", "notify::backend" };

static void
run_act (const char *emission,
         gboolean    drops,
         gboolean    holds)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (TestEndpoint) other = test_endpoint_new ();
  g_autoptr (TestConsumer) reader = test_consumer_new (NULL, NULL);
  Act self = { test_device_new (old, 1), CHARFLOW_BACKEND (next), drops, 0 };
  gpointer weak = self.device;
  gboolean is_change = g_str_equal (emission, "backend-changed") || g_str_equal (emission, "notify::backend");

  g_object_add_weak_pointer (G_OBJECT (self.device), &weak);
  next->hold_opening = holds;
  test_consumer_attach (reader, self.device);
  g_signal_connect_swapped (self.device, emission,
                            g_str_equal (emission, "backend-changed") ? G_CALLBACK (act_and_accept) : G_CALLBACK (act),
                            &self);
  test_feed (old, "text", 4);
  if (is_change)
    charflow_char_device_set_backend (self.device, CHARFLOW_BACKEND (other), NULL);
  if (g_str_equal (emission, "event"))
    charflow_backend_emit_event (CHARFLOW_BACKEND (old), CHARFLOW_EVENT_BREAK);
  test_settle ();
  g_assert_cmpuint (self.n_runs, >, 0);
  if (!drops && !holds)
    test_wait_until (charflow_char_device_get_backend (self.device) ==
                     (g_str_equal (emission, "backend-changed") ? CHARFLOW_BACKEND (other) : CHARFLOW_BACKEND (next)));

  g_clear_object (&self.device);
  if (next->opening != NULL)
    test_endpoint_answer (next);
  test_settle ();
  g_assert_null (weak);
  g_assert_false (charflow_backend_get_active (CHARFLOW_BACKEND (next)));
}

static void
test_within_handlers (gconstpointer data)
{
  const char *emission = data;

  run_act (emission, FALSE, FALSE);
  run_act (emission, FALSE, TRUE);
  run_act (emission, TRUE, FALSE);
  run_act (emission, TRUE, TRUE);
}

/* A change that is under way. */

static void
assert_given_up (CharflowCharDevice *device,
                 GAsyncResult       *result,
                 TestEndpoint       *next)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_char_device_change_backend_finish (device, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (next->opening != NULL)
    test_endpoint_answer (next);
  test_settle ();
  g_assert_false (charflow_backend_get_active (CHARFLOW_BACKEND (next)));
}

static void
test_cancel (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (old, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) late = NULL;

  next->hold_opening = TRUE;
  charflow_char_device_change_backend_async (device, CHARFLOW_BACKEND (next), cancellable, result_cb, &result);
  test_settle ();
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  test_wait_until (result != NULL);
  assert_given_up (device, result, next);
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (old));
  g_assert_true (charflow_char_device_get_opened (device));

  charflow_char_device_change_backend_async (device, CHARFLOW_BACKEND (next), cancellable, result_cb, &late);
  test_wait_until (late != NULL);
  assert_given_up (device, late, next);
}

static void
test_second_change (gconstpointer data)
{
  gboolean to_current = GPOINTER_TO_INT (data);
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (TestEndpoint) third = test_endpoint_new ();
  TestEndpoint *wanted = to_current ? old : third;
  g_autoptr (CharflowCharDevice) device = test_device_new (old, 1);
  g_autoptr (GAsyncResult) result = NULL;

  next->hold_opening = TRUE;
  charflow_char_device_change_backend_async (device, CHARFLOW_BACKEND (next), NULL, result_cb, &result);
  test_settle ();
  set_backend (device, wanted);
  test_wait_until (result != NULL);
  assert_given_up (device, result, next);
  test_wait_until (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (wanted));
  g_assert_cmpuint (old->n_closed, ==, !to_current);
}

static void
test_same_change_is_joined (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (old, 1);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GError) error = NULL;

  next->hold_opening = TRUE;
  set_backend (device, next);
  charflow_char_device_change_backend_async (device, CHARFLOW_BACKEND (next), NULL, result_cb, &first);
  charflow_char_device_change_backend_async (device, CHARFLOW_BACKEND (next), NULL, result_cb, &second);
  test_wait_until (second != NULL);
  g_assert_false (charflow_char_device_change_backend_finish (device, second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_null (first);
  test_endpoint_answer (next);
  test_wait_until (first != NULL);
  g_assert_true (charflow_char_device_change_backend_finish (device, first, &error));
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (next));
}

static void
test_dispose_while_pending (void)
{
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  CharflowCharDevice *device = test_device_new (old, 1);
  gpointer weak = device;

  g_object_add_weak_pointer (G_OBJECT (device), &weak);
  next->hold_opening = TRUE;
  set_backend (device, next);
  test_settle ();
  g_object_unref (device);
  g_assert_null (weak);
  if (next->opening != NULL)
    test_endpoint_answer (next);
  test_settle ();
  g_assert_false (charflow_backend_get_active (CHARFLOW_BACKEND (next)));
  g_assert_false (charflow_backend_get_active (CHARFLOW_BACKEND (old)));
}

/* The log and the recorder. */

static void
test_log_is_handed_over (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "log");
  g_autofree char *other_path = test_folder_path (folder, "other");
  g_autoptr (CharflowLog) log = charflow_log_new (path, FALSE);
  g_autoptr (CharflowLog) other_log = charflow_log_new (other_path, FALSE);
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (TestEndpoint) with_log = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_set_log (CHARFLOW_BACKEND (old), log, NULL);
  charflow_backend_set_log (CHARFLOW_BACKEND (with_log), other_log, NULL);
  device = test_device_new (old, 1);
  write_text (device, "first ");
  g_assert_true (change (device, next, &error));
  g_assert_true (charflow_backend_get_log (CHARFLOW_BACKEND (next)) == log);
  g_assert_null (charflow_backend_get_log (CHARFLOW_BACKEND (old)));
  write_text (device, "second");
  assert_file (path, "first second");

  g_assert_true (change (device, with_log, &error));
  write_text (device, "third");
  g_assert_true (charflow_backend_get_log (CHARFLOW_BACKEND (next)) == log);
  assert_file (path, "first second");
  assert_file (other_path, "third");
}

static void
test_recorder_is_handed_over (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "record");
  g_autoptr (CharflowRecorder) recorder = charflow_recorder_new (path);
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autofree char *text = NULL;
  gsize size;
  g_autoptr (GString) kinds = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  charflow_backend_set_recorder (CHARFLOW_BACKEND (old), recorder, NULL);
  device = test_device_new (old, 1);
  write_text (device, "a");
  g_assert_true (change (device, next, &error));
  g_assert_true (charflow_backend_get_recorder (CHARFLOW_BACKEND (next)) == recorder);
  g_assert_null (charflow_backend_get_recorder (CHARFLOW_BACKEND (old)));
  write_text (device, "b");
  g_assert_true (charflow_recorder_close (recorder, &error));

  /* The kind of each entry, and its event: one back end, which opens, closes and opens again. */
  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  for (gsize offset = 20; offset + 16 <= size; offset += 16 + (guint8) text[offset + 8])
    g_string_append_printf (kinds, "%d.%d ", text[offset + 14], text[offset + 15]);
  g_assert_cmpstr (kinds->str, ==, "0.0 3.0 2.0 3.1 3.0 2.0 4.0 ");
}

/* Of a multiplexer, whose front ends need not notice. */
static void
test_base_hands_over (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "log");
  g_autofree char *record_path = test_folder_path (folder, "record");
  g_autoptr (CharflowLog) log = charflow_log_new (path, FALSE);
  g_autoptr (CharflowRecorder) recorder = charflow_recorder_new (record_path);
  g_autoptr (TestEndpoint) old = test_endpoint_new ();
  g_autoptr (TestEndpoint) next = test_endpoint_new ();
  g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (CHARFLOW_BACKEND (old));
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (mux));
  g_autoptr (GError) error = NULL;

  charflow_backend_set_log (CHARFLOW_BACKEND (old), log, NULL);
  charflow_backend_set_recorder (CHARFLOW_BACKEND (old), recorder, NULL);
  charflow_char_device_start (device);
  test_wait_until (charflow_char_device_get_opened (device));
  write_text (device, "first ");
  g_assert_true (charflow_mux_backend_set_backend (mux, CHARFLOW_BACKEND (next), &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_log (CHARFLOW_BACKEND (next)) == log);
  g_assert_null (charflow_backend_get_log (CHARFLOW_BACKEND (old)));
  g_assert_true (charflow_backend_get_recorder (CHARFLOW_BACKEND (next)) == recorder);
  g_assert_null (charflow_backend_get_recorder (CHARFLOW_BACKEND (old)));

  test_wait_until (charflow_char_device_get_opened (device));
  write_text (device, "second");
  assert_file (path, "first second");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hotswap/H1/udp-to-file-refused-and-allowed", test_udp_to_file);
  g_test_add_func ("/hotswap/H2/null-and-socket", test_null_and_socket);
  g_test_add_func ("/hotswap/H2/failing-keeps-the-old", test_failing_keeps_the_old);
  g_test_add_data_func ("/hotswap/H3/open-to-closed", "<C>", test_events_once);
  g_test_add_data_func ("/hotswap/H3/open-to-open", "<C><O>", test_events_once);
  g_test_add_data_func ("/hotswap/H3/closed-to-open", "<O>", test_events_once);
  g_test_add_data_func ("/hotswap/H3/closed-to-closed", "", test_events_once);
  g_test_add_func ("/hotswap/H4/same-path", test_same_path);
  g_test_add_func ("/hotswap/H4/same-port", test_same_port);
  g_test_add_func ("/hotswap/H4/same-resource-fails", test_same_resource_fails);
  g_test_add_func ("/hotswap/H4/registry-keeps-the-old", test_registry_keeps_the_old);
  g_test_add_func ("/hotswap/H5/line-is-applied-again", test_line_is_applied_again);
  g_test_add_func ("/hotswap/H5/line-without-one", test_line_without_one);
  g_test_add_data_func ("/hotswap/H5/what-waits-is-moved", GINT_TO_POINTER (TRUE), test_what_waits);
  g_test_add_data_func ("/hotswap/H5/what-waits-is-thrown-away", GINT_TO_POINTER (FALSE), test_what_waits);
  for (guint i = 0; i < G_N_ELEMENTS (emissions); i++)
    {
      g_autofree char *name = g_strdup_printf ("/hotswap/H6/within-%s", emissions[i]);

      g_test_add_data_func (name, emissions[i], test_within_handlers);
    }
  g_test_add_func ("/hotswap/pending/cancel", test_cancel);
  g_test_add_data_func ("/hotswap/pending/third-one", GINT_TO_POINTER (FALSE), test_second_change);
  g_test_add_data_func ("/hotswap/pending/current-one", GINT_TO_POINTER (TRUE), test_second_change);
  g_test_add_func ("/hotswap/pending/same-one", test_same_change_is_joined);
  g_test_add_func ("/hotswap/pending/dispose", test_dispose_while_pending);
  g_test_add_func ("/hotswap/log/handed-over", test_log_is_handed_over);
  g_test_add_func ("/hotswap/recorder/handed-over", test_recorder_is_handed_over);
  g_test_add_func ("/hotswap/H5/base-hands-over", test_base_hands_over);

  return g_test_run ();
}

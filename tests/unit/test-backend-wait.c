/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-endpoint.h"
#include "test-fd.h"
#include "test-socket.h"

/* What waits for a back end: sources, and operations that take as long as it takes. */

static gboolean
count_source_cb (gpointer user_data)
{
  test_count_cb (user_data);

  return G_SOURCE_REMOVE;
}

static GSource *
watch_for_room (CharflowBackend *backend,
                guint           *n)
{
  GSource *source = charflow_backend_create_source (backend, G_IO_OUT);

  g_assert_nonnull (source);
  g_source_set_callback (source, count_source_cb, n, NULL);
  g_source_attach (source, NULL);

  return source;
}

static gsize
drain (GSocket *peer)
{
  char data[4096];
  gsize total = 0;
  gssize len;

  while ((len = g_socket_receive (peer, data, sizeof data, NULL, NULL)) > 0)
    total += (gsize) len;

  return total;
}

static void
test_watch_for_room (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autoptr (CharflowBackend) backend = test_socket_make_server (folder);
  g_autoptr (GSocket) peer = test_socket_join (backend);
  g_autoptr (GSource) kept = NULL;
  g_autoptr (GSource) removed = NULL;
  gsize written;
  guint n_kept = 0;
  guint n_removed = 0;

  test_wait_until (charflow_backend_get_opened (backend));
  written = test_fill (backend);
  kept = watch_for_room (backend, &n_kept);
  removed = watch_for_room (backend, &n_removed);
  test_expect_rest ();
  g_assert_cmpuint (n_kept, ==, 0);

  g_source_destroy (removed);
  g_assert_cmpuint (drain (peer), ==, written);
  test_wait_until (n_kept == 1);
  test_expect_rest ();
  g_assert_cmpuint (n_removed, ==, 0);
}

/* Everything of this device happens in a thread of its own. */
typedef struct
{
  GThread *thread;
  GString *received;
  guint n_elsewhere;
} Worker;

static void
worker_deliver_cb (CharflowClient     *client,
                   CharflowCharDevice *device,
                   GBytes             *bytes,
                   Worker             *worker)
{
  if (g_thread_self () != worker->thread)
    worker->n_elsewhere++;
  g_string_append_len (worker->received, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static gpointer
run_worker (gpointer user_data)
{
  Worker *worker = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  worker->thread = g_thread_self ();
  g_main_context_push_thread_default (context);
  {
    g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_loopback_backend_new (64));
    g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
    g_autoptr (CharflowClient) client = g_object_new (CHARFLOW_TYPE_CLIENT, "flow-control", TRUE, "client-tokens", 1,
                                                      "send-tokens", 0, "max-queue-messages", 1, NULL);
    g_autoptr (GBytes) bytes = g_bytes_new_static ("waits", 5);

    g_signal_connect (client, "deliver", G_CALLBACK (worker_deliver_cb), worker);
    g_assert_true (charflow_char_device_attach_client (device, client, NULL));
    charflow_char_device_start (device);
    g_assert_true (charflow_char_device_write_bytes (device, NULL, bytes, NULL));
    for (guint i = 0; i < 100; i++)
      g_main_context_iteration (context, FALSE);
    g_assert_cmpstr (worker->received->str, ==, "");

    /* Nothing else happens than this. */
    g_assert_true (charflow_char_device_add_send_tokens (device, client, 5, NULL));
    while (strcmp (worker->received->str, "waits") != 0)
      g_main_context_iteration (context, TRUE);
    charflow_char_device_detach_client (device, client);
  }
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_credit (void)
{
  Worker worker = { .received = g_string_new (NULL) };
  GThread *thread = g_thread_new ("worker", run_worker, &worker);

  g_thread_join (thread);
  g_assert_cmpstr (worker.received->str, ==, "waits");
  g_assert_cmpuint (worker.n_elsewhere, ==, 0);
  g_string_free (worker.received, TRUE);
}

static void
test_write_all (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autoptr (CharflowBackend) backend = test_socket_make_server (folder);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (4 * 1024 * 1024), 4 * 1024 * 1024);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) peer = NULL;
  gsize received = 0;
  gsize n_written;

  /* It waits for the peer to come, and then for it to read. */
  charflow_backend_write_all_async (backend, bytes, NULL, test_result_cb, &result);
  peer = test_socket_join (backend);
  test_wait_until ((received += drain (peer)) == g_bytes_get_size (bytes));
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_write_all_finish (backend, result, &n_written, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_written, ==, g_bytes_get_size (bytes));
}

static void
test_write_all_closed (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autoptr (CharflowBackend) backend = test_socket_make_server (folder);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (4 * 1024 * 1024), 4 * 1024 * 1024);
  g_autoptr (GSocket) peer = test_socket_join (backend);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_written;

  test_wait_until (charflow_backend_get_opened (backend));
  charflow_backend_write_all_async (backend, bytes, NULL, test_result_cb, &result);
  charflow_backend_close (backend);
  test_wait_until (result != NULL);
  g_assert_false (charflow_backend_write_all_finish (backend, result, &n_written, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
  g_assert_cmpuint (n_written, >, 0);
  g_assert_cmpuint (n_written, <, g_bytes_get_size (bytes));
  g_assert_cmpuint (drain (peer), ==, n_written);
}

static void
test_read (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autoptr (CharflowBackend) backend = test_socket_make_server (folder);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) end = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) peer = NULL;

  charflow_backend_read_bytes_async (backend, 3, NULL, test_result_cb, &result);
  test_expect_rest ();
  g_assert_null (result);
  peer = test_socket_join (backend);
  test_socket_say (peer, "hel");
  test_wait_until (result != NULL);
  bytes = charflow_backend_read_bytes_finish (backend, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "hel", 3);

  g_clear_object (&result);
  charflow_backend_read_bytes_async (backend, 3, NULL, test_result_cb, &result);
  test_socket_leave (&peer);
  test_expect_rest ();
  g_assert_null (result);

  /* The one that left is of no use to who waits; the next one is. */
  peer = test_socket_join (backend);
  test_socket_say (peer, "lo");
  test_wait_until (result != NULL);
  end = charflow_backend_read_bytes_finish (backend, result, &error);
  g_assert_cmpmem (g_bytes_get_data (end, NULL), g_bytes_get_size (end), "lo", 2);
}

static void
test_cancel (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autoptr (CharflowBackend) backend = test_socket_make_server (folder);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) read = NULL;
  g_autoptr (GAsyncResult) connected = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_read_bytes_async (backend, 3, cancellable, test_result_cb, &read);
  charflow_backend_wait_connected_async (backend, cancellable, test_result_cb, &connected);
  test_expect_rest ();
  g_assert_true (read == NULL && connected == NULL);
  g_cancellable_cancel (cancellable);
  test_wait_until (read != NULL && connected != NULL);
  g_assert_null (charflow_backend_read_bytes_finish (backend, read, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (charflow_backend_wait_connected_finish (backend, connected, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_connected (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autoptr (CharflowBackend) backend = test_socket_make_server (folder);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_wait_connected_async (backend, NULL, test_result_cb, &result);
  test_expect_rest ();
  g_assert_null (result);
  peer = test_socket_join (backend);
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_wait_connected_finish (backend, result, &error));
  charflow_backend_wait_connected_async (backend, NULL, test_result_cb, &again);
  test_wait_until (again != NULL);
  g_assert_true (charflow_backend_wait_connected_finish (backend, again, &error));

  charflow_backend_close (backend);
  charflow_backend_wait_connected_async (backend, NULL, test_result_cb, &closed);
  test_wait_until (closed != NULL);
  g_assert_false (charflow_backend_wait_connected_finish (backend, closed, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
}

/* A back end that can do nothing of the kind says so, and one that is not open says that. */
static void
test_duties (void)
{
  g_autoptr (CharflowBackend) null = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new_from_string ("9600 7E2", NULL);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  CharflowModemLines lines;
  GError *errors[8] = { NULL };

  g_assert_true (test_open_backend (null, NULL));
  g_assert_false (charflow_backend_set_serial_settings (null, settings, &errors[0]));
  g_assert_false (charflow_backend_set_break (null, TRUE, &errors[1]));
  g_assert_false (charflow_backend_send_break (null, 100, &errors[2]));
  g_assert_false (charflow_backend_query_modem_lines (null, &lines, &errors[3]));
  g_assert_false (charflow_backend_set_modem_lines (null, CHARFLOW_MODEM_LINES_DTR, &errors[4]));
  g_assert_false (charflow_backend_drop_peer (null, &errors[5]));
  g_assert_false (charflow_backend_accept_fd (null, 0, &errors[6]));
  g_assert_false (charflow_backend_queue_fds (null, fds, &errors[7]));
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_assert_error (errors[i], CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
      g_clear_error (&errors[i]);
    }
  g_assert_cmpint (lines, ==, CHARFLOW_MODEM_LINES_NONE);
  g_assert_null (charflow_backend_steal_fds (null));
  g_assert_null (charflow_backend_get_resource (null));
  charflow_backend_set_echo (null, TRUE);
}

static void
test_break_duration (void)
{
  static const guint durations_ms[] = { 0, 60001, G_MAXUINT };
  g_autoptr (CharflowBackend) null = CHARFLOW_BACKEND (charflow_null_backend_new ());

  g_assert_true (test_open_backend (null, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (durations_ms); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *value = g_strdup_printf ("%u", durations_ms[i]);

      g_assert_false (charflow_backend_send_break (null, durations_ms[i], &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      g_assert_nonnull (strstr (error->message, value));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backend-wait/B1/room-is-told-once-and-not-to-who-left", test_watch_for_room);
  g_test_add_func ("/backend-wait/B2/tokens-resume-in-the-thread-of-the-device", test_credit);
  g_test_add_func ("/backend-wait/write-all", test_write_all);
  g_test_add_func ("/backend-wait/write-all/closed-meanwhile", test_write_all_closed);
  g_test_add_func ("/backend-wait/read", test_read);
  g_test_add_func ("/backend-wait/cancel", test_cancel);
  g_test_add_func ("/backend-wait/connected", test_connected);
  g_test_add_func ("/backend-wait/duties/not-supported", test_duties);
  g_test_add_func ("/backend-wait/duties/duration-of-a-break", test_break_duration);

  return g_test_run ();
}

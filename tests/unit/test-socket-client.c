/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-socket.h"

#include <string.h>

static void
test_client (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), ",nodelay=on");
  g_autoptr (TestFrontEnd) at_server = test_front_end_new (server, 4096);
  g_autoptr (TestFrontEnd) at_client = test_front_end_new (client, 4096);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (client, &error));
  g_assert_no_error (error);
  test_front_end_expect (at_client, "<O>");
  test_front_end_expect (at_server, "<O>");
  test_socket_write (client, "ping");
  test_front_end_expect (at_server, "ping");
  test_socket_write (server, "pong");
  test_front_end_expect (at_client, "pong");
  g_assert_false (charflow_backend_has_feature (client, CHARFLOW_FEATURE_RECONNECTABLE));
  charflow_backend_close (server);
  test_front_end_expect (at_client, "<C>");
  g_assert_true (charflow_backend_get_active (client));
}

static void
test_reconnects (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), ",reconnect=1");
  g_autoptr (TestFrontEnd) at_server = test_front_end_new (server, 4096);
  g_autoptr (TestFrontEnd) at_client = test_front_end_new (client, 4096);
  g_autofree char *again = g_strdup_printf ("socket,port=%u,server=on,wait=off", test_socket_get_port (server));
  g_autoptr (CharflowBackend) second = NULL;
  g_autoptr (GError) error = NULL;
  gint64 closed_at;

  g_assert_true (charflow_backend_has_feature (client, CHARFLOW_FEATURE_RECONNECTABLE));
  g_assert_true (test_open_backend (client, &error));
  test_front_end_expect (at_client, "<O>");
  charflow_backend_close (server);
  test_front_end_expect (at_client, "<C>");
  closed_at = g_get_monotonic_time ();
  second = test_socket_make_open (again);
  test_front_end_expect (at_client, "<O>");
  g_assert_cmpint (g_get_monotonic_time () - closed_at, >=, 800 * G_TIME_SPAN_MILLISECOND);
}

static void
test_refused (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  guint port = test_socket_get_port (server);
  g_autoptr (CharflowBackend) once = test_socket_make_client (port, "");
  g_autoptr (CharflowBackend) patient = test_socket_make_client (port, ",reconnect=1");
  g_autofree char *again = g_strdup_printf ("socket,port=%u,server=on,wait=off", port);
  g_autofree char *named = g_strdup_printf ("127.0.0.1:%u", port);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (patient, 4096);
  g_autoptr (CharflowBackend) second = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_close (server);
  g_assert_false (test_open_backend (once, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_false (charflow_backend_get_active (once));

  g_clear_error (&error);
  g_assert_true (test_open_backend (patient, &error));
  g_assert_cmpint (charflow_backend_write (patient, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (charflow_backend_create_source (patient, G_IO_OUT));
  second = test_socket_make_open (again);
  test_front_end_expect (front_end, "<O>");
}

static void
test_no_path (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "none");
  g_autoptr (CharflowSocketBackend) client = charflow_socket_backend_new_for_unix (path, FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (CHARFLOW_BACKEND (client), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_close_while_connecting (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), "");
  g_autoptr (CharflowBackend) patient = test_socket_make_client (test_socket_get_port (server), ",reconnect=1");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (client, NULL, test_result_cb, &result);
  charflow_backend_close (client);
  test_wait_until (result != NULL);
  g_assert_false (charflow_backend_open_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_object (&result);
  g_clear_error (&error);
  g_assert_true (test_open_backend (client, &error));
  g_assert_no_error (error);

  charflow_backend_open_async (patient, NULL, test_result_cb, &result);
  test_wait_until (result != NULL);
  g_clear_object (&result);
  g_assert_finalize_object (g_steal_pointer (&patient));
}

/* One back end is the other's client, in one thread. */
static void
test_two_back_ends (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), "");
  g_autoptr (TestFrontEnd) at_server = test_front_end_new (server, 65536);
  g_autoptr (TestFrontEnd) at_client = test_front_end_new (client, 65536);
  g_autofree char *text = g_strnfill (20000, 'b');
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (client, &error));
  g_assert_no_error (error);
  test_front_end_expect (at_client, "<O>");
  test_front_end_expect (at_server, "<O>");
  test_socket_write (client, text);
  test_socket_write (server, text);
  test_front_end_expect (at_client, text);
  test_front_end_expect (at_server, text);
}

static void
wait_connected (CharflowBackend *backend)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_wait_connected_async (backend, NULL, test_result_cb, &result);
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_wait_connected_finish (backend, result, &error));
  g_assert_no_error (error);
}

static void
test_reconnect_interval (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), ",reconnect=1");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (client, 16);
  g_autoptr (GError) error = NULL;
  gint64 closed_at;
  gint64 gap;

  g_assert_true (test_open_backend (client, &error));
  wait_connected (client);
  test_front_end_expect (front_end, "<O>");
  test_wait_until (charflow_backend_get_opened (server));

  charflow_backend_drop_peer (server, NULL);
  test_front_end_expect (front_end, "<C>");
  closed_at = g_get_monotonic_time ();
  wait_connected (client);
  gap = g_get_monotonic_time () - closed_at;
  g_assert_cmpint (gap, >=, 800 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (gap, <=, 1200 * G_TIME_SPAN_MILLISECOND);
}

static void
drop_first_cb (CharflowBackend *backend,
               CharflowEvent    event,
               guint           *n_opened)
{
  if (event == CHARFLOW_EVENT_OPENED && (*n_opened)++ == 0)
    g_assert_true (charflow_backend_drop_peer (backend, NULL));
}

static void
test_drop_in_first_opened (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), ",reconnect=1");
  g_autoptr (TestFrontEnd) at_server = test_front_end_new (server, 16);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (client, 16);
  guint n_opened = 0;
  g_autoptr (GError) error = NULL;

  g_signal_connect (client, "event", G_CALLBACK (drop_first_cb), &n_opened);
  g_assert_true (test_open_backend (client, &error));
  test_front_end_expect (front_end, "<O><C><O>");
  test_front_end_expect (at_server, "<O><C><O>");
  test_socket_write (client, "ping");
  test_front_end_expect (at_server, "ping");
  test_socket_write (server, "pong");
  test_front_end_expect (front_end, "pong");
}

/* Opening ends after the peer was there: then the drop comes with the opening itself. */
static void
test_drop_in_opening (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), "");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (client, 16);
  guint n_opened = 0;
  g_autoptr (GError) error = NULL;

  g_signal_connect (client, "event", G_CALLBACK (drop_first_cb), &n_opened);
  g_assert_true (test_open_backend (client, &error));
  g_assert_no_error (error);
  test_front_end_expect (front_end, "<O><C>");
  g_assert_true (charflow_backend_get_active (client));
}

static void
test_same_twice (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "s");
  g_autofree char *spec = g_strdup_printf ("socket,path=%s,server=on,wait=off", path);
  g_autoptr (CharflowBackend) first = test_socket_make_open (spec);
  g_autoptr (CharflowBackend) second = test_socket_make (spec);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (first, 16);
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_nonnull (strstr (error->message, path));
  peer = test_socket_join (first);
  test_front_end_expect (front_end, "<O>");
}

static void
error_cb (CharflowSocketBackend *backend,
          GError                *error,
          GPtrArray             *errors)
{
  g_ptr_array_add (errors, g_error_copy (error));
}

/* Told once; after a success, once again. With the interval doubled, so that the attempts are seen to go on. */
static void
test_told_once (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  guint port = test_socket_get_port (server);
  g_autoptr (CharflowBackend) client = test_socket_make_client (port, ",reconnect=1,reconnect-max=2");
  g_autofree char *again = g_strdup_printf ("socket,port=%u,server=on,wait=off", port);
  g_autoptr (GPtrArray) errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_autoptr (CharflowBackend) second = NULL;
  g_autoptr (GError) error = NULL;
  gint64 began_at = g_get_monotonic_time ();
  const GError *told;

  charflow_backend_close (server);
  g_signal_connect (client, "peer-error", G_CALLBACK (error_cb), errors);
  g_assert_true (test_open_backend (client, &error));
  test_wait_until (errors->len == 1);
  told = errors->pdata[0];
  g_assert_error (told, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_nonnull (strstr (told->message, "127.0.0.1"));

  /* Attempts at 0, 1 and 3 s. */
  test_wait_until (g_get_monotonic_time () - began_at > 1500 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (errors->len, ==, 1);
  second = test_socket_make_open (again);
  test_wait_until (charflow_backend_get_opened (client));
  g_assert_cmpint (g_get_monotonic_time () - began_at, >=, 2800 * G_TIME_SPAN_MILLISECOND);
  charflow_backend_close (second);
  test_wait_until (errors->len == 2);
}

static void
give_up_cb (CharflowSocketBackend *backend,
            GError                *error,
            CharflowBackend      **last)
{
  g_clear_object (last);
}

static void
test_last_reference (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  CharflowBackend *client = test_socket_make_client (test_socket_get_port (server), ",reconnect=1");
  GWeakRef weak;

  g_weak_ref_init (&weak, client);
  charflow_backend_close (server);
  g_signal_connect (client, "peer-error", G_CALLBACK (give_up_cb), &client);
  charflow_backend_open_async (client, NULL, NULL, NULL);
  test_wait_until (client == NULL);
  test_wait_until (g_weak_ref_get (&weak) == NULL);
  g_weak_ref_clear (&weak);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/socket-client/SV12/two-back-ends", test_two_back_ends);
  g_test_add_func ("/socket-client/SC1/connects", test_client);
  g_test_add_func ("/socket-client/SC2/reconnects", test_reconnects);
  g_test_add_func ("/socket-client/SC2/interval", test_reconnect_interval);
  g_test_add_func ("/socket-client/SC3/drop-in-first-opened", test_drop_in_first_opened);
  g_test_add_func ("/socket-client/SC3/drop-in-opening", test_drop_in_opening);
  g_test_add_func ("/socket-client/SC4/same-twice", test_same_twice);
  g_test_add_func ("/socket-client/SC5/refused", test_refused);
  g_test_add_func ("/socket-client/SC5/told-once", test_told_once);
  g_test_add_func ("/socket-client/SC5/last-reference-when-told", test_last_reference);
  g_test_add_func ("/socket-client/SC5/no-such-path", test_no_path);
  g_test_add_func ("/socket-client/SC5/close-while-connecting", test_close_while_connecting);

  return g_test_run ();
}

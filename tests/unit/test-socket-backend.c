/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

static CharflowBackend *
make (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  g_assert_nonnull (backend);

  return backend;
}

static CharflowBackend *
make_open (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = make (spec);

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);

  return backend;
}

static CharflowBackend *
make_server (TestFolder *folder) /* or NULL for TCP */
{
  g_autofree char *path = folder != NULL ? test_folder_path (folder, "s") : NULL;
  g_autofree char *spec = path != NULL ? g_strdup_printf ("socket,id=s,path=%s,server=on,wait=off",
                                                          path)
                                       : g_strdup ("socket,id=s,port=0,server=on,wait=off");

  return make_open (spec);
}

static guint
port_of (CharflowBackend *backend)
{
  return charflow_socket_backend_get_port (CHARFLOW_SOCKET_BACKEND (backend));
}

static GSocketAddress *
address_of (CharflowBackend *backend)
{
  const char *path = charflow_socket_backend_get_path (CHARFLOW_SOCKET_BACKEND (backend));

  if (path != NULL)
    return g_unix_socket_address_new (path);

  return g_inet_socket_address_new_from_string ("127.0.0.1", port_of (backend));
}

/* A peer that is no back end, so that nothing is tested against itself. */
static GSocket *
join (CharflowBackend *backend)
{
  g_autoptr (GSocketAddress) address = address_of (backend);
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_connect (socket, address, NULL, &error));
  g_socket_set_blocking (socket, FALSE);

  return socket;
}

static void
say (GSocket    *peer,
     const char *text)
{
  g_assert_cmpint (g_socket_send (peer, text, strlen (text), NULL, NULL), ==, strlen (text));
}

static void
hear (GSocket    *peer,
      const char *text)
{
  g_autofree char *buffer = g_malloc0 (strlen (text) + 1);

  test_wait_until (g_socket_receive (peer, buffer, strlen (text), NULL,
                                     NULL) == (gssize) strlen (text));
  g_assert_cmpstr (buffer, ==, text);
}

static void
leave (GSocket **peer)
{
  g_socket_close (*peer, NULL);
  g_clear_object (peer);
}

static void
write_text (CharflowBackend *backend,
            const char      *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) text, strlen (text), &error),
                   ==, strlen (text));
  g_assert_no_error (error);
}

static gboolean
uri_has (CharflowBackend *backend,
         const char      *text)
{
  g_autofree char *uri = charflow_backend_get_uri (backend);

  return uri != NULL && strstr (uri, text) != NULL;
}

/* Each test of a server runs over TCP and over UNIX. */
typedef struct
{
  TestFolder *folder;
  CharflowBackend *backend;
} Fixture;

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer is_unix)
{
  fixture->folder = is_unix != NULL ? test_folder_new () : NULL;
  fixture->backend = make_server (fixture->folder);
}

static void
fixture_tear_down (Fixture      *fixture,
                   gconstpointer is_unix)
{
  g_assert_finalize_object (fixture->backend);
  g_clear_pointer (&fixture->folder, test_folder_free);
}

static void
test_ping_pong (Fixture      *fixture,
                gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 4096);

  g_assert_true (charflow_backend_has_feature (fixture->backend, CHARFLOW_FEATURE_RECONNECTABLE));
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GSocket) peer = join (fixture->backend);

      test_front_end_expect (front_end, "<O>");
      g_assert_true (uri_has (fixture->backend, " <-> "));
      say (peer, "ping");
      test_front_end_expect (front_end, "ping");
      write_text (fixture->backend, "pong");
      hear (peer, "pong");
      leave (&peer);
      test_front_end_expect (front_end, "<C>");
      g_assert_true (uri_has (fixture->backend, "disconnected:"));
    }
}

static void
test_data_before_closed (Fixture      *fixture,
                         gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 1);
  g_autofree char *data = g_strnfill (2000, 'x');
  g_autofree char *expected = g_strconcat ("<O>", data, "<C>", NULL);
  g_autoptr (GSocket) peer = join (fixture->backend);

  say (peer, data);
  leave (&peer);
  test_front_end_expect (front_end, expected);
}

static void
test_data_before_reading (Fixture      *fixture,
                          gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 0);
  g_autoptr (GSocket) peer = join (fixture->backend);

  say (peer, "left");
  leave (&peer);
  test_front_end_expect (front_end, "<O>");
  test_front_end_set_credit (front_end, 4);
  test_front_end_expect (front_end, "left<C>");
}

/* What ends with the last byte read, and is not read from any more, is noticed as well. */
static void
test_exact_reading (Fixture      *fixture,
                    gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 0);
  g_autoptr (GSocket) peer = join (fixture->backend);
  g_autoptr (GError) error = NULL;
  char buffer[4];

  say (peer, "left");
  leave (&peer);
  test_front_end_expect (front_end, "<O>");
  g_assert_cmpint (charflow_backend_read (fixture->backend, buffer, 4, &error), ==, 4);
  g_assert_no_error (error);
  test_front_end_expect (front_end, "<C>");
}

static void
test_nobody_reads (Fixture      *fixture,
                   gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 0);
  g_autoptr (GSocket) first = join (fixture->backend);
  g_autoptr (GSocket) second = NULL;

  test_front_end_expect (front_end, "<O>");
  second = join (fixture->backend);
  leave (&first);
  test_front_end_expect (front_end, "<C><O>");
  write_text (fixture->backend, "served");
  hear (second, "served");
}

static void
test_second_waits (Fixture      *fixture,
                   gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 4096);
  g_autoptr (GSocket) first = join (fixture->backend);
  g_autoptr (GSocket) second = NULL;

  test_front_end_expect (front_end, "<O>");
  second = join (fixture->backend);
  say (second, "two");
  say (first, "one");
  test_front_end_expect (front_end, "one");
  leave (&first);
  test_front_end_expect (front_end, "<C><O>two");
}

static gboolean
count_cb (gpointer user_data)
{
  guint *n = user_data;

  (*n)++;

  return G_SOURCE_REMOVE;
}

static void
test_peer_never_reads (Fixture      *fixture,
                       gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 4096);
  g_autoptr (GSocket) peer = join (fixture->backend);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSource) source = NULL;
  g_autofree guint8 *data = g_malloc0 (65536);
  g_autofree char *buffer = g_malloc (65536);
  guint n_ready = 0;
  gsize sent = 0;
  gsize received = 0;
  gssize len;

  test_front_end_expect (front_end, "<O>");
  while ((len = charflow_backend_write (fixture->backend, data, 65536, &error)) > 0)
    sent += len;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_true (charflow_backend_get_opened (fixture->backend));

  source = charflow_backend_create_source (fixture->backend, G_IO_OUT);
  g_source_set_callback (source, count_cb, &n_ready, NULL);
  g_source_attach (source, NULL);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_ready, ==, 0);

  while (received < sent)
    {
      len = g_socket_receive (peer, buffer, 65536, NULL, NULL);
      received += MAX (len, 0);
      g_main_context_iteration (NULL, FALSE);
    }
  test_wait_until (n_ready == 1);
  g_assert_cmpuint (received, ==, sent);
}

static void
test_reader_goes (Fixture      *fixture,
                  gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 0);
  g_autoptr (GSocket) peer = join (fixture->backend);
  g_autoptr (GError) error = NULL;
  guint n_tries = 0;

  test_front_end_expect (front_end, "<O>");
  leave (&peer);

  /* TCP tells only after the peer's kernel has answered, and no loop runs in between. */
  while (error == NULL && n_tries++ < 1000000)
    charflow_backend_write (fixture->backend, (const guint8 *) "x", 1, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  test_front_end_expect (front_end, "<C>");
  g_assert_cmpuint (front_end->n_events, ==, 2);

  g_clear_error (&error);
  g_assert_cmpint (charflow_backend_write (fixture->backend, (const guint8 *) "x", 1, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (charflow_backend_create_source (fixture->backend, G_IO_OUT));
}

/* Only UNIX: what the peer had sent survives its end. */
static void
test_reader_goes_with_data (Fixture      *fixture,
                            gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 0);
  g_autoptr (GSocket) peer = join (fixture->backend);
  g_autoptr (GError) error = NULL;

  test_front_end_expect (front_end, "<O>");
  say (peer, "left");
  leave (&peer);
  g_assert_cmpint (charflow_backend_write (fixture->backend, (const guint8 *) "x", 1, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_true (charflow_backend_get_opened (fixture->backend));
  g_assert_null (charflow_backend_create_source (fixture->backend, G_IO_OUT));
  test_front_end_set_credit (front_end, 100);
  test_front_end_expect (front_end, "left<C>");
}

static void
close_in_handler_cb (CharflowBackend *backend,
                     CharflowEvent    event,
                     gpointer         unused)
{
  g_autoptr (GError) error = NULL;

  if (event != CHARFLOW_EVENT_CLOSED)
    return;

  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "x", 1, &error), ==, -1);
  charflow_backend_close (backend);
}

static void
test_close_in_handler (Fixture      *fixture,
                       gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 16);
  g_autoptr (GSocket) peer = join (fixture->backend);

  test_front_end_expect (front_end, "<O>");
  g_signal_connect (fixture->backend, "event", G_CALLBACK (close_in_handler_cb), NULL);
  leave (&peer);
  test_front_end_expect (front_end, "<C>");
  g_assert_false (charflow_backend_get_active (fixture->backend));
}

static void
test_ports (void)
{
  g_autoptr (CharflowBackend) first = make_server (NULL);
  guint port = port_of (first);
  g_autofree char *text = g_strdup_printf ("disconnected:tcp:127.0.0.1:%u,server=on", port);
  g_autofree char *busy = g_strdup_printf ("socket,port=%u,server=on,wait=off", port);
  g_autofree char *range = g_strdup_printf ("socket,host=127.0.0.1,port=%u,to=%u,server=on,wait=off", port,
                                            MIN (port + 50, 65535));
  g_autoptr (CharflowBackend) second = make (busy);
  g_autoptr (CharflowBackend) third = make (range);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (port, >, 0);
  g_assert_true (uri_has (first, text));
  g_assert_false (test_open_backend (second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_false (charflow_backend_get_active (second));
  g_clear_error (&error);
  g_assert_true (test_open_backend (third, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (port_of (third), >, port);

  charflow_backend_close (first);
  g_assert_cmpuint (port_of (first), ==, 0);
}

static void
test_host_names (void)
{
  g_autoptr (CharflowBackend) by_name = make_open ("socket,host=localhost,port=0,server=on,wait=off,ipv4=on");
  g_autoptr (CharflowBackend) mixed = make ("socket,host=127.0.0.1,port=0,server=on,wait=off,ipv6=on");
  g_autoptr (CharflowBackend) foreign = make ("socket,host=192.0.2.1,port=0,server=on,wait=off");
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (port_of (by_name), >, 0);
  g_assert_cmpstr (charflow_socket_backend_get_host (CHARFLOW_SOCKET_BACKEND (by_name)), ==,
                   "localhost");
  g_assert_true (charflow_socket_backend_get_server (CHARFLOW_SOCKET_BACKEND (by_name)));
  g_assert_false (test_open_backend (mixed, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  g_clear_error (&error);
  g_assert_false (test_open_backend (foreign, &error));
  g_assert_nonnull (strstr (error->message, "192.0.2.1:0"));
}

static void
assert_path_refused (const char *path,
                     int         code)
{
  g_autofree char *spec = g_strdup_printf ("socket,path=%s,server=on,wait=off", path);
  g_autoptr (CharflowBackend) backend = make (spec);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_paths (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *file = test_folder_path (folder, "file");
  g_autofree char *live = test_folder_path (folder, "s");
  g_autofree char *dead = test_folder_path (folder, "dead");
  g_autofree char *spec = g_strdup_printf ("socket,path=%s,server=on,wait=off", dead);
  g_autoptr (CharflowBackend) server = make_server (folder);
  g_autoptr (CharflowBackend) heir = NULL;
  g_autoptr (GSocket) corpse = NULL;
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (dead);

  g_assert_true (g_file_set_contents (file, "mine", -1, NULL));
  assert_path_refused (file, G_IO_ERROR_EXISTS);
  assert_path_refused (live, G_IO_ERROR_ADDRESS_IN_USE);

  corpse = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                         NULL);
  g_assert_true (g_socket_bind (corpse, address, FALSE, NULL));
  g_clear_object (&corpse);
  g_assert_true (g_file_test (dead, G_FILE_TEST_EXISTS));
  heir = make_open (spec);
  charflow_backend_close (heir);
  g_assert_false (g_file_test (dead, G_FILE_TEST_EXISTS));

  charflow_backend_close (server);
  g_assert_false (g_file_test (live, G_FILE_TEST_EXISTS));
}

static void
test_path_of_another (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "s");
  g_autoptr (CharflowBackend) server = make_server (folder);

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  charflow_backend_close (server);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
}

static void
test_path_length (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *prefix = test_folder_path (folder, "");
  g_autofree char *name = g_strnfill (107 - strlen (prefix), 'p');
  g_autofree char *fits = g_strdup_printf ("socket,path=%s%s,server=on,wait=off", prefix, name);
  g_autofree char *too_long = g_strdup_printf ("socket,path=%s%sq,server=on,wait=off", prefix,
                                               name);
  g_autoptr (CharflowBackend) server = make_open (fits);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (server, 4096);
  g_autoptr (GSocket) peer = join (server);
  g_autoptr (GError) error = NULL;

  test_front_end_expect (front_end, "<O>");
  g_assert_null (charflow_backend_new_from_spec (too_long, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "107"));
}

static void
test_abstract (void)
{
  g_autofree char *name = g_strdup_printf ("charflow-test-%d", (int) getpid ());
  g_autofree char *server_spec = g_strdup_printf ("socket,path=%s,abstract=on,server=on,wait=off",
                                                  name);
  g_autofree char *client_spec = g_strdup_printf ("socket,path=%s,abstract=on", name);
  g_autoptr (CharflowBackend) server = make_open (server_spec);
  g_autoptr (CharflowBackend) rival = make (server_spec);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (server, 4096);
  g_autoptr (CharflowBackend) client = make_open (client_spec);
  g_autoptr (GError) error = NULL;

  test_front_end_expect (front_end, "<O>");
  write_text (client, "abstract");
  test_front_end_expect (front_end, "abstract");
  g_assert_false (test_open_backend (rival, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_true (uri_has (server, "abstract=on"));
}

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **out = user_data;

  *out = g_object_ref (result);
}

static void
test_wait (void)
{
  g_autoptr (CharflowBackend) server = make ("socket,id=w,port=0,server=on");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (server, NULL, result_cb, &result);
  test_wait_until (port_of (server) != 0);
  g_assert_null (result);
  g_assert_false (charflow_backend_get_active (server));
  peer = join (server);
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_open_finish (server, result, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_opened (server));
}

static void
test_wait_ends (gconstpointer by_close)
{
  const int expected = by_close != NULL ? G_IO_ERROR_CLOSED : G_IO_ERROR_CANCELLED;
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "w");
  g_autofree char *spec = g_strdup_printf ("socket,path=%s,server=on", path);
  g_autoptr (CharflowBackend) server = make (spec);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (server, cancellable, result_cb, &result);
  test_wait_until (g_file_test (path, G_FILE_TEST_EXISTS));
  if (by_close != NULL)
    {
      charflow_backend_close (server);
      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    }
  else
    {
      g_cancellable_cancel (cancellable);
    }
  test_wait_until (result != NULL);
  g_assert_false (charflow_backend_open_finish (server, result, &error));
  g_assert_error (error, G_IO_ERROR, expected);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_object (&result);
  g_assert_finalize_object (g_steal_pointer (&server));
}

static CharflowBackend *
make_client (guint       port,
             const char *more)
{
  g_autofree char *spec = g_strdup_printf ("socket,id=c,host=127.0.0.1,port=%u%s", port, more);

  return make (spec);
}

static void
test_client (void)
{
  g_autoptr (CharflowBackend) server = make_server (NULL);
  g_autoptr (CharflowBackend) client = make_client (port_of (server), ",nodelay=on");
  g_autoptr (TestFrontEnd) at_server = test_front_end_new (server, 4096);
  g_autoptr (TestFrontEnd) at_client = test_front_end_new (client, 4096);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (client, &error));
  g_assert_no_error (error);
  test_front_end_expect (at_client, "<O>");
  test_front_end_expect (at_server, "<O>");
  write_text (client, "ping");
  test_front_end_expect (at_server, "ping");
  write_text (server, "pong");
  test_front_end_expect (at_client, "pong");
  g_assert_false (charflow_backend_has_feature (client, CHARFLOW_FEATURE_RECONNECTABLE));
  charflow_backend_close (server);
  test_front_end_expect (at_client, "<C>");
  g_assert_true (charflow_backend_get_active (client));
}

static void
test_reconnects (void)
{
  g_autoptr (CharflowBackend) server = make_server (NULL);
  g_autoptr (CharflowBackend) client = make_client (port_of (server), ",reconnect=1");
  g_autoptr (TestFrontEnd) at_server = test_front_end_new (server, 4096);
  g_autoptr (TestFrontEnd) at_client = test_front_end_new (client, 4096);
  g_autofree char *again = g_strdup_printf ("socket,port=%u,server=on,wait=off", port_of (server));
  g_autoptr (CharflowBackend) second = NULL;
  g_autoptr (GError) error = NULL;
  gint64 closed_at;

  g_assert_true (charflow_backend_has_feature (client, CHARFLOW_FEATURE_RECONNECTABLE));
  g_assert_true (test_open_backend (client, &error));
  test_front_end_expect (at_client, "<O>");
  charflow_backend_close (server);
  test_front_end_expect (at_client, "<C>");
  closed_at = g_get_monotonic_time ();
  second = make_open (again);
  test_front_end_expect (at_client, "<O>");
  g_assert_cmpint (g_get_monotonic_time () - closed_at, >=, 800 * G_TIME_SPAN_MILLISECOND);
}

static void
test_refused (void)
{
  g_autoptr (CharflowBackend) server = make_server (NULL);
  guint port = port_of (server);
  g_autoptr (CharflowBackend) once = make_client (port, "");
  g_autoptr (CharflowBackend) patient = make_client (port, ",reconnect=1");
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
  second = make_open (again);
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
  g_autoptr (CharflowBackend) server = make_server (NULL);
  g_autoptr (CharflowBackend) client = make_client (port_of (server), "");
  g_autoptr (CharflowBackend) patient = make_client (port_of (server), ",reconnect=1");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (client, NULL, result_cb, &result);
  charflow_backend_close (client);
  test_wait_until (result != NULL);
  g_assert_false (charflow_backend_open_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_object (&result);
  g_clear_error (&error);
  g_assert_true (test_open_backend (client, &error));
  g_assert_no_error (error);

  charflow_backend_open_async (patient, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  g_clear_object (&result);
  g_assert_finalize_object (g_steal_pointer (&patient));
}

static void
assert_incompatible (const char *spec,
                     int         code,
                     const char *one,
                     const char *other)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_new_from_spec (spec, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
  g_assert_nonnull (strstr (error->message, one));
  g_assert_nonnull (strstr (error->message, other));
}

static void
test_incompatible (void)
{
  const int both = CHARFLOW_BACKEND_ERROR_INCOMPATIBLE;
  const int missing = CHARFLOW_BACKEND_ERROR_MISSING_OPTION;
  const int invalid = CHARFLOW_BACKEND_ERROR_INVALID_VALUE;

  assert_incompatible ("socket,port=1,server=on,reconnect=0", both, "'reconnect'", "'server'");
  assert_incompatible ("socket,port=1,wait=off", both, "'wait'", "'server=off'");
  assert_incompatible ("socket,path=p,host=h", both, "'path'", "'host'");
  assert_incompatible ("socket,path=p,port=1", both, "'path'", "'port'");
  assert_incompatible ("socket,path=p,ipv4=on", both, "'path'", "'ipv4'");
  assert_incompatible ("socket,path=p,nodelay=on", both, "'path'", "'nodelay'");
  assert_incompatible ("socket,port=1,delay=on,nodelay=on", both, "'delay'", "'nodelay'");
  assert_incompatible ("socket,port=1,to=2", both, "'to'", "'server=off'");
  assert_incompatible ("socket,port=1,ipv4=off,ipv6=off", both, "'ipv4=off'", "'ipv6=off'");
  assert_incompatible ("socket,port=1,abstract=on", both, "'abstract'", "'port'");
  assert_incompatible ("socket,host=h", missing, "'port'", "missing");
  assert_incompatible ("socket", missing, "'port'", "missing");
  assert_incompatible ("socket,abstract=on", missing, "'path'", "missing");
  assert_incompatible ("socket,port=0", invalid, "'port'", "0");
  assert_incompatible ("socket,port=65536", invalid, "'port'", "65536");
  assert_incompatible ("socket,port=4294967297", invalid, "'port'", "4294967297");
  assert_incompatible ("socket,port=10,to=9,server=on", invalid, "'to'", "9");
  assert_incompatible ("socket,port=1,reconnect=4294967296", invalid, "'reconnect'", "4294967296");
  assert_incompatible ("socket,path=", invalid, "'path'", "''");
}

static void
test_incompatible_properties (void)
{
  g_autoptr (CharflowBackend) both = g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND, "path", "p",
                                                   "host", "h", NULL);
  g_autoptr (CharflowBackend) wait = g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND, "port", 1, "wait",
                                                   TRUE, NULL);
  g_autoptr (CharflowBackend) none = CHARFLOW_BACKEND (charflow_socket_backend_new_for_tcp (NULL, 0,
                                                                                            FALSE));
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (both, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  g_clear_error (&error);
  g_assert_false (test_open_backend (wait, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  g_clear_error (&error);
  g_assert_false (test_open_backend (none, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
}

static void
add_for_both (const char *path,
              void (*test) (Fixture *, gconstpointer))
{
  g_autofree char *tcp = g_strconcat (path, "-tcp", NULL);
  g_autofree char *local = g_strconcat (path, "-unix", NULL);

  g_test_add (tcp, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
  g_test_add (local, Fixture, "unix", fixture_set_up, test, fixture_tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_for_both ("/socket-backend/SV1/ping-pong-and-again", test_ping_pong);
  g_test_add_func ("/socket-backend/SV3/ports", test_ports);
  g_test_add_func ("/socket-backend/SV3/host-names", test_host_names);
  g_test_add_func ("/socket-backend/SV4/paths", test_paths);
  g_test_add_func ("/socket-backend/SV4/path-of-another-stays", test_path_of_another);
  g_test_add_func ("/socket-backend/SV5/abstract", test_abstract);
  add_for_both ("/socket-backend/SV6/data-before-closed", test_data_before_closed);
  add_for_both ("/socket-backend/SV6/data-before-reading", test_data_before_reading);
  add_for_both ("/socket-backend/SV6/exact-reading", test_exact_reading);
  add_for_both ("/socket-backend/SV7/nobody-reads", test_nobody_reads);
  g_test_add_func ("/socket-backend/SV10/wait-for-the-first", test_wait);
  g_test_add_data_func ("/socket-backend/SV10/wait-cancelled", NULL, test_wait_ends);
  g_test_add_data_func ("/socket-backend/SV10/wait-closed", "close", test_wait_ends);
  add_for_both ("/socket-backend/SV11/close-in-handler", test_close_in_handler);
  g_test_add_func ("/socket-backend/SC1/connects", test_client);
  g_test_add_func ("/socket-backend/SC2/reconnects", test_reconnects);
  g_test_add_func ("/socket-backend/SC5/refused", test_refused);
  g_test_add_func ("/socket-backend/SC5/no-such-path", test_no_path);
  g_test_add_func ("/socket-backend/SC5/close-while-connecting", test_close_while_connecting);
  g_test_add_func ("/socket-backend/SC6/incompatible-options", test_incompatible);
  g_test_add_func ("/socket-backend/SC6/incompatible-properties", test_incompatible_properties);
  add_for_both ("/socket-backend/T65/reader-goes", test_reader_goes);
  g_test_add ("/socket-backend/T65/reader-goes-with-data", Fixture, "unix",
              fixture_set_up, test_reader_goes_with_data, fixture_tear_down);
  add_for_both ("/socket-backend/T66/second-peer-waits", test_second_waits);
  add_for_both ("/socket-backend/T66/peer-never-reads", test_peer_never_reads);
  g_test_add_func ("/socket-backend/T66/path-of-107-and-108-bytes", test_path_length);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-socket.h"

#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

static TestFolder *certificates;

static void
make_certificates (void)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "tools", "make-certificates.sh", NULL);
  g_autofree char *path = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  certificates = test_folder_new ();
  path = test_folder_path (certificates, "");
  g_spawn_sync (NULL, (char *[]) { script, path, NULL }, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, &errors, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s", error->message, errors);
}

/* What peer-error said, and how often. */
typedef struct
{
  CharflowBackend *backend;
  TestFrontEnd *front_end;
  GError *error;
  guint n_errors;
} Server;

static void
error_cb (CharflowSocketBackend *backend,
          GError                *error,
          Server                *server)
{
  g_clear_error (&server->error);
  server->error = g_error_copy (error);
  server->n_errors++;
}

static char *
make_spec (const char *folder,
           const char *more)
{
  g_autofree char *path = test_folder_path (certificates, folder);

  return g_strdup_printf ("socket,tls-creds=%s,%s", path, more);
}

static Server *
server_new_from_spec (const char *spec,
                      gsize       credit)
{
  Server *server = g_new0 (Server, 1);

  server->backend = test_socket_make_open (spec);
  server->front_end = test_front_end_new (server->backend, credit);
  g_signal_connect (server->backend, "peer-error", G_CALLBACK (error_cb), server);
  return server;
}

static Server *
server_new (const char *folder,
            const char *more,
            gsize       credit)
{
  g_autofree char *options = g_strconcat ("port=0,server=on,wait=off,", more, NULL);
  g_autofree char *spec = make_spec (folder, options);

  return server_new_from_spec (spec, credit);
}

static void
server_free (Server *server)
{
  test_front_end_free (server->front_end);
  g_assert_finalize_object (server->backend);
  g_clear_error (&server->error);
  g_free (server);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Server, server_free)

static gboolean
trust_cb (GTlsConnection      *connection,
          GTlsCertificate     *certificate,
          GTlsCertificateFlags errors,
          gpointer             unused)
{
  return TRUE;
}

/* GLib's own TLS, with the client's certificate of a folder, or none. */
static GIOStream *
join_tls (Server     *server,
          const char *folder)
{
  g_autoptr (GSocket) socket = test_socket_join (server->backend);
  g_autoptr (GSocketConnection) base = g_socket_connection_factory_create_connection (socket);
  g_autoptr (GError) error = NULL;
  GIOStream *stream = g_tls_client_connection_new (G_IO_STREAM (base), NULL, &error);

  g_assert_no_error (error);
  g_socket_set_blocking (socket, TRUE);
  g_signal_connect (stream, "accept-certificate", G_CALLBACK (trust_cb), NULL);
  if (folder != NULL)
    {
      g_autofree char *path = test_folder_path (certificates, folder);
      g_autofree char *certificate = g_build_filename (path, "client-cert.pem", NULL);
      g_autofree char *key = g_build_filename (path, "client-key.pem", NULL);
      g_autoptr (GTlsCertificate) own = g_tls_certificate_new_from_files (certificate, key, &error);

      g_assert_no_error (error);
      g_tls_connection_set_certificate (G_TLS_CONNECTION (stream), own);
    }
  g_tls_connection_handshake_async (G_TLS_CONNECTION (stream), G_PRIORITY_DEFAULT, NULL, NULL, NULL);

  return stream;
}

static void
write_stream (GIOStream  *stream,
              const char *text)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream), text, strlen (text), G_PRIORITY_DEFAULT, NULL,
                                   test_result_cb, &result);
  test_wait_until (result != NULL);
  g_assert_true (g_output_stream_write_all_finish (g_io_stream_get_output_stream (stream), result, NULL, &error));
  g_assert_no_error (error);
}

static void
read_stream (GIOStream  *stream,
             const char *text)
{
  g_autofree char *buffer = g_malloc0 (strlen (text) + 1);
  g_autoptr (GAsyncResult) result = NULL;
  gsize len;

  g_input_stream_read_all_async (g_io_stream_get_input_stream (stream), buffer, strlen (text), G_PRIORITY_DEFAULT, NULL,
                                 test_result_cb, &result);
  test_wait_until (result != NULL);
  g_assert_true (g_input_stream_read_all_finish (g_io_stream_get_input_stream (stream), result, &len, NULL));
  g_assert_cmpstr (buffer, ==, text);
}

static void
close_stream (GIOStream *stream)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
  test_wait_until (result != NULL);
  g_io_stream_close_finish (stream, result, NULL);
}

static void
assert_served (Server     *server,
               const char *folder)
{
  g_autoptr (GIOStream) peer = join_tls (server, folder);

  test_front_end_expect (server->front_end, "<O>");
  write_stream (peer, "ping");
  test_front_end_expect (server->front_end, "ping");
  test_socket_write (server->backend, "pong");
  read_stream (peer, "pong");
  close_stream (peer);
  test_front_end_expect (server->front_end, "<C>");
}

static void
test_server (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=on", 4096);
  g_autoptr (Server) lenient = server_new ("good", "tls-verify=off", 4096);

  assert_served (server, "good");
  assert_served (server, "good");
  g_assert_cmpuint (server->n_errors, ==, 0);
  g_assert_false (charflow_backend_has_feature (server->backend, CHARFLOW_FEATURE_FD_PASS));
  assert_served (lenient, NULL);
}

/* The folder may be named from where the program is. */
static void
test_relative_folder (void)
{
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *path = test_folder_path (certificates, "");
  g_autoptr (Server) server = NULL;

  g_assert_cmpint (g_chdir (path), ==, 0);
  server = server_new_from_spec ("socket,port=0,server=on,wait=off,tls-creds=good", 4096);
  assert_served (server, "good");
  g_assert_cmpuint (server->n_errors, ==, 0);
  g_assert_cmpint (g_chdir (folder), ==, 0);
}

static void
test_no_certificate (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=on", 4096);
  g_autoptr (GIOStream) peer = join_tls (server, NULL);

  test_wait_until (server->n_errors == 1);
  g_assert_error (server->error, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED);
  g_assert_cmpuint (server->front_end->n_events, ==, 0);
  assert_served (server, "good");
}

static void
test_wrong_certificate (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=on", 4096);
  g_autoptr (GIOStream) peer = join_tls (server, "other");

  test_wait_until (server->n_errors == 1);
  g_assert_error (server->error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_nonnull (strstr (server->error->message, "no known authority"));
  g_assert_cmpuint (server->front_end->n_events, ==, 0);
  assert_served (server, "good");
}

static void
test_authz (void)
{
  g_autoptr (Server) strict = server_new ("good", "tls-authz=*CN=desktop*", 4096);
  g_autoptr (Server) server = server_new ("good", "tls-authz=*CN=lap?op*", 4096);
  g_autoptr (GIOStream) peer = join_tls (strict, "good");

  test_wait_until (strict->n_errors == 1);
  g_assert_error (strict->error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (strict->error->message, "laptop"));
  g_assert_cmpuint (strict->front_end->n_events, ==, 0);
  assert_served (server, "good");
}

/* Decrypted bytes do not wait for more to come. */
static void
test_one_byte (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=off", 1);
  g_autoptr (GIOStream) peer = join_tls (server, NULL);

  test_front_end_expect (server->front_end, "<O>");
  write_stream (peer, "hello tls");
  test_front_end_expect (server->front_end, "hello tls");
}

static void
test_data_before_closed (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=off", 1);
  g_autoptr (GIOStream) peer = join_tls (server, NULL);
  g_autofree char *data = g_strnfill (20000, 'x');
  g_autofree char *expected = g_strconcat (data, "<C>", NULL);

  test_front_end_expect (server->front_end, "<O>");
  test_front_end_set_credit (server->front_end, 0);
  write_stream (peer, data);
  close_stream (peer);
  test_front_end_set_credit (server->front_end, 7);
  test_front_end_expect (server->front_end, expected);
}

/* Nobody reads, and there is nothing to read: the end is noticed, whether it is TLS's own or only the socket's. */
static void
test_nobody_reads (gconstpointer abruptly)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=off", 0);
  g_autoptr (GIOStream) peer = join_tls (server, NULL);

  test_front_end_expect (server->front_end, "<O>");
  if (abruptly != NULL)
    {
      g_autoptr (GIOStream) base = NULL;

      g_object_get (peer, "base-io-stream", &base, NULL);
      g_io_stream_close (base, NULL, NULL);
    }
  else
    {
      close_stream (peer);
    }
  test_front_end_expect (server->front_end, "<C>");
}

/* What does not fit is written again later, in other pieces than before. */
static void
test_peer_reads_late (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=off", 16);
  g_autoptr (GIOStream) peer = join_tls (server, NULL);
  g_autoptr (GString) sent = g_string_new (NULL);
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;
  guint n_ready = 0;
  guint8 data[40000];
  gssize len;

  for (guint i = 0; i < sizeof data; i++)
    data[i] = 'a' + i % 23;
  test_front_end_expect (server->front_end, "<O>");
  while ((len = charflow_backend_write (server->backend, data, sizeof data, &error)) > 0)
    g_string_append_len (sent, (char *) data, len);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_cmpint (charflow_backend_write (server->backend, (const guint8 *) "!", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  source = charflow_backend_create_source (server->backend, G_IO_OUT);
  g_source_set_callback (source, (GSourceFunc) (GCallback) test_count_cb, &n_ready, NULL);
  g_source_attach (source, NULL);
  read_stream (peer, sent->str);
  test_wait_until (n_ready > 0);
  g_source_destroy (source);
  test_socket_write (server->backend, "!");
  read_stream (peer, "!");
}

/* One that never speaks does not hold the place for ever. The limit is long enough for the next one under valgrind. */
static void
test_silent_peer (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=off,handshake-timeout=3000", 16);
  g_autoptr (GSocket) silent = test_socket_join (server->backend);
  gint64 began_at = g_get_monotonic_time ();
  g_autoptr (GIOStream) second = NULL;

  g_main_context_iteration (NULL, FALSE);
  second = join_tls (server, NULL);
  test_wait_until (server->n_errors == 1);
  g_assert_error (server->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - began_at, >=, 2900 * G_TIME_SPAN_MILLISECOND);
  test_front_end_expect (server->front_end, "<O>");
  g_assert_cmpuint (server->n_errors, ==, 1);
}

static void
test_garbage (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=off", 16);
  g_autoptr (GSocket) rude = test_socket_join (server->backend);

  test_socket_say (rude, "GET / HTTP/1.0\r\n\r\n");
  test_wait_until (server->n_errors == 1);
  g_assert_nonnull (server->error);
  assert_served (server, NULL);
}

static void
test_busy_in_set_up (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=off", 16);
  g_autoptr (GSocket) silent = test_socket_join (server->backend);
  g_autoptr (GSocket) other = NULL;
  g_autoptr (GError) error = NULL;
  int ends[2];

  /* As long as there is room, this would be no socket. */
  g_assert_cmpint (pipe (ends), ==, 0);
  while (!g_error_matches (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY))
    {
      g_clear_error (&error);
      g_assert_false (charflow_backend_accept_fd (server->backend, ends[0], &error));
      g_main_context_iteration (NULL, FALSE);
    }
  close (ends[0]);
  close (ends[1]);
  g_assert_true (charflow_backend_drop_peer (server->backend, NULL));
  assert_served (server, NULL);
  g_assert_cmpuint (server->n_errors, ==, 0);

  /* Closed meanwhile. */
  other = test_socket_join (server->backend);
  g_main_context_iteration (NULL, FALSE);
  charflow_backend_close (server->backend);
  g_assert_false (charflow_backend_get_active (server->backend));
}

/* A client of ours for a server of ours. */
static gboolean
open_client (Server     *server,
             const char *folder,
             const char *more,
             GError    **error)
{
  g_autofree char *options = g_strdup_printf ("host=127.0.0.1,port=%u%s", test_socket_get_port (server->backend), more);
  g_autofree char *spec = make_spec (folder, options);
  g_autoptr (CharflowBackend) client = test_socket_make (spec);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (client, 16);

  if (!test_open_backend (client, error))
    {
      g_assert_cmpuint (front_end->n_events, ==, 0);
      return FALSE;
    }

  test_front_end_expect (front_end, "<O>");
  test_front_end_expect (server->front_end, "<O>");
  test_socket_write (client, "ping");
  test_front_end_expect (server->front_end, "ping");
  charflow_backend_close (client);
  test_front_end_expect (server->front_end, "<C>");
  return TRUE;
}

static void
test_client (void)
{
  g_autoptr (Server) server = server_new ("good", "tls-verify=on", 16);
  g_autoptr (GError) error = NULL;

  g_assert_true (open_client (server, "good", "", &error));
  g_assert_no_error (error);
  g_assert_true (open_client (server, "good", ",tls-hostname=localhost", &error));
  g_assert_no_error (error);
}

static void
assert_client_refuses (const char *server_folder,
                       const char *client_folder,
                       const char *more,
                       const char *reason)
{
  g_autoptr (Server) server = server_new (server_folder, "tls-verify=off", 16);
  g_autoptr (GError) error = NULL;

  g_assert_false (open_client (server, client_folder, more, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_nonnull (strstr (error->message, reason));
}

static void
test_client_refuses (void)
{
  g_autoptr (Server) lenient = server_new ("expired", "tls-verify=off", 16);
  g_autoptr (GError) error = NULL;

  assert_client_refuses ("good", "good", ",tls-hostname=elsewhere", "another name");
  assert_client_refuses ("good", "other", "", "no known authority");
  assert_client_refuses ("expired", "good", "", "time");
  g_assert_true (open_client (lenient, "other", ",tls-verify=off", &error));
  g_assert_no_error (error);
}

static void
copy_file (const char *from,
           const char *folder,
           const char *name)
{
  g_autofree char *from_folder = test_folder_path (certificates, from);
  g_autofree char *source = g_build_filename (from_folder, name, NULL);
  g_autofree char *target = g_build_filename (folder, name, NULL);
  g_autofree char *contents = NULL;

  g_assert_true (g_file_get_contents (source, &contents, NULL, NULL));
  g_assert_true (g_file_set_contents (target, contents, -1, NULL));
}

static void
assert_folder_refused (const char *folder,
                       const char *more,
                       const char *named)
{
  g_autofree char *spec = g_strdup_printf ("socket,port=1,tls-creds=%s,%s", folder, more);
  g_autoptr (CharflowBackend) backend = test_socket_make (spec);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (backend, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_false (charflow_backend_get_active (backend));
}

static void
test_bad_folders (void)
{
  const char *const server = "server=on,wait=off";
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "creds");
  g_autofree char *key = g_build_filename (path, "server-key.pem", NULL);
  g_autofree char *authority = g_build_filename (path, "ca-cert.pem", NULL);
  g_autofree char *list = g_build_filename (path, "ca-crl.pem", NULL);

  assert_folder_refused ("/no/such/folder", server, "/no/such/folder/ca-cert.pem");
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  assert_folder_refused (path, server, "ca-cert.pem");
  copy_file ("good", path, "ca-cert.pem");
  assert_folder_refused (path, server, "server-cert.pem");
  copy_file ("good", path, "server-cert.pem");
  assert_folder_refused (path, server, "server-key.pem");
  g_assert_true (g_file_set_contents (key, "no key", -1, NULL));
  assert_folder_refused (path, server, "server-key.pem");
  copy_file ("good", path, "server-key.pem");
  g_assert_true (g_file_set_contents (list, "", -1, NULL));
  assert_folder_refused (path, server, "ca-crl.pem");
  g_assert_true (g_file_set_contents (authority, "no certificate", -1, NULL));
  g_assert_cmpint (g_unlink (list), ==, 0);
  assert_folder_refused (path, server, "ca-cert.pem");
  copy_file ("good", path, "ca-cert.pem");
  copy_file ("good", path, "client-cert.pem");
  assert_folder_refused (path, "server=off", "client-key.pem");
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_certificates ();

  g_test_add_func ("/socket-tls/X1/good", test_server);
  g_test_add_func ("/socket-tls/X1/relative-folder", test_relative_folder);
  g_test_add_func ("/socket-tls/X1/no-certificate", test_no_certificate);
  g_test_add_func ("/socket-tls/X1/wrong-certificate", test_wrong_certificate);
  g_test_add_func ("/socket-tls/X1/authz", test_authz);
  g_test_add_func ("/socket-tls/X1/client", test_client);
  g_test_add_func ("/socket-tls/X1/client-refuses", test_client_refuses);
  g_test_add_func ("/socket-tls/X1/bad-folders", test_bad_folders);
  g_test_add_func ("/socket-tls/X2/one-byte-at-a-time", test_one_byte);
  g_test_add_func ("/socket-tls/X2/data-before-closed", test_data_before_closed);
  g_test_add_func ("/socket-tls/X2/peer-reads-late", test_peer_reads_late);
  g_test_add_data_func ("/socket-tls/X2/nobody-reads", NULL, test_nobody_reads);
  g_test_add_data_func ("/socket-tls/X2/nobody-reads-abruptly", "abruptly", test_nobody_reads);
  g_test_add_func ("/socket-tls/X3/silent-peer", test_silent_peer);
  g_test_add_func ("/socket-tls/X3/garbage", test_garbage);
  g_test_add_func ("/socket-tls/SV8/busy-in-set-up", test_busy_in_set_up);

  status = g_test_run ();
  test_folder_free (certificates);
  return status;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-socket.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

static void
test_ports (void)
{
  g_autoptr (CharflowBackend) first = test_socket_make_server (NULL);
  guint port = test_socket_get_port (first);
  g_autofree char *text = g_strdup_printf ("disconnected:tcp:127.0.0.1:%u,server=on", port);
  g_autofree char *busy = g_strdup_printf ("socket,port=%u,server=on,wait=off", port);
  g_autofree char *range = g_strdup_printf ("socket,host=127.0.0.1,port=%u,to=%u,server=on,wait=off", port,
                                            MIN (port + 50, 65535));
  g_autoptr (CharflowBackend) second = test_socket_make (busy);
  g_autoptr (CharflowBackend) third = test_socket_make (range);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (port, >, 0);
  g_assert_true (test_socket_uri_has (first, text));
  g_assert_false (test_open_backend (second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_false (charflow_backend_get_active (second));
  g_clear_error (&error);
  g_assert_true (test_open_backend (third, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (test_socket_get_port (third), >, port);

  charflow_backend_close (first);
  g_assert_cmpuint (test_socket_get_port (first), ==, 0);
}

static void
test_host_names (void)
{
  g_autoptr (CharflowBackend) by_name = test_socket_make_open ("socket,host=localhost,port=0,server=on,wait=off,ipv4=on");
  g_autoptr (CharflowBackend) mixed = test_socket_make ("socket,host=127.0.0.1,port=0,server=on,wait=off,ipv6=on");
  g_autoptr (CharflowBackend) foreign = test_socket_make ("socket,host=192.0.2.1,port=0,server=on,wait=off");
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (test_socket_get_port (by_name), >, 0);
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
  g_autoptr (CharflowBackend) backend = test_socket_make (spec);
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
  g_autoptr (CharflowBackend) server = test_socket_make_server (folder);
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
  heir = test_socket_make_open (spec);
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
  g_autoptr (CharflowBackend) server = test_socket_make_server (folder);

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
  g_autoptr (CharflowBackend) server = test_socket_make_open (fits);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (server, 4096);
  g_autoptr (GSocket) peer = test_socket_join (server);
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
  g_autoptr (CharflowBackend) server = test_socket_make_open (server_spec);
  g_autoptr (CharflowBackend) rival = test_socket_make (server_spec);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (server, 4096);
  g_autoptr (CharflowBackend) client = test_socket_make_open (client_spec);
  g_autoptr (GError) error = NULL;

  test_front_end_expect (front_end, "<O>");
  test_socket_write (client, "abstract");
  test_front_end_expect (front_end, "abstract");
  g_assert_false (test_open_backend (rival, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_true (test_socket_uri_has (server, "abstract=on"));
}

static void
test_wait (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make ("socket,id=w,port=0,server=on");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (server, NULL, test_result_cb, &result);
  test_wait_until (test_socket_get_port (server) != 0);
  g_assert_null (result);
  g_assert_false (charflow_backend_get_active (server));
  peer = test_socket_join (server);
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
  g_autoptr (CharflowBackend) server = test_socket_make (spec);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (server, cancellable, test_result_cb, &result);
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

static GSocket *
try_to_join (const char *host,
             guint       port)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);

  return g_socket_connect (socket, address, NULL, NULL) ? g_steal_pointer (&socket) : NULL;
}

/* A name of its own, so that nothing depends on what the machine calls itself. */
static GList *
lookup_both (void)
{
  GList *list = g_list_append (NULL, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4));

  return g_list_append (list, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6));
}

#define TEST_TYPE_RESOLVER (test_resolver_get_type ())
G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GResolver)

struct _TestResolver
{
  GResolver parent_instance;
};

G_DEFINE_FINAL_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static void
test_resolver_lookup_async (GResolver          *resolver,
                            const char         *hostname,
                            GCancellable       *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);

  g_assert_cmpstr (hostname, ==, "both.test");
  g_task_return_pointer (task, lookup_both (), (GDestroyNotify) g_resolver_free_addresses);
}

static GList *
test_resolver_lookup_finish (GResolver    *resolver,
                             GAsyncResult *result,
                             GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  G_RESOLVER_CLASS (klass)->lookup_by_name_async = test_resolver_lookup_async;
  G_RESOLVER_CLASS (klass)->lookup_by_name_finish = test_resolver_lookup_finish;
  G_RESOLVER_CLASS (klass)->lookup_by_name_with_flags_finish = test_resolver_lookup_finish;
}

static void
test_resolver_init (TestResolver *self)
{
}

static void
test_all_addresses (void)
{
  g_autoptr (GResolver) old = g_resolver_get_default ();
  g_autoptr (GResolver) resolver = g_object_new (TEST_TYPE_RESOLVER, NULL);
  g_autoptr (CharflowBackend) server = NULL;
  g_autoptr (CharflowBackend) holder = NULL;
  g_autoptr (CharflowBackend) rival = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *busy = NULL;

  g_resolver_set_default (resolver);
  server = test_socket_make_open ("socket,host=both.test,port=0,server=on,wait=off,ipv4=on,ipv6=on");
  front_end = test_front_end_new (server, 16);
  peer = try_to_join ("127.0.0.1", test_socket_get_port (server));
  g_assert_nonnull (peer);
  test_front_end_expect (front_end, "<O>");
  test_socket_leave (&peer);
  test_front_end_expect (front_end, "<C>");
  peer = try_to_join ("::1", test_socket_get_port (server));
  g_assert_nonnull (peer);
  test_front_end_expect (front_end, "<O>");
  test_socket_leave (&peer);
  test_front_end_expect (front_end, "<C>");
  charflow_backend_close (server);

  /* A port that is in use on one of them is in use. */
  holder = test_socket_make_open ("socket,host=::1,port=0,server=on,wait=off");
  busy = g_strdup_printf ("socket,host=both.test,port=%u,server=on,wait=off", test_socket_get_port (holder));
  rival = test_socket_make (busy);
  g_assert_false (test_open_backend (rival, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_resolver_set_default (old);
}

static void
test_any_address (void)
{
  g_autoptr (CharflowBackend) both = test_socket_make_open ("socket,host=::,port=0,server=on,wait=off");
  g_autoptr (CharflowBackend) only = test_socket_make_open ("socket,host=::,port=0,server=on,wait=off,ipv6=on");
  g_autoptr (GSocket) peer = try_to_join ("127.0.0.1", test_socket_get_port (both));

  g_assert_nonnull (peer);
  test_wait_until (charflow_backend_get_opened (both));
  test_socket_leave (&peer);
  g_assert_null (try_to_join ("127.0.0.1", test_socket_get_port (only)));
  peer = try_to_join ("::1", test_socket_get_port (only));
  g_assert_nonnull (peer);
}

static void
test_all_busy (void)
{
  g_autoptr (CharflowBackend) first = test_socket_make_server (NULL);
  guint port = test_socket_get_port (first);
  g_autofree char *spec = g_strdup_printf ("socket,port=%u,to=%u,server=on,wait=off", port, port);
  g_autoptr (CharflowBackend) second = test_socket_make (spec);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

static guint
get_mode (const char *path)
{
  struct stat info;

  g_assert_cmpint (lstat (path, &info), ==, 0);
  return info.st_mode & 07777;
}

static void
test_mode (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "m");
  g_autofree char *plain = g_strdup_printf ("socket,path=%s,server=on,wait=off", path);
  g_autofree char *shut = g_strdup_printf ("%s,mode=600", plain);
  g_autofree char *open = g_strdup_printf ("%s,mode=0777", plain);
  g_autoptr (CharflowBackend) by_umask = NULL;
  g_autoptr (CharflowBackend) by_mode = NULL;
  g_autoptr (CharflowBackend) for_all = NULL;
  mode_t old = umask (027);

  by_umask = test_socket_make_open (plain);
  g_assert_cmpuint (get_mode (path), ==, 0750);
  charflow_backend_close (by_umask);
  by_mode = test_socket_make_open (shut);
  g_assert_cmpuint (get_mode (path), ==, 0600);
  charflow_backend_close (by_mode);
  for_all = test_socket_make_open (open);
  g_assert_cmpuint (get_mode (path), ==, 0777);
  g_assert_cmpuint (umask (old), ==, 027);
}

static void
test_padded (void)
{
  g_autofree char *name = g_strdup_printf ("charflow-test-padded-%d", (int) getpid ());
  g_autofree char *padded = g_strdup_printf ("socket,path=%s,abstract=on,tight=off,server=on,wait=off", name);
  g_autofree char *same = g_strdup_printf ("socket,path=%s,abstract=on,tight=off", name);
  g_autofree char *other = g_strdup_printf ("socket,path=%s,abstract=on", name);
  g_autoptr (CharflowBackend) server = test_socket_make_open (padded);
  g_autoptr (CharflowBackend) client = test_socket_make_open (same);
  g_autoptr (CharflowBackend) stranger = test_socket_make (other);
  g_autoptr (GError) error = NULL;

  test_wait_until (charflow_backend_get_opened (server));
  g_assert_false (test_open_backend (stranger, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static void
test_resource (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autoptr (CharflowBackend) local = test_socket_make_server (folder);
  g_autoptr (CharflowBackend) inet = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) unbound = test_socket_make_open ("socket,server=on");
  g_autoptr (CharflowBackend) client = test_socket_make_client (5, "");
  g_autofree char *path = test_folder_path (folder, "s");
  g_autofree char *of_path = g_strconcat ("unix:", path, NULL);
  g_autofree char *of_port = g_strdup_printf ("tcp:127.0.0.1:%u", test_socket_get_port (inet));
  g_autofree char *local_resource = charflow_backend_get_resource (local);
  g_autofree char *inet_resource = charflow_backend_get_resource (inet);

  g_assert_cmpstr (local_resource, ==, of_path);
  g_assert_cmpstr (inet_resource, ==, of_port);
  g_assert_null (charflow_backend_get_resource (unbound));
  g_assert_null (charflow_backend_get_resource (client));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/socket-listening/SV3/ports", test_ports);
  g_test_add_func ("/socket-listening/SV3/all-busy", test_all_busy);
  g_test_add_func ("/socket-listening/SV3/host-names", test_host_names);
  g_test_add_func ("/socket-listening/SV3/all-addresses-of-a-name", test_all_addresses);
  g_test_add_func ("/socket-listening/SV3/any-address", test_any_address);
  g_test_add_func ("/socket-listening/SV4/paths", test_paths);
  g_test_add_func ("/socket-listening/SV4/path-of-another-stays", test_path_of_another);
  g_test_add_func ("/socket-listening/SV4/mode", test_mode);
  g_test_add_func ("/socket-listening/SV5/abstract", test_abstract);
  g_test_add_func ("/socket-listening/SV5/abstract-padded", test_padded);
  g_test_add_func ("/socket-listening/SV10/wait-for-the-first", test_wait);
  g_test_add_data_func ("/socket-listening/SV10/wait-cancelled", NULL, test_wait_ends);
  g_test_add_data_func ("/socket-listening/SV10/wait-closed", "close", test_wait_ends);
  g_test_add_func ("/socket-listening/T66/path-of-107-and-108-bytes", test_path_length);
  g_test_add_func ("/socket-listening/SC4/resource", test_resource);

  return g_test_run ();
}

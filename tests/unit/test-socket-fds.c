/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-fd.h"
#include "test-front-end.h"
#include "test-socket.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixfdmessage.h>

static void
assert_open (int      fd,
             gboolean open)
{
  g_assert_cmpint (fcntl (fd, F_GETFD) >= 0, ==, open);
}

static void
make_pair (int *pair)
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
}

/* The other end of a pair, as a socket that does not block. */
static GSocket *
wrap (int fd)
{
  GSocket *socket = g_socket_new_from_fd (fd, NULL);

  g_socket_set_blocking (socket, FALSE);
  return socket;
}

static CharflowBackend *
make_unbound (int *fd)
{
  CharflowBackend *backend = test_socket_make_open ("socket,server=on");
  g_autoptr (GError) error = NULL;
  int pair[2];

  make_pair (pair);
  g_assert_true (charflow_backend_accept_fd (backend, pair[0], &error));
  g_assert_no_error (error);
  *fd = pair[1];
  return backend;
}

static void
test_accept_fd (void)
{
  int fd;
  g_autoptr (CharflowBackend) backend = test_socket_make_open ("socket,server=on");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 16);
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GError) error = NULL;
  int first[2];
  int second[2];
  int ends[2];

  make_pair (first);
  make_pair (second);
  g_assert_cmpint (pipe (ends), ==, 0);

  g_assert_false (charflow_backend_accept_fd (backend, ends[0], &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "'fd'"));
  g_clear_error (&error);
  g_assert_false (charflow_backend_accept_fd (backend, -1, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  fd = socket (AF_INET, SOCK_STREAM, 0);
  g_assert_false (charflow_backend_accept_fd (backend, fd, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  close (fd);
  fd = socket (AF_INET, SOCK_DGRAM, 0);
  g_assert_false (charflow_backend_accept_fd (backend, fd, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_clear_error (&error);
  close (fd);
  assert_open (ends[0], TRUE);
  test_front_end_expect (front_end, "");

  g_assert_true (charflow_backend_accept_fd (backend, first[0], &error));
  test_front_end_expect (front_end, "<O>");
  g_assert_false (charflow_backend_accept_fd (backend, second[0], &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  g_clear_error (&error);
  assert_open (second[0], TRUE);

  peer = wrap (first[1]);
  test_socket_say (peer, "hi");
  test_front_end_expect (front_end, "hi");
  test_socket_leave (&peer);
  test_front_end_expect (front_end, "<C>");
  g_assert_true (charflow_backend_accept_fd (backend, second[0], &error));
  test_front_end_expect (front_end, "<O>");
  close (second[1]);
  close (ends[0]);
  close (ends[1]);
}

/* A client that is waiting to connect again takes one that is given to it. */
static void
test_accept_fd_by_client (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (CharflowBackend) client = test_socket_make_client (test_socket_get_port (server), ",reconnect=1");
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GError) error = NULL;
  int pair[2];

  charflow_backend_close (server);
  g_assert_true (test_open_backend (client, &error));
  make_pair (pair);
  g_assert_true (charflow_backend_accept_fd (client, pair[0], &error));
  g_assert_true (charflow_backend_get_opened (client));
  peer = wrap (pair[1]);
  test_socket_write (client, "given");
  test_socket_hear (peer, "given");
}

static void
test_client_fd (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GSocket) peer = NULL;
  g_autofree char *spec = NULL;
  int pair[2];

  make_pair (pair);
  spec = g_strdup_printf ("socket,fd=%d", pair[0]);
  backend = test_socket_make (spec);
  front_end = test_front_end_new (backend, 16);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  test_front_end_expect (front_end, "<O>");
  g_assert_true (charflow_backend_has_feature (backend, CHARFLOW_FEATURE_FD_PASS));
  peer = wrap (pair[1]);
  test_socket_say (peer, "x");
  test_front_end_expect (front_end, "x");
  charflow_backend_close (backend);

  /* The number may be another file by now. */
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
}

static void
test_server_fd (gconstpointer listening)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  g_assert_true (g_socket_bind (socket, any, TRUE, NULL));
  if (listening != NULL)
    g_assert_true (g_socket_listen (socket, NULL));
  fd = dup (g_socket_get_fd (socket));
  g_socket_close (socket, NULL);

  backend = CHARFLOW_BACKEND (charflow_socket_backend_new_for_fd (fd, TRUE));
  front_end = test_front_end_new (backend, 16);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (test_socket_get_port (backend), >, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GSocket) peer = test_socket_join (backend);

      test_front_end_expect (front_end, "<O>");
      test_socket_say (peer, "ping");
      test_front_end_expect (front_end, "ping");
      test_socket_leave (&peer);
      test_front_end_expect (front_end, "<C>");
    }
}

static void
assert_fd_refused (int      fd,
                   gboolean server)
{
  g_autofree char *spec = g_strdup_printf ("socket,fd=%d,server=%s", fd, server ? "on" : "off");
  g_autofree char *number = g_strdup_printf ("%d", fd);
  g_autoptr (CharflowBackend) backend = test_socket_make (spec);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "'fd'"));
  g_assert_nonnull (strstr (error->message, number));
}

static void
test_wrong_fds (void)
{
  int pair[2];
  int ends[2];

  make_pair (pair);
  g_assert_cmpint (pipe (ends), ==, 0);
  assert_fd_refused (pair[0], TRUE);
  assert_fd_refused (ends[0], TRUE);
  assert_fd_refused (ends[0], FALSE);
  assert_fd_refused (10000, FALSE);
  assert_open (ends[0], TRUE);
  assert_open (pair[0], TRUE);
  close (ends[0]);
  close (ends[1]);
  close (pair[0]);
  close (pair[1]);
}

/* Sends text with as many descriptors of /dev/null. */
static void
send_fds (int         fd,
          const char *text,
          guint       n_fds)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (dup (fd), NULL);
  g_autoptr (GSocketControlMessage) message = g_unix_fd_message_new ();
  GOutputVector vector = { text, strlen (text) };
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  for (guint i = 0; i < n_fds; i++)
    g_assert_true (g_unix_fd_message_append_fd (G_UNIX_FD_MESSAGE (message), null, NULL));
  close (null);
  g_assert_cmpint (g_socket_send_message (socket, NULL, &vector, 1, &message, 1, 0, NULL, NULL), ==, vector.size);
}

/* Three came, one is taken and the two others go with the list; those that nobody asks for are closed when others come. */
static void
test_receives_fds (void)
{
  int fd;
  g_autoptr (CharflowBackend) backend = make_unbound (&fd);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 1);
  g_autoptr (GUnixFDList) fds = NULL;
  guint n_fds = test_count_fds ();
  g_autofree int *stolen = NULL;
  int n;

  g_assert_true (charflow_backend_has_feature (backend, CHARFLOW_FEATURE_FD_PASS));
  send_fds (fd, "abc", 3);
  test_front_end_expect (front_end, "abc");
  fds = charflow_backend_steal_fds (backend);
  g_assert_nonnull (fds);
  g_assert_cmpint (g_unix_fd_list_get_length (fds), ==, 3);
  stolen = g_unix_fd_list_steal_fds (fds, &n);
  for (int i = 0; i < n; i++)
    {
      g_assert_cmpint (fcntl (stolen[i], F_GETFD), ==, FD_CLOEXEC);
      close (stolen[i]);
    }
  g_assert_null (charflow_backend_steal_fds (backend));
  g_assert_cmpuint (test_count_fds (), ==, n_fds);

  send_fds (fd, "d", 4);
  test_front_end_expect (front_end, "d");
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 4);
  send_fds (fd, "e", 2);
  test_front_end_expect (front_end, "e");
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 2);

  /* Of a message with too many, the kernel closes what does not fit. */
  send_fds (fd, "f", 20);
  test_front_end_expect (front_end, "f");
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 16);

  /* This closes both ends as well. */
  close (fd);
  test_front_end_expect (front_end, "<C>");
  g_assert_cmpuint (test_count_fds (), ==, n_fds - 2);
  g_assert_null (charflow_backend_steal_fds (backend));
  g_assert_false (charflow_backend_has_feature (backend, CHARFLOW_FEATURE_FD_PASS));
}

static GUnixFDList *
new_nulls (guint n)
{
  GUnixFDList *fds = g_unix_fd_list_new ();
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  for (guint i = 0; i < n; i++)
    g_assert_cmpint (g_unix_fd_list_append (fds, null, NULL), >=, 0);
  close (null);
  return fds;
}

/* Reads so much at a time, and counts what comes along. */
static gsize
receive (GSocket *peer,
         gsize    size,
         guint   *n_fds)
{
  g_autofree char *buffer = g_malloc (size);
  GInputVector vector = { buffer, size };
  GSocketControlMessage **messages = NULL;
  int n_messages = 0;
  gssize len = g_socket_receive_message (peer, NULL, &vector, 1, &messages, &n_messages, NULL, NULL, NULL);

  for (int i = 0; i < n_messages; i++)
    {
      *n_fds += (guint) g_unix_fd_list_get_length (g_unix_fd_message_get_fd_list (G_UNIX_FD_MESSAGE (messages[i])));
      g_object_unref (messages[i]);
    }
  g_free (messages);
  return (gsize) MAX (len, 0);
}

static void
test_sends_fds (void)
{
  const gsize size = 1024 * 1024;
  int fd;
  g_autoptr (CharflowBackend) backend = make_unbound (&fd);
  g_autoptr (GSocket) peer = wrap (fd);
  g_autoptr (GUnixFDList) replaced = new_nulls (5);
  g_autoptr (GUnixFDList) two = new_nulls (2);
  g_autoptr (GUnixFDList) many = new_nulls (17);
  g_autofree guint8 *data = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&data), size);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint n_fds = 0;
  gsize received;

  g_assert_true (charflow_backend_queue_fds (backend, replaced, &error));
  g_assert_true (charflow_backend_queue_fds (backend, two, &error));
  g_assert_no_error (error);
  g_assert_false (charflow_backend_queue_fds (backend, many, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "17"));
  g_clear_error (&error);

  charflow_backend_write_all_async (backend, bytes, NULL, test_result_cb, &result);
  received = receive (peer, 1, &n_fds);
  g_assert_cmpuint (received, ==, 1);
  g_assert_cmpuint (n_fds, ==, 2);
  while (received < size)
    {
      received += receive (peer, 65536, &n_fds);
      g_main_context_iteration (NULL, FALSE);
    }
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_write_all_finish (backend, result, NULL, &error));
  g_assert_cmpuint (n_fds, ==, 2);
}

/* What was queued for one peer is not for the next. */
static void
test_queued_go_with_the_peer (void)
{
  int fd;
  g_autoptr (CharflowBackend) backend = make_unbound (&fd);
  g_autoptr (GUnixFDList) two = new_nulls (2);
  guint n_fds = test_count_fds ();
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_backend_queue_fds (backend, two, &error));
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 2);
  close (fd);
  test_wait_until (!charflow_backend_get_opened (backend));
  g_assert_cmpuint (test_count_fds (), ==, n_fds - 2);
  g_assert_false (charflow_backend_queue_fds (backend, two, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
}

static void
test_not_over_tcp (void)
{
  g_autoptr (CharflowBackend) server = test_socket_make_server (NULL);
  g_autoptr (GSocket) peer = test_socket_join (server);
  g_autoptr (GUnixFDList) two = new_nulls (2);
  g_autoptr (GError) error = NULL;

  test_wait_until (charflow_backend_get_opened (server));
  g_assert_false (charflow_backend_has_feature (server, CHARFLOW_FEATURE_FD_PASS));
  g_assert_false (charflow_backend_queue_fds (server, two, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  g_assert_null (charflow_backend_steal_fds (server));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/socket-fds/SV1/server-fd-that-is-bound", NULL, test_server_fd);
  g_test_add_data_func ("/socket-fds/SV1/server-fd-that-listens", "listens", test_server_fd);
  g_test_add_func ("/socket-fds/SC1/client-fd", test_client_fd);
  g_test_add_func ("/socket-fds/SV8/accept-fd", test_accept_fd);
  g_test_add_func ("/socket-fds/SV8/accept-fd-by-client", test_accept_fd_by_client);
  g_test_add_func ("/socket-fds/SV8/wrong-fds", test_wrong_fds);
  g_test_add_func ("/socket-fds/SV9/receives", test_receives_fds);
  g_test_add_func ("/socket-fds/SV9/sends-once", test_sends_fds);
  g_test_add_func ("/socket-fds/SV9/queued-go-with-the-peer", test_queued_go_with_the_peer);
  g_test_add_func ("/socket-fds/SV9/not-over-tcp", test_not_over_tcp);

  return g_test_run ();
}

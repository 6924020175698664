/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-util.h"

#include <string.h>

/* The largest one that IPv4 carries. */
#define MAX_DATAGRAM 65507

static GSocket *
new_peer (const char *address,
          guint16     port)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string (address, port);
  g_autoptr (GSocket) peer = g_socket_new (g_socket_address_get_family (local), G_SOCKET_TYPE_DATAGRAM,
                                           G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_socket_set_blocking (peer, FALSE);
  g_socket_bind (peer, local, FALSE, &error);
  g_assert_no_error (error);

  return g_steal_pointer (&peer);
}

static guint16
get_port (GSocket *peer)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (peer, NULL);

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local));
}

static CharflowBackend *
open_spec (const char *spec)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);

  return g_steal_pointer (&backend);
}

/* A back end whose peer is @peer. */
static CharflowBackend *
open_towards (GSocket    *peer,
              const char *more)
{
  g_autofree char *spec = g_strdup_printf ("udp,port=%u%s", get_port (peer), more);

  return open_spec (spec);
}

static guint16
get_local_port (CharflowBackend *backend)
{
  return (guint16) charflow_udp_backend_get_local_port (CHARFLOW_UDP_BACKEND (backend));
}

static void
send_to (GSocket         *peer,
         CharflowBackend *backend,
         const void      *data,
         gsize            size)
{
  gboolean ipv6 = g_socket_get_family (peer) == G_SOCKET_FAMILY_IPV6;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (ipv6 ? "::1" : "127.0.0.1",
                                                                              get_local_port (backend));
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_socket_send_to (peer, address, data, size, NULL, &error), ==, size);
  g_assert_no_error (error);
}

static void
send_text (GSocket         *peer,
           CharflowBackend *backend,
           const char      *text)
{
  send_to (peer, backend, text, strlen (text));
}

static void
assert_receives (GSocket    *peer,
                 const char *expected)
{
  char buffer[100];
  gssize len;

  test_wait_until (g_socket_condition_check (peer, G_IO_IN) != 0);
  len = g_socket_receive (peer, buffer, sizeof buffer, NULL, NULL);
  g_assert_cmpmem (buffer, len, expected, strlen (expected));
}

static void
assert_writes (CharflowBackend *backend,
               const char      *text)
{
  g_autoptr (GError) error = NULL;
  gssize len = charflow_backend_write (backend, (const guint8 *) text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpint (len, ==, strlen (text));
}

static void
assert_nothing_to_read (CharflowBackend *backend)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_read_bytes (backend, 100, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
test_echo (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autoptr (GSocket) stranger = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, "");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 128);

  g_assert_true (charflow_backend_get_opened (backend));
  assert_writes (backend, "hello");
  assert_receives (peer, "hello");
  send_text (stranger, backend, "strange");
  send_text (peer, backend, "hello");
  test_front_end_expect (front_end, "hello");
  g_assert_cmpuint (front_end->n_events, ==, 0);
}

static void
test_ipv6 (void)
{
  g_autoptr (GSocket) peer = new_peer ("::1", 0);
  g_autofree char *spec = g_strdup_printf ("udp:[::1]:%u@[::1]:0", get_port (peer));
  g_autoptr (CharflowBackend) backend = open_spec (spec);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 128);
  g_autofree char *uri = charflow_backend_get_uri (backend);
  g_autofree char *expected = g_strdup_printf ("udp:[::1]:%u <-> [::1]:%u", get_local_port (backend),
                                               get_port (peer));

  g_assert_cmpstr (uri, ==, expected);
  assert_writes (backend, "hello");
  assert_receives (peer, "hello");
  send_text (peer, backend, "hello");
  test_front_end_expect (front_end, "hello");
}

static void
test_both_ends (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autofree char *spec = g_strdup_printf ("udp:127.0.0.1:%u@localhost:0,id=u", get_port (peer));
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, &error);
  CharflowUdpBackend *udp = CHARFLOW_UDP_BACKEND (backend);
  g_autofree char *no_uri = charflow_backend_get_uri (backend);
  g_autofree char *uri = NULL;
  g_autofree char *expected = NULL;
  guint n = 0;

  g_signal_connect_swapped (backend, "notify::local-port", G_CALLBACK (test_count_cb), &n);
  g_assert_null (no_uri);
  g_assert_cmpuint (charflow_udp_backend_get_local_port (udp), ==, 0);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1);

  g_assert_cmpstr (charflow_udp_backend_get_host (udp), ==, "127.0.0.1");
  g_assert_cmpuint (charflow_udp_backend_get_port (udp), ==, get_port (peer));
  g_assert_cmpstr (charflow_udp_backend_get_local_address (udp), ==, "localhost");
  g_assert_cmpuint (charflow_udp_backend_get_local_port (udp), >, 0);
  g_assert_false (charflow_udp_backend_get_reply_to_sender (udp));
  uri = charflow_backend_get_uri (backend);
  expected = g_strdup_printf ("udp:127.0.0.1:%u <-> 127.0.0.1:%u", get_local_port (backend), get_port (peer));
  g_assert_cmpstr (uri, ==, expected);

  charflow_backend_close (backend);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (charflow_udp_backend_get_local_port (udp), ==, 0);
}

static void
test_resource (void)
{
  g_autoptr (CharflowBackend) none = charflow_backend_new_from_spec ("udp::1", NULL);
  g_autoptr (CharflowBackend) any = charflow_backend_new_from_spec ("udp::1@:2", NULL);
  g_autoptr (CharflowBackend) one = charflow_backend_new_from_spec ("udp::1@a:2", NULL);
  g_autofree char *no_resource = charflow_backend_get_resource (none);
  g_autofree char *any_resource = charflow_backend_get_resource (any);
  g_autofree char *one_resource = charflow_backend_get_resource (one);

  g_assert_null (no_resource);
  g_assert_cmpstr (any_resource, ==, "udp::2");
  g_assert_cmpstr (one_resource, ==, "udp:a:2");
}

static void
test_one_write_one_datagram (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, "");

  assert_writes (backend, "a");
  assert_writes (backend, "bc");
  assert_receives (peer, "a");
  assert_receives (peer, "bc");
}

static void
test_one_read_one_datagram (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, "");
  static const char *const texts[] = { "ab", "c" };

  send_text (peer, backend, "ab");
  send_text (peer, backend, "c");
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GBytes) bytes = NULL;

      test_wait_until ((bytes = charflow_backend_read_bytes (backend, 100000, NULL)) != NULL);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), texts[i], strlen (texts[i]));
    }
  assert_nothing_to_read (backend);
}

static void
test_empty (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, "");
  g_autoptr (TestFrontEnd) front_end = NULL;

  /* No bytes would mean that the other side has gone. */
  send_to (peer, backend, "", 0);
  assert_nothing_to_read (backend);

  front_end = test_front_end_new (backend, 128);
  /* More than one call passes over. */
  for (guint i = 0; i < 40; i++)
    send_to (peer, backend, "", 0);
  send_text (peer, backend, "after");
  test_front_end_expect (front_end, "after");
  g_assert_true (charflow_backend_get_opened (backend));
  g_assert_cmpuint (front_end->n_events, ==, 0);
}

/* Nobody listens at first, and the network says so after each datagram. */
static void
test_refused (void)
{
  g_autoptr (GSocket) first = new_peer ("127.0.0.1", 0);
  guint16 port = get_port (first);
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (CharflowBackend) backend = open_towards (first, "");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 128);

  g_assert_true (g_socket_close (first, NULL));
  for (guint i = 0; i < 5; i++)
    assert_writes (backend, "lost");

  peer = new_peer ("127.0.0.1", port);
  assert_writes (backend, "hello");
  assert_receives (peer, "hello");
  send_text (peer, backend, "hello");
  test_front_end_expect (front_end, "hello");
}

/* The same error, met by reading. */
static void
test_refused_while_reading (void)
{
  g_autoptr (GSocket) first = new_peer ("127.0.0.1", 0);
  guint16 port = get_port (first);
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (CharflowBackend) backend = open_towards (first, "");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 128);

  g_assert_true (g_socket_close (first, NULL));
  assert_writes (backend, "lost");
  test_wait_until (front_end->n_wakeups > 0);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (front_end->n_wakeups, <, 5);

  peer = new_peer ("127.0.0.1", port);
  send_text (peer, backend, "hello");
  test_front_end_expect (front_end, "hello");
}

static void
test_long (gconstpointer data)
{
  gsize size = GPOINTER_TO_SIZE (data);
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, "");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 128);
  g_autofree char *text = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    text[i] = (char) ('a' + i % 23);
  text[size] = '\0';

  send_to (peer, backend, text, size);
  test_front_end_expect (front_end, text);
  g_assert_cmpuint (front_end->n_wakeups, <=, size / 128 + 2);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (front_end->n_wakeups, <=, size / 128 + 2);

  send_text (peer, backend, "then");
  test_front_end_expect (front_end, "then");
}

/* A rest waits for credit and is told of when there is some, though the socket has nothing. */
static void
test_rest_waits (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, "");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 0);
  g_autoptr (GBytes) bytes = NULL;

  send_text (peer, backend, "abcdef");
  test_wait_until ((bytes = charflow_backend_read_bytes (backend, 2, NULL)) != NULL);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  test_front_end_set_credit (front_end, 100);
  test_front_end_expect (front_end, "cdef");

  /* A new opening begins without it. */
  test_front_end_set_credit (front_end, 0);
  g_clear_pointer (&bytes, g_bytes_unref);
  send_text (peer, backend, "abcdef");
  test_wait_until ((bytes = charflow_backend_read_bytes (backend, 2, NULL)) != NULL);
  charflow_backend_close (backend);
  g_assert_true (test_open_backend (backend, NULL));
  assert_nothing_to_read (backend);
}

static void
test_oversize (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, "");
  g_autofree guint8 *data = g_malloc0 (MAX_DATAGRAM + 1);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (charflow_backend_write (backend, data, MAX_DATAGRAM + 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "65508"));
  g_assert_true (charflow_backend_get_opened (backend));
  assert_writes (backend, "short");
  assert_receives (peer, "short");
}

static void
assert_refused (const char *spec,
                int         code,
                const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_new_from_spec (spec, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
}

static void
test_no_port (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_udp_backend_new (NULL, 0));
  g_autoptr (GError) error = NULL;

  assert_refused ("udp", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'port'");
  assert_refused ("udp,host=h", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'port'");
  assert_refused ("udp,host=h,reply-to-sender", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'port'");
  assert_refused ("udp,port=0", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'port'");
  assert_refused ("udp,port=65536", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "65536");
  assert_refused ("udp,port=1,localport=65536", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'localport'");
  assert_refused ("udp,port=1,ipv4=off,ipv6=off", CHARFLOW_BACKEND_ERROR_INCOMPATIBLE, "'ipv6=off'");

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
}

static void
assert_fails (const char *spec,
              const char *named)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  g_assert_false (test_open_backend (backend, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR || error->domain == G_RESOLVER_ERROR);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_false (charflow_backend_get_active (backend));
}

static void
test_failed_openings (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autofree char *busy = g_strdup_printf ("udp::1@127.0.0.1:%u", get_port (peer));
  g_autofree char *address = g_strdup_printf ("'127.0.0.1:%u'", get_port (peer));

  assert_fails (busy, address);
  assert_fails ("udp:a..b:1", "'a..b'");
  assert_fails ("udp::1@a..b:2", "'a..b'");
  assert_fails ("udp:127.0.0.1:1,ipv4=off", "IPv6");
  assert_fails ("udp:[::1]:1,ipv6=off", "IPv4");
  assert_fails ("udp:127.0.0.1:1@[::1]:0", "'::1'");
}

static void
test_family (void)
{
  g_autoptr (GSocket) peer = new_peer ("::1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, ",ipv6=on");

  assert_writes (backend, "six");
  assert_receives (peer, "six");
}

static void
test_reply_to_sender (void)
{
  g_autoptr (GSocket) one = new_peer ("127.0.0.1", 0);
  g_autoptr (GSocket) other = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_spec ("udp,reply-to-sender");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 128);
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = NULL;
  g_autofree char *expected = NULL;

  g_assert_false (charflow_backend_get_opened (backend));
  g_assert_null (charflow_backend_create_source (backend, G_IO_OUT));
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  send_to (other, backend, "", 0);
  send_text (one, backend, "one");
  test_front_end_expect (front_end, "<O>one");
  assert_writes (backend, "for one");
  assert_receives (one, "for one");

  send_text (other, backend, "other");
  test_front_end_expect (front_end, "other");
  assert_writes (backend, "for other");
  assert_receives (other, "for other");
  uri = charflow_backend_get_uri (backend);
  expected = g_strdup_printf ("udp:127.0.0.1:%u <-> 127.0.0.1:%u", get_local_port (backend), get_port (other));
  g_assert_cmpstr (uri, ==, expected);

  charflow_backend_close (backend);
  test_front_end_expect (front_end, "<C>");
  g_assert_true (test_open_backend (backend, NULL));
  g_assert_false (charflow_backend_get_opened (backend));
}

static void
test_reply_to_named (void)
{
  g_autoptr (GSocket) named = new_peer ("127.0.0.1", 0);
  g_autoptr (GSocket) other = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (named, ",reply-to-sender=on");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 128);

  g_assert_true (charflow_backend_get_opened (backend));
  assert_writes (backend, "first");
  assert_receives (named, "first");
  send_text (other, backend, "here");
  test_front_end_expect (front_end, "here");
  assert_writes (backend, "second");
  assert_receives (other, "second");
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
test_close_while_resolving (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autofree char *spec = g_strdup_printf ("udp:localhost:%u,ipv4", get_port (peer));
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (backend, NULL, result_cb, &result);
  charflow_backend_close (backend);
  test_wait_until (result != NULL);
  g_assert_false (charflow_backend_open_finish (backend, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_clear_object (&result);

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  assert_writes (backend, "hello");
  assert_receives (peer, "hello");
  g_assert_finalize_object (g_steal_pointer (&backend));
}

static void
close_cb (CharflowBackend *backend)
{
  charflow_backend_close (backend);
}

static void
drop_cb (CharflowBackend **backend)
{
  g_clear_object (backend);
}

/* What a reader does when it is told of a new sender. */
static void
test_closed_in_handlers (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  g_autoptr (CharflowBackend) backend = open_towards (peer, ",reply-to-sender");
  g_autoptr (GSocket) other = new_peer ("127.0.0.1", 0);
  g_autoptr (GBytes) bytes = NULL;
  gulong id = g_signal_connect (backend, "notify::uri", G_CALLBACK (close_cb), NULL);

  send_text (other, backend, "abcdef");
  test_wait_until ((bytes = charflow_backend_read_bytes (backend, 2, NULL)) != NULL);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 2);
  g_assert_false (charflow_backend_get_active (backend));
  g_signal_handler_disconnect (backend, id);

  g_signal_connect (backend, "event", G_CALLBACK (close_cb), NULL);
  g_assert_false (test_open_backend (backend, NULL));
  g_assert_false (charflow_backend_get_active (backend));
  g_assert_finalize_object (g_steal_pointer (&backend));
}

static void
test_closed_when_first_heard (void)
{
  static const char *const signals[] = { "notify::uri", "event" };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
      CharflowBackend *backend = open_spec ("udp,reply-to-sender");
      gpointer weak = backend;

      g_object_add_weak_pointer (G_OBJECT (backend), &weak);
      g_signal_connect_swapped (backend, signals[i], G_CALLBACK (drop_cb), &backend);
      send_text (peer, backend, "hello");
      test_wait_until (weak == NULL);
    }
}

static gboolean
drop_source_cb (gpointer user_data)
{
  drop_cb (user_data);

  return G_SOURCE_CONTINUE;
}

static void
test_dropped_in_a_source (void)
{
  g_autoptr (GSocket) peer = new_peer ("127.0.0.1", 0);
  CharflowBackend *backend = open_towards (peer, "");
  gpointer weak = backend;
  g_autoptr (GSource) source = charflow_backend_create_source (backend, G_IO_OUT);

  g_object_add_weak_pointer (G_OBJECT (backend), &weak);
  g_source_set_callback (source, drop_source_cb, &backend, NULL);
  g_source_attach (source, NULL);
  test_wait_until (weak == NULL);
  g_assert_true (g_source_is_destroyed (source));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/udp-backend/D1/echo-and-stranger", test_echo);
  g_test_add_func ("/udp-backend/D1/ipv6", test_ipv6);
  g_test_add_func ("/udp-backend/D1/one-write-is-one-datagram", test_one_write_one_datagram);
  g_test_add_func ("/udp-backend/D1/one-read-is-one-datagram", test_one_read_one_datagram);
  g_test_add_func ("/udp-backend/D2/empty-datagrams-mean-nothing", test_empty);
  g_test_add_func ("/udp-backend/D2/refusals-eat-no-write", test_refused);
  g_test_add_func ("/udp-backend/D2/refusals-end-no-reading", test_refused_while_reading);
  g_test_add_data_func ("/udp-backend/D2/datagram-of-6000-bytes", GSIZE_TO_POINTER (6000), test_long);
  g_test_add_data_func ("/udp-backend/D2/longest-datagram", GSIZE_TO_POINTER (MAX_DATAGRAM), test_long);
  g_test_add_func ("/udp-backend/D2/no-port", test_no_port);
  g_test_add_func ("/udp-backend/rest-waits-for-room", test_rest_waits);
  g_test_add_func ("/udp-backend/oversize", test_oversize);
  g_test_add_func ("/udp-backend/both-ends", test_both_ends);
  g_test_add_func ("/udp-backend/resource", test_resource);
  g_test_add_func ("/udp-backend/failed-openings", test_failed_openings);
  g_test_add_func ("/udp-backend/family", test_family);
  g_test_add_func ("/udp-backend/reply-to-sender", test_reply_to_sender);
  g_test_add_func ("/udp-backend/reply-to-named-until-another", test_reply_to_named);
  g_test_add_func ("/udp-backend/close-while-resolving", test_close_while_resolving);
  g_test_add_func ("/udp-backend/closed-in-handlers", test_closed_in_handlers);
  g_test_add_func ("/udp-backend/dropped-when-first-heard", test_closed_when_first_heard);
  g_test_add_func ("/udp-backend/dropped-in-a-source", test_dropped_in_a_source);

  return g_test_run ();
}

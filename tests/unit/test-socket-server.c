/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-socket.h"

#include <string.h>

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
  fixture->backend = test_socket_make_server (fixture->folder);
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
      g_autoptr (GSocket) peer = test_socket_join (fixture->backend);

      test_front_end_expect (front_end, "<O>");
      g_assert_true (test_socket_uri_has (fixture->backend, " <-> "));
      test_socket_say (peer, "ping");
      test_front_end_expect (front_end, "ping");
      test_socket_write (fixture->backend, "pong");
      test_socket_hear (peer, "pong");
      test_socket_leave (&peer);
      test_front_end_expect (front_end, "<C>");
      g_assert_true (test_socket_uri_has (fixture->backend, "disconnected:"));
    }
}

static void
test_data_before_closed (Fixture      *fixture,
                         gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 1);
  g_autofree char *data = g_strnfill (2000, 'x');
  g_autofree char *expected = g_strconcat ("<O>", data, "<C>", NULL);
  g_autoptr (GSocket) peer = test_socket_join (fixture->backend);

  test_socket_say (peer, data);
  test_socket_leave (&peer);
  test_front_end_expect (front_end, expected);
}

static void
test_data_before_reading (Fixture      *fixture,
                          gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 0);
  g_autoptr (GSocket) peer = test_socket_join (fixture->backend);

  test_socket_say (peer, "left");
  test_socket_leave (&peer);
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
  g_autoptr (GSocket) peer = test_socket_join (fixture->backend);
  g_autoptr (GError) error = NULL;
  char buffer[4];

  test_socket_say (peer, "left");
  test_socket_leave (&peer);
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
  g_autoptr (GSocket) first = test_socket_join (fixture->backend);
  g_autoptr (GSocket) second = NULL;

  test_front_end_expect (front_end, "<O>");
  second = test_socket_join (fixture->backend);
  test_socket_leave (&first);
  test_front_end_expect (front_end, "<C><O>");
  test_socket_write (fixture->backend, "served");
  test_socket_hear (second, "served");
}

static void
test_second_waits (Fixture      *fixture,
                   gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 4096);
  g_autoptr (GSocket) first = test_socket_join (fixture->backend);
  g_autoptr (GSocket) second = NULL;

  test_front_end_expect (front_end, "<O>");
  second = test_socket_join (fixture->backend);
  test_socket_say (second, "two");
  test_socket_say (first, "one");
  test_front_end_expect (front_end, "one");
  test_socket_leave (&first);
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
  g_autoptr (GSocket) peer = test_socket_join (fixture->backend);
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
  g_autoptr (GSocket) peer = test_socket_join (fixture->backend);
  g_autoptr (GError) error = NULL;
  guint n_tries = 0;

  test_front_end_expect (front_end, "<O>");
  test_socket_leave (&peer);

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
  g_autoptr (GSocket) peer = test_socket_join (fixture->backend);
  g_autoptr (GError) error = NULL;

  test_front_end_expect (front_end, "<O>");
  test_socket_say (peer, "left");
  test_socket_leave (&peer);
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
  g_autoptr (GSocket) peer = test_socket_join (fixture->backend);

  test_front_end_expect (front_end, "<O>");
  g_signal_connect (fixture->backend, "event", G_CALLBACK (close_in_handler_cb), NULL);
  test_socket_leave (&peer);
  test_front_end_expect (front_end, "<C>");
  g_assert_false (charflow_backend_get_active (fixture->backend));
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

static void
write_and_drop_cb (CharflowBackend *backend,
                   CharflowEvent    event,
                   gpointer         unused)
{
  g_autoptr (GError) error = NULL;

  if (event != CHARFLOW_EVENT_CLOSED)
    return;

  g_assert_false (charflow_backend_get_opened (backend));
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_true (charflow_backend_drop_peer (backend, &error));
  g_assert_no_error (error);
}

static void
test_write_and_drop (Fixture      *fixture,
                     gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 16);
  g_autoptr (GSocket) peer = test_socket_join (fixture->backend);
  g_autoptr (GSocket) next = NULL;

  test_front_end_expect (front_end, "<O>");
  g_signal_connect (fixture->backend, "event", G_CALLBACK (write_and_drop_cb), NULL);
  test_socket_leave (&peer);
  test_front_end_expect (front_end, "<C>");
  next = test_socket_join (fixture->backend);
  test_front_end_expect (front_end, "<O>");
  g_signal_handlers_disconnect_by_func (fixture->backend, write_and_drop_cb, NULL);
}

/* Without anybody at the inner side. */
static void
test_no_front_end (Fixture      *fixture,
                   gconstpointer is_unix)
{
  g_autoptr (GSocket) first = test_socket_join (fixture->backend);
  g_autoptr (GSocket) second = NULL;

  test_wait_until (charflow_backend_get_opened (fixture->backend));
  test_socket_leave (&first);
  test_wait_until (!charflow_backend_get_opened (fixture->backend));
  second = test_socket_join (fixture->backend);
  test_wait_until (charflow_backend_get_opened (fixture->backend));
  test_socket_write (fixture->backend, "served");
  test_socket_hear (second, "served");
}

static void
test_drop (Fixture      *fixture,
           gconstpointer is_unix)
{
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (fixture->backend, 4096);
  g_autoptr (GSocket) first = test_socket_join (fixture->backend);
  g_autoptr (GSocket) second = NULL;
  g_autoptr (GError) error = NULL;
  char byte;

  test_front_end_expect (front_end, "<O>");
  second = test_socket_join (fixture->backend);
  g_assert_true (charflow_backend_drop_peer (fixture->backend, &error));
  g_assert_no_error (error);
  test_front_end_expect (front_end, "<C><O>");
  test_wait_until (g_socket_receive (first, &byte, 1, NULL, NULL) == 0);
  test_socket_say (second, "two");
  test_front_end_expect (front_end, "two");

  /* Where there is none, nothing happens. */
  g_assert_true (charflow_backend_drop_peer (fixture->backend, &error));
  g_assert_true (charflow_backend_drop_peer (fixture->backend, &error));
  test_front_end_expect (front_end, "<C>");
}

static void
drop_last_cb (CharflowBackend  *backend,
              CharflowEvent     event,
              CharflowBackend **last)
{
  if (event == CHARFLOW_EVENT_CLOSED)
    g_clear_object (last);
}

/* A handler of the end lets go of the back end. */
static void
test_last_reference (gconstpointer by_drop)
{
  CharflowBackend *backend = test_socket_make_server (NULL);
  g_autoptr (GSocket) peer = test_socket_join (backend);
  GWeakRef weak;

  g_weak_ref_init (&weak, backend);
  g_signal_connect (backend, "event", G_CALLBACK (drop_last_cb), &backend);
  test_wait_until (charflow_backend_get_opened (backend));
  if (by_drop != NULL)
    charflow_backend_drop_peer (backend, NULL);
  else
    test_socket_leave (&peer);
  test_wait_until (backend == NULL);
  test_wait_until (g_weak_ref_get (&weak) == NULL);
  g_weak_ref_clear (&weak);
}

/* A back end that lives in the context of another thread. */
typedef struct
{
  GThread *thread;
  CharflowBackend *backend;
  GString *log; /* "O" and "C", and "!" for one in a wrong place */
  int port;
  int n_closed;
} Worker;

static void
worker_event_cb (CharflowBackend *backend,
                 CharflowEvent    event,
                 Worker          *worker)
{
  g_string_append (worker->log, event == CHARFLOW_EVENT_OPENED ? "O" : "C");
  if (g_thread_self () != worker->thread)
    g_string_append (worker->log, "!");
  if (event == CHARFLOW_EVENT_CLOSED)
    g_atomic_int_inc (&worker->n_closed);
}

static gpointer
run_worker (gpointer user_data)
{
  Worker *worker = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  worker->thread = g_thread_self ();
  g_main_context_push_thread_default (context);
  worker->backend = test_socket_make ("socket,port=0,server=on,wait=off");
  g_signal_connect (worker->backend, "event", G_CALLBACK (worker_event_cb), worker);
  charflow_backend_open_async (worker->backend, NULL, NULL, NULL);
  while (!charflow_backend_get_active (worker->backend))
    g_main_context_iteration (context, TRUE);
  g_atomic_int_set (&worker->port, (int) test_socket_get_port (worker->backend));

  /* What runs the loop from now on does not make the context the thread's default. */
  g_main_context_pop_thread_default (context);
  while (g_atomic_int_get (&worker->n_closed) < 2)
    g_main_context_iteration (context, TRUE);
  g_object_unref (worker->backend);
  return NULL;
}

static GSocket *
join_port (guint port)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_assert_true (g_socket_connect (socket, address, NULL, NULL));
  return socket;
}

static void
test_other_context (void)
{
  Worker worker = { .log = g_string_new (NULL) };
  g_autoptr (GThread) thread = g_thread_new ("worker", run_worker, &worker);
  g_autoptr (GSocket) first = NULL;
  g_autoptr (GSocket) second = NULL;

  test_wait_until (g_atomic_int_get (&worker.port) != 0);
  first = join_port ((guint) worker.port);
  second = join_port ((guint) worker.port);
  test_socket_leave (&first);
  test_wait_until (g_atomic_int_get (&worker.n_closed) == 1);
  test_socket_leave (&second);
  g_thread_join (g_steal_pointer (&thread));
  g_assert_cmpstr (worker.log->str, ==, "OCOC");
  g_string_free (worker.log, TRUE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_for_both ("/socket-server/SV1/ping-pong-and-again", test_ping_pong);
  g_test_add_func ("/socket-server/SV2/other-context", test_other_context);
  add_for_both ("/socket-server/SV6/data-before-closed", test_data_before_closed);
  add_for_both ("/socket-server/SV6/data-before-reading", test_data_before_reading);
  add_for_both ("/socket-server/SV6/exact-reading", test_exact_reading);
  add_for_both ("/socket-server/SV7/nobody-reads", test_nobody_reads);
  add_for_both ("/socket-server/SV7/no-front-end", test_no_front_end);
  add_for_both ("/socket-server/SV11/close-in-handler", test_close_in_handler);
  add_for_both ("/socket-server/SV11/write-and-drop-in-handler", test_write_and_drop);
  g_test_add_data_func ("/socket-server/SV11/last-reference-at-the-end", NULL, test_last_reference);
  g_test_add_data_func ("/socket-server/SV11/last-reference-at-the-drop", "drop", test_last_reference);
  add_for_both ("/socket-server/T65/reader-goes", test_reader_goes);
  g_test_add ("/socket-server/T65/reader-goes-with-data", Fixture, "unix",
              fixture_set_up, test_reader_goes_with_data, fixture_tear_down);
  add_for_both ("/socket-server/T66/second-peer-waits", test_second_waits);
  add_for_both ("/socket-server/T66/peer-never-reads", test_peer_never_reads);
  add_for_both ("/socket-server/drop/next-is-served", test_drop);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>

#define TYPE_OWN 77
#define OWN_SAY 101 /* both ways */
#define SAY_LIMIT 16

/* A channel of a program's own, which answers what it is told with the same. */
#define TEST_TYPE_OWN (test_own_get_type ())
G_DECLARE_FINAL_TYPE (TestOwn, test_own, TEST, OWN, CharflowServerChannel)

struct _TestOwn
{
  CharflowServerChannel parent_instance;

  guint n_attached;
  guint n_detached;
  gboolean closes_server; /* when a client goes */
};

G_DEFINE_FINAL_TYPE (TestOwn, test_own, CHARFLOW_TYPE_SERVER_CHANNEL)

static void
test_own_client_attached (CharflowServerChannel *channel,
                          CharflowChannelClient *client)
{
  TEST_OWN (channel)->n_attached++;
}

static void
test_own_client_detached (CharflowServerChannel *channel,
                          CharflowChannelClient *client)
{
  TEST_OWN (channel)->n_detached++;
  if (TEST_OWN (channel)->closes_server)
    charflow_server_close (charflow_server_channel_get_server (channel));
}

static guint
test_own_message_limit (CharflowServerChannel *channel,
                        CharflowChannelClient *client,
                        guint                  type)
{
  return type == OWN_SAY ? SAY_LIMIT : 0;
}

static gboolean
test_own_handle_message (CharflowServerChannel *channel,
                         CharflowChannelClient *client,
                         guint                  type,
                         GBytes                *body,
                         GError               **error)
{
  charflow_channel_client_send_message (client, OWN_SAY, body);
  return TRUE;
}

static void
test_own_class_init (TestOwnClass *klass)
{
  CharflowServerChannelClass *channel_class = CHARFLOW_SERVER_CHANNEL_CLASS (klass);

  channel_class->client_attached = test_own_client_attached;
  channel_class->client_detached = test_own_client_detached;
  channel_class->message_limit = test_own_message_limit;
  channel_class->handle_message = test_own_handle_message;
  CHARFLOW_CHANNEL_CLASS (klass)->channel_type = TYPE_OWN;
}

static void
test_own_init (TestOwn *self)
{
}

/* Its peer, which keeps what it was told. */
#define TEST_TYPE_PEER (test_peer_get_type ())
G_DECLARE_FINAL_TYPE (TestPeer, test_peer, TEST, PEER, CharflowClientChannel)

struct _TestPeer
{
  CharflowClientChannel parent_instance;

  GString *heard;
};

G_DEFINE_FINAL_TYPE (TestPeer, test_peer, CHARFLOW_TYPE_CLIENT_CHANNEL)

static guint
test_peer_message_limit (CharflowClientChannel *channel,
                         guint                  type)
{
  return type == OWN_SAY ? SAY_LIMIT : 0;
}

static gboolean
test_peer_handle_message (CharflowClientChannel *channel,
                          guint                  type,
                          GBytes                *body,
                          GError               **error)
{
  g_string_append_len (TEST_PEER (channel)->heard, g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  return TRUE;
}

static void
test_peer_finalize (GObject *object)
{
  g_string_free (TEST_PEER (object)->heard, TRUE);
  G_OBJECT_CLASS (test_peer_parent_class)->finalize (object);
}

static void
test_peer_class_init (TestPeerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_peer_finalize;
  CHARFLOW_CLIENT_CHANNEL_CLASS (klass)->message_limit = test_peer_message_limit;
  CHARFLOW_CLIENT_CHANNEL_CLASS (klass)->handle_message = test_peer_handle_message;
  CHARFLOW_CHANNEL_CLASS (klass)->channel_type = TYPE_OWN;
}

static void
test_peer_init (TestPeer *self)
{
  self->heard = g_string_new (NULL);
}

static gboolean
open_session (CharflowSession *session,
              GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  charflow_session_open_async (session, NULL, test_wire_result_cb, &result);
  test_wait_until (result != NULL);
  return charflow_session_open_finish (session, result, error);
}

static void
expect_open (const char *uri,
             const char *password,
             int         code)
{
  g_autoptr (CharflowSession) session = charflow_session_new (uri);
  g_autoptr (GError) error = NULL;

  charflow_session_set_password (session, password);
  if (code == 0)
    {
      g_assert_true (open_session (session, &error));
      g_assert_no_error (error);
      return;
    }

  g_assert_false (open_session (session, &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, code);
}

static char *
listen_anywhere (CharflowServer *server)
{
  g_autoptr (GError) error = NULL;
  char *uri = charflow_server_listen (server, "spice://127.0.0.1:0", &error);

  g_assert_no_error (error);
  return uri;
}

static guint
count_sessions (CharflowServer *server)
{
  return g_list_model_get_n_items (charflow_server_get_clients (server));
}

static void
add_channel (CharflowServer *server,
             gpointer        channel)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_server_add_channel (server, channel, &error));
  g_assert_no_error (error);
}

static void
test_channels (void)
{
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autoptr (CharflowServer) other = charflow_server_new ();
  g_autoptr (GError) error = NULL;
  CharflowServerChannel *channels[258];

  for (int i = 0; i < 256; i++)
    {
      channels[i] = CHARFLOW_SERVER_CHANNEL (charflow_server_port_channel_new ("port", NULL));
      add_channel (server, channels[i]);
      g_assert_cmpint (charflow_channel_get_channel_id (CHARFLOW_CHANNEL (channels[i])), ==, i);
    }
  channels[256] = CHARFLOW_SERVER_CHANNEL (charflow_server_port_channel_new ("port", NULL));
  g_assert_false (charflow_server_add_channel (server, channels[256], &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE);
  g_clear_error (&error);
  g_assert_cmpint (charflow_channel_get_channel_id (CHARFLOW_CHANNEL (channels[256])), ==, -1);
  g_assert_cmpuint (g_list_model_get_n_items (charflow_server_get_channels (server)), ==, 257);

  /* Twice, here and elsewhere; and an id that is taken. */
  g_assert_false (charflow_server_add_channel (other, channels[0], &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE);
  g_clear_error (&error);
  channels[257] = g_object_new (CHARFLOW_TYPE_SERVER_PORT_CHANNEL, "channel-id", 7, NULL);
  g_assert_false (charflow_server_add_channel (server, channels[257], &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE);

  /* A free id is used again. */
  g_assert_true (charflow_server_remove_channel (server, channels[7]));
  g_assert_false (charflow_server_remove_channel (server, channels[7]));
  g_assert_null (charflow_server_channel_get_server (channels[7]));
  g_assert_null (charflow_server_lookup_channel (server, CHARFLOW_CHANNEL_TYPE_PORT, 7));
  add_channel (server, channels[256]);
  g_assert_cmpint (charflow_channel_get_channel_id (CHARFLOW_CHANNEL (channels[256])), ==, 7);

  /* The main channel stays. */
  g_assert_false (charflow_server_remove_channel (
    server, charflow_server_lookup_channel (server, CHARFLOW_CHANNEL_TYPE_MAIN, 0)));

  g_assert_finalize_object (g_steal_pointer (&server));
  for (guint i = 0; i < 258; i++)
    {
      g_assert_null (charflow_server_channel_get_server (channels[i]));
      g_assert_finalize_object (channels[i]);
    }
}

static void
expect_refused (CharflowServer *server,
                const char     *uri,
                GQuark          domain,
                int             code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_server_listen (server, uri, &error));
  g_assert_error (error, domain, code);
}

static void
test_listen (void)
{
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autoptr (CharflowServer) other = charflow_server_new ();
  g_autofree char *uri = listen_anywhere (server);

  g_assert_true (g_str_has_prefix (uri, "spice://127.0.0.1:"));
  g_assert_cmpstr (uri, !=, "spice://127.0.0.1:0");
  expect_refused (other, uri, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  charflow_server_close (server);
  {
    g_autoptr (GError) error = NULL;
    g_autofree char *again = charflow_server_listen (other, uri, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (again, ==, uri);
  }
}

static void
test_bad_uris (void)
{
  g_autoptr (CharflowServer) server = charflow_server_new ();

  expect_refused (server, "", CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_SCHEME);
  expect_refused (server, "http://127.0.0.1:1", CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_SCHEME);
  expect_refused (server, "spice+tls://127.0.0.1:0", CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_SCHEME);
  expect_refused (server, "spice://127.0.0.1:99999", CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_PORT);
  expect_refused (server, "spice://example.com:0", CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_HOST);
  expect_refused (server, "spice+unix://", CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_PATH);
}

static void
test_unix (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "socket");
  g_autofree char *file = test_folder_path (folder, "file");
  g_autofree char *uri = g_strconcat ("spice+unix://", path, NULL);
  g_autofree char *file_uri = g_strconcat ("spice+unix://", file, NULL);
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autoptr (CharflowServer) other = charflow_server_new ();
  g_autoptr (GSocket) stale = NULL;
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GError) error = NULL;
  g_autofree char *listening = NULL;

  /* One that nobody listens on any more is replaced. */
  stale = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_true (g_socket_bind (stale, address, FALSE, &error));
  g_socket_close (stale, NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  listening = charflow_server_listen (server, uri, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (listening, ==, uri);
  charflow_server_set_password (server, "secret");
  expect_open (uri, "secret", 0);
  expect_refused (other, uri, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);

  /* What is no socket stays what it is. */
  g_assert_true (g_file_set_contents (file, "precious", -1, &error));
  g_assert_null (charflow_server_listen (other, file_uri, &error));
  g_assert_nonnull (error);
  g_assert_true (g_file_test (file, G_FILE_TEST_IS_REGULAR));

  charflow_server_close (server);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_passwords (void)
{
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autofree char *uri = listen_anywhere (server);
  g_autofree char *sixty = g_strnfill (60, 'x');
  g_autofree char *fifty_nine = g_strnfill (59, 'x');
  guint n_errors = 0;

  g_signal_connect_swapped (server, "peer-error", G_CALLBACK (test_count_cb), &n_errors);
  expect_open (uri, NULL, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  expect_open (uri, "any", CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  charflow_server_set_password (server, "");
  expect_open (uri, NULL, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  charflow_server_set_password (server, sixty);
  expect_open (uri, fifty_nine, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  g_assert_cmpuint (n_errors, ==, 4);
  expect_open (uri, sixty, 0);
  charflow_server_set_password (server, NULL);
  expect_open (uri, sixty, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  charflow_server_set_authentication (server, CHARFLOW_AUTHENTICATION_NONE);
  expect_open (uri, NULL, 0);
  expect_open (uri, "any", 0);
}

static void
test_expiry (void)
{
  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autofree char *uri = listen_anywhere (server);
  gint64 end;

  charflow_server_set_ticket (server, "secret", 1000);
  expect_open (uri, "secret", 0);
  charflow_server_set_ticket (server, "secret", 1);
  end = g_get_monotonic_time () + G_TIME_SPAN_SECOND;
  test_wait_until (g_get_monotonic_time () > end + 10 * G_TIME_SPAN_MILLISECOND);
  expect_open (uri, "secret", CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  charflow_server_set_ticket (server, "secret", 0);
  expect_open (uri, "secret", 0);
}

/* A server, its own channel, and a session whose peer channel is open. */
typedef struct
{
  CharflowServer *server;
  TestOwn *own;
  char *uri;
  CharflowSession *session;
  TestPeer *peer;
} Fixture;

static void
open_peer (Fixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_client_channel_open_async (CHARFLOW_CLIENT_CHANNEL (self->peer), NULL, test_wire_result_cb, &result);
  test_wait_until (result != NULL);
  charflow_client_channel_open_finish (CHARFLOW_CLIENT_CHANNEL (self->peer), result, &error);
  g_assert_no_error (error);
  test_wait_until (g_list_model_get_n_items (
                     charflow_server_channel_get_clients (CHARFLOW_SERVER_CHANNEL (self->own))) == 1);
}

static void
set_up (Fixture      *self,
        gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  self->server = charflow_server_new ();
  self->own = g_object_new (TEST_TYPE_OWN, NULL);
  charflow_server_set_authentication (self->server, CHARFLOW_AUTHENTICATION_NONE);
  charflow_server_set_name (self->server, "test");
  add_channel (self->server, self->own);
  self->uri = listen_anywhere (self->server);
  self->session = charflow_session_new (self->uri);
  g_assert_true (open_session (self->session, &error));
  g_assert_no_error (error);
  self->peer = g_object_new (TEST_TYPE_PEER, "session", self->session, "channel-id", 0, NULL);
  open_peer (self);
}

static void
tear_down (Fixture      *self,
           gconstpointer unused)
{
  charflow_session_close (self->session);
  charflow_client_channel_close (CHARFLOW_CLIENT_CHANNEL (self->peer));
  test_wait_until (count_sessions (self->server) == 0);
  g_assert_cmpuint (self->own->n_attached, ==, self->own->n_detached);
  g_assert_finalize_object (self->peer);
  test_wire_settle ();
  g_assert_finalize_object (self->session);
  g_assert_finalize_object (self->server);
  g_assert_finalize_object (self->own);
  g_free (self->uri);
}

static void
say (Fixture    *self,
     const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  charflow_client_channel_send_message (CHARFLOW_CLIENT_CHANNEL (self->peer), OWN_SAY, bytes, &error);
  g_assert_no_error (error);
}

static void
wait_closed (Fixture *self)
{
  test_wait_until (charflow_client_channel_get_state (CHARFLOW_CLIENT_CHANNEL (self->peer)) ==
                   CHARFLOW_CLIENT_STATE_CLOSED);
}

static void
test_own_channel (Fixture      *self,
                  gconstpointer unused)
{
  g_assert_cmpstr (charflow_session_get_server_name (self->session), ==, "test");
  say (self, "hello");
  say (self, "");
  say (self, ", you");
  test_wait_until (strcmp (self->peer->heard->str, "hello, you") == 0);

  /* One that breaks the rules loses its channel, and nothing else. */
  say (self, "12345678901234567");
  wait_closed (self);
  g_assert_cmpuint (self->own->n_detached, ==, 1);
  g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_OPEN);
  open_peer (self);
  say (self, "!");
  test_wait_until (strcmp (self->peer->heard->str, "hello, you!") == 0);
}

/* Closed and opened in one turn of the loop: the first opening's answer is not the second's. */
static void
test_reopen_channel (Fixture      *self,
                     gconstpointer unused)
{
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GError) error = NULL;
  CharflowClientChannel *peer = CHARFLOW_CLIENT_CHANNEL (self->peer);

  charflow_client_channel_close (peer);
  test_wait_until (self->own->n_detached == 1);
  charflow_client_channel_open_async (peer, NULL, test_wire_result_cb, &first);
  charflow_client_channel_close (peer);
  charflow_client_channel_open_async (peer, NULL, test_wire_result_cb, &second);
  test_wait_until (first != NULL && second != NULL);
  g_assert_false (charflow_client_channel_open_finish (peer, first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  charflow_client_channel_open_finish (peer, second, &error);
  g_assert_no_error (error);
  say (self, "again");
  test_wait_until (strcmp (self->peer->heard->str, "again") == 0);
}

static void
test_two_sessions (Fixture      *self,
                   gconstpointer unused)
{
  g_autoptr (CharflowSession) other = charflow_session_new (self->uri);
  g_autoptr (GError) error = NULL;

  g_assert_true (open_session (other, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count_sessions (self->server), ==, 2);
  g_assert_cmpuint (charflow_session_get_session_id (other), !=, charflow_session_get_session_id (self->session));
  charflow_session_close (other);
  test_wait_until (count_sessions (self->server) == 1);
  say (self, "still here");
  test_wait_until (strcmp (self->peer->heard->str, "still here") == 0);
}

static void
test_ends_with_main (Fixture      *self,
                     gconstpointer unused)
{
  charflow_session_close (self->session);
  wait_closed (self);
  g_assert_cmpuint (count_sessions (self->server), ==, 0);
  g_assert_cmpuint (self->own->n_detached, ==, 1);
}

static void
test_remove_used (Fixture      *self,
                  gconstpointer unused)
{
  g_assert_true (charflow_server_remove_channel (self->server, CHARFLOW_SERVER_CHANNEL (self->own)));
  g_assert_cmpuint (self->own->n_detached, ==, 1);
  wait_closed (self);
  g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_OPEN);
}

static void
test_close_from_callback (Fixture      *self,
                          gconstpointer unused)
{
  self->own->closes_server = TRUE;
  charflow_session_close (self->session);
  test_wait_until (count_sessions (self->server) == 0);
  wait_closed (self);
}

/* Links at every stage when the server closes: all end, and none makes a session. */
static void
test_close_while_linking (Fixture      *self,
                          gconstpointer unused)
{
  for (guint n_turns = 0; n_turns <= 50; n_turns++)
    {
      CharflowServer *server = charflow_server_new ();
      g_autofree char *uri = listen_anywhere (server);
      g_autoptr (GIOStream) silent = test_wire_connect (uri);
      g_autoptr (CharflowSession) session = charflow_session_new (uri);
      g_autoptr (GAsyncResult) result = NULL;

      charflow_server_set_authentication (server, CHARFLOW_AUTHENTICATION_NONE);
      charflow_session_open_async (session, NULL, test_wire_result_cb, &result);
      for (guint i = 0; i < n_turns; i++)
        g_main_context_iteration (NULL, FALSE);
      charflow_server_close (server);
      g_assert_cmpuint (count_sessions (server), ==, 0);
      test_wait_until (result != NULL &&
                       charflow_session_get_state (session) == CHARFLOW_CLIENT_STATE_CLOSED);
      g_bytes_unref (test_wire_read_to_end (silent));
      g_assert_cmpuint (count_sessions (server), ==, 0);
      charflow_session_close (session);
      test_wire_settle ();
      g_assert_finalize_object (server);
    }
}

static void
test_dispose_while_linking (Fixture      *self,
                            gconstpointer unused)
{
  CharflowServer *server = charflow_server_new ();
  g_autofree char *uri = listen_anywhere (server);
  g_autoptr (GIOStream) silent = test_wire_connect (uri);

  test_wire_settle ();
  g_object_run_dispose (G_OBJECT (server));
  g_bytes_unref (test_wire_read_to_end (silent));
  test_wire_settle ();
  g_assert_finalize_object (server);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/channels", test_channels);
  g_test_add_func ("/server/listen", test_listen);
  g_test_add_func ("/server/bad-uris", test_bad_uris);
  g_test_add_func ("/server/unix", test_unix);
  g_test_add_func ("/server/passwords", test_passwords);
  g_test_add_func ("/server/expiry", test_expiry);
#define ADD(path, function) g_test_add ("/server/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("own-channel", test_own_channel);
  ADD ("reopen-channel", test_reopen_channel);
  ADD ("two-sessions", test_two_sessions);
  ADD ("ends-with-main", test_ends_with_main);
  ADD ("remove-used", test_remove_used);
  ADD ("close-from-callback", test_close_from_callback);
  ADD ("close-while-linking", test_close_while_linking);
  ADD ("dispose-while-linking", test_dispose_while_linking);
  return g_test_run ();
}

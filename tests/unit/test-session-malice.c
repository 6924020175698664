/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include "charflow-link-private.h"

/* A server made of raw bytes: it links whoever comes, and then says what the test wants. */

#define INIT "6700 20000000 01000000 00000000 01000000 01000000 00000000 0a000000 00000000 00000000"
#define LIST_OF_PORT "6800 06000000 01000000 0a00"

typedef struct
{
  CharflowTicketKey *key;
  GObject *owner;
  GSocketService *service;
  const char *say[2]; /* in hexadecimal, on the main channel and on others */
  GPtrArray *streams;
  CharflowSession *session;
  GAsyncResult *opened;
} Fixture;

static Fixture *fixture;

static gboolean
find_channel (gpointer                   owner,
              const CharflowLinkRequest *request,
              CharflowCaps              *channel_caps,
              GError                   **error)
{
  return TRUE;
}

static CharflowTicketKey *
get_key (gpointer owner,
         GError **error)
{
  return fixture->key;
}

static gboolean
authenticate (gpointer    owner,
              const char *password,
              GError    **error)
{
  return TRUE;
}

static gboolean
admit (gpointer                   owner,
       const CharflowLinkRequest *request,
       GError                   **error)
{
  return TRUE;
}

static const CharflowLinkAcceptor acceptor = {
  .find_channel = find_channel,
  .get_key = get_key,
  .authenticate = authenticate,
  .admit = admit,
};

static void
linked_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  CharflowLinkRequest request;

  if (charflow_link_accept_finish (G_IO_STREAM (source), result, &request, NULL))
    test_wire_write_hex (G_IO_STREAM (source), fixture->say[request.channel_type == 1 ? 0 : 1]);
}

static gboolean
incoming_cb (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             gpointer           user_data)
{
  g_ptr_array_add (fixture->streams, g_object_ref (connection));
  charflow_link_accept_async (G_IO_STREAM (connection), &acceptor, fixture->owner, 60000, NULL, linked_cb, NULL);
  return TRUE;
}

static void
set_up (Fixture      *self,
        gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = NULL;
  guint16 port;

  fixture = self;
  self->key = charflow_ticket_key_new (&error);
  self->owner = g_object_new (G_TYPE_OBJECT, NULL);
  self->streams = g_ptr_array_new_with_free_func (g_object_unref);
  self->service = g_socket_service_new ();
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (self->service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), NULL);
  uri = g_strdup_printf ("spice://127.0.0.1:%u", port);
  self->session = charflow_session_new (uri);
}

static void
tear_down (Fixture      *self,
           gconstpointer unused)
{
  charflow_session_close (self->session);
  g_clear_object (&self->opened);
  test_wire_settle ();
  g_assert_finalize_object (self->session);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_ptr_array_unref (self->streams);
  test_wire_settle ();
  g_object_unref (self->service);
  g_object_unref (self->owner);
  charflow_ticket_key_unref (self->key);
}

/* A code of 0 for success. */
static void
open_with (Fixture    *self,
           const char *main_says,
           const char *port_says,
           int         code)
{
  g_autoptr (GError) error = NULL;

  charflow_session_close (self->session);
  g_clear_object (&self->opened);
  self->say[0] = main_says;
  self->say[1] = port_says;
  charflow_session_open_async (self->session, NULL, test_wire_result_cb, &self->opened);
  test_wait_until (self->opened != NULL);
  charflow_session_open_finish (self->session, self->opened, &error);
  if (code == 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, CHARFLOW_LINK_ERROR, code);
}

static guint
count_channels (Fixture *self)
{
  return g_list_model_get_n_items (charflow_session_get_channels (self->session));
}

static void
test_lists (Fixture      *self,
            gconstpointer unused)
{
  open_with (self, INIT "6800 06000000 00000080 0a00", "", CHARFLOW_LINK_ERROR_INVALID_DATA);
  open_with (self, INIT "6800 06000000 ffffffff 0a00", "", CHARFLOW_LINK_ERROR_INVALID_DATA);
  open_with (self, INIT "6800 06000000 02000000 0a00", "", CHARFLOW_LINK_ERROR_INVALID_DATA);
  open_with (self, INIT "6800 02000000 0000", "", CHARFLOW_LINK_ERROR_INVALID_DATA);
  open_with (self, INIT "6800 01000100 00", "", CHARFLOW_LINK_ERROR_INVALID_DATA);
  open_with (self, "6700 04000000 01000000", "", CHARFLOW_LINK_ERROR_INVALID_DATA);
  open_with (self, INIT "7100 06000000 ff000000 6162", "", CHARFLOW_LINK_ERROR_INVALID_DATA);

  /* Twice the same, the main channel, a type that cannot be, one that nobody knows. */
  open_with (self, INIT "6800 0e000000 05000000 4d00 4d00 0100 0000 4d01", "", 0);
  g_assert_cmpuint (count_channels (self), ==, 3);
}

static const char *
get_port_name (Fixture *self)
{
  g_autoptr (CharflowClientPortChannel) port =
    g_list_model_get_item (charflow_session_get_channels (self->session), 1);

  return charflow_client_port_channel_get_port_name (port); /* the list holds it */
}

static void
test_names (Fixture      *self,
            gconstpointer unused)
{
  open_with (self, INIT LIST_OF_PORT, "c900 0b000000 02000000 09000000 01 6162", 0); /* without a NUL */
  g_assert_cmpstr (get_port_name (self), ==, "ab");
  open_with (self, INIT LIST_OF_PORT, "c900 0d000000 04000000 09000000 00 61ff6200", 0); /* not UTF-8 */
  g_assert_true (g_utf8_validate (get_port_name (self), -1, NULL));
  g_assert_true (g_str_has_prefix (get_port_name (self), "a"));
  open_with (self, INIT LIST_OF_PORT, "c900 0d000000 04000000 09000000 00 61006200", 0);
  g_assert_cmpstr (get_port_name (self), ==, "a");
}

/* The port is lost, and the session goes on without it. */
static void
test_bad_names (Fixture      *self,
                gconstpointer unused)
{
  static const char *const inits[] = {
    "c900 0b000000 03000000 09000000 01 6162",
    "c900 0b000000 02000000 0a000000 01 6162",
    "c900 0b000000 02000000 f0ffffff 01 6162",
    "c900 0b000000 ffffffff 09000000 01 6162",
    "c900 08000000 00000000 00000000",
    "c900 00000000",
    "c900 01100000",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (inits); i++)
    {
      open_with (self, INIT LIST_OF_PORT, inits[i], 0);
      g_assert_null (get_port_name (self));
      g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_OPEN);
    }
}

static void
close_cb (CharflowSession *session)
{
  charflow_session_close (session);
}

static void
append_cb (GListModel      *channels,
           guint            position,
           guint            n_removed,
           guint            n_added,
           CharflowSession *session)
{
  if (position > 0 && n_added > 0)
    charflow_session_close (session);
}

static void
expect_cancelled (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  test_wait_until (self->opened != NULL);
  g_assert_false (charflow_session_open_finish (self->session, self->opened, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (charflow_session_get_state (self->session), ==, CHARFLOW_CLIENT_STATE_CLOSED);
  g_assert_cmpuint (count_channels (self), ==, 0);
  g_clear_object (&self->opened);
}

/* A handler closes the session while the list of channels is taken in. */
static void
test_closed_by_handler (Fixture      *self,
                        gconstpointer unused)
{
  static const char *const signals[] = { "notify::session-id", "notify::server-name" };
  GListModel *channels = charflow_session_get_channels (self->session);

  self->say[0] = INIT "7100 06000000 02000000 6100 6800 08000000 02000000 4d00 4d01";
  self->say[1] = "";
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      gulong handler = g_signal_connect (self->session, signals[i], G_CALLBACK (close_cb), NULL);

      charflow_session_open_async (self->session, NULL, test_wire_result_cb, &self->opened);
      expect_cancelled (self);
      g_signal_handler_disconnect (self->session, handler);
    }

  g_signal_connect (channels, "items-changed", G_CALLBACK (append_cb), self->session);
  charflow_session_open_async (self->session, NULL, test_wire_result_cb, &self->opened);
  expect_cancelled (self);
  g_signal_handlers_disconnect_by_func (channels, append_cb, self->session);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add ("/session-malice/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("lists", test_lists);
  ADD ("names", test_names);
  ADD ("bad-names", test_bad_names);
  ADD ("closed-by-handler", test_closed_by_handler);
  return g_test_run ();
}

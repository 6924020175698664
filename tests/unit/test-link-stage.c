/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include <string.h>

#include "charflow-link-private.h"

/* Long enough never to pass while a test waits for something else. */
#define LONG_MS 60000
#define SHORT_MS 50
/* Request with one word of each kind, mechanism and ticket. */
#define CONVERSATION_SIZE (16 + 18 + 8 + 4 + CHARFLOW_TICKET_SIZE)

/* What the acceptor of these tests answers, and what became of it. */
typedef struct
{
  CharflowTicketKey *key;
  GObject *owner;
  int refuse_channel; /* codes of CharflowLinkError, 0 for none */
  int refuse_session;
  gboolean no_key;
  guint n_admitted;

  GIOStream *server;
  GIOStream *client;
  GAsyncResult *accepted;
  GAsyncResult *opened;
} Fixture;

static Fixture *fixture;

static gboolean
refuse_with (int      code,
             GError **error)
{
  if (code == 0)
    return FALSE;

  g_set_error_literal (error, CHARFLOW_LINK_ERROR, code, "refused by the test");
  return TRUE;
}

static gboolean
find_channel (gpointer                   owner,
              const CharflowLinkRequest *request,
              CharflowCaps              *channel_caps,
              GError                   **error)
{
  g_assert_true (owner == fixture->owner);
  charflow_caps_add (channel_caps, 33);
  return !refuse_with (fixture->refuse_channel, error);
}

static CharflowTicketKey *
get_key (gpointer owner,
         GError **error)
{
  if (!fixture->no_key)
    return fixture->key;

  refuse_with (CHARFLOW_LINK_ERROR_FAILED, error);
  return NULL;
}

static gboolean
authenticate (gpointer    owner,
              const char *password,
              GError    **error)
{
  return !refuse_with (strcmp (password, "secret") == 0 ? 0 : CHARFLOW_LINK_ERROR_PERMISSION_DENIED, error);
}

static gboolean
admit (gpointer                   owner,
       const CharflowLinkRequest *request,
       GError                   **error)
{
  fixture->n_admitted++;
  return !refuse_with (fixture->refuse_session, error);
}

static const CharflowLinkAcceptor acceptor = {
  .find_channel = find_channel,
  .get_key = get_key,
  .authenticate = authenticate,
  .admit = admit,
};

static void
set_up (Fixture      *self,
        gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  fixture = self;
  self->key = charflow_ticket_key_new (&error);
  g_assert_no_error (error);
  self->owner = g_object_new (G_TYPE_OBJECT, NULL);
}

/* Everything must have been let go, the stream too, which may linger for its last words. */
static void
forget_link (Fixture *self)
{
  g_clear_object (&self->accepted);
  g_clear_object (&self->opened);
  g_clear_object (&self->client);
  if (self->server != NULL)
    {
      g_object_add_weak_pointer (G_OBJECT (self->server), (gpointer *) &self->server);
      g_object_unref (self->server);
      test_wait_until (self->server == NULL);
    }
  g_assert_cmpuint (self->owner->ref_count, ==, 1);
}

static void
tear_down (Fixture      *self,
           gconstpointer unused)
{
  forget_link (self);
  g_assert_finalize_object (self->owner);
  charflow_ticket_key_unref (self->key);
}

static void
begin_accepting (Fixture      *self,
                 guint         timeout_ms,
                 GCancellable *cancellable)
{
  test_wire_pair (&self->server, &self->client);
  charflow_link_accept_async (self->server, &acceptor, self->owner, timeout_ms, cancellable,
                              test_wire_result_cb, &self->accepted);
}

static void
begin_opening (Fixture      *self,
               const char   *password,
               guint         timeout_ms,
               GCancellable *cancellable)
{
  CharflowLinkRequest request = { .connection_id = 0x12345678, .channel_type = 10, .channel_id = 3 };

  charflow_link_init_common_caps (&request.common_caps);
  charflow_caps_add (&request.channel_caps, 1);
  charflow_link_open_async (self->client, &request, password, timeout_ms, cancellable,
                            test_wire_result_cb, &self->opened);
}

/* Waits for the server's end; a code of 0 means success. */
static void
expect_accepted (Fixture *self,
                 int      code)
{
  CharflowLinkRequest request;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  test_wait_until (self->accepted != NULL);
  ok = charflow_link_accept_finish (self->server, self->accepted, &request, &error);
  if (code != 0)
    {
      g_assert_error (error, CHARFLOW_LINK_ERROR, code);
      g_assert_false (ok);
      return;
    }

  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmphex (request.connection_id, ==, 0x12345678);
  g_assert_cmpuint (request.channel_type, ==, 10);
  g_assert_cmpuint (request.channel_id, ==, 3);
  g_assert_true (charflow_caps_has (&request.channel_caps, 1));
}

static void
expect_opened (Fixture *self,
               int      code)
{
  CharflowLinkAnswer answer;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  test_wait_until (self->opened != NULL);
  ok = charflow_link_open_finish (self->client, self->opened, &answer, &error);
  if (code != 0)
    {
      g_assert_error (error, CHARFLOW_LINK_ERROR, code);
      g_assert_false (ok);
      return;
    }

  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_true (charflow_caps_has (&answer.common_caps, SPICE_COMMON_CAP_MINI_HEADER));
  g_assert_true (charflow_caps_has (&answer.channel_caps, 33));
}

static void
test_both (Fixture      *self,
           gconstpointer unused)
{
  begin_accepting (self, LONG_MS, NULL);
  begin_opening (self, "secret", LONG_MS, NULL);
  expect_opened (self, 0);
  expect_accepted (self, 0);
  g_assert_cmpuint (self->n_admitted, ==, 1);

  /* Not a byte of the data stage was taken. */
  test_wire_write (self->client, "data", 4);
  test_wire_expect_hex (self->server, "64617461");
}

static void
test_refused (Fixture      *self,
              gconstpointer unused)
{
  static const int codes[] = { CHARFLOW_LINK_ERROR_FAILED, CHARFLOW_LINK_ERROR_NEED_SECURED,
                               CHARFLOW_LINK_ERROR_BAD_CONNECTION_ID, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      self->refuse_channel = codes[i];
      begin_accepting (self, LONG_MS, NULL);
      begin_opening (self, "secret", LONG_MS, NULL);
      expect_opened (self, codes[i]);
      expect_accepted (self, codes[i]);
      forget_link (self);

      self->refuse_channel = 0;
      self->refuse_session = codes[i];
      begin_accepting (self, LONG_MS, NULL);
      begin_opening (self, "secret", LONG_MS, NULL);
      expect_opened (self, codes[i]);
      expect_accepted (self, codes[i]);
      forget_link (self);
      self->refuse_session = 0;
    }
}

static void
test_wrong_password (Fixture      *self,
                     gconstpointer unused)
{
  begin_accepting (self, LONG_MS, NULL);
  begin_opening (self, "secreT", LONG_MS, NULL);
  expect_opened (self, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  expect_accepted (self, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  g_assert_cmpuint (self->n_admitted, ==, 0);
}

static void
test_no_key (Fixture      *self,
             gconstpointer unused)
{
  self->no_key = TRUE;
  begin_accepting (self, LONG_MS, NULL);
  begin_opening (self, "secret", LONG_MS, NULL);
  expect_opened (self, CHARFLOW_LINK_ERROR_FAILED);
  expect_accepted (self, CHARFLOW_LINK_ERROR_FAILED);
}

/* All that a client says; the key is known, so it can be said at once. */
static GBytes *
build_conversation (Fixture *self,
                    guint32  mechanism)
{
  CharflowLinkRequest request = { .connection_id = 0x12345678, .channel_type = 10, .channel_id = 3 };
  const guint32 le = GUINT32_TO_LE (mechanism);
  guint8 ticket[CHARFLOW_TICKET_SIZE];
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GBytes) link = NULL;
  g_autoptr (GError) error = NULL;

  charflow_link_init_common_caps (&request.common_caps);
  charflow_caps_add (&request.channel_caps, 1);
  link = charflow_link_build_request (&request);
  g_assert_true (charflow_ticket_encrypt (charflow_ticket_key_get_public (self->key), "secret", ticket, &error));
  g_byte_array_append (all, g_bytes_get_data (link, NULL), g_bytes_get_size (link));
  g_byte_array_append (all, (const guint8 *) &le, sizeof le);
  g_byte_array_append (all, ticket, sizeof ticket);
  g_assert_cmpuint (all->len, ==, CONVERSATION_SIZE);

  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

static void
test_at_once (Fixture      *self,
              gconstpointer unused)
{
  g_autoptr (GBytes) all = build_conversation (self, 1);
  g_autoptr (GBytes) answer = NULL;

  begin_accepting (self, LONG_MS, NULL);
  test_wire_write_bytes (self->client, all);
  expect_accepted (self, 0);
  answer = test_wire_read (self->client, 16 + 178 + 4 + 8);
  test_wire_expect_hex (self->client, "00000000");
}

static void
test_byte_by_byte (Fixture      *self,
                   gconstpointer unused)
{
  g_autoptr (GBytes) all = build_conversation (self, 1);
  const guint8 *data = g_bytes_get_data (all, NULL);

  begin_accepting (self, LONG_MS, NULL);
  for (gsize i = 0; i < CONVERSATION_SIZE; i++)
    {
      g_assert_null (self->accepted);
      test_wire_write (self->client, data + i, 1);
      test_wire_settle ();
    }
  expect_accepted (self, 0);
}

static void
test_truncated (Fixture      *self,
                gconstpointer unused)
{
  g_autoptr (GBytes) all = build_conversation (self, 1);
  const guint8 *data = g_bytes_get_data (all, NULL);

  for (gsize size = 0; size < CONVERSATION_SIZE; size++)
    {
      GSocketConnection *client;

      begin_accepting (self, LONG_MS, NULL);
      test_wire_write (self->client, data, size);
      client = G_SOCKET_CONNECTION (self->client);
      g_assert_true (g_socket_shutdown (g_socket_connection_get_socket (client), FALSE, TRUE, NULL));
      expect_accepted (self, CHARFLOW_LINK_ERROR_CLOSED);
      forget_link (self);
    }
}

/* The time counts from the beginning: a byte now and then does not prolong it. */
static void
test_silence (Fixture      *self,
              gconstpointer unused)
{
  static const gsize sizes[] = { 0, 1, 4, 16, 20, 42, 46, CONVERSATION_SIZE - 1 };
  g_autoptr (GBytes) all = build_conversation (self, 1);
  const guint8 *data = g_bytes_get_data (all, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gint64 begin = g_get_monotonic_time ();

      begin_accepting (self, SHORT_MS, NULL);
      test_wire_write (self->client, data, sizes[i]);
      expect_accepted (self, CHARFLOW_LINK_ERROR_TIMED_OUT);
      g_assert_cmpint (g_get_monotonic_time () - begin, >=, (SHORT_MS - 1) * G_TIME_SPAN_MILLISECOND);
      g_bytes_unref (test_wire_read_to_end (self->client));
      forget_link (self);
    }
}

static void
test_drip (Fixture      *self,
           gconstpointer unused)
{
  g_autoptr (GBytes) all = build_conversation (self, 1);
  const guint8 *data = g_bytes_get_data (all, NULL);
  gsize sent = 0;

  begin_accepting (self, SHORT_MS, NULL);
  while (self->accepted == NULL && sent < CONVERSATION_SIZE - 1)
    {
      gint64 next = g_get_monotonic_time () + G_TIME_SPAN_MILLISECOND;

      test_wire_write (self->client, data + sent++, 1);
      test_wait_until (self->accepted != NULL || g_get_monotonic_time () >= next);
    }
  expect_accepted (self, CHARFLOW_LINK_ERROR_TIMED_OUT);
}

static void
test_silent_server (Fixture      *self,
                    gconstpointer unused)
{
  test_wire_pair (&self->server, &self->client);
  begin_opening (self, "secret", SHORT_MS, NULL);
  expect_opened (self, CHARFLOW_LINK_ERROR_TIMED_OUT);
}

static void
test_unknown_mechanism (Fixture      *self,
                        gconstpointer unused)
{
  static const guint32 mechanisms[] = { 0, 2, 3, 77, G_MAXUINT32 };

  for (gsize i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      g_autoptr (GBytes) all = build_conversation (self, mechanisms[i]);
      g_autoptr (GBytes) answer = NULL;

      begin_accepting (self, LONG_MS, NULL);
      test_wire_write_bytes (self->client, all);
      expect_accepted (self, CHARFLOW_LINK_ERROR_INVALID_DATA);
      answer = test_wire_read (self->client, 16 + 178 + 4 + 8);
      test_wire_expect_hex (self->client, "03000000");
      g_assert_cmpuint (self->n_admitted, ==, 0);
      forget_link (self);
    }
}

/* A client that does not select sends no word for the mechanism. */
static void
test_no_selection (Fixture      *self,
                   gconstpointer unused)
{
  g_autoptr (GBytes) all = build_conversation (self, 1);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (all, NULL), CONVERSATION_SIZE);

  data[34] &= ~1u;
  begin_accepting (self, LONG_MS, NULL);
  test_wire_write (self->client, data, 42);
  test_wire_write (self->client, data + 46, CHARFLOW_TICKET_SIZE);
  expect_accepted (self, 0);
}

static void
test_garbage_ticket (Fixture      *self,
                     gconstpointer unused)
{
  g_autoptr (GBytes) all = build_conversation (self, 1);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (all, NULL), CONVERSATION_SIZE);
  g_autoptr (GBytes) answer = NULL;

  data[CONVERSATION_SIZE - 1] ^= 1;
  begin_accepting (self, LONG_MS, NULL);
  test_wire_write (self->client, data, CONVERSATION_SIZE);
  expect_accepted (self, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
  answer = test_wire_read (self->client, 16 + 178 + 4 + 8);
  test_wire_expect_hex (self->client, "07000000");
}

/* An error reply has 194 bytes, and then the end: also when the client has said more than was read. */
static void
expect_error_reply (Fixture    *self,
                    const char *hex,
                    int         code)
{
  g_autoptr (GBytes) reply = NULL;
  const guint8 *data;

  begin_accepting (self, LONG_MS, NULL);
  test_wire_write_hex (self->client, hex);
  expect_accepted (self, code);
  reply = test_wire_read_to_end (self->client);
  g_assert_cmpuint (g_bytes_get_size (reply), ==, 194);
  data = g_bytes_get_data (reply, NULL);
  g_assert_cmpuint (data[16], ==, (guint) code);
  forget_link (self);
}

static void
test_error_replies (Fixture      *self,
                    gconstpointer unused)
{
  expect_error_reply (self, "47455420", CHARFLOW_LINK_ERROR_INVALID_MAGIC);
  expect_error_reply (self, "47455420 2f204854 54502f31 2e310d0a 0d0a", CHARFLOW_LINK_ERROR_INVALID_MAGIC);
  expect_error_reply (self, "52454451 01000000 02000000 12000000", CHARFLOW_LINK_ERROR_VERSION_MISMATCH);
  expect_error_reply (self, "52454451 02000000 02000000 11000000", CHARFLOW_LINK_ERROR_INVALID_DATA);
  expect_error_reply (self, "52454451 02000000 02000000 01100000", CHARFLOW_LINK_ERROR_INVALID_DATA);
  expect_error_reply (self, "52454451 02000000 02000000 12000000 00000000 0100 01000000 00000000 12000000",
                      CHARFLOW_LINK_ERROR_INVALID_DATA);
}

/* Cancels one end after so many turns of the loop; whatever stage it is at, it answers, and so does the peer. */
static void
cancel_after (Fixture *self,
              guint    n_turns,
              gboolean at_server)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  CharflowLinkRequest request;
  CharflowLinkAnswer answer;
  g_autoptr (GError) server_error = NULL;
  g_autoptr (GError) client_error = NULL;
  gboolean accepted;
  gboolean opened;

  begin_accepting (self, LONG_MS, at_server ? cancellable : NULL);
  begin_opening (self, "secret", LONG_MS, at_server ? NULL : cancellable);
  for (guint i = 0; i < n_turns; i++)
    g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  test_wait_until (self->accepted != NULL && self->opened != NULL);

  accepted = charflow_link_accept_finish (self->server, self->accepted, &request, &server_error);
  opened = charflow_link_open_finish (self->client, self->opened, &answer, &client_error);
  if (at_server && !accepted)
    g_assert_error (server_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else if (!at_server && !opened)
    g_assert_error (client_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_cmpuint (n_turns, >, 0); /* it was done before */
  forget_link (self);
}

static void
test_cancel (Fixture      *self,
             gconstpointer unused)
{
  for (guint n_turns = 0; n_turns <= 50; n_turns++)
    {
      cancel_after (self, n_turns, TRUE);
      cancel_after (self, n_turns, FALSE);
    }
}

static void
test_cancelled_before (Fixture      *self,
                       gconstpointer unused)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  CharflowLinkRequest request;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  begin_accepting (self, LONG_MS, cancellable);
  test_wait_until (self->accepted != NULL);
  g_assert_false (charflow_link_accept_finish (self->server, self->accepted, &request, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add ("/link-stage/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("both-ends", test_both);
  ADD ("refused", test_refused);
  ADD ("wrong-password", test_wrong_password);
  ADD ("no-key", test_no_key);
  ADD ("at-once", test_at_once);
  ADD ("byte-by-byte", test_byte_by_byte);
  ADD ("truncated", test_truncated);
  ADD ("silence", test_silence);
  ADD ("drip", test_drip);
  ADD ("silent-server", test_silent_server);
  ADD ("unknown-mechanism", test_unknown_mechanism);
  ADD ("no-selection", test_no_selection);
  ADD ("garbage-ticket", test_garbage_ticket);
  ADD ("error-replies", test_error_replies);
  ADD ("cancel", test_cancel);
  ADD ("cancelled-before", test_cancelled_before);
  return g_test_run ();
}

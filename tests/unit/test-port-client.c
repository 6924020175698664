/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-store.h"
#include "test-wire.h"

#include "charflow-char-device-private.h"

#define PORT_NAME "org.test.port.0"

typedef struct
{
  CharflowServer *server;
  CharflowCharDevice *device;
  CharflowServerPortChannel *server_port;
  CharflowSession *session;
  GPtrArray *errors; /* what the server told of its peers: name, then message */
} Fixture;

static void
peer_error_cb (CharflowServer *server,
               const char     *peer,
               const GError   *error,
               gpointer        user_data)
{
  GPtrArray *errors = user_data;

  g_ptr_array_add (errors, g_strdup (peer));
  g_ptr_array_add (errors, g_strdup (error->message));
}

static void
set_up (Fixture      *self,
        gconstpointer unused)
{
  g_autoptr (TestStore) store = test_store_new (G_MAXSIZE);
  g_autofree char *uri = NULL;
  g_autoptr (GError) error = NULL;

  self->errors = g_ptr_array_new_with_free_func (g_free);
  self->device = charflow_char_device_new (CHARFLOW_BACKEND (store));
  charflow_char_device_start (self->device);
  self->server = charflow_server_new ();
  charflow_server_set_authentication (self->server, CHARFLOW_AUTHENTICATION_NONE);
  g_signal_connect (self->server, "peer-error", G_CALLBACK (peer_error_cb), self->errors);
  self->server_port = g_object_new (CHARFLOW_TYPE_SERVER_PORT_CHANNEL,
                                    "port-name", PORT_NAME,
                                    "device", self->device,
                                    "stall-time", 1234,
                                    NULL);
  g_assert_true (charflow_server_add_channel (self->server, CHARFLOW_SERVER_CHANNEL (self->server_port), &error));
  uri = charflow_server_listen (self->server, "spice://127.0.0.1:0", &error);
  g_assert_no_error (error);
  self->session = charflow_session_new (uri);
}

static void
tear_down (Fixture      *self,
           gconstpointer unused)
{
  charflow_session_close (self->session);
  charflow_server_close (self->server);
  test_wire_settle ();
  g_assert_finalize_object (self->session);
  g_assert_finalize_object (self->server);
  g_assert_finalize_object (self->server_port);
  charflow_char_device_stop (self->device);
  g_assert_finalize_object (self->device);
  g_ptr_array_unref (self->errors);
}

/* The device's client of a new session. */
static CharflowClient *
open_client (Fixture *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_session_open_async (self->session, NULL, test_wire_result_cb, &result);
  test_wait_until (result != NULL);
  charflow_session_open_finish (self->session, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (charflow_char_device_get_clients (self->device)), ==, 1);

  return g_list_model_get_item (charflow_char_device_get_clients (self->device), 0);
}

static void
test_peer (Fixture      *self,
           gconstpointer unused)
{
  g_autoptr (CharflowClient) client = open_client (self);
  GListModel *connections = charflow_server_channel_get_clients (CHARFLOW_SERVER_CHANNEL (self->server_port));
  g_autoptr (CharflowChannelClient) connection = g_list_model_get_item (connections, 0);
  g_autofree char *peer = NULL;

  g_object_get (client, "peer", &peer, NULL);
  g_assert_true (g_str_has_prefix (peer, "127.0.0.1:"));
  g_assert_cmpstr (peer, ==, charflow_channel_client_get_peer (connection));
}

/* NULL for those that are told to nobody, because they are no fault of the peer's. */
static const char *const explanations[] = {
  [CHARFLOW_REMOVE_REASON_DETACHED] = NULL,
  [CHARFLOW_REMOVE_REASON_NO_TOKENS] = "Removed because it wrote a message without a token for it",
  [CHARFLOW_REMOVE_REASON_TOKEN_OVERFLOW] = "Removed because it granted more tokens than can be counted",
  [CHARFLOW_REMOVE_REASON_OVERFLOW] = "Removed because its queue was full",
  [CHARFLOW_REMOVE_REASON_STALLED] =
    "Removed because it stalled: it made no progress for 1234 ms and held up the device",
  [CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT] =
    "Removed because it granted no token: messages waited 30000 ms for one",
  [CHARFLOW_REMOVE_REASON_DEVICE_GONE] = NULL,
  [CHARFLOW_REMOVE_REASON_BAD_MESSAGE] =
    "Removed because it wrote a message that breaks the framing of the device",
};

static void
test_removal (Fixture      *self,
              gconstpointer unused)
{
  g_autoptr (GEnumClass) reasons = g_type_class_ref (CHARFLOW_TYPE_REMOVE_REASON);

  g_assert_cmpuint (reasons->n_values, ==, G_N_ELEMENTS (explanations));
  for (guint reason = 0; reason < G_N_ELEMENTS (explanations); reason++)
    {
      g_autoptr (CharflowClient) client = open_client (self);
      g_autofree char *peer = NULL;

      g_object_get (client, "peer", &peer, NULL);
      charflow_char_device_request_removal (self->device, client, reason);
      g_assert_null (charflow_client_get_device (client));
      charflow_session_close (self->session);
      test_wait_until (g_list_model_get_n_items (charflow_server_get_clients (self->server)) == 0);

      g_assert_cmpuint (self->errors->len, ==, explanations[reason] == NULL ? 0 : 2);
      if (explanations[reason] != NULL)
        {
          g_assert_cmpstr (self->errors->pdata[0], ==, peer);
          g_assert_cmpstr (self->errors->pdata[1], ==, explanations[reason]);
        }
      g_ptr_array_set_size (self->errors, 0);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) g_test_add ("/port-client/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("tells-its-peer", test_peer);
  ADD ("removal/each-reason-has-its-sentence", test_removal);

  return g_test_run ();
}

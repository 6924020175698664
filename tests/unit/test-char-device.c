/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

/* The device and its back end, and who is attached to it. */

static void
remember_error_cb (CharflowCharDevice *device,
                   const GError       *error,
                   GError            **out)
{
  g_assert_null (*out);
  *out = g_error_copy (error);
}

static void
append_event_cb (CharflowCharDevice *device,
                 CharflowEvent       event,
                 GString            *log)
{
  g_string_append (log, event == CHARFLOW_EVENT_OPENED ? "<O>" : event == CHARFLOW_EVENT_CLOSED ? "<C>" : "<B>");
}

static void
set_backend (CharflowCharDevice *device,
             TestEndpoint       *endpoint)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_char_device_set_backend (device, (CharflowBackend *) endpoint, &error));
  g_assert_no_error (error);
}

static void
test_start (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  CharflowCharDevice *device = charflow_char_device_new (CHARFLOW_BACKEND (endpoint));
  g_autoptr (GString) events = g_string_new (NULL);
  guint n_running = 0;
  guint n_opened = 0;

  g_signal_connect (device, "event", G_CALLBACK (append_event_cb), events);
  g_signal_connect_swapped (device, "notify::running", G_CALLBACK (test_count_cb), &n_running);
  g_signal_connect_swapped (device, "notify::opened", G_CALLBACK (test_count_cb), &n_opened);
  test_settle ();
  g_assert_false (charflow_char_device_get_running (device));
  g_assert_cmpuint (endpoint->n_opened, ==, 0);

  charflow_char_device_start (device);
  charflow_char_device_start (device);
  test_settle ();
  g_assert_true (charflow_char_device_get_running (device));
  g_assert_true (charflow_char_device_get_opened (device));
  g_assert_cmpuint (endpoint->n_opened, ==, 1);
  charflow_char_device_stop (device);
  charflow_char_device_stop (device);
  g_assert_false (charflow_char_device_get_running (device));
  g_assert_true (charflow_backend_get_active (CHARFLOW_BACKEND (endpoint)));
  charflow_backend_emit_event (CHARFLOW_BACKEND (endpoint), CHARFLOW_EVENT_BREAK);
  g_assert_cmpuint (n_running, ==, 2);
  g_assert_cmpuint (n_opened, ==, 1);
  g_assert_cmpstr (events->str, ==, "<O><B>");

  g_assert_finalize_object (device);
  g_assert_cmpuint (endpoint->n_closed, ==, 1);
}

static void
test_opened_by_program (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  CharflowCharDevice *device;

  g_assert_true (test_open_backend (CHARFLOW_BACKEND (endpoint), NULL));
  device = test_device_new (endpoint, 0);
  g_assert_cmpuint (endpoint->n_opened, ==, 1);
  g_assert_finalize_object (device);
  g_assert_true (charflow_backend_get_active (CHARFLOW_BACKEND (endpoint)));
  g_assert_cmpuint (endpoint->n_closed, ==, 0);
}

static void
test_failing_open (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (endpoint));
  g_autoptr (GError) error = NULL;

  endpoint->fail_opening = TRUE;
  g_signal_connect (device, "backend-error", G_CALLBACK (remember_error_cb), &error);
  charflow_char_device_start (device);
  test_wait_until (error != NULL);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (charflow_char_device_get_running (device));
  g_assert_false (charflow_char_device_get_opened (device));

  endpoint->fail_opening = FALSE;
  charflow_char_device_stop (device);
  charflow_char_device_start (device);
  test_settle ();
  g_assert_true (charflow_char_device_get_opened (device));
}

static void
test_dropped_while_opening (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  CharflowCharDevice *device = charflow_char_device_new (CHARFLOW_BACKEND (endpoint));

  endpoint->hold_opening = TRUE;
  charflow_char_device_start (device);
  g_assert_nonnull (endpoint->opening);
  g_assert_finalize_object (device);
  test_endpoint_answer (endpoint);
  test_settle ();
  g_assert_false (charflow_backend_get_active (CHARFLOW_BACKEND (endpoint)));
  g_assert_cmpuint (endpoint->n_closed, ==, 1);
}

static void
test_set_again_while_opening (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (endpoint));
  g_autoptr (GError) error = NULL;

  endpoint->hold_opening = TRUE;
  g_signal_connect (device, "backend-error", G_CALLBACK (remember_error_cb), &error);
  charflow_char_device_start (device);
  set_backend (device, NULL);
  set_backend (device, endpoint);
  endpoint->hold_opening = FALSE;
  test_endpoint_answer (endpoint);
  test_settle ();
  g_assert_no_error (error);
  g_assert_true (charflow_char_device_get_opened (device));
}

static void
test_busy (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (TestEndpoint) own = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) owner = test_device_new (endpoint, 0);
  g_autoptr (CharflowCharDevice) device = test_device_new (own, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) told = NULL;

  g_assert_false (charflow_char_device_set_backend (device, CHARFLOW_BACKEND (endpoint), &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (own));
  g_assert_true (charflow_char_device_get_opened (device));
  g_signal_connect (device, "backend-error", G_CALLBACK (remember_error_cb), &told);
  g_object_set (device, "backend", endpoint, NULL);
  g_assert_error (told, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);

  g_clear_object (&owner);
  set_backend (device, endpoint);
  test_settle ();
  g_assert_true (charflow_char_device_get_opened (device));
}

static gboolean
answer_cb (CharflowCharDevice *device,
           CharflowBackend    *backend,
           gboolean           *answer)
{
  return *answer;
}

static void
test_refused (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (TestEndpoint) other = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (endpoint, 0);
  g_autoptr (CharflowCharDevice) another = charflow_char_device_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean answer = FALSE;
  guint n = 0;

  g_signal_connect (device, "backend-changed", G_CALLBACK (answer_cb), &answer);
  g_signal_connect_swapped (device, "notify::backend", G_CALLBACK (test_count_cb), &n);
  g_assert_false (charflow_char_device_set_backend (device, CHARFLOW_BACKEND (other), &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_REFUSED);
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (endpoint));
  g_assert_true (charflow_char_device_get_opened (device));
  g_assert_cmpuint (n, ==, 0);
  set_backend (another, other);
  set_backend (another, NULL);

  answer = TRUE;
  set_backend (device, other);
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (endpoint));
  test_settle ();
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (other));
  g_assert_cmpuint (n, ==, 1);
  set_backend (device, other);
  g_assert_cmpuint (n, ==, 1);
}

static gboolean
set_it_itself_cb (CharflowCharDevice *device,
                  CharflowBackend    *backend,
                  guint              *n)
{
  if ((*n)++ == 0)
    g_assert_true (charflow_char_device_set_backend (device, backend, NULL));

  return TRUE;
}

static void
test_set_in_handler (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (TestEndpoint) other = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (endpoint, 0);
  g_autoptr (CharflowCharDevice) another = charflow_char_device_new (NULL);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_signal_connect (device, "backend-changed", G_CALLBACK (set_it_itself_cb), &n);
  set_backend (device, other);
  test_settle ();
  g_assert_cmpuint (n, ==, 2);
  g_assert_true (charflow_char_device_get_backend (device) == CHARFLOW_BACKEND (other));
  g_assert_false (charflow_char_device_set_backend (another, CHARFLOW_BACKEND (other), &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
}

static void
test_swap (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (TestEndpoint) other = test_endpoint_new ();
  g_autoptr (TestConsumer) consumer = test_consumer_new (NULL, NULL);
  CharflowCharDevice *device = test_device_new (endpoint, 0);
  g_autoptr (GString) events = g_string_new (NULL);

  g_signal_connect (device, "event", G_CALLBACK (append_event_cb), events);
  test_consumer_attach (consumer, device);
  endpoint->room = 0;
  test_consumer_write (consumer, "waits");
  set_backend (device, NULL);
  g_assert_null (charflow_char_device_get_backend (device));
  g_assert_false (charflow_char_device_get_opened (device));
  g_assert_cmpstr (events->str, ==, "<C>");
  g_assert_cmpuint (endpoint->n_closed, ==, 1);
  test_consumer_write (consumer, "more");
  test_settle ();

  set_backend (device, other);
  test_settle ();
  g_assert_cmpstr (events->str, ==, "<C><O>");
  g_assert_cmpstr (other->written->str, ==, "waitsmore");
  g_assert_cmpstr (endpoint->written->str, ==, "");
  test_endpoint_feed (endpoint, "old");
  test_endpoint_feed (other, "new");
  test_settle ();
  test_consumer_expect (consumer, "new");

  g_assert_true (test_open_backend (CHARFLOW_BACKEND (endpoint), NULL));
  set_backend (device, endpoint);
  test_settle ();
  g_assert_cmpstr (events->str, ==, "<C><O><C><O>");
  test_consumer_expect (consumer, "old");
  g_assert_finalize_object (device);
  test_consumer_expect (consumer, "<removed device-gone>");
}

static void
test_attach (void)
{
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (NULL);
  g_autoptr (CharflowCharDevice) other = charflow_char_device_new (NULL);
  CharflowClient *client = charflow_client_new ();
  GListModel *list = charflow_char_device_get_clients (device);
  g_autoptr (GError) error = NULL;
  guint n_notified = 0;

  g_signal_connect_swapped (client, "notify::device", G_CALLBACK (test_count_cb), &n_notified);
  g_assert_true (charflow_char_device_attach_client (device, client, &error));
  g_assert_false (charflow_char_device_attach_client (device, client, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_ALREADY_ATTACHED);
  g_clear_error (&error);
  g_assert_false (charflow_char_device_attach_client (other, client, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_ALREADY_ATTACHED);
  g_assert_true (charflow_client_get_device (client) == device);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1);
  g_assert_cmpuint (n_notified, ==, 1);

  g_assert_false (charflow_char_device_detach_client (other, client));
  g_assert_true (charflow_char_device_detach_client (device, client));
  g_assert_false (charflow_char_device_detach_client (device, client));
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
  g_assert_cmpuint (n_notified, ==, 2);
  g_assert_finalize_object (client);
}

static void
detach_cb (CharflowClient *client)
{
  CharflowCharDevice *device = charflow_client_get_device (client);

  if (device != NULL)
    charflow_char_device_detach_client (device, client);
}

static void
test_detached_at_once (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (CharflowCharDevice) device = test_device_new (endpoint, 0);
  g_autoptr (CharflowClient) client = charflow_client_new ();

  g_signal_connect (client, "notify::device", G_CALLBACK (detach_cb), NULL);
  g_assert_true (charflow_char_device_attach_client (device, client, NULL));
  g_assert_null (charflow_client_get_device (client));
  g_assert_cmpuint (g_list_model_get_n_items (charflow_char_device_get_clients (device)), ==, 0);
  test_endpoint_feed (endpoint, "nobody");
  test_settle ();
  g_assert_cmpuint (endpoint->input.length, ==, 0);
}

static void
attach_to_it_cb (CharflowClient      *client,
                 CharflowCharDevice  *device,
                 CharflowRemoveReason reason,
                 CharflowBackend     *backend)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (reason, ==, CHARFLOW_REMOVE_REASON_DEVICE_GONE);
  g_assert_false (charflow_char_device_attach_client (device, client, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (charflow_char_device_set_backend (device, backend, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FAILED);
  charflow_char_device_start (device);
  g_assert_false (charflow_char_device_get_running (device));
}

static void
test_dying (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (CharflowClient) client = charflow_client_new ();
  CharflowCharDevice *device = test_device_new (endpoint, 0);

  g_assert_true (charflow_char_device_attach_client (device, client, NULL));
  g_signal_connect (client, "removed", G_CALLBACK (attach_to_it_cb), endpoint);
  g_assert_finalize_object (device);
  g_assert_null (charflow_client_get_device (client));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/char-device/start/opens-the-back-end", test_start);
  g_test_add_func ("/char-device/start/leaves-what-is-open", test_opened_by_program);
  g_test_add_func ("/char-device/start/tells-what-failed", test_failing_open);
  g_test_add_func ("/char-device/start/may-be-dropped-meanwhile", test_dropped_while_opening);
  g_test_add_func ("/char-device/set-backend/same-again-while-opening", test_set_again_while_opening);
  g_test_add_func ("/char-device/set-backend/of-another-device", test_busy);
  g_test_add_func ("/char-device/set-backend/refused-by-handler", test_refused);
  g_test_add_func ("/char-device/set-backend/handler-may-set-it-itself", test_set_in_handler);
  g_test_add_func ("/char-device/set-backend/what-waits-goes-to-the-new-one", test_swap);
  g_test_add_func ("/char-device/clients/attached-once", test_attach);
  g_test_add_func ("/char-device/clients/detached-while-being-attached", test_detached_at_once);
  g_test_add_func ("/char-device/dispose/takes-nothing-any-more", test_dying);

  return g_test_run ();
}

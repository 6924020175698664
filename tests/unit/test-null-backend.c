/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

static void
event_cb (CharflowBackend *backend,
          CharflowEvent    event,
          GString         *log)
{
  static const char letters[] = "OCB<>";

  g_assert_cmpint (charflow_backend_get_opened (backend), ==, event == CHARFLOW_EVENT_OPENED);
  g_string_append_c (log, letters[event]);
}

static void
test_takes_all (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = charflow_backend_get_uri (backend);
  char buffer[4];

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "buff", 4, &error), ==, 4);
  g_assert_no_error (error);
  g_assert_cmpint (charflow_backend_write (backend, NULL, 0, &error), ==, 0);
  g_assert_no_error (error);

  g_assert_false (charflow_backend_has_feature (backend, CHARFLOW_FEATURE_FD_PASS));
  g_assert_false (charflow_backend_has_feature (backend, CHARFLOW_FEATURE_RECONNECTABLE));
  g_assert_cmpint (charflow_backend_get_features (backend), ==, CHARFLOW_FEATURE_NONE);
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN | G_IO_OUT));
  g_assert_cmpstr (uri, ==, "null");
  g_assert_null (charflow_backend_get_label (backend));

  g_assert_cmpint (charflow_backend_read (backend, buffer, sizeof buffer, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_null (charflow_backend_read_bytes (backend, 4, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
test_twin (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_create_from_spec ("null,id=n", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (charflow_backend_get_label (backend), ==, "n");
  g_assert_null (charflow_backend_create_from_spec ("invalid", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND);
}

static void
test_not_open (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (GError) error = NULL;
  char buffer[4];

  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "b", 1, &error), ==, -1);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
  g_clear_error (&error);
  g_assert_cmpint (charflow_backend_read (backend, buffer, sizeof buffer, &error), ==, -1);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
  g_clear_error (&error);
  g_assert_null (charflow_backend_read_bytes (backend, 1, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN));
  charflow_backend_close (backend);
  g_assert_false (charflow_backend_get_active (backend));
}

static void
test_events (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  guint n_active = 0;
  guint n_opened = 0;

  g_signal_connect (backend, "event", G_CALLBACK (event_cb), log);
  g_signal_connect_swapped (backend, "notify::active", G_CALLBACK (test_count_cb), &n_active);
  g_signal_connect_swapped (backend, "notify::opened", G_CALLBACK (test_count_cb), &n_opened);

  g_assert_true (test_open_backend (backend, &error));
  charflow_backend_close (backend);
  charflow_backend_close (backend);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_cmpstr (log->str, ==, "OCO");
  g_assert_finalize_object (g_steal_pointer (&backend));
  g_assert_cmpstr (log->str, ==, "OCOC");
  /* GObject notifies of nothing any more while it disposes. */
  g_assert_cmpuint (n_active, ==, 3);
  g_assert_cmpuint (n_opened, ==, 3);
}

static void
test_already_open (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN);
  g_assert_true (charflow_backend_get_active (backend));
}

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **out = user_data;

  g_assert_null (*out);
  *out = g_object_ref (result);
}

static void
test_close_while_opening (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GAsyncResult) third = NULL;
  g_autoptr (GAsyncResult) fourth = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (backend, "event", G_CALLBACK (event_cb), log);
  charflow_backend_open_async (backend, NULL, result_cb, &first);
  charflow_backend_open_async (backend, NULL, result_cb, &second);
  charflow_backend_close (backend);
  charflow_backend_open_async (backend, NULL, result_cb, &third);
  charflow_backend_close (backend);
  charflow_backend_open_async (backend, NULL, result_cb, &fourth);
  test_wait_until (first != NULL && second != NULL && third != NULL && fourth != NULL);

  g_assert_false (charflow_backend_open_finish (backend, first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (charflow_backend_open_finish (backend, second, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN);
  g_clear_error (&error);
  g_assert_false (charflow_backend_open_finish (backend, third, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_true (charflow_backend_open_finish (backend, fourth, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (log->str, ==, "O");

  g_clear_object (&first);
  g_clear_object (&second);
  g_clear_object (&third);
  g_clear_object (&fourth);
  g_assert_finalize_object (g_steal_pointer (&backend));
}

static void
test_cancelled (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  charflow_backend_open_async (backend, cancellable, result_cb, &result);
  test_wait_until (result != NULL);
  g_assert_false (charflow_backend_open_finish (backend, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (charflow_backend_get_active (backend));
}

static void
close_cb (CharflowBackend *backend,
          CharflowEvent    event,
          gpointer         unused)
{
  if (event == CHARFLOW_EVENT_OPENED)
    charflow_backend_close (backend);
}

static void
test_close_in_handler (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (GError) error = NULL;

  g_signal_connect (backend, "event", G_CALLBACK (close_cb), NULL);
  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (charflow_backend_get_active (backend));
  g_assert_finalize_object (g_steal_pointer (&backend));
}

static void
test_break (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  guint n_events = 0;

  g_signal_connect_swapped (backend, "event", G_CALLBACK (test_count_cb), &n_events);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_BREAK);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_CLOSED);
  g_assert_cmpuint (n_events, ==, 1);
}

static void
test_features (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  CharflowFeatures features;
  guint n = 0;

  g_signal_connect_swapped (backend, "notify::features", G_CALLBACK (test_count_cb), &n);
  charflow_backend_add_features (backend, CHARFLOW_FEATURE_FD_PASS | CHARFLOW_FEATURE_RECORDED);
  charflow_backend_add_features (backend, CHARFLOW_FEATURE_FD_PASS);
  charflow_backend_drop_features (backend, CHARFLOW_FEATURE_RECORDED);
  g_object_get (backend, "features", &features, NULL);
  g_assert_cmpint (features, ==, CHARFLOW_FEATURE_FD_PASS);
  g_assert_cmpuint (n, ==, 2);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/null-backend/N1/takes-all-and-gives-nothing", test_takes_all);
  g_test_add_func ("/backend/create-from-spec", test_twin);
  g_test_add_func ("/backend/not-open", test_not_open);
  g_test_add_func ("/backend/events-come-in-turn", test_events);
  g_test_add_func ("/backend/already-open", test_already_open);
  g_test_add_func ("/backend/close-answers-the-opening", test_close_while_opening);
  g_test_add_func ("/backend/cancelled-before", test_cancelled);
  g_test_add_func ("/backend/close-in-a-handler", test_close_in_handler);
  g_test_add_func ("/backend/break-is-no-state", test_break);
  g_test_add_func ("/backend/features-notify-once", test_features);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include "charflow-backend-private.h"

/* A back end of the test's own, as somebody else would write it: input through @read_bytes, no
 * output. */
#define TEST_TYPE_TAPE (test_tape_get_type ())
G_DECLARE_FINAL_TYPE (TestTape, test_tape, TEST, TAPE, CharflowBackend)

struct _TestTape
{
  CharflowBackend parent_instance;

  GTask *opening; /* answered by the test, whatever its cancellable says */
  guint n_closed;
};

G_DEFINE_FINAL_TYPE (TestTape, test_tape, CHARFLOW_TYPE_BACKEND)

static void
test_tape_open_async (CharflowBackend    *backend,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  TestTape *self = TEST_TAPE (backend);

  g_assert_null (self->opening);
  self->opening = g_task_new (self, cancellable, callback, user_data);
  g_task_set_check_cancellable (self->opening, FALSE);
}

static void
test_tape_close (CharflowBackend *backend)
{
  TEST_TAPE (backend)->n_closed++;
}

static GBytes *
test_tape_read_bytes (CharflowBackend *backend,
                      gsize            max_size,
                      GError         **error)
{
  return g_bytes_new_static ("tape", MIN (max_size, 4));
}

static void
test_tape_class_init (TestTapeClass *klass)
{
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  backend_class->open_async = test_tape_open_async;
  backend_class->close = test_tape_close;
  backend_class->read_bytes = test_tape_read_bytes;
}

static void
test_tape_init (TestTape *self)
{
}

static TestTape *
new_tape (void)
{
  return g_object_new (TEST_TYPE_TAPE, "label", "tape", NULL);
}

static void
answer (TestTape *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->opening);

  g_task_return_boolean (task, TRUE);
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
open_tape (TestTape *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (CHARFLOW_BACKEND (self), NULL, result_cb, &result);
  answer (self);
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_open_finish (CHARFLOW_BACKEND (self), result, &error));
  g_assert_no_error (error);
}

/* It is what the owner is to use, here the back end itself. */
static gboolean
claim (CharflowBackend *backend,
       gpointer         owner,
       GError         **error)
{
  g_autoptr (CharflowBackend) part = charflow_backend_claim (backend, owner, error);

  g_assert_true (part == NULL || part == backend);
  return part != NULL;
}

static void
test_claim (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_autoptr (GError) error = NULL;
  int one;
  int other;

  g_assert_true (claim (backend, &one, &error));
  g_assert_true (claim (backend, &one, &error));
  g_assert_no_error (error);
  g_assert_false (claim (backend, &other, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  charflow_backend_release (backend, &other);
  g_clear_error (&error);
  g_assert_false (claim (backend, &other, &error));
  charflow_backend_release (backend, &one);
  g_clear_error (&error);
  g_assert_true (claim (backend, &other, &error));
  g_assert_no_error (error);
}

static void
test_defaults (void)
{
  g_autoptr (TestTape) tape = new_tape ();
  CharflowBackend *backend = CHARFLOW_BACKEND (tape);
  g_autoptr (GError) error = NULL;
  char buffer[8];

  open_tape (tape);
  g_assert_cmpint (charflow_backend_read (backend, buffer, 3, &error), ==, 3);
  g_assert_cmpmem (buffer, 3, "tap", 3);
  g_assert_cmpint (charflow_backend_read (backend, buffer, sizeof buffer, &error), ==, 4);
  g_assert_no_error (error);
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN));
  g_assert_cmpuint (tape->n_closed, ==, 0);
  charflow_backend_close (backend);
  g_assert_cmpuint (tape->n_closed, ==, 1);
}

static void
test_late_success (void)
{
  g_autoptr (TestTape) tape = new_tape ();
  CharflowBackend *backend = CHARFLOW_BACKEND (tape);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (backend, NULL, result_cb, &first);
  charflow_backend_close (backend);
  charflow_backend_open_async (backend, NULL, result_cb, &second);
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (tape->opening)));
  answer (tape);
  test_wait_until (tape->opening != NULL && first != NULL);
  g_assert_cmpuint (tape->n_closed, ==, 1);
  g_assert_false (charflow_backend_open_finish (backend, first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);

  answer (tape);
  test_wait_until (second != NULL);
  g_assert_true (charflow_backend_open_finish (backend, second, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_get_active (backend));
}

static void
test_cancelled_late (void)
{
  g_autoptr (TestTape) tape = new_tape ();
  CharflowBackend *backend = CHARFLOW_BACKEND (tape);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  charflow_backend_open_async (backend, cancellable, result_cb, &result);
  g_cancellable_cancel (cancellable);
  test_wait_until (g_cancellable_is_cancelled (g_task_get_cancellable (tape->opening)));
  answer (tape);
  test_wait_until (result != NULL);
  g_assert_false (charflow_backend_open_finish (backend, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (charflow_backend_get_active (backend));
  g_assert_cmpuint (tape->n_closed, ==, 1);
}

static void
test_opened_early (void)
{
  g_autoptr (TestTape) tape = new_tape ();
  CharflowBackend *backend = CHARFLOW_BACKEND (tape);
  g_autoptr (GAsyncResult) result = NULL;

  charflow_backend_open_async (backend, NULL, result_cb, &result);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  g_assert_false (charflow_backend_get_opened (backend));
  answer (tape);
  test_wait_until (result != NULL);
  g_assert_true (charflow_backend_get_opened (backend));
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_CLOSED);
  g_assert_false (charflow_backend_get_opened (backend));
}

static void
drop_cb (CharflowBackend  *backend,
         CharflowEvent     event,
         CharflowBackend **held)
{
  g_clear_object (held);
}

static void
test_dropped_in_handler (void)
{
  TestTape *tape = new_tape ();
  CharflowBackend *backend = CHARFLOW_BACKEND (tape);

  open_tape (tape);
  g_object_add_weak_pointer (G_OBJECT (tape), (gpointer *) &tape);
  g_signal_connect (tape, "event", G_CALLBACK (drop_cb), &backend);
  charflow_backend_emit_event (CHARFLOW_BACKEND (tape), CHARFLOW_EVENT_OPENED);
  g_assert_null (backend);
  test_wait_until (tape == NULL);
}

static void
test_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (CharflowBackend) backend = NULL;

  g_main_context_push_thread_default (context);
  backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  g_main_context_pop_thread_default (context);
  g_assert_true (charflow_backend_get_context (backend) == context);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backend/G6/one-owner", test_claim);
  g_test_add_func ("/backend/defaults-of-a-subclass", test_defaults);
  g_test_add_func ("/backend/late-success-is-undone", test_late_success);
  g_test_add_func ("/backend/cancelled-late", test_cancelled_late);
  g_test_add_func ("/backend/opened-before-active", test_opened_early);
  g_test_add_func ("/backend/dropped-in-a-handler", test_dropped_in_handler);
  g_test_add_func ("/backend/context-of-construction", test_context);

  return g_test_run ();
}

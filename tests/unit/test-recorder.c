/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-record.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "test-store.h"

typedef struct
{
  TestFolder *folder;
  char *path;
  CharflowRecorder *recorder;
  CharflowBackend *backend; /* a TestStore */
  guint n_failures;
  GError *failure; /* the last one */
} Fixture;

static void
failed_cb (CharflowRecorder *recorder,
           GError           *error,
           Fixture          *fixture)
{
  fixture->n_failures++;
  g_clear_error (&fixture->failure);
  fixture->failure = g_error_copy (error);
}

static void
set_up (Fixture      *fixture,
        gconstpointer unused)
{
  fixture->folder = test_folder_new ();
  fixture->path = test_folder_path (fixture->folder, "record");
  fixture->recorder = charflow_recorder_new (fixture->path);
  fixture->backend = CHARFLOW_BACKEND (test_store_new (G_MAXSIZE));
  g_signal_connect (fixture->recorder, "failed", G_CALLBACK (failed_cb), fixture);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer unused)
{
  g_clear_object (&fixture->backend);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->recorder);
  g_clear_error (&fixture->failure);
  g_free (fixture->path);
  test_folder_free (fixture->folder);
}

static void
open_backend (CharflowBackend *backend)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
}

static void
open_recorded (Fixture         *fixture,
               CharflowBackend *backend)
{
  g_assert_true (charflow_backend_set_recorder (backend, fixture->recorder, NULL));
  open_backend (backend);
}

static void
write_text (CharflowBackend *backend,
            const char      *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) text, strlen (text), &error), ==, strlen (text));
  g_assert_no_error (error);
}

static void
read_text (CharflowBackend *backend,
           const char      *text)
{
  g_autoptr (GBytes) bytes = NULL;

  test_store_put (TEST_STORE (backend), text, strlen (text));
  bytes = charflow_backend_read_bytes (backend, strlen (text), NULL);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, strlen (text));
}

static void
expect_record (const char *path,
               const char *text)
{
  g_autofree char *found = test_record_to_text (path);

  g_assert_cmpstr (found, ==, text);
}

static goffset
get_size (const char *path)
{
  struct stat info;

  return stat (path, &info) == 0 ? info.st_size : -1;
}

static void
test_all_kinds (Fixture      *fixture,
                gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_false (charflow_recorder_get_recording (fixture->recorder));
  open_recorded (fixture, fixture->backend);
  g_assert_true (charflow_recorder_get_recording (fixture->recorder));
  read_text (fixture->backend, "in");
  write_text (fixture->backend, "out");
  charflow_backend_emit_event (fixture->backend, CHARFLOW_EVENT_BREAK);
  charflow_backend_emit_event (fixture->backend, CHARFLOW_EVENT_MUX_IN);
  charflow_backend_emit_event (fixture->backend, CHARFLOW_EVENT_MUX_OUT);
  test_store_put (TEST_STORE (fixture->backend), "x", 1);
  g_assert_cmpint (charflow_backend_read (fixture->backend, &byte, 1, NULL), ==, 1);
  g_assert_cmpint (charflow_backend_read (fixture->backend, &byte, 1, NULL), ==, -1);
  charflow_backend_close (fixture->backend);
  g_assert_true (charflow_recorder_close (fixture->recorder, &error));
  g_assert_no_error (error);
  g_assert_false (charflow_recorder_get_recording (fixture->recorder));
  expect_record (fixture->path, "0+TestStore 0!0 0<in 0>out 0!2 0!3 0!4 0<x 0!1 . ");
}

/* By label, also where one takes the place of another. */
static void
test_shared (Fixture      *fixture,
             gconstpointer unused)
{
  g_autoptr (CharflowBackend) a = charflow_backend_new_from_spec ("null,id=a", NULL);
  g_autoptr (CharflowBackend) b = charflow_backend_new_from_spec ("ringbuf,id=b", NULL);
  g_autoptr (CharflowBackend) other_a = charflow_backend_new_from_spec ("ringbuf,id=a", NULL);

  open_recorded (fixture, a);
  open_recorded (fixture, b);
  write_text (a, "1");
  write_text (b, "2");
  charflow_backend_close (a);
  open_recorded (fixture, other_a);
  write_text (other_a, "3");
  g_assert_true (charflow_recorder_close (fixture->recorder, NULL));
  expect_record (fixture->path, "0+a 0!0 1+b 1!0 0>1 1>2 0!1 0!0 0>3 . ");
}

static void
test_live (Fixture      *fixture,
           gconstpointer unused)
{
  g_autofree char *path = test_folder_path (fixture->folder, "other");
  g_autoptr (CharflowRecorder) other = charflow_recorder_new (path);
  guint n_notified = 0;

  open_backend (fixture->backend);
  g_signal_connect_swapped (fixture->backend, "notify::recorder", G_CALLBACK (test_count_cb), &n_notified);
  write_text (fixture->backend, "unseen");
  g_assert_true (charflow_backend_set_recorder (fixture->backend, fixture->recorder, NULL));
  g_assert_true (charflow_backend_set_recorder (fixture->backend, fixture->recorder, NULL));
  g_assert_cmpuint (n_notified, ==, 1);
  write_text (fixture->backend, "one");
  g_assert_true (charflow_backend_set_recorder (fixture->backend, other, NULL));
  write_text (fixture->backend, "two");
  g_assert_true (charflow_backend_set_recorder (fixture->backend, NULL, NULL));
  write_text (fixture->backend, "unseen");
  charflow_recorder_close (fixture->recorder, NULL);
  charflow_recorder_close (other, NULL);
  expect_record (fixture->path, "0+TestStore 0!0 0>one 0!1 . ");
  expect_record (path, "0+TestStore 0!0 0>two 0!1 . ");
}

static void
test_feature (Fixture      *fixture,
              gconstpointer unused)
{
  guint n_notified = 0;

  g_signal_connect_swapped (fixture->backend, "notify::features", G_CALLBACK (test_count_cb), &n_notified);
  g_assert_false (charflow_backend_has_feature (fixture->backend, CHARFLOW_FEATURE_RECORDED));
  charflow_backend_set_recorder (fixture->backend, fixture->recorder, NULL);
  g_assert_true (charflow_backend_has_feature (fixture->backend, CHARFLOW_FEATURE_RECORDED));
  g_assert_cmpuint (n_notified, ==, 1);
  charflow_backend_set_recorder (fixture->backend, NULL, NULL);
  g_assert_cmpuint (charflow_backend_get_features (fixture->backend), ==, CHARFLOW_FEATURE_NONE);
  g_assert_cmpuint (n_notified, ==, 2);
}

/* For how long the main loop would sleep. */
static int
get_loop_timeout (void)
{
  GMainContext *context = g_main_context_default ();
  GPollFD fds[16];
  int priority;
  int timeout_ms;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  g_main_context_query (context, priority, &timeout_ms, fds, G_N_ELEMENTS (fds));
  g_main_context_release (context);

  return timeout_ms;
}

/* What is little is written after a while, and nothing wakes the program once it is. */
static void
test_written_after_a_while (Fixture      *fixture,
                            gconstpointer unused)
{
  open_recorded (fixture, fixture->backend);
  write_text (fixture->backend, "little");
  g_assert_cmpint (get_size (fixture->path), ==, 20);
  test_wait_until (get_size (fixture->path) > 20);
  expect_record (fixture->path, "0+TestStore 0!0 0>little ");
  g_assert_cmpint (get_loop_timeout (), ==, -1);
}

static void
test_written_at_close (Fixture      *fixture,
                       gconstpointer unused)
{
  open_recorded (fixture, fixture->backend);
  write_text (fixture->backend, "little");
  charflow_backend_close (fixture->backend);
  expect_record (fixture->path, "0+TestStore 0!0 0>little 0!1 ");
  g_assert_cmpint (get_loop_timeout (), ==, -1);
}

static void
test_written_when_full (Fixture      *fixture,
                        gconstpointer unused)
{
  g_autofree char *text = g_strnfill (1000000, 'x');
  g_autofree char *record = NULL;
  gsize n_recorded = 0;

  open_recorded (fixture, fixture->backend);
  write_text (fixture->backend, text);
  g_assert_cmpint (get_size (fixture->path), >, 1000000 - 65536);
  charflow_recorder_close (fixture->recorder, NULL);
  record = test_record_to_text (fixture->path);
  g_assert_true (g_str_has_suffix (record, " . "));
  for (const char *p = record; *p != '\0'; p++)
    n_recorded += *p == 'x';
  g_assert_cmpuint (n_recorded, ==, 1000000);
}

static void
test_long_label (Fixture      *fixture,
                 gconstpointer unused)
{
  g_autofree char *filler = g_strnfill (254, 'a');
  g_autofree char *label = g_strconcat (filler, "ü and more", NULL);
  g_autofree char *expected = g_strdup_printf ("0+%s 0!0 0!1 . ", filler);
  g_autoptr (CharflowBackend) backend = g_object_new (CHARFLOW_TYPE_NULL_BACKEND, "label", label, NULL);

  open_recorded (fixture, backend);
  charflow_backend_close (backend);
  charflow_recorder_close (fixture->recorder, NULL);
  expect_record (fixture->path, expected);
}

static void
test_begins_anew (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  open_recorded (fixture, fixture->backend);
  g_assert_false (charflow_recorder_open (fixture->recorder, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN);
  charflow_backend_close (fixture->backend);
  open_backend (fixture->backend);
  g_assert_true (charflow_recorder_close (fixture->recorder, NULL));
  g_assert_true (charflow_recorder_close (fixture->recorder, NULL));

  /* Nothing that is done to a back end begins a second record. */
  charflow_backend_close (fixture->backend);
  open_backend (fixture->backend);
  write_text (fixture->backend, "unseen");
  expect_record (fixture->path, "0+TestStore 0!0 0!1 0!0 . ");

  g_assert_true (charflow_recorder_open (fixture->recorder, NULL));
  write_text (fixture->backend, "seen");
  charflow_recorder_close (fixture->recorder, NULL);
  expect_record (fixture->path, "0+TestStore 0>seen . ");
}

static void
test_spec (Fixture      *fixture,
           gconstpointer unused)
{
  g_autofree char *spec = g_strdup_printf ("null,id=a,record=%s", fixture->path);
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (charflow_recorder_get_path (charflow_backend_get_recorder (backend)), ==, fixture->path);
  open_backend (backend);
  write_text (backend, "x");
  g_assert_finalize_object (g_steal_pointer (&backend));
  expect_record (fixture->path, "0+a 0!0 0>x 0!1 . ");

  g_assert_null (charflow_backend_new_from_spec ("null,record=", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
}

/* The pty would have left its link. */
static void
test_error_first (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autofree char *missing = test_folder_path (fixture->folder, "missing/record");
  g_autofree char *link = test_folder_path (fixture->folder, "tty");
  g_autofree char *log = test_folder_path (fixture->folder, "log");
  g_autofree char *spec = g_strdup_printf ("pty,path=%s,record=%s,logfile=%s", link, missing, log);
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, missing));
  g_assert_false (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
}

static void
test_errors_of_opening (void)
{
  g_autoptr (CharflowRecorder) full = charflow_recorder_new ("/dev/full");
  g_autoptr (CharflowRecorder) none = g_object_new (CHARFLOW_TYPE_RECORDER, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_recorder_open (full, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "/dev/full"));
  g_assert_false (charflow_recorder_get_recording (full));
  g_clear_error (&error);
  g_assert_false (charflow_recorder_open (none, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
}

static void
test_live_failure (Fixture      *fixture,
                   gconstpointer unused)
{
  g_autoptr (CharflowRecorder) full = charflow_recorder_new ("/dev/full");
  g_autoptr (GError) error = NULL;

  open_recorded (fixture, fixture->backend);
  g_assert_false (charflow_backend_set_recorder (fixture->backend, full, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (charflow_backend_get_recorder (fixture->backend) == fixture->recorder);

  g_signal_connect (full, "failed", G_CALLBACK (failed_cb), fixture);
  g_object_set (fixture->backend, "recorder", full, NULL);
  test_wait_until (fixture->n_failures == 1);
  g_assert_error (fixture->failure, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (charflow_backend_get_recorder (fixture->backend) == fixture->recorder);
}

/* A fifo that nobody reads is full before long. */
static void
fill (Fixture *fixture)
{
  g_autofree char *text = g_strnfill (65536, 'x');

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  open_recorded (fixture, fixture->backend);
  for (guint i = 0; i < 40; i++)
    write_text (fixture->backend, text);
}

static void
test_stops (Fixture      *fixture,
            gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  guint n_notified = 0;

  g_signal_connect_swapped (fixture->recorder, "notify::recording", G_CALLBACK (test_count_cb), &n_notified);
  fill (fixture);
  g_assert_false (charflow_recorder_get_recording (fixture->recorder));
  g_assert_cmpuint (fixture->n_failures, ==, 0);
  test_wait_until (fixture->n_failures == 1);
  g_assert_error (fixture->failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_nonnull (strstr (fixture->failure->message, fixture->path));
  g_assert_cmpuint (n_notified, >, 0);

  write_text (fixture->backend, "goes on");
  charflow_backend_close (fixture->backend);
  open_backend (fixture->backend);
  g_assert_false (charflow_recorder_close (fixture->recorder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_true (charflow_recorder_close (fixture->recorder, NULL));
  g_assert_cmpuint (fixture->n_failures, ==, 1);
}

/* Their numbers have two bytes. */
static void
test_too_many_backends (Fixture      *fixture,
                        gconstpointer unused)
{
  g_assert_true (charflow_recorder_open (fixture->recorder, NULL));
  for (guint i = 0; i < 65537; i++)
    {
      g_autofree char *label = g_strdup_printf ("b%u", i);
      g_autoptr (CharflowBackend) backend = g_object_new (CHARFLOW_TYPE_NULL_BACKEND, "label", label, NULL);

      g_assert_true (charflow_recorder_get_recording (fixture->recorder));
      g_assert_true (charflow_backend_set_recorder (backend, fixture->recorder, NULL));
      charflow_backend_emit_event (backend, CHARFLOW_EVENT_BREAK);
    }
  g_assert_false (charflow_recorder_get_recording (fixture->recorder));
  test_wait_until (fixture->n_failures == 1);
  g_assert_error (fixture->failure, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_FAILED);
}

static void
let_go_cb (CharflowRecorder *recorder,
           GError           *error,
           Fixture          *fixture)
{
  charflow_backend_close (fixture->backend);
  g_clear_object (&fixture->backend);
  charflow_recorder_close (recorder, NULL);
}

static void
test_handler_lets_go (Fixture      *fixture,
                      gconstpointer unused)
{
  g_signal_connect (fixture->recorder, "failed", G_CALLBACK (let_go_cb), fixture);
  fill (fixture);
  test_wait_until (fixture->backend == NULL);
}

#define add(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/recorder/B3/all-kinds", test_all_kinds);
  add ("/recorder/B3/shared-by-label", test_shared);
  add ("/recorder/live", test_live);
  add ("/recorder/feature", test_feature);
  add ("/recorder/written-after-a-while", test_written_after_a_while);
  add ("/recorder/written-at-close", test_written_at_close);
  add ("/recorder/written-when-full", test_written_when_full);
  add ("/recorder/long-label", test_long_label);
  add ("/recorder/begins-anew", test_begins_anew);
  add ("/recorder/spec", test_spec);
  add ("/recorder/error-before-anything-opens", test_error_first);
  g_test_add_func ("/recorder/errors-of-opening", test_errors_of_opening);
  add ("/recorder/live-failure", test_live_failure);
  add ("/recorder/stops", test_stops);
  add ("/recorder/too-many-backends", test_too_many_backends);
  add ("/recorder/handler-lets-go", test_handler_lets_go);

  return g_test_run ();
}

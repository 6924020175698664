/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <string.h>

static CharflowRingbufBackend *
open_ring (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);

  return CHARFLOW_RINGBUF_BACKEND (backend);
}

static void
write_text (CharflowRingbufBackend *ring,
            const char             *text)
{
  g_autoptr (GError) error = NULL;
  gssize len = charflow_backend_write (CHARFLOW_BACKEND (ring), (const guint8 *) text,
                                       strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpint (len, ==, strlen (text));
}

static void
assert_takes (CharflowRingbufBackend *ring,
              gsize                   max_size,
              const char             *expected)
{
  g_autoptr (GBytes) peeked = charflow_ringbuf_backend_peek_bytes (ring, max_size);
  g_autoptr (GBytes) taken = charflow_ringbuf_backend_take_bytes (ring, max_size);

  g_assert_true (g_bytes_equal (peeked, taken));
  g_assert_cmpmem (g_bytes_get_data (taken, NULL), g_bytes_get_size (taken), expected,
                   strlen (expected));
}

static void
assert_refused (const char *spec,
                const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_new_from_spec (spec, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_assert_nonnull (strstr (error->message, "'size'"));
  g_assert_nonnull (strstr (error->message, named));
}

static void
test_sizes (void)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf,id=r");

  g_assert_cmpuint (charflow_ringbuf_backend_get_size (ring), ==, 65536);
  assert_refused ("ringbuf,size=5", "power of two");
  assert_refused ("ringbuf,size=3", "power of two");
  assert_refused ("ringbuf,size=0", "power of two");
  assert_refused ("ringbuf,size=-1", "-1");
  assert_refused ("memory,size=9223372036854775808", "9223372036854775808");
}

static void
test_bad_size_property (void)
{
  static const guint64 sizes[] = { 0, 3, G_GUINT64_CONSTANT (1) << 63, G_MAXUINT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (CharflowRingbufBackend) ring = charflow_ringbuf_backend_new (sizes[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) nothing = charflow_ringbuf_backend_take_bytes (ring, 10);

      g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
      g_assert_false (test_open_backend (CHARFLOW_BACKEND (ring), &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      g_assert_false (charflow_backend_get_active (CHARFLOW_BACKEND (ring)));
    }
}

static void
test_overwrites (gconstpointer spec)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring (spec);

  write_text (ring, "buff");
  assert_takes (ring, 4, "ff");
  assert_takes (ring, 4, "");
}

static void
test_lost (void)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf,size=8");
  guint n_stored = 0;
  guint n_lost = 0;
  guint n_changed = 0;

  g_signal_connect_swapped (ring, "notify::stored", G_CALLBACK (test_count_cb), &n_stored);
  g_signal_connect_swapped (ring, "notify::lost-bytes", G_CALLBACK (test_count_cb), &n_lost);
  g_signal_connect_swapped (ring, "changed", G_CALLBACK (test_count_cb), &n_changed);
  write_text (ring, "0123456789ab");
  g_assert_cmpuint (charflow_ringbuf_backend_get_stored (ring), ==, 8);
  g_assert_cmpuint (charflow_ringbuf_backend_get_lost_bytes (ring), ==, 4);
  g_assert_cmpuint (n_changed, ==, 1);
  assert_takes (ring, 3, "456");
  assert_takes (ring, 100, "789ab");
  assert_takes (ring, 100, "");
  g_assert_cmpuint (n_stored, ==, 3);
  g_assert_cmpuint (n_lost, ==, 1);
  g_assert_cmpuint (n_changed, ==, 3);
}

static void
test_wraps (void)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf,size=8");

  write_text (ring, "abcdef");
  assert_takes (ring, 4, "abcd");
  write_text (ring, "ghijkl");
  assert_takes (ring, 100, "efghijkl");
  write_text (ring, "0123456789abcdefghijklmn"); /* 3 times the size */
  assert_takes (ring, 8, "ghijklmn");
  write_text (ring, "xyz");
  write_text (ring, "0123456");
  assert_takes (ring, 8, "z0123456");
  g_assert_cmpuint (charflow_ringbuf_backend_get_lost_bytes (ring), ==, 16 + 2);
}

static void
test_size_one (void)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf,size=1");

  write_text (ring, "abc");
  assert_takes (ring, 2, "c");
}

/* Every split of every length against a plain model. */
static void
test_model (void)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf,size=16");
  g_autoptr (GString) model = g_string_new (NULL);

  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *text = g_strnfill (g_test_rand_int_range (1, 40), 'a' + i % 26);
      gsize n = g_test_rand_int_range (0, 20);
      g_autofree char *expected = NULL;

      write_text (ring, text);
      g_string_append (model, text);
      if (model->len > 16)
        g_string_erase (model, 0, model->len - 16);
      expected = g_strndup (model->str, n);
      assert_takes (ring, n, expected);
      g_string_erase (model, 0, MIN (n, model->len));
    }
}

static void
test_no_input (void)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf,size=8");
  CharflowBackend *backend = CHARFLOW_BACKEND (ring);
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_backend_get_opened (backend));
  write_text (ring, "abc");
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN | G_IO_OUT));
  g_assert_null (charflow_backend_read_bytes (backend, 10, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  charflow_backend_close (backend);
  assert_takes (ring, 10, "abc");
}

static void
feed (CharflowRingbufBackend *ring,
      const void             *data,
      gsize                   size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_ringbuf_backend_feed_bytes (ring, bytes, &error));
  g_assert_no_error (error);
}

static void
assert_takes_base64 (CharflowRingbufBackend *ring,
                     const char             *expected)
{
  g_autofree char *text = charflow_ringbuf_backend_take_base64 (ring, 100);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_base64 (void)
{
  static const struct
  {
    const char *in;
    const char *out;
  } texts[] = {
    { "AP8B", "AP8B" },
    { "YQ==", "YQ==" },
    { "YWI=", "YWI=" },
    { "YW\nJj\n", "YWJj" },
    { "", "" },
    { "\n", "" },
    { "+/+/", "+/+/" },
  };
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf");
  g_autoptr (GError) error = NULL;

  feed (ring, "\x00\xff\x01", 3);
  assert_takes_base64 (ring, "AP8B");
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_assert_true (charflow_ringbuf_backend_feed_base64 (ring, texts[i].in, &error));
      g_assert_no_error (error);
      assert_takes_base64 (ring, texts[i].out);
    }
}

static void
test_bad_base64 (void)
{
  static const char *const texts[] = {
    "!!!",
    "!!!!",
    "YQ",
    "YQ=",
    "Y",
    "Y===",
    "YQ==\nYg==",
    "YQ==Yg==",
    "====",
    "=AAA",
    "YW-j",
    "YWJj\r\n",
    "YQ==YQ",
    "YWJjY\xc3\xa9",
  };
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (charflow_ringbuf_backend_feed_base64 (ring, texts[i], &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      g_assert_cmpuint (charflow_ringbuf_backend_get_stored (ring), ==, 0);
    }
}

static void
test_feed (void)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf,size=4");
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  guint n_changed = 0;

  g_signal_connect_swapped (ring, "changed", G_CALLBACK (test_count_cb), &n_changed);
  feed (ring, NULL, 0);
  g_assert_cmpuint (n_changed, ==, 0);
  feed (ring, "abcdef", 6);
  g_assert_cmpuint (n_changed, ==, 1);
  g_assert_cmpuint (charflow_ringbuf_backend_get_lost_bytes (ring), ==, 2);
  assert_takes (ring, 0, "");
  assert_takes (ring, 9, "cdef");

  charflow_backend_close (CHARFLOW_BACKEND (ring));
  g_assert_false (charflow_ringbuf_backend_feed_bytes (ring, bytes, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
  g_clear_error (&error);
  g_assert_false (charflow_ringbuf_backend_feed_base64 (ring, "YQ==", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
}

static void
test_names (void)
{
  static const char *const names[] = { "ringbuf", "memory" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (CharflowRingbufBackend) ring = open_ring (names[i]);
      g_autofree char *uri = charflow_backend_get_uri (CHARFLOW_BACKEND (ring));

      g_assert_cmpstr (uri, ==, names[i]);
    }
}

/* A back end belongs to one context: what other threads want with it they have done there. */
#define N_ROUNDS 500
#define RECORD_SIZE 8

typedef struct
{
  CharflowRingbufBackend *ring;
  GMutex mutex; /* of what follows */
  GCond cond;
  guint n_done;
  guint n_read[2]; /* by writer */
  guint n_torn;
} Shared;

typedef struct
{
  Shared *shared;
  char letter;
  GBytes *taken;
  gboolean done;
} Job;

static gboolean
write_in_context_cb (gpointer user_data)
{
  Job *job = user_data;
  char record[RECORD_SIZE];

  memset (record, job->letter, sizeof record);
  g_assert_cmpint (charflow_backend_write (CHARFLOW_BACKEND (job->shared->ring), (guint8 *) record,
                                           sizeof record, NULL), ==, sizeof record);

  return G_SOURCE_REMOVE;
}

static gboolean
take_in_context_cb (gpointer user_data)
{
  Job *job = user_data;

  job->taken = charflow_ringbuf_backend_take_bytes (job->shared->ring, 16 * RECORD_SIZE);

  return G_SOURCE_REMOVE;
}

static void
finish_job (gpointer user_data)
{
  Job *job = user_data;

  g_mutex_lock (&job->shared->mutex);
  job->done = TRUE;
  g_cond_broadcast (&job->shared->cond);
  g_mutex_unlock (&job->shared->mutex);
}

static void
run_job (Job        *job,
         GSourceFunc func)
{
  job->done = FALSE;
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, func, job, finish_job);

  g_mutex_lock (&job->shared->mutex);
  while (!job->done)
    g_cond_wait (&job->shared->cond, &job->shared->mutex);
  g_mutex_unlock (&job->shared->mutex);
}

static void
end_thread (Shared *shared)
{
  g_mutex_lock (&shared->mutex);
  shared->n_done++;
  g_mutex_unlock (&shared->mutex);
  g_main_context_wakeup (NULL);
}

static gpointer
writer_thread (gpointer user_data)
{
  Job *job = user_data;

  for (guint i = 0; i < N_ROUNDS; i++)
    run_job (job, write_in_context_cb);
  end_thread (job->shared);

  return NULL;
}

static void
count_records (Shared *shared,
               GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  g_assert_cmpuint (size % RECORD_SIZE, ==, 0);
  for (gsize i = 0; i < size; i += RECORD_SIZE)
    {
      shared->n_read[data[i] == 'a' ? 0 : 1]++;
      for (gsize j = 1; j < RECORD_SIZE; j++)
        shared->n_torn += data[i + j] != data[i];
    }
}

static gpointer
reader_thread (gpointer user_data)
{
  Job *job = user_data;
  Shared *shared = job->shared;

  while (shared->n_read[0] + shared->n_read[1] < 2 * N_ROUNDS)
    {
      run_job (job, take_in_context_cb);
      count_records (shared, job->taken);
      g_clear_pointer (&job->taken, g_bytes_unref);
    }
  end_thread (shared);

  return NULL;
}

static gboolean
are_done (Shared *shared)
{
  gboolean done;

  g_mutex_lock (&shared->mutex);
  done = shared->n_done == 3;
  g_mutex_unlock (&shared->mutex);

  return done;
}

static void
test_threads (void)
{
  g_autoptr (CharflowRingbufBackend) ring = open_ring ("ringbuf,size=16K");
  Shared shared = { .ring = ring };
  Job jobs[] = { { &shared, 'a' }, { &shared, 'b' }, { &shared } };
  GThread *threads[3];

  g_mutex_init (&shared.mutex);
  g_cond_init (&shared.cond);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("ring", i < 2 ? writer_thread : reader_thread, &jobs[i]);

  test_wait_until (are_done (&shared));
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  g_assert_cmpuint (shared.n_read[0], ==, N_ROUNDS);
  g_assert_cmpuint (shared.n_read[1], ==, N_ROUNDS);
  g_assert_cmpuint (shared.n_torn, ==, 0);
  g_assert_cmpuint (charflow_ringbuf_backend_get_lost_bytes (ring), ==, 0);
  g_mutex_clear (&shared.mutex);
  g_cond_clear (&shared.cond);
}

static void
drop_last_cb (CharflowRingbufBackend **ring)
{
  g_clear_object (ring);
}

static void
test_dropped_in_handler (void)
{
  CharflowRingbufBackend *ring = open_ring ("ringbuf,size=4");
  gpointer weak = ring;
  g_autoptr (GBytes) bytes = NULL;

  g_object_add_weak_pointer (G_OBJECT (ring), &weak);
  write_text (ring, "ab");
  g_signal_connect_swapped (ring, "changed", G_CALLBACK (drop_last_cb), &ring);
  bytes = charflow_ringbuf_backend_take_bytes (ring, 1);
  g_assert_null (weak);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1);

  ring = open_ring ("ringbuf,size=4");
  weak = ring;
  g_object_add_weak_pointer (G_OBJECT (ring), &weak);
  g_signal_connect_swapped (ring, "changed", G_CALLBACK (drop_last_cb), &ring);
  write_text (ring, "ab");
  g_assert_null (weak);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ringbuf-backend/R1/size-is-a-power-of-two", test_sizes);
  g_test_add_func ("/ringbuf-backend/R1/bad-size-property", test_bad_size_property);
  g_test_add_data_func ("/ringbuf-backend/R2/overwrites", "ringbuf,size=2", test_overwrites);
  g_test_add_data_func ("/ringbuf-backend/R2/overwrites-as-memory", "memory,size=2",
                        test_overwrites);
  g_test_add_func ("/ringbuf-backend/R3/lost-bytes", test_lost);
  g_test_add_func ("/ringbuf-backend/R2/each-name-is-its-own", test_names);
  g_test_add_func ("/ringbuf-backend/R4/base64", test_base64);
  g_test_add_func ("/ringbuf-backend/R4/bad-base64-changes-nothing", test_bad_base64);
  g_test_add_func ("/ringbuf-backend/R4/feeding-is-writing", test_feed);
  g_test_add_func ("/ringbuf-backend/R5/writers-and-a-reader-in-threads", test_threads);
  g_test_add_func ("/ringbuf-backend/dropped-in-a-handler", test_dropped_in_handler);
  g_test_add_func ("/ringbuf-backend/T70/wraps", test_wraps);
  g_test_add_func ("/ringbuf-backend/T70/size-one", test_size_one);
  g_test_add_func ("/ringbuf-backend/T70/as-a-model", test_model);
  g_test_add_func ("/ringbuf-backend/no-input-and-contents-outlive-closing", test_no_input);

  return g_test_run ();
}

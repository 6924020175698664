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

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ringbuf-backend/R1/size-is-a-power-of-two", test_sizes);
  g_test_add_func ("/ringbuf-backend/T70/bad-size-property", test_bad_size_property);
  g_test_add_data_func ("/ringbuf-backend/R2/overwrites", "ringbuf,size=2", test_overwrites);
  g_test_add_data_func ("/ringbuf-backend/R2/overwrites-as-memory", "memory,size=2",
                        test_overwrites);
  g_test_add_func ("/ringbuf-backend/R3/lost-bytes", test_lost);
  g_test_add_func ("/ringbuf-backend/T70/wraps", test_wraps);
  g_test_add_func ("/ringbuf-backend/T70/size-one", test_size_one);
  g_test_add_func ("/ringbuf-backend/T70/as-a-model", test_model);
  g_test_add_func ("/ringbuf-backend/no-input-and-contents-outlive-closing", test_no_input);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-util.h"

#include <string.h>

static CharflowBackend *
open_loopback (const char *spec)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);

  return g_steal_pointer (&backend);
}

static void
assert_writes (CharflowBackend *backend,
               const char      *text,
               gssize           expected)
{
  g_autoptr (GError) error = NULL;
  gssize len = charflow_backend_write (backend, (const guint8 *) text, strlen (text), &error);

  g_assert_cmpint (len, ==, expected);
  if (expected < 0)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  else
    g_assert_no_error (error);
}

static void
assert_reads (CharflowBackend *backend,
              gsize            max_size,
              const char      *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = charflow_backend_read_bytes (backend, max_size, &error);

  if (expected == NULL)
    {
      g_assert_null (bytes);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      return;
    }

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected,
                   strlen (expected));
}

static void
test_comes_back (void)
{
  g_autoptr (CharflowBackend) backend = open_loopback ("loopback,id=l,size=4");
  g_autofree char *uri = charflow_backend_get_uri (backend);

  g_assert_true (charflow_backend_get_opened (backend));
  g_assert_cmpstr (uri, ==, "loopback");
  g_assert_cmpuint (charflow_loopback_backend_get_size (CHARFLOW_LOOPBACK_BACKEND (backend)), ==, 4);
  g_assert_cmpint (charflow_backend_get_features (backend), ==, CHARFLOW_FEATURE_NONE);

  assert_reads (backend, 10, NULL);
  assert_writes (backend, "abc", 3);
  assert_writes (backend, "defg", 1);
  assert_writes (backend, "efg", -1);
  assert_reads (backend, 3, "abc");
  assert_writes (backend, "efg", 3);
  assert_reads (backend, 10, "defg");
  assert_reads (backend, 10, NULL);
}

static gboolean
count_source_cb (gpointer user_data)
{
  guint *n = user_data;

  *n += 1;

  return G_SOURCE_REMOVE;
}

static GSource *
attach (CharflowBackend *backend,
        GIOCondition     condition,
        guint           *n)
{
  GSource *source = charflow_backend_create_source (backend, condition);

  g_assert_nonnull (source);
  g_source_set_callback (source, count_source_cb, n, NULL);
  g_source_attach (source, NULL);

  return source;
}

static void
test_sources (void)
{
  g_autoptr (CharflowBackend) backend = open_loopback ("loopback,size=2");
  guint n_in = 0;
  guint n_out = 0;
  g_autoptr (GSource) in = attach (backend, G_IO_IN, &n_in);
  g_autoptr (GSource) out = NULL;

  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (n_in, ==, 0);
  assert_writes (backend, "abc", 2);
  test_wait_until (n_in == 1);

  out = attach (backend, G_IO_OUT, &n_out);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (n_out, ==, 0);
  assert_reads (backend, 1, "a");
  test_wait_until (n_out == 1);
}

/* More than is held at once, read and written in pieces that do not fit each other. */
static void
test_stream (void)
{
  g_autoptr (CharflowBackend) backend = open_loopback ("loopback,size=7");
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (backend, 3);
  g_autoptr (GString) all = g_string_new (NULL);
  gsize written = 0;

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (all, "%u,", i);

  while (written < all->len)
    {
      gssize len = charflow_backend_write (backend, (const guint8 *) all->str + written,
                                           MIN (all->len - written, 5), NULL);

      if (len > 0)
        written += len;
      else
        g_main_context_iteration (NULL, TRUE);
    }

  test_front_end_expect (front_end, all->str);
}

static void
test_sizes (void)
{
  static const char *const specs[] = { "loopback,size=0", "loopback,size=2G", "loopback,size=-1" };
  g_autoptr (CharflowBackend) backend = open_loopback ("loopback");

  g_assert_cmpuint (charflow_loopback_backend_get_size (CHARFLOW_LOOPBACK_BACKEND (backend)), ==, 65536);
  for (gsize i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (charflow_backend_new_from_spec (specs[i], &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      g_assert_nonnull (strstr (error->message, "'size'"));
    }
}

static void
test_bad_size_property (void)
{
  static const guint64 sizes[] = { 0, (G_GUINT64_CONSTANT (1) << 30) + 1, G_MAXUINT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_loopback_backend_new (sizes[i]));
      g_autoptr (GError) error = NULL;

      g_assert_false (test_open_backend (backend, &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      g_assert_false (charflow_backend_get_active (backend));
    }
}

static void
test_close (void)
{
  g_autoptr (CharflowBackend) backend = open_loopback ("loopback,size=2");
  g_autoptr (GError) error = NULL;
  g_autoptr (GSource) source = charflow_backend_create_source (backend, G_IO_OUT);

  assert_writes (backend, "ab", 2);
  charflow_backend_close (backend);
  g_assert_true (g_source_is_destroyed (source));
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN));
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "c", 1, &error), ==, -1);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN);
  g_clear_error (&error);

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
  assert_reads (backend, 10, NULL);
  assert_writes (backend, "cd", 2);
  assert_reads (backend, 10, "cd");
}

static gboolean
drop_cb (gpointer user_data)
{
  CharflowBackend **backend = user_data;

  g_clear_object (backend);

  return G_SOURCE_CONTINUE;
}

static gboolean
close_source_cb (gpointer user_data)
{
  charflow_backend_close (user_data);

  return G_SOURCE_CONTINUE;
}

static void
test_reentrancy (void)
{
  g_autoptr (CharflowBackend) backend = open_loopback ("loopback");
  g_autoptr (GSource) closing = charflow_backend_create_source (backend, G_IO_OUT);
  g_autoptr (GSource) dropping = NULL;
  g_autoptr (GError) error = NULL;
  gpointer weak = backend;

  g_source_set_callback (closing, close_source_cb, backend, NULL);
  g_source_attach (closing, NULL);
  test_wait_until (!charflow_backend_get_active (backend));
  g_assert_true (g_source_is_destroyed (closing));

  g_assert_true (test_open_backend (backend, &error));
  dropping = charflow_backend_create_source (backend, G_IO_OUT);
  g_source_set_callback (dropping, drop_cb, &backend, NULL);
  g_source_attach (dropping, NULL);
  g_object_add_weak_pointer (G_OBJECT (backend), &weak);
  test_wait_until (weak == NULL);
  g_assert_true (g_source_is_destroyed (dropping));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/loopback-backend/comes-back", test_comes_back);
  g_test_add_func ("/loopback-backend/sources-tell-of-bytes-and-room", test_sources);
  g_test_add_func ("/loopback-backend/stream", test_stream);
  g_test_add_func ("/loopback-backend/sizes", test_sizes);
  g_test_add_func ("/loopback-backend/bad-size-property", test_bad_size_property);
  g_test_add_func ("/loopback-backend/close-forgets", test_close);
  g_test_add_func ("/loopback-backend/closed-and-dropped-in-a-source", test_reentrancy);

  return g_test_run ();
}

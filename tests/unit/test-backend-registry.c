/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-endpoint.h"

#include <string.h>

#include "charflow-backend-private.h"

static CharflowBackend *
create (CharflowBackendRegistry *registry,
        const char              *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_registry_create (registry, spec, &error);

  g_assert_no_error (error);
  g_assert_nonnull (backend);

  return backend;
}

static guint
count (CharflowBackendRegistry *registry)
{
  return g_list_model_get_n_items (G_LIST_MODEL (registry));
}

/* The error names what is wrong, and nothing is registered. */
static void
assert_refused (CharflowBackendRegistry *registry,
                const char              *spec,
                int                      code,
                const char              *named)
{
  g_autoptr (GError) error = NULL;
  guint n = count (registry);

  g_assert_null (charflow_backend_registry_create (registry, spec, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_cmpuint (count (registry), ==, n);
}

static CharflowBackend *
new_null (const char *label)
{
  return g_object_new (CHARFLOW_TYPE_NULL_BACKEND, "label", label, NULL);
}

static void
open_backend (CharflowBackend *backend)
{
  g_autoptr (GError) error = NULL;

  test_open_backend (backend, &error);
  g_assert_no_error (error);
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
items_cb (GListModel *model,
          guint       position,
          guint       removed,
          guint       added,
          GString    *log)
{
  g_string_append_printf (log, "<%u -%u +%u>", position, removed, added);
}

static void
test_add_and_lookup (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (CharflowBackend) first = new_null ("L");
  g_autoptr (CharflowBackend) second = new_null ("L");
  g_autoptr (CharflowBackend) item = NULL;
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_signal_connect (registry, "items-changed", G_CALLBACK (items_cb), log);
  g_assert_null (charflow_backend_registry_lookup (registry, "L"));
  g_assert_true (charflow_backend_registry_add (registry, first, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_backend_registry_lookup (registry, "L") == first);

  g_assert_false (charflow_backend_registry_add (registry, second, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "'L'"));
  g_clear_error (&error);
  g_assert_false (charflow_backend_registry_add (registry, first, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_EXISTS);
  g_assert_true (charflow_backend_registry_lookup (registry, "L") == first);
  g_assert_cmpuint (count (registry), ==, 1);
  item = g_list_model_get_item (G_LIST_MODEL (registry), 0);
  g_assert_true (item == first);
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (registry), 1));
  g_assert_true (g_list_model_get_item_type (G_LIST_MODEL (registry)) == CHARFLOW_TYPE_BACKEND);
  g_assert_cmpstr (log->str, ==, "<0 -0 +1>");

  g_clear_object (&item);
  g_assert_finalize_object (g_steal_pointer (&registry));
  g_assert_finalize_object (g_steal_pointer (&first));
}

static void
test_labels (void)
{
  static const char *const bad[] = { "", "1a", "a b", "a/b" };
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (CharflowBackend) nameless = new_null (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_backend_registry_add (registry, nameless, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (CharflowBackend) backend = new_null (bad[i]);

      g_clear_error (&error);
      g_assert_false (charflow_backend_registry_add (registry, backend, &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
    }
  g_assert_cmpuint (count (registry), ==, 0);
}

static void
test_create (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  CharflowBackend *backend = create (registry, "ringbuf,id=r,size=16");

  g_assert_cmpstr (charflow_backend_get_label (backend), ==, "r");
  g_assert_false (charflow_backend_get_active (backend));
  g_assert_true (create (registry, "chardev:r") == backend);
  g_assert_cmpuint (count (registry), ==, 1);

  assert_refused (registry, "ringbuf,id=r", CHARFLOW_BACKEND_ERROR_EXISTS, "'r'");
  assert_refused (registry, "ringbuf", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "id");
  assert_refused (registry, "invalid,id=i", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'invalid'");
  assert_refused (registry, "ringbuf,id=i,size=5", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "size");
  assert_refused (registry, "chardev:none", CHARFLOW_BACKEND_ERROR_NOT_FOUND, "'none'");
  g_assert_true (charflow_backend_registry_lookup (registry, "r") == backend);
}

static void
test_create_mux (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  CharflowBackend *base = create (registry, "null,id=n");
  CharflowBackend *mux = create (registry, "mux,id=m,chardev=n,escape=29,max-front-ends=2,ring-size=32,timestamps=on");
  CharflowMuxBackend *as_mux = CHARFLOW_MUX_BACKEND (mux);

  g_assert_true (charflow_mux_backend_get_backend (as_mux) == base);
  g_assert_cmpuint (charflow_mux_backend_get_escape_char (as_mux), ==, 29);
  g_assert_cmpuint (charflow_mux_backend_get_max_front_ends (as_mux), ==, 2);
  g_assert_cmpuint (charflow_mux_backend_get_ring_size (as_mux), ==, 32);
  g_assert_true (charflow_mux_backend_get_timestamps (as_mux));

  assert_refused (registry, "mux,id=x", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "chardev");
  assert_refused (registry, "mux,id=x,chardev=", CHARFLOW_BACKEND_ERROR_NOT_FOUND, "''");
  assert_refused (registry, "mux,id=x,chardev=none", CHARFLOW_BACKEND_ERROR_NOT_FOUND, "'none'");
  assert_refused (registry, "mux,id=x,chardev=n", CHARFLOW_BACKEND_ERROR_BUSY, "'n'");
  assert_refused (registry, "mux,id=m,chardev=n", CHARFLOW_BACKEND_ERROR_EXISTS, "'m'");
  assert_refused (registry, "mux,id=x,chardev=m,escape=256", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "256");
  assert_refused (registry, "mux,id=x,chardev=m,max-front-ends=0", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "max-front-ends");
  assert_refused (registry, "mux,id=x,chardev=m,ring-size=1G", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "ring-size");

  /* What was refused holds nothing. */
  g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (as_mux), ==, 0);
  create (registry, "mux,id=x,chardev=m");
  g_assert_cmpuint (charflow_mux_backend_get_n_front_ends (as_mux), ==, 1);
}

static void
test_create_with_mux (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  CharflowBackend *mux = create (registry, "null,id=n,mux=on");
  CharflowBackend *base = charflow_backend_registry_lookup (registry, "n-base");

  g_assert_cmpuint (count (registry), ==, 2);
  g_assert_true (CHARFLOW_IS_NULL_BACKEND (base));
  g_assert_true (charflow_mux_backend_get_backend (CHARFLOW_MUX_BACKEND (mux)) == base);

  create (registry, "null,id=o-base");
  assert_refused (registry, "null,id=o,mux=on", CHARFLOW_BACKEND_ERROR_EXISTS, "'o-base'");
  assert_refused (registry, "ringbuf,id=p,size=3,mux=on", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "size");
}

static void
test_busy (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  CharflowBackend *backend = create (registry, "null,id=n");
  g_autoptr (CharflowCharDevice) first = charflow_char_device_new (backend);
  g_autoptr (CharflowCharDevice) second = charflow_char_device_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_char_device_set_backend (second, backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_true (charflow_char_device_set_backend (first, NULL, &error));
  g_assert_true (charflow_char_device_set_backend (second, backend, &error));
  g_assert_true (charflow_char_device_set_backend (second, NULL, &error));
  g_assert_true (charflow_char_device_set_backend (first, backend, &error));
  g_assert_no_error (error);
}

static void
test_remove (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  CharflowBackend *backend = create (registry, "null,id=n");
  CharflowBackend *mux = create (registry, "null,id=m,mux=on");
  g_autoptr (CharflowBackend) held = g_object_ref (backend);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
  g_autoptr (CharflowCharDevice) other = charflow_char_device_new (mux);
  g_autoptr (GError) error = NULL;
  static const char *const busy[] = { "n", "m", "m-base" };

  open_backend (backend);
  for (gsize i = 0; i < G_N_ELEMENTS (busy); i++)
    {
      g_assert_false (charflow_backend_registry_remove (registry, busy[i], &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY);
      g_assert_nonnull (strstr (error->message, busy[i]));
      g_clear_error (&error);
    }
  g_assert_false (charflow_backend_registry_remove (registry, "none", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_FOUND);
  g_clear_error (&error);

  g_assert_true (charflow_char_device_set_backend (device, NULL, &error));
  g_assert_true (charflow_backend_registry_remove (registry, "n", &error));
  g_assert_false (charflow_backend_get_active (held));
  g_assert_null (charflow_backend_registry_lookup (registry, "n"));

  g_assert_true (charflow_char_device_set_backend (other, NULL, &error));
  g_assert_true (charflow_backend_registry_remove (registry, "m", &error));
  g_assert_true (charflow_backend_registry_remove (registry, "m-base", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count (registry), ==, 0);
}

/* The device holds its back end, so that one is never destroyed under it: it is taken away, or closed. */
static void
test_taken_from_device (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (create (registry, "null,id=n"));
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abcd", 4);
  g_autoptr (GError) error = NULL;

  charflow_char_device_start (device);
  test_wait_until (charflow_char_device_get_opened (device));
  charflow_backend_close (charflow_backend_registry_lookup (registry, "n"));
  g_assert_false (charflow_char_device_get_opened (device));
  g_assert_true (charflow_char_device_write_bytes (device, NULL, bytes, &error));
  g_assert_no_error (error);

  g_clear_object (&registry);
  g_assert_nonnull (charflow_char_device_get_backend (device));
  g_assert_true (charflow_char_device_set_backend (device, NULL, &error));
  g_assert_null (charflow_char_device_get_backend (device));
  g_assert_false (charflow_char_device_get_opened (device));
  g_assert_true (charflow_char_device_write_bytes (device, NULL, bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (device), ==, charflow_char_device_get_self_tokens (device) - 2);
}

static void
log_event_cb (CharflowCharDevice *device,
              CharflowEvent       event,
              GString            *log)
{
  static const char *const names[] = { "<O>", "<C>", "<B>", "<I>", "<U>" };

  g_string_append (log, names[event]);
}

static void
test_send_break (void)
{
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GString) first_log = g_string_new (NULL);
  g_autoptr (GString) second_log = g_string_new (NULL);
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (create (registry, "null,id=n"));
  CharflowBackend *mux = create (registry, "null,id=m,mux=on");
  g_autoptr (CharflowCharDevice) first = charflow_char_device_new (mux);
  g_autoptr (CharflowCharDevice) second = charflow_char_device_new (mux);
  g_autoptr (GError) error = NULL;

  g_signal_connect (device, "event", G_CALLBACK (log_event_cb), log);
  g_assert_true (charflow_backend_registry_send_break (registry, "n", &error));
  g_assert_cmpstr (log->str, ==, "<B>");
  g_assert_false (charflow_backend_registry_send_break (registry, "none", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "'none'"));
  g_clear_error (&error);

  charflow_char_device_start (first);
  charflow_char_device_start (second);
  test_wait_until (charflow_char_device_get_opened (second));
  g_signal_connect (first, "event", G_CALLBACK (log_event_cb), first_log);
  g_signal_connect (second, "event", G_CALLBACK (log_event_cb), second_log);
  g_assert_true (charflow_backend_registry_send_break (registry, "m", &error));
  g_assert_cmpstr (first_log->str, ==, "");
  g_assert_cmpstr (second_log->str, ==, "<B>");
  g_assert_true (charflow_backend_registry_send_break (registry, "m-base", &error));
  g_assert_cmpstr (first_log->str, ==, "<B>");
  g_assert_cmpstr (second_log->str, ==, "<B><B>");
}

/* Changes. */

static gboolean
change_cb (CharflowBackendRegistry *registry,
           CharflowBackend         *old,
           CharflowBackend         *backend,
           CharflowCharDevice      *device)
{
  return charflow_char_device_get_backend (device) == old &&
         charflow_char_device_set_backend (device, backend, NULL);
}

static gboolean
refuse_cb (CharflowCharDevice *device,
           CharflowBackend    *backend,
           gpointer            user_data)
{
  return FALSE;
}

static void
assert_not_changed (CharflowBackendRegistry *registry,
                    const char              *label,
                    const char              *spec,
                    int                      code)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *old = charflow_backend_registry_lookup (registry, label);
  gboolean was_active = old != NULL && charflow_backend_get_active (old);
  guint n = count (registry);

  g_assert_false (charflow_backend_registry_change (registry, label, spec, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
  g_assert_true (charflow_backend_registry_lookup (registry, label) == old);
  g_assert_true (old == NULL || charflow_backend_get_active (old) == was_active);
  g_assert_cmpuint (count (registry), ==, n);
}

static void
test_change_unused (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (CharflowBackend) old = g_object_ref (create (registry, "null,id=n"));
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  open_backend (old);
  assert_not_changed (registry, "none", "null", CHARFLOW_BACKEND_ERROR_NOT_FOUND);
  assert_not_changed (registry, "n", "invalid", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND);
  assert_not_changed (registry, "n", "null,id=n", CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  assert_not_changed (registry, "n", "mux,chardev=n", CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  assert_not_changed (registry, "n", "mux,chardev=o", CHARFLOW_BACKEND_ERROR_NOT_FOUND);

  g_signal_connect (registry, "items-changed", G_CALLBACK (items_cb), log);
  g_assert_true (charflow_backend_registry_change (registry, "n", "ringbuf,size=8", &error));
  g_assert_no_error (error);
  g_assert_true (CHARFLOW_IS_RINGBUF_BACKEND (charflow_backend_registry_lookup (registry, "n")));
  g_assert_false (charflow_backend_get_active (old));
  g_assert_cmpstr (log->str, ==, "<0 -1 +1>");

  g_assert_true (charflow_backend_registry_change (registry, "n", "null,mux=on", &error));
  g_assert_nonnull (charflow_backend_registry_lookup (registry, "n-base"));
  g_assert_cmpuint (count (registry), ==, 2);
}

static void
test_change_in_use (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (CharflowBackend) old = g_object_ref (create (registry, "null,id=n"));
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (old);
  g_autoptr (CharflowCharDevice) other = charflow_char_device_new (NULL);
  g_autoptr (GError) error = NULL;
  gulong handler;

  charflow_char_device_start (device);
  test_wait_until (charflow_char_device_get_opened (device));
  assert_not_changed (registry, "n", "ringbuf", CHARFLOW_BACKEND_ERROR_BUSY);

  g_signal_connect (registry, "change-backend", G_CALLBACK (change_cb), other);
  g_signal_connect (registry, "change-backend", G_CALLBACK (change_cb), device);
  handler = g_signal_connect (device, "backend-changed", G_CALLBACK (refuse_cb), NULL);
  assert_not_changed (registry, "n", "ringbuf", CHARFLOW_BACKEND_ERROR_BUSY);
  g_assert_true (charflow_char_device_get_backend (device) == old);
  g_assert_true (charflow_char_device_get_opened (device));

  g_signal_handler_disconnect (device, handler);
  g_assert_true (charflow_backend_registry_change (registry, "n", "ringbuf", &error));
  g_assert_no_error (error);
  g_assert_true (charflow_char_device_get_backend (device) == old); /* which serves until the new one is open */
  g_assert_true (charflow_backend_get_active (old));
  test_wait_until (charflow_char_device_get_backend (device) == charflow_backend_registry_lookup (registry, "n"));
  g_assert_false (charflow_backend_get_active (old));
  g_assert_true (charflow_char_device_get_opened (device));
}

static void
assert_takes_no_ring (CharflowBackendRegistry *registry,
                      const char              *label,
                      gsize                    max_size,
                      int                      code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_registry_take_ring_bytes (registry, label, max_size, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
}

static void
test_ring (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\x00\xff\x01", 3);
  g_autoptr (GBytes) taken = NULL;
  g_autoptr (GBytes) rest = NULL;
  g_autoptr (GError) error = NULL;

  create (registry, "null,id=n");
  open_backend (create (registry, "ringbuf,id=r"));
  g_assert_true (charflow_backend_registry_feed_ring_bytes (registry, "r", bytes, &error));
  g_assert_no_error (error);
  g_assert_false (charflow_backend_registry_feed_ring_bytes (registry, "n", bytes, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  assert_takes_no_ring (registry, "r", 0, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  assert_takes_no_ring (registry, "none", 1, CHARFLOW_BACKEND_ERROR_NOT_FOUND);
  assert_takes_no_ring (registry, "n", 1, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);

  taken = charflow_backend_registry_take_ring_bytes (registry, "r", 2, NULL);
  g_assert_cmpmem (g_bytes_get_data (taken, NULL), g_bytes_get_size (taken), "\x00\xff", 2);
  rest = charflow_backend_registry_take_ring_bytes (registry, "r", 2, NULL);
  g_assert_cmpmem (g_bytes_get_data (rest, NULL), g_bytes_get_size (rest), "\x01", 1);
}

static void
note_error_cb (CharflowCharDevice *device,
               const GError       *error,
               GError            **noted)
{
  g_clear_error (noted);
  *noted = g_error_copy (error);
}

/* What cannot be opened leaves the device with the one that works. */
static void
test_change_fails_later (gconstpointer spec)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (CharflowBackend) old = g_object_ref (create (registry, "null,id=n"));
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (old);
  g_autoptr (GError) told = NULL;
  g_autoptr (GError) error = NULL;

  charflow_char_device_start (device);
  test_wait_until (charflow_char_device_get_opened (device));
  g_signal_connect (registry, "change-backend", G_CALLBACK (change_cb), device);
  g_signal_connect (device, "backend-error", G_CALLBACK (note_error_cb), &told);

  g_assert_true (charflow_backend_registry_change (registry, "n", spec, &error));
  g_assert_no_error (error);
  test_wait_until (told != NULL);
  g_assert_error (told, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (charflow_char_device_get_backend (device) == old);
  g_assert_true (charflow_backend_get_active (old));
  g_assert_true (charflow_backend_registry_lookup (registry, "n") == old);
  g_assert_cmpuint (count (registry), ==, 1);

  /* So that another change may follow, and another one. */
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (charflow_backend_registry_change (registry, "n", "ringbuf,size=8", &error));
      g_assert_no_error (error);
      test_wait_until (charflow_char_device_get_backend (device) == charflow_backend_registry_lookup (registry, "n"));
    }
  g_assert_false (charflow_backend_get_active (old));
}

static void
test_change_base (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  CharflowBackend *mux = create (registry, "null,id=m,mux=on");
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (mux);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abcd", 4);
  g_autoptr (GBytes) stored = NULL;
  g_autoptr (GError) error = NULL;
  CharflowBackend *base;

  charflow_char_device_start (device);
  test_wait_until (charflow_char_device_get_opened (device));
  assert_not_changed (registry, "m", "ringbuf", CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  assert_not_changed (registry, "m-base", "mux,chardev=m", CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);

  g_assert_true (charflow_backend_registry_change (registry, "m-base", "ringbuf,size=8", &error));
  g_assert_no_error (error);
  base = charflow_backend_registry_lookup (registry, "m-base");
  g_assert_true (charflow_mux_backend_get_backend (CHARFLOW_MUX_BACKEND (mux)) == base);
  test_wait_until (charflow_char_device_get_opened (device));
  charflow_char_device_write_bytes (device, NULL, bytes, &error);
  g_assert_no_error (error);
  settle ();
  stored = charflow_ringbuf_backend_peek_bytes (CHARFLOW_RINGBUF_BACKEND (base), 8);
  g_assert_cmpmem (g_bytes_get_data (stored, NULL), g_bytes_get_size (stored), "abcd", 4);
}

static gboolean
change_and_spoil_cb (CharflowBackendRegistry *registry,
                     CharflowBackend         *old,
                     CharflowBackend         *backend,
                     CharflowCharDevice      *device)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_char_device_set_backend (device, backend, &error));
  g_assert_true (charflow_backend_registry_remove (registry, "n", &error));
  create (registry, "null,id=late");
  g_object_unref (registry);
  return TRUE;
}

static void
test_spoiled_change (void)
{
  CharflowBackendRegistry *registry = charflow_backend_registry_new ();
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (create (registry, "null,id=n"));
  g_autoptr (GError) error = NULL;
  gpointer weak = registry;

  g_object_add_weak_pointer (G_OBJECT (registry), &weak);
  g_signal_connect (registry, "change-backend", G_CALLBACK (change_and_spoil_cb), device);
  g_assert_true (charflow_backend_registry_change (registry, "n", "ringbuf,size=8", &error));
  g_assert_no_error (error);
  g_assert_null (weak);
  g_assert_true (CHARFLOW_IS_RINGBUF_BACKEND (charflow_char_device_get_backend (device)));
}

static void
drop_cb (GListModel               *model,
         guint                     position,
         guint                     removed,
         guint                     added,
         CharflowBackendRegistry **registry)
{
  g_clear_object (registry);
}

static void
test_dropped_in_handler (void)
{
  CharflowBackendRegistry *registry = charflow_backend_registry_new ();
  g_autoptr (CharflowBackend) backend = new_null ("n");

  open_backend (backend);
  charflow_backend_registry_add (registry, backend, NULL);
  g_signal_connect (registry, "items-changed", G_CALLBACK (drop_cb), &registry);
  g_assert_true (charflow_backend_registry_remove (registry, "n", NULL));
  g_assert_null (registry);
  g_assert_false (charflow_backend_get_active (backend));
}

static void
test_close_all (void)
{
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (CharflowBackend) mux = g_object_ref (create (registry, "null,id=m,mux=on"));
  g_autoptr (CharflowBackend) base = g_object_ref (charflow_backend_registry_lookup (registry, "m-base"));
  gpointer weak = mux;

  open_backend (mux);
  g_assert_true (charflow_backend_get_active (base));
  charflow_backend_registry_close_all (registry);
  g_assert_false (charflow_backend_get_active (mux));
  g_assert_false (charflow_backend_get_active (base));
  g_assert_cmpuint (count (registry), ==, 2);

  open_backend (mux);
  g_object_add_weak_pointer (G_OBJECT (mux), &weak);
  g_clear_object (&mux);
  g_clear_object (&registry);
  g_assert_null (weak);
  g_assert_false (charflow_backend_get_active (base));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backend-registry/G1/add-and-look-up", test_add_and_lookup);
  g_test_add_func ("/backend-registry/G3/labels", test_labels);
  g_test_add_func ("/backend-registry/R4/ring-by-its-label", test_ring);
  g_test_add_func ("/backend-registry/G6/second-front-end", test_busy);
  g_test_add_func ("/backend-registry/G10/taken-from-a-device", test_taken_from_device);
  g_test_add_func ("/backend-registry/G11/send-break", test_send_break);
  g_test_add_func ("/backend-registry/create/specs", test_create);
  g_test_add_func ("/backend-registry/create/mux", test_create_mux);
  g_test_add_func ("/backend-registry/create/with-mux", test_create_with_mux);
  g_test_add_func ("/backend-registry/remove", test_remove);
  g_test_add_func ("/backend-registry/change/unused", test_change_unused);
  g_test_add_func ("/backend-registry/change/in-use", test_change_in_use);
  g_test_add_data_func ("/backend-registry/change/fails-later", "file,path=/nonexistent/file", test_change_fails_later);
  g_test_add_data_func ("/backend-registry/change/fails-later-below-a-mux", "file,path=/nonexistent/file,mux=on",
                        test_change_fails_later);
  g_test_add_func ("/backend-registry/change/base-of-mux", test_change_base);
  g_test_add_func ("/backend-registry/change/spoiled-by-the-handler", test_spoiled_change);
  g_test_add_func ("/backend-registry/dropped-in-handler", test_dropped_in_handler);
  g_test_add_func ("/backend-registry/close-all-and-dispose", test_close_all);

  return g_test_run ();
}

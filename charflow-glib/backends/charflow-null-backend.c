/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-null-backend.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"

/**
 * SECTION:charflow-null-backend
 * @title: CharflowNullBackend
 * @short_description: a back end that takes everything and gives nothing
 *
 * What is written is gone, and nothing ever comes. In a spec it is `null`, without options of its own. Its
 * other side is there as soon as it is open.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowNullBackend) backend = charflow_null_backend_new ();
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));
 *
 * charflow_char_device_start (device); // it takes all, and says nothing
 * ]|
 */

/**
 * CharflowNullBackend:
 *
 * A back end that takes everything and gives nothing.
 *
 * Since: 1.0
 */
struct _CharflowNullBackend
{
  CharflowBackend parent_instance;
};

G_DEFINE_FINAL_TYPE (CharflowNullBackend, charflow_null_backend, CHARFLOW_TYPE_BACKEND)

static void
charflow_null_backend_open_async (CharflowBackend    *backend,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);

  CHARFLOW_BACKEND_CLASS (charflow_null_backend_parent_class)->open_async (backend, cancellable,
                                                                           callback, user_data);
}

static gssize
charflow_null_backend_write (CharflowBackend *backend,
                             const guint8    *data,
                             gsize            size,
                             GError         **error)
{
  return (gssize) size;
}

static void
charflow_null_backend_class_init (CharflowNullBackendClass *klass)
{
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  backend_class->open_async = charflow_null_backend_open_async;
  backend_class->write = charflow_null_backend_write;
}

static void
charflow_null_backend_init (CharflowNullBackend *self)
{
  charflow_backend_set_uri (CHARFLOW_BACKEND (self), "null");
}

/**
 * charflow_null_backend_new:
 *
 * Makes a back end that takes everything and gives nothing.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowNullBackend *
charflow_null_backend_new (void)
{
  return g_object_new (CHARFLOW_TYPE_NULL_BACKEND, NULL);
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  return g_object_new (CHARFLOW_TYPE_NULL_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       NULL);
}

static const CharflowBackendOption null_options[] = {
  { NULL },
};

const CharflowBackendKind charflow_null_backend_kind = {
  .name = "null",
  .description = N_("Takes everything and gives nothing"),
  .options = null_options,
  .create = create_from_options,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-loopback-backend.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "charflow-backend-options-private.h"
#include "charflow-fd-source-private.h"
#include "charflow-ring-private.h"

/**
 * SECTION:charflow-loopback-backend
 * @title: CharflowLoopbackBackend
 * @short_description: a back end whose output is its input
 *
 * What is written comes back, in order and each byte once. Between the two it holds at most
 * #CharflowLoopbackBackend:size bytes: when these are there, writing waits for reading. What was not
 * read when it is closed is lost.
 *
 * In a spec it is `loopback`, with the option `size`. Its other side is there as soon as it is open.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowLoopbackBackend) backend = charflow_loopback_backend_new (4096);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));
 * g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
 *
 * charflow_char_device_start (device);
 * charflow_char_device_write_bytes (device, NULL, bytes, NULL); // and it comes back to all clients
 * ]|
 */

#define DEFAULT_SIZE "65536"
/* What is asked for is allocated at once, so this is no more than somebody could mean. */
#define MAX_SIZE (G_GUINT64_CONSTANT (1) << 30)

/**
 * CharflowLoopbackBackend:
 *
 * A back end whose output is its input.
 *
 * Since: 1.0
 */
struct _CharflowLoopbackBackend
{
  CharflowBackend parent_instance;

  guint64 size;
  CharflowRing *ring; /* NULL unless it is open */
  CharflowFdSources *sources;
};

G_DEFINE_FINAL_TYPE (CharflowLoopbackBackend, charflow_loopback_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_SIZE = 1,
} CharflowLoopbackBackendProperty;

static GParamSpec *props[PROP_SIZE + 1];

static gboolean
check_size (guint64  size,
            GError **error)
{
  if (size > 0 && size <= MAX_SIZE)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option 'size' expects 1 to %" PRIu64 " bytes, not %" PRIu64), MAX_SIZE, size);
  return FALSE;
}

static void
update_ready (CharflowLoopbackBackend *self)
{
  GIOCondition ready = 0;

  if (charflow_ring_get_stored (self->ring) > 0)
    ready |= G_IO_IN;
  if (charflow_ring_get_room (self->ring) > 0)
    ready |= G_IO_OUT;

  charflow_fd_sources_set_ready (self->sources, ready);
}

static gboolean
make_ring (CharflowLoopbackBackend *self,
           GError                 **error)
{
  if (!check_size (self->size, error))
    return FALSE;

  self->ring = charflow_ring_new (self->size);
  if (self->ring != NULL)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_FAILED,
               _("There is no memory for a ring of %" PRIu64 " bytes"), self->size);
  return FALSE;
}

static void
charflow_loopback_backend_open_async (CharflowBackend    *backend,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data)
{
  CharflowLoopbackBackend *self = CHARFLOW_LOOPBACK_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, charflow_loopback_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (!make_ring (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  update_ready (self);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  g_task_return_boolean (task, TRUE);
}

static void
charflow_loopback_backend_close (CharflowBackend *backend)
{
  CharflowLoopbackBackend *self = CHARFLOW_LOOPBACK_BACKEND (backend);
  g_autoptr (CharflowRing) ring = g_steal_pointer (&self->ring);

  charflow_fd_sources_destroy (self->sources);
}

static gssize
charflow_loopback_backend_read (CharflowBackend *backend,
                                void            *buffer,
                                gsize            size,
                                GError         **error)
{
  CharflowLoopbackBackend *self = CHARFLOW_LOOPBACK_BACKEND (backend);
  gsize len = MIN (size, charflow_ring_get_stored (self->ring));

  if (len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("There is nothing to read"));
      return -1;
    }

  charflow_ring_peek (self->ring, buffer, len);
  charflow_ring_drop (self->ring, len);
  update_ready (self);

  return (gssize) len;
}

static gssize
charflow_loopback_backend_write (CharflowBackend *backend,
                                 const guint8    *data,
                                 gsize            size,
                                 GError         **error)
{
  CharflowLoopbackBackend *self = CHARFLOW_LOOPBACK_BACKEND (backend);
  gsize len = MIN (size, charflow_ring_get_room (self->ring));

  if (len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("What was written before has not been read"));
      return -1;
    }

  charflow_ring_put (self->ring, data, len);
  update_ready (self);

  return (gssize) len;
}

static GSource *
charflow_loopback_backend_create_source (CharflowBackend *backend,
                                         GIOCondition     condition)
{
  CharflowLoopbackBackend *self = CHARFLOW_LOOPBACK_BACKEND (backend);

  return charflow_fd_sources_create (self->sources, -1, condition);
}

static void
charflow_loopback_backend_finalize (GObject *object)
{
  CharflowLoopbackBackend *self = CHARFLOW_LOOPBACK_BACKEND (object);

  charflow_fd_sources_free (self->sources);

  G_OBJECT_CLASS (charflow_loopback_backend_parent_class)->finalize (object);
}

static void
charflow_loopback_backend_get_property (GObject    *object,
                                        guint       prop_id,
                                        GValue     *value,
                                        GParamSpec *pspec)
{
  CharflowLoopbackBackend *self = CHARFLOW_LOOPBACK_BACKEND (object);

  switch ((CharflowLoopbackBackendProperty) prop_id)
    {
    case PROP_SIZE:
      g_value_set_uint64 (value, charflow_loopback_backend_get_size (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_loopback_backend_set_property (GObject      *object,
                                        guint         prop_id,
                                        const GValue *value,
                                        GParamSpec   *pspec)
{
  CharflowLoopbackBackend *self = CHARFLOW_LOOPBACK_BACKEND (object);

  switch ((CharflowLoopbackBackendProperty) prop_id)
    {
    case PROP_SIZE:
      self->size = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_loopback_backend_class_init (CharflowLoopbackBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  object_class->finalize = charflow_loopback_backend_finalize;
  object_class->get_property = charflow_loopback_backend_get_property;
  object_class->set_property = charflow_loopback_backend_set_property;

  backend_class->open_async = charflow_loopback_backend_open_async;
  backend_class->close = charflow_loopback_backend_close;
  backend_class->read = charflow_loopback_backend_read;
  backend_class->write = charflow_loopback_backend_write;
  backend_class->create_source = charflow_loopback_backend_create_source;

  /**
   * CharflowLoopbackBackend:size:
   *
   * How many bytes may be on their way back: 1 to 1 GiB, which is checked when it is opened.
   *
   * Since: 1.0
   */
  props[PROP_SIZE] =
    g_param_spec_uint64 ("size", NULL, "How many bytes may be on their way back",
                         0, G_MAXUINT64, 65536,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_loopback_backend_init (CharflowLoopbackBackend *self)
{
  self->sources = charflow_fd_sources_new ();
  charflow_backend_set_uri (CHARFLOW_BACKEND (self), "loopback");
}

/**
 * charflow_loopback_backend_new:
 * @size: how many bytes may be on their way back, 1 to 1 GiB
 *
 * Makes a back end whose output is its input.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowLoopbackBackend *
charflow_loopback_backend_new (guint64 size)
{
  return g_object_new (CHARFLOW_TYPE_LOOPBACK_BACKEND, "size", size, NULL);
}

/**
 * charflow_loopback_backend_get_size:
 * @self: a loopback
 *
 * Gets how many bytes may be on their way back.
 *
 * Returns: the size
 *
 * Since: 1.0
 */
guint64
charflow_loopback_backend_get_size (CharflowLoopbackBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LOOPBACK_BACKEND (self), 0);

  return self->size;
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  guint64 size = charflow_backend_options_get_number (options, "size");

  if (!check_size (size, error))
    return NULL;

  return g_object_new (CHARFLOW_TYPE_LOOPBACK_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "size", size,
                       NULL);
}

static const CharflowBackendOption loopback_options[] = {
  { "size", CHARFLOW_OPTION_TYPE_SIZE, DEFAULT_SIZE,
    N_("How many bytes may be on their way back") },
  { NULL },
};

const CharflowBackendKind charflow_loopback_backend_kind = {
  .name = "loopback",
  .description = N_("Gives back what is written"),
  .options = loopback_options,
  .create = create_from_options,
};

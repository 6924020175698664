/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-ringbuf-backend.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "charflow-backend-options-private.h"
#include "charflow-ring-private.h"
#include "charflow-text-private.h"

/**
 * SECTION:charflow-ringbuf-backend
 * @title: CharflowRingbufBackend
 * @short_description: a back end that remembers what was written last
 *
 * A ring of memory: it takes everything that is written, and when it is full the oldest bytes make
 * room. The program looks at its contents with charflow_ringbuf_backend_peek_bytes() and
 * charflow_ringbuf_backend_take_bytes(), whether it is open or not, and may add to them with
 * charflow_ringbuf_backend_feed_bytes(); a front end never gets input from it.
 *
 * In a spec it is `ringbuf`, or `memory` by its old name, with the option `size`. Its other side is
 * there as soon as it is open.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowRingbufBackend) ring = charflow_ringbuf_backend_new (4);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (ring));
 * g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
 *
 * charflow_char_device_start (device);
 * charflow_char_device_write_bytes (device, NULL, bytes, NULL);
 * // charflow_ringbuf_backend_take_bytes (ring, 4) has the last 4 bytes of it.
 * ]|
 */

#define DEFAULT_SIZE "65536"
/* What is asked for is allocated at once, so this is no more than somebody could mean. */
#define MAX_SIZE (G_GUINT64_CONSTANT (1) << 30)

/**
 * CharflowRingbufBackend:
 *
 * A back end that remembers what was written last.
 *
 * Since: 1.0
 */
struct _CharflowRingbufBackend
{
  CharflowBackend parent_instance;

  guint64 size;
  CharflowRing *ring; /* NULL before the first opening */
  guint64 lost_bytes;
};

G_DEFINE_FINAL_TYPE (CharflowRingbufBackend, charflow_ringbuf_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_SIZE = 1,
  PROP_STORED,
  PROP_LOST_BYTES,
} CharflowRingbufBackendProperty;

typedef enum
{
  SIGNAL_CHANGED,
} CharflowRingbufBackendSignal;

static GParamSpec *props[PROP_LOST_BYTES + 1];
static guint signals[SIGNAL_CHANGED + 1];

static gboolean
check_size (guint64  size,
            GError **error)
{
  if (size > 0 && size <= MAX_SIZE && (size & (size - 1)) == 0)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option 'size' expects a power of two from 1 to %" PRIu64 ", not %" PRIu64),
               MAX_SIZE, size);
  return FALSE;
}

static void
announce (CharflowRingbufBackend *self,
          guint64                 old_lost_bytes)
{
  GObject *object = G_OBJECT (self);

  g_object_freeze_notify (object);
  g_object_notify_by_pspec (object, props[PROP_STORED]);
  if (self->lost_bytes != old_lost_bytes)
    g_object_notify_by_pspec (object, props[PROP_LOST_BYTES]);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  g_object_thaw_notify (object);
}

static gboolean
ensure_ring (CharflowRingbufBackend *self,
             GError                **error)
{
  if (self->ring != NULL)
    return TRUE;

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
charflow_ringbuf_backend_open_async (CharflowBackend    *backend,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data)
{
  CharflowRingbufBackend *self = CHARFLOW_RINGBUF_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, charflow_ringbuf_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (!ensure_ring (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  g_task_return_boolean (task, TRUE);
}

static gssize
charflow_ringbuf_backend_write (CharflowBackend *backend,
                                const guint8    *data,
                                gsize            size,
                                GError         **error)
{
  CharflowRingbufBackend *self = CHARFLOW_RINGBUF_BACKEND (backend);
  guint64 old_lost_bytes = self->lost_bytes;
  gsize kept = MIN (size, self->size);
  gsize room = charflow_ring_get_room (self->ring);

  /* Of more than the ring holds, only the end stays. */
  self->lost_bytes += size - kept;
  if (kept > room)
    {
      self->lost_bytes += kept - room;
      charflow_ring_drop (self->ring, kept - room);
    }

  charflow_ring_put (self->ring, data + (size - kept), kept);
  announce (self, old_lost_bytes);

  return (gssize) size;
}

static void
charflow_ringbuf_backend_finalize (GObject *object)
{
  CharflowRingbufBackend *self = CHARFLOW_RINGBUF_BACKEND (object);

  g_clear_pointer (&self->ring, charflow_ring_free);

  G_OBJECT_CLASS (charflow_ringbuf_backend_parent_class)->finalize (object);
}

static void
charflow_ringbuf_backend_get_property (GObject    *object,
                                       guint       prop_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  CharflowRingbufBackend *self = CHARFLOW_RINGBUF_BACKEND (object);

  switch ((CharflowRingbufBackendProperty) prop_id)
    {
    case PROP_SIZE:
      g_value_set_uint64 (value, charflow_ringbuf_backend_get_size (self));
      break;
    case PROP_STORED:
      g_value_set_uint64 (value, charflow_ringbuf_backend_get_stored (self));
      break;
    case PROP_LOST_BYTES:
      g_value_set_uint64 (value, charflow_ringbuf_backend_get_lost_bytes (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_ringbuf_backend_set_property (GObject      *object,
                                       guint         prop_id,
                                       const GValue *value,
                                       GParamSpec   *pspec)
{
  CharflowRingbufBackend *self = CHARFLOW_RINGBUF_BACKEND (object);

  switch ((CharflowRingbufBackendProperty) prop_id)
    {
    case PROP_SIZE:
      self->size = g_value_get_uint64 (value);
      break;
    case PROP_STORED:
    case PROP_LOST_BYTES:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_ringbuf_backend_class_init (CharflowRingbufBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  object_class->finalize = charflow_ringbuf_backend_finalize;
  object_class->get_property = charflow_ringbuf_backend_get_property;
  object_class->set_property = charflow_ringbuf_backend_set_property;

  backend_class->open_async = charflow_ringbuf_backend_open_async;
  backend_class->write = charflow_ringbuf_backend_write;

  /**
   * CharflowRingbufBackend:size:
   *
   * How many bytes the ring holds: a power of two up to 1 GiB, which is checked when it is opened.
   *
   * Since: 1.0
   */
  props[PROP_SIZE] =
    g_param_spec_uint64 ("size", NULL, "How many bytes the ring holds",
                         0, G_MAXUINT64, 65536,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowRingbufBackend:stored:
   *
   * How many bytes are in the ring.
   *
   * Since: 1.0
   */
  props[PROP_STORED] =
    g_param_spec_uint64 ("stored", NULL, "How many bytes are in the ring",
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowRingbufBackend:lost-bytes:
   *
   * How many bytes have made room for later ones before anybody took them.
   *
   * Since: 1.0
   */
  props[PROP_LOST_BYTES] =
    g_param_spec_uint64 ("lost-bytes", NULL, "How many bytes have made room for later ones",
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowRingbufBackend::changed:
   * @self: the back end
   *
   * Bytes came into the ring or were taken out of it.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CHANGED] =
    g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
charflow_ringbuf_backend_init (CharflowRingbufBackend *self)
{
  charflow_backend_set_uri (CHARFLOW_BACKEND (self), "ringbuf");
}

/**
 * charflow_ringbuf_backend_new:
 * @size: how many bytes it holds, a power of two up to 1 GiB
 *
 * Makes a back end that remembers what was written last.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowRingbufBackend *
charflow_ringbuf_backend_new (guint64 size)
{
  return g_object_new (CHARFLOW_TYPE_RINGBUF_BACKEND, "size", size, NULL);
}

/**
 * charflow_ringbuf_backend_get_size:
 * @self: a ring
 *
 * Gets how many bytes the ring holds.
 *
 * Returns: the size
 *
 * Since: 1.0
 */
guint64
charflow_ringbuf_backend_get_size (CharflowRingbufBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_RINGBUF_BACKEND (self), 0);

  return self->size;
}

/**
 * charflow_ringbuf_backend_get_stored:
 * @self: a ring
 *
 * Gets how many bytes are in the ring.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
charflow_ringbuf_backend_get_stored (CharflowRingbufBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_RINGBUF_BACKEND (self), 0);

  return self->ring != NULL ? charflow_ring_get_stored (self->ring) : 0;
}

/**
 * charflow_ringbuf_backend_get_lost_bytes:
 * @self: a ring
 *
 * Gets how many bytes have made room for later ones before anybody took them.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
charflow_ringbuf_backend_get_lost_bytes (CharflowRingbufBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_RINGBUF_BACKEND (self), 0);

  return self->lost_bytes;
}

/**
 * charflow_ringbuf_backend_take_bytes:
 * @self: a ring
 * @max_size: the most to take
 *
 * Takes the oldest bytes out of the ring.
 *
 * Returns: (transfer full): the bytes, none when the ring is empty
 *
 * Since: 1.0
 */
GBytes *
charflow_ringbuf_backend_take_bytes (CharflowRingbufBackend *self,
                                     gsize                   max_size)
{
  g_autoptr (CharflowRingbufBackend) guard = NULL;
  GBytes *bytes;

  g_return_val_if_fail (CHARFLOW_IS_RINGBUF_BACKEND (self), NULL);

  guard = g_object_ref (self);
  bytes = charflow_ringbuf_backend_peek_bytes (self, max_size);
  if (g_bytes_get_size (bytes) == 0)
    return bytes;

  charflow_ring_drop (self->ring, g_bytes_get_size (bytes));
  announce (self, self->lost_bytes);

  return bytes;
}

/**
 * charflow_ringbuf_backend_peek_bytes:
 * @self: a ring
 * @max_size: the most to look at
 *
 * Looks at the oldest bytes in the ring, which stay there.
 *
 * Returns: (transfer full): the bytes, none when the ring is empty
 *
 * Since: 1.0
 */
GBytes *
charflow_ringbuf_backend_peek_bytes (CharflowRingbufBackend *self,
                                     gsize                   max_size)
{
  gsize len;
  guint8 *data;

  g_return_val_if_fail (CHARFLOW_IS_RINGBUF_BACKEND (self), NULL);

  len = MIN (max_size, charflow_ringbuf_backend_get_stored (self));
  if (len == 0)
    return g_bytes_new (NULL, 0);

  data = g_malloc (len);
  charflow_ring_peek (self->ring, data, len);

  return g_bytes_new_take (data, len);
}

/**
 * charflow_ringbuf_backend_feed_bytes:
 * @self: a ring
 * @bytes: the bytes
 * @error: return location for a #GError
 *
 * Adds bytes to the ring as if a front end had written them.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_ringbuf_backend_feed_bytes (CharflowRingbufBackend *self,
                                     GBytes                 *bytes,
                                     GError                **error)
{
  const guint8 *data;
  gsize size;

  g_return_val_if_fail (CHARFLOW_IS_RINGBUF_BACKEND (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  data = g_bytes_get_data (bytes, &size);

  return charflow_backend_write (CHARFLOW_BACKEND (self), data, size, error) >= 0;
}

/**
 * charflow_ringbuf_backend_take_base64:
 * @self: a ring
 * @max_size: the most to take, in bytes before they are encoded
 *
 * Takes the oldest bytes out of the ring, in the alphabet of Base64 with its padding.
 *
 * Returns: (transfer full): the text, empty when the ring is
 *
 * Since: 1.0
 */
char *
charflow_ringbuf_backend_take_base64 (CharflowRingbufBackend *self,
                                      gsize                   max_size)
{
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (CHARFLOW_IS_RINGBUF_BACKEND (self), NULL);

  bytes = charflow_ringbuf_backend_take_bytes (self, max_size);

  return g_base64_encode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* GLib's decoder passes over what does not belong there and over an end that is missing. */
static gboolean
check_base64 (const char *text,
              GError    **error)
{
  gsize n = 0;
  gsize n_padding = 0;

  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '\n')
        continue;

      if (*p == '=')
        n_padding++;
      else if (n_padding > 0 || !(g_ascii_isalnum (*p) || *p == '+' || *p == '/'))
        {
          g_autofree char *excerpt = charflow_text_excerpt (p);

          g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                       _("Base64 expects letters, digits, '+', '/' and '=' at the end, not '%s'"), excerpt);
          return FALSE;
        }
      n++;
    }

  if (n % 4 == 0 && n_padding <= 2)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Base64 expects groups of 4 characters, at the end with up to 2 of '=', but there are %"
                 PRIu64 " with %" PRIu64 " of '='"),
               (guint64) n, (guint64) n_padding);
  return FALSE;
}

/**
 * charflow_ringbuf_backend_feed_base64:
 * @self: a ring
 * @text: the bytes in Base64, which may have line ends in it
 * @error: return location for a #GError
 *
 * Adds bytes to the ring as if a front end had written them.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE when the text has other characters in it or ends
 * too early, and with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_ringbuf_backend_feed_base64 (CharflowRingbufBackend *self,
                                      const char             *text,
                                      GError                **error)
{
  g_autoptr (GBytes) bytes = NULL;
  guint8 *data;
  gsize len;

  g_return_val_if_fail (CHARFLOW_IS_RINGBUF_BACKEND (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  if (!check_base64 (text, error))
    return FALSE;

  data = g_base64_decode (text, &len);
  bytes = g_bytes_new_take (data, len);

  return charflow_ringbuf_backend_feed_bytes (self, bytes, error);
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  guint64 size = charflow_backend_options_get_number (options, "size");

  if (!check_size (size, error))
    return NULL;

  return g_object_new (CHARFLOW_TYPE_RINGBUF_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "size", size,
                       NULL);
}

static CharflowBackend *
create_memory_from_options (const CharflowBackendOptions *options,
                            GError                      **error)
{
  CharflowBackend *backend = create_from_options (options, error);

  if (backend != NULL)
    charflow_backend_set_uri (backend, "memory");

  return backend;
}

static const CharflowBackendOption ringbuf_options[] = {
  { "size", CHARFLOW_OPTION_TYPE_SIZE, DEFAULT_SIZE,
    N_("How many bytes it holds, a power of two") },
  { NULL },
};

const CharflowBackendKind charflow_ringbuf_backend_kind = {
  .name = "ringbuf",
  .description = N_("Remembers what was written last"),
  .options = ringbuf_options,
  .create = create_from_options,
};

const CharflowBackendKind charflow_memory_backend_kind = {
  .name = "memory",
  .description = N_("Remembers what was written last; an old name of ringbuf"),
  .options = ringbuf_options,
  .create = create_memory_from_options,
};

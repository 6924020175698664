/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-line-device.h"

#include <string.h>

/**
 * SECTION:charflow-line-device
 * @title: CharflowLineDevice
 * @short_description: a device whose messages are lines
 *
 * A #CharflowLineDevice hands its clients one line at a time, with the byte that ends it. A client that comes in the
 * middle of a line gets the next one first. A line that is longer than #CharflowLineDevice:max-length is cut, and goes
 * on in the next message; one that has no end when the other side goes away is handed over as it is.
 *
 * What is written goes to the device unchanged, lines or not.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowLineDevice) device = charflow_line_device_new (backend);
 * g_autoptr (GBytes) bytes = g_bytes_new_static ("one\ntwo\nth", 10);
 *
 * charflow_char_device_start (CHARFLOW_CHAR_DEVICE (device));
 * charflow_char_device_write_bytes (CHARFLOW_CHAR_DEVICE (device), NULL, bytes, NULL);
 * // "one\n" and "two\n" are delivered; "th" waits for its end.
 * ]|
 */

/**
 * CharflowLineDevice:
 *
 * A device whose messages are lines.
 *
 * Since: 1.0
 */
struct _CharflowLineDevice
{
  CharflowCharDevice parent_instance;

  guint max_length;
  guint8 separator;
  gsize n_scanned; /* so many of the bytes that are available have no end of a line among them */
};

G_DEFINE_FINAL_TYPE (CharflowLineDevice, charflow_line_device, CHARFLOW_TYPE_CHAR_DEVICE)

#define DEFAULT_MAX_LENGTH (64 * 1024)
/* What charflow_char_device_fill() can be asked for. */
#define LONGEST_MAX_LENGTH (16 * 1024 * 1024)

typedef enum
{
  PROP_MAX_LENGTH = 1,
  PROP_SEPARATOR,
} CharflowLineDeviceProperty;

static GParamSpec *props[PROP_SEPARATOR + 1];

/* Looks at what was not looked at before. Returns how long the line is, with its end; 0 when that has not come. */
static gsize
find_line (CharflowLineDevice *self)
{
  gsize available;
  const guint8 *data = charflow_char_device_peek (CHARFLOW_CHAR_DEVICE (self), &available);
  gsize size = MIN (available, self->max_length);
  const guint8 *end;

  if (size <= self->n_scanned)
    return 0;

  end = memchr (data + self->n_scanned, self->separator, size - self->n_scanned);
  self->n_scanned = size;
  if (end != NULL)
    return end - data + 1;

  return size == self->max_length ? size : 0;
}

static GBytes *
take_line (CharflowLineDevice *self,
           gsize               size)
{
  self->n_scanned = 0;
  return charflow_char_device_read_bytes (CHARFLOW_CHAR_DEVICE (self), size);
}

static gboolean
is_ended (CharflowLineDevice *self,
          GBytes             *line)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (line, &size);

  return data[size - 1] == self->separator;
}

static GBytes *
charflow_line_device_read_message (CharflowCharDevice *device)
{
  CharflowLineDevice *self = CHARFLOW_LINE_DEVICE (device);
  GBytes *line;
  gsize available, size;

  do
    {
      available = charflow_char_device_fill (device, self->n_scanned + 1);
      size = find_line (self);
    }
  while (size == 0 && available < charflow_char_device_fill (device, self->n_scanned + 1));

  if (size == 0)
    return charflow_char_device_is_at_end (device) ? take_line (self, available) : NULL;

  line = take_line (self, size);
  charflow_char_device_set_message_continues (device, !is_ended (self, line));
  return line;
}

static void
charflow_line_device_peer_left (CharflowCharDevice *device)
{
  CHARFLOW_LINE_DEVICE (device)->n_scanned = 0;
}

static void
charflow_line_device_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  CharflowLineDevice *self = CHARFLOW_LINE_DEVICE (object);

  switch ((CharflowLineDeviceProperty) prop_id)
    {
    case PROP_MAX_LENGTH:
      g_value_set_uint (value, self->max_length);
      break;
    case PROP_SEPARATOR:
      g_value_set_uint (value, self->separator);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_line_device_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  CharflowLineDevice *self = CHARFLOW_LINE_DEVICE (object);

  switch ((CharflowLineDeviceProperty) prop_id)
    {
    case PROP_MAX_LENGTH:
      self->max_length = g_value_get_uint (value);
      break;
    case PROP_SEPARATOR:
      self->separator = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_line_device_class_init (CharflowLineDeviceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowCharDeviceClass *device_class = CHARFLOW_CHAR_DEVICE_CLASS (klass);
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = charflow_line_device_get_property;
  object_class->set_property = charflow_line_device_set_property;
  device_class->read_message = charflow_line_device_read_message;
  device_class->peer_left = charflow_line_device_peer_left;

  /**
   * CharflowLineDevice:max-length:
   *
   * How many bytes a message has at most, with the end of the line. A longer line goes on in the next message.
   *
   * Since: 1.0
   */
  props[PROP_MAX_LENGTH] =
    g_param_spec_uint ("max-length", NULL, "Bytes of a message at most",
                       1, LONGEST_MAX_LENGTH, DEFAULT_MAX_LENGTH, construct);

  /**
   * CharflowLineDevice:separator:
   *
   * The byte that ends a line: 10, a line feed, unless it is told otherwise.
   *
   * Since: 1.0
   */
  props[PROP_SEPARATOR] =
    g_param_spec_uint ("separator", NULL, "The byte that ends a line", 0, G_MAXUINT8, '\n', construct);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_line_device_init (CharflowLineDevice *self)
{
}

/**
 * charflow_line_device_new:
 * @backend: (nullable): its back end
 *
 * Makes a device whose messages are lines, stopped and without clients.
 *
 * Returns: (transfer full): a new device
 *
 * Since: 1.0
 */
CharflowLineDevice *
charflow_line_device_new (CharflowBackend *backend)
{
  return g_object_new (CHARFLOW_TYPE_LINE_DEVICE, "backend", backend, NULL);
}

/**
 * charflow_line_device_get_max_length:
 * @self: a device
 *
 * Tells how many bytes a message has at most.
 *
 * Returns: the value of #CharflowLineDevice:max-length
 *
 * Since: 1.0
 */
guint
charflow_line_device_get_max_length (CharflowLineDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LINE_DEVICE (self), 0);

  return self->max_length;
}

/**
 * charflow_line_device_get_separator:
 * @self: a device
 *
 * Tells which byte ends a line.
 *
 * Returns: the value of #CharflowLineDevice:separator
 *
 * Since: 1.0
 */
guint
charflow_line_device_get_separator (CharflowLineDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LINE_DEVICE (self), 0);

  return self->separator;
}

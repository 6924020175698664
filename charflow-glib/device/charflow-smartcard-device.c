/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-smartcard-device.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-char-device-private.h"

/**
 * SECTION:charflow-smartcard-device
 * @title: CharflowSmartcardDevice
 * @short_description: a smartcard reader
 *
 * A #CharflowSmartcardDevice frames the messages of an emulated smartcard reader: a header of three words (the type, the
 * number of the reader, the length of what follows) and so many bytes. The reader has the words of the header
 * big-endian, and clients, as the smartcard channel of SPICE, have them little-endian; they are turned on the way, and what
 * follows is never touched.
 *
 * What follows the header has at most 64 KiB, both ways. A reader that announces more cannot be understood any more:
 * #CharflowCharDevice::backend-error tells it, and the device lets go of its back end. A client whose message is shorter
 * than it says is removed, with %CHARFLOW_REMOVE_REASON_BAD_MESSAGE; of one that is longer, the excess is cut.
 *
 * When the reader goes away, what waits for it is dropped, so that the next one gets no rest of a message. What is written
 * while none is there waits for the next.
 *
 * Which messages there are, and what they mean, is left to those who use it.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowSmartcardDevice) reader = charflow_smartcard_device_new (backend);
 * // Type 1, reader 0, 2 bytes: as the channel has it, little-endian.
 * static const guint8 message[] = { 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'o', 'k' };
 * g_autoptr (GBytes) bytes = g_bytes_new_static (message, sizeof message);
 * g_autoptr (CharflowClient) client = charflow_client_new ();
 *
 * charflow_char_device_attach_client (CHARFLOW_CHAR_DEVICE (reader), client, NULL);
 * charflow_char_device_start (CHARFLOW_CHAR_DEVICE (reader));
 * charflow_char_device_write_bytes (CHARFLOW_CHAR_DEVICE (reader), client, bytes, NULL);
 * ]|
 */

/**
 * CharflowSmartcardDevice:
 *
 * A smartcard reader.
 *
 * Since: 1.0
 */
struct _CharflowSmartcardDevice
{
  CharflowCharDevice parent_instance;
};

G_DEFINE_FINAL_TYPE (CharflowSmartcardDevice, charflow_smartcard_device, CHARFLOW_TYPE_CHAR_DEVICE)

/* VSCMsgHeader in vscard_common.h of libcacard. */
#define HEADER_SIZE 12
#define LENGTH_OFFSET 8
/* QEMU's reader takes no more at once. */
#define MAX_PAYLOAD (64 * 1024)

static guint32
read_word (const guint8 *data)
{
  guint32 word;

  memcpy (&word, data, sizeof word);
  return word;
}

/* Of @message, which is the caller's: the words of its header from one order of bytes to the other. */
static GBytes *
turn_header (GBytes *message)
{
  gsize size;
  guint8 *data = g_bytes_unref_to_data (message, &size);

  for (gsize i = 0; i < HEADER_SIZE; i += sizeof (guint32))
    {
      guint32 word = GUINT32_SWAP_LE_BE (read_word (data + i));

      memcpy (data + i, &word, sizeof word);
    }

  return g_bytes_new_take (data, size);
}

static gboolean
check_length (guint32  length,
              GError **error)
{
  if (length <= MAX_PAYLOAD)
    return TRUE;

  g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
               _("A smartcard message says that it has %u bytes after its header; at most %d are possible"),
               length, MAX_PAYLOAD);
  return FALSE;
}

static GBytes *
charflow_smartcard_device_read_message (CharflowCharDevice *device)
{
  g_autoptr (GError) error = NULL;
  guint32 length;
  gsize available, size;

  if (charflow_char_device_fill (device, HEADER_SIZE) < HEADER_SIZE)
    return NULL;

  length = GUINT32_FROM_BE (read_word (charflow_char_device_peek (device, &available) + LENGTH_OFFSET));
  if (!check_length (length, &error))
    {
      charflow_char_device_give_up_backend (device, error);
      return NULL;
    }

  size = HEADER_SIZE + length;
  if (charflow_char_device_fill (device, size) < size)
    return NULL;

  return turn_header (charflow_char_device_read_bytes (device, size));
}

static GBytes *
charflow_smartcard_device_frame_message (CharflowCharDevice *device,
                                         CharflowClient     *client,
                                         GBytes             *message,
                                         gboolean           *continues,
                                         GError            **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);
  guint32 length;

  *continues = FALSE;
  if (size < HEADER_SIZE)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("A smartcard message of %zu bytes is shorter than its header of %d"), size, HEADER_SIZE);
      return NULL;
    }

  length = GUINT32_FROM_LE (read_word (data + LENGTH_OFFSET));
  if (!check_length (length, error))
    return NULL;
  if (length > size - HEADER_SIZE)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("A smartcard message says that it has %u bytes after its header, and has %zu"),
                   length, size - HEADER_SIZE);
      return NULL;
    }

  return turn_header (g_bytes_new (data, HEADER_SIZE + length));
}

/* Or the next reader would get the rest of what this one has a part of. */
static void
charflow_smartcard_device_event (CharflowCharDevice *device,
                                 CharflowEvent       event)
{
  if (event == CHARFLOW_EVENT_CLOSED && !charflow_char_device_is_awaiting_state (charflow_char_device_get_private (device)))
    charflow_char_device_drop_writes (device);
}

static void
charflow_smartcard_device_class_init (CharflowSmartcardDeviceClass *klass)
{
  CharflowCharDeviceClass *device_class = CHARFLOW_CHAR_DEVICE_CLASS (klass);

  device_class->read_message = charflow_smartcard_device_read_message;
  device_class->frame_message = charflow_smartcard_device_frame_message;
  device_class->event = charflow_smartcard_device_event;
}

static void
charflow_smartcard_device_init (CharflowSmartcardDevice *self)
{
}

/**
 * charflow_smartcard_device_new:
 * @backend: (nullable): its back end
 *
 * Makes a smartcard reader, stopped and without clients.
 *
 * Returns: (transfer full): a new device
 *
 * Since: 1.0
 */
CharflowSmartcardDevice *
charflow_smartcard_device_new (CharflowBackend *backend)
{
  return g_object_new (CHARFLOW_TYPE_SMARTCARD_DEVICE, "backend", backend, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device that frames its messages, with one for one client, and a client that comes late.
 *
 * A frame is three characters and its text: whom it is for (the first letter of a name, or * for all), whether it goes
 * on in the next frame (+) or ends (.), and the size of the text, one digit. */
#include "toy-line.h"

#define HEADER_SIZE 3

#define FRAMES_TYPE_DEVICE (frames_device_get_type ())
G_DECLARE_FINAL_TYPE (FramesDevice, frames_device, FRAMES, DEVICE, CharflowCharDevice)

struct _FramesDevice
{
  CharflowCharDevice parent_instance;
};

G_DEFINE_FINAL_TYPE (FramesDevice, frames_device, CHARFLOW_TYPE_CHAR_DEVICE)

static GBytes *
frames_device_read_message (CharflowCharDevice *device)
{
  const guint8 *header;
  gsize available, size;
  gboolean continues;

  if (charflow_char_device_fill (device, HEADER_SIZE) < HEADER_SIZE)
    return NULL;

  header = charflow_char_device_peek (device, &available);
  continues = header[1] == '+';
  size = HEADER_SIZE + g_ascii_digit_value (header[2]);
  /* From here on the header may be elsewhere in memory. */
  if (charflow_char_device_fill (device, size) < size)
    return NULL;

  charflow_char_device_set_message_continues (device, continues);
  return charflow_char_device_read_bytes (device, size);
}

static char *
dup_name (CharflowClient *client)
{
  char *name;

  g_object_get (client, "name", &name, NULL);
  return name;
}

static CharflowClient *
frames_device_message_target (CharflowCharDevice *device,
                              GBytes             *message)
{
  GListModel *clients = charflow_char_device_get_clients (device);
  char letter = *(const char *) g_bytes_get_data (message, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (clients); i++)
    {
      /* The device keeps a reference to it. */
      g_autoptr (CharflowClient) client = g_list_model_get_item (clients, i);
      g_autofree char *name = dup_name (client);

      if (name[0] == letter)
        return client;
    }

  return NULL;
}

static void
frames_device_class_init (FramesDeviceClass *klass)
{
  CHARFLOW_CHAR_DEVICE_CLASS (klass)->read_message = frames_device_read_message;
  CHARFLOW_CHAR_DEVICE_CLASS (klass)->message_target = frames_device_message_target;
}

static void
frames_device_init (FramesDevice *self)
{
}

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes)
{
  g_autofree char *name = dup_name (client);

  g_print ("  %s gets %.*s\n", name, (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
}

static void
add_reader (CharflowCharDevice *device,
            const char         *name)
{
  g_autoptr (CharflowClient) client = g_object_new (CHARFLOW_TYPE_CLIENT, "name", name, NULL);

  g_signal_connect (client, "deliver", G_CALLBACK (deliver_cb), NULL);
  toy_attach (device, client);
}

static void
say (ToyLine            *line,
     CharflowCharDevice *device,
     const char         *text)
{
  g_print ("the line says %s\n", text);
  toy_line_say (line, device, text);
}

int
main (void)
{
  g_autoptr (ToyLine) line = toy_line_new (1000);
  g_autoptr (CharflowCharDevice) device = g_object_new (FRAMES_TYPE_DEVICE, "backend", line, NULL);

  toy_start (device);
  add_reader (device, "ann");
  add_reader (device, "bob");

  say (line, device, "*.5he"); /* a frame in two pieces */
  say (line, device, "llo");
  say (line, device, "b.2hi*.3two"); /* two frames in one */
  say (line, device, "*+3one");
  g_print ("cas comes\n");
  add_reader (device, "cas");
  say (line, device, "*.3two");
  say (line, device, "*.3new");

  return 0;
}

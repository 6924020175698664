/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example.h"

#include <stdio.h>
#include <string.h>

/* Each function has one example of the reference, whose comments fit into another one, and what shows what became of it. */

static void
char_device (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("loopback,id=echo", &error);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
  g_autoptr (CharflowClient) client = charflow_client_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);

  charflow_char_device_start (device); // opens the back end, too
  if (!charflow_char_device_attach_client (device, client, &error) ||
      !charflow_char_device_write_bytes (device, client, bytes, &error))
    g_printerr ("%s\n", error->message);

  example_wait_written (device, 5);
}

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes,
            gboolean           *done)
{
  g_print ("  got %.*s\n", (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
  *done = TRUE;
}

static void
client (void)
{
  g_autoptr (CharflowBackend) backend = example_make ("loopback");
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
  gboolean done = FALSE;

  g_autoptr (CharflowClient) watcher = g_object_new (CHARFLOW_TYPE_CLIENT,
                                                     "overflow", CHARFLOW_OVERFLOW_DROP, // it may miss something
                                                     "max-queue-bytes", (guint64) 65536,
                                                     "read-only", TRUE,
                                                     NULL);

  g_signal_connect (watcher, "deliver", G_CALLBACK (deliver_cb), &done);
  charflow_char_device_attach_client (device, watcher, NULL);

  charflow_char_device_start (device);
  example_write (device, "hello");
  example_wait (&done);
}

static void
write_buffer (void)
{
  g_autoptr (CharflowBackend) backend = example_make ("loopback");
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
  g_autoptr (CharflowClient) client = example_attach (device);
  g_autoptr (GError) error = NULL;

  charflow_char_device_start (device);

  CharflowWriteBuffer *buffer = charflow_char_device_get_write_buffer (device, client, 5, &error);

  if (buffer != NULL)
    {
      gsize room;

      memcpy (charflow_write_buffer_peek (buffer, &room), "hello", 5); // filled in its place
      charflow_write_buffer_commit (buffer, 5);
      charflow_char_device_add_write_buffer (device, buffer); // which takes the reference
    }

  example_wait_for ("hello");
}

static void
line_device (void)
{
  g_autoptr (CharflowBackend) backend = example_make ("loopback");
  g_autoptr (CharflowLineDevice) device = charflow_line_device_new (backend);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("one\ntwo\nth", 10);

  charflow_char_device_start (CHARFLOW_CHAR_DEVICE (device));
  charflow_char_device_write_bytes (CHARFLOW_CHAR_DEVICE (device), NULL, bytes, NULL);
  // "one\n" and "two\n" are delivered; "th" waits for its end.

  g_autoptr (CharflowClient) client = example_attach (CHARFLOW_CHAR_DEVICE (device));
  example_wait_for ("two");
}

static void
agent_device (void)
{
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("socket,id=agent,path=agent.sock,server=on,wait=off",
                                                                        NULL);
  g_autoptr (CharflowAgentDevice) agent = charflow_agent_device_new (backend);

  charflow_agent_device_set_file_transfer (agent, FALSE); // clients may copy and paste, but send no files
  charflow_char_device_start (CHARFLOW_CHAR_DEVICE (agent));

  g_print ("  copy and paste %s, files %s\n", charflow_agent_device_get_copy_paste (agent) ? "on" : "off",
           charflow_agent_device_get_file_transfer (agent) ? "on" : "off");
}

static void
smartcard_device (void)
{
  g_autoptr (CharflowBackend) backend = example_make ("loopback");

  g_autoptr (CharflowSmartcardDevice) reader = charflow_smartcard_device_new (backend);
  // Type 1, reader 0, 2 bytes: as the channel has it, little-endian.
  static const guint8 message[] = { 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'o', 'k' };
  g_autoptr (GBytes) bytes = g_bytes_new_static (message, sizeof message);
  g_autoptr (CharflowClient) client = charflow_client_new ();

  charflow_char_device_attach_client (CHARFLOW_CHAR_DEVICE (reader), client, NULL);
  charflow_char_device_start (CHARFLOW_CHAR_DEVICE (reader));
  charflow_char_device_write_bytes (CHARFLOW_CHAR_DEVICE (reader), client, bytes, NULL);

  example_wait_written (CHARFLOW_CHAR_DEVICE (reader), sizeof message);
}

int
main (void)
{
  static const Example examples[] = {
    { "CharflowCharDevice", char_device },
    { "CharflowClient", client },
    { "CharflowWriteBuffer", write_buffer },
    { "CharflowLineDevice", line_device },
    { "CharflowAgentDevice", agent_device },
    { "CharflowSmartcardDevice", smartcard_device },
  };

  example_run_all (examples, G_N_ELEMENTS (examples));

  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens both ways: spent, owed, and given back in lumps. */
#include "toy-line.h"

static void
tokens_cb (CharflowClient     *client,
           CharflowCharDevice *device,
           guint               n_tokens)
{
  g_print ("  %u tokens came back\n", n_tokens);
}

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes)
{
  g_print ("  the client got '%.*s'\n", (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
}

static void
removed_cb (CharflowClient      *client,
            CharflowCharDevice  *device,
            CharflowRemoveReason reason)
{
  g_print ("  removed: %s\n", toy_get_nick (CHARFLOW_TYPE_REMOVE_REASON, reason));
}

static void
show (CharflowClient *client,
      const char     *what)
{
  g_print ("%-22s held %d, owed %d, waiting %d\n", what, (int) toy_get (client, "client-tokens-held"),
           (int) toy_get (client, "client-tokens-owed"), (int) toy_get (client, "waiting-messages"));
}

static void
show_send_tokens (CharflowClient *client,
                  ToyLine        *line)
{
  g_print ("send tokens %d, still in the device %u\n", (int) charflow_client_get_send_tokens_held (client),
           line->unread.length);
}

int
main (void)
{
  g_autoptr (ToyLine) line = toy_line_new (0);
  g_autoptr (CharflowCharDevice) device =
    g_object_new (CHARFLOW_TYPE_CHAR_DEVICE, "backend", line, "client-tokens-interval", 3, NULL);
  g_autoptr (CharflowClient) client =
    g_object_new (CHARFLOW_TYPE_CLIENT, "flow-control", TRUE, "client-tokens", 5, "send-tokens", 2, NULL);
  g_autoptr (GError) error = NULL;

  toy_start (device);
  g_signal_connect (client, "tokens", G_CALLBACK (tokens_cb), NULL);
  g_signal_connect (client, "deliver", G_CALLBACK (deliver_cb), NULL);
  g_signal_connect (client, "removed", G_CALLBACK (removed_cb), NULL);

  g_print ("To the device\n");
  toy_attach (device, client);
  show (client, "attached");
  toy_write (device, client, "one", NULL);
  toy_write (device, client, "two", NULL);
  toy_write (device, client, "three", NULL);
  toy_write (device, client, "four", NULL);
  show (client, "wrote four messages");
  toy_line_make_room (line, device, 3);
  show (client, "'one' was taken");
  toy_line_make_room (line, device, 2);
  show (client, "and a part of 'two'");
  toy_line_make_room (line, device, 1);
  show (client, "and the rest of it");
  toy_line_make_room (line, device, 5);
  show (client, "and 'three'");

  g_print ("To the client\n");
  toy_line_say (line, device, "a");
  toy_line_say (line, device, "b");
  toy_line_say (line, device, "c");
  show_send_tokens (client, line);
  charflow_char_device_add_send_tokens (device, client, 2, NULL);
  toy_line_flow (line, device);
  show_send_tokens (client, line);

  g_print ("One too many\n");
  while (toy_write (device, client, "x", &error))
    continue;
  g_print ("%s\n", error->message);

  return 0;
}

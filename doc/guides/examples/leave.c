/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A handler writes, and removes its own client, which leaves a message half written. */
#include "toy-line.h"

static ToyLine *line;

static int
count_waiting (CharflowCharDevice *device)
{
  return toy_get (device, "waiting-messages");
}

static void
show (const char *name,
      GBytes     *bytes)
{
  g_print ("%s gets '%.*s'\n", name, (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
}

static void
ann_gets_cb (CharflowClient     *client,
             CharflowCharDevice *device,
             GBytes             *bytes)
{
  show ("ann", bytes);
  toy_write (device, client, "farewell,", NULL);
  toy_write (device, client, "never sent,", NULL);
  g_print ("taken '%s', %d messages wait\n", line->written->str, count_waiting (device));
  charflow_char_device_detach_client (device, client);
  g_print ("ann has left, %d message waits\n", count_waiting (device));
}

static void
bob_gets_cb (CharflowClient     *client,
             CharflowCharDevice *device,
             GBytes             *bytes)
{
  show ("bob", bytes);
  toy_write (device, client, " hello", NULL);
}

static void
removed_cb (CharflowClient      *client,
            CharflowCharDevice  *device,
            CharflowRemoveReason reason)
{
  g_print ("removed: %s\n", toy_get_nick (CHARFLOW_TYPE_REMOVE_REASON, reason));
}

int
main (void)
{
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (CharflowClient) ann = charflow_client_new ();
  g_autoptr (CharflowClient) bob = charflow_client_new ();

  line = toy_line_new (4);
  device = charflow_char_device_new (CHARFLOW_BACKEND (line));
  toy_start (device);
  g_signal_connect (ann, "deliver", G_CALLBACK (ann_gets_cb), NULL);
  g_signal_connect (ann, "removed", G_CALLBACK (removed_cb), NULL);
  g_signal_connect (bob, "deliver", G_CALLBACK (bob_gets_cb), NULL);
  toy_attach (device, ann);
  toy_attach (device, bob);

  toy_line_say (line, device, "who is there?");
  toy_line_make_room (line, device, 1000);
  g_print ("taken '%s'\n", line->written->str);
  g_object_unref (line);

  return 0;
}

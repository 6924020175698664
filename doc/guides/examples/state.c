/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device stops in the middle of a message, and another one goes on: each byte is written once. */
#include "toy-line.h"

#include <string.h>

static char *
dup_name (CharflowClient *client)
{
  char *name;

  g_object_get (client, "name", &name, NULL);
  return name;
}

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes)
{
  g_autofree char *name = dup_name (client);

  g_print ("  %s gets '%.*s'\n", name, (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
}

static CharflowClient *
new_client (const char *name,
            gboolean    flow_control,
            gboolean    wait_for_state)
{
  CharflowClient *client = g_object_new (CHARFLOW_TYPE_CLIENT, "name", name, "flow-control", flow_control,
                                         "client-tokens", 10, "wait-for-state", wait_for_state, NULL);

  g_signal_connect (client, "deliver", G_CALLBACK (deliver_cb), NULL);
  return client;
}

static CharflowCharDevice *
new_device (ToyLine        *line,
            CharflowClient *first,
            CharflowClient *second)
{
  CharflowCharDevice *device =
    g_object_new (CHARFLOW_TYPE_CHAR_DEVICE, "backend", line, "client-tokens-interval", 5, NULL);

  toy_start (device);
  toy_attach (device, first);
  if (second != NULL)
    toy_attach (device, second);

  return device;
}

static void
show (CharflowClient *client)
{
  g_autofree char *name = dup_name (client);

  g_print ("  %s holds %d, is owed %d\n", name, (int) charflow_client_get_client_tokens_held (client),
           (int) charflow_client_get_client_tokens_owed (client));
}

static GBytes *
save (CharflowCharDevice *device)
{
  g_autoptr (GError) error = NULL;
  GBytes *state;

  charflow_char_device_stop (device);
  state = charflow_char_device_save_state (device, &error);
  if (state == NULL)
    g_error ("%s", error->message);

  g_print ("  %d bytes in %s layout\n", (int) g_bytes_get_size (state),
           memcmp (g_bytes_get_data (state, NULL), "CFDS", 4) == 0 ? "Charflow's" : "SPICE's");
  return state;
}

static void
restore (CharflowCharDevice *device,
         GBytes             *state)
{
  g_autoptr (GError) error = NULL;

  if (!charflow_char_device_restore_state (device, state, &error))
    g_error ("%s", error->message);
}

static void
move_one (void)
{
  g_autoptr (ToyLine) old_line = toy_line_new (5);
  g_autoptr (ToyLine) new_line = toy_line_new (1000);
  g_autoptr (CharflowClient) ann = new_client ("ann", TRUE, FALSE);
  g_autoptr (CharflowClient) ann_again = new_client ("ann", TRUE, TRUE);
  g_autoptr (CharflowCharDevice) old_device = new_device (old_line, ann, NULL);
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GError) error = NULL;

  toy_write (old_device, ann, "one ", NULL);
  toy_write (old_device, ann, "two ", NULL);
  toy_write (old_device, ann, "three", NULL);
  show (ann);
  state = save (old_device);

  /* These are plain bytes: the rest may as well happen in another process. */
  device = new_device (new_line, ann_again, NULL);
  if (!toy_write (device, ann_again, "four", &error))
    g_print ("  %s\n", error->message);
  restore (device, state);
  show (ann_again);
  g_print ("  taken: '%s' and '%s'\n", old_line->written->str, new_line->written->str);
}

static void
move_two (void)
{
  g_autoptr (ToyLine) old_line = toy_line_new (1000);
  g_autoptr (ToyLine) new_line = toy_line_new (1000);
  g_autoptr (CharflowClient) ann = new_client ("ann", TRUE, FALSE);
  g_autoptr (CharflowClient) bob = new_client ("bob", FALSE, FALSE);
  g_autoptr (CharflowClient) ann_again = new_client ("ann", TRUE, TRUE);
  g_autoptr (CharflowClient) bob_again = new_client ("bob", FALSE, TRUE);
  g_autoptr (CharflowCharDevice) old_device = new_device (old_line, ann, bob);
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (GBytes) state = NULL;

  toy_line_say (old_line, old_device, "news");
  state = save (old_device);

  device = new_device (new_line, bob_again, ann_again);
  restore (device, state);
  g_print ("  %u message waits for ann, %u for bob\n", charflow_client_get_queued_messages (ann_again),
           charflow_client_get_queued_messages (bob_again));
  charflow_char_device_add_send_tokens (device, ann_again, 1, NULL);
}

int
main (void)
{
  g_print ("One client; the line takes 5 bytes, then no more\n");
  move_one ();
  g_print ("Two clients, one of which has granted no send token\n");
  move_two ();

  return 0;
}

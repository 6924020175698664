/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device and its clients have counted. */
#include "toy-line.h"

static const char *const device_figures[] = {
  "messages-read", "bytes-read", "messages-discarded", "bytes-discarded",
  "messages-written", "bytes-written", "waiting-messages", "waiting-bytes",
  "waiting-messages-peak", "waiting-bytes-peak",
  NULL,
};

static const char *const client_figures[] = {
  "messages-delivered", "bytes-delivered", "messages-written", "bytes-written",
  "messages-missed", "bytes-missed", "queued-messages", "queued-bytes",
  "queued-messages-peak", "queued-bytes-peak", "waiting-messages", "waiting-bytes",
  NULL,
};

static void
show (const char        *title,
      gpointer           object,
      const char *const *names)
{
  g_print ("%s\n", title);
  for (; *names != NULL; names++)
    {
      int value = toy_get (object, *names);

      if (value > 0)
        g_print ("  %-22s %d\n", *names, value);
    }
}

static CharflowClient *
add_client (CharflowCharDevice *device,
            CharflowOverflow    policy,
            guint64             max_queue_bytes)
{
  CharflowClient *client = g_object_new (CHARFLOW_TYPE_CLIENT, "overflow", policy,
                                         "max-queue-bytes", max_queue_bytes, NULL);

  toy_attach (device, client);
  return client;
}

static void
show_removals (CharflowCharDevice *device)
{
  g_autoptr (GEnumClass) reasons = g_type_class_ref (CHARFLOW_TYPE_REMOVE_REASON);

  g_print ("removals\n");
  for (guint i = 0; i < reasons->n_values; i++)
    {
      int number = charflow_char_device_get_removals (device, reasons->values[i].value);

      if (number > 0)
        g_print ("  %-22s %d\n", reasons->values[i].value_nick, number);
    }
}

int
main (void)
{
  g_autoptr (ToyLine) line = toy_line_new (8);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (line));
  g_autoptr (CharflowClient) fast = NULL;
  g_autoptr (CharflowClient) lossy = NULL;
  g_autoptr (CharflowClient) strict = NULL;

  toy_start (device);
  toy_line_say (line, device, "nobody hears this");

  fast = add_client (device, CHARFLOW_OVERFLOW_PACE, 1000);
  lossy = add_client (device, CHARFLOW_OVERFLOW_DROP, 8);
  strict = add_client (device, CHARFLOW_OVERFLOW_REMOVE, 8);
  charflow_client_set_ready (lossy, FALSE);
  charflow_client_set_ready (strict, FALSE);
  toy_line_say (line, device, "first");
  toy_line_say (line, device, "second");
  toy_line_say (line, device, "third");
  toy_write (device, fast, "one", NULL);
  toy_write (device, fast, "two", NULL);
  toy_write (device, fast, "three", NULL);

  show ("the device", device, device_figures);
  show ("the fast client", fast, client_figures);
  show ("the lossy client", lossy, client_figures);
  show_removals (device);

  /* Times are in microseconds, and one that goes on counts as far as it has come. */
  while (toy_get (device, "write-blocked-time") == 0 || toy_get (lossy, "blocked-time") == 0)
    continue;
  g_print ("the line has kept the device waiting, and the lossy client has kept messages\n");

  return 0;
}

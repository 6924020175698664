/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes the back end of a device while a client has it open. */
#include <charflow-glib/charflow.h>

static CharflowClient *client;
static GMainLoop *loop;

static CharflowBackend *
make (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  if (backend == NULL)
    g_error ("%s", error->message);
  return backend;
}

static const char *
get_label (CharflowCharDevice *device)
{
  return charflow_backend_get_label (charflow_char_device_get_backend (device));
}

static void
write_text (CharflowCharDevice *device,
            const char         *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  charflow_char_device_write_bytes (device, client, bytes, NULL);
}

static void
changed_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      what)
{
  CharflowCharDevice *device = CHARFLOW_CHAR_DEVICE (object);
  g_autoptr (GError) error = NULL;

  if (charflow_char_device_change_backend_finish (device, result, &error))
    g_print ("%s: changed to %s\n", (char *) what, get_label (device));
  else
    g_print ("%s: %s; still %s\n", (char *) what, error->message, get_label (device));

  if (g_str_equal (what, "good"))
    {
      g_autoptr (CharflowBackend) bad = make ("file,id=bad,path=/nowhere/file");

      charflow_char_device_change_backend_async (device, bad, NULL, changed_cb, (gpointer) "bad");
    }
  else
    {
      write_text (device, "after");
    }
}

static void
deliver_cb (CharflowClient     *self,
            CharflowCharDevice *device,
            GBytes             *bytes)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  g_print ("%s says %s\n", get_label (device), text);
  if (g_str_equal (text, "before"))
    {
      g_autoptr (CharflowBackend) second = make ("loopback,id=second");

      charflow_char_device_change_backend_async (device, second, NULL, changed_cb, (gpointer) "good");
    }
  else
    {
      g_main_loop_quit (loop);
    }
}

static void
event_cb (CharflowCharDevice *device,
          CharflowEvent       event)
{
  g_print ("event: %s\n", event == CHARFLOW_EVENT_OPENED ? "opened" : "closed");
}

int
main (void)
{
  g_autoptr (CharflowBackend) first = make ("loopback,id=first");
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (first);

  client = charflow_client_new ();
  loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect (device, "event", G_CALLBACK (event_cb), NULL);
  g_signal_connect (client, "deliver", G_CALLBACK (deliver_cb), NULL);
  charflow_char_device_attach_client (device, client, NULL);
  charflow_char_device_start (device);
  write_text (device, "before");
  g_main_loop_run (loop);

  g_object_unref (client);
  g_main_loop_unref (loop);
  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device that speaks netstrings: "5:hello," is the message "hello". */
#include <charflow-glib/charflow.h>

#define MAX_DIGITS 4

#define NETSTRING_TYPE_DEVICE (netstring_device_get_type ())
G_DECLARE_FINAL_TYPE (NetstringDevice, netstring_device, NETSTRING, DEVICE, CharflowCharDevice)

struct _NetstringDevice
{
  CharflowCharDevice parent_instance;
};

G_DEFINE_FINAL_TYPE (NetstringDevice, netstring_device, CHARFLOW_TYPE_CHAR_DEVICE)

static void
skip (CharflowCharDevice *device,
      gsize               size)
{
  g_autoptr (GBytes) bytes = charflow_char_device_read_bytes (device, size);
}

/* From the device to the clients. */
static GBytes *
netstring_device_read_message (CharflowCharDevice *device)
{
  gsize size = 0, n_digits = 0, available, end;
  const guint8 *data;
  GBytes *message;

  for (;; n_digits++)
    {
      if (charflow_char_device_fill (device, n_digits + 1) <= n_digits)
        return NULL; /* not all of it has come */
      data = charflow_char_device_peek (device, &available);
      if (n_digits == MAX_DIGITS || !g_ascii_isdigit (data[n_digits]))
        break;
      size = size * 10 + g_ascii_digit_value (data[n_digits]);
    }

  end = n_digits + 1 + size;
  if (n_digits > 0 && data[n_digits] == ':')
    {
      if (charflow_char_device_fill (device, end + 1) <= end)
        return NULL;
      data = charflow_char_device_peek (device, &available); /* it may be elsewhere now */
    }
  if (n_digits == 0 || data[n_digits] != ':' || data[end] != ',')
    {
      skip (device, 1); /* noise: look again from the next byte on */
      return NULL;
    }

  skip (device, n_digits + 1);
  message = charflow_char_device_read_bytes (device, size);
  skip (device, 1);
  return message;
}

/* From a client to the device. */
static GBytes *
netstring_device_frame_message (CharflowCharDevice *device,
                                CharflowClient     *client,
                                GBytes             *message,
                                gboolean           *continues,
                                GError            **error)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);
  g_autofree char *text = g_strdup_printf ("%" G_GSIZE_FORMAT ":%.*s,", size, (int) size, data);

  *continues = FALSE;
  return g_bytes_new (text, strlen (text));
}

static void
netstring_device_class_init (NetstringDeviceClass *klass)
{
  CHARFLOW_CHAR_DEVICE_CLASS (klass)->read_message = netstring_device_read_message;
  CHARFLOW_CHAR_DEVICE_CLASS (klass)->frame_message = netstring_device_frame_message;
}

static void
netstring_device_init (NetstringDevice *self)
{
}

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *message)
{
  g_print ("message: %.*s\n", (int) g_bytes_get_size (message), (const char *) g_bytes_get_data (message, NULL));
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("socket,id=line,path=line.sock,server=on,wait=off", &error);
  g_autoptr (CharflowCharDevice) device = g_object_new (NETSTRING_TYPE_DEVICE, "backend", backend, NULL);
  g_autoptr (CharflowClient) client = charflow_client_new ();
  g_autoptr (GBytes) greeting = g_bytes_new_static ("hello", 5);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_signal_connect (client, "deliver", G_CALLBACK (deliver_cb), NULL);
  if (error == NULL && charflow_char_device_attach_client (device, client, &error))
    {
      charflow_char_device_start (device);
      charflow_char_device_write_bytes (device, client, greeting, &error); /* waits until somebody is there */
    }
  if (error != NULL)
    g_error ("%s", error->message);

  g_main_loop_run (loop);
  return 0;
}

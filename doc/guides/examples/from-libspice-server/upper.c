/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port whose device is in the program: it answers in capitals. */
#include <charflow-glib/charflow.h>

#define UPPER_TYPE_BACKEND (upper_backend_get_type ())
G_DECLARE_FINAL_TYPE (UpperBackend, upper_backend, UPPER, BACKEND, CharflowBackend)

struct _UpperBackend
{
  CharflowBackend parent_instance;

  CharflowCharDevice *device; /* not owned */
  guint8 answer[64];
  gsize size;
};

G_DEFINE_FINAL_TYPE (UpperBackend, upper_backend, CHARFLOW_TYPE_BACKEND)

static gboolean
wakeup_cb (gpointer device)
{
  charflow_char_device_wakeup (device); /* spice_server_char_device_wakeup() */
  return G_SOURCE_REMOVE;
}

static void
wake_later (UpperBackend *self)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, wakeup_cb, g_object_ref (self->device), g_object_unref);
}

/* SpiceCharDeviceInterface.write: 0 there is G_IO_ERROR_WOULD_BLOCK here. */
static gssize
upper_backend_write (CharflowBackend *backend,
                     const guint8    *data,
                     gsize            size,
                     GError         **error)
{
  UpperBackend *self = UPPER_BACKEND (backend);
  gsize taken = MIN (size, sizeof self->answer - self->size);

  if (taken == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "The answer was not read yet");
      return -1;
    }

  for (gsize i = 0; i < taken; i++)
    self->answer[self->size++] = g_ascii_toupper (data[i]);
  wake_later (self);
  return taken;
}

/* SpiceCharDeviceInterface.read */
static gssize
upper_backend_read (CharflowBackend *backend,
                    void            *buffer,
                    gsize            size,
                    GError         **error)
{
  UpperBackend *self = UPPER_BACKEND (backend);
  gsize len = MIN (size, self->size);

  if (len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "There is no answer");
      return -1;
    }

  memcpy (buffer, self->answer, len);
  memmove (self->answer, self->answer + len, self->size - len);
  self->size -= len;
  wake_later (self); /* there is room again */
  return len;
}

/* SpiceCharDeviceInterface.state: somebody listens, or nobody does. */
static void
upper_backend_set_front_end_open (CharflowBackend *backend,
                                  gboolean         open)
{
  g_printerr ("state %d\n", open);
}

static void
active_cb (CharflowBackend *backend)
{
  if (charflow_backend_get_active (backend))
    charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED); /* spice_server_port_event() */
}

static void
upper_backend_class_init (UpperBackendClass *klass)
{
  CHARFLOW_BACKEND_CLASS (klass)->read = upper_backend_read;
  CHARFLOW_BACKEND_CLASS (klass)->write = upper_backend_write;
  CHARFLOW_BACKEND_CLASS (klass)->set_front_end_open = upper_backend_set_front_end_open;
}

static void
upper_backend_init (UpperBackend *self)
{
  g_signal_connect (self, "notify::active", G_CALLBACK (active_cb), NULL);
}

int
main (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = NULL;
  g_autoptr (CharflowServer) server = charflow_server_new (); /* spice_server_new(), spice_server_init() */
  g_autoptr (UpperBackend) backend = g_object_new (UPPER_TYPE_BACKEND, NULL);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));
  g_autoptr (CharflowServerPortChannel) port = charflow_server_port_channel_new ("org.example.upper.0", device);

  backend->device = device;
  charflow_char_device_start (device); /* spice_server_vm_start() */
  charflow_server_set_ticket (server, "open sesame", 0); /* spice_server_set_ticket() */
  if (charflow_server_add_channel (server, CHARFLOW_SERVER_CHANNEL (port), &error)) /* spice_server_add_interface() */
    uri = charflow_server_listen (server, "spice://127.0.0.1:5931", &error); /* spice_server_set_addr(), _set_port() */
  if (error != NULL)
    g_error ("%s", error->message);

  g_print ("listening on %s\n", uri);
  g_main_loop_run (loop); /* SpiceCoreInterface: none, it is GLib's */
  return 0;
}

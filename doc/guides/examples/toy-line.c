/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toy-line.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (ToyLine, toy_line, CHARFLOW_TYPE_BACKEND)

static GBytes *
toy_line_read_bytes (CharflowBackend *backend,
                     gsize            max_size,
                     GError         **error)
{
  ToyLine *self = TOY_LINE (backend);

  if (self->unread.length == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Not now");
      return NULL;
    }

  return g_queue_pop_head (&self->unread);
}

static gssize
toy_line_write (CharflowBackend *backend,
                const guint8    *data,
                gsize            size,
                GError         **error)
{
  ToyLine *self = TOY_LINE (backend);
  gsize taken = MIN (size, self->room);

  if (taken == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Not now");
      return -1;
    }

  self->room -= taken;
  g_string_append_len (self->written, (const char *) data, taken);
  return taken;
}

static void
active_cb (CharflowBackend *backend)
{
  if (charflow_backend_get_active (backend))
    charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
}

static void
toy_line_finalize (GObject *object)
{
  ToyLine *self = TOY_LINE (object);

  g_queue_clear_full (&self->unread, (GDestroyNotify) g_bytes_unref);
  g_string_free (self->written, TRUE);
  G_OBJECT_CLASS (toy_line_parent_class)->finalize (object);
}

static void
toy_line_class_init (ToyLineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = toy_line_finalize;
  CHARFLOW_BACKEND_CLASS (klass)->read_bytes = toy_line_read_bytes;
  CHARFLOW_BACKEND_CLASS (klass)->write = toy_line_write;
}

static void
toy_line_init (ToyLine *self)
{
  g_queue_init (&self->unread);
  self->written = g_string_new (NULL);
  g_signal_connect (self, "notify::active", G_CALLBACK (active_cb), NULL);
}

ToyLine *
toy_line_new (gsize room)
{
  ToyLine *self = g_object_new (TOY_TYPE_LINE, NULL);

  self->room = room;
  return self;
}

/* A real back end has a GSource that tells its device; this one is silent, so the example wakes the device. */

void
toy_line_flow (ToyLine            *self,
               CharflowCharDevice *device)
{
  guint n_before;

  do
    {
      n_before = self->unread.length;
      charflow_char_device_wakeup (device);
    }
  while (self->unread.length < n_before);
}

void
toy_line_say (ToyLine            *self,
              CharflowCharDevice *device,
              const char         *text)
{
  g_queue_push_tail (&self->unread, g_bytes_new (text, strlen (text)));
  toy_line_flow (self, device);
}

void
toy_line_make_room (ToyLine            *self,
                    CharflowCharDevice *device,
                    gsize               size)
{
  self->room += size;
  charflow_char_device_wakeup (device);
}

void
toy_start (CharflowCharDevice *device)
{
  charflow_char_device_start (device);
  while (!charflow_char_device_get_opened (device))
    g_main_context_iteration (NULL, TRUE);
}

gboolean
toy_write (CharflowCharDevice *device,
           CharflowClient     *client,
           const char         *text,
           GError            **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return charflow_char_device_write_bytes (device, client, bytes, error);
}

void
toy_attach (CharflowCharDevice *device,
            CharflowClient     *client)
{
  g_autoptr (GError) error = NULL;

  if (!charflow_char_device_attach_client (device, client, &error))
    g_error ("%s", error->message);
}

guint64
toy_get (gpointer    object,
         const char *property)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_UINT64);
  g_object_get_property (G_OBJECT (object), property, &value);
  return g_value_get_uint64 (&value);
}

const char *
toy_get_nick (GType enum_type,
              int   value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (enum_type);

  return g_enum_get_value (klass, value)->value_nick;
}

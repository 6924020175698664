/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

#include <string.h>

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes,
            TestConsumer       *self)
{
  self->n_messages++;
  self->n_bytes += g_bytes_get_size (bytes);
  g_clear_pointer (&self->last, g_bytes_unref);
  self->last = g_bytes_ref (bytes);
  g_string_append_len (self->log, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
tokens_cb (CharflowClient     *client,
           CharflowCharDevice *device,
           guint               n_tokens,
           TestConsumer       *self)
{
  g_string_append_printf (self->log, "<tokens %u>", n_tokens);
}

static void
writable_cb (CharflowClient     *client,
             CharflowCharDevice *device,
             TestConsumer       *self)
{
  g_string_append (self->log, "<writable>");
}

static void
missed_cb (CharflowClient     *client,
           CharflowCharDevice *device,
           guint64             n_bytes,
           TestConsumer       *self)
{
  g_string_append_printf (self->log, "<missed %" G_GUINT64_FORMAT ">", n_bytes);
}

static void
removed_cb (CharflowClient      *client,
            CharflowCharDevice  *device,
            CharflowRemoveReason reason,
            TestConsumer        *self)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (CHARFLOW_TYPE_REMOVE_REASON);

  self->is_removed = TRUE;
  g_string_append_printf (self->log, "<removed %s>", g_enum_get_value (klass, reason)->value_nick);
}

TestConsumer *
test_consumer_new (const char *first_property,
                   ...)
{
  TestConsumer *self = g_new0 (TestConsumer, 1);
  va_list args;

  va_start (args, first_property);
  self->client = CHARFLOW_CLIENT (g_object_new_valist (CHARFLOW_TYPE_CLIENT, first_property, args));
  va_end (args);

  self->log = g_string_new (NULL);
  g_signal_connect (self->client, "deliver", G_CALLBACK (deliver_cb), self);
  g_signal_connect (self->client, "tokens", G_CALLBACK (tokens_cb), self);
  g_signal_connect (self->client, "writable", G_CALLBACK (writable_cb), self);
  g_signal_connect (self->client, "missed", G_CALLBACK (missed_cb), self);
  g_signal_connect (self->client, "removed", G_CALLBACK (removed_cb), self);

  return self;
}

void
test_consumer_free (TestConsumer *self)
{
  CharflowCharDevice *device = charflow_client_get_device (self->client);

  g_signal_handlers_disconnect_by_data (self->client, self);
  if (device != NULL)
    charflow_char_device_detach_client (device, self->client);
  g_assert_finalize_object (self->client);
  g_clear_pointer (&self->last, g_bytes_unref);
  g_string_free (self->log, TRUE);
  g_free (self);
}

void
test_consumer_attach (TestConsumer       *self,
                      CharflowCharDevice *device)
{
  g_autoptr (GError) error = NULL;

  self->is_removed = FALSE;
  g_assert_true (charflow_char_device_attach_client (device, self->client, &error));
  g_assert_no_error (error);
}

static gboolean
write_text (TestConsumer *self,
            const char   *text,
            GError      **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return charflow_char_device_write_bytes (charflow_client_get_device (self->client), self->client, bytes, error);
}

gboolean
test_consumer_write (TestConsumer *self,
                     const char   *text)
{
  g_autoptr (GError) error = NULL;
  gboolean written = write_text (self, text, &error);

  g_assert_no_error (error);
  return written;
}

void
test_consumer_write_refused (TestConsumer *self,
                             const char   *text,
                             GQuark        domain,
                             int           code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (write_text (self, text, &error));
  g_assert_error (error, domain, code);
}

CharflowCharDevice *
test_device_new (TestEndpoint *endpoint,
                 guint         interval)
{
  CharflowCharDevice *device = g_object_new (CHARFLOW_TYPE_CHAR_DEVICE,
                                             "backend", endpoint,
                                             "client-tokens-interval", interval,
                                             "self-tokens", 2,
                                             NULL);

  charflow_char_device_start (device);
  test_wait_until (charflow_backend_get_active (CHARFLOW_BACKEND (endpoint)));
  test_settle ();

  return device;
}

void
test_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
test_feed (TestEndpoint *endpoint,
           gconstpointer data,
           gsize         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  if (size > 0)
    test_endpoint_feed_bytes (endpoint, bytes);
  test_settle ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"

#include <string.h>

static void
stop_reading (TestFrontEnd *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static gboolean
readable_cb (gpointer user_data)
{
  TestFrontEnd *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = charflow_backend_read_bytes (self->backend, self->credit, &error);

  self->n_wakeups++;
  if (bytes != NULL)
    g_string_append_len (self->log, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  return G_SOURCE_CONTINUE;
}

static void
start_reading (TestFrontEnd *self)
{
  stop_reading (self);
  if (self->credit == 0)
    return;

  self->source = charflow_backend_create_source (self->backend, G_IO_IN);
  if (self->source == NULL)
    return;

  g_source_set_callback (self->source, readable_cb, self, NULL);
  g_source_attach (self->source, NULL);
}

static void
event_cb (CharflowBackend *backend,
          CharflowEvent    event,
          TestFrontEnd    *self)
{
  static const char *const names[] = { "<O>", "<C>", "<B>", "<I>", "<U>" };

  self->n_events++;
  g_string_append (self->log, names[event]);
  if (event == CHARFLOW_EVENT_OPENED)
    start_reading (self);
}

TestFrontEnd *
test_front_end_new (CharflowBackend *backend,
                    gsize            credit)
{
  TestFrontEnd *self = g_new0 (TestFrontEnd, 1);

  self->backend = g_object_ref (backend);
  self->log = g_string_new (NULL);
  self->credit = credit;
  g_signal_connect (backend, "event", G_CALLBACK (event_cb), self);
  start_reading (self);

  return self;
}

void
test_front_end_free (TestFrontEnd *self)
{
  g_signal_handlers_disconnect_by_data (self->backend, self);
  stop_reading (self);
  g_object_unref (self->backend);
  g_string_free (self->log, TRUE);
  g_free (self);
}

void
test_front_end_set_credit (TestFrontEnd *self,
                           gsize         credit)
{
  self->credit = credit;
  start_reading (self);
}

void
test_front_end_expect (TestFrontEnd *self,
                       const char   *text)
{
  test_wait_until (self->log->len >= strlen (text));
  g_assert_cmpstr (self->log->str, ==, text);
  g_string_truncate (self->log, 0);
}

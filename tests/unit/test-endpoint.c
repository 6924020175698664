/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-endpoint.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (TestEndpoint, test_endpoint, CHARFLOW_TYPE_BACKEND)

typedef struct
{
  GSource parent;
  TestEndpoint *endpoint;
  GIOCondition condition;
} EndpointSource;

static gboolean
is_readable (TestEndpoint *self)
{
  return self->input.length > 0 || self->endless > 0;
}

static gboolean
endpoint_source_prepare (GSource *source,
                         int     *timeout)
{
  EndpointSource *self = (EndpointSource *) source;

  *timeout = -1;
  if ((self->condition & G_IO_OUT) != 0 && self->endpoint->room == 0)
    self->endpoint->room = self->endpoint->refill;

  return ((self->condition & G_IO_IN) != 0 && is_readable (self->endpoint)) ||
         ((self->condition & G_IO_OUT) != 0 && self->endpoint->room > 0);
}

static gboolean
endpoint_source_dispatch (GSource    *source,
                          GSourceFunc callback,
                          gpointer    user_data)
{
  EndpointSource *self = (EndpointSource *) source;

  if ((self->condition & G_IO_OUT) != 0)
    self->endpoint->n_wakeups++;

  return callback (user_data);
}

static void
endpoint_source_finalize (GSource *source)
{
  g_clear_object (&((EndpointSource *) source)->endpoint);
}

static GSourceFuncs endpoint_source_funcs = {
  .prepare = endpoint_source_prepare,
  .dispatch = endpoint_source_dispatch,
  .finalize = endpoint_source_finalize,
};

static void
test_endpoint_open_async (CharflowBackend    *backend,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data)
{
  TestEndpoint *self = TEST_ENDPOINT (backend);

  g_assert_null (self->opening);
  self->opening = g_task_new (self, cancellable, callback, user_data);
  g_task_set_check_cancellable (self->opening, FALSE);
  if (!self->hold_opening)
    test_endpoint_answer (self);
}

static gboolean
test_endpoint_open_finish (CharflowBackend *backend,
                           GAsyncResult    *result,
                           GError         **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
test_endpoint_close (CharflowBackend *backend)
{
  TEST_ENDPOINT (backend)->n_closed++;
}

static void
run_hook (TestEndpoint *self)
{
  void (*hook) (gpointer data) = g_steal_pointer (&self->hook);

  if (hook != NULL)
    hook (self->hook_data);
}

static gssize
test_endpoint_read (CharflowBackend *backend,
                    void            *buffer,
                    gsize            size,
                    GError         **error)
{
  TestEndpoint *self = TEST_ENDPOINT (backend);
  g_autoptr (GBytes) bytes = NULL;
  gsize len;

  self->n_reads++;
  run_hook (self);
  if (!is_readable (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing was fed");
      return -1;
    }
  if (self->input.length == 0)
    {
      memset (buffer, 'e', MIN (self->endless, size));
      return MIN (self->endless, size);
    }

  bytes = g_queue_pop_head (&self->input);
  len = MIN (g_bytes_get_size (bytes), size);
  if (len > 0)
    memcpy (buffer, g_bytes_get_data (bytes, NULL), len);
  if (len < g_bytes_get_size (bytes))
    g_queue_push_head (&self->input, g_bytes_new_from_bytes (bytes, len, g_bytes_get_size (bytes) - len));

  return len;
}

static gssize
test_endpoint_write (CharflowBackend *backend,
                     const guint8    *data,
                     gsize            size,
                     GError         **error)
{
  TestEndpoint *self = TEST_ENDPOINT (backend);
  gsize len = MIN (MIN (size, self->max_write), self->room);

  self->n_writes++;
  run_hook (self);
  if (self->write_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->write_error));
      return -1;
    }
  if (len == 0)
    {
      self->n_refused++;
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No room");
      return -1;
    }

  if (self->room != G_MAXSIZE)
    self->room -= len;
  g_string_append_len (self->written, (const char *) data, len);

  return len;
}

static GSource *
test_endpoint_create_source (CharflowBackend *backend,
                             GIOCondition     condition)
{
  GSource *source;

  if (!charflow_backend_get_opened (backend))
    return NULL;

  source = g_source_new (&endpoint_source_funcs, sizeof (EndpointSource));
  ((EndpointSource *) source)->endpoint = g_object_ref (TEST_ENDPOINT (backend));
  ((EndpointSource *) source)->condition = condition;

  return source;
}

static char *
test_endpoint_get_resource (CharflowBackend *backend)
{
  return g_strdup (TEST_ENDPOINT (backend)->resource);
}

static void
test_endpoint_set_front_end_open (CharflowBackend *backend,
                                  gboolean         open)
{
  g_string_append_printf (TEST_ENDPOINT (backend)->duties, "<fe %d>", open);
}

static void
test_endpoint_set_echo (CharflowBackend *backend,
                        gboolean         echo)
{
  g_string_append_printf (TEST_ENDPOINT (backend)->duties, "<echo %d>", echo);
}

static gboolean
ask_line (TestEndpoint *self,
          const char   *what,
          guint         value,
          GError      **error)
{
  if (self->line_error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->line_error));
      return FALSE;
    }

  g_string_append_printf (self->duties, "<%s %u>", what, value);
  return TRUE;
}

static gboolean
test_endpoint_set_serial_settings (CharflowBackend        *backend,
                                   CharflowSerialSettings *settings,
                                   GError                **error)
{
  return ask_line (TEST_ENDPOINT (backend), "baud", charflow_serial_settings_get_baud (settings), error);
}

static gboolean
test_endpoint_set_modem_lines (CharflowBackend   *backend,
                               CharflowModemLines lines,
                               GError           **error)
{
  return ask_line (TEST_ENDPOINT (backend), "lines", lines, error);
}

static gboolean
test_endpoint_query_modem_lines (CharflowBackend    *backend,
                                 CharflowModemLines *lines,
                                 GError            **error)
{
  *lines = CHARFLOW_MODEM_LINES_CTS;
  return ask_line (TEST_ENDPOINT (backend), "query", 0, error);
}

static gboolean
test_endpoint_set_break (CharflowBackend *backend,
                         gboolean         on,
                         GError         **error)
{
  return ask_line (TEST_ENDPOINT (backend), "break", on, error);
}

static void
test_endpoint_finalize (GObject *object)
{
  TestEndpoint *self = TEST_ENDPOINT (object);

  g_clear_object (&self->opening);
  g_queue_clear_full (&self->input, (GDestroyNotify) g_bytes_unref);
  g_string_free (self->written, TRUE);
  g_string_free (self->duties, TRUE);
  g_clear_error (&self->write_error);
  g_clear_error (&self->line_error);
  G_OBJECT_CLASS (test_endpoint_parent_class)->finalize (object);
}

static void
test_endpoint_class_init (TestEndpointClass *klass)
{
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_endpoint_finalize;
  backend_class->open_async = test_endpoint_open_async;
  backend_class->open_finish = test_endpoint_open_finish;
  backend_class->close = test_endpoint_close;
  backend_class->read = test_endpoint_read;
  backend_class->write = test_endpoint_write;
  backend_class->create_source = test_endpoint_create_source;
  backend_class->get_resource = test_endpoint_get_resource;
  backend_class->set_front_end_open = test_endpoint_set_front_end_open;
  backend_class->set_echo = test_endpoint_set_echo;
  backend_class->set_serial_settings = test_endpoint_set_serial_settings;
  backend_class->set_modem_lines = test_endpoint_set_modem_lines;
  backend_class->query_modem_lines = test_endpoint_query_modem_lines;
  backend_class->set_break = test_endpoint_set_break;
}

static void
test_endpoint_init (TestEndpoint *self)
{
  g_queue_init (&self->input);
  self->written = g_string_new (NULL);
  self->duties = g_string_new (NULL);
  self->max_write = G_MAXSIZE;
  self->room = G_MAXSIZE;
}

TestEndpoint *
test_endpoint_new (void)
{
  return g_object_new (TEST_TYPE_ENDPOINT, "label", "endpoint", NULL);
}

void
test_endpoint_feed (TestEndpoint *self,
                    const char   *text)
{
  g_queue_push_tail (&self->input, g_bytes_new (text, strlen (text)));
}

void
test_endpoint_feed_bytes (TestEndpoint *self,
                          GBytes       *bytes)
{
  g_queue_push_tail (&self->input, g_bytes_ref (bytes));
}

void
test_endpoint_answer (TestEndpoint *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->opening);

  if (self->fail_opening)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no such endpoint");
      return;
    }

  self->n_opened++;
  if (!self->absent)
    charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
  g_task_return_boolean (task, TRUE);
}

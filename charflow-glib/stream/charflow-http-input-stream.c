/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-http-stream-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

typedef enum
{
  STATE_COLLECTING, /* until the end of the head */
  STATE_SAYING, /* the head */
  STATE_HOLDING, /* what came after it */
  STATE_UPGRADED,
} State;

struct _CharflowHttpInputStream
{
  GInputStream parent_instance;

  GPollableInputStream *base;
  State state;
  GError *fault;
  GByteArray *collected;
  gsize n_checked; /* of it: bytes that may be in a head */
  gsize head_size;
  gsize n_said;
};

static void charflow_http_input_stream_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CharflowHttpInputStream, charflow_http_input_stream, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      charflow_http_input_stream_pollable_init))

static void
set_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
}

/* Lines end with CR LF and with nothing else, so that there are no two opinions of where one ends; a line that is empty ends
 * the head, so the first one is not. RFC 9112, section 2.2. */
static gboolean
is_sound (const guint8 *bytes,
          gsize         i)
{
  if (i == 0)
    return g_ascii_isalpha (bytes[0]);
  if ((bytes[i - 1] == '\r') != (bytes[i] == '\n'))
    return FALSE;

  return bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\t' || !g_ascii_iscntrl (bytes[i]);
}

/* Whether what has been collected is sound; where it ends a head, the size of that is known afterwards. */
static gboolean
check_bytes (CharflowHttpInputStream *self)
{
  const guint8 *bytes = self->collected->data;

  for (; self->n_checked < self->collected->len && self->head_size == 0; self->n_checked++)
    {
      if (!is_sound (bytes, self->n_checked))
        return FALSE;
      if (self->n_checked >= 3 && memcmp (bytes + self->n_checked - 3, "\r\n\r\n", 4) == 0)
        self->head_size = self->n_checked + 1;
    }

  return TRUE;
}

static gboolean
has_prefix (const guint8 *bytes,
            gsize         size,
            const char   *prefix)
{
  return size >= strlen (prefix) && g_ascii_strncasecmp ((const char *) bytes, prefix, strlen (prefix)) == 0;
}

/* Nobody who may ask here has anything to say besides. */
static gboolean
announces_body (CharflowHttpInputStream *self)
{
  const guint8 *bytes = self->collected->data;

  for (gsize i = 0; i < self->head_size; i++)
    {
      if (bytes[i] == '\n' && (has_prefix (bytes + i + 1, self->head_size - i - 1, "Content-Length:") ||
                               has_prefix (bytes + i + 1, self->head_size - i - 1, "Transfer-Encoding:")))
        return TRUE;
    }

  return FALSE;
}

static void
check_collected (CharflowHttpInputStream *self)
{
  if (!check_bytes (self))
    g_set_error (&self->fault, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("Byte %zu of the HTTP request is not right"),
                 self->n_checked);
  else if (self->head_size == 0 && self->collected->len == CHARFLOW_HTTP_MAX_REQUEST_SIZE)
    g_set_error (&self->fault, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, _("The HTTP request is longer than %d bytes"),
                 CHARFLOW_HTTP_MAX_REQUEST_SIZE);
  else if (self->head_size > 0 && announces_body (self))
    g_set_error_literal (&self->fault, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("The HTTP request has a body"));
  else if (self->head_size > 0)
    self->state = STATE_SAYING;
}

/* Reads once of the base. FALSE when that would block. */
static gboolean
collect (CharflowHttpInputStream *self,
         GError                 **error)
{
  const gsize had = self->collected->len;
  GError *base_error = NULL;
  gssize size;

  g_byte_array_set_size (self->collected, CHARFLOW_HTTP_MAX_REQUEST_SIZE);
  size = g_pollable_input_stream_read_nonblocking (self->base, self->collected->data + had,
                                                   CHARFLOW_HTTP_MAX_REQUEST_SIZE - had, NULL, &base_error);
  g_byte_array_set_size (self->collected, (guint) (had + MAX (size, 0)));
  if (g_error_matches (base_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_propagate_error (error, base_error);
      return FALSE;
    }

  if (size < 0)
    self->fault = base_error;
  else if (size == 0)
    g_set_error_literal (&self->fault, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                         _("The peer closed the connection before the end of its HTTP request"));
  else
    check_collected (self);
  return TRUE;
}

/* Says what was collected, up to @end. */
static gssize
say (CharflowHttpInputStream *self,
     void                    *buffer,
     gsize                    count,
     gsize                    end)
{
  gsize size = MIN (count, end - self->n_said);

  memcpy (buffer, self->collected->data + self->n_said, size);
  self->n_said += size;
  return (gssize) size;
}

static gssize
charflow_http_input_stream_read_nonblocking (GPollableInputStream *stream,
                                             void                 *buffer,
                                             gsize                 count,
                                             GError              **error)
{
  CharflowHttpInputStream *self = CHARFLOW_HTTP_INPUT_STREAM (stream);
  gssize size;

  while (self->state == STATE_COLLECTING && self->fault == NULL)
    {
      if (!collect (self, error))
        return -1;
    }
  if (self->fault != NULL)
    {
      g_propagate_error (error, g_error_copy (self->fault));
      return -1;
    }

  switch (self->state)
    {
    case STATE_SAYING:
      size = say (self, buffer, count, self->head_size);
      if (self->n_said == self->head_size)
        self->state = STATE_HOLDING;
      return size;
    case STATE_UPGRADED:
      if (self->n_said < self->collected->len)
        return say (self, buffer, count, self->collected->len);
      return g_pollable_input_stream_read_nonblocking (self->base, buffer, count, NULL, error);
    case STATE_COLLECTING:
    case STATE_HOLDING:
    default:
      set_would_block (error);
      return -1;
    }
}

/* A blocking read is not for who serves others at the same time; it gets what is there. */
static gssize
charflow_http_input_stream_read (GInputStream *stream,
                                 void         *buffer,
                                 gsize         count,
                                 GCancellable *cancellable,
                                 GError      **error)
{
  return charflow_http_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, count, error);
}

static gboolean
has_something (CharflowHttpInputStream *self)
{
  return self->fault != NULL || self->state == STATE_SAYING ||
         (self->state == STATE_UPGRADED && self->n_said < self->collected->len);
}

static gboolean
charflow_http_input_stream_is_readable (GPollableInputStream *stream)
{
  CharflowHttpInputStream *self = CHARFLOW_HTTP_INPUT_STREAM (stream);

  return has_something (self) || (self->state != STATE_HOLDING && g_pollable_input_stream_is_readable (self->base));
}

static GSource *
charflow_http_input_stream_create_source (GPollableInputStream *stream,
                                          GCancellable         *cancellable)
{
  CharflowHttpInputStream *self = CHARFLOW_HTTP_INPUT_STREAM (stream);
  g_autoptr (GSource) child = NULL;

  if (has_something (self))
    child = g_timeout_source_new (0);
  else if (self->state != STATE_HOLDING)
    child = g_pollable_input_stream_create_source (self->base, NULL);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static void
charflow_http_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = charflow_http_input_stream_is_readable;
  iface->create_source = charflow_http_input_stream_create_source;
  iface->read_nonblocking = charflow_http_input_stream_read_nonblocking;
}

static void
charflow_http_input_stream_finalize (GObject *object)
{
  CharflowHttpInputStream *self = CHARFLOW_HTTP_INPUT_STREAM (object);

  g_clear_object (&self->base);
  g_clear_error (&self->fault);
  g_byte_array_unref (self->collected);
  G_OBJECT_CLASS (charflow_http_input_stream_parent_class)->finalize (object);
}

static void
charflow_http_input_stream_class_init (CharflowHttpInputStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = charflow_http_input_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = charflow_http_input_stream_read;
}

static void
charflow_http_input_stream_init (CharflowHttpInputStream *self)
{
  self->collected = g_byte_array_new ();
}

GInputStream *
charflow_http_input_stream_new (GInputStream *base)
{
  CharflowHttpInputStream *self = g_object_new (CHARFLOW_TYPE_HTTP_INPUT_STREAM, NULL);

  self->base = G_POLLABLE_INPUT_STREAM (g_object_ref (base));
  return G_INPUT_STREAM (self);
}

const GError *
charflow_http_input_stream_get_fault (CharflowHttpInputStream *self)
{
  return self->fault;
}

gboolean
charflow_http_input_stream_upgrade (CharflowHttpInputStream *self)
{
  self->state = STATE_UPGRADED;
  if (self->n_said < self->collected->len)
    return TRUE;

  g_byte_array_unref (self->collected);
  self->collected = g_byte_array_new ();
  self->n_said = 0;
  return FALSE;
}

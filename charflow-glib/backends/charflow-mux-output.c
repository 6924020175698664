/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-output-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <inttypes.h>

/* Several times the help; who asks for it more often than the other side reads it gets it no more often. */
#define MAX_TEXT 4096

struct _CharflowMuxOutput
{
  GByteArray *text; /* waits to be written */
  gint64 zero; /* monotonic time of the first stamp, or -1 */
  guint peer; /* counts the resets */
  gboolean timestamps;
  gboolean is_at_line; /* a newline was written last */
  gboolean is_writing;
};

CharflowMuxOutput *
charflow_mux_output_new (void)
{
  CharflowMuxOutput *self = g_new0 (CharflowMuxOutput, 1);

  self->text = g_byte_array_new ();
  self->zero = -1;

  return self;
}

void
charflow_mux_output_free (CharflowMuxOutput *self)
{
  g_byte_array_unref (self->text);
  g_free (self);
}

void
charflow_mux_output_reset (CharflowMuxOutput *self)
{
  g_byte_array_set_size (self->text, 0);
  self->is_at_line = FALSE;
  self->peer++;
}

void
charflow_mux_output_set_timestamps (CharflowMuxOutput *self,
                                    gboolean           timestamps)
{
  self->timestamps = timestamps;
  self->zero = -1;
}

void
charflow_mux_output_add_text (CharflowMuxOutput *self,
                              const char        *text)
{
  gsize len = strlen (text);

  if (self->text->len + len <= MAX_TEXT)
    g_byte_array_append (self->text, (const guint8 *) text, len);
}

gboolean
charflow_mux_output_has_text (CharflowMuxOutput *self)
{
  return self->text->len > 0;
}

gboolean
charflow_mux_output_is_writing (CharflowMuxOutput *self)
{
  return self->is_writing;
}

static gboolean
set_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("What was written before has not been taken"));
  return FALSE;
}

/* Writing may announce an event, and its handler may write: that has to wait, or it would get into the middle. */
static gssize
write_base (CharflowMuxOutput *self,
            CharflowBackend   *base,
            const guint8      *data,
            gsize              size,
            GError           **error)
{
  gssize len;

  self->is_writing = TRUE;
  len = charflow_backend_write (base, data, size, error);
  self->is_writing = FALSE;

  return len;
}

gboolean
charflow_mux_output_flush (CharflowMuxOutput *self,
                           CharflowBackend   *base,
                           GError           **error)
{
  g_autoptr (GByteArray) text = NULL;
  guint peer = self->peer;
  gssize len;

  if (self->is_writing)
    return set_would_block (error);
  if (self->text->len == 0)
    return TRUE;

  /* A handler may add to the text, and so move it, while it is written. */
  text = g_steal_pointer (&self->text);
  self->text = g_byte_array_new ();
  len = write_base (self, base, text->data, text->len, error);
  if (self->peer == peer && len < (gssize) text->len)
    g_byte_array_prepend (self->text, text->data + MAX (len, 0), text->len - MAX (len, 0));

  if (len >= 0 && self->text->len > 0)
    set_would_block (error);
  return len >= 0 && self->text->len == 0;
}

/* Hours are as many as there are; the line is not in a language. */
static void
add_stamp (CharflowMuxOutput *self)
{
  gint64 now = g_get_monotonic_time () / 1000;
  g_autofree char *stamp = NULL;
  gint64 ms;

  if (self->zero < 0)
    self->zero = now;

  ms = now - self->zero;
  stamp = g_strdup_printf ("[%02" PRIi64 ":%02u:%02u.%03u] ",
                           ms / 3600000, (guint) (ms / 60000 % 60), (guint) (ms / 1000 % 60), (guint) (ms % 1000));
  g_byte_array_append (self->text, (const guint8 *) stamp, strlen (stamp));
}

static gsize
get_line_size (const guint8 *data,
               gsize         size)
{
  const guint8 *end = memchr (data, '\n', size);

  return end == NULL ? size : (gsize) (end - data) + 1;
}

/* At most the rest of a line where lines are stamped, so that what is before the stamp has been taken when that is added. */
static gssize
write_part (CharflowMuxOutput *self,
            CharflowBackend   *base,
            const guint8      *data,
            gsize              size,
            GError           **error)
{
  guint peer = self->peer;
  gssize len;

  if (self->timestamps && self->is_at_line)
    {
      add_stamp (self);
      self->is_at_line = FALSE;
    }
  if (!charflow_mux_output_flush (self, base, error))
    return -1;
  if (self->peer != peer)
    {
      set_would_block (error);
      return -1;
    }

  len = write_base (self, base, data, self->timestamps ? get_line_size (data, size) : size, error);
  if (len > 0 && self->peer == peer)
    self->is_at_line = data[len - 1] == '\n';

  return len;
}

gssize
charflow_mux_output_write (CharflowMuxOutput *self,
                           CharflowBackend   *base,
                           const guint8      *data,
                           gsize              size,
                           GError           **error)
{
  guint peer = self->peer;
  gsize done = 0;

  if (self->is_writing)
    {
      set_would_block (error);
      return -1;
    }

  while (done < size && self->peer == peer)
    {
      g_autoptr (GError) failure = NULL;
      gssize len = write_part (self, base, data + done, size - done, &failure);

      if (len > 0)
        {
          done += (gsize) len;
          continue;
        }

      /* What is wrong after some were taken is said to the next call. */
      if (done > 0 || failure == NULL)
        break;

      g_propagate_error (error, g_steal_pointer (&failure));
      return -1;
    }

  return (gssize) done;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-backend-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-source-private.h"

/* How what the base of a multiplexer brings gets to its front ends, and what is commanded in it. */

/* One read of the base. */
#define READ_SIZE 4096
/* So many reads before other sources of the context get their turn; a front end that is full makes them short. */
#define MAX_READS_PER_TURN 1024
#define MAX_BYTES_PER_TURN 65536

/* Escapes. */

static void
add_key_name (GString *text,
              guint    key)
{
  if (key >= 1 && key <= 26)
    g_string_append_printf (text, "C-%c", 'a' + key - 1);
  else if (key > ' ' && key < 0x7f)
    g_string_append_c (text, key);
  else
    g_string_append_printf (text, "0x%02x", key);
}

static void
add_help_line (GString    *text,
               guint       escape_char,
               guint       key,
               const char *description)
{
  add_key_name (text, escape_char);
  g_string_append_c (text, ' ');
  add_key_name (text, key);
  g_string_append_printf (text, "  %s\r\n", description);
}

/* Whether the program does anything about x and s is not known, but that it looks at them. */
static void
write_help (CharflowMuxBackend *self)
{
  g_autoptr (GString) text = g_string_new ("\r\n");
  guint escape = self->escape_char;

  add_help_line (text, escape, 'h', _("print this help"));
  if (g_signal_has_handler_pending (self, charflow_mux_backend_signals[CHARFLOW_MUX_BACKEND_SIGNAL_ESCAPE_COMMAND], 0, TRUE))
    {
      add_help_line (text, escape, 'x', _("ask the program to end"));
      add_help_line (text, escape, 's', _("ask the program to save"));
    }
  add_help_line (text, escape, 'b', _("send a break"));
  add_help_line (text, escape, 'c', _("go to the next front end"));
  add_help_line (text, escape, 't', _("begin or end timestamps"));
  add_help_line (text, escape, escape, _("send the escape character"));

  charflow_mux_output_add_text (self->output, text->str);
  charflow_mux_output_flush (self->output, self->base, NULL);
  charflow_mux_backend_update_out_source (self);
}

void
charflow_mux_backend_break_focus (CharflowMuxBackend *self)
{
  g_autoptr (CharflowBackend) slot = self->focus == NULL ? NULL : g_object_ref (CHARFLOW_BACKEND (self->focus));

  if (slot != NULL)
    charflow_backend_emit_event (slot, CHARFLOW_EVENT_BREAK);
}

static void
deliver (CharflowMuxBackend *self,
         const guint8       *data,
         gsize               len)
{
  if (self->focus != NULL)
    charflow_mux_slot_put (self->focus, data, len);
}

static void
obey (CharflowMuxBackend *self,
      guint8              key)
{
  if (key == self->escape_char)
    deliver (self, &key, 1);
  else if (key == 'h' || key == '?')
    write_help (self);
  else if (key == 'b')
    charflow_mux_backend_break_focus (self);
  else if (key == 'c')
    charflow_mux_backend_focus_next (self);
  else if (key == 't')
    charflow_mux_backend_set_timestamps (self, !self->timestamps);
  else
    g_signal_emit (self, charflow_mux_backend_signals[CHARFLOW_MUX_BACKEND_SIGNAL_ESCAPE_COMMAND], 0, (guint) key);
}

/* Reading. */

/* There is room for all that is read wherever the escapes among it send it: only by the byte while somebody is full, so that
 * the one byte is either an escape, or for the one that has the focus. */
static gsize
get_read_size (CharflowMuxBackend *self)
{
  gsize size = self->focus == NULL ? READ_SIZE : MIN (READ_SIZE, charflow_mux_slot_get_room (self->focus));

  for (guint i = 0; i < self->slots->len && size > 0; i++)
    {
      CharflowMuxSlot *slot = charflow_mux_backend_get_slot (self, i);

      if (charflow_mux_slot_is_listening (slot))
        size = MIN (size, MAX (charflow_mux_slot_get_room (slot), 1));
    }

  return size;
}

static gboolean
has_listener (CharflowMuxBackend *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    if (charflow_mux_slot_is_listening (charflow_mux_backend_get_slot (self, i)))
      return TRUE;

  return FALSE;
}

static gboolean
wants_input (CharflowMuxBackend *self)
{
  return charflow_mux_backend_is_opened (self) && self->base != NULL && !self->reads_end &&
         has_listener (self) && get_read_size (self) > 0;
}

/* The handlers of what is among it may take the base away; then the rest is of somebody who has gone. */
static void
route (CharflowMuxBackend *self,
       const guint8       *data,
       gsize               len)
{
  guint peer = self->peer;
  gsize i = 0;

  while (i < len && self->peer == peer)
    {
      const guint8 *escape;
      gsize n;

      if (self->is_after_escape)
        {
          self->is_after_escape = FALSE;
          obey (self, data[i++]);
          continue;
        }

      escape = memchr (data + i, (int) self->escape_char, len - i);
      n = escape == NULL ? len - i : (gsize) (escape - data) - i;
      if (n > 0)
        deliver (self, data + i, n);
      self->is_after_escape = escape != NULL;
      i += n + (escape != NULL ? 1 : 0);
    }
}

void
charflow_mux_backend_tell_error (CharflowMuxBackend *self,
                                 const GError       *error)
{
  g_signal_emit (self, charflow_mux_backend_signals[CHARFLOW_MUX_BACKEND_SIGNAL_BACKEND_ERROR], 0, error);
}

/* Returns how much was read and routed, or 0 when there is no more now. */
static gsize
read_some (CharflowMuxBackend *self)
{
  g_autoptr (CharflowBackend) base = g_object_ref (self->base);
  g_autoptr (GError) error = NULL;
  guint8 buffer[READ_SIZE];
  guint peer = self->peer;
  gssize len = charflow_backend_read (base, buffer, get_read_size (self), &error);

  if (len > 0)
    {
      if (self->peer == peer)
        route (self, buffer, (gsize) len);
      return (gsize) len;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return 0;

  /* Its source would stay ready for ever. */
  if (self->peer == peer)
    self->reads_end = TRUE;
  if (error != NULL)
    charflow_mux_backend_tell_error (self, error);
  return 0;
}

static void
read_base (CharflowMuxBackend *self)
{
  g_autoptr (CharflowMuxBackend) guard = NULL;
  gsize total = 0;

  if (self->is_reading)
    return;

  guard = g_object_ref (self);
  self->is_reading = TRUE;
  for (guint i = 0; i < MAX_READS_PER_TURN && total < MAX_BYTES_PER_TURN && wants_input (self); i++)
    {
      gsize len = read_some (self);

      if (len == 0)
        break;
      total += len;
    }
  self->is_reading = FALSE;

  charflow_mux_backend_resume_input (self);
}

static gboolean
base_readable_cb (gpointer user_data)
{
  read_base (user_data);

  return G_SOURCE_CONTINUE;
}

void
charflow_mux_backend_resume_input (CharflowMuxBackend *self)
{
  if (!wants_input (self))
    {
      charflow_clear_source (&self->in_source);
      return;
    }
  if (self->in_source != NULL)
    return;

  self->in_source = charflow_backend_create_source (self->base, G_IO_IN);
  if (self->in_source == NULL)
    return;

  g_source_set_callback (self->in_source, base_readable_cb, self, NULL);
  g_source_attach (self->in_source, charflow_backend_get_context (CHARFLOW_BACKEND (self)));
}

void
charflow_mux_backend_poll_input (CharflowMuxBackend *self)
{
  if (self->in_source == NULL && wants_input (self))
    read_base (self);
}

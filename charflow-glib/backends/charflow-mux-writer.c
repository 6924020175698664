/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-backend-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-source-private.h"

/* How what the front ends of a multiplexer write gets to its base. */

/* The source of the first one may be dispatched after this one, in the same iteration; if it has not tried to write by the
 * one after that, it does not want to any more. */
static void
give_turn (CharflowMuxBackend *self)
{
  CharflowMuxSlot *first = g_queue_peek_head (&self->writers);

  if (first != NULL && self->turn == first && self->n_turns < 2)
    {
      self->n_turns++;
      return;
    }

  if (first != NULL && self->turn == first)
    g_queue_pop_head (&self->writers);
  self->turn = g_queue_peek_head (&self->writers);
  self->n_turns = 1;
}

static void
wake_writers (CharflowMuxBackend *self)
{
  for (GList *link = self->writers.head; link != NULL; link = link->next)
    charflow_mux_slot_set_writable (link->data, TRUE);
}

static gboolean
base_writable_cb (gpointer user_data)
{
  CharflowMuxBackend *self = user_data;
  g_autoptr (CharflowMuxBackend) guard = g_object_ref (self);

  charflow_mux_output_flush (self->output, self->base, NULL);

  give_turn (self);
  wake_writers (self);
  charflow_mux_backend_update_out_source (self);

  return G_SOURCE_CONTINUE;
}

static void
watch_base (CharflowMuxBackend *self)
{
  self->out_source = charflow_backend_create_source (self->base, G_IO_OUT);
  if (self->out_source == NULL)
    return;

  g_source_set_callback (self->out_source, base_writable_cb, self, NULL);
  g_source_attach (self->out_source, charflow_backend_get_context (CHARFLOW_BACKEND (self)));
}

void
charflow_mux_backend_update_out_source (CharflowMuxBackend *self)
{
  gboolean is_wanted = charflow_mux_backend_is_opened (self) && self->base != NULL &&
                       (self->writers.length > 0 || charflow_mux_output_has_text (self->output));

  if (!is_wanted)
    charflow_clear_source (&self->out_source);
  if (is_wanted && self->out_source == NULL)
    watch_base (self);

  /* Nobody else would ever wake them, so they need not wait for each other. */
  if (self->out_source == NULL && !charflow_mux_output_is_writing (self->output))
    {
      wake_writers (self);
      g_queue_clear (&self->writers);
      self->turn = NULL;
    }
}

void
charflow_mux_backend_forget_writer (CharflowMuxBackend *self,
                                    CharflowMuxSlot    *slot)
{
  g_queue_remove (&self->writers, slot);
  if (self->turn == slot)
    self->turn = NULL;
}

/* Who has written something goes behind the others; who could not keeps its place. */
static void
queue_writer (CharflowMuxBackend *self,
              CharflowMuxSlot    *slot,
              gboolean            has_written)
{
  if (has_written)
    charflow_mux_backend_forget_writer (self, slot);
  if (g_queue_find (&self->writers, slot) == NULL)
    g_queue_push_tail (&self->writers, slot);
  charflow_mux_slot_set_writable (slot, FALSE);
  charflow_mux_backend_update_out_source (self);
}

static gssize
would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("What was written before has not been taken"));
  return -1;
}

gssize
charflow_mux_backend_write_slot (CharflowMuxBackend *self,
                                 CharflowMuxSlot    *slot,
                                 const guint8       *data,
                                 gsize               size,
                                 GError            **error)
{
  g_autoptr (CharflowMuxBackend) guard = g_object_ref (self);
  g_autoptr (CharflowBackend) base = self->base == NULL ? NULL : g_object_ref (self->base);
  g_autoptr (GError) failure = NULL;
  gssize len;

  if (base == NULL || !charflow_mux_backend_is_opened (self) || charflow_mux_backend_get_index (self, slot) < 0)
    return would_block (error);

  if (self->turn == slot)
    self->turn = NULL;
  if (self->writers.length > 0 && g_queue_peek_head (&self->writers) != slot)
    {
      queue_writer (self, slot, FALSE);
      if (self->writers.length > 0)
        return would_block (error);
    }

  len = charflow_mux_output_write (self->output, base, data, size, &failure);
  if (charflow_mux_backend_get_index (self, slot) >= 0)
    {
      if (len >= 0 ? len < (gssize) size : g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        queue_writer (self, slot, len > 0);
      else
        charflow_mux_backend_forget_writer (self, slot);
    }
  charflow_mux_backend_update_out_source (self);
  if (len < 0)
    g_propagate_error (error, g_steal_pointer (&failure));

  return len;
}

gboolean
charflow_mux_backend_await_room (CharflowMuxBackend *self,
                                 CharflowMuxSlot    *slot)
{
  if (!charflow_mux_backend_is_opened (self) || charflow_mux_backend_get_index (self, slot) < 0)
    return FALSE;

  if (g_queue_find (&self->writers, slot) == NULL)
    queue_writer (self, slot, FALSE);

  return self->out_source != NULL || charflow_mux_output_is_writing (self->output);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-backend-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"

/* The front ends of a multiplexer: how they come, have it opened, and leave. */

struct _CharflowMuxSlotOpening
{
  CharflowMuxBackend *mux;
  GPtrArray *slots; /* CharflowMuxSlot */
};

CharflowMuxSlot *
charflow_mux_backend_get_slot (CharflowMuxBackend *self,
                               guint               index)
{
  return index < self->slots->len ? g_ptr_array_index (self->slots, index) : NULL;
}

int
charflow_mux_backend_get_index (CharflowMuxBackend *self,
                                CharflowMuxSlot    *slot)
{
  guint index;

  return slot != NULL && g_ptr_array_find (self->slots, slot, &index) ? (int) index : -1;
}

static void
slot_opening_free (CharflowMuxSlotOpening *opening)
{
  g_clear_object (&opening->mux);
  g_ptr_array_unref (opening->slots);
  g_free (opening);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowMuxSlotOpening, slot_opening_free)

static void
opened_for_slots_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr (CharflowMuxSlotOpening) opening = user_data;
  CharflowMuxBackend *self = opening->mux;
  g_autoptr (GError) error = NULL;
  gboolean is_open = charflow_backend_open_finish (CHARFLOW_BACKEND (source), result, &error);

  if (self->slot_opening == opening)
    {
      self->slot_opening = NULL;
      self->opened_for_slots = is_open;
    }
  /* The program opens it at the same time: then its event tells when data can flow. */
  if (g_error_matches (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN))
    g_clear_error (&error);

  while (opening->slots->len > 0)
    {
      g_autoptr (CharflowMuxSlot) slot = g_ptr_array_steal_index (opening->slots, 0);

      charflow_mux_slot_end_opening (slot, error);
    }
}

void
charflow_mux_backend_open_slot (CharflowMuxBackend *self,
                                CharflowMuxSlot    *slot)
{
  self->n_users++;
  if (charflow_backend_get_active (CHARFLOW_BACKEND (self)))
    {
      charflow_mux_slot_end_opening (slot, NULL);
      return;
    }

  if (self->slot_opening != NULL)
    {
      g_ptr_array_add (self->slot_opening->slots, g_object_ref (slot));
      return;
    }

  self->slot_opening = g_new0 (CharflowMuxSlotOpening, 1);
  self->slot_opening->mux = g_object_ref (self);
  self->slot_opening->slots = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (self->slot_opening->slots, g_object_ref (slot));
  charflow_backend_open_async (CHARFLOW_BACKEND (self), NULL, opened_for_slots_cb, self->slot_opening);
}

void
charflow_mux_backend_forget_opening (CharflowMuxBackend *self,
                                     CharflowMuxSlot    *slot)
{
  if (self->slot_opening != NULL)
    g_ptr_array_remove (self->slot_opening->slots, slot);
}

void
charflow_mux_backend_enter (CharflowMuxBackend *self,
                            CharflowMuxSlot    *slot)
{
  if (charflow_mux_backend_get_index (self, slot) < 0)
    return;

  charflow_mux_backend_set_focus (self, slot);
  charflow_mux_backend_resume_input (self);
}

void
charflow_mux_backend_leave (CharflowMuxBackend *self,
                            CharflowMuxSlot    *slot)
{
  g_autoptr (CharflowMuxBackend) guard = g_object_ref (self);
  gboolean is_theirs = self->opened_for_slots || self->slot_opening != NULL;

  self->n_users--;
  charflow_mux_backend_drop_focus (self, slot);
  charflow_mux_backend_forget_writer (self, slot);
  charflow_mux_backend_update_out_source (self);
  charflow_mux_backend_resume_input (self);
  if (self->n_users > 0 || !is_theirs)
    return;

  /* Its callback frees an opening that was given up. */
  self->slot_opening = NULL;
  self->opened_for_slots = FALSE;
  charflow_backend_close (CHARFLOW_BACKEND (self));
}

CharflowBackend *
charflow_mux_backend_attach (CharflowBackend *backend,
                             GError         **error)
{
  CharflowMuxBackend *self = CHARFLOW_MUX_BACKEND (backend);
  CharflowMuxSlot *slot = NULL;
  guint i = 0;

  while (i < self->slots->len && charflow_mux_backend_get_slot (self, i) != NULL)
    i++;
  if (i < self->max_front_ends)
    slot = charflow_mux_slot_new (self, (gsize) self->ring_size + self->look_ahead);
  if (slot == NULL)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY,
                   _("The multiplexer '%s' has no place for more than %u front ends"),
                   charflow_backend_get_name (backend), i);
      return NULL;
    }

  if (i == self->slots->len)
    g_ptr_array_add (self->slots, slot);
  else
    self->slots->pdata[i] = slot;
  charflow_mux_backend_copy_looks (self->base, CHARFLOW_BACKEND (slot));
  g_object_notify (G_OBJECT (self), "n-front-ends");

  return CHARFLOW_BACKEND (slot);
}

void
charflow_mux_backend_remove_slot (CharflowMuxBackend *self,
                                  CharflowMuxSlot    *slot)
{
  int index = charflow_mux_backend_get_index (self, slot);

  if (index < 0)
    return;

  charflow_mux_backend_drop_focus (self, slot);
  charflow_mux_backend_forget_writer (self, slot);
  self->slots->pdata[index] = NULL;
  charflow_mux_backend_update_out_source (self);
  charflow_mux_backend_resume_input (self);
  charflow_mux_backend_update_front_end_open (self);
  charflow_mux_backend_notify_later (self);
  charflow_backend_tell_release (CHARFLOW_BACKEND (self));
}

void
charflow_mux_backend_update_front_end_open (CharflowMuxBackend *self)
{
  gboolean is_open = FALSE;

  for (guint i = 0; i < self->slots->len; i++)
    {
      CharflowMuxSlot *slot = charflow_mux_backend_get_slot (self, i);

      is_open = is_open || (slot != NULL && charflow_mux_slot_get_front_end_open (slot));
    }
  if (self->front_end_open == is_open)
    return;

  self->front_end_open = is_open;
  if (self->base != NULL)
    charflow_backend_set_front_end_open (self->base, is_open);
}

/**
 * charflow_mux_backend_get_n_front_ends:
 * @self: a multiplexer
 *
 * Gets how many front ends there are.
 *
 * Returns: their number
 *
 * Since: 1.0
 */
guint
charflow_mux_backend_get_n_front_ends (CharflowMuxBackend *self)
{
  guint n = 0;

  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), 0);

  for (guint i = 0; i < self->slots->len; i++)
    n += charflow_mux_backend_get_slot (self, i) != NULL ? 1 : 0;

  return n;
}

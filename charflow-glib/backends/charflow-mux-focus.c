/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-backend-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-source-private.h"

/* Which front end of a multiplexer has the focus. */

/* A handler may move the focus on; whoever is told that it has it is told that it has it no more. */
static void
tell_focus (CharflowMuxBackend *self)
{
  if (self->is_telling_focus)
    return;

  self->is_telling_focus = TRUE;
  while (self->told_focus != self->focus)
    {
      g_autoptr (CharflowBackend) slot = NULL;

      if (self->told_focus != NULL)
        {
          slot = g_object_ref (CHARFLOW_BACKEND (self->told_focus));
          self->told_focus = NULL;
          charflow_backend_emit_event (slot, CHARFLOW_EVENT_MUX_OUT);
          continue;
        }

      slot = g_object_ref (CHARFLOW_BACKEND (self->focus));
      self->told_focus = self->focus;
      charflow_backend_emit_event (slot, CHARFLOW_EVENT_MUX_IN);
    }
  self->is_telling_focus = FALSE;
}

void
charflow_mux_backend_set_focus (CharflowMuxBackend *self,
                                CharflowMuxSlot    *slot)
{
  g_autoptr (CharflowMuxBackend) guard = NULL;

  if (self->focus == slot)
    return;

  guard = g_object_ref (self);
  self->focus = slot;
  self->last_focus = (guint) charflow_mux_backend_get_index (self, slot);
  tell_focus (self);
  g_object_notify (G_OBJECT (self), "focus");
  charflow_mux_backend_resume_input (self);
}

static gboolean
notify_cb (gpointer user_data)
{
  CharflowMuxBackend *self = user_data;
  g_autoptr (CharflowMuxBackend) guard = g_object_ref (self);

  charflow_clear_source (&self->notify_source);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify (G_OBJECT (self), "n-front-ends");
  g_object_notify (G_OBJECT (self), "focus");
  g_object_thaw_notify (G_OBJECT (self));

  return G_SOURCE_REMOVE;
}

/* A front end that lets go is in the middle of something, where no handler is to interfere. */
void
charflow_mux_backend_notify_later (CharflowMuxBackend *self)
{
  if (self->notify_source != NULL)
    return;

  self->notify_source = g_idle_source_new ();
  g_source_set_priority (self->notify_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->notify_source, notify_cb, self, NULL);
  g_source_attach (self->notify_source, charflow_backend_get_context (CHARFLOW_BACKEND (self)));
}

void
charflow_mux_backend_drop_focus (CharflowMuxBackend *self,
                                 CharflowMuxSlot    *slot)
{
  if (self->told_focus == slot)
    self->told_focus = NULL;
  if (self->focus != slot)
    return;

  self->focus = NULL;
  charflow_mux_backend_notify_later (self);
}

/**
 * charflow_mux_backend_get_focus:
 * @self: a multiplexer
 *
 * Gets the index of the front end that gets what the base brings, or -1 when none does.
 *
 * Returns: the index
 *
 * Since: 1.0
 */
int
charflow_mux_backend_get_focus (CharflowMuxBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), -1);

  return charflow_mux_backend_get_index (self, self->focus);
}

/**
 * charflow_mux_backend_lookup_front_end:
 * @self: a multiplexer
 * @front_end: a device
 *
 * Gets the index of a device, or of another multiplexer, that has this one as its back end.
 *
 * Returns: the index, or -1 when it is none of the front ends
 *
 * Since: 1.0
 */
int
charflow_mux_backend_lookup_front_end (CharflowMuxBackend *self,
                                       GObject            *front_end)
{
  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), -1);
  g_return_val_if_fail (G_IS_OBJECT (front_end), -1);

  for (guint i = 0; i < self->slots->len; i++)
    {
      CharflowMuxSlot *slot = charflow_mux_backend_get_slot (self, i);

      if (slot != NULL && charflow_backend_get_owner (CHARFLOW_BACKEND (slot)) == front_end)
        return (int) i;
    }

  return -1;
}

/**
 * charflow_mux_backend_focus_front_end:
 * @self: a multiplexer
 * @index: the index of a front end
 * @error: return location for a #GError
 *
 * Gives the focus to a front end.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_FOUND when there is none of this index, and with
 * %CHARFLOW_BACKEND_ERROR_NOT_OPEN when its device has not been started.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_mux_backend_focus_front_end (CharflowMuxBackend *self,
                                      guint               index,
                                      GError            **error)
{
  CharflowMuxSlot *slot;

  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), FALSE);

  slot = charflow_mux_backend_get_slot (self, index);
  if (slot == NULL)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_FOUND,
                   _("The multiplexer '%s' has no front end %u"),
                   charflow_backend_get_name (CHARFLOW_BACKEND (self)), index);
      return FALSE;
    }
  if (!charflow_backend_check_active (CHARFLOW_BACKEND (slot), error))
    return FALSE;

  charflow_mux_backend_set_focus (self, slot);
  return TRUE;
}

/**
 * charflow_mux_backend_focus_next:
 * @self: a multiplexer
 *
 * Gives the focus to the next front end that listens, in a circle, as the other side does by the escape character and
 * `c`.
 *
 * Since: 1.0
 */
void
charflow_mux_backend_focus_next (CharflowMuxBackend *self)
{
  g_return_if_fail (CHARFLOW_IS_MUX_BACKEND (self));

  for (guint i = 1; i <= self->slots->len; i++)
    {
      CharflowMuxSlot *slot = charflow_mux_backend_get_slot (self, (self->last_focus + i) % self->slots->len);

      if (charflow_mux_slot_is_listening (slot))
        {
          charflow_mux_backend_set_focus (self, slot);
          return;
        }
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-backend-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-source-private.h"

/* The base of a multiplexer: how it is opened, changed and let go of, and what it tells. */

/* One opening of the base. It may take for ever, and must not keep the multiplexer that long. */
typedef struct
{
  GWeakRef mux;
  GTask *task; /* the opening of the multiplexer itself, or NULL when it is open and has got another base */
  guint serial;
} BaseOpening;

gboolean
charflow_mux_backend_is_opened (CharflowMuxBackend *self)
{
  return charflow_backend_is_opened (CHARFLOW_BACKEND (self));
}

/* The other side. */

void
charflow_mux_backend_forget_peer (CharflowMuxBackend *self)
{
  self->peer++;
  self->reads_end = FALSE;
  self->is_after_escape = FALSE;
  charflow_clear_source (&self->in_source);
  charflow_clear_source (&self->out_source);
  g_queue_clear (&self->writers);
  self->turn = NULL;
  charflow_mux_output_reset (self->output);
}

/* To all who are there, whatever a handler does meanwhile. */
static void
tell_slots (CharflowMuxBackend *self,
            CharflowEvent       event)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      CharflowMuxSlot *slot = charflow_mux_backend_get_slot (self, i);
      g_autoptr (CharflowMuxSlot) guard = slot == NULL ? NULL : g_object_ref (slot);

      if (slot == NULL)
        continue;
      if (event != CHARFLOW_EVENT_BREAK)
        charflow_mux_slot_set_opened (slot, charflow_mux_backend_is_opened (self));
      else if (charflow_mux_slot_is_listening (slot))
        charflow_backend_emit_event (CHARFLOW_BACKEND (slot), event);
    }
}

/* Of the multiplexer itself. */
void
charflow_mux_backend_route_event (CharflowMuxBackend *self,
                                  CharflowEvent       event)
{
  if (event == CHARFLOW_EVENT_OPENED || event == CHARFLOW_EVENT_CLOSED)
    {
      charflow_mux_backend_forget_peer (self);
      tell_slots (self, event);
      charflow_mux_backend_resume_input (self);
    }
  else if (event == CHARFLOW_EVENT_BREAK)
    {
      charflow_mux_backend_break_focus (self);
    }
}

static void
base_event_cb (CharflowBackend    *base,
               CharflowEvent       event,
               CharflowMuxBackend *self)
{
  g_autoptr (CharflowMuxBackend) guard = g_object_ref (self);

  if (event == CHARFLOW_EVENT_OPENED || event == CHARFLOW_EVENT_CLOSED)
    charflow_backend_emit_event (CHARFLOW_BACKEND (self), event);
  else if (event == CHARFLOW_EVENT_BREAK)
    tell_slots (self, event);
}

/* Descriptors are not passed on: nobody could say whose they are. */
void
charflow_mux_backend_copy_looks (CharflowBackend *from,
                                 CharflowBackend *to)
{
  g_autofree char *uri = from == NULL ? NULL : charflow_backend_get_uri (from);
  CharflowFeatures features = from == NULL ? CHARFLOW_FEATURE_NONE : charflow_backend_get_features (from);

  features &= ~CHARFLOW_FEATURE_FD_PASS;
  charflow_backend_set_uri (to, uri);
  charflow_backend_add_features (to, features);
  charflow_backend_drop_features (to, ~features);
  charflow_backend_note_modem_lines (to, from == NULL ? CHARFLOW_MODEM_LINES_NONE : charflow_backend_get_modem_lines (from));
}

void
charflow_mux_backend_follow_base (CharflowMuxBackend *self)
{
  g_autoptr (CharflowBackend) base = self->base == NULL ? NULL : g_object_ref (self->base);

  charflow_mux_backend_copy_looks (base, CHARFLOW_BACKEND (self));
  for (guint i = 0; i < self->slots->len; i++)
    {
      CharflowMuxSlot *slot = charflow_mux_backend_get_slot (self, i);
      g_autoptr (CharflowMuxSlot) guard = slot == NULL ? NULL : g_object_ref (slot);

      if (slot != NULL)
        charflow_mux_backend_copy_looks (base, CHARFLOW_BACKEND (slot));
    }
}

static void
base_notify_cb (CharflowBackend    *base,
                GParamSpec         *pspec,
                CharflowMuxBackend *self)
{
  g_autoptr (CharflowMuxBackend) guard = NULL;

  /* Those of subclasses may change with every byte. */
  if (pspec->owner_type != CHARFLOW_TYPE_BACKEND)
    return;

  guard = g_object_ref (self);
  charflow_mux_backend_follow_base (self);
}

/* The base. */

/* Several multiplexers may be one above the other, but not in a circle. */
static gboolean
check_no_circle (CharflowMuxBackend *self,
                 CharflowBackend    *backend,
                 GError            **error)
{
  while (backend != NULL && CHARFLOW_IS_MUX_BACKEND (backend))
    {
      if (backend == CHARFLOW_BACKEND (self))
        {
          g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
                       _("The multiplexer '%s' cannot have itself as its base"),
                       charflow_backend_get_name (CHARFLOW_BACKEND (self)));
          return FALSE;
        }
      backend = CHARFLOW_MUX_BACKEND (backend)->given;
    }

  return TRUE;
}

gboolean
charflow_mux_backend_claim_base (CharflowMuxBackend *self,
                                 CharflowBackend    *backend,
                                 CharflowBackend   **part,
                                 GError            **error)
{
  *part = NULL;
  if (backend == NULL)
    return TRUE;
  if (!check_no_circle (self, backend, error))
    return FALSE;

  *part = charflow_backend_claim (backend, self, error);
  return *part != NULL;
}

/* Returns the base if it was opened here. */
CharflowBackend *
charflow_mux_backend_release_base (CharflowMuxBackend *self)
{
  g_autoptr (CharflowBackend) given = g_steal_pointer (&self->given);
  g_autoptr (CharflowBackend) base = g_steal_pointer (&self->base);
  gboolean is_ours = self->base_is_ours;

  self->base_serial++;
  self->opening_serial++;
  self->base_is_ours = FALSE;
  charflow_mux_backend_forget_peer (self);
  if (base == NULL)
    return NULL;

  g_clear_signal_handler (&self->base_event_handler, base);
  g_clear_signal_handler (&self->base_notify_handler, base);
  if (self->front_end_open)
    charflow_backend_set_front_end_open (base, FALSE);
  charflow_backend_release (base, self);

  return is_ours ? g_steal_pointer (&base) : NULL;
}

void
charflow_mux_backend_take_base (CharflowMuxBackend *self,
                                CharflowBackend    *given,
                                CharflowBackend    *part)
{
  g_set_object (&self->given, given);
  g_set_object (&self->base, part);
  if (part == NULL)
    return;

  self->base_event_handler = g_signal_connect (part, "event", G_CALLBACK (base_event_cb), self);
  self->base_notify_handler = g_signal_connect (part, "notify", G_CALLBACK (base_notify_cb), self);
  if (self->front_end_open)
    charflow_backend_set_front_end_open (part, TRUE);
}

static void
base_opening_free (BaseOpening *opening)
{
  g_weak_ref_clear (&opening->mux);
  g_clear_object (&opening->task);
  g_free (opening);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BaseOpening, base_opening_free)

/* The front ends have set the old one, and do not know that there is another. */
static void
restore_line (CharflowMuxBackend *self,
              CharflowBackend    *base)
{
  g_autoptr (GError) error = NULL;

  if (!self->echo)
    charflow_backend_set_echo (base, FALSE);
  if (self->settings != NULL && !charflow_backend_set_serial_settings (base, self->settings, &error))
    g_debug ("Settings for another base: %s", error->message);
}

static void
base_is_ready (CharflowMuxBackend *self,
               GTask              *task)
{
  g_autoptr (CharflowBackend) base = g_object_ref (self->base);

  restore_line (self, base);
  if (self->base == base && charflow_backend_is_opened (base))
    charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
base_opened_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (BaseOpening) opening = user_data;
  g_autoptr (CharflowMuxBackend) self = g_weak_ref_get (&opening->mux);
  g_autoptr (GError) error = NULL;
  gboolean is_open = charflow_backend_open_finish (CHARFLOW_BACKEND (source), result, &error);

  if (self == NULL)
    return;

  /* It was closed meanwhile, because there is another base, or else the multiplexer was closed too. */
  if (self->opening_serial != opening->serial)
    {
      if (opening->task != NULL)
        charflow_mux_backend_open_base (self, opening->task);
      return;
    }

  /* The program opens it at the same time: then its event tells when data can flow. */
  if (!is_open)
    self->base_is_ours = FALSE;
  if (is_open || g_error_matches (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN))
    base_is_ready (self, opening->task);
  else if (opening->task != NULL)
    g_task_return_error (opening->task, g_steal_pointer (&error));
  else
    charflow_mux_backend_tell_error (self, error);
}

void
charflow_mux_backend_open_base (CharflowMuxBackend *self,
                                GTask              *task)
{
  BaseOpening *opening;

  if (self->base == NULL)
    {
      if (task != NULL)
        g_task_return_new_error (task, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                                 _("The multiplexer '%s' has no base"),
                                 charflow_backend_get_name (CHARFLOW_BACKEND (self)));
      return;
    }
  if (charflow_backend_get_active (self->base))
    {
      base_is_ready (self, task);
      return;
    }

  opening = g_new0 (BaseOpening, 1);
  g_weak_ref_init (&opening->mux, self);
  opening->task = task == NULL ? NULL : g_object_ref (task);
  opening->serial = self->opening_serial;
  self->base_is_ours = TRUE;
  charflow_backend_open_async (self->base, task == NULL ? NULL : g_task_get_cancellable (task), base_opened_cb, opening);
}

void
charflow_mux_backend_close_base (CharflowMuxBackend *self)
{
  g_autoptr (CharflowBackend) base = NULL;

  if (!self->base_is_ours)
    return;

  self->base_is_ours = FALSE;
  self->opening_serial++;
  base = g_object_ref (self->base);
  charflow_backend_close (base);
}

/* Errors may be told to handlers that change the base themselves: the last one counts. */
static void
hand_over_tap (CharflowMuxBackend *self,
               CharflowBackend    *old,
               CharflowBackend    *given,
               CharflowBackend    *part)
{
  g_autoptr (GError) log_error = NULL;
  g_autoptr (GError) recorder_error = NULL;

  charflow_backend_tap_hand_over_log (old, given, part, &log_error);
  charflow_backend_tap_hand_over_recorder (old, given, part, &recorder_error);
  if (log_error != NULL)
    charflow_mux_backend_tell_error (self, log_error);
  if (recorder_error != NULL)
    charflow_mux_backend_tell_error (self, recorder_error);
}

/**
 * charflow_mux_backend_get_backend:
 * @self: a multiplexer
 *
 * Gets the base: the back end that the front ends share.
 *
 * Returns: (transfer none) (nullable): the base, or %NULL when there is none
 *
 * Since: 1.0
 */
CharflowBackend *
charflow_mux_backend_get_backend (CharflowMuxBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), NULL);

  return self->given;
}

/**
 * charflow_mux_backend_set_backend:
 * @self: a multiplexer
 * @backend: (nullable): the new base, or %NULL for none
 * @error: return location for a #GError
 *
 * Changes the base; front ends stay where they are, and the one that has the focus keeps it. They are told that the other
 * side has gone, where it was there, and that it has come, where that of the new one is there.
 *
 * Where the multiplexer is open, the new one is opened if it is not open yet; if that fails,
 * #CharflowMuxBackend::backend-error says why. The old one is closed if it was opened by the multiplexer. Its log and its
 * recorder go over to a new one that has none, as with charflow_char_device_set_backend().
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_BUSY when somebody else has the new one, and with
 * %CHARFLOW_BACKEND_ERROR_INCOMPATIBLE when it would have itself as its base in the end; then the old one stays.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_mux_backend_set_backend (CharflowMuxBackend *self,
                                  CharflowBackend    *backend,
                                  GError            **error)
{
  g_autoptr (CharflowMuxBackend) guard = NULL;
  g_autoptr (CharflowBackend) part = NULL;
  g_autoptr (CharflowBackend) old = NULL;
  g_autoptr (CharflowBackend) to_close = NULL;
  guint serial;

  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), FALSE);
  g_return_val_if_fail (backend == NULL || CHARFLOW_IS_BACKEND (backend), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->given == backend && (backend == NULL || self->base != NULL))
    return TRUE;
  if (!charflow_mux_backend_claim_base (self, backend, &part, error))
    return FALSE;

  guard = g_object_ref (self);
  g_set_object (&old, self->base);
  to_close = charflow_mux_backend_release_base (self);
  serial = self->base_serial;
  charflow_mux_backend_take_base (self, backend, part);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_CLOSED);
  if (old != NULL && part != NULL && self->base_serial == serial)
    hand_over_tap (self, old, backend, part);
  if (to_close != NULL)
    charflow_backend_close (to_close);
  if (self->base_serial != serial)
    return TRUE;

  g_object_notify (G_OBJECT (self), "backend");
  charflow_mux_backend_follow_base (self);
  if (self->base_serial == serial && charflow_backend_get_active (CHARFLOW_BACKEND (self)))
    charflow_mux_backend_open_base (self, NULL);

  return TRUE;
}

CharflowBackend *
charflow_mux_backend_get_base (CharflowMuxBackend *self,
                               GError            **error)
{
  if (self->base == NULL)
    g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN,
                 _("The back end '%s' is not open"), charflow_backend_get_name (CHARFLOW_BACKEND (self)));

  return self->base;
}

void
charflow_mux_backend_set_base_echo (CharflowMuxBackend *self,
                                    gboolean            echo)
{
  self->echo = echo;
  if (self->base != NULL)
    charflow_backend_set_echo (self->base, echo);
}

gboolean
charflow_mux_backend_set_base_settings (CharflowMuxBackend     *self,
                                        CharflowSerialSettings *settings,
                                        GError                **error)
{
  CharflowBackend *base = charflow_mux_backend_get_base (self, error);

  if (base == NULL || !charflow_backend_set_serial_settings (base, settings, error))
    return FALSE;

  charflow_serial_settings_ref (settings);
  g_clear_pointer (&self->settings, charflow_serial_settings_unref);
  self->settings = settings;
  return TRUE;
}

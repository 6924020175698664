/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backend.h"

#include "charflow-backend-private.h"
#include "charflow-log-private.h"
#include "charflow-recorder-private.h"

/* Who looks on at what passes through a back end: its log and its recorder. */

static CharflowBackendTap *
ensure_tap (CharflowBackend *self)
{
  CharflowBackendTap **tap = charflow_backend_get_tap (self);

  if (*tap == NULL)
    *tap = g_new0 (CharflowBackendTap, 1);

  return *tap;
}

/* The data path asks only whether there is a tap. */
static void
drop_tap_if_unused (CharflowBackend *self)
{
  CharflowBackendTap **tap = charflow_backend_get_tap (self);

  if ((*tap)->log == NULL && (*tap)->recorder == NULL)
    g_clear_pointer (tap, g_free);
}

static void
release_log (CharflowBackendTap *tap)
{
  if (tap->holds_log)
    charflow_log_release (tap->log);
  tap->holds_log = FALSE;
}

gboolean
charflow_backend_tap_open (CharflowBackend *self,
                           GError         **error)
{
  CharflowBackendTap *tap = *charflow_backend_get_tap (self);

  if (tap == NULL)
    return TRUE;

  if (tap->log != NULL && !charflow_log_hold (tap->log, error))
    return FALSE;
  tap->holds_log = tap->log != NULL;

  if (tap->recorder == NULL || charflow_recorder_ensure_open (tap->recorder, error))
    return TRUE;

  release_log (tap);
  return FALSE;
}

void
charflow_backend_tap_close (CharflowBackend *self)
{
  CharflowBackendTap *tap = *charflow_backend_get_tap (self);

  if (tap == NULL)
    return;

  release_log (tap);
  if (tap->recorder != NULL)
    charflow_recorder_flush (tap->recorder);
}

void
charflow_backend_tap_clear (CharflowBackend *self)
{
  CharflowBackendTap **tap = charflow_backend_get_tap (self);

  if (*tap == NULL)
    return;

  release_log (*tap);
  g_clear_object (&(*tap)->log);
  g_clear_object (&(*tap)->recorder);
  g_clear_pointer (tap, g_free);
}

void
charflow_backend_tap_input (CharflowBackend    *self,
                            CharflowBackendTap *tap,
                            const guint8       *data,
                            gsize               size)
{
  if (tap->holds_log)
    charflow_log_write (tap->log, CHARFLOW_LOG_DIRECTIONS_INPUT, data, size);
  if (tap->recorder != NULL)
    charflow_recorder_add_bytes (tap->recorder, charflow_backend_get_name (self), CHARFLOW_RECORD_INPUT, data, size);
}

void
charflow_backend_tap_output (CharflowBackend    *self,
                             CharflowBackendTap *tap,
                             const guint8       *data,
                             gsize               size)
{
  if (tap->holds_log)
    charflow_log_write (tap->log, CHARFLOW_LOG_DIRECTIONS_OUTPUT, data, size);
  if (tap->recorder != NULL)
    charflow_recorder_add_bytes (tap->recorder, charflow_backend_get_name (self), CHARFLOW_RECORD_OUTPUT, data, size);
}

void
charflow_backend_tap_event (CharflowBackend    *self,
                            CharflowBackendTap *tap,
                            CharflowEvent       event)
{
  if (tap->recorder != NULL)
    charflow_recorder_add_event (tap->recorder, charflow_backend_get_name (self), event);
}

/**
 * charflow_backend_get_log:
 * @self: a back end
 *
 * Gets where the bytes that pass are written.
 *
 * Returns: (transfer none) (nullable): the log, or %NULL when there is none
 *
 * Since: 1.0
 */
CharflowLog *
charflow_backend_get_log (CharflowBackend *self)
{
  CharflowBackendTap *tap;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);

  tap = *charflow_backend_get_tap (self);
  return tap != NULL ? tap->log : NULL;
}

/**
 * charflow_backend_set_log:
 * @self: a back end
 * @log: (nullable): the log, or %NULL for none
 * @error: return location for a #GError
 *
 * Sets where the bytes that pass from now on are written.
 *
 * Several back ends may have the same log. That of a back end that is open already is opened by this, unless another one has
 * it open; what another one has logged there stays. Fails with errors of the system; then the log before stays. A back end
 * that is not open cannot fail.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_set_log (CharflowBackend *self,
                          CharflowLog     *log,
                          GError         **error)
{
  g_autoptr (CharflowLog) old_log = NULL;
  CharflowBackendTap *tap;
  gboolean holds;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (log == NULL || CHARFLOW_IS_LOG (log), FALSE);

  if (charflow_backend_get_log (self) == log)
    return TRUE;

  holds = log != NULL && charflow_backend_is_in_use (self);
  if (holds && !charflow_log_hold (log, error))
    return FALSE;

  tap = ensure_tap (self);
  release_log (tap);
  old_log = g_steal_pointer (&tap->log);
  tap->holds_log = holds;
  tap->log = log != NULL ? g_object_ref (log) : NULL;
  drop_tap_if_unused (self);
  g_object_notify (G_OBJECT (self), "log");
  return TRUE;
}

/**
 * charflow_backend_get_recorder:
 * @self: a back end
 *
 * Gets what records all that happens.
 *
 * Returns: (transfer none) (nullable): the recorder, or %NULL when there is none
 *
 * Since: 1.0
 */
CharflowRecorder *
charflow_backend_get_recorder (CharflowBackend *self)
{
  CharflowBackendTap *tap;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);

  tap = *charflow_backend_get_tap (self);
  return tap != NULL ? tap->recorder : NULL;
}

static void
record_event (CharflowBackend *self,
              CharflowEvent    event)
{
  CharflowBackendTap *tap = *charflow_backend_get_tap (self);

  if (tap != NULL && charflow_backend_is_opened (self))
    charflow_backend_tap_event (self, tap, event);
}

/**
 * charflow_backend_set_recorder:
 * @self: a back end
 * @recorder: (nullable): the recorder, or %NULL for none
 * @error: return location for a #GError
 *
 * Sets what records all that happens from now on. While there is one, the back end has %CHARFLOW_FEATURE_RECORDED.
 *
 * Several back ends may have the same recorder. That of a back end that is open already is opened by this, if it has never
 * been. Where the other side is there, it comes in the new record at this moment, and goes in the old one. Fails with errors
 * of charflow_recorder_open(); then the recorder before stays. A back end that is not open cannot fail.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_set_recorder (CharflowBackend  *self,
                               CharflowRecorder *recorder,
                               GError          **error)
{
  g_autoptr (CharflowRecorder) old_recorder = NULL;
  CharflowFeatures old_features;
  CharflowBackendTap *tap;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (recorder == NULL || CHARFLOW_IS_RECORDER (recorder), FALSE);

  if (charflow_backend_get_recorder (self) == recorder)
    return TRUE;

  if (recorder != NULL && charflow_backend_is_in_use (self) && !charflow_recorder_ensure_open (recorder, error))
    return FALSE;

  old_features = charflow_backend_get_features (self);
  record_event (self, CHARFLOW_EVENT_CLOSED);
  tap = ensure_tap (self);
  old_recorder = g_steal_pointer (&tap->recorder);
  tap->recorder = recorder != NULL ? g_object_ref (recorder) : NULL;
  drop_tap_if_unused (self);
  record_event (self, CHARFLOW_EVENT_OPENED);

  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify (G_OBJECT (self), "recorder");
  if (charflow_backend_get_features (self) != old_features)
    g_object_notify (G_OBJECT (self), "features");
  g_object_thaw_notify (G_OBJECT (self));
  return TRUE;
}

gboolean
charflow_backend_tap_hand_over_log (CharflowBackend *old,
                                    CharflowBackend *given,
                                    CharflowBackend *part,
                                    GError         **error)
{
  CharflowLog *log = charflow_backend_get_log (old);

  if (log == NULL || charflow_backend_get_log (given) != NULL || charflow_backend_get_log (part) != NULL)
    return TRUE;

  /* The new one has it before the old one loses it, so that the file stays open all the time. */
  return charflow_backend_set_log (part, log, error) && charflow_backend_set_log (old, NULL, error);
}

gboolean
charflow_backend_tap_hand_over_recorder (CharflowBackend *old,
                                         CharflowBackend *given,
                                         CharflowBackend *part,
                                         GError         **error)
{
  g_autoptr (CharflowRecorder) recorder = NULL;

  g_set_object (&recorder, charflow_backend_get_recorder (old));
  if (recorder == NULL || charflow_backend_get_recorder (given) != NULL || charflow_backend_get_recorder (part) != NULL)
    return TRUE;

  /* The old one loses it first: where both have one label, the record is of one back end, of which the other side goes
   * first and comes then. */
  return charflow_backend_set_recorder (old, NULL, error) && charflow_backend_set_recorder (part, recorder, error);
}

void
charflow_backend_tap_set_log_property (CharflowBackend *self,
                                       CharflowLog     *log)
{
  g_autoptr (GError) error = NULL;

  if (!charflow_backend_set_log (self, log, &error))
    charflow_log_tell (log, error);
}

void
charflow_backend_tap_set_recorder_property (CharflowBackend  *self,
                                            CharflowRecorder *recorder)
{
  g_autoptr (GError) error = NULL;

  if (!charflow_backend_set_recorder (self, recorder, &error))
    charflow_recorder_tell (recorder, error);
}

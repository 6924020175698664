/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-source-private.h"

/* The change of a device's back end. One that is not open yet is opened first, and the old one serves until then: a
 * change that fails has changed nothing. */

struct _CharflowBackendChange
{
  GWeakRef device; /* the opening may take for ever, and must not keep it that long */
  CharflowBackend *given;
  CharflowBackend *part;
  GTask *task; /* who waits for it, or NULL */
  GSource *cancel_source;
  gboolean closed_old; /* which was in the way of the new one */
};

static void
change_free (CharflowBackendChange *change)
{
  g_assert (change->task == NULL);

  charflow_clear_source (&change->cancel_source);
  g_weak_ref_clear (&change->device);
  g_clear_object (&change->given);
  g_clear_object (&change->part);
  g_free (change);
}

static gboolean
ask_handlers (CharflowCharDevice *self,
              CharflowBackend    *backend,
              GError            **error)
{
  gboolean accepted = TRUE;

  if (!g_signal_has_handler_pending (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_CHANGED], 0, TRUE))
    return TRUE;

  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_CHANGED], 0, backend, &accepted);
  if (!accepted)
    g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_REFUSED,
                         _("A handler refused the new back end"));

  return accepted;
}

static void
hand_over_tap (CharflowCharDevice *self,
               CharflowBackend    *old,
               CharflowBackend    *given,
               CharflowBackend    *part)
{
  g_autoptr (GError) log_error = NULL;
  g_autoptr (GError) recorder_error = NULL;

  if (!charflow_backend_tap_hand_over_log (old, given, part, &log_error))
    charflow_char_device_tell_error (self, log_error);
  if (!charflow_backend_tap_hand_over_recorder (old, given, part, &recorder_error))
    charflow_char_device_tell_error (self, recorder_error);
}

static void
switch_backend (CharflowCharDevice *self,
                CharflowBackend    *given,
                CharflowBackend    *part,
                gboolean            opened_here)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  gboolean was_opened = charflow_char_device_is_open (priv);
  g_autoptr (CharflowBackend) old = priv->backend != NULL ? g_object_ref (priv->backend) : NULL;
  g_autoptr (CharflowBackend) to_close = charflow_char_device_release_backend (self);

  if (part != NULL)
    charflow_char_device_take_backend (self, given, part, opened_here);
  if (old != NULL && part != NULL)
    hand_over_tap (self, old, given, part);
  g_object_notify (G_OBJECT (self), "backend");
  charflow_char_device_settle_unread_end (self);
  if (!priv->keep_unwritten)
    charflow_char_device_drop_writes (self);
  charflow_char_device_tell_change (self, part, was_opened);
  if (to_close != NULL)
    charflow_backend_close (to_close);
  charflow_char_device_open_backend (self);
  charflow_char_device_wakeup (self);
}

/* Takes a change that has ended, or is to end, off the device. */
static GTask *
end_change (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  CharflowBackendChange *change = g_steal_pointer (&priv->change);

  charflow_clear_source (&change->cancel_source);
  return g_steal_pointer (&change->task);
}

static void
undo_change (CharflowCharDevice    *self,
             CharflowBackendChange *change)
{
  charflow_backend_release (change->part, self);
  /* It has been closed for nothing. */
  if (change->closed_old)
    charflow_char_device_open_backend (self);
}

static void
change_opened_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  CharflowBackendChange *change = user_data;
  g_autoptr (CharflowCharDevice) self = g_weak_ref_get (&change->device);
  g_autoptr (GError) error = NULL;
  gboolean opened_here = charflow_backend_open_finish (CHARFLOW_BACKEND (source), result, &error);

  /* Otherwise it was given up meanwhile, and the back end closed. */
  if (self != NULL && charflow_char_device_get_private (self)->change == change)
    {
      g_autoptr (GTask) task = end_change (self);

      /* Where the program opens it at the same time, its event tells when data can flow. */
      if (opened_here || g_error_matches (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN))
        {
          switch_backend (self, change->given, change->part, opened_here);
          if (task != NULL)
            g_task_return_boolean (task, TRUE);
        }
      else
        {
          undo_change (self, change);
          if (task != NULL)
            g_task_return_error (task, g_steal_pointer (&error));
          else
            charflow_char_device_tell_error (self, error);
        }
    }
  change_free (change);
}

static void
abort_change (CharflowCharDevice *self,
              GError             *why)
{
  CharflowBackendChange *change = charflow_char_device_get_private (self)->change;
  g_autoptr (CharflowBackend) part = g_object_ref (change->part);
  g_autoptr (GTask) task = end_change (self);

  undo_change (self, change);
  charflow_backend_close (part); /* change_opened_cb() frees the rest */
  if (task != NULL)
    g_task_return_error (task, why);
  else
    g_error_free (why);
}

void
charflow_char_device_abort_change (CharflowCharDevice *self)
{
  if (charflow_char_device_get_private (self)->change != NULL)
    abort_change (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                             _("The change of the back end was given up")));
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  g_autoptr (CharflowCharDevice) self = g_object_ref (user_data);

  abort_change (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                           _("The change of the back end was cancelled")));
  return G_SOURCE_REMOVE;
}

/* What both of them hold, one at a time. */
static gboolean
is_in_the_way (CharflowCharDevice *self,
               CharflowBackend    *part)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autofree char *held = priv->backend == NULL ? NULL : charflow_backend_get_resource (priv->backend);
  g_autofree char *wanted = held == NULL ? NULL : charflow_backend_get_resource (part);

  return wanted != NULL && g_str_equal (held, wanted) && charflow_backend_get_active (priv->backend);
}

static void
watch_cancellable (CharflowCharDevice    *self,
                   CharflowBackendChange *change)
{
  GCancellable *cancellable = change->task == NULL ? NULL : g_task_get_cancellable (change->task);

  if (cancellable == NULL || change->cancel_source != NULL)
    return;

  change->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_callback (change->cancel_source, G_SOURCE_FUNC (cancelled_cb), self, NULL);
  g_source_attach (change->cancel_source, charflow_char_device_get_private (self)->context);
}

static void
begin_change (CharflowCharDevice *self,
              CharflowBackend    *given,
              CharflowBackend    *part,
              GTask              *task)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  CharflowBackendChange *change = g_new0 (CharflowBackendChange, 1);

  g_weak_ref_init (&change->device, self);
  change->given = g_object_ref (given);
  change->part = g_object_ref (part);
  g_set_object (&change->task, task);
  priv->change = change;
  watch_cancellable (self, change);

  change->closed_old = is_in_the_way (self, part);
  if (change->closed_old)
    {
      g_autoptr (CharflowBackend) old = g_object_ref (priv->backend);

      priv->opened_here = FALSE;
      charflow_backend_close (old);
    }
  /* A handler of the closing may have given it up. */
  if (priv->change != change)
    {
      change_free (change);
      return;
    }

  charflow_backend_open_async (part, NULL, change_opened_cb, change);
}

/* Where a back end serves that works, another one is opened before it takes the place. */
static gboolean
is_to_be_opened_first (CharflowCharDevice *self,
                       CharflowBackend    *part,
                       gboolean            is_awaited)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (part == NULL || !priv->running || charflow_backend_get_active (part))
    return FALSE;

  return is_awaited || (priv->backend != NULL && charflow_backend_get_active (priv->backend));
}

/* A change to the same one is under way, and goes on. */
static gboolean
join_change (CharflowCharDevice *self,
             GTask              *task,
             GError            **error)
{
  CharflowBackendChange *change = charflow_char_device_get_private (self)->change;

  if (task != NULL && change->task != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _("The back end is being changed to this one already"));
      return FALSE;
    }

  if (task != NULL)
    change->task = g_object_ref (task);
  watch_cancellable (self, change);
  return TRUE;
}

/* The task, where there is one, is answered on success, now or later. */
static gboolean
change_backend (CharflowCharDevice *self,
                CharflowBackend    *backend,
                GTask              *task,
                GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = g_object_ref (self);
  g_autoptr (CharflowBackend) part = NULL;

  if (priv->change != NULL && priv->change->given == backend)
    return join_change (self, task, error);

  if (priv->given != backend)
    {
      if (!charflow_char_device_check_alive (self, error))
        return FALSE;

      part = backend == NULL ? NULL : charflow_backend_claim (backend, self, error);
      if (backend != NULL && part == NULL)
        return FALSE;
      if (!ask_handlers (self, backend, error))
        {
          if (part != NULL && priv->backend != part)
            charflow_backend_release (part, self);
          return FALSE;
        }
      /* The handler may have set it itself. */
      if (priv->change != NULL && priv->change->given == backend)
        return join_change (self, task, error);
    }

  charflow_char_device_abort_change (self);
  if (priv->given != backend && is_to_be_opened_first (self, part, task != NULL))
    {
      begin_change (self, backend, part, task);
      return TRUE;
    }

  if (priv->given != backend)
    switch_backend (self, backend, part, FALSE);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
  return TRUE;
}

/**
 * charflow_char_device_set_backend:
 * @self: a device
 * @backend: (nullable): the new back end, or %NULL for none
 * @error: return location for a #GError
 *
 * Changes the back end; clients stay, and what waits for the old one goes to the new one, unless
 * #CharflowCharDevice:keep-unwritten says otherwise. What was asked of the old one, its echo, serial settings, modem lines
 * and break, is asked of the new one. What was read of the old one and is no whole message is thrown away, as when its
 * other side goes. Its #CharflowBackend:log and #CharflowBackend:recorder go to the new one, unless that has its own.
 *
 * Where the device is running and has a back end that is open, a new one that is not is opened first, and the old one
 * serves until then: #CharflowCharDevice:backend changes when that is done. One that cannot be opened is told by
 * #CharflowCharDevice::backend-error, and the old one stays; charflow_char_device_change_backend_async() tells how it
 * ended. Where both hold the same thing (charflow_backend_get_resource()), the old one is closed first, and opened again if
 * the new one cannot be.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_BUSY when it belongs to another device, and with %CHARFLOW_DEVICE_ERROR_REFUSED
 * when a handler of #CharflowCharDevice::backend-changed refuses; then the old one stays. A device that is
 * being destroyed takes none, %CHARFLOW_DEVICE_ERROR_FAILED.
 *
 * #CharflowCharDevice::event tells %CHARFLOW_EVENT_CLOSED where the other side of the old one was there, and
 * %CHARFLOW_EVENT_OPENED where that of the new one is.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_set_backend (CharflowCharDevice *self,
                                  CharflowBackend    *backend,
                                  GError            **error)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (backend == NULL || CHARFLOW_IS_BACKEND (backend), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return change_backend (self, backend, NULL, error);
}

/**
 * charflow_char_device_change_backend_async:
 * @self: a device
 * @backend: (nullable): the new back end, or %NULL for none
 * @cancellable: (nullable): cancels the change, or %NULL
 * @callback: (nullable) (scope async): called when it is done
 * @user_data: data for @callback
 *
 * Changes the back end as charflow_char_device_set_backend() does, and tells how that ended. Where the device is running,
 * the new one is open when it succeeds, and the old one serves on when it fails.
 *
 * Fails as charflow_char_device_set_backend(), with what the opening fails with, and with %G_IO_ERROR_CANCELLED when it
 * is cancelled or another change is begun meanwhile.
 *
 * Since: 1.0
 */
void
charflow_char_device_change_backend_async (CharflowCharDevice *self,
                                           CharflowBackend    *backend,
                                           GCancellable       *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));
  g_return_if_fail (backend == NULL || CHARFLOW_IS_BACKEND (backend));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, charflow_char_device_change_backend_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;

  if (!change_backend (self, backend, task, &error))
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * charflow_char_device_change_backend_finish:
 * @self: a device
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_char_device_change_backend_async().
 *
 * Returns: %TRUE if the back end was changed
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_change_backend_finish (CharflowCharDevice *self,
                                            GAsyncResult       *result,
                                            GError            **error)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-source-private.h"

/* The back end of a device: how it is opened, taken and let go of. */

void
charflow_char_device_drop_sources (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  charflow_clear_source (&priv->in_source);
  charflow_clear_source (&priv->more_source);
  charflow_clear_source (&priv->out_source);
  charflow_blocked_time_set (&priv->read_blocked, FALSE);
  charflow_blocked_time_set (&priv->write_blocked, FALSE);
  g_clear_error (&priv->write_failure);
}

static void
backend_event_cb (CharflowBackend *backend,
                  CharflowEvent    event,
                  gpointer         user_data)
{
  g_autoptr (CharflowCharDevice) self = g_object_ref (user_data);
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (event == CHARFLOW_EVENT_CLOSED)
    {
      charflow_char_device_drop_sources (self);
      charflow_char_device_mark_unread_end (self);
      charflow_char_device_settle_unread_end (self);
    }
  if (event == CHARFLOW_EVENT_OPENED)
    charflow_char_device_apply_line (self);
  if (event == CHARFLOW_EVENT_OPENED || event == CHARFLOW_EVENT_CLOSED)
    {
      priv->reads_end = FALSE;
      priv->writes_end = FALSE;
      priv->peer++;
      g_object_notify (G_OBJECT (self), "opened");
    }

  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_EVENT], 0, event);

  if (event == CHARFLOW_EVENT_CLOSED || (event == CHARFLOW_EVENT_OPENED && priv->backend == backend))
    charflow_char_device_wakeup (self);
}

/* One opening of a back end. It may take for ever, and must not keep the device that long. */
typedef struct
{
  GWeakRef device;
  GCancellable *cancellable; /* by which the device knows the opening that it waits for */
} Opening;

static void
opening_free (Opening *opening)
{
  g_weak_ref_clear (&opening->device);
  g_clear_object (&opening->cancellable);
  g_free (opening);
}

static void
backend_opened_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Opening *opening = user_data;
  g_autoptr (CharflowCharDevice) self = g_weak_ref_get (&opening->device);
  CharflowCharDevicePrivate *priv = self == NULL ? NULL : charflow_char_device_get_private (self);
  g_autoptr (GError) error = NULL;
  gboolean is_open = charflow_backend_open_finish (CHARFLOW_BACKEND (source), result, &error);

  /* Otherwise the device has let go of it meanwhile, and closed it. */
  if (self != NULL && priv->opening == opening->cancellable)
    {
      g_clear_object (&priv->opening);
      priv->opened_here = is_open;
      /* The program opens it at the same time: then its event tells when data can flow. */
      if (!is_open && !g_error_matches (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN))
        charflow_char_device_tell_error (self, error);
      charflow_char_device_wakeup (self);
    }
  opening_free (opening);
}

void
charflow_char_device_open_backend (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  Opening *opening;

  if (!priv->running || priv->backend == NULL || priv->opening != NULL ||
      charflow_backend_get_active (priv->backend))
    return;

  opening = g_new0 (Opening, 1);
  g_weak_ref_init (&opening->device, self);
  opening->cancellable = g_cancellable_new ();
  priv->opening = g_object_ref (opening->cancellable);
  charflow_backend_open_async (priv->backend, priv->opening, backend_opened_cb, opening);
}

CharflowBackend *
charflow_char_device_release_backend (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowBackend) backend = g_steal_pointer (&priv->backend);
  g_autoptr (CharflowBackend) given = g_steal_pointer (&priv->given);
  gboolean is_ours = priv->opened_here || priv->opening != NULL;

  if (backend == NULL)
    return NULL;

  charflow_char_device_drop_sources (self);
  g_clear_signal_handler (&priv->event_handler, backend);
  g_clear_object (&priv->opening);
  priv->opened_here = FALSE;
  priv->peer++;
  if (charflow_backend_is_opened (backend))
    charflow_char_device_mark_unread_end (self);
  charflow_backend_set_front_end_open (backend, FALSE);
  charflow_backend_release (backend, self);

  return is_ours ? g_steal_pointer (&backend) : NULL;
}

void
charflow_char_device_take_backend (CharflowCharDevice *self,
                                   CharflowBackend    *given,
                                   CharflowBackend    *backend,
                                   gboolean            opened_here)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  priv->given = g_object_ref (given);
  priv->backend = g_object_ref (backend);
  priv->opened_here = opened_here;
  priv->reads_end = FALSE;
  priv->writes_end = FALSE;
  priv->event_handler = g_signal_connect (backend, "event", G_CALLBACK (backend_event_cb), self);
  charflow_backend_set_front_end_open (backend, priv->running);
}

/**
 * charflow_char_device_get_backend:
 * @self: a device
 *
 * Gets the back end.
 *
 * Returns: (transfer none) (nullable): the back end, or %NULL when there is none
 *
 * Since: 1.0
 */
CharflowBackend *
charflow_char_device_get_backend (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);

  return charflow_char_device_get_private (self)->given;
}

gboolean
charflow_char_device_check_alive (CharflowCharDevice *self,
                                  GError            **error)
{
  if (!charflow_char_device_get_private (self)->disposed)
    return TRUE;

  g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FAILED,
                       _("The device is being destroyed"));
  return FALSE;
}

/* To the clients, a change of the back end is the other side going, and the next one coming. */
void
charflow_char_device_tell_change (CharflowCharDevice *self,
                                  CharflowBackend    *backend,
                                  gboolean            was_opened)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  /* A handler may have changed it again already, and has told of that then. */
  gboolean is_opened = backend != NULL && priv->backend == backend && charflow_char_device_is_open (priv);

  if (is_opened)
    charflow_char_device_apply_line (self);
  if (is_opened != was_opened)
    g_object_notify (G_OBJECT (self), "opened");
  if (was_opened)
    g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_EVENT], 0, CHARFLOW_EVENT_CLOSED);
  if (is_opened && priv->backend == backend && charflow_char_device_is_open (priv))
    g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_EVENT], 0, CHARFLOW_EVENT_OPENED);
}

void
charflow_char_device_give_up_backend (CharflowCharDevice *self,
                                      const GError       *error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = g_object_ref (self);
  g_autoptr (CharflowBackend) to_close = NULL;
  gboolean was_opened = charflow_char_device_is_open (priv);

  if (priv->backend == NULL)
    return;

  charflow_unread_clear (&priv->unread);
  to_close = charflow_char_device_release_backend (self);
  g_object_notify (G_OBJECT (self), "backend");
  charflow_char_device_tell_change (self, NULL, was_opened);
  if (to_close != NULL)
    charflow_backend_close (to_close);
  charflow_char_device_tell_error (self, error);
}

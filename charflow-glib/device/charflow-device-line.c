/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include <glib/gi18n-lib.h>

/* What the front end asks of the line behind a device besides data. It is remembered, and asked again of whatever comes:
 * a line that is plugged in again, or another back end. */

void
charflow_device_line_clear (CharflowDeviceLine *line)
{
  g_clear_pointer (&line->settings, charflow_serial_settings_unref);
}

/* Of a back end that has no such line, nobody expects it. */
static void
settle_failure (CharflowCharDevice *self,
                gboolean            done,
                GError            **error)
{
  if (!done && !g_error_matches (*error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED))
    charflow_char_device_tell_error (self, *error);

  g_clear_error (error);
}

void
charflow_char_device_apply_line (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowBackend) backend = g_object_ref (priv->backend);
  g_autoptr (CharflowSerialSettings) settings = priv->line.settings == NULL ? NULL : charflow_serial_settings_ref (priv->line.settings);
  g_autoptr (GError) error = NULL;

  if (priv->line.has_echo)
    charflow_backend_set_echo (backend, priv->line.echo);
  if (settings != NULL)
    settle_failure (self, charflow_backend_set_serial_settings (backend, settings, &error), &error);
  if (priv->line.has_modem_lines)
    settle_failure (self, charflow_backend_set_modem_lines (backend, priv->line.modem_lines, &error), &error);
  if (priv->line.is_broken)
    settle_failure (self, charflow_backend_set_break (backend, TRUE, &error), &error);
}

/**
 * charflow_char_device_get_echo:
 * @self: a device
 *
 * Tells whether what is typed on the other side is to be shown there.
 *
 * Returns: %TRUE if it is
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_get_echo (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);

  return charflow_char_device_get_private (self)->line.echo;
}

/**
 * charflow_char_device_set_echo:
 * @self: a device
 * @echo: whether what is typed is shown
 *
 * Has the terminal on the other side, where the back end is one, show what is typed there or not. It holds for every back
 * end that comes after this one, too.
 *
 * Since: 1.0
 */
void
charflow_char_device_set_echo (CharflowCharDevice *self,
                               gboolean            echo)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  gboolean changes;

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  echo = !!echo;
  changes = priv->line.echo != echo;
  if (!changes && priv->line.has_echo)
    return;

  priv->line.echo = echo;
  priv->line.has_echo = TRUE;
  if (priv->backend != NULL)
    charflow_backend_set_echo (priv->backend, echo);
  if (changes)
    g_object_notify (G_OBJECT (self), "echo");
}

/**
 * charflow_char_device_get_serial_settings:
 * @self: a device
 *
 * Gets how the serial line is to be set.
 *
 * Returns: (nullable) (transfer none): the settings, or %NULL when none were asked for
 *
 * Since: 1.0
 */
CharflowSerialSettings *
charflow_char_device_get_serial_settings (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);

  return charflow_char_device_get_private (self)->line.settings;
}

/**
 * charflow_char_device_set_serial_settings:
 * @self: a device
 * @settings: (nullable): how the serial line is to be set, or %NULL to ask for nothing any more
 * @error: return location for a #GError
 *
 * Sets the serial line, now where the other side is there, and again whenever it comes, also behind another back end.
 *
 * Fails with what charflow_backend_set_serial_settings() fails with, and then nothing is remembered. What fails later is
 * told by #CharflowCharDevice::backend-error; a back end without a serial line is no failure then.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_set_serial_settings (CharflowCharDevice     *self,
                                          CharflowSerialSettings *settings,
                                          GError                **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (settings != NULL && charflow_char_device_is_open (priv) &&
      !charflow_backend_set_serial_settings (priv->backend, settings, error))
    return FALSE;
  if (priv->line.settings == settings)
    return TRUE;

  g_clear_pointer (&priv->line.settings, charflow_serial_settings_unref);
  if (settings != NULL)
    priv->line.settings = charflow_serial_settings_ref (settings);
  g_object_notify (G_OBJECT (self), "serial-settings");
  return TRUE;
}

/**
 * charflow_char_device_set_modem_lines:
 * @self: a device
 * @lines: those of the outputs, DTR and RTS, that are to be on; the others are put off
 * @error: return location for a #GError
 *
 * Sets the outputs of the serial port, now where the other side is there, and again whenever it comes, also behind another
 * back end.
 *
 * Fails with what charflow_backend_set_modem_lines() fails with, and then nothing is remembered.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_set_modem_lines (CharflowCharDevice *self,
                                      CharflowModemLines  lines,
                                      GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (charflow_char_device_is_open (priv) && !charflow_backend_set_modem_lines (priv->backend, lines, error))
    return FALSE;

  priv->line.modem_lines = lines;
  priv->line.has_modem_lines = TRUE;
  return TRUE;
}

/**
 * charflow_char_device_set_break:
 * @self: a device
 * @on: whether the break begins or ends
 * @error: return location for a #GError
 *
 * Begins a break condition on the serial line, or ends it. It is held through a change of the back end.
 *
 * Fails with what charflow_backend_set_break() fails with, and then nothing is remembered.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_set_break (CharflowCharDevice *self,
                                gboolean            on,
                                GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (charflow_char_device_is_open (priv) && !charflow_backend_set_break (priv->backend, on, error))
    return FALSE;

  priv->line.is_broken = on;
  return TRUE;
}

/**
 * charflow_char_device_send_break:
 * @self: a device
 * @duration_ms: how long it is to last, from 1 to 60000 ms
 * @error: return location for a #GError
 *
 * Sends a break to the other side, as charflow_backend_send_break() does, and fails as that; without a back end, with
 * %CHARFLOW_BACKEND_ERROR_NOT_OPEN.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_send_break (CharflowCharDevice *self,
                                 guint               duration_ms,
                                 GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (priv->backend == NULL)
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN,
                           _("The device has no back end"));
      return FALSE;
    }

  return charflow_backend_send_break (priv->backend, duration_ms, error);
}

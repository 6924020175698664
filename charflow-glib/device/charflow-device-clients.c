/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-source-private.h"

/* The clients of a device: how they come and go, and their send tokens. */

void
charflow_char_device_shift_demand (CharflowCharDevice *self,
                                   CharflowDemand      from,
                                   CharflowDemand      to)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  priv->n_demands[from]--;
  priv->n_demands[to]++;
}

/* Takes the client out; TRUE when the device is left with the beginning of a message of it. */
static gboolean
forget_client (CharflowCharDevice *self,
               CharflowClient     *client)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  gboolean cut;

  g_object_freeze_notify (G_OBJECT (client));
  charflow_client_unbind (client);
  priv->n_demands[CHARFLOW_DEMAND_NONE]--;
  cut = charflow_write_queue_drop_client (&priv->write_queue, client);
  charflow_char_device_update_speaker (self);
  charflow_client_list_remove (priv->clients, client);
  g_object_thaw_notify (G_OBJECT (client));

  return cut;
}

static gboolean
detach_for_reason (CharflowCharDevice  *self,
                   CharflowClient      *client,
                   CharflowRemoveReason reason)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;
  g_autoptr (CharflowClient) client_guard = NULL;
  gboolean cut;

  if (!charflow_char_device_has_client (self, client))
    return FALSE;

  guard = g_object_ref (self);
  client_guard = g_object_ref (client);
  priv->figures.removals[reason]++;
  cut = forget_client (self, client);
  charflow_write_queue_end_cut (&priv->write_queue);
  CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->client_left (self, client, cut);
  charflow_write_queue_release_held (&priv->write_queue);
  charflow_char_device_update_speaker (self);
  CHARFLOW_CLIENT_GET_CLASS (client)->removed (client, self, reason);
  /* It may have been the one that held the others up. */
  charflow_char_device_wakeup (self);

  return TRUE;
}

/* An owner that does not detach the client at once is spared the work: what must not go on does not. */
void
charflow_char_device_request_removal (CharflowCharDevice  *self,
                                      CharflowClient      *client,
                                      CharflowRemoveReason reason)
{
  CharflowClientPrivate *client_priv = charflow_client_get_private (client);
  g_autoptr (CharflowCharDevice) guard = g_object_ref (self);
  g_autoptr (CharflowClient) client_guard = g_object_ref (client);
  guint attachment = charflow_client_get_attachment (client);

  if (client_priv->leaving)
    return;

  client_priv->leaving = TRUE;
  client_priv->leaving_reason = reason;
  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_REMOVE_CLIENT], 0, client, reason);

  /* A handler may have detached it, and attached it anew. */
  if (charflow_client_get_attachment (client) == attachment)
    detach_for_reason (self, client, reason);
}

void
charflow_char_device_detach_all (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  CharflowClient *client;

  while ((client = charflow_client_list_get_first (priv->clients)) != NULL)
    detach_for_reason (self, client, CHARFLOW_REMOVE_REASON_DEVICE_GONE);
}

/* A saved state takes the place of what a device did; so there may be nothing of that yet. */
static gboolean
check_may_wait (CharflowCharDevice *self,
                GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  guint n_clients = charflow_client_list_get_n_clients (priv->clients);

  if (priv->n_demands[CHARFLOW_DEMAND_STATE] < n_clients)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_ACTIVE,
                           _("The device has clients that wait for no saved state"));
      return FALSE;
    }
  if (priv->active)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_ACTIVE,
                           _("The device has been active, so that no saved state can be restored to it"));
      return FALSE;
    }

  return TRUE;
}

/**
 * charflow_char_device_attach_client:
 * @self: a device
 * @client: a client
 * @error: return location for a #GError
 *
 * Attaches a client: from now on it gets the device's messages and may write.
 *
 * The device keeps a reference to it. Fails with %CHARFLOW_DEVICE_ERROR_ALREADY_ATTACHED when it is
 * attached, here or to another device, with %CHARFLOW_DEVICE_ERROR_FAILED while the device is being
 * destroyed, and with %CHARFLOW_DEVICE_ERROR_ACTIVE where the client is to #CharflowClient:wait-for-state and the device
 * has been active since it was started or reset, or has clients that do not wait.
 *
 * Where a subclass of the device cuts messages, a client that comes in the middle of one gets the next one first.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_attach_client (CharflowCharDevice *self,
                                    CharflowClient     *client,
                                    GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!charflow_char_device_check_alive (self, error))
    return FALSE;
  if (charflow_client_get_device (client) != NULL)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_ALREADY_ATTACHED,
                           charflow_client_get_device (client) == self
                             ? _("The client is attached to this device already")
                             : _("The client is attached to another device"));
      return FALSE;
    }

  if (charflow_client_get_private (client)->wait_for_state && !check_may_wait (self, error))
    return FALSE;

  guard = g_object_ref (self);
  g_object_freeze_notify (G_OBJECT (client));
  priv->n_demands[CHARFLOW_DEMAND_NONE]++;
  charflow_client_bind (client, self, priv->context);
  charflow_client_list_add (priv->clients, client);
  g_object_thaw_notify (G_OBJECT (client));
  charflow_char_device_wakeup (self);

  return TRUE;
}

/**
 * charflow_char_device_detach_client:
 * @self: a device
 * @client: a client
 *
 * Detaches a client.
 *
 * What waits for it is dropped, and so is what it wrote, but for a message that is half written: that goes
 * on to the device as nobody's, so that the device never sees half a message.
 *
 * Returns: %FALSE when it was not attached to this device
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_detach_client (CharflowCharDevice *self,
                                    CharflowClient     *client)
{
  CharflowClientPrivate *client_priv;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);

  client_priv = charflow_client_get_private (client);
  return detach_for_reason (self, client,
                            client_priv->leaving ? client_priv->leaving_reason : CHARFLOW_REMOVE_REASON_DETACHED);
}

/**
 * charflow_char_device_has_client:
 * @self: a device
 * @client: a client
 *
 * Tells whether a client is attached to this device.
 *
 * Returns: %TRUE if it is
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_has_client (CharflowCharDevice *self,
                                 CharflowClient     *client)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);

  return charflow_client_get_device (client) == self;
}

/* Tokens that come before the saved state would be lost with it. */
static gboolean
check_takes_tokens (CharflowCharDevice *self,
                    CharflowClient     *client,
                    GError            **error)
{
  if (!charflow_char_device_check_attached (self, client, error))
    return FALSE;
  if (!charflow_client_is_awaiting_state (client))
    return TRUE;

  g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_WAITING,
                       _("The saved state of the client's device is still to come"));
  return FALSE;
}

gboolean
charflow_char_device_check_attached (CharflowCharDevice *self,
                                     CharflowClient     *client,
                                     GError            **error)
{
  if (charflow_client_peek_device (client) == self)
    return TRUE;

  g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NOT_ATTACHED,
                       _("The client is not attached to this device"));
  return FALSE;
}

/**
 * charflow_char_device_add_send_tokens:
 * @self: a device
 * @client: a client
 * @n_tokens: how many messages more it takes
 * @error: return location for a #GError
 *
 * Grants that the client may be handed so many messages more, and delivers what waits for it.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_NOT_ATTACHED, %CHARFLOW_DEVICE_ERROR_WAITING while the client waits for its saved
 * state, or %CHARFLOW_DEVICE_ERROR_FAILED when the sum cannot be
 * counted any more; that removes the client.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_add_send_tokens (CharflowCharDevice *self,
                                      CharflowClient     *client,
                                      guint               n_tokens,
                                      GError            **error)
{
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_takes_tokens (self, client, error))
    return FALSE;

  guard = g_object_ref (self);
  if (!charflow_client_grant_send_tokens (client, n_tokens))
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FAILED,
                   _("%u tokens more than can be counted"), n_tokens);
      return FALSE;
    }
  charflow_char_device_pump_reads (self);

  return TRUE;
}

/**
 * charflow_char_device_set_send_tokens:
 * @self: a device
 * @client: a client
 * @n_tokens: how many messages it takes
 * @error: return location for a #GError
 *
 * Sets how many messages the client may be handed, and delivers what waits for it.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_NOT_ATTACHED, or %CHARFLOW_DEVICE_ERROR_WAITING while the client waits for its saved
 * state.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_set_send_tokens (CharflowCharDevice *self,
                                      CharflowClient     *client,
                                      guint               n_tokens,
                                      GError            **error)
{
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_takes_tokens (self, client, error))
    return FALSE;

  guard = g_object_ref (self);
  charflow_client_replace_send_tokens (client, n_tokens);
  charflow_char_device_pump_reads (self);

  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-backend.h"
#include "charflow-client.h"
#include "charflow-device-types.h"
#include "charflow-write-buffer.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CHAR_DEVICE (charflow_char_device_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CharflowCharDevice, charflow_char_device, CHARFLOW, CHAR_DEVICE, GObject)

/**
 * CharflowCharDeviceClass:
 * @parent_class: the parent class
 * @read_ready: the back end has data and somebody may take it; the default reads and delivers
 * @read_message: reads one whole message, or %NULL when there is none yet; the default takes what has come
 * @message_target: the client that a message is for, or %NULL for all; the default says all
 * @event: something besides data happened, told before #CharflowCharDevice::event has any handler called
 * @frame_message: makes what the device gets of a message of a client; by default that is the message
 * @client_left: a client was detached; by default nothing is to be done
 * @peer_left: the other side of the back end has gone, and all that it sent was read: what is read next is another's; by
 *   default nothing is to be done
 * @framing_reset: the device was reset; by default nothing is to be done
 * @save_framing: saves what the subclass knows besides the bytes that are available; by default nothing
 * @restore_framing: takes what @save_framing saved; the default takes nothing
 *
 * The virtual functions of a device. A subclass that frames messages implements @read_message, with
 * charflow_char_device_fill(), charflow_char_device_peek_bytes() and charflow_char_device_read_bytes() as its source,
 * and, where the device needs more than the message, @frame_message.
 *
 * Since: 1.0
 */
struct _CharflowCharDeviceClass
{
  GObjectClass parent_class;

  void (*read_ready) (CharflowCharDevice *self);

  /**
   * CharflowCharDeviceClass::read_message:
   * @self: a device
   *
   * Reads one whole message. Where it takes bytes and makes no message of them, because nobody is to have them, it is
   * called again.
   *
   * Returns: (transfer full) (nullable): a message, or %NULL when there is none yet
   */
  GBytes *(*read_message) (CharflowCharDevice *self);

  /**
   * CharflowCharDeviceClass::message_target:
   * @self: a device
   * @message: a message
   *
   * Says which client a message is for.
   *
   * Returns: (transfer none) (nullable): the client, or %NULL for all
   */
  CharflowClient *(*message_target) (CharflowCharDevice *self,
                                     GBytes             *message);

  void (*event) (CharflowCharDevice *self,
                 CharflowEvent       event);

  /**
   * CharflowCharDeviceClass::frame_message:
   * @self: a device
   * @client: (nullable): the client that wrote it, or %NULL for the program itself
   * @message: a message
   * @continues: (out): whether it goes on in the next message of the same writer; the others wait then
   * @error: return location for a #GError
   *
   * Makes what the device gets of a message. A message that breaks the rules fails with
   * %CHARFLOW_DEVICE_ERROR_BAD_MESSAGE, and removes its client.
   *
   * Returns: (transfer full) (nullable): what is written, or %NULL without an error when there is nothing to be written;
   *   @continues counts all the same where that is a later part of a message
   */
  GBytes *(*frame_message) (CharflowCharDevice *self,
                            CharflowClient     *client,
                            GBytes             *message,
                            gboolean           *continues,
                            GError            **error);

  /**
   * CharflowCharDeviceClass::client_left:
   * @self: a device
   * @client: the client
   * @cut: whether the device has had the beginning of a message of it whose end never comes
   *
   * A client was detached, and nothing after it was written yet.
   */
  void (*client_left) (CharflowCharDevice *self,
                       CharflowClient     *client,
                       gboolean            cut);

  void (*peer_left) (CharflowCharDevice *self);

  /**
   * CharflowCharDeviceClass::framing_reset:
   * @self: a device
   *
   * All that waited for the device and for its clients was dropped.
   */
  void (*framing_reset) (CharflowCharDevice *self);

  /**
   * CharflowCharDeviceClass::save_framing:
   * @self: a device
   *
   * Saves what the subclass knows, but for the bytes that are available. Clients are named by their place in
   * #CharflowCharDevice:clients, where those that are in the saved state have the same order when it is restored.
   *
   * Returns: (transfer full) (nullable): some bytes, or %NULL when there is nothing to be saved
   */
  GBytes *(*save_framing) (CharflowCharDevice *self);

  /**
   * CharflowCharDeviceClass::restore_framing:
   * @self: a device
   * @state: (nullable): what was saved, or %NULL when nothing was
   * @clients: (element-type CharflowClient): the clients, in the order in which they were when it was saved
   * @error: return location for a #GError
   *
   * Takes what was saved; the last that is checked before the state is restored. Where it fails, with
   * %CHARFLOW_DEVICE_ERROR_BAD_STATE, it has to leave all as it was.
   *
   * Returns: %TRUE on success
   */
  gboolean (*restore_framing) (CharflowCharDevice *self,
                               GBytes             *state,
                               GPtrArray          *clients,
                               GError            **error);

  /*< private >*/
  gpointer padding[6];
};

CHARFLOW_AVAILABLE_IN_ALL
CharflowCharDevice *charflow_char_device_new (CharflowBackend *backend) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
CharflowBackend *charflow_char_device_get_backend (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_set_backend (CharflowCharDevice *self,
                                           CharflowBackend    *backend,
                                           GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_change_backend_async (CharflowCharDevice *self,
                                                CharflowBackend    *backend,
                                                GCancellable       *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer            user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_change_backend_finish (CharflowCharDevice *self,
                                                     GAsyncResult       *result,
                                                     GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_get_keep_unwritten (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_set_keep_unwritten (CharflowCharDevice *self,
                                              gboolean            keep_unwritten);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_get_echo (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_set_echo (CharflowCharDevice *self,
                                    gboolean            echo);
CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialSettings *charflow_char_device_get_serial_settings (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_set_serial_settings (CharflowCharDevice     *self,
                                                   CharflowSerialSettings *settings,
                                                   GError                **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_set_modem_lines (CharflowCharDevice *self,
                                               CharflowModemLines  lines,
                                               GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_set_break (CharflowCharDevice *self,
                                         gboolean            on,
                                         GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_send_break (CharflowCharDevice *self,
                                          guint               duration_ms,
                                          GError            **error);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_get_running (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_get_opened (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
GListModel *charflow_char_device_get_clients (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_get_keep_unread (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_set_keep_unread (CharflowCharDevice *self,
                                           gboolean            keep_unread);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_char_device_get_client_tokens_interval (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_char_device_get_self_tokens (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_char_device_get_self_tokens_held (CharflowCharDevice *self);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_start (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_stop (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_wakeup (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_reset (CharflowCharDevice *self);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_attach_client (CharflowCharDevice *self,
                                             CharflowClient     *client,
                                             GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_detach_client (CharflowCharDevice *self,
                                             CharflowClient     *client);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_has_client (CharflowCharDevice *self,
                                          CharflowClient     *client);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_add_send_tokens (CharflowCharDevice *self,
                                               CharflowClient     *client,
                                               guint               n_tokens,
                                               GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_set_send_tokens (CharflowCharDevice *self,
                                               CharflowClient     *client,
                                               guint               n_tokens,
                                               GError            **error);

CHARFLOW_AVAILABLE_IN_ALL
CharflowWriteBuffer *charflow_char_device_get_write_buffer (CharflowCharDevice *self,
                                                            CharflowClient     *client,
                                                            gsize               size,
                                                            GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
CharflowWriteBuffer *charflow_char_device_get_server_write_buffer (CharflowCharDevice *self,
                                                                   gsize               size,
                                                                   gboolean            take_token,
                                                                   GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_add_write_buffer (CharflowCharDevice  *self,
                                            CharflowWriteBuffer *buffer);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_release_write_buffer (CharflowCharDevice  *self,
                                                CharflowWriteBuffer *buffer);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_write_bytes (CharflowCharDevice *self,
                                           CharflowClient     *client,
                                           GBytes             *bytes,
                                           GError            **error);

CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_char_device_get_removals (CharflowCharDevice  *self,
                                           CharflowRemoveReason reason);

CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_char_device_save_state (CharflowCharDevice *self,
                                         GError            **error) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
GPtrArray *charflow_char_device_save_state_parts (CharflowCharDevice *self,
                                                  GError            **error) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_restore_state (CharflowCharDevice *self,
                                             GBytes             *state,
                                             GError            **error);

/* For subclasses. */
CHARFLOW_AVAILABLE_IN_ALL
gsize charflow_char_device_fill (CharflowCharDevice *self,
                                 gsize               size);
CHARFLOW_AVAILABLE_IN_ALL
const guint8 *charflow_char_device_peek (CharflowCharDevice *self,
                                         gsize              *available);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_char_device_peek_bytes (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_char_device_is_at_end (CharflowCharDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_char_device_read_bytes (CharflowCharDevice *self,
                                         gsize               max_size);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_char_device_set_message_continues (CharflowCharDevice *self,
                                                 gboolean            continues);

G_END_DECLS

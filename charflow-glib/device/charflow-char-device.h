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
 *
 * The virtual functions of a device. A subclass that frames messages implements @read_message, with
 * charflow_char_device_read_bytes() as its source.
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
   * Reads one whole message.
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

  /*< private >*/
  gpointer padding[13];
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
GBytes *charflow_char_device_read_bytes (CharflowCharDevice *self,
                                         gsize               max_size);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-device-types.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CLIENT (charflow_client_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CharflowClient, charflow_client, CHARFLOW, CLIENT, GObject)

/**
 * CharflowClientClass:
 * @parent_class: the parent class
 * @deliver: takes one message of the device; the default emits #CharflowClient::deliver
 * @flush: all messages that the device has for now were delivered, so what was gathered may go out
 * @tokens: the client may write so many messages more; the default emits #CharflowClient::tokens
 * @tokens_reset: the device was reset, and it may write so many messages now; the default emits
 *   #CharflowClient::tokens-reset
 * @writable: a write that was refused for lack of room may be tried again; the default emits
 *   #CharflowClient::writable
 * @missed: bytes were dropped because its queue was full; the default emits #CharflowClient::missed
 * @removed: the client was detached from the device; the default emits #CharflowClient::removed
 *
 * The virtual functions of a client. Each may do anything, also detach the client.
 *
 * Since: 1.0
 */
struct _CharflowClientClass
{
  GObjectClass parent_class;

  void (*deliver) (CharflowClient     *self,
                   CharflowCharDevice *device,
                   GBytes             *bytes);
  void (*flush) (CharflowClient     *self,
                 CharflowCharDevice *device);
  void (*tokens) (CharflowClient     *self,
                  CharflowCharDevice *device,
                  guint               n_tokens);
  void (*tokens_reset) (CharflowClient     *self,
                        CharflowCharDevice *device,
                        guint64             n_tokens);
  void (*writable) (CharflowClient     *self,
                    CharflowCharDevice *device);
  void (*missed) (CharflowClient     *self,
                  CharflowCharDevice *device,
                  guint64             n_bytes);
  void (*removed) (CharflowClient      *self,
                   CharflowCharDevice  *device,
                   CharflowRemoveReason reason);

  /*< private >*/
  gpointer padding[9];
};

CHARFLOW_AVAILABLE_IN_ALL
CharflowClient *charflow_client_new (void) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
CharflowCharDevice *charflow_client_get_device (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_get_flow_control (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowOverflow charflow_client_get_overflow (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_get_read_only (CharflowClient *self);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_client_get_ready (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_client_set_ready (CharflowClient *self,
                                gboolean        ready);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_client_note_progress (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
GPtrArray *charflow_client_take_messages (CharflowClient *self,
                                          guint           max_messages) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_client_get_client_tokens_held (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_client_get_client_tokens_owed (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_client_get_send_tokens_held (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_client_get_queued_messages (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_client_get_queued_bytes (CharflowClient *self);
CHARFLOW_AVAILABLE_IN_ALL
guint64 charflow_client_get_waiting_bytes (CharflowClient *self);

G_END_DECLS

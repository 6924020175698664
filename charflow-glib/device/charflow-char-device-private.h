/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-backend-private.h"
#include "charflow-char-device.h"
#include "charflow-write-queue-private.h"

G_BEGIN_DECLS

/* The class itself is in charflow-char-device.c, reading in charflow-device-reader.c, writing in
 * charflow-device-writer.c. */
typedef struct
{
  CharflowBackend *backend;
  gboolean opened_here;
  gulong event_handler;
  GMainContext *context;
  GCancellable *opening;
  gboolean running;
  gboolean disposed; /* from now on nothing is taken any more */
  gboolean keep_unread;
  guint tokens_interval;
  guint initial_self_tokens;
  guint64 self_tokens;

  GListStore *clients;
  GPtrArray *ring; /* CharflowClient, owned by the list; holes while it is walked */
  GPtrArray *departed; /* those that left while it is walked: they may be in the middle of a call */
  guint n_clients;
  guint walkers;
  gboolean has_holes;

  CharflowWriteQueue write_queue;
  gboolean writing;
  gboolean writes_end; /* the peer takes nothing more, and its end is still to be read */
  GSource *out_source;

  gboolean reading;
  gboolean read_again;
  gboolean source_has_ended; /* there is nothing more to read for now */
  gboolean reads_end; /* the back end failed, or gave its end, and has not closed yet */
  guint8 *chunk;
  GSource *in_source;
  GSource *more_source;

  /* A request is under way for this client, for this reason. */
  CharflowClient *leaving;
  CharflowRemoveReason leaving_reason;
} CharflowCharDevicePrivate;

typedef enum
{
  CHARFLOW_CHAR_DEVICE_SIGNAL_READ_READY,
  CHARFLOW_CHAR_DEVICE_SIGNAL_MESSAGE,
  CHARFLOW_CHAR_DEVICE_SIGNAL_TOKENS_SENT,
  CHARFLOW_CHAR_DEVICE_SIGNAL_REMOVE_CLIENT,
  CHARFLOW_CHAR_DEVICE_SIGNAL_SELF_TOKEN_FREED,
  CHARFLOW_CHAR_DEVICE_SIGNAL_EVENT,
  CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_CHANGED,
  CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_ERROR,
  CHARFLOW_CHAR_DEVICE_N_SIGNALS,
} CharflowCharDeviceSignal;

extern guint charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_N_SIGNALS];

CharflowCharDevicePrivate *charflow_char_device_get_private (CharflowCharDevice *self);

static inline gboolean
charflow_char_device_is_open (CharflowCharDevicePrivate *priv)
{
  return priv->backend != NULL && charflow_backend_is_opened (priv->backend);
}

/* Around a walk through the ring. */
void charflow_char_device_begin_walk (CharflowCharDevicePrivate *priv);
void charflow_char_device_end_walk (CharflowCharDevicePrivate *priv);

void charflow_char_device_tell_error (CharflowCharDevice *self,
                                      const GError       *error);
gboolean charflow_char_device_check_attached (CharflowCharDevice *self,
                                              CharflowClient     *client,
                                              GError            **error);

/* Asks the owner, by the signal remove-client, to detach the client, and sees to it that it is. */
void charflow_char_device_request_removal (CharflowCharDevice  *self,
                                           CharflowClient      *client,
                                           CharflowRemoveReason reason);

/* Reads one turn, if somebody may take what comes. When a handler asks for another from within, it only notes
 * that there is more. */
void charflow_char_device_pump_reads (CharflowCharDevice *self);
void charflow_char_device_read_ready_default (CharflowCharDevice *self);
GBytes *charflow_char_device_read_message_default (CharflowCharDevice *self);

/* Writes what waits, as far as the back end takes it. */
void charflow_char_device_pump_writes (CharflowCharDevice *self);

/* The buffer is consumed, released or dropped: what it cost goes back to where it came from. */
void charflow_char_device_settle_write_buffer (CharflowCharDevice  *self,
                                               CharflowWriteBuffer *buffer);
/* The same, and nobody is told; FALSE when it was settled before. */
gboolean charflow_char_device_settle_silently (CharflowCharDevice  *self,
                                               CharflowWriteBuffer *buffer);

G_END_DECLS

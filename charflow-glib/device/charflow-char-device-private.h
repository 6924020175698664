/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-backend-private.h"
#include "charflow-char-device.h"
#include "charflow-client-list-private.h"
#include "charflow-client-private.h"
#include "charflow-write-queue-private.h"

G_BEGIN_DECLS

/* What happened since the device was made. */
typedef struct
{
  guint64 read_messages;
  guint64 read_bytes;
  guint64 discarded_messages;
  guint64 discarded_bytes;
  guint64 written_messages;
  guint64 written_bytes;
  guint64 removals[CHARFLOW_REMOVE_REASON_BAD_MESSAGE + 1];
} CharflowDeviceFigures;

/* What was read, and is not a message yet. */
typedef struct
{
  GByteArray *bytes; /* NULL while there are none */
  gsize offset; /* of the first that was not taken */
  gboolean has_end; /* the other side that sent them has gone, so that nothing is added any more */
} CharflowUnread;

/* What the front end asked of the serial line and of the terminal, for every back end that is to come. */
typedef struct
{
  CharflowSerialSettings *settings; /* NULL: nothing was asked */
  CharflowModemLines modem_lines;
  gboolean has_modem_lines;
  gboolean echo;
  gboolean has_echo;
  gboolean is_broken; /* a break is being held */
} CharflowDeviceLine;

/* A back end that is being opened, to be taken then. */
typedef struct _CharflowBackendChange CharflowBackendChange;

/* The class itself is in charflow-char-device.c, and what it does in the charflow-device-*.c: the back end, its change
 * and its line, the clients, reading, writing, saved state. */
typedef struct
{
  CharflowBackend *given; /* what was set */
  CharflowBackend *backend; /* what of it is this device's: the same, but for one that serves several devices */
  gboolean opened_here;
  gulong event_handler;
  guint peer; /* grows whenever the other side may be another one */
  GMainContext *context;
  GCancellable *opening;
  CharflowBackendChange *change; /* or NULL */
  CharflowDeviceLine line;
  gboolean keep_unwritten;
  gboolean running;
  gboolean active; /* something was read or written since it was started, or reset */
  gboolean disposed; /* from now on nothing is taken any more */
  gboolean keep_unread;
  guint tokens_interval;
  guint initial_self_tokens;
  guint64 self_tokens;

  CharflowClientList *clients;
  guint n_demands[CHARFLOW_N_DEMANDS]; /* how many clients have each */
  GPtrArray *to_flush; /* clients that were handed something in this turn */

  CharflowWriteQueue write_queue;
  gboolean writing;
  gboolean writes_end; /* the peer takes nothing more, and its end is still to be read */
  GSource *out_source; /* while something waits to be written */
  gboolean out_source_is_idle; /* it waits for its turn, not for room */
  CharflowBlockedTime write_blocked;
  GError *write_failure; /* that was told, while nothing has been written since */
  GSource *speaker_timer; /* while others wait for the end of a client's message */

  gboolean reading;
  gboolean read_again;
  gboolean source_has_ended; /* there is nothing more to read for now */
  gboolean reads_end; /* the back end failed, or gave its end, and has not closed yet */
  guint8 *chunk;
  GSource *in_source;
  GSource *more_source;
  CharflowBlockedTime read_blocked;
  CharflowUnread unread;
  gboolean in_message; /* what was read last goes on in what is read next */
  gboolean message_continues; /* so said the subclass of the one at hand */
  gboolean handing; /* a message is on its way to the clients, and some do not have it yet */
  gboolean took_bytes; /* the subclass did, for the one at hand */

  CharflowDeviceFigures figures;
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

static inline gboolean
charflow_char_device_is_running (CharflowCharDevice *self)
{
  return charflow_char_device_get_private (self)->running;
}

/* One client less has the one demand, and one more the other. */
void charflow_char_device_shift_demand (CharflowCharDevice *self,
                                        CharflowDemand      from,
                                        CharflowDemand      to);
/* It was handed something, and is to be flushed. */
void charflow_char_device_note_delivered (CharflowCharDevice *self,
                                          CharflowClient     *client);
gboolean charflow_char_device_is_in_message (CharflowCharDevice *self);

static inline gboolean
charflow_char_device_is_awaiting_state (CharflowCharDevicePrivate *priv)
{
  return priv->n_demands[CHARFLOW_DEMAND_STATE] > 0;
}

/* The back end. */
void charflow_char_device_open_backend (CharflowCharDevice *self);
/* Lets go of it, and returns it where this device opened it. To close it is left to the caller, once the device is in
 * order again: others are told of that, and they may do anything. */
CharflowBackend *charflow_char_device_release_backend (CharflowCharDevice *self);
void charflow_char_device_drop_sources (CharflowCharDevice *self);
void charflow_char_device_take_backend (CharflowCharDevice *self,
                                        CharflowBackend    *given,
                                        CharflowBackend    *backend,
                                        gboolean            opened_here);
void charflow_char_device_tell_change (CharflowCharDevice *self,
                                       CharflowBackend    *backend,
                                       gboolean            was_opened);
/* Gives up a change that is under way; there may be none. */
void charflow_char_device_abort_change (CharflowCharDevice *self);
/* Asks of the back end what was asked of the one before. */
void charflow_char_device_apply_line (CharflowCharDevice *self);
void charflow_device_line_clear (CharflowDeviceLine *line);
/* For a subclass whose other side broke the framing: nothing that it sends can be understood any more. Nobody is asked;
 * the error is told last, so that its handler may set another back end. */
void charflow_char_device_give_up_backend (CharflowCharDevice *self,
                                           const GError       *error);
/* A device that is being disposed of still emits signals, whose handlers may not revive it. */
gboolean charflow_char_device_check_alive (CharflowCharDevice *self,
                                           GError            **error);

/* The clients. */
void charflow_char_device_detach_all (CharflowCharDevice *self);

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

/* The other side has gone: what it left unread is all there is of it. The first says so, and the second, which calls a
 * virtual function, tells the subclass at once if that is nothing. */
void charflow_char_device_mark_unread_end (CharflowCharDevice *self);
void charflow_char_device_settle_unread_end (CharflowCharDevice *self);
/* What it left unread is no message, nor part of what the next one sends; FALSE when nothing of one that has gone is left. */
gboolean charflow_char_device_drop_unread_end (CharflowCharDevice *self);
const guint8 *charflow_unread_peek (const CharflowUnread *unread,
                                    gsize                *size);
void charflow_unread_add (CharflowUnread *unread,
                          const guint8   *data,
                          gsize           size);
void charflow_unread_clear (CharflowUnread *unread);

gboolean charflow_char_device_frames_messages (CharflowCharDevice *self);
/* After who has the word in the write queue may have changed. */
void charflow_char_device_update_speaker (CharflowCharDevice *self);
/* Writes what waits, as far as the back end takes it. */
void charflow_char_device_pump_writes (CharflowCharDevice *self);

/* Empties the write queue: the buffers, CharflowWriteBuffer, are the caller's to settle. */
GPtrArray *charflow_char_device_take_writes (CharflowCharDevice *self);
/* For a subclass whose other side has gone: nothing that waits is of use to the next one. What it cost goes back. */
void charflow_char_device_drop_writes (CharflowCharDevice *self);

/* A client that may write again is told: by tokens, in lumps, or that there is room. */
void charflow_char_device_repay_client (CharflowCharDevice *self,
                                        CharflowClient     *client);
/* The buffer is consumed, released or dropped: what it cost goes back to where it came from. */
void charflow_char_device_settle_write_buffer (CharflowCharDevice  *self,
                                               CharflowWriteBuffer *buffer);
/* The same, and nobody is told; FALSE when it was settled before. */
gboolean charflow_char_device_settle_silently (CharflowCharDevice  *self,
                                               CharflowWriteBuffer *buffer);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <spice/enums.h>

#include "charflow-enums.h"

G_BEGIN_DECLS

/* The data stage of one channel: messages over a GIOStream, both ways and for both ends. Acknowledgements,
 * pings and lists of messages are dealt with here; all other messages go to the handler. */

#define CHARFLOW_TYPE_CONNECTION (charflow_connection_get_type ())
G_DECLARE_FINAL_TYPE (CharflowConnection, charflow_connection, CHARFLOW, CONNECTION, GObject)

typedef enum
{
  CHARFLOW_CONNECTION_SERVER,
  CHARFLOW_CONNECTION_CLIENT,
} CharflowConnectionRole;

/* The answer to begin_message() for a body that is taken in pieces, as it comes. */
#define CHARFLOW_CONNECTION_STREAM G_MAXSIZE
/* No piece of a body is larger. */
#define CHARFLOW_CONNECTION_MAX_PIECE (64 * 1024)
/* No body that is kept whole is larger. */
#define CHARFLOW_CONNECTION_MAX_WHOLE (64 * 1024)
/* A handler that has this much to send waits until less than half of it is left. */
#define CHARFLOW_CONNECTION_HIGH_WATER (256 * 1024)
/* The same in messages, which cost memory besides their bytes. */
#define CHARFLOW_CONNECTION_MAX_QUEUED 1024

/* What the owner of a connection does. Each may close the connection; an error of theirs does. */
typedef struct
{
  /* A message of @size bytes begins: how many of them are to be kept for take_message() (the rest is passed
   * over), or CHARFLOW_CONNECTION_STREAM. FALSE refuses it. */
  gboolean (*begin_message) (gpointer owner,
                             guint16  type,
                             guint32  size,
                             gsize   *keep,
                             GError **error);
  gboolean (*take_message) (gpointer      owner,
                            guint16       type,
                            const guint8 *body,
                            gsize         size,
                            GError      **error);
  /* Memory for the next piece of at most @wanted bytes, of which @available have come; how much there is of it
   * goes to @capacity. NULL when there is no room: the connection is not read until charflow_connection_resume(). */
  guint8 *(*begin_piece) (gpointer owner,
                          guint16  type,
                          gsize    wanted,
                          gsize    available,
                          gsize   *capacity);
  void (*end_piece) (gpointer owner,
                     guint16  type,
                     gsize    filled);
  /* All that has come was handed over; what was gathered from pieces may go on. May be NULL. */
  void (*end_batch) (gpointer owner);
  /* Bytes went out; @queued are left. May be NULL. */
  void (*sent) (gpointer owner,
                gsize    queued);
  /* The peer took its leave and ended its output: TRUE to keep the connection until the owner closes it,
   * because what the peer sent is not dealt with yet. May be NULL. */
  gboolean (*hold) (gpointer owner);
  /* The end, told once: @error is NULL when the peer took its leave, or closed between two messages. */
  void (*closed) (gpointer      owner,
                  const GError *error);
} CharflowConnectionHandler;

/* For begin_message(): whether a message of @size bytes is within the limit of its type. */
gboolean charflow_connection_check_size (guint16  type,
                                         guint32  size,
                                         guint    limit,
                                         GError **error);

CharflowConnection *charflow_connection_new (GIOStream                       *stream,
                                             CharflowConnectionRole           role,
                                             gboolean                         mini_header,
                                             const CharflowConnectionHandler *handler,
                                             gpointer                         owner);

/* Begins to read. */
void charflow_connection_start (CharflowConnection *self);
/* Reads on after begin_piece() had no room. */
void charflow_connection_resume (CharflowConnection *self);

/* Queues a message; it goes out with the next charflow_connection_flush(). */
void charflow_connection_queue (CharflowConnection *self,
                                guint16             type,
                                GBytes             *body);
/* Sends what is queued, as far as the peer takes it; the rest follows by itself. */
void charflow_connection_flush (CharflowConnection *self);
void charflow_connection_send (CharflowConnection *self,
                               guint16             type,
                               GBytes             *body);
gsize charflow_connection_get_queued_bytes (CharflowConnection *self);
/* Whether so much is queued that a handler should wait, in bytes or in messages. */
gboolean charflow_connection_is_full (CharflowConnection *self);
/* Whether less than half of that is queued, so that it may go on. */
gboolean charflow_connection_has_room (CharflowConnection *self);

/* Server: waits for acknowledgements, with windows of so many messages. */
void charflow_connection_start_acks (CharflowConnection *self,
                                     guint32             window);
/* Server: asks for a sign of life; charflow_connection_get_ping_pending() tells whether it came. */
void charflow_connection_ping (CharflowConnection *self);
gboolean charflow_connection_get_ping_pending (CharflowConnection *self);

/* Takes leave: what is queued goes out, then word that this end leaves, then the end of the output. The
 * peer closes, and closed() is told. */
void charflow_connection_leave (CharflowConnection *self);
gboolean charflow_connection_get_leaving (CharflowConnection *self);
/* Ends it now, telling the peer why where that is possible; closed() is told with the error. */
void charflow_connection_fail (CharflowConnection *self,
                               const GError       *error);
/* Ends it now and tells nobody. */
void charflow_connection_close (CharflowConnection *self);

G_END_DECLS

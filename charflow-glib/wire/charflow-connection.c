/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-connection-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <spice/protocol.h>
#include <string.h>
#include <sys/socket.h>

#include "charflow-chunk-private.h"
#include "charflow-link-private.h"
#include "charflow-source-private.h"
#include "charflow-stream-util-private.h"
#include "charflow-sub-messages-private.h"
#include "charflow-watch-private.h"
#include "charflow-wire-reader-private.h"
#include "charflow-wire-writer-private.h"

/* What is read at once while messages are small; the rest of a large one goes straight to its place. */
#define READ_SIZE (16 * 1024)
/* So many reads before other sources of the main context get their turn. */
#define MAX_READS_PER_TURN 8
/* So many messages go out with one system call. */
#define MAX_BATCH 32
/* The largest PING of the server's net test has 256,000 bytes of padding; only the first 12 matter. */
#define PING_SIZE 12
#define MAX_COMMON_SIZE (16 * 1024 * 1024)
/* A peer that asks and asks, and does not read what it is answered, is not heard any more beyond this. Handlers
 * that mind charflow_connection_is_full() stay well below. */
#define MAX_UNREAD_BYTES (4 * CHARFLOW_CONNECTION_HIGH_WATER)
#define MAX_UNREAD_MESSAGES (4 * CHARFLOW_CONNECTION_MAX_QUEUED)

typedef enum
{
  READ_HEADER,
  READ_WHOLE,
  READ_STREAM,
  READ_SKIP,
} ReadState;

typedef struct
{
  guint8 header[sizeof (SpiceDataHeader)];
  GBytes *body;
} OutMessage;

struct _CharflowConnection
{
  GObject parent_instance;

  GIOStream *stream;
  GPollableInputStream *input;
  GPollableOutputStream *output;
  int fd; /* of the stream, where it is a socket's */
  CharflowWatch *watch; /* NULL where it is not */
  GIOCondition awaited;
  GMainContext *context;
  CharflowConnectionRole role;
  gsize header_size;
  const CharflowConnectionHandler *handler;
  gpointer owner;
  gboolean closed;

  GSource *in_source; /* where there is no watch */
  GSource *again_source;
  guint8 *in; /* a chunk with what was read and not dealt with, from in_start to in_end; NULL when empty */
  gsize in_start;
  gsize in_end;
  ReadState state;
  guint16 type;
  guint32 size;
  guint32 sub_list;
  gsize wanted; /* of the body, by the handler */
  gsize keep; /* of the body, for what it holds besides */
  guint64 left; /* of the body, while it streams or is skipped */
  gboolean reading;
  gboolean stuck; /* begin_piece() had no room */
  gboolean choked; /* the peer does not read */
  gboolean was_large;
  gboolean peer_left;
  gboolean input_ended;

  GQueue out; /* OutMessage */
  gsize out_offset; /* sent of the first */
  gsize out_bytes;
  GSource *out_source; /* where there is no watch */
  gboolean flushing;
  gboolean leaving;
  guint64 out_serial;

  guint32 ack_window; /* that the peer asked for */
  guint32 ack_count;

  guint32 window; /* that this end asked for, 0 for none */
  guint32 generation;
  gboolean generation_is_known;
  guint64 unacked;

  guint32 ping_id;
  gboolean ping_pending;
};

G_DEFINE_FINAL_TYPE (CharflowConnection, charflow_connection, G_TYPE_OBJECT)

static void output_ready (CharflowConnection *self);
static void read_turn (CharflowConnection *self);
static void read_again (CharflowConnection *self);

static void
out_message_free (OutMessage *message)
{
  g_clear_pointer (&message->body, g_bytes_unref);
  g_free (message);
}

static gsize
out_message_size (CharflowConnection *self,
                  OutMessage         *message)
{
  return self->header_size + (message->body == NULL ? 0 : g_bytes_get_size (message->body));
}

static gboolean
pollable_input_ready_cb (GObject *unused,
                         gpointer user_data)
{
  g_autoptr (CharflowConnection) self = g_object_ref (user_data);

  read_turn (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
pollable_output_ready_cb (GObject *unused,
                          gpointer user_data)
{
  g_autoptr (CharflowConnection) self = g_object_ref (user_data);

  output_ready (self);
  return G_SOURCE_CONTINUE;
}

static void
await_stream (CharflowConnection *self,
              GSource           **source,
              gboolean            is_input)
{
  if ((self->awaited & (is_input ? G_IO_IN : G_IO_OUT)) == 0)
    {
      charflow_clear_source (source);
      return;
    }
  if (*source != NULL)
    return;

  *source = is_input ? g_pollable_input_stream_create_source (self->input, NULL)
                     : g_pollable_output_stream_create_source (self->output, NULL);
  g_source_set_callback (*source, G_SOURCE_FUNC (is_input ? pollable_input_ready_cb : pollable_output_ready_cb), self, NULL);
  g_source_attach (*source, self->context);
}

/* From now on it waits for G_IO_IN, for G_IO_OUT, both or none. A socket is watched, read and written directly: GLib's
 * streams are made of several layers, which each message would pass through at every step. */
static void
await (CharflowConnection *self,
       GIOCondition        condition)
{
  self->awaited = condition;
  if (self->watch != NULL)
    {
      charflow_watch_want (self->watch, condition);
      return;
    }

  await_stream (self, &self->in_source, TRUE);
  await_stream (self, &self->out_source, FALSE);
}

static void
socket_ready (GIOCondition condition,
              gpointer     user_data)
{
  g_autoptr (CharflowConnection) self = g_object_ref (user_data);
  gboolean is_broken = (condition & (G_IO_HUP | G_IO_ERR)) != 0;

  if ((self->awaited & G_IO_OUT) != 0 && (is_broken || (condition & G_IO_OUT) != 0))
    output_ready (self);
  if ((self->awaited & G_IO_IN) != 0 && (is_broken || (condition & G_IO_IN) != 0))
    read_turn (self);
}

static void
drop_everything (CharflowConnection *self)
{
  self->closed = TRUE;
  await (self, 0);
  charflow_clear_source (&self->again_source);
  g_queue_clear_full (&self->out, (GDestroyNotify) out_message_free);
  self->out_bytes = 0;
}

/* The end that is not this end's doing, or that its owner has to know of. */
static void
end (CharflowConnection *self,
     const GError       *error)
{
  g_autoptr (CharflowConnection) guard = NULL;

  if (self->closed)
    return;

  guard = g_object_ref (self);
  drop_everything (self);
  g_io_stream_close (self->stream, NULL, NULL);
  self->handler->closed (self->owner, error);
}

static GBytes *
build_disconnecting (guint32 reason)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();

  charflow_wire_writer_u64 (writer, g_get_real_time () / G_TIME_SPAN_SECOND);
  charflow_wire_writer_u32 (writer, reason);
  return charflow_wire_writer_finish (writer);
}

static guint16
disconnecting_type (CharflowConnection *self)
{
  return self->role == CHARFLOW_CONNECTION_SERVER ? SPICE_MSG_DISCONNECTING : SPICE_MSGC_DISCONNECTING;
}

static void
fill_header (CharflowConnection *self,
             guint8             *header,
             guint16             type,
             guint32             size)
{
  SpiceMiniDataHeader mini = { .type = GUINT16_TO_LE (type), .size = GUINT32_TO_LE (size) };
  SpiceDataHeader full = { .type = GUINT16_TO_LE (type), .size = GUINT32_TO_LE (size) };

  self->out_serial++;
  full.serial = GUINT64_TO_LE (self->out_serial);
  if (self->header_size == sizeof mini)
    memcpy (header, &mini, sizeof mini);
  else
    memcpy (header, &full, sizeof full);
}

void
charflow_connection_fail (CharflowConnection *self,
                          const GError       *error)
{
  g_autoptr (CharflowConnection) guard = g_object_ref (self);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GByteArray) words = g_byte_array_new ();
  guint8 header[sizeof (SpiceDataHeader)];

  if (self->closed)
    return;

  /* In the middle of a message no other can begin, so then the peer just sees the end. */
  if (self->out_offset == 0)
    {
      body = build_disconnecting (charflow_link_error_to_code (error));
      fill_header (self, header, disconnecting_type (self), g_bytes_get_size (body));
      g_byte_array_append (words, header, self->header_size);
      g_byte_array_append (words, g_bytes_get_data (body, NULL), g_bytes_get_size (body));
    }
  drop_everything (self);
  {
    g_autoptr (GBytes) last_words = g_byte_array_free_to_bytes (g_steal_pointer (&words));

    charflow_stream_linger (self->stream, last_words);
  }
  self->handler->closed (self->owner, error);
}

/* Sending. */

static gboolean
may_send (CharflowConnection *self)
{
  /* The peer is allowed one window more than it acknowledged (as SPICE's server does it: 41 messages at a
   * window of 20, the request for acknowledgements included). */
  return self->window == 0 || self->unacked <= 2 * (guint64) self->window;
}

static gssize
fail_io (GError **error)
{
  int saved_errno = errno;

  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), g_strerror (saved_errno));
  return -1;
}

static gssize
read_stream (CharflowConnection *self,
             void               *buffer,
             gsize               size,
             GError            **error)
{
  gssize n;

  if (self->watch == NULL)
    return g_pollable_input_stream_read_nonblocking (self->input, buffer, size, NULL, error);

  do
    n = recv (self->fd, buffer, size, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);

  return n < 0 ? fail_io (error) : n;
}

/* The number of bytes that went out, or -1 with an error, maybe WOULD_BLOCK. */
static gssize
write_stream (CharflowConnection *self,
              GOutputVector      *vectors,
              guint               n_vectors,
              GError            **error)
{
  struct iovec pieces[2 * MAX_BATCH];
  struct msghdr message = { .msg_iov = pieces, .msg_iovlen = n_vectors };
  gssize n;

  if (self->watch == NULL)
    {
      gsize sent = 0;
      GPollableReturn result =
        g_pollable_output_stream_writev_nonblocking (self->output, vectors, n_vectors, &sent, NULL, error);

      if (result == G_POLLABLE_RETURN_WOULD_BLOCK)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
      return result == G_POLLABLE_RETURN_OK ? (gssize) sent : -1;
    }

  for (guint i = 0; i < n_vectors; i++)
    pieces[i] = (struct iovec) { .iov_base = (void *) vectors[i].buffer, .iov_len = vectors[i].size };
  do
    n = sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);

  return n < 0 ? fail_io (error) : n;
}

static void
output_ready (CharflowConnection *self)
{
  /* The watch is told only when it is done: mostly there is more to wait for. */
  self->awaited &= ~G_IO_OUT;
  charflow_connection_flush (self);
  if (!self->closed)
    await (self, self->awaited);
}

static void
wait_for_output (CharflowConnection *self)
{
  await (self, self->awaited | G_IO_OUT);
}

/* Vectors for as many messages as may go out now; without those bytes of the first that went already. */
static guint
gather_output (CharflowConnection *self,
               GOutputVector      *vectors)
{
  guint n_vectors = 0;
  guint64 unacked = self->unacked;
  gsize skip = self->out_offset;

  for (GList *link = self->out.head; link != NULL && n_vectors + 2 <= 2 * MAX_BATCH; link = link->next)
    {
      OutMessage *message = link->data;
      gsize size;
      const guint8 *data;

      if (self->window > 0 && skip == 0 && unacked++ > 2 * (guint64) self->window)
        break;

      if (skip < self->header_size)
        {
          vectors[n_vectors].buffer = message->header + skip;
          vectors[n_vectors++].size = self->header_size - skip;
        }
      if (message->body != NULL)
        {
          gsize body_skip = skip > self->header_size ? skip - self->header_size : 0;

          data = g_bytes_get_data (message->body, &size);
          vectors[n_vectors].buffer = data + body_skip;
          vectors[n_vectors++].size = size - body_skip;
        }
      skip = 0;
    }

  return n_vectors;
}

static void
drop_sent (CharflowConnection *self,
           gsize               sent)
{
  self->out_bytes -= sent;
  while (sent > 0)
    {
      OutMessage *first = g_queue_peek_head (&self->out);
      gsize left = out_message_size (self, first) - self->out_offset;

      if (self->out_offset == 0)
        self->unacked++;
      if (sent < left)
        {
          self->out_offset += sent;
          return;
        }
      sent -= left;
      self->out_offset = 0;
      out_message_free (g_queue_pop_head (&self->out));
    }
}

/* FALSE when nothing more can go out now. */
static gboolean
write_batch (CharflowConnection *self)
{
  GOutputVector vectors[2 * MAX_BATCH];
  guint n_vectors = gather_output (self, vectors);
  g_autoptr (GError) error = NULL;
  gssize sent;

  if (n_vectors == 0)
    return FALSE;

  sent = write_stream (self, vectors, n_vectors, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      wait_for_output (self);
      return FALSE;
    }
  if (sent < 0)
    {
      end (self, error);
      return FALSE;
    }

  drop_sent (self, sent);
  return TRUE;
}

void
charflow_connection_flush (CharflowConnection *self)
{
  g_autoptr (CharflowConnection) guard = NULL;
  gsize before = self->out_bytes;

  if (self->closed || self->flushing || (self->awaited & G_IO_OUT) != 0)
    return;

  guard = g_object_ref (self);
  self->flushing = TRUE;
  while (!self->closed && self->out.length > 0 && (self->out_offset > 0 || may_send (self)))
    if (!write_batch (self))
      break;
  self->flushing = FALSE;
  if (self->closed)
    return;

  if (self->leaving && self->out.length == 0)
    charflow_stream_shutdown_output (self->stream);
  if (self->choked && charflow_connection_has_room (self))
    {
      self->choked = FALSE;
      read_again (self);
    }
  if (self->out_bytes < before && self->handler->sent != NULL)
    self->handler->sent (self->owner, self->out_bytes);
}

void
charflow_connection_queue (CharflowConnection *self,
                           guint16             type,
                           GBytes             *body)
{
  OutMessage *message;
  gsize size = body == NULL ? 0 : g_bytes_get_size (body);

  if (self->closed || self->leaving)
    return;

  g_return_if_fail (size <= G_MAXUINT32);

  message = g_new (OutMessage, 1);
  message->body = size == 0 ? NULL : g_bytes_ref (body);
  fill_header (self, message->header, type, size);
  g_queue_push_tail (&self->out, message);
  self->out_bytes += out_message_size (self, message);
}

void
charflow_connection_send (CharflowConnection *self,
                          guint16             type,
                          GBytes             *body)
{
  charflow_connection_queue (self, type, body);
  charflow_connection_flush (self);
}

gsize
charflow_connection_get_queued_bytes (CharflowConnection *self)
{
  return self->out_bytes;
}

gboolean
charflow_connection_is_full (CharflowConnection *self)
{
  return self->out_bytes >= CHARFLOW_CONNECTION_HIGH_WATER || self->out.length >= CHARFLOW_CONNECTION_MAX_QUEUED;
}

gboolean
charflow_connection_has_room (CharflowConnection *self)
{
  return self->out_bytes < CHARFLOW_CONNECTION_HIGH_WATER / 2 &&
         self->out.length < CHARFLOW_CONNECTION_MAX_QUEUED / 2;
}

void
charflow_connection_start_acks (CharflowConnection *self,
                                guint32             window)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  g_autoptr (GBytes) body = NULL;

  self->generation++;
  self->generation_is_known = FALSE;
  self->window = window;
  self->unacked = 0;
  charflow_wire_writer_u32 (writer, self->generation);
  charflow_wire_writer_u32 (writer, window);
  body = charflow_wire_writer_finish (writer);
  charflow_connection_send (self, SPICE_MSG_SET_ACK, body);
}

void
charflow_connection_ping (CharflowConnection *self)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  g_autoptr (GBytes) body = NULL;

  self->ping_id++;
  self->ping_pending = TRUE;
  charflow_wire_writer_u32 (writer, self->ping_id);
  charflow_wire_writer_u64 (writer, g_get_monotonic_time ());
  body = charflow_wire_writer_finish (writer);
  charflow_connection_send (self, SPICE_MSG_PING, body);
}

gboolean
charflow_connection_get_ping_pending (CharflowConnection *self)
{
  return self->ping_pending;
}

/* Common messages. */

static void
take_ack_request (CharflowConnection *self,
                  CharflowWireReader *reader)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  guint32 generation = charflow_wire_reader_u32 (reader);
  guint32 window = charflow_wire_reader_u32 (reader);
  g_autoptr (GBytes) body = NULL;

  charflow_wire_writer_u32 (writer, generation);
  body = charflow_wire_writer_finish (writer);
  if (reader->failed)
    return;

  self->ack_window = window;
  self->ack_count = 0;
  charflow_connection_send (self, SPICE_MSGC_ACK_SYNC, body);
}

static void
answer_ping (CharflowConnection *self,
             CharflowWireReader *reader)
{
  const guint8 *id_and_time = charflow_wire_reader_bytes (reader, PING_SIZE);
  g_autoptr (GBytes) body = NULL;

  if (id_and_time == NULL)
    return;

  body = g_bytes_new (id_and_time, PING_SIZE);
  charflow_connection_send (self, SPICE_MSGC_PONG, body);
}

static void
take_ack (CharflowConnection *self)
{
  /* Acknowledgements that nobody owes do no harm. */
  if (self->window == 0 || !self->generation_is_known)
    return;

  self->unacked -= MIN (self->unacked, self->window);
  charflow_connection_flush (self);
}

static gboolean take_body (CharflowConnection *self,
                           guint16             type,
                           const guint8       *body,
                           gsize               size,
                           gboolean            nested,
                           GError            **error);

static gboolean
take_list (CharflowConnection *self,
           const guint8       *body,
           gsize               size,
           guint32             offset,
           GError            **error)
{
  g_autoptr (GArray) messages = charflow_sub_messages_parse (body, size, offset, error);

  if (messages == NULL)
    return FALSE;

  for (guint i = 0; i < messages->len && !self->closed; i++)
    {
      CharflowSubMessage *message = &g_array_index (messages, CharflowSubMessage, i);

      if (!take_body (self, message->type, message->body, message->size, TRUE, error))
        return FALSE;
    }

  return TRUE;
}

/* The messages of every channel from the server; FALSE and no error for those that are the channel's. */
static gboolean
take_from_server (CharflowConnection *self,
                  guint16             type,
                  CharflowWireReader *reader)
{
  switch (type)
    {
    case SPICE_MSG_SET_ACK:
      take_ack_request (self, reader);
      return TRUE;
    case SPICE_MSG_PING:
      answer_ping (self, reader);
      return TRUE;
    case SPICE_MSG_DISCONNECTING:
      self->peer_left = TRUE;
      return TRUE;
    case SPICE_MSG_WAIT_FOR_CHANNELS:
    case SPICE_MSG_NOTIFY:
    case SPICE_MSG_MIGRATE:
    case SPICE_MSG_MIGRATE_DATA:
      /* No channel here depends on another, and nothing migrates yet. */
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
take_from_client (CharflowConnection *self,
                  guint16             type,
                  CharflowWireReader *reader)
{
  switch (type)
    {
    case SPICE_MSGC_ACK_SYNC:
      self->generation_is_known = charflow_wire_reader_u32 (reader) == self->generation;
      return TRUE;
    case SPICE_MSGC_ACK:
      take_ack (self);
      return TRUE;
    case SPICE_MSGC_PONG:
      if (charflow_wire_reader_u32 (reader) == self->ping_id)
        self->ping_pending = FALSE;
      return TRUE;
    case SPICE_MSGC_DISCONNECTING:
      self->peer_left = TRUE;
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
take_common (CharflowConnection *self,
             guint16             type,
             const guint8       *body,
             gsize               size,
             GError            **error)
{
  CharflowWireReader reader;

  charflow_wire_reader_init (&reader, body, size);
  if (!(self->role == CHARFLOW_CONNECTION_SERVER ? take_from_client (self, type, &reader)
                                                 : take_from_server (self, type, &reader)))
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("Message type %u is not expected"), type);
      return FALSE;
    }
  if (reader.failed)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("A message of type %u has only %zu bytes"), type, size);
      return FALSE;
    }

  return TRUE;
}

/* Types up to this one mean the same on every channel. */
static gboolean
is_common (guint16 type)
{
  return type <= SPICE_MSG_BASE_LAST;
}

static gboolean
stream_body (CharflowConnection *self,
             guint16             type,
             const guint8       *body,
             gsize               size,
             GError            **error)
{
  while (size > 0 && !self->closed)
    {
      gsize capacity = 0;
      guint8 *place = self->handler->begin_piece (self->owner, type,
                                                  MIN (size, CHARFLOW_CONNECTION_MAX_PIECE), size, &capacity);
      gsize n = MIN (size, capacity);

      if (self->closed)
        return TRUE;
      if (place == NULL)
        {
          g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                               _("There is no room for data within a list of messages"));
          return FALSE;
        }
      memcpy (place, body, n);
      self->handler->end_piece (self->owner, type, n);
      body += n;
      size -= n;
    }

  return TRUE;
}

gboolean
charflow_connection_check_size (guint16  type,
                                guint32  size,
                                guint    limit,
                                GError **error)
{
  if (size <= limit)
    return TRUE;

  g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
               _("A message of type %u with %u bytes is too large: at most %u are taken"), type, size, limit);
  return FALSE;
}

static gboolean
hand_over (CharflowConnection *self,
           guint16             type,
           const guint8       *body,
           gsize               size,
           GError            **error)
{
  GError *failure = NULL;

  if (self->handler->take_message (self->owner, type, body, size, &failure))
    return TRUE;

  /* A virtual function in Python that raises anything but a GError fails without one. */
  if (failure == NULL)
    failure = g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED,
                           _("A message of type %u was refused without a reason"), type);
  g_propagate_error (error, failure);
  return FALSE;
}

/* A message that is there as a whole: one of a list, or one that was kept. */
static gboolean
take_body (CharflowConnection *self,
           guint16             type,
           const guint8       *body,
           gsize               size,
           gboolean            nested,
           GError            **error)
{
  gsize keep = 0;

  if (nested && self->role == CHARFLOW_CONNECTION_CLIENT && type == SPICE_MSG_LIST)
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                           _("A list of messages within another"));
      return FALSE;
    }
  if (self->role == CHARFLOW_CONNECTION_CLIENT && type == SPICE_MSG_LIST)
    return take_list (self, body, size, 0, error);
  if (is_common (type))
    return take_common (self, type, body, size, error);
  if (!nested)
    return hand_over (self, type, body, size, error);

  if (!self->handler->begin_message (self->owner, type, size, &keep, error))
    return FALSE;
  if (self->closed)
    return TRUE;
  if (keep == CHARFLOW_CONNECTION_STREAM)
    return stream_body (self, type, body, size, error);

  return hand_over (self, type, body, MIN (keep, size), error);
}

/* Receiving. */

static gsize
buffered (CharflowConnection *self)
{
  return self->in_end - self->in_start;
}

static const guint8 *
buffer_head (CharflowConnection *self)
{
  return self->in + self->in_start;
}

/* A body that is kept whole has to fit. */
G_STATIC_ASSERT (CHARFLOW_CONNECTION_MAX_WHOLE <= CHARFLOW_CHUNK_SIZE);

static void
consume (CharflowConnection *self,
         gsize               size)
{
  self->in_start += size;
  if (self->in_start < self->in_end)
    return;

  /* An idle connection holds no memory for input. */
  g_clear_pointer (&self->in, charflow_chunk_free);
  self->in_start = self->in_end = 0;
}

static gboolean
begin_common (CharflowConnection *self,
              guint32             size,
              gsize              *keep,
              GError            **error)
{
  if (size > MAX_COMMON_SIZE)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("A message of type %u with %u bytes is too large"), self->type, size);
      return FALSE;
    }

  *keep = self->role == CHARFLOW_CONNECTION_CLIENT && self->type == SPICE_MSG_LIST ? size : MIN (size, PING_SIZE);
  return TRUE;
}

static gboolean
parse_header (CharflowConnection *self,
              GError            **error)
{
  CharflowWireReader reader;

  charflow_wire_reader_init (&reader, buffer_head (self), self->header_size);
  if (self->header_size == sizeof (SpiceDataHeader))
    charflow_wire_reader_u64 (&reader); /* serials of the peer are its own affair */
  self->type = charflow_wire_reader_u16 (&reader);
  self->size = charflow_wire_reader_u32 (&reader);
  self->sub_list = self->header_size == sizeof (SpiceDataHeader) ? charflow_wire_reader_u32 (&reader) : 0;
  self->keep = 0;
  consume (self, self->header_size);
  self->was_large = self->size >= READ_SIZE / 2;

  if (is_common (self->type) ? !begin_common (self, self->size, &self->keep, error)
                             : !self->handler->begin_message (self->owner, self->type, self->size, &self->keep,
                                                              error))
    return FALSE;

  self->wanted = self->keep;
  /* A list lies anywhere in the body, so the body has to be whole. */
  if (self->sub_list != 0 && self->keep != CHARFLOW_CONNECTION_STREAM)
    self->keep = self->size;
  if ((self->sub_list != 0 && self->keep == CHARFLOW_CONNECTION_STREAM) ||
      (self->keep != CHARFLOW_CONNECTION_STREAM && self->keep > CHARFLOW_CONNECTION_MAX_WHOLE))
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("A message of type %u with %u bytes cannot be taken whole"), self->type, self->size);
      return FALSE;
    }

  self->left = self->size;
  self->state = self->keep == CHARFLOW_CONNECTION_STREAM ? READ_STREAM : READ_WHOLE;
  return TRUE;
}

static void
end_message (CharflowConnection *self)
{
  self->state = READ_HEADER;
  if (self->ack_window == 0 || (self->type == SPICE_MSG_SET_ACK && self->role == CHARFLOW_CONNECTION_CLIENT))
    return;

  self->ack_count++;
  if (self->ack_count < self->ack_window)
    return;

  self->ack_count = 0;
  charflow_connection_send (self, SPICE_MSGC_ACK, NULL);
}

static gboolean
finish_whole (CharflowConnection *self,
              GError            **error)
{
  gsize keep = MIN (self->keep, self->size);
  const guint8 *body = keep > 0 ? buffer_head (self) : (const guint8 *) "";

  if (self->sub_list != 0 && !take_list (self, body, keep, self->sub_list, error))
    return FALSE;
  if (!self->closed && !take_body (self, self->type, body, MIN (self->wanted, keep), FALSE, error))
    return FALSE;
  if (self->closed)
    return TRUE;

  if (keep > 0)
    consume (self, keep);
  self->left = self->size - keep;
  if (self->left > 0)
    self->state = READ_SKIP;
  else
    end_message (self);

  return TRUE;
}

static void
skip_buffered (CharflowConnection *self)
{
  gsize n = MIN (self->left, buffered (self));

  if (n > 0)
    consume (self, n);
  self->left -= n;
  if (self->left == 0)
    end_message (self);
}

/* Hands what is buffered of a streamed body on. */
static void
stream_buffered (CharflowConnection *self)
{
  gsize wanted = MIN (self->left, CHARFLOW_CONNECTION_MAX_PIECE);
  gsize capacity = 0;
  guint8 *place;
  gsize n;

  if (self->left == 0)
    {
      end_message (self);
      return;
    }

  place = self->handler->begin_piece (self->owner, self->type, MIN (wanted, buffered (self)), buffered (self),
                                      &capacity);
  if (self->closed)
    return;
  if (place == NULL)
    {
      self->stuck = TRUE;
      return;
    }

  n = MIN (MIN (wanted, capacity), buffered (self));
  memcpy (place, buffer_head (self), n);
  consume (self, n);
  self->left -= n;
  self->handler->end_piece (self->owner, self->type, n);
  if (!self->closed && self->left == 0)
    end_message (self);
}

static gboolean
has_enough (CharflowConnection *self)
{
  switch (self->state)
    {
    case READ_HEADER:
      return buffered (self) >= self->header_size;
    case READ_WHOLE:
      return buffered (self) >= MIN (self->keep, self->size);
    case READ_STREAM:
    case READ_SKIP:
    default:
      return self->left == 0 || buffered (self) > 0;
    }
}

static gboolean
is_paused (CharflowConnection *self)
{
  return self->closed || self->stuck || self->choked;
}

static gboolean
parse_buffered (CharflowConnection *self,
                GError            **error)
{
  while (!is_paused (self) && has_enough (self))
    {
      gboolean ok = TRUE;

      if (self->state == READ_HEADER &&
          (self->out_bytes > MAX_UNREAD_BYTES || self->out.length > MAX_UNREAD_MESSAGES))
        {
          self->choked = TRUE;
          break;
        }

      switch (self->state)
        {
        case READ_HEADER:
          ok = parse_header (self, error);
          break;
        case READ_WHOLE:
          ok = finish_whole (self, error);
          break;
        case READ_STREAM:
          stream_buffered (self);
          break;
        case READ_SKIP:
        default:
          skip_buffered (self);
          break;
        }
      if (!ok)
        return FALSE;
    }

  return TRUE;
}

/* The peer's end of its output. Between two messages, or after it said so, it just leaves. One that said so
 * may still wait for what it sent to be dealt with; the owner then closes when that is done. */
static void
take_end (CharflowConnection *self)
{
  g_autoptr (GError) error = NULL;

  self->input_ended = TRUE;
  if (self->peer_left && self->handler->hold != NULL && self->handler->hold (self->owner))
    return;

  if (self->state != READ_HEADER || buffered (self) > 0)
    error = g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CLOSED,
                                 _("The peer closed the connection in the middle of a message"));
  end (self, error);
}

/* How the socket is read: into the buffer, which messages are parsed from, or straight to the place of a
 * streamed body. After a large message only a header is read, so that the next body can go straight, too. */
static gssize
read_once (CharflowConnection *self,
           GError            **error)
{
  gsize wanted = self->was_large && self->state == READ_HEADER ? self->header_size : READ_SIZE;
  gsize capacity = 0;
  gssize n;

  if (self->state == READ_STREAM && self->left >= READ_SIZE / 2)
    {
      guint8 *place = self->handler->begin_piece (self->owner, self->type,
                                                  MIN (self->left, CHARFLOW_CONNECTION_MAX_PIECE), 0, &capacity);

      if (self->closed)
        return 1;
      if (place == NULL)
        {
          self->stuck = TRUE;
          return 1;
        }
      n = read_stream (self, place, MIN (capacity, self->left), error);
      self->left -= MAX (n, 0);
      self->handler->end_piece (self->owner, self->type, MAX (n, 0));
      return n;
    }

  if (self->in == NULL)
    self->in = charflow_chunk_new ();
  if (self->in_start > 0)
    memmove (self->in, buffer_head (self), buffered (self));
  self->in_end -= self->in_start;
  self->in_start = 0;
  n = read_stream (self, self->in + self->in_end, MIN (wanted, CHARFLOW_CHUNK_SIZE - self->in_end), error);
  self->in_end += MAX (n, 0);
  if (self->in_end == 0)
    consume (self, 0);

  return n;
}

static void
update_in_source (CharflowConnection *self)
{
  if (is_paused (self) || self->input_ended)
    await (self, self->awaited & ~G_IO_IN);
  else
    await (self, self->awaited | G_IO_IN);
}

static gboolean
again_cb (gpointer user_data)
{
  g_autoptr (CharflowConnection) self = g_object_ref (user_data);

  charflow_clear_source (&self->again_source);
  read_turn (self);
  return G_SOURCE_REMOVE;
}

/* What is buffered already has no source that tells of it. */
static void
read_again (CharflowConnection *self)
{
  if (self->again_source != NULL)
    return;

  self->again_source = g_idle_source_new ();
  g_source_set_priority (self->again_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->again_source, again_cb, self, NULL);
  g_source_attach (self->again_source, self->context);
}

static void
read_turn (CharflowConnection *self)
{
  g_autoptr (CharflowConnection) guard = NULL;
  g_autoptr (GError) error = NULL;
  gssize n = 1;

  if (is_paused (self) || self->reading || self->input_ended)
    return;

  guard = g_object_ref (self);
  self->reading = TRUE;
  for (guint i = 0; i < MAX_READS_PER_TURN && n > 0 && error == NULL; i++)
    {
      if (!parse_buffered (self, &error) || is_paused (self))
        break;
      n = read_once (self, &error);
      if (n > 0 && !parse_buffered (self, &error))
        break;
      if (is_paused (self) || (n > 0 && n < READ_SIZE / 2 && self->state == READ_HEADER))
        break;
    }
  if (!self->closed && self->handler->end_batch != NULL)
    self->handler->end_batch (self->owner);
  self->reading = FALSE;

  if (n == 0 && !self->closed)
    take_end (self);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (&error);
  else if (error != NULL && n < 0)
    end (self, error);
  else if (error != NULL)
    charflow_connection_fail (self, error);
  else if (!is_paused (self) && has_enough (self))
    read_again (self); /* room was made during this very turn */
  update_in_source (self);
}

void
charflow_connection_start (CharflowConnection *self)
{
  update_in_source (self);
}

void
charflow_connection_resume (CharflowConnection *self)
{
  if (self->closed || !self->stuck)
    return;

  self->stuck = FALSE;
  read_turn (self);
}

void
charflow_connection_leave (CharflowConnection *self)
{
  g_autoptr (GBytes) body = NULL;

  if (self->closed || self->leaving)
    return;

  body = build_disconnecting (SPICE_LINK_ERR_OK);
  charflow_connection_queue (self, disconnecting_type (self), body);
  self->leaving = TRUE;
  charflow_connection_flush (self);
}

gboolean
charflow_connection_get_leaving (CharflowConnection *self)
{
  return self->leaving;
}

void
charflow_connection_close (CharflowConnection *self)
{
  if (self->closed)
    return;

  drop_everything (self);
  g_io_stream_close (self->stream, NULL, NULL);
}

static void
charflow_connection_finalize (GObject *object)
{
  CharflowConnection *self = CHARFLOW_CONNECTION (object);

  charflow_connection_close (self);
  g_clear_pointer (&self->watch, charflow_watch_free);
  g_clear_pointer (&self->in, charflow_chunk_free);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (charflow_connection_parent_class)->finalize (object);
}

static void
charflow_connection_class_init (CharflowConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = charflow_connection_finalize;
}

static void
charflow_connection_init (CharflowConnection *self)
{
  self->context = g_main_context_ref_thread_default ();
  g_queue_init (&self->out);
}

CharflowConnection *
charflow_connection_new (GIOStream                       *stream,
                         CharflowConnectionRole           role,
                         gboolean                         mini_header,
                         const CharflowConnectionHandler *handler,
                         gpointer                         owner)
{
  CharflowConnection *self = g_object_new (CHARFLOW_TYPE_CONNECTION, NULL);

  self->stream = g_object_ref (stream);
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  if (G_IS_SOCKET_CONNECTION (stream))
    {
      self->fd = g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
      self->watch = charflow_watch_new (self->context, self->fd, socket_ready, self);
    }
  self->role = role;
  self->header_size = mini_header ? sizeof (SpiceMiniDataHeader) : sizeof (SpiceDataHeader);
  self->handler = handler;
  self->owner = owner;

  return self;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-port-client-private.h"

#include <glib/gi18n-lib.h>
#include <spice/enums.h>

#include "charflow-channel-client-private.h"
#include "charflow-char-device.h"
#include "charflow-client-private.h"

typedef struct
{
  guint64 place; /* the message of the client's queue that it stands before */
  guint8 event;
} QueuedEvent;

struct _CharflowPortClient
{
  CharflowClient parent_instance;

  CharflowChannelClient *connection; /* not owned: it outlives its attachment to the device */
  CharflowWriteBuffer *buffer; /* being filled */
  GArray *events; /* QueuedEvents, behind messages that wait in the client's queue */
  gboolean leaving;
};

G_DEFINE_FINAL_TYPE (CharflowPortClient, charflow_port_client, CHARFLOW_TYPE_CLIENT)

static void
update_ready (CharflowPortClient *self)
{
  CharflowConnection *connection = charflow_channel_client_get_connection (self->connection);
  gboolean ready = charflow_client_get_ready (CHARFLOW_CLIENT (self));

  /* Between the two marks it stays as it is, so that the device is not stopped and started at each message. */
  if (charflow_connection_is_full (connection))
    ready = FALSE;
  else if (charflow_connection_has_room (connection))
    ready = TRUE;
  charflow_client_set_ready (CHARFLOW_CLIENT (self), ready);
}

/* A device that comes and goes by itself is not to fill the memory: what it did twice at one place, it did once. */
static void
drop_repeated (GArray *events)
{
  const QueuedEvent *last = &g_array_index (events, QueuedEvent, events->len - 1);

  if (events->len >= 3 && last[-2].place == last->place && last[-2].event == last->event)
    g_array_set_size (events, events->len - 2);
}

/* Sends the events that stand before what is still in the client's queue, unless the peer does not read and nothing is
 * about to follow them. */
static void
queue_due_events (CharflowPortClient *self,
                  gboolean            data_follows)
{
  CharflowConnection *connection = charflow_channel_client_get_connection (self->connection);
  guint64 place = charflow_client_get_queue_start (CHARFLOW_CLIENT (self));
  guint n = 0;

  for (; n < self->events->len; n++)
    {
      QueuedEvent *queued = &g_array_index (self->events, QueuedEvent, n);
      g_autoptr (GBytes) body = NULL;

      if (queued->place > place || (!data_follows && charflow_connection_is_full (connection)))
        break;
      body = g_bytes_new (&queued->event, sizeof queued->event);
      charflow_connection_queue (connection, SPICE_MSG_PORT_EVENT, body);
    }

  if (n > 0)
    g_array_remove_range (self->events, 0, n);
}

static void
charflow_port_client_deliver (CharflowClient     *client,
                              CharflowCharDevice *device,
                              GBytes             *bytes)
{
  CharflowPortClient *self = CHARFLOW_PORT_CLIENT (client);
  CharflowConnection *connection = charflow_channel_client_get_connection (self->connection);

  /* An empty message is a violation for SPICE's own ends. */
  if (g_bytes_get_size (bytes) == 0)
    return;

  queue_due_events (self, TRUE);
  charflow_connection_queue (connection, SPICE_MSG_SPICEVMC_DATA, bytes);
  update_ready (self);
}

static void
charflow_port_client_flush (CharflowClient     *client,
                            CharflowCharDevice *device)
{
  CharflowPortClient *self = CHARFLOW_PORT_CLIENT (client);

  queue_due_events (self, FALSE);
  charflow_connection_flush (charflow_channel_client_get_connection (self->connection));
}

static void
charflow_port_client_writable (CharflowClient     *client,
                               CharflowCharDevice *device)
{
  CharflowPortClient *self = CHARFLOW_PORT_CLIENT (client);

  if (self->leaving)
    charflow_channel_client_close (self->connection);
  else
    charflow_connection_resume (charflow_channel_client_get_connection (self->connection));
}

static GError *
explain_stall (CharflowClient *client)
{
  guint stall_time_ms;

  g_object_get (client, "stall-time", &stall_time_ms, NULL);
  return g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT,
                      _("Removed because it stalled: it made no progress for %u ms and held up the device"),
                      stall_time_ms);
}

static GError *
explain_token_timeout (CharflowClient *client)
{
  guint wait_time_ms;

  g_object_get (client, "wait-time", &wait_time_ms, NULL);
  return g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT,
                      _("Removed because it granted no token: messages waited %u ms for one"),
                      wait_time_ms);
}

/* NULL for what is not the doing of its peer. */
static GError *
explain_removal (CharflowClient      *client,
                 CharflowRemoveReason reason)
{
  switch (reason)
    {
    case CHARFLOW_REMOVE_REASON_DETACHED:
    case CHARFLOW_REMOVE_REASON_DEVICE_GONE:
      return NULL;
    case CHARFLOW_REMOVE_REASON_NO_TOKENS:
      return g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                                  _("Removed because it wrote a message without a token for it"));
    case CHARFLOW_REMOVE_REASON_TOKEN_OVERFLOW:
      return g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                                  _("Removed because it granted more tokens than can be counted"));
    case CHARFLOW_REMOVE_REASON_OVERFLOW:
      return g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_LIMIT,
                                  _("Removed because its queue was full"));
    case CHARFLOW_REMOVE_REASON_STALLED:
      return explain_stall (client);
    case CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT:
      return explain_token_timeout (client);
    case CHARFLOW_REMOVE_REASON_BAD_MESSAGE:
      return g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                                  _("Removed because it wrote a message that breaks the framing of the device"));
    default:
      g_return_val_if_reached (NULL);
    }
}

static void
charflow_port_client_removed (CharflowClient      *client,
                              CharflowCharDevice  *device,
                              CharflowRemoveReason reason)
{
  CharflowPortClient *self = CHARFLOW_PORT_CLIENT (client);
  g_autoptr (GError) error = explain_removal (client, reason);

  g_clear_pointer (&self->buffer, charflow_write_buffer_unref);
  if (error != NULL)
    charflow_channel_client_fail (self->connection, error);
  else
    charflow_channel_client_close (self->connection);
}

static void
charflow_port_client_finalize (GObject *object)
{
  CharflowPortClient *self = CHARFLOW_PORT_CLIENT (object);

  g_clear_pointer (&self->buffer, charflow_write_buffer_unref);
  g_array_unref (self->events);
  G_OBJECT_CLASS (charflow_port_client_parent_class)->finalize (object);
}

static void
charflow_port_client_class_init (CharflowPortClientClass *klass)
{
  CharflowClientClass *client_class = CHARFLOW_CLIENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = charflow_port_client_finalize;
  client_class->deliver = charflow_port_client_deliver;
  client_class->flush = charflow_port_client_flush;
  client_class->writable = charflow_port_client_writable;
  client_class->removed = charflow_port_client_removed;
}

static void
charflow_port_client_init (CharflowPortClient *self)
{
  self->events = g_array_new (FALSE, FALSE, sizeof (QueuedEvent));
}

CharflowPortClient *
charflow_port_client_new (CharflowChannelClient *connection,
                          CharflowOverflow       overflow,
                          guint                  stall_time_ms,
                          gboolean               read_only)
{
  CharflowPortClient *self = g_object_new (CHARFLOW_TYPE_PORT_CLIENT,
                                           "peer", charflow_channel_client_get_peer (connection),
                                           "overflow", overflow,
                                           "stall-time", stall_time_ms,
                                           "read-only", read_only,
                                           NULL);

  self->connection = connection;
  return self;
}

static void
submit (CharflowPortClient *self)
{
  CharflowCharDevice *device = charflow_client_peek_device (CHARFLOW_CLIENT (self));

  if (self->buffer == NULL)
    return;

  if (device != NULL)
    charflow_char_device_add_write_buffer (device, g_steal_pointer (&self->buffer));
  else
    g_clear_pointer (&self->buffer, charflow_write_buffer_unref);
}

guint8 *
charflow_port_client_begin_piece (CharflowPortClient *self,
                                  gsize               wanted,
                                  gsize               available,
                                  gsize              *capacity)
{
  CharflowCharDevice *device = charflow_client_peek_device (CHARFLOW_CLIENT (self));
  gsize size = MAX (wanted, MIN (available, CHARFLOW_CONNECTION_MAX_PIECE));
  gsize room = 0;

  /* The bodies of small messages that came together go to the device with one write: on a port their
   * boundaries mean nothing. */
  if (self->buffer != NULL)
    {
      guint8 *place = charflow_write_buffer_peek (self->buffer, &room);

      *capacity = room;
      if (room >= wanted)
        return place;
    }

  submit (self);
  if (device == NULL)
    return NULL;
  self->buffer = charflow_char_device_get_write_buffer (device, CHARFLOW_CLIENT (self), size, NULL);
  if (self->buffer == NULL)
    return NULL;

  return charflow_write_buffer_peek (self->buffer, capacity);
}

void
charflow_port_client_end_piece (CharflowPortClient *self,
                                gsize               filled)
{
  if (self->buffer != NULL)
    charflow_write_buffer_commit (self->buffer, filled);
}

void
charflow_port_client_end_batch (CharflowPortClient *self)
{
  submit (self);
}

void
charflow_port_client_send_event (CharflowPortClient *self,
                                 guint8              event)
{
  QueuedEvent queued = { charflow_client_get_queue_end (CHARFLOW_CLIENT (self)), event };

  g_array_append_val (self->events, queued);
  drop_repeated (self->events);
  queue_due_events (self, FALSE);
  charflow_connection_flush (charflow_channel_client_get_connection (self->connection));
}

void
charflow_port_client_note_sent (CharflowPortClient *self)
{
  g_autoptr (CharflowPortClient) guard = g_object_ref (self);

  /* A reset of the device takes away the messages that they stood behind. */
  if (self->events->len > 0)
    {
      queue_due_events (self, FALSE);
      charflow_connection_flush (charflow_channel_client_get_connection (self->connection));
      if (charflow_client_peek_device (CHARFLOW_CLIENT (self)) == NULL)
        return;
    }
  charflow_client_note_progress (CHARFLOW_CLIENT (self));
  update_ready (self);
}

gboolean
charflow_port_client_hold (CharflowPortClient *self)
{
  submit (self);
  if (charflow_client_get_waiting_bytes (CHARFLOW_CLIENT (self)) == 0)
    return FALSE;

  self->leaving = TRUE;
  charflow_client_await_drain (CHARFLOW_CLIENT (self));
  return TRUE;
}

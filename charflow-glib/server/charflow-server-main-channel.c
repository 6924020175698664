/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-server-main-channel-private.h"

#include <glib/gi18n-lib.h>
#include <spice/enums.h>
#include <spice/protocol.h>

#include "charflow-channel-client-private.h"
#include "charflow-server-channel-private.h"
#include "charflow-server-client.h"
#include "charflow-server.h"
#include "charflow-source-private.h"
#include "charflow-wire-reader-private.h"
#include "charflow-wire-writer-private.h"

/**
 * SECTION:charflow-server-main-channel
 * @title: CharflowServerMainChannel
 * @short_description: the channel that a session begins with, at the server's end
 *
 * Each server has one: it greets a user with the number of the session, lists the channels, and watches
 * over whether the user is still there.
 *
 * |[<!-- language="C" -->
 * CharflowServerChannel *channel = charflow_server_lookup_channel (server, CHARFLOW_CHANNEL_TYPE_MAIN, 0);
 *
 * if (CHARFLOW_IS_SERVER_MAIN_CHANNEL (channel))
 *   g_print ("the server has made it\n");
 * ]|
 */

/**
 * CharflowServerMainChannel:
 *
 * The channel that a session begins with, at the server's end.
 *
 * Since: 1.0
 */

/* What SPICE's server takes on the main channel, besides agent data. */
#define MAX_MESSAGE_SIZE 26624
/* SPICE's server tells as many tokens, also while there is no agent. */
#define AGENT_TOKENS 10
/* SPICE's server asks as often, and drops a client that was silent for 30 to 60 s. */
#define PING_INTERVAL_MS 15000
#define MAX_SILENT_TICKS 3

struct _CharflowServerMainChannel
{
  CharflowServerChannel parent_instance;

  GMainContext *context;
  GHashTable *visitors; /* CharflowChannelClient to Visitor */
  GSource *timer; /* while there are any that are pinged */
};

typedef struct
{
  CharflowChannelClient *client;
  gboolean has_list;
  gboolean is_pinged;
  guint silent_ticks;
} Visitor;

G_DEFINE_FINAL_TYPE (CharflowServerMainChannel, charflow_server_main_channel, CHARFLOW_TYPE_SERVER_CHANNEL)

static void
send (CharflowChannelClient *client,
      guint16                type,
      CharflowWireWriter    *writer)
{
  g_autoptr (GBytes) body = charflow_wire_writer_finish (writer);

  charflow_channel_client_send_message (client, type, body);
}

/* A peer on the network may vanish without a word; only the answers to pings tell. */
static void
ping_visitor (Visitor *visitor)
{
  CharflowConnection *connection = charflow_channel_client_get_connection (visitor->client);

  if (!charflow_connection_get_ping_pending (connection))
    {
      visitor->silent_ticks = 0;
      charflow_connection_ping (connection);
      return;
    }

  visitor->silent_ticks++;
  if (visitor->silent_ticks >= MAX_SILENT_TICKS)
    {
      g_autoptr (GError) error = g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT,
                                              _("No answer to a ping for %d s"),
                                              MAX_SILENT_TICKS * PING_INTERVAL_MS / 1000);

      charflow_channel_client_fail (visitor->client, error);
    }
}

/* One timer for all: each costs at every turn of the context. */
static gboolean
tick_cb (gpointer user_data)
{
  g_autoptr (CharflowServerMainChannel) self = g_object_ref (user_data);
  g_autolist (CharflowChannelClient) clients = g_hash_table_get_keys (self->visitors);

  g_list_foreach (clients, (GFunc) (GCallback) g_object_ref, NULL);
  for (GList *link = clients; link != NULL; link = link->next)
    {
      Visitor *visitor = g_hash_table_lookup (self->visitors, link->data);

      if (visitor != NULL && visitor->is_pinged)
        ping_visitor (visitor);
    }

  return G_SOURCE_CONTINUE;
}

static void
add_timer (CharflowServerMainChannel *self)
{
  if (self->timer != NULL)
    return;

  self->timer = g_timeout_source_new (PING_INTERVAL_MS);
  g_source_set_callback (self->timer, tick_cb, self, NULL);
  g_source_attach (self->timer, self->context);
}

static void
send_init (CharflowServerMainChannel *self,
           CharflowChannelClient     *client)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();

  charflow_wire_writer_u32 (writer, charflow_server_client_get_session_id (charflow_channel_client_get_session (client)));
  charflow_wire_writer_u32 (writer, 0); /* displays */
  charflow_wire_writer_u32 (writer, SPICE_MOUSE_MODE_SERVER); /* modes that are supported */
  charflow_wire_writer_u32 (writer, SPICE_MOUSE_MODE_SERVER); /* the current one */
  charflow_wire_writer_u32 (writer, 0); /* no agent */
  charflow_wire_writer_u32 (writer, AGENT_TOKENS);
  charflow_wire_writer_u32 (writer, g_get_monotonic_time () / G_TIME_SPAN_MILLISECOND);
  charflow_wire_writer_u32 (writer, 0); /* graphics memory */
  send (client, SPICE_MSG_MAIN_INIT, writer);
}

static void
send_name (CharflowServerMainChannel *self,
           CharflowChannelClient     *client)
{
  CharflowServer *server = charflow_server_channel_get_server (CHARFLOW_SERVER_CHANNEL (self));
  const char *name = charflow_server_get_name (server);
  CharflowWireWriter *writer;
  gsize size;

  if (name == NULL || !charflow_channel_client_has_capability (client, SPICE_MAIN_CAP_NAME_AND_UUID))
    return;

  writer = charflow_wire_writer_new ();
  size = strlen (name) + 1;
  charflow_wire_writer_u32 (writer, size);
  charflow_wire_writer_bytes (writer, name, size);
  send (client, SPICE_MSG_MAIN_NAME, writer);
}

static void
charflow_server_main_channel_client_attached (CharflowServerChannel *channel,
                                              CharflowChannelClient *client)
{
  CharflowServerMainChannel *self = CHARFLOW_SERVER_MAIN_CHANNEL (channel);
  Visitor *visitor = g_new0 (Visitor, 1);

  visitor->client = client;
  /* On a UNIX socket a peer cannot vanish unseen, and SPICE's server sends no pings there. */
  visitor->is_pinged = !g_str_has_prefix (charflow_channel_client_get_peer (client), "unix:");
  if (visitor->is_pinged)
    add_timer (self);
  g_hash_table_insert (self->visitors, client, visitor);

  send_init (self, client);
  send_name (self, client);
}

static void
charflow_server_main_channel_client_detached (CharflowServerChannel *channel,
                                              CharflowChannelClient *client)
{
  CharflowServerMainChannel *self = CHARFLOW_SERVER_MAIN_CHANNEL (channel);

  g_hash_table_remove (self->visitors, client);
  if (g_hash_table_size (self->visitors) == 0)
    charflow_clear_source (&self->timer);
}

static void
write_channel (CharflowWireWriter *writer,
               CharflowChannel    *channel)
{
  charflow_wire_writer_u8 (writer, charflow_channel_get_channel_type (channel));
  charflow_wire_writer_u8 (writer, charflow_channel_get_channel_id (channel));
}

static void
send_list (CharflowServerMainChannel *self,
           CharflowChannelClient     *client)
{
  CharflowServer *server = charflow_server_channel_get_server (CHARFLOW_SERVER_CHANNEL (self));
  GListModel *channels = charflow_server_get_channels (server);
  guint n_channels = g_list_model_get_n_items (channels);
  CharflowWireWriter *writer = charflow_wire_writer_new ();

  charflow_wire_writer_u32 (writer, n_channels - 1); /* all but this one */
  for (guint i = 0; i < n_channels; i++)
    {
      g_autoptr (CharflowChannel) channel = g_list_model_get_item (channels, i);

      if (channel != CHARFLOW_CHANNEL (self))
        write_channel (writer, channel);
    }
  send (client, SPICE_MSG_MAIN_CHANNELS_LIST, writer);
}

void
charflow_server_main_channel_announce (CharflowServerMainChannel *self,
                                       CharflowServerChannel     *channel)
{
  GHashTableIter iter;
  Visitor *visitor;
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func (g_object_unref);

  g_hash_table_iter_init (&iter, self->visitors);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &visitor))
    if (visitor->has_list)
      g_ptr_array_add (clients, g_object_ref (visitor->client));

  for (guint i = 0; i < clients->len; i++)
    {
      CharflowWireWriter *writer = charflow_wire_writer_new ();

      charflow_wire_writer_u32 (writer, 1);
      write_channel (writer, CHARFLOW_CHANNEL (channel));
      send (g_ptr_array_index (clients, i), SPICE_MSG_MAIN_CHANNELS_LIST, writer);
    }
}

static void
send_mouse_mode (CharflowChannelClient *client)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();

  charflow_wire_writer_u16 (writer, SPICE_MOUSE_MODE_SERVER);
  charflow_wire_writer_u16 (writer, SPICE_MOUSE_MODE_SERVER);
  send (client, SPICE_MSG_MAIN_MOUSE_MODE, writer);
}

static guint
charflow_server_main_channel_message_limit (CharflowServerChannel *channel,
                                            CharflowChannelClient *client,
                                            guint                  type)
{
  switch (type)
    {
    case SPICE_MSGC_MAIN_CLIENT_INFO:
    case SPICE_MSGC_MAIN_ATTACH_CHANNELS:
    case SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST:
    case SPICE_MSGC_MAIN_AGENT_START:
    case SPICE_MSGC_MAIN_AGENT_DATA:
    case SPICE_MSGC_MAIN_AGENT_TOKEN:
    case SPICE_MSGC_MAIN_QUALITY_INDICATOR:
      return MAX_MESSAGE_SIZE;
    default:
      return 0;
    }
}

static gboolean
charflow_server_main_channel_handle_message (CharflowServerChannel *channel,
                                             CharflowChannelClient *client,
                                             guint                  type,
                                             GBytes                *body,
                                             GError               **error)
{
  CharflowServerMainChannel *self = CHARFLOW_SERVER_MAIN_CHANNEL (channel);
  Visitor *visitor = g_hash_table_lookup (self->visitors, client);

  switch (type)
    {
    case SPICE_MSGC_MAIN_ATTACH_CHANNELS:
      if (visitor != NULL)
        visitor->has_list = TRUE;
      send_list (self, client);
      break;
    case SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST:
      send_mouse_mode (client);
      break;
    default:
      /* There is no agent: what is meant for it is lost, as at SPICE's server. */
      break;
    }

  return TRUE;
}

static void
charflow_server_main_channel_finalize (GObject *object)
{
  CharflowServerMainChannel *self = CHARFLOW_SERVER_MAIN_CHANNEL (object);

  charflow_clear_source (&self->timer);
  g_clear_pointer (&self->visitors, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (charflow_server_main_channel_parent_class)->finalize (object);
}

static void
charflow_server_main_channel_class_init (CharflowServerMainChannelClass *klass)
{
  CharflowServerChannelClass *channel_class = CHARFLOW_SERVER_CHANNEL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = charflow_server_main_channel_finalize;
  channel_class->client_attached = charflow_server_main_channel_client_attached;
  channel_class->client_detached = charflow_server_main_channel_client_detached;
  channel_class->message_limit = charflow_server_main_channel_message_limit;
  channel_class->handle_message = charflow_server_main_channel_handle_message;
  CHARFLOW_CHANNEL_CLASS (klass)->channel_type = CHARFLOW_CHANNEL_TYPE_MAIN;
}

static void
charflow_server_main_channel_init (CharflowServerMainChannel *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->visitors = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  charflow_channel_add_capability (CHARFLOW_CHANNEL (self), SPICE_MAIN_CAP_NAME_AND_UUID);
  charflow_channel_add_capability (CHARFLOW_CHANNEL (self), SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS);
}

CharflowServerMainChannel *
charflow_server_main_channel_new (void)
{
  return g_object_new (CHARFLOW_TYPE_SERVER_MAIN_CHANNEL,
                       "channel-id", 0,
                       NULL);
}

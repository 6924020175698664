/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-channel-client-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-server-channel-private.h"
#include "charflow-server-client-private.h"
#include "charflow-server-private.h"

/**
 * SECTION:charflow-channel-client
 * @title: CharflowChannelClient
 * @short_description: the connection of one client on one channel
 *
 * A #CharflowChannelClient is made when a client has linked to a #CharflowServerChannel, and lasts until
 * either end closes it. Those of one user make up a #CharflowServerClient.
 *
 * |[<!-- language="C" -->
 * CharflowServerChannel *channel = charflow_server_lookup_channel (server, CHARFLOW_CHANNEL_TYPE_PORT, 0);
 * g_autoptr (CharflowChannelClient) client = g_list_model_get_item (charflow_server_channel_get_clients (channel), 0);
 *
 * if (charflow_channel_client_get_queued_bytes (client) == 0)
 *   g_print ("it has got all\n");
 * ]|
 */

/**
 * CharflowChannelClient:
 *
 * The connection of one client on one channel.
 *
 * Since: 1.0
 */

struct _CharflowChannelClient
{
  GObject parent_instance;

  CharflowServerChannel *channel;
  CharflowServerClient *session; /* not owned: it owns this */
  CharflowConnection *connection;
  CharflowCaps caps;
  char *peer;
  gboolean attached;
  gpointer companion; /* the channel's */
};

G_DEFINE_FINAL_TYPE (CharflowChannelClient, charflow_channel_client, G_TYPE_OBJECT)

typedef enum
{
  PROP_CHANNEL = 1,
  PROP_SESSION,
  PROP_PEER,
} CharflowChannelClientProperty;

static GParamSpec *props[PROP_PEER + 1];

/* Every way in which a connection ends leads here, once. */
static void
forget (CharflowChannelClient *self,
        const GError          *error)
{
  g_autoptr (CharflowChannelClient) guard = g_object_ref (self);
  g_autoptr (CharflowServerChannel) channel = g_object_ref (self->channel);
  CharflowServer *server = charflow_server_channel_get_server (channel);
  CharflowServerClient *session = self->session;

  if (!self->attached)
    return;

  self->attached = FALSE;
  self->session = NULL;
  if (error != NULL && server != NULL)
    charflow_server_tell_peer_error (server, self->peer, error);
  charflow_server_channel_detach (channel, self);
  if (session != NULL)
    charflow_server_client_remove (session, self);
}

static gboolean
begin_message_cb (gpointer owner,
                  guint16  type,
                  guint32  size,
                  gsize   *keep,
                  GError **error)
{
  CharflowChannelClient *self = owner;
  const CharflowServerChannelHooks *hooks = charflow_server_channel_get_hooks (self->channel);
  guint limit;

  if (hooks != NULL && hooks->takes_pieces != NULL && hooks->takes_pieces (self->channel, type))
    {
      *keep = CHARFLOW_CONNECTION_STREAM;
      return TRUE;
    }

  limit = CHARFLOW_SERVER_CHANNEL_GET_CLASS (self->channel)->message_limit (self->channel, self, type);
  if (limit == 0)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("Message type %u is not known"), type);
      return FALSE;
    }

  *keep = size;
  return charflow_connection_check_size (type, size, limit, error);
}

static gboolean
take_message_cb (gpointer      owner,
                 guint16       type,
                 const guint8 *body,
                 gsize         size,
                 GError      **error)
{
  /* Its session lets go of it when it is closed. */
  g_autoptr (CharflowChannelClient) self = g_object_ref (owner);
  g_autoptr (GBytes) bytes = g_bytes_new (body, size);

  return CHARFLOW_SERVER_CHANNEL_GET_CLASS (self->channel)->handle_message (self->channel, self, type, bytes, error);
}

static guint8 *
begin_piece_cb (gpointer owner,
                guint16  type,
                gsize    wanted,
                gsize    available,
                gsize   *capacity)
{
  CharflowChannelClient *self = owner;

  return charflow_server_channel_get_hooks (self->channel)->begin_piece (self->channel, self, wanted, available,
                                                                         capacity);
}

static void
end_piece_cb (gpointer owner,
              guint16  type,
              gsize    filled)
{
  CharflowChannelClient *self = owner;

  charflow_server_channel_get_hooks (self->channel)->end_piece (self->channel, self, filled);
}

static void
end_batch_cb (gpointer owner)
{
  CharflowChannelClient *self = owner;
  const CharflowServerChannelHooks *hooks = charflow_server_channel_get_hooks (self->channel);

  if (hooks != NULL && hooks->end_batch != NULL)
    hooks->end_batch (self->channel, self);
}

static void
sent_cb (gpointer owner,
         gsize    queued)
{
  CharflowChannelClient *self = owner;
  const CharflowServerChannelHooks *hooks = charflow_server_channel_get_hooks (self->channel);

  if (hooks != NULL && hooks->sent != NULL)
    hooks->sent (self->channel, self);
}

static gboolean
hold_cb (gpointer owner)
{
  CharflowChannelClient *self = owner;
  const CharflowServerChannelHooks *hooks = charflow_server_channel_get_hooks (self->channel);

  return hooks != NULL && hooks->hold != NULL && hooks->hold (self->channel, self);
}

static void
closed_cb (gpointer      owner,
           const GError *error)
{
  forget (owner, error);
}

static const CharflowConnectionHandler connection_handler = {
  .begin_message = begin_message_cb,
  .take_message = take_message_cb,
  .begin_piece = begin_piece_cb,
  .end_piece = end_piece_cb,
  .end_batch = end_batch_cb,
  .sent = sent_cb,
  .hold = hold_cb,
  .closed = closed_cb,
};

static void
charflow_channel_client_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  CharflowChannelClient *self = CHARFLOW_CHANNEL_CLIENT (object);

  switch ((CharflowChannelClientProperty) prop_id)
    {
    case PROP_CHANNEL:
      g_value_set_object (value, self->channel);
      break;
    case PROP_SESSION:
      g_value_set_object (value, self->session);
      break;
    case PROP_PEER:
      g_value_set_string (value, self->peer);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_channel_client_finalize (GObject *object)
{
  CharflowChannelClient *self = CHARFLOW_CHANNEL_CLIENT (object);

  charflow_connection_close (self->connection);
  g_clear_object (&self->connection);
  g_clear_object (&self->channel);
  g_clear_pointer (&self->peer, g_free);
  G_OBJECT_CLASS (charflow_channel_client_parent_class)->finalize (object);
}

static void
charflow_channel_client_class_init (CharflowChannelClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = charflow_channel_client_get_property;
  object_class->finalize = charflow_channel_client_finalize;

  /**
   * CharflowChannelClient:channel:
   *
   * The channel that it is linked to.
   *
   * Since: 1.0
   */
  props[PROP_CHANNEL] =
    g_param_spec_object ("channel", NULL, "The channel that it is linked to", CHARFLOW_TYPE_SERVER_CHANNEL, readable);

  /**
   * CharflowChannelClient:session:
   *
   * The session that it belongs to; %NULL once it has ended.
   *
   * Since: 1.0
   */
  props[PROP_SESSION] =
    g_param_spec_object ("session", NULL, "The session that it belongs to", CHARFLOW_TYPE_SERVER_CLIENT, readable);

  /**
   * CharflowChannelClient:peer:
   *
   * Where the client is, such as `127.0.0.1:40404`.
   *
   * Since: 1.0
   */
  props[PROP_PEER] = g_param_spec_string ("peer", NULL, "Where the client is", NULL, readable);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_channel_client_init (CharflowChannelClient *self)
{
}

CharflowChannelClient *
charflow_channel_client_new (CharflowServerChannel     *channel,
                             CharflowServerClient      *session,
                             GIOStream                 *stream,
                             const char                *peer,
                             const CharflowLinkRequest *request)
{
  CharflowChannelClient *self = g_object_new (CHARFLOW_TYPE_CHANNEL_CLIENT, NULL);
  gboolean mini = charflow_caps_has (&request->common_caps, SPICE_COMMON_CAP_MINI_HEADER);

  self->channel = g_object_ref (channel);
  self->session = session;
  self->peer = g_strdup (peer);
  self->caps = request->channel_caps;
  self->connection = charflow_connection_new (stream, CHARFLOW_CONNECTION_SERVER, mini, &connection_handler, self);

  return self;
}

void
charflow_channel_client_start (CharflowChannelClient *self)
{
  g_autoptr (CharflowChannelClient) guard = g_object_ref (self);

  self->attached = TRUE;
  charflow_server_client_add (self->session, self);
  charflow_server_channel_attach (self->channel, self);
  if (self->attached)
    charflow_connection_start (self->connection);
}

gpointer
charflow_channel_client_get_companion (CharflowChannelClient *self)
{
  return self->companion;
}

void
charflow_channel_client_set_companion (CharflowChannelClient *self,
                                       gpointer               companion)
{
  self->companion = companion;
}

CharflowConnection *
charflow_channel_client_get_connection (CharflowChannelClient *self)
{
  return self->connection;
}

void
charflow_channel_client_fail (CharflowChannelClient *self,
                              const GError          *error)
{
  charflow_connection_fail (self->connection, error);
}

/**
 * charflow_channel_client_get_channel:
 * @self: a connection
 *
 * Gets the channel that the client is linked to.
 *
 * Returns: (transfer none): the channel
 *
 * Since: 1.0
 */
CharflowServerChannel *
charflow_channel_client_get_channel (CharflowChannelClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL_CLIENT (self), NULL);

  return self->channel;
}

/**
 * charflow_channel_client_get_session:
 * @self: a connection
 *
 * Gets the session that the connection belongs to.
 *
 * Returns: (transfer none) (nullable): the session, or %NULL once it has ended
 *
 * Since: 1.0
 */
CharflowServerClient *
charflow_channel_client_get_session (CharflowChannelClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL_CLIENT (self), NULL);

  return self->session;
}

/**
 * charflow_channel_client_get_peer:
 * @self: a connection
 *
 * Tells where the client is.
 *
 * Returns: the value of #CharflowChannelClient:peer
 *
 * Since: 1.0
 */
const char *
charflow_channel_client_get_peer (CharflowChannelClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL_CLIENT (self), NULL);

  return self->peer;
}

/**
 * charflow_channel_client_has_capability:
 * @self: a connection
 * @capability: the number of a capability of the channel
 *
 * Tells whether the client offers a capability.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
charflow_channel_client_has_capability (CharflowChannelClient *self,
                                        guint                  capability)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL_CLIENT (self), FALSE);

  return charflow_caps_has (&self->caps, capability);
}

/**
 * charflow_channel_client_get_queued_bytes:
 * @self: a connection
 *
 * Tells how many bytes wait to be sent.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
charflow_channel_client_get_queued_bytes (CharflowChannelClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL_CLIENT (self), 0);

  return charflow_connection_get_queued_bytes (self->connection);
}

/**
 * charflow_channel_client_send_message:
 * @self: a connection
 * @type: the type of the message, at most 65535
 * @body: (nullable): its body, or %NULL for none
 *
 * Sends a message; what the peer does not take yet waits.
 *
 * Nothing is sent once the connection has ended. Whoever sends much looks at
 * charflow_channel_client_get_queued_bytes() first.
 *
 * Since: 1.0
 */
void
charflow_channel_client_send_message (CharflowChannelClient *self,
                                      guint                  type,
                                      GBytes                *body)
{
  g_return_if_fail (CHARFLOW_IS_CHANNEL_CLIENT (self));
  g_return_if_fail (type <= G_MAXUINT16);

  charflow_connection_send (self->connection, type, body);
}

/**
 * charflow_channel_client_close:
 * @self: a connection
 *
 * Ends the connection at once. With that of the main channel, the whole session ends.
 *
 * Since: 1.0
 */
void
charflow_channel_client_close (CharflowChannelClient *self)
{
  g_return_if_fail (CHARFLOW_IS_CHANNEL_CLIENT (self));

  charflow_connection_close (self->connection);
  forget (self, NULL);
}

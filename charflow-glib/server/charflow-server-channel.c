/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-server-channel-private.h"

#include "charflow-server.h"

/**
 * SECTION:charflow-server-channel
 * @title: CharflowServerChannel
 * @short_description: a channel at the server's end
 *
 * A #CharflowServerChannel is registered with charflow_server_add_channel(). Many clients may link to it,
 * each with a connection of its own, a #CharflowChannelClient.
 *
 * A program may derive a channel of a type of its own: it overrides
 * #CharflowServerChannelClass.client_attached() to send its first messages,
 * #CharflowServerChannelClass.message_limit() to say which messages it knows, and
 * #CharflowServerChannelClass.handle_message() to take them.
 *
 * |[<!-- language="C" -->
 * static void
 * clock_channel_client_attached (CharflowServerChannel *channel,
 *                                CharflowChannelClient *client)
 * {
 *   g_autoptr (GBytes) noon = g_bytes_new_static ("12:00", 5);
 *
 *   charflow_channel_client_send_message (client, 101, noon);
 * }
 *
 * static void
 * clock_channel_class_init (ClockChannelClass *klass)
 * {
 *   CHARFLOW_CHANNEL_CLASS (klass)->channel_type = 200;
 *   CHARFLOW_SERVER_CHANNEL_CLASS (klass)->client_attached = clock_channel_client_attached;
 * }
 * ]|
 */

/**
 * CharflowServerChannel:
 *
 * A channel at the server's end.
 *
 * Since: 1.0
 */

typedef struct
{
  CharflowServer *server; /* not owned */
  GListStore *clients;
} CharflowServerChannelPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (CharflowServerChannel, charflow_server_channel, CHARFLOW_TYPE_CHANNEL)

typedef enum
{
  PROP_SERVER = 1,
  PROP_CLIENTS,
} CharflowServerChannelProperty;

static GParamSpec *props[PROP_CLIENTS + 1];

static CharflowServerChannelPrivate *
get_private (CharflowServerChannel *self)
{
  return charflow_server_channel_get_instance_private (self);
}

static void
ignore_client (CharflowServerChannel *self,
               CharflowChannelClient *client)
{
}

static guint
know_no_message (CharflowServerChannel *self,
                 CharflowChannelClient *client,
                 guint                  type)
{
  return 0;
}

static gboolean
ignore_message (CharflowServerChannel *self,
                CharflowChannelClient *client,
                guint                  type,
                GBytes                *body,
                GError               **error)
{
  return TRUE;
}

static void
charflow_server_channel_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  CharflowServerChannelPrivate *priv = get_private (CHARFLOW_SERVER_CHANNEL (object));

  switch ((CharflowServerChannelProperty) prop_id)
    {
    case PROP_SERVER:
      g_value_set_object (value, priv->server);
      break;
    case PROP_CLIENTS:
      g_value_set_object (value, priv->clients);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_server_channel_finalize (GObject *object)
{
  g_clear_object (&get_private (CHARFLOW_SERVER_CHANNEL (object))->clients);
  G_OBJECT_CLASS (charflow_server_channel_parent_class)->finalize (object);
}

static void
charflow_server_channel_class_init (CharflowServerChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = charflow_server_channel_get_property;
  object_class->finalize = charflow_server_channel_finalize;
  klass->client_attached = ignore_client;
  klass->client_detached = ignore_client;
  klass->message_limit = know_no_message;
  klass->handle_message = ignore_message;

  /**
   * CharflowServerChannel:server:
   *
   * The server that the channel is registered with.
   *
   * Since: 1.0
   */
  props[PROP_SERVER] =
    g_param_spec_object ("server", NULL, "The server that it is registered with", CHARFLOW_TYPE_SERVER,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowServerChannel:clients:
   *
   * The connections on the channel, each a #CharflowChannelClient.
   *
   * Since: 1.0
   */
  props[PROP_CLIENTS] =
    g_param_spec_object ("clients", NULL, "The connections", G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_server_channel_init (CharflowServerChannel *self)
{
  get_private (self)->clients = g_list_store_new (CHARFLOW_TYPE_CHANNEL_CLIENT);
}

void
charflow_server_channel_set_server (CharflowServerChannel *self,
                                    CharflowServer        *server)
{
  get_private (self)->server = server;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SERVER]);
}

void
charflow_server_channel_attach (CharflowServerChannel *self,
                                CharflowChannelClient *client)
{
  g_list_store_append (get_private (self)->clients, client);
  CHARFLOW_SERVER_CHANNEL_GET_CLASS (self)->client_attached (self, client);
}

void
charflow_server_channel_detach (CharflowServerChannel *self,
                                CharflowChannelClient *client)
{
  CharflowServerChannelPrivate *priv = get_private (self);
  guint position;

  if (!g_list_store_find (priv->clients, client, &position))
    return;

  g_list_store_remove (priv->clients, position);
  CHARFLOW_SERVER_CHANNEL_GET_CLASS (self)->client_detached (self, client);
}

/**
 * charflow_server_channel_get_server:
 * @self: a channel
 *
 * Gets the server that the channel is registered with.
 *
 * Returns: (transfer none) (nullable): the server, or %NULL
 *
 * Since: 1.0
 */
CharflowServer *
charflow_server_channel_get_server (CharflowServerChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER_CHANNEL (self), NULL);

  return get_private (self)->server;
}

/**
 * charflow_server_channel_get_clients:
 * @self: a channel
 *
 * Gets the connections on the channel.
 *
 * Returns: (transfer none): a list of #CharflowChannelClient
 *
 * Since: 1.0
 */
GListModel *
charflow_server_channel_get_clients (CharflowServerChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER_CHANNEL (self), NULL);

  return G_LIST_MODEL (get_private (self)->clients);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-server-client-private.h"

#include "charflow-channel-client.h"
#include "charflow-enums.h"
#include "charflow-server-channel.h"
#include "charflow-server-private.h"

/**
 * SECTION:charflow-server-client
 * @title: CharflowServerClient
 * @short_description: the session of one user
 *
 * A #CharflowServerClient begins when a user links the main channel, and ends with it; in between it has a
 * #CharflowChannelClient for each channel that the user linked.
 *
 * |[<!-- language="C" -->
 * GListModel *clients = charflow_server_get_clients (server);
 *
 * while (g_list_model_get_n_items (clients) > 0)
 *   {
 *     g_autoptr (CharflowServerClient) client = g_list_model_get_item (clients, 0);
 *
 *     charflow_server_client_close (client); // with all of its channels
 *   }
 * ]|
 */

/**
 * CharflowServerClient:
 *
 * The session of one user.
 *
 * Since: 1.0
 */

struct _CharflowServerClient
{
  GObject parent_instance;

  CharflowServer *server; /* not owned: it owns this; NULL once the session has ended */
  guint32 session_id;
  char *peer;
  GListStore *channels;
};

G_DEFINE_FINAL_TYPE (CharflowServerClient, charflow_server_client, G_TYPE_OBJECT)

typedef enum
{
  PROP_SESSION_ID = 1,
  PROP_PEER,
  PROP_CHANNELS,
} CharflowServerClientProperty;

static GParamSpec *props[PROP_CHANNELS + 1];

static void
charflow_server_client_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  CharflowServerClient *self = CHARFLOW_SERVER_CLIENT (object);

  switch ((CharflowServerClientProperty) prop_id)
    {
    case PROP_SESSION_ID:
      g_value_set_uint (value, self->session_id);
      break;
    case PROP_PEER:
      g_value_set_string (value, self->peer);
      break;
    case PROP_CHANNELS:
      g_value_set_object (value, self->channels);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_server_client_finalize (GObject *object)
{
  CharflowServerClient *self = CHARFLOW_SERVER_CLIENT (object);

  g_clear_object (&self->channels);
  g_clear_pointer (&self->peer, g_free);
  G_OBJECT_CLASS (charflow_server_client_parent_class)->finalize (object);
}

static void
charflow_server_client_class_init (CharflowServerClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = charflow_server_client_get_property;
  object_class->finalize = charflow_server_client_finalize;

  /**
   * CharflowServerClient:session-id:
   *
   * The number that the user's other channels are linked with. Nobody can guess it.
   *
   * Since: 1.0
   */
  props[PROP_SESSION_ID] =
    g_param_spec_uint ("session-id", NULL, "The number of the session", 0, G_MAXUINT, 0, readable);

  /**
   * CharflowServerClient:peer:
   *
   * Where the user's main channel comes from, such as `127.0.0.1:40404`.
   *
   * Since: 1.0
   */
  props[PROP_PEER] = g_param_spec_string ("peer", NULL, "Where the user is", NULL, readable);

  /**
   * CharflowServerClient:channels:
   *
   * The connections of the session, each a #CharflowChannelClient.
   *
   * Since: 1.0
   */
  props[PROP_CHANNELS] =
    g_param_spec_object ("channels", NULL, "The connections of the session", G_TYPE_LIST_MODEL, readable);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_server_client_init (CharflowServerClient *self)
{
  self->channels = g_list_store_new (CHARFLOW_TYPE_CHANNEL_CLIENT);
}

CharflowServerClient *
charflow_server_client_new (CharflowServer *server,
                            guint32         session_id,
                            const char     *peer)
{
  CharflowServerClient *self = g_object_new (CHARFLOW_TYPE_SERVER_CLIENT, NULL);

  self->server = server;
  self->session_id = session_id;
  self->peer = g_strdup (peer);

  return self;
}

void
charflow_server_client_add (CharflowServerClient  *self,
                            CharflowChannelClient *connection)
{
  g_list_store_append (self->channels, connection);
}

static gboolean
is_main (CharflowChannelClient *connection)
{
  CharflowChannel *channel = CHARFLOW_CHANNEL (charflow_channel_client_get_channel (connection));

  return charflow_channel_get_channel_type (channel) == CHARFLOW_CHANNEL_TYPE_MAIN;
}

void
charflow_server_client_remove (CharflowServerClient  *self,
                               CharflowChannelClient *connection)
{
  g_autoptr (CharflowServerClient) guard = g_object_ref (self);
  guint position;

  if (g_list_store_find (self->channels, connection, &position))
    g_list_store_remove (self->channels, position);
  if (is_main (connection))
    charflow_server_client_close (self);
}

gboolean
charflow_server_client_has_channel (CharflowServerClient  *self,
                                    CharflowServerChannel *channel)
{
  guint n_items = g_list_model_get_n_items (G_LIST_MODEL (self->channels));

  for (guint i = 0; i < n_items; i++)
    {
      g_autoptr (CharflowChannelClient) connection = g_list_model_get_item (G_LIST_MODEL (self->channels), i);

      if (charflow_channel_client_get_channel (connection) == channel)
        return TRUE;
    }

  return FALSE;
}

/**
 * charflow_server_client_get_session_id:
 * @self: a session
 *
 * Tells the number of the session.
 *
 * Returns: the value of #CharflowServerClient:session-id
 *
 * Since: 1.0
 */
guint
charflow_server_client_get_session_id (CharflowServerClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER_CLIENT (self), 0);

  return self->session_id;
}

/**
 * charflow_server_client_get_peer:
 * @self: a session
 *
 * Tells where the user is.
 *
 * Returns: the value of #CharflowServerClient:peer
 *
 * Since: 1.0
 */
const char *
charflow_server_client_get_peer (CharflowServerClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER_CLIENT (self), NULL);

  return self->peer;
}

/**
 * charflow_server_client_get_channels:
 * @self: a session
 *
 * Gets the connections of the session.
 *
 * Returns: (transfer none): a list of #CharflowChannelClient
 *
 * Since: 1.0
 */
GListModel *
charflow_server_client_get_channels (CharflowServerClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER_CLIENT (self), NULL);

  return G_LIST_MODEL (self->channels);
}

/**
 * charflow_server_client_close:
 * @self: a session
 *
 * Ends the session, with all of its connections.
 *
 * Since: 1.0
 */
void
charflow_server_client_close (CharflowServerClient *self)
{
  g_autoptr (CharflowServerClient) guard = NULL;
  CharflowServer *server;

  g_return_if_fail (CHARFLOW_IS_SERVER_CLIENT (self));

  guard = g_object_ref (self);
  server = g_steal_pointer (&self->server);
  while (g_list_model_get_n_items (G_LIST_MODEL (self->channels)) > 0)
    {
      g_autoptr (CharflowChannelClient) connection = g_list_model_get_item (G_LIST_MODEL (self->channels), 0);

      /* Taken out first: one that is just ending does not do it when this is called from its end. */
      g_list_store_remove (self->channels, 0);
      charflow_channel_client_close (connection);
    }
  if (server != NULL)
    charflow_server_remove_client (server, self);
}

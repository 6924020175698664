/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-server-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charflow-channel-client-private.h"
#include "charflow-enum-types.h"
#include "charflow-link-private.h"
#include "charflow-listener-private.h"
#include "charflow-server-channel-private.h"
#include "charflow-server-client-private.h"
#include "charflow-server-main-channel-private.h"
#include "charflow-socket-util-private.h"

/**
 * SECTION:charflow-server
 * @title: CharflowServer
 * @short_description: serves channels to SPICE clients
 *
 * A #CharflowServer listens on URIs and serves the channels that were registered with it, each to many
 * clients at once. It makes its main channel itself.
 *
 * By default it asks for a password, and lets nobody in until it was given one.
 *
 * A peer that breaks the protocol, or does not finish its link in time, loses its connection alone; the
 * program learns why by #CharflowServer::peer-error.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowServer) server = charflow_server_new ();
 * g_autoptr (GError) error = NULL;
 * char *uri;
 *
 * charflow_server_set_password (server, "open sesame");
 * uri = charflow_server_listen (server, "spice://127.0.0.1:0", &error); // 0 is a free port; uri has it
 * if (uri == NULL)
 *   g_printerr ("%s\n", error->message);
 * ]|
 */

/**
 * CharflowServer:
 *
 * Serves channels to SPICE clients.
 *
 * Since: 1.0
 */

/* Links that are under way at once; further ones are closed at once. */
#define MAX_PENDING_LINKS 256
/* One key serves all links of this time, so that links that come to nothing cost little. */
#define KEY_LIFETIME_US (60 * G_TIME_SPAN_SECOND)

struct _CharflowServer
{
  GObject parent_instance;

  char *name;
  CharflowAuthentication authentication;
  char *password;
  gint64 password_end; /* monotonic, 0 for never */
  guint link_timeout_ms;

  GPtrArray *listeners;
  GCancellable *cancellable; /* of the links that are under way */
  guint n_pending;
  CharflowTicketKey *key;
  gint64 key_time;

  GListStore *channels;
  GListStore *clients;
  CharflowServerMainChannel *main_channel;
};

G_DEFINE_FINAL_TYPE (CharflowServer, charflow_server, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1,
  PROP_AUTHENTICATION,
  PROP_PASSWORD,
  PROP_LINK_TIMEOUT,
  PROP_CHANNELS,
  PROP_CLIENTS,
} CharflowServerProperty;

static GParamSpec *props[PROP_CLIENTS + 1];

enum
{
  SIGNAL_PEER_ERROR,
};

static guint signals[SIGNAL_PEER_ERROR + 1];

static CharflowServerClient *
find_session (CharflowServer *self,
              guint32         session_id)
{
  guint n_items = g_list_model_get_n_items (G_LIST_MODEL (self->clients));

  for (guint i = 0; i < n_items; i++)
    {
      g_autoptr (CharflowServerClient) client = g_list_model_get_item (G_LIST_MODEL (self->clients), i);

      if (charflow_server_client_get_session_id (client) == session_id)
        return client; /* the list holds it */
    }

  return NULL;
}

static gboolean
find_channel_cb (gpointer                   owner,
                 const CharflowLinkRequest *request,
                 CharflowCaps              *channel_caps,
                 GError                   **error)
{
  CharflowServerChannel *channel =
    charflow_server_lookup_channel (owner, request->channel_type, request->channel_id);

  if (channel == NULL)
    {
      g_autofree char *name = charflow_channel_type_to_name (request->channel_type);

      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE,
                   /* Translators: a type such as "port", and a number. */
                   _("There is no channel %s %u"), name, request->channel_id);
      return FALSE;
    }

  *channel_caps = *charflow_channel_get_caps (CHARFLOW_CHANNEL (channel));
  return TRUE;
}

/* Making a key costs more than anything else that a peer can ask for before it is known, so one is kept for
 * a while. */
static CharflowTicketKey *
get_key_cb (gpointer owner,
            GError **error)
{
  CharflowServer *self = owner;
  gint64 now = g_get_monotonic_time ();

  if (self->key != NULL && now - self->key_time < KEY_LIFETIME_US)
    return self->key;

  g_clear_pointer (&self->key, charflow_ticket_key_unref);
  self->key = charflow_ticket_key_new (error);
  self->key_time = now;

  return self->key;
}

static gboolean
authenticate_cb (gpointer    owner,
                 const char *password,
                 GError    **error)
{
  CharflowServer *self = owner;

  if (self->authentication == CHARFLOW_AUTHENTICATION_NONE)
    return TRUE;

  /* An empty password is not "none": it lets nobody in. */
  if (self->password == NULL || *self->password == '\0')
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED,
                           _("No password is set, so nobody may enter"));
      return FALSE;
    }
  if (!charflow_password_equals (self->password, password))
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED,
                           _("The password is wrong"));
      return FALSE;
    }
  if (self->password_end != 0 && g_get_monotonic_time () >= self->password_end)
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED,
                           _("The password has expired"));
      return FALSE;
    }

  return TRUE;
}

static gboolean
admit_cb (gpointer                   owner,
          const CharflowLinkRequest *request,
          GError                   **error)
{
  CharflowServer *self = owner;
  CharflowServerChannel *channel =
    charflow_server_lookup_channel (self, request->channel_type, request->channel_id);
  CharflowServerClient *session;

  if (channel == NULL)
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE,
                           _("The channel has gone"));
      return FALSE;
    }

  /* A main channel begins a session; one that names another would be a migration's target. */
  session = find_session (self, request->connection_id);
  if (request->channel_type == CHARFLOW_CHANNEL_TYPE_MAIN ? request->connection_id != 0 : session == NULL)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_BAD_CONNECTION_ID,
                   _("There is no session %u"), request->connection_id);
      return FALSE;
    }
  if (session != NULL && charflow_server_client_has_channel (session, channel))
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE,
                           _("The session has linked this channel already"));
      return FALSE;
    }

  return TRUE;
}

static const CharflowLinkAcceptor link_acceptor = {
  .find_channel = find_channel_cb,
  .get_key = get_key_cb,
  .authenticate = authenticate_cb,
  .admit = admit_cb,
};

/* A link under way. */
typedef struct
{
  CharflowServer *server;
  char *peer;
} Arrival;

static void
arrival_free (Arrival *arrival)
{
  g_object_unref (arrival->server);
  g_free (arrival->peer);
  g_free (arrival);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Arrival, arrival_free)

static CharflowServerClient *
begin_session (CharflowServer *self,
               const char     *peer,
               GError        **error)
{
  guint32 id = charflow_random_id ();
  CharflowServerClient *session;

  while (id != 0 && find_session (self, id) != NULL)
    id = charflow_random_id ();
  if (id == 0)
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED,
                           _("There are no random numbers to be had"));
      return NULL;
    }

  session = charflow_server_client_new (self, id, peer);
  g_list_store_append (self->clients, session);
  g_object_unref (session);

  return session;
}

static gboolean
attach (CharflowServer            *self,
        GIOStream                 *stream,
        const char                *peer,
        const CharflowLinkRequest *request,
        GError                   **error)
{
  CharflowServerChannel *channel;
  CharflowServerClient *session;
  g_autoptr (CharflowChannelClient) client = NULL;

  /* Anything may have happened while the result was under way. */
  if (!admit_cb (self, request, error))
    return FALSE;

  channel = charflow_server_lookup_channel (self, request->channel_type, request->channel_id);
  session = request->channel_type == CHARFLOW_CHANNEL_TYPE_MAIN ? begin_session (self, peer, error)
                                                                 : find_session (self, request->connection_id);
  if (session == NULL)
    return FALSE;

  client = charflow_channel_client_new (channel, session, stream, peer, request);
  charflow_channel_client_start (client);

  return TRUE;
}

static void
linked_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (Arrival) arrival = user_data;
  CharflowServer *self = arrival->server;
  GIOStream *stream = G_IO_STREAM (source);
  CharflowLinkRequest request;
  g_autoptr (GError) error = NULL;

  self->n_pending--;
  for (guint i = 0; i < self->listeners->len; i++)
    charflow_listener_resume (g_ptr_array_index (self->listeners, i));

  if (!charflow_link_accept_finish (stream, result, &request, &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        charflow_server_tell_peer_error (self, arrival->peer, error);
      return;
    }
  /* The server was closed after the last word of the link. */
  if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    {
      g_io_stream_close (stream, NULL, NULL);
      return;
    }
  if (!attach (self, stream, arrival->peer, &request, &error))
    {
      g_io_stream_close (stream, NULL, NULL);
      charflow_server_tell_peer_error (self, arrival->peer, error);
    }
}

static char *
name_peer (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = NULL;

  /* The client's end of a UNIX socket has no name; the path that it came by has. */
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX)
    address = g_socket_get_local_address (socket, NULL);
  else
    address = g_socket_get_remote_address (socket, NULL);

  return address == NULL ? g_strdup (_("somebody")) : charflow_socket_address_to_string (address);
}

static void
arrived_cb (CharflowListener *listener,
            GSocket          *socket,
            gpointer          user_data)
{
  CharflowServer *self = user_data;
  g_autoptr (GSocketConnection) connection = NULL;
  Arrival *arrival;

  if (self->n_pending >= MAX_PENDING_LINKS)
    {
      g_autofree char *peer = name_peer (socket);
      g_autoptr (GError) error = g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_LIMIT,
                                              _("%d links are under way already"), MAX_PENDING_LINKS);

      g_socket_close (socket, NULL);
      charflow_server_tell_peer_error (self, peer, error);
      return;
    }

  charflow_socket_tune (socket);
  arrival = g_new0 (Arrival, 1);
  arrival->server = g_object_ref (self);
  arrival->peer = name_peer (socket);
  self->n_pending++;
  connection = g_socket_connection_factory_create_connection (socket);
  charflow_link_accept_async (G_IO_STREAM (connection), &link_acceptor, G_OBJECT (self), self->link_timeout_ms,
                              self->cancellable, linked_cb, arrival);
}

static void
charflow_server_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  CharflowServer *self = CHARFLOW_SERVER (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_AUTHENTICATION:
      g_value_set_enum (value, self->authentication);
      break;
    case PROP_LINK_TIMEOUT:
      g_value_set_uint (value, self->link_timeout_ms);
      break;
    case PROP_CHANNELS:
      g_value_set_object (value, self->channels);
      break;
    case PROP_CLIENTS:
      g_value_set_object (value, self->clients);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_server_set_property (GObject      *object,
                              guint         prop_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  CharflowServer *self = CHARFLOW_SERVER (object);

  switch (prop_id)
    {
    case PROP_NAME:
      charflow_server_set_name (self, g_value_get_string (value));
      break;
    case PROP_AUTHENTICATION:
      charflow_server_set_authentication (self, g_value_get_enum (value));
      break;
    case PROP_PASSWORD:
      charflow_server_set_password (self, g_value_get_string (value));
      break;
    case PROP_LINK_TIMEOUT:
      charflow_server_set_link_timeout (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_server_dispose (GObject *object)
{
  CharflowServer *self = CHARFLOW_SERVER (object);

  charflow_server_close (self);
  while (g_list_model_get_n_items (G_LIST_MODEL (self->channels)) > 0)
    {
      g_autoptr (CharflowServerChannel) channel = g_list_model_get_item (G_LIST_MODEL (self->channels), 0);

      g_list_store_remove (self->channels, 0);
      charflow_server_channel_set_server (channel, NULL);
    }

  G_OBJECT_CLASS (charflow_server_parent_class)->dispose (object);
}

static void
charflow_server_finalize (GObject *object)
{
  CharflowServer *self = CHARFLOW_SERVER (object);

  g_clear_pointer (&self->listeners, g_ptr_array_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->channels);
  g_clear_object (&self->clients);
  g_clear_object (&self->main_channel);
  g_clear_pointer (&self->key, charflow_ticket_key_unref);
  g_clear_pointer (&self->password, charflow_password_free);
  g_clear_pointer (&self->name, g_free);
  G_OBJECT_CLASS (charflow_server_parent_class)->finalize (object);
}

static void
charflow_server_class_init (CharflowServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags settable = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = charflow_server_get_property;
  object_class->set_property = charflow_server_set_property;
  object_class->dispose = charflow_server_dispose;
  object_class->finalize = charflow_server_finalize;

  /**
   * CharflowServer:name:
   *
   * What the server calls itself to those who enter.
   *
   * Since: 1.0
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, "What it calls itself", NULL, settable);

  /**
   * CharflowServer:authentication:
   *
   * How the server makes sure of who enters.
   *
   * Since: 1.0
   */
  props[PROP_AUTHENTICATION] =
    g_param_spec_enum ("authentication", NULL, "How it makes sure of who enters",
                       CHARFLOW_TYPE_AUTHENTICATION, CHARFLOW_AUTHENTICATION_TICKET, settable);

  /**
   * CharflowServer:password:
   *
   * The password that lets one enter, of at most 60 bytes. While it is %NULL or empty nobody may enter,
   * unless #CharflowServer:authentication is %CHARFLOW_AUTHENTICATION_NONE.
   *
   * Since: 1.0
   */
  props[PROP_PASSWORD] =
    g_param_spec_string ("password", NULL, "The password that lets one enter", NULL,
                         G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowServer:link-timeout:
   *
   * For how long, in milliseconds from when a client connects, its link may take.
   *
   * Since: 1.0
   */
  props[PROP_LINK_TIMEOUT] =
    g_param_spec_uint ("link-timeout", NULL, "Milliseconds that a link may take",
                       1, G_MAXUINT, CHARFLOW_LINK_TIMEOUT_MS, settable);

  /**
   * CharflowServer:channels:
   *
   * The channels that are registered, each a #CharflowServerChannel; the main channel is the first.
   *
   * Since: 1.0
   */
  props[PROP_CHANNELS] =
    g_param_spec_object ("channels", NULL, "The channels that are registered", G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowServer:clients:
   *
   * The sessions of those who have entered, each a #CharflowServerClient.
   *
   * Since: 1.0
   */
  props[PROP_CLIENTS] =
    g_param_spec_object ("clients", NULL, "The sessions", G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowServer::peer-error:
   * @self: the server
   * @peer: where the peer is, such as `127.0.0.1:40404`
   * @error: why
   *
   * A connection was refused, or has ended, because of what its peer did.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PEER_ERROR] =
    g_signal_new ("peer-error", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_ERROR);
}

static void
charflow_server_init (CharflowServer *self)
{
  self->link_timeout_ms = CHARFLOW_LINK_TIMEOUT_MS;
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) charflow_listener_free);
  self->cancellable = g_cancellable_new ();
  self->channels = g_list_store_new (CHARFLOW_TYPE_SERVER_CHANNEL);
  self->clients = g_list_store_new (CHARFLOW_TYPE_SERVER_CLIENT);
  self->main_channel = charflow_server_main_channel_new ();
  g_list_store_append (self->channels, self->main_channel);
  charflow_server_channel_set_server (CHARFLOW_SERVER_CHANNEL (self->main_channel), self);
}

/**
 * charflow_server_new:
 *
 * Makes a server that asks for a password and does not listen yet.
 *
 * Returns: (transfer full): a new server
 *
 * Since: 1.0
 */
CharflowServer *
charflow_server_new (void)
{
  return g_object_new (CHARFLOW_TYPE_SERVER, NULL);
}

void
charflow_server_tell_peer_error (CharflowServer *self,
                                 const char     *peer,
                                 const GError   *error)
{
  g_debug ("%s: %s", peer, error->message);
  g_signal_emit (self, signals[SIGNAL_PEER_ERROR], 0, peer, error);
}

void
charflow_server_remove_client (CharflowServer       *self,
                               CharflowServerClient *client)
{
  guint position;

  if (g_list_store_find (self->clients, client, &position))
    g_list_store_remove (self->clients, position);
}

/**
 * charflow_server_get_name:
 * @self: a server
 *
 * Tells what the server calls itself.
 *
 * Returns: (nullable): the value of #CharflowServer:name
 *
 * Since: 1.0
 */
const char *
charflow_server_get_name (CharflowServer *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), NULL);

  return self->name;
}

/**
 * charflow_server_set_name:
 * @self: a server
 * @name: (nullable): a name, or %NULL for none
 *
 * Says what the server calls itself to those who enter from now on.
 *
 * Since: 1.0
 */
void
charflow_server_set_name (CharflowServer *self,
                          const char     *name)
{
  g_return_if_fail (CHARFLOW_IS_SERVER (self));

  if (g_strcmp0 (self->name, name) == 0)
    return;

  g_free (self->name);
  self->name = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NAME]);
}

/**
 * charflow_server_get_authentication:
 * @self: a server
 *
 * Tells how the server makes sure of who enters.
 *
 * Returns: the value of #CharflowServer:authentication
 *
 * Since: 1.0
 */
CharflowAuthentication
charflow_server_get_authentication (CharflowServer *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), CHARFLOW_AUTHENTICATION_TICKET);

  return self->authentication;
}

/**
 * charflow_server_set_authentication:
 * @self: a server
 * @authentication: how
 *
 * Says how the server makes sure of who enters from now on.
 *
 * Since: 1.0
 */
void
charflow_server_set_authentication (CharflowServer        *self,
                                    CharflowAuthentication authentication)
{
  g_return_if_fail (CHARFLOW_IS_SERVER (self));

  if (self->authentication == authentication)
    return;

  self->authentication = authentication;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AUTHENTICATION]);
}

/**
 * charflow_server_set_password:
 * @self: a server
 * @password: (nullable): a password of at most 60 bytes, or %NULL for none
 *
 * Sets the password that lets one enter from now on, without an end.
 *
 * Those who have entered stay.
 *
 * Since: 1.0
 */
void
charflow_server_set_password (CharflowServer *self,
                              const char     *password)
{
  charflow_server_set_ticket (self, password, 0);
}

/**
 * charflow_server_set_ticket:
 * @self: a server
 * @password: (nullable): a password of at most 60 bytes, or %NULL for none
 * @lifetime: for how many seconds it lets one enter, 0 for no end
 *
 * Sets the password that lets one enter for a time.
 *
 * Those who have entered stay when it expires.
 *
 * Since: 1.0
 */
void
charflow_server_set_ticket (CharflowServer *self,
                            const char     *password,
                            guint           lifetime)
{
  g_return_if_fail (CHARFLOW_IS_SERVER (self));
  g_return_if_fail (password == NULL || strlen (password) <= SPICE_MAX_PASSWORD_LENGTH);

  g_clear_pointer (&self->password, charflow_password_free);
  self->password = g_strdup (password);
  self->password_end = lifetime == 0 ? 0 : g_get_monotonic_time () + (gint64) lifetime * G_TIME_SPAN_SECOND;
}

/**
 * charflow_server_get_link_timeout:
 * @self: a server
 *
 * Tells for how long a link may take.
 *
 * Returns: the value of #CharflowServer:link-timeout, in milliseconds
 *
 * Since: 1.0
 */
guint
charflow_server_get_link_timeout (CharflowServer *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), 0);

  return self->link_timeout_ms;
}

/**
 * charflow_server_set_link_timeout:
 * @self: a server
 * @link_timeout: milliseconds, more than 0
 *
 * Says for how long the links of those who connect from now on may take.
 *
 * Since: 1.0
 */
void
charflow_server_set_link_timeout (CharflowServer *self,
                                  guint           link_timeout)
{
  g_return_if_fail (CHARFLOW_IS_SERVER (self));
  g_return_if_fail (link_timeout > 0);

  if (self->link_timeout_ms == link_timeout)
    return;

  self->link_timeout_ms = link_timeout;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LINK_TIMEOUT]);
}

/**
 * charflow_server_listen:
 * @self: a server
 * @uri: where: `spice://ADDRESS:PORT` or `spice+unix://PATH`
 * @error: return location for a #GError
 *
 * Listens, in addition to where it listens already.
 *
 * The address has to be one of this machine, such as `127.0.0.1`, `0.0.0.0` or `[::1]`; port 0 asks for a
 * free one. A socket that a dead server left at a path is replaced; anything else there is an error. Fails
 * with a #CharflowUriError, or with %G_IO_ERROR_ADDRESS_IN_USE and other errors of the system.
 *
 * Returns: (transfer full): the URI with the port that it really has
 *
 * Since: 1.0
 */
char *
charflow_server_listen (CharflowServer *self,
                        const char     *uri,
                        GError        **error)
{
  g_autoptr (CharflowUri) parsed = NULL;
  CharflowListener *listener;

  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  parsed = charflow_uri_parse (uri, error);
  if (parsed == NULL)
    return NULL;

  listener = charflow_listener_new (parsed, arrived_cb, self, error);
  if (listener == NULL)
    return NULL;

  g_ptr_array_add (self->listeners, listener);
  return g_strdup (charflow_listener_get_uri (listener));
}

/**
 * charflow_server_close:
 * @self: a server
 *
 * Stops listening, and ends all sessions and all links that are under way.
 *
 * The channels stay registered, and it may listen again.
 *
 * Since: 1.0
 */
void
charflow_server_close (CharflowServer *self)
{
  g_autoptr (CharflowServer) guard = NULL;

  g_return_if_fail (CHARFLOW_IS_SERVER (self));

  guard = g_object_ref (self);
  g_ptr_array_set_size (self->listeners, 0);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  while (g_list_model_get_n_items (G_LIST_MODEL (self->clients)) > 0)
    {
      g_autoptr (CharflowServerClient) client = g_list_model_get_item (G_LIST_MODEL (self->clients), 0);

      /* It does not remove itself when this is called from within its end. */
      charflow_server_client_close (client);
      charflow_server_remove_client (self, client);
    }
}

static int
find_free_id (CharflowServer *self,
              guint           channel_type)
{
  for (int id = 0; id <= G_MAXUINT8; id++)
    if (charflow_server_lookup_channel (self, channel_type, id) == NULL)
      return id;

  return -1;
}

/**
 * charflow_server_add_channel:
 * @self: a server
 * @channel: a channel
 * @error: return location for a #GError
 *
 * Registers a channel: those who have entered are told of it, and may link to it.
 *
 * One whose #CharflowChannel:channel-id is -1 gets the lowest free one of its type. Fails with
 * %CHARFLOW_LINK_ERROR_INVALID_DATA for a type of 0, or of the main channel, which the server makes itself, and with
 * %CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE when it is registered already, when its id is taken, or when
 * there are 256 of its type.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_server_add_channel (CharflowServer        *self,
                             CharflowServerChannel *channel,
                             GError               **error)
{
  CharflowChannel *base;
  guint channel_type;
  int channel_id;

  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_SERVER_CHANNEL (channel), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  base = CHARFLOW_CHANNEL (channel);
  channel_type = charflow_channel_get_channel_type (base);
  channel_id = charflow_channel_get_channel_id (base);
  if (channel_type == 0 || channel_type == CHARFLOW_CHANNEL_TYPE_MAIN)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("A channel of type %u cannot be added"), channel_type);
      return FALSE;
    }
  if (charflow_server_channel_get_server (channel) != NULL)
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE,
                           _("The channel is registered already"));
      return FALSE;
    }
  if (channel_id < 0)
    channel_id = find_free_id (self, channel_type);
  if (channel_id < 0 || charflow_server_lookup_channel (self, channel_type, channel_id) != NULL)
    {
      g_autofree char *name = charflow_channel_type_to_name (channel_type);

      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE,
                   /* Translators: a number, and a type such as "port". */
                   _("There is no free id, or id %d is taken, for a channel %s"), channel_id, name);
      return FALSE;
    }

  charflow_channel_set_channel_id (base, channel_id);
  charflow_server_channel_set_server (channel, self);
  g_list_store_append (self->channels, channel);
  charflow_server_main_channel_announce (self->main_channel, channel);

  return TRUE;
}

/**
 * charflow_server_remove_channel:
 * @self: a server
 * @channel: a channel
 *
 * Takes a channel out of the register, and ends all connections on it. The main channel stays.
 *
 * Returns: %FALSE when it is not registered here
 *
 * Since: 1.0
 */
gboolean
charflow_server_remove_channel (CharflowServer        *self,
                                CharflowServerChannel *channel)
{
  GListModel *connections;
  guint position;

  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_SERVER_CHANNEL (channel), FALSE);

  if (channel == CHARFLOW_SERVER_CHANNEL (self->main_channel) ||
      !g_list_store_find (self->channels, channel, &position))
    return FALSE;

  g_object_ref (channel);
  g_list_store_remove (self->channels, position);
  connections = charflow_server_channel_get_clients (channel);
  while (g_list_model_get_n_items (connections) > 0)
    {
      g_autoptr (CharflowChannelClient) connection = g_list_model_get_item (connections, 0);

      charflow_channel_client_close (connection);
    }
  charflow_server_channel_set_server (channel, NULL);
  g_object_unref (channel);

  return TRUE;
}

/**
 * charflow_server_lookup_channel:
 * @self: a server
 * @channel_type: a type
 * @channel_id: an id
 *
 * Finds a channel that is registered.
 *
 * Returns: (transfer none) (nullable): the channel, or %NULL when there is none
 *
 * Since: 1.0
 */
CharflowServerChannel *
charflow_server_lookup_channel (CharflowServer *self,
                                guint           channel_type,
                                guint           channel_id)
{
  guint n_items;

  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), NULL);

  n_items = g_list_model_get_n_items (G_LIST_MODEL (self->channels));
  for (guint i = 0; i < n_items; i++)
    {
      g_autoptr (CharflowChannel) channel = g_list_model_get_item (G_LIST_MODEL (self->channels), i);

      if (charflow_channel_get_channel_type (channel) == channel_type &&
          charflow_channel_get_channel_id (channel) == (int) channel_id)
        return CHARFLOW_SERVER_CHANNEL (channel); /* the list holds it */
    }

  return NULL;
}

/**
 * charflow_server_get_channels:
 * @self: a server
 *
 * Gets the channels that are registered; the main channel is the first.
 *
 * Returns: (transfer none): a list of #CharflowServerChannel
 *
 * Since: 1.0
 */
GListModel *
charflow_server_get_channels (CharflowServer *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), NULL);

  return G_LIST_MODEL (self->channels);
}

/**
 * charflow_server_get_clients:
 * @self: a server
 *
 * Gets the sessions of those who have entered.
 *
 * Returns: (transfer none): a list of #CharflowServerClient
 *
 * Since: 1.0
 */
GListModel *
charflow_server_get_clients (CharflowServer *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER (self), NULL);

  return G_LIST_MODEL (self->clients);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-session-private.h"

#include <glib/gi18n-lib.h>
#include <gio/gunixsocketaddress.h>

#include "charflow-client-channel-private.h"
#include "charflow-client-main-channel.h"
#include "charflow-client-port-channel.h"
#include "charflow-enum-types.h"
#include "charflow-socket-util-private.h"
#include "charflow-stream-util-private.h"
#include "charflow-uri-private.h"

/**
 * SECTION:charflow-session
 * @title: CharflowSession
 * @short_description: a user's connection to a SPICE server
 *
 * A #CharflowSession opens the URI of a server, learns which channels it has, and opens its ports. It is
 * open once all of these know their names:
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowSession) session = charflow_session_new (uri);
 *
 * charflow_session_set_password (session, password);
 * charflow_session_open_async (session, NULL, opened_cb, NULL);
 * ]|
 *
 * All happens in the main context that was the thread's default when the session was made.
 *
 * |[<!-- language="C" -->
 * static void
 * opened_cb (GObject      *object,
 *            GAsyncResult *result,
 *            gpointer      user_data)
 * {
 *   CharflowSession *session = CHARFLOW_SESSION (object);
 *   g_autoptr (GError) error = NULL;
 *
 *   if (!charflow_session_open_finish (session, result, &error))
 *     g_printerr ("%s\n", error->message);
 *   else if (charflow_session_lookup_port (session, "org.example.echo.0") != NULL)
 *     g_print ("there is an echo\n");
 *
 *   opened = TRUE;
 * }
 * ]|
 */

/**
 * CharflowSession:
 *
 * A user's connection to a SPICE server.
 *
 * Since: 1.0
 */

/* A server that lists more channels than this is not believed. */
#define MAX_CHANNELS 1024

struct _CharflowSession
{
  GObject parent_instance;

  char *uri;
  char *password;
  CharflowUri *parsed;
  guint link_timeout_ms;
  CharflowClientState state;
  guint32 session_id;
  char *server_name;
  GListStore *channels;
  CharflowClientChannel *main_channel;

  GTask *open_task;
  GCancellable *cancellable; /* of what is under way */
  gboolean has_list;
  guint n_opening;

  GTask *close_task;
  guint n_closing;
};

G_DEFINE_FINAL_TYPE (CharflowSession, charflow_session, G_TYPE_OBJECT)

typedef enum
{
  PROP_URI = 1,
  PROP_PASSWORD,
  PROP_STATE,
  PROP_SESSION_ID,
  PROP_SERVER_NAME,
  PROP_CHANNELS,
} CharflowSessionProperty;

static GParamSpec *props[PROP_CHANNELS + 1];

enum
{
  SIGNAL_CLOSED,
};

static guint signals[SIGNAL_CLOSED + 1];

static void
set_state (CharflowSession    *self,
           CharflowClientState state)
{
  if (self->state == state)
    return;

  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

static gboolean
is_cancelled_by (GTask        *task,
                 GCancellable *cancellable)
{
  return task != NULL && g_task_get_cancellable (task) == cancellable;
}

/* Only while the operation is under way: its cancellable means nothing to an open session. */
static void
cancelled_cb (GCancellable    *cancellable,
              CharflowSession *self)
{
  if (is_cancelled_by (self->open_task, cancellable) || is_cancelled_by (self->close_task, cancellable))
    charflow_session_close (self);
}

static void
watch_cancellable (CharflowSession *self,
                   GCancellable    *cancellable)
{
  if (cancellable == NULL)
    return;

  g_signal_handlers_disconnect_by_func (cancellable, cancelled_cb, self);
  g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (cancelled_cb), self, 0);
}

/* The end of the session: its channels end with it, and all that wait are answered. */
static void
end (CharflowSession *self,
     const GError    *error)
{
  g_autoptr (CharflowSession) guard = g_object_ref (self);
  g_autoptr (GTask) open_task = g_steal_pointer (&self->open_task);
  g_autoptr (GTask) close_task = g_steal_pointer (&self->close_task);

  if (self->state == CHARFLOW_CLIENT_STATE_CLOSED)
    return;

  set_state (self, CHARFLOW_CLIENT_STATE_CLOSED);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  while (g_list_model_get_n_items (G_LIST_MODEL (self->channels)) > 0)
    {
      g_autoptr (CharflowClientChannel) channel = g_list_model_get_item (G_LIST_MODEL (self->channels), 0);

      g_list_store_remove (self->channels, 0);
      charflow_client_channel_forget_session (channel);
    }
  g_clear_object (&self->main_channel);

  if (open_task != NULL && error != NULL)
    g_task_return_error (open_task, g_error_copy (error));
  else if (open_task != NULL)
    g_task_return_new_error (open_task, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CLOSED,
                             _("The server closed the session"));
  if (close_task != NULL)
    g_task_return_boolean (close_task, TRUE);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, error);
}

static void
charflow_session_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  CharflowSession *self = CHARFLOW_SESSION (object);

  switch (prop_id)
    {
    case PROP_URI:
      g_value_set_string (value, self->uri);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_SESSION_ID:
      g_value_set_uint (value, self->session_id);
      break;
    case PROP_SERVER_NAME:
      g_value_set_string (value, self->server_name);
      break;
    case PROP_CHANNELS:
      g_value_set_object (value, self->channels);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_session_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  CharflowSession *self = CHARFLOW_SESSION (object);

  switch (prop_id)
    {
    case PROP_URI:
      charflow_session_set_uri (self, g_value_get_string (value));
      break;
    case PROP_PASSWORD:
      charflow_session_set_password (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_session_dispose (GObject *object)
{
  charflow_session_close (CHARFLOW_SESSION (object));
  G_OBJECT_CLASS (charflow_session_parent_class)->dispose (object);
}

static void
charflow_session_finalize (GObject *object)
{
  CharflowSession *self = CHARFLOW_SESSION (object);

  g_clear_object (&self->channels);
  g_clear_pointer (&self->parsed, charflow_uri_free);
  g_clear_pointer (&self->password, charflow_password_free);
  g_clear_pointer (&self->server_name, g_free);
  g_clear_pointer (&self->uri, g_free);
  G_OBJECT_CLASS (charflow_session_parent_class)->finalize (object);
}

static void
charflow_session_class_init (CharflowSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = charflow_session_get_property;
  object_class->set_property = charflow_session_set_property;
  object_class->dispose = charflow_session_dispose;
  object_class->finalize = charflow_session_finalize;

  /**
   * CharflowSession:uri:
   *
   * Where the server is: `spice://HOST:PORT` or `spice+unix://PATH`.
   *
   * Since: 1.0
   */
  props[PROP_URI] =
    g_param_spec_string ("uri", NULL, "Where the server is", NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowSession:password:
   *
   * The password that the server may ask for, of at most 60 bytes; SPICE's own server takes 59.
   *
   * Since: 1.0
   */
  props[PROP_PASSWORD] =
    g_param_spec_string ("password", NULL, "The password that the server may ask for", NULL,
                         G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowSession:state:
   *
   * Where the session stands.
   *
   * Since: 1.0
   */
  props[PROP_STATE] =
    g_param_spec_enum ("state", NULL, "Where it stands", CHARFLOW_TYPE_CLIENT_STATE, CHARFLOW_CLIENT_STATE_CLOSED,
                       readable);

  /**
   * CharflowSession:session-id:
   *
   * The number that the server gave the session; 0 before it did.
   *
   * Since: 1.0
   */
  props[PROP_SESSION_ID] =
    g_param_spec_uint ("session-id", NULL, "The number of the session", 0, G_MAXUINT, 0, readable);

  /**
   * CharflowSession:server-name:
   *
   * What the server calls itself.
   *
   * Since: 1.0
   */
  props[PROP_SERVER_NAME] =
    g_param_spec_string ("server-name", NULL, "What the server calls itself", NULL, readable);

  /**
   * CharflowSession:channels:
   *
   * The channels of the server, each a #CharflowClientChannel; the main channel is the first.
   *
   * Since: 1.0
   */
  props[PROP_CHANNELS] =
    g_param_spec_object ("channels", NULL, "The channels of the server", G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowSession::closed:
   * @self: the session
   * @error: (nullable): why, or %NULL when either end just closed it
   *
   * The session has ended, or could not be opened.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
charflow_session_init (CharflowSession *self)
{
  self->link_timeout_ms = CHARFLOW_LINK_TIMEOUT_MS;
  self->channels = g_list_store_new (CHARFLOW_TYPE_CLIENT_CHANNEL);
}

/**
 * charflow_session_new:
 * @uri: (nullable): where the server is
 *
 * Makes a session, closed.
 *
 * Returns: (transfer full): a new session
 *
 * Since: 1.0
 */
CharflowSession *
charflow_session_new (const char *uri)
{
  return g_object_new (CHARFLOW_TYPE_SESSION, "uri", uri, NULL);
}

/* A link under way. */
typedef struct
{
  CharflowLinkRequest request;
  CharflowLinkAnswer answer;
  CharflowDeadline *deadline; /* of connecting */
  GIOStream *stream;
} Link;

static void
link_free (Link *link)
{
  g_clear_object (&link->stream);
  charflow_deadline_free (link->deadline);
  g_free (link);
}

static void
linked_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Link *link = g_task_get_task_data (task);
  GError *error = NULL;

  if (!charflow_link_open_finish (G_IO_STREAM (source), result, &link->answer, &error))
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_object_ref (link->stream), g_object_unref);
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GTask *task = user_data;
  Link *link = g_task_get_task_data (task);
  CharflowSession *self = g_task_get_source_object (task);
  g_autoptr (GSocketConnection) connection = NULL;
  GError *error = NULL;

  connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (connection == NULL)
    {
      if (charflow_deadline_has_passed (link->deadline))
        {
          g_clear_error (&error);
          error = g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT,
                                       _("the server did not answer in time"));
        }
      g_prefix_error (&error, _("Could not connect to %s: "), self->uri);
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  charflow_socket_tune (g_socket_connection_get_socket (connection));
  link->stream = G_IO_STREAM (g_steal_pointer (&connection));
  charflow_link_open_async (link->stream, &link->request,
                            self->password != NULL ? self->password : self->parsed->password,
                            self->link_timeout_ms, g_task_get_cancellable (task), linked_cb, task);
}

static GSocketConnectable *
get_connectable (const CharflowUri *uri)
{
  if (uri->transport == CHARFLOW_TRANSPORT_UNIX)
    return G_SOCKET_CONNECTABLE (g_unix_socket_address_new (uri->path));

  return g_network_address_new (uri->host, uri->port);
}

void
charflow_session_link_async (CharflowSession     *self,
                             CharflowLinkRequest *request,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnectable) connectable = get_connectable (self->parsed);
  Link *link = g_new0 (Link, 1);

  link->request = *request;
  link->deadline = charflow_deadline_new (self->link_timeout_ms, cancellable);
  g_task_set_source_tag (task, charflow_session_link_async);
  g_task_set_task_data (task, link, (GDestroyNotify) link_free);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, 0);
  g_socket_client_connect_async (client, connectable, charflow_deadline_get_cancellable (link->deadline),
                                 connected_cb, task);
}

GIOStream *
charflow_session_link_finish (CharflowSession    *self,
                              GAsyncResult       *result,
                              CharflowLinkAnswer *answer,
                              GError            **error)
{
  Link *link = g_task_get_task_data (G_TASK (result));

  *answer = link->answer;
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
charflow_session_set_link_timeout (CharflowSession *self,
                                   guint            link_timeout_ms)
{
  self->link_timeout_ms = link_timeout_ms;
}

void
charflow_session_take_init (CharflowSession *self,
                            guint32          session_id)
{
  self->session_id = session_id;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SESSION_ID]);
}

void
charflow_session_take_name (CharflowSession *self,
                            const char      *name)
{
  g_free (self->server_name);
  self->server_name = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SERVER_NAME]);
}

static gboolean
has_channel (CharflowSession *self,
             guint            channel_type,
             guint            channel_id)
{
  guint n_items = g_list_model_get_n_items (G_LIST_MODEL (self->channels));

  for (guint i = 0; i < n_items; i++)
    {
      g_autoptr (CharflowChannel) channel = g_list_model_get_item (G_LIST_MODEL (self->channels), i);

      if (charflow_channel_get_channel_type (channel) == channel_type &&
          charflow_channel_get_channel_id (channel) == (int) channel_id)
        return TRUE;
    }

  return FALSE;
}

static GType
class_for_type (guint channel_type)
{
  return channel_type == CHARFLOW_CHANNEL_TYPE_PORT ? CHARFLOW_TYPE_CLIENT_PORT_CHANNEL
                                                    : CHARFLOW_TYPE_CLIENT_CHANNEL;
}

void
charflow_session_take_channel (CharflowSession *self,
                               guint            channel_type,
                               guint            channel_id)
{
  g_autoptr (CharflowClientChannel) channel = NULL;

  if (channel_type == 0 || g_list_model_get_n_items (G_LIST_MODEL (self->channels)) >= MAX_CHANNELS ||
      has_channel (self, channel_type, channel_id))
    return;

  channel = g_object_new (class_for_type (channel_type),
                          "channel-type", channel_type,
                          "channel-id", (int) channel_id,
                          "session", self,
                          NULL);
  g_list_store_append (self->channels, channel);
}

static void
finish_opening (CharflowSession *self)
{
  g_autoptr (GTask) task = NULL;

  if (!self->has_list || self->n_opening > 0 || self->state != CHARFLOW_CLIENT_STATE_OPENING)
    return;

  set_state (self, CHARFLOW_CLIENT_STATE_OPEN);
  task = g_steal_pointer (&self->open_task);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

/* Not the channel of an earlier session, whose answer comes after this one was opened. */
static gboolean
is_ours (CharflowSession *self,
         GObject         *channel)
{
  return charflow_client_channel_get_session (CHARFLOW_CLIENT_CHANNEL (channel)) == self;
}

/* A port that is taken, or has gone meanwhile, does not keep the others from being used. */
static void
port_opened_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (CharflowSession) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!charflow_client_channel_open_finish (CHARFLOW_CLIENT_CHANNEL (source), result, &error))
    g_debug ("Port %d: %s", charflow_channel_get_channel_id (CHARFLOW_CHANNEL (source)), error->message);

  if (!is_ours (self, source))
    return;

  self->n_opening--;
  finish_opening (self);
}

void
charflow_session_end_channels (CharflowSession *self)
{
  GListModel *channels = G_LIST_MODEL (self->channels);

  self->has_list = TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (channels); i++)
    {
      g_autoptr (CharflowClientChannel) channel = g_list_model_get_item (channels, i);
      CharflowChannel *base = CHARFLOW_CHANNEL (channel);

      if (charflow_channel_get_channel_type (base) != CHARFLOW_CHANNEL_TYPE_PORT ||
          charflow_client_port_channel_get_port_name (CHARFLOW_CLIENT_PORT_CHANNEL (channel)) != NULL ||
          charflow_client_channel_get_state (channel) != CHARFLOW_CLIENT_STATE_CLOSED)
        continue;

      self->n_opening++;
      charflow_client_channel_open_async (channel, NULL, port_opened_cb, g_object_ref (self));
    }
  finish_opening (self);
}

void
charflow_session_note_closed (CharflowSession       *self,
                              CharflowClientChannel *channel,
                              const GError          *error)
{
  if (channel == self->main_channel)
    end (self, error);
}

static void
main_opened_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  /* When it fails the channel has told the session already. */
  if (!charflow_client_channel_open_finish (CHARFLOW_CLIENT_CHANNEL (source), result, &error))
    g_debug ("Main channel: %s", error->message);
}

static gboolean
parse_uri (CharflowSession *self,
           GError         **error)
{
  g_clear_pointer (&self->parsed, charflow_uri_free);
  if (self->uri == NULL)
    {
      g_set_error_literal (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_FAILED, _("The session has no URI"));
      return FALSE;
    }

  self->parsed = charflow_uri_parse (self->uri, error);
  if (self->parsed == NULL)
    return FALSE;
  if (self->parsed->transport == CHARFLOW_TRANSPORT_TLS)
    {
      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_SCHEME,
                   _("TLS is not supported yet, as '%s' wants it"), self->uri);
      return FALSE;
    }

  return TRUE;
}

/**
 * charflow_session_open_async:
 * @self: a session
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Connects to the server, learns its channels, and opens its ports.
 *
 * It is done once each port has told its name, or could not be opened.
 *
 * Since: 1.0
 */
void
charflow_session_open_async (CharflowSession    *self,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (CHARFLOW_IS_SESSION (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, charflow_session_open_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (self->state != CHARFLOW_CLIENT_STATE_CLOSED)
    {
      g_task_return_new_error (task, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED,
                               _("The session is open already"));
      return;
    }
  if (!parse_uri (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  self->session_id = 0;
  self->has_list = FALSE;
  self->n_opening = 0;
  g_clear_pointer (&self->server_name, g_free);
  set_state (self, CHARFLOW_CLIENT_STATE_OPENING);
  self->open_task = g_steal_pointer (&task);
  self->cancellable = g_cancellable_new ();
  watch_cancellable (self, cancellable);

  self->main_channel = g_object_new (CHARFLOW_TYPE_CLIENT_MAIN_CHANNEL, "channel-id", 0, "session", self, NULL);
  g_list_store_append (self->channels, self->main_channel);
  charflow_client_channel_open_async (self->main_channel, NULL, main_opened_cb, NULL);
}

/**
 * charflow_session_open_finish:
 * @self: a session
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_session_open_async().
 *
 * Fails with a #CharflowUriError when the URI is malformed, %CHARFLOW_LINK_ERROR_PERMISSION_DENIED when the
 * password is wrong, another #CharflowLinkError, or an error of the system.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_session_open_finish (CharflowSession *self,
                              GAsyncResult    *result,
                              GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
main_closed_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (CharflowSession) self = user_data;

  charflow_client_channel_close_finish (CHARFLOW_CLIENT_CHANNEL (source), result, NULL);
  if (is_ours (self, source))
    end (self, NULL);
}

/* The main channel goes last: with it the server ends the others. */
static void
close_main_channel (CharflowSession *self)
{
  if (self->n_closing == 0 && self->main_channel != NULL)
    charflow_client_channel_close_async (self->main_channel, NULL, main_closed_cb, g_object_ref (self));
}

static void
port_closed_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (CharflowSession) self = user_data;

  charflow_client_channel_close_finish (CHARFLOW_CLIENT_CHANNEL (source), result, NULL);
  if (!is_ours (self, source))
    return;

  self->n_closing--;
  close_main_channel (self);
}

/**
 * charflow_session_close_async:
 * @self: a session
 * @cancellable: (nullable): closes it at once when it is cancelled
 * @callback: (scope async): called when it is closed
 * @user_data: for @callback
 *
 * Takes leave of the server: what was written to ports goes out, and the server may deal with it before
 * the session ends.
 *
 * Since: 1.0
 */
void
charflow_session_close_async (CharflowSession    *self,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  GListModel *channels;
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (CHARFLOW_IS_SESSION (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, charflow_session_close_async);
  if (self->close_task != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING, _("The session is being closed already"));
      return;
    }
  if (self->state != CHARFLOW_CLIENT_STATE_OPEN || g_cancellable_is_cancelled (cancellable))
    {
      charflow_session_close (self);
      g_task_return_boolean (task, TRUE);
      return;
    }

  self->close_task = g_steal_pointer (&task);
  watch_cancellable (self, cancellable);
  channels = G_LIST_MODEL (self->channels);
  self->n_closing = 1;
  for (guint i = 0; i < g_list_model_get_n_items (channels); i++)
    {
      g_autoptr (CharflowClientChannel) channel = g_list_model_get_item (channels, i);

      if (channel == self->main_channel ||
          charflow_client_channel_get_state (channel) == CHARFLOW_CLIENT_STATE_CLOSED)
        continue;

      self->n_closing++;
      charflow_client_channel_close_async (channel, NULL, port_closed_cb, g_object_ref (self));
    }
  self->n_closing--;
  close_main_channel (self);
}

/**
 * charflow_session_close_finish:
 * @self: a session
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_session_close_async().
 *
 * Fails with %G_IO_ERROR_CANCELLED, or %G_IO_ERROR_PENDING when it is being closed already.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_session_close_finish (CharflowSession *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * charflow_session_close:
 * @self: a session
 *
 * Ends the session at once; what was not sent yet is lost.
 *
 * Since: 1.0
 */
void
charflow_session_close (CharflowSession *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (CHARFLOW_IS_SESSION (self));

  if (self->open_task != NULL)
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("The session was closed"));
  end (self, error);
}

/**
 * charflow_session_get_uri:
 * @self: a session
 *
 * Tells where the server is.
 *
 * Returns: (nullable): the value of #CharflowSession:uri
 *
 * Since: 1.0
 */
const char *
charflow_session_get_uri (CharflowSession *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SESSION (self), NULL);

  return self->uri;
}

/**
 * charflow_session_set_uri:
 * @self: a session
 * @uri: (nullable): where the server is
 *
 * Says where the server is, for the next charflow_session_open_async().
 *
 * Since: 1.0
 */
void
charflow_session_set_uri (CharflowSession *self,
                          const char      *uri)
{
  g_return_if_fail (CHARFLOW_IS_SESSION (self));

  if (g_strcmp0 (self->uri, uri) == 0)
    return;

  g_free (self->uri);
  self->uri = g_strdup (uri);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_URI]);
}

/**
 * charflow_session_set_password:
 * @self: a session
 * @password: (nullable): a password of at most 60 bytes, or %NULL for none
 *
 * Sets the password that the server may ask for; it counts more than one in the URI.
 *
 * Since: 1.0
 */
void
charflow_session_set_password (CharflowSession *self,
                               const char      *password)
{
  g_return_if_fail (CHARFLOW_IS_SESSION (self));

  g_clear_pointer (&self->password, charflow_password_free);
  self->password = g_strdup (password);
}

/**
 * charflow_session_get_state:
 * @self: a session
 *
 * Tells where the session stands.
 *
 * Returns: the value of #CharflowSession:state
 *
 * Since: 1.0
 */
CharflowClientState
charflow_session_get_state (CharflowSession *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SESSION (self), CHARFLOW_CLIENT_STATE_CLOSED);

  return self->state;
}

/**
 * charflow_session_get_session_id:
 * @self: a session
 *
 * Tells the number that the server gave the session.
 *
 * Returns: the value of #CharflowSession:session-id
 *
 * Since: 1.0
 */
guint
charflow_session_get_session_id (CharflowSession *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SESSION (self), 0);

  return self->session_id;
}

/**
 * charflow_session_get_server_name:
 * @self: a session
 *
 * Tells what the server calls itself.
 *
 * Returns: (nullable): the value of #CharflowSession:server-name
 *
 * Since: 1.0
 */
const char *
charflow_session_get_server_name (CharflowSession *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SESSION (self), NULL);

  return self->server_name;
}

/**
 * charflow_session_get_channels:
 * @self: a session
 *
 * Gets the channels of the server; the main channel is the first.
 *
 * Returns: (transfer none): a list of #CharflowClientChannel, empty while the session is closed
 *
 * Since: 1.0
 */
GListModel *
charflow_session_get_channels (CharflowSession *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SESSION (self), NULL);

  return G_LIST_MODEL (self->channels);
}

/**
 * charflow_session_lookup_port:
 * @self: a session
 * @port_name: the name of a port
 *
 * Finds a port by its name.
 *
 * Returns: (transfer none) (nullable): the port, or %NULL when there is none of this name
 *
 * Since: 1.0
 */
CharflowClientPortChannel *
charflow_session_lookup_port (CharflowSession *self,
                              const char      *port_name)
{
  guint n_items;

  g_return_val_if_fail (CHARFLOW_IS_SESSION (self), NULL);
  g_return_val_if_fail (port_name != NULL, NULL);

  n_items = g_list_model_get_n_items (G_LIST_MODEL (self->channels));
  for (guint i = 0; i < n_items; i++)
    {
      g_autoptr (CharflowClientChannel) channel = g_list_model_get_item (G_LIST_MODEL (self->channels), i);

      if (CHARFLOW_IS_CLIENT_PORT_CHANNEL (channel) &&
          g_strcmp0 (charflow_client_port_channel_get_port_name (CHARFLOW_CLIENT_PORT_CHANNEL (channel)),
                     port_name) == 0)
        return CHARFLOW_CLIENT_PORT_CHANNEL (channel); /* the list holds it */
    }

  return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-client-channel-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-enum-types.h"
#include "charflow-session-private.h"
#include "charflow-source-private.h"

/**
 * SECTION:charflow-client-channel
 * @title: CharflowClientChannel
 * @short_description: a channel at the client's end
 *
 * A #CharflowSession makes one for each channel that its server lists, of the class for its type. It opens
 * the ports by itself; a channel of a type that the library does not know is left closed.
 *
 * |[<!-- language="C" -->
 * static guint
 * clock_face_message_limit (CharflowClientChannel *channel,
 *                           guint                  type)
 * {
 *   return type == 101 ? 5 : 0; // at most so many bytes
 * }
 *
 * static gboolean
 * clock_face_handle_message (CharflowClientChannel *channel,
 *                            guint                  type,
 *                            GBytes                *body,
 *                            GError               **error)
 * {
 *   g_print ("it is %.*s\n", (int) g_bytes_get_size (body), (const char *) g_bytes_get_data (body, NULL));
 *   attached = TRUE;
 *   return TRUE;
 * }
 * ]|
 */

/**
 * CharflowClientChannel:
 *
 * A channel at the client's end.
 *
 * Since: 1.0
 */

typedef struct
{
  CharflowSession *session; /* not owned: it owns this */
  CharflowClientState state;
  CharflowConnection *connection;
  GCancellable *cancellable; /* of the link */
  GTask *open_task;
  GSource *init_timer;
  GPtrArray *close_tasks;
} CharflowClientChannelPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (CharflowClientChannel, charflow_client_channel, CHARFLOW_TYPE_CHANNEL)

typedef enum
{
  PROP_SESSION = 1,
  PROP_STATE,
} CharflowClientChannelProperty;

static GParamSpec *props[PROP_STATE + 1];

enum
{
  SIGNAL_CLOSED,
};

static guint signals[SIGNAL_CLOSED + 1];

static CharflowClientChannelPrivate *
get_private (CharflowClientChannel *self)
{
  return charflow_client_channel_get_instance_private (self);
}

static const CharflowClientChannelHooks *
get_hooks (CharflowClientChannel *self)
{
  static const CharflowClientChannelHooks none;
  const CharflowClientChannelHooks *hooks = CHARFLOW_CLIENT_CHANNEL_GET_CLASS (self)->hooks;

  return hooks == NULL ? &none : hooks;
}

static void
set_state (CharflowClientChannel *self,
           CharflowClientState    state)
{
  CharflowClientChannelPrivate *priv = get_private (self);

  if (priv->state == state)
    return;

  priv->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

/* Only while the operation is under way: its cancellable means nothing to an open channel. */
static void
cancelled_cb (GCancellable          *cancellable,
              CharflowClientChannel *self)
{
  CharflowClientChannelPrivate *priv = get_private (self);
  gboolean matters = priv->open_task != NULL && g_task_get_cancellable (priv->open_task) == cancellable;

  for (guint i = 0; i < priv->close_tasks->len; i++)
    matters = matters || g_task_get_cancellable (g_ptr_array_index (priv->close_tasks, i)) == cancellable;
  if (matters)
    charflow_client_channel_close (self);
}

static void
watch_cancellable (CharflowClientChannel *self,
                   GCancellable          *cancellable)
{
  if (cancellable == NULL)
    return;

  g_signal_handlers_disconnect_by_func (cancellable, cancelled_cb, self);
  g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (cancelled_cb), self, 0);
}

/* The end of the channel, whichever way: all that wait are answered. */
static void
end (CharflowClientChannel *self,
     const GError          *error)
{
  CharflowClientChannelPrivate *priv = get_private (self);
  g_autoptr (CharflowClientChannel) guard = g_object_ref (self);
  g_autoptr (GTask) open_task = g_steal_pointer (&priv->open_task);
  g_autoptr (GPtrArray) close_tasks = g_steal_pointer (&priv->close_tasks);

  priv->close_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  charflow_clear_source (&priv->init_timer);
  if (priv->cancellable != NULL)
    g_cancellable_cancel (priv->cancellable);
  g_clear_object (&priv->cancellable);
  if (priv->connection != NULL)
    charflow_connection_close (priv->connection);
  g_clear_object (&priv->connection);
  if (priv->state == CHARFLOW_CLIENT_STATE_CLOSED)
    return;

  set_state (self, CHARFLOW_CLIENT_STATE_CLOSED);
  if (get_hooks (self)->closed != NULL)
    get_hooks (self)->closed (self, error);
  if (open_task != NULL && error != NULL)
    g_task_return_error (open_task, g_error_copy (error));
  else if (open_task != NULL)
    g_task_return_new_error (open_task, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CLOSED,
                             _("The server closed the channel at once; it may be taken"));
  for (guint i = 0; i < close_tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (close_tasks, i), TRUE);

  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, error);
  if (priv->session != NULL)
    charflow_session_note_closed (priv->session, self, error);
}

static gboolean
begin_message_cb (gpointer owner,
                  guint16  type,
                  guint32  size,
                  gsize   *keep,
                  GError **error)
{
  CharflowClientChannel *self = owner;
  guint limit;

  if (get_hooks (self)->takes_pieces != NULL && get_hooks (self)->takes_pieces (self, type))
    {
      *keep = CHARFLOW_CONNECTION_STREAM;
      return TRUE;
    }

  /* What a newer server may send is passed over, however large it is. */
  limit = CHARFLOW_CLIENT_CHANNEL_GET_CLASS (self)->message_limit (self, type);
  *keep = limit == 0 ? 0 : size;
  return limit == 0 || charflow_connection_check_size (type, size, limit, error);
}

static gboolean
take_message_cb (gpointer      owner,
                 guint16       type,
                 const guint8 *body,
                 gsize         size,
                 GError      **error)
{
  CharflowClientChannel *self = owner;
  CharflowClientChannelClass *klass = CHARFLOW_CLIENT_CHANNEL_GET_CLASS (self);
  /* A handler may close the session, which lets go of its channels. */
  g_autoptr (CharflowClientChannel) guard = g_object_ref (self);
  g_autoptr (GBytes) bytes = NULL;

  if (klass->message_limit (self, type) == 0)
    return TRUE;

  bytes = g_bytes_new (body, size);
  return klass->handle_message (self, type, bytes, error);
}

static guint8 *
begin_piece_cb (gpointer owner,
                guint16  type,
                gsize    wanted,
                gsize    available,
                gsize   *capacity)
{
  return get_hooks (owner)->begin_piece (owner, wanted, capacity);
}

static void
end_piece_cb (gpointer owner,
              guint16  type,
              gsize    filled)
{
  get_hooks (owner)->end_piece (owner, filled);
}

static void
closed_cb (gpointer      owner,
           const GError *error)
{
  end (owner, error);
}

static const CharflowConnectionHandler connection_handler = {
  .begin_message = begin_message_cb,
  .take_message = take_message_cb,
  .begin_piece = begin_piece_cb,
  .end_piece = end_piece_cb,
  .closed = closed_cb,
};

static guint
know_no_message (CharflowClientChannel *self,
                 guint                  type)
{
  return 0;
}

static gboolean
ignore_message (CharflowClientChannel *self,
                guint                  type,
                GBytes                *body,
                GError               **error)
{
  return TRUE;
}

static void
charflow_client_channel_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  CharflowClientChannelPrivate *priv = get_private (CHARFLOW_CLIENT_CHANNEL (object));

  switch ((CharflowClientChannelProperty) prop_id)
    {
    case PROP_SESSION:
      g_value_set_object (value, priv->session);
      break;
    case PROP_STATE:
      g_value_set_enum (value, priv->state);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_client_channel_set_property (GObject      *object,
                                      guint         prop_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  CharflowClientChannelPrivate *priv = get_private (CHARFLOW_CLIENT_CHANNEL (object));

  switch (prop_id)
    {
    case PROP_SESSION:
      priv->session = g_value_get_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_client_channel_dispose (GObject *object)
{
  CharflowClientChannel *self = CHARFLOW_CLIENT_CHANNEL (object);

  get_private (self)->session = NULL;
  charflow_client_channel_close (self);
  G_OBJECT_CLASS (charflow_client_channel_parent_class)->dispose (object);
}

static void
charflow_client_channel_finalize (GObject *object)
{
  g_clear_pointer (&get_private (CHARFLOW_CLIENT_CHANNEL (object))->close_tasks, g_ptr_array_unref);
  G_OBJECT_CLASS (charflow_client_channel_parent_class)->finalize (object);
}

static void
charflow_client_channel_class_init (CharflowClientChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = charflow_client_channel_get_property;
  object_class->set_property = charflow_client_channel_set_property;
  object_class->dispose = charflow_client_channel_dispose;
  object_class->finalize = charflow_client_channel_finalize;
  klass->message_limit = know_no_message;
  klass->handle_message = ignore_message;

  /**
   * CharflowClientChannel:session:
   *
   * The session that the channel belongs to.
   *
   * Since: 1.0
   */
  props[PROP_SESSION] =
    g_param_spec_object ("session", NULL, "The session that it belongs to", CHARFLOW_TYPE_SESSION,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowClientChannel:state:
   *
   * Where the channel stands.
   *
   * Since: 1.0
   */
  props[PROP_STATE] =
    g_param_spec_enum ("state", NULL, "Where it stands", CHARFLOW_TYPE_CLIENT_STATE, CHARFLOW_CLIENT_STATE_CLOSED,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowClientChannel::closed:
   * @self: the channel
   * @error: (nullable): why, or %NULL when either end just closed it
   *
   * The channel has ended, or could not be opened.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
charflow_client_channel_init (CharflowClientChannel *self)
{
  get_private (self)->close_tasks = g_ptr_array_new_with_free_func (g_object_unref);
}

CharflowConnection *
charflow_client_channel_get_connection (CharflowClientChannel *self)
{
  return get_private (self)->connection;
}

void
charflow_client_channel_forget_session (CharflowClientChannel *self)
{
  get_private (self)->session = NULL;
  charflow_client_channel_close (self);
}

void
charflow_client_channel_fail (CharflowClientChannel *self,
                              const GError          *error)
{
  CharflowClientChannelPrivate *priv = get_private (self);

  if (priv->connection != NULL)
    charflow_connection_fail (priv->connection, error);
}

void
charflow_client_channel_note_init (CharflowClientChannel *self)
{
  CharflowClientChannelPrivate *priv = get_private (self);
  g_autoptr (GTask) task = NULL;

  /* A handler of what the message told may have closed the channel. */
  if (priv->connection == NULL)
    return;

  task = g_steal_pointer (&priv->open_task);
  charflow_clear_source (&priv->init_timer);
  set_state (self, CHARFLOW_CLIENT_STATE_OPEN);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

/* A server that has no room for the channel closes it after the link, or says nothing. */
static gboolean
init_timer_cb (gpointer user_data)
{
  CharflowClientChannel *self = user_data;
  g_autoptr (GError) error = g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT,
                                                  _("The server linked the channel and then said nothing"));

  charflow_client_channel_fail (self, error);
  return G_SOURCE_REMOVE;
}

static void
wait_for_init (CharflowClientChannel *self)
{
  CharflowClientChannelPrivate *priv = get_private (self);

  priv->init_timer = g_timeout_source_new (CHARFLOW_LINK_TIMEOUT_MS);
  g_source_set_callback (priv->init_timer, init_timer_cb, self, NULL);
  g_source_attach (priv->init_timer, g_main_context_get_thread_default ());
}

static void
linked_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (CharflowClientChannel) self = user_data;
  CharflowClientChannelPrivate *priv = get_private (self);
  CharflowLinkAnswer answer;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = charflow_session_link_finish (CHARFLOW_SESSION (source), result, &answer, &error);

  /* Closed meanwhile, and perhaps opened again: whoever closed it has answered the task. */
  if (g_task_get_cancellable (G_TASK (result)) != priv->cancellable)
    return;
  if (stream == NULL)
    {
      end (self, error);
      return;
    }

  g_clear_object (&priv->cancellable);
  priv->connection =
    charflow_connection_new (stream, CHARFLOW_CONNECTION_CLIENT,
                             charflow_caps_has (&answer.common_caps, SPICE_COMMON_CAP_MINI_HEADER),
                             &connection_handler, self);
  if (get_hooks (self)->waits_for_init)
    wait_for_init (self);
  else
    charflow_client_channel_note_init (self);
  if (priv->connection != NULL)
    charflow_connection_start (priv->connection);
}

/**
 * charflow_client_channel_get_session:
 * @self: a channel
 *
 * Gets the session that the channel belongs to.
 *
 * Returns: (transfer none) (nullable): the session, or %NULL once it has gone
 *
 * Since: 1.0
 */
CharflowSession *
charflow_client_channel_get_session (CharflowClientChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT_CHANNEL (self), NULL);

  return get_private (self)->session;
}

/**
 * charflow_client_channel_get_state:
 * @self: a channel
 *
 * Tells where the channel stands.
 *
 * Returns: the value of #CharflowClientChannel:state
 *
 * Since: 1.0
 */
CharflowClientState
charflow_client_channel_get_state (CharflowClientChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT_CHANNEL (self), CHARFLOW_CLIENT_STATE_CLOSED);

  return get_private (self)->state;
}

/**
 * charflow_client_channel_open_async:
 * @self: a channel
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Links the channel.
 *
 * A session opens its ports by itself; this is for opening one again that has ended.
 *
 * Since: 1.0
 */
void
charflow_client_channel_open_async (CharflowClientChannel *self,
                                    GCancellable          *cancellable,
                                    GAsyncReadyCallback    callback,
                                    gpointer               user_data)
{
  CharflowClientChannelPrivate *priv = get_private (self);
  CharflowChannel *base = CHARFLOW_CHANNEL (self);
  CharflowLinkRequest request = { 0 };
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (CHARFLOW_IS_CLIENT_CHANNEL (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, charflow_client_channel_open_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (priv->session == NULL || priv->state != CHARFLOW_CLIENT_STATE_CLOSED)
    {
      g_task_return_new_error (task, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED,
                               priv->session == NULL ? _("The session has ended") : _("The channel is open already"));
      return;
    }

  set_state (self, CHARFLOW_CLIENT_STATE_OPENING);
  priv->open_task = g_steal_pointer (&task);
  priv->cancellable = g_cancellable_new ();
  watch_cancellable (self, cancellable);

  request.connection_id = charflow_session_get_session_id (priv->session);
  request.channel_type = charflow_channel_get_channel_type (base);
  request.channel_id = charflow_channel_get_channel_id (base);
  charflow_link_init_common_caps (&request.common_caps);
  request.channel_caps = *charflow_channel_get_caps (base);
  charflow_session_link_async (priv->session, &request, priv->cancellable, linked_cb, g_object_ref (self));
}

/**
 * charflow_client_channel_open_finish:
 * @self: a channel
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_client_channel_open_async().
 *
 * Fails with a #CharflowLinkError, such as %CHARFLOW_LINK_ERROR_PERMISSION_DENIED, or an error of the system.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_client_channel_open_finish (CharflowClientChannel *self,
                                     GAsyncResult          *result,
                                     GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * charflow_client_channel_close_async:
 * @self: a channel
 * @cancellable: (nullable): closes it at once when it is cancelled
 * @callback: (scope async): called when it is closed
 * @user_data: for @callback
 *
 * Takes leave of the server: all that was sent goes out, and the server may deal with it before it closes.
 *
 * A server of this library closes once its device has taken everything.
 *
 * Since: 1.0
 */
void
charflow_client_channel_close_async (CharflowClientChannel *self,
                                     GCancellable          *cancellable,
                                     GAsyncReadyCallback    callback,
                                     gpointer               user_data)
{
  CharflowClientChannelPrivate *priv = get_private (self);
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (CHARFLOW_IS_CLIENT_CHANNEL (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, charflow_client_channel_close_async);
  if (priv->state != CHARFLOW_CLIENT_STATE_OPEN || g_cancellable_is_cancelled (cancellable))
    {
      charflow_client_channel_close (self);
      g_task_return_boolean (task, TRUE);
      return;
    }

  watch_cancellable (self, cancellable);
  g_ptr_array_add (priv->close_tasks, g_steal_pointer (&task));
  charflow_connection_leave (priv->connection);
}

/**
 * charflow_client_channel_close_finish:
 * @self: a channel
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_client_channel_close_async().
 *
 * Fails with %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_client_channel_close_finish (CharflowClientChannel *self,
                                      GAsyncResult          *result,
                                      GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * charflow_client_channel_close:
 * @self: a channel
 *
 * Ends the channel at once; what was not sent yet is lost.
 *
 * Since: 1.0
 */
void
charflow_client_channel_close (CharflowClientChannel *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (CHARFLOW_IS_CLIENT_CHANNEL (self));

  if (get_private (self)->open_task != NULL)
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("The channel was closed"));
  end (self, error);
}

/**
 * charflow_client_channel_send_message:
 * @self: a channel
 * @type: the type of the message, at most 65535
 * @body: (nullable): its body, or %NULL for none
 * @error: return location for a #GError
 *
 * Sends a message; what the server does not take yet waits.
 *
 * Fails with %CHARFLOW_LINK_ERROR_CLOSED when the channel is not open.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_client_channel_send_message (CharflowClientChannel *self,
                                      guint                  type,
                                      GBytes                *body,
                                      GError               **error)
{
  CharflowClientChannelPrivate *priv = get_private (self);

  g_return_val_if_fail (CHARFLOW_IS_CLIENT_CHANNEL (self), FALSE);
  g_return_val_if_fail (type <= G_MAXUINT16, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (priv->connection == NULL || charflow_connection_get_leaving (priv->connection))
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CLOSED, _("The channel is not open"));
      return FALSE;
    }

  charflow_connection_send (priv->connection, type, body);
  return TRUE;
}

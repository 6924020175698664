/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-char-device-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-chunk-private.h"
#include "charflow-client-private.h"
#include "charflow-enum-types.h"
#include "charflow-source-private.h"

/**
 * SECTION:charflow-char-device
 * @title: CharflowCharDevice
 * @short_description: the front end of a back end, and the hub of its clients
 *
 * A #CharflowCharDevice reads the messages of a #CharflowBackend and hands them to its clients, and writes
 * to it what they wrote, with flow control both ways: it is read only while somebody may take the data, or
 * while nobody is attached (what comes is thrown away then, unless #CharflowCharDevice:keep-unread), and no
 * client holds up the others for longer than it may.
 *
 * A device that was made is stopped: charflow_char_device_start() opens its back end if that is not open
 * yet, and sets it going. All of it happens in the main context that was the thread's default when it was
 * made. Any handler of any signal may attach and detach clients, write, stop the device, change its back
 * end or drop its last reference.
 */

/**
 * CharflowCharDevice:
 *
 * The front end of a back end, and the hub of its clients.
 *
 * Since: 1.0
 */


G_DEFINE_TYPE_WITH_PRIVATE (CharflowCharDevice, charflow_char_device, G_TYPE_OBJECT)

typedef enum
{
  PROP_BACKEND = 1,
  PROP_RUNNING,
  PROP_OPENED,
  PROP_CLIENTS,
  PROP_KEEP_UNREAD,
  PROP_CLIENT_TOKENS_INTERVAL,
  PROP_SELF_TOKENS,
  PROP_SELF_TOKENS_HELD,
} CharflowCharDeviceProperty;

static GParamSpec *props[PROP_SELF_TOKENS_HELD + 1];

guint charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_N_SIGNALS];

CharflowCharDevicePrivate *
charflow_char_device_get_private (CharflowCharDevice *self)
{
  return charflow_char_device_get_instance_private (self);
}

static CharflowClient *
charflow_char_device_message_target (CharflowCharDevice *self,
                                     GBytes             *message)
{
  return NULL;
}

/* Walking the ring: clients that leave meanwhile make holes, which are closed when the last walk ends;
 * those that come are seen by the walks to come. */
void
charflow_char_device_begin_walk (CharflowCharDevicePrivate *priv)
{
  priv->walkers++;
}

void
charflow_char_device_end_walk (CharflowCharDevicePrivate *priv)
{
  priv->walkers--;
  if (priv->walkers > 0 || !priv->has_holes)
    return;

  for (guint i = priv->ring->len; i > 0; i--)
    if (g_ptr_array_index (priv->ring, i - 1) == NULL)
      g_ptr_array_remove_index (priv->ring, i - 1);
  priv->has_holes = FALSE;
  g_ptr_array_set_size (priv->departed, 0);
}

void
charflow_char_device_tell_error (CharflowCharDevice *self,
                                 const GError       *error)
{
  g_debug ("Back end: %s", error->message);
  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_ERROR], 0, error);
}

static void
drop_sources (CharflowCharDevicePrivate *priv)
{
  charflow_clear_source (&priv->in_source);
  charflow_clear_source (&priv->more_source);
  charflow_clear_source (&priv->out_source);
}

static void
backend_event_cb (CharflowBackend *backend,
                  CharflowEvent    event,
                  gpointer         user_data)
{
  g_autoptr (CharflowCharDevice) self = g_object_ref (user_data);
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  if (event == CHARFLOW_EVENT_CLOSED)
    drop_sources (priv);
  if (event == CHARFLOW_EVENT_OPENED || event == CHARFLOW_EVENT_CLOSED)
    {
      priv->reads_end = FALSE;
      priv->writes_end = FALSE;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_OPENED]);
    }

  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_EVENT], 0, event);

  if (event == CHARFLOW_EVENT_OPENED && priv->backend == backend)
    charflow_char_device_wakeup (self);
}

/* One opening of a back end. It may take for ever, and must not keep the device that long. */
typedef struct
{
  GWeakRef device;
  GCancellable *cancellable; /* by which the device knows the opening that it waits for */
} Opening;

static void
opening_free (Opening *opening)
{
  g_weak_ref_clear (&opening->device);
  g_clear_object (&opening->cancellable);
  g_free (opening);
}

static void
backend_opened_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Opening *opening = user_data;
  g_autoptr (CharflowCharDevice) self = g_weak_ref_get (&opening->device);
  CharflowCharDevicePrivate *priv = self == NULL ? NULL : charflow_char_device_get_private (self);
  g_autoptr (GError) error = NULL;
  gboolean is_open = charflow_backend_open_finish (CHARFLOW_BACKEND (source), result, &error);

  /* Otherwise the device has let go of it meanwhile, and closed it. */
  if (self != NULL && priv->opening == opening->cancellable)
    {
      g_clear_object (&priv->opening);
      priv->opened_here = is_open;
      /* The program opens it at the same time: then its event tells when data can flow. */
      if (!is_open && !g_error_matches (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN))
        charflow_char_device_tell_error (self, error);
      charflow_char_device_wakeup (self);
    }
  opening_free (opening);
}

static void
open_backend (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  Opening *opening;

  if (!priv->running || priv->backend == NULL || priv->opening != NULL ||
      charflow_backend_get_active (priv->backend))
    return;

  opening = g_new0 (Opening, 1);
  g_weak_ref_init (&opening->device, self);
  opening->cancellable = g_cancellable_new ();
  priv->opening = g_object_ref (opening->cancellable);
  charflow_backend_open_async (priv->backend, priv->opening, backend_opened_cb, opening);
}

/* Lets go of the back end, and returns it where this device opened it. To close it is left to the caller, once
 * the device is in order again: others are told of that, and they may do anything. */
static CharflowBackend *
release_backend (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowBackend) backend = g_steal_pointer (&priv->backend);
  gboolean is_ours = priv->opened_here || priv->opening != NULL;

  if (backend == NULL)
    return NULL;

  drop_sources (priv);
  g_clear_signal_handler (&priv->event_handler, backend);
  g_clear_object (&priv->opening);
  priv->opened_here = FALSE;
  charflow_backend_release (backend, self);

  return is_ours ? g_steal_pointer (&backend) : NULL;
}

static void
take_backend (CharflowCharDevice *self,
              CharflowBackend    *backend)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  priv->backend = g_object_ref (backend);
  priv->reads_end = FALSE;
  priv->writes_end = FALSE;
  priv->event_handler = g_signal_connect (backend, "event", G_CALLBACK (backend_event_cb), self);
}

static void
forget_client (CharflowCharDevice *self,
               CharflowClient     *client)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  guint position;

  if (g_ptr_array_find (priv->ring, client, &position))
    {
      charflow_char_device_begin_walk (priv);
      priv->ring->pdata[position] = NULL;
      priv->n_clients--;
      priv->has_holes = TRUE;
      g_ptr_array_add (priv->departed, g_object_ref (client));
      charflow_char_device_end_walk (priv);
    }

  g_object_freeze_notify (G_OBJECT (client));
  charflow_client_unbind (client);
  charflow_write_queue_drop_client (&priv->write_queue, client);
  if (g_list_store_find (priv->clients, client, &position))
    g_list_store_remove (priv->clients, position);
  g_object_thaw_notify (G_OBJECT (client));
}

static gboolean
detach_for_reason (CharflowCharDevice  *self,
                   CharflowClient      *client,
                   CharflowRemoveReason reason)
{
  g_autoptr (CharflowCharDevice) guard = NULL;
  g_autoptr (CharflowClient) client_guard = NULL;

  if (!charflow_char_device_has_client (self, client))
    return FALSE;

  guard = g_object_ref (self);
  client_guard = g_object_ref (client);
  forget_client (self, client);
  CHARFLOW_CLIENT_GET_CLASS (client)->removed (client, self, reason);
  /* It may have been the one that held the others up. */
  charflow_char_device_wakeup (self);

  return TRUE;
}

/* An owner that does not detach the client at once is spared the work: what must not go on does not. */
void
charflow_char_device_request_removal (CharflowCharDevice  *self,
                                      CharflowClient      *client,
                                      CharflowRemoveReason reason)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = g_object_ref (self);
  g_autoptr (CharflowClient) client_guard = g_object_ref (client);
  CharflowClient *outer = priv->leaving;
  CharflowRemoveReason outer_reason = priv->leaving_reason;
  guint attachment = charflow_client_get_attachment (client);

  if (priv->leaving == client)
    return;

  priv->leaving = client;
  priv->leaving_reason = reason;
  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_REMOVE_CLIENT], 0, client, reason);
  priv->leaving = outer;
  priv->leaving_reason = outer_reason;

  /* A handler may have detached it, and attached it anew. */
  if (charflow_client_get_attachment (client) == attachment)
    detach_for_reason (self, client, reason);
}

static void
detach_all (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  while (g_list_model_get_n_items (G_LIST_MODEL (priv->clients)) > 0)
    {
      g_autoptr (CharflowClient) client = g_list_model_get_item (G_LIST_MODEL (priv->clients), 0);

      detach_for_reason (self, client, CHARFLOW_REMOVE_REASON_DEVICE_GONE);
    }
}

static void
charflow_char_device_dispose (GObject *object)
{
  CharflowCharDevice *self = CHARFLOW_CHAR_DEVICE (object);
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowBackend) to_close = NULL;
  CharflowWriteBuffer *buffer;

  priv->running = FALSE;
  priv->disposed = TRUE;
  to_close = release_backend (self);
  if (to_close != NULL)
    charflow_backend_close (to_close);
  detach_all (self);
  while ((buffer = charflow_write_queue_pop (&priv->write_queue)) != NULL)
    charflow_write_buffer_unref (buffer);

  G_OBJECT_CLASS (charflow_char_device_parent_class)->dispose (object);
}

static void
charflow_char_device_finalize (GObject *object)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (CHARFLOW_CHAR_DEVICE (object));

  g_clear_object (&priv->clients);
  g_clear_pointer (&priv->ring, g_ptr_array_unref);
  g_clear_pointer (&priv->departed, g_ptr_array_unref);
  g_clear_pointer (&priv->chunk, charflow_chunk_free);
  g_clear_pointer (&priv->context, g_main_context_unref);
  G_OBJECT_CLASS (charflow_char_device_parent_class)->finalize (object);
}

static void
charflow_char_device_constructed (GObject *object)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (CHARFLOW_CHAR_DEVICE (object));

  G_OBJECT_CLASS (charflow_char_device_parent_class)->constructed (object);
  priv->self_tokens = priv->initial_self_tokens;
}

static void
charflow_char_device_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  CharflowCharDevice *self = CHARFLOW_CHAR_DEVICE (object);
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  switch ((CharflowCharDeviceProperty) prop_id)
    {
    case PROP_BACKEND:
      g_value_set_object (value, priv->backend);
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, priv->running);
      break;
    case PROP_OPENED:
      g_value_set_boolean (value, charflow_char_device_get_opened (self));
      break;
    case PROP_CLIENTS:
      g_value_set_object (value, priv->clients);
      break;
    case PROP_KEEP_UNREAD:
      g_value_set_boolean (value, priv->keep_unread);
      break;
    case PROP_CLIENT_TOKENS_INTERVAL:
      g_value_set_uint (value, priv->tokens_interval);
      break;
    case PROP_SELF_TOKENS:
      g_value_set_uint (value, priv->initial_self_tokens);
      break;
    case PROP_SELF_TOKENS_HELD:
      g_value_set_uint64 (value, priv->self_tokens);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_char_device_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  CharflowCharDevice *self = CHARFLOW_CHAR_DEVICE (object);
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (GError) error = NULL;

  switch (prop_id)
    {
    case PROP_BACKEND:
      if (!charflow_char_device_set_backend (self, g_value_get_object (value), &error))
        charflow_char_device_tell_error (self, error);
      break;
    case PROP_KEEP_UNREAD:
      charflow_char_device_set_keep_unread (self, g_value_get_boolean (value));
      break;
    case PROP_CLIENT_TOKENS_INTERVAL:
      priv->tokens_interval = g_value_get_uint (value);
      break;
    case PROP_SELF_TOKENS:
      priv->initial_self_tokens = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowCharDevice:backend:
   *
   * The back end. It may be changed at any time: clients stay, and what waits for the old one goes to the
   * new one. A change that is refused leaves the old one, and is told by
   * #CharflowCharDevice::backend-error; charflow_char_device_set_backend() returns the error instead.
   *
   * Since: 1.0
   */
  props[PROP_BACKEND] =
    g_param_spec_object ("backend", NULL, "The back end", CHARFLOW_TYPE_BACKEND,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowCharDevice:running:
   *
   * Whether the device was started, and not stopped since.
   *
   * Since: 1.0
   */
  props[PROP_RUNNING] =
    g_param_spec_boolean ("running", NULL, "Whether it was started", FALSE, readable | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CharflowCharDevice:opened:
   *
   * Whether the other side of the back end is there.
   *
   * Since: 1.0
   */
  props[PROP_OPENED] =
    g_param_spec_boolean ("opened", NULL, "Whether the other side is there", FALSE,
                          readable | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CharflowCharDevice:clients:
   *
   * The clients, each a #CharflowClient, in the order in which they were attached.
   *
   * Since: 1.0
   */
  props[PROP_CLIENTS] =
    g_param_spec_object ("clients", NULL, "The clients", G_TYPE_LIST_MODEL, readable);

  /**
   * CharflowCharDevice:keep-unread:
   *
   * Whether the device is left unread while no client is attached, so that the first one gets what has
   * come before. Otherwise that is thrown away, and nobody behind the device has to wait.
   *
   * Since: 1.0
   */
  props[PROP_KEEP_UNREAD] =
    g_param_spec_boolean ("keep-unread", NULL, "Whether it is left unread without clients", FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowCharDevice:client-tokens-interval:
   *
   * How many tokens of a client have to be free until they are given back in one lump. It has to
   * be at most #CharflowClient:client-tokens: a client with fewer tokens never gets any back.
   *
   * Since: 1.0
   */
  props[PROP_CLIENT_TOKENS_INTERVAL] =
    g_param_spec_uint ("client-tokens-interval", NULL, "Tokens that are given back in one lump",
                       0, G_MAXUINT, 0, construct);

  /**
   * CharflowCharDevice:self-tokens:
   *
   * How many messages of the program itself may wait for the device.
   *
   * Since: 1.0
   */
  props[PROP_SELF_TOKENS] =
    g_param_spec_uint ("self-tokens", NULL, "Messages of the program's own that may wait",
                       0, G_MAXUINT, G_MAXUINT, construct);

  /**
   * CharflowCharDevice:self-tokens-held:
   *
   * How many messages of the program itself may be written now. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_SELF_TOKENS_HELD] =
    g_param_spec_uint64 ("self-tokens-held", NULL, "Messages of the program's own that it may write now",
                         0, G_MAXUINT64, 0, readable);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
install_signals (GObjectClass *object_class)
{
  GType type = G_TYPE_FROM_CLASS (object_class);

  /**
   * CharflowCharDevice::read-ready:
   * @self: the device
   *
   * The back end has data and somebody may take it. The default handler reads and delivers it.
   *
   * Since: 1.0
   */
  charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_READ_READY] =
    g_signal_new ("read-ready", type, G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (CharflowCharDeviceClass, read_ready),
                  NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * CharflowCharDevice::message:
   * @self: the device
   * @client: (nullable): the client that it is for, or %NULL when it is for all
   * @message: the message
   *
   * A message was read, and is about to be handed on.
   *
   * Since: 1.0
   */
  charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_MESSAGE] =
    g_signal_new ("message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, CHARFLOW_TYPE_CLIENT, G_TYPE_BYTES);

  /**
   * CharflowCharDevice::tokens-sent:
   * @self: the device
   * @client: the client
   * @n_tokens: how many
   *
   * Tokens were given back to a client: it may write so many messages more.
   *
   * Since: 1.0
   */
  charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_TOKENS_SENT] =
    g_signal_new ("tokens-sent", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, CHARFLOW_TYPE_CLIENT, G_TYPE_UINT);

  /**
   * CharflowCharDevice::remove-client:
   * @self: the device
   * @client: the client
   * @reason: why
   *
   * A client has to go: its owner shall call charflow_char_device_detach_client(). If no handler does, the
   * device detaches it after the last one.
   *
   * Since: 1.0
   */
  charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_REMOVE_CLIENT] =
    g_signal_new ("remove-client", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, CHARFLOW_TYPE_CLIENT, CHARFLOW_TYPE_REMOVE_REASON);

  /**
   * CharflowCharDevice::self-token-freed:
   * @self: the device
   *
   * A message of the program's own was consumed, or released: it may write another.
   *
   * Since: 1.0
   */
  charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_SELF_TOKEN_FREED] =
    g_signal_new ("self-token-freed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * CharflowCharDevice::event:
   * @self: the device
   * @event: what happened
   *
   * Something besides data happened to the back end.
   *
   * Since: 1.0
   */
  charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_EVENT] =
    g_signal_new ("event", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, CHARFLOW_TYPE_EVENT);

  /**
   * CharflowCharDevice::backend-changed:
   * @self: the device
   * @backend: (nullable): the one that is to come
   *
   * The back end is about to be changed.
   *
   * Returns: %TRUE to accept it, %FALSE to refuse it; the first refusal counts, and the old one stays
   *
   * Since: 1.0
   */
  charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_CHANGED] =
    g_signal_new ("backend-changed", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_first_wins, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, CHARFLOW_TYPE_BACKEND);

  /**
   * CharflowCharDevice::backend-error:
   * @self: the device
   * @error: what went wrong
   *
   * The back end could not be opened, read or written.
   *
   * Since: 1.0
   */
  charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_ERROR] =
    g_signal_new ("backend-error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
charflow_char_device_class_init (CharflowCharDeviceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = charflow_char_device_constructed;
  object_class->get_property = charflow_char_device_get_property;
  object_class->set_property = charflow_char_device_set_property;
  object_class->dispose = charflow_char_device_dispose;
  object_class->finalize = charflow_char_device_finalize;
  klass->read_ready = charflow_char_device_read_ready_default;
  klass->read_message = charflow_char_device_read_message_default;
  klass->message_target = charflow_char_device_message_target;

  install_properties (object_class);
  install_signals (object_class);
}

static void
charflow_char_device_init (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  priv->context = g_main_context_ref_thread_default ();
  priv->clients = g_list_store_new (CHARFLOW_TYPE_CLIENT);
  priv->ring = g_ptr_array_new ();
  priv->departed = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_init (&priv->write_queue.buffers);
}

/**
 * charflow_char_device_new:
 * @backend: (nullable): its back end
 *
 * Makes a device, stopped and without clients.
 *
 * Returns: (transfer full): a new device
 *
 * Since: 1.0
 */
CharflowCharDevice *
charflow_char_device_new (CharflowBackend *backend)
{
  return g_object_new (CHARFLOW_TYPE_CHAR_DEVICE, "backend", backend, NULL);
}

/**
 * charflow_char_device_get_backend:
 * @self: a device
 *
 * Gets the back end.
 *
 * Returns: (transfer none) (nullable): the back end, or %NULL when there is none
 *
 * Since: 1.0
 */
CharflowBackend *
charflow_char_device_get_backend (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);

  return charflow_char_device_get_private (self)->backend;
}

/* A device that is being disposed of still emits signals, whose handlers may not revive it. */
static gboolean
check_alive (CharflowCharDevice *self,
             GError            **error)
{
  if (!charflow_char_device_get_private (self)->disposed)
    return TRUE;

  g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FAILED,
                       _("The device is being destroyed"));
  return FALSE;
}

static gboolean
ask_handlers (CharflowCharDevice *self,
              CharflowBackend    *backend,
              GError            **error)
{
  gboolean accepted = TRUE;

  if (!g_signal_has_handler_pending (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_CHANGED], 0, TRUE))
    return TRUE;

  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_CHANGED], 0, backend, &accepted);
  if (!accepted)
    g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_REFUSED,
                         _("A handler refused the new back end"));

  return accepted;
}

/* To the clients, a change of the back end looks like the other side coming or going. */
static void
tell_opened_changed (CharflowCharDevice *self,
                     gboolean            was_opened)
{
  gboolean is_opened = charflow_char_device_is_open (charflow_char_device_get_private (self));

  if (is_opened == was_opened)
    return;

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_OPENED]);
  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_EVENT], 0, is_opened ? CHARFLOW_EVENT_OPENED : CHARFLOW_EVENT_CLOSED);
}

/**
 * charflow_char_device_set_backend:
 * @self: a device
 * @backend: (nullable): the new back end, or %NULL for none
 * @error: return location for a #GError
 *
 * Changes the back end; clients stay, and what waits for the old one goes to the new one.
 *
 * Where the device is running, the new one is opened if it is not open yet. Fails with
 * %CHARFLOW_BACKEND_ERROR_BUSY when it belongs to another device, and with %CHARFLOW_DEVICE_ERROR_REFUSED
 * when a handler of #CharflowCharDevice::backend-changed refuses; then the old one stays. A device that is
 * being destroyed takes none, %CHARFLOW_DEVICE_ERROR_FAILED. Where the other side of the one is there and that
 * of the other is not, #CharflowCharDevice::event tells it.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_set_backend (CharflowCharDevice *self,
                                  CharflowBackend    *backend,
                                  GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;
  g_autoptr (CharflowBackend) to_close = NULL;
  gboolean was_opened;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (backend == NULL || CHARFLOW_IS_BACKEND (backend), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (priv->backend == backend)
    return TRUE;
  if (!check_alive (self, error))
    return FALSE;
  if (backend != NULL && !charflow_backend_claim (backend, self, error))
    return FALSE;

  guard = g_object_ref (self);
  was_opened = charflow_char_device_is_open (priv);
  if (!ask_handlers (self, backend, error))
    {
      if (backend != NULL && priv->backend != backend)
        charflow_backend_release (backend, self);
      return FALSE;
    }
  /* The handler may have set it itself. */
  if (priv->backend == backend)
    return TRUE;

  to_close = release_backend (self);
  if (backend != NULL)
    take_backend (self, backend);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BACKEND]);
  tell_opened_changed (self, was_opened);
  if (to_close != NULL)
    charflow_backend_close (to_close);
  open_backend (self);
  charflow_char_device_wakeup (self);

  return TRUE;
}

/**
 * charflow_char_device_get_running:
 * @self: a device
 *
 * Tells whether the device was started, and not stopped since.
 *
 * Returns: the value of #CharflowCharDevice:running
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_get_running (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);

  return charflow_char_device_get_private (self)->running;
}

/**
 * charflow_char_device_get_opened:
 * @self: a device
 *
 * Tells whether the other side of the back end is there.
 *
 * Returns: the value of #CharflowCharDevice:opened
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_get_opened (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);

  return charflow_char_device_is_open (charflow_char_device_get_private (self));
}

/**
 * charflow_char_device_get_clients:
 * @self: a device
 *
 * Gets the clients, in the order in which they were attached.
 *
 * Returns: (transfer none): a list of #CharflowClient
 *
 * Since: 1.0
 */
GListModel *
charflow_char_device_get_clients (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), NULL);

  return G_LIST_MODEL (charflow_char_device_get_private (self)->clients);
}

/**
 * charflow_char_device_get_keep_unread:
 * @self: a device
 *
 * Tells whether the device is left unread while no client is attached.
 *
 * Returns: the value of #CharflowCharDevice:keep-unread
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_get_keep_unread (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);

  return charflow_char_device_get_private (self)->keep_unread;
}

/**
 * charflow_char_device_set_keep_unread:
 * @self: a device
 * @keep_unread: whether it is left unread
 *
 * Says whether the device is left unread while no client is attached.
 *
 * Since: 1.0
 */
void
charflow_char_device_set_keep_unread (CharflowCharDevice *self,
                                      gboolean            keep_unread)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  keep_unread = !!keep_unread;
  if (priv->keep_unread == keep_unread)
    return;

  priv->keep_unread = keep_unread;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_KEEP_UNREAD]);
  charflow_char_device_pump_reads (self);
}

/**
 * charflow_char_device_get_client_tokens_interval:
 * @self: a device
 *
 * Tells how many tokens of a client have to be free until they are given back.
 *
 * Returns: the value of #CharflowCharDevice:client-tokens-interval
 *
 * Since: 1.0
 */
guint
charflow_char_device_get_client_tokens_interval (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), 0);

  return charflow_char_device_get_private (self)->tokens_interval;
}

/**
 * charflow_char_device_get_self_tokens:
 * @self: a device
 *
 * Tells how many messages of the program itself may wait for the device.
 *
 * Returns: the value of #CharflowCharDevice:self-tokens
 *
 * Since: 1.0
 */
guint
charflow_char_device_get_self_tokens (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), 0);

  return charflow_char_device_get_private (self)->initial_self_tokens;
}

/**
 * charflow_char_device_get_self_tokens_held:
 * @self: a device
 *
 * Tells how many messages of the program itself may be written now.
 *
 * Returns: the value of #CharflowCharDevice:self-tokens-held
 *
 * Since: 1.0
 */
guint64
charflow_char_device_get_self_tokens_held (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), 0);

  return charflow_char_device_get_private (self)->self_tokens;
}

/**
 * charflow_char_device_start:
 * @self: a device
 *
 * Sets the device going: what waits for it is written, and it is read.
 *
 * Its back end is opened if it is not open yet; when that fails, #CharflowCharDevice::backend-error says
 * why. A device that is running already stays as it is.
 *
 * Since: 1.0
 */
void
charflow_char_device_start (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  if (priv->running || priv->disposed)
    return;

  guard = g_object_ref (self);
  priv->running = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RUNNING]);
  open_backend (self);
  charflow_char_device_wakeup (self);
}

/**
 * charflow_char_device_stop:
 * @self: a device
 *
 * Stops the device: nothing is read or written until it is started again.
 *
 * What clients write meanwhile waits, and the back end stays open.
 *
 * Since: 1.0
 */
void
charflow_char_device_stop (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  if (!priv->running)
    return;

  priv->running = FALSE;
  drop_sources (priv);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RUNNING]);
}

/**
 * charflow_char_device_wakeup:
 * @self: a device
 *
 * Says that the back end may be readable or writable: tries to write, then to read.
 *
 * Back ends call for it by themselves; only one that cannot tell needs this.
 *
 * Since: 1.0
 */
void
charflow_char_device_wakeup (CharflowCharDevice *self)
{
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  guard = g_object_ref (self);
  charflow_char_device_pump_writes (self);
  charflow_char_device_pump_reads (self);
}

/**
 * charflow_char_device_reset:
 * @self: a device
 *
 * Drops all that waits, both ways; the clients stay.
 *
 * The token of each message that waited for the device goes back to its client, together with those that
 * were owed, and nobody is told. A client whose write was refused for lack of room is told that there is room.
 *
 * Since: 1.0
 */
void
charflow_char_device_reset (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;
  CharflowWriteBuffer *buffer;

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  guard = g_object_ref (self);
  charflow_clear_source (&priv->out_source);
  while ((buffer = charflow_write_queue_pop (&priv->write_queue)) != NULL)
    {
      charflow_char_device_settle_silently (self, buffer);
      charflow_write_buffer_unref (buffer);
    }

  charflow_char_device_begin_walk (priv);
  for (guint i = 0; i < priv->ring->len; i++)
    {
      CharflowClient *client = g_ptr_array_index (priv->ring, i);

      if (client != NULL)
        charflow_client_drop_queue (client);
    }
  for (guint i = 0; i < priv->ring->len; i++)
    {
      CharflowClient *client = g_ptr_array_index (priv->ring, i);

      if (client != NULL && charflow_client_take_writable (client))
        CHARFLOW_CLIENT_GET_CLASS (client)->writable (client, self);
    }
  charflow_char_device_end_walk (priv);
  charflow_char_device_wakeup (self);
}

/**
 * charflow_char_device_attach_client:
 * @self: a device
 * @client: a client
 * @error: return location for a #GError
 *
 * Attaches a client: from now on it gets the device's messages and may write.
 *
 * The device keeps a reference to it. Fails with %CHARFLOW_DEVICE_ERROR_ALREADY_ATTACHED when it is
 * attached, here or to another device, and with %CHARFLOW_DEVICE_ERROR_FAILED while the device is being
 * destroyed.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_attach_client (CharflowCharDevice *self,
                                    CharflowClient     *client,
                                    GError            **error)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_alive (self, error))
    return FALSE;
  if (charflow_client_get_device (client) != NULL)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_ALREADY_ATTACHED,
                           charflow_client_get_device (client) == self
                             ? _("The client is attached to this device already")
                             : _("The client is attached to another device"));
      return FALSE;
    }

  guard = g_object_ref (self);
  g_object_freeze_notify (G_OBJECT (client));
  charflow_client_bind (client, self, priv->context);
  g_ptr_array_add (priv->ring, client);
  priv->n_clients++;
  g_list_store_append (priv->clients, client);
  g_object_thaw_notify (G_OBJECT (client));
  charflow_char_device_wakeup (self);

  return TRUE;
}

/**
 * charflow_char_device_detach_client:
 * @self: a device
 * @client: a client
 *
 * Detaches a client.
 *
 * What waits for it is dropped, and so is what it wrote, but for a message that is half written: that goes
 * on to the device as nobody's, so that the device never sees half a message.
 *
 * Returns: %FALSE when it was not attached to this device
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_detach_client (CharflowCharDevice *self,
                                    CharflowClient     *client)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);

  return detach_for_reason (self, client,
                            priv->leaving == client ? priv->leaving_reason
                                                    : CHARFLOW_REMOVE_REASON_DETACHED);
}

/**
 * charflow_char_device_has_client:
 * @self: a device
 * @client: a client
 *
 * Tells whether a client is attached to this device.
 *
 * Returns: %TRUE if it is
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_has_client (CharflowCharDevice *self,
                                 CharflowClient     *client)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);

  return charflow_client_get_device (client) == self;
}

gboolean
charflow_char_device_check_attached (CharflowCharDevice *self,
                                     CharflowClient     *client,
                                     GError            **error)
{
  if (charflow_client_peek_device (client) == self)
    return TRUE;

  g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NOT_ATTACHED,
                       _("The client is not attached to this device"));
  return FALSE;
}

/**
 * charflow_char_device_add_send_tokens:
 * @self: a device
 * @client: a client
 * @n_tokens: how many messages more it takes
 * @error: return location for a #GError
 *
 * Grants that the client may be handed so many messages more, and delivers what waits for it.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_NOT_ATTACHED, or %CHARFLOW_DEVICE_ERROR_FAILED when the sum cannot be
 * counted any more; that removes the client.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_add_send_tokens (CharflowCharDevice *self,
                                      CharflowClient     *client,
                                      guint               n_tokens,
                                      GError            **error)
{
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!charflow_char_device_check_attached (self, client, error))
    return FALSE;

  guard = g_object_ref (self);
  if (!charflow_client_grant_send_tokens (client, n_tokens))
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_FAILED,
                   _("%u tokens more than can be counted"), n_tokens);
      return FALSE;
    }
  charflow_char_device_pump_reads (self);

  return TRUE;
}

/**
 * charflow_char_device_set_send_tokens:
 * @self: a device
 * @client: a client
 * @n_tokens: how many messages it takes
 * @error: return location for a #GError
 *
 * Sets how many messages the client may be handed, and delivers what waits for it.
 *
 * Fails with %CHARFLOW_DEVICE_ERROR_NOT_ATTACHED.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_set_send_tokens (CharflowCharDevice *self,
                                      CharflowClient     *client,
                                      guint               n_tokens,
                                      GError            **error)
{
  g_autoptr (CharflowCharDevice) guard = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (client), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!charflow_char_device_check_attached (self, client, error))
    return FALSE;

  guard = g_object_ref (self);
  charflow_client_replace_send_tokens (client, n_tokens);
  charflow_char_device_pump_reads (self);

  return TRUE;
}


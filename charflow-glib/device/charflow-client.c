/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-client-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "charflow-char-device-private.h"
#include "charflow-enum-types.h"
#include "charflow-source-private.h"

/**
 * SECTION:charflow-client
 * @title: CharflowClient
 * @short_description: one consumer of one device
 *
 * A #CharflowClient takes the messages of a #CharflowCharDevice and writes to it, on the network or in the
 * process. Its construct properties are its flow control:
 *
 * - With #CharflowClient:flow-control, each message either way costs a token. It may write as many messages
 *   as it holds client tokens, and the device gives them back once it has consumed what was written; it is
 *   handed as many messages as it granted send tokens.
 * - Without, it may have #CharflowClient:max-waiting-bytes on the way to the device, and takes messages
 *   while it is #CharflowClient:ready.
 *
 * What it cannot take yet waits in its send queue, which is bounded in messages and in bytes;
 * #CharflowClient:overflow says what happens when it is full. A program connects to the signals, or derives
 * a class and overrides the virtual functions of the same names.
 */

/**
 * CharflowClient:
 *
 * One consumer of one device.
 *
 * Since: 1.0
 */

/* A network client is handed at most this much more than its connection took. */
#define DEFAULT_MAX_QUEUE_BYTES (256 * 1024)
#define DEFAULT_MAX_QUEUE_MESSAGES 1024
#define DEFAULT_MAX_WAITING_BYTES (256 * 1024)
/* However small they are: each costs memory besides its bytes. */
#define MAX_WAITING_MESSAGES 1024
/* The agent's window in SPICE's server. */
#define DEFAULT_CLIENT_TOKENS 10
/* A client that makes no progress holds its device up for so long at most. */
#define DEFAULT_STALL_TIME_MS 5000
/* SPICE's server waits as long for tokens. */
#define DEFAULT_WAIT_TIME_MS 30000

typedef struct
{
  gboolean flow_control;
  guint initial_client_tokens;
  guint initial_send_tokens;
  guint max_queue_messages;
  guint64 max_queue_bytes;
  guint64 max_waiting_bytes;
  CharflowOverflow overflow;
  guint stall_time_ms;
  guint wait_time_ms;
  gboolean read_only;
  gboolean wait_for_state;

  CharflowCharDevice *device; /* not owned; NULL while detached */
  GMainContext *context;
  guint attachment;

  guint64 client_tokens;
  guint64 owed_tokens;
  guint64 waiting_bytes;
  guint waiting_messages;
  gboolean write_refused;
  gboolean draining; /* not just room is awaited, but that nothing waits */

  gboolean ready;
  guint64 send_tokens;
  GQueue queue; /* GBytes */
  guint64 queued_bytes;
  guint64 missed_bytes;
  gboolean moving; /* the queue is on its way to the client */
  gboolean delivered; /* since the last flush */

  GSource *stall_timer;
  GSource *wait_timer;
  gint64 last_progress;
} CharflowClientPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (CharflowClient, charflow_client, G_TYPE_OBJECT)

typedef enum
{
  PROP_FLOW_CONTROL = 1,
  PROP_CLIENT_TOKENS,
  PROP_SEND_TOKENS,
  PROP_MAX_QUEUE_MESSAGES,
  PROP_MAX_QUEUE_BYTES,
  PROP_MAX_WAITING_BYTES,
  PROP_OVERFLOW,
  PROP_STALL_TIME,
  PROP_WAIT_TIME,
  PROP_READ_ONLY,
  PROP_WAIT_FOR_STATE,
  PROP_READY,
  PROP_DEVICE,
  PROP_CLIENT_TOKENS_HELD,
  PROP_CLIENT_TOKENS_OWED,
  PROP_SEND_TOKENS_HELD,
  PROP_QUEUED_MESSAGES,
  PROP_QUEUED_BYTES,
  PROP_WAITING_BYTES,
} CharflowClientProperty;

static GParamSpec *props[PROP_WAITING_BYTES + 1];

enum
{
  SIGNAL_DELIVER,
  SIGNAL_TOKENS,
  SIGNAL_WRITABLE,
  SIGNAL_MISSED,
  SIGNAL_REMOVED,
};

static guint signals[SIGNAL_REMOVED + 1];

static CharflowClientPrivate *
get_private (CharflowClient *self)
{
  return charflow_client_get_instance_private (self);
}

static gboolean
queue_is_full (CharflowClientPrivate *priv)
{
  return priv->queue.length >= priv->max_queue_messages || priv->queued_bytes >= priv->max_queue_bytes;
}

static gboolean
may_deliver (CharflowClientPrivate *priv)
{
  return priv->ready && (!priv->flow_control || priv->send_tokens > 0);
}

static GSource *
add_timer (CharflowClient *self,
           guint           delay_ms,
           GSourceFunc     callback)
{
  GSource *timer = g_timeout_source_new (delay_ms);

  g_source_set_callback (timer, callback, self, NULL);
  g_source_attach (timer, get_private (self)->context);

  return timer;
}

/* Milliseconds until @since is @time_ms ago, rounded up; 0 when it is. */
static guint
remaining_ms (gint64 since,
              guint  time_ms)
{
  gint64 end = since + (gint64) time_ms * G_TIME_SPAN_MILLISECOND;
  gint64 now = g_get_monotonic_time ();

  return end <= now ? 0 : (end - now + G_TIME_SPAN_MILLISECOND - 1) / G_TIME_SPAN_MILLISECOND;
}

static gboolean
stall_timer_cb (gpointer user_data)
{
  CharflowClient *self = user_data;
  CharflowClientPrivate *priv = get_private (self);
  guint left = remaining_ms (priv->last_progress, priv->stall_time_ms);

  charflow_clear_source (&priv->stall_timer);
  if (left > 0)
    priv->stall_timer = add_timer (self, left, stall_timer_cb);
  else
    charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_STALLED);

  return G_SOURCE_REMOVE;
}

static gboolean
wait_timer_cb (gpointer user_data)
{
  CharflowClient *self = user_data;
  CharflowClientPrivate *priv = get_private (self);

  charflow_clear_source (&priv->wait_timer);
  charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT);

  return G_SOURCE_REMOVE;
}

/* The stall timer runs while a pacing client's queue is full; it is not moved at each bit of progress, but
 * looks at the last one when it fires. The wait timer runs from the first message that waits for a token. */
static void
update_timers (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);
  gboolean stalled = priv->overflow == CHARFLOW_OVERFLOW_PACE && queue_is_full (priv);
  gboolean starved = priv->flow_control && priv->queue.length > 0 && priv->send_tokens == 0;

  if (!stalled)
    {
      charflow_clear_source (&priv->stall_timer);
    }
  else if (priv->stall_timer == NULL)
    {
      priv->last_progress = g_get_monotonic_time ();
      priv->stall_timer = add_timer (self, priv->stall_time_ms, stall_timer_cb);
    }

  if (!starved)
    charflow_clear_source (&priv->wait_timer);
  else if (priv->wait_timer == NULL)
    priv->wait_timer = add_timer (self, priv->wait_time_ms, wait_timer_cb);
}

static void
deliver (CharflowClient *self,
         GBytes         *message)
{
  CharflowClientPrivate *priv = get_private (self);

  if (priv->flow_control)
    priv->send_tokens--;
  priv->delivered = TRUE;

  CHARFLOW_CLIENT_GET_CLASS (self)->deliver (self, priv->device, message);
}

static void
tell_missed (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);
  guint64 missed = priv->missed_bytes;

  if (missed == 0)
    return;

  priv->missed_bytes = 0;
  CHARFLOW_CLIENT_GET_CLASS (self)->missed (self, priv->device, missed);
}

/* Hands over what waits, as far as the client takes it. A handler may detach the client, or even attach it
 * elsewhere, so everything is looked at again after each call. */
static void
move_queue (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);
  guint attachment = priv->attachment;
  g_autoptr (CharflowClient) guard = NULL;
  g_autoptr (CharflowCharDevice) device_guard = NULL;

  if (priv->moving || priv->queue.length == 0 || !may_deliver (priv))
    return;

  guard = g_object_ref (self);
  device_guard = g_object_ref (priv->device);
  priv->moving = TRUE;
  while (priv->attachment == attachment && may_deliver (priv) && priv->queue.length > 0)
    {
      g_autoptr (GBytes) message = NULL;

      if (priv->missed_bytes > 0)
        {
          tell_missed (self);
          continue;
        }

      message = g_queue_pop_head (&priv->queue);
      priv->queued_bytes -= g_bytes_get_size (message);
      priv->last_progress = g_get_monotonic_time ();
      deliver (self, message);
    }
  if (priv->attachment != attachment)
    return;

  priv->moving = FALSE;
  update_timers (self);
  charflow_client_flush (self);
}

static void
charflow_client_deliver (CharflowClient     *self,
                         CharflowCharDevice *device,
                         GBytes             *bytes)
{
  if (g_signal_has_handler_pending (self, signals[SIGNAL_DELIVER], 0, TRUE))
    g_signal_emit (self, signals[SIGNAL_DELIVER], 0, device, bytes);
}

static void
charflow_client_flush_default (CharflowClient     *self,
                               CharflowCharDevice *device)
{
}

static void
charflow_client_tokens (CharflowClient     *self,
                        CharflowCharDevice *device,
                        guint               n_tokens)
{
  g_signal_emit (self, signals[SIGNAL_TOKENS], 0, device, n_tokens);
}

static void
charflow_client_writable (CharflowClient     *self,
                          CharflowCharDevice *device)
{
  g_signal_emit (self, signals[SIGNAL_WRITABLE], 0, device);
}

static void
charflow_client_missed (CharflowClient     *self,
                        CharflowCharDevice *device,
                        guint64             n_bytes)
{
  g_signal_emit (self, signals[SIGNAL_MISSED], 0, device, n_bytes);
}

static void
charflow_client_removed (CharflowClient      *self,
                         CharflowCharDevice  *device,
                         CharflowRemoveReason reason)
{
  g_signal_emit (self, signals[SIGNAL_REMOVED], 0, device, reason);
}

static void
charflow_client_constructed (GObject *object)
{
  CharflowClientPrivate *priv = get_private (CHARFLOW_CLIENT (object));

  G_OBJECT_CLASS (charflow_client_parent_class)->constructed (object);
  priv->client_tokens = priv->initial_client_tokens;
  priv->send_tokens = priv->initial_send_tokens;
}

static void
charflow_client_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  CharflowClientPrivate *priv = get_private (CHARFLOW_CLIENT (object));

  switch ((CharflowClientProperty) prop_id)
    {
    case PROP_FLOW_CONTROL:
      g_value_set_boolean (value, priv->flow_control);
      break;
    case PROP_CLIENT_TOKENS:
      g_value_set_uint (value, priv->initial_client_tokens);
      break;
    case PROP_SEND_TOKENS:
      g_value_set_uint (value, priv->initial_send_tokens);
      break;
    case PROP_MAX_QUEUE_MESSAGES:
      g_value_set_uint (value, priv->max_queue_messages);
      break;
    case PROP_MAX_QUEUE_BYTES:
      g_value_set_uint64 (value, priv->max_queue_bytes);
      break;
    case PROP_MAX_WAITING_BYTES:
      g_value_set_uint64 (value, priv->max_waiting_bytes);
      break;
    case PROP_OVERFLOW:
      g_value_set_enum (value, priv->overflow);
      break;
    case PROP_STALL_TIME:
      g_value_set_uint (value, priv->stall_time_ms);
      break;
    case PROP_WAIT_TIME:
      g_value_set_uint (value, priv->wait_time_ms);
      break;
    case PROP_READ_ONLY:
      g_value_set_boolean (value, priv->read_only);
      break;
    case PROP_WAIT_FOR_STATE:
      g_value_set_boolean (value, priv->wait_for_state);
      break;
    case PROP_READY:
      g_value_set_boolean (value, priv->ready);
      break;
    case PROP_DEVICE:
      g_value_set_object (value, priv->device);
      break;
    case PROP_CLIENT_TOKENS_HELD:
      g_value_set_uint64 (value, priv->client_tokens);
      break;
    case PROP_CLIENT_TOKENS_OWED:
      g_value_set_uint64 (value, priv->owed_tokens);
      break;
    case PROP_SEND_TOKENS_HELD:
      g_value_set_uint64 (value, priv->send_tokens);
      break;
    case PROP_QUEUED_MESSAGES:
      g_value_set_uint (value, priv->queue.length);
      break;
    case PROP_QUEUED_BYTES:
      g_value_set_uint64 (value, priv->queued_bytes);
      break;
    case PROP_WAITING_BYTES:
      g_value_set_uint64 (value, priv->waiting_bytes);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_client_set_property (GObject      *object,
                              guint         prop_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  CharflowClient *self = CHARFLOW_CLIENT (object);
  CharflowClientPrivate *priv = get_private (self);

  switch (prop_id)
    {
    case PROP_FLOW_CONTROL:
      priv->flow_control = g_value_get_boolean (value);
      break;
    case PROP_CLIENT_TOKENS:
      priv->initial_client_tokens = g_value_get_uint (value);
      break;
    case PROP_SEND_TOKENS:
      priv->initial_send_tokens = g_value_get_uint (value);
      break;
    case PROP_MAX_QUEUE_MESSAGES:
      priv->max_queue_messages = g_value_get_uint (value);
      break;
    case PROP_MAX_QUEUE_BYTES:
      priv->max_queue_bytes = g_value_get_uint64 (value);
      break;
    case PROP_MAX_WAITING_BYTES:
      priv->max_waiting_bytes = g_value_get_uint64 (value);
      break;
    case PROP_OVERFLOW:
      priv->overflow = g_value_get_enum (value);
      break;
    case PROP_STALL_TIME:
      priv->stall_time_ms = g_value_get_uint (value);
      break;
    case PROP_WAIT_TIME:
      priv->wait_time_ms = g_value_get_uint (value);
      break;
    case PROP_READ_ONLY:
      priv->read_only = g_value_get_boolean (value);
      break;
    case PROP_WAIT_FOR_STATE:
      priv->wait_for_state = g_value_get_boolean (value);
      break;
    case PROP_READY:
      charflow_client_set_ready (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_client_finalize (GObject *object)
{
  CharflowClientPrivate *priv = get_private (CHARFLOW_CLIENT (object));

  charflow_clear_source (&priv->stall_timer);
  charflow_clear_source (&priv->wait_timer);
  g_queue_clear_full (&priv->queue, (GDestroyNotify) g_bytes_unref);
  g_clear_pointer (&priv->context, g_main_context_unref);
  G_OBJECT_CLASS (charflow_client_parent_class)->finalize (object);
}

static void
install_construct_properties (GObjectClass *object_class)
{
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowClient:flow-control:
   *
   * Whether messages cost tokens, both ways. A violation of it removes the client.
   *
   * Since: 1.0
   */
  props[PROP_FLOW_CONTROL] =
    g_param_spec_boolean ("flow-control", NULL, "Whether messages cost tokens", FALSE, construct);

  /**
   * CharflowClient:client-tokens:
   *
   * How many messages the client may write at first.
   *
   * Since: 1.0
   */
  props[PROP_CLIENT_TOKENS] =
    g_param_spec_uint ("client-tokens", NULL, "Messages that it may write at first",
                       0, G_MAXUINT, DEFAULT_CLIENT_TOKENS, construct);

  /**
   * CharflowClient:send-tokens:
   *
   * How many messages the client may be handed at first.
   *
   * Since: 1.0
   */
  props[PROP_SEND_TOKENS] =
    g_param_spec_uint ("send-tokens", NULL, "Messages that it may be handed at first",
                       0, G_MAXUINT, 0, construct);

  /**
   * CharflowClient:max-queue-messages:
   *
   * How many messages may wait for the client.
   *
   * Since: 1.0
   */
  props[PROP_MAX_QUEUE_MESSAGES] =
    g_param_spec_uint ("max-queue-messages", NULL, "Messages that may wait for it",
                       1, G_MAXUINT, DEFAULT_MAX_QUEUE_MESSAGES, construct);

  /**
   * CharflowClient:max-queue-bytes:
   *
   * How many bytes may wait for the client; the message that reaches the bound is still queued.
   *
   * Since: 1.0
   */
  props[PROP_MAX_QUEUE_BYTES] =
    g_param_spec_uint64 ("max-queue-bytes", NULL, "Bytes that may wait for it",
                         1, G_MAXUINT64, DEFAULT_MAX_QUEUE_BYTES, construct);

  /**
   * CharflowClient:max-waiting-bytes:
   *
   * How many bytes of a client without flow control may wait for the device, in 1,024 messages at most. The
   * message that reaches the bound is still taken; a further one is refused with %G_IO_ERROR_WOULD_BLOCK until there is room, which
   * #CharflowClient::writable tells.
   *
   * Since: 1.0
   */
  props[PROP_MAX_WAITING_BYTES] =
    g_param_spec_uint64 ("max-waiting-bytes", NULL, "Bytes of it that may wait for the device",
                         1, G_MAXUINT64, DEFAULT_MAX_WAITING_BYTES, construct);

  /**
   * CharflowClient:overflow:
   *
   * What happens when its queue is full and the device has more.
   *
   * Since: 1.0
   */
  props[PROP_OVERFLOW] =
    g_param_spec_enum ("overflow", NULL, "What happens when its queue is full",
                       CHARFLOW_TYPE_OVERFLOW, CHARFLOW_OVERFLOW_PACE, construct);

  /**
   * CharflowClient:stall-time:
   *
   * For how long, in milliseconds, a client with %CHARFLOW_OVERFLOW_PACE may hold up the device without
   * making any progress.
   *
   * Since: 1.0
   */
  props[PROP_STALL_TIME] =
    g_param_spec_uint ("stall-time", NULL, "Milliseconds that it may hold up the device",
                       0, G_MAXUINT, DEFAULT_STALL_TIME_MS, construct);

  /**
   * CharflowClient:wait-time:
   *
   * For how long, in milliseconds, messages may wait for a token of the client.
   *
   * Since: 1.0
   */
  props[PROP_WAIT_TIME] =
    g_param_spec_uint ("wait-time", NULL, "Milliseconds that messages may wait for a token",
                       0, G_MAXUINT, DEFAULT_WAIT_TIME_MS, construct);

  /**
   * CharflowClient:read-only:
   *
   * Whether all writes of the client are refused with %CHARFLOW_DEVICE_ERROR_READ_ONLY.
   *
   * Since: 1.0
   */
  props[PROP_READ_ONLY] =
    g_param_spec_boolean ("read-only", NULL, "Whether its writes are refused", FALSE, construct);

  /**
   * CharflowClient:wait-for-state:
   *
   * Whether the device is to be still until its saved state was restored.
   *
   * Since: 1.0
   */
  props[PROP_WAIT_FOR_STATE] =
    g_param_spec_boolean ("wait-for-state", NULL, "Whether a saved state is to come", FALSE, construct);
}

static void
install_state_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowClient:ready:
   *
   * Whether the client takes messages now. A client on the network is not ready while its connection
   * has no room.
   *
   * Since: 1.0
   */
  props[PROP_READY] =
    g_param_spec_boolean ("ready", NULL, "Whether it takes messages now", TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowClient:device:
   *
   * The device that the client is attached to.
   *
   * Since: 1.0
   */
  props[PROP_DEVICE] =
    g_param_spec_object ("device", NULL, "The device that it is attached to",
                         CHARFLOW_TYPE_CHAR_DEVICE, readable | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * CharflowClient:client-tokens-held:
   *
   * How many messages the client may write now. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_CLIENT_TOKENS_HELD] =
    g_param_spec_uint64 ("client-tokens-held", NULL, "Messages that it may write now",
                         0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:client-tokens-owed:
   *
   * How many tokens are free and not yet given back to the client. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_CLIENT_TOKENS_OWED] =
    g_param_spec_uint64 ("client-tokens-owed", NULL, "Free tokens, not yet given back",
                         0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:send-tokens-held:
   *
   * How many messages the client may be handed now. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_SEND_TOKENS_HELD] =
    g_param_spec_uint64 ("send-tokens-held", NULL, "Messages that it may be handed now",
                         0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:queued-messages:
   *
   * How many messages wait for the client. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_QUEUED_MESSAGES] =
    g_param_spec_uint ("queued-messages", NULL, "Messages that wait for it", 0, G_MAXUINT, 0, readable);

  /**
   * CharflowClient:queued-bytes:
   *
   * How many bytes wait for the client. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_QUEUED_BYTES] =
    g_param_spec_uint64 ("queued-bytes", NULL, "Bytes that wait for it", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:waiting-bytes:
   *
   * How many bytes of the client wait for the device. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_WAITING_BYTES] =
    g_param_spec_uint64 ("waiting-bytes", NULL, "Bytes of it that wait for the device",
                         0, G_MAXUINT64, 0, readable);
}

static void
install_signals (GObjectClass *object_class)
{
  GType type = G_TYPE_FROM_CLASS (object_class);

  /**
   * CharflowClient::deliver:
   * @self: the client
   * @device: the device
   * @bytes: one message of it
   *
   * The device has a message for the client.
   *
   * Since: 1.0
   */
  signals[SIGNAL_DELIVER] =
    g_signal_new ("deliver", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, CHARFLOW_TYPE_CHAR_DEVICE, G_TYPE_BYTES);

  /**
   * CharflowClient::tokens:
   * @self: the client
   * @device: the device
   * @n_tokens: how many messages more
   *
   * The client may write so many messages more.
   *
   * Since: 1.0
   */
  signals[SIGNAL_TOKENS] =
    g_signal_new ("tokens", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, CHARFLOW_TYPE_CHAR_DEVICE, G_TYPE_UINT);

  /**
   * CharflowClient::writable:
   * @self: the client
   * @device: the device
   *
   * A write of the client was refused with %G_IO_ERROR_WOULD_BLOCK, and there is room now.
   *
   * Since: 1.0
   */
  signals[SIGNAL_WRITABLE] =
    g_signal_new ("writable", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, CHARFLOW_TYPE_CHAR_DEVICE);

  /**
   * CharflowClient::missed:
   * @self: the client
   * @device: the device
   * @n_bytes: how many bytes were dropped
   *
   * Bytes before the next message were dropped, because the queue was full and the client's policy is
   * %CHARFLOW_OVERFLOW_DROP.
   *
   * Since: 1.0
   */
  signals[SIGNAL_MISSED] =
    g_signal_new ("missed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, CHARFLOW_TYPE_CHAR_DEVICE, G_TYPE_UINT64);

  /**
   * CharflowClient::removed:
   * @self: the client
   * @device: the device
   * @reason: why
   *
   * The client was detached from the device.
   *
   * Since: 1.0
   */
  signals[SIGNAL_REMOVED] =
    g_signal_new ("removed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, CHARFLOW_TYPE_CHAR_DEVICE, CHARFLOW_TYPE_REMOVE_REASON);
}

static void
charflow_client_class_init (CharflowClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = charflow_client_constructed;
  object_class->get_property = charflow_client_get_property;
  object_class->set_property = charflow_client_set_property;
  object_class->finalize = charflow_client_finalize;
  klass->deliver = charflow_client_deliver;
  klass->flush = charflow_client_flush_default;
  klass->tokens = charflow_client_tokens;
  klass->writable = charflow_client_writable;
  klass->missed = charflow_client_missed;
  klass->removed = charflow_client_removed;

  install_construct_properties (object_class);
  install_state_properties (object_class);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
  install_signals (object_class);
}

static void
charflow_client_init (CharflowClient *self)
{
  get_private (self)->ready = TRUE;
}

/**
 * charflow_client_new:
 *
 * Makes a client without flow control, with the defaults of all properties.
 *
 * Returns: (transfer full): a new client
 *
 * Since: 1.0
 */
CharflowClient *
charflow_client_new (void)
{
  return g_object_new (CHARFLOW_TYPE_CLIENT, NULL);
}

void
charflow_client_bind (CharflowClient     *self,
                      CharflowCharDevice *device,
                      GMainContext       *context)
{
  CharflowClientPrivate *priv = get_private (self);

  g_assert (priv->device == NULL);

  priv->device = device;
  priv->attachment++;
  priv->context = g_main_context_ref (context);
  priv->client_tokens = priv->initial_client_tokens;
  priv->owed_tokens = 0;
  priv->send_tokens = priv->initial_send_tokens;
  priv->waiting_bytes = 0;
  priv->waiting_messages = 0;
  priv->write_refused = FALSE;
  priv->draining = FALSE;
  priv->missed_bytes = 0;
  priv->moving = FALSE;
  priv->delivered = FALSE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DEVICE]);
}

void
charflow_client_unbind (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);

  charflow_clear_source (&priv->stall_timer);
  charflow_clear_source (&priv->wait_timer);
  g_queue_clear_full (&priv->queue, (GDestroyNotify) g_bytes_unref);
  priv->queued_bytes = 0;
  priv->device = NULL;
  priv->attachment++;
  g_clear_pointer (&priv->context, g_main_context_unref);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DEVICE]);
}

guint
charflow_client_get_attachment (CharflowClient *self)
{
  return get_private (self)->attachment;
}

/* Whether the device may be read for the sake of this client. One that waits for tokens is no reason to
 * read; one that paces is a reason until its queue is full, so that it is found out when it stalls. */
gboolean
charflow_client_wants_data (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);

  if (priv->flow_control)
    return priv->ready && priv->send_tokens > priv->queue.length;
  if (priv->overflow == CHARFLOW_OVERFLOW_PACE)
    return !queue_is_full (priv);

  return priv->ready;
}

gboolean
charflow_client_paces_device (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);

  return priv->overflow == CHARFLOW_OVERFLOW_PACE && queue_is_full (priv);
}

static void
drop_oldest (CharflowClientPrivate *priv)
{
  while (priv->queue.length > 0 && queue_is_full (priv))
    {
      g_autoptr (GBytes) oldest = g_queue_pop_head (&priv->queue);

      priv->queued_bytes -= g_bytes_get_size (oldest);
      priv->missed_bytes += g_bytes_get_size (oldest);
    }
}

void
charflow_client_offer (CharflowClient *self,
                       GBytes         *message)
{
  CharflowClientPrivate *priv = get_private (self);

  if (priv->queue.length == 0 && !priv->moving && may_deliver (priv))
    {
      guint attachment = priv->attachment;

      tell_missed (self);
      if (priv->attachment != attachment)
        return;
      if (priv->queue.length == 0 && may_deliver (priv))
        {
          deliver (self, message);
          return;
        }
    }

  if (queue_is_full (priv) && priv->overflow == CHARFLOW_OVERFLOW_REMOVE)
    {
      charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_OVERFLOW);
      return;
    }
  if (priv->overflow == CHARFLOW_OVERFLOW_DROP)
    drop_oldest (priv);

  g_queue_push_tail (&priv->queue, g_bytes_ref (message));
  priv->queued_bytes += g_bytes_get_size (message);
  update_timers (self);
}

void
charflow_client_flush (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);

  if (!priv->delivered)
    return;

  priv->delivered = FALSE;
  CHARFLOW_CLIENT_GET_CLASS (self)->flush (self, priv->device);
}

void
charflow_client_drop_queue (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);

  g_queue_clear_full (&priv->queue, (GDestroyNotify) g_bytes_unref);
  priv->queued_bytes = 0;
  /* What was owed is the client's again, unannounced: the agent protocol tells all counts at reconnect. */
  priv->client_tokens += priv->owed_tokens;
  priv->owed_tokens = 0;
  update_timers (self);
}

gboolean
charflow_client_grant_send_tokens (CharflowClient *self,
                                   guint           n_tokens)
{
  CharflowClientPrivate *priv = get_private (self);

  if (!g_uint64_checked_add (&priv->send_tokens, priv->send_tokens, n_tokens))
    {
      charflow_char_device_request_removal (priv->device, self, CHARFLOW_REMOVE_REASON_TOKEN_OVERFLOW);
      return FALSE;
    }

  /* It is not without tokens now, whether it is ready or not. */
  update_timers (self);
  move_queue (self);
  return TRUE;
}

void
charflow_client_replace_send_tokens (CharflowClient *self,
                                     guint           n_tokens)
{
  get_private (self)->send_tokens = n_tokens;
  update_timers (self);
  move_queue (self);
}

gboolean
charflow_client_reserve (CharflowClient *self,
                         gsize           size,
                         GError        **error)
{
  CharflowClientPrivate *priv = get_private (self);

  if (priv->read_only)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_READ_ONLY,
                           _("The client may only read"));
      return FALSE;
    }
  if (priv->flow_control && priv->client_tokens == 0)
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_NO_TOKENS,
                           _("The client has no token left to write with"));
      return FALSE;
    }
  if (!priv->flow_control &&
      (priv->waiting_bytes >= priv->max_waiting_bytes || priv->waiting_messages >= MAX_WAITING_MESSAGES))
    {
      priv->write_refused = TRUE;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                   _("%" PRIu64 " bytes of the client wait for the device already"),
                   priv->waiting_bytes);
      return FALSE;
    }

  if (priv->flow_control)
    priv->client_tokens--;
  priv->waiting_bytes += size;
  priv->waiting_messages++;

  return TRUE;
}

void
charflow_client_unreserve (CharflowClient *self,
                           gsize           size)
{
  CharflowClientPrivate *priv = get_private (self);

  priv->waiting_bytes -= size;
  priv->waiting_messages--;
  if (priv->flow_control)
    priv->owed_tokens++;
}

guint
charflow_client_take_owed (CharflowClient *self,
                           guint           interval)
{
  CharflowClientPrivate *priv = get_private (self);
  guint n_tokens = MIN (priv->owed_tokens, G_MAXUINT);

  if (n_tokens == 0 || n_tokens < interval)
    return 0;

  priv->owed_tokens -= n_tokens;
  priv->client_tokens += n_tokens;

  return n_tokens;
}

gboolean
charflow_client_take_writable (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);

  /* Told only at half of the bounds, so that a writer is not woken for each small message. */
  if (!priv->write_refused ||
      priv->waiting_bytes > (priv->draining ? 0 : priv->max_waiting_bytes / 2) ||
      priv->waiting_messages > (priv->draining ? 0 : MAX_WAITING_MESSAGES / 2))
    return FALSE;

  priv->write_refused = FALSE;
  return TRUE;
}

void
charflow_client_await_drain (CharflowClient *self)
{
  CharflowClientPrivate *priv = get_private (self);

  priv->write_refused = TRUE;
  priv->draining = TRUE;
}

CharflowCharDevice *
charflow_client_peek_device (CharflowClient *self)
{
  return get_private (self)->device;
}

/**
 * charflow_client_get_device:
 * @self: a client
 *
 * Gets the device that the client is attached to.
 *
 * Returns: (transfer none) (nullable): the device, or %NULL while it is detached
 *
 * Since: 1.0
 */
CharflowCharDevice *
charflow_client_get_device (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), NULL);

  return get_private (self)->device;
}

/**
 * charflow_client_get_flow_control:
 * @self: a client
 *
 * Tells whether messages cost tokens.
 *
 * Returns: the value of #CharflowClient:flow-control
 *
 * Since: 1.0
 */
gboolean
charflow_client_get_flow_control (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), FALSE);

  return get_private (self)->flow_control;
}

/**
 * charflow_client_get_overflow:
 * @self: a client
 *
 * Tells what happens when the send queue is full.
 *
 * Returns: the value of #CharflowClient:overflow
 *
 * Since: 1.0
 */
CharflowOverflow
charflow_client_get_overflow (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), CHARFLOW_OVERFLOW_PACE);

  return get_private (self)->overflow;
}

/**
 * charflow_client_get_read_only:
 * @self: a client
 *
 * Tells whether all writes of the client are refused.
 *
 * Returns: the value of #CharflowClient:read-only
 *
 * Since: 1.0
 */
gboolean
charflow_client_get_read_only (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), FALSE);

  return get_private (self)->read_only;
}

/**
 * charflow_client_get_ready:
 * @self: a client
 *
 * Tells whether the client takes messages now.
 *
 * Returns: the value of #CharflowClient:ready
 *
 * Since: 1.0
 */
gboolean
charflow_client_get_ready (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), FALSE);

  return get_private (self)->ready;
}

/**
 * charflow_client_set_ready:
 * @self: a client
 * @ready: whether it takes messages now
 *
 * Says whether the client takes messages now.
 *
 * When it does again, what waits for it is delivered at once, and the device is read on.
 *
 * Since: 1.0
 */
void
charflow_client_set_ready (CharflowClient *self,
                           gboolean        ready)
{
  CharflowClientPrivate *priv = get_private (self);
  g_autoptr (CharflowClient) guard = NULL;

  g_return_if_fail (CHARFLOW_IS_CLIENT (self));

  ready = !!ready;
  if (priv->ready == ready)
    return;

  guard = g_object_ref (self);
  priv->ready = ready;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
  if (priv->device == NULL || !priv->ready)
    return;

  move_queue (self);
  if (priv->device != NULL)
    charflow_char_device_pump_reads (priv->device);
}

/**
 * charflow_client_note_progress:
 * @self: a client
 *
 * Says that the client took something, though it is not #CharflowClient:ready yet.
 *
 * It then does not count as stalled. A client on the network says so when its peer took some bytes.
 *
 * Since: 1.0
 */
void
charflow_client_note_progress (CharflowClient *self)
{
  g_return_if_fail (CHARFLOW_IS_CLIENT (self));

  get_private (self)->last_progress = g_get_monotonic_time ();
}

/**
 * charflow_client_get_client_tokens_held:
 * @self: a client
 *
 * Tells how many messages the client may write now.
 *
 * Returns: a number of messages
 *
 * Since: 1.0
 */
guint64
charflow_client_get_client_tokens_held (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), 0);

  return get_private (self)->client_tokens;
}

/**
 * charflow_client_get_client_tokens_owed:
 * @self: a client
 *
 * Tells how many tokens are free and not yet given back to the client.
 *
 * Returns: a number of messages
 *
 * Since: 1.0
 */
guint64
charflow_client_get_client_tokens_owed (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), 0);

  return get_private (self)->owed_tokens;
}

/**
 * charflow_client_get_send_tokens_held:
 * @self: a client
 *
 * Tells how many messages the client may be handed now.
 *
 * Returns: a number of messages
 *
 * Since: 1.0
 */
guint64
charflow_client_get_send_tokens_held (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), 0);

  return get_private (self)->send_tokens;
}

/**
 * charflow_client_get_queued_messages:
 * @self: a client
 *
 * Tells how many messages wait for the client.
 *
 * Returns: a number of messages
 *
 * Since: 1.0
 */
guint
charflow_client_get_queued_messages (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), 0);

  return get_private (self)->queue.length;
}

/**
 * charflow_client_get_queued_bytes:
 * @self: a client
 *
 * Tells how many bytes wait for the client.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
charflow_client_get_queued_bytes (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), 0);

  return get_private (self)->queued_bytes;
}

/**
 * charflow_client_get_waiting_bytes:
 * @self: a client
 *
 * Tells how many bytes of the client wait for the device.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
charflow_client_get_waiting_bytes (CharflowClient *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT (self), 0);

  return get_private (self)->waiting_bytes;
}

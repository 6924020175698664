/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-client-private.h"

#include <string.h>

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
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowClient) watcher = g_object_new (CHARFLOW_TYPE_CLIENT,
 *                                                    "overflow", CHARFLOW_OVERFLOW_DROP, // it may miss something
 *                                                    "max-queue-bytes", (guint64) 65536,
 *                                                    "read-only", TRUE,
 *                                                    NULL);
 *
 * g_signal_connect (watcher, "deliver", G_CALLBACK (deliver_cb), &done);
 * charflow_char_device_attach_client (device, watcher, NULL);
 * ]|
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
/* The agent's window in SPICE's server. */
#define DEFAULT_CLIENT_TOKENS 10
/* A client that makes no progress holds its device up for so long at most. */
#define DEFAULT_STALL_TIME_MS 5000
/* So many bytes fit in a saved state. */
#define MAX_NAME 255
/* SPICE's server waits as long for tokens. */
#define DEFAULT_WAIT_TIME_MS 30000

G_DEFINE_TYPE_WITH_PRIVATE (CharflowClient, charflow_client, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1,
  PROP_PEER,
  PROP_FLOW_CONTROL,
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
  PROP_WAITING_MESSAGES,
  PROP_WAITING_BYTES,
  PROP_MESSAGES_DELIVERED,
  PROP_BYTES_DELIVERED,
  PROP_MESSAGES_WRITTEN,
  PROP_BYTES_WRITTEN,
  PROP_MESSAGES_MISSED,
  PROP_BYTES_MISSED,
  PROP_QUEUED_MESSAGES_PEAK,
  PROP_QUEUED_BYTES_PEAK,
  PROP_BLOCKED_TIME,
} CharflowClientProperty;

static GParamSpec *props[PROP_BLOCKED_TIME + 1];

enum
{
  SIGNAL_DELIVER,
  SIGNAL_TOKENS,
  SIGNAL_TOKENS_RESET,
  SIGNAL_WRITABLE,
  SIGNAL_MISSED,
  SIGNAL_REMOVED,
};

static guint signals[SIGNAL_REMOVED + 1];

CharflowClientPrivate *
charflow_client_get_private (CharflowClient *self)
{
  return charflow_client_get_instance_private (self);
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
charflow_client_tokens_reset (CharflowClient     *self,
                              CharflowCharDevice *device,
                              guint64             n_tokens)
{
  g_signal_emit (self, signals[SIGNAL_TOKENS_RESET], 0, device, n_tokens);
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
  CharflowClientPrivate *priv = charflow_client_get_private (CHARFLOW_CLIENT (object));

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
  CharflowClientPrivate *priv = charflow_client_get_private (CHARFLOW_CLIENT (object));
  const CharflowClientFigures *figures = &priv->figures;

  switch ((CharflowClientProperty) prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, priv->name);
      break;
    case PROP_PEER:
      g_value_set_string (value, priv->peer);
      break;
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
    case PROP_WAITING_MESSAGES:
      g_value_set_uint (value, priv->waiting_messages);
      break;
    case PROP_WAITING_BYTES:
      g_value_set_uint64 (value, priv->waiting_bytes);
      break;
    case PROP_MESSAGES_DELIVERED:
      g_value_set_uint64 (value, figures->delivered_messages);
      break;
    case PROP_BYTES_DELIVERED:
      g_value_set_uint64 (value, figures->delivered_bytes);
      break;
    case PROP_MESSAGES_WRITTEN:
      g_value_set_uint64 (value, figures->written_messages);
      break;
    case PROP_BYTES_WRITTEN:
      g_value_set_uint64 (value, figures->written_bytes);
      break;
    case PROP_MESSAGES_MISSED:
      g_value_set_uint64 (value, figures->missed_messages);
      break;
    case PROP_BYTES_MISSED:
      g_value_set_uint64 (value, figures->missed_bytes);
      break;
    case PROP_QUEUED_MESSAGES_PEAK:
      g_value_set_uint (value, figures->queued_messages_peak);
      break;
    case PROP_QUEUED_BYTES_PEAK:
      g_value_set_uint64 (value, figures->queued_bytes_peak);
      break;
    case PROP_BLOCKED_TIME:
      g_value_set_uint64 (value, charflow_blocked_time_get (&figures->blocked));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_name (CharflowClientPrivate *priv,
          const char            *name)
{
  if (name == NULL)
    return;

  if (strlen (name) > MAX_NAME || !g_utf8_validate (name, -1, NULL))
    g_warning ("The name of a client is more than %d bytes, or no UTF-8: it gets none", MAX_NAME);
  else
    priv->name = g_strdup (name);
}

static void
charflow_client_set_property (GObject      *object,
                              guint         prop_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  CharflowClient *self = CHARFLOW_CLIENT (object);
  CharflowClientPrivate *priv = charflow_client_get_private (self);

  switch (prop_id)
    {
    case PROP_NAME:
      set_name (priv, g_value_get_string (value));
      break;
    case PROP_PEER:
      priv->peer = g_value_dup_string (value);
      break;
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
  CharflowClientPrivate *priv = charflow_client_get_private (CHARFLOW_CLIENT (object));

  charflow_clear_source (&priv->stall_timer);
  charflow_clear_source (&priv->wait_timer);
  g_queue_clear_full (&priv->queue, (GDestroyNotify) charflow_queued_message_free);
  g_clear_pointer (&priv->context, g_main_context_unref);
  g_free (priv->name);
  g_free (priv->peer);
  G_OBJECT_CLASS (charflow_client_parent_class)->finalize (object);
}

static void
install_construct_properties (GObjectClass *object_class)
{
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowClient:name:
   *
   * A name of the program's choice, at most 255 bytes long. A saved state of several clients finds those with a name by it.
   *
   * Since: 1.0
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, "A name of the program's choice", NULL, construct);

  /**
   * CharflowClient:peer:
   *
   * Who is behind the client, in words for people. Of a client on the network it is the address, as
   * #CharflowChannelClient:peer has it.
   *
   * Since: 1.0
   */
  props[PROP_PEER] = g_param_spec_string ("peer", NULL, "Who is behind it", NULL, construct);

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
   * making any progress, while its queue is full; and any client the others that write, after it has begun a message and
   * does not go on. Then it is removed, with %CHARFLOW_REMOVE_REASON_STALLED.
   *
   * Since: 1.0
   */
  props[PROP_STALL_TIME] =
    g_param_spec_uint ("stall-time", NULL, "Milliseconds that it may hold up the device",
                       0, G_MAXUINT, DEFAULT_STALL_TIME_MS, construct);

  /**
   * CharflowClient:wait-time:
   *
   * For how long, in milliseconds, messages may wait for a token of the client; then it is removed, with
   * %CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT. Nothing waits for a client that alone keeps its device from being read.
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
   * Whether the device is to be still, from when the client is attached until charflow_char_device_restore_state() has
   * restored its saved state. Meanwhile writes of the client are refused with %G_IO_ERROR_WOULD_BLOCK.
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
   * How many messages the client may write now. Without #CharflowClient:flow-control it means nothing. It notifies
   * nobody.
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
   * How many messages the client may be handed now. Without #CharflowClient:flow-control it means nothing. It notifies
   * nobody.
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
   * CharflowClient:waiting-messages:
   *
   * How many messages of the client wait for the device, or are held by those who got a buffer and have not given it
   * to the device. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_WAITING_MESSAGES] =
    g_param_spec_uint ("waiting-messages", NULL, "Messages of it that wait for the device", 0, G_MAXUINT, 0, readable);

  /**
   * CharflowClient:waiting-bytes:
   *
   * How many bytes of the client wait for the device. A message counts whole until the device has consumed it, and a
   * buffer that was got and not given to the device by what it has room for. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_WAITING_BYTES] =
    g_param_spec_uint64 ("waiting-bytes", NULL, "Bytes of it that wait for the device",
                         0, G_MAXUINT64, 0, readable);
}

static void
install_figures (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowClient:messages-delivered:
   *
   * How many messages the client was handed, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_MESSAGES_DELIVERED] =
    g_param_spec_uint64 ("messages-delivered", NULL, "Messages that it was handed", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:bytes-delivered:
   *
   * How many bytes the client was handed, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_DELIVERED] =
    g_param_spec_uint64 ("bytes-delivered", NULL, "Bytes that it was handed", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:messages-written:
   *
   * How many messages of the client the device has consumed, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_MESSAGES_WRITTEN] =
    g_param_spec_uint64 ("messages-written", NULL, "Messages of it that the device consumed", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:bytes-written:
   *
   * How many bytes of the client the device has consumed, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_WRITTEN] =
    g_param_spec_uint64 ("bytes-written", NULL, "Bytes of it that the device consumed", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:messages-missed:
   *
   * How many messages the client missed by %CHARFLOW_OVERFLOW_DROP, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_MESSAGES_MISSED] =
    g_param_spec_uint64 ("messages-missed", NULL, "Messages that it missed", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:bytes-missed:
   *
   * How many bytes the client missed by %CHARFLOW_OVERFLOW_DROP, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_MISSED] =
    g_param_spec_uint64 ("bytes-missed", NULL, "Bytes that it missed", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:queued-messages-peak:
   *
   * How many messages waited for the client at most, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_QUEUED_MESSAGES_PEAK] =
    g_param_spec_uint ("queued-messages-peak", NULL, "Messages that waited for it at most", 0, G_MAXUINT, 0, readable);

  /**
   * CharflowClient:queued-bytes-peak:
   *
   * How many bytes waited for the client at most, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_QUEUED_BYTES_PEAK] =
    g_param_spec_uint64 ("queued-bytes-peak", NULL, "Bytes that waited for it at most", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowClient:blocked-time:
   *
   * For how long something waited for the client, in microseconds, since it was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_BLOCKED_TIME] =
    g_param_spec_uint64 ("blocked-time", NULL, "Microseconds in which something waited for it", 0, G_MAXUINT64, 0, readable);
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
   * CharflowClient::tokens-reset:
   * @self: the client
   * @device: the device
   * @n_tokens: how many messages it may write now
   *
   * The device was reset: whatever the client knew of its tokens, it holds so many now.
   *
   * Since: 1.0
   */
  signals[SIGNAL_TOKENS_RESET] =
    g_signal_new ("tokens-reset", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, CHARFLOW_TYPE_CHAR_DEVICE, G_TYPE_UINT64);

  /**
   * CharflowClient::writable:
   * @self: the client
   * @device: the device
   *
   * A write of the client was refused with %G_IO_ERROR_WOULD_BLOCK, and there is room now: at most half of
   * #CharflowClient:max-waiting-bytes waits, so that a writer is not woken for each small message.
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
  klass->tokens_reset = charflow_client_tokens_reset;
  klass->writable = charflow_client_writable;
  klass->missed = charflow_client_missed;
  klass->removed = charflow_client_removed;

  install_construct_properties (object_class);
  install_state_properties (object_class);
  install_figures ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
  install_signals (object_class);
}

static void
charflow_client_init (CharflowClient *self)
{
  charflow_client_get_private (self)->ready = TRUE;
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

  return charflow_client_get_private (self)->device;
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

  return charflow_client_get_private (self)->flow_control;
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

  return charflow_client_get_private (self)->overflow;
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

  return charflow_client_get_private (self)->read_only;
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

  return charflow_client_get_private (self)->ready;
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
  CharflowClientPrivate *priv = charflow_client_get_private (self);
  g_autoptr (CharflowClient) guard = NULL;

  g_return_if_fail (CHARFLOW_IS_CLIENT (self));

  ready = !!ready;
  if (priv->ready == ready)
    return;

  guard = g_object_ref (self);
  priv->ready = ready;
  if (priv->device != NULL)
    charflow_client_update_state (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
  if (priv->device == NULL || !priv->ready)
    return;

  charflow_client_move_queue (self);
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

  charflow_client_get_private (self)->last_progress = g_get_monotonic_time ();
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

  return charflow_client_get_private (self)->client_tokens;
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

  return charflow_client_get_private (self)->owed_tokens;
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

  return charflow_client_get_private (self)->send_tokens;
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

  return charflow_client_get_private (self)->queue.length;
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

  return charflow_client_get_private (self)->queued_bytes;
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

  return charflow_client_get_private (self)->waiting_bytes;
}

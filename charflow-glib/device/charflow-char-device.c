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
 *
 * |[<!-- language="C" -->
 * g_autoptr (GError) error = NULL;
 * g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("loopback,id=echo", &error);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
 * g_autoptr (CharflowClient) client = charflow_client_new ();
 * g_autoptr (GBytes) bytes = g_bytes_new_static ("hello", 5);
 *
 * charflow_char_device_start (device); // opens the back end, too
 * if (!charflow_char_device_attach_client (device, client, &error) ||
 *     !charflow_char_device_write_bytes (device, client, bytes, &error))
 *   g_printerr ("%s\n", error->message);
 * ]|
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
  PROP_KEEP_UNWRITTEN,
  PROP_ECHO,
  PROP_SERIAL_SETTINGS,
  PROP_CLIENT_TOKENS_INTERVAL,
  PROP_SELF_TOKENS,
  PROP_SELF_TOKENS_HELD,
  PROP_MESSAGES_READ,
  PROP_BYTES_READ,
  PROP_MESSAGES_DISCARDED,
  PROP_BYTES_DISCARDED,
  PROP_MESSAGES_WRITTEN,
  PROP_BYTES_WRITTEN,
  PROP_WAITING_MESSAGES,
  PROP_WAITING_BYTES,
  PROP_WAITING_MESSAGES_PEAK,
  PROP_WAITING_BYTES_PEAK,
  PROP_READ_BLOCKED_TIME,
  PROP_WRITE_BLOCKED_TIME,
  PROP_REMOVALS,
} CharflowCharDeviceProperty;

static GParamSpec *props[PROP_REMOVALS + 1];

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

void
charflow_char_device_tell_error (CharflowCharDevice *self,
                                 const GError       *error)
{
  g_debug ("Back end: %s", error->message);
  g_signal_emit (self, charflow_char_device_signals[CHARFLOW_CHAR_DEVICE_SIGNAL_BACKEND_ERROR], 0, error);
}

static GBytes *
charflow_char_device_frame_message (CharflowCharDevice *self,
                                    CharflowClient     *client,
                                    GBytes             *message,
                                    gboolean           *continues,
                                    GError            **error)
{
  *continues = FALSE;
  return g_bytes_ref (message);
}

static void
charflow_char_device_client_left (CharflowCharDevice *self,
                                  CharflowClient     *client,
                                  gboolean            cut)
{
}

static void
charflow_char_device_peer_left (CharflowCharDevice *self)
{
}

static void
charflow_char_device_framing_reset (CharflowCharDevice *self)
{
}

static GBytes *
charflow_char_device_save_framing (CharflowCharDevice *self)
{
  return NULL;
}

static gboolean
charflow_char_device_restore_framing (CharflowCharDevice *self,
                                      GBytes             *state,
                                      GPtrArray          *clients,
                                      GError            **error)
{
  if (state == NULL)
    return TRUE;

  g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_STATE,
               /* Translators: the name of a class. */
               _("The saved state is one of a device that frames its messages, which a %s does not"),
               G_OBJECT_TYPE_NAME (self));
  return FALSE;
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
  charflow_char_device_abort_change (self);
  to_close = charflow_char_device_release_backend (self);
  /* Without a back end there may still be one, for what is left to be read of the last. */
  charflow_char_device_drop_sources (self);
  if (to_close != NULL)
    charflow_backend_close (to_close);
  charflow_char_device_detach_all (self);
  while ((buffer = charflow_write_queue_pop (&priv->write_queue)) != NULL)
    charflow_write_buffer_unref (buffer);

  G_OBJECT_CLASS (charflow_char_device_parent_class)->dispose (object);
}

static void
charflow_char_device_finalize (GObject *object)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (CHARFLOW_CHAR_DEVICE (object));

  charflow_clear_source (&priv->speaker_timer);
  charflow_device_line_clear (&priv->line);
  charflow_unread_clear (&priv->unread);
  g_clear_error (&priv->write_failure);
  g_clear_object (&priv->clients);
  g_clear_pointer (&priv->to_flush, g_ptr_array_unref);
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

/* Reasons by their nicks; those that never happened are there with 0, so that a reader need not know them. */
static GVariant *
dup_removals (CharflowCharDevicePrivate *priv)
{
  g_autoptr (GEnumClass) reasons = g_type_class_ref (CHARFLOW_TYPE_REMOVE_REASON);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (priv->figures.removals); i++)
    g_variant_dict_insert (&dict, g_enum_get_value (reasons, i)->value_nick, "t", priv->figures.removals[i]);

  return g_variant_dict_end (&dict);
}

static gboolean
get_figure (CharflowCharDevicePrivate *priv,
            guint                      prop_id,
            GValue                    *value)
{
  const CharflowDeviceFigures *figures = &priv->figures;
  const CharflowWriteQueue *queue = &priv->write_queue;

  switch (prop_id)
    {
    case PROP_MESSAGES_READ:
      g_value_set_uint64 (value, figures->read_messages);
      return TRUE;
    case PROP_BYTES_READ:
      g_value_set_uint64 (value, figures->read_bytes);
      return TRUE;
    case PROP_MESSAGES_DISCARDED:
      g_value_set_uint64 (value, figures->discarded_messages);
      return TRUE;
    case PROP_BYTES_DISCARDED:
      g_value_set_uint64 (value, figures->discarded_bytes);
      return TRUE;
    case PROP_MESSAGES_WRITTEN:
      g_value_set_uint64 (value, figures->written_messages);
      return TRUE;
    case PROP_BYTES_WRITTEN:
      g_value_set_uint64 (value, figures->written_bytes);
      return TRUE;
    case PROP_WAITING_MESSAGES:
      g_value_set_uint (value, charflow_write_queue_get_length (queue));
      return TRUE;
    case PROP_WAITING_BYTES:
      g_value_set_uint64 (value, queue->n_bytes);
      return TRUE;
    case PROP_WAITING_MESSAGES_PEAK:
      g_value_set_uint (value, queue->peak_buffers);
      return TRUE;
    case PROP_WAITING_BYTES_PEAK:
      g_value_set_uint64 (value, queue->peak_bytes);
      return TRUE;
    case PROP_READ_BLOCKED_TIME:
      g_value_set_uint64 (value, charflow_blocked_time_get (&priv->read_blocked));
      return TRUE;
    case PROP_WRITE_BLOCKED_TIME:
      g_value_set_uint64 (value, charflow_blocked_time_get (&priv->write_blocked));
      return TRUE;
    case PROP_REMOVALS:
      g_value_set_variant (value, dup_removals (priv));
      return TRUE;
    default:
      return FALSE;
    }
}

static void
charflow_char_device_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  CharflowCharDevice *self = CHARFLOW_CHAR_DEVICE (object);
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  switch (prop_id)
    {
    case PROP_BACKEND:
      g_value_set_object (value, priv->given);
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
    case PROP_KEEP_UNWRITTEN:
      g_value_set_boolean (value, priv->keep_unwritten);
      break;
    case PROP_ECHO:
      g_value_set_boolean (value, priv->line.echo);
      break;
    case PROP_SERIAL_SETTINGS:
      g_value_set_boxed (value, priv->line.settings);
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
      if (!get_figure (priv, prop_id, value))
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
    case PROP_KEEP_UNWRITTEN:
      charflow_char_device_set_keep_unwritten (self, g_value_get_boolean (value));
      break;
    case PROP_ECHO:
      charflow_char_device_set_echo (self, g_value_get_boolean (value));
      break;
    case PROP_SERIAL_SETTINGS:
      if (!charflow_char_device_set_serial_settings (self, g_value_get_boxed (value), &error))
        charflow_char_device_tell_error (self, error);
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
install_properties (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowCharDevice:backend:
   *
   * The back end. It may be changed at any time: clients stay, and what waits for the old one goes to the
   * new one. A change that is refused, or fails, leaves the old one, and is told by
   * #CharflowCharDevice::backend-error; charflow_char_device_set_backend() returns the error instead.
   *
   * While the device runs, a new one that is not open is opened first, and this changes when it is.
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
   * CharflowCharDevice:keep-unwritten:
   *
   * Whether what waits to be written to a back end goes to the next one when that is changed. Otherwise it is thrown away,
   * and what it cost is given back.
   *
   * Since: 1.0
   */
  props[PROP_KEEP_UNWRITTEN] =
    g_param_spec_boolean ("keep-unwritten", NULL, "Whether what waits goes to the next back end", TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowCharDevice:echo:
   *
   * Whether a terminal on the other side shows what is typed there. Until it is set, nothing is asked of the terminal.
   *
   * Since: 1.0
   */
  props[PROP_ECHO] =
    g_param_spec_boolean ("echo", NULL, "Whether what is typed is shown", FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowCharDevice:serial-settings:
   *
   * How the serial line is to be set, also behind a back end that comes later; %NULL to leave it as it is. A failure is
   * told by #CharflowCharDevice::backend-error; charflow_char_device_set_serial_settings() returns it instead.
   *
   * Since: 1.0
   */
  props[PROP_SERIAL_SETTINGS] =
    g_param_spec_boxed ("serial-settings", NULL, "How the serial line is to be set", CHARFLOW_TYPE_SERIAL_SETTINGS,
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
}

static void
install_figures (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowCharDevice:messages-read:
   *
   * How many messages were read from the device. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_MESSAGES_READ] =
    g_param_spec_uint64 ("messages-read", NULL, "Messages that were read from the device", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:bytes-read:
   *
   * How many bytes these messages had. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_READ] =
    g_param_spec_uint64 ("bytes-read", NULL, "Bytes that these messages had", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:messages-discarded:
   *
   * How many of the messages that were read were thrown away, because nobody was attached. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_MESSAGES_DISCARDED] =
    g_param_spec_uint64 ("messages-discarded", NULL, "Messages that nobody was there for", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:bytes-discarded:
   *
   * How many bytes were thrown away with them. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_DISCARDED] =
    g_param_spec_uint64 ("bytes-discarded", NULL, "Bytes that nobody was there for", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:messages-written:
   *
   * How many messages the device has consumed. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_MESSAGES_WRITTEN] =
    g_param_spec_uint64 ("messages-written", NULL, "Messages that the device consumed", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:bytes-written:
   *
   * How many bytes the device has taken. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_WRITTEN] =
    g_param_spec_uint64 ("bytes-written", NULL, "Bytes that the device took", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:waiting-messages:
   *
   * How many messages wait for the device. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_WAITING_MESSAGES] =
    g_param_spec_uint ("waiting-messages", NULL, "Messages that wait for the device", 0, G_MAXUINT, 0, readable);

  /**
   * CharflowCharDevice:waiting-bytes:
   *
   * How many bytes wait for the device. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_WAITING_BYTES] =
    g_param_spec_uint64 ("waiting-bytes", NULL, "Bytes that wait for the device", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:waiting-messages-peak:
   *
   * How many messages waited for the device at most. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_WAITING_MESSAGES_PEAK] =
    g_param_spec_uint ("waiting-messages-peak", NULL, "Messages that waited for it at most", 0, G_MAXUINT, 0, readable);

  /**
   * CharflowCharDevice:waiting-bytes-peak:
   *
   * How many bytes waited for the device at most. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_WAITING_BYTES_PEAK] =
    g_param_spec_uint64 ("waiting-bytes-peak", NULL, "Bytes that waited for it at most", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:read-blocked-time:
   *
   * For how long, in microseconds, the device was not read because its clients took nothing. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_READ_BLOCKED_TIME] =
    g_param_spec_uint64 ("read-blocked-time", NULL, "Microseconds in which clients held up reading", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:write-blocked-time:
   *
   * For how long, in microseconds, something waited that the device did not take. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_WRITE_BLOCKED_TIME] =
    g_param_spec_uint64 ("write-blocked-time", NULL, "Microseconds in which the device took nothing", 0, G_MAXUINT64, 0, readable);

  /**
   * CharflowCharDevice:removals:
   *
   * How many clients left for each #CharflowRemoveReason, as a dictionary of its nicks and numbers.
   * charflow_char_device_get_removals() tells one of them. It notifies nobody.
   *
   * Since: 1.0
   */
  props[PROP_REMOVALS] =
    g_param_spec_variant ("removals", NULL, "Clients that left, by reason", G_VARIANT_TYPE_VARDICT, NULL, readable);
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
    g_signal_new ("event", type, G_SIGNAL_RUN_FIRST, G_STRUCT_OFFSET (CharflowCharDeviceClass, event), NULL, NULL, NULL, G_TYPE_NONE, 1, CHARFLOW_TYPE_EVENT);

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
   * The back end could not be opened, read or written. Where it stays open and loses each message, as a file on a
   * full disk does, that is told for the first, and again once something has been written in between.
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
  klass->frame_message = charflow_char_device_frame_message;
  klass->client_left = charflow_char_device_client_left;
  klass->peer_left = charflow_char_device_peer_left;
  klass->framing_reset = charflow_char_device_framing_reset;
  klass->save_framing = charflow_char_device_save_framing;
  klass->restore_framing = charflow_char_device_restore_framing;

  install_properties ();
  install_figures ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
  install_signals (object_class);
}

static void
charflow_char_device_init (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  priv->context = g_main_context_ref_thread_default ();
  priv->keep_unwritten = TRUE;
  priv->clients = charflow_client_list_new ();
  priv->to_flush = g_ptr_array_new_with_free_func (g_object_unref);
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
 * charflow_char_device_get_keep_unwritten:
 * @self: a device
 *
 * Tells whether what waits to be written to a back end goes to the next one when that is changed.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
charflow_char_device_get_keep_unwritten (CharflowCharDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), FALSE);

  return charflow_char_device_get_private (self)->keep_unwritten;
}

/**
 * charflow_char_device_set_keep_unwritten:
 * @self: a device
 * @keep_unwritten: whether what waits goes to the next back end
 *
 * Sets whether what waits to be written to a back end goes to the next one when that is changed.
 *
 * Since: 1.0
 */
void
charflow_char_device_set_keep_unwritten (CharflowCharDevice *self,
                                         gboolean            keep_unwritten)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  keep_unwritten = !!keep_unwritten;
  if (priv->keep_unwritten == keep_unwritten)
    return;

  priv->keep_unwritten = keep_unwritten;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_KEEP_UNWRITTEN]);
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
 * charflow_char_device_get_removals:
 * @self: a device
 * @reason: a reason
 *
 * Tells how many clients left for one reason.
 *
 * Returns: their number
 *
 * Since: 1.0
 */
guint64
charflow_char_device_get_removals (CharflowCharDevice  *self,
                                   CharflowRemoveReason reason)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);

  g_return_val_if_fail (CHARFLOW_IS_CHAR_DEVICE (self), 0);
  g_return_val_if_fail ((guint) reason < G_N_ELEMENTS (priv->figures.removals), 0);

  return priv->figures.removals[reason];
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
  /* While it was stopped, what waits for the clients waited on. */
  charflow_client_list_foreach (priv->clients, charflow_client_move_queue);
  if (priv->backend != NULL)
    charflow_backend_set_front_end_open (priv->backend, TRUE);
  charflow_char_device_open_backend (self);
  charflow_char_device_wakeup (self);
}

/**
 * charflow_char_device_stop:
 * @self: a device
 *
 * Stops the device: nothing is read, written or delivered until it is started again.
 *
 * What clients write meanwhile waits, as does what waits for them, and the back end stays open. The times after which a
 * client is removed do not run.
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
  priv->active = FALSE;
  charflow_char_device_drop_sources (self);
  if (priv->backend != NULL)
    charflow_backend_set_front_end_open (priv->backend, FALSE);
  charflow_client_list_foreach (priv->clients, charflow_client_update_state);
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
  /* Where a turn is under way already, what it has found out about the back end is past. */
  charflow_char_device_get_private (self)->source_has_ended = FALSE;
  charflow_char_device_pump_reads (self);
}

static void
tell_reset (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  guint n_slots = charflow_client_list_begin_walk (priv->clients);

  for (guint i = 0; i < n_slots; i++)
    {
      CharflowClient *client = charflow_client_list_get_slot (priv->clients, i);

      if (client != NULL && charflow_client_get_flow_control (client))
        CHARFLOW_CLIENT_GET_CLASS (client)->tokens_reset (client, self, charflow_client_get_client_tokens_held (client));
      client = charflow_client_list_get_slot (priv->clients, i);
      if (client != NULL && charflow_client_take_writable (client))
        CHARFLOW_CLIENT_GET_CLASS (client)->writable (client, self);
    }
  charflow_client_list_end_walk (priv->clients);
}

/**
 * charflow_char_device_reset:
 * @self: a device
 *
 * Drops all that waits, both ways; the clients stay. That includes the rest of a message that was written in part.
 *
 * The token of each message that waited for the device goes back to its client, together with those that
 * were owed: #CharflowClient::tokens-reset tells how many it holds then, and #CharflowCharDevice::tokens-sent does not.
 * Send tokens stay as they are, and what was dropped of a client's queue does not count as missed. A client
 * whose write was refused for lack of room is told that there is room. A device that waited for its saved state waits
 * no longer. What was read and is no whole message yet stays: the rest of it is still to come.
 *
 * Since: 1.0
 */
void
charflow_char_device_reset (CharflowCharDevice *self)
{
  CharflowCharDevicePrivate *priv = charflow_char_device_get_private (self);
  g_autoptr (CharflowCharDevice) guard = NULL;
  g_autoptr (GPtrArray) dropped = NULL;

  g_return_if_fail (CHARFLOW_IS_CHAR_DEVICE (self));

  guard = g_object_ref (self);
  priv->active = FALSE;
  dropped = charflow_char_device_take_writes (self);
  for (guint i = 0; i < dropped->len; i++)
    charflow_char_device_settle_silently (self, g_ptr_array_index (dropped, i));

  charflow_client_list_foreach (priv->clients, charflow_client_reset);
  CHARFLOW_CHAR_DEVICE_GET_CLASS (self)->framing_reset (self);
  tell_reset (self);
  charflow_char_device_wakeup (self);
}


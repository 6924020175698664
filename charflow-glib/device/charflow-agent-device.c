/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-agent-device.h"

#include <glib/gi18n-lib.h>

#include "charflow-agent-message-private.h"
#include "charflow-char-device-private.h"
#include "charflow-saved-state-private.h"

/**
 * SECTION:charflow-agent-device
 * @title: CharflowAgentDevice
 * @short_description: the agent of a guest
 *
 * A #CharflowAgentDevice has the agent of a guest at the other side of its back end, and cuts and joins what passes as the
 * agent's protocol of SPICE wants it. The agent speaks in chunks, each with a header of a port and a size. A message of the
 * protocol (`VDAgentMessage`) has a header of 20 bytes and may pass in many pieces; it is never kept as a whole.
 *
 * What the agent says to clients, chunks of port 1, reaches these in pieces of at most 2,048 bytes: the first piece of a
 * message has its whole header, and no piece runs past the end of its message. A chunk may be large, and is cut; it may
 * hold several messages, or the end of one and the beginning of another, and is cut there, too, but a header has to be in
 * one chunk. A client that comes in the middle of a message gets the next one first. What the agent says to the program,
 * chunks of port 2, is told by #CharflowAgentDevice::server-message.
 *
 * A client writes such pieces, too; each becomes a chunk. Messages of several clients are not mixed. Who breaks a rule is
 * removed, with %CHARFLOW_REMOVE_REASON_BAD_MESSAGE. The program writes one whole message at a time, with its header; the
 * agent gets it as from the server, in chunks of at most 2,048 bytes.
 *
 * An agent that breaks the rules (another port, an empty chunk, one of the port 2 with more than 64 KiB, more than 1 GiB of
 * anything, a header that is cut or of another protocol) cannot be understood any more:
 * #CharflowCharDevice::backend-error tells it, and the device lets go of its back end.
 *
 * While no agent is there, what is written is swallowed, and its tokens go back. When one comes, the device resets itself:
 * #CharflowClient::tokens-reset tells each client its tokens. A client that had written a part of a message still has to
 * write the rest, which is swallowed. charflow_char_device_reset() by the program does the same, and is only for an agent
 * that begins anew, too. A device that waits for its saved state is not reset; restore it while the agent is there.
 *
 * When the last client leaves, or one in the middle of a message, the agent is told so by a message that a client has
 * disconnected.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("socket,id=agent,path=agent.sock,server=on,wait=off",
 *                                                                       NULL);
 * g_autoptr (CharflowAgentDevice) agent = charflow_agent_device_new (backend);
 *
 * charflow_agent_device_set_file_transfer (agent, FALSE); // clients may copy and paste, but send no files
 * charflow_char_device_start (CHARFLOW_CHAR_DEVICE (agent));
 * ]|
 */

/**
 * CharflowAgentDevice:
 *
 * The agent of a guest.
 *
 * Since: 1.0
 */
struct _CharflowAgentDevice
{
  CharflowCharDevice parent_instance;

  gboolean copy_paste;
  gboolean file_transfer;

  /* From the agent. */
  guint32 chunk_left;
  CharflowAgentMessage message;

  /* To the agent: of each CharflowClient that is in the middle of one, a CharflowAgentMessage. */
  GHashTable *messages;
};

G_DEFINE_FINAL_TYPE (CharflowAgentDevice, charflow_agent_device, CHARFLOW_TYPE_CHAR_DEVICE)

/* VDIChunkHeader, in vd_agent.h of the SPICE protocol. */
#define CHUNK_HEADER_SIZE 8
#define PORT_CLIENT 1
#define PORT_SERVER 2
#define MAX_CLIENT_CHUNK (CHARFLOW_AGENT_HEADER_SIZE + CHARFLOW_AGENT_MAX_SIZE)
/* It is kept until it has come as a whole. */
#define MAX_SERVER_CHUNK (64 * 1024)

/* The tokens of SPICE's own server: old clients count on getting five at once. */
#define DEFAULT_TOKENS_INTERVAL 5
#define DEFAULT_SELF_TOKENS 1

#define STATE_VERSION 1

typedef enum
{
  PROP_CLIENT_TOKENS_INTERVAL = 1,
  PROP_SELF_TOKENS,
  PROP_COPY_PASTE,
  PROP_FILE_TRANSFER,
} CharflowAgentDeviceProperty;

static GParamSpec *props[PROP_FILE_TRANSFER + 1];

typedef enum
{
  SIGNAL_SERVER_MESSAGE,
  N_SIGNALS,
} CharflowAgentDeviceSignal;

static guint signals[N_SIGNALS];

static CharflowAgentUses
get_forbidden_uses (CharflowAgentDevice *self)
{
  return (self->copy_paste ? CHARFLOW_AGENT_NO_USE : CHARFLOW_AGENT_COPY_PASTE) |
         (self->file_transfer ? CHARFLOW_AGENT_NO_USE : CHARFLOW_AGENT_FILE_TRANSFER);
}

static gboolean
is_forbidden (CharflowAgentDevice        *self,
              const CharflowAgentMessage *message)
{
  return (charflow_agent_message_get_use (message) & get_forbidden_uses (self)) != 0;
}

/* From the agent. */

static void
offer_to_program (CharflowAgentDevice *self,
                  guint32              size)
{
  CharflowCharDevice *device = CHARFLOW_CHAR_DEVICE (self);
  g_autoptr (GBytes) chunk = NULL;
  g_autoptr (GBytes) contents = NULL;

  if (charflow_char_device_fill (device, CHUNK_HEADER_SIZE + size) < CHUNK_HEADER_SIZE + size)
    return;

  chunk = charflow_char_device_read_bytes (device, CHUNK_HEADER_SIZE + size);
  contents = g_bytes_new_from_bytes (chunk, CHUNK_HEADER_SIZE, size);
  g_signal_emit (self, signals[SIGNAL_SERVER_MESSAGE], 0, contents);
}

static gboolean
check_chunk (guint32  port,
             guint32  size,
             GError **error)
{
  guint32 max_size = port == PORT_CLIENT ? MAX_CLIENT_CHUNK : MAX_SERVER_CHUNK;

  if (port != PORT_CLIENT && port != PORT_SERVER)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("The agent sent a chunk for port %u, and there are only %d and %d"), port, PORT_CLIENT, PORT_SERVER);
      return FALSE;
    }
  if (size == 0 || size > max_size)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("The agent sent a chunk of %u bytes for port %u; 1 to %u are possible"), size, port, max_size);
      return FALSE;
    }

  return TRUE;
}

/* FALSE where the clients get nothing of it, or it has not come yet; or with an error. */
static gboolean
begin_chunk (CharflowAgentDevice *self,
             GError             **error)
{
  CharflowCharDevice *device = CHARFLOW_CHAR_DEVICE (self);
  g_autoptr (GBytes) header = NULL;
  CharflowWireReader reader;
  const guint8 *data;
  gsize available;
  guint32 port, size;

  if (charflow_char_device_fill (device, CHUNK_HEADER_SIZE) < CHUNK_HEADER_SIZE)
    return FALSE;

  data = charflow_char_device_peek (device, &available);
  charflow_wire_reader_init (&reader, data, available);
  port = charflow_wire_reader_u32 (&reader);
  size = charflow_wire_reader_u32 (&reader);
  if (!check_chunk (port, size, error))
    return FALSE;
  if (port == PORT_SERVER)
    {
      offer_to_program (self, size);
      return FALSE;
    }

  header = charflow_char_device_read_bytes (device, CHUNK_HEADER_SIZE);
  self->chunk_left = size;
  return TRUE;
}

static gboolean
begin_message (CharflowAgentDevice  *self,
               CharflowAgentMessage *message,
               GError              **error)
{
  CharflowCharDevice *device = CHARFLOW_CHAR_DEVICE (self);
  gsize size = MIN (self->chunk_left, CHARFLOW_AGENT_HEADER_SIZE);
  gsize available;

  if (charflow_char_device_fill (device, size) < size ||
      !charflow_agent_message_begin (message, charflow_char_device_peek (device, &available), size, error))
    return FALSE;

  message->is_swallowed = is_forbidden (self, message);
  return TRUE;
}

/* Taken as a whole or not at all, so that where the pieces end does not depend on how the bytes come. */
static GBytes *
read_piece (CharflowAgentDevice *self,
            GError             **error)
{
  CharflowCharDevice *device = CHARFLOW_CHAR_DEVICE (self);
  CharflowAgentMessage message = self->message;
  guint8 *data;
  gsize size;

  if (message.left == 0 && !begin_message (self, &message, error))
    return NULL;

  size = MIN (MIN (self->chunk_left, message.left), CHARFLOW_AGENT_MAX_PIECE);
  if (charflow_char_device_fill (device, size) < size)
    return NULL;

  message.left -= size;
  self->message = message;
  self->chunk_left -= size;
  data = g_bytes_unref_to_data (charflow_char_device_read_bytes (device, size), &size);
  if (message.is_swallowed)
    {
      g_free (data);
      return NULL;
    }

  charflow_agent_message_hide_capabilities (&message, get_forbidden_uses (self), data, size);
  charflow_char_device_set_message_continues (device, message.left > 0);
  return g_bytes_new_take (data, size);
}

static GBytes *
charflow_agent_device_read_message (CharflowCharDevice *device)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (device);
  g_autoptr (GError) error = NULL;
  GBytes *piece = NULL;

  if (self->chunk_left > 0 || begin_chunk (self, &error))
    piece = read_piece (self, &error);
  if (error != NULL)
    charflow_char_device_give_up_backend (device, error);

  return piece;
}

static void
charflow_agent_device_peer_left (CharflowCharDevice *device)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (device);

  self->chunk_left = 0;
  self->message = (CharflowAgentMessage){ 0 };
}

/* To the agent. */

static GBytes *
frame_chunks (guint32       port,
              const guint8 *data,
              gsize         size)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();

  for (gsize offset = 0; offset < size; offset += CHARFLOW_AGENT_MAX_PIECE)
    {
      gsize n = MIN (size - offset, CHARFLOW_AGENT_MAX_PIECE);

      charflow_wire_writer_u32 (writer, port);
      charflow_wire_writer_u32 (writer, n);
      charflow_wire_writer_bytes (writer, data + offset, n);
    }

  return charflow_wire_writer_finish (writer);
}

static GBytes *
frame_own_message (CharflowAgentDevice *self,
                   const guint8        *data,
                   gsize                size,
                   GError             **error)
{
  CharflowAgentMessage message;

  if (!charflow_agent_message_begin (&message, data, size, error))
    return NULL;
  if (message.left != size)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("An agent message of %zu bytes says that it has %u"), size, message.left);
      return NULL;
    }

  return charflow_char_device_get_opened (CHARFLOW_CHAR_DEVICE (self)) ? frame_chunks (PORT_SERVER, data, size) : NULL;
}

static gboolean
advance (CharflowAgentDevice  *self,
         CharflowAgentMessage *message,
         const guint8         *data,
         gsize                 size,
         GError              **error)
{
  if (message->left == 0)
    {
      if (!charflow_agent_message_begin (message, data, size, error))
        return FALSE;
      message->is_swallowed = is_forbidden (self, message) ||
                              !charflow_char_device_get_opened (CHARFLOW_CHAR_DEVICE (self));
    }
  if (size == 0 || size > MIN (message->left, CHARFLOW_AGENT_MAX_PIECE))
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("A piece of an agent message has %zu bytes, %u are left of that, and 1 to %d are possible"),
                   size, message->left, CHARFLOW_AGENT_MAX_PIECE);
      return FALSE;
    }

  message->left -= size;
  return TRUE;
}

static GBytes *
frame_piece (CharflowAgentDevice *self,
             CharflowClient      *client,
             const guint8        *data,
             gsize                size,
             gboolean            *continues,
             GError             **error)
{
  const CharflowAgentMessage *under_way = g_hash_table_lookup (self->messages, client);
  CharflowAgentMessage message = { 0 };

  if (under_way != NULL)
    message = *under_way;
  if (!advance (self, &message, data, size, error))
    return NULL;

  if (message.left > 0)
    g_hash_table_insert (self->messages, client, g_memdup2 (&message, sizeof message));
  else
    g_hash_table_remove (self->messages, client);
  *continues = message.left > 0;

  return message.is_swallowed ? NULL : frame_chunks (PORT_CLIENT, data, size);
}

static GBytes *
charflow_agent_device_frame_message (CharflowCharDevice *device,
                                     CharflowClient     *client,
                                     GBytes             *message,
                                     gboolean           *continues,
                                     GError            **error)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (device);
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);

  *continues = FALSE;
  if (client == NULL)
    return frame_own_message (self, data, size, error);

  return frame_piece (self, client, data, size, continues, error);
}

static void
tell_disconnected (CharflowAgentDevice *self)
{
  CharflowCharDevice *device = CHARFLOW_CHAR_DEVICE (self);
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  CharflowWriteBuffer *buffer;
  g_autoptr (GBytes) message = NULL;

  charflow_wire_writer_u32 (writer, CHARFLOW_AGENT_PROTOCOL);
  charflow_wire_writer_u32 (writer, CHARFLOW_AGENT_CLIENT_DISCONNECTED);
  charflow_wire_writer_u64 (writer, 0); /* opaque */
  charflow_wire_writer_u32 (writer, 0);
  message = charflow_wire_writer_finish (writer);

  buffer = charflow_char_device_get_server_write_buffer (device, g_bytes_get_size (message), FALSE, NULL);
  if (buffer == NULL)
    return;

  charflow_write_buffer_append (buffer, g_bytes_get_data (message, NULL), g_bytes_get_size (message), NULL);
  charflow_char_device_add_write_buffer (device, buffer);
}

static void
charflow_agent_device_client_left (CharflowCharDevice *device,
                                   CharflowClient     *client,
                                   gboolean            cut)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (device);
  gboolean was_last = g_list_model_get_n_items (charflow_char_device_get_clients (device)) == 0;

  g_hash_table_remove (self->messages, client);
  if ((cut || was_last) && charflow_char_device_get_opened (device))
    tell_disconnected (self);
}

/* The agent never gets the whole of what is under way. */
static void
swallow_rests (CharflowAgentDevice *self)
{
  GHashTableIter iter;
  gpointer message;

  g_hash_table_iter_init (&iter, self->messages);
  while (g_hash_table_iter_next (&iter, NULL, &message))
    ((CharflowAgentMessage *) message)->is_swallowed = TRUE;
}

static void
charflow_agent_device_framing_reset (CharflowCharDevice *device)
{
  swallow_rests (CHARFLOW_AGENT_DEVICE (device));
}

static void
charflow_agent_device_event (CharflowCharDevice *device,
                             CharflowEvent       event)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (device);

  /* What the program wrote before the saved state comes is no more than that, and clients wrote nothing. */
  if (charflow_char_device_is_awaiting_state (charflow_char_device_get_private (device)))
    return;

  if (event == CHARFLOW_EVENT_CLOSED)
    {
      swallow_rests (self);
      charflow_char_device_drop_writes (device);
    }
  else if (event == CHARFLOW_EVENT_OPENED)
    {
      charflow_char_device_drop_unread_end (device);
      charflow_char_device_reset (device);
    }
}

/* Saved state, little-endian: u32 version, u32 bytes left of the agent's chunk, the agent's message; u32 clients, and the
 * message of each. A message: u8 0 for none, 1 for one that passes, 2 for one that is swallowed; u32 type, u32 size after
 * its header, u32 bytes left. What of a header has come is among the bytes that the device keeps by itself. */

static GBytes *
charflow_agent_device_save_framing (CharflowCharDevice *device)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (device);
  GListModel *clients = charflow_char_device_get_clients (device);
  guint n_clients = g_list_model_get_n_items (clients);
  CharflowWireWriter *writer;

  if (self->chunk_left == 0 && self->message.left == 0 && g_hash_table_size (self->messages) == 0)
    return NULL;

  writer = charflow_wire_writer_new ();
  charflow_wire_writer_u32 (writer, STATE_VERSION);
  charflow_wire_writer_u32 (writer, self->chunk_left);
  charflow_agent_message_save (&self->message, writer);
  charflow_wire_writer_u32 (writer, n_clients);
  for (guint i = 0; i < n_clients; i++)
    {
      g_autoptr (CharflowClient) client = g_list_model_get_item (clients, i);

      charflow_agent_message_save (g_hash_table_lookup (self->messages, client), writer);
    }

  return charflow_wire_writer_finish (writer);
}

static gboolean
parse_agent (CharflowWireReader   *reader,
             guint32              *chunk_left,
             CharflowAgentMessage *message,
             GError              **error)
{
  guint32 version = charflow_wire_reader_u32 (reader);

  *chunk_left = charflow_wire_reader_u32 (reader);
  if (reader->failed)
    return charflow_saved_state_refuse (error, _("it ends in what it has of the agent"));
  if (version != STATE_VERSION)
    return charflow_saved_state_refuse (error, _("what it has of the agent is of version %u, not %d"), version, STATE_VERSION);
  if (*chunk_left > MAX_CLIENT_CHUNK)
    return charflow_saved_state_refuse (error, _("%u bytes are left of the agent's chunk; at most %d are possible"),
                                        *chunk_left, MAX_CLIENT_CHUNK);

  return charflow_agent_message_restore (message, reader, _("the agent"), error);
}

static gboolean
parse_clients (CharflowWireReader *reader,
               GPtrArray          *clients,
               GHashTable         *messages,
               GError            **error)
{
  guint32 n_clients = charflow_wire_reader_u32 (reader);

  if (reader->failed)
    return charflow_saved_state_refuse (error, _("it ends before what its clients wrote"));
  if (n_clients != clients->len)
    return charflow_saved_state_refuse (error, _("it has messages of %u clients, and %u clients"), n_clients, clients->len);

  for (guint i = 0; i < n_clients; i++)
    {
      g_autofree char *whose = g_strdup_printf (_("client %u"), i);
      CharflowAgentMessage message;

      if (!charflow_agent_message_restore (&message, reader, whose, error))
        return FALSE;
      if (message.left > 0)
        g_hash_table_insert (messages, clients->pdata[i], g_memdup2 (&message, sizeof message));
    }
  if (charflow_wire_reader_get_left (reader) > 0)
    return charflow_saved_state_refuse (error, _("%zu bytes follow what its clients wrote"),
                                        charflow_wire_reader_get_left (reader));

  return TRUE;
}

static gboolean
charflow_agent_device_restore_framing (CharflowCharDevice *device,
                                       GBytes             *state,
                                       GPtrArray          *clients,
                                       GError            **error)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (device);
  g_autoptr (GHashTable) messages = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  CharflowAgentMessage message = { 0 };
  guint32 chunk_left = 0;

  if (state != NULL)
    {
      CharflowWireReader reader;

      charflow_wire_reader_init (&reader, g_bytes_get_data (state, NULL), g_bytes_get_size (state));
      if (!parse_agent (&reader, &chunk_left, &message, error) || !parse_clients (&reader, clients, messages, error))
        return FALSE;
    }

  self->chunk_left = chunk_left;
  self->message = message;
  g_hash_table_unref (self->messages);
  self->messages = g_steal_pointer (&messages);
  return TRUE;
}

static void
charflow_agent_device_finalize (GObject *object)
{
  g_clear_pointer (&CHARFLOW_AGENT_DEVICE (object)->messages, g_hash_table_unref);
  G_OBJECT_CLASS (charflow_agent_device_parent_class)->finalize (object);
}

static void
charflow_agent_device_get_property (GObject    *object,
                                    guint       prop_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (object);

  switch ((CharflowAgentDeviceProperty) prop_id)
    {
    case PROP_CLIENT_TOKENS_INTERVAL:
      g_value_set_uint (value, charflow_char_device_get_client_tokens_interval (CHARFLOW_CHAR_DEVICE (self)));
      break;
    case PROP_SELF_TOKENS:
      g_value_set_uint (value, charflow_char_device_get_self_tokens (CHARFLOW_CHAR_DEVICE (self)));
      break;
    case PROP_COPY_PASTE:
      g_value_set_boolean (value, self->copy_paste);
      break;
    case PROP_FILE_TRANSFER:
      g_value_set_boolean (value, self->file_transfer);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_agent_device_set_property (GObject      *object,
                                    guint         prop_id,
                                    const GValue *value,
                                    GParamSpec   *pspec)
{
  CharflowAgentDevice *self = CHARFLOW_AGENT_DEVICE (object);
  CharflowCharDevicePrivate *device = charflow_char_device_get_private (CHARFLOW_CHAR_DEVICE (object));

  switch ((CharflowAgentDeviceProperty) prop_id)
    {
    case PROP_CLIENT_TOKENS_INTERVAL:
      device->tokens_interval = g_value_get_uint (value);
      break;
    case PROP_SELF_TOKENS:
      device->initial_self_tokens = g_value_get_uint (value);
      break;
    case PROP_COPY_PASTE:
      charflow_agent_device_set_copy_paste (self, g_value_get_boolean (value));
      break;
    case PROP_FILE_TRANSFER:
      charflow_agent_device_set_file_transfer (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_agent_device_class_init (CharflowAgentDeviceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowCharDeviceClass *device_class = CHARFLOW_CHAR_DEVICE_CLASS (klass);
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags changeable = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = charflow_agent_device_get_property;
  object_class->set_property = charflow_agent_device_set_property;
  object_class->finalize = charflow_agent_device_finalize;
  device_class->read_message = charflow_agent_device_read_message;
  device_class->frame_message = charflow_agent_device_frame_message;
  device_class->client_left = charflow_agent_device_client_left;
  device_class->peer_left = charflow_agent_device_peer_left;
  device_class->framing_reset = charflow_agent_device_framing_reset;
  device_class->save_framing = charflow_agent_device_save_framing;
  device_class->restore_framing = charflow_agent_device_restore_framing;
  device_class->event = charflow_agent_device_event;

  /**
   * CharflowAgentDevice:client-tokens-interval:
   *
   * #CharflowCharDevice:client-tokens-interval, which is 5 unless it is told otherwise.
   *
   * Since: 1.0
   */
  props[PROP_CLIENT_TOKENS_INTERVAL] =
    g_param_spec_uint ("client-tokens-interval", NULL, "Tokens that are given back in one lump",
                       0, G_MAXUINT, DEFAULT_TOKENS_INTERVAL, construct);

  /**
   * CharflowAgentDevice:self-tokens:
   *
   * #CharflowCharDevice:self-tokens, which is 1 unless it is told otherwise.
   *
   * Since: 1.0
   */
  props[PROP_SELF_TOKENS] =
    g_param_spec_uint ("self-tokens", NULL, "Messages of the program's own that may wait",
                       0, G_MAXUINT, DEFAULT_SELF_TOKENS, construct);

  /**
   * CharflowAgentDevice:copy-paste:
   *
   * Whether the agent and clients may exchange what is in their clipboards. Otherwise messages of that kind are swallowed
   * both ways, and of what the agent says of itself, that it is able to is taken out. A message that is under way still passes.
   *
   * Since: 1.0
   */
  props[PROP_COPY_PASTE] =
    g_param_spec_boolean ("copy-paste", NULL, "Whether clipboards may be exchanged", TRUE, changeable);

  /**
   * CharflowAgentDevice:file-transfer:
   *
   * Whether clients may send files to the agent. Otherwise messages of that kind are swallowed both ways, and to what the
   * agent says of itself is added that it does not take any. A message that is under way still passes.
   *
   * Since: 1.0
   */
  props[PROP_FILE_TRANSFER] =
    g_param_spec_boolean ("file-transfer", NULL, "Whether files may be sent", TRUE, changeable);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowAgentDevice::server-message:
   * @self: the device
   * @contents: a chunk, without its header: as a rule one whole message, with the header of that
   *
   * The agent said something to the program itself.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SERVER_MESSAGE] =
    g_signal_new ("server-message", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BYTES);
}

static void
charflow_agent_device_init (CharflowAgentDevice *self)
{
  self->copy_paste = TRUE;
  self->file_transfer = TRUE;
  self->messages = g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

/**
 * charflow_agent_device_new:
 * @backend: (nullable): its back end
 *
 * Makes a device that has an agent at its other side, stopped and without clients.
 *
 * Returns: (transfer full): a new device
 *
 * Since: 1.0
 */
CharflowAgentDevice *
charflow_agent_device_new (CharflowBackend *backend)
{
  return g_object_new (CHARFLOW_TYPE_AGENT_DEVICE, "backend", backend, NULL);
}

/**
 * charflow_agent_device_get_copy_paste:
 * @self: a device
 *
 * Tells whether the agent and clients may exchange what is in their clipboards.
 *
 * Returns: the value of #CharflowAgentDevice:copy-paste
 *
 * Since: 1.0
 */
gboolean
charflow_agent_device_get_copy_paste (CharflowAgentDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_AGENT_DEVICE (self), FALSE);

  return self->copy_paste;
}

/**
 * charflow_agent_device_set_copy_paste:
 * @self: a device
 * @copy_paste: whether they may
 *
 * Says whether the agent and clients may exchange what is in their clipboards.
 *
 * Since: 1.0
 */
void
charflow_agent_device_set_copy_paste (CharflowAgentDevice *self,
                                      gboolean             copy_paste)
{
  g_return_if_fail (CHARFLOW_IS_AGENT_DEVICE (self));

  copy_paste = !!copy_paste;
  if (self->copy_paste == copy_paste)
    return;

  self->copy_paste = copy_paste;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_COPY_PASTE]);
}

/**
 * charflow_agent_device_get_file_transfer:
 * @self: a device
 *
 * Tells whether clients may send files to the agent.
 *
 * Returns: the value of #CharflowAgentDevice:file-transfer
 *
 * Since: 1.0
 */
gboolean
charflow_agent_device_get_file_transfer (CharflowAgentDevice *self)
{
  g_return_val_if_fail (CHARFLOW_IS_AGENT_DEVICE (self), FALSE);

  return self->file_transfer;
}

/**
 * charflow_agent_device_set_file_transfer:
 * @self: a device
 * @file_transfer: whether they may
 *
 * Says whether clients may send files to the agent.
 *
 * Since: 1.0
 */
void
charflow_agent_device_set_file_transfer (CharflowAgentDevice *self,
                                         gboolean             file_transfer)
{
  g_return_if_fail (CHARFLOW_IS_AGENT_DEVICE (self));

  file_transfer = !!file_transfer;
  if (self->file_transfer == file_transfer)
    return;

  self->file_transfer = file_transfer;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FILE_TRANSFER]);
}

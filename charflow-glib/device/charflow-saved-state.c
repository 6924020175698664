/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-saved-state-private.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-wire-reader-private.h"
#include "charflow-wire-writer-private.h"

/* The two layouts of a saved state, both little-endian and packed.
 *
 * SPICE's (SpiceMigrateDataCharDevice in its migration protocol, version 1):
 *
 *   u32 version, u8 connected, u32 client tokens, u32 send tokens, u32 size of what is to be written, u32 how many tokens that
 *   cost, u32 where it is, counted from the header of the channel's data, which comes right before. A channel may have
 *   more of its own behind these, whether anything is to be written or not: the main channel has 32 bytes.
 *
 * Without flow control both counts of tokens are 0xFFFFFFFF; where nobody is connected all the rest is 0.
 *
 * Charflow's own, version 1:
 *
 *   u32 magic "CFDS", u32 version, u32 size of all, u32 clients, u32 buffers, u32 unread bytes, u32 framing bytes,
 *   u32 who has the word (the number of a client, 0xFFFFFFFE the program, 0xFFFFFFFF nobody),
 *   u8 flags (1 in a message, 2 the unread bytes have their end, 4 there is framing);
 *   each client: u8 flags (1 flow control, 2 skipping, 4 its message is cut, 8 has a name), u8 size of the name, the
 *   name, u64 client tokens, u64 send tokens (both 0 without flow control), u64 missed bytes, u32 messages in its queue,
 *   and of each of these: u8 flags (1 it begins a message), u32 size, the bytes;
 *   each buffer: u8 origin, u8 flags (1 held back, 2 continues, 4 begun), u32 client or 0xFFFFFFFF, u32 price,
 *   u32 messages, u32 size, the bytes;
 *   the unread bytes; the framing bytes. */

#define SPICE_VERSION 1
#define SPICE_SIZE 25
/* SPICE's channels have their magic and version before the part that is the device's, and count from there. */
#define SPICE_HEADER_SIZE 8
#define SPICE_NO_FLOW_CONTROL G_MAXUINT32

#define MAGIC 0x53444643 /* "CFDS" */
#define VERSION 1
#define HEADER_SIZE 33
#define MAX_NAME 255

enum
{
  STATE_IN_MESSAGE = 1 << 0,
  STATE_UNREAD_HAS_END = 1 << 1,
  STATE_HAS_FRAMING = 1 << 2,
};

enum
{
  CLIENT_FLOW_CONTROL = 1 << 0,
  CLIENT_SKIPPING = 1 << 1,
  CLIENT_MESSAGE_IS_CUT = 1 << 2,
  CLIENT_HAS_NAME = 1 << 3,
};

enum
{
  BUFFER_IS_HELD = 1 << 0,
  BUFFER_CONTINUES = 1 << 1,
  BUFFER_WAS_BEGUN = 1 << 2,
};

#define CLIENT_SIZE 30
#define QUEUED_SIZE 5
#define BUFFER_SIZE 18

static void
saved_buffer_free (CharflowSavedBuffer *buffer)
{
  g_clear_pointer (&buffer->bytes, g_bytes_unref);
  g_free (buffer);
}

CharflowSavedClient *
charflow_saved_client_new (void)
{
  return g_new0 (CharflowSavedClient, 1);
}

static void
saved_client_free (CharflowSavedClient *client)
{
  g_free (client->name);
  g_queue_clear_full (&client->queue, (GDestroyNotify) charflow_queued_message_free);
  g_free (client);
}

CharflowSavedState *
charflow_saved_state_new (void)
{
  CharflowSavedState *state = g_new0 (CharflowSavedState, 1);

  state->clients = g_ptr_array_new_with_free_func ((GDestroyNotify) saved_client_free);
  state->buffers = g_ptr_array_new_with_free_func ((GDestroyNotify) saved_buffer_free);
  state->speaker = CHARFLOW_SAVED_NOBODY;

  return state;
}

void
charflow_saved_state_free (CharflowSavedState *state)
{
  g_ptr_array_unref (state->clients);
  g_ptr_array_unref (state->buffers);
  g_clear_pointer (&state->unread, g_bytes_unref);
  g_clear_pointer (&state->framing, g_bytes_unref);
  g_free (state);
}

gboolean
charflow_saved_state_refuse (GError    **error,
                             const char *format,
                             ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  /* Translators: one of the messages such as "it has flags 0x%x"; "it" is the state. */
  g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_STATE, _("Saved state: %s"), reason);

  return FALSE;
}

/* Building. */

static gboolean
fits_spice_client (const CharflowSavedClient *client)
{
  if (client->queue.length > 0 || client->missed_bytes > 0 || client->skipping)
    return FALSE;

  /* Both at their greatest say that there is no flow control. */
  return !client->flow_control ||
         (client->client_tokens <= G_MAXUINT32 && client->send_tokens <= G_MAXUINT32 &&
          (client->client_tokens < SPICE_NO_FLOW_CONTROL || client->send_tokens < SPICE_NO_FLOW_CONTROL));
}

static void
sum_buffers (const CharflowSavedState *state,
             guint64                  *size,
             guint64                  *price)
{
  *size = 0;
  *price = 0;
  for (guint i = 0; i < state->buffers->len; i++)
    {
      CharflowSavedBuffer *buffer = g_ptr_array_index (state->buffers, i);

      *size += g_bytes_get_size (buffer->bytes);
      if (buffer->client != CHARFLOW_SAVED_NOBODY)
        *price += buffer->price;
    }
}

static gboolean
fits_spice (const CharflowSavedState *state)
{
  guint64 size, price;

  if (state->in_message || state->framing != NULL || g_bytes_get_size (state->unread) > 0 || state->unread_has_end ||
      state->speaker != CHARFLOW_SAVED_NOBODY)
    return FALSE;
  if (state->clients->len == 0)
    return state->buffers->len == 0;
  /* Tokens that no byte was paid with have no place there, and would never come back. */
  sum_buffers (state, &size, &price);
  if (size == 0 && state->buffers->len > 0)
    return FALSE;

  return state->clients->len == 1 && fits_spice_client (g_ptr_array_index (state->clients, 0));
}

guint64
charflow_saved_state_get_size (CharflowSavedState *state)
{
  guint64 size, price;

  sum_buffers (state, &size, &price);
  if (fits_spice (state))
    return SPICE_SIZE + size;

  size += HEADER_SIZE + g_bytes_get_size (state->unread) + state->buffers->len * (guint64) BUFFER_SIZE;
  if (state->framing != NULL)
    size += g_bytes_get_size (state->framing);
  for (guint i = 0; i < state->clients->len; i++)
    {
      CharflowSavedClient *client = g_ptr_array_index (state->clients, i);

      size += CLIENT_SIZE + (client->name == NULL ? 0 : strlen (client->name));
      for (GList *link = client->queue.head; link != NULL; link = link->next)
        size += QUEUED_SIZE + g_bytes_get_size (((CharflowQueuedMessage *) link->data)->bytes);
    }

  return size;
}

static void
add_part (GPtrArray           *parts,
          CharflowWireWriter **writer,
          GBytes              *bytes)
{
  g_ptr_array_add (parts, charflow_wire_writer_finish (*writer));
  g_ptr_array_add (parts, g_bytes_ref (bytes));
  *writer = charflow_wire_writer_new ();
}

static GPtrArray *
build_spice (CharflowSavedState *state)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  CharflowSavedClient *client = state->clients->len == 0 ? NULL : g_ptr_array_index (state->clients, 0);
  gboolean counts = client != NULL && client->flow_control;
  guint32 otherwise = client == NULL ? 0 : SPICE_NO_FLOW_CONTROL;
  guint64 size, price;

  sum_buffers (state, &size, &price);
  charflow_wire_writer_u32 (writer, SPICE_VERSION);
  charflow_wire_writer_u8 (writer, client != NULL);
  charflow_wire_writer_u32 (writer, counts ? client->client_tokens : otherwise);
  charflow_wire_writer_u32 (writer, counts ? client->send_tokens : otherwise);
  charflow_wire_writer_u32 (writer, size);
  charflow_wire_writer_u32 (writer, price);
  charflow_wire_writer_u32 (writer, size == 0 ? 0 : SPICE_HEADER_SIZE + SPICE_SIZE);
  g_ptr_array_add (parts, charflow_wire_writer_finish (writer));
  for (guint i = 0; i < state->buffers->len; i++)
    g_ptr_array_add (parts, g_bytes_ref (((CharflowSavedBuffer *) g_ptr_array_index (state->buffers, i))->bytes));

  return parts;
}

static void
build_header (CharflowSavedState *state,
              CharflowWireWriter *writer)
{
  charflow_wire_writer_u32 (writer, MAGIC);
  charflow_wire_writer_u32 (writer, VERSION);
  charflow_wire_writer_u32 (writer, charflow_saved_state_get_size (state));
  charflow_wire_writer_u32 (writer, state->clients->len);
  charflow_wire_writer_u32 (writer, state->buffers->len);
  charflow_wire_writer_u32 (writer, g_bytes_get_size (state->unread));
  charflow_wire_writer_u32 (writer, state->framing == NULL ? 0 : g_bytes_get_size (state->framing));
  charflow_wire_writer_u32 (writer, state->speaker);
  charflow_wire_writer_u8 (writer, (state->in_message ? STATE_IN_MESSAGE : 0) |
                                     (state->unread_has_end ? STATE_UNREAD_HAS_END : 0) |
                                     (state->framing != NULL ? STATE_HAS_FRAMING : 0));
}

static void
build_client (const CharflowSavedClient *client,
              GPtrArray                 *parts,
              CharflowWireWriter       **writer)
{
  gsize name_size = client->name == NULL ? 0 : strlen (client->name);

  charflow_wire_writer_u8 (*writer, (client->flow_control ? CLIENT_FLOW_CONTROL : 0) |
                                      (client->skipping ? CLIENT_SKIPPING : 0) |
                                      (client->message_is_cut ? CLIENT_MESSAGE_IS_CUT : 0) |
                                      (client->name != NULL ? CLIENT_HAS_NAME : 0));
  charflow_wire_writer_u8 (*writer, name_size);
  charflow_wire_writer_bytes (*writer, client->name, name_size);
  charflow_wire_writer_u64 (*writer, client->flow_control ? client->client_tokens : 0);
  charflow_wire_writer_u64 (*writer, client->flow_control ? client->send_tokens : 0);
  charflow_wire_writer_u64 (*writer, client->missed_bytes);
  charflow_wire_writer_u32 (*writer, client->queue.length);
  for (GList *link = client->queue.head; link != NULL; link = link->next)
    {
      CharflowQueuedMessage *message = link->data;

      charflow_wire_writer_u8 (*writer, message->begins);
      charflow_wire_writer_u32 (*writer, g_bytes_get_size (message->bytes));
      add_part (parts, writer, message->bytes);
    }
}

static void
build_buffer (const CharflowSavedBuffer *buffer,
              GPtrArray                 *parts,
              CharflowWireWriter       **writer)
{
  charflow_wire_writer_u8 (*writer, buffer->origin);
  charflow_wire_writer_u8 (*writer, (buffer->is_held ? BUFFER_IS_HELD : 0) |
                                      (buffer->continues ? BUFFER_CONTINUES : 0) |
                                      (buffer->was_begun ? BUFFER_WAS_BEGUN : 0));
  charflow_wire_writer_u32 (*writer, buffer->client);
  charflow_wire_writer_u32 (*writer, buffer->price);
  charflow_wire_writer_u32 (*writer, buffer->n_messages);
  charflow_wire_writer_u32 (*writer, g_bytes_get_size (buffer->bytes));
  add_part (parts, writer, buffer->bytes);
}

GPtrArray *
charflow_saved_state_build (CharflowSavedState *state)
{
  GPtrArray *parts;
  CharflowWireWriter *writer;

  if (fits_spice (state))
    return build_spice (state);

  parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  writer = charflow_wire_writer_new ();
  build_header (state, writer);
  for (guint i = 0; i < state->clients->len; i++)
    build_client (g_ptr_array_index (state->clients, i), parts, &writer);
  for (guint i = 0; i < state->buffers->len; i++)
    build_buffer (g_ptr_array_index (state->buffers, i), parts, &writer);
  add_part (parts, &writer, state->unread);
  if (state->framing != NULL)
    add_part (parts, &writer, state->framing);
  g_ptr_array_add (parts, charflow_wire_writer_finish (writer));

  return parts;
}

/* Parsing. */

/* So many bytes of the state, without a copy; NULL when there are fewer. */
static GBytes *
read_piece (CharflowWireReader *reader,
            GBytes             *whole,
            gsize               size)
{
  gsize offset = reader->offset;

  if (charflow_wire_reader_bytes (reader, size) == NULL)
    return NULL;

  return g_bytes_new_from_bytes (whole, offset, size);
}

static gboolean
parse_spice_data (CharflowSavedState *state,
                  GBytes             *whole,
                  guint32             size,
                  guint32             price,
                  guint32             pointer,
                  GError            **error)
{
  gsize total = g_bytes_get_size (whole);
  guint64 offset = (guint64) pointer - SPICE_HEADER_SIZE;
  CharflowSavedBuffer *buffer;

  if (size == 0)
    {
      if (price > 0 || pointer > 0)
        return charflow_saved_state_refuse (error, _("nothing is to be written, but %u tokens were paid for it at offset %u"),
                                            price, pointer);
      return TRUE;
    }
  if (pointer < SPICE_HEADER_SIZE + SPICE_SIZE || offset > total || size > total - offset)
    return charflow_saved_state_refuse (error, _("%u bytes at offset %u are outside of its %zu bytes"), size, pointer, total);

  buffer = g_new0 (CharflowSavedBuffer, 1);
  buffer->origin = CHARFLOW_WRITE_ORIGIN_SERVER_NO_TOKEN;
  buffer->client = CHARFLOW_SAVED_NOBODY;
  buffer->bytes = g_bytes_new_from_bytes (whole, offset, size);
  buffer->n_messages = MAX (price, 1);
  buffer->price = price;
  buffer->was_begun = TRUE;
  g_ptr_array_add (state->buffers, buffer);

  return TRUE;
}

static gboolean
parse_spice (CharflowSavedState *state,
             CharflowWireReader *reader,
             GBytes             *whole,
             GError            **error)
{
  guint8 connected = charflow_wire_reader_u8 (reader);
  guint32 client_tokens = charflow_wire_reader_u32 (reader);
  guint32 send_tokens = charflow_wire_reader_u32 (reader);
  guint32 size = charflow_wire_reader_u32 (reader);
  guint32 price = charflow_wire_reader_u32 (reader);
  guint32 pointer = charflow_wire_reader_u32 (reader);
  CharflowSavedClient *client;

  if (reader->failed)
    return charflow_saved_state_refuse (error, _("%zu bytes are not enough for the %d of SPICE's layout"),
                                        g_bytes_get_size (whole), SPICE_SIZE);
  if (connected > 1)
    return charflow_saved_state_refuse (error, _("'connected' is %u, neither 0 nor 1"), connected);
  if (connected == 0 && (client_tokens | send_tokens | size | price | pointer) != 0)
    return charflow_saved_state_refuse (error, _("nobody is connected, but there are tokens or data"));
  if (!parse_spice_data (state, whole, size, price, pointer, error))
    return FALSE;
  if (connected == 0)
    return TRUE;

  client = charflow_saved_client_new ();
  client->flow_control = client_tokens != SPICE_NO_FLOW_CONTROL || send_tokens != SPICE_NO_FLOW_CONTROL;
  client->client_tokens = client_tokens;
  client->send_tokens = send_tokens;
  g_ptr_array_add (state->clients, client);
  if (!client->flow_control && price > 0)
    return charflow_saved_state_refuse (error, _("%u tokens were paid without flow control"), price);

  /* What cost nothing is the client's own where nothing costs, and the program's where messages cost tokens. */
  if (size > 0 && (price > 0 || !client->flow_control))
    {
      CharflowSavedBuffer *buffer = g_ptr_array_index (state->buffers, 0);

      buffer->origin = CHARFLOW_WRITE_ORIGIN_CLIENT;
      buffer->client = 0;
    }

  return TRUE;
}

static gboolean
refuse_truncated (GBytes  *whole,
                  GError **error)
{
  return charflow_saved_state_refuse (error, _("it ends in the middle, after %zu bytes"), g_bytes_get_size (whole));
}

static gboolean
parse_name (CharflowSavedClient *client,
            CharflowWireReader  *reader,
            gboolean             has_name,
            guint                index,
            GError             **error)
{
  gsize size = charflow_wire_reader_u8 (reader);
  const guint8 *name = charflow_wire_reader_bytes (reader, size);

  if (name == NULL)
    return TRUE; /* the caller sees that it has ended */
  if (!has_name)
    return size == 0 || charflow_saved_state_refuse (error, _("client %u has no name, and that has %zu bytes"), index, size);
  if (!g_utf8_validate_len ((const char *) name, size, NULL))
    return charflow_saved_state_refuse (error, _("the name of client %u is no UTF-8"), index);

  client->name = g_strndup ((const char *) name, size);
  return TRUE;
}

static gboolean
parse_queue (CharflowSavedClient *client,
             CharflowWireReader  *reader,
             GBytes              *whole,
             guint32              n_messages,
             guint                index,
             GError             **error)
{
  for (guint32 i = 0; i < n_messages; i++)
    {
      guint8 flags = charflow_wire_reader_u8 (reader);
      guint32 size = charflow_wire_reader_u32 (reader);
      g_autoptr (GBytes) bytes = read_piece (reader, whole, size);

      if (bytes == NULL)
        return refuse_truncated (whole, error);
      if (flags > 1)
        return charflow_saved_state_refuse (error, _("message %u of client %u has flags 0x%x"), i, index, flags);
      g_queue_push_tail (&client->queue, charflow_queued_message_new (bytes, flags));
    }

  return TRUE;
}

static gboolean
parse_client (CharflowSavedState *state,
              CharflowWireReader *reader,
              GBytes             *whole,
              guint               index,
              GError            **error)
{
  CharflowSavedClient *client = charflow_saved_client_new ();
  guint8 flags = charflow_wire_reader_u8 (reader);
  guint32 n_messages;

  g_ptr_array_add (state->clients, client);
  if (flags >= CLIENT_HAS_NAME << 1)
    return charflow_saved_state_refuse (error, _("client %u has flags 0x%x"), index, flags);
  client->flow_control = (flags & CLIENT_FLOW_CONTROL) != 0;
  client->skipping = (flags & CLIENT_SKIPPING) != 0;
  client->message_is_cut = (flags & CLIENT_MESSAGE_IS_CUT) != 0;
  if (!parse_name (client, reader, (flags & CLIENT_HAS_NAME) != 0, index, error))
    return FALSE;
  client->client_tokens = charflow_wire_reader_u64 (reader);
  client->send_tokens = charflow_wire_reader_u64 (reader);
  client->missed_bytes = charflow_wire_reader_u64 (reader);
  n_messages = charflow_wire_reader_u32 (reader);
  if (reader->failed)
    return refuse_truncated (whole, error);
  if (!client->flow_control && (client->client_tokens | client->send_tokens) != 0)
    return charflow_saved_state_refuse (error, _("client %u has tokens without flow control"), index);
  if (client->missed_bytes > G_MAXINT64)
    return charflow_saved_state_refuse (error, _("client %u has missed %" PRIu64 " bytes"), index, client->missed_bytes);

  return parse_queue (client, reader, whole, n_messages, index, error);
}

static gboolean
check_buffer (const CharflowSavedState  *state,
              const CharflowSavedBuffer *buffer,
              guint                      index,
              GError                   **error)
{
  const CharflowSavedBuffer *before = index == 0 ? NULL : g_ptr_array_index (state->buffers, index - 1);
  guint writer = buffer->origin == CHARFLOW_WRITE_ORIGIN_CLIENT ? buffer->client : CHARFLOW_SAVED_PROGRAM;
  gboolean has_price;

  if (buffer->origin > CHARFLOW_WRITE_ORIGIN_SERVER_NO_TOKEN)
    return charflow_saved_state_refuse (error, _("buffer %u comes from nowhere: its origin is %u"), index, buffer->origin);
  if (buffer->origin == CHARFLOW_WRITE_ORIGIN_CLIENT ? buffer->client >= state->clients->len
                                                     : buffer->client != CHARFLOW_SAVED_NOBODY)
    return charflow_saved_state_refuse (error, _("buffer %u is of client %u, and there are %u"),
                                        index, buffer->client, state->clients->len);

  has_price = buffer->origin == CHARFLOW_WRITE_ORIGIN_SERVER ||
              (buffer->origin == CHARFLOW_WRITE_ORIGIN_CLIENT &&
               ((CharflowSavedClient *) g_ptr_array_index (state->clients, buffer->client))->flow_control);
  if (buffer->n_messages != MAX (buffer->price, 1) || has_price != (buffer->price > 0))
    return charflow_saved_state_refuse (error, _("buffer %u has %u messages for %u tokens"),
                                        index, buffer->n_messages, buffer->price);
  if (buffer->was_begun && (index > 0 || buffer->is_held))
    return charflow_saved_state_refuse (error, _("buffer %u was begun, and is not the first"), index);
  if (before != NULL && before->is_held && !buffer->is_held)
    return charflow_saved_state_refuse (error, _("buffer %u stands behind one that is held back"), index);
  if (buffer->is_held && state->speaker == CHARFLOW_SAVED_NOBODY)
    return charflow_saved_state_refuse (error, _("buffer %u is held back, and nobody has the word"), index);
  if (buffer->is_held && state->speaker == writer)
    return charflow_saved_state_refuse (error, _("buffer %u is held back, and its writer has the word"), index);

  return TRUE;
}

static gboolean
parse_buffer (CharflowSavedState *state,
              CharflowWireReader *reader,
              GBytes             *whole,
              guint               index,
              GError            **error)
{
  CharflowSavedBuffer *buffer = g_new0 (CharflowSavedBuffer, 1);
  guint8 origin = charflow_wire_reader_u8 (reader);
  guint8 flags = charflow_wire_reader_u8 (reader);
  guint32 size;

  g_ptr_array_add (state->buffers, buffer);
  buffer->origin = origin;
  buffer->is_held = (flags & BUFFER_IS_HELD) != 0;
  buffer->continues = (flags & BUFFER_CONTINUES) != 0;
  buffer->was_begun = (flags & BUFFER_WAS_BEGUN) != 0;
  buffer->client = charflow_wire_reader_u32 (reader);
  buffer->price = charflow_wire_reader_u32 (reader);
  buffer->n_messages = charflow_wire_reader_u32 (reader);
  size = charflow_wire_reader_u32 (reader);
  buffer->bytes = read_piece (reader, whole, size);
  if (buffer->bytes == NULL)
    return refuse_truncated (whole, error);
  if (flags >= BUFFER_WAS_BEGUN << 1)
    return charflow_saved_state_refuse (error, _("buffer %u has flags 0x%x"), index, flags);

  return check_buffer (state, buffer, index, error);
}

static gboolean
parse_rest (CharflowSavedState *state,
            CharflowWireReader *reader,
            GBytes             *whole,
            guint32             unread_size,
            guint32             framing_size,
            gboolean            has_framing,
            GError            **error)
{
  state->unread = read_piece (reader, whole, unread_size);
  if (state->unread != NULL && has_framing)
    state->framing = read_piece (reader, whole, framing_size);
  if (state->unread == NULL || (has_framing && state->framing == NULL))
    return refuse_truncated (whole, error);
  if (!has_framing && framing_size > 0)
    return charflow_saved_state_refuse (error, _("there is no framing, and it has %u bytes"), framing_size);
  if (charflow_wire_reader_get_left (reader) > 0)
    return charflow_saved_state_refuse (error, _("%zu bytes come after its end"), charflow_wire_reader_get_left (reader));

  return TRUE;
}

static gboolean
parse_own (CharflowSavedState *state,
           CharflowWireReader *reader,
           GBytes             *whole,
           GError            **error)
{
  guint32 version = charflow_wire_reader_u32 (reader);
  guint32 size = charflow_wire_reader_u32 (reader);
  guint32 n_clients = charflow_wire_reader_u32 (reader);
  guint32 n_buffers = charflow_wire_reader_u32 (reader);
  guint32 unread_size = charflow_wire_reader_u32 (reader);
  guint32 framing_size = charflow_wire_reader_u32 (reader);
  guint8 flags;

  state->speaker = charflow_wire_reader_u32 (reader);
  flags = charflow_wire_reader_u8 (reader);
  if (reader->failed)
    return refuse_truncated (whole, error);
  if (version != VERSION)
    return charflow_saved_state_refuse (error, _("it has version %u of Charflow's layout, and %d is known"), version, VERSION);
  if (size != g_bytes_get_size (whole))
    return charflow_saved_state_refuse (error, _("it says %u bytes, and has %zu"), size, g_bytes_get_size (whole));
  if (flags >= STATE_HAS_FRAMING << 1)
    return charflow_saved_state_refuse (error, _("it has flags 0x%x"), flags);
  if (state->speaker < CHARFLOW_SAVED_PROGRAM && state->speaker >= n_clients)
    return charflow_saved_state_refuse (error, _("client %u has the word, and there are %u"), state->speaker, n_clients);

  state->in_message = (flags & STATE_IN_MESSAGE) != 0;
  state->unread_has_end = (flags & STATE_UNREAD_HAS_END) != 0;
  for (guint32 i = 0; i < n_clients; i++)
    if (!parse_client (state, reader, whole, i, error))
      return FALSE;
  for (guint32 i = 0; i < n_buffers; i++)
    if (!parse_buffer (state, reader, whole, i, error))
      return FALSE;

  return parse_rest (state, reader, whole, unread_size, framing_size, (flags & STATE_HAS_FRAMING) != 0, error);
}

CharflowSavedState *
charflow_saved_state_parse (GBytes  *bytes,
                            GError **error)
{
  g_autoptr (CharflowSavedState) state = charflow_saved_state_new ();
  CharflowWireReader reader;
  gconstpointer data;
  gsize size;
  guint32 magic;
  gboolean valid;

  data = g_bytes_get_data (bytes, &size);
  charflow_wire_reader_init (&reader, data, size);
  magic = charflow_wire_reader_u32 (&reader);
  if (reader.failed)
    valid = charflow_saved_state_refuse (error, _("%zu bytes are too few"), size);
  else if (magic == SPICE_VERSION)
    valid = parse_spice (state, &reader, bytes, error);
  else if (magic == MAGIC)
    valid = parse_own (state, &reader, bytes, error);
  else
    valid = charflow_saved_state_refuse (error, _("it begins with 0x%08x, neither version %d of SPICE's layout nor Charflow's"),
                                         magic, SPICE_VERSION);
  if (!valid)
    return NULL;
  if (state->unread == NULL)
    state->unread = g_bytes_new (NULL, 0);

  return g_steal_pointer (&state);
}

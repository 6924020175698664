/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-agent-message-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-enums.h"
#include "charflow-saved-state-private.h"

/* Types of messages, and bits of the first word of an agent's capabilities, in vd_agent.h of the SPICE protocol. */
typedef enum
{
  TYPE_CLIPBOARD = 4,
  TYPE_ANNOUNCE_CAPABILITIES = 6,
  TYPE_CLIPBOARD_GRAB,
  TYPE_CLIPBOARD_REQUEST,
  TYPE_CLIPBOARD_RELEASE,
  TYPE_FILE_XFER_START,
  TYPE_FILE_XFER_STATUS,
  TYPE_FILE_XFER_DATA,
} MessageType;

#define CAPABILITIES_COPY_PASTE (1 << 3 | 1 << 5 | 1 << 6)
#define CAPABILITIES_NO_FILE_TRANSFER (1 << 13)
/* In an announcement: after the header, and a word that asks for an answer. */
#define CAPABILITIES_OFFSET (CHARFLOW_AGENT_HEADER_SIZE + 4)

/* In a saved state. */
typedef enum
{
  STATE_NONE,
  STATE_PASSES,
  STATE_IS_SWALLOWED,
} SavedMessage;

gboolean
charflow_agent_message_begin (CharflowAgentMessage *self,
                              const guint8         *data,
                              gsize                 size,
                              GError              **error)
{
  CharflowWireReader reader;
  guint32 protocol, type, body_size;

  charflow_wire_reader_init (&reader, data, size);
  protocol = charflow_wire_reader_u32 (&reader);
  type = charflow_wire_reader_u32 (&reader);
  charflow_wire_reader_u64 (&reader); /* opaque */
  body_size = charflow_wire_reader_u32 (&reader);
  if (reader.failed)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("An agent message begins with %zu bytes, and its header has %d"), size, CHARFLOW_AGENT_HEADER_SIZE);
      return FALSE;
    }
  if (protocol != CHARFLOW_AGENT_PROTOCOL)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("An agent message is of protocol %u, not %d"), protocol, CHARFLOW_AGENT_PROTOCOL);
      return FALSE;
    }
  if (body_size > CHARFLOW_AGENT_MAX_SIZE)
    {
      g_set_error (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
                   _("An agent message says that it has %u bytes; at most %d are possible"),
                   body_size, CHARFLOW_AGENT_MAX_SIZE);
      return FALSE;
    }

  self->type = type;
  self->size = body_size;
  self->left = CHARFLOW_AGENT_HEADER_SIZE + body_size;
  self->is_swallowed = FALSE;
  return TRUE;
}

CharflowAgentUses
charflow_agent_message_get_use (const CharflowAgentMessage *self)
{
  switch (self->type)
    {
    case TYPE_CLIPBOARD:
    case TYPE_CLIPBOARD_GRAB:
    case TYPE_CLIPBOARD_REQUEST:
    case TYPE_CLIPBOARD_RELEASE:
      return CHARFLOW_AGENT_COPY_PASTE;
    case TYPE_FILE_XFER_START:
    case TYPE_FILE_XFER_STATUS:
    case TYPE_FILE_XFER_DATA:
      return CHARFLOW_AGENT_FILE_TRANSFER;
    default:
      return CHARFLOW_AGENT_NO_USE;
    }
}

void
charflow_agent_message_hide_capabilities (const CharflowAgentMessage *self,
                                          CharflowAgentUses           hidden,
                                          guint8                     *data,
                                          gsize                       size)
{
  guint32 cleared = (hidden & CHARFLOW_AGENT_COPY_PASTE) != 0 ? CAPABILITIES_COPY_PASTE : 0;
  guint32 set = (hidden & CHARFLOW_AGENT_FILE_TRANSFER) != 0 ? CAPABILITIES_NO_FILE_TRANSFER : 0;
  gsize end = CHARFLOW_AGENT_HEADER_SIZE + self->size - self->left;

  if (self->type != TYPE_ANNOUNCE_CAPABILITIES)
    return;

  /* Byte by byte: an announcement may be cut anywhere, and may have no word of capabilities, or a part of one. */
  for (guint i = 0; i < sizeof (guint32); i++)
    {
      gsize offset = CAPABILITIES_OFFSET + i;

      if (offset >= end - size && offset < end)
        {
          guint8 *byte = data + (offset - (end - size));

          *byte &= ~(cleared >> 8 * i);
          *byte |= set >> 8 * i;
        }
    }
}

void
charflow_agent_message_save (const CharflowAgentMessage *self,
                             CharflowWireWriter         *writer)
{
  static const CharflowAgentMessage none;
  const CharflowAgentMessage *message = self == NULL || self->left == 0 ? &none : self;
  SavedMessage state = message == &none ? STATE_NONE : message->is_swallowed ? STATE_IS_SWALLOWED : STATE_PASSES;

  charflow_wire_writer_u8 (writer, state);
  charflow_wire_writer_u32 (writer, message->type);
  charflow_wire_writer_u32 (writer, message->size);
  charflow_wire_writer_u32 (writer, message->left);
}

gboolean
charflow_agent_message_restore (CharflowAgentMessage *self,
                                CharflowWireReader   *reader,
                                const char           *whose,
                                GError              **error)
{
  guint8 state = charflow_wire_reader_u8 (reader);
  guint32 type = charflow_wire_reader_u32 (reader);
  guint32 size = charflow_wire_reader_u32 (reader);
  guint32 left = charflow_wire_reader_u32 (reader);

  if (reader->failed)
    /* Translators: here and in the next ones, "the agent" or "client %u"; "it" is the state. */
    return charflow_saved_state_refuse (error, _("it ends before the message of %s"), whose);
  if (state > STATE_IS_SWALLOWED)
    return charflow_saved_state_refuse (error, _("the state of the message of %s is %u"), whose, state);
  if (state == STATE_NONE && (type != 0 || size != 0 || left != 0))
    return charflow_saved_state_refuse (error,
                                        _("%s has no message, and that has the type %u, the size %u and %u bytes left"),
                                        whose, type, size, left);
  if (size > CHARFLOW_AGENT_MAX_SIZE)
    return charflow_saved_state_refuse (error, _("the size of the message of %s is %u; at most %d is possible"),
                                        whose, size, CHARFLOW_AGENT_MAX_SIZE);
  /* Its header passed as a whole. */
  if (state != STATE_NONE && (left == 0 || left > size))
    return charflow_saved_state_refuse (error, _("%u of %u bytes are left of the message of %s"), left, size, whose);

  self->type = type;
  self->size = size;
  self->left = left;
  self->is_swallowed = state == STATE_IS_SWALLOWED;
  return TRUE;
}

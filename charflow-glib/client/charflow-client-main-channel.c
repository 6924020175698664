/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-client-main-channel.h"

#include <glib/gi18n-lib.h>
#include <spice/enums.h>
#include <spice/protocol.h>

#include "charflow-client-channel-private.h"
#include "charflow-session-private.h"
#include "charflow-wire-reader-private.h"

/**
 * SECTION:charflow-client-main-channel
 * @title: CharflowClientMainChannel
 * @short_description: the channel that a session begins with, at the client's end
 *
 * A #CharflowSession opens it first: it learns the number of the session, the name of the server and its
 * channels from it, and answers the server's pings.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowClientChannel) channel = g_list_model_get_item (charflow_session_get_channels (session), 0);
 *
 * if (CHARFLOW_IS_CLIENT_MAIN_CHANNEL (channel) &&
 *     charflow_client_channel_get_state (channel) == CHARFLOW_CLIENT_STATE_OPEN)
 *   g_print ("session %s\n", charflow_session_get_session_id (session) != 0 ? "begun" : "lost");
 * ]|
 */

/**
 * CharflowClientMainChannel:
 *
 * The channel that a session begins with, at the client's end.
 *
 * Since: 1.0
 */

/* More than a list of all channels that there can be: 11 types with 256 ids each. */
#define MAX_LIST_SIZE (16 * 1024)
#define MAX_NAME_SIZE 1024
#define INIT_SIZE 32

struct _CharflowClientMainChannel
{
  CharflowClientChannel parent_instance;
};

G_DEFINE_FINAL_TYPE (CharflowClientMainChannel, charflow_client_main_channel, CHARFLOW_TYPE_CLIENT_CHANNEL)

static guint
charflow_client_main_channel_message_limit (CharflowClientChannel *channel,
                                            guint                  type)
{
  switch (type)
    {
    case SPICE_MSG_MAIN_INIT:
      return 2 * INIT_SIZE;
    case SPICE_MSG_MAIN_CHANNELS_LIST:
      return MAX_LIST_SIZE;
    case SPICE_MSG_MAIN_NAME:
      return MAX_NAME_SIZE;
    default:
      return 0;
    }
}

static void
take_init (CharflowClientChannel *channel,
           CharflowWireReader    *reader)
{
  guint32 session_id = charflow_wire_reader_u32 (reader);

  charflow_wire_reader_bytes (reader, INIT_SIZE - sizeof session_id);
  if (reader->failed)
    return;

  charflow_session_take_init (charflow_client_channel_get_session (channel), session_id);
  charflow_client_channel_send_message (channel, SPICE_MSGC_MAIN_ATTACH_CHANNELS, NULL, NULL);
}

static void
take_name (CharflowClientChannel *channel,
           CharflowWireReader    *reader)
{
  guint32 size = charflow_wire_reader_u32 (reader);
  const guint8 *bytes = charflow_wire_reader_bytes (reader, size);
  g_autofree char *name = NULL;
  g_autofree char *valid = NULL;

  if (bytes == NULL)
    return;

  name = g_strndup ((const char *) bytes, size);
  valid = g_utf8_make_valid (name, -1);
  charflow_session_take_name (charflow_client_channel_get_session (channel), valid);
}

static void
take_list (CharflowClientChannel *channel,
           CharflowWireReader    *reader)
{
  CharflowSession *session = charflow_client_channel_get_session (channel);
  guint32 count = charflow_wire_reader_u32 (reader);

  if (reader->failed || charflow_wire_reader_get_left (reader) / 2 < count)
    {
      reader->failed = TRUE;
      return;
    }

  for (guint32 i = 0; i < count; i++)
    {
      guint8 type = charflow_wire_reader_u8 (reader);
      guint8 id = charflow_wire_reader_u8 (reader);

      charflow_session_take_channel (session, type, id);
      /* A handler may have closed the session. */
      if (charflow_client_channel_get_session (channel) != session)
        return;
    }
  charflow_client_channel_note_init (channel);
  if (charflow_client_channel_get_session (channel) == session)
    charflow_session_end_channels (session);
}

static gboolean
charflow_client_main_channel_handle_message (CharflowClientChannel *channel,
                                             guint                  type,
                                             GBytes                *body,
                                             GError               **error)
{
  g_autoptr (CharflowSession) guard = NULL;
  CharflowWireReader reader;
  gsize size;
  const guint8 *data = g_bytes_get_data (body, &size);

  if (charflow_client_channel_get_session (channel) == NULL)
    return TRUE;

  guard = g_object_ref (charflow_client_channel_get_session (channel));
  charflow_wire_reader_init (&reader, data, size);
  if (type == SPICE_MSG_MAIN_INIT)
    take_init (channel, &reader);
  else if (type == SPICE_MSG_MAIN_NAME)
    take_name (channel, &reader);
  else if (type == SPICE_MSG_MAIN_CHANNELS_LIST)
    take_list (channel, &reader);
  if (reader.failed)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("What a message of type %u says does not fit its %zu bytes"), type, size);
      return FALSE;
    }

  return TRUE;
}

static const CharflowClientChannelHooks hooks = {
  .waits_for_init = TRUE,
};

static void
charflow_client_main_channel_class_init (CharflowClientMainChannelClass *klass)
{
  CharflowClientChannelClass *channel_class = CHARFLOW_CLIENT_CHANNEL_CLASS (klass);

  channel_class->message_limit = charflow_client_main_channel_message_limit;
  channel_class->handle_message = charflow_client_main_channel_handle_message;
  channel_class->hooks = &hooks;
  CHARFLOW_CHANNEL_CLASS (klass)->channel_type = CHARFLOW_CHANNEL_TYPE_MAIN;
}

static void
charflow_client_main_channel_init (CharflowClientMainChannel *self)
{
  charflow_channel_add_capability (CHARFLOW_CHANNEL (self), SPICE_MAIN_CAP_NAME_AND_UUID);
  charflow_channel_add_capability (CHARFLOW_CHANNEL (self), SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS);
}

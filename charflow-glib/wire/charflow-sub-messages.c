/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-sub-messages-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-enums.h"
#include "charflow-wire-reader-private.h"

static gboolean
read_one (CharflowWireReader *list,
          CharflowSubMessage *message,
          gsize              *end)
{
  CharflowWireReader reader = *list;

  charflow_wire_reader_seek (&reader, charflow_wire_reader_u32 (list));
  if (list->failed || reader.offset < *end)
    return FALSE;

  message->type = charflow_wire_reader_u16 (&reader);
  message->size = charflow_wire_reader_u32 (&reader);
  message->body = charflow_wire_reader_bytes (&reader, message->size);
  *end = reader.offset;

  return !reader.failed;
}

GArray *
charflow_sub_messages_parse (const guint8 *body,
                             gsize         size,
                             guint32       offset,
                             GError      **error)
{
  g_autoptr (GArray) messages = g_array_new (FALSE, FALSE, sizeof (CharflowSubMessage));
  CharflowWireReader list;
  guint16 count;
  gsize end = 0;

  charflow_wire_reader_init (&list, body, size);
  charflow_wire_reader_seek (&list, offset);
  count = charflow_wire_reader_u16 (&list);
  if (list.failed || charflow_wire_reader_get_left (&list) / sizeof (guint32) < count)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("A list of %u messages at offset %u does not fit its %zu bytes"),
                   count, offset, size);
      return NULL;
    }

  for (guint i = 0; i < count; i++)
    {
      CharflowSubMessage message;

      if (!read_one (&list, &message, &end))
        {
          g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                       _("Message %u of a list overlaps another, or the end of its %zu bytes"),
                       i, size);
          return NULL;
        }
      g_array_append_val (messages, message);
    }

  return g_steal_pointer (&messages);
}

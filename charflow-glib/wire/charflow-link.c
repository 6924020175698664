/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-link-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charflow-wire-reader-private.h"
#include "charflow-wire-writer-private.h"

/* More words than this of one kind are refused, as SPICE's server does. */
#define MAX_CAPS_WORDS 1024

gboolean
charflow_caps_has (const CharflowCaps *caps,
                   guint               bit)
{
  return bit / 32 < CHARFLOW_CAPS_WORDS && (caps->words[bit / 32] & (1u << bit % 32)) != 0;
}

void
charflow_caps_add (CharflowCaps *caps,
                   guint         bit)
{
  g_return_if_fail (bit / 32 < CHARFLOW_CAPS_WORDS);

  caps->words[bit / 32] |= 1u << bit % 32;
}

void
charflow_link_init_common_caps (CharflowCaps *caps)
{
  memset (caps, 0, sizeof *caps);
  charflow_caps_add (caps, SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION);
  charflow_caps_add (caps, SPICE_COMMON_CAP_AUTH_SPICE);
  charflow_caps_add (caps, SPICE_COMMON_CAP_MINI_HEADER);
}

static guint
count_words (const CharflowCaps *caps)
{
  guint n = CHARFLOW_CAPS_WORDS;

  while (n > 0 && caps->words[n - 1] == 0)
    n--;

  return n;
}

static void
write_words (CharflowWireWriter *writer,
             const CharflowCaps *caps)
{
  for (guint i = 0; i < count_words (caps); i++)
    charflow_wire_writer_u32 (writer, caps->words[i]);
}

static void
read_words (CharflowWireReader *reader,
            CharflowCaps       *caps,
            guint32             n_words)
{
  memset (caps, 0, sizeof *caps);
  for (guint32 i = 0; i < n_words; i++)
    {
      guint32 word = charflow_wire_reader_u32 (reader);

      if (i < CHARFLOW_CAPS_WORDS)
        caps->words[i] = word;
    }
}

/* The three fields with which both messages end, and the words behind them. The offset counts from the
 * start of the message; it does not matter when there are no words. */
static gboolean
read_caps (CharflowWireReader *reader,
           CharflowCaps       *common_caps,
           CharflowCaps       *channel_caps,
           GError            **error)
{
  guint32 n_common = charflow_wire_reader_u32 (reader);
  guint32 n_channel = charflow_wire_reader_u32 (reader);
  guint32 offset = charflow_wire_reader_u32 (reader);
  gsize fixed_size = reader->offset;

  if (n_common > MAX_CAPS_WORDS || n_channel > MAX_CAPS_WORDS)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("%u and %u words of capabilities are too many: at most %d of each"),
                   n_common, n_channel, MAX_CAPS_WORDS);
      return FALSE;
    }

  if (n_common + n_channel > 0)
    {
      charflow_wire_reader_seek (reader, offset);
      reader->failed = reader->failed || offset < fixed_size;
    }
  read_words (reader, common_caps, n_common);
  read_words (reader, channel_caps, n_channel);
  if (reader->failed)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("%u words of capabilities at offset %u do not fit a message of %zu bytes"),
                   n_common + n_channel, offset, reader->size);
      return FALSE;
    }

  return TRUE;
}

gboolean
charflow_link_parse_header (const guint8 *data,
                            gsize         min_size,
                            gsize        *size,
                            GError      **error)
{
  CharflowWireReader reader;
  const guint8 *magic;
  guint32 major;
  guint32 announced;

  charflow_wire_reader_init (&reader, data, sizeof (SpiceLinkHeader));
  magic = charflow_wire_reader_bytes (&reader, 4);
  major = charflow_wire_reader_u32 (&reader);
  charflow_wire_reader_u32 (&reader); /* any minor version is served */
  announced = charflow_wire_reader_u32 (&reader);

  if (memcmp (magic, "REDQ", 4) != 0)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_MAGIC,
                   _("The first bytes are %02x %02x %02x %02x, which is not SPICE"),
                   magic[0], magic[1], magic[2], magic[3]);
      return FALSE;
    }
  if (major != SPICE_VERSION_MAJOR)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_VERSION_MISMATCH,
                   _("The peer speaks version %u of SPICE, not %d"), major, SPICE_VERSION_MAJOR);
      return FALSE;
    }
  if (announced < min_size || announced > CHARFLOW_LINK_MAX_SIZE)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("A link message of %u bytes is not between %zu and %d"),
                   announced, min_size, CHARFLOW_LINK_MAX_SIZE);
      return FALSE;
    }

  *size = announced;
  return TRUE;
}

gboolean
charflow_link_parse_request (const guint8        *data,
                             gsize                size,
                             CharflowLinkRequest *request,
                             GError             **error)
{
  CharflowWireReader reader;

  charflow_wire_reader_init (&reader, data, size);
  request->connection_id = charflow_wire_reader_u32 (&reader);
  request->channel_type = charflow_wire_reader_u8 (&reader);
  request->channel_id = charflow_wire_reader_u8 (&reader);

  return read_caps (&reader, &request->common_caps, &request->channel_caps, error);
}

gboolean
charflow_link_parse_answer (const guint8       *data,
                            gsize               size,
                            CharflowLinkAnswer *answer,
                            GError            **error)
{
  CharflowWireReader reader;
  const guint8 *key;

  charflow_wire_reader_init (&reader, data, size);
  answer->error = charflow_wire_reader_u32 (&reader);
  key = charflow_wire_reader_bytes (&reader, SPICE_TICKET_PUBKEY_BYTES);
  if (key != NULL)
    memcpy (answer->public_key, key, SPICE_TICKET_PUBKEY_BYTES);

  return read_caps (&reader, &answer->common_caps, &answer->channel_caps, error);
}

/* Begins with the header; @body_size without the capabilities. */
static CharflowWireWriter *
begin_message (gsize               body_size,
               const CharflowCaps *common_caps,
               const CharflowCaps *channel_caps)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  guint n_words = count_words (common_caps) + count_words (channel_caps);

  charflow_wire_writer_bytes (writer, "REDQ", 4);
  charflow_wire_writer_u32 (writer, SPICE_VERSION_MAJOR);
  charflow_wire_writer_u32 (writer, SPICE_VERSION_MINOR);
  charflow_wire_writer_u32 (writer, body_size + n_words * sizeof (guint32));

  return writer;
}

static GBytes *
end_message (CharflowWireWriter *writer,
             gsize               body_size,
             const CharflowCaps *common_caps,
             const CharflowCaps *channel_caps)
{
  charflow_wire_writer_u32 (writer, count_words (common_caps));
  charflow_wire_writer_u32 (writer, count_words (channel_caps));
  charflow_wire_writer_u32 (writer, body_size);
  write_words (writer, common_caps);
  write_words (writer, channel_caps);

  return charflow_wire_writer_finish (writer);
}

GBytes *
charflow_link_build_request (const CharflowLinkRequest *request)
{
  CharflowWireWriter *writer = begin_message (sizeof (SpiceLinkMess),
                                              &request->common_caps, &request->channel_caps);

  charflow_wire_writer_u32 (writer, request->connection_id);
  charflow_wire_writer_u8 (writer, request->channel_type);
  charflow_wire_writer_u8 (writer, request->channel_id);

  return end_message (writer, sizeof (SpiceLinkMess), &request->common_caps, &request->channel_caps);
}

GBytes *
charflow_link_build_answer (const CharflowLinkAnswer *answer)
{
  static const CharflowCaps none;
  const gboolean refused = answer->error != SPICE_LINK_ERR_OK;
  const CharflowCaps *common_caps = refused ? &none : &answer->common_caps;
  const CharflowCaps *channel_caps = refused ? &none : &answer->channel_caps;
  CharflowWireWriter *writer = begin_message (sizeof (SpiceLinkReply), common_caps, channel_caps);

  charflow_wire_writer_u32 (writer, answer->error);
  charflow_wire_writer_bytes (writer, answer->public_key, SPICE_TICKET_PUBKEY_BYTES);

  return end_message (writer, sizeof (SpiceLinkReply), common_caps, channel_caps);
}

/* The codes of #CharflowLinkError begin as those of the protocol do. */
G_STATIC_ASSERT ((int) CHARFLOW_LINK_ERROR_FAILED == (int) SPICE_LINK_ERR_ERROR);
G_STATIC_ASSERT ((int) CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE == (int) SPICE_LINK_ERR_CHANNEL_NOT_AVAILABLE);

guint32
charflow_link_error_to_code (const GError *error)
{
  if (error->domain != CHARFLOW_LINK_ERROR || error->code > CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE)
    return SPICE_LINK_ERR_ERROR;

  return error->code;
}

static const char *
describe_code (guint32 code)
{
  switch (code)
    {
    case SPICE_LINK_ERR_INVALID_MAGIC:
      return _("The server does not take this for SPICE");
    case SPICE_LINK_ERR_INVALID_DATA:
      return _("The server found the link message malformed");
    case SPICE_LINK_ERR_VERSION_MISMATCH:
      return _("The server speaks another version of SPICE");
    case SPICE_LINK_ERR_NEED_SECURED:
      return _("The server wants this channel over TLS");
    case SPICE_LINK_ERR_NEED_UNSECURED:
      return _("The server wants this channel without TLS");
    case SPICE_LINK_ERR_PERMISSION_DENIED:
      return _("The password is wrong, or has expired");
    case SPICE_LINK_ERR_BAD_CONNECTION_ID:
      return _("The server does not know this session");
    case SPICE_LINK_ERR_CHANNEL_NOT_AVAILABLE:
      return _("The server does not have this channel, or it is taken");
    default:
      return NULL;
    }
}

GError *
charflow_link_error_from_code (guint32 code)
{
  const char *description = describe_code (code);

  if (description == NULL)
    return g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED,
                        _("The server refused with error %u"), code);

  return g_error_new_literal (CHARFLOW_LINK_ERROR, (int) code, description);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-websocket-codec-private.h"

#include <glib/gi18n-lib.h>
#include <openssl/rand.h>
#include <string.h>

/* RFC 6455, section 5.2. */
#define FLAG_FIN 0x80
#define FLAGS_RESERVED 0x70
#define OPCODE_BITS 0x0f
#define FLAG_MASKED 0x80
#define LENGTH_BITS 0x7f
#define LENGTH_IS_16_BIT 126
#define LENGTH_IS_64_BIT 127
#define MASK_SIZE 4
#define MAX_HEADER_SIZE (2 + 8 + MASK_SIZE)
#define MAX_CONTROL_SIZE 125
#define STATUS_SIZE 2

/* Section 11.8. */
enum
{
  OPCODE_CONTINUATION = 0,
  OPCODE_TEXT = 1,
  OPCODE_BINARY = 2,
  OPCODE_CLOSE = 8,
  OPCODE_PING = 9,
  OPCODE_PONG = 10,
};

/* Section 7.4.1. */
enum
{
  STATUS_NORMAL = 1000,
  STATUS_PROTOCOL_ERROR = 1002,
  STATUS_UNSUPPORTED_DATA = 1003,
  STATUS_INVALID_DATA = 1007,
};

typedef enum
{
  STATE_HEADER,
  STATE_DATA,
  STATE_CONTROL,
  STATE_OVER, /* a close was received, or an error sent */
} State;

typedef struct
{
  CharflowCodec parent;

  CharflowWebsocketRole role;
  State state;
  gboolean in_message; /* a data message has begun and its last frame has not */
  gboolean is_closed; /* our close has been sent */

  /* The frame that is being read. */
  guint8 header[MAX_HEADER_SIZE];
  guint header_size; /* so much of it is there */
  guint64 left; /* of the payload */
  guint8 mask[MASK_SIZE]; /* as it is for the next byte; zeros where there is none */
  guint8 control[MAX_CONTROL_SIZE];
  guint control_size;
} CharflowWebsocketCodec;

/* Also turns the mask to the byte that follows. */
static void
unmask (guint8       *target,
        const guint8 *source,
        gsize         size,
        guint8        mask[MASK_SIZE])
{
  guint8 turned[MASK_SIZE];
  guint64 wide_mask;
  gsize i = 0;

  memcpy (&wide_mask, mask, MASK_SIZE);
  memcpy ((guint8 *) &wide_mask + MASK_SIZE, mask, MASK_SIZE);
  for (; i + sizeof wide_mask <= size; i += sizeof wide_mask)
    {
      guint64 word;

      memcpy (&word, source + i, sizeof word);
      word ^= wide_mask;
      memcpy (target + i, &word, sizeof word);
    }
  for (; i < size; i++)
    target[i] = source[i] ^ mask[i % MASK_SIZE];

  for (i = 0; i < MASK_SIZE; i++)
    turned[i] = mask[(size + i) % MASK_SIZE];
  memcpy (mask, turned, MASK_SIZE);
}

/* The header goes with its opcode, in one frame that is a message. */
static gboolean
append_frame (CharflowWebsocketCodec *self,
              GByteArray             *output,
              guint8                  opcode,
              const guint8           *data,
              gsize                   size,
              GError                **error)
{
  guint8 header[MAX_HEADER_SIZE] = { FLAG_FIN | opcode };
  guint8 mask[MASK_SIZE] = { 0 };
  gsize header_size = 2;
  guint offset;

  if (self->role == CHARFLOW_WEBSOCKET_CLIENT && RAND_bytes (mask, MASK_SIZE) != 1)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("Could not get random bytes to mask a message with"));
      return FALSE;
    }

  if (size <= MAX_CONTROL_SIZE)
    header[1] = (guint8) size;
  else if (size <= G_MAXUINT16)
    {
      guint16 length = GUINT16_TO_BE ((guint16) size);

      header[1] = LENGTH_IS_16_BIT;
      memcpy (header + header_size, &length, sizeof length);
      header_size += sizeof length;
    }
  else
    {
      guint64 length = GUINT64_TO_BE ((guint64) size);

      header[1] = LENGTH_IS_64_BIT;
      memcpy (header + header_size, &length, sizeof length);
      header_size += sizeof length;
    }
  if (self->role == CHARFLOW_WEBSOCKET_CLIENT)
    {
      header[1] |= FLAG_MASKED;
      memcpy (header + header_size, mask, MASK_SIZE);
      header_size += MASK_SIZE;
    }

  g_byte_array_append (output, header, (guint) header_size);
  offset = output->len;
  g_byte_array_append (output, data, (guint) size);
  if (self->role == CHARFLOW_WEBSOCKET_CLIENT)
    unmask (output->data + offset, output->data + offset, size, mask);
  return TRUE;
}

static void
append_close (CharflowWebsocketCodec *self,
              GByteArray             *output,
              guint                   status,
              const char             *reason)
{
  guint8 payload[MAX_CONTROL_SIZE] = { (guint8) (status >> 8), (guint8) status };
  gsize reason_size = MIN (strlen (reason), MAX_CONTROL_SIZE - STATUS_SIZE);

  if (self->is_closed)
    return;

  self->is_closed = TRUE;
  memcpy (payload + STATUS_SIZE, reason, reason_size);
  /* Without random bytes it cannot be said, and the end of the connection has to do. */
  append_frame (self, output, OPCODE_CLOSE, payload, STATUS_SIZE + reason_size, NULL);
}

/* The reason is for the peer as well, so it is not translated. */
static CharflowCodecStatus
fail (CharflowWebsocketCodec *self,
      CharflowCodecPass      *pass,
      guint                   status,
      const char             *reason,
      GError                **error)
{
  self->state = STATE_OVER;
  append_close (self, pass->replies, status, reason);
  /* Translators: a number, and what was wrong in English, as both are sent to the peer. */
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("The WebSocket was closed with status %u: %s"), status, reason);
  return CHARFLOW_CODEC_FAILED;
}

static gboolean
is_control (guint opcode)
{
  return opcode >= OPCODE_CLOSE;
}

static guint
get_opcode (CharflowWebsocketCodec *self)
{
  return self->header[0] & OPCODE_BITS;
}

/* What is wrong with the first two bytes of a header; NULL when nothing is. */
static const char *
find_fault (CharflowWebsocketCodec *self,
            guint                  *status)
{
  const gboolean is_last = (self->header[0] & FLAG_FIN) != 0;
  const gboolean is_masked = (self->header[1] & FLAG_MASKED) != 0;
  const guint opcode = get_opcode (self);

  *status = STATUS_PROTOCOL_ERROR;
  if ((self->header[0] & FLAGS_RESERVED) != 0)
    return "a reserved bit is set";
  if (is_masked != (self->role == CHARFLOW_WEBSOCKET_SERVER))
    return is_masked ? "a frame is masked" : "a frame is not masked";

  switch (opcode)
    {
    case OPCODE_CONTINUATION:
      return self->in_message ? NULL : "a continuation continues nothing";
    case OPCODE_TEXT:
      *status = STATUS_UNSUPPORTED_DATA;
      return "only binary messages are taken";
    case OPCODE_BINARY:
      return self->in_message ? "a message begins within another" : NULL;
    case OPCODE_CLOSE:
    case OPCODE_PING:
    case OPCODE_PONG:
      if (!is_last)
        return "a control frame is fragmented";
      return (self->header[1] & LENGTH_BITS) > MAX_CONTROL_SIZE ? "a control frame is too long" : NULL;
    default:
      return "an opcode is reserved";
    }
}

static guint
get_length_size (CharflowWebsocketCodec *self)
{
  switch (self->header[1] & LENGTH_BITS)
    {
    case LENGTH_IS_16_BIT:
      return sizeof (guint16);
    case LENGTH_IS_64_BIT:
      return sizeof (guint64);
    default:
      return 0;
    }
}

/* FALSE for a length in a form that is not the shortest one. */
static gboolean
read_length (CharflowWebsocketCodec *self)
{
  guint64 length = 0;

  for (guint i = 0; i < get_length_size (self); i++)
    length = length << 8 | self->header[2 + i];

  switch (get_length_size (self))
    {
    case sizeof (guint16):
      self->left = length;
      return length > MAX_CONTROL_SIZE;
    case sizeof (guint64):
      self->left = length;
      return length > G_MAXUINT16 && length <= G_MAXINT64;
    default:
      self->left = self->header[1] & LENGTH_BITS;
      return TRUE;
    }
}

static gsize
get_header_size (CharflowWebsocketCodec *self)
{
  if (self->header_size < 2)
    return 2;
  return 2 + get_length_size (self) + (self->role == CHARFLOW_WEBSOCKET_SERVER ? MASK_SIZE : 0);
}

/* Moves input to where a part of a frame is collected. */
static void
collect (CharflowCodecPass *pass,
         guint8            *target,
         guint             *size,
         guint64            wanted)
{
  gsize taken = MIN (pass->input_size, wanted - *size);

  memcpy (target + *size, pass->input, taken);
  *size += taken;
  pass->input += taken;
  pass->input_size -= taken;
}

static void
begin_payload (CharflowWebsocketCodec *self)
{
  memset (self->mask, 0, MASK_SIZE);
  if (self->role == CHARFLOW_WEBSOCKET_SERVER)
    memcpy (self->mask, self->header + self->header_size - MASK_SIZE, MASK_SIZE);
  self->header_size = 0;
  self->control_size = 0;

  if (is_control (get_opcode (self)))
    {
      self->state = STATE_CONTROL;
      return;
    }

  self->in_message = (self->header[0] & FLAG_FIN) == 0;
  if (self->left > 0)
    self->state = STATE_DATA;
}

static void
decode_data (CharflowWebsocketCodec *self,
             CharflowCodecPass      *pass)
{
  gsize size = MIN (pass->input_size, pass->room_size);

  size = (gsize) MIN ((guint64) size, self->left);
  unmask (pass->room, pass->input, size, self->mask);
  pass->input += size;
  pass->input_size -= size;
  pass->room += size;
  pass->room_size -= size;
  self->left -= size;
  if (self->left == 0)
    self->state = STATE_HEADER;
}

/* Those that may be sent: some mean that there was no close, and others nobody has defined. */
static gboolean
is_valid_status (guint status)
{
  return (status >= 1000 && status <= 1003) || (status >= 1007 && status <= 1014) || (status >= 3000 && status <= 4999);
}

static CharflowCodecStatus
answer_close (CharflowWebsocketCodec *self,
              CharflowCodecPass      *pass,
              GError                **error)
{
  guint status = STATUS_NORMAL;

  if (self->control_size == 1)
    return fail (self, pass, STATUS_PROTOCOL_ERROR, "a close has half a status", error);

  if (self->control_size > 0)
    status = (guint) self->control[0] << 8 | self->control[1];
  if (!is_valid_status (status))
    return fail (self, pass, STATUS_PROTOCOL_ERROR, "a close has a status that cannot be sent", error);
  if (self->control_size > STATUS_SIZE &&
      !g_utf8_validate_len ((const char *) self->control + STATUS_SIZE, self->control_size - STATUS_SIZE, NULL))
    return fail (self, pass, STATUS_INVALID_DATA, "the reason of a close is not UTF-8", error);

  self->state = STATE_OVER;
  append_close (self, pass->replies, status, "");
  return CHARFLOW_CODEC_ENDED;
}

static CharflowCodecStatus
answer_ping (CharflowWebsocketCodec *self,
             CharflowCodecPass      *pass,
             GError                **error)
{
  if (append_frame (self, pass->replies, OPCODE_PONG, self->control, self->control_size, error))
    return CHARFLOW_CODEC_AGAIN;

  self->state = STATE_OVER;
  return CHARFLOW_CODEC_FAILED;
}

static CharflowCodecStatus
decode_control (CharflowWebsocketCodec *self,
                CharflowCodecPass      *pass,
                GError                **error)
{
  collect (pass, self->control, &self->control_size, self->left);
  if (self->control_size < self->left)
    return CHARFLOW_CODEC_AGAIN;

  self->state = STATE_HEADER;
  unmask (self->control, self->control, self->control_size, self->mask);
  switch (get_opcode (self))
    {
    case OPCODE_CLOSE:
      return answer_close (self, pass, error);
    case OPCODE_PING:
      return answer_ping (self, pass, error);
    default:
      return CHARFLOW_CODEC_AGAIN;
    }
}

static CharflowCodecStatus
decode_header (CharflowWebsocketCodec *self,
               CharflowCodecPass      *pass,
               GError                **error)
{
  gboolean had_two = self->header_size >= 2;

  collect (pass, self->header, &self->header_size, get_header_size (self));
  if (!had_two && self->header_size == 2)
    {
      guint status;
      const char *fault = find_fault (self, &status);

      if (fault != NULL)
        return fail (self, pass, status, fault, error);
    }
  if (self->header_size < get_header_size (self))
    return CHARFLOW_CODEC_AGAIN;

  if (!read_length (self))
    return fail (self, pass, STATUS_PROTOCOL_ERROR, "a length is not in its shortest form", error);

  begin_payload (self);
  /* An empty one is at its end without further input. */
  return self->state == STATE_CONTROL ? decode_control (self, pass, error) : CHARFLOW_CODEC_AGAIN;
}

static CharflowCodecStatus
decode_step (CharflowWebsocketCodec *self,
             CharflowCodecPass      *pass,
             GError                **error)
{
  switch (self->state)
    {
    case STATE_HEADER:
      return decode_header (self, pass, error);
    case STATE_DATA:
      decode_data (self, pass);
      return CHARFLOW_CODEC_AGAIN;
    case STATE_CONTROL:
      return decode_control (self, pass, error);
    case STATE_OVER:
      return CHARFLOW_CODEC_ENDED;
    default:
      g_return_val_if_reached (CHARFLOW_CODEC_ENDED);
    }
}

static CharflowCodecStatus
decode (CharflowCodec     *codec,
        CharflowCodecPass *pass,
        GError           **error)
{
  CharflowWebsocketCodec *self = (CharflowWebsocketCodec *) codec;
  const guint n_replied = pass->replies->len;

  while (pass->input_size > 0)
    {
      CharflowCodecStatus status;

      if (self->state == STATE_DATA && pass->room_size == 0)
        return CHARFLOW_CODEC_AGAIN;

      status = decode_step (self, pass, error);
      if (status != CHARFLOW_CODEC_AGAIN)
        return status;
      if (pass->replies->len > n_replied && pass->input_size > 0)
        return CHARFLOW_CODEC_AGAIN;
    }

  return CHARFLOW_CODEC_STARVED;
}

static gboolean
encode (CharflowCodec *codec,
        const guint8  *data,
        gsize          size,
        GByteArray    *output,
        GError       **error)
{
  CharflowWebsocketCodec *self = (CharflowWebsocketCodec *) codec;

  if (self->is_closed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, _("The WebSocket is closed"));
      return FALSE;
    }

  return append_frame (self, output, OPCODE_BINARY, data, size, error);
}

static void
farewell (CharflowCodec *codec,
          GByteArray    *output)
{
  append_close ((CharflowWebsocketCodec *) codec, output, STATUS_NORMAL, "closed");
}

static const CharflowCodecClass codec_class = {
  .decode = decode,
  .encode = encode,
  .farewell = farewell,
  .free = (void (*) (CharflowCodec *)) g_free,
};

CharflowCodec *
charflow_websocket_codec_new (CharflowWebsocketRole role)
{
  CharflowWebsocketCodec *self = g_new0 (CharflowWebsocketCodec, 1);

  self->parent.klass = &codec_class;
  self->role = role;
  return &self->parent;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-decode.h"

#include <string.h>

/* No reply is longer. */
#define MAX_REPLY_SIZE 512

TestDecoded *
test_decoded_new (void)
{
  TestDecoded *decoded = g_new0 (TestDecoded, 1);

  decoded->data = g_byte_array_new ();
  decoded->replies = g_byte_array_new ();
  decoded->status = CHARFLOW_CODEC_STARVED;
  return decoded;
}

void
test_decoded_free (TestDecoded *decoded)
{
  g_byte_array_unref (decoded->data);
  g_byte_array_unref (decoded->replies);
  g_clear_error (&decoded->error);
  g_free (decoded);
}

static gboolean
is_over (const TestDecoded *decoded)
{
  return decoded->status == CHARFLOW_CODEC_ENDED || decoded->status == CHARFLOW_CODEC_FAILED;
}

/* One call, on memory that ends where input and room do, so that a checker sees a step too far. Returns what was taken. */
static gsize
decode_once (CharflowCodec *codec,
             const guint8  *input,
             gsize          size,
             gsize          room,
             TestDecoded   *decoded)
{
  g_autofree guint8 *copy = size == 0 ? g_malloc (1) : g_memdup2 (input, size);
  g_autofree guint8 *memory = g_malloc (room);
  const guint n_replied = decoded->replies->len;
  CharflowCodecPass pass = {
    .input = copy,
    .input_size = size,
    .room = memory,
    .room_size = room,
    .replies = decoded->replies,
  };

  decoded->status = codec->klass->decode (codec, &pass, &decoded->error);
  g_assert_true (pass.input_size <= size && pass.input == copy + (size - pass.input_size));
  g_assert_true (pass.room_size <= room && pass.room == memory + (room - pass.room_size));
  g_assert_cmpuint (decoded->replies->len - n_replied, <=, MAX_REPLY_SIZE);
  g_assert_true ((decoded->error != NULL) == (decoded->status == CHARFLOW_CODEC_FAILED));
  if (decoded->status == CHARFLOW_CODEC_STARVED)
    g_assert_cmpuint (pass.input_size, ==, 0);
  if (decoded->status == CHARFLOW_CODEC_AGAIN)
    g_assert_true (pass.input_size < size || pass.room_size < room || decoded->replies->len > n_replied);

  g_byte_array_append (decoded->data, memory, room - pass.room_size);
  return size - pass.input_size;
}

void
test_decode (CharflowCodec *codec,
             const guint8  *input,
             gsize          size,
             gsize          piece,
             gsize          room,
             TestDecoded   *decoded)
{
  gsize shown = 0;

  while (!is_over (decoded) && (size > 0 || decoded->status == CHARFLOW_CODEC_AGAIN))
    {
      gsize taken;

      /* What it has not taken is shown again, with no more behind it. */
      if (shown == 0)
        shown = MIN (size, piece);
      taken = decode_once (codec, input, shown, room, decoded);
      input += taken;
      size -= taken;
      shown -= taken;
    }
}

static gboolean
arrays_equal (GByteArray *one,
              GByteArray *other)
{
  return one->len == other->len && (one->len == 0 || memcmp (one->data, other->data, one->len) == 0);
}

static const char *
get_message (const TestDecoded *decoded)
{
  return decoded->error == NULL ? NULL : decoded->error->message;
}

gboolean
test_decoded_equal (const TestDecoded *one,
                    const TestDecoded *other)
{
  return arrays_equal (one->data, other->data) && arrays_equal (one->replies, other->replies) &&
         is_over (one) == is_over (other) && g_strcmp0 (get_message (one), get_message (other)) == 0;
}

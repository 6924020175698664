/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-plain-codec-private.h"

#include <string.h>

static CharflowCodecStatus
decode (CharflowCodec     *self,
        CharflowCodecPass *pass,
        GError           **error)
{
  gsize size = MIN (pass->input_size, pass->room_size);

  if (size > 0)
    memcpy (pass->room, pass->input, size);
  pass->input += size;
  pass->input_size -= size;
  pass->room += size;
  pass->room_size -= size;

  return pass->input_size > 0 ? CHARFLOW_CODEC_AGAIN : CHARFLOW_CODEC_STARVED;
}

static gboolean
encode (CharflowCodec *self,
        const guint8  *data,
        gsize          size,
        GByteArray    *output,
        GError       **error)
{
  g_byte_array_append (output, data, size);
  return TRUE;
}

static const CharflowCodecClass codec_class = {
  .decode = decode,
  .encode = encode,
  .free = (void (*) (CharflowCodec *)) g_free,
};

CharflowCodec *
charflow_plain_codec_new (void)
{
  CharflowCodec *self = g_new0 (CharflowCodec, 1);

  self->klass = &codec_class;
  return self;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-codec-private.h"

G_BEGIN_DECLS

/* What a codec made of its input. */
typedef struct
{
  GByteArray *data;
  GByteArray *replies;
  CharflowCodecStatus status; /* of the last call */
  GError *error;
} TestDecoded;

TestDecoded *test_decoded_new (void);
void test_decoded_free (TestDecoded *decoded);

/* Feeds a codec as its owner does, and holds it to its contract: at most @piece bytes at a time, with room for so many. It
 * stops at the end of the input, or of the protocol. */
void test_decode (CharflowCodec *codec,
                  const guint8  *input,
                  gsize          size,
                  gsize          piece,
                  gsize          room,
                  TestDecoded   *decoded);

/* Both kept the same data, replies, status and error. */
gboolean test_decoded_equal (const TestDecoded *one,
                             const TestDecoded *other);

static inline void
test_codec_free (CharflowCodec *codec)
{
  codec->klass->free (codec);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestDecoded, test_decoded_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowCodec, test_codec_free)

G_END_DECLS

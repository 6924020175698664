/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A protocol between the bytes of a stream and the bytes of its user. It knows no stream and waits for nothing: a
 * CharflowLayerStream feeds it, sends what it says, and owns it. A protocol puts this struct first in its own. */
typedef struct _CharflowCodec CharflowCodec;

/* How a decode ended. */
typedef enum
{
  CHARFLOW_CODEC_STARVED, /* all input was taken, and without more of it nothing comes */
  CHARFLOW_CODEC_AGAIN,   /* it stopped before that, for one of the reasons below */
  CHARFLOW_CODEC_ENDED,   /* the peer ended the protocol: what was put into the room is the last */
  CHARFLOW_CODEC_FAILED,  /* the peer broke the rules: the error says how, the room may have what came before it */
} CharflowCodecStatus;

/* One call's worth of work. Decode moves the beginnings forward by what it takes and what it puts. */
typedef struct
{
  const guint8 *input;
  gsize input_size;
  guint8 *room; /* for at least one byte */
  gsize room_size;
  GByteArray *replies; /* what it has to say to the peer is appended here */
} CharflowCodecPass;

typedef struct
{
  /* Decodes until the input is used up, the room is full, a record has ended, or there is a reply. Between two
   * calls it keeps whatever it needs: each byte is shown to it until it takes it, and never after that. It puts at
   * most one record into one room; a record that does not fit goes on in the next. It stops (AGAIN) after a reply,
   * so that a peer that does not read its replies is not read either, and a reply is at most a few hundred bytes.
   * It may call back to its owner, who may do anything: but as the last thing of a call that takes no data, so that
   * all data before it was read. */
  CharflowCodecStatus (*decode) (CharflowCodec     *self,
                                 CharflowCodecPass *pass,
                                 GError           **error);

  /* Appends what @data, the @size > 0 bytes of one write, is on the stream: one record. Takes all or fails. */
  gboolean (*encode) (CharflowCodec *self,
                      const guint8  *data,
                      gsize          size,
                      GByteArray    *output,
                      GError       **error);

  /* Whether data may be sent now; nothing but a decode changes that. NULL where it always may. */
  gboolean (*can_encode) (CharflowCodec *self);

  /* Appends the last words before the stream is closed. NULL where there are none. It may be called from within a
   * decode, when that called back. */
  void (*farewell) (CharflowCodec *self,
                    GByteArray    *output);

  void (*free) (CharflowCodec *self);
} CharflowCodecClass;

struct _CharflowCodec
{
  const CharflowCodecClass *klass;
};

G_END_DECLS

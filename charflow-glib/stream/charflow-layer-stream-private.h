/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-codec-private.h"

G_BEGIN_DECLS

/* A protocol over a stream, which is a stream itself.
 *
 * The base is any GIOStream whose halves are pollable: a GSocketConnection, a GTlsConnection, another layer. It is
 * not to be used any more beside the layer; only its socket's options may be. TLS has shaken hands before. Both
 * halves are pollable, and there is no blocking read or write: g_input_stream_read() gets what is there, as
 * g_pollable_input_stream_read_nonblocking() does, while the asynchronous calls wait. Everything is to happen in
 * the main context that was the thread's default at construction.
 *
 * A read gets at most one record, where the protocol has any, and fails with WOULD_BLOCK where there were only
 * bytes of the protocol. It is the reader who drives the protocol: a peer's question is answered as the stream is
 * read.
 *
 * A write is cut at 64 KiB, becomes one record, and is taken whole. What the base does not take waits in the layer,
 * which sends it as soon as it can; until then, further writes fail with WOULD_BLOCK. g_output_stream_flush_async()
 * waits for that. A peer that does not read its replies is not read either.
 *
 * Closing sends the last words and what waits as far as that goes without blocking, and closes the base. A
 * GIOStream that is closed while a TLS base says its own farewell may block, as always: g_io_stream_close_async()
 * does not. */
#define CHARFLOW_TYPE_LAYER_STREAM (charflow_layer_stream_get_type ())
G_DECLARE_FINAL_TYPE (CharflowLayerStream, charflow_layer_stream, CHARFLOW, LAYER_STREAM, GIOStream)

/* The codec goes with the stream. */
CharflowLayerStream *charflow_layer_stream_new (GIOStream     *base,
                                                CharflowCodec *codec) G_GNUC_WARN_UNUSED_RESULT;

GIOStream *charflow_layer_stream_get_base (CharflowLayerStream *self);
CharflowCodec *charflow_layer_stream_get_codec (CharflowLayerStream *self);

/* Sends bytes of the protocol that are no data, after what waits. Fails, having sent nothing, with
 * G_IO_ERROR_WOULD_BLOCK when too many such bytes wait already, with G_IO_ERROR_CLOSED, or as a write would. */
gboolean charflow_layer_stream_send (CharflowLayerStream *self,
                                     const guint8        *data,
                                     gsize                size,
                                     GError             **error);

G_END_DECLS

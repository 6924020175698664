/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-codec-private.h"

G_BEGIN_DECLS

typedef enum
{
  CHARFLOW_WEBSOCKET_SERVER,
  CHARFLOW_WEBSOCKET_CLIENT,
} CharflowWebsocketRole;

/* WebSocket's framing (RFC 6455), after the upgrade. To its user the binary messages are one stream of bytes: where one
 * ends means nothing, so a frame is passed on as it comes, whatever size it announced. A write is one message of one frame.
 * Text is refused, since nobody who sends it means bytes.
 *
 * A ping is answered. The peer's close is answered and ends the stream; a peer that breaks the rules is told so by a close,
 * and the read fails with G_IO_ERROR_INVALID_DATA. Nothing can be written after either. */
CharflowCodec *charflow_websocket_codec_new (CharflowWebsocketRole role) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-codec-private.h"

G_BEGIN_DECLS

/* No protocol at all. It gives a stream what a CharflowLayerStream has over TLS: what TLS has decrypted already makes it
 * readable, and a write is taken or not, where TLS wants one that would block to be repeated as it was. */
CharflowCodec *charflow_plain_codec_new (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

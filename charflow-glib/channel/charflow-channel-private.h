/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-channel.h"

#include "charflow-link-private.h"

G_BEGIN_DECLS

void charflow_channel_set_channel_id (CharflowChannel *self,
                                      int              channel_id);
const CharflowCaps *charflow_channel_get_caps (CharflowChannel *self);

/* The name of a type, as people write it: "port", "display", "type 77". */
char *charflow_channel_type_to_name (guint channel_type);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-server-main-channel.h"

G_BEGIN_DECLS

CharflowServerMainChannel *charflow_server_main_channel_new (void);

/* A channel was registered: the clients that have the list already are told. */
void charflow_server_main_channel_announce (CharflowServerMainChannel *self,
                                            CharflowServerChannel     *channel);

G_END_DECLS

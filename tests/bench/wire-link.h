/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Tries again for a while: socat does not tell when it has begun to listen. */
int wire_connect (const char *host,
                  const char *port);

/* Connects and goes through the link stage: mini headers both ways, a ticket, no capability of the
 * channel's own. @session_id is 0 for MAIN. */
int wire_link_channel (const char *host,
                       const char *port,
                       const char *password,
                       uint32_t    session_id,
                       uint8_t     type,
                       uint8_t     id);

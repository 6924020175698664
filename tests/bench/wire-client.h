/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A bare client of one SPICE port, or of a plain TCP stream, that costs as little as it can: no main
 * loop, no copy of what it reads, many messages a system call. Whatever fails ends the program with
 * a line on standard error. */
typedef struct WireClient WireClient;

/* Waits until the port called @port_name is open. */
WireClient *wire_client_new_spice (const char *host,
                                   const char *port,
                                   const char *password,
                                   const char *port_name);
WireClient *wire_client_new_plain (const char *host,
                                   const char *port);
void wire_client_free (WireClient *client);

/* Waits for data of the device; *@data lasts until the next call. */
size_t wire_client_read (WireClient     *client,
                         const uint8_t **data);

/* Queues one message, of a plain stream just its bytes; nothing is sent for sure before
 * wire_client_flush(). */
void wire_client_write (WireClient    *client,
                        const uint8_t *data,
                        size_t         size);
void wire_client_flush (WireClient *client);

/* Keeps the session alive until @fd can be read. */
void wire_client_wait_for_fd (WireClient *client,
                              int         fd);

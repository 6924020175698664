/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What every message and every read carries at most: one span of the pattern. */
#define PATTERN_SPAN 65536

/* The client's byte that starts a source, and a sink's byte once it has everything. */
#define BENCH_GO 'g'
#define BENCH_DONE 'd'

/* Both ends know the pattern, so each compares what it gets with what it must be: stronger than a
 * checksum, and at the speed of memcmp() it does not become what is measured. */
void pattern_init (void);

/* The pattern from @offset of the stream on, PATTERN_SPAN bytes of it. */
const uint8_t *pattern_at (uint64_t offset);

bool pattern_matches (uint64_t       offset,
                      const uint8_t *data,
                      size_t         size);

/* Numbers of the wire: little endian, at any address. */
uint16_t get_u16 (const uint8_t *data);
uint32_t get_u32 (const uint8_t *data);

double now_seconds (void);

/* A decimal number between @min and @max; ends the program when @text is not one. */
uint64_t parse_number (const char *text,
                       uint64_t    min,
                       uint64_t    max);

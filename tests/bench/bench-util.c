/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bench-util.h"

#include <ctype.h>
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A prime, so that no size of a read, a write or a message keeps in step with it: a piece that is
 * lost, doubled or moved shows. */
#define PATTERN_PERIOD 65521

static uint8_t pattern[PATTERN_PERIOD + PATTERN_SPAN];

void
pattern_init (void)
{
  uint32_t state = 0x2545f491;

  /* xorshift32: random enough that no compression pays. */
  for (size_t i = 0; i < PATTERN_PERIOD; i++)
    {
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      pattern[i] = (uint8_t) (state >> 24);
    }

  for (size_t i = 0; i < PATTERN_SPAN; i++)
    pattern[PATTERN_PERIOD + i] = pattern[i % PATTERN_PERIOD];
}

const uint8_t *
pattern_at (uint64_t offset)
{
  return pattern + offset % PATTERN_PERIOD;
}

bool
pattern_matches (uint64_t       offset,
                 const uint8_t *data,
                 size_t         size)
{
  while (size > 0)
    {
      size_t n = size < PATTERN_SPAN ? size : PATTERN_SPAN;

      if (memcmp (data, pattern_at (offset), n) != 0)
        return false;

      offset += n;
      data += n;
      size -= n;
    }

  return true;
}

uint16_t
get_u16 (const uint8_t *data)
{
  uint16_t value;

  memcpy (&value, data, sizeof value);
  return le16toh (value);
}

uint32_t
get_u32 (const uint8_t *data)
{
  uint32_t value;

  memcpy (&value, data, sizeof value);
  return le32toh (value);
}

double
now_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

uint64_t
parse_number (const char *text,
              uint64_t    min,
              uint64_t    max)
{
  unsigned long long value;
  char *end;

  errno = 0;
  value = strtoull (text, &end, 10);
  if (!isdigit ((unsigned char) text[0]) || *end != '\0' || errno != 0 ||
      value < min || value > max)
    errx (2, "'%s' is not a number from %" PRIu64 " to %" PRIu64, text, min, max);

  return value;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "telnet-run.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

#define MAX_FUZZ_INPUT (16 * 1024)
#define CHOICE_CLIENT 1
#define CHOICE_LONG 2 /* so many bytes come first that the longest record has room for 10 more */

#define LONG_SIZE (64 * 1024 - 10)

/* The first byte chooses. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree guint8 *zeros = g_malloc0 (LONG_SIZE);
  g_autoptr (GBytes) prelude = NULL;

  if (size == 0 || size > MAX_FUZZ_INPUT)
    return -1;

  prelude = g_bytes_new (zeros, (data[0] & CHOICE_LONG) != 0 ? LONG_SIZE : 0);
  telnet_run_splits ((data[0] & CHOICE_CLIENT) != 0 ? CHARFLOW_TELNET_ROLE_CLIENT : CHARFLOW_TELNET_ROLE_SERVER,
                     CHARFLOW_TELNET_FLAGS_RECORDS, prelude, data + 1, size - 1);
  telnet_run_both_ends (CHARFLOW_TELNET_FLAGS_RECORDS, FALSE, data + 1, size - 1);
  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "telnet-run.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

#define MAX_FUZZ_INPUT (16 * 1024)
#define CHOICE_CLIENT 1
#define CHOICE_BINARY 2

/* The first byte chooses the role of the one that is fed, and how the data go to and fro at last. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);

  if (size == 0 || size > MAX_FUZZ_INPUT)
    return -1;

  telnet_run_splits ((data[0] & CHOICE_CLIENT) != 0 ? CHARFLOW_TELNET_ROLE_CLIENT : CHARFLOW_TELNET_ROLE_SERVER,
                     CHARFLOW_TELNET_FLAGS_NONE, nothing, data + 1, size - 1);
  telnet_run_both_ends (CHARFLOW_TELNET_FLAGS_NONE, (data[0] & CHOICE_BINARY) != 0, data + 1, size - 1);
  return 0;
}

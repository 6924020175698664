/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "telnet-run.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

#define MAX_FUZZ_INPUT (16 * 1024)
#define CHOICE_CLIENT 1
#define CHOICE_NOT_AGREED 2

/* The first byte chooses the role of the one that is fed, and whether both have agreed already. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  guint8 agreed[] = { CHARFLOW_TELNET_IAC, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_COM_PORT };
  g_autoptr (GBytes) prelude = NULL;
  CharflowTelnetRole role;

  if (size == 0 || size > MAX_FUZZ_INPUT)
    return -1;

  role = (data[0] & CHOICE_CLIENT) != 0 ? CHARFLOW_TELNET_ROLE_CLIENT : CHARFLOW_TELNET_ROLE_SERVER;
  if (role == CHARFLOW_TELNET_ROLE_CLIENT)
    agreed[1] = CHARFLOW_TELNET_DO;
  prelude = g_bytes_new (agreed, (data[0] & CHOICE_NOT_AGREED) != 0 ? 0 : sizeof agreed);
  telnet_run_splits (role, CHARFLOW_TELNET_FLAGS_COM_PORT, prelude, data + 1, size - 1);
  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-telnet-private.h"

#include <string.h>

void
charflow_telnet_append_escaped (GByteArray   *output,
                                const guint8 *data,
                                gsize         size)
{
  static const guint8 iac = CHARFLOW_TELNET_IAC;

  while (size > 0)
    {
      const guint8 *found = memchr (data, CHARFLOW_TELNET_IAC, size);
      gsize run = found != NULL ? (gsize) (found - data) + 1 : size;

      g_byte_array_append (output, data, run);
      if (found != NULL)
        g_byte_array_append (output, &iac, 1);
      data += run;
      size -= run;
    }
}

void
charflow_telnet_append_sub (GByteArray   *output,
                            guint8        option,
                            const guint8 *data,
                            gsize         size)
{
  const guint8 begin[] = { CHARFLOW_TELNET_IAC, CHARFLOW_TELNET_SB, option };
  static const guint8 end[] = { CHARFLOW_TELNET_IAC, CHARFLOW_TELNET_SE };

  g_byte_array_append (output, begin, sizeof begin);
  charflow_telnet_append_escaped (output, data, size);
  g_byte_array_append (output, end, sizeof end);
}

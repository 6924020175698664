/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-address-options-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

gboolean
charflow_address_options_get_family (const CharflowBackendOptions *options,
                                     GSocketFamily                *family,
                                     GError                      **error)
{
  gboolean has_ipv4 = charflow_backend_options_has (options, "ipv4");
  gboolean has_ipv6 = charflow_backend_options_has (options, "ipv6");
  gboolean ipv4 = charflow_backend_options_get_boolean (options, "ipv4");
  gboolean ipv6 = charflow_backend_options_get_boolean (options, "ipv6");

  *family = G_SOCKET_FAMILY_INVALID;
  if (has_ipv4 && has_ipv6 && !ipv4 && !ipv6)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
                   _("Options '%s' and '%s' exclude each other"), "ipv4=off", "ipv6=off");
      return FALSE;
    }

  if (ipv4 != ipv6)
    *family = ipv4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
  else if (!ipv4 && has_ipv6)
    *family = G_SOCKET_FAMILY_IPV4;
  else if (!ipv4 && has_ipv4)
    *family = G_SOCKET_FAMILY_IPV6;

  return TRUE;
}

gboolean
charflow_address_options_check_port (const char *name,
                                     guint64     port,
                                     guint64     least,
                                     GError    **error)
{
  if (port >= least && port <= G_MAXUINT16)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option '%s' expects a port from %" PRIu64 " to %u, not %" PRIu64),
               name, least, G_MAXUINT16, port);
  return FALSE;
}

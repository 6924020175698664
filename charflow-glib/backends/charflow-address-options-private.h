/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-backend-options-private.h"

G_BEGIN_DECLS

/* What the options of an address mean, for the kinds that have "ipv4", "ipv6" and ports. */

/* The family that "ipv4" and "ipv6" leave, G_SOCKET_FAMILY_INVALID for either. */
gboolean charflow_address_options_get_family (const CharflowBackendOptions *options,
                                              GSocketFamily                *family,
                                              GError                      **error);

/* Whether the value of the option @name is a port, and not less than @least. */
gboolean charflow_address_options_check_port (const char *name,
                                              guint64     port,
                                              guint64     least,
                                              GError    **error);

G_END_DECLS

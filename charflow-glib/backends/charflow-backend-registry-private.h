/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-backend-registry.h"

G_BEGIN_DECLS

/* CHARFLOW_BACKEND_ERROR_NOT_FOUND for this label. */
void charflow_backend_registry_set_not_found (const char *label,
                                              GError    **error);

G_END_DECLS

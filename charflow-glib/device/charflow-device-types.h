/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <gio/gio.h>

#include "charflow-enums.h"
#include "charflow-version.h"

G_BEGIN_DECLS

/* The classes of this layer name each other, so their types are declared before any of them. */
typedef struct _CharflowCharDevice CharflowCharDevice;
typedef struct _CharflowClient CharflowClient;
typedef struct _CharflowWriteBuffer CharflowWriteBuffer;

G_END_DECLS

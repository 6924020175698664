/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <gio/gio.h>

#include "charflow-version.h"

G_BEGIN_DECLS

/* The classes of this layer name each other, so their types are declared before any of them. */
typedef struct _CharflowChannelClient CharflowChannelClient;
typedef struct _CharflowServer CharflowServer;
typedef struct _CharflowServerChannel CharflowServerChannel;
typedef struct _CharflowServerClient CharflowServerClient;

G_END_DECLS

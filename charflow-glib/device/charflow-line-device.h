/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-char-device.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_LINE_DEVICE (charflow_line_device_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowLineDevice, charflow_line_device, CHARFLOW, LINE_DEVICE, CharflowCharDevice)

CHARFLOW_AVAILABLE_IN_ALL
CharflowLineDevice *charflow_line_device_new (CharflowBackend *backend) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
guint charflow_line_device_get_max_length (CharflowLineDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_line_device_get_separator (CharflowLineDevice *self);

G_END_DECLS

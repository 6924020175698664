/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-char-device.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_SMARTCARD_DEVICE (charflow_smartcard_device_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowSmartcardDevice, charflow_smartcard_device, CHARFLOW, SMARTCARD_DEVICE, CharflowCharDevice)

CHARFLOW_AVAILABLE_IN_ALL
CharflowSmartcardDevice *charflow_smartcard_device_new (CharflowBackend *backend) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

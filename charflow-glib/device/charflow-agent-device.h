/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-char-device.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_AGENT_DEVICE (charflow_agent_device_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowAgentDevice, charflow_agent_device, CHARFLOW, AGENT_DEVICE, CharflowCharDevice)

CHARFLOW_AVAILABLE_IN_ALL
CharflowAgentDevice *charflow_agent_device_new (CharflowBackend *backend) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_agent_device_get_copy_paste (CharflowAgentDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_agent_device_set_copy_paste (CharflowAgentDevice *self,
                                           gboolean             copy_paste);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_agent_device_get_file_transfer (CharflowAgentDevice *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_agent_device_set_file_transfer (CharflowAgentDevice *self,
                                              gboolean             file_transfer);

G_END_DECLS

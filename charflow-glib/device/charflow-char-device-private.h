/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-char-device.h"

G_BEGIN_DECLS

/* Asks the owner, by the signal remove-client, to detach the client, and sees to it that it is. */
void charflow_char_device_request_removal (CharflowCharDevice  *self,
                                           CharflowClient      *client,
                                           CharflowRemoveReason reason);

/* Somebody may take data again: reads on, if the device has any. */
void charflow_char_device_wakeup_reading (CharflowCharDevice *self);

/* The buffer is consumed, released or dropped: what it cost goes back to where it came from. */
void charflow_char_device_settle_write_buffer (CharflowCharDevice  *self,
                                               CharflowWriteBuffer *buffer);

G_END_DECLS

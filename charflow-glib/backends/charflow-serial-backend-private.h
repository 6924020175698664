/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-ioctl-private.h"
#include "charflow-serial-backend.h"

G_BEGIN_DECLS

/* Asks somebody else than the kernel from the next opening on. */
void charflow_serial_backend_set_ioctl (CharflowSerialBackend *self,
                                        CharflowIoctlFunc      control);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-ioctl-private.h"
#include "charflow-parallel-backend.h"

G_BEGIN_DECLS

/* Asks somebody else than the kernel from the next opening on, which also a thread does. */
void charflow_parallel_backend_set_ioctl (CharflowParallelBackend *self,
                                          CharflowIoctlFunc        control);

G_END_DECLS

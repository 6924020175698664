/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How a back end asks the driver of its device. It is a value, so that a test can be the driver. */
typedef int (*CharflowIoctlFunc) (int          fd,
                                  unsigned int request,
                                  gpointer     argument);

/* As ioctl(2), and never interrupted. */
int charflow_ioctl (int          fd,
                    unsigned int request,
                    gpointer     argument);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A new certificate that nobody but itself vouches for, with its key. */
GTlsCertificate *test_certificate_new (void);

G_END_DECLS

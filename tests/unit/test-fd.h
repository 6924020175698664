/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* What the tests of back ends over descriptors share. */

gssize test_write_text (CharflowBackend *backend,
                        const char      *text,
                        GError         **error);
/* What one read of the descriptor gives; empty where it gives nothing. */
char *test_read_text (int fd);

gboolean test_fd_is_open (int fd);
gboolean test_fd_is_non_blocking (int fd);
/* How many descriptors the process has open. */
guint test_count_fds (void);

/* Writes to the back end until it would block; returns how much it took. */
gsize test_fill (CharflowBackend *backend);

/* Runs the context for a while, and fails when it turns like a wheel. */
void test_expect_rest (void);

G_END_DECLS

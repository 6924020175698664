/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* A back end in memory: it gives what the test put in, and keeps what was written to it. */
#define TEST_TYPE_STORE (test_store_get_type ())
G_DECLARE_FINAL_TYPE (TestStore, test_store, TEST, STORE, CharflowBackend)

TestStore *test_store_new (gsize max_write);
/* More for the device to read. */
void test_store_put (TestStore  *self,
                     const void *data,
                     gsize       size);
/* What was written so far. */
GByteArray *test_store_get_written (TestStore *self);

G_END_DECLS

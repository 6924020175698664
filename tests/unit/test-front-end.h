/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* What sits on the inner side of a back end in these tests: it records data and events in the
 * order they came. */
typedef struct
{
  CharflowBackend *backend;
  GString *log; /* bytes as they are; events as "<O>", "<C>" and "<B>" */
  GSource *source;
  gsize credit; /* how much one read may take; 0 for no reading */
  guint n_events;
  guint n_wakeups;
} TestFrontEnd;

TestFrontEnd *test_front_end_new (CharflowBackend *backend,
                                  gsize            credit);
void test_front_end_free (TestFrontEnd *self);

/* From now on it reads so much at a time, or not at all. */
void test_front_end_set_credit (TestFrontEnd *self,
                                gsize         credit);

/* Waits for exactly this to be logged, and forgets it. */
void test_front_end_expect (TestFrontEnd *self,
                            const char   *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestFrontEnd, test_front_end_free)

G_END_DECLS

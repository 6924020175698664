/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* The format of records once more, from its description, so that nothing is tested against itself. */
enum
{
  TEST_RECORD_BACKEND,
  TEST_RECORD_INPUT,
  TEST_RECORD_OUTPUT,
  TEST_RECORD_EVENT,
  TEST_RECORD_END,
};

/* A record with nothing but its header. */
GByteArray *test_record_new (void);
void test_record_add (GByteArray *record,
                      guint64     time_us,
                      guint       backend,
                      guint       kind,
                      guint       event,
                      const char *bytes);

/* The entries of a record as text: "+label", "<input", ">output", "!event", each with the number of the back end in front,
 * and "." for the end; with a space after each. What is no whole entry is "?". */
char *test_record_to_text (const char *path);

G_END_DECLS

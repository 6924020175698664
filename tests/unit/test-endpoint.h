/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

#define TEST_TYPE_ENDPOINT (test_endpoint_get_type ())
G_DECLARE_FINAL_TYPE (TestEndpoint, test_endpoint, TEST, ENDPOINT, CharflowBackend)

/* A back end that does what a test of a device says: its input is fed, its output is recorded, it takes as
 * much as it is told to, and all calls of it are counted. It is opened, with the other side there, at once. */
struct _TestEndpoint
{
  CharflowBackend parent_instance;

  GQueue input; /* GBytes; a read takes the first, or a piece of it */
  gsize endless; /* once the input is empty, each read takes so many bytes; 0 for none */

  GString *written;
  gsize max_write; /* one write takes at most so many bytes */
  gsize room; /* so many bytes are taken until it would block */
  gsize refill; /* a source that waits for room makes so much of it; 0 for none */

  gboolean fail_opening;
  gboolean hold_opening; /* until test_endpoint_answer() */
  gboolean absent; /* the other side does not come by itself */
  GTask *opening;
  GError *write_error; /* the next write fails with it */
  void (*hook) (gpointer data); /* the next read or write calls it before it ends */
  gpointer hook_data;

  const char *resource; /* that it holds while it is open, or NULL */
  GError *line_error; /* what is asked of its serial line fails with it */
  GString *duties; /* what was asked of it besides bytes, as "<echo 0>", "<baud 9600>", "<lines 1>", "<break 1>", "<fe 1>" */

  guint n_opened;
  guint n_closed;
  guint n_reads;
  guint n_writes;
  guint n_refused; /* writes that would have blocked */
  guint n_wakeups; /* times that a source for room was dispatched */
};

TestEndpoint *test_endpoint_new (void);

void test_endpoint_feed (TestEndpoint *self,
                         const char   *text);
void test_endpoint_feed_bytes (TestEndpoint *self,
                               GBytes       *bytes);
void test_endpoint_answer (TestEndpoint *self);

G_END_DECLS

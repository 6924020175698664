/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-endpoint.h"

G_BEGIN_DECLS

/* A client of the class itself, and what it was told, in order: data as it is, the rest as "<missed 5>",
 * "<tokens 2>", "<writable>" and "<removed stalled>". */
typedef struct
{
  CharflowClient *client;
  GString *log;
  GBytes *last; /* the last message */
  guint n_messages;
  guint64 n_bytes;
  gboolean is_removed;
} TestConsumer;

TestConsumer *test_consumer_new (const char *first_property,
                                 ...) G_GNUC_NULL_TERMINATED;
void test_consumer_free (TestConsumer *self);

void test_consumer_attach (TestConsumer       *self,
                           CharflowCharDevice *device);

/* It was told exactly this since the last time. */
#define test_consumer_expect(self, text) \
  G_STMT_START \
  { \
    g_assert_cmpstr ((self)->log->str, ==, (text)); \
    g_string_truncate ((self)->log, 0); \
  } \
  G_STMT_END

/* Whether its write is taken; checks that a refusal has this error. */
gboolean test_consumer_write (TestConsumer *self,
                              const char   *text);
void test_consumer_write_refused (TestConsumer *self,
                                  const char   *text,
                                  GQuark        domain,
                                  int           code);

/* Makes a device that is running, with its back end open. */
CharflowCharDevice *test_device_new (TestEndpoint *endpoint,
                                     guint         interval);

/* Feeds some bytes, which may be none, and runs the context until the device has dealt with them. */
void test_feed (TestEndpoint *endpoint,
                gconstpointer data,
                gsize         size);

/* Runs the context until nothing is left to do. */
void test_settle (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestConsumer, test_consumer_free)

G_END_DECLS

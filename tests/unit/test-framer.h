/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-consumer.h"

G_BEGIN_DECLS

#define TEST_TYPE_FRAMER (test_framer_get_type ())
G_DECLARE_FINAL_TYPE (TestFramer, test_framer, TEST, FRAMER, CharflowCharDevice)

/* A device that frames its messages. What it reads are blocks of two bytes, the last of which ends with a stop; what is
 * written to it goes on in the writer's next message where it ends with "+", breaks the rules where it begins with "!", and
 * is nothing where it begins with "-". */
struct _TestFramer
{
  CharflowCharDevice parent_instance;

  GString *calls; /* of client_left, peer_left and framing_reset, as "<left cut>", "<left>", "<peer>" and "<reset>" */
  gboolean ends_cut; /* a message whose end never comes is ended by "#" */
  char *framing; /* what is saved, or NULL for nothing; a restored one takes its place, unless that is "bad" */
  void (*hook) (gpointer data); /* the next frame_message, save_framing or restore_framing calls it */
  gpointer hook_data;
};

/* It is running, with its back end open. */
TestFramer *test_framer_new (TestEndpoint *endpoint);

#define test_framer_expect(self, text) \
  G_STMT_START \
  { \
    g_assert_cmpstr ((self)->calls->str, ==, (text)); \
    g_string_truncate ((self)->calls, 0); \
  } \
  G_STMT_END

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A stream, and the socket that is its peer: raw, so that nothing is tested against itself. */
typedef struct
{
  GIOStream *stream; /* a GSocketConnection */
  GSocket *peer;
  GByteArray *heard; /* what the peer was sent, and has received so far */
} TestStreamPair;

TestStreamPair *test_stream_pair_new (void);
void test_stream_pair_free (TestStreamPair *self);

/* Little room in the kernel, so that writes stop soon. */
void test_stream_pair_narrow (TestStreamPair *self);

void test_stream_pair_say (TestStreamPair *self,
                           gconstpointer   data,
                           gsize           size);
/* Receives what is there. */
void test_stream_pair_listen (TestStreamPair *self);
/* Runs the context until @size bytes were received, and compares them. */
void test_stream_pair_hear (TestStreamPair *self,
                            gconstpointer   data,
                            gsize           size);
void test_stream_pair_leave (TestStreamPair *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestStreamPair, test_stream_pair_free)

G_END_DECLS

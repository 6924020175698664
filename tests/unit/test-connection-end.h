/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-wire.h"

#include "charflow-connection-private.h"

G_BEGIN_DECLS

/* Types that the handler of these tests takes in ways of their own; all others are passed over. */
#define TYPE_WHOLE 101 /* kept as a whole */
#define TYPE_HEAD 102 /* the first 4 bytes are kept */
#define TYPE_STREAM 103 /* taken in pieces */
#define TYPE_REFUSED 104

typedef enum
{
  CALL_NONE,
  CALL_BEGIN_MESSAGE,
  CALL_TAKE_MESSAGE,
  CALL_BEGIN_PIECE,
  CALL_END_PIECE,
  CALL_END_BATCH,
  CALL_SENT,
  CALL_HOLD,
  CALL_CLOSED,
} TestCall;

typedef enum
{
  ACT_CLOSE,
  ACT_DROP, /* the last reference */
  ACT_FAIL,
  ACT_LEAVE,
  ACT_SEND,
} TestAct;

/* One end of a connection, whose handler records what it is told. */
typedef struct
{
  CharflowConnection *connection;
  GString *log; /* "101:hello " for each message taken */
  GByteArray *streamed;
  gsize largest_piece;
  gsize room; /* how many more bytes begin_piece() has room for */
  gboolean room_at_end_batch;
  gboolean holds;
  guint n_batches;
  guint n_holds;
  guint n_closed;
  GError *error;

  TestCall trigger; /* the call from which it acts, once */
  TestAct act;
  gboolean is_over; /* it was closed by its owner: no more calls may come */
  guint8 place[CHARFLOW_CONNECTION_MAX_PIECE];
} TestEnd;

TestEnd *test_end_new (GIOStream             *stream,
                       CharflowConnectionRole role,
                       gboolean               mini);
void test_end_free (TestEnd *end);
void test_end_send (TestEnd    *end,
                    guint16     type,
                    const char *text);
/* Waits for exactly these messages, and forgets them. */
void test_end_expect (TestEnd    *end,
                      const char *text);
/* Waits for the end; a code of 0 for one without an error. */
void test_end_expect_closed (TestEnd *end,
                             int      code);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestEnd, test_end_free)

G_END_DECLS

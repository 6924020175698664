/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-connection-end.h"

#include <string.h>

static void
happen (TestEnd *end,
        TestCall call)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (end->is_over);
  if (end->trigger != call)
    return;

  end->trigger = CALL_NONE;
  switch (end->act)
    {
    case ACT_CLOSE:
      end->is_over = TRUE;
      charflow_connection_close (end->connection);
      break;
    case ACT_DROP:
      end->is_over = TRUE;
      charflow_connection_close (end->connection);
      g_clear_object (&end->connection);
      break;
    case ACT_FAIL:
      error = g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_LIMIT, "the test");
      charflow_connection_fail (end->connection, error);
      break;
    case ACT_LEAVE:
      charflow_connection_leave (end->connection);
      break;
    case ACT_SEND:
    default:
      test_end_send (end, TYPE_WHOLE, "from within");
      break;
    }
}

static gboolean
begin_message (gpointer owner,
               guint16  type,
               guint32  size,
               gsize   *keep,
               GError **error)
{
  TestEnd *end = owner;

  happen (end, CALL_BEGIN_MESSAGE);
  switch (type)
    {
    case TYPE_WHOLE:
      *keep = size;
      return TRUE;
    case TYPE_HEAD:
      *keep = 4;
      return TRUE;
    case TYPE_STREAM:
      *keep = CHARFLOW_CONNECTION_STREAM;
      return TRUE;
    case TYPE_REFUSED:
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_LIMIT, "refused by the test");
      return FALSE;
    default:
      *keep = 0;
      return TRUE;
    }
}

static gboolean
take_message (gpointer      owner,
              guint16       type,
              const guint8 *body,
              gsize         size,
              GError      **error)
{
  TestEnd *end = owner;

  g_string_append_printf (end->log, "%u:%.*s ", type, (int) MIN (size, 32), (const char *) body);
  happen (end, CALL_TAKE_MESSAGE);
  return TRUE;
}

static guint8 *
begin_piece (gpointer owner,
             guint16  type,
             gsize    wanted,
             gsize    available,
             gsize   *capacity)
{
  TestEnd *end = owner;

  g_assert_cmpuint (wanted, >, 0);
  g_assert_cmpuint (wanted, <=, CHARFLOW_CONNECTION_MAX_PIECE);
  happen (end, CALL_BEGIN_PIECE);
  if (end->room == 0)
    return NULL;

  *capacity = MIN (end->room, sizeof end->place);
  return end->place;
}

static void
end_piece (gpointer owner,
           guint16  type,
           gsize    filled)
{
  TestEnd *end = owner;

  g_assert_cmpuint (filled, <=, end->room);
  g_byte_array_append (end->streamed, end->place, filled);
  end->largest_piece = MAX (end->largest_piece, filled);
  end->room -= filled;
  happen (end, CALL_END_PIECE);
}

static void
end_batch (gpointer owner)
{
  TestEnd *end = owner;

  end->n_batches++;
  if (end->room_at_end_batch && end->room == 0)
    {
      end->room = 1;
      charflow_connection_resume (end->connection);
    }
  happen (end, CALL_END_BATCH);
}

static void
sent (gpointer owner,
      gsize    queued)
{
  TestEnd *end = owner;

  g_assert_cmpuint (queued, ==, charflow_connection_get_queued_bytes (end->connection));
  happen (end, CALL_SENT);
}

static gboolean
hold (gpointer owner)
{
  TestEnd *end = owner;

  end->n_holds++;
  happen (end, CALL_HOLD);
  return end->holds;
}

static void
closed (gpointer      owner,
        const GError *error)
{
  TestEnd *end = owner;

  end->n_closed++;
  end->error = error == NULL ? NULL : g_error_copy (error);
  happen (end, CALL_CLOSED);
}

static const CharflowConnectionHandler handler = {
  .begin_message = begin_message,
  .take_message = take_message,
  .begin_piece = begin_piece,
  .end_piece = end_piece,
  .end_batch = end_batch,
  .sent = sent,
  .hold = hold,
  .closed = closed,
};

TestEnd *
test_end_new (GIOStream             *stream,
              CharflowConnectionRole role,
              gboolean               mini)
{
  TestEnd *end = g_new0 (TestEnd, 1);

  end->log = g_string_new (NULL);
  end->streamed = g_byte_array_new ();
  end->room = G_MAXSIZE;
  end->connection = charflow_connection_new (stream, role, mini, &handler, end);
  charflow_connection_start (end->connection);

  return end;
}

void
test_end_free (TestEnd *end)
{
  if (end->connection != NULL)
    {
      charflow_connection_close (end->connection);
      g_assert_finalize_object (end->connection);
    }
  g_assert_cmpuint (end->n_closed, <=, 1);
  g_clear_error (&end->error);
  g_byte_array_unref (end->streamed);
  g_string_free (end->log, TRUE);
  g_free (end);
}

void
test_end_send (TestEnd    *end,
               guint16     type,
               const char *text)
{
  g_autoptr (GBytes) body = text == NULL ? NULL : g_bytes_new (text, strlen (text));

  charflow_connection_send (end->connection, type, body);
}

void
test_end_expect (TestEnd    *end,
                 const char *text)
{
  test_wait_until (end->log->len >= strlen (text));
  g_assert_cmpstr (end->log->str, ==, text);
  g_string_truncate (end->log, 0);
}

void
test_end_expect_closed (TestEnd *end,
                        int      code)
{
  test_wait_until (end->n_closed > 0);
  g_assert_cmpuint (end->n_closed, ==, 1);
  if (code == 0)
    g_assert_no_error (end->error);
  else
    g_assert_error (end->error, CHARFLOW_LINK_ERROR, code);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "charflow-connection-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* The first byte chooses the role, the header, and how the handler behaves; the rest is what the peer says. */

#define MAX_FUZZ_INPUT (64 * 1024)
#define CHOICE_CLIENT 1
#define CHOICE_MINI 2
#define CHOICE_CLOSES 4 /* while a message is taken */
#define CHOICE_NARROW 8 /* pieces of one byte, and room only now and then */
#define CHOICE_ACKS 16

typedef struct
{
  CharflowConnection *connection;
  guint8 choice;
  guint8 *place;
  guint n_pieces;
  gboolean is_over;
  volatile guint8 sum; /* every byte that is handed over is read */
} Owner;

static gboolean
begin_message (gpointer user_data,
               guint16  type,
               guint32  size,
               gsize   *keep,
               GError **error)
{
  Owner *owner = user_data;

  g_assert (!owner->is_over);
  if (type % 4 == 0)
    *keep = CHARFLOW_CONNECTION_STREAM;
  else
    *keep = type % 4 == 1 ? size : MIN (size, 10);
  return TRUE;
}

static gboolean
take_message (gpointer      user_data,
              guint16       type,
              const guint8 *body,
              gsize         size,
              GError      **error)
{
  Owner *owner = user_data;

  g_assert (!owner->is_over);
  for (gsize i = 0; i < size; i++)
    owner->sum ^= body[i];
  if ((owner->choice & CHOICE_CLOSES) != 0 && type % 4 == 2)
    {
      owner->is_over = TRUE;
      charflow_connection_close (owner->connection);
    }
  charflow_connection_send (owner->connection, type, NULL);
  return TRUE;
}

static guint8 *
begin_piece (gpointer user_data,
             guint16  type,
             gsize    wanted,
             gsize    available,
             gsize   *capacity)
{
  Owner *owner = user_data;

  g_assert (!owner->is_over && wanted > 0 && wanted <= CHARFLOW_CONNECTION_MAX_PIECE);
  if ((owner->choice & CHOICE_NARROW) != 0 && owner->n_pieces++ % 5 == 4)
    return NULL;

  /* As large as it is said to be, so that the sanitizer sees what goes past it. */
  *capacity = (owner->choice & CHOICE_NARROW) != 0 ? 1 : wanted;
  g_free (owner->place);
  owner->place = g_malloc (*capacity);
  return owner->place;
}

static void
end_piece (gpointer user_data,
           guint16  type,
           gsize    filled)
{
  Owner *owner = user_data;

  g_assert (!owner->is_over);
  for (gsize i = 0; i < filled; i++)
    owner->sum ^= owner->place[i];
}

static void
end_batch (gpointer user_data)
{
  Owner *owner = user_data;

  charflow_connection_resume (owner->connection);
}

static void
sent (gpointer user_data,
      gsize    queued)
{
}

static gboolean
hold (gpointer user_data)
{
  return FALSE;
}

static void
closed (gpointer      user_data,
        const GError *error)
{
  Owner *owner = user_data;

  g_assert (!owner->is_over);
  owner->is_over = TRUE;
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

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  Owner owner = { 0 };
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GIOStream) stream = NULL;
  int fds[2];

  if (size == 0 || size > MAX_FUZZ_INPUT)
    return -1;

  owner.choice = data[0];
  g_assert (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
  g_assert (write (fds[0], data + 1, size - 1) == (gssize) size - 1);
  shutdown (fds[0], SHUT_WR);
  socket = g_socket_new_from_fd (fds[1], NULL);
  stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  owner.connection = charflow_connection_new (
    stream, (owner.choice & CHOICE_CLIENT) != 0 ? CHARFLOW_CONNECTION_CLIENT : CHARFLOW_CONNECTION_SERVER,
    (owner.choice & CHOICE_MINI) != 0, &handler, &owner);
  charflow_connection_start (owner.connection);
  if ((owner.choice & CHOICE_ACKS) != 0)
    charflow_connection_start_acks (owner.connection, 2);

  while (!owner.is_over)
    g_main_context_iteration (NULL, TRUE);
  charflow_connection_close (owner.connection);
  g_object_unref (owner.connection);
  g_free (owner.place);
  close (fds[0]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return 0;
}

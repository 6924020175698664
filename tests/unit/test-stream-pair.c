/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-stream-pair.h"

#include <sys/socket.h>

#include "test-util.h"

static GSocket *
adopt (int fd)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  g_socket_set_blocking (socket, FALSE);

  return socket;
}

TestStreamPair *
test_stream_pair_new (void)
{
  TestStreamPair *self = g_new0 (TestStreamPair, 1);
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  socket = adopt (fds[0]);
  self->stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  self->peer = adopt (fds[1]);
  self->heard = g_byte_array_new ();

  return self;
}

void
test_stream_pair_free (TestStreamPair *self)
{
  g_clear_object (&self->stream);
  g_clear_object (&self->peer);
  g_byte_array_unref (self->heard);
  g_free (self);
}

void
test_stream_pair_narrow (TestStreamPair *self)
{
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream));

  g_assert_true (g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, 4096, NULL));
  g_assert_true (g_socket_set_option (self->peer, SOL_SOCKET, SO_SNDBUF, 4096, NULL));
}

void
test_stream_pair_say (TestStreamPair *self,
                      gconstpointer   data,
                      gsize           size)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_socket_send (self->peer, data, size, NULL, &error), ==, size);
  g_assert_no_error (error);
}

void
test_stream_pair_listen (TestStreamPair *self)
{
  guint8 buffer[4096];
  gssize len;

  while ((len = g_socket_receive (self->peer, (char *) buffer, sizeof buffer, NULL, NULL)) > 0)
    g_byte_array_append (self->heard, buffer, len);
}

static gboolean
has_heard (TestStreamPair *self,
           gsize           size)
{
  test_stream_pair_listen (self);
  return self->heard->len >= size;
}

void
test_stream_pair_hear (TestStreamPair *self,
                       gconstpointer   data,
                       gsize           size)
{
  test_wait_until (has_heard (self, size));
  g_assert_cmpmem (self->heard->data, self->heard->len, data, size);
  g_byte_array_set_size (self->heard, 0);
}

void
test_stream_pair_leave (TestStreamPair *self)
{
  g_socket_close (self->peer, NULL);
}

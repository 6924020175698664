/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "charflow-websocket-codec-private.h"
#include "charflow-websocket-handshake-private.h"
#include "test-decode.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* The first byte chooses what the rest is. Frames, for either role, which have to mean the same however they are split; the
 * second and the third byte say how. Or a peer's part of an upgrade, with frames behind it, up to its end. */

#define MAX_FUZZ_INPUT (16 * 1024)
#define CHOICE_CLIENT 1
#define CHOICE_UPGRADE 2
#define MAX_PIECE 64

static TestDecoded *
decode_all (CharflowWebsocketRole role,
            const guint8         *data,
            gsize                 size,
            gsize                 piece,
            gsize                 room)
{
  g_autoptr (CharflowCodec) codec = charflow_websocket_codec_new (role);
  TestDecoded *decoded = test_decoded_new ();

  test_decode (codec, data, size, piece, room, decoded);
  return decoded;
}

static void
fuzz_frames (CharflowWebsocketRole role,
             const guint8         *data,
             gsize                 size,
             gsize                 piece,
             gsize                 room)
{
  g_autoptr (TestDecoded) whole = decode_all (role, data, size, MAX_FUZZ_INPUT, MAX_FUZZ_INPUT);
  g_autoptr (TestDecoded) split = decode_all (role, data, size, piece, room);

  /* A client masks what it says with another mask each time. */
  if (role == CHARFLOW_WEBSOCKET_CLIENT)
    {
      g_assert (whole->replies->len == split->replies->len);
      g_byte_array_set_size (whole->replies, 0);
      g_byte_array_set_size (split->replies, 0);
    }
  g_assert (test_decoded_equal (whole, split));
  g_assert (whole->data->len <= size);
}

/* What one end encodes is what the other decodes. */
static void
fuzz_data (const guint8 *data,
           gsize         size,
           gsize         piece,
           gsize         room)
{
  g_autoptr (CharflowCodec) client = charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_CLIENT);
  g_autoptr (GByteArray) output = g_byte_array_new ();
  g_autoptr (TestDecoded) decoded = NULL;

  for (gsize i = 0; i < size; i += piece)
    g_assert (client->klass->encode (client, data + i, MIN (piece, size - i), output, NULL));
  decoded = decode_all (CHARFLOW_WEBSOCKET_SERVER, output->data, output->len, room, piece);
  g_assert (decoded->status == CHARFLOW_CODEC_STARVED && decoded->data->len == size);
  g_assert (size == 0 || memcmp (decoded->data->data, data, size) == 0);
}

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **out = user_data;

  *out = g_object_ref (result);
}

static void
read_to_end (GIOStream *stream)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  guint8 buffer[512];
  gssize size;

  do
    {
      g_autoptr (GError) error = NULL;

      size = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        size = 1;
      g_main_context_iteration (NULL, FALSE);
    }
  while (size > 0);
}

static void
fuzz_upgrade (const guint8 *data,
              gsize         size)
{
  int fds[2];
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GIOStream) websocket = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
  g_assert (write (fds[0], data, size) == (gssize) size);
  shutdown (fds[0], SHUT_WR);
  socket = g_socket_new_from_fd (fds[1], NULL);
  stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));

  charflow_websocket_accept_async (stream, NULL, NULL, NULL, NULL, 5000, NULL, result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  websocket = charflow_websocket_accept_finish (stream, result, &error);
  g_assert ((websocket == NULL) == (error != NULL));
  if (websocket != NULL)
    read_to_end (websocket);

  g_clear_object (&websocket);
  close (fds[0]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  gsize piece;
  gsize room;

  if (size < 3 || size > MAX_FUZZ_INPUT)
    return -1;

  if ((data[0] & CHOICE_UPGRADE) != 0)
    {
      fuzz_upgrade (data + 1, size - 1);
      return 0;
    }

  piece = 1 + data[1] % MAX_PIECE;
  room = 1 + data[2] % MAX_PIECE;
  fuzz_frames ((data[0] & CHOICE_CLIENT) != 0 ? CHARFLOW_WEBSOCKET_CLIENT : CHARFLOW_WEBSOCKET_SERVER, data + 3, size - 3,
               piece, room);
  fuzz_data (data + 3, size - 3, piece, room);
  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include <string.h>
#include <sys/socket.h>

static GIOStream *
wrap_fd (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  g_socket_set_blocking (socket, FALSE);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

void
test_wire_pair (GIOStream **one,
                GIOStream **other)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  *one = wrap_fd (fds[0]);
  *other = wrap_fd (fds[1]);
}

GIOStream *
test_wire_connect (const char *uri)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection =
    g_socket_client_connect_to_host (client, uri + strlen ("spice://"), 0, NULL, &error);

  g_assert_no_error (error);
  g_socket_set_blocking (g_socket_connection_get_socket (connection), FALSE);
  return G_IO_STREAM (connection);
}

GBytes *
test_wire_from_hex (const char *hex)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (const char *p = hex; *p != '\0'; p++)
    {
      guint8 byte;

      if (g_ascii_isspace (*p))
        continue;
      byte = g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]);
      g_byte_array_append (bytes, &byte, 1);
      p++;
    }

  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

GBytes *
test_wire_message (gboolean    mini,
                   guint16     type,
                   const void *body,
                   gsize       size)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const guint64 serial = 0;
  const guint32 no_list = 0;
  guint16 le_type = GUINT16_TO_LE (type);
  guint32 le_size = GUINT32_TO_LE ((guint32) size);

  if (!mini)
    g_byte_array_append (bytes, (const guint8 *) &serial, sizeof serial);
  g_byte_array_append (bytes, (const guint8 *) &le_type, sizeof le_type);
  g_byte_array_append (bytes, (const guint8 *) &le_size, sizeof le_size);
  if (!mini)
    g_byte_array_append (bytes, (const guint8 *) &no_list, sizeof no_list);
  if (body != NULL)
    g_byte_array_append (bytes, body, size);

  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

void
test_wire_write (GIOStream  *stream,
                 const void *data,
                 gsize       size)
{
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  const guint8 *place = data;

  while (size > 0)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_pollable_output_stream_write_nonblocking (output, place, size, NULL, &error);

      if (n < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          test_wait_until (g_pollable_output_stream_is_writable (output));
          continue;
        }
      place += n;
      size -= n;
    }
}

void
test_wire_write_bytes (GIOStream *stream,
                       GBytes    *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  test_wire_write (stream, data, size);
}

void
test_wire_write_hex (GIOStream  *stream,
                     const char *hex)
{
  g_autoptr (GBytes) bytes = test_wire_from_hex (hex);

  test_wire_write_bytes (stream, bytes);
}

/* Takes at most @limit bytes that are there; FALSE at the end. */
static gboolean
take_ready (GIOStream  *stream,
            GByteArray *bytes,
            gsize       limit)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));

  while (bytes->len < limit)
    {
      guint8 buffer[16 * 1024];
      g_autoptr (GError) error = NULL;
      gssize n = g_pollable_input_stream_read_nonblocking (input, buffer, MIN (sizeof buffer, limit - bytes->len),
                                                           NULL, &error);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return TRUE;
      if (n <= 0)
        return FALSE;
      g_byte_array_append (bytes, buffer, n);
    }

  return TRUE;
}

GBytes *
test_wire_read (GIOStream *stream,
                gsize      size)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  test_wait_until (!take_ready (stream, bytes, size) || bytes->len == size);
  g_assert_cmpuint (bytes->len, ==, size);
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

void
test_wire_expect_hex (GIOStream  *stream,
                      const char *hex)
{
  g_autoptr (GBytes) expected = test_wire_from_hex (hex);
  g_autoptr (GBytes) found = test_wire_read (stream, g_bytes_get_size (expected));

  g_assert_cmpmem (g_bytes_get_data (found, NULL), g_bytes_get_size (found),
                   g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));
}

GBytes *
test_wire_read_to_end (GIOStream *stream)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  test_wait_until (!take_ready (stream, bytes, G_MAXSIZE));
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

GBytes *
test_wire_read_ready (GIOStream *stream)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gsize before;

  do
    {
      before = bytes->len;
      test_wire_settle ();
      take_ready (stream, bytes, G_MAXSIZE);
    }
  while (bytes->len > before);

  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

void
test_wire_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
test_wire_result_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  GAsyncResult **out = user_data;

  g_assert_null (*out);
  *out = g_object_ref (result);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-socket.h"

#include <string.h>

#include <gio/gunixsocketaddress.h>

CharflowBackend *
test_socket_make (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);
  g_assert_nonnull (backend);

  return backend;
}

CharflowBackend *
test_socket_make_open (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = test_socket_make (spec);

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);

  return backend;
}

CharflowBackend *
test_socket_make_server (TestFolder *folder)
{
  g_autofree char *path = folder != NULL ? test_folder_path (folder, "s") : NULL;
  g_autofree char *spec = path != NULL ? g_strdup_printf ("socket,id=s,path=%s,server=on,wait=off",
                                                          path)
                                       : g_strdup ("socket,id=s,port=0,server=on,wait=off");

  return test_socket_make_open (spec);
}

guint
test_socket_get_port (CharflowBackend *backend)
{
  return charflow_socket_backend_get_port (CHARFLOW_SOCKET_BACKEND (backend));
}

GSocketAddress *
test_socket_get_address (CharflowBackend *backend)
{
  const char *path = charflow_socket_backend_get_path (CHARFLOW_SOCKET_BACKEND (backend));

  if (path != NULL)
    return g_unix_socket_address_new (path);

  return g_inet_socket_address_new_from_string ("127.0.0.1", test_socket_get_port (backend));
}

GSocket *
test_socket_join (CharflowBackend *backend)
{
  g_autoptr (GSocketAddress) address = test_socket_get_address (backend);
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_connect (socket, address, NULL, &error));
  g_socket_set_blocking (socket, FALSE);

  return socket;
}

void
test_socket_say (GSocket    *peer,
                 const char *text)
{
  g_assert_cmpint (g_socket_send (peer, text, strlen (text), NULL, NULL), ==, strlen (text));
}

void
test_socket_hear (GSocket    *peer,
                  const char *text)
{
  g_autofree char *buffer = g_malloc0 (strlen (text) + 1);

  test_wait_until (g_socket_receive (peer, buffer, strlen (text), NULL,
                                     NULL) == (gssize) strlen (text));
  g_assert_cmpstr (buffer, ==, text);
}

void
test_socket_leave (GSocket **peer)
{
  g_socket_close (*peer, NULL);
  g_clear_object (peer);
}

void
test_socket_write (CharflowBackend *backend,
                   const char      *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) text, strlen (text), &error),
                   ==, strlen (text));
  g_assert_no_error (error);
}

gboolean
test_socket_uri_has (CharflowBackend *backend,
                     const char      *text)
{
  g_autofree char *uri = charflow_backend_get_uri (backend);

  return uri != NULL && strstr (uri, text) != NULL;
}

CharflowBackend *
test_socket_make_client (guint       port,
                         const char *more)
{
  g_autofree char *spec = g_strdup_printf ("socket,id=c,host=127.0.0.1,port=%u%s", port, more);

  return test_socket_make (spec);
}

void
test_result_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GAsyncResult **out = user_data;

  *out = g_object_ref (result);
}

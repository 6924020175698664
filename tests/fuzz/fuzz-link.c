/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "charflow-link-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* A peer that says the input, all at once, and ends: to the acceptor, and to the opener. What decrypts as a
 * ticket cannot be guessed, so the key's owner takes any: the rest of the way is reached by its error. */

#define MAX_FUZZ_INPUT 8192

static gboolean
find_channel (gpointer                   owner,
              const CharflowLinkRequest *request,
              CharflowCaps              *channel_caps,
              GError                   **error)
{
  if (request->channel_type != 0xff)
    return TRUE;

  g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE, "none");
  return FALSE;
}

static CharflowTicketKey *
get_key (gpointer owner,
         GError **error)
{
  static CharflowTicketKey *key;

  if (key == NULL)
    key = charflow_ticket_key_new (error);
  return key;
}

static gboolean
authenticate (gpointer    owner,
              const char *password,
              GError    **error)
{
  return TRUE;
}

static gboolean
admit (gpointer                   owner,
       const CharflowLinkRequest *request,
       GError                   **error)
{
  return TRUE;
}

static const CharflowLinkAcceptor acceptor = {
  .find_channel = find_channel,
  .get_key = get_key,
  .authenticate = authenticate,
  .admit = admit,
};

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **out = user_data;

  *out = g_object_ref (result);
}

static GIOStream *
new_stream (const guint8 *data,
            gsize         size,
            int          *peer)
{
  int fds[2];
  g_autoptr (GSocket) socket = NULL;

  g_assert (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
  g_assert (write (fds[0], data, size) == (gssize) size);
  shutdown (fds[0], SHUT_WR);
  *peer = fds[0];
  socket = g_socket_new_from_fd (fds[1], NULL);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const gboolean opens = size > 0 && (data[0] & 1) != 0;
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  CharflowLinkRequest request = { .channel_type = 1 };
  CharflowLinkAnswer answer;
  int peer;

  if (size == 0 || size > MAX_FUZZ_INPUT)
    return -1;

  stream = new_stream (data + 1, size - 1, &peer);
  charflow_link_init_common_caps (&request.common_caps);
  if (opens)
    charflow_link_open_async (stream, &request, "secret", 5000, NULL, result_cb, &result);
  else
    charflow_link_accept_async (stream, &acceptor, owner, 5000, NULL, result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (opens ? !charflow_link_open_finish (stream, result, &answer, &error)
            : !charflow_link_accept_finish (stream, result, &request, &error))
    g_assert (error != NULL);

  close (peer);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return 0;
}

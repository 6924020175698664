/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-peer-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "charflow-fd-source-private.h"
#include "charflow-socket-util-private.h"

/* A TCP peer that closes is reported by this and not by HUP. GLib hands it to poll() as it is. */
#define HANGUP ((GIOCondition) (POLLHUP | POLLERR | POLLRDHUP))

struct _CharflowSocketPeer
{
  GSocket *socket;
  GMainContext *context;
  CharflowSocketPeerGone gone;
  gpointer user_data;
  CharflowFdSources *sources;
  GSource *hangup_source; /* NULL while unread data is known to come before the end */
  gboolean write_failed; /* nothing can be written any more, but there is something to read */
};

static int
get_fd (CharflowSocketPeer *self)
{
  return g_socket_get_fd (self->socket);
}

static void
stop_watch (CharflowSocketPeer *self)
{
  if (self->hangup_source != NULL)
    g_source_destroy (self->hangup_source);
  g_clear_pointer (&self->hangup_source, g_source_unref);
}

/* The last thing a function may do with the peer, since it may be freed by this. */
static void
finish (CharflowSocketPeer *self)
{
  CharflowSocketPeerGone gone = g_steal_pointer (&self->gone);

  stop_watch (self);
  if (gone != NULL)
    gone (self->user_data);
}

static gboolean
has_unread_data (CharflowSocketPeer *self)
{
  char byte;

  return recv (get_fd (self), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The kernel reports the end at once, also before data that was sent earlier: whoever reads comes
 * to it. */
static gboolean
hangup_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  CharflowSocketPeer *self = user_data;

  if (has_unread_data (self))
    stop_watch (self);
  else
    finish (self);

  return G_SOURCE_REMOVE;
}

static void
watch_hangup (CharflowSocketPeer *self)
{
  if (self->hangup_source != NULL)
    return;

  self->hangup_source = g_unix_fd_source_new (get_fd (self), HANGUP);
  g_source_set_callback (self->hangup_source, G_SOURCE_FUNC (hangup_cb), self, NULL);
  g_source_attach (self->hangup_source, self->context);
}

CharflowSocketPeer *
charflow_socket_peer_new (GSocket               *socket,
                          GMainContext          *context,
                          CharflowSocketPeerGone gone,
                          gpointer               user_data)
{
  CharflowSocketPeer *self = g_new0 (CharflowSocketPeer, 1);

  self->socket = g_object_ref (socket);
  self->context = g_main_context_ref (context);
  self->gone = gone;
  self->user_data = user_data;
  self->sources = charflow_fd_sources_new ();
  watch_hangup (self);

  return self;
}

void
charflow_socket_peer_free (CharflowSocketPeer *self)
{
  stop_watch (self);
  charflow_fd_sources_free (self->sources);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_main_context_unref (self->context);
  g_free (self);
}

static void
set_system_error (GError    **error,
                  int         saved_errno,
                  const char *what)
{
  /* Translators: what was tried, and the error of the system. */
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), _("%s: %s"), what,
               g_strerror (saved_errno));
}

gssize
charflow_socket_peer_read (CharflowSocketPeer *self,
                           void               *buffer,
                           gsize               size,
                           GError            **error)
{
  int saved_errno;
  gssize len;

  do
    len = recv (get_fd (self), buffer, size, MSG_DONTWAIT);
  while (len < 0 && errno == EINTR);
  saved_errno = errno;

  if (len > 0)
    {
      watch_hangup (self);
      return len;
    }

  if (len < 0)
    set_system_error (error, saved_errno, _("Could not read from the socket"));
  if (len == 0 || saved_errno != EAGAIN)
    finish (self);

  return len;
}

gssize
charflow_socket_peer_write (CharflowSocketPeer *self,
                            const guint8       *data,
                            gsize               size,
                            GError            **error)
{
  gsize taken = 0;
  int saved_errno = self->write_failed ? EPIPE : 0;

  while (taken < size && saved_errno == 0)
    {
      gssize len = send (get_fd (self), data + taken, size - taken, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (len >= 0)
        taken += len;
      else if (errno != EINTR)
        saved_errno = errno;
    }

  /* What stopped it will stop the next call as well. */
  if (taken > 0)
    return (gssize) taken;

  set_system_error (error, saved_errno, _("Could not write to the socket"));
  if (saved_errno == EAGAIN)
    return -1;

  /* What the peer sent before it went is still to be read. */
  self->write_failed = TRUE;
  if (!has_unread_data (self))
    finish (self);

  return -1;
}

GSource *
charflow_socket_peer_create_source (CharflowSocketPeer *self,
                                    GIOCondition        condition)
{
  if (self->write_failed)
    condition &= ~G_IO_OUT;
  if ((condition & (G_IO_IN | G_IO_OUT)) == 0)
    return NULL;

  return charflow_fd_sources_create (self->sources, get_fd (self), condition);
}

char *
charflow_socket_peer_to_string (CharflowSocketPeer *self,
                                const char         *flags)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (self->socket, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_get_remote_address (self->socket, NULL);
  g_autofree char *local_text = local != NULL ? charflow_socket_address_to_string (local) : NULL;
  g_autofree char *remote_text = remote != NULL ? charflow_socket_address_to_string (remote) : NULL;
  gboolean inet = g_socket_get_family (self->socket) != G_SOCKET_FAMILY_UNIX;

  return g_strdup_printf ("%s%s%s <-> %s", inet ? "tcp:" : "",
                          local_text != NULL ? local_text : "?", flags,
                          remote_text != NULL ? remote_text : "?");
}

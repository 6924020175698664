/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-peer-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "charflow-fd-passing-private.h"
#include "charflow-fd-source-private.h"
#include "charflow-source-private.h"

/* A TCP peer that closes is reported by this and not by HUP. GLib hands it to poll() as it is. */
#define HANGUP ((GIOCondition) (POLLHUP | POLLERR | POLLRDHUP))

typedef struct
{
  CharflowPeer parent;
  GSocket *socket;
  int fd;
  GMainContext *context;
  CharflowPeerGone gone;
  gpointer user_data;
  CharflowFdSources *sources;
  GSource *hangup_source; /* NULL while unread data is known to come before the end */
  gboolean write_failed; /* nothing can be written any more, but there is something to read */
  CharflowFdPassing passing; /* of a UNIX socket */
} RawPeer;

/* The last thing a function may do with the peer, since it may be freed by this. */
static void
finish (RawPeer *self)
{
  CharflowPeerGone gone = g_steal_pointer (&self->gone);

  charflow_clear_source (&self->hangup_source);
  if (gone != NULL)
    gone (self->user_data);
}

static gboolean
has_unread_data (RawPeer *self)
{
  char byte;

  return recv (self->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The kernel reports the end at once, also before data that was sent earlier: whoever reads comes
 * to it. */
static gboolean
hangup_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  RawPeer *self = user_data;

  if (has_unread_data (self))
    charflow_clear_source (&self->hangup_source);
  else
    finish (self);

  return G_SOURCE_REMOVE;
}

static void
watch_hangup (RawPeer *self)
{
  if (self->hangup_source != NULL)
    return;

  self->hangup_source = g_unix_fd_source_new (self->fd, HANGUP);
  g_source_set_callback (self->hangup_source, G_SOURCE_FUNC (hangup_cb), self, NULL);
  g_source_attach (self->hangup_source, self->context);
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

/* What has come of @len bytes and errno. */
static gssize
end_read (RawPeer *self,
          gssize   len,
          GError **error)
{
  int saved_errno = errno;

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

static gssize
raw_peer_read (CharflowPeer *peer,
               void         *buffer,
               gsize         size,
               GError      **error)
{
  RawPeer *self = (RawPeer *) peer;
  gssize len;

  do
    len = recv (self->fd, buffer, size, MSG_DONTWAIT);
  while (len < 0 && errno == EINTR);

  return end_read (self, len, error);
}

static gssize
unix_peer_read (CharflowPeer *peer,
                void         *buffer,
                gsize         size,
                GError      **error)
{
  RawPeer *self = (RawPeer *) peer;
  gssize len;

  do
    len = charflow_fd_passing_receive (&self->passing, self->fd, buffer, size);
  while (len < 0 && errno == EINTR);

  return end_read (self, len, error);
}

static gssize
raw_peer_write (CharflowPeer *peer,
                const guint8 *data,
                gsize         size,
                GError      **error)
{
  RawPeer *self = (RawPeer *) peer;
  gsize taken = 0;
  int saved_errno = self->write_failed ? EPIPE : 0;

  while (taken < size && saved_errno == 0)
    {
      gssize len = charflow_fd_passing_send (&self->passing, self->fd, data + taken, size - taken);

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

static GSource *
raw_peer_create_source (CharflowPeer *peer,
                        GIOCondition  condition)
{
  RawPeer *self = (RawPeer *) peer;

  if (self->write_failed)
    condition &= ~G_IO_OUT;
  if ((condition & (G_IO_IN | G_IO_OUT)) == 0)
    return NULL;

  return charflow_fd_sources_create (self->sources, self->fd, condition);
}

static gboolean
unix_peer_queue_fds (CharflowPeer *peer,
                     GUnixFDList  *fds,
                     GError      **error)
{
  return charflow_fd_passing_queue (&((RawPeer *) peer)->passing, fds, error);
}

static GUnixFDList *
unix_peer_steal_fds (CharflowPeer *peer)
{
  return charflow_fd_passing_steal (&((RawPeer *) peer)->passing);
}

static void
raw_peer_free (CharflowPeer *peer)
{
  RawPeer *self = (RawPeer *) peer;

  charflow_clear_source (&self->hangup_source);
  charflow_fd_sources_free (self->sources);
  charflow_fd_passing_clear (&self->passing);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_main_context_unref (self->context);
  g_free (self);
}

static const CharflowPeerClass raw_peer_class = {
  .read = raw_peer_read,
  .write = raw_peer_write,
  .create_source = raw_peer_create_source,
  .free = raw_peer_free,
};

static const CharflowPeerClass unix_peer_class = {
  .read = unix_peer_read,
  .write = raw_peer_write,
  .create_source = raw_peer_create_source,
  .queue_fds = unix_peer_queue_fds,
  .steal_fds = unix_peer_steal_fds,
  .free = raw_peer_free,
};

CharflowPeer *
charflow_raw_peer_new (GSocket         *socket,
                       GMainContext    *context,
                       CharflowPeerGone gone,
                       gpointer         user_data)
{
  RawPeer *self = g_new0 (RawPeer, 1);
  gboolean is_unix = g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX;

  self->parent.klass = is_unix ? &unix_peer_class : &raw_peer_class;
  self->socket = g_object_ref (socket);
  self->fd = g_socket_get_fd (socket);
  self->context = g_main_context_ref (context);
  self->gone = gone;
  self->user_data = user_data;
  self->sources = charflow_fd_sources_new ();
  watch_hangup (self);

  return &self->parent;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/* The other side of a connection: reads and writes without blocking, and notices its end, but never before all that it
 * sent has been read. A kind of peer puts this struct first in its own. */
typedef struct _CharflowPeer CharflowPeer;

/* Called once, when the end has been reached. It is to free the peer. */
typedef void (*CharflowPeerGone) (gpointer user_data);

typedef struct
{
  /* As charflow_backend_read(), charflow_backend_write() and charflow_backend_create_source(). */
  gssize (*read) (CharflowPeer *self,
                  void         *buffer,
                  gsize         size,
                  GError      **error);
  gssize (*write) (CharflowPeer *self,
                   const guint8 *data,
                   gsize         size,
                   GError      **error);
  GSource *(*create_source) (CharflowPeer *self,
                             GIOCondition  condition);
  /* Of those that pass descriptors, and NULL for the others. */
  gboolean (*queue_fds) (CharflowPeer *self,
                         GUnixFDList  *fds,
                         GError      **error);
  GUnixFDList *(*steal_fds) (CharflowPeer *self);
  /* Ends the connection, and all sources that were made for it. */
  void (*free) (CharflowPeer *self);
} CharflowPeerClass;

struct _CharflowPeer
{
  const CharflowPeerClass *klass;
};

static inline void
charflow_peer_free (CharflowPeer *self)
{
  self->klass->free (self);
}

/* A stream socket as it is. One of the UNIX family passes descriptors. */
CharflowPeer *charflow_raw_peer_new (GSocket         *socket,
                                     GMainContext    *context,
                                     CharflowPeerGone gone,
                                     gpointer         user_data);

/* A stream with pollable halves that read and write whole pieces: a CharflowLayerStream. A piece is read ahead while nobody
 * reads, so that protocols go on and the end is noticed. */
CharflowPeer *charflow_stream_peer_new (GIOStream       *stream,
                                        GMainContext    *context,
                                        CharflowPeerGone gone,
                                        gpointer         user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowPeer, charflow_peer_free)

G_END_DECLS

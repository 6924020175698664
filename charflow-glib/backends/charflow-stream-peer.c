/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-peer-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-chunk-private.h"
#include "charflow-source-private.h"
#include "charflow-stream-util-private.h"

/* After whoever reads by themselves. */
#define AHEAD_PRIORITY (G_PRIORITY_DEFAULT + 10)
/* For so long the last words may take. */
#define CLOSE_MS 1000

typedef struct
{
  CharflowPeer parent;
  GIOStream *stream;
  GPollableInputStream *input; /* the stream's own */
  GPollableOutputStream *output;
  GMainContext *context;
  CharflowPeerGone gone;
  gpointer user_data;
  GQueue sources; /* of PeerSource, none owned: each leaves when it is finalized */
  GSource *ahead_source; /* NULL while a piece is held */
  guint8 *piece; /* a chunk that was read and not taken yet, or NULL */
  gsize piece_begin;
  gsize piece_end;
  gboolean write_failed; /* nothing can be written any more, but there is something to read */
  gboolean is_dead;
} StreamPeer;

typedef struct
{
  GSource parent;
  StreamPeer *peer; /* NULL once that is gone */
  gboolean wants_input;
  GList link;
} PeerSource;

static void
stream_peer_clear (gpointer data)
{
  StreamPeer *self = data;

  charflow_chunk_free (self->piece);
  g_object_unref (self->stream);
  g_main_context_unref (self->context);
}

static void
stream_peer_unref (StreamPeer *self)
{
  g_rc_box_release_full (self, stream_peer_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StreamPeer, stream_peer_unref)

/* The last thing a function may do with the peer, unless it holds a reference. */
static void
finish (StreamPeer *self)
{
  CharflowPeerGone gone = g_steal_pointer (&self->gone);

  charflow_clear_source (&self->ahead_source);
  if (gone != NULL)
    gone (self->user_data);
}

static void watch_ahead (StreamPeer *self);

/* Reads from the stream, whose protocol may call anybody meanwhile. What came after the peer's death is nobody's. */
static gssize
read_stream (StreamPeer *self,
             guint8     *buffer,
             gsize       size,
             GError    **error)
{
  g_autoptr (GError) local_error = NULL;
  gssize len = g_pollable_input_stream_read_nonblocking (self->input, buffer, size, NULL, &local_error);

  if (self->is_dead)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _("The connection was closed"));
      return -1;
    }

  if (len > 0)
    return len;

  if (local_error == NULL || !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    finish (self);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));

  return len;
}

/* Whether there is a piece now. */
static gboolean
hold_piece (StreamPeer *self,
            gssize     *len,
            GError    **error)
{
  guint8 *chunk = charflow_chunk_new ();

  *len = read_stream (self, chunk, CHARFLOW_CHUNK_SIZE, error);
  if (*len <= 0)
    {
      charflow_chunk_free (chunk);
      return FALSE;
    }

  self->piece = chunk;
  self->piece_begin = 0;
  self->piece_end = (gsize) *len;
  charflow_clear_source (&self->ahead_source);
  return TRUE;
}

static gboolean
ahead_cb (GObject *input,
          gpointer user_data)
{
  g_autoptr (StreamPeer) self = g_rc_box_acquire ((StreamPeer *) user_data);
  gssize len;

  hold_piece (self, &len, NULL);
  return G_SOURCE_CONTINUE;
}

static void
watch_ahead (StreamPeer *self)
{
  if (self->ahead_source != NULL)
    return;

  self->ahead_source = g_pollable_input_stream_create_source (self->input, NULL);
  g_source_set_static_name (self->ahead_source, "Charflow peer");
  g_source_set_priority (self->ahead_source, AHEAD_PRIORITY);
  g_source_set_callback (self->ahead_source, G_SOURCE_FUNC (ahead_cb), self, NULL);
  g_source_attach (self->ahead_source, self->context);
}

static gssize
take_from_piece (StreamPeer *self,
                 void       *buffer,
                 gsize       size)
{
  gsize len = MIN (size, self->piece_end - self->piece_begin);

  memcpy (buffer, self->piece + self->piece_begin, len);
  self->piece_begin += len;
  if (self->piece_begin == self->piece_end)
    {
      charflow_chunk_free (g_steal_pointer (&self->piece));
      watch_ahead (self);
    }

  return (gssize) len;
}

static gssize
stream_peer_read (CharflowPeer *peer,
                  void         *buffer,
                  gsize         size,
                  GError      **error)
{
  g_autoptr (StreamPeer) self = g_rc_box_acquire ((StreamPeer *) peer);
  gssize len;

  /* A record is to be read whole. */
  if (self->piece == NULL && size >= CHARFLOW_CHUNK_SIZE)
    return read_stream (self, buffer, size, error);
  if (self->piece == NULL && !hold_piece (self, &len, error))
    return len;

  return take_from_piece (self, buffer, size);
}

/* TLS takes a record at a time. What stops it after a part was taken will stop the next call as well. */
static gssize
write_stream (StreamPeer   *self,
              const guint8 *data,
              gsize         size,
              GError      **error)
{
  gsize taken = 0;

  while (taken < size)
    {
      gssize len = g_pollable_output_stream_write_nonblocking (self->output, data + taken, size - taken, NULL,
                                                               taken == 0 ? error : NULL);

      if (len <= 0 && taken == 0)
        return len;
      if (len <= 0)
        break;
      taken += len;
    }

  return (gssize) taken;
}

static gssize
stream_peer_write (CharflowPeer *peer,
                   const guint8 *data,
                   gsize         size,
                   GError      **error)
{
  g_autoptr (StreamPeer) self = g_rc_box_acquire ((StreamPeer *) peer);
  g_autoptr (GError) local_error = NULL;
  gssize len = -1;

  if (self->write_failed)
    g_set_error_literal (&local_error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, _("The peer does not read any more"));
  else
    len = write_stream (self, data, size, &local_error);

  if (len < 0 && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      /* What the peer sent before it went is still to be read. */
      self->write_failed = TRUE;
      if (self->piece == NULL && !hold_piece (self, &len, NULL))
        finish (self);
      len = -1;
    }

  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return len;
}

static gboolean
has_piece (PeerSource *self)
{
  return self->wants_input && self->peer != NULL && self->peer->piece != NULL;
}

static gboolean
peer_source_prepare (GSource *source,
                     int     *timeout_ms)
{
  *timeout_ms = -1;
  return has_piece ((PeerSource *) source);
}

static gboolean
peer_source_check (GSource *source)
{
  return has_piece ((PeerSource *) source);
}

static gboolean
peer_source_dispatch (GSource    *source,
                      GSourceFunc callback,
                      gpointer    user_data)
{
  return callback == NULL ? G_SOURCE_REMOVE : callback (user_data);
}

static void
peer_source_leave (PeerSource *self)
{
  if (self->peer != NULL)
    g_queue_unlink (&self->peer->sources, &self->link);
  self->peer = NULL;
}

static void
peer_source_finalize (GSource *source)
{
  peer_source_leave ((PeerSource *) source);
}

static GSourceFuncs peer_source_funcs = {
  .prepare = peer_source_prepare,
  .check = peer_source_check,
  .dispatch = peer_source_dispatch,
  .finalize = peer_source_finalize,
};

static void
add_child (GSource *source,
           GSource *child)
{
  g_source_set_dummy_callback (child);
  g_source_add_child_source (source, child);
  g_source_unref (child);
}

static GSource *
stream_peer_create_source (CharflowPeer *peer,
                           GIOCondition  condition)
{
  StreamPeer *self = (StreamPeer *) peer;
  GSource *source;
  PeerSource *peer_source;

  if (self->write_failed)
    condition &= ~G_IO_OUT;
  if ((condition & (G_IO_IN | G_IO_OUT)) == 0)
    return NULL;

  source = g_source_new (&peer_source_funcs, sizeof (PeerSource));
  g_source_set_static_name (source, "Charflow peer");
  peer_source = (PeerSource *) source;
  peer_source->peer = self;
  peer_source->wants_input = (condition & G_IO_IN) != 0;
  peer_source->link.data = peer_source;
  g_queue_push_head_link (&self->sources, &peer_source->link);

  if ((condition & G_IO_IN) != 0)
    add_child (source, g_pollable_input_stream_create_source (self->input, NULL));
  if ((condition & G_IO_OUT) != 0)
    add_child (source, g_pollable_output_stream_create_source (self->output, NULL));

  return source;
}

static void
destroy_sources (StreamPeer *self)
{
  while (self->sources.head != NULL)
    {
      PeerSource *peer_source = self->sources.head->data;
      g_autoptr (GSource) source = g_source_ref (&peer_source->parent);

      /* Left first: what the destruction frees may create or free other sources. */
      peer_source_leave (peer_source);
      g_source_destroy (source);
    }
}

static void
closed_cb (GObject      *stream,
           GAsyncResult *result,
           gpointer      deadline)
{
  g_io_stream_close_finish (G_IO_STREAM (stream), result, NULL);
  charflow_deadline_free (deadline);
}

static void
stream_peer_free (CharflowPeer *peer)
{
  g_autoptr (StreamPeer) self = (StreamPeer *) peer;
  CharflowDeadline *deadline;

  self->is_dead = TRUE;
  self->gone = NULL;
  charflow_clear_source (&self->ahead_source);
  destroy_sources (self);

  /* TLS has last words that may have to wait. */
  g_main_context_push_thread_default (self->context);
  deadline = charflow_deadline_new (CLOSE_MS, NULL);
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, charflow_deadline_get_cancellable (deadline), closed_cb, deadline);
  g_main_context_pop_thread_default (self->context);
}

static const CharflowPeerClass stream_peer_class = {
  .read = stream_peer_read,
  .write = stream_peer_write,
  .create_source = stream_peer_create_source,
  .free = stream_peer_free,
};

CharflowPeer *
charflow_stream_peer_new (GIOStream       *stream,
                          GMainContext    *context,
                          CharflowPeerGone gone,
                          gpointer         user_data)
{
  StreamPeer *self = g_rc_box_new0 (StreamPeer);

  self->parent.klass = &stream_peer_class;
  self->stream = g_object_ref (stream);
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  self->context = g_main_context_ref (context);
  self->gone = gone;
  self->user_data = user_data;
  g_queue_init (&self->sources);
  watch_ahead (self);

  return &self->parent;
}

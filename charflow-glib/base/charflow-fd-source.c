/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-fd-source-private.h"

struct _CharflowFdSources
{
  GQueue live; /* of FdSource, none owned: each leaves when it is finalized */
  gboolean is_readable; /* there is more than the descriptor has */
};

typedef struct
{
  GSource source;
  gpointer tags[2]; /* the second one is NULL where there is one descriptor */
  gboolean reads; /* it waits for input */
  CharflowFdSources *owner; /* NULL once the descriptor is gone */
  GList link;
} FdSource;

static gboolean
fd_source_prepare (GSource *source,
                   int     *timeout_ms)
{
  *timeout_ms = -1;
  return FALSE;
}

static gboolean
fd_source_check (GSource *source)
{
  FdSource *self = (FdSource *) source;

  return g_source_query_unix_fd (source, self->tags[0]) != 0 ||
         (self->tags[1] != NULL && g_source_query_unix_fd (source, self->tags[1]) != 0);
}

static gboolean
fd_source_dispatch (GSource    *source,
                    GSourceFunc callback,
                    gpointer    user_data)
{
  if (callback == NULL)
    return G_SOURCE_REMOVE;

  return callback (user_data);
}

static void
fd_source_leave (FdSource *self)
{
  if (self->owner == NULL)
    return;

  g_queue_unlink (&self->owner->live, &self->link);
  self->owner = NULL;
}

static void
fd_source_finalize (GSource *source)
{
  fd_source_leave ((FdSource *) source);
}

static GSourceFuncs fd_source_funcs = {
  .prepare = fd_source_prepare,
  .check = fd_source_check,
  .dispatch = fd_source_dispatch,
  .finalize = fd_source_finalize,
};

/* Ready at every turn, or by its descriptors only. */
static void
fd_source_set_readable (FdSource *self,
                        gboolean  readable)
{
  if (self->reads)
    g_source_set_ready_time (&self->source, readable ? 0 : -1);
}

CharflowFdSources *
charflow_fd_sources_new (void)
{
  CharflowFdSources *self = g_new0 (CharflowFdSources, 1);

  g_queue_init (&self->live);

  return self;
}

void
charflow_fd_sources_free (CharflowFdSources *self)
{
  charflow_fd_sources_destroy (self);
  g_free (self);
}

GSource *
charflow_fd_sources_create (CharflowFdSources *self,
                            int                fd,
                            GIOCondition       condition)
{
  GSource *source = g_source_new (&fd_source_funcs, sizeof (FdSource));
  FdSource *fd_source = (FdSource *) source;

  g_source_set_static_name (source, "Charflow descriptor");
  /* A source that may not recurse is taken out of the poll for each dispatch and put back, and each of that
   * wakes the context by a write to itself. Who reads here guards against recursion already. */
  g_source_set_can_recurse (source, TRUE);
  fd_source->tags[0] = g_source_add_unix_fd (source, fd, condition | G_IO_HUP | G_IO_ERR);
  fd_source->reads = (condition & G_IO_IN) != 0;
  if (self->is_readable)
    fd_source_set_readable (fd_source, TRUE);
  fd_source->owner = self;
  fd_source->link.data = fd_source;
  g_queue_push_head_link (&self->live, &fd_source->link);

  return source;
}

GSource *
charflow_fd_sources_create_pair (CharflowFdSources *self,
                                 int                in_fd,
                                 int                out_fd,
                                 GIOCondition       condition)
{
  gboolean in = in_fd >= 0 && (condition & G_IO_IN) != 0;
  gboolean out = out_fd >= 0 && (condition & G_IO_OUT) != 0;
  GSource *source;

  if (in && out && in_fd == out_fd)
    return charflow_fd_sources_create (self, in_fd, G_IO_IN | G_IO_OUT);
  if (!in)
    return out ? charflow_fd_sources_create (self, out_fd, G_IO_OUT) : NULL;

  source = charflow_fd_sources_create (self, in_fd, G_IO_IN);
  if (out)
    ((FdSource *) source)->tags[1] = g_source_add_unix_fd (source, out_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR);

  return source;
}

void
charflow_fd_sources_set_readable (CharflowFdSources *self,
                                  gboolean           readable)
{
  if (self->is_readable == readable)
    return;

  self->is_readable = readable;
  for (GList *link = self->live.head; link != NULL; link = link->next)
    fd_source_set_readable (link->data, readable);
}

void
charflow_fd_sources_destroy (CharflowFdSources *self)
{
  while (self->live.head != NULL)
    {
      FdSource *fd_source = self->live.head->data;
      g_autoptr (GSource) source = g_source_ref (&fd_source->source);

      /* Left first: what the destruction frees may create or free other sources. */
      fd_source_leave (fd_source);
      g_source_destroy (source);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-fd-source-private.h"

struct _CharflowFdSources
{
  GQueue live; /* of FdSource, none owned: each leaves when it is finalized */
  GIOCondition ready;
};

typedef struct
{
  GSource source;
  GIOCondition condition;
  gpointer tags[2]; /* NULL where there is no descriptor */
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

  for (gsize i = 0; i < G_N_ELEMENTS (self->tags); i++)
    {
      if (self->tags[i] != NULL && g_source_query_unix_fd (source, self->tags[i]) != 0)
        return TRUE;
    }

  return FALSE;
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

/* A source is ready at a time that has passed, and until it is given no time any more. */
static void
fd_source_update_ready (FdSource *self)
{
  GIOCondition ready = self->condition & self->owner->ready;

  g_source_set_ready_time (&self->source, ready != 0 ? 0 : -1);
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
  if (fd >= 0)
    fd_source->tags[0] = g_source_add_unix_fd (source, fd, condition | G_IO_HUP | G_IO_ERR);
  fd_source->condition = condition;
  fd_source->owner = self;
  fd_source->link.data = fd_source;
  g_queue_push_head_link (&self->live, &fd_source->link);
  fd_source_update_ready (fd_source);

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
  FdSource *fd_source;

  if (in && out && in_fd == out_fd)
    return charflow_fd_sources_create (self, in_fd, G_IO_IN | G_IO_OUT);
  if (!in)
    return out ? charflow_fd_sources_create (self, out_fd, G_IO_OUT) : NULL;

  source = charflow_fd_sources_create (self, in_fd, G_IO_IN);
  if (!out)
    return source;

  fd_source = (FdSource *) source;
  fd_source->tags[1] = g_source_add_unix_fd (source, out_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR);
  fd_source->condition |= G_IO_OUT;
  fd_source_update_ready (fd_source);

  return source;
}

void
charflow_fd_sources_set_ready (CharflowFdSources *self,
                               GIOCondition       ready)
{
  if (self->ready == ready)
    return;

  self->ready = ready;
  for (GList *link = self->live.head; link != NULL; link = link->next)
    fd_source_update_ready (link->data);
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

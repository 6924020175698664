/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-watch-private.h"

#include <errno.h>
#include <unistd.h>

#ifdef HAVE_SYS_EPOLL_H
#include <sys/epoll.h>
#endif

#include <glib-unix.h>

#include "charflow-source-private.h"

/* So many descriptors are looked after at once; the others are next. */
#define MAX_EVENTS 64

#ifdef HAVE_SYS_EPOLL_H

/* One round of callbacks. Rounds are nested when a callback runs the context; a watch that is freed leaves all of them. */
typedef struct _Round
{
  struct epoll_event events[MAX_EVENTS];
  int n_events;
  struct _Round *outer;
} Round;

/* The watches of one context. */
typedef struct
{
  guint n_watches;
  GMainContext *context;
  int fd;
  GSource *source;
  Round *round;
} Hub;

static GMutex hubs_lock;
static GHashTable *hubs; /* GMainContext to Hub; each is there as long as it has watches */

#else

typedef struct Hub Hub;

#endif

struct _CharflowWatch
{
  GMainContext *context;
  int fd;
  CharflowWatchFunc callback;
  gpointer user_data;
  GIOCondition wanted;
  Hub *hub; /* NULL where there is none: then it has a source of its own */
  gboolean is_known; /* to the hub's epoll */
  GSource *source;
};

static gboolean
own_source_cb (int          fd,
               GIOCondition condition,
               gpointer     user_data)
{
  CharflowWatch *self = user_data;

  self->callback (condition, self->user_data);
  return G_SOURCE_CONTINUE;
}

static void
want_by_own_source (CharflowWatch *self)
{
  charflow_clear_source (&self->source);
  if (self->wanted == 0)
    return;

  self->source = g_unix_fd_source_new (self->fd, self->wanted | G_IO_HUP | G_IO_ERR);
  g_source_set_can_recurse (self->source, TRUE);
  g_source_set_callback (self->source, G_SOURCE_FUNC (own_source_cb), self, NULL);
  g_source_attach (self->source, self->context);
}

#ifdef HAVE_SYS_EPOLL_H

static GIOCondition
to_condition (guint32 events)
{
  return (events & EPOLLIN ? G_IO_IN : 0) | (events & EPOLLOUT ? G_IO_OUT : 0) |
         (events & EPOLLHUP ? G_IO_HUP : 0) | (events & EPOLLERR ? G_IO_ERR : 0);
}

static gboolean
hub_cb (int          fd,
        GIOCondition unused,
        gpointer     user_data)
{
  Hub *hub = user_data;
  Round round;

  round.n_events = epoll_wait (fd, round.events, MAX_EVENTS, 0);
  round.outer = hub->round;
  hub->round = &round;
  for (int i = 0; i < round.n_events; i++)
    {
      CharflowWatch *watch = round.events[i].data.ptr;
      GIOCondition condition;

      if (watch == NULL)
        continue;

      /* A callback before it may have changed what is wanted. */
      condition = to_condition (round.events[i].events) & (watch->wanted | G_IO_HUP | G_IO_ERR);
      if (condition != 0 && watch->wanted != 0)
        watch->callback (condition, watch->user_data);
      /* With its last watch, the hub goes as well. */
      if (round.n_events < 0)
        return G_SOURCE_REMOVE;
    }
  hub->round = round.outer;

  return G_SOURCE_CONTINUE;
}

static Hub *
hub_new (GMainContext *context)
{
  Hub *hub;
  int fd = epoll_create1 (EPOLL_CLOEXEC);

  if (fd < 0)
    return NULL;

  hub = g_new0 (Hub, 1);
  hub->context = g_main_context_ref (context);
  hub->fd = fd;
  hub->source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_static_name (hub->source, "Charflow watches");
  /* Else it would be taken out of the poll for each dispatch and put back, and each of that wakes the context by a write
   * to itself. A callback that runs the context finds its watch as it left it. */
  g_source_set_can_recurse (hub->source, TRUE);
  g_source_set_callback (hub->source, G_SOURCE_FUNC (hub_cb), hub, NULL);
  g_source_attach (hub->source, context);

  return hub;
}

static Hub *
hub_take (GMainContext *context)
{
  Hub *hub;

  g_mutex_lock (&hubs_lock);
  if (hubs == NULL)
    hubs = g_hash_table_new (NULL, NULL);
  hub = g_hash_table_lookup (hubs, context);
  if (hub == NULL && (hub = hub_new (context)) != NULL)
    g_hash_table_insert (hubs, context, hub);
  if (hub != NULL)
    hub->n_watches++;
  g_mutex_unlock (&hubs_lock);

  return hub;
}

static void
hub_release (Hub *hub)
{
  g_mutex_lock (&hubs_lock);
  if (--hub->n_watches > 0)
    {
      g_mutex_unlock (&hubs_lock);
      return;
    }
  g_hash_table_remove (hubs, hub->context);
  if (g_hash_table_size (hubs) == 0)
    g_clear_pointer (&hubs, g_hash_table_unref);
  g_mutex_unlock (&hubs_lock);

  for (Round *round = hub->round; round != NULL; round = round->outer)
    round->n_events = -1;
  charflow_clear_source (&hub->source);
  close (hub->fd);
  g_main_context_unref (hub->context);
  g_free (hub);
}

static void
leave_rounds (CharflowWatch *self)
{
  for (Round *round = self->hub->round; round != NULL; round = round->outer)
    for (int i = 0; i < round->n_events; i++)
      if (round->events[i].data.ptr == self)
        round->events[i].data.ptr = NULL;
}

static void
forget (CharflowWatch *self)
{
  if (self->is_known)
    epoll_ctl (self->hub->fd, EPOLL_CTL_DEL, self->fd, NULL);
  self->is_known = FALSE;
}

/* A descriptor that nothing is wanted of is not to be known: its hang-up would be told for ever. */
static gboolean
want_by_hub (CharflowWatch *self)
{
  struct epoll_event event = {
    .events = (self->wanted & G_IO_IN ? EPOLLIN : 0) | (self->wanted & G_IO_OUT ? EPOLLOUT : 0),
    .data.ptr = self,
  };

  if (self->wanted == 0)
    {
      forget (self);
      return TRUE;
    }

  if (epoll_ctl (self->hub->fd, self->is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, self->fd, &event) < 0)
    return FALSE;
  self->is_known = TRUE;
  return TRUE;
}

static void
leave_hub (CharflowWatch *self)
{
  forget (self);
  leave_rounds (self);
  hub_release (g_steal_pointer (&self->hub));
}

#else

static Hub *
hub_take (GMainContext *context)
{
  return NULL;
}

static gboolean
want_by_hub (CharflowWatch *self)
{
  return FALSE;
}

static void
leave_hub (CharflowWatch *self)
{
}

#endif

CharflowWatch *
charflow_watch_new (GMainContext     *context,
                    int               fd,
                    CharflowWatchFunc callback,
                    gpointer          user_data)
{
  CharflowWatch *self = g_new0 (CharflowWatch, 1);

  self->context = g_main_context_ref (context);
  self->fd = fd;
  self->callback = callback;
  self->user_data = user_data;
  self->hub = hub_take (context);

  return self;
}

void
charflow_watch_free (CharflowWatch *self)
{
  if (self->hub != NULL)
    leave_hub (self);
  charflow_clear_source (&self->source);
  g_main_context_unref (self->context);
  g_free (self);
}

void
charflow_watch_want (CharflowWatch *self,
                     GIOCondition   condition)
{
  if (self->wanted == condition)
    return;

  self->wanted = condition;
  if (self->hub != NULL && want_by_hub (self))
    return;

  /* The system has no room for more, or knows no such thing. */
  if (self->hub != NULL)
    leave_hub (self);
  want_by_own_source (self);
}

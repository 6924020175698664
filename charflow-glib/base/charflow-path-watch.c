/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-path-watch-private.h"

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <glib-unix.h>

#include "charflow-source-private.h"

/* A device node is made first, and its permissions are set later. */
#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)

struct _CharflowPathWatch
{
  char *name; /* in its folder */
  int inotify; /* or -1 */
  GSource *inotify_source;
  GSource *timer;
  CharflowPathWatchFunc callback;
  gpointer user_data;
};

static gboolean
timer_cb (gpointer user_data)
{
  CharflowPathWatch *self = user_data;

  self->callback (self->user_data);

  return G_SOURCE_CONTINUE;
}

static gboolean
concerns (CharflowPathWatch          *self,
          const struct inotify_event *event)
{
  /* When there were too many, nobody knows what they were. */
  return (event->mask & IN_Q_OVERFLOW) != 0 || (event->len > 0 && strcmp (event->name, self->name) == 0);
}

static gboolean
inotify_cb (int          fd,
            GIOCondition condition,
            gpointer     user_data)
{
  CharflowPathWatch *self = user_data;
  alignas (struct inotify_event) char buffer[16 * (sizeof (struct inotify_event) + NAME_MAX + 1)];
  gboolean is_concerned = FALSE;
  gssize len = read (fd, buffer, sizeof buffer);

  for (gssize at = 0; at < len;)
    {
      const struct inotify_event *event = (const struct inotify_event *) (buffer + at);

      is_concerned = is_concerned || concerns (self, event);
      at += sizeof *event + event->len;
    }

  if (is_concerned)
    self->callback (self->user_data);

  return G_SOURCE_CONTINUE;
}

static void
watch_folder (CharflowPathWatch *self,
              GMainContext      *context,
              const char        *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  self->inotify = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->inotify < 0 || inotify_add_watch (self->inotify, folder, EVENTS) < 0)
    {
      g_debug ("Looking for '%s' by timer only: %s", path, g_strerror (errno));
      return;
    }

  self->inotify_source = g_unix_fd_source_new (self->inotify, G_IO_IN);
  g_source_set_callback (self->inotify_source, G_SOURCE_FUNC (inotify_cb), self, NULL);
  g_source_attach (self->inotify_source, context);
}

CharflowPathWatch *
charflow_path_watch_new (GMainContext         *context,
                         const char           *path,
                         guint                 interval_s,
                         CharflowPathWatchFunc callback,
                         gpointer              user_data)
{
  CharflowPathWatch *self = g_new0 (CharflowPathWatch, 1);

  self->name = g_path_get_basename (path);
  self->callback = callback;
  self->user_data = user_data;
  watch_folder (self, context, path);

  self->timer = g_timeout_source_new_seconds (interval_s);
  g_source_set_callback (self->timer, timer_cb, self, NULL);
  g_source_attach (self->timer, context);

  return self;
}

void
charflow_path_watch_free (CharflowPathWatch *self)
{
  charflow_clear_source (&self->inotify_source);
  charflow_clear_source (&self->timer);
  if (self->inotify >= 0)
    close (self->inotify);
  g_free (self->name);
  g_free (self);
}

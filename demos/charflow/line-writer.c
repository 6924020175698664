/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "line-writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

/* What ends the thread; no line begins like this. */
#define THE_END ""

struct _LineWriter
{
  GThread *thread;
  GAsyncQueue *lines; /* char *, to the thread */
  GAsyncQueue *results; /* from it, one for each line: an errno, increased by 1 because NULL cannot be sent */
  gboolean is_writing;
};

/* What the thread has of its own, for it may outlive the writer. */
typedef struct
{
  GAsyncQueue *lines;
  GAsyncQueue *results;
} Channel;

/* Others may have made it non-blocking: it is theirs, too. */
static void
await_room (void)
{
  struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

  poll (&output, 1, -1);
}

/* Returns 0 or the errno. */
static int
write_all (const char *text)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      gssize n = write (STDOUT_FILENO, text, left);

      if (n >= 0)
        {
          text += n;
          left -= n;
        }
      else if (errno == EAGAIN)
        {
          await_room ();
        }
      else if (errno != EINTR)
        {
          return errno;
        }
    }

  return 0;
}

static gpointer
write_lines (gpointer user_data)
{
  g_autofree Channel *channel = user_data;
  gboolean goes_on = TRUE;

  while (goes_on)
    {
      g_autofree char *text = g_async_queue_pop (channel->lines);

      goes_on = !g_str_equal (text, THE_END);
      if (goes_on)
        g_async_queue_push (channel->results, GINT_TO_POINTER (write_all (text) + 1));
    }

  g_async_queue_unref (channel->lines);
  g_async_queue_unref (channel->results);

  return NULL;
}

LineWriter *
line_writer_new (void)
{
  LineWriter *writer = g_new0 (LineWriter, 1);
  Channel *channel = g_new (Channel, 1);

  writer->lines = g_async_queue_new_full (g_free);
  writer->results = g_async_queue_new ();
  channel->lines = g_async_queue_ref (writer->lines);
  channel->results = g_async_queue_ref (writer->results);
  writer->thread = g_thread_new ("stdout", write_lines, channel);

  return writer;
}

void
line_writer_free (LineWriter *writer)
{
  g_async_queue_push (writer->lines, g_strdup (THE_END));
  if (writer->is_writing)
    g_thread_unref (writer->thread);
  else
    g_thread_join (writer->thread);

  g_async_queue_unref (writer->lines);
  g_async_queue_unref (writer->results);
  g_free (writer);
}

gboolean
line_writer_wait (LineWriter *writer,
                  guint64     timeout_us,
                  GError    **error)
{
  gpointer result;
  int saved_errno;

  if (!writer->is_writing)
    return TRUE;

  result = g_async_queue_timeout_pop (writer->results, timeout_us);
  if (result == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Nobody reads it"));
      return FALSE;
    }

  writer->is_writing = FALSE;
  saved_errno = GPOINTER_TO_INT (result) - 1;
  if (saved_errno == 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), g_strerror (saved_errno));
  return FALSE;
}

void
line_writer_write (LineWriter *writer,
                   char       *text)
{
  g_return_if_fail (!writer->is_writing);

  writer->is_writing = TRUE;
  g_async_queue_push (writer->lines, text);
}

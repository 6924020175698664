/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#define BUFFER_SIZE (64 * 1024)

/* One direction, and what is on its way there. */
typedef struct
{
  guint8 data[BUFFER_SIZE];
  gsize start;
  gsize end;
  GSource *read_source;
  GSource *write_source;
} Flow;

struct _Pump
{
  CharflowClientPortChannel *port;
  GPollableInputStream *port_input;
  GPollableOutputStream *port_output;
  PumpSettings settings;
  PumpEndFunc end;
  gpointer user_data;

  int output_fd; /* our own, not blocking; or standard output itself */
  gsize output_piece; /* what a write takes without blocking */
  GSource *output_gone_source;

  Flow up; /* standard input to the port */
  Flow down; /* the port to standard output */

  gboolean is_over; /* the end was told */
  gboolean input_ended;
  gboolean output_ended; /* nothing more comes from the port */
  gboolean was_open;
  gboolean has_lingered;
  gboolean is_session_over;
  guint linger_id;
};

static void update (Pump *pump);

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Each source is made for one readiness and goes with it. */
static void
take_source (GSource   **place,
             GSource    *source,
             GSourceFunc callback,
             Pump       *pump)
{
  g_source_set_callback (source, callback, pump, NULL);
  g_source_attach (source, NULL);
  *place = source;
}

static void
clear_sources (Pump *pump)
{
  clear_source (&pump->up.read_source);
  clear_source (&pump->up.write_source);
  clear_source (&pump->down.read_source);
  clear_source (&pump->down.write_source);
  clear_source (&pump->output_gone_source);
  g_clear_handle_id (&pump->linger_id, g_source_remove);
}

static void
tell_end (Pump         *pump,
          PumpEnd       end,
          const GError *error)
{
  if (pump->is_over)
    return;

  pump->is_over = TRUE;
  clear_sources (pump);
  pump->end (end, error, pump->user_data);
}

static void
tell_errno (Pump       *pump,
            const char *format)
{
  int saved_errno = errno;
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, g_io_error_from_errno (saved_errno),
                                          "%s: %s", format, g_strerror (saved_errno));

  tell_end (pump, PUMP_END_FAILED, error);
}

static gboolean
is_empty (const Flow *flow)
{
  return flow->start == flow->end;
}

static gsize
get_room (Flow *flow)
{
  if (flow->start > 0)
    {
      memmove (flow->data, flow->data + flow->start, flow->end - flow->start);
      flow->end -= flow->start;
      flow->start = 0;
    }

  return BUFFER_SIZE - flow->end;
}

static gboolean
is_port_open (Pump *pump)
{
  return charflow_client_port_channel_get_port_opened (pump->port);
}

static gboolean
is_errno_temporary (void)
{
  return errno == EAGAIN || errno == EINTR;
}

static gboolean
linger_over_cb (gpointer user_data)
{
  Pump *pump = user_data;

  pump->linger_id = 0;
  pump->has_lingered = TRUE;
  pump->end (PUMP_END_INPUT, NULL, pump->user_data);

  return G_SOURCE_REMOVE;
}

/* The quiet begins anew with all that comes from the port, and while standard output is slow there
 * is none. */
static void
update_linger (Pump    *pump,
               gboolean has_moved)
{
  gboolean is_wanted = pump->input_ended && !pump->has_lingered &&
                       is_empty (&pump->up) && is_empty (&pump->down);

  if (pump->linger_id != 0 && is_wanted && !has_moved)
    return;

  g_clear_handle_id (&pump->linger_id, g_source_remove);
  if (is_wanted)
    pump->linger_id = g_timeout_add (pump->settings.linger_ms, linger_over_cb, pump);
}

/* From standard input. */

/* What stands before the escape character still goes out; nothing behind it does. */
static gboolean
has_escape (Pump  *pump,
            gssize n)
{
  const guint8 *begin = pump->up.data + pump->up.end;
  const guint8 *found;

  if (pump->settings.escape < 0)
    return FALSE;

  found = memchr (begin, pump->settings.escape, n);
  if (found == NULL)
    return FALSE;

  pump->up.end += found - begin;
  return TRUE;
}

static void
write_to_port (Pump *pump)
{
  g_autoptr (GError) error = NULL;
  Flow *flow = &pump->up;
  gssize n;

  if (is_empty (flow) || !is_port_open (pump) || pump->output_ended)
    return;

  n = g_pollable_output_stream_write_nonblocking (pump->port_output, flow->data + flow->start,
                                                  flow->end - flow->start, NULL, &error);
  if (n >= 0)
    flow->start += n;
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    tell_end (pump, PUMP_END_FAILED, error);
}

static void
read_input (Pump *pump)
{
  Flow *flow = &pump->up;
  gsize room = get_room (flow);
  gssize n = read (STDIN_FILENO, flow->data + flow->end, room);

  if (n < 0 && is_errno_temporary ())
    return;

  /* A terminal that was hung up answers EIO. */
  if (n <= 0 && pump->settings.is_terminal)
    {
      tell_end (pump, PUMP_END_ESCAPE, NULL);
      return;
    }

  if (n < 0)
    {
      tell_errno (pump, _("Could not read standard input"));
      return;
    }

  if (n == 0)
    {
      pump->input_ended = TRUE;
      return;
    }

  if (has_escape (pump, n))
    {
      write_to_port (pump);
      tell_end (pump, PUMP_END_ESCAPE, NULL);
      return;
    }

  flow->end += n;
  write_to_port (pump);
}

static gboolean
input_ready_cb (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  Pump *pump = user_data;

  clear_source (&pump->up.read_source);
  read_input (pump);
  update (pump);

  return G_SOURCE_REMOVE;
}

static gboolean
port_writable_cb (GObject *stream,
                  gpointer user_data)
{
  Pump *pump = user_data;

  clear_source (&pump->up.write_source);
  write_to_port (pump);
  update (pump);

  return G_SOURCE_REMOVE;
}

/* From the port. */

static void
write_output (Pump *pump)
{
  Flow *flow = &pump->down;
  gssize n;

  if (is_empty (flow))
    return;

  n = write (pump->output_fd, flow->data + flow->start,
             MIN (flow->end - flow->start, pump->output_piece));
  if (n >= 0)
    flow->start += n;
  else if (errno == EPIPE || errno == ECONNRESET || errno == EIO)
    tell_end (pump, PUMP_END_OUTPUT, NULL);
  else if (!is_errno_temporary ())
    tell_errno (pump, _("Could not write to standard output"));
}

static void
read_port (Pump *pump)
{
  g_autoptr (GError) error = NULL;
  Flow *flow = &pump->down;
  gsize room = get_room (flow);
  gssize n = g_pollable_input_stream_read_nonblocking (pump->port_input, flow->data + flow->end, room,
                                                       NULL, &error);

  if (n > 0)
    {
      flow->end += n;
      write_output (pump);
    }
  else if (n == 0)
    {
      pump->output_ended = TRUE;
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      CharflowClientState state;

      /* The session tells why it ended. */
      pump->output_ended = TRUE;
      state = charflow_client_channel_get_state (CHARFLOW_CLIENT_CHANNEL (pump->port));
      if (state == CHARFLOW_CLIENT_STATE_OPEN)
        tell_end (pump, PUMP_END_FAILED, error);
    }
}

static gboolean
port_readable_cb (GObject *stream,
                  gpointer user_data)
{
  Pump *pump = user_data;

  clear_source (&pump->down.read_source);
  read_port (pump);
  if (!pump->is_over)
    update_linger (pump, TRUE);
  update (pump);

  return G_SOURCE_REMOVE;
}

static gboolean
output_ready_cb (int          fd,
                 GIOCondition condition,
                 gpointer     user_data)
{
  Pump *pump = user_data;

  clear_source (&pump->down.write_source);
  write_output (pump);
  update (pump);

  return G_SOURCE_REMOVE;
}

static gboolean
output_gone_cb (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  tell_end (user_data, PUMP_END_OUTPUT, NULL);

  return G_SOURCE_REMOVE;
}

/* Both. */

/* A pipe is read only once the port takes something, so that what it does not take stays where it
 * is. */
static void
update_up (Pump *pump)
{
  Flow *flow = &pump->up;
  gboolean can_write = is_port_open (pump) && !pump->output_ended;
  gboolean is_held = !pump->settings.is_terminal &&
                     (!is_empty (flow) || !can_write ||
                      !g_pollable_output_stream_is_writable (pump->port_output));
  gboolean wants_read = !pump->input_ended && !is_held && get_room (flow) > 0;
  gboolean wants_write = can_write && (!is_empty (flow) || (!pump->input_ended && is_held));

  if (!wants_read)
    clear_source (&pump->up.read_source);
  else if (flow->read_source == NULL)
    take_source (&flow->read_source,
                 g_unix_fd_source_new (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR),
                 G_SOURCE_FUNC (input_ready_cb), pump);

  if (!wants_write)
    clear_source (&pump->up.write_source);
  else if (flow->write_source == NULL)
    take_source (&flow->write_source,
                 g_pollable_output_stream_create_source (pump->port_output, NULL),
                 G_SOURCE_FUNC (port_writable_cb), pump);
}

static void
update_down (Pump *pump)
{
  Flow *flow = &pump->down;

  if (!is_empty (flow) || pump->output_ended)
    clear_source (&flow->read_source);
  else if (flow->read_source == NULL)
    take_source (&flow->read_source, g_pollable_input_stream_create_source (pump->port_input, NULL),
                 G_SOURCE_FUNC (port_readable_cb), pump);

  if (is_empty (flow))
    clear_source (&flow->write_source);
  else if (flow->write_source == NULL)
    take_source (&flow->write_source,
                 g_unix_fd_source_new (pump->output_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR),
                 G_SOURCE_FUNC (output_ready_cb), pump);
}

/* A port that closed, seen from a pipe, has ended once all that came from it before is written. */
static gboolean
has_port_ended (Pump *pump)
{
  gboolean is_closed;

  if (!is_empty (&pump->down))
    return FALSE;

  if (pump->output_ended)
    return TRUE;

  is_closed = pump->is_session_over ||
              (!pump->settings.is_terminal && pump->was_open && !is_port_open (pump));

  return is_closed && !g_pollable_input_stream_is_readable (pump->port_input);
}

static void
update (Pump *pump)
{
  if (pump->is_over)
    return;

  if (has_port_ended (pump))
    {
      tell_end (pump, PUMP_END_PORT, NULL);
      return;
    }

  update_up (pump);
  update_down (pump);
  update_linger (pump, FALSE);
}

static void
port_opened_cb (Pump *pump)
{
  pump->was_open |= is_port_open (pump);
  update (pump);
}

/* The flags of standard output belong to all who share it, so it is opened again, to have flags of
 * our own. */
static void
open_output (Pump *pump)
{
  struct stat info;

  pump->output_fd = STDOUT_FILENO;
  /* A pipe or socket that polls as writable takes so much at least without blocking. */
  pump->output_piece = PIPE_BUF;

  if (fstat (STDOUT_FILENO, &info) != 0)
    return;

  if (S_ISFIFO (info.st_mode) || isatty (STDOUT_FILENO))
    {
      int fd = open ("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

      if (fd < 0)
        return;

      pump->output_fd = fd;
    }
  else if (S_ISSOCK (info.st_mode))
    {
      return;
    }

  pump->output_piece = BUFFER_SIZE;
}

Pump *
pump_new (CharflowClientPortChannel *port,
          const PumpSettings        *settings,
          PumpEndFunc                end,
          gpointer                   user_data)
{
  Pump *pump = g_new0 (Pump, 1);
  g_autoptr (GIOStream) stream = charflow_client_port_channel_get_stream (port);

  pump->port = g_object_ref (port);
  pump->port_input = g_object_ref (G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream)));
  pump->port_output = g_object_ref (G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream)));
  pump->settings = *settings;
  pump->end = end;
  pump->user_data = user_data;
  open_output (pump);
  take_source (&pump->output_gone_source,
               g_unix_fd_source_new (pump->output_fd, G_IO_ERR | G_IO_HUP),
               G_SOURCE_FUNC (output_gone_cb), pump);

  g_signal_connect_swapped (port, "notify::port-opened", G_CALLBACK (port_opened_cb), pump);
  port_opened_cb (pump);

  return pump;
}

void
pump_free (Pump *pump)
{
  clear_sources (pump);
  g_signal_handlers_disconnect_by_data (pump->port, pump);
  if (pump->output_fd != STDOUT_FILENO)
    close (pump->output_fd);
  g_object_unref (pump->port_input);
  g_object_unref (pump->port_output);
  g_object_unref (pump->port);
  g_free (pump);
}

void
pump_note_session_over (Pump *pump)
{
  pump->is_session_over = TRUE;
  update (pump);
}

gsize
pump_get_pending (Pump *pump)
{
  return pump->up.end - pump->up.start;
}

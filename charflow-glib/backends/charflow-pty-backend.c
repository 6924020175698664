/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-pty-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-backend-private.h"
#include "charflow-backlog-private.h"
#include "charflow-enum-types.h"
#include "charflow-fd-io-private.h"
#include "charflow-fd-source-private.h"
#include "charflow-socket-util-private.h"
#include "charflow-source-private.h"
#include "charflow-text-private.h"

/**
 * SECTION:charflow-pty-backend
 * @title: CharflowPtyBackend
 * @short_description: a back end behind a pseudo terminal
 *
 * Opening it makes a pseudo terminal in raw mode, whose name is #CharflowPtyBackend:slave-path. The
 * other side is there while somebody has that terminal open: %CHARFLOW_EVENT_OPENED when a program
 * opens it, %CHARFLOW_EVENT_CLOSED when the last one has closed it and all that was written there
 * has been read. Then it waits for the next one.
 *
 * What is written while nobody has it open waits, up to #CharflowPtyBackend:keep-unsent bytes, for the
 * one who opens it at last. What becomes of more is told by #CharflowPtyBackend:overflow, also where
 * somebody has it open and does not read. By default nothing is kept or lost: nothing can be written
 * while nobody takes it.
 *
 * In a spec it is `pty`, with the options `keep-unsent`, `overflow` and `path`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowPtyBackend) pty = charflow_pty_backend_new (NULL);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (pty));
 *
 * charflow_char_device_start (device);
 * ]|
 */

/* How often to look for an opener where the system cannot tell. */
#define FALLBACK_INTERVAL_S 1
/* Of what is kept for a late opener. */
#define MAX_KEEP_UNSENT (G_GUINT64_CONSTANT (1) << 30)
/* As much as the terminal takes at once. */
#define FLUSH_PIECE 4096
/* Of the terminal: only the group, which is that of terminals, may write to it besides its owner. */
#define MODE 0620

/**
 * CharflowPtyBackend:
 *
 * A back end behind a pseudo terminal.
 *
 * Since: 1.0
 */
struct _CharflowPtyBackend
{
  CharflowBackend parent_instance;

  char *path; /* of the link, or NULL */
  char *slave_path;
  CharflowUnixPath *link; /* that was made, or NULL */
  guint64 keep_unsent;
  CharflowBackendOverflow overflow;
  CharflowBacklog *backlog;
  int master;
  int inotify;
  gboolean peer; /* somebody has the slave open, or left data behind */
  CharflowFdSources *sources;
  GSource *opener_source; /* inotify, or the timer of the fallback */
  GSource *hangup_source; /* NULL while unread data is known to come before the end */
  GSource *room_source; /* waits to write what is kept, or NULL */
};

G_DEFINE_FINAL_TYPE (CharflowPtyBackend, charflow_pty_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_PATH = 1,
  PROP_SLAVE_PATH,
  PROP_KEEP_UNSENT,
  PROP_OVERFLOW,
  PROP_LOST_BYTES,
} CharflowPtyBackendProperty;

static GParamSpec *props[PROP_LOST_BYTES + 1];

static gboolean
set_system_error (GError    **error,
                  const char *what)
{
  int saved_errno = errno;

  /* Translators: what was tried, and the error of the system. */
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), _("%s: %s"), what,
               g_strerror (saved_errno));
  return FALSE;
}

static short
poll_master (CharflowPtyBackend *self)
{
  struct pollfd pfd = { .fd = self->master, .events = POLLIN };

  return poll (&pfd, 1, 0) > 0 ? pfd.revents : 0;
}

/* The kernel would take bytes after the last close as well, for the next opener, who is somebody
 * else. */
static gboolean
is_gone (CharflowPtyBackend *self)
{
  return (poll_master (self) & (POLLHUP | POLLERR)) != 0;
}

static void
lose_peer (CharflowPtyBackend *self)
{
  self->peer = FALSE;
  charflow_clear_source (&self->hangup_source);
  charflow_clear_source (&self->room_source);
  charflow_fd_sources_destroy (self->sources);

  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_CLOSED);
}

/* The kernel reports the end at once, also before data that was written earlier: whoever reads
 * comes to it. */
static gboolean
hangup_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  CharflowPtyBackend *self = user_data;
  g_autoptr (CharflowPtyBackend) guard = g_object_ref (self);
  short events = poll_master (self);

  if ((events & (POLLHUP | POLLERR)) == 0)
    return G_SOURCE_CONTINUE;

  if ((events & POLLIN) != 0)
    charflow_clear_source (&self->hangup_source);
  else
    lose_peer (self);

  return G_SOURCE_REMOVE;
}

static void
watch_hangup (CharflowPtyBackend *self)
{
  if (self->hangup_source != NULL)
    return;

  self->hangup_source = g_unix_fd_source_new (self->master, G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->hangup_source, G_SOURCE_FUNC (hangup_cb), self, NULL);
  g_source_attach (self->hangup_source, charflow_backend_get_context (CHARFLOW_BACKEND (self)));
}

static void update_room_source (CharflowPtyBackend *self);

/* Writes what was kept, as far as there is room; returns whether nothing of it is left. */
static gboolean
flush_backlog (CharflowPtyBackend *self)
{
  guint8 piece[FLUSH_PIECE];
  gsize size;

  while ((size = charflow_backlog_peek (self->backlog, piece, sizeof piece)) > 0)
    {
      gssize len = charflow_fd_io_write (self->master, CHARFLOW_FD_TERMINAL, piece, size);

      if (len < 0)
        break;
      charflow_backlog_skip (self->backlog, len);
    }
  update_room_source (self);

  return size == 0;
}

/* Where the one who read has gone, the next one has it written when it comes. */
static gboolean
room_cb (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  CharflowPtyBackend *self = user_data;

  charflow_clear_source (&self->room_source);
  if (!is_gone (self))
    flush_backlog (self);

  return G_SOURCE_REMOVE;
}

static void
update_room_source (CharflowPtyBackend *self)
{
  if (charflow_backlog_get_stored (self->backlog) == 0)
    {
      charflow_clear_source (&self->room_source);
      return;
    }
  if (self->room_source != NULL)
    return;

  self->room_source = g_unix_fd_source_new (self->master, G_IO_OUT);
  g_source_set_callback (self->room_source, G_SOURCE_FUNC (room_cb), self, NULL);
  g_source_attach (self->room_source, charflow_backend_get_context (CHARFLOW_BACKEND (self)));
}

/* One that wrote and closed before this could look is here too, as long as its data is. */
static void
look_for_opener (CharflowPtyBackend *self)
{
  short events;

  events = poll_master (self);
  if (self->peer)
    {
      /* Perhaps another one, who came before the end of the last one was noticed. */
      if ((events & POLLHUP) == 0)
        flush_backlog (self);
      return;
    }
  if ((events & POLLHUP) != 0 && (events & POLLIN) == 0)
    return;

  self->peer = TRUE;
  watch_hangup (self);
  if ((events & POLLHUP) == 0)
    flush_backlog (self);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
}

static gboolean
inotify_cb (int          fd,
            GIOCondition condition,
            gpointer     user_data)
{
  CharflowPtyBackend *self = user_data;
  g_autoptr (CharflowPtyBackend) guard = g_object_ref (self);
  char buffer[sizeof (struct inotify_event) + NAME_MAX + 1];

  /* What the events say does not matter, only that there were some. */
  while (read (fd, buffer, sizeof buffer) > 0)
    continue;

  look_for_opener (self);

  return G_SOURCE_CONTINUE;
}

static gboolean
fallback_cb (gpointer user_data)
{
  CharflowPtyBackend *self = user_data;
  g_autoptr (CharflowPtyBackend) guard = g_object_ref (self);

  look_for_opener (self);

  return G_SOURCE_CONTINUE;
}

static void
watch_opener (CharflowPtyBackend *self)
{
  self->inotify = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->inotify >= 0 && inotify_add_watch (self->inotify, self->slave_path, IN_OPEN) < 0)
    {
      close (self->inotify);
      self->inotify = -1;
    }

  if (self->inotify >= 0)
    {
      self->opener_source = g_unix_fd_source_new (self->inotify, G_IO_IN);
      g_source_set_callback (self->opener_source, G_SOURCE_FUNC (inotify_cb), self, NULL);
    }
  else
    {
      g_debug ("Looking for an opener of '%s' by timer: %s", self->slave_path, g_strerror (errno));
      self->opener_source = g_timeout_source_new_seconds (FALLBACK_INTERVAL_S);
      g_source_set_callback (self->opener_source, fallback_cb, self, NULL);
    }

  g_source_attach (self->opener_source, charflow_backend_get_context (CHARFLOW_BACKEND (self)));
}

/* After its first closing the slave reports a hang-up, which it does not do when it has never
 * been open. */
static gboolean
set_up_slave (CharflowPtyBackend *self,
              GError            **error)
{
  int slave = open (self->slave_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct termios modes;
  gboolean done;

  if (slave < 0)
    return set_system_error (error, _("Could not open the pseudo terminal"));

  done = tcgetattr (slave, &modes) == 0;
  if (done)
    {
      cfmakeraw (&modes);
      modes.c_cflag &= ~CSTOPB;
      modes.c_cc[VMIN] = 1;
      modes.c_cc[VTIME] = 0;
      done = tcsetattr (slave, TCSANOW, &modes) == 0 && fchmod (slave, MODE) == 0;
    }

  if (!done)
    set_system_error (error, _("Could not set up the pseudo terminal"));
  close (slave);

  return done;
}

static gboolean
make_link (CharflowPtyBackend *self,
           GError            **error)
{
  if (self->path == NULL)
    return TRUE;

  if (symlink (self->slave_path, self->path) < 0)
    {
      int saved_errno = errno;
      g_autofree char *excerpt = charflow_text_excerpt (self->path);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   _("Could not make the link '%s': %s"), excerpt, g_strerror (saved_errno));
      return FALSE;
    }

  self->link = charflow_unix_path_new (self->path);
  return TRUE;
}

static gboolean
make_pty (CharflowPtyBackend *self,
          GError            **error)
{
  char slave_path[64];

  self->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self->master < 0)
    return set_system_error (error, _("Could not make a pseudo terminal"));

  if (grantpt (self->master) < 0 || unlockpt (self->master) < 0 ||
      (errno = ptsname_r (self->master, slave_path, sizeof slave_path)) != 0)
    return set_system_error (error, _("Could not make a pseudo terminal"));

  if (!g_unix_set_fd_nonblocking (self->master, TRUE, error))
    return FALSE;

  self->slave_path = g_strdup (slave_path);
  return set_up_slave (self, error) && make_link (self, error);
}

static void
charflow_pty_backend_close (CharflowBackend *backend)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (backend);

  self->peer = FALSE;
  charflow_clear_source (&self->hangup_source);
  charflow_clear_source (&self->room_source);
  charflow_clear_source (&self->opener_source);
  charflow_backlog_clear (self->backlog);
  charflow_fd_sources_destroy (self->sources);
  g_clear_pointer (&self->link, charflow_unix_path_free);

  if (self->inotify >= 0)
    close (self->inotify);
  self->inotify = -1;
  if (self->master >= 0)
    close (self->master);
  self->master = -1;

  g_object_freeze_notify (G_OBJECT (self));
  if (self->slave_path != NULL)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SLAVE_PATH]);
  g_clear_pointer (&self->slave_path, g_free);
  charflow_backend_set_uri (backend, NULL);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
charflow_pty_backend_open_async (CharflowBackend    *backend,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = NULL;

  g_task_set_source_tag (task, charflow_pty_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (!make_pty (self, &error))
    {
      charflow_pty_backend_close (backend);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  uri = g_strconcat ("pty:", self->slave_path, NULL);
  g_object_freeze_notify (G_OBJECT (self));
  charflow_backend_set_uri (backend, uri);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SLAVE_PATH]);
  watch_opener (self);
  charflow_backend_set_takes_output (backend, charflow_backlog_takes_bytes (self->backlog));
  g_object_thaw_notify (G_OBJECT (self));

  g_task_return_boolean (task, TRUE);
}

static gssize
charflow_pty_backend_read (CharflowBackend *backend,
                           void            *buffer,
                           gsize            size,
                           GError         **error)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (backend);
  gssize len;

  if (!self->peer)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("Nobody has the pseudo terminal open"));
      return -1;
    }

  len = charflow_fd_io_read (self->master, CHARFLOW_FD_TERMINAL, buffer, size);
  if (len > 0)
    {
      watch_hangup (self);
      return len;
    }

  if (len < 0 && errno != EIO)
    {
      set_system_error (error, _("Could not read from the pseudo terminal"));
      return -1;
    }

  lose_peer (self);
  return 0;
}

/* Goes behind what was kept. Where the writer is not to wait, the rest is kept or lost. */
static gssize
write_to_peer (CharflowPtyBackend *self,
               const guint8       *data,
               gsize               size,
               GError            **error)
{
  gsize taken = 0;

  if (flush_backlog (self))
    {
      gssize len = charflow_fd_io_write (self->master, CHARFLOW_FD_TERMINAL, data, size);

      if (len < 0 && errno != EAGAIN)
        {
          set_system_error (error, _("Could not write to the pseudo terminal"));
          return -1;
        }
      taken = MAX (len, 0);
    }

  if (taken < size && self->overflow != CHARFLOW_BACKEND_OVERFLOW_BLOCK)
    {
      taken += charflow_backlog_add (self->backlog, data + taken, size - taken);
      update_room_source (self);
    }
  if (taken > 0)
    return (gssize) taken;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                       _("The pseudo terminal is full"));
  return -1;
}

static void
tell_absence (CharflowPtyBackend *self,
              GError            **error)
{
  if (!self->peer)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("Nobody has the pseudo terminal open"));
      return;
    }

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                       _("The pseudo terminal was closed"));
  if ((poll_master (self) & POLLIN) == 0)
    lose_peer (self);
}

static gssize
charflow_pty_backend_write (CharflowBackend *backend,
                            const guint8    *data,
                            gsize            size,
                            GError         **error)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (backend);
  gsize taken;

  if (self->peer && !is_gone (self))
    return write_to_peer (self, data, size, error);

  taken = charflow_backlog_add (self->backlog, data, size);
  if (taken > 0)
    return (gssize) taken;

  tell_absence (self, error);
  return -1;
}

static GSource *
charflow_pty_backend_create_source (CharflowBackend *backend,
                                    GIOCondition     condition)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (backend);

  if (!self->peer)
    return NULL;

  return charflow_fd_sources_create (self->sources, self->master, condition);
}

static char *
charflow_pty_backend_get_resource (CharflowBackend *backend)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (backend);

  return self->path == NULL ? NULL : g_canonicalize_filename (self->path, NULL);
}

static void
charflow_pty_backend_constructed (GObject *object)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (object);

  G_OBJECT_CLASS (charflow_pty_backend_parent_class)->constructed (object);

  self->backlog = charflow_backlog_new (self->keep_unsent, self->overflow);
}

static void
charflow_pty_backend_finalize (GObject *object)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (object);

  charflow_fd_sources_free (self->sources);
  charflow_backlog_free (self->backlog);
  g_free (self->path);

  G_OBJECT_CLASS (charflow_pty_backend_parent_class)->finalize (object);
}

static void
charflow_pty_backend_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (object);

  switch ((CharflowPtyBackendProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, charflow_pty_backend_get_path (self));
      break;
    case PROP_SLAVE_PATH:
      g_value_set_string (value, charflow_pty_backend_get_slave_path (self));
      break;
    case PROP_KEEP_UNSENT:
      g_value_set_uint64 (value, charflow_pty_backend_get_keep_unsent (self));
      break;
    case PROP_OVERFLOW:
      g_value_set_enum (value, charflow_pty_backend_get_overflow (self));
      break;
    case PROP_LOST_BYTES:
      g_value_set_uint64 (value, charflow_pty_backend_get_lost_bytes (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_pty_backend_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  CharflowPtyBackend *self = CHARFLOW_PTY_BACKEND (object);

  switch ((CharflowPtyBackendProperty) prop_id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_KEEP_UNSENT:
      self->keep_unsent = g_value_get_uint64 (value);
      break;
    case PROP_OVERFLOW:
      self->overflow = g_value_get_enum (value);
      break;
    case PROP_SLAVE_PATH:
    case PROP_LOST_BYTES:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_pty_backend_class_init (CharflowPtyBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  object_class->constructed = charflow_pty_backend_constructed;
  object_class->finalize = charflow_pty_backend_finalize;
  object_class->get_property = charflow_pty_backend_get_property;
  object_class->set_property = charflow_pty_backend_set_property;

  backend_class->open_async = charflow_pty_backend_open_async;
  backend_class->close = charflow_pty_backend_close;
  backend_class->read = charflow_pty_backend_read;
  backend_class->write = charflow_pty_backend_write;
  backend_class->create_source = charflow_pty_backend_create_source;
  backend_class->get_resource = charflow_pty_backend_get_resource;

  /**
   * CharflowPtyBackend:path:
   *
   * Where a link to the terminal is made while the back end is open; %NULL for no link. Nothing may
   * be there before.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "Where a link to the terminal is made",
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowPtyBackend:slave-path:
   *
   * The name of the terminal that others open, such as `/dev/pts/3`; %NULL unless the back end is
   * open.
   *
   * Since: 1.0
   */
  props[PROP_SLAVE_PATH] =
    g_param_spec_string ("slave-path", NULL, "The name of the terminal that others open",
                         NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowPtyBackend:keep-unsent:
   *
   * How many bytes, at most, are kept of what is written while nobody takes it. Whoever opens the
   * terminal gets them first.
   *
   * Since: 1.0
   */
  props[PROP_KEEP_UNSENT] =
    g_param_spec_uint64 ("keep-unsent", NULL, "How many bytes are kept while nobody takes them",
                         0, MAX_KEEP_UNSENT, 0,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowPtyBackend:overflow:
   *
   * What happens to more than is kept.
   *
   * Since: 1.0
   */
  props[PROP_OVERFLOW] =
    g_param_spec_enum ("overflow", NULL, "What happens to more than is kept",
                       CHARFLOW_TYPE_BACKEND_OVERFLOW, CHARFLOW_BACKEND_OVERFLOW_BLOCK,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowPtyBackend:lost-bytes:
   *
   * How many bytes were thrown away since the back end was opened. It is not notified.
   *
   * Since: 1.0
   */
  props[PROP_LOST_BYTES] =
    g_param_spec_uint64 ("lost-bytes", NULL, "How many bytes were thrown away",
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_pty_backend_init (CharflowPtyBackend *self)
{
  self->master = -1;
  self->inotify = -1;
  self->sources = charflow_fd_sources_new ();
  charflow_backend_add_features (CHARFLOW_BACKEND (self), CHARFLOW_FEATURE_RECONNECTABLE);
}

/**
 * charflow_pty_backend_new:
 * @path: (nullable): where a link to the terminal is made, or %NULL
 *
 * Makes a back end behind a pseudo terminal. The terminal itself is made when it is opened.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowPtyBackend *
charflow_pty_backend_new (const char *path)
{
  return g_object_new (CHARFLOW_TYPE_PTY_BACKEND, "path", path, NULL);
}

/**
 * charflow_pty_backend_get_path:
 * @self: a pty
 *
 * Gets where a link to the terminal is made while the back end is open.
 *
 * Returns: (nullable): the path, or %NULL for no link
 *
 * Since: 1.0
 */
const char *
charflow_pty_backend_get_path (CharflowPtyBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PTY_BACKEND (self), NULL);

  return self->path;
}

/**
 * charflow_pty_backend_get_slave_path:
 * @self: a pty
 *
 * Gets the name of the terminal that others open, such as `/dev/pts/3`.
 *
 * Returns: (nullable): the path, or %NULL unless the back end is open
 *
 * Since: 1.0
 */
const char *
charflow_pty_backend_get_slave_path (CharflowPtyBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PTY_BACKEND (self), NULL);

  return self->slave_path;
}

/**
 * charflow_pty_backend_get_keep_unsent:
 * @self: a pty
 *
 * Gets how many bytes, at most, are kept of what is written while nobody takes it.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
charflow_pty_backend_get_keep_unsent (CharflowPtyBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PTY_BACKEND (self), 0);

  return self->keep_unsent;
}

/**
 * charflow_pty_backend_get_overflow:
 * @self: a pty
 *
 * Gets what happens to more than is kept.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
CharflowBackendOverflow
charflow_pty_backend_get_overflow (CharflowPtyBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PTY_BACKEND (self), CHARFLOW_BACKEND_OVERFLOW_BLOCK);

  return self->overflow;
}

/**
 * charflow_pty_backend_get_lost_bytes:
 * @self: a pty
 *
 * Gets how many bytes were thrown away since the back end was opened.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
charflow_pty_backend_get_lost_bytes (CharflowPtyBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PTY_BACKEND (self), 0);

  return charflow_backlog_get_lost_bytes (self->backlog);
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  guint64 keep_unsent = charflow_backend_options_get_number (options, "keep-unsent");
  const char *path;

  if (!charflow_backend_options_get_path (options, "path", FALSE, &path, error))
    return NULL;

  if (keep_unsent > MAX_KEEP_UNSENT)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option '%s' expects at most %" PRIu64 " bytes, not %" PRIu64), "keep-unsent",
                   MAX_KEEP_UNSENT, keep_unsent);
      return NULL;
    }

  return g_object_new (CHARFLOW_TYPE_PTY_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "path", path,
                       "keep-unsent", keep_unsent,
                       "overflow", charflow_backend_options_get_choice (options, "overflow"),
                       NULL);
}

/* In the order of CharflowBackendOverflow. */
static const char *const overflow_choices[] = { "block", "drop-new", "drop-old", NULL };

static const CharflowBackendOption pty_options[] = {
  { "keep-unsent", CHARFLOW_OPTION_TYPE_SIZE, "0", N_("How many bytes are kept while nobody takes them") },
  { "overflow", CHARFLOW_OPTION_TYPE_CHOICE, "block", N_("What happens to more than is kept"), overflow_choices },
  { "path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("Where a link to the terminal is made") },
  { NULL },
};

const CharflowBackendKind charflow_pty_backend_kind = {
  .name = "pty",
  .description = N_("A pseudo terminal"),
  .options = pty_options,
  .create = create_from_options,
};

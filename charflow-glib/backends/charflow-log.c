/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#include "charflow-enum-types.h"
#include "charflow-enums.h"
#include "charflow-log-private.h"
#include "charflow-output-file-private.h"
#include "charflow-source-private.h"
#include "charflow-text-private.h"

/**
 * SECTION:charflow-log
 * @title: CharflowLog
 * @short_description: a file with the bytes that pass through a back end
 *
 * A log is set with charflow_backend_set_log(), or made by the options `logfile` and `logappend` of a spec. It gets
 * what the back end has accepted, each byte once and whether anybody is on the other side or not, and, where
 * #CharflowLog:directions says so, what was read from it. These are the bytes as they are, unless there are
 * #CharflowLog:timestamps.
 *
 * The file is opened before the back end opens anything, and closed when the last back end that uses it is. It is made with
 * the mode 0666 minus the umask of the process, and truncated by the first opening unless #CharflowLog:append; a later one
 * goes on where the log ended.
 *
 * Each piece is written at once, so that a crash of the program loses nothing that the back end has accepted. Writing to a
 * regular file is a copy to the memory of the system, which may take time when the disk cannot keep up; a fifo or a
 * terminal is never waited for. What cannot be written is counted in #CharflowLog:lost-bytes, #CharflowLog::failed tells
 * why, and the data flows on.
 *
 * A log and the back ends that use it belong to one main context.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("loopback,id=echo", NULL);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
 * g_autoptr (CharflowLog) log = charflow_log_new ("echo.log", FALSE);
 * g_autoptr (GError) error = NULL;
 *
 * charflow_log_set_directions (log, CHARFLOW_LOG_DIRECTIONS_OUTPUT | CHARFLOW_LOG_DIRECTIONS_INPUT);
 * if (!charflow_backend_set_log (backend, log, &error))
 *   g_printerr ("%s\n", error->message);
 * ]|
 */

/* So many bytes get their timestamps at once: each may be a line, so this bounds the memory for that. */
#define MAX_SLICE 4096
#define DEFAULT_ROTATE_COUNT 5
#define MAX_ROTATE_COUNT 1000

/**
 * CharflowLog:
 *
 * A file with the bytes that pass through a back end.
 *
 * Since: 1.0
 */
struct _CharflowLog
{
  GObject parent_instance;

  char *path;
  gboolean append;
  CharflowLogDirections directions;
  CharflowLogTimestamps timestamps;
  guint64 rotate_size;
  guint rotate_count;
  guint64 lost_bytes;

  GMainContext *context;
  guint n_users;
  int fd;
  gboolean was_opened;
  gboolean is_regular;
  guint64 size; /* of a regular file */
  guint64 next_try; /* below this size a rotation that failed is not tried again */
  gboolean in_line;
  CharflowLogDirections line_direction;

  gboolean is_failing; /* this has been told */
  GError *failure; /* still to be told, or NULL */
  guint64 told_lost_bytes;
  GSource *tell_source;
};

G_DEFINE_FINAL_TYPE (CharflowLog, charflow_log, G_TYPE_OBJECT)

typedef enum
{
  PROP_PATH = 1,
  PROP_APPEND,
  PROP_DIRECTIONS,
  PROP_TIMESTAMPS,
  PROP_ROTATE_SIZE,
  PROP_ROTATE_COUNT,
  PROP_LOST_BYTES,
} CharflowLogProperty;

typedef enum
{
  SIGNAL_FAILED,
} CharflowLogSignal;

static GParamSpec *props[PROP_LOST_BYTES + 1];
static guint signals[SIGNAL_FAILED + 1];

static gboolean
tell_cb (gpointer user_data)
{
  CharflowLog *self = user_data;
  g_autoptr (CharflowLog) guard = g_object_ref (self);
  g_autoptr (GError) failure = g_steal_pointer (&self->failure);

  charflow_clear_source (&self->tell_source);
  if (self->told_lost_bytes != self->lost_bytes)
    {
      self->told_lost_bytes = self->lost_bytes;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOST_BYTES]);
    }
  if (failure != NULL)
    g_signal_emit (self, signals[SIGNAL_FAILED], 0, failure);

  return G_SOURCE_REMOVE;
}

/* From the main context: a handler may do anything, and who writes to a back end has no wish to know. */
static void
tell_later (CharflowLog *self)
{
  if (self->tell_source != NULL)
    return;

  self->tell_source = g_idle_source_new ();
  g_source_set_priority (self->tell_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->tell_source, tell_cb, g_object_ref (self), g_object_unref);
  g_source_attach (self->tell_source, self->context);
}

void
charflow_log_tell (CharflowLog *self,
                   GError      *error)
{
  g_debug ("Log: %s", error->message);
  if (self->failure == NULL)
    self->failure = g_error_copy (error);
  tell_later (self);
}

static void
set_system_error (CharflowLog *self,
                  GError     **error,
                  const char  *what)
{
  int saved_errno = errno;
  g_autofree char *excerpt = charflow_text_excerpt (self->path);

  /* Translators: what was tried, a path, and the error of the system. */
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), _("%s '%s': %s"), what, excerpt,
               g_strerror (saved_errno));
}

static int
open_file (CharflowLog *self,
           int          flags,
           GError     **error)
{
  int fd;

  if (self->path == NULL)
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                           _("The log has no path"));
      return -1;
    }

  /* Appending also after a truncation: somebody else may truncate it too, to make room. */
  fd = charflow_output_file_open (self->path, flags | O_APPEND);
  if (fd < 0)
    set_system_error (self, error, _("Could not open the log"));

  return fd;
}

static void
take_file (CharflowLog *self,
           int          fd)
{
  struct stat info;

  if (self->fd >= 0)
    close (self->fd);
  self->fd = fd;
  self->is_regular = fstat (fd, &info) == 0 && S_ISREG (info.st_mode);
  self->size = self->is_regular ? info.st_size : 0;
  self->next_try = 0;
}

gboolean
charflow_log_hold (CharflowLog *self,
                   GError     **error)
{
  int fd;

  if (self->n_users == 0)
    {
      fd = open_file (self, self->append || self->was_opened ? 0 : O_TRUNC, error);
      if (fd < 0)
        return FALSE;

      take_file (self, fd);
      self->was_opened = TRUE;
    }

  self->n_users++;
  return TRUE;
}

void
charflow_log_release (CharflowLog *self)
{
  g_return_if_fail (self->n_users > 0);

  self->n_users--;
  if (self->n_users > 0)
    return;

  close (self->fd);
  self->fd = -1;
}

static char *
get_rotated_path (CharflowLog *self,
                  guint        n)
{
  return n == 0 ? g_strdup (self->path) : g_strdup_printf ("%s.%u", self->path, n);
}

/* The n-th file becomes the one after it, which has made room before. */
static gboolean
shift_file (CharflowLog *self,
            guint        n,
            GError     **error)
{
  g_autofree char *from = get_rotated_path (self, n);
  g_autofree char *to = get_rotated_path (self, n + 1);

  if (rename (from, to) == 0 || errno == ENOENT)
    return TRUE;

  set_system_error (self, error, _("Could not rotate the log"));
  return FALSE;
}

static gboolean
rotate_files (CharflowLog *self,
              GError     **error)
{
  int fd;

  for (guint n = self->rotate_count; n > 0; n--)
    {
      if (!shift_file (self, n - 1, error))
        return FALSE;
    }

  fd = open_file (self, O_TRUNC, error);
  if (fd < 0)
    return FALSE;

  take_file (self, fd);
  return TRUE;
}

/* A log that cannot be rotated grows on, rather than losing what comes. */
static void
rotate_if_full (CharflowLog *self,
                gsize        size)
{
  g_autoptr (GError) error = NULL;

  if (self->rotate_size == 0 || !self->is_regular || self->size == 0 || self->size < self->next_try)
    return;
  if (self->size <= self->rotate_size && size <= self->rotate_size - self->size)
    return;

  if (rotate_files (self, &error))
    return;

  self->next_try = self->size + MIN (self->rotate_size, G_MAXUINT64 - self->size);
  charflow_log_tell (self, error);
}

static void
lose (CharflowLog *self,
      gsize        size)
{
  g_autoptr (GError) error = NULL;

  self->lost_bytes += size;
  if (self->is_failing)
    {
      tell_later (self);
      return;
    }

  self->is_failing = TRUE;
  set_system_error (self, &error, _("Could not write to the log"));
  charflow_log_tell (self, error);
}

static void
write_piece (CharflowLog  *self,
             const guint8 *data,
             gsize         size)
{
  gsize taken;

  rotate_if_full (self, size);
  taken = charflow_output_file_write (self->fd, data, size);
  self->size += taken;
  if (taken < size)
    lose (self, size - taken);
  else
    self->is_failing = FALSE;
  if (taken > 0)
    self->in_line = data[taken - 1] != '\n';
}

static char *
make_prefix (CharflowLog          *self,
             CharflowLogDirections direction)
{
  gboolean is_utc = self->timestamps == CHARFLOW_LOG_TIMESTAMPS_UTC;
  gboolean is_two_way = self->directions == (CHARFLOW_LOG_DIRECTIONS_OUTPUT | CHARFLOW_LOG_DIRECTIONS_INPUT);
  g_autoptr (GDateTime) now = is_utc ? g_date_time_new_now_utc () : g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, is_utc ? "%Y-%m-%dT%H:%M:%S.%fZ" : "%Y-%m-%dT%H:%M:%S.%f%:z");

  if (!is_two_way)
    return g_strconcat (time, " ", NULL);

  return g_strconcat (time, direction == CHARFLOW_LOG_DIRECTIONS_INPUT ? " < " : " > ", NULL);
}

/* The line that the other direction has begun ends where this one has a word. */
static void
write_lines (CharflowLog          *self,
             CharflowLogDirections direction,
             const guint8         *data,
             gsize                 size)
{
  g_autofree char *prefix = make_prefix (self, direction);
  g_autoptr (GByteArray) lines = g_byte_array_new ();
  gboolean in_line = self->in_line;
  const guint8 *end = data + size;

  if (in_line && self->line_direction != direction)
    {
      g_byte_array_append (lines, (const guint8 *) "\n", 1);
      in_line = FALSE;
    }

  while (data < end)
    {
      const guint8 *newline = memchr (data, '\n', end - data);
      const guint8 *next = newline != NULL ? newline + 1 : end;

      if (!in_line)
        g_byte_array_append (lines, (const guint8 *) prefix, strlen (prefix));
      g_byte_array_append (lines, data, next - data);
      in_line = newline == NULL;
      data = next;
    }

  self->line_direction = direction;
  write_piece (self, lines->data, lines->len);
}

void
charflow_log_write (CharflowLog          *self,
                    CharflowLogDirections direction,
                    const guint8         *data,
                    gsize                 size)
{
  if ((self->directions & direction) == 0 || size == 0)
    return;

  if (self->timestamps == CHARFLOW_LOG_TIMESTAMPS_NONE)
    {
      self->line_direction = direction;
      write_piece (self, data, size);
      return;
    }

  for (gsize done = 0; done < size; done += MAX_SLICE)
    write_lines (self, direction, data + done, MIN (size - done, MAX_SLICE));
}

static void
charflow_log_finalize (GObject *object)
{
  CharflowLog *self = CHARFLOW_LOG (object);

  if (self->fd >= 0)
    close (self->fd);
  g_clear_error (&self->failure);
  g_free (self->path);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (charflow_log_parent_class)->finalize (object);
}

static void
charflow_log_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  CharflowLog *self = CHARFLOW_LOG (object);

  switch ((CharflowLogProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_APPEND:
      g_value_set_boolean (value, self->append);
      break;
    case PROP_DIRECTIONS:
      g_value_set_flags (value, self->directions);
      break;
    case PROP_TIMESTAMPS:
      g_value_set_enum (value, self->timestamps);
      break;
    case PROP_ROTATE_SIZE:
      g_value_set_uint64 (value, self->rotate_size);
      break;
    case PROP_ROTATE_COUNT:
      g_value_set_uint (value, self->rotate_count);
      break;
    case PROP_LOST_BYTES:
      g_value_set_uint64 (value, self->lost_bytes);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_log_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  CharflowLog *self = CHARFLOW_LOG (object);

  switch ((CharflowLogProperty) prop_id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_APPEND:
      self->append = g_value_get_boolean (value);
      break;
    case PROP_DIRECTIONS:
      charflow_log_set_directions (self, g_value_get_flags (value));
      break;
    case PROP_TIMESTAMPS:
      charflow_log_set_timestamps (self, g_value_get_enum (value));
      break;
    case PROP_ROTATE_SIZE:
      charflow_log_set_rotate_size (self, g_value_get_uint64 (value));
      break;
    case PROP_ROTATE_COUNT:
      charflow_log_set_rotate_count (self, g_value_get_uint (value));
      break;
    case PROP_LOST_BYTES:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_log_class_init (CharflowLogClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags writable = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = charflow_log_finalize;
  object_class->get_property = charflow_log_get_property;
  object_class->set_property = charflow_log_set_property;

  /**
   * CharflowLog:path:
   *
   * The file, which is made if there is none.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "The file",
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowLog:append:
   *
   * Whether what is in the file already stays there.
   *
   * Since: 1.0
   */
  props[PROP_APPEND] =
    g_param_spec_boolean ("append", NULL, "Whether what is in the file already stays there",
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowLog:directions:
   *
   * Which bytes are logged.
   *
   * Since: 1.0
   */
  props[PROP_DIRECTIONS] =
    g_param_spec_flags ("directions", NULL, "Which bytes are logged",
                        CHARFLOW_TYPE_LOG_DIRECTIONS, CHARFLOW_LOG_DIRECTIONS_OUTPUT,
                        writable);

  /**
   * CharflowLog:timestamps:
   *
   * Whether each line begins with the time, in ISO 8601, at which its first byte passed, and a space. Where both directions
   * are logged, `<` and a space follow for input and `>` and a space for output, and no line has bytes of both.
   *
   * Since: 1.0
   */
  props[PROP_TIMESTAMPS] =
    g_param_spec_enum ("timestamps", NULL, "Whether each line begins with the time",
                       CHARFLOW_TYPE_LOG_TIMESTAMPS, CHARFLOW_LOG_TIMESTAMPS_NONE,
                       writable);

  /**
   * CharflowLog:rotate-size:
   *
   * How many bytes the file may have, 0 for any number. What would make it longer goes to a new one, and the old one is
   * renamed: `PATH` to `PATH.1`, `PATH.1` to `PATH.2`, and so on. What the back end took at once is not split, and may be
   * longer.
   *
   * Since: 1.0
   */
  props[PROP_ROTATE_SIZE] =
    g_param_spec_uint64 ("rotate-size", NULL, "How many bytes the file may have",
                         0, G_MAXUINT64, 0,
                         writable);

  /**
   * CharflowLog:rotate-count:
   *
   * How many old files are kept where there is a #CharflowLog:rotate-size; with 0 the file is truncated instead.
   *
   * Since: 1.0
   */
  props[PROP_ROTATE_COUNT] =
    g_param_spec_uint ("rotate-count", NULL, "How many old files are kept",
                       0, MAX_ROTATE_COUNT, DEFAULT_ROTATE_COUNT,
                       writable);

  /**
   * CharflowLog:lost-bytes:
   *
   * How many bytes, timestamps included, could not be written. It is notified from the main context, once for all that was
   * lost meanwhile.
   *
   * Since: 1.0
   */
  props[PROP_LOST_BYTES] =
    g_param_spec_uint64 ("lost-bytes", NULL, "How many bytes could not be written",
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowLog::failed:
   * @self: the log
   * @error: what is wrong
   *
   * The log could not be written or rotated. It goes on all the same, and the data does too; writing that fails again is
   * not told before it has succeeded once. It is emitted from the main context.
   *
   * Since: 1.0
   */
  signals[SIGNAL_FAILED] =
    g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
charflow_log_init (CharflowLog *self)
{
  self->fd = -1;
  self->directions = CHARFLOW_LOG_DIRECTIONS_OUTPUT;
  self->rotate_count = DEFAULT_ROTATE_COUNT;
  self->context = g_main_context_ref_thread_default ();
}

/**
 * charflow_log_new:
 * @path: the file
 * @append: whether what is in it already stays there
 *
 * Makes a log. The file is opened with the back end that it is given to.
 *
 * Returns: (transfer full): a new log
 *
 * Since: 1.0
 */
CharflowLog *
charflow_log_new (const char *path,
                  gboolean    append)
{
  g_return_val_if_fail (path != NULL, NULL);

  return g_object_new (CHARFLOW_TYPE_LOG, "path", path, "append", append, NULL);
}

/**
 * charflow_log_get_path:
 * @self: a log
 *
 * Gets the file.
 *
 * Returns: (nullable): the path
 *
 * Since: 1.0
 */
const char *
charflow_log_get_path (CharflowLog *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LOG (self), NULL);

  return self->path;
}

/**
 * charflow_log_get_append:
 * @self: a log
 *
 * Tells whether what is in the file already stays there.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
charflow_log_get_append (CharflowLog *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LOG (self), FALSE);

  return self->append;
}

/**
 * charflow_log_get_directions:
 * @self: a log
 *
 * Gets which bytes are logged.
 *
 * Returns: the value of #CharflowLog:directions
 *
 * Since: 1.0
 */
CharflowLogDirections
charflow_log_get_directions (CharflowLog *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LOG (self), CHARFLOW_LOG_DIRECTIONS_NONE);

  return self->directions;
}

/**
 * charflow_log_set_directions:
 * @self: a log
 * @directions: which bytes are logged
 *
 * Sets #CharflowLog:directions, from now on.
 *
 * Since: 1.0
 */
void
charflow_log_set_directions (CharflowLog          *self,
                             CharflowLogDirections directions)
{
  g_return_if_fail (CHARFLOW_IS_LOG (self));

  if (self->directions == directions)
    return;

  self->directions = directions;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DIRECTIONS]);
}

/**
 * charflow_log_get_timestamps:
 * @self: a log
 *
 * Gets whether each line begins with the time.
 *
 * Returns: the value of #CharflowLog:timestamps
 *
 * Since: 1.0
 */
CharflowLogTimestamps
charflow_log_get_timestamps (CharflowLog *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LOG (self), CHARFLOW_LOG_TIMESTAMPS_NONE);

  return self->timestamps;
}

/**
 * charflow_log_set_timestamps:
 * @self: a log
 * @timestamps: what each line begins with
 *
 * Sets #CharflowLog:timestamps, from now on.
 *
 * Since: 1.0
 */
void
charflow_log_set_timestamps (CharflowLog          *self,
                             CharflowLogTimestamps timestamps)
{
  g_return_if_fail (CHARFLOW_IS_LOG (self));

  if (self->timestamps == timestamps)
    return;

  self->timestamps = timestamps;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIMESTAMPS]);
}

/**
 * charflow_log_get_rotate_size:
 * @self: a log
 *
 * Gets how many bytes the file may have.
 *
 * Returns: the value of #CharflowLog:rotate-size
 *
 * Since: 1.0
 */
guint64
charflow_log_get_rotate_size (CharflowLog *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LOG (self), 0);

  return self->rotate_size;
}

/**
 * charflow_log_set_rotate_size:
 * @self: a log
 * @rotate_size: how many bytes the file may have, or 0 for any number
 *
 * Sets #CharflowLog:rotate-size.
 *
 * Since: 1.0
 */
void
charflow_log_set_rotate_size (CharflowLog *self,
                              guint64      rotate_size)
{
  g_return_if_fail (CHARFLOW_IS_LOG (self));

  if (self->rotate_size == rotate_size)
    return;

  self->rotate_size = rotate_size;
  self->next_try = 0;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ROTATE_SIZE]);
}

/**
 * charflow_log_get_rotate_count:
 * @self: a log
 *
 * Gets how many old files are kept.
 *
 * Returns: the value of #CharflowLog:rotate-count
 *
 * Since: 1.0
 */
guint
charflow_log_get_rotate_count (CharflowLog *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LOG (self), 0);

  return self->rotate_count;
}

/**
 * charflow_log_set_rotate_count:
 * @self: a log
 * @rotate_count: how many old files are kept, at most 1000
 *
 * Sets #CharflowLog:rotate-count.
 *
 * Since: 1.0
 */
void
charflow_log_set_rotate_count (CharflowLog *self,
                               guint        rotate_count)
{
  g_return_if_fail (CHARFLOW_IS_LOG (self));
  g_return_if_fail (rotate_count <= MAX_ROTATE_COUNT);

  if (self->rotate_count == rotate_count)
    return;

  self->rotate_count = rotate_count;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ROTATE_COUNT]);
}

/**
 * charflow_log_get_lost_bytes:
 * @self: a log
 *
 * Gets how many bytes, timestamps included, could not be written.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
charflow_log_get_lost_bytes (CharflowLog *self)
{
  g_return_val_if_fail (CHARFLOW_IS_LOG (self), 0);

  return self->lost_bytes;
}

/**
 * charflow_log_reopen:
 * @self: a log
 * @error: return location for a #GError
 *
 * Goes on with the file that is at #CharflowLog:path now, for when another program has renamed the one that is being
 * written. The file is made if there is none, and what is in it stays. A log that is not open stays so.
 *
 * Fails with errors of the system; then the log goes on with the file that it has.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_log_reopen (CharflowLog *self,
                     GError     **error)
{
  int fd;

  g_return_val_if_fail (CHARFLOW_IS_LOG (self), FALSE);

  if (self->n_users == 0)
    return TRUE;

  fd = open_file (self, 0, error);
  if (fd < 0)
    return FALSE;

  take_file (self, fd);
  self->in_line = FALSE;
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#include "charflow-output-file-private.h"
#include "charflow-recorder-private.h"
#include "charflow-source-private.h"
#include "charflow-text-private.h"
#include "charflow-wire-writer-private.h"

/**
 * SECTION:charflow-recorder
 * @title: CharflowRecorder
 * @short_description: a file with all that happens to back ends, and when
 *
 * A recorder is set with charflow_backend_set_recorder(), or made by the option `record` of a spec, and
 * #CharflowReplayBackend plays what it has recorded: the bytes that were read, those that the back end accepted, and its
 * events. Several back ends may share one; they are told apart by #CharflowBackend:label, and those of one label, such as before and after the
 * change of a device's back end, are recorded as one. Where the other side of a back end was there before the recorder was
 * set, %CHARFLOW_EVENT_OPENED is recorded at that moment.
 *
 * The file is opened by charflow_recorder_open(), or else with the first back end that is opened, before that opens
 * anything. It is closed by charflow_recorder_close(), or with the last reference. What is recorded is written when 64 KiB
 * have come together, when a back end is closed, and after a second; so this is what a crash of the program loses. Writing
 * is as for a #CharflowLog. When something cannot be written, #CharflowRecorder::failed tells it and recording stops; the
 * back ends go on.
 *
 * A recorder and its back ends belong to one main context.
 *
 * # The format
 *
 * All numbers are little-endian. A record begins with 20 bytes:
 *
 * |[
 * offset  size
 *      0     8  "CFRECORD"
 *      8     4  the version, 1
 *     12     8  when it began: microseconds since 1970 in UTC
 * ]|
 *
 * Then there are entries, each of 16 bytes and the bytes that follow it:
 *
 * |[
 * offset  size
 *      0     8  microseconds since the record began, by a clock that nobody sets; never less than in the entry before
 *      8     4  how many bytes follow
 *     12     2  the number of the back end
 *     14     1  the kind of the entry
 *     15     1  the event, 0 in entries of other kinds
 * ]|
 *
 * The kinds are:
 *
 * - 0, a back end: the bytes that follow, at most 255, are its label, or the name of its type where it has none. The first
 *   one has the number 0, and each other one that of the one before and 1 more. It comes before all other entries of that
 *   back end.
 * - 1, input: the bytes that follow, 1 to 65536, were read from the back end
 * - 2, output: the bytes that follow, 1 to 65536, were accepted by the back end
 * - 3, an event: 0 %CHARFLOW_EVENT_OPENED, 1 %CHARFLOW_EVENT_CLOSED, 2 %CHARFLOW_EVENT_BREAK, 3 %CHARFLOW_EVENT_MUX_IN,
 *   4 %CHARFLOW_EVENT_MUX_OUT. No bytes follow.
 * - 4, the end of the record, with the number 0. Nothing follows. A record without it was cut off.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("loopback,id=echo", NULL);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);
 * g_autoptr (CharflowRecorder) recorder = charflow_recorder_new ("echo.record");
 * g_autoptr (GError) error = NULL;
 *
 * if (!charflow_recorder_open (recorder, &error) || !charflow_backend_set_recorder (backend, recorder, &error))
 *   g_printerr ("%s\n", error->message);
 * ]|
 */

#define BUFFER_SIZE 65536
#define FLUSH_DELAY_S 1

/**
 * CharflowRecorder:
 *
 * A file with all that happens to back ends, and when.
 *
 * Since: 1.0
 */
struct _CharflowRecorder
{
  GObject parent_instance;

  char *path;
  GMainContext *context;
  int fd; /* -1 while nothing is recorded */
  gboolean was_opened;
  gint64 start_us;
  GHashTable *numbers; /* of the label to the number of its back end */
  CharflowWireWriter *buffer; /* at most BUFFER_SIZE */
  GSource *flush_source; /* while there is something in the buffer */

  GError *failure; /* what stopped the recording, or NULL */
  GError *untold; /* still to be told, or NULL */
  GSource *tell_source;
};

G_DEFINE_FINAL_TYPE (CharflowRecorder, charflow_recorder, G_TYPE_OBJECT)

typedef enum
{
  PROP_PATH = 1,
  PROP_RECORDING,
} CharflowRecorderProperty;

typedef enum
{
  SIGNAL_FAILED,
} CharflowRecorderSignal;

static GParamSpec *props[PROP_RECORDING + 1];
static guint signals[SIGNAL_FAILED + 1];

static gboolean
tell_cb (gpointer user_data)
{
  CharflowRecorder *self = user_data;
  g_autoptr (CharflowRecorder) guard = g_object_ref (self);
  g_autoptr (GError) error = g_steal_pointer (&self->untold);

  charflow_clear_source (&self->tell_source);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RECORDING]);
  if (error != NULL)
    g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);

  return G_SOURCE_REMOVE;
}

/* From the main context: a handler may do anything, and who uses a back end has no wish to know. */
static void
tell_later (CharflowRecorder *self)
{
  if (self->tell_source != NULL)
    return;

  self->tell_source = g_idle_source_new ();
  g_source_set_priority (self->tell_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->tell_source, tell_cb, g_object_ref (self), g_object_unref);
  g_source_attach (self->tell_source, self->context);
}

void
charflow_recorder_tell (CharflowRecorder *self,
                        GError           *error)
{
  g_debug ("Recorder: %s", error->message);
  if (self->untold == NULL)
    self->untold = g_error_copy (error);
  tell_later (self);
}

static void
close_file (CharflowRecorder *self)
{
  charflow_clear_source (&self->flush_source);
  g_byte_array_set_size (self->buffer, 0);
  g_hash_table_remove_all (self->numbers);
  close (self->fd);
  self->fd = -1;
}

static void
stop (CharflowRecorder *self,
      GError           *failure)
{
  close_file (self);
  self->failure = failure;
  charflow_recorder_tell (self, failure);
}

static void
write_out (CharflowRecorder *self,
           const guint8     *data,
           gsize             size)
{
  g_autofree char *excerpt = NULL;
  int saved_errno;

  if (charflow_output_file_write (self->fd, data, size) == size)
    return;

  saved_errno = errno;
  excerpt = charflow_text_excerpt (self->path);
  stop (self, g_error_new (G_IO_ERROR, g_io_error_from_errno (saved_errno), _("Could not write the record '%s': %s"),
                           excerpt, g_strerror (saved_errno)));
}

void
charflow_recorder_flush (CharflowRecorder *self)
{
  charflow_clear_source (&self->flush_source);
  if (self->buffer->len == 0)
    return;

  write_out (self, self->buffer->data, self->buffer->len);
  g_byte_array_set_size (self->buffer, 0);
}

static gboolean
flush_cb (gpointer user_data)
{
  charflow_recorder_flush (user_data);

  return G_SOURCE_REMOVE;
}

static void
arm_flush (CharflowRecorder *self)
{
  if (self->flush_source != NULL)
    return;

  self->flush_source = g_timeout_source_new_seconds (FLUSH_DELAY_S);
  g_source_set_callback (self->flush_source, flush_cb, self, NULL);
  g_source_attach (self->flush_source, self->context);
}

static void
add_entry (CharflowRecorder  *self,
           guint              number,
           CharflowRecordKind kind,
           guint8             event,
           const void        *data,
           guint32            size)
{
  if (self->buffer->len + CHARFLOW_RECORD_ENTRY_SIZE + (gsize) size > BUFFER_SIZE)
    charflow_recorder_flush (self);
  if (self->fd < 0)
    return;

  charflow_wire_writer_u64 (self->buffer, g_get_monotonic_time () - self->start_us);
  charflow_wire_writer_u32 (self->buffer, size);
  charflow_wire_writer_u16 (self->buffer, number);
  charflow_wire_writer_u8 (self->buffer, kind);
  charflow_wire_writer_u8 (self->buffer, event);
  charflow_wire_writer_bytes (self->buffer, data, size);
  arm_flush (self);
}

/* A label that is too long is cut between two characters. */
static gsize
get_label_size (const char *label)
{
  gsize size = strlen (label);

  if (size <= CHARFLOW_RECORD_MAX_LABEL)
    return size;

  size = CHARFLOW_RECORD_MAX_LABEL;
  while (size > 0 && (label[size] & 0xC0) == 0x80)
    size--;

  return size;
}

/* The number of the back end of that label, which is recorded where it is new. */
static gboolean
ensure_number (CharflowRecorder *self,
               const char       *label,
               guint            *number)
{
  gpointer value;

  if (g_hash_table_lookup_extended (self->numbers, label, NULL, &value))
    {
      *number = GPOINTER_TO_UINT (value);
      return TRUE;
    }

  *number = g_hash_table_size (self->numbers);
  if (*number == CHARFLOW_RECORD_MAX_BACKENDS)
    {
      g_autofree char *excerpt = charflow_text_excerpt (self->path);

      stop (self, g_error_new (CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_FAILED,
                               _("The record '%s' has no room for another back end"), excerpt));
      return FALSE;
    }

  g_hash_table_insert (self->numbers, g_strdup (label), GUINT_TO_POINTER (*number));
  add_entry (self, *number, CHARFLOW_RECORD_BACKEND, 0, label, get_label_size (label));
  return self->fd >= 0;
}

void
charflow_recorder_add_bytes (CharflowRecorder  *self,
                             const char        *label,
                             CharflowRecordKind kind,
                             const guint8      *data,
                             gsize              size)
{
  /* So that the entry and its bytes fit into the buffer. */
  const gsize max_piece = BUFFER_SIZE - CHARFLOW_RECORD_ENTRY_SIZE;
  guint number;

  if (self->fd < 0 || !ensure_number (self, label, &number))
    return;

  for (gsize done = 0; done < size && self->fd >= 0; done += max_piece)
    add_entry (self, number, kind, 0, data + done, MIN (size - done, max_piece));
}

void
charflow_recorder_add_event (CharflowRecorder *self,
                             const char       *label,
                             CharflowEvent     event)
{
  guint number;

  if (self->fd >= 0 && ensure_number (self, label, &number))
    add_entry (self, number, CHARFLOW_RECORD_EVENT, event, NULL, 0);
}

/* At once, so that a full disk is known when the record is opened. */
static gboolean
write_header (CharflowRecorder *self,
              int               fd)
{
  g_autoptr (GByteArray) header = charflow_wire_writer_new ();

  charflow_wire_writer_bytes (header, CHARFLOW_RECORD_MAGIC, CHARFLOW_RECORD_MAGIC_SIZE);
  charflow_wire_writer_u32 (header, CHARFLOW_RECORD_VERSION);
  charflow_wire_writer_u64 (header, g_get_real_time ());
  self->start_us = g_get_monotonic_time ();
  return charflow_output_file_write (fd, header->data, header->len) == header->len;
}

static gboolean
begin (CharflowRecorder *self,
       GError          **error)
{
  g_autofree char *excerpt = NULL;
  int fd;

  if (self->path == NULL)
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                           _("The recorder has no path"));
      return FALSE;
    }

  excerpt = charflow_text_excerpt (self->path);
  if (self->fd >= 0)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN,
                   _("The record '%s' is open already"), excerpt);
      return FALSE;
    }

  fd = charflow_output_file_open (self->path, O_TRUNC);
  if (fd < 0 || !write_header (self, fd))
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), _("Could not open the record '%s': %s"),
                   excerpt, g_strerror (saved_errno));
      if (fd >= 0)
        close (fd);
      return FALSE;
    }

  g_clear_error (&self->failure);
  self->fd = fd;
  self->was_opened = TRUE;
  return TRUE;
}

gboolean
charflow_recorder_ensure_open (CharflowRecorder *self,
                               GError          **error)
{
  if (self->was_opened)
    return TRUE;
  if (!begin (self, error))
    return FALSE;

  tell_later (self);
  return TRUE;
}

static void
charflow_recorder_dispose (GObject *object)
{
  charflow_recorder_close (CHARFLOW_RECORDER (object), NULL);

  G_OBJECT_CLASS (charflow_recorder_parent_class)->dispose (object);
}

static void
charflow_recorder_finalize (GObject *object)
{
  CharflowRecorder *self = CHARFLOW_RECORDER (object);

  g_byte_array_unref (self->buffer);
  g_hash_table_unref (self->numbers);
  g_clear_error (&self->untold);
  g_free (self->path);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (charflow_recorder_parent_class)->finalize (object);
}

static void
charflow_recorder_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  CharflowRecorder *self = CHARFLOW_RECORDER (object);

  switch ((CharflowRecorderProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_RECORDING:
      g_value_set_boolean (value, charflow_recorder_get_recording (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_recorder_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  CharflowRecorder *self = CHARFLOW_RECORDER (object);

  switch ((CharflowRecorderProperty) prop_id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_RECORDING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_recorder_class_init (CharflowRecorderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = charflow_recorder_dispose;
  object_class->finalize = charflow_recorder_finalize;
  object_class->get_property = charflow_recorder_get_property;
  object_class->set_property = charflow_recorder_set_property;

  /**
   * CharflowRecorder:path:
   *
   * The file, which is made or written over.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "The file",
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowRecorder:recording:
   *
   * Whether the file is open and has been written to without a failure.
   *
   * Since: 1.0
   */
  props[PROP_RECORDING] =
    g_param_spec_boolean ("recording", NULL, "Whether it records",
                          FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowRecorder::failed:
   * @self: the recorder
   * @error: what is wrong
   *
   * The file could not be written, and recording has stopped. It is emitted from the main context.
   *
   * Since: 1.0
   */
  signals[SIGNAL_FAILED] =
    g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
charflow_recorder_init (CharflowRecorder *self)
{
  self->fd = -1;
  self->context = g_main_context_ref_thread_default ();
  self->numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->buffer = charflow_wire_writer_new ();
}

/**
 * charflow_recorder_new:
 * @path: the file
 *
 * Makes a recorder. The file is not opened by this.
 *
 * Returns: (transfer full): a new recorder
 *
 * Since: 1.0
 */
CharflowRecorder *
charflow_recorder_new (const char *path)
{
  g_return_val_if_fail (path != NULL, NULL);

  return g_object_new (CHARFLOW_TYPE_RECORDER, "path", path, NULL);
}

/**
 * charflow_recorder_get_path:
 * @self: a recorder
 *
 * Gets the file.
 *
 * Returns: (nullable): the path
 *
 * Since: 1.0
 */
const char *
charflow_recorder_get_path (CharflowRecorder *self)
{
  g_return_val_if_fail (CHARFLOW_IS_RECORDER (self), NULL);

  return self->path;
}

/**
 * charflow_recorder_get_recording:
 * @self: a recorder
 *
 * Tells whether the file is open and has been written to without a failure.
 *
 * Returns: %TRUE if it records
 *
 * Since: 1.0
 */
gboolean
charflow_recorder_get_recording (CharflowRecorder *self)
{
  g_return_val_if_fail (CHARFLOW_IS_RECORDER (self), FALSE);

  return self->fd >= 0;
}

/**
 * charflow_recorder_open:
 * @self: a recorder
 * @error: return location for a #GError
 *
 * Begins a record; what was in the file is lost.
 *
 * It need not be called for the first record, which begins with the first back end that is opened. Fails with
 * %CHARFLOW_BACKEND_ERROR_ALREADY_OPEN where the file is open, with %CHARFLOW_BACKEND_ERROR_MISSING_OPTION where there is no
 * #CharflowRecorder:path, and with errors of the system.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_recorder_open (CharflowRecorder *self,
                        GError          **error)
{
  g_return_val_if_fail (CHARFLOW_IS_RECORDER (self), FALSE);

  if (!begin (self, error))
    return FALSE;

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RECORDING]);
  return TRUE;
}

/**
 * charflow_recorder_close:
 * @self: a recorder
 * @error: return location for a #GError
 *
 * Ends the record and closes the file. Back ends that have the recorder go on unrecorded.
 *
 * Fails with what the record could not be written for, also when that was told before. A recorder that is not open stays as
 * it is.
 *
 * Returns: %TRUE if the record is complete, or there is none
 *
 * Since: 1.0
 */
gboolean
charflow_recorder_close (CharflowRecorder *self,
                         GError          **error)
{
  gboolean was_open;

  g_return_val_if_fail (CHARFLOW_IS_RECORDER (self), FALSE);

  was_open = self->fd >= 0;
  if (was_open)
    add_entry (self, 0, CHARFLOW_RECORD_END, 0, NULL, 0);
  charflow_recorder_flush (self);
  if (self->fd >= 0)
    close_file (self);

  if (self->failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->failure));
      return FALSE;
    }

  if (was_open)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RECORDING]);
  return TRUE;
}

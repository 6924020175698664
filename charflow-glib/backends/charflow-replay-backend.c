/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-replay-backend.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-backend-private.h"
#include "charflow-enum-types.h"
#include "charflow-fd-source-private.h"
#include "charflow-record-private.h"
#include "charflow-source-private.h"
#include "charflow-text-private.h"

/**
 * SECTION:charflow-replay-backend
 * @title: CharflowReplayBackend
 * @short_description: a back end that plays what a recorder has recorded
 *
 * It gives the bytes and the events of one back end of a record in their order, at their times or as fast as they are read:
 * a device that was recorded with its peer can be run without it. What is read at once may be more or less than it was. An
 * event comes when all bytes before it have been read. At the end of the record comes %CHARFLOW_EVENT_CLOSED; to begin
 * again, close and open it.
 *
 * While its other side is there, it accepts what is written to it, and compares that with what the recorded back end
 * accepted: #CharflowReplayBackend:diverged tells whether something else was written.
 *
 * The record is read piece by piece, from a regular file only. Where it is damaged or was cut off, what comes before that
 * is given; then reading fails with %CHARFLOW_BACKEND_ERROR_FAILED, whose message tells the offset, and
 * %CHARFLOW_EVENT_CLOSED comes. Damage in the header or before the back end is found is an error of
 * charflow_backend_open_async().
 *
 * In a spec it is `replay`, with the options `path`, `label` and `speed`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowReplayBackend) replay = charflow_replay_backend_new ("echo.record", CHARFLOW_REPLAY_SPEED_FULL);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (replay));
 *
 * charflow_char_device_set_keep_unread (device, TRUE); // nothing is missed by the first client
 * charflow_char_device_start (device);
 * ]|
 */

/* So much of what is of no interest is skipped in one turn of the main loop. */
#define MAX_SKIPPED_ENTRIES 1024
#define MAX_SKIPPED_BYTES (1024 * 1024)

/* What comes next of the input and the events. */
typedef enum
{
  NEXT_UNKNOWN, /* it has to be looked for */
  NEXT_ENTRY,
  NEXT_FAILURE,
  NEXT_NOTHING,
} Next;

/* Whether there is recorded output that is still to be written. */
typedef enum
{
  OUTPUT_FOUND,
  OUTPUT_NONE, /* it has all been written */
  OUTPUT_UNKNOWN, /* the record is damaged */
  OUTPUT_LATER, /* it has to be looked for in the next turn */
} Output;

/* A reader, and the entry that it has come to. */
typedef struct
{
  CharflowRecordReader *reader; /* NULL unless open */
  CharflowRecordEntry entry;
} Cursor;

/* The back end that is looked for when the record is opened, and what is found. */
typedef struct
{
  char *path;
  char *source_label; /* or NULL for the first one */
} Search;

typedef struct
{
  CharflowRecordReader *input;
  CharflowRecordReader *output;
  guint number;
} Found;

/**
 * CharflowReplayBackend:
 *
 * A back end that plays what a recorder has recorded.
 *
 * Since: 1.0
 */
struct _CharflowReplayBackend
{
  CharflowBackend parent_instance;

  char *path;
  char *source_label;
  CharflowReplaySpeed speed;
  guint64 diverged_bytes;

  guint number; /* of the back end in the record */
  gint64 start_us;
  Cursor input; /* and the events */
  Cursor output;
  Next next;
  GError *failure;
  GSource *step_source;
  int ready; /* an eventfd, readable while there is something to read */
  CharflowFdSources *sources;
};

G_DEFINE_FINAL_TYPE (CharflowReplayBackend, charflow_replay_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_PATH = 1,
  PROP_SOURCE_LABEL,
  PROP_SPEED,
  PROP_DIVERGED,
  PROP_DIVERGED_BYTES,
} CharflowReplayBackendProperty;

static GParamSpec *props[PROP_DIVERGED_BYTES + 1];

static gssize
would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("Nothing of the record is due"));
  return -1;
}

/* Looking for the back end, in a thread: it may be anywhere in a long file. */

static void
search_free (Search *search)
{
  g_free (search->path);
  g_free (search->source_label);
  g_free (search);
}

static void
found_free (Found *found)
{
  g_clear_pointer (&found->input, charflow_record_reader_free);
  g_clear_pointer (&found->output, charflow_record_reader_free);
  g_free (found);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Found, found_free)

static gboolean
is_wanted (Search                    *search,
           CharflowRecordReader      *reader,
           const CharflowRecordEntry *entry,
           gboolean                  *wanted,
           GError                   **error)
{
  char label[CHARFLOW_RECORD_MAX_LABEL + 1] = { 0 };
  gsize taken = 0;

  while (taken < entry->size)
    {
      gssize len = charflow_record_reader_read (reader, label + taken, entry->size - taken, error);

      if (len < 0)
        return FALSE;
      taken += len;
    }

  *wanted = search->source_label == NULL || strcmp (label, search->source_label) == 0;
  return TRUE;
}

static gboolean
find_backend (Search       *search,
              guint        *number,
              GCancellable *cancellable,
              GError      **error)
{
  g_autoptr (CharflowRecordReader) reader = charflow_record_reader_new (search->path, error);
  g_autofree char *path = charflow_text_excerpt (search->path);
  g_autofree char *label = NULL;
  CharflowRecordEntry entry = { 0 };

  if (reader == NULL)
    return FALSE;

  while (entry.kind != CHARFLOW_RECORD_END)
    {
      gboolean wanted = FALSE;

      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !charflow_record_reader_next (reader, &entry, error))
        return FALSE;
      if (entry.kind == CHARFLOW_RECORD_BACKEND && !is_wanted (search, reader, &entry, &wanted, error))
        return FALSE;

      if (wanted)
        {
          *number = entry.backend;
          return TRUE;
        }
    }

  label = charflow_text_excerpt (search->source_label != NULL ? search->source_label : "");
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("The record '%s' has no back end '%s'"), path, label);
  return FALSE;
}

static void
search_thread (GTask        *task,
               gpointer      source,
               gpointer      task_data,
               GCancellable *cancellable)
{
  Search *search = task_data;
  g_autoptr (Found) found = g_new0 (Found, 1);
  g_autoptr (GError) error = NULL;

  if (find_backend (search, &found->number, cancellable, &error))
    found->input = charflow_record_reader_new (search->path, &error);
  if (found->input != NULL)
    found->output = charflow_record_reader_new (search->path, &error);

  if (found->output != NULL)
    g_task_return_pointer (task, g_steal_pointer (&found), (GDestroyNotify) found_free);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
searched_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Found *found = g_task_propagate_pointer (G_TASK (result), &error);

  if (found != NULL)
    g_task_return_pointer (task, found, (GDestroyNotify) found_free);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
charflow_replay_backend_open_async (CharflowBackend    *backend,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GTask) search_task = NULL;
  Search *search;

  g_task_set_source_tag (task, charflow_replay_backend_open_async);
  if (self->path == NULL)
    {
      g_task_return_new_error (task, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                               _("The back end '%s' has no record to play: its path is missing"),
                               charflow_backend_get_name (backend));
      return;
    }

  search = g_new0 (Search, 1);
  search->path = g_strdup (self->path);
  search->source_label = g_strdup (self->source_label);
  /* A task of its own, which does not have the back end: the thread may be the last to let go of it. */
  search_task = g_task_new (NULL, cancellable, searched_cb, g_steal_pointer (&task));
  g_task_set_source_tag (search_task, charflow_replay_backend_open_async);
  g_task_set_task_data (search_task, search, (GDestroyNotify) search_free);
  g_task_run_in_thread (search_task, search_thread);
}

static void
set_diverged (CharflowReplayBackend *self,
              guint64                diverged_bytes)
{
  gboolean was_diverged = self->diverged_bytes > 0;

  if (self->diverged_bytes == diverged_bytes)
    return;

  self->diverged_bytes = diverged_bytes;
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DIVERGED_BYTES]);
  if (was_diverged != (diverged_bytes > 0))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DIVERGED]);
  g_object_thaw_notify (G_OBJECT (self));
}

/* The input and the events. */

static void
set_ready (CharflowReplayBackend *self,
           gboolean               ready)
{
  guint64 count = 1;
  gssize len;

  /* Neither can fail in a way that matters: it is set already, or it was not. */
  do
    len = ready ? write (self->ready, &count, sizeof count) : read (self->ready, &count, sizeof count);
  while (len < 0 && errno == EINTR);
}

static gboolean
is_of_interest (CharflowReplayBackend     *self,
                const CharflowRecordEntry *entry)
{
  if (entry->kind == CHARFLOW_RECORD_END)
    return TRUE;

  return entry->backend == self->number && (entry->kind == CHARFLOW_RECORD_INPUT || entry->kind == CHARFLOW_RECORD_EVENT);
}

/* Comes to the next input or event, or leaves that to the next turn. */
static void
look_for_next (CharflowReplayBackend *self)
{
  CharflowRecordEntry *entry = &self->input.entry;
  gsize n_bytes = 0;

  self->next = NEXT_UNKNOWN;
  for (guint i = 0; i < MAX_SKIPPED_ENTRIES && n_bytes < MAX_SKIPPED_BYTES; i++)
    {
      if (!charflow_record_reader_next (self->input.reader, entry, &self->failure))
        {
          self->next = NEXT_FAILURE;
          return;
        }

      if (is_of_interest (self, entry))
        {
          self->next = NEXT_ENTRY;
          return;
        }
      n_bytes += entry->size;
    }
}

static gint64
get_due_time (CharflowReplayBackend *self)
{
  guint64 time_us = self->input.entry.time_us;

  if (self->speed == CHARFLOW_REPLAY_SPEED_FULL || self->next != NEXT_ENTRY)
    return 0;

  return self->start_us + (gint64) MIN (time_us, (guint64) (G_MAXINT64 - self->start_us));
}

/* Only reading makes it go on; otherwise a step does. A failure is for the reader to know. */
static gboolean
is_for_reader (CharflowReplayBackend *self)
{
  return self->next == NEXT_FAILURE || (self->next == NEXT_ENTRY && self->input.entry.kind == CHARFLOW_RECORD_INPUT);
}

static gboolean
is_due_for_reader (CharflowReplayBackend *self)
{
  return is_for_reader (self) && charflow_backend_is_opened (CHARFLOW_BACKEND (self)) &&
         get_due_time (self) <= g_get_monotonic_time ();
}

static gboolean step_cb (gpointer user_data);

static void
schedule (CharflowReplayBackend *self)
{
  gboolean ready = is_due_for_reader (self);

  charflow_clear_source (&self->step_source);
  set_ready (self, ready);
  if (ready || self->next == NEXT_NOTHING)
    return;

  self->step_source = g_timeout_source_new (0);
  g_source_set_ready_time (self->step_source, get_due_time (self));
  g_source_set_callback (self->step_source, step_cb, self, NULL);
  g_source_attach (self->step_source, charflow_backend_get_context (CHARFLOW_BACKEND (self)));
}

static void
lose_peer (CharflowReplayBackend *self)
{
  charflow_fd_sources_destroy (self->sources);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_CLOSED);
}

/* The state is that after the event before anybody hears of it. */
static void
play_event (CharflowReplayBackend *self,
            CharflowEvent          event)
{
  if (event == CHARFLOW_EVENT_CLOSED)
    lose_peer (self);
  else
    charflow_backend_emit_event (CHARFLOW_BACKEND (self), event);

  /* A handler may have closed it, and opened it again. */
  if (self->input.reader != NULL)
    schedule (self);
}

static gboolean
step_cb (gpointer user_data)
{
  CharflowReplayBackend *self = user_data;
  g_autoptr (CharflowReplayBackend) guard = g_object_ref (self);
  CharflowRecordEntry entry = self->input.entry;

  charflow_clear_source (&self->step_source);
  if (self->next == NEXT_UNKNOWN)
    {
      look_for_next (self);
      schedule (self);
    }
  else if (is_for_reader (self))
    {
      /* Whoever recorded that, it had somebody on the other side. */
      if (charflow_backend_is_opened (CHARFLOW_BACKEND (self)))
        schedule (self);
      else
        play_event (self, CHARFLOW_EVENT_OPENED);
    }
  else if (entry.kind == CHARFLOW_RECORD_END)
    {
      self->next = NEXT_NOTHING;
      play_event (self, CHARFLOW_EVENT_CLOSED);
    }
  else
    {
      look_for_next (self);
      play_event (self, entry.event);
    }

  return G_SOURCE_REMOVE;
}

static void
charflow_replay_backend_close (CharflowBackend *backend)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (backend);

  charflow_clear_source (&self->step_source);
  charflow_fd_sources_destroy (self->sources);
  g_clear_pointer (&self->input.reader, charflow_record_reader_free);
  g_clear_pointer (&self->output.reader, charflow_record_reader_free);
  g_clear_error (&self->failure);
  if (self->ready >= 0)
    close (self->ready);
  self->ready = -1;
  charflow_backend_set_uri (backend, NULL);
}

static gboolean
charflow_replay_backend_open_finish (CharflowBackend *backend,
                                     GAsyncResult    *result,
                                     GError         **error)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (backend);
  g_autoptr (Found) found = g_task_propagate_pointer (G_TASK (result), error);
  g_autofree char *uri = NULL;

  if (found == NULL)
    return FALSE;

  self->ready = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->ready < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), _("Could not make an event descriptor: %s"),
                   g_strerror (saved_errno));
      return FALSE;
    }

  self->number = found->number;
  self->input.reader = g_steal_pointer (&found->input);
  self->output.reader = g_steal_pointer (&found->output);
  memset (&self->output.entry, 0, sizeof self->output.entry);
  self->start_us = g_get_monotonic_time ();
  self->next = NEXT_UNKNOWN;
  uri = g_strconcat ("replay:", self->path, NULL);
  g_object_freeze_notify (G_OBJECT (self));
  charflow_backend_set_uri (backend, uri);
  set_diverged (self, 0);
  /* The first step comes from the main loop, when the back end is active. */
  schedule (self);
  g_object_thaw_notify (G_OBJECT (self));
  return TRUE;
}

static gssize
charflow_replay_backend_read (CharflowBackend *backend,
                              void            *buffer,
                              gsize            size,
                              GError         **error)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (backend);
  gssize len = -1;

  if (!is_due_for_reader (self))
    return would_block (error);

  if (self->next == NEXT_ENTRY)
    len = charflow_record_reader_read (self->input.reader, buffer, size, &self->failure);
  if (len < 0)
    {
      g_propagate_error (error, g_steal_pointer (&self->failure));
      self->next = NEXT_NOTHING;
      lose_peer (self);
      return -1;
    }

  if (charflow_record_reader_get_left (self->input.reader) == 0)
    {
      look_for_next (self);
      schedule (self);
    }
  return len;
}

/* The output. */

static Output
look_for_output (CharflowReplayBackend *self)
{
  Cursor *output = &self->output;
  gsize n_bytes = 0;

  for (guint i = 0; i < MAX_SKIPPED_ENTRIES && n_bytes < MAX_SKIPPED_BYTES; i++)
    {
      gboolean is_ours = output->entry.kind == CHARFLOW_RECORD_OUTPUT && output->entry.backend == self->number;

      if (output->reader == NULL)
        return OUTPUT_UNKNOWN;
      if (is_ours && charflow_record_reader_get_left (output->reader) > 0)
        return OUTPUT_FOUND;
      if (output->entry.kind == CHARFLOW_RECORD_END)
        return OUTPUT_NONE;

      /* Whoever reads is told of the damage. */
      if (!charflow_record_reader_next (output->reader, &output->entry, NULL))
        g_clear_pointer (&output->reader, charflow_record_reader_free);
      n_bytes += output->entry.size;
    }

  return OUTPUT_LATER;
}

/* Compares some of the bytes with what is recorded; returns how many, 0 when that is gone. */
static gsize
compare (CharflowReplayBackend *self,
         const guint8          *data,
         gsize                  size,
         guint64               *n_diverged)
{
  guint8 recorded[4096];
  gssize len = charflow_record_reader_read (self->output.reader, recorded, MIN (size, sizeof recorded), NULL);

  if (len < 0)
    g_clear_pointer (&self->output.reader, charflow_record_reader_free);
  for (gssize i = 0; i < len; i++)
    *n_diverged += data[i] != recorded[i];

  return MAX (len, 0);
}

static gssize
charflow_replay_backend_write (CharflowBackend *backend,
                               const guint8    *data,
                               gsize            size,
                               GError         **error)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (backend);
  guint64 n_diverged = self->diverged_bytes;
  Output output = OUTPUT_FOUND;
  gsize taken = 0;

  if (!charflow_backend_is_opened (backend))
    return would_block (error);

  while (taken < size && output == OUTPUT_FOUND)
    {
      output = look_for_output (self);
      if (output == OUTPUT_FOUND)
        taken += compare (self, data + taken, size - taken, &n_diverged);
    }

  if (output == OUTPUT_LATER && taken == 0)
    return would_block (error);
  if (output == OUTPUT_NONE)
    n_diverged += size - taken;

  set_diverged (self, n_diverged);
  return output == OUTPUT_LATER ? (gssize) taken : (gssize) size;
}

static GSource *
charflow_replay_backend_create_source (CharflowBackend *backend,
                                       GIOCondition     condition)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (backend);

  if (!charflow_backend_is_opened (backend))
    return NULL;

  return charflow_fd_sources_create (self->sources, self->ready, condition);
}

static void
charflow_replay_backend_finalize (GObject *object)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (object);

  charflow_fd_sources_free (self->sources);
  g_free (self->path);
  g_free (self->source_label);

  G_OBJECT_CLASS (charflow_replay_backend_parent_class)->finalize (object);
}

static void
charflow_replay_backend_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (object);

  switch ((CharflowReplayBackendProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_SOURCE_LABEL:
      g_value_set_string (value, self->source_label);
      break;
    case PROP_SPEED:
      g_value_set_enum (value, self->speed);
      break;
    case PROP_DIVERGED:
      g_value_set_boolean (value, charflow_replay_backend_get_diverged (self));
      break;
    case PROP_DIVERGED_BYTES:
      g_value_set_uint64 (value, self->diverged_bytes);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_replay_backend_set_property (GObject      *object,
                                      guint         prop_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  CharflowReplayBackend *self = CHARFLOW_REPLAY_BACKEND (object);

  switch ((CharflowReplayBackendProperty) prop_id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_SOURCE_LABEL:
      self->source_label = g_value_dup_string (value);
      break;
    case PROP_SPEED:
      self->speed = g_value_get_enum (value);
      break;
    case PROP_DIVERGED:
    case PROP_DIVERGED_BYTES:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_replay_backend_class_init (CharflowReplayBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);
  GParamFlags construct_only = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = charflow_replay_backend_finalize;
  object_class->get_property = charflow_replay_backend_get_property;
  object_class->set_property = charflow_replay_backend_set_property;

  backend_class->open_async = charflow_replay_backend_open_async;
  backend_class->open_finish = charflow_replay_backend_open_finish;
  backend_class->close = charflow_replay_backend_close;
  backend_class->read = charflow_replay_backend_read;
  backend_class->write = charflow_replay_backend_write;
  backend_class->create_source = charflow_replay_backend_create_source;

  /**
   * CharflowReplayBackend:path:
   *
   * The file that a #CharflowRecorder has written.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "The file with the record",
                         NULL,
                         construct_only);

  /**
   * CharflowReplayBackend:source-label:
   *
   * Which back end of the record is played, by its label; %NULL for the first one.
   *
   * Since: 1.0
   */
  props[PROP_SOURCE_LABEL] =
    g_param_spec_string ("source-label", NULL, "Which back end of the record is played",
                         NULL,
                         construct_only);

  /**
   * CharflowReplayBackend:speed:
   *
   * Whether the record is played at its own times, which begin with the opening, or as fast as it is read.
   *
   * Since: 1.0
   */
  props[PROP_SPEED] =
    g_param_spec_enum ("speed", NULL, "How fast the record is played",
                       CHARFLOW_TYPE_REPLAY_SPEED, CHARFLOW_REPLAY_SPEED_REAL,
                       construct_only);

  /**
   * CharflowReplayBackend:diverged:
   *
   * Whether something else was written than the recorded back end accepted, since the last opening. That less was written is
   * no difference.
   *
   * Since: 1.0
   */
  props[PROP_DIVERGED] =
    g_param_spec_boolean ("diverged", NULL, "Whether something else was written than is recorded",
                          FALSE,
                          readable);

  /**
   * CharflowReplayBackend:diverged-bytes:
   *
   * How many of the bytes that were written, since the last opening, are not those that the record has at the same place, or
   * are more than it has. Past a damage of the record nothing is compared.
   *
   * Since: 1.0
   */
  props[PROP_DIVERGED_BYTES] =
    g_param_spec_uint64 ("diverged-bytes", NULL, "How many bytes were written that are not those of the record",
                         0, G_MAXUINT64, 0,
                         readable);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_replay_backend_init (CharflowReplayBackend *self)
{
  self->ready = -1;
  self->sources = charflow_fd_sources_new ();
  charflow_backend_add_features (CHARFLOW_BACKEND (self), CHARFLOW_FEATURE_RECORDED);
}

/**
 * charflow_replay_backend_new:
 * @path: the file that a #CharflowRecorder has written
 * @speed: how fast it is played
 *
 * Makes a back end that plays the first back end of a record. The file is not opened by this.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowReplayBackend *
charflow_replay_backend_new (const char         *path,
                             CharflowReplaySpeed speed)
{
  g_return_val_if_fail (path != NULL, NULL);

  return g_object_new (CHARFLOW_TYPE_REPLAY_BACKEND, "path", path, "speed", speed, NULL);
}

/**
 * charflow_replay_backend_get_path:
 * @self: a replay
 *
 * Gets the file that is played.
 *
 * Returns: (nullable): the path
 *
 * Since: 1.0
 */
const char *
charflow_replay_backend_get_path (CharflowReplayBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_REPLAY_BACKEND (self), NULL);

  return self->path;
}

/**
 * charflow_replay_backend_get_source_label:
 * @self: a replay
 *
 * Gets which back end of the record is played, by its label.
 *
 * Returns: (nullable): the label, or %NULL for the first one
 *
 * Since: 1.0
 */
const char *
charflow_replay_backend_get_source_label (CharflowReplayBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_REPLAY_BACKEND (self), NULL);

  return self->source_label;
}

/**
 * charflow_replay_backend_get_speed:
 * @self: a replay
 *
 * Gets how fast the record is played.
 *
 * Returns: the value of #CharflowReplayBackend:speed
 *
 * Since: 1.0
 */
CharflowReplaySpeed
charflow_replay_backend_get_speed (CharflowReplayBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_REPLAY_BACKEND (self), CHARFLOW_REPLAY_SPEED_REAL);

  return self->speed;
}

/**
 * charflow_replay_backend_get_diverged:
 * @self: a replay
 *
 * Tells whether something else was written than the recorded back end accepted.
 *
 * Returns: the value of #CharflowReplayBackend:diverged
 *
 * Since: 1.0
 */
gboolean
charflow_replay_backend_get_diverged (CharflowReplayBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_REPLAY_BACKEND (self), FALSE);

  return self->diverged_bytes > 0;
}

/**
 * charflow_replay_backend_get_diverged_bytes:
 * @self: a replay
 *
 * Gets how many bytes were written that are not those of the record.
 *
 * Returns: the value of #CharflowReplayBackend:diverged-bytes
 *
 * Since: 1.0
 */
guint64
charflow_replay_backend_get_diverged_bytes (CharflowReplayBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_REPLAY_BACKEND (self), 0);

  return self->diverged_bytes;
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  const char *path = charflow_backend_options_get_string (options, "path");

  if (path == NULL || *path == '\0')
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                           _("A replay needs the option 'path'"));
      return NULL;
    }

  return g_object_new (CHARFLOW_TYPE_REPLAY_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "path", path,
                       "source-label", charflow_backend_options_get_string (options, "label"),
                       "speed", charflow_backend_options_get_choice (options, "speed"),
                       NULL);
}

static const char *const speeds[] = { "real", "full", NULL };

static const CharflowBackendOption replay_options[] = {
  { "label", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("Which back end of the record is played; the first one otherwise") },
  { "path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The file with the record") },
  { "speed", CHARFLOW_OPTION_TYPE_CHOICE, "real", N_("At the times of the record, or as fast as it is read"), speeds },
  { NULL },
};

const CharflowBackendKind charflow_replay_backend_kind = {
  .name = "replay",
  .description = N_("Plays what was recorded of a back end"),
  .options = replay_options,
  .create = create_from_options,
};

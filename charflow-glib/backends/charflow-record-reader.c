/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-record-private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-text-private.h"
#include "charflow-wire-reader-private.h"

#define BUFFER_SIZE 65536

struct _CharflowRecordReader
{
  char *path;
  int fd;
  guint64 offset; /* in the file, of what is read next */
  guint64 entry_offset;
  guint64 time_us; /* of the last entry */
  guint n_backends;
  guint32 left; /* of the entry's bytes */
  gsize start; /* of what is in the buffer, and its end */
  gsize end;
  guint8 buffer[BUFFER_SIZE];
};

static void
set_system_error (const char *path,
                  GError    **error)
{
  int saved_errno = errno;
  g_autofree char *excerpt = charflow_text_excerpt (path);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), _("Could not read the record '%s': %s"), excerpt,
               g_strerror (saved_errno));
}

static gboolean
refuse_at (CharflowRecordReader *self,
           guint64               offset,
           const char           *reason,
           GError              **error)
{
  g_autofree char *excerpt = charflow_text_excerpt (self->path);

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_FAILED,
               /* Translators: a path, a place, and a message such as "it ends there too early". */
               _("The record '%s' is damaged at byte %" PRIu64 ": %s"), excerpt, offset, reason);
  return FALSE;
}

/* Has something in the buffer, or fails. */
static gboolean
fill (CharflowRecordReader *self,
      GError              **error)
{
  gssize len;

  if (self->start < self->end)
    return TRUE;

  do
    len = read (self->fd, self->buffer, BUFFER_SIZE);
  while (len < 0 && errno == EINTR);

  if (len < 0)
    {
      set_system_error (self->path, error);
      return FALSE;
    }
  if (len == 0)
    return refuse_at (self, self->offset, _("it ends there too early"), error);

  self->start = 0;
  self->end = len;
  return TRUE;
}

/* Takes up to @size bytes, into @memory unless that is NULL. */
static gssize
take (CharflowRecordReader *self,
      guint8               *memory,
      gsize                 size,
      GError              **error)
{
  gsize len;

  if (!fill (self, error))
    return -1;

  len = MIN (size, self->end - self->start);
  if (memory != NULL)
    memcpy (memory, self->buffer + self->start, len);
  self->start += len;
  self->offset += len;
  return (gssize) len;
}

static gboolean
take_all (CharflowRecordReader *self,
          guint8               *memory,
          gsize                 size,
          GError              **error)
{
  gsize taken = 0;

  while (taken < size)
    {
      gssize len = take (self, memory != NULL ? memory + taken : NULL, size - taken, error);

      if (len < 0)
        return FALSE;
      taken += len;
    }

  return TRUE;
}

static gboolean
read_header (CharflowRecordReader *self,
             GError              **error)
{
  guint8 header[CHARFLOW_RECORD_HEADER_SIZE];
  CharflowWireReader reader;
  guint32 version;

  if (!take_all (self, header, sizeof header, error))
    return FALSE;

  charflow_wire_reader_init (&reader, header, sizeof header);
  if (memcmp (charflow_wire_reader_bytes (&reader, CHARFLOW_RECORD_MAGIC_SIZE), CHARFLOW_RECORD_MAGIC,
              CHARFLOW_RECORD_MAGIC_SIZE) != 0)
    return refuse_at (self, 0, _("it is no record"), error);

  version = charflow_wire_reader_u32 (&reader);
  if (version != CHARFLOW_RECORD_VERSION)
    {
      g_autofree char *excerpt = charflow_text_excerpt (self->path);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                   _("The record '%s' has the version %u, and only %u is known"), excerpt, version,
                   CHARFLOW_RECORD_VERSION);
      return FALSE;
    }

  return TRUE;
}

static int
open_file (const char *path,
           GError    **error)
{
  g_autofree char *excerpt = charflow_text_excerpt (path);
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

  if (fd < 0 || fstat (fd, &info) != 0)
    {
      set_system_error (path, error);
    }
  else if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("The record '%s' is not a regular file"), excerpt);
    }
  else
    {
      return fd;
    }

  if (fd >= 0)
    close (fd);
  return -1;
}

CharflowRecordReader *
charflow_record_reader_new (const char *path,
                            GError    **error)
{
  g_autoptr (CharflowRecordReader) self = NULL;
  int fd = open_file (path, error);

  if (fd < 0)
    return NULL;

  self = g_new0 (CharflowRecordReader, 1);
  self->path = g_strdup (path);
  self->fd = fd;
  if (!read_header (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
charflow_record_reader_free (CharflowRecordReader *self)
{
  close (self->fd);
  g_free (self->path);
  g_free (self);
}

static guint32
get_max_size (guint8 kind)
{
  switch ((CharflowRecordKind) kind)
    {
    case CHARFLOW_RECORD_BACKEND:
      return CHARFLOW_RECORD_MAX_LABEL;
    case CHARFLOW_RECORD_INPUT:
    case CHARFLOW_RECORD_OUTPUT:
      return CHARFLOW_RECORD_MAX_DATA;
    case CHARFLOW_RECORD_EVENT:
    case CHARFLOW_RECORD_END:
    default:
      return 0;
    }
}

/* What is wrong with an entry, or NULL. */
static const char *
find_fault (CharflowRecordReader *self,
            guint64               time_us,
            guint32               size,
            guint16               backend,
            guint8                kind,
            guint8                event)
{
  gboolean has_bytes = kind == CHARFLOW_RECORD_INPUT || kind == CHARFLOW_RECORD_OUTPUT;

  if (kind > CHARFLOW_RECORD_END)
    return _("there is no such kind of entry");
  if (time_us < self->time_us)
    return _("its time is before that of the entry before");
  if (size > get_max_size (kind) || (size == 0 && has_bytes))
    return _("its size is impossible");
  if (event > (kind == CHARFLOW_RECORD_EVENT ? CHARFLOW_EVENT_MUX_OUT : 0))
    return _("there is no such event");
  if (kind == CHARFLOW_RECORD_BACKEND && backend != self->n_backends)
    return _("its back end is not the next one");
  if (kind == CHARFLOW_RECORD_END && backend != 0)
    return _("the end is of no back end");
  if (kind != CHARFLOW_RECORD_BACKEND && kind != CHARFLOW_RECORD_END && backend >= self->n_backends)
    return _("there is no such back end");

  return NULL;
}

static gboolean
parse_entry (CharflowRecordReader *self,
             const guint8         *data,
             CharflowRecordEntry  *entry,
             GError              **error)
{
  CharflowWireReader reader;
  const char *fault;
  guint8 event;

  charflow_wire_reader_init (&reader, data, CHARFLOW_RECORD_ENTRY_SIZE);
  entry->time_us = charflow_wire_reader_u64 (&reader);
  entry->size = charflow_wire_reader_u32 (&reader);
  entry->backend = charflow_wire_reader_u16 (&reader);
  entry->kind = charflow_wire_reader_u8 (&reader);
  event = charflow_wire_reader_u8 (&reader);

  fault = find_fault (self, entry->time_us, entry->size, entry->backend, entry->kind, event);
  if (fault != NULL)
    return refuse_at (self, self->entry_offset, fault, error);

  entry->event = event;
  if (entry->kind == CHARFLOW_RECORD_BACKEND)
    self->n_backends++;
  self->time_us = entry->time_us;
  self->left = entry->size;
  return TRUE;
}

gboolean
charflow_record_reader_next (CharflowRecordReader *self,
                             CharflowRecordEntry  *entry,
                             GError              **error)
{
  guint8 data[CHARFLOW_RECORD_ENTRY_SIZE];

  if (!take_all (self, NULL, self->left, error))
    return FALSE;

  self->left = 0;
  self->entry_offset = self->offset;
  return take_all (self, data, sizeof data, error) && parse_entry (self, data, entry, error);
}

gssize
charflow_record_reader_read (CharflowRecordReader *self,
                             void                 *buffer,
                             gsize                 size,
                             GError              **error)
{
  gssize len;

  size = MIN (size, self->left);
  if (size == 0)
    return 0;

  len = take (self, buffer, size, error);
  if (len > 0)
    self->left -= len;

  return len;
}

guint32
charflow_record_reader_get_left (CharflowRecordReader *self)
{
  return self->left;
}

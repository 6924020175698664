/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "charflow-enums.h"

G_BEGIN_DECLS

/* The format that the section about CharflowRecorder tells. */
#define CHARFLOW_RECORD_MAGIC "CFRECORD"
#define CHARFLOW_RECORD_MAGIC_SIZE 8
#define CHARFLOW_RECORD_VERSION 1
#define CHARFLOW_RECORD_HEADER_SIZE 20
#define CHARFLOW_RECORD_ENTRY_SIZE 16
#define CHARFLOW_RECORD_MAX_LABEL 255
#define CHARFLOW_RECORD_MAX_DATA 65536
#define CHARFLOW_RECORD_MAX_BACKENDS 65536

typedef enum
{
  CHARFLOW_RECORD_BACKEND, /* another back end; the bytes are its label */
  CHARFLOW_RECORD_INPUT,
  CHARFLOW_RECORD_OUTPUT,
  CHARFLOW_RECORD_EVENT,
  CHARFLOW_RECORD_END,
} CharflowRecordKind;

typedef struct
{
  guint64 time_us; /* since the start of the record */
  CharflowRecordKind kind;
  guint backend; /* its number */
  CharflowEvent event; /* of an EVENT */
  guint32 size; /* of the bytes that follow */
} CharflowRecordEntry;

/* Reads a record entry by entry, with a buffer of a fixed size. An error says at which byte the record is damaged, and is
 * the last thing that is read. */
typedef struct _CharflowRecordReader CharflowRecordReader;

CharflowRecordReader *charflow_record_reader_new (const char *path,
                                                  GError    **error);
void charflow_record_reader_free (CharflowRecordReader *self);

/* The next entry; what is left of the bytes of the one before is skipped. After the END comes nothing. */
gboolean charflow_record_reader_next (CharflowRecordReader *self,
                                      CharflowRecordEntry  *entry,
                                      GError              **error);

/* Some of the bytes of the entry, 0 once there are no more, -1 with @error set. */
gssize charflow_record_reader_read (CharflowRecordReader *self,
                                    void                 *buffer,
                                    gsize                 size,
                                    GError              **error);
/* How many bytes of the entry are left. */
guint32 charflow_record_reader_get_left (CharflowRecordReader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowRecordReader, charflow_record_reader_free)

G_END_DECLS

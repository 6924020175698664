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

G_END_DECLS

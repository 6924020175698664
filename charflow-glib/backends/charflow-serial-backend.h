/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-fd-backend.h"

G_BEGIN_DECLS

/**
 * CharflowSerialOutput:
 * @CHARFLOW_SERIAL_OUTPUT_KEEP: it stays as the kernel has it
 * @CHARFLOW_SERIAL_OUTPUT_ON: it is put on
 * @CHARFLOW_SERIAL_OUTPUT_OFF: it is put off
 *
 * What becomes of an output of a serial port when that is opened.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_SERIAL_OUTPUT_KEEP,
  CHARFLOW_SERIAL_OUTPUT_ON,
  CHARFLOW_SERIAL_OUTPUT_OFF,
} CharflowSerialOutput;

#define CHARFLOW_TYPE_SERIAL_BACKEND (charflow_serial_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowSerialBackend, charflow_serial_backend, CHARFLOW, SERIAL_BACKEND,
                      CharflowFdBackend)

CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialBackend *charflow_serial_backend_new (const char *path) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_serial_backend_get_path (CharflowSerialBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialSettings *charflow_serial_backend_get_settings (CharflowSerialBackend *self);

G_END_DECLS

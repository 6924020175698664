/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <glib-object.h>

#include "charflow-version.h"

G_BEGIN_DECLS

/**
 * CharflowOptionType:
 * @CHARFLOW_OPTION_TYPE_STRING: text
 * @CHARFLOW_OPTION_TYPE_BOOLEAN: `on`, `yes`, `true`, `y` or `off`, `no`, `false`, `n`
 * @CHARFLOW_OPTION_TYPE_NUMBER: an unsigned number, decimal, octal or hexadecimal as in C
 * @CHARFLOW_OPTION_TYPE_SIZE: a number of bytes, with an optional suffix of B, K, M, G, T, P or E
 * @CHARFLOW_OPTION_TYPE_CHOICE: one of some words, see charflow_backend_option_get_choices()
 *
 * What the value of a back end's option may be, by the rules of QEMU's `-chardev`.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_OPTION_TYPE_STRING,
  CHARFLOW_OPTION_TYPE_BOOLEAN,
  CHARFLOW_OPTION_TYPE_NUMBER,
  CHARFLOW_OPTION_TYPE_SIZE,
  CHARFLOW_OPTION_TYPE_CHOICE,
} CharflowOptionType;

#define CHARFLOW_TYPE_BACKEND_OPTION (charflow_backend_option_get_type ())

/**
 * CharflowBackendOption:
 *
 * One option of a kind of back end. It is immutable.
 *
 * Since: 1.0
 */
typedef struct _CharflowBackendOption CharflowBackendOption;

CHARFLOW_AVAILABLE_IN_ALL
GType charflow_backend_option_get_type (void) G_GNUC_CONST;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_backend_option_get_name (const CharflowBackendOption *option);
CHARFLOW_AVAILABLE_IN_ALL
CharflowOptionType charflow_backend_option_get_value_type (const CharflowBackendOption *option);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_backend_option_get_default_value (const CharflowBackendOption *option);
CHARFLOW_AVAILABLE_IN_ALL
const char *const *charflow_backend_option_get_choices (const CharflowBackendOption *option);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_backend_option_get_description (const CharflowBackendOption *option);

G_END_DECLS

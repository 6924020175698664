/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-backend-private.h"

#include <inttypes.h>

#include <glib/gi18n-lib.h>

/* How a multiplexer is made from a spec. */

#define ESCAPE_DEFAULT "1"
#define MAX_FRONT_ENDS_DEFAULT "4"
#define RING_SIZE_DEFAULT "4096"

static gboolean
check_range (const CharflowBackendOptions *options,
             const char                   *name,
             guint64                       min,
             guint64                       max,
             GError                      **error)
{
  guint64 number = charflow_backend_options_get_number (options, name);

  if (number >= min && number <= max)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option '%s' expects %" PRIu64 " to %" PRIu64 ", not %" PRIu64),
               name, min, max, number);
  return FALSE;
}

CharflowBackend *
charflow_mux_backend_new_from_options (const CharflowBackendOptions *options,
                                       CharflowBackend              *base,
                                       GError                      **error)
{
  g_autoptr (CharflowMuxBackend) self = NULL;

  if (!check_range (options, "escape", 0, 255, error) ||
      !check_range (options, "max-front-ends", 1, CHARFLOW_MUX_MAX_FRONT_ENDS, error) ||
      !check_range (options, "ring-size", 1, CHARFLOW_MUX_MAX_RING_SIZE, error))
    return NULL;

  self = g_object_new (CHARFLOW_TYPE_MUX_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "escape-char", (guint) charflow_backend_options_get_number (options, "escape"),
                       "max-front-ends", (guint) charflow_backend_options_get_number (options, "max-front-ends"),
                       "ring-size", (guint) charflow_backend_options_get_number (options, "ring-size"),
                       "timestamps", charflow_backend_options_get_boolean (options, "timestamps"),
                       NULL);
  if (!charflow_mux_backend_set_backend (self, base, error))
    return NULL;

  return CHARFLOW_BACKEND (g_steal_pointer (&self));
}

/* By itself a spec cannot say which base is meant. */
static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  const char *label = charflow_backend_options_get_string (options, "chardev");

  if (label == NULL || *label == '\0')
    g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                         _("A multiplexer needs the option 'chardev', the label of its base"));
  else
    g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                 _("What 'chardev=%s' is, is known to a registry of back ends only"), label);

  return NULL;
}

static const CharflowBackendOption mux_options[] = {
  { "chardev", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The label of the back end that is shared") },
  { "escape", CHARFLOW_OPTION_TYPE_NUMBER, ESCAPE_DEFAULT, N_("The byte that makes a command of the next one") },
  { "max-front-ends", CHARFLOW_OPTION_TYPE_NUMBER, MAX_FRONT_ENDS_DEFAULT, N_("How many front ends there can be") },
  { "ring-size", CHARFLOW_OPTION_TYPE_SIZE, RING_SIZE_DEFAULT,
    N_("How many bytes wait for a front end that does not read") },
  { "timestamps", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether each line begins with the time") },
  { NULL },
};

const CharflowBackendKind charflow_mux_backend_kind = {
  .name = "mux",
  .description = N_("Lets several front ends share another back end"),
  .options = mux_options,
  .create = create_from_options,
};

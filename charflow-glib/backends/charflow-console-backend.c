/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-console-backend.h"

#include <fcntl.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-fd-backend-private.h"

/**
 * SECTION:charflow-console-backend
 * @title: CharflowConsoleBackend
 * @short_description: a back end that writes to the standard output
 *
 * What is written goes to the standard output of the process, and nothing ever comes. Any number of
 * them can be open, also beside a #CharflowStdioBackend. The settings of a terminal are left alone.
 *
 * In a spec it is `console`, without options.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowConsoleBackend) console = charflow_console_backend_new (); // standard output alone
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (console));
 * g_autoptr (GBytes) line = g_bytes_new_static ("hello\n", 6);
 *
 * charflow_char_device_start (device);
 * charflow_char_device_write_bytes (device, NULL, line, NULL);
 * ]|
 */

/**
 * CharflowConsoleBackend:
 *
 * A back end that writes to the standard output.
 *
 * Since: 1.0
 */
struct _CharflowConsoleBackend
{
  CharflowFdBackend parent_instance;
};

G_DEFINE_FINAL_TYPE (CharflowConsoleBackend, charflow_console_backend, CHARFLOW_TYPE_FD_BACKEND)

static gboolean
charflow_console_backend_open_fds (CharflowFdBackend *backend,
                                   int               *in_fd,
                                   int               *out_fd,
                                   GError           **error)
{
  *out_fd = charflow_fd_backend_borrow (backend, STDOUT_FILENO, O_WRONLY, error);

  return *out_fd >= 0;
}

static void
charflow_console_backend_class_init (CharflowConsoleBackendClass *klass)
{
  CHARFLOW_FD_BACKEND_CLASS (klass)->open_fds = charflow_console_backend_open_fds;
}

static void
charflow_console_backend_init (CharflowConsoleBackend *self)
{
  charflow_backend_set_uri (CHARFLOW_BACKEND (self), "console");
}

/**
 * charflow_console_backend_new:
 *
 * Makes a back end that writes to the standard output.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowConsoleBackend *
charflow_console_backend_new (void)
{
  return g_object_new (CHARFLOW_TYPE_CONSOLE_BACKEND, NULL);
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  return g_object_new (CHARFLOW_TYPE_CONSOLE_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       NULL);
}

static const CharflowBackendOption console_options[] = {
  { NULL },
};

const CharflowBackendKind charflow_console_backend_kind = {
  .name = "console",
  .description = N_("Writes to the standard output"),
  .options = console_options,
  .create = create_from_options,
};

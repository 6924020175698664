/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-file-backend.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-fd-io-private.h"

/**
 * SECTION:charflow-file-backend
 * @title: CharflowFileBackend
 * @short_description: a back end that writes to a file
 *
 * What is written goes to #CharflowFileBackend:path, which is made where there is none. It is cut to
 * nothing first, unless #CharflowFileBackend:append is set.
 *
 * What #CharflowFileBackend:input-path holds comes in, as fast as it is read. Then
 * %CHARFLOW_EVENT_CLOSED says that nothing more comes, while the output goes on. Of a fifo that
 * nobody writes to yet, this is not the end. Where the input cannot be opened the output stays as it
 * was.
 *
 * In a spec it is `file`, with the options `path`, `append` and `input-path`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowFileBackend) file = charflow_file_backend_new ("log.txt", TRUE);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (file));
 * g_autoptr (GBytes) line = g_bytes_new_static ("hello\n", 6);
 *
 * charflow_char_device_start (device);
 * charflow_char_device_write_bytes (device, NULL, line, NULL); // appended to the file
 * ]|
 */

/* What others may do with a new file is left to the umask. */
#define MODE 0666

/**
 * CharflowFileBackend:
 *
 * A back end that writes to a file.
 *
 * Since: 1.0
 */
struct _CharflowFileBackend
{
  CharflowFdBackend parent_instance;

  char *path;
  char *input_path; /* or NULL */
  gboolean append;
};

G_DEFINE_FINAL_TYPE (CharflowFileBackend, charflow_file_backend, CHARFLOW_TYPE_FD_BACKEND)

typedef enum
{
  PROP_PATH = 1,
  PROP_APPEND,
  PROP_INPUT_PATH,
} CharflowFileBackendProperty;

static GParamSpec *props[PROP_INPUT_PATH + 1];

static gboolean
charflow_file_backend_open_fds (CharflowFdBackend *backend,
                                int               *in_fd,
                                int               *out_fd,
                                GError           **error)
{
  CharflowFileBackend *self = CHARFLOW_FILE_BACKEND (backend);

  if (self->path == NULL)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                   _("The back end '%s' needs the option '%s'"), "file", "path");
      return FALSE;
    }

  /* First the input: the output is not cut where there is none. */
  if (self->input_path != NULL)
    {
      *in_fd = charflow_fd_io_open (self->input_path, O_RDONLY, 0, error);
      if (*in_fd < 0)
        return FALSE;
    }

  *out_fd = charflow_fd_io_open (self->path, O_WRONLY | O_CREAT | (self->append ? O_APPEND : O_TRUNC),
                                 MODE, error);
  if (*out_fd < 0 && *in_fd >= 0)
    close (*in_fd);

  return *out_fd >= 0;
}

static char *
charflow_file_backend_get_resource (CharflowBackend *backend)
{
  CharflowFileBackend *self = CHARFLOW_FILE_BACKEND (backend);
  char *resolved;

  if (self->path == NULL)
    return NULL;

  /* Fails where the file is still to be made. */
  resolved = realpath (self->path, NULL);
  return resolved != NULL ? resolved : g_canonicalize_filename (self->path, NULL);
}

static void
charflow_file_backend_constructed (GObject *object)
{
  CharflowFileBackend *self = CHARFLOW_FILE_BACKEND (object);

  G_OBJECT_CLASS (charflow_file_backend_parent_class)->constructed (object);

  if (self->path != NULL)
    {
      g_autofree char *name = g_filename_display_name (self->path);
      g_autofree char *uri = g_strconcat ("file:", name, NULL);

      charflow_backend_set_uri (CHARFLOW_BACKEND (self), uri);
    }
}

static void
charflow_file_backend_finalize (GObject *object)
{
  CharflowFileBackend *self = CHARFLOW_FILE_BACKEND (object);

  g_free (self->path);
  g_free (self->input_path);

  G_OBJECT_CLASS (charflow_file_backend_parent_class)->finalize (object);
}

static void
charflow_file_backend_get_property (GObject    *object,
                                    guint       prop_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  CharflowFileBackend *self = CHARFLOW_FILE_BACKEND (object);

  switch ((CharflowFileBackendProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, charflow_file_backend_get_path (self));
      break;
    case PROP_APPEND:
      g_value_set_boolean (value, charflow_file_backend_get_append (self));
      break;
    case PROP_INPUT_PATH:
      g_value_set_string (value, charflow_file_backend_get_input_path (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_file_backend_set_property (GObject      *object,
                                    guint         prop_id,
                                    const GValue *value,
                                    GParamSpec   *pspec)
{
  CharflowFileBackend *self = CHARFLOW_FILE_BACKEND (object);

  switch ((CharflowFileBackendProperty) prop_id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_APPEND:
      self->append = g_value_get_boolean (value);
      break;
    case PROP_INPUT_PATH:
      self->input_path = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_file_backend_class_init (CharflowFileBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowFdBackendClass *fd_class = CHARFLOW_FD_BACKEND_CLASS (klass);

  object_class->constructed = charflow_file_backend_constructed;
  object_class->finalize = charflow_file_backend_finalize;
  object_class->get_property = charflow_file_backend_get_property;
  object_class->set_property = charflow_file_backend_set_property;

  CHARFLOW_BACKEND_CLASS (klass)->get_resource = charflow_file_backend_get_resource;
  fd_class->open_fds = charflow_file_backend_open_fds;

  /**
   * CharflowFileBackend:path:
   *
   * The file that is written to.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "The file that is written to",
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowFileBackend:append:
   *
   * Whether what the file holds already stays, and what is written goes behind it.
   *
   * Since: 1.0
   */
  props[PROP_APPEND] =
    g_param_spec_boolean ("append", NULL, "Whether what the file holds already stays",
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowFileBackend:input-path:
   *
   * The file that is read, or %NULL for no input.
   *
   * Since: 1.0
   */
  props[PROP_INPUT_PATH] =
    g_param_spec_string ("input-path", NULL, "The file that is read",
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_file_backend_init (CharflowFileBackend *self)
{
}

/**
 * charflow_file_backend_new:
 * @path: (type filename): the file to write to
 * @append: whether what it holds already stays
 *
 * Makes a back end that writes to a file. The file itself is opened when the back end is.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowFileBackend *
charflow_file_backend_new (const char *path,
                           gboolean    append)
{
  return g_object_new (CHARFLOW_TYPE_FILE_BACKEND, "path", path, "append", append, NULL);
}

/**
 * charflow_file_backend_get_path:
 * @self: a back end
 *
 * Gets the file that is written to.
 *
 * Returns: (nullable) (type filename): the path, or %NULL when none was given
 *
 * Since: 1.0
 */
const char *
charflow_file_backend_get_path (CharflowFileBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_FILE_BACKEND (self), NULL);

  return self->path;
}

/**
 * charflow_file_backend_get_append:
 * @self: a back end
 *
 * Gets whether what the file holds already stays.
 *
 * Returns: %TRUE if it stays, %FALSE if it is cut to nothing
 *
 * Since: 1.0
 */
gboolean
charflow_file_backend_get_append (CharflowFileBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_FILE_BACKEND (self), FALSE);

  return self->append;
}

/**
 * charflow_file_backend_get_input_path:
 * @self: a back end
 *
 * Gets the file that is read.
 *
 * Returns: (nullable) (type filename): the path, or %NULL for no input
 *
 * Since: 1.0
 */
const char *
charflow_file_backend_get_input_path (CharflowFileBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_FILE_BACKEND (self), NULL);

  return self->input_path;
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  const char *path;
  const char *input_path;

  if (!charflow_backend_options_get_path (options, "path", TRUE, &path, error) ||
      !charflow_backend_options_get_path (options, "input-path", FALSE, &input_path, error))
    return NULL;

  return g_object_new (CHARFLOW_TYPE_FILE_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "path", path,
                       "append", charflow_backend_options_get_boolean (options, "append"),
                       "input-path", input_path,
                       NULL);
}

static const CharflowBackendOption file_options[] = {
  { "append", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether what the file holds already stays") },
  { "input-path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The file that is read") },
  { "path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The file that is written to") },
  { NULL },
};

const CharflowBackendKind charflow_file_backend_kind = {
  .name = "file",
  .description = N_("Writes to a file"),
  .options = file_options,
  .create = create_from_options,
};

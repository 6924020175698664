/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-pipe-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-fd-io-private.h"
#include "charflow-socket-util-private.h"
#include "charflow-text-private.h"

/**
 * SECTION:charflow-pipe-backend
 * @title: CharflowPipeBackend
 * @short_description: a back end behind two fifos
 *
 * It reads the fifo whose name is #CharflowPipeBackend:path with `.in` behind it, and writes to the
 * one with `.out`. Its other side is there as long as it is open, whoever has the fifos open: what is
 * written while nobody reads waits in the fifo, as much as that holds, and one that writes may go and
 * come back.
 *
 * With #CharflowPipeBackend:create it makes the fifos where there are none, and removes those that
 * it made. With #CharflowPipeBackend:duplex there is one fifo for both, whose name is the path
 * itself; unless somebody else is quick, it reads back what it wrote.
 *
 * In a spec it is `pipe`, with the options `path`, `create` and `duplex`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowPipeBackend) pipes = charflow_pipe_backend_new ("line", TRUE); // makes line.in and line.out
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (pipes));
 *
 * charflow_char_device_start (device);
 * ]|
 */

/* Of a fifo that we make: nobody else's. */
#define MODE 0600

/**
 * CharflowPipeBackend:
 *
 * A back end behind two fifos.
 *
 * Since: 1.0
 */
struct _CharflowPipeBackend
{
  CharflowFdBackend parent_instance;

  char *path;
  gboolean create;
  gboolean duplex;
  GPtrArray *made; /* CharflowUnixPath, of the fifos that are to be removed */
};

G_DEFINE_FINAL_TYPE (CharflowPipeBackend, charflow_pipe_backend, CHARFLOW_TYPE_FD_BACKEND)

typedef enum
{
  PROP_PATH = 1,
  PROP_CREATE,
  PROP_DUPLEX,
} CharflowPipeBackendProperty;

static GParamSpec *props[PROP_DUPLEX + 1];

/* One that is there already is used as it is, and stays. */
static gboolean
ensure_fifo (CharflowPipeBackend *self,
             const char          *path,
             GError             **error)
{
  int saved_errno;
  g_autofree char *excerpt = NULL;

  if (!self->create)
    return TRUE;

  if (mkfifo (path, MODE) == 0)
    {
      g_ptr_array_add (self->made, charflow_unix_path_new (path));
      return TRUE;
    }

  saved_errno = errno;
  if (saved_errno == EEXIST)
    return TRUE;

  excerpt = charflow_text_excerpt (path);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               _("Could not make the fifo '%s': %s"), excerpt, g_strerror (saved_errno));
  return FALSE;
}

/* Open for both, it needs nobody at its other end, neither to be opened nor later. */
static int
open_fifo (CharflowPipeBackend *self,
           const char          *path,
           GError             **error)
{
  struct stat info;
  g_autofree char *excerpt = NULL;
  int fd;

  if (!ensure_fifo (self, path, error))
    return -1;

  fd = charflow_fd_io_open (path, O_RDWR, 0, error);
  if (fd < 0)
    return -1;
  if (fstat (fd, &info) == 0 && S_ISFIFO (info.st_mode))
    return fd;

  close (fd);
  excerpt = charflow_text_excerpt (path);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _("Could not open '%s': it is no fifo"), excerpt);
  return -1;
}

static gboolean
open_pair (CharflowPipeBackend *self,
           int                 *in_fd,
           int                 *out_fd,
           GError             **error)
{
  g_autofree char *in_path = g_strconcat (self->path, ".in", NULL);
  g_autofree char *out_path = g_strconcat (self->path, ".out", NULL);

  *in_fd = open_fifo (self, in_path, error);
  if (*in_fd < 0)
    return FALSE;

  *out_fd = open_fifo (self, out_path, error);
  if (*out_fd < 0)
    close (*in_fd);

  return *out_fd >= 0;
}

static gboolean
open_one (CharflowPipeBackend *self,
          int                 *in_fd,
          int                 *out_fd,
          GError             **error)
{
  *in_fd = open_fifo (self, self->path, error);
  *out_fd = *in_fd;

  return *in_fd >= 0;
}

static gboolean
charflow_pipe_backend_open_fds (CharflowFdBackend *backend,
                                int               *in_fd,
                                int               *out_fd,
                                GError           **error)
{
  CharflowPipeBackend *self = CHARFLOW_PIPE_BACKEND (backend);
  gboolean is_open;

  if (self->path == NULL)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                   _("The back end '%s' needs the option '%s'"), "pipe", "path");
      return FALSE;
    }

  is_open = self->duplex ? open_one (self, in_fd, out_fd, error) : open_pair (self, in_fd, out_fd, error);
  if (!is_open)
    g_ptr_array_set_size (self->made, 0);

  return is_open;
}

static void
charflow_pipe_backend_release_fds (CharflowFdBackend *backend)
{
  g_ptr_array_set_size (CHARFLOW_PIPE_BACKEND (backend)->made, 0);
}

static char *
charflow_pipe_backend_get_resource (CharflowBackend *backend)
{
  CharflowPipeBackend *self = CHARFLOW_PIPE_BACKEND (backend);

  return self->path == NULL ? NULL : g_canonicalize_filename (self->path, NULL);
}

static void
charflow_pipe_backend_constructed (GObject *object)
{
  CharflowPipeBackend *self = CHARFLOW_PIPE_BACKEND (object);

  G_OBJECT_CLASS (charflow_pipe_backend_parent_class)->constructed (object);

  if (self->path != NULL)
    {
      g_autofree char *name = g_filename_display_name (self->path);
      g_autofree char *uri = g_strconcat ("pipe:", name, NULL);

      charflow_backend_set_uri (CHARFLOW_BACKEND (self), uri);
    }
}

static void
charflow_pipe_backend_finalize (GObject *object)
{
  CharflowPipeBackend *self = CHARFLOW_PIPE_BACKEND (object);

  g_ptr_array_unref (self->made);
  g_free (self->path);

  G_OBJECT_CLASS (charflow_pipe_backend_parent_class)->finalize (object);
}

static void
charflow_pipe_backend_get_property (GObject    *object,
                                    guint       prop_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  CharflowPipeBackend *self = CHARFLOW_PIPE_BACKEND (object);

  switch ((CharflowPipeBackendProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, charflow_pipe_backend_get_path (self));
      break;
    case PROP_CREATE:
      g_value_set_boolean (value, charflow_pipe_backend_get_create (self));
      break;
    case PROP_DUPLEX:
      g_value_set_boolean (value, charflow_pipe_backend_get_duplex (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_pipe_backend_set_property (GObject      *object,
                                    guint         prop_id,
                                    const GValue *value,
                                    GParamSpec   *pspec)
{
  CharflowPipeBackend *self = CHARFLOW_PIPE_BACKEND (object);

  switch ((CharflowPipeBackendProperty) prop_id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_CREATE:
      self->create = g_value_get_boolean (value);
      break;
    case PROP_DUPLEX:
      self->duplex = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_pipe_backend_class_init (CharflowPipeBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowFdBackendClass *fd_class = CHARFLOW_FD_BACKEND_CLASS (klass);

  object_class->constructed = charflow_pipe_backend_constructed;
  object_class->finalize = charflow_pipe_backend_finalize;
  object_class->get_property = charflow_pipe_backend_get_property;
  object_class->set_property = charflow_pipe_backend_set_property;

  CHARFLOW_BACKEND_CLASS (klass)->get_resource = charflow_pipe_backend_get_resource;
  fd_class->open_fds = charflow_pipe_backend_open_fds;
  fd_class->release_fds = charflow_pipe_backend_release_fds;

  /**
   * CharflowPipeBackend:path:
   *
   * What the names of the fifos begin with, or that of the only one.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "What the names of the fifos begin with",
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowPipeBackend:create:
   *
   * Whether fifos that are not there are made, for the own user only, and removed when the back end
   * is closed. One that others put in their place meanwhile stays.
   *
   * Since: 1.0
   */
  props[PROP_CREATE] =
    g_param_spec_boolean ("create", NULL, "Whether fifos that are not there are made",
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowPipeBackend:duplex:
   *
   * Whether there is one fifo for both directions.
   *
   * Since: 1.0
   */
  props[PROP_DUPLEX] =
    g_param_spec_boolean ("duplex", NULL, "Whether there is one fifo for both directions",
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_pipe_backend_init (CharflowPipeBackend *self)
{
  self->made = g_ptr_array_new_with_free_func ((GDestroyNotify) charflow_unix_path_free);
}

/**
 * charflow_pipe_backend_new:
 * @path: (type filename): what the names of the fifos begin with
 * @create: whether fifos that are not there are made
 *
 * Makes a back end behind two fifos. They are opened when the back end is.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowPipeBackend *
charflow_pipe_backend_new (const char *path,
                           gboolean    create)
{
  return g_object_new (CHARFLOW_TYPE_PIPE_BACKEND, "path", path, "create", create, NULL);
}

/**
 * charflow_pipe_backend_get_path:
 * @self: a back end
 *
 * Gets what the names of the fifos begin with, or that of the only one.
 *
 * Returns: (nullable) (type filename): the path, or %NULL when none was given
 *
 * Since: 1.0
 */
const char *
charflow_pipe_backend_get_path (CharflowPipeBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PIPE_BACKEND (self), NULL);

  return self->path;
}

/**
 * charflow_pipe_backend_get_create:
 * @self: a back end
 *
 * Gets whether fifos that are not there are made.
 *
 * Returns: %TRUE if they are
 *
 * Since: 1.0
 */
gboolean
charflow_pipe_backend_get_create (CharflowPipeBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PIPE_BACKEND (self), FALSE);

  return self->create;
}

/**
 * charflow_pipe_backend_get_duplex:
 * @self: a back end
 *
 * Gets whether there is one fifo for both directions.
 *
 * Returns: %TRUE if there is one, %FALSE if there are two
 *
 * Since: 1.0
 */
gboolean
charflow_pipe_backend_get_duplex (CharflowPipeBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PIPE_BACKEND (self), FALSE);

  return self->duplex;
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  const char *path;

  if (!charflow_backend_options_get_path (options, "path", TRUE, &path, error))
    return NULL;

  return g_object_new (CHARFLOW_TYPE_PIPE_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "path", path,
                       "create", charflow_backend_options_get_boolean (options, "create"),
                       "duplex", charflow_backend_options_get_boolean (options, "duplex"),
                       NULL);
}

static const CharflowBackendOption pipe_options[] = {
  { "create", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether fifos that are not there are made") },
  { "duplex", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether PATH itself is the fifo for both directions") },
  { "path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The fifos are PATH.in and PATH.out") },
  { NULL },
};

const CharflowBackendKind charflow_pipe_backend_kind = {
  .name = "pipe",
  .description = N_("Two fifos"),
  .options = pipe_options,
  .create = create_from_options,
};

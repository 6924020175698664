/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-fd-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-backend-private.h"
#include "charflow-fd-backend-private.h"
#include "charflow-fd-io-private.h"
#include "charflow-fd-source-private.h"

/**
 * SECTION:charflow-fd-backend
 * @title: CharflowFdBackend
 * @short_description: a back end over file descriptors
 *
 * It reads one descriptor and writes to another one, or to the same. Its other side is there once it
 * is open.
 *
 * When the input comes to its end, or fails, %CHARFLOW_EVENT_CLOSED says that nothing more comes, and
 * #CharflowBackend:opened is %FALSE from then on. What is written still goes out, also that of a
 * #CharflowCharDevice: a file that was read to its end is no reason to lose what is to be logged.
 * Where there is no input, the event comes when the output is broken.
 *
 * Descriptors that the program gives stay its own. The back end works with copies, closes only
 * these, and does not change the flags of what other processes share: a terminal or a pipe is opened
 * anew; what cannot be is made non-blocking, and made as it was when the back end is closed.
 *
 * A subclass opens what it likes in @open_fds. In a spec it is `fd`, with the option `fd` for one
 * descriptor that is both, or with `in`, `out` or both.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowFdBackend) backend = charflow_fd_backend_new (ends[0], -1); // it works with a copy
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (backend));
 *
 * charflow_char_device_start (device);
 * ]|
 */

/**
 * CharflowFdBackendClass::open_fds:
 * @self: a back end
 * @in_fd: (out) (transfer full): the descriptor to read, or -1 for none
 * @out_fd: (out) (transfer full): the descriptor to write to, or -1 for none; it may be @in_fd
 * @error: return location for a #GError
 *
 * Opens an input, an output or both, without blocking.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */

/**
 * CharflowFdBackend:
 *
 * A back end over file descriptors.
 *
 * Since: 1.0
 */

typedef struct
{
  int fd; /* -1 for none */
  CharflowFdType type;
  gboolean has_ended; /* there is nothing to wait for any more */
} End;

typedef struct
{
  int given_in;
  int given_out;
  End in;
  End out; /* may be the same descriptor */
  int changed[2]; /* the copies whose shared flags are to be restored, or -1 */
  CharflowFdSources *sources;
} CharflowFdBackendPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (CharflowFdBackend, charflow_fd_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_IN_FD = 1,
  PROP_OUT_FD,
} CharflowFdBackendProperty;

static GParamSpec *props[PROP_OUT_FD + 1];

static CharflowFdBackendPrivate *
get_private (CharflowFdBackend *self)
{
  return charflow_fd_backend_get_instance_private (self);
}

int
charflow_fd_backend_get_input (CharflowFdBackend *self)
{
  return get_private (self)->in.fd;
}

int
charflow_fd_backend_get_output (CharflowFdBackend *self)
{
  return get_private (self)->out.fd;
}

void
charflow_fd_backend_set_readable (CharflowFdBackend *self,
                                  gboolean           readable)
{
  charflow_fd_sources_set_ready (get_private (self)->sources, readable ? G_IO_IN : 0);
}

static gboolean
can_access (int fd,
            int access)
{
  int mode = fcntl (fd, F_GETFL) & O_ACCMODE;

  return mode == O_RDWR || mode == access;
}

int
charflow_fd_backend_borrow (CharflowFdBackend *self,
                            int                fd,
                            int                access,
                            GError           **error)
{
  CharflowFdBackendPrivate *priv = get_private (self);
  gboolean is_changed;
  int copy = charflow_fd_io_borrow (fd, &is_changed);

  if (copy < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   _("Could not use the descriptor %d: %s"), fd, g_strerror (saved_errno));
      return -1;
    }

  if (!can_access (copy, access))
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   access == O_RDONLY ? _("The descriptor %d cannot be read")
                                      : _("The descriptor %d cannot be written to"), fd);
      charflow_fd_io_give_back (copy, is_changed);
      return -1;
    }

  if (is_changed)
    priv->changed[priv->changed[0] < 0 ? 0 : 1] = copy;
  return copy;
}

gboolean
charflow_fd_backend_is_changed (CharflowFdBackend *self,
                                int                fd)
{
  CharflowFdBackendPrivate *priv = get_private (self);

  return fd >= 0 && (priv->changed[0] == fd || priv->changed[1] == fd);
}

void
charflow_fd_backend_give_back (CharflowFdBackend *self,
                               int                fd)
{
  CharflowFdBackendPrivate *priv = get_private (self);
  gboolean is_changed = charflow_fd_backend_is_changed (self, fd);

  if (fd < 0)
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (priv->changed); i++)
    {
      if (priv->changed[i] == fd)
        priv->changed[i] = -1;
    }
  charflow_fd_io_give_back (fd, is_changed);
}

static gboolean
charflow_fd_backend_real_open_fds (CharflowFdBackend *self,
                                   int               *in_fd,
                                   int               *out_fd,
                                   GError           **error)
{
  CharflowFdBackendPrivate *priv = get_private (self);

  if (priv->given_in >= 0)
    {
      *in_fd = charflow_fd_backend_borrow (self, priv->given_in, O_RDONLY, error);
      if (*in_fd < 0)
        return FALSE;
    }

  if (priv->given_out >= 0 && priv->given_out == priv->given_in && can_access (*in_fd, O_WRONLY))
    {
      *out_fd = *in_fd;
    }
  else if (priv->given_out >= 0)
    {
      *out_fd = charflow_fd_backend_borrow (self, priv->given_out, O_WRONLY, error);
      if (*out_fd < 0)
        {
          charflow_fd_backend_give_back (self, *in_fd);
          return FALSE;
        }
    }

  return TRUE;
}

static void
charflow_fd_backend_real_release_fds (CharflowFdBackend *self)
{
}

static void
charflow_fd_backend_real_input_ended (CharflowFdBackend *self)
{
  CharflowFdBackendPrivate *priv = get_private (self);

  charflow_backend_set_takes_output (CHARFLOW_BACKEND (self), priv->out.fd >= 0 && !priv->out.has_ended);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_CLOSED);
}

static void
close_ends (CharflowFdBackend *self)
{
  CharflowFdBackendPrivate *priv = get_private (self);
  int in_fd = priv->in.fd;
  int out_fd = priv->out.fd;

  priv->in.fd = -1;
  priv->out.fd = -1;
  charflow_fd_backend_give_back (self, in_fd);
  if (out_fd != in_fd)
    charflow_fd_backend_give_back (self, out_fd);
}

void
charflow_fd_backend_drop_fds (CharflowFdBackend *self)
{
  CharflowFdBackendPrivate *priv = get_private (self);

  charflow_fd_sources_destroy (priv->sources);
  if (priv->in.fd < 0 && priv->out.fd < 0)
    return;

  CHARFLOW_FD_BACKEND_GET_CLASS (self)->release_fds (self);
  close_ends (self);
}

static gboolean
set_up_end (CharflowFdBackend *self,
            End               *end,
            GError           **error)
{
  end->has_ended = FALSE;
  if (end->fd < 0)
    return TRUE;

  end->type = charflow_fd_io_find_type (end->fd);
  if (fcntl (end->fd, F_SETFD, FD_CLOEXEC) < 0 || !charflow_fd_io_make_non_blocking (end->fd, NULL))
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   _("Could not use the descriptor %d: %s"), end->fd, g_strerror (saved_errno));
      return FALSE;
    }

  return TRUE;
}

gboolean
charflow_fd_backend_acquire_fds (CharflowFdBackend *self,
                                 GError           **error)
{
  CharflowFdBackendPrivate *priv = get_private (self);
  GError *failure = NULL;
  int in_fd = -1;
  int out_fd = -1;

  if (!CHARFLOW_FD_BACKEND_GET_CLASS (self)->open_fds (self, &in_fd, &out_fd, &failure))
    {
      charflow_backend_fail_with (CHARFLOW_BACKEND (self), failure, error);
      return FALSE;
    }

  charflow_backend_set_takes_output (CHARFLOW_BACKEND (self), FALSE);
  priv->in.fd = in_fd;
  priv->out.fd = out_fd;
  if (!set_up_end (self, &priv->in, error) || !set_up_end (self, &priv->out, error))
    {
      charflow_fd_backend_drop_fds (self);
      return FALSE;
    }

  return TRUE;
}

static void
charflow_fd_backend_open_async (CharflowBackend    *backend,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (backend, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, charflow_fd_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (!charflow_fd_backend_acquire_fds (CHARFLOW_FD_BACKEND (backend), &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  g_task_return_boolean (task, TRUE);
}

static void
charflow_fd_backend_close (CharflowBackend *backend)
{
  charflow_fd_backend_drop_fds (CHARFLOW_FD_BACKEND (backend));
}

/* For messages. */
static char *
get_place (CharflowFdBackend *self)
{
  char *uri = charflow_backend_get_uri (CHARFLOW_BACKEND (self));

  return uri != NULL ? uri : g_strdup (G_OBJECT_TYPE_NAME (self));
}

static gssize
charflow_fd_backend_read (CharflowBackend *backend,
                          void            *buffer,
                          gsize            size,
                          GError         **error)
{
  CharflowFdBackend *self = CHARFLOW_FD_BACKEND (backend);
  CharflowFdBackendPrivate *priv = get_private (self);
  gssize len;

  if (priv->in.fd < 0 || priv->in.has_ended)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("There is nothing to read"));
      return -1;
    }

  len = charflow_fd_io_read (priv->in.fd, priv->in.type, buffer, size);
  if (len > 0)
    return len;

  if (len < 0)
    {
      int saved_errno = errno;
      g_autofree char *place = get_place (self);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   _("Could not read from '%s': %s"), place, g_strerror (saved_errno));
      if (saved_errno == EAGAIN)
        return -1;
    }

  /* The descriptor would be ready for ever. */
  priv->in.has_ended = TRUE;
  charflow_fd_sources_destroy (priv->sources);
  CHARFLOW_FD_BACKEND_GET_CLASS (self)->input_ended (self);

  return len;
}

static void
take_write_error (CharflowFdBackend *self,
                  int                saved_errno,
                  GError           **error)
{
  CharflowFdBackendPrivate *priv = get_private (self);
  g_autofree char *place = get_place (self);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               _("Could not write to '%s': %s"), place, g_strerror (saved_errno));
  if (saved_errno != EPIPE && saved_errno != ECONNRESET)
    return;

  priv->out.has_ended = TRUE;
  if (priv->in.fd >= 0 && !priv->in.has_ended)
    return;

  charflow_fd_sources_destroy (priv->sources);
  charflow_backend_set_takes_output (CHARFLOW_BACKEND (self), FALSE);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_CLOSED);
}

static gssize
charflow_fd_backend_write (CharflowBackend *backend,
                           const guint8    *data,
                           gsize            size,
                           GError         **error)
{
  CharflowFdBackend *self = CHARFLOW_FD_BACKEND (backend);
  CharflowFdBackendPrivate *priv = get_private (self);
  gssize len;

  if (priv->out.fd < 0)
    {
      g_autofree char *place = get_place (self);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                   _("Nothing can be written to '%s'"), place);
      return -1;
    }

  len = charflow_fd_io_write (priv->out.fd, priv->out.type, data, size);
  if (len < 0)
    take_write_error (self, errno, error);

  return len;
}

static GSource *
charflow_fd_backend_create_source (CharflowBackend *backend,
                                   GIOCondition     condition)
{
  CharflowFdBackendPrivate *priv = get_private (CHARFLOW_FD_BACKEND (backend));

  return charflow_fd_sources_create_pair (priv->sources,
                                          priv->in.has_ended ? -1 : priv->in.fd,
                                          priv->out.has_ended ? -1 : priv->out.fd,
                                          condition);
}

static void
charflow_fd_backend_finalize (GObject *object)
{
  CharflowFdBackendPrivate *priv = get_private (CHARFLOW_FD_BACKEND (object));

  charflow_fd_sources_free (priv->sources);

  G_OBJECT_CLASS (charflow_fd_backend_parent_class)->finalize (object);
}

static void
charflow_fd_backend_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  CharflowFdBackend *self = CHARFLOW_FD_BACKEND (object);

  switch ((CharflowFdBackendProperty) prop_id)
    {
    case PROP_IN_FD:
      g_value_set_int (value, charflow_fd_backend_get_in_fd (self));
      break;
    case PROP_OUT_FD:
      g_value_set_int (value, charflow_fd_backend_get_out_fd (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_fd_backend_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  CharflowFdBackendPrivate *priv = get_private (CHARFLOW_FD_BACKEND (object));

  switch ((CharflowFdBackendProperty) prop_id)
    {
    case PROP_IN_FD:
      priv->given_in = g_value_get_int (value);
      break;
    case PROP_OUT_FD:
      priv->given_out = g_value_get_int (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static char *
describe (CharflowFdBackendPrivate *priv)
{
  if (priv->given_in == priv->given_out)
    return g_strdup_printf ("fd:%d", priv->given_in);
  if (priv->given_out < 0)
    return g_strdup_printf ("fd:in=%d", priv->given_in);
  if (priv->given_in < 0)
    return g_strdup_printf ("fd:out=%d", priv->given_out);

  return g_strdup_printf ("fd:in=%d,out=%d", priv->given_in, priv->given_out);
}

static void
charflow_fd_backend_constructed (GObject *object)
{
  CharflowFdBackendPrivate *priv = get_private (CHARFLOW_FD_BACKEND (object));

  G_OBJECT_CLASS (charflow_fd_backend_parent_class)->constructed (object);

  if (priv->given_in >= 0 || priv->given_out >= 0)
    {
      g_autofree char *uri = describe (priv);

      charflow_backend_set_uri (CHARFLOW_BACKEND (object), uri);
    }
}

static void
charflow_fd_backend_class_init (CharflowFdBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  object_class->constructed = charflow_fd_backend_constructed;
  object_class->finalize = charflow_fd_backend_finalize;
  object_class->get_property = charflow_fd_backend_get_property;
  object_class->set_property = charflow_fd_backend_set_property;

  backend_class->open_async = charflow_fd_backend_open_async;
  backend_class->close = charflow_fd_backend_close;
  backend_class->read = charflow_fd_backend_read;
  backend_class->write = charflow_fd_backend_write;
  backend_class->create_source = charflow_fd_backend_create_source;

  klass->open_fds = charflow_fd_backend_real_open_fds;
  klass->release_fds = charflow_fd_backend_real_release_fds;
  klass->input_ended = charflow_fd_backend_real_input_ended;

  /**
   * CharflowFdBackend:in-fd:
   *
   * The descriptor that is read, or -1 for none. It stays the program's own, and has to be open when
   * the back end is opened; a copy is read. Subclasses that open something else make no use of it.
   *
   * Since: 1.0
   */
  props[PROP_IN_FD] =
    g_param_spec_int ("in-fd", NULL, "The descriptor that is read, or -1",
                      -1, G_MAXINT, -1,
                      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowFdBackend:out-fd:
   *
   * The descriptor that is written to, or -1 for none; it may be that of #CharflowFdBackend:in-fd. It
   * stays the program's own, and has to be open when the back end is opened; a copy is written to.
   * Subclasses that open something else make no use of it.
   *
   * Since: 1.0
   */
  props[PROP_OUT_FD] =
    g_param_spec_int ("out-fd", NULL, "The descriptor that is written to, or -1",
                      -1, G_MAXINT, -1,
                      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_fd_backend_init (CharflowFdBackend *self)
{
  CharflowFdBackendPrivate *priv = get_private (self);

  priv->in.fd = -1;
  priv->out.fd = -1;
  priv->changed[0] = -1;
  priv->changed[1] = -1;
  priv->sources = charflow_fd_sources_new ();
}

/**
 * charflow_fd_backend_new:
 * @in_fd: the descriptor to read, or -1 for none
 * @out_fd: the descriptor to write to, or -1 for none; it may be @in_fd
 *
 * Makes a back end over descriptors. They stay the caller's own: when it is opened, they have to be
 * open, and the back end makes copies of them.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowFdBackend *
charflow_fd_backend_new (int in_fd,
                         int out_fd)
{
  return g_object_new (CHARFLOW_TYPE_FD_BACKEND, "in-fd", in_fd, "out-fd", out_fd, NULL);
}

/**
 * charflow_fd_backend_get_in_fd:
 * @self: a back end over descriptors
 *
 * Gets the descriptor that the program gave to be read.
 *
 * Returns: the descriptor, or -1 for none
 *
 * Since: 1.0
 */
int
charflow_fd_backend_get_in_fd (CharflowFdBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_FD_BACKEND (self), -1);

  return get_private (self)->given_in;
}

/**
 * charflow_fd_backend_get_out_fd:
 * @self: a back end over descriptors
 *
 * Gets the descriptor that the program gave to be written to.
 *
 * Returns: the descriptor, or -1 for none
 *
 * Since: 1.0
 */
int
charflow_fd_backend_get_out_fd (CharflowFdBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_FD_BACKEND (self), -1);

  return get_private (self)->given_out;
}

static gboolean
get_fd (const CharflowBackendOptions *options,
        const char                   *name,
        int                          *fd,
        GError                      **error)
{
  guint64 number = charflow_backend_options_get_number (options, name);

  *fd = -1;
  if (!charflow_backend_options_has (options, name))
    return TRUE;

  if (number > G_MAXINT)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option '%s' expects a descriptor, not '%" PRIu64 "'"), name, number);
      return FALSE;
    }

  *fd = (int) number;
  return TRUE;
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  int fd;
  int in_fd;
  int out_fd;

  if (!get_fd (options, "fd", &fd, error) || !get_fd (options, "in", &in_fd, error) ||
      !get_fd (options, "out", &out_fd, error))
    return NULL;

  if (fd >= 0 && (in_fd >= 0 || out_fd >= 0))
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
                   _("Options '%s' and '%s' exclude each other"), "fd", in_fd >= 0 ? "in" : "out");
      return NULL;
    }

  if (fd < 0 && in_fd < 0 && out_fd < 0)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                   _("The back end '%s' needs the option '%s'"), "fd", "fd");
      return NULL;
    }

  return g_object_new (CHARFLOW_TYPE_FD_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "in-fd", fd >= 0 ? fd : in_fd,
                       "out-fd", fd >= 0 ? fd : out_fd,
                       NULL);
}

static const CharflowBackendOption fd_options[] = {
  { "fd", CHARFLOW_OPTION_TYPE_NUMBER, NULL, N_("The descriptor to read and to write to") },
  { "in", CHARFLOW_OPTION_TYPE_NUMBER, NULL, N_("The descriptor to read") },
  { "out", CHARFLOW_OPTION_TYPE_NUMBER, NULL, N_("The descriptor to write to") },
  { NULL },
};

const CharflowBackendKind charflow_fd_backend_kind = {
  .name = "fd",
  .description = N_("File descriptors that the program has open"),
  .options = fd_options,
  .create = create_from_options,
};

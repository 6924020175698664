/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-parallel-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/parport.h>
#include <linux/ppdev.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-backend-private.h"
#include "charflow-fd-backend-private.h"
#include "charflow-fd-io-private.h"
#include "charflow-parallel-backend-private.h"
#include "charflow-text-private.h"

/**
 * SECTION:charflow-parallel-backend
 * @title: CharflowParallelBackend
 * @short_description: a back end on a parallel port
 *
 * It claims a port of Linux' `ppdev` driver, such as `/dev/parport0`; while another program has the port, opening it goes on
 * until that lets go of it. What is written goes to the printer, or whatever there is, in the compatibility mode. When that
 * takes no more, the back end looks every 20 ms whether it does again: a port cannot tell.
 *
 * With #CharflowParallelBackend:input it is read as well, whenever the device raises the interrupt of the port.
 *
 * A program that drives the port itself has its registers, and the address and data cycles of the EPP mode. In a spec it is
 * `parallel`, or `parport`, with the options `path` and `input`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowParallelBackend) printer = charflow_parallel_backend_new ("/dev/parport0");
 * g_autoptr (GError) error = NULL;
 * guint8 status;
 *
 * if (charflow_parallel_backend_read_status (printer, &status, &error))
 *   g_print ("status 0x%02x\n", status);
 * else
 *   g_print ("%s\n", error->message); // it has to be opened first
 * ]|
 */

/* How often to see whether a device takes more. */
#define RETRY_MS 20

/* The kernel moves each byte with the processor, some microseconds apiece. */
#define MAX_EPP 4096

/* Two bits of the control register are not there, and read as ones. */
#define CONTROL_UNUSED 0xC0

/**
 * CharflowParallelBackend:
 *
 * A back end on a parallel port.
 *
 * Since: 1.0
 */
struct _CharflowParallelBackend
{
  CharflowFdBackend parent_instance;

  char *path;
  gboolean input;
  CharflowIoctlFunc control;
  int claimed; /* for open_fds, or -1 */
  int mode; /* IEEE1284_MODE_… */
};

G_DEFINE_FINAL_TYPE (CharflowParallelBackend, charflow_parallel_backend, CHARFLOW_TYPE_FD_BACKEND)

typedef enum
{
  PROP_PATH = 1,
  PROP_INPUT,
} CharflowParallelBackendProperty;

static GParamSpec *props[PROP_INPUT + 1];

/* A port that is being claimed. */
typedef struct
{
  char *path;
  CharflowIoctlFunc control;
  int fd; /* or -1 */
} Claim;

static void
claim_free (Claim *claim)
{
  if (claim->fd >= 0)
    close (claim->fd);
  g_free (claim->path);
  g_free (claim);
}

/* For as long as another program has the port. Where nobody waits for it any more, it is closed with the task. */
static void
claim_in_thread (GTask        *task,
                 gpointer      source,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  Claim *claim = task_data;
  gboolean is_claimed = claim->control (claim->fd, PPCLAIM, NULL) >= 0;
  int saved_errno = errno;
  g_autofree char *excerpt = NULL;

  if (!g_task_set_return_on_cancel (task, FALSE))
    return;

  if (is_claimed)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  /* Before it is told. */
  close (claim->fd);
  claim->fd = -1;
  excerpt = charflow_text_excerpt (claim->path);
  g_task_return_new_error (task, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                           _("'%s' is not a parallel port: %s"), excerpt, g_strerror (saved_errno));
}

static void
claim_async (CharflowParallelBackend *self,
             GCancellable            *cancellable,
             GAsyncReadyCallback      callback,
             gpointer                 user_data)
{
  /* Without the back end: the thread may be the last one to let go of it. */
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  Claim *claim = g_new0 (Claim, 1);

  g_task_set_source_tag (task, claim_async);
  g_task_set_task_data (task, claim, (GDestroyNotify) claim_free);
  claim->path = g_strdup (self->path);
  claim->control = self->control;
  claim->fd = charflow_fd_io_open (self->path, O_RDWR, 0, &error);
  if (claim->fd < 0)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, claim_in_thread);
}

/* Returns the descriptor, or -1. */
static int
claim_finish (GAsyncResult *result,
              GError      **error)
{
  Claim *claim = g_task_get_task_data (G_TASK (result));
  int fd = -1;

  if (g_task_propagate_boolean (G_TASK (result), error))
    {
      fd = claim->fd;
      claim->fd = -1;
    }

  return fd;
}

static gboolean
fail_with_errno (CharflowParallelBackend *self,
                 GError                 **error)
{
  int saved_errno = errno;
  g_autofree char *excerpt = charflow_text_excerpt (self->path);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               _("Could not control the parallel port '%s': %s"), excerpt, g_strerror (saved_errno));
  return FALSE;
}

static gboolean
switch_mode (CharflowParallelBackend *self,
             int                      fd,
             int                      mode,
             GError                 **error)
{
  if (self->mode == mode)
    return TRUE;
  if (self->control (fd, PPSETMODE, &mode) < 0)
    return fail_with_errno (self, error);

  self->mode = mode;
  return TRUE;
}

static gboolean
charflow_parallel_backend_open_fds (CharflowFdBackend *backend,
                                    int               *in_fd,
                                    int               *out_fd,
                                    GError           **error)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (backend);
  int fd = self->claimed;

  self->claimed = -1;
  self->mode = -1;
  if (!switch_mode (self, fd, IEEE1284_MODE_COMPAT, error))
    {
      close (fd);
      return FALSE;
    }

  *in_fd = self->input ? fd : -1;
  *out_fd = fd;
  return TRUE;
}

static void
charflow_parallel_backend_release_fds (CharflowFdBackend *backend)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (backend);
  int fd = charflow_fd_backend_get_output (backend);

  switch_mode (self, fd, IEEE1284_MODE_COMPAT, NULL);
  self->control (fd, PPRELEASE, NULL);
}

static void
claimed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  CharflowParallelBackend *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  self->claimed = claim_finish (result, &error);
  if (self->claimed < 0 || !charflow_fd_backend_acquire_fds (CHARFLOW_FD_BACKEND (self), &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
  g_task_return_boolean (task, TRUE);
}

static void
charflow_parallel_backend_open_async (CharflowBackend    *backend,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, charflow_parallel_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (self->path == NULL)
    {
      g_task_return_new_error (task, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                               _("The back end '%s' needs the option '%s'"), "parallel", "path");
      return;
    }

  claim_async (self, cancellable, claimed_cb, g_steal_pointer (&task));
}

static gssize
charflow_parallel_backend_read (CharflowBackend *backend,
                                void            *buffer,
                                gsize            size,
                                GError         **error)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (backend);
  int fd = charflow_fd_backend_get_input (CHARFLOW_FD_BACKEND (self));
  int n_interrupts;
  gssize len;

  if (fd < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("There is nothing to read"));
      return -1;
    }
  if (!switch_mode (self, fd, IEEE1284_MODE_COMPAT, error))
    return -1;

  /* Until they are taken, the port is ready; before the bytes, so that none of those goes unnoticed. */
  self->control (fd, PPCLRIRQ, &n_interrupts);
  len = charflow_fd_io_read (fd, CHARFLOW_FD_PLAIN, buffer, size);
  if (len > 0)
    return len;

  /* A device that gives nothing now may do so later, and one that cannot says EIO. */
  if (len == 0 || errno == EIO || errno == EAGAIN)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("There is nothing to read"));
  else
    fail_with_errno (self, error);
  return -1;
}

static gssize
charflow_parallel_backend_write (CharflowBackend *backend,
                                 const guint8    *data,
                                 gsize            size,
                                 GError         **error)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (backend);
  int fd = charflow_fd_backend_get_output (CHARFLOW_FD_BACKEND (self));

  if (!switch_mode (self, fd, IEEE1284_MODE_COMPAT, error))
    return -1;

  return CHARFLOW_BACKEND_CLASS (charflow_parallel_backend_parent_class)->write (backend, data, size, error);
}

static GSource *
charflow_parallel_backend_create_source (CharflowBackend *backend,
                                         GIOCondition     condition)
{
  GSource *source =
    CHARFLOW_BACKEND_CLASS (charflow_parallel_backend_parent_class)->create_source (backend, condition);
  g_autoptr (GSource) timer = NULL;

  if (source == NULL || (condition & G_IO_OUT) == 0)
    return source;

  timer = g_timeout_source_new (RETRY_MS);
  g_source_set_dummy_callback (timer);
  g_source_add_child_source (source, timer);
  return source;
}

static char *
charflow_parallel_backend_get_resource (CharflowBackend *backend)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (backend);

  return self->path == NULL ? NULL : g_canonicalize_filename (self->path, NULL);
}

static void
charflow_parallel_backend_constructed (GObject *object)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (object);

  G_OBJECT_CLASS (charflow_parallel_backend_parent_class)->constructed (object);

  if (self->path != NULL)
    {
      g_autofree char *name = g_filename_display_name (self->path);
      g_autofree char *uri = g_strconcat ("parallel:", name, NULL);

      charflow_backend_set_uri (CHARFLOW_BACKEND (self), uri);
    }
}

static void
charflow_parallel_backend_finalize (GObject *object)
{
  g_free (CHARFLOW_PARALLEL_BACKEND (object)->path);

  G_OBJECT_CLASS (charflow_parallel_backend_parent_class)->finalize (object);
}

static void
charflow_parallel_backend_get_property (GObject    *object,
                                        guint       prop_id,
                                        GValue     *value,
                                        GParamSpec *pspec)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (object);

  switch ((CharflowParallelBackendProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, charflow_parallel_backend_get_path (self));
      break;
    case PROP_INPUT:
      g_value_set_boolean (value, charflow_parallel_backend_get_input (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_parallel_backend_set_property (GObject      *object,
                                        guint         prop_id,
                                        const GValue *value,
                                        GParamSpec   *pspec)
{
  CharflowParallelBackend *self = CHARFLOW_PARALLEL_BACKEND (object);

  switch ((CharflowParallelBackendProperty) prop_id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_INPUT:
      self->input = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_parallel_backend_class_init (CharflowParallelBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);
  CharflowFdBackendClass *fd_class = CHARFLOW_FD_BACKEND_CLASS (klass);

  object_class->constructed = charflow_parallel_backend_constructed;
  object_class->finalize = charflow_parallel_backend_finalize;
  object_class->get_property = charflow_parallel_backend_get_property;
  object_class->set_property = charflow_parallel_backend_set_property;

  backend_class->open_async = charflow_parallel_backend_open_async;
  backend_class->read = charflow_parallel_backend_read;
  backend_class->write = charflow_parallel_backend_write;
  backend_class->create_source = charflow_parallel_backend_create_source;
  backend_class->get_resource = charflow_parallel_backend_get_resource;

  fd_class->open_fds = charflow_parallel_backend_open_fds;
  fd_class->release_fds = charflow_parallel_backend_release_fds;

  /**
   * CharflowParallelBackend:path:
   *
   * The device of the port, such as `/dev/parport0`.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "The device of the port",
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowParallelBackend:input:
   *
   * Whether the port is read when its device raises the interrupt. The kernel turns the direction of the port for that, which a
   * device that only listens may not like.
   *
   * Since: 1.0
   */
  props[PROP_INPUT] =
    g_param_spec_boolean ("input", NULL, "Whether the port is read",
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_parallel_backend_init (CharflowParallelBackend *self)
{
  self->control = charflow_ioctl;
  self->claimed = -1;
}

void
charflow_parallel_backend_set_ioctl (CharflowParallelBackend *self,
                                     CharflowIoctlFunc        control)
{
  self->control = control;
}

/**
 * charflow_parallel_backend_new:
 * @path: (type filename): the device of the port, such as `/dev/parport0`
 *
 * Makes a back end on a parallel port. It is claimed when the back end is opened.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowParallelBackend *
charflow_parallel_backend_new (const char *path)
{
  return g_object_new (CHARFLOW_TYPE_PARALLEL_BACKEND, "path", path, NULL);
}

/**
 * charflow_parallel_backend_get_path:
 * @self: a back end on a parallel port
 *
 * Gets the device of the port.
 *
 * Returns: (nullable) (type filename): the path, or %NULL when none was given
 *
 * Since: 1.0
 */
const char *
charflow_parallel_backend_get_path (CharflowParallelBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), NULL);

  return self->path;
}

/**
 * charflow_parallel_backend_get_input:
 * @self: a back end on a parallel port
 *
 * Gets whether the port is read.
 *
 * Returns: %TRUE if it is
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_get_input (CharflowParallelBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);

  return self->input;
}

static gboolean
ask (CharflowParallelBackend *self,
     unsigned int             request,
     gpointer                 argument,
     GError                 **error)
{
  if (!charflow_backend_check_active (CHARFLOW_BACKEND (self), error))
    return FALSE;
  if (self->control (charflow_fd_backend_get_output (CHARFLOW_FD_BACKEND (self)), request, argument) < 0)
    return fail_with_errno (self, error);

  return TRUE;
}

/**
 * charflow_parallel_backend_read_data:
 * @self: a back end on a parallel port
 * @value: (out): the byte
 * @error: return location for a #GError
 *
 * Reads the data register.
 *
 * This and the other calls for registers fail with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active, and with
 * errors of the system where the kernel refuses.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_read_data (CharflowParallelBackend *self,
                                     guint8                  *value,
                                     GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  *value = 0;
  return ask (self, PPRDATA, value, error);
}

/**
 * charflow_parallel_backend_write_data:
 * @self: a back end on a parallel port
 * @value: the byte
 * @error: return location for a #GError
 *
 * Writes to the data register.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_write_data (CharflowParallelBackend *self,
                                      guint8                   value,
                                      GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);

  return ask (self, PPWDATA, &value, error);
}

/**
 * charflow_parallel_backend_read_control:
 * @self: a back end on a parallel port
 * @value: (out): the bits; the top two, which a port has not, are ones
 * @error: return location for a #GError
 *
 * Reads the control register.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_read_control (CharflowParallelBackend *self,
                                        guint8                  *value,
                                        GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  *value = 0;
  if (!ask (self, PPRCONTROL, value, error))
    return FALSE;

  *value |= CONTROL_UNUSED;
  return TRUE;
}

/**
 * charflow_parallel_backend_write_control:
 * @self: a back end on a parallel port
 * @value: the bits
 * @error: return location for a #GError
 *
 * Writes to the control register.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_write_control (CharflowParallelBackend *self,
                                         guint8                   value,
                                         GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);

  return ask (self, PPWCONTROL, &value, error);
}

/**
 * charflow_parallel_backend_read_status:
 * @self: a back end on a parallel port
 * @value: (out): the bits
 * @error: return location for a #GError
 *
 * Reads the status register.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_read_status (CharflowParallelBackend *self,
                                       guint8                  *value,
                                       GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  *value = 0;
  return ask (self, PPRSTATUS, value, error);
}

/**
 * charflow_parallel_backend_set_direction:
 * @self: a back end on a parallel port
 * @reverse: whether the device drives the data lines, or the port does
 * @error: return location for a #GError
 *
 * Sets the direction of the data lines.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_set_direction (CharflowParallelBackend *self,
                                         gboolean                 reverse,
                                         GError                 **error)
{
  int argument = reverse ? 1 : 0;

  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);

  return ask (self, PPDATADIR, &argument, error);
}

/* Makes ready for the cycles of the EPP mode. */
static gboolean
begin_epp (CharflowParallelBackend *self,
           gboolean                 is_address,
           gsize                    size,
           GError                 **error)
{
  int fd = charflow_fd_backend_get_output (CHARFLOW_FD_BACKEND (self));
  int mode = is_address ? IEEE1284_MODE_EPP | IEEE1284_ADDR : IEEE1284_MODE_EPP | IEEE1284_DATA;

  if (!charflow_backend_check_active (CHARFLOW_BACKEND (self), error))
    return FALSE;

  if (size < 1 || size > MAX_EPP)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("The EPP mode moves from 1 to %d bytes at once, not %zu"), MAX_EPP, size);
      return FALSE;
    }

  return switch_mode (self, fd, mode, error);
}

static void
fail_with_part (CharflowParallelBackend *self,
                GIOErrorEnum             code,
                gsize                    moved,
                gsize                    size,
                GError                 **error)
{
  g_autofree char *excerpt = charflow_text_excerpt (self->path);

  g_set_error (error, G_IO_ERROR, code,
               _("The device on '%s' moved only %zu of %zu bytes"), excerpt, moved, size);
}

static GBytes *
read_epp (CharflowParallelBackend *self,
          gboolean                 is_address,
          gsize                    size,
          GError                 **error)
{
  int fd = charflow_fd_backend_get_output (CHARFLOW_FD_BACKEND (self));
  guint8 buffer[MAX_EPP];
  gssize len;

  if (!begin_epp (self, is_address, size, error))
    return NULL;

  len = charflow_fd_io_read (fd, CHARFLOW_FD_PLAIN, buffer, size);
  if (len == (gssize) size)
    return g_bytes_new (buffer, size);

  if (len < 0)
    fail_with_errno (self, error);
  else
    fail_with_part (self, G_IO_ERROR_PARTIAL_INPUT, len, size, error);
  return NULL;
}

static gboolean
write_epp (CharflowParallelBackend *self,
           gboolean                 is_address,
           GBytes                  *bytes,
           GError                 **error)
{
  int fd = charflow_fd_backend_get_output (CHARFLOW_FD_BACKEND (self));
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gssize len;

  if (!begin_epp (self, is_address, size, error))
    return FALSE;

  len = charflow_fd_io_write (fd, CHARFLOW_FD_PLAIN, data, size);
  if (len == (gssize) size)
    return TRUE;

  if (len < 0)
    fail_with_errno (self, error);
  else
    fail_with_part (self, G_IO_ERROR_FAILED, len, size, error);
  return FALSE;
}

/**
 * charflow_parallel_backend_read_epp_address:
 * @self: a back end on a parallel port
 * @size: how many bytes, from 1 to 4096
 * @error: return location for a #GError
 *
 * Reads with address cycles of the EPP mode, exactly as many bytes.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active, with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE for
 * another size, with %G_IO_ERROR_PARTIAL_INPUT when the device gave less, and with errors of the system where the kernel
 * refuses.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
charflow_parallel_backend_read_epp_address (CharflowParallelBackend *self,
                                            gsize                    size,
                                            GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), NULL);

  return read_epp (self, TRUE, size, error);
}

/**
 * charflow_parallel_backend_read_epp_data:
 * @self: a back end on a parallel port
 * @size: how many bytes, from 1 to 4096
 * @error: return location for a #GError
 *
 * Reads with data cycles of the EPP mode, as charflow_parallel_backend_read_epp_address() does with address cycles.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
charflow_parallel_backend_read_epp_data (CharflowParallelBackend *self,
                                         gsize                    size,
                                         GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), NULL);

  return read_epp (self, FALSE, size, error);
}

/**
 * charflow_parallel_backend_write_epp_address:
 * @self: a back end on a parallel port
 * @bytes: from 1 to 4096 bytes
 * @error: return location for a #GError
 *
 * Writes with address cycles of the EPP mode.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active, with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE for
 * another size, with %G_IO_ERROR_FAILED when the device took less, and with errors of the system where the kernel refuses.
 *
 * Returns: %TRUE when all of it was taken
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_write_epp_address (CharflowParallelBackend *self,
                                             GBytes                  *bytes,
                                             GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  return write_epp (self, TRUE, bytes, error);
}

/**
 * charflow_parallel_backend_write_epp_data:
 * @self: a back end on a parallel port
 * @bytes: from 1 to 4096 bytes
 * @error: return location for a #GError
 *
 * Writes with data cycles of the EPP mode, as charflow_parallel_backend_write_epp_address() does with address cycles.
 *
 * Returns: %TRUE when all of it was taken
 *
 * Since: 1.0
 */
gboolean
charflow_parallel_backend_write_epp_data (CharflowParallelBackend *self,
                                          GBytes                  *bytes,
                                          GError                 **error)
{
  g_return_val_if_fail (CHARFLOW_IS_PARALLEL_BACKEND (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  return write_epp (self, FALSE, bytes, error);
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  const char *path;

  if (!charflow_backend_options_get_path (options, "path", TRUE, &path, error))
    return NULL;

  return g_object_new (CHARFLOW_TYPE_PARALLEL_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "path", path,
                       "input", charflow_backend_options_get_boolean (options, "input"),
                       NULL);
}

static const CharflowBackendOption parallel_options[] = {
  { "input", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether the port is read when its device raises the interrupt") },
  { "path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The device of the port, such as /dev/parport0") },
  { NULL },
};

const CharflowBackendKind charflow_parallel_backend_kind = {
  .name = "parallel",
  .description = N_("A parallel port"),
  .options = parallel_options,
  .create = create_from_options,
};

const CharflowBackendKind charflow_parport_backend_kind = {
  .name = "parport",
  .description = N_("A parallel port; an old name of parallel"),
  .options = parallel_options,
  .create = create_from_options,
};

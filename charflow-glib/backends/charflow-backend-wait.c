/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backend.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-source-private.h"

/* Operations of a back end that wait: until all is written, until something can be read, until the other side is there. */

typedef struct _Waiting Waiting;

/* One step of it; answers the task and returns TRUE when that was the last one. */
typedef gboolean (*WaitingStep) (CharflowBackend *backend,
                                 Waiting         *self);

struct _Waiting
{
  GTask *task; /* not owned: it owns this */
  WaitingStep step;
  GIOCondition condition; /* that the next step needs, or none */
  GSource *source;
  GSource *cancel_source;
  gulong event_handler;
  gulong active_handler;
  GBytes *bytes;
  gsize n_written;
  gsize max_size;
  gboolean stepping;
  gboolean woken;
};

static void
waiting_free (Waiting *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self);
}

static void
stop_waiting (CharflowBackend *backend,
              Waiting         *self)
{
  charflow_clear_source (&self->source);
  charflow_clear_source (&self->cancel_source);
  g_clear_signal_handler (&self->event_handler, backend);
  g_clear_signal_handler (&self->active_handler, backend);
  g_object_unref (self->task);
}

static gboolean wake_cb (gpointer user_data);

static void
wait_for_readiness (CharflowBackend *backend,
                    Waiting         *self)
{
  /* Where there is no source, the next event goes on with it. */
  if (self->condition != 0)
    self->source = charflow_backend_create_source (backend, self->condition);
  if (self->source == NULL)
    return;

  g_source_set_callback (self->source, wake_cb, self->task, NULL);
  g_source_attach (self->source, charflow_backend_get_context (backend));
}

static gboolean
wake_cb (gpointer user_data)
{
  GTask *task = user_data;
  g_autoptr (GTask) guard = g_object_ref (task);
  Waiting *self = g_task_get_task_data (task);
  CharflowBackend *backend = g_task_get_source_object (task);
  gboolean done;

  /* A step may announce an event itself. */
  self->woken = TRUE;
  if (self->stepping)
    return G_SOURCE_REMOVE;

  charflow_clear_source (&self->source);
  self->stepping = TRUE;
  do
    {
      self->woken = FALSE;
      done = self->step (backend, self);
    }
  while (!done && self->woken);
  self->stepping = FALSE;

  if (done)
    stop_waiting (backend, self);
  else
    wait_for_readiness (backend, self);

  return G_SOURCE_REMOVE;
}

static void
event_cb (CharflowBackend *backend,
          CharflowEvent    event,
          GTask           *task)
{
  wake_cb (task);
}

static void
active_cb (CharflowBackend *backend,
           GParamSpec      *pspec,
           GTask           *task)
{
  wake_cb (task);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  return wake_cb (user_data);
}

static void
start_waiting (CharflowBackend *backend,
               GTask           *task)
{
  Waiting *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  g_object_ref (task); /* until stop_waiting() */
  self->event_handler = g_signal_connect (backend, "event", G_CALLBACK (event_cb), task);
  self->active_handler = g_signal_connect (backend, "notify::active", G_CALLBACK (active_cb), task);
  if (cancellable != NULL)
    {
      self->cancel_source = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancel_source, G_SOURCE_FUNC (cancelled_cb), task, NULL);
      g_source_attach (self->cancel_source, charflow_backend_get_context (backend));
    }
  wake_cb (task);
}

static GTask *
new_task (CharflowBackend    *self,
          WaitingStep         step,
          GIOCondition        condition,
          gpointer            tag,
          GCancellable       *cancellable,
          GAsyncReadyCallback callback,
          gpointer            user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Waiting *waiting = g_new0 (Waiting, 1);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE); /* what was read, or written, must be told */
  waiting->task = task;
  waiting->step = step;
  waiting->condition = condition;
  g_task_set_task_data (task, waiting, (GDestroyNotify) waiting_free);

  return task;
}

/* What ends every kind of waiting. */
static gboolean
check_going_on (CharflowBackend *backend,
                Waiting         *self)
{
  GError *error = NULL;

  if (g_task_return_error_if_cancelled (self->task))
    return FALSE;
  if (charflow_backend_check_active (backend, &error))
    return TRUE;

  g_task_return_error (self->task, error);
  return FALSE;
}

static gboolean
write_step (CharflowBackend *backend,
            Waiting         *self)
{
  gsize size = g_bytes_get_size (self->bytes);
  const guint8 *data = g_bytes_get_data (self->bytes, NULL);

  if (!check_going_on (backend, self))
    return TRUE;

  while (self->n_written < size)
    {
      GError *error = NULL;
      gssize len = charflow_backend_write (backend, data + self->n_written, size - self->n_written, &error);

      if (len > 0)
        {
          self->n_written += (gsize) len;
          continue;
        }

      /* A back end that takes nothing and does not say why is asked again when it can be. */
      if (len == 0 || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_clear_error (&error);
          return FALSE;
        }

      g_task_return_error (self->task, error);
      return TRUE;
    }

  g_task_return_boolean (self->task, TRUE);
  return TRUE;
}

/**
 * charflow_backend_write_all_async:
 * @self: a back end that no device has
 * @bytes: the bytes
 * @cancellable: (nullable): cancels it, or %NULL
 * @callback: (nullable) (scope async): called when it is done
 * @user_data: data for @callback
 *
 * Writes all of the bytes, waiting as often and as long as it takes, also for the other side to come.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_OPEN when the back end is not open, or is closed meanwhile, with
 * %G_IO_ERROR_CANCELLED, and with what charflow_backend_write() fails with.
 *
 * Since: 1.0
 */
void
charflow_backend_write_all_async (CharflowBackend    *self,
                                  GBytes             *bytes,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = new_task (self, write_step, G_IO_OUT, charflow_backend_write_all_async, cancellable, callback, user_data);
  ((Waiting *) g_task_get_task_data (task))->bytes = g_bytes_ref (bytes);
  start_waiting (self, task);
}

/**
 * charflow_backend_write_all_finish:
 * @self: a back end
 * @result: the result given to the callback
 * @n_written: (out) (optional): how many of the bytes were written, also where it failed
 * @error: return location for a #GError
 *
 * Ends charflow_backend_write_all_async().
 *
 * Returns: %TRUE if all were written
 *
 * Since: 1.0
 */
gboolean
charflow_backend_write_all_finish (CharflowBackend *self,
                                   GAsyncResult    *result,
                                   gsize           *n_written,
                                   GError         **error)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (n_written != NULL)
    *n_written = ((Waiting *) g_task_get_task_data (G_TASK (result)))->n_written;

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
read_step (CharflowBackend *backend,
           Waiting         *self)
{
  GError *error = NULL;
  GBytes *bytes;

  if (!check_going_on (backend, self))
    return TRUE;

  bytes = charflow_backend_read_bytes (backend, self->max_size, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&error);
      return FALSE;
    }

  if (bytes != NULL)
    g_task_return_pointer (self->task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (self->task, error);
  return TRUE;
}

/**
 * charflow_backend_read_bytes_async:
 * @self: a back end that no device has
 * @max_size: the most to take, at least 1
 * @cancellable: (nullable): cancels it, or %NULL
 * @callback: (nullable) (scope async): called when it is done
 * @user_data: data for @callback
 *
 * Takes what has come, and waits for it where nothing has, also for the other side to come.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_OPEN when the back end is not open, or is closed meanwhile, with
 * %G_IO_ERROR_CANCELLED, and with what charflow_backend_read_bytes() fails with.
 *
 * Since: 1.0
 */
void
charflow_backend_read_bytes_async (CharflowBackend    *self,
                                   gsize               max_size,
                                   GCancellable       *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));
  g_return_if_fail (max_size > 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = new_task (self, read_step, G_IO_IN, charflow_backend_read_bytes_async, cancellable, callback, user_data);
  ((Waiting *) g_task_get_task_data (task))->max_size = max_size;
  start_waiting (self, task);
}

/**
 * charflow_backend_read_bytes_finish:
 * @self: a back end
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_backend_read_bytes_async().
 *
 * Returns: (transfer full): the bytes, none when the other side has gone
 *
 * Since: 1.0
 */
GBytes *
charflow_backend_read_bytes_finish (CharflowBackend *self,
                                    GAsyncResult    *result,
                                    GError         **error)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
connected_step (CharflowBackend *backend,
                Waiting         *self)
{
  if (!check_going_on (backend, self))
    return TRUE;
  if (!charflow_backend_is_opened (backend))
    return FALSE;

  g_task_return_boolean (self->task, TRUE);
  return TRUE;
}

/**
 * charflow_backend_wait_connected_async:
 * @self: a back end
 * @cancellable: (nullable): cancels it, or %NULL
 * @callback: (nullable) (scope async): called when it is done
 * @user_data: data for @callback
 *
 * Waits until the other side is there, which it may be at once.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_OPEN when the back end is not open, or is closed meanwhile, and with
 * %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
void
charflow_backend_wait_connected_async (CharflowBackend    *self,
                                       GCancellable       *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = new_task (self, connected_step, 0, charflow_backend_wait_connected_async, cancellable, callback, user_data);
  start_waiting (self, task);
}

/**
 * charflow_backend_wait_connected_finish:
 * @self: a back end
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_backend_wait_connected_async().
 *
 * Returns: %TRUE if the other side is there
 *
 * Since: 1.0
 */
gboolean
charflow_backend_wait_connected_finish (CharflowBackend *self,
                                        GAsyncResult    *result,
                                        GError         **error)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backend.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-source-private.h"

/* What a front end asks of a back end besides bytes: the serial line, the terminal, the peer and its descriptors. */

/* A break is a line that is held for longer than a byte takes; nobody means more than this. */
#define MAX_BREAK_MS 60000

static gboolean
refuse (CharflowBackend *self,
        const char      *what,
        GError         **error)
{
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
               /* Translators: a label, and one of the messages such as "set a serial line". */
               _("The back end '%s' cannot %s"), charflow_backend_get_name (self), what);
  return FALSE;
}

/* What Python raises comes with a result of FALSE, or with one that means nothing. */
static gboolean
check_done (CharflowBackend *self,
            gboolean         done,
            GError          *failure,
            GError         **error)
{
  if (done && failure == NULL)
    return TRUE;

  charflow_backend_fail_with (self, failure, error);
  return FALSE;
}

/**
 * charflow_backend_get_resource:
 * @self: a back end
 *
 * Names what the back end holds, while it is open, that no other back end can hold: a port to listen on, a file that it
 * writes. Two back ends with the same resource cannot be open at the same time.
 *
 * Returns: (nullable) (transfer full): the name, or %NULL when it holds nothing of that kind
 *
 * Since: 1.0
 */
char *
charflow_backend_get_resource (CharflowBackend *self)
{
  CharflowBackendClass *klass;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  return klass->get_resource != NULL ? klass->get_resource (self) : NULL;
}

/**
 * charflow_backend_set_front_end_open:
 * @self: a back end
 * @open: whether a front end listens
 *
 * Tells the back end whether somebody on this side listens. Most back ends do not care.
 *
 * Since: 1.0
 */
void
charflow_backend_set_front_end_open (CharflowBackend *self,
                                     gboolean         open)
{
  CharflowBackendClass *klass;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->set_front_end_open != NULL)
    klass->set_front_end_open (self, open);
}

/**
 * charflow_backend_set_echo:
 * @self: a back end
 * @echo: whether what is typed is shown
 *
 * Has the terminal on the other side show what is typed there, or not, as while a password is asked for. A back end that
 * has no terminal does not care.
 *
 * Since: 1.0
 */
void
charflow_backend_set_echo (CharflowBackend *self,
                           gboolean         echo)
{
  CharflowBackendClass *klass;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->set_echo != NULL)
    klass->set_echo (self, echo);
}

/**
 * charflow_backend_set_serial_settings:
 * @self: a back end
 * @settings: how the line is to be set
 * @error: return location for a #GError
 *
 * Sets the serial line.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED where there is no serial line, with %CHARFLOW_BACKEND_ERROR_NOT_OPEN
 * unless #CharflowBackend:active, with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE when the line cannot be set that way, and with
 * errors of the system.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_set_serial_settings (CharflowBackend        *self,
                                      CharflowSerialSettings *settings,
                                      GError                **error)
{
  CharflowBackendClass *klass;
  GError *failure = NULL;
  gboolean done;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (settings != NULL, FALSE);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->set_serial_settings == NULL)
    return refuse (self, _("set a serial line"), error);
  if (!charflow_backend_check_active (self, error))
    return FALSE;

  done = klass->set_serial_settings (self, settings, &failure);
  return check_done (self, done, failure, error);
}

/**
 * charflow_backend_set_break:
 * @self: a back end
 * @on: whether the break begins or ends
 * @error: return location for a #GError
 *
 * Begins a break condition on the serial line, or ends it.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED where there is none that lasts, with %CHARFLOW_BACKEND_ERROR_NOT_OPEN
 * unless #CharflowBackend:active, and with errors of the system.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_set_break (CharflowBackend *self,
                            gboolean         on,
                            GError         **error)
{
  CharflowBackendClass *klass;
  GError *failure = NULL;
  gboolean done;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->set_break == NULL)
    return refuse (self, _("hold a break"), error);
  if (!charflow_backend_check_active (self, error))
    return FALSE;

  charflow_clear_source (&charflow_backend_get_line (self)->break_timer);
  done = klass->set_break (self, on, &failure);
  return check_done (self, done, failure, error);
}

static gboolean
end_break_cb (gpointer user_data)
{
  CharflowBackend *self = user_data;
  g_autoptr (CharflowBackend) guard = g_object_ref (self);
  g_autoptr (GError) error = NULL;

  if (!charflow_backend_set_break (self, FALSE, &error))
    g_debug ("End of a break: %s", error->message);

  return G_SOURCE_REMOVE;
}

static gboolean
begin_timed_break (CharflowBackend *self,
                   guint            duration_ms,
                   GError         **error)
{
  CharflowBackendLine *line = charflow_backend_get_line (self);

  if (!charflow_backend_set_break (self, TRUE, error))
    return FALSE;

  line->break_timer = g_timeout_source_new (duration_ms);
  g_source_set_callback (line->break_timer, end_break_cb, self, NULL);
  g_source_attach (line->break_timer, charflow_backend_get_context (self));
  return TRUE;
}

/**
 * charflow_backend_send_break:
 * @self: a back end
 * @duration_ms: how long it is to last, from 1 to 60000 ms; a back end that can only tell of a break sends one of no
 *   length
 * @error: return location for a #GError
 *
 * Sends a break to the other side. This returns at once; the break ends by itself.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED where there is none, with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE for
 * another duration, with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active, and with errors of the system.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_send_break (CharflowBackend *self,
                             guint            duration_ms,
                             GError         **error)
{
  CharflowBackendClass *klass;
  GError *failure = NULL;
  gboolean done;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);

  if (duration_ms < 1 || duration_ms > MAX_BREAK_MS)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("A break lasts from 1 to %u ms, not %u"), MAX_BREAK_MS, duration_ms);
      return FALSE;
    }

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->send_break == NULL && klass->set_break == NULL)
    return refuse (self, _("send a break"), error);
  if (!charflow_backend_check_active (self, error))
    return FALSE;
  if (klass->send_break == NULL)
    return begin_timed_break (self, duration_ms, error);

  done = klass->send_break (self, duration_ms, &failure);
  return check_done (self, done, failure, error);
}

/**
 * charflow_backend_get_modem_lines:
 * @self: a back end
 *
 * Gets which lines of the serial port are on, as far as the back end has been told.
 *
 * Returns: the lines; none where there is no serial port
 *
 * Since: 1.0
 */
CharflowModemLines
charflow_backend_get_modem_lines (CharflowBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), CHARFLOW_MODEM_LINES_NONE);

  return charflow_backend_get_line (self)->modem_lines;
}

/**
 * charflow_backend_query_modem_lines:
 * @self: a back end
 * @lines: (out): the lines that are on
 * @error: return location for a #GError
 *
 * Asks which lines of the serial port are on now; #CharflowBackend:modem-lines follows.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED where there are none, with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless
 * #CharflowBackend:active, and with errors of the system.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_query_modem_lines (CharflowBackend    *self,
                                    CharflowModemLines *lines,
                                    GError            **error)
{
  CharflowBackendClass *klass;
  GError *failure = NULL;
  gboolean done;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (lines != NULL, FALSE);

  *lines = CHARFLOW_MODEM_LINES_NONE;
  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->query_modem_lines == NULL)
    return refuse (self, _("tell modem lines"), error);
  if (!charflow_backend_check_active (self, error))
    return FALSE;

  done = klass->query_modem_lines (self, lines, &failure);
  if (!check_done (self, done, failure, error))
    return FALSE;

  charflow_backend_note_modem_lines (self, *lines);
  return TRUE;
}

/**
 * charflow_backend_set_modem_lines:
 * @self: a back end
 * @lines: those of the outputs, DTR and RTS, that are to be on; the others are put off, and inputs do not matter
 * @error: return location for a #GError
 *
 * Sets the outputs of the serial port.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED where there are none, with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless
 * #CharflowBackend:active, and with errors of the system.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_set_modem_lines (CharflowBackend   *self,
                                  CharflowModemLines lines,
                                  GError           **error)
{
  CharflowBackendClass *klass;
  GError *failure = NULL;
  gboolean done;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->set_modem_lines == NULL)
    return refuse (self, _("set modem lines"), error);
  if (!charflow_backend_check_active (self, error))
    return FALSE;

  done = klass->set_modem_lines (self, lines & (CHARFLOW_MODEM_LINES_DTR | CHARFLOW_MODEM_LINES_RTS), &failure);
  return check_done (self, done, failure, error);
}

/**
 * charflow_backend_note_modem_lines:
 * @self: a back end
 * @lines: the lines that are on
 *
 * Sets #CharflowBackend:modem-lines, for implementors.
 *
 * Since: 1.0
 */
void
charflow_backend_note_modem_lines (CharflowBackend   *self,
                                   CharflowModemLines lines)
{
  CharflowBackendLine *line;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));

  line = charflow_backend_get_line (self);
  if (line->modem_lines == lines)
    return;

  line->modem_lines = lines;
  g_object_notify (G_OBJECT (self), "modem-lines");
}

void
charflow_backend_reset_line (CharflowBackend *self)
{
  charflow_clear_source (&charflow_backend_get_line (self)->break_timer);
  charflow_backend_note_modem_lines (self, CHARFLOW_MODEM_LINES_NONE);
}

/**
 * charflow_backend_drop_peer:
 * @self: a back end
 * @error: return location for a #GError
 *
 * Sends the other side away; what it had sent and nobody has read is lost. A server goes on listening, and a client that
 * reconnects connects again. Without another side nothing happens.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED where nobody can be sent away, and with
 * %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_drop_peer (CharflowBackend *self,
                            GError         **error)
{
  g_autoptr (CharflowBackend) guard = NULL;
  CharflowBackendClass *klass;
  GError *failure = NULL;
  gboolean done;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->drop_peer == NULL)
    return refuse (self, _("send its other side away"), error);
  if (!charflow_backend_check_active (self, error))
    return FALSE;

  guard = g_object_ref (self);
  done = klass->drop_peer (self, &failure);
  return check_done (self, done, failure, error);
}

/**
 * charflow_backend_accept_fd:
 * @self: a back end
 * @fd: a connected stream socket; the back end owns it from then on, and on failure the caller still does
 * @error: return location for a #GError
 *
 * Gives the back end its other side, as if that had come by itself.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED where that is not possible, with %CHARFLOW_BACKEND_ERROR_BUSY when the
 * other side is there already, with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE when @fd is no such socket, and with
 * %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_accept_fd (CharflowBackend *self,
                            int              fd,
                            GError         **error)
{
  g_autoptr (CharflowBackend) guard = NULL;
  CharflowBackendClass *klass;
  GError *failure = NULL;
  gboolean done;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->accept_fd == NULL)
    return refuse (self, _("take a socket"), error);
  if (!charflow_backend_check_active (self, error))
    return FALSE;

  guard = g_object_ref (self);
  done = klass->accept_fd (self, fd, &failure);
  return check_done (self, done, failure, error);
}

/**
 * charflow_backend_queue_fds:
 * @self: a back end
 * @fds: the descriptors, at most 16; they are duplicated
 * @error: return location for a #GError
 *
 * Sends file descriptors along with the next bytes that are written. What was queued before and has not been sent is
 * replaced.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED unless the back end has %CHARFLOW_FEATURE_FD_PASS, with
 * %CHARFLOW_BACKEND_ERROR_INVALID_VALUE when there are too many, and with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless
 * #CharflowBackend:active.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_queue_fds (CharflowBackend *self,
                            GUnixFDList     *fds,
                            GError         **error)
{
  CharflowBackendClass *klass;
  GError *failure = NULL;
  gboolean done;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (G_IS_UNIX_FD_LIST (fds), FALSE);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->queue_fds == NULL)
    return refuse (self, _("send file descriptors"), error);
  if (!charflow_backend_check_active (self, error))
    return FALSE;
  if (!charflow_backend_has_feature (self, CHARFLOW_FEATURE_FD_PASS))
    return refuse (self, _("send file descriptors"), error);

  done = klass->queue_fds (self, fds, &failure);
  return check_done (self, done, failure, error);
}

/**
 * charflow_backend_steal_fds:
 * @self: a back end
 *
 * Takes the file descriptors that came with what was read last. Those that nobody takes are closed when others come, or
 * when the other side goes.
 *
 * Returns: (nullable) (transfer full): the descriptors, or %NULL when there are none
 *
 * Since: 1.0
 */
GUnixFDList *
charflow_backend_steal_fds (CharflowBackend *self)
{
  CharflowBackendClass *klass;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  return klass->steal_fds != NULL ? klass->steal_fds (self) : NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-link-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charflow-stream-util-private.h"

/* The client's end of the link stage. */

typedef struct
{
  CharflowLinkRequest request;
  char *password;
  CharflowDeadline *deadline;
  CharflowLinkAnswer answer;
  gsize body_size;
  guint8 buffer[CHARFLOW_LINK_MAX_SIZE];
} OpenData;

static void
open_data_free (OpenData *data)
{
  charflow_password_free (data->password);
  charflow_deadline_free (data->deadline);
  g_free (data);
}

static void
read_next (GTask              *task,
           gsize               size,
           GAsyncReadyCallback callback)
{
  OpenData *data = g_task_get_task_data (task);

  charflow_stream_read_async (g_task_get_source_object (task), data->buffer, size,
                              charflow_deadline_get_cancellable (data->deadline), callback, task);
}

static void
write_next (GTask              *task,
            GBytes             *bytes,
            GAsyncReadyCallback callback)
{
  OpenData *data = g_task_get_task_data (task);

  charflow_stream_write_async (g_task_get_source_object (task), bytes,
                               charflow_deadline_get_cancellable (data->deadline), callback, task);
}

static void
fail (GTask  *task,
      GError *error)
{
  OpenData *data = g_task_get_task_data (task);

  if (charflow_deadline_has_passed (data->deadline))
    {
      g_clear_error (&error);
      error = g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT,
                           _("The server did not finish the link in time"));
    }
  g_io_stream_close (g_task_get_source_object (task), NULL, NULL);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* The end of one read or write; FALSE when it failed, and the link with it. */
static gboolean
finish_step (GTask        *task,
             GAsyncResult *result)
{
  GError *error = NULL;

  if (charflow_stream_finish (g_task_get_source_object (task), result, &error))
    return TRUE;

  fail (task, error);
  return FALSE;
}

static void
result_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GTask *task = user_data;
  OpenData *data = g_task_get_task_data (task);
  guint32 code;

  if (!finish_step (task, result))
    return;

  memcpy (&code, data->buffer, sizeof code);
  code = GUINT32_FROM_LE (code);
  if (code != SPICE_LINK_ERR_OK)
    {
      fail (task, charflow_link_error_from_code (code));
      return;
    }

  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
ticket_written_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  GTask *task = user_data;

  if (!finish_step (task, result))
    return;

  read_next (task, sizeof (guint32), result_read_cb);
}

/* The mechanism is only named when both ends select one; a server without the capability wants the ticket
 * at once. It is always sent, also for no password. */
static void
send_ticket (GTask *task)
{
  OpenData *data = g_task_get_task_data (task);
  guint8 words[sizeof (guint32) + CHARFLOW_TICKET_SIZE];
  const guint32 mechanism = GUINT32_TO_LE (SPICE_COMMON_CAP_AUTH_SPICE);
  gboolean selects = charflow_caps_has (&data->answer.common_caps, SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION);
  gsize offset = selects ? sizeof mechanism : 0;
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;

  if (selects && !charflow_caps_has (&data->answer.common_caps, SPICE_COMMON_CAP_AUTH_SPICE))
    {
      fail (task, g_error_new_literal (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED,
                                       _("The server does not take a password, but wants SASL")));
      return;
    }

  memcpy (words, &mechanism, offset);
  if (!charflow_ticket_encrypt (data->answer.public_key, data->password, words + offset, &error))
    {
      fail (task, error);
      return;
    }

  bytes = g_bytes_new (words, offset + CHARFLOW_TICKET_SIZE);
  write_next (task, bytes, ticket_written_cb);
}

static void
answer_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GTask *task = user_data;
  OpenData *data = g_task_get_task_data (task);
  GError *error = NULL;

  if (!finish_step (task, result))
    return;
  if (!charflow_link_parse_answer (data->buffer, data->body_size, &data->answer, &error))
    {
      fail (task, error);
      return;
    }
  if (data->answer.error != SPICE_LINK_ERR_OK)
    {
      fail (task, charflow_link_error_from_code (data->answer.error));
      return;
    }

  send_ticket (task);
}

static void
header_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GTask *task = user_data;
  OpenData *data = g_task_get_task_data (task);
  GError *error = NULL;

  if (!finish_step (task, result))
    return;
  if (!charflow_link_parse_header (data->buffer, sizeof (SpiceLinkReply), &data->body_size, &error))
    {
      fail (task, error);
      return;
    }

  read_next (task, data->body_size, answer_read_cb);
}

static void
request_written_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  GTask *task = user_data;

  if (!finish_step (task, result))
    return;

  read_next (task, sizeof (SpiceLinkHeader), header_read_cb);
}

void
charflow_link_open_async (GIOStream                 *stream,
                          const CharflowLinkRequest *request,
                          const char                *password,
                          guint                      timeout_ms,
                          GCancellable              *cancellable,
                          GAsyncReadyCallback        callback,
                          gpointer                   user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);
  OpenData *data = g_new0 (OpenData, 1);
  g_autoptr (GBytes) bytes = charflow_link_build_request (request);

  g_task_set_source_tag (task, charflow_link_open_async);
  g_task_set_check_cancellable (task, FALSE);
  data->request = *request;
  data->password = g_strdup (password);
  data->deadline = charflow_deadline_new (timeout_ms, cancellable);
  g_task_set_task_data (task, data, (GDestroyNotify) open_data_free);
  write_next (task, bytes, request_written_cb);
}

gboolean
charflow_link_open_finish (GIOStream          *stream,
                           GAsyncResult       *result,
                           CharflowLinkAnswer *answer,
                           GError            **error)
{
  OpenData *data = g_task_get_task_data (G_TASK (result));

  *answer = data->answer;
  return g_task_propagate_boolean (G_TASK (result), error);
}

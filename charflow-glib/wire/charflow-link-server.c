/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-link-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charflow-stream-util-private.h"

/* The server's end of the link stage. It reads exactly what is announced, so that the data stage begins at
 * the right byte, and holds no more than one link message for a peer that is not known yet. */

#define MAGIC_SIZE 4

typedef struct
{
  const CharflowLinkAcceptor *acceptor;
  GObject *owner;
  CharflowDeadline *deadline;
  CharflowLinkRequest request;
  CharflowTicketKey *key;
  gsize body_size;
  guint8 buffer[CHARFLOW_LINK_MAX_SIZE];
} AcceptData;

static void
accept_data_free (AcceptData *data)
{
  g_clear_pointer (&data->key, charflow_ticket_key_unref);
  g_object_unref (data->owner);
  charflow_deadline_free (data->deadline);
  g_free (data);
}

static GIOStream *
get_stream (GTask *task)
{
  return g_task_get_source_object (task);
}

static void
read_next (GTask              *task,
           guint8             *buffer,
           gsize               size,
           GAsyncReadyCallback callback)
{
  AcceptData *data = g_task_get_task_data (task);

  charflow_stream_read_async (get_stream (task), buffer, size,
                              charflow_deadline_get_cancellable (data->deadline), callback, task);
}

/* Ends with an error of the connection itself: nothing can be said to the peer any more. */
static void
fail (GTask  *task,
      GError *error)
{
  AcceptData *data = g_task_get_task_data (task);

  if (charflow_deadline_has_passed (data->deadline))
    {
      g_clear_error (&error);
      error = g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_TIMED_OUT,
                           _("The link was not finished in time"));
    }
  g_io_stream_close (get_stream (task), NULL, NULL);
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

/* Ends with an error that the peer is told in a link reply. */
static void
refuse (GTask  *task,
        GError *error)
{
  CharflowLinkAnswer answer = { .error = charflow_link_error_to_code (error) };
  g_autoptr (GBytes) words = charflow_link_build_answer (&answer);

  charflow_stream_linger (get_stream (task), words);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static GBytes *
build_result (guint32 code)
{
  guint32 le = GUINT32_TO_LE (code);

  return g_bytes_new (&le, sizeof le);
}

/* Ends with an error that the peer is told as the link's result. */
static void
deny (GTask  *task,
      GError *error)
{
  g_autoptr (GBytes) words = build_result (charflow_link_error_to_code (error));

  charflow_stream_linger (get_stream (task), words);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
result_written_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  GTask *task = user_data;

  if (!finish_step (task, result))
    return;

  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
check_password (AcceptData *data,
                GError    **error)
{
  char *password = charflow_ticket_key_decrypt (data->key, data->buffer);
  gboolean is_right;

  if (password == NULL)
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED,
                           _("The ticket cannot be decrypted"));
      return FALSE;
    }

  is_right = data->acceptor->authenticate (data->owner, password, error);
  charflow_password_free (password);
  return is_right;
}

static void
ticket_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GTask *task = user_data;
  AcceptData *data = g_task_get_task_data (task);
  GError *error = NULL;

  if (!finish_step (task, result))
    return;
  if (!check_password (data, &error) || !data->acceptor->admit (data->owner, &data->request, &error))
    {
      deny (task, error);
      return;
    }

  {
    g_autoptr (GBytes) ok = build_result (SPICE_LINK_ERR_OK);

    charflow_stream_write_async (G_IO_STREAM (source), ok,
                                 charflow_deadline_get_cancellable (data->deadline), result_written_cb, task);
  }
}

static void
mechanism_read_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  GTask *task = user_data;
  AcceptData *data = g_task_get_task_data (task);
  guint32 mechanism;

  if (!finish_step (task, result))
    return;

  /* Only what was offered: the number of the capability, not its mask. */
  memcpy (&mechanism, data->buffer, sizeof mechanism);
  mechanism = GUINT32_FROM_LE (mechanism);
  if (mechanism != SPICE_COMMON_CAP_AUTH_SPICE)
    {
      deny (task, g_error_new (CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                               _("Authentication mechanism %u was not offered"), mechanism));
      return;
    }

  read_next (task, data->buffer, CHARFLOW_TICKET_SIZE, ticket_read_cb);
}

static void
answer_written_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  GTask *task = user_data;
  AcceptData *data = g_task_get_task_data (task);

  if (!finish_step (task, result))
    return;

  if (charflow_caps_has (&data->request.common_caps, SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION))
    read_next (task, data->buffer, sizeof (guint32), mechanism_read_cb);
  else
    read_next (task, data->buffer, CHARFLOW_TICKET_SIZE, ticket_read_cb);
}

static void
request_read_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GTask *task = user_data;
  AcceptData *data = g_task_get_task_data (task);
  CharflowLinkAnswer answer = { .error = SPICE_LINK_ERR_OK };
  CharflowTicketKey *key = NULL;
  GError *error = NULL;

  if (!finish_step (task, result))
    return;
  if (charflow_link_parse_request (data->buffer, data->body_size, &data->request, &error) &&
      data->acceptor->find_channel (data->owner, &data->request, &answer.channel_caps, &error))
    key = data->acceptor->get_key (data->owner, &error);
  if (key == NULL)
    {
      refuse (task, error);
      return;
    }

  data->key = charflow_ticket_key_ref (key);
  charflow_link_init_common_caps (&answer.common_caps);
  memcpy (answer.public_key, charflow_ticket_key_get_public (key), sizeof answer.public_key);
  {
    g_autoptr (GBytes) bytes = charflow_link_build_answer (&answer);

    charflow_stream_write_async (G_IO_STREAM (source), bytes,
                                 charflow_deadline_get_cancellable (data->deadline), answer_written_cb, task);
  }
}

static void
header_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GTask *task = user_data;
  AcceptData *data = g_task_get_task_data (task);
  GError *error = NULL;

  if (!finish_step (task, result))
    return;
  if (!charflow_link_parse_header (data->buffer, sizeof (SpiceLinkMess), &data->body_size, &error))
    {
      refuse (task, error);
      return;
    }

  read_next (task, data->buffer, data->body_size, request_read_cb);
}

/* A peer that speaks something else is told so at its first bytes; it may be waiting for an answer to them. */
static void
magic_read_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GTask *task = user_data;
  AcceptData *data = g_task_get_task_data (task);
  GError *error = NULL;

  if (!finish_step (task, result))
    return;
  if (memcmp (data->buffer, "REDQ", MAGIC_SIZE) != 0)
    {
      charflow_link_parse_header (data->buffer, sizeof (SpiceLinkMess), &data->body_size, &error);
      refuse (task, error);
      return;
    }

  read_next (task, data->buffer + MAGIC_SIZE, sizeof (SpiceLinkHeader) - MAGIC_SIZE, header_read_cb);
}

void
charflow_link_accept_async (GIOStream                  *stream,
                            const CharflowLinkAcceptor *acceptor,
                            GObject                    *owner,
                            guint                       timeout_ms,
                            GCancellable               *cancellable,
                            GAsyncReadyCallback         callback,
                            gpointer                    user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);
  AcceptData *data = g_new0 (AcceptData, 1);

  g_task_set_source_tag (task, charflow_link_accept_async);
  /* The deadline cancels reads and writes; what they return must still reach the callback as it is. */
  g_task_set_check_cancellable (task, FALSE);
  data->acceptor = acceptor;
  data->owner = g_object_ref (owner);
  data->deadline = charflow_deadline_new (timeout_ms, cancellable);
  g_task_set_task_data (task, data, (GDestroyNotify) accept_data_free);
  read_next (task, data->buffer, MAGIC_SIZE, magic_read_cb);
}

gboolean
charflow_link_accept_finish (GIOStream           *stream,
                             GAsyncResult        *result,
                             CharflowLinkRequest *request,
                             GError             **error)
{
  AcceptData *data = g_task_get_task_data (G_TASK (result));

  *request = data->request;
  return g_task_propagate_boolean (G_TASK (result), error);
}

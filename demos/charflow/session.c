/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "session.h"

#include <glib/gi18n.h>

#include "password.h"

static void
store_result_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GAsyncResult **stored = user_data;

  *stored = g_object_ref (result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **stored)
{
  while (*stored == NULL)
    g_main_context_iteration (NULL, TRUE);

  return *stored;
}

static CharflowSession *
try_to_open (const char *uri,
             const char *password,
             GError    **error)
{
  g_autoptr (CharflowSession) session = charflow_session_new (uri);
  g_autoptr (GAsyncResult) result = NULL;

  if (password != NULL)
    charflow_session_set_password (session, password);

  charflow_session_open_async (session, NULL, store_result_cb, &result);
  if (!charflow_session_open_finish (session, wait_for_result (&result), error))
    return NULL;

  return g_steal_pointer (&session);
}

static void
explain_refusal (GError  **error,
                 gboolean  has_password)
{
  g_clear_error (error);
  g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED,
                       has_password
                         ? _("The password is wrong, or has expired")
                         : _("The server asks for a password: set CHARFLOW_PASSWORD or give --password-file"));
}

CharflowSession *
session_open (const char *uri,
              const char *password_file,
              GError    **error)
{
  g_autoptr (CharflowSession) session = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *password = password_find (password_file, &local_error);

  if (local_error == NULL)
    session = try_to_open (uri, password, &local_error);

  if (password == NULL &&
      g_error_matches (local_error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED))
    {
      g_autoptr (GError) ask_error = NULL;

      password = password_ask (&ask_error);
      if (ask_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&ask_error));
          return NULL;
        }

      if (password != NULL)
        {
          g_clear_error (&local_error);
          session = try_to_open (uri, password, &local_error);
        }
    }

  if (g_error_matches (local_error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED))
    explain_refusal (&local_error, password != NULL);

  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));

  return g_steal_pointer (&session);
}

void
session_take_leave (CharflowSession *session)
{
  g_autoptr (GAsyncResult) result = NULL;

  charflow_session_close_async (session, NULL, store_result_cb, &result);
  /* All that was asked for is known by now, so how the leave went changes nothing. */
  charflow_session_close_finish (session, wait_for_result (&result), NULL);
}

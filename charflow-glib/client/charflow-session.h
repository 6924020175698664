/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-client-types.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_SESSION (charflow_session_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowSession, charflow_session, CHARFLOW, SESSION, GObject)

CHARFLOW_AVAILABLE_IN_ALL
CharflowSession *charflow_session_new (const char *uri) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_session_get_uri (CharflowSession *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_session_set_uri (CharflowSession *self,
                               const char      *uri);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_session_set_password (CharflowSession *self,
                                    const char      *password);

CHARFLOW_AVAILABLE_IN_ALL
CharflowClientState charflow_session_get_state (CharflowSession *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_session_get_session_id (CharflowSession *self);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_session_get_server_name (CharflowSession *self);
CHARFLOW_AVAILABLE_IN_ALL
GListModel *charflow_session_get_channels (CharflowSession *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowClientPortChannel *charflow_session_lookup_port (CharflowSession *self,
                                                         const char      *port_name);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_session_open_async (CharflowSession    *self,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_session_open_finish (CharflowSession *self,
                                       GAsyncResult    *result,
                                       GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_session_close_async (CharflowSession    *self,
                                   GCancellable       *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer            user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_session_close_finish (CharflowSession *self,
                                        GAsyncResult    *result,
                                        GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_session_close (CharflowSession *self);

G_END_DECLS

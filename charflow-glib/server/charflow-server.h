/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include "charflow-enums.h"
#include "charflow-server-types.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_SERVER (charflow_server_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (CharflowServer, charflow_server, CHARFLOW, SERVER, GObject)

CHARFLOW_AVAILABLE_IN_ALL
CharflowServer *charflow_server_new (void) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_server_get_name (CharflowServer *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_server_set_name (CharflowServer *self,
                               const char     *name);

CHARFLOW_AVAILABLE_IN_ALL
CharflowAuthentication charflow_server_get_authentication (CharflowServer *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_server_set_authentication (CharflowServer        *self,
                                         CharflowAuthentication authentication);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_server_set_password (CharflowServer *self,
                                   const char     *password);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_server_set_ticket (CharflowServer *self,
                                 const char     *password,
                                 guint           lifetime);

CHARFLOW_AVAILABLE_IN_ALL
guint charflow_server_get_link_timeout (CharflowServer *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_server_set_link_timeout (CharflowServer *self,
                                       guint           link_timeout);

CHARFLOW_AVAILABLE_IN_ALL
char *charflow_server_listen (CharflowServer *self,
                              const char     *uri,
                              GError        **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_server_close (CharflowServer *self);

CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_server_add_channel (CharflowServer        *self,
                                      CharflowServerChannel *channel,
                                      GError               **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_server_remove_channel (CharflowServer        *self,
                                         CharflowServerChannel *channel);
CHARFLOW_AVAILABLE_IN_ALL
CharflowServerChannel *charflow_server_lookup_channel (CharflowServer *self,
                                                       guint           channel_type,
                                                       guint           channel_id);
CHARFLOW_AVAILABLE_IN_ALL
GListModel *charflow_server_get_channels (CharflowServer *self);
CHARFLOW_AVAILABLE_IN_ALL
GListModel *charflow_server_get_clients (CharflowServer *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-client.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CLIENT_LIST (charflow_client_list_get_type ())
G_DECLARE_FINAL_TYPE (CharflowClientList, charflow_client_list, CHARFLOW, CLIENT_LIST, GObject)

/* The clients of a device, as a model for everybody and as slots for the walks of the device. To add and to
 * remove one costs the same whether there are few or many. */
CharflowClientList *charflow_client_list_new (void);

guint charflow_client_list_get_n_clients (CharflowClientList *self);
CharflowClient *charflow_client_list_get_first (CharflowClientList *self);
void charflow_client_list_add (CharflowClientList *self,
                               CharflowClient     *client);
void charflow_client_list_remove (CharflowClientList *self,
                                  CharflowClient     *client);

/* A walk looks at each slot; those that came later are seen by the walks to come, and of those that left there is
 * nothing to see. The others stay alive until the walk ends, whatever a handler does. */
guint charflow_client_list_begin_walk (CharflowClientList *self);
/* NULL when its client has left. */
CharflowClient *charflow_client_list_get_slot (CharflowClientList *self,
                                               guint               slot);
void charflow_client_list_end_walk (CharflowClientList *self);

/* A walk that does the same with all of them. */
void charflow_client_list_foreach (CharflowClientList *self,
                                   void              (*func) (CharflowClient *client));

G_END_DECLS

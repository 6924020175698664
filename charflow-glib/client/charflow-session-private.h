/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-link-private.h"
#include "charflow-session.h"

G_BEGIN_DECLS

/* Connects and links one channel: a stream at the data stage. */
void charflow_session_link_async (CharflowSession     *self,
                                  CharflowLinkRequest *request,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);
GIOStream *charflow_session_link_finish (CharflowSession    *self,
                                         GAsyncResult       *result,
                                         CharflowLinkAnswer *answer,
                                         GError            **error);

/* How long connecting, and then linking, may each take. */
void charflow_session_set_link_timeout (CharflowSession *self,
                                        guint            link_timeout_ms);

/* What the main channel learns. */
void charflow_session_take_init (CharflowSession *self,
                                 guint32          session_id);
void charflow_session_take_name (CharflowSession *self,
                                 const char      *name);
void charflow_session_take_channel (CharflowSession *self,
                                    guint            channel_type,
                                    guint            channel_id);
/* The list is complete: its ports are opened. */
void charflow_session_end_channels (CharflowSession *self);
/* A channel has ended; with the main channel, the session does. */
void charflow_session_note_closed (CharflowSession       *self,
                                   CharflowClientChannel *channel,
                                   const GError          *error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "charflow-wire-reader-private.h"
#include "charflow-wire-writer-private.h"

G_BEGIN_DECLS

/* VDAgentMessage and its types, in vd_agent.h of the SPICE protocol. */
#define CHARFLOW_AGENT_HEADER_SIZE 20
#define CHARFLOW_AGENT_PROTOCOL 1
#define CHARFLOW_AGENT_CLIENT_DISCONNECTED 13
/* What SPICE takes in one message, and agents in one chunk. */
#define CHARFLOW_AGENT_MAX_PIECE 2048
/* A clipboard may be large, but whoever says more than this is mistaken. */
#define CHARFLOW_AGENT_MAX_SIZE (1024 * 1024 * 1024)

typedef enum
{
  CHARFLOW_AGENT_NO_USE = 0,
  CHARFLOW_AGENT_COPY_PASTE = 1 << 0,
  CHARFLOW_AGENT_FILE_TRANSFER = 1 << 1,
} CharflowAgentUses;

/* A message that passes in pieces. Its bytes are kept nowhere: this is all that is known of it. */
typedef struct
{
  guint32 type;
  guint32 size; /* after its header */
  guint32 left; /* with its header; 0 while none is under way */
  gboolean is_swallowed; /* nobody gets what is left of it */
} CharflowAgentMessage;

/* The first of @size bytes begin a message. FALSE, with CHARFLOW_DEVICE_ERROR_BAD_MESSAGE and nothing changed, when they
 * do not hold a header that can be. */
gboolean charflow_agent_message_begin (CharflowAgentMessage *self,
                                       const guint8         *data,
                                       gsize                 size,
                                       GError              **error);
/* What it is for; 0 where it is for none of the uses that can be forbidden. */
CharflowAgentUses charflow_agent_message_get_use (const CharflowAgentMessage *self);
/* Of what an agent says of itself, takes out what it is not to be used for; these are the @size bytes before what is left. */
void charflow_agent_message_hide_capabilities (const CharflowAgentMessage *self,
                                               CharflowAgentUses           hidden,
                                               guint8                     *data,
                                               gsize                       size);

void charflow_agent_message_save (const CharflowAgentMessage *self,
                                  CharflowWireWriter         *writer);
/* FALSE, with CHARFLOW_DEVICE_ERROR_BAD_STATE, for what cannot be; @whose names it in the error. */
gboolean charflow_agent_message_restore (CharflowAgentMessage *self,
                                         CharflowWireReader   *reader,
                                         const char           *whose,
                                         GError              **error);

G_END_DECLS

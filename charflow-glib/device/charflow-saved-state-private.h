/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-client-private.h"

G_BEGIN_DECLS

/* In the place of a client's number. */
#define CHARFLOW_SAVED_NOBODY G_MAXUINT32
#define CHARFLOW_SAVED_PROGRAM (G_MAXUINT32 - 1)

typedef struct
{
  CharflowWriteOrigin origin;
  guint client; /* its number, or CHARFLOW_SAVED_NOBODY */
  guint price;
  guint n_messages;
  gboolean is_held;
  gboolean continues;
  gboolean was_begun;
  GBytes *bytes; /* what is left to be written */
} CharflowSavedBuffer;

typedef struct
{
  char *name;
  gboolean flow_control;
  gboolean skipping;
  gboolean message_is_cut;
  guint64 client_tokens;
  guint64 owed_tokens; /* worked out from the window of the client that waits */
  guint64 send_tokens;
  guint64 missed_bytes;
  GQueue queue; /* CharflowQueuedMessage */
} CharflowSavedClient;

/* What a device holds, apart from any layout. */
typedef struct
{
  GPtrArray *clients; /* CharflowSavedClient */
  GPtrArray *buffers; /* CharflowSavedBuffer; those that are held back come last */
  guint speaker; /* the number of a client, or one of the two above */
  gboolean in_message;
  gboolean unread_has_end;
  GBytes *unread;
  GBytes *framing; /* NULL where the device knows nothing more */
} CharflowSavedState;

CharflowSavedState *charflow_saved_state_new (void);
void charflow_saved_state_free (CharflowSavedState *state);
CharflowSavedClient *charflow_saved_client_new (void);

/* How many bytes it has in its layout. */
guint64 charflow_saved_state_get_size (CharflowSavedState *state);
/* In SPICE's layout where that can hold it, else in Charflow's own; as parts, GBytes. */
GPtrArray *charflow_saved_state_build (CharflowSavedState *state);
/* Every field is checked that can be without a device. NULL for what is no state. */
CharflowSavedState *charflow_saved_state_parse (GBytes  *bytes,
                                                GError **error);

/* Sets CHARFLOW_DEVICE_ERROR_BAD_STATE, and is FALSE. */
gboolean charflow_saved_state_refuse (GError    **error,
                                      const char *format,
                                      ...) G_GNUC_PRINTF (2, 3);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowSavedState, charflow_saved_state_free)

G_END_DECLS

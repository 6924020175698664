/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <spice/enums.h>
#include <spice/protocol.h>

#include "charflow-enums.h"
#include "charflow-ticket-private.h"

G_BEGIN_DECLS

/* The link stage's messages, as both ends parse and build them (spice/protocol.h). */

/* A link message or reply is never longer, by the limit of SPICE's server. */
#define CHARFLOW_LINK_MAX_SIZE 4096
/* A link has to be finished within this time, counted from its beginning. */
#define CHARFLOW_LINK_TIMEOUT_MS 10000

/* Capability bits. Those past the last word here are not kept: nobody has any. */
#define CHARFLOW_CAPS_WORDS 4
typedef struct
{
  guint32 words[CHARFLOW_CAPS_WORDS];
} CharflowCaps;

gboolean charflow_caps_has (const CharflowCaps *caps,
                            guint               bit);
void charflow_caps_add (CharflowCaps *caps,
                        guint         bit);

/* What a client asks for. */
typedef struct
{
  guint32 connection_id;
  guint8 channel_type;
  guint8 channel_id;
  CharflowCaps common_caps;
  CharflowCaps channel_caps;
} CharflowLinkRequest;

/* What a server answers. */
typedef struct
{
  guint32 error;
  guint8 public_key[SPICE_TICKET_PUBKEY_BYTES];
  CharflowCaps common_caps;
  CharflowCaps channel_caps;
} CharflowLinkAnswer;

/* The 16 bytes of a SpiceLinkHeader; tells how many bytes follow. @min_size is what must follow at least. */
gboolean charflow_link_parse_header (const guint8 *data,
                                     gsize         min_size,
                                     gsize        *size,
                                     GError      **error);
gboolean charflow_link_parse_request (const guint8        *data,
                                      gsize                size,
                                      CharflowLinkRequest *request,
                                      GError             **error);
gboolean charflow_link_parse_answer (const guint8       *data,
                                     gsize               size,
                                     CharflowLinkAnswer *answer,
                                     GError            **error);

/* Each with its header. */
GBytes *charflow_link_build_request (const CharflowLinkRequest *request);
GBytes *charflow_link_build_answer (const CharflowLinkAnswer *answer);

/* The number that the protocol has for an error, SPICE_LINK_ERR_ERROR for all that it has none for. */
guint32 charflow_link_error_to_code (const GError *error);
/* The error that a peer's number stands for. */
GError *charflow_link_error_from_code (guint32 code);

/* The common capabilities that both ends of ours offer. */
void charflow_link_init_common_caps (CharflowCaps *caps);

/* The server's end. Each function may refuse with an error, which the client is told as the protocol has it. */
typedef struct
{
  /* Whether there is such a channel; fills in its capabilities. */
  gboolean (*find_channel) (gpointer                   owner,
                            const CharflowLinkRequest *request,
                            CharflowCaps              *channel_caps,
                            GError                   **error);
  /* The key for the ticket, the server's; a link keeps the one that it began with. */
  CharflowTicketKey *(*get_key) (gpointer owner,
                                 GError **error);
  gboolean (*authenticate) (gpointer    owner,
                            const char *password,
                            GError    **error);
  /* The last word: the session exists, and the channel is free. */
  gboolean (*admit) (gpointer                   owner,
                     const CharflowLinkRequest *request,
                     GError                   **error);
} CharflowLinkAcceptor;

void charflow_link_accept_async (GIOStream                  *stream,
                                 const CharflowLinkAcceptor *acceptor,
                                 GObject                    *owner,
                                 guint                       timeout_ms,
                                 GCancellable               *cancellable,
                                 GAsyncReadyCallback         callback,
                                 gpointer                    user_data);
gboolean charflow_link_accept_finish (GIOStream           *stream,
                                      GAsyncResult        *result,
                                      CharflowLinkRequest *request,
                                      GError             **error);

/* The client's end. */
void charflow_link_open_async (GIOStream                 *stream,
                               const CharflowLinkRequest *request,
                               const char                *password,
                               guint                      timeout_ms,
                               GCancellable              *cancellable,
                               GAsyncReadyCallback        callback,
                               gpointer                   user_data);
gboolean charflow_link_open_finish (GIOStream          *stream,
                                    GAsyncResult       *result,
                                    CharflowLinkAnswer *answer,
                                    GError            **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-enums.h"

G_BEGIN_DECLS

typedef enum
{
  CHARFLOW_TRANSPORT_TCP,
  CHARFLOW_TRANSPORT_TLS,
  CHARFLOW_TRANSPORT_UNIX,
} CharflowTransport;

/* Where a server is, as its URI says it. */
typedef struct
{
  CharflowTransport transport;
  char *host; /* without brackets; NULL for UNIX */
  guint16 port;
  char *path; /* NULL but for UNIX */
  char *password; /* from the query, or NULL */
} CharflowUri;

CharflowUri *charflow_uri_parse (const char *text,
                                 GError    **error);
char *charflow_uri_to_string (const CharflowUri *uri);
void charflow_uri_free (CharflowUri *uri);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowUri, charflow_uri_free)

G_END_DECLS

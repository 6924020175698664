/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A message within another. */
typedef struct
{
  guint16 type;
  const guint8 *body;
  guint32 size;
} CharflowSubMessage;

/* Reads the SpiceSubMessageList at @offset of a message's body; an array of CharflowSubMessage that point into
 * the body. The messages have to follow each other without overlap. */
GArray *charflow_sub_messages_parse (const guint8 *body,
                                     gsize         size,
                                     guint32       offset,
                                     GError      **error);

G_END_DECLS

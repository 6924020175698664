/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <charflow-glib/charflow.h>

G_BEGIN_DECLS

#define TOY_TYPE_LINE (toy_line_get_type ())
G_DECLARE_FINAL_TYPE (ToyLine, toy_line, TOY, LINE, CharflowBackend)

/* What the examples share: a back end in memory, whose other side does what the example says. */
struct _ToyLine
{
  CharflowBackend parent_instance;

  GQueue unread; /* what it has said, as GBytes */
  GString *written; /* what it has taken */
  gsize room; /* how many bytes it takes more */
};

ToyLine *toy_line_new (gsize room);
void toy_line_say (ToyLine            *self,
                   CharflowCharDevice *device,
                   const char         *text);
/* Lets the device read until it takes no more. */
void toy_line_flow (ToyLine            *self,
                    CharflowCharDevice *device);
void toy_line_make_room (ToyLine            *self,
                         CharflowCharDevice *device,
                         gsize               size);

/* Starts a device and waits until its line is open, which the main loop tells. */
void toy_start (CharflowCharDevice *device);
/* Writes a text for a client; the caller may see why not. */
gboolean toy_write (CharflowCharDevice *device,
                    CharflowClient     *client,
                    const char         *text,
                    GError            **error);
void toy_attach (CharflowCharDevice *device,
                 CharflowClient     *client);
/* What a figure or a count of an object is, whatever integer it is. */
guint64 toy_get (gpointer    object,
                 const char *property);
const char *toy_get_nick (GType enum_type,
                          int   value);

G_END_DECLS

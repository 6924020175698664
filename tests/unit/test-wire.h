/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* What tests of the network ends need: streams of their own, and bytes as the documents write them. */

/* The two ends of a connected pair of sockets. */
void test_wire_pair (GIOStream **one,
                     GIOStream **other);
/* Connects to a server's URI, spice://127.0.0.1:PORT. */
GIOStream *test_wire_connect (const char *uri);

/* The bytes that hexadecimal digits, with blanks anywhere between them, stand for. */
GBytes *test_wire_from_hex (const char *hex);
/* The bytes of a message: its header, mini or full, and its body. */
GBytes *test_wire_message (gboolean    mini,
                           guint16     type,
                           const void *body,
                           gsize       size);

/* Write all of it, running the context while the peer takes it. */
void test_wire_write (GIOStream  *stream,
                      const void *data,
                      gsize       size);
void test_wire_write_bytes (GIOStream *stream,
                            GBytes    *bytes);
void test_wire_write_hex (GIOStream  *stream,
                          const char *hex);

/* Wait for exactly so many bytes. */
GBytes *test_wire_read (GIOStream *stream,
                        gsize      size);
void test_wire_expect_hex (GIOStream  *stream,
                           const char *hex);
/* All up to the end of the peer's output. */
GBytes *test_wire_read_to_end (GIOStream *stream);
/* What there is, after everything that is ready in the context has run. */
GBytes *test_wire_read_ready (GIOStream *stream);

/* Runs what is ready in the context, and nothing else. */
void test_wire_settle (void);

/* An asynchronous call's callback: keeps the result in a GAsyncResult *. */
void test_wire_result_cb (GObject      *source,
                          GAsyncResult *result,
                          gpointer      user_data);

G_END_DECLS

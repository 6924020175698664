/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A connection while libsoup reads a request from it and answers, and afterwards the base of what it was upgraded to.
 * libsoup's server is not made for peers that cannot be trusted: it would hold any size of a request, takes one that was cut
 * off for a whole one, closes without an answer where it has none, and closes before its answer has been read. So this one
 * shows it the head of one request, when that is whole and sound, and nothing after it; it has last words of its own, and
 * closes only when the peer has had time to read them. */
#define CHARFLOW_TYPE_HTTP_STREAM (charflow_http_stream_get_type ())
G_DECLARE_FINAL_TYPE (CharflowHttpStream, charflow_http_stream, CHARFLOW, HTTP_STREAM, GIOStream)

/* Its input. */
#define CHARFLOW_TYPE_HTTP_INPUT_STREAM (charflow_http_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (CharflowHttpInputStream, charflow_http_input_stream, CHARFLOW, HTTP_INPUT_STREAM, GInputStream)

/* A request is no longer than this. */
#define CHARFLOW_HTTP_MAX_REQUEST_SIZE 4096

CharflowHttpStream *charflow_http_stream_new (GIOStream *base) G_GNUC_WARN_UNUSED_RESULT;

/* Why there was no request to show: G_IO_ERROR_MESSAGE_TOO_LARGE, INVALID_DATA, CONNECTION_CLOSED, or an error of the base.
 * NULL when there was, or may be one. */
const GError *charflow_http_stream_get_fault (CharflowHttpStream *self);

/* What the peer is told at the close, such as "408 Request Timeout". Only where libsoup has not answered; for a fault there
 * is an answer anyway. */
void charflow_http_stream_set_last_words (CharflowHttpStream *self,
                                          const char         *status);

/* Ends HTTP: from now on this is the base, with all that came after the request. */
void charflow_http_stream_upgrade (CharflowHttpStream *self);

GInputStream *charflow_http_input_stream_new (GInputStream *base) G_GNUC_WARN_UNUSED_RESULT;
const GError *charflow_http_input_stream_get_fault (CharflowHttpInputStream *self);

/* Says what came after the request, and then what the base says. FALSE when nothing had come yet. */
gboolean charflow_http_input_stream_upgrade (CharflowHttpInputStream *self);

G_END_DECLS

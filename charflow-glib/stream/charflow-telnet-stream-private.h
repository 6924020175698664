/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-layer-stream-private.h"
#include "charflow-telnet-codec-private.h"

G_BEGIN_DECLS

/* Telnet over a stream: a CharflowLayerStream, so all that stands there holds here.
 *
 *   stream = charflow_telnet_stream_new (base, CHARFLOW_TELNET_ROLE_SERVER, CHARFLOW_TELNET_FLAGS_NONE, &callbacks, self);
 *   g_output_stream_flush_async (g_io_stream_get_output_stream (G_IO_STREAM (stream)), …, ready_cb, self);
 *
 * What is said first is on its way at once, and before all data; whoever wants to know that it was sent flushes, as
 * above, and is OPENED then. All state is the connection's own: a new connection is a new stream.
 *
 * Reading drives it: callbacks come from within a read, and only once all data before the event was read. So the
 * owner reads until WOULD_BLOCK, or 0, or an error. In a callback, a read fails with WOULD_BLOCK; anything else may
 * be done, even dropping the stream.
 *
 * With RECORDS (tn3270), a read with room for 64 KiB gets exactly one record, and a write of up to 64 KiB is one.
 *
 * With COM_PORT (RFC 2217), COM_PORT_OPENED says that the other side has agreed. Then a client may set, and gets
 * what holds by COM_PORT_CHANGED and charflow_com_port_get(); a server's callback `set` is asked.
 * Before, setting fails with G_IO_ERROR_WOULD_BLOCK, and after COM_PORT_REFUSED with G_IO_ERROR_NOT_SUPPORTED. The
 * peer may suspend our data: writing is WOULD_BLOCK then, as if the stream had no room, and whoever holds back
 * their reads as well never hears the end of that. */
CharflowLayerStream *charflow_telnet_stream_new (GIOStream                     *base,
                                                 CharflowTelnetRole             role,
                                                 CharflowTelnetFlags            flags,
                                                 const CharflowTelnetCallbacks *callbacks,
                                                 gpointer                       user_data) G_GNUC_WARN_UNUSED_RESULT;

/* For the getters, those of its serial port included. */
CharflowTelnetCodec *charflow_telnet_stream_get_codec (CharflowLayerStream *self);

/* These send, after the data that wait, and fail as charflow_layer_stream_send() does. */

/* IAC BREAK. With a serial port at the other end, a break of a length of its own is CHARFLOW_COM_PORT_BREAK, on and
 * off. */
gboolean charflow_telnet_stream_send_break (CharflowLayerStream *self,
                                            GError             **error);

/* As the client. @value is of the item, or 0 to ask. */
gboolean charflow_telnet_stream_set_com_port (CharflowLayerStream *self,
                                              CharflowComPortItem  item,
                                              guint                value,
                                              GError             **error);
gboolean charflow_telnet_stream_set_com_port_masks (CharflowLayerStream *self,
                                                    guint8               line_mask,
                                                    guint8               modem_mask,
                                                    GError             **error);
gboolean charflow_telnet_stream_purge_com_port (CharflowLayerStream *self,
                                                guint                what,
                                                GError             **error);

/* As the server: only what changed, and what the client wants to know, is sent. */
gboolean charflow_telnet_stream_tell_modem_state (CharflowLayerStream *self,
                                                  guint8               levels,
                                                  GError             **error);
gboolean charflow_telnet_stream_tell_line_state (CharflowLayerStream *self,
                                                 guint8               errors,
                                                 GError             **error);

/* As either: has the peer hold its data back, or go on. */
gboolean charflow_telnet_stream_suspend_peer (CharflowLayerStream *self,
                                              gboolean             is_suspended,
                                              GError             **error);
gboolean charflow_telnet_stream_ask_signature (CharflowLayerStream *self,
                                               GError             **error);

G_END_DECLS

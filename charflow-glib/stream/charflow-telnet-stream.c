/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-telnet-stream-private.h"

#include <glib/gi18n-lib.h>

CharflowLayerStream *
charflow_telnet_stream_new (GIOStream                     *base,
                            CharflowTelnetRole             role,
                            CharflowTelnetFlags            flags,
                            const CharflowTelnetCallbacks *callbacks,
                            gpointer                       user_data)
{
  CharflowTelnetCodec *codec = charflow_telnet_codec_new (role, flags, callbacks, user_data);
  CharflowLayerStream *self = charflow_layer_stream_new (base, (CharflowCodec *) codec);
  g_autoptr (GByteArray) first = g_byte_array_new ();

  /* Where that fails, so does everything after it. */
  charflow_telnet_codec_begin (codec, first);
  charflow_layer_stream_send (self, first->data, first->len, NULL);

  return self;
}

CharflowTelnetCodec *
charflow_telnet_stream_get_codec (CharflowLayerStream *self)
{
  return (CharflowTelnetCodec *) charflow_layer_stream_get_codec (self);
}

gboolean
charflow_telnet_stream_send_break (CharflowLayerStream *self,
                                   GError             **error)
{
  static const guint8 command[] = { CHARFLOW_TELNET_IAC, CHARFLOW_TELNET_BREAK };

  return charflow_layer_stream_send (self, command, sizeof command, error);
}

/* Gets the serial port that the peer has agreed to, if something may be said about it now: what is said is
 * remembered as said, so the sending must not fail then for want of room. */
static CharflowComPort *
get_com_port (CharflowLayerStream *self,
              GError             **error)
{
  CharflowTelnetCodec *codec = charflow_telnet_stream_get_codec (self);
  CharflowComPort *com_port = charflow_telnet_codec_get_com_port (codec);
  CharflowComPortStage stage = charflow_telnet_codec_get_com_port_stage (codec);

  if (com_port == NULL || stage == CHARFLOW_COM_PORT_STAGE_REFUSED)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("The peer has no serial port that could be set (RFC 2217)"));
      return NULL;
    }
  if (stage == CHARFLOW_COM_PORT_STAGE_UNKNOWN)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("The peer has not said yet whether it has a serial port (RFC 2217)"));
      return NULL;
    }

  return charflow_layer_stream_send (self, NULL, 0, error) ? com_port : NULL;
}

static gboolean
send_all (CharflowLayerStream *self,
          GByteArray          *output,
          GError             **error)
{
  return charflow_layer_stream_send (self, output->data, output->len, error);
}

gboolean
charflow_telnet_stream_set_com_port (CharflowLayerStream *self,
                                     CharflowComPortItem  item,
                                     guint                value,
                                     GError             **error)
{
  CharflowComPort *com_port = get_com_port (self, error);
  g_autoptr (GByteArray) output = g_byte_array_new ();

  if (com_port == NULL)
    return FALSE;

  charflow_com_port_append_set (com_port, item, value, output);
  return send_all (self, output, error);
}

gboolean
charflow_telnet_stream_set_com_port_masks (CharflowLayerStream *self,
                                           guint8               line_mask,
                                           guint8               modem_mask,
                                           GError             **error)
{
  CharflowComPort *com_port = get_com_port (self, error);
  g_autoptr (GByteArray) output = g_byte_array_new ();

  if (com_port == NULL)
    return FALSE;

  charflow_com_port_append_masks (com_port, line_mask, modem_mask, output);
  return send_all (self, output, error);
}

gboolean
charflow_telnet_stream_purge_com_port (CharflowLayerStream *self,
                                       guint                what,
                                       GError             **error)
{
  CharflowComPort *com_port = get_com_port (self, error);
  g_autoptr (GByteArray) output = g_byte_array_new ();

  if (com_port == NULL)
    return FALSE;

  charflow_com_port_append_purge (com_port, what, output);
  return send_all (self, output, error);
}

gboolean
charflow_telnet_stream_tell_modem_state (CharflowLayerStream *self,
                                         guint8               levels,
                                         GError             **error)
{
  CharflowComPort *com_port = get_com_port (self, error);
  g_autoptr (GByteArray) output = g_byte_array_new ();

  if (com_port == NULL)
    return FALSE;

  charflow_com_port_append_modem_state (com_port, levels, output);
  return send_all (self, output, error);
}

gboolean
charflow_telnet_stream_tell_line_state (CharflowLayerStream *self,
                                        guint8               errors,
                                        GError             **error)
{
  CharflowComPort *com_port = get_com_port (self, error);
  g_autoptr (GByteArray) output = g_byte_array_new ();

  if (com_port == NULL)
    return FALSE;

  charflow_com_port_append_line_state (com_port, errors, output);
  return send_all (self, output, error);
}

gboolean
charflow_telnet_stream_suspend_peer (CharflowLayerStream *self,
                                     gboolean             is_suspended,
                                     GError             **error)
{
  CharflowComPort *com_port = get_com_port (self, error);
  g_autoptr (GByteArray) output = g_byte_array_new ();

  if (com_port == NULL)
    return FALSE;

  charflow_com_port_append_suspend (com_port, is_suspended, output);
  return send_all (self, output, error);
}

gboolean
charflow_telnet_stream_ask_signature (CharflowLayerStream *self,
                                      GError             **error)
{
  CharflowComPort *com_port = get_com_port (self, error);
  g_autoptr (GByteArray) output = g_byte_array_new ();

  if (com_port == NULL)
    return FALSE;

  charflow_com_port_append_signature (com_port, TRUE, output);
  return send_all (self, output, error);
}

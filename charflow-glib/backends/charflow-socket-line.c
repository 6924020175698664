/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-line-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-socket-backend-private.h"
#include "charflow-telnet-stream-private.h"

#define MODEM_OUTPUTS (CHARFLOW_MODEM_LINES_DTR | CHARFLOW_MODEM_LINES_RTS)
#define MODEM_MASK 0xFF

struct _CharflowSocketLine
{
  CharflowSocketBackend *backend; /* not owned */
  CharflowTelnetRole role;
  CharflowTelnetFlags flags;
  CharflowLayerStream *stream; /* of the connection, or NULL */
  CharflowSerialSettings *wanted; /* by this side, for this connection and the next ones, or NULL */
  CharflowSerialSettings *settings; /* that hold, or NULL */
  CharflowModemLines outputs; /* of this side */
  gboolean has_outputs; /* they were set, and not left as they are */
};

/* In the order of the enums of CharflowSerialSettings. */
static const guint8 parities[] = {
  CHARFLOW_COM_PORT_PARITY_NONE,
  CHARFLOW_COM_PORT_PARITY_ODD,
  CHARFLOW_COM_PORT_PARITY_EVEN,
  CHARFLOW_COM_PORT_PARITY_MARK,
  CHARFLOW_COM_PORT_PARITY_SPACE,
};
static const guint8 stops[] = {
  CHARFLOW_COM_PORT_STOP_ONE,
  CHARFLOW_COM_PORT_STOP_ONE_AND_HALF,
  CHARFLOW_COM_PORT_STOP_TWO,
};
static const guint8 flows[] = {
  CHARFLOW_COM_PORT_FLOW_NONE,
  CHARFLOW_COM_PORT_FLOW_RTS_CTS,
  CHARFLOW_COM_PORT_FLOW_XON_XOFF,
};

static gboolean
lookup_byte (const guint8 *bytes,
             guint         n_bytes,
             guint         byte,
             guint        *index)
{
  for (*index = 0; *index < n_bytes; (*index)++)
    {
      if (bytes[*index] == byte)
        return TRUE;
    }

  return FALSE;
}

/* NULL when one of the values is not known, or is none that a line can have. */
static CharflowSerialSettings *
new_settings (const guint *values)
{
  guint baud = values[CHARFLOW_COM_PORT_BAUD];
  guint bits = values[CHARFLOW_COM_PORT_BITS];
  guint parity;
  guint stop;
  guint flow;

  if (baud < 1 || baud > G_MAXINT32 || bits < 5 || bits > 8 ||
      !lookup_byte (parities, G_N_ELEMENTS (parities), values[CHARFLOW_COM_PORT_PARITY], &parity) ||
      !lookup_byte (stops, G_N_ELEMENTS (stops), values[CHARFLOW_COM_PORT_STOP], &stop))
    return NULL;
  if (!lookup_byte (flows, G_N_ELEMENTS (flows), values[CHARFLOW_COM_PORT_FLOW], &flow))
    flow = CHARFLOW_SERIAL_FLOW_NONE;

  return charflow_serial_settings_new (baud, bits, parity, stop, flow);
}

static void
get_values (const CharflowSerialSettings *settings,
            guint                        *values)
{
  values[CHARFLOW_COM_PORT_BAUD] = charflow_serial_settings_get_baud (settings);
  values[CHARFLOW_COM_PORT_BITS] = charflow_serial_settings_get_data_bits (settings);
  values[CHARFLOW_COM_PORT_PARITY] = parities[charflow_serial_settings_get_parity (settings)];
  values[CHARFLOW_COM_PORT_STOP] = stops[charflow_serial_settings_get_stop (settings)];
  values[CHARFLOW_COM_PORT_FLOW] = flows[charflow_serial_settings_get_flow (settings)];
}

static void
take_settings (CharflowSocketLine     *self,
               CharflowSerialSettings *settings)
{
  g_autoptr (CharflowSerialSettings) old = self->settings;

  self->settings = settings;
  if (settings != NULL && old != NULL ? !charflow_serial_settings_equal (settings, old) : settings != old)
    charflow_socket_backend_notify_peer_settings (self->backend);
}

static CharflowComPort *
get_com_port (CharflowSocketLine *self)
{
  if (self->stream == NULL)
    return NULL;

  return charflow_telnet_codec_get_com_port (charflow_telnet_stream_get_codec (self->stream));
}

static CharflowComPortStage
get_stage (CharflowSocketLine *self)
{
  if (self->stream == NULL)
    return CHARFLOW_COM_PORT_STAGE_UNKNOWN;

  return charflow_telnet_codec_get_com_port_stage (charflow_telnet_stream_get_codec (self->stream));
}

static gboolean
is_on (CharflowSocketLine *self,
       CharflowComPortItem item)
{
  return charflow_com_port_get (get_com_port (self), item) == CHARFLOW_COM_PORT_ON;
}

/* What comes in at this end, and for a client also what it puts out at the other. */
static CharflowModemLines
get_modem_lines (CharflowSocketLine *self)
{
  CharflowModemLines lines = CHARFLOW_MODEM_LINES_NONE;
  gboolean dtr = is_on (self, CHARFLOW_COM_PORT_DTR);
  gboolean rts = is_on (self, CHARFLOW_COM_PORT_RTS);
  guint8 state = charflow_com_port_get_modem_state (get_com_port (self));

  if (self->role == CHARFLOW_TELNET_ROLE_SERVER)
    return (dtr ? CHARFLOW_MODEM_LINES_DSR | CHARFLOW_MODEM_LINES_DCD : 0) |
           (rts ? CHARFLOW_MODEM_LINES_CTS : 0) | self->outputs;

  lines |= dtr ? CHARFLOW_MODEM_LINES_DTR : 0;
  lines |= rts ? CHARFLOW_MODEM_LINES_RTS : 0;
  lines |= (state & CHARFLOW_COM_PORT_MODEM_CTS) != 0 ? CHARFLOW_MODEM_LINES_CTS : 0;
  lines |= (state & CHARFLOW_COM_PORT_MODEM_DSR) != 0 ? CHARFLOW_MODEM_LINES_DSR : 0;
  lines |= (state & CHARFLOW_COM_PORT_MODEM_RING) != 0 ? CHARFLOW_MODEM_LINES_RI : 0;
  lines |= (state & CHARFLOW_COM_PORT_MODEM_CARRIER) != 0 ? CHARFLOW_MODEM_LINES_DCD : 0;
  return lines;
}

static void
note_modem_lines (CharflowSocketLine *self)
{
  charflow_backend_note_modem_lines (CHARFLOW_BACKEND (self->backend), get_modem_lines (self));
}

static gboolean
send_items (CharflowSocketLine *self,
            const guint        *values,
            GError            **error)
{
  for (CharflowComPortItem item = CHARFLOW_COM_PORT_BAUD; item <= CHARFLOW_COM_PORT_FLOW; item++)
    {
      if (!charflow_telnet_stream_set_com_port (self->stream, item, values[item], error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
send_outputs (CharflowSocketLine *self,
              GError            **error)
{
  gboolean dtr = (self->outputs & CHARFLOW_MODEM_LINES_DTR) != 0;
  gboolean rts = (self->outputs & CHARFLOW_MODEM_LINES_RTS) != 0;
  guint8 levels = (dtr ? CHARFLOW_COM_PORT_MODEM_DSR | CHARFLOW_COM_PORT_MODEM_CARRIER : 0) |
                  (rts ? CHARFLOW_COM_PORT_MODEM_CTS : 0);

  if (self->role == CHARFLOW_TELNET_ROLE_SERVER)
    return charflow_telnet_stream_tell_modem_state (self->stream, levels, error);

  return charflow_telnet_stream_set_com_port (self->stream, CHARFLOW_COM_PORT_DTR,
                                              dtr ? CHARFLOW_COM_PORT_ON : CHARFLOW_COM_PORT_OFF, error) &&
         charflow_telnet_stream_set_com_port (self->stream, CHARFLOW_COM_PORT_RTS,
                                              rts ? CHARFLOW_COM_PORT_ON : CHARFLOW_COM_PORT_OFF, error);
}

/* Sets what this side wants, and asks for what it does not care about. */
static gboolean
begin_client (CharflowSocketLine *self,
              GError            **error)
{
  guint values[CHARFLOW_COM_PORT_N_ITEMS] = { 0 };

  if (self->wanted != NULL)
    get_values (self->wanted, values);

  return charflow_telnet_stream_set_com_port_masks (self->stream, CHARFLOW_COM_PORT_LINE_BREAK, MODEM_MASK, error) &&
         send_items (self, values, error) &&
         (self->has_outputs ? send_outputs (self, error)
                            : charflow_telnet_stream_set_com_port (self->stream, CHARFLOW_COM_PORT_DTR, 0, error) &&
                                charflow_telnet_stream_set_com_port (self->stream, CHARFLOW_COM_PORT_RTS, 0, error));
}

/* The peer is there, and has not said otherwise yet. */
static gboolean
begin_server (CharflowSocketLine *self,
              GError            **error)
{
  charflow_com_port_remember (get_com_port (self), CHARFLOW_COM_PORT_BREAK, CHARFLOW_COM_PORT_OFF);
  charflow_com_port_remember (get_com_port (self), CHARFLOW_COM_PORT_DTR, CHARFLOW_COM_PORT_ON);
  charflow_com_port_remember (get_com_port (self), CHARFLOW_COM_PORT_RTS, CHARFLOW_COM_PORT_ON);

  return send_outputs (self, error);
}

static void
begin (CharflowSocketLine *self)
{
  g_autoptr (GError) error = NULL;
  gboolean done = self->role == CHARFLOW_TELNET_ROLE_SERVER ? begin_server (self, &error) : begin_client (self, &error);

  if (!done)
    g_debug ("Beginning of a serial line: %s", error->message);
  note_modem_lines (self);
}

static void
learn_settings (CharflowSocketLine *self)
{
  guint values[CHARFLOW_COM_PORT_N_ITEMS];
  CharflowSerialSettings *settings;

  for (CharflowComPortItem item = 0; item < CHARFLOW_COM_PORT_N_ITEMS; item++)
    values[item] = charflow_com_port_get (get_com_port (self), item);

  settings = new_settings (values);
  note_modem_lines (self);
  /* A handler may have closed everything. */
  if (self->stream != NULL && settings != NULL)
    take_settings (self, settings);
  else
    g_clear_pointer (&settings, charflow_serial_settings_unref);
}

static void
event_cb (CharflowTelnetEvent event,
          gpointer            user_data)
{
  CharflowSocketLine *self = user_data;
  g_autoptr (CharflowSocketBackend) guard = g_object_ref (self->backend);

  if (self->stream == NULL)
    return;

  switch (event)
    {
    case CHARFLOW_TELNET_EVENT_BREAK:
      charflow_backend_emit_event (CHARFLOW_BACKEND (guard), CHARFLOW_EVENT_BREAK);
      break;
    case CHARFLOW_TELNET_EVENT_LINE_STATE:
      if ((charflow_com_port_get_line_state (get_com_port (self)) & CHARFLOW_COM_PORT_LINE_BREAK) != 0)
        charflow_backend_emit_event (CHARFLOW_BACKEND (guard), CHARFLOW_EVENT_BREAK);
      break;
    case CHARFLOW_TELNET_EVENT_COM_PORT_OPENED:
      begin (self);
      break;
    case CHARFLOW_TELNET_EVENT_COM_PORT_CHANGED:
      learn_settings (self);
      break;
    case CHARFLOW_TELNET_EVENT_MODEM_STATE:
      note_modem_lines (self);
      break;
    case CHARFLOW_TELNET_EVENT_COM_PORT_REFUSED:
      charflow_backend_note_modem_lines (CHARFLOW_BACKEND (guard), CHARFLOW_MODEM_LINES_NONE);
      break;
    case CHARFLOW_TELNET_EVENT_INTERRUPT:
    case CHARFLOW_TELNET_EVENT_TERMINAL_TYPE:
    case CHARFLOW_TELNET_EVENT_WINDOW_SIZE:
    default:
      break;
    }
}

/* The peer asks for one item at a time; the others are as they were. */
static guint
serve_setting (CharflowSocketLine *self,
               CharflowComPortItem item,
               guint               value)
{
  guint values[CHARFLOW_COM_PORT_N_ITEMS];
  g_autoptr (CharflowSerialSettings) proposal = NULL;
  guint old_value;

  get_values (self->settings, values);
  old_value = values[item];
  values[item] = value;
  proposal = value != 0 ? new_settings (values) : NULL;
  if (proposal == NULL || !charflow_socket_backend_emit_settings_requested (self->backend, proposal) || self->stream == NULL)
    return old_value;

  take_settings (self, g_steal_pointer (&proposal));
  return value;
}

static guint
serve_line (CharflowSocketLine *self,
            CharflowComPortItem item,
            guint               value)
{
  CharflowComPort *com_port = get_com_port (self);

  if (value == 0 || charflow_com_port_get (com_port, item) == value)
    return charflow_com_port_get (com_port, item);

  charflow_com_port_remember (com_port, item, value);
  if (item != CHARFLOW_COM_PORT_BREAK)
    note_modem_lines (self);
  else if (value == CHARFLOW_COM_PORT_ON)
    charflow_backend_emit_event (CHARFLOW_BACKEND (self->backend), CHARFLOW_EVENT_BREAK);

  return value;
}

static guint
set_cb (CharflowComPortItem item,
        guint               value,
        gpointer            user_data)
{
  CharflowSocketLine *self = user_data;
  g_autoptr (CharflowSocketBackend) guard = g_object_ref (self->backend);

  if (self->stream == NULL)
    return 0;

  return item <= CHARFLOW_COM_PORT_FLOW ? serve_setting (self, item, value) : serve_line (self, item, value);
}

CharflowSocketLine *
charflow_socket_line_new (CharflowSocketBackend      *backend,
                          const CharflowSocketConfig *config)
{
  CharflowSocketLine *self = g_new0 (CharflowSocketLine, 1);

  self->backend = backend;
  self->role = config->server ? CHARFLOW_TELNET_ROLE_SERVER : CHARFLOW_TELNET_ROLE_CLIENT;
  self->flags = (config->tn3270 ? CHARFLOW_TELNET_FLAGS_RECORDS : 0) |
                (config->rfc2217 ? CHARFLOW_TELNET_FLAGS_COM_PORT : 0);
  if (config->server)
    self->outputs = MODEM_OUTPUTS;

  return self;
}

void
charflow_socket_line_free (CharflowSocketLine *self)
{
  g_clear_pointer (&self->wanted, charflow_serial_settings_unref);
  g_clear_pointer (&self->settings, charflow_serial_settings_unref);
  g_free (self);
}

static CharflowSerialSettings *
new_default_settings (void)
{
  return charflow_serial_settings_new (9600, 8, CHARFLOW_SERIAL_PARITY_NONE, CHARFLOW_SERIAL_STOP_ONE,
                                       CHARFLOW_SERIAL_FLOW_NONE);
}

CharflowLayerStream *
charflow_socket_line_start (CharflowSocketLine *self,
                            GIOStream          *base)
{
  static const CharflowTelnetCallbacks callbacks = {
    .event = event_cb,
    .com_port = { .set = set_cb },
  };

  CharflowLayerStream *stream = charflow_telnet_stream_new (base, self->role, self->flags, &callbacks, self);

  /* What is told of the settings may end this connection at once. */
  self->stream = stream;
  if (self->role == CHARFLOW_TELNET_ROLE_SERVER && (self->flags & CHARFLOW_TELNET_FLAGS_COM_PORT) != 0)
    take_settings (self, self->wanted != NULL ? charflow_serial_settings_ref (self->wanted) : new_default_settings ());

  return stream;
}

void
charflow_socket_line_stop (CharflowSocketLine *self)
{
  self->stream = NULL;
  charflow_backend_note_modem_lines (CHARFLOW_BACKEND (self->backend), CHARFLOW_MODEM_LINES_NONE);
  take_settings (self, NULL);
}

CharflowSerialSettings *
charflow_socket_line_get_settings (CharflowSocketLine *self)
{
  return self->settings;
}

static gboolean
check_serial (CharflowSocketLine *self,
              GError            **error)
{
  if ((self->flags & CHARFLOW_TELNET_FLAGS_COM_PORT) != 0 && get_stage (self) != CHARFLOW_COM_PORT_STAGE_REFUSED)
    return TRUE;

  g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                       _("There is no serial line on the other side (RFC 2217)"));
  return FALSE;
}

gboolean
charflow_socket_line_set_settings (CharflowSocketLine     *self,
                                   CharflowSerialSettings *settings,
                                   GError                **error)
{
  guint values[CHARFLOW_COM_PORT_N_ITEMS];

  if (!check_serial (self, error))
    return FALSE;

  charflow_serial_settings_ref (settings);
  g_clear_pointer (&self->wanted, charflow_serial_settings_unref);
  self->wanted = settings;
  if (self->stream == NULL)
    return TRUE;

  if (self->role == CHARFLOW_TELNET_ROLE_SERVER)
    {
      take_settings (self, charflow_serial_settings_ref (settings));
      return TRUE;
    }

  get_values (settings, values);
  return get_stage (self) != CHARFLOW_COM_PORT_STAGE_OPEN || send_items (self, values, error);
}

gboolean
charflow_socket_line_set_break (CharflowSocketLine *self,
                                gboolean            on,
                                GError            **error)
{
  if (self->stream == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _("There is no peer"));
      return FALSE;
    }

  if (self->role == CHARFLOW_TELNET_ROLE_CLIENT && get_stage (self) == CHARFLOW_COM_PORT_STAGE_OPEN)
    return charflow_telnet_stream_set_com_port (self->stream, CHARFLOW_COM_PORT_BREAK,
                                                on ? CHARFLOW_COM_PORT_ON : CHARFLOW_COM_PORT_OFF, error);

  return !on || charflow_telnet_stream_send_break (self->stream, error);
}

gboolean
charflow_socket_line_query_modem_lines (CharflowSocketLine *self,
                                        CharflowModemLines *lines,
                                        GError            **error)
{
  if (!check_serial (self, error))
    return FALSE;

  *lines = get_stage (self) == CHARFLOW_COM_PORT_STAGE_OPEN ? get_modem_lines (self) : CHARFLOW_MODEM_LINES_NONE;
  return TRUE;
}

gboolean
charflow_socket_line_set_modem_lines (CharflowSocketLine *self,
                                      CharflowModemLines  lines,
                                      GError            **error)
{
  if (!check_serial (self, error))
    return FALSE;

  self->outputs = lines & MODEM_OUTPUTS;
  self->has_outputs = TRUE;
  if (get_stage (self) != CHARFLOW_COM_PORT_STAGE_OPEN)
    return TRUE;
  if (!send_outputs (self, error))
    return FALSE;

  if (self->role == CHARFLOW_TELNET_ROLE_SERVER)
    note_modem_lines (self);
  return TRUE;
}

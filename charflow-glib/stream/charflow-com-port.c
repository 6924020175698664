/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-com-port-private.h"

#include <string.h>

/* Commands of the client. */
enum
{
  COMMAND_SIGNATURE = 0,
  COMMAND_SET_BAUD = 1,
  COMMAND_SET_BITS = 2,
  COMMAND_SET_PARITY = 3,
  COMMAND_SET_STOP = 4,
  COMMAND_SET_CONTROL = 5,
  COMMAND_LINE_STATE = 6,
  COMMAND_MODEM_STATE = 7,
  COMMAND_SUSPEND = 8,
  COMMAND_RESUME = 9,
  COMMAND_SET_LINE_MASK = 10,
  COMMAND_SET_MODEM_MASK = 11,
  COMMAND_PURGE = 12,
};

/* Those of the server are higher by this. */
#define SERVER_OFFSET 100

#define BAUD_SIZE 4
#define FIRST_INBOUND_FLOW 13 /* of SET-CONTROL: the question, then the three kinds */
#define LAST_INBOUND_FLOW 16
#define LAST_CONTROL 19
#define MODEM_LEVELS 0xF0
#define DEFAULT_MODEM_MASK 0xFF
#define SIGNATURE_TEXT "Charflow " PACKAGE_VERSION

/* How an item is said: a command, and a number for the question that is also the distance of the values. */
typedef struct
{
  guint8 command;
  guint8 base;
  guint8 min;
  guint8 max;
} Item;

static const Item items[CHARFLOW_COM_PORT_N_ITEMS] = {
  [CHARFLOW_COM_PORT_BAUD] = { COMMAND_SET_BAUD },
  [CHARFLOW_COM_PORT_BITS] = { COMMAND_SET_BITS, 0, 5, 8 },
  [CHARFLOW_COM_PORT_PARITY] = { COMMAND_SET_PARITY, 0, 1, CHARFLOW_COM_PORT_PARITY_SPACE },
  [CHARFLOW_COM_PORT_STOP] = { COMMAND_SET_STOP, 0, 1, CHARFLOW_COM_PORT_STOP_ONE_AND_HALF },
  [CHARFLOW_COM_PORT_FLOW] = { COMMAND_SET_CONTROL, 0, 1, CHARFLOW_COM_PORT_FLOW_RTS_CTS },
  [CHARFLOW_COM_PORT_BREAK] = { COMMAND_SET_CONTROL, 4, 1, CHARFLOW_COM_PORT_OFF },
  [CHARFLOW_COM_PORT_DTR] = { COMMAND_SET_CONTROL, 7, 1, CHARFLOW_COM_PORT_OFF },
  [CHARFLOW_COM_PORT_RTS] = { COMMAND_SET_CONTROL, 10, 1, CHARFLOW_COM_PORT_OFF },
};

struct _CharflowComPort
{
  gboolean is_server;
  const CharflowComPortCallbacks *callbacks;
  gpointer user_data;
  guint values[CHARFLOW_COM_PORT_N_ITEMS];
  guint8 line_state;
  guint8 modem_state;
  guint8 line_mask;
  guint8 modem_mask;
  gboolean is_suspended;
  char *signature;
};

CharflowComPort *
charflow_com_port_new (CharflowTelnetRole              role,
                       const CharflowComPortCallbacks *callbacks,
                       gpointer                        user_data)
{
  CharflowComPort *self = g_new0 (CharflowComPort, 1);

  self->is_server = role == CHARFLOW_TELNET_ROLE_SERVER;
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->modem_mask = DEFAULT_MODEM_MASK;

  return self;
}

void
charflow_com_port_free (CharflowComPort *self)
{
  g_free (self->signature);
  g_free (self);
}

static void
append (CharflowComPort *self,
        guint8           command,
        const guint8    *data,
        gsize            size,
        GByteArray      *output)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  command += self->is_server ? SERVER_OFFSET : 0;
  g_byte_array_append (body, &command, 1);
  if (size > 0)
    g_byte_array_append (body, data, size);
  charflow_telnet_append_sub (output, CHARFLOW_TELNET_OPTION_COM_PORT, body->data, body->len);
}

static void
append_byte (CharflowComPort *self,
             guint8           command,
             guint8           byte,
             GByteArray      *output)
{
  append (self, command, &byte, 1, output);
}

static void
append_value (CharflowComPort    *self,
              CharflowComPortItem item,
              guint               value,
              GByteArray         *output)
{
  guint32 baud = GUINT32_TO_BE (value);

  if (item == CHARFLOW_COM_PORT_BAUD)
    append (self, items[item].command, (const guint8 *) &baud, BAUD_SIZE, output);
  else
    append_byte (self, items[item].command, items[item].base + value, output);
}

static gboolean
is_valid (CharflowComPortItem item,
          guint               value)
{
  return item == CHARFLOW_COM_PORT_BAUD ? value > 0 : value >= items[item].min && value <= items[item].max;
}

/* Finds the item that a command with one byte is about. */
static gboolean
lookup_item (guint8               command,
             guint8               byte,
             CharflowComPortItem *item,
             guint               *value)
{
  if (command == COMMAND_SET_CONTROL)
    {
      if (byte < items[CHARFLOW_COM_PORT_BREAK].base)
        *item = CHARFLOW_COM_PORT_FLOW;
      else if (byte < items[CHARFLOW_COM_PORT_DTR].base)
        *item = CHARFLOW_COM_PORT_BREAK;
      else if (byte < items[CHARFLOW_COM_PORT_RTS].base)
        *item = CHARFLOW_COM_PORT_DTR;
      else if (byte < FIRST_INBOUND_FLOW)
        *item = CHARFLOW_COM_PORT_RTS;
      else
        return FALSE;
      *value = byte - items[*item].base;
      return TRUE;
    }

  *item = CHARFLOW_COM_PORT_BITS + (command - COMMAND_SET_BITS);
  *value = byte;
  return TRUE;
}

/* What cannot be is a question: the answer tells what is. */
static void
serve_value (CharflowComPort    *self,
             CharflowComPortItem item,
             guint               value,
             GByteArray         *replies)
{
  if (!is_valid (item, value))
    value = 0;
  if (self->callbacks != NULL && self->callbacks->set != NULL)
    self->values[item] = self->callbacks->set (item, value, self->user_data);

  append_value (self, item, self->values[item], replies);
}

/* There is one flow control for both directions: the others can be asked for only. */
static void
serve_other_flow (CharflowComPort *self,
                  guint8           byte,
                  GByteArray      *replies)
{
  guint flow = self->values[CHARFLOW_COM_PORT_FLOW];

  if (byte <= LAST_INBOUND_FLOW)
    append_byte (self, COMMAND_SET_CONTROL, FIRST_INBOUND_FLOW + flow, replies);
  else if (byte <= LAST_CONTROL)
    append_byte (self, COMMAND_SET_CONTROL, flow, replies);
}

static gboolean
learn_value (CharflowComPort    *self,
             CharflowComPortItem item,
             guint               value)
{
  if (!is_valid (item, value) || self->values[item] == value)
    return FALSE;

  self->values[item] = value;
  return TRUE;
}

static gboolean
receive_value (CharflowComPort     *self,
               CharflowComPortItem  item,
               guint                value,
               GByteArray          *replies,
               CharflowTelnetEvent *event)
{
  if (self->is_server)
    {
      serve_value (self, item, value, replies);
      return FALSE;
    }

  *event = CHARFLOW_TELNET_EVENT_COM_PORT_CHANGED;
  return learn_value (self, item, value);
}

static void
receive_signature (CharflowComPort *self,
                   const guint8    *data,
                   gsize            size,
                   GByteArray      *replies)
{
  if (size == 0)
    {
      charflow_com_port_append_signature (self, FALSE, replies);
      return;
    }

  g_free (self->signature);
  self->signature = g_strndup ((const char *) data, size);
}

static void
send_modem_state (CharflowComPort *self,
                  GByteArray      *output)
{
  append_byte (self, COMMAND_MODEM_STATE, self->modem_state & self->modem_mask, output);
}

/* The commands with one byte that only a client gives. */
static void
serve_byte (CharflowComPort *self,
            guint8           command,
            guint8           byte,
            GByteArray      *replies)
{
  switch (command)
    {
    case COMMAND_SET_LINE_MASK:
      self->line_mask = byte;
      append_byte (self, command, byte, replies);
      break;
    case COMMAND_SET_MODEM_MASK:
      self->modem_mask = byte;
      append_byte (self, command, byte, replies);
      send_modem_state (self, replies);
      break;
    case COMMAND_PURGE:
      if (byte < CHARFLOW_COM_PORT_PURGE_RECEIVED || byte > CHARFLOW_COM_PORT_PURGE_BOTH)
        return;
      append_byte (self, command, byte, replies);
      if (self->callbacks != NULL && self->callbacks->purge != NULL)
        self->callbacks->purge (byte, self->user_data);
      break;
    default:
      break;
    }
}

/* The commands with one byte that only a server gives. */
static gboolean
learn_byte (CharflowComPort     *self,
            guint8               command,
            guint8               byte,
            CharflowTelnetEvent *event)
{
  switch (command)
    {
    case COMMAND_LINE_STATE:
      self->line_state = byte;
      *event = CHARFLOW_TELNET_EVENT_LINE_STATE;
      return TRUE;
    case COMMAND_MODEM_STATE:
      self->modem_state = byte;
      *event = CHARFLOW_TELNET_EVENT_MODEM_STATE;
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
receive_byte (CharflowComPort     *self,
              guint8               command,
              guint8               byte,
              GByteArray          *replies,
              CharflowTelnetEvent *event)
{
  CharflowComPortItem item;
  guint value;

  if (command >= COMMAND_SET_BITS && command <= COMMAND_SET_CONTROL)
    {
      if (lookup_item (command, byte, &item, &value))
        return receive_value (self, item, value, replies, event);
      if (self->is_server)
        serve_other_flow (self, byte, replies);
      return FALSE;
    }

  if (!self->is_server)
    return learn_byte (self, command, byte, event);

  serve_byte (self, command, byte, replies);
  return FALSE;
}

static guint
read_baud (const guint8 *data)
{
  return (guint) data[0] << 24 | (guint) data[1] << 16 | (guint) data[2] << 8 | data[3];
}

gboolean
charflow_com_port_receive (CharflowComPort     *self,
                           const guint8        *data,
                           gsize                size,
                           GByteArray          *replies,
                           CharflowTelnetEvent *event)
{
  guint8 offset = self->is_server ? 0 : SERVER_OFFSET;
  guint8 command;

  if (size == 0 || data[0] < offset)
    return FALSE;

  command = data[0] - offset;
  data++;
  size--;
  if (command == COMMAND_SIGNATURE)
    receive_signature (self, data, size, replies);
  else if (command == COMMAND_SET_BAUD && size == BAUD_SIZE)
    return receive_value (self, CHARFLOW_COM_PORT_BAUD, read_baud (data), replies, event);
  else if ((command == COMMAND_SUSPEND || command == COMMAND_RESUME) && size == 0)
    self->is_suspended = command == COMMAND_SUSPEND;
  else if (command != COMMAND_SET_BAUD && size == 1)
    return receive_byte (self, command, data[0], replies, event);

  return FALSE;
}

gboolean
charflow_com_port_is_suspended (CharflowComPort *self)
{
  return self->is_suspended;
}

void
charflow_com_port_reset (CharflowComPort *self)
{
  self->is_suspended = FALSE;
}

guint
charflow_com_port_get (CharflowComPort    *self,
                       CharflowComPortItem item)
{
  return self->values[item];
}

void
charflow_com_port_remember (CharflowComPort    *self,
                            CharflowComPortItem item,
                            guint               value)
{
  self->values[item] = value;
}

guint8
charflow_com_port_get_line_state (CharflowComPort *self)
{
  return self->line_state;
}

guint8
charflow_com_port_get_modem_state (CharflowComPort *self)
{
  return self->modem_state;
}

const char *
charflow_com_port_get_signature (CharflowComPort *self)
{
  return self->signature;
}

void
charflow_com_port_append_set (CharflowComPort    *self,
                              CharflowComPortItem item,
                              guint               value,
                              GByteArray         *output)
{
  append_value (self, item, value, output);
}

void
charflow_com_port_append_purge (CharflowComPort *self,
                                guint            what,
                                GByteArray      *output)
{
  append_byte (self, COMMAND_PURGE, what, output);
}

void
charflow_com_port_append_masks (CharflowComPort *self,
                                guint8           line_mask,
                                guint8           modem_mask,
                                GByteArray      *output)
{
  append_byte (self, COMMAND_SET_LINE_MASK, line_mask, output);
  append_byte (self, COMMAND_SET_MODEM_MASK, modem_mask, output);
}

void
charflow_com_port_append_modem_state (CharflowComPort *self,
                                      guint8           levels,
                                      GByteArray      *output)
{
  guint8 differing = (levels ^ self->modem_state) & MODEM_LEVELS;
  guint8 changed = differing >> 4;

  /* Of the ring, only the end counts as a change. */
  if ((levels & CHARFLOW_COM_PORT_MODEM_RING) != 0)
    changed &= ~(CHARFLOW_COM_PORT_MODEM_RING >> 4);

  self->modem_state = (levels & MODEM_LEVELS) | changed;
  if (((differing | changed) & self->modem_mask) != 0)
    send_modem_state (self, output);
  self->modem_state &= MODEM_LEVELS;
}

void
charflow_com_port_append_line_state (CharflowComPort *self,
                                     guint8           errors,
                                     GByteArray      *output)
{
  if ((errors & self->line_mask) != 0)
    append_byte (self, COMMAND_LINE_STATE, errors & self->line_mask, output);
}

void
charflow_com_port_append_suspend (CharflowComPort *self,
                                  gboolean         is_suspended,
                                  GByteArray      *output)
{
  append (self, is_suspended ? COMMAND_SUSPEND : COMMAND_RESUME, NULL, 0, output);
}

void
charflow_com_port_append_signature (CharflowComPort *self,
                                    gboolean         is_question,
                                    GByteArray      *output)
{
  const char *text = is_question ? "" : SIGNATURE_TEXT;

  append (self, COMMAND_SIGNATURE, (const guint8 *) text, strlen (text), output);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-telnet-private.h"

G_BEGIN_DECLS

/* RFC 2217: what the option COM-PORT is negotiated about, once both sides have it. It knows neither the negotiation
 * nor the stream. The client asks for values, the server answers with those that hold then, and both remember them
 * here. */
typedef struct _CharflowComPort CharflowComPort;

/* What can be set. The values are those of the document; 0 is a value that is not known, or a question for it. */
typedef enum
{
  CHARFLOW_COM_PORT_BAUD,
  CHARFLOW_COM_PORT_BITS, /* 5 to 8 */
  CHARFLOW_COM_PORT_PARITY,
  CHARFLOW_COM_PORT_STOP,
  CHARFLOW_COM_PORT_FLOW,
  CHARFLOW_COM_PORT_BREAK, /* this and the next: on or off */
  CHARFLOW_COM_PORT_DTR,
  CHARFLOW_COM_PORT_RTS,
} CharflowComPortItem;

#define CHARFLOW_COM_PORT_N_ITEMS (CHARFLOW_COM_PORT_RTS + 1)

enum
{
  CHARFLOW_COM_PORT_PARITY_NONE = 1,
  CHARFLOW_COM_PORT_PARITY_ODD,
  CHARFLOW_COM_PORT_PARITY_EVEN,
  CHARFLOW_COM_PORT_PARITY_MARK,
  CHARFLOW_COM_PORT_PARITY_SPACE,
};

enum
{
  CHARFLOW_COM_PORT_STOP_ONE = 1,
  CHARFLOW_COM_PORT_STOP_TWO,
  CHARFLOW_COM_PORT_STOP_ONE_AND_HALF,
};

enum
{
  CHARFLOW_COM_PORT_FLOW_NONE = 1,
  CHARFLOW_COM_PORT_FLOW_XON_XOFF,
  CHARFLOW_COM_PORT_FLOW_RTS_CTS,
};

enum
{
  CHARFLOW_COM_PORT_ON = 1,
  CHARFLOW_COM_PORT_OFF,
};

/* Of the modem state; the other bits say which of these changed. */
enum
{
  CHARFLOW_COM_PORT_MODEM_CTS = 0x10,
  CHARFLOW_COM_PORT_MODEM_DSR = 0x20,
  CHARFLOW_COM_PORT_MODEM_RING = 0x40,
  CHARFLOW_COM_PORT_MODEM_CARRIER = 0x80,
};

/* Of the line state. */
enum
{
  CHARFLOW_COM_PORT_LINE_OVERRUN = 0x02,
  CHARFLOW_COM_PORT_LINE_PARITY = 0x04,
  CHARFLOW_COM_PORT_LINE_FRAMING = 0x08,
  CHARFLOW_COM_PORT_LINE_BREAK = 0x10,
};

/* What a client wants thrown away. */
enum
{
  CHARFLOW_COM_PORT_PURGE_RECEIVED = 1, /* by the serial port, for the client */
  CHARFLOW_COM_PORT_PURGE_SENT,         /* by the client, for the serial port */
  CHARFLOW_COM_PORT_PURGE_BOTH,
};

/* For a server. Either may be NULL: then nothing can be set, or purged. */
typedef struct
{
  /* @value is 0, for a question, or valid for the item. Returns the value that holds then. */
  guint (*set) (CharflowComPortItem item,
                guint               value,
                gpointer            user_data);
  void (*purge) (guint    what,
                 gpointer user_data);
} CharflowComPortCallbacks;

CharflowComPort *charflow_com_port_new (CharflowTelnetRole              role,
                                        const CharflowComPortCallbacks *callbacks,
                                        gpointer                        user_data);
void charflow_com_port_free (CharflowComPort *self);

/* Takes a sub-negotiation without its option; what is malformed is ignored. Returns whether something changed that
 * the owner is to be told of, which is @event. A server may be called back. */
gboolean charflow_com_port_receive (CharflowComPort     *self,
                                    const guint8        *data,
                                    gsize                size,
                                    GByteArray          *replies,
                                    CharflowTelnetEvent *event);

/* Whether the peer wants no data for now. */
gboolean charflow_com_port_is_suspended (CharflowComPort *self);
/* The option is no more: whatever was suspended goes on. */
void charflow_com_port_reset (CharflowComPort *self);

/* The value that is known to hold, or 0. */
guint charflow_com_port_get (CharflowComPort    *self,
                             CharflowComPortItem item);
/* For a server: what holds, without telling the client. */
void charflow_com_port_remember (CharflowComPort    *self,
                                 CharflowComPortItem item,
                                 guint               value);
guint8 charflow_com_port_get_line_state (CharflowComPort *self);
guint8 charflow_com_port_get_modem_state (CharflowComPort *self);
/* What the peer says that it is: bytes of its own, up to the first NUL. NULL as long as it did not. */
const char *charflow_com_port_get_signature (CharflowComPort *self);

/* For a client: appends a request. */
void charflow_com_port_append_set (CharflowComPort    *self,
                                   CharflowComPortItem item,
                                   guint               value,
                                   GByteArray         *output);
void charflow_com_port_append_purge (CharflowComPort *self,
                                     guint            what,
                                     GByteArray      *output);
/* Which bits of the states it wants to be told of. */
void charflow_com_port_append_masks (CharflowComPort *self,
                                     guint8           line_mask,
                                     guint8           modem_mask,
                                     GByteArray      *output);

/* For a server: appends what the client wants to know, if it does. @levels are of the four modem lines, @errors
 * happened. */
void charflow_com_port_append_modem_state (CharflowComPort *self,
                                           guint8           levels,
                                           GByteArray      *output);
void charflow_com_port_append_line_state (CharflowComPort *self,
                                          guint8           errors,
                                          GByteArray      *output);

/* For both. */
void charflow_com_port_append_suspend (CharflowComPort *self,
                                       gboolean         is_suspended,
                                       GByteArray      *output);
void charflow_com_port_append_signature (CharflowComPort *self,
                                         gboolean         is_question,
                                         GByteArray      *output);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowComPort, charflow_com_port_free)

G_END_DECLS

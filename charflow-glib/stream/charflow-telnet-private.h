/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Commands: RFC 854, and RFC 885 for the end of a record. */
enum
{
  CHARFLOW_TELNET_EOR = 239,
  CHARFLOW_TELNET_SE = 240,
  CHARFLOW_TELNET_NOP = 241,
  CHARFLOW_TELNET_BREAK = 243,
  CHARFLOW_TELNET_IP = 244,
  CHARFLOW_TELNET_AYT = 246,
  CHARFLOW_TELNET_SB = 250,
  CHARFLOW_TELNET_WILL = 251,
  CHARFLOW_TELNET_WONT = 252,
  CHARFLOW_TELNET_DO = 253,
  CHARFLOW_TELNET_DONT = 254,
  CHARFLOW_TELNET_IAC = 255,
};

/* Options. */
enum
{
  CHARFLOW_TELNET_OPTION_BINARY = 0,       /* RFC 856 */
  CHARFLOW_TELNET_OPTION_ECHO = 1,         /* RFC 857 */
  CHARFLOW_TELNET_OPTION_SGA = 3,          /* RFC 858: suppress go-ahead */
  CHARFLOW_TELNET_OPTION_TIMING_MARK = 6,  /* RFC 860 */
  CHARFLOW_TELNET_OPTION_TERMINAL_TYPE = 24, /* RFC 1091 */
  CHARFLOW_TELNET_OPTION_EOR = 25,         /* RFC 885 */
  CHARFLOW_TELNET_OPTION_WINDOW_SIZE = 31, /* RFC 1073 */
  CHARFLOW_TELNET_OPTION_COM_PORT = 44,    /* RFC 2217 */
};

/* The beginnings of the sub-negotiation of the terminal type. */
enum
{
  CHARFLOW_TELNET_TYPE_IS = 0,
  CHARFLOW_TELNET_TYPE_SEND = 1,
};

typedef enum
{
  CHARFLOW_TELNET_ROLE_SERVER,
  CHARFLOW_TELNET_ROLE_CLIENT,
} CharflowTelnetRole;

typedef enum
{
  CHARFLOW_TELNET_FLAGS_NONE = 0,
  CHARFLOW_TELNET_FLAGS_RECORDS = 1 << 0,  /* tn3270: data are records */
  CHARFLOW_TELNET_FLAGS_COM_PORT = 1 << 1, /* RFC 2217: the server is at a serial port */
} CharflowTelnetFlags;

/* What the peer said besides data. */
typedef enum
{
  CHARFLOW_TELNET_EVENT_BREAK,
  CHARFLOW_TELNET_EVENT_INTERRUPT,
  CHARFLOW_TELNET_EVENT_TERMINAL_TYPE,
  CHARFLOW_TELNET_EVENT_WINDOW_SIZE,
  CHARFLOW_TELNET_EVENT_COM_PORT_OPENED,  /* from now on there is one, on the other side */
  CHARFLOW_TELNET_EVENT_COM_PORT_REFUSED, /* there is none, or no more */
  CHARFLOW_TELNET_EVENT_COM_PORT_CHANGED, /* the server told what holds now */
  CHARFLOW_TELNET_EVENT_LINE_STATE,
  CHARFLOW_TELNET_EVENT_MODEM_STATE,
} CharflowTelnetEvent;

/* Appends IAC SB @option ... IAC SE, with what has to be doubled. */
void charflow_telnet_append_sub (GByteArray   *output,
                                 guint8        option,
                                 const guint8 *data,
                                 gsize         size);

/* Appends @data with each IAC doubled. */
void charflow_telnet_append_escaped (GByteArray   *output,
                                     const guint8 *data,
                                     gsize         size);

G_END_DECLS

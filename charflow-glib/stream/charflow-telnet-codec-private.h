/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-codec-private.h"
#include "charflow-com-port-private.h"
#include "charflow-telnet-private.h"

G_BEGIN_DECLS

/* One connection's telnet (RFC 854), as a codec. Its data are a stream of bytes; with RECORDS, a read is one
 * record, which comes whole and is at most 64 KiB, and a write makes one. */
typedef struct _CharflowTelnetCodec CharflowTelnetCodec;

/* Events come in their place: all data that the peer sent before was read. Any function may be NULL. */
typedef struct
{
  void (*event) (CharflowTelnetEvent event,
                 gpointer            user_data);
  CharflowComPortCallbacks com_port;
} CharflowTelnetCallbacks;

/* @callbacks may be NULL, and outlives the codec. */
CharflowTelnetCodec *charflow_telnet_codec_new (CharflowTelnetRole             role,
                                                CharflowTelnetFlags            flags,
                                                const CharflowTelnetCallbacks *callbacks,
                                                gpointer                       user_data);

/* Appends what is said first. To be called once. */
void charflow_telnet_codec_begin (CharflowTelnetCodec *self,
                                  GByteArray          *output);

/* What the peer says that its terminal is: bytes of its own, up to the first NUL. NULL as long as it did not. */
const char *charflow_telnet_codec_get_terminal_type (CharflowTelnetCodec *self);
/* 0 each, as long as the peer did not tell. */
void charflow_telnet_codec_get_window_size (CharflowTelnetCodec *self,
                                            guint               *columns,
                                            guint               *rows);

/* NULL without COM_PORT. It may be used once the peer has agreed to it. */
CharflowComPort *charflow_telnet_codec_get_com_port (CharflowTelnetCodec *self);

typedef enum
{
  CHARFLOW_COM_PORT_STAGE_UNKNOWN,
  CHARFLOW_COM_PORT_STAGE_OPEN,
  CHARFLOW_COM_PORT_STAGE_REFUSED,
} CharflowComPortStage;

CharflowComPortStage charflow_telnet_codec_get_com_port_stage (CharflowTelnetCodec *self);

G_END_DECLS

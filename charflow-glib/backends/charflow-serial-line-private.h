/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-ioctl-private.h"
#include "charflow-serial-backend.h"
#include "charflow-termios-private.h"

G_BEGIN_DECLS

/* How a line is to be opened. */
typedef struct
{
  char *path;
  gboolean exclusive;
  gboolean restore;
  gboolean hangup;
  gboolean low_latency;
  gboolean break_events;
  CharflowSerialOutput dtr;
  CharflowSerialOutput rts;
} CharflowSerialConfig;

/* A serial line that is open, or another device in its place. */
typedef struct
{
  CharflowIoctlFunc control;
  int fd; /* -1 unless it is open; not its own */
  CharflowTermios *found; /* the modes it had; NULL where the device is no terminal */
  int found_flags; /* those of its driver, or -1 where they were not changed */
  gboolean is_wired; /* it has modem lines, so its speed and the form of its bytes mean something */
  gboolean has_marks; /* what is read is marked, see CharflowSerialMarks */
  gboolean holds_break;
} CharflowSerialLine;

/* Opens and sets it up. Returns its descriptor, or -1. */
int charflow_serial_line_open (CharflowSerialLine           *self,
                               const CharflowSerialConfig   *config,
                               const CharflowSerialSettings *settings,
                               GError                      **error);

/* Leaves it as it was found. The caller closes the descriptor; where output waits, the line is in use until that has gone. */
void charflow_serial_line_release (CharflowSerialLine         *self,
                                   const CharflowSerialConfig *config);

gboolean charflow_serial_line_set (CharflowSerialLine           *self,
                                   const CharflowSerialConfig   *config,
                                   const CharflowSerialSettings *settings,
                                   GError                      **error);
gboolean charflow_serial_line_set_break (CharflowSerialLine         *self,
                                         const CharflowSerialConfig *config,
                                         gboolean                    on,
                                         GError                    **error);
gboolean charflow_serial_line_query_modem_lines (CharflowSerialLine         *self,
                                                 const CharflowSerialConfig *config,
                                                 CharflowModemLines         *lines,
                                                 GError                    **error);
gboolean charflow_serial_line_set_modem_lines (CharflowSerialLine         *self,
                                               const CharflowSerialConfig *config,
                                               CharflowModemLines          lines,
                                               GError                    **error);

/* Whether the device has gone, and nothing that can still be read. */
gboolean charflow_serial_line_has_hung_up (CharflowSerialLine *self);

/* Tells what no line can do, whatever its driver. */
gboolean charflow_serial_line_check_settings (const CharflowSerialSettings *settings,
                                              GError                      **error);

G_END_DECLS

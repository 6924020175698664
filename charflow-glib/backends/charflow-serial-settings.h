/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <glib-object.h>

#include "charflow-version.h"

G_BEGIN_DECLS

/**
 * CharflowSerialParity:
 * @CHARFLOW_SERIAL_PARITY_NONE: no parity bit
 * @CHARFLOW_SERIAL_PARITY_ODD: the ones are an odd number
 * @CHARFLOW_SERIAL_PARITY_EVEN: the ones are an even number
 * @CHARFLOW_SERIAL_PARITY_MARK: always one
 * @CHARFLOW_SERIAL_PARITY_SPACE: always zero
 *
 * The parity bit of a serial line.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_SERIAL_PARITY_NONE,
  CHARFLOW_SERIAL_PARITY_ODD,
  CHARFLOW_SERIAL_PARITY_EVEN,
  CHARFLOW_SERIAL_PARITY_MARK,
  CHARFLOW_SERIAL_PARITY_SPACE,
} CharflowSerialParity;

/**
 * CharflowSerialStop:
 * @CHARFLOW_SERIAL_STOP_ONE: one stop bit
 * @CHARFLOW_SERIAL_STOP_ONE_AND_HALF: one and a half, with five data bits only
 * @CHARFLOW_SERIAL_STOP_TWO: two stop bits
 *
 * How long a serial line rests after each byte.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_SERIAL_STOP_ONE,
  CHARFLOW_SERIAL_STOP_ONE_AND_HALF,
  CHARFLOW_SERIAL_STOP_TWO,
} CharflowSerialStop;

/**
 * CharflowSerialFlow:
 * @CHARFLOW_SERIAL_FLOW_NONE: nobody is held up
 * @CHARFLOW_SERIAL_FLOW_RTSCTS: by the lines RTS and CTS
 * @CHARFLOW_SERIAL_FLOW_XONXOFF: by the bytes XON (0x11) and XOFF (0x13), which are no data then
 *
 * How the two ends of a serial line hold each other up.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_SERIAL_FLOW_NONE,
  CHARFLOW_SERIAL_FLOW_RTSCTS,
  CHARFLOW_SERIAL_FLOW_XONXOFF,
} CharflowSerialFlow;

/**
 * CharflowModemLines:
 * @CHARFLOW_MODEM_LINES_NONE: no line
 * @CHARFLOW_MODEM_LINES_DTR: data terminal ready, an output
 * @CHARFLOW_MODEM_LINES_RTS: request to send, an output
 * @CHARFLOW_MODEM_LINES_CTS: clear to send, an input
 * @CHARFLOW_MODEM_LINES_DCD: data carrier detect, an input
 * @CHARFLOW_MODEM_LINES_RI: ring indicator, an input
 * @CHARFLOW_MODEM_LINES_DSR: data set ready, an input
 *
 * The lines of a serial port besides its data. The values are those of Linux and of QEMU.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  CHARFLOW_MODEM_LINES_NONE = 0,
  CHARFLOW_MODEM_LINES_DTR = 0x002,
  CHARFLOW_MODEM_LINES_RTS = 0x004,
  CHARFLOW_MODEM_LINES_CTS = 0x020,
  CHARFLOW_MODEM_LINES_DCD = 0x040,
  CHARFLOW_MODEM_LINES_RI = 0x080,
  CHARFLOW_MODEM_LINES_DSR = 0x100,
} CharflowModemLines;

#define CHARFLOW_TYPE_SERIAL_SETTINGS (charflow_serial_settings_get_type ())

/**
 * CharflowSerialSettings:
 *
 * How a serial line is set. It is immutable.
 *
 * Since: 1.0
 */
typedef struct _CharflowSerialSettings CharflowSerialSettings;

CHARFLOW_AVAILABLE_IN_ALL
GType charflow_serial_settings_get_type (void) G_GNUC_CONST;

CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialSettings *charflow_serial_settings_new (guint                baud,
                                                      guint                data_bits,
                                                      CharflowSerialParity parity,
                                                      CharflowSerialStop   stop,
                                                      CharflowSerialFlow   flow) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialSettings *charflow_serial_settings_new_from_string (const char *text,
                                                                  GError    **error) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialSettings *charflow_serial_settings_ref (CharflowSerialSettings *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_serial_settings_unref (CharflowSerialSettings *self);

CHARFLOW_AVAILABLE_IN_ALL
guint charflow_serial_settings_get_baud (const CharflowSerialSettings *self);
CHARFLOW_AVAILABLE_IN_ALL
guint charflow_serial_settings_get_data_bits (const CharflowSerialSettings *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialParity charflow_serial_settings_get_parity (const CharflowSerialSettings *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialStop charflow_serial_settings_get_stop (const CharflowSerialSettings *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowSerialFlow charflow_serial_settings_get_flow (const CharflowSerialSettings *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_serial_settings_equal (const CharflowSerialSettings *self,
                                         const CharflowSerialSettings *other);
CHARFLOW_AVAILABLE_IN_ALL
char *charflow_serial_settings_to_string (const CharflowSerialSettings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowSerialSettings, charflow_serial_settings_unref)

G_END_DECLS

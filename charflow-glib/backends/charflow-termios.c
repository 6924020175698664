/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-termios-private.h"

/* Neither <termios.h> nor <sys/ioctl.h>, which has some of it, may come into this file. */
#include <asm/ioctls.h>
#include <asm/termbits.h>

/* Where the kernel's older structure has speeds of any number, it has no newer one. */
#ifdef TCGETS2
typedef struct termios2 Modes;
#define GET_MODES TCGETS2
#define SET_MODES TCSETS2
#else
typedef struct termios Modes;
#define GET_MODES TCGETS
#define SET_MODES TCSETS
#endif

#define XON 0x11
#define XOFF 0x13

#define FRAME (CSIZE | PARENB | PARODD | CMSPAR | CSTOPB | CRTSCTS)

struct _CharflowTermios
{
  Modes modes;
};

/* Speeds that have a name are set by it, so that a program that knows only those sees them. */
static const struct
{
  guint baud;
  tcflag_t name;
} speeds[] = {
  { 50, B50 },
  { 75, B75 },
  { 110, B110 },
  { 134, B134 },
  { 150, B150 },
  { 200, B200 },
  { 300, B300 },
  { 600, B600 },
  { 1200, B1200 },
  { 1800, B1800 },
  { 2400, B2400 },
  { 4800, B4800 },
  { 9600, B9600 },
  { 19200, B19200 },
  { 38400, B38400 },
  { 57600, B57600 },
  { 115200, B115200 },
  { 230400, B230400 },
  { 460800, B460800 },
  { 500000, B500000 },
  { 576000, B576000 },
  { 921600, B921600 },
  { 1000000, B1000000 },
  { 1152000, B1152000 },
  { 1500000, B1500000 },
  { 2000000, B2000000 },
  { 2500000, B2500000 },
  { 3000000, B3000000 },
  { 3500000, B3500000 },
  { 4000000, B4000000 },
};

static tcflag_t
find_speed (guint baud)
{
  for (gsize i = 0; i < G_N_ELEMENTS (speeds); i++)
    {
      if (speeds[i].baud == baud)
        return speeds[i].name;
    }

  return BOTHER;
}

static tcflag_t
get_data_bits_flag (guint data_bits)
{
  static const tcflag_t sizes[] = { CS5, CS6, CS7, CS8 };

  return sizes[data_bits - 5];
}

static tcflag_t
get_parity_flags (CharflowSerialParity parity)
{
  switch (parity)
    {
    case CHARFLOW_SERIAL_PARITY_ODD:
      return PARENB | PARODD;
    case CHARFLOW_SERIAL_PARITY_EVEN:
      return PARENB;
    case CHARFLOW_SERIAL_PARITY_MARK:
      return PARENB | PARODD | CMSPAR;
    case CHARFLOW_SERIAL_PARITY_SPACE:
      return PARENB | CMSPAR;
    case CHARFLOW_SERIAL_PARITY_NONE:
    default:
      return 0;
    }
}

CharflowTermios *
charflow_termios_get (CharflowIoctlFunc control,
                      int               fd)
{
  g_autoptr (CharflowTermios) self = g_new0 (CharflowTermios, 1);

  if (control (fd, GET_MODES, &self->modes) < 0)
    return NULL;

  return g_steal_pointer (&self);
}

CharflowTermios *
charflow_termios_copy (const CharflowTermios *self)
{
  return g_memdup2 (self, sizeof *self);
}

void
charflow_termios_free (CharflowTermios *self)
{
  g_free (self);
}

gboolean
charflow_termios_set (const CharflowTermios *self,
                      CharflowIoctlFunc      control,
                      int                    fd)
{
  Modes modes = self->modes;

  return control (fd, SET_MODES, &modes) == 0;
}

void
charflow_termios_make_raw (CharflowTermios              *self,
                           const CharflowSerialSettings *settings)
{
  Modes *modes = &self->modes;
  CharflowSerialFlow flow = charflow_serial_settings_get_flow (settings);
  guint baud = charflow_serial_settings_get_baud (settings);

  modes->c_iflag = flow == CHARFLOW_SERIAL_FLOW_XONXOFF ? IXON | IXOFF : 0;
  modes->c_oflag = 0;
  modes->c_lflag = 0;
  modes->c_cc[VSTART] = XON;
  modes->c_cc[VSTOP] = XOFF;
  modes->c_cc[VMIN] = 1;
  modes->c_cc[VTIME] = 0;

  /* The speed of the input is that of the output. */
  modes->c_cflag &= ~(FRAME | CBAUD | CBAUD << IBSHIFT);
  modes->c_cflag |= CREAD | CLOCAL | find_speed (baud);
  modes->c_ispeed = baud;
  modes->c_ospeed = baud;
  modes->c_cflag |= get_data_bits_flag (charflow_serial_settings_get_data_bits (settings));
  modes->c_cflag |= get_parity_flags (charflow_serial_settings_get_parity (settings));
  if (charflow_serial_settings_get_stop (settings) != CHARFLOW_SERIAL_STOP_ONE)
    modes->c_cflag |= CSTOPB;
  if (flow == CHARFLOW_SERIAL_FLOW_RTSCTS)
    modes->c_cflag |= CRTSCTS;
}

gboolean
charflow_termios_get_marks (const CharflowTermios *self)
{
  return (self->modes.c_iflag & PARMRK) != 0;
}

void
charflow_termios_set_marks (CharflowTermios *self,
                            gboolean         marks)
{
  if (marks)
    self->modes.c_iflag |= PARMRK;
  else
    self->modes.c_iflag &= ~PARMRK;
}

void
charflow_termios_set_hangup (CharflowTermios *self,
                             gboolean         hangup)
{
  if (hangup)
    self->modes.c_cflag |= HUPCL;
  else
    self->modes.c_cflag &= ~HUPCL;
}

guint
charflow_termios_get_baud (const CharflowTermios *self)
{
  return self->modes.c_ospeed;
}

gboolean
charflow_termios_has_frame_of (const CharflowTermios *self,
                               const CharflowTermios *other)
{
  return ((self->modes.c_cflag ^ other->modes.c_cflag) & FRAME) == 0;
}

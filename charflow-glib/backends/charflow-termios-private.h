/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-ioctl-private.h"
#include "charflow-serial-settings.h"

G_BEGIN_DECLS

/* The modes of a terminal, at any speed. What the kernel has for that cannot be included beside <termios.h>, which knows some
 * speeds only. */
typedef struct _CharflowTermios CharflowTermios;

/* The modes that it has; NULL with errno set where @fd is no terminal. */
CharflowTermios *charflow_termios_get (CharflowIoctlFunc control,
                                       int               fd);
CharflowTermios *charflow_termios_copy (const CharflowTermios *self);
void charflow_termios_free (CharflowTermios *self);

/* All at once. Returns FALSE with errno set. */
gboolean charflow_termios_set (const CharflowTermios *self,
                               CharflowIoctlFunc      control,
                               int                    fd);

/* Bytes pass as they are, with these settings; the line does not depend on a carrier. */
void charflow_termios_make_raw (CharflowTermios              *self,
                                const CharflowSerialSettings *settings);

/* Whether a break is marked in what is read, see CharflowSerialMarks. */
gboolean charflow_termios_get_marks (const CharflowTermios *self);
void charflow_termios_set_marks (CharflowTermios *self,
                                 gboolean         marks);

/* Whether DTR and RTS are dropped when the last one closes the terminal. */
void charflow_termios_set_hangup (CharflowTermios *self,
                                  gboolean         hangup);

guint charflow_termios_get_baud (const CharflowTermios *self);

/* Whether the form of the bytes and the lines of the flow control are the same. */
gboolean charflow_termios_has_frame_of (const CharflowTermios *self,
                                        const CharflowTermios *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowTermios, charflow_termios_free)

G_END_DECLS

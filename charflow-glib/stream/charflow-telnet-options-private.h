/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-telnet-private.h"

G_BEGIN_DECLS

/* Which options hold on either side, and the negotiation of them as RFC 1143 has it. Nothing that holds is ever
 * asked to end, so its queues are not needed; and what was refused is refused once, however often it is asked for. */
typedef struct
{
  guint8 ours[256];
  guint8 theirs[256];
} CharflowTelnetOptions;

/* With nothing asked for. What is agreed to depends on both. */
void charflow_telnet_options_init (CharflowTelnetOptions *self,
                                   CharflowTelnetRole     role,
                                   CharflowTelnetFlags    flags);

/* Asks for an option: @verb is WILL for one of ours, DO for one of theirs. */
void charflow_telnet_options_ask (CharflowTelnetOptions *self,
                                  guint8                 verb,
                                  guint8                 option,
                                  GByteArray            *output);

/* Takes one of the four verbs of the peer, and appends the reply, if there has to be one. */
void charflow_telnet_options_receive (CharflowTelnetOptions *self,
                                      guint8                 verb,
                                      guint8                 option,
                                      GByteArray            *replies);

gboolean charflow_telnet_options_has_ours (const CharflowTelnetOptions *self,
                                           guint8                       option);
gboolean charflow_telnet_options_has_theirs (const CharflowTelnetOptions *self,
                                             guint8                       option);
/* Whether we asked for it, on either side, and have no answer yet. */
gboolean charflow_telnet_options_is_asked (const CharflowTelnetOptions *self,
                                           guint8                       option);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-telnet-options-private.h"

/* An option on one side. */
typedef enum
{
  STATE_NO,
  STATE_REFUSED, /* no, and the peer knows */
  STATE_ASKED,
  STATE_YES,
} OptionState;

#define STATE_MASK 3
#define AGREEABLE 4 /* beside the state */

static void
agree_to (guint8 *side,
          guint8  option)
{
  side[option] |= AGREEABLE;
}

void
charflow_telnet_options_init (CharflowTelnetOptions *self,
                              CharflowTelnetRole     role,
                              CharflowTelnetFlags    flags)
{
  gboolean is_server = role == CHARFLOW_TELNET_ROLE_SERVER;
  gboolean has_records = (flags & CHARFLOW_TELNET_FLAGS_RECORDS) != 0;

  *self = (CharflowTelnetOptions) { 0 };
  agree_to (self->ours, CHARFLOW_TELNET_OPTION_BINARY);
  agree_to (self->theirs, CHARFLOW_TELNET_OPTION_BINARY);
  agree_to (self->ours, CHARFLOW_TELNET_OPTION_SGA);
  agree_to (self->theirs, CHARFLOW_TELNET_OPTION_SGA);
  /* Only the server echoes. */
  agree_to (is_server ? self->ours : self->theirs, CHARFLOW_TELNET_OPTION_ECHO);

  if (is_server)
    {
      agree_to (self->theirs, CHARFLOW_TELNET_OPTION_TERMINAL_TYPE);
      agree_to (self->theirs, CHARFLOW_TELNET_OPTION_WINDOW_SIZE);
    }
  else if (has_records)
    {
      agree_to (self->ours, CHARFLOW_TELNET_OPTION_TERMINAL_TYPE);
    }

  if (has_records)
    {
      agree_to (self->ours, CHARFLOW_TELNET_OPTION_EOR);
      agree_to (self->theirs, CHARFLOW_TELNET_OPTION_EOR);
    }
  /* It is the client's to say that it will; some say it both ways. */
  if (flags & CHARFLOW_TELNET_FLAGS_COM_PORT)
    {
      agree_to (self->ours, CHARFLOW_TELNET_OPTION_COM_PORT);
      agree_to (self->theirs, CHARFLOW_TELNET_OPTION_COM_PORT);
    }
}

static void
say (GByteArray *output,
     guint8      verb,
     guint8      option)
{
  const guint8 bytes[] = { CHARFLOW_TELNET_IAC, verb, option };

  g_byte_array_append (output, bytes, sizeof bytes);
}

static void
set_state (guint8     *option,
           OptionState state)
{
  *option = (*option & AGREEABLE) | state;
}

void
charflow_telnet_options_ask (CharflowTelnetOptions *self,
                             guint8                 verb,
                             guint8                 option,
                             GByteArray            *output)
{
  set_state (verb == CHARFLOW_TELNET_WILL ? &self->ours[option] : &self->theirs[option], STATE_ASKED);
  say (output, verb, option);
}

/* The peer wants an option to hold. Returns the verb to answer with, or 0. */
static guint8
enable (guint8 *option,
        guint8  agree,
        guint8  refuse)
{
  switch ((OptionState) (*option & STATE_MASK))
    {
    case STATE_ASKED:
      set_state (option, STATE_YES);
      return 0;
    case STATE_NO:
      set_state (option, *option & AGREEABLE ? STATE_YES : STATE_REFUSED);
      return *option & AGREEABLE ? agree : refuse;
    case STATE_REFUSED:
    case STATE_YES:
    default:
      return 0;
    }
}

/* The peer wants it to end, which has to be agreed to; or it does not want what we asked for. */
static guint8
disable (guint8 *option,
         guint8  refuse)
{
  gboolean holds = (*option & STATE_MASK) == STATE_YES;

  set_state (option, STATE_NO);
  return holds ? refuse : 0;
}

static guint8
answer (CharflowTelnetOptions *self,
        guint8                 verb,
        guint8                 option)
{
  switch (verb)
    {
    case CHARFLOW_TELNET_DO:
      return enable (&self->ours[option], CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_WONT);
    case CHARFLOW_TELNET_DONT:
      return disable (&self->ours[option], CHARFLOW_TELNET_WONT);
    case CHARFLOW_TELNET_WILL:
      return enable (&self->theirs[option], CHARFLOW_TELNET_DO, CHARFLOW_TELNET_DONT);
    default:
      return disable (&self->theirs[option], CHARFLOW_TELNET_DONT);
    }
}

void
charflow_telnet_options_receive (CharflowTelnetOptions *self,
                                 guint8                 verb,
                                 guint8                 option,
                                 GByteArray            *replies)
{
  guint8 reply;

  /* Not something that holds, but a question each time; whoever answers one of ours gets no answer to that. */
  if (option == CHARFLOW_TELNET_OPTION_TIMING_MARK)
    {
      if (verb == CHARFLOW_TELNET_DO)
        say (replies, CHARFLOW_TELNET_WILL, option);
      return;
    }

  reply = answer (self, verb, option);
  if (reply != 0)
    say (replies, reply, option);
}

gboolean
charflow_telnet_options_has_ours (const CharflowTelnetOptions *self,
                                  guint8                       option)
{
  return (self->ours[option] & STATE_MASK) == STATE_YES;
}

gboolean
charflow_telnet_options_has_theirs (const CharflowTelnetOptions *self,
                                    guint8                       option)
{
  return (self->theirs[option] & STATE_MASK) == STATE_YES;
}

gboolean
charflow_telnet_options_is_asked (const CharflowTelnetOptions *self,
                                  guint8                       option)
{
  return (self->ours[option] & STATE_MASK) == STATE_ASKED || (self->theirs[option] & STATE_MASK) == STATE_ASKED;
}

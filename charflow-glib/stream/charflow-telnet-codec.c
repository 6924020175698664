/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-telnet-codec-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-telnet-options-private.h"

#define MAX_SUB_SIZE 512
#define MAX_RECORD_SIZE (64 * 1024)
/* Memory for so much is kept between two records. */
#define MAX_KEPT_RECORD_SIZE 4096
/* Text is searched for the end of a line and for a command, each only so far, lest lines that are short and commands
 * that are rare have all of the input searched for each line. */
#define TEXT_RUN 512
/* What the client of a tn3270 server says that it is. */
#define TERMINAL_TYPE "IBM-3278-2"
/* The answer to "are you there", which is for people. */
#define HERE "\r\n[Yes]\r\n"

typedef enum
{
  STATE_DATA,
  STATE_CR,
  STATE_IAC,
  STATE_OPTION,
  STATE_SUB,
  STATE_SUB_IAC,
} State;

/* What the next decode begins with. */
typedef enum
{
  PENDING_NOTHING,
  PENDING_EVENT,
  PENDING_SUB,
} Pending;

struct _CharflowTelnetCodec
{
  CharflowCodec parent;

  CharflowTelnetRole role;
  CharflowTelnetFlags flags;
  const CharflowTelnetCallbacks *callbacks;
  gpointer user_data;

  State state;
  guint8 verb; /* of the option to come */
  CharflowTelnetOptions options;
  gboolean has_asked_type;
  guint8 sub[MAX_SUB_SIZE];
  gsize sub_size;
  gboolean is_sub_too_long;
  Pending pending;
  CharflowTelnetEvent event;

  GByteArray *record;
  gboolean is_record_whole;
  gsize n_record_read;

  char *terminal_type;
  guint columns;
  guint rows;
  CharflowComPort *com_port;
  CharflowComPortStage com_port_stage;
};

static gboolean
has_records (CharflowTelnetCodec *self)
{
  return (self->flags & CHARFLOW_TELNET_FLAGS_RECORDS) != 0;
}

static gboolean
is_server (CharflowTelnetCodec *self)
{
  return self->role == CHARFLOW_TELNET_ROLE_SERVER;
}

static guint8
take (CharflowCodecPass *pass)
{
  pass->input_size--;
  return *pass->input++;
}

static CharflowCodecStatus
tell (CharflowTelnetCodec *self,
      CharflowTelnetEvent  event)
{
  self->pending = PENDING_EVENT;
  self->event = event;
  return CHARFLOW_CODEC_AGAIN;
}

static void
emit (CharflowTelnetCodec *self,
      CharflowTelnetEvent  event)
{
  if (self->callbacks != NULL && self->callbacks->event != NULL)
    self->callbacks->event (event, self->user_data);
}

/* Sub-negotiations. */

static void
receive_terminal_type (CharflowTelnetCodec *self,
                       const guint8        *data,
                       gsize                size,
                       GByteArray          *replies)
{
  static const char type[] = "\0" TERMINAL_TYPE;

  if (size == 0)
    return;

  if (is_server (self) && data[0] == CHARFLOW_TELNET_TYPE_IS)
    {
      g_free (self->terminal_type);
      self->terminal_type = g_strndup ((const char *) data + 1, size - 1);
      emit (self, CHARFLOW_TELNET_EVENT_TERMINAL_TYPE);
    }
  else if (data[0] == CHARFLOW_TELNET_TYPE_SEND &&
           charflow_telnet_options_has_ours (&self->options, CHARFLOW_TELNET_OPTION_TERMINAL_TYPE))
    {
      charflow_telnet_append_sub (replies, CHARFLOW_TELNET_OPTION_TERMINAL_TYPE, (const guint8 *) type,
                                  sizeof type - 1);
    }
}

static void
receive_window_size (CharflowTelnetCodec *self,
                     const guint8        *data,
                     gsize                size)
{
  if (!is_server (self) || size != 4)
    return;

  self->columns = data[0] << 8 | data[1];
  self->rows = data[2] << 8 | data[3];
  emit (self, CHARFLOW_TELNET_EVENT_WINDOW_SIZE);
}

static void
receive_com_port (CharflowTelnetCodec *self,
                  const guint8        *data,
                  gsize                size,
                  GByteArray          *replies)
{
  CharflowTelnetEvent event;

  if (self->com_port_stage != CHARFLOW_COM_PORT_STAGE_OPEN)
    return;

  if (charflow_com_port_receive (self->com_port, data, size, replies, &event))
    emit (self, event);
}

static void
receive_sub (CharflowTelnetCodec *self,
             GByteArray          *replies)
{
  const guint8 *data = self->sub + 1;
  gsize size = self->sub_size - 1;

  switch (self->sub[0])
    {
    case CHARFLOW_TELNET_OPTION_TERMINAL_TYPE:
      receive_terminal_type (self, data, size, replies);
      break;
    case CHARFLOW_TELNET_OPTION_WINDOW_SIZE:
      receive_window_size (self, data, size);
      break;
    case CHARFLOW_TELNET_OPTION_COM_PORT:
      receive_com_port (self, data, size, replies);
      break;
    default:
      break;
    }
}

static CharflowCodecStatus
do_pending (CharflowTelnetCodec *self,
            CharflowCodecPass   *pass)
{
  Pending pending = self->pending;

  self->pending = PENDING_NOTHING;
  if (pending == PENDING_SUB)
    receive_sub (self, pass->replies);
  else
    emit (self, self->event);

  return CHARFLOW_CODEC_AGAIN;
}

/* Negotiation. */

static gboolean
has_com_port (CharflowTelnetCodec *self)
{
  return charflow_telnet_options_has_ours (&self->options, CHARFLOW_TELNET_OPTION_COM_PORT) ||
         charflow_telnet_options_has_theirs (&self->options, CHARFLOW_TELNET_OPTION_COM_PORT);
}

static void
ask_terminal_type (CharflowTelnetCodec *self,
                   GByteArray          *output)
{
  static const guint8 send = CHARFLOW_TELNET_TYPE_SEND;

  if (self->has_asked_type)
    return;

  self->has_asked_type = TRUE;
  charflow_telnet_append_sub (output, CHARFLOW_TELNET_OPTION_TERMINAL_TYPE, &send, 1);
}

static CharflowCodecStatus
update_com_port (CharflowTelnetCodec *self)
{
  CharflowComPortStage stage = CHARFLOW_COM_PORT_STAGE_REFUSED;

  if (has_com_port (self))
    stage = CHARFLOW_COM_PORT_STAGE_OPEN;
  else if (charflow_telnet_options_is_asked (&self->options, CHARFLOW_TELNET_OPTION_COM_PORT))
    stage = CHARFLOW_COM_PORT_STAGE_UNKNOWN;
  if (self->com_port == NULL || stage == self->com_port_stage)
    return CHARFLOW_CODEC_STARVED;

  self->com_port_stage = stage;
  if (stage == CHARFLOW_COM_PORT_STAGE_OPEN)
    return tell (self, CHARFLOW_TELNET_EVENT_COM_PORT_OPENED);

  charflow_com_port_reset (self->com_port);
  return tell (self, CHARFLOW_TELNET_EVENT_COM_PORT_REFUSED);
}

static CharflowCodecStatus
negotiate (CharflowTelnetCodec *self,
           guint8               option,
           GByteArray          *replies)
{
  guint n_before = replies->len;
  CharflowCodecStatus status = CHARFLOW_CODEC_STARVED;

  charflow_telnet_options_receive (&self->options, self->verb, option, replies);
  if (is_server (self) && option == CHARFLOW_TELNET_OPTION_TERMINAL_TYPE &&
      charflow_telnet_options_has_theirs (&self->options, option))
    ask_terminal_type (self, replies);
  if (option == CHARFLOW_TELNET_OPTION_COM_PORT)
    status = update_com_port (self);

  return replies->len > n_before ? CHARFLOW_CODEC_AGAIN : status;
}

static CharflowCodecStatus
answer_here (CharflowTelnetCodec *self,
             GByteArray          *replies)
{
  static const guint8 nop[] = { CHARFLOW_TELNET_IAC, CHARFLOW_TELNET_NOP };

  /* Where data are records, text would be in the midst of them. */
  if (has_records (self))
    g_byte_array_append (replies, nop, sizeof nop);
  else
    g_byte_array_append (replies, (const guint8 *) HERE, strlen (HERE));

  return CHARFLOW_CODEC_AGAIN;
}

/* Data. */

static gboolean
append_to_record (CharflowTelnetCodec *self,
                  const guint8        *data,
                  gsize                size,
                  GError             **error)
{
  if (size > MAX_RECORD_SIZE - self->record->len)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("The peer sent a record of more than %d bytes"),
                   MAX_RECORD_SIZE);
      return FALSE;
    }

  g_byte_array_append (self->record, data, size);
  return TRUE;
}

static CharflowCodecStatus
end_record (CharflowTelnetCodec *self)
{
  /* There is nothing to read in an empty one. */
  if (!has_records (self) || self->record->len == 0)
    return CHARFLOW_CODEC_STARVED;

  self->is_record_whole = TRUE;
  self->n_record_read = 0;
  return CHARFLOW_CODEC_AGAIN;
}

static CharflowCodecStatus
give_record (CharflowTelnetCodec *self,
             CharflowCodecPass   *pass)
{
  gsize size = MIN (pass->room_size, self->record->len - self->n_record_read);

  memcpy (pass->room, self->record->data + self->n_record_read, size);
  pass->room += size;
  pass->room_size -= size;
  self->n_record_read += size;
  if (self->n_record_read < self->record->len)
    return CHARFLOW_CODEC_AGAIN;

  self->is_record_whole = FALSE;
  if (self->record->len > MAX_KEPT_RECORD_SIZE)
    {
      g_byte_array_unref (self->record);
      self->record = g_byte_array_new ();
    }
  g_byte_array_set_size (self->record, 0);
  return CHARFLOW_CODEC_AGAIN;
}

static gsize
find (const guint8 *data,
      gsize         size,
      guint8        byte)
{
  const guint8 *found = memchr (data, byte, size);

  return found != NULL ? (gsize) (found - data) : size;
}

static CharflowCodecStatus
take_record_data (CharflowTelnetCodec *self,
                  CharflowCodecPass   *pass,
                  GError             **error)
{
  gsize run = find (pass->input, pass->input_size, CHARFLOW_TELNET_IAC);

  if (!append_to_record (self, pass->input, run, error))
    return CHARFLOW_CODEC_FAILED;

  pass->input += run;
  pass->input_size -= run;
  if (pass->input_size > 0)
    {
      take (pass);
      self->state = STATE_IAC;
    }

  return CHARFLOW_CODEC_STARVED;
}

static void
put (CharflowCodecPass *pass,
     const guint8      *data,
     gsize              size)
{
  memcpy (pass->room, data, size);
  pass->room += size;
  pass->room_size -= size;
}

static CharflowCodecStatus
take_data (CharflowTelnetCodec *self,
           CharflowCodecPass   *pass,
           GError             **error)
{
  gsize limit = MIN (pass->input_size, pass->room_size);
  gsize run;
  guint8 byte;

  if (has_records (self))
    return take_record_data (self, pass, error);
  if (limit == 0)
    return CHARFLOW_CODEC_AGAIN;

  run = limit;
  if (!charflow_telnet_options_has_theirs (&self->options, CHARFLOW_TELNET_OPTION_BINARY))
    run = find (pass->input, MIN (run, TEXT_RUN), '\r');
  run = find (pass->input, run, CHARFLOW_TELNET_IAC);
  put (pass, pass->input, run);
  pass->input += run;
  pass->input_size -= run;
  if (run > 0)
    return CHARFLOW_CODEC_STARVED;

  byte = take (pass);
  if (byte == CHARFLOW_TELNET_IAC)
    {
      self->state = STATE_IAC;
    }
  else
    {
      put (pass, &byte, 1);
      self->state = STATE_CR;
    }

  return CHARFLOW_CODEC_STARVED;
}

/* An IAC that was doubled. There is room for it: without any, the first one would not have been taken. */
static CharflowCodecStatus
put_iac (CharflowTelnetCodec *self,
         CharflowCodecPass   *pass,
         GError             **error)
{
  static const guint8 iac = CHARFLOW_TELNET_IAC;

  if (!has_records (self))
    put (pass, &iac, 1);
  else if (!append_to_record (self, &iac, 1, error))
    return CHARFLOW_CODEC_FAILED;

  return CHARFLOW_CODEC_STARVED;
}

static CharflowCodecStatus
take_command (CharflowTelnetCodec *self,
              CharflowCodecPass   *pass,
              GError             **error)
{
  guint8 command = take (pass);

  self->state = STATE_DATA;
  switch (command)
    {
    case CHARFLOW_TELNET_IAC:
      return put_iac (self, pass, error);
    case CHARFLOW_TELNET_WILL:
    case CHARFLOW_TELNET_WONT:
    case CHARFLOW_TELNET_DO:
    case CHARFLOW_TELNET_DONT:
      self->verb = command;
      self->state = STATE_OPTION;
      return CHARFLOW_CODEC_STARVED;
    case CHARFLOW_TELNET_SB:
      self->sub_size = 0;
      self->is_sub_too_long = FALSE;
      self->state = STATE_SUB;
      return CHARFLOW_CODEC_STARVED;
    case CHARFLOW_TELNET_BREAK:
      return tell (self, CHARFLOW_TELNET_EVENT_BREAK);
    case CHARFLOW_TELNET_IP:
      return tell (self, CHARFLOW_TELNET_EVENT_INTERRUPT);
    case CHARFLOW_TELNET_AYT:
      return answer_here (self, pass->replies);
    case CHARFLOW_TELNET_EOR:
      return end_record (self);
    default:
      return CHARFLOW_CODEC_STARVED;
    }
}

static CharflowCodecStatus
take_cr (CharflowTelnetCodec *self,
         CharflowCodecPass   *pass)
{
  if (*pass->input == '\0')
    take (pass);
  self->state = STATE_DATA;
  return CHARFLOW_CODEC_STARVED;
}

static void
append_to_sub (CharflowTelnetCodec *self,
               guint8               byte)
{
  if (self->sub_size < MAX_SUB_SIZE)
    self->sub[self->sub_size++] = byte;
  else
    self->is_sub_too_long = TRUE;
}

static CharflowCodecStatus
take_sub (CharflowTelnetCodec *self,
          CharflowCodecPass   *pass)
{
  guint8 byte = take (pass);

  if (byte == CHARFLOW_TELNET_IAC)
    self->state = STATE_SUB_IAC;
  else
    append_to_sub (self, byte);

  return CHARFLOW_CODEC_STARVED;
}

static CharflowCodecStatus
take_sub_command (CharflowTelnetCodec *self,
                  CharflowCodecPass   *pass)
{
  switch (*pass->input)
    {
    case CHARFLOW_TELNET_IAC:
      append_to_sub (self, take (pass));
      self->state = STATE_SUB;
      return CHARFLOW_CODEC_STARVED;
    case CHARFLOW_TELNET_SE:
      take (pass);
      self->state = STATE_DATA;
      if (self->is_sub_too_long || self->sub_size == 0)
        return CHARFLOW_CODEC_STARVED;
      self->pending = PENDING_SUB;
      return CHARFLOW_CODEC_AGAIN;
    default:
      /* The peer forgot the end: this is a command of its own. */
      self->state = STATE_IAC;
      return CHARFLOW_CODEC_STARVED;
    }
}

static CharflowCodecStatus
decode_some (CharflowTelnetCodec *self,
             CharflowCodecPass   *pass,
             GError             **error)
{
  switch (self->state)
    {
    case STATE_DATA:
      return take_data (self, pass, error);
    case STATE_CR:
      return take_cr (self, pass);
    case STATE_IAC:
      return take_command (self, pass, error);
    case STATE_OPTION:
      self->state = STATE_DATA;
      return negotiate (self, take (pass), pass->replies);
    case STATE_SUB:
      return take_sub (self, pass);
    case STATE_SUB_IAC:
      return take_sub_command (self, pass);
    default:
      g_return_val_if_reached (CHARFLOW_CODEC_FAILED);
    }
}

static CharflowCodecStatus
charflow_telnet_codec_decode (CharflowCodec     *codec,
                              CharflowCodecPass *pass,
                              GError           **error)
{
  CharflowTelnetCodec *self = (CharflowTelnetCodec *) codec;
  CharflowCodecStatus status = CHARFLOW_CODEC_STARVED;

  if (self->pending != PENDING_NOTHING)
    return do_pending (self, pass);
  if (self->is_record_whole)
    return give_record (self, pass);

  while (pass->input_size > 0 && status == CHARFLOW_CODEC_STARVED)
    status = decode_some (self, pass, error);

  return status;
}

/* A CR that no LF follows is followed by a NUL, at the end of a write as well: the peer would wait for one of the
 * two. */
static void
append_text (GByteArray   *output,
             const guint8 *data,
             gsize         size)
{
  static const guint8 nul = '\0';

  while (size > 0)
    {
      gsize line = find (data, size, '\r');
      gboolean has_cr = line < size;

      charflow_telnet_append_escaped (output, data, line + has_cr);
      data += line + has_cr;
      size -= line + has_cr;
      if (has_cr && (size == 0 || data[0] != '\n'))
        g_byte_array_append (output, &nul, 1);
    }
}

static gboolean
charflow_telnet_codec_encode (CharflowCodec *codec,
                              const guint8  *data,
                              gsize          size,
                              GByteArray    *output,
                              GError       **error)
{
  static const guint8 end[] = { CHARFLOW_TELNET_IAC, CHARFLOW_TELNET_EOR };
  CharflowTelnetCodec *self = (CharflowTelnetCodec *) codec;

  if (has_records (self))
    {
      charflow_telnet_append_escaped (output, data, size);
      g_byte_array_append (output, end, sizeof end);
    }
  else if (charflow_telnet_options_has_ours (&self->options, CHARFLOW_TELNET_OPTION_BINARY))
    {
      charflow_telnet_append_escaped (output, data, size);
    }
  else
    {
      append_text (output, data, size);
    }

  return TRUE;
}

static gboolean
charflow_telnet_codec_can_encode (CharflowCodec *codec)
{
  CharflowTelnetCodec *self = (CharflowTelnetCodec *) codec;

  return self->com_port == NULL || !charflow_com_port_is_suspended (self->com_port);
}

static void
charflow_telnet_codec_free (CharflowCodec *codec)
{
  CharflowTelnetCodec *self = (CharflowTelnetCodec *) codec;

  g_clear_pointer (&self->com_port, charflow_com_port_free);
  g_byte_array_unref (self->record);
  g_free (self->terminal_type);
  g_free (self);
}

static const CharflowCodecClass charflow_telnet_codec_class = {
  .decode = charflow_telnet_codec_decode,
  .encode = charflow_telnet_codec_encode,
  .can_encode = charflow_telnet_codec_can_encode,
  .free = charflow_telnet_codec_free,
};

CharflowTelnetCodec *
charflow_telnet_codec_new (CharflowTelnetRole             role,
                           CharflowTelnetFlags            flags,
                           const CharflowTelnetCallbacks *callbacks,
                           gpointer                       user_data)
{
  CharflowTelnetCodec *self = g_new0 (CharflowTelnetCodec, 1);

  self->parent.klass = &charflow_telnet_codec_class;
  self->role = role;
  self->flags = flags;
  self->callbacks = callbacks;
  self->user_data = user_data;
  self->record = g_byte_array_new ();
  charflow_telnet_options_init (&self->options, role, flags);
  if ((flags & CHARFLOW_TELNET_FLAGS_COM_PORT) != 0)
    self->com_port = charflow_com_port_new (role, callbacks != NULL ? &callbacks->com_port : NULL, user_data);

  return self;
}

static void
begin_server (CharflowTelnetCodec *self,
              GByteArray          *output)
{
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_ECHO, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_SGA, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_BINARY, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_DO, CHARFLOW_TELNET_OPTION_BINARY, output);
}

static void
begin_server_of_records (CharflowTelnetCodec *self,
                         GByteArray          *output)
{
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_DO, CHARFLOW_TELNET_OPTION_EOR, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_EOR, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_DO, CHARFLOW_TELNET_OPTION_BINARY, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_BINARY, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_DO, CHARFLOW_TELNET_OPTION_TERMINAL_TYPE, output);
  ask_terminal_type (self, output);
}

static void
begin_client (CharflowTelnetCodec *self,
              GByteArray          *output)
{
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_DO, CHARFLOW_TELNET_OPTION_SGA, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_BINARY, output);
  charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_DO, CHARFLOW_TELNET_OPTION_BINARY, output);
  if (self->com_port != NULL)
    charflow_telnet_options_ask (&self->options, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_COM_PORT, output);
}

void
charflow_telnet_codec_begin (CharflowTelnetCodec *self,
                             GByteArray          *output)
{
  /* The server of tn3270 asks for all that is needed. */
  if (is_server (self) && has_records (self))
    begin_server_of_records (self, output);
  else if (is_server (self))
    begin_server (self, output);
  else if (!has_records (self))
    begin_client (self, output);
}

const char *
charflow_telnet_codec_get_terminal_type (CharflowTelnetCodec *self)
{
  return self->terminal_type;
}

void
charflow_telnet_codec_get_window_size (CharflowTelnetCodec *self,
                                       guint               *columns,
                                       guint               *rows)
{
  *columns = self->columns;
  *rows = self->rows;
}

CharflowComPort *
charflow_telnet_codec_get_com_port (CharflowTelnetCodec *self)
{
  return self->com_port;
}

CharflowComPortStage
charflow_telnet_codec_get_com_port_stage (CharflowTelnetCodec *self)
{
  return self->com_port_stage;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "telnet-run.h"

#define MAX_ROOM (64 * 1024)
#define MAX_REPLY 600
#define MAX_IDLE_PASSES 4

/* What comes of it. */
typedef struct
{
  CharflowTelnetCodec *codec;
  gsize room;
  guint8 *buffer; /* of just that size */
  GByteArray *data;
  GString *happenings; /* events, replies and, with records, ends of reads, and after how many bytes of data */
  gboolean marks_reads;
  gboolean has_called;
  gboolean has_ended;
} Trace;

static const guint8 go_binary[] = {
  CHARFLOW_TELNET_IAC, CHARFLOW_TELNET_WILL, CHARFLOW_TELNET_OPTION_BINARY,
  CHARFLOW_TELNET_IAC, CHARFLOW_TELNET_DO,   CHARFLOW_TELNET_OPTION_BINARY,
};

static void
event_cb (CharflowTelnetEvent event,
          gpointer            user_data)
{
  Trace *trace = user_data;

  trace->has_called = TRUE;
  g_string_append_printf (trace->happenings, "%u: event %d\n", trace->data->len, event);
}

static guint
set_cb (CharflowComPortItem item,
        guint               value,
        gpointer            user_data)
{
  Trace *trace = user_data;

  trace->has_called = TRUE;
  g_string_append_printf (trace->happenings, "%u: item %d value %u\n", trace->data->len, item, value);
  return value % 5;
}

static void
purge_cb (guint    what,
          gpointer user_data)
{
  Trace *trace = user_data;

  trace->has_called = TRUE;
  g_string_append_printf (trace->happenings, "%u: purge %u\n", trace->data->len, what);
}

static const CharflowTelnetCallbacks callbacks = {
  .event = event_cb,
  .com_port = { .set = set_cb, .purge = purge_cb },
};

static void
trace_init (Trace              *trace,
            CharflowTelnetRole  role,
            CharflowTelnetFlags flags,
            gsize               room)
{
  g_autoptr (GByteArray) opening = g_byte_array_new ();

  *trace = (Trace) { 0 };
  trace->codec = charflow_telnet_codec_new (role, flags, &callbacks, trace);
  trace->room = room;
  trace->buffer = g_malloc (room);
  trace->data = g_byte_array_new ();
  trace->happenings = g_string_new (NULL);
  charflow_telnet_codec_begin (trace->codec, opening);
}

static CharflowCodec *
codec_of (Trace *trace)
{
  return (CharflowCodec *) trace->codec;
}

static void
trace_clear (Trace *trace)
{
  codec_of (trace)->klass->free (codec_of (trace));
  g_free (trace->buffer);
  g_byte_array_unref (trace->data);
  g_string_free (trace->happenings, TRUE);
}

static void
note_replies (Trace      *trace,
              GByteArray *replies)
{
  g_assert_cmpuint (replies->len, <=, MAX_REPLY);
  if (replies->len == 0)
    return;

  g_string_append_printf (trace->happenings, "%u: reply", trace->data->len);
  for (guint i = 0; i < replies->len; i++)
    g_string_append_printf (trace->happenings, " %02x", replies->data[i]);
  g_string_append_c (trace->happenings, '\n');
}

/* One call. Returns whether it is to be called again with no more input. */
static gboolean
decode_once (Trace         *trace,
             const guint8 **input,
             gsize         *size)
{
  g_autoptr (GByteArray) replies = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  CharflowCodecPass pass = { *input, *size, trace->buffer, trace->room, replies };
  CharflowCodecStatus status = codec_of (trace)->klass->decode (codec_of (trace), &pass, &error);

  g_assert_true ((status == CHARFLOW_CODEC_FAILED) == (error != NULL));
  g_assert_true (pass.input == *input + (*size - pass.input_size));
  g_assert_true (pass.room == trace->buffer + (trace->room - pass.room_size));
  if (status == CHARFLOW_CODEC_STARVED)
    g_assert_cmpuint (pass.input_size, ==, 0);
  *input = pass.input;
  *size = pass.input_size;

  g_byte_array_append (trace->data, trace->buffer, trace->room - pass.room_size);
  if (trace->marks_reads && pass.room_size < trace->room)
    g_string_append_printf (trace->happenings, "%u: read\n", trace->data->len);
  note_replies (trace, replies);
  if (status == CHARFLOW_CODEC_FAILED)
    g_string_append_printf (trace->happenings, "%u: %s\n", trace->data->len, error->message);
  trace->has_ended = status == CHARFLOW_CODEC_FAILED;

  return status == CHARFLOW_CODEC_AGAIN;
}

static void
feed (Trace        *trace,
      const guint8 *data,
      gsize         size)
{
  guint n_idle = 0;
  gboolean again = TRUE;

  while (again && !trace->has_ended)
    {
      gsize size_before = size;
      guint len_before = trace->data->len;

      trace->has_called = FALSE;
      again = decode_once (trace, &data, &size);
      n_idle = size < size_before || trace->data->len > len_before || trace->has_called ? 0 : n_idle + 1;
      g_assert_cmpuint (n_idle, <, MAX_IDLE_PASSES);
    }
}

/* With sizes from @rand, or whole where it is NULL. */
static void
feed_pieces (Trace        *trace,
             const guint8 *data,
             gsize         size,
             GRand        *rand)
{
  while (size > 0)
    {
      gsize piece = rand != NULL ? (gsize) g_rand_int_range (rand, 1, 1 + MIN (size, 7)) : size;

      feed (trace, data, piece);
      data += piece;
      size -= piece;
    }
}

static void
assert_same (Trace *a,
             Trace *b)
{
  g_assert_cmpmem (a->data->data, a->data->len, b->data->data, b->data->len);
  g_assert_cmpstr (a->happenings->str, ==, b->happenings->str);
  g_assert_cmpint (a->has_ended, ==, b->has_ended);
  g_assert_cmpint (codec_of (a)->klass->can_encode (codec_of (a)), ==, codec_of (b)->klass->can_encode (codec_of (b)));
  g_assert_cmpstr (charflow_telnet_codec_get_terminal_type (a->codec), ==,
                   charflow_telnet_codec_get_terminal_type (b->codec));
}

void
telnet_run_splits (CharflowTelnetRole  role,
                   CharflowTelnetFlags flags,
                   GBytes             *prelude,
                   const guint8       *data,
                   gsize               size)
{
  static const gsize rooms[] = { 1, 3, MAX_ROOM };
  g_autoptr (GRand) rand = g_rand_new_with_seed (size);
  gsize prelude_size;
  const guint8 *prelude_data = g_bytes_get_data (prelude, &prelude_size);

  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++)
    {
      Trace whole, pieces;
      /* Byte by byte, a long record would take long. */
      gsize room = MIN (rooms[i] * (1 + prelude_size / 500), MAX_ROOM);

      trace_init (&whole, role, flags, MAX_ROOM);
      trace_init (&pieces, role, flags, room);
      whole.marks_reads = pieces.marks_reads = (flags & CHARFLOW_TELNET_FLAGS_RECORDS) != 0 && room == MAX_ROOM;
      feed_pieces (&whole, prelude_data, prelude_size, NULL);
      feed_pieces (&pieces, prelude_data, prelude_size, NULL);
      feed_pieces (&whole, data, size, NULL);
      feed_pieces (&pieces, data, size, rand);
      assert_same (&whole, &pieces);
      trace_clear (&whole);
      trace_clear (&pieces);
    }
}

void
telnet_run_both_ends (CharflowTelnetFlags flags,
                      gboolean            is_binary,
                      const guint8       *data,
                      gsize               size)
{
  Trace sender, receiver;
  g_autoptr (GByteArray) output = g_byte_array_new ();

  if (size == 0)
    return;

  trace_init (&sender, CHARFLOW_TELNET_ROLE_SERVER, flags, 1);
  trace_init (&receiver, CHARFLOW_TELNET_ROLE_CLIENT, flags, MAX_ROOM);
  if (is_binary)
    {
      feed (&sender, go_binary, sizeof go_binary);
      feed (&receiver, go_binary, sizeof go_binary);
    }

  g_assert_true (codec_of (&sender)->klass->encode (codec_of (&sender), data, size, output, NULL));
  g_assert_cmpuint (output->len, <=, 2 * size + 2);
  feed (&receiver, output->data, output->len);
  g_assert_cmpmem (receiver.data->data, receiver.data->len, data, size);
  trace_clear (&sender);
  trace_clear (&receiver);
}

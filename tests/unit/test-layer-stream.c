/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "charflow-layer-stream-private.h"
#include "test-stream-pair.h"
#include "test-util.h"

/* A protocol of records: 'D', their size in three bytes, then the bytes, each changed. Other bytes are questions and
 * commands of one byte. */
#define MASK 0x55
#define HEADER_SIZE 4

typedef struct
{
  CharflowCodec parent;
  guint n_header; /* bytes of the header so far */
  gsize n_left;   /* of the record */
  gboolean is_held;
  gboolean has_call;
  GFunc called;
  gpointer user_data;
} RecordCodec;

static gboolean freed;

static guint8
take (CharflowCodecPass *pass)
{
  pass->input_size--;
  return *pass->input++;
}

static CharflowCodecStatus
decode_command (RecordCodec       *self,
                guint8             byte,
                CharflowCodecPass *pass,
                GError           **error)
{
  switch (byte)
    {
    case 'D':
      self->n_header = 1;
      self->n_left = 0;
      return CHARFLOW_CODEC_STARVED;
    case 'Q':
      g_byte_array_append (pass->replies, (const guint8 *) "A", 1);
      return CHARFLOW_CODEC_AGAIN;
    case 'E':
      g_byte_array_append (pass->replies, (const guint8 *) "E", 1);
      return CHARFLOW_CODEC_ENDED;
    case 'S':
    case 'R':
      self->is_held = byte == 'S';
      return CHARFLOW_CODEC_STARVED;
    case 'C':
      self->has_call = TRUE;
      return CHARFLOW_CODEC_AGAIN;
    default:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "Byte %u", byte);
      return CHARFLOW_CODEC_FAILED;
    }
}

static gboolean
decode_data (RecordCodec       *self,
             CharflowCodecPass *pass)
{
  while (self->n_left > 0 && pass->input_size > 0 && pass->room_size > 0)
    {
      *pass->room++ = take (pass) ^ MASK;
      pass->room_size--;
      self->n_left--;
    }
  if (self->n_left == 0)
    self->n_header = 0;

  return self->n_left == 0;
}

static CharflowCodecStatus
record_decode (CharflowCodec     *codec,
               CharflowCodecPass *pass,
               GError           **error)
{
  RecordCodec *self = (RecordCodec *) codec;

  if (self->has_call)
    {
      self->has_call = FALSE;
      self->called (codec, self->user_data);
      return CHARFLOW_CODEC_AGAIN;
    }

  while (pass->input_size > 0)
    {
      CharflowCodecStatus status;

      if (self->n_header == HEADER_SIZE)
        {
          if (decode_data (self, pass) || pass->room_size == 0)
            return CHARFLOW_CODEC_AGAIN;
          continue;
        }
      if (self->n_header > 0)
        {
          self->n_left = self->n_left << 8 | take (pass);
          self->n_header++;
          continue;
        }

      status = decode_command (self, take (pass), pass, error);
      if (status != CHARFLOW_CODEC_STARVED)
        return status;
    }

  return CHARFLOW_CODEC_STARVED;
}

static gboolean
record_encode (CharflowCodec *codec,
               const guint8  *data,
               gsize          size,
               GByteArray    *output,
               GError       **error)
{
  guint8 header[HEADER_SIZE] = { 'D', size >> 16, size >> 8, size };

  if (data[0] == '!')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "No");
      return FALSE;
    }

  g_byte_array_append (output, header, sizeof header);
  for (gsize i = 0; i < size; i++)
    {
      guint8 byte = data[i] ^ MASK;

      g_byte_array_append (output, &byte, 1);
    }

  return TRUE;
}

static gboolean
record_can_encode (CharflowCodec *codec)
{
  return !((RecordCodec *) codec)->is_held;
}

static void
record_farewell (CharflowCodec *codec,
                 GByteArray    *output)
{
  g_byte_array_append (output, (const guint8 *) "F", 1);
}

static void
record_free (CharflowCodec *codec)
{
  freed = TRUE;
  g_free (codec);
}

static const CharflowCodecClass record_class = {
  .decode = record_decode,
  .encode = record_encode,
  .can_encode = record_can_encode,
  .farewell = record_farewell,
  .free = record_free,
};

static CharflowLayerStream *
layer_new (GIOStream *base)
{
  RecordCodec *codec = g_new0 (RecordCodec, 1);

  codec->parent.klass = &record_class;
  freed = FALSE;
  return charflow_layer_stream_new (base, &codec->parent);
}

typedef struct
{
  TestStreamPair *pair;
  CharflowLayerStream *stream;
  GPollableInputStream *input;
  GPollableOutputStream *output;
} Fixture;

static void
fixture_set_up (Fixture      *fixture,
                gconstpointer unused)
{
  fixture->pair = test_stream_pair_new ();
  fixture->stream = layer_new (fixture->pair->stream);
  fixture->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (fixture->stream)));
  fixture->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (fixture->stream)));
}

static void
fixture_tear_down (Fixture      *fixture,
                   gconstpointer unused)
{
  if (fixture->stream != NULL)
    g_assert_finalize_object (fixture->stream);
  g_assert_true (freed);
  test_stream_pair_free (fixture->pair);
}

static void
say (Fixture    *fixture,
     const char *text)
{
  test_stream_pair_say (fixture->pair, text, strlen (text));
}

static void
say_record (Fixture    *fixture,
            const char *text)
{
  g_autoptr (GByteArray) record = g_byte_array_new ();

  record_encode (NULL, (const guint8 *) text, strlen (text), record, NULL);
  test_stream_pair_say (fixture->pair, record->data, record->len);
}

static void
assert_reads (Fixture    *fixture,
              gsize       room,
              const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *buffer = g_malloc (room);
  gssize len = g_pollable_input_stream_read_nonblocking (fixture->input, buffer, room, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (buffer, len, text, strlen (text));
}

static void
assert_read_fails (Fixture     *fixture,
                   GIOErrorEnum code)
{
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (fixture->input, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, (int) code);
}

static void
assert_writes (Fixture    *fixture,
               const char *text)
{
  g_autoptr (GError) error = NULL;
  gssize len = g_pollable_output_stream_write_nonblocking (fixture->output, text, strlen (text), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (len, ==, strlen (text));
}

static void
assert_write_fails (Fixture     *fixture,
                    const char  *text,
                    GIOErrorEnum code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (fixture->output, text, strlen (text), NULL, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, (int) code);
}

static gboolean
count_cb (GObject *stream,
          gpointer user_data)
{
  guint *n = user_data;

  ++*n;
  return G_SOURCE_CONTINUE;
}

static GSource *
watch (GSource *source,
       guint   *n)
{
  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), n, NULL);
  g_source_attach (source, NULL);
  return source;
}

static void
unwatch (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Records, one of them empty, and two questions, given in two parts; read in rooms of @room bytes. */
static void
check_split (gsize split,
             gsize room)
{
  static const char stream[] = "QD\0\0\3\x34\x37\x36" "D\0\0\0" "QD\0\0\2\x2d\x2c";
  g_autoptr (GString) got = g_string_new (NULL);
  Fixture fixture;
  gsize size = sizeof stream - 1;

  fixture_set_up (&fixture, NULL);
  for (guint part = 0; part < 2; part++)
    {
      if (part == 0 && split > 0)
        test_stream_pair_say (fixture.pair, stream, split);
      if (part == 1 && split < size)
        test_stream_pair_say (fixture.pair, stream + split, size - split);

      while (g_pollable_input_stream_is_readable (fixture.input))
        {
          char buffer[16];
          gssize len = g_pollable_input_stream_read_nonblocking (fixture.input, buffer, room, NULL, NULL);

          if (len > 0)
            g_string_append_printf (got, "%.*s", (int) len, buffer);
          if (len > 0 && room > 4)
            g_string_append_c (got, '|');
        }
    }

  if (room <= 4)
    g_assert_cmpstr (got->str, ==, "abcxy");
  else if (split <= 5 || (split >= 8 && split <= 17) || split == size)
    g_assert_cmpstr (got->str, ==, "abc|xy|");
  test_stream_pair_hear (fixture.pair, "AA", 2);
  fixture_tear_down (&fixture, NULL);
}

static void
test_splits (void)
{
  static const gsize rooms[] = { 1, 2, 16 };

  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++)
    for (gsize split = 0; split <= 19; split++)
      check_split (split, rooms[i]);
}

static void
test_buffered_is_readable (Fixture      *fixture,
                           gconstpointer unused)
{
  guint n = 0;
  GSource *source = watch (g_pollable_input_stream_create_source (fixture->input, NULL), &n);

  settle ();
  g_assert_cmpuint (n, ==, 0);
  g_assert_false (g_pollable_input_stream_is_readable (fixture->input));
  assert_read_fails (fixture, G_IO_ERROR_WOULD_BLOCK);

  say_record (fixture, "one");
  say_record (fixture, "two");
  assert_reads (fixture, 16, "one");
  g_assert_true (g_pollable_input_stream_is_readable (fixture->input));
  test_wait_until (n > 0);
  assert_reads (fixture, 2, "tw");
  n = 0;
  test_wait_until (n > 0);
  assert_reads (fixture, 2, "o");

  assert_read_fails (fixture, G_IO_ERROR_WOULD_BLOCK);
  settle ();
  n = 0;
  settle ();
  g_assert_cmpuint (n, ==, 0);
  say_record (fixture, "three");
  test_wait_until (n > 0);
  unwatch (source);
}

static void
result_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static void
test_read_async (Fixture      *fixture,
                 gconstpointer unused)
{
  GInputStream *input = G_INPUT_STREAM (fixture->input);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) cancelled = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  char buffer[16];

  g_input_stream_read_async (input, buffer, sizeof buffer, 0, NULL, result_cb, &result);
  say (fixture, "Q");
  test_stream_pair_hear (fixture->pair, "A", 1);
  g_assert_null (result);
  say_record (fixture, "late");
  test_wait_until (result != NULL);
  g_assert_cmpint (g_input_stream_read_finish (input, result, &error), ==, 4);
  g_assert_cmpmem (buffer, 4, "late", 4);

  g_input_stream_read_async (input, buffer, sizeof buffer, 0, cancellable, result_cb, &cancelled);
  settle ();
  g_cancellable_cancel (cancellable);
  test_wait_until (cancelled != NULL);
  g_assert_cmpint (g_input_stream_read_finish (input, cancelled, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static char *
make_text (gsize size)
{
  char *text = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    text[i] = 'a' + i % 23;
  text[size] = '\0';
  return text;
}

static void
assert_hears_record (Fixture    *fixture,
                     const char *text)
{
  g_autoptr (GByteArray) record = g_byte_array_new ();

  record_encode (NULL, (const guint8 *) text, strlen (text), record, NULL);
  test_stream_pair_hear (fixture->pair, record->data, record->len);
}

/* What the base does not take is sent without another write, and nothing is taken meanwhile. */
static void
test_write_resumes (Fixture      *fixture,
                    gconstpointer unused)
{
  g_autofree char *text = make_text (60000);
  guint n = 0;
  GSource *source = watch (g_pollable_output_stream_create_source (fixture->output, NULL), &n);

  test_stream_pair_narrow (fixture->pair);
  test_wait_until (n > 0);
  assert_writes (fixture, text);
  g_assert_false (g_pollable_output_stream_is_writable (fixture->output));
  assert_write_fails (fixture, "more", G_IO_ERROR_WOULD_BLOCK);
  n = 0;
  settle ();
  g_assert_cmpuint (n, ==, 0);

  assert_hears_record (fixture, text);
  test_wait_until (n > 0);
  assert_writes (fixture, "more");
  assert_hears_record (fixture, "more");
  unwatch (source);
}

/* A peer that does not read our data, but asks, is read and answered. */
static void
test_waiting_data (Fixture      *fixture,
                   gconstpointer unused)
{
  g_autofree char *text = make_text (60000);
  g_autoptr (GByteArray) expected = g_byte_array_new ();

  test_stream_pair_narrow (fixture->pair);
  assert_writes (fixture, text);
  say (fixture, "QQ");
  say_record (fixture, "x");
  assert_reads (fixture, 4, "x");
  record_encode (NULL, (const guint8 *) text, strlen (text), expected, NULL);
  g_byte_array_append (expected, (const guint8 *) "AA", 2);
  test_stream_pair_hear (fixture->pair, expected->data, expected->len);
}

static void
test_write_is_cut (Fixture      *fixture,
                   gconstpointer unused)
{
  g_autofree char *text = make_text (70000);
  gssize len = g_pollable_output_stream_write_nonblocking (fixture->output, text, strlen (text), NULL, NULL);

  g_assert_cmpint (len, ==, 65536);
  text[len] = '\0';
  assert_hears_record (fixture, text);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (fixture->output, text, 0, NULL, NULL), ==, 0);
  assert_write_fails (fixture, "!", G_IO_ERROR_INVALID_ARGUMENT);
  assert_writes (fixture, "yes");
  assert_hears_record (fixture, "yes");
}

/* A peer that asks and does not listen is not read any more, whatever it sends; once it listens, it is. */
static void
test_unread_replies (Fixture      *fixture,
                     gconstpointer unused)
{
  g_autofree char *questions = g_strnfill (16000, 'Q');
  gsize n_asked = 0, n_heard = 0;
  guint n = 0;
  GSource *source;

  test_stream_pair_narrow (fixture->pair);
  for (guint i = 0; i < 2000; i++)
    {
      gssize len = g_socket_send (fixture->pair->peer, questions, 1000, NULL, NULL);

      n_asked += MAX (len, 0);
      assert_read_fails (fixture, G_IO_ERROR_WOULD_BLOCK);
    }
  g_assert_cmpuint (n_asked, <, 100000);
  g_assert_false (g_pollable_input_stream_is_readable (fixture->input));

  source = watch (g_pollable_input_stream_create_source (fixture->input, NULL), &n);
  settle ();
  g_assert_cmpuint (n, ==, 0);

  while (n_heard < n_asked)
    {
      test_stream_pair_listen (fixture->pair);
      n_heard += fixture->pair->heard->len;
      g_byte_array_set_size (fixture->pair->heard, 0);
      g_main_context_iteration (NULL, FALSE);
      if (g_pollable_input_stream_is_readable (fixture->input))
        assert_read_fails (fixture, G_IO_ERROR_WOULD_BLOCK);
    }
  g_assert_cmpuint (n_heard, ==, n_asked);
  g_assert_cmpuint (n, >, 0);
  say_record (fixture, "x");
  assert_reads (fixture, 4, "x");
  unwatch (source);
}

static void
test_end_of_base (Fixture      *fixture,
                  gconstpointer unused)
{
  say_record (fixture, "last");
  say_record (fixture, "words");
  test_stream_pair_leave (fixture->pair);
  assert_reads (fixture, 16, "last");
  assert_reads (fixture, 3, "wor");
  assert_reads (fixture, 16, "ds");
  g_assert_true (g_pollable_input_stream_is_readable (fixture->input));
  assert_reads (fixture, 16, "");
  assert_reads (fixture, 16, "");
  assert_write_fails (fixture, "x", G_IO_ERROR_BROKEN_PIPE);
  assert_write_fails (fixture, "y", G_IO_ERROR_BROKEN_PIPE);
  settle ();
  g_assert_true (g_pollable_output_stream_is_writable (fixture->output));
}

static void
test_end_of_protocol (Fixture      *fixture,
                      gconstpointer unused)
{
  say_record (fixture, "last");
  say (fixture, "E?");
  assert_reads (fixture, 16, "last");
  assert_reads (fixture, 16, "");
  assert_reads (fixture, 16, "");
  test_stream_pair_hear (fixture->pair, "E", 1);
}

static void
test_error (Fixture      *fixture,
            gconstpointer unused)
{
  say_record (fixture, "last");
  say (fixture, "?");
  assert_reads (fixture, 16, "last");
  assert_read_fails (fixture, G_IO_ERROR_INVALID_DATA);
  assert_read_fails (fixture, G_IO_ERROR_INVALID_DATA);
  assert_writes (fixture, "still");
}

/* Data is held back until the peer says so, and whoever waits to write is woken. */
static void
test_held_output (Fixture      *fixture,
                  gconstpointer unused)
{
  guint n = 0;
  GSource *source = watch (g_pollable_output_stream_create_source (fixture->output, NULL), &n);

  say (fixture, "S");
  assert_read_fails (fixture, G_IO_ERROR_WOULD_BLOCK);
  settle ();
  g_assert_cmpuint (n, ==, 0);
  assert_write_fails (fixture, "x", G_IO_ERROR_WOULD_BLOCK);
  say (fixture, "Q");
  assert_read_fails (fixture, G_IO_ERROR_WOULD_BLOCK);
  test_stream_pair_hear (fixture->pair, "A", 1);

  say (fixture, "R");
  assert_read_fails (fixture, G_IO_ERROR_WOULD_BLOCK);
  test_wait_until (n > 0);
  assert_writes (fixture, "x");
  unwatch (source);
}

static void
test_flush_async (Fixture      *fixture,
                  gconstpointer unused)
{
  GOutputStream *output = G_OUTPUT_STREAM (fixture->output);
  g_autofree char *text = make_text (60000);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GAsyncResult) third = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  test_stream_pair_narrow (fixture->pair);
  assert_writes (fixture, text);
  g_output_stream_flush_async (output, 0, cancellable, result_cb, &first);
  settle ();
  g_assert_null (first);
  g_cancellable_cancel (cancellable);
  test_wait_until (first != NULL);
  g_assert_false (g_output_stream_flush_finish (output, first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_output_stream_flush_async (output, 0, NULL, result_cb, &second);
  assert_hears_record (fixture, text);
  test_wait_until (second != NULL);
  g_assert_true (g_output_stream_flush_finish (output, second, &error));
  g_assert_no_error (error);

  assert_writes (fixture, text);
  g_output_stream_flush_async (output, 0, NULL, result_cb, &third);
  settle ();
  g_io_stream_close (G_IO_STREAM (fixture->stream), NULL, NULL);
  test_wait_until (third != NULL);
  g_assert_false (g_output_stream_flush_finish (output, third, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_send (Fixture      *fixture,
           gconstpointer unused)
{
  g_autofree char *text = make_text (60000);
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  guint8 marks[1000];

  memset (marks, 'M', sizeof marks);
  test_stream_pair_narrow (fixture->pair);
  assert_writes (fixture, text);
  record_encode (NULL, (const guint8 *) text, strlen (text), expected, NULL);
  while (charflow_layer_stream_send (fixture->stream, marks, sizeof marks, &error))
    g_byte_array_append (expected, marks, sizeof marks);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_cmpuint (expected->len, <, 70000);
  test_stream_pair_hear (fixture->pair, expected->data, expected->len);

  g_io_stream_close (G_IO_STREAM (fixture->stream), NULL, NULL);
  g_assert_false (charflow_layer_stream_send (fixture->stream, marks, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_close (Fixture      *fixture,
            gconstpointer is_async)
{
  g_autoptr (GAsyncResult) read = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;
  GSource *source = watch (g_pollable_input_stream_create_source (fixture->input, NULL), &n);
  char buffer[16];

  g_input_stream_read_async (G_INPUT_STREAM (fixture->input), buffer, sizeof buffer, 0, NULL, result_cb, &read);
  settle ();
  if (is_async != NULL)
    {
      g_io_stream_close_async (G_IO_STREAM (fixture->stream), 0, NULL, result_cb, &closed);
      test_wait_until (closed != NULL);
      g_assert_true (g_io_stream_close_finish (G_IO_STREAM (fixture->stream), closed, &error));
    }
  else
    {
      g_assert_true (g_io_stream_close (G_IO_STREAM (fixture->stream), NULL, &error));
    }
  g_assert_no_error (error);
  g_assert_true (g_io_stream_is_closed (fixture->pair->stream));
  test_stream_pair_hear (fixture->pair, "F", 1);

  test_wait_until (read != NULL && n > 0);
  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (fixture->input), read, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_read_fails (fixture, G_IO_ERROR_CLOSED);
  assert_write_fails (fixture, "x", G_IO_ERROR_CLOSED);
  unwatch (source);
}

/* A half does not outlive its stream as one that works, nor does it crash. */
static void
test_half_alone (Fixture      *fixture,
                 gconstpointer unused)
{
  g_autoptr (GPollableInputStream) input = g_object_ref (fixture->input);
  g_autoptr (GPollableOutputStream) output = g_object_ref (fixture->output);
  guint n = 0;
  GSource *source = watch (g_pollable_input_stream_create_source (input, NULL), &n);

  g_assert_finalize_object (g_steal_pointer (&fixture->stream));
  test_wait_until (n > 0);
  assert_read_fails (fixture, G_IO_ERROR_CLOSED);
  assert_write_fails (fixture, "x", G_IO_ERROR_CLOSED);
  unwatch (source);
}

static void
read_and_write_cb (gpointer codec,
                   gpointer user_data)
{
  Fixture *fixture = user_data;

  assert_read_fails (fixture, G_IO_ERROR_WOULD_BLOCK);
  assert_writes (fixture, "hm");
}

static void
close_cb (gpointer codec,
          gpointer user_data)
{
  Fixture *fixture = user_data;

  g_io_stream_close (G_IO_STREAM (fixture->stream), NULL, NULL);
}

static void
drop_cb (gpointer codec,
         gpointer user_data)
{
  Fixture *fixture = user_data;

  g_clear_object (&fixture->stream);
  g_assert_false (freed);
}

static void
set_called (Fixture *fixture,
            GFunc    called)
{
  RecordCodec *codec = (RecordCodec *) charflow_layer_stream_get_codec (fixture->stream);

  codec->called = called;
  codec->user_data = fixture;
}

static void
test_reentrancy (Fixture      *fixture,
                 gconstpointer unused)
{
  set_called (fixture, read_and_write_cb);
  say_record (fixture, "a");
  say (fixture, "C");
  say_record (fixture, "b");
  assert_reads (fixture, 4, "a");
  assert_reads (fixture, 4, "b");
  assert_hears_record (fixture, "hm");
  g_assert_true (charflow_layer_stream_get_base (fixture->stream) == fixture->pair->stream);

  set_called (fixture, close_cb);
  say (fixture, "C");
  say_record (fixture, "b");
  assert_read_fails (fixture, G_IO_ERROR_CLOSED);
}

static void
test_drop_inside (Fixture      *fixture,
                  gconstpointer unused)
{
  set_called (fixture, drop_cb);
  say (fixture, "C");
  say_record (fixture, "b");
  assert_read_fails (fixture, G_IO_ERROR_CLOSED);
}

static gboolean
read_in_source_cb (GObject *stream,
                   gpointer user_data)
{
  GString *got = user_data;
  char byte;

  if (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), &byte, 1, NULL, NULL) == 1)
    g_string_append_c (got, byte);

  return G_SOURCE_CONTINUE;
}

static void
test_layer_over_layer (Fixture      *fixture,
                       gconstpointer unused)
{
  g_autoptr (GIOStream) outer = NULL;
  g_autoptr (GString) got = g_string_new (NULL);
  GSource *source;

  /* The record of the outer one is in two of the inner one, and has not ended. */
  outer = G_IO_STREAM (layer_new (G_IO_STREAM (fixture->stream)));
  say_record (fixture, "D\1\1\1");
  source = g_pollable_input_stream_create_source (
    G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (outer)), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (read_in_source_cb), got, NULL);
  g_source_attach (source, NULL);
  say_record (fixture, "74");
  test_wait_until (got->len == 2);
  g_assert_cmpstr (got->str, ==, "ba");
  unwatch (source);
  g_io_stream_close (outer, NULL, NULL);
  g_assert_true (g_io_stream_is_closed (fixture->pair->stream));
}

static void
run_openssl (TestFolder *folder,
             const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *key = test_folder_path (folder, "key");
  g_autofree char *certificate = test_folder_path (folder, "certificate");
  const char *argv[] = {
    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
    "/CN=localhost", "-keyout", key, "-out", certificate, NULL,
  };
  g_autofree char *key_text = NULL;
  g_autofree char *certificate_text = NULL;
  g_autofree char *both = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  g_file_get_contents (key, &key_text, NULL, NULL);
  g_file_get_contents (certificate, &certificate_text, NULL, NULL);
  both = g_strconcat (key_text, certificate_text, NULL);
  g_assert_true (g_file_set_contents (path, both, -1, NULL));
}

static gboolean
accept_cb (void)
{
  return TRUE;
}

static void
handshake (GIOStream *server,
           GIOStream *client)
{
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_async (G_TLS_CONNECTION (server), 0, NULL, result_cb, &first);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (client), 0, NULL, result_cb, &second);
  test_wait_until (first != NULL && second != NULL);
  g_tls_connection_handshake_finish (G_TLS_CONNECTION (server), first, &error);
  g_assert_no_error (error);
  g_tls_connection_handshake_finish (G_TLS_CONNECTION (client), second, &error);
  g_assert_no_error (error);
}

/* Both ends of a TLS connection. */
typedef struct
{
  TestStreamPair *pair;
  GIOStream *server;
  GIOStream *client;
} TlsPair;

static void
tls_pair_init (TlsPair *tls)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "both");
  g_autoptr (GSocketConnection) far = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;

  tls->pair = test_stream_pair_new ();
  far = g_socket_connection_factory_create_connection (tls->pair->peer);
  run_openssl (folder, path);
  certificate = g_tls_certificate_new_from_file (path, NULL);
  tls->server = g_tls_server_connection_new (tls->pair->stream, certificate, NULL);
  tls->client = g_tls_client_connection_new (G_IO_STREAM (far), NULL, NULL);
  g_signal_connect (tls->client, "accept-certificate", G_CALLBACK (accept_cb), NULL);
  handshake (tls->server, tls->client);
}

static void
tls_pair_clear (TlsPair *tls)
{
  g_clear_object (&tls->server);
  g_clear_object (&tls->client);
  test_stream_pair_free (tls->pair);
}

static void
close_layer (GIOStream *layer)
{
  g_autoptr (GAsyncResult) closed = NULL;

  g_io_stream_close_async (layer, 0, NULL, result_cb, &closed);
  test_wait_until (closed != NULL);
  g_assert_true (g_io_stream_close_finish (layer, closed, NULL));
}

/* A TLS record of several records of the protocol, read byte by byte, and then silence: all of it comes. */
static void
test_over_tls (void)
{
  static const char records[] = "D\0\0\3\x34\x37\x36QD\0\0\3\x2d\x2c\x2f";
  g_autoptr (GIOStream) layer = NULL;
  g_autoptr (GString) got = g_string_new (NULL);
  GInputStream *far_input;
  GSource *source;
  TlsPair tls;
  char reply[8];

  tls_pair_init (&tls);
  far_input = g_io_stream_get_input_stream (tls.client);
  layer = G_IO_STREAM (layer_new (tls.server));
  source = g_pollable_input_stream_create_source (
    G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (layer)), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (read_in_source_cb), got, NULL);
  g_source_attach (source, NULL);
  g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (tls.client), records, sizeof records - 1,
                                            NULL, NULL, NULL));
  test_wait_until (got->len == 6);
  g_assert_cmpstr (got->str, ==, "abcxyz");
  g_assert_cmpint (g_input_stream_read (far_input, reply, sizeof reply, NULL, NULL), ==, 1);
  unwatch (source);

  close_layer (layer);
  g_assert_cmpint (g_input_stream_read (far_input, reply, sizeof reply, NULL, NULL), ==, 1);
  g_assert_cmpint (reply[0], ==, 'F');
  g_clear_object (&layer);
  tls_pair_clear (&tls);
}

static gboolean
collect_cb (GObject *input,
            gpointer user_data)
{
  guint8 buffer[16384]; /* a whole TLS record: see charflow-layer.c */
  gssize len =
    g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer, sizeof buffer, NULL, NULL);

  if (len > 0)
    g_byte_array_append (user_data, buffer, len);
  return G_SOURCE_CONTINUE;
}

/* What a TLS connection takes in part goes on where it stopped, although replies came behind it meanwhile. */
static void
test_write_over_tls (void)
{
  g_autofree char *text = make_text (60000);
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GByteArray) got = g_byte_array_new ();
  g_autoptr (GIOStream) layer = NULL;
  GPollableInputStream *input;
  GSource *source;
  TlsPair tls;
  char byte;

  tls_pair_init (&tls);
  test_stream_pair_narrow (tls.pair);
  layer = G_IO_STREAM (layer_new (tls.server));
  input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (layer));
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (
                     G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (layer)), text, 60000, NULL, NULL),
                   ==, 60000);
  record_encode (NULL, (const guint8 *) text, 60000, expected, NULL);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (tls.client), "Q", 1, NULL, NULL, NULL));
      test_wait_until (g_pollable_input_stream_is_readable (input));
      g_assert_cmpint (g_pollable_input_stream_read_nonblocking (input, &byte, 1, NULL, NULL), ==, -1);
      g_byte_array_append (expected, (const guint8 *) "A", 1);
    }

  source = g_pollable_input_stream_create_source (
    G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (tls.client)), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (collect_cb), got, NULL);
  g_source_attach (source, NULL);
  test_wait_until (got->len >= expected->len);
  g_assert_cmpmem (got->data, got->len, expected->data, expected->len);
  unwatch (source);
  close_layer (layer);
  g_clear_object (&layer);
  tls_pair_clear (&tls);
}

static void
add (const char *path,
     gpointer    data,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, data, fixture_set_up, test, fixture_tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/layer-stream/read/any-split-any-room", test_splits);
  add ("/layer-stream/read/buffered-is-readable", NULL, test_buffered_is_readable);
  add ("/layer-stream/read/asynchronously", NULL, test_read_async);
  add ("/layer-stream/read/unread-replies-stop-it", NULL, test_unread_replies);
  add ("/layer-stream/read/end-of-base-comes-last", NULL, test_end_of_base);
  add ("/layer-stream/read/end-of-protocol", NULL, test_end_of_protocol);
  add ("/layer-stream/read/error-comes-last", NULL, test_error);
  add ("/layer-stream/write/resumes-by-itself", NULL, test_write_resumes);
  add ("/layer-stream/write/waiting-stops-no-reading", NULL, test_waiting_data);
  add ("/layer-stream/write/is-cut", NULL, test_write_is_cut);
  add ("/layer-stream/write/is-held-back", NULL, test_held_output);
  add ("/layer-stream/write/flush-waits", NULL, test_flush_async);
  add ("/layer-stream/write/send-is-bounded", NULL, test_send);
  add ("/layer-stream/close/wakes-and-says-farewell", NULL, test_close);
  add ("/layer-stream/close/asynchronously", GINT_TO_POINTER (TRUE), test_close);
  add ("/layer-stream/close/half-alone", NULL, test_half_alone);
  add ("/layer-stream/reentrancy/read-write-close", NULL, test_reentrancy);
  add ("/layer-stream/reentrancy/drop", NULL, test_drop_inside);
  add ("/layer-stream/base/layer", NULL, test_layer_over_layer);
  g_test_add_func ("/layer-stream/base/tls", test_over_tls);
  g_test_add_func ("/layer-stream/base/tls-in-part", test_write_over_tls);

  return g_test_run ();
}

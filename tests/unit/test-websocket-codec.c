/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charflow-websocket-codec-private.h"
#include "test-decode.h"
#include "test-wire.h"

#include <string.h>

/* Frames as RFC 6455 has them. Those of a client are masked with 01 02 03 04. */

#define MASK "01020304"
#define HELLO "82 85" MASK "6967 6f68 6e" /* "hello" */
#define PING_HI "89 82" MASK "696b" /* "hi" */
#define PONG_HI "8a 02 6869"
#define CLOSE_1000 "88 82" MASK "02ea"
#define ANY_SIZE 65536

static TestDecoded *
decode_hex (CharflowWebsocketRole role,
            const char           *hex,
            gsize                 piece,
            gsize                 room)
{
  g_autoptr (CharflowCodec) codec = charflow_websocket_codec_new (role);
  g_autoptr (GBytes) input = test_wire_from_hex (hex);
  TestDecoded *decoded = test_decoded_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (input, &size);

  test_decode (codec, data, size, piece, room, decoded);
  return decoded;
}

static void
assert_hex (GByteArray *bytes,
            const char *hex)
{
  g_autoptr (GBytes) wanted = test_wire_from_hex (hex);

  g_assert_cmpmem (bytes->data, bytes->len, g_bytes_get_data (wanted, NULL), g_bytes_get_size (wanted));
}

static void
assert_text (GByteArray *bytes,
             const char *text)
{
  g_assert_cmpmem (bytes->data, bytes->len, text, strlen (text));
}

/* The status of the close that was sent as the last reply; 0 without one. */
static guint
get_close_status (TestDecoded *decoded)
{
  const GByteArray *replies = decoded->replies;

  for (guint i = 0; i + 4 <= replies->len; i += 2 + (replies->data[i + 1] & 0x7f))
    {
      if (replies->data[i] == 0x88)
        return (guint) replies->data[i + 2] << 8 | replies->data[i + 3];
    }

  return 0;
}

static void
test_session (void)
{
  g_autoptr (TestDecoded) decoded =
    decode_hex (CHARFLOW_WEBSOCKET_SERVER, PING_HI HELLO "8a 80" MASK HELLO CLOSE_1000 HELLO, ANY_SIZE, ANY_SIZE);

  assert_text (decoded->data, "hellohello");
  assert_hex (decoded->replies, PONG_HI "88 02 03e8");
  g_assert_cmpint (decoded->status, ==, CHARFLOW_CODEC_ENDED);
}

/* Fragments, with a ping between, the last of them empty. */
#define FRAGMENTS "02 82" MASK "6967" "00 81" MASK "6d" PING_HI "00 82" MASK "6d6d" "80 80" MASK

static void
test_fragments (void)
{
  g_autoptr (TestDecoded) decoded = decode_hex (CHARFLOW_WEBSOCKET_SERVER, FRAGMENTS HELLO, ANY_SIZE, ANY_SIZE);

  assert_text (decoded->data, "hellohello");
  assert_hex (decoded->replies, PONG_HI);
  g_assert_cmpint (decoded->status, ==, CHARFLOW_CODEC_STARVED);
}

static void
test_one_byte_of_room (void)
{
  g_autoptr (TestDecoded) decoded = decode_hex (CHARFLOW_WEBSOCKET_SERVER, HELLO FRAGMENTS, ANY_SIZE, 1);

  assert_text (decoded->data, "hellohello");
  assert_hex (decoded->replies, PONG_HI);
}

typedef struct
{
  const char *name;
  CharflowWebsocketRole role;
  const char *hex;
  guint status;
  const char *before; /* the data that came until then */
} Fault;

static const Fault faults[] = {
  { "not-masked", CHARFLOW_WEBSOCKET_SERVER, HELLO "82 05 68656c6c6f", 1002, "hello" },
  { "masked", CHARFLOW_WEBSOCKET_CLIENT, "82 02 6869" HELLO, 1002, "hi" },
  { "text", CHARFLOW_WEBSOCKET_SERVER, "81 85" MASK "69676f686e", 1003, "" },
  { "text-fragmented", CHARFLOW_WEBSOCKET_SERVER, "01 82" MASK "6967" "80 83" MASK "6d6e6c", 1003, "" },
  { "text-within-message", CHARFLOW_WEBSOCKET_SERVER, "02 81" MASK "69" "81 81" MASK "69", 1003, "h" },
  { "ping-too-long", CHARFLOW_WEBSOCKET_SERVER, "89 fe 007e" MASK, 1002, "" },
  { "ping-fragmented", CHARFLOW_WEBSOCKET_SERVER, "09 82" MASK "696b", 1002, "" },
  { "close-fragmented", CHARFLOW_WEBSOCKET_SERVER, "08 82" MASK "02ea", 1002, "" },
  { "reserved-bit-1", CHARFLOW_WEBSOCKET_SERVER, "c2 85" MASK, 1002, "" },
  { "reserved-bit-2", CHARFLOW_WEBSOCKET_SERVER, "a2 85" MASK, 1002, "" },
  { "reserved-bit-3", CHARFLOW_WEBSOCKET_SERVER, "92 85" MASK, 1002, "" },
  { "opcode-3", CHARFLOW_WEBSOCKET_SERVER, "83 85" MASK, 1002, "" },
  { "opcode-7", CHARFLOW_WEBSOCKET_SERVER, "87 85" MASK, 1002, "" },
  { "opcode-11", CHARFLOW_WEBSOCKET_SERVER, "8b 85" MASK, 1002, "" },
  { "opcode-15", CHARFLOW_WEBSOCKET_SERVER, "8f 85" MASK, 1002, "" },
  { "continuation-first", CHARFLOW_WEBSOCKET_SERVER, "80 85" MASK, 1002, "" },
  { "message-within-message", CHARFLOW_WEBSOCKET_SERVER, "02 81" MASK "69" "82 81" MASK "69", 1002, "h" },
  { "long-16-bit", CHARFLOW_WEBSOCKET_SERVER, "82 fe 007d" MASK, 1002, "" },
  { "long-64-bit", CHARFLOW_WEBSOCKET_SERVER, "82 ff 000000000000ffff" MASK, 1002, "" },
  { "length-2^63", CHARFLOW_WEBSOCKET_SERVER, "82 ff 8000000000000000" MASK, 1002, "" },
  { "length-2^64-1", CHARFLOW_WEBSOCKET_SERVER, "82 ff ffffffffffffffff" MASK, 1002, "" },
  { "length-2^64-14", CHARFLOW_WEBSOCKET_SERVER, "82 ff fffffffffffffff2" MASK, 1002, "" },
  { "length-2^63-unmasked", CHARFLOW_WEBSOCKET_CLIENT, "82 7f 8000000000000000", 1002, "" },
  { "close-of-one-byte", CHARFLOW_WEBSOCKET_SERVER, "88 81" MASK "02", 1002, "" },
  { "close-999", CHARFLOW_WEBSOCKET_CLIENT, "88 02 03e7", 1002, "" },
  { "close-1004", CHARFLOW_WEBSOCKET_CLIENT, "88 02 03ec", 1002, "" },
  { "close-1005", CHARFLOW_WEBSOCKET_CLIENT, "88 02 03ed", 1002, "" },
  { "close-1006", CHARFLOW_WEBSOCKET_CLIENT, "88 02 03ee", 1002, "" },
  { "close-1015", CHARFLOW_WEBSOCKET_CLIENT, "88 02 03f7", 1002, "" },
  { "close-2999", CHARFLOW_WEBSOCKET_CLIENT, "88 02 0bb7", 1002, "" },
  { "close-5000", CHARFLOW_WEBSOCKET_CLIENT, "88 02 1388", 1002, "" },
  { "close-not-utf-8", CHARFLOW_WEBSOCKET_CLIENT, "88 04 03e8 c328", 1007, "" },
};

/* What a server says is not masked, and what a client says is: its close can be read only there. */
static void
test_fault (gconstpointer data)
{
  const Fault *fault = data;
  g_autoptr (TestDecoded) decoded = decode_hex (fault->role, fault->hex, ANY_SIZE, ANY_SIZE);
  g_autofree char *wanted = g_strdup_printf (" %u: ", fault->status);

  g_assert_cmpint (decoded->status, ==, CHARFLOW_CODEC_FAILED);
  g_assert_error (decoded->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (decoded->error->message, wanted));
  assert_text (decoded->data, fault->before);
  if (fault->role == CHARFLOW_WEBSOCKET_SERVER)
    g_assert_cmpuint (get_close_status (decoded), ==, fault->status);
  else
    g_assert_cmpuint (decoded->replies->data[0], ==, 0x88);
}

static const char *const sessions[] = {
  PING_HI HELLO "8a 80" MASK HELLO CLOSE_1000,
  FRAGMENTS HELLO "88 80" MASK,
  /* 126 bytes, which take a longer form of the length. */
  "82 fe 007e" MASK "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f"
  "505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d" PING_HI,
  HELLO "89 80" MASK "82 80" MASK "82 05",
};

static void
test_splits (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (sessions) + G_N_ELEMENTS (faults); i++)
    {
      const Fault *fault = i < G_N_ELEMENTS (sessions) ? NULL : &faults[i - G_N_ELEMENTS (sessions)];
      const char *hex = fault == NULL ? sessions[i] : fault->hex;
      g_autoptr (TestDecoded) whole = decode_hex (CHARFLOW_WEBSOCKET_SERVER, hex, ANY_SIZE, ANY_SIZE);

      for (gsize piece = 1; piece < strlen (hex) / 2; piece++)
        {
          for (gsize room = 1; room < 20; room++)
            {
              g_autoptr (TestDecoded) split = decode_hex (CHARFLOW_WEBSOCKET_SERVER, hex, piece, room);

              g_assert_true (test_decoded_equal (whole, split));
            }
        }
    }
}

static void
test_close_statuses (void)
{
  const guint statuses[] = { 1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999 };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *hex = g_strdup_printf ("88 85" MASK "%04x 616263", statuses[i] ^ 0x0102);
      g_autoptr (TestDecoded) decoded = decode_hex (CHARFLOW_WEBSOCKET_SERVER, hex, ANY_SIZE, ANY_SIZE);

      g_assert_cmpint (decoded->status, ==, CHARFLOW_CODEC_ENDED);
      g_assert_cmpuint (get_close_status (decoded), ==, statuses[i]);
    }
}

static void
test_close_without_status (void)
{
  g_autoptr (TestDecoded) decoded = decode_hex (CHARFLOW_WEBSOCKET_SERVER, "88 80" MASK HELLO, ANY_SIZE, ANY_SIZE);

  g_assert_cmpint (decoded->status, ==, CHARFLOW_CODEC_ENDED);
  assert_hex (decoded->replies, "88 02 03e8");
  assert_text (decoded->data, "");
}

/* A frame is passed on as it comes: what it announces costs nothing. */
static void
test_endless_frame (void)
{
  g_autoptr (CharflowCodec) codec = charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_CLIENT);
  g_autoptr (TestDecoded) decoded = test_decoded_new ();
  const guint8 header[] = { 0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
  const guint8 zeros[1000] = { 0 };

  test_decode (codec, header, sizeof header, ANY_SIZE, ANY_SIZE, decoded);
  test_decode (codec, zeros, sizeof zeros, ANY_SIZE, 7, decoded);
  g_assert_cmpuint (decoded->data->len, ==, sizeof zeros);
}

static void
test_replies_one_by_one (void)
{
  g_autoptr (CharflowCodec) codec = charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_SERVER);
  g_autoptr (GBytes) input = test_wire_from_hex (PING_HI PING_HI);
  g_autoptr (GByteArray) replies = g_byte_array_new ();
  guint8 room[10];
  CharflowCodecPass pass = {
    .input = g_bytes_get_data (input, NULL),
    .input_size = g_bytes_get_size (input),
    .room = room,
    .room_size = sizeof room,
    .replies = replies,
  };

  g_assert_cmpint (codec->klass->decode (codec, &pass, NULL), ==, CHARFLOW_CODEC_AGAIN);
  g_assert_cmpuint (pass.input_size, ==, g_bytes_get_size (input) / 2);
  assert_hex (replies, PONG_HI);
}

static GByteArray *
encode_zeros (CharflowCodec *codec,
              gsize          size)
{
  g_autofree guint8 *data = g_malloc0 (size);
  g_autoptr (GError) error = NULL;
  GByteArray *output = g_byte_array_new ();

  g_assert_true (codec->klass->encode (codec, data, size, output, &error));
  g_assert_no_error (error);
  return output;
}

static void
test_encode (void)
{
  const struct
  {
    gsize size;
    const char *header;
  } writes[] = {
    { 1, "82 01" },
    { 125, "82 7d" },
    { 126, "82 7e 007e" },
    { 65535, "82 7e ffff" },
    { 65536, "82 7f 0000000000010000" },
  };
  g_autoptr (CharflowCodec) codec = charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_SERVER);

  for (guint i = 0; i < G_N_ELEMENTS (writes); i++)
    {
      g_autoptr (GByteArray) output = encode_zeros (codec, writes[i].size);
      g_autoptr (GBytes) header = test_wire_from_hex (writes[i].header);
      gsize header_size = g_bytes_get_size (header);

      g_assert_cmpuint (output->len, ==, header_size + writes[i].size);
      g_assert_cmpmem (output->data, header_size, g_bytes_get_data (header, NULL), header_size);
    }
}

static void
test_roles (void)
{
  g_autoptr (CharflowCodec) client = charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_CLIENT);
  g_autoptr (CharflowCodec) server = charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_SERVER);
  g_autoptr (GByteArray) first = encode_zeros (client, 8);
  g_autoptr (GByteArray) second = encode_zeros (client, 100000);
  g_autoptr (TestDecoded) decoded = test_decoded_new ();

  /* Zeros show the mask, which is another one each time. */
  g_assert_cmpuint (first->data[1], ==, 0x80 | 8);
  g_assert_cmpmem (first->data + 2, 4, first->data + 6, 4);
  g_assert_true (memcmp (first->data + 2, second->data + 10, 4) != 0);

  test_decode (server, first->data, first->len, ANY_SIZE, ANY_SIZE, decoded);
  test_decode (server, second->data, second->len, 12345, 6789, decoded);
  g_assert_cmpuint (decoded->data->len, ==, 8 + 100000);
  for (guint i = 0; i < decoded->data->len; i++)
    g_assert_cmpuint (decoded->data->data[i], ==, 0);
}

static void
test_farewell (void)
{
  g_autoptr (CharflowCodec) codec = charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_SERVER);
  g_autoptr (GByteArray) output = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  codec->klass->farewell (codec, output);
  codec->klass->farewell (codec, output);
  assert_hex (output, "88 08 03e8 636c6f736564"); /* "closed" */

  g_assert_false (codec->klass->encode (codec, (const guint8 *) "a", 1, output, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_cmpuint (output->len, ==, 10);
}

static void
test_nothing_after_close (void)
{
  g_autoptr (CharflowCodec) codec = charflow_websocket_codec_new (CHARFLOW_WEBSOCKET_SERVER);
  g_autoptr (GBytes) close = test_wire_from_hex (CLOSE_1000);
  g_autoptr (TestDecoded) decoded = test_decoded_new ();
  g_autoptr (GByteArray) output = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  test_decode (codec, g_bytes_get_data (close, NULL), g_bytes_get_size (close), ANY_SIZE, ANY_SIZE, decoded);
  codec->klass->farewell (codec, output);
  g_assert_cmpuint (output->len, ==, 0);
  g_assert_false (codec->klass->encode (codec, (const guint8 *) "a", 1, output, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/websocket-codec/W1/ping-binary-close", test_session);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strconcat ("/websocket-codec/W3/", faults[i].name, NULL);

      g_test_add_data_func (path, &faults[i], test_fault);
    }
  g_test_add_func ("/websocket-codec/W4/fragments-with-ping", test_fragments);
  g_test_add_func ("/websocket-codec/W4/one-byte-of-room", test_one_byte_of_room);
  g_test_add_func ("/websocket-codec/splits", test_splits);
  g_test_add_func ("/websocket-codec/close/echoes-status", test_close_statuses);
  g_test_add_func ("/websocket-codec/close/without-status", test_close_without_status);
  g_test_add_func ("/websocket-codec/close/nothing-after", test_nothing_after_close);
  g_test_add_func ("/websocket-codec/close/farewell", test_farewell);
  g_test_add_func ("/websocket-codec/frame/of-any-length", test_endless_frame);
  g_test_add_func ("/websocket-codec/ping/one-reply-at-a-time", test_replies_one_by_one);
  g_test_add_func ("/websocket-codec/encode/lengths", test_encode);
  g_test_add_func ("/websocket-codec/encode/roles", test_roles);

  return g_test_run ();
}

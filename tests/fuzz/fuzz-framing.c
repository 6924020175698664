/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "charflow-wire-reader-private.h"
#include "test-endpoint.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* The first byte chooses the device and how its back end behaves. Then come steps, each a byte: what happens, and whether the
 * main context runs afterwards; some have a size, and so many bytes, after it. What reaches the clients and the back end has
 * to keep the rules, whatever the others do. */

#define MAX_FUZZ_INPUT (64 * 1024)
#define CHOICE_KIND 3
#define CHOICE_NARROW_READS 4 /* of one byte */
#define CHOICE_NARROW_WRITES 8 /* of three */
#define CHOICE_BLOCKS 16 /* room comes only as the main context runs */
#define STEP_WHAT 7
#define STEP_WHICH 8 /* of two */
#define STEP_WAITS 0x80

#define N_CLIENTS 2
#define MAX_LINE 100
#define MAX_PIECE 2048
#define AGENT_HEADER_SIZE 20
#define SMARTCARD_HEADER_SIZE 12
#define CLIENT_DISCONNECTED 13

enum
{
  KIND_AGENT,
  KIND_SMARTCARD,
  KIND_LINE,
  KIND_FILTERING_AGENT,
};

typedef enum
{
  STEP_DEVICE_SPEAKS,
  STEP_DEVICE_SPEAKS_TOO,
  STEP_CLIENT_WRITES,
  STEP_CLIENT_WRITES_TOO,
  STEP_PROGRAM_WRITES,
  STEP_PEER_CHANGES,
  STEP_CLIENT_CHANGES,
  STEP_STATE_MOVES,
} Step;

typedef struct _Run Run;

typedef struct
{
  Run *run;
  CharflowClient *client;
  guint64 left; /* of the agent message that it is in the middle of */
} Consumer;

struct _Run
{
  guint8 choice;
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  Consumer consumers[N_CLIENTS];
  gboolean is_unchecked; /* a state was damaged in a way that could not be found */
};

static gboolean
is_agent (Run *run)
{
  return (run->choice & CHOICE_KIND) == KIND_AGENT || (run->choice & CHOICE_KIND) == KIND_FILTERING_AGENT;
}

static guint32
read_word (const guint8 *data)
{
  CharflowWireReader reader;

  charflow_wire_reader_init (&reader, data, sizeof (guint32));
  return charflow_wire_reader_u32 (&reader);
}

/* Of agent messages, one piece after the other. */
static void
check_piece (guint64      *left,
             const guint8 *data,
             gsize         size)
{
  g_assert (size > 0 && size <= MAX_PIECE);
  if (*left == 0)
    {
      g_assert (size >= AGENT_HEADER_SIZE && read_word (data) == 1);
      *left = (guint64) AGENT_HEADER_SIZE + read_word (data + 16);
    }
  g_assert (size <= *left);
  *left -= size;
}

static void
check_line (const guint8 *data,
            gsize         size)
{
  const guint8 *end = memchr (data, '\n', size);

  g_assert (size > 0 && size <= MAX_LINE && (end == NULL || end == data + size - 1));
}

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes,
            Consumer           *consumer)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (consumer->run->is_unchecked)
    return;

  if (is_agent (consumer->run))
    check_piece (&consumer->left, data, size);
  else if ((consumer->run->choice & CHOICE_KIND) == KIND_LINE)
    check_line (data, size);
  else
    g_assert (size >= SMARTCARD_HEADER_SIZE && size - SMARTCARD_HEADER_SIZE == read_word (data + 8));
}

static void
tokens_reset_cb (CharflowClient     *client,
                 CharflowCharDevice *device,
                 guint64             n_tokens,
                 Consumer           *consumer)
{
  consumer->left = 0;
}

static void
check_agent_written (const guint8 *data,
                     gsize         size)
{
  guint64 left[] = { 0, 0 }; /* of the clients' message, and the program's */

  while (size >= 8)
    {
      guint32 port = read_word (data), chunk_size = read_word (data + 4);

      g_assert ((port == 1 || port == 2) && chunk_size > 0 && chunk_size <= MAX_PIECE);
      if (size - 8 < chunk_size)
        return;
      if (port == 2 && left[1] == 0 && read_word (data + 12) == CLIENT_DISCONNECTED)
        left[0] = 0;
      g_assert (left[2 - port] == 0);
      check_piece (&left[port - 1], data + 8, chunk_size);
      data += 8 + chunk_size;
      size -= 8 + chunk_size;
    }
}

static void
check_smartcard_written (const guint8 *data,
                         gsize         size)
{
  while (size >= SMARTCARD_HEADER_SIZE)
    {
      gsize message_size = SMARTCARD_HEADER_SIZE + (gsize) GUINT32_SWAP_LE_BE (read_word (data + 8));

      g_assert (message_size <= SMARTCARD_HEADER_SIZE + 65536);
      if (size < message_size)
        return;
      data += message_size;
      size -= message_size;
    }
}

static void
check_written (Run *run)
{
  const guint8 *data = (const guint8 *) run->endpoint->written->str;
  gsize size = run->endpoint->written->len;

  if (run->is_unchecked)
    return;

  if (is_agent (run))
    check_agent_written (data, size);
  else if ((run->choice & CHOICE_KIND) == KIND_SMARTCARD)
    check_smartcard_written (data, size);
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static TestEndpoint *
new_endpoint (Run *run)
{
  TestEndpoint *endpoint = test_endpoint_new ();

  if ((run->choice & CHOICE_NARROW_WRITES) != 0)
    endpoint->max_write = 3;
  if ((run->choice & CHOICE_BLOCKS) != 0)
    {
      endpoint->room = 0;
      endpoint->refill = 1000;
    }
  return endpoint;
}

static CharflowCharDevice *
new_device (Run *run)
{
  CharflowCharDevice *device;

  switch (run->choice & CHOICE_KIND)
    {
    case KIND_SMARTCARD:
      device = g_object_new (CHARFLOW_TYPE_SMARTCARD_DEVICE, "client-tokens-interval", 1, NULL);
      break;
    case KIND_LINE:
      device = g_object_new (CHARFLOW_TYPE_LINE_DEVICE, "client-tokens-interval", 1, "max-length", MAX_LINE, NULL);
      break;
    default:
      device = g_object_new (CHARFLOW_TYPE_AGENT_DEVICE, "client-tokens-interval", 1, "self-tokens", 10,
                             "copy-paste", (run->choice & CHOICE_KIND) == KIND_AGENT,
                             "file-transfer", (run->choice & CHOICE_KIND) == KIND_AGENT,
                             NULL);
    }
  charflow_char_device_set_backend (device, CHARFLOW_BACKEND (run->endpoint), NULL);
  charflow_char_device_start (device);
  settle ();
  return device;
}

static void
attach (Run      *run,
        Consumer *consumer,
        gboolean  waits)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&consumer->client);
  consumer->run = run;
  consumer->client = g_object_new (CHARFLOW_TYPE_CLIENT, "name", consumer == run->consumers ? "first" : "second",
                                   "flow-control", TRUE, "client-tokens", 1000, "send-tokens", 1u << 31,
                                   "max-queue-messages", 1u << 30, "wait-for-state", waits, NULL);
  g_signal_connect (consumer->client, "deliver", G_CALLBACK (deliver_cb), consumer);
  g_signal_connect (consumer->client, "tokens-reset", G_CALLBACK (tokens_reset_cb), consumer);
  charflow_char_device_attach_client (run->device, consumer->client, &error);
  g_assert_no_error (error);
}

static gboolean
is_attached (Run      *run,
             Consumer *consumer)
{
  return charflow_char_device_has_client (run->device, consumer->client);
}

static void
speak (Run    *run,
       GBytes *bytes)
{
  gsize size = g_bytes_get_size (bytes);
  gsize step = (run->choice & CHOICE_NARROW_READS) != 0 ? 1 : MAX (size, 1);

  for (gsize offset = 0; offset < size; offset += step)
    {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (bytes, offset, step);

      test_endpoint_feed_bytes (run->endpoint, part);
    }
}

static void
change_client (Run      *run,
               Consumer *consumer)
{
  if (is_attached (run, consumer))
    {
      charflow_char_device_detach_client (run->device, consumer->client);
      return;
    }
  consumer->left = 0;
  attach (run, consumer, FALSE);
}

static void
change_peer (Run *run)
{
  g_autoptr (TestEndpoint) old = run->endpoint;
  gboolean is_open = charflow_char_device_get_opened (run->device);

  check_written (run);
  if (is_open && charflow_backend_get_opened (CHARFLOW_BACKEND (old)))
    {
      charflow_backend_emit_event (CHARFLOW_BACKEND (old), CHARFLOW_EVENT_CLOSED);
      settle ();
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    run->consumers[i].left = 0;
  run->endpoint = new_endpoint (run);
  charflow_char_device_set_backend (run->device, CHARFLOW_BACKEND (run->endpoint), NULL);
  settle ();
}

/* From its end, where the framing is. */
static gboolean
restore_damaged (Run    *run,
                 GBytes *state,
                 GBytes *damage)
{
  gsize size, damage_size;
  const guint8 *damage_data = g_bytes_get_data (damage, &damage_size);
  guint8 *data = g_bytes_unref_to_data (g_bytes_new (g_bytes_get_data (state, NULL), g_bytes_get_size (state)), &size);
  g_autoptr (GBytes) damaged = NULL;
  gboolean was_unchecked = run->is_unchecked;

  for (gsize i = 0; i < MIN (size, damage_size); i++)
    data[size - 1 - i] ^= damage_data[i];
  damaged = g_bytes_new_take (data, size);
  run->is_unchecked = TRUE;
  if (charflow_char_device_restore_state (run->device, damaged, NULL))
    return TRUE;

  run->is_unchecked = was_unchecked;
  return FALSE;
}

/* To another device that takes the place of this one. */
static void
move_state (Run    *run,
            GBytes *damage)
{
  g_autoptr (GBytes) state = NULL;
  g_autoptr (CharflowCharDevice) old = run->device;
  g_autoptr (TestEndpoint) old_endpoint = run->endpoint;
  g_autoptr (GError) error = NULL;
  gboolean attached[N_CLIENTS];

  settle ();
  charflow_char_device_stop (old);
  state = charflow_char_device_save_state (old, NULL);
  run->endpoint = new_endpoint (run);
  run->device = new_device (run);
  g_string_append_len (run->endpoint->written, old_endpoint->written->str, old_endpoint->written->len);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      attached[i] = charflow_char_device_has_client (old, run->consumers[i].client);
      if (attached[i])
        charflow_char_device_detach_client (old, run->consumers[i].client);
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    if (attached[i])
      attach (run, &run->consumers[i], TRUE);

  if (g_bytes_get_size (damage) > 0 && restore_damaged (run, state, damage))
    return;

  charflow_char_device_restore_state (run->device, state, &error);
  g_assert_no_error (error);
}

static GBytes *
take_bytes (CharflowWireReader *reader)
{
  gsize size = charflow_wire_reader_u16 (reader);

  size = MIN (size, charflow_wire_reader_get_left (reader));
  return g_bytes_new (charflow_wire_reader_bytes (reader, size), size);
}

static void
take_step (Run                *run,
           CharflowWireReader *reader)
{
  guint8 step = charflow_wire_reader_u8 (reader);
  Consumer *consumer = &run->consumers[(step & STEP_WHICH) != 0];
  g_autoptr (GBytes) bytes = NULL;

  switch ((Step) (step & STEP_WHAT))
    {
    case STEP_DEVICE_SPEAKS:
    case STEP_DEVICE_SPEAKS_TOO:
      bytes = take_bytes (reader);
      speak (run, bytes);
      break;
    case STEP_CLIENT_WRITES:
    case STEP_CLIENT_WRITES_TOO:
      bytes = take_bytes (reader);
      charflow_char_device_write_bytes (run->device, consumer->client, bytes, NULL);
      break;
    case STEP_PROGRAM_WRITES:
      bytes = take_bytes (reader);
      charflow_char_device_write_bytes (run->device, NULL, bytes, NULL);
      break;
    case STEP_PEER_CHANGES:
      change_peer (run);
      break;
    case STEP_CLIENT_CHANGES:
      change_client (run, consumer);
      break;
    case STEP_STATE_MOVES:
      bytes = take_bytes (reader);
      move_state (run, bytes);
      break;
    }
  if ((step & STEP_WAITS) != 0)
    settle ();
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  Run run = { 0 };
  CharflowWireReader reader;

  if (size == 0 || size > MAX_FUZZ_INPUT)
    return -1;

  charflow_wire_reader_init (&reader, data, size);
  run.choice = charflow_wire_reader_u8 (&reader);
  run.endpoint = new_endpoint (&run);
  run.device = new_device (&run);
  for (guint i = 0; i < N_CLIENTS; i++)
    attach (&run, &run.consumers[i], FALSE);
  while (!reader.failed && charflow_wire_reader_get_left (&reader) > 0)
    take_step (&run, &reader);
  settle ();
  check_written (&run);

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      if (is_attached (&run, &run.consumers[i]))
        charflow_char_device_detach_client (run.device, run.consumers[i].client);
      g_assert_finalize_object (run.consumers[i].client);
    }
  g_assert_finalize_object (run.device);
  settle ();
  g_assert_finalize_object (run.endpoint);
  return 0;
}

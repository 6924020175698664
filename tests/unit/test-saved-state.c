/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-framer.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <gio/gunixsocketaddress.h>

/* The two layouts of a saved state, byte for byte, and what becomes of those that are damaged. */

#define WINDOW 10

static const char *program_path; /* of this test, for the other process */

/* Building states by hand. One field may be written with another value than it should have. */

typedef struct
{
  GByteArray *bytes;
  const char *damaged;
  guint64 value;
  gboolean found;
} Builder;

static void
put (Builder    *self,
     const char *field,
     guint       size,
     guint64     value)
{
  if (g_strcmp0 (field, self->damaged) == 0)
    {
      value = self->value;
      self->found = TRUE;
    }
  value = GUINT64_TO_LE (value);
  g_byte_array_append (self->bytes, (const guint8 *) &value, size);
}

static void
put_text (Builder    *self,
          const char *text)
{
  g_byte_array_append (self->bytes, (const guint8 *) text, strlen (text));
}

static void
init_builder (Builder    *self,
              const char *damaged,
              guint64     value)
{
  *self = (Builder){ g_byte_array_new (), damaged, value, damaged == NULL };
}

static GBytes *
end_builder (Builder *self)
{
  g_assert_true (self->found);
  return g_byte_array_free_to_bytes (self->bytes);
}

static GBytes *
build_spice (const char *damaged,
             guint64     value,
             guint64     client_tokens,
             guint64     send_tokens,
             guint64     price,
             const char *gap,
             const char *data)
{
  Builder builder;

  init_builder (&builder, damaged, value);
  put (&builder, "version", 4, 1);
  put (&builder, "connected", 1, 1);
  put (&builder, "client tokens", 4, client_tokens);
  put (&builder, "send tokens", 4, send_tokens);
  put (&builder, "size", 4, strlen (data));
  put (&builder, "price", 4, price);
  put (&builder, "pointer", 4, data[0] == 0 ? 0 : 8 + 25 + strlen (gap));
  put_text (&builder, gap);
  put_text (&builder, data);

  return end_builder (&builder);
}

/* What new_rich_device() has. */
static GBytes *
build_own (const char *damaged,
           guint64     value)
{
  Builder builder;

  init_builder (&builder, damaged, value);
  put_text (&builder, "CFDS");
  put (&builder, "version", 4, 1);
  put (&builder, "size", 4, 33 + (30 + 5) + (30 + 6 + 2 * (5 + 2)) + 30 + 3 * (18 + 1) + 3 + 1);
  put (&builder, "clients", 4, 3);
  put (&builder, "buffers", 4, 3);
  put (&builder, "unread bytes", 4, 3);
  put (&builder, "framing bytes", 4, 1);
  put (&builder, "word", 4, 0);
  put (&builder, "flags", 1, 1 | 4);

  put (&builder, "client 0 flags", 1, 1 | 4 | 8);
  put (&builder, "client 0 name size", 1, 5);
  put (&builder, "client 0 name", 1, 'f');
  put_text (&builder, "irst");
  put (&builder, "client 0 tokens", 8, WINDOW - 2);
  put (&builder, "client 0 send tokens", 8, 0);
  put (&builder, "client 0 missed", 8, 0);
  put (&builder, "client 0 messages", 4, 0);

  put (&builder, "client 1 flags", 1, 1 | 8);
  put (&builder, "client 1 name size", 1, 6);
  put_text (&builder, "second");
  put (&builder, "client 1 tokens", 8, 0);
  put (&builder, "client 1 send tokens", 8, 0);
  put (&builder, "client 1 missed", 8, 2);
  put (&builder, "client 1 messages", 4, 2);
  put (&builder, "message 0 flags", 1, 1);
  put (&builder, "message 0 size", 4, 2);
  put_text (&builder, "ab");
  put (&builder, "message 1 flags", 1, 0);
  put (&builder, "message 1 size", 4, 2);
  put_text (&builder, "cd");

  put (&builder, "client 2 flags", 1, 1 | 2);
  put (&builder, "client 2 name size", 1, 0);
  put (&builder, "client 2 tokens", 8, 1);
  put (&builder, "client 2 send tokens", 8, 0);
  put (&builder, "client 2 missed", 8, 0);
  put (&builder, "client 2 messages", 4, 0);

  put (&builder, "buffer 0 origin", 1, CHARFLOW_WRITE_ORIGIN_CLIENT);
  put (&builder, "buffer 0 flags", 1, 2 | 4);
  put (&builder, "buffer 0 client", 4, 0);
  put (&builder, "buffer 0 price", 4, 1);
  put (&builder, "buffer 0 messages", 4, 1);
  put (&builder, "buffer 0 size", 4, 1);
  put_text (&builder, "2");
  put (&builder, "buffer 1 origin", 1, CHARFLOW_WRITE_ORIGIN_CLIENT);
  put (&builder, "buffer 1 flags", 1, 1);
  put (&builder, "buffer 1 client", 4, 1);
  put (&builder, "buffer 1 price", 4, 1);
  put (&builder, "buffer 1 messages", 4, 1);
  put (&builder, "buffer 1 size", 4, 1);
  put_text (&builder, "x");
  put (&builder, "buffer 2 origin", 1, CHARFLOW_WRITE_ORIGIN_SERVER);
  put (&builder, "buffer 2 flags", 1, 1);
  put (&builder, "buffer 2 client", 4, G_MAXUINT32);
  put (&builder, "buffer 2 price", 4, 1);
  put (&builder, "buffer 2 messages", 4, 1);
  put (&builder, "buffer 2 size", 4, 1);
  put_text (&builder, "p");
  put_text (&builder, "e.fF");

  return end_builder (&builder);
}

/* Devices and clients. */

static CharflowClient *
new_client (CharflowCharDevice *device,
            const char         *first_property,
            ...)
{
  CharflowClient *client;
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, first_property);
  client = CHARFLOW_CLIENT (g_object_new_valist (CHARFLOW_TYPE_CLIENT, first_property, args));
  va_end (args);
  g_assert_true (charflow_char_device_attach_client (device, client, &error));
  g_assert_no_error (error);

  return client;
}

static void
write_text (CharflowCharDevice *device,
            CharflowClient     *client,
            const char         *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  charflow_char_device_write_bytes (device, client, bytes, &error);
  g_assert_no_error (error);
}

static GBytes *
save (CharflowCharDevice *device)
{
  g_autoptr (GError) error = NULL;
  GBytes *state = charflow_char_device_save_state (device, &error);

  g_assert_no_error (error);
  return state;
}

static void
restore (CharflowCharDevice *device,
         GBytes             *state)
{
  g_autoptr (GError) error = NULL;

  charflow_char_device_restore_state (device, state, &error);
  g_assert_no_error (error);
}

static void
assert_refused (CharflowCharDevice *device,
                GBytes             *state,
                int                 code,
                const char         *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_char_device_restore_state (device, state, &error));
  g_assert_error (error, CHARFLOW_DEVICE_ERROR, code);
  if (strstr (error->message, words) == NULL)
    g_error ("'%s' is not in: %s", words, error->message);
}

static char *
to_hex (GBytes *state)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const guint8 *data;
  gsize size;

  data = g_bytes_get_data (state, &size);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);

  return g_strdup (text->str);
}

static void
assert_hex (GBytes     *state,
            const char *hex)
{
  g_autofree char *found = to_hex (state);

  g_assert_cmpstr (found, ==, hex);
}

static void
assert_same (GBytes *state,
             GBytes *expected)
{
  g_autofree char *hex = to_hex (expected);

  assert_hex (state, hex);
}

/* A device with its back end and up to three clients. */
typedef struct
{
  TestEndpoint *endpoint;
  TestFramer *framer; /* or NULL */
  CharflowCharDevice *device;
  CharflowClient *clients[3];
} Set;

static void
set_clear (Set *set)
{
  for (guint i = 0; i < G_N_ELEMENTS (set->clients); i++)
    g_clear_object (&set->clients[i]);
  g_clear_object (&set->device);
  g_clear_object (&set->endpoint);
  test_settle ();
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Set, set_clear)

static void
set_init (Set     *set,
          gboolean framed)
{
  *set = (Set){ test_endpoint_new () };
  if (framed)
    set->device = CHARFLOW_CHAR_DEVICE (set->framer = test_framer_new (set->endpoint));
  else
    set->device = test_device_new (set->endpoint, 5);
}

static CharflowClient *
add_agent (Set     *set,
           gboolean waits)
{
  return set->clients[0] = new_client (set->device, "flow-control", TRUE, "client-tokens", WINDOW,
                                       "send-tokens", 50, "wait-for-state", waits, NULL);
}

static CharflowClient *
add_port (Set     *set,
          gboolean waits)
{
  return set->clients[0] = new_client (set->device, "wait-for-state", waits, NULL);
}

static void
add_rich_clients (Set     *set,
                  gboolean waits)
{
  set->clients[0] = new_client (set->device, "name", "first", "flow-control", TRUE, "client-tokens", WINDOW,
                                "send-tokens", 3, "wait-for-state", waits, NULL);
  set->clients[1] = new_client (set->device, "name", "second", "overflow", CHARFLOW_OVERFLOW_DROP,
                                "flow-control", TRUE, "client-tokens", 1, "max-queue-messages", 2, "wait-for-state", waits, NULL);
}

static void
add_late_client (Set     *set,
                 gboolean waits)
{
  set->clients[2] = new_client (set->device, "flow-control", TRUE, "client-tokens", 1,
                                "wait-for-state", waits, NULL);
}

/* Everything that a state can hold. */
static void
set_init_rich (Set *set)
{
  set_init (set, TRUE);
  set->framer->framing = g_strdup ("F");
  add_rich_clients (set, FALSE);
  test_endpoint_feed (set->endpoint, "1.abcde.f");
  test_settle ();
  add_late_client (set, FALSE);
  set->endpoint->room = 2;
  write_text (set->device, set->clients[0], "0+");
  write_text (set->device, set->clients[0], "12+");
  write_text (set->device, set->clients[1], "x");
  write_text (set->device, NULL, "p");
  g_assert_cmpstr (set->endpoint->written->str, ==, "01");
}

static void
set_init_waiting (Set *set)
{
  set_init (set, TRUE);
  set->endpoint->room = 0;
  add_rich_clients (set, TRUE);
  add_late_client (set, TRUE);
}

static void
describe_object (GString *text,
                 GObject *object)
{
  guint n_props;
  g_autofree GParamSpec **props = g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &n_props);

  for (guint i = 0; i < n_props; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_autofree char *contents = NULL;

      g_object_get_property (object, props[i]->name, &value);
      contents = g_strdup_value_contents (&value);
      g_string_append_printf (text, "%s=%s\n", props[i]->name, contents);
    }
}

static char *
describe (Set *set)
{
  g_autoptr (GString) text = g_string_new (NULL);

  describe_object (text, G_OBJECT (set->device));
  for (guint i = 0; i < G_N_ELEMENTS (set->clients); i++)
    if (set->clients[i] != NULL)
      describe_object (text, G_OBJECT (set->clients[i]));
  if (set->framer != NULL)
    g_string_append_printf (text, "framing=%s", set->framer->framing);

  return g_strdup (text->str);
}

/* SPICE's layout. */

static void
test_nobody (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GBytes) state = NULL;

  set_init (&set, FALSE);
  state = save (set.device);
  assert_hex (state, "01000000" "00" "00000000" "00000000" "00000000" "00000000" "00000000");
}

static void
test_vmc (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GBytes) nothing = NULL;
  g_autoptr (GBytes) state = NULL;

  set_init (&set, FALSE);
  add_port (&set, FALSE);
  nothing = save (set.device);
  assert_hex (nothing, "01000000" "01" "ffffffff" "ffffffff" "00000000" "00000000" "00000000");
  set.endpoint->room = 0;
  write_text (set.device, set.clients[0], "fifteen bytes..");
  state = save (set.device);
  assert_hex (state, "01000000" "01" "ffffffff" "ffffffff" "0f000000" "00000000" "21000000" "6669667465656e2062797465732e2e");
}

static void
test_half_written (void)
{
  g_auto (Set) source = { 0 };
  g_auto (Set) target = { 0 };
  g_autoptr (GBytes) expected = build_spice (NULL, 0, 7, 50, 3, "", "netwothree");
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GBytes) again = NULL;

  set_init (&source, FALSE);
  add_agent (&source, FALSE);
  source.endpoint->room = 1;
  write_text (source.device, source.clients[0], "one");
  write_text (source.device, source.clients[0], "two");
  write_text (source.device, source.clients[0], "three");
  charflow_char_device_stop (source.device);
  state = save (source.device);
  assert_same (state, expected);

  set_init (&target, FALSE);
  add_agent (&target, TRUE);
  target.endpoint->room = 0;
  restore (target.device, state);
  again = save (target.device);
  assert_same (again, expected);
  g_assert_cmpuint (charflow_client_get_client_tokens_held (target.clients[0]), ==, 7);
  g_assert_cmpuint (charflow_client_get_client_tokens_owed (target.clients[0]), ==, 0);
  target.endpoint->room = G_MAXSIZE;
  test_settle ();
  g_assert_cmpstr (target.endpoint->written->str, ==, "netwothree");
  g_assert_cmpuint (charflow_client_get_client_tokens_owed (target.clients[0]), ==, 3);
}

/* As libspice-server writes the part of MAIN: what is the channel's own stands before the data. */
static void
test_data_further_behind (void)
{
  g_auto (Set) set = { 0 };
  g_auto (Set) idle = { 0 };
  g_autoptr (GBytes) state = build_spice (NULL, 0, 7, 50, 3, "\1 32 bytes that are only MAIN's.", "netwothree");
  g_autoptr (GBytes) nothing = build_spice (NULL, 0, 10, 50, 0, "\1 32 bytes that are only MAIN's.", "");
  g_autoptr (GBytes) expected = build_spice (NULL, 0, 7, 50, 3, "", "netwothree");
  g_autoptr (GBytes) again = NULL;

  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (state, NULL))[21], ==, 0x41);
  set_init (&set, FALSE);
  add_agent (&set, TRUE);
  set.endpoint->room = 0;
  restore (set.device, state);
  again = save (set.device);
  assert_same (again, expected);

  set_init (&idle, FALSE);
  add_agent (&idle, TRUE);
  restore (idle.device, nothing);
}

/* It may have been begun or not; in doubt the device gets all of it. */
static void
test_client_leaves_after (void)
{
  for (gsize room = 0; room < 4; room++)
    {
      g_auto (Set) set = { 0 };
      g_autoptr (GBytes) state = build_spice (NULL, 0, 7, 50, 3, "", "netwothree");

      set_init (&set, FALSE);
      add_agent (&set, TRUE);
      set.endpoint->room = room;
      restore (set.device, state);
      charflow_char_device_detach_client (set.device, set.clients[0]);
      set.endpoint->room = G_MAXSIZE;
      test_settle ();
      g_assert_cmpstr (set.endpoint->written->str, ==, "netwothree");
    }
}

static void
test_own_messages_come_after (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GBytes) state = build_spice (NULL, 0, 7, 50, 3, "", "netwothree");

  set_init (&set, FALSE);
  add_agent (&set, TRUE);
  write_text (set.device, NULL, "mine");
  write_text (set.device, NULL, "too");
  g_assert_cmpstr (set.endpoint->written->str, ==, "");
  restore (set.device, state);
  g_assert_cmpstr (set.endpoint->written->str, ==, "netwothreeminetoo");
}

/* What costs tokens and has no bytes has no place in that layout, nor have two counts that say that there are none. */
static void
test_does_not_fit_spice (void)
{
  g_auto (Set) empty = { 0 };
  g_auto (Set) target = { 0 };
  g_auto (Set) greatest = { 0 };
  g_autoptr (GBytes) empty_state = NULL;
  g_autoptr (GBytes) greatest_state = NULL;

  set_init (&empty, FALSE);
  add_agent (&empty, FALSE);
  charflow_char_device_stop (empty.device);
  write_text (empty.device, empty.clients[0], "");
  empty_state = save (empty.device);
  g_assert_cmpmem (g_bytes_get_data (empty_state, NULL), 4, "CFDS", 4);
  set_init (&target, FALSE);
  add_agent (&target, TRUE);
  restore (target.device, empty_state);
  g_assert_cmpuint (charflow_client_get_client_tokens_owed (target.clients[0]), ==, 1);

  set_init (&greatest, FALSE);
  greatest.clients[0] = new_client (greatest.device, "flow-control", TRUE, "client-tokens", G_MAXUINT,
                                    "send-tokens", G_MAXUINT, NULL);
  greatest_state = save (greatest.device);
  g_assert_cmpmem (g_bytes_get_data (greatest_state, NULL), 4, "CFDS", 4);
}

static void
test_damaged_spice (void)
{
  static const struct
  {
    const char *field;
    guint64 value;
    const char *words;
  } cases[] = {
    { "version", 0, "begins with 0x00000000" },
    { "version", 2, "begins with 0x00000002" },
    { "connected", 0, "nobody is connected" },
    { "connected", 2, "'connected' is 2" },
    { "client tokens", 8, "client 0 holds 8 tokens and has 3 under way" },
    { "client tokens", 0xfffffffe, "client 0 holds 4294967294 tokens" },
    { "size", 0, "nothing is to be written, but 3 tokens" },
    { "size", 11, "11 bytes at offset 33 are outside" },
    { "size", 0xffffffff, "4294967295 bytes at offset 33 are outside" },
    { "price", 4, "has 4 under way" },
    { "price", 0xffffffff, "has 4294967295 under way" },
    { "pointer", 0, "10 bytes at offset 0 are outside" },
    { "pointer", 32, "10 bytes at offset 32 are outside" },
    { "pointer", 34, "10 bytes at offset 34 are outside" },
    { "pointer", 0xffffffff, "10 bytes at offset 4294967295 are outside" },
  };
  g_auto (Set) set = { 0 };
  g_autofree char *before = NULL;
  g_autoptr (GBytes) good = build_spice (NULL, 0, 7, 50, 3, "", "netwothree");
  g_autoptr (GBytes) no_flow = build_spice (NULL, 0, 0xffffffff, 0xffffffff, 0, "", "");
  g_autoptr (GBytes) paid = build_spice (NULL, 0, 0xffffffff, 0xffffffff, 1, "", "x");
  g_autoptr (GBytes) again = NULL;

  set_init (&set, FALSE);
  add_agent (&set, TRUE);
  set.endpoint->room = 0;
  write_text (set.device, NULL, "mine");
  before = describe (&set);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) state = build_spice (cases[i].field, cases[i].value, 7, 50, 3, "", "netwothree");
      g_autofree char *after = NULL;

      assert_refused (set.device, state, CHARFLOW_DEVICE_ERROR_BAD_STATE, cases[i].words);
      after = describe (&set);
      g_assert_cmpstr (after, ==, before);
    }
  for (gsize size = 0; size < g_bytes_get_size (good); size++)
    {
      g_autoptr (GBytes) state = g_bytes_new_from_bytes (good, 0, size);

      assert_refused (set.device, state, CHARFLOW_DEVICE_ERROR_BAD_STATE, "");
    }
  assert_refused (set.device, no_flow, CHARFLOW_DEVICE_ERROR_BAD_STATE, "client 0 has no flow control");
  assert_refused (set.device, paid, CHARFLOW_DEVICE_ERROR_BAD_STATE, "1 tokens were paid without flow control");

  restore (set.device, good);
  again = save (set.device);
  g_assert_cmpmem (g_bytes_get_data (again, NULL), 13, g_bytes_get_data (good, NULL), 13);
}

/* Charflow's own layout. */

static void
test_own_layout (void)
{
  g_auto (Set) source = { 0 };
  g_auto (Set) target = { 0 };
  g_autoptr (GBytes) expected = build_own (NULL, 0);
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GBytes) again = NULL;

  set_init_rich (&source);
  state = save (source.device);
  assert_same (state, expected);

  set_init_waiting (&target);
  restore (target.device, state);
  again = save (target.device);
  assert_same (again, expected);
  g_assert_cmpuint (charflow_client_get_client_tokens_owed (target.clients[0]), ==, 1);
  g_assert_cmpuint (charflow_client_get_queued_messages (target.clients[1]), ==, 2);

  target.endpoint->room = G_MAXSIZE;
  write_text (target.device, target.clients[0], "3");
  test_settle ();
  g_assert_cmpstr (target.endpoint->written->str, ==, "23xp");
}

static void
test_damaged_own (void)
{
  static const struct
  {
    const char *field;
    guint64 value;
    const char *words;
  } cases[] = {
    { "version", 0, "version 0 of Charflow's layout" },
    { "version", 2, "version 2 of Charflow's layout" },
    { "size", 0, "it says 0 bytes" },
    { "size", 0xffffffff, "it says 4294967295 bytes" },
    { "clients", 0, "client 0 has the word, and there are 0" },
    { "clients", 2, "buffer 0 comes from nowhere: its origin is 3" },
    { "clients", 4, "" },
    { "clients", 0xffffffff, "" },
    { "buffers", 2, "come after its end" },
    { "buffers", 4, "it ends in the middle" },
    { "buffers", 0xffffffff, "it ends in the middle" },
    { "unread bytes", 2, "1 bytes come after its end" },
    { "unread bytes", 5, "it ends in the middle" },
    { "unread bytes", 0xffffffff, "it ends in the middle" },
    { "framing bytes", 0, "1 bytes come after its end" },
    { "framing bytes", 0xffffffff, "it ends in the middle" },
    { "word", 1, "buffer 1 is held back, and its writer has the word" },
    { "word", 3, "client 3 has the word, and there are 3" },
    { "word", 0xfffffffe, "buffer 2 is held back, and its writer has the word" },
    { "word", 0xffffffff, "buffer 1 is held back, and nobody has the word" },
    { "flags", 8, "it has flags 0x8" },
    { "flags", 1, "there is no framing, and it has 1 bytes" },
    { "client 0 flags", 16, "client 0 has flags 0x10" },
    { "client 0 flags", 4 | 8, "client 0 has tokens without flow control" },
    { "client 0 flags", 1 | 4, "client 0 has no name, and that has 5 bytes" },
    { "client 0 name size", 255, "" },
    { "client 0 name", 'F', "no client with the name 'First'" },
    { "client 0 name", 0xff, "the name of client 0 is no UTF-8" },
    { "client 0 name", 0, "the name of client 0 is no UTF-8" },
    { "client 0 tokens", WINDOW, "client 0 holds 10 tokens and has 1 under way" },
    { "client 0 tokens", G_MAXUINT64, "client 0 holds 18446744073709551615 tokens" },
    { "client 0 missed", 1, "client 0 has missed bytes" },
    { "client 0 messages", 0xffffffff, "" },
    { "client 1 flags", 8, "buffer 1 has 1 messages for 1 tokens" },
    { "client 1 tokens", 1, "client 1 holds 1 tokens and has 1 under way, and its window is 1" },
    { "client 1 missed", G_MAXUINT64, "client 1 has missed 18446744073709551615 bytes" },
    { "client 2 flags", 2, "client 2 has tokens without flow control" },
    { "message 0 flags", 2, "message 0 of client 1 has flags 0x2" },
    { "message 1 size", 0xffffffff, "it ends in the middle" },
    { "buffer 0 origin", 3, "buffer 0 comes from nowhere: its origin is 3" },
    { "buffer 0 origin", CHARFLOW_WRITE_ORIGIN_SERVER, "buffer 0 is of client 0" },
    { "buffer 0 flags", 8, "buffer 0 has flags 0x8" },
    { "buffer 0 flags", 1, "buffer 0 is held back, and its writer has the word" },
    { "buffer 0 flags", 1 | 4, "buffer 0 was begun, and is not the first" },
    { "buffer 0 client", 3, "buffer 0 is of client 3, and there are 3" },
    { "buffer 0 client", 0xffffffff, "buffer 0 is of client 4294967295" },
    { "buffer 0 price", 0, "buffer 0 has 1 messages for 0 tokens" },
    { "buffer 0 price", 0xffffffff, "buffer 0 has 1 messages for 4294967295 tokens" },
    { "buffer 0 messages", 2, "buffer 0 has 2 messages for 1 tokens" },
    { "buffer 0 size", 0xffffffff, "it ends in the middle" },
    { "buffer 1 flags", 1 | 4, "buffer 1 was begun, and is not the first" },
    { "buffer 1 price", 0, "buffer 1 has 1 messages for 0 tokens" },
    { "buffer 2 flags", 0, "buffer 2 stands behind one that is held back" },
    { "buffer 2 client", 0, "buffer 2 is of client 0" },
    { "buffer 2 price", 0, "buffer 2 has 1 messages for 0 tokens" },
  };
  g_auto (Set) set = { 0 };
  g_autofree char *before = NULL;
  g_autoptr (GBytes) good = build_own (NULL, 0);
  g_autoptr (GBytes) again = NULL;

  set_init_waiting (&set);
  before = describe (&set);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) state = build_own (cases[i].field, cases[i].value);
      g_autofree char *after = NULL;

      g_test_message ("%s", cases[i].field);
      assert_refused (set.device, state, CHARFLOW_DEVICE_ERROR_BAD_STATE, cases[i].words);
      after = describe (&set);
      g_assert_cmpstr (after, ==, before);
    }

  restore (set.device, good);
  again = save (set.device);
  assert_same (again, good);
}

static void
test_cut_anywhere (void)
{
  g_auto (Set) set = { 0 };
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GBytes) good = build_own (NULL, 0);
  g_autoptr (GByteArray) longer = g_byte_array_new ();
  g_autoptr (GBytes) trailing = NULL;

  set_init_waiting (&set);
  before = describe (&set);
  for (gsize size = 0; size < g_bytes_get_size (good); size++)
    {
      g_autoptr (GBytes) cut = g_bytes_new_from_bytes (good, 0, size);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GBytes) says_so = NULL;
      guint32 said = GUINT32_TO_LE (size);

      assert_refused (set.device, cut, CHARFLOW_DEVICE_ERROR_BAD_STATE, "");
      if (size < 12)
        continue;
      /* And where the size that it says is right. */
      g_byte_array_append (bytes, g_bytes_get_data (cut, NULL), size);
      memcpy (bytes->data + 8, &said, sizeof said);
      says_so = g_bytes_new (bytes->data, bytes->len);
      assert_refused (set.device, says_so, CHARFLOW_DEVICE_ERROR_BAD_STATE, "it ends in the middle");
    }
  g_byte_array_append (longer, g_bytes_get_data (good, NULL), g_bytes_get_size (good));
  g_byte_array_append (longer, (const guint8 *) "", 1);
  longer->data[8]++;
  trailing = g_bytes_new (longer->data, longer->len);
  assert_refused (set.device, trailing, CHARFLOW_DEVICE_ERROR_BAD_STATE, "1 bytes come after its end");
  after = describe (&set);
  g_assert_cmpstr (after, ==, before);
}

static void
test_does_not_fit_device (void)
{
  g_auto (Set) plain = { 0 };
  g_auto (Set) fewer = { 0 };
  g_auto (Set) narrow = { 0 };
  g_autoptr (GBytes) state = build_own (NULL, 0);

  set_init (&plain, FALSE);
  add_rich_clients (&plain, TRUE);
  add_late_client (&plain, TRUE);
  assert_refused (plain.device, state, CHARFLOW_DEVICE_ERROR_BAD_STATE, "somebody has the word");

  set_init (&fewer, TRUE);
  add_rich_clients (&fewer, TRUE);
  assert_refused (fewer.device, state, CHARFLOW_DEVICE_ERROR_BAD_STATE, "it has 3 clients, and 2 wait");

  set_init (&narrow, TRUE);
  narrow.clients[0] = new_client (narrow.device, "name", "first", "flow-control", TRUE, "client-tokens", WINDOW,
                                  "wait-for-state", TRUE, NULL);
  narrow.clients[1] = new_client (narrow.device, "name", "second", "overflow", CHARFLOW_OVERFLOW_DROP,
                                  "flow-control", TRUE, "client-tokens", 1, "max-queue-messages", 1, "wait-for-state", TRUE, NULL);
  add_late_client (&narrow, TRUE);
  assert_refused (narrow.device, state, CHARFLOW_DEVICE_ERROR_BAD_STATE, "2 messages wait for client 1, and its queue takes 1");
}

static void
test_self_tokens (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GBytes) state = build_own (NULL, 0);

  set.endpoint = test_endpoint_new ();
  set.framer = g_object_new (TEST_TYPE_FRAMER, "backend", set.endpoint, "self-tokens", 0, NULL);
  set.device = CHARFLOW_CHAR_DEVICE (set.framer);
  add_rich_clients (&set, TRUE);
  add_late_client (&set, TRUE);
  assert_refused (set.device, state, CHARFLOW_DEVICE_ERROR_BAD_STATE, "1 self tokens are under way, and the device has 0");
}

/* They find their own place in whatever order they come. */
static void
test_names (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GBytes) state = build_own (NULL, 0);

  set_init (&set, TRUE);
  set.endpoint->room = 0;
  add_late_client (&set, TRUE);
  set.clients[1] = new_client (set.device, "name", "second", "overflow", CHARFLOW_OVERFLOW_DROP,
                               "flow-control", TRUE, "client-tokens", 1, "max-queue-messages", 2, "wait-for-state", TRUE, NULL);
  set.clients[0] = new_client (set.device, "name", "first", "flow-control", TRUE, "client-tokens", WINDOW,
                               "wait-for-state", TRUE, NULL);
  restore (set.device, state);
  g_assert_cmpuint (charflow_client_get_client_tokens_held (set.clients[0]), ==, WINDOW - 2);
  g_assert_cmpuint (charflow_client_get_queued_messages (set.clients[1]), ==, 2);
}

static void
test_no_clients_end_the_wait (void)
{
  g_auto (Set) source = { 0 };
  g_auto (Set) target = { 0 };
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GError) error = NULL;

  set_init (&source, FALSE);
  source.endpoint->room = 2;
  write_text (source.device, NULL, "mine");
  state = save (source.device);

  set_init (&target, FALSE);
  add_agent (&target, TRUE);
  restore (target.device, state);
  g_assert_cmpstr (target.endpoint->written->str, ==, "ne");
  write_text (target.device, target.clients[0], "now");
  g_assert_cmpstr (target.endpoint->written->str, ==, "nenow");
  g_assert_cmpuint (charflow_char_device_get_self_tokens_held (target.device), ==, 2);
}

static void
test_restored_once (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GBytes) state = build_spice (NULL, 0, 7, 50, 3, "", "netwothree");
  g_autoptr (GBytes) nobody = g_bytes_new_static ("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 25);

  set_init (&set, FALSE);
  add_agent (&set, TRUE);
  set.endpoint->room = 0;
  restore (set.device, state);
  assert_refused (set.device, nobody, CHARFLOW_DEVICE_ERROR_ACTIVE, "");
  charflow_char_device_stop (set.device);
  assert_refused (set.device, nobody, CHARFLOW_DEVICE_ERROR_ACTIVE, "");
}

static void
test_end_of_unread (void)
{
  g_auto (Set) source = { 0 };
  g_auto (Set) target = { 0 };
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GBytes) again = NULL;

  set_init (&source, TRUE);
  charflow_char_device_stop (source.device);
  test_endpoint_feed (source.endpoint, "ab");
  charflow_char_device_fill (source.device, 2);
  charflow_backend_emit_event (CHARFLOW_BACKEND (source.endpoint), CHARFLOW_EVENT_CLOSED);
  state = save (source.device);

  set_init (&target, TRUE);
  charflow_char_device_stop (target.device);
  restore (target.device, state);
  again = save (target.device);
  assert_same (again, state);
  g_assert_true (charflow_char_device_is_at_end (target.device));
  charflow_char_device_start (target.device);
  test_settle ();
  test_framer_expect (target.framer, "<peer>");
}

/* Handlers. */

static void
save_cb (CharflowClient     *client,
         CharflowCharDevice *device,
         GBytes             *message,
         guint              *n_calls)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_char_device_save_state (device, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  (*n_calls)++;
}

static void
save_tokens_cb (CharflowClient     *client,
                CharflowCharDevice *device,
                guint               n_tokens,
                GBytes            **state)
{
  *state = save (device);
}

static void
test_save_in_handler (void)
{
  g_auto (Set) set = { 0 };
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GBytes) expected = build_spice (NULL, 0, WINDOW - 1, 50, 1, "", "6");
  guint n_calls = 0;

  set_init (&set, FALSE);
  add_agent (&set, FALSE);
  g_signal_connect (set.clients[0], "deliver", G_CALLBACK (save_cb), &n_calls);
  g_signal_connect (set.clients[0], "tokens", G_CALLBACK (save_tokens_cb), &state);
  test_endpoint_feed (set.endpoint, "x");
  test_settle ();
  g_assert_cmpuint (n_calls, ==, 1);

  charflow_char_device_set_send_tokens (set.device, set.clients[0], 50, NULL);
  charflow_char_device_stop (set.device);
  for (const char *text = "1\0002\0003\0004\0005\0006\0"; *text != 0; text += 2)
    write_text (set.device, set.clients[0], text);
  charflow_char_device_start (set.device);
  assert_same (state, expected);
}

static void
detach_hook (gpointer data)
{
  Set *set = data;

  charflow_char_device_detach_client (set->device, set->clients[0]);
}

static void
rejoin_hook (gpointer data)
{
  Set *set = data;

  charflow_char_device_detach_client (set->device, set->clients[0]);
  g_assert_true (charflow_char_device_attach_client (set->device, set->clients[0], NULL));
}

static void
reset_hook (gpointer data)
{
  charflow_char_device_reset (((Set *) data)->device);
}

static void
spend_hook (gpointer data)
{
  write_text (((Set *) data)->device, NULL, "spent");
}

static void
dispose_hook (gpointer data)
{
  g_object_run_dispose (G_OBJECT (((Set *) data)->device));
}

static void
drop_hook (gpointer data)
{
  g_clear_object (&((Set *) data)->device);
}

static void
nest_hook (gpointer data)
{
  Set *set = data;
  g_autoptr (GBytes) state = build_own (NULL, 0);

  restore (set->device, state);
}

static void
test_handler_in_restore_framing (void)
{
  static const struct
  {
    void (*hook) (gpointer data);
    gboolean restored;
  } cases[] = { { detach_hook, FALSE }, { rejoin_hook, FALSE }, { reset_hook, FALSE }, { spend_hook, FALSE },
                { dispose_hook, FALSE }, { nest_hook, FALSE }, { drop_hook, TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Set) set = { test_endpoint_new () };
      g_autoptr (GBytes) state = build_own (NULL, 0);
      g_autoptr (GError) error = NULL;

      set.framer = g_object_new (TEST_TYPE_FRAMER, "backend", set.endpoint, "self-tokens", 1, NULL);
      set.device = CHARFLOW_CHAR_DEVICE (set.framer);
      add_rich_clients (&set, TRUE);
      add_late_client (&set, TRUE);
      set.framer->hook = cases[i].hook;
      set.framer->hook_data = &set;
      g_assert_true (charflow_char_device_restore_state (set.device, state, &error) == cases[i].restored);
      g_assert_true ((error == NULL) == cases[i].restored);
      test_settle ();
    }
}

static void
test_handler_in_save_framing (void)
{
  static void (*const hooks[]) (gpointer data) = { detach_hook, rejoin_hook, reset_hook, spend_hook, dispose_hook, drop_hook };

  for (guint i = 0; i < G_N_ELEMENTS (hooks); i++)
    {
      g_auto (Set) set = { 0 };
      g_autoptr (GBytes) state = NULL;

      set_init_rich (&set);
      set.framer->hook = hooks[i];
      set.framer->hook_data = &set;
      state = save (set.device);
      test_settle ();
    }
}

static void
test_bad_framing (void)
{
  g_auto (Set) source = { 0 };
  g_auto (Set) target = { 0 };
  g_autoptr (GBytes) state = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  set_init_rich (&source);
  g_free (source.framer->framing);
  source.framer->framing = g_strdup ("bad");
  state = save (source.device);
  set_init_waiting (&target);
  before = describe (&target);
  assert_refused (target.device, state, CHARFLOW_DEVICE_ERROR_BAD_STATE, "The framing is bad");
  after = describe (&target);
  g_assert_cmpstr (after, ==, before);
}

/* Parts. */

static void
test_parts (void)
{
  Set set = { 0 };
  g_autoptr (GBytes) written = g_bytes_new_static ("first, and it stays where it is", 31);
  g_autoptr (GPtrArray) parts = NULL;
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GByteArray) sum = g_byte_array_new ();
  CharflowWriteBuffer *buffer;
  gboolean shared = FALSE;

  set_init (&set, FALSE);
  add_port (&set, FALSE);
  set.endpoint->room = 5;
  charflow_char_device_write_bytes (set.device, set.clients[0], written, NULL);
  buffer = charflow_char_device_get_write_buffer (set.device, set.clients[0], 4, NULL);
  charflow_write_buffer_append (buffer, (const guint8 *) "copy", 4, NULL);
  charflow_char_device_add_write_buffer (set.device, buffer);
  parts = charflow_char_device_save_state_parts (set.device, NULL);
  state = save (set.device);
  charflow_char_device_detach_client (set.device, set.clients[0]);
  g_clear_object (&set.clients[0]);
  g_assert_finalize_object (g_steal_pointer (&set.device));
  set_clear (&set);

  for (guint i = 0; i < parts->len; i++)
    {
      gsize size;
      gconstpointer data = g_bytes_get_data (parts->pdata[i], &size);

      shared = shared || data == (const char *) g_bytes_get_data (written, NULL) + 5;
      g_byte_array_append (sum, data, size);
    }
  g_assert_true (shared);
  g_assert_cmpmem (sum->data, sum->len, g_bytes_get_data (state, NULL), g_bytes_get_size (state));
}

/* Any state: what is saved again before anything moved is the same, and each device writes the same afterwards. */

#define MAX_CLIENTS 4

typedef struct
{
  gboolean flow_control;
  gboolean lossy;
  gboolean named;
  gboolean ready;
  guint send_tokens;
} Kind;

static CharflowClient *
new_client_of_kind (CharflowCharDevice *device,
                    const Kind         *kind,
                    guint               index,
                    gboolean            waits)
{
  g_autofree char *name = kind->named ? g_strdup_printf ("client %u", index) : NULL;

  return new_client (device, "name", name, "flow-control", kind->flow_control, "client-tokens", 6,
                     "send-tokens", kind->send_tokens, "ready", kind->ready, "max-queue-messages", 3,
                     "overflow", kind->lossy ? CHARFLOW_OVERFLOW_DROP : CHARFLOW_OVERFLOW_PACE, "wait-for-state", waits, NULL);
}

static CharflowCharDevice *
new_any_device (TestEndpoint *endpoint,
                gboolean      framed)
{
  CharflowCharDevice *device = g_object_new (framed ? TEST_TYPE_FRAMER : CHARFLOW_TYPE_CHAR_DEVICE,
                                             "backend", endpoint, "client-tokens-interval", 3, NULL);

  charflow_char_device_start (device);
  test_wait_until (charflow_char_device_get_opened (device));
  return device;
}

static void
act_somehow (TestEndpoint       *endpoint,
             CharflowCharDevice *device,
             CharflowClient    **clients,
             guint               n_clients)
{
  static const char *const reads[] = { "a.", "bc", "defg.h", "i", "jklm" };
  static const char *const writes[] = { "one", "two+", "three", "", "-", "fo+" };
  guint i = g_test_rand_int_range (0, n_clients + 1);
  const char *text = writes[g_test_rand_int_range (0, G_N_ELEMENTS (writes))];
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  switch (g_test_rand_int_range (0, 4))
    {
    case 0:
      test_endpoint_feed (endpoint, reads[g_test_rand_int_range (0, G_N_ELEMENTS (reads))]);
      break;
    case 1:
      endpoint->room = g_test_rand_int_range (0, 6);
      break;
    default:
      if (i == n_clients || charflow_client_get_client_tokens_held (clients[i]) > 0)
        charflow_char_device_write_bytes (device, i == n_clients ? NULL : clients[i], bytes, NULL);
    }
  test_settle ();
}

static guint64
count_tokens (CharflowClient *client)
{
  return charflow_client_get_client_tokens_held (client) + charflow_client_get_client_tokens_owed (client);
}

static void
round_trip (void)
{
  g_autoptr (TestEndpoint) endpoint = test_endpoint_new ();
  g_autoptr (TestEndpoint) other_endpoint = test_endpoint_new ();
  gboolean framed = g_test_rand_bit ();
  CharflowCharDevice *device = new_any_device (endpoint, framed);
  CharflowCharDevice *other = new_any_device (other_endpoint, framed);
  guint n_clients = g_test_rand_int_range (0, MAX_CLIENTS + 1);
  CharflowClient *clients[MAX_CLIENTS], *others[MAX_CLIENTS];
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GBytes) again = NULL;
  gsize n_written;

  for (guint i = 0; i < n_clients; i++)
    {
      Kind kind = { g_test_rand_bit (), g_test_rand_bit (), g_test_rand_bit (), g_test_rand_bit (),
                    g_test_rand_int_range (0, 8) };

      for (guint n = g_test_rand_int_range (0, 4); n > 0; n--)
        act_somehow (endpoint, device, clients, i);
      clients[i] = new_client_of_kind (device, &kind, i, FALSE);
      others[i] = new_client_of_kind (other, &kind, i, TRUE);
    }
  for (guint n = g_test_rand_int_range (0, 30); n > 0; n--)
    act_somehow (endpoint, device, clients, n_clients);

  endpoint->room = 0;
  other_endpoint->room = 0;
  test_settle ();
  state = save (device);
  restore (other, state);
  again = save (other);
  assert_same (again, state);

  n_written = endpoint->written->len;
  endpoint->room = other_endpoint->room = G_MAXSIZE;
  test_settle ();
  g_assert_cmpstr (other_endpoint->written->str, ==, endpoint->written->str + n_written);
  for (guint i = 0; i < n_clients; i++)
    {
      /* Messages that SPICE's layout has in one piece are paid back in one lump. */
      g_assert_cmpuint (count_tokens (others[i]), ==, count_tokens (clients[i]));
      g_object_unref (clients[i]);
      g_object_unref (others[i]);
    }
  g_assert_finalize_object (device);
  g_assert_finalize_object (other);
}

static void
test_round_trips (void)
{
  for (guint i = 0; i < 500; i++)
    round_trip ();
}

/* Another process. The kernel holds what the first device wrote, and has taken a message in part. */

#define N_MESSAGES 3
#define MESSAGE_SIZE 300000

static CharflowCharDevice *
new_socket_device (const char *path)
{
  g_autofree char *spec = g_strdup_printf ("socket,id=peer,path=%s", path);
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, &error);
  CharflowCharDevice *device;

  g_assert_no_error (error);
  device = charflow_char_device_new (backend);
  charflow_char_device_start (device);
  test_wait_until (charflow_char_device_get_opened (device));

  return device;
}

static void
test_other_process_child (void)
{
  const char *folder = g_getenv ("TEST_SAVED_STATE_FOLDER");
  g_autofree char *path = NULL, *state_path = NULL, *contents = NULL;
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GError) error = NULL;
  CharflowCharDevice *device;
  CharflowClient *client;
  guint n_waiting = 1;
  gsize size;

  path = g_build_filename (folder, "peer", NULL);
  state_path = g_build_filename (folder, "state", NULL);
  g_assert_true (g_file_get_contents (state_path, &contents, &size, &error));
  state = g_bytes_new (contents, size);
  device = new_socket_device (path);
  client = new_client (device, "flow-control", TRUE, "client-tokens", WINDOW, "wait-for-state", TRUE, NULL);
  restore (device, state);
  test_wait_until ((g_object_get (device, "waiting-messages", &n_waiting, NULL), n_waiting == 0));
  g_assert_cmpuint (charflow_client_get_client_tokens_held (client), ==, WINDOW);
  g_object_unref (client);
  g_assert_finalize_object (device);
}

static void
take_all (GSocket    *socket,
          GByteArray *bytes)
{
  g_autofree guint8 *memory = g_malloc (65536);
  gssize n;

  while ((n = g_socket_receive (socket, (char *) memory, 65536, NULL, NULL)) > 0)
    g_byte_array_append (bytes, memory, n);
  g_assert_cmpint (n, ==, 0);
}

static void
test_other_process (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autofree char *path = test_folder_path (folder, "peer");
  g_autofree char *state_path = test_folder_path (folder, "state");
  g_autofree char *folder_path = g_path_get_dirname (path);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) listener = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_autoptr (GSocket) first = NULL;
  g_autoptr (GSocket) second = NULL;
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GByteArray) arrived = g_byte_array_new ();
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GError) error = NULL;
  CharflowCharDevice *device;
  CharflowClient *client;

  g_assert_true (g_socket_bind (listener, address, FALSE, NULL));
  g_assert_true (g_socket_listen (listener, NULL));
  device = new_socket_device (path);
  first = g_socket_accept (listener, NULL, NULL);
  client = new_client (device, "flow-control", TRUE, "client-tokens", WINDOW, NULL);
  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_autofree guint8 *memory = g_malloc (MESSAGE_SIZE);
      g_autoptr (GBytes) message = NULL;

      for (guint j = 0; j < MESSAGE_SIZE; j++)
        memory[j] = g_test_rand_int_range (0, 256);
      g_byte_array_append (all, memory, MESSAGE_SIZE);
      message = g_bytes_new_take (g_steal_pointer (&memory), MESSAGE_SIZE);
      g_assert_true (charflow_char_device_write_bytes (device, client, message, &error));
    }
  charflow_char_device_stop (device);
  state = save (device);
  g_assert_true (g_file_set_contents (state_path, g_bytes_get_data (state, NULL), g_bytes_get_size (state), NULL));
  g_clear_object (&client);
  g_assert_finalize_object (device);
  take_all (first, arrived);
  g_assert_cmpuint (arrived->len % MESSAGE_SIZE, >, 0);

  g_subprocess_launcher_setenv (launcher, "TEST_SAVED_STATE_FOLDER", folder_path, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, program_path, "-p", "/saved-state/other-process-child", NULL);
  g_assert_no_error (error);
  g_socket_set_timeout (listener, 30);
  second = g_socket_accept (listener, NULL, &error);
  g_assert_no_error (error);
  take_all (second, arrived);
  g_assert_true (g_subprocess_wait_check (process, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (arrived->data, arrived->len, all->data, all->len);
}

int
main (int    argc,
      char **argv)
{
  program_path = argv[0];
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/saved-state/spice/nobody", test_nobody);
  g_test_add_func ("/saved-state/spice/vmc", test_vmc);
  g_test_add_func ("/saved-state/spice/half-written", test_half_written);
  g_test_add_func ("/saved-state/spice/data-further-behind", test_data_further_behind);
  g_test_add_func ("/saved-state/spice/client-leaves-after", test_client_leaves_after);
  g_test_add_func ("/saved-state/spice/own-messages-come-after", test_own_messages_come_after);
  g_test_add_func ("/saved-state/spice/what-does-not-fit", test_does_not_fit_spice);
  g_test_add_func ("/saved-state/spice/damaged", test_damaged_spice);
  g_test_add_func ("/saved-state/own/every-field", test_own_layout);
  g_test_add_func ("/saved-state/own/damaged", test_damaged_own);
  g_test_add_func ("/saved-state/own/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/saved-state/own/does-not-fit-device", test_does_not_fit_device);
  g_test_add_func ("/saved-state/own/self-tokens", test_self_tokens);
  g_test_add_func ("/saved-state/own/names", test_names);
  g_test_add_func ("/saved-state/own/no-clients-end-the-wait", test_no_clients_end_the_wait);
  g_test_add_func ("/saved-state/own/end-of-unread", test_end_of_unread);
  g_test_add_func ("/saved-state/restored-once", test_restored_once);
  g_test_add_func ("/saved-state/handler/save", test_save_in_handler);
  g_test_add_func ("/saved-state/handler/restore-framing", test_handler_in_restore_framing);
  g_test_add_func ("/saved-state/handler/save-framing", test_handler_in_save_framing);
  g_test_add_func ("/saved-state/handler/bad-framing", test_bad_framing);
  g_test_add_func ("/saved-state/parts", test_parts);
  g_test_add_func ("/saved-state/round-trips", test_round_trips);
  g_test_add_func ("/saved-state/other-process", test_other_process);
  /* What the other process does. */
  if (g_getenv ("TEST_SAVED_STATE_FOLDER") != NULL)
    g_test_add_func ("/saved-state/other-process-child", test_other_process_child);

  return g_test_run ();
}

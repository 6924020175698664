/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "test-record.h"

typedef struct
{
  TestFolder *folder;
  char *path;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer unused)
{
  fixture->folder = test_folder_new ();
  fixture->path = test_folder_path (fixture->folder, "record");
}

static void
tear_down (Fixture      *fixture,
           gconstpointer unused)
{
  g_free (fixture->path);
  test_folder_free (fixture->folder);
}

static void
save (Fixture    *fixture,
      GByteArray *record)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (fixture->path, (const char *) record->data, record->len, &error);
  g_assert_no_error (error);
}

static CharflowBackend *
make (Fixture    *fixture,
      const char *options)
{
  g_autofree char *spec = g_strdup_printf ("replay,path=%s%s", fixture->path, options);
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_no_error (error);

  return backend;
}

static void
open_backend (CharflowBackend *backend)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_backend (backend, &error));
  g_assert_no_error (error);
}

static void
write_text (CharflowBackend *backend,
            const char      *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) text, strlen (text), &error), ==, strlen (text));
  g_assert_no_error (error);
}

static guint64
get_diverged (CharflowBackend *backend)
{
  return charflow_replay_backend_get_diverged_bytes (CHARFLOW_REPLAY_BACKEND (backend));
}

/* Whatever is to come comes, as far as it needs no time. */
static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* O, one, B, two, C, O, three, end; "AT" and "ATH" are written meanwhile. The second back end has a word in between. */
static GByteArray *
make_session (void)
{
  GByteArray *record = test_record_new ();

  test_record_add (record, 0, 0, TEST_RECORD_BACKEND, 0, "a");
  test_record_add (record, 10, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_OPENED, "");
  test_record_add (record, 20, 0, TEST_RECORD_OUTPUT, 0, "AT");
  test_record_add (record, 30, 0, TEST_RECORD_INPUT, 0, "one");
  test_record_add (record, 35, 1, TEST_RECORD_BACKEND, 0, "b");
  test_record_add (record, 35, 1, TEST_RECORD_EVENT, CHARFLOW_EVENT_OPENED, "");
  test_record_add (record, 35, 1, TEST_RECORD_INPUT, 0, "other");
  test_record_add (record, 40, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_BREAK, "");
  test_record_add (record, 50, 0, TEST_RECORD_INPUT, 0, "two");
  test_record_add (record, 60, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_CLOSED, "");
  test_record_add (record, 70, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_OPENED, "");
  test_record_add (record, 75, 1, TEST_RECORD_OUTPUT, 0, "yes");
  test_record_add (record, 80, 0, TEST_RECORD_OUTPUT, 0, "ATH");
  test_record_add (record, 90, 0, TEST_RECORD_INPUT, 0, "three");
  test_record_add (record, 99, 0, TEST_RECORD_END, 0, "");

  return record;
}

static int
open_slave (CharflowBackend *pty)
{
  const char *path = charflow_pty_backend_get_slave_path (CHARFLOW_PTY_BACKEND (pty));
  int fd = open (path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);

  return fd;
}

/* A terminal with somebody who comes twice, recorded. */
static void
record_pty (Fixture *fixture)
{
  g_autofree char *spec = g_strdup_printf ("pty,id=tty,record=%s", fixture->path);
  g_autoptr (CharflowBackend) pty = charflow_backend_new_from_spec (spec, NULL);
  g_autoptr (TestFrontEnd) front_end = test_front_end_new (pty, 4096);
  char buffer[16];
  int fd;

  open_backend (pty);
  for (guint i = 0; i < 2; i++)
    {
      fd = open_slave (pty);
      test_front_end_expect (front_end, "<O>");
      g_assert_cmpint (write (fd, "hello ", 6), ==, 6);
      test_front_end_expect (front_end, "hello ");
      write_text (pty, "who?");
      test_wait_until (read (fd, buffer, sizeof buffer) == 4);
      charflow_backend_emit_event (pty, CHARFLOW_EVENT_BREAK);
      g_assert_cmpint (write (fd, "me", 2), ==, 2);
      close (fd);
      test_front_end_expect (front_end, "<B>me<C>");
    }
}

static void
test_pty_session (Fixture      *fixture,
                  gconstpointer options)
{
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autofree char *uri = NULL;

  record_pty (fixture);
  backend = make (fixture, options);
  front_end = test_front_end_new (backend, 4096);
  g_assert_true (charflow_backend_has_feature (backend, CHARFLOW_FEATURE_RECORDED));
  open_backend (backend);
  uri = charflow_backend_get_uri (backend);
  g_assert_true (g_str_has_prefix (uri, "replay:/"));
  test_front_end_expect (front_end, "<O>hello <B>me<C><O>hello <B>me<C>");
  g_assert_false (charflow_backend_get_opened (backend));
  g_assert_true (charflow_backend_get_active (backend));

  /* Once more, byte by byte. */
  charflow_backend_close (backend);
  test_front_end_set_credit (front_end, 1);
  open_backend (backend);
  test_front_end_expect (front_end, "<O>hello <B>me<C><O>hello <B>me<C>");
}

static void
test_by_label (Fixture      *fixture,
               gconstpointer unused)
{
  g_autoptr (GByteArray) record = make_session ();
  g_autoptr (CharflowBackend) first = NULL;
  g_autoptr (CharflowBackend) b = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (TestFrontEnd) front_end_of_b = NULL;

  save (fixture, record);
  first = make (fixture, ",speed=full");
  front_end = test_front_end_new (first, 4096);
  open_backend (first);
  test_front_end_expect (front_end, "<O>one<B>two<C><O>three<C>");

  b = make (fixture, ",speed=full,label=b");
  g_assert_cmpstr (charflow_replay_backend_get_source_label (CHARFLOW_REPLAY_BACKEND (b)), ==, "b");
  front_end_of_b = test_front_end_new (b, 4096);
  open_backend (b);
  test_front_end_expect (front_end_of_b, "<O>other<C>");
}

static void
test_real_times (Fixture      *fixture,
                 gconstpointer unused)
{
  g_autoptr (GByteArray) record = test_record_new ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  gint64 before;

  test_record_add (record, 0, 0, TEST_RECORD_BACKEND, 0, "a");
  test_record_add (record, 50000, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_OPENED, "");
  test_record_add (record, 100000, 0, TEST_RECORD_INPUT, 0, "x");
  test_record_add (record, 200000, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_BREAK, "");
  test_record_add (record, 300000, 0, TEST_RECORD_END, 0, "");
  save (fixture, record);

  backend = make (fixture, "");
  g_assert_cmpint (charflow_replay_backend_get_speed (CHARFLOW_REPLAY_BACKEND (backend)), ==, CHARFLOW_REPLAY_SPEED_REAL);
  front_end = test_front_end_new (backend, 4096);
  before = g_get_monotonic_time ();
  open_backend (backend);
  test_front_end_expect (front_end, "<O>");
  g_assert_cmpint (g_get_monotonic_time () - before, >=, 50000);
  test_front_end_expect (front_end, "x");
  g_assert_cmpint (g_get_monotonic_time () - before, >=, 100000);
  test_front_end_expect (front_end, "<B>");
  g_assert_cmpint (g_get_monotonic_time () - before, >=, 200000);
  test_front_end_expect (front_end, "<C>");
  g_assert_cmpint (g_get_monotonic_time () - before, >=, 300000);

  /* Neither while it waited did it spin. */
  g_assert_cmpuint (front_end->n_wakeups, <=, 2);
}

static void
test_far_future (Fixture      *fixture,
                 gconstpointer unused)
{
  g_autoptr (GByteArray) record = test_record_new ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;

  test_record_add (record, 0, 0, TEST_RECORD_BACKEND, 0, "a");
  test_record_add (record, 0, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_OPENED, "");
  test_record_add (record, G_MAXUINT64, 0, TEST_RECORD_INPUT, 0, "x");
  save (fixture, record);
  backend = make (fixture, "");
  front_end = test_front_end_new (backend, 4096);
  open_backend (backend);
  test_front_end_expect (front_end, "<O>");
  settle ();
  test_front_end_expect (front_end, "");
}

/* What nobody reads holds up what comes after it, and costs nothing meanwhile. */
static void
test_waits_for_reader (Fixture      *fixture,
                       gconstpointer unused)
{
  g_autoptr (GByteArray) record = make_session ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  guint n_turns = 0;

  save (fixture, record);
  backend = make (fixture, ",speed=full");
  front_end = test_front_end_new (backend, 0);
  open_backend (backend);
  test_front_end_expect (front_end, "<O>");
  while (g_main_context_iteration (NULL, FALSE))
    n_turns++;
  g_assert_cmpuint (n_turns, <, 10);
  test_front_end_expect (front_end, "");
  test_front_end_set_credit (front_end, 2);
  test_front_end_expect (front_end, "one<B>two<C><O>three<C>");
}

static void
test_nothing_due (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (GByteArray) record = make_session ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (GError) error = NULL;
  char byte;

  save (fixture, record);
  backend = make (fixture, ",speed=full");
  open_backend (backend);
  g_assert_cmpint (charflow_backend_read (backend, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_null (charflow_backend_create_source (backend, G_IO_IN));
  g_assert_false (charflow_replay_backend_get_diverged (CHARFLOW_REPLAY_BACKEND (backend)));
}

/* Opened, and nobody has read. */
static CharflowBackend *
play_session (Fixture *fixture)
{
  g_autoptr (GByteArray) record = make_session ();
  CharflowBackend *backend;

  save (fixture, record);
  backend = make (fixture, ",speed=full");
  open_backend (backend);
  test_wait_until (charflow_backend_get_opened (backend));

  return backend;
}

static void
test_same_output (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (CharflowBackend) backend = play_session (fixture);

  write_text (backend, "A");
  write_text (backend, "TAT");
  write_text (backend, "H");
  g_assert_cmpuint (get_diverged (backend), ==, 0);
  g_assert_false (charflow_replay_backend_get_diverged (CHARFLOW_REPLAY_BACKEND (backend)));
}

static void
test_diverges (Fixture      *fixture,
               gconstpointer unused)
{
  g_autoptr (CharflowBackend) backend = play_session (fixture);
  guint n_diverged = 0;
  guint n_bytes = 0;

  g_signal_connect_swapped (backend, "notify::diverged", G_CALLBACK (test_count_cb), &n_diverged);
  g_signal_connect_swapped (backend, "notify::diverged-bytes", G_CALLBACK (test_count_cb), &n_bytes);
  write_text (backend, "AXATH");
  g_assert_cmpuint (get_diverged (backend), ==, 1);
  write_text (backend, "more");
  g_assert_cmpuint (get_diverged (backend), ==, 5);
  g_assert_true (charflow_replay_backend_get_diverged (CHARFLOW_REPLAY_BACKEND (backend)));
  g_assert_cmpuint (n_diverged, ==, 1);
  g_assert_cmpuint (n_bytes, ==, 2);

  charflow_backend_close (backend);
  g_assert_cmpuint (get_diverged (backend), ==, 5);
  open_backend (backend);
  g_assert_cmpuint (get_diverged (backend), ==, 0);
  g_assert_cmpuint (n_diverged, ==, 2);
}

static gboolean
count_cb (gpointer user_data)
{
  guint *n = user_data;

  (*n)++;

  return G_SOURCE_CONTINUE;
}

/* A long record of somebody else is passed in several turns, for input and for output. */
static void
test_long_gap (Fixture      *fixture,
               gconstpointer unused)
{
  g_autoptr (GByteArray) record = test_record_new ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;
  guint n_ready = 0;

  test_record_add (record, 0, 0, TEST_RECORD_BACKEND, 0, "a");
  test_record_add (record, 0, 1, TEST_RECORD_BACKEND, 0, "b");
  test_record_add (record, 0, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_OPENED, "");
  for (guint i = 0; i < 3000; i++)
    test_record_add (record, i, 1, TEST_RECORD_OUTPUT, 0, "of no interest");
  test_record_add (record, 3000, 0, TEST_RECORD_OUTPUT, 0, "out");
  test_record_add (record, 3000, 0, TEST_RECORD_INPUT, 0, "in");
  test_record_add (record, 3000, 0, TEST_RECORD_END, 0, "");
  save (fixture, record);

  backend = make (fixture, ",speed=full");
  front_end = test_front_end_new (backend, 0);
  open_backend (backend);
  test_front_end_expect (front_end, "<O>");
  g_assert_cmpint (charflow_backend_write (backend, (const guint8 *) "oXt", 3, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  source = charflow_backend_create_source (backend, G_IO_OUT);
  g_source_set_callback (source, count_cb, &n_ready, NULL);
  g_source_attach (source, NULL);
  for (guint i = 0; i < 10; i++)
    {
      guint old_n_ready = n_ready;

      test_wait_until (n_ready > old_n_ready);
      if (charflow_backend_write (backend, (const guint8 *) "oXt", 3, NULL) == 3)
        break;
    }
  g_source_destroy (source);
  g_assert_cmpuint (get_diverged (backend), ==, 1);

  test_front_end_set_credit (front_end, 16);
  test_front_end_expect (front_end, "in<C>");
}

/* Reads all there is, and keeps what went wrong. */
typedef struct
{
  CharflowBackend *backend;
  GSource *source;
  GError *error;
  GString *log;
} Drain;

static gboolean
drain_cb (gpointer user_data)
{
  Drain *drain = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = charflow_backend_read_bytes (drain->backend, 7, &error);

  if (bytes != NULL)
    g_string_append_len (drain->log, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_assert_null (drain->error);
      drain->error = g_steal_pointer (&error);
    }

  return G_SOURCE_CONTINUE;
}

static void
drain_event_cb (CharflowBackend *backend,
                CharflowEvent    event,
                Drain           *drain)
{
  g_autoptr (GSource) old_source = g_steal_pointer (&drain->source);

  if (event != CHARFLOW_EVENT_OPENED)
    {
      drain->source = g_steal_pointer (&old_source);
      return;
    }

  drain->source = charflow_backend_create_source (backend, G_IO_IN);
  g_source_set_callback (drain->source, drain_cb, drain, NULL);
  g_source_attach (drain->source, NULL);
}

/* Plays to the end, and returns what was read; @error is of the opening or of reading. */
static char *
play (Fixture *fixture,
      GError **error)
{
  g_autoptr (CharflowBackend) backend = make (fixture, ",speed=full");
  Drain drain = { .backend = backend, .log = g_string_new (NULL) };

  g_signal_connect (backend, "event", G_CALLBACK (drain_event_cb), &drain);
  if (test_open_backend (backend, error))
    {
      settle ();
      g_assert_false (charflow_backend_get_opened (backend));
      charflow_backend_close (backend);
    }
  if (drain.error != NULL)
    g_propagate_error (error, drain.error);
  g_clear_pointer (&drain.source, g_source_unref);

  return g_string_free (drain.log, FALSE);
}

static void
test_cut_anywhere (Fixture      *fixture,
                   gconstpointer unused)
{
  g_autoptr (GByteArray) record = make_session ();

  for (guint size = record->len - 1; size > 0; size--)
    {
      g_autofree char *expected = g_strdup_printf (" at byte %u: ", size);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;

      g_byte_array_set_size (record, size);
      save (fixture, record);
      text = play (fixture, &error);
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, expected));
      g_assert_nonnull (strstr (error->message, fixture->path));
      g_assert_true (g_str_has_prefix ("onetwothree", text));
    }
}

static void
test_damaged_anywhere (Fixture      *fixture,
                       gconstpointer unused)
{
  static const guint8 masks[] = { 0x01, 0x04, 0x80, 0xff };
  g_autoptr (GByteArray) record = make_session ();
  guint n_errors = 0;

  for (guint i = 0; i < record->len * G_N_ELEMENTS (masks); i++)
    {
      guint8 *byte = record->data + i / G_N_ELEMENTS (masks);
      guint8 mask = masks[i % G_N_ELEMENTS (masks)];
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;

      *byte ^= mask;
      save (fixture, record);
      text = play (fixture, &error);
      *byte ^= mask;
      if (error == NULL)
        continue;

      n_errors++;
      g_assert_true (error->domain == CHARFLOW_BACKEND_ERROR);
      g_assert_nonnull (strstr (error->message, fixture->path));
    }
  g_assert_cmpuint (n_errors, >, record->len);
}

static void
expect_damage (Fixture    *fixture,
               GByteArray *record,
               guint       offset)
{
  g_autofree char *expected = g_strdup_printf (" at byte %u: ", offset);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  save (fixture, record);
  text = play (fixture, &error);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, expected));
}

/* Each rule that an entry may break. */
static void
test_impossible_entries (Fixture      *fixture,
                         gconstpointer unused)
{
  static const struct
  {
    guint64 time_us;
    guint backend;
    guint kind;
    guint event;
    const char *bytes;
  } entries[] = {
    { 9, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_BREAK, "" },
    { 10, 0, TEST_RECORD_END + 1, 0, "" },
    { 10, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_MUX_OUT + 1, "" },
    { 10, 0, TEST_RECORD_EVENT, CHARFLOW_EVENT_BREAK, "x" },
    { 10, 0, TEST_RECORD_INPUT, 1, "x" },
    { 10, 0, TEST_RECORD_INPUT, 0, "" },
    { 10, 0, TEST_RECORD_OUTPUT, 0, "" },
    { 10, 1, TEST_RECORD_INPUT, 0, "x" },
    { 10, 0, TEST_RECORD_BACKEND, 0, "again" },
    { 10, 2, TEST_RECORD_BACKEND, 0, "too far" },
    { 10, 1, TEST_RECORD_END, 0, "" },
    { 10, 0, TEST_RECORD_END, 0, "x" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autoptr (GByteArray) record = test_record_new ();
      guint offset;

      test_record_add (record, 10, 0, TEST_RECORD_BACKEND, 0, "a");
      offset = record->len;
      test_record_add (record, entries[i].time_us, entries[i].backend, entries[i].kind, entries[i].event,
                       entries[i].bytes);
      test_record_add (record, 20, 0, TEST_RECORD_END, 0, "");
      expect_damage (fixture, record, offset);
    }
}

static void
test_too_large (Fixture      *fixture,
                gconstpointer unused)
{
  g_autofree char *most = g_strnfill (65536, 'x');
  g_autofree char *too_much = g_strnfill (65537, 'x');
  g_autofree char *long_label = g_strnfill (256, 'x');
  g_autoptr (GByteArray) record = test_record_new ();
  g_autoptr (GByteArray) other = test_record_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  guint offset;

  test_record_add (record, 0, 0, TEST_RECORD_BACKEND, 0, "");
  test_record_add (record, 0, 0, TEST_RECORD_INPUT, 0, most);
  offset = record->len;
  test_record_add (record, 0, 0, TEST_RECORD_INPUT, 0, too_much);
  expect_damage (fixture, record, offset);
  text = play (fixture, &error);
  g_assert_cmpstr (text, ==, most);

  offset = other->len;
  test_record_add (other, 0, 0, TEST_RECORD_BACKEND, 0, long_label);
  expect_damage (fixture, other, offset);
}

static void
expect_refusal (Fixture    *fixture,
                const char *options,
                GQuark      domain,
                int         code)
{
  g_autoptr (CharflowBackend) backend = make (fixture, options);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, fixture->path));
  g_assert_false (charflow_backend_get_active (backend));
}

static void
test_errors_of_opening (Fixture      *fixture,
                        gconstpointer unused)
{
  g_autoptr (GByteArray) record = make_session ();
  g_autoptr (GByteArray) empty = test_record_new ();

  expect_refusal (fixture, "", G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  save (fixture, record);
  expect_refusal (fixture, ",label=c", CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  record->data[8] = 2;
  save (fixture, record);
  expect_refusal (fixture, "", CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED);
  record->data[0] = 'D';
  save (fixture, record);
  expect_refusal (fixture, "", CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_FAILED);
  test_record_add (empty, 0, 0, TEST_RECORD_END, 0, "");
  save (fixture, empty);
  expect_refusal (fixture, "", CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);

  g_unlink (fixture->path);
  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  expect_refusal (fixture, "", CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
  g_unlink (fixture->path);
  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  expect_refusal (fixture, "", CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
}

static void
test_no_path (void)
{
  g_autoptr (CharflowBackend) backend = g_object_new (CHARFLOW_TYPE_REPLAY_BACKEND, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (backend, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
  g_clear_error (&error);
  g_assert_null (charflow_backend_new_from_spec ("replay,label=a", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION);
  g_clear_error (&error);
  g_assert_null (charflow_backend_new_from_spec ("replay,path=a,speed=fast", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
}

/* Who closes the back end at an event, or lets go of the last reference. */
typedef struct
{
  CharflowBackend *backend; /* NULL once that is done */
  CharflowEvent event;
  gboolean drops;
} Quitter;

static void
quit_cb (CharflowBackend *backend,
         CharflowEvent    event,
         Quitter         *quitter)
{
  g_autoptr (CharflowBackend) held = NULL;

  if (event != quitter->event || quitter->backend == NULL)
    return;

  held = g_steal_pointer (&quitter->backend);
  if (quitter->drops)
    return;

  charflow_backend_close (held);
  g_assert_false (charflow_backend_get_opened (held));
}

static void
test_handler_quits (Fixture      *fixture,
                    gconstpointer drops)
{
  static const CharflowEvent events[] = { CHARFLOW_EVENT_OPENED, CHARFLOW_EVENT_BREAK, CHARFLOW_EVENT_CLOSED };

  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      g_autoptr (GByteArray) record = make_session ();
      g_autoptr (GString) log = g_string_new (NULL);
      Quitter quitter = { .event = events[i], .drops = drops != NULL };
      g_autoptr (CharflowBackend) closed = NULL;
      guint n_turns = 0;
      gpointer left;
      Drain drain = { .log = log };

      save (fixture, record);
      quitter.backend = drain.backend = left = make (fixture, ",speed=full");
      g_object_add_weak_pointer (G_OBJECT (quitter.backend), &left);
      g_signal_connect (quitter.backend, "event", G_CALLBACK (drain_event_cb), &drain);
      g_signal_connect (quitter.backend, "event", G_CALLBACK (quit_cb), &quitter);
      closed = drops == NULL ? g_object_ref (quitter.backend) : NULL;
      charflow_backend_open_async (quitter.backend, NULL, NULL, NULL);
      test_wait_until (quitter.backend == NULL);
      while (g_main_context_iteration (NULL, FALSE))
        g_assert_cmpuint (++n_turns, <, 100);
      g_clear_object (&closed);
      g_assert_null (left);
      g_assert_no_error (drain.error);
      g_assert_cmpstr (log->str, ==, i == 0 ? "" : i == 1 ? "one" : "onetwo");
      g_clear_pointer (&drain.source, g_source_unref);
    }
}

static void
test_close_while_opening (Fixture      *fixture,
                          gconstpointer unused)
{
  g_autoptr (GByteArray) record = make_session ();
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (TestFrontEnd) front_end = NULL;

  save (fixture, record);
  backend = make (fixture, ",speed=full");
  front_end = test_front_end_new (backend, 16);
  for (guint i = 0; i < 20; i++)
    {
      charflow_backend_open_async (backend, NULL, NULL, NULL);
      charflow_backend_close (backend);
    }
  open_backend (backend);
  test_front_end_expect (front_end, "<O>one<B>two<C><O>three<C>");
}

#define add(path, options, function) g_test_add (path, Fixture, options, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/replay-backend/B3/pty-session-at-full-speed", ",speed=full", test_pty_session);
  add ("/replay-backend/B3/pty-session-in-real-time", "", test_pty_session);
  add ("/replay-backend/B3/by-label", NULL, test_by_label);
  add ("/replay-backend/B3/real-times", NULL, test_real_times);
  add ("/replay-backend/B3/same-output", NULL, test_same_output);
  add ("/replay-backend/diverges", NULL, test_diverges);
  add ("/replay-backend/far-future", NULL, test_far_future);
  add ("/replay-backend/waits-for-the-reader", NULL, test_waits_for_reader);
  add ("/replay-backend/nothing-due", NULL, test_nothing_due);
  add ("/replay-backend/long-gap", NULL, test_long_gap);
  add ("/replay-backend/cut-anywhere", NULL, test_cut_anywhere);
  add ("/replay-backend/damaged-anywhere", NULL, test_damaged_anywhere);
  add ("/replay-backend/impossible-entries", NULL, test_impossible_entries);
  add ("/replay-backend/too-large", NULL, test_too_large);
  add ("/replay-backend/errors-of-opening", NULL, test_errors_of_opening);
  g_test_add_func ("/replay-backend/no-path", test_no_path);
  add ("/replay-backend/handler-closes", NULL, test_handler_quits);
  add ("/replay-backend/handler-drops", "drops", test_handler_quits);
  add ("/replay-backend/close-while-opening", NULL, test_close_while_opening);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Three clients of one device, each with another overflow policy, of which one is slow. */
#include "toy-line.h"

#define N_POLICIES 3 /* CHARFLOW_OVERFLOW_PACE, _REMOVE, _DROP */

typedef struct
{
  CharflowClient *client;
  GString *log;
} Reader;

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes,
            Reader             *self)
{
  g_string_append_c (self->log, ' ');
  g_string_append_len (self->log, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
missed_cb (CharflowClient     *client,
           CharflowCharDevice *device,
           guint64             n_bytes,
           Reader             *self)
{
  g_string_append_printf (self->log, " (%d bytes missed)", (int) n_bytes);
}

static void
removed_cb (CharflowClient      *client,
            CharflowCharDevice  *device,
            CharflowRemoveReason reason,
            Reader              *self)
{
  g_string_append_printf (self->log, " (removed: %s)", toy_get_nick (CHARFLOW_TYPE_REMOVE_REASON, reason));
}

static void
reader_init (Reader             *self,
             CharflowOverflow    policy,
             guint               stall_time,
             CharflowCharDevice *device)
{
  self->client = g_object_new (CHARFLOW_TYPE_CLIENT, "overflow", policy, "stall-time", stall_time,
                               "max-queue-messages", 2, NULL);
  self->log = g_string_new (NULL);
  g_signal_connect (self->client, "deliver", G_CALLBACK (deliver_cb), self);
  g_signal_connect (self->client, "missed", G_CALLBACK (missed_cb), self);
  g_signal_connect (self->client, "removed", G_CALLBACK (removed_cb), self);
  toy_attach (device, self->client);
}

static void
reader_clear (Reader *self)
{
  g_signal_handlers_disconnect_by_data (self->client, self);
  g_object_unref (self->client);
  g_string_free (self->log, TRUE);
}

static const char *
get_nick (CharflowOverflow policy)
{
  return toy_get_nick (CHARFLOW_TYPE_OVERFLOW, policy);
}

static void
show (const char   *when,
      const Reader *readers,
      ToyLine      *line)
{
  for (guint i = 0; i < N_POLICIES; i++)
    g_print ("  %-6s %-7s%s\n", when, get_nick (i), readers[i].log->len > 0 ? readers[i].log->str : " -");
  g_print ("  %-6s %u left in the device\n", when, line->unread.length);
}

static void
run_round (CharflowOverflow slow)
{
  static const char *const messages[] = { "1", "2", "3", "4", "5", "6" };
  g_autoptr (ToyLine) line = toy_line_new (1000);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (line));
  Reader readers[N_POLICIES];

  toy_start (device);
  for (guint i = 0; i < N_POLICIES; i++)
    reader_init (&readers[i], i, 5000, device);

  g_print ("The one with '%s' is slow\n", get_nick (slow));
  charflow_client_set_ready (readers[slow].client, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    toy_line_say (line, device, messages[i]);
  show ("now", readers, line);
  charflow_client_set_ready (readers[slow].client, TRUE);
  toy_line_flow (line, device);
  show ("later", readers, line);

  for (guint i = 0; i < N_POLICIES; i++)
    reader_clear (&readers[i]);
}

static void
run_stalled (void)
{
  static const char *const messages[] = { "1", "2", "3", "4" };
  g_autoptr (ToyLine) line = toy_line_new (1000);
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (line));
  Reader stalled, other;

  toy_start (device);
  reader_init (&stalled, CHARFLOW_OVERFLOW_PACE, 20, device);
  reader_init (&other, CHARFLOW_OVERFLOW_PACE, 5000, device);
  charflow_client_set_ready (stalled.client, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    toy_line_say (line, device, messages[i]);
  while (charflow_client_get_device (stalled.client) != NULL)
    g_main_context_iteration (NULL, TRUE);
  toy_line_flow (line, device);
  g_print ("  it    %s\n  other %s\n", stalled.log->str, other.log->str);

  reader_clear (&stalled);
  reader_clear (&other);
}

int
main (void)
{
  for (guint i = 0; i < N_POLICIES; i++)
    run_round (i);

  g_print ("One with 'pace' takes nothing at all, and may for 20 ms\n");
  run_stalled ();

  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* memfd_create() */

#include <sys/mman.h>
#include <unistd.h>

#include <charflow-glib/charflow.h>

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* A record from anybody, which a replay plays to its end. The first byte says how much is read at once, and how much is
 * written. */

#define MAX_FUZZ_INPUT 65536
#define MAX_TURNS 100000

typedef struct
{
  CharflowBackend *backend;
  GSource *source;
  gsize max_read;
  gsize max_write;
  gboolean was_answered;
} Player;

static gboolean
readable_cb (gpointer user_data)
{
  static const guint8 output[256];
  Player *player = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = charflow_backend_read_bytes (player->backend, player->max_read, &error);

  g_assert ((bytes == NULL) == (error != NULL));
  g_assert (bytes == NULL || g_bytes_get_size (bytes) <= player->max_read);
  charflow_backend_write (player->backend, output, player->max_write, NULL);
  return G_SOURCE_CONTINUE;
}

static void
stop_reading (Player *player)
{
  if (player->source != NULL)
    g_source_destroy (player->source);
  g_clear_pointer (&player->source, g_source_unref);
}

static void
event_cb (CharflowBackend *backend,
          CharflowEvent    event,
          Player          *player)
{
  if (event != CHARFLOW_EVENT_OPENED)
    return;

  stop_reading (player);
  player->source = charflow_backend_create_source (backend, G_IO_IN);
  g_source_set_callback (player->source, readable_cb, player, NULL);
  g_source_attach (player->source, NULL);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Player *player = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_open = charflow_backend_open_finish (CHARFLOW_BACKEND (source), result, &error);

  g_assert (is_open == (error == NULL));
  player->was_answered = TRUE;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *path = NULL;
  Player player = { 0 };
  guint n_turns = 0;
  int fd;

  if (size == 0 || size > MAX_FUZZ_INPUT)
    return -1;

  fd = memfd_create ("record", MFD_CLOEXEC);
  g_assert (write (fd, data + 1, size - 1) == (gssize) (size - 1));
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  player.max_read = 1 + data[0] % 64;
  player.max_write = data[0] / 16;
  player.backend = CHARFLOW_BACKEND (charflow_replay_backend_new (path, CHARFLOW_REPLAY_SPEED_FULL));
  g_signal_connect (player.backend, "event", G_CALLBACK (event_cb), &player);
  charflow_backend_open_async (player.backend, NULL, opened_cb, &player);
  while (!player.was_answered)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    g_assert (++n_turns < MAX_TURNS);
  g_assert (!charflow_backend_get_opened (player.backend));

  stop_reading (&player);
  g_object_unref (player.backend);
  close (fd);
  return 0;
}

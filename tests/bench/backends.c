/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A device on a back end with one client in this process, which takes what comes, or writes as fast as it may. Says "ready"
 * once the back end is open and "done" after so many bytes, unless the back end is what it would say it on, and then waits
 * for a signal. */

#include "config.h"

#include <charflow-glib/charflow.h>

#include "bench-util.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE (64 * 1024)

#define BENCH_TYPE_CLIENT (bench_client_get_type ())
G_DECLARE_FINAL_TYPE (BenchClient, bench_client, BENCH, CLIENT, CharflowClient)

struct _BenchClient
{
  CharflowClient parent_instance;

  guint64 n_delivered;
  guint64 n_left; /* to be written */
  GBytes *block;
};

G_DEFINE_FINAL_TYPE (BenchClient, bench_client, CHARFLOW_TYPE_CLIENT)

static void
write_blocks (BenchClient        *self,
              CharflowCharDevice *device)
{
  while (self->n_left > 0 && charflow_char_device_write_bytes (device, CHARFLOW_CLIENT (self), self->block, NULL))
    self->n_left -= BLOCK_SIZE;
}

static void
bench_client_deliver (CharflowClient     *client,
                      CharflowCharDevice *device,
                      GBytes             *bytes)
{
  BENCH_CLIENT (client)->n_delivered += g_bytes_get_size (bytes);
}

static void
bench_client_writable (CharflowClient     *client,
                       CharflowCharDevice *device)
{
  write_blocks (BENCH_CLIENT (client), device);
}

static void
bench_client_finalize (GObject *object)
{
  g_bytes_unref (BENCH_CLIENT (object)->block);

  G_OBJECT_CLASS (bench_client_parent_class)->finalize (object);
}

static void
bench_client_class_init (BenchClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bench_client_finalize;
  CHARFLOW_CLIENT_CLASS (klass)->deliver = bench_client_deliver;
  CHARFLOW_CLIENT_CLASS (klass)->writable = bench_client_writable;
}

static void
bench_client_init (BenchClient *self)
{
  self->block = g_bytes_new_take (g_malloc0 (BLOCK_SIZE), BLOCK_SIZE);
}

static void
backend_error_cb (CharflowCharDevice *device,
                  const GError       *error)
{
  errx (1, "%s", error->message);
}

static void
say (CharflowBackend *backend,
     const char      *word)
{
  if (CHARFLOW_IS_STDIO_BACKEND (backend))
    return;

  puts (word);
  fflush (stdout);
}

static void
read_all (BenchClient *client,
          guint64      n_bytes)
{
  while (client->n_delivered < n_bytes)
    g_main_context_iteration (NULL, TRUE);
}

static guint64
get_written_bytes (CharflowCharDevice *device)
{
  guint64 n_bytes;

  g_object_get (device, "bytes-written", &n_bytes, NULL);
  return n_bytes;
}

static void
write_all (BenchClient        *client,
           CharflowCharDevice *device,
           guint64             n_bytes)
{
  client->n_left = n_bytes;
  write_blocks (client, device);
  while (get_written_bytes (device) < n_bytes)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (CharflowCharDevice) device = NULL;
  g_autoptr (BenchClient) client = NULL;
  guint64 n_bytes;

  if (argc != 4 || (strcmp (argv[2], "read") != 0 && strcmp (argv[2], "write") != 0))
    errx (2, "Usage: %s SPEC read|write BYTES", argv[0]);

  n_bytes = parse_number (argv[3], BLOCK_SIZE, G_MAXINT64);
  if (n_bytes % BLOCK_SIZE != 0)
    errx (2, "The bytes have to be whole blocks of %d", BLOCK_SIZE);

  backend = charflow_backend_new_from_spec (argv[1], &error);
  if (backend == NULL)
    errx (1, "%s", error->message);

  device = charflow_char_device_new (backend);
  client = g_object_new (BENCH_TYPE_CLIENT, NULL);
  g_signal_connect (device, "backend-error", G_CALLBACK (backend_error_cb), NULL);
  if (!charflow_char_device_attach_client (device, CHARFLOW_CLIENT (client), &error))
    errx (1, "%s", error->message);

  charflow_char_device_start (device);
  while (!charflow_backend_get_active (backend))
    g_main_context_iteration (NULL, TRUE);

  say (backend, "ready");
  if (strcmp (argv[2], "read") == 0)
    read_all (client, n_bytes);
  else
    write_all (client, device, n_bytes);
  say (backend, "done");

  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}

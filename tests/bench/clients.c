/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One device and so many clients in this process: what each of them costs, as one line of JSON. "time" gives
 * nanoseconds of processor time for one client, "memory" bytes of the heap. */

#include "config.h"

#include <charflow-glib/charflow.h>

#include "bench-util.h"

#include <err.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Each figure is gathered for so long at least, and over one round of all clients at least. */
#define SAMPLE_NS (50 * 1000 * 1000)
/* So many clients' turns between two looks at the clock. */
#define TURNS_PER_LOOK 2000
#define LARGE_MESSAGE (64 * 1024)
#define SMALL_MESSAGE 64
/* What a message that waits may cost a client: a link of its queue, never the payload. */
#define MAX_QUEUED_COST 256
#define SHUFFLE_SEED 20

/* A back end that has as many messages as it is told to. It does not fill them, since nobody looks at them. */
#define BENCH_TYPE_BACKEND (bench_backend_get_type ())
G_DECLARE_FINAL_TYPE (BenchBackend, bench_backend, BENCH, BACKEND, CharflowBackend)

struct _BenchBackend
{
  CharflowBackend parent_instance;

  gsize message_size;
  guint n_messages;
  guint64 n_written;
};

G_DEFINE_FINAL_TYPE (BenchBackend, bench_backend, CHARFLOW_TYPE_BACKEND)

static void
bench_backend_open_async (CharflowBackend    *backend,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data)
{
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  CHARFLOW_BACKEND_CLASS (bench_backend_parent_class)->open_async (backend, cancellable, callback, user_data);
}

static gssize
bench_backend_read (CharflowBackend *backend,
                    void            *buffer,
                    gsize            size,
                    GError         **error)
{
  BenchBackend *self = BENCH_BACKEND (backend);

  if (self->n_messages == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing is there");
      return -1;
    }

  self->n_messages--;
  return (gssize) MIN (size, self->message_size);
}

static gssize
bench_backend_write (CharflowBackend *backend,
                     const guint8    *data,
                     gsize            size,
                     GError         **error)
{
  BENCH_BACKEND (backend)->n_written += size;
  return (gssize) size;
}

static gboolean
never_prepare (GSource *source,
               int     *timeout_ms)
{
  *timeout_ms = -1;
  return FALSE;
}

static gboolean
never_dispatch (GSource    *source,
                GSourceFunc callback,
                gpointer    user_data)
{
  return G_SOURCE_REMOVE;
}

/* The device is woken by hand. */
static GSource *
bench_backend_create_source (CharflowBackend *backend,
                             GIOCondition     condition)
{
  static GSourceFuncs never = { .prepare = never_prepare, .dispatch = never_dispatch };

  return g_source_new (&never, sizeof (GSource));
}

static void
bench_backend_class_init (BenchBackendClass *klass)
{
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  backend_class->open_async = bench_backend_open_async;
  backend_class->read = bench_backend_read;
  backend_class->write = bench_backend_write;
  backend_class->create_source = bench_backend_create_source;
}

static void
bench_backend_init (BenchBackend *self)
{
}

typedef struct
{
  BenchBackend *backend;
  CharflowCharDevice *device;
  CharflowClient **clients;
  guint n_clients;

  gconstpointer payload; /* of the message that is on its way, once somebody has it */
  guint64 n_delivered;
  guint64 n_copies; /* of payloads; there shall be none */
} Crowd;

#define BENCH_TYPE_CLIENT (bench_client_get_type ())
G_DECLARE_FINAL_TYPE (BenchClient, bench_client, BENCH, CLIENT, CharflowClient)

struct _BenchClient
{
  CharflowClient parent_instance;

  Crowd *crowd;
};

G_DEFINE_FINAL_TYPE (BenchClient, bench_client, CHARFLOW_TYPE_CLIENT)

static void
bench_client_deliver (CharflowClient     *client,
                      CharflowCharDevice *device,
                      GBytes             *bytes)
{
  Crowd *crowd = BENCH_CLIENT (client)->crowd;
  gconstpointer payload = g_bytes_get_data (bytes, NULL);

  if (crowd->payload == NULL)
    crowd->payload = payload;
  else if (crowd->payload != payload)
    crowd->n_copies++;
  crowd->n_delivered++;
}

static void
bench_client_class_init (BenchClientClass *klass)
{
  CHARFLOW_CLIENT_CLASS (klass)->deliver = bench_client_deliver;
}

static void
bench_client_init (BenchClient *self)
{
}

static CharflowClient *
make_client (Crowd   *crowd,
             gboolean flow_control)
{
  BenchClient *client = g_object_new (BENCH_TYPE_CLIENT, "flow-control", flow_control, NULL);

  client->crowd = crowd;
  return CHARFLOW_CLIENT (client);
}

static void
fill_crowd (Crowd   *crowd,
            gboolean flow_control)
{
  for (guint i = 0; i < crowd->n_clients; i++)
    crowd->clients[i] = make_client (crowd, flow_control);
}

static void
empty_crowd (Crowd *crowd)
{
  for (guint i = 0; i < crowd->n_clients; i++)
    g_clear_object (&crowd->clients[i]);
}

static Crowd *
crowd_new (guint n_clients)
{
  Crowd *crowd = g_new0 (Crowd, 1);

  crowd->backend = g_object_new (BENCH_TYPE_BACKEND, NULL);
  crowd->device = charflow_char_device_new (CHARFLOW_BACKEND (crowd->backend));
  crowd->clients = g_new0 (CharflowClient *, n_clients);
  crowd->n_clients = n_clients;
  charflow_char_device_start (crowd->device);
  while (!charflow_backend_get_active (CHARFLOW_BACKEND (crowd->backend)))
    g_main_context_iteration (NULL, TRUE);

  return crowd;
}

static void
crowd_free (Crowd *crowd)
{
  empty_crowd (crowd);
  g_object_unref (crowd->device);
  g_object_unref (crowd->backend);
  g_free (crowd->clients);
  g_free (crowd);
}

static void
attach (Crowd          *crowd,
        CharflowClient *client)
{
  g_autoptr (GError) error = NULL;

  if (!charflow_char_device_attach_client (crowd->device, client, &error))
    errx (1, "could not attach a client: %s", error->message);
}

static void
attach_all (Crowd *crowd)
{
  for (guint i = 0; i < crowd->n_clients; i++)
    attach (crowd, crowd->clients[i]);
}

static void
detach_all (Crowd *crowd)
{
  for (guint i = 0; i < crowd->n_clients; i++)
    charflow_char_device_detach_client (crowd->device, crowd->clients[i]);
}

static void
send_message (Crowd *crowd,
              gsize  size)
{
  crowd->payload = NULL;
  crowd->backend->message_size = size;
  crowd->backend->n_messages = 1;
  charflow_char_device_wakeup (crowd->device);
}

static void
send_large (Crowd *crowd)
{
  send_message (crowd, LARGE_MESSAGE);
}

static void
send_small (Crowd *crowd)
{
  send_message (crowd, SMALL_MESSAGE);
}

static void
set_all_ready (Crowd   *crowd,
               gboolean ready)
{
  for (guint i = 0; i < crowd->n_clients; i++)
    charflow_client_set_ready (crowd->clients[i], ready);
}

static void
queue_and_take (Crowd *crowd)
{
  set_all_ready (crowd, FALSE);
  send_large (crowd);
  set_all_ready (crowd, TRUE);
}

static void
grant_token_to_all (Crowd *crowd)
{
  for (guint i = 0; i < crowd->n_clients; i++)
    charflow_char_device_add_send_tokens (crowd->device, crowd->clients[i], 1, NULL);
}

static void
write_by_all (Crowd *crowd)
{
  static const guint8 text[SMALL_MESSAGE];
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, sizeof text);

  for (guint i = 0; i < crowd->n_clients; i++)
    charflow_char_device_write_bytes (crowd->device, crowd->clients[i], bytes, NULL);
}

/* Processor time: other programs on the machine are not in it. */
static gint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * 1000 * 1000 * 1000 + now.tv_nsec;
}

/* Looking at this clock is a system call, which would show with few clients. */
static gint64
measure_clock (void)
{
  gint64 least = G_MAXINT64;

  for (guint i = 0; i < 1000; i++)
    {
      gint64 start = now_ns ();

      least = MIN (least, now_ns () - start);
    }

  return least;
}

typedef struct
{
  gint64 clock_ns;
  gint64 total_ns;
  guint64 n_turns; /* of one client each */
} Sample;

static void
sample_add (Sample *sample,
            gint64  start,
            guint64 n_turns)
{
  sample->total_ns += MAX (now_ns () - start - sample->clock_ns, 0);
  sample->n_turns += n_turns;
}

static void
sample_print (const Sample *sample,
              const char   *name)
{
  printf ("\"%s\": %.2f, ", name, (double) sample->total_ns / (double) sample->n_turns);
}

static void
measure (Crowd      *crowd,
         const char *name,
         void (*turn) (Crowd *crowd))
{
  Sample sample = { .clock_ns = measure_clock () };
  guint n_rounds = MAX (TURNS_PER_LOOK / crowd->n_clients, 1);

  do
    {
      gint64 start = now_ns ();

      for (guint i = 0; i < n_rounds; i++)
        turn (crowd);
      sample_add (&sample, start, (guint64) n_rounds * crowd->n_clients);
    }
  while (sample.total_ns < SAMPLE_NS);

  sample_print (&sample, name);
}

static void
reverse (Crowd *crowd)
{
  for (guint i = 0; i < crowd->n_clients / 2; i++)
    {
      CharflowClient *client = crowd->clients[i];

      crowd->clients[i] = crowd->clients[crowd->n_clients - 1 - i];
      crowd->clients[crowd->n_clients - 1 - i] = client;
    }
}

static void
shuffle (Crowd *crowd)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (SHUFFLE_SEED);

  for (guint i = crowd->n_clients; i > 1; i--)
    {
      guint other = (guint) g_rand_int_range (random, 0, (gint32) i);
      CharflowClient *client = crowd->clients[i - 1];

      crowd->clients[i - 1] = crowd->clients[other];
      crowd->clients[other] = client;
    }
}

static void
keep_order (Crowd *crowd)
{
}

static void
measure_coming_and_going (Crowd *crowd)
{
  static const struct
  {
    const char *name;
    void (*arrange) (Crowd *crowd);
  } orders[] = {
    { "detach_first_ns", keep_order },
    { "detach_last_ns", reverse },
    { "detach_shuffled_ns", shuffle },
  };
  Sample coming = { .clock_ns = measure_clock () };

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      Sample going = { .clock_ns = coming.clock_ns };

      do
        {
          gint64 start = now_ns ();

          attach_all (crowd);
          sample_add (&coming, start, crowd->n_clients);
          orders[i].arrange (crowd);
          start = now_ns ();
          detach_all (crowd);
          sample_add (&going, start, crowd->n_clients);
        }
      while (going.total_ns < SAMPLE_NS);
      sample_print (&going, orders[i].name);
    }
  sample_print (&coming, "attach_ns");
}

static void
measure_time (Crowd *crowd)
{
  fill_crowd (crowd, FALSE);
  measure_coming_and_going (crowd);

  attach_all (crowd);
  measure (crowd, "large_ns", send_large);
  measure (crowd, "small_ns", send_small);
  measure (crowd, "queued_ns", queue_and_take);
  measure (crowd, "write_ns", write_by_all);
  detach_all (crowd);
  empty_crowd (crowd);

  fill_crowd (crowd, TRUE);
  attach_all (crowd);
  measure (crowd, "grant_ns", grant_token_to_all);
}

static gsize
heap_size (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static void
measure_memory (Crowd *crowd)
{
  CharflowClient *first = make_client (crowd, FALSE);
  gsize empty;
  gsize idle;
  gsize queued;

  /* What only the first of all costs: classes, and the chunk that the device reads into. It is kept, so that no
   * other gets its memory. */
  attach (crowd, first);
  charflow_char_device_detach_client (crowd->device, first);

  empty = heap_size ();
  fill_crowd (crowd, FALSE);
  attach_all (crowd);
  idle = heap_size ();
  set_all_ready (crowd, FALSE);
  send_large (crowd);
  queued = heap_size ();

  printf ("\"idle_bytes\": %.1f, ", (double) (idle - empty) / crowd->n_clients);
  printf ("\"queued_bytes\": %.1f, ", (double) (queued - idle) / crowd->n_clients);
  if (charflow_client_get_queued_bytes (crowd->clients[crowd->n_clients - 1]) != LARGE_MESSAGE)
    errx (1, "the message was not queued");
  if (queued > idle + LARGE_MESSAGE + (gsize) MAX_QUEUED_COST * crowd->n_clients)
    errx (1, "a queued message of %d bytes took %zu bytes of the heap", LARGE_MESSAGE, queued - idle);
  set_all_ready (crowd, TRUE);
  g_object_unref (first);
}

int
main (int    argc,
      char **argv)
{
  Crowd *crowd;

  if (argc != 3)
    errx (2, "Usage: %s time|memory N-CLIENTS", argv[0]);

  crowd = crowd_new ((guint) parse_number (argv[2], 1, 1000 * 1000));
  printf ("{\"clients\": %u, ", crowd->n_clients);
  if (strcmp (argv[1], "time") == 0)
    measure_time (crowd);
  else if (strcmp (argv[1], "memory") == 0)
    measure_memory (crowd);
  else
    errx (2, "no such measurement: '%s'", argv[1]);

  printf ("\"copies\": %" G_GUINT64_FORMAT ", \"intact\": %s}\n", crowd->n_copies,
          crowd->n_copies == 0 && crowd->n_delivered > 0 ? "true" : "false");
  crowd_free (crowd);

  return 0;
}

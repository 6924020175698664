/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a thousand clients of one device share, and what each of them costs. Nothing here is timed: what takes
 * how long is for the benchmark to tell. */

#include "test-consumer.h"

#include <malloc.h>

#define N_CLIENTS 1000
#define MESSAGE_SIZE (64 * 1024)
/* A client that idles may cost less than this, with its place in the device. */
#define MAX_IDLE_COST 4096
#define SHUFFLE_SEED 20

/* A device that has the messages which it was given as such, so that a test knows when they are freed. */
#define TEST_TYPE_MESSAGES (test_messages_get_type ())
G_DECLARE_FINAL_TYPE (TestMessages, test_messages, TEST, MESSAGES, CharflowCharDevice)

struct _TestMessages
{
  CharflowCharDevice parent_instance;

  GBytes *next;
};

G_DEFINE_FINAL_TYPE (TestMessages, test_messages, CHARFLOW_TYPE_CHAR_DEVICE)

static GBytes *
test_messages_read_message (CharflowCharDevice *device)
{
  return g_steal_pointer (&TEST_MESSAGES (device)->next);
}

static void
test_messages_finalize (GObject *object)
{
  g_clear_pointer (&TEST_MESSAGES (object)->next, g_bytes_unref);
  G_OBJECT_CLASS (test_messages_parent_class)->finalize (object);
}

static void
test_messages_class_init (TestMessagesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_messages_finalize;
  CHARFLOW_CHAR_DEVICE_CLASS (klass)->read_message = test_messages_read_message;
}

static void
test_messages_init (TestMessages *self)
{
}

/* A client that keeps the last message, and counts. */
#define TEST_TYPE_KEEPER (test_keeper_get_type ())
G_DECLARE_FINAL_TYPE (TestKeeper, test_keeper, TEST, KEEPER, CharflowClient)

struct _TestKeeper
{
  CharflowClient parent_instance;

  GBytes *last;
  guint n_messages;
  guint n_flushes;
  guint n_removals;
};

G_DEFINE_FINAL_TYPE (TestKeeper, test_keeper, CHARFLOW_TYPE_CLIENT)

static void
test_keeper_deliver (CharflowClient     *client,
                     CharflowCharDevice *device,
                     GBytes             *bytes)
{
  TestKeeper *self = TEST_KEEPER (client);

  g_clear_pointer (&self->last, g_bytes_unref);
  self->last = g_bytes_ref (bytes);
  self->n_messages++;
}

static void
test_keeper_flush (CharflowClient     *client,
                   CharflowCharDevice *device)
{
  TEST_KEEPER (client)->n_flushes++;
}

static void
test_keeper_removed (CharflowClient      *client,
                     CharflowCharDevice  *device,
                     CharflowRemoveReason reason)
{
  g_assert_cmpint (reason, ==, CHARFLOW_REMOVE_REASON_DETACHED);
  TEST_KEEPER (client)->n_removals++;
}

static void
test_keeper_finalize (GObject *object)
{
  g_clear_pointer (&TEST_KEEPER (object)->last, g_bytes_unref);
  G_OBJECT_CLASS (test_keeper_parent_class)->finalize (object);
}

static void
test_keeper_class_init (TestKeeperClass *klass)
{
  CharflowClientClass *client_class = CHARFLOW_CLIENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_keeper_finalize;
  client_class->deliver = test_keeper_deliver;
  client_class->flush = test_keeper_flush;
  client_class->removed = test_keeper_removed;
}

static void
test_keeper_init (TestKeeper *self)
{
}

typedef struct
{
  TestEndpoint *endpoint;
  CharflowCharDevice *device;
  TestKeeper *clients[N_CLIENTS];
} Fixture;

static void
start_device (Fixture *fixture,
              GType    type)
{
  fixture->endpoint = test_endpoint_new ();
  fixture->device = g_object_new (type, "backend", fixture->endpoint, NULL);
  charflow_char_device_start (fixture->device);
  test_wait_until (charflow_backend_get_active (CHARFLOW_BACKEND (fixture->endpoint)));
  test_settle ();
}

static void
setup (Fixture      *fixture,
       gconstpointer unused)
{
  start_device (fixture, CHARFLOW_TYPE_CHAR_DEVICE);
}

static void
setup_messages (Fixture      *fixture,
                gconstpointer unused)
{
  start_device (fixture, TEST_TYPE_MESSAGES);
}

static void
detach (Fixture *fixture,
        guint    i)
{
  g_assert_true (charflow_char_device_detach_client (fixture->device, CHARFLOW_CLIENT (fixture->clients[i])));
}

static void
teardown (Fixture      *fixture,
          gconstpointer unused)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      if (fixture->clients[i] == NULL)
        continue;
      if (charflow_client_get_device (CHARFLOW_CLIENT (fixture->clients[i])) != NULL)
        detach (fixture, i);
      g_assert_finalize_object (fixture->clients[i]);
    }
  g_assert_finalize_object (fixture->device);
  g_assert_finalize_object (fixture->endpoint);
}

static void
attach (Fixture    *fixture,
        TestKeeper *client)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_char_device_attach_client (fixture->device, CHARFLOW_CLIENT (client), &error));
  g_assert_no_error (error);
}

static void
attach_all (Fixture *fixture)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      fixture->clients[i] = g_object_new (TEST_TYPE_KEEPER, NULL);
      attach (fixture, fixture->clients[i]);
    }
}

static void
set_all_ready (Fixture *fixture,
               gboolean ready)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    charflow_client_set_ready (CHARFLOW_CLIENT (fixture->clients[i]), ready);
}

static GListModel *
list_clients (Fixture *fixture)
{
  return charflow_char_device_get_clients (fixture->device);
}

static gconstpointer
get_payload (TestKeeper *client)
{
  return g_bytes_get_data (client->last, NULL);
}

static GBytes *
make_message (void)
{
  guint8 *data = g_malloc (MESSAGE_SIZE);

  for (gsize i = 0; i < MESSAGE_SIZE; i++)
    data[i] = (guint8) (i % 251);

  return g_bytes_new_take (data, MESSAGE_SIZE);
}

static void
test_one_payload (Fixture      *fixture,
                  gconstpointer unused)
{
  g_autoptr (GBytes) message = make_message ();
  guint n_reads;

  attach_all (fixture);
  n_reads = fixture->endpoint->n_reads;
  test_endpoint_feed_bytes (fixture->endpoint, message);
  test_settle ();

  /* One read that brings it, and one that finds no more. */
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads + 2);
  g_assert_true (g_bytes_equal (fixture->clients[0]->last, message));
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_assert_cmpuint (fixture->clients[i]->n_messages, ==, 1);
      g_assert_cmpuint (fixture->clients[i]->n_flushes, ==, 1);
      g_assert_true (get_payload (fixture->clients[i]) == get_payload (fixture->clients[0]));
    }
}

static void
count_free_cb (gpointer user_data)
{
  guint *n_freed = user_data;

  (*n_freed)++;
}

static void
queue_for_all (Fixture      *fixture,
               const guint8 *payload,
               guint        *n_freed)
{
  set_all_ready (fixture, FALSE);
  TEST_MESSAGES (fixture->device)->next =
    g_bytes_new_with_free_func (payload, MESSAGE_SIZE, count_free_cb, n_freed);
  charflow_char_device_wakeup (fixture->device);

  g_assert_null (TEST_MESSAGES (fixture->device)->next);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_assert_cmpuint (charflow_client_get_queued_messages (CHARFLOW_CLIENT (fixture->clients[i])), ==, 1);
      g_assert_cmpuint (charflow_client_get_queued_bytes (CHARFLOW_CLIENT (fixture->clients[i])), ==, MESSAGE_SIZE);
    }
  g_assert_cmpuint (*n_freed, ==, 0);
}

static void
test_queued_once (Fixture      *fixture,
                  gconstpointer unused)
{
  static const guint8 payload[MESSAGE_SIZE];
  guint n_freed = 0;

  attach_all (fixture);
  queue_for_all (fixture, payload, &n_freed);

  /* Each takes it and lets it go; only with the last it is freed. */
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      TestKeeper *client = fixture->clients[i];

      g_assert_cmpuint (n_freed, ==, 0);
      charflow_client_set_ready (CHARFLOW_CLIENT (client), TRUE);
      g_assert_cmpuint (client->n_messages, ==, 1);
      g_assert_true (get_payload (client) == payload);
      g_clear_pointer (&client->last, g_bytes_unref);
    }
  g_assert_cmpuint (n_freed, ==, 1);
}

static void
test_queued_dropped (Fixture      *fixture,
                     gconstpointer unused)
{
  static const guint8 payload[MESSAGE_SIZE];
  guint n_freed = 0;

  attach_all (fixture);
  queue_for_all (fixture, payload, &n_freed);

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_assert_cmpuint (n_freed, ==, 0);
      detach (fixture, i);
      g_assert_cmpuint (fixture->clients[i]->n_messages, ==, 0);
    }
  g_assert_cmpuint (n_freed, ==, 1);
}

static gsize
heap_size (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

/* Sanitizers and valgrind bring an allocator of their own, which tells nothing about itself. */
static gboolean
heap_is_counted (void)
{
  gsize before = heap_size ();
  g_autofree guint8 *probe = g_malloc (MESSAGE_SIZE);

  return probe != NULL && heap_size () >= before + MESSAGE_SIZE;
}

static void
test_idle_cost (Fixture      *fixture,
                gconstpointer unused)
{
  g_autoptr (GBytes) message = make_message ();
  gsize before;
  gsize cost;

  /* What only the first of all costs is none of theirs: classes, and what the device reads into. */
  fixture->clients[0] = g_object_new (TEST_TYPE_KEEPER, NULL);
  attach (fixture, fixture->clients[0]);
  test_endpoint_feed_bytes (fixture->endpoint, message);
  test_settle ();
  detach (fixture, 0);
  g_assert_finalize_object (g_steal_pointer (&fixture->clients[0]));

  before = heap_size ();
  attach_all (fixture);
  test_settle ();
  cost = heap_size () - before;

  /* All but this one line also holds where the heap is not counted, and is run there. */
  if (heap_is_counted ())
    g_assert_cmpuint (cost / N_CLIENTS, <, MAX_IDLE_COST);
  else
    g_test_message ("The heap is not counted here, so what an idle client costs is not checked");

  /* They do idle, and are there. */
  g_assert_cmpuint (g_list_model_get_n_items (list_clients (fixture)), ==, N_CLIENTS);
  test_endpoint_feed_bytes (fixture->endpoint, message);
  test_settle ();
  for (guint i = 0; i < N_CLIENTS; i++)
    g_assert_cmpuint (fixture->clients[i]->n_messages, ==, 1);
}

static guint
keep_order (guint i)
{
  return i;
}

static guint
reverse_order (guint i)
{
  return N_CLIENTS - 1 - i;
}

/* The same in each run. */
static guint
shuffled_order (guint i)
{
  static guint order[N_CLIENTS];

  if (i == 0)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (SHUFFLE_SEED);

      for (guint k = 0; k < N_CLIENTS; k++)
        {
          guint other = (guint) g_rand_int_range (random, 0, (gint32) k + 1);

          order[k] = order[other];
          order[other] = k;
        }
    }

  return order[i];
}

/* Those that are left stand in the list in the order in which they came, and only they get what comes. */
static void
check_rest (Fixture    *fixture,
            guint       n_left,
            const char *text)
{
  GListModel *list = list_clients (fixture);
  guint n_found = 0;

  g_assert_cmpuint (g_list_model_get_n_items (list), ==, n_left);
  test_endpoint_feed (fixture->endpoint, text);
  test_settle ();
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      TestKeeper *client = fixture->clients[i];
      gboolean is_left = charflow_char_device_has_client (fixture->device, CHARFLOW_CLIENT (client));

      g_assert_cmpuint (client->n_messages, ==, is_left ? 1 : 0);
      g_assert_cmpuint (client->n_removals, ==, is_left ? 0 : 1);
      client->n_messages = 0;
      if (is_left)
        {
          g_autoptr (CharflowClient) in_list = g_list_model_get_item (list, n_found);

          g_assert_true (in_list == CHARFLOW_CLIENT (client));
          n_found++;
        }
    }
  g_assert_cmpuint (n_found, ==, n_left);
}

static void
test_removal (Fixture      *fixture,
              gconstpointer order)
{
  guint (*next) (guint i) = (guint (*) (guint)) order;
  guint n_changes = 0;

  attach_all (fixture);
  g_signal_connect_swapped (list_clients (fixture), "items-changed", G_CALLBACK (test_count_cb), &n_changes);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      if (i % (N_CLIENTS / 4) == 0)
        check_rest (fixture, N_CLIENTS - i, "to those who are left");
      detach (fixture, next (i));
      g_assert_false (charflow_char_device_detach_client (fixture->device,
                                                          CHARFLOW_CLIENT (fixture->clients[next (i)])));
    }
  check_rest (fixture, 0, "to nobody");
  g_assert_cmpuint (n_changes, ==, N_CLIENTS);

  /* The device holds none of them any more. */
  for (guint i = 0; i < N_CLIENTS; i++)
    g_assert_finalize_object (g_steal_pointer (&fixture->clients[i]));
  g_signal_handlers_disconnect_by_data (list_clients (fixture), &n_changes);
}

static void
count_message_cb (CharflowCharDevice *device,
                  CharflowClient     *target,
                  GBytes             *message,
                  guint              *n_messages)
{
  (*n_messages)++;
}

static void
test_tokens (Fixture      *fixture,
             gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  guint n_messages = 0;
  guint n_reads;

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      fixture->clients[i] = g_object_new (TEST_TYPE_KEEPER, "flow-control", TRUE, NULL);
      attach (fixture, fixture->clients[i]);
    }
  g_signal_connect (fixture->device, "message", G_CALLBACK (count_message_cb), &n_messages);
  n_reads = fixture->endpoint->n_reads;
  test_endpoint_feed (fixture->endpoint, "for a token");
  test_settle ();
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads);

  /* The first token lets it be read, once for all; each further one hands it over. */
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      CharflowClient *client = CHARFLOW_CLIENT (fixture->clients[i]);

      g_assert_true (charflow_char_device_add_send_tokens (fixture->device, client, 1, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (fixture->clients[i]->n_messages, ==, 1);
      g_assert_true (get_payload (fixture->clients[i]) == get_payload (fixture->clients[0]));
      g_assert_cmpuint (charflow_client_get_send_tokens_held (client), ==, 0);
    }
  g_assert_cmpuint (n_messages, ==, 1);
  g_assert_cmpuint (fixture->endpoint->n_reads, ==, n_reads + 1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, data, set_up, test) g_test_add (path, Fixture, data, set_up, test, teardown)
  ADD ("/many-clients/one-payload", NULL, setup, test_one_payload);
  ADD ("/many-clients/queued/held-once", NULL, setup_messages, test_queued_once);
  ADD ("/many-clients/queued/dropped-once", NULL, setup_messages, test_queued_dropped);
  ADD ("/many-clients/idle-cost", NULL, setup, test_idle_cost);
  ADD ("/many-clients/removal/first-to-last", keep_order, setup, test_removal);
  ADD ("/many-clients/removal/last-to-first", reverse_order, setup, test_removal);
  ADD ("/many-clients/removal/shuffled", shuffled_order, setup, test_removal);
  ADD ("/many-clients/tokens", NULL, setup, test_tokens);
#undef ADD

  return g_test_run ();
}

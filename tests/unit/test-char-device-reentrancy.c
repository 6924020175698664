/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-consumer.h"

/* Each signal meets each action: a handler of the former does the latter the first few times that it runs,
 * and in the end all objects are gone. */

#define MAX_RUNS 3

typedef struct
{
  CharflowCharDevice *device; /* NULL once it was dropped */
  TestEndpoint *endpoint;
  TestEndpoint *other;
  CharflowClient *first; /* with flow control */
  CharflowClient *second; /* without */
  CharflowClient *third; /* a lossy one that is not ready */
  CharflowClient *spare; /* not attached */
} World;

typedef enum
{
  OF_DEVICE,
  OF_FIRST,
  OF_SECOND,
  OF_THIRD,
  OF_LIST,
  OF_ENDPOINT,
} Emitter;

static const struct
{
  Emitter emitter;
  const char *name;
} emissions[] = {
  { OF_DEVICE, "read-ready" },
  { OF_DEVICE, "message" },
  { OF_DEVICE, "tokens-sent" },
  { OF_DEVICE, "remove-client" },
  { OF_DEVICE, "self-token-freed" },
  { OF_DEVICE, "event" },
  { OF_DEVICE, "backend-changed" },
  { OF_DEVICE, "backend-error" },
  { OF_DEVICE, "notify" },
  { OF_LIST, "items-changed" },
  { OF_ENDPOINT, "event" },
  { OF_ENDPOINT, "notify" },
  { OF_FIRST, "deliver" },
  { OF_FIRST, "tokens" },
  { OF_FIRST, "removed" },
  { OF_FIRST, "notify" },
  { OF_SECOND, "deliver" },
  { OF_SECOND, "writable" },
  { OF_SECOND, "removed" },
  { OF_SECOND, "notify" },
  { OF_THIRD, "deliver" },
  { OF_THIRD, "missed" },
  { OF_THIRD, "notify" },
};

static void
attach (World          *world,
        CharflowClient *client)
{
  if (world->device != NULL && charflow_client_get_device (client) == NULL)
    charflow_char_device_attach_client (world->device, client, NULL);
}

static void
write_for (World          *world,
           CharflowClient *client)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("from-handler", 12);

  if (world->device != NULL)
    charflow_char_device_write_bytes (world->device, client, bytes, NULL);
}

static void
detach_first (World *world)
{
  charflow_char_device_detach_client (world->device, world->first);
}

static void
detach_second (World *world)
{
  charflow_char_device_detach_client (world->device, world->second);
}

static void
detach_all (World *world)
{
  g_autoptr (CharflowCharDevice) device = g_object_ref (world->device);

  charflow_char_device_detach_client (device, world->first);
  charflow_char_device_detach_client (device, world->second);
  charflow_char_device_detach_client (device, world->third);
}

static void
attach_spare (World *world)
{
  attach (world, world->spare);
}

static void
attach_again (World *world)
{
  detach_all (world);
  attach (world, world->third);
  attach (world, world->second);
  attach (world, world->first);
}

static void
write_first (World *world)
{
  write_for (world, world->first);
}

static void
write_second (World *world)
{
  write_for (world, world->second);
}

static void
write_own (World *world)
{
  write_for (world, NULL);
}

static void
stop (World *world)
{
  charflow_char_device_stop (world->device);
}

static void
stop_and_start (World *world)
{
  g_autoptr (CharflowCharDevice) device = g_object_ref (world->device);

  charflow_char_device_stop (device);
  charflow_char_device_start (device);
}

static void
take_backend_away (World *world)
{
  charflow_char_device_set_backend (world->device, NULL, NULL);
}

static void
swap_backend (World *world)
{
  charflow_char_device_set_backend (world->device, CHARFLOW_BACKEND (world->other), NULL);
}

static void
swap_backend_twice (World *world)
{
  g_autoptr (CharflowCharDevice) device = g_object_ref (world->device);

  charflow_char_device_set_backend (device, CHARFLOW_BACKEND (world->other), NULL);
  charflow_char_device_set_backend (device, CHARFLOW_BACKEND (world->endpoint), NULL);
}

static void
close_backend (World *world)
{
  charflow_backend_close (CHARFLOW_BACKEND (world->endpoint));
}

static void
lose_other_side (World *world)
{
  charflow_backend_emit_event (CHARFLOW_BACKEND (world->endpoint), CHARFLOW_EVENT_CLOSED);
}

static void
reset (World *world)
{
  charflow_char_device_reset (world->device);
}

static void
wake_up (World *world)
{
  charflow_char_device_wakeup (world->device);
}

static void
grant (World *world)
{
  charflow_char_device_add_send_tokens (world->device, world->first, 1, NULL);
}

static void
make_unready (World *world)
{
  charflow_client_set_ready (world->first, FALSE);
  charflow_client_set_ready (world->second, FALSE);
}

static void
make_ready (World *world)
{
  charflow_client_set_ready (world->third, TRUE);
}

static void
drop_device (World *world)
{
  g_clear_object (&world->device);
}

static const struct
{
  const char *name;
  void (*run) (World *world);
} actions[] = {
  { "detach-one", detach_first },
  { "detach-another", detach_second },
  { "detach-all", detach_all },
  { "attach", attach_spare },
  { "attach-again", attach_again },
  { "write-for-one", write_first },
  { "write-for-another", write_second },
  { "write-of-its-own", write_own },
  { "stop", stop },
  { "stop-and-start", stop_and_start },
  { "take-back-end-away", take_backend_away },
  { "swap-back-end", swap_backend },
  { "swap-back-end-twice", swap_backend_twice },
  { "close-back-end", close_backend },
  { "lose-other-side", lose_other_side },
  { "reset", reset },
  { "wake-up", wake_up },
  { "grant", grant },
  { "not-ready", make_unready },
  { "ready", make_ready },
  { "drop-device", drop_device },
};

typedef struct
{
  World *world;
  guint n_runs;
  void (*run) (World *world);
} Handler;

/* It suits every signal; where one asks for an answer, it accepts. */
static void
handler_marshal (GClosure     *closure,
                 GValue       *result,
                 guint         n_params,
                 const GValue *params,
                 gpointer      hint,
                 gpointer      data)
{
  Handler *handler = closure->data;

  if (result != NULL && G_VALUE_HOLDS_BOOLEAN (result))
    g_value_set_boolean (result, TRUE);
  if (handler->world->device == NULL || handler->n_runs >= MAX_RUNS)
    return;

  handler->n_runs++;
  handler->run (handler->world);
}

static gpointer
find_emitter (World  *world,
              Emitter emitter)
{
  switch (emitter)
    {
    case OF_FIRST:
      return world->first;
    case OF_SECOND:
      return world->second;
    case OF_THIRD:
      return world->third;
    case OF_LIST:
      return charflow_char_device_get_clients (world->device);
    case OF_ENDPOINT:
      return world->endpoint;
    case OF_DEVICE:
    default:
      return world->device;
    }
}

static gpointer
watch (gpointer *objects,
       guint     i,
       gpointer  object)
{
  objects[i] = object;
  g_object_add_weak_pointer (object, &objects[i]);
  return object;
}

/* Everything of a device happens once here, so that every signal is emitted. */
static void
read_some (World *world)
{
  test_endpoint_feed (world->endpoint, "one");
  test_endpoint_feed (world->endpoint, "two");
  test_endpoint_feed (world->endpoint, "three");
  test_endpoint_feed (world->other, "other");
  test_settle ();
}

static void
write_some (World *world)
{
  world->endpoint->room = 2;
  write_for (world, world->first);
  write_for (world, world->second);
  write_for (world, world->second);
  write_for (world, NULL);
  world->endpoint->room = G_MAXSIZE;
  test_settle ();
}

static void
write_badly (World *world)
{
  world->endpoint->write_error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "Broken");
  write_for (world, NULL);
  test_settle ();
}

static void
become_ready (World *world)
{
  charflow_client_set_ready (world->third, TRUE);
  test_settle ();
}

static void
lose_and_come_back (World *world)
{
  charflow_backend_emit_event (CHARFLOW_BACKEND (world->endpoint), CHARFLOW_EVENT_CLOSED);
  charflow_backend_emit_event (CHARFLOW_BACKEND (world->endpoint), CHARFLOW_EVENT_OPENED);
  test_settle ();
}

static void
swap_back_and_forth (World *world)
{
  swap_backend_twice (world);
  test_settle ();
}

static void
write_too_often (World *world)
{
  world->endpoint->room = 0;
  for (guint i = 0; i < 8; i++)
    write_for (world, world->first);
  test_settle ();
}

static void (*const steps[]) (World *) = {
  read_some,
  write_some,
  become_ready,
  write_badly,
  stop_and_start,
  lose_and_come_back,
  swap_back_and_forth,
  write_too_often,
  detach_all,
};

static void
run_world (guint emission,
           guint action,
           guint *n_runs)
{
  gpointer objects[7];
  World world = { 0 };
  Handler handler = { &world, 0, actions[action].run };
  g_autoptr (GClosure) closure = g_closure_new_simple (sizeof (GClosure), &handler);
  g_autoptr (GObject) emitter = NULL;
  gulong id;

  world.endpoint = watch (objects, 0, test_endpoint_new ());
  world.other = watch (objects, 1, test_endpoint_new ());
  world.device = watch (objects, 2, test_device_new (world.endpoint, 1));
  world.first = watch (objects, 3, g_object_new (CHARFLOW_TYPE_CLIENT, "flow-control", TRUE,
                                                 "client-tokens", 3, "send-tokens", 5, NULL));
  world.second = watch (objects, 4, g_object_new (CHARFLOW_TYPE_CLIENT, "max-waiting-bytes", (guint64) 8, NULL));
  world.third = watch (objects, 5, g_object_new (CHARFLOW_TYPE_CLIENT, "max-queue-messages", 1,
                                                 "overflow", CHARFLOW_OVERFLOW_DROP, "ready", FALSE, NULL));
  world.spare = watch (objects, 6, charflow_client_new ());
  attach (&world, world.first);
  attach (&world, world.second);
  attach (&world, world.third);

  g_closure_ref (closure);
  g_closure_sink (closure);
  g_closure_set_marshal (closure, handler_marshal);
  emitter = g_object_ref (find_emitter (&world, emissions[emission].emitter));
  id = g_signal_connect_closure (emitter, emissions[emission].name, closure, FALSE);
  /* The device itself must be able to go. */
  if (emissions[emission].emitter == OF_DEVICE)
    g_clear_object (&emitter);

  for (guint i = 0; i < G_N_ELEMENTS (steps) && world.device != NULL; i++)
    steps[i] (&world);
  g_clear_object (&world.device);
  test_settle ();
  g_assert_null (objects[2]);

  if (emitter != NULL)
    g_signal_handler_disconnect (emitter, id);
  g_clear_object (&emitter);
  g_clear_object (&world.first);
  g_clear_object (&world.second);
  g_clear_object (&world.third);
  g_clear_object (&world.spare);
  g_clear_object (&world.endpoint);
  g_clear_object (&world.other);
  test_settle ();
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    g_assert_null (objects[i]);
  *n_runs += handler.n_runs;
}

static void
test_emission (gconstpointer data)
{
  guint emission = GPOINTER_TO_UINT (data);

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      guint n_runs = 0;

      g_test_message ("%s", actions[i].name);
      run_world (emission, i, &n_runs);
      g_assert_cmpuint (n_runs, >, 0);
    }
}

static void
add_emission (guint emission)
{
  static const char *const emitters[] = { "device", "one-client", "another-client", "lossy-client", "list",
                                          "back-end" };
  g_autofree char *path = g_strdup_printf ("/char-device/any-action-in-handler/%s-%s",
                                           emitters[emissions[emission].emitter],
                                           emissions[emission].name);

  g_test_add_data_func (path, GUINT_TO_POINTER (emission), test_emission);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (emissions); i++)
    add_emission (i);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "charflow-char-device-private.h"

#include "test-framer.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* A saved state from anybody. The first byte says how many clients wait for it, which of them have flow control and which
 * drop what they cannot take, and whether the device frames its messages. What is accepted can be saved and restored
 * again, and the device goes on until nothing is left. */

#define MAX_FUZZ_INPUT 16384
#define MAX_CLIENTS 3
#define MAX_TURNS 100000

enum
{
  CHOICE_FLOW_CONTROL = 1 << 2,
  CHOICE_DROPS = 1 << 3,
  CHOICE_FRAMES = 1 << 4,
  CHOICE_NAMES = 1 << 5,
  CHOICE_OTHER_LAST = 1 << 6,
};

/* A back end that takes so many bytes at a time, once it may, and gives a few. */

G_DECLARE_FINAL_TYPE (FuzzEndpoint, fuzz_endpoint, FUZZ, ENDPOINT, CharflowBackend)

struct _FuzzEndpoint
{
  CharflowBackend parent_instance;

  gboolean takes;
  guint n_to_read;
};

G_DEFINE_FINAL_TYPE (FuzzEndpoint, fuzz_endpoint, CHARFLOW_TYPE_BACKEND)

static void
fuzz_endpoint_open_async (CharflowBackend    *backend,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (backend, cancellable, callback, user_data);

  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  g_task_return_boolean (task, TRUE);
}

static gboolean
fuzz_endpoint_open_finish (CharflowBackend *backend,
                           GAsyncResult    *result,
                           GError         **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
fuzz_endpoint_close (CharflowBackend *backend)
{
}

static gssize
would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Not now");
  return -1;
}

static gssize
fuzz_endpoint_read (CharflowBackend *backend,
                    void            *buffer,
                    gsize            size,
                    GError         **error)
{
  FuzzEndpoint *self = FUZZ_ENDPOINT (backend);

  if (!self->takes || self->n_to_read == 0)
    return would_block (error);

  ((char *) buffer)[0] = self->n_to_read-- % 3 == 0 ? '.' : 'r';
  return 1;
}

static gssize
fuzz_endpoint_write (CharflowBackend *backend,
                     const guint8    *data,
                     gsize            size,
                     GError         **error)
{
  static guint8 taken[1000];

  if (!FUZZ_ENDPOINT (backend)->takes)
    return would_block (error);

  size = MIN (size, sizeof taken);
  memcpy (taken, data, size);
  return size;
}

static GSource *
fuzz_endpoint_create_source (CharflowBackend *backend,
                             GIOCondition     condition)
{
  return FUZZ_ENDPOINT (backend)->takes ? g_idle_source_new () : NULL;
}

static void
fuzz_endpoint_class_init (FuzzEndpointClass *klass)
{
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  backend_class->open_async = fuzz_endpoint_open_async;
  backend_class->open_finish = fuzz_endpoint_open_finish;
  backend_class->close = fuzz_endpoint_close;
  backend_class->read = fuzz_endpoint_read;
  backend_class->write = fuzz_endpoint_write;
  backend_class->create_source = fuzz_endpoint_create_source;
}

static void
fuzz_endpoint_init (FuzzEndpoint *self)
{
  self->n_to_read = 20;
}

static CharflowCharDevice *
new_device (guint8        choice,
            FuzzEndpoint *endpoint)
{
  GType type = (choice & CHOICE_FRAMES) != 0 ? TEST_TYPE_FRAMER : CHARFLOW_TYPE_CHAR_DEVICE;
  CharflowOverflow overflow = (choice & CHOICE_DROPS) != 0 ? CHARFLOW_OVERFLOW_DROP : CHARFLOW_OVERFLOW_PACE;
  CharflowCharDevice *device = g_object_new (type, "backend", endpoint, "client-tokens-interval", 5, "self-tokens", 10, NULL);

  for (guint i = 0; i < choice % (MAX_CLIENTS + 1); i++)
    {
      gboolean other = (choice & CHOICE_OTHER_LAST) != 0 && i > 0;
      g_autofree char *name = (choice & CHOICE_NAMES) != 0 ? g_strdup_printf ("c%u", i) : NULL;
      g_autoptr (CharflowClient) client = g_object_new (CHARFLOW_TYPE_CLIENT,
                                                        "name", name,
                                                        "flow-control", ((choice & CHOICE_FLOW_CONTROL) != 0) != other,
                                                        "ready", FALSE,
                                                        "overflow", overflow,
                                                        "wait-for-state", TRUE,
                                                        NULL);

      g_assert (charflow_char_device_attach_client (device, client, NULL));
    }
  charflow_char_device_start (device);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert (charflow_char_device_get_opened (device));

  return device;
}

/* Every client takes everything, and the program ends what it has begun. */
static void
run_to_the_end (CharflowCharDevice *device,
                FuzzEndpoint       *endpoint)
{
  g_autoptr (GBytes) end = g_bytes_new_static (".", 1);
  GListModel *clients = charflow_char_device_get_clients (device);
  guint n_waiting = 1;

  endpoint->takes = TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (clients); i++)
    {
      g_autoptr (CharflowClient) client = g_list_model_get_item (clients, i);

      charflow_client_set_ready (client, TRUE);
      charflow_char_device_set_send_tokens (device, client, G_MAXUINT, NULL);
      if (charflow_client_get_client_tokens_held (client) > 0 || !charflow_client_get_flow_control (client))
        charflow_char_device_write_bytes (device, client, end, NULL);
    }
  charflow_char_device_write_bytes (device, NULL, end, NULL);
  charflow_char_device_wakeup (device);
  for (guint n = 0; n < MAX_TURNS && n_waiting > 0; n++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_object_get (device, "waiting-messages", &n_waiting, NULL);
      /* Someone without a token cannot go on, and is removed in the end. */
      if (n_waiting > 0 && charflow_char_device_get_private (device)->write_queue.buffers.length == 0)
        break;
    }
  g_assert (charflow_char_device_get_private (device)->write_queue.buffers.length == 0);
}

static void
free_device (CharflowCharDevice *device)
{
  gpointer left = device;

  g_object_add_weak_pointer (G_OBJECT (device), &left);
  g_object_unref (device);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert (left == NULL);
}

/* The state of a device that took this one; NULL when it did not. */
static GBytes *
try_state (guint8  choice,
           GBytes *state)
{
  g_autoptr (FuzzEndpoint) endpoint = g_object_new (fuzz_endpoint_get_type (), NULL);
  CharflowCharDevice *device = new_device (choice, endpoint);
  g_autoptr (GError) error = NULL;
  GBytes *saved = NULL;

  if (charflow_char_device_restore_state (device, state, &error))
    {
      saved = charflow_char_device_save_state (device, &error);
      g_assert_no_error (error);
      run_to_the_end (device, endpoint);
    }
  else
    {
      g_assert (error != NULL);
    }
  free_device (device);

  return saved;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (GBytes) again = NULL;

  if (size == 0 || size > MAX_FUZZ_INPUT)
    return -1;

  state = g_bytes_new (data + 1, size - 1);
  saved = try_state (data[0], state);
  if (saved == NULL)
    return 0;

  again = try_state (data[0], saved);
  g_assert (again != NULL && g_bytes_equal (again, saved));
  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-framer.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (TestFramer, test_framer, CHARFLOW_TYPE_CHAR_DEVICE)

static void
run_hook (TestFramer *self)
{
  void (*hook) (gpointer data) = g_steal_pointer (&self->hook);

  if (hook != NULL)
    hook (self->hook_data);
}

static GBytes *
test_framer_read_message (CharflowCharDevice *device)
{
  GBytes *block;

  if (charflow_char_device_fill (device, 2) < 2)
    return NULL;

  block = charflow_char_device_read_bytes (device, 2);
  charflow_char_device_set_message_continues (device, ((const char *) g_bytes_get_data (block, NULL))[1] != '.');
  return block;
}

static GBytes *
test_framer_frame_message (CharflowCharDevice *device,
                           CharflowClient     *client,
                           GBytes             *message,
                           gboolean           *continues,
                           GError            **error)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);

  run_hook (TEST_FRAMER (device));
  if (size > 0 && text[0] == '!')
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_MESSAGE, "It is wrong");
      return NULL;
    }

  *continues = size > 0 && text[size - 1] == '+';
  if (size > 0 && text[0] == '-')
    return NULL;

  return g_bytes_new_from_bytes (message, 0, *continues ? size - 1 : size);
}

static void
test_framer_client_left (CharflowCharDevice *device,
                         CharflowClient     *client,
                         gboolean            cut)
{
  TestFramer *self = TEST_FRAMER (device);
  g_autoptr (GBytes) end = g_bytes_new_static ("#", 1);

  g_assert_false (charflow_char_device_has_client (device, client));
  g_string_append (self->calls, cut ? "<left cut>" : "<left>");
  if (cut && self->ends_cut)
    charflow_char_device_write_bytes (device, NULL, end, NULL);
}

static void
test_framer_peer_left (CharflowCharDevice *device)
{
  g_string_append (TEST_FRAMER (device)->calls, "<peer>");
}

static void
test_framer_framing_reset (CharflowCharDevice *device)
{
  g_string_append (TEST_FRAMER (device)->calls, "<reset>");
}

static GBytes *
test_framer_save_framing (CharflowCharDevice *device)
{
  TestFramer *self = TEST_FRAMER (device);

  run_hook (self);
  return self->framing == NULL ? NULL : g_bytes_new (self->framing, strlen (self->framing));
}

static gboolean
test_framer_restore_framing (CharflowCharDevice *device,
                             GBytes             *state,
                             GPtrArray          *clients,
                             GError            **error)
{
  TestFramer *self = TEST_FRAMER (device);
  g_autofree char *framing = NULL;

  run_hook (self);
  if (state == NULL)
    return TRUE;

  framing = g_strndup (g_bytes_get_data (state, NULL), g_bytes_get_size (state));
  if (g_str_equal (framing, "bad"))
    {
      g_set_error_literal (error, CHARFLOW_DEVICE_ERROR, CHARFLOW_DEVICE_ERROR_BAD_STATE, "The framing is bad");
      return FALSE;
    }

  g_free (self->framing);
  self->framing = g_steal_pointer (&framing);
  return TRUE;
}

static void
test_framer_finalize (GObject *object)
{
  TestFramer *self = TEST_FRAMER (object);

  g_string_free (self->calls, TRUE);
  g_free (self->framing);
  G_OBJECT_CLASS (test_framer_parent_class)->finalize (object);
}

static void
test_framer_class_init (TestFramerClass *klass)
{
  CharflowCharDeviceClass *device_class = CHARFLOW_CHAR_DEVICE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_framer_finalize;
  device_class->read_message = test_framer_read_message;
  device_class->frame_message = test_framer_frame_message;
  device_class->client_left = test_framer_client_left;
  device_class->peer_left = test_framer_peer_left;
  device_class->framing_reset = test_framer_framing_reset;
  device_class->save_framing = test_framer_save_framing;
  device_class->restore_framing = test_framer_restore_framing;
}

static void
test_framer_init (TestFramer *self)
{
  self->calls = g_string_new (NULL);
}

TestFramer *
test_framer_new (TestEndpoint *endpoint)
{
  TestFramer *self = g_object_new (TEST_TYPE_FRAMER, "backend", endpoint, "client-tokens-interval", 5, NULL);

  charflow_char_device_start (CHARFLOW_CHAR_DEVICE (self));
  test_wait_until (charflow_char_device_get_opened (CHARFLOW_CHAR_DEVICE (self)));
  test_settle ();

  return self;
}

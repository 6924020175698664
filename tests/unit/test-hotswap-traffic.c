/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "test-socket.h"

/* A device whose back end is changed all the time, between real ones, while everybody talks. */

#define N_SWAPS 1000
#define N_CLIENTS 3
#define RECORD_SIZE 8

/* The sides behind the back ends. The bytes of each have a bit that tells it from the other, since a client gets both. */
typedef struct
{
  GChecksum *sent;
  gsize n_sent;
  guint8 mark;
} Speaker;

typedef struct
{
  CharflowClient *client;
  GChecksum *received[2];
  gsize n_received[2];
  guint n_written;
  guint n_arrived; /* at any of the back ends, in order */
} Listener;

typedef struct
{
  CharflowBackend *pty;
  CharflowBackend *socket;
  CharflowBackend *ring;
  CharflowCharDevice *device;
  Speaker speakers[2];
  Listener listeners[N_CLIENTS];
  int slave;
  GSocket *peer;
  GByteArray *heard[3]; /* behind each back end; less than a record stays */
  guint n_removed;
  guint n_errors;
} Traffic;

static void
deliver_cb (CharflowClient     *client,
            CharflowCharDevice *device,
            GBytes             *bytes,
            Listener           *listener)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (bytes, &len);

  for (gsize i = 0; i < len; i++)
    {
      guint who = data[i] >> 7;

      g_checksum_update (listener->received[who], data + i, 1);
      listener->n_received[who]++;
    }
}

static void
open_slave (Traffic *self)
{
  struct termios modes;

  self->slave = open (charflow_pty_backend_get_slave_path (CHARFLOW_PTY_BACKEND (self->pty)), O_RDWR | O_NOCTTY | O_NONBLOCK);
  g_assert_cmpint (self->slave, >=, 0);
  g_assert_cmpint (tcgetattr (self->slave, &modes), ==, 0);
  cfmakeraw (&modes);
  g_assert_cmpint (tcsetattr (self->slave, TCSANOW, &modes), ==, 0);
}

static void
set_up (Traffic    *self,
        TestFolder *folder)
{
  self->pty = CHARFLOW_BACKEND (charflow_pty_backend_new (NULL));
  self->ring = CHARFLOW_BACKEND (charflow_ringbuf_backend_new (65536));
  g_assert_true (test_open_backend (self->pty, NULL));
  g_assert_true (test_open_backend (self->ring, NULL));
  self->socket = test_socket_make_server (folder);
  self->peer = test_socket_join (self->socket);
  open_slave (self);
  test_wait_until (charflow_backend_get_opened (self->pty) && charflow_backend_get_opened (self->socket));

  self->device = charflow_char_device_new (self->pty);
  g_signal_connect_swapped (self->device, "remove-client", G_CALLBACK (test_count_cb), &self->n_removed);
  g_signal_connect_swapped (self->device, "backend-error", G_CALLBACK (test_count_cb), &self->n_errors);
  for (guint i = 0; i < 2; i++)
    {
      self->speakers[i].sent = g_checksum_new (G_CHECKSUM_SHA256);
      self->speakers[i].mark = (guint8) (i << 7);
    }
  for (guint i = 0; i < 3; i++)
    self->heard[i] = g_byte_array_new ();
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      Listener *listener = &self->listeners[i];

      listener->client = charflow_client_new ();
      listener->received[0] = g_checksum_new (G_CHECKSUM_SHA256);
      listener->received[1] = g_checksum_new (G_CHECKSUM_SHA256);
      g_signal_connect (listener->client, "deliver", G_CALLBACK (deliver_cb), listener);
      g_assert_true (charflow_char_device_attach_client (self->device, listener->client, NULL));
    }
  charflow_char_device_start (self->device);
}

static void
tear_down (Traffic *self)
{
  g_assert_finalize_object (self->device);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_checksum_free (self->listeners[i].received[0]);
      g_checksum_free (self->listeners[i].received[1]);
      g_object_unref (self->listeners[i].client);
    }
  for (guint i = 0; i < 3; i++)
    g_byte_array_unref (self->heard[i]);
  for (guint i = 0; i < 2; i++)
    g_checksum_free (self->speakers[i].sent);
  close (self->slave);
  g_object_unref (self->peer);
  g_object_unref (self->pty);
  g_object_unref (self->socket);
  g_object_unref (self->ring);
}

/* As much as the other side takes now. */
static void
speak (Traffic *self,
       guint    who,
       gsize    size)
{
  Speaker *speaker = &self->speakers[who];
  guint8 data[256];
  gssize len;

  g_assert_cmpuint (size, <=, sizeof data);
  for (gsize i = 0; i < size; i++)
    data[i] = speaker->mark | ((speaker->n_sent + i) * 7 % 128);

  len = who == 0 ? write (self->slave, data, size) : g_socket_send (self->peer, (const char *) data, size, NULL, NULL);
  if (len <= 0)
    return;

  g_checksum_update (speaker->sent, data, len);
  speaker->n_sent += (gsize) len;
}

/* "A0000012": which client, and the number of its record. Those of one client come in order, wherever they come. */
static void
take_records (Traffic *self,
              guint    where)
{
  GByteArray *heard = self->heard[where];

  while (heard->len >= RECORD_SIZE)
    {
      g_autofree char *record = g_strndup ((const char *) heard->data, RECORD_SIZE);
      guint i = (guint) (record[0] - 'A');

      g_assert_cmpuint (i, <, N_CLIENTS);
      g_assert_cmpuint (g_ascii_strtoull (record + 1, NULL, 10), ==, self->listeners[i].n_arrived);
      self->listeners[i].n_arrived++;
      g_byte_array_remove_range (heard, 0, RECORD_SIZE);
    }
}

static void
hear (Traffic *self)
{
  g_autoptr (GBytes) kept = charflow_ringbuf_backend_take_bytes (CHARFLOW_RINGBUF_BACKEND (self->ring), 65536);
  guint8 data[4096];
  gssize len;

  while ((len = read (self->slave, data, sizeof data)) > 0)
    g_byte_array_append (self->heard[0], data, len);
  while ((len = g_socket_receive (self->peer, (char *) data, sizeof data, NULL, NULL)) > 0)
    g_byte_array_append (self->heard[1], data, len);
  g_byte_array_append (self->heard[2], g_bytes_get_data (kept, NULL), g_bytes_get_size (kept));

  for (guint i = 0; i < 3; i++)
    take_records (self, i);
}

static gboolean
has_all_arrived (Traffic *self)
{
  hear (self);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      if (self->listeners[i].n_arrived < self->listeners[i].n_written)
        return FALSE;
    }

  return TRUE;
}

static void
write_records (Traffic *self)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      Listener *listener = &self->listeners[i];
      g_autofree char *record = g_strdup_printf ("%c%07u", (char) ('A' + i), listener->n_written);
      g_autoptr (GBytes) bytes = g_bytes_new (record, RECORD_SIZE);
      g_autoptr (GError) error = NULL;

      g_assert_true (charflow_char_device_write_bytes (self->device, listener->client, bytes, &error));
      g_assert_no_error (error);
      listener->n_written++;
    }
}

static gboolean
is_all_delivered (Traffic *self,
                  guint    who)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      if (self->listeners[i].n_received[who] < self->speakers[who].n_sent)
        return FALSE;
    }

  return TRUE;
}

static void
set_backend (Traffic         *self,
             CharflowBackend *backend)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_char_device_set_backend (self->device, backend, &error));
  g_assert_no_error (error);
  g_assert_true (charflow_char_device_get_backend (self->device) == backend);
}

static void
test_traffic (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  Traffic self = { 0 };
  CharflowBackend *backends[3];

  set_up (&self, folder);
  backends[0] = self.pty;
  backends[1] = self.socket;
  backends[2] = self.ring;
  for (guint n = 0; n < N_SWAPS; n++)
    {
      speak (&self, n % 2, 1 + n % 97);
      write_records (&self);
      if (n % 3 != 0)
        g_main_context_iteration (NULL, FALSE);
      speak (&self, (n / 2) % 2, 1 + n % 31);

      /* What the old back end has taken is heard before the next one gets anything, so that the order can be told. */
      test_wait_until (has_all_arrived (&self));
      write_records (&self);
      set_backend (&self, backends[(n + 1) % 3]);
      test_wait_until (has_all_arrived (&self));
    }

  for (guint who = 0; who < 2; who++)
    {
      set_backend (&self, backends[who]);
      test_wait_until (is_all_delivered (&self, who));
      for (guint i = 0; i < N_CLIENTS; i++)
        {
          g_assert_cmpuint (self.listeners[i].n_received[who], ==, self.speakers[who].n_sent);
          g_assert_cmpstr (g_checksum_get_string (self.listeners[i].received[who]), ==,
                           g_checksum_get_string (self.speakers[who].sent));
        }
    }
  g_assert_cmpuint (self.listeners[0].n_arrived, ==, 2 * N_SWAPS);
  g_assert_cmpuint (self.speakers[0].n_sent, >, N_SWAPS);
  g_assert_cmpuint (self.speakers[1].n_sent, >, N_SWAPS);
  g_assert_cmpuint (self.n_removed, ==, 0);
  g_assert_cmpuint (self.n_errors, ==, 0);
  tear_down (&self);
}

/* A peer that does not read: the next back end goes on where this one stopped, in the middle of a message. */
static void
test_blocked (void)
{
  g_autoptr (TestFolder) folder = test_folder_new ();
  g_autoptr (GByteArray) sent = g_byte_array_new ();
  g_autoptr (GByteArray) got = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  Traffic self = { 0 };
  guint8 data[4096];
  gssize len;

  set_up (&self, folder);
  set_backend (&self, self.socket);
  for (guint i = 0; i < 1024 * 1024; i++)
    {
      guint8 byte = (guint8) (i * 31 >> 3);

      g_byte_array_append (sent, &byte, 1);
    }
  bytes = g_bytes_new (sent->data, sent->len);
  g_assert_true (charflow_char_device_write_bytes (self.device, NULL, bytes, NULL));
  set_backend (&self, self.pty);
  while ((len = g_socket_receive (self.peer, (char *) data, sizeof data, NULL, NULL)) > 0)
    g_byte_array_append (got, data, len);
  g_assert_cmpuint (got->len, >, 0);
  g_assert_cmpuint (got->len, <, sent->len);

  while (got->len < sent->len)
    {
      len = read (self.slave, data, sizeof data);
      if (len > 0)
        g_byte_array_append (got, data, len);
      else
        g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpmem (got->data, got->len, sent->data, sent->len);
  tear_down (&self);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hotswap-traffic/thousand-changes", test_traffic);
  g_test_add_func ("/hotswap-traffic/in-the-middle-of-a-message", test_blocked);

  return g_test_run ();
}

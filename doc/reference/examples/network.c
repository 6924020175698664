/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example.h"

#include <stdio.h>
#include <string.h>

/* A server and its client in one program. Each function has examples of the reference, and what shows what became of it. */

static gboolean opened, answered, attached, closed;

/* Something that SPICE has no channel for. */

#define CLOCK_TYPE_CHANNEL (clock_channel_get_type ())
G_DECLARE_FINAL_TYPE (ClockChannel, clock_channel, CLOCK, CHANNEL, CharflowServerChannel)

struct _ClockChannel
{
  CharflowServerChannel parent_instance;
};

G_DEFINE_FINAL_TYPE (ClockChannel, clock_channel, CHARFLOW_TYPE_SERVER_CHANNEL)

static void
clock_channel_client_attached (CharflowServerChannel *channel,
                               CharflowChannelClient *client)
{
  g_autoptr (GBytes) noon = g_bytes_new_static ("12:00", 5);

  charflow_channel_client_send_message (client, 101, noon);
}

static void
clock_channel_class_init (ClockChannelClass *klass)
{
  CHARFLOW_CHANNEL_CLASS (klass)->channel_type = 200;
  CHARFLOW_SERVER_CHANNEL_CLASS (klass)->client_attached = clock_channel_client_attached;
}

static void
clock_channel_init (ClockChannel *self)
{
}

/* The same at the client. */

#define CLOCK_TYPE_FACE (clock_face_get_type ())
G_DECLARE_FINAL_TYPE (ClockFace, clock_face, CLOCK, FACE, CharflowClientChannel)

struct _ClockFace
{
  CharflowClientChannel parent_instance;
};

G_DEFINE_FINAL_TYPE (ClockFace, clock_face, CHARFLOW_TYPE_CLIENT_CHANNEL)

static guint
clock_face_message_limit (CharflowClientChannel *channel,
                          guint                  type)
{
  return type == 101 ? 5 : 0; // at most so many bytes
}

static gboolean
clock_face_handle_message (CharflowClientChannel *channel,
                           guint                  type,
                           GBytes                *body,
                           GError               **error)
{
  g_print ("it is %.*s\n", (int) g_bytes_get_size (body), (const char *) g_bytes_get_data (body, NULL));
  attached = TRUE;
  return TRUE;
}

static void
clock_face_class_init (ClockFaceClass *klass)
{
  CHARFLOW_CHANNEL_CLASS (klass)->channel_type = 200;
  CHARFLOW_CLIENT_CHANNEL_CLASS (klass)->message_limit = clock_face_message_limit;
  CHARFLOW_CLIENT_CHANNEL_CLASS (klass)->handle_message = clock_face_handle_message;
}

static void
clock_face_init (ClockFace *self)
{
}

static CharflowServer *
make_server (char **real_uri)
{
  g_autoptr (CharflowBackend) backend = example_make ("loopback");
  g_autoptr (CharflowCharDevice) device = charflow_char_device_new (backend);

  charflow_char_device_start (device);

  g_autoptr (CharflowServer) server = charflow_server_new ();
  g_autoptr (GError) error = NULL;
  char *uri;

  charflow_server_set_password (server, "open sesame");
  uri = charflow_server_listen (server, "spice://127.0.0.1:0", &error); // 0 is a free port; uri has it
  if (uri == NULL)
    g_printerr ("%s\n", error->message);

  g_autoptr (CharflowServerPortChannel) port = charflow_server_port_channel_new ("org.example.echo.0", device);

  if (!charflow_server_add_channel (server, CHARFLOW_SERVER_CHANNEL (port), &error))
    g_printerr ("%s\n", error->message);

  g_autoptr (ClockChannel) channel = g_object_new (CLOCK_TYPE_CHANNEL, NULL);
  charflow_server_add_channel (server, CHARFLOW_SERVER_CHANNEL (channel), NULL);
  *real_uri = uri;
  return g_steal_pointer (&server);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  CharflowSession *session = CHARFLOW_SESSION (object);
  g_autoptr (GError) error = NULL;

  if (!charflow_session_open_finish (session, result, &error))
    g_printerr ("%s\n", error->message);
  else if (charflow_session_lookup_port (session, "org.example.echo.0") != NULL)
    g_print ("there is an echo\n");

  opened = TRUE;
}

static CharflowSession *
session (const char *uri,
         const char *password)
{
  g_autoptr (CharflowSession) session = charflow_session_new (uri);

  charflow_session_set_password (session, password);
  charflow_session_open_async (session, NULL, opened_cb, NULL);

  example_wait (&opened);
  return g_steal_pointer (&session);
}

static void
read_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  CharflowClientPortChannel *port = CHARFLOW_CLIENT_PORT_CHANNEL (object);
  g_autoptr (GBytes) bytes = charflow_client_port_channel_read_bytes_finish (port, result, NULL);

  if (bytes != NULL)
    g_print ("%.*s\n", (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));

  answered = TRUE;
}

static void
client_port_channel (CharflowSession *session)
{
  CharflowClientPortChannel *port = charflow_session_lookup_port (session, "org.example.echo.0");
  g_autoptr (GBytes) hello = g_bytes_new_static ("hello", 5);

  charflow_client_port_channel_write_bytes_async (port, hello, NULL, NULL, NULL);
  charflow_client_port_channel_read_bytes_async (port, 65536, NULL, read_cb, NULL);

  example_wait (&answered);
}

static void
channel (CharflowSession *session)
{
  GListModel *channels = charflow_session_get_channels (session);

  for (guint i = 0; i < g_list_model_get_n_items (channels); i++)
    {
      g_autoptr (CharflowChannel) channel = g_list_model_get_item (channels, i);
      g_autofree char *type = charflow_channel_get_type_name (channel);

      g_print ("%s %d\n", type, charflow_channel_get_channel_id (channel));
    }
}

static void
client_main_channel (CharflowSession *session)
{
  g_autoptr (CharflowClientChannel) channel = g_list_model_get_item (charflow_session_get_channels (session), 0);

  if (CHARFLOW_IS_CLIENT_MAIN_CHANNEL (channel) &&
      charflow_client_channel_get_state (channel) == CHARFLOW_CLIENT_STATE_OPEN)
    g_print ("session %s\n", charflow_session_get_session_id (session) != 0 ? "begun" : "lost");
}

static void
client_channel (CharflowSession *session)
{
  g_autoptr (ClockFace) face = g_object_new (CLOCK_TYPE_FACE, "channel-id", 0, "session", session, NULL);

  charflow_client_channel_open_async (CHARFLOW_CLIENT_CHANNEL (face), NULL, NULL, NULL);

  example_wait (&attached);
}

static void
server_channel (CharflowServer *server)
{
  CharflowServerChannel *channel = charflow_server_lookup_channel (server, 200, 0);
  GListModel *clients = charflow_server_channel_get_clients (channel);

  g_print ("%u here\n", g_list_model_get_n_items (clients));
}

static void
server_main_channel (CharflowServer *server)
{
  CharflowServerChannel *channel = charflow_server_lookup_channel (server, CHARFLOW_CHANNEL_TYPE_MAIN, 0);

  if (CHARFLOW_IS_SERVER_MAIN_CHANNEL (channel))
    g_print ("the server has made it\n");
}

static void
channel_client (CharflowServer *server)
{
  CharflowServerChannel *channel = charflow_server_lookup_channel (server, CHARFLOW_CHANNEL_TYPE_PORT, 0);
  g_autoptr (CharflowChannelClient) client = g_list_model_get_item (charflow_server_channel_get_clients (channel), 0);

  if (charflow_channel_client_get_queued_bytes (client) == 0)
    g_print ("it has got all\n");
}

static void
server_client (CharflowServer *server)
{
  GListModel *clients = charflow_server_get_clients (server);

  while (g_list_model_get_n_items (clients) > 0)
    {
      g_autoptr (CharflowServerClient) client = g_list_model_get_item (clients, 0);

      charflow_server_client_close (client); // with all of its channels
    }
}

static void
closed_cb (CharflowSession *session)
{
  closed = TRUE;
}

int
main (void)
{
  g_autofree char *uri = NULL;
  g_autoptr (CharflowServer) server = NULL;
  g_autoptr (CharflowSession) a_session = NULL;

  example_begin ();
  server = make_server (&uri);
  a_session = session (uri, "open sesame");
  g_signal_connect (a_session, "closed", G_CALLBACK (closed_cb), NULL);
  client_port_channel (a_session);
  channel (a_session);
  client_main_channel (a_session);
  client_channel (a_session);
  server_channel (server);
  server_main_channel (server);
  channel_client (server);
  server_client (server);
  example_wait (&closed);
  g_print ("closed\n");

  return 0;
}

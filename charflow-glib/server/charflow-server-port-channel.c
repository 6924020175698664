/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-server-port-channel.h"

#include <glib/gi18n-lib.h>
#include <spice/enums.h>
#include <string.h>

#include "charflow-channel-client-private.h"
#include "charflow-enum-types.h"
#include "charflow-port-client-private.h"
#include "charflow-server-channel-private.h"
#include "charflow-wire-writer-private.h"

/**
 * SECTION:charflow-server-port-channel
 * @title: CharflowServerPortChannel
 * @short_description: a named byte stream, at the server's end
 *
 * A #CharflowServerPortChannel puts a #CharflowCharDevice on the network under a name. Each client that
 * links to it becomes a client of the device: all get what the device says, and what each writes goes to
 * the device, in pieces of at most 64 KiB as it comes. A client has at most 256 KiB on the way to the
 * device, and about as much twice on its way from it; what is more waits in its socket, or in the device.
 *
 * Clients are told when the other side of the device comes and goes. The names of ports are by convention
 * reversed host names with a number, such as `org.example.console.0`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowServerPortChannel) port = charflow_server_port_channel_new ("org.example.echo.0", device);
 *
 * if (!charflow_server_add_channel (server, CHARFLOW_SERVER_CHANNEL (port), &error))
 *   g_printerr ("%s\n", error->message);
 * ]|
 */

/**
 * CharflowServerPortChannel:
 *
 * A named byte stream, at the server's end.
 *
 * Since: 1.0
 */

/* The fixed part of PORT_INIT: size and place of the name, and whether it is opened. */
#define PORT_INIT_SIZE 9
/* PORT_EVENT has one byte; longer ones are cut, as at SPICE's server. */
#define MAX_EVENT_SIZE 64
#define DEFAULT_STALL_TIME_MS 5000

struct _CharflowServerPortChannel
{
  CharflowServerChannel parent_instance;

  char *port_name;
  CharflowCharDevice *device;
  CharflowOverflow overflow;
  guint stall_time_ms;
  gboolean read_only;
};

G_DEFINE_FINAL_TYPE (CharflowServerPortChannel, charflow_server_port_channel, CHARFLOW_TYPE_SERVER_CHANNEL)

typedef enum
{
  PROP_PORT_NAME = 1,
  PROP_DEVICE,
  PROP_OVERFLOW,
  PROP_STALL_TIME,
  PROP_READ_ONLY,
} CharflowServerPortChannelProperty;

static GParamSpec *props[PROP_READ_ONLY + 1];

static void
send_init (CharflowServerPortChannel *self,
           CharflowChannelClient     *client)
{
  CharflowWireWriter *writer = charflow_wire_writer_new ();
  gsize size = strlen (self->port_name) + 1;
  g_autoptr (GBytes) body = NULL;

  charflow_wire_writer_u32 (writer, size);
  charflow_wire_writer_u32 (writer, PORT_INIT_SIZE);
  charflow_wire_writer_u8 (writer, self->device != NULL && charflow_char_device_get_opened (self->device));
  charflow_wire_writer_bytes (writer, self->port_name, size);
  body = charflow_wire_writer_finish (writer);
  charflow_channel_client_send_message (client, SPICE_MSG_PORT_INIT, body);
}

static void
charflow_server_port_channel_client_attached (CharflowServerChannel *channel,
                                              CharflowChannelClient *client)
{
  CharflowServerPortChannel *self = CHARFLOW_SERVER_PORT_CHANNEL (channel);
  CharflowPortClient *port_client =
    charflow_port_client_new (client, self->overflow, self->stall_time_ms, self->read_only);

  send_init (self, client);
  charflow_channel_client_set_companion (client, port_client);
  if (self->device != NULL)
    charflow_char_device_attach_client (self->device, CHARFLOW_CLIENT (port_client), NULL);
}

static void
charflow_server_port_channel_client_detached (CharflowServerChannel *channel,
                                              CharflowChannelClient *client)
{
  CharflowServerPortChannel *self = CHARFLOW_SERVER_PORT_CHANNEL (channel);
  g_autoptr (CharflowPortClient) port_client = charflow_channel_client_get_companion (client);

  charflow_channel_client_set_companion (client, NULL);
  if (self->device != NULL && port_client != NULL)
    charflow_char_device_detach_client (self->device, CHARFLOW_CLIENT (port_client));
}

static guint
charflow_server_port_channel_message_limit (CharflowServerChannel *channel,
                                            CharflowChannelClient *client,
                                            guint                  type)
{
  return type == SPICE_MSGC_PORT_EVENT ? MAX_EVENT_SIZE : 0;
}

static gboolean
charflow_server_port_channel_handle_message (CharflowServerChannel *channel,
                                             CharflowChannelClient *client,
                                             guint                  type,
                                             GBytes                *body,
                                             GError               **error)
{
  if (g_bytes_get_size (body) == 0)
    {
      g_set_error_literal (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                           _("A port event without an event"));
      return FALSE;
    }

  /* No back end can send a break yet; opened and closed are the device's to say. */
  return TRUE;
}

static gboolean
takes_pieces (CharflowServerChannel *channel,
              guint                  type)
{
  return type == SPICE_MSGC_SPICEVMC_DATA;
}

static guint8 *
begin_piece (CharflowServerChannel *channel,
             CharflowChannelClient *client,
             gsize                  wanted,
             gsize                  available,
             gsize                 *capacity)
{
  static guint8 waste[CHARFLOW_CONNECTION_MAX_PIECE];
  CharflowPortClient *port_client = charflow_channel_client_get_companion (client);

  /* What a client that may only read writes has no effect. */
  if (port_client == NULL || charflow_client_get_read_only (CHARFLOW_CLIENT (port_client)))
    {
      *capacity = sizeof waste;
      return waste;
    }

  return charflow_port_client_begin_piece (port_client, wanted, available, capacity);
}

static void
end_piece (CharflowServerChannel *channel,
           CharflowChannelClient *client,
           gsize                  filled)
{
  CharflowPortClient *port_client = charflow_channel_client_get_companion (client);

  if (port_client != NULL)
    charflow_port_client_end_piece (port_client, filled);
}

static void
end_batch (CharflowServerChannel *channel,
           CharflowChannelClient *client)
{
  CharflowPortClient *port_client = charflow_channel_client_get_companion (client);

  if (port_client != NULL)
    charflow_port_client_end_batch (port_client);
}

static void
sent (CharflowServerChannel *channel,
      CharflowChannelClient *client)
{
  CharflowPortClient *port_client = charflow_channel_client_get_companion (client);

  if (port_client != NULL)
    charflow_port_client_note_sent (port_client);
}

static gboolean
hold (CharflowServerChannel *channel,
      CharflowChannelClient *client)
{
  CharflowPortClient *port_client = charflow_channel_client_get_companion (client);

  return port_client != NULL && charflow_port_client_hold (port_client);
}

static const CharflowServerChannelHooks hooks = {
  .takes_pieces = takes_pieces,
  .begin_piece = begin_piece,
  .end_piece = end_piece,
  .end_batch = end_batch,
  .sent = sent,
  .hold = hold,
};

static void
event_cb (CharflowServerPortChannel *self,
          CharflowEvent              event)
{
  GListModel *clients = charflow_server_channel_get_clients (CHARFLOW_SERVER_CHANNEL (self));

  /* SPICE has no other events than these. */
  if (event > CHARFLOW_EVENT_BREAK)
    return;

  for (guint i = g_list_model_get_n_items (clients); i > 0; i--)
    {
      g_autoptr (CharflowChannelClient) client = g_list_model_get_item (clients, i - 1);
      CharflowPortClient *port_client = client != NULL ? charflow_channel_client_get_companion (client) : NULL;

      if (port_client != NULL)
        charflow_port_client_send_event (port_client, (guint8) event);
    }
}

static void
charflow_server_port_channel_constructed (GObject *object)
{
  CharflowServerPortChannel *self = CHARFLOW_SERVER_PORT_CHANNEL (object);

  G_OBJECT_CLASS (charflow_server_port_channel_parent_class)->constructed (object);
  if (self->port_name == NULL)
    self->port_name = g_strdup ("");
  if (self->device != NULL)
    g_signal_connect_object (self->device, "event", G_CALLBACK (event_cb), self, G_CONNECT_SWAPPED);
}

static void
charflow_server_port_channel_get_property (GObject    *object,
                                           guint       prop_id,
                                           GValue     *value,
                                           GParamSpec *pspec)
{
  CharflowServerPortChannel *self = CHARFLOW_SERVER_PORT_CHANNEL (object);

  switch ((CharflowServerPortChannelProperty) prop_id)
    {
    case PROP_PORT_NAME:
      g_value_set_string (value, self->port_name);
      break;
    case PROP_DEVICE:
      g_value_set_object (value, self->device);
      break;
    case PROP_OVERFLOW:
      g_value_set_enum (value, self->overflow);
      break;
    case PROP_STALL_TIME:
      g_value_set_uint (value, self->stall_time_ms);
      break;
    case PROP_READ_ONLY:
      g_value_set_boolean (value, self->read_only);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_server_port_channel_set_property (GObject      *object,
                                           guint         prop_id,
                                           const GValue *value,
                                           GParamSpec   *pspec)
{
  CharflowServerPortChannel *self = CHARFLOW_SERVER_PORT_CHANNEL (object);

  switch ((CharflowServerPortChannelProperty) prop_id)
    {
    case PROP_PORT_NAME:
      self->port_name = g_value_dup_string (value);
      break;
    case PROP_DEVICE:
      self->device = g_value_dup_object (value);
      break;
    case PROP_OVERFLOW:
      self->overflow = g_value_get_enum (value);
      break;
    case PROP_STALL_TIME:
      self->stall_time_ms = g_value_get_uint (value);
      break;
    case PROP_READ_ONLY:
      self->read_only = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_server_port_channel_finalize (GObject *object)
{
  CharflowServerPortChannel *self = CHARFLOW_SERVER_PORT_CHANNEL (object);

  g_clear_object (&self->device);
  g_clear_pointer (&self->port_name, g_free);
  G_OBJECT_CLASS (charflow_server_port_channel_parent_class)->finalize (object);
}

static void
charflow_server_port_channel_class_init (CharflowServerPortChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowServerChannelClass *channel_class = CHARFLOW_SERVER_CHANNEL_CLASS (klass);
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->constructed = charflow_server_port_channel_constructed;
  object_class->get_property = charflow_server_port_channel_get_property;
  object_class->set_property = charflow_server_port_channel_set_property;
  object_class->finalize = charflow_server_port_channel_finalize;
  channel_class->client_attached = charflow_server_port_channel_client_attached;
  channel_class->client_detached = charflow_server_port_channel_client_detached;
  channel_class->message_limit = charflow_server_port_channel_message_limit;
  channel_class->handle_message = charflow_server_port_channel_handle_message;
  channel_class->hooks = &hooks;
  CHARFLOW_CHANNEL_CLASS (klass)->channel_type = CHARFLOW_CHANNEL_TYPE_PORT;

  /**
   * CharflowServerPortChannel:port-name:
   *
   * The name that clients know the port by.
   *
   * Since: 1.0
   */
  props[PROP_PORT_NAME] = g_param_spec_string ("port-name", NULL, "The name of the port", "", construct);

  /**
   * CharflowServerPortChannel:device:
   *
   * The device behind the port.
   *
   * Since: 1.0
   */
  props[PROP_DEVICE] =
    g_param_spec_object ("device", NULL, "The device behind the port", CHARFLOW_TYPE_CHAR_DEVICE, construct);

  /**
   * CharflowServerPortChannel:overflow:
   *
   * The #CharflowClient:overflow of its clients.
   *
   * Since: 1.0
   */
  props[PROP_OVERFLOW] =
    g_param_spec_enum ("overflow", NULL, "What happens when a client's queue is full",
                       CHARFLOW_TYPE_OVERFLOW, CHARFLOW_OVERFLOW_PACE, construct);

  /**
   * CharflowServerPortChannel:stall-time:
   *
   * The #CharflowClient:stall-time of its clients, in milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_STALL_TIME] =
    g_param_spec_uint ("stall-time", NULL, "Milliseconds that a client may hold up the device",
                       0, G_MAXUINT, DEFAULT_STALL_TIME_MS, construct);

  /**
   * CharflowServerPortChannel:read-only:
   *
   * Whether what its clients write has no effect.
   *
   * Since: 1.0
   */
  props[PROP_READ_ONLY] =
    g_param_spec_boolean ("read-only", NULL, "Whether clients may only read", FALSE, construct);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_server_port_channel_init (CharflowServerPortChannel *self)
{
}

/**
 * charflow_server_port_channel_new:
 * @port_name: the name that clients know the port by
 * @device: the device behind the port
 *
 * Makes a port for a device.
 *
 * Returns: (transfer full): a new channel
 *
 * Since: 1.0
 */
CharflowServerPortChannel *
charflow_server_port_channel_new (const char         *port_name,
                                  CharflowCharDevice *device)
{
  return g_object_new (CHARFLOW_TYPE_SERVER_PORT_CHANNEL,
                       "port-name", port_name,
                       "device", device,
                       NULL);
}

/**
 * charflow_server_port_channel_get_port_name:
 * @self: a port
 *
 * Tells the name that clients know the port by.
 *
 * Returns: the value of #CharflowServerPortChannel:port-name
 *
 * Since: 1.0
 */
const char *
charflow_server_port_channel_get_port_name (CharflowServerPortChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER_PORT_CHANNEL (self), NULL);

  return self->port_name;
}

/**
 * charflow_server_port_channel_get_device:
 * @self: a port
 *
 * Gets the device behind the port.
 *
 * Returns: (transfer none) (nullable): the device
 *
 * Since: 1.0
 */
CharflowCharDevice *
charflow_server_port_channel_get_device (CharflowServerPortChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERVER_PORT_CHANNEL (self), NULL);

  return self->device;
}

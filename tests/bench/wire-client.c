/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire-client.h"

#include "bench-util.h"
#include "wire-link.h"

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <spice/enums.h>
#include <spice/protocol.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE (256 * 1024)
#define HEADER_SIZE sizeof (SpiceMiniDataHeader)

/* Of a message that is not data no more is looked at than this; a list of 256 channels fits. */
#define CONTROL_SIZE 1024

/* After so many reads in a row MAIN gets a turn, also when the port never runs dry. */
#define READS_PER_TURN 32

typedef struct
{
  const char *name;
  int fd;
  bool framed;
  uint16_t data_type; /* the message that is handed on piece by piece; 0 for none */

  uint8_t *in;
  size_t in_start;
  size_t in_end;
  uint64_t data_left;
  uint64_t skip_left;

  uint8_t *out; /* whole messages only, so that a PONG never lands inside one */
  size_t out_start;
  size_t out_end;

  uint32_t ack_window;
  uint32_t n_unacked;
} Stream;

typedef struct
{
  uint16_t type;
  const uint8_t *body;
  size_t size;
} Message;

struct WireClient
{
  Stream *main; /* NULL for a plain stream */
  Stream *port;
  unsigned n_reads;

  uint32_t session_id;
  bool has_session;
  uint8_t port_ids[256];
  size_t n_ports;
  bool has_channels;

  char *found_name; /* of the port linked last, once it has told */
  bool opened;
};

static Stream *
stream_new (const char *name,
            int         fd,
            uint16_t    data_type)
{
  Stream *stream = calloc (1, sizeof *stream);

  if (stream == NULL)
    errx (1, "out of memory");

  stream->name = name;
  stream->fd = fd;
  stream->framed = true;
  stream->data_type = data_type;
  stream->in = malloc (BUFFER_SIZE);
  stream->out = malloc (BUFFER_SIZE);
  if (stream->in == NULL || stream->out == NULL)
    errx (1, "out of memory");

  return stream;
}

static void
stream_free (Stream *stream)
{
  if (stream == NULL)
    return;

  close (stream->fd);
  free (stream->in);
  free (stream->out);
  free (stream);
}

/* Reads once, without waiting: false when nothing was there. */
static bool
stream_fill (Stream *stream)
{
  ssize_t n;

  if (stream->in_start > 0)
    {
      memmove (stream->in, stream->in + stream->in_start, stream->in_end - stream->in_start);
      stream->in_end -= stream->in_start;
      stream->in_start = 0;
    }

  n = recv (stream->fd, stream->in + stream->in_end, BUFFER_SIZE - stream->in_end, MSG_DONTWAIT);
  if (n == 0)
    errx (1, "the server closed %s", stream->name);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    err (1, "could not read from %s", stream->name);
  if (n < 0)
    return false;

  stream->in_end += (size_t) n;
  return true;
}

/* Sends what it can without waiting: true once nothing is left. */
static bool
stream_try_flush (Stream *stream)
{
  while (stream->out_start < stream->out_end)
    {
      ssize_t n = send (stream->fd, stream->out + stream->out_start,
                        stream->out_end - stream->out_start, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EAGAIN)
        return false;
      if (n < 0)
        err (1, "could not write to %s", stream->name);

      stream->out_start += (size_t) n;
    }

  stream->out_start = 0;
  stream->out_end = 0;
  return true;
}

static bool
stream_has_room (Stream *stream,
                 size_t  size)
{
  return size + HEADER_SIZE <= BUFFER_SIZE - stream->out_end;
}

static void
stream_append (Stream     *stream,
               uint16_t    type,
               const void *body,
               size_t      size)
{
  if (!stream_has_room (stream, size))
    errx (1, "no room for a message of %zu bytes on %s", size, stream->name);

  if (stream->framed)
    {
      SpiceMiniDataHeader header = { .type = htole16 (type), .size = htole32 ((uint32_t) size) };

      memcpy (stream->out + stream->out_end, &header, HEADER_SIZE);
      stream->out_end += HEADER_SIZE;
    }

  memcpy (stream->out + stream->out_end, body, size);
  stream->out_end += size;
}

static void
stream_count_ack (Stream *stream)
{
  if (stream->ack_window == 0 || ++stream->n_unacked < stream->ack_window)
    return;

  stream->n_unacked = 0;
  stream_append (stream, SPICE_MSGC_ACK, "", 0);
  stream_try_flush (stream);
}

static bool
stream_take_data (Stream  *stream,
                  size_t   n_max,
                  Message *message)
{
  size_t n = stream->in_end - stream->in_start;

  if (n > n_max)
    n = n_max;
  if (n == 0)
    return false;

  message->type = stream->data_type;
  message->body = stream->in + stream->in_start;
  message->size = n;
  stream->in_start += n;
  return true;
}

/* The next message, or piece of a data message, of what has been read; its body lasts until the
 * next stream_fill(). */
static bool
stream_parse (Stream  *stream,
              Message *message)
{
  size_t have = stream->in_end - stream->in_start;
  size_t skip = have < stream->skip_left ? have : (size_t) stream->skip_left;
  const uint8_t *header;
  uint32_t size;
  uint32_t head;

  if (!stream->framed)
    return stream_take_data (stream, have, message);

  stream->in_start += skip;
  stream->skip_left -= skip;
  have -= skip;
  if (stream->data_left > 0)
    {
      if (!stream_take_data (stream, (size_t) stream->data_left, message))
        return false;

      stream->data_left -= message->size;
      return true;
    }

  if (have < HEADER_SIZE)
    return false;

  header = stream->in + stream->in_start;
  size = get_u32 (header + 2);
  if (stream->data_type != 0 && get_u16 (header) == stream->data_type)
    {
      stream->in_start += HEADER_SIZE;
      stream->data_left = size;
      stream_count_ack (stream);
      return stream_parse (stream, message);
    }

  head = size < CONTROL_SIZE ? size : CONTROL_SIZE;
  if (have < HEADER_SIZE + head)
    return false;

  message->type = get_u16 (header);
  message->body = header + HEADER_SIZE;
  message->size = head;
  stream->in_start += HEADER_SIZE + head;
  stream->skip_left = size - head;
  stream_count_ack (stream);
  return true;
}

static void
stream_handle_common (Stream        *stream,
                      const Message *message)
{
  if (message->type == SPICE_MSG_PING && message->size >= 12)
    {
      stream_append (stream, SPICE_MSGC_PONG, message->body, 12);
    }
  else if (message->type == SPICE_MSG_SET_ACK && message->size >= 8)
    {
      stream->ack_window = get_u32 (message->body + 4);
      stream->n_unacked = 0;
      stream_append (stream, SPICE_MSGC_ACK_SYNC, message->body, 4);
    }

  stream_try_flush (stream);
}

static void
handle_channels_list (WireClient    *client,
                      const Message *message)
{
  uint32_t n = get_u32 (message->body);

  if (n > (message->size - 4) / 2)
    errx (1, "a list of %u channels in %zu bytes", n, message->size);

  for (uint32_t i = 0; i < n && client->n_ports < sizeof client->port_ids; i++)
    {
      const uint8_t *channel = message->body + 4 + 2 * i;

      if (channel[0] == SPICE_CHANNEL_PORT)
        client->port_ids[client->n_ports++] = channel[1];
    }

  client->has_channels = true;
}

static void
service_main (WireClient *client)
{
  Message message;

  if (client->main == NULL)
    return;

  stream_try_flush (client->main);
  while (stream_fill (client->main))
    {
      while (stream_parse (client->main, &message))
        {
          if (message.type == SPICE_MSG_MAIN_INIT && message.size >= 4)
            {
              client->session_id = get_u32 (message.body);
              client->has_session = true;
            }
          else if (message.type == SPICE_MSG_MAIN_CHANNELS_LIST && message.size >= 4)
            {
              handle_channels_list (client, &message);
            }
          else
            {
              stream_handle_common (client->main, &message);
            }
        }
    }
}

/* Waits for @events on @fd, and serves MAIN as long as it takes. */
static void
wait_for (WireClient *client,
          int         fd,
          short       events)
{
  struct pollfd fds[2] = {
    { .fd = fd, .events = events },
    { .fd = client->main != NULL ? client->main->fd : -1, .events = POLLIN },
  };

  do
    {
      if (poll (fds, 2, -1) < 0 && errno != EINTR)
        err (1, "could not poll");
      if (fds[1].revents != 0 && fds[1].fd != fd)
        service_main (client);
    }
  while (fds[0].revents == 0);
}

static void
handle_port_message (WireClient    *client,
                     const Message *message)
{
  if (message->type == SPICE_MSG_PORT_INIT && message->size >= 9)
    {
      uint32_t name_size = get_u32 (message->body);
      uint32_t name_offset = get_u32 (message->body + 4);

      if (name_offset > message->size || name_size > message->size - name_offset)
        errx (1, "a port's name lies outside its message");

      free (client->found_name);
      client->found_name = strndup ((const char *) message->body + name_offset, name_size);
      client->opened = message->body[8] != 0;
    }
  else if (message->type == SPICE_MSG_PORT_EVENT && message->size >= 1)
    {
      if (message->body[0] == SPICE_PORT_EVENT_OPENED)
        client->opened = true;
      else if (message->body[0] == SPICE_PORT_EVENT_CLOSED)
        errx (1, "the port closed");
    }
  else
    {
      stream_handle_common (client->port, message);
    }
}

static void
read_port (WireClient *client)
{
  if (++client->n_reads % READS_PER_TURN == 0)
    service_main (client);
  if (!stream_fill (client->port))
    wait_for (client, client->port->fd, POLLIN);
}

static void
read_port_control (WireClient *client)
{
  Message message;

  read_port (client);
  while (stream_parse (client->port, &message))
    {
      if (message.type == SPICE_MSG_SPICEVMC_DATA)
        errx (1, "the port sent data that nobody asked for");
      handle_port_message (client, &message);
    }
}

/* A port's name is known only once it is linked, so each is tried in turn. */
static void
find_port (WireClient *client,
           const char *host,
           const char *port,
           const char *password,
           const char *port_name)
{
  for (size_t i = 0; i < client->n_ports; i++)
    {
      int fd = wire_link_channel (host, port, password, client->session_id,
                                  SPICE_CHANNEL_PORT, client->port_ids[i]);

      client->port = stream_new ("the port", fd, SPICE_MSG_SPICEVMC_DATA);
      while (client->found_name == NULL)
        read_port_control (client);
      if (strcmp (client->found_name, port_name) == 0)
        return;

      stream_free (client->port);
      client->port = NULL;
      free (client->found_name);
      client->found_name = NULL;
    }

  errx (1, "the server has no port '%s'", port_name);
}

WireClient *
wire_client_new_spice (const char *host,
                       const char *port,
                       const char *password,
                       const char *port_name)
{
  WireClient *client = calloc (1, sizeof *client);

  if (client == NULL)
    errx (1, "out of memory");

  client->main = stream_new ("the main channel",
                             wire_link_channel (host, port, password, 0, SPICE_CHANNEL_MAIN, 0), 0);
  while (!client->has_session)
    {
      wait_for (client, client->main->fd, POLLIN);
      service_main (client);
    }

  stream_append (client->main, SPICE_MSGC_MAIN_ATTACH_CHANNELS, "", 0);
  service_main (client);
  while (!client->has_channels)
    {
      wait_for (client, client->main->fd, POLLIN);
      service_main (client);
    }

  find_port (client, host, port, password, port_name);
  while (!client->opened)
    read_port_control (client);

  return client;
}

WireClient *
wire_client_new_plain (const char *host,
                       const char *port)
{
  WireClient *client = calloc (1, sizeof *client);

  if (client == NULL)
    errx (1, "out of memory");

  client->port = stream_new ("the stream", wire_connect (host, port), SPICE_MSG_SPICEVMC_DATA);
  client->port->framed = false;

  return client;
}

void
wire_client_free (WireClient *client)
{
  stream_free (client->port);
  stream_free (client->main);
  free (client->found_name);
  free (client);
}

size_t
wire_client_read (WireClient     *client,
                  const uint8_t **data)
{
  Message message;

  while (true)
    {
      while (stream_parse (client->port, &message))
        {
          if (message.type == SPICE_MSG_SPICEVMC_DATA)
            {
              *data = message.body;
              return message.size;
            }

          handle_port_message (client, &message);
        }

      read_port (client);
    }
}

void
wire_client_write (WireClient    *client,
                   const uint8_t *data,
                   size_t         size)
{
  if (!stream_has_room (client->port, size))
    wire_client_flush (client);

  stream_append (client->port, SPICE_MSGC_SPICEVMC_DATA, data, size);
}

void
wire_client_flush (WireClient *client)
{
  while (!stream_try_flush (client->port))
    wait_for (client, client->port->fd, POLLOUT);
}

void
wire_client_wait_for_fd (WireClient *client,
                         int         fd)
{
  wait_for (client, fd, POLLIN);
}

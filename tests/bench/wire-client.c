/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire-client.h"

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <poll.h>
#include <spice/enums.h>
#include <spice/protocol.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE (256 * 1024)
#define HEADER_SIZE sizeof (SpiceMiniDataHeader)

/* Of a message that is not data no more is looked at than this; a channel list of 256 channels fits. */
#define CONTROL_SIZE 1024

/* The longest capability words that a link reply may claim, as the SPICE server bounds them for clients. */
#define LINK_SIZE_MAX 4096

#define CAPABILITIES ((1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION) | (1u << SPICE_COMMON_CAP_AUTH_SPICE) | \
                      (1u << SPICE_COMMON_CAP_MINI_HEADER))

/* After so many reads in a row MAIN gets a turn, also when the port never runs dry. */
#define READS_PER_TURN 32

#define CONNECT_TIMEOUT_SECONDS 5

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

static uint16_t
get_u16 (const uint8_t *data)
{
  uint16_t value;

  memcpy (&value, data, sizeof value);
  return le16toh (value);
}

static uint32_t
get_u32 (const uint8_t *data)
{
  uint32_t value;

  memcpy (&value, data, sizeof value);
  return le32toh (value);
}

static Stream *
stream_new (const char *name,
            int         fd,
            uint16_t    data_type)
{
  Stream *stream = calloc (1, sizeof *stream);

  if (stream == NULL || (stream->in = malloc (BUFFER_SIZE)) == NULL || (stream->out = malloc (BUFFER_SIZE)) == NULL)
    errx (1, "out of memory");

  stream->name = name;
  stream->fd = fd;
  stream->framed = true;
  stream->data_type = data_type;

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
      ssize_t n = send (stream->fd, stream->out + stream->out_start, stream->out_end - stream->out_start,
                        MSG_DONTWAIT | MSG_NOSIGNAL);

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

  *message = (Message) { .type = stream->data_type, .body = stream->in + stream->in_start, .size = n };
  stream->in_start += n;
  return true;
}

/* The next message, or piece of a data message, of what has been read; its body lasts until the next stream_fill(). */
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

  *message = (Message) { .type = get_u16 (header), .body = header + HEADER_SIZE, .size = head };
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

static int
connect_once (const char *host,
              const char *port)
{
  const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
  struct addrinfo *addresses;
  int code = getaddrinfo (host, port, &hints, &addresses);
  int fd;

  if (code != 0)
    errx (1, "could not look up '%s': %s", host, gai_strerror (code));

  fd = socket (addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    err (1, "could not make a socket");
  if (connect (fd, addresses->ai_addr, addresses->ai_addrlen) < 0)
    {
      close (fd);
      fd = -1;
    }

  freeaddrinfo (addresses);
  return fd;
}

/* Tries again for a while: a server that is only just starting says nothing of it when it is socat. */
static int
connect_to (const char *host,
            const char *port)
{
  const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
  const int on = 1;
  int fd = connect_once (host, port);

  for (int i = 0; fd < 0 && i < CONNECT_TIMEOUT_SECONDS * 100; i++)
    {
      nanosleep (&pause, NULL);
      fd = connect_once (host, port);
    }

  if (fd < 0)
    errx (1, "could not connect to %s:%s", host, port);
  if (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
    err (1, "could not set TCP_NODELAY");

  return fd;
}

static void
send_exactly (int         fd,
              const void *data,
              size_t      size)
{
  if (send (fd, data, size, MSG_NOSIGNAL) != (ssize_t) size)
    err (1, "could not write while linking");
}

static void
receive_exactly (int    fd,
                 void  *data,
                 size_t size)
{
  ssize_t n = recv (fd, data, size, MSG_WAITALL);

  if (n < 0)
    err (1, "could not read while linking");
  if ((size_t) n != size)
    errx (1, "the server closed while linking");
}

static void
send_link (int      fd,
           uint32_t session_id,
           uint8_t  type,
           uint8_t  id)
{
  const uint32_t capabilities = htole32 (CAPABILITIES);
  const SpiceLinkMess link = {
    .connection_id = htole32 (session_id),
    .channel_type = type,
    .channel_id = id,
    .num_common_caps = htole32 (1),
    .caps_offset = htole32 (sizeof link),
  };
  const SpiceLinkHeader header = {
    .magic = SPICE_MAGIC,
    .major_version = htole32 (SPICE_VERSION_MAJOR),
    .minor_version = htole32 (SPICE_VERSION_MINOR),
    .size = htole32 (sizeof link + sizeof capabilities),
  };
  uint8_t packet[sizeof header + sizeof link + sizeof capabilities];

  memcpy (packet, &header, sizeof header);
  memcpy (packet + sizeof header, &link, sizeof link);
  memcpy (packet + sizeof header + sizeof link, &capabilities, sizeof capabilities);
  send_exactly (fd, packet, sizeof packet);
}

static void
receive_link (int            fd,
              SpiceLinkReply *reply)
{
  SpiceLinkHeader header;
  uint8_t rest[LINK_SIZE_MAX];
  uint32_t size;
  uint64_t caps;

  receive_exactly (fd, &header, sizeof header);
  size = le32toh (header.size);
  if (header.magic != SPICE_MAGIC || le32toh (header.major_version) != SPICE_VERSION_MAJOR)
    errx (1, "the server does not speak SPICE 2");
  if (size < sizeof *reply || size > sizeof rest)
    errx (1, "a link reply of %u bytes", size);

  receive_exactly (fd, rest, size);
  memcpy (reply, rest, sizeof *reply);
  if (reply->error != 0)
    errx (1, "the server refused the link with error %u", le32toh (reply->error));

  caps = le32toh (reply->caps_offset);
  if (reply->num_common_caps == 0 || caps + 4 > size || (~get_u32 (rest + caps) & CAPABILITIES) != 0)
    errx (1, "the server lacks mini headers, a choice of authentication, or tickets");
}

static void
encrypt_ticket (const uint8_t           *key_data,
                const char              *password,
                SpiceLinkEncryptedTicket *ticket)
{
  EVP_PKEY *key = d2i_PUBKEY (NULL, &key_data, SPICE_TICKET_PUBKEY_BYTES);
  EVP_PKEY_CTX *context = key != NULL ? EVP_PKEY_CTX_new (key, NULL) : NULL;
  size_t size = sizeof ticket->encrypted_data;

  /* SHA-1 is what libcrypto's OAEP does unless told otherwise. */
  if (context == NULL ||
      EVP_PKEY_encrypt_init (context) <= 0 ||
      EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_OAEP_PADDING) <= 0 ||
      EVP_PKEY_encrypt (context, ticket->encrypted_data, &size,
                        (const uint8_t *) password, strlen (password) + 1) <= 0 ||
      size != sizeof ticket->encrypted_data)
    errx (1, "could not encrypt the ticket");

  EVP_PKEY_CTX_free (context);
  EVP_PKEY_free (key);
}

static int
link_channel (const char *host,
              const char *port,
              const char *password,
              uint32_t    session_id,
              uint8_t     type,
              uint8_t     id)
{
  const uint32_t mechanism = htole32 (SPICE_COMMON_CAP_AUTH_SPICE);
  int fd = connect_to (host, port);
  SpiceLinkEncryptedTicket ticket;
  SpiceLinkReply reply;
  uint32_t result;

  send_link (fd, session_id, type, id);
  receive_link (fd, &reply);
  encrypt_ticket (reply.pub_key, password, &ticket);
  send_exactly (fd, &mechanism, sizeof mechanism);
  send_exactly (fd, &ticket, sizeof ticket);
  receive_exactly (fd, &result, sizeof result);
  if (result != 0)
    errx (1, "the server answered the ticket with error %u", le32toh (result));

  return fd;
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
      int fd = link_channel (host, port, password, client->session_id, SPICE_CHANNEL_PORT, client->port_ids[i]);

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
                             link_channel (host, port, password, 0, SPICE_CHANNEL_MAIN, 0), 0);
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

  client->port = stream_new ("the stream", connect_to (host, port), SPICE_MSG_SPICEVMC_DATA);
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire-link.h"

#include "bench-util.h"

#include <endian.h>
#include <err.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <spice/enums.h>
#include <spice/protocol.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The longest link reply that is taken; the SPICE server bounds what it takes in the same way. */
#define LINK_SIZE_MAX 4096

#define CAPABILITIES ((1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION) | \
                      (1u << SPICE_COMMON_CAP_AUTH_SPICE) | \
                      (1u << SPICE_COMMON_CAP_MINI_HEADER))

#define CONNECT_TIMEOUT_SECONDS 5

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

int
wire_connect (const char *host,
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
receive_link (int             fd,
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
  if (reply->num_common_caps == 0 || caps + sizeof (uint32_t) > size ||
      (~get_u32 (rest + caps) & CAPABILITIES) != 0)
    errx (1, "the server lacks mini headers, a choice of authentication, or tickets");
}

static void
encrypt_ticket (const uint8_t            *key_data,
                const char               *password,
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

int
wire_link_channel (const char *host,
                   const char *port,
                   const char *password,
                   uint32_t    session_id,
                   uint8_t     type,
                   uint8_t     id)
{
  const uint32_t mechanism = htole32 (SPICE_COMMON_CAP_AUTH_SPICE);
  int fd = wire_connect (host, port);
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

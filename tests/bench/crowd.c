/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* So many clients of one port on the network, and the device behind that port, in one process: it knows when a
 * message leaves the device and when the last client has all of it. One line of JSON after each step; the next
 * begins when a byte comes on standard input, so that the driver can look at the server in between. */

#include "config.h"

#include "bench-util.h"
#include "wire-client.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PASSWORD_VARIABLE "BENCH_PASSWORD"
#define SMALL_MESSAGE 64
#define MAX_CLIENTS 100000
#define MAX_MESSAGES 100000
#define CONNECT_TIMEOUT_SECONDS 5

typedef struct
{
  WireClient **clients;
  size_t n_clients;
  int device;
  uint64_t to_clients; /* bytes of the pattern so far */
  uint64_t to_device;
  bool intact;
} Crowd;

static int
connect_device (const char *path)
{
  const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = -1;

  if (fd < 0)
    err (1, "could not make a socket");
  if (strlen (path) >= sizeof address.sun_path)
    errx (2, "the path of the device is too long");

  strcpy (address.sun_path, path);
  for (int i = 0; result < 0 && i < CONNECT_TIMEOUT_SECONDS * 100; i++)
    {
      result = connect (fd, (struct sockaddr *) &address, sizeof address);
      if (result < 0)
        nanosleep (&pause, NULL);
    }
  if (result < 0)
    errx (1, "could not connect to the device's end at '%s'", path);

  return fd;
}

static void
write_device (Crowd *crowd,
              size_t size)
{
  const uint8_t *data = pattern_at (crowd->to_clients);
  size_t n_written = 0;

  while (n_written < size)
    {
      ssize_t n = send (crowd->device, data + n_written, size - n_written, MSG_NOSIGNAL);

      if (n < 0 && errno != EINTR)
        err (1, "could not write to the server");
      n_written += n > 0 ? (size_t) n : 0;
    }
}

static void
read_client (Crowd      *crowd,
             WireClient *client,
             size_t      size)
{
  size_t received = 0;

  while (received < size)
    {
      const uint8_t *data;
      size_t n = wire_client_read (client, &data);

      crowd->intact = pattern_matches (crowd->to_clients + received, data, n) && crowd->intact;
      received += n;
    }
}

static void
read_device (Crowd *crowd,
             size_t size)
{
  uint8_t data[SMALL_MESSAGE];
  size_t received = 0;

  while (received < size)
    {
      ssize_t n = recv (crowd->device, data + received, size - received, 0);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        errx (1, "the server closed the device");
      received += (size_t) n;
    }

  crowd->intact = memcmp (data, pattern_at (crowd->to_device), size) == 0 && crowd->intact;
  crowd->to_device += size;
}

static WireClient *
link_one (char **address)
{
  const char *password = getenv (PASSWORD_VARIABLE);

  return wire_client_new_spice (address[0], address[1], password != NULL ? password : "", address[2]);
}

static void
link_all (Crowd *crowd,
          char **address)
{
  for (size_t i = 0; i < crowd->n_clients; i++)
    crowd->clients[i] = link_one (address);
}

static void
send_to_all (Crowd   *crowd,
             uint64_t n_messages)
{
  for (uint64_t i = 0; i < n_messages; i++)
    {
      write_device (crowd, PATTERN_SPAN);
      for (size_t j = 0; j < crowd->n_clients; j++)
        read_client (crowd, crowd->clients[j], PATTERN_SPAN);
      crowd->to_clients += PATTERN_SPAN;
    }
}

/* One after the other, so that all but one are idle. */
static void
write_by_one (Crowd   *crowd,
              uint64_t n_messages)
{
  for (uint64_t i = 0; i < n_messages; i++)
    {
      WireClient *client = crowd->clients[i % crowd->n_clients];

      wire_client_write (client, pattern_at (crowd->to_device), SMALL_MESSAGE);
      wire_client_flush (client);
      read_device (crowd, SMALL_MESSAGE);
    }
}

/* The last first, which is the worst for a list that is searched from its head. */
static void
free_all (Crowd *crowd)
{
  for (size_t i = crowd->n_clients; i > 0; i--)
    wire_client_free (crowd->clients[i - 1]);
}

static void
end_step (Crowd      *crowd,
          const char *step,
          double      start)
{
  char byte;

  printf ("{\"step\": \"%s\", \"seconds\": %.9f, \"intact\": %s}\n", step, now_seconds () - start,
          crowd->intact ? "true" : "false");
  fflush (stdout);
  while (read (STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
    continue;
}

int
main (int    argc,
      char **argv)
{
  Crowd crowd = { .intact = true };
  uint64_t n_messages;
  uint64_t n_writes;
  WireClient *first;
  double start;

  if (argc != 8)
    errx (2, "Usage: %s HOST PORT PORT-NAME DEVICE-PATH N-CLIENTS N-MESSAGES N-WRITES", argv[0]);

  crowd.n_clients = (size_t) parse_number (argv[5], 1, MAX_CLIENTS);
  n_messages = parse_number (argv[6], 1, MAX_MESSAGES);
  n_writes = parse_number (argv[7], 1, MAX_MESSAGES);
  crowd.clients = calloc (crowd.n_clients, sizeof *crowd.clients);
  if (crowd.clients == NULL)
    errx (1, "out of memory");

  pattern_init ();
  crowd.device = connect_device (argv[4]);

  /* What only the first of all costs: the server's key, its classes, libraries that are loaded. */
  start = now_seconds ();
  first = link_one (argv + 1);
  end_step (&crowd, "first", start);

  start = now_seconds ();
  wire_client_free (first);
  end_step (&crowd, "first-leaves", start);

  start = now_seconds ();
  link_all (&crowd, argv + 1);
  end_step (&crowd, "enter", start);

  start = now_seconds ();
  write_by_one (&crowd, n_writes);
  end_step (&crowd, "write", start);

  start = now_seconds ();
  send_to_all (&crowd, n_messages);
  end_step (&crowd, "fan-out", start);

  start = now_seconds ();
  free_all (&crowd);
  end_step (&crowd, "leave", start);

  close (crowd.device);
  free (crowd.clients);
  return 0;
}

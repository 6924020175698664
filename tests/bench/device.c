/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The device behind the server under test: a UNIX stream socket that the server connects to. What
 * it moves is a fixed pattern, so it also tells whether what arrives is what was sent. */

#include "config.h"

#include "bench-util.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER_SIZE (4 * PATTERN_SPAN)

typedef struct
{
  void (*serve) (int fd);
  uint64_t n_bytes;
  size_t chunk;
} Device;

static Device device;
static uint8_t buffer[BUFFER_SIZE];

/* 0 once the server has gone, in whatever way. */
static size_t
read_some (int    fd,
           size_t size)
{
  ssize_t n;

  do
    n = read (fd, buffer, size);
  while (n < 0 && errno == EINTR);

  return n > 0 ? (size_t) n : 0;
}

static bool
write_all (int            fd,
           const uint8_t *data,
           size_t         size)
{
  while (size > 0)
    {
      ssize_t n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return false;

      data += n;
      size -= (size_t) n;
    }

  return true;
}

static void
wait_for_end (int fd)
{
  while (read_some (fd, sizeof buffer) > 0)
    continue;
}

static void
print_result (const char *mode,
              uint64_t    n_bytes,
              double      seconds,
              bool        intact)
{
  printf ("{\"mode\": \"%s\", \"bytes\": %" PRIu64 ", \"seconds\": %.9f, \"intact\": %s}\n",
          mode, n_bytes, seconds, intact ? "true" : "false");
  fflush (stdout);
}

static void
serve_source (int fd)
{
  uint64_t sent = 0;
  double start;

  if (read_some (fd, 1) == 0)
    return;

  start = now_seconds ();
  while (sent < device.n_bytes)
    {
      uint64_t left = device.n_bytes - sent;
      size_t n = left < device.chunk ? (size_t) left : device.chunk;

      if (!write_all (fd, pattern_at (sent), n))
        return;
      sent += n;
    }

  print_result ("source", sent, now_seconds () - start, true);
}

static void
serve_sink (int fd)
{
  const uint8_t done = BENCH_DONE;
  uint64_t received = 0;
  bool intact = true;
  double start = 0;
  double seconds;

  while (received < device.n_bytes)
    {
      size_t n = read_some (fd, sizeof buffer);

      if (n == 0)
        return;
      if (received == 0)
        start = now_seconds ();

      intact = pattern_matches (received, buffer, n) && intact;
      received += n;
    }

  seconds = now_seconds () - start;
  print_result ("sink", received, seconds, intact && received == device.n_bytes);
  write_all (fd, &done, 1);
}

static void
serve_echo (int fd)
{
  size_t n;

  while ((n = read_some (fd, sizeof buffer)) > 0)
    {
      if (!write_all (fd, buffer, n))
        return;
    }
}

static int
listen_at (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (strlen (path) >= sizeof address.sun_path)
    errx (2, "'%s' is too long for a socket's path", path);
  strcpy (address.sun_path, path);

  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) < 0 || listen (fd, 1) < 0)
    err (1, "could not listen at '%s'", path);

  return fd;
}

static bool
parse_mode (int    argc,
            char **argv)
{
  if (argc == 5 && strcmp (argv[2], "source") == 0)
    {
      device.serve = serve_source;
      device.chunk = (size_t) parse_number (argv[3], 1, PATTERN_SPAN);
      device.n_bytes = parse_number (argv[4], 1, UINT64_MAX / 2);
    }
  else if (argc == 4 && strcmp (argv[2], "sink") == 0)
    {
      device.serve = serve_sink;
      device.n_bytes = parse_number (argv[3], 1, UINT64_MAX / 2);
    }
  else if (argc == 3 && strcmp (argv[2], "echo") == 0)
    {
      device.serve = serve_echo;
    }

  return device.serve != NULL;
}

int
main (int    argc,
      char **argv)
{
  int listener;

  if (!parse_mode (argc, argv))
    {
      fprintf (stderr, "Usage: %s PATH source CHUNK BYTES | sink BYTES | echo\n", argv[0]);
      return 2;
    }

  signal (SIGPIPE, SIG_IGN);
  pattern_init ();
  listener = listen_at (argv[1]);
  printf ("listening at %s\n", argv[1]);
  fflush (stdout);

  while (true)
    {
      int fd = accept (listener, NULL, NULL);

      if (fd < 0 && errno == EINTR)
        continue;
      if (fd < 0)
        err (1, "could not accept");

      device.serve (fd);
      wait_for_end (fd);
      close (fd);
    }
}

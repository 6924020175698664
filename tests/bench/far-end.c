/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The far end of a stream: a source of so many bytes, or a sink. It prints where it is to be found, and at last what it
 * measured, as one line of JSON. */

#include "config.h"

#include "bench-util.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define BLOCK_SIZE (64 * 1024)
/* More than what is buffered on the way, so that the near end reads when the clock starts. */
#define WARM_UP_SIZE (8 * 1024 * 1024)

static uint8_t block[BLOCK_SIZE];

static void
say_place (const char *place)
{
  printf ("%s\n", place);
  fflush (stdout);
}

static int
take_one (int listener)
{
  int fd = accept (listener, NULL, NULL);

  if (fd < 0)
    err (1, "could not accept");

  close (listener);
  return fd;
}

static int
listen_unix (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int listener = socket (AF_UNIX, SOCK_STREAM, 0);

  if (strlen (path) >= sizeof address.sun_path)
    errx (2, "'%s' is too long for a socket", path);
  strcpy (address.sun_path, path);
  if (bind (listener, (struct sockaddr *) &address, sizeof address) < 0 || listen (listener, 1) < 0)
    err (1, "could not listen at '%s'", path);

  say_place (path);
  return take_one (listener);
}

static int
listen_tcp (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM, 0);

  if (bind (listener, (struct sockaddr *) &address, size) < 0 || listen (listener, 1) < 0 ||
      getsockname (listener, (struct sockaddr *) &address, &size) < 0)
    err (1, "could not listen");

  /* One that paces what it sends would be measured itself; accepted connections inherit this one. */
  if (setsockopt (listener, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen ("reno")) < 0)
    err (1, "could not choose the congestion control");

  printf ("%d\n", ntohs (address.sin_port));
  fflush (stdout);
  return take_one (listener);
}

static void
make_raw (int fd)
{
  struct termios modes;

  if (tcgetattr (fd, &modes) < 0)
    err (1, "no terminal");
  cfmakeraw (&modes);
  tcsetattr (fd, TCSANOW, &modes);
}

/* The near end opens the other side of it, which is kept open here, so that neither end ever hangs up. */
static int
make_pty (void)
{
  int master;
  int slave;
  char path[64];

  if (openpty (&master, &slave, path, NULL, NULL) < 0)
    err (1, "could not open a pty");

  make_raw (slave);
  say_place (path);
  return master;
}

static int
open_path (const char *path,
           bool        is_source)
{
  int fd;

  say_place (path);
  fd = open (path, (is_source ? O_WRONLY : O_RDONLY) | O_NOCTTY);
  if (fd < 0)
    err (1, "could not open '%s'", path);
  if (isatty (fd))
    make_raw (fd);

  return fd;
}

static int
open_place (const char *place,
            bool        is_source)
{
  if (strncmp (place, "unix:", 5) == 0)
    return listen_unix (place + 5);
  if (strncmp (place, "open:", 5) == 0)
    return open_path (place + 5, is_source);
  if (strcmp (place, "tcp") == 0)
    return listen_tcp ();
  if (strcmp (place, "pty") == 0)
    return make_pty ();

  say_place ("descriptor");
  return (int) parse_number (place, 3, INT32_MAX);
}

static void
write_all (int      fd,
           uint64_t n_bytes)
{
  while (n_bytes > 0)
    {
      ssize_t n = write (fd, block, n_bytes < BLOCK_SIZE ? n_bytes : BLOCK_SIZE);

      if (n < 0 && errno != EINTR)
        err (1, "could not write");
      if (n > 0)
        n_bytes -= (uint64_t) n;
    }
}

static double
time_writing (int      fd,
              uint64_t n_bytes)
{
  double start;

  write_all (fd, WARM_UP_SIZE);
  start = now_seconds ();
  write_all (fd, n_bytes);

  return now_seconds () - start;
}

static double
time_reading (int      fd,
              uint64_t n_bytes)
{
  double start = 0;

  while (n_bytes > 0)
    {
      ssize_t n = read (fd, block, n_bytes < BLOCK_SIZE ? n_bytes : BLOCK_SIZE);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        err (1, "could not read, %" PRIu64 " bytes before the end", n_bytes);
      if (start == 0)
        start = now_seconds ();
      n_bytes -= (uint64_t) n;
    }

  return now_seconds () - start;
}

int
main (int    argc,
      char **argv)
{
  bool is_source = argc == 4 && strcmp (argv[1], "source") == 0;
  uint64_t n_bytes;
  double seconds;
  int fd;

  if (!is_source && (argc != 4 || strcmp (argv[1], "sink") != 0))
    errx (2, "Usage: %s source|sink unix:PATH|tcp|pty|open:PATH|DESCRIPTOR BYTES", argv[0]);

  n_bytes = parse_number (argv[3], 1, INT64_MAX);
  fd = open_place (argv[2], is_source);
  seconds = is_source ? time_writing (fd, n_bytes) : time_reading (fd, n_bytes);
  printf ("{\"bytes\": %" PRIu64 ", \"seconds\": %.6f}\n", n_bytes, seconds);
  fflush (stdout);

  /* The near end has not read all of it yet. */
  getchar ();
  return 0;
}

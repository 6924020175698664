/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One client, one measurement, one line of JSON. What stands at the other end of the server is
 * "device" of this folder in the mode that fits: source for read, sink for write, echo for echo. */

#include "config.h"

#include "bench-util.h"
#include "wire-client.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD_VARIABLE "BENCH_PASSWORD"
#define DEFAULT_PORT_NAME "org.charflow.bench.0"
#define ECHO_SIZE 64
#define ECHO_WARM_UP 200

typedef struct
{
  const char *host;
  const char *port;
  const char *port_name;
  bool plain;
  bool stepwise;
} Options;

static void
print_rate (const char *mode,
            uint64_t    n_bytes,
            double      seconds,
            bool        intact)
{
  printf ("{\"mode\": \"%s\", \"bytes\": %" PRIu64 ", \"seconds\": %.9f, "
          "\"mb_per_s\": %.3f, \"intact\": %s}\n",
          mode, n_bytes, seconds, (double) n_bytes / seconds / 1e6, intact ? "true" : "false");
}

static void
measure_read (WireClient *client,
              uint64_t    n_bytes)
{
  const uint8_t go = BENCH_GO;
  uint64_t received = 0;
  bool intact = true;
  double start = 0;

  wire_client_write (client, &go, 1);
  wire_client_flush (client);

  while (received < n_bytes)
    {
      const uint8_t *data;
      size_t n = wire_client_read (client, &data);

      if (received == 0)
        start = now_seconds ();

      intact = pattern_matches (received, data, n) && intact;
      received += n;
    }

  print_rate ("read", received, now_seconds () - start, intact && received == n_bytes);
}

static void
measure_write (WireClient *client,
               uint64_t    n_bytes,
               size_t      message_size)
{
  uint64_t sent = 0;
  const uint8_t *data;
  double start = now_seconds ();
  size_t n;

  while (sent < n_bytes)
    {
      size_t size = n_bytes - sent < message_size ? (size_t) (n_bytes - sent) : message_size;

      wire_client_write (client, pattern_at (sent), size);
      sent += size;
    }

  wire_client_flush (client);
  n = wire_client_read (client, &data);
  print_rate ("write", sent, now_seconds () - start, n == 1 && data[0] == BENCH_DONE);
}

static bool
echo_once (WireClient *client,
           uint64_t    offset)
{
  size_t received = 0;
  bool intact = true;

  wire_client_write (client, pattern_at (offset), ECHO_SIZE);
  wire_client_flush (client);

  while (received < ECHO_SIZE)
    {
      const uint8_t *data;
      size_t n = wire_client_read (client, &data);

      intact = pattern_matches (offset + received, data, n) && intact;
      received += n;
    }

  return intact && received == ECHO_SIZE;
}

static int
compare_doubles (const void *a,
                 const void *b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

static void
measure_echo (WireClient *client,
              size_t      count)
{
  double *times_us = calloc (count, sizeof *times_us);
  bool intact = true;

  if (times_us == NULL)
    errx (1, "out of memory");

  for (size_t i = 0; i < ECHO_WARM_UP; i++)
    intact = echo_once (client, i * ECHO_SIZE) && intact;

  for (size_t i = 0; i < count; i++)
    {
      double start = now_seconds ();

      intact = echo_once (client, i * ECHO_SIZE) && intact;
      times_us[i] = (now_seconds () - start) * 1e6;
    }

  qsort (times_us, count, sizeof *times_us, compare_doubles);
  printf ("{\"mode\": \"echo\", \"count\": %zu, "
          "\"p50_us\": %.3f, \"p99_us\": %.3f, \"intact\": %s}\n",
          count, times_us[count / 2], times_us[count * 99 / 100], intact ? "true" : "false");
  free (times_us);
}

/* The driver reads the server's figures from /proc while nothing moves, then lets the client go on
 * with one byte. */
static void
await_driver (WireClient *client)
{
  char byte;

  fflush (stdout);
  wire_client_wait_for_fd (client, STDIN_FILENO);
  while (read (STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
    continue;
}

static WireClient *
open_client (const Options *options)
{
  const char *password = getenv (PASSWORD_VARIABLE);

  if (options->plain)
    return wire_client_new_plain (options->host, options->port);

  return wire_client_new_spice (options->host, options->port,
                                password != NULL ? password : "", options->port_name);
}

static void
usage (const char *program)
{
  fprintf (stderr,
           "Usage: %s [--plain] [--stepwise] [--name=PORT-NAME] HOST PORT\n"
           "       read BYTES | write BYTES MESSAGE-SIZE | echo COUNT\n"
           "The password comes from " PASSWORD_VARIABLE ".\n",
           program);
  exit (2);
}

static void
run (const Options *options,
     int            argc,
     char         **argv)
{
  WireClient *client = open_client (options);

  if (options->stepwise)
    {
      puts ("ready");
      await_driver (client);
    }

  if (strcmp (argv[0], "read") == 0 && argc == 2)
    measure_read (client, parse_number (argv[1], 1, UINT64_MAX / 2));
  else if (strcmp (argv[0], "write") == 0 && argc == 3)
    measure_write (client, parse_number (argv[1], 1, UINT64_MAX / 2),
                   (size_t) parse_number (argv[2], 1, PATTERN_SPAN));
  else if (strcmp (argv[0], "echo") == 0 && argc == 2)
    measure_echo (client, (size_t) parse_number (argv[1], 1, 100 * 1000 * 1000));
  else
    errx (2, "no such measurement: '%s'", argv[0]);

  if (options->stepwise)
    await_driver (client);
  wire_client_free (client);
}

int
main (int    argc,
      char **argv)
{
  static const struct option long_options[] = {
    { "plain", no_argument, NULL, 'p' },
    { "stepwise", no_argument, NULL, 's' },
    { "name", required_argument, NULL, 'n' },
    { NULL, 0, NULL, 0 },
  };
  Options options = { .port_name = DEFAULT_PORT_NAME };
  int option;

  while ((option = getopt_long (argc, argv, "+", long_options, NULL)) != -1)
    {
      if (option == 'p')
        options.plain = true;
      else if (option == 's')
        options.stepwise = true;
      else if (option == 'n')
        options.port_name = optarg;
      else
        usage (argv[0]);
    }

  if (argc - optind < 3)
    usage (argv[0]);

  options.host = argv[optind];
  options.port = argv[optind + 1];
  pattern_init ();
  run (&options, argc - optind - 2, argv + optind + 2);

  return 0;
}

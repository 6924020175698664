/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A device behind a UNIX stream socket. It takes what arrives one byte at a time and tells its
 * SHA-256, or gives pseudo-random bytes, from the moment it is sent one, and tells theirs. */

#include "config.h"

#include <err.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BLOCK_SIZE (64 * 1024)

static guint8 block[BLOCK_SIZE];

static gboolean
read_byte (int     fd,
           guint8 *byte)
{
  gssize n;

  do
    n = read (fd, byte, 1);
  while (n < 0 && errno == EINTR);

  return n == 1;
}

static gboolean
write_all (int           fd,
           const guint8 *data,
           gsize         size)
{
  while (size > 0)
    {
      gssize n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;

      data += n;
      size -= (gsize) n;
    }

  return TRUE;
}

static guint64
take (int        fd,
      guint64    n_bytes,
      GChecksum *checksum)
{
  guint64 taken = 0;
  gsize filled = 0;

  while (taken < n_bytes && read_byte (fd, &block[filled]))
    {
      taken++;
      if (++filled == BLOCK_SIZE)
        {
          g_checksum_update (checksum, block, BLOCK_SIZE);
          filled = 0;
        }
    }
  g_checksum_update (checksum, block, (gssize) filled);

  return taken;
}

static guint64
give (int        fd,
      guint64    n_bytes,
      GChecksum *checksum)
{
  g_autoptr (GRand) random = g_rand_new ();
  guint64 given = 0;
  guint8 go;

  if (!read_byte (fd, &go))
    return 0;

  while (given < n_bytes)
    {
      gsize size = MIN (n_bytes - given, BLOCK_SIZE);

      for (gsize i = 0; i < size; i += sizeof (guint32))
        {
          guint32 word = g_rand_int (random);

          memcpy (block + i, &word, sizeof word);
        }
      g_checksum_update (checksum, block, (gssize) size);
      if (!write_all (fd, block, size))
        break;
      given += size;
    }

  return given;
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

int
main (int    argc,
      char **argv)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gboolean gives;
  guint64 wanted;
  guint64 done;
  guint8 rest;
  int fd;

  if (argc != 4 || (!g_str_equal (argv[2], "take") && !g_str_equal (argv[2], "give")) ||
      !g_ascii_string_to_unsigned (argv[3], 10, 0, G_MAXINT64, &wanted, NULL))
    {
      g_printerr ("Usage: %s PATH take|give BYTES\n", argv[0]);
      return 2;
    }

  signal (SIGPIPE, SIG_IGN);
  gives = g_str_equal (argv[2], "give");
  fd = listen_at (argv[1]);
  g_print ("ready\n");
  fflush (stdout);

  fd = accept (fd, NULL, NULL);
  if (fd < 0)
    err (1, "could not accept");

  done = gives ? give (fd, wanted, checksum) : take (fd, wanted, checksum);
  g_print ("%" G_GUINT64_FORMAT " bytes, sha256 %s\n", done, g_checksum_get_string (checksum));
  fflush (stdout);

  /* The port is to stay open until the server goes. */
  while (read_byte (fd, &rest))
    continue;

  return done == wanted ? 0 : 1;
}

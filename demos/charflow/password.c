/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "password.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "log.h"
#include "terminal.h"

/* SPICE_MAX_PASSWORD_LENGTH in spice/protocol.h. */
#define MAX_PASSWORD 60
#define GENERATED_LENGTH 12

/* 32 of them, so that each byte of chance gives one with no bias; none looks like another. */
static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
G_STATIC_ASSERT (sizeof (alphabet) - 1 == 32);

static gboolean
check_password (const char *password,
                const char *origin,
                GError    **error)
{
  if (*password == '\0')
    {
      /* Translators: CHARFLOW_PASSWORD, "the answer" or the name of a file. */
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("The password in %s is empty"), origin);
      return FALSE;
    }

  if (strlen (password) > MAX_PASSWORD)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _("The password in %s is longer than %d bytes"), origin, MAX_PASSWORD);
      return FALSE;
    }

  return TRUE;
}

/* The first line of a stream that may be a pipe, as in --password-file=<(pass show console). */
static char *
read_line (FILE       *stream,
           const char *origin,
           GError    **error)
{
  char line[MAX_PASSWORD + 3] = { 0 }; /* one too many, the end of the line, the terminator */

  if (fgets (line, sizeof (line), stream) == NULL && ferror (stream))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _("Could not read %s: %s"), origin, g_strerror (errno));
      return NULL;
    }

  line[strcspn (line, "\r\n")] = '\0';
  if (!check_password (line, origin, error))
    return NULL;

  return g_strdup (line);
}

static char *
read_file (const char *path,
           GError    **error)
{
  g_autofree char *origin = g_strdup_printf ("'%s'", path);
  FILE *stream = fopen (path, "re");
  char *password;

  if (stream == NULL)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _("Could not open the password file '%s': %s"), path, g_strerror (errno));
      return NULL;
    }

  password = read_line (stream, origin, error);
  fclose (stream);

  return password;
}

char *
password_find (const char *file,
               GError    **error)
{
  const char *password;

  if (file != NULL)
    return read_file (file, error);

  password = g_getenv ("CHARFLOW_PASSWORD");
  if (password == NULL || !check_password (password, "CHARFLOW_PASSWORD", error))
    return NULL;

  return g_strdup (password);
}

char *
password_ask (GError **error)
{
  g_autofree char *password = NULL;

  if (!terminal_is_there () || !isatty (STDERR_FILENO))
    return NULL;

  fputs (_("Password: "), stderr);
  if (!terminal_hide_input (error))
    return NULL;

  password = read_line (stdin, _("the answer"), error);
  terminal_restore ();

  return g_steal_pointer (&password);
}

char *
password_generate (GError **error)
{
  guint8 chance[GENERATED_LENGTH];
  char password[GENERATED_LENGTH + 1] = { 0 };

  /* Up to 256 bytes come whole, or not at all. */
  if (getrandom (chance, sizeof (chance), 0) != sizeof (chance))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _("Could not make a password: %s"), g_strerror (errno));
      return NULL;
    }

  for (gsize i = 0; i < GENERATED_LENGTH; i++)
    password[i] = alphabet[chance[i] % 32];

  return g_strdup (password);
}

gboolean
password_is_in_uri (const char *uri)
{
  const char *query = strchr (uri, '?');

  if (query == NULL || strstr (query, "password=") == NULL)
    return FALSE;

  log_error (_("Others can see a password in the arguments; "
               "put it into CHARFLOW_PASSWORD or --password-file"));
  return TRUE;
}

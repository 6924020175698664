/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib/gi18n.h>

#define MAX_TEXT 1024
#define MAX_LINES_PER_SECOND 20

static gboolean is_raw;

static guint n_lines;
static guint n_left_out;
static guint limit_id;

/* Format characters turn the direction of text around, and so can make a line lie. */
static gboolean
is_safe (gunichar c)
{
  switch ((int) g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
      return FALSE;

    default:
      return TRUE;
    }
}

char *
log_escape (const char *text)
{
  g_autoptr (GString) escaped = g_string_new (NULL);
  const char *p = text;

  while (*p != '\0' && escaped->len < MAX_TEXT)
    {
      gunichar c = g_utf8_get_char_validated (p, -1);

      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          g_string_append_printf (escaped, "\\x%02x", (guint8) *p);
          p++;
          continue;
        }

      if (is_safe (c))
        g_string_append_unichar (escaped, c);
      else
        g_string_append_printf (escaped, "\\u%04x", c);
      p = g_utf8_next_char (p);
    }

  if (*p != '\0')
    g_string_append (escaped, "…");

  return g_string_free (g_steal_pointer (&escaped), FALSE);
}

static void
print_line (const char *prefix,
            const char *text)
{
  g_autofree char *escaped = log_escape (text);
  g_autofree char *line = g_strconcat (prefix, escaped, NULL);
  g_autofree char *local = g_locale_from_utf8 (line, -1, NULL, NULL, NULL);

  /* In one piece, so that lines of several processes do not mix. */
  fprintf (stderr, "%s%s%s\n", is_raw ? "\r" : "", local != NULL ? local : line, is_raw ? "\r" : "");
}

void
log_error (const char *format,
           ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  print_line ("charflow: ", text);
}

void
log_notice (const char *format,
            ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  print_line ("", text);
}

void
log_limited_flush (void)
{
  if (n_left_out > 0)
    log_error (ngettext ("%u more line was left out", "%u more lines were left out", n_left_out),
               n_left_out);

  n_lines = 0;
  n_left_out = 0;
}

static gboolean
second_over_cb (gpointer unused)
{
  limit_id = 0;
  log_limited_flush ();

  return G_SOURCE_REMOVE;
}

void
log_limited (const char *format,
             ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (limit_id == 0)
    limit_id = g_timeout_add_seconds (1, second_over_cb, NULL);

  if (n_lines == MAX_LINES_PER_SECOND)
    {
      n_left_out++;
      return;
    }

  n_lines++;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  print_line ("charflow: ", text);
}

void
log_set_raw (gboolean raw)
{
  is_raw = raw;
}

gboolean
log_check_output (void)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;

  log_error (_("Could not write to standard output: %s"), g_strerror (errno));
  return FALSE;
}

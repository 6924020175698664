/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-text-private.h"

#include <string.h>

/* In characters; every path of a UNIX socket fits. */
#define MAX_EXCERPT 120

char *
charflow_text_excerpt (const char *text)
{
  gsize len = strnlen (text, MAX_EXCERPT * 4);
  g_autofree char *valid = g_utf8_make_valid (text, len);
  gboolean cut = text[len] != '\0' || g_utf8_strlen (valid, -1) > MAX_EXCERPT;
  GString *excerpt = g_string_new (NULL);
  const char *p = valid;

  for (gsize i = 0; i < MAX_EXCERPT && *p != '\0'; i++, p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iscntrl (c))
        g_string_append_printf (excerpt, "\\x%02x", c);
      else
        g_string_append_unichar (excerpt, c);
    }

  if (cut)
    g_string_append (excerpt, "…");

  return g_string_free (excerpt, FALSE);
}

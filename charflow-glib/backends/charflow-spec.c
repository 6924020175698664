/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-spec-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend.h"
#include "charflow-legacy-spec-private.h"
#include "charflow-text-private.h"

/* Far above every spec that makes sense, so that no message and no table grows with what somebody
 * sends. */
#define MAX_SPEC 65536

static void
item_free (CharflowSpecItem *item)
{
  g_free (item->name);
  g_free (item->value);
  g_free (item);
}

/* What no name and no path needs, but would garble messages and logs. */
static gboolean
check_text (const char *spec,
            GError    **error)
{
  gsize len = strnlen (spec, MAX_SPEC + 1);

  if (len > MAX_SPEC)
    {
      g_autofree char *excerpt = charflow_text_excerpt (spec);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("The spec '%s' is longer than %u bytes"), excerpt, MAX_SPEC);
      return FALSE;
    }

  if (!g_utf8_validate (spec, len, NULL))
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                           _("The spec is not in UTF-8"));
      return FALSE;
    }

  for (gsize i = 0; i < len; i++)
    {
      if (g_ascii_iscntrl (spec[i]))
        {
          g_autofree char *start = g_strndup (spec, i);
          g_autofree char *excerpt = charflow_text_excerpt (start);

          g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                       _("A control character (0x%02x) follows '%s' in the spec"), (guint) spec[i], excerpt);
          return FALSE;
        }
    }

  return TRUE;
}

void
charflow_spec_add_item (GPtrArray  *items,
                        const char *name,
                        const char *value)
{
  CharflowSpecItem *item = g_new0 (CharflowSpecItem, 1);

  item->name = g_strdup (name);
  item->value = g_strdup (value);
  g_ptr_array_add (items, item);
}

char *
charflow_spec_take_value (const char **cursor)
{
  GString *value = g_string_new (NULL);
  const char *p = *cursor;

  while (*p != '\0' && (*p != ',' || p[1] == ','))
    {
      if (*p == ',')
        p++;
      g_string_append_c (value, *p);
      p++;
    }

  *cursor = *p == ',' ? p + 1 : p;
  return g_string_free (value, FALSE);
}

/* An item without a value is a flag. */
static void
take_item (GPtrArray   *items,
           const char **cursor)
{
  gsize len = strcspn (*cursor, "=,");
  g_autofree char *name = g_strndup (*cursor, len);
  gboolean off = g_str_has_prefix (name, "no");

  *cursor += len;
  if (**cursor == '=')
    {
      g_autofree char *value = NULL;

      *cursor += 1;
      value = charflow_spec_take_value (cursor);
      charflow_spec_add_item (items, name, value);
      return;
    }

  if (**cursor == ',')
    *cursor += 1;
  charflow_spec_add_item (items, off ? name + strlen ("no") : name, off ? "off" : "on");
}

void
charflow_spec_take_items (GPtrArray  *items,
                          const char *text)
{
  while (*text != '\0')
    take_item (items, &text);
}

/* The first item may be bare: the kind. */
static void
take_kind (GPtrArray   *items,
           const char **cursor)
{
  g_autofree char *kind = NULL;

  if (**cursor == '\0' || (*cursor)[strcspn (*cursor, "=,")] == '=')
    return;

  kind = charflow_spec_take_value (cursor);
  charflow_spec_add_item (items, "backend", kind);
}

gboolean
charflow_spec_parse_into (GPtrArray  *items,
                          const char *spec,
                          GError    **error)
{
  if (charflow_legacy_spec_is_one (spec))
    return charflow_legacy_spec_parse (items, spec, error);

  take_kind (items, &spec);
  charflow_spec_take_items (items, spec);
  return TRUE;
}

GPtrArray *
charflow_spec_parse (const char *spec,
                     GError    **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);

  if (!check_text (spec, error) || !charflow_spec_parse_into (items, spec, error))
    return NULL;

  return g_steal_pointer (&items);
}

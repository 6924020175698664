/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backend-options-private.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-text-private.h"

/* Far above every spec that makes sense, so that no message and no table grows with what somebody
 * sends. */
#define MAX_SPEC 65536
/* The length that QEMU's manual gives. */
#define MAX_ID 127

struct _CharflowBackendOptions
{
  const CharflowBackendKind *kind;
  char *id;
  GHashTable *values; /* of name to text, both owned */
};

/* One "key=value", "flag" or "noflag" of a spec. */
typedef struct
{
  char *name;
  char *value;
} Item;

static void
item_free (Item *item)
{
  g_free (item->name);
  g_free (item->value);
  g_free (item);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Item, item_free)

static gboolean
parse_boolean (const char *text,
               gboolean   *value)
{
  static const char *const on[] = { "on", "yes", "true", "y", NULL };
  static const char *const off[] = { "off", "no", "false", "n", NULL };

  *value = g_strv_contains (on, text);

  return *value || g_strv_contains (off, text);
}

/* QEMU lets a minus sign wrap around; here only digits begin a number. */
static gboolean
parse_number (const char *text,
              guint64    *value)
{
  char *end = NULL;

  if (!g_ascii_isdigit (*text))
    return FALSE;

  errno = 0;
  *value = g_ascii_strtoull (text, &end, 0);

  return errno == 0 && *end == '\0';
}

static gboolean
parse_suffix (const char *suffix,
              guint64    *unit)
{
  static const char suffixes[] = "BKMGTPE";
  const char *found;

  *unit = 1;
  if (*suffix == '\0')
    return TRUE;

  found = strchr (suffixes, g_ascii_toupper (*suffix));
  if (found == NULL || suffix[1] != '\0')
    return FALSE;

  *unit = G_GUINT64_CONSTANT (1) << (10 * (found - suffixes));
  return TRUE;
}

static gboolean
parse_size (const char *text,
            guint64    *value)
{
  char *end = NULL;
  double fraction = 0;
  guint64 whole;
  guint64 unit;

  if (g_ascii_strncasecmp (text, "0x", 2) == 0)
    return parse_number (text, value);
  if (!g_ascii_isdigit (*text))
    return FALSE;

  errno = 0;
  whole = g_ascii_strtoull (text, &end, 10);
  if (errno != 0)
    return FALSE;

  if (*end == '.')
    {
      gsize len = 1 + strspn (end + 1, "0123456789");
      g_autofree char *digits = g_strndup (end, len);

      fraction = g_ascii_strtod (digits, NULL);
      end += len;
    }

  if (!parse_suffix (end, &unit) || (unit == 1 && fraction != 0))
    return FALSE;

  return g_uint64_checked_mul (&whole, whole, unit) &&
         g_uint64_checked_add (value, whole, (guint64) (fraction * (double) unit));
}

/* What the value of @option may be, for an error message. */
static char *
describe_expected (const CharflowBackendOption *option)
{
  g_autofree char *words = NULL;

  switch (option->type)
    {
    case CHARFLOW_OPTION_TYPE_BOOLEAN:
      return g_strdup (_("'on' or 'off'"));
    case CHARFLOW_OPTION_TYPE_NUMBER:
      return g_strdup (_("a number"));
    case CHARFLOW_OPTION_TYPE_SIZE:
      return g_strdup (_("a size such as 512, 64K or 1.5M"));
    case CHARFLOW_OPTION_TYPE_CHOICE:
      words = g_strjoinv (", ", (char **) option->choices);
      /* Translators: words that are not to be translated, such as "none, even, odd". */
      return g_strdup_printf (_("one of %s"), words);
    case CHARFLOW_OPTION_TYPE_STRING:
    default:
      return g_strdup (_("text"));
    }
}

static gboolean
is_valid (const CharflowBackendOption *option,
          const char                  *text)
{
  gboolean boolean;
  guint64 number;

  switch (option->type)
    {
    case CHARFLOW_OPTION_TYPE_BOOLEAN:
      return parse_boolean (text, &boolean);
    case CHARFLOW_OPTION_TYPE_NUMBER:
      return parse_number (text, &number);
    case CHARFLOW_OPTION_TYPE_SIZE:
      return parse_size (text, &number);
    case CHARFLOW_OPTION_TYPE_CHOICE:
      return g_strv_contains (option->choices, text);
    case CHARFLOW_OPTION_TYPE_STRING:
    default:
      return TRUE;
    }
}

gboolean
charflow_backend_option_check (const CharflowBackendOption *option,
                               const char                  *text,
                               GError                     **error)
{
  g_autofree char *expected = NULL;
  g_autofree char *excerpt = NULL;

  if (is_valid (option, text))
    return TRUE;

  expected = describe_expected (option);
  excerpt = charflow_text_excerpt (text);
  /* Translators: the name of an option, what its value may be, what it is. */
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Option '%s' expects %s, not '%s'"), option->name, expected, excerpt);
  return FALSE;
}

static gboolean
check_id (const char *id,
          GError    **error)
{
  gsize len = strlen (id);
  gboolean valid = len <= MAX_ID && g_ascii_isalpha (*id);

  for (gsize i = 0; valid && i < len; i++)
    valid = g_ascii_isalnum (id[i]) || strchr ("-._", id[i]) != NULL;

  if (!valid)
    {
      g_autofree char *excerpt = charflow_text_excerpt (id);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option 'id' expects a letter and up to 126 letters, digits, '-', '.' and '_', not '%s'"),
                   excerpt);
    }

  return valid;
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

/* Takes text up to a comma; two of them are a literal one. */
static char *
take_value (const char **cursor)
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

/* The first item may be bare: the kind. Any other bare item is a flag. */
static Item *
take_item (const char **cursor,
           gboolean     first)
{
  Item *item = g_new0 (Item, 1);
  gsize len = strcspn (*cursor, "=,");
  const char *name = *cursor;

  if (name[len] == '=')
    {
      item->name = g_strndup (name, len);
      *cursor += len + 1;
      item->value = take_value (cursor);
    }
  else if (first)
    {
      item->name = g_strdup ("backend");
      item->value = take_value (cursor);
    }
  else
    {
      gboolean off = g_str_has_prefix (name, "no");

      item->name = off ? g_strndup (name + 2, len - 2) : g_strndup (name, len);
      item->value = g_strdup (off ? "off" : "on");
      *cursor += name[len] == ',' ? len + 1 : len;
    }

  return item;
}

static GPtrArray *
split_spec (const char *spec)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  const char *cursor = spec;

  while (*cursor != '\0')
    g_ptr_array_add (items, take_item (&cursor, items->len == 0));

  return g_steal_pointer (&items);
}

static const CharflowBackendOption *
lookup_option (const CharflowBackendKind *kind,
               const char                *name)
{
  for (const CharflowBackendOption *option = kind->options; option->name != NULL; option++)
    {
      if (strcmp (option->name, name) == 0)
        return option;
    }

  return NULL;
}

static const CharflowBackendKind *
find_kind (GPtrArray *items,
           GError   **error)
{
  const char *name = NULL;

  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = g_ptr_array_index (items, i);

      if (strcmp (item->name, "backend") == 0)
        name = item->value;
    }

  if (name == NULL || *name == '\0')
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                           _("The spec does not name a kind of back end, the option 'backend'"));
      return NULL;
    }

  return charflow_backend_kind_find (name, error);
}

static gboolean
add_item (CharflowBackendOptions *self,
          Item                   *item,
          GError                **error)
{
  const CharflowBackendOption *option;

  if (strcmp (item->name, "backend") == 0)
    return TRUE;

  /* Of several ids the first one counts, of other keys the last, as in QEMU. */
  if (strcmp (item->name, "id") == 0)
    {
      if (!check_id (item->value, error))
        return FALSE;

      if (self->id == NULL)
        self->id = g_strdup (item->value);
      return TRUE;
    }

  option = lookup_option (self->kind, item->name);
  if (option == NULL)
    {
      g_autofree char *excerpt = charflow_text_excerpt (item->name);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION,
                   _("The back end '%s' has no option '%s'"), self->kind->name, excerpt);
      return FALSE;
    }

  if (!charflow_backend_option_check (option, item->value, error))
    return FALSE;

  g_hash_table_replace (self->values, g_strdup (item->name), g_strdup (item->value));
  return TRUE;
}

CharflowBackendOptions *
charflow_backend_options_new (const char                 *spec,
                              const CharflowBackendKind **kind,
                              GError                    **error)
{
  g_autoptr (CharflowBackendOptions) self = NULL;
  g_autoptr (GPtrArray) items = NULL;
  const CharflowBackendKind *found;

  if (!check_text (spec, error))
    return NULL;

  items = split_spec (spec);
  found = find_kind (items, error);
  if (found == NULL)
    return NULL;

  self = g_new0 (CharflowBackendOptions, 1);
  self->kind = found;
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < items->len; i++)
    {
      if (!add_item (self, g_ptr_array_index (items, i), error))
        return NULL;
    }

  if (kind != NULL)
    *kind = found;
  return g_steal_pointer (&self);
}

void
charflow_backend_options_free (CharflowBackendOptions *options)
{
  g_free (options->id);
  g_hash_table_unref (options->values);
  g_free (options);
}

const char *
charflow_backend_options_get_id (const CharflowBackendOptions *options)
{
  return options->id;
}

gboolean
charflow_backend_options_has (const CharflowBackendOptions *options,
                              const char                   *name)
{
  g_assert (lookup_option (options->kind, name) != NULL);

  return g_hash_table_contains (options->values, name);
}

/* The text of an option, checked when the spec was parsed; our own defaults need no check. */
static const char *
get_text (const CharflowBackendOptions *options,
          const char                   *name,
          CharflowOptionType            type)
{
  const CharflowBackendOption *option = lookup_option (options->kind, name);
  const char *text = g_hash_table_lookup (options->values, name);

  g_assert (option != NULL && option->type == type);

  return text != NULL ? text : option->default_value;
}

const char *
charflow_backend_options_get_string (const CharflowBackendOptions *options,
                                     const char                   *name)
{
  return get_text (options, name, CHARFLOW_OPTION_TYPE_STRING);
}

gboolean
charflow_backend_options_get_boolean (const CharflowBackendOptions *options,
                                      const char                   *name)
{
  const char *text = get_text (options, name, CHARFLOW_OPTION_TYPE_BOOLEAN);
  gboolean value = FALSE;

  if (text != NULL)
    parse_boolean (text, &value);

  return value;
}

guint64
charflow_backend_options_get_number (const CharflowBackendOptions *options,
                                     const char                   *name)
{
  const CharflowBackendOption *option = lookup_option (options->kind, name);
  gboolean size = option != NULL && option->type == CHARFLOW_OPTION_TYPE_SIZE;
  const char *text = get_text (options, name,
                               size ? CHARFLOW_OPTION_TYPE_SIZE : CHARFLOW_OPTION_TYPE_NUMBER);
  guint64 value = 0;

  if (text == NULL)
    return 0;

  if (size)
    parse_size (text, &value);
  else
    parse_number (text, &value);

  return value;
}

guint
charflow_backend_options_get_choice (const CharflowBackendOptions *options,
                                     const char                   *name)
{
  const char *const *choices = lookup_option (options->kind, name)->choices;
  const char *text = get_text (options, name, CHARFLOW_OPTION_TYPE_CHOICE);
  guint n = 0;

  while (choices[n + 1] != NULL && strcmp (choices[n], text) != 0)
    n++;

  return n;
}

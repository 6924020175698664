/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backend-options-private.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-spec-private.h"
#include "charflow-text-private.h"

/* The length that QEMU's manual gives. */
#define MAX_ID 127

struct _CharflowBackendOptions
{
  const CharflowBackendKind *kind;
  char *id;
  GHashTable *values; /* of name to text, both owned */
};

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
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               /* Translators: a name, one of the messages such as "a number", and what was given. */
               _("Option '%s' expects %s, not '%s'"), option->name, expected, excerpt);
  return FALSE;
}

gboolean
charflow_backend_options_check_id (const char *id,
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

/* What every kind has; those who keep logs and share back ends look at them. */
static const CharflowBackendOption common_options[] = {
  { "logappend", CHARFLOW_OPTION_TYPE_BOOLEAN, "off",
    N_("Whether the log is continued and not begun anew") },
  { "logfile", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The file that logs what is written") },
  { "mux", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether several front ends share it") },
  { "record", CHARFLOW_OPTION_TYPE_STRING, NULL,
    N_("The file that records what passes, to be replayed") },
  { NULL },
};

const CharflowBackendOption *
charflow_backend_options_get_common (void)
{
  return common_options;
}

static const CharflowBackendOption *
lookup_row (const CharflowBackendOption *rows,
            const char                  *name)
{
  for (const CharflowBackendOption *option = rows; option->name != NULL; option++)
    {
      if (strcmp (option->name, name) == 0)
        return option;
    }

  return NULL;
}

static const CharflowBackendOption *
lookup_option (const CharflowBackendKind *kind,
               const char                *name)
{
  const CharflowBackendOption *option = lookup_row (kind->options, name);

  return option != NULL ? option : lookup_row (common_options, name);
}

static const CharflowBackendKind *
find_kind (GPtrArray *items,
           GError   **error)
{
  const char *name = NULL;

  for (guint i = 0; i < items->len; i++)
    {
      const CharflowSpecItem *item = g_ptr_array_index (items, i);

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
          const CharflowSpecItem *item,
          GError                **error)
{
  const CharflowBackendOption *option;

  if (strcmp (item->name, "backend") == 0)
    return TRUE;

  /* Of several ids the first one counts, of other keys the last, as in QEMU. */
  if (strcmp (item->name, "id") == 0)
    {
      if (!charflow_backend_options_check_id (item->value, error))
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

  items = charflow_spec_parse (spec, error);
  found = items != NULL ? find_kind (items, error) : NULL;
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

void
charflow_backend_options_set_id (CharflowBackendOptions *options,
                                 const char             *id)
{
  g_free (options->id);
  options->id = g_strdup (id);
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

gboolean
charflow_backend_options_get_path (const CharflowBackendOptions *options,
                                   const char                   *name,
                                   gboolean                      needed,
                                   const char                  **path,
                                   GError                      **error)
{
  *path = charflow_backend_options_get_string (options, name);

  if (*path == NULL && needed)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                   _("The back end '%s' needs the option '%s'"), options->kind->name, name);
      return FALSE;
    }

  if (*path != NULL && **path == '\0')
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option '%s' expects a path, not '%s'"), name, *path);
      return FALSE;
    }

  return TRUE;
}

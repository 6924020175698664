/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "serve-spec.h"

#include <string.h>

#include <glib/gi18n.h>

#define DEFAULT_STALL_TIME_MS 5000

static const char *const future_types[] = { "agent", "usbredir", "smartcard", "webdav", NULL };

void
serve_channel_free (ServeChannel *channel)
{
  g_free (channel->name);
  g_free (channel->chardev);
  g_clear_object (&channel->backend);
  g_free (channel);
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError    **error,
        const char *format,
        ...)
{
  va_list args;

  va_start (args, format);
  g_clear_error (error);
  if (error != NULL)
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
  va_end (args);

  return FALSE;
}

/* Values. */

static gboolean
parse_boolean (const char *key,
               const char *value,
               gboolean   *result,
               GError    **error)
{
  static const char *const yes[] = { "on", "yes", "true", "y", NULL };
  static const char *const no[] = { "off", "no", "false", "n", NULL };

  *result = g_strv_contains (yes, value);
  if (*result || g_strv_contains (no, value))
    return TRUE;

  return refuse (error, _("Option '%s' of --channel expects 'on' or 'off', not '%s'"), key, value);
}

static gboolean
parse_overflow (const char       *value,
                CharflowOverflow *overflow,
                GError          **error)
{
  if (g_str_equal (value, "pace"))
    *overflow = CHARFLOW_OVERFLOW_PACE;
  else if (g_str_equal (value, "remove"))
    *overflow = CHARFLOW_OVERFLOW_REMOVE;
  else if (g_str_equal (value, "drop"))
    *overflow = CHARFLOW_OVERFLOW_DROP;
  else
    return refuse (error, _("Option 'overflow' of --channel expects 'pace', 'remove' or 'drop', not '%s'"),
                   value);

  return TRUE;
}

static gboolean
parse_stall_time (const char *value,
                  guint      *stall_time,
                  GError    **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT, &number, NULL))
    return refuse (error, _("Option 'stall-time' of --channel expects milliseconds, not '%s'"), value);

  *stall_time = (guint) number;
  return TRUE;
}

static gboolean
parse_text (const char *key,
            const char *value,
            char      **text,
            GError    **error)
{
  if (*value == '\0')
    return refuse (error, _("Option '%s' of --channel is empty"), key);

  g_free (*text);
  *text = g_strdup (value);

  return TRUE;
}

static gboolean
parse_item (ServeChannel *channel,
            const char   *key,
            const char   *value,
            GError      **error)
{
  if (g_str_equal (key, "name"))
    return parse_text (key, value, &channel->name, error);
  if (g_str_equal (key, "chardev"))
    return parse_text (key, value, &channel->chardev, error);
  if (g_str_equal (key, "overflow"))
    return parse_overflow (value, &channel->overflow, error);
  if (g_str_equal (key, "stall-time"))
    return parse_stall_time (value, &channel->stall_time, error);
  if (g_str_equal (key, "keep-unread"))
    return parse_boolean (key, value, &channel->keep_unread, error);
  if (g_str_equal (key, "read-only"))
    return parse_boolean (key, value, &channel->read_only, error);

  return refuse (error,
                 _("--channel has no option '%s', only name, chardev, overflow, stall-time, keep-unread "
                   "and read-only"),
                 key);
}

/* One --channel. */

/* The items between commas; a comma in an item is written twice, as in --chardev. */
static char **
split_items (const char *spec)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GString) item = g_string_new (NULL);

  for (const char *p = spec; *p != '\0'; p++)
    {
      if (p[0] == ',' && p[1] != ',')
        {
          g_strv_builder_add (builder, item->str);
          g_string_truncate (item, 0);
          continue;
        }

      if (p[0] == ',')
        p++;
      g_string_append_c (item, *p);
    }
  g_strv_builder_add (builder, item->str);

  return g_strv_builder_end (builder);
}

static gboolean
check_type (const char *type,
            GError    **error)
{
  if (g_str_equal (type, "port"))
    return TRUE;

  if (g_strv_contains (future_types, type))
    return refuse (error, _("Channels of the type '%s' are not supported yet"), type);

  return refuse (error, _("There is no channel type '%s'; --channel begins with 'port,'"), type);
}

static ServeChannel *
serve_channel_new (const char *chardev)
{
  ServeChannel *channel = g_new0 (ServeChannel, 1);

  channel->chardev = g_strdup (chardev);
  channel->overflow = CHARFLOW_OVERFLOW_PACE;
  channel->stall_time = DEFAULT_STALL_TIME_MS;

  return channel;
}

static ServeChannel *
parse_channel (const char *spec,
               GError    **error)
{
  g_autoptr (ServeChannel) channel = serve_channel_new (NULL);
  g_auto (GStrv) items = NULL;

  if (!g_utf8_validate (spec, -1, NULL))
    {
      refuse (error, _("--channel is not in UTF-8"));
      return NULL;
    }

  items = split_items (spec);
  if (!check_type (items[0], error))
    return NULL;

  for (guint i = 1; items[i] != NULL; i++)
    {
      char *value = strchr (items[i], '=');

      if (value != NULL)
        *value++ = '\0';

      /* A key alone switches it on. */
      if (!parse_item (channel, items[i], value != NULL ? value : "on", error))
        return NULL;
    }

  if (channel->chardev == NULL)
    {
      refuse (error, _("--channel=%s has no chardev=ID"), spec);
      return NULL;
    }

  return g_steal_pointer (&channel);
}

/* All of them. */

static gboolean
add_backend (CharflowBackendRegistry *registry,
             const char              *spec,
             GError                 **error)
{
  g_autoptr (GError) local_error = NULL;

  if (charflow_backend_registry_create (registry, spec, &local_error) != NULL)
    return TRUE;

  return refuse (error, "%s", local_error->message);
}

static guint
count_channels (GPtrArray       *channels,
                CharflowBackend *backend)
{
  guint n = 0;

  for (guint i = 0; i < channels->len; i++)
    n += ((ServeChannel *) channels->pdata[i])->backend == backend ? 1 : 0;

  return n;
}

/* A multiplexer can have several. */
static gboolean
check_channel_count (GPtrArray       *channels,
                     CharflowBackend *backend,
                     GError         **error)
{
  guint n = count_channels (channels, backend);
  guint max = CHARFLOW_IS_MUX_BACKEND (backend)
                ? charflow_mux_backend_get_max_front_ends (CHARFLOW_MUX_BACKEND (backend))
                : 1;

  if (n < max)
    return TRUE;

  return refuse (error, ngettext ("The back end '%s' can have %u channel only", "The back end '%s' can have %u channels only", max),
                 charflow_backend_get_label (backend), max);
}

static gboolean
add_channel (GPtrArray               *channels,
             ServeChannel            *channel,
             CharflowBackendRegistry *registry,
             GError                 **error)
{
  g_autoptr (ServeChannel) owned = channel;
  CharflowBackend *backend = charflow_backend_registry_lookup (registry, channel->chardev);

  if (backend == NULL)
    return refuse (error, _("There is no --chardev with id=%s"), channel->chardev);
  if (!check_channel_count (channels, backend, error))
    return FALSE;

  if (channel->name == NULL)
    channel->name = g_strdup_printf ("org.charflow.%s.%u", channel->chardev, count_channels (channels, backend));

  for (guint i = 0; i < channels->len; i++)
    {
      ServeChannel *other = channels->pdata[i];

      if (g_str_equal (other->name, channel->name))
        return refuse (error, _("There are two ports of the name '%s'"), channel->name);
    }

  channel->backend = g_object_ref (backend);
  g_ptr_array_add (channels, g_steal_pointer (&owned));

  return TRUE;
}

static gboolean
is_base (GListModel      *backends,
         CharflowBackend *backend)
{
  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (CharflowBackend) other = g_list_model_get_item (backends, i);

      if (CHARFLOW_IS_MUX_BACKEND (other) &&
          charflow_mux_backend_get_backend (CHARFLOW_MUX_BACKEND (other)) == backend)
        return TRUE;
    }

  return FALSE;
}

static gboolean
check_all_used (GListModel *backends,
                GPtrArray  *channels,
                GError    **error)
{
  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (CharflowBackend) backend = g_list_model_get_item (backends, i);

      if (!is_base (backends, backend) && count_channels (channels, backend) == 0)
        return refuse (error, _("The back end '%s' has no --channel"), charflow_backend_get_label (backend));
      if (is_base (backends, backend) && count_channels (channels, backend) > 0)
        return refuse (error, _("The back end '%s' belongs to a multiplexer, and can have no --channel"),
                       charflow_backend_get_label (backend));
    }

  return TRUE;
}

/* One for each back end that can have one. */
static gboolean
add_default_channels (GPtrArray               *channels,
                      CharflowBackendRegistry *registry,
                      GError                 **error)
{
  GListModel *backends = G_LIST_MODEL (registry);

  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (CharflowBackend) backend = g_list_model_get_item (backends, i);

      if (!is_base (backends, backend) &&
          !add_channel (channels, serve_channel_new (charflow_backend_get_label (backend)), registry, error))
        return FALSE;
    }

  return TRUE;
}

GPtrArray *
serve_spec_parse (const char *const *chardevs,
                  const char *const *channels,
                  GError           **error)
{
  static const char *const default_chardevs[] = { "pty,id=console", NULL };
  g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
  g_autoptr (GPtrArray) result = g_ptr_array_new_with_free_func ((GDestroyNotify) serve_channel_free);

  if (chardevs == NULL && channels == NULL)
    chardevs = default_chardevs;

  for (guint i = 0; chardevs != NULL && chardevs[i] != NULL; i++)
    {
      if (!add_backend (registry, chardevs[i], error))
        return NULL;
    }

  for (guint i = 0; channels != NULL && channels[i] != NULL; i++)
    {
      ServeChannel *channel = parse_channel (channels[i], error);

      if (channel == NULL || !add_channel (result, channel, registry, error))
        return NULL;
    }

  if (channels == NULL && !add_default_channels (result, registry, error))
    return NULL;
  if (!check_all_used (G_LIST_MODEL (registry), result, error))
    return NULL;

  return g_steal_pointer (&result);
}

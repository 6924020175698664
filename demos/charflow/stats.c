/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "stats.h"

#include <math.h>

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "line-writer.h"
#include "log.h"

#define MAX_INTERVAL_S 1000000
/* Whoever ends the program does not want to wait for a reader that is stuck. */
#define FINISH_TIMEOUT_US G_TIME_SPAN_SECOND

typedef struct
{
  CharflowCharDevice *device;
  char *id;
  char *port_name;
} StatsDevice;

struct _Stats
{
  GPtrArray *devices; /* StatsDevice */
  LineWriter *writer;
  gint64 start_time;
  guint interval_ms;
  guint timer_id; /* 0 before the first line, and after the last one */
};

/* What is printed, under the names of the properties, whose documentation tells what each is. A test
 * compares this with the properties that there are. */
static const char *const device_keys[] = {
  "opened",
  "running",
  "messages-read",
  "bytes-read",
  "messages-discarded",
  "bytes-discarded",
  "messages-written",
  "bytes-written",
  "waiting-messages",
  "waiting-bytes",
  "waiting-messages-peak",
  "waiting-bytes-peak",
  "read-blocked-time",
  "write-blocked-time",
  "self-tokens-held",
  "removals",
};

static const char *const client_keys[] = {
  "name",
  "peer",
  "overflow",
  "flow-control",
  "read-only",
  "ready",
  "messages-delivered",
  "bytes-delivered",
  "messages-written",
  "bytes-written",
  "messages-missed",
  "bytes-missed",
  "queued-messages",
  "queued-bytes",
  "queued-messages-peak",
  "queued-bytes-peak",
  "waiting-messages",
  "waiting-bytes",
  "blocked-time",
  "client-tokens-held",
  "client-tokens-owed",
  "send-tokens-held",
};

gboolean
stats_parse_interval (const char *text,
                      guint      *interval_ms,
                      GError    **error)
{
  char *end;
  double interval_s = g_strtod (text, &end);

  if (end == text || *end != '\0' || !(interval_s > 0 && interval_s <= MAX_INTERVAL_S))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("--stats expects seconds, more than 0 and at most %d, not '%s'"), MAX_INTERVAL_S, text);
      return FALSE;
    }

  *interval_ms = (guint) ceil (interval_s * 1000);
  return TRUE;
}

/* Values. */

static JsonNode *
text_to_node (const char *text)
{
  g_autofree char *valid = NULL;

  if (text == NULL)
    return json_node_new (JSON_NODE_NULL);

  /* A path need not be UTF-8, JSON has to. */
  valid = g_utf8_make_valid (text, -1);
  return json_node_init_string (json_node_alloc (), valid);
}

static JsonNode *
count_to_node (guint64 count)
{
  /* json-glib's integers have a sign: a count that is beyond them stays at the highest. */
  return json_node_init_int (json_node_alloc (), (gint64) MIN (count, G_MAXINT64));
}

static JsonNode *
enum_to_node (const GValue *value)
{
  g_autoptr (GEnumClass) members = g_type_class_ref (G_VALUE_TYPE (value));

  return text_to_node (g_enum_get_value (members, g_value_get_enum (value))->value_nick);
}

static JsonNode *
value_to_node (const GValue *value)
{
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_BOOLEAN:
      return json_node_init_boolean (json_node_alloc (), g_value_get_boolean (value));
    case G_TYPE_UINT:
      return count_to_node (g_value_get_uint (value));
    case G_TYPE_UINT64:
      return count_to_node (g_value_get_uint64 (value));
    case G_TYPE_STRING:
      return text_to_node (g_value_get_string (value));
    case G_TYPE_ENUM:
      return enum_to_node (value);
    case G_TYPE_VARIANT:
      return json_gvariant_serialize (g_value_get_variant (value));
    default:
      g_critical ("No JSON is known for a %s", G_VALUE_TYPE_NAME (value));
      return json_node_new (JSON_NODE_NULL);
    }
}

/* Objects. */

static void
add_properties (JsonObject        *object,
                gpointer           source,
                const char *const *keys,
                gsize              n_keys)
{
  for (gsize i = 0; i < n_keys; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_object_get_property (source, keys[i], &value);
      json_object_set_member (object, keys[i], value_to_node (&value));
    }
}

static JsonArray *
describe_clients (CharflowCharDevice *device)
{
  GListModel *clients = charflow_char_device_get_clients (device);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < g_list_model_get_n_items (clients); i++)
    {
      g_autoptr (CharflowClient) client = g_list_model_get_item (clients, i);
      JsonObject *object = json_object_new ();

      add_properties (object, client, client_keys, G_N_ELEMENTS (client_keys));
      json_array_add_object_element (array, object);
    }

  return array;
}

static JsonObject *
describe_device (const StatsDevice *entry)
{
  CharflowBackend *backend = charflow_char_device_get_backend (entry->device);
  g_autofree char *uri = backend != NULL ? charflow_backend_get_uri (backend) : NULL;
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "id", text_to_node (entry->id));
  json_object_set_member (object, "port-name", text_to_node (entry->port_name));
  json_object_set_member (object, "backend", text_to_node (uri));
  add_properties (object, entry->device, device_keys, G_N_ELEMENTS (device_keys));
  json_object_set_array_member (object, "clients", describe_clients (entry->device));

  return object;
}

static char *
build_line (Stats *stats)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format_iso8601 (now);
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *devices = json_array_new ();
  g_autofree char *text = NULL;

  json_object_set_string_member (object, "time", time);
  json_object_set_int_member (object, "uptime", g_get_monotonic_time () - stats->start_time);
  for (guint i = 0; i < stats->devices->len; i++)
    json_array_add_object_element (devices, describe_device (stats->devices->pdata[i]));
  json_object_set_array_member (object, "devices", devices);
  json_node_take_object (root, object);
  text = json_to_string (root, FALSE);

  return g_strconcat (text, "\n", NULL);
}

/* Lines. */

static gboolean
interval_over_cb (gpointer user_data)
{
  Stats *stats = user_data;
  g_autoptr (GError) error = NULL;

  if (line_writer_wait (stats->writer, 0, &error))
    {
      line_writer_write (stats->writer, build_line (stats));
      return G_SOURCE_CONTINUE;
    }

  /* The line before is still under way: this one is left out, and the next one has all that it would
   * have told. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return G_SOURCE_CONTINUE;

  log_error (_("Could not write to standard output: %s"), error->message);
  stats->timer_id = 0;

  return G_SOURCE_REMOVE;
}

void
stats_start (Stats *stats)
{
  if (stats->timer_id != 0)
    return;

  stats->writer = line_writer_new ();
  stats->timer_id = g_timeout_add (stats->interval_ms, interval_over_cb, stats);
}

void
stats_finish (Stats *stats)
{
  g_autoptr (GError) error = NULL;

  if (stats->timer_id == 0)
    return;

  g_clear_handle_id (&stats->timer_id, g_source_remove);
  if (line_writer_wait (stats->writer, FINISH_TIMEOUT_US, &error))
    {
      line_writer_write (stats->writer, build_line (stats));
      line_writer_wait (stats->writer, FINISH_TIMEOUT_US, &error);
    }

  if (error != NULL)
    log_error (_("Could not write to standard output: %s"), error->message);
}

static void
stats_device_free (StatsDevice *entry)
{
  g_object_unref (entry->device);
  g_free (entry->id);
  g_free (entry->port_name);
  g_free (entry);
}

Stats *
stats_new (guint interval_ms)
{
  Stats *stats = g_new0 (Stats, 1);

  stats->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) stats_device_free);
  stats->start_time = g_get_monotonic_time ();
  stats->interval_ms = interval_ms;

  return stats;
}

void
stats_free (Stats *stats)
{
  g_clear_handle_id (&stats->timer_id, g_source_remove);
  g_clear_pointer (&stats->writer, line_writer_free);
  g_ptr_array_unref (stats->devices);
  g_free (stats);
}

void
stats_add_device (Stats              *stats,
                  CharflowCharDevice *device,
                  const char         *id,
                  const char         *port_name)
{
  StatsDevice *entry = g_new (StatsDevice, 1);

  entry->device = g_object_ref (device);
  entry->id = g_strdup (id);
  entry->port_name = g_strdup (port_name);
  g_ptr_array_add (stats->devices, entry);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "commands.h"

#include <charflow-glib/charflow.h>
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "arguments.h"
#include "log.h"
#include "password.h"
#include "session.h"
#include "table.h"

static char *password_file;
static gboolean use_json;

static const GOptionEntry entries[] = {
  { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &password_file,
    N_("Read the password from the first line of FILE"), N_("FILE") },
  { "json", 0, 0, G_OPTION_ARG_NONE, &use_json, N_("Print JSON"), NULL },
  G_OPTION_ENTRY_NULL
};

static const ArgumentsForm form = {
  .parameters = N_("URI"),
  .summary = N_("Lists the channels of a server, one a line: type, id, and for ports name and state.\n"
                "CHARFLOW_PASSWORD serves where no password file is given."),
  .entries = entries,
  .min_arguments = 1,
  .max_arguments = 1,
};

static void
add_row (Table           *table,
         CharflowChannel *channel)
{
  g_autofree char *type = charflow_channel_get_type_name (channel);
  g_autofree char *id = g_strdup_printf ("%d", charflow_channel_get_channel_id (channel));

  if (CHARFLOW_IS_CLIENT_PORT_CHANNEL (channel))
    {
      CharflowClientPortChannel *port = CHARFLOW_CLIENT_PORT_CHANNEL (channel);
      const char *name = charflow_client_port_channel_get_port_name (port);

      /* A port that could not be linked has no name; the words "open" and "closed" are the same in
       * every language. */
      table_add_row (table, type, id, name != NULL ? name : "-",
                     charflow_client_port_channel_get_port_opened (port) ? "open" : "closed", NULL);
      return;
    }

  table_add_row (table, type, id, NULL);
}

static void
print_table (GListModel *channels)
{
  g_autoptr (Table) table = table_new ();

  for (guint i = 0; i < g_list_model_get_n_items (channels); i++)
    {
      g_autoptr (CharflowChannel) channel = g_list_model_get_item (channels, i);

      add_row (table, channel);
    }

  table_print (table);
}

static void
add_object (JsonBuilder     *builder,
            CharflowChannel *channel)
{
  g_autofree char *type = charflow_channel_get_type_name (channel);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "type");
  json_builder_add_string_value (builder, type);
  json_builder_set_member_name (builder, "id");
  json_builder_add_int_value (builder, charflow_channel_get_channel_id (channel));

  if (CHARFLOW_IS_CLIENT_PORT_CHANNEL (channel))
    {
      CharflowClientPortChannel *port = CHARFLOW_CLIENT_PORT_CHANNEL (channel);

      json_builder_set_member_name (builder, "name");
      json_builder_add_string_value (builder, charflow_client_port_channel_get_port_name (port));
      json_builder_set_member_name (builder, "open");
      json_builder_add_boolean_value (builder, charflow_client_port_channel_get_port_opened (port));
    }

  json_builder_end_object (builder);
}

static void
print_json (CharflowSession *session,
            GListModel      *channels)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "server");
  json_builder_add_string_value (builder, charflow_session_get_server_name (session));
  json_builder_set_member_name (builder, "channels");
  json_builder_begin_array (builder);
  for (guint i = 0; i < g_list_model_get_n_items (channels); i++)
    {
      g_autoptr (CharflowChannel) channel = g_list_model_get_item (channels, i);

      add_object (builder, channel);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  text = json_generator_to_data (generator, NULL);
  g_print ("%s\n", text);
}

int
command_list (int    argc,
              char **argv)
{
  g_autoptr (CharflowSession) session = NULL;
  g_autoptr (GError) error = NULL;
  GListModel *channels;

  if (!arguments_parse (&form, &argc, &argv) || password_is_in_uri (argv[1]))
    return STATUS_USAGE;

  session = session_open (argv[1], password_file, &error);
  if (session == NULL)
    {
      log_error ("%s", error->message);
      return error->domain == CHARFLOW_URI_ERROR ? STATUS_USAGE : STATUS_FAILED;
    }

  channels = charflow_session_get_channels (session);
  if (use_json)
    print_json (session, channels);
  else
    print_table (channels);

  session_take_leave (session);

  return log_check_output () ? STATUS_OK : STATUS_FAILED;
}

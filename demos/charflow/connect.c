/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "commands.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <charflow-glib/charflow.h>
#include <glib-unix.h>
#include <glib/gi18n.h>

#include "arguments.h"
#include "log.h"
#include "password.h"
#include "pump.h"
#include "session.h"
#include "terminal.h"

/* Whoever leaves the console does not want to wait for a server that is stuck. */
#define LEAVE_TIMEOUT_MS 1000
#define MAX_LINGER_S 1000000
#define NO_ESCAPE (-1)

typedef struct
{
  CharflowSession *session;
  CharflowClientPortChannel *port;
  Pump *pump;
  PumpSettings settings;
  char *escape_text; /* as people write it */

  gboolean is_over; /* nothing is copied any more */
  gboolean is_leaving;
  gboolean is_left; /* the session is over */
  gboolean has_port_ended;
  gboolean was_open;
  int status;
} Console;

static char *port_name;
static char *password_file;
static char *escape;
static double linger = 1;

static const GOptionEntry entries[] = {
  { "port", 0, 0, G_OPTION_ARG_STRING, &port_name,
    N_("The port; not needed when there is only one"), N_("NAME") },
  { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &password_file,
    N_("Read the password from the first line of FILE"), N_("FILE") },
  { "escape", 0, 0, G_OPTION_ARG_STRING, &escape,
    N_("The key that leaves the console: ^X, a character, or none (default: ^])"), N_("CHAR") },
  { "linger", 0, 0, G_OPTION_ARG_DOUBLE, &linger,
    N_("How long the port must be quiet after the end of standard input (default: 1)"), N_("SECONDS") },
  G_OPTION_ENTRY_NULL
};

static const ArgumentsForm form = {
  .parameters = N_("URI"),
  .summary = N_("Connects the terminal to a port of a server. With pipes it copies standard input to\n"
                "the port and the port to standard output. CHARFLOW_PASSWORD serves where no password\n"
                "file is given."),
  .entries = entries,
  .min_arguments = 1,
  .max_arguments = 1,
};

/* Options. */

static gboolean
is_control_letter (char c)
{
  return g_ascii_isalpha (c) || (c != '\0' && strchr ("@[\\]^_", c) != NULL);
}

static gboolean
parse_escape (const char *text,
              int        *byte)
{
  if (g_str_equal (text, "none"))
    *byte = NO_ESCAPE;
  else if (text[0] == '^' && is_control_letter (text[1]) && text[2] == '\0')
    *byte = g_ascii_toupper (text[1]) & 0x1f;
  else if (text[0] != '\0' && text[1] == '\0' && (text[0] & 0x80) == 0)
    *byte = text[0];
  else
    return FALSE;

  return TRUE;
}

static gboolean
parse_settings (PumpSettings *settings)
{
  if (!parse_escape (escape != NULL ? escape : "^]", &settings->escape))
    {
      log_error (_("The escape character '%s' is none of ^X, a single ASCII character and none"), escape);
      return FALSE;
    }

  if (!isfinite (linger) || linger < 0 || linger > MAX_LINGER_S)
    {
      log_error (_("--linger expects 0 to %d seconds"), MAX_LINGER_S);
      return FALSE;
    }

  settings->linger_ms = (guint) (linger * 1000);
  settings->is_terminal = terminal_is_there ();
  if (!settings->is_terminal)
    settings->escape = NO_ESCAPE;

  return TRUE;
}

/* The port. */

static GPtrArray *
list_ports (CharflowSession *session)
{
  GListModel *channels = charflow_session_get_channels (session);
  g_autoptr (GPtrArray) ports = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (channels); i++)
    {
      g_autoptr (CharflowClientChannel) channel = g_list_model_get_item (channels, i);

      /* One that could not be linked has no name. */
      if (CHARFLOW_IS_CLIENT_PORT_CHANNEL (channel) &&
          charflow_client_port_channel_get_port_name (CHARFLOW_CLIENT_PORT_CHANNEL (channel)) != NULL)
        g_ptr_array_add (ports, g_steal_pointer (&channel));
    }

  return g_steal_pointer (&ports);
}

static char *
join_names (GPtrArray *ports)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < ports->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            charflow_client_port_channel_get_port_name (ports->pdata[i]));

  return g_string_free (g_steal_pointer (&names), FALSE);
}

static CharflowClientPortChannel *
find_port (CharflowSession *session)
{
  g_autoptr (GPtrArray) ports = list_ports (session);
  g_autofree char *names = join_names (ports);

  for (guint i = 0; i < ports->len; i++)
    {
      const char *name = charflow_client_port_channel_get_port_name (ports->pdata[i]);

      if (port_name == NULL ? ports->len == 1 : g_str_equal (port_name, name))
        return g_object_ref (ports->pdata[i]);
    }

  if (ports->len == 0)
    log_error (_("The server has no port that is free"));
  else if (port_name == NULL)
    /* Translators: names of ports. */
    log_error (_("Which port? Give --port=NAME; there are %s"), names);
  else
    log_error (_("There is no port '%s'; there is %s"), port_name, names);

  return NULL;
}

/* The console. */

static void
print_state (Console *console)
{
  const char *name = charflow_client_port_channel_get_port_name (console->port);
  gboolean is_open = charflow_client_port_channel_get_port_opened (console->port);

  if (!is_open && console->was_open && !console->settings.is_terminal)
    return;

  if (!is_open && console->settings.is_terminal)
    log_notice (_("The port %s is closed; waiting for it to open (escape character is %s)."),
                name, console->escape_text);
  else if (!is_open)
    log_notice (_("The port %s is closed; waiting for it to open."), name);
  else if (console->settings.is_terminal)
    log_notice (_("Connected to %s (escape character is %s)."), name, console->escape_text);
}

static void
port_opened_cb (Console *console)
{
  print_state (console);
  console->was_open |= charflow_client_port_channel_get_port_opened (console->port);
}

static void
fail (Console    *console,
      const char *message)
{
  log_error ("%s", message);
  console->status = STATUS_FAILED;
}

static void
session_closed_cb (CharflowSession *session,
                   const GError    *error,
                   Console         *console)
{
  console->is_left = TRUE;
  if (error != NULL)
    fail (console, error->message);

  pump_note_session_over (console->pump);
}

static void
left_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Console *console = user_data;
  g_autoptr (GError) error = NULL;

  if (!charflow_session_close_finish (console->session, result, &error) && !console->is_left)
    fail (console, error->message);

  console->is_left = TRUE;
  pump_note_session_over (console->pump);
}

static gboolean
leave_timeout_cb (gpointer user_data)
{
  Console *console = user_data;

  console->is_left = TRUE;
  charflow_session_close (console->session);

  return G_SOURCE_CONTINUE;
}

static void
start_to_leave (Console *console)
{
  if (console->is_leaving)
    return;

  console->is_leaving = TRUE;
  charflow_session_close_async (console->session, NULL, left_cb, console);
}

static void
pump_end_cb (PumpEnd       end,
             const GError *error,
             gpointer      user_data)
{
  Console *console = user_data;

  switch (end)
    {
    case PUMP_END_INPUT:
      start_to_leave (console);
      return;

    case PUMP_END_PORT:
      console->has_port_ended = TRUE;
      break;

    case PUMP_END_FAILED:
      fail (console, error->message);
      break;

    case PUMP_END_ESCAPE:
    case PUMP_END_OUTPUT:
    default:
      break;
    }

  console->is_over = TRUE;
}

static gboolean
signal_cb (gpointer user_data)
{
  Console *console = user_data;

  console->is_over = TRUE;
  console->is_left = TRUE;
  charflow_session_close (console->session);

  return G_SOURCE_CONTINUE;
}

/* Ends with everything copied and the terminal as it was. */
static void
run_pump (Console *console)
{
  const int signals[] = { SIGHUP, SIGINT, SIGTERM };
  guint ids[G_N_ELEMENTS (signals)];
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    ids[i] = g_unix_signal_add (signals[i], signal_cb, console);

  if (console->settings.is_terminal && !terminal_make_raw (&error))
    {
      fail (console, error->message);
      console->is_over = TRUE;
    }

  while (!console->is_over)
    g_main_context_iteration (NULL, TRUE);

  if (!console->is_left)
    {
      guint timeout_id = g_timeout_add (LEAVE_TIMEOUT_MS, leave_timeout_cb, console);

      start_to_leave (console);
      while (!console->is_left)
        g_main_context_iteration (NULL, TRUE);
      g_source_remove (timeout_id);
    }

  terminal_restore ();
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (ids[i]);
}

static char *
describe_escape (int byte)
{
  if (byte == NO_ESCAPE)
    return g_strdup (_("none"));

  return byte < 0x20 ? g_strdup_printf ("^%c", byte + '@') : g_strdup_printf ("%c", byte);
}

static int
run_console (CharflowSession           *session,
             CharflowClientPortChannel *port,
             const PumpSettings        *settings)
{
  g_autofree char *escape_text = describe_escape (settings->escape);
  Console console = {
    .session = session,
    .port = port,
    .settings = *settings,
    .escape_text = escape_text,
    .status = STATUS_OK,
  };

  port_opened_cb (&console);
  console.pump = pump_new (port, settings, pump_end_cb, &console);
  g_signal_connect_swapped (port, "notify::port-opened", G_CALLBACK (port_opened_cb), &console);
  g_signal_connect (session, "closed", G_CALLBACK (session_closed_cb), &console);

  run_pump (&console);

  if (settings->is_terminal)
    {
      /* What came last from the port may have left the cursor anywhere. */
      fputc ('\n', stderr);
      log_notice (_("Disconnected from %s."), charflow_client_port_channel_get_port_name (port));
    }
  else if (console.has_port_ended && pump_get_pending (console.pump) > 0 && console.status == STATUS_OK)
    {
      fail (&console, _("The port closed before it had taken all of standard input"));
    }

  g_signal_handlers_disconnect_by_data (session, &console);
  g_signal_handlers_disconnect_by_data (port, &console);
  pump_free (console.pump);

  return console.status;
}

int
command_connect (int    argc,
                 char **argv)
{
  g_autoptr (CharflowSession) session = NULL;
  g_autoptr (CharflowClientPortChannel) port = NULL;
  g_autoptr (GError) error = NULL;
  PumpSettings settings;

  if (!arguments_parse (&form, &argc, &argv) ||
      password_is_in_uri (argv[1]) ||
      !parse_settings (&settings))
    return STATUS_USAGE;

  session = session_open (argv[1], password_file, &error);
  if (session == NULL)
    {
      log_error ("%s", error->message);
      return error->domain == CHARFLOW_URI_ERROR ? STATUS_USAGE : STATUS_FAILED;
    }

  port = find_port (session);
  if (port == NULL)
    {
      session_take_leave (session);
      return STATUS_FAILED;
    }

  return run_console (session, port, &settings);
}

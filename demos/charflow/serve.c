/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "commands.h"

#include <signal.h>
#include <string.h>

#include <charflow-glib/charflow.h>
#include <glib-unix.h>
#include <glib/gi18n.h>

#include "arguments.h"
#include "log.h"
#include "missed.h"
#include "password.h"
#include "serve-spec.h"
#include "stats.h"
#include "terminal.h"

#define DEFAULT_LISTEN "spice://127.0.0.1:5930"
#define READY_LIMIT_MS 1000

typedef struct
{
  GMainLoop *loop;
  CharflowServer *server;
  GPtrArray *channels; /* ServeChannel */
  GPtrArray *devices; /* CharflowCharDevice, of the channels in order */
  GPtrArray *uris; /* char *, where it listens */
  GPtrArray *peers; /* char *, of the sessions, in the order of the server's list */
  char *new_password; /* NULL unless it was made here */
  Stats *stats; /* NULL where nobody wants them */
  GCancellable *cancellable;
  guint n_awaited; /* back ends that are to be open before it is ready */
  guint ready_idle;
  guint ready_timer;
  int status;
} Serving;

/* One back end while it opens. */
typedef struct
{
  Serving *serving;
  gboolean is_awaited;
} Opening;

static char **listen_uris;
static char **chardevs;
static char **channel_specs;
static char *password_file;
static char *tls_certificate;
static char *tls_key;
static char *config_file;
static char *stats_interval;
static gboolean no_auth;
static gboolean verbose;

static const GOptionEntry entries[] = {
  { "listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &listen_uris,
    N_("Where to listen, port 0 for a free one (default: spice://127.0.0.1:5930); repeatable"), N_("URI") },
  { "chardev", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &chardevs,
    N_("A back end; “charflow backends” lists them (default: pty,id=console); repeatable"),
    N_("BACKEND,id=ID[,KEY=VALUE…]") },
  { "channel", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &channel_specs,
    N_("A port and its back end; more keys are name, overflow=pace|remove|drop, stall-time=MS, "
       "keep-unread=on|off, read-only=on|off; repeatable"),
    N_("port,chardev=ID[,KEY=VALUE…]") },
  { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &password_file,
    N_("Read the password from the first line of FILE"), N_("FILE") },
  { "no-auth", 0, 0, G_OPTION_ARG_NONE, &no_auth, N_("Let everybody in without a password"), NULL },
  { "stats", 0, 0, G_OPTION_ARG_STRING, &stats_interval,
    N_("Print the figures of all devices and clients as a line of JSON, every so many seconds"), N_("SECONDS") },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, N_("Say who comes and goes"), NULL },
  { "tls-certificate", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &tls_certificate,
    NULL, NULL },
  { "tls-key", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &tls_key, NULL, NULL },
  { "config", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &config_file, NULL, NULL },
  G_OPTION_ENTRY_NULL
};

static const ArgumentsForm form = {
  .summary = N_("Serves character devices as SPICE ports. Without a password file or CHARFLOW_PASSWORD\n"
                "it makes a password and prints it."),
  .entries = entries,
};

/* Options. */

static gboolean
check_options (void)
{
  if (tls_certificate != NULL || tls_key != NULL)
    log_error (_("--tls-certificate and --tls-key are not supported yet"));
  else if (config_file != NULL)
    log_error (_("--config is not supported yet"));
  else if (no_auth && password_file != NULL)
    log_error (_("--no-auth and --password-file exclude each other"));
  else
    return TRUE;

  return FALSE;
}

static gboolean
set_stats (Serving *serving,
           GError **error)
{
  guint interval_ms;

  if (stats_interval == NULL)
    return TRUE;
  if (!stats_parse_interval (stats_interval, &interval_ms, error))
    return FALSE;

  serving->stats = stats_new (interval_ms);
  return TRUE;
}

static gboolean
set_password (Serving *serving,
              GError **error)
{
  g_autofree char *password = NULL;
  g_autoptr (GError) local_error = NULL;

  if (no_auth)
    {
      charflow_server_set_authentication (serving->server, CHARFLOW_AUTHENTICATION_NONE);
      return TRUE;
    }

  password = password_find (password_file, &local_error);
  if (local_error == NULL && password == NULL)
    {
      password = password_generate (&local_error);
      serving->new_password = g_strdup (password);
    }

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  charflow_server_set_password (serving->server, password);
  return TRUE;
}

/* What is worth a line. */

static void
peer_error_cb (CharflowServer *server,
               const char     *peer,
               const GError   *error,
               gpointer        user_data)
{
  log_limited ("%s: %s", peer, error->message);
}

static void
backend_error_cb (CharflowCharDevice *device,
                  const GError       *error,
                  gpointer            user_data)
{
  CharflowBackend *backend = charflow_char_device_get_backend (device);

  log_limited ("%s: %s", backend != NULL ? charflow_backend_get_label (backend) : "-", error->message);
}

/* Of a log or a recorder; the message names its file. */
static void
trace_failed_cb (GObject      *trace,
                 const GError *error,
                 gpointer      user_data)
{
  log_limited ("%s", error->message);
}

static void
watch_traces (CharflowBackend *backend)
{
  CharflowLog *log = charflow_backend_get_log (backend);
  CharflowRecorder *recorder = charflow_backend_get_recorder (backend);

  if (log != NULL)
    g_signal_connect (log, "failed", G_CALLBACK (trace_failed_cb), NULL);
  if (recorder != NULL)
    g_signal_connect (recorder, "failed", G_CALLBACK (trace_failed_cb), NULL);
}

/* Who has left cannot be asked for its name any more, so the names are kept. */
static void
clients_changed_cb (GListModel *clients,
                    guint       position,
                    guint       removed,
                    guint       added,
                    Serving    *serving)
{
  for (guint i = 0; i < removed; i++)
    {
      log_limited (_("%s: left"), (const char *) serving->peers->pdata[position]);
      g_ptr_array_remove_index (serving->peers, position);
    }

  for (guint i = 0; i < added; i++)
    {
      g_autoptr (CharflowServerClient) client = g_list_model_get_item (clients, position + i);
      const char *peer = charflow_server_client_get_peer (client);

      log_limited (_("%s: came"), peer);
      g_ptr_array_insert (serving->peers, (int) (position + i), g_strdup (peer));
    }
}

/* Readiness. */

static void
end_with (Serving *serving,
          int      status)
{
  serving->status = status;
  g_main_loop_quit (serving->loop);
}

/* Others on the machine can reach the loopback address, others on the network cannot. */
static gboolean
is_local (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GInetAddress) address = NULL;
  const char *host;

  if (parsed == NULL)
    return FALSE;

  if (g_str_equal (g_uri_get_scheme (parsed), "spice+unix"))
    return TRUE;

  host = g_uri_get_host (parsed);
  if (host == NULL)
    return FALSE;

  address = g_inet_address_new_from_string (host);

  return address != NULL ? g_inet_address_get_is_loopback (address)
                         : g_ascii_strcasecmp (host, "localhost") == 0;
}

static char *
quote (const char *word)
{
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";

  return word[strspn (word, plain)] == '\0' ? g_strdup (word) : g_shell_quote (word);
}

/* What leads outside: the back end itself, or what is under a multiplexer. */
static CharflowBackend *
get_end (CharflowBackend *backend)
{
  while (CHARFLOW_IS_MUX_BACKEND (backend))
    backend = charflow_mux_backend_get_backend (CHARFLOW_MUX_BACKEND (backend));

  return backend;
}

/* Whether no channel before this one has the same back end. */
static gboolean
is_first (Serving *serving,
          guint    index)
{
  ServeChannel *channel = serving->channels->pdata[index];

  for (guint i = 0; i < index; i++)
    if (((ServeChannel *) serving->channels->pdata[i])->backend == channel->backend)
      return FALSE;

  return TRUE;
}

/* The lines on standard output: words that programs read, so they are the same in every language.
 * */
static void
print_ready (Serving *serving)
{
  for (guint i = 0; i < serving->uris->len; i++)
    g_print ("listening on %s\n", (const char *) serving->uris->pdata[i]);

  for (guint i = 0; i < serving->channels->len; i++)
    {
      ServeChannel *channel = serving->channels->pdata[i];

      CharflowBackend *end = get_end (channel->backend);

      if (CHARFLOW_IS_PTY_BACKEND (end) && is_first (serving, i))
        g_print ("pty %s %s\n", channel->chardev, charflow_pty_backend_get_slave_path (CHARFLOW_PTY_BACKEND (end)));
    }

  if (serving->new_password != NULL)
    {
      g_autofree char *uri = quote (serving->uris->pdata[0]);

      g_print ("password %s\n", serving->new_password);
      for (guint i = 0; i < serving->channels->len; i++)
        {
          g_autofree char *name = quote (((ServeChannel *) serving->channels->pdata[i])->name);

          g_print ("connect with CHARFLOW_PASSWORD=%s charflow connect %s --port=%s\n",
                   serving->new_password, uri, name);
        }
    }
}

static gboolean
ready_cb (gpointer user_data)
{
  Serving *serving = user_data;

  g_clear_handle_id (&serving->ready_idle, g_source_remove);
  g_clear_handle_id (&serving->ready_timer, g_source_remove);
  if (g_main_loop_is_running (serving->loop))
    {
      print_ready (serving);
      if (log_check_output () && serving->stats != NULL)
        stats_start (serving->stats);
    }

  return G_SOURCE_REMOVE;
}

/* When nothing else is to be done, so that a back end that cannot open has said so by then, even one that is not awaited.
 * One that always has more never lets it come so far. */
static void
check_ready (Serving *serving)
{
  if (serving->n_awaited > 0)
    return;

  serving->ready_idle = g_idle_add_full (G_PRIORITY_LOW, ready_cb, serving, NULL);
  serving->ready_timer = g_timeout_add (READY_LIMIT_MS, ready_cb, serving);
}

static void
start_devices (Serving         *serving,
               CharflowBackend *backend)
{
  for (guint i = 0; i < serving->channels->len; i++)
    if (((ServeChannel *) serving->channels->pdata[i])->backend == backend)
      charflow_char_device_start (serving->devices->pdata[i]);
}

static void
backend_opened_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autofree Opening *opening = user_data;
  CharflowBackend *backend = CHARFLOW_BACKEND (object);
  Serving *serving = opening->serving;
  g_autoptr (GError) error = NULL;

  if (!charflow_backend_open_finish (backend, result, &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          log_error ("%s: %s", charflow_backend_get_label (backend), error->message);
          end_with (serving, STATUS_FAILED);
        }
      return;
    }

  start_devices (serving, backend);
  if (!opening->is_awaited)
    return;

  serving->n_awaited--;
  check_ready (serving);
}

/* A socket that waits for its first peer is open once that has come, which may be never. */
static gboolean
is_waiting_kind (CharflowBackend *backend)
{
  CharflowBackend *end = get_end (backend);
  gboolean waits = FALSE;

  if (CHARFLOW_IS_SOCKET_BACKEND (end))
    g_object_get (end, "wait", &waits, NULL);

  return waits;
}

static void
open_backends (Serving *serving)
{
  for (guint i = 0; i < serving->channels->len; i++)
    {
      ServeChannel *channel = serving->channels->pdata[i];
      Opening *opening;

      if (!is_first (serving, i))
        continue;

      if (CHARFLOW_IS_STDIO_BACKEND (get_end (channel->backend)))
        terminal_guard_backends ();

      opening = g_new0 (Opening, 1);
      opening->serving = serving;
      opening->is_awaited = !is_waiting_kind (channel->backend);
      serving->n_awaited += opening->is_awaited ? 1 : 0;
      charflow_backend_open_async (channel->backend, serving->cancellable, backend_opened_cb, opening);
    }

  check_ready (serving);
}

/* Set-up. */

static gboolean
add_channels (Serving *serving,
              GError **error)
{
  for (guint i = 0; i < serving->channels->len; i++)
    {
      ServeChannel *spec = serving->channels->pdata[i];
      CharflowCharDevice *device = charflow_char_device_new (spec->backend);
      g_autoptr (CharflowServerChannel) channel = NULL;

      g_ptr_array_add (serving->devices, device);
      charflow_char_device_set_keep_unread (device, spec->keep_unread);
      g_signal_connect (device, "backend-error", G_CALLBACK (backend_error_cb), NULL);
      watch_traces (spec->backend);
      if (spec->overflow == CHARFLOW_OVERFLOW_DROP)
        missed_watch (charflow_char_device_get_clients (device));
      if (serving->stats != NULL)
        stats_add_device (serving->stats, device, spec->chardev, spec->name);

      channel = g_object_new (CHARFLOW_TYPE_SERVER_PORT_CHANNEL,
                              "port-name", spec->name,
                              "device", device,
                              "overflow", spec->overflow,
                              "stall-time", spec->stall_time,
                              "read-only", spec->read_only,
                              NULL);
      if (!charflow_server_add_channel (serving->server, channel, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
start_listening (Serving *serving,
                 GError **error)
{
  static const char *const default_uris[] = { DEFAULT_LISTEN, NULL };
  const char *const *uris = listen_uris != NULL ? (const char *const *) listen_uris : default_uris;

  for (guint i = 0; uris[i] != NULL; i++)
    {
      char *uri = charflow_server_listen (serving->server, uris[i], error);

      if (uri == NULL)
        return FALSE;

      g_ptr_array_add (serving->uris, uri);
      if (no_auth && !is_local (uri))
        log_error (_("Warning: everybody who can reach %s gets in without a password"), uri);
    }

  return TRUE;
}

static int
get_status (const GError *error)
{
  gboolean is_usage = error->domain == CHARFLOW_URI_ERROR || error->domain == G_OPTION_ERROR ||
                      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  return is_usage ? STATUS_USAGE : STATUS_FAILED;
}

static gboolean
set_up (Serving *serving,
        GError **error)
{
  serving->channels = serve_spec_parse ((const char *const *) chardevs,
                                        (const char *const *) channel_specs, error);

  return serving->channels != NULL &&
         set_stats (serving, error) &&
         set_password (serving, error) &&
         add_channels (serving, error) &&
         start_listening (serving, error);
}

static gboolean
end_signal_cb (gpointer user_data)
{
  end_with (user_data, STATUS_OK);

  return G_SOURCE_CONTINUE;
}

static void
run (Serving *serving)
{
  guint int_id = g_unix_signal_add (SIGINT, end_signal_cb, serving);
  guint term_id = g_unix_signal_add (SIGTERM, end_signal_cb, serving);

  if (verbose)
    g_signal_connect (charflow_server_get_clients (serving->server), "items-changed",
                      G_CALLBACK (clients_changed_cb), serving);

  open_backends (serving);
  g_main_loop_run (serving->loop);
  /* While the clients are there. */
  if (serving->stats != NULL)
    stats_finish (serving->stats);

  g_signal_handlers_disconnect_by_data (charflow_server_get_clients (serving->server), serving);
  g_clear_handle_id (&serving->ready_idle, g_source_remove);
  g_clear_handle_id (&serving->ready_timer, g_source_remove);
  g_source_remove (int_id);
  g_source_remove (term_id);
}

/* What was made is given back in order: nobody writes to a device that has stopped. */
static void
shut_down (Serving *serving)
{
  g_cancellable_cancel (serving->cancellable);
  charflow_server_close (serving->server);
  for (guint i = 0; i < serving->devices->len; i++)
    charflow_char_device_stop (serving->devices->pdata[i]);

  /* The operations that were cancelled end here. */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  log_limited_flush ();

  /* A pty takes its link away, a socket its file. */
  for (guint i = 0; i < serving->devices->len; i++)
    {
      CharflowBackend *backend = ((ServeChannel *) serving->channels->pdata[i])->backend;

      if (charflow_backend_get_active (backend))
        charflow_backend_close (backend);
    }

  g_clear_pointer (&serving->stats, stats_free);
  g_clear_pointer (&serving->devices, g_ptr_array_unref);
  g_clear_pointer (&serving->channels, g_ptr_array_unref);
  g_clear_pointer (&serving->uris, g_ptr_array_unref);
  g_clear_pointer (&serving->peers, g_ptr_array_unref);
  g_clear_pointer (&serving->new_password, g_free);
  g_clear_pointer (&serving->loop, g_main_loop_unref);
  g_clear_object (&serving->cancellable);
  g_clear_object (&serving->server);
}

int
command_serve (int    argc,
               char **argv)
{
  g_autoptr (GError) error = NULL;
  Serving serving = { .status = STATUS_OK };

  if (!arguments_parse (&form, &argc, &argv) || !check_options ())
    return STATUS_USAGE;

  serving.loop = g_main_loop_new (NULL, FALSE);
  serving.server = charflow_server_new ();
  serving.devices = g_ptr_array_new_with_free_func (g_object_unref);
  serving.uris = g_ptr_array_new_with_free_func (g_free);
  serving.peers = g_ptr_array_new_with_free_func (g_free);
  serving.cancellable = g_cancellable_new ();
  g_signal_connect (serving.server, "peer-error", G_CALLBACK (peer_error_cb), NULL);

  if (set_up (&serving, &error))
    {
      run (&serving);
    }
  else
    {
      log_error ("%s", error->message);
      serving.status = get_status (error);
    }

  shut_down (&serving);

  return serving.status;
}

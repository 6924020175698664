/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server on the SPICE server library with one port, whose device is a UNIX stream socket: what a
 * virtual machine's port is, without the machine. The device may come and go where it is the one that
 * connects; the port is open while it is there. It may have an agent too, and may move to another
 * server, as a virtual machine does, when it gets SIGUSR1. */

#include "config.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib.h>
#include <poll.h>
#include <spice.h>
#include <spice/protocol.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PASSWORD_VARIABLE "SPICE_SERVER_PASSWORD"
/* The end of a UNIX socket's other side; poll() knows it before all is read. */
#define HANGUP ((GIOCondition) (POLLHUP | POLLERR | POLLRDHUP))

/* The library never looks into these two: they are ours to define. */
struct SpiceTimer
{
  SpiceTimerFunc func;
  gpointer opaque;
  guint id;
};

struct SpiceWatch
{
  GSource source;
  int fd;
  GIOCondition wanted;
  GIOCondition watched;
  gpointer tag; /* NULL while nothing is watched: an idle source would still wake for a hang-up */
  SpiceWatchFunc func;
  gpointer opaque;
};

typedef struct
{
  SpiceCharDeviceInstance instance; /* first: the library hands it back */
  int listener; /* -1 where this end connects, and then only once */
  guint accept_id;
  int fd; /* -1 while the device is away */
  SpiceWatch *watch;
  int events;
  guint hangup_id;
  int room; /* -1 where there is no end to it */
} Device;

typedef struct
{
  SpiceMigrateInstance instance; /* first: the library hands it back */
  SpiceServer *server;
} Migration;

static GMainLoop *loop;

static gboolean listens = FALSE;
static int room = -1; /* how much each device takes, in all */
static int migrate_to = 0;
static char *agent_path = NULL;

static const GOptionEntry options[] = {
  { "listen", 0, 0, G_OPTION_ARG_NONE, &listens, "The device connects, and may do so again and again", NULL },
  { "take", 0, 0, G_OPTION_ARG_INT, &room, "Each device takes so much, and then nothing any more", "BYTES" },
  { "agent", 0, 0, G_OPTION_ARG_FILENAME, &agent_path, "There is an agent too, at this socket", "PATH" },
  { "migrate-to", 0, 0, G_OPTION_ARG_INT, &migrate_to, "Where clients are sent on SIGUSR1", "TCP-PORT" },
  { NULL }
};

static gboolean
timer_cb (gpointer user_data)
{
  SpiceTimer *timer = user_data;

  /* The function may start the timer again, or remove it. */
  timer->id = 0;
  timer->func (timer->opaque);

  return G_SOURCE_REMOVE;
}

static SpiceTimer *
timer_add (SpiceTimerFunc func,
           void          *opaque)
{
  SpiceTimer *timer = g_new0 (SpiceTimer, 1);

  timer->func = func;
  timer->opaque = opaque;

  return timer;
}

static void
timer_cancel (SpiceTimer *timer)
{
  g_clear_handle_id (&timer->id, g_source_remove);
}

static void
timer_start (SpiceTimer *timer,
             guint32     timeout_ms)
{
  timer_cancel (timer);
  timer->id = g_timeout_add (timeout_ms, timer_cb, timer);
}

static void
timer_remove (SpiceTimer *timer)
{
  timer_cancel (timer);
  g_free (timer);
}

/* The library changes its masks several times for each message, mostly there and back. GLib wakes
 * its loop for each change, so only what is left of them when the loop comes round is passed on. */
static gboolean
watch_prepare (GSource *source,
               int     *timeout_ms)
{
  SpiceWatch *watch = (SpiceWatch *) source;

  if (watch->wanted == watch->watched)
    return FALSE;

  if (watch->tag == NULL)
    watch->tag = g_source_add_unix_fd (source, watch->fd, watch->wanted);
  else if (watch->wanted != 0)
    g_source_modify_unix_fd (source, watch->tag, watch->wanted);
  else
    g_source_remove_unix_fd (source, g_steal_pointer (&watch->tag));

  watch->watched = watch->wanted;
  return FALSE;
}

static gboolean
watch_dispatch (GSource    *source,
                GSourceFunc unused,
                gpointer    user_data)
{
  SpiceWatch *watch = (SpiceWatch *) source;
  GIOCondition condition = watch->tag != NULL ? g_source_query_unix_fd (source, watch->tag) : 0;
  int events = 0;

  if ((condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0 && (watch->wanted & G_IO_IN) != 0)
    events |= SPICE_WATCH_EVENT_READ;
  if ((condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR)) != 0 && (watch->wanted & G_IO_OUT) != 0)
    events |= SPICE_WATCH_EVENT_WRITE;
  if (events != 0)
    watch->func (watch->fd, events, watch->opaque);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs watch_funcs = { .prepare = watch_prepare, .dispatch = watch_dispatch };

static void
watch_update_mask (SpiceWatch *watch,
                   int         event_mask)
{
  watch->wanted = 0;

  if ((event_mask & SPICE_WATCH_EVENT_READ) != 0)
    watch->wanted |= G_IO_IN;
  if ((event_mask & SPICE_WATCH_EVENT_WRITE) != 0)
    watch->wanted |= G_IO_OUT;
}

static SpiceWatch *
watch_add (int            fd,
           int            event_mask,
           SpiceWatchFunc func,
           void          *opaque)
{
  SpiceWatch *watch = (SpiceWatch *) g_source_new (&watch_funcs, sizeof (SpiceWatch));

  watch->fd = fd;
  watch->func = func;
  watch->opaque = opaque;
  watch_update_mask (watch, event_mask);
  g_source_attach (&watch->source, NULL);

  return watch;
}

static void
watch_remove (SpiceWatch *watch)
{
  g_source_destroy (&watch->source);
  g_source_unref (&watch->source);
}

static void
channel_event (int                    event,
               SpiceChannelEventInfo *info)
{
}

static SpiceCoreInterface core = {
  .base = {
    .type = SPICE_INTERFACE_CORE,
    .description = "GLib main loop",
    .major_version = SPICE_INTERFACE_CORE_MAJOR,
    .minor_version = SPICE_INTERFACE_CORE_MINOR,
  },
  .timer_add = timer_add,
  .timer_start = timer_start,
  .timer_cancel = timer_cancel,
  .timer_remove = timer_remove,
  .watch_add = watch_add,
  .watch_update_mask = watch_update_mask,
  .watch_remove = watch_remove,
  .channel_event = channel_event,
};

static void
device_watch (Device *device,
              int     events)
{
  if (device->watch == NULL || device->events == events)
    return;

  device->events = events;
  watch_update_mask (device->watch, events);
}

/* The library asks again only when it is woken. So each direction is watched only once it has come
 * to a stop; were it watched always, a full queue, which wakes the device by itself when it drains,
 * would make the loop spin. */
static void
device_ready_cb (int   fd,
                 int   events,
                 void *opaque)
{
  Device *device = opaque;

  device_watch (device, device->events & ~events);
  spice_server_char_device_wakeup (&device->instance);
}

static gboolean accept_cb (int          fd,
                           GIOCondition condition,
                           gpointer     user_data);

static void
await_device (Device *device)
{
  if (device->listener >= 0 && device->accept_id == 0)
    device->accept_id = g_unix_fd_add (device->listener, G_IO_IN, accept_cb, device);
}

static void
device_close (Device *device)
{
  g_clear_handle_id (&device->hangup_id, g_source_remove);
  g_clear_pointer (&device->watch, watch_remove);
  device->events = 0;
  close (device->fd);
  device->fd = -1;
}

static void
device_send_event (Device *device,
                   guint8  event)
{
  if (device->instance.portname != NULL)
    spice_server_port_event (&device->instance, event);
}

static void
device_leaves (Device *device)
{
  device_close (device);
  device_send_event (device, SPICE_PORT_EVENT_CLOSED);
  await_device (device);
}

/* A device that is not read, because nobody is there, is seen to leave all the same; what it has sent
 * before is read first, and its end then. */
static gboolean
hangup_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  Device *device = user_data;
  char byte;

  device->hangup_id = 0;
  if (recv (fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
    device_leaves (device);

  return G_SOURCE_REMOVE;
}

static void
device_comes (Device *device,
              int     fd)
{
  device->fd = fd;
  device->watch = watch_add (fd, 0, device_ready_cb, device);
  device->hangup_id = g_unix_fd_add (fd, HANGUP, hangup_cb, device);
  device_send_event (device, SPICE_PORT_EVENT_OPENED);
  spice_server_char_device_wakeup (&device->instance);
}

static gboolean
accept_cb (int          listener,
           GIOCondition condition,
           gpointer     user_data)
{
  Device *device = user_data;
  int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);

  if (fd < 0)
    return G_SOURCE_CONTINUE;

  device->accept_id = 0;
  device_comes (device, fd);
  return G_SOURCE_REMOVE;
}

static void
device_state (SpiceCharDeviceInstance *instance,
              int                      connected)
{
  Device *device = (Device *) instance;

  if (connected)
    device_watch (device, device->events | SPICE_WATCH_EVENT_READ);
}

/* What the device does not take the library keeps, and offers again when it is woken. */
static int
device_write (SpiceCharDeviceInstance *instance,
              const guint8            *data,
              int                      size)
{
  Device *device = (Device *) instance;
  gssize n;

  if (device->fd < 0 || device->room == 0)
    return 0;
  if (device->room > 0)
    size = MIN (size, device->room);

  n = send (device->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0 && device->room > 0)
    device->room -= n;
  if (n < size && (n >= 0 || errno == EAGAIN))
    device_watch (device, device->events | SPICE_WATCH_EVENT_WRITE);

  return MAX (n, 0);
}

static int
device_read (SpiceCharDeviceInstance *instance,
             guint8                  *data,
             int                      size)
{
  Device *device = (Device *) instance;
  gssize n;

  if (device->fd < 0)
    return 0;

  /* A port reads once for each wake-up, and goes on when another one comes while it reads. */
  n = recv (device->fd, data, size, MSG_DONTWAIT);
  if (n > 0)
    spice_server_char_device_wakeup (instance);
  else if (n < 0 && errno == EAGAIN)
    device_watch (device, device->events | SPICE_WATCH_EVENT_READ);
  else
    device_leaves (device);

  return MAX (n, 0);
}

static void
device_event (SpiceCharDeviceInstance *instance,
              guint8                   event)
{
  g_print ("event %d from the client\n", event);
  fflush (stdout);
}

static const SpiceCharDeviceInterface device_interface = {
  .base = {
    .type = SPICE_INTERFACE_CHAR_DEVICE,
    .description = "UNIX socket",
    .major_version = SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
    .minor_version = SPICE_INTERFACE_CHAR_DEVICE_MINOR,
  },
  .state = device_state,
  .write = device_write,
  .read = device_read,
  .event = device_event,
  .flags = SPICE_CHAR_DEVICE_NOTIFY_WRITABLE,
};

static int
open_path (const char *path,
           gboolean    is_listener)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int status;

  if (g_strlcpy (address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
    {
      g_printerr ("'%s' is too long for a socket's path\n", path);
      exit (2);
    }

  status = fd;
  if (fd >= 0 && is_listener)
    status = bind (fd, (struct sockaddr *) &address, sizeof address) < 0 ? -1 : listen (fd, 1);
  else if (fd >= 0)
    status = connect (fd, (struct sockaddr *) &address, sizeof address);

  if (status < 0)
    {
      g_printerr ("Could not %s '%s': %s\n", is_listener ? "listen on" : "connect to", path,
                  g_strerror (errno));
      exit (1);
    }

  return fd;
}

static void
device_start (Device      *device,
              SpiceServer *server,
              const char  *path,
              const char  *subtype,
              const char  *name,
              gboolean     is_listener)
{
  int fd = open_path (path, is_listener);

  device->instance.base.sif = &device_interface.base;
  device->instance.subtype = subtype;
  device->instance.portname = name;
  device->fd = -1;
  device->listener = is_listener ? fd : -1;
  device->room = room;

  if (spice_server_add_interface (server, &device->instance.base) != 0)
    {
      g_printerr ("Could not add the device at '%s'\n", path);
      exit (1);
    }

  if (is_listener)
    await_device (device);
  else
    device_comes (device, fd);
}

static void
device_stop (Device *device)
{
  spice_server_remove_interface (&device->instance.base);
  if (device->fd >= 0)
    device_close (device);
  g_clear_handle_id (&device->accept_id, g_source_remove);
  if (device->listener >= 0)
    close (device->listener);
}

/* The machine has moved: it stands still here, and what is left of it goes with the clients. */
static gboolean
migrate_end_cb (gpointer user_data)
{
  Migration *migration = user_data;

  spice_server_migrate_start (migration->server);
  spice_server_vm_stop (migration->server);
  spice_server_migrate_end (migration->server, TRUE);

  return G_SOURCE_REMOVE;
}

/* The library is in the middle of something when it tells this. */
static void
migrate_connect_complete (SpiceMigrateInstance *instance)
{
  g_idle_add (migrate_end_cb, instance);
}

static void
migrate_end_complete (SpiceMigrateInstance *instance)
{
  g_print ("migrated\n");
  fflush (stdout);
}

static const SpiceMigrateInterface migrate_interface = {
  .base = {
    .type = SPICE_INTERFACE_MIGRATION,
    .description = "SIGUSR1",
    .major_version = SPICE_INTERFACE_MIGRATION_MAJOR,
    .minor_version = SPICE_INTERFACE_MIGRATION_MINOR,
  },
  .migrate_connect_complete = migrate_connect_complete,
  .migrate_end_complete = migrate_end_complete,
};

static gboolean
migrate_cb (gpointer user_data)
{
  Migration *migration = user_data;

  spice_server_migrate_connect (migration->server, "127.0.0.1", migrate_to, -1, NULL);

  return G_SOURCE_CONTINUE;
}

static void
migration_start (Migration   *migration,
                 SpiceServer *server)
{
  migration->instance.base.sif = &migrate_interface.base;
  migration->server = server;
  spice_server_set_seamless_migration (server, TRUE);

  if (spice_server_add_interface (server, &migration->instance.base) != 0)
    {
      g_printerr ("Could not make ready to migrate\n");
      exit (1);
    }

  g_unix_signal_add (SIGUSR1, migrate_cb, migration);
}

static gboolean
quit_cb (gpointer unused)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static SpiceServer *
start_server (int port)
{
  const char *password = g_getenv (PASSWORD_VARIABLE);
  SpiceServer *server = spice_server_new ();

  spice_server_set_addr (server, "127.0.0.1", SPICE_ADDR_FLAG_IPV4_ONLY);
  spice_server_set_port (server, port);
  spice_server_set_ticket (server, password, 0, FALSE, FALSE);

  if (spice_server_init (server, &core) != 0)
    {
      g_printerr ("Could not listen on port %d\n", port);
      exit (1);
    }

  return server;
}

static void
parse_arguments (int      argc,
                 char   **argv,
                 guint64 *port)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("TCP-PORT DEVICE-PATH PORT-NAME");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_description (context, "The password is in the environment, as " PASSWORD_VARIABLE ".");

  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 4 ||
      !g_ascii_string_to_unsigned (argv[1], 10, 1, 65535, port, &error) || g_getenv (PASSWORD_VARIABLE) == NULL)
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s%s%s", error == NULL ? "" : error->message, error == NULL ? "" : "\n", help);
      exit (2);
    }
}

int
main (int    argc,
      char **argv)
{
  static Device device, agent;
  static Migration migration;
  SpiceServer *server;
  guint64 port;

  parse_arguments (argc, argv, &port);

  loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGTERM, quit_cb, NULL);
  g_unix_signal_add (SIGINT, quit_cb, NULL);

  server = start_server ((int) port);
  device_start (&device, server, argv[2], "port", argv[3], listens);
  if (agent_path != NULL)
    device_start (&agent, server, agent_path, "vdagent", NULL, FALSE);
  if (migrate_to > 0)
    migration_start (&migration, server);
  spice_server_vm_start (server);

  g_print ("listening on spice://127.0.0.1:%d\n", (int) port);
  fflush (stdout);
  g_main_loop_run (loop);

  if (agent_path != NULL)
    device_stop (&agent);
  device_stop (&device);
  spice_server_destroy (server);
  g_main_loop_unref (loop);

  return 0;
}

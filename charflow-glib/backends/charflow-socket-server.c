/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-server-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-enums.h"
#include "charflow-socket-util-private.h"
#include "charflow-source-private.h"

/* Others are to wait for their turn, but not many of them. */
#define BACKLOG 1
/* After an accept that failed for want of descriptors or memory, since the kernel would report it
 * again at once. */
#define ACCEPT_RETRY_S 1
/* Where any port will do, but the first free one of one address is not free on the others. */
#define MAX_ANY_PORT_TRIES 8

struct _CharflowSocketServer
{
  GPtrArray *sockets; /* of GSocket */
  GPtrArray *sources; /* of GSource, while it is watching */
  GSource *timer; /* until it watches again, after a failure */
  CharflowUnixPath *made_path;
  guint port;
  GMainContext *context;
  CharflowSocketServerCame came;
  gpointer user_data;
};

void
charflow_socket_server_free (CharflowSocketServer *self)
{
  charflow_socket_server_stop_watching (self);
  g_clear_pointer (&self->made_path, charflow_unix_path_free);
  g_ptr_array_unref (self->sources);
  g_ptr_array_unref (self->sockets);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self);
}

guint
charflow_socket_server_get_port (CharflowSocketServer *self)
{
  return self->port;
}

void
charflow_socket_server_stop_watching (CharflowSocketServer *self)
{
  charflow_clear_source (&self->timer);
  for (guint i = 0; i < self->sources->len; i++)
    g_source_destroy (self->sources->pdata[i]);
  g_ptr_array_set_size (self->sources, 0);
}

static void watch (CharflowSocketServer *self);

static gboolean
retry_cb (gpointer user_data)
{
  CharflowSocketServer *self = user_data;

  charflow_clear_source (&self->timer);
  watch (self);
  return G_SOURCE_REMOVE;
}

static void
retry_later (CharflowSocketServer *self)
{
  charflow_socket_server_stop_watching (self);
  self->timer = g_timeout_source_new_seconds (ACCEPT_RETRY_S);
  g_source_set_callback (self->timer, retry_cb, self, NULL);
  g_source_attach (self->timer, self->context);
}

static gboolean
accept_cb (GSocket     *listener,
           GIOCondition condition,
           gpointer     user_data)
{
  CharflowSocketServer *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, &error);

  /* The one that knocked may be gone again. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;

  if (socket == NULL)
    {
      g_debug ("Accepting a peer failed, trying again in %d s: %s", ACCEPT_RETRY_S, error->message);
      retry_later (self);
      return G_SOURCE_REMOVE;
    }

  self->came (socket, self->user_data);
  return G_SOURCE_CONTINUE;
}

static void
watch (CharflowSocketServer *self)
{
  for (guint i = 0; i < self->sockets->len; i++)
    {
      GSource *source = g_socket_create_source (self->sockets->pdata[i], G_IO_IN, NULL);

      g_source_set_callback (source, G_SOURCE_FUNC (accept_cb), self, NULL);
      g_source_attach (source, self->context);
      g_ptr_array_add (self->sources, source);
    }
}

void
charflow_socket_server_start_watching (CharflowSocketServer    *self,
                                       GMainContext            *context,
                                       CharflowSocketServerCame came,
                                       gpointer                 user_data)
{
  charflow_socket_server_stop_watching (self);
  g_clear_pointer (&self->context, g_main_context_unref);
  self->context = g_main_context_ref (context);
  self->came = came;
  self->user_data = user_data;
  watch (self);
}

static void
learn_port (CharflowSocketServer *self)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (self->sockets->pdata[0], NULL);

  if (G_IS_INET_SOCKET_ADDRESS (address))
    self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/* Listens on this port of each address, unless one of them is in use. An address that cannot be listened on for another
 * reason, such as of a family that this system does not have, is left out while there are others. */
static gboolean
listen_on_port (CharflowSocketServer  *self,
                GList                 *addresses,
                guint                  port,
                CharflowSocketFamilies families,
                GError               **error)
{
  g_autoptr (GError) last_error = NULL;

  g_ptr_array_set_size (self->sockets, 0);
  self->port = port;
  for (GList *link = addresses; link != NULL; link = link->next)
    {
      g_autoptr (GSocketAddress) address = g_inet_socket_address_new (link->data, (guint16) self->port);
      GSocket *socket;

      g_clear_error (&last_error);
      socket = charflow_socket_listen (address, families, BACKLOG, &last_error);
      if (socket != NULL)
        g_ptr_array_add (self->sockets, socket);
      else if (g_error_matches (last_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        break;

      /* One port for all of them. */
      if (self->port == 0 && socket != NULL)
        learn_port (self);
    }

  if (self->sockets->len > 0 && !g_error_matches (last_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    return TRUE;

  g_ptr_array_set_size (self->sockets, 0);
  g_propagate_error (error, g_steal_pointer (&last_error));
  return FALSE;
}

/* The first of the ports that is free. */
static gboolean
listen_on_addresses (CharflowSocketServer       *self,
                     GList                      *addresses,
                     const CharflowSocketConfig *config,
                     GError                    **error)
{
  guint n_tries = config->port == 0 ? MAX_ANY_PORT_TRIES : MAX (config->to, config->port) - config->port + 1;
  CharflowSocketFamilies families = CHARFLOW_SOCKET_BOTH_FAMILIES;
  g_autoptr (GError) last_error = NULL;

  if (config->family == G_SOCKET_FAMILY_IPV6)
    families = CHARFLOW_SOCKET_ONE_FAMILY;

  for (guint i = 0; i < n_tries; i++)
    {
      guint port = config->port == 0 ? 0 : config->port + i;

      g_clear_error (&last_error);
      if (listen_on_port (self, addresses, port, families, &last_error))
        return TRUE;
      if (!g_error_matches (last_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        break;
    }

  g_propagate_error (error, g_steal_pointer (&last_error));
  return FALSE;
}

static gboolean
listen_on_ip (CharflowSocketServer       *self,
              const CharflowSocketConfig *config,
              GError                    **error)
{
  const char *host = charflow_socket_config_get_host (config);
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (host);
  GList only = { .data = ip };

  if (config->family == G_SOCKET_FAMILY_INVALID || config->family == g_inet_address_get_family (ip))
    return listen_on_addresses (self, &only, config, error);

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
               _("Option 'host' is '%s', but options 'ipv4' and 'ipv6' exclude such addresses"), host);
  return FALSE;
}

static GSocket *
listen_on_path (CharflowSocketServer       *self,
                const CharflowSocketConfig *config,
                GError                    **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  if (!config->is_abstract)
    return charflow_socket_listen_unix (config->path, config->mode, BACKLOG, &self->made_path, error);

  address = charflow_socket_config_new_unix_address (config);
  return charflow_socket_listen (address, CHARFLOW_SOCKET_ONE_FAMILY, BACKLOG, error);
}

static gboolean
listen_on_one (CharflowSocketServer       *self,
               const CharflowSocketConfig *config,
               GError                    **error)
{
  GSocket *socket = config->path != NULL ? listen_on_path (self, config, error)
                                         : charflow_socket_adopt_listener (config->fd, "fd", error);

  if (socket == NULL)
    return FALSE;

  g_ptr_array_add (self->sockets, socket);
  learn_port (self);
  return TRUE;
}

CharflowSocketServer *
charflow_socket_server_new (const CharflowSocketConfig *config,
                            GList                      *addresses,
                            GError                    **error)
{
  g_autoptr (CharflowSocketServer) self = g_new0 (CharflowSocketServer, 1);
  gboolean listens = TRUE;

  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify) g_source_unref);

  if (addresses != NULL)
    listens = listen_on_addresses (self, addresses, config, error);
  else if (config->path != NULL || config->fd >= 0)
    listens = listen_on_one (self, config, error);
  else if (!config->unbound)
    listens = listen_on_ip (self, config, error);

  return listens ? g_steal_pointer (&self) : NULL;
}

gboolean
charflow_socket_server_needs_addresses (const CharflowSocketConfig *config)
{
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (charflow_socket_config_get_host (config));

  return ip == NULL && config->path == NULL && config->fd < 0 && !config->unbound;
}

void
charflow_socket_server_resolve_async (const CharflowSocketConfig *config,
                                      GCancellable               *cancellable,
                                      GAsyncReadyCallback         callback,
                                      gpointer                    user_data)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GResolverNameLookupFlags flags = G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT;

  if (config->family == G_SOCKET_FAMILY_IPV4)
    flags = G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY;
  else if (config->family == G_SOCKET_FAMILY_IPV6)
    flags = G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY;

  g_resolver_lookup_by_name_with_flags_async (resolver, charflow_socket_config_get_host (config), flags, cancellable,
                                              callback, user_data);
}

GList *
charflow_socket_server_resolve_finish (GObject      *source,
                                       GAsyncResult *result,
                                       GError      **error)
{
  return g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, error);
}

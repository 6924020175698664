/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-host-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-text-private.h"

typedef struct
{
  char *host;
  guint16 port;
} Wanted;

static void
wanted_free (Wanted *wanted)
{
  g_free (wanted->host);
  g_free (wanted);
}

static void
resolved_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  const Wanted *wanted = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, &error);

  if (addresses == NULL)
    {
      g_autofree char *excerpt = charflow_text_excerpt (wanted->host);

      g_prefix_error (&error, _("Could not find the address of '%s': "), excerpt);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  g_task_return_pointer (task, g_inet_socket_address_new (addresses->data, wanted->port),
                         g_object_unref);
  g_resolver_free_addresses (addresses);
}

static void
return_numeric (GTask          *task,
                GSocketAddress *address,
                GSocketFamily   family)
{
  const Wanted *wanted = g_task_get_task_data (task);
  g_autofree char *excerpt = NULL;

  if (family == G_SOCKET_FAMILY_INVALID || family == g_socket_address_get_family (address))
    {
      g_task_return_pointer (task, g_object_ref (address), g_object_unref);
      return;
    }

  excerpt = charflow_text_excerpt (wanted->host);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           family == G_SOCKET_FAMILY_IPV4 ? _("'%s' is no IPv4 address, which is wanted")
                                                          : _("'%s' is no IPv6 address, which is wanted"),
                           excerpt);
}

static GResolverNameLookupFlags
get_flags (GSocketFamily family)
{
  if (family == G_SOCKET_FAMILY_IPV4)
    return G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY;
  if (family == G_SOCKET_FAMILY_IPV6)
    return G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY;

  return G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT;
}

void
charflow_host_resolve_async (const char         *host,
                             guint16             port,
                             GSocketFamily       family,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GSocketAddress) numeric = g_inet_socket_address_new_from_string (host, port);
  g_autoptr (GResolver) resolver = NULL;
  Wanted *wanted = g_new0 (Wanted, 1);

  wanted->host = g_strdup (host);
  wanted->port = port;
  g_task_set_source_tag (task, charflow_host_resolve_async);
  g_task_set_task_data (task, wanted, (GDestroyNotify) wanted_free);

  if (numeric != NULL)
    {
      return_numeric (task, numeric, family);
      return;
    }

  resolver = g_resolver_get_default ();
  g_resolver_lookup_by_name_with_flags_async (resolver, host, get_flags (family), cancellable, resolved_cb,
                                              g_steal_pointer (&task));
}

GSocketAddress *
charflow_host_resolve_finish (GAsyncResult *result,
                              GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

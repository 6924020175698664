/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-uri-private.h"

#include <string.h>
#include <sys/un.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#include "charflow-text-private.h"

/* The last byte of the field is for the terminator that other programs expect. */
#define MAX_UNIX_PATH (sizeof (((struct sockaddr_un *) NULL)->sun_path) - 1)

typedef enum
{
  KEY_PORT = 1 << 0,
  KEY_TLS_PORT = 1 << 1,
  KEY_PASSWORD = 1 << 2,
} QueryKey;

static gboolean
parse_scheme (const char        *scheme,
              CharflowTransport *transport,
              GError           **error)
{
  static const struct
  {
    const char *scheme;
    CharflowTransport transport;
  } schemes[] = {
    { "spice", CHARFLOW_TRANSPORT_TCP },
    { "spice+tls", CHARFLOW_TRANSPORT_TLS },
    { "spice+unix", CHARFLOW_TRANSPORT_UNIX },
  };
  g_autofree char *excerpt = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      if (g_ascii_strcasecmp (scheme, schemes[i].scheme) == 0)
        {
          *transport = schemes[i].transport;
          return TRUE;
        }
    }

  excerpt = charflow_text_excerpt (scheme);
  if (g_ascii_strcasecmp (scheme, "ws") == 0 || g_ascii_strcasecmp (scheme, "wss") == 0)
    g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_SCHEME,
                 _("The scheme '%s' is not supported yet"), excerpt);
  else
    g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_SCHEME,
                 _("The scheme '%s' is none of spice, spice+tls and spice+unix"), excerpt);

  return FALSE;
}

static gboolean
parse_path (CharflowUri *uri,
            const char  *path,
            GError     **error)
{
  if (*path == '\0')
    {
      g_set_error_literal (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_PATH,
                           _("The URI 'spice+unix://' has no path"));
      return FALSE;
    }

  if (strlen (path) > MAX_UNIX_PATH)
    {
      g_autofree char *excerpt = charflow_text_excerpt (path);

      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_PATH,
                   _("The path '%s' is longer than the %u bytes a UNIX socket may have"),
                   excerpt, (guint) MAX_UNIX_PATH);
      return FALSE;
    }

  uri->path = g_strdup (path);
  return TRUE;
}

static gboolean
parse_port (CharflowUri *uri,
            const char  *text,
            GError     **error)
{
  guint64 port;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT16, &port, NULL))
    {
      g_autofree char *excerpt = charflow_text_excerpt (text);

      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_PORT,
                   _("The port '%s' is no number from 0 to 65535"), excerpt);
      return FALSE;
    }

  uri->port = (guint16) port;
  return TRUE;
}

/* Names of hosts go to the resolver, so this only keeps out what is no name for sure. */
static gboolean
is_host_name (const char *host)
{
  if (*host == '\0')
    return FALSE;

  for (const char *p = host; *p != '\0'; p++)
    {
      if (!g_ascii_isalnum (*p) && strchr ("-._", *p) == NULL && (*p & 0x80) == 0)
        return FALSE;
    }

  return TRUE;
}

static gboolean
is_ipv6_address (const char *host)
{
  const char *zone = strchr (host, '%');
  g_autofree char *address = zone != NULL ? g_strndup (host, zone - host) : g_strdup (host);
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);

  if (inet == NULL || g_inet_address_get_family (inet) != G_SOCKET_FAMILY_IPV6)
    return FALSE;

  return zone == NULL || is_host_name (zone + 1);
}

static gboolean
parse_host (CharflowUri *uri,
            const char  *text,
            gboolean     bracketed,
            GError     **error)
{
  g_autofree char *host = g_uri_unescape_string (text, NULL);
  gboolean valid = host != NULL && g_utf8_validate (host, -1, NULL) &&
                   (bracketed ? is_ipv6_address (host) : is_host_name (host));

  if (!valid)
    {
      g_autofree char *excerpt = charflow_text_excerpt (text);

      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_HOST,
                   bracketed ? _("'%s' is no IPv6 address") : _("'%s' is no name of a host"), excerpt);
      return FALSE;
    }

  uri->host = g_steal_pointer (&host);
  return TRUE;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT */
static gboolean
parse_authority (CharflowUri *uri,
                 const char  *authority,
                 gboolean    *has_port,
                 GError     **error)
{
  gboolean bracketed = authority[0] == '[';
  const char *end = bracketed ? strchr (authority, ']') : strchr (authority, ':');
  const char *rest;
  g_autofree char *host = NULL;
  g_autofree char *excerpt = NULL;

  /* What stands before an '@' may be a password, so the message does not repeat it. */
  if (strchr (authority, '@') != NULL)
    {
      g_set_error_literal (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_HOST,
                           _("A user in front of the host is not supported"));
      return FALSE;
    }

  if (bracketed && end == NULL)
    {
      excerpt = charflow_text_excerpt (authority);
      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_HOST,
                   _("The bracket of '%s' is not closed"), excerpt);
      return FALSE;
    }

  if (end == NULL)
    end = authority + strlen (authority);
  host = bracketed ? g_strndup (authority + 1, end - authority - 1) : g_strndup (authority,
                                                                                 end - authority);
  if (!parse_host (uri, host, bracketed, error))
    return FALSE;

  rest = bracketed ? end + 1 : end;
  *has_port = *rest == ':';
  if (*has_port)
    return parse_port (uri, rest + 1, error);
  if (*rest == '\0')
    return TRUE;

  excerpt = charflow_text_excerpt (rest);
  g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_HOST,
               _("'%s' follows the address, which only a port may"), excerpt);
  return FALSE;
}

static QueryKey
lookup_key (const char *name)
{
  if (strcmp (name, "port") == 0)
    return KEY_PORT;
  if (strcmp (name, "tls-port") == 0)
    return KEY_TLS_PORT;
  if (strcmp (name, "password") == 0)
    return KEY_PASSWORD;

  return 0;
}

/* Never names the value: it may be a password, also where the key is misspelt. */
static gboolean
parse_pair (CharflowUri *uri,
            const char  *pair,
            guint       *seen,
            GError     **error)
{
  const char *equals = strchr (pair, '=');
  g_autofree char *name = equals != NULL ? g_strndup (pair, equals - pair) : g_strdup (pair);
  g_autofree char *value = g_uri_unescape_string (equals != NULL ? equals + 1 : "", NULL);
  QueryKey key = lookup_key (name);

  if (key == 0)
    {
      g_autofree char *excerpt = charflow_text_excerpt (name);

      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_QUERY,
                   _("The key '%s' is none of port, tls-port and password"), excerpt);
      return FALSE;
    }

  if ((*seen & key) != 0)
    {
      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_QUERY,
                   _("The key '%s' is given twice"), name);
      return FALSE;
    }

  if (value == NULL || !g_utf8_validate (value, -1, NULL))
    {
      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_QUERY,
                   _("The value of the key '%s' is not escaped properly"), name);
      return FALSE;
    }

  *seen |= key;
  if (key == KEY_PASSWORD)
    {
      uri->password = g_steal_pointer (&value);
      return TRUE;
    }

  if (key == KEY_TLS_PORT)
    uri->transport = CHARFLOW_TRANSPORT_TLS;
  return parse_port (uri, value, error);
}

static gboolean
parse_query (CharflowUri *uri,
             const char  *query,
             gboolean    *has_port,
             GError     **error)
{
  g_auto (GStrv) pairs = g_strsplit_set (query, "&;", 0);
  guint seen = 0;
  guint n_ports = *has_port ? 1 : 0;

  for (gsize i = 0; pairs[i] != NULL; i++)
    {
      if (*pairs[i] != '\0' && !parse_pair (uri, pairs[i], &seen, error))
        return FALSE;
    }

  n_ports += (seen & KEY_PORT) != 0 ? 1 : 0;
  n_ports += (seen & KEY_TLS_PORT) != 0 ? 1 : 0;
  if (n_ports > 1)
    {
      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_PORT,
                   _("More than one port is given for the host '%s'"), uri->host);
      return FALSE;
    }

  *has_port = n_ports == 1;
  return TRUE;
}

static gboolean
parse_inet (CharflowUri *uri,
            const char  *rest,
            GError     **error)
{
  gsize len = strcspn (rest, "/?#");
  g_autofree char *authority = g_strndup (rest, len);
  gboolean has_port = FALSE;

  if (!parse_authority (uri, authority, &has_port, error))
    return FALSE;

  rest += len;
  if (*rest == '/')
    rest++;
  if (*rest != '\0' && *rest != '?')
    {
      g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_FAILED,
                   _("The URI of the host '%s' may have no path and no fragment"), uri->host);
      return FALSE;
    }

  if (*rest == '?' && !parse_query (uri, rest + 1, &has_port, error))
    return FALSE;
  if (has_port)
    return TRUE;

  g_set_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_PORT,
               _("No port is given for the host '%s'"), uri->host);
  return FALSE;
}

CharflowUri *
charflow_uri_parse (const char *text,
                    GError    **error)
{
  g_autoptr (CharflowUri) uri = NULL;
  g_autofree char *scheme = NULL;
  const char *colon = strstr (text, "://");

  /* Without a scheme there is no telling what is a password in it, so nothing is repeated. */
  if (colon == NULL)
    {
      g_set_error_literal (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_SCHEME,
                           _("A URI begins with spice://, spice+tls:// or spice+unix://"));
      return NULL;
    }

  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error_literal (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_FAILED,
                           _("The URI is not in UTF-8"));
      return NULL;
    }

  uri = g_new0 (CharflowUri, 1);
  scheme = g_strndup (text, colon - text);
  if (!parse_scheme (scheme, &uri->transport, error))
    return NULL;

  if (uri->transport == CHARFLOW_TRANSPORT_UNIX ? !parse_path (uri, colon + 3, error)
                                                : !parse_inet (uri, colon + 3, error))
    return NULL;

  return g_steal_pointer (&uri);
}

/* The canonical form, fit to be shown: it never has the password. */
char *
charflow_uri_to_string (const CharflowUri *uri)
{
  const char *scheme = uri->transport == CHARFLOW_TRANSPORT_TLS ? "spice+tls" : "spice";
  g_autofree char *host = NULL;

  if (uri->transport == CHARFLOW_TRANSPORT_UNIX)
    return g_strconcat ("spice+unix://", uri->path, NULL);

  if (strchr (uri->host, ':') == NULL)
    {
      host = g_uri_escape_string (uri->host, NULL, TRUE);
      return g_strdup_printf ("%s://%s:%u", scheme, host, uri->port);
    }

  host = g_uri_escape_string (uri->host, ":", TRUE);
  return g_strdup_printf ("%s://[%s]:%u", scheme, host, uri->port);
}

void
charflow_uri_free (CharflowUri *uri)
{
  g_free (uri->host);
  g_free (uri->path);
  g_free (uri->password);
  g_free (uri);
}

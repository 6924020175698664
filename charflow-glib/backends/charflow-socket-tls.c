/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-socket-tls-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-enums.h"
#include "charflow-text-private.h"

struct _CharflowSocketTls
{
  char *folder;
  gboolean server;
  gboolean verify;
  char *host; /* that the certificate of a server is to be for */
  guint16 port;
  GPatternSpec *authz; /* or NULL */
  GTlsDatabase *authorities; /* NULL where nothing is verified */
  GTlsCertificate *certificate; /* NULL for a client that has none */
};

static void
socket_tls_clear (gpointer data)
{
  CharflowSocketTls *self = data;

  g_free (self->folder);
  g_free (self->host);
  g_clear_pointer (&self->authz, g_pattern_spec_free);
  g_clear_object (&self->authorities);
  g_clear_object (&self->certificate);
}

CharflowSocketTls *
charflow_socket_tls_ref (CharflowSocketTls *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
charflow_socket_tls_unref (CharflowSocketTls *self)
{
  g_atomic_rc_box_release_full (self, socket_tls_clear);
}

static char *
build_path (CharflowSocketTls *self,
            const char        *name)
{
  return g_build_filename (self->folder, name, NULL);
}

static gboolean
has_file (CharflowSocketTls *self,
          const char        *name)
{
  g_autofree char *path = build_path (self, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
prefix_path (GError    **error,
             const char *path)
{
  g_prefix_error (error, _("Could not use '%s' for TLS: "), path);
  return FALSE;
}

static gboolean
load_authorities (CharflowSocketTls *self,
                  GError           **error)
{
  g_autofree char *path = build_path (self, "ca-cert.pem");
  /* What the database wants. */
  g_autofree char *absolute_path = g_canonicalize_filename (path, NULL);
  g_autoptr (GTlsCertificate) first = NULL;

  if (!self->verify)
    return TRUE;

  /* A list that nobody looks at would let in those that it shuts out. */
  if (has_file (self, "ca-crl.pem"))
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                   _("Could not use '%s' for TLS: revocation lists (ca-crl.pem) are not supported"), self->folder);
      return FALSE;
    }

  /* The database is content with a file that holds none. */
  first = g_tls_certificate_new_from_file (path, error);
  if (first != NULL)
    self->authorities = g_tls_file_database_new (absolute_path, error);

  return self->authorities != NULL || prefix_path (error, path);
}

static gboolean
load_certificate (CharflowSocketTls *self,
                  GError           **error)
{
  const char *certificate_name = self->server ? "server-cert.pem" : "client-cert.pem";
  const char *key_name = self->server ? "server-key.pem" : "client-key.pem";
  g_autofree char *certificate_path = build_path (self, certificate_name);
  g_autofree char *key_path = build_path (self, key_name);
  g_autoptr (GTlsCertificate) without_key = NULL;

  if (!self->server && !has_file (self, certificate_name) && !has_file (self, key_name))
    return TRUE;

  /* First without the key, to know which of the files is at fault. */
  without_key = g_tls_certificate_new_from_file (certificate_path, error);
  if (without_key == NULL)
    return prefix_path (error, certificate_path);

  self->certificate = g_tls_certificate_new_from_files (certificate_path, key_path, error);
  return self->certificate != NULL || prefix_path (error, key_path);
}

static void
load_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  CharflowSocketTls *self = task_data;
  GError *error = NULL;

  if (load_authorities (self, &error) && load_certificate (self, &error))
    g_task_return_pointer (task, charflow_socket_tls_ref (self), (GDestroyNotify) charflow_socket_tls_unref);
  else
    g_task_return_error (task, error);
}

void
charflow_socket_tls_load_async (const CharflowSocketConfig *config,
                                GCancellable               *cancellable,
                                GAsyncReadyCallback         callback,
                                gpointer                    user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  CharflowSocketTls *self = g_atomic_rc_box_new0 (CharflowSocketTls);

  g_task_set_source_tag (task, charflow_socket_tls_load_async);
  g_task_set_task_data (task, self, (GDestroyNotify) charflow_socket_tls_unref);
  self->folder = g_strdup (config->tls_creds);
  self->server = config->server;
  self->verify = config->tls_verify;
  self->port = (guint16) config->port;
  if (config->tls_hostname != NULL || config->fd < 0)
    self->host = g_strdup (config->tls_hostname != NULL ? config->tls_hostname : charflow_socket_config_get_host (config));
  if (config->tls_authz != NULL)
    self->authz = g_pattern_spec_new (config->tls_authz);

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    g_task_return_new_error (task, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                             _("Option 'tls-creds' needs the GIO module for TLS (glib-networking)"));
  else
    g_task_run_in_thread (task, load_in_thread);
}

CharflowSocketTls *
charflow_socket_tls_load_finish (GAsyncResult *result,
                                 GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
accept_anybody_cb (GTlsConnection      *connection,
                   GTlsCertificate     *certificate,
                   GTlsCertificateFlags errors,
                   gpointer             unused)
{
  return TRUE;
}

/* A server is asked about every certificate, a client only about those that are not good. */
static gboolean
accept_good_cb (GTlsConnection      *connection,
                GTlsCertificate     *certificate,
                GTlsCertificateFlags errors,
                gpointer             unused)
{
  return errors == 0;
}

static GIOStream *
wrap_server (CharflowSocketTls *self,
             GIOStream         *base,
             GError           **error)
{
  GIOStream *stream = g_tls_server_connection_new (base, self->certificate, error);

  if (stream != NULL)
    g_object_set (stream, "authentication-mode",
                  self->verify ? G_TLS_AUTHENTICATION_REQUIRED : G_TLS_AUTHENTICATION_NONE, NULL);
  return stream;
}

static GIOStream *
wrap_client (CharflowSocketTls *self,
             GIOStream         *base,
             GError           **error)
{
  g_autoptr (GSocketConnectable) identity = self->host != NULL ? g_network_address_new (self->host, self->port) : NULL;
  GIOStream *stream = g_tls_client_connection_new (base, identity, error);

  if (stream != NULL && self->certificate != NULL)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (stream), self->certificate);
  return stream;
}

GIOStream *
charflow_socket_tls_wrap (CharflowSocketTls *self,
                          GIOStream         *base,
                          GError           **error)
{
  GIOStream *stream = self->server ? wrap_server (self, base, error) : wrap_client (self, base, error);

  if (stream == NULL)
    return NULL;

  if (self->verify)
    g_tls_connection_set_database (G_TLS_CONNECTION (stream), self->authorities);
  g_signal_connect (stream, "accept-certificate", G_CALLBACK (self->verify ? accept_good_cb : accept_anybody_cb), NULL);
  return stream;
}

gboolean
charflow_socket_tls_check_peer (CharflowSocketTls *self,
                                GTlsConnection    *connection,
                                GError           **error)
{
  GTlsCertificate *certificate = g_tls_connection_get_peer_certificate (connection);
  g_autofree char *subject = NULL;
  g_autofree char *excerpt = NULL;

  if (self->authz == NULL)
    return TRUE;

  subject = certificate != NULL ? g_tls_certificate_get_subject_name (certificate) : NULL;
  if (subject != NULL && g_pattern_spec_match_string (self->authz, subject))
    return TRUE;

  excerpt = subject != NULL ? charflow_text_excerpt (subject) : NULL;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("Option 'tls-authz' does not let in '%s'"), excerpt != NULL ? excerpt : "");
  return FALSE;
}

void
charflow_socket_tls_explain (GTlsConnection *connection,
                             GError        **error)
{
  static const struct
  {
    GTlsCertificateFlags flag;
    const char *reason;
  } reasons[] = {
    { G_TLS_CERTIFICATE_UNKNOWN_CA, N_("no known authority stands for it") },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, N_("it is for another name") },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, N_("its time has not come") },
    { G_TLS_CERTIFICATE_EXPIRED, N_("its time is over") },
    { G_TLS_CERTIFICATE_REVOKED, N_("it was revoked") },
    { G_TLS_CERTIFICATE_INSECURE, N_("its algorithm is not secure") },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, N_("it could not be checked") },
  };
  GTlsCertificateFlags flags = g_tls_connection_get_peer_certificate_errors (connection);

  if (!g_error_matches (*error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if ((flags & reasons[i].flag) == 0)
        continue;

      /* Translators: why a certificate is not good, before a message of GLib. */
      g_prefix_error (error, _("The certificate of the peer is not good, %s: "), _(reasons[i].reason));
      return;
    }
}

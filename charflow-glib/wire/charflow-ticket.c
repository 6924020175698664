/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-ticket-private.h"

#include <glib/gi18n-lib.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "charflow-enums.h"

struct _CharflowTicketKey
{
  grefcount ref_count;
  EVP_PKEY *pair;
  guint8 public_der[SPICE_TICKET_PUBKEY_BYTES];
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)

static void
set_crypto_error (GError    **error,
                  const char *what)
{
  char reason[256];

  ERR_error_string_n (ERR_get_error (), reason, sizeof reason);
  ERR_clear_error ();
  g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_FAILED, "%s: %s", what, reason);
}

CharflowTicketKey *
charflow_ticket_key_new (GError **error)
{
  g_autoptr (EVP_PKEY) pair = EVP_RSA_gen (SPICE_TICKET_KEY_PAIR_LENGTH);
  CharflowTicketKey *key;
  guint8 *end;

  /* The protocol has room for exactly the DER of a key of 1024 bits with the usual exponent. */
  if (pair == NULL || i2d_PUBKEY (pair, NULL) != SPICE_TICKET_PUBKEY_BYTES)
    {
      set_crypto_error (error, _("Could not make a key for passwords"));
      return NULL;
    }

  key = g_new0 (CharflowTicketKey, 1);
  g_ref_count_init (&key->ref_count);
  key->pair = g_steal_pointer (&pair);
  end = key->public_der;
  i2d_PUBKEY (key->pair, &end);

  return key;
}

CharflowTicketKey *
charflow_ticket_key_ref (CharflowTicketKey *key)
{
  g_ref_count_inc (&key->ref_count);
  return key;
}

void
charflow_ticket_key_unref (CharflowTicketKey *key)
{
  if (!g_ref_count_dec (&key->ref_count))
    return;

  EVP_PKEY_free (key->pair);
  g_free (key);
}

const guint8 *
charflow_ticket_key_get_public (CharflowTicketKey *key)
{
  return key->public_der;
}

/* Padding is OAEP with SHA-1, for the mask as well, and an empty label: OpenSSL's defaults for OAEP. */
static EVP_PKEY_CTX *
new_oaep_context (EVP_PKEY *key,
                  gboolean  encrypting)
{
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new (key, NULL);

  if (context == NULL ||
      (encrypting ? EVP_PKEY_encrypt_init (context) : EVP_PKEY_decrypt_init (context)) <= 0 ||
      EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_OAEP_PADDING) <= 0)
    return NULL;

  return g_steal_pointer (&context);
}

char *
charflow_ticket_key_decrypt (CharflowTicketKey *key,
                             const guint8      *ticket)
{
  g_autoptr (EVP_PKEY_CTX) context = new_oaep_context (key->pair, FALSE);
  guint8 plain[CHARFLOW_TICKET_SIZE];
  gsize size = sizeof plain;
  char *password = NULL;

  if (context != NULL && EVP_PKEY_decrypt (context, plain, &size, ticket, CHARFLOW_TICKET_SIZE) > 0)
    password = g_strndup ((const char *) plain, size);
  ERR_clear_error ();
  OPENSSL_cleanse (plain, sizeof plain);

  return password;
}

static EVP_PKEY *
parse_public_key (const guint8 *der,
                  GError      **error)
{
  g_autoptr (EVP_PKEY) key = d2i_PUBKEY (NULL, &der, SPICE_TICKET_PUBKEY_BYTES);

  if (key == NULL)
    {
      set_crypto_error (error, _("The server's key is malformed"));
      return NULL;
    }
  if (EVP_PKEY_get_base_id (key) != EVP_PKEY_RSA || EVP_PKEY_get_size (key) != CHARFLOW_TICKET_SIZE)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("The server's key is no RSA key of %d bits"), SPICE_TICKET_KEY_PAIR_LENGTH);
      return NULL;
    }

  return g_steal_pointer (&key);
}

gboolean
charflow_ticket_encrypt (const guint8 *public_key,
                         const char   *password,
                         guint8       *ticket,
                         GError      **error)
{
  g_autoptr (EVP_PKEY) key = NULL;
  g_autoptr (EVP_PKEY_CTX) context = NULL;
  gsize size = CHARFLOW_TICKET_SIZE;
  gsize length;

  if (password == NULL)
    password = "";
  length = strlen (password);
  if (length > SPICE_MAX_PASSWORD_LENGTH)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED,
                   _("The password has %zu bytes, and at most %d can be sent"),
                   length, SPICE_MAX_PASSWORD_LENGTH);
      return FALSE;
    }

  key = parse_public_key (public_key, error);
  if (key == NULL)
    return FALSE;

  /* The NUL is part of it. */
  context = new_oaep_context (key, TRUE);
  if (context == NULL ||
      EVP_PKEY_encrypt (context, ticket, &size, (const guint8 *) password, length + 1) <= 0)
    {
      set_crypto_error (error, _("Could not encrypt the password"));
      return FALSE;
    }

  return TRUE;
}

gboolean
charflow_password_equals (const char *a,
                          const char *b)
{
  guint8 padded_a[CHARFLOW_TICKET_SIZE] = { 0 };
  guint8 padded_b[CHARFLOW_TICKET_SIZE] = { 0 };
  gboolean fits = strlen (a) < sizeof padded_a && strlen (b) < sizeof padded_b;
  gboolean equal;

  memcpy (padded_a, a, MIN (strlen (a), sizeof padded_a));
  memcpy (padded_b, b, MIN (strlen (b), sizeof padded_b));
  equal = CRYPTO_memcmp (padded_a, padded_b, sizeof padded_a) == 0;
  OPENSSL_cleanse (padded_a, sizeof padded_a);
  OPENSSL_cleanse (padded_b, sizeof padded_b);

  return fits && equal;
}

void
charflow_password_free (char *password)
{
  if (password == NULL)
    return;

  OPENSSL_cleanse (password, strlen (password));
  g_free (password);
}

guint32
charflow_random_id (void)
{
  guint32 id = 0;

  while (id == 0)
    if (RAND_bytes ((guint8 *) &id, sizeof id) != 1)
      return 0;

  return id;
}

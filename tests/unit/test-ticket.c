/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "charflow-ticket-private.h"

static CharflowTicketKey *
new_key (void)
{
  g_autoptr (GError) error = NULL;
  CharflowTicketKey *key = charflow_ticket_key_new (&error);

  g_assert_no_error (error);
  return key;
}

static void
test_round_trip (void)
{
  static const gsize lengths[] = { 0, 1, 59, 60 };
  g_autoptr (CharflowTicketKey) key = new_key ();

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *password = g_strnfill (lengths[i], 'p');
      guint8 ticket[CHARFLOW_TICKET_SIZE];
      g_autoptr (GError) error = NULL;
      char *found;

      g_assert_true (charflow_ticket_encrypt (charflow_ticket_key_get_public (key), password, ticket, &error));
      g_assert_no_error (error);
      found = charflow_ticket_key_decrypt (key, ticket);
      g_assert_cmpstr (found, ==, password);
      charflow_password_free (found);
    }
}

static void
test_none (void)
{
  g_autoptr (CharflowTicketKey) key = new_key ();
  guint8 ticket[CHARFLOW_TICKET_SIZE];
  g_autoptr (GError) error = NULL;
  char *found;

  g_assert_true (charflow_ticket_encrypt (charflow_ticket_key_get_public (key), NULL, ticket, &error));
  g_assert_no_error (error);
  found = charflow_ticket_key_decrypt (key, ticket);
  g_assert_cmpstr (found, ==, "");
  charflow_password_free (found);
  charflow_password_free (NULL);
}

static void
test_too_long (void)
{
  g_autoptr (CharflowTicketKey) key = new_key ();
  g_autofree char *password = g_strnfill (61, 'p');
  guint8 ticket[CHARFLOW_TICKET_SIZE];
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_ticket_encrypt (charflow_ticket_key_get_public (key), password, ticket, &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_PERMISSION_DENIED);
}

static void
test_garbage (void)
{
  g_autoptr (CharflowTicketKey) key = new_key ();
  guint8 ticket[CHARFLOW_TICKET_SIZE];

  memset (ticket, 0, sizeof ticket);
  g_assert_null (charflow_ticket_key_decrypt (key, ticket));
  memset (ticket, 0xff, sizeof ticket); /* larger than any modulus */
  g_assert_null (charflow_ticket_key_decrypt (key, ticket));
  for (guint i = 0; i < 100; i++)
    {
      for (gsize j = 0; j < sizeof ticket; j++)
        ticket[j] = (guint8) g_test_rand_int ();
      g_assert_null (charflow_ticket_key_decrypt (key, ticket));
    }
}

static void
test_other_key (void)
{
  g_autoptr (CharflowTicketKey) key = new_key ();
  g_autoptr (CharflowTicketKey) other = new_key ();
  guint8 ticket[CHARFLOW_TICKET_SIZE];
  g_autoptr (GError) error = NULL;

  g_assert_true (charflow_ticket_encrypt (charflow_ticket_key_get_public (other), "secret", ticket, &error));
  g_assert_no_error (error);
  g_assert_null (charflow_ticket_key_decrypt (key, ticket));
}

/* Encrypts bytes as they are, as a client of another make might. */
static void
encrypt_raw (CharflowTicketKey *key,
             const void        *plain,
             gsize              size,
             guint8            *ticket)
{
  const guint8 *der = charflow_ticket_key_get_public (key);
  EVP_PKEY *public_key = d2i_PUBKEY (NULL, &der, SPICE_TICKET_PUBKEY_BYTES);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new (public_key, NULL);
  gsize out_size = CHARFLOW_TICKET_SIZE;

  g_assert_cmpint (EVP_PKEY_encrypt_init (context), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_OAEP_PADDING), ==, 1);
  g_assert_cmpint (EVP_PKEY_encrypt (context, ticket, &out_size, plain, size), ==, 1);
  EVP_PKEY_CTX_free (context);
  EVP_PKEY_free (public_key);
}

static void
test_nul (void)
{
  static const struct
  {
    const char *plain;
    gsize size;
    const char *password;
  } rows[] = {
    { "abc\0def", 8, "abc" },
    { "abc", 3, "abc" }, /* without its NUL */
    { "\0junk", 5, "" },
    { "", 0, "" },
  };
  g_autoptr (CharflowTicketKey) key = new_key ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint8 ticket[CHARFLOW_TICKET_SIZE];
      char *found;

      encrypt_raw (key, rows[i].plain, rows[i].size, ticket);
      found = charflow_ticket_key_decrypt (key, ticket);
      g_assert_cmpstr (found, ==, rows[i].password);
      charflow_password_free (found);
    }
}

/* 162 bytes, beginning as captured keys do. */
static void
test_der (void)
{
  static const guint8 prefix[] = { 0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09, 0x2a };

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (CharflowTicketKey) key = new_key ();
      const guint8 *der = charflow_ticket_key_get_public (key);
      const guint8 *end = der;
      EVP_PKEY *parsed = d2i_PUBKEY (NULL, &end, SPICE_TICKET_PUBKEY_BYTES);

      g_assert_nonnull (parsed);
      g_assert_cmpint (end - der, ==, 162);
      g_assert_cmpmem (der, sizeof prefix, prefix, sizeof prefix);
      EVP_PKEY_free (parsed);
    }
}

static void
refuse_key (const guint8     *der,
            CharflowLinkError code)
{
  guint8 ticket[CHARFLOW_TICKET_SIZE];
  g_autoptr (GError) error = NULL;

  g_assert_false (charflow_ticket_encrypt (der, "secret", ticket, &error));
  g_assert_error (error, CHARFLOW_LINK_ERROR, (int) code);
}

static void
refuse_pair (EVP_PKEY *pair)
{
  guint8 der[4096] = { 0 };
  guint8 *end = der;

  g_assert_cmpint (i2d_PUBKEY (pair, NULL), <, (int) sizeof der);
  i2d_PUBKEY (pair, &end);
  if (end - der <= SPICE_TICKET_PUBKEY_BYTES)
    refuse_key (der, CHARFLOW_LINK_ERROR_INVALID_DATA);
  else
    refuse_key (der, CHARFLOW_LINK_ERROR_FAILED); /* cut off */
  EVP_PKEY_free (pair);
}

static void
test_bad_keys (void)
{
  g_autoptr (CharflowTicketKey) key = new_key ();
  guint8 der[SPICE_TICKET_PUBKEY_BYTES] = { 0 };

  refuse_key (der, CHARFLOW_LINK_ERROR_FAILED);
  memset (der, 0xff, sizeof der);
  refuse_key (der, CHARFLOW_LINK_ERROR_FAILED);
  for (gsize i = 0; i < 20; i++)
    {
      memcpy (der, charflow_ticket_key_get_public (key), sizeof der);
      memset (der + i, 0x55, sizeof der - i);
      refuse_key (der, CHARFLOW_LINK_ERROR_FAILED);
    }

  refuse_pair (EVP_RSA_gen (512));
  refuse_pair (EVP_RSA_gen (2048));
  refuse_pair (EVP_EC_gen ("P-256"));
}

static void
test_compare (void)
{
  g_autofree char *sixty = g_strnfill (60, 'x');
  g_autofree char *fifty_nine = g_strnfill (59, 'x');
  g_autofree char *long_one = g_strnfill (200, 'x');

  g_assert_true (charflow_password_equals ("", ""));
  g_assert_true (charflow_password_equals ("secret", "secret"));
  g_assert_true (charflow_password_equals (sixty, sixty));
  g_assert_false (charflow_password_equals (sixty, fifty_nine));
  g_assert_false (charflow_password_equals ("secret", "secreT"));
  g_assert_false (charflow_password_equals ("secret", "secre"));
  g_assert_false (charflow_password_equals ("secret", ""));
  g_assert_false (charflow_password_equals ("", "x"));
  g_assert_false (charflow_password_equals (long_one, long_one)); /* nobody can have such a one */
}

static void
test_random_id (void)
{
  guint32 first = charflow_random_id ();

  g_assert_cmpuint (first, !=, 0);
  g_assert_cmpuint (first ^ charflow_random_id (), !=, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ticket/round-trip", test_round_trip);
  g_test_add_func ("/ticket/no-password", test_none);
  g_test_add_func ("/ticket/too-long", test_too_long);
  g_test_add_func ("/ticket/garbage", test_garbage);
  g_test_add_func ("/ticket/other-key", test_other_key);
  g_test_add_func ("/ticket/up-to-nul", test_nul);
  g_test_add_func ("/ticket/der", test_der);
  g_test_add_func ("/ticket/bad-keys", test_bad_keys);
  g_test_add_func ("/ticket/compare", test_compare);
  g_test_add_func ("/ticket/random-id", test_random_id);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define DAY 86400

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)

GTlsCertificate *
test_certificate_new (void)
{
  g_autoptr (EVP_PKEY) key = EVP_EC_gen ("P-256");
  g_autoptr (X509) certificate = X509_new ();
  g_autoptr (BIO) pem = BIO_new (BIO_s_mem ());
  g_autoptr (GError) error = NULL;
  X509_NAME *name = X509_get_subject_name (certificate);
  GTlsCertificate *result;
  char *data;
  long size;

  X509_set_version (certificate, X509_VERSION_3);
  ASN1_INTEGER_set (X509_get_serialNumber (certificate), 1);
  X509_gmtime_adj (X509_getm_notBefore (certificate), -DAY);
  X509_gmtime_adj (X509_getm_notAfter (certificate), DAY);
  X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const guint8 *) "localhost", -1, -1, 0);
  X509_set_issuer_name (certificate, name);
  X509_set_pubkey (certificate, key);
  g_assert_cmpint (X509_sign (certificate, key, EVP_sha256 ()), >, 0);

  PEM_write_bio_X509 (pem, certificate);
  PEM_write_bio_PKCS8PrivateKey (pem, key, NULL, NULL, 0, NULL, NULL);
  size = BIO_get_mem_data (pem, &data);
  result = g_tls_certificate_new_from_pem (data, size, &error);
  g_assert_no_error (error);
  return result;
}

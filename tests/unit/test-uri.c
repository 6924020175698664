/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charflow-uri-private.h"

#include <string.h>

#include <gio/gio.h>

static void
assert_canonical (const char       *text,
                  CharflowTransport transport,
                  const char       *canonical)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowUri) uri = charflow_uri_parse (text, &error);
  g_autofree char *back = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (uri);
  g_assert_cmpint (uri->transport, ==, transport);
  back = charflow_uri_to_string (uri);
  g_assert_cmpstr (back, ==, canonical);
}

static void
assert_refused (const char *text,
                int         code,
                const char *named)
{
  g_autoptr (GError) error = NULL;
  CharflowUri *uri = charflow_uri_parse (text, &error);

  g_assert_null (uri);
  g_assert_error (error, CHARFLOW_URI_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_null (strstr (error->message, "s3cret"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_accepts (void)
{
  assert_canonical ("spice://example.org:5930", CHARFLOW_TRANSPORT_TCP, "spice://example.org:5930");
  assert_canonical ("SPICE://127.0.0.1:0/", CHARFLOW_TRANSPORT_TCP, "spice://127.0.0.1:0");
  assert_canonical ("spice://h?port=65535", CHARFLOW_TRANSPORT_TCP, "spice://h:65535");
  assert_canonical ("spice://h/?port=1", CHARFLOW_TRANSPORT_TCP, "spice://h:1");
  assert_canonical ("spice://[::1]:5930", CHARFLOW_TRANSPORT_TCP, "spice://[::1]:5930");
  assert_canonical ("spice://[fe80::1%25eth0]:1", CHARFLOW_TRANSPORT_TCP,
                    "spice://[fe80::1%25eth0]:1");
  assert_canonical ("spice://a%2Db:1", CHARFLOW_TRANSPORT_TCP, "spice://a-b:1");
  assert_canonical ("spice://h?tls-port=5", CHARFLOW_TRANSPORT_TLS, "spice+tls://h:5");
  assert_canonical ("spice+tls://h:5931", CHARFLOW_TRANSPORT_TLS, "spice+tls://h:5931");
  assert_canonical ("spice+tls://h?tls-port=5", CHARFLOW_TRANSPORT_TLS, "spice+tls://h:5");
  assert_canonical ("spice+unix:///run/c.sock", CHARFLOW_TRANSPORT_UNIX,
                    "spice+unix:///run/c.sock");
  assert_canonical ("spice+unix://a%20b?c#d", CHARFLOW_TRANSPORT_UNIX, "spice+unix://a%20b?c#d");
}

static void
test_password (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowUri) uri = charflow_uri_parse ("spice://h:1?password=s3cret%26%3D", &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (uri->password, ==, "s3cret&=");
  text = charflow_uri_to_string (uri);
  g_assert_cmpstr (text, ==, "spice://h:1");
}

static void
test_refuses (void)
{
  assert_refused ("", CHARFLOW_URI_ERROR_BAD_SCHEME, "spice://");
  assert_refused ("s3cret", CHARFLOW_URI_ERROR_BAD_SCHEME, "spice://");
  assert_refused ("http://h:1", CHARFLOW_URI_ERROR_BAD_SCHEME, "'http'");
  assert_refused ("ws://h:1", CHARFLOW_URI_ERROR_BAD_SCHEME, "'ws' is not supported yet");
  assert_refused ("wss://h:1", CHARFLOW_URI_ERROR_BAD_SCHEME, "'wss' is not supported yet");

  assert_refused ("spice://:1", CHARFLOW_URI_ERROR_BAD_HOST, "''");
  assert_refused ("spice://a b:1", CHARFLOW_URI_ERROR_BAD_HOST, "'a b'");
  assert_refused ("spice://a%00b:1", CHARFLOW_URI_ERROR_BAD_HOST, "'a%00b'");
  assert_refused ("spice://a%zz:1", CHARFLOW_URI_ERROR_BAD_HOST, "'a%zz'");
  assert_refused ("spice://a%ff:1", CHARFLOW_URI_ERROR_BAD_HOST, "'a%ff'");
  assert_refused ("spice://u:s3cret@h:1", CHARFLOW_URI_ERROR_BAD_HOST, "user");
  assert_refused ("spice://[::1:1", CHARFLOW_URI_ERROR_BAD_HOST, "'[::1:1'");
  assert_refused ("spice://[1.2.3.4]:1", CHARFLOW_URI_ERROR_BAD_HOST, "'1.2.3.4'");
  assert_refused ("spice://[::1]x:1", CHARFLOW_URI_ERROR_BAD_HOST, "'x:1'");
  assert_refused ("spice://a\nb:1", CHARFLOW_URI_ERROR_BAD_HOST, "'a\\x0ab'");

  assert_refused ("spice://h", CHARFLOW_URI_ERROR_BAD_PORT, "'h'");
  assert_refused ("spice://h:", CHARFLOW_URI_ERROR_BAD_PORT, "''");
  assert_refused ("spice://h:65536", CHARFLOW_URI_ERROR_BAD_PORT, "'65536'");
  assert_refused ("spice://h:-1", CHARFLOW_URI_ERROR_BAD_PORT, "'-1'");
  assert_refused ("spice://h:1x", CHARFLOW_URI_ERROR_BAD_PORT, "'1x'");
  assert_refused ("spice://::1:1", CHARFLOW_URI_ERROR_BAD_HOST, "''");
  assert_refused ("spice://h:1?port=1", CHARFLOW_URI_ERROR_BAD_PORT, "'h'");
  assert_refused ("spice://h?port=1&tls-port=2", CHARFLOW_URI_ERROR_BAD_PORT, "'h'");

  assert_refused ("spice://h?port=1&port=1", CHARFLOW_URI_ERROR_BAD_QUERY, "'port'");
  assert_refused ("spice://h:1?pasword=s3cret", CHARFLOW_URI_ERROR_BAD_QUERY, "'pasword'");
  assert_refused ("spice://h:1?password=s3cret%zz", CHARFLOW_URI_ERROR_BAD_QUERY, "'password'");
  assert_refused ("spice://h:1?password=s3cret%00", CHARFLOW_URI_ERROR_BAD_QUERY, "'password'");

  assert_refused ("spice+unix://", CHARFLOW_URI_ERROR_BAD_PATH, "no path");
  assert_refused ("spice://h:1/path", CHARFLOW_URI_ERROR_FAILED, "'h'");
  assert_refused ("spice://h:1#x", CHARFLOW_URI_ERROR_FAILED, "'h'");
  assert_refused ("spice://\xff:1", CHARFLOW_URI_ERROR_FAILED, "UTF-8");
}

static void
test_path_length (void)
{
  g_autofree char *path = g_strnfill (107, 'p');
  g_autofree char *fits = g_strconcat ("spice+unix://", path, NULL);
  g_autofree char *long_one = g_strconcat (fits, "q", NULL);

  assert_canonical (fits, CHARFLOW_TRANSPORT_UNIX, fits);
  assert_refused (long_one, CHARFLOW_URI_ERROR_BAD_PATH, "107");
}

static void
test_huge (void)
{
  g_autofree char *host = g_strnfill (1 << 20, '!');
  g_autofree char *text = g_strconcat ("spice://", host, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_uri_parse (text, &error));
  g_assert_error (error, CHARFLOW_URI_ERROR, CHARFLOW_URI_ERROR_BAD_HOST);
  g_assert_cmpuint (strlen (error->message), <, 300);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/uri/canonical-form", test_accepts);
  g_test_add_func ("/uri/password-never-shown", test_password);
  g_test_add_func ("/uri/refused-by-name", test_refuses);
  g_test_add_func ("/uri/path-of-107-and-108-bytes", test_path_length);
  g_test_add_func ("/uri/one-mebibyte", test_huge);

  return g_test_run ();
}

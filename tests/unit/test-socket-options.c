/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-front-end.h"
#include "test-socket.h"

#include <string.h>

static void
assert_incompatible (const char *spec,
                     int         code,
                     const char *one,
                     const char *other)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (charflow_backend_new_from_spec (spec, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
  g_assert_nonnull (strstr (error->message, one));
  g_assert_nonnull (strstr (error->message, other));
}

static void
test_incompatible (void)
{
  const int both = CHARFLOW_BACKEND_ERROR_INCOMPATIBLE;
  const int missing = CHARFLOW_BACKEND_ERROR_MISSING_OPTION;
  const int invalid = CHARFLOW_BACKEND_ERROR_INVALID_VALUE;

  assert_incompatible ("socket,port=1,server=on,reconnect=0", both, "'reconnect'", "'server'");
  assert_incompatible ("socket,port=1,wait=off", both, "'wait'", "'server=off'");
  assert_incompatible ("socket,path=p,host=h", both, "'path'", "'host'");
  assert_incompatible ("socket,path=p,port=1", both, "'path'", "'port'");
  assert_incompatible ("socket,path=p,ipv4=on", both, "'path'", "'ipv4'");
  assert_incompatible ("socket,path=p,nodelay=on", both, "'path'", "'nodelay'");
  assert_incompatible ("socket,port=1,delay=on,nodelay=on", both, "'delay'", "'nodelay'");
  assert_incompatible ("socket,port=1,to=2", both, "'to'", "'server=off'");
  assert_incompatible ("socket,port=1,ipv4=off,ipv6=off", both, "'ipv4=off'", "'ipv6=off'");
  assert_incompatible ("socket,port=1,abstract=on", both, "'abstract'", "'port'");
  assert_incompatible ("socket,host=h", missing, "'port'", "missing");
  assert_incompatible ("socket", missing, "'port'", "missing");
  assert_incompatible ("socket,server=on,host=h", missing, "'port'", "missing");
  assert_incompatible ("socket,server=on,wait=on", both, "'wait'", "'port'");
  assert_incompatible ("socket,fd=0,reconnect=1", both, "'fd'", "'reconnect'");
  assert_incompatible ("socket,fd=0,port=1", both, "'fd'", "'port'");
  assert_incompatible ("socket,path=p,tls-creds=d", both, "'path'", "'tls-creds'");
  assert_incompatible ("socket,path=p,keepalive=on", both, "'path'", "'keepalive'");
  assert_incompatible ("socket,port=1,server=on,tls-authz=a", both, "'tls-authz'", "'tls-creds'");
  assert_incompatible ("socket,port=1,tls-hostname=a", both, "'tls-hostname'", "'tls-creds'");
  assert_incompatible ("socket,port=1,tls-verify=on", both, "'tls-verify'", "'tls-creds'");
  assert_incompatible ("socket,port=1,tls-creds=d,tls-authz=a", both, "'tls-authz'", "'server=off'");
  assert_incompatible ("socket,port=1,server=on,tls-creds=d,tls-hostname=a", both, "'tls-hostname'", "'server'");
  assert_incompatible ("socket,port=1,server=on,tls-creds=d,tls-verify=off,tls-authz=a", both, "'tls-authz'",
                       "'tls-verify=off'");
  assert_incompatible ("socket,port=1,tls-creds=d,tls-verify=off,tls-hostname=a", both, "'tls-hostname'",
                       "'tls-verify=off'");
  assert_incompatible ("socket,fd=0,tls-creds=d", missing, "'tls-hostname'", "missing");
  assert_incompatible ("socket,port=1,websocket=on", both, "'websocket'", "'server=off'");
  assert_incompatible ("socket,port=1,server=on,ws-path=/", both, "'ws-path'", "'websocket'");
  assert_incompatible ("socket,port=1,server=on,telnet=on,tn3270=on", both, "'telnet'", "'tn3270'");
  assert_incompatible ("socket,port=1,server=on,rfc2217=on,tn3270=on", both, "'rfc2217'", "'tn3270'");
  assert_incompatible ("socket,path=p,mode=600", both, "'mode'", "'server=off'");
  assert_incompatible ("socket,path=p,server=on,abstract=on,mode=600", both, "'mode'", "'abstract'");
  assert_incompatible ("socket,port=1,server=on,mode=600", missing, "'path'", "missing");
  assert_incompatible ("socket,port=1,reconnect-max=3", both, "'reconnect-max'", "'reconnect'");
  assert_incompatible ("socket,port=1,reconnect=4,reconnect-max=3", invalid, "'reconnect-max'", "3");
  assert_incompatible ("socket,path=p,server=on,mode=888", invalid, "'mode'", "888");
  assert_incompatible ("socket,path=p,server=on,mode=1777", invalid, "'mode'", "1777");
  assert_incompatible ("socket,port=1,handshake-timeout=0", invalid, "'handshake-timeout'", "0");
  assert_incompatible ("socket,port=1,server=on,websocket=on,ws-path=x", invalid, "'ws-path'", "'x'");
  assert_incompatible ("socket,fd=4294967296", invalid, "'fd'", "4294967296");
  assert_incompatible ("socket,abstract=on", missing, "'path'", "missing");
  assert_incompatible ("socket,port=0", invalid, "'port'", "0");
  assert_incompatible ("socket,port=65536", invalid, "'port'", "65536");
  assert_incompatible ("socket,port=4294967297", invalid, "'port'", "4294967297");
  assert_incompatible ("socket,port=10,to=9,server=on", invalid, "'to'", "9");
  assert_incompatible ("socket,port=1,reconnect=4294967296", invalid, "'reconnect'", "4294967296");
  assert_incompatible ("socket,path=", invalid, "'path'", "''");
}

static void
test_incompatible_properties (void)
{
  g_autoptr (CharflowBackend) both = g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND, "path", "p",
                                                   "host", "h", NULL);
  g_autoptr (CharflowBackend) wait = g_object_new (CHARFLOW_TYPE_SOCKET_BACKEND, "port", 1, "wait",
                                                   TRUE, NULL);
  g_autoptr (CharflowBackend) none = CHARFLOW_BACKEND (charflow_socket_backend_new_for_tcp (NULL, 0,
                                                                                            FALSE));
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open_backend (both, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  g_clear_error (&error);
  g_assert_false (test_open_backend (wait, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE);
  g_clear_error (&error);
  g_assert_false (test_open_backend (none, &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/socket-options/SC6/incompatible-options", test_incompatible);
  g_test_add_func ("/socket-options/SC6/incompatible-properties", test_incompatible_properties);

  return g_test_run ();
}

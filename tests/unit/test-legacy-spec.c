/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <string.h>

#include "charflow-backend-options-private.h"
#include "charflow-legacy-spec-private.h"

/* Kinds that are not looked up here, and so all can be told apart. */
static char *
join_items (GPtrArray *items)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < items->len; i++)
    {
      const CharflowSpecItem *item = g_ptr_array_index (items, i);

      g_string_append_printf (text, "%s%s=%s", i > 0 ? ";" : "", item->name, item->value);
    }

  return g_string_free (text, FALSE);
}

static void
assert_becomes (const char *spec,
                const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = charflow_spec_parse (spec, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = join_items (items);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_refused (const char *spec,
                int         code,
                const char *named)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_null (backend);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
}

static void
test_words (void)
{
  assert_becomes ("null", "backend=null");
  assert_becomes ("pty", "backend=pty");
  assert_becomes ("stdio", "backend=stdio");
  assert_becomes ("stdio,signal=off", "backend=stdio;signal=off");
  assert_becomes ("con:", "backend=console");
  assert_becomes ("ringbuf", "backend=ringbuf");
  assert_becomes ("memory", "backend=memory");
}

static void
test_monitors (void)
{
  assert_becomes ("mon:pty", "backend=pty;mux=on");
  assert_becomes ("mon:stdio", "signal=off;backend=stdio;mux=on");
  assert_becomes ("mon:stdio,signal=on", "signal=off;backend=stdio;signal=on;mux=on");
  assert_becomes ("mon:stdiox", "backend=stdiox;mux=on");
  assert_becomes ("mon:tcp::1,server", "backend=socket;port=1;server=on;mux=on");
  assert_becomes ("mon:null,id=n", "backend=null;id=n;mux=on");
  assert_refused ("mon:mon:pty", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'mon:mon:pty'");
  assert_refused ("mon:", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'mon:'");
  assert_refused ("mon:nonsense", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'nonsense'");
  assert_refused ("mon:vc", CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED, "'vc'");
}

static void
test_text_consoles (void)
{
  static const char *const good[] = { "vc", "vc:800x600", "vc:80Cx24C", "vc:0x0" };
  static const char *const bad[] = {
    "vc:",
    "vc:800",
    "vc:800x",
    "vc:x600",
    "vc:80Cx24",
    "vc:80x24C",
    "vc:80Cx24C,",
    "vc:-1x5",
    "vc:80 x24",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    assert_refused (good[i], CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED, "viewer");
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i], CHARFLOW_BACKEND_ERROR_INVALID_VALUE, bad[i] + strlen ("vc:"));
  assert_refused ("vcfoo", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'vcfoo'");
}

static void
test_paths (void)
{
  assert_becomes ("file:/a,b=c,,d", "backend=file;path=/a,b=c,,d");
  assert_becomes ("file:a:b", "backend=file;path=a:b");
  assert_becomes ("pipe:/tmp/x", "backend=pipe;path=/tmp/x");
  assert_becomes ("/dev/ttyS0", "backend=serial;path=/dev/ttyS0");
  assert_becomes ("/dev/serial/by-path/pci-0:1,2=3", "backend=serial;path=/dev/serial/by-path/pci-0:1,2=3");
  assert_becomes ("/dev/parport0", "backend=parallel;path=/dev/parport0");
  assert_becomes ("/dev/ppi0", "backend=parallel;path=/dev/ppi0");
  assert_becomes ("COM1", "backend=serial;path=COM1");
  assert_becomes ("COM12", "backend=serial;path=COM12");
  assert_refused ("file:", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'file:'");
  assert_refused ("pipe:", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'pipe:'");
  assert_refused ("COM", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'COM'");
  assert_refused ("COMPASS", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'COMPASS'");
  assert_refused ("COM1x", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'COM1x'");
  assert_refused ("/tmp/x", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'/tmp/x'");
  assert_refused ("con:x", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'con:x'");
}

static void
test_tcp (void)
{
  assert_becomes ("tcp:h:1", "backend=socket;host=h;port=1");
  assert_becomes ("tcp::1", "backend=socket;port=1");
  assert_becomes ("tcp:h:1,server,nowait", "backend=socket;host=h;port=1;server=on;wait=off");
  assert_becomes ("tcp:h:1,reconnect=2,logfile=a,,b",
                  "backend=socket;host=h;port=1;reconnect=2;logfile=a,b");
  assert_becomes ("tcp:[::1]:0", "backend=socket;host=::1;port=0");
  assert_becomes ("tcp:[fe80::1%lo]:5,server=on", "backend=socket;host=fe80::1%lo;port=5;server=on");
  assert_becomes ("telnet:h:1", "backend=socket;host=h;port=1;telnet=on");
  assert_becomes ("telnet:h:1,telnet=off", "backend=socket;host=h;port=1;telnet=off;telnet=on");
  assert_becomes ("tn3270:h:1,server", "backend=socket;host=h;port=1;server=on;tn3270=on");
  assert_becomes ("websocket:h:1,server", "backend=socket;host=h;port=1;server=on;websocket=on");
}

static void
test_bad_addresses (void)
{
  static const char *const bad[] = {
    "tcp:",
    "tcp:host",
    "tcp:host:",
    "tcp::",
    "tcp:::1:0",
    "tcp:a:b:1",
    "tcp:[::1]",
    "tcp:[::1]:",
    "tcp:[::1]5",
    "tcp:[::1",
    "tcp:[]:5",
    "tcp:[a]b]:5",
    "tcp:[a]:]:5",
    "tcp:[::1]:5:6",
    "tcp:,server",
    "telnet:host",
    "tn3270:host",
    "websocket:host",
    "udp:",
    "udp:host",
    "udp::",
    "udp:h:1@",
    "udp:h:1@x",
    "udp:h:1@:",
    "udp:h:1@x:",
    "udp:h:1@::1:2",
    "udp:@:1",
    "udp:h@:1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *prefix = g_strndup (bad[i], strchr (bad[i], ':') + 1 - bad[i]);

      assert_refused (bad[i], CHARFLOW_BACKEND_ERROR_INVALID_VALUE, prefix);
    }

  assert_refused ("tcp:h:http", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'http'");
  assert_refused ("tcp:h:65536", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "65536");
  assert_refused ("tcp:h:1,sever", CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION, "'sever'");
}

static void
test_udp (void)
{
  assert_becomes ("udp:h:1", "backend=udp;host=h;port=1");
  assert_becomes ("udp::1", "backend=udp;port=1");
  assert_becomes ("udp:h:1@:2", "backend=udp;host=h;port=1;localport=2");
  assert_becomes ("udp:h:1@l:2", "backend=udp;host=h;port=1;localaddr=l;localport=2");
  assert_becomes ("udp::1@[::1]:2", "backend=udp;port=1;localaddr=::1;localport=2");
  assert_becomes ("udp:[::1]:1@[::]:2,ipv6=on",
                  "backend=udp;host=::1;port=1;localaddr=::;localport=2;ipv6=on");
}

static void
test_unix_and_others (void)
{
  assert_becomes ("unix:/a", "backend=socket;path=/a");
  assert_becomes ("unix:/a,,b=c,server,nowait", "backend=socket;path=/a,b=c;server=on;wait=off");
  assert_becomes ("unix:a,abstract=on,tight=off", "backend=socket;path=a;abstract=on;tight=off");
  assert_becomes ("ringbuf:4", "backend=ringbuf;size=4");
  assert_becomes ("memory:1k,id=m", "backend=memory;size=1k;id=m");
  assert_becomes ("fd:5", "backend=fd;fd=5");
  assert_becomes ("fd:5,id=f", "backend=fd;fd=5;id=f");
  assert_becomes ("fd:5,server=on,id=f", "backend=fd;fd=5;server=on;id=f;backend=socket");
  assert_refused ("unix:", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'unix:'");
  assert_refused ("unix:,server", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'path'");
  assert_refused ("ringbuf:", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'size'");
  assert_refused ("fd:", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'fd'");
  assert_refused ("ringbuf:3", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "power of two");
  assert_refused ("ringbuf:much", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'much'");
}

static void
test_references (void)
{
  g_assert_cmpstr (charflow_legacy_spec_get_reference ("chardev:a.b"), ==, "a.b");
  g_assert_null (charflow_legacy_spec_get_reference ("null,id=chardev:a"));
  assert_refused ("chardev:a.b", CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED, "'a.b'");
  assert_refused ("chardev:", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'chardev:'");
}

static void
test_other_strings (void)
{
  assert_refused ("none", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'none'");
  assert_refused ("nonsense:1", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'nonsense:1'");
  assert_refused ("TCP:h:1", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'TCP:h:1'");
  assert_refused ("null:", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'null:'");
  assert_refused ("file:a\nb", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "0x0a");
}

/* One table has the defaults of both. */
static void
test_same_defaults (void)
{
  static const char *const pairs[][2] = {
    { "tcp::1,server", "socket,port=1,server" },
    { "tcp:h:1", "socket,host=h,port=1" },
    { "unix:a", "socket,path=a" },
    { "ringbuf:8", "ringbuf,size=8" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (CharflowBackend) old = charflow_backend_new_from_spec (pairs[i][0], NULL);
      g_autoptr (CharflowBackend) new = charflow_backend_new_from_spec (pairs[i][1], NULL);
      guint n_specs;
      g_autofree GParamSpec **specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (old),
                                                                      &n_specs);

      g_assert_true (G_OBJECT_TYPE (old) == G_OBJECT_TYPE (new));
      for (guint j = 0; j < n_specs; j++)
        {
          g_auto (GValue) one = G_VALUE_INIT;
          g_auto (GValue) other = G_VALUE_INIT;

          g_object_get_property (G_OBJECT (old), specs[j]->name, &one);
          g_object_get_property (G_OBJECT (new), specs[j]->name, &other);
          g_assert_cmpint (g_param_values_cmp (specs[j], &one, &other), ==, 0);
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/legacy-spec/G5/words", test_words);
  g_test_add_func ("/legacy-spec/G5/monitors", test_monitors);
  g_test_add_func ("/legacy-spec/G5/text-consoles-are-refused", test_text_consoles);
  g_test_add_func ("/legacy-spec/G5/paths-keep-their-commas", test_paths);
  g_test_add_func ("/legacy-spec/G5/tcp", test_tcp);
  g_test_add_func ("/legacy-spec/G5/udp", test_udp);
  g_test_add_func ("/legacy-spec/G5/malformed-addresses-set-an-error", test_bad_addresses);
  g_test_add_func ("/legacy-spec/G5/unix-and-extensions", test_unix_and_others);
  g_test_add_func ("/legacy-spec/G5/references-need-a-registry", test_references);
  g_test_add_func ("/legacy-spec/G5/other-strings-are-refused", test_other_strings);
  g_test_add_func ("/legacy-spec/same-defaults-in-both", test_same_defaults);

  return g_test_run ();
}

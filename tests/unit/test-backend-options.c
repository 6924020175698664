/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <string.h>

#include "charflow-backend-options-private.h"

/* A kind with one option of each type would need a registry of its own; the socket has most, the
 * ring the rest. */
static CharflowBackendOptions *
parse (const char *spec)
{
  g_autoptr (GError) error = NULL;
  CharflowBackendOptions *options = charflow_backend_options_new (spec, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (options);

  return options;
}

static void
assert_refused (const char *spec,
                int         code,
                const char *named)
{
  g_autoptr (GError) error = NULL;
  CharflowBackend *backend = charflow_backend_new_from_spec (spec, &error);

  g_assert_null (backend);
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_cmpuint (strlen (error->message), <, 400);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
assert_string (const char *spec,
               const char *name,
               const char *expected)
{
  g_autoptr (CharflowBackendOptions) options = parse (spec);

  g_assert_cmpstr (charflow_backend_options_get_string (options, name), ==, expected);
}

static void
assert_boolean (const char *spec,
                const char *name,
                gboolean    expected)
{
  g_autoptr (CharflowBackendOptions) options = parse (spec);

  g_assert_cmpint (charflow_backend_options_get_boolean (options, name), ==, expected);
}

static void
assert_number (const char *spec,
               const char *name,
               guint64     expected)
{
  g_autoptr (CharflowBackendOptions) options = parse (spec);

  g_assert_cmpuint (charflow_backend_options_get_number (options, name), ==, expected);
}

static void
test_one_of_a_name (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("null,id=L", &error);

  g_assert_no_error (error);
  g_assert_true (CHARFLOW_IS_NULL_BACKEND (backend));
  g_assert_cmpstr (charflow_backend_get_label (backend), ==, "L");
}

static void
test_unknown_kind (void)
{
  assert_refused ("invalid,id=x", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'invalid'");
}

static void
test_no_backend_no_id (void)
{
  g_autoptr (CharflowBackendOptions) options = parse ("null");

  g_assert_null (charflow_backend_options_get_id (options));
  assert_refused ("id=x", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'backend'");
  assert_refused ("", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'backend'");
  assert_refused ("backend=", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'backend'");
  assert_refused ("null,id=", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'id'");
  assert_refused ("null,id=1x", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'1x'");
  assert_refused ("null,id=a b", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'a b'");
}

static void
test_id_length (void)
{
  g_autofree char *id = g_strnfill (127, 'a');
  g_autofree char *fits = g_strconcat ("null,id=", id, NULL);
  g_autofree char *long_one = g_strconcat (fits, "a", NULL);
  g_autoptr (CharflowBackendOptions) options = parse (fits);

  g_assert_cmpstr (charflow_backend_options_get_id (options), ==, id);
  assert_refused (long_one, CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'id'");
}

static void
test_syntax (void)
{
  g_autoptr (CharflowBackendOptions) first_id = parse ("null,id=a,id=b");

  g_assert_cmpstr (charflow_backend_options_get_id (first_id), ==, "a");
  assert_string ("pty,path=x,,y", "path", "x,y");
  assert_string ("pty,path=x,,", "path", "x,");
  assert_string ("pty,path=a=b", "path", "a=b");
  assert_string ("pty,path=a,path=b", "path", "b");
  assert_string ("backend=pty,path=a", "path", "a");
  assert_string ("path=a,backend=null,backend=pty", "path", "a");
  assert_string ("pty,path=a,", "path", "a");
  assert_string ("pty", "path", NULL);
}

static void
test_booleans (void)
{
  static const char *const on[] = { "=on", "=yes", "=true", "=y", "" };
  static const char *const off[] = { "=off", "=no", "=false", "=n" };

  for (gsize i = 0; i < G_N_ELEMENTS (on); i++)
    {
      g_autofree char *spec = g_strconcat ("socket,server", on[i], NULL);
      assert_boolean (spec, "server", TRUE);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (off); i++)
    {
      g_autofree char *spec = g_strconcat ("socket,wait", off[i], NULL);
      assert_boolean (spec, "wait", FALSE);
    }

  assert_boolean ("socket,nowait,server", "wait", FALSE);
  assert_boolean ("socket,nodelay", "delay", FALSE);
  assert_boolean ("socket", "wait", TRUE);
  assert_refused ("socket,server=maybe", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'server'");
  assert_refused ("socket,server=ON", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'ON'");
  assert_refused ("socket,server=", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'server'");
}

static void
test_numbers (void)
{
  assert_number ("socket,port=10", "port", 10);
  assert_number ("socket,port=010", "port", 8);
  assert_number ("socket,port=0x10", "port", 16);
  assert_number ("socket", "reconnect", 0);
  assert_refused ("socket,port=-5", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'-5'");
  assert_refused ("socket,port=", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'port'");
  assert_refused ("socket,port=1k", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'1k'");
  assert_refused ("socket,port=18446744073709551616", CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                  "'port'");
}

static void
test_sizes (void)
{
  assert_number ("ringbuf", "size", 65536);
  assert_number ("ringbuf,size=512", "size", 512);
  assert_number ("ringbuf,size=512B", "size", 512);
  assert_number ("ringbuf,size=1k", "size", 1024);
  assert_number ("ringbuf,size=1.5k", "size", 1536);
  assert_number ("ringbuf,size=1.0", "size", 1);
  assert_number ("ringbuf,size=0x10", "size", 16);
  assert_number ("ringbuf,size=1M", "size", 1 << 20);
  assert_number ("ringbuf,size=1G", "size", G_GUINT64_CONSTANT (1) << 30);
  assert_number ("ringbuf,size=1T", "size", G_GUINT64_CONSTANT (1) << 40);
  assert_number ("ringbuf,size=1P", "size", G_GUINT64_CONSTANT (1) << 50);
  assert_number ("ringbuf,size=15E", "size", G_GUINT64_CONSTANT (15) << 60);
  assert_refused ("ringbuf,size=16E", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'16E'");
  assert_refused ("ringbuf,size=1.5", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'1.5'");
  assert_refused ("ringbuf,size=-1", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'-1'");
  assert_refused ("ringbuf,size=1kk", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'1kk'");
  assert_refused ("ringbuf,size=", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'size'");
  assert_refused ("ringbuf,size=99999999999999999999", CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                  "'size'");
}

static void
test_choices (void)
{
  static const char *const words[] = { "none", "even", "odd", NULL };
  static const CharflowBackendOption option = {
    "parity", CHARFLOW_OPTION_TYPE_CHOICE, "none", "The parity", words,
  };
  static const char *const wrong[] = { "", "Even", "eve", "evenly", "1" };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; words[i] != NULL; i++)
    {
      g_assert_true (charflow_backend_option_check (&option, words[i], &error));
      g_assert_no_error (error);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (charflow_backend_option_check (&option, wrong[i], &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      g_assert_nonnull (strstr (error->message, "'parity'"));
      g_assert_nonnull (strstr (error->message, "none, even, odd"));
      g_clear_error (&error);
    }
}

static void
test_unknown_keys (void)
{
  assert_refused ("pty,foo=1", CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION, "'foo'");
  assert_refused ("null,path=x", CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION, "'null'");
  assert_refused ("pty,foo", CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION, "'foo'");
  assert_refused ("pty,no", CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION, "''");
}

static void
test_common (void)
{
  g_auto (GStrv) kinds = charflow_backend_list_kinds ();

  for (gsize i = 0; kinds[i] != NULL; i++)
    {
      g_autofree char *spec = g_strconcat (kinds[i], ",logfile=l,,g,logappend,mux=y,record=r", NULL);

      assert_string (spec, "logfile", "l,g");
      assert_boolean (spec, "logappend", TRUE);
      assert_boolean (spec, "mux", TRUE);
      assert_string (spec, "record", "r");
      assert_string (kinds[i], "logfile", NULL);
      assert_boolean (kinds[i], "logappend", FALSE);
      assert_boolean (kinds[i], "mux", FALSE);
      assert_string (kinds[i], "record", NULL);
    }

  assert_refused ("null,mux=perhaps", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'mux'");
  assert_refused ("null,logdir=x", CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION, "'logdir'");
}

static void
test_common_listed (void)
{
  static const char *const common[] = { "logappend", "logfile", "mux", "record" };
  g_autoptr (GPtrArray) options = charflow_backend_list_options ("ringbuf", NULL);

  g_assert_cmpuint (options->len, ==, 1 + G_N_ELEMENTS (common));
  for (guint i = 0; i < G_N_ELEMENTS (common); i++)
    {
      CharflowBackendOption *option = g_ptr_array_index (options, 1 + i);

      g_assert_cmpstr (charflow_backend_option_get_name (option), ==, common[i]);
    }
}

static void
test_hostile (void)
{
  g_autofree char *filler = g_strnfill (1 << 20, 'a');
  g_autofree char *huge = g_strconcat ("pty,path=", filler, NULL);

  assert_refused (",,", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "','");
  assert_refused ("=", CHARFLOW_BACKEND_ERROR_MISSING_OPTION, "'backend'");
  assert_refused ("pty,=", CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION, "''");
  assert_refused ("pty,,id=x", CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND, "'pty,id=x'");
  assert_refused ("pty,path=a\nb", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "0x0a");
  assert_refused ("pty,path=a\177", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "0x7f");
  assert_refused ("pty,path=\xff", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "UTF-8");
  assert_refused ("pty,path=", CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "'path'");
  assert_refused ("mux,chardev=a", CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED, "chardev=a");
  assert_refused (huge, CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "65536");
  assert_refused (filler, CHARFLOW_BACKEND_ERROR_INVALID_VALUE, "65536");
}

static void
test_registry (void)
{
  g_auto (GStrv) kinds = charflow_backend_list_kinds ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_strv_length (kinds), >, 0);
  for (gsize i = 0; kinds[i] != NULL; i++)
    {
      g_autoptr (GPtrArray) options = charflow_backend_list_options (kinds[i], &error);

      g_assert_no_error (error);
      g_assert_cmpstr (charflow_backend_kind_get_nth (i)->name, ==, kinds[i]);
      g_assert_nonnull (charflow_backend_describe_kind (kinds[i]));
      if (i > 0)
        g_assert_cmpstr (kinds[i - 1], <, kinds[i]);

      for (guint j = 0; j < options->len; j++)
        {
          CharflowBackendOption *option = g_ptr_array_index (options, j);
          CharflowBackendOption *copy = g_boxed_copy (CHARFLOW_TYPE_BACKEND_OPTION, option);

          g_assert_nonnull (charflow_backend_option_get_name (copy));
          g_assert_nonnull (charflow_backend_option_get_description (copy));
          g_assert_cmpuint (charflow_backend_option_get_value_type (copy), <=,
                            CHARFLOW_OPTION_TYPE_CHOICE);
          g_assert_true ((charflow_backend_option_get_choices (copy) != NULL) ==
                         (charflow_backend_option_get_value_type (copy) == CHARFLOW_OPTION_TYPE_CHOICE));
          g_boxed_free (CHARFLOW_TYPE_BACKEND_OPTION, copy);
        }
    }

  g_assert_null (charflow_backend_kind_get_nth (g_strv_length (kinds)));
  g_assert_null (charflow_backend_describe_kind ("invalid"));
  g_assert_null (charflow_backend_list_options ("invalid", &error));
  g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND);
}

static void
test_default_value (void)
{
  g_autoptr (GPtrArray) options = charflow_backend_list_options ("ringbuf", NULL);

  g_assert_cmpstr (charflow_backend_option_get_default_value (g_ptr_array_index (options, 0)), ==,
                   "65536");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backend-options/G1/spec-makes-a-back-end", test_one_of_a_name);
  g_test_add_func ("/backend-options/G2/unknown-kind-is-named", test_unknown_kind);
  g_test_add_func ("/backend-options/G3/backend-kind-and-id-have-distinct-errors",
                   test_no_backend_no_id);
  g_test_add_func ("/backend-options/G3/id-of-127-and-128-letters", test_id_length);
  g_test_add_func ("/backend-options/G4/commas-and-repeated-keys", test_syntax);
  g_test_add_func ("/backend-options/G4/booleans", test_booleans);
  g_test_add_func ("/backend-options/G4/unknown-and-foreign-keys", test_unknown_keys);
  g_test_add_func ("/backend-options/G4/choices", test_choices);
  g_test_add_func ("/backend-options/G4/every-kind-has-the-common-ones", test_common);
  g_test_add_func ("/backend-options/common-ones-are-listed-last", test_common_listed);
  g_test_add_func ("/backend-options/G5/numbers", test_numbers);
  g_test_add_func ("/backend-options/G5/sizes", test_sizes);
  g_test_add_func ("/backend-options/T69/one-clear-error", test_hostile);
  g_test_add_func ("/backend-options/registry-is-sorted-and-described", test_registry);
  g_test_add_func ("/backend-options/default-value", test_default_value);

  return g_test_run ();
}

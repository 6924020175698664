/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <charflow-glib/charflow.h>

#include <string.h>

static void
test_parts (void)
{
  g_autoptr (CharflowSerialSettings) settings =
    charflow_serial_settings_new (9600, 7, CHARFLOW_SERIAL_PARITY_EVEN, CHARFLOW_SERIAL_STOP_TWO,
                                  CHARFLOW_SERIAL_FLOW_XONXOFF);

  g_assert_cmpuint (charflow_serial_settings_get_baud (settings), ==, 9600);
  g_assert_cmpuint (charflow_serial_settings_get_data_bits (settings), ==, 7);
  g_assert_cmpint (charflow_serial_settings_get_parity (settings), ==, CHARFLOW_SERIAL_PARITY_EVEN);
  g_assert_cmpint (charflow_serial_settings_get_stop (settings), ==, CHARFLOW_SERIAL_STOP_TWO);
  g_assert_cmpint (charflow_serial_settings_get_flow (settings), ==, CHARFLOW_SERIAL_FLOW_XONXOFF);
}

static void
expect_text (const char *text,
             const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new_from_string (text, &error);
  g_autofree char *written = NULL;

  g_assert_no_error (error);
  written = charflow_serial_settings_to_string (settings);
  g_assert_cmpstr (written, ==, expected);
}

static void
test_text (void)
{
  expect_text ("9600", "9600 8N1");
  expect_text ("1 5o1.5", "1 5O1.5");
  expect_text ("12345 7E2", "12345 7E2");
  expect_text ("2147483647 6M1 none", "2147483647 6M1");
  expect_text ("115200 8S2 rtscts", "115200 8S2 rtscts");
  expect_text ("115200 8n1 xonxoff", "115200 8N1 xonxoff");
}

static void
test_bad_text (void)
{
  static const char *const texts[] = {
    "", "fast", "0", "2147483648", "-9600", "0x10", " 9600", "9600 ", "9600  8N1", "9600 8", "9600 8N", "9600 4N1",
    "9600 9N1", "9600 8X1", "9600 8N3", "9600 8N11", "9600 8N1 hard", "9600 8N1 none more", "9600 N81",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *quoted = g_strdup_printf ("not '%s'", texts[i]);

      g_assert_null (charflow_serial_settings_new_from_string (texts[i], &error));
      g_assert_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE);
      g_assert_nonnull (strstr (error->message, quoted));
    }
}

static void
test_equal (void)
{
  static const char *const others[] = { "9601 7E2", "9600 8E2", "9600 7O2", "9600 7E1", "9600 7E2 rtscts" };
  g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new_from_string ("9600 7E2", NULL);
  g_autoptr (CharflowSerialSettings) same = charflow_serial_settings_new_from_string ("9600 7e2 none", NULL);
  g_autoptr (CharflowSerialSettings) copy = g_boxed_copy (CHARFLOW_TYPE_SERIAL_SETTINGS, settings);

  g_assert_true (charflow_serial_settings_equal (settings, same));
  g_assert_true (copy == settings);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (CharflowSerialSettings) other = charflow_serial_settings_new_from_string (others[i], NULL);

      g_assert_false (charflow_serial_settings_equal (settings, other));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/serial-settings/parts", test_parts);
  g_test_add_func ("/serial-settings/text", test_text);
  g_test_add_func ("/serial-settings/bad-text", test_bad_text);
  g_test_add_func ("/serial-settings/equal", test_equal);

  return g_test_run ();
}

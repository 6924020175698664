/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <string.h>

#include "charflow-ring-private.h"

static void
assert_takes (CharflowRing *ring,
              const char   *expected)
{
  gsize len = strlen (expected);
  g_autofree guint8 *data = g_malloc (len + 1);

  g_assert_cmpuint (charflow_ring_get_stored (ring), >=, len);
  charflow_ring_peek (ring, data, len);
  g_assert_cmpmem (data, len, expected, len);
  charflow_ring_drop (ring, len);
}

static void
put (CharflowRing *ring,
     const char   *text)
{
  charflow_ring_put (ring, (const guint8 *) text, strlen (text));
}

static void
test_wraps (void)
{
  g_autoptr (CharflowRing) ring = charflow_ring_new (5);

  g_assert_cmpuint (charflow_ring_get_room (ring), ==, 5);
  put (ring, "abcde");
  g_assert_cmpuint (charflow_ring_get_room (ring), ==, 0);
  assert_takes (ring, "abc");
  put (ring, "fgh");
  g_assert_cmpuint (charflow_ring_get_stored (ring), ==, 5);
  assert_takes (ring, "defgh");
  g_assert_cmpuint (charflow_ring_get_stored (ring), ==, 0);
  put (ring, "");
  assert_takes (ring, "");
}

/* Every size, start, fill and length. */
static void
test_every_place (void)
{
  for (gsize size = 1; size <= 5; size++)
    for (gsize start = 0; start < size; start++)
      for (gsize len = 0; len <= size; len++)
        {
          static const char letters[] = "abcdefghij";
          g_autoptr (CharflowRing) ring = charflow_ring_new (size);
          g_autofree char *skipped = g_strndup (letters, start);
          g_autofree char *text = g_strndup (letters + start, len);

          put (ring, skipped);
          assert_takes (ring, skipped);
          put (ring, text);
          g_assert_cmpuint (charflow_ring_get_stored (ring), ==, len);
          g_assert_cmpuint (charflow_ring_get_room (ring), ==, size - len);
          assert_takes (ring, text);
        }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ring/wraps", test_wraps);
  g_test_add_func ("/ring/every-place", test_every_place);

  return g_test_run ();
}

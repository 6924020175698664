/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <glib-unix.h>
#include <unistd.h>

#include "charflow-fd-source-private.h"

static gboolean
count_source_cb (gpointer user_data)
{
  guint *n = user_data;

  *n += 1;

  return G_SOURCE_CONTINUE;
}

static GSource *
attach (CharflowFdSources *sources,
        int                fd,
        GIOCondition       condition,
        guint             *n)
{
  GSource *source = charflow_fd_sources_create (sources, fd, condition);

  g_source_set_callback (source, count_source_cb, n, NULL);
  g_source_attach (source, NULL);

  return source;
}

/* So often that whatever is ready has been dispatched. */
static void
turn (void)
{
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
test_ready (void)
{
  g_autoptr (CharflowFdSources) sources = charflow_fd_sources_new ();
  guint n_in = 0;
  guint n_out = 0;
  guint n_late = 0;
  g_autoptr (GSource) in = attach (sources, -1, G_IO_IN, &n_in);
  g_autoptr (GSource) out = attach (sources, -1, G_IO_OUT, &n_out);
  g_autoptr (GSource) late = NULL;

  turn ();
  g_assert_cmpuint (n_in + n_out, ==, 0);

  charflow_fd_sources_set_ready (sources, G_IO_IN);
  turn ();
  g_assert_cmpuint (n_in, ==, 3);
  g_assert_cmpuint (n_out, ==, 0);

  charflow_fd_sources_set_ready (sources, G_IO_OUT);
  late = attach (sources, -1, G_IO_IN | G_IO_OUT, &n_late);
  turn ();
  g_assert_cmpuint (n_in, ==, 3);
  g_assert_cmpuint (n_out, ==, 3);
  g_assert_cmpuint (n_late, ==, 3);

  charflow_fd_sources_set_ready (sources, 0);
  turn ();
  g_assert_cmpuint (n_in + n_out + n_late, ==, 9);
  charflow_fd_sources_destroy (sources);
  g_assert_true (g_source_is_destroyed (in));
}

static void
test_ready_beside_descriptor (void)
{
  g_autoptr (CharflowFdSources) sources = charflow_fd_sources_new ();
  g_autoptr (GSource) source = NULL;
  guint n = 0;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  source = attach (sources, fds[0], G_IO_IN, &n);
  turn ();
  g_assert_cmpuint (n, ==, 0);

  charflow_fd_sources_set_ready (sources, G_IO_IN);
  turn ();
  g_assert_cmpuint (n, ==, 3);

  charflow_fd_sources_set_ready (sources, 0);
  turn ();
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpint (write (fds[1], "x", 1), ==, 1);
  turn ();
  g_assert_cmpuint (n, ==, 6);

  charflow_fd_sources_destroy (sources);
  close (fds[0]);
  close (fds[1]);
}

static void
test_outlives (void)
{
  g_autoptr (CharflowFdSources) sources = charflow_fd_sources_new ();
  guint n = 0;
  g_autoptr (GSource) source = attach (sources, -1, G_IO_IN, &n);

  charflow_fd_sources_set_ready (sources, G_IO_IN);
  g_clear_pointer (&sources, charflow_fd_sources_free);
  turn ();
  g_assert_cmpuint (n, ==, 0);
  g_assert_true (g_source_is_destroyed (source));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/fd-source/ready-by-word", test_ready);
  g_test_add_func ("/fd-source/ready-by-word-or-descriptor", test_ready_beside_descriptor);
  g_test_add_func ("/fd-source/outlives-the-descriptor", test_outlives);

  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-fd.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* How long a context is watched that is to rest, and how often it may turn then. */
#define REST_MS 200
#define MAX_TURNS 20

gssize
test_write_text (CharflowBackend *backend,
                 const char      *text,
                 GError         **error)
{
  return charflow_backend_write (backend, (const guint8 *) text, strlen (text), error);
}

char *
test_read_text (int fd)
{
  char buffer[256];
  gssize len = read (fd, buffer, sizeof buffer);

  return g_strndup (buffer, MAX (len, 0));
}

gboolean
test_fd_is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0;
}

gboolean
test_fd_is_non_blocking (int fd)
{
  return (fcntl (fd, F_GETFL) & O_NONBLOCK) != 0;
}

guint
test_count_fds (void)
{
  g_autoptr (CharflowBackend) backend = CHARFLOW_BACKEND (charflow_null_backend_new ());
  guint n = 0;

  /* GLib opens its own when they are first needed. */
  g_assert_true (test_open_backend (backend, NULL));
  for (int fd = 0; fd < 1024; fd++)
    n += test_fd_is_open (fd);

  return n;
}

gsize
test_fill (CharflowBackend *backend)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *data = g_malloc0 (65536);
  gsize taken = 0;
  gssize len;

  while ((len = charflow_backend_write (backend, data, 65536, &error)) > 0)
    taken += len;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  return taken;
}

static gboolean
set_true_cb (gpointer user_data)
{
  gboolean *flag = user_data;

  *flag = TRUE;

  return G_SOURCE_REMOVE;
}

void
test_expect_rest (void)
{
  gboolean is_over = FALSE;
  guint n_turns = 0;

  g_timeout_add (REST_MS, set_true_cb, &is_over);
  while (!is_over)
    {
      g_main_context_iteration (NULL, TRUE);
      n_turns++;
    }
  g_assert_cmpuint (n_turns, <, MAX_TURNS);
}

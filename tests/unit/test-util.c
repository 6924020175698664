/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-util.h"

#include <glib/gstdio.h>
#include <gio/gio.h>

struct _TestFolder
{
  char *path;
};

gboolean
test_tick_cb (gpointer unused)
{
  return G_SOURCE_CONTINUE;
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GAsyncResult **out = user_data;

  *out = g_object_ref (result);
}

gboolean
test_open_backend (CharflowBackend *backend,
                   GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  charflow_backend_open_async (backend, NULL, opened_cb, &result);
  test_wait_until (result != NULL);

  return charflow_backend_open_finish (backend, result, error);
}

void
test_count_cb (guint *counter)
{
  (*counter)++;
}

TestFolder *
test_folder_new (void)
{
  TestFolder *folder = g_new0 (TestFolder, 1);
  g_autoptr (GError) error = NULL;

  folder->path = g_dir_make_tmp ("charflow-test-XXXXXX", &error);
  g_assert_no_error (error);

  return folder;
}

char *
test_folder_path (TestFolder *folder,
                  const char *name)
{
  return g_build_filename (folder->path, name, NULL);
}

void
test_folder_free (TestFolder *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder->path, name, NULL);
      g_remove (path);
    }

  g_rmdir (folder->path);
  g_free (folder->path);
  g_free (folder);
}

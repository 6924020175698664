/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <charflow-glib/charflow.h>

G_BEGIN_DECLS

/* Runs the thread-default context until @condition holds; fails the test when it has not after 30 s. */
#define test_wait_until(condition) \
  G_STMT_START \
  { \
    gint64 test_deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND; \
    guint test_tick = g_timeout_add (50, test_tick_cb, NULL); \
    while (!(condition)) \
      { \
        if (g_get_monotonic_time () > test_deadline) \
          g_error ("%s:%d: waited in vain for: %s", __FILE__, __LINE__, #condition); \
        g_main_context_iteration (NULL, TRUE); \
      } \
    g_source_remove (test_tick); \
  } \
  G_STMT_END

gboolean test_tick_cb (gpointer unused);

/* Opens a back end, runs the context until that is done, and tells how it ended. */
gboolean test_open_backend (CharflowBackend *backend,
                            GError         **error);

/* A handler that counts. */
void test_count_cb (guint *counter);

/* A folder of the test's own, gone with its contents when it is freed. */
typedef struct _TestFolder TestFolder;
TestFolder *test_folder_new (void);
char *test_folder_path (TestFolder *folder,
                        const char *name);
void test_folder_free (TestFolder *folder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestFolder, test_folder_free)

G_END_DECLS

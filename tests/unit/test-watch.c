/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-watch-private.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-util.h"

/* A pair of sockets, with a watch on the first. */
typedef struct _Pair Pair;
struct _Pair
{
  int fds[2];
  CharflowWatch *watch;
  GIOCondition seen;
  guint n_calls;
  Pair *victim; /* whose watch is freed by the callback */
  gboolean reads;
  gboolean nests; /* the callback runs the context */
};

static void
ready_cb (GIOCondition condition,
          gpointer     user_data)
{
  Pair *pair = user_data;
  char byte;

  pair->n_calls++;
  pair->seen |= condition;
  if (pair->reads)
    g_assert_cmpint (read (pair->fds[0], &byte, 1), ==, 1);
  if (pair->nests)
    {
      pair->nests = FALSE;
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  if (pair->victim != NULL)
    g_clear_pointer (&pair->victim->watch, charflow_watch_free);
}

static void
pair_init (Pair         *pair,
           GMainContext *context)
{
  *pair = (Pair) { 0 };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), ==, 0);
  pair->watch = charflow_watch_new (context != NULL ? context : g_main_context_default (), pair->fds[0], ready_cb, pair);
}

static void
pair_clear (Pair *pair)
{
  g_clear_pointer (&pair->watch, charflow_watch_free);
  close (pair->fds[0]);
  close (pair->fds[1]);
}

static void
poke (Pair *pair)
{
  g_assert_cmpint (write (pair->fds[1], "x", 1), ==, 1);
}

static void
run (GMainContext *context)
{
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (context, FALSE);
}

static void
test_conditions (void)
{
  Pair pair;

  pair_init (&pair, NULL);
  poke (&pair);
  run (NULL);
  g_assert_cmpuint (pair.n_calls, ==, 0);

  charflow_watch_want (pair.watch, G_IO_OUT);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (pair.seen, ==, G_IO_OUT);
  charflow_watch_want (pair.watch, G_IO_IN);
  pair.reads = TRUE;
  pair.n_calls = 0;
  run (NULL);
  g_assert_cmpuint (pair.n_calls, ==, 1);
  g_assert_cmpuint (pair.seen, ==, G_IO_OUT | G_IO_IN);
  pair_clear (&pair);
}

/* What nobody waits for wakes nobody, a hang-up least of all. */
static void
test_hangup_unwanted (void)
{
  Pair pair;

  pair_init (&pair, NULL);
  charflow_watch_want (pair.watch, G_IO_IN);
  charflow_watch_want (pair.watch, 0);
  shutdown (pair.fds[1], SHUT_RDWR);
  g_assert_false (g_main_context_pending (NULL));

  charflow_watch_want (pair.watch, G_IO_OUT);
  g_assert_true (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpuint (pair.seen & G_IO_HUP, ==, G_IO_HUP);
  pair_clear (&pair);
}

static void
test_freed_by_itself (void)
{
  Pair pair;

  pair_init (&pair, NULL);
  pair.victim = &pair;
  charflow_watch_want (pair.watch, G_IO_OUT);
  run (NULL);
  g_assert_cmpuint (pair.n_calls, ==, 1);
  g_assert_null (pair.watch);
  pair_clear (&pair);
}

/* Each of two that are ready frees the other; whichever is first. */
static void
test_freed_by_another (void)
{
  Pair pairs[2];

  for (guint i = 0; i < 2; i++)
    {
      pair_init (&pairs[i], NULL);
      pairs[i].victim = &pairs[1 - i];
      charflow_watch_want (pairs[i].watch, G_IO_OUT);
    }
  run (NULL);
  g_assert_true ((pairs[0].n_calls == 0) != (pairs[1].n_calls == 0));
  for (guint i = 0; i < 2; i++)
    pair_clear (&pairs[i]);
}

/* In a callback that runs the context, all of them go. */
static void
test_freed_in_a_nested_round (void)
{
  Pair outer, inner;

  pair_init (&outer, NULL);
  pair_init (&inner, NULL);
  outer.nests = TRUE;
  outer.reads = TRUE;
  inner.reads = TRUE;
  inner.victim = &inner;
  outer.victim = &outer;
  poke (&outer);
  poke (&inner);
  charflow_watch_want (outer.watch, G_IO_IN);
  charflow_watch_want (inner.watch, G_IO_IN);
  run (NULL);
  g_assert_cmpuint (outer.n_calls, ==, 1);
  g_assert_cmpuint (inner.n_calls, ==, 1);
  g_assert_null (outer.watch);
  g_assert_null (inner.watch);
  pair_clear (&outer);
  pair_clear (&inner);
}

static void
test_contexts_are_apart (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Pair here, there;

  pair_init (&here, NULL);
  pair_init (&there, context);
  charflow_watch_want (here.watch, G_IO_OUT);
  charflow_watch_want (there.watch, G_IO_OUT);
  g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (here.n_calls, ==, 0);
  g_assert_cmpuint (there.n_calls, ==, 1);
  pair_clear (&here);
  pair_clear (&there);
}

/* More than are looked after in one round. */
static void
test_many (void)
{
  enum { N_PAIRS = 200 };
  g_autofree Pair *pairs = g_new0 (Pair, N_PAIRS);

  for (guint i = 0; i < N_PAIRS; i++)
    {
      pair_init (&pairs[i], NULL);
      pairs[i].reads = TRUE;
      charflow_watch_want (pairs[i].watch, G_IO_IN);
      poke (&pairs[i]);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < N_PAIRS; i++)
    {
      g_assert_cmpuint (pairs[i].n_calls, ==, 1);
      pair_clear (&pairs[i]);
    }
}

/* A file is always ready, and epoll does not take it. */
static void
test_file (void)
{
  g_autofree char *path = NULL;
  Pair pair = { 0 };

  pair.fds[0] = g_file_open_tmp (NULL, &path, NULL);
  g_assert_cmpint (pair.fds[0], >=, 0);
  pair.watch = charflow_watch_new (g_main_context_default (), pair.fds[0], ready_cb, &pair);
  pair.victim = &pair;
  charflow_watch_want (pair.watch, G_IO_OUT);
  run (NULL);
  g_assert_cmpuint (pair.n_calls, ==, 1);
  g_assert_null (pair.watch);
  close (pair.fds[0]);
  g_unlink (path);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/watch/conditions", test_conditions);
  g_test_add_func ("/watch/hangup-unwanted", test_hangup_unwanted);
  g_test_add_func ("/watch/freed/by-itself", test_freed_by_itself);
  g_test_add_func ("/watch/freed/by-another", test_freed_by_another);
  g_test_add_func ("/watch/freed/in-a-nested-round", test_freed_in_a_nested_round);
  g_test_add_func ("/watch/contexts-are-apart", test_contexts_are_apart);
  g_test_add_func ("/watch/many", test_many);
  g_test_add_func ("/watch/file", test_file);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "missed.h"

#include <inttypes.h>

#include <charflow-glib/charflow.h>
#include <glib/gi18n.h>

#include "log.h"

#define INTERVAL_S 10

typedef struct
{
  CharflowClient *client;
  guint64 n_told; /* bytes */
  guint timer_id; /* while the next line has to wait */
} Loss;

/* Whether there was anything to tell. */
static gboolean
tell (Loss *loss)
{
  g_autofree char *peer = NULL;
  guint64 n_missed;

  g_object_get (loss->client, "peer", &peer, "bytes-missed", &n_missed, NULL);
  if (n_missed == loss->n_told)
    return FALSE;

  log_limited (_("%s: missed %" PRIu64 " bytes, because it was slower than the device"),
               peer != NULL ? peer : "-", n_missed - loss->n_told);
  loss->n_told = n_missed;

  return TRUE;
}

static gboolean
interval_over_cb (gpointer user_data)
{
  Loss *loss = user_data;

  if (tell (loss))
    return G_SOURCE_CONTINUE;

  loss->timer_id = 0;
  return G_SOURCE_REMOVE;
}

static void
missed_cb (CharflowClient     *client,
           CharflowCharDevice *device,
           guint64             n_bytes,
           gpointer            user_data)
{
  Loss *loss = user_data;

  if (loss->timer_id != 0)
    return;

  tell (loss);
  loss->timer_id = g_timeout_add_seconds (INTERVAL_S, interval_over_cb, loss);
}

static Loss *
loss_new (CharflowClient *client)
{
  Loss *loss = g_new0 (Loss, 1);

  loss->client = client;
  g_signal_connect (client, "missed", G_CALLBACK (missed_cb), loss);

  return loss;
}

static void
loss_free (Loss *loss)
{
  g_clear_handle_id (&loss->timer_id, g_source_remove);
  g_signal_handlers_disconnect_by_data (loss->client, loss);
  g_object_unref (loss->client);
  g_free (loss);
}

/* A client that never took anything again is told of here: its signal comes before what it takes
 * next. */
static void
clients_changed_cb (GListModel *clients,
                    guint       position,
                    guint       removed,
                    guint       added,
                    GPtrArray  *losses)
{
  for (guint i = 0; i < removed; i++)
    {
      tell (losses->pdata[position]);
      g_ptr_array_remove_index (losses, position);
    }

  for (guint i = 0; i < added; i++)
    g_ptr_array_insert (losses, (int) (position + i), loss_new (g_list_model_get_item (clients, position + i)));
}

static void
free_losses (gpointer  losses,
             GClosure *unused)
{
  g_ptr_array_unref (losses);
}

void
missed_watch (GListModel *clients)
{
  GPtrArray *losses = g_ptr_array_new_with_free_func ((GDestroyNotify) loss_free);

  g_signal_connect_data (clients, "items-changed", G_CALLBACK (clients_changed_cb), losses, free_losses, 0);
}

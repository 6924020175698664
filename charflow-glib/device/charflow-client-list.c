/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-client-list-private.h"

#include "charflow-client-private.h"

struct _CharflowClientList
{
  GObject parent_instance;

  GSequence *clients; /* in the order in which they came */
  GPtrArray *slots; /* the same, with holes where somebody left */
  guint n_holes;
  guint walkers;
  GPtrArray *departed; /* those that left during a walk: they may be in the middle of a call */
};

static GType
charflow_client_list_get_item_type (GListModel *model)
{
  return CHARFLOW_TYPE_CLIENT;
}

static guint
charflow_client_list_get_n_items (GListModel *model)
{
  return charflow_client_list_get_n_clients (CHARFLOW_CLIENT_LIST (model));
}

static gpointer
charflow_client_list_get_item (GListModel *model,
                               guint       position)
{
  CharflowClientList *self = CHARFLOW_CLIENT_LIST (model);
  GSequenceIter *place;

  if (position >= charflow_client_list_get_n_clients (self))
    return NULL;

  place = g_sequence_get_iter_at_pos (self->clients, position);
  return g_object_ref (g_sequence_get (place));
}

static void
charflow_client_list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = charflow_client_list_get_item_type;
  interface->get_n_items = charflow_client_list_get_n_items;
  interface->get_item = charflow_client_list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (CharflowClientList, charflow_client_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, charflow_client_list_model_init))

static void
charflow_client_list_finalize (GObject *object)
{
  CharflowClientList *self = CHARFLOW_CLIENT_LIST (object);

  g_sequence_free (self->clients);
  g_ptr_array_unref (self->slots);
  g_ptr_array_unref (self->departed);
  G_OBJECT_CLASS (charflow_client_list_parent_class)->finalize (object);
}

static void
charflow_client_list_class_init (CharflowClientListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = charflow_client_list_finalize;
}

static void
charflow_client_list_init (CharflowClientList *self)
{
  self->clients = g_sequence_new (g_object_unref);
  self->slots = g_ptr_array_new ();
  self->departed = g_ptr_array_new_with_free_func (g_object_unref);
}

CharflowClientList *
charflow_client_list_new (void)
{
  return g_object_new (CHARFLOW_TYPE_CLIENT_LIST, NULL);
}

guint
charflow_client_list_get_n_clients (CharflowClientList *self)
{
  return self->slots->len - self->n_holes;
}

CharflowClient *
charflow_client_list_get_first (CharflowClientList *self)
{
  return g_sequence_is_empty (self->clients) ? NULL : g_sequence_get (g_sequence_get_begin_iter (self->clients));
}

void
charflow_client_list_add (CharflowClientList *self,
                          CharflowClient     *client)
{
  CharflowClientPrivate *priv = charflow_client_get_private (client);

  priv->place = g_sequence_append (self->clients, g_object_ref (client));
  priv->slot = self->slots->len;
  g_ptr_array_add (self->slots, client);
  g_list_model_items_changed (G_LIST_MODEL (self), charflow_client_list_get_n_clients (self) - 1, 0, 1);
}

static void
close_holes (CharflowClientList *self)
{
  guint n = 0;

  for (guint i = 0; i < self->slots->len; i++)
    {
      CharflowClient *client = g_ptr_array_index (self->slots, i);

      if (client == NULL)
        continue;
      charflow_client_get_private (client)->slot = n;
      self->slots->pdata[n++] = client;
    }
  g_ptr_array_set_size (self->slots, n);
  self->n_holes = 0;
}

/* Moving the others up at each leave would make the leave of all quadratic, so it waits until half is holes. */
static void
tidy (CharflowClientList *self)
{
  if (self->walkers == 0 && self->n_holes > self->slots->len / 2)
    close_holes (self);
}

void
charflow_client_list_remove (CharflowClientList *self,
                             CharflowClient     *client)
{
  CharflowClientPrivate *priv = charflow_client_get_private (client);
  guint position = g_sequence_iter_get_position (priv->place);

  self->slots->pdata[priv->slot] = NULL;
  self->n_holes++;
  if (self->walkers > 0)
    g_ptr_array_add (self->departed, g_object_ref (client));
  tidy (self);

  g_object_ref (self);
  g_object_ref (client);
  g_sequence_remove (g_steal_pointer (&priv->place));
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
  g_object_unref (client);
  g_object_unref (self);
}

guint
charflow_client_list_begin_walk (CharflowClientList *self)
{
  self->walkers++;
  return self->slots->len;
}

CharflowClient *
charflow_client_list_get_slot (CharflowClientList *self,
                               guint               slot)
{
  return g_ptr_array_index (self->slots, slot);
}

void
charflow_client_list_end_walk (CharflowClientList *self)
{
  g_autoptr (GPtrArray) departed = NULL;

  self->walkers--;
  if (self->walkers > 0)
    return;

  tidy (self);
  if (self->departed->len > 0)
    {
      departed = g_steal_pointer (&self->departed);
      self->departed = g_ptr_array_new_with_free_func (g_object_unref);
    }
}

void
charflow_client_list_foreach (CharflowClientList *self,
                              void              (*func) (CharflowClient *client))
{
  guint n_slots = charflow_client_list_begin_walk (self);

  for (guint i = 0; i < n_slots; i++)
    {
      CharflowClient *client = charflow_client_list_get_slot (self, i);

      if (client != NULL)
        func (client);
    }
  charflow_client_list_end_walk (self);
}

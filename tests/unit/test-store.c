/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-store.h"

#include <string.h>

struct _TestStore
{
  CharflowBackend parent_instance;

  GByteArray *input;
  gsize taken; /* of the input */
  GByteArray *written;
  gsize max_write; /* by one call */
  gboolean rests; /* so that each turn of the loop writes once */
};

G_DEFINE_FINAL_TYPE (TestStore, test_store, CHARFLOW_TYPE_BACKEND)

typedef struct
{
  GSource parent;
  TestStore *store;
  GIOCondition condition;
} StoreSource;

static gboolean
check (GSource *source)
{
  StoreSource *self = (StoreSource *) source;

  return (self->condition & G_IO_OUT) != 0 ||
         ((self->condition & G_IO_IN) != 0 && self->store->taken < self->store->input->len);
}

static gboolean
prepare (GSource *source,
         int     *timeout)
{
  *timeout = -1;
  return check (source);
}

static gboolean
dispatch (GSource    *source,
          GSourceFunc callback,
          gpointer    user_data)
{
  StoreSource *self = (StoreSource *) source;

  self->store->rests = FALSE;
  return callback (user_data);
}

static void
finalize (GSource *source)
{
  g_clear_object (&((StoreSource *) source)->store);
}

static GSourceFuncs source_funcs = { .prepare = prepare, .check = check, .dispatch = dispatch, .finalize = finalize };

static GSource *
test_store_create_source (CharflowBackend *backend,
                          GIOCondition     condition)
{
  GSource *source = g_source_new (&source_funcs, sizeof (StoreSource));

  ((StoreSource *) source)->store = g_object_ref (TEST_STORE (backend));
  ((StoreSource *) source)->condition = condition;
  return source;
}

static gssize
would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Not now");
  return -1;
}

static void
test_store_open_async (CharflowBackend    *backend,
                       GCancellable       *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer            user_data)
{
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
  CHARFLOW_BACKEND_CLASS (test_store_parent_class)->open_async (backend, cancellable, callback, user_data);
}

static gssize
test_store_read (CharflowBackend *backend,
                 void            *buffer,
                 gsize            size,
                 GError         **error)
{
  TestStore *self = TEST_STORE (backend);
  gsize n = MIN (size, self->input->len - self->taken);

  if (n == 0)
    return would_block (error);

  memcpy (buffer, self->input->data + self->taken, n);
  self->taken += n;
  return n;
}

static gssize
test_store_write (CharflowBackend *backend,
                  const guint8    *data,
                  gsize            size,
                  GError         **error)
{
  TestStore *self = TEST_STORE (backend);
  gsize n = MIN (size, self->max_write);

  if (self->rests)
    return would_block (error);

  g_byte_array_append (self->written, data, n);
  self->rests = n < size;
  return n;
}

static void
test_store_finalize (GObject *object)
{
  g_byte_array_unref (TEST_STORE (object)->input);
  g_byte_array_unref (TEST_STORE (object)->written);
  G_OBJECT_CLASS (test_store_parent_class)->finalize (object);
}

static void
test_store_class_init (TestStoreClass *klass)
{
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_store_finalize;
  backend_class->open_async = test_store_open_async;
  backend_class->read = test_store_read;
  backend_class->write = test_store_write;
  backend_class->create_source = test_store_create_source;
}

static void
test_store_init (TestStore *self)
{
  self->input = g_byte_array_new ();
  self->written = g_byte_array_new ();
}

TestStore *
test_store_new (gsize max_write)
{
  TestStore *self = g_object_new (TEST_TYPE_STORE, NULL);

  self->max_write = max_write;
  return self;
}

void
test_store_put (TestStore  *self,
                const void *data,
                gsize       size)
{
  g_byte_array_append (self->input, data, size);
}

GByteArray *
test_store_get_written (TestStore *self)
{
  return self->written;
}

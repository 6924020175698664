/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-client-port-channel-private.h"

#include <glib/gi18n-lib.h>
#include <spice/enums.h>
#include <string.h>

#include "charflow-client-channel-private.h"
#include "charflow-enum-types.h"
#include "charflow-port-stream-private.h"
#include "charflow-wire-reader-private.h"

/**
 * SECTION:charflow-client-port-channel
 * @title: CharflowClientPortChannel
 * @short_description: a named byte stream, at the client's end
 *
 * A #CharflowClientPortChannel is a byte stream to a device of the server. Its bytes are read and written
 * through a #GIOStream, see charflow_client_port_channel_get_stream(), whose halves are pollable, or with
 * charflow_client_port_channel_read_bytes_async() and charflow_client_port_channel_write_bytes_async().
 *
 * At most 256 KiB are kept that nobody has read; then the server has to wait.
 *
 * |[<!-- language="C" -->
 * static void
 * read_cb (GObject      *object,
 *          GAsyncResult *result,
 *          gpointer      user_data)
 * {
 *   CharflowClientPortChannel *port = CHARFLOW_CLIENT_PORT_CHANNEL (object);
 *   g_autoptr (GBytes) bytes = charflow_client_port_channel_read_bytes_finish (port, result, NULL);
 *
 *   if (bytes != NULL)
 *     g_print ("%.*s\n", (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
 *
 *   answered = TRUE;
 * }
 * ]|
 */

/**
 * CharflowClientPortChannel:
 *
 * A named byte stream, at the client's end.
 *
 * Since: 1.0
 */

#define MAX_UNREAD (256 * 1024)
/* Reading goes on when this much of it was taken, so that the socket is not read for each byte. */
#define RESUME_UNREAD (MAX_UNREAD / 2)
#define MAX_INIT_SIZE 4096
#define MAX_EVENT_SIZE 64
/* No message of ours is longer, as SPICE's server does it. */
#define MAX_DATA_SIZE (64 * 1024)

struct _CharflowClientPortChannel
{
  CharflowClientChannel parent_instance;

  char *port_name;
  gboolean port_opened;
  GByteArray *unread; /* bytes before unread_start were read; those after unread_end are no data yet */
  gsize unread_start;
  gsize unread_end;
  GError *error; /* that ended the channel */
  GIOStream *stream; /* weak: it owns this */
};

G_DEFINE_FINAL_TYPE (CharflowClientPortChannel, charflow_client_port_channel, CHARFLOW_TYPE_CLIENT_CHANNEL)

typedef enum
{
  PROP_PORT_NAME = 1,
  PROP_PORT_OPENED,
} CharflowClientPortChannelProperty;

static GParamSpec *props[PROP_PORT_OPENED + 1];

enum
{
  SIGNAL_EVENT,
};

static guint signals[SIGNAL_EVENT + 1];

static void
set_port_opened (CharflowClientPortChannel *self,
                 gboolean                   port_opened)
{
  if (self->port_opened == port_opened)
    return;

  self->port_opened = port_opened;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PORT_OPENED]);
}

static guint
charflow_client_port_channel_message_limit (CharflowClientChannel *channel,
                                            guint                  type)
{
  switch (type)
    {
    case SPICE_MSG_PORT_INIT:
      return MAX_INIT_SIZE;
    case SPICE_MSG_PORT_EVENT:
      return MAX_EVENT_SIZE;
    default:
      return 0;
    }
}

/* The server's names are shown to people: kept valid, and up to their NUL. */
static void
take_init (CharflowClientPortChannel *self,
           CharflowWireReader        *reader)
{
  guint32 size = charflow_wire_reader_u32 (reader);
  guint32 offset = charflow_wire_reader_u32 (reader);
  guint8 opened = charflow_wire_reader_u8 (reader);
  const guint8 *bytes;
  g_autofree char *name = NULL;

  charflow_wire_reader_seek (reader, offset);
  bytes = charflow_wire_reader_bytes (reader, size);
  if (bytes == NULL)
    return;

  /* A second one comes after a migration, and changes nothing. */
  if (self->port_name == NULL)
    {
      name = g_strndup ((const char *) bytes, size);
      self->port_name = g_utf8_make_valid (name, -1);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PORT_NAME]);
    }
  set_port_opened (self, opened != 0);
  charflow_client_channel_note_init (CHARFLOW_CLIENT_CHANNEL (self));
}

static void
take_event (CharflowClientPortChannel *self,
            CharflowWireReader        *reader)
{
  guint8 event = charflow_wire_reader_u8 (reader);

  /* Others are for peers that know them. */
  if (reader->failed || event > CHARFLOW_EVENT_BREAK)
    return;

  if (event != CHARFLOW_EVENT_BREAK)
    set_port_opened (self, event == CHARFLOW_EVENT_OPENED);
  g_signal_emit (self, signals[SIGNAL_EVENT], 0, (CharflowEvent) event);
}

static gboolean
charflow_client_port_channel_handle_message (CharflowClientChannel *channel,
                                             guint                  type,
                                             GBytes                *body,
                                             GError               **error)
{
  CharflowClientPortChannel *self = CHARFLOW_CLIENT_PORT_CHANNEL (channel);
  CharflowWireReader reader;
  gsize size;
  const guint8 *data = g_bytes_get_data (body, &size);

  charflow_wire_reader_init (&reader, data, size);
  if (type == SPICE_MSG_PORT_INIT)
    take_init (self, &reader);
  else
    take_event (self, &reader);
  if (reader.failed)
    {
      g_set_error (error, CHARFLOW_LINK_ERROR, CHARFLOW_LINK_ERROR_INVALID_DATA,
                   _("What a message of type %u says does not fit its %zu bytes"), type, size);
      return FALSE;
    }

  return TRUE;
}

static gsize
get_unread (CharflowClientPortChannel *self)
{
  return self->unread_end - self->unread_start;
}

static gboolean
takes_pieces (CharflowClientChannel *channel,
              guint                  type)
{
  return type == SPICE_MSG_SPICEVMC_DATA;
}

static guint8 *
begin_piece (CharflowClientChannel *channel,
             gsize                  wanted,
             gsize                 *capacity)
{
  CharflowClientPortChannel *self = CHARFLOW_CLIENT_PORT_CHANNEL (channel);

  if (get_unread (self) >= MAX_UNREAD)
    return NULL;

  if (self->unread_start > 0 && self->unread_end + wanted > self->unread->len)
    {
      g_byte_array_remove_range (self->unread, 0, self->unread_start);
      self->unread_end -= self->unread_start;
      self->unread_start = 0;
    }
  if (self->unread_end + wanted > self->unread->len)
    g_byte_array_set_size (self->unread, self->unread_end + wanted);

  *capacity = wanted;
  return self->unread->data + self->unread_end;
}

static void
end_piece (CharflowClientChannel *channel,
           gsize                  filled)
{
  CharflowClientPortChannel *self = CHARFLOW_CLIENT_PORT_CHANNEL (channel);

  self->unread_end += filled;
  /* Data says that the port is open, whatever was said before: so do SPICE's clients take it. */
  if (filled > 0)
    set_port_opened (self, TRUE);
}

static void
closed (CharflowClientChannel *channel,
        const GError          *error)
{
  CharflowClientPortChannel *self = CHARFLOW_CLIENT_PORT_CHANNEL (channel);

  g_clear_error (&self->error);
  self->error = error == NULL ? NULL : g_error_copy (error);
  set_port_opened (self, FALSE);
}

static const CharflowClientChannelHooks hooks = {
  .takes_pieces = takes_pieces,
  .begin_piece = begin_piece,
  .end_piece = end_piece,
  .closed = closed,
  .waits_for_init = TRUE,
};

static void
charflow_client_port_channel_get_property (GObject    *object,
                                           guint       prop_id,
                                           GValue     *value,
                                           GParamSpec *pspec)
{
  CharflowClientPortChannel *self = CHARFLOW_CLIENT_PORT_CHANNEL (object);

  switch ((CharflowClientPortChannelProperty) prop_id)
    {
    case PROP_PORT_NAME:
      g_value_set_string (value, self->port_name);
      break;
    case PROP_PORT_OPENED:
      g_value_set_boolean (value, self->port_opened);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_client_port_channel_finalize (GObject *object)
{
  CharflowClientPortChannel *self = CHARFLOW_CLIENT_PORT_CHANNEL (object);

  g_clear_weak_pointer (&self->stream);
  g_clear_error (&self->error);
  g_clear_pointer (&self->unread, g_byte_array_unref);
  g_clear_pointer (&self->port_name, g_free);
  G_OBJECT_CLASS (charflow_client_port_channel_parent_class)->finalize (object);
}

static void
charflow_client_port_channel_class_init (CharflowClientPortChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowClientChannelClass *channel_class = CHARFLOW_CLIENT_CHANNEL_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = charflow_client_port_channel_get_property;
  object_class->finalize = charflow_client_port_channel_finalize;
  channel_class->message_limit = charflow_client_port_channel_message_limit;
  channel_class->handle_message = charflow_client_port_channel_handle_message;
  channel_class->hooks = &hooks;
  CHARFLOW_CHANNEL_CLASS (klass)->channel_type = CHARFLOW_CHANNEL_TYPE_PORT;

  /**
   * CharflowClientPortChannel:port-name:
   *
   * The name of the port, once the server has told it.
   *
   * Since: 1.0
   */
  props[PROP_PORT_NAME] = g_param_spec_string ("port-name", NULL, "The name of the port", NULL, readable);

  /**
   * CharflowClientPortChannel:port-opened:
   *
   * Whether the other side of the server's device is there.
   *
   * Since: 1.0
   */
  props[PROP_PORT_OPENED] =
    g_param_spec_boolean ("port-opened", NULL, "Whether the other side of the device is there", FALSE, readable);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowClientPortChannel::event:
   * @self: the port
   * @event: what happened
   *
   * Something besides data happened to the port.
   *
   * Since: 1.0
   */
  signals[SIGNAL_EVENT] =
    g_signal_new ("event", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, CHARFLOW_TYPE_EVENT);
}

static void
charflow_client_port_channel_init (CharflowClientPortChannel *self)
{
  self->unread = g_byte_array_new ();
}

gboolean
charflow_client_port_channel_is_readable (CharflowClientPortChannel *self)
{
  return get_unread (self) > 0 ||
         charflow_client_channel_get_state (CHARFLOW_CLIENT_CHANNEL (self)) == CHARFLOW_CLIENT_STATE_CLOSED;
}

gboolean
charflow_client_port_channel_is_writable (CharflowClientPortChannel *self)
{
  CharflowConnection *connection = charflow_client_channel_get_connection (CHARFLOW_CLIENT_CHANNEL (self));

  return connection == NULL || !charflow_connection_is_full (connection);
}

static void
set_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("The port would block"));
}

gssize
charflow_client_port_channel_read (CharflowClientPortChannel *self,
                                   void                      *buffer,
                                   gsize                      size,
                                   GError                   **error)
{
  CharflowConnection *connection = charflow_client_channel_get_connection (CHARFLOW_CLIENT_CHANNEL (self));
  gsize n = MIN (size, get_unread (self));

  if (n == 0 && size > 0)
    {
      if (!charflow_client_port_channel_is_readable (self))
        {
          set_would_block (error);
          return -1;
        }
      if (self->error == NULL)
        return 0;

      g_propagate_error (error, g_error_copy (self->error));
      return -1;
    }

  memcpy (buffer, self->unread->data + self->unread_start, n);
  self->unread_start += n;
  if (get_unread (self) == 0)
    {
      g_byte_array_set_size (self->unread, 0);
      self->unread_start = self->unread_end = 0;
    }
  if (connection != NULL && get_unread (self) <= RESUME_UNREAD)
    charflow_connection_resume (connection);

  return n;
}

gssize
charflow_client_port_channel_write (CharflowClientPortChannel *self,
                                    const void                *buffer,
                                    gsize                      size,
                                    GError                   **error)
{
  CharflowConnection *connection = charflow_client_channel_get_connection (CHARFLOW_CLIENT_CHANNEL (self));
  g_autoptr (GBytes) bytes = NULL;

  if (connection == NULL || charflow_connection_get_leaving (connection))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The port is closed"));
      return -1;
    }
  if (!charflow_client_port_channel_is_writable (self))
    {
      set_would_block (error);
      return -1;
    }

  /* An empty message would be a violation. */
  size = MIN (size, MAX_DATA_SIZE);
  if (size == 0)
    return 0;

  bytes = g_bytes_new (buffer, size);
  charflow_connection_send (connection, SPICE_MSGC_SPICEVMC_DATA, bytes);
  return size;
}

/* A source without a descriptor: the port changes only in dispatches of its own context, and each turn of
 * that looks at it again. */
typedef struct
{
  GSource parent;
  CharflowClientPortChannel *port;
  gboolean for_output;
} PortSource;

static gboolean
port_source_check (GSource *source)
{
  PortSource *self = (PortSource *) source;

  return self->for_output ? charflow_client_port_channel_is_writable (self->port)
                          : charflow_client_port_channel_is_readable (self->port);
}

static gboolean
port_source_prepare (GSource *source,
                     int     *timeout)
{
  *timeout = -1;
  return port_source_check (source);
}

static gboolean
port_source_dispatch (GSource    *source,
                      GSourceFunc callback,
                      gpointer    user_data)
{
  return callback == NULL ? G_SOURCE_REMOVE : callback (user_data);
}

static void
port_source_finalize (GSource *source)
{
  g_clear_object (&((PortSource *) source)->port);
}

static gboolean
port_source_closure_cb (gpointer user_data)
{
  GClosure *closure = user_data;
  g_auto (GValue) result = G_VALUE_INIT;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_closure_invoke (closure, &result, 0, NULL, NULL);
  return g_value_get_boolean (&result);
}

static GSourceFuncs port_source_funcs = {
  .prepare = port_source_prepare,
  .check = port_source_check,
  .dispatch = port_source_dispatch,
  .finalize = port_source_finalize,
  .closure_callback = port_source_closure_cb,
};

GSource *
charflow_client_port_channel_create_source (CharflowClientPortChannel *self,
                                            gboolean                   for_output)
{
  GSource *source = g_source_new (&port_source_funcs, sizeof (PortSource));

  g_source_set_static_name (source, "CharflowPortSource");
  ((PortSource *) source)->port = g_object_ref (self);
  ((PortSource *) source)->for_output = for_output;

  return source;
}

/**
 * charflow_client_port_channel_get_port_name:
 * @self: a port
 *
 * Tells the name of the port.
 *
 * Returns: (nullable): the value of #CharflowClientPortChannel:port-name
 *
 * Since: 1.0
 */
const char *
charflow_client_port_channel_get_port_name (CharflowClientPortChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT_PORT_CHANNEL (self), NULL);

  return self->port_name;
}

/**
 * charflow_client_port_channel_get_port_opened:
 * @self: a port
 *
 * Tells whether the other side of the server's device is there.
 *
 * Returns: the value of #CharflowClientPortChannel:port-opened
 *
 * Since: 1.0
 */
gboolean
charflow_client_port_channel_get_port_opened (CharflowClientPortChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CLIENT_PORT_CHANNEL (self), FALSE);

  return self->port_opened;
}

/**
 * charflow_client_port_channel_get_stream:
 * @self: a port
 *
 * Gets the bytes of the port as a stream.
 *
 * Both halves are pollable, and are to be used in the main context of the session. A read returns 0 bytes
 * once the channel was closed. Closing the stream asynchronously is
 * charflow_client_channel_close_async(); there is no blocking read or write.
 *
 * Returns: (transfer full): the stream, the same one for as long as somebody holds it
 *
 * Since: 1.0
 */
GIOStream *
charflow_client_port_channel_get_stream (CharflowClientPortChannel *self)
{
  GIOStream *stream;

  g_return_val_if_fail (CHARFLOW_IS_CLIENT_PORT_CHANNEL (self), NULL);

  if (self->stream != NULL)
    return g_object_ref (self->stream);

  stream = charflow_port_stream_new (self);
  g_set_weak_pointer (&self->stream, stream);
  return stream;
}

/* What an operation holds until it is done: the stream, since one stream allows one operation each way. */
typedef struct
{
  GIOStream *stream;
  GBytes *bytes;
  gsize max_size; /* of a read */
} Operation;

static void
operation_free (Operation *operation)
{
  g_object_unref (operation->stream);
  g_clear_pointer (&operation->bytes, g_bytes_unref);
  g_free (operation);
}

static GIOStream *
begin_operation (CharflowClientPortChannel *self,
                 GTask                     *task,
                 GBytes                    *bytes)
{
  Operation *operation = g_new0 (Operation, 1);

  operation->stream = charflow_client_port_channel_get_stream (self);
  operation->bytes = bytes == NULL ? NULL : g_bytes_ref (bytes);
  g_task_set_task_data (task, operation, (GDestroyNotify) operation_free);

  return operation->stream;
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * charflow_client_port_channel_write_bytes_async:
 * @self: a port
 * @bytes: what to write
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when all is on its way
 * @user_data: for @callback
 *
 * Writes bytes to the port, waiting for room. One write at a time may be under way.
 *
 * Since: 1.0
 */
void
charflow_client_port_channel_write_bytes_async (CharflowClientPortChannel *self,
                                                GBytes                    *bytes,
                                                GCancellable              *cancellable,
                                                GAsyncReadyCallback        callback,
                                                gpointer                   user_data)
{
  GIOStream *stream;
  GTask *task;
  gconstpointer data;
  gsize size;

  g_return_if_fail (CHARFLOW_IS_CLIENT_PORT_CHANNEL (self));
  g_return_if_fail (bytes != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, charflow_client_port_channel_write_bytes_async);
  stream = begin_operation (self, task, bytes);
  data = g_bytes_get_data (bytes, &size);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream), data, size, G_PRIORITY_DEFAULT,
                                   cancellable, written_cb, task);
}

/**
 * charflow_client_port_channel_write_bytes_finish:
 * @self: a port
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_client_port_channel_write_bytes_async().
 *
 * Fails with %G_IO_ERROR_CLOSED when the channel has ended, %G_IO_ERROR_PENDING when another write is under
 * way, or %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_client_port_channel_write_bytes_finish (CharflowClientPortChannel *self,
                                                 GAsyncResult              *result,
                                                 GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Takes what there is, or tells what ended the channel. */
static void
return_read (GTask *task,
             gsize  max_size)
{
  CharflowClientPortChannel *self = g_task_get_source_object (task);
  Operation *operation = g_task_get_task_data (task);
  gsize size = MIN (max_size, get_unread (self));
  g_autofree guint8 *buffer = g_malloc (MAX (size, 1));
  GError *error = NULL;
  gssize n_read = charflow_client_port_channel_read (self, buffer, MIN (max_size, MAX (size, 1)), &error);

  g_input_stream_clear_pending (g_io_stream_get_input_stream (operation->stream));
  if (n_read < 0)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_bytes_new_take (g_steal_pointer (&buffer), n_read), (GDestroyNotify) g_bytes_unref);
}

static gboolean
readable_cb (gpointer user_data)
{
  GTask *task = user_data;
  CharflowClientPortChannel *self = g_task_get_source_object (task);
  Operation *operation = g_task_get_task_data (task);

  if (charflow_client_port_channel_is_readable (self))
    {
      return_read (task, operation->max_size);
      return G_SOURCE_REMOVE;
    }
  if (!g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    return G_SOURCE_CONTINUE;

  g_input_stream_clear_pending (g_io_stream_get_input_stream (operation->stream));
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
await_readable (CharflowClientPortChannel *self,
                GTask                     *task)
{
  g_autoptr (GSource) source = charflow_client_port_channel_create_source (self, FALSE);

  if (g_task_get_cancellable (task) != NULL)
    {
      g_autoptr (GSource) cancelled = g_cancellable_source_new (g_task_get_cancellable (task));

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (source, cancelled);
    }
  g_task_attach_source (task, source, readable_cb);
}

/**
 * charflow_client_port_channel_read_bytes_async:
 * @self: a port
 * @max_size: how many bytes at most
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when some have come
 * @user_data: for @callback
 *
 * Reads some bytes from the port, as soon as there are any. One read at a time may be under way. To cancel it loses no byte:
 * it either fails, or tells what it has taken.
 *
 * Since: 1.0
 */
void
charflow_client_port_channel_read_bytes_async (CharflowClientPortChannel *self,
                                               gsize                      max_size,
                                               GCancellable              *cancellable,
                                               GAsyncReadyCallback        callback,
                                               gpointer                   user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  GIOStream *stream;

  g_return_if_fail (CHARFLOW_IS_CLIENT_PORT_CHANNEL (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, charflow_client_port_channel_read_bytes_async);
  /* What was taken is told, whatever is cancelled before the callback is called. */
  g_task_set_check_cancellable (task, FALSE);
  stream = begin_operation (self, task, NULL);
  ((Operation *) g_task_get_task_data (task))->max_size = MIN (max_size, MAX_UNREAD);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!g_input_stream_set_pending (g_io_stream_get_input_stream (stream), &error))
    {
      g_task_return_error (task, error);
      return;
    }

  if (max_size == 0 || charflow_client_port_channel_is_readable (self))
    return_read (task, MIN (max_size, MAX_UNREAD));
  else
    await_readable (self, task);
}

/**
 * charflow_client_port_channel_read_bytes_finish:
 * @self: a port
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_client_port_channel_read_bytes_async().
 *
 * Fails with what ended the channel, %G_IO_ERROR_PENDING when another read is under way, or
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the bytes, none when the channel was closed
 *
 * Since: 1.0
 */
GBytes *
charflow_client_port_channel_read_bytes_finish (CharflowClientPortChannel *self,
                                                GAsyncResult              *result,
                                                GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * charflow_client_port_channel_unread_bytes:
 * @self: a port
 * @bytes: bytes that were read from it, at most 256 KiB
 *
 * Puts bytes back that were read, in front of those that were not: for whoever had to read on to see where something ends.
 *
 * Since: 1.0
 */
void
charflow_client_port_channel_unread_bytes (CharflowClientPortChannel *self,
                                           GBytes                    *bytes)
{
  gsize size;
  const guint8 *data;

  g_return_if_fail (CHARFLOW_IS_CLIENT_PORT_CHANNEL (self));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (g_bytes_get_size (bytes) <= MAX_UNREAD);

  data = g_bytes_get_data (bytes, &size);
  if (size == 0)
    return;

  if (size > self->unread_start)
    {
      gsize unread = get_unread (self);

      g_byte_array_set_size (self->unread, MAX (self->unread->len, size + unread));
      memmove (self->unread->data + size, self->unread->data + self->unread_start, unread);
      self->unread_start = size;
      self->unread_end = size + unread;
    }
  self->unread_start -= size;
  memcpy (self->unread->data + self->unread_start, data, size);
}

/**
 * charflow_client_port_channel_send_event:
 * @self: a port
 * @event: %CHARFLOW_EVENT_OPENED, %CHARFLOW_EVENT_CLOSED or %CHARFLOW_EVENT_BREAK
 * @error: return location for a #GError
 *
 * Tells the server's device of an event. What it makes of it is its affair; QEMU acts on a break.
 *
 * Fails with %CHARFLOW_LINK_ERROR_CLOSED when the channel is not open.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_client_port_channel_send_event (CharflowClientPortChannel *self,
                                         CharflowEvent              event,
                                         GError                   **error)
{
  guint8 byte = (guint8) event;
  g_autoptr (GBytes) body = NULL;

  g_return_val_if_fail (CHARFLOW_IS_CLIENT_PORT_CHANNEL (self), FALSE);
  g_return_val_if_fail (event <= CHARFLOW_EVENT_BREAK, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  body = g_bytes_new (&byte, sizeof byte);
  return charflow_client_channel_send_message (CHARFLOW_CLIENT_CHANNEL (self), SPICE_MSGC_PORT_EVENT, body, error);
}

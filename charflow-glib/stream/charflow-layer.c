/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-layer-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-source-private.h"

/* Not less than a TLS record has (RFC 8446, 5.1): what a read leaves of one, GIO's TLS keeps, and then tells nobody
 * that it is readable before the socket is. */
#define INPUT_SIZE (16 * 1024)
#define MAX_WRITE_SIZE (64 * 1024)
/* So many bytes of replies may wait before the peer is no longer read. */
#define MAX_REPLIES_SIZE (4 * 1024)
/* Memory for so much is kept while nothing waits. */
#define MAX_KEPT_OUTPUT_SIZE 1024
/* One read decodes so many pieces that hold no data before others get their turn. */
#define MAX_PASSES 64

struct _CharflowLayer
{
  GIOStream *base;
  GPollableInputStream *base_input; /* the base's own */
  GPollableOutputStream *base_output;
  CharflowCodec *codec;
  GMainContext *context;
  GQueue sources; /* of LayerSource, none owned: each leaves when it is finalized */

  guint8 *input; /* INPUT_SIZE bytes, NULL while it is empty */
  gsize input_begin;
  gsize input_end;
  CharflowCodecStatus status;
  GByteArray *replies; /* of the pass that is under way */
  GError *read_error;
  gboolean base_ended;
  gboolean is_reading;

  GByteArray *output; /* what waits to be sent; empty while nothing does */
  gsize n_sent; /* of it */
  gsize n_data; /* so much of what waits is a write, at its front; the rest are replies */
  GSource *output_source;
  GError *write_error;

  gboolean is_closed;
};

typedef struct
{
  GSource parent;
  CharflowLayer *layer;
  CharflowLayerCondition condition;
  GSource *base_source; /* NULL while the base is not waited for */
  GList link;
} LayerSource;

static void
set_would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
}

static void
set_closed (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("Stream is already closed"));
}

static gsize
get_n_waiting (CharflowLayer *self)
{
  return self->output->len - self->n_sent;
}

static gboolean
has_room_for_replies (CharflowLayer *self)
{
  return get_n_waiting (self) - self->n_data < MAX_REPLIES_SIZE;
}

static gboolean
has_input_ended (CharflowLayer *self)
{
  return self->is_closed || self->read_error != NULL || self->base_ended || self->status == CHARFLOW_CODEC_ENDED;
}

/* Whether a read would do something without more from the base. */
static gboolean
has_input (CharflowLayer *self)
{
  if (has_input_ended (self))
    return TRUE;

  return self->status == CHARFLOW_CODEC_AGAIN && has_room_for_replies (self);
}

static gboolean
is_waiting_for_base (CharflowLayer *self)
{
  return !has_input_ended (self) && has_room_for_replies (self);
}

static gboolean
is_flushed (CharflowLayer *self)
{
  return self->is_closed || self->write_error != NULL || get_n_waiting (self) == 0;
}

static gboolean
is_writable (CharflowLayer *self)
{
  if (self->is_closed || self->write_error != NULL)
    return TRUE;

  return get_n_waiting (self) == 0 &&
         (self->codec->klass->can_encode == NULL || self->codec->klass->can_encode (self->codec));
}

static void
update_source (LayerSource *source)
{
  CharflowLayer *layer = source->layer;

  if (source->condition != CHARFLOW_LAYER_READABLE || g_source_is_destroyed (&source->parent))
    return;
  if (is_waiting_for_base (layer) == (source->base_source != NULL))
    return;

  if (source->base_source != NULL)
    {
      g_source_remove_child_source (&source->parent, source->base_source);
      g_clear_pointer (&source->base_source, g_source_unref);
      return;
    }

  source->base_source = g_pollable_input_stream_create_source (layer->base_input, NULL);
  g_source_set_dummy_callback (source->base_source);
  g_source_add_child_source (&source->parent, source->base_source);
}

static void
update_sources (CharflowLayer *self)
{
  for (GList *link = self->sources.head; link != NULL; link = link->next)
    update_source (link->data);
}

static void
clear_output (CharflowLayer *self)
{
  if (self->output->len > MAX_KEPT_OUTPUT_SIZE)
    {
      g_byte_array_unref (self->output);
      self->output = g_byte_array_new ();
    }
  g_byte_array_set_size (self->output, 0);
  self->n_sent = 0;
  self->n_data = 0;
  charflow_clear_source (&self->output_source);
}

static void flush (CharflowLayer *self);

static gboolean
output_cb (GObject *base_output,
           gpointer user_data)
{
  g_autoptr (CharflowLayer) self = charflow_layer_ref (user_data);

  flush (self);
  update_sources (self);
  return G_SOURCE_CONTINUE;
}

static void
wait_for_base_output (CharflowLayer *self)
{
  if (self->output_source != NULL)
    return;

  self->output_source = g_pollable_output_stream_create_source (self->base_output, NULL);
  g_source_set_static_name (self->output_source, "Charflow layer output");
  g_source_set_callback (self->output_source, G_SOURCE_FUNC (output_cb), self, NULL);
  g_source_attach (self->output_source, self->context);
}

/* Sends what waits, as far as the base takes it. */
static void
flush (CharflowLayer *self)
{
  g_autoptr (GError) error = NULL;

  while (get_n_waiting (self) > 0 && error == NULL)
    {
      gssize len = g_pollable_output_stream_write_nonblocking (self->base_output, self->output->data + self->n_sent,
                                                               get_n_waiting (self), NULL, &error);

      if (len <= 0)
        break;
      self->n_sent += len;
      self->n_data -= MIN (self->n_data, (gsize) len);
    }

  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    self->write_error = g_steal_pointer (&error);
  if (is_flushed (self))
    clear_output (self);
  else
    wait_for_base_output (self);
}

/* Sends what is no data. There is none to hear it once writing has failed. */
static void
send_reply (CharflowLayer *self,
            const guint8  *data,
            gsize          size)
{
  if (size == 0 || self->is_closed || self->write_error != NULL)
    return;

  g_byte_array_append (self->output, data, size);
  flush (self);
}

static void
release_input (CharflowLayer *self)
{
  if (self->input_begin < self->input_end)
    return;

  self->input_begin = self->input_end = 0;
  g_clear_pointer (&self->input, g_free);
}

static gboolean
fill (CharflowLayer *self)
{
  g_autoptr (GError) error = NULL;
  gssize len;

  self->input = g_malloc (INPUT_SIZE);
  len = g_pollable_input_stream_read_nonblocking (self->base_input, self->input, INPUT_SIZE, NULL, &error);
  self->input_end = MAX (len, 0);
  release_input (self);

  if (len == 0)
    self->base_ended = TRUE;
  if (len < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    self->read_error = g_steal_pointer (&error);

  return len > 0;
}

static gsize
decode (CharflowLayer *self,
        guint8        *room,
        gsize          size)
{
  CharflowCodecPass pass = {
    .input = self->input + self->input_begin,
    .input_size = self->input_end - self->input_begin,
    .room = room,
    .room_size = size,
    .replies = self->replies,
  };

  self->status = self->codec->klass->decode (self->codec, &pass, &self->read_error);
  self->input_begin = self->input_end - pass.input_size;
  release_input (self);
  send_reply (self, self->replies->data, self->replies->len);
  g_byte_array_set_size (self->replies, 0);

  return size - pass.room_size;
}

static gssize
tell_end (CharflowLayer *self,
          GError       **error)
{
  if (self->is_closed)
    {
      set_closed (error);
      return -1;
    }
  if (self->read_error == NULL)
    return 0;

  g_propagate_error (error, g_error_copy (self->read_error));
  return -1;
}

static gssize
read_now (CharflowLayer *self,
          guint8        *buffer,
          gsize          size,
          GError       **error)
{
  gboolean has_filled = FALSE;

  for (guint i = 0; i < MAX_PASSES && !has_input_ended (self); i++)
    {
      gsize len;

      if (!has_room_for_replies (self))
        break;
      if (self->status == CHARFLOW_CODEC_STARVED)
        {
          if (has_filled || !fill (self))
            break;
          has_filled = TRUE;
        }

      len = decode (self, buffer, size);
      if (len > 0)
        return (gssize) len;
    }

  if (has_input_ended (self))
    return tell_end (self, error);

  set_would_block (error);
  return -1;
}

gssize
charflow_layer_read (CharflowLayer *self,
                     void          *buffer,
                     gsize          size,
                     GError       **error)
{
  g_autoptr (CharflowLayer) guard = charflow_layer_ref (self);
  gssize len;

  /* Who is called by the codec is in the middle of a read. */
  if (self->is_reading)
    {
      set_would_block (error);
      return -1;
    }
  if (size == 0)
    return 0;

  self->is_reading = TRUE;
  len = read_now (self, buffer, size, error);
  self->is_reading = FALSE;
  update_sources (self);

  return len;
}

gboolean
charflow_layer_flush (CharflowLayer *self,
                      GError       **error)
{
  g_autoptr (CharflowLayer) guard = charflow_layer_ref (self);

  if (self->is_closed)
    {
      set_closed (error);
      return FALSE;
    }

  if (!is_flushed (self))
    {
      flush (self);
      update_sources (self);
    }

  if (self->write_error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->write_error));
      return FALSE;
    }
  if (get_n_waiting (self) > 0)
    {
      set_would_block (error);
      return FALSE;
    }

  return TRUE;
}

gssize
charflow_layer_write (CharflowLayer *self,
                      const void    *buffer,
                      gsize          size,
                      GError       **error)
{
  g_autoptr (CharflowLayer) guard = charflow_layer_ref (self);

  if (!charflow_layer_flush (self, error))
    return -1;
  if (!is_writable (self))
    {
      set_would_block (error);
      return -1;
    }

  size = MIN (size, MAX_WRITE_SIZE);
  if (size == 0)
    return 0;
  if (!self->codec->klass->encode (self->codec, buffer, size, self->output, error))
    {
      g_byte_array_set_size (self->output, 0);
      return -1;
    }

  self->n_data = self->output->len;
  flush (self);
  update_sources (self);
  if (self->write_error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->write_error));
      return -1;
    }

  return (gssize) size;
}

gboolean
charflow_layer_send (CharflowLayer *self,
                     const guint8  *data,
                     gsize          size,
                     GError       **error)
{
  g_autoptr (CharflowLayer) guard = charflow_layer_ref (self);
  g_autoptr (GError) local_error = NULL;

  if (!charflow_layer_flush (self, &local_error) && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!has_room_for_replies (self))
    {
      set_would_block (error);
      return FALSE;
    }

  send_reply (self, data, size);
  update_sources (self);
  return TRUE;
}

gboolean
charflow_layer_check (CharflowLayer         *self,
                      CharflowLayerCondition condition)
{
  switch (condition)
    {
    case CHARFLOW_LAYER_READABLE:
      return has_input (self) ||
             (has_room_for_replies (self) && g_pollable_input_stream_is_readable (self->base_input));
    case CHARFLOW_LAYER_WRITABLE:
      return is_writable (self);
    case CHARFLOW_LAYER_FLUSHED:
      return is_flushed (self);
    default:
      g_return_val_if_reached (FALSE);
    }
}

/* Whether the condition holds whatever the base does. */
static gboolean
layer_source_check (GSource *source)
{
  LayerSource *self = (LayerSource *) source;

  if (self->condition == CHARFLOW_LAYER_READABLE)
    return has_input (self->layer);

  return charflow_layer_check (self->layer, self->condition);
}

static gboolean
layer_source_prepare (GSource *source,
                      int     *timeout_ms)
{
  *timeout_ms = -1;
  return layer_source_check (source);
}

static gboolean
layer_source_dispatch (GSource    *source,
                       GSourceFunc callback,
                       gpointer    user_data)
{
  return callback == NULL ? G_SOURCE_REMOVE : callback (user_data);
}

static void
layer_source_finalize (GSource *source)
{
  LayerSource *self = (LayerSource *) source;

  g_queue_unlink (&self->layer->sources, &self->link);
  g_clear_pointer (&self->base_source, g_source_unref);
  g_clear_pointer (&self->layer, charflow_layer_unref);
}

static gboolean
layer_source_closure_cb (gpointer user_data)
{
  GClosure *closure = user_data;
  g_auto (GValue) result = G_VALUE_INIT;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_closure_invoke (closure, &result, 0, NULL, NULL);
  return g_value_get_boolean (&result);
}

/* A layer changes only in dispatches of its own context, and each turn of that looks at it again. */
static GSourceFuncs layer_source_funcs = {
  .prepare = layer_source_prepare,
  .check = layer_source_check,
  .dispatch = layer_source_dispatch,
  .finalize = layer_source_finalize,
  .closure_callback = layer_source_closure_cb,
};

GSource *
charflow_layer_create_source (CharflowLayer         *self,
                              CharflowLayerCondition condition)
{
  GSource *source = g_source_new (&layer_source_funcs, sizeof (LayerSource));
  LayerSource *layer_source = (LayerSource *) source;

  g_source_set_static_name (source, "Charflow layer");
  layer_source->layer = charflow_layer_ref (self);
  layer_source->condition = condition;
  layer_source->link.data = layer_source;
  g_queue_push_head_link (&self->sources, &layer_source->link);
  update_source (layer_source);

  return source;
}

void
charflow_layer_close (CharflowLayer *self)
{
  g_autoptr (CharflowLayer) guard = charflow_layer_ref (self);

  if (self->is_closed)
    return;

  if (self->codec->klass->farewell != NULL && self->write_error == NULL)
    self->codec->klass->farewell (self->codec, self->output);
  if (!is_flushed (self))
    flush (self);

  self->is_closed = TRUE;
  clear_output (self);
  update_sources (self);
}

CharflowLayer *
charflow_layer_new (GIOStream     *base,
                    CharflowCodec *codec)
{
  CharflowLayer *self = g_rc_box_new0 (CharflowLayer);

  self->base = g_object_ref (base);
  self->base_input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (base));
  self->base_output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (base));
  self->codec = codec;
  self->context = g_main_context_ref_thread_default ();
  g_queue_init (&self->sources);
  self->status = CHARFLOW_CODEC_STARVED;
  self->replies = g_byte_array_new ();
  self->output = g_byte_array_new ();

  return self;
}

static void
charflow_layer_free (gpointer data)
{
  CharflowLayer *self = data;

  charflow_clear_source (&self->output_source);
  g_byte_array_unref (self->output);
  g_byte_array_unref (self->replies);
  g_clear_error (&self->write_error);
  g_clear_error (&self->read_error);
  g_free (self->input);
  self->codec->klass->free (self->codec);
  g_main_context_unref (self->context);
  g_object_unref (self->base);
}

CharflowLayer *
charflow_layer_ref (CharflowLayer *self)
{
  return g_rc_box_acquire (self);
}

void
charflow_layer_unref (CharflowLayer *self)
{
  g_rc_box_release_full (self, charflow_layer_free);
}

GIOStream *
charflow_layer_get_base (CharflowLayer *self)
{
  return self->base;
}

CharflowCodec *
charflow_layer_get_codec (CharflowLayer *self)
{
  return self->codec;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-slot-private.h"

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-fd-source-private.h"
#include "charflow-mux-backend-private.h"
#include "charflow-ring-private.h"
#include "charflow-source-private.h"

struct _CharflowMuxSlot
{
  CharflowBackend parent_instance;

  CharflowMuxBackend *mux; /* NULL once it is disposed of */
  CharflowRing *ring;
  CharflowFdSources *sources;
  GTask *opening; /* NULL unless the multiplexer is to answer */
  GSource *cancel_source;
  gboolean is_user; /* has asked the multiplexer to be open */
  gboolean has_end; /* the other side has gone, and the front end will be told when it has read the rest */
  gboolean writable;
  gboolean front_end_open;
};

G_DEFINE_FINAL_TYPE (CharflowMuxSlot, charflow_mux_slot, CHARFLOW_TYPE_BACKEND)

static void
update_ready (CharflowMuxSlot *self)
{
  GIOCondition ready = self->writable ? G_IO_OUT : 0;

  if (self->has_end || charflow_ring_get_stored (self->ring) > 0)
    ready |= G_IO_IN;

  charflow_fd_sources_set_ready (self->sources, ready);
}

static void
leave (CharflowMuxSlot *self)
{
  if (!self->is_user)
    return;

  self->is_user = FALSE;
  charflow_mux_backend_leave (self->mux, self);
}

void
charflow_mux_slot_end_opening (CharflowMuxSlot *self,
                               const GError    *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->opening);
  g_autoptr (CharflowMuxSlot) guard = NULL;

  if (task == NULL)
    return;

  guard = g_object_ref (self);
  charflow_clear_source (&self->cancel_source);
  if (error != NULL)
    {
      leave (self);
      g_task_return_error (task, g_error_copy (error));
      return;
    }

  if (charflow_backend_is_opened (CHARFLOW_BACKEND (self->mux)))
    charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
  g_task_return_boolean (task, TRUE);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  CharflowMuxSlot *self = user_data;
  g_autoptr (GError) error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  charflow_mux_backend_forget_opening (self->mux, self);
  charflow_mux_slot_end_opening (self, error);

  return G_SOURCE_REMOVE;
}

static void
charflow_mux_slot_open_async (CharflowBackend    *backend,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (backend);

  self->opening = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (self->opening, charflow_mux_slot_open_async);
  g_task_set_check_cancellable (self->opening, FALSE);
  if (cancellable != NULL)
    {
      self->cancel_source = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancel_source, G_SOURCE_FUNC (cancelled_cb), self, NULL);
      g_source_attach (self->cancel_source, charflow_backend_get_context (backend));
    }

  self->is_user = TRUE;
  charflow_mux_backend_open_slot (self->mux, self);
}

static void
charflow_mux_slot_close (CharflowBackend *backend)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (backend);

  charflow_mux_slot_discard (self);
  self->has_end = FALSE;
  self->writable = FALSE;
  update_ready (self);
  charflow_fd_sources_destroy (self->sources);
  leave (self);
}

static void
active_cb (CharflowMuxSlot *self)
{
  if (charflow_backend_get_active (CHARFLOW_BACKEND (self)))
    charflow_mux_backend_enter (self->mux, self);
}

static void
tell_closed (CharflowMuxSlot *self)
{
  self->has_end = FALSE;
  update_ready (self);
  charflow_fd_sources_destroy (self->sources);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_CLOSED);
}

static gssize
charflow_mux_slot_read (CharflowBackend *backend,
                        void            *buffer,
                        gsize            size,
                        GError         **error)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (backend);
  gsize len;

  if (charflow_ring_get_stored (self->ring) == 0 && !self->has_end)
    charflow_mux_backend_poll_input (self->mux);

  len = MIN (size, charflow_ring_get_stored (self->ring));
  if (len == 0 && self->has_end)
    {
      tell_closed (self);
      return 0;
    }
  if (len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("There is nothing to read"));
      return -1;
    }

  charflow_ring_peek (self->ring, buffer, len);
  charflow_ring_drop (self->ring, len);
  update_ready (self);
  charflow_mux_backend_resume_input (self->mux);

  return (gssize) len;
}

static gssize
charflow_mux_slot_write (CharflowBackend *backend,
                         const guint8    *data,
                         gsize            size,
                         GError         **error)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (backend);

  return charflow_mux_backend_write_slot (self->mux, self, data, size, error);
}

static GSource *
charflow_mux_slot_create_source (CharflowBackend *backend,
                                 GIOCondition     condition)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (backend);

  if (!charflow_backend_is_opened (backend))
    return NULL;
  if ((condition & G_IO_OUT) != 0 && !charflow_mux_backend_await_room (self->mux, self))
    condition &= ~G_IO_OUT;
  if ((condition & (G_IO_IN | G_IO_OUT)) == 0)
    return NULL;

  return charflow_fd_sources_create (self->sources, -1, condition);
}

static void
charflow_mux_slot_detach (CharflowBackend *backend)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (backend);

  self->front_end_open = FALSE;
  charflow_mux_backend_remove_slot (self->mux, self);
}

/* What is asked of the base. */

static CharflowBackend *
get_base (CharflowBackend *backend,
          GError         **error)
{
  return charflow_mux_backend_get_base (CHARFLOW_MUX_SLOT (backend)->mux, error);
}

static char *
charflow_mux_slot_get_resource (CharflowBackend *backend)
{
  return charflow_backend_get_resource (CHARFLOW_BACKEND (CHARFLOW_MUX_SLOT (backend)->mux));
}

static void
charflow_mux_slot_set_front_end_open (CharflowBackend *backend,
                                      gboolean         open)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (backend);

  self->front_end_open = open;
  charflow_mux_backend_update_front_end_open (self->mux);
}

static void
charflow_mux_slot_set_echo (CharflowBackend *backend,
                            gboolean         echo)
{
  charflow_mux_backend_set_base_echo (CHARFLOW_MUX_SLOT (backend)->mux, echo);
}

static gboolean
charflow_mux_slot_set_serial_settings (CharflowBackend        *backend,
                                       CharflowSerialSettings *settings,
                                       GError                **error)
{
  return charflow_mux_backend_set_base_settings (CHARFLOW_MUX_SLOT (backend)->mux, settings, error);
}

static gboolean
charflow_mux_slot_set_break (CharflowBackend *backend,
                             gboolean         on,
                             GError         **error)
{
  CharflowBackend *base = get_base (backend, error);

  return base != NULL && charflow_backend_set_break (base, on, error);
}

static gboolean
charflow_mux_slot_send_break (CharflowBackend *backend,
                              guint            duration_ms,
                              GError         **error)
{
  CharflowBackend *base = get_base (backend, error);

  return base != NULL && charflow_backend_send_break (base, duration_ms, error);
}

static gboolean
charflow_mux_slot_query_modem_lines (CharflowBackend    *backend,
                                     CharflowModemLines *lines,
                                     GError            **error)
{
  CharflowBackend *base = get_base (backend, error);

  return base != NULL && charflow_backend_query_modem_lines (base, lines, error);
}

static gboolean
charflow_mux_slot_set_modem_lines (CharflowBackend   *backend,
                                   CharflowModemLines lines,
                                   GError           **error)
{
  CharflowBackend *base = get_base (backend, error);

  return base != NULL && charflow_backend_set_modem_lines (base, lines, error);
}

static gboolean
charflow_mux_slot_drop_peer (CharflowBackend *backend,
                             GError         **error)
{
  CharflowBackend *base = get_base (backend, error);

  return base != NULL && charflow_backend_drop_peer (base, error);
}

static void
charflow_mux_slot_dispose (GObject *object)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (object);

  /* While there is a multiplexer still. */
  charflow_backend_close (CHARFLOW_BACKEND (self));
  if (self->mux != NULL)
    charflow_mux_backend_remove_slot (self->mux, self);

  G_OBJECT_CLASS (charflow_mux_slot_parent_class)->dispose (object);

  g_clear_object (&self->mux);
}

static void
charflow_mux_slot_finalize (GObject *object)
{
  CharflowMuxSlot *self = CHARFLOW_MUX_SLOT (object);

  charflow_fd_sources_free (self->sources);
  g_clear_pointer (&self->ring, charflow_ring_free);

  G_OBJECT_CLASS (charflow_mux_slot_parent_class)->finalize (object);
}

static void
charflow_mux_slot_class_init (CharflowMuxSlotClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);

  object_class->dispose = charflow_mux_slot_dispose;
  object_class->finalize = charflow_mux_slot_finalize;

  backend_class->open_async = charflow_mux_slot_open_async;
  backend_class->close = charflow_mux_slot_close;
  backend_class->read = charflow_mux_slot_read;
  backend_class->write = charflow_mux_slot_write;
  backend_class->create_source = charflow_mux_slot_create_source;
  backend_class->detach = charflow_mux_slot_detach;
  backend_class->get_resource = charflow_mux_slot_get_resource;
  backend_class->set_front_end_open = charflow_mux_slot_set_front_end_open;
  backend_class->set_echo = charflow_mux_slot_set_echo;
  backend_class->set_serial_settings = charflow_mux_slot_set_serial_settings;
  backend_class->set_break = charflow_mux_slot_set_break;
  backend_class->send_break = charflow_mux_slot_send_break;
  backend_class->query_modem_lines = charflow_mux_slot_query_modem_lines;
  backend_class->set_modem_lines = charflow_mux_slot_set_modem_lines;
  backend_class->drop_peer = charflow_mux_slot_drop_peer;
}

static void
charflow_mux_slot_init (CharflowMuxSlot *self)
{
  self->sources = charflow_fd_sources_new ();
  g_signal_connect (self, "notify::active", G_CALLBACK (active_cb), NULL);
}

CharflowMuxSlot *
charflow_mux_slot_new (CharflowMuxBackend *mux,
                       gsize               size)
{
  g_autoptr (CharflowRing) ring = charflow_ring_new (size);
  CharflowMuxSlot *self;

  if (ring == NULL)
    return NULL;

  self = g_object_new (CHARFLOW_TYPE_MUX_SLOT,
                       "label", charflow_backend_get_label (CHARFLOW_BACKEND (mux)),
                       NULL);
  self->mux = g_object_ref (mux);
  self->ring = g_steal_pointer (&ring);

  return self;
}

gsize
charflow_mux_slot_get_room (CharflowMuxSlot *self)
{
  return charflow_ring_get_room (self->ring);
}

void
charflow_mux_slot_put (CharflowMuxSlot *self,
                       const guint8    *data,
                       gsize            len)
{
  charflow_ring_put (self->ring, data, len);
  update_ready (self);
}

void
charflow_mux_slot_discard (CharflowMuxSlot *self)
{
  charflow_ring_drop (self->ring, charflow_ring_get_stored (self->ring));
  update_ready (self);
}

void
charflow_mux_slot_set_opened (CharflowMuxSlot *self,
                              gboolean         opened)
{
  CharflowBackend *backend = CHARFLOW_BACKEND (self);
  g_autoptr (CharflowMuxSlot) guard = g_object_ref (self);

  /* Somebody else is there already: who has not read the rest by now has it no more. */
  if (opened && self->has_end)
    {
      charflow_mux_slot_discard (self);
      tell_closed (self);
    }
  if (opened)
    {
      if (charflow_backend_is_opened (CHARFLOW_BACKEND (self->mux)))
        charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
      return;
    }

  self->writable = FALSE;
  self->has_end = charflow_backend_is_opened (backend) && charflow_ring_get_stored (self->ring) > 0;
  if (self->has_end)
    update_ready (self);
  else
    tell_closed (self);
}

void
charflow_mux_slot_set_writable (CharflowMuxSlot *self,
                                gboolean         writable)
{
  self->writable = writable;
  update_ready (self);
}

gboolean
charflow_mux_slot_get_front_end_open (CharflowMuxSlot *self)
{
  return self->front_end_open;
}

gboolean
charflow_mux_slot_is_listening (CharflowMuxSlot *self)
{
  return self != NULL && charflow_backend_get_active (CHARFLOW_BACKEND (self));
}

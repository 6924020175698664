/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backend.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-private.h"
#include "charflow-enum-types.h"

/**
 * SECTION:charflow-backend
 * @title: CharflowBackend
 * @short_description: a byte endpoint that never blocks
 *
 * A back end is the outer side of a character device: a pty, a socket, a ring of memory. It is made
 * by its own constructor or from a spec in the syntax of QEMU's `-chardev`, costs nothing until
 * charflow_backend_open_async(), and may be opened again after charflow_backend_close().
 *
 * Two things are told apart: #CharflowBackend:active says that the back end has been opened, and
 * #CharflowBackend:opened that the other side is there. A pty that nobody has opened is active and
 * not opened. Each change of the latter is announced by #CharflowBackend::event.
 *
 * Reading and writing take what can be taken at once and fail with %G_IO_ERROR_WOULD_BLOCK where
 * that is nothing; charflow_backend_create_source() makes a source that says when to try again. Its
 * callback is a #GSourceFunc for every kind of back end. When the other side goes, the sources made
 * for it are destroyed, and charflow_backend_create_source() returns %NULL until
 * %CHARFLOW_EVENT_OPENED. Where only the input has come to its end, as that of a file, the event is
 * the same, and what is written still gets there.
 *
 * A back end belongs to the thread-default #GMainContext in which it was made: it is to be used in
 * the thread that runs this context only.
 *
 * In a subclass, @read or @read_bytes is enough for input. A class need not close in its own
 * dispose function: an active back end is closed when it is disposed of.
 *
 * |[<!-- language="C" -->
 * g_autoptr (GError) error = NULL;
 * g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("ringbuf,id=r0,size=4096", &error);
 *
 * if (backend == NULL)
 *   g_printerr ("%s\n", error->message);
 * else
 *   g_print ("%s is a %s\n", charflow_backend_get_label (backend), G_OBJECT_TYPE_NAME (backend));
 * ]|
 */

/**
 * CharflowBackend:
 *
 * A byte endpoint that never blocks.
 *
 * Since: 1.0
 */

/* How much charflow_backend_read_bytes() reads at once. */
#define MAX_READ 65536

/* One call of charflow_backend_open_async(), from its beginning to the end of the virtual
 * function. */
typedef struct
{
  CharflowBackend *self;
  GTask *task; /* NULL once it has been answered */
  GCancellable *cancellable; /* what the virtual function is given */
  GSource *cancel_source; /* relays the caller's cancellable, or NULL */
} Opening;

typedef struct
{
  char *label;
  char *uri;
  GMainContext *context;
  gpointer owner;
  CharflowBackendReleasedFunc released; /* or NULL */
  gpointer released_data;
  GDestroyNotify free_released_data;
  Opening *opening; /* the one that has not been answered */
  Opening *running; /* the one in the virtual function; another one after a close */
  CharflowFeatures features;
  gboolean active;
  gboolean opened;
  gboolean takes_output; /* also while the other side is not there */
  gboolean opened_early; /* the other side was there before the opening ended */
  CharflowBackendLine line;
  CharflowBackendTap *tap; /* NULL while nobody looks on */
} CharflowBackendPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (CharflowBackend, charflow_backend, G_TYPE_OBJECT)

typedef enum
{
  PROP_LABEL = 1,
  PROP_URI,
  PROP_FEATURES,
  PROP_ACTIVE,
  PROP_OPENED,
  PROP_MODEM_LINES,
  PROP_LOG,
  PROP_RECORDER,
} CharflowBackendProperty;

typedef enum
{
  SIGNAL_EVENT,
} CharflowBackendSignal;

static GParamSpec *props[PROP_RECORDER + 1];
static guint signals[SIGNAL_EVENT + 1];

static CharflowBackendPrivate *
get_private (CharflowBackend *self)
{
  return charflow_backend_get_instance_private (self);
}

const char *
charflow_backend_get_name (CharflowBackend *self)
{
  CharflowBackendPrivate *priv = get_private (self);

  return priv->label != NULL ? priv->label : G_OBJECT_TYPE_NAME (self);
}

gboolean
charflow_backend_check_active (CharflowBackend *self,
                               GError         **error)
{
  if (get_private (self)->active)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_OPEN,
               _("The back end '%s' is not open"), charflow_backend_get_name (self));
  return FALSE;
}

CharflowBackendLine *
charflow_backend_get_line (CharflowBackend *self)
{
  return &get_private (self)->line;
}

CharflowBackendTap **
charflow_backend_get_tap (CharflowBackend *self)
{
  return &get_private (self)->tap;
}

gboolean
charflow_backend_is_in_use (CharflowBackend *self)
{
  CharflowBackendPrivate *priv = get_private (self);

  return priv->active || priv->opening != NULL;
}

void
charflow_backend_fail_with (CharflowBackend *self,
                            GError          *failure,
                            GError         **error)
{
  /* A virtual function in Python that raises anything but a GError fails without one. */
  if (failure != NULL)
    g_propagate_error (error, failure);
  else
    g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_FAILED,
                 _("The back end '%s' failed and did not say why"), charflow_backend_get_name (self));
}

static void
set_active (CharflowBackend *self,
            gboolean         active)
{
  CharflowBackendPrivate *priv = get_private (self);

  priv->active = active;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ACTIVE]);
}

/* The property is notified after the event, so that a handler of the latter is the first to act. */
static void
set_opened (CharflowBackend *self,
            gboolean         opened)
{
  CharflowBackendPrivate *priv = get_private (self);
  g_autoptr (CharflowBackend) guard = g_object_ref (self);

  g_object_freeze_notify (G_OBJECT (self));
  priv->opened = opened;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_OPENED]);
  g_signal_emit (self, signals[SIGNAL_EVENT], 0,
                 opened ? CHARFLOW_EVENT_OPENED : CHARFLOW_EVENT_CLOSED);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
announce_opened (CharflowBackend *self,
                 gboolean         opened)
{
  CharflowBackendTap *tap = get_private (self)->tap;

  if (tap != NULL)
    charflow_backend_tap_event (self, tap, opened ? CHARFLOW_EVENT_OPENED : CHARFLOW_EVENT_CLOSED);
  set_opened (self, opened);
}

static void
opening_stop_relay (Opening *opening)
{
  if (opening->cancel_source != NULL)
    g_source_destroy (opening->cancel_source);
  g_clear_pointer (&opening->cancel_source, g_source_unref);
}

static void
opening_free (Opening *opening)
{
  opening_stop_relay (opening);
  g_clear_object (&opening->cancellable);
  g_clear_object (&opening->task);
  g_clear_object (&opening->self);
  g_free (opening);
}

/* From the loop and not from the handler of the caller's cancellable, which may run in any
 * thread. */
static gboolean
relay_cancel_cb (GCancellable *cancellable,
                 gpointer      user_data)
{
  GCancellable *inner = user_data;

  g_cancellable_cancel (inner);

  return G_SOURCE_REMOVE;
}

/* Becomes active with the other side there already or not, then answers. */
static void
finish_opening (CharflowBackend *self,
                Opening         *opening)
{
  CharflowBackendPrivate *priv = get_private (self);
  g_autoptr (GTask) task = NULL;

  /* The opening stays in place meanwhile, so that a handler that closes is answered properly. */
  g_object_freeze_notify (G_OBJECT (self));
  set_active (self, TRUE);
  if (priv->opened_early)
    {
      priv->opened_early = FALSE;
      announce_opened (self, TRUE);
    }
  g_object_thaw_notify (G_OBJECT (self));

  task = g_steal_pointer (&opening->task);
  if (priv->opening == opening)
    priv->opening = NULL;
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void start_opening (CharflowBackend *self);

static void
open_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Opening *opening = user_data;
  CharflowBackend *self = opening->self;
  CharflowBackendPrivate *priv = get_private (self);
  CharflowBackendClass *klass = CHARFLOW_BACKEND_GET_CLASS (self);
  g_autoptr (GError) error = NULL;
  gboolean opened = klass->open_finish (self, result, &error);

  priv->running = NULL;
  opening_stop_relay (opening);

  /* Success that came too late is undone, since nobody would know of it. */
  if (opened && g_cancellable_is_cancelled (opening->cancellable))
    {
      opened = FALSE;
      klass->close (self);
      g_cancellable_set_error_if_cancelled (opening->cancellable, &error);
    }

  if (opened)
    {
      finish_opening (self, opening);
    }
  else if (opening->task != NULL)
    {
      g_autoptr (GTask) task = g_steal_pointer (&opening->task);

      priv->opening = NULL;
      priv->opened_early = FALSE;
      charflow_backend_tap_close (self);
      if (error == NULL)
        charflow_backend_fail_with (self, NULL, &error);
      g_task_return_error (task, g_steal_pointer (&error));
    }

  if (priv->opening != NULL && priv->running == NULL)
    start_opening (self);
  opening_free (opening);
}

static void
start_opening (CharflowBackend *self)
{
  CharflowBackendPrivate *priv = get_private (self);
  Opening *opening = priv->opening;

  priv->running = opening;
  priv->opened_early = FALSE;
  CHARFLOW_BACKEND_GET_CLASS (self)->open_async (self, opening->cancellable, open_cb, opening);
}

static void
charflow_backend_real_open_async (CharflowBackend    *self,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, charflow_backend_real_open_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_return_boolean (task, TRUE);
}

static gboolean
charflow_backend_real_open_finish (CharflowBackend *self,
                                   GAsyncResult    *result,
                                   GError         **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
charflow_backend_real_close (CharflowBackend *self)
{
}

static gssize
charflow_backend_real_read (CharflowBackend *self,
                            void            *buffer,
                            gsize            size,
                            GError         **error)
{
  g_autoptr (GBytes) bytes = CHARFLOW_BACKEND_GET_CLASS (self)->read_bytes (self, size, error);
  const void *data;
  gsize len;

  if (bytes == NULL)
    return -1;

  data = g_bytes_get_data (bytes, &len);
  if (len > size)
    {
      g_warning ("%s returned %" G_GSIZE_FORMAT " bytes where at most %" G_GSIZE_FORMAT " were asked for",
                 G_OBJECT_TYPE_NAME (self), len, size);
      len = size;
    }
  if (len > 0)
    memcpy (buffer, data, len);

  return (gssize) len;
}

static GBytes *
charflow_backend_real_read_bytes (CharflowBackend *self,
                                  gsize            max_size,
                                  GError         **error)
{
  CharflowBackendClass *klass = CHARFLOW_BACKEND_GET_CLASS (self);
  gsize size = MIN (max_size, MAX_READ);
  g_autofree guint8 *buffer = NULL;
  gssize len;

  /* Each default calls the other one: a class with neither never has input. */
  if (klass->read == charflow_backend_real_read)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           _("There is nothing to read"));
      return NULL;
    }

  buffer = g_malloc (size);
  len = klass->read (self, buffer, size, error);
  if (len < 0)
    return NULL;

  return g_bytes_new_take (g_realloc (g_steal_pointer (&buffer), len), len);
}

static CharflowBackend *
charflow_backend_real_attach (CharflowBackend *self,
                              GError         **error)
{
  return g_object_ref (self);
}

static void
charflow_backend_dispose (GObject *object)
{
  charflow_backend_close (CHARFLOW_BACKEND (object));
  charflow_backend_reset_line (CHARFLOW_BACKEND (object));
  charflow_backend_tap_clear (CHARFLOW_BACKEND (object));

  G_OBJECT_CLASS (charflow_backend_parent_class)->dispose (object);
}

static void
charflow_backend_finalize (GObject *object)
{
  CharflowBackendPrivate *priv = get_private (CHARFLOW_BACKEND (object));

  if (priv->released != NULL)
    priv->free_released_data (priv->released_data);
  g_free (priv->label);
  g_free (priv->uri);
  g_main_context_unref (priv->context);

  G_OBJECT_CLASS (charflow_backend_parent_class)->finalize (object);
}

static void
charflow_backend_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  CharflowBackend *self = CHARFLOW_BACKEND (object);

  switch ((CharflowBackendProperty) prop_id)
    {
    case PROP_LABEL:
      g_value_set_string (value, charflow_backend_get_label (self));
      break;
    case PROP_URI:
      g_value_take_string (value, charflow_backend_get_uri (self));
      break;
    case PROP_FEATURES:
      g_value_set_flags (value, charflow_backend_get_features (self));
      break;
    case PROP_ACTIVE:
      g_value_set_boolean (value, charflow_backend_get_active (self));
      break;
    case PROP_OPENED:
      g_value_set_boolean (value, charflow_backend_get_opened (self));
      break;
    case PROP_MODEM_LINES:
      g_value_set_flags (value, charflow_backend_get_modem_lines (self));
      break;
    case PROP_LOG:
      g_value_set_object (value, charflow_backend_get_log (self));
      break;
    case PROP_RECORDER:
      g_value_set_object (value, charflow_backend_get_recorder (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_backend_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  CharflowBackend *self = CHARFLOW_BACKEND (object);

  switch ((CharflowBackendProperty) prop_id)
    {
    case PROP_LABEL:
      get_private (self)->label = g_value_dup_string (value);
      break;
    case PROP_LOG:
      charflow_backend_tap_set_log_property (self, g_value_get_object (value));
      break;
    case PROP_RECORDER:
      charflow_backend_tap_set_recorder_property (self, g_value_get_object (value));
      break;
    case PROP_URI:
    case PROP_FEATURES:
    case PROP_ACTIVE:
    case PROP_OPENED:
    case PROP_MODEM_LINES:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_backend_class_init (CharflowBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = charflow_backend_dispose;
  object_class->finalize = charflow_backend_finalize;
  object_class->get_property = charflow_backend_get_property;
  object_class->set_property = charflow_backend_set_property;

  klass->open_async = charflow_backend_real_open_async;
  klass->open_finish = charflow_backend_real_open_finish;
  klass->close = charflow_backend_real_close;
  klass->read = charflow_backend_real_read;
  klass->read_bytes = charflow_backend_real_read_bytes;
  klass->attach = charflow_backend_real_attach;

  /**
   * CharflowBackend:label:
   *
   * The name of the back end, which messages use: the `id` of its spec.
   *
   * Since: 1.0
   */
  props[PROP_LABEL] =
    g_param_spec_string ("label", NULL, "The name of the back end",
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowBackend:uri:
   *
   * Where the back end leads to, as text for people; %NULL when it leads nowhere yet.
   *
   * Since: 1.0
   */
  props[PROP_URI] =
    g_param_spec_string ("uri", NULL, "Where the back end leads to, for people",
                         NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowBackend:features:
   *
   * What the back end is able to do.
   *
   * Since: 1.0
   */
  props[PROP_FEATURES] =
    g_param_spec_flags ("features", NULL, "What the back end is able to do",
                        CHARFLOW_TYPE_FEATURES, CHARFLOW_FEATURE_NONE,
                        G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowBackend:active:
   *
   * Whether the back end has been opened, and not been closed since.
   *
   * Since: 1.0
   */
  props[PROP_ACTIVE] =
    g_param_spec_boolean ("active", NULL, "Whether the back end has been opened",
                          FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowBackend:opened:
   *
   * Whether the other side is there, so that data can flow.
   *
   * Since: 1.0
   */
  props[PROP_OPENED] =
    g_param_spec_boolean ("opened", NULL, "Whether the other side is there",
                          FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowBackend:modem-lines:
   *
   * Which lines of the serial port are on, as far as the back end has been told;
   * %CHARFLOW_MODEM_LINES_NONE where there is no serial port.
   *
   * Since: 1.0
   */
  props[PROP_MODEM_LINES] =
    g_param_spec_flags ("modem-lines", NULL, "Which lines of the serial port are on",
                        CHARFLOW_TYPE_MODEM_LINES, CHARFLOW_MODEM_LINES_NONE,
                        G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowBackend:log:
   *
   * Where the bytes that pass are written, or %NULL. Where it cannot be set, see charflow_backend_set_log(), the one before
   * stays, and the #CharflowLog::failed of the new one tells why.
   *
   * Since: 1.0
   */
  props[PROP_LOG] =
    g_param_spec_object ("log", NULL, "Where the bytes that pass are written",
                         CHARFLOW_TYPE_LOG,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowBackend:recorder:
   *
   * What records all that happens, or %NULL. Where it cannot be set, see charflow_backend_set_recorder(), the one before
   * stays, and the #CharflowRecorder::failed of the new one tells why.
   *
   * Since: 1.0
   */
  props[PROP_RECORDER] =
    g_param_spec_object ("recorder", NULL, "What records all that happens",
                         CHARFLOW_TYPE_RECORDER,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowBackend::event:
   * @self: the back end
   * @event: what happened
   *
   * Something besides data happened. %CHARFLOW_EVENT_OPENED and %CHARFLOW_EVENT_CLOSED come in
   * turn, each once.
   *
   * Since: 1.0
   */
  signals[SIGNAL_EVENT] =
    g_signal_new ("event", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                  0, NULL, NULL, NULL, G_TYPE_NONE, 1, CHARFLOW_TYPE_EVENT);
}

static void
charflow_backend_init (CharflowBackend *self)
{
  CharflowBackendPrivate *priv = get_private (self);

  priv->context = g_main_context_ref_thread_default ();
}

/**
 * charflow_backend_get_label:
 * @self: a back end
 *
 * Gets the name of the back end, which messages use: the `id` of its spec.
 *
 * Returns: (nullable): the label
 *
 * Since: 1.0
 */
const char *
charflow_backend_get_label (CharflowBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);

  return get_private (self)->label;
}

/**
 * charflow_backend_get_features:
 * @self: a back end
 *
 * Gets what the back end is able to do.
 *
 * Returns: its features
 *
 * Since: 1.0
 */
CharflowFeatures
charflow_backend_get_features (CharflowBackend *self)
{
  CharflowBackendPrivate *priv;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), CHARFLOW_FEATURE_NONE);

  priv = get_private (self);
  if (priv->tap != NULL && priv->tap->recorder != NULL)
    return priv->features | CHARFLOW_FEATURE_RECORDED;

  return priv->features;
}

/**
 * charflow_backend_has_feature:
 * @self: a back end
 * @feature: one feature, or several
 *
 * Tells whether the back end is able to do all of @feature.
 *
 * Returns: %TRUE if it is
 *
 * Since: 1.0
 */
gboolean
charflow_backend_has_feature (CharflowBackend *self,
                              CharflowFeatures feature)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);

  return (charflow_backend_get_features (self) & feature) == feature;
}

/**
 * charflow_backend_get_active:
 * @self: a back end
 *
 * Tells whether the back end has been opened, and not been closed since.
 *
 * Returns: %TRUE if it is active
 *
 * Since: 1.0
 */
gboolean
charflow_backend_get_active (CharflowBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);

  return get_private (self)->active;
}

gboolean
charflow_backend_is_opened (CharflowBackend *self)
{
  return get_private (self)->opened;
}

/**
 * charflow_backend_get_opened:
 * @self: a back end
 *
 * Tells whether the other side is there, so that data can flow.
 *
 * Returns: %TRUE if it is there
 *
 * Since: 1.0
 */
gboolean
charflow_backend_get_opened (CharflowBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);

  return get_private (self)->opened;
}

/**
 * charflow_backend_get_uri:
 * @self: a back end
 *
 * Gets where the back end leads to, as text for people; %NULL when it leads nowhere yet.
 *
 * Returns: (nullable) (transfer full): the text
 *
 * Since: 1.0
 */
char *
charflow_backend_get_uri (CharflowBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);

  return g_strdup (get_private (self)->uri);
}

/**
 * charflow_backend_open_async:
 * @self: a back end
 * @cancellable: (nullable): cancels the opening, or %NULL
 * @callback: (nullable) (scope async): called when it is done
 * @user_data: data for @callback
 *
 * Opens the back end: makes the pty, listens, connects.
 *
 * That the other side is there too is another matter, see #CharflowBackend:opened. A back end that
 * is open, or being opened, fails with %CHARFLOW_BACKEND_ERROR_ALREADY_OPEN;
 * charflow_backend_close() meanwhile makes this fail with %G_IO_ERROR_CLOSED. Where there are a
 * #CharflowBackend:log and a #CharflowBackend:recorder, their files are opened before anything else,
 * and the errors of that are errors of this.
 *
 * Since: 1.0
 */
void
charflow_backend_open_async (CharflowBackend    *self,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  CharflowBackendPrivate *priv;
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  Opening *opening;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  priv = get_private (self);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, charflow_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (priv->active || priv->opening != NULL)
    {
      g_task_return_new_error (task, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_ALREADY_OPEN,
                               _("The back end '%s' is open already"),
                               charflow_backend_get_name (self));
      return;
    }

  if (g_task_return_error_if_cancelled (task))
    return;

  if (!charflow_backend_tap_open (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  opening = g_new0 (Opening, 1);
  opening->self = g_object_ref (self);
  opening->task = g_steal_pointer (&task);
  opening->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    {
      opening->cancel_source = g_cancellable_source_new (cancellable);
      g_source_set_callback (opening->cancel_source, G_SOURCE_FUNC (relay_cancel_cb),
                             g_object_ref (opening->cancellable), g_object_unref);
      g_source_attach (opening->cancel_source, priv->context);
    }

  /* What an earlier close left running comes to its end first; then open_cb() starts this one. */
  priv->opening = opening;
  if (priv->running == NULL)
    start_opening (self);
}

/**
 * charflow_backend_open_finish:
 * @self: a back end
 * @result: the result given to the callback
 * @error: return location for a #GError
 *
 * Ends charflow_backend_open_async().
 *
 * Returns: %TRUE if the back end is active now
 *
 * Since: 1.0
 */
gboolean
charflow_backend_open_finish (CharflowBackend *self,
                              GAsyncResult    *result,
                              GError         **error)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
abort_opening (CharflowBackend *self)
{
  CharflowBackendPrivate *priv = get_private (self);
  Opening *opening = g_steal_pointer (&priv->opening);
  g_autoptr (GTask) task = g_steal_pointer (&opening->task);

  priv->opened_early = FALSE;
  charflow_backend_tap_close (self);
  if (priv->running == opening)
    g_cancellable_cancel (opening->cancellable); /* open_cb() frees it */
  else if (!priv->active)
    opening_free (opening);

  if (task != NULL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED,
                             _("The back end '%s' was closed while it was being opened"),
                             charflow_backend_get_name (self));
}

/**
 * charflow_backend_close:
 * @self: a back end
 *
 * Closes the back end, or gives up its opening. Where the other side was there,
 * %CHARFLOW_EVENT_CLOSED follows.
 *
 * A back end that is not open stays as it is; one that was closed may be opened again.
 *
 * Since: 1.0
 */
void
charflow_backend_close (CharflowBackend *self)
{
  CharflowBackendPrivate *priv;
  g_autoptr (CharflowBackend) guard = NULL;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));

  guard = g_object_ref (self);
  priv = get_private (self);
  if (priv->opening != NULL)
    abort_opening (self);
  if (!priv->active)
    return;

  g_object_freeze_notify (G_OBJECT (self));
  set_active (self, FALSE);
  CHARFLOW_BACKEND_GET_CLASS (self)->close (self);
  charflow_backend_reset_line (self);
  if (priv->opened && priv->tap != NULL)
    charflow_backend_tap_event (self, priv->tap, CHARFLOW_EVENT_CLOSED);
  charflow_backend_tap_close (self);
  if (priv->opened)
    set_opened (self, FALSE);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * charflow_backend_read: (skip)
 * @self: a back end
 * @buffer: where the bytes go
 * @size: how many there is room for, at least 1
 * @error: return location for a #GError
 *
 * Takes what has come, up to @size bytes.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK when nothing has, and with %CHARFLOW_BACKEND_ERROR_NOT_OPEN
 * unless #CharflowBackend:active. That the other side has gone is announced by
 * #CharflowBackend::event, also from inside of this call, and only after all that it had sent was
 * read.
 *
 * Only C can use it; elsewhere it is charflow_backend_read_bytes().
 *
 * Returns: the number of bytes, 0 when the other side has gone, or -1 with @error set
 *
 * Since: 1.0
 */
gssize
charflow_backend_read (CharflowBackend *self,
                       void            *buffer,
                       gsize            size,
                       GError         **error)
{
  g_autoptr (CharflowBackend) guard = NULL;
  CharflowBackendTap *tap;
  GError *failure = NULL;
  gssize len;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), -1);
  g_return_val_if_fail (buffer != NULL && size > 0, -1);

  if (!charflow_backend_check_active (self, error))
    return -1;

  guard = g_object_ref (self);
  len = CHARFLOW_BACKEND_GET_CLASS (self)->read (self, buffer, MIN (size, G_MAXSSIZE), &failure);
  if (len < 0)
    charflow_backend_fail_with (self, failure, error);

  tap = get_private (self)->tap;
  if (tap != NULL && len > 0)
    charflow_backend_tap_input (self, tap, buffer, len);

  return len;
}

/**
 * charflow_backend_read_bytes:
 * @self: a back end
 * @max_size: the most to take, at least 1
 * @error: return location for a #GError
 *
 * Takes what has come, up to @max_size bytes.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK when nothing has, and with %CHARFLOW_BACKEND_ERROR_NOT_OPEN
 * unless #CharflowBackend:active. That the other side has gone is announced by
 * #CharflowBackend::event, also from inside of this call, and only after all that it had sent was
 * read.
 *
 * Returns: (transfer full): the bytes, none when the other side has gone
 *
 * Since: 1.0
 */
GBytes *
charflow_backend_read_bytes (CharflowBackend *self,
                             gsize            max_size,
                             GError         **error)
{
  g_autoptr (CharflowBackend) guard = NULL;
  CharflowBackendTap *tap;
  GError *failure = NULL;
  GBytes *bytes;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);
  g_return_val_if_fail (max_size > 0, NULL);

  if (!charflow_backend_check_active (self, error))
    return NULL;

  guard = g_object_ref (self);
  bytes = CHARFLOW_BACKEND_GET_CLASS (self)->read_bytes (self, MIN (max_size, G_MAXSSIZE), &failure);
  if (bytes == NULL)
    charflow_backend_fail_with (self, failure, error);

  tap = get_private (self)->tap;
  if (tap != NULL && bytes != NULL)
    charflow_backend_tap_input (self, tap, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  return bytes;
}

/**
 * charflow_backend_write:
 * @self: a back end
 * @data: (array length=size): the bytes
 * @size: how many there are
 * @error: return location for a #GError
 *
 * Writes as many of the bytes as can be taken at once. Where these are not all, a source of
 * charflow_backend_create_source() says when to go on.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK when that is none, which it is too while nobody is on the
 * other side, and with %CHARFLOW_BACKEND_ERROR_NOT_OPEN unless #CharflowBackend:active. Another
 * error means that the other side has gone.
 *
 * Returns: the number of bytes that were taken, or -1 with @error set
 *
 * Since: 1.0
 */
gssize
charflow_backend_write (CharflowBackend *self,
                        const guint8    *data,
                        gsize            size,
                        GError         **error)
{
  CharflowBackendClass *klass;
  g_autoptr (CharflowBackend) guard = NULL;
  CharflowBackendTap *tap;
  GError *failure = NULL;
  gssize len;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), -1);
  g_return_val_if_fail (data != NULL || size == 0, -1);

  if (!charflow_backend_check_active (self, error))
    return -1;
  if (size == 0)
    return 0;

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (klass->write == NULL)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                   /* Translators: the name of a class. */
                   _("Nothing can be written to a %s"), G_OBJECT_TYPE_NAME (self));
      return -1;
    }

  guard = g_object_ref (self);
  len = klass->write (self, data, MIN (size, G_MAXSSIZE), &failure);
  /* What Python raises comes with a result of 0. */
  if (len < 0 || failure != NULL)
    {
      charflow_backend_fail_with (self, failure, error);
      return -1;
    }

  tap = get_private (self)->tap;
  if (tap != NULL)
    charflow_backend_tap_output (self, tap, data, MIN ((gsize) len, size));

  return len;
}

/**
 * charflow_backend_create_source:
 * @self: a back end
 * @condition: %G_IO_IN, %G_IO_OUT or both
 *
 * Makes a source that is dispatched when there is something to read or room to write, and when the
 * other side goes.
 *
 * Its callback is a #GSourceFunc. It is to be attached to the context in which the back end was
 * made, and ought to be held only while somebody will read or write: after the other side has gone
 * it is dispatched until a read has said so.
 *
 * Returns: (nullable) (transfer full): the source, or %NULL when waiting would be of no use: the
 *   other side is not there, or the back end never blocks
 *
 * Since: 1.0
 */
GSource *
charflow_backend_create_source (CharflowBackend *self,
                                GIOCondition     condition)
{
  CharflowBackendClass *klass;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND (self), NULL);

  klass = CHARFLOW_BACKEND_GET_CLASS (self);
  if (!get_private (self)->active || klass->create_source == NULL)
    return NULL;

  return klass->create_source (self, condition);
}

/**
 * charflow_backend_emit_event:
 * @self: a back end
 * @event: what happened
 *
 * Announces an event, for implementors.
 *
 * %CHARFLOW_EVENT_OPENED and %CHARFLOW_EVENT_CLOSED set #CharflowBackend:opened, and are not
 * repeated. The former may come before the opening has ended, and is then emitted once the back end
 * is active; the latter is emitted by charflow_backend_close() itself.
 *
 * Since: 1.0
 */
void
charflow_backend_emit_event (CharflowBackend *self,
                             CharflowEvent    event)
{
  CharflowBackendPrivate *priv;
  g_autoptr (CharflowBackend) guard = NULL;
  gboolean opened = event == CHARFLOW_EVENT_OPENED;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));

  priv = get_private (self);
  if (!opened && event != CHARFLOW_EVENT_CLOSED)
    {
      guard = g_object_ref (self);
      if (priv->tap != NULL)
        charflow_backend_tap_event (self, priv->tap, event);
      g_signal_emit (self, signals[SIGNAL_EVENT], 0, event);
      return;
    }

  if (!priv->active)
    {
      priv->opened_early = opened && priv->running != NULL;
      return;
    }

  if (priv->opened != opened)
    announce_opened (self, opened);
}

void
charflow_backend_set_takes_output (CharflowBackend *self,
                                   gboolean         takes_output)
{
  get_private (self)->takes_output = takes_output;
}

gboolean
charflow_backend_takes_output (CharflowBackend *self)
{
  CharflowBackendPrivate *priv = get_private (self);

  return priv->opened || (priv->active && priv->takes_output);
}

/**
 * charflow_backend_set_uri:
 * @self: a back end
 * @uri: (nullable): the text
 *
 * Sets where the back end leads to, as text for people, for implementors.
 *
 * Since: 1.0
 */
void
charflow_backend_set_uri (CharflowBackend *self,
                          const char      *uri)
{
  CharflowBackendPrivate *priv;

  g_return_if_fail (CHARFLOW_IS_BACKEND (self));

  priv = get_private (self);
  if (g_strcmp0 (priv->uri, uri) == 0)
    return;

  g_free (priv->uri);
  priv->uri = g_strdup (uri);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_URI]);
}

static void
set_features (CharflowBackend *self,
              CharflowFeatures features)
{
  CharflowBackendPrivate *priv = get_private (self);

  if (priv->features == features)
    return;

  priv->features = features;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FEATURES]);
}

/**
 * charflow_backend_add_features:
 * @self: a back end
 * @features: what it is able to do from now on, too
 *
 * Adds to what the back end is able to do, for implementors.
 *
 * Since: 1.0
 */
void
charflow_backend_add_features (CharflowBackend *self,
                               CharflowFeatures features)
{
  g_return_if_fail (CHARFLOW_IS_BACKEND (self));

  set_features (self, get_private (self)->features | features);
}

/**
 * charflow_backend_drop_features:
 * @self: a back end
 * @features: what it is not able to do any more
 *
 * Takes from what the back end is able to do, for implementors.
 *
 * Since: 1.0
 */
void
charflow_backend_drop_features (CharflowBackend *self,
                                CharflowFeatures features)
{
  g_return_if_fail (CHARFLOW_IS_BACKEND (self));

  set_features (self, get_private (self)->features & ~features);
}

CharflowBackend *
charflow_backend_claim (CharflowBackend *self,
                        gpointer         owner,
                        GError         **error)
{
  GError *failure = NULL;
  g_autoptr (CharflowBackend) part = CHARFLOW_BACKEND_GET_CLASS (self)->attach (self, &failure);
  CharflowBackendPrivate *priv;

  if (part == NULL)
    {
      charflow_backend_fail_with (self, failure, error);
      return NULL;
    }

  priv = get_private (part);
  if (priv->owner != NULL && priv->owner != owner)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY,
                   _("The back end '%s' is in use"), charflow_backend_get_name (self));
      return NULL;
    }

  priv->owner = owner;
  return g_steal_pointer (&part);
}

void
charflow_backend_tell_release (CharflowBackend *self)
{
  CharflowBackendPrivate *priv = get_private (self);
  CharflowBackendReleasedFunc callback = priv->released;
  gpointer data = priv->released_data;
  GDestroyNotify free_data = priv->free_released_data;

  if (callback == NULL)
    return;

  priv->released = NULL;
  callback (self, data);
  free_data (data);
}

void
charflow_backend_release (CharflowBackend *self,
                          gpointer         owner)
{
  CharflowBackendPrivate *priv = get_private (self);
  CharflowBackendClass *klass = CHARFLOW_BACKEND_GET_CLASS (self);

  if (priv->owner != owner)
    return;

  priv->owner = NULL;
  if (klass->detach != NULL)
    klass->detach (self);
  charflow_backend_tell_release (self);
}

void
charflow_backend_await_release (CharflowBackend            *self,
                                CharflowBackendReleasedFunc callback,
                                gpointer                    data,
                                GDestroyNotify              free_data)
{
  CharflowBackendPrivate *priv = get_private (self);

  if (priv->released != NULL)
    priv->free_released_data (priv->released_data);
  priv->released = callback;
  priv->released_data = data;
  priv->free_released_data = free_data;
}

gpointer
charflow_backend_get_owner (CharflowBackend *self)
{
  return get_private (self)->owner;
}

GMainContext *
charflow_backend_get_context (CharflowBackend *self)
{
  return get_private (self)->context;
}

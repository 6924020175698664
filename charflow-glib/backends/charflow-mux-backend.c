/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-mux-backend.h"

#include "charflow-backend-private.h"
#include "charflow-mux-backend-private.h"
#include "charflow-source-private.h"

/**
 * SECTION:charflow-mux-backend
 * @title: CharflowMuxBackend
 * @short_description: one back end for several front ends
 *
 * A multiplexer lets several devices share another back end, its base: a console and a monitor on one terminal. It is given
 * to each of them as its back end, up to #CharflowMuxBackend:max-front-ends. What they write goes to the base as it comes, a
 * fair part of each; what the base brings goes to the one that has the focus.
 *
 * A front end takes the focus when it starts to listen: when its device is started, or gets the multiplexer while it runs.
 * The other side moves the focus, and commands more, by #CharflowMuxBackend:escape-char and one more byte, neither of
 * which reaches a front end:
 *
 * - `h` or `?` writes a help text to the base
 * - `b` is a %CHARFLOW_EVENT_BREAK for the front end that has the focus
 * - `c` gives the focus to the next front end
 * - `t` begins or ends #CharflowMuxBackend:timestamps
 * - the escape byte again is that byte for the front end
 * - `x`, `s` and all others are left to the program, see #CharflowMuxBackend::escape-command
 *
 * For a front end that does not read, #CharflowMuxBackend:ring-size bytes wait, and as many more as
 * #CharflowMuxBackend:look-ahead says are read to find an escape among them; then the base has to wait. When a front end
 * that has the focus leaves, nobody has it until it is moved or another one comes, and what the base brings until then is
 * lost; without any front end the base is not read.
 *
 * The base belongs to the multiplexer: no device can have it meanwhile. It is opened and closed with the multiplexer, unless
 * the program has opened it itself. The first device that opens the multiplexer opens it for all, and when the last of those
 * has let go of it, it is closed; one that the program has opened is left open. It is #CharflowBackend:opened when the
 * base is, and all front ends are told of the base's %CHARFLOW_EVENT_OPENED, %CHARFLOW_EVENT_CLOSED and
 * %CHARFLOW_EVENT_BREAK. A break of the multiplexer itself, by charflow_backend_emit_event(), is for the one that has the
 * focus.
 *
 * A base may be a multiplexer itself. It belongs to the same main context. In a spec it is `mux`, with the option `chardev` for the label of the base, for which
 * a #CharflowBackendRegistry is needed, or the option `mux=on` of any other kind.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowMuxBackend) mux = charflow_mux_backend_new (keyboard);
 * g_autoptr (CharflowCharDevice) guest = charflow_char_device_new (CHARFLOW_BACKEND (mux));
 * g_autoptr (CharflowCharDevice) monitor = charflow_char_device_new (CHARFLOW_BACKEND (mux));
 *
 * charflow_char_device_start (guest);
 * charflow_char_device_start (monitor);
 * g_print ("Ctrl-a c goes around %u devices\n", charflow_mux_backend_get_n_front_ends (mux));
 * ]|
 */

/**
 * CharflowMuxBackend:
 *
 * One back end for several front ends.
 *
 * Since: 1.0
 */

#define DEFAULT_ESCAPE_CHAR 0x01

G_DEFINE_FINAL_TYPE (CharflowMuxBackend, charflow_mux_backend, CHARFLOW_TYPE_BACKEND)

typedef enum
{
  PROP_BACKEND = 1,
  PROP_MAX_FRONT_ENDS,
  PROP_N_FRONT_ENDS,
  PROP_RING_SIZE,
  PROP_LOOK_AHEAD,
  PROP_ESCAPE_CHAR,
  PROP_TIMESTAMPS,
  PROP_FOCUS,
} CharflowMuxBackendProperty;

static GParamSpec *props[PROP_FOCUS + 1];
guint charflow_mux_backend_signals[CHARFLOW_MUX_BACKEND_SIGNAL_BACKEND_ERROR + 1];

static void
charflow_mux_backend_open_async (CharflowBackend    *backend,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data)
{
  CharflowMuxBackend *self = CHARFLOW_MUX_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (CharflowBackend) part = NULL;
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, charflow_mux_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  /* The base that was given at construction may have been in use. */
  if (self->base == NULL && !charflow_mux_backend_claim_base (self, self->given, &part, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (part != NULL)
    {
      charflow_mux_backend_take_base (self, self->given, part);
      charflow_mux_backend_follow_base (self);
    }

  charflow_mux_backend_open_base (self, task);
}

static void
charflow_mux_backend_close (CharflowBackend *backend)
{
  CharflowMuxBackend *self = CHARFLOW_MUX_BACKEND (backend);

  charflow_mux_backend_forget_peer (self);
  for (guint i = 0; i < self->slots->len; i++)
    if (charflow_mux_backend_get_slot (self, i) != NULL)
      charflow_mux_slot_discard (charflow_mux_backend_get_slot (self, i));
  charflow_mux_backend_close_base (self);
}

static char *
charflow_mux_backend_get_resource (CharflowBackend *backend)
{
  CharflowMuxBackend *self = CHARFLOW_MUX_BACKEND (backend);

  return self->given == NULL ? NULL : charflow_backend_get_resource (self->given);
}

/* What was given as the base while the multiplexer was just about to be open has not been opened by that. */
static void
active_cb (CharflowMuxBackend *self)
{
  if (charflow_backend_get_active (CHARFLOW_BACKEND (self)) && self->base != NULL && !self->base_is_ours)
    charflow_mux_backend_open_base (self, NULL);
}

static void
charflow_mux_backend_dispose (GObject *object)
{
  CharflowMuxBackend *self = CHARFLOW_MUX_BACKEND (object);
  g_autoptr (CharflowBackend) to_close = NULL;

  charflow_backend_close (CHARFLOW_BACKEND (self));
  to_close = charflow_mux_backend_release_base (self);
  if (to_close != NULL)
    charflow_backend_close (to_close);
  charflow_clear_source (&self->notify_source);

  G_OBJECT_CLASS (charflow_mux_backend_parent_class)->dispose (object);
}

static void
charflow_mux_backend_finalize (GObject *object)
{
  CharflowMuxBackend *self = CHARFLOW_MUX_BACKEND (object);

  g_queue_clear (&self->writers);
  g_ptr_array_unref (self->slots);
  charflow_mux_output_free (self->output);
  g_clear_pointer (&self->settings, charflow_serial_settings_unref);

  G_OBJECT_CLASS (charflow_mux_backend_parent_class)->finalize (object);
}

static void
charflow_mux_backend_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  CharflowMuxBackend *self = CHARFLOW_MUX_BACKEND (object);

  switch ((CharflowMuxBackendProperty) prop_id)
    {
    case PROP_BACKEND:
      g_value_set_object (value, charflow_mux_backend_get_backend (self));
      break;
    case PROP_MAX_FRONT_ENDS:
      g_value_set_uint (value, charflow_mux_backend_get_max_front_ends (self));
      break;
    case PROP_N_FRONT_ENDS:
      g_value_set_uint (value, charflow_mux_backend_get_n_front_ends (self));
      break;
    case PROP_RING_SIZE:
      g_value_set_uint (value, charflow_mux_backend_get_ring_size (self));
      break;
    case PROP_LOOK_AHEAD:
      g_value_set_uint (value, charflow_mux_backend_get_look_ahead (self));
      break;
    case PROP_ESCAPE_CHAR:
      g_value_set_uint (value, charflow_mux_backend_get_escape_char (self));
      break;
    case PROP_TIMESTAMPS:
      g_value_set_boolean (value, charflow_mux_backend_get_timestamps (self));
      break;
    case PROP_FOCUS:
      g_value_set_int (value, charflow_mux_backend_get_focus (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_backend_property (CharflowMuxBackend *self,
                      CharflowBackend    *backend)
{
  g_autoptr (GError) error = NULL;

  if (charflow_mux_backend_set_backend (self, backend, &error))
    return;

  /* At construction there is nobody to tell yet: opening tries again, and says it. */
  if (self->given == NULL)
    self->given = g_object_ref (backend);
  else
    charflow_mux_backend_tell_error (self, error);
}

static void
charflow_mux_backend_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  CharflowMuxBackend *self = CHARFLOW_MUX_BACKEND (object);

  switch ((CharflowMuxBackendProperty) prop_id)
    {
    case PROP_BACKEND:
      set_backend_property (self, g_value_get_object (value));
      break;
    case PROP_MAX_FRONT_ENDS:
      self->max_front_ends = g_value_get_uint (value);
      break;
    case PROP_RING_SIZE:
      self->ring_size = g_value_get_uint (value);
      break;
    case PROP_LOOK_AHEAD:
      self->look_ahead = g_value_get_uint (value);
      break;
    case PROP_ESCAPE_CHAR:
      charflow_mux_backend_set_escape_char (self, g_value_get_uint (value));
      break;
    case PROP_TIMESTAMPS:
      charflow_mux_backend_set_timestamps (self, g_value_get_boolean (value));
      break;
    case PROP_N_FRONT_ENDS:
    case PROP_FOCUS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_mux_backend_class_init (CharflowMuxBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = charflow_mux_backend_dispose;
  object_class->finalize = charflow_mux_backend_finalize;
  object_class->get_property = charflow_mux_backend_get_property;
  object_class->set_property = charflow_mux_backend_set_property;

  backend_class->open_async = charflow_mux_backend_open_async;
  backend_class->close = charflow_mux_backend_close;
  backend_class->attach = charflow_mux_backend_attach;
  backend_class->get_resource = charflow_mux_backend_get_resource;

  /**
   * CharflowMuxBackend:backend:
   *
   * The base: the back end that the front ends share.
   *
   * Where setting it fails, it stays what it was, and #CharflowMuxBackend::backend-error says why; at construction, the
   * opening fails. charflow_mux_backend_set_backend() returns the error instead.
   *
   * Since: 1.0
   */
  props[PROP_BACKEND] =
    g_param_spec_object ("backend", NULL, "The back end that the front ends share",
                         CHARFLOW_TYPE_BACKEND,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowMuxBackend:max-front-ends:
   *
   * How many front ends there can be at the same time.
   *
   * Since: 1.0
   */
  props[PROP_MAX_FRONT_ENDS] =
    g_param_spec_uint ("max-front-ends", NULL, "How many front ends there can be",
                       1, CHARFLOW_MUX_MAX_FRONT_ENDS, 4,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowMuxBackend:n-front-ends:
   *
   * How many front ends there are.
   *
   * Since: 1.0
   */
  props[PROP_N_FRONT_ENDS] =
    g_param_spec_uint ("n-front-ends", NULL, "How many front ends there are",
                       0, CHARFLOW_MUX_MAX_FRONT_ENDS, 0,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowMuxBackend:ring-size:
   *
   * How many bytes wait for a front end that does not read.
   *
   * Since: 1.0
   */
  props[PROP_RING_SIZE] =
    g_param_spec_uint ("ring-size", NULL, "How many bytes wait for a front end",
                       1, CHARFLOW_MUX_MAX_RING_SIZE, 4096,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowMuxBackend:look-ahead:
   *
   * How many bytes more are read when so many wait, to find an escape among them: by that the other side gets away from a
   * front end that does not read. They wait like the others. Only after that the base is not read any more.
   *
   * Since: 1.0
   */
  props[PROP_LOOK_AHEAD] =
    g_param_spec_uint ("look-ahead", NULL, "How many bytes more are read to find an escape",
                       0, CHARFLOW_MUX_MAX_RING_SIZE, 4096,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowMuxBackend:escape-char:
   *
   * The byte that makes a command of the next one.
   *
   * Since: 1.0
   */
  props[PROP_ESCAPE_CHAR] =
    g_param_spec_uint ("escape-char", NULL, "The byte that makes a command of the next one",
                       0, 255, DEFAULT_ESCAPE_CHAR,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowMuxBackend:timestamps:
   *
   * Whether each line that is written to the base begins with the time since the first such line, as
   * `[HH:MM:SS.mmm] `. A line that has begun already when this is set is left as it is.
   *
   * Since: 1.0
   */
  props[PROP_TIMESTAMPS] =
    g_param_spec_boolean ("timestamps", NULL, "Whether each line begins with the time",
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowMuxBackend:focus:
   *
   * The index of the front end that gets what the base brings, or -1 when none does. Indices begin at 0; one that has
   * become free is given to the next front end that comes.
   *
   * Since: 1.0
   */
  props[PROP_FOCUS] =
    g_param_spec_int ("focus", NULL, "The index of the front end that has the focus",
                      -1, CHARFLOW_MUX_MAX_FRONT_ENDS, -1,
                      G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * CharflowMuxBackend::escape-command:
   * @self: the multiplexer
   * @key: the byte that followed the escape character
   *
   * The other side asks for something that the multiplexer leaves to the program. By custom `x` asks it to end, and `s`
   * to save its state; whether the other side may do so is for the program to say.
   *
   * Since: 1.0
   */
  charflow_mux_backend_signals[CHARFLOW_MUX_BACKEND_SIGNAL_ESCAPE_COMMAND] =
    g_signal_new ("escape-command", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);

  /**
   * CharflowMuxBackend::backend-error:
   * @self: the multiplexer
   * @error: what went wrong
   *
   * The base could not be read, or one that was set while the multiplexer is open could not be opened.
   *
   * Since: 1.0
   */
  charflow_mux_backend_signals[CHARFLOW_MUX_BACKEND_SIGNAL_BACKEND_ERROR] =
    g_signal_new ("backend-error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
charflow_mux_backend_init (CharflowMuxBackend *self)
{
  self->slots = g_ptr_array_new ();
  self->output = charflow_mux_output_new ();
  self->echo = TRUE;
  g_queue_init (&self->writers);
  /* The first of its handlers, so that the others find everything done. */
  g_signal_connect (self, "event", G_CALLBACK (charflow_mux_backend_route_event), NULL);
  g_signal_connect (self, "notify::active", G_CALLBACK (active_cb), NULL);
}

/**
 * charflow_mux_backend_new:
 * @backend: (nullable): the base, or %NULL when it is set later
 *
 * Makes a multiplexer.
 *
 * A base that is in use already makes its opening fail, see #CharflowMuxBackend:backend.
 *
 * Returns: (transfer full): a new multiplexer
 *
 * Since: 1.0
 */
CharflowMuxBackend *
charflow_mux_backend_new (CharflowBackend *backend)
{
  g_return_val_if_fail (backend == NULL || CHARFLOW_IS_BACKEND (backend), NULL);

  return g_object_new (CHARFLOW_TYPE_MUX_BACKEND, "backend", backend, NULL);
}

/**
 * charflow_mux_backend_get_max_front_ends:
 * @self: a multiplexer
 *
 * Gets how many front ends there can be at the same time.
 *
 * Returns: their number
 *
 * Since: 1.0
 */
guint
charflow_mux_backend_get_max_front_ends (CharflowMuxBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), 0);

  return self->max_front_ends;
}

/**
 * charflow_mux_backend_get_ring_size:
 * @self: a multiplexer
 *
 * Gets how many bytes wait for a front end that does not read.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint
charflow_mux_backend_get_ring_size (CharflowMuxBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), 0);

  return self->ring_size;
}

/**
 * charflow_mux_backend_get_look_ahead:
 * @self: a multiplexer
 *
 * Gets how many bytes more are read to find an escape among them, see #CharflowMuxBackend:look-ahead.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint
charflow_mux_backend_get_look_ahead (CharflowMuxBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), 0);

  return self->look_ahead;
}

/**
 * charflow_mux_backend_get_escape_char:
 * @self: a multiplexer
 *
 * Gets the byte that makes a command of the next one.
 *
 * Returns: the byte
 *
 * Since: 1.0
 */
guint
charflow_mux_backend_get_escape_char (CharflowMuxBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), 0);

  return self->escape_char;
}

/**
 * charflow_mux_backend_set_escape_char:
 * @self: a multiplexer
 * @escape_char: the byte, 0 to 255
 *
 * Sets the byte that makes a command of the next one.
 *
 * Since: 1.0
 */
void
charflow_mux_backend_set_escape_char (CharflowMuxBackend *self,
                                      guint               escape_char)
{
  g_return_if_fail (CHARFLOW_IS_MUX_BACKEND (self));
  g_return_if_fail (escape_char <= 255);

  if (self->escape_char == escape_char)
    return;

  self->escape_char = escape_char;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ESCAPE_CHAR]);
}

/**
 * charflow_mux_backend_get_timestamps:
 * @self: a multiplexer
 *
 * Tells whether each line that is written to the base begins with the time, see #CharflowMuxBackend:timestamps.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
charflow_mux_backend_get_timestamps (CharflowMuxBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_MUX_BACKEND (self), FALSE);

  return self->timestamps;
}

/**
 * charflow_mux_backend_set_timestamps:
 * @self: a multiplexer
 * @timestamps: whether lines begin with the time
 *
 * Sets whether each line that is written to the base begins with the time, see #CharflowMuxBackend:timestamps.
 *
 * Since: 1.0
 */
void
charflow_mux_backend_set_timestamps (CharflowMuxBackend *self,
                                     gboolean            timestamps)
{
  g_return_if_fail (CHARFLOW_IS_MUX_BACKEND (self));

  timestamps = !!timestamps;
  if (self->timestamps == timestamps)
    return;

  self->timestamps = timestamps;
  charflow_mux_output_set_timestamps (self->output, timestamps);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIMESTAMPS]);
}

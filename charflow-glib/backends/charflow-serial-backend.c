/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-serial-backend.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-backend-private.h"
#include "charflow-enum-types.h"
#include "charflow-fd-backend-private.h"
#include "charflow-path-watch-private.h"
#include "charflow-serial-backend-private.h"
#include "charflow-serial-line-private.h"
#include "charflow-serial-marks-private.h"
#include "charflow-source-private.h"

/**
 * SECTION:charflow-serial-backend
 * @title: CharflowSerialBackend
 * @short_description: a back end on a serial line
 *
 * It opens a serial device, sets its line as #CharflowSerialBackend:settings say, and passes bytes as they are. Its other side
 * is there while the device is; it is not asked whether something is plugged in at the far end of the wire.
 *
 * When the device goes, as an adapter that is unplugged does, %CHARFLOW_EVENT_CLOSED tells it. With
 * #CharflowSerialBackend:reconnect-interval the back end then waits until its path is there again, and opens it;
 * %CHARFLOW_EVENT_OPENED tells that. So it does when the device is not there to begin with.
 *
 * A break that comes in is %CHARFLOW_EVENT_BREAK, between the bytes that came before it and those that came after.
 * charflow_backend_set_serial_settings(), charflow_backend_send_break() and charflow_backend_set_modem_lines() are for the way
 * out. The kernel tells nobody when an input such as CTS changes: #CharflowBackend:modem-lines follows where
 * #CharflowSerialBackend:watch-modem-lines has it look regularly, and when charflow_backend_query_modem_lines() asks.
 *
 * What is written when the back end is closed still goes out, for up to 30 s; so long the device is in use.
 *
 * A device that is no terminal, such as `/dev/null`, is as good as one, but has no settings. In a spec it is `serial`, or
 * `tty`, with options of the names of the properties, and `reconnect` for the interval.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowSerialBackend) line = charflow_serial_backend_new (path);
 * g_autoptr (CharflowCharDevice) device = charflow_char_device_new (CHARFLOW_BACKEND (line));
 * g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new_from_string ("115200,8n1", NULL);
 *
 * charflow_char_device_set_serial_settings (device, settings, NULL); // also of a back end that comes later
 * charflow_char_device_start (device);
 * ]|
 */

#define DEFAULT_BAUD 115200
#define MIN_DATA_BITS 5
#define MAX_DATA_BITS 8

/**
 * CharflowSerialBackend:
 *
 * A back end on a serial line.
 *
 * Since: 1.0
 */
struct _CharflowSerialBackend
{
  CharflowFdBackend parent_instance;

  CharflowSerialConfig config;
  guint reconnect_interval_s; /* 0 for never */
  guint watch_interval_ms; /* 0 for never */
  CharflowSerialSettings *settings;
  struct
  {
    guint baud;
    guint data_bits;
    CharflowSerialParity parity;
    CharflowSerialStop stop;
    CharflowSerialFlow flow;
  } given; /* at construction, until there are settings */

  CharflowSerialLine line;
  CharflowSerialMarks marks;
  GByteArray *rest; /* what was read with a break before it, with its marks */
  gboolean break_due; /* one comes before the rest */
  GSource *hangup_source;
  GSource *lines_timer;
  CharflowPathWatch *path_watch; /* while the device is gone */
};

G_DEFINE_FINAL_TYPE (CharflowSerialBackend, charflow_serial_backend, CHARFLOW_TYPE_FD_BACKEND)

typedef enum
{
  PROP_PATH = 1,
  PROP_BAUD,
  PROP_DATA_BITS,
  PROP_PARITY,
  PROP_STOP_BITS,
  PROP_FLOW,
  PROP_SETTINGS,
  PROP_EXCLUSIVE,
  PROP_RESTORE,
  PROP_HANGUP,
  PROP_DTR,
  PROP_RTS,
  PROP_LOW_LATENCY,
  PROP_BREAK_EVENTS,
  PROP_RECONNECT_INTERVAL,
  PROP_WATCH_MODEM_LINES,
} CharflowSerialBackendProperty;

static GParamSpec *props[PROP_WATCH_MODEM_LINES + 1];

static gboolean
charflow_serial_backend_open_fds (CharflowFdBackend *backend,
                                  int               *in_fd,
                                  int               *out_fd,
                                  GError           **error)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);
  int fd;

  if (self->config.path == NULL)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                   _("The back end '%s' needs the option '%s'"), "serial", "path");
      return FALSE;
    }

  fd = charflow_serial_line_open (&self->line, &self->config, self->settings, error);
  *in_fd = fd;
  *out_fd = fd;

  return fd >= 0;
}

static void
update_readable (CharflowSerialBackend *self)
{
  charflow_fd_backend_set_readable (CHARFLOW_FD_BACKEND (self), self->break_due || self->rest->len > 0);
}

static void
charflow_serial_backend_release_fds (CharflowFdBackend *backend)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);

  charflow_clear_source (&self->hangup_source);
  charflow_clear_source (&self->lines_timer);
  charflow_serial_line_release (&self->line, &self->config);

  self->marks.n_seen = 0;
  self->break_due = FALSE;
  g_byte_array_set_size (self->rest, 0);
  update_readable (self);
}

static void wait_for_device (CharflowSerialBackend *self);

static void
lose_device (CharflowSerialBackend *self)
{
  g_autoptr (CharflowSerialBackend) guard = g_object_ref (self);
  CharflowBackend *backend = CHARFLOW_BACKEND (self);

  charflow_fd_backend_drop_fds (CHARFLOW_FD_BACKEND (self));
  wait_for_device (self);

  g_object_freeze_notify (G_OBJECT (self));
  charflow_backend_note_modem_lines (backend, CHARFLOW_MODEM_LINES_NONE);
  charflow_backend_emit_event (backend, CHARFLOW_EVENT_CLOSED);
  g_object_thaw_notify (G_OBJECT (self));
}

static gboolean
hangup_cb (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  CharflowSerialBackend *self = user_data;

  /* Whoever reads what is left comes to the end. */
  if (charflow_serial_line_has_hung_up (&self->line))
    lose_device (self);
  else
    charflow_clear_source (&self->hangup_source);

  return G_SOURCE_REMOVE;
}

static gboolean
look_at_lines_cb (gpointer user_data)
{
  CharflowSerialBackend *self = user_data;
  g_autoptr (CharflowSerialBackend) guard = g_object_ref (self);
  g_autoptr (GError) error = NULL;
  CharflowModemLines lines;

  if (charflow_serial_line_query_modem_lines (&self->line, &self->config, &lines, &error))
    {
      charflow_backend_note_modem_lines (CHARFLOW_BACKEND (self), lines);
      return G_SOURCE_CONTINUE;
    }

  g_debug ("The modem lines are not watched any more: %s", error->message);
  charflow_clear_source (&self->lines_timer);
  return G_SOURCE_REMOVE;
}

static void
watch_device (CharflowSerialBackend *self)
{
  GMainContext *context = charflow_backend_get_context (CHARFLOW_BACKEND (self));

  if (self->line.found == NULL)
    return;

  self->hangup_source = g_unix_fd_source_new (self->line.fd, G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->hangup_source, G_SOURCE_FUNC (hangup_cb), self, NULL);
  g_source_attach (self->hangup_source, context);

  if (self->watch_interval_ms == 0)
    return;

  self->lines_timer = g_timeout_source_new (self->watch_interval_ms);
  g_source_set_callback (self->lines_timer, look_at_lines_cb, self, NULL);
  g_source_set_ready_time (self->lines_timer, 0); /* the first time at once */
  g_source_attach (self->lines_timer, context);
}

static gboolean
acquire_device (CharflowSerialBackend *self,
                GError               **error)
{
  if (!charflow_fd_backend_acquire_fds (CHARFLOW_FD_BACKEND (self), error))
    return FALSE;

  watch_device (self);
  return TRUE;
}

static void
device_may_be_back_cb (gpointer user_data)
{
  CharflowSerialBackend *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!acquire_device (self, &error))
    {
      g_debug ("%s; trying again", error->message);
      return;
    }

  g_clear_pointer (&self->path_watch, charflow_path_watch_free);
  charflow_backend_emit_event (CHARFLOW_BACKEND (self), CHARFLOW_EVENT_OPENED);
}

static void
wait_for_device (CharflowSerialBackend *self)
{
  GMainContext *context = charflow_backend_get_context (CHARFLOW_BACKEND (self));

  if (self->reconnect_interval_s > 0)
    self->path_watch = charflow_path_watch_new (context, self->config.path, self->reconnect_interval_s,
                                                device_may_be_back_cb, self);
}

static void
charflow_serial_backend_open_async (CharflowBackend    *backend,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, charflow_serial_backend_open_async);
  g_task_set_check_cancellable (task, FALSE);

  if (acquire_device (self, &error))
    {
      charflow_backend_emit_event (backend, CHARFLOW_EVENT_OPENED);
    }
  else if (self->reconnect_interval_s > 0 && error->domain == G_IO_ERROR)
    {
      /* What is wrong with the options would be wrong later, too. */
      g_debug ("%s; waiting for it", error->message);
      wait_for_device (self);
    }
  else
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  g_task_return_boolean (task, TRUE);
}

static void
charflow_serial_backend_close (CharflowBackend *backend)
{
  g_clear_pointer (&CHARFLOW_SERIAL_BACKEND (backend)->path_watch, charflow_path_watch_free);

  CHARFLOW_BACKEND_CLASS (charflow_serial_backend_parent_class)->close (backend);
}

static void
charflow_serial_backend_input_ended (CharflowFdBackend *backend)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);

  if (self->line.found != NULL)
    lose_device (self);
  else
    CHARFLOW_FD_BACKEND_CLASS (charflow_serial_backend_parent_class)->input_ended (backend);
}

static gssize
would_block (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("There is nothing to read"));
  return -1;
}

/* What was left of the last time comes first. */
static gssize
read_marked (CharflowSerialBackend *self,
             guint8                *buffer,
             gsize                  size,
             GError               **error)
{
  gsize len = MIN (size, self->rest->len);

  if (len == 0)
    return CHARFLOW_BACKEND_CLASS (charflow_serial_backend_parent_class)->read (CHARFLOW_BACKEND (self), buffer, size, error);

  memcpy (buffer, self->rest->data, len);
  g_byte_array_remove_range (self->rest, 0, len);
  return len;
}

static gssize
charflow_serial_backend_read (CharflowBackend *backend,
                              void            *buffer,
                              gsize            size,
                              GError         **error)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);
  gssize len;
  gsize used;
  gsize n_decoded;

  /* A handler that reads may come to the next one. */
  while (self->break_due)
    {
      self->break_due = FALSE;
      update_readable (self);
      charflow_backend_emit_event (backend, CHARFLOW_EVENT_BREAK);
    }

  len = read_marked (self, buffer, size, error);
  if (len <= 0 || !self->line.has_marks)
    return len;

  used = charflow_serial_marks_decode (&self->marks, buffer, len, &n_decoded, &self->break_due);
  if (used < (gsize) len)
    g_byte_array_prepend (self->rest, (guint8 *) buffer + used, len - used);
  update_readable (self);

  return n_decoded > 0 ? (gssize) n_decoded : would_block (error);
}

static gssize
charflow_serial_backend_write (CharflowBackend *backend,
                               const guint8    *data,
                               gsize            size,
                               GError         **error)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);
  gssize len;

  if (self->line.fd < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _("The serial line is not there"));
      return -1;
    }

  len = CHARFLOW_BACKEND_CLASS (charflow_serial_backend_parent_class)->write (backend, data, size, error);
  if (len < 0 && self->line.found != NULL && charflow_serial_line_has_hung_up (&self->line))
    lose_device (self);

  return len;
}

/* Links such as those in /dev/serial lead to the same device. */
static char *
charflow_serial_backend_get_resource (CharflowBackend *backend)
{
  const char *path = CHARFLOW_SERIAL_BACKEND (backend)->config.path;
  char *real_path = path != NULL ? realpath (path, NULL) : NULL;

  if (path == NULL)
    return NULL;

  return real_path != NULL ? real_path : g_canonicalize_filename (path, NULL);
}

static void
take_settings (CharflowSerialBackend  *self,
               CharflowSerialSettings *settings)
{
  g_autoptr (CharflowSerialSettings) old = g_steal_pointer (&self->settings);
  static const guint parts[] = { PROP_BAUD, PROP_DATA_BITS, PROP_PARITY, PROP_STOP_BITS, PROP_FLOW, PROP_SETTINGS };

  self->settings = charflow_serial_settings_ref (settings);
  if (charflow_serial_settings_equal (old, settings))
    return;

  g_object_freeze_notify (G_OBJECT (self));
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    g_object_notify_by_pspec (G_OBJECT (self), props[parts[i]]);
  g_object_thaw_notify (G_OBJECT (self));
}

/* While the device is gone, they are for when it is back. */
static gboolean
charflow_serial_backend_set_serial_settings (CharflowBackend        *backend,
                                             CharflowSerialSettings *settings,
                                             GError                **error)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);
  gboolean is_set;

  if (self->line.fd < 0)
    is_set = charflow_serial_line_check_settings (settings, error);
  else
    is_set = charflow_serial_line_set (&self->line, &self->config, settings, error);

  if (is_set)
    take_settings (self, settings);
  return is_set;
}

static gboolean
check_device (CharflowSerialBackend *self,
              GError               **error)
{
  if (self->line.fd >= 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _("The serial line is not there"));
  return FALSE;
}

static gboolean
charflow_serial_backend_set_break (CharflowBackend *backend,
                                   gboolean         on,
                                   GError         **error)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);

  return check_device (self, error) && charflow_serial_line_set_break (&self->line, &self->config, on, error);
}

static gboolean
charflow_serial_backend_query_modem_lines (CharflowBackend    *backend,
                                           CharflowModemLines *lines,
                                           GError            **error)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);

  return check_device (self, error) &&
         charflow_serial_line_query_modem_lines (&self->line, &self->config, lines, error);
}

static gboolean
charflow_serial_backend_set_modem_lines (CharflowBackend   *backend,
                                         CharflowModemLines lines,
                                         GError           **error)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (backend);
  CharflowModemLines found;

  if (!check_device (self, error) ||
      !charflow_serial_line_set_modem_lines (&self->line, &self->config, lines, error))
    return FALSE;

  if (charflow_serial_line_query_modem_lines (&self->line, &self->config, &found, NULL))
    charflow_backend_note_modem_lines (backend, found);
  return TRUE;
}

static void
charflow_serial_backend_constructed (GObject *object)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (object);

  G_OBJECT_CLASS (charflow_serial_backend_parent_class)->constructed (object);

  self->settings = charflow_serial_settings_new (self->given.baud, self->given.data_bits, self->given.parity,
                                                 self->given.stop, self->given.flow);
  if (self->reconnect_interval_s > 0)
    charflow_backend_add_features (CHARFLOW_BACKEND (self), CHARFLOW_FEATURE_RECONNECTABLE);
  if (self->config.path != NULL)
    {
      g_autofree char *name = g_filename_display_name (self->config.path);
      g_autofree char *uri = g_strconcat ("serial:", name, NULL);

      charflow_backend_set_uri (CHARFLOW_BACKEND (self), uri);
    }
}

static void
charflow_serial_backend_finalize (GObject *object)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (object);

  charflow_serial_settings_unref (self->settings);
  g_byte_array_unref (self->rest);
  g_free (self->config.path);

  G_OBJECT_CLASS (charflow_serial_backend_parent_class)->finalize (object);
}

static void
charflow_serial_backend_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (object);

  switch ((CharflowSerialBackendProperty) prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, charflow_serial_backend_get_path (self));
      break;
    case PROP_BAUD:
      g_value_set_uint (value, charflow_serial_settings_get_baud (self->settings));
      break;
    case PROP_DATA_BITS:
      g_value_set_uint (value, charflow_serial_settings_get_data_bits (self->settings));
      break;
    case PROP_PARITY:
      g_value_set_enum (value, charflow_serial_settings_get_parity (self->settings));
      break;
    case PROP_STOP_BITS:
      g_value_set_enum (value, charflow_serial_settings_get_stop (self->settings));
      break;
    case PROP_FLOW:
      g_value_set_enum (value, charflow_serial_settings_get_flow (self->settings));
      break;
    case PROP_SETTINGS:
      g_value_set_boxed (value, charflow_serial_backend_get_settings (self));
      break;
    case PROP_EXCLUSIVE:
      g_value_set_boolean (value, self->config.exclusive);
      break;
    case PROP_RESTORE:
      g_value_set_boolean (value, self->config.restore);
      break;
    case PROP_HANGUP:
      g_value_set_boolean (value, self->config.hangup);
      break;
    case PROP_DTR:
      g_value_set_enum (value, self->config.dtr);
      break;
    case PROP_RTS:
      g_value_set_enum (value, self->config.rts);
      break;
    case PROP_LOW_LATENCY:
      g_value_set_boolean (value, self->config.low_latency);
      break;
    case PROP_BREAK_EVENTS:
      g_value_set_boolean (value, self->config.break_events);
      break;
    case PROP_RECONNECT_INTERVAL:
      g_value_set_uint (value, self->reconnect_interval_s);
      break;
    case PROP_WATCH_MODEM_LINES:
      g_value_set_uint (value, self->watch_interval_ms);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_serial_backend_set_property (GObject      *object,
                                      guint         prop_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  CharflowSerialBackend *self = CHARFLOW_SERIAL_BACKEND (object);

  switch ((CharflowSerialBackendProperty) prop_id)
    {
    case PROP_PATH:
      self->config.path = g_value_dup_string (value);
      break;
    case PROP_BAUD:
      self->given.baud = g_value_get_uint (value);
      break;
    case PROP_DATA_BITS:
      self->given.data_bits = g_value_get_uint (value);
      break;
    case PROP_PARITY:
      self->given.parity = g_value_get_enum (value);
      break;
    case PROP_STOP_BITS:
      self->given.stop = g_value_get_enum (value);
      break;
    case PROP_FLOW:
      self->given.flow = g_value_get_enum (value);
      break;
    case PROP_EXCLUSIVE:
      self->config.exclusive = g_value_get_boolean (value);
      break;
    case PROP_RESTORE:
      self->config.restore = g_value_get_boolean (value);
      break;
    case PROP_HANGUP:
      self->config.hangup = g_value_get_boolean (value);
      break;
    case PROP_DTR:
      self->config.dtr = g_value_get_enum (value);
      break;
    case PROP_RTS:
      self->config.rts = g_value_get_enum (value);
      break;
    case PROP_LOW_LATENCY:
      self->config.low_latency = g_value_get_boolean (value);
      break;
    case PROP_BREAK_EVENTS:
      self->config.break_events = g_value_get_boolean (value);
      break;
    case PROP_RECONNECT_INTERVAL:
      self->reconnect_interval_s = g_value_get_uint (value);
      break;
    case PROP_WATCH_MODEM_LINES:
      self->watch_interval_ms = g_value_get_uint (value);
      break;
    case PROP_SETTINGS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_settings_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowSerialBackend:baud:
   *
   * Bits a second. A rate that the line has not, within 3 %, is an error when it is opened.
   *
   * This and the other settings are those that the line is opened with at first; they follow
   * charflow_backend_set_serial_settings().
   *
   * Since: 1.0
   */
  props[PROP_BAUD] =
    g_param_spec_uint ("baud", NULL, "Bits a second", 1, G_MAXINT32, DEFAULT_BAUD, flags);

  /**
   * CharflowSerialBackend:data-bits:
   *
   * The bits of a byte.
   *
   * Since: 1.0
   */
  props[PROP_DATA_BITS] =
    g_param_spec_uint ("data-bits", NULL, "The bits of a byte", MIN_DATA_BITS, MAX_DATA_BITS, MAX_DATA_BITS, flags);

  /**
   * CharflowSerialBackend:parity:
   *
   * The parity bit.
   *
   * Since: 1.0
   */
  props[PROP_PARITY] =
    g_param_spec_enum ("parity", NULL, "The parity bit",
                       CHARFLOW_TYPE_SERIAL_PARITY, CHARFLOW_SERIAL_PARITY_NONE, flags);

  /**
   * CharflowSerialBackend:stop-bits:
   *
   * The stop bits. One and a half are for bytes of 5 bits only.
   *
   * Since: 1.0
   */
  props[PROP_STOP_BITS] =
    g_param_spec_enum ("stop-bits", NULL, "The stop bits",
                       CHARFLOW_TYPE_SERIAL_STOP, CHARFLOW_SERIAL_STOP_ONE, flags);

  /**
   * CharflowSerialBackend:flow:
   *
   * How the two ends hold each other up.
   *
   * Since: 1.0
   */
  props[PROP_FLOW] =
    g_param_spec_enum ("flow", NULL, "How the two ends hold each other up",
                       CHARFLOW_TYPE_SERIAL_FLOW, CHARFLOW_SERIAL_FLOW_NONE, flags);

  /**
   * CharflowSerialBackend:settings:
   *
   * How the line is set, or will be once it is open: all of it in one.
   *
   * Since: 1.0
   */
  props[PROP_SETTINGS] =
    g_param_spec_boxed ("settings", NULL, "How the line is set",
                        CHARFLOW_TYPE_SERIAL_SETTINGS,
                        G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_device_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * CharflowSerialBackend:path:
   *
   * The device, such as `/dev/ttyUSB0`.
   *
   * Since: 1.0
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, "The device", NULL, flags);

  /**
   * CharflowSerialBackend:exclusive:
   *
   * Whether nobody else may use the device meanwhile. Where another one that asks for this has it, opening it fails with
   * %CHARFLOW_BACKEND_ERROR_BUSY. A device that is no terminal can always be shared.
   *
   * Since: 1.0
   */
  props[PROP_EXCLUSIVE] =
    g_param_spec_boolean ("exclusive", NULL, "Whether nobody else may use the device", TRUE, flags);

  /**
   * CharflowSerialBackend:restore:
   *
   * Whether the terminal modes of the device, and its latency, are put back when it is closed. Only what
   * #CharflowSerialBackend:hangup is about is not.
   *
   * Since: 1.0
   */
  props[PROP_RESTORE] =
    g_param_spec_boolean ("restore", NULL, "Whether the modes are put back", TRUE, flags);

  /**
   * CharflowSerialBackend:hangup:
   *
   * Whether DTR and RTS are dropped when the device is closed, so that a modem hangs up. Many a board restarts by that.
   *
   * Since: 1.0
   */
  props[PROP_HANGUP] =
    g_param_spec_boolean ("hangup", NULL, "Whether closing drops DTR and RTS", FALSE, flags);

  /**
   * CharflowSerialBackend:dtr:
   *
   * What becomes of DTR when the device is opened. The kernel puts both outputs on when it opens a device on which they are
   * off, so that one that is to be off may be on for a moment.
   *
   * Since: 1.0
   */
  props[PROP_DTR] =
    g_param_spec_enum ("dtr", NULL, "What becomes of DTR at first",
                       CHARFLOW_TYPE_SERIAL_OUTPUT, CHARFLOW_SERIAL_OUTPUT_KEEP, flags);

  /**
   * CharflowSerialBackend:rts:
   *
   * What becomes of RTS when the device is opened, as #CharflowSerialBackend:dtr.
   *
   * Since: 1.0
   */
  props[PROP_RTS] =
    g_param_spec_enum ("rts", NULL, "What becomes of RTS at first",
                       CHARFLOW_TYPE_SERIAL_OUTPUT, CHARFLOW_SERIAL_OUTPUT_KEEP, flags);

  /**
   * CharflowSerialBackend:low-latency:
   *
   * Whether the driver is to hand over each byte at once, instead of collecting some. A driver that has nothing of the kind
   * stays as it is.
   *
   * Since: 1.0
   */
  props[PROP_LOW_LATENCY] =
    g_param_spec_boolean ("low-latency", NULL, "Whether bytes are handed over at once", FALSE, flags);

  /**
   * CharflowSerialBackend:break-events:
   *
   * Whether a break that comes in is told, as %CHARFLOW_EVENT_BREAK. Otherwise it is read as a byte of 0. A pseudo terminal
   * has none.
   *
   * Since: 1.0
   */
  props[PROP_BREAK_EVENTS] =
    g_param_spec_boolean ("break-events", NULL, "Whether a break that comes in is told", TRUE, flags);

  /**
   * CharflowSerialBackend:reconnect-interval:
   *
   * Whether the back end waits for a device that is gone, and how many seconds pass until it tries to open it even though
   * nothing tells that it is back; 0 for not.
   *
   * Since: 1.0
   */
  props[PROP_RECONNECT_INTERVAL] =
    g_param_spec_uint ("reconnect-interval", NULL, "Seconds until a device that is gone is tried again",
                       0, G_MAXINT32, 0, flags);

  /**
   * CharflowSerialBackend:watch-modem-lines:
   *
   * How often the inputs are looked at for #CharflowBackend:modem-lines, in milliseconds; 0 for never.
   *
   * Since: 1.0
   */
  props[PROP_WATCH_MODEM_LINES] =
    g_param_spec_uint ("watch-modem-lines", NULL, "Milliseconds between looks at the modem lines",
                       0, G_MAXINT32, 0, flags);
}

static void
charflow_serial_backend_class_init (CharflowSerialBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  CharflowBackendClass *backend_class = CHARFLOW_BACKEND_CLASS (klass);
  CharflowFdBackendClass *fd_class = CHARFLOW_FD_BACKEND_CLASS (klass);

  object_class->constructed = charflow_serial_backend_constructed;
  object_class->finalize = charflow_serial_backend_finalize;
  object_class->get_property = charflow_serial_backend_get_property;
  object_class->set_property = charflow_serial_backend_set_property;

  backend_class->open_async = charflow_serial_backend_open_async;
  backend_class->close = charflow_serial_backend_close;
  backend_class->read = charflow_serial_backend_read;
  backend_class->write = charflow_serial_backend_write;
  backend_class->get_resource = charflow_serial_backend_get_resource;
  backend_class->set_serial_settings = charflow_serial_backend_set_serial_settings;
  backend_class->set_break = charflow_serial_backend_set_break;
  backend_class->query_modem_lines = charflow_serial_backend_query_modem_lines;
  backend_class->set_modem_lines = charflow_serial_backend_set_modem_lines;

  fd_class->open_fds = charflow_serial_backend_open_fds;
  fd_class->release_fds = charflow_serial_backend_release_fds;
  fd_class->input_ended = charflow_serial_backend_input_ended;

  install_settings_properties (object_class);
  install_device_properties (object_class);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_serial_backend_init (CharflowSerialBackend *self)
{
  self->line.control = charflow_ioctl;
  self->line.fd = -1;
  self->rest = g_byte_array_new ();
}

void
charflow_serial_backend_set_ioctl (CharflowSerialBackend *self,
                                   CharflowIoctlFunc      control)
{
  self->line.control = control;
}

/**
 * charflow_serial_backend_new:
 * @path: (type filename): the device, such as `/dev/ttyUSB0`
 *
 * Makes a back end on a serial line of 115200 bits a second, 8 data bits, no parity, one stop bit and no flow control. The
 * device is opened when the back end is.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowSerialBackend *
charflow_serial_backend_new (const char *path)
{
  return g_object_new (CHARFLOW_TYPE_SERIAL_BACKEND, "path", path, NULL);
}

/**
 * charflow_serial_backend_get_path:
 * @self: a back end on a serial line
 *
 * Gets the device.
 *
 * Returns: (nullable) (type filename): the path, or %NULL when none was given
 *
 * Since: 1.0
 */
const char *
charflow_serial_backend_get_path (CharflowSerialBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERIAL_BACKEND (self), NULL);

  return self->config.path;
}

/**
 * charflow_serial_backend_get_settings:
 * @self: a back end on a serial line
 *
 * Gets how the line is set, or will be once it is open.
 *
 * Returns: (transfer none): the settings
 *
 * Since: 1.0
 */
CharflowSerialSettings *
charflow_serial_backend_get_settings (CharflowSerialBackend *self)
{
  g_return_val_if_fail (CHARFLOW_IS_SERIAL_BACKEND (self), NULL);

  return self->settings;
}

static gboolean
get_number (const CharflowBackendOptions *options,
            const char                   *name,
            guint                         min,
            guint                         max,
            guint                        *value,
            GError                      **error)
{
  guint64 number = charflow_backend_options_get_number (options, name);

  if (number < min || number > max)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option '%s' expects a number from %u to %u, not '%" PRIu64 "'"), name, min, max, number);
      return FALSE;
    }

  *value = (guint) number;
  return TRUE;
}

/* Checks before there is an object what would fail each time that it is opened. */
static CharflowSerialSettings *
get_settings (const CharflowBackendOptions *options,
              GError                      **error)
{
  g_autoptr (CharflowSerialSettings) settings = NULL;
  guint baud;
  guint data_bits;

  if (!get_number (options, "baud", 1, G_MAXINT32, &baud, error) ||
      !get_number (options, "data-bits", MIN_DATA_BITS, MAX_DATA_BITS, &data_bits, error))
    return NULL;

  settings = charflow_serial_settings_new (baud, data_bits,
                                           charflow_backend_options_get_choice (options, "parity"),
                                           charflow_backend_options_get_choice (options, "stop-bits"),
                                           charflow_backend_options_get_choice (options, "flow"));
  return charflow_serial_line_check_settings (settings, error) ? g_steal_pointer (&settings) : NULL;
}

static CharflowBackend *
create_from_options (const CharflowBackendOptions *options,
                     GError                      **error)
{
  g_autoptr (CharflowSerialSettings) settings = NULL;
  const char *path;
  guint reconnect_interval_s;
  guint watch_interval_ms;

  if (!charflow_backend_options_get_path (options, "path", TRUE, &path, error) ||
      !get_number (options, "reconnect", 0, G_MAXINT32, &reconnect_interval_s, error) ||
      !get_number (options, "watch-modem-lines", 0, G_MAXINT32, &watch_interval_ms, error))
    return NULL;

  settings = get_settings (options, error);
  if (settings == NULL)
    return NULL;

  return g_object_new (CHARFLOW_TYPE_SERIAL_BACKEND,
                       "label", charflow_backend_options_get_id (options),
                       "path", path,
                       "baud", charflow_serial_settings_get_baud (settings),
                       "data-bits", charflow_serial_settings_get_data_bits (settings),
                       "parity", charflow_serial_settings_get_parity (settings),
                       "stop-bits", charflow_serial_settings_get_stop (settings),
                       "flow", charflow_serial_settings_get_flow (settings),
                       "exclusive", charflow_backend_options_get_boolean (options, "exclusive"),
                       "restore", charflow_backend_options_get_boolean (options, "restore"),
                       "hangup", charflow_backend_options_get_boolean (options, "hangup"),
                       "dtr", charflow_backend_options_get_choice (options, "dtr"),
                       "rts", charflow_backend_options_get_choice (options, "rts"),
                       "low-latency", charflow_backend_options_get_boolean (options, "low-latency"),
                       "break-events", charflow_backend_options_get_boolean (options, "break-events"),
                       "reconnect-interval", reconnect_interval_s,
                       "watch-modem-lines", watch_interval_ms,
                       NULL);
}

/* In the order of CharflowSerialParity, and so on. */
static const char *const parities[] = { "none", "odd", "even", "mark", "space", NULL };
static const char *const stops[] = { "1", "1.5", "2", NULL };
static const char *const flows[] = { "none", "rtscts", "xonxoff", NULL };
static const char *const outputs[] = { "keep", "on", "off", NULL };

static const CharflowBackendOption serial_options[] = {
  { "baud", CHARFLOW_OPTION_TYPE_NUMBER, "115200", N_("Bits a second, any rate that the line can do") },
  { "break-events", CHARFLOW_OPTION_TYPE_BOOLEAN, "on", N_("Whether a break that comes in is told, and no byte of 0") },
  { "data-bits", CHARFLOW_OPTION_TYPE_NUMBER, "8", N_("The bits of a byte, 5 to 8") },
  { "dtr", CHARFLOW_OPTION_TYPE_CHOICE, "keep", N_("What becomes of the line DTR at first"), outputs },
  { "exclusive", CHARFLOW_OPTION_TYPE_BOOLEAN, "on", N_("Whether nobody else may use the device") },
  { "flow", CHARFLOW_OPTION_TYPE_CHOICE, "none", N_("How the two ends hold each other up"), flows },
  { "hangup", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether closing the device drops DTR and RTS") },
  { "low-latency", CHARFLOW_OPTION_TYPE_BOOLEAN, "off", N_("Whether the driver hands over each byte at once") },
  { "parity", CHARFLOW_OPTION_TYPE_CHOICE, "none", N_("The parity bit"), parities },
  { "path", CHARFLOW_OPTION_TYPE_STRING, NULL, N_("The device, such as /dev/ttyUSB0") },
  { "reconnect", CHARFLOW_OPTION_TYPE_NUMBER, "0",
    N_("Seconds until a device that is gone is tried again, if nothing tells that it is back; 0 for never") },
  { "restore", CHARFLOW_OPTION_TYPE_BOOLEAN, "on", N_("Whether the modes of the device are put back") },
  { "rts", CHARFLOW_OPTION_TYPE_CHOICE, "keep", N_("What becomes of the line RTS at first"), outputs },
  { "stop-bits", CHARFLOW_OPTION_TYPE_CHOICE, "1", N_("The stop bits; 1.5 with 5 data bits only"), stops },
  { "watch-modem-lines", CHARFLOW_OPTION_TYPE_NUMBER, "0",
    N_("Milliseconds between looks at the modem lines; 0 for none") },
  { NULL },
};

const CharflowBackendKind charflow_serial_backend_kind = {
  .name = "serial",
  .description = N_("A serial line"),
  .options = serial_options,
  .create = create_from_options,
};

const CharflowBackendKind charflow_tty_backend_kind = {
  .name = "tty",
  .description = N_("A serial line; an old name of serial"),
  .options = serial_options,
  .create = create_from_options,
};

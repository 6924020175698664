/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "charflow-backend-option.h"
#include "charflow-enums.h"
#include "charflow-log.h"
#include "charflow-recorder.h"
#include "charflow-serial-settings.h"
#include "charflow-version.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_BACKEND (charflow_backend_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CharflowBackend, charflow_backend, CHARFLOW, BACKEND, GObject)

/**
 * CharflowBackendClass:
 * @parent_class: the parent class
 * @open_async: acquires what the back end needs (makes the pty, listens, connects); the default
 *   succeeds at once
 * @open_finish: ends @open_async
 * @close: gives back all that was acquired; called once for each successful opening
 * @read: fills the caller's memory, for C; the default calls @read_bytes
 * @read_bytes: takes what has come, for languages in which memory cannot be filled; the default
 *   calls @read
 * @write: takes as much of the data as it can
 * @create_source: makes a source for readiness; the default returns %NULL
 * @attach: gives the back end that one more front end is to use; the default gives itself, to one at a time
 * @detach: is told, of the back end that @attach gave, that its front end has let go of it
 * @get_resource: names what the back end holds that no other can hold meanwhile (a port to listen on, a file); the
 *   default returns %NULL
 * @set_front_end_open: is told whether a front end listens
 * @set_echo: is told whether what is typed on the other side is to be shown there
 * @set_serial_settings: sets the serial line
 * @set_break: begins or ends a break condition
 * @send_break: sends a break of some length; the default uses @set_break
 * @query_modem_lines: asks for the lines of a serial port
 * @set_modem_lines: sets those lines of a serial port that are outputs
 * @drop_peer: sends the other side away; the next one may come
 * @accept_fd: takes a connected socket as its other side, and owns it on success
 * @queue_fds: takes descriptors that go with the next bytes written
 * @steal_fds: hands over the descriptors that came with what was read last
 *
 * The virtual functions of a back end. None may block; one of @read and @read_bytes is enough, and
 * a back end that never has input needs neither. Those from @attach on are optional: without them,
 * what would call them fails with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED, or has no effect where it cannot fail.
 *
 * Since: 1.0
 */
struct _CharflowBackendClass
{
  GObjectClass parent_class;

  void (*open_async) (CharflowBackend    *self,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data);
  gboolean (*open_finish) (CharflowBackend *self,
                           GAsyncResult    *result,
                           GError         **error);
  void (*close) (CharflowBackend *self);

  gssize (*read) (CharflowBackend *self,
                  void            *buffer,
                  gsize            size,
                  GError         **error);
  GBytes *(*read_bytes) (CharflowBackend *self,
                         gsize            max_size,
                         GError         **error);
  gssize (*write) (CharflowBackend *self,
                   const guint8    *data,
                   gsize            size,
                   GError         **error);
  GSource *(*create_source) (CharflowBackend *self,
                             GIOCondition     condition);

  /**
   * CharflowBackendClass::attach:
   * @self: a back end
   * @error: return location for a #GError
   *
   * Gives what one more front end is to use. A back end that serves several makes a part of itself for each.
   *
   * Returns: (transfer full): the back end itself, or a part of it
   */
  CharflowBackend *(*attach) (CharflowBackend *self,
                              GError         **error);
  void (*detach) (CharflowBackend *self);
  char *(*get_resource) (CharflowBackend *self);

  void (*set_front_end_open) (CharflowBackend *self,
                              gboolean         open);
  void (*set_echo) (CharflowBackend *self,
                    gboolean         echo);
  gboolean (*set_serial_settings) (CharflowBackend        *self,
                                   CharflowSerialSettings *settings,
                                   GError                **error);
  gboolean (*set_break) (CharflowBackend *self,
                         gboolean         on,
                         GError         **error);
  gboolean (*send_break) (CharflowBackend *self,
                          guint            duration_ms,
                          GError         **error);
  gboolean (*query_modem_lines) (CharflowBackend    *self,
                                 CharflowModemLines *lines,
                                 GError            **error);
  gboolean (*set_modem_lines) (CharflowBackend   *self,
                               CharflowModemLines lines,
                               GError           **error);

  gboolean (*drop_peer) (CharflowBackend *self,
                         GError         **error);
  gboolean (*accept_fd) (CharflowBackend *self,
                         int              fd,
                         GError         **error);
  gboolean (*queue_fds) (CharflowBackend *self,
                         GUnixFDList     *fds,
                         GError         **error);
  GUnixFDList *(*steal_fds) (CharflowBackend *self);

  /*< private >*/
  gpointer padding[16];
};

CHARFLOW_AVAILABLE_IN_ALL
CharflowBackend *charflow_backend_new_from_spec (const char *spec,
                                                 GError    **error) G_GNUC_WARN_UNUSED_RESULT;
CHARFLOW_AVAILABLE_IN_ALL
CharflowBackend *charflow_backend_create_from_spec (const char *spec,
                                                    GError    **error) G_GNUC_WARN_UNUSED_RESULT;

CHARFLOW_AVAILABLE_IN_ALL
char **charflow_backend_list_kinds (void);
CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_backend_describe_kind (const char *kind);
CHARFLOW_AVAILABLE_IN_ALL
GPtrArray *charflow_backend_list_options (const char *kind,
                                          GError    **error);

CHARFLOW_AVAILABLE_IN_ALL
const char *charflow_backend_get_label (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
CharflowFeatures charflow_backend_get_features (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_has_feature (CharflowBackend *self,
                                       CharflowFeatures feature);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_get_active (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_get_opened (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
char *charflow_backend_get_uri (CharflowBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
CharflowLog *charflow_backend_get_log (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_set_log (CharflowBackend *self,
                                   CharflowLog     *log,
                                   GError         **error);

CHARFLOW_AVAILABLE_IN_ALL
CharflowRecorder *charflow_backend_get_recorder (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_set_recorder (CharflowBackend  *self,
                                        CharflowRecorder *recorder,
                                        GError          **error);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_open_async (CharflowBackend    *self,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_open_finish (CharflowBackend *self,
                                       GAsyncResult    *result,
                                       GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_close (CharflowBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
gssize charflow_backend_read (CharflowBackend *self,
                              void            *buffer,
                              gsize            size,
                              GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_backend_read_bytes (CharflowBackend *self,
                                     gsize            max_size,
                                     GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
gssize charflow_backend_write (CharflowBackend *self,
                               const guint8    *data,
                               gsize            size,
                               GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
GSource *charflow_backend_create_source (CharflowBackend *self,
                                         GIOCondition     condition);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_write_all_async (CharflowBackend    *self,
                                       GBytes             *bytes,
                                       GCancellable       *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer            user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_write_all_finish (CharflowBackend *self,
                                            GAsyncResult    *result,
                                            gsize           *n_written,
                                            GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_read_bytes_async (CharflowBackend    *self,
                                        gsize               max_size,
                                        GCancellable       *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer            user_data);
CHARFLOW_AVAILABLE_IN_ALL
GBytes *charflow_backend_read_bytes_finish (CharflowBackend *self,
                                            GAsyncResult    *result,
                                            GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_wait_connected_async (CharflowBackend    *self,
                                            GCancellable       *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer            user_data);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_wait_connected_finish (CharflowBackend *self,
                                                 GAsyncResult    *result,
                                                 GError         **error);

CHARFLOW_AVAILABLE_IN_ALL
char *charflow_backend_get_resource (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_set_front_end_open (CharflowBackend *self,
                                          gboolean         open);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_set_echo (CharflowBackend *self,
                                gboolean         echo);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_set_serial_settings (CharflowBackend        *self,
                                               CharflowSerialSettings *settings,
                                               GError                **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_set_break (CharflowBackend *self,
                                     gboolean         on,
                                     GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_send_break (CharflowBackend *self,
                                      guint            duration_ms,
                                      GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
CharflowModemLines charflow_backend_get_modem_lines (CharflowBackend *self);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_query_modem_lines (CharflowBackend    *self,
                                             CharflowModemLines *lines,
                                             GError            **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_set_modem_lines (CharflowBackend   *self,
                                           CharflowModemLines lines,
                                           GError           **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_drop_peer (CharflowBackend *self,
                                     GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_accept_fd (CharflowBackend *self,
                                     int              fd,
                                     GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_backend_queue_fds (CharflowBackend *self,
                                     GUnixFDList     *fds,
                                     GError         **error);
CHARFLOW_AVAILABLE_IN_ALL
GUnixFDList *charflow_backend_steal_fds (CharflowBackend *self);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_emit_event (CharflowBackend *self,
                                  CharflowEvent    event);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_set_uri (CharflowBackend *self,
                               const char      *uri);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_note_modem_lines (CharflowBackend   *self,
                                        CharflowModemLines lines);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_add_features (CharflowBackend *self,
                                    CharflowFeatures features);
CHARFLOW_AVAILABLE_IN_ALL
void charflow_backend_drop_features (CharflowBackend *self,
                                     CharflowFeatures features);

G_END_DECLS

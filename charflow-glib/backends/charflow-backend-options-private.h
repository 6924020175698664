/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "charflow-backend-registry.h"
#include "charflow-backend.h"

G_BEGIN_DECLS

/* A row of the table that both parses a kind's options and describes them. The tables end with a
 * row of zeros. */
struct _CharflowBackendOption
{
  const char *name;
  CharflowOptionType type;
  const char *default_value; /* as one would write it, or NULL for none */
  const char *description; /* marked with N_() */
  const char *const *choices; /* of a CHOICE, in the order of its enum; ends with NULL */
};

/* The options of one spec, parsed: only keys of the kind's table and the common ones, each value of
 * its type. */
typedef struct _CharflowBackendOptions CharflowBackendOptions;

/* A kind of back end: its word in a spec, and how one is made. */
typedef struct
{
  const char *name;
  const char *description; /* marked with N_() */
  const CharflowBackendOption *options;
  CharflowBackend *(*create) (const CharflowBackendOptions *options,
                              GError                      **error);
} CharflowBackendKind;

extern const CharflowBackendKind charflow_console_backend_kind;
extern const CharflowBackendKind charflow_fd_backend_kind;
extern const CharflowBackendKind charflow_file_backend_kind;
extern const CharflowBackendKind charflow_loopback_backend_kind;
extern const CharflowBackendKind charflow_memory_backend_kind;
extern const CharflowBackendKind charflow_mux_backend_kind;
extern const CharflowBackendKind charflow_null_backend_kind;
extern const CharflowBackendKind charflow_parallel_backend_kind;
extern const CharflowBackendKind charflow_parport_backend_kind;
extern const CharflowBackendKind charflow_pipe_backend_kind;
extern const CharflowBackendKind charflow_pty_backend_kind;
extern const CharflowBackendKind charflow_replay_backend_kind;
extern const CharflowBackendKind charflow_ringbuf_backend_kind;
extern const CharflowBackendKind charflow_serial_backend_kind;
extern const CharflowBackendKind charflow_socket_backend_kind;
extern const CharflowBackendKind charflow_stdio_backend_kind;
extern const CharflowBackendKind charflow_tty_backend_kind;
extern const CharflowBackendKind charflow_udp_backend_kind;

/* NULL when there is none of this name. */
const CharflowBackendKind *charflow_backend_kind_lookup (const char *name);
/* The same, with an error that says which there are. */
const CharflowBackendKind *charflow_backend_kind_find (const char *name,
                                                       GError    **error);
/* The n-th in the order of names, or NULL past the last. */
const CharflowBackendKind *charflow_backend_kind_get_nth (gsize n);

/* Makes the back end, with what several front ends share it by where the options say so: that has the id then, and the back
 * end itself the id and "-base". Where there is a registry, "chardev" is the label of one of its back ends. */
CharflowBackend *charflow_backend_kind_make (const CharflowBackendKind *kind,
                                             CharflowBackendOptions    *options,
                                             CharflowBackendRegistry   *registry,
                                             GError                   **error);

/* The rows that every kind has besides its own, with a row of zeros at the end. */
const CharflowBackendOption *charflow_backend_options_get_common (void);

/* Parses a spec in either syntax and tells the kind; all values are checked against its table. */
CharflowBackendOptions *charflow_backend_options_new (const char                 *spec,
                                                      const CharflowBackendKind **kind,
                                                      GError                    **error);
void charflow_backend_options_free (CharflowBackendOptions *options);

/* The id, or NULL where the spec has none. */
const char *charflow_backend_options_get_id (const CharflowBackendOptions *options);
void charflow_backend_options_set_id (CharflowBackendOptions *options,
                                      const char             *id);
/* Whether it may be an id. */
gboolean charflow_backend_options_check_id (const char *id,
                                            GError    **error);
/* Whether the spec names the key. */
gboolean charflow_backend_options_has (const CharflowBackendOptions *options,
                                       const char                   *name);
/* The value, or the table's default; the type must be the table's. */
const char *charflow_backend_options_get_string (const CharflowBackendOptions *options,
                                                 const char                   *name);
gboolean charflow_backend_options_get_boolean (const CharflowBackendOptions *options,
                                               const char                   *name);
guint64 charflow_backend_options_get_number (const CharflowBackendOptions *options,
                                             const char                   *name);
/* Which of the row's choices it is, from 0; the row has a default. */
guint charflow_backend_options_get_choice (const CharflowBackendOptions *options,
                                           const char                   *name);

/* Tells what is wrong with @text as the value of @option. */
gboolean charflow_backend_option_check (const CharflowBackendOption *option,
                                        const char                  *text,
                                        GError                     **error);
/* The value of an option that is a path, which the back end cannot do without where it is @needed; it is not empty. */
gboolean charflow_backend_options_get_path (const CharflowBackendOptions *options,
                                            const char                   *name,
                                            gboolean                      needed,
                                            const char                  **path,
                                            GError                      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowBackendOptions, charflow_backend_options_free)

G_END_DECLS

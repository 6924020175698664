/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-backend-registry-private.h"
#include "charflow-mux-backend-private.h"
#include "charflow-text-private.h"

/* Sorted by name. */
static const CharflowBackendKind *const kinds[] = {
  &charflow_console_backend_kind,
  &charflow_fd_backend_kind,
  &charflow_file_backend_kind,
  &charflow_loopback_backend_kind,
  &charflow_memory_backend_kind,
  &charflow_mux_backend_kind,
  &charflow_null_backend_kind,
  &charflow_parallel_backend_kind,
  &charflow_parport_backend_kind,
  &charflow_pipe_backend_kind,
  &charflow_pty_backend_kind,
  &charflow_replay_backend_kind,
  &charflow_ringbuf_backend_kind,
  &charflow_serial_backend_kind,
  &charflow_socket_backend_kind,
  &charflow_stdio_backend_kind,
  &charflow_tty_backend_kind,
  &charflow_udp_backend_kind,
};

const CharflowBackendKind *
charflow_backend_kind_get_nth (gsize n)
{
  return n < G_N_ELEMENTS (kinds) ? kinds[n] : NULL;
}

const CharflowBackendKind *
charflow_backend_kind_find (const char *name,
                            GError    **error)
{
  const CharflowBackendKind *kind = charflow_backend_kind_lookup (name);

  if (kind == NULL)
    {
      g_autofree char *excerpt = charflow_text_excerpt (name);
      g_auto (GStrv) names = charflow_backend_list_kinds ();
      g_autofree char *list = g_strjoinv (", ", names);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND,
                   _("There is no back end of the kind '%s', only %s"), excerpt, list);
    }

  return kind;
}

const CharflowBackendKind *
charflow_backend_kind_lookup (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (strcmp (kinds[i]->name, name) == 0)
        return kinds[i];
    }

  return NULL;
}

static gboolean
apply_log (CharflowBackend              *backend,
           const CharflowBackendOptions *options,
           GError                      **error)
{
  const char *path = charflow_backend_options_get_string (options, "logfile");
  g_autoptr (CharflowLog) log = NULL;

  if (path == NULL && !charflow_backend_options_get_boolean (options, "logappend"))
    return TRUE;
  if (path == NULL || *path == '\0')
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                           _("A log needs a path, the option 'logfile'"));
      return FALSE;
    }

  log = charflow_log_new (path, charflow_backend_options_get_boolean (options, "logappend"));
  return charflow_backend_set_log (backend, log, error);
}

static gboolean
apply_recorder (CharflowBackend              *backend,
                const CharflowBackendOptions *options,
                GError                      **error)
{
  const char *path = charflow_backend_options_get_string (options, "record");
  g_autoptr (CharflowRecorder) recorder = NULL;

  if (path == NULL)
    return TRUE;
  if (*path == '\0')
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Option 'record' expects a path, not '%s'"), path);
      return FALSE;
    }

  recorder = charflow_recorder_new (path);
  return charflow_backend_set_recorder (backend, recorder, error);
}

static CharflowBackend *
make_mux (const CharflowBackendOptions *options,
          CharflowBackendRegistry      *registry,
          GError                      **error)
{
  const char *label = charflow_backend_options_get_string (options, "chardev");
  CharflowBackend *base = label == NULL ? NULL : charflow_backend_registry_lookup (registry, label);

  if (base != NULL)
    return charflow_mux_backend_new_from_options (options, base, error);
  if (label == NULL)
    return charflow_mux_backend_kind.create (options, error);

  charflow_backend_registry_set_not_found (label, error);
  return NULL;
}

static CharflowBackend *
make_one (const CharflowBackendKind    *kind,
          const CharflowBackendOptions *options,
          CharflowBackendRegistry      *registry,
          GError                      **error)
{
  gboolean is_mux = kind == &charflow_mux_backend_kind && registry != NULL;
  g_autoptr (CharflowBackend) backend = is_mux ? make_mux (options, registry, error) : kind->create (options, error);

  if (backend == NULL || !apply_log (backend, options, error) || !apply_recorder (backend, options, error))
    return NULL;

  return g_steal_pointer (&backend);
}

CharflowBackend *
charflow_backend_kind_make (const CharflowBackendKind *kind,
                            CharflowBackendOptions    *options,
                            CharflowBackendRegistry   *registry,
                            GError                   **error)
{
  g_autofree char *id = g_strdup (charflow_backend_options_get_id (options));
  g_autoptr (CharflowBackend) base = NULL;

  if (!charflow_backend_options_get_boolean (options, "mux"))
    return make_one (kind, options, registry, error);

  if (id != NULL)
    {
      g_autofree char *base_id = g_strconcat (id, "-base", NULL);

      charflow_backend_options_set_id (options, base_id);
    }
  base = make_one (kind, options, registry, error);
  if (base == NULL)
    return NULL;

  return g_object_new (CHARFLOW_TYPE_MUX_BACKEND, "label", id, "backend", base, NULL);
}

/**
 * charflow_backend_new_from_spec: (skip)
 * @spec: `KIND,id=ID,key=value,…`, or such as `tcp:HOST:PORT`
 * @error: return location for a #GError
 *
 * Makes a back end from a spec in one of the syntaxes of QEMU.
 *
 * That of `-chardev` is `KIND,id=ID,key=value,…`. A comma in a value is written twice; of a repeated
 * key the last one counts; `key` alone is `key=on`, and `nokey` is `key=off`. The `id` becomes
 * #CharflowBackend:label and may be left out. charflow_backend_list_kinds() and
 * charflow_backend_list_options() tell what there is.
 *
 * That of `-serial` is one string, in which brackets mean what may be left out:
 *
 * - `null`, `pty`, `stdio`, `con:` (the kind `console`)
 * - `tcp:[HOST]:PORT[,key=value,…]`, and likewise `telnet:`, `tn3270:` and `websocket:`;
 *   `unix:PATH[,key=value,…]` (the kind `socket`)
 * - `fd:NUMBER[,key=value,…]` (the kind `fd`; with a key `server`, the kind `socket`)
 * - `udp:[HOST]:PORT[@[LOCALADDR]:LOCALPORT][,key=value,…]`
 * - `file:PATH` and `pipe:PATH`
 * - `/dev/parport…` and `/dev/ppi…` (the kind `parallel`), every other `/dev/…` and `COM` with a
 *   number (the kind `serial`)
 * - `ringbuf:SIZE` and `memory:SIZE`
 * - `mon:` and any other spec: the same with `mux=on`, and of `stdio` also with `signal=off`
 *
 * With `mux=on` it is a #CharflowMuxBackend that has the back end as its base, whose label is the `id` and `-base`.
 *
 * An IPv6 address is written in brackets: `tcp:[::1]:5555`. What is not said has the same default in
 * both. `vc` and `chardev:ID` are known and fail with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED: the
 * former is the viewer's, and what the latter refers to is known to a #CharflowBackendRegistry, as is what
 * `mux,chardev=ID` does.
 *
 * The back end is not opened by this, so nothing outside of the program has changed. Fails with the
 * codes of #CharflowBackendError.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowBackend *
charflow_backend_new_from_spec (const char *spec,
                                GError    **error)
{
  const CharflowBackendKind *kind;
  g_autoptr (CharflowBackendOptions) options = NULL;

  g_return_val_if_fail (spec != NULL, NULL);

  options = charflow_backend_options_new (spec, &kind, error);
  if (options == NULL)
    return NULL;

  return charflow_backend_kind_make (kind, options, NULL, error);
}

/**
 * charflow_backend_create_from_spec: (rename-to charflow_backend_new_from_spec)
 * @spec: `KIND,id=ID,key=value,…`, or such as `tcp:HOST:PORT`
 * @error: return location for a #GError
 *
 * Makes a back end as charflow_backend_new_from_spec() does, for languages in which an abstract
 * class has no constructors. In Python it is `Charflow.Backend.new_from_spec ()`, in Vala
 * `Charflow.Backend.create_from_spec ()`.
 *
 * Returns: (transfer full): a new back end
 *
 * Since: 1.0
 */
CharflowBackend *
charflow_backend_create_from_spec (const char *spec,
                                   GError    **error)
{
  return charflow_backend_new_from_spec (spec, error);
}

/**
 * charflow_backend_list_kinds:
 *
 * Lists the kinds of back ends that a spec may begin with.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names, sorted
 *
 * Since: 1.0
 */
char **
charflow_backend_list_kinds (void)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_strv_builder_add (builder, kinds[i]->name);

  return g_strv_builder_end (builder);
}

/**
 * charflow_backend_describe_kind:
 * @kind: the name of a kind
 *
 * Tells what a kind of back end is, in the language of the user.
 *
 * Returns: (nullable): the description, or %NULL when there is no such kind
 *
 * Since: 1.0
 */
const char *
charflow_backend_describe_kind (const char *kind)
{
  const CharflowBackendKind *found;

  g_return_val_if_fail (kind != NULL, NULL);

  found = charflow_backend_kind_lookup (kind);

  return found != NULL ? _(found->description) : NULL;
}

static void
add_options (GPtrArray                   *list,
             const CharflowBackendOption *options)
{
  for (const CharflowBackendOption *option = options; option->name != NULL; option++)
    g_ptr_array_add (list, (gpointer) option);
}

/**
 * charflow_backend_list_options:
 * @kind: the name of a kind
 * @error: return location for a #GError
 *
 * Lists the options of a kind of back end, besides `id`: first its own, then those of every kind.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND when there is no such kind.
 *
 * Returns: (transfer container) (element-type CharflowBackendOption): the options
 *
 * Since: 1.0
 */
GPtrArray *
charflow_backend_list_options (const char *kind,
                               GError    **error)
{
  g_autoptr (GPtrArray) list = NULL;
  const CharflowBackendKind *found;

  g_return_val_if_fail (kind != NULL, NULL);

  found = charflow_backend_kind_find (kind, error);
  if (found == NULL)
    return NULL;

  list = g_ptr_array_new ();
  add_options (list, found->options);
  add_options (list, charflow_backend_options_get_common ());

  return g_steal_pointer (&list);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-backend-registry.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend-options-private.h"
#include "charflow-backend-private.h"
#include "charflow-backend-registry-private.h"
#include "charflow-mux-backend.h"
#include "charflow-ringbuf-backend.h"
#include "charflow-text-private.h"

/**
 * SECTION:charflow-backend-registry
 * @title: CharflowBackendRegistry
 * @short_description: back ends by their labels
 *
 * A registry holds the back ends of a program, each under its label, of which there is one only. It is a #GListModel of
 * them, in the order in which they came.
 *
 * With it a spec may name another back end: `mux,id=ID,chardev=OTHER` is a multiplexer over another one, and `chardev:ID`
 * is that back end itself. It opens nothing; what is taken out of it is closed.
 *
 * |[<!-- language="C" -->
 * g_autoptr (CharflowBackendRegistry) registry = charflow_backend_registry_new ();
 * g_autoptr (GError) error = NULL;
 *
 * if (charflow_backend_registry_create (registry, "loopback,id=c0", &error) == NULL ||
 *     charflow_backend_registry_create (registry, "mux,id=m0,chardev=c0", &error) == NULL)
 *   g_printerr ("%s\n", error->message);
 *
 * g_print ("m0 is a %s\n", G_OBJECT_TYPE_NAME (charflow_backend_registry_lookup (registry, "m0")));
 * ]|
 */

/**
 * CharflowBackendRegistry:
 *
 * Back ends by their labels.
 *
 * Since: 1.0
 */
struct _CharflowBackendRegistry
{
  GObject parent_instance;

  GPtrArray *backends; /* CharflowBackend */
};

typedef enum
{
  SIGNAL_CHANGE_BACKEND,
} CharflowBackendRegistrySignal;

static guint signals[SIGNAL_CHANGE_BACKEND + 1];

static GType
charflow_backend_registry_get_item_type (GListModel *model)
{
  return CHARFLOW_TYPE_BACKEND;
}

static guint
charflow_backend_registry_get_n_items (GListModel *model)
{
  return CHARFLOW_BACKEND_REGISTRY (model)->backends->len;
}

static gpointer
charflow_backend_registry_get_item (GListModel *model,
                                    guint       position)
{
  CharflowBackendRegistry *self = CHARFLOW_BACKEND_REGISTRY (model);

  return position < self->backends->len ? g_object_ref (self->backends->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = charflow_backend_registry_get_item_type;
  iface->get_n_items = charflow_backend_registry_get_n_items;
  iface->get_item = charflow_backend_registry_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (CharflowBackendRegistry, charflow_backend_registry, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

void
charflow_backend_registry_set_not_found (const char *label,
                                         GError    **error)
{
  g_autofree char *excerpt = charflow_text_excerpt (label);

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_FOUND,
               _("There is no back end '%s'"), excerpt);
}

static CharflowBackend *
find (CharflowBackendRegistry *self,
      const char              *label,
      GError                 **error)
{
  CharflowBackend *backend = charflow_backend_registry_lookup (self, label);

  if (backend == NULL)
    charflow_backend_registry_set_not_found (label, error);

  return backend;
}

/* The label of a base that goes without saying may be longer than an id. */
static gboolean
check_free (CharflowBackendRegistry *self,
            const char              *label,
            GError                 **error)
{
  if (charflow_backend_registry_lookup (self, label) == NULL)
    return TRUE;

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_EXISTS,
               _("There is a back end '%s' already"), label);
  return FALSE;
}

static gboolean
check_label (const char *label,
             GError    **error)
{
  if (label != NULL)
    return charflow_backend_options_check_id (label, error);

  g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
                       _("The option 'id' was not given, by which the back end would be found"));
  return FALSE;
}

static void
append (CharflowBackendRegistry *self,
        CharflowBackend         *backend)
{
  g_ptr_array_add (self->backends, g_object_ref (backend));
  g_list_model_items_changed (G_LIST_MODEL (self), self->backends->len - 1, 0, 1);
}

/* What is taken out is closed, since it would be open without a name otherwise. */
static void
take_out (CharflowBackendRegistry *self,
          CharflowBackend         *backend)
{
  g_autoptr (CharflowBackend) guard = g_object_ref (backend);
  guint position;

  if (g_ptr_array_find (self->backends, backend, &position))
    {
      g_ptr_array_remove_index (self->backends, position);
      g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
    }
  charflow_backend_close (backend);
}

static void
charflow_backend_registry_dispose (GObject *object)
{
  CharflowBackendRegistry *self = CHARFLOW_BACKEND_REGISTRY (object);

  /* A multiplexer goes before its base. */
  while (self->backends->len > 0)
    {
      g_autoptr (CharflowBackend) backend = g_ptr_array_steal_index (self->backends, self->backends->len - 1);
    }

  G_OBJECT_CLASS (charflow_backend_registry_parent_class)->dispose (object);
}

static void
charflow_backend_registry_finalize (GObject *object)
{
  g_ptr_array_unref (CHARFLOW_BACKEND_REGISTRY (object)->backends);

  G_OBJECT_CLASS (charflow_backend_registry_parent_class)->finalize (object);
}

static void
charflow_backend_registry_class_init (CharflowBackendRegistryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = charflow_backend_registry_dispose;
  object_class->finalize = charflow_backend_registry_finalize;

  /**
   * CharflowBackendRegistry::change-backend:
   * @self: the registry
   * @old: the back end that is in use
   * @backend: the one that is to come in its place
   *
   * charflow_backend_registry_change() was called for a back end that a device has. Whoever has that device gives it
   * @backend, by charflow_char_device_set_backend(), and returns whether that succeeded.
   *
   * Returns: %TRUE if the device has it now; further handlers are not asked then
   *
   * Since: 1.0
   */
  signals[SIGNAL_CHANGE_BACKEND] =
    g_signal_new ("change-backend", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, CHARFLOW_TYPE_BACKEND, CHARFLOW_TYPE_BACKEND);
}

static void
charflow_backend_registry_init (CharflowBackendRegistry *self)
{
  self->backends = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * charflow_backend_registry_new:
 *
 * Makes a registry that holds nothing.
 *
 * Returns: (transfer full): a new registry
 *
 * Since: 1.0
 */
CharflowBackendRegistry *
charflow_backend_registry_new (void)
{
  return g_object_new (CHARFLOW_TYPE_BACKEND_REGISTRY, NULL);
}

/**
 * charflow_backend_registry_add:
 * @self: a registry
 * @backend: a back end with a #CharflowBackend:label
 * @error: return location for a #GError
 *
 * Adds a back end.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_EXISTS when there is one of its label already, with
 * %CHARFLOW_BACKEND_ERROR_MISSING_OPTION when it has none, and with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE when that
 * could not be the `id` of a spec.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_registry_add (CharflowBackendRegistry *self,
                               CharflowBackend         *backend,
                               GError                 **error)
{
  const char *label;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self), FALSE);
  g_return_val_if_fail (CHARFLOW_IS_BACKEND (backend), FALSE);

  label = charflow_backend_get_label (backend);
  if (!check_label (label, error) || !check_free (self, label, error))
    return FALSE;

  append (self, backend);
  return TRUE;
}

/* The base of what mux=on has made, which comes with it, or NULL. */
static CharflowBackend *
get_own_base (const CharflowBackendOptions *options,
              CharflowBackend              *backend)
{
  if (!charflow_backend_options_get_boolean (options, "mux"))
    return NULL;

  return charflow_mux_backend_get_backend (CHARFLOW_MUX_BACKEND (backend));
}

static gboolean
check_base_free (CharflowBackendRegistry      *self,
                 const CharflowBackendOptions *options,
                 CharflowBackend              *backend,
                 GError                      **error)
{
  CharflowBackend *base = get_own_base (options, backend);

  return base == NULL || check_free (self, charflow_backend_get_label (base), error);
}

/**
 * charflow_backend_registry_create:
 * @self: a registry
 * @spec: what charflow_backend_new_from_spec() takes, with an `id`, or `chardev:ID`
 * @error: return location for a #GError
 *
 * Makes a back end and adds it. Nothing is opened by this.
 *
 * `mux,id=ID,chardev=OTHER` is made over the back end `OTHER`; with `mux=on`, the back end is added too, under `ID-base`.
 * `chardev:ID` makes none, but gives the one that there is.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_FOUND when the other back end is not there, with %CHARFLOW_BACKEND_ERROR_BUSY
 * when it is in use, as charflow_backend_registry_add() does, and as charflow_backend_new_from_spec(); then nothing was
 * added.
 *
 * Returns: (transfer none): the back end
 *
 * Since: 1.0
 */
CharflowBackend *
charflow_backend_registry_create (CharflowBackendRegistry *self,
                                  const char              *spec,
                                  GError                 **error)
{
  g_autoptr (CharflowBackendOptions) options = NULL;
  g_autoptr (CharflowBackend) backend = NULL;
  const CharflowBackendKind *kind;
  CharflowBackend *base;
  const char *id;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self), NULL);
  g_return_val_if_fail (spec != NULL, NULL);

  if (g_str_has_prefix (spec, "chardev:"))
    return find (self, spec + strlen ("chardev:"), error);

  options = charflow_backend_options_new (spec, &kind, error);
  if (options == NULL)
    return NULL;

  id = charflow_backend_options_get_id (options);
  if (!check_label (id, error) || !check_free (self, id, error))
    return NULL;

  backend = charflow_backend_kind_make (kind, options, self, error);
  if (backend == NULL || !check_base_free (self, options, backend, error))
    return NULL;

  base = get_own_base (options, backend);
  if (base != NULL)
    append (self, base);
  append (self, backend);

  return charflow_backend_registry_lookup (self, charflow_backend_get_label (backend));
}

/**
 * charflow_backend_registry_lookup:
 * @self: a registry
 * @label: a label
 *
 * Finds the back end of a label.
 *
 * Returns: (transfer none) (nullable): the back end, or %NULL when there is none
 *
 * Since: 1.0
 */
CharflowBackend *
charflow_backend_registry_lookup (CharflowBackendRegistry *self,
                                  const char              *label)
{
  g_return_val_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self), NULL);
  g_return_val_if_fail (label != NULL, NULL);

  for (guint i = 0; i < self->backends->len; i++)
    {
      CharflowBackend *backend = self->backends->pdata[i];

      if (strcmp (charflow_backend_get_label (backend), label) == 0)
        return backend;
    }

  return NULL;
}

static gboolean
is_in_use (CharflowBackend *backend)
{
  if (CHARFLOW_IS_MUX_BACKEND (backend))
    return charflow_mux_backend_get_n_front_ends (CHARFLOW_MUX_BACKEND (backend)) > 0;

  return charflow_backend_get_owner (backend) != NULL;
}

/**
 * charflow_backend_registry_remove:
 * @self: a registry
 * @label: a label
 * @error: return location for a #GError
 *
 * Takes a back end out, and closes it.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_FOUND when there is none of this label, and with %CHARFLOW_BACKEND_ERROR_BUSY
 * when a device or a multiplexer has it.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_registry_remove (CharflowBackendRegistry *self,
                                  const char              *label,
                                  GError                 **error)
{
  CharflowBackend *backend;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self), FALSE);
  g_return_val_if_fail (label != NULL, FALSE);

  backend = find (self, label, error);
  if (backend == NULL)
    return FALSE;
  if (is_in_use (backend))
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY,
                   _("The back end '%s' is in use"), label);
      return FALSE;
    }

  take_out (self, backend);
  return TRUE;
}

/* The new back end of a label that exists. */
static CharflowBackend *
make_replacement (CharflowBackendRegistry *self,
                  CharflowBackend         *old,
                  const char              *spec,
                  CharflowBackend        **base,
                  GError                 **error)
{
  const char *label = charflow_backend_get_label (old);
  gpointer owner = charflow_backend_get_owner (old);
  const CharflowBackendKind *kind;
  g_autoptr (CharflowBackendOptions) options = charflow_backend_options_new (spec, &kind, error);
  g_autoptr (CharflowBackend) backend = NULL;

  if (options == NULL)
    return NULL;
  if (charflow_backend_options_get_id (options) != NULL)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
                   _("The back end '%s' keeps its id, so option 'id' cannot be given"), label);
      return NULL;
    }

  charflow_backend_options_set_id (options, label);
  backend = charflow_backend_kind_make (kind, options, self, error);
  if (backend == NULL || !check_base_free (self, options, backend, error))
    return NULL;
  if (charflow_backend_get_owner (old) != owner)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
                   _("The multiplexer '%s' cannot have itself as its base"), label);
      return NULL;
    }

  g_set_object (base, get_own_base (options, backend));
  return g_steal_pointer (&backend);
}

static CharflowMuxBackend *
find_mux_over (CharflowBackendRegistry *self,
               CharflowBackend         *base)
{
  for (guint i = 0; i < self->backends->len; i++)
    {
      CharflowBackend *backend = self->backends->pdata[i];

      if (CHARFLOW_IS_MUX_BACKEND (backend) &&
          charflow_mux_backend_get_backend (CHARFLOW_MUX_BACKEND (backend)) == base &&
          charflow_backend_get_owner (base) == backend)
        return CHARFLOW_MUX_BACKEND (backend);
    }

  return NULL;
}

/* Has whoever uses the old one use the new one. */
static gboolean
exchange (CharflowBackendRegistry *self,
          CharflowBackend         *old,
          CharflowBackend         *backend,
          GError                 **error)
{
  CharflowMuxBackend *mux = find_mux_over (self, old);
  gboolean is_done = FALSE;

  if (!is_in_use (old))
    return TRUE;
  if (mux != NULL)
    return charflow_mux_backend_set_backend (mux, backend, error);
  if (CHARFLOW_IS_MUX_BACKEND (old))
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                   _("The multiplexer '%s' has front ends; only its base can be changed"),
                   charflow_backend_get_label (old));
      return FALSE;
    }

  g_signal_emit (self, signals[SIGNAL_CHANGE_BACKEND], 0, old, backend, &is_done);
  if (!is_done)
    g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_BUSY,
                 _("The back end '%s' is in use, and who uses it takes no other one"),
                 charflow_backend_get_label (old));

  return is_done;
}

static void
put_in_place (CharflowBackendRegistry *self,
              guint                    position,
              CharflowBackend         *backend)
{
  g_autoptr (CharflowBackend) old = self->backends->pdata[position];

  self->backends->pdata[position] = g_object_ref (backend);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 1);
}

/* A handler may have done anything to the registry meanwhile. */
static void
replace (CharflowBackendRegistry *self,
         CharflowBackend         *old,
         CharflowBackend         *backend,
         CharflowBackend         *base)
{
  guint position;

  if (base != NULL && charflow_backend_registry_lookup (self, charflow_backend_get_label (base)) == NULL)
    append (self, base);

  if (g_ptr_array_find (self->backends, old, &position))
    put_in_place (self, position, backend);
  else if (charflow_backend_registry_lookup (self, charflow_backend_get_label (backend)) == NULL)
    append (self, backend);
}

/* An exchange that has not ended. */
typedef struct
{
  GWeakRef registry;
  GWeakRef old;
  GWeakRef base; /* what came with the new one */
} Exchange;

static void
exchange_free (gpointer data)
{
  Exchange *pending = data;

  g_weak_ref_clear (&pending->registry);
  g_weak_ref_clear (&pending->old);
  g_weak_ref_clear (&pending->base);
  g_free (pending);
}

/* Where the old one is in use still, the device could not open the new one and stays as it was. */
static void
released_cb (CharflowBackend *backend,
             gpointer         data)
{
  Exchange *pending = data;
  g_autoptr (CharflowBackendRegistry) self = g_weak_ref_get (&pending->registry);
  g_autoptr (CharflowBackend) old = g_weak_ref_get (&pending->old);
  g_autoptr (CharflowBackend) base = g_weak_ref_get (&pending->base);
  guint position;

  if (self == NULL || old == NULL || charflow_backend_get_owner (old) == NULL ||
      !g_ptr_array_find (self->backends, backend, &position))
    return;

  put_in_place (self, position, old);
  if (base != NULL && charflow_backend_get_owner (base) == backend)
    take_out (self, base);
}

static void
await_end (CharflowBackendRegistry *self,
           CharflowBackend         *old,
           CharflowBackend         *backend,
           CharflowBackend         *base)
{
  Exchange *pending = g_new0 (Exchange, 1);

  g_weak_ref_init (&pending->registry, self);
  g_weak_ref_init (&pending->old, old);
  g_weak_ref_init (&pending->base, base);
  charflow_backend_await_release (backend, released_cb, pending, exchange_free);
}

/**
 * charflow_backend_registry_change:
 * @self: a registry
 * @label: a label
 * @spec: what charflow_backend_new_from_spec() takes, without an `id`
 * @error: return location for a #GError
 *
 * Puts a new back end in the place of one, under the same label, and closes the old one.
 *
 * Where a multiplexer of this registry has the old one as its base, it gets the new one. Where a device has it,
 * #CharflowBackendRegistry::change-backend asks for the exchange. A device that is running opens the new one first, and
 * keeps the old one until then: it is not closed here, but when the device has let go of it, with its last reference at
 * the latest. The label is that of the new one at once. When this cannot be opened after all, the device stays with the
 * old one, which #CharflowCharDevice::backend-error tells, and the old one has its label and place again.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_FOUND when there is none of this label, with
 * %CHARFLOW_BACKEND_ERROR_INCOMPATIBLE when the spec has an `id`, with %CHARFLOW_BACKEND_ERROR_BUSY when nobody makes the
 * exchange, with %CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED for a multiplexer that has front ends, and as
 * charflow_backend_registry_create(); then the old one stays as it was.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_registry_change (CharflowBackendRegistry *self,
                                  const char              *label,
                                  const char              *spec,
                                  GError                 **error)
{
  g_autoptr (CharflowBackendRegistry) guard = NULL;
  g_autoptr (CharflowBackend) old = NULL;
  g_autoptr (CharflowBackend) backend = NULL;
  g_autoptr (CharflowBackend) base = NULL;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self), FALSE);
  g_return_val_if_fail (label != NULL, FALSE);
  g_return_val_if_fail (spec != NULL, FALSE);

  guard = g_object_ref (self);
  g_set_object (&old, find (self, label, error));
  if (old == NULL)
    return FALSE;

  backend = make_replacement (self, old, spec, &base, error);
  if (backend == NULL || !exchange (self, old, backend, error))
    return FALSE;

  replace (self, old, backend, base);
  /* A device may serve with it until the new one is open. */
  if (charflow_backend_get_owner (old) == NULL)
    charflow_backend_close (old);
  else if (is_in_use (backend))
    await_end (self, old, backend, base);
  return TRUE;
}

/**
 * charflow_backend_registry_send_break:
 * @self: a registry
 * @label: a label
 * @error: return location for a #GError
 *
 * Has the front end of a back end see a break, as if one had come from the other side.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_FOUND when there is none of this label.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_registry_send_break (CharflowBackendRegistry *self,
                                      const char              *label,
                                      GError                 **error)
{
  CharflowBackend *backend;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self), FALSE);
  g_return_val_if_fail (label != NULL, FALSE);

  backend = find (self, label, error);
  if (backend == NULL)
    return FALSE;

  charflow_backend_emit_event (backend, CHARFLOW_EVENT_BREAK);
  return TRUE;
}

static CharflowRingbufBackend *
find_ring (CharflowBackendRegistry *self,
           const char              *label,
           GError                 **error)
{
  CharflowBackend *backend = find (self, label, error);

  if (backend == NULL)
    return NULL;
  if (CHARFLOW_IS_RINGBUF_BACKEND (backend))
    return CHARFLOW_RINGBUF_BACKEND (backend);

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
               _("The back end '%s' is no ring"), label);
  return NULL;
}

/**
 * charflow_backend_registry_take_ring_bytes:
 * @self: a registry
 * @label: the label of a ring
 * @max_size: the most to take, in bytes, at least 1
 * @error: return location for a #GError
 *
 * Takes the oldest bytes out of a ring that is known by its label, as
 * charflow_ringbuf_backend_take_bytes() does.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE when @max_size is 0, with %CHARFLOW_BACKEND_ERROR_NOT_FOUND when there
 * is none of this label, and with %CHARFLOW_BACKEND_ERROR_INCOMPATIBLE when it is of another kind.
 *
 * Returns: (transfer full): the bytes, none when the ring is empty
 *
 * Since: 1.0
 */
GBytes *
charflow_backend_registry_take_ring_bytes (CharflowBackendRegistry *self,
                                           const char              *label,
                                           gsize                    max_size,
                                           GError                 **error)
{
  CharflowRingbufBackend *ring;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self), NULL);
  g_return_val_if_fail (label != NULL, NULL);

  ring = find_ring (self, label, error);
  if (ring == NULL)
    return NULL;
  if (max_size == 0)
    {
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("A size of 0 takes nothing out of the ring '%s'"), label);
      return NULL;
    }

  return charflow_ringbuf_backend_take_bytes (ring, max_size);
}

/**
 * charflow_backend_registry_feed_ring_bytes:
 * @self: a registry
 * @label: the label of a ring
 * @bytes: the bytes
 * @error: return location for a #GError
 *
 * Adds bytes to a ring that is known by its label, as charflow_ringbuf_backend_feed_bytes() does.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_NOT_FOUND when there is none of this label, with
 * %CHARFLOW_BACKEND_ERROR_INCOMPATIBLE when it is of another kind, and as that function does.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
charflow_backend_registry_feed_ring_bytes (CharflowBackendRegistry *self,
                                           const char              *label,
                                           GBytes                  *bytes,
                                           GError                 **error)
{
  CharflowRingbufBackend *ring;

  g_return_val_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self), FALSE);
  g_return_val_if_fail (label != NULL, FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  ring = find_ring (self, label, error);
  return ring != NULL && charflow_ringbuf_backend_feed_bytes (ring, bytes, error);
}

/**
 * charflow_backend_registry_close_all:
 * @self: a registry
 *
 * Closes all of the back ends, a multiplexer before its base. They stay in the registry, and may be opened again.
 *
 * Since: 1.0
 */
void
charflow_backend_registry_close_all (CharflowBackendRegistry *self)
{
  g_autoptr (GPtrArray) backends = NULL;

  g_return_if_fail (CHARFLOW_IS_BACKEND_REGISTRY (self));

  /* A handler may change the registry. */
  backends = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < self->backends->len; i++)
    g_ptr_array_add (backends, g_object_ref (self->backends->pdata[i]));
  for (guint i = backends->len; i > 0; i--)
    charflow_backend_close (backends->pdata[i - 1]);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-legacy-spec-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-backend.h"
#include "charflow-text-private.h"

typedef struct _Form Form;

/* What a spec begins with, and how the rest of it is read. */
struct _Form
{
  const char *prefix;
  const char *kind;
  const char *key; /* of what follows, or of a flag that it implies; NULL for neither */
  gboolean (*parse) (const Form *form,
                     GPtrArray  *items,
                     const char *spec,
                     GError    **error);
};

static gboolean
refuse_missing (const char *spec,
                const char *key,
                GError    **error)
{
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
               _("Nothing follows '%s', where the option '%s' belongs"), spec, key);
  return FALSE;
}

static gboolean
refuse_address (const char *prefix,
                const char *address,
                GError    **error)
{
  g_autofree char *excerpt = charflow_text_excerpt (address);

  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("'%s' expects [HOST]:PORT, with an IPv6 address in brackets, not '%s'"), prefix, excerpt);
  return FALSE;
}

/* A host that is not named is the default of the kind, as it is in the other syntax. */
static gboolean
add_address (const Form *form,
             GPtrArray  *items,
             const char *address,
             const char *host_key,
             const char *port_key,
             GError    **error)
{
  gboolean bracketed = *address == '[';
  const char *start = bracketed ? address + 1 : address;
  gsize len = strcspn (start, bracketed ? "]" : ":");
  const char *colon = start[len] == ']' ? start + len + 1 : start + len;
  g_autofree char *host = g_strndup (start, len);

  if (*colon != ':' || colon[1] == '\0' || strchr (colon + 1, ':') != NULL || (bracketed && len == 0))
    return refuse_address (form->prefix, address, error);

  if (len > 0)
    charflow_spec_add_item (items, host_key, host);
  charflow_spec_add_item (items, port_key, colon + 1);
  return TRUE;
}

/* "tcp:[HOST]:PORT[,key=value,…]"; what the prefix implies comes last, so that it holds. */
static gboolean
parse_tcp (const Form *form,
           GPtrArray  *items,
           const char *spec,
           GError    **error)
{
  const char *cursor = spec + strlen (form->prefix);
  g_autofree char *address = charflow_spec_take_value (&cursor);

  charflow_spec_add_item (items, "backend", form->kind);
  if (!add_address (form, items, address, "host", "port", error))
    return FALSE;

  charflow_spec_take_items (items, cursor);
  if (form->key != NULL)
    charflow_spec_add_item (items, form->key, "on");
  return TRUE;
}

/* "udp:[HOST]:PORT[@[LOCALADDR]:LOCALPORT][,key=value,…]" */
static gboolean
parse_udp (const Form *form,
           GPtrArray  *items,
           const char *spec,
           GError    **error)
{
  const char *cursor = spec + strlen (form->prefix);
  g_autofree char *addresses = charflow_spec_take_value (&cursor);
  char *local = strchr (addresses, '@');

  if (local != NULL)
    *local++ = '\0';

  charflow_spec_add_item (items, "backend", form->kind);
  if (!add_address (form, items, addresses, "host", "port", error))
    return FALSE;
  if (local != NULL && !add_address (form, items, local, "localaddr", "localport", error))
    return FALSE;

  charflow_spec_take_items (items, cursor);
  return TRUE;
}

/* "unix:PATH[,key=value,…]" and others of one value. */
static gboolean
parse_value (const Form *form,
             GPtrArray  *items,
             const char *spec,
             GError    **error)
{
  const char *cursor = spec + strlen (form->prefix);
  g_autofree char *value = charflow_spec_take_value (&cursor);

  if (*value == '\0')
    return refuse_missing (form->prefix, form->key, error);

  charflow_spec_add_item (items, "backend", form->kind);
  charflow_spec_add_item (items, form->key, value);
  charflow_spec_take_items (items, cursor);
  return TRUE;
}

/* "fd:NUMBER[,key=value,…]"; only a socket can listen, and so the key that says whether it does tells that
 * it is one. */
static gboolean
parse_descriptor (const Form *form,
                  GPtrArray  *items,
                  const char *spec,
                  GError    **error)
{
  if (!parse_value (form, items, spec, error))
    return FALSE;

  for (guint i = 0; i < items->len; i++)
    {
      const CharflowSpecItem *item = g_ptr_array_index (items, i);

      if (strcmp (item->name, "server") == 0)
        {
          charflow_spec_add_item (items, "backend", "socket");
          break;
        }
    }

  return TRUE;
}

/* "file:PATH" with no options, and so with commas as they are. */
static gboolean
parse_path (const Form *form,
            GPtrArray  *items,
            const char *spec,
            GError    **error)
{
  const char *path = spec + strlen (form->prefix);

  if (*path == '\0')
    return refuse_missing (form->prefix, form->key, error);

  charflow_spec_add_item (items, "backend", form->kind);
  charflow_spec_add_item (items, form->key, path);
  return TRUE;
}

/* "/dev/ttyS0" and "COM1", which are paths all of them. */
static gboolean
parse_device (const Form *form,
              GPtrArray  *items,
              const char *spec,
              GError    **error)
{
  charflow_spec_add_item (items, "backend", form->kind);
  charflow_spec_add_item (items, form->key, spec);
  return TRUE;
}

static gboolean
parse_console (const Form *form,
               GPtrArray  *items,
               const char *spec,
               GError    **error)
{
  g_autofree char *excerpt = NULL;

  if (strcmp (spec, form->prefix) == 0)
    {
      charflow_spec_add_item (items, "backend", form->kind);
      return TRUE;
    }

  excerpt = charflow_text_excerpt (spec);
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
               _("Nothing may follow 'con:', which it does in '%s'"), excerpt);
  return FALSE;
}

static gboolean
skip_number (const char **cursor)
{
  gsize len = strspn (*cursor, "0123456789");

  *cursor += len;

  return len > 0;
}

/* "WxH" in pixels or "WCxHC" in cells. */
static gboolean
is_console_size (const char *size)
{
  gboolean cells;

  if (!skip_number (&size))
    return FALSE;

  cells = *size == 'C';
  size += cells ? 1 : 0;
  if (*size++ != 'x' || !skip_number (&size))
    return FALSE;

  return strcmp (size, cells ? "C" : "") == 0;
}

static gboolean
parse_text_console (const Form *form,
                    GPtrArray  *items,
                    const char *spec,
                    GError    **error)
{
  const char *rest = spec + strlen (form->prefix);

  if (*rest == '\0' || is_console_size (rest + 1))
    {
      g_set_error_literal (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
                           _("A text console ('vc') is the viewer's and no back end"));
    }
  else
    {
      g_autofree char *excerpt = charflow_text_excerpt (rest + 1);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("'vc:' expects a size such as 800x600 or 80Cx24C, not '%s'"), excerpt);
    }

  return FALSE;
}

static gboolean
parse_reference (const Form *form,
                 GPtrArray  *items,
                 const char *spec,
                 GError    **error)
{
  const char *label = charflow_legacy_spec_get_reference (spec);
  g_autofree char *excerpt = NULL;

  if (*label == '\0')
    return refuse_missing (form->prefix, "id", error);

  excerpt = charflow_text_excerpt (label);
  g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
               _("Only a registry of back ends can tell which one is '%s'"), excerpt);
  return FALSE;
}

/* "mon:" and another spec: the back end is shared with a monitor, which wants the interrupt key of its
 * terminal for itself. */
static gboolean
parse_monitor (const Form *form,
               GPtrArray  *items,
               const char *spec,
               GError    **error)
{
  const char *rest = spec + strlen (form->prefix);
  g_autofree char *excerpt = NULL;

  if (g_str_has_prefix (rest, form->prefix))
    {
      excerpt = charflow_text_excerpt (spec);
      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("'mon:' may stand there only once, not as in '%s'"), excerpt);
      return FALSE;
    }

  if (*rest == '\0')
    return refuse_missing (form->prefix, "backend", error);

  /* Before the others, so that the spec may say otherwise. */
  if (strcspn (rest, ",") == strlen ("stdio") && g_str_has_prefix (rest, "stdio"))
    charflow_spec_add_item (items, "signal", "off");
  if (!charflow_spec_parse_into (items, rest, error))
    return FALSE;

  charflow_spec_add_item (items, "mux", "on");
  return TRUE;
}

/* The first one that fits counts. */
static const Form forms[] = {
  { "/dev/parport", "parallel", "path", parse_device },
  { "/dev/ppi", "parallel", "path", parse_device },
  { "/dev/", "serial", "path", parse_device },
  { "COM", "serial", "path", parse_device },
  { "chardev:", NULL, NULL, parse_reference },
  { "con:", "console", NULL, parse_console },
  { "fd:", "fd", "fd", parse_descriptor },
  { "file:", "file", "path", parse_path },
  { "memory:", "memory", "size", parse_value },
  { "mon:", NULL, NULL, parse_monitor },
  { "pipe:", "pipe", "path", parse_path },
  { "ringbuf:", "ringbuf", "size", parse_value },
  { "tcp:", "socket", NULL, parse_tcp },
  { "telnet:", "socket", "telnet", parse_tcp },
  { "tn3270:", "socket", "tn3270", parse_tcp },
  { "udp:", "udp", NULL, parse_udp },
  { "unix:", "socket", "path", parse_value },
  { "vc", NULL, NULL, parse_text_console },
  { "websocket:", "socket", "websocket", parse_tcp },
};

/* Of two prefixes the end is not a colon: "COM" wants a number and "vc" nothing or a colon. */
static gboolean
fits (const Form *form,
      const char *spec)
{
  const char *rest = spec + strlen (form->prefix);

  if (!g_str_has_prefix (spec, form->prefix))
    return FALSE;
  if (strcmp (form->prefix, "COM") == 0)
    return skip_number (&rest) && *rest == '\0';
  if (strcmp (form->prefix, "vc") == 0)
    return *rest == '\0' || *rest == ':';

  return TRUE;
}

static const Form *
lookup_form (const char *spec)
{
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      if (fits (&forms[i], spec))
        return &forms[i];
    }

  return NULL;
}

gboolean
charflow_legacy_spec_is_one (const char *spec)
{
  return lookup_form (spec) != NULL;
}

gboolean
charflow_legacy_spec_parse (GPtrArray  *items,
                            const char *spec,
                            GError    **error)
{
  const Form *form = lookup_form (spec);

  g_assert (form != NULL);

  return form->parse (form, items, spec, error);
}

const char *
charflow_legacy_spec_get_reference (const char *spec)
{
  static const char prefix[] = "chardev:";

  return g_str_has_prefix (spec, prefix) ? spec + strlen (prefix) : NULL;
}

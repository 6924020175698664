/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-serial-settings.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "charflow-enums.h"
#include "charflow-text-private.h"

/**
 * SECTION:charflow-serial-settings
 * @title: CharflowSerialSettings
 * @short_description: how a serial line is set
 *
 * The speed of a serial line and the form of its bytes. As text they are written the way people do, `9600 7E2` or
 * `115200 8N1 rtscts`.
 *
 * |[<!-- language="C" -->
 * g_autoptr (GError) error = NULL;
 * g_autoptr (CharflowSerialSettings) settings = charflow_serial_settings_new (9600, 7, CHARFLOW_SERIAL_PARITY_EVEN,
 *                                                                             CHARFLOW_SERIAL_STOP_ONE,
 *                                                                             CHARFLOW_SERIAL_FLOW_RTSCTS);
 * g_autofree char *text = charflow_serial_settings_to_string (settings);
 * g_autoptr (CharflowSerialSettings) same = charflow_serial_settings_new_from_string (text, &error);
 *
 * g_print ("%s: %s\n", text, charflow_serial_settings_equal (settings, same) ? "the same" : "another");
 * ]|
 */

/* Nothing is slower, and the clocks of UARTs end long before that. */
#define MIN_BAUD 1
#define MAX_BAUD G_MAXINT32
#define MIN_DATA_BITS 5
#define MAX_DATA_BITS 8

/* In the order of CharflowSerialParity. */
static const char parities[] = "NOEMS";
/* In the order of CharflowSerialStop and of CharflowSerialFlow. */
static const char *const stops[] = { "1", "1.5", "2" };
static const char *const flows[] = { "none", "rtscts", "xonxoff" };

struct _CharflowSerialSettings
{
  gatomicrefcount ref_count;
  guint baud;
  guint data_bits;
  CharflowSerialParity parity;
  CharflowSerialStop stop;
  CharflowSerialFlow flow;
};

/* clang-format off */
G_DEFINE_BOXED_TYPE (CharflowSerialSettings, charflow_serial_settings,
                     charflow_serial_settings_ref, charflow_serial_settings_unref)
/* clang-format on */

/**
 * charflow_serial_settings_new:
 * @baud: bits a second, from 1 to 2147483647; what a line can really do is told when it is set
 * @data_bits: the bits of a byte, 5 to 8
 * @parity: the parity bit
 * @stop: the stop bits
 * @flow: the flow control
 *
 * Makes settings of a serial line.
 *
 * Returns: (transfer full): new settings
 *
 * Since: 1.0
 */
CharflowSerialSettings *
charflow_serial_settings_new (guint                baud,
                              guint                data_bits,
                              CharflowSerialParity parity,
                              CharflowSerialStop   stop,
                              CharflowSerialFlow   flow)
{
  CharflowSerialSettings *self;

  g_return_val_if_fail (baud >= MIN_BAUD && baud <= MAX_BAUD, NULL);
  g_return_val_if_fail (data_bits >= MIN_DATA_BITS && data_bits <= MAX_DATA_BITS, NULL);
  g_return_val_if_fail ((guint) parity <= CHARFLOW_SERIAL_PARITY_SPACE, NULL);
  g_return_val_if_fail ((guint) stop <= CHARFLOW_SERIAL_STOP_TWO, NULL);
  g_return_val_if_fail ((guint) flow <= CHARFLOW_SERIAL_FLOW_XONXOFF, NULL);

  self = g_new0 (CharflowSerialSettings, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->baud = baud;
  self->data_bits = data_bits;
  self->parity = parity;
  self->stop = stop;
  self->flow = flow;

  return self;
}

static gboolean
parse_word (const char        *word,
            const char *const *words,
            gsize              n_words,
            guint             *value)
{
  for (gsize i = 0; i < n_words; i++)
    {
      if (strcmp (word, words[i]) == 0)
        {
          *value = (guint) i;
          return TRUE;
        }
    }

  return FALSE;
}

/* "8N1": data bits, parity, stop bits. */
static gboolean
parse_frame (const char *text,
             guint      *data_bits,
             guint      *parity,
             guint      *stop)
{
  const char *found;

  if (*text < '0' + MIN_DATA_BITS || *text > '0' + MAX_DATA_BITS || text[1] == '\0')
    return FALSE;

  *data_bits = (guint) (*text - '0');
  found = strchr (parities, g_ascii_toupper (text[1]));
  if (found == NULL)
    return FALSE;

  *parity = (guint) (found - parities);
  return parse_word (text + 2, stops, G_N_ELEMENTS (stops), stop);
}

static gboolean
parse_baud (const char *text,
            guint      *baud)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, MIN_BAUD, MAX_BAUD, &value, NULL))
    return FALSE;

  *baud = (guint) value;
  return TRUE;
}

/**
 * charflow_serial_settings_new_from_string:
 * @text: the speed, and optionally the form of the bytes and the flow control: `9600`, `9600 7E2`,
 *   `115200 8N1 rtscts`
 * @error: return location for a #GError
 *
 * Makes settings of a serial line from text. What is left out is `8N1` and no flow control.
 *
 * Fails with %CHARFLOW_BACKEND_ERROR_INVALID_VALUE.
 *
 * Returns: (transfer full): new settings
 *
 * Since: 1.0
 */
CharflowSerialSettings *
charflow_serial_settings_new_from_string (const char *text,
                                          GError    **error)
{
  g_auto (GStrv) words = NULL;
  guint n_words;
  guint baud;
  guint data_bits = 8;
  guint parity = CHARFLOW_SERIAL_PARITY_NONE;
  guint stop = CHARFLOW_SERIAL_STOP_ONE;
  guint flow = CHARFLOW_SERIAL_FLOW_NONE;

  g_return_val_if_fail (text != NULL, NULL);

  words = g_strsplit (text, " ", 4);
  n_words = g_strv_length (words);
  if (n_words < 1 || n_words > 3 || !parse_baud (words[0], &baud) ||
      (n_words > 1 && !parse_frame (words[1], &data_bits, &parity, &stop)) ||
      (n_words > 2 && !parse_word (words[2], flows, G_N_ELEMENTS (flows), &flow)))
    {
      g_autofree char *excerpt = charflow_text_excerpt (text);

      g_set_error (error, CHARFLOW_BACKEND_ERROR, CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
                   _("Serial settings are written like '9600 7E2' or '115200 8N1 rtscts', not '%s'"), excerpt);
      return NULL;
    }

  return charflow_serial_settings_new (baud, data_bits, parity, stop, flow);
}

/**
 * charflow_serial_settings_ref:
 * @self: settings
 *
 * Takes a reference.
 *
 * Returns: (transfer full): the same settings
 *
 * Since: 1.0
 */
CharflowSerialSettings *
charflow_serial_settings_ref (CharflowSerialSettings *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * charflow_serial_settings_unref:
 * @self: (transfer full): settings
 *
 * Drops a reference.
 *
 * Since: 1.0
 */
void
charflow_serial_settings_unref (CharflowSerialSettings *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

/**
 * charflow_serial_settings_get_baud:
 * @self: settings
 *
 * Gets the speed.
 *
 * Returns: bits a second
 *
 * Since: 1.0
 */
guint
charflow_serial_settings_get_baud (const CharflowSerialSettings *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->baud;
}

/**
 * charflow_serial_settings_get_data_bits:
 * @self: settings
 *
 * Gets the bits of a byte.
 *
 * Returns: 5 to 8
 *
 * Since: 1.0
 */
guint
charflow_serial_settings_get_data_bits (const CharflowSerialSettings *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->data_bits;
}

/**
 * charflow_serial_settings_get_parity:
 * @self: settings
 *
 * Gets the parity bit.
 *
 * Returns: the parity
 *
 * Since: 1.0
 */
CharflowSerialParity
charflow_serial_settings_get_parity (const CharflowSerialSettings *self)
{
  g_return_val_if_fail (self != NULL, CHARFLOW_SERIAL_PARITY_NONE);

  return self->parity;
}

/**
 * charflow_serial_settings_get_stop:
 * @self: settings
 *
 * Gets the stop bits.
 *
 * Returns: the stop bits
 *
 * Since: 1.0
 */
CharflowSerialStop
charflow_serial_settings_get_stop (const CharflowSerialSettings *self)
{
  g_return_val_if_fail (self != NULL, CHARFLOW_SERIAL_STOP_ONE);

  return self->stop;
}

/**
 * charflow_serial_settings_get_flow:
 * @self: settings
 *
 * Gets the flow control.
 *
 * Returns: the flow control
 *
 * Since: 1.0
 */
CharflowSerialFlow
charflow_serial_settings_get_flow (const CharflowSerialSettings *self)
{
  g_return_val_if_fail (self != NULL, CHARFLOW_SERIAL_FLOW_NONE);

  return self->flow;
}

/**
 * charflow_serial_settings_equal:
 * @self: settings
 * @other: other settings
 *
 * Compares two settings.
 *
 * Returns: %TRUE if they are the same
 *
 * Since: 1.0
 */
gboolean
charflow_serial_settings_equal (const CharflowSerialSettings *self,
                                const CharflowSerialSettings *other)
{
  g_return_val_if_fail (self != NULL && other != NULL, FALSE);

  return self->baud == other->baud && self->data_bits == other->data_bits && self->parity == other->parity &&
         self->stop == other->stop && self->flow == other->flow;
}

/**
 * charflow_serial_settings_to_string:
 * @self: settings
 *
 * Writes them as text, which charflow_serial_settings_new_from_string() reads: `115200 8N1 rtscts`.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
charflow_serial_settings_to_string (const CharflowSerialSettings *self)
{
  gboolean has_flow;

  g_return_val_if_fail (self != NULL, NULL);

  has_flow = self->flow != CHARFLOW_SERIAL_FLOW_NONE;
  return g_strdup_printf ("%u %u%c%s%s%s", self->baud, self->data_bits, parities[self->parity], stops[self->stop],
                          has_flow ? " " : "", has_flow ? flows[self->flow] : "");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "table.h"

#include "log.h"

struct _Table
{
  GPtrArray *rows; /* char ** */
  GArray *widths; /* int, in columns of a terminal */
};

Table *
table_new (void)
{
  Table *table = g_new0 (Table, 1);

  table->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  table->widths = g_array_new (FALSE, TRUE, sizeof (int));

  return table;
}

void
table_free (Table *table)
{
  g_ptr_array_unref (table->rows);
  g_array_unref (table->widths);
  g_free (table);
}

/* East Asian letters are two columns wide; accents that combine stand in the column before. */
static int
count_columns (const char *text)
{
  int n_columns = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_iszerowidth (c))
        n_columns += g_unichar_iswide (c) ? 2 : 1;
    }

  return n_columns;
}

static void
note_widths (Table *table,
             char **row)
{
  for (guint i = 0; row[i] != NULL; i++)
    {
      int width = count_columns (row[i]);

      if (i == table->widths->len)
        g_array_append_val (table->widths, width);
      else
        g_array_index (table->widths, int, i) = MAX (g_array_index (table->widths, int, i), width);
    }
}

void
table_add_row (Table      *table,
               const char *first,
               ...)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  char **row;
  va_list args;

  va_start (args, first);
  for (const char *cell = first; cell != NULL; cell = va_arg (args, const char *))
    {
      g_autofree char *escaped = log_escape (cell);

      g_strv_builder_add (builder, escaped);
    }
  va_end (args);

  row = g_strv_builder_end (builder);
  note_widths (table, row);
  g_ptr_array_add (table->rows, row);
}

static void
print_row (Table *table,
           char **row)
{
  g_autoptr (GString) line = g_string_new (NULL);
  guint last = g_strv_length (row) - 1;

  for (guint i = 0; i <= last; i++)
    {
      int padding = g_array_index (table->widths, int, i) - count_columns (row[i]);

      g_string_append (line, row[i]);
      if (i < last)
        g_string_append_printf (line, "%*s", padding + 2, "");
    }

  g_strchomp (line->str);
  g_print ("%s\n", line->str);
}

void
table_print (Table *table)
{
  for (guint i = 0; i < table->rows->len; i++)
    print_row (table, g_ptr_array_index (table->rows, i));
}

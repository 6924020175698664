/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <charflow-glib/charflow.h>

G_BEGIN_DECLS

/* Copies standard input to a port and the port to standard output, each as fast as the other side
 * takes it. */
typedef struct _Pump Pump;

typedef enum
{
  PUMP_END_ESCAPE, /* the person at the terminal left, or the terminal did */
  /* Standard input has ended, and the port has been quiet since; what still comes is copied on. */
  PUMP_END_INPUT,
  PUMP_END_PORT, /* the port closed, and all that came from it is written */
  PUMP_END_OUTPUT, /* nobody reads standard output any more */
  PUMP_END_FAILED,
} PumpEnd;

typedef void (*PumpEndFunc) (PumpEnd       end,
                             const GError *error,
                             gpointer      user_data);

typedef struct
{
  gboolean is_terminal; /* keys are read ahead, and a port that closes may open again */
  int escape; /* a byte, or -1 for none */
  guint linger_ms;
} PumpSettings;

/* The end is told once, but for PUMP_END_INPUT, which another one follows. It must not free the
 * pump. */
Pump *pump_new (CharflowClientPortChannel *port,
                const PumpSettings        *settings,
                PumpEndFunc                end,
                gpointer                   user_data);
void pump_free (Pump *pump);

/* The session is over, so there comes no more from the port than what has come. */
void pump_note_session_over (Pump *pump);
/* How much of standard input was read and not taken by the port. */
gsize pump_get_pending (Pump *pump);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pump, pump_free)

G_END_DECLS

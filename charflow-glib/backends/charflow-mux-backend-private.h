/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "charflow-backend-options-private.h"
#include "charflow-mux-backend.h"
#include "charflow-mux-output-private.h"
#include "charflow-mux-slot-private.h"

G_BEGIN_DECLS

/* The opening that slots wait for. */
typedef struct _CharflowMuxSlotOpening CharflowMuxSlotOpening;

struct _CharflowMuxBackend
{
  CharflowBackend parent_instance;

  CharflowBackend *given; /* the base, or NULL */
  CharflowBackend *base; /* what was claimed of it, or NULL */
  guint base_serial; /* counts the bases */
  gboolean base_is_ours; /* was opened here, or is being so */
  guint opening_serial; /* counts the ends of what base_is_ours says */
  gulong base_event_handler;
  gulong base_notify_handler;
  gboolean front_end_open; /* as the base was told */
  gboolean echo;
  CharflowSerialSettings *settings; /* or NULL */
  guint peer; /* counts the other sides */

  GPtrArray *slots; /* CharflowMuxSlot, none owned, NULL where one has left */
  guint n_users;
  CharflowMuxSlotOpening *slot_opening; /* what the slots wait for, or NULL */
  gboolean opened_for_slots;

  CharflowMuxSlot *focus; /* or NULL */
  guint last_focus; /* the place that had it last, from where the next one is counted */
  CharflowMuxSlot *told_focus; /* who believes to have it */
  gboolean is_telling_focus;
  GSource *notify_source;

  GSource *in_source;
  gboolean reads_end;
  gboolean is_reading;
  gboolean is_after_escape;

  CharflowMuxOutput *output;
  GSource *out_source;
  GQueue writers; /* CharflowMuxSlot that wait to write, in their order, none owned */
  CharflowMuxSlot *turn; /* the first of them, since it was woken and until it has tried */
  guint n_turns; /* for how many iterations that has been so */

  guint max_front_ends;
  guint ring_size;
  guint look_ahead;
  guint escape_char;
  gboolean timestamps;
};

typedef enum
{
  CHARFLOW_MUX_BACKEND_SIGNAL_ESCAPE_COMMAND,
  CHARFLOW_MUX_BACKEND_SIGNAL_BACKEND_ERROR,
} CharflowMuxBackendSignal;

extern guint charflow_mux_backend_signals[];

gboolean charflow_mux_backend_is_opened (CharflowMuxBackend *self);
void charflow_mux_backend_tell_error (CharflowMuxBackend *self,
                                      const GError       *error);

/* The front ends. */

/* NULL where there is none. */
CharflowMuxSlot *charflow_mux_backend_get_slot (CharflowMuxBackend *self,
                                                guint               index);
/* -1 for one that is none of them, such as NULL. */
int charflow_mux_backend_get_index (CharflowMuxBackend *self,
                                    CharflowMuxSlot    *slot);
CharflowBackend *charflow_mux_backend_attach (CharflowBackend *backend,
                                              GError         **error);

/* The focus. */

void charflow_mux_backend_set_focus (CharflowMuxBackend *self,
                                     CharflowMuxSlot    *slot);
/* Nobody has it then, if this one had. */
void charflow_mux_backend_drop_focus (CharflowMuxBackend *self,
                                      CharflowMuxSlot    *slot);
/* The front end that has the focus sees a break. */
void charflow_mux_backend_break_focus (CharflowMuxBackend *self);
/* Notifies what a front end that lets go has changed, once nothing is in the middle of that. */
void charflow_mux_backend_notify_later (CharflowMuxBackend *self);

/* Writing. */

/* Watches the base while somebody waits to write. */
void charflow_mux_backend_update_out_source (CharflowMuxBackend *self);
/* It does not wait any more. */
void charflow_mux_backend_forget_writer (CharflowMuxBackend *self,
                                         CharflowMuxSlot    *slot);

/* The base. */

/* Claims what is to be the base; NULL for none is fine. */
gboolean charflow_mux_backend_claim_base (CharflowMuxBackend *self,
                                          CharflowBackend    *backend,
                                          CharflowBackend   **part,
                                          GError            **error);
void charflow_mux_backend_take_base (CharflowMuxBackend *self,
                                     CharflowBackend    *given,
                                     CharflowBackend    *part);
/* Returns the base if it was opened here. */
CharflowBackend *charflow_mux_backend_release_base (CharflowMuxBackend *self);
/* Opens it unless it is open, for @task, the opening of the multiplexer itself, or because there is another base. */
void charflow_mux_backend_open_base (CharflowMuxBackend *self,
                                     GTask              *task);
/* Closes it if it was opened here. */
void charflow_mux_backend_close_base (CharflowMuxBackend *self);
/* The other side is another one from now on, or none. */
void charflow_mux_backend_forget_peer (CharflowMuxBackend *self);
/* Gives on an event of the multiplexer itself. */
void charflow_mux_backend_route_event (CharflowMuxBackend *self,
                                       CharflowEvent       event);
/* The multiplexer and its slots lead to where the base does. */
void charflow_mux_backend_follow_base (CharflowMuxBackend *self);
void charflow_mux_backend_copy_looks (CharflowBackend *from,
                                      CharflowBackend *to);

#define CHARFLOW_MUX_MAX_FRONT_ENDS 256
#define CHARFLOW_MUX_MAX_RING_SIZE (1024 * 1024)

/* A multiplexer over @base, as the options say; fails when the base is in use. */
CharflowBackend *charflow_mux_backend_new_from_options (const CharflowBackendOptions *options,
                                                        CharflowBackend              *base,
                                                        GError                      **error);

/* What a slot asks of its multiplexer. */

/* Opens the multiplexer if it is not open, and answers by charflow_mux_slot_end_opening(). The slot is a user from then on,
 * until it leaves. */
void charflow_mux_backend_open_slot (CharflowMuxBackend *self,
                                     CharflowMuxSlot    *slot);
/* The opening is not waited for any more. */
void charflow_mux_backend_forget_opening (CharflowMuxBackend *self,
                                          CharflowMuxSlot    *slot);
/* It is open now, and takes the focus. */
void charflow_mux_backend_enter (CharflowMuxBackend *self,
                                 CharflowMuxSlot    *slot);
/* It is not a user any more. The last one to leave closes what the first one opened. */
void charflow_mux_backend_leave (CharflowMuxBackend *self,
                                 CharflowMuxSlot    *slot);
/* Its front end has let go of it: another may come in its place. */
void charflow_mux_backend_remove_slot (CharflowMuxBackend *self,
                                       CharflowMuxSlot    *slot);

/* There is room in the slot, perhaps. */
void charflow_mux_backend_resume_input (CharflowMuxBackend *self);
/* The slot has nothing: looks for more where no source of the base would tell of it. */
void charflow_mux_backend_poll_input (CharflowMuxBackend *self);

gssize charflow_mux_backend_write_slot (CharflowMuxBackend *self,
                                        CharflowMuxSlot    *slot,
                                        const guint8       *data,
                                        gsize               size,
                                        GError            **error);
/* Has the slot told by charflow_mux_slot_set_writable(); FALSE where that will not come. */
gboolean charflow_mux_backend_await_room (CharflowMuxBackend *self,
                                          CharflowMuxSlot    *slot);

/* What is claimed of the base, or NULL with an error. */
CharflowBackend *charflow_mux_backend_get_base (CharflowMuxBackend *self,
                                                GError            **error);
/* These hold for each base to come, too. */
void charflow_mux_backend_set_base_echo (CharflowMuxBackend *self,
                                         gboolean            echo);
gboolean charflow_mux_backend_set_base_settings (CharflowMuxBackend     *self,
                                                 CharflowSerialSettings *settings,
                                                 GError                **error);
/* Tells the base whether any front end listens. */
void charflow_mux_backend_update_front_end_open (CharflowMuxBackend *self);

G_END_DECLS

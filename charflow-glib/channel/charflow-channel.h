/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <gio/gio.h>

#include "charflow-enums.h"
#include "charflow-version.h"

G_BEGIN_DECLS

#define CHARFLOW_TYPE_CHANNEL (charflow_channel_get_type ())
CHARFLOW_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (CharflowChannel, charflow_channel, CHARFLOW, CHANNEL, GObject)

/**
 * CharflowChannelClass:
 * @parent_class: the parent class
 * @channel_type: the type of channels of this class whose #CharflowChannel:channel-type is not given
 *
 * What both ends of a channel share.
 *
 * Since: 1.0
 */
struct _CharflowChannelClass
{
  GObjectClass parent_class;

  guint channel_type;

  /*< private >*/
  gpointer padding[7];
};

CHARFLOW_AVAILABLE_IN_ALL
guint charflow_channel_get_channel_type (CharflowChannel *self);
CHARFLOW_AVAILABLE_IN_ALL
int charflow_channel_get_channel_id (CharflowChannel *self);
CHARFLOW_AVAILABLE_IN_ALL
char *charflow_channel_get_type_name (CharflowChannel *self);

CHARFLOW_AVAILABLE_IN_ALL
void charflow_channel_add_capability (CharflowChannel *self,
                                      guint            capability);
CHARFLOW_AVAILABLE_IN_ALL
gboolean charflow_channel_has_capability (CharflowChannel *self,
                                          guint            capability);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "charflow-channel-private.h"

#include "charflow-enum-types.h"

/**
 * SECTION:charflow-channel
 * @title: CharflowChannel
 * @short_description: what both ends of a channel share
 *
 * A session has channels, each with a type, and an id that tells several of one type apart. Each end
 * offers capabilities for it; one is of use where both have it. The ends are #CharflowServerChannel and
 * #CharflowClientChannel.
 *
 * |[<!-- language="C" -->
 * GListModel *channels = charflow_session_get_channels (session);
 *
 * for (guint i = 0; i < g_list_model_get_n_items (channels); i++)
 *   {
 *     g_autoptr (CharflowChannel) channel = g_list_model_get_item (channels, i);
 *     g_autofree char *type = charflow_channel_get_type_name (channel);
 *
 *     g_print ("%s %d\n", type, charflow_channel_get_channel_id (channel));
 *   }
 * ]|
 */

/**
 * CharflowChannel:
 *
 * What both ends of a channel share.
 *
 * Since: 1.0
 */

typedef struct
{
  guint channel_type;
  int channel_id;
  CharflowCaps caps;
} CharflowChannelPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (CharflowChannel, charflow_channel, G_TYPE_OBJECT)

typedef enum
{
  PROP_CHANNEL_TYPE = 1,
  PROP_CHANNEL_ID,
} CharflowChannelProperty;

static GParamSpec *props[PROP_CHANNEL_ID + 1];

static CharflowChannelPrivate *
get_private (CharflowChannel *self)
{
  return charflow_channel_get_instance_private (self);
}

static void
charflow_channel_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  CharflowChannelPrivate *priv = get_private (CHARFLOW_CHANNEL (object));

  switch ((CharflowChannelProperty) prop_id)
    {
    case PROP_CHANNEL_TYPE:
      g_value_set_uint (value, priv->channel_type);
      break;
    case PROP_CHANNEL_ID:
      g_value_set_int (value, priv->channel_id);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_channel_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  CharflowChannelPrivate *priv = get_private (CHARFLOW_CHANNEL (object));

  switch ((CharflowChannelProperty) prop_id)
    {
    case PROP_CHANNEL_TYPE:
      priv->channel_type = g_value_get_uint (value);
      break;
    case PROP_CHANNEL_ID:
      priv->channel_id = g_value_get_int (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
charflow_channel_constructed (GObject *object)
{
  CharflowChannelPrivate *priv = get_private (CHARFLOW_CHANNEL (object));

  G_OBJECT_CLASS (charflow_channel_parent_class)->constructed (object);
  if (priv->channel_type == 0)
    priv->channel_type = CHARFLOW_CHANNEL_GET_CLASS (object)->channel_type;
}

static void
charflow_channel_class_init (CharflowChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = charflow_channel_constructed;
  object_class->get_property = charflow_channel_get_property;
  object_class->set_property = charflow_channel_set_property;

  /**
   * CharflowChannel:channel-type:
   *
   * The type, a number of #CharflowChannelType or one of a program's own; 0 stands for that of the class.
   *
   * Since: 1.0
   */
  props[PROP_CHANNEL_TYPE] =
    g_param_spec_uint ("channel-type", NULL, "The type", 0, G_MAXUINT8, 0,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * CharflowChannel:channel-id:
   *
   * What tells several channels of one type apart; -1 until a server has given out a free one.
   *
   * Since: 1.0
   */
  props[PROP_CHANNEL_ID] =
    g_param_spec_int ("channel-id", NULL, "The id among those of its type", -1, G_MAXUINT8, -1,
                      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_EXPLICIT_NOTIFY |
                        G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
charflow_channel_init (CharflowChannel *self)
{
}

/**
 * charflow_channel_get_channel_type:
 * @self: a channel
 *
 * Tells the type of the channel.
 *
 * Returns: the value of #CharflowChannel:channel-type
 *
 * Since: 1.0
 */
guint
charflow_channel_get_channel_type (CharflowChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL (self), 0);

  return get_private (self)->channel_type;
}

/**
 * charflow_channel_get_channel_id:
 * @self: a channel
 *
 * Tells the id of the channel.
 *
 * Returns: the value of #CharflowChannel:channel-id
 *
 * Since: 1.0
 */
int
charflow_channel_get_channel_id (CharflowChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL (self), -1);

  return get_private (self)->channel_id;
}

void
charflow_channel_set_channel_id (CharflowChannel *self,
                                 int              channel_id)
{
  CharflowChannelPrivate *priv = get_private (self);

  if (priv->channel_id == channel_id)
    return;

  priv->channel_id = channel_id;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CHANNEL_ID]);
}

char *
charflow_channel_type_to_name (guint channel_type)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (CHARFLOW_TYPE_CHANNEL_TYPE);
  GEnumValue *value = g_enum_get_value (klass, (int) channel_type);

  return value != NULL ? g_strdup (value->value_nick) : g_strdup_printf ("type %u", channel_type);
}

/**
 * charflow_channel_get_type_name:
 * @self: a channel
 *
 * Tells the type of the channel as people write it.
 *
 * Returns: (transfer full): a name, such as `port`, or `type 77` where the protocol has none
 *
 * Since: 1.0
 */
char *
charflow_channel_get_type_name (CharflowChannel *self)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL (self), NULL);

  return charflow_channel_type_to_name (get_private (self)->channel_type);
}

const CharflowCaps *
charflow_channel_get_caps (CharflowChannel *self)
{
  return &get_private (self)->caps;
}

/**
 * charflow_channel_add_capability:
 * @self: a channel
 * @capability: its number, below 128
 *
 * Offers a capability to the other end, from the next link on.
 *
 * Since: 1.0
 */
void
charflow_channel_add_capability (CharflowChannel *self,
                                 guint            capability)
{
  g_return_if_fail (CHARFLOW_IS_CHANNEL (self));

  charflow_caps_add (&get_private (self)->caps, capability);
}

/**
 * charflow_channel_has_capability:
 * @self: a channel
 * @capability: its number
 *
 * Tells whether this end offers a capability.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
charflow_channel_has_capability (CharflowChannel *self,
                                 guint            capability)
{
  g_return_val_if_fail (CHARFLOW_IS_CHANNEL (self), FALSE);

  return charflow_caps_has (&get_private (self)->caps, capability);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(CHARFLOW_INSIDE) && !defined(CHARFLOW_COMPILATION)
#error "Only <charflow-glib/charflow.h> can be included directly."
#endif

#include <glib.h>

#include "charflow-version.h"

G_BEGIN_DECLS

/**
 * CharflowEvent:
 * @CHARFLOW_EVENT_OPENED: the other side of the back end is there, data can flow
 * @CHARFLOW_EVENT_CLOSED: the other side has gone
 * @CHARFLOW_EVENT_BREAK: a break condition arrived
 * @CHARFLOW_EVENT_MUX_IN: this front end of a multiplexer has the focus now
 * @CHARFLOW_EVENT_MUX_OUT: this front end of a multiplexer is about to lose the focus
 *
 * What happens to a back end besides data. The first three are also the events of a SPICE port.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_EVENT_OPENED,
  CHARFLOW_EVENT_CLOSED,
  CHARFLOW_EVENT_BREAK,
  CHARFLOW_EVENT_MUX_IN,
  CHARFLOW_EVENT_MUX_OUT,
} CharflowEvent;

/**
 * CharflowFeatures:
 * @CHARFLOW_FEATURE_NONE: nothing special
 * @CHARFLOW_FEATURE_RECONNECTABLE: the peer may go away and come back
 * @CHARFLOW_FEATURE_FD_PASS: file descriptors can travel with the data
 * @CHARFLOW_FEATURE_RECORDED: what passes is recorded, or replayed from a record
 *
 * What a back end is able to do.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  CHARFLOW_FEATURE_NONE = 0,
  CHARFLOW_FEATURE_RECONNECTABLE = 1 << 0,
  CHARFLOW_FEATURE_FD_PASS = 1 << 1,
  CHARFLOW_FEATURE_RECORDED = 1 << 2,
} CharflowFeatures;

/**
 * CharflowOverflow:
 * @CHARFLOW_OVERFLOW_PACE: the device waits for the client while it makes progress, and for at most
 *   #CharflowClient:stall-time when it makes none; then it is removed
 * @CHARFLOW_OVERFLOW_REMOVE: the client is removed at once
 * @CHARFLOW_OVERFLOW_DROP: the oldest messages in its queue are dropped, and it is told how much
 *
 * What happens when the send queue of a client is full and the device has more for it.
 *
 * The device is read until then, whether the client is #CharflowClient:ready or not. Only one with flow control that has no
 * send token is no reason to read it: where no other client takes anything, the device waits for a token as long as that
 * takes.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_OVERFLOW_PACE,
  CHARFLOW_OVERFLOW_REMOVE,
  CHARFLOW_OVERFLOW_DROP,
} CharflowOverflow;

/**
 * CharflowBackendOverflow:
 * @CHARFLOW_BACKEND_OVERFLOW_BLOCK: no more is taken, so that whoever writes waits
 * @CHARFLOW_BACKEND_OVERFLOW_DROP_NEW: it is thrown away
 * @CHARFLOW_BACKEND_OVERFLOW_DROP_OLD: the oldest bytes that wait are thrown away to make room for it
 *
 * What happens to what is written to a back end whose other side is not there, or takes nothing, once as much waits as it
 * keeps. With the last two, whoever writes is never held up by it.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_BACKEND_OVERFLOW_BLOCK,
  CHARFLOW_BACKEND_OVERFLOW_DROP_NEW,
  CHARFLOW_BACKEND_OVERFLOW_DROP_OLD,
} CharflowBackendOverflow;

/**
 * CharflowRemoveReason:
 * @CHARFLOW_REMOVE_REASON_DETACHED: its owner detached it
 * @CHARFLOW_REMOVE_REASON_NO_TOKENS: it wrote without a token
 * @CHARFLOW_REMOVE_REASON_TOKEN_OVERFLOW: it granted more tokens than can be counted
 * @CHARFLOW_REMOVE_REASON_OVERFLOW: its send queue was full and its policy is %CHARFLOW_OVERFLOW_REMOVE
 * @CHARFLOW_REMOVE_REASON_STALLED: its send queue was full and it took nothing for the stall time, or it did not go on with
 *   a message for whose end others wait
 * @CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT: messages waited for its tokens longer than the wait time
 * @CHARFLOW_REMOVE_REASON_DEVICE_GONE: the device was destroyed
 * @CHARFLOW_REMOVE_REASON_BAD_MESSAGE: it wrote what breaks the framing of the device
 *
 * Why a client is, or is to be, removed from its device.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_REMOVE_REASON_DETACHED,
  CHARFLOW_REMOVE_REASON_NO_TOKENS,
  CHARFLOW_REMOVE_REASON_TOKEN_OVERFLOW,
  CHARFLOW_REMOVE_REASON_OVERFLOW,
  CHARFLOW_REMOVE_REASON_STALLED,
  CHARFLOW_REMOVE_REASON_TOKEN_TIMEOUT,
  CHARFLOW_REMOVE_REASON_DEVICE_GONE,
  CHARFLOW_REMOVE_REASON_BAD_MESSAGE,
} CharflowRemoveReason;

/**
 * CharflowWriteOrigin:
 * @CHARFLOW_WRITE_ORIGIN_CLIENT: a client wrote it, and paid a token where it has flow control
 * @CHARFLOW_WRITE_ORIGIN_SERVER: the program wrote it and paid a self token
 * @CHARFLOW_WRITE_ORIGIN_SERVER_NO_TOKEN: the program wrote it without a token
 *
 * Where a #CharflowWriteBuffer comes from.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_WRITE_ORIGIN_CLIENT,
  CHARFLOW_WRITE_ORIGIN_SERVER,
  CHARFLOW_WRITE_ORIGIN_SERVER_NO_TOKEN,
} CharflowWriteOrigin;

/**
 * CharflowAuthentication:
 * @CHARFLOW_AUTHENTICATION_TICKET: a password, sent encrypted with a key of the server
 * @CHARFLOW_AUTHENTICATION_NONE: everybody may enter
 *
 * How a server makes sure of who enters.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_AUTHENTICATION_TICKET,
  CHARFLOW_AUTHENTICATION_NONE,
} CharflowAuthentication;

/**
 * CharflowChannelType:
 * @CHARFLOW_CHANNEL_TYPE_MAIN: the session itself, first and mandatory
 * @CHARFLOW_CHANNEL_TYPE_DISPLAY: a graphics device
 * @CHARFLOW_CHANNEL_TYPE_INPUTS: keyboard and pointer
 * @CHARFLOW_CHANNEL_TYPE_CURSOR: the pointer's shape
 * @CHARFLOW_CHANNEL_TYPE_PLAYBACK: sound to the client
 * @CHARFLOW_CHANNEL_TYPE_RECORD: sound from the client
 * @CHARFLOW_CHANNEL_TYPE_TUNNEL: obsolete
 * @CHARFLOW_CHANNEL_TYPE_SMARTCARD: a smartcard reader
 * @CHARFLOW_CHANNEL_TYPE_USBREDIR: a redirected USB device
 * @CHARFLOW_CHANNEL_TYPE_PORT: a named byte stream
 * @CHARFLOW_CHANNEL_TYPE_WEBDAV: a shared folder
 *
 * The channel types that the SPICE protocol numbers (`spice/enums.h`). A program may use others.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_CHANNEL_TYPE_MAIN = 1,
  CHARFLOW_CHANNEL_TYPE_DISPLAY,
  CHARFLOW_CHANNEL_TYPE_INPUTS,
  CHARFLOW_CHANNEL_TYPE_CURSOR,
  CHARFLOW_CHANNEL_TYPE_PLAYBACK,
  CHARFLOW_CHANNEL_TYPE_RECORD,
  CHARFLOW_CHANNEL_TYPE_TUNNEL,
  CHARFLOW_CHANNEL_TYPE_SMARTCARD,
  CHARFLOW_CHANNEL_TYPE_USBREDIR,
  CHARFLOW_CHANNEL_TYPE_PORT,
  CHARFLOW_CHANNEL_TYPE_WEBDAV,
} CharflowChannelType;

/**
 * CharflowClientState:
 * @CHARFLOW_CLIENT_STATE_CLOSED: there is no connection
 * @CHARFLOW_CLIENT_STATE_OPENING: a connection is being made
 * @CHARFLOW_CLIENT_STATE_OPEN: messages can be exchanged
 *
 * Where a session, or one of its channels, stands at the client's end.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_CLIENT_STATE_CLOSED,
  CHARFLOW_CLIENT_STATE_OPENING,
  CHARFLOW_CLIENT_STATE_OPEN,
} CharflowClientState;

/**
 * CHARFLOW_LINK_ERROR:
 *
 * The domain of errors while a SPICE connection is made or used.
 *
 * Since: 1.0
 */
#define CHARFLOW_LINK_ERROR (charflow_link_error_quark ())

/**
 * CharflowLinkError:
 * @CHARFLOW_LINK_ERROR_FAILED: something else went wrong
 * @CHARFLOW_LINK_ERROR_INVALID_MAGIC: the peer does not speak SPICE
 * @CHARFLOW_LINK_ERROR_INVALID_DATA: the peer sent what the protocol forbids
 * @CHARFLOW_LINK_ERROR_VERSION_MISMATCH: the peer speaks another major version
 * @CHARFLOW_LINK_ERROR_NEED_SECURED: the channel is only served over TLS
 * @CHARFLOW_LINK_ERROR_NEED_UNSECURED: the channel is only served without TLS
 * @CHARFLOW_LINK_ERROR_PERMISSION_DENIED: the password is wrong, or has expired
 * @CHARFLOW_LINK_ERROR_BAD_CONNECTION_ID: there is no such session
 * @CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE: there is no such channel, or it is taken
 * @CHARFLOW_LINK_ERROR_TIMED_OUT: the link was not finished in time
 * @CHARFLOW_LINK_ERROR_CLOSED: the peer closed the connection
 * @CHARFLOW_LINK_ERROR_LIMIT: a limit on connections or clients is reached
 *
 * What can go wrong between two ends of a SPICE connection. Up to
 * %CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE they are the link errors of the protocol
 * (`SpiceLinkErr` in `spice/enums.h`); errors of the system keep #GIOErrorEnum.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_LINK_ERROR_FAILED = 1,
  CHARFLOW_LINK_ERROR_INVALID_MAGIC,
  CHARFLOW_LINK_ERROR_INVALID_DATA,
  CHARFLOW_LINK_ERROR_VERSION_MISMATCH,
  CHARFLOW_LINK_ERROR_NEED_SECURED,
  CHARFLOW_LINK_ERROR_NEED_UNSECURED,
  CHARFLOW_LINK_ERROR_PERMISSION_DENIED,
  CHARFLOW_LINK_ERROR_BAD_CONNECTION_ID,
  CHARFLOW_LINK_ERROR_CHANNEL_NOT_AVAILABLE,
  CHARFLOW_LINK_ERROR_TIMED_OUT,
  CHARFLOW_LINK_ERROR_CLOSED,
  CHARFLOW_LINK_ERROR_LIMIT,
} CharflowLinkError;

CHARFLOW_AVAILABLE_IN_ALL
GQuark charflow_link_error_quark (void);

/**
 * CHARFLOW_DEVICE_ERROR:
 *
 * The domain of errors of a #CharflowCharDevice.
 *
 * Since: 1.0
 */
#define CHARFLOW_DEVICE_ERROR (charflow_device_error_quark ())

/**
 * CharflowDeviceError:
 * @CHARFLOW_DEVICE_ERROR_FAILED: something else went wrong
 * @CHARFLOW_DEVICE_ERROR_NO_TOKENS: there is no token left to write with
 * @CHARFLOW_DEVICE_ERROR_NOT_ATTACHED: the client is not attached to this device
 * @CHARFLOW_DEVICE_ERROR_ALREADY_ATTACHED: the client is attached already, here or elsewhere
 * @CHARFLOW_DEVICE_ERROR_READ_ONLY: the client may only read
 * @CHARFLOW_DEVICE_ERROR_TOO_BIG: more bytes than a message may have
 * @CHARFLOW_DEVICE_ERROR_FULL: more bytes than the buffer has room for
 * @CHARFLOW_DEVICE_ERROR_REFUSED: a handler refused it
 * @CHARFLOW_DEVICE_ERROR_BAD_MESSAGE: the message breaks the framing of the device
 * @CHARFLOW_DEVICE_ERROR_BAD_STATE: the saved state is damaged, or does not fit the device
 * @CHARFLOW_DEVICE_ERROR_ACTIVE: the device has been active, so that no saved state can take its place
 * @CHARFLOW_DEVICE_ERROR_WAITING: the saved state of the device is still to come
 *
 * What a #CharflowCharDevice may refuse.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_DEVICE_ERROR_FAILED,
  CHARFLOW_DEVICE_ERROR_NO_TOKENS,
  CHARFLOW_DEVICE_ERROR_NOT_ATTACHED,
  CHARFLOW_DEVICE_ERROR_ALREADY_ATTACHED,
  CHARFLOW_DEVICE_ERROR_READ_ONLY,
  CHARFLOW_DEVICE_ERROR_TOO_BIG,
  CHARFLOW_DEVICE_ERROR_FULL,
  CHARFLOW_DEVICE_ERROR_REFUSED,
  CHARFLOW_DEVICE_ERROR_BAD_MESSAGE,
  CHARFLOW_DEVICE_ERROR_BAD_STATE,
  CHARFLOW_DEVICE_ERROR_ACTIVE,
  CHARFLOW_DEVICE_ERROR_WAITING,
} CharflowDeviceError;

CHARFLOW_AVAILABLE_IN_ALL
GQuark charflow_device_error_quark (void);

/**
 * CHARFLOW_BACKEND_ERROR:
 *
 * The domain of errors of back ends and of the specs that they are made from.
 *
 * Since: 1.0
 */
#define CHARFLOW_BACKEND_ERROR (charflow_backend_error_quark ())

/**
 * CharflowBackendError:
 * @CHARFLOW_BACKEND_ERROR_FAILED: something else went wrong
 * @CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND: there is no back end of this name
 * @CHARFLOW_BACKEND_ERROR_MISSING_OPTION: an option that is needed was not given
 * @CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION: the back end has no such option
 * @CHARFLOW_BACKEND_ERROR_INVALID_VALUE: the value of an option is not of its type, or out of range
 * @CHARFLOW_BACKEND_ERROR_INCOMPATIBLE: two options exclude each other
 * @CHARFLOW_BACKEND_ERROR_NOT_OPEN: the back end is not open
 * @CHARFLOW_BACKEND_ERROR_ALREADY_OPEN: the back end is open already
 * @CHARFLOW_BACKEND_ERROR_BUSY: the back end is in use
 * @CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED: this back end cannot do that
 * @CHARFLOW_BACKEND_ERROR_EXISTS: there is one of this name already
 * @CHARFLOW_BACKEND_ERROR_NOT_FOUND: there is none of this name
 *
 * What can be wrong with a back end or its spec. Errors of the system keep #GIOErrorEnum.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_BACKEND_ERROR_FAILED,
  CHARFLOW_BACKEND_ERROR_UNKNOWN_KIND,
  CHARFLOW_BACKEND_ERROR_MISSING_OPTION,
  CHARFLOW_BACKEND_ERROR_UNKNOWN_OPTION,
  CHARFLOW_BACKEND_ERROR_INVALID_VALUE,
  CHARFLOW_BACKEND_ERROR_INCOMPATIBLE,
  CHARFLOW_BACKEND_ERROR_NOT_OPEN,
  CHARFLOW_BACKEND_ERROR_ALREADY_OPEN,
  CHARFLOW_BACKEND_ERROR_BUSY,
  CHARFLOW_BACKEND_ERROR_NOT_SUPPORTED,
  CHARFLOW_BACKEND_ERROR_EXISTS,
  CHARFLOW_BACKEND_ERROR_NOT_FOUND,
} CharflowBackendError;

CHARFLOW_AVAILABLE_IN_ALL
GQuark charflow_backend_error_quark (void);

/**
 * CHARFLOW_URI_ERROR:
 *
 * The domain of errors in the URI of a server.
 *
 * Since: 1.0
 */
#define CHARFLOW_URI_ERROR (charflow_uri_error_quark ())

/**
 * CharflowUriError:
 * @CHARFLOW_URI_ERROR_FAILED: something else is wrong with it
 * @CHARFLOW_URI_ERROR_BAD_SCHEME: the scheme is unknown, or of no use here
 * @CHARFLOW_URI_ERROR_BAD_HOST: the host is missing or malformed
 * @CHARFLOW_URI_ERROR_BAD_PORT: the port is missing or no number from 0 to 65535
 * @CHARFLOW_URI_ERROR_BAD_QUERY: the query has an unknown key, or a key twice
 * @CHARFLOW_URI_ERROR_BAD_PATH: the path of a UNIX socket is missing or too long
 *
 * What can be wrong with the URI of a server.
 *
 * Since: 1.0
 */
typedef enum
{
  CHARFLOW_URI_ERROR_FAILED,
  CHARFLOW_URI_ERROR_BAD_SCHEME,
  CHARFLOW_URI_ERROR_BAD_HOST,
  CHARFLOW_URI_ERROR_BAD_PORT,
  CHARFLOW_URI_ERROR_BAD_QUERY,
  CHARFLOW_URI_ERROR_BAD_PATH,
} CharflowUriError;

CHARFLOW_AVAILABLE_IN_ALL
GQuark charflow_uri_error_quark (void);

G_END_DECLS

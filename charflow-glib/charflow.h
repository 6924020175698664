/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define CHARFLOW_INSIDE

#include "charflow-agent-device.h"
#include "charflow-backend-option.h"
#include "charflow-backend.h"
#include "charflow-channel-client.h"
#include "charflow-channel.h"
#include "charflow-char-device.h"
#include "charflow-client-channel.h"
#include "charflow-client-main-channel.h"
#include "charflow-client-port-channel.h"
#include "charflow-client-types.h"
#include "charflow-client.h"
#include "charflow-device-types.h"
#include "charflow-enum-types.h"
#include "charflow-enums.h"
#include "charflow-line-device.h"
#include "charflow-null-backend.h"
#include "charflow-pty-backend.h"
#include "charflow-ringbuf-backend.h"
#include "charflow-serial-settings.h"
#include "charflow-server-channel.h"
#include "charflow-server-client.h"
#include "charflow-server-main-channel.h"
#include "charflow-server-port-channel.h"
#include "charflow-server-types.h"
#include "charflow-server.h"
#include "charflow-session.h"
#include "charflow-smartcard-device.h"
#include "charflow-socket-backend.h"
#include "charflow-version.h"
#include "charflow-write-buffer.h"

#undef CHARFLOW_INSIDE

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define CHARFLOW_INSIDE

#include "charflow-backend-option.h"
#include "charflow-backend.h"
#include "charflow-enum-types.h"
#include "charflow-enums.h"
#include "charflow-null-backend.h"
#include "charflow-pty-backend.h"
#include "charflow-ringbuf-backend.h"
#include "charflow-socket-backend.h"
#include "charflow-version.h"

#undef CHARFLOW_INSIDE

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-socket.h"
int main (void) { return 0; }

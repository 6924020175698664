/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the program ends with. */
#define STATUS_OK 0
#define STATUS_FAILED 1
#define STATUS_USAGE 2

/* The sub-commands. Each gets its own arguments, after the name of the program, and tells the exit
 * status. */
int command_backends (int    argc,
                      char **argv);
int command_connect (int    argc,
                     char **argv);
int command_list (int    argc,
                  char **argv);
int command_serve (int    argc,
                   char **argv);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <charflow-glib/charflow.h>

/* What the examples share: they run one after the other, and print what a test compares. */
typedef struct
{
  const char *name; /* of the class */
  void (*run) (void);
} Example;

void example_begin (void);
/* Begins, and runs each below its name. */
void example_run_all (const Example *examples,
                      gsize          n_examples);
/* A client that keeps what it gets. */
CharflowClient *example_attach (CharflowCharDevice *device);
/* Runs the main loop until some text has come, and prints what has come. */
void example_wait_for (const char *text);
/* Runs the main loop until the device has taken so much. */
void example_wait_written (CharflowCharDevice *device,
                           guint64             n_bytes);
/* Runs the main loop until a flag is up. */
void example_wait (gboolean *flag);
void example_write (CharflowCharDevice *device,
                    const char         *text);
CharflowBackend *example_make (const char *spec);

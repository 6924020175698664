/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-fd.h"
#include "test-front-end.h"

#include <asm/termbits.h>

#include "charflow-serial-backend-private.h"

G_BEGIN_DECLS

/* What the tests of serial lines share. */

/* A pseudo terminal: the slave is the device that the back end opens, the master the far end of its line. */
typedef struct
{
  int master;
  int keeper; /* keeps the slave's modes while nobody else has it open */
  char *path;
} TestPty;

TestPty *test_pty_new (void);
void test_pty_free (TestPty *pty);
void test_pty_hang_up (TestPty *pty);
/* What the terminal is to be while another one is the driver of its line. */
void test_pty_make_raw (TestPty *pty);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestPty, test_pty_free)

struct termios2 test_get_modes (int fd);

/* A driver of a line with a wire. What it is asked for is logged. */
typedef struct
{
  GMutex lock; /* a line that is closed may end in a thread */
  GString *log;
  struct termios2 modes;
  int lines;
  int queued; /* bytes that wait in the driver */
  gboolean is_idle; /* the port has sent its last byte */
  int flags;
  guint only_baud; /* the rate it does whatever is asked for, or 0 */
  tcflag_t cannot; /* what it does without */
  unsigned int broken; /* a request that fails */
} TestDriver;

extern TestDriver test_driver;

void test_driver_reset (void);
/* As the back end does. */
void test_driver_set_modes (const struct termios2 *modes);
int test_driver_ioctl (int          fd,
                       unsigned int request,
                       gpointer     argument);
/* The kernel's terminal, with modem lines that it has not. */
int test_wired_ioctl (int          fd,
                      unsigned int request,
                      gpointer     argument);
/* What was asked for since the last time. */
void test_driver_expect (const char *requests);

CharflowBackend *test_serial_new (const char *path);
void test_serial_open (CharflowBackend *backend);
CharflowBackend *test_serial_open_path (const char *path);
/* On a line of the driver's; the options are those after the path. */
CharflowBackend *test_serial_new_on_driver (TestPty    *pty,
                                            const char *options);
CharflowBackend *test_serial_open_on_driver (TestPty    *pty,
                                             const char *options);

gboolean test_serial_set (CharflowBackend *backend,
                          const char      *text,
                          GError         **error);
void test_serial_expect_settings (CharflowBackend *backend,
                                  const char      *expected);

G_END_DECLS

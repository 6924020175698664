/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* What the tests of socket back ends share. */

/* Makes a back end of a spec that is right, and opens it. */
CharflowBackend *test_socket_make (const char *spec);
CharflowBackend *test_socket_make_open (const char *spec);
/* An open server, on a path of the folder or else on TCP, that does not wait. */
CharflowBackend *test_socket_make_server (TestFolder *folder);
/* A client of a port, with more options. */
CharflowBackend *test_socket_make_client (guint       port,
                                          const char *more);

guint test_socket_get_port (CharflowBackend *backend);
GSocketAddress *test_socket_get_address (CharflowBackend *backend);
gboolean test_socket_uri_has (CharflowBackend *backend,
                              const char      *text);
void test_socket_write (CharflowBackend *backend,
                        const char      *text);

/* A peer that is no back end, so that nothing is tested against itself. It does not block. */
GSocket *test_socket_join (CharflowBackend *backend);
void test_socket_say (GSocket    *peer,
                      const char *text);
/* Waits for exactly this. */
void test_socket_hear (GSocket    *peer,
                       const char *text);
void test_socket_leave (GSocket **peer);

/* Puts a reference to the result where @user_data points. */
void test_result_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data);

G_END_DECLS

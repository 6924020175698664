/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <spice/protocol.h>

G_BEGIN_DECLS

#define CHARFLOW_TICKET_SIZE (SPICE_TICKET_KEY_PAIR_LENGTH / 8)

/* The RSA key that a server lets clients encrypt their passwords with. */
typedef struct _CharflowTicketKey CharflowTicketKey;

CharflowTicketKey *charflow_ticket_key_new (GError **error);
CharflowTicketKey *charflow_ticket_key_ref (CharflowTicketKey *key);
void charflow_ticket_key_unref (CharflowTicketKey *key);
const guint8 *charflow_ticket_key_get_public (CharflowTicketKey *key);

/* What the client encrypted, up to its NUL; NULL when it cannot be decrypted. Free with charflow_password_free(). */
char *charflow_ticket_key_decrypt (CharflowTicketKey *key,
                                   const guint8      *ticket);

/* Encrypts @password, or the empty one when it is NULL, with a server's key of SPICE_TICKET_PUBKEY_BYTES. */
gboolean charflow_ticket_encrypt (const guint8 *public_key,
                                  const char   *password,
                                  guint8       *ticket,
                                  GError      **error);

/* Compares in constant time. */
gboolean charflow_password_equals (const char *a,
                                   const char *b);
/* Wipes it before it is freed. */
void charflow_password_free (char *password);

/* A number that nobody can guess; 0 only when the system has no randomness to give. */
guint32 charflow_random_id (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CharflowTicketKey, charflow_ticket_key_unref)

G_END_DECLS

/*
 * The passphrase of the key files: from a descriptor that the supervisor passed (-p), or systemd's
 * credential. It is in the keeper's memory alone.
 */
#ifndef KEYD_PASSPHRASE_H
#define KEYD_PASSPHRASE_H

/* Opens the credential if there is one; else -1. Nothing is read yet. */
int passphrase_credential(void);
/*
 * Reads it to the end, without the newline there, into OpenSSL's secure memory, and closes fd. NULL
 * for -1. Fatal if it is empty, too long or holds a NUL.
 */
char *passphrase_take(int fd);
void passphrase_free(char *p); /* wipes; NULL is fine */

#endif

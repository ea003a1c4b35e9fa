/*
 * The passphrase of key files: from a descriptor that the supervisor passed (-p), or systemd's
 * credential. It is in the memory alone of the process that holds the keys.
 */
#ifndef COMMON_KEYPASS_H
#define COMMON_KEYPASS_H

/* Opens the credential of that name if there is one; else -1. Nothing is read yet. */
int keypass_credential(const char *name);
/*
 * Reads it to the end, without the newline there, into OpenSSL's secure memory, and closes fd. NULL
 * for -1. Fatal if it is empty, too long or holds a NUL.
 */
char *keypass_take(int fd);
void keypass_free(char *p); /* wipes; NULL is fine */

#endif

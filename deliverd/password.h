/*
 * The password for the mail server: a file that nobody else may read, memory that is in no dump.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include "mix.h"

/* Locked memory for passwords: once, before the sandbox. Where limits forbid it, a warning. */
void password_init(void);
/*
 * The first line of the file, 1 to 255 octets. NULL with a reason, which never holds any of it:
 * also where others than its owner (root or us) and our group could read or change the file.
 */
char *password_read(const char *path, struct errmsg *e);
void password_free(char *p); /* wipes; NULL is fine */

#endif

/*
 * Where a passphrase comes from: --passphrase-fd, or the terminal without echo.
 */
#ifndef MIXMINION_PASSPHRASE_H
#define MIXMINION_PASSPHRASE_H

#include "bytes.h"

#define PASSPHRASE_MAX 1024

/*
 * fd -1: asks the terminal, twice if it is a new one. out is a string that the caller wipes. -1
 * with a reason.
 */
int passphrase_get(struct buf *out, int fd, const char *prompt, int is_new, struct errmsg *e);

#endif

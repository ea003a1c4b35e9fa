/*
 * Files of the user: read whole and bounded, written whole and durably or not at all.
 */
#ifndef MIXMINION_IO_H
#define MIXMINION_IO_H

#include "bytes.h"
#include "mix.h"

#define INPUT_MAX (1024UL * 1024 * 1024)

/* Appends the file's contents; "-" is standard input. -1 with a reason that names the file. */
int input_read(const char *path, struct buf *b, size_t max, struct errmsg *e);
/* The same from a descriptor; what names it in a reason. */
int input_read_fd(int fd, const char *what, struct buf *b, size_t max, struct errmsg *e);
/*
 * Writes a file of mode 0600 under a temporary name, syncs and renames it: there is the old one
 * or the new one, whatever happens. "-" is standard output.
 */
int output_write(const char *path, const void *p, size_t len, struct errmsg *e);
/*
 * Makes sure that path is a directory of the user's own, closed to others; makes it and what lies
 * above.
 */
int dir_private(const char *path, struct errmsg *e);
int dir_sync(const char *path); /* 0, or -1 with errno */
/* Overwrites the file on disk and unlinks it; one that is gone is fine. 0, or -1 with errno. */
int file_wipe(const char *path);

#endif

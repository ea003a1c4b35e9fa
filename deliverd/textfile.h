/*
 * The operator's lists (address file, block list): text files of a line an entry.
 */
#ifndef TEXTFILE_H
#define TEXTFILE_H

#include "bytes.h"

/* The whole of path, at most 16 MiB. 0, or -1 with a reason that names it. */
int textfile_read(struct buf *out, const char *path, struct errmsg *e);
/*
 * Calls take for each line that is neither blank nor a comment ('#'), without the blanks around it;
 * lines count from 1. It returns 0, or -1 with a reason: then textfile_lines returns -1 with
 * "NAME:LINE: reason".
 */
int textfile_lines(const char *name, const char *text, size_t len,
    int (*take)(void *arg, char *line, unsigned number, struct errmsg *e), void *arg,
    struct errmsg *e);

#endif

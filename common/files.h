/*
 * Files of whoever holds keys or decides: read whole, replaced whole, wiped before they go.
 */
#ifndef COMMON_FILES_H
#define COMMON_FILES_H

#include <sys/types.h>

#include "bytes.h"

/*
 * Appends the file's octets; a regular file of at most max, no link. -1 with a reason. The
 * caller wipes out.
 */
int files_read(int dirfd, const char *name, struct buf *out, size_t max, struct errmsg *e);
/*
 * The file is there with the new contents, durable (mode 0600), or as it was before. -1 with a
 * reason.
 */
int files_replace(int dirfd, const char *name, const void *p, size_t len, struct errmsg *e);
/* The same with another mode. */
int files_publish(int dirfd, const char *name, const void *p, size_t len, mode_t mode,
    struct errmsg *e);
/*
 * As files_replace, and the octets that were there are overwritten. After a crash they may lie in
 * the temporary file, which files_clear wipes.
 */
int files_swap(int dirfd, const char *name, const void *p, size_t len, struct errmsg *e);
/* Wipes what a crash left of files_replace or files_swap for name. -1 with a reason. */
int files_clear(int dirfd, const char *name, struct errmsg *e);
/* Overwrites and unlinks; gone already is fine. -1 with errno. */
int files_wipe(int dirfd, const char *name);
/* Wipes all that lies in a directory (no directories) and removes it. -1 with errno. */
int files_wipe_dir(int dirfd, const char *name);
/*
 * Calls cb for each name but . and ..; cb returning -1 ends it. 0, or -1 with errno or as cb
 * said.
 */
int files_each(int dirfd, const char *dir, int (*cb)(const char *name, void *arg), void *arg);
/*
 * The file, open as fd, belongs to root or to uid, and nobody reads it but they and, if it is
 * root's or gid, its group: 0. Else -1 with what to do.
 */
int files_check_secret(int fd, const char *path, uid_t uid, gid_t gid, struct errmsg *e);

#endif

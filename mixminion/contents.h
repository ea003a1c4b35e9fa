/*
 * The contents of messages that came: uncompressed, without their header block, on the way to a
 * file or the terminal.
 */
#ifndef MIXMINION_CONTENTS_H
#define MIXMINION_CONTENTS_H

#include "bytes.h"
#include "cli.h"

/*
 * Appends the body of a compressed message to out; its headers are shown. where names it in what is
 * said. force: whatever its size. 0, or an exit status after saying why.
 */
int contents_add(struct buf *out, const uint8_t *p, size_t len, const char *where, int force);
/* To -o; binary not to a terminal without -F. 0, or an exit status. */
int contents_write(const struct buf *out, const struct cli *cli);
/* 1 if -o is a directory: then each message gets a file of its own. */
int contents_to_dir(const struct cli *cli);
/* The first file there from number (0 at first) on that does not exist yet. As above. */
int contents_write_next(const uint8_t *p, size_t len, unsigned *number, const struct cli *cli);

#endif

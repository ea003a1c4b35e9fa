/*
 * The message that goes out: header block from the options, body from a file or standard input.
 */
#ifndef MIXMINION_MESSAGE_H
#define MIXMINION_MESSAGE_H

#include "cli.h"
#include "bytes.h"

/*
 * The header block, to be checked before anything is read; empty for --deliver-fragments, which
 * takes no headers. 0, or an exit status after saying why.
 */
int message_headers(struct buf *out, const struct cli *cli);
/* Appends the body. 0, or an exit status after saying why. */
int message_body(struct buf *out, const struct cli *cli);

#endif

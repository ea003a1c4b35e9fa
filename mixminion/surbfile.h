/*
 * Reply blocks from the sources that -R and --reply-block-fd name.
 */
#ifndef MIXMINION_SURBFILE_H
#define MIXMINION_SURBFILE_H

#include "cli.h"
#include "surb.h"
#include "surblog.h"

#define SURBFILE_MAX 100000 /* blocks in one source */

struct surbs {
	struct surb *p;
	size_t n;
};

/*
 * All in one file ("-": standard input), or in a descriptor if file is NULL. 0, or an exit status
 * after saying why.
 */
int surbs_read(struct surbs *s, const char *file, int fd);
/* All of all sources. */
int surbs_read_all(struct surbs *s, const struct cli *cli);
void surbs_free(struct surbs *s); /* wipes */

/*
 * The first want blocks that may be used: neither used nor expired nor about to expire, each
 * once. out has room for want; returns how many there are; with say set, there is a remark
 * about those passed over.
 */
size_t surbs_usable(const struct surbs *s, const struct surblog *l, int64_t now,
    const struct surb **out, size_t want, int say);

#endif

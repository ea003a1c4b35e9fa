/*
 * What mixer works on.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>

#include "daemon.h"
#include "mixpools.h"
#include "stats.h"

static void
open_pool(struct pool *p, const char *label, const char *queue_dir, mode_t mode)
{
	char *path;

	if (asprintf(&path, "%s/%s", queue_dir, label) == -1)
		fatal("asprintf");
	pool_init(p, label, daemon_opendir(path), mode);
	free(path);
}

/* A directory of another process's: new files get its group, by which that process reads them. */
static void
open_edge(struct pool *p, const char *label, const char *queue_dir)
{
	struct stat st;

	open_pool(p, label, queue_dir, 0660);
	if (fstat(p->dirfd, &st) == -1)
		fatal("%s/%s", queue_dir, label);
	p->gid = st.st_gid;
}

void
mixpools_open(struct mixpools *p, const char *queue_dir)
{
	open_pool(&p->incoming, "incoming", queue_dir, 0660);
	open_pool(&p->own, "incoming/own", queue_dir, 0600);
	open_pool(&p->mix, "mix", queue_dir, 0600);
	open_edge(&p->outgoing, "outgoing", queue_dir);
	open_edge(&p->deliver, "deliver", queue_dir);
}

int
mixpools_quarantine(struct mixpools *p, struct pool *from, const char *name)
{
	if (pool_quarantine(from, name, p->own.dirfd) == -1)
		return -1;
	mixer_stats[STAT_QUARANTINED].n++;
	return 0;
}

/*
 * What the reference implementation leaves in its home. Its queues and replay logs are Python's own
 * formats: nothing is changed, but nobody shall lose packets without knowing.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "mixminiond.h"
#include "pool.h"

/* Its names are shorter than ours, and it writes a meta_ file beside many. */
static int
is_theirs(const char *name)
{
	return strncmp(name, "meta_", 5) == 0 ||
	       (strncmp(name, "msg_", 4) == 0 && !pool_name_ok(name));
}

static int
is_hashlog(const char *name)
{
	return strncmp(name, "hash_", 5) == 0;
}

static unsigned
count(const char *dir, const char *below, int (*which)(const char *))
{
	char path[512];
	struct dirent *de;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", dir, below);
	if ((d = opendir(path)) == NULL)
		return 0;
	while ((de = readdir(d)) != NULL)
		n += which(de->d_name) != 0;
	closedir(d);
	return n;
}

void
leftovers_report(const struct server_conf *c)
{
	static const char *const queues[] = { "incoming", "mix", "outgoing", "deliver/MBOX",
		"deliver/SMTP", "deliver/SMTP_MIX2", "deliver/FRAGMENT" };
	unsigned n;

	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		if ((n = count(c->queue_dir, queues[i], is_theirs)) > 0)
			log_warnx(
			    "%s/%s holds %u files of the Python implementation, which this one "
			    "cannot read: they stay there. Let the old server run until its queues "
			    "are empty before it is replaced",
			    c->queue_dir, queues[i], n);
	if ((n = count(c->work_dir, "hashlogs", is_hashlog)) > 0)
		log_warnx(
		    "%s/hashlogs holds replay logs of the Python implementation, which this one "
		    "cannot read: packet keys that have one are not used, new ones are made. Keep "
		    "the old keys until they expire, then remove hashlogs",
		    c->work_dir);
}

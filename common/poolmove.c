#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "poolfile.h"
#include "step.h"

struct move {
	char name[POOL_NAME_LEN]; /* in from */
	char inp[POOL_NAME_LEN]; /* the fresh copy, in from */
	struct pool *to;
	int fresh; /* descriptor of the copy */
	int old; /* of what it replaces: overwritten when it has no name any more; or -1 */
};

struct pool_moves {
	struct pool *from;
	size_t n, max;
	struct move move[];
};

struct pool_moves *
pool_moves_new(struct pool *from, size_t max)
{
	struct pool_moves *m = calloc(1, sizeof(*m) + max * sizeof(m->move[0]));

	if (m == NULL)
		fatal("%s", from->label);
	if (max > POOL_TOGETHER)
		fatalx("%s: %zu files are too many to move together", from->label, max);
	m->from = from;
	m->max = max;
	return m;
}

int
pool_moves_add(struct pool_moves *m, const char *name, struct pool *to, const struct chunk *parts,
    size_t n, const struct rng *rng)
{
	struct pool as = *m->from;
	struct move *mv = &m->move[m->n];
	char random[POOL_NAME_LEN];

	if (m->n == m->max || !pool_name_ok(name)) {
		errno = m->n == m->max ? ENOBUFS : EINVAL;
		return -1;
	}
	memcpy(mv->name, name, strlen(name) + 1);
	pool_random_name(random, rng);
	pool_with_prefix(mv->inp, "inp_", random);
	mv->to = to;
	as.mode = to->mode;
	as.need_chmod = to->need_chmod;
	mv->fresh = pool_create(&as, mv->inp, to->gid, parts, n);
	if (mv->fresh == -1)
		return -1;
	sync_file_range(mv->fresh, 0, 0, SYNC_FILE_RANGE_WRITE);
	m->n++;
	step("move-written");
	return 0;
}

size_t
pool_moves_len(const struct pool_moves *m)
{
	return m->n;
}

/* The fresh copy takes the place of the old file, then goes to the other pool. 0 or an errno. */
static int
move_one(struct pool_moves *m, struct move *mv)
{
	int dir = m->from->dirfd, saved;
	char fresh[POOL_NAME_LEN];

	mv->old = pool_wipe_open(m->from, mv->name);
	if (fdatasync(mv->fresh) == -1 || renameat(dir, mv->inp, dir, mv->name) == -1) {
		saved = errno;
		unlinkat(dir, mv->inp, 0);
		if (mv->old != -1)
			close(mv->old);
		mv->old = -1;
		return saved;
	}
	step("move-replaced");
	pool_with_prefix(fresh, "msg_", mv->inp);
	if (renameat(dir, mv->name, mv->to->dirfd, fresh) == -1)
		return errno;
	step("move-moved");
	return 0;
}

void
pool_moves_commit(struct pool_moves *m,
    void (*done)(const char *name, struct pool *to, int error, void *arg), void *arg)
{
	int error;

	for (size_t i = 0; i < m->n; i++) {
		struct move *mv = &m->move[i];
		error = move_one(m, mv);
		close(mv->fresh);
		if (mv->old != -1)
			pool_wipe_begin(m->from, mv->old);
		done(mv->name, mv->to, error, arg);
	}
	for (size_t i = 0; i < m->n; i++)
		if (m->move[i].old != -1)
			pool_wipe_end(m->move[i].old);
	m->n = 0;
}

void
pool_moves_free(struct pool_moves *m)
{
	for (size_t i = 0; m != NULL && i < m->n; i++) {
		close(m->move[i].fresh);
		unlinkat(m->from->dirfd, m->move[i].inp, 0);
	}
	free(m);
}

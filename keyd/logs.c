#include <string.h>

#include "front.h"
#include "replay.h"

static struct {
	int dirfd;
	struct digest_key key;
	struct replay_log *open[LIVE_MAX];
	struct live live;
	struct log_state trouble; /* a log cannot be opened */
	struct log_state full; /* a log cannot be written */
} logs;

void
logs_init(int dirfd)
{
	logs.dirfd = dirfd;
	digest_key_init(&logs.key, &rng_system);
}

static struct replay_log **
find(uint32_t number)
{
	for (size_t i = 0; i < LIVE_MAX; i++)
		if (logs.open[i] != NULL && replay_number(logs.open[i]) == number)
			return &logs.open[i];
	return NULL;
}

static struct replay_log **
free_place(void)
{
	for (size_t i = 0; i < LIVE_MAX; i++)
		if (logs.open[i] == NULL)
			return &logs.open[i];
	return NULL;
}

static int
open_one(uint32_t number)
{
	struct replay_log **place = free_place();
	struct errmsg e;

	if (find(number) != NULL)
		return 0;
	if (place == NULL)
		return -1; /* the keeper asks again when others are closed */
	*place = replay_open(logs.dirfd, number, &logs.key, &e);
	if (*place == NULL) {
		if (log_once(&logs.trouble))
			log_errorx("%s: the key key_%04u is not used until this is mended", e.s,
			    (unsigned)number);
		return -1;
	}
	log_again(&logs.trouble);
	log_info("key_%04u: %zu packets in its replay log", (unsigned)number,
	    replay_count(*place));
	return 0;
}

void
logs_open(const struct live *want, struct live *opened)
{
	memset(opened, 0, sizeof(*opened));
	for (uint32_t i = 0; i < want->n; i++)
		if (open_one(want->number[i]) == 0)
			opened->number[opened->n++] = want->number[i];
}

static int
contains(const struct live *l, uint32_t number)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->number[i] == number)
			return 1;
	return 0;
}

void
logs_keep(const struct live *keep)
{
	for (size_t i = 0; i < LIVE_MAX; i++)
		if (logs.open[i] != NULL && !contains(keep, replay_number(logs.open[i]))) {
			replay_close(logs.open[i]);
			logs.open[i] = NULL;
		}
	logs.live = *keep;
}

int
logs_live(uint32_t number, int64_t now)
{
	const struct live *l = &logs.live;

	for (uint32_t i = 0; i < l->n; i++)
		if (l->number[i] == number)
			return l->from[i] <= now && now <= l->until[i];
	return 0;
}

void
logs_delete(const struct live *gone)
{
	for (uint32_t i = 0; i < gone->n; i++)
		if (!logs_has(gone->number[i]) &&
		    replay_delete(logs.dirfd, gone->number[i]) == -1)
			log_warn("the replay log of the deleted key key_%04u is left",
			    (unsigned)gone->number[i]);
}

int
logs_has(uint32_t number)
{
	return find(number) != NULL;
}

int
logs_seen(const uint8_t digest[HASH_LEN])
{
	int seen = 0;

	for (size_t i = 0; i < LIVE_MAX; i++)
		if (logs.open[i] != NULL)
			seen |= replay_seen(logs.open[i], digest);
	return seen;
}

int
logs_append(uint32_t number, const uint8_t *digests, size_t n)
{
	struct replay_log **l = find(number);

	if (l == NULL)
		return 0;
	if (replay_append(*l, digests, n) == -1) {
		if (log_once(&logs.full))
			log_warn("the replay log of key_%04u cannot be written; "
				 "packets wait until it can",
			    (unsigned)number);
		return -1;
	}
	log_again(&logs.full);
	return 0;
}

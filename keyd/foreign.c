#include <sys/stat.h>

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "keyset.h"
#include "replay.h"

struct looking {
	int dirfd;
	char prefix[KEYSET_NAME_LEN];
	int found;
};

/* hash_NNNN, hash_NNNN_jrnl, and whatever endings its database library gave. */
static int
look(const char *name, void *arg)
{
	struct looking *lk = arg;
	size_t len = strlen(lk->prefix);
	struct stat st;

	if (strncmp(name, lk->prefix, len) != 0 || isdigit((unsigned char)name[len]))
		return 0;
	if (fstatat(lk->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 || st.st_size > 0)
		lk->found = 1;
	return 0;
}

int
foreign_log(const struct keystore *ks, uint32_t number)
{
	struct looking lk = { .dirfd = ks->hashlogs };
	char ours[REPLAY_NAME_LEN];
	struct stat st;

	if (ks->hashlogs == -1)
		return 0;
	replay_name(ours, number);
	if (fstatat(ks->replay, ours, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	snprintf(lk.prefix, sizeof(lk.prefix), "hash_%04u", (unsigned)number);
	if (files_each(ks->hashlogs, ".", look, &lk) == -1)
		return 1; /* what cannot be listed may hold one */
	return lk.found;
}

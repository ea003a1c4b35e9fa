#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "replay.h"

static struct {
	int dirfd;
	uint32_t *number;
	size_t n;
} found;

/* The number in "replay_NNNN"; 0 if it is no such name. */
static uint32_t
number_of(const char *name)
{
	char again[REPLAY_NAME_LEN];
	uint32_t n;

	if (strncmp(name, "replay_", 7) != 0)
		return 0;
	n = (uint32_t)strtoul(name + 7, NULL, 10);
	replay_name(again, n);
	return strcmp(again, name) == 0 ? n : 0;
}

static void
note(uint32_t number)
{
	uint32_t *more = reallocarray(found.number, found.n + 1, sizeof(*more));

	if (more == NULL)
		fatal("replay logs");
	found.number = more;
	found.number[found.n++] = number;
}

void
orphans_list(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *de;
	uint32_t number;

	found.dirfd = dirfd;
	if (d == NULL)
		fatal("work/replay cannot be listed");
	while ((de = readdir(d)) != NULL)
		if ((number = number_of(de->d_name)) != 0)
			note(number);
	closedir(d);
}

static int
has_key(uint32_t number, const uint8_t *numbers, size_t n)
{
	uint32_t one;

	for (size_t i = 0; i < n; i++) {
		memcpy(&one, numbers + i * sizeof(one), sizeof(one));
		if (one == number)
			return 1;
	}
	return 0;
}

void
orphans_remove(const uint8_t *numbers, size_t n)
{
	unsigned removed = 0;

	for (size_t i = 0; i < found.n; i++) {
		if (has_key(found.number[i], numbers, n))
			continue;
		if (replay_delete(found.dirfd, found.number[i]) == -1)
			log_warn("a replay log whose key is gone is left");
		else
			removed++;
	}
	if (removed > 0)
		log_info("%u replay logs whose keys are gone are removed", removed);
	free(found.number);
	found.number = NULL;
	found.n = 0;
}

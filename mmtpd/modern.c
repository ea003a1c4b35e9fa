#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "modern.h"

#define MODERN_MAX 65536 /* key ids; many times the largest network there ever was */

struct modern {
	int fd;
	size_t n;
	uint8_t (*id)[HASH_LEN];
};

static void
keep(struct modern *m, const uint8_t keyid[HASH_LEN])
{
	if ((m->n & (m->n + 1)) == 0) {
		m->id = reallocarray(m->id, 2 * (m->n + 1), HASH_LEN);
		if (m->id == NULL)
			fatal("modern");
	}
	memcpy(m->id[m->n++], keyid, HASH_LEN);
}

struct modern *
modern_open(int own_dirfd)
{
	struct modern *m = calloc(1, sizeof(*m));
	uint8_t id[HASH_LEN];

	if (m == NULL)
		fatal("modern");
	m->fd = openat(own_dirfd, "modern", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (m->fd == -1)
		fatal("outgoing/own/modern");
	while (m->n < MODERN_MAX && read(m->fd, id, sizeof(id)) == sizeof(id))
		keep(m, id);
	/* A record that a crash cut short is written over. */
	if (lseek(m->fd, (off_t)(m->n * HASH_LEN), SEEK_SET) == -1)
		fatal("outgoing/own/modern");
	return m;
}

int
modern_known(const struct modern *m, const uint8_t keyid[HASH_LEN])
{
	for (size_t i = 0; i < m->n; i++)
		if (memcmp(m->id[i], keyid, HASH_LEN) == 0)
			return 1;
	return 0;
}

void
modern_note(struct modern *m, const uint8_t keyid[HASH_LEN])
{
	if (m->n >= MODERN_MAX || modern_known(m, keyid))
		return;
	keep(m, keyid);
	if (write(m->fd, keyid, HASH_LEN) != HASH_LEN || fdatasync(m->fd) == -1)
		log_warn("outgoing/own/modern cannot be written");
}

void
modern_free(struct modern *m)
{
	if (m == NULL)
		return;
	close(m->fd);
	free(m->id);
	free(m);
}

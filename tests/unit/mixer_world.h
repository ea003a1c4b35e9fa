/*
 * For the tests of mixer: pool directories in a temporary directory, and packets of each kind.
 */
#ifndef TESTS_UNIT_MIXER_WORLD_H
#define TESTS_UNIT_MIXER_WORLD_H

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mixer/mixpools.h"
#include "packet.h"
#include "rsakey.h"

static char w_dir[4096];
static struct rsakey *w_key; /* this node's packet key */

static const char *const w_subdirs[] = { "incoming", "incoming/own", "mix", "outgoing", "deliver" };

static inline void __attribute__((noreturn))
w_die(const char *what)
{
	perror(what);
	exit(1);
}

static inline char *
w_path(const char *sub, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s", w_dir, sub, name) == -1)
		w_die("asprintf");
	return path;
}

static inline void
w_begin(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path;

	snprintf(w_dir, sizeof(w_dir), "%s/mixer.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(w_dir) == NULL)
		w_die(w_dir);
	for (size_t i = 0; i < 5; i++) {
		path = w_path(w_subdirs[i], "");
		if (mkdir(path, 0700) == -1)
			w_die(path);
		free(path);
	}
	if (w_key == NULL)
		w_key = rsakey_generate(2048);
}

/* Calls cb for each entry below sub that begins with prefix; returns how many. */
static inline size_t
w_each(const char *sub, const char *prefix, void (*cb)(const char *path))
{
	char *path = w_path(sub, "");
	DIR *d = opendir(path);
	struct dirent *de;
	size_t n = 0;

	if (d == NULL)
		w_die(path);
	free(path);
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0 ||
		    strncmp(de->d_name, prefix, strlen(prefix)) != 0)
			continue;
		n++;
		if (cb == NULL)
			continue;
		path = w_path(sub, de->d_name);
		cb(path);
		free(path);
	}
	closedir(d);
	return n;
}

static inline size_t
w_count(const char *sub, const char *prefix)
{
	return w_each(sub, prefix, NULL);
}

static inline void
w_remove(const char *path)
{
	if (unlink(path) == -1)
		(void)rmdir(path);
}

static inline void
w_end(void)
{
	char *path;

	for (size_t i = 5; i-- > 0;) {
		w_each(w_subdirs[i], "", w_remove);
		path = w_path(w_subdirs[i], "");
		rmdir(path);
		free(path);
	}
	w_each("", "", w_remove);
	rmdir(w_dir);
}

static inline void
w_write(const char *sub, const char *name, const void *p, size_t len)
{
	char *path = w_path(sub, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd == -1 || write(fd, p, len) != (ssize_t)len)
		w_die(path);
	close(fd);
	free(path);
}

/* "msg_" and 16 digits. */
static inline const char *
w_name(unsigned i)
{
	static char name[POOL_NAME_LEN];

	snprintf(name, sizeof(name), "msg_%016u", i);
	return name;
}

/* A packet for this node whose subheader says this; what comes behind header 1 is random. */
static inline void
w_packet(uint8_t p[PACKET_LEN], uint16_t rt, const void *info, size_t len)
{
	struct hop us = { .key = w_key };
	struct routing last = { rt, info, len };
	uint8_t secret[1][KEY_LEN];
	struct errmsg e;

	rng_fill(&rng_system, secret, sizeof(secret));
	rng_fill(&rng_system, p + HEADER_LEN, PACKET_LEN - HEADER_LEN);
	if (header_build(p, &us, 1, (const uint8_t(*)[KEY_LEN])secret, &last, &rng_system,
	    &e) == -1) {
		fprintf(stderr, "%s\n", e.s);
		exit(1);
	}
}

static inline void
w_relay_packet(uint8_t p[PACKET_LEN])
{
	struct mix_addr next = { "next.example", 48099, { 1, 2, 3 } };
	struct buf info = { 0 };

	routing_pack_host(&info, &next);
	w_packet(p, RT_FWD_HOST, info.p, info.len);
	buf_free(&info);
}

static inline void
w_exit_packet(uint8_t p[PACKET_LEN])
{
	static const char info[] = "01234567890123456789user@example.org";

	w_packet(p, RT_SMTP, info, sizeof(info) - 1);
}

#endif

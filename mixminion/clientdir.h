/*
 * What the client knows of the network: the directory in UserDir (dir.gz or dir) and the
 * descriptors in UserDir/imported.
 */
#ifndef MIXMINION_CLIENTDIR_H
#define MIXMINION_CLIENTDIR_H

#include "clientconf.h"
#include "directory.h"

/* Says something that the user should know; one line. */
typedef void (*client_warn)(const char *text);

struct clientdir {
	const struct client_conf *conf; /* borrowed */
	struct directory *dir; /* NULL where there is none that may be used */
	char *why_no_dir; /* the reason then */
	/* Every descriptor that is known, of any time; first those of dir, in its order. */
	const struct desc **all;
	size_t nall;
	struct desc **own; /* those that do not lie in dir: imported, or read from files */
	size_t nown;
	size_t nimported; /* the first of own: they count as recommended */
	client_warn warn;
};

/*
 * Reads what there is. A directory that may not be used (expired, not enough trusted signatures,
 * damaged) is left aside with a warning that says why; so is a damaged imported file. Never
 * fails.
 */
struct clientdir *clientdir_open(const struct client_conf *conf, int64_t now, client_warn warn);
void clientdir_free(struct clientdir *cd);

/* 0 if that directory may be used: its signatures, dates and status are as conf wants them. */
int clientdir_check(const struct client_conf *conf, const struct directory *d, int64_t now,
    struct errmsg *e);

/* Appends who of the trusted has signed the directory that is used: URLs, a comma list. */
void clientdir_signers(const struct clientdir *cd, struct buf *names);

/*
 * The latest-published descriptor of that nickname which is valid from start to end and speaks our
 * packet format; NULL with a reason.
 */
const struct desc *clientdir_find(const struct clientdir *cd, const char *nickname, int64_t start,
    int64_t end, struct errmsg *e);
/* The same by a descriptor's file; cd keeps it. */
const struct desc *clientdir_read(struct clientdir *cd, const char *path, int64_t start,
    int64_t end, int64_t now, struct errmsg *e);
/* The latest-published descriptor of that identity, of any time; NULL where none is known. */
const struct desc *clientdir_by_keyid(const struct clientdir *cd, const uint8_t keyid[HASH_LEN]);
/*
 * The descriptors that random hops are drawn from: for each recommended nickname that is not in
 * BlockServers the one that clientdir_find gives. Returns how many; the caller frees *out (an
 * array, not the descriptors).
 */
size_t clientdir_live(const struct clientdir *cd, int64_t start, int64_t end,
    const struct desc ***out);
int clientdir_imported(const struct clientdir *cd, const char *nickname);
int clientdir_recommended(const struct clientdir *cd, const char *nickname);

enum block_kind { BLOCK_SERVER, BLOCK_ENTRY, BLOCK_EXIT };
/* In that list itself: a server that is blocked altogether is not in the other two. */
int clientdir_blocked(const struct clientdir *cd, const char *nickname, enum block_kind kind);

/* Verifies a descriptor's file and puts it into imported/; nickname gets whose it is. */
int clientdir_import(const struct client_conf *conf, const char *path, int64_t now,
    char nickname[MAX_NICKNAME + 1], struct errmsg *e);

#endif

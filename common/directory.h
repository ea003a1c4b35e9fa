/*
 * Directories: dir-spec 4 (both formats), 7; D3, D7, D8.
 */
#ifndef COMMON_DIRECTORY_H
#define COMMON_DIRECTORY_H

#include "desc.h"

#define DIRECTORY_VERSION     "0.3"
#define OLD_DIRECTORY_VERSION "0.2"
#define DIRECTORY_MAX_LEN     (64 * 1024 * 1024)

enum dir_status { DIR_CONSENSUS, DIR_VOTE, DIR_OLD };

struct dir_signature {
	uint8_t fingerprint[HASH_LEN];
	int digest_ok; /* it is over this directory */
	int good; /* ... and verifies */
};

struct dir_voter {
	uint8_t fingerprint[HASH_LEN];
	char *url;
};

struct directory {
	enum dir_status status;
	int64_t published; /* old format */
	int64_t valid_after, valid_until;
	uint8_t digest[HASH_LEN];
	struct dir_signature *sigs;
	size_t nsigs;
	struct dir_voter *voters;
	size_t nvoters;
	char **recommended; /* lower-case nicknames, sorted (dir-spec 4.1) but in the old format */
	size_t nrecommended;
	char **clients, **servers_sw; /* recommended versions */
	size_t nclients, nservers_sw;
	struct desc **servers; /* those that are good, in the order of the text */
	size_t nservers;
	size_t nskipped; /* bad descriptors that were skipped (D3) */
};

/*
 * Parses either format, uncompressed. A bad digest or signature of a descriptor refuses the
 * whole.
 */
struct directory *directory_parse(const char *text, size_t len, int64_t now, struct errmsg *e);
/* gunzips first where the data is gzip; bounded by DIRECTORY_MAX_LEN. */
struct directory *directory_parse_any(const void *p, size_t len, int64_t now, struct errmsg *e);
void directory_free(struct directory *d);
/* Appends; bounded by DIRECTORY_MAX_LEN on either side. -1 with a reason. */
int directory_gunzip(struct buf *out, const void *p, size_t len, struct errmsg *e);
/* Appends; the same octets for the same text and zlib. */
void directory_gzip(struct buf *out, const void *p, size_t len);
/*
 * One [Signed-Directory] section by itself, over a signed part of this digest. -1 with a reason if
 * it cannot be read; else sig says what it is worth.
 */
int directory_read_signature(struct dir_signature *sig, const char *section, size_t len,
    const uint8_t digest[HASH_LEN], struct errmsg *e);

/*
 * 0 if a client may use it: a consensus (or, if allowed, the old format), valid at now, one
 * identity a nickname and one nickname an identity, everything in its order, good signatures of
 * more than half of the ntrusted fingerprints. The reason for too few says who signed.
 */
int directory_check(const struct directory *d, const uint8_t (*trusted)[HASH_LEN],
    size_t ntrusted, int64_t now, int allow_old, struct errmsg *e);
/* Its two halves: all but the dates, for one that is kept beyond its time, and the dates. */
int directory_check_sound(const struct directory *d, const uint8_t (*trusted)[HASH_LEN],
    size_t ntrusted, int allow_old, struct errmsg *e);
int directory_check_dates(const struct directory *d, int64_t now, struct errmsg *e);
/*
 * How many of the trusted have signed it well. Who did, and who did not, is appended to the
 * buffers (NULL: not wanted) as a comma list of URLs, or fingerprints where the directory has none.
 */
size_t directory_signers(const struct directory *d, const uint8_t (*trusted)[HASH_LEN],
    size_t ntrusted, struct buf *did, struct buf *didnot);
int directory_recommends(const struct directory *d, const char *nickname);
/* 0 if it may be counted as a vote for the day (dir-spec 7.2). */
int directory_check_vote(const struct directory *d, const struct dir_voter *voters,
    size_t nvoters, int64_t valid_after, struct errmsg *e);

struct dir_params {
	enum dir_status status;
	int64_t valid_after;
	int64_t valid_until;
	int64_t published; /* old format */
	const struct dir_voter *voters;
	size_t nvoters;
	const char *const *recommended;
	size_t nrecommended;
	const char *const *clients;
	size_t nclients;
	const char *const *servers_sw;
	size_t nservers_sw;
	const struct desc *const *servers;
	size_t nservers;
};

/* The signed part, everything in its specified order (the function sorts). */
void directory_format(struct buf *out, const struct dir_params *p);
/* One [Signed-Directory] section for body, appended. Draws one OAEP seed. */
void directory_sign(struct buf *out, const char *body, size_t len, struct rsakey *key,
    const struct rng *rng);
/* A whole document in the old format. */
void directory_format_old(struct buf *out, const struct dir_params *p, struct rsakey *key,
    const struct rng *rng);
/*
 * The same in two steps, for a key that is elsewhere: the text without digest and signature, whose
 * SHA-1 is what is signed; and the two lines that take the place of DIRECTORY_OLD_UNSIGNED in it.
 */
#define DIRECTORY_OLD_UNSIGNED "DirectoryDigest:\nDirectorySignature:\n"
void directory_format_old_stub(struct buf *out, const struct dir_params *p,
    const struct rsakey *identity);
void directory_sign_old(struct buf *out, const char *stub, size_t len, struct rsakey *key,
    const struct rng *rng);
/* Order of version strings: 0.0.8alpha3 < 0.0.8rc1 < 0.0.8 < 0.0.8.1 */
int version_cmp(const char *a, const char *b);
/*
 * The consensus of votes (dir-spec 7.3): the body, unsigned, octet for octet the same whatever the
 * order of votes. Votes that may not be counted are passed over.
 */
int directory_tally(struct buf *out, const struct directory *const *votes, size_t nvotes,
    const struct dir_voter *voters, size_t nvoters, int64_t valid_after, struct errmsg *e);

#endif

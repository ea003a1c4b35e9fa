/*
 * dird-core: parses, decides, writes. What its files share.
 */
#ifndef DIRD_CORE_H
#define DIRD_CORE_H

#include "dird.h"
#include "election.h"
#include "reliability.h"
#include "store.h"
#include "upload.h"

enum core_count {
	CC_ACCEPTED,
	CC_WAITING,
	CC_REFUSED,
	CC_LEARNED, /* from the lists of others */
	CC_VOTES,
	CC_FETCHES,
	CC_FETCHES_FAILED,
	CC_CONSENSUS, /* signed by more than half */
	CC_NO_CONSENSUS,
	CC_COUNT
};

struct core {
	struct dird_role role;
	struct dird_conf *conf; /* the role's */
	struct store store;
	struct rsakey *identity; /* public part */
	size_t self; /* our index among the authorities */
	int public_dir, old_dir; /* B/ and B/directory */
	struct buf report; /* of the last cycle that ended */
	struct counter counters[CC_COUNT + 1];
};

extern struct core core;

/* --- core.c --- */

/* One descriptor, from wherever; the answer of upload_reply is appended if reply is not NULL. */
enum upload core_take(const char *text, size_t len, struct buf *reply);
/* The list of servers, or what is said of it, changed: raw list and page are written soon. */
void core_changed(void);
/* The reliability file, if it is there, good and not too old; else 0, and a line in the log. */
int core_reliability(struct reliability *r);

/* --- publish.c: files below B/ --- */

/* The file NAME, or NAME.gz compressed; -1 if it could not be written (said). */
int publish_file(const char *name, const void *p, size_t len);
int publish_gz(const char *name, const void *p, size_t len);
/* Directory.gz, where the reference's clients look for it. */
int publish_old_gz(const void *p, size_t len);
/* Uncompressed text of NAME.gz; -1 if there is none. */
int publish_read(const char *name, struct buf *text);
/* Documents of cycles that ended more than a week (short cycles: 200 of them) ago go. */
void publish_expire(int64_t now);
void publish_raw_list(void);
void publish_page(void);

/* --- page.c --- */

struct page_input {
	const struct dird_conf *conf;
	const struct store *store;
	const struct reliability *reliability; /* NULL: none */
	const struct buf *report;
	int64_t now;
};
void page_format(struct buf *out, const struct page_input *in);

/* --- signer.c: dird-sign is asked --- */

void signer_init(void); /* the public key too; fatal if it cannot be had */
/* Appends the [Signed-Directory] section (or the old format's two lines); -1 with a reason. */
int signer_sign(struct buf *out, const struct buf *text, int old, struct errmsg *e);

/* --- fetcher.c: dird-fetch is asked --- */

void fetcher_init(void);
/* done is told once: the octets, or why not. */
void fetcher_get(const char *url, size_t max, int64_t timeout_ms,
    void (*done)(void *arg, const struct buf *body, const char *why), void *arg);

/* --- phases.c: the cycle by the clock --- */

void phases_init(void);
void phases_report(struct buf *out); /* for "dird status" */

/* --- collect.c: what is fetched from the other authorities --- */

/* For the election that is under way; stopped when it ends. */
void collect_votes(struct election *e, void (*changed)(void));
void collect_signatures(struct election *e, void (*changed)(void));
void collect_stop(void);
/* All that there was to be fetched of votes has come. */
int collect_votes_done(void);
/* Lists of servers, once from each. */
void collect_raw_lists(void);

/* --- mirror.c: instead of phases --- */

void mirror_init(void);

/* --- say.c: the operator's commands --- */

void say_init(void);

#endif

/*
 * What the files of dirsync share. Four processes: the front (dirsync.c: resolve, selfdesc,
 * dirread, fetch, publish), which has the files and no network; the DNS process (netproc.c) and
 * the HTTP process (fetchproc.c), which have the network and no files; the parser (parseproc.c),
 * which has neither network nor a file to write.
 */
#ifndef DIRSYNC_H
#define DIRSYNC_H

#include "daemon.h"
#include "proto.h"

enum count {
	C_RESOLVE_ASKED,
	C_RESOLVE_NUMERIC,
	C_RESOLVE_CACHED,
	C_RESOLVE_STALE,
	C_RESOLVE_FAILED,
	C_RESOLVE_REFUSED,
	C_DNS_QUERIES,
	C_DESCRIPTORS_SIGNED,
	C_DESCRIPTORS_REFUSED,
	C_DIRECTORIES_READ,
	C_DIRECTORIES_BAD,
	C_FETCHES,
	C_FETCHES_UNCHANGED,
	C_FETCHES_FAILED,
	C_DIRECTORIES_FETCHED,
	C_DIRECTORIES_REFUSED,
	C_PUBLISH_ACCEPTED,
	C_PUBLISH_WAITING,
	C_PUBLISH_REFUSED,
	C_PUBLISH_FAILED,
	C_COUNT
};

extern struct counter counters[C_COUNT + 1];
void count(enum count c);

/* --- hostcache.c: addresses by name, with times; no I/O --- */

struct hostcache;
enum freshness {
	HOST_UNKNOWN,
	HOST_FRESH, /* rep may have status ST_LATER: a failure that is remembered for a while */
	HOST_STALE /* too old, but better than nothing */
};

struct hostcache *hostcache_new(size_t max);
void hostcache_free(struct hostcache *h);
enum freshness hostcache_get(const struct hostcache *h, const char *host, int64_t now,
    struct resolve_rep *rep);
/*
 * A success for ttl seconds (bounded by us); a failure leaves the addresses that were known, if
 * any.
 */
void hostcache_put(struct hostcache *h, const char *host, const struct resolve_rep *rep,
    uint32_t ttl, int64_t now);
size_t hostcache_size(const struct hostcache *h);
/* As it was: with its own end of freshness. */
void hostcache_restore(struct hostcache *h, const char *host, const struct resolve_rep *rep,
    int64_t until);
/* All hosts with addresses, by name. */
void hostcache_each(const struct hostcache *h,
    void (*cb)(void *arg, const char *host, const struct resolve_rep *rep, int64_t until),
    void *arg);
/* 1 if host is an IPv4 or IPv6 address: rep gets it. */
int host_numeric(const char *host, struct resolve_rep *rep);

/* --- hostfile.c: the cache on disk, work/dir/hosts --- */

void hostfile_text(struct buf *out, const struct hostcache *h);
/* Cuts the text up; -1 if some lines were no good. */
int hostfile_parse(struct hostcache *h, char *text);
void hostfile_load(struct hostcache *h, int dirfd);
void hostfile_save(const struct hostcache *h, int dirfd);

/* --- netproc.c: the DNS process --- */

/* What it answers to V_RESOLVE. */
struct net_rep {
	struct resolve_rep rep;
	uint32_t ttl;
};

/*
 * Forks it, before the sandbox; gives our end of the pair. server (may be NULL) is the
 * "ADDR:PORT" to ask in place of those in resolv.conf.
 */
int netproc_start(struct daemon *d, const char *server);

/* --- fetchproc.c, parseproc.c: the HTTP process, and the parser, which reads in dir --- */

int fetchproc_start(struct daemon *d);
int parseproc_start(struct daemon *d, const char *dir);

/* --- resolve.c: the RESOLVE role --- */

struct resolver;
/* dirfd: work/dir, where the cache survives. */
struct resolver *resolver_new(struct loop *l, int net_fd, int dirfd);
void resolver_save(struct resolver *r); /* the cache, if anything in it is new */
/* Serves who asks on its role socket; the name is for the log, and kept by reference. */
void resolver_listen(struct resolver *r, int fd, const char *who);
/*
 * The same for the front itself: cb gets the addresses, or ST_LATER; now where they are known, else
 * later.
 */
void resolver_lookup(struct resolver *r, const char *host,
    void (*cb)(void *arg, const struct resolve_rep *rep), void *arg);
/* Names that are to be known before anybody asks (those of the directory). Takes the list over. */
void resolver_wanted(struct resolver *r, char **hosts, size_t n);
void resolver_queue(struct resolver *r, struct buf *out);

/* --- parser.c: what the parser is asked --- */

struct parser;
struct parse_rep;
struct reply_rep;
struct hostlist {
	char **v;
	size_t n;
};
struct parser *parser_new(struct daemon *d, int fd);
/*
 * A file of work/dir: done gets what it is worth, with the configuration's directory servers as
 * those that are trusted (and whether it is valid now, if dates), and its hosts.
 */
void parser_file(struct parser *p, const char *name, int dates,
    void (*done)(void *arg, const struct parse_rep *rep, struct hostlist *hosts), void *arg);
/* What a directory server answered to an upload; at most IPC_MAX_BODY octets. */
void parser_reply(struct parser *p, const void *text, size_t len,
    void (*done)(void *arg, const struct reply_rep *rep), void *arg);

/* --- dirread.c, hostlist.c: directories that lie in work/dir --- */

struct dirread;
struct dirread_calls {
	/* all names, after each change; owned by the callee then */
	void (*hosts)(void *arg, char **hosts, size_t n);
	/* the time for which the directory is good; 0: there is none. After each reading */
	void (*held)(void *arg, int64_t valid_after, int64_t valid_until);
	void *arg;
};
/* dirfd is work/dir. */
struct dirread *dirread_new(struct loop *l, int dirfd, struct parser *p,
    const struct dirread_calls *calls);
void dirread_start(struct dirread *r); /* looks now */
/* in lower case; numeric ones are left out */
void hostlist_add(struct hostlist *l, const char *host);
void hostlist_unique(struct hostlist *l); /* sorts; each name once */
void hostlist_free(struct hostlist *l);

/* --- selfdesc.c, selftext.c: our own descriptors --- */

struct selfdesc;
/*
 * fd: the connection to keyd. dirfd: work/dir, where we note what was signed. done is called when
 * all descriptors are as they should be, each time they were looked at.
 */
struct selfdesc *selfdesc_new(struct daemon *d, int fd, int dirfd,
    void (*done)(void *arg, const struct keysets_rep *sets), void *arg);
/* The signed text of a key set's descriptor, as it is noted in work/dir; -1 if there is none. */
int selfdesc_signed(int dirfd, uint32_t number, struct buf *text);
void selfdesc_now(struct selfdesc *s); /* look now: the configuration has changed */
/*
 * The unsigned descriptor of a key set; identity and packet_key are PKCS#1 DER. -1 with a reason
 * if a key is none.
 */
int selfdesc_text(struct buf *out, const struct server_conf *c, const struct chunk *identity,
    const struct chunk *packet_key, const struct keyset_info *set, int64_t published,
    int unconfined, struct errmsg *e);

#endif

/*
 * What the files of dirsync share. Two processes: the front (dirsync.c: resolve, selfdesc,
 * dirread), which has the files and no network, and its DNS process (netproc.c), which has the
 * network and no files.
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

/* --- resolve.c: the RESOLVE role --- */

struct resolver;
/* dirfd: work/dir, where the cache survives. */
struct resolver *resolver_new(struct loop *l, int net_fd, int dirfd);
void resolver_save(struct resolver *r); /* the cache, if anything in it is new */
/* Serves mmtpd on its role socket. */
void resolver_listen(struct resolver *r, int fd);
/* Names that are to be known before anybody asks (those of the directory). Takes the list over. */
void resolver_wanted(struct resolver *r, char **hosts, size_t n);
void resolver_queue(struct resolver *r, struct buf *out);

/* --- dirread.c, hostlist.c: directories that were put in place --- */

struct dirread;
/*
 * dirfd is work/dir. hosts is called with all names (owned by the callee then) after each change.
 */
struct dirread *dirread_new(struct loop *l, int dirfd,
    void (*hosts)(void *arg, char **hosts, size_t n), void *arg);
void dirread_start(struct dirread *r);
/*
 * Names of a directory's or a descriptor's text, added to the list; -1 with a reason if it is
 * none.
 */
struct hostlist {
	char **v;
	size_t n;
};
int dirread_hosts(struct hostlist *l, const void *p, size_t len, int64_t now, struct errmsg *e);
/* in lower case; numeric ones are left out */
void hostlist_add(struct hostlist *l, const char *host);
void hostlist_unique(struct hostlist *l); /* sorts; each name once */
void hostlist_free(struct hostlist *l);

/* --- selfdesc.c, selftext.c: our own descriptors --- */

struct selfdesc;
/* fd: the connection to keyd. dirfd: work/dir, where we note what was signed. */
struct selfdesc *selfdesc_new(struct daemon *d, int fd, int dirfd);
void selfdesc_now(struct selfdesc *s); /* look now: the configuration has changed */
/*
 * The unsigned descriptor of a key set; identity and packet_key are PKCS#1 DER. -1 with a reason
 * if a key is none.
 */
int selfdesc_text(struct buf *out, const struct server_conf *c, const struct chunk *identity,
    const struct chunk *packet_key, const struct keyset_info *set, int64_t published,
    int unconfined, struct errmsg *e);

#endif

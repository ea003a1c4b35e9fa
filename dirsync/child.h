/*
 * The children of dirsync, forked before the sandbox: each has a pair of sockets to the front, and
 * nothing of the front's but its configuration. What the front and they say to one another.
 */
#ifndef DIRSYNC_CHILD_H
#define DIRSYNC_CHILD_H

#include "dirsync.h"
#include "url.h"

#define CHILD_FD 3 /* the pair, in the child */

/*
 * Forks; run never returns. Gives the front's end. A child dies with the front, whatever it is
 * waiting for.
 */
int child_start(struct daemon *d, const char *name,
    void (*run)(struct daemon *d, const void *arg), const void *arg);

/* In the front: a child has ended, and has said why; so ends the front. */
void child_gone(const char *which) __attribute__((noreturn));

/* Records, for children that do one thing after another. */
struct child_record {
	struct ipc_hdr hdr;
	uint8_t body[IPC_MAX_BODY];
};
/* The length of the body; ends the process when the front is gone. */
size_t child_receive(struct child_record *r);
void child_send(uint16_t type, uint32_t id, const void *body, size_t len);

/* The words of a child, for the log: what is not printable ASCII becomes '?'. */
void child_words(char *s);

enum child_verb {
	CV_HTTP = 1000, /* struct http_req + text to be posted -> CV_DATA..., CV_DONE */
	CV_DATA, /* octets of the answer */
	CV_DONE, /* struct http_rep */
	CV_PARSE, /* struct parse_req -> CV_HOSTS..., CV_PARSED */
	CV_HOSTS, /* names of hosts, each ended by LF */
	CV_PARSED, /* struct parse_rep */
	CV_REPLY, /* what a directory server answered to an upload -> CV_REPLIED */
	CV_REPLIED, /* struct reply_rep */
};

#define WHY_LEN	    300
#define RESOLVE_LEN 1536

struct http_req {
	char url[URL_MAX + 4 + 12]; /* ... and room for a name at its end */
	char proxy[URL_MAX + 4];
	char resolve[RESOLVE_LEN]; /* "HOST:PORT:ADDRESS,..."; "": the host is an address */
	int64_t since; /* If-Modified-Since; 0: in any case */
	uint64_t max; /* octets that are taken */
	uint32_t timeout; /* seconds for the whole */
	uint32_t text_len; /* POST as the parameter "desc"; 0: GET */
};

enum http_outcome { HTTP_GOT, HTTP_UNCHANGED, HTTP_FAILED };

struct http_rep {
	uint32_t outcome;
	uint32_t pad;
	int64_t date, last_modified; /* as the server says; 0: it does not */
	char why[WHY_LEN + 4]; /* it failed */
};

#define MAX_TRUSTED  MAX_DIRSERVERS
#define FILENAME_LEN 264

/* A file in work/dir. */
struct parse_req {
	char name[FILENAME_LEN];
	int64_t now;
	uint32_t ntrusted; /* 0: whoever signed it */
	uint32_t dates; /* 1: it has to be valid now */
	uint8_t trusted[MAX_TRUSTED][HASH_LEN];
};

enum parse_outcome { PARSE_GOOD, PARSE_ABSENT, PARSE_BAD };

struct parse_rep {
	uint32_t outcome;
	uint32_t is_directory; /* 0: a single descriptor */
	int64_t valid_after, valid_until;
	uint32_t nservers, nskipped;
	char why[WHY_LEN + 4]; /* it is bad; or who signed it */
};

enum upload_outcome { UPLOAD_ACCEPTED, UPLOAD_WAITING, UPLOAD_REFUSED, UPLOAD_NONSENSE };

struct reply_rep {
	uint32_t outcome;
	char message[WHY_LEN]; /* the server's words: printable ASCII */
};

#endif

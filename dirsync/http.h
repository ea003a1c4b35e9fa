/*
 * HTTP, as the front asks for it.
 */
#ifndef DIRSYNC_HTTP_H
#define DIRSYNC_HTTP_H

#include "child.h"

struct http;
struct http *http_new(struct daemon *d, int fd, struct resolver *r);

/* Told what comes, and at last how it went: done is called once for each request. */
struct http_calls {
	void (*data)(void *arg, const void *p, size_t len);
	void (*done)(void *arg, const struct http_rep *rep);
	void *arg;
};

/*
 * One after the other, in the order of the calls, through the configuration's proxy. max: octets
 * that are taken at most; timeout in seconds; since: If-Modified-Since, 0 for none.
 */
void http_get(struct http *h, const char *url, uint64_t max, uint32_t timeout, int64_t since,
    const struct http_calls *calls);
/* The text as the parameter "desc" (dir-spec 5.2); at most SIGN_TEXT_MAX octets and a signature. */
void http_post(struct http *h, const char *url, const struct chunk *text, uint64_t max,
    uint32_t timeout, const struct http_calls *calls);

#endif

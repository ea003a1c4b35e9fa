/*
 * DNS by c-ares under the loop of the one process that asks: IPv4 and IPv6 addresses of a host,
 * from /etc/hosts and the name servers. How long it tries is bounded here.
 */
#ifndef COMMON_DNS_H
#define COMMON_DNS_H

#include "bytes.h"
#include "loop.h"
#include "proto.h"

/*
 * Reads resolv.conf, before the sandbox: nothing is opened later but /etc/hosts. server: HOST:PORT
 * to be asked instead, NULL: none. Fatal if it cannot be used.
 */
void dns_init(struct loop *l, const char *server);
void dns_end(void);

/*
 * done is told once, perhaps at once: status ST_OK with at least one address, or ST_LATER; and for
 * how many seconds that may be kept. It is not told of what is under way at dns_end.
 */
void dns_ask(const char *host,
    void (*done)(void *arg, const struct resolve_rep *rep, uint32_t ttl), void *arg);

/* Appends "HOST:PORT:ADDRESS,ADDRESS", as libcurl takes it (CURLOPT_RESOLVE). */
void dns_curl_entry(struct buf *out, const char *host, unsigned port,
    const struct resolve_rep *rep);

#endif

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"
#include "log.h"
#include "names.h"
#include "url.h"

static void (*answer)(uint32_t id, const char *entry, const char *why);

struct question {
	uint32_t id;
	char host[MAX_HOSTNAME + 1];
	unsigned port;
};

void
names_init(struct loop *l, void (*on_name)(uint32_t id, const char *entry, const char *why))
{
	answer = on_name;
	dns_init(l, NULL);
}

static void
on_answer(void *arg, const struct resolve_rep *rep, uint32_t ttl)
{
	struct question *q = arg;
	struct buf entry = { 0 };

	(void)ttl;
	dns_curl_entry(&entry, q->host, q->port, rep);
	if (rep->status == ST_OK)
		answer(q->id, buf_cstr(&entry), NULL);
	else
		answer(q->id, NULL, "its name cannot be resolved");
	buf_free(&entry);
	free(q);
}

static int
is_address(const char *host)
{
	struct in6_addr any;

	return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

void
names_ask(uint32_t id, const char *url)
{
	struct question *q;
	struct url u;
	struct errmsg e;

	if (url_parse(&u, url, URL_PROXY, &e) == -1) {
		answer(id, NULL, e.s);
		return;
	}
	if (is_address(u.host)) {
		answer(id, NULL, NULL);
		return;
	}
	if ((q = calloc(1, sizeof(*q))) == NULL)
		fatal("out of memory");
	q->id = id;
	q->port = u.port;
	strlcpy(q->host, u.host, sizeof(q->host));
	dns_ask(q->host, on_answer, q);
}

/*
 * The front's side of the parser: questions, answered one after the other.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "routing.h"

struct question {
	STAILQ_ENTRY(question) entry;
	uint32_t id;
	struct hostlist hosts;
	void (*parsed)(void *arg, const struct parse_rep *rep, struct hostlist *hosts);
	void (*replied)(void *arg, const struct reply_rep *rep);
	void *arg;
};

struct parser {
	struct daemon *d;
	struct ipc_conn *c;
	uint32_t last_id;
	STAILQ_HEAD(, question) open;
};

static struct question *
ask(struct parser *p, uint16_t verb, const void *body, size_t len, void *arg)
{
	struct question *q = calloc(1, sizeof(*q));

	if (q == NULL)
		fatal("parser");
	q->id = ++p->last_id;
	q->arg = arg;
	STAILQ_INSERT_TAIL(&p->open, q, entry);
	ipc_send(p->c, verb, q->id, body, len);
	return q;
}

/* The question that is answered now, if the record belongs to it. */
static struct question *
current(struct parser *p, uint32_t id)
{
	struct question *q = STAILQ_FIRST(&p->open);

	if (q == NULL || q->id != id)
		fatalx("the parser answers what it was not asked");
	return q;
}

/* What the parser names is looked up by others: it is looked at again here. */
static int
on_hosts(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct question *q = current(ipc_arg(c), id);
	char host[MAX_HOSTNAME + 1];

	for (size_t at = 0, n; at < len; at += n + 1) {
		const uint8_t *lf = memchr(body + at, '\n', len - at);

		n = lf == NULL ? len - at : (size_t)(lf - (body + at));
		if (lf == NULL || n > MAX_HOSTNAME || !host_plausible((const char *)body + at, n))
			fatalx("the parser names a host that is none");
		memcpy(host, body + at, n);
		host[n] = '\0';
		hostlist_add(&q->hosts, host);
	}
	return 0;
}

static int
on_parsed(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct parser *p = ipc_arg(c);
	struct question *q = current(p, id);
	struct parse_rep rep;

	(void)len;
	memcpy(&rep, body, sizeof(rep));
	rep.why[WHY_LEN] = '\0';
	child_words(rep.why);
	if (q->parsed == NULL)
		fatalx("the parser answers what it was not asked");
	STAILQ_REMOVE_HEAD(&p->open, entry);
	q->parsed(q->arg, &rep, &q->hosts);
	hostlist_free(&q->hosts);
	free(q);
	return 0;
}

static int
on_replied(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct parser *p = ipc_arg(c);
	struct question *q = current(p, id);
	struct reply_rep rep;

	(void)len;
	memcpy(&rep, body, sizeof(rep));
	rep.message[WHY_LEN - 1] = '\0';
	child_words(rep.message);
	if (q->replied == NULL)
		fatalx("the parser answers what it was not asked");
	STAILQ_REMOVE_HEAD(&p->open, entry);
	q->replied(q->arg, &rep);
	free(q);
	return 0;
}

static void
gone(struct ipc_conn *c, void *arg)
{
	(void)c;
	(void)arg;
	child_gone("parser");
}

struct parser *
parser_new(struct daemon *d, int fd)
{
	static const struct ipc_verb verbs[] = {
		{ CV_HOSTS, 1, IPC_MAX_BODY, on_hosts },
		{ CV_PARSED, sizeof(struct parse_rep), sizeof(struct parse_rep), on_parsed },
		{ CV_REPLIED, sizeof(struct reply_rep), sizeof(struct reply_rep), on_replied },
		{ 0, 0, 0, NULL },
	};
	struct parser *p = calloc(1, sizeof(*p));

	if (p == NULL)
		fatal("parser");
	p->d = d;
	STAILQ_INIT(&p->open);
	p->c = ipc_conn_new(d->loop, fd, "the parser", verbs, gone, p);
	return p;
}

void
parser_file(struct parser *p, const char *name, int dates,
    void (*done)(void *arg, const struct parse_rep *rep, struct hostlist *hosts), void *arg)
{
	const struct opt_list *servers = &p->d->conf->directory_servers;
	struct parse_req req = { .now = daemon_now(), .dates = (uint32_t)dates };

	strlcpy(req.name, name, sizeof(req.name));
	for (size_t i = 0; i < servers->n && i < MAX_TRUSTED; i++)
		if (hex_decode(req.trusted[req.ntrusted], HASH_LEN, servers->v[i], 2 * HASH_LEN) ==
		    0)
			req.ntrusted++;
	ask(p, CV_PARSE, &req, sizeof(req), arg)->parsed = done;
}

void
parser_reply(struct parser *p, const void *text, size_t len,
    void (*done)(void *arg, const struct reply_rep *rep), void *arg)
{
	ask(p, CV_REPLY, text, len, arg)->replied = done;
}

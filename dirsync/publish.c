#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "publish.h"
#include "pubstate.h"
#include "urls.h"

#define AHEAD_S	  ((2 * 24 + 13) * 3600) /* before a key set becomes valid: dir-spec 6, D10 */
#define REPLY_MAX 4096
#define UPLOAD_S  60
#define LOOK_S	  600
#define FILE_MAX  (2 * 1024 * 1024)
#define FILE_NAME "published"
#define NEW_NAME  "published.new"

struct publish {
	struct daemon *d;
	struct http *http;
	struct parser *parser;
	int dirfd;
	struct loop_timer *timer;
	struct keysets_rep sets;
	struct pubstate state;
	int busy;
	int again; /* what is under way has to be sent once more */
	/* what is under way */
	uint32_t number;
	char *url;
	uint8_t md[PUB_MD_LEN];
	struct buf reply;
};

/* --- the file --- */

static void
load(struct publish *p)
{
	int fd = openat(p->dirfd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct buf b = { 0 };
	ssize_t n;

	if (fd == -1)
		return;
	do {
		n = read(fd, buf_space(&b, 65536), 65536);
		b.len -= 65536 - (size_t)(n > 0 ? n : 0);
	} while (n > 0 && b.len < FILE_MAX);
	close(fd);
	if (n == -1 || pubstate_parse(&p->state, buf_cstr(&b)) == -1)
		log_warnx("work/dir/" FILE_NAME " has lines that are none: passed over");
	buf_free(&b);
}

/* Without syncing: what is lost is sent once more. */
static void
save(const struct publish *p)
{
	struct buf b = { 0 };
	int fd;

	pubstate_format(&b, &p->state);
	if (unlinkat(p->dirfd, NEW_NAME, 0) == -1 && errno != ENOENT)
		log_warn("work/dir/" NEW_NAME);
	fd = openat(p->dirfd, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || (b.len > 0 && write(fd, b.p, b.len) != (ssize_t)b.len) ||
	    renameat(p->dirfd, NEW_NAME, p->dirfd, FILE_NAME) == -1)
		log_warn("work/dir/" FILE_NAME);
	if (fd != -1)
		close(fd);
	buf_free(&b);
}

/* --- what a server said --- */

static const enum count counted[] = {
	[PUB_ACCEPTED] = C_PUBLISH_ACCEPTED,
	[PUB_WAITING] = C_PUBLISH_WAITING,
	[PUB_REFUSED] = C_PUBLISH_REFUSED,
	[PUB_FAILED] = C_PUBLISH_FAILED,
};

/* The operator is told once of each thing that he should know. */
static void
tell(const struct pub_entry *e, enum pub_outcome before, const char *words)
{
	static const char *const said[] = {
		[PUB_ACCEPTED] = "has accepted the node's descriptor",
		[PUB_WAITING] = "has the node's descriptor wait for its operator's approval",
		[PUB_REFUSED] = "refuses the node's descriptor",
		[PUB_FAILED] = "did not take the node's descriptor; it is tried again",
	};

	if (e->outcome == PUB_ACCEPTED || e->outcome == before)
		log_info("%s %s: %s", e->url, said[e->outcome], words);
	else
		log_warnx("%s %s: %s", e->url, said[e->outcome], words);
}

static void
conclude(struct publish *p, enum pub_outcome outcome, const char *words)
{
	struct pub_entry *e = pubstate_get(&p->state, p->number, p->url);
	enum pub_outcome before = e->outcome;

	pubstate_note(e, p->md, outcome, daemon_now(), &rng_system);
	count(counted[outcome]);
	tell(e, before, words);
	if (p->again)
		e->outcome = PUB_NEW;
	p->again = 0;
	save(p);
	free(p->url);
	p->url = NULL;
	p->busy = 0;
	loop_timer_set(p->timer, 0);
}

static void
on_replied(void *arg, const struct reply_rep *rep)
{
	struct publish *p = arg;

	switch (rep->outcome) {
	case UPLOAD_ACCEPTED: conclude(p, PUB_ACCEPTED, rep->message); break;
	case UPLOAD_WAITING: conclude(p, PUB_WAITING, rep->message); break;
	case UPLOAD_REFUSED: conclude(p, PUB_REFUSED, rep->message); break;
	default: conclude(p, PUB_FAILED, "its answer is none of a directory server");
	}
}

static void
on_data(void *arg, const void *octets, size_t len)
{
	struct publish *p = arg;

	buf_put(&p->reply, octets, len);
}

static void
on_done(void *arg, const struct http_rep *rep)
{
	struct publish *p = arg;

	if (rep->outcome == HTTP_GOT)
		parser_reply(p->parser, p->reply.p, p->reply.len, on_replied, p);
	else
		conclude(p, PUB_FAILED, rep->why);
}

/* --- what is to be sent --- */

/* Not before its time, and not when it is over. */
static int
in_time(const struct keyset_info *set, int64_t now)
{
	return set->valid_after - AHEAD_S <= now && set->valid_until > now;
}

static void
send_one(struct publish *p, uint32_t number, const char *url, const struct buf *text,
    const uint8_t md[PUB_MD_LEN])
{
	const struct http_calls calls = { on_data, on_done, p };
	const struct chunk c = { text->p, text->len };

	p->busy = 1;
	p->number = number;
	if ((p->url = strdup(url)) == NULL)
		fatal("publish");
	memcpy(p->md, md, PUB_MD_LEN);
	buf_reset(&p->reply);
	http_post(p->http, url, &c, REPLY_MAX, UPLOAD_S, &calls);
}

/* One set to one server, if its time has come; *next is brought forward to when it has. */
static void
treat(struct publish *p, const struct keyset_info *set, const char *url, int64_t now,
    int64_t *next)
{
	struct pub_entry *e = pubstate_get(&p->state, set->number, url);
	struct buf text = { 0 };
	uint8_t md[32];

	if (!p->busy && selfdesc_signed(p->dirfd, set->number, &text) == 0) {
		sha256(md, text.p, text.len);
		if (pubstate_due(e, md, now))
			send_one(p, set->number, url, &text, md);
		else if (e->next != 0 && e->next < *next)
			*next = e->next;
	}
	buf_free(&text);
}

static void
look(void *arg)
{
	struct publish *p = arg;
	struct opt_list urls = { NULL, 0 };
	int64_t now = daemon_now(), next = now + LOOK_S;

	if (p->busy)
		return;
	if (p->d->conf->publish)
		urls_publish(&urls, p->d->conf);
	for (uint32_t i = 0; i < p->sets.n; i++)
		for (size_t j = 0; j < urls.n; j++)
			if (in_time(&p->sets.set[i], now))
				treat(p, &p->sets.set[i], urls.v[j], now, &next);
	if (p->sets.n > 0)
		pubstate_prune(&p->state);
	opt_list_free(&urls);
	loop_timer_set(p->timer, p->busy ? -1 : (next - now) * 1000);
}

/* --- from outside --- */

struct publish *
publish_new(struct daemon *d, struct http *h, struct parser *parser, int dirfd)
{
	struct publish *p = calloc(1, sizeof(*p));

	if (p == NULL)
		fatal("publish");
	p->d = d;
	p->http = h;
	p->parser = parser;
	p->dirfd = dirfd;
	p->timer = loop_timer(d->loop, look, p);
	load(p);
	return p;
}

void
publish_sets(struct publish *p, const struct keysets_rep *sets)
{
	p->sets = *sets;
	loop_timer_set(p->timer, 0);
}

int
publish_again(struct publish *p, struct errmsg *e)
{
	struct opt_list urls = { NULL, 0 };
	size_t n = 0, servers;

	urls_publish(&urls, p->d->conf);
	servers = urls.n;
	opt_list_free(&urls);
	for (uint32_t i = 0; i < p->sets.n; i++)
		n += (size_t)in_time(&p->sets.set[i], daemon_now());
	if (!p->d->conf->publish)
		return err_set(e, "Publish is no: nothing is sent");
	if (servers == 0)
		return err_set(e, "the configuration names no directory server");
	pubstate_forget_all(&p->state);
	p->again = p->busy;
	loop_timer_set(p->timer, 0);
	err_set(e, "%zu descriptor%s to %zu directory server%s", n, n == 1 ? "" : "s", servers,
	    servers == 1 ? "" : "s");
	return 0;
}

void
publish_queue(const struct publish *p, struct buf *out)
{
	buf_printf(out, "published-accepted %zu\npublished-waiting %zu\npublished-refused %zu\n"
	    "published-failed %zu\n", pubstate_count(&p->state, PUB_ACCEPTED),
	    pubstate_count(&p->state, PUB_WAITING), pubstate_count(&p->state, PUB_REFUSED),
	    pubstate_count(&p->state, PUB_FAILED));
}

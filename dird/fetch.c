/*
 * dird-fetch: HTTP to the other directory servers. It has the network, and neither files to write
 * nor anything secret; it looks into nothing that it hands to dird-core.
 */
#include <curl/curl.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dird.h"
#include "names.h"
#include "dproto.h"

#define MAX_JOBS 256
#define STEP	 32000 /* octets a record */
#define QUEUED	 64 /* records that may wait for dird-core before a transfer is halted */

static const char usage[] =
    "usage: dird fetch [-1hnU] [-f file] [-l level] [-s directory]\n"
    "Fetches votes, signatures and lists of servers for dird-core.\n"
    "Started by systemd or \"dird start\".\n";

struct job {
	struct ipc_conn *conn; /* NULL: core went away */
	uint32_t id; /* core's; those of a core that has ended may come again */
	uint32_t question; /* for its name */
	char *url;
	size_t got, max;
	int over, paused;
	long timeout_ms;
	int64_t begun;
	CURL *curl;
	struct curl_slist *addresses;
	struct job *next;
};

static struct {
	struct dird_role role;
	CURLM *multi;
	struct loop_timer *timer;
	struct job *jobs;
	unsigned njobs;
	uint32_t questions;
	struct {
		int fd;
		struct loop_io *io; /* NULL: free */
	} fds[MAX_JOBS];
} net;

/* --- the answer --- */

static int
send_record(struct job *j, uint32_t end, uint32_t status, const void *p, size_t len)
{
	struct fetched_rep rep = { .end = end, .status = status };
	struct buf b = { 0 };
	int rc;

	if (j->conn == NULL)
		return -1;
	buf_put(&b, &rep, sizeof(rep));
	buf_put(&b, p, len);
	rc = ipc_send(j->conn, V_FETCHED, j->id, b.p, b.len);
	buf_free(&b);
	return rc;
}

static void
job_free(struct job *j)
{
	struct job **p = &net.jobs;

	while (*p != j)
		p = &(*p)->next;
	*p = j->next;
	net.njobs--;
	if (j->curl != NULL) {
		curl_multi_remove_handle(net.multi, j->curl);
		curl_easy_cleanup(j->curl);
	}
	curl_slist_free_all(j->addresses);
	free(j->url);
	free(j);
}

static void
job_fail(struct job *j, const char *why)
{
	send_record(j, 1, ST_FAIL, why, strlen(why));
	job_free(j);
}

/* --- libcurl and the loop --- */

static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	struct job *j = arg;
	size_t len = size * n;

	if (j->conn == NULL || len > j->max - j->got) {
		j->over = j->conn != NULL;
		return 0;
	}
	if (ipc_queued(j->conn) > QUEUED) {
		j->paused = 1;
		return CURL_WRITEFUNC_PAUSE;
	}
	j->got += len;
	for (size_t at = 0; at < len; at += STEP)
		if (send_record(j, 0, ST_OK, p + at, len - at < STEP ? len - at : STEP) == -1)
			return 0;
	return len;
}

static void
finish(struct job *j, CURLcode r)
{
	long status = 0;
	char why[128];

	if (r == CURLE_OK) {
		send_record(j, 1, ST_OK, NULL, 0);
		job_free(j);
		return;
	}
	curl_easy_getinfo(j->curl, CURLINFO_RESPONSE_CODE, &status);
	if (j->over)
		snprintf(why, sizeof(why), "longer than %zu octets", j->max);
	else if (r == CURLE_HTTP_RETURNED_ERROR)
		snprintf(why, sizeof(why), "the server answers %ld", status);
	else
		snprintf(why, sizeof(why), "%s", curl_easy_strerror(r));
	job_fail(j, why);
}

static void
reap(void)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(net.multi, &left)) != NULL) {
		struct job *j = net.jobs;

		if (m->msg != CURLMSG_DONE)
			continue;
		while (j != NULL && j->curl != m->easy_handle)
			j = j->next;
		if (j != NULL)
			finish(j, m->data.result);
	}
}

static void
drive(curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(net.multi, fd, events, &running);
	reap();
}

static void
on_fd(int fd, short revents, void *arg)
{
	(void)arg;
	drive(fd, ((revents & (POLLIN | POLLHUP)) ? CURL_CSELECT_IN : 0) |
		((revents & POLLOUT) ? CURL_CSELECT_OUT : 0) |
		((revents & POLLERR) ? CURL_CSELECT_ERR : 0));
}

static void
on_timer(void *arg)
{
	(void)arg;
	drive(CURL_SOCKET_TIMEOUT, 0);
}

static int
set_timer(CURLM *m, long ms, void *arg)
{
	(void)m;
	(void)arg;
	loop_timer_set(net.timer, ms);
	return 0;
}

static int
watch(CURL *c, curl_socket_t fd, int what, void *arg, void *sockarg)
{
	short events = (short)(((what & CURL_POLL_IN) ? POLLIN : 0) |
	    ((what & CURL_POLL_OUT) ? POLLOUT : 0));
	size_t at = MAX_JOBS;

	(void)c;
	(void)arg;
	(void)sockarg;
	for (size_t i = 0; i < MAX_JOBS; i++)
		if (net.fds[i].io != NULL && net.fds[i].fd == fd) {
			at = i;
			break;
		} else if (net.fds[i].io == NULL && at == MAX_JOBS) {
			at = i;
		}
	if (at == MAX_JOBS)
		return -1;
	if (what == CURL_POLL_REMOVE) {
		loop_del(net.fds[at].io);
		net.fds[at].io = NULL;
	} else if (net.fds[at].io != NULL) {
		loop_events(net.fds[at].io, events);
	} else {
		net.fds[at].fd = fd;
		net.fds[at].io = loop_add(net.role.d.loop, fd, events, on_fd, NULL);
	}
	return 0;
}

/* --- a question --- */

static void
set(struct job *j)
{
	CURL *c = j->curl;
	int r = 0;

	r |= curl_easy_setopt(c, CURLOPT_URL, j->url);
	r |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	r |= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	r |= curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, j->timeout_ms);
	r |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	r |= curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	r |= curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	r |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	r |= curl_easy_setopt(c, CURLOPT_WRITEDATA, j);
	/* Also said, so that nothing of the environment comes to matter. */
	r |= curl_easy_setopt(
	    c, CURLOPT_PROXY, net.role.conf->proxy != NULL ? net.role.conf->proxy : "");
	r |= curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	r |= curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (j->addresses != NULL)
		r |= curl_easy_setopt(c, CURLOPT_RESOLVE, j->addresses);
	if (r != 0)
		fatalx("libcurl refuses its options");
}

/* The name is resolved, or was none. entry: as CURLOPT_RESOLVE has it; NULL: not needed. */
static void
on_name(uint32_t id, const char *entry, const char *why)
{
	struct job *j = net.jobs;

	while (j != NULL && j->question != id)
		j = j->next;
	if (j == NULL)
		return;
	j->timeout_ms -= (long)(loop_now() - j->begun);
	if (why != NULL || j->timeout_ms <= 0) {
		job_fail(j, why != NULL ? why : "no name server answered in time");
		return;
	}
	if (entry != NULL)
		j->addresses = curl_slist_append(NULL, entry);
	if ((j->curl = curl_easy_init()) == NULL)
		fatalx("libcurl cannot be used");
	set(j);
	if (curl_multi_add_handle(net.multi, j->curl) != CURLM_OK)
		fatalx("libcurl cannot be used");
}

static int
on_fetch(struct ipc_conn *c, uint32_t id, const uint8_t *body, size_t len)
{
	struct fetch_req q;
	struct job *j = calloc(1, sizeof(*j));

	memcpy(&q, body, sizeof(q));
	if (j == NULL ||
	    (j->url = strndup((const char *)body + sizeof(q), len - sizeof(q))) == NULL)
		fatal("out of memory");
	j->conn = c;
	j->id = id;
	j->max = q.max;
	j->timeout_ms = (long)q.timeout_ms;
	j->begun = loop_now();
	j->next = net.jobs;
	net.jobs = j;
	j->question = ++net.questions;
	if (++net.njobs > MAX_JOBS)
		job_fail(j, "too many at once");
	else /* a proxy looks names up by itself: only its own is wanted */
		names_ask(j->question,
		    net.role.conf->proxy != NULL ? net.role.conf->proxy : j->url);
	return 0;
}

static const struct ipc_verb verbs[] = {
	{ V_FETCH, sizeof(struct fetch_req) + 1, sizeof(struct fetch_req) + 1024, on_fetch },
	{ 0, 0, 0, NULL },
};

static void
on_closed(struct ipc_conn *c, void *arg)
{
	struct job *next;

	(void)arg;
	for (struct job *j = net.jobs; j != NULL; j = next) {
		next = j->next;
		if (j->conn == c)
			job_free(j);
	}
}

/* Transfers that waited for dird-core go on. */
static void
each_round(void *arg)
{
	(void)arg;
	for (struct job *j = net.jobs; j != NULL; j = j->next)
		if (j->paused && j->conn != NULL && ipc_queued(j->conn) < QUEUED / 2) {
			j->paused = 0;
			curl_easy_pause(j->curl, CURLPAUSE_CONT);
			loop_timer_set(net.timer, 0);
			return;
		}
}

/* Not every machine has all of these: no authorities of HTTPS, no names of its own. */
static size_t
existing(struct sandbox_path *paths, size_t n)
{
	size_t have = 0;

	for (size_t i = 0; i < n; i++)
		if (access(paths[i].path, R_OK) == 0)
			paths[have++] = paths[i];
	return have;
}

int
role_fetch(int argc, char **argv)
{
	struct sandbox_path paths[] = { { "/etc/resolv.conf", SB_READ },
		{ "/etc/hosts", SB_READ }, { "/etc/ssl", SB_READ },
		{ "/usr/share/ca-certificates", SB_READ } };
	int fd;

	role_init(&net.role, "dird-fetch", argc, argv, usage);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (net.multi = curl_multi_init()) == NULL)
		fatalx("libcurl cannot be used");
	curl_multi_setopt(net.multi, CURLMOPT_SOCKETFUNCTION, watch);
	curl_multi_setopt(net.multi, CURLMOPT_TIMERFUNCTION, set_timer);
	net.timer = loop_timer(net.role.d.loop, on_timer, NULL);
	loop_each(net.role.d.loop, each_round, NULL);
	names_init(net.role.d.loop, on_name);
	if ((fd = daemon_socket(SOCK_DIRD_FETCH, 0)) == -1)
		fatal_permanent("no socket was passed in: \"dird start\" or systemd does");
	ipc_listen(net.role.d.loop, fd, SOCK_DIRD_FETCH, verbs, 2, NULL, on_closed);
	daemon_confine(&net.role.d, ROLE_DIRD_FETCH, paths,
	    existing(paths, sizeof(paths) / sizeof(paths[0])));
	daemon_ready(&net.role.d);
	loop_run(net.role.d.loop);
	return 0;
}

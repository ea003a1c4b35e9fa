/*
 * The HTTP process: it has the network and the pair to the front, and nothing else. What it is told
 * to fetch it hands over as it came; it knows no name but those it was given with addresses,
 * follows no redirection, keeps nothing.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

#define CONNECT_S     20L
#define SLOW_S	      30L /* at most, with less than SLOW_OCTETS a second */
#define SLOW_OCTETS   64L
#define CA_FILE	      "/etc/ssl/certs/ca-certificates.crt"
#define CA_FILE_MAX   (4 * 1024 * 1024)

static struct {
	CURL *curl;
	struct buf authorities; /* of HTTPS, read before the sandbox */
	uint32_t id;
	uint64_t left; /* octets that may still come */
	int over;
} my;

static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	size_t len = size * n;

	(void)arg;
	if (len > my.left) {
		my.over = 1;
		return 0;
	}
	my.left -= len;
	for (size_t at = 0, part; at < len; at += part) {
		part = len - at > IPC_MAX_BODY ? IPC_MAX_BODY : len - at;
		child_send(CV_DATA, my.id, p + at, part);
	}
	return len;
}

static void
must(int r)
{
	if (r != 0)
		fatalx("libcurl refuses its options");
}

static void
set_common(const struct http_req *q)
{
	CURL *c = my.curl;
	struct curl_blob ca = { .data = my.authorities.p, .len = my.authorities.len };
	long slow = q->timeout < 2 * SLOW_S ? (long)q->timeout / 2 : SLOW_S;
	int r = 0;

	curl_easy_reset(c);
	r |= curl_easy_setopt(c, CURLOPT_URL, q->url);
	/* Also where there is none: the environment has no say. */
	r |= curl_easy_setopt(c, CURLOPT_PROXY, q->proxy);
	r |= curl_easy_setopt(c, CURLOPT_NOPROXY, "");
	r |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	r |= curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	r |= curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	r |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	r |= curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)q->timeout);
	r |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	r |= curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, slow);
	r |= curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_OCTETS);
	r |= curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 0L);
	r |= curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	r |= curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	r |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	r |= curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	r |= curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	if (my.authorities.len > 0)
		r |= curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
	must(r);
}

/* What goes with the request; the caller frees both. */
struct extras {
	struct curl_slist *resolve, *headers;
	char *form;
};

static void
set_post(struct extras *x, const char *text, size_t len)
{
	char *escaped = curl_easy_escape(my.curl, text, (int)len);

	if (escaped == NULL || asprintf(&x->form, "desc=%s", escaped) == -1)
		fatalx("out of memory");
	curl_free(escaped);
	/* No "100 Continue" is waited for. */
	if ((x->headers = curl_slist_append(NULL, "Expect:")) == NULL)
		fatalx("out of memory");
	must(curl_easy_setopt(my.curl, CURLOPT_HTTPHEADER, x->headers));
	must(curl_easy_setopt(my.curl, CURLOPT_POSTFIELDS, x->form));
}

static void
set_request(struct extras *x, const struct http_req *q, const char *text)
{
	set_common(q);
	if (q->resolve[0] != '\0') {
		if ((x->resolve = curl_slist_append(NULL, q->resolve)) == NULL)
			fatalx("out of memory");
		must(curl_easy_setopt(my.curl, CURLOPT_RESOLVE, x->resolve));
	}
	if (q->since != 0) {
		must(curl_easy_setopt(my.curl, CURLOPT_TIMECONDITION,
		    (long)CURL_TIMECOND_IFMODSINCE));
		must(curl_easy_setopt(my.curl, CURLOPT_TIMEVALUE_LARGE, (curl_off_t)q->since));
	}
	if (q->text_len > 0)
		set_post(x, text, q->text_len);
}

static int64_t
time_of(const char *header)
{
	struct curl_header *h;

	if (curl_easy_header(my.curl, header, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return 0;
	return curl_getdate(h->value, NULL) > 0 ? (int64_t)curl_getdate(h->value, NULL) : 0;
}

static void
conclude(struct http_rep *rep, CURLcode r, uint64_t max)
{
	long status = 0;

	(void)curl_easy_getinfo(my.curl, CURLINFO_RESPONSE_CODE, &status);
	rep->date = time_of("Date");
	rep->last_modified = time_of("Last-Modified");
	rep->outcome = HTTP_FAILED;
	if (my.over)
		(void)snprintf(rep->why, WHY_LEN, "longer than %llu octets",
		    (unsigned long long)max);
	else if (r != CURLE_OK)
		(void)snprintf(rep->why, WHY_LEN, "%s", curl_easy_strerror(r));
	else if (status == 200)
		rep->outcome = HTTP_GOT;
	else if (status == 304)
		rep->outcome = HTTP_UNCHANGED;
	else
		(void)snprintf(rep->why, WHY_LEN, "the server answers %ld", status);
}

static void
serve(const struct child_record *rec, size_t len)
{
	struct http_req q;
	struct http_rep rep = { .pad = 0 };
	struct extras x = { NULL, NULL, NULL };

	if (rec->hdr.type != CV_HTTP || len < sizeof(q))
		fatalx("a malformed request of the front's");
	memcpy(&q, rec->body, sizeof(q));
	if (q.text_len != len - sizeof(q) || memchr(q.url, '\0', sizeof(q.url)) == NULL ||
	    memchr(q.proxy, '\0', sizeof(q.proxy)) == NULL ||
	    memchr(q.resolve, '\0', sizeof(q.resolve)) == NULL)
		fatalx("a malformed request of the front's");
	my.id = rec->hdr.id;
	my.left = q.max;
	my.over = 0;
	set_request(&x, &q, (const char *)rec->body + sizeof(q));
	conclude(&rep, curl_easy_perform(my.curl), q.max);
	child_send(CV_DONE, my.id, &rep, sizeof(rep));
	curl_easy_reset(my.curl);
	curl_slist_free_all(x.resolve);
	curl_slist_free_all(x.headers);
	free(x.form);
}

/* --- start --- */

/* Without them HTTPS finds no server that it believes. The variable is OpenSSL's. */
static void
read_authorities(void)
{
	const char *path = getenv("SSL_CERT_FILE");
	int fd = open(path != NULL ? path : CA_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	while (fd != -1 && n > 0 && my.authorities.len < CA_FILE_MAX) {
		n = read(fd, buf_space(&my.authorities, 65536), 65536);
		my.authorities.len -= 65536 - (size_t)(n > 0 ? n : 0);
	}
	if (fd != -1)
		close(fd);
}

/* libcurl makes what it keeps at the first transfer: one that goes nowhere. */
static void
warm_up(void)
{
	static const char *const dates[] = { "Thu, 01 Jan 2026 00:00:00 GMT" };

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (my.curl = curl_easy_init()) == NULL)
		fatalx("libcurl cannot be used");
	must(curl_easy_setopt(my.curl, CURLOPT_URL, "nowhere:"));
	(void)curl_easy_perform(my.curl);
	(void)curl_getdate(dates[0], NULL);
}

static void
run(struct daemon *d, const void *arg)
{
	static struct child_record rec;
	size_t len;

	(void)arg;
	read_authorities();
	warm_up();
	daemon_confine(d, ROLE_DIRSYNC_FETCH, NULL, 0);
	for (;;) {
		len = child_receive(&rec);
		serve(&rec, len);
	}
}

int
fetchproc_start(struct daemon *d)
{
	return child_start(d, "dirsync-fetch", run, NULL);
}

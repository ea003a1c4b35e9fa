#include <string.h>

#include <curl/curl.h>

#include "fetch.h"
#include "log.h"

#define MAX_REDIRECTS 3L

/* Where the octets go, and how many may. */
struct sink {
	struct buf *body;
	size_t max;
	int over;
};

static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	struct sink *s = arg;

	if (size * n > s->max - s->body->len) {
		s->over = 1;
		return 0;
	}
	buf_put(s->body, p, size * n);
	return size * n;
}

static void
set(CURL *c, const char *url, const struct sink *s, int64_t timeout)
{
	int r = 0;

	r |= curl_easy_setopt(c, CURLOPT_URL, url);
	r |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	r |= curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	r |= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	r |= curl_easy_setopt(c, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
	r |= curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)timeout);
	r |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	r |= curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	r |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	r |= curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
	/* What libcurl does by itself; said, so that no other default can come to matter. */
	r |= curl_easy_setopt(c, CURLOPT_USERAGENT, NULL);
	r |= curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	r |= curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (r != 0)
		fatalx("libcurl refuses its options");
}

static int64_t
date_of(CURL *c)
{
	struct curl_header *h;

	if (curl_easy_header(c, "Date", 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return 0;
	return curl_getdate(h->value, NULL) > 0 ? (int64_t)curl_getdate(h->value, NULL) : 0;
}

static int
reason(CURL *c, CURLcode r, const struct sink *s, const char *url, struct errmsg *e)
{
	long status = 0;

	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (s->over)
		return err_set(e, "%.300s: longer than %zu octets", url, s->max);
	if (r == CURLE_HTTP_RETURNED_ERROR)
		return err_set(e, "%.300s: the server answers %ld", url, status);
	return err_set(e, "%.300s: %s", url, curl_easy_strerror(r));
}

int
fetch_url(struct fetched *out, const char *url, size_t max, int64_t timeout, struct errmsg *e)
{
	struct sink s = { .body = &out->body, .max = max };
	CURLcode r;
	CURL *c;

	memset(out, 0, sizeof(*out));
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (c = curl_easy_init()) == NULL)
		fatalx("libcurl cannot be used");
	set(c, url, &s, timeout);
	r = curl_easy_perform(c);
	if (r == CURLE_OK)
		out->date = date_of(c);
	else
		(void)reason(c, r, &s, url, e);
	curl_easy_cleanup(c);
	curl_global_cleanup();
	return r == CURLE_OK ? 0 : -1;
}

#include <stdio.h>
#include <string.h>

#include "url.h"
#include "urls.h"

static void
add(struct opt_list *out, const char *url)
{
	if (!opt_list_has(out, url))
		opt_list_add(out, url);
}

static void
add_below(struct opt_list *out, const char *base, const char *name)
{
	char url[URL_MAX + 16];
	size_t len = strlen(base);

	(void)snprintf(url, sizeof(url), "%s%s%s", base,
	    len > 0 && base[len - 1] == '/' ? "" : "/", name);
	add(out, url);
}

static int
is_file(const char *url)
{
	size_t len = strlen(url);

	return len > 3 && strcmp(url + len - 3, ".gz") == 0;
}

/* The URL of "FINGERPRINT URL". */
static const char *
server_url(const struct opt_list *servers, size_t i)
{
	return servers->v[i] + 2 * HASH_LEN + 1;
}

void
urls_fetch(struct opt_list *out, const struct server_conf *c)
{
	for (size_t i = 0; i < c->directory_servers.n; i++)
		add_below(out, server_url(&c->directory_servers, i), "current.gz");
	for (size_t i = 0; i < c->server_urls.n; i++) {
		if (is_file(c->server_urls.v[i]))
			add(out, c->server_urls.v[i]);
		else
			add_below(out, c->server_urls.v[i], "current.gz");
	}
}

void
urls_publish(struct opt_list *out, const struct server_conf *c)
{
	for (size_t i = 0; i < c->publish_urls.n; i++)
		add(out, c->publish_urls.v[i]);
	for (size_t i = 0; i < c->directory_servers.n; i++)
		add_below(out, server_url(&c->directory_servers, i), "upload");
	for (size_t i = 0; i < c->server_urls.n; i++)
		if (!is_file(c->server_urls.v[i]))
			add_below(out, c->server_urls.v[i], "upload");
}

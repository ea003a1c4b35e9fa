#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "infofmt.h"
#include "routing.h"
#include "url.h"

static const struct {
	const char *scheme;
	uint16_t port;
} ports[] = { { "http", 80 }, { "https", 443 }, { "socks5h", 1080 } };

static uint16_t
usual_port(const char *scheme)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (strcmp(ports[i].scheme, scheme) == 0)
			return ports[i].port;
	return 0;
}

/* 1 if the word is in a list separated by blanks. */
static int
listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; *p != '\0'; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, word, n) == 0)
			return 1;
		p += n;
	}
	return 0;
}

/* What follows "://", or NULL. */
static const char *
take_scheme(struct url *u, const char *s)
{
	size_t n = strcspn(s, ":");

	if (n == 0 || n >= sizeof(u->scheme) || strncmp(s + n, "://", 3) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		u->scheme[i] = (char)tolower((unsigned char)s[i]);
	u->scheme[n] = '\0';
	return s + n + 3;
}

/* What follows the host, or NULL. */
static const char *
take_host(struct url *u, const char *s)
{
	int bracket = *s == '[';
	size_t n = bracket ? strcspn(++s, "]") : strcspn(s, ":/?");
	struct in6_addr a;

	if (n == 0 || n > MAX_HOSTNAME)
		return NULL;
	memcpy(u->host, s, n);
	u->host[n] = '\0';
	s += n;
	if (bracket)
		return *s == ']' && inet_pton(AF_INET6, u->host, &a) == 1 ? s + 1 : NULL;
	return host_plausible(u->host, n) ? s : NULL;
}

static const char *
take_port(struct url *u, const char *s)
{
	char digits[6];
	size_t n;
	long port;

	u->port = usual_port(u->scheme);
	if (*s != ':')
		return s;
	n = strcspn(++s, "/?");
	if (n == 0 || n >= sizeof(digits))
		return NULL;
	memcpy(digits, s, n);
	digits[n] = '\0';
	if (conv_int(&port, digits, 1, 65535, NULL) == -1)
		return NULL;
	u->port = (uint16_t)port;
	return s + n;
}

int
url_parse(struct url *u, const char *s, const char *schemes, struct errmsg *e)
{
	const char *rest;

	memset(u, 0, sizeof(*u));
	if (strlen(s) > URL_MAX)
		return err_set(e, "a URL of more than %d characters", URL_MAX);
	for (const char *p = s; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '#' || *p == '"')
			return err_set(e, "\"%.128s\" is not a URL", s);
	if ((rest = take_scheme(u, s)) == NULL || !listed(schemes, u->scheme))
		return err_set(e, "\"%.128s\" is not a URL of these kinds: %s", s, schemes);
	if ((rest = take_host(u, rest)) == NULL || (rest = take_port(u, rest)) == NULL ||
	    (*rest != '/' && *rest != '\0'))
		return err_set(e, "\"%.128s\" is not a URL with a host", s);
	u->path = rest;
	return 0;
}

/*
 * The kinds of values that options have.
 */
#include <arpa/inet.h>

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "log.h"
#include "options.h"
#include "routing.h"
#include "url.h"

/* A row with neither bound takes what the type allows. */
static int64_t
lowest(const struct conf_option *o, int64_t otherwise)
{
	return o->min == 0 && o->max == 0 ? otherwise : o->min;
}

static int64_t
highest(const struct conf_option *o, int64_t otherwise)
{
	return o->max == 0 ? otherwise : o->max;
}

/* --- text --- */

static int
keep(void *dst, const char *s)
{
	char **p = dst;

	free(*p);
	*p = strdup(s);
	if (*p == NULL)
		fatal("out of memory");
	return 0;
}

static void
release_text(void *dst)
{
	char **p = dst;

	free(*p);
	*p = NULL;
}

static int
set_string(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	if (*s == '\0')
		return err_set(e, "the value is empty");
	if (o->max != 0 && strlen(s) > (size_t)o->max)
		return err_set(e, "longer than %lld characters", (long long)o->max);
	return keep(dst, s);
}

/* "~/x" and "~user/x"; NULL if there is no such user. Caller frees. */
static char *
expand_home(const char *s)
{
	size_t n = strcspn(s, "/");
	const char *home = n == 1 ? getenv("HOME") : NULL;
	char *user, *path = NULL;
	struct passwd *pw;

	if (home == NULL) {
		if ((user = strndup(s + 1, n - 1)) == NULL)
			fatal("out of memory");
		pw = *user == '\0' ? getpwuid(getuid()) : getpwnam(user);
		free(user);
		if (pw == NULL)
			return NULL;
		home = pw->pw_dir;
	}
	if (asprintf(&path, "%s%s", home, s + n) == -1)
		fatal("out of memory");
	return path;
}

static int
set_path(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	size_t len = strlen(s);
	char *path;
	int rv;

	if (len > 0 && (*s == '"' || *s == '\'')) {
		if (len < 2 || s[len - 1] != *s)
			return err_set(e, "the quotes do not match");
		s++;
		len -= 2;
	}
	if (len == 0)
		return err_set(e, "the value is empty");
	if ((path = strndup(s, len)) == NULL)
		fatal("out of memory");
	if (*path == '~') {
		char *full = expand_home(path);

		free(path);
		if (full == NULL)
			return err_set(e, "%.64s: no such user", s);
		path = full;
	}
	rv = set_string(o, dst, path, e);
	free(path);
	return rv;
}

static int
set_command(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct command c;

	if (command_split(&c, s, e) == -1)
		return -1;
	command_free(&c);
	return set_string(o, dst, s, e);
}

static int
set_nickname(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	(void)o;
	return conv_nickname(s, e) == -1 ? -1 : keep(dst, s);
}

static int
set_mailbox(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	if (!mailbox_valid(s, strlen(s)))
		return err_set(e, "\"%.128s\" is not a mail address (user@host)", s);
	return set_string(o, dst, s, e);
}

static int
set_host(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	(void)o;
	if (!host_plausible(s, strlen(s)))
		return err_set(e, "\"%.128s\" is not a host name", s);
	return keep(dst, s);
}

static int
set_ip4(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct in_addr a;

	(void)o;
	if (inet_pton(AF_INET, s, &a) != 1)
		return err_set(e, "\"%.64s\" is not an IPv4 address", s);
	return keep(dst, s);
}

static int
set_ip6(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct in6_addr a;

	(void)o;
	if (inet_pton(AF_INET6, s, &a) != 1)
		return err_set(e, "\"%.64s\" is not an IPv6 address", s);
	return keep(dst, s);
}

static int
valid_ip6(const char *s, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (len >= sizeof(copy))
		return 0;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return inet_pton(AF_INET6, copy, &a) == 1;
}

static int
set_hostport(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	const char *end = *s == '[' ? strchr(s, ']') : NULL;
	size_t len = end != NULL ? (size_t)(end - s - 1) : strcspn(s, ":");
	const char *port = end != NULL ? end + 1 : s + len;
	long n;

	(void)o;
	if (end != NULL ? !valid_ip6(s + 1, len) : !host_plausible(s, len))
		return err_set(e, "\"%.128s\" is not HOST, HOST:PORT or [IPv6]:PORT", s);
	if (*port != '\0' && (*port != ':' || conv_int(&n, port + 1, 1, 65535, e) == -1))
		return err_set(e, "\"%.128s\" is not HOST:PORT with a port from 1 to 65535", s);
	return keep(dst, s);
}

static int
set_level(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	enum log_level *level = dst;
	int v = log_parselevel(s);

	(void)o;
	if (v == -1)
		return err_set(e,
		    "\"%.32s\" is none of TRACE, DEBUG, INFO, WARN, ERROR, FATAL, NEVER", s);
	*level = (enum log_level)v;
	return 0;
}

const struct opt_type OPT_STRING = { set_string, release_text };
const struct opt_type OPT_PATH = { set_path, release_text };
const struct opt_type OPT_COMMAND = { set_command, release_text };
const struct opt_type OPT_NICKNAME = { set_nickname, release_text };
const struct opt_type OPT_MAILBOX = { set_mailbox, release_text };
const struct opt_type OPT_HOST = { set_host, release_text };
const struct opt_type OPT_IP4 = { set_ip4, release_text };
const struct opt_type OPT_IP6 = { set_ip6, release_text };
const struct opt_type OPT_HOSTPORT = { set_hostport, release_text };

/* --- numbers --- */

static int
set_bool(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	(void)o;
	return conv_bool(dst, s, e);
}

static int
set_yes(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	int *p = dst, v;

	(void)o;
	if (conv_bool(&v, s, e) == -1)
		return -1;
	*p |= v;
	return 0;
}

static int
set_long(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	return conv_int(dst, s, (long)lowest(o, LONG_MIN), (long)highest(o, LONG_MAX), e);
}

static int
set_uint(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	unsigned *p = dst;
	long v;

	if (conv_int(&v, s, (long)lowest(o, 0), (long)highest(o, INT_MAX), e) == -1)
		return -1;
	*p = (unsigned)v;
	return 0;
}

static int
set_port(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	uint16_t *p = dst;
	long v;

	(void)o;
	if (conv_int(&v, s, 1, 65535, e) == -1)
		return -1;
	*p = (uint16_t)v;
	return 0;
}

static int
set_interval(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	int64_t *v = dst;

	if (conv_interval(v, s, e) == -1)
		return -1;
	if (*v < lowest(o, 0))
		return err_set(e, "%.40s is too short: at least %lld seconds", s,
		    (long long)lowest(o, 0));
	if (*v > highest(o, INT64_MAX))
		return err_set(e, "%.40s is too long: at most %lld seconds", s,
		    (long long)highest(o, INT64_MAX));
	return 0;
}

static int
set_size(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	int64_t *v = dst;

	if (conv_size(v, s, e) == -1)
		return -1;
	if (*v < lowest(o, 0) || *v > highest(o, INT64_MAX))
		return err_set(e, "%.40s is too small: at least %lld octets", s,
		    (long long)lowest(o, 0));
	return 0;
}

static int
set_fraction(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	(void)o;
	return conv_fraction(dst, s, e);
}

static int
set_list(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	(void)o;
	if (*s == '\0')
		return err_set(e, "the value is empty");
	opt_list_add(dst, s);
	return 0;
}

static void
release_list(void *dst)
{
	opt_list_free(dst);
}

static int
set_proxy(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct url u;

	return url_parse(&u, s, URL_PROXY, e) == -1 ? -1 : OPT_STRING.set(o, dst, s, e);
}

static int
set_urls(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct url u;

	(void)o;
	if (url_parse(&u, s, URL_WEB, e) == -1)
		return -1;
	opt_list_add(dst, s);
	return 0;
}

static int
set_dirserver(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	uint8_t fingerprint[HASH_LEN];
	size_t len = strcspn(s, " \t");
	const char *url = s + len + strspn(s + len, " \t");
	char line[2 * HASH_LEN + 1 + URL_MAX + 2];
	struct opt_list *l = dst;
	struct url u;

	(void)o;
	if (hex_decode(fingerprint, HASH_LEN, s, len) == -1 || *url == '\0')
		return err_set(e, "not the FINGERPRINT (40 hex digits) and the URL of a server");
	if (url_parse(&u, url, URL_WEB, e) == -1)
		return -1;
	if (l->n == MAX_DIRSERVERS)
		return err_set(e, "more than %d directory servers", MAX_DIRSERVERS);
	hex_upper(line, fingerprint, HASH_LEN);
	(void)snprintf(line + 2 * HASH_LEN, sizeof(line) - 2 * HASH_LEN, " %s%s", url,
	    url[strlen(url) - 1] == '/' ? "" : "/");
	for (size_t i = 0; i < l->n; i++)
		if (strncmp(l->v[i], line, 2 * HASH_LEN) == 0)
			return err_set(e, "the same fingerprint twice");
	opt_list_add(l, line);
	return 0;
}

const struct opt_type OPT_LEVEL = { set_level, NULL };
const struct opt_type OPT_BOOL = { set_bool, NULL };
const struct opt_type OPT_YES = { set_yes, NULL };
const struct opt_type OPT_LONG = { set_long, NULL };
const struct opt_type OPT_UINT = { set_uint, NULL };
const struct opt_type OPT_PORT = { set_port, NULL };
const struct opt_type OPT_INTERVAL = { set_interval, NULL };
const struct opt_type OPT_SIZE = { set_size, NULL };
const struct opt_type OPT_FRACTION = { set_fraction, NULL };
const struct opt_type OPT_LIST = { set_list, release_list };
const struct opt_type OPT_PROXY = { set_proxy, release_text };
const struct opt_type OPT_URLS = { set_urls, release_list };
const struct opt_type OPT_DIRSERVERS = { set_dirserver, release_list };

/*
 * dird.conf: the table of options, and what goes together.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "dconf.h"
#include "files.h"

#define MAX_CONF_LEN (1024 * 1024)
#define MAX_VOTERS   64
#define N(a)	     (sizeof(a) / sizeof((a)[0]))
#define AT(field)    offsetof(struct dird_conf, field)

static const struct conf_option table[] = {
	{ "Directory", "BaseDir", &OPT_PATH, AT(base_dir), NULL, 0, 0, OPT_REQUIRED, NULL },
	{ "Directory", "PublicDir", &OPT_PATH, AT(public_dir), "public", 0, 0, 0, NULL },
	{ "Directory", "URL", &OPT_STRING, AT(url), NULL, 0, 512, OPT_REQUIRED, NULL },
	{ "Directory", "LogLevel", &OPT_LEVEL, AT(log_level), "INFO", 0, 0, 0, NULL },
	{ "Directory", "Contact-Email", &OPT_MAILBOX, AT(contact), NULL, 0, 256, 0, NULL },
	{ "Directory", "Comments", &OPT_STRING, AT(comments), NULL, 0, 1024, 0, NULL },
	{ "Directory", "Policy", &OPT_STRING, AT(policy), NULL, 0, 8192, 0, NULL },
	{ "Directory", "ApproveNew", &OPT_BOOL, AT(approve_new), "no", 0, 0, 0, NULL },
	{ "Directory", "MaxServers", &OPT_LONG, AT(max_servers), "20000", 1, 100000, 0, NULL },
	{ "Directory", "MaxWaiting", &OPT_LONG, AT(max_waiting), "500", 1, 100000, 0, NULL },
	{ "Directory", "ClientVersions", &OPT_LIST, AT(client_versions), NULL, 0, 0, OPT_MANY,
	    NULL },
	{ "Directory", "ServerVersions", &OPT_LIST, AT(server_versions), NULL, 0, 0, OPT_MANY,
	    NULL },
	{ "Directory", "RecommendedServers", &OPT_LIST, AT(recommended), NULL, 0, 0, OPT_MANY,
	    NULL },
	{ "Directory", "BadServer", &OPT_LIST, AT(bad), NULL, 0, 0, OPT_MANY, NULL },
	{ "Directory", "ExcludeServer", &OPT_LIST, AT(excluded), NULL, 0, 0, OPT_MANY, NULL },
	{ "Directory", "ReliabilityFile", &OPT_PATH, AT(reliability_file), NULL, 0, 0, 0, NULL },
	{ "Directory", "ReliabilityMin", &OPT_FRACTION, AT(reliability_min), "80%", 0, 0, 0, NULL },
	{ "Directory", "ReliabilityMaxAge", &OPT_INTERVAL, AT(reliability_max_age), "2 days", 60,
	    0, 0, NULL },
	{ "Directory", "IdentityKeyBits", &OPT_UINT, AT(identity_bits), "2048", 2048, 4096, 0,
	    NULL },
	{ "Directory", "EncryptIdentityKey", &OPT_BOOL, AT(encrypt_identity), "no", 0, 0, 0, NULL },
	{ "Directory", "OldFormat", &OPT_BOOL, AT(old_format), "yes", 0, 0, 0, NULL },

	{ "Voting", "VotingInterval", &OPT_INTERVAL, AT(interval), "1 day", 6, DIRD_DAY, 0, NULL },
	{ "Voting", "Authority", &OPT_LIST, AT(authority_lines), NULL, 0, 0, OPT_MANY, NULL },
	{ "Voting", "Mirror", &OPT_BOOL, AT(mirror), "no", 0, 0, 0, NULL },
	{ "Voting", "Proxy", &OPT_PROXY, AT(proxy), NULL, 0, 0, 0, NULL },

	{ "HTTP", "ListenIP", &OPT_IP4, AT(listen_ip), "0.0.0.0", 0, 0, 0, NULL },
	{ "HTTP", "ListenIP6", &OPT_IP6, AT(listen_ip6), NULL, 0, 0, 0, NULL },
	{ "HTTP", "Port", &OPT_PORT, AT(port), "80", 0, 0, 0, NULL },
	{ "HTTP", "MaxConnections", &OPT_LONG, AT(max_connections), "1000", 8, 60000, 0, NULL },
	{ "HTTP", "MaxPerAddress", &OPT_LONG, AT(max_per_address), "20", 1, 60000, 0, NULL },
	{ "HTTP", "UploadsPerHour", &OPT_LONG, AT(uploads_per_hour), "60", 1, 1000000, 0, NULL },
	{ "HTTP", "Timeout", &OPT_INTERVAL, AT(timeout), "30 seconds", 1, 3600, 0, NULL },
};

static const char *const required[] = { "Directory", NULL };

static char *
below(const char *dir, const char *name)
{
	char *full;

	if (asprintf(&full, "%s/%s", dir, name) == -1)
		fatal("out of memory");
	return full;
}

static void
resolve(char **path, const char *dir)
{
	char *full;

	if (*path == NULL || **path == '/')
		return;
	full = below(dir, *path);
	free(*path);
	*path = full;
}

static void
check_paths(struct dird_conf *c, struct opt_reader *r)
{
	if (c->base_dir == NULL) /* said */
		return;
	if (*c->base_dir != '/')
		options_fault(r, options_line(r, "Directory", "BaseDir"),
		    "BaseDir: \"%s\" does not begin with '/'", c->base_dir);
	resolve(&c->public_dir, c->base_dir);
	resolve(&c->reliability_file, c->base_dir);
	c->key_dir = below(c->base_dir, "keys");
	c->servers_dir = below(c->base_dir, "servers");
	c->run_dir = below(c->base_dir, "run");
	c->log_file = below(c->base_dir, "log");
}

/* A base of URLs: http or https, a host, a path that ends with '/', nothing that needs escaping. */
static int
check_url(const char *url, struct errmsg *e)
{
	const char *host = strncmp(url, "http://", 7) == 0  ? url + 7
	    : strncmp(url, "https://", 8) == 0		    ? url + 8
							    : NULL;

	if (host == NULL || *host == '/' || *host == '\0')
		return err_set(e, "\"%.128s\" is no http:// or https:// URL", url);
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 127 || strchr("\"'<>\\^`{|}?#", *p) != NULL)
			return err_set(e, "\"%.128s\" has a character that is not escaped", url);
	if (url[strlen(url) - 1] != '/' || strchr(host, '/') == NULL)
		return err_set(e, "\"%.128s\" does not end with '/'", url);
	return 0;
}

static void
check_own_url(struct dird_conf *c, struct opt_reader *r)
{
	struct errmsg e;

	if (c->url == NULL)
		return;
	if (check_url(c->url, &e) == -1) {
		options_fault(r, options_line(r, "Directory", "URL"), "URL: %s", e.s);
		return;
	}
	if ((c->url_path = strdup(strchr(strstr(c->url, "://") + 3, '/'))) == NULL)
		fatal("out of memory");
}

static int
add_voter(struct dird_conf *c, const char *line, struct errmsg *e)
{
	size_t len = strcspn(line, " \t");
	struct dir_voter v = { .url = NULL };

	if (hex_decode(v.fingerprint, HASH_LEN, line, len) == -1)
		return err_set(e, "\"%.64s\" does not begin with a fingerprint of 40 hex digits",
		    line);
	line += len;
	line += strspn(line, " \t");
	if (check_url(line, e) == -1)
		return -1;
	for (size_t i = 0; i < c->nvoters; i++)
		if (memcmp(c->voters[i].fingerprint, v.fingerprint, HASH_LEN) == 0)
			return err_set(e, "the same fingerprint twice");
	if (c->nvoters == MAX_VOTERS)
		return err_set(e, "more than %d authorities", MAX_VOTERS);
	c->voters = reallocarray(c->voters, c->nvoters + 1, sizeof(*c->voters));
	if (c->voters == NULL || (v.url = strdup(line)) == NULL)
		fatal("out of memory");
	c->voters[c->nvoters++] = v;
	return 0;
}

static void
check_voting(struct dird_conf *c, struct opt_reader *r)
{
	struct errmsg e;

	for (size_t i = 0; i < c->authority_lines.n; i++)
		if (add_voter(c, c->authority_lines.v[i], &e) == -1)
			options_fault(r, options_line(r, "Voting", "Authority"), "Authority: %s",
			    e.s);
	if (c->mirror && c->nvoters == 0)
		options_fault(r, options_line(r, "Voting", "Mirror"),
		    "Mirror: there is no Authority whose directory could be mirrored");
	if (DIRD_DAY % c->interval != 0)
		options_fault(r, options_line(r, "Voting", "VotingInterval"),
		    "VotingInterval: a day is not a multiple of %lld seconds",
		    (long long)c->interval);
}

static struct dird_conf *
parse_all(const char *name, const char *text, size_t len, void (*faults)(const char *),
    struct errmsg *e)
{
	struct dird_conf *c = calloc(1, sizeof(*c));
	struct opt_reader r = { .file = name, .table = table, .n = N(table), .required = required,
		.base = c, .faults = faults, .e = e };
	struct info in;
	struct errmsg why;

	if (c == NULL || (c->file = strdup(name)) == NULL)
		fatal("out of memory");
	r.in = &in;
	if (info_parse(&in, text, len, INFO_CONFIG, &why) == -1) {
		options_syntax_fault(&r, &why);
	} else {
		options_read(&r);
		check_paths(c, &r);
		check_own_url(c, &r);
		check_voting(c, &r);
		info_free(&in);
	}
	opt_list_free(&r.warnings);
	if (r.nfaults == 0)
		return c;
	dconf_free(c);
	return NULL;
}

struct dird_conf *
dconf_parse(const char *name, const char *text, size_t len, void (*faults)(const char *),
    struct errmsg *e)
{
	return parse_all(name, text, len, faults, e);
}

struct dird_conf *
dconf_load(const char *path, void (*faults)(const char *), struct errmsg *e)
{
	struct dird_conf *c = NULL;
	struct buf text = { 0 };
	struct errmsg why;

	if (files_read(AT_FDCWD, path, &text, MAX_CONF_LEN, &why) == -1) {
		err_set(e, "%s", why.s);
		if (faults != NULL)
			faults(why.s);
	} else {
		c = parse_all(path, (const char *)text.p, text.len, faults, e);
	}
	buf_free(&text);
	return c;
}

void
dconf_free(struct dird_conf *c)
{
	if (c == NULL)
		return;
	options_release(table, N(table), c);
	for (size_t i = 0; i < c->nvoters; i++)
		free(c->voters[i].url);
	free(c->voters);
	free(c->url_path);
	free(c->key_dir);
	free(c->servers_dir);
	free(c->run_dir);
	free(c->log_file);
	free(c->file);
	free(c);
}

int
dconf_self(struct dird_conf *c, const uint8_t fingerprint[HASH_LEN], struct errmsg *e)
{
	char line[600], hex[2 * HASH_LEN + 1];

	hex_upper(hex, fingerprint, HASH_LEN);
	if (c->nvoters == 0) {
		snprintf(line, sizeof(line), "%s %s", hex, c->url);
		return add_voter(c, line, e);
	}
	for (size_t i = 0; i < c->nvoters; i++) {
		if (memcmp(c->voters[i].fingerprint, fingerprint, HASH_LEN) != 0)
			continue;
		if (strcmp(c->voters[i].url, c->url) != 0)
			return err_set(e, "%s: the Authority line of %s has another URL than ours",
			    c->file, hex);
		return (int)i;
	}
	return err_set(e, "%s: no Authority line has our own fingerprint, %s", c->file, hex);
}

const char *
dconf_find(void)
{
	static const char *const places[] = { "/etc/dird.conf", "/etc/mixminion/dird.conf" };

	for (size_t i = 0; i < N(places); i++)
		if (access(places[i], F_OK) == 0)
			return places[i];
	return NULL;
}

int
dconf_lists(const struct opt_list *l, const char *nickname)
{
	size_t want = strlen(nickname);

	for (size_t i = 0; i < l->n; i++)
		for (const char *s = l->v[i]; *s != '\0';) {
			size_t n;

			s += strspn(s, ", \t");
			n = strcspn(s, ", \t");
			if (n == want && strncasecmp(s, nickname, n) == 0)
				return 1;
			s += n;
		}
	return 0;
}

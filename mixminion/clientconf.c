#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clientconf.h"
#include "io.h"
#include "log.h"

#define MAX_CONF_LEN	(1024 * 1024)
#define DEFAULT_TIMEOUT 120

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* What a user who has none finds in ~/.mixminionrc. */
static const char default_file[] =
    "# The configuration of mixminion(1); mixminionrc(5) explains it.\n"
    "# Options behind '#' have the values shown as their defaults.\n"
    "\n[User]\n"
    "#UserDir: ~/.mixminion\n"
    "\n[Security]\n"
    "# Where answers to your reply blocks go.\n"
    "#SURBAddress: you@host.example\n"
    "#SURBLifetime: 7 days\n"
    "#ForwardPath: ~5\n"
    "#ReplyPath: ~5\n"
    "#SURBPath: ~5\n"
    "#BlockServers: Nickname1, Nickname2\n"
    "#BlockEntries: Nickname3\n"
    "#BlockExits: Nickname4\n"
    "\n[DirectoryServers]\n"
    "# The directory servers that you trust, by their keys and URLs; more than half of them must\n"
    "# have signed. Without any, those of /etc/mixminion/directory-servers.\n"
    "#DirectoryServer: 0123456789ABCDEF0123456789ABCDEF01234567 http://directory.example/\n"
    "\n[Network]\n"
    "#Timeout: 2 minutes\n";

/* "A, B": each a nickname, added to a struct opt_list. */
static int
set_nicknames(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	char name[MAX_NICKNAME + 2];

	(void)o;
	while (*s != '\0') {
		size_t len;

		s += strspn(s, " \t,");
		len = strcspn(s, " \t,");
		if (len == 0)
			break;
		strlcpy(name, s, len + 1 < sizeof(name) ? len + 1 : sizeof(name));
		if (conv_nickname(name, e) == -1)
			return -1;
		opt_list_add(dst, name);
		s += len;
	}
	return 0;
}

/* 40 hex digits, blanks between them or not. */
static int
set_fingerprint(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	char hex[2 * HASH_LEN + 1];
	size_t n = 0;

	(void)o;
	for (; *s != '\0'; s++) {
		if (*s == ' ')
			continue;
		if (!isxdigit((unsigned char)*s) || n == 2 * HASH_LEN)
			return err_set(e, "a fingerprint has 40 hex digits");
		hex[n++] = *s;
	}
	hex[n] = '\0';
	if (n != 2 * HASH_LEN)
		return err_set(e, "a fingerprint has 40 hex digits");
	opt_list_add(dst, hex);
	return 0;
}

static void
release_list(void *dst)
{
	opt_list_free(dst);
}

static const struct opt_type NICKNAMES = { set_nicknames, release_list };
static const struct opt_type FINGERPRINT = { set_fingerprint, release_list };

#define AT(field) offsetof(struct client_conf, field)
#define DAY	  86400

static const struct conf_option table[] = {
	{ "Host", "ShredCommand", &OPT_COMMAND, AT(shred_command), NULL, 0, 0, OPT_UNUSED,
	    "has no effect: files are overwritten by the program itself" },
	{ "Host", "EntropySource", &OPT_PATH, AT(entropy_source), NULL, 0, 0, OPT_UNUSED,
	    "has no effect: randomness comes from the kernel" },
	{ "Host", "TrustedUser", &OPT_LIST, AT(trusted_users), NULL, 0, 0, OPT_MANY, NULL },
	{ "Host", "FileParanoia", &OPT_BOOL, AT(file_paranoia), "yes", 0, 0, 0, NULL },
	{ "User", "UserDir", &OPT_PATH, AT(user_dir), "~/.mixminion", 0, 0, 0, NULL },
	{ "Security", "SURBAddress", &OPT_STRING, AT(surb_address), NULL, 0, 0, 0, NULL },
	{ "Security", "SURBLifetime", &OPT_INTERVAL, AT(surb_lifetime), "7 days", DAY, 0, 0, NULL },
	{ "Security", "ForwardPath", &OPT_STRING, AT(forward_path), "~5", 0, 0, 0, NULL },
	{ "Security", "ReplyPath", &OPT_STRING, AT(reply_path), "~5", 0, 0, 0, NULL },
	{ "Security", "SURBPath", &OPT_STRING, AT(surb_path), "~5", 0, 0, 0, NULL },
	{ "Security", "BlockServers", &NICKNAMES, AT(block_servers), NULL, 0, 0, OPT_MANY, NULL },
	{ "Security", "BlockEntries", &NICKNAMES, AT(block_entries), NULL, 0, 0, OPT_MANY, NULL },
	{ "Security", "BlockExits", &NICKNAMES, AT(block_exits), NULL, 0, 0, OPT_MANY, NULL },
	{ "Security", "PathLength", &OPT_STRING, OPT_NOWHERE, NULL, 0, 0, OPT_UNUSED,
	    "is obsolete and has no effect: use ForwardPath: *N" },
	{ "Security", "SURBPathLength", &OPT_STRING, OPT_NOWHERE, NULL, 0, 0, OPT_UNUSED,
	    "is obsolete and has no effect: use SURBPath: *N" },
	{ "DirectoryServers", "ServerURL", &OPT_LIST, AT(server_urls), NULL, 0, 0, OPT_MANY, NULL },
	{ "DirectoryServers", "DirectoryFingerprint", &FINGERPRINT, AT(trusted), NULL, 0, 0,
	    OPT_MANY, NULL },
	{ "DirectoryServers", "DirectoryServer", &OPT_DIRSERVERS, AT(directory_servers), NULL, 0, 0,
	    OPT_MANY, NULL },
	{ "DirectoryServers", "DirectoryList", &OPT_PATH, AT(directory_list),
	    "/etc/mixminion/directory-servers", 0, 0, 0, NULL },
	{ "DirectoryServers", "MaxSkew", &OPT_INTERVAL, AT(max_skew), "10 minutes", 0, 0, 0, NULL },
	{ "DirectoryServers", "DirectoryTimeout", &OPT_INTERVAL, AT(dir_timeout), "1 minute", 1, 0,
	    0, NULL },
	{ "DirectoryServers", "AllowOldDirectoryFormat", &OPT_BOOL, AT(allow_old_directory), "yes",
	    0, 0, 0, NULL },
	{ "Network", "Timeout", &OPT_INTERVAL, AT(timeout), NULL, 1, 0, 0, NULL },
	{ "Network", "ConnectionTimeout", &OPT_INTERVAL, AT(connection_timeout), NULL, 1, 0,
	    OPT_OBSOLETE, "is the old name of Timeout" },
	{ "Network", "LegacyTLS", &OPT_BOOL, AT(legacy_tls), "no", 0, 0, 0, NULL },
};

/* --- the directory servers --- */

/* What they are trusted for, and where they are, as the other options say it. */
static void
spread_servers(struct client_conf *c)
{
	for (size_t i = 0; i < c->directory_servers.n; i++) {
		const char *line = c->directory_servers.v[i];
		char hex[2 * HASH_LEN + 1];

		strlcpy(hex, line, sizeof(hex));
		if (!opt_list_has(&c->trusted, hex))
			opt_list_add(&c->trusted, hex);
		if (!opt_list_has(&c->server_urls, line + sizeof(hex)))
			opt_list_add(&c->server_urls, line + sizeof(hex));
	}
}

int
clientconf_list_parse(struct client_conf *c, const char *name, const char *text, size_t len,
    struct errmsg *e)
{
	static const struct conf_option row[] = { { "DirectoryServers", "DirectoryServer",
	    &OPT_DIRSERVERS, AT(directory_servers), NULL, 0, 0, OPT_MANY, NULL } };
	struct info in;
	struct opt_reader r = { .file = name, .table = row, .n = N(row), .in = &in, .base = c,
		.e = e };
	struct errmsg why;

	if (info_parse(&in, text, len, INFO_CONFIG, &why) == -1) {
		options_syntax_fault(&r, &why);
	} else {
		options_read(&r);
		info_free(&in);
	}
	opt_list_free(&r.warnings);
	spread_servers(c);
	return r.nfaults == 0 ? 0 : -1;
}

/* Where the user names no servers of his own. It need not be there. */
static int
read_list(struct client_conf *c, struct errmsg *e)
{
	struct buf b = { 0 };
	int rv = 0;

	if (c->server_urls.n + c->trusted.n > 0 || access(c->directory_list, F_OK) == -1)
		return 0;
	if (input_read(c->directory_list, &b, MAX_CONF_LEN, e) == -1 ||
	    clientconf_list_parse(c, c->directory_list, (const char *)b.p, b.len, e) == -1)
		rv = -1;
	buf_free(&b);
	return rv;
}

static void
check(struct client_conf *c, struct opt_reader *r)
{
	spread_servers(c);
	if (c->timeout == 0)
		c->timeout = c->connection_timeout != 0 ? c->connection_timeout : DEFAULT_TIMEOUT;
	if (c->timeout < 5)
		options_warn(r, options_line(r, "Network", "Timeout"), "Timeout is very short");
}

/* mixminiond.conf, given by mistake, would be a long list of faults. */
static int
is_servers(const struct info *in)
{
	return info_section(in, "Server") != NULL && info_section(in, "User") == NULL;
}

struct client_conf *
clientconf_parse(const char *name, const char *text, size_t len, struct errmsg *e)
{
	struct client_conf *c = calloc(1, sizeof(*c));
	struct info in;
	struct opt_reader r = { .file = name, .table = table, .n = N(table), .in = &in, .base = c,
		.e = e };
	struct errmsg why;

	if (c == NULL || (c->file = strdup(name)) == NULL)
		fatal("out of memory");
	if (info_parse(&in, text, len, INFO_CONFIG, &why) == -1) {
		options_syntax_fault(&r, &why);
	} else {
		if (is_servers(&in))
			options_fault(&r, 0, "this is a server's configuration, not a user's");
		else if (options_read(&r) == 0)
			check(c, &r);
		info_free(&in);
	}
	c->warnings = r.warnings;
	if (r.nfaults == 0)
		return c;
	clientconf_free(c);
	return NULL;
}

void
clientconf_free(struct client_conf *c)
{
	if (c == NULL)
		return;
	opt_list_free(&c->warnings);
	options_release(table, N(table), c);
	free(c->file);
	free(c);
}

/* With ~ expanded; NULL with a reason. */
static char *
expand(const char *path, struct errmsg *e)
{
	static const struct conf_option plain;
	char *full = NULL;

	return OPT_PATH.set(&plain, &full, path, e) == -1 ? NULL : full;
}

/* The user's own file, made where there is none; NULL with a reason. */
static char *
find_or_make(struct errmsg *e)
{
	char *first = expand("~/.mixminionrc", e), *second;

	if (first == NULL || access(first, F_OK) == 0)
		return first;
	second = expand("~/mixminionrc", e);
	if (second == NULL || access(second, F_OK) == 0) {
		free(first);
		return second;
	}
	free(second);
	if (output_write(first, default_file, sizeof(default_file) - 1, e) == -1) {
		free(first);
		return NULL;
	}
	return first;
}

struct client_conf *
clientconf_load(const char *path, struct errmsg *e)
{
	const char *given = path != NULL ? path : getenv("MIXMINIONRC");
	char *file = given != NULL ? expand(given, e) : find_or_make(e);
	struct client_conf *c = NULL;
	struct buf b = { 0 };

	if (file != NULL && input_read(file, &b, MAX_CONF_LEN, e) == 0)
		c = clientconf_parse(file, (const char *)b.p, b.len, e);
	if (c != NULL && read_list(c, e) == -1) {
		clientconf_free(c);
		c = NULL;
	}
	buf_free(&b);
	free(file);
	return c;
}

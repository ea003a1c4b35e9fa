#include "t.h"

#include <sys/stat.h>

#include <unistd.h>

#include "../../mixminion/clientconf.h"

static struct client_conf *
parse(const char *text, struct errmsg *e)
{
	return clientconf_parse("rc", text, strlen(text), e);
}

static int
refused(const char *text, const char *why)
{
	struct errmsg e = { "" };
	struct client_conf *c = parse(text, &e);

	clientconf_free(c);
	if (c == NULL && strstr(e.s, why) != NULL)
		return 1;
	printf("# \"%s\"\n", e.s);
	return 0;
}

static void
test_defaults(void)
{
	struct errmsg e;
	struct client_conf *c;

	setenv("HOME", "/home/u", 1);
	c = parse("", &e);
	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK_STR(c->user_dir, "/home/u/.mixminion");
	CHECK_STR(c->forward_path, "~5");
	CHECK_STR(c->reply_path, "~5");
	CHECK_STR(c->surb_path, "~5");
	CHECK(c->surb_address == NULL && c->surb_lifetime == 7 * 86400 && c->timeout == 120);
	CHECK(c->allow_old_directory && c->max_skew == 600 && c->dir_timeout == 60);
	CHECK(!c->legacy_tls && c->trusted.n == 0 && c->warnings.n == 0);
	clientconf_free(c);
}

static void
test_lists_of_servers(void)
{
	struct errmsg e;
	struct client_conf *c = parse("[Security]\nBlockServers: A, B,C\nBlockServers: D\n"
	    "BlockExits:\n[DirectoryServers]\n"
	    "DirectoryFingerprint: CD80 DD1B 8BE7 CA2E 13C9  28D5 7499 992D 5657 9CCD\n", &e);

	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(c->block_servers.n == 4 && c->block_exits.n == 0);
	CHECK_STR(c->block_servers.v[3], "D");
	CHECK_STR(c->trusted.v[0], "CD80DD1B8BE7CA2E13C928D57499992D56579CCD");
	clientconf_free(c);
}

static void
test_directory_servers(void)
{
	static const char list[] = "[DirectoryServers]\n# theirs\n"
	    "DirectoryServer: 0123456789012345678901234567890123456789 https://[::1]:8443/x/\n";
	struct errmsg e;
	struct client_conf *c = parse("[DirectoryServers]\n"
	    "DirectoryServer: cd80dd1b8be7ca2e13c928d57499992d56579ccd  http://a.example\n"
	    "DirectoryServer: BD80DD1B8BE7CA2E13C928D57499992D56579CCD http://b.example/d/\n"
	    "ServerURL: http://a.example/\nServerURL: http://mirror.example/\n", &e);

	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(c->trusted.n == 2 && c->server_urls.n == 3);
	CHECK_STR(c->trusted.v[0], "CD80DD1B8BE7CA2E13C928D57499992D56579CCD");
	CHECK_STR(c->server_urls.v[2], "http://b.example/d/");
	CHECK(clientconf_list_parse(c, "list", list, strlen(list), &e) == 0);
	CHECK(c->trusted.n == 3 && c->server_urls.n == 4);
	CHECK(clientconf_list_parse(c, "list", "[Security]\n", 11, &e) == -1);
	CHECK_STR(e.s, "list:1: unknown section [Security]");
	clientconf_free(c);
}

static void
test_old_options(void)
{
	struct errmsg e;
	struct client_conf *c = parse("[Security]\nPathLength: 4\n[Network]\n"
	    "ConnectionTimeout: 30 sec\n", &e);

	CHECK(c != NULL);
	if (c == NULL)
		return;
	CHECK(c->timeout == 30 && c->warnings.n == 2);
	CHECK_STR(c->forward_path, "~5");
	clientconf_free(c);
}

static void
test_refusals(void)
{
	CHECK(refused("[Server]\nNickname: X\n", "rc: this is a server's configuration"));
	CHECK(refused("[User]\nUserDirectory: /x\n", "rc:2: unknown option UserDirectory"));
	CHECK(refused("[User]\nTimeout: 1 min\n", "rc:2: Timeout does not belong in [User]"));
	CHECK(refused("[Security]\nBlockServers: a_b\n", "rc:2: BlockServers"));
	CHECK(refused("[Security]\nSURBLifetime: 1 hour\n", "rc:2: SURBLifetime"));
	CHECK(refused("[DirectoryServers]\nDirectoryFingerprint: CD80\n", "rc:2: Direct"));
	CHECK(refused("[DirectoryServers]\nDirectoryServer: http://a/\n", "rc:2: Direct"));
	CHECK(refused("[DirectoryServers]\nDirectoryServer: "
	    "0123456789012345678901234567890123456789 ftp://a/\n", "rc:2: Direct"));
}

static void
test_a_file_is_made_where_there_is_none(void)
{
	char home[] = "/tmp/test_clientconf.XXXXXX", path[64], given[64];
	struct client_conf *c;
	struct errmsg e;
	struct stat st;

	CHECK(mkdtemp(home) != NULL);
	(void)snprintf(path, sizeof(path), "%s/.mixminionrc", home);
	(void)snprintf(given, sizeof(given), "%s/other", home);
	setenv("HOME", home, 1);
	unsetenv("MIXMINIONRC");
	c = clientconf_load(NULL, &e);
	CHECK(c != NULL && c->warnings.n == 0);
	CHECK_STR(c == NULL ? NULL : c->file, path);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 077) == 0);
	clientconf_free(c);
	/* One that is asked for by name is not made. */
	CHECK(clientconf_load(given, &e) == NULL && strstr(e.s, given) != NULL);
	setenv("MIXMINIONRC", given, 1);
	CHECK(clientconf_load(NULL, &e) == NULL);
	CHECK(access(given, F_OK) == -1);
	unsetenv("MIXMINIONRC");
	(void)unlink(path);
	CHECK(rmdir(home) == 0);
}

TESTS(T(test_defaults), T(test_lists_of_servers), T(test_directory_servers),
    T(test_old_options), T(test_refusals), T(test_a_file_is_made_where_there_is_none))

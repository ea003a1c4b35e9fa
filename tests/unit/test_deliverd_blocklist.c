/*
 * BlacklistFile: what each form blocks, which line decides, what is refused, and that no pattern
 * takes long.
 */
#include <sys/wait.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "../../deliverd/blocklist.h"
#include "log.h"
#include "t.h"

static struct blocklist *rules;

static void
read_list(const char *text)
{
	struct errmsg e = { "" };

	blocklist_free(rules);
	rules = blocklist_parse("list", text, strlen(text), &e);
	CHECK_STR(e.s, "");
}

static int
blocks(const char *mailbox)
{
	return blocklist_blocks(rules, mailbox);
}

static void
test_forms(void)
{
	read_list("# a comment\n"
		  "\n"
		  "Deny address Fred@One.example\r\n"
		  "  deny  USER  abuse\n"
		  "Deny onehost two.example\n"
		  "Deny allhosts three.example\n"
		  "Deny pattern /^x.*z@/");
	CHECK(blocklist_size(rules) == 5);
	CHECK(blocks("fred@one.example") && blocks("FRED@ONE.EXAMPLE"));
	CHECK(!blocks("mr-fred@one.example") && !blocks("fred@two.one.example"));
	CHECK(blocks("abuse@anywhere.example") && blocks("Abuse@x.y") && !blocks("noabuse@x.y"));
	CHECK(blocks("a@two.example") && !blocks("a@b.two.example"));
	CHECK(!blocks("a@two.example.org"));
	CHECK(blocks("a@three.example") && blocks("a@b.c.Three.Example"));
	CHECK(!blocks("a@nothree.example") && !blocks("a@example"));
	CHECK(blocks("xyz@q.r") && blocks("XaaaZ@q.r") && !blocks("axyz@q.r"));
	CHECK(!blocks("someone@else.example"));
	CHECK(!blocklist_blocks(NULL, "someone@else.example"));
}

/* Unanchored, without case, and what stands in it is the operator's: '/' and blanks too. */
static void
test_patterns(void)
{
	read_list("Deny pattern /bad(word|luck)/\nDeny pattern /a/b/\n");
	CHECK(blocks("xbadwordx@q.r") && blocks("q@BADLUCK.example") && !blocks("bad@word.r"));
	CHECK(blocks("a/b@q.r"));
	read_list("Deny pattern /./\n");
	CHECK(blocks("a@b"));
	read_list("Deny pattern //\n");
	CHECK(blocks("a@b"));
}

static void
test_first_line_decides(void)
{
	read_list("Allow address postmaster@x.example\n"
		  "Deny address optout@y.example\n"
		  "Allow onehost y.example\n"
		  "Deny allhosts x.example\n"
		  "Deny pattern /y[.]example/\n"
		  "Allow pattern /never/\n");
	CHECK(!blocks("postmaster@x.example") && blocks("other@x.example"));
	CHECK(blocks("optout@y.example") && !blocks("other@y.example"));
	CHECK(blocks("other@sub.y.example") && blocks("never@sub.y.example"));
	CHECK(!blocks("never@z.example"));
	read_list("Deny pattern /fred/\nAllow address fred@x.example\nDeny user fred\n");
	CHECK(blocks("fred@x.example"));
	read_list("Allow address fred@x.example\nDeny address fred@x.example\n");
	CHECK(!blocks("fred@x.example"));
}

static void
refused(const char *text, const char *why)
{
	struct errmsg e = { "" };

	CHECK(blocklist_parse("list", text, strlen(text), &e) == NULL);
	CHECK_STR(e.s, why);
}

static void
test_refused(void)
{
	refused("\nDeny pattern /a(b/\n",
	    "list:2: the pattern is wrong at its character 4: missing closing parenthesis");
	refused("Deny pattern abc\n", "list:1: a pattern stands between two '/'");
	refused("Deny pattern /\n", "list:1: a pattern stands between two '/'");
	refused("Deny pattern\n", "list:1: expected \"Deny KIND WHAT\"");
	refused("Deny\n", "list:1: expected \"Deny KIND WHAT\"");
	refused("Reject user x\n",
	    "list:1: a line begins with Deny or Allow, not \"Reject\"");
	refused("Deny host x\n",
	    "list:1: \"host\" is none of address, user, onehost, allhosts, pattern");
	refused("Deny address nobody\n", "list:1: \"nobody\" can be in no address as address");
	refused("Deny user a@b\n", "list:1: \"a@b\" can be in no address as user");
	refused("Deny allhosts .example\n",
	    "list:1: \".example\" can be in no address as allhosts");
	refused("Deny pattern /\\C/\n",
	    "list:1: the pattern is wrong at its character 3: using \\C is disabled by the "
	    "application");
}

/* Patterns that would need an age: they count as matching, which is said once. */
static void
test_limits(void)
{
	char said[4096] = "", mailbox[255];
	struct timespec t0, t1;
	int p[2], old = dup(STDERR_FILENO);
	ssize_t n;

	memset(mailbox, 'a', sizeof(mailbox));
	memcpy(mailbox + 240, "@example", 9);
	read_list("Deny pattern /^(a+)+$/\nDeny pattern /(.*)*(.*)*(.*)*!/\n");
	CHECK(pipe2(p, O_NONBLOCK) == 0);
	fflush(stderr);
	dup2(p[1], STDERR_FILENO);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	for (int i = 0; i < 20; i++)
		CHECK(blocks(mailbox));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	dup2(old, STDERR_FILENO);
	close(old);
	n = read(p[0], said, sizeof(said) - 1);
	CHECK(n > 0 && strstr(said, "list:1: this pattern takes too long") != NULL);
	CHECK(strstr(strstr(said, "takes too long") + 1, "takes too long") == NULL);
	CHECK(strstr(said, "aaa") == NULL);
	printf("# 20 hits on the limit: %.3f s\n",
	    (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9);
	read_list("Allow pattern /^(a+)+$/\n");
	CHECK(!blocks(mailbox));
	close(p[0]);
	close(p[1]);
}

static void
test_long_list(void)
{
	struct buf text = { 0 };

	for (int i = 0; i < 50000; i++)
		buf_printf(&text, "Deny address user%d@example.org\n", i * 7919 % 50000);
	read_list(buf_cstr(&text));
	buf_free(&text);
	CHECK(blocklist_size(rules) == 50000);
	CHECK(blocks("user0@example.org") && blocks("user49999@example.org"));
	CHECK(!blocks("user50000@example.org"));
}

static void
test_file(void)
{
	struct errmsg e = { "" };
	char path[] = "/tmp/blocklist.XXXXXX";
	int fd = mkstemp(path);
	struct blocklist *b;

	CHECK(write(fd, "Deny user x\n", 12) == 12);
	CHECK((b = blocklist_load(path, &e)) != NULL && blocklist_blocks(b, "x@y.z"));
	blocklist_free(b);
	CHECK(unlink(path) == 0 && close(fd) == 0);
	CHECK(blocklist_load(path, &e) == NULL && strstr(e.s, "No such file") != NULL);
	blocklist_free(rules);
	rules = NULL;
}

TESTS(T(test_forms), T(test_patterns), T(test_first_line_decides), T(test_refused), T(test_limits),
    T(test_long_list), T(test_file))

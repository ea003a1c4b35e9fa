/*
 * Commands of the configuration: words, never a shell's text; where a program is found.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "command.h"
#include "t.h"

static void
test_words(void)
{
	struct command c;
	struct errmsg e = { "" };

	CHECK(command_split(&c, " /usr/sbin/sendmail  -i\t-t ", &e) == 0);
	CHECK(c.n == 3 && c.word[3] == NULL);
	CHECK_STR(c.word[0], "/usr/sbin/sendmail");
	CHECK_STR(c.word[1], "-i");
	CHECK_STR(c.word[2], "-t");
	CHECK(command_add(&c, "two words; one argument", &e) == 0 && c.n == 4);
	CHECK_STR(c.word[3], "two words; one argument");
	command_free(&c);
	CHECK(command_split(&c, "name", &e) == 0 && c.n == 1);
	while (c.n < COMMAND_MAX_WORDS)
		CHECK(command_add(&c, "x", &e) == 0);
	CHECK(command_add(&c, "x", &e) == -1 && c.word[COMMAND_MAX_WORDS] == NULL);
	command_free(&c);
}

static void
test_refused(void)
{
	static const char *const bad[] = { "", "  ", "a 'b c'", "a \"b\"", "a `b`", "a $b", "a;b",
		"a | b", "a > b", "a < b", "a & b", "a \\b", "./a", "bin/a", "../a" };
	struct command c;
	struct errmsg e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(command_split(&c, bad[i], &e) == -1);
		CHECK(c.n == 0);
	}
}

static void
make(const char *dir, const char *name, mode_t mode)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	close(open(path, O_WRONLY | O_CREAT | O_EXCL, mode));
}

static void
test_find(void)
{
	char dir[] = "/tmp/command.XXXXXX", dirs[200], path[200];
	struct command c;
	char *found;

	CHECK(mkdtemp(dir) != NULL);
	make(dir, "program", 0755);
	make(dir, "text", 0644);
	snprintf(dirs, sizeof(dirs), "/nonexistent:%s", dir);
	snprintf(path, sizeof(path), "%s/program", dir);
	CHECK(command_split(&c, "program x", NULL) == 0);
	CHECK_STR(found = command_find(&c, dirs), path);
	free(found);
	CHECK(command_find(&c, "/nonexistent") == NULL);
	command_free(&c);
	CHECK(command_split(&c, path, NULL) == 0);
	CHECK_STR(found = command_find(&c, "/nonexistent"), path);
	free(found);
	command_free(&c);
	CHECK(command_split(&c, "text", NULL) == 0 && command_find(&c, dirs) == NULL);
	command_free(&c);
	unlink(path);
	snprintf(path, sizeof(path), "%s/text", dir);
	unlink(path);
	CHECK(rmdir(dir) == 0);
}

TESTS(T(test_words), T(test_refused), T(test_find))

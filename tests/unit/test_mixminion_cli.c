#include <sysexits.h>

#include <fcntl.h>
#include <unistd.h>

#include "mixminion/cli.h"
#include "t.h"

#define MAX_ARGS 16

static struct cli cli;

/* What goes wrong is said on standard error: not here. */
static int
parse(const char *line)
{
	static char copy[512];
	static char *argv[MAX_ARGS + 1]; /* cli keeps pointers into it */
	int argc = 0, saved = dup(2), null = open("/dev/null", O_WRONLY), r;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *s = strtok(copy, " "); s != NULL && argc < MAX_ARGS; s = strtok(NULL, " "))
		argv[argc++] = s;
	argv[argc] = NULL;
	dup2(null, 2);
	r = cli_parse(&cli, cli_command(argv[0]), argc, argv);
	dup2(saved, 2);
	close(saved);
	close(null);
	return r;
}

static void
test_send_short(void)
{
	CHECK(parse("send -f rc -t a@b -P A,B:C -i file -D no -v --from x") == 0);
	CHECK_STR(cli.config, "rc");
	CHECK(cli.nto == 1 && cli.download == 0 && cli.verbose == 1);
	CHECK_STR(cli.path, "A,B:C");
	CHECK_STR(cli.input, "file");
	CHECK_STR(cli.from, "x");
	CHECK(cli.subject == NULL && cli.passphrase_fd == -1 && cli.count == -1);
}

static void
test_send_long(void)
{
	CHECK(parse("queue --config=rc --to=a@b --to c@d --reply-block=f --reply-block-fd=5 "
		    "--path ?,? --download-directory=FORCE --quiet --deliver-fragments") == 0);
	CHECK(cli.nto == 2 && cli.nreply == 2 && cli.reply[1].fd == 5);
	CHECK(cli.reply[1].file == NULL && cli.download == 1 && cli.quiet);
	CHECK_STR(cli.reply[0].file, "f");
	CHECK_STR(cli.name, "queue");
}

static void
test_decode_and_list(void)
{
	CHECK(parse("decode -F --passphrase-fd 3 -o out") == 0 && cli.force);
	CHECK(cli.passphrase_fd == 3);
	CHECK(parse("list-servers -F caps -F status,x -C -J A B") == 0 && !cli.force);
	CHECK(cli.nfeatures == 2 && cli.cascade == 2 && cli.justify && cli.argc == 2);
	CHECK_STR(cli.argv[1], "B");
	CHECK(parse("generate-surbs -bn 3 --identity=me --lifetime 9") == 0);
	CHECK(cli.binary && cli.count == 3 && cli.lifetime == 9);
	CHECK(parse("send --help -t") == EX_USAGE);
	CHECK(parse("send --help") == 0 && cli.help);
}

static void
test_newer_commands(void)
{
	CHECK(parse("clean-queue --days=7 A") == 0 && cli.days == 7 && cli.argc == 1);
	CHECK(parse("clean-queue -d 0") == 0 && cli.days == 0);
	CHECK(parse("reassemble -P -F -o f abc") == 0 && cli.purge && cli.force);
	CHECK(parse("purge-fragments --purge abc") == 0 && cli.purge);
	CHECK(parse("count-packets -R -i f") == 0 && cli.as_reply && cli.nreply == 0);
	CHECK(parse("count-packets --reply -t a@b") == 0 && cli.as_reply);
	CHECK(parse("list-queue --json") == 0 && cli.json);
	CHECK(parse("list-servers -R") == 0 && cli.recommended);
	CHECK(parse("list-fragments -D no") == 0);
	CHECK(cli_moved("server-start") != NULL && cli_moved("send") == NULL);
	CHECK(cli_command("list-queue")->run == cmd_inspect_queue);
}

static void
test_refused(void)
{
	static const char *const bad[] = { "send -x", "send --nothing", "send -t", "send a@b",
		"send -P a -P b", "send -D maybe", "send -D yes -D no", "send -H 3", "send -v -Q",
		"send --queue --no-queue", "decode -t a@b", "decode file", "flush -n many",
		"flush -n -1", "decode --passphrase-fd x", "version 1", "send --reply-block-fd=x",
		"generate-surb --lifetime 1d", "send --status-fd 999", "generate-surb -i x",
		"clean-queue -d many", "clean-queue -n 3", "inspect-queue A",
		"count-packets -R f", "flush -d 3" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int r = parse(bad[i]);

		CHECK(r == EX_USAGE);
		if (r != EX_USAGE)
			printf("# %d for: %s\n", r, bad[i]);
	}
	CHECK(cli_command("sned") == NULL);
	CHECK(cli_command("--help") != NULL);
}

TESTS(T(test_send_short), T(test_send_long), T(test_decode_and_list), T(test_newer_commands),
    T(test_refused))

/* The table of commands with their usage, and the two that are about the program itself. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"
#include "mix.h"
#include "result.h"
#include "ui.h"

#define COMMON                                                                          \
	"  -h, --help                 print this and exit\n"                            \
	"  -v, --verbose; -Q, --quiet say more; say nothing but errors\n"               \
	"  -f, --config=FILE          configuration instead of ~/.mixminionrc\n"        \
	"  --status-fd=N              write lines for programs to file descriptor N\n"  \
	"  --json                     the result as one JSON object on standard output\n"
#define DIRECTORY                                                                       \
	"  -D, --download-directory=yes|no\n"                                           \
	"                             fetch a directory now; do not fetch one\n"
#define SENDING                                                                         \
	"  -t, --to=ADDRESS           the recipient: user@host, mbox:name@server, mbox:name,\n" \
	"                             drop, 0xHHHH:info; mail may have eight (-t repeated)\n" \
	"  -R, --reply-block=FILE     reply blocks to answer through (\"-\": standard input)\n" \
	"  --reply-block-fd=N         the same from a file descriptor\n"                \
	"  -F, --force                use reply blocks that another program may have used\n" \
	"  -i, --input=FILE           the message (standard input)\n"                   \
	"  -P, --path=PATH            e.g. 'A,B:C,D', '*2:?,D', '~5' (see mixminion(1))\n" \
	"  --subject= --from= --in-reply-to= --references=\n"                           \
	"                             headers that the exit puts into the mail\n"       \
	"  --deliver-fragments        the recipient, not the exit, puts a long message together\n" \
	"  --encrypt-to=FILE          so that only the owner of that public key can read it\n"

static const char usage_send[] =
    "usage: mixminion send [options] -t ADDRESS | -R FILE\n" COMMON DIRECTORY SENDING
    "  --queue                    do not send now\n"
    "  --no-queue                 do not keep what cannot be sent\n";
static const char usage_queue[] =
    "usage: mixminion queue [options] -t ADDRESS | -R FILE\n" COMMON DIRECTORY SENDING;
static const char usage_flush[] =
    "usage: mixminion flush [options] [SERVER...]\n" COMMON
    "  -n, --count=N              at most N packets, chosen at random\n";
static const char usage_decode[] =
    "usage: mixminion decode [options] [-i FILE]\n" COMMON
    "  -i, --input=FILE           a mail, mbox, Maildir or file with Type III messages (standard\n"
    "                             input)\n"
    "  -o, --output=FILE          where the contents go (standard output); a directory: a file\n"
    "                             for each message\n"
    "  -F, --force                uncompress whatever its size; binary also to a terminal\n"
    "  --passphrase-fd=N          the keyring's passphrase comes from file descriptor N\n";
static const char usage_generate[] =
    "usage: mixminion generate-surb [options] [-t ADDRESS]\n" COMMON DIRECTORY
    "  -t, --to=ADDRESS           where replies go (SURBAddress of the configuration)\n"
    "  -P, --path=PATH            path of the replies, e.g. '*3' or 'A,?,B'\n"
    "  -o, --output=FILE          where the blocks go (standard output)\n"
    "  -b, --binary               without armor\n"
    "  -n, --count=N              that many (1)\n"
    "  --identity=NAME            under a pseudonym of yours\n"
    "  --lifetime=DAYS            usable that long (SURBLifetime)\n"
    "  --passphrase-fd=N          the keyring's passphrase comes from file descriptor N\n";
static const char usage_keygen[] =
    "usage: mixminion keygen [options]\n" COMMON
    "  -o, --output=FILE          where the public key goes (standard output)\n"
    "  --identity=NAME            for a pseudonym of yours\n"
    "  --bits=N                   from 2048 (which it is) to 4096\n"
    "  --passphrase-fd=N          the keyring's passphrase comes from file descriptor N\n";
static const char usage_inspect[] =
    "usage: mixminion inspect-surb [options] FILE...\n" COMMON;
static const char usage_list[] =
    "usage: mixminion list-servers [options] [NICKNAME...]\n" COMMON DIRECTORY
    "  -r, --recommended          only servers that the directory recommends\n"
    "  -T, --with-time            say when each descriptor is valid\n"
    "  --no-collapse              do not join descriptors that follow one another\n"
    "  -s, --separator=TEXT       between features (a tab)\n"
    "  -c, --cascade              a line a descriptor below each server\n"
    "  -C, --cascade-features     a line a feature below each server\n"
    "  -J, --justify              features in columns\n"
    "  -F, --feature=NAME,...     which features (caps,status)\n"
    "  --list-features            which there are\n";
static const char usage_update[] =
    "usage: mixminion update-servers [options]\n" COMMON;
static const char usage_import[] =
    "usage: mixminion import-server [options] FILE...\n" COMMON;
static const char usage_ping[] =
    "usage: mixminion ping [options] NICKNAME|HOST[:PORT]...\n" COMMON DIRECTORY;
static const char usage_test[] =
    "usage: mixminion test [options] [PATH]\n"
    "       mixminion test --check [-i MAILBOX]\n" COMMON DIRECTORY
    "  -t, --to=ADDRESS           your own address (SURBAddress of the configuration)\n"
    "  -P, --path=PATH            the same as PATH: there and back, e.g. 'A,B:C,D'\n"
    "  --wait=TIME                until the answer is in MAILBOX, at most TIME (\"10 minutes\")\n"
    "  -i, --input=MAILBOX        a mail, mbox or Maildir; with --check standard input without it\n"
    "  --check                    send nothing: what has come back of the last week's tests?\n";
static const char usage_inspect_queue[] =
    "usage: mixminion inspect-queue [options]\n" COMMON;
static const char usage_clean[] =
    "usage: mixminion clean-queue [options] [SERVER...]\n" COMMON
    "  -d, --days=N               remove what is older (60; with SERVER: all of it)\n";
static const char usage_count[] =
    "usage: mixminion count-packets [options] -t ADDRESS | -R\n" COMMON DIRECTORY
    "  -t, --to=ADDRESS           the recipient\n"
    "  -R, --reply                the message is an answer through reply blocks\n"
    "  -i, --input=FILE           the message (standard input)\n"
    "  -P, --path=PATH            taken, and of no effect\n"
    "  --subject= --from= --in-reply-to= --references= --deliver-fragments --encrypt-to=\n"
    "                             as for send\n";
static const char usage_list_fragments[] =
    "usage: mixminion list-fragments [options]\n" COMMON;
static const char usage_reassemble[] =
    "usage: mixminion reassemble [options] ID...\n" COMMON
    "  -o, --output=FILE          where the contents go (standard output)\n"
    "  -P, --purge                remove the fragments afterwards\n"
    "  -F, --force                uncompress whatever its size; binary also to a terminal\n";
static const char usage_purge[] =
    "usage: mixminion purge-fragments [options] ID...\n" COMMON;
static const char usage_shell[] =
    "usage: mixminion shell [--debug-shlex]\n"
    "  commands line by line, as after \"mixminion\"; exit or quit ends\n";
static const char usage_develop[] = "usage: mixminion testvectors | unittests | benchmarks\n";
static const char usage_version[] = "usage: mixminion version\n";
static const char usage_help[] = "usage: mixminion help [COMMAND]\n";

#define SEND_OPTS                                                                                  \
	(CLI_DIR | CLI_DEST | CLI_REPLY | CLI_PATH | CLI_INPUT | CLI_HEADERS | CLI_SENDING | \
	    CLI_ENCRYPT | CLI_FORCE)
#define GEN_OPTS  (CLI_DIR | CLI_DEST | CLI_PATH | CLI_OUTPUT | CLI_COUNT | CLI_SURB | CLI_PASS)
#define TEST_OPTS (CLI_DIR | CLI_DEST | CLI_PATH | CLI_INPUT | CLI_ARGS | CLI_TEST)
#define DECODE_OPTS (CLI_INPUT | CLI_OUTPUT | CLI_FORCE | CLI_PASS)
#define LIST_OPTS (CLI_DIR | CLI_LIST | CLI_ARGS)
#define COUNT_OPTS                                                                                 \
	(CLI_DIR | CLI_DEST | CLI_PATH | CLI_INPUT | CLI_HEADERS | CLI_COUNTING | CLI_ENCRYPT)
#define KEYGEN_OPTS (CLI_OUTPUT | CLI_PASS | CLI_KEYGEN)
#define FRAG_OPTS (CLI_DIR | CLI_OUTPUT | CLI_FORCE | CLI_PURGE | CLI_ARGS)

const struct command commands[] = {
	{ "send", SEND_OPTS, cmd_send, usage_send, 0 },
	{ "queue", SEND_OPTS, cmd_send, usage_queue, 0 },
	{ "flush", CLI_COUNT | CLI_ARGS, cmd_flush, usage_flush, 0 },
	{ "inspect-queue", CLI_DIR, cmd_inspect_queue, usage_inspect_queue, 0 },
	{ "list-queue", CLI_DIR, cmd_inspect_queue, usage_inspect_queue, 0 },
	{ "clean-queue", CLI_DAYS | CLI_ARGS, cmd_clean_queue, usage_clean, 0 },
	{ "count-packets", COUNT_OPTS, cmd_count_packets, usage_count, 0 },
	{ "decode", DECODE_OPTS, cmd_decode, usage_decode, 0 },
	{ "list-fragments", CLI_DIR, cmd_list_fragments, usage_list_fragments, 0 },
	{ "reassemble", FRAG_OPTS, cmd_reassemble, usage_reassemble, 0 },
	{ "purge-fragments", FRAG_OPTS, cmd_purge_fragments, usage_purge, 0 },
	{ "purge-fragment", FRAG_OPTS, cmd_purge_fragments, usage_purge, 0 },
	{ "generate-surb", GEN_OPTS, cmd_generate_surb, usage_generate, 0 },
	{ "generate-surbs", GEN_OPTS, cmd_generate_surb, usage_generate, 0 },
	{ "keygen", KEYGEN_OPTS, cmd_keygen, usage_keygen, 0 },
	{ "inspect-surb", CLI_ARGS, cmd_inspect_surb, usage_inspect, 0 },
	{ "inspect-surbs", CLI_ARGS, cmd_inspect_surb, usage_inspect, 0 },
	{ "list-servers", LIST_OPTS, cmd_list_servers, usage_list, 0 },
	{ "list-server", LIST_OPTS, cmd_list_servers, usage_list, 0 },
	{ "update-servers", 0, cmd_update_servers, usage_update, 0 },
	{ "import-server", CLI_ARGS, cmd_import_server, usage_import, 0 },
	{ "ping", CLI_DIR | CLI_ARGS, cmd_ping, usage_ping, 0 },
	{ "test", TEST_OPTS, cmd_test, usage_test, 0 },
	{ "shell", CLI_SHELL, cmd_shell, usage_shell, 1 },
	{ "testvectors", 0, cmd_testvectors, usage_develop, 1 },
	{ "unittests", 0, cmd_unittests, usage_develop, 1 },
	{ "benchmarks", 0, cmd_benchmarks, usage_develop, 1 },
	{ "version", 0, cmd_version, usage_version, 0 },
	{ "help", CLI_ARGS, cmd_help, usage_help, 1 },
	{ NULL, 0, NULL, NULL, 0 },
};

const struct command *
cli_command(const char *name)
{
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0)
		name = "version";
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

const char *
cli_moved(const char *name)
{
	static const char *const moved[][2] = { { "server-start", "mixminiond start" },
		{ "server-stop", "mixminiond stop" }, { "server-reload", "mixminiond reload" },
		{ "server-republish", "mixminiond republish" },
		{ "server-upgrade", "mixminiond upgrade" }, { "server-stats", "mixminiond stats" },
		{ "server-DELKEYS", "mixminiond DELKEYS" },
		{ "dir", "dird init (initialize), dird approve NICKNAME (import-new), dird list or "
			 "dird fingerprint; update and generate are done by dird by itself" },
		{ NULL, NULL } };
	size_t i;

	for (i = 0; moved[i][0] != NULL && strcmp(moved[i][0], name) != 0; i++)
		continue;
	return moved[i][1];
}

int
cmd_version(struct cli *cli)
{
	(void)cli;
	if (result() != NULL) {
		json_string(result(), "version", MIX_VERSION);
		json_string(result(), "mmtp", MMTP_VERSION_STR);
		return 0;
	}
	printf("mixminion %s (speaks packet format %d.%d, MMTP %s)\n", MIX_VERSION, PACKET_MAJOR,
	    PACKET_MINOR, MMTP_VERSION_STR);
	return 0;
}

int
cmd_help(struct cli *cli)
{
	const struct command *c;

	if (cli->argc > 0) {
		c = cli_command(cli->argv[0]);
		if (c == NULL)
			return ui_fail(EX_USAGE, "no command \"%s\"", cli->argv[0]);
		fputs(c->usage, stdout);
		return 0;
	}
	puts("usage: mixminion COMMAND [options]; mixminion COMMAND -h says more; commands:");
	for (c = commands; c->name != NULL; c++)
		printf("    %s\n", c->name);
	return 0;
}

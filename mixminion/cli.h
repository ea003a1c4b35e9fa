/*
 * The command line: one table of options, of which each command takes some, and the table of
 * commands.
 */
#ifndef MIXMINION_CLI_H
#define MIXMINION_CLI_H

#include <stddef.h>

#define CLI_MAX_SOURCES 16 /* of -t, -R and --reply-block-fd */

/* Reply blocks from a file ("-": standard input) or, where file is NULL, from a descriptor. */
struct cli_source {
	const char *file;
	int fd;
};

/* What was given; NULL, 0 or -1 where nothing was. Strings are the caller's argv. */
struct cli {
	const char *name; /* the command's, as it was typed */
	int argc; /* what is left */
	char **argv;
	const char *config;
	int help;
	int verbose, quiet;
	int download; /* -1, 0 or 1 */
	const char *to[CLI_MAX_SOURCES];
	size_t nto;
	struct cli_source reply[CLI_MAX_SOURCES];
	size_t nreply;
	const char *path;
	const char *input, *output;
	const char *subject, *from, *in_reply_to, *references;
	int deliver_fragments, queue, no_queue;
	int passphrase_fd;
	int force, binary, json;
	int purge, as_reply, debug_shlex, check;
	const char *encrypt_to;
	const char *wait;
	long count, lifetime, days, bits; /* -1: not given */
	const char *identity;
	/* list-servers */
	int recommended, with_time, no_collapse, cascade, justify, list_features;
	const char *separator;
	const char *features[CLI_MAX_SOURCES];
	size_t nfeatures;
};

/* Groups of options; a command takes the sum of some. */
#define CLI_DIR      0x00001 /* -D */
#define CLI_DEST     0x00002 /* -t */
#define CLI_REPLY    0x00004 /* -R, --reply-block-fd */
#define CLI_PATH     0x00008 /* -P, -H (refused) */
#define CLI_INPUT    0x00010 /* -i */
#define CLI_OUTPUT   0x00020 /* -o */
#define CLI_HEADERS  0x00040 /* --subject and the others, --deliver-fragments */
#define CLI_SENDING  0x00080 /* --queue, --no-queue */
#define CLI_PASS     0x00100 /* --passphrase-fd */
#define CLI_FORCE    0x00200 /* -F */
#define CLI_COUNT    0x00400 /* -n */
#define CLI_SURB     0x00800 /* -b, --identity, --lifetime */
#define CLI_LIST     0x01000 /* list-servers' own */
#define CLI_ARGS     0x02000 /* takes arguments */
#define CLI_DAYS     0x04000 /* -d */
#define CLI_PURGE    0x08000 /* -P: remove */
#define CLI_COUNTING 0x10000 /* -R: as a reply */
#define CLI_ENCRYPT  0x20000 /* --encrypt-to */
#define CLI_KEYGEN   0x40000 /* --bits, --identity */
#define CLI_SHELL    0x80000 /* --debug-shlex */
#define CLI_TEST     0x100000 /* --check, --wait */

struct command {
	const char *name;
	unsigned takes; /* CLI_... */
	int (*run)(struct cli *cli); /* returns the exit status */
	const char *usage; /* the text of --help */
	int prints; /* text for people, whatever is asked for: no --json */
};

/* Commands in the order of help; the end has a NULL name. */
extern const struct command commands[];
/* NULL if there is no such. */
const struct command *cli_command(const char *name);
/* What to type instead of a command that the reference had and we have not; NULL if none. */
const char *cli_moved(const char *name);
/* Runs argv[0] with what follows; the exit status. What main does, and the shell for each line. */
int cli_run(int argc, char **argv);

/*
 * Parses argv (argv[0] is the command's name) into *cli; 0, or an exit status after saying what is
 * wrong.
 */
int cli_parse(struct cli *cli, const struct command *cmd, int argc, char **argv);

int cmd_send(struct cli *cli); /* and queue */
int cmd_flush(struct cli *cli);
int cmd_decode(struct cli *cli);
int cmd_generate_surb(struct cli *cli);
int cmd_inspect_surb(struct cli *cli);
int cmd_list_servers(struct cli *cli);
int cmd_import_server(struct cli *cli);
int cmd_ping(struct cli *cli);
int cmd_test(struct cli *cli);
int cmd_inspect_queue(struct cli *cli);
int cmd_clean_queue(struct cli *cli);
int cmd_count_packets(struct cli *cli);
int cmd_list_fragments(struct cli *cli);
int cmd_reassemble(struct cli *cli);
int cmd_purge_fragments(struct cli *cli);
int cmd_update_servers(struct cli *cli);
int cmd_keygen(struct cli *cli);
int cmd_shell(struct cli *cli);
int cmd_testvectors(struct cli *cli);
int cmd_unittests(struct cli *cli);
int cmd_benchmarks(struct cli *cli);
int cmd_version(struct cli *cli);
int cmd_help(struct cli *cli);

#endif

/*
 * republish, confirm-clock and queue: what is asked of one or more of the running daemons.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mixminiond.h"
#include "proto.h"

/* Asks one, and says its answer. The exit status. */
static int
ask_one(const struct server_conf *c, enum proc_id p, enum verb v, int quiet)
{
	struct errmsg said;
	int rc = ask_order(c, p, v, &said);

	if (rc == -1) {
		log_warnx("%s: %s", proc_names[p], said.s);
		return EXIT_AGAIN;
	}
	if (!quiet && said.s[0] != '\0')
		printf("%s: %s\n", proc_names[p], said.s);
	return 0;
}

static int
command_order(int argc, char **argv, enum proc_id p, enum verb v)
{
	struct options o;
	struct server_conf *c = conf_of_options(argc, argv, &o);
	int rc;

	if (c == NULL)
		return EXIT_USAGE;
	rc = ask_one(c, p, v, o.quiet);
	conf_free(c);
	return rc;
}

int
command_republish(int argc, char **argv)
{
	return command_order(argc, argv, P_DIRSYNC, V_REPUBLISH);
}

int
command_confirm_clock(int argc, char **argv)
{
	return command_order(argc, argv, P_KEYD, V_CONFIRM_CLOCK);
}

/* --- queue --- */

static int
is_detail(const char *line)
{
	return strncmp(line, "destination-", strlen("destination-")) == 0;
}

static int
print_queues(const struct server_conf *c, int details)
{
	int rc = 0;

	for (enum proc_id p = P_MIXER; p < P_COUNT; p++) {
		struct buf text = { 0 };
		char *at, *line;

		if (p == P_RUN)
			continue;
		if (ask_text(c, p, V_QUEUE, &text) == -1) {
			log_warn("%s does not answer", proc_names[p]);
			rc = EXIT_AGAIN;
		}
		for (at = buf_cstr(&text); (line = strsep(&at, "\n")) != NULL;)
			if (line[0] != '\0' && (details || !is_detail(line)))
				printf("%s %s\n", proc_names[p], line);
		buf_free(&text);
	}
	return rc;
}

static int
clean_queues(const struct server_conf *c, int quiet)
{
	static const enum proc_id cleaners[] = { P_MIXER, P_DELIVERD, P_MMTPD };
	int rc = 0;

	for (size_t i = 0; i < sizeof(cleaners) / sizeof(cleaners[0]); i++)
		rc |= ask_one(c, cleaners[i], V_CLEAN, quiet);
	return rc;
}

int
command_queue(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct server_conf *c;
	struct options o;
	int rc;

	if (strcmp(what, "list") != 0 && strcmp(what, "show") != 0 && strcmp(what, "clean") != 0) {
		fprintf(stderr, "mixminiond queue: list, show or clean, not \"%s\"\n", what);
		return EXIT_USAGE;
	}
	if ((c = conf_of_options(argc - 1, argv + 1, &o)) == NULL)
		return EXIT_USAGE;
	rc = what[0] == 'c' ? clean_queues(c, o.quiet) : print_queues(c, what[0] == 's');
	conf_free(c);
	return rc;
}

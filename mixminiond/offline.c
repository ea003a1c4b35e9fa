/*
 * DELKEYS and upgrade: what is done to the home of a node that does not run. keyd does it, alone,
 * under its own uid.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "mixminiond.h"

#define TAKES (TAKES_FILE | TAKES_QUIET | TAKES_UIDS | TAKES_KEYS)

/* Runs keyd for that one job. Its exit status, or EXIT_USAGE. */
static int
run_keyd(int argc, char **argv, enum keyd_job job)
{
	static struct options opt;
	static struct owners owners;
	static struct sockets sockets;
	static struct spawn s = { .opt = &opt, .owners = &owners, .sockets = &sockets };
	int status;

	if (options_parse(&opt, TAKES, NULL, argc, argv) == -1)
		return EXIT_USAGE;
	s.conf = load_conf(opt.conf_file);
	crypto_init();
	owners_init(&owners, opt.uid_base);
	spawn_init(&s);
	if (job == KEYD_MAKES)
		tree_upgrade(s.conf);
	(void)prepare_tree(s.conf, &owners);
	if (job == KEYD_MAKES)
		(void)passphrase_get(s.conf, opt.passphrase_fd);
	fflush(stdout);
	s.job = job;
	status = spawn_keys(&s);
	unlink(s.conf->pid_file);
	return status;
}

int
command_delkeys(int argc, char **argv)
{
	return run_keyd(argc, argv, KEYD_DELETES);
}

/* The tree is as this version wants it, and so are the keys and their files. */
int
command_upgrade(int argc, char **argv)
{
	return run_keyd(argc, argv, KEYD_MAKES);
}

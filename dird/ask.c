/*
 * dird list, show, approve, ...: dird-core is asked on its control socket.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dird.h"
#include "dproto.h"

#define ANSWER_MS 60000

static int
connect_core(const struct dird_conf *c)
{
	char path[256];
	int fd;

	/* Under systemd the sockets have a place of their own. */
	snprintf(path, sizeof(path), "%s/" SOCK_DIRD_CONTROL ".sock", c->run_dir);
	if ((fd = ipc_connect_path(path)) == -1)
		fprintf(stderr, "dird: %s: %s; is it running, and may you ask it?\n", path,
		    strerror(errno));
	return fd;
}

/* Prints what comes; the status at the end. */
static int
say(int fd, const char *text)
{
	static uint8_t reply[IPC_MAX_BODY];
	struct said_rep rep = { .end = 0 };
	struct ipc_hdr h;
	size_t len;

	if (ipc_call(fd, V_DIRD_SAY, text, strlen(text), &h, reply, sizeof(reply), &len,
		ANSWER_MS) == -1 || len < sizeof(rep)) {
		fprintf(stderr, "dird: dird-core does not answer: %s\n", strerror(errno));
		return EXIT_AGAIN;
	}
	for (;;) {
		memcpy(&rep, reply, sizeof(rep));
		fwrite(reply + sizeof(rep), 1, len - sizeof(rep),
		    rep.status == ST_OK ? stdout : stderr);
		if (rep.end)
			return rep.status == ST_OK ? 0 : 1;
		if (ipc_next(fd, h.id, reply, sizeof(reply), &len, ANSWER_MS) == -1 ||
		    len < sizeof(rep)) {
			fprintf(stderr, "dird: dird-core stopped answering\n");
			return EXIT_AGAIN;
		}
	}
}

static int
say_words(int fd, const char *word, int argc, char **argv)
{
	int rc = 0, r;
	char text[4096];

	if (argc == 0)
		return say(fd, word);
	for (int i = 0; i < argc; i++) {
		snprintf(text, sizeof(text), "%s %s", word, argv[i]);
		if ((r = say(fd, text)) > rc)
			rc = r;
	}
	return rc;
}

int
command_ask(int argc, char **argv)
{
	int names = strcmp(argv[0], "list") != 0 && strcmp(argv[0], "status") != 0 &&
	    strcmp(argv[0], "stats") != 0;
	char usage[96];
	const char *file;
	struct dird_conf *c;
	int fd, rc;

	snprintf(usage, sizeof(usage), "usage: dird %s [-f file]%s\n", argv[0],
	    names ? " nickname|fingerprint ..." : "");
	file = names ? command_file_names(argc, argv, usage) : command_file(argc, argv, usage);
	c = command_conf(file);
	fd = connect_core(c);
	rc = fd == -1 ? EXIT_AGAIN : say_words(fd, argv[0], argc - optind, argv + optind);
	if (fd != -1)
		close(fd);
	dconf_free(c);
	return rc;
}

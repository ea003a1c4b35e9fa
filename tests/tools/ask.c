/*
 * Asks a daemon's control socket. usage: ask SOCKET stats|queue|stop|reload [FILE]
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"
#include "proto.h"

static const struct {
	const char *name;
	enum verb verb;
} verbs[] = {
	{ "stats", V_STATS },
	{ "queue", V_QUEUE },
	{ "stop", V_STOP },
	{ "reload", V_RELOAD },
};

static size_t
read_file(const char *path, char *to, size_t max)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		err(1, "%s", path);
	n = fread(to, 1, max, f);
	fclose(f);
	return n;
}

int
main(int argc, char **argv)
{
	static char body[IPC_MAX_BODY], reply[IPC_MAX_BODY];
	struct status_rep st = { ST_OK };
	struct ipc_hdr h;
	size_t i, len = 0, got;
	int fd;

	if (argc < 3 || argc > 4)
		errx(64, "usage: ask SOCKET stats|queue|stop|reload [FILE]");
	for (i = 0; strcmp(verbs[i].name, argv[2]) != 0;)
		if (++i == sizeof(verbs) / sizeof(verbs[0]))
			errx(64, "%s is no question", argv[2]);
	if (argc == 4)
		len = read_file(argv[3], body, sizeof(body));
	if ((fd = ipc_connect_path(argv[1])) == -1)
		err(1, "%s", argv[1]);
	if (ipc_call(fd, verbs[i].verb, body, len, &h, reply, sizeof(reply), &got, 10000) == -1)
		err(1, "%s", argv[1]);
	if (verbs[i].verb == V_STOP || verbs[i].verb == V_RELOAD) {
		if (got >= sizeof(st))
			memcpy(&st, reply, sizeof(st));
		printf("%.*s%s", (int)(got - sizeof(st)), reply + sizeof(st),
		    got > sizeof(st) ? "\n" : "");
		return st.status != ST_OK;
	}
	fwrite(reply, 1, got, stdout);
	return 0;
}

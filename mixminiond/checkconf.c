/*
 * check-conf: all that can be said about a configuration file without starting anything.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mixminiond.h"

static unsigned nfaults, nwarnings;

static void
fault(const char *text)
{
	fprintf(stderr, "%s\n", text);
	nfaults++;
}

static void
warned(const char *text)
{
	fprintf(stderr, "%s (a warning)\n", text);
	nwarnings++;
}

static void
say_insecurities(const struct server_conf *c)
{
	struct buf why = { 0 };

	conf_insecurities(c, &why);
	if (why.len > 0)
		printf("%s: the node will call itself insecure: %s\n", c->file, buf_cstr(&why));
	buf_free(&why);
}

int
command_check_conf(int argc, char **argv)
{
	struct server_conf *c;
	struct options o;
	char *path;

	if (options_parse(&o, TAKES_FILE | TAKES_QUIET, NULL, argc, argv) == -1)
		return EXIT_USAGE;
	path = conf_path(o.conf_file);
	c = conf_load_all(path, fault, warned, NULL);
	if (c != NULL)
		say_insecurities(c);
	if (!o.quiet || nfaults + nwarnings > 0)
		printf("%s: %u fault%s, %u warning%s: %s\n", path, nfaults, nfaults == 1 ? "" : "s",
	    nwarnings, nwarnings == 1 ? "" : "s",
	    c != NULL ? "a node can run with it" : "no node starts with it");
	conf_free(c);
	free(path);
	return nfaults == 0 ? 0 : EXIT_PERMANENT;
}

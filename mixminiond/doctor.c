/*
 * doctor: looks at everything that a node needs, and says what to do where something is wrong.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "doctor.h"
#include "log.h"

static unsigned counts[FOUND_BAD + 1];

void
found(enum finding f, const char *what, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "warn", "bad" };
	va_list ap;

	printf("%-5s%-12s", words[f], what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	counts[f]++;
}

static void
fault(const char *text)
{
	found(FOUND_BAD, "conf", "%s", text);
}

static void
warned(const char *text)
{
	found(FOUND_WARN, "conf", "%s", text);
}

static struct server_conf *
look_at_conf(const char *path)
{
	struct server_conf *c = conf_load_all(path, fault, warned, NULL);
	struct buf why = { 0 };

	if (c == NULL)
		return NULL;
	conf_insecurities(c, &why);
	if (why.len > 0)
		found(FOUND_WARN, "conf",
		    "%s makes the node call itself insecure: %s: mixminiond.conf(5) says what is "
		    "safe",
		    path, buf_cstr(&why));
	else
		found(FOUND_OK, "conf", "%s", path);
	buf_free(&why);
	return c;
}

static void
look_at_all(const struct server_conf *c, uid_t uid_base)
{
	struct owners o;

	owners_init(&o, uid_base);
	look_at_kernel(&o);
	look_at_entropy();
	look_at_clock(c, &o);
	look_at_dns(c);
	look_at_disk(c);
	look_at_permissions(c, &o);
	look_at_port(c);
	look_at_processes(c);
}

static int
parse_options(int argc, char **argv, const char **file, uid_t *uid_base)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'f' },
		{ "uid-base", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	const char *err = NULL;
	int ch;

	while ((ch = getopt_long(argc, argv, "f:", long_options, NULL)) != -1) {
		if (ch == '?')
			return -1;
		if (ch == 'f')
			*file = optarg;
		else
			*uid_base = (uid_t)strtonum(optarg, 1000, 2000000000, &err);
	}
	if (err == NULL && optind == argc)
		return 0;
	fprintf(stderr, "mixminiond doctor: %s\n",
	    err != NULL ? "--uid-base takes a number from 1000 up" : "unexpected argument");
	return -1;
}

int
command_doctor(int argc, char **argv)
{
	const char *given = NULL;
	uid_t uid_base = 0;
	struct server_conf *c;
	char *path;

	if (parse_options(argc, argv, &given, &uid_base) == -1)
		return EXIT_USAGE;
	path = conf_path(given);
	if ((c = look_at_conf(path)) != NULL)
		look_at_all(c, uid_base);
	printf("%u ok, %u to look at, %u bad\n", counts[FOUND_OK], counts[FOUND_WARN],
	    counts[FOUND_BAD]);
	conf_free(c);
	free(path);
	return counts[FOUND_BAD] == 0 ? 0 : 1;
}

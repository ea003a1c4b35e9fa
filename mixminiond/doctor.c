/*
 * doctor: looks at everything that a node needs, and says what to do where something is wrong.
 */
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
	struct held h;

	owners_init(&o, uid_base);
	h = held_directory(c, &o);
	look_at_kernel(&o);
	look_at_entropy();
	look_at_clock(c, &h);
	look_at_dns(c);
	look_at_disk(c);
	look_at_permissions(c, &o);
	look_at_port(c);
	look_at_directory(c, &h);
	look_at_mail(c, &o);
	look_at_processes(c);
}

int
command_doctor(int argc, char **argv)
{
	struct server_conf *c;
	struct options o;
	char *path;

	if (options_parse(&o, TAKES_FILE | TAKES_UIDS, NULL, argc, argv) == -1)
		return EXIT_USAGE;
	path = conf_path(o.conf_file);
	if ((c = look_at_conf(path)) != NULL)
		look_at_all(c, o.uid_base);
	printf("%u ok, %u to look at, %u bad\n", counts[FOUND_OK], counts[FOUND_WARN],
	    counts[FOUND_BAD]);
	conf_free(c);
	free(path);
	return counts[FOUND_BAD] == 0 ? 0 : 1;
}

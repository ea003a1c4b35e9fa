/*
 * The kinds of values that only exits have: what deliverd-run runs, how much a recipient gets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "confload.h"

#define CHAIN_CHARS                                                                                \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,*"

/* Names of Mixmaster remailers: it becomes one argument of MixCommand. */
static int
set_chain(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	if (*s == '-' || s[strspn(s, CHAIN_CHARS)] != '\0')
		return err_set(e,
		    "\"%.40s\" is not the name of a remailer, or of several with ','", s);
	return OPT_STRING.set(o, dst, s, e);
}

static void
release_chain(void *dst)
{
	OPT_STRING.release(dst);
}

/* "20 per 1 day", "20 per day" */
static int
set_rate(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct conf_rate *r = dst;
	char interval[64];
	int n = 0;

	(void)o;
	if (sscanf(s, "%9ld per %n", &r->n, &n) != 1 || n == 0 || r->n < 1)
		return err_set(e, "\"%.40s\" is not \"N per INTERVAL\" (\"20 per day\")", s);
	snprintf(interval, sizeof(interval), "%s%s", s[n] >= '0' && s[n] <= '9' ? "" : "1 ", s + n);
	if (conv_interval(&r->interval, interval, e) == -1)
		return -1;
	return r->interval > 0 ? 0 : err_set(e, "the interval is too short");
}

/* "TYPE PROGRAM [ARGUMENT ...]"; what the reference had there is the name of a class. */
static int
set_module(const struct conf_option *o, void *dst, const char *s, struct errmsg *e)
{
	struct conf_modules *m = dst;
	struct conf_module one = { 0 };
	struct command c;
	unsigned rtype;
	int n = 0;

	(void)o;
	if (sscanf(s, "0x%4x%n", &rtype, &n) != 1 || (s[n] != ' ' && s[n] != '\t')) {
		if (strpbrk(s, " \t") != NULL || strchr(s, '.') == NULL)
			return err_set(e, "expected \"0xTYPE PROGRAM [ARGUMENT ...]\"");
		m->foreign = 1;
		return 0;
	}
	if (rtype < RT_MIN_EXIT || rtype == RT_FRAGMENT)
		return err_set(e, "0x%04x is no exit type that a module could take", rtype);
	if (m->n == CONF_MAX_MODULES)
		return err_set(e, "more than %d modules", CONF_MAX_MODULES);
	if (command_split(&c, s + n, e) == -1)
		return -1;
	command_free(&c);
	one.rtype = (uint16_t)rtype;
	m->v = reallocarray(m->v, m->n + 1, sizeof(*m->v));
	if (m->v == NULL || (one.command = strdup(s + n)) == NULL)
		fatal("out of memory");
	m->v[m->n++] = one;
	return 0;
}

static void
release_modules(void *dst)
{
	struct conf_modules *m = dst;

	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].command);
	free(m->v);
	*m = (struct conf_modules){ NULL, 0, 0 };
}

const struct opt_type CONF_CHAIN = { set_chain, release_chain };
const struct opt_type CONF_RATE = { set_rate, NULL };
const struct opt_type CONF_MODULE = { set_module, release_modules };

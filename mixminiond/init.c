/*
 * init: asks what a new node shall be, or takes it as options.
 */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"
#include "log.h"
#include "routing.h"
#include "template.h"

enum { Q_NICKNAME, Q_CONTACT, Q_HOSTNAME, Q_BASE_DIR, Q_PORT, Q_SMTP_SERVER, Q_COUNT };

static struct question {
	const char *option;
	const char *text; /* NULL: it is never asked for */
	struct conf_option how; /* as the configuration checks it */
	char *value;
} questions[Q_COUNT] = {
	[Q_NICKNAME] = { "nickname", "Nickname of the node (letters, digits, '-'; at most 24)",
	    { .type = &OPT_NICKNAME }, NULL },
	[Q_CONTACT] = { "contact", "Mail address at which users reach you (it is published)",
	    { .type = &OPT_MAILBOX, .max = 256 }, NULL },
	[Q_HOSTNAME] = { "hostname", "Host name at which other nodes reach this one",
	    { .type = &OPT_HOST }, NULL },
	[Q_BASE_DIR] = { "base-dir", NULL, { .type = &OPT_PATH }, NULL },
	[Q_PORT] = { "port", NULL, { .type = &OPT_PORT }, NULL },
	[Q_SMTP_SERVER] = { "smtp-server", NULL, { .type = &OPT_HOSTPORT }, NULL },
};

enum { OPT_ENCRYPT = OPTIONS_MORE, OPT_QUESTION };

static const struct option long_options[] = {
	{ "encrypt-keys", no_argument, NULL, OPT_ENCRYPT },
	{ "nickname", required_argument, NULL, OPT_QUESTION + Q_NICKNAME },
	{ "contact", required_argument, NULL, OPT_QUESTION + Q_CONTACT },
	{ "hostname", required_argument, NULL, OPT_QUESTION + Q_HOSTNAME },
	{ "base-dir", required_argument, NULL, OPT_QUESTION + Q_BASE_DIR },
	{ "port", required_argument, NULL, OPT_QUESTION + Q_PORT },
	{ "smtp-server", required_argument, NULL, OPT_QUESTION + Q_SMTP_SERVER },
	{ NULL, 0, NULL, 0 },
};

static int encrypt_keys;

/* Would the configuration take it? What is no single line of text it cannot hold. */
static int
check_answer(const struct question *q, const char *s, struct errmsg *e)
{
	max_align_t dst[4] = { 0 };
	int rc;

	for (const char *p = s; *p != '\0'; p++)
		if (!isprint((unsigned char)*p))
			return err_set(e, "characters outside printing ASCII");
	if (*s == ' ' || (*s != '\0' && s[strlen(s) - 1] == ' '))
		return err_set(e, "blanks around it");
	rc = q->how.type->set(&q->how, dst, s, e);
	if (q->how.type->release != NULL)
		q->how.type->release(dst);
	return rc;
}

static void
keep_answer(struct question *q, const char *s)
{
	free(q->value);
	if ((q->value = strdup(s)) == NULL)
		fatal("out of memory");
}

static int
take_option(int value, const char *arg)
{
	struct question *q;
	struct errmsg e;

	if (value == OPT_ENCRYPT) {
		encrypt_keys = 1;
		return 0;
	}
	q = &questions[value - OPT_QUESTION];
	if (check_answer(q, arg, &e) == -1) {
		fprintf(stderr, "mixminiond init: --%s: %s\n", q->option, e.s);
		return -1;
	}
	keep_answer(q, arg);
	return 0;
}

/* The machine's own name where that is of use. */
static int
own_name(char *name, size_t size)
{
	return gethostname(name, size) == 0 && memchr(name, '\0', size) != NULL &&
	    strchr(name, '.') != NULL && host_plausible(name, strlen(name));
}

static void
ask(struct question *q, const char *otherwise)
{
	char *line = NULL;
	size_t room = 0;
	struct errmsg e;

	if (!isatty(STDIN_FILENO))
		fatal_permanent("no terminal to ask: --%s is needed", q->option);
	while (q->value == NULL) {
		printf("%s%s%s%s: ", q->text, otherwise != NULL ? " [" : "",
		    otherwise != NULL ? otherwise : "", otherwise != NULL ? "]" : "");
		fflush(stdout);
		if (getline(&line, &room, stdin) == -1)
			fatal_permanent("nothing was made: no answer");
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0' && otherwise != NULL)
			keep_answer(q, otherwise);
		else if (check_answer(q, line, &e) == 0)
			keep_answer(q, line);
		else
			printf("  %s\n", e.s);
	}
	free(line);
}

static void
ask_all(void)
{
	char name[MAX_HOSTNAME + 1];

	for (int i = 0; i < Q_COUNT; i++)
		if (questions[i].value == NULL && questions[i].text != NULL)
			ask(&questions[i],
			    i == Q_HOSTNAME && own_name(name, sizeof(name)) ? name : NULL);
}

/* Where nothing is said: what the package and systemd's units have, or the user's home. */
static char *
default_path(const char *of_root, const char *of_user)
{
	const char *home = getenv("HOME");
	char *path;

	if (geteuid() != 0 && (home == NULL || home[0] != '/'))
		fatal_permanent("HOME is not set: name the files with -f and --base-dir");
	if (asprintf(&path, "%s%s", geteuid() == 0 ? "" : home,
		geteuid() == 0 ? of_root : of_user) == -1)
		fatal("out of memory");
	return path;
}

/* As the package or who installed by hand put it there. */
static int
is_sample(const char *path)
{
	struct buf text = { 0 };
	struct errmsg e;
	int yes = ask_read_conf(path, &text, &e) == 0 && template_untouched(&text);

	buf_free(&text);
	return yes;
}

int
command_init(int argc, char **argv)
{
	static const struct options_more more = { long_options, take_option };
	struct new_node n = { 0 };
	struct options *o = &n.options;

	if (options_parse(o, TAKES_FILE | TAKES_UIDS | TAKES_KEYS, &more, argc, argv) == -1)
		return EXIT_USAGE;
	n.file = o->conf_file;
	n.encrypt_keys = encrypt_keys;
	if (n.file == NULL)
		n.file = default_path("/etc/mixminiond.conf", "/.mixminiond.conf");
	if (questions[Q_BASE_DIR].value == NULL)
		questions[Q_BASE_DIR].value = default_path("/var/lib/mixminiond", "/mixminiond");
	if (access(n.file, F_OK) == 0 && !(n.replace = is_sample(n.file)))
		fatal_permanent(
		    "%s is there already: name another with -f, or move it away", n.file);
	ask_all();
	n.nickname = questions[Q_NICKNAME].value;
	n.contact = questions[Q_CONTACT].value;
	n.hostname = questions[Q_HOSTNAME].value;
	n.base_dir = questions[Q_BASE_DIR].value;
	n.port = questions[Q_PORT].value;
	n.smtp_server = questions[Q_SMTP_SERVER].value;
	newnode_make(&n);
	return 0;
}

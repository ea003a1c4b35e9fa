/*
 * What the commands of dird have in common: options, the configuration, passphrases.
 */
#include <openssl/crypto.h>

#include <readpassphrase.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dird.h"
#include "keypass.h"

#define PASS_ROOM (KEY_PASSPHRASE_MAX + 2)

void
command_show_fault(const char *text)
{
	fprintf(stderr, "%s\n", text);
}

struct dird_conf *
command_conf(const char *path)
{
	struct dird_conf *c;
	struct errmsg e;

	if (path == NULL && (path = dconf_find()) == NULL) {
		command_show_fault(
		    "no dird.conf found: name one with -f, or make one with \"dird init\"");
		exit(EXIT_PERMANENT);
	}
	if ((c = dconf_load(path, command_show_fault, &e)) == NULL)
		exit(EXIT_PERMANENT);
	return c;
}

static void
ask(const char *prompt, char *to)
{
	if (readpassphrase(prompt, to, PASS_ROOM, RPP_REQUIRE_TTY) == NULL) {
		command_show_fault("no terminal to ask for the passphrase: give --passphrase-fd=N");
		exit(EXIT_PERMANENT);
	}
}

char *
command_passphrase(int fd, int fresh)
{
	char *p, *again;

	if (fd != -1)
		return keypass_take(fd);
	p = OPENSSL_secure_zalloc(PASS_ROOM);
	again = OPENSSL_secure_zalloc(PASS_ROOM);
	if (p == NULL || again == NULL)
		fatalx("no memory for the passphrase");
	ask("Passphrase of the identity key: ", p);
	if (fresh)
		ask("Once more: ", again);
	if (*p == '\0' || (fresh && strcmp(p, again) != 0)) {
		command_show_fault(*p == '\0' ? "an empty passphrase" : "they are not the same");
		exit(EXIT_PERMANENT);
	}
	keypass_free(again);
	return p;
}

long
command_number(const char *option, const char *s, long min, long max)
{
	const char *err;
	long n = (long)strtonum(s, min, max, &err);

	if (err == NULL)
		return n;
	fprintf(stderr, "dird: %s %s: %s: a number from %ld to %ld is wanted\n", option, s, err,
	    min, max);
	exit(EXIT_USAGE);
}

int
command_fd(const char *s)
{
	return (int)command_number("--passphrase-fd", s, 0, 1023);
}

uid_t
command_uid(const char *s)
{
	return (uid_t)command_number("--uid-base", s, 1, 2000000000);
}

void
command_no_more(int argc, char **argv, const char *usage)
{
	if (optind == argc)
		return;
	fprintf(stderr, "dird %s: unexpected argument \"%s\"\n%s", argv[0], argv[optind], usage);
	exit(EXIT_USAGE);
}

static const char *
file_option(int argc, char **argv, const char *usage)
{
	const char *file = NULL;
	int ch;

	while ((ch = getopt(argc, argv, "f:h")) != -1)
		if (ch == 'f') {
			file = optarg;
		} else {
			fprintf(ch == 'h' ? stdout : stderr, "%s", usage);
			exit(ch == 'h' ? 0 : EXIT_USAGE);
		}
	return file;
}

const char *
command_file(int argc, char **argv, const char *usage)
{
	const char *file = file_option(argc, argv, usage);

	command_no_more(argc, argv, usage);
	return file;
}

const char *
command_file_names(int argc, char **argv, const char *usage)
{
	const char *file = file_option(argc, argv, usage);

	if (optind < argc)
		return file;
	fprintf(stderr, "dird %s: no server is named\n%s", argv[0], usage);
	exit(EXIT_USAGE);
}

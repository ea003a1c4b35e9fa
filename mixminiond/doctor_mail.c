/*
 * doctor: who takes the node's mail.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "doctor.h"
#include "files.h"
#include "log.h"

static int
greets(int fd)
{
	char said[4];

	return recv(fd, said, sizeof(said), MSG_WAITALL) == (ssize_t)sizeof(said) &&
	    memcmp(said, "220", 3) == 0;
}

static void
look_at_mail_server(const struct conf_delivery *d)
{
	struct errmsg e;
	uint16_t port;
	char *host = conf_mail_host(d, &port);
	int fd = reach(host, port, &e);

	if (fd == -1)
		found(FOUND_WARN, "mail",
		    "SMTPServer %s cannot be reached (%s), and mail waits: start it, or correct "
		    "the line",
		    d->smtp_server, e.s);
	else if (d->smtp_tls != SMTPTLS_IMPLICIT && !greets(fd))
		found(FOUND_WARN, "mail",
		    "SMTPServer %s does not greet as a mail server does, and mail waits: correct "
		    "the line, or set \"SMTPTLS: implicit\"",
		    d->smtp_server);
	else
		found(FOUND_OK, "mail", "SMTPServer %s answers", d->smtp_server);
	if (fd != -1)
		close(fd);
	free(host);
}

static void
look_at_program(const char *option, const char *words)
{
	struct command c;
	struct errmsg e;
	char *path = NULL;

	if (command_split(&c, words, &e) == 0)
		path = command_find(&c, COMMAND_DIRS);
	if (path != NULL)
		found(FOUND_OK, "mail", "%s %s can be run", option, path);
	else
		found(FOUND_WARN, "mail",
		    "%s %s cannot be run (%s), and mail waits: install it, or correct the line",
		    option, words, strerror(errno));
	free(path);
	command_free(&c);
}

/* Reads it as deliverd will: as its user. */
static void
try_password(const char *path, const struct owners *o, int to)
{
	struct errmsg e = { "" };
	int fd;

	owners_become(o, P_DELIVERD);
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1)
		err_set(&e, "%s: %s: it is to be there for its reader, uid %u", path,
		    strerror(errno), (unsigned)owners_uid(o, P_DELIVERD));
	else
		files_check_secret(fd, path, owners_uid(o, P_DELIVERD), owners_gid(o, P_DELIVERD),
		    &e);
	_exit(write(to, &e, sizeof(e)) == (ssize_t)sizeof(e) ? 0 : 1);
}

static void
look_at_password(const char *path, const struct owners *o)
{
	struct errmsg e;
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC) == -1)
		fatal("pipe");
	fflush(stdout);
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0)
		try_password(path, o, p[1]);
	close(p[1]);
	if (read(p[0], &e, sizeof(e)) != (ssize_t)sizeof(e))
		err_set(&e, "%s: it could not be looked at", path);
	close(p[0]);
	waitpid(pid, NULL, 0);
	if (e.s[0] == '\0')
		found(FOUND_OK, "mail", "SMTPPasswordFile %s can be read", path);
	else
		found(FOUND_BAD, "mail", "SMTPPasswordFile %s", e.s);
}

static void
look_at_delivery(const struct conf_delivery *d, const struct owners *o)
{
	if (!d->enabled)
		return;
	if (d->sendmail_command != NULL) {
		look_at_program("SendmailCommand", d->sendmail_command);
		return;
	}
	look_at_mail_server(d);
	if (d->smtp_password_file != NULL)
		look_at_password(d->smtp_password_file, o);
}

void
look_at_mail(const struct server_conf *c, const struct owners *o)
{
	look_at_delivery(&c->mbox, o);
	look_at_delivery(&c->smtp, o);
	if (c->mix2.enabled)
		look_at_program("MixCommand", c->mix_command);
}

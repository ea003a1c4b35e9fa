/* ping: is a server there? Sends one packet of padding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "client.h"
#include "mmtp.h"
#include "result.h"
#include "sender.h"
#include "ui.h"

static const char banner[] =
    "WARNING: whoever watches you sees which servers you ping and when. They may conclude that\n"
    "you are about to use them. Ping for tests only; sending needs no ping before it.\n";

/* HOST or HOST:PORT, where there is a dot and no file of that name; 1 or 0. */
static int
parse_host(struct mix_addr *to, const char *arg)
{
	const char *colon = strrchr(arg, ':');
	size_t len = colon != NULL ? (size_t)(colon - arg) : strlen(arg);
	char *end = NULL;
	long port = MMTP_PORT;

	memset(to, 0, sizeof(*to));
	if (memchr(arg, '.', len) == NULL || access(arg, F_OK) == 0 || !host_plausible(arg, len))
		return 0;
	if (colon != NULL) {
		port = strtol(colon + 1, &end, 10);
		if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port < 1 || port > 65535)
			return 0;
	}
	memcpy(to->host, arg, len);
	to->port = (uint16_t)port;
	return 1;
}

static int
find(const struct client *c, const char *arg, struct sender_job *job, struct errmsg *e)
{
	const struct desc *d;

	if (parse_host(&job->to, arg)) {
		job->kind = c->conf->legacy_tls ? TLS_EITHER : TLS_MODERN;
		return 0;
	}
	if (access(arg, F_OK) == 0 && strchr(arg, '/') != NULL)
		d = clientdir_read(c->dir, arg, c->now, c->now, c->now, e);
	else
		d = clientdir_find(c->dir, arg, c->now, c->now, e);
	if (d == NULL)
		return -1;
	if (desc_addr(d, &job->to) == -1)
		return err_set(e, "%s takes no connections", arg);
	job->kind = client_tls_kind(c, job->to.keyid);
	return 0;
}

static int
ping_one(const struct client *c, const char *arg)
{
	struct sender_job job = { .timeout = c->conf->timeout };
	struct errmsg e;
	int up;

	if (find(c, arg, &job, &e) == -1)
		return ui_fail(EX_NOHOST, "%s", e.s);
	up = sender_ping(&job, &e) == 0;
	if (!up)
		(void)ui_fail(0, "%s", e.s);
	if (result() != NULL)
		json_bool(result(), arg, up);
	else
		printf("%s is %s\n", arg, up ? "up" : "down");
	(void)fflush(stdout);
	return up ? 0 : EX_UNAVAILABLE;
}

/* A name that is unknown is told before anything is said or done. */
static int
all_known(const struct client *c, const struct cli *cli)
{
	struct sender_job job = { 0 };
	struct errmsg e;

	for (int i = 0; i < cli->argc; i++)
		if (find(c, cli->argv[i], &job, &e) == -1)
			return ui_fail(EX_NOHOST, "%s", e.s);
	return 0;
}

int
cmd_ping(struct cli *cli)
{
	struct client c;
	int r, status = 0;

	if (cli->argc == 0)
		return ui_fail(EX_USAGE, "which server? mixminion ping NICKNAME|HOST[:PORT]...");
	r = client_open(&c, cli, CLIENT_FRESH_DIR);
	if (r != 0)
		return r;
	r = all_known(&c, cli);
	if (r != 0) {
		client_close(&c);
		return r;
	}
	if (!cli->quiet)
		fputs(banner, stderr);
	if (result() != NULL)
		json_begin(result(), "up", '{');
	for (int i = 0; i < cli->argc; i++) {
		r = ping_one(&c, cli->argv[i]);
		if (status == 0)
			status = r;
	}
	if (result() != NULL)
		json_end(result(), '{');
	client_close(&c);
	return status;
}

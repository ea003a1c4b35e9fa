/*
 * The programs and their arguments: all of it is the configuration's, nothing a message's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deliverd-run.h"

static int
add(struct run_commands *r, const char *option, enum run_what what, uint16_t rtype,
    const char *words, struct errmsg *e)
{
	struct run_command *c = &r->v[r->n];

	*c = (struct run_command){ .option = option, .what = what, .rtype = rtype,
		.dirs = COMMAND_DIRS };
	if (command_split(&c->c, words, e) == -1)
		return -1;
	r->n++;
	return 0;
}

/* mix -l CHAIN reads a mail with its headers from standard input; mix -S sends the pool. */
static int
add_mix(struct run_commands *r, const struct server_conf *c, struct errmsg *e)
{
	if (add(r, "MixCommand", RUN_MIX, 0, c->mix_command, e) == -1 ||
	    command_add(&r->v[r->n - 1].c, "-l", e) == -1 ||
	    command_add(&r->v[r->n - 1].c, c->mix_server, e) == -1 ||
	    add(r, "MixCommand", RUN_MIX_SEND, 0, c->mix_command, e) == -1)
		return -1;
	return command_add(&r->v[r->n - 1].c, "-S", e);
}

static int
add_module(struct run_commands *r, const struct conf_module *m, const char *path, struct errmsg *e)
{
	if (add(r, "Module", RUN_MODULE, m->rtype, m->command, e) == -1)
		return -1;
	if (path != NULL)
		r->v[r->n - 1].dirs = path;
	return 0;
}

int
commands_read(struct run_commands *r, const struct server_conf *c, struct errmsg *e)
{
	const struct conf_delivery *mbox = &c->mbox, *smtp = &c->smtp;

	*r = (struct run_commands){ .n = 0 };
	if (mbox->enabled && mbox->sendmail_command != NULL &&
	    add(r, "SendmailCommand", RUN_MBOX, 0, mbox->sendmail_command, e) == -1)
		return -1;
	if (smtp->enabled && smtp->sendmail_command != NULL &&
	    add(r, "SendmailCommand", RUN_SMTP, 0, smtp->sendmail_command, e) == -1)
		return -1;
	if (c->mix2.enabled && add_mix(r, c, e) == -1)
		return -1;
	for (size_t i = 0; i < c->modules.n; i++)
		if (add_module(r, &c->modules.v[i], c->module_path, e) == -1)
			return -1;
	return 0;
}

void
commands_free(struct run_commands *r)
{
	for (size_t i = 0; i < r->n; i++)
		command_free(&r->v[i].c);
	r->n = 0;
}

struct run_command *
commands_find(struct run_commands *r, uint32_t what, uint32_t rtype)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].what == what && r->v[i].rtype == rtype)
			return &r->v[i];
	return NULL;
}

void
commands_check(const struct run_commands *r)
{
	for (size_t i = 0; i < r->n; i++) {
		char *path = command_find(&r->v[i].c, r->v[i].dirs);

		if (path == NULL)
			log_warnx("%s: %s cannot be run (%s); what is for it waits", r->v[i].option,
			    r->v[i].c.word[0], strerror(errno));
		free(path);
	}
}

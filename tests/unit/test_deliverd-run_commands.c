/*
 * What deliverd-run runs is the configuration's, and what a program learns is checked.
 */
#include "../../deliverd-run/deliverd-run.h"
#include "t.h"

#define NODE                                                                                       \
	"[Server]\nBaseDir: /b\nNickname: N\nContact-Email: n@n.example\nMode: relay\n"            \
	"ModulePath: /m\nModule: 0xf001 one a b\nModule: 0xF002 /bin/two\n"                        \
	"[Incoming/MMTP]\nEnabled: yes\nHostname: h\n[Outgoing/MMTP]\nEnabled: yes\n"

static struct server_conf *conf;
static struct run_commands commands;

static void
read_conf(const char *text)
{
	struct errmsg e = { "" };

	commands_free(&commands);
	conf_free(conf);
	conf = conf_parse("f", text, strlen(text), NULL, &e);
	CHECK_STR(e.s, "");
	CHECK(conf != NULL && commands_read(&commands, conf, &e) == 0);
}

static int
is(uint32_t what, uint32_t rtype, const char *words)
{
	const struct run_command *c = commands_find(&commands, what, rtype);
	struct buf b = { 0 };
	int same;

	for (size_t i = 0; c != NULL && i < c->c.n; i++)
		buf_printf(&b, "%s%s", i > 0 ? "|" : "", c->c.word[i]);
	same = c != NULL && strcmp(buf_cstr(&b), words) == 0;
	buf_free(&b);
	return same;
}

static void
test_commands(void)
{
	read_conf(NODE "[Delivery/SMTP]\nEnabled: yes\nReturnAddress: a@b.example\n"
		       "SendmailCommand: sendmail -i -t -f a@b.example\n"
		       "[Delivery/MBOX]\nEnabled: no\nSendmailCommand: /bin/false\n");
	CHECK(commands.n == 3 && conf_runs_commands(conf));
	CHECK(is(RUN_SMTP, 0, "sendmail|-i|-t|-f|a@b.example"));
	CHECK(is(RUN_MODULE, 0xf001, "one|a|b") && is(RUN_MODULE, 0xf002, "/bin/two"));
	CHECK_STR(commands_find(&commands, RUN_MODULE, 0xf001)->dirs, "/m");
	CHECK(commands_find(&commands, RUN_MBOX, 0) == NULL);
	CHECK(commands_find(&commands, RUN_MIX, 0) == NULL);
	CHECK(commands_find(&commands, RUN_MODULE, 0xf003) == NULL);
	CHECK(commands_find(&commands, RUN_SMTP, 1) == NULL);
	CHECK(commands_find(&commands, 99, 0) == NULL);
}

static void
test_mixmaster(void)
{
	read_conf(NODE "[Delivery/SMTP-Via-Mixmaster]\nEnabled: yes\nMixCommand: mix --quiet\n"
		       "Server: first,second\n");
	CHECK(is(RUN_MIX, 0, "mix|--quiet|-l|first,second"));
	CHECK(is(RUN_MIX_SEND, 0, "mix|--quiet|-S"));
	CHECK_STR(conf->mix2.return_address, "nobody@n.example");
}

static int
facts(const char *f, size_t len)
{
	return facts_ok(f, len);
}

static void
test_facts(void)
{
	char all[] = "MIXMINION_TYPE=0xf001\0MIXMINION_SUBJECT=a=b $(c)";
	char **env = facts_environment(all, sizeof(all));
	size_t n = 0;

	CHECK(facts(all, sizeof(all)) && facts("", 0));
	while (env[n] != NULL)
		n++;
	CHECK(n == 5 && strncmp(env[0], "PATH=/", 6) == 0);
	CHECK_STR(env[3], "MIXMINION_TYPE=0xf001");
	CHECK_STR(env[4], "MIXMINION_SUBJECT=a=b $(c)");
	free(env);
	CHECK(!facts("MIXMINION_TYPE=x", 16)); /* no NUL */
	CHECK(!facts("MIXMINION_TYPE\0", 15) && !facts("\0", 1) && !facts("=\0", 2));
	CHECK(!facts("PATH=/tmp\0", 10) && !facts("LD_PRELOAD=x\0", 13));
	CHECK(!facts("MIXMINION_TYPE=a\nb\0", 19) && !facts("MIXMINION_TYPE=\xe9\0", 17));
	CHECK(!facts("MIXMINION_TYPE=x\0MIXMINION_TYPE=y\0", 34));
	CHECK(!facts("MIXMINION_TYPES=x\0", 18) && !facts("MIXMINION_TYP=x\0", 16));
	commands_free(&commands);
	conf_free(conf);
	conf = NULL;
}

TESTS(T(test_commands), T(test_mixmaster), T(test_facts))

/* generate-surb and inspect-surb. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "address.h"
#include "client.h"
#include "io.h"
#include "keystore.h"
#include "log.h"
#include "path.h"
#include "result.h"
#include "surbfile.h"
#include "ui.h"

/* What one run of generate-surb works on. */
struct making {
	const struct cli *cli;
	struct client client;
	struct address to;
	struct path_spec *spec;
	struct path *paths;
	size_t n;
	int64_t until; /* use-by date of the blocks */
	struct keystore keys;
	struct surb_key key;
	struct buf out;
};

static int
parse_target(struct making *m)
{
	const char *text = m->cli->nto > 0 ? m->cli->to[0] : m->client.conf->surb_address;
	struct errmsg e;

	if (m->cli->nto > 1)
		return ui_fail(EX_USAGE, "a reply block has one recipient");
	if (text == NULL)
		return ui_fail(EX_USAGE, "no recipient: give your address with -t, or SURBAddress");
	if (address_parse(&m->to, text, &e) == -1)
		return ui_fail(m->cli->nto > 0 ? EX_USAGE : EX_CONFIG, "%s%s",
		    m->cli->nto > 0 ? "" : "SURBAddress: ", e.s);
	if (!exit_has_tag(m->to.type))
		return ui_fail(EX_USAGE, "\"%s\" is no address for replies", text);
	return 0;
}

static int
parse_lifetime(struct making *m)
{
	int64_t seconds = m->client.conf->surb_lifetime;

	if (m->cli->lifetime >= 0)
		seconds = (int64_t)m->cli->lifetime * DAY;
	m->until = last_midnight(m->client.now + seconds);
	if (m->until <= m->client.now)
		return ui_fail(EX_USAGE, "reply blocks that live less than a day cannot be made");
	if (m->cli->count == 0)
		return ui_fail(EX_USAGE, "-n 0: no reply block is asked for");
	m->n = m->cli->count > 0 ? (size_t)m->cli->count : 1;
	return 0;
}

static int
find_paths(struct making *m)
{
	const char *text = m->cli->path != NULL ? m->cli->path : m->client.conf->surb_path;
	struct path_target t = { .type = m->to.type,
		.info = m->to.info.p,
		.infolen = m->to.info.len,
		.server = m->to.server[0] != '\0' ? m->to.server : NULL };
	struct errmsg e;

	m->spec = path_parse(text, PATH_SURB, &e);
	if (m->spec == NULL)
		return ui_fail(EX_USAGE, "path \"%s\": %s", text, e.s);
	m->paths = calloc(m->n, sizeof(*m->paths));
	if (m->paths == NULL)
		fatal("calloc");
	if (path_generate(m->paths, m->n, m->spec, m->client.dir, &t, m->client.now, m->until,
		m->client.now, &rng_system, &e) == -1)
		return ui_fail(EX_UNAVAILABLE, "%s", e.s);
	return 0;
}

static int
find_key(struct making *m)
{
	const char *identity = m->cli->identity != NULL ? m->cli->identity : "";
	struct errmsg e;
	int r;

	if (home_lock(&m->client.home, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	r = keystore_open(&m->keys, &m->client.home, m->cli->passphrase_fd, 1, &e);
	if (r == 0)
		r = keystore_surb_key(&m->keys, &m->client.home, identity, m->client.now,
		    m->until, &m->key, &e);
	home_unlock(&m->client.home);
	if (r == KEYSTORE_WRONG_PASSPHRASE)
		return ui_fail(EX_NOPERM, "%s", e.s);
	return r == 0 ? 0 : ui_fail(EX_DATAERR, "%s", e.s);
}

static int
make_one(struct making *m, const struct path_leg *leg)
{
	struct hop hops[MAX_HOPS];
	uint8_t handle[TAG_LEN];
	struct buf b64 = { 0 };
	struct surb s;
	struct errmsg e;

	path_leg_hops(hops, leg);
	if (surb_build(&s, hops, leg->n, m->to.type, m->to.info.p, m->to.info.len,
		m->key.secret, m->key.seclen, (uint32_t)m->until, &rng_system, handle, &e) == -1)
		return ui_fail(EX_UNAVAILABLE, "%s", e.s);
	if (m->cli->binary)
		surb_pack(&m->out, &s);
	else
		surb_armor(&m->out, &s);
	b64_encode(&b64, handle, TAG_LEN);
	ui_status("GENERATED_SURB %s", buf_cstr(&b64));
	if (result() != NULL)
		json_string(result(), NULL, buf_cstr(&b64));
	buf_wipe(&b64);
	wipe(&s, sizeof(s));
	return 0;
}

static int
generate(struct making *m)
{
	struct errmsg e;
	int r;

	if ((r = parse_target(m)) != 0 || (r = parse_lifetime(m)) != 0 ||
	    (r = find_paths(m)) != 0 || (r = find_key(m)) != 0)
		return r;
	if (result() != NULL)
		json_begin(result(), "handles", '[');
	for (size_t i = 0; i < m->n && r == 0; i++)
		r = make_one(m, &m->paths[i].leg[1]);
	if (result() != NULL)
		json_end(result(), '[');
	if (r == 0 && output_write(m->cli->output != NULL ? m->cli->output : "-", m->out.p,
			  m->out.len, &e) == -1)
		r = ui_fail(EX_CANTCREAT, "%s", e.s);
	return r;
}

int
cmd_generate_surb(struct cli *cli)
{
	struct making m = { .cli = cli };
	int r = client_open(&m.client, cli, CLIENT_FRESH_DIR);

	if (r != 0)
		return r;
	r = generate(&m);
	if (m.spec != NULL)
		path_spec_free(m.spec);
	free(m.paths);
	buf_wipe(&m.out);
	keystore_close(&m.keys);
	address_free(&m.to);
	client_close(&m.client);
	return r;
}

static void
show_json(struct json *j, const char *file, const char *digest, uint32_t use_by,
    const struct mix_addr *hop, int used)
{
	json_begin(j, NULL, '{');
	json_string(j, "file", file);
	json_string(j, "digest", digest);
	json_number(j, "expires", use_by);
	json_string(j, "host", hop->host[0] != '\0' ? hop->host : NULL);
	json_number(j, "port", hop->host[0] != '\0' ? hop->port : 0);
	json_bool(j, "used", used);
	json_end(j, '{');
}

static void
show(const struct surb *s, const struct surblog *l, const char *file)
{
	char hex[2 * HASH_LEN + 1], upper[2 * HASH_LEN + 1], date[32];
	uint8_t digest[HASH_LEN];
	struct mix_addr hop;
	struct tm tm;
	time_t t = (time_t)s->use_by;
	int used = surblog_used(l, s);

	surb_digest(s, digest);
	hex_encode(hex, digest, HASH_LEN);
	hex_upper(upper, digest, HASH_LEN);
	(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", gmtime_r(&t, &tm));
	ui_status("INSPECT_SURB %s %lu %d", hex, (unsigned long)s->use_by, used);
	if (routing_parse(&hop, s->rtype, s->ri, s->rilen, NULL) == -1)
		hop.host[0] = '\0';
	if (result() != NULL) {
		show_json(result(), file, hex, s->use_by, &hop, used);
		return;
	}
	printf("Reply block hash: %s\n", upper);
	printf("Expires at: %s GMT\n", date);
	if (hop.host[0] != '\0')
		printf("First server is: %s:%u\n", hop.host, hop.port);
	printf("Used: %s\n", used ? "yes" : "no");
}

/* All files are read before anything is printed: there is no partial output. */
static int
read_files(const struct cli *cli, struct surbs *s, size_t *ends)
{
	for (int i = 0; i < cli->argc; i++) {
		int r = surbs_read(s, cli->argv[i], -1);

		if (r != 0)
			return r;
		ends[i] = s->n;
	}
	return 0;
}

static int
inspect(struct client *c, const struct cli *cli, const struct surbs *s, const size_t *ends)
{
	struct surblog l;
	struct errmsg e;
	size_t at = 0;

	if (home_lock(&c->home, &e) == -1)
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	if (surblog_open(&l, &c->home, c->now, &e) == -1) {
		home_unlock(&c->home);
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	}
	if (l.foreign)
		ui_warn("UserDir/surbs/log is another program's: what it has used is not known");
	if (result() != NULL)
		json_begin(result(), "surbs", '[');
	for (int i = 0; i < cli->argc; i++) {
		if (result() == NULL)
			printf("==== %s\n", cli->argv[i]);
		for (; at < ends[i]; at++)
			show(&s->p[at], &l, cli->argv[i]);
	}
	if (result() != NULL)
		json_end(result(), '[');
	surblog_close(&l);
	home_unlock(&c->home);
	return fflush(stdout) == 0 ? 0 : ui_fail(EX_IOERR, "standard output cannot be written");
}

int
cmd_inspect_surb(struct cli *cli)
{
	struct surbs s = { 0 };
	struct client c;
	size_t *ends;
	int r;

	if (cli->argc == 0)
		return ui_fail(EX_USAGE, "which files? mixminion %s FILE...", cli->name);
	r = client_open(&c, cli, CLIENT_NO_DIR);
	if (r != 0)
		return r;
	ends = calloc((size_t)cli->argc, sizeof(*ends));
	if (ends == NULL)
		fatal("calloc");
	r = read_files(cli, &s, ends);
	if (r == 0)
		r = inspect(&c, cli, &s, ends);
	free(ends);
	surbs_free(&s);
	client_close(&c);
	return r;
}

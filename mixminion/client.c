#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "client.h"
#include "dirupdate.h"
#include "paranoia.h"
#include "ui.h"

/* Each thing is said once, however often a path was tried. */
static void
warn_once(const char *text)
{
	static char said[32][256];
	static size_t n;

	for (size_t i = 0; i < n; i++)
		if (strncmp(said[i], text, sizeof(said[i]) - 1) == 0)
			return;
	if (n < sizeof(said) / sizeof(said[0]))
		(void)strlcpy(said[n++], text, sizeof(said[0]));
	ui_warn("%s", text);
}

static void
tell_age(const struct client *c)
{
	struct clientdir *cd = clientdir_open(c->conf, c->now, NULL);
	char age[32];

	if (cd->dir != NULL) {
		age_format(age, sizeof(age), c->now - cd->dir->valid_after);
		ui_warn("the directory that is here, %s old, is used", age);
	}
	clientdir_free(cd);
}

/* As -D says: 1 in any case, 0 never, else if it is time; then the old one may do. */
static int
refresh(struct client *c, int download)
{
	struct errmsg e;
	int r;

	if (download == 0 || (download == -1 && !dirupdate_due(c->conf, c->now)))
		return 0;
	if (home_lock(&c->home, &e) == -1)
		return ui_fail(-1, "%s", e.s);
	r = dirupdate(c->conf, &c->home, c->now, warn_once, &e);
	home_unlock(&c->home);
	if (r == 0)
		return 0;
	if (download == 1)
		return ui_fail(-1, "no new directory: %s", e.s);
	ui_warn("no new directory: %s", e.s);
	tell_age(c);
	return 0;
}

int
client_open(struct client *c, const struct cli *cli, enum want_dir want)
{
	struct errmsg e;

	memset(c, 0, sizeof(*c));
	c->home.lock_fd = -1;
	c->now = time(NULL);
	c->conf = clientconf_load(cli->config, &e);
	if (c->conf == NULL)
		return ui_fail(EX_CONFIG, "%s", e.s);
	for (size_t i = 0; i < c->conf->warnings.n; i++)
		warn_once(c->conf->warnings.v[i]);
	if (home_open(&c->home, c->conf->user_dir, &e) == -1 ||
	    paranoia_check(c->conf, c->home.dir, &e) == -1) {
		client_close(c);
		return ui_fail(EX_CANTCREAT, "%s", e.s);
	}
	if (want == CLIENT_FRESH_DIR && refresh(c, cli->download) == -1) {
		client_close(c);
		return EX_UNAVAILABLE;
	}
	if (want != CLIENT_NO_DIR)
		c->dir = clientdir_open(c->conf, c->now, warn_once);
	return 0;
}

void
client_close(struct client *c)
{
	if (c->dir != NULL)
		clientdir_free(c->dir);
	home_close(&c->home);
	if (c->conf != NULL)
		clientconf_free(c->conf);
	memset(c, 0, sizeof(*c));
	c->home.lock_fd = -1;
}

static const struct desc *
by_keyid(const struct client *c, const uint8_t keyid[HASH_LEN])
{
	return c->dir != NULL ? clientdir_by_keyid(c->dir, keyid) : NULL;
}

enum tls_kind
client_tls_kind(const struct client *c, const uint8_t keyid[HASH_LEN])
{
	const struct desc *d = by_keyid(c, keyid);

	if (!c->conf->legacy_tls)
		return TLS_MODERN;
	if (d == NULL || d->software == NULL)
		return TLS_EITHER;
	if (tls_software_is_legacy(d->software))
		return TLS_LEGACY;
	return strncmp(d->software, "mixminiond ", 11) == 0 ? TLS_MODERN : TLS_EITHER;
}

const char *
client_nickname(const struct client *c, const uint8_t keyid[HASH_LEN])
{
	const struct desc *d = by_keyid(c, keyid);

	return d != NULL ? d->nickname : NULL;
}

int64_t
last_midnight(int64_t t)
{
	return t / DAY * DAY;
}

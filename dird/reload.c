/*
 * May the supervisor start all processes again with what the file of the configuration says now?
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dird.h"
#include "files.h"

static int
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int
alike(const struct dird_conf *a, const struct dird_conf *b, struct errmsg *e)
{
	const struct {
		const char *name;
		int same;
	} fixed[] = {
		{ "BaseDir", same(a->base_dir, b->base_dir) },
		{ "PublicDir", same(a->public_dir, b->public_dir) },
		{ "Mirror", a->mirror == b->mirror },
		{ "ListenIP", same(a->listen_ip, b->listen_ip) },
		{ "ListenIP6", same(a->listen_ip6, b->listen_ip6) },
		{ "Port", a->port == b->port },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!fixed[i].same)
			return err_set(
			    e, "%s: another one needs a stop and a start", fixed[i].name);
	return 0;
}

/* As dird-sign and dird-core will look for themselves among the authorities. */
static int
find_self(struct dird_conf *c, struct errmsg *e)
{
	int base = open(c->base_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	uint8_t id[HASH_LEN];
	struct buf hex = { 0 };

	if (c->mirror) {
		rc = 0;
	} else if (base == -1 || files_read(base, FINGERPRINT_FILE, &hex, 64, e) == -1 ||
	    hex.len < 2 * HASH_LEN ||
	    hex_decode(id, HASH_LEN, buf_cstr(&hex), 2 * HASH_LEN) == -1) {
		rc = err_set(e, "%s/" FINGERPRINT_FILE " cannot be read", c->base_dir);
	} else {
		rc = dconf_self(c, id, e);
	}
	buf_free(&hex);
	if (base != -1)
		close(base);
	return rc == -1 ? -1 : 0;
}

struct dird_conf *
reload_check(const struct dird_conf *running, const char *file, struct errmsg *e)
{
	struct dird_conf *c = dconf_load(file, NULL, e);

	if (c == NULL || (alike(running, c, e) == 0 && find_self(c, e) == 0))
		return c;
	dconf_free(c);
	return NULL;
}

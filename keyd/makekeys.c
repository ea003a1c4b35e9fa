/*
 * keyd -k: what the keeper does first, alone. The keys are there before anything else runs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "clockguard.h"
#include "keydirs.h"
#include "keypass.h"
#include "secrets.h"

static void
say_keys(const struct keystore *ks)
{
	char id[2 * HASH_LEN + 1], day[11] = "";

	hex_upper(id, ks->keyid, HASH_LEN);
	if (ks->n > 0)
		fmt_date(day, ks->set[ks->n - 1].valid_until);
	printf("identity %s, %zu packet key%s, good until %s\n", id, ks->n, ks->n == 1 ? "" : "s",
	    day);
}

void
make_keys(struct daemon *d, int passphrase)
{
	struct keystore ks = { 0 };
	int64_t now = daemon_now();
	struct clockguard clock;
	struct errmsg e;

	secrets_protect();
	keydirs_unlock(&ks, d->conf, passphrase);
	keydirs_open(&ks, d->conf, 0);
	keydirs_confine(&ks, d, 0);
	clockguard_init(&clock, ks.dirfd, daemon_uptime());
	keystore_load(&ks, d->conf->identity_key_bits, now);
	if (clockguard_look(&clock, now, daemon_uptime())) {
		if (keystore_cover(&ks, d->conf->key_lifetime, now, &e) == -1)
			fatalx("packet keys cannot be made: KeyDir/%s", e.s);
		clockguard_note(&clock, now);
	}
	if (ks.n == 0)
		fatal_permanent("there is no packet key");
	say_keys(&ks);
	keystore_free(&ks);
	keypass_free(ks.passphrase);
	if (fflush(stdout) == EOF)
		fatal("standard output");
	exit(0);
}

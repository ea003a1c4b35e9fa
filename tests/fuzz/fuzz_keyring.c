/* Keyrings: the inside, and the armored file around it. */
#include "fuzz.h"
#include "keyring.h"

static void
use(struct keyring *k)
{
	struct surb_key s;
	struct errmsg e;

	for (size_t i = 0; keyring_surb_key(k, i, &s); i++)
		HOLDS(s.name != NULL && strlen(s.name) < 65536);
	(void)keyring_newest(k, "", &s);
	(void)keyring_expire(k, 1795000000);
	HOLDS(keyring_add(k, "new", 1795000000, NULL, 0, &rng_system, &e) == 0);
	HOLDS(keyring_newest(k, "NEW", &s));
	keyring_free(k);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct keyring k = { 0 }, again = { 0 };
	struct buf b = { 0 }, c = { 0 };
	struct errmsg e;

	if (len == 0)
		return 0;
	if (data[0] & 1) {
		if (keyring_decrypt(&k, (const char *)data + 1, len - 1, "secret", &e) == 0)
			use(&k);
	} else if (keyring_parse(&k, data + 1, len - 1, &e) == 0) {
		/* the same again, but for the case of names, which is lowered */
		keyring_pack(&b, &k);
		HOLDS(b.len == len - 1 && keyring_parse(&again, b.p, b.len, &e) == 0);
		keyring_pack(&c, &again);
		HOLDS(c.len == b.len && (b.len == 0 || memcmp(b.p, c.p, b.len) == 0));
		keyring_free(&again);
		buf_free(&b);
		buf_free(&c);
		use(&k);
	}
	return 0;
}
